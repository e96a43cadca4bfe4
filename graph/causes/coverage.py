"""How much of the scores is in, what that does to a mean of them, and what the missing could hide.

Scores arrive late, so what is known of the last hours is not what will be. How many of each
evaluator should be known by now (`expected_scores`) is learned outside the period in question.
Scores of hours that are only partly in count for those still to come (inverse probability
weights), on the assumption that within an evaluator and an hour late scores are like early ones;
hours of which too little can be in are left out, before and after alike. Fewer scores than can
have arrived is a finding of its own: an evaluator that stopped, that is slow, or that no longer
tells of some answers. Pure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np

from graph.causes.arrival import HOUR_S
from graph.causes.expected_scores import (
    COMPLETE,
    ExpectedScores,
    ScoreGrid,
    expected_scores,
    score_grid,
)
from graph.causes.investigation import Coverage
from graph.causes.panel import Array
from graph.frame import Ints, Mask, Scores, Traffic
from graph.slices import Period
from graph.words import clock, percent

LEAST_ARRIVED = 0.2
"""Below this probability of having arrived, an hour of an evaluator is left out: each of its few
scores would stand for more than five."""
_SURPRISE = 3.0
"""Standard errors: over a handful of evaluators, chance exceeds it in one case of a hundred."""
_GROUP_SURPRISE = 4.0
_MATERIAL = 0.9
_GROUP_MATERIAL = 0.7
_LEAST_EXPECTED = 10.0
_STILL_TO_COME = 0.95
_STOPPED_SHARE = 0.05
_FEW_LEFT_OUT = 0.05


class ArrivalState(StrEnum):
    """How an evaluator's scores of a period stand."""

    COMPLETE = "COMPLETE"
    """As many as always have arrived, and hardly any are to come."""
    ARRIVING = "ARRIVING"
    """As many as could be expected by now; more will come."""
    LATE = "LATE"
    """Fewer than expected by now, but only of hours that are not yet all in: slow, or lost."""
    STOPPED = "STOPPED"
    """Nothing since an instant at which there was more to come."""
    SELECTIVE = "SELECTIVE"
    """Fewer than expected, and those that arrived differ from before: some kind is missing."""
    MISSING = "MISSING"
    """Fewer than expected, those that arrived like before."""
    UNKNOWN = "UNKNOWN"
    """Too little history to expect anything."""


_SHORT = {ArrivalState.LATE, ArrivalState.STOPPED, ArrivalState.SELECTIVE, ArrivalState.MISSING}


@dataclass(frozen=True, slots=True)
class EvaluatorCoverage:
    """One evaluator's scores in the period: arrived, expected by now, and expected in all.

    `mean_shift` is by how much the scores that arrived are higher than those of the same groups
    outside the period; `since` is when a stopped evaluator was last heard of.
    """

    evaluator: str
    state: ArrivalState
    arrived: int
    expected: float
    in_all: float
    mean_shift: float | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class GroupShortfall:
    """A group (a tier, say) of which an evaluator told even less than of the others."""

    evaluator: str
    group: str
    arrived: int
    expected: float


@dataclass(frozen=True, slots=True)
class ScoreCoverage:
    """What the scores of a period are worth.

    `weights` has one weight for each row of the scores: 1 where its hour is complete, more where
    it stands for scores still to come, 0 where it is left out. `missing` is how many scores should
    be known by now and are not, of the evaluators that fall short.
    """

    weights: Array
    coverage: Coverage
    evaluators: tuple[EvaluatorCoverage, ...]
    shortfalls: tuple[GroupShortfall, ...]
    left_out: tuple[str, ...]
    missing: float


@dataclass(frozen=True, slots=True)
class Hidden:
    """Whether missing scores alone could make the difference that is seen.

    `needed` is what the missing ones would have to be on average; None where none are missing.
    """

    possible: bool
    needed: float | None
    words: str


def score_coverage(
    scores: Scores,
    traffic: Traffic,
    *,
    evaluators: Sequence[str],
    group_of: Ints,
    groups: Sequence[str],
    during: Period,
    compared_to: Period,
    known_at: datetime,
) -> ScoreCoverage:
    """The coverage of `during`, from all rows of both periods and of what lies between.

    `evaluators` names the rows that `scores.evaluator` points to; `group_of` gives the group
    (into `groups`) of each cell: what the share of judged requests depends on, such as the tier.
    `known_at` is the instant whose knowledge the rows are (the clock's, where all is known).
    """
    grid = score_grid(scores, traffic, evaluators=evaluators, group_of=group_of, groups=len(groups))
    inside = _within(grid.hours, during)
    at_s = known_at.timestamp()
    expected = expected_scores(grid, scores, reference=~inside, known_at_s=at_s)
    states = _States(grid, expected, scores, inside, at_s).all()
    dropped = _dropped(grid, expected, during, compared_to)
    weights = np.where(expected.arrived < COMPLETE, 1 / expected.arrived.clip(LEAST_ARRIVED), 1.0)
    weights[dropped] = 0.0
    shortfalls = _shortfalls(grid, expected, inside, states, groups)
    left_out = _left_out(grid, dropped, expected, inside)
    return ScoreCoverage(
        weights=weights[grid.evaluator, grid.hour],
        coverage=_coverage(grid, expected, (scores, traffic), inside, states, shortfalls, left_out),
        evaluators=states,
        shortfalls=shortfalls,
        left_out=left_out,
        missing=sum(max(s.expected - s.arrived, 0.0) for s in states if s.state in _SHORT),
    )


def plain_coverage(requests: int) -> Coverage:
    """The coverage of a metric that needs no scores."""
    return Coverage(requests=requests)


def hidden(*, before: float, after: float, spread: float, arrived: float, missing: float) -> Hidden:
    """Whether losing the right scores alone could move a mean from `before` to `after`.

    No choice of a share p to leave out moves the mean of the others by more than
    spread * sqrt(p / (1 - p)), whatever the distribution with standard deviation `spread`
    (Cantelli's inequality); and the missing ones must average a possible score.
    """
    if missing < 1 or arrived <= 0:
        return Hidden(possible=False, needed=None, words="")
    needed = float((before * (arrived + missing) - after * arrived) / missing)
    reach = spread * math.sqrt(missing / arrived)
    share = percent(missing / (arrived + missing))
    possible = bool(abs(after - before) <= reach and 0.0 <= needed <= 1.0)
    if possible:
        words = (
            f"{share} of the scores are missing; had they been {needed:.2f} on average, "
            "nothing would have changed, so their absence alone can explain the difference"
        )
    else:
        words = f"{share} of the scores are missing, too few to explain the difference"
    return Hidden(possible=possible, needed=needed, words=words)


def _within(hours: Ints, period: Period) -> Mask:
    start, end = period.start.timestamp(), period.end.timestamp()
    return (hours + HOUR_S > start) & (hours < end)


@dataclass(frozen=True, slots=True)
class _States:
    """Tells for each evaluator how its scores of the period stand."""

    grid: ScoreGrid
    expected: ExpectedScores
    scores: Scores
    inside: Mask
    at_s: float

    def all(self) -> tuple[EvaluatorCoverage, ...]:
        """One state per evaluator, by name."""
        return tuple(self._of(place) for place in range(len(self.grid.names)))

    def _of(self, place: int) -> EvaluatorCoverage:
        arrived = self.grid.scores[place][:, self.inside].sum(axis=0)
        share = self.expected.arrived[place, self.inside]
        in_all = self.expected.in_all[place][:, self.inside].sum(axis=0)
        by_now = in_all * share
        shift, sure = self._mean_shift(place)
        since = self._silent_since(place)
        full = share >= COMPLETE
        if self.expected.settled[place] < _LEAST_EXPECTED or not self._timed(place):
            state = ArrivalState.UNKNOWN
        elif since is not None:
            state = ArrivalState.STOPPED
        elif self._few(place, arrived, by_now):
            late = self._surprise(place, arrived[full], by_now[full]) > -_SURPRISE
            state = ArrivalState.MISSING
            if abs(sure) > _SURPRISE:
                state = ArrivalState.SELECTIVE
            elif late:
                state = ArrivalState.LATE
        elif max(by_now.sum(), arrived.sum()) < _STILL_TO_COME * in_all.sum():
            state = ArrivalState.ARRIVING
        else:
            state = ArrivalState.COMPLETE
        return EvaluatorCoverage(
            evaluator=self.grid.names[place],
            state=state,
            arrived=round(float(arrived.sum())),
            expected=float(by_now.sum()),
            in_all=float(in_all.sum()),
            mean_shift=shift,
            since=since if state is ArrivalState.STOPPED else None,
        )

    def _timed(self, place: int) -> bool:
        """Whether it is known how soon scores arrive, or the hours were loaded long after."""
        inside = self.grid.backfilled[self.inside]
        return bool(self.expected.curves.known[place]) or bool(inside.all())

    def _surprise(self, place: int, arrived: Array, expected: Array) -> float:
        """Standard errors by which the scores exceed what was expected."""
        return surprise(
            float(arrived.sum()),
            float(expected.sum()),
            spread=float(self.expected.spread[place]),
            settled=float(self.expected.settled[place]),
        )

    def _few(self, place: int, arrived: Array, expected: Array) -> bool:
        return (
            float(expected.sum()) >= _LEAST_EXPECTED
            and float(arrived.sum()) < _MATERIAL * float(expected.sum())
            and self._surprise(place, arrived, expected) < -_SURPRISE
        )

    def _silent_since(self, place: int) -> datetime | None:
        """When an evaluator that should have told more since was last heard of."""
        rows = (self.grid.evaluator == place) & (self.scores.count > 0)
        rows &= self.scores.recorded_hour > 0
        if not rows.any():
            return None
        heard_s = int(self.scores.recorded_hour[rows].max()) + HOUR_S
        edge_s = self.at_s // HOUR_S * HOUR_S
        in_all = self.expected.in_all[place][:, self.inside].sum(axis=0)
        more = (self.expected.by(edge_s) - self.expected.by(heard_s))[place, self.inside]
        due = float((in_all * more).sum())
        by_now = float((in_all * self.expected.arrived[place, self.inside]).sum())
        silent = heard_s < edge_s and due >= max(_LEAST_EXPECTED, _STOPPED_SHARE * by_now)
        # Only for as long as the variance of blocks allows a silence.
        silent &= due >= _LEAST_EXPECTED * float(self.expected.spread[place])
        return datetime.fromtimestamp(heard_s, UTC) if silent else None

    def _mean_shift(self, place: int) -> tuple[float | None, float]:
        """How much higher the scores are than outside, group by group, and in standard errors."""
        rows = self.grid.evaluator == place
        inside = self.inside[self.grid.hour[rows]]
        groups = self.grid.scores.shape[1]
        group = self.grid.group[rows] + groups * inside
        n, total, squares = (
            np.bincount(group, weights=of[rows], minlength=2 * groups).reshape(2, groups)
            for of in (
                self.scores.count,
                self.scores.sum_nano / 1e9,
                self.scores.squares_nano / 1e9,
            )
        )
        told = (n >= _LEAST_EXPECTED).all(axis=0)
        if not told.any():
            return None, 0.0
        n, total, squares = n[:, told], total[:, told], squares[:, told]
        mean = total / n
        error = np.maximum(squares / n - mean**2, 1e-6) / n
        weight = n[1] / n[1].sum()
        shift = float((weight * (mean[1] - mean[0])).sum())
        return shift, shift / math.sqrt(float((weight**2 * error.sum(axis=0)).sum()))


def surprise(arrived: float, expected: float, *, spread: float, settled: float) -> float:
    """Standard errors by which a count exceeds its expectation, which itself rests on a count.

    `spread` is the variance of counts over their mean, `settled` what the expectation rests on.
    """
    if expected <= 0 or settled <= 0:
        return 0.0
    return (arrived - expected) / math.sqrt(spread * (expected + expected**2 / settled))


def _shortfalls(
    grid: ScoreGrid,
    expected: ExpectedScores,
    inside: Mask,
    states: Sequence[EvaluatorCoverage],
    groups: Sequence[str],
) -> tuple[GroupShortfall, ...]:
    """Groups of which less was told than the evaluator's own shortfall leads to expect."""
    arrived = grid.scores[:, :, inside].sum(axis=2)
    by_now = expected.by_now()[:, :, inside].sum(axis=2)
    found: list[GroupShortfall] = []
    for place, state in enumerate(states):
        if state.state in {ArrivalState.UNKNOWN, ArrivalState.STOPPED} or state.expected <= 0:
            continue
        overall = min(state.arrived / state.expected, 1.0)
        spread, settled = float(expected.spread[place]), float(expected.settled[place])
        for group, (n, due) in enumerate(zip(arrived[place], by_now[place], strict=True)):
            fair = overall * float(due)
            beyond = surprise(float(n), fair, spread=spread, settled=settled)
            if fair >= _LEAST_EXPECTED and n < _GROUP_MATERIAL * fair and beyond < -_GROUP_SURPRISE:
                found.append(
                    GroupShortfall(state.evaluator, groups[group], round(float(n)), float(due))
                )
    return tuple(sorted(found, key=lambda s: (s.arrived - s.expected, s.evaluator, s.group)))


def _dropped(
    grid: ScoreGrid, expected: ExpectedScores, during: Period, compared_to: Period
) -> Mask:
    """Which hours of which evaluators are left out: too little is in, here or in the other period.

    Where the periods run hour by hour alike, an hour goes with its counterpart; otherwise an
    evaluator goes as a whole, unless it is about next to nothing.
    """
    in_all = expected.in_all.sum(axis=1)
    dropped = (expected.arrived < LEAST_ARRIVED) & (in_all > 0)
    after, before = _within(grid.hours, during), _within(grid.hours, compared_to)
    shift_s = (during.start - compared_to.start).total_seconds()
    if during.end - compared_to.end == during.start - compared_to.start and shift_s % HOUR_S == 0:
        shift = int(shift_s) // HOUR_S
        for place in np.flatnonzero(after):
            other = int(place) - shift
            if 0 <= other < len(grid.hours):
                pair = dropped[:, place] | dropped[:, other]
                dropped[:, place] = dropped[:, other] = pair
        return dropped
    for place in range(len(grid.names)):
        for period in (after, before):
            lost = float((in_all[place] * dropped[place])[period].sum())
            if lost > _FEW_LEFT_OUT * float(in_all[place][period].sum()):
                dropped[place] |= after | before
    return dropped


def _left_out(
    grid: ScoreGrid, dropped: Mask, expected: ExpectedScores, inside: Mask
) -> tuple[str, ...]:
    told = (expected.in_all.sum(axis=1) > 0) & inside
    words: list[str] = []
    for place, name in enumerate(grid.names):
        lost, whole = int((dropped & told)[place].sum()), int(told[place].sum())
        if lost:
            part = "all hours" if lost == whole else f"{lost} of {whole} hours"
            words.append(
                f"{name}: {part} left out before and after, as few of their scores can be in"
            )
    return tuple(words)


def _coverage(
    grid: ScoreGrid,
    expected: ExpectedScores,
    rows: tuple[Scores, Traffic],
    inside: Mask,
    states: Sequence[EvaluatorCoverage],
    shortfalls: Sequence[GroupShortfall],
    left_out: Sequence[str],
) -> Coverage:
    requests = grid.requests[2][:, inside]
    count = float(requests.sum())
    if not count:
        return Coverage(requests=0, scored=0)
    scored = _scored_requests(grid, *rows, inside)
    due = expected.by_now()[:, :, inside]
    unknown = [place for place, s in enumerate(states) if s.state is ArrivalState.UNKNOWN]
    # Of whom nothing can be expected, what arrived is what was to arrive.
    due[unknown] = grid.scores[unknown][:, :, inside]
    guessed = sum(states[place].arrived for place in unknown)
    sure = len(unknown) < len(states) and 2 * guessed <= sum(state.arrived for state in states)
    return Coverage(
        requests=round(count),
        scored=round(scored),
        scored_share=scored / count,
        expected_scored_share=_any_of(due, requests) / count if sure else None,
        warning=_warning(states, shortfalls, left_out),
    )


def _scored_requests(grid: ScoreGrid, scores: Scores, traffic: Traffic, inside: Mask) -> float:
    """How many requests have a score, as if evaluators chose theirs independently.

    Buckets count scores and not the requests that have several; by cell and hour, the estimate is
    exact with one evaluator and lies between the largest evaluator's count and the sum.
    """
    size = len(grid.hours)
    when = (traffic.hour - grid.hours[0]) // HOUR_S
    keys, place = np.unique((traffic.cell * size + when)[inside[when]], return_inverse=True)
    told = traffic.measure("count")[inside[when]].astype(np.float64)
    requests = np.bincount(place, weights=told, minlength=len(keys)).astype(np.float64)
    mine = scores.cell * size + grid.hour
    at = np.minimum(np.searchsorted(keys, mine), max(len(keys) - 1, 0))
    found = inside[grid.hour] & (keys[at] == mine)
    counts = np.zeros((len(grid.names), len(keys)))
    np.add.at(counts, (grid.evaluator[found], at[found]), scores.count[found])
    return _any_of(counts, requests)


def _any_of(scores: Array, requests: Array) -> float:
    """Requests with a score by any evaluator (the first axis), chosen independently."""
    share = np.divide(scores, requests, out=np.zeros_like(scores), where=requests > 0)
    return float((requests * (1 - np.prod(1 - share.clip(0, 1), axis=0))).sum())


def _warning(
    states: Sequence[EvaluatorCoverage],
    shortfalls: Sequence[GroupShortfall],
    left_out: Sequence[str],
) -> str | None:
    words = [text for state in states if (text := _state_words(state)) is not None]
    words += [
        f"{s.evaluator} told of {s.group} only {s.arrived} of about {s.expected:.0f} scores"
        for s in shortfalls[:3]
    ]
    words += left_out
    return "; ".join(words) or None


def _state_words(told: EvaluatorCoverage) -> str | None:
    name = told.evaluator
    number = f"{told.arrived} of about {told.expected:.0f} scores expected by now"
    match told.state:
        case ArrivalState.STOPPED:
            since = clock(told.since) if told.since else "some time"
            return f"{name} has told nothing since {since}: {number}"
        case ArrivalState.SELECTIVE:
            higher = (told.mean_shift or 0.0) > 0
            which, missing = ("higher", "low") if higher else ("lower", "high")
            return (
                f"{name} told fewer scores than usual ({number}) and those are {which} than "
                f"before: {missing} scores may be missing"
            )
        case ArrivalState.MISSING:
            return f"{name} told fewer scores than usual: {number}"
        case ArrivalState.LATE:
            return f"{name} is late, or scores of the last hours are lost: {number}"
        case ArrivalState.ARRIVING:
            return (
                f"scores of {name} are still arriving: {told.arrived} of about "
                f"{told.in_all:.0f} are in"
            )
        case _:
            return None
