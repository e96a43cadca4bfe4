"""Arms are compared by user and within strata: unbiased by busy days, wide for heavy users."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.trials.arms import LEAST_USERS, Rows, difference, mean, users_by_arm


def rows_of(*rows: tuple[int, int, int, float, float, float]) -> Rows:
    """Rows from (user, arm, stratum, weight, total, squares)."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    ints = [np.array(column, dtype=np.int64) for column in columns[:3]]
    floats = [np.array(column, dtype=np.float64) for column in columns[3:]]
    return Rows(ints[0], ints[1], ints[2], floats[0], floats[1], floats[2])


def simulated(rng: np.random.Generator, *, users: int = 60) -> Rows:
    return rows_of(*drawn(rng, users=users))


def drawn(
    rng: np.random.Generator, *, users: int = 60, taste: float = 0.1
) -> list[tuple[int, int, int, float, float, float]]:
    rows: list[tuple[int, int, int, float, float, float]] = []
    for user in range(users):
        arm, own = user % 2, rng.normal(0, taste)
        for day in range(5):
            count = int(rng.poisson(rng.lognormal(0, 1)))
            if count:
                values = 0.7 + own + 0.02 * day + rng.normal(0, 0.2, count)
                rows.append((user, arm, day, count, values.sum(), (values**2).sum()))
    return rows


def test_a_mean_is_that_of_all_requests() -> None:
    rows = rows_of(*((user, 0, 0, 1 + user % 3, 0.5 * (1 + user % 3), 1.0) for user in range(12)))
    found = mean(rows, 0)
    assert found.value == pytest.approx(0.5)
    assert found.count == 24
    assert found.variance == pytest.approx(0, abs=1e-20)


def test_simpsons_paradox_does_not_fool_it() -> None:
    # The second day is bad and B gets most of it: raw means differ by 0.24, the arms do not.
    rows = rows_of(
        *((user, 0, 0, 9, 9 * 0.9, 9 * 0.81) for user in range(20)),
        *((user, 1, 0, 1, 0.9, 0.81) for user in range(20, 40)),
        *((user, 0, 1, 1, 0.5, 0.25) for user in range(20)),
        *((user, 1, 1, 9, 9 * 0.5, 9 * 0.25) for user in range(20, 40)),
    )
    assert mean(rows, 1).value - mean(rows, 0).value == pytest.approx(-0.32)
    assert difference(rows, 1, against=0).value == pytest.approx(0, abs=1e-12)


def test_a_stratum_with_one_arm_tells_nothing_of_the_difference() -> None:
    both = [(user, user % 2, 0, 2, 1.0 + 0.2 * (user % 2), 1.0) for user in range(40)]
    alone = [(user, 0, 1, 50, 0.0, 0.0) for user in range(0, 40, 2)]
    assert difference(rows_of(*both, *alone), 1, against=0).value == pytest.approx(0.1)


def test_the_variance_is_that_between_experiments() -> None:
    rng = np.random.default_rng(5)
    found = [difference(simulated(rng), 1, against=0) for _ in range(300)]
    spread = np.var([one.value for one in found])
    assert np.mean([one.variance for one in found]) == pytest.approx(spread, rel=0.25)
    assert np.mean([one.plain for one in found]) < 0.7 * spread


def test_many_requests_of_one_user_are_not_many_users() -> None:
    users = drawn(np.random.default_rng(6))
    heavy = [(98, 0, 0, 5000, 4500.0, 4060.0), (99, 1, 0, 5000, 3000.0, 1810.0)]
    rows, joined = rows_of(*users), rows_of(*users, *heavy)
    alone, beside = (difference(each, 1, against=0) for each in (rows, joined))
    # Two of 62 users: ten thousand requests hardly count for more than theirs.
    assert abs(beside.value - alone.value) < 0.05
    assert difference(joined, 1, against=0, even=True).value == pytest.approx(-0.29, abs=0.03)
    assert difference(joined, 1, against=0, even=True).freedom < 4


def test_a_user_in_both_arms_is_one_user() -> None:
    rng = np.random.default_rng(7)
    apart: list[tuple[int, int, int, float, float, float]] = []
    for user in range(40):
        own = rng.normal(0, 0.3)
        for arm in (0, 1):
            value = 5 * (0.5 + own + 0.1 * arm)
            apart.append((user, arm, 0, 5, value, value**2 / 5))
    moved = difference(rows_of(*apart), 1, against=0)
    assert moved.value == pytest.approx(0.1)
    assert moved.variance < 1e-3  # tastes cancel out: they are in both


@pytest.mark.parametrize("users", [0, 2, 2 * LEAST_USERS - 2])
def test_few_users_bound_nothing(users: int) -> None:
    rows = rows_of(*((user, user % 2, 0, 3, 1.5, 1.0) for user in range(users)))
    assert np.isnan(difference(rows, 1, against=0).variance)


@given(st.integers(0, 10_000), st.floats(0.1, 10), st.floats(-5, 5))
def test_differences_scale_and_do_not_depend_on_the_order(
    seed: int, scale: float, shift: float
) -> None:
    rng = np.random.default_rng(seed)
    rows = simulated(rng, users=30)
    order = rng.permutation(len(rows.user))
    other = Rows(
        rows.user[order],
        rows.arm[order],
        rows.stratum[order],
        rows.weight[order],
        scale * rows.total[order] + shift * rows.weight[order],
        scale**2 * rows.squares[order]
        + 2 * scale * shift * rows.total[order]
        + shift**2 * rows.weight[order],
    )
    one, same = difference(rows, 1, against=0), difference(other, 1, against=0)
    back = difference(rows, 0, against=1)
    assert same.value == pytest.approx(scale * one.value, rel=1e-5, abs=1e-6)
    assert same.variance == pytest.approx(scale**2 * one.variance, rel=1e-4)
    assert back.value == pytest.approx(-one.value)


def test_users_are_counted_where_they_were_first() -> None:
    user, arm, step = (
        np.array(each) for each in ([0, 0, 1, 2, 1], [0, 1, 1, 0, 1], [0, 1, 1, 1, 0])
    )
    assert users_by_arm(user, arm, step, arms=2).tolist() == [[1, 1], [1, 0]]
    empty = np.empty(0, dtype=np.int64)
    assert users_by_arm(empty, empty, empty, arms=2).shape == (0, 2)
