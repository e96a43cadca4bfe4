"""Quantile sketches: within their error, and the same bytes in any order."""

import math

import numpy as np
from ddsketch import DDSketch
from hypothesis import given
from hypothesis import strategies as st

from graph.sketch import RELATIVE_ERROR, GroupedBins, Sketch, bin_of, value_of

values = st.floats(min_value=0.01, max_value=1e9, allow_nan=False)


@given(values)
def test_a_bin_reads_as_a_value_within_the_error(value: float) -> None:
    assert abs(value_of(bin_of(value)) - value) <= RELATIVE_ERROR * value * (1 + 1e-9)


@given(st.lists(values), st.lists(values))
def test_merging_in_any_order_gives_the_same_bytes(left: list[float], right: list[float]) -> None:
    whole = Sketch([*right, *left])
    merged = Sketch(left)
    merged.merge(Sketch(right))
    assert merged == whole
    assert merged.to_bytes() == whole.to_bytes()
    assert Sketch.from_bytes(merged.to_bytes()) == whole


@given(st.lists(values, min_size=1, max_size=200), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_a_quantile_is_within_the_error_of_the_exact_one(told: list[float], q: float) -> None:
    exact = sorted(told)[max(1, math.ceil(q * len(told))) - 1]
    found = Sketch(told).quantile(q)
    assert found is not None
    assert abs(found - exact) <= RELATIVE_ERROR * exact * (1 + 1e-9)


def test_it_agrees_with_the_reference_implementation() -> None:
    rng = np.random.default_rng(7)
    told = rng.lognormal(6, 0.8, 5000)
    reference = DDSketch(RELATIVE_ERROR)
    for value in told:
        reference.add(float(value))
    ours = Sketch(told.tolist())
    for q in (0.05, 0.5, 0.9, 0.99):
        found, expected = ours.quantile(q), reference.get_quantile_value(q)
        assert found is not None
        assert expected is not None
        assert abs(found - expected) <= 2 * RELATIVE_ERROR * expected


def test_an_empty_sketch_has_no_quantile() -> None:
    assert Sketch().quantile(0.5) is None
    assert Sketch.from_bytes(b"").quantile(0.5) is None


def test_nothing_is_too_small_or_too_large_to_count() -> None:
    assert Sketch([0.0, 1e-9]).quantile(1.0) == 0.0
    assert Sketch([1e300]).count == 1


@given(st.lists(st.tuples(st.integers(0, 3), values), max_size=60), st.floats(0.01, 1.0))
def test_groups_at_once_equal_one_sketch_each(told: list[tuple[int, float]], q: float) -> None:
    bins = GroupedBins(
        np.array([group for group, _ in told], dtype=np.int64),
        np.array([bin_of(value) for _, value in told], dtype=np.int64),
        np.ones(len(told), dtype=np.int64),
        groups=4,
    )
    ranks = np.maximum(1.0, np.ceil(q * bins.totals))
    found = bins.value_at(ranks)
    for group in range(4):
        expected = Sketch(value for g, value in told if g == group).quantile(q)
        if expected is None:
            assert np.isnan(found[group])
        else:
            assert math.isclose(found[group], expected)
