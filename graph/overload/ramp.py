"""Where a load is heading: steady, at a new level, or growing, and how sure that is.

Pure. Bayesian comparison of a few stories of the last hours, after the multi-process models of
Harrison and Stevens (1976, "Bayesian forecasting"), each a Gaussian linear model: a sudden spike
is a jump, which does not go on rising, while a ramp goes on.
"""

from dataclasses import dataclass

import numpy as np

from graph.estimates import Array
from graph.forecasting.forecast import Forecast

LOOKBACK_S = 3 * 3600.0
"""How far back the stories reach."""
_JUMPS_S = np.arange(-9900.0, 0.0, 300.0)
_PASSING = np.concatenate([[0.0], 0.6 * np.exp2(_JUMPS_S / 1200)])
"""By still story, the chance that its jump passes: 0.6 for one just come, and half of that for
each twenty minutes that it lasted. Most spikes of LLM traffic are shorter than half an hour."""
_RAMPS_S = np.tile(np.arange(-10_800.0, -800.0, 600.0), 2)
_POWERS = np.repeat([1.0, 1.6], len(_RAMPS_S) // 2)
"""Growth is straight, or gathers pace."""
_STORIES = np.concatenate([[0.5], np.full(len(_JUMPS_S), 0.3 / len(_JUMPS_S))])
_RAMPING = 0.2 / len(_RAMPS_S)
_PACE = _POWERS * (-_RAMPS_S / 3600) ** (_POWERS - 1)
"""How fast a growth of 1 grows now, an hour."""
_WANDER = 0.07
"""Load wanders by this share of itself, over `_WANDER_S`, without any story."""
_WANDER_S = 900.0
_SPREAD = np.array([-1.8, -1.1, -0.65, -0.3, 0.0, 0.3, 0.65, 1.1, 1.8])
"""Points that stand for a normal distribution: the means of nine equal parts."""
_KERNEL = (0.3, 0.4, 0.3)
_STOPS_S = -7200.0 * np.log1p(-(np.arange(8) + 0.5) / 8)
"""Growth ends some time, after two hours on average: medians of an exponential's eighths."""
_AROUND_S, _UNTOLD_S = 2400.0, 900.0
_FAR = 0.35
_NEGLIGIBLE = 1e-4
_FUTURES = 24
_FEWEST = 4
_FORGET_S = 1800.0


@dataclass(frozen=True, slots=True)
class Measurements:
    """Rates seen at instants: seconds after now (so at most 0), requests a second, variances."""

    at_s: Array
    rate: Array
    variance: Array


@dataclass(frozen=True, slots=True)
class Paths:
    """Possible courses of a rate: (paths, steps), with weights that sum to 1.

    `growth_per_h` is by how much it grows an hour, should it be growing, which `growing` is the
    probability of; `since_s` is about when that began, in seconds after now.
    """

    values: Array
    weights: Array
    level: float
    growing: float
    growth_per_h: float
    since_s: float

    @property
    def expected(self) -> Array:
        """The mean by step."""
        return self.weights @ self.values

    @property
    def deviation(self) -> Array:
        """The standard deviation by step."""
        return np.sqrt(self.weights @ (self.values - self.expected) ** 2)


@dataclass(frozen=True, slots=True)
class Shape:
    """What usually follows, relative to a rate of 1 now: (futures, steps), with weights."""

    values: Array
    weights: Array

    @property
    def deviation(self) -> Array:
        """The scatter by step, as a share of the rate."""
        mean = self.weights @ self.values
        scatter = np.sqrt(self.weights @ (self.values - mean) ** 2)
        return scatter / np.maximum(mean, 1e-12)


def shape_of(forecast: Forecast) -> Shape:
    """The futures of a forecast of counts, as rates relative to its first step.

    What is due to counting (a Poisson number scatters by its root) and what lasts a step only is
    taken out: a limit is passed by the rate that comes, not by how it happens to fall into a step.
    """
    expected = np.maximum(forecast.expected, 1e-9)
    off = forecast.scenarios - expected
    scatter = np.maximum(forecast.weights @ off**2, 1e-12)
    off = _smooth(off * np.sqrt(np.maximum(1 - expected / scatter, 0.0)))
    # The level now is measured elsewhere: only what is not told by the first step is left to come.
    first = off[:, :1]
    told = (forecast.weights @ (first * off)) / max(
        float(forecast.weights @ first[:, 0] ** 2), 1e-12
    )
    rates = np.maximum(expected + off - first * np.clip(told, 0.0, 1.0), 0.0)
    # Thin counts tell no shape: the fewer are expected, the flatter.
    trust = expected.sum() / (expected.sum() + 20.0)
    first = expected[0] * trust + expected.mean() * (1 - trust)
    relative = trust * rates / first + (1 - trust) * rates.mean(axis=1, keepdims=True) / first
    return _thinned(np.clip(relative, 0.2, 3.0), forecast.weights)


def _smooth(off: Array) -> Array:
    """Deviations without what lasts a step only: a wave that a queue takes, not a higher load."""
    if off.shape[1] < len(_KERNEL):
        return off
    padded = np.pad(off, ((0, 0), (1, 1)), mode="edge")
    return sum(
        (padded[:, k : k + off.shape[1]] * share for k, share in enumerate(_KERNEL)),
        start=np.zeros_like(off),
    )


def _thinned(values: Array, weights: Array) -> Shape:
    """A few futures that stand for all: those in the middle of equal parts, by their height."""
    if len(values) <= _FUTURES:
        return Shape(values, weights)
    order = np.argsort(values.mean(axis=1), kind="stable")
    reached = np.cumsum(weights[order])
    wanted = (np.arange(_FUTURES) + 0.5) / _FUTURES
    place = np.minimum(np.searchsorted(reached, wanted), len(order) - 1)
    return Shape(values[order[place]], np.full(_FUTURES, 1 / _FUTURES))


def flat(steps: int) -> Shape:
    """No usual course is known."""
    return Shape(np.ones((1, steps)), np.ones(1))


def ahead(measured: Measurements, *, at_s: Array, shape: Shape, usual: float) -> Paths:
    """The rate at coming instants (`at_s`, after now); `usual` is its mean over the last day."""
    if len(measured.at_s) < _FEWEST or usual <= 0:
        return _steady(measured, shape, usual)
    measured = _without_spikes(measured)
    stories, prior, spread = _stories(measured.at_s, usual)
    evidence, mean, covariance, middle, off = _compared(measured, stories, spread, usual)
    weights = prior * np.exp(evidence - evidence.max())
    weights /= weights.sum()
    ramps = np.arange(len(weights)) >= len(_STORIES)
    # What was true at the last measurement: the level now under each story.
    now = np.stack([np.ones(len(weights)), _features(np.zeros(1))[:, 0]], axis=1)
    level = middle + np.einsum("hi,hi->h", now, mean) + off
    sd = np.sqrt(np.einsum("hi,hij,hj->h", now, covariance, now))
    values: list[Array] = []
    shares: list[Array] = []
    still = ~ramps
    if weights[still].sum() > 0:
        # A sudden change may be over as soon as it came: then the level before it holds again.
        over = weights[still] * _PASSING
        before = level[still] - now[still, 1] * mean[still, 1], np.sqrt(covariance[still, 0, 0])
        levels, mass = _points(
            np.concatenate([level[still], before[0]]),
            np.concatenate([sd[still], before[1]]),
            np.concatenate([weights[still] - over, over]),
        )
        values.append((levels[:, None, None] * shape.values).reshape(-1, len(at_s)))
        shares.append((mass[:, None] * shape.weights).ravel())
    likely = weights[ramps] > _NEGLIGIBLE
    rising = _rising(at_s, mean[ramps], covariance[ramps], shape, middle=middle, off=off[ramps])[
        likely
    ]
    values.append(rising.reshape(-1, len(at_s)))
    parts = len(_SPREAD) * len(_STOPS_S)
    shares.append(np.repeat(weights[ramps][likely] / parts, parts))
    up = weights[ramps] * (mean[ramps, 1] > 0)
    growing = float(up.sum())
    known = growing > 1e-9
    share = np.concatenate(shares)
    return Paths(
        values=np.maximum(np.concatenate(values), 0.0),
        weights=share / share.sum(),
        level=max(float(weights @ level), 0.0),
        growing=growing,
        growth_per_h=float(up @ (mean[ramps, 1] * _PACE)) / growing if known else 0.0,
        since_s=float(up @ _RAMPS_S) / growing if known else 0.0,
    )


def _steady(measured: Measurements, shape: Shape, usual: float) -> Paths:
    """Too little to tell stories from: the mean of what there is, the newest counting most."""
    level, error = usual, usual
    if len(measured.at_s):
        # Half of an observation's weight is gone after this long.
        weight = np.exp2(measured.at_s / _FORGET_S) / np.maximum(measured.variance, 1e-18)
        level = float(weight @ measured.rate / weight.sum())
        error = float(np.sqrt(weight**2 @ measured.variance) / weight.sum())
    levels = np.maximum(level + _SPREAD * error, 0.0)
    values = (levels[:, None, None] * shape.values).reshape(-1, shape.values.shape[1])
    weights = np.repeat(1 / len(_SPREAD), len(_SPREAD))
    return Paths(values, (weights[:, None] * shape.weights).ravel(), level, 0.0, 0.0, 0.0)


def _without_spikes(measured: Measurements) -> Measurements:
    """Short waves that are over say nothing of what comes: they count as hardly measured.

    Such are those far off the median of the eighty minutes around them; the newest are spared, as
    nobody knows yet what they will be.
    """
    near = np.abs(measured.at_s[:, None] - measured.at_s[None, :]) <= _AROUND_S
    around = np.nanmedian(np.where(near, measured.rate, np.nan), axis=1)
    far = np.maximum(_FAR * around, 4 * np.sqrt(measured.variance))
    spike = (np.abs(measured.rate - around) > far) & (measured.at_s < -_UNTOLD_S)
    return Measurements(measured.at_s, measured.rate, np.where(spike, 1e4, 1.0) * measured.variance)


def _features(at_s: Array) -> Array:
    """By story, how much of its jump or of its growth has come at each instant."""
    return np.concatenate(
        [
            np.zeros((1, len(at_s))),
            (at_s[None, :] >= _JUMPS_S[:, None]).astype(np.float64),
            (np.maximum(at_s[None, :] - _RAMPS_S[:, None], 0.0) / 3600) ** _POWERS[:, None],
        ]
    )


def _stories(at_s: Array, usual: float) -> tuple[Array, Array, Array]:
    """Their features, what they are worth beforehand, and how large a jump or growth may be."""
    prior = np.concatenate([_STORIES, np.full(len(_RAMPS_S), _RAMPING)])
    spread = np.full(len(prior), usual)
    return _features(at_s), prior, spread


def _compared(
    measured: Measurements, features: Array, spread: Array, usual: float
) -> tuple[Array, Array, Array, float, Array]:
    """Log evidence, mean and covariance of (level, jump or growth) by story, and the middle.

    The last is by how much the load now is off each story, as far as it has wandered.
    """
    weight = 1 / np.maximum(measured.variance, 1e-18)
    middle = float(weight @ measured.rate / weight.sum())
    gap = np.abs(measured.at_s[:, None] - measured.at_s[None, :])
    noise = (_WANDER * middle) ** 2 * np.exp(-gap / _WANDER_S)
    noise[np.diag_indices_from(noise)] += np.maximum(measured.variance, 1e-18)
    root = np.linalg.cholesky(noise)
    rate = np.linalg.solve(root, measured.rate - middle)
    both = np.stack([np.ones_like(features), features], axis=2)
    white = np.linalg.solve(root[None], both)
    wide = max(usual, middle)
    precision = np.zeros((len(features), 2, 2))
    precision[:, 0, 0] = 1 / wide**2
    precision[:, 1, 1] = 1 / spread**2
    posterior = precision + np.einsum("hni,hnj->hij", white, white)
    pull = np.einsum("hni,n->hi", white, rate)
    covariance = np.asarray(np.linalg.inv(posterior), dtype=np.float64)
    mean = np.einsum("hij,hj->hi", covariance, pull)
    evidence = 0.5 * (
        np.einsum("hi,hi->h", pull, mean)
        - np.linalg.slogdet(posterior)[1]
        + np.log(precision[:, 0, 0] * precision[:, 1, 1])
    )
    wandering = (_WANDER * middle) ** 2 * np.exp(measured.at_s / _WANDER_S)
    gain = np.linalg.solve(root, wandering)
    off = (rate - np.einsum("hni,hi->hn", white, mean)) @ gain
    return evidence, mean, covariance, middle, off


def _points(level: Array, sd: Array, weights: Array) -> tuple[Array, Array]:
    """A mixture of normal levels as nine of them and their weights."""
    mass = float(weights.sum())
    points = (level[:, None] + sd[:, None] * _SPREAD).ravel()
    share = np.repeat(weights / len(_SPREAD), len(_SPREAD))
    order = np.argsort(points)
    part = np.minimum(
        ((np.cumsum(share[order]) - share[order] / 2) / mass * len(_SPREAD)).astype(np.int64),
        len(_SPREAD) - 1,
    )
    held = np.bincount(part, weights=share[order], minlength=len(_SPREAD)).astype(np.float64)
    sums = np.bincount(part, weights=(share * points)[order], minlength=len(_SPREAD))
    found = held > 0
    levels: Array = np.maximum(sums[found] / held[found], 0.0)
    return levels, held[found]


def _rising(
    at_s: Array, mean: Array, covariance: Array, shape: Shape, *, middle: float, off: Array
) -> Array:
    """The growth going on until it stops, with its own uncertainty and the usual scatter.

    Shape (stories, spread, stops, steps).
    """
    ahead_h = (np.minimum(at_s[None, :], _STOPS_S[:, None])[None] - _RAMPS_S[:, None, None]) / 3600
    ahead_h = ahead_h ** _POWERS[:, None, None]
    left = np.exp(-at_s / _WANDER_S)
    course = middle + mean[:, :1, None] + mean[:, 1:, None] * ahead_h + off[:, None, None] * left
    own, shared, growth = covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1]
    variance = (
        own[:, None, None]
        + 2 * ahead_h * shared[:, None, None]
        + ahead_h**2 * growth[:, None, None]
    )
    scatter = np.maximum(course, 0.0) * np.hypot(shape.deviation, _WANDER)
    sd = np.sqrt(np.maximum(variance, 0.0) + scatter**2)
    return course[:, None] + _SPREAD[:, None, None] * sd[:, None]
