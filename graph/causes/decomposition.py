"""Splits of a change into parts that sum to it exactly: mix and within, by label, level or price.

A metric is a mean `total / count` over cells: sum of weight x mean, where a cell's weight is its
share of the count. All splits here are exact: what they give sums to the delta up to rounding.
Arrays have one place per cell (any grouping of the traffic). A cell that is missing on one side
has no mean there, so all of its part is mix: what came or went is a matter of who is there, not of
anyone having become better or worse. Split thin cells no finer than needed: the many that are met
by chance on one side only move what is within to the mix. Pure.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from graph.causes.panel import Array
from graph.frame import Ints, Mask

DIMENSIONS_AT_MOST = 8
"""Shapley asks for every subset: this many dimensions are 256 of them."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Cells on two sides: counts and totals before and after, arrays of one length."""

    count_before: Array
    total_before: Array
    count_after: Array
    total_after: Array

    def grouped(self, groups: Ints, size: int) -> "Sides":
        """The sums by group, given the group of each cell."""
        return Sides(
            *(
                np.bincount(groups, weights=values, minlength=size).astype(np.float64)
                for values in (
                    self.count_before,
                    self.total_before,
                    self.count_after,
                    self.total_after,
                )
            )
        )

    @property
    def before(self) -> float:
        """The metric before; NaN without any count."""
        return _ratio(float(self.total_before.sum()), float(self.count_before.sum()))

    @property
    def after(self) -> float:
        """The metric after; NaN without any count."""
        return _ratio(float(self.total_after.sum()), float(self.count_after.sum()))

    @property
    def delta(self) -> float:
        """after - before; NaN where a side is empty."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Split:
    """Mix and within per cell, in the metric's unit; all of them together sum to the delta.

    `mix + within` of a cell is its part: how far the metric would move if nothing but this cell
    did, against the fleet's mean (the average of before and after).
    """

    mix: Array
    within: Array


def _ratio(total: float, count: float) -> float:
    return total / count if count else math.nan


def _over(totals: Array, counts: Array) -> Array:
    """totals / counts; NaN where the count is 0."""
    return np.divide(totals, counts, out=np.full(len(counts), np.nan), where=counts > 0)


def _filled(before: Array, after: Array) -> tuple[Array, Array]:
    """Each side with the other's values where it has none, 0 where both have none."""
    return (
        np.nan_to_num(np.where(np.isnan(before), after, before)),
        np.nan_to_num(np.where(np.isnan(after), before, after)),
    )


def _means(sides: Sides) -> tuple[Array, Array]:
    """Means before and after; a missing side's is taken from the other, 0 where both miss."""
    return _filled(
        _over(sides.total_before, sides.count_before), _over(sides.total_after, sides.count_after)
    )


def _shares(counts: Array) -> Array:
    whole = float(counts.sum())
    return counts / whole if whole else np.full(len(counts), np.nan)


def split(sides: Sides) -> Split:
    """The symmetric split of Kitagawa (JASA 50, 1955) into mix and within, per cell.

    within = average weight x change of mean; mix = change of weight x (average mean - fleet's
    average mean). NaN everywhere where a whole side is empty.
    """
    w0, w1 = _shares(sides.count_before), _shares(sides.count_after)
    m0, m1 = _means(sides)
    fleet = (sides.before + sides.after) / 2
    return Split(mix=(w1 - w0) * ((m0 + m1) / 2 - fleet), within=(w0 + w1) / 2 * (m1 - m0))


def split_by(codes: Ints, size: int, sides: Sides) -> Split:
    """`split` by label of one dimension: `codes` has the label of each cell, 0 to `size` - 1."""
    return split(sides.grouped(codes, size))


def slice_effects(inside: Mask, sides: Sides) -> tuple[float, float]:
    """(mix, within) of a slice, as the sums over its cells.

    They sum to the slice's part of the delta, which does not depend on how finely the cells are
    cut, and over a partition of the traffic the parts sum to the delta. How the part divides into
    mix and within does depend on it: mix is what moves between cells, also inside the slice.
    """
    cells = split(sides)
    return float(cells.mix[inside].sum()), float(cells.within[inside].sum())


def _groups(codes: Ints) -> tuple[Ints, int]:
    """The group of each row, by equal rows of `codes` (rows x columns), and how many there are."""
    if codes.shape[1] == 0:
        return np.zeros(len(codes), dtype=np.int64), 1
    found, inverse = np.unique(codes, axis=0, return_inverse=True)
    return inverse.reshape(len(codes)).astype(np.int64), len(found)


def shapley_mix(codes: Ints, sides: Sides) -> tuple[Array, float]:
    """What each dimension's mix carries, and what is within: (mix by dimension, within).

    `codes` is cells x dimensions. What a set of dimensions carries is the mix of the cells that
    they cross to; a dimension gets its average gain over all orders in which they could be added
    (Shapley; Shorrocks, J. Econ. Inequality 11, 2013). So the parts sum to the delta, no order
    matters, a constant dimension gets 0 and two that say the same share alike.
    """
    dimensions = codes.shape[1]
    if dimensions > DIMENSIONS_AT_MOST:
        raise ValueError(f"at most {DIMENSIONS_AT_MOST} dimensions, not {dimensions}")
    carried: dict[tuple[int, ...], float] = {}
    for size in range(dimensions + 1):
        for chosen in itertools.combinations(range(dimensions), size):
            groups, count = _groups(codes[:, list(chosen)])
            carried[chosen] = float(split_by(groups, count, sides).mix.sum())
    mix = np.zeros(dimensions)
    for chosen, value in carried.items():
        for added in set(range(dimensions)) - set(chosen):
            gain = carried[tuple(sorted((*chosen, added)))] - value
            mix[added] += gain / (dimensions * math.comb(dimensions - 1, len(chosen)))
    return mix, sides.delta - carried[tuple(range(dimensions))]


@dataclass(frozen=True, slots=True)
class NestedSplit:
    """The parts of nested choices: `effects` is cells x (levels + 1), the last column within.

    `cell` is the row of `effects` that each row given belongs to (rows of equal codes are one).
    """

    cell: Ints
    effects: Array

    @property
    def parts(self) -> Array:
        """The part of each level and, last, what is within; they sum to the delta."""
        return self.effects.sum(axis=0)


def nested_split(levels: Ints, sides: Sides) -> NestedSplit:
    """Splits the delta along a chain of choices, each made given those before it.

    `levels` is rows x levels, e.g. stratum (who asks), deployment (which served), evaluator (who
    judged). A cell's weight is the product of its conditional shares, P(stratum) x
    P(deployment | stratum) x ..., and each factor goes from before to after in every order alike
    (the Shapley value of a product; Das Gupta, Demography 15, 1978). Where a conditional share or
    a mean does not exist on one side, the other side's stands in, so what is new or gone counts
    at the first level where it is new or gone. Per cell, a level's effect is told against the
    mean of those it is chosen among.
    """
    cell, size = _groups(levels)
    depth = levels.shape[1]
    cells = sides.grouped(cell, size)
    codes = np.zeros((size, depth), dtype=np.int64)
    codes[cell] = levels
    prefixes = [_groups(codes[:, :level]) for level in range(depth + 1)]
    shares = _conditional_shares(prefixes, cells)
    means = _means(cells)
    effects = np.empty((size, depth + 1))
    for level in range(depth):
        parents, count = prefixes[level]
        among = cells.grouped(parents, count)
        centre = sum(_means(among), np.zeros(count))[parents] / 2
        off = (means[0] - centre, means[1] - centre)
        effects[:, level] = _swapped([*shares, off], level)
    effects[:, depth] = _swapped([*shares, means], depth)
    return NestedSplit(cell, effects)


def _conditional_shares(
    prefixes: list[tuple[Ints, int]], cells: Sides
) -> list[tuple[Array, Array]]:
    """Per level, each cell's share given the levels before it, on both sides."""
    # Each cell's count in its group at every level, the whole first.
    old = [cells.grouped(*prefix).count_before[prefix[0]] for prefix in prefixes]
    new = [cells.grouped(*prefix).count_after[prefix[0]] for prefix in prefixes]
    shares = [
        (_over(old[level + 1], old[level]), _over(new[level + 1], new[level]))
        for level in range(len(prefixes) - 1)
    ]
    # The first level is never filled: where a whole side is empty there is nothing to split.
    return [shares[0], *(_filled(*pair) for pair in shares[1:])]


def _swapped(factors: list[tuple[Array, Array]], which: int) -> Array:
    """What one factor's change carries of a product, averaged over all orders of change."""
    others = [factor for place, factor in enumerate(factors) if place != which]
    carried = np.zeros(len(factors[0][0]))
    for sides in itertools.product((0, 1), repeat=len(others)):
        weight = 1 / (len(factors) * math.comb(len(others), sum(sides)))
        product = np.full(len(carried), weight)
        for side, factor in zip(sides, others, strict=True):
            product = product * factor[side]
        carried += product
    return carried * (factors[which][1] - factors[which][0])


@dataclass(frozen=True, slots=True)
class Spend:
    """What cells asked and cost on one side: requests, tokens and cost, arrays of one length."""

    requests: Array
    tokens: Array
    cost_usd: Array

    def per_request(self) -> "Spend":
        """The same with every sum divided by all requests, so that the costs sum to their mean."""
        whole = float(self.requests.sum())
        by = whole if whole else math.nan
        return Spend(self.requests / by, self.tokens / by, self.cost_usd / by)


@dataclass(frozen=True, slots=True)
class CostSplit:
    """Per cell: what came of requests, of tokens per request and of price per token, in US
    dollars."""

    requests: Array
    tokens: Array
    price: Array


def cost_split(before: Spend, after: Spend) -> CostSplit:
    """Splits a change of cost = requests x tokens per request x price per token, cell by cell.

    The logarithmic mean Divisia index (LMDI I; Ang, Energy Policy 32, 2004): exact and the same
    backwards. A factor that is zero on one side takes all of its cell's change, which is the
    analytical limit (Ang and Liu, Energy Policy 35, 2007); of several, the first: a cell without
    requests has neither length nor price. A cell that costs without tokens (a price per request)
    has no part in tokens.
    """
    requests, tokens, price = (np.zeros(len(before.requests)) for _ in range(3))
    rise = after.cost_usd - before.cost_usd
    one_sided = (before.requests > 0) != (after.requests > 0)
    requests[one_sided] = rise[one_sided]
    both = (before.requests > 0) & (after.requests > 0)
    priced = (before.cost_usd > 0) & (after.cost_usd > 0)
    metered = (before.tokens > 0) & (after.tokens > 0)
    silent = (before.tokens > 0) != (after.tokens > 0)
    # Where one side costs nothing, the factor that is zero there takes the change.
    free = both & ~priced
    tokens[free & silent] = rise[free & silent]
    price[free & ~silent] = rise[free & ~silent]
    usual = both & priced
    mean = _logarithmic_mean(before.cost_usd[usual], after.cost_usd[usual])
    log_requests = np.log(after.requests[usual] / before.requests[usual])
    per_request = np.zeros(len(log_requests))
    known = metered[usual]
    per_request[known] = (
        np.log(after.tokens[usual & metered] / before.tokens[usual & metered]) - log_requests[known]
    )
    requests[usual] = mean * log_requests
    tokens[usual] = mean * per_request
    price[usual] = rise[usual] - requests[usual] - tokens[usual]
    return CostSplit(requests, tokens, price)


def mean_cost_split(before: Spend, after: Spend) -> CostSplit:
    """`cost_split` of the mean cost per request; `requests` is then the mix.

    Each cell's mix is told against the fleet's mean cost, so that a cell's three effects sum to
    its part of the delta just as those of `split` do.
    """
    old, new = before.per_request(), after.per_request()
    cells = cost_split(old, new)
    fleet = (float(old.cost_usd.sum()) + float(new.cost_usd.sum())) / 2
    mix = cells.requests - fleet * (new.requests - old.requests)
    return CostSplit(mix, cells.tokens, cells.price)


def _logarithmic_mean(a: Array, b: Array) -> Array:
    """(b - a) / ln(b / a) of positive numbers; a where they are equal.

    As a·(e^x - 1)/x with x = ln(b / a), which stays exact where they nearly are.
    """
    x = np.log(b / a)
    return a * np.divide(np.expm1(x), x, out=np.ones(len(x)), where=x != 0)
