"""Windows cut into hours and spans: any cutting gives the same sums, and thresholds hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.buckets import MEASURE_NAMES, measures_of
from graph.frame import Scores, SketchColumn, Traffic
from graph.objectives.definitions import Objective, ObjectiveKind
from graph.objectives.events import (
    EventRows,
    Known,
    Span,
    SpanRequests,
    SpanScores,
    Tally,
    events_of,
    is_rejected,
    limit_ms,
    micros,
    spans_of,
)
from graph.sketch import Sketch
from graph.slices import Period

T0 = datetime(2026, 9, 1, tzinfo=UTC)
AVAILABILITY = Objective("slo", "t", ObjectiveKind.AVAILABILITY, 0.99, None, 28, ())
LATENCY = replace(AVAILABILITY, kind=ObjectiveKind.LATENCY, threshold=1000.0)
QUALITY = replace(AVAILABILITY, kind=ObjectiveKind.QUALITY, threshold=0.7)
EVERY_CELL = np.ones(1, dtype=np.bool_)
minutes = st.integers(0, 600)


def period(start: int, end: int) -> Period:
    return Period(T0 + timedelta(minutes=start), T0 + timedelta(minutes=end))


def rows_of(at: list[int], bad: list[bool], periods: list[Period]) -> EventRows:
    """Requests at minutes, told by whole hours and by the spans that the periods cut."""
    spans = spans_of(periods)
    hours = sorted({minute // 60 for minute in at})
    pieces = [
        (T0 + timedelta(hours=hour), T0 + timedelta(hours=hour + 1), False) for hour in hours
    ] + [(span.start, span.end, True) for span in spans]
    moments = [T0 + timedelta(minutes=minute) for minute in at]
    inside = [[start <= moment < end for moment in moments] for start, end, _ in pieces]
    return EventRows(
        cell=np.zeros(len(pieces), dtype=np.int64),
        start=np.array([micros(start) for start, _, _ in pieces], dtype=np.int64),
        end=np.array([micros(end) for _, end, _ in pieces], dtype=np.int64),
        ragged=np.array([cut for *_, cut in pieces], dtype=np.bool_),
        events=np.array([sum(each) for each in inside], dtype=np.float64),
        bad=np.array(
            [sum(b for b, i in zip(bad, each, strict=True) if i) for each in inside],
            dtype=np.float64,
        ),
    )


@given(
    told=st.lists(st.tuples(minutes, st.booleans()), max_size=40),
    cuts=st.lists(st.tuples(minutes, minutes).filter(lambda c: c[0] < c[1]), min_size=1),
)  # fmt: skip
def test_a_window_is_exactly_its_requests_wherever_hours_begin(
    told: list[tuple[int, bool]], cuts: list[tuple[int, int]]
) -> None:
    periods = [period(start, end) for start, end in cuts]
    rows = rows_of([at for at, _ in told], [bad for _, bad in told], periods)
    for (start, end), asked in zip(cuts, periods, strict=True):
        inside = [bad for at, bad in told if start <= at < end]
        assert rows.told(asked) == (len(inside), sum(inside))
        assert rows.by_step(asked, 7).sum() == sum(inside)
        assert [part.sum() for part in rows.by_cell(asked, 1)] == [len(inside), sum(inside)]


def test_spans_are_only_those_that_windows_cut() -> None:
    at = T0 + timedelta(hours=10, minutes=20)
    windows = [Period(at - timedelta(minutes=m), at) for m in (5, 30, 120)]
    told = [(span.start - T0, span.end - T0) for span in spans_of(windows)]
    in_minutes = [tuple(round(each / timedelta(minutes=1)) for each in span) for span in told]
    assert in_minutes == [(500, 540), (590, 600), (600, 615), (615, 620)]
    assert spans_of([Period(T0, T0 + timedelta(hours=3))]) == ()


@pytest.mark.parametrize("threshold_ms", [0.0005, 1.0, 750.0, 1000.0, 98765.4])
def test_the_limit_is_the_threshold_within_half_a_percent(threshold_ms: float) -> None:
    assert limit_ms(threshold_ms) == pytest.approx(threshold_ms, rel=0.00501, abs=0.0011)


def traffic(requests: list[tuple[str, float]]) -> Traffic:
    """One bucket of the first hour, of requests by status and latency."""
    row = dict.fromkeys(MEASURE_NAMES, 0)
    for status, latency_ms in requests:
        told = measures_of(
            minute=0, status=status, latency_ms=latency_ms, ttft_ms=None, cost_usd=None,
            prompt_tokens=1, completion_tokens=1, retries=0, cache_hit=False,
        )  # fmt: skip
        for name, amount in told.items():
            row[name] += amount
    sketch = Sketch([latency for _, latency in requests]).to_bytes()
    return Traffic(
        cell=np.zeros(1, dtype=np.int64),
        hour=np.array([int(T0.timestamp())]),
        recorded_hour=np.array([int(T0.timestamp())]),
        measures=np.array([list(row.values())], dtype=np.int64),
        latency=SketchColumn.of([sketch]),
        ttft=SketchColumn.of([b""]),
    )


def known(requests: list[tuple[str, float]], **told: object) -> Known:
    nothing = Known(
        traffic(requests), Scores(), Tally(), Tally(), (), SpanRequests(), SpanScores(),
        (limit_ms(1000.0),), (0.5, 0.7),
    )  # fmt: skip
    return replace(nothing, **told)


HOUR = Period(T0, T0 + timedelta(hours=1))


def test_whoever_was_rejected_is_neither_good_nor_bad() -> None:
    requests = [("ok", 1.0)] * 90 + [("error", 1.0)] * 7 + [("timeout", 1.0)] * 2
    requests += [("rate_limited", 1.0)]
    one = np.zeros(2, dtype=np.int64)
    failed = Tally(
        cell=one, hour=one + int(T0.timestamp()), recorded_hour=one,
        what=("BadRequestError", "ServiceUnavailable"), count=np.array([4, 3]),
    )  # fmt: skip
    rows = events_of(AVAILABILITY, known(requests, failed=failed), EVERY_CELL)
    assert rows.told(HOUR) == (96, 6.0)
    assert is_rejected("error", "BadRequestError")
    assert not is_rejected("error", "")
    assert not is_rejected("timeout", "BadRequestError")


def test_slow_requests_are_those_above_the_threshold_failed_ones_too() -> None:
    latencies = [10.0, 990.0, 1012.0, 5000.0]
    requests = [("ok", ms) for ms in latencies] + [("timeout", 30_000.0), ("error", 5.0)]
    rows = events_of(LATENCY, known(requests), EVERY_CELL)
    assert rows.told(HOUR) == (6, 3.0)


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30))
def test_spans_and_buckets_count_slow_requests_alike(latencies: list[float]) -> None:
    whole = events_of(LATENCY, known([("ok", ms) for ms in latencies]), EVERY_CELL)
    n = len(latencies)
    single = known(
        [],
        spans=(Span(T0, T0 + timedelta(hours=1)),),
        span_requests=SpanRequests(
            span=np.zeros(n, dtype=np.int64), cell=np.zeros(n, dtype=np.int64),
            rejected=np.zeros(n, dtype=np.int64), failed=np.zeros(n, dtype=np.int64),
            over=np.array([ms > limit_ms(1000.0) for ms in latencies], dtype=np.int64),
            count=np.ones(n, dtype=np.int64),
        ),
    )  # fmt: skip
    rows = events_of(LATENCY, single, EVERY_CELL)
    assert rows.bad.sum() == whole.told(HOUR)[1]


def scores(values: list[float]) -> Scores:
    one = np.zeros(1, dtype=np.int64)
    return Scores(
        cell=one, hour=one + int(T0.timestamp()), recorded_hour=one, evaluator=one,
        count=np.array([len(values)]), sum_nano=np.array([round(sum(values) * 1e9)]),
        squares_nano=one,
    )  # fmt: skip


def test_without_a_threshold_a_score_is_the_share_that_was_good() -> None:
    asked = replace(QUALITY, threshold=None)
    rows = events_of(asked, known([], scores=scores([0.5, 0.9, 1.0])), EVERY_CELL)
    events, bad = rows.told(HOUR)
    assert (events, bad) == (3, pytest.approx(0.6))


def test_scores_lie_under_a_threshold_and_all_higher_ones() -> None:
    # Under both of (0.5, 0.7), under the higher alone, under none.
    one = np.zeros(3, dtype=np.int64)
    low = Tally(
        cell=one, hour=one + int(T0.timestamp()), recorded_hour=one, what=(2, 1, 0),
        count=np.array([5, 3, 12]),
    )  # fmt: skip
    told = known([], low=low)
    assert events_of(QUALITY, told, EVERY_CELL).told(HOUR) == (20, 8.0)
    assert events_of(replace(QUALITY, threshold=0.5), told, EVERY_CELL).told(HOUR) == (20, 5.0)
