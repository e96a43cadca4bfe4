"""What to expect of a series that has hardly begun: a shape and a width borrowed. Pure."""

from dataclasses import dataclass

import numpy as np

from graph.estimates import Array
from graph.forecasting.blending import Blend
from graph.forecasting.experts import Ints, smoothed
from graph.forecasting.scale import Scale

USUAL_ERROR = 0.45
"""Of the logarithm, one hour ahead, where nothing is known."""
GROWTH = 0.25
"""Errors grow with this power of the time ahead."""
NEWCOMERS_ARE_ROUGHER = 2.2
"""Errors of one tenant or deployment, relative to those of what is larger."""
BELIEVED_AS = 6.0
"""Errors of its own that outweigh what is borrowed."""
LEVEL_RATE = 0.3
_FUTURES = 61
_ORIGINS_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Borrowed:
    """What a longer series of the same steps tells: how far it goes from its level (aheads,), and
    the size of the errors made about it (aheads,)."""

    moves: Array
    errors: Array


def borrowed_from(series: Array, blend: Blend, *, own_steps: int, aheads: Ints) -> Borrowed:
    """From the series whose shape is borrowed, both ending with the same step."""
    origin = len(series) - 1
    said = blend.forecasts(np.array([origin]), aheads)[0]
    level = smoothed(series[-own_steps:], LEVEL_RATE)[-1]
    errors = rms(errors_at(series, blend, aheads))
    return Borrowed(said - level, np.where(np.isnan(errors), USUAL_ERROR, errors))


def errors_at(series: Array, blend: Blend, aheads: Ints) -> Array:
    """Errors made in the past, (origins, aheads); NaN where what came is not known."""
    origins = np.arange(blend.first, len(series) - 1)
    origins = origins[:: -(-len(origins) // _ORIGINS_AT_MOST) or 1]
    said = blend.forecasts(origins, aheads)
    targets = origins[:, None] + aheads
    came = np.where(targets < len(series), series[np.minimum(targets, len(series) - 1)], np.nan)
    return came - said


def rms(errors: Array) -> Array:
    """By steps ahead, the root mean square of what is known; NaN where nothing is."""
    known = ~np.isnan(errors)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt((np.where(known, errors, 0.0) ** 2).sum(axis=0) / known.sum(axis=0))


def believed_errors(own: Array, *, usual: Array, aheads: Ints) -> Array:
    """The size of errors by steps ahead, from those seen (origins, aheads) and the usual.

    Overlapping errors count less the further ahead they are.
    """
    seen = (~np.isnan(own)).sum(axis=0) / (1 + aheads / 4)
    squares = np.nan_to_num(rms(own)) ** 2
    return np.sqrt((BELIEVED_AS * usual**2 + seen * squares) / (BELIEVED_AS + seen))


def usual_errors(aheads: Ints, *, step_hours: float) -> Array:
    """Where nothing is known of any errors."""
    return USUAL_ERROR * np.maximum(aheads * step_hours, 0.1) ** GROWTH


def chance_of(said: Array, scale: Scale, *, counts: bool) -> Array:
    """The part of an error that is chance, where values are counts: that of a Poisson number."""
    if not counts:
        return np.zeros_like(said)
    middle = np.maximum(scale.back(said), scale.offset)
    return np.sqrt(middle) / (middle + scale.offset)


def plain_futures(size: Array) -> Array:
    """Errors whose size is `size` at each step ahead, all steps off the same way; equally likely.

    The quantiles of a Student distribution with four degrees of freedom: forecasts of what is
    hardly known are sometimes far off.
    """
    level = (np.arange(_FUTURES) + 0.5) / _FUTURES
    # The quantile function has this closed form for four degrees of freedom (Shaw 2006).
    alpha = 4 * level * (1 - level)
    cosine = np.cos(np.arccos(np.sqrt(alpha)) / 3) / np.sqrt(alpha)
    quantiles = np.sign(level - 0.5) * 2 * np.sqrt(np.maximum(cosine - 1, 0.0))
    return (quantiles / np.sqrt(2.0))[:, None] * size
