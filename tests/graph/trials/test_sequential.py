"""Bounds that hold at every look do so under peeking, for few and for many; ratios are tested."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.trials.sequential import UNBOUNDED, confidence_sequence, ratio_evidence, students

finite = st.floats(-100, 100)
positive = st.floats(1e-6, 100)


@pytest.mark.parametrize(
    ("freedom", "exact"), [(4, 2.776), (6, 2.447), (10, 2.228), (30, 2.042), (1000, 1.962)]
)
def test_students_points_are_those_of_the_tables(freedom: float, exact: float) -> None:
    assert exact <= students(1.959964, freedom) + 5e-4 <= exact * 1.01


@given(finite, positive, positive, st.floats(4, 1e6))
def test_bounds_hold_the_estimate_and_are_wider_than_one_look_needs(
    estimate: float, variance: float, scale: float, freedom: float
) -> None:
    bounds = confidence_sequence(estimate, variance, freedom=freedom, scale=scale)
    assert bounds.high - estimate >= 1.96 * math.sqrt(variance) * 0.999
    assert bounds.low <= estimate <= bounds.high


@given(positive, positive, st.floats(4, 1e6))
def test_less_freedom_and_a_stricter_level_give_wider_bounds(
    variance: float, scale: float, freedom: float
) -> None:
    usual = confidence_sequence(0.0, variance, freedom=freedom, scale=scale)
    strict = confidence_sequence(0.0, variance, freedom=freedom, scale=scale, alpha=0.01)
    free = confidence_sequence(0.0, variance, freedom=2 * freedom, scale=scale)
    assert free.high <= usual.high
    assert usual.high < strict.high or usual == UNBOUNDED


def test_nothing_is_bounded_where_the_variance_is_hardly_known() -> None:
    assert confidence_sequence(0.1, 0.01, freedom=3.9, scale=0.02) == UNBOUNDED
    assert confidence_sequence(0.1, math.nan, freedom=50, scale=0.02) == UNBOUNDED


def test_a_thousand_looks_err_in_at_most_one_of_twenty_sequences() -> None:
    rng = np.random.default_rng(3)
    means = np.cumsum(rng.normal(size=(400, 1000)), axis=1) / np.arange(1, 1001)
    looks = range(1, 1001)
    halves = [confidence_sequence(0, 1 / n, freedom=1e9, scale=0.1).high for n in looks]
    wrong = int((abs(means) > halves).any(axis=1).sum())
    peeked = int((abs(means[:, 9:]) > 1.96 / np.sqrt(looks[9:])).any(axis=1).sum())
    assert wrong <= 0.05 * 400 < 0.3 * 400 < peeked


def test_users_shared_out_as_configured_hardly_ever_look_otherwise() -> None:
    rng = np.random.default_rng(4)
    percents = {"A": 90.0, "B": 10.0}
    alarms = 0
    for _ in range(300):
        arms = np.cumsum(rng.random(2000) < 0.1)
        alarms += any(
            ratio_evidence([(percents, {"A": n - int(arms[n - 1]), "B": int(arms[n - 1])})]) >= 20
            for n in range(50, 2001, 50)
        )
    assert alarms <= 0.05 * 300


def test_lost_users_are_noticed_and_steps_add_up() -> None:
    half = {"A": 50.0, "B": 50.0}
    assert ratio_evidence([(half, {"A": 1100, "B": 900})]) > 1000
    assert ratio_evidence([(half, {"A": 1010, "B": 990})]) < 1
    assert ratio_evidence([]) == 1
    grown = [({"A": 90.0, "B": 10.0}, {"A": 900, "B": 100}), (half, {"A": 500, "B": 500})]
    assert ratio_evidence(grown) < 1


def test_an_arm_without_a_share_is_left_out() -> None:
    assert ratio_evidence([({"A": 100.0, "B": 0.0}, {"A": 50, "B": 3})]) == pytest.approx(1.0)
