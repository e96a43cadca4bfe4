"""Decisions read one by one with the odds that their router told, where a period has few enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from graph.columns import BucketColumns
from graph.estimates import Array
from graph.frame import Ints
from graph.scope import TenantScope
from graph.slices import Granularity, Metric, Period, floor
from graph.store.door import GraphStore, Record

MOST_DECISIONS: Final = 5_000
"""Requests up to which single decisions are read."""
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was measured of decisions with a known propensity, all arrays of one length.

    `cell` is a row of the cell table, `judge` of the evaluators (0 where the metric has none),
    `prompt_tokens` of the request. A decision with several scores has several rows.
    """

    cell: Ints
    at_s: Ints
    propensity: Array
    judge: Ints
    value: Array
    prompt_tokens: Array


async def logged_decisions(
    store: GraphStore,
    columns: BucketColumns,
    *,
    metric: Metric,
    cells: Sequence[str],
    during: Period,
    scope: TenantScope,
) -> Decisions:
    """Those of these cells; one statement. The caller sees to it that they have few requests."""
    first = floor(during.start, Granularity.HOUR)
    hours = [first + n * _HOUR for n in range(-(-(during.end - first) // _HOUR))]
    (told,) = await store.ask(
        "logged_decisions",
        scope=scope,
        cells=cells,
        hours=[int(hour.timestamp()) for hour in hours],
        start=during.start.isoformat(),
        end=during.end.isoformat(),
    )
    await columns.ensure_cells(told["cell"], scope=scope)
    row, judge, value = _measured(told, metric, columns)
    rows = np.array([columns.cells.rows[cell] for cell in told["cell"]], dtype=np.int64)
    return Decisions(
        cell=rows[row],
        at_s=np.array(told["at"], dtype=np.int64)[row],
        propensity=np.array(told["propensity"], dtype=np.float64)[row],
        judge=judge,
        value=value,
        prompt_tokens=np.array(told["promptTokens"], dtype=np.float64)[row],
    )


def _measured(told: Record, metric: Metric, columns: BucketColumns) -> tuple[Ints, Ints, Array]:
    """The decision, the judge and the value of everything that was measured."""
    found: list[tuple[int, int, float]] = []
    if metric is Metric.QUALITY:
        for row, scores in enumerate(told["scores"]):
            newest = {name: (version, score) for _, name, version, score in sorted(scores)}
            found += [
                (row, columns.evaluator_row(name, version), score)
                for name, (version, score) in newest.items()
            ]
    elif metric is Metric.ERROR_RATE:
        found = [(row, 0, float(status != "ok")) for row, status in enumerate(told["status"])]
    elif metric is Metric.LATENCY_MEAN:
        found = [(row, 0, latency_ms) for row, latency_ms in enumerate(told["latencyMs"])]
    else:
        found = [(row, 0, cost) for row, cost in enumerate(told["costUsd"]) if cost >= 0]
    return (
        np.array([row for row, _, _ in found], dtype=np.int64),
        np.array([judge for _, judge, _ in found], dtype=np.int64),
        np.array([value for _, _, value in found], dtype=np.float64),
    )
