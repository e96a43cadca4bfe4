"""Intervals from past errors: they follow when errors grow, and order is kept."""

import numpy as np
import pytest

from graph.forecasting.calibration import (
    Stretches,
    followed,
    limits_of,
    quantiles_at,
    weights_of,
)


def test_limits_at_an_origin_use_what_was_known_there() -> None:
    errors = np.random.default_rng(0).normal(size=300)
    changed = errors.copy()
    changed[201:] += 50
    at = np.array([200 + 3])
    before, after = (
        quantiles_at(np.arange(300), one, at=at, ahead=3, season=24, wanted=(0.1, 0.9))
        for one in (errors, changed)
    )
    assert before == pytest.approx(after)


def test_like_hours_and_new_ones_count_more() -> None:
    weights = weights_of(np.arange(240), now=240, season=24)
    assert weights.sum() == pytest.approx(1)
    assert weights[216] > weights[228] * 1.5
    assert weights[216] > weights[24] * 1.5


def test_the_stretch_follows_errors_that_grow() -> None:
    errors = np.random.default_rng(0).normal(size=400)
    errors[330:] *= 3
    _, factors = followed(np.arange(400), errors, ahead=1, season=144)
    assert (factors[-1] > 1.3).all()


def test_well_kept_intervals_are_left_alone() -> None:
    errors = np.random.default_rng(3).normal(size=600)
    _, factors = followed(np.arange(600), errors, ahead=1, season=144)
    assert factors[-1] == pytest.approx(1, abs=0.3)


def test_stretching_keeps_the_order_and_moves_the_limits() -> None:
    errors = np.sort(np.random.default_rng(0).normal(size=(200, 1)), axis=0)
    limits = limits_of(errors, np.full(200, 1 / 200))
    stretched = Stretches(limits, np.array([[1.3, 1.2]])).apply(errors.T).T
    assert (np.diff(stretched, axis=0) >= 0).all()
    again = limits_of(stretched, np.full(200, 1 / 200))
    middle = limits[0, 0]
    assert (again[0] - middle) / (limits[0] - middle + 1e-12) == pytest.approx(
        [0, 1.3, 1.3, 1.2, 1.2], abs=1e-6
    )
