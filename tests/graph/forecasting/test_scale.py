"""The scale of forecasts, and zeros that are lost data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.forecasting.scale import scale_of, without_losses

STEADY = np.full(60, 200.0) + np.arange(60) % 7


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0.01, 1000))
def test_the_way_there_and_back_changes_nothing(values: list[float], times: float) -> None:
    values_ = np.array(values) * times
    scale = scale_of(values_)
    near = 1e-9 * (1 + values_.max())
    assert scale.back(scale.to(values_)) == pytest.approx(values_, rel=1e-9, abs=near)


def test_zeros_in_the_midst_of_much_are_lost_data() -> None:
    values = STEADY.astype(np.float64)
    values[[20, 21, 59]] = 0.0
    assert np.flatnonzero(np.isnan(without_losses(values))).tolist() == [20, 21, 59]


@pytest.mark.parametrize(
    "values",
    [
        np.tile(np.array([1.0, 0, 2, 1, 3, 0]), 10),  # few a step: a zero is chance
        np.where(np.arange(240) % 24 < 8, 0.0, 300.0),  # nothing at night
        np.concatenate((STEADY, np.zeros(60))),  # switched off for good
        np.array([300.0, 310, 0, 305]),  # too few to tell
        np.linspace(1, 400, 60) * (np.arange(60) != 30),  # comes near 0 otherwise too
    ],
)
def test_other_zeros_stay(values: np.ndarray) -> None:
    assert (without_losses(values) == values).all()
