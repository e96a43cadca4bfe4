"""Forecasts of a history: blended experts, with past errors as scenarios around them. Pure."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from graph.estimates import Array
from graph.forecasting.blending import NOISE_OF_COUNTS, Blend, knots_up_to, learn
from graph.forecasting.calibration import Stretches, factors_of, limits_of, weights_of
from graph.forecasting.experts import DAY, LEAST_SEASON, WEEK, Ints, experts_of
from graph.forecasting.forecast import Forecast, weighted_quantile
from graph.forecasting.history import History
from graph.forecasting.newcomers import NEWCOMERS_ARE_ROUGHER as ROUGHER
from graph.forecasting.newcomers import (
    Borrowed,
    believed_errors,
    borrowed_from,
    chance_of,
    errors_at,
    plain_futures,
    usual_errors,
)
from graph.forecasting.residuals import Spread, past_of, spread_of
from graph.forecasting.scale import Scale, scale_of, without_losses

METHOD = "blended experts, conformal"
BORROWING = "blended experts with a borrowed shape, conformal"
SCENARIOS_AT_MOST = 360
SCENARIO_DAYS = 14
UNLEARNED_DAYS = 0.5
"""Origins so early had learned nothing yet; their errors say little."""
CHECKED_EVERY = 4
"""Every so manieth knot has its intervals checked; factors between are interpolated."""
PLAIN_AS = 8.0
"""Past paths, overlaps discounted, that weigh as much as what is plainly believed of errors."""
PLAIN_AT_LEAST = 0.03
HEADROOM, HEADROOM_OF_FEW = 3.0, 30.0
"""No future is beyond the highest known value times the first and, of n steps, the second / √n."""


@dataclass(frozen=True, slots=True)
class Model:
    """A series, from its first to its last known step, with all that was learned from it.

    `season` is how many steps are a day, or a week where few steps are a day.
    """

    values: Array
    step: timedelta
    scale: Scale
    series: Array
    blend: Blend
    season: int

    @property
    def origin(self) -> int:
        """The last known step."""
        return len(self.series) - 1

    @property
    def counts(self) -> bool:
        """Whether these are numbers of something."""
        known = self.values[~np.isnan(self.values)]
        return bool((known == np.round(known)).all())


def predict(history: History, *, steps: int, like: History | None = None) -> Forecast:
    """The next `steps` steps of a history.

    `like` is a longer history of the same steps whose shape a short one may borrow, e.g. that of
    all tenants for a new one. Raises ValueError for a history without a known step.
    """
    if steps < 1:
        raise ValueError("a forecast has at least one step")
    values, silent = trimmed(history.values)
    aheads = np.arange(silent + 1, silent + steps + 1)
    model = model_of(values, step=history.step, knots=knots_up_to(silent + steps))
    said = model.blend.forecasts(np.array([model.origin]), aheads)[0]
    borrowed = None
    if like is not None and not model.blend.experts.seasonals:
        borrowed = _borrowed(history, like, own_steps=len(values), silent=silent, aheads=aheads)
    if borrowed is not None:
        said = _with_shape(said, model, borrowed, aheads)
    off, weights = _errors(model, said, aheads, borrowed)
    known = values[~np.isnan(values)]
    most = known.max() * (HEADROOM + HEADROOM_OF_FEW / np.sqrt(len(known)))
    scenarios = np.minimum(model.scale.back(said + off), most)
    return Forecast(
        method=METHOD if borrowed is None else BORROWING,
        start=history.end,
        step=history.step,
        expected=_middle(scenarios, weights),
        scenarios=scenarios,
        weights=weights,
        known_steps=len(known),
    )


def _middle(scenarios: Array, weights: Array) -> Array:
    """By step, the mean of the middle 80 %: near the median, but not 0 where a request comes now
    and then."""
    low, high = (weighted_quantile(scenarios, weights, level) for level in (0.1, 0.9))
    counted = weights[:, None] * ((scenarios >= low) & (scenarios <= high))
    return (counted * scenarios).sum(axis=0) / counted.sum(axis=0)


def trimmed(values: Array) -> tuple[Array, int]:
    """From the first to the last known step, and how many unknown ones follow.

    Raises ValueError where none is known.
    """
    cleaned = without_losses(values)
    known = np.flatnonzero(~np.isnan(cleaned))
    if not len(known):
        raise ValueError("a history without a known step tells nothing")
    return cleaned[known[0] : known[-1] + 1], len(cleaned) - 1 - int(known[-1])


def model_of(values: Array, *, step: timedelta, knots: Ints) -> Model:
    """What there is to learn from trimmed values."""
    scale = scale_of(values)
    series = scale.to(values)
    season = round(DAY / step)
    if season < LEAST_SEASON:  # of long steps, weeks are what repeats
        season = max(round(WEEK / step), 1)
    known = values[~np.isnan(values)]
    counts = bool((known == np.round(known)).all())
    chance = 1 / (1 + float(known[-season:].mean()) / NOISE_OF_COUNTS) if counts else 0.0
    experts = experts_of(series, step)
    blend = learn(series, experts, knots=knots, season=season, chance=chance)
    return Model(values, step, scale, series, blend, season)


def _borrowed(
    history: History, like: History, *, own_steps: int, silent: int, aheads: Ints
) -> Borrowed | None:
    """The shape of the longer history, up to where the shorter one is known."""
    if like.step != history.step:
        raise ValueError("a shape can be borrowed from a history of the same steps only")
    end = history.end - silent * history.step
    size = (end - like.start) // like.step
    if size <= own_steps or size > len(like.values):
        return None
    values, missing = trimmed(like.values[:size])
    if missing:
        return None
    model = model_of(values, step=like.step, knots=knots_up_to(int(aheads[-1])))
    if not model.blend.experts.seasonals:
        return None
    return borrowed_from(model.series, model.blend, own_steps=own_steps, aheads=aheads)


def _with_shape(said: Array, model: Model, borrowed: Borrowed, aheads: Ints) -> Array:
    """The further ahead, the more the level lies on the borrowed shape."""
    share = np.minimum(1.0, 4 * aheads / model.season)
    level = model.series[-1] + model.blend.experts.levels[-1, 1]
    return (1 - share) * said + share * (level + borrowed.moves)


def _errors(
    model: Model, said: Array, aheads: Ints, borrowed: Borrowed | None
) -> tuple[Array, Array]:
    """Futures as errors around what is said (futures, aheads), and their weights."""
    early = int(min(UNLEARNED_DAYS * model.season, len(model.series) / 4))
    first = max(model.blend.first + early, model.origin - SCENARIO_DAYS * model.season)
    reach = min(int(aheads[-1]), len(model.series) // 2)
    origins = np.arange(first, model.origin - reach + 1)
    overlapping = len(origins) / (1 + reach / 4)
    share = PLAIN_AS**2 / (PLAIN_AS**2 + overlapping**2)
    if share < PLAIN_AT_LEAST:
        return _past_paths(model, said, aheads, origins)
    plain = _plain(model, said, aheads, borrowed)
    equal = np.full(len(plain), 1 / len(plain))
    if len(origins) < 2 or overlapping < 1:
        return plain, equal
    off, weights = _past_paths(model, said, aheads, origins)
    both = np.concatenate((weights * (1 - share), equal * share))
    return np.concatenate((off, plain)), both


def _plain(model: Model, said: Array, aheads: Ints, borrowed: Borrowed | None) -> Array:
    """Futures as what is believed of errors, from few of its own, borrowed ones and chance."""
    usual = usual_errors(aheads, step_hours=model.step / timedelta(hours=1))
    if borrowed is not None:
        usual = ROUGHER * borrowed.errors
    usual = np.hypot(usual, chance_of(said, model.scale, counts=model.counts))
    own = errors_at(model.series, model.blend, aheads)
    return plain_futures(believed_errors(own, usual=usual, aheads=aheads))


def _past_paths(model: Model, said: Array, aheads: Ints, origins: Ints) -> tuple[Array, Array]:
    """Past errors along whole paths, brought to the level and unrest of now and stretched."""
    spread = spread_of(model.series, model.blend, model.scale)
    origins = _thinned(origins)
    paths = past_of(model.series, model.blend, spread, origins=origins, aheads=aheads)
    weights = weights_of(origins, now=model.origin, season=model.season)
    errors = _gaps_filled(paths.errors)
    stretch = Stretches(
        limits_of(errors, weights), _factors(model, spread, aheads, first=int(origins[0]))
    )
    now = np.array([model.origin])
    size = spread.of(said[None, :], now, aheads)[0]
    return stretch.apply(errors.T).T * size, weights


def _thinned(origins: Ints) -> Ints:
    """At most so many, evenly, the newest among them."""
    every = -(-len(origins) // SCENARIOS_AT_MOST)
    return origins[::-1][::every][::-1]


def _factors(model: Model, spread: Spread, aheads: Ints, *, first: int) -> Array:
    """By steps ahead, how the intervals are stretched; (aheads, 2)."""
    knots = model.blend.knots[::CHECKED_EVERY]
    knots = knots[knots <= model.origin - first]
    origins = _thinned(np.arange(first, model.origin))
    past = past_of(model.series, model.blend, spread, origins=origins, aheads=knots)
    found = np.log(factors_of(past, season=model.season))
    at = np.log(aheads)
    return np.exp(np.stack([np.interp(at, np.log(knots), found[:, k]) for k in (0, 1)], axis=1))


def _gaps_filled(errors: Array) -> Array:
    """Unknown steps of a path are off as the step before was; unknown first ones not at all."""
    size = int(errors.shape[1])
    place = np.where(np.isnan(errors), 0, np.arange(size))
    place = np.maximum.accumulate(place, axis=1)
    return np.nan_to_num(np.take_along_axis(errors, place, axis=1))
