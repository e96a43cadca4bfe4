"""Good and bad events of objectives, from whole hours and from the spans that windows cut out.

A window is the sum of the hours that lie in it whole and of the spans of its ragged ends. Rows may
be negative (a rejected request, a superseded score is taken out again): only sums are told. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from graph.estimates import Array
from graph.facts import hour_of
from graph.frame import Ints, Mask, Scores, Traffic
from graph.objectives.definitions import Objective, ObjectiveKind
from graph.outcomes import Outcome, outcome_of
from graph.sketch import GAMMA, bin_of, value_of
from graph.slices import Period

HOUR = timedelta(hours=1)
_HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BAD_COUNTS = ("errorCount", "timeoutCount", "rateLimitedCount")


def _none() -> Ints:
    return np.empty(0, dtype=np.int64)


def micros(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Requests to be read one by one: of one hour, arrived within [start, end).

    With `told_from`, only what became known from then on, and the span completes an hour that is
    otherwise told by its buckets.
    """

    start: datetime
    end: datetime
    told_from: datetime | None = None

    @property
    def hour(self) -> datetime:
        """The hour that it lies in."""
        return hour_of(self.start)


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of whole hours, one row each: `what` is a number or a name, by the question asked."""

    cell: Ints = field(default_factory=_none)
    hour: Ints = field(default_factory=_none)
    recorded_hour: Ints = field(default_factory=_none)
    what: tuple[Any, ...] = ()
    count: Ints = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class SpanRequests:
    """Requests of spans by how they ended (1 for `rejected`, `failed`) and the limits passed."""

    span: Ints = field(default_factory=_none)
    cell: Ints = field(default_factory=_none)
    rejected: Ints = field(default_factory=_none)
    failed: Ints = field(default_factory=_none)
    over: Ints = field(default_factory=_none)
    count: Ints = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class SpanScores:
    """Scores of spans by how many thresholds they lie under; sums in 1e-9."""

    span: Ints = field(default_factory=_none)
    cell: Ints = field(default_factory=_none)
    under: Ints = field(default_factory=_none)
    count: Ints = field(default_factory=_none)
    sum_nano: Ints = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Known:
    """All that was read for some objectives; `limits_ms` and `thresholds` ascend."""

    traffic: Traffic
    scores: Scores
    failed: Tally
    low: Tally
    spans: tuple[Span, ...]
    span_requests: SpanRequests
    span_scores: SpanScores
    limits_ms: tuple[float, ...]
    thresholds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class EventRows:
    """Events and bad events of one objective, by cell and piece of time (µs since 1970).

    `ragged` rows tell of pieces of an hour, the others of hours.
    """

    cell: Ints
    start: Ints
    end: Ints
    ragged: Mask
    events: Array
    bad: Array

    def within(self, period: Period) -> Mask:
        """The rows that together tell of a period."""
        start, end = micros(period.start), micros(period.end)
        hour = self.start // _HOUR_US * _HOUR_US
        whole = (hour >= start) & (hour + _HOUR_US <= end)
        inside = (self.start >= start) & (self.end <= end)
        return np.where(self.ragged, inside & ~whole, whole)

    def told(self, period: Period) -> tuple[int, float]:
        """Events and bad events of a period."""
        rows = self.within(period)
        events = max(round(float(self.events[rows].sum())), 0)
        return events, min(max(round(float(self.bad[rows].sum()), 6), 0.0), float(events))

    def by_step(self, period: Period, steps: int) -> Array:
        """Bad events of a period in equal steps, the oldest first."""
        rows = self.within(period)
        start, length = micros(period.start), micros(period.end) - micros(period.start)
        place = np.clip((self.start[rows] - start) * steps // length, 0, steps - 1)
        return np.bincount(place, weights=self.bad[rows], minlength=steps).astype(np.float64)

    def by_cell(self, period: Period, cells: int) -> tuple[Array, Array]:
        """Events and bad events of a period, by cell."""
        rows = self.within(period)
        events, bad = (
            np.bincount(self.cell[rows], weights=of[rows], minlength=cells).astype(np.float64)
            for of in (self.events, self.bad)
        )
        return events, bad


def spans_of(periods: Sequence[Period]) -> tuple[Span, ...]:
    """The pieces of hours that these periods cut, each of which lies in a period or outside it."""
    cuts = sorted({*(p.start for p in periods), *(p.end for p in periods)})
    hours = sorted({hour_of(cut) for cut in cuts if cut != hour_of(cut)})
    found: list[Span] = []
    for hour in hours:
        inside = [cut for cut in cuts if hour < cut < hour + HOUR]
        edges = [hour, *inside, hour + HOUR]
        found += [
            Span(start, end)
            for start, end in pairwise(edges)
            if any(_needs(period, start, end, hour) for period in periods)
        ]
    return tuple(found)


def _needs(period: Period, start: datetime, end: datetime, hour: datetime) -> bool:
    whole = period.start <= hour and hour + HOUR <= period.end
    return period.start <= start and end <= period.end and not whole


def limit_ms(threshold_ms: float) -> float:
    """The latency above which a request counts as slow: the edge of the sketch's bin.

    Whole hours tell latencies by bins, so that the threshold is kept within 0.5 %; single requests
    are counted alike, for a window not to depend on where hours begin.
    """
    return GAMMA ** (_first_bad_bin(threshold_ms) - 1)


def _first_bad_bin(threshold_ms: float) -> int:
    first = bin_of(threshold_ms)
    return first if value_of(first) > threshold_ms else first + 1


def is_rejected(status: str, error_type: str | None) -> bool:
    """Whether a failure was the caller's own fault, and so neither good nor bad."""
    return status == "error" and outcome_of(status, error_type or None) is Outcome.REJECTED


def events_of(objective: Objective, known: Known, inside: Mask) -> EventRows:
    """The events of an objective; `inside` tells of each cell whether it lies in its slice."""
    threshold = objective.threshold
    if objective.kind is ObjectiveKind.AVAILABILITY:
        parts = _availability(known)
    elif objective.kind is ObjectiveKind.QUALITY:
        parts = _mean_quality(known) if threshold is None else _quality(known, threshold)
    else:
        parts = [] if threshold is None else _latency(known, threshold)
    return _joined(parts, known.spans, inside)


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows by hour (epoch seconds), or by the number of a span."""

    cell: Ints
    place: Ints
    events: Array | Ints
    bad: Array | Ints
    of_spans: bool = False


def _availability(known: Known) -> list[_Part]:
    traffic, failed, spans = known.traffic, known.failed, known.span_requests
    bad = sum((traffic.measure(name) for name in _BAD_COUNTS), np.zeros_like(traffic.cell))
    own_fault = np.array([is_rejected("error", str(name)) for name in failed.what], dtype=np.bool_)
    out = -failed.count * own_fault
    counts = spans.count * (1 - spans.rejected)
    return [
        _Part(traffic.cell, traffic.hour, traffic.measure("count"), bad),
        _Part(failed.cell, failed.hour, out, out),
        _Part(spans.cell, spans.span, counts, counts * spans.failed, of_spans=True),
    ]


def _latency(known: Known, threshold_ms: float) -> list[_Part]:
    traffic, spans = known.traffic, known.span_requests
    sketch = traffic.latency
    slow = np.bincount(
        sketch.row,
        weights=sketch.count * (sketch.bin >= _first_bad_bin(threshold_ms)),
        minlength=len(traffic.cell),
    )
    passed = spans.over > known.limits_ms.index(limit_ms(threshold_ms))
    return [
        _Part(traffic.cell, traffic.hour, traffic.measure("count"), slow),
        _Part(spans.cell, spans.span, spans.count, spans.count * passed, of_spans=True),
    ]


def _mean_quality(known: Known) -> list[_Part]:
    scores, spans = known.scores, known.span_scores
    return [
        _Part(scores.cell, scores.hour, scores.count, scores.count - scores.sum_nano / 1e9),
        _Part(
            spans.cell, spans.span, spans.count, spans.count - spans.sum_nano / 1e9, of_spans=True
        ),
    ]


def _quality(known: Known, threshold: float) -> list[_Part]:
    low, spans = known.low, known.span_scores
    # Whoever is under a threshold is under all higher ones.
    least = len(known.thresholds) - known.thresholds.index(threshold)
    under = np.array(low.what, dtype=np.int64)
    return [
        _Part(low.cell, low.hour, low.count, low.count * (under >= least)),
        _Part(
            spans.cell, spans.span, spans.count, spans.count * (spans.under >= least), of_spans=True
        ),
    ]


def _joined(parts: Sequence[_Part], spans: Sequence[Span], inside: Mask) -> EventRows:
    starts = np.array([micros(span.start) for span in spans], dtype=np.int64)
    ends = np.array([micros(span.end) for span in spans], dtype=np.int64)
    cut = np.array([span.told_from is None for span in spans], dtype=np.bool_)
    rows = [_rows(part, starts, ends, cut, inside) for part in parts] or [_NO_ROWS]
    return EventRows(
        cell=np.concatenate([each.cell for each in rows]),
        start=np.concatenate([each.start for each in rows]),
        end=np.concatenate([each.end for each in rows]),
        ragged=np.concatenate([each.ragged for each in rows]),
        events=np.concatenate([each.events for each in rows]),
        bad=np.concatenate([each.bad for each in rows]),
    )


def _rows(part: _Part, starts: Ints, ends: Ints, cut: Mask, inside: Mask) -> EventRows:
    keep = inside[part.cell]
    place = part.place[keep]
    start = starts[place] if part.of_spans else place * 1_000_000
    return EventRows(
        cell=part.cell[keep],
        start=start,
        end=ends[place] if part.of_spans else start + _HOUR_US,
        ragged=cut[place] if part.of_spans else np.zeros(len(place), dtype=np.bool_),
        events=part.events[keep].astype(np.float64),
        bad=part.bad[keep].astype(np.float64),
    )


_NO_ROWS = EventRows(
    cell=_none(),
    start=_none(),
    end=_none(),
    ragged=np.empty(0, dtype=np.bool_),
    events=np.empty(0, dtype=np.float64),
    bad=np.empty(0, dtype=np.float64),
)
