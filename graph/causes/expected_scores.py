"""How many scores each evaluator should have told of each hour, from what it told of other hours.

An evaluator judges a share of the requests that depends on their group (the tier, say), and one
that takes reports of failures a share of those that failed; which it is, is learned too. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.causes.arrival import HOUR_S, ArrivalCurves, arrival_curves
from graph.causes.panel import Array
from graph.frame import Ints, Mask, Scores, Traffic

COMPLETE = 0.98
"""From this probability of having arrived on, an hour counts as complete, so that settled figures
are those of `trends`."""
_REFERENCE = 0.5
"""Hours that are at least half in tell what share of requests is judged."""
_SHARE_PRIOR = 20.0
"""A group's share leans on the evaluator's share of all as if that were this many requests."""
_LATE_HOURS = 2
_WINDOW_HOURS = 5
_SURE = 3.0
"""Logarithm of a likelihood ratio that chance exceeds in less than one case of twenty."""
_LEAST_ARRIVED = 0.02
_BLOCK_HOURS = 6
_LEAST_IN_BLOCK = 5.0
_CHI2_MEDIAN = 0.4549


@dataclass(frozen=True, slots=True)
class ScoreGrid:
    """Counts by evaluator, group and hour. `evaluator` and `hour` are the places of score rows.

    `scores` is evaluators x groups x hours; `requests` has answered, failed and all requests as
    layers over groups x hours. `backfilled` hours were told of long after they were over, so that
    nothing about delays can be learned from them.
    """

    hours: Ints
    names: tuple[str, ...]
    evaluator: Ints
    group: Ints
    hour: Ints
    scores: Array
    requests: Array
    backfilled: Mask


@dataclass(frozen=True, slots=True)
class ExpectedScores:
    """Expected scores in all and the share of them that can have arrived by the known instant.

    `in_all` is evaluators x groups x hours, `arrived` evaluators x hours. `settled` is how many
    scores the expectation rests on, `spread` how many times the variance of independent scores
    blocks of hours have; 0 scores mean that nothing can be expected.
    """

    in_all: Array
    arrived: Array
    settled: Array
    spread: Array
    curves: ArrivalCurves
    backfilled: Mask
    hours: Ints

    def by(self, instant_s: float) -> Array:
        """The share that can have arrived by another instant, by evaluator and hour."""
        share = self.curves.share(self.hours, at_s=instant_s)[: len(self.settled)]
        share[:, self.backfilled] = 1.0
        return share

    def by_now(self) -> Array:
        """How many should have arrived by the known instant: evaluators x groups x hours."""
        return self.in_all * self.arrived[:, None, :]


def score_grid(
    scores: Scores,
    traffic: Traffic,
    *,
    evaluators: Sequence[str],
    group_of: Ints,
    groups: int,
) -> ScoreGrid:
    """The counts of all hours from the first to the last row; versions of evaluators as one."""
    both = np.concatenate([traffic.hour, scores.hour])
    start, end = (int(both.min()), int(both.max())) if len(both) else (0, -HOUR_S)
    hours = np.arange(start, end + HOUR_S, HOUR_S, dtype=np.int64)
    size = len(hours)
    names = tuple(sorted({str(evaluators[int(row)]) for row in np.unique(scores.evaluator)}))
    code = np.array([names.index(n) if n in names else 0 for n in evaluators], dtype=np.int64)
    evaluator = code[scores.evaluator] if len(scores.cell) else np.empty(0, dtype=np.int64)
    hour, group = (scores.hour - start) // HOUR_S, group_of[scores.cell]
    counted = _binned(
        (evaluator * groups + group) * size + hour, scores.count, (len(names), groups, size)
    )
    when = (traffic.hour - start) // HOUR_S
    place = group_of[traffic.cell] * size + when
    requests, ok = traffic.measure("count"), traffic.measure("okCount")
    layers = [_binned(place, of, (groups, size)) for of in (ok, requests - ok, requests)]
    late = traffic.recorded_hour - traffic.hour >= _LATE_HOURS * HOUR_S
    told_late = _binned(when, requests * late, (size,))
    return ScoreGrid(
        hours=hours,
        names=names,
        evaluator=evaluator,
        group=group,
        hour=hour,
        scores=counted,
        requests=np.stack(layers),
        backfilled=2 * told_late > layers[-1].sum(axis=0),
    )


def expected_scores(
    grid: ScoreGrid, scores: Scores, *, reference: Mask, known_at_s: float
) -> ExpectedScores:
    """What to expect of every hour, learned from the `reference` hours."""
    evaluators = len(grid.names)
    curves = arrival_curves(
        np.where(grid.backfilled[grid.hour], evaluators, grid.evaluator),
        scores.hour,
        scores.recorded_hour,
        scores.count,
        evaluators=evaluators + 1,
        known_at_s=known_at_s,
    )
    arrived = curves.share(grid.hours, at_s=known_at_s)[:evaluators]
    arrived[:, grid.backfilled] = 1.0
    told = reference & (arrived >= _REFERENCE)
    in_all = _in_all(grid, arrived, told)
    counted, expected = grid.scores.sum(axis=1), in_all.sum(axis=1)
    return ExpectedScores(
        in_all=in_all,
        arrived=_settled(counted, expected, arrived),
        settled=(counted * told).sum(axis=1),
        spread=_spread(counted * told, expected * arrived * told),
        curves=curves,
        backfilled=grid.backfilled,
        hours=grid.hours,
    )


def _binned(place: Ints, values: Ints, shape: tuple[int, ...]) -> Array:
    size = int(np.prod(shape))
    counts = np.bincount(place, weights=values.astype(np.float64), minlength=size)
    return counts.reshape(shape).astype(np.float64)


def _in_all(grid: ScoreGrid, arrived: Array, told: Mask) -> Array:
    """Shares of the requests that an evaluator looks at, times those requests."""
    in_all = np.zeros_like(grid.scores)
    for place in range(len(grid.names)):
        seen = arrived[place] * told[place]
        scores = (grid.scores[place] * told[place]).sum(axis=1)
        if scores.sum() <= 0:
            continue
        judged = grid.requests[_judged(grid, place, seen, told[place])]
        looked_at = (judged * seen).sum(axis=1)
        overall = float(scores.sum() / max(float(looked_at.sum()), 1.0))
        share = (scores + _SHARE_PRIOR * overall) / (looked_at + _SHARE_PRIOR)
        in_all[place] = share.clip(min=0.0)[:, None] * judged
    return in_all


def _judged(grid: ScoreGrid, place: int, seen: Array, told: Mask) -> int:
    """Which requests an evaluator looks at, by likelihood: answered (if in doubt), failed, all."""
    scores = np.maximum(grid.scores[place].sum(axis=0), 0.0) * told
    layers = grid.requests.sum(axis=1)
    best, found = -np.inf, 0
    for layer in (0, 2, 1):
        # A few of all the others too, so that no hour is impossible.
        rate = (layers[layer] + 0.01 * layers[2] + 1e-9) * np.maximum(seen, 1e-9)
        likelihood = float((scores * np.log(rate)).sum())
        likelihood -= float(scores.sum()) * float(np.log(rate[told].sum()))
        if likelihood > best + 2.0:
            best, found = likelihood, layer
    return found


def _settled(counted: Array, expected: Array, arrived: Array) -> Array:
    """The share arrived, 1 where as many came as the hours can ever have, whatever the curve says.

    History that is loaded at once makes curves of arrival meaningless; the counts tell. The ratio
    of Poisson likelihoods of complete and partial is summed over some hours about each.
    """
    share = arrived.clip(_LEAST_ARRIVED, 1.0)
    ratio = -counted * np.log(share) - expected * (1 - share)
    window = np.ones(_WINDOW_HOURS)
    settled = arrived.copy()
    for place in range(len(arrived)):
        if not len(ratio[place]):
            continue
        about = np.convolve(ratio[place], window)[_WINDOW_HOURS // 2 :][: len(ratio[place])]
        some = np.convolve(counted[place], window)[_WINDOW_HOURS // 2 :][: len(ratio[place])]
        settled[place, (about >= _SURE) & (some >= _LEAST_IN_BLOCK)] = 1.0
    return settled


def _spread(counted: Array, expected: Array) -> Array:
    """Variance over mean of blocks of hours, by their median: one odd day does not count."""
    whole = counted.shape[1] // _BLOCK_HOURS
    shape = (len(counted), whole, _BLOCK_HOURS)
    blocks = [
        of[:, : whole * _BLOCK_HOURS].reshape(shape).sum(axis=2) for of in (counted, expected)
    ]
    found = np.ones(len(counted))
    for place, (n, mean) in enumerate(zip(*blocks, strict=True)):
        many = mean >= _LEAST_IN_BLOCK
        if many.any():
            ratio = (n[many] - mean[many]) ** 2 / mean[many]
            found[place] = max(float(np.median(ratio)) / _CHI2_MEDIAN, 1.0)
    return found
