"""How much was asked for, step by step and group by group: what forecasts are made from.

Steps are of ten minutes or a multiple: buckets count arrivals so finely. Tokens and costs are
known by the hour and cell and are spread over the hour as its arrivals are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from graph.columns import BucketColumns
from graph.estimates import Array
from graph.forecasting.history import History
from graph.frame import Traffic
from graph.model.traffic import ARRIVAL_STEP_MINUTES, ARRIVALS
from graph.scope import TenantScope
from graph.slices import Demand, Dimension, EntityRef, Granularity, Period, Slice, floor
from graph.store.door import GraphStore
from graph.traffic import known_traffic

FINEST = timedelta(minutes=ARRIVAL_STEP_MINUTES)
HISTORY = timedelta(days=28)
"""How far back is looked."""
_PER_HOUR = len(ARRIVALS)


@dataclass(frozen=True, slots=True)
class GroupHistory:
    """The history of one group from its first step on; `requests` stand behind it."""

    key: tuple[EntityRef, ...]
    history: History
    requests: int


def last_step(instant: datetime) -> datetime:
    """The end of the last whole step of ten minutes before an instant, or the instant itself."""
    hour = floor(instant, Granularity.HOUR)
    return hour + (instant - hour) // FINEST * FINEST


async def histories(
    store: GraphStore,
    columns: BucketColumns,
    *,
    of: Demand,
    until: datetime,
    step: timedelta,
    group_by: Sequence[Dimension],
    where: Slice,
    scope: TenantScope,
    known_at: datetime | None,
    length: timedelta = HISTORY,
) -> list[GroupHistory]:
    """A history per group up to `until` (a whole step), in the order of their keys.

    `step` is a multiple of ten minutes. A group's history begins with its first request.
    """
    size = length // step
    start = until - size * step
    traffic, _ = await known_traffic(
        store,
        columns,
        during=Period(floor(start, Granularity.HOUR), until),
        where=where,
        scope=scope,
        known_at=known_at,
        scored=False,
    )
    keys = [
        tuple(columns.cells.label(int(cell), dimension) for dimension in group_by)
        for cell in range(len(columns.cells.keys))
    ]
    return grouped(traffic, keys, of=of, start=start, step=step, size=size, group_by=group_by)


def grouped(
    traffic: Traffic,
    keys: Sequence[tuple[str, ...]],
    *,
    of: Demand,
    start: datetime,
    step: timedelta,
    size: int,
    group_by: Sequence[Dimension],
) -> list[GroupHistory]:
    """The same from traffic already read; `keys` names the group of each cell. Pure."""
    names = sorted({keys[int(cell)] for cell in np.unique(traffic.cell)})
    rows = {name: row for row, name in enumerate(names)}
    group = np.array([rows.get(key, -1) for key in keys], dtype=np.int64)[traffic.cell]
    fine = step // FINEST
    place = ((traffic.hour - int(start.timestamp())) // int(FINEST.total_seconds()))[
        :, None
    ] + np.arange(_PER_HOUR)
    arrivals = _arrivals(traffic)
    inside = (place >= 0) & (place < size * fine)
    slot = (group[:, None] * size + place // fine)[inside]

    def summed(values: Array) -> Array:
        sums = np.bincount(slot, weights=values[inside], minlength=len(names) * size)
        return sums.astype(np.float64).reshape(len(names), size)

    requests = summed(arrivals).sum(axis=1)
    steps = summed(arrivals * _each(traffic, of)[:, None])
    return [
        GroupHistory(
            key=tuple(
                EntityRef(d.value.lower(), label) for d, label in zip(group_by, name, strict=True)
            ),
            history=_from_first(start, step, steps[row]),
            requests=round(float(requests[row])),
        )
        for row, name in enumerate(names)
        if steps[row].any()
    ]


def _arrivals(traffic: Traffic) -> Array:
    """Requests of each row in each step of its hour; shape (rows, steps of an hour).

    Requests whose minute was not counted are spread evenly.
    """
    told = np.stack([traffic.measure(name) for name in ARRIVALS], axis=1).astype(np.float64)
    return told + ((traffic.measure("count") - told.sum(axis=1)) / _PER_HOUR)[:, None]


def _each(traffic: Traffic, of: Demand) -> Array:
    """What each request of a row counts for, on average."""
    count = np.maximum(traffic.measure("count").astype(np.float64), 1.0)
    match of:
        case Demand.REQUESTS:
            return np.ones(len(count))
        case Demand.TOKENS:
            return (traffic.measure("promptTokens") + traffic.measure("completionTokens")) / count
        case Demand.COST:
            return traffic.measure("costSumNanoUsd") / 1e9 / count


def _from_first(start: datetime, step: timedelta, values: Array) -> History:
    first = int(np.flatnonzero(values)[0])
    return History(start + first * step, step, values[first:])
