"""Reads what objectives need beyond buckets: who failed by own fault, which scores are low, and the
requests of the ragged ends, counted in the graph.

Whole hours are kept in memory by their version, so that a steady state reads only what moved.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from graph.columns import BucketColumns
from graph.facts import hour_of
from graph.frame import CellTable, Ints, Scores, Traffic
from graph.objectives.definitions import Objective, ObjectiveKind
from graph.objectives.events import (
    HOUR,
    Known,
    Span,
    SpanRequests,
    SpanScores,
    Tally,
    is_rejected,
    limit_ms,
)
from graph.scope import TenantScope
from graph.slices import Period
from graph.store.door import GraphStore, Record

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
_HOURS_AT_ONCE = 24 * 11
_SUBJECTS_KEPT = 16
_HOURS_KEPT = 200_000

Versions = Mapping[tuple[str, int], int]
"""How often each hour of each tenant was written to."""


@dataclass(slots=True)
class _Held:
    """What is known of each hour of each tenant, and the version it was read at."""

    versions: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    rows: dict[tuple[str, int], Tally] = field(default_factory=dict[tuple[str, int], Tally])


class HourTallies:
    """Counts of single requests of whole hours, for one process. Safe to share between tasks."""

    def __init__(self) -> None:
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()
        self._lock = asyncio.Lock()

    async def tally(
        self,
        store: GraphStore,
        columns: BucketColumns,
        question: str,
        versions: Versions,
        *,
        subject: Hashable,
        scope: TenantScope,
        parameters: Mapping[str, Any],
    ) -> Tally:
        """The answer to a question for all hours of `versions`, read only where they moved.

        `subject` stands for all that the answer depends on besides the hours.
        """
        async with self._lock:
            held = self._held.setdefault((question, subject), _Held())
            self._held.move_to_end((question, subject))
            moved = sorted({h for (t, h), v in versions.items() if held.versions.get((t, h)) != v})
            for start in range(0, len(moved), _HOURS_AT_ONCE):
                hours = moved[start : start + _HOURS_AT_ONCE]
                (row,) = await store.ask(question, scope=scope, hours=hours, **parameters)
                await columns.ensure_cells(row["cell"], scope=scope)
                read = {key: v for key, v in versions.items() if key[1] in set(hours)}
                _keep(held, columns.cells, row, read)
            self._forget()
            return _joined([held.rows[key] for key in versions])

    def _forget(self) -> None:
        while len(self._held) > _SUBJECTS_KEPT:
            self._held.popitem(last=False)
        newest = next(reversed(self._held))
        while sum(len(held.rows) for held in self._held.values()) > _HOURS_KEPT:
            oldest = next(iter(self._held))
            if oldest == newest:
                break
            self._held.popitem(last=False)


def _keep(held: _Held, cells: CellTable, row: Record, versions: Versions) -> None:
    rows: dict[tuple[str, int], list[int]] = {key: [] for key in versions}
    place = [cells.rows[cell] for cell in row["cell"]]
    for i, (cell, hour) in enumerate(zip(place, row["hour"], strict=True)):
        # An hour that came to be while it was read is read again once its version is known.
        found = rows.get((cells.keys[cell].tenant, hour))
        if found is not None:
            found.append(i)
    for key, indexes in rows.items():
        held.versions[key] = versions[key]
        held.rows[key] = Tally(
            cell=np.array([place[i] for i in indexes], dtype=np.int64),
            hour=np.full(len(indexes), key[1], dtype=np.int64),
            recorded_hour=_picked(row["recordedHour"], indexes),
            what=tuple(row["what"][i] for i in indexes),
            count=_picked(row["count"], indexes),
        )


_TALLIES: WeakKeyDictionary[BucketColumns, HourTallies] = WeakKeyDictionary()


def tallies_of(columns: BucketColumns) -> HourTallies:
    """The tallies kept beside these columns: one memory for each."""
    found = _TALLIES.get(columns)
    if found is None:
        found = _TALLIES[columns] = HourTallies()
    return found


async def known_hours(
    columns: BucketColumns, *, during: Period, scope: TenantScope, known_at: datetime | None
) -> tuple[Traffic, Scores, tuple[Span, ...]]:
    """The whole hours of a period as known at an instant, and the spans that complete them.

    Hours of which something became known in the hour of `known_at`, which was not over, lack it.
    """
    traffic, scores = await columns.load(start=during.start, end=during.end, scope=scope)
    if known_at is None:
        return traffic, scores, ()
    edge = hour_of(known_at)
    edge_s = int(edge.timestamp())
    touched = np.union1d(
        traffic.hour[traffic.recorded_hour == edge_s], scores.hour[scores.recorded_hour == edge_s]
    )
    hours = [datetime.fromtimestamp(int(hour), UTC) for hour in touched]
    late = tuple(Span(hour, hour + HOUR, told_from=edge) for hour in hours)
    return (
        traffic.take(traffic.recorded_hour < edge_s),
        scores.take(scores.recorded_hour < edge_s),
        late,
    )


async def known_events(
    store: GraphStore,
    columns: BucketColumns,
    judged: Sequence[Objective],
    *,
    hours: tuple[Period, Traffic, Scores],
    spans: tuple[Span, ...],
    scope: TenantScope,
    known_at: datetime | None,
) -> Known:
    """All that these objectives need besides `hours`, which were read: at most five statements."""
    during, traffic, scores = hours
    kinds = {each.kind for each in judged}
    limits = _ascending(limit_ms(t) for t in _thresholds(judged, ObjectiveKind.LATENCY))
    thresholds = _ascending(_thresholds(judged, ObjectiveKind.QUALITY))
    versions: Versions = {}
    if thresholds or ObjectiveKind.AVAILABILITY in kinds:
        versions = await _hour_versions(store, during=during, scope=scope)
    failed, low = Tally(), Tally()
    if ObjectiveKind.AVAILABILITY in kinds:
        failed = await _failed(store, columns, versions, scope)
    if thresholds:
        low = await _low(store, columns, versions, judged, thresholds, scope)
    requests, scored = SpanRequests(), SpanScores()
    if kinds - {ObjectiveKind.QUALITY}:
        requests = await _span_requests(
            store, columns, spans, limits_ms=limits, scope=scope, known_at=known_at
        )
    if ObjectiveKind.QUALITY in kinds:
        scored = await _span_scores(
            store, columns, spans, thresholds=thresholds, scope=scope, known_at=known_at
        )
    return Known(
        traffic=traffic,
        scores=scores,
        failed=_known_before(failed, known_at),
        low=_known_before(low, known_at),
        spans=spans,
        span_requests=requests,
        span_scores=scored,
        limits_ms=limits,
        thresholds=thresholds,
    )


def _thresholds(judged: Sequence[Objective], kind: ObjectiveKind) -> list[float]:
    return [o.threshold for o in judged if o.kind is kind and o.threshold is not None]


def _ascending(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(sorted(set(values)))


async def _failed(
    store: GraphStore, columns: BucketColumns, versions: Versions, scope: TenantScope
) -> Tally:
    return await tallies_of(columns).tally(
        store, columns, "failed_requests", versions, subject=None, scope=scope, parameters={}
    )


async def _low(
    store: GraphStore,
    columns: BucketColumns,
    versions: Versions,
    judged: Sequence[Objective],
    thresholds: tuple[float, ...],
    scope: TenantScope,
) -> Tally:
    """Scores by threshold, of the cells that the objectives on them are about."""
    about = {
        (o.tenant, o.where)
        for o in judged
        if o.kind is ObjectiveKind.QUALITY and o.threshold is not None
    }
    slices = [o.slice for o in judged if (o.tenant, o.where) in about]
    inside = np.any([columns.cells.matches(where) for where in slices], axis=0)
    cells = sorted(columns.cells.keys[int(row)].id for row in np.nonzero(inside)[0])
    return await tallies_of(columns).tally(
        store,
        columns,
        "low_scores",
        versions,
        subject=(thresholds, frozenset(about)),
        scope=scope,
        parameters={"cells": cells, "thresholds": list(thresholds)},
    )


async def _hour_versions(store: GraphStore, *, during: Period, scope: TenantScope) -> Versions:
    """The version of each hour with requests or scores in a period."""
    (row,) = await store.ask(
        "hour_versions",
        scope=scope,
        start=during.start.isoformat(),
        end=during.end.isoformat(),
    )
    told = zip(row["tenant"], row["hour"], row["version"], strict=True)
    return {(tenant, hour): version for tenant, hour, version in told}


async def _span_requests(
    store: GraphStore,
    columns: BucketColumns,
    spans: Sequence[Span],
    *,
    limits_ms: Sequence[float],
    scope: TenantScope,
    known_at: datetime | None,
) -> SpanRequests:
    """How the requests of spans ended; `limits_ms` ascend."""
    if not spans:
        return SpanRequests()
    (row,) = await store.ask(
        "span_requests",
        scope=scope,
        spans=_written(spans),
        limitsMs=list(limits_ms),
        knownAt=(known_at or _FOREVER).isoformat(),
    )
    await columns.ensure_cells(row["cell"], scope=scope)
    rejected = [
        is_rejected(status, error)
        for status, error in zip(row["status"], row["errorType"], strict=True)
    ]
    return SpanRequests(
        span=_ints(row["span"]),
        cell=_cells(columns, row["cell"]),
        rejected=_ints(rejected),
        failed=_ints([status != "ok" for status in row["status"]]),
        over=_ints(row["over"]),
        count=_ints(row["count"]),
    )


async def _span_scores(
    store: GraphStore,
    columns: BucketColumns,
    spans: Sequence[Span],
    *,
    thresholds: Sequence[float],
    scope: TenantScope,
    known_at: datetime | None,
) -> SpanScores:
    """The scores in force of the requests of spans; `thresholds` ascend."""
    if not spans:
        return SpanScores()
    (row,) = await store.ask(
        "span_scores",
        scope=scope,
        spans=_written(spans),
        thresholds=list(thresholds),
        knownAt=(known_at or _FOREVER).isoformat(),
    )
    await columns.ensure_cells(row["cell"], scope=scope)
    return SpanScores(
        span=_ints(row["span"]),
        cell=_cells(columns, row["cell"]),
        under=_ints(row["under"]),
        count=_ints(row["count"]),
        sum_nano=_ints(row["sumNano"]),
    )


def _known_before(tally: Tally, known_at: datetime | None) -> Tally:
    """The rows recorded in hours that were over at an instant."""
    if known_at is None:
        return tally
    keep = tally.recorded_hour < int(hour_of(known_at).timestamp())
    return Tally(
        tally.cell[keep],
        tally.hour[keep],
        tally.recorded_hour[keep],
        tuple(what for what, kept in zip(tally.what, keep.tolist(), strict=True) if kept),
        tally.count[keep],
    )


def _written(spans: Sequence[Span]) -> list[dict[str, Any]]:
    return [
        {
            "index": index,
            "hour": int(span.hour.timestamp()),
            "start": span.start.isoformat(),
            "end": span.end.isoformat(),
            "toldFrom": (span.told_from or _EVER).isoformat(),
        }
        for index, span in enumerate(spans)
    ]


def _cells(columns: BucketColumns, ids: Sequence[str]) -> Ints:
    return _ints([columns.cells.rows[cell] for cell in ids])


def _ints(values: Sequence[Any]) -> Ints:
    return np.array(values, dtype=np.int64)


def _picked(values: Sequence[int], indexes: Sequence[int]) -> Ints:
    return _ints([values[i] for i in indexes])


def _joined(parts: Sequence[Tally]) -> Tally:
    if not parts:
        return Tally()

    def joined(of: Callable[[Tally], Ints]) -> Ints:
        return np.concatenate([of(part) for part in parts])

    return Tally(
        joined(lambda part: part.cell),
        joined(lambda part: part.hour),
        joined(lambda part: part.recorded_hour),
        tuple(what for part in parts for what in part.what),
        joined(lambda part: part.count),
    )
