"""What the requests of an hour would have cost had all been as it used to be, step by step. Pure.

The cost of what came is told by four figures, each with one thing more as it was: `by_kind` (what
requests of this kind used to cost), `by_route` (at the deployments that answered), `by_token`
(with the tokens that they had), and the cost itself. The steps between are what the route, the
tokens and the price made dearer; they add up exactly, over any groups.

Every figure of an hour is made from the hours before it alone.
"""

from dataclasses import dataclass

import numpy as np

from graph.costing.spend import Spend
from graph.estimates import Array
from graph.frame import Ints
from graph.slices import Dimension

WINDOWS_H = (24, 168)
"""What is usual is what was so in the last day, and what was so in the last week."""
_PRIOR_REQUESTS = 20.0
_COMPLETION_PRICE = 3.0
"""What an answered token is taken to cost beside one of the prompt, until more is known."""
_RIDGE = 0.05
_FEWEST = 20.0
"""Requests of the last week from which the price of a deployment, or of a kind, is known."""
_SPREAD = 4.0
"""Squared costs are taken to be so many times the square of their mean, until more is known."""


@dataclass(frozen=True, slots=True)
class Usual:
    """By group and hour; the first three have a first axis for the two windows.

    `variance` is that of the cost of so many requests of such kinds, `route_variance` that of
    `by_route` where routes are drawn at random.
    """

    by_kind: Array
    by_route: Array
    by_token: Array
    variance: Array
    route_variance: Array


def usual(told: Spend) -> Usual:
    """The usual cost of what came in each hour."""
    kind, kinds = codes(told, Dimension.TASK_TYPE, Dimension.TIER)
    place, places = codes(told, Dimension.TASK_TYPE, Dimension.TIER, Dimension.DEPLOYMENT)
    by_kind: list[Array] = []
    by_route: list[Array] = []
    by_token: list[Array] = []
    week = _token_prices(told, window_h=WINDOWS_H[-1])
    for window_h in WINDOWS_H:
        prompt_usd, completion_usd = (
            # Where the last day tells nothing, what the week tells holds.
            np.where(np.isnan(recent), usual, recent)
            for recent, usual in zip(_token_prices(told, window_h=window_h), week, strict=True)
        )
        priced = told.prompt_tokens * prompt_usd + told.completion_tokens * completion_usd
        priced = np.where(np.isnan(priced), told.cost_usd, priced)
        each_kind = _mean_costs(told, kind, size=kinds, window_h=window_h)[kind]
        usd = _at_places(told, (kind, kinds), (place, places), window_h, prompt_usd, completion_usd)
        routed = np.where(np.isnan(usd), priced, told.requests * usd)
        by_kind.append(np.where(np.isnan(each_kind), routed, told.requests * each_kind))
        by_route.append(routed)
        by_token.append(priced)
    mean_usd = by_route[-1] / np.maximum(told.requests, 1.0)
    squares = _mean_squares(told, place, size=places, mean_usd=mean_usd)
    return Usual(
        by_kind=np.stack(by_kind),
        by_route=np.stack(by_route),
        by_token=np.stack(by_token),
        variance=told.requests * squares,
        route_variance=told.requests * mean_usd**2,
    )


def codes(told: Spend, *dimensions: Dimension) -> tuple[Ints, int]:
    """A number per group for its labels along some dimensions, and how many there are."""
    keys = list(zip(*(told.labels[d] for d in dimensions), strict=True))
    numbers = {key: number for number, key in enumerate(sorted(set(keys)))}
    return np.array([numbers[key] for key in keys], dtype=np.int64), len(numbers)


def summed(values: Array, of: Ints, *, size: int) -> Array:
    """By hour, the sums of groups of the same number."""
    order = np.argsort(of, kind="stable")
    first = np.searchsorted(of[order], np.arange(size))
    if not len(of):
        return np.zeros((size, values.shape[1]))
    return np.asarray(np.add.reduceat(values[order], first, axis=0), dtype=np.float64)


def before(values: Array, *, window_h: int) -> Array:
    """By hour, the sum over the hours of the window that ends where the hour begins."""
    total: Array = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    running: Array = np.cumsum(values, axis=-1)
    total[..., 1:] = running
    places: Ints = np.arange(values.shape[-1], dtype=np.int64)
    start = np.maximum(places - window_h, 0)
    summed: Array = total[..., :-1] - total[..., start]
    return summed


def _mean_costs(told: Spend, of: Ints, *, size: int, window_h: int) -> Array:
    """The mean cost of requests of a kind in the window before each hour, drawn to the week's."""
    requests, cost = (summed(v, of, size=size) for v in (told.requests, told.cost_usd))
    n, usd = (before(v, window_h=WINDOWS_H[-1]) for v in (requests, cost))
    week = np.where(n >= _FEWEST, usd / np.maximum(n, 1.0), np.nan)
    if window_h == WINDOWS_H[-1]:
        return week
    n, usd = (before(v, window_h=window_h) for v in (requests, cost))
    return (usd + _PRIOR_REQUESTS * week) / (n + _PRIOR_REQUESTS)


def _at_places(
    told: Spend,
    kind: tuple[Ints, int],
    place: tuple[Ints, int],
    window_h: int,
    prompt_usd: Array,
    completion_usd: Array,
) -> Array:
    """What a request of each group's kind costs at its deployment, by group and hour.

    The mean there, drawn to what the kind's usual tokens cost at the deployment's prices.
    """
    of, kinds = kind

    def window(values: Array, of: Ints, size: int) -> Array:
        return before(summed(values, of, size=size), window_h=window_h)[of]

    requests = np.maximum(window(told.requests, of, kinds), 1.0)
    tokens_usd = window(told.prompt_tokens, of, kinds) / requests * prompt_usd
    tokens_usd += window(told.completion_tokens, of, kinds) / requests * completion_usd
    at, places = place
    n = window(told.requests, at, places)
    cost = window(told.cost_usd, at, places)
    return (cost + _PRIOR_REQUESTS * tokens_usd) / (n + _PRIOR_REQUESTS)


def _token_prices(told: Spend, *, window_h: int) -> tuple[Array, Array]:
    """What a token of the prompt and one of the answer cost, by group and hour.

    Weighted least squares over the hours and groups of each deployment in the window, drawn to a
    single price (ridge regression, Hoerl and Kennard 1970). NaN for a deployment hardly seen.
    """
    at, size = codes(told, Dimension.DEPLOYMENT)
    prompt, completion, cost = told.prompt_tokens, told.completion_tokens, told.cost_usd
    weight = 1.0 / (prompt + _COMPLETION_PRICE * completion + 1.0)

    def window(values: Array) -> Array:
        return before(summed(values, at, size=size), window_h=window_h)

    requests, all_cost = window(told.requests), window(cost)
    tokens = window(prompt) + _COMPLETION_PRICE * window(completion)
    pp, pk = window(weight * prompt * prompt), window(weight * prompt * completion)
    kk = window(weight * completion * completion)
    pc, kc = window(weight * prompt * cost), window(weight * completion * cost)
    known = (requests >= _FEWEST) & (tokens > 0)
    single = all_cost / np.where(tokens > 0, tokens, 1.0)
    pc, kc = pc + _RIDGE * pp * single, kc + _RIDGE * kk * _COMPLETION_PRICE * single
    pp, kk = pp * (1 + _RIDGE), kk * (1 + _RIDGE)
    determinant = pp * kk - pk * pk
    solved = known & (determinant > 1e-12 * pp * kk)
    divisor = np.where(solved, determinant, 1.0)
    prompt_usd = np.where(solved, (kk * pc - pk * kc) / divisor, single)
    completion_usd = np.where(solved, (pp * kc - pk * pc) / divisor, _COMPLETION_PRICE * single)
    odd = (prompt_usd < 0) | (completion_usd < 0)
    prompt_usd = np.where(odd, single, prompt_usd)
    completion_usd = np.where(odd, _COMPLETION_PRICE * single, completion_usd)
    prompt_usd[~known] = np.nan
    completion_usd[~known] = np.nan
    return prompt_usd[at], completion_usd[at]


def _mean_squares(told: Spend, of: Ints, *, size: int, mean_usd: Array) -> Array:
    """The mean squared cost of a request of each group's kind, by group and hour."""
    n, squares = (
        before(summed(v, of, size=size), window_h=WINDOWS_H[-1])[of]
        for v in (told.requests, told.squares_usd2)
    )
    return (squares + _PRIOR_REQUESTS * _SPREAD * mean_usd**2) / (n + _PRIOR_REQUESTS)
