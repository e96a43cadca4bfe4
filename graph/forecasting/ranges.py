"""What was to be expected of a step, from the steps before it: for steps that stand out. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.estimates import Array
from graph.forecasting.calibration import (
    CHECKED_SEASONS,
    LEAST_ERRORS,
    Stretches,
    followed,
    quantiles_at,
)
from graph.forecasting.experts import Ints
from graph.forecasting.history import History
from graph.forecasting.prediction import UNLEARNED_DAYS, Model, model_of, predict
from graph.forecasting.residuals import past_of, spread_of
from graph.forecasting.scale import without_losses

LEAST_BEHIND = 4 * LEAST_ERRORS
"""Steps before a step from which its range comes from the one pass over the past; with fewer each
is forecast by itself."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """For consecutive steps, the last of which ends a history: what was expected (steps,), and the
    limits (levels, steps) that hold the value with the probability of the level. NaN where nothing
    was known before."""

    expected: Array
    low: Array
    high: Array


def expected_range(history: History, *, level: float) -> tuple[float, float, float]:
    """For the last step of a history, by the steps before: (expected, low, high).

    Raises ValueError where no step before is known.
    """
    before = History(history.start, history.step, history.values[:-1])
    forecast = predict(before, steps=1)
    low, high = ((1 - level) / 2, (1 + level) / 2)
    return (
        float(forecast.expected[0]),
        float(forecast.quantile(low)[0]),
        float(forecast.quantile(high)[0]),
    )


def rolling(history: History, *, last: int, levels: Sequence[float]) -> Ranges:
    """For each of the last steps, by the steps before it, one step ahead.

    The same blend, errors and stretch as in `predict`, read off one pass over the past instead of
    learning anew at every step.
    """
    size = len(history.values)
    last = min(last, size)
    values = without_losses(history.values)
    known = np.flatnonzero(~np.isnan(values))
    expected = np.full(last, np.nan)
    limits = np.full((2 * len(levels), last), np.nan)
    wanted = [(1 - level) / 2 for level in levels] + [(1 + level) / 2 for level in levels]
    if not len(known):
        return Ranges(expected, limits[: len(levels)], limits[len(levels) :])
    begin = int(known[0])
    model = model_of(values[begin:], step=history.step, knots=np.array([1]))
    early = begin + model.blend.first + max(LEAST_BEHIND, int(UNLEARNED_DAYS * model.season))
    for step in range(max(size - last, begin + 1), min(early, size)):
        forecast = predict(History(history.start, history.step, values[:step]), steps=1)
        place = step - (size - last)
        expected[place] = forecast.expected[0]
        limits[:, place] = [forecast.quantile(one)[0] for one in wanted]
    first = max(size - last, early)
    if first < size:
        steps = np.arange(first - begin, size - begin)
        middle, found = _in_one_pass(model, steps, wanted)
        expected[first - size + last :] = middle
        limits[:, first - size + last :] = found
    return Ranges(expected, limits[: len(levels)], limits[len(levels) :])


def _in_one_pass(model: Model, steps: Ints, wanted: Sequence[float]) -> tuple[Array, Array]:
    """What was expected in these steps of the series (steps,) and its quantiles (wanted, steps)."""
    one = np.array([1])
    spread = spread_of(model.series, model.blend, model.scale)
    first = min(
        model.blend.first + int(UNLEARNED_DAYS * model.season), int(steps[0]) - LEAST_ERRORS
    )
    origins = np.arange(first, model.origin)
    errors = past_of(model.series, model.blend, spread, origins=origins, aheads=one).errors[:, 0]
    seen = ~np.isnan(errors)
    origins, errors = origins[seen], errors[seen]
    at = steps - 1
    ranks = quantiles_at(
        origins, errors, at=at, ahead=1, season=model.season, wanted=(0.5, *wanted)
    )
    behind = max(CHECKED_SEASONS, -(-len(steps) // model.season) + CHECKED_SEASONS)
    by_then, factors = followed(origins, errors, ahead=1, season=model.season, seasons=behind)
    # The newest check that was over by each step.
    places = np.searchsorted(origins[-len(by_then) + 1 :], at, side="left")
    stretch = Stretches(by_then[places], factors[places])
    said = model.blend.forecasts(at, one)
    off = stretch.apply(ranks) * spread.of(said, at, one)
    scaled = model.scale.back(said + off)
    return scaled[:, 0], scaled[:, 1:].T
