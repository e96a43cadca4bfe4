"""How soon scores arrive: what share of an hour's scores is known so many hours after it.

Recent hours have had less time than old ones, so delays are seen cut off on the right. The reverse
hazard, of scores with a delay of at most `a` the share with exactly `a` among the hours old enough
to have shown it, undoes that without waiting for hours to become old (Lagakos, Barraj and
De Gruttola 1988; Lawless 1994; actuaries know it as the chain ladder). Curves are kept by the hour
of the day in which requests arrive, so that a nightly batch is a step in each and not a smear over
a day. Pure.
"""

from dataclasses import dataclass

import numpy as np

from graph.causes.panel import Array
from graph.frame import Ints, Mask

HOUR_S = 3600
_DAY_HOURS = 24
_LONGEST = 14 * _DAY_HOURS
"""Scores later than two weeks count as two weeks late."""
_LEAST_SCORES = 30
_LEAST_SPAN = 3
"""A history of three times the delay of nine scores in ten is the least that tells a curve."""
_PRIOR = 2.0
"""An hour of the day leans on the curve of all hours as if that were this many scores."""


@dataclass(frozen=True, slots=True)
class ArrivalCurves:
    """`by_age[evaluator, hour of day, a]` is the share known by the end of the a-th hour after.

    Where `known` is False, too little has been seen to tell.
    """

    by_age: Array
    known: Mask

    def share(self, hour: Ints, *, at_s: float) -> Array:
        """The probability that scores of requests of these hours are known at an instant.

        One row per evaluator, a column per hour; 1 where no curve is known.
        """
        edge = int(at_s // HOUR_S) * HOUR_S
        of_day = (hour // HOUR_S) % _DAY_HOURS
        passed = (edge - hour) // HOUR_S - 1
        whole, part = (self._at(of_day, passed + more) for more in (0, 1))
        share = whole + (at_s - edge) / HOUR_S * (part - whole)
        share[~self.known] = 1.0
        return share

    def _at(self, of_day: Ints, age: Ints) -> Array:
        found = self.by_age[:, of_day, np.clip(age, 0, _LONGEST)]
        found[:, age < 0] = 0.0
        return found


def arrival_curves(
    evaluator: Ints,
    hour: Ints,
    recorded_hour: Ints,
    count: Ints,
    *,
    evaluators: int,
    known_at_s: float,
) -> ArrivalCurves:
    """The curves of `evaluators` from rows of net counts, by hour and hour of recording.

    Rows recorded in the hour of `known_at_s` or with no such hour are not looked at: that hour is
    not over. A recording before its request is one at once.
    """
    edge = int(known_at_s // HOUR_S) * HOUR_S
    last = np.minimum((edge - hour) // HOUR_S - 1, _LONGEST)
    told = (recorded_hour > 0) & (recorded_hour < edge) & (last >= 0)
    age = np.clip((recorded_hour - hour) // HOUR_S, 0, last)[told]
    last, hour, code, n = last[told], hour[told], evaluator[told], count[told]
    shape = (evaluators, _DAY_HOURS, _LONGEST + 2)
    n = n.astype(np.float64)
    row = (code * _DAY_HOURS + (hour // HOUR_S) % _DAY_HOURS) * shape[2]
    size = shape[0] * shape[1] * shape[2]
    arrived = _counted(row + age, n, size).reshape(shape)
    # A score counts among those with a delay of at most `a` while its hour has reached that age.
    leaves = _counted(row + last + 1, n, size).reshape(shape)
    at_risk = np.cumsum(arrived - leaves, axis=2)
    everywhere = _hazard(arrived.sum(axis=1), at_risk.sum(axis=1))
    hazard = _hazard(
        arrived + _PRIOR * everywhere[:, None, :] * (at_risk > 0), at_risk + _PRIOR * (at_risk > 0)
    )
    pooled = _curve(everywhere)
    curves = _curve(hazard)
    # Hours of the day that were never seen are as all others.
    evaluator_unseen, hour_unseen = np.nonzero(~at_risk.any(axis=2))
    curves[evaluator_unseen, hour_unseen] = pooled[evaluator_unseen]
    return ArrivalCurves(curves, _known(pooled, code, last, n))


def _counted(place: Ints, values: Array, size: int) -> Array:
    # Without any row, bincount gives whole numbers.
    return np.bincount(place, weights=values, minlength=size).astype(np.float64)


def _hazard(arrived: Array, at_risk: Array) -> Array:
    hazard = np.divide(arrived, at_risk, out=np.zeros_like(arrived), where=at_risk > 0)
    return np.clip(hazard, 0.0, 1.0)


def _curve(hazard: Array) -> Array:
    """The share known by each age: the product of (1 - hazard) over all later ages."""
    curve = np.ones_like(hazard)
    curve[..., :-1] = np.cumprod(1 - hazard[..., :0:-1], axis=-1)[..., ::-1]
    return curve


def _known(pooled: Array, evaluator: Ints, last: Ints, count: Array) -> Mask:
    """Of each evaluator, whether there are enough scores from hours old enough."""
    evaluators = len(pooled)
    scores = _counted(evaluator, count, evaluators)
    span = np.zeros(evaluators)
    np.maximum.at(span, evaluator, last + 1)
    most = np.argmax(pooled >= 0.9, axis=-1) + 1
    return (scores >= _LEAST_SCORES) & (span >= _LEAST_SPAN * most)
