"""What each combination of labels was expected to measure, and by how much it differs. Pure.

A leaf's expectation is its own mean before, drawn towards the fleet's pattern (what its labels
add up to) where little was seen of it, so that small and new leaves are judged by their kind.
"""

from dataclasses import dataclass

import numpy as np

from graph.causes.lattice import packed
from graph.causes.panel import Array, Panel
from graph.frame import Ints, Mask

PRIOR = 20.0
"""Requests' worth of the fleet's pattern in each leaf's expectation."""
FEWEST = 5.0
"""A leaf that had fewer requests is known by its pattern as well as from so many."""
ROUNDS = 8
REPLACED = 0.2
"""A dimension with this much of its traffic both gone and new has been replaced."""
ONE_SIDED = 0.05
STEADIEST = 0.25
"""The least variance within a leaf, as a share of the fleet's."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """Rows of one combination of labels each, before and after; rows may share one.

    `codes[row, dimension]` is a place in `labels[dimension]`. `count` is what the metric is a mean
    over, `total` the sum and `squares` the sum of squares of what is measured (for hits out of
    tries, squares and total are the same). `dispersion` is how many times more the means vary
    from hour to hour than independent requests would make them.
    """

    dimensions: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    codes: Ints
    count_before: Array
    total_before: Array
    squares_before: Array
    count_after: Array
    total_after: Array
    dispersion: float = 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the scan works on, per leaf: the excess over the expectation, and its variance.

    `weight` is the leaf's size after (its count), which `excess` and `variance` are sums over;
    `before` its size before. Leaves are distinct, in the order of their labels.
    """

    dimensions: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    codes: Ints
    weight: Array
    before: Array
    excess: Array
    variance: Array
    total_before: Array | None = None
    total_after: Array | None = None


def leaves_of(
    panel: Panel, *, before: Mask, after: Mask, dimensions: tuple[str, ...] | None = None
) -> Leaves:
    """A panel's units as leaves along some dimensions, with the rows that count as each side."""
    chosen = panel.units.dimensions if dimensions is None else dimensions
    units = len(panel.units.codes)

    def summed(values: Array, rows: Mask) -> Array:
        return np.bincount(panel.unit[rows], values[rows], units).astype(np.float64)

    return Leaves(
        dimensions=chosen,
        labels=tuple(panel.units.labels[panel.units.place(name)] for name in chosen),
        codes=panel.units.codes[:, [panel.units.place(name) for name in chosen]],
        count_before=summed(panel.count, before),
        total_before=summed(panel.total, before),
        squares_before=summed(panel.squares, before),
        count_after=summed(panel.count, after),
        total_after=summed(panel.total, after),
        dispersion=dispersion(
            panel.unit[before],
            count=panel.count[before],
            total=panel.total[before],
            squares=panel.squares[before],
        ),
    )


def dispersion(leaf: Ints, *, count: Array, total: Array, squares: Array) -> float:
    """How many times more the means of rows of the same leaf vary than requests would; at least 1.

    Pearson's statistic over its degrees of freedom.
    """
    size = int(leaf.max()) + 1 if len(leaf) else 0
    n, t, s = (
        np.bincount(leaf, values, size).astype(np.float64) for values in (count, total, squares)
    )
    mean = t / np.where(n > 0, n, 1.0)
    variance = _request_variance(n, t, s)
    rows = count > 0
    apart = (total - count * mean[leaf])[rows] ** 2
    expected = (count * variance[leaf])[rows]
    free = int(rows.sum()) - int((n > 0).sum())
    usable = expected > 0
    if free <= 0 or not usable.any():
        return 1.0
    return max(1.0, float((apart[usable] / expected[usable]).sum()) / free)


def evidence_of(leaves: Leaves) -> Evidence:
    """The excess of every distinct leaf over its expectation, in the order of its labels.

    Dimensions whose labels were replaced (a new policy version everywhere) can't say where, and
    are left out, so that their leaves meet their own past again.
    """
    merged = _merged(leaves)
    count, total = merged.count_before, merged.total_before
    pattern = _pattern(merged.codes, count=count, total=total)
    known = count + PRIOR
    expected = (total + PRIOR * pattern) / known
    n = merged.count_after
    variance = _request_variance(count, total, merged.squares_before) * merged.dispersion
    return Evidence(
        dimensions=merged.dimensions,
        labels=merged.labels,
        codes=merged.codes,
        weight=n,
        before=count,
        excess=merged.total_after - n * expected,
        # Leaves of few requests share the error of their pattern, so that a slice of them is
        # known no better than by the requests it had.
        variance=variance * (n + n**2 / np.maximum(count, FEWEST)),
        total_before=total,
        total_after=merged.total_after,
    )


def _request_variance(count: Array, total: Array, squares: Array) -> Array:
    """The variance of single requests by leaf, drawn towards the fleet's where they are few."""
    within = np.maximum(squares - total**2 / np.where(count > 0, count, 1.0), 0.0)
    free = np.maximum(count - 1.0, 0.0)
    fleet = float(within.sum()) / max(float(free.sum()), 1.0)
    return np.maximum((within + PRIOR * fleet) / (free + PRIOR), STEADIEST * fleet)


def _pattern(codes: Ints, *, count: Array, total: Array) -> Array:
    """What a leaf's labels add up to: a mean and an effect per label, fitted by ridge regression
    one dimension at a time, kept within the range of what leaves had."""
    whole = float(total.sum()) / max(float(count.sum()), 1e-300)
    fitted = np.full(len(count), whole)
    if not len(count):
        return fitted
    sizes = [int(column.max()) + 1 for column in codes.T]
    effects = [np.zeros(size) for size in sizes]
    counts = [np.bincount(column, count, size) for column, size in zip(codes.T, sizes, strict=True)]
    for _ in range(ROUNDS):
        for d, column in enumerate(codes.T):
            fitted = fitted - effects[d][column]
            left = np.bincount(column, total - count * fitted, sizes[d])
            effects[d] = left / (counts[d] + PRIOR)
            fitted = fitted + effects[d][column]
    seen = count > 0
    means = total[seen] / count[seen] if seen.any() else np.array([whole])
    return np.clip(fitted, float(means.min()), float(means.max()))


def _merged(leaves: Leaves) -> Leaves:
    """One row per combination along the dimensions that tell leaves apart, in a fixed order."""
    order = sorted(range(len(leaves.dimensions)), key=lambda d: leaves.dimensions[d])
    kept: list[int] = []
    columns: list[Ints] = []
    names: list[tuple[str, ...]] = []
    for d in order:
        labels, column = _relabelled(leaves.labels[d], leaves.codes[:, d])
        if len(labels) > 1 and not _replaced(column, leaves=leaves):
            kept.append(d)
            columns.append(column)
            names.append(labels)
    codes = np.column_stack(columns) if columns else np.zeros((len(leaves.codes), 0), np.int64)
    place, size = packed(codes)
    example = np.zeros(size, dtype=np.int64)
    example[place] = np.arange(len(place))

    def summed(values: Array) -> Array:
        return np.bincount(place, values, size).astype(np.float64)

    return Leaves(
        dimensions=tuple(leaves.dimensions[d] for d in kept),
        labels=tuple(names),
        codes=codes[example],
        count_before=summed(leaves.count_before),
        total_before=summed(leaves.total_before),
        squares_before=summed(leaves.squares_before),
        count_after=summed(leaves.count_after),
        total_after=summed(leaves.total_after),
        dispersion=leaves.dispersion,
    )


def _relabelled(labels: tuple[str, ...], column: Ints) -> tuple[tuple[str, ...], Ints]:
    """The labels that occur, sorted, and the codes that go with them."""
    used = np.unique(column)
    names = sorted({labels[int(code)] for code in used})
    number = {name: i for i, name in enumerate(names)}
    table = np.zeros(len(labels), dtype=np.int64)
    for code in used:
        table[code] = number[labels[int(code)]]
    return tuple(names), table[column] if len(column) else column


def _replaced(column: Ints, *, leaves: Leaves) -> bool:
    """Whether much of the traffic before has labels that are gone, and much after new ones."""
    before = np.bincount(column, leaves.count_before)
    after = np.bincount(column, leaves.count_after)
    if not before.sum() or not after.sum():
        return False
    before, after = before / before.sum(), after / after.sum()
    gone = float(before[after < ONE_SIDED * before].sum())
    new = float(after[before < ONE_SIDED * after].sum())
    return min(gone, new) >= REPLACED
