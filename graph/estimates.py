"""Estimates of a metric from counts, sums, squares and sketches, with 95 % intervals. Pure."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.sketch import GroupedBins

Array = npt.NDArray[np.float64]

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimates:
    """One row per group: the value, how much data stands behind it, and its interval.

    NaN where there is nothing to tell: no value without data, no interval for an exact total or
    from a single observation.
    """

    value: Array
    count: npt.NDArray[np.int64]
    low: Array
    high: Array

    def row(self, row: int) -> "Estimates":
        """One group alone."""
        one = slice(row, row + 1)
        return Estimates(self.value[one], self.count[one], self.low[one], self.high[one])


def _nothing(like: Array) -> Array:
    return np.full_like(like, np.nan)


def total(values: Array, count: npt.NDArray[np.int64]) -> Estimates:
    """An exact sum: no interval, 0 where nothing happened."""
    return Estimates(values, count, _nothing(values), _nothing(values))


def mean(
    count: npt.NDArray[np.int64], sums: Array, squares: Array, *, highest: float = np.inf
) -> Estimates:
    """Means of values from 0 to `highest`, with the normal interval from the sample variance.

    The interval is cut at the ends of the range, and NaN below two values.
    """
    n = count.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 0, sums / n, np.nan)
        variance = np.maximum(squares - n * value**2, 0.0) / (n - 1)
        half = np.where(n > 1, Z95 * np.sqrt(variance / n), np.nan)
    return Estimates(value, count, np.maximum(value - half, 0.0), np.minimum(value + half, highest))


def rate(count: npt.NDArray[np.int64], hits: Array) -> Estimates:
    """Shares with Wilson's score interval (Wilson 1927), which stays within [0, 1]."""
    n = count.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 0, hits / n, np.nan)
        centre = (value + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        half = Z95 * np.sqrt(value * (1 - value) / n + Z95**2 / (4 * n**2)) / (1 + Z95**2 / n)
    return Estimates(value, count, np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1))


def percentile(bins: GroupedBins, q: float) -> Estimates:
    """Quantiles by group, with the order-statistic interval.

    The ranks n·q ± z·sqrt(n·q·(1 - q)) bound the quantile whatever the distribution (Conover,
    Practical Nonparametric Statistics, 3.2); an end whose rank lies outside the sample is NaN.
    """
    n = bins.totals.astype(np.float64)
    half = Z95 * np.sqrt(n * q * (1 - q))
    return Estimates(
        value=bins.value_at(np.maximum(np.ceil(n * q), 1.0)),
        count=bins.totals,
        low=bins.value_at(np.floor(n * q - half)),
        high=bins.value_at(np.ceil(n * q + half) + 1),
    )


def difference(before: Estimates, after: Estimates) -> tuple[Array, Array, Array]:
    """after - before with a 95 % interval from the two intervals: (delta, low, high).

    MOVER: the ends combine the distances of each estimate to its own ends (Zou and Donner 2008),
    so that skewed intervals stay skewed.
    """
    delta = after.value - before.value
    low = delta - np.hypot(after.value - after.low, before.high - before.value)
    high = delta + np.hypot(after.high - after.value, before.value - before.low)
    return delta, low, high


def known(value: float) -> float | None:
    """A float for an answer: None instead of NaN."""
    return None if math.isnan(value) else float(value)
