"""What weight each expert deserves, learned from how they did, origin after origin. Pure.

Per number of steps ahead a ridge regression of what happened on what the experts said, with least
absolute rather than squared errors (reweighted squares) and newer errors weighted up. It is done in
one pass over the past: the weights used at an origin rest on what was known there, so that the
errors they made are honest ones, from which the intervals come.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from graph.estimates import Array
from graph.forecasting.experts import Experts, Ints

GRID = (1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 72, 96, 144, 288, 432, 1008)
"""Steps ahead for which weights are learned; those between are interpolated."""


@dataclass(frozen=True, slots=True)
class Learning:
    """How weights are learned.

    `ridge` is the strength of what was believed before, in origins, growing with `reach` of the
    steps ahead (overlapping errors far ahead tell the same again and again); `half_life_seasons`
    is how fast the past is forgotten; `blocks_per_season` how often weights are brought up to date;
    `floor` (of the typical error) bounds the weight of a tiny error; what lies further back than
    `learned_seasons` is not learned from. Weights are drawn towards experts by their losses to
    the power of -`merit`.
    """

    ridge: float = 60.0
    reach: float = 0.75
    half_life_seasons: float = 1.5
    blocks_per_season: int = 4
    floor: float = 0.5
    learned_seasons: int = 10
    merit: float = 10.0


DEFAULT = Learning()
PROFILE_FROM = 4
"""This part of a season ahead, the profile is believed in fully before anything is learned."""
NOISE_OF_COUNTS = 20.0
"""Counts of so many per step are believed to be as much chance as change."""
_FEW = 8
"""Steps ahead up to which one product over all origins is faster than one per block of them."""


@dataclass(frozen=True, slots=True)
class Blend:
    """Weights over time. `starts` (blocks,) is the first origin of each block of origins; `weights`
    has shape (blocks, knots, experts) for the steps ahead in `knots`, ascending."""

    experts: Experts
    knots: Ints
    starts: Ints
    weights: Array

    @property
    def first(self) -> int:
        """The first origin from which there are forecasts."""
        return int(self.starts[0])

    def forecasts(self, origins: Ints, aheads: Ints) -> Array:
        """On the scale of the series, by origin and steps ahead, with the weights of that time.

        `origins` ascend and are not before `first`.
        """
        weights = self._between(aheads)
        if len(aheads) <= _FEW:
            block = np.searchsorted(self.starts, origins, side="right") - 1
            moves = self.experts.moves(np.tile(origins, (len(aheads), 1)), aheads)
            moved = np.einsum("hoj,ohj->oh", moves, weights[block])
            return self.experts.last[origins][:, None] + moved
        said = np.empty((len(origins), len(aheads)))
        edges = np.append(np.searchsorted(origins, self.starts), len(origins))
        for block, (begin, end) in enumerate(pairwise(edges)):
            if begin < end:
                said[begin:end] = self._said(origins[begin:end], aheads, weights[block])
        return said

    def _said(self, origins: Ints, aheads: Ints, weights: Array) -> Array:
        """The same with these weights (aheads, experts) at all origins."""
        last = self.experts.last[origins][:, None]
        at = self.experts.levels.shape[1]
        said = last + self.experts.levels[origins] @ weights[:, :at].T
        for seasonal in self.experts.seasonals:
            levels = seasonal.levels[origins] - last
            of = weights[:, at : at + levels.shape[1]].T
            at += levels.shape[1]
            unknown = np.isnan(levels)  # such an expert says what the last value says
            there = seasonal.profile[origins[:, None] + seasonal.lags(aheads)]
            moves = np.where(unknown, 0.0, levels) @ of + there * (~unknown @ of)
            said += np.where(np.isnan(moves), 0.0, moves)
        return said

    def _between(self, aheads: Ints) -> Array:
        """Weights between knots, by the logarithm of the steps ahead."""
        if np.array_equal(aheads, self.knots):
            return self.weights
        places = np.interp(np.log(aheads), np.log(self.knots), np.arange(len(self.knots)))
        low = np.floor(places).astype(np.int64)
        high = np.minimum(low + 1, len(self.knots) - 1)
        share = (places - low)[None, :, None]
        return self.weights[:, low] * (1 - share) + self.weights[:, high] * share


def knots_up_to(steps: int) -> Ints:
    """The steps ahead for which weights are learned: each of the first, then ever fewer."""
    return np.array(sorted({knot for knot in GRID if knot < steps} | {steps}), dtype=np.int64)


def learn(
    series: Array,
    experts: Experts,
    *,
    knots: Ints,
    season: int,
    chance: float = 0.0,
    by: Learning = DEFAULT,
) -> Blend:
    """The blend of experts for a series.

    `season` is how many steps are a day (or the like); `chance` how much of the change from step to
    step is believed to be chance before anything is learned.
    """
    size = len(series)
    block = max(1, min(season // by.blocks_per_season, -(-size // 4)))
    # A block of one origin at the end: what is asked for now has weights that saw all the rest.
    ends = np.arange(size - 1, 0, -block)[: by.learned_seasons * by.blocks_per_season][::-1]
    first = 0 if len(ends) == 0 or ends[0] <= block else ends[0] - block
    starts: Ints = np.concatenate(([first], ends)).astype(np.int64)
    keep = 0.5 ** (block / (by.half_life_seasons * season))
    prior = _prior(experts, knots, season=season, chance=chance)
    count = experts.count
    gram = np.zeros((len(knots), count, count))
    cross = np.zeros((len(knots), count))
    typical = np.full(len(knots), np.nan)
    weights = np.empty((len(starts), len(knots), count))
    current = prior
    losses, seen = np.zeros((len(knots), count + 1)), np.zeros((len(knots), 1))
    for place, start in enumerate(starts):
        weights[place] = current
        if place + 1 == len(starts):
            break
        # The origin of the next block knows its own step, so that is a lesson too.
        targets = np.arange(int(start) + 1, int(starts[place + 1]) + 1)
        said, came = _lessons(series, experts, targets, knots)
        errors = np.abs(came - np.einsum("kij,kj->ki", said, current))
        typical = _typical(errors, before=typical, keep=keep)
        least = np.maximum(np.nan_to_num(typical), 1e-9)[:, None]
        counts_as = np.nan_to_num(least / np.maximum(errors, by.floor * least))
        weighed = np.swapaxes(said * counts_as[:, :, None], 1, 2)
        gram = keep * gram + weighed @ said
        cross = keep * cross + (weighed @ np.nan_to_num(came)[..., None])[..., 0]
        believed = _believed(losses, said, came, keep=keep, seen=seen, prior=prior, by=by)
        hold: Array = by.ridge * knots.astype(np.float64) ** by.reach * least[:, 0] ** 2 + 1e-9
        current = _drawn(gram, cross, towards=believed, hold=hold)
    return Blend(experts, knots, starts, weights)


def _believed(
    losses: Array, said: Array, came: Array, *, keep: float, seen: Array, prior: Array, by: Learning
) -> Array:
    """What weights are drawn towards: experts by a power of how well each did alone, and what was
    believed at first while little is known. Updates losses and seen."""
    known = ~np.isnan(came)
    alone = np.abs(np.nan_to_num(came)[..., None] - np.pad(said, ((0, 0), (0, 0), (1, 0))))
    losses *= keep
    seen *= keep
    losses += np.where(known[..., None], alone, 0.0).sum(axis=1)
    seen += known.sum(axis=1)[:, None]
    relative = losses / np.maximum(losses.min(axis=1, keepdims=True), 1e-12)
    merit = np.maximum(relative, 1.0) ** -by.merit
    merit /= merit.sum(axis=1, keepdims=True)
    trust = seen / (seen + by.ridge)
    return trust * merit[:, 1:] + (1 - trust) * prior


def _drawn(gram: Array, cross: Array, *, towards: Array, hold: Array) -> Array:
    """Ridge regression towards weights, by knot."""
    system = gram + hold[:, None, None] * np.eye(gram.shape[1])
    answer = (cross + hold[:, None] * towards)[..., None]
    return np.linalg.solve(system, answer)[..., 0].astype(np.float64)


def _lessons(series: Array, experts: Experts, targets: Ints, knots: Ints) -> tuple[Array, Array]:
    """What experts said about these steps, and what came: (knots, targets, experts) and
    (knots, targets). NaN came where nothing is known, or the origin lies before the start."""
    origins = targets - knots[:, None]
    inside = np.maximum(origins, 0)
    came = np.where(origins >= 0, series[targets] - experts.last[inside], np.nan)
    return experts.moves(inside, knots), came


def _typical(errors: Array, *, before: Array, keep: float) -> Array:
    """The typical absolute error by knot, forgetting faster than the weights do."""
    known = ~np.isnan(errors)
    seen = known.sum(axis=1)
    mean: Array = np.where(known, errors, 0.0).sum(axis=1) / np.maximum(seen, 1)
    blended: Array = keep**2 * before + (1 - keep**2) * mean
    return np.where(seen == 0, before, np.where(np.isnan(before), mean, blended))


def _prior(experts: Experts, knots: Ints, *, season: int, chance: float) -> Array:
    """Believed before anything is learned: the last value, less so where much is chance, and the
    further ahead the more the profile of the day above a slow level."""
    weights = np.zeros((len(knots), experts.count))
    weights[:, 2] = chance
    if not experts.seasonals:
        return weights
    share = np.minimum(1.0, knots * PROFILE_FROM / season)
    first = experts.levels.shape[1]
    slow = first + experts.seasonals[0].levels.shape[1] - 2
    weights[:, 2] *= 0.5
    weights[:, first] = (0.5 * (1 - share) + 0.25 * share) * (1 - chance)
    weights[:, slow] = 0.5 * np.maximum(share, chance)
    return weights
