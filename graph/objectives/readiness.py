"""Until when the scores of a slice are in, and what share of a window's is. Pure.

Scores arrive hours late, so the last hours look as if there were few, and whichever evaluator is
quick speaks for all. How many are still to come is learned as in `graph/causes/expected_scores.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from graph.causes.arrival import HOUR_S
from graph.causes.coverage import surprise
from graph.causes.expected_scores import ExpectedScores, ScoreGrid, expected_scores, score_grid
from graph.estimates import Array
from graph.facts import hour_of
from graph.frame import Ints, Scores, Traffic
from graph.slices import Period

READY = 0.9
"""An hour is judged once this share of its scores can have arrived."""
MOST_BACK = timedelta(days=3)
"""Windows are moved back at most so far."""
_RECENT_S = 3 * 86_400
_SURPRISE = -3.0
_MATERIAL = 0.9
_LEAST = 10.0
_LEAST_SETTLED = 30.0


@dataclass(frozen=True, slots=True)
class ScoreArrival:
    """How the scores of a slice have arrived by an instant."""

    grid: ScoreGrid
    expected: ExpectedScores
    known_at_s: float

    def ready_until(self, at: datetime) -> datetime:
        """The latest instant up to `at` before which scores are in: `at` itself, or a whole hour.

        `at` where none of the last days is in: then the windows are told as they are.
        """
        last = hour_of(at)
        hours = [last - timedelta(hours=back) for back in range(MOST_BACK // timedelta(hours=1))]
        share = self._shares(np.array([int(h.timestamp()) for h in hours], dtype=np.int64))
        if share[0] >= READY:
            return at
        for hour, told in zip(hours[1:], share[1:], strict=True):
            if told >= READY:
                return hour + timedelta(hours=1)
        return at

    def complete(self, period: Period) -> float:
        """The share of the scores to be expected of a period that are in; 1 where none are."""
        start, end = period.start.timestamp(), period.end.timestamp()
        hours = self.grid.hours
        part = np.clip(np.minimum(hours + HOUR_S, end) - np.maximum(hours, start), 0, HOUR_S)
        weight = part / HOUR_S
        in_all = self.expected.in_all.sum(axis=1) * weight
        by_now = (in_all * self.expected.arrived).sum(axis=1)
        arrived = (self.grid.scores.sum(axis=1) * weight).sum(axis=1)
        total = float(in_all.sum())
        if total <= 0:
            return 1.0
        told = sum(
            arrived[place] if self._short(place, arrived[place], by_now[place]) else by_now[place]
            for place in range(len(arrived))
        )
        return min(max(float(told) / total, 0.0), 1.0)

    def _short(self, place: int, arrived: float, by_now: float) -> bool:
        """Whether fewer came than chance explains: the evaluator is slow, or has stopped."""
        by_chance = surprise(
            float(arrived),
            float(by_now),
            spread=float(self.expected.spread[place]),
            settled=float(self.expected.settled[place]),
        )
        return bool(by_now >= _LEAST and arrived < _MATERIAL * by_now and by_chance < _SURPRISE)

    def _shares(self, hours: Ints) -> Array:
        """The share of each hour's scores that can be in, over evaluators by how much they tell."""
        evaluators = len(self.grid.names)
        weight = self.expected.settled
        if not evaluators or weight.sum() <= 0:
            return np.ones(len(hours))
        share = self.expected.curves.share(hours, at_s=self.known_at_s)[:evaluators]
        at = {int(hour): place for place, hour in enumerate(self.grid.hours)}
        for column, hour in enumerate(hours.tolist()):
            if hour in at:
                share[:, column] = self.expected.arrived[:, at[hour]]
        return weight @ share / weight.sum()


def score_arrival(
    scores: Scores,
    traffic: Traffic,
    *,
    evaluators: Sequence[str],
    tier_of: Sequence[str],
    known_at: datetime,
) -> ScoreArrival:
    """How scores arrive, from all rows of a slice known at an instant; `tier_of` is by cell.

    What to expect is learned from the hours before the last three days where there are any, so
    that an evaluator that stopped is missed.
    """
    tiers = sorted(set(tier_of))
    rows = {tier: row for row, tier in enumerate(tiers)}
    grid = score_grid(
        scores,
        traffic,
        evaluators=evaluators,
        group_of=np.array([rows[tier] for tier in tier_of], dtype=np.int64),
        groups=len(tiers),
    )
    known_s = known_at.timestamp()
    before = grid.hours < known_s - _RECENT_S
    if grid.scores[:, :, before].sum() < _LEAST_SETTLED:
        before = np.ones(len(grid.hours), dtype=np.bool_)
    expected = expected_scores(grid, scores, reference=before, known_at_s=known_s)
    return ScoreArrival(grid, expected, known_s)
