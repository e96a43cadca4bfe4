"""The course of spending: what it adds up to, when it passes a limit, and how sure that is."""

from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.costing.runout import HOUR, bounds, burn_rate, course, passed_at
from graph.estimates import Array
from graph.forecasting.history import History

END = datetime(2026, 9, 10, 6, tzinfo=UTC)


def history(values: Array) -> History:
    return History(END - len(values) * HOUR, HOUR, values)


def noisy(hours: int, *, seed: int = 1, level: float = 10.0) -> Array:
    """A day's curve about a level, with noise."""
    rng = np.random.default_rng(seed)
    hour = np.arange(hours)
    return level * (1 + 0.5 * np.sin(2 * np.pi * hour / 24)) * rng.lognormal(0, 0.2, hours)


def test_periods_are_utc_days_and_months() -> None:
    late = datetime.fromisoformat("2026-12-31T23:30:00-02:00")
    assert bounds("day", late) == (
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2027, 1, 2, tzinfo=UTC),
    )
    assert bounds("month", late) == (
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2027, 2, 1, tzinfo=UTC),
    )
    february = bounds("month", datetime(2028, 2, 29, 12, tzinfo=UTC))
    assert february[1] - february[0] == timedelta(days=29)


@pytest.mark.parametrize(
    ("spent", "limit", "hours", "rate"),
    [(5.0, 10.0, 12, 1.0), (10.0, 10.0, 12, 2.0), (1.0, 24.0, 0.1, 1.0), (0.0, 0.0, 5, 0.0)],
)
def test_burn_rate(spent: float, limit: float, hours: float, rate: float) -> None:
    day = timedelta(days=1)
    found = burn_rate(spent_usd=spent, limit_usd=limit, elapsed=hours * HOUR, of=day)
    assert found == pytest.approx(rate)


def test_a_limit_of_nothing_burns_finitely() -> None:
    found = burn_rate(spent_usd=1.0, limit_usd=0.0, elapsed=HOUR, of=24 * HOUR)
    assert 1e9 < found < float("inf")


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10)), max_size=30),
    st.integers(0, 100),
    st.randoms(use_true_random=False),
)
def test_a_limit_is_passed_by_the_first_that_reaches_it(
    told: list[tuple[int, int]], limit: int, order: Random
) -> None:
    shuffled = sorted(told, key=lambda _: order.random())
    at, nano = (np.array([pair[i] for pair in shuffled], dtype=np.int64) for i in (0, 1))
    found = passed_at(at, nano, before=0, limit=limit)

    def by(second: int) -> int:
        return sum(amount for when, amount in told if when <= second)

    reached = [when for when, _ in sorted(told) if by(when) >= max(limit, 1)]
    assert found == (reached[0] if reached else None)


def test_without_a_known_step_there_is_no_course() -> None:
    assert course(None, until=END + HOUR) is None
    assert course(history(np.full(5, np.nan)), until=END + HOUR) is None


@pytest.mark.parametrize("known", [1, 3, 30, 24 * 8, 24 * 28])
@pytest.mark.parametrize(("ahead", "plain"), [(1, False), (9, True), (48, False), (744, False)])
def test_a_course_goes_up_and_its_interval_holds_the_median(
    known: int, ahead: int, plain: bool
) -> None:
    found = course(history(noisy(known)), until=END + ahead * HOUR, plain=plain)
    assert found is not None
    assert len(found.middle) == ahead + 1
    for curve in (found.low, found.middle, found.high):
        assert (np.diff(curve) >= -1e-9).all()
    low, middle, high = found.between(END, END + ahead * HOUR)
    assert low <= middle <= high
    assert high > low
    assert 3 * ahead < middle < 40 * ahead


def test_steady_spending_runs_out_when_it_must() -> None:
    """1 USD an hour, 100 left: in four days and four hours, whatever the hour."""
    found = course(history(np.ones(24 * 28)), until=END + 480 * HOUR)
    assert found is not None
    since = END + timedelta(minutes=7)
    when = found.spends(100.0, since=since, until=END + 480 * HOUR)
    assert when is not None
    assert when == pytest.approx(since + 100 * HOUR, abs=timedelta(minutes=1))
    assert found.spends(481.0, since=END, until=END + 480 * HOUR) is None
    assert found.method.endswith(", by days")


def test_days_are_spread_over_hours_as_they_were() -> None:
    """All is spent between 6 and 12 o'clock: half of the second day's by nine."""
    hour = np.arange(24 * 10) % 24
    found = course(history(np.where(hour < 6, 4.0, 0.0)), until=END + 72 * HOUR)
    assert found is not None
    when = found.spends(36.0, since=END, until=END + 72 * HOUR)
    assert when == pytest.approx(END + 27 * HOUR, abs=timedelta(minutes=1))


def test_the_shorter_the_history_the_wider_the_interval() -> None:
    def width(known: int) -> float:
        found = course(history(noisy(known)), until=END + 24 * 20 * HOUR)
        assert found is not None
        low, middle, high = found.between(END, END + 24 * 20 * HOUR)
        return (high - low) / middle

    assert width(24 * 2) > width(24 * 28) > 0.01


@given(st.integers(1, 40), st.integers(1, 100), st.floats(0, 500), st.floats(0, 1))
def test_running_out_and_the_forecast_say_the_same(
    known: int, ahead: int, left: float, elapsed: float
) -> None:
    until, since = END + ahead * HOUR, END + elapsed * HOUR
    found = course(history(noisy(known)), until=until)
    assert found is not None
    when = found.spends(max(left, 1e-9), since=since, until=until)
    _, middle, _ = found.between(since, until)
    if abs(middle - left) > 1e-6:
        assert (when is not None) == (middle > left)
    assert when is None or since <= when <= until
