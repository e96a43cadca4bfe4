"""How much a metric varies from hour to hour and from day to day when nothing happens to it.

Requests of one hour share their fate, so an interval that takes them as independent is too narrow.
What they share is learned from differences between alike hours of successive days (the same hour,
working days and weekends apart): a difference of neighbours is blind to the daily pattern and to
slow drift, and a single step in the history spoils only one of them (von Neumann's estimator of
variance from successive differences, 1941), which a fence then leaves out. Pure.
"""

from dataclasses import dataclass

import numpy as np

from graph.causes.panel import Array
from graph.estimates import Z95
from graph.frame import Ints

_HOUR_S, _DAY_S = 3600, 86_400
_FURTHEST_DAYS = 4
"""Alike hours further apart are not compared: over weekends, yes; over a gap in the data, no."""
_FENCE = 4.0
"""In robust standard deviations; of normal values one in 16,000 lies beyond."""
_MAD = 1.4826
_OVERLAP = 2 / 3
"""Successive differences share a term, which leaves them two thirds of their degrees of freedom."""
_CAUTION = 0.5
"""Standard errors by which the variance of days is taken larger than it seems."""
_USUAL_DAY, _USUAL_PAIRS = 0.05, 2.0
"""Totals of alike days differ by some percent in any service: worth two pairs of days."""


@dataclass(frozen=True, slots=True)
class Hourly:
    """Sums by hour, one row per hour in order: epoch seconds, then what a panel's rows have."""

    hour: Ints
    count: Array
    total: Array
    squares: Array

    @classmethod
    def of(cls, hour: Ints, count: Array, total: Array, squares: Array) -> "Hourly":
        """Any rows as hours; hours without a row are left out."""
        hours, place = np.unique(hour, return_inverse=True)
        size = len(hours)
        return cls(hours, *(_summed(place, of, size) for of in (count, total, squares)))

    def filled(self) -> "Hourly":
        """With a row of zeros for each hour between the first and the last that has none."""
        if not len(self.hour):
            return self
        place = (self.hour - self.hour[0]) // _HOUR_S
        size = int(place[-1]) + 1
        sums = [np.zeros(size) for _ in range(3)]
        for full, part in zip(sums, (self.count, self.total, self.squares), strict=True):
            full[place] = part
        return Hourly(self.hour[0] + _HOUR_S * np.arange(size, dtype=np.int64), *sums)


@dataclass(frozen=True, slots=True)
class Variation:
    """Variances in excess of sampling: `hour` and `day` of the true level of an hour and of a day.

    For means they are in the metric's unit squared; for totals `day` is relative to the total,
    and instead of `hour` there is `unit`: the variance of an hour's total per unit of it (1 for
    independent requests). `freedom` says on how many independent differences each rests; 0 for
    days where the history is too short to tell.
    """

    unit: float
    hour: float
    day: float
    hour_freedom: float
    day_freedom: float

    def of_mean(self, hourly: Hourly) -> tuple[float, float]:
        """What hours and what days add to the variance of the mean over these hours."""
        n = float(hourly.count.sum())
        if not n:
            return 0.0, 0.0
        return (
            self.hour * float(((hourly.count / n) ** 2).sum()),
            self.day * float(((_daily(hourly.hour, hourly.count) / n) ** 2).sum()),
        )

    def of_total(self, hourly: Hourly) -> tuple[float, float]:
        """What hours and what days add to the variance of the total over these hours."""
        days = _daily(hourly.hour, hourly.total)
        return self.unit * float(hourly.total.sum()), self.day * float((days**2).sum())


def variation_of_means(hourly: Hourly) -> Variation:
    """The variation of the mean of an hour and of a day, from quiet hours."""
    seen = hourly.count > 0
    hour, n = hourly.hour[seen], hourly.count[seen]
    mean = hourly.total[seen] / n
    spread = float((hourly.squares[seen] - n * mean**2).sum())
    within = max(spread, 0.0) / max(float((n - 1).sum()), 1.0)
    first, second, block = _alike(hour)
    if not len(first):
        first, second, block = _neighbours(hour)
        days = False
    else:
        days = True
    if not len(first):
        return Variation(within, 0.0, 0.0, 0.0, 0.0)
    weight = n[first] * n[second] / (n[first] + n[second])
    x = mean[second] - mean[first]
    blocks = int(block.max()) + 1
    in_block, between = _centres(x, weight, block, blocks)
    e = x - between[block]
    kept = _inside(e * np.sqrt(weight), floor=np.sqrt(within))
    # A pair's own share of its block's centre is what centring takes from its variance.
    left = 1 - weight / in_block[block]
    free = float(left[kept].sum())
    excess = float((weight * e**2)[kept].sum()) - within * free
    room = 2 * float((weight * left)[kept].sum())
    of_hour = max(excess / room, 0.0) if room > 0 else 0.0
    if not days:
        return Variation(within, of_hour, 0.0, free * _OVERLAP, 0.0)
    squares = _summed(block, weight**2, blocks) / in_block**2
    expected = within / in_block + 2 * of_hour * squares
    of_day, pairs = _day_excess(between, expected, in_block)
    return Variation(within, of_hour, of_day, free * _OVERLAP, pairs * _OVERLAP)


def variation_of_totals(hourly: Hourly) -> Variation:
    """The variation of totals, from quiet hours; hours without a row count as zero.

    The floor of `unit` is what independent requests have: the sum of their squares over the sum.
    """
    filled = hourly.filled()
    total = float(filled.total.sum())
    alone = float(filled.squares.sum()) / total if total > 0 else 1.0
    usual = _USUAL_DAY**2
    first, second, block = _alike(filled.hour)
    if not len(first) or total <= 0:
        return Variation(alone, 0.0, usual, 0.0, _USUAL_PAIRS)
    blocks = int(block.max()) + 1
    old = _summed(block, filled.total[first], blocks)
    new = _summed(block, filled.total[second], blocks)
    both = old + new
    told = both > 0
    old, new, both = (np.where(told, side, 1.0) for side in (old, new, both))
    # Within a pair of days: hours beyond what the two days differ by as a whole.
    pair = filled.total[first] + filled.total[second]
    e = filled.total[second] - pair * (new / both)[block]
    scale = (pair * (old * new / both**2)[block]).clip(min=0)
    counted = told[block] & (scale > 0)
    z = np.divide(e, np.sqrt(scale), out=np.zeros_like(e), where=counted)
    kept = counted & _inside(z, floor=np.sqrt(alone))
    free = max(float(kept.sum()) - blocks, 0.0)
    unit = max(float((z[kept] ** 2).sum()) / free, alone) if free else alone
    relative = 2 * (new - old) / both
    expected = 4 * unit / both
    of_day, pairs = _day_excess(relative[told], expected[told], both[told])
    of_day = (pairs * of_day + _USUAL_PAIRS * usual) / (pairs + _USUAL_PAIRS)
    return Variation(unit, 0.0, of_day, free * _OVERLAP, pairs * _OVERLAP + _USUAL_PAIRS)


def t95(freedom: float) -> float:
    """Student's two-sided 95 % point: Fisher's expansion about the normal one, from 2 up."""
    v, z = max(freedom, 2.0), Z95
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def freedom(variance: float, parts: tuple[tuple[float, float], ...]) -> float:
    """Degrees of freedom of a variance of which these parts, with theirs, are estimates.

    Satterthwaite 1946; what is not among the parts counts as known.
    """
    doubt = sum(part**2 / max(free, 1.0) for part, free in parts if part > 0)
    return variance**2 / doubt if doubt > 0 else float("inf")


def _summed(place: Ints, values: Array, size: int) -> Array:
    return np.bincount(place, weights=values, minlength=size).astype(np.float64)


def _daily(hour: Ints, values: Array) -> Array:
    days, place = np.unique(hour // _DAY_S, return_inverse=True)
    return _summed(place, values, len(days))


def _alike(hour: Ints) -> tuple[Ints, Ints, Ints]:
    """Pairs of successive alike hours: their places, and the pair of days that each is of."""
    day = hour // _DAY_S
    weekend = (day + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    order = np.lexsort((day, hour % _DAY_S, weekend))
    first, second = order[:-1], order[1:]
    alike = (
        (weekend[first] == weekend[second])
        & (hour[first] % _DAY_S == hour[second] % _DAY_S)
        & (day[second] - day[first] <= _FURTHEST_DAYS)
    )
    first, second = first[alike], second[alike]
    _, block = np.unique(day[second], return_inverse=True)
    return first, second, block.astype(np.int64)


def _neighbours(hour: Ints) -> tuple[Ints, Ints, Ints]:
    """Pairs of successive hours, all of one block: what there is within a day or so."""
    place = np.arange(len(hour), dtype=np.int64)
    near = np.diff(hour) == _HOUR_S
    return place[:-1][near], place[1:][near], np.zeros(int(near.sum()), dtype=np.int64)


def _centres(x: Array, weight: Array, block: Ints, blocks: int) -> tuple[Array, Array]:
    """The weight of each block and its weighted mean."""
    inside = _summed(block, weight, blocks)
    return inside, _summed(block, weight * x, blocks) / inside


def _inside(values: Array, *, floor: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which values lie within the fence about zero."""
    scale = max(_MAD * float(np.median(np.abs(values))), float(floor))
    return np.abs(values) <= _FENCE * scale


def _day_excess(x: Array, expected: Array, weight: Array) -> tuple[float, float]:
    """Half the unexpected variance of differences of days, and on how many of them it rests."""
    scale = np.maximum(_MAD * np.median(np.abs(x)) if len(x) else 0.0, np.sqrt(expected))
    kept = np.abs(x) <= _FENCE * scale
    w = weight[kept]
    if not float(w.sum()):
        return 0.0, 0.0
    pairs = float(w.sum()) ** 2 / float((w**2).sum())
    excess = float((w * (x[kept] ** 2 - expected[kept])).sum()) / float(w.sum())
    # A few pairs of days often show no excess where there is some: lean to the safe side.
    doubt = float((w * expected[kept]).sum()) / float(w.sum()) * np.sqrt(2 / pairs)
    return max(excess + _CAUTION * doubt, 0.0) / 2, pairs
