"""Every slice up to three dimensions deep that occurs in some rows, with fast sums by slice. Pure.

A slice is a combination of labels, one for each of its dimensions; a cuboid is all slices of the
same dimensions. Two slices that hold the same rows are one slice under two names: the shorter
name is kept, the others are its aliases.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from graph.causes.panel import Array
from graph.frame import Ints

DEEPEST = 3
SEED = 20_260_901

Name = tuple[tuple[int, int], ...]
"""A slice by numbers: (dimension, code) pairs, dimensions ascending."""


@dataclass(frozen=True, slots=True)
class Cuboid:
    """The slices of some dimensions: those numbered `first` to `first + size`, and which row is
    in which (`place`, counted from 0 within the cuboid)."""

    dimensions: tuple[int, ...]
    first: int
    size: int
    place: Ints


@dataclass(frozen=True, slots=True)
class Lattice:
    """Slices by number, over `rows` rows.

    `example` is the first row of each slice, `depth` its number of dimensions, `alias_of` the
    number of the slice that it is another name of (its own where it is not).
    """

    codes: Ints
    cuboids: tuple[Cuboid, ...]
    example: Ints
    depth: Ints
    alias_of: Ints

    @property
    def rows(self) -> int:
        """How many rows the slices are made of."""
        return len(self.codes)

    @property
    def size(self) -> int:
        """How many slices there are."""
        return len(self.example)

    def sums(self, values: Array) -> Array:
        """Per slice the sum of `values` (rows, or rows by columns) over its rows."""
        if values.ndim == 1:
            parts = [np.bincount(c.place, values, c.size).astype(np.float64) for c in self.cuboids]
            return np.concatenate(parts) if parts else np.zeros(0)
        return np.column_stack([self.sums(column) for column in values.T])

    def cuboid(self, number: int) -> Cuboid:
        """The cuboid that a slice belongs to."""
        firsts = [c.first for c in self.cuboids]
        return self.cuboids[int(np.searchsorted(firsts, number, side="right")) - 1]

    def name(self, number: int) -> Name:
        """The (dimension, code) pairs of a slice."""
        row = self.codes[self.example[number]]
        return tuple((d, int(row[d])) for d in self.cuboid(number).dimensions)

    def members(self, number: int) -> Ints:
        """The rows of a slice, ascending."""
        cuboid = self.cuboid(number)
        return np.flatnonzero(cuboid.place == number - cuboid.first)

    def names(self, number: int) -> tuple[Name, ...]:
        """All names of what a slice holds, its own first, then the shorter before the longer."""
        kept = int(self.alias_of[number])
        same = [int(i) for i in np.flatnonzero(self.alias_of == kept)]
        return tuple(self.name(i) for i in sorted(same, key=lambda i: (i != number, i)))


def packed(codes: Ints) -> tuple[Ints, int]:
    """For each row the number of its combination of codes, and how many there are.

    Combinations are numbered in the order of their codes, the first column counting most.
    """
    place = np.zeros(len(codes), dtype=np.int64)
    size = min(1, len(codes))
    for column in codes.T:
        place, size = _joined(place, size=size, column=column)
    return place, size


def _joined(place: Ints, *, size: int, column: Ints) -> tuple[Ints, int]:
    """`place` told apart further by a column, numbered without gaps."""
    if not len(place):
        return place, 0
    width = int(column.max()) + 1
    key = place * width + column
    if size * width > 8 * len(place) + 1024:
        _, inverse = np.unique(key, return_inverse=True)
        return inverse.reshape(-1), int(inverse.max()) + 1
    seen = np.bincount(key, minlength=size * width) > 0
    number = np.cumsum(seen) - 1
    return number[key], int(number[-1]) + 1


def lattice_of(codes: Ints, *, deepest: int = DEEPEST) -> Lattice:
    """All slices of one to `deepest` dimensions that rows by dimensions codes (from 0) have.

    A dimension that another one determines adds nothing to a cuboid that has the other (a model
    to its deployment), so such cuboids are left out.
    """
    dimensions = codes.shape[1]
    places: dict[tuple[int, ...], tuple[Ints, int]] = {(): (np.zeros(len(codes), np.int64), 1)}
    settled: set[tuple[int, int]] = set()
    cuboids: list[Cuboid] = []
    first = 0
    for depth in range(1, min(deepest, dimensions) + 1):
        for chosen in combinations(range(dimensions), depth):
            if any((a, b) in settled for a in chosen for b in chosen):
                continue
            start, size = places[chosen[:-1]]
            place, size = _joined(start, size=size, column=codes[:, chosen[-1]])
            if depth == 2:
                settled |= _determined(chosen, places=places, size=size)
                if any((a, b) in settled for a in chosen for b in chosen):
                    continue
            if depth < deepest:
                places[chosen] = (place, size)
            cuboids.append(Cuboid(chosen, first, size, place))
            first += size
    return _completed(codes, cuboids)


def _determined(
    pair: tuple[int, ...], *, places: dict[tuple[int, ...], tuple[Ints, int]], size: int
) -> set[tuple[int, int]]:
    """(a, b) where b has one label only for each label of a."""
    a, b = pair
    found: set[tuple[int, int]] = set()
    if size == places[a,][1]:
        found.add((a, b))
    if size == places[b,][1]:
        found.add((b, a))
    return found


def _completed(codes: Ints, cuboids: list[Cuboid]) -> Lattice:
    """The lattice of these cuboids, with what tells its slices apart."""
    rows = len(codes)
    size = sum(c.size for c in cuboids)
    example = np.full(size, rows, dtype=np.int64)
    depth = np.zeros(size, dtype=np.int64)
    for c in cuboids:
        # Assigned from the last row to the first, so that the first one stays.
        example[c.first + c.place[::-1]] = np.arange(rows - 1, -1, -1)
        depth[c.first : c.first + c.size] = len(c.dimensions)
    bare = Lattice(codes, tuple(cuboids), example, depth, np.arange(size))
    # Slices with the same rows add the same random numbers in the same order: the sums are equal
    # to the last bit, and with 53 random bits those of different rows are not.
    marks = bare.sums(np.random.default_rng(SEED).random(rows))
    _, number = np.unique(marks, return_inverse=True)
    shortest = np.full(size, size, dtype=np.int64)
    # Slices are numbered by depth, so the lowest number has the shortest name.
    np.minimum.at(shortest, number.reshape(-1), np.arange(size))
    return Lattice(codes, tuple(cuboids), example, depth, shortest[number.reshape(-1)])
