"""The scale on which forecasts are made: a logarithm that bears zeros, and what is known. Pure.

Traffic varies in proportion to itself, so errors are alike on a logarithmic scale; where zeros are
common (a few requests per step) the scale bends towards a linear one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.estimates import Array

LEAST_OFFSET = 0.02
"""Of the mean of what was above 0; more where zeros are common."""
HIGH = 0.25
"""Zeros are lost data where the low quantile of what surrounds them is above this share of its
median, i.e. where the traffic never comes near 0 otherwise."""
LOST_AT_MOST = 0.08
"""Where more than this share of the known steps is zero, zeros are part of the traffic."""
SEEN_AT_LEAST = 12
"""Steps above 0 that are needed to tell that a zero is lost data."""
COUNTS_AT_LEAST = 30.0
"""Below so much per step (in units of the smallest step between values) a zero may be chance."""
AROUND = 6
"""Neighbours on each side that tell whether a zero is out of line."""
NOTHING = 1e-100
"""Less than this is none: its square is no number."""


@dataclass(frozen=True, slots=True)
class Scale:
    """y = log(x + offset); x is never below 0."""

    offset: float

    def to(self, values: Array) -> Array:
        """Onto the scale; NaN stays NaN."""
        return np.log(np.maximum(values, 0.0) + self.offset)

    def back(self, scaled: Array) -> Array:
        """From the scale, cut at 0."""
        return np.maximum(np.exp(np.minimum(scaled, 600.0)) - self.offset, 0.0)


def scale_of(values: Array) -> Scale:
    """The scale for a history; multiplying the history multiplies its offset."""
    known = values[~np.isnan(values)]
    above = known[known > 0]
    if not len(above):
        return Scale(1.0)
    share = 1.0 - len(above) / len(known)
    return Scale(float(above.mean()) * (LEAST_OFFSET + share))


def without_losses(values: Array) -> Array:
    """The same with zeros that are evidently lost data as NaN.

    A step without anything, in traffic that is otherwise far above 0 and whose neighbours on both
    sides are too, was not recorded rather than not asked for. At the end of a history only one side
    can tell, and an outage looks the same: the newest zeros are taken as lost too, as a forecast of
    0 from a silent feed would be the worse mistake.
    """
    values = np.where(values < NOTHING, 0.0, values)
    zero = values == 0
    above = values[values > 0]
    if not zero.any() or len(above) < SEEN_AT_LEAST:
        return values
    known = np.count_nonzero(~np.isnan(values))
    middle = float(np.median(above))
    low = float(np.quantile(above, 0.05))
    thin = middle < COUNTS_AT_LEAST * _unit(above)
    if thin or zero.sum() > LOST_AT_MOST * known or low < HIGH * middle:
        return values
    cleaned = values.copy()
    for first, last in _runs(zero):
        beside = np.concatenate(
            (values[max(0, first - AROUND) : first], values[last + 1 : last + 1 + AROUND])
        )
        beside = beside[~np.isnan(beside)]
        if len(beside) and np.median(beside) > HIGH * middle:
            cleaned[first : last + 1] = np.nan
    return cleaned


def _unit(above: Array) -> float:
    """1 for counts; for amounts nothing, as there is no smallest one."""
    return 1.0 if (above == np.round(above)).all() else 0.0


def _runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last place of each run of truths."""
    edges = np.diff(np.concatenate(([0], mask.astype(np.int8), [0])))
    firsts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(int(first), int(end) - 1) for first, end in zip(firsts, ends, strict=True)]
