"""Ranges of past steps: from the steps before alone, and the same whichever way they are made."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from graph.forecasting.history import History
from graph.forecasting.ranges import expected_range, rolling

START = datetime(2025, 3, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


def history(values: np.ndarray) -> History:
    return History(START, HOUR, values)


def days(count: int, *, seed: int = 0) -> np.ndarray:
    hours = np.arange(24 * count)
    noise = np.random.default_rng(seed).normal(size=len(hours))
    return 100 * np.exp(0.5 * np.sin(2 * np.pi * hours / 24) + 0.1 * noise)


def test_the_last_step_does_not_tell_its_own_range() -> None:
    values = days(10)
    other = values.copy()
    other[-1] *= 9
    ranges = expected_range(history(values), level=0.95)
    assert ranges == expected_range(history(other), level=0.95)
    expected, low, high = ranges
    assert low < expected < high < other[-1]


def test_rolling_ranges_hold_what_they_say() -> None:
    values = days(20)
    ranges = rolling(history(values), last=240, levels=(0.8, 0.95))
    inside = (ranges.low <= values[-240:]) & (values[-240:] <= ranges.high)
    assert inside[0].mean() == pytest.approx(0.8, abs=0.07)
    assert inside[1].mean() == pytest.approx(0.95, abs=0.04)


def test_rolling_ranges_are_those_of_single_steps() -> None:
    values = days(12)
    ranges = rolling(history(values), last=48, levels=(0.8,))
    for back in (1, 20, 40):
        until = len(values) - back + 1
        expected, low, high = expected_range(history(values[:until]), level=0.8)
        assert ranges.expected[-back] == pytest.approx(expected, rel=0.05)
        assert ranges.low[0, -back] == pytest.approx(low, rel=0.1)
        assert ranges.high[0, -back] == pytest.approx(high, rel=0.1)


def test_short_histories_have_ranges_from_their_second_step_on() -> None:
    ranges = rolling(history(np.array([3.0, 1, 2, np.nan, 0, 5])), last=9, levels=(0.9,))
    assert np.isnan(ranges.expected).tolist() == [True, False, False, False, False, False]
    assert (ranges.low[0, 1:] <= ranges.expected[1:]).all()


def test_nothing_known_is_no_range() -> None:
    ranges = rolling(history(np.full(5, np.nan)), last=3, levels=(0.9,))
    assert np.isnan(ranges.high).all()
