"""What hours and days vary by, found again in numbers drawn with known variances."""

import numpy as np
import pytest

from graph.causes.panel import Array
from graph.causes.variation import (
    Hourly,
    freedom,
    t95,
    variation_of_means,
    variation_of_totals,
)
from graph.frame import Ints

MONDAY_S = 1_772_409_600
"""2026-03-02, a Monday."""


def hours(days: int) -> Ints:
    return MONDAY_S + 3600 * np.arange(24 * days, dtype=np.int64)


def season(days: int) -> Array:
    hour = np.arange(24 * days)
    return 0.05 * np.sin(hour / 24 * 2 * np.pi) + np.where(hour // 24 % 7 >= 5, 0.03, 0.0)


def means(
    rng: np.random.Generator, *, days: int = 15, of_hour: float = 0.0, of_day: float = 0.0
) -> Hourly:
    n = np.full(24 * days, 50.0)
    level = 0.8 + season(days) + of_hour * rng.standard_normal(24 * days)
    level += np.repeat(of_day * rng.standard_normal(days), 24)
    total = n * level + np.sqrt(n) * 0.1 * rng.standard_normal(24 * days)
    return Hourly(hours(days), n, total, total**2 / n + (n - 1) * 0.1**2)


def averaged(**sizes: float) -> tuple[float, float, float]:
    found = [
        variation_of_means(means(np.random.default_rng(seed), **sizes))  # pyright: ignore[reportArgumentType]  # days stays as it is
        for seed in range(40)
    ]
    return (
        float(np.mean([v.unit for v in found])),
        float(np.mean([v.hour for v in found])),
        float(np.mean([v.day for v in found])),
    )


def test_the_daily_pattern_and_the_weekend_are_no_variation() -> None:
    within, of_hour, of_day = averaged()
    assert within == pytest.approx(0.01, rel=0.02)
    assert of_hour < 0.05 * 0.01
    assert of_day < 0.01 * 0.01


def test_what_hours_share_is_found() -> None:
    _, of_hour, of_day = averaged(of_hour=0.03)
    assert of_hour == pytest.approx(0.03**2, rel=0.1)
    assert of_day < 0.1 * 0.03**2


def test_what_days_share_is_found() -> None:
    _, of_hour, of_day = averaged(of_day=0.03)
    assert of_day == pytest.approx(0.03**2, rel=0.25)
    assert of_hour < 0.05 * 0.03**2


def test_one_step_in_the_history_does_not_widen_everything() -> None:
    quiet = means(np.random.default_rng(3))
    stepped = np.arange(len(quiet.hour)) >= 24 * 9
    moved = Hourly(
        quiet.hour, quiet.count, quiet.total - 0.3 * stepped * quiet.count, quiet.squares
    )
    squares = quiet.squares + quiet.count * ((moved.total / 50) ** 2 - (quiet.total / 50) ** 2)
    found = variation_of_means(Hourly(moved.hour, moved.count, moved.total, squares))
    assert found.day < 0.01**2
    assert found.hour < 0.01**2


def test_too_short_for_days_says_so() -> None:
    found = [
        variation_of_means(means(np.random.default_rng(seed), days=1, of_hour=0.1))
        for seed in range(20)
    ]
    assert {v.day_freedom for v in found} == {0.0}
    assert np.mean([v.hour for v in found]) == pytest.approx(0.1**2, rel=0.2)


def test_nothing_at_all_is_no_variation() -> None:
    none = np.empty(0)
    found = variation_of_means(Hourly(none.astype(np.int64), none, none, none))
    assert (found.hour, found.day) == (0.0, 0.0)
    assert variation_of_totals(Hourly(none.astype(np.int64), none, none, none)).unit == 1.0


def test_independent_requests_have_the_variance_of_their_number() -> None:
    rng = np.random.default_rng(5)
    n = rng.poisson(40 * (1 + 5 * season(15))).astype(np.float64)
    found = variation_of_totals(Hourly(hours(15), n, n, n))
    assert found.unit == pytest.approx(1.0, rel=0.15)
    # The prior alone: days of five percent, worth two pairs among some eleven.
    assert found.day < 0.03**2


def test_days_that_differ_as_a_whole_are_found() -> None:
    rng = np.random.default_rng(5)
    days = np.repeat(np.exp(0.2 * rng.standard_normal(29)), 24)
    n = rng.poisson(100 * days).astype(np.float64)
    found = variation_of_totals(Hourly(hours(29), n, n, n))
    assert found.day == pytest.approx(0.2**2, rel=0.6)
    assert found.unit == pytest.approx(1.0, rel=0.25)


def test_an_hour_without_a_request_is_a_zero_and_not_a_gap() -> None:
    at = hours(2)[[0, 1, 5]]
    filled = Hourly(at, np.ones(3), np.full(3, 2.0), np.full(3, 4.0)).filled()
    assert filled.hour.tolist() == hours(2)[:6].tolist()
    assert filled.total.tolist() == [2.0, 2.0, 0.0, 0.0, 0.0, 2.0]


@pytest.mark.parametrize(("free", "point"), [(3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042)])
def test_students_points_are_those_of_the_tables(free: int, point: float) -> None:
    assert t95(free) == pytest.approx(point, rel=0.01)


def test_a_variance_that_is_known_has_all_freedom() -> None:
    assert freedom(1.0, ()) == float("inf")
    assert freedom(1.0, ((1.0, 6.0),)) == 6.0
    assert freedom(1.0, ((0.5, 6.0),)) == 24.0
