"""What comes next: requests, tokens and cost in the next hours, by group, with intervals.

Histories come from buckets, the thinking from `graph.forecasting`. A forecast is made anew with
every ten minutes and kept for as long as the history it was made from is the same.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

import numpy as np

from graph.columns import BucketColumns
from graph.demand import FINEST, HISTORY, GroupHistory, histories, last_step
from graph.errors import InvalidInput
from graph.forecasting.forecast import Forecast
from graph.forecasting.history import History, together
from graph.forecasting.prediction import predict
from graph.scope import TenantScope
from graph.slices import Demand, Dimension, EntityRef, Slice
from graph.store.door import GraphStore
from graph.words import clock

FARTHEST: Final = timedelta(hours=24)
"""How far ahead is told."""
_GROUPS_AT_MOST: Final = 200
_OF_SCORES: Final = {Dimension.EVALUATOR, Dimension.EVALUATOR_VERSION}
_SHORT: Final = timedelta(days=2)
_ENOUGH: Final = 5.0
"""Requests in ten minutes from which on these tell more of the next hour than the hours do."""
_SILENT: Final = timedelta(minutes=30)
_KEPT: Final = 2048
_LOADED_LATER: Final = "nothing had been recorded by then; told from what is known now"


@dataclass(frozen=True, slots=True)
class ForecastPoint:
    """What is expected in the step that begins at `at`, with its 80 % and 95 % intervals."""

    at: datetime
    expected: float
    low80: float
    high80: float
    low95: float
    high95: float


@dataclass(frozen=True, slots=True)
class ForecastSeries:
    """The forecast of one group: its points, and all of them together as `total`.

    `requests` and `known_steps` of history stand behind it, `newest_at` is when the newest step
    with a request begins; `warnings` say what is wrong with the history.
    """

    key: tuple[EntityRef, ...]
    method: str
    points: tuple[ForecastPoint, ...]
    total: ForecastPoint
    requests: int
    known_steps: int
    newest_at: datetime | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Foretold:
    """What is kept of a forecast: all that is told of it, without its scenarios."""

    method: str
    known_steps: int
    points: tuple[ForecastPoint, ...]
    total: ForecastPoint


class _Kept:
    """What was foretold, by the history it was made from; the longest unused is forgotten."""

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, _Foretold] = OrderedDict()

    def foretold(
        self, history: History, *, steps: int, size: int, like: History | None
    ) -> _Foretold:
        """The next steps of a history, each of `size` of its own, worked out once."""
        asked = f"{history.start} {history.step} {steps} {size}"
        key = blake2b(asked.encode(), digest_size=16)
        for part in (history, like):
            key.update(b"" if part is None else part.values.tobytes())
        found = self._found.get(key.digest())
        if found is None:
            made = predict(history, steps=steps * size, like=like).by(size)
            (total,) = points_of(made.total())
            found = _Foretold(made.method, made.known_steps, points_of(made), total)
            self._found[key.digest()] = found
        self._found.move_to_end(key.digest())
        while len(self._found) > _KEPT:
            self._found.popitem(last=False)
        return found


_FORETOLD: Final = _Kept()


async def forecast(
    store: GraphStore,
    columns: BucketColumns,
    *,
    of: Demand,
    horizon: timedelta,
    step: timedelta,
    group_by: Sequence[Dimension] = (),
    where: Slice,
    scope: TenantScope,
    as_of: datetime | None,
    now: datetime,
) -> list[ForecastSeries]:
    """The next `horizon` from `as_of` (None: now), from what was known then, by group.

    The first point begins at the last whole ten minutes, the last one ends at the horizon or
    later. Where nothing had been recorded by then (a history loaded later), what is known now of
    the time before is used, and a warning says so. Raises InvalidInput, GraphUnavailable.
    """
    _check(horizon, step, group_by)
    until = last_step(told_at(as_of, now=now))

    async def recorded(known_at: datetime | None) -> list[GroupHistory]:
        return await histories(
            store,
            columns,
            of=of,
            until=until,
            step=FINEST,
            group_by=group_by,
            where=where,
            scope=scope,
            known_at=known_at,
        )

    found, later = await recorded(as_of), False
    if not found and as_of is not None:
        found, later = await recorded(None), True
    if len(found) > _GROUPS_AT_MOST:
        raise InvalidInput(
            f"{len(found)} groups are too many (at most {_GROUPS_AT_MOST}); "
            "name fewer dimensions, or a slice",
            field="groupBy",
        )
    steps = -(-horizon // step)
    # Other callers' requests go on while this one is thought about.
    return await asyncio.to_thread(_told, found, steps=steps, size=step // FINEST, later=later)


def told_at(as_of: datetime | None, *, now: datetime) -> datetime:
    """The instant that is looked ahead from. Raises InvalidInput where it is still to come."""
    if as_of is not None and as_of > now:
        raise InvalidInput("lies ahead; leave it out to look ahead from now", field="asOf")
    return as_of or now


def _check(horizon: timedelta, step: timedelta, group_by: Sequence[Dimension]) -> None:
    if not FINEST <= horizon <= FARTHEST:
        raise InvalidInput("must be from 10 to 1440 minutes", field="horizonMinutes")
    if step < FINEST or step % FINEST or step > FARTHEST:
        raise InvalidInput("must be a multiple of 10, 1440 at most", field="stepMinutes")
    for dimension in _OF_SCORES & set(group_by):
        raise InvalidInput(f"{dimension.value} tells only scores apart", field="groupBy")
    if len(set(group_by)) != len(group_by):
        raise InvalidInput("name each dimension once", field="groupBy")


def _told(
    found: Sequence[GroupHistory], *, steps: int, size: int, later: bool
) -> list[ForecastSeries]:
    like = together([one.history for one in found]) if len(found) > 1 else None
    told = [_series(one, steps=steps, size=size, like=like) for one in found]
    if later:
        return [replace(one, warnings=(_LOADED_LATER, *one.warnings)) for one in told]
    return told


def _series(one: GroupHistory, *, steps: int, size: int, like: History | None) -> ForecastSeries:
    history, shape, fine = one.history, like, size
    if one.requests < _ENOUGH * len(history.values) and len(history.values) >= size:
        history, shape, fine = history.by(size), None if like is None else like.by(size), 1
    made = _FORETOLD.foretold(history, steps=steps, size=fine, like=shape)
    some = np.flatnonzero(np.nan_to_num(one.history.values))
    newest = one.history.start + int(some[-1]) * one.history.step if len(some) else None
    return ForecastSeries(
        key=one.key,
        method=made.method,
        points=made.points,
        total=made.total,
        requests=one.requests,
        known_steps=made.known_steps,
        newest_at=newest,
        warnings=tuple(_warnings(one.history, newest)),
    )


def points_of(made: Forecast) -> tuple[ForecastPoint, ...]:
    """A forecast as the points of an answer."""
    low95, low80, high80, high95 = (made.quantile(level) for level in (0.025, 0.1, 0.9, 0.975))
    return tuple(
        ForecastPoint(
            at=made.start + place * made.step,
            expected=float(np.clip(made.expected[place], low80[place], high80[place])),
            low80=float(low80[place]),
            high80=float(high80[place]),
            low95=float(low95[place]),
            high95=float(high95[place]),
        )
        for place in range(len(made.expected))
    )


def _warnings(history: History, newest: datetime | None) -> list[str]:
    found: list[str] = []
    if history.end - history.start < min(_SHORT, HISTORY):
        hours = (history.end - history.start) / timedelta(hours=1)
        found.append(f"only {hours:.0f} hours of history: neither days nor weeks can be compared")
    if newest is not None and history.end - (newest + history.step) >= _SILENT:
        found.append(f"no request was recorded since {clock(newest + history.step)}")
    return found
