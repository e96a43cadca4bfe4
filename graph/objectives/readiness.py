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
from graph.frame import Ints, Mask, Scores, Traffic
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


_MANY_STEPS = 50
_SURPRISE_OF_MANY = -4.0
"""Of hundreds of steps none is to look short by chance."""
_LEAST_OF_STEP = 20.0
_ABOUT_S = 86_400
_WIDTHS = (0, 1, 2, 4, 8, 16, 24)


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

    def by_step(self, step: Ints, asked: Mask, *, count: int, step_s: float) -> tuple[Array, Array]:
        """Of each of `count` steps of time, the scores that count as in and those to be expected.

        Both are evaluators x steps. `step` gives the step of each hour, `asked` which hours count.
        Where fewer came than chance explains, in a step or in the day about it, that many fewer
        count as in. An evaluator of whose delays too little is known tells nothing.
        """
        known = self.expected.curves.known[: len(self.grid.names)]
        tells = (known & (self.expected.settled > 0))[:, None] | (
            self.grid.backfilled[None, :] & (self.expected.settled > 0)[:, None]
        )
        in_all = self.expected.in_all.sum(axis=1) * tells * asked

        def stepped(rows: Array) -> Array:
            summed = [np.bincount(step, weights=row, minlength=count) for row in rows]
            return np.array(summed, dtype=np.float64).reshape(len(rows), count)

        by_now = stepped(in_all * self.expected.arrived)
        arrived = stepped(self.grid.scores.sum(axis=1) * tells * asked)
        return by_now * self._came(arrived, by_now, reach=int(_ABOUT_S // step_s)), stepped(in_all)

    def _came(self, arrived: Array, by_now: Array, *, reach: int) -> Array:
        """The share of what can have come that came: 1 but where chance does not explain less.

        A step with too few to judge by is judged with those about it.
        """
        share, waiting = np.ones_like(by_now), np.ones(by_now.shape, dtype=np.bool_)
        spread, settled = self.expected.spread[:, None], self.expected.settled[:, None].clip(1.0)
        surprising = _SURPRISE if by_now.shape[1] <= _MANY_STEPS else _SURPRISE_OF_MANY
        for width in (w for w in _WIDTHS if w <= reach or w == 0):
            came, due = (_about(rows, width) for rows in (arrived, by_now))
            enough = waiting & (due >= _LEAST_OF_STEP)
            error = np.sqrt(spread * (due + due**2 / settled))
            short = enough & (came < _MATERIAL * due) & (came - due < surprising * error)
            share[short] = came[short] / due[short]
            waiting &= ~enough
        return share

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


def _about(rows: Array, width: int) -> Array:
    """The sums of each column and of so many to either side."""
    size = rows.shape[1]
    sums = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows, axis=1)], axis=1)
    place = np.arange(size, dtype=np.int64)
    return sums[:, (place + width + 1).clip(max=size)] - sums[:, (place - width).clip(min=0)]


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
