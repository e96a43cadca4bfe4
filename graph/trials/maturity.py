"""From what age on requests count for quality: when nearly all of their scores are in. Pure.

Scores come late, and not equally late in every group that is compared: a judge that takes longer
over bad answers makes young requests look good. All groups are cut at the same time of request, the
one that suits the slowest.
"""

from dataclasses import dataclass

import numpy as np

from graph.causes.arrival import HOUR_S, ArrivalCurves, arrival_curves
from graph.estimates import Array
from graph.frame import Ints, Scores

RIPE = 0.98
"""The share of its scores that an hour's requests must have in every group."""
_LEAST_SPAN_H = 72
"""Hours that must have been seen: delays of a day (a nightly judge, people) show only then."""
_LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Maturity:
    """Requests before `cut_s` (epoch seconds) count, being `after_hours` old; None: not known yet.

    `missing` is, by group, the share of the scores of those requests that is still to come.
    """

    after_hours: float | None
    cut_s: int
    missing: Array


def maturity(scores: Scores, group: Ints, *, groups: int, known_at_s: float) -> Maturity:
    """When scores of `groups` are in, given the group of each row (below 0: none of them)."""
    told = group >= 0
    count, hour = scores.count[told], scores.hour[told]
    recorded, group = scores.recorded_hour[told], group[told]
    curves = arrival_curves(group, hour, recorded, count, evaluators=groups, known_at_s=known_at_s)
    seen_h = (known_at_s - int(hour.min(initial=int(known_at_s)))) / HOUR_S
    if not groups or not curves.known.all() or seen_h < _LEAST_SPAN_H:
        return Maturity(None, 0, np.zeros(groups))
    age = max(_ripe_after(curves, one, hour[group == one], count[group == one])
              for one in range(groups))  # fmt: skip
    cut = int(known_at_s // HOUR_S) * HOUR_S - age * HOUR_S
    known = curves.share(hour, at_s=known_at_s)[group, np.arange(len(hour))]
    inside = hour < cut
    arrived, expected = (
        np.bincount(group[inside], weights=values[inside], minlength=groups)
        for values in (count, count / np.maximum(known, _LEAST_SHARE))
    )
    missing = np.zeros(groups)
    np.divide(expected - arrived, expected, out=missing, where=expected > 0)
    return Maturity(float(age + 1), cut, np.clip(missing, 0.0, 1.0))


def _ripe_after(curves: ArrivalCurves, group: int, hour: Ints, count: Ints) -> int:
    """The age in hours by which a group's scores are in, hours of the day as they occur."""
    of_day = np.bincount(hour // HOUR_S % 24, weights=count, minlength=24)
    shares = np.maximum(of_day, 0.0) @ curves.by_age[group] / max(float(of_day.sum()), 1e-9)
    return int(np.argmax(shares >= RIPE))
