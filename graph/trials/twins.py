"""What a change did to what it reached, beside twins that it did not reach. Pure.

A difference in differences: the change of the reached less that of their twins, compared within
kinds of work, so that neither a busier week nor other work moved there counts as an effect.
"""

from dataclasses import dataclass

import numpy as np

from graph.estimates import Z95, Array
from graph.frame import Ints, Mask
from graph.trials.sequential import students

_DRAWS = 400
_SEED = 6_025
_LONGEST_BLOCK_H = 6
_LEAST_BLOCKS = 5
"""Blocks of hours that either side of the change needs before an interval is given."""
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Observed:
    """Sums of one metric: a row per hour, kind of work and whatever else; `after` the change or
    before it, of what was `reached` or of twins. `weight` counts what `total` sums.
    """

    hour: Ints
    after: Mask
    reached: Mask
    work: Ints
    weight: Array
    total: Array


@dataclass(frozen=True, slots=True)
class TwinEffect:
    """The means of both before and after; the effect and its 95 % interval. NaN: not told."""

    before: float
    after: float
    twins_before: float
    twins_after: float
    effect: float
    low: float
    high: float
    count_before: int
    count_after: int


def twin_effect(rows: Observed, *, with_twins: bool) -> TwinEffect:
    """The effect on what was reached, in units of the metric.

    Each kind of work counts as it did among the reached afterwards. Without twins it is a plain
    before and after. The interval draws blocks of hours with replacement, the same for the reached
    and their twins, so that what moves both stays common (block bootstrap, Kunsch 1989), with
    Student's t on the number of blocks.
    """
    blocks = _blocks(rows)
    size = int(blocks.max(initial=-1)) + 1
    works = int(rows.work.max(initial=-1)) + 1
    place = ((blocks * 2 + rows.after) * 2 + rows.reached) * works + rows.work
    shape = (size, 2, 2, works)
    weight, total = (
        np.bincount(place, weights=values, minlength=size * 4 * works)
        .astype(np.float64)
        .reshape(shape)
        for values in (rows.weight, rows.total)
    )
    n, y = weight.sum(axis=0), total.sum(axis=0)
    counts, sums = n.sum(axis=2), y.sum(axis=2)
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    usual = np.divide(y, n, out=np.full_like(y, np.nan), where=n > 0)
    effect = float(_effect(usual[None], n, with_twins=with_twins)[0])
    half = _half(weight, total, usual, with_twins=with_twins)
    return TwinEffect(
        before=float(means[0, 1]),
        after=float(means[1, 1]),
        twins_before=float(means[0, 0]),
        twins_after=float(means[1, 0]),
        effect=effect,
        low=effect - half,
        high=effect + half,
        count_before=int(counts[0, 1]),
        count_after=int(counts[1, 1]),
    )


def _blocks(rows: Observed) -> Ints:
    """The block of hours that each row lies in; blocks hold hours of one side alone."""
    if not len(rows.hour):
        return rows.hour
    spans = [
        int(np.ptp(hours)) // _HOUR_S + 1
        for side in (rows.after, ~rows.after)
        if len(hours := rows.hour[side])
    ]
    length_h = min(max(min(spans) // 8, 1), _LONGEST_BLOCK_H)
    code = rows.hour // (_HOUR_S * length_h) * 2 + rows.after
    return np.unique(code, return_inverse=True)[1].astype(np.int64)


def _effect(means: Array, count: Array, *, with_twins: bool) -> Array:
    """By draw, from means (draws, side, group, work) and the whole's counts (side, group, work)."""
    moved = means[:, 1] - means[:, 0]
    mine, theirs = moved[:, 1], moved[:, 0]
    asked = count[1, 1] * (count[0, 1] > 0)
    if not asked.any():
        return np.full(len(means), np.nan)
    told = np.nan_to_num(mine) @ asked / asked.sum()
    if not with_twins:
        return told
    paired = (count[0, 0] > 0) & (count[1, 0] > 0)
    # Work that no twin does is taken to have moved as the rest of theirs did.
    behind = np.where(asked * paired > 0, asked, 0.0) if (asked * paired).any() else count[1, 0]
    behind = behind * paired
    if not behind.any():
        return np.full(len(means), np.nan)
    usual = np.nan_to_num(theirs) @ behind / behind.sum()
    return told - (np.where(paired, np.nan_to_num(theirs), usual[:, None]) @ asked / asked.sum())


def _half(weight: Array, total: Array, usual: Array, *, with_twins: bool) -> float:
    """Half the width of the interval; NaN where there are too few blocks."""
    reached = weight[:, :, 1].sum(axis=2) > 0
    sides = [np.flatnonzero(weight[:, side].sum(axis=(1, 2)) > 0) for side in (0, 1)]
    fewest = min(int(reached[:, side].sum()) for side in (0, 1))
    if fewest < _LEAST_BLOCKS:
        return np.nan
    rng = np.random.default_rng(_SEED)
    drawn = np.zeros((_DRAWS, len(weight)))
    for blocks in sides:
        shares = np.full(len(blocks), 1 / len(blocks))
        drawn[:, blocks] = rng.multinomial(len(blocks), shares, size=_DRAWS)
    shape = (_DRAWS, *weight.shape[1:])
    n, y = (drawn @ each.reshape(len(each), -1) for each in (weight, total))
    n, y = n.reshape(shape), y.reshape(shape)
    # Work that a draw has none of keeps its mean.
    means = np.where(n > 0, np.divide(y, n, out=np.zeros_like(y), where=n > 0), usual[None])
    found = _effect(means, weight.sum(axis=0), with_twins=with_twins)
    return students(Z95, fewest - 1) * float(np.std(found))
