"""What leaves were expected to measure, and how far that is believed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.causes.leaves import Leaves, dispersion, evidence_of, leaves_of
from graph.causes.panel import DIMENSIONS, Panel, Units
from graph.slices import Metric

Row = tuple[str, str, float, float, float, float]


def leaves(*rows: Row, names: tuple[str, str] = ("deployment", "task_type")) -> Leaves:
    """Rows of two labels, tries and hits before, tries and hits after."""
    labels = tuple(tuple(sorted({str(row[d]) for row in rows})) for d in (0, 1))
    figures = np.array([row[2:] for row in rows], dtype=np.float64).T
    return Leaves(
        dimensions=names,
        labels=labels,
        codes=np.array([[labels[d].index(str(row[d])) for d in (0, 1)] for row in rows]),
        count_before=figures[0],
        total_before=figures[1],
        squares_before=figures[1],
        count_after=figures[2],
        total_after=figures[3],
    )


def test_a_well_known_leaf_is_expected_to_go_on() -> None:
    found = evidence_of(leaves(("a", "x", 1e6, 9e5, 100, 70), ("b", "y", 1e6, 5e5, 100, 50)))
    assert found.excess.tolist() == pytest.approx([-20, 0], abs=0.1)
    assert found.variance[0] == pytest.approx(100 * 0.09, rel=0.01)


def test_a_leaf_without_a_past_is_judged_by_its_labels() -> None:
    rows = [
        ("a", "x", 1000.0, 900.0, 100.0, 90.0),
        ("a", "y", 1000.0, 600.0, 100.0, 60.0),
        ("b", "x", 1000.0, 700.0, 100.0, 70.0),
        ("b", "y", 0.0, 0.0, 100.0, 40.0),
        ("c", "y", 1000.0, 400.0, 100.0, 40.0),
    ]
    found = evidence_of(leaves(*rows))
    assert found.labels == (("a", "b", "c"), ("x", "y"))
    # Along a, y has 0.3 less than x, so b's 0.7 for x makes 0.4 for y.
    assert found.excess[3] == pytest.approx(0, abs=5)
    assert found.variance[3] > 3 * found.variance[2]


def test_a_replaced_dimension_is_left_out_and_its_leaves_meet_their_past() -> None:
    rows = leaves(
        ("p@1", "x", 500, 450, 0, 0),
        ("p@2", "x", 0, 0, 500, 300),
        ("p@1", "y", 500, 450, 0, 0),
        ("p@2", "y", 0, 0, 500, 450),
        names=("policy_version", "task_type"),
    )
    found = evidence_of(rows)
    assert found.dimensions == ("task_type",)
    assert found.excess.tolist() == pytest.approx([-150, 0], abs=10)


def test_a_newcomer_replaces_nobody() -> None:
    rows = leaves(
        ("old", "x", 500, 450, 500, 450),
        ("new", "x", 0, 0, 500, 300),
        ("old", "y", 500, 450, 500, 450),
        names=("tenant", "task_type"),
    )
    assert evidence_of(rows).dimensions == ("task_type", "tenant")


@given(st.permutations(range(4)), st.booleans())
def test_order_and_split_rows_change_nothing(order: list[int], turned: bool) -> None:
    rows: list[Row] = [
        ("a", "x", 100, 90, 60, 40),
        ("a", "y", 80, 60, 40, 30),
        ("b", "x", 50, 20, 90, 20),
        ("b", "y", 70, 10, 20, 2),
    ]
    plain = evidence_of(leaves(*rows))
    half: Row = ("a", "x", 50, 45, 30, 20)
    mixed = leaves(*[rows[i] for i in order if i], half, half)
    if turned:
        mixed = replace(
            mixed,
            dimensions=mixed.dimensions[::-1],
            labels=mixed.labels[::-1],
            codes=mixed.codes[:, ::-1],
        )
    other = evidence_of(mixed)
    assert (other.dimensions, other.labels) == (plain.dimensions, plain.labels)
    assert other.codes.tolist() == plain.codes.tolist()
    assert other.excess.tolist() == pytest.approx(plain.excess.tolist(), abs=1e-9)
    assert other.variance.tolist() == pytest.approx(plain.variance.tolist(), abs=1e-9)


def test_independent_rows_are_not_dispersed_and_lurching_ones_are() -> None:
    rng = np.random.default_rng(5)
    leaf = np.repeat(np.arange(20), 50)
    count = np.full(1000, 40.0)

    def spread(lurch: float) -> float:
        chance = np.clip(0.5 + lurch * rng.standard_normal(1000), 0, 1)
        hits = rng.binomial(40, chance).astype(np.float64)
        return dispersion(leaf, count=count, total=hits, squares=hits)

    assert spread(0.0) == pytest.approx(1, abs=0.15)
    # The variance of the mean of 40 is 0.25 / 40; lurching adds 0.04 per row.
    assert spread(0.2) == pytest.approx(1 + 0.04 * 40 / 0.25, rel=0.2)


def test_dispersion_of_nothing_is_one() -> None:
    none = np.zeros(0)
    assert dispersion(np.zeros(0, np.int64), count=none, total=none, squares=none) == 1.0


def test_a_panel_becomes_leaves_along_the_dimensions_asked_for() -> None:
    labels: list[tuple[str, ...]] = [("none",)] * len(DIMENSIONS)
    place = DIMENSIONS.index("deployment")
    labels[place] = ("a", "b")
    codes = np.zeros((2, len(DIMENSIONS)), dtype=np.int64)
    codes[1, place] = 1
    ones = np.ones(4)
    hits = np.array([1.0, 0.0, 1.0, 1.0])
    panel = Panel(
        metric=Metric.ERROR_RATE,
        units=Units(DIMENSIONS, tuple(labels), codes),
        unit=np.array([0, 1, 0, 1]),
        hour=np.array([0, 0, 1, 1]),
        count=ones * 10,
        total=hits,
        squares=hits,
        requests=ones * 10,
        prompt_tokens=ones,
        completion_tokens=ones,
    )
    before = panel.hour == 0
    found = leaves_of(panel, before=before, after=~before, dimensions=("deployment",))
    assert found.labels == (("a", "b"),)
    assert found.codes.tolist() == [[0], [1]]
    assert found.total_before.tolist() == [1, 0]
    assert found.total_after.tolist() == [1, 1]
    assert leaves_of(panel, before=before, after=~before).dimensions == DIMENSIONS
