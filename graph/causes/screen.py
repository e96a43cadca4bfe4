"""The first look at all slices of a ledger: which few are worth fitting. Pure.

Sums over every slice come from one pass over numbered slices (`lattice`), so that thousands of
slices cost a few milliseconds; what is promising is then fitted hour by hour.
"""

import math
from dataclasses import dataclass

import numpy as np

from graph.causes.lattice import lattice_of
from graph.causes.panel import Array, Panel
from graph.frame import Ints, Mask

Place = tuple[tuple[str, str], ...]
"""A slice as (dimension, label) pairs, in the order of the dimensions; () is everything."""

FEWEST_COUNT = 20.0
FEWEST_EXPOSED = 6.0
"""Observations in a slice, and under an exposure, below which nothing is made of them."""
_FREEDOM = 200.0
_DIMENSION_COST = 0.5
"""What a further dimension must gain to be preferred over a slice of as much evidence."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over the rows of each of some units: what a first estimate of an effect needs.

    `squared` is count x exposure², `cross` residual x exposure; `units` are their numbers.
    """

    units: Ints
    count: Array
    exposed: Array
    squared: Array
    amount: Array
    cross: Array
    spread: Array


class Screen:
    """All slices of a panel's units along some dimensions."""

    def __init__(self, panel: Panel, dimensions: tuple[str, ...], *, deepest: int) -> None:
        units = panel.units
        columns = [units.place(name) for name in dimensions]
        columns = [column for column in columns if len(units.labels[column]) > 1]
        self._names = tuple(units.dimensions[column] for column in columns)
        self._labels = tuple(units.labels[column] for column in columns)
        self._lattice = lattice_of(units.codes[:, columns], deepest=deepest)
        cuboids = self._lattice.cuboids
        self._everything = self._lattice.size
        whole = np.full((1, len(units.codes)), self._everything, dtype=np.int64)
        self._ids: Ints = np.concatenate(
            [whole, *((c.place + c.first)[None, :].astype(np.int64) for c in cuboids)]
        )
        self._depths = np.array([0, *(len(c.dimensions) for c in cuboids)], dtype=np.int64)
        self._depth = np.append(self._lattice.depth, 0)

    def promising(self, sums: Sums, *, deepest: int, most: int) -> list[tuple[int, float]]:
        """The numbers of the slices with the largest gains, each with the penalty for choosing.

        All of the rows are as likely a place beforehand as all other slices together.

        Slices that hold the same rows of those given count once, under their shortest name.
        """
        ids = self._ids[self._depths <= deepest][:, sums.units]
        flat, repeats = ids.ravel(), len(ids)

        def summed(values: Array) -> Array:
            weights = np.tile(values, repeats)
            found = np.bincount(flat, weights=weights, minlength=self._everything + 1)
            return found.astype(np.float64)

        n, e, ee = summed(sums.count), summed(sums.exposed), summed(sums.squared)
        r, re = summed(sums.amount), summed(sums.cross)
        told = (n >= FEWEST_COUNT) & (e >= FEWEST_EXPOSED)
        safe = np.where(told, n, 1.0)
        contrast = np.where(told, ee - e**2 / safe, 0.0)
        good = told & (contrast > 1e-9 * safe)
        if not good.any():
            return []
        scale = np.where(good, contrast, 1.0)
        effect = np.where(good, (re - e * r / safe) / scale, 0.0)
        noise = np.maximum(summed(sums.spread) / safe, 1e-18)
        gain = 0.5 * _FREEDOM * np.log1p(effect**2 * scale / noise / _FREEDOM)
        score = np.where(good, gain - _DIMENSION_COST * self._depth, -np.inf)
        others = math.log(2 * int(good.sum()))
        chosen: list[tuple[int, float]] = []
        seen: set[tuple[float, ...]] = set()
        for number in np.argsort(-score, kind="stable")[: 4 * most].tolist():
            rows = tuple(round(float(each[number]), 9) for each in (n, e, r, re))
            if good[number] and rows not in seen:
                seen.add(rows)
                whole = n[number] >= n[self._everything] * (1 - 1e-9)
                chosen.append((number, math.log(2) if whole else others))
        return chosen[:most]

    def place(self, number: int) -> tuple[Place, Mask]:
        """A slice by number: its labels, and which units lie in it."""
        if number == self._everything:
            everything: Mask = np.ones(int(self._ids.shape[1]), dtype=np.bool_)
            return (), everything
        named: Place = tuple(
            (self._names[dimension], self._labels[dimension][code])
            for dimension, code in self._lattice.name(number)
        )
        inside = np.zeros(self._ids.shape[1], dtype=np.bool_)
        inside[self._lattice.members(number)] = True
        return named, inside
