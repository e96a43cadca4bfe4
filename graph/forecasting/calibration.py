"""Intervals that hold what they say: past errors as weighted conformal scores, and a stretch that
follows how often they were left lately. Pure.

Weighted conformal prediction (Barber, Candès, Ramdas and Tibshirani 2023) with adaptive conformal
inference (Gibbs and Candès 2021): after each step the interval is widened a little if it was left,
and narrowed less if it was not, so that in the long run it is left as often as it should be.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.estimates import Array
from graph.forecasting.experts import Ints
from graph.forecasting.forecast import weighted_quantile
from graph.forecasting.residuals import Past

HALF_LIFE_SEASONS = 6.0
LIKE_HOURS = 0.5
"""How much more errors at the same time of the day count than those half a day off: ± this."""
RATE, RATE_AT_MOST = 0.03, 0.1
"""How fast the stretch follows from step to step, one step ahead."""
RATE_REACH = 0.3
"""Slower for errors further ahead, which overlap."""
STRETCH_AT_MOST = 0.6
"""Of the logarithm of the stretch."""
LEVELS = (0.8, 0.95)
WANTED = (0.5, *(tail for lv in LEVELS for tail in ((1 - lv) / 2, (1 + lv) / 2)))
LEAST_ERRORS = 20
"""Past errors that an interval needs to be checked against a further one."""
CHECKED_SEASONS = 4


@dataclass(frozen=True, slots=True)
class Stretches:
    """How to widen errors, a row each: around `middle`, up to the 80 % limits by one factor, from
    there such that the 95 % limits are widened by another.

    `limits` has shape (rows, 5): the middle, then low and high of 80 % and of 95 %; `factors`
    (rows, 2).
    """

    limits: Array
    factors: Array

    def apply(self, errors: Array) -> Array:
        """Errors (rows, any) with the stretch of their row, their order kept."""
        middle = self.limits[:, :1]
        off = errors - middle
        rise = self._one_side(np.maximum(off, 0.0), self.limits[:, [2, 4]] - middle)
        fall = self._one_side(np.maximum(-off, 0.0), middle - self.limits[:, [1, 3]])
        return middle + rise - fall

    def _one_side(self, off: Array, limits: Array) -> Array:
        near, far = limits[:, :1], limits[:, 1:]
        first, second = self.factors[:, :1], self.factors[:, 1:]
        gap = far - near
        slope = np.where(gap > 1e-9, (far * second - near * first) / np.maximum(gap, 1e-9), first)
        slope = np.maximum(slope, 0.2 * first)
        return np.where(off <= near, off * first, near * first + (off - near) * slope)


def weights_of(origins: Ints, *, now: int, season: int) -> Array:
    """What past origins count now: newer ones more, like hours more. They sum to 1."""
    age = now - origins
    weights = 0.5 ** (age / (HALF_LIFE_SEASONS * season))
    weights = weights * (1 + LIKE_HOURS * np.cos(2 * np.pi * age / season))
    return weights / weights.sum()


def factors_of(past: Past, *, season: int) -> Array:
    """The two factors that the newest errors call for, by steps ahead: (aheads, 2)."""
    factors = np.ones((len(past.aheads), 2))
    for row, ahead in enumerate(past.aheads):
        known = ~np.isnan(past.errors[:, row])
        origins, errors = past.origins[known], past.errors[known, row]
        if len(errors) > LEAST_ERRORS + ahead:
            factors[row] = followed(origins, errors, ahead=int(ahead), season=season)[1][-1]
    return factors


def followed(
    origins: Ints, errors: Array, *, ahead: int, season: int, seasons: int = CHECKED_SEASONS
) -> tuple[Array, Array]:
    """For each origin of the newest seasons and for one after the last, the limits of errors and
    the stretch as they were known there: shapes (origins, 5) and (origins, 2)."""
    first = int(np.searchsorted(origins, int(origins[-1]) - seasons * season))
    first = min(max(first, LEAST_ERRORS + ahead), len(origins))
    at: Ints = np.append(origins[first:], int(origins[-1]) + ahead).astype(np.int64)
    limits = limits_at(origins, errors, at=at, ahead=ahead, season=season)
    off = errors[first:] - limits[:-1, 0]
    stride = max(1.0, (origins[-1] - origins[0]) / max(len(origins) - 1, 1))
    rate = min(RATE * stride / ahead**RATE_REACH, RATE_AT_MOST)
    lag = -(-ahead // int(stride))
    factors = np.ones((len(at), 2))
    for place, level in enumerate(LEVELS):
        low, high = limits[:-1, 1 + 2 * place], limits[:-1, 2 + 2 * place]
        room = np.where(off > 0, high - limits[:-1, 0], limits[:-1, 0] - low)
        needed = np.log(np.maximum(np.abs(off), 1e-9) / np.maximum(room, 1e-9))
        path = _follow(needed, miss=1 - level, rate=rate)
        # What an origin led to is known only `ahead` steps later.
        factors[:-1, place] = np.concatenate((np.ones(lag), path))[: len(path)]
        factors[-1, place] = path[-1] if len(path) else 1.0
    return limits, factors


def _follow(needed: Array, *, miss: float, rate: float) -> Array:
    """Adaptive conformal inference on the logarithm of the stretch: the stretch after each."""
    stretch, path = 0.0, np.empty(len(needed))
    for place, least in enumerate(needed.tolist()):
        # Each was wanted at the stretch of its time; a few steps of lag do not matter here.
        stretch += rate * ((least > stretch) - miss)
        stretch = min(max(stretch, -STRETCH_AT_MOST), STRETCH_AT_MOST)
        path[place] = stretch
    return np.exp(path)


def limits_at(origins: Ints, errors: Array, *, at: Ints, ahead: int, season: int) -> Array:
    """The middle and the limits of past errors, as known at each of some origins: (at, 5)."""
    return quantiles_at(origins, errors, at=at, ahead=ahead, season=season, wanted=WANTED)


def quantiles_at(
    origins: Ints,
    errors: Array,
    *,
    at: Ints,
    ahead: int,
    season: int,
    wanted: Sequence[float],
) -> Array:
    """Quantiles of past errors, as known at each of some origins: (at, wanted)."""
    order = np.argsort(errors, kind="stable")
    when = origins[order]
    weights = 0.5 ** ((origins[-1] - when) / (HALF_LIFE_SEASONS * season))
    reached = np.cumsum(np.where(when + ahead <= at[:, None], weights, 0.0), axis=1)
    reached /= np.maximum(reached[:, -1:], 1e-300)
    places = [(reached >= level - 1e-12).argmax(axis=1) for level in wanted]
    return errors[order][np.stack(places, axis=1)]


def limits_of(errors: Array, weights: Array) -> Array:
    """The middle and the limits of weighted errors (futures, aheads): (aheads, 5)."""
    return np.stack([weighted_quantile(errors, weights, level) for level in WANTED], axis=1)
