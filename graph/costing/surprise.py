"""How surprising the cost of each slice and hour is, for each way of being dear. Pure.

A slice is dear by what it asks for (VOLUME), by who answers (ROUTE), by the tokens of its requests
(TOKENS) or by what a token costs (PRICE). Each way is judged on its own, by how far off the same
figure of the same slice was before: so a price that rises in a corner is seen though the total
cost hardly moves, and a noisy slice has to move far.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from graph.costing.demand import Demand, demand, like
from graph.costing.spend import OF_DEMAND, OF_SUPPLY, Slices, Spend, slices
from graph.costing.usual import WINDOWS_H, Usual, before, usual
from graph.estimates import Array

_STRICTEST = 1.6
"""The bar of a slice that was far off before is at most so many times the usual bar."""
_TOP = 1.2
_CALIBRATION_H = 336
_LAG_H = 24
"""An hour is judged by how far off figures were until a day before it, so that what goes on does
not hide itself."""
_PRIOR_H = 24.0
_PRIOR = 1.5
_CLIPPED = 25.0
_HUGE = 0.5
"""Standard errors are at least so much of the root of the squared costs that came."""
_FEWEST = 24.0
"""Requests of the last week without which nothing is known of a slice's tokens and prices."""
_WARM_H = 36
"""Hours of history from which they can be known."""


class CostDriver(StrEnum):
    """What makes a slice dear."""

    VOLUME = "VOLUME"
    """More requests than expected, or more of the dear kinds."""
    ROUTE = "ROUTE"
    """Dearer deployments answer."""
    TOKENS = "TOKENS"
    """Requests have more tokens, of the prompt or of the answer."""
    PRICE = "PRICE"
    """A token costs more."""


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a driver is judged: what noise is taken for granted, how much counts as much.

    An hour is dear from `sure` standard errors on. `noise` is of the variance of independent
    requests, `drift` and `least` are of what is expected; `unfamiliar` is the drift where no day
    of that kind was seen before. Standard errors of several hours together grow by the power
    `lasting` more than those of independent hours. An hour is worth telling from `worth` of what
    the whole spent in an hour of the last week.
    """

    sure: float
    noise: float
    drift: float
    least: float
    unfamiliar: float
    lasting: float
    worth: float


_MANNERS = {
    CostDriver.VOLUME: _Manner(
        sure=6.5, noise=2.0, drift=0.12, least=0.3, unfamiliar=0.7, lasting=0.25, worth=0.04
    ),
    CostDriver.ROUTE: _Manner(
        sure=6.0, noise=1.0, drift=0.03, least=0.15, unfamiliar=0.06, lasting=0.1, worth=0.02
    ),
    CostDriver.TOKENS: _Manner(
        sure=6.0, noise=1.0, drift=0.03, least=0.2, unfamiliar=0.1, lasting=0.1, worth=0.02
    ),
    CostDriver.PRICE: _Manner(
        sure=5.0, noise=0.006, drift=0.01, least=0.08, unfamiliar=0.03, lasting=0.1, worth=0.01
    ),
}


@dataclass(frozen=True, slots=True)
class Surprise:
    """One driver's slices: by slice and hour what was spent beyond what was expected, in US
    dollars, and its standard error; by group and hour the same `excess` and the `basis` it is an
    excess over. `bar` is how many standard errors make an hour dear.
    """

    driver: CostDriver
    slices: Slices
    excess: Array
    error: Array
    bar: Array
    expected: Array
    group_excess: Array
    group_basis: Array
    requests: Array
    least: float
    lasting: float
    worth: float


def surprises(told: Spend, *, judged_from: int) -> list[Surprise]:
    """Every driver's, for all hours; only slices that spent anything from the hour `judged_from`.

    Hours of the first day are never surprising: its NaN.
    """
    worth = told.cost_usd[:, judged_from:].sum(axis=1)
    asked = slices(told, along=OF_DEMAND, worth=worth)
    anywhere = slices(told, along=(*OF_DEMAND, *OF_SUPPLY), worth=worth)
    steps = usual(told)
    wanted = demand(told, asked)
    return [
        _of_volume(told, asked, wanted),
        _of_step(CostDriver.ROUTE, told, asked, steps, wanted.familiar),
        _of_step(CostDriver.TOKENS, told, anywhere, steps, wanted.familiar),
        _of_step(CostDriver.PRICE, told, anywhere, steps, wanted.familiar),
    ]


def _of_volume(told: Spend, where: Slices, wanted: Demand) -> Surprise:
    manner = _MANNERS[CostDriver.VOLUME]
    own = where.sums(wanted.weighed)
    drift = np.where(wanted.familiar > 0, manner.drift, manner.unfamiliar)
    error, bar = _calibrated(
        own - wanted.expected,
        manner.noise * wanted.variance + (drift * wanted.expected) ** 2,
        sure=manner.sure,
    )
    basis = _usual_volume(told, where, wanted)
    return Surprise(
        driver=CostDriver.VOLUME,
        slices=where,
        excess=_whole_twice(own - wanted.expected, where),
        error=error,
        bar=bar,
        expected=wanted.expected,
        group_excess=wanted.weighed - basis,
        group_basis=basis,
        requests=where.sums(told.requests),
        least=manner.least,
        lasting=manner.lasting,
        worth=manner.worth,
    )


def _whole_twice(excess: Array, where: Slices) -> Array:
    """The fleet as a whole is busier than usual only from the second such hour on."""
    told = excess.copy()
    for row, key in enumerate(where.where):
        if not key:
            told[row, 1:] = np.minimum(excess[row, 1:], excess[row, :-1])
            told[row, 0] = np.nan
    return told


def _usual_volume(told: Spend, where: Slices, wanted: Demand) -> Array:
    """By group and hour, how much is usual: at like hours, as busy as most of the fleet is now."""
    hours = np.arange(told.hours)
    weeks = like(wanted.weighed, [hours - WINDOWS_H[1] * k for k in (1, 2, 3)])
    days = like(wanted.weighed, [hours - WINDOWS_H[0] * k for k in (1, 2, 3)])
    basis = np.nan_to_num(np.where(np.isnan(weeks), days, weeks))
    single = np.array([len(key) == 1 for key in where.where], dtype=np.bool_)
    members = where.members[single]
    now, then = members @ wanted.weighed, members @ basis
    with np.errstate(divide="ignore", invalid="ignore"):
        busier = np.where(then > 0, now / then, 1.0)
    return basis * np.clip(np.median(busier, axis=0), 0.05, 5.0) if len(members) else basis


def _of_step(
    driver: CostDriver, told: Spend, where: Slices, steps: Usual, familiar: Array
) -> Surprise:
    """ROUTE, TOKENS or PRICE: one step of the usual cost to the next, in both windows."""
    manner = _MANNERS[driver]
    cost = np.stack([told.cost_usd] * len(WINDOWS_H))
    was, became = {
        CostDriver.ROUTE: (steps.by_kind, steps.by_route),
        CostDriver.TOKENS: (steps.by_route, steps.by_token),
        CostDriver.PRICE: (steps.by_token, cost),
    }[driver]
    by_group = became - was
    # Dear by what the last day and by what the last week would have it.
    excess = np.minimum(where.sums(by_group[0]), where.sums(by_group[1]))
    expected = where.sums(became[0]) - excess
    spread = steps.route_variance if driver is CostDriver.ROUTE else steps.variance
    variance = where.sums(spread)
    squares = where.sums(told.squares_usd2)
    if driver is CostDriver.PRICE:
        variance = np.maximum(variance, squares)
    drift = np.where(familiar > 0, manner.drift, manner.unfamiliar)
    known = before(where.sums(told.requests), window_h=WINDOWS_H[1]) >= _FEWEST
    known[:, : _WARM_H + _first(told)] = False
    excess = np.where(known, excess, np.nan)
    error, bar = _calibrated(
        excess, manner.noise * variance + (drift * expected) ** 2, sure=manner.sure
    )
    if driver is not CostDriver.PRICE:
        # A few huge requests are no proof: they bring their own squares.
        error = np.maximum(error, np.sqrt(squares) * _HUGE)
    return Surprise(
        driver=driver,
        slices=where,
        excess=excess,
        error=error,
        bar=bar,
        expected=expected,
        group_excess=by_group[0],
        group_basis=was[0],
        requests=where.sums(told.requests),
        least=manner.least,
        lasting=manner.lasting,
        worth=manner.worth,
    )


def _first(told: Spend) -> int:
    """The first hour in which anything was spent."""
    return int(np.argmax(told.cost_usd.any(axis=0)))


def _calibrated(excess: Array, variance: Array, *, sure: float) -> tuple[Array, Array]:
    """Standard errors scaled by how far off the slice was before, and the bar for each hour.

    The bar stands above the highest that the slice reached before, within limits.
    """
    error = np.sqrt(np.maximum(variance, 1e-24))
    off = excess / error
    known = ~np.isnan(off)
    # What is expected leans to the high side; only its upper errors tell of the noise.
    squares = np.where(known, np.clip(np.nan_to_num(off), 0.0, None) ** 2 * 2, 0.0)
    total, count = (
        _until_a_day_before(before(values, window_h=_CALIBRATION_H))
        for values in (np.minimum(squares, _CLIPPED), known.astype(np.float64))
    )
    scale = np.sqrt(np.maximum((total + _PRIOR * _PRIOR_H) / (count + _PRIOR_H), 0.25))
    error = error * scale
    reached = np.maximum.accumulate(np.nan_to_num(excess / error), axis=1)
    bar = np.clip(_TOP * _until_a_day_before(reached), sure, _STRICTEST * sure)
    return error, bar


def _until_a_day_before(values: Array) -> Array:
    late = np.zeros_like(values)
    late[:, _LAG_H:] = values[:, :-_LAG_H]
    return late
