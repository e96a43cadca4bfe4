"""Weights of experts: learned from the past alone, and the better for it."""

from datetime import timedelta

import numpy as np
import pytest

from graph.estimates import Array
from graph.forecasting.blending import Blend, knots_up_to, learn
from graph.forecasting.experts import experts_of

HOUR = timedelta(hours=1)


def wave(count: int, *, noise: float, seed: int = 0) -> Array:
    hours = np.arange(24 * count)
    drift = np.random.default_rng(seed).normal(size=len(hours)) * noise
    return 5 + 0.5 * np.sin(2 * np.pi * hours / 24) + drift


def learned(series: Array, *, steps: int = 6) -> Blend:
    return learn(series, experts_of(series, HOUR), knots=knots_up_to(steps), season=24)


def test_knots_hold_the_first_and_the_last_step() -> None:
    assert knots_up_to(1).tolist() == [1]
    assert knots_up_to(6).tolist() == [1, 2, 3, 4, 6]
    assert knots_up_to(7).tolist() == [1, 2, 3, 4, 6, 7]


@pytest.mark.parametrize(("steps", "aheads"), [(6, [1, 2, 5]), (24, list(range(1, 25)))])
def test_forecasts_rest_on_nothing_that_came_later(steps: int, aheads: list[int]) -> None:
    series = wave(10, noise=0.1)
    other = series.copy()
    other[-30:] += 3.0
    # Where blocks end depends on the length of a series alone.
    origins, wanted = np.arange(150, 210), np.array(aheads)
    before = learned(series, steps=steps).forecasts(origins, wanted)
    assert before == pytest.approx(learned(other, steps=steps).forecasts(origins, wanted))


def test_a_daily_wave_is_learned() -> None:
    series = wave(10, noise=0.02)
    origins = np.arange(150, 230)
    said = learned(series).forecasts(origins, np.array([6]))[:, 0]
    off = np.abs(series[origins + 6] - said).mean()
    assert off < 0.2 * np.abs(series[origins + 6] - series[origins]).mean()


def test_a_random_walk_keeps_its_last_value() -> None:
    steps = np.random.default_rng(1).normal(size=480) * 0.1
    series = 5 + np.cumsum(steps)
    origins = np.arange(240, 479)
    said = learned(series, steps=1).forecasts(origins, np.array([1]))[:, 0]
    naive = np.abs(np.diff(series))[240:].mean()
    assert np.abs(series[241:] - said).mean() < 1.05 * naive


def test_noise_around_a_level_is_averaged() -> None:
    series = 5 + np.random.default_rng(2).normal(size=480) * 0.1
    origins = np.arange(240, 479)
    said = learned(series, steps=1).forecasts(origins, np.array([1]))[:, 0]
    naive = np.abs(np.diff(series))[240:].mean()
    assert np.abs(series[241:] - said).mean() < 0.85 * naive


def test_one_product_and_one_per_block_agree() -> None:
    blend = learned(wave(10, noise=0.1), steps=24)
    origins = np.arange(blend.first, 239)
    many = blend.forecasts(origins, np.arange(1, 25))
    few = blend.forecasts(origins, np.arange(1, 5))
    assert many[:, :4] == pytest.approx(few)
