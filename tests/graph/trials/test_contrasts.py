"""Arms against the first on every metric: bounds allow for scores that are late or not there."""

import numpy as np
import pytest

from graph.slices import Metric
from graph.trials.arms import Rows
from graph.trials.contrasts import Measured, contrasts
from graph.trials.verdicts import COMPARED, Difference

SOME = 200


def rows(
    rng: np.random.Generator, arms: int = 2, *, taste: float = 0.05, users: int = SOME
) -> Rows:
    """Ten requests of each user, worth 0.7 and the user's taste, on one day."""
    user = np.arange(users, dtype=np.int64)
    value = 0.7 + rng.normal(0, taste, users)
    weight = np.full(users, 10.0)
    squares = weight * value**2 + 0.3
    return Rows(user, user % arms, user * 0, weight, weight * value, squares)


def scored(arms: int = 2, *, first: float = 0.5, others: float = 0.5) -> Rows:
    user = np.arange(SOME, dtype=np.int64)
    told = np.where(user % arms == 0, first, others) * 20
    return Rows(user, user % arms, user * 0, np.full(SOME, 20.0), told, told)


def quality(measured: Measured) -> tuple[Difference, list[str]]:
    found, warnings = contrasts(measured)
    return next(one for one in found if one.metric is Metric.QUALITY), warnings


def test_every_other_arm_is_compared_on_every_metric() -> None:
    told = {Metric.QUALITY: rows(np.random.default_rng(1), 3)}
    found, warnings = contrasts(Measured("ABC", told, scored(3), np.zeros(3)))
    assert [(one.name, one.metric) for one in found] == [(n, m) for n in "BC" for m in COMPARED]
    assert warnings == []
    assert {one.count for one in found if one.metric is not Metric.QUALITY} == {0}


def test_more_arms_make_each_comparison_stricter() -> None:
    told = {Metric.QUALITY: rows(np.random.default_rng(1), 2)}
    two, _ = quality(Measured("AB", told, scored(), np.zeros(2)))
    three, _ = quality(Measured("ABC", told, scored(), np.zeros(3)))
    assert three.delta == two.delta
    assert three.high - three.low > two.high - two.low


def test_scores_still_to_come_widen_by_what_they_might_say() -> None:
    told = {Metric.QUALITY: rows(np.random.default_rng(2), taste=0.0)}
    sure, _ = quality(Measured("AB", told, scored(), np.zeros(2)))
    open_, warnings = quality(Measured("AB", told, scored(), np.array([0.0, 0.1])))
    assert sure.low - open_.low == pytest.approx(0.1 * 0.7)
    assert open_.high - sure.high == pytest.approx(0.1 * 0.3)
    assert "10 % in B" in warnings[0]


def test_requests_that_one_arm_leaves_unscored_may_have_been_its_worst() -> None:
    told = {Metric.QUALITY: rows(np.random.default_rng(3))}
    even, _ = quality(Measured("AB", told, scored(), np.zeros(2)))
    fewer, warnings = quality(Measured("AB", told, scored(others=0.4), np.zeros(2)))
    # A fifth of A's scored requests has no like in B: they may all have been 0, or all 1.
    assert fewer.low == pytest.approx(even.low - 0.25 * 0.7, abs=0.01)
    assert fewer.high == pytest.approx(even.high + 0.25 * 0.3, abs=0.01)
    assert "have a score" in warnings[0]
    more, _ = quality(Measured("AB", told, scored(first=0.4), np.zeros(2)))
    assert more.low == pytest.approx(even.low - 0.25 * 0.3, abs=0.01)


def test_the_last_users_say_how_much_less_certain_all_requests_are() -> None:
    rng = np.random.default_rng(4)
    told = rows(rng, taste=0.2)
    # All: ten times as many requests, summed by arm, with a mean that lies 0.1 apart.
    place = np.array([0, 1], dtype=np.int64)
    weight = np.full(2, 10_000.0)
    whole = Rows(place, place, place * 0, weight, weight * [0.6, 0.7], weight * [0.5, 0.6])
    found, _ = quality(
        Measured(
            "AB", {Metric.QUALITY: told}, scored(), np.zeros(2), {Metric.QUALITY: whole}, growth=2.0
        )
    )
    assert found.delta == pytest.approx(0.1)
    assert found.count == 20_000
    grown = Measured(
        "AB", {Metric.QUALITY: told}, scored(), np.zeros(2), {Metric.QUALITY: whole}, growth=8.0
    )
    wider, _ = quality(grown)
    assert wider.high - wider.low > 1.5 * (found.high - found.low)
    assert grown.effect(Metric.QUALITY) > 3
