"""Curves of arrival, learned from delays that recent hours have had no time to show."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.causes.arrival import HOUR_S, ArrivalCurves, arrival_curves
from graph.frame import Ints

MIDNIGHT = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())


def delayed(
    rng: np.random.Generator, *, hours: int, per_hour: int, mean_hours: float
) -> tuple[Ints, Ints]:
    """Hours of requests and of recordings: exponential delays, in any order."""
    at_s = MIDNIGHT + rng.integers(0, hours * HOUR_S, hours * per_hour)
    told_s = at_s + (rng.exponential(mean_hours * HOUR_S, len(at_s))).astype(np.int64)
    return at_s // HOUR_S * HOUR_S, told_s // HOUR_S * HOUR_S


def learned(hour: Ints, recorded_hour: Ints, *, known_at_s: float) -> ArrivalCurves:
    seen = recorded_hour < known_at_s
    return arrival_curves(
        np.zeros(int(seen.sum()), dtype=np.int64),
        hour[seen],
        recorded_hour[seen],
        np.ones(int(seen.sum()), dtype=np.int64),
        evaluators=1,
        known_at_s=known_at_s,
    )


def ages(*passed_hours: float, known_at_s: float) -> Ints:
    return np.array([known_at_s - hours * HOUR_S for hours in passed_hours], dtype=np.int64)


def test_delays_are_found_though_recent_hours_are_cut_off() -> None:
    rng = np.random.default_rng(1)
    hour, told = delayed(rng, hours=240, per_hour=200, mean_hours=6.0)
    now = float(MIDNIGHT + 240 * HOUR_S)
    share = learned(hour, told, known_at_s=now).share(ages(2, 7, 13, known_at_s=now), at_s=now)
    # A request comes at any moment of its hour: what passed is half an hour less on average.
    expected = [1 - np.exp(-(hours - 0.5) / 6) for hours in (2, 7, 13)]
    assert share[0] == pytest.approx(expected, abs=0.04)


def test_within_the_running_hour_the_share_grows_with_the_minutes() -> None:
    rng = np.random.default_rng(2)
    hour, told = delayed(rng, hours=72, per_hour=100, mean_hours=2.0)
    now = float(MIDNIGHT + 72 * HOUR_S)
    curves = learned(hour, told, known_at_s=now)
    at = ages(3, known_at_s=now)
    shares = [float(curves.share(at, at_s=now + s)[0, 0]) for s in (0, 900, 1800, 3600)]
    assert shares == sorted(shares)
    assert shares[2] == pytest.approx((shares[0] + shares[3]) / 2, abs=1e-9)


def test_requests_that_have_yet_to_come_have_no_scores() -> None:
    hour, told = delayed(np.random.default_rng(2), hours=72, per_hour=50, mean_hours=2.0)
    now = float(MIDNIGHT + 72 * HOUR_S)
    curves = learned(hour, told, known_at_s=now)
    assert curves.share(ages(0, -3, known_at_s=now), at_s=now)[0].tolist() == [0.0, 0.0]


def test_a_nightly_batch_is_a_step_and_not_a_smear() -> None:
    hour = np.repeat(MIDNIGHT + HOUR_S * np.arange(24 * 10, dtype=np.int64), 10)
    night = ((hour - MIDNIGHT) // 86_400 + 1) * 86_400 + MIDNIGHT + 2 * HOUR_S
    before, after = (float(MIDNIGHT + 9 * 86_400 + h * HOUR_S) for h in (1, 4))
    yesterday = MIDNIGHT + 8 * 86_400 + HOUR_S * np.array([1, 9, 22], dtype=np.int64)
    share = learned(hour, night, known_at_s=before).share(yesterday, at_s=before)
    assert (share < 0.05).all()
    share = learned(hour, night, known_at_s=after).share(yesterday, at_s=after)
    assert (share > 0.9).all()


def test_too_short_a_history_tells_nothing_and_takes_all_as_arrived() -> None:
    hour, told = delayed(np.random.default_rng(3), hours=8, per_hour=100, mean_hours=10.0)
    now = float(MIDNIGHT + 8 * HOUR_S)
    curves = learned(hour, told, known_at_s=now)
    assert not curves.known[0]
    assert (curves.share(ages(1, 5, known_at_s=now), at_s=now) == 1).all()


def test_a_few_scores_tell_nothing() -> None:
    hour, told = delayed(np.random.default_rng(3), hours=20, per_hour=1, mean_hours=0.1)
    assert not learned(hour, told, known_at_s=float(MIDNIGHT + 20 * HOUR_S)).known[0]


def test_corrections_of_no_net_count_change_nothing() -> None:
    hour, told = delayed(np.random.default_rng(4), hours=72, per_hour=50, mean_hours=3.0)
    now = float(MIDNIGHT + 72 * HOUR_S)
    plain = learned(hour, told, known_at_s=now).by_age
    twice = np.concatenate([hour, hour[:500], hour[:500]])
    late = np.concatenate([told, told[:500] + 5 * HOUR_S, told[:500] + 5 * HOUR_S])
    count = np.concatenate([np.ones(len(hour)), -np.ones(500), np.ones(500)]).astype(np.int64)
    seen = late < now
    both = arrival_curves(
        np.zeros(int(seen.sum()), dtype=np.int64),
        twice[seen],
        late[seen],
        count[seen],
        evaluators=1,
        known_at_s=now,
    )
    assert both.by_age == pytest.approx(plain)


def test_rows_without_a_recording_and_of_the_running_hour_are_not_looked_at() -> None:
    hour, told = delayed(np.random.default_rng(4), hours=72, per_hour=50, mean_hours=3.0)
    now = float(MIDNIGHT + 72 * HOUR_S)
    plain = learned(hour, told, known_at_s=now)
    more = np.concatenate([hour, hour[:50], ages(5, known_at_s=now)])
    unknown = np.concatenate([told, np.zeros(50, dtype=np.int64), [int(now)]])
    both = learned(more, unknown, known_at_s=now + 60)
    assert both.by_age == pytest.approx(plain.by_age)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(-2, 80), st.integers(1, 9)), max_size=40),
    st.integers(0, 3599),
)
def test_a_share_is_a_probability_and_never_falls_with_time(
    rows: list[tuple[int, int, int]], second: int
) -> None:
    hour = np.array([MIDNIGHT + h * HOUR_S for h, _, _ in rows], dtype=np.int64)
    told = hour + np.array([d * HOUR_S for _, d, _ in rows], dtype=np.int64)
    count = np.array([n for *_, n in rows], dtype=np.int64)
    now = float(MIDNIGHT + 61 * HOUR_S + second)
    none = np.zeros(len(rows), dtype=np.int64)
    curves = arrival_curves(none, hour, told, count, evaluators=1, known_at_s=now)
    ever = ArrivalCurves(curves.by_age, np.ones(1, dtype=np.bool_))
    at = MIDNIGHT + HOUR_S * np.arange(60, dtype=np.int64)
    soon, later = ever.share(at, at_s=now), ever.share(at, at_s=now + 7000)
    assert ((soon >= 0) & (soon <= 1 + 1e-12)).all()
    assert (later >= soon - 1e-9).all()
