"""The traffic of a period as it is known at an instant: whole hours from buckets, the ragged ends
(of the period, and of what was known) from single requests, so that any two instants are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from graph.buckets import MEASURE_NAMES, ScoreAmounts, measures_of, score_difference
from graph.columns import BucketColumns
from graph.facts import ScoreFact, hour_of
from graph.frame import Scores, SketchColumn, Traffic, join_scores, join_traffic
from graph.scope import TenantScope
from graph.sketch import Sketch
from graph.slices import Period, Slice
from graph.store.door import GraphStore, Record

_HOUR = timedelta(hours=1)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Window:
    """Requests to be read one by one: arrived within [start, end), in these hours.

    With `told_from`, whatever became known before it is counted elsewhere.
    """

    start: datetime
    end: datetime
    hours: tuple[datetime, ...]
    told_from: datetime | None = None


async def known_traffic(
    store: GraphStore,
    columns: BucketColumns,
    *,
    during: Period,
    where: Slice,
    scope: TenantScope,
    known_at: datetime | None,
    scored: bool = True,
    sketches: bool = True,
) -> tuple[Traffic, Scores]:
    """Requests that arrived in the period and lie in the slice, and their scores in force.

    Everything recorded after `known_at` is left out. Without `scored`, the scores are those that
    cost no further read and not to be used; without `sketches`, the same is so of percentiles.
    """
    if where.user is not None:
        told = await store.ask(
            "user_requests",
            scope=scope,
            users=sorted(where.user),
            knownAt=(known_at or _FOREVER).isoformat(),
            start=during.start.isoformat(),
            end=during.end.isoformat(),
        )
        parts = [await _columns_of(told[0], columns, scope=scope, told_from=None)]
    else:
        parts = await _whole_and_ragged(
            store, columns, during, scope, known_at, scored=scored, sketches=sketches
        )
    traffic = join_traffic([traffic for traffic, _ in parts])
    scores = join_scores([scores for _, scores in parts])
    inside = columns.cells.matches(where)
    return traffic.take(inside[traffic.cell]), scores.take(inside[scores.cell])


async def _whole_and_ragged(
    store: GraphStore,
    columns: BucketColumns,
    during: Period,
    scope: TenantScope,
    known_at: datetime | None,
    *,
    scored: bool,
    sketches: bool,
) -> list[tuple[Traffic, Scores]]:
    parts: list[tuple[Traffic, Scores]] = []
    first = hour_of(during.start + _HOUR - timedelta(microseconds=1))
    last = hour_of(during.end)
    windows = _ragged_ends(during, first, last)
    if first < last:
        traffic, scores = await columns.load(start=first, end=last, scope=scope, sketches=sketches)
        if known_at is not None:
            edge = hour_of(known_at)
            late = scores if scored else Scores()
            windows += _ragged_knowledge(traffic, late, first, last, edge)
            edge_s = int(edge.timestamp())
            traffic = traffic.take(traffic.recorded_hour < edge_s)
            scores = scores.take(scores.recorded_hour < edge_s)
        parts.append((traffic, scores))
    for window in windows:
        told = await store.ask(
            "hour_requests",
            scope=scope,
            hours=[int(hour.timestamp()) for hour in window.hours],
            knownAt=(known_at or _FOREVER).isoformat(),
            toldFrom=(window.told_from or _EVER).isoformat(),
            start=window.start.isoformat(),
            end=window.end.isoformat(),
        )
        part = await _columns_of(told[0], columns, scope=scope, told_from=window.told_from)
        parts.append(part)
    return parts


def _ragged_ends(during: Period, first: datetime, last: datetime) -> list[_Window]:
    if first > last:
        return [_Window(during.start, during.end, (last,))]
    windows: list[_Window] = []
    if during.start < first:
        windows.append(_Window(during.start, first, (hour_of(during.start),)))
    if last < during.end:
        windows.append(_Window(last, during.end, (last,)))
    return windows


def _ragged_knowledge(
    traffic: Traffic, scores: Scores, first: datetime, last: datetime, edge: datetime
) -> list[_Window]:
    edge_s = int(edge.timestamp())
    touched = np.union1d(
        traffic.hour[traffic.recorded_hour == edge_s], scores.hour[scores.recorded_hour == edge_s]
    )
    if not len(touched):
        return []
    hours = tuple(datetime.fromtimestamp(int(hour), UTC) for hour in touched)
    return [_Window(first, last, hours, told_from=edge)]


async def _columns_of(
    told: Record, columns: BucketColumns, *, scope: TenantScope, told_from: datetime | None
) -> tuple[Traffic, Scores]:
    await columns.ensure_cells(told["cell"], scope=scope)
    rows = columns.cells.rows
    cells = np.array([rows[cell] for cell in told["cell"]], dtype=np.int64)
    hours = np.array([at - at % 3600 for at in told["at"]], dtype=np.int64)
    traffic = Traffic(
        cell=cells,
        hour=hours,
        recorded_hour=np.array(told["recordedAt"], dtype=np.int64),
        measures=_measures(told),
        latency=SketchColumn.of([Sketch([ms]).to_bytes() for ms in told["latencyMs"]]),
        ttft=SketchColumn.of([Sketch([ms] if ms >= 0 else []).to_bytes() for ms in told["ttftMs"]]),
    )
    if told_from is not None:
        traffic = traffic.take(traffic.recorded_hour >= told_from.timestamp())
    scores = _scores(told["scores"], columns, cells.tolist(), hours.tolist(), told_from)
    return traffic, scores


def _measures(told: Record) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    rows = [
        measures_of(
            minute=at % 3600 // 60,
            status=status,
            latency_ms=latency_ms,
            ttft_ms=ttft_ms if ttft_ms >= 0 else None,
            cost_usd=cost_usd if cost_usd >= 0 else None,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            retries=retries,
            cache_hit=bool(cache_hit),
        )
        for at, status, latency_ms, ttft_ms, cost_usd, (
            prompt_tokens,
            completion_tokens,
            retries,
            cache_hit,
        ) in zip(
            told["at"],
            told["status"],
            told["latencyMs"],
            told["ttftMs"],
            told["costUsd"],
            told["counts"],
            strict=True,
        )
    ]
    measures = np.zeros((len(rows), len(MEASURE_NAMES)), dtype=np.int64)
    for i, row in enumerate(rows):
        measures[i] = [row.get(name, 0) for name in MEASURE_NAMES]
    return measures


def _scores(
    told: Sequence[Sequence[Sequence[object]]],
    columns: BucketColumns,
    cells: Sequence[int],
    hours: Sequence[int],
    told_from: datetime | None,
) -> Scores:
    rows: list[tuple[int, int, int, ScoreAmounts]] = []
    for cell, hour, scores in zip(cells, hours, told, strict=True):
        facts = [_score_fact(score) for score in scores]
        before = [f for f in facts if told_from is not None and f.recorded_at < told_from]
        for (_, evaluator, version), amounts in score_difference(before, facts).items():
            rows.append((cell, hour, columns.evaluator_row(evaluator, version), amounts))
    return Scores(
        cell=np.array([cell for cell, *_ in rows], dtype=np.int64),
        hour=np.array([hour for _, hour, *_ in rows], dtype=np.int64),
        recorded_hour=np.zeros(len(rows), dtype=np.int64),
        evaluator=np.array([evaluator for _, _, evaluator, _ in rows], dtype=np.int64),
        count=np.array([amounts.count for *_, amounts in rows], dtype=np.int64),
        sum_nano=np.array([amounts.sum_nano for *_, amounts in rows], dtype=np.int64),
        squares_nano=np.array([amounts.squares_nano for *_, amounts in rows], dtype=np.int64),
    )


def _score_fact(told: Sequence[object]) -> ScoreFact:
    key, at_us, recorded_us, evaluator, version, score = told
    return ScoreFact(
        key=str(key),
        tenant="",
        request_id="",
        at=_instant(at_us),
        recorded_at=_instant(recorded_us),
        evaluator=str(evaluator),
        evaluator_version=str(version),
        score=float(str(score)),
    )


def _instant(epoch_us: object) -> datetime:
    return _EVER + timedelta(microseconds=int(str(epoch_us)))
