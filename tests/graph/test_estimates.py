"""Estimates and their intervals, against worked examples."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import estimates
from graph.sketch import GroupedBins, bin_of


def one(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)


def many(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def test_a_mean_has_the_textbook_interval() -> None:
    told = estimates.mean(many(4), one(10.0), one(30.0))
    assert told.value[0] == 2.5
    half = 1.959963984540054 * math.sqrt((30 - 25) / 3 / 4)
    assert told.high[0] - told.value[0] == pytest.approx(half)


def test_nothing_known_is_not_zero() -> None:
    told = estimates.mean(many(0, 1), one(0.0, 3.0), one(0.0, 9.0))
    assert estimates.known(float(told.value[0])) is None
    assert estimates.known(float(told.value[1])) == 3.0
    assert estimates.known(float(told.low[1])) is None


def test_a_rate_has_wilsons_interval() -> None:
    told = estimates.rate(many(10), one(2.0))
    assert told.value[0] == 0.2
    assert (told.low[0], told.high[0]) == pytest.approx((0.0567, 0.5098), abs=1e-4)


@given(st.integers(1, 1000), st.floats(0, 1))
def test_a_rate_stays_a_share(count: int, share: float) -> None:
    told = estimates.rate(many(count), one(round(share * count)))
    assert 0 <= told.low[0] <= told.value[0] + 1e-12
    assert told.value[0] - 1e-12 <= told.high[0] <= 1


def test_a_percentile_of_few_values_has_an_open_end() -> None:
    values = [float(v) for v in range(1, 21)]
    bins = GroupedBins(
        np.zeros(20, dtype=np.int64),
        np.array([bin_of(v) for v in values], dtype=np.int64),
        np.ones(20, dtype=np.int64),
        groups=1,
    )
    told = estimates.percentile(bins, 0.95)
    assert told.value[0] == pytest.approx(19, rel=0.01)
    assert told.low[0] < told.value[0]
    assert math.isnan(told.high[0])


def test_a_difference_combines_both_intervals() -> None:
    before = estimates.Estimates(one(1.0), many(9), one(0.0), one(4.0))
    after = estimates.Estimates(one(5.0), many(9), one(2.0), one(6.0))
    delta, low, high = estimates.difference(before, after)
    assert delta[0] == 4.0
    assert low[0] == pytest.approx(4 - math.hypot(3, 3))
    assert high[0] == pytest.approx(4 + math.hypot(1, 1))
