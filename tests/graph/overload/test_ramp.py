"""Where a load is heading: jumps do not go on rising, ramps do, whatever the unit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.estimates import Array
from graph.forecasting.forecast import Forecast, weighted_quantile
from graph.overload.ramp import Measurements, Paths, ahead, flat, shape_of
from tests.graph.overload.loads import NOW

AT_S = np.arange(300.0, 3600.0, 600.0)


def measured(rate: Array, *, noise: float = 0.03, seed: int = 1) -> Measurements:
    at_s = np.asarray(-300.0 * np.arange(len(rate))[::-1] - 150.0, dtype=np.float64)
    rng = np.random.default_rng(seed)
    seen = rate * np.exp(noise * rng.standard_normal(len(rate)))
    return Measurements(at_s, seen, (noise * rate) ** 2)


def course(rate: Array, *, usual: float = 1.0) -> Paths:
    return ahead(measured(rate), at_s=AT_S, shape=flat(len(AT_S)), usual=usual)


def test_a_steady_load_stays() -> None:
    paths = course(np.full(36, 1.0))
    assert paths.level == pytest.approx(1.0, rel=0.05)
    assert paths.expected == pytest.approx(np.ones(len(AT_S)), rel=0.08)
    assert paths.growing < 0.5


def test_a_jump_does_not_go_on_rising() -> None:
    rate = np.where(np.arange(36) >= 32, 2.0, 1.0)
    paths = course(rate)
    assert paths.level == pytest.approx(2.0, rel=0.1)
    assert paths.growing < 0.2
    assert paths.expected[-1] < 2.3


def test_a_ramp_goes_on_for_a_while() -> None:
    rate = 1.0 + np.maximum(np.arange(36) - 18, 0) * 300 / 3600 * 0.8
    paths = course(rate)
    assert paths.growing > 0.9
    assert paths.growth_per_h == pytest.approx(0.8, rel=0.25)
    assert paths.since_s == pytest.approx(-18 * 300, abs=1500)
    assert rate[-1] + 0.3 < paths.expected[-1] < rate[-1] + 0.95
    # Growth ends some time, so that its own pace is not kept up for certain.
    early, late = np.diff(paths.expected)[[0, -1]]
    assert late < early


def test_a_spike_that_is_over_does_not_hide_a_ramp() -> None:
    at = np.arange(36)
    rate = 1.0 + np.maximum(at - 12, 0) * 300 / 3600 * 0.6
    spiked = np.where((at >= 24) & (at < 28), 2.5 * rate, rate)
    alone, beside = course(rate), course(spiked)
    assert beside.growing > 0.9
    assert beside.expected == pytest.approx(alone.expected, rel=0.1)


def test_one_measurement_is_no_story() -> None:
    paths = ahead(
        Measurements(np.array([-300.0]), np.array([3.0]), np.array([0.01])),
        at_s=AT_S,
        shape=flat(len(AT_S)),
        usual=1.0,
    )
    assert paths.level == pytest.approx(3.0)
    assert paths.growing == 0.0


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-4, 1e4), st.integers(0, 50))
def test_the_unit_does_not_matter(unit: float, seed: int) -> None:
    rate = np.exp(np.cumsum(0.1 * np.random.default_rng(seed).standard_normal(30)))
    of = measured(rate, seed=seed)
    scaled = Measurements(of.at_s, of.rate * unit, of.variance * unit**2)
    one, other = (
        ahead(m, at_s=AT_S, shape=flat(len(AT_S)), usual=u) for m, u in ((of, 1.0), (scaled, unit))
    )
    assert other.expected == pytest.approx(one.expected * unit, rel=1e-4)
    assert other.growing == pytest.approx(one.growing, abs=1e-4)
    assert one.weights.sum() == pytest.approx(1.0)
    assert (one.values >= 0).all()


def test_what_counting_scatters_is_taken_out() -> None:
    rng = np.random.default_rng(2)
    counts = rng.poisson(100.0, size=(400, 6)).astype(np.float64)
    even = np.full(400, 1 / 400)
    forecast = Forecast("test", NOW, NOW - NOW, np.full(6, 100.0), counts, even, known_steps=1)
    shape = shape_of(forecast)
    assert (shape.deviation < 0.04).all()
    drift = np.cumsum(rng.standard_normal((400, 6)), axis=1)
    wide = Forecast(
        "test", NOW, NOW - NOW, np.full(6, 100.0), 100 + 20 * drift, even, known_steps=1
    )
    # What stays for a while is no chance of a step, but the level now is measured and not guessed.
    assert shape_of(wide).deviation[-1] > 0.2
    assert shape_of(wide).deviation[0] < 0.01


def test_few_futures_stand_for_all() -> None:
    values = 100 + np.linspace(-50.0, 50.0, 1000)[:, None] * np.array([0, 0, 0, 1, 1, 1])
    even = np.full(1000, 1 / 1000)
    forecast = Forecast("test", NOW, NOW - NOW, np.full(6, 100.0), values, even, known_steps=1)
    shape = shape_of(forecast)
    assert len(shape.values) < 30
    assert weighted_quantile(shape.values, shape.weights, 0.9)[-1] == pytest.approx(1.35, abs=0.12)
