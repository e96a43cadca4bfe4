"""How much of the scores of a trend's points is in by now, for quality is told hours late.

What is to be expected of a step is learned as objectives do (`graph/objectives/readiness.py`), from
the ten days before it and from what lies about it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from graph.columns import BucketColumns
from graph.estimates import Array
from graph.facts import hour_of
from graph.frame import Ints, Scores, Traffic, join_scores, join_traffic
from graph.objectives.readiness import score_arrival
from graph.scope import TenantScope
from graph.slices import Period, Slice

_HISTORY = timedelta(days=10)
"""What is to be expected of a step is learned from at least so much before it."""
_AT_ONCE = timedelta(days=14)
"""About so much is judged by one expectation: an evaluator that is told to look at fewer requests
from some day on is not missed for ever."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a trend: `count` of them from `start_s` on, each `step_s` long."""

    start_s: float
    step_s: float
    count: int

    def of(self, hour: Ints) -> Ints:
        """The step of each hour; what arrived within the clock's own step is of the last."""
        place = (hour - self.start_s) // self.step_s
        return np.minimum(place, self.count - 1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Completeness:
    """By evaluator, the scores that count as in and those to be expected, of each step."""

    steps: Steps
    told: dict[str, Array] = field(default_factory=dict[str, Array])
    expected: dict[str, Array] = field(default_factory=dict[str, Array])

    def shares(self, evaluator: str | None = None) -> list[float | None]:
        """The share in [0, 1] of each step, of all evaluators or of one; None where none tells."""
        names = list(self.told) if evaluator is None else [n for n in self.told if n == evaluator]
        size = self.steps.count
        told = sum((self.told[name] for name in names), start=np.zeros(size))
        expected = sum((self.expected[name] for name in names), start=np.zeros(size))
        return [
            min(max(float(n / due), 0.0), 1.0) if due > 0 else None
            for n, due in zip(told, expected, strict=True)
        ]

    def add(self, names: Sequence[str], told: Array, expected: Array) -> None:
        """Add what some hours tell."""
        for name, n, due in zip(names, told, expected, strict=True):
            none = np.zeros(self.steps.count)
            self.told[name] = self.told.get(name, none) + n
            self.expected[name] = self.expected.get(name, none) + due


async def completeness(
    columns: BucketColumns,
    *,
    traffic: Traffic,
    scores: Scores,
    during: Period,
    where: Slice,
    scope: TenantScope,
    known_at: datetime | None,
    now: datetime,
    steps: Steps,
) -> Completeness:
    """How complete the scores of each step are, given the period's rows as known at `known_at`.

    For a slice by user, which buckets do not know of, the users of the slice stand for one another.
    """
    by_user = where.user is not None
    first, last = hour_of(during.start), hour_of(during.end + _HOUR - timedelta(microseconds=1))
    before, scored = await columns.load(
        start=first - _HISTORY, end=last if by_user else first, scope=scope, sketches=False
    )
    inside = columns.cells.matches(replace(where, user=None))
    keep, kept = inside[before.cell], inside[scored.cell]
    if known_at is not None:
        # The hour that was not over is left out whole: expectations do not rest on it.
        edge_s = hour_of(known_at).timestamp()
        keep &= before.recorded_hour < edge_s
        kept &= scored.recorded_hour < edge_s
    before, scored = before.take(keep), scored.take(kept)
    if not by_user:
        before, scored = join_traffic([before, traffic]), join_scores([scored, scores])
    known_at = now if known_at is None else min(known_at, now)
    return await asyncio.to_thread(
        lambda: _judged(
            columns, before, scored, Period(first, last), known_at=known_at, steps=steps
        )
    )


def _judged(
    columns: BucketColumns,
    traffic: Traffic,
    scores: Scores,
    during: Period,
    *,
    known_at: datetime,
    steps: Steps,
) -> Completeness:
    found = Completeness(steps)
    tiers = [key.tier for key in columns.cells.keys]
    bounds = _bounds(during)
    for start_s, end_s in pairwise(bounds):
        learned_s = start_s - _HISTORY.total_seconds()
        whole = len(bounds) == 2
        arrival = score_arrival(
            scores if whole else scores.take((scores.hour >= learned_s) & (scores.hour < end_s)),
            traffic
            if whole
            else traffic.take((traffic.hour >= learned_s) & (traffic.hour < end_s)),
            evaluators=columns.evaluators,
            tier_of=tiers,
            known_at=known_at,
        )
        hours = arrival.grid.hours
        asked = hours >= start_s
        told, expected = arrival.by_step(
            np.where(asked, steps.of(hours), 0), asked, count=steps.count, step_s=steps.step_s
        )
        found.add(arrival.grid.names, told, expected)
    return found


def _bounds(during: Period) -> list[float]:
    """Where the parts of a period begin and end: of whole hours, each about `_AT_ONCE` long."""
    hours = (during.end - during.start) // _HOUR
    parts = max(round(hours * _HOUR / _AT_ONCE), 1)
    start_s, hour_s = during.start.timestamp(), _HOUR.total_seconds()
    return [start_s + hour_s * (hours * part // parts) for part in range(parts + 1)]
