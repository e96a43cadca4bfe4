"""Shares and arms: in proportion, the same for ever, and few move when something changes."""

from collections import Counter
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.policies.assignment import Arms, draw, stable_hash

USERS = 20_000
SEEDS = [stable_hash("test", str(number)) for number in range(USERS)]
NAMES = st.text("abcdef", min_size=1, max_size=3)
WEIGHTS = st.one_of(st.just(0.0), st.floats(0, 1e308), st.floats(0, 1))


def test_the_hash_never_changes() -> None:
    assert stable_hash("main", "ann") == 14110403318279692116
    assert stable_hash("a", "bc") != stable_hash("ab", "c")


def test_shares_are_close_to_the_weights() -> None:
    weights = {"a": 70.0, "b": 20.0, "c": 10.0, "off": 0.0}
    drawn = Counter(draw(weights, seed=seed)[0] for seed in SEEDS)
    assert set(drawn) == {"a", "b", "c"}
    for name, weight in weights.items():
        assert drawn[name] / USERS == pytest.approx(weight / 100, abs=0.012)


def test_where_one_is_out_its_users_go_to_the_others_in_proportion() -> None:
    orders = [draw({"a": 50.0, "b": 30.0, "c": 20.0}, seed=seed) for seed in SEEDS]
    second = Counter(order[1] for order in orders if order[0] == "a")
    assert second["b"] / second.total() == pytest.approx(0.6, abs=0.02)


def test_a_weight_that_grows_takes_users_and_moves_no_other() -> None:
    for seed in SEEDS[:5_000]:
        before = draw({"a": 1.0, "b": 1.0, "c": 1.0}, seed=seed)[0]
        after = draw({"a": 2.0, "b": 1.0, "c": 1.0}, seed=seed)[0]
        assert after in (before, "a")


@given(st.dictionaries(NAMES, WEIGHTS, max_size=6), st.integers(0, 2**64 - 1))
def test_zero_and_huge_weights_and_their_order_break_nothing(
    weights: dict[str, float], seed: int
) -> None:
    order = draw(weights, seed=seed)
    assert len(set(order)) == len(order)
    assert set(order) <= {name for name, weight in weights.items() if weight > 0}
    assert bool(order) == any(weights.values())
    assert order == draw(dict(sorted(weights.items(), reverse=True)), seed=seed)


PERCENTS = st.dictionaries(NAMES, st.integers(0, 40), min_size=1, max_size=5).filter(
    lambda percents: sum(percents.values()) <= 100
)


def members(percents: Mapping[str, float]) -> list[str | None]:
    arms = Arms(percents)
    return [arms.of(seed) for seed in SEEDS[:4_000]]


@given(PERCENTS)
def test_arms_have_their_percent(percents: dict[str, float]) -> None:
    found = Counter(members(percents))
    for arm, percent in percents.items():
        assert found[arm] / 4_000 == pytest.approx(percent / 100, abs=0.05)
    assert found[None] / 4_000 == pytest.approx(1 - sum(percents.values()) / 100, abs=0.05)
    assert members(dict(reversed(percents.items()))) == members(percents)


@given(PERCENTS, st.data())
def test_an_arm_that_grows_keeps_its_users_and_those_before_it_keep_theirs(
    percents: dict[str, float], data: st.DataObject
) -> None:
    grown = data.draw(st.sampled_from(sorted(percents)))
    room = 100 - sum(percents.values())
    more = {**percents, grown: percents[grown] + room / 2}
    for before, after in zip(members(percents), members(more), strict=True):
        if before is not None and before <= grown:
            assert after == before


@given(st.integers(0, 100), st.integers(0, 100))
def test_of_two_arms_that_share_all_only_those_move_that_must(one: int, other: int) -> None:
    before = members({"control": one, "treatment": 100 - one})
    after = members({"control": other, "treatment": 100 - other})
    moved = {(b, a) for b, a in zip(before, after, strict=True) if a != b}
    towards = ("treatment", "control") if other > one else ("control", "treatment")
    assert moved <= {towards}


def test_a_new_arm_after_the_others_takes_only_users_without_one() -> None:
    before = members({"a": 20, "b": 20})
    after = members({"a": 20, "b": 20, "c": 20})
    assert {b for b, a in zip(before, after, strict=True) if a != b} == {None}


def test_arms_of_more_than_all_users_are_cut_at_all() -> None:
    assert set(members({"a": 80, "b": 80})) == {"a", "b"}
    assert members({"a": 0}) == [None] * 4_000
