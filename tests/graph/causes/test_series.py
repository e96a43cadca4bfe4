"""Effects in hourly series: recovered exactly, with honest noise, and by step as one by one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.causes.panel import Array
from graph.causes.series import NOTHING, Hourly, best_steps, fit, hourly
from graph.frame import Ints

HOURS = 72


def rows(
    *, effect: float = 0.0, level: float = 0.0, from_hour: int = 36, share: float = 1.0
) -> tuple[Ints, Array, Array, Array]:
    """(hour, count, exposure, residual) of three rows an hour, exposed from an hour on."""
    hour = np.repeat(np.arange(HOURS, dtype=np.int64), 3)
    count = np.tile([10.0, 20.0, 5.0], HOURS)
    exposure = np.where(hour >= from_hour, share, 0.0)
    return hour, count, exposure, count * (level + effect * exposure)


def series(
    rng: np.random.Generator | None = None,
    *,
    spread: float = 0.0,
    weather: float = 0.0,
    effect: float = 0.0,
    level: float = 0.0,
) -> Hourly:
    """The rows by hour; `spread` is an observation's deviation, `weather` that of whole hours."""
    hour, count, exposure, residual = rows(effect=effect, level=level)
    if rng is not None:
        residual = residual + np.sqrt(count) * spread * rng.standard_normal(len(hour))
        residual = residual + count * (weather * rng.standard_normal(HOURS))[hour]
    return hourly(hour, count, residual, count * spread**2, exposure, hours=HOURS)


def test_rows_are_added_up_by_their_hour() -> None:
    told = hourly(
        np.array([0, 0, 2]),
        np.array([4.0, 6.0, 10.0]),
        np.array([1.0, 2.0, -3.0]),
        np.array([1.0, 1.0, 3.0]),
        np.array([0.0, 0.5, 1.0]),
        hours=4,
    )
    assert told.count.tolist() == [10.0, 0.0, 10.0, 0.0]
    assert told.amount.tolist() == [3.0, 0.0, -3.0, 0.0]
    assert told.exposed.tolist() == [3.0, 0.0, 10.0, 0.0]
    assert told.squared.tolist() == [1.5, 0.0, 10.0, 0.0]
    assert told.cross.tolist() == [1.0, 0.0, -3.0, 0.0]
    assert told.spread == pytest.approx(0.25)


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_an_effect_without_noise_is_found_exactly(share: float) -> None:
    hour, count, exposure, residual = rows(effect=-0.2, level=0.05, share=share)
    told = fit(hourly(hour, count, residual, 0 * count, exposure, hours=HOURS))
    assert told.effect == pytest.approx(-0.2)
    assert told.level == pytest.approx(0.05)
    assert told.exposed == pytest.approx(36 * 35 * share)
    assert told.gain > 100


def test_the_exposed_and_the_others_of_the_same_hours_are_compared() -> None:
    # One arm of two has the effect, and every hour lifts both: only a comparison within the
    # hours sees it.
    rng = np.random.default_rng(4)
    hour = np.repeat(np.arange(HOURS, dtype=np.int64), 2)
    exposure = np.tile([0.0, 1.0], HOURS)
    count = np.full(2 * HOURS, 20.0)
    residual = count * (0.1 * exposure + 0.02 * rng.standard_normal(HOURS)[hour])
    told = fit(hourly(hour, count, residual, count * 0.04, exposure, hours=HOURS))
    assert told.effect == pytest.approx(0.1, abs=0.01)


def test_as_the_effect_of_least_squares_over_single_rows() -> None:
    rng = np.random.default_rng(8)
    hour = rng.integers(0, HOURS, 500)
    count, exposure = rng.uniform(1, 50, 500), rng.uniform(0, 1, 500)
    residual = count * rng.normal(0.3 * exposure, 0.2)
    told = fit(hourly(hour, count, residual, count * 0.1, exposure, hours=HOURS))
    root = np.sqrt(count)
    design = np.column_stack([root, root * exposure])
    level, effect = np.linalg.lstsq(design, residual / root)[0]
    assert (told.level, told.effect) == (pytest.approx(level), pytest.approx(effect))


@pytest.mark.parametrize("weather", [0.0, 0.15])
def test_the_deviation_is_what_estimates_scatter_by(weather: float) -> None:
    rng = np.random.default_rng(1)
    told = [fit(series(rng, spread=0.5, weather=weather, effect=0.1)) for _ in range(400)]
    scatter = np.std([each.effect for each in told])
    assert np.mean([each.effect for each in told]) == pytest.approx(0.1, abs=0.005)
    # Noise below what stands behind the rows is not believed, so it may be a little wide.
    ratio = float(np.mean([each.deviation for each in told]) / scatter)
    assert 0.93 < ratio < 1.2
    covered = np.mean([abs(each.effect - 0.1) < 1.96 * each.deviation for each in told])
    assert 0.92 < covered < 0.99


def test_hours_that_scatter_by_more_than_their_observations_are_dispersed() -> None:
    rng = np.random.default_rng(2)
    calm = [fit(series(rng, spread=0.5)).dispersion for _ in range(50)]
    stormy = [fit(series(rng, spread=0.5, weather=0.25)).dispersion for _ in range(50)]
    assert min(calm) == 1.0
    assert max(calm) < 2.0
    assert np.mean(stormy) == pytest.approx(1 + 35 * (0.25 / 0.5) ** 2, rel=0.15)


def test_nothing_gains_little_and_something_much() -> None:
    rng = np.random.default_rng(3)
    quiet = [fit(series(rng, spread=0.5)).gain for _ in range(400)]
    # Twice the gain is a chi-square of one degree of freedom.
    assert np.mean(quiet) == pytest.approx(0.5, abs=0.12)
    assert np.mean(np.array(quiet) > 3.84 / 2) < 0.08
    assert fit(series(rng, spread=0.5, effect=0.2)).gain > 20


def test_without_exposed_and_unexposed_there_is_nothing_to_compare() -> None:
    hour, count, _, residual = rows(effect=0.3)
    for exposure in (np.zeros(len(hour)), np.ones(len(hour)), np.full(len(hour), 0.4)):
        assert fit(hourly(hour, count, residual, count, exposure, hours=HOURS)) is NOTHING
    nobody = np.zeros(0)
    told = hourly(np.zeros(0, dtype=np.int64), nobody, nobody, nobody, nobody, hours=HOURS)
    assert fit(told) is NOTHING
    assert (NOTHING.gain, NOTHING.deviation) == (0.0, math.inf)


def steps(starts: list[int]) -> Array:
    return (np.arange(HOURS)[None, :] >= np.array(starts)[:, None]).astype(np.float64)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(-1, 1),
    st.lists(st.integers(1, HOURS - 1), min_size=1, max_size=5),
)
def test_many_steps_at_once_are_as_one_by_one(seed: int, effect: float, starts: list[int]) -> None:
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 30, HOURS).astype(np.float64)
    # Some on both sides of any step.
    count[[0, -1]] += 5.0
    shapes = steps(starts)
    shapes[-1] *= rng.uniform(0.2, 1.0, HOURS)
    amount = count * effect * shapes[0] + np.sqrt(count) * rng.standard_normal(HOURS)
    effects, gains = best_steps(count, amount, shapes, spread=0.7)
    hours = np.arange(HOURS)
    for place, shape in enumerate(shapes):
        one = fit(hourly(hours, count, amount, 0.7 * count, shape, hours=HOURS))
        assert effects[place] == pytest.approx(one.effect, rel=1e-6, abs=1e-9)
        assert gains[place] == pytest.approx(one.gain, rel=1e-6, abs=1e-9)


def test_the_step_that_was_planted_gains_the_most() -> None:
    rng = np.random.default_rng(6)
    count = np.full(HOURS, 30.0)
    starts = list(range(1, HOURS))
    planted = steps([50])[0]
    amount = count * 0.4 * planted + np.sqrt(count) * 0.5 * rng.standard_normal(HOURS)
    effects, gains = best_steps(count, amount, steps(starts), spread=0.25)
    assert starts[int(np.argmax(gains))] == 50
    assert effects[int(np.argmax(gains))] == pytest.approx(0.4, abs=0.05)


def test_shapes_that_never_change_or_rows_that_are_none_gain_nothing() -> None:
    flat = np.ones((2, HOURS))
    count = np.full(HOURS, 10.0)
    for told in (
        best_steps(count, count, flat, spread=1.0),
        best_steps(0 * count, count, flat, spread=1.0),
    ):
        assert [part.tolist() for part in told] == [[0.0, 0.0]] * 2
    assert len(best_steps(count, count, flat[:0], spread=1.0)[0]) == 0
