"""Forecasts: sound for any history, right where it is known what is right."""

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.estimates import Array
from graph.forecasting.history import History
from graph.forecasting.prediction import predict

START = datetime(2025, 3, 3, tzinfo=UTC)
HOUR, FINE = timedelta(hours=1), timedelta(minutes=10)


def history(values: Array | list[float], *, step: timedelta = HOUR) -> History:
    return History(START, step, np.array(values, dtype=np.float64))


def wave(count: int, *, level: float, seed: int = 0, step: timedelta = HOUR) -> Array:
    """Poisson counts of a daily wave."""
    steps = np.arange(count)
    mean = level * np.exp(0.6 * np.sin(2 * np.pi * steps * (step / timedelta(days=1))))
    return np.random.default_rng(seed).poisson(mean).astype(np.float64)


steps_known = st.lists(
    st.one_of(st.just(float("nan")), st.just(0.0), st.floats(0, 1e7)), min_size=1, max_size=90
)


@settings(max_examples=60, deadline=None)
@given(steps_known, st.integers(1, 30), st.sampled_from([FINE, HOUR, timedelta(hours=24)]))
def test_any_history_has_a_sound_forecast(values: list[float], steps: int, step: timedelta) -> None:
    if np.isnan(values).all():
        with pytest.raises(ValueError, match="without a known step"):
            predict(history(values, step=step), steps=steps)
        return
    forecast = predict(history(values, step=step), steps=steps)
    assert forecast.expected.shape == (steps,)
    assert forecast.scenarios.shape == (len(forecast.weights), steps)
    assert np.isfinite(forecast.scenarios).all()
    assert (forecast.scenarios >= 0).all()
    assert (forecast.expected >= 0).all()
    assert forecast.weights.sum() == pytest.approx(1)
    assert (forecast.quantile(0.025) <= forecast.quantile(0.1)).all()
    assert (forecast.quantile(0.9) <= forecast.quantile(0.975)).all()
    assert forecast.start == START + len(values) * step


def test_the_same_history_has_the_same_forecast() -> None:
    one, other = (predict(history(wave(300, level=50)), steps=6) for _ in range(2))
    assert (one.scenarios == other.scenarios).all()
    assert (one.weights == other.weights).all()


def test_the_unit_does_not_matter() -> None:
    values = wave(300, level=50) + 0.5
    one = predict(history(values), steps=6)
    dollars = predict(history(values * 1e-4), steps=6)
    assert dollars.expected == pytest.approx(one.expected * 1e-4, rel=1e-6)
    assert dollars.scenarios == pytest.approx(one.scenarios * 1e-4, rel=1e-6)


def test_a_daily_wave_goes_on() -> None:
    values = wave(24 * 15, level=200)
    forecast = predict(history(values[: 24 * 14]), steps=24)
    off = np.abs(forecast.expected - values[24 * 14 :]).sum() / values[24 * 14 :].sum()
    assert off < 0.12
    assert forecast.known_steps == 24 * 14


def test_gaps_and_lost_data_do_not_pull_down() -> None:
    values = wave(24 * 10, level=300)
    holed = values.copy()
    holed[[50, 51, 120, 200]] = 0.0
    holed[-2:] = np.nan
    whole = predict(history(values), steps=3)
    assert predict(history(holed), steps=3).expected == pytest.approx(whole.expected, rel=0.25)


def test_one_step_already_has_wide_limits() -> None:
    forecast = predict(history([40.0]), steps=6)
    assert forecast.expected == pytest.approx(np.full(6, 40.0), rel=0.1)
    assert (forecast.quantile(0.025) < 25).all()
    assert (forecast.quantile(0.975) > 60).all()
    assert forecast.quantile(0.975)[-1] > forecast.quantile(0.975)[0]


def test_tiny_counts_are_not_forecast_as_none() -> None:
    values = np.random.default_rng(0).poisson(0.4, size=24 * 10).astype(np.float64)
    forecast = predict(history(values), steps=6)
    assert (forecast.expected > 0.05).all()
    assert (forecast.expected < 0.9).all()
    assert (forecast.quantile(0.025) == 0).all()
    assert (forecast.quantile(0.975) <= 4).all()


def test_a_newcomer_borrows_the_shape() -> None:
    everyone = wave(24 * 14, level=1000)
    newcomer = np.round(everyone[-5:] / 20)
    forecast = predict(
        History(START + (24 * 14 - 5) * HOUR, HOUR, newcomer), steps=24, like=history(everyone)
    )
    to_come = np.exp(0.6 * np.sin(2 * np.pi * np.arange(24) / 24)) * 50
    assert np.abs(forecast.expected - to_come).sum() / to_come.sum() < 0.25
    assert "borrowed" in forecast.method


def test_another_step_cannot_be_borrowed_from() -> None:
    with pytest.raises(ValueError, match="same steps"):
        predict(history([3.0, 4.0]), steps=2, like=history(wave(300, level=9), step=FINE))


def test_a_level_shift_is_followed() -> None:
    values = wave(24 * 10, level=100)
    values[-6:] *= 3
    forecast = predict(history(values), steps=1)
    assert forecast.expected[0] > 180


@pytest.mark.parametrize("level", [3.0, 400.0])
def test_intervals_hold_what_they_say(level: float) -> None:
    inside = {0.8: 0, 0.95: 0}
    values = wave(24 * 14, level=level, seed=5)
    origins = range(24 * 8, 24 * 14 - 1, 2)
    for origin in origins:
        forecast = predict(history(values[: origin + 1]), steps=1)
        for share in inside:
            low, high = forecast.quantile((1 - share) / 2), forecast.quantile((1 + share) / 2)
            inside[share] += bool(low[0] <= values[origin + 1] <= high[0])
    assert 0.72 < inside[0.8] / len(origins) < 0.95  # counts are held more often than asked for
    assert inside[0.95] / len(origins) > 0.9


def test_a_month_of_ten_minutes_is_cheap() -> None:
    past = history(wave(4032, level=30, step=FINE), step=FINE)
    predict(past, steps=6)
    started = time.process_time()
    for _ in range(3):
        predict(past, steps=6)
    assert (time.process_time() - started) / 3 < 0.15
