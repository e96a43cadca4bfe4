"""Slices of some rows: all that occur, their sums, and their names."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graph.causes.lattice import Lattice, Name, lattice_of, packed
from graph.frame import Ints


def codes(*rows: tuple[int, ...]) -> Ints:
    return np.array(rows, dtype=np.int64).reshape(len(rows), -1)


tables = st.lists(st.tuples(*(st.integers(0, 3) for _ in range(4))), min_size=1, max_size=25).map(
    lambda rows: codes(*rows)
)


def by_hand(table: Ints) -> dict[Name, tuple[int, ...]]:
    """Every slice of one to three dimensions with its rows."""
    found: dict[Name, list[int]] = {}
    for depth in (1, 2, 3):
        for chosen in combinations(range(table.shape[1]), depth):
            for i, row in enumerate(table):
                found.setdefault(tuple((d, int(row[d])) for d in chosen), []).append(i)
    return {name: tuple(rows) for name, rows in found.items()}


def members(lattice: Lattice) -> dict[Name, tuple[int, ...]]:
    return {lattice.name(i): tuple(int(r) for r in lattice.members(i)) for i in range(lattice.size)}


@given(tables)
def test_every_group_of_rows_has_its_slice(table: Ints) -> None:
    expected = by_hand(table)
    found = members(lattice_of(table))
    assert found.items() <= expected.items()
    assert set(found.values()) == set(expected.values())


@given(tables)
def test_only_names_that_add_nothing_are_left_out(table: Ints) -> None:
    found = members(lattice_of(table))
    shorter = {rows: len(name) for name, rows in sorted(found.items(), key=lambda x: -len(x[0]))}
    for name, rows in by_hand(table).items():
        assert name in found or shorter[rows] < len(name)


@given(tables, st.data())
def test_sums_are_those_of_the_members(table: Ints, data: st.DataObject) -> None:
    lattice = lattice_of(table)
    size = len(table) * 2
    drawn = data.draw(st.lists(st.integers(-100, 100), min_size=size, max_size=size))
    values = np.array(drawn, dtype=np.float64).reshape(len(table), 2)
    sums = lattice.sums(values)
    assert sums.shape == (lattice.size, 2)
    for i in range(lattice.size):
        assert sums[i].tolist() == values[lattice.members(i)].sum(axis=0).tolist()
    assert lattice.sums(values[:, 0]).tolist() == sums[:, 0].tolist()


@given(tables)
def test_aliases_have_the_same_rows_and_the_shortest_is_kept(table: Ints) -> None:
    lattice = lattice_of(table)
    rows = [tuple(int(r) for r in lattice.members(i)) for i in range(lattice.size)]
    for i, kept in enumerate(lattice.alias_of.tolist()):
        assert kept == rows.index(rows[i])
        assert lattice.depth[kept] <= lattice.depth[i]
        assert set(lattice.names(i)) == {
            lattice.name(j) for j, r in enumerate(rows) if r == rows[i]
        }
        assert lattice.names(i)[0] == lattice.name(i)


def test_a_dimension_that_another_determines_makes_no_cuboid_with_it() -> None:
    deployments = codes((0, 0, 0), (1, 0, 1), (2, 1, 0), (2, 1, 1))  # the second follows the first
    chosen = {cuboid.dimensions for cuboid in lattice_of(deployments).cuboids}
    assert chosen == {(0,), (1,), (2,), (0, 2), (1, 2)}


def test_no_deeper_than_asked() -> None:
    assert lattice_of(codes((0, 0, 0), (1, 1, 0), (0, 1, 1)), deepest=1).depth.max() == 1


def test_nothing_has_no_slices() -> None:
    assert lattice_of(np.zeros((0, 3), np.int64)).size == 0
    assert lattice_of(np.zeros((4, 0), np.int64)).sums(np.ones(4)).tolist() == []


def test_a_wide_range_of_codes_is_packed_without_a_table() -> None:
    far = codes((0, 10**6), (10**6, 0), (0, 10**6))
    place, size = packed(far)
    assert (place.tolist(), size) == ([0, 1, 0], 2)
    assert {lattice_of(far).name(i) for i in range(2)} == {((0, 0),), ((0, 10**6),)}
