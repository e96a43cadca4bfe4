"""One effect in one set of rows: regression of residuals on an exposure, with honest noise. Pure.

The rows' residuals per observation are modelled as `level + effect * exposure + noise`. The noise
of a row comes from what stands behind it (its spread); hours may scatter by more than that, which
the dispersion tells (Pearson's chi-square over its degrees of freedom, never below 1).
"""

import math
from dataclasses import dataclass

import numpy as np

from graph.causes.panel import Array
from graph.frame import Ints

_FEWEST = 1e-9


@dataclass(frozen=True, slots=True)
class Hourly:
    """Rows added up by hour: `count`, `amount` (residuals) and `exposed` (count x exposure).

    `spread` is the mean squared deviation of one observation. Arrays have one entry for each hour
    of the panel.
    """

    count: Array
    amount: Array
    exposed: Array
    squared: Array
    cross: Array
    spread: float


@dataclass(frozen=True, slots=True)
class Fit:
    """An effect per exposed observation with its standard deviation and evidence.

    `gain` is the gain of log-likelihood over "no effect" with the noise estimated from the fit;
    `exposed` is how much exposure stands behind it, `dispersion` how much more the hours scatter
    than their observations alone would.
    """

    level: float
    effect: float
    deviation: float
    gain: float
    exposed: float
    dispersion: float


NOTHING = Fit(0.0, 0.0, math.inf, 0.0, 0.0, 1.0)


def hourly(
    hour: Ints, count: Array, residual: Array, spread: Array, exposure: Array, *, hours: int
) -> Hourly:
    """Rows (each with its place among `hours` hours) added up."""

    def summed(values: Array) -> Array:
        return np.bincount(hour, weights=values, minlength=hours).astype(np.float64)

    total = float(count.sum())
    weighted = count * exposure
    return Hourly(
        count=summed(count),
        amount=summed(residual),
        exposed=summed(weighted),
        squared=summed(weighted * exposure),
        cross=summed(residual * exposure),
        spread=float(spread.sum()) / total if total > 0 else 0.0,
    )


def fit(series: Hourly) -> Fit:
    """The effect of the exposure; NOTHING where exposed and unexposed are not both there."""
    n, total = float(series.count.sum()), float(series.amount.sum())
    if n <= 0:
        return NOTHING
    exposed = float(series.exposed.sum())
    contrast = float(series.squared.sum()) - exposed**2 / n
    if contrast <= _FEWEST * n or exposed <= 0:
        return NOTHING
    effect = (float(series.cross.sum()) - exposed * total / n) / contrast
    level = (total - effect * exposed) / n
    left = series.amount - level * series.count - effect * series.exposed
    hours = int((series.count > 0).sum())
    freedom = max(hours - 2, 1)
    told = series.count > 0
    scatter = float((left[told] ** 2 / series.count[told]).sum()) / freedom
    noise = max(series.spread, scatter, 1e-18)
    deviation = math.sqrt(noise / contrast)
    strength = (effect / deviation) ** 2
    gain = 0.5 * freedom * math.log1p(strength / freedom)
    dispersion = noise / series.spread if series.spread > 0 else 1.0
    return Fit(level, effect, deviation, gain, exposed, dispersion)


def best_steps(count: Array, amount: Array, shapes: Array, *, spread: float) -> tuple[Array, Array]:
    """Effects and gains of many exposures that depend on the hour alone.

    `shapes` has one row for each exposure, one column for each hour.
    """
    n, total = count.sum(), amount.sum()
    if n <= 0 or not len(shapes):
        return np.zeros(len(shapes)), np.zeros(len(shapes))
    exposed = shapes @ count
    contrast = (shapes**2) @ count - exposed**2 / n
    good = contrast > _FEWEST * n
    safe = np.where(good, contrast, 1.0)
    effect = np.where(good, (shapes @ amount - exposed * total / n) / safe, 0.0)
    told = count > 0
    freedom = max(int(told.sum()) - 2, 1)
    scatter = (amount[told] ** 2 / count[told]).sum() - total**2 / n - effect**2 * safe
    noise = np.maximum(np.maximum(scatter / freedom, spread), 1e-18)
    gain = 0.5 * freedom * np.log1p(effect**2 * safe / noise / freedom)
    return effect, np.where(good, gain, 0.0)
