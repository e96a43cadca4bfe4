"""Experts: what they know, and that they know nothing of what comes after."""

from datetime import timedelta

import numpy as np
import pytest

from graph.estimates import Array
from graph.forecasting.experts import experts_of, filled, profile_of, smoothed

HOUR = timedelta(hours=1)


def days(count: int, *, seed: int = 0) -> Array:
    """Hours of a daily wave with noise."""
    hours = np.arange(24 * count)
    noise = np.random.default_rng(seed).normal(size=len(hours))
    return 5 + np.sin(2 * np.pi * hours / 24) + 0.1 * noise


def test_smoothing_is_the_weighted_mean_of_what_is_known() -> None:
    series = days(6)
    series[[3, 70, 71]] = np.nan
    ages = np.arange(len(series))[::-1]
    weights = np.where(np.isnan(series), 0.0, 0.7**ages)
    wanted = (weights * np.nan_to_num(series)).sum() / weights.sum()
    assert smoothed(series, 0.3)[-1] == pytest.approx(wanted)


def test_a_gap_keeps_the_value_before() -> None:
    assert filled(np.array([1.0, np.nan, np.nan, 4.0])).tolist() == [1, 1, 1, 4]


@pytest.mark.parametrize("neighbours", [0, 1])
def test_a_profile_repeats_what_repeats(neighbours: int) -> None:
    wave = np.tile(np.sin(2 * np.pi * np.arange(24) / 24), 4)
    profile = profile_of(wave, 24, smoothed=neighbours)
    assert np.isnan(profile[:24]).all()
    assert profile[30 : 4 * 24 + 20] == pytest.approx(
        wave[np.arange(30, 4 * 24 + 20) % 24], abs=0.05
    )


@pytest.mark.parametrize("ahead", [1, 5, 23, 24, 25, 60])
def test_no_expert_knows_what_comes_after_its_origin(ahead: int) -> None:
    series = days(12)
    origin = 240
    other = series.copy()
    other[origin + 1 :] = 99.0
    origins, aheads = np.array([[origin]]), np.array([ahead])
    said = experts_of(series, HOUR).moves(origins, aheads)
    assert said == pytest.approx(experts_of(other, HOUR).moves(origins, aheads))


def test_a_spike_does_not_bend_the_levels() -> None:
    series = days(5)
    spiked = series.copy()
    spiked[-1] += 5.0
    calm, after = experts_of(series, HOUR), experts_of(spiked, HOUR)
    slow = 3  # of the levels
    moved = after.last[-1] + after.levels[-1, slow] - calm.last[-1] - calm.levels[-1, slow]
    assert 0 <= moved < 0.1  # 0.2 were it let in as it is
    down = after.levels[-1, -2]
    assert -5.0 < down < -4.0  # the expert that sees the excess go
