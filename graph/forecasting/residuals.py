"""How far off forecasts were, made comparable across levels and times. Pure.

An error on the logarithmic scale has two parts: one in proportion to the traffic, and chance, which
weighs more the fewer requests there are. Errors are divided by what both make of them at that
level, and by how unruly the series was at that time.
"""

from dataclasses import dataclass

import numpy as np

from graph.estimates import Array
from graph.forecasting.blending import Blend
from graph.forecasting.experts import Ints, filled, smoothed
from graph.forecasting.scale import Scale

UNREST_RATE = 0.1
"""How fast it is noticed that a series has become unruly or calm, per step."""
UNREST_POWER, UNREST_REACH = 0.75, 0.1
"""How far that carries to the next step, and how fast less so for steps ahead."""
_LEAST_UNREST = 0.05
_FARTHEST = 4.0
"""An error counts as at most so many typical ones."""
_LEAST_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Spread:
    """By origin, what makes errors large: `share` (variance in proportion) and `unit` (variance of
    one unit, 1 for pure chance of counts), as known there, and `unrest` (1 is usual)."""

    scale: Scale
    share: Array
    unit: Array
    unrest: Array

    def of(
        self, forecasts: Array, origins: Ints, aheads: Ints, *, known: Ints | None = None
    ) -> Array:
        """The size of errors around forecasts (origins, aheads) made at these origins, by what was
        known at origin `known` (the same for all) or at each."""
        by = origins if known is None else known
        middle = self.scale.back(forecasts)
        chance = middle / (middle + self.scale.offset) ** 2
        size = np.sqrt(self.share[by][:, None] + self.unit[by][:, None] * chance)
        power = UNREST_POWER / (1 + UNREST_REACH * (aheads - 1))
        return size * self.unrest[origins][:, None] ** power


def spread_of(series: Array, blend: Blend, scale: Scale) -> Spread:
    """From the errors one step ahead, at each origin from those known there."""
    size = len(series)
    before = blend.first + 1
    said = blend.forecasts(np.arange(blend.first, size - 1), np.array([1]))[:, 0]
    errors = np.full(size, np.nan)
    errors[before:] = np.abs(series[before:] - said)
    middle = scale.back(np.concatenate((series[:before], said)))
    chance = middle / (middle + scale.offset) ** 2
    known = ~np.isnan(errors)
    squares = np.minimum(errors, _FARTHEST * blend.experts.deviation) ** 2

    def so_far(values: Array) -> Array:
        return np.cumsum(np.where(known, values, 0.0))

    # Least squares of the squared errors on chance, neither part below 0.
    count, total, at = so_far(np.ones(size)), so_far(squares), so_far(chance)
    determinant = count * so_far(chance**2) - at**2
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (count * so_far(squares * chance) - total * at) / determinant
        unit = np.clip(np.where(determinant > 1e-9 * at**2, slope, 0.0), 0.0, total / at)
    unit = np.nan_to_num(unit)
    share = np.maximum(total - unit * at, _LEAST_SHARE * total) / np.maximum(count, 1.0)
    expected = np.sqrt(share + unit * chance)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.minimum(errors / expected, _FARTHEST)
    relative = np.where(known & ~np.isfinite(relative), 1.0, relative)
    unrest = _lately(relative)
    return Spread(scale, np.maximum(share, 1e-12), unit, unrest)


def _lately(relative: Array) -> Array:
    """The mean of what errors lately were of the usual, 1 before the first."""
    first = np.flatnonzero(~np.isnan(relative))
    lately = np.ones(len(relative))
    if len(first):
        lately[first[0] :] = smoothed(relative[first[0] :], UNREST_RATE)
    return filled(lately) + _LEAST_UNREST


@dataclass(frozen=True, slots=True)
class Past:
    """Errors of past forecasts, oldest origin first: `errors` (origins, aheads) over their size;
    NaN where what came is not known."""

    origins: Ints
    aheads: Ints
    errors: Array


def past_of(series: Array, blend: Blend, spread: Spread, *, origins: Ints, aheads: Ints) -> Past:
    """The errors made at these origins."""
    said = blend.forecasts(origins, aheads)
    targets = origins[:, None] + aheads
    came = np.where(targets < len(series), series[np.minimum(targets, len(series) - 1)], np.nan)
    now = np.full(len(origins), len(series) - 1)
    size = spread.of(said, origins, aheads, known=now)
    return Past(origins, aheads, (came - said) / size)
