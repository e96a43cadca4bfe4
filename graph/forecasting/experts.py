"""Simple forecasts of one series from every past moment at once, which a blend weighs. Pure.

Each expert says where the series goes from the last known value: to a level (exponential smoothing
at several rates, Brown 1959; medians of the last few steps), to a level on top of a profile of the
day or the week (averaged over past days, newer ones weighted up), or back from an excess. No expert
uses anything after its origin.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from graph.estimates import Array

Ints = npt.NDArray[np.int64]

LEVEL_RATES = (0.7, 0.3, 0.12, 0.04, 0.01)
MEDIANS = (3, 6)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
REMEMBERED = 0.85
"""What a past season counts in a profile, relative to the season after it."""
LEAST_SEASON = 6
"""Steps that a season needs to have a profile."""
ENOUGH_SEASONS = 1.2
"""Seasons that must lie behind before there is a profile to speak of."""
JUST_BEFORE = 8
"""Steps whose median tells whether a step is out of line."""
OUT_OF_LINE, FAR_OUT = 2.5, 4.0
"""In mean absolute deviations: where an excess begins, and where values are cut for the levels and
profiles (not as the last value), so that one spike or half-recorded step does not bend them."""
DEVIATION_RATE = 0.05
_LEAST_DEVIATION = 1e-3
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Pattern:
    """A season that repeats. `smoothed` is how many neighbouring steps on each side its profile
    averages over, `rates` are those of the levels above it."""

    length: timedelta
    smoothed: int
    rates: tuple[float, ...]


PATTERNS = (
    Pattern(DAY, 1, (1.0, 0.3, 0.05, 0.01)),
    Pattern(DAY, 0, (1.0, 0.2)),  # work that begins at the same minute every day
    Pattern(WEEK, 1, (1.0, 0.1)),
)


@dataclass(frozen=True, slots=True)
class Seasonal:
    """Levels above a profile. `profile` covers the steps of the series and one season more; each
    value rests on what was known a season before. `levels` has shape (steps, rates)."""

    season: int
    smoothed: int
    profile: Array
    levels: Array

    def lags(self, aheads: Ints) -> Ints:
        """Steps from an origin to the newest profile value of that phase that is known there."""
        return aheads - (aheads + self.smoothed - 1) // self.season * self.season


@dataclass(frozen=True, slots=True)
class Experts:
    """What all experts say about one series on its scale.

    `last` is the last known value at each step; `levels` (steps, experts) how far above it other
    levels are. `deviation` is how far steps lately were from those just before them.
    """

    last: Array
    levels: Array
    seasonals: tuple[Seasonal, ...]
    deviation: Array

    @property
    def count(self) -> int:
        """How many experts there are."""
        return self.levels.shape[1] + sum(s.levels.shape[1] for s in self.seasonals)

    def moves(self, origins: Ints, aheads: Ints) -> Array:
        """How far the series moves, by expert; `origins` (aheads, any) are those of each of
        `aheads`, and the answer has shape (aheads, any, experts).

        An expert that knows nothing yet says what the last value says: 0.
        """
        parts = [self.levels[origins]]
        for seasonal in self.seasonals:
            there = seasonal.profile[origins + seasonal.lags(aheads)[:, None]]
            said = seasonal.levels[origins] + (there - self.last[origins])[..., None]
            parts.append(np.where(np.isnan(said), 0.0, said))
        return np.concatenate(parts, axis=-1)


def experts_of(series: Array, step: timedelta) -> Experts:
    """The experts for a series with gaps as NaN, which begins with a known value."""
    last = filled(series)
    middle = _medians(np.concatenate((last[:1], last[:-1])), JUST_BEFORE)
    above = last - middle
    lately = smoothed(np.abs(above), DEVIATION_RATE)
    # How far out a step is must not be measured by itself.
    deviation = np.concatenate((lately[:1], lately[:-1])) + _LEAST_DEVIATION
    far = FAR_OUT * deviation
    tamed = np.where(np.isnan(series), np.nan, np.clip(series, middle - far, middle + far))
    excess = np.sign(above) * np.maximum(np.abs(above) - OUT_OF_LINE * deviation, 0.0)
    columns = [smoothed(tamed, rate) - last for rate in LEVEL_RATES]
    columns += [_medians(last, width) - last for width in MEDIANS]
    columns += [-np.maximum(excess, 0.0), -np.minimum(excess, 0.0)]
    seasonals = [
        _seasonal(tamed if pattern.smoothed else series, pattern, pattern.length // step)
        for pattern in PATTERNS
        if not pattern.length % step
        and pattern.length // step >= LEAST_SEASON
        and len(series) >= ENOUGH_SEASONS * (pattern.length // step)
    ]
    return Experts(last, np.stack(columns, axis=1), tuple(seasonals), lately + _LEAST_DEVIATION)


def filled(series: Array) -> Array:
    """Gaps filled with the last value before; NaN only before the first."""
    place = np.where(np.isnan(series), 0, np.arange(len(series)))
    return series[np.maximum.accumulate(place)]


def smoothed(series: Array, rate: float) -> Array:
    """Exponential smoothing over what is known, unbiased at the start: a weighted mean."""
    if rate >= 1:
        return filled(series)
    known = ~np.isnan(series)
    rows = -(-len(series) // _BLOCK)
    padded = np.zeros((2, rows * _BLOCK))
    padded[0, : len(series)] = np.where(known, series, 0.0)
    padded[1, : len(series)] = known
    keep = 1.0 - rate
    ages = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
    within = np.where(ages >= 0, keep ** np.maximum(ages, 0), 0.0)
    sums = padded.reshape(2, rows, _BLOCK) @ within.T
    carried = keep ** np.arange(1, _BLOCK + 1)
    for row in range(1, rows):  # each block takes over what the one before it ended with
        sums[:, row] += sums[:, row - 1, -1:] * carried
    flat = sums.reshape(2, -1)[:, : len(series)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return filled(np.where(flat[1] > 1e-12, flat[0] / flat[1], np.nan))


def _medians(last: Array, width: int) -> Array:
    padded = np.concatenate((np.full(width - 1, last[0]), last))
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)


def _seasonal(series: Array, pattern: Pattern, size: int) -> Seasonal:
    profile = profile_of(series, size, smoothed=pattern.smoothed)
    above = series - profile[: len(series)]
    levels = np.stack([smoothed(above, rate) for rate in pattern.rates], axis=1)
    return Seasonal(size, pattern.smoothed, profile, levels)


def profile_of(series: Array, size: int, *, smoothed: int) -> Array:
    """For each step and `size` further ones, the weighted mean of the seasons before at that
    phase; NaN where there was none."""
    kernel = np.concatenate((np.arange(1, smoothed + 2), np.arange(smoothed, 0, -1)))
    known = (~np.isnan(series)).astype(np.float64)
    values = np.convolve(np.nan_to_num(series), kernel)[smoothed : smoothed + len(series)]
    weights = np.convolve(known, kernel)[smoothed : smoothed + len(series)]
    rows = -(-len(series) // size)
    sums = np.zeros((2, rows * size))
    sums[0, : len(series)] = np.where(weights > 0, values / np.maximum(weights, 1), 0.0)
    sums[1, : len(series)] = weights > 0
    sums = sums.reshape(2, rows, size)
    for row in range(1, rows):
        sums[:, row] += REMEMBERED * sums[:, row - 1]
    with np.errstate(invalid="ignore"):
        means = np.where(sums[1] > 1e-9, sums[0] / sums[1], np.nan)
    # What is still to come of the last row reads what was carried from the row before.
    before = np.concatenate((np.full(size, np.nan), means.ravel()))
    return before[: len(series) + size]
