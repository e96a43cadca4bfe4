"""Splits of a delta: worked examples, and parts that sum to the whole whatever the data."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.causes.decomposition import (
    DIMENSIONS_AT_MOST,
    Sides,
    Spend,
    cost_split,
    mean_cost_split,
    nested_split,
    shapley_mix,
    slice_effects,
    split,
    split_by,
)
from graph.causes.panel import Array
from graph.frame import Ints

EXACT = 1e-9


def floats(*values: float) -> Array:
    return np.array(values, dtype=np.float64)


def sides(*cells: tuple[float, float, float, float]) -> Sides:
    """Cells as (count before, mean before, count after, mean after)."""
    rows = np.array(cells, dtype=np.float64).reshape(-1, 4)
    return Sides(rows[:, 0], rows[:, 0] * rows[:, 1], rows[:, 2], rows[:, 2] * rows[:, 3])


def codes(*rows: tuple[int, ...]) -> Ints:
    return np.array(rows, dtype=np.int64)


counts = st.integers(0, 500).map(float)
means = st.floats(0, 1)
cells = st.tuples(counts, means, counts, means)


@st.composite
def fleets(draw: st.DrawFn, dimensions: int = 3) -> tuple[Ints, Sides]:
    """Cells with labels, and some count on both sides."""
    size = draw(st.integers(1, 12))
    rows = draw(st.lists(cells, min_size=size, max_size=size))
    rows[0] = (rows[0][0] + 1, rows[0][1], rows[0][2], rows[0][3])
    rows[-1] = (rows[-1][0], rows[-1][1], rows[-1][2] + 1, rows[-1][3])
    label = st.tuples(*(st.integers(0, 2) for _ in range(dimensions)))
    return codes(*draw(st.lists(label, min_size=size, max_size=size))), sides(*rows)


def test_the_classic_example_of_two_groups() -> None:
    told = split(sides((80, 0.9, 50, 0.8), (20, 0.5, 50, 0.5)))
    # Weights 0.8 and 0.2 to 0.5 and 0.5; the metric from 0.82 to 0.65, in the middle 0.735.
    assert told.mix == pytest.approx([-0.3 * (0.85 - 0.735), 0.3 * (0.5 - 0.735)])
    assert told.within == pytest.approx([0.65 * -0.1, 0.0])


def test_a_shift_to_the_worse_is_mix_alone_however_good_it_looks_by_label() -> None:
    # Every label got better, and the whole got worse (Simpson).
    told = split(sides((90, 0.90, 10, 0.92), (10, 0.40, 90, 0.42)))
    assert told.within.sum() == pytest.approx(0.02)
    assert told.mix.sum() == pytest.approx(-0.4)


def test_what_came_and_what_went_is_mix() -> None:
    told = split(sides((50, 0.8, 50, 0.8), (50, 0.6, 0, 0.0), (0, 0.0, 50, 0.2)))
    assert told.within.tolist() == [0.0, 0.0, 0.0]
    assert told.mix.sum() == pytest.approx(-0.2)


def test_a_side_without_data_cannot_be_split() -> None:
    told = split(sides((0, 0.0, 50, 0.8)))
    assert np.isnan(told.mix).all()
    assert np.isnan(nested_split(codes((0, 0)), sides((0, 0.0, 50, 0.8))).parts[0])


@given(fleets())
def test_parts_sum_to_the_delta(fleet: tuple[Ints, Sides]) -> None:
    labels, rows = fleet
    told = split(rows)
    assert math.isclose((told.mix + told.within).sum(), rows.delta, abs_tol=EXACT)
    by = split_by(labels[:, 0], 3, rows)
    assert math.isclose((by.mix + by.within).sum(), rows.delta, abs_tol=EXACT)


@given(fleets())
def test_backwards_every_part_turns_its_sign(fleet: tuple[Ints, Sides]) -> None:
    rows = fleet[1]
    back = Sides(rows.count_after, rows.total_after, rows.count_before, rows.total_before)
    told, reverse = split(rows), split(back)
    np.testing.assert_allclose(told.mix, -reverse.mix, atol=EXACT)
    np.testing.assert_allclose(told.within, -reverse.within, atol=EXACT)


@given(fleets(), st.integers(1, 7))
def test_slices_that_part_the_traffic_sum_to_the_delta(
    fleet: tuple[Ints, Sides], pattern: int
) -> None:
    labels, rows = fleet
    inside = np.array([bool(pattern >> int(code) & 1) for code in labels[:, 0]], dtype=np.bool_)
    parts = [*slice_effects(inside, rows), *slice_effects(~inside, rows)]
    assert math.isclose(sum(parts), rows.delta, abs_tol=EXACT)


@given(fleets())
def test_the_part_of_a_slice_does_not_depend_on_how_cells_are_cut(
    fleet: tuple[Ints, Sides],
) -> None:
    labels, rows = fleet
    inside = labels[:, 0] == 0
    coarse = rows.grouped(labels[:, 0], 3)
    fine_part = sum(slice_effects(inside, rows))
    coarse_part = sum(slice_effects(np.array([True, False, False]), coarse))
    assert math.isclose(fine_part, coarse_part, abs_tol=EXACT)


@given(fleets())
def test_shapley_sums_to_the_delta_and_no_order_matters(fleet: tuple[Ints, Sides]) -> None:
    labels, rows = fleet
    mix, within = shapley_mix(labels, rows)
    assert math.isclose(mix.sum() + within, rows.delta, abs_tol=EXACT)
    for order in itertools.permutations(range(labels.shape[1])):
        again, same = shapley_mix(labels[:, list(order)], rows)
        np.testing.assert_allclose(again, mix[list(order)], atol=EXACT)
        assert math.isclose(same, within, abs_tol=EXACT)
    shuffled = np.arange(len(labels))[::-1]
    turned = Sides(
        rows.count_before[shuffled],
        rows.total_before[shuffled],
        rows.count_after[shuffled],
        rows.total_after[shuffled],
    )
    np.testing.assert_allclose(shapley_mix(2 - labels[shuffled], turned)[0], mix, atol=EXACT)


@given(fleets(dimensions=2))
def test_a_constant_dimension_carries_nothing_and_twins_share(fleet: tuple[Ints, Sides]) -> None:
    labels, rows = fleet
    told = shapley_mix(labels, rows)[0]
    constant = np.hstack([labels, np.zeros((len(labels), 1), dtype=np.int64)])
    np.testing.assert_allclose(shapley_mix(constant, rows)[0], [*told, 0.0], atol=EXACT)
    twins = shapley_mix(labels[:, [0, 0]], rows)[0]
    np.testing.assert_allclose(twins[0], twins[1], atol=EXACT)


def test_shapley_names_the_dimension_whose_mix_moved() -> None:
    # Hard tasks became more frequent in both tiers alike: the tier carries nothing.
    rows = sides((40, 0.9, 20, 0.9), (10, 0.5, 30, 0.5), (40, 0.9, 20, 0.9), (10, 0.5, 30, 0.5))
    mix, within = shapley_mix(codes((0, 0), (1, 0), (0, 1), (1, 1)), rows)
    assert mix == pytest.approx([rows.delta, 0.0])
    assert within == pytest.approx(0.0)


def test_shapley_refuses_what_would_never_end() -> None:
    with pytest.raises(ValueError, match="at most"):
        shapley_mix(np.zeros((1, DIMENSIONS_AT_MOST + 1), dtype=np.int64), sides((1, 1, 1, 1)))


@given(fleets())
def test_nested_parts_sum_to_the_delta(fleet: tuple[Ints, Sides]) -> None:
    labels, rows = fleet
    for depth in (1, 2, 3):
        told = nested_split(labels[:, :depth], rows)
        assert told.parts.shape == (depth + 1,)
        assert math.isclose(told.parts.sum(), rows.delta, abs_tol=EXACT)


@given(fleets())
def test_one_level_is_the_symmetric_split(fleet: tuple[Ints, Sides]) -> None:
    labels, rows = fleet
    told = nested_split(labels[:, :1], rows)
    present, group = np.unique(labels[:, 0], return_inverse=True)
    usual = split_by(group.astype(np.int64), len(present), rows)
    np.testing.assert_allclose(told.effects[:, 0], usual.mix, atol=EXACT)
    np.testing.assert_allclose(told.effects[:, 1], usual.within, atol=EXACT)


@given(fleets())
def test_splitting_rows_and_relabelling_changes_no_part(fleet: tuple[Ints, Sides]) -> None:
    labels, rows = fleet
    halves = Sides(*(np.concatenate([a / 2, a / 2]) for a in _arrays(rows)))
    told = nested_split(labels, rows).parts
    twice = nested_split(np.vstack([labels, labels]), halves).parts
    np.testing.assert_allclose(twice, told, atol=EXACT)
    np.testing.assert_allclose(nested_split(2 - labels, rows).parts, told, atol=EXACT)
    neutral = np.insert(labels, 1, 7, axis=1)
    np.testing.assert_allclose(np.delete(nested_split(neutral, rows).parts, 1), told, atol=EXACT)


def _arrays(rows: Sides) -> tuple[Array, ...]:
    return rows.count_before, rows.total_before, rows.count_after, rows.total_after


# Levels: who asks, which deployment served, who judged.
CHAIN = codes((0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0), (1, 1, 0))
MEANS = (0.9, 0.8, 0.6, 0.5, 0.7, 0.4)


def chain(*counts: tuple[float, float], shift: float = 0.0) -> Array:
    rows = sides(*((b, m, a, m + shift) for (b, a), m in zip(counts, MEANS, strict=True)))
    return nested_split(CHAIN, rows).parts


def test_each_level_is_blamed_for_its_own_doing() -> None:
    steady = ((40.0, 40.0), (10.0, 10.0), (20.0, 20.0), (5.0, 5.0), (30.0, 30.0), (20.0, 20.0))
    assert chain(*steady) == pytest.approx([0, 0, 0, 0])
    assert chain(*steady, shift=-0.1) == pytest.approx([0, 0, 0, -0.1])
    # The second tenant asks twice as much, through the same deployments.
    demand = chain(*steady[:4], (30, 60), (20, 40))
    assert demand[0] < -0.01
    assert demand[1:] == pytest.approx([0, 0, 0])
    # The router sends the first tenant's requests to the weaker deployment.
    routing = chain((40, 20), (10, 5), (20, 40), (5, 10), *steady[4:])
    assert routing[1] < -0.05
    assert routing[[0, 2, 3]] == pytest.approx([0, 0, 0])
    # The harsher judge sees more of the answers.
    judged = chain((40, 10), (10, 40), *steady[2:])
    assert judged[2] < -0.01
    assert judged[[0, 1, 3]] == pytest.approx([0, 0, 0])


def test_a_new_tenant_is_demand_and_a_lost_deployment_routing() -> None:
    before = ((40.0, 40.0), (0.0, 0.0), (20.0, 20.0), (0.0, 0.0))
    new_tenant = chain(*before, (0, 30), (0, 20))
    assert new_tenant[0] < 0
    assert new_tenant[1:] == pytest.approx([0, 0, 0])
    lost = chain((40, 0), (0, 0), (20, 60), (0, 0), (30, 30), (20, 20))
    assert lost[1] < 0
    assert lost[[0, 2, 3]] == pytest.approx([0, 0, 0])


def test_a_cell_is_told_against_those_it_is_chosen_among() -> None:
    told = nested_split(
        CHAIN[[0, 2, 4]], sides((50, 0.9, 30, 0.9), (10, 0.5, 30, 0.5), (40, 0, 40, 0))
    )
    # Both moves hurt: less from the good one, more to the bad one; who was not touched has 0.
    assert (told.effects[:2, 1] < 0).all()
    assert told.effects[2] == pytest.approx([0, 0, 0, 0])


amounts = st.one_of(st.just(0.0), st.floats(1e-3, 1e6))
spends = st.lists(st.tuples(*(amounts for _ in range(6))), min_size=1, max_size=8)


def spent(rows: list[tuple[float, ...]]) -> tuple[Spend, Spend]:
    """Rows of requests, tokens, cost before and after; nothing costs without requests."""
    table = np.array(rows, dtype=np.float64)
    table[:, 1:3] *= table[:, :1] > 0
    table[:, 4:6] *= table[:, 3:4] > 0
    return Spend(*table[:, :3].T), Spend(*table[:, 3:].T)


@given(spends)
def test_costs_sum_to_the_delta_cell_by_cell(rows: list[tuple[float, ...]]) -> None:
    before, after = spent(rows)
    told = cost_split(before, after)
    np.testing.assert_allclose(
        told.requests + told.tokens + told.price, after.cost_usd - before.cost_usd, rtol=1e-9
    )
    assert np.isfinite([told.requests, told.tokens, told.price]).all()


@given(spends)
def test_costs_backwards_turn_their_sign(rows: list[tuple[float, ...]]) -> None:
    before, after = spent(rows)
    told, back = cost_split(before, after), cost_split(after, before)
    # Rounding goes with the amounts, up to a million here.
    np.testing.assert_allclose(told.requests, -back.requests, rtol=1e-9, atol=1e-4)
    np.testing.assert_allclose(told.tokens, -back.tokens, rtol=1e-9, atol=1e-4)
    np.testing.assert_allclose(told.price, -back.price, rtol=1e-9, atol=1e-4)


def one(requests: float, tokens: float, cost_usd: float) -> Spend:
    return Spend(floats(requests), floats(tokens), floats(cost_usd))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (one(10, 1000, 1.0), one(20, 2000, 2.0), (1.0, 0.0, 0.0)),
        (one(10, 1000, 1.0), one(10, 3000, 3.0), (0.0, 2.0, 0.0)),
        (one(10, 1000, 1.0), one(10, 1000, 1.5), (0.0, 0.0, 0.5)),
        (one(10, 1000, 1.0), one(10, 1000, 1.0), (0.0, 0.0, 0.0)),
        (one(0, 0, 0.0), one(10, 1000, 1.0), (1.0, 0.0, 0.0)),
        (one(10, 1000, 1.0), one(0, 0, 0.0), (-1.0, 0.0, 0.0)),
        (one(10, 1000, 0.0), one(20, 4000, 4.0), (0.0, 0.0, 4.0)),
        (one(10, 0, 0.0), one(10, 1000, 1.0), (0.0, 1.0, 0.0)),
        (one(10, 0, 1.0), one(10, 0, 3.0), (0.0, 0.0, 2.0)),
    ],
)
def test_costs_by_what_changed(
    before: Spend, after: Spend, expected: tuple[float, float, float]
) -> None:
    told = cost_split(before, after)
    assert (told.requests[0], told.tokens[0], told.price[0]) == pytest.approx(expected)


def test_a_zero_is_the_limit_of_ever_less() -> None:
    for less in (1e-6, 1e-9, 1e-12):
        told = cost_split(one(10, 1000 * less, less), one(20, 2000, 3.0))
    zero = cost_split(one(10, 0, 0.0), one(20, 2000, 3.0))
    assert zero.tokens[0] == pytest.approx(told.tokens[0], rel=0.1)
    assert zero.tokens[0] == 3.0


@given(spends)
def test_the_mean_cost_agrees_with_the_split_of_means(rows: list[tuple[float, ...]]) -> None:
    before, after = spent([(1.0, 5.0, 2.0, 1.0, 5.0, 3.0), *rows])
    told = mean_cost_split(before, after)
    usual = split(Sides(before.requests, before.cost_usd, after.requests, after.cost_usd))
    parts = told.requests + told.tokens + told.price
    # Costs run to a million and requests to a thousandth: the rounding is that of the means.
    size = before.per_request().cost_usd.sum() + after.per_request().cost_usd.sum()
    np.testing.assert_allclose(parts, usual.mix + usual.within, atol=1e-9 * max(size, 1.0))
