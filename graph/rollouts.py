"""Rollouts, compared with what they replaced and with their untouched twins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson

from graph.causes.candidates import CandidateCause
from graph.causes.happenings import candidate_causes
from graph.columns import BucketColumns
from graph.estimates import Array, known
from graph.frame import CellTable, Ints, Mask, Scores, Traffic, join_scores, join_traffic
from graph.scope import TenantScope
from graph.slices import Metric, Period, Slice
from graph.store.door import GraphStore, instant, maybe_instant
from graph.traffic import known_traffic
from graph.trials.maturity import Maturity, maturity
from graph.trials.twins import Observed, TwinEffect, twin_effect
from graph.trials.verdicts import COMPARED, Difference, ExperimentVerdict, Judgement, judge

WINDOW = timedelta(days=7)
"""How long before and, at most, after a change is looked at: the same hours and weekdays."""
_DAY = timedelta(days=1)
_DAY_S, _HOUR_S = 86_400, 3600
_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
_PLACES = ("deployment", "model", "backend")
_TOUCHING = frozenset({"change", "incident", "maintenance"})


@dataclass(frozen=True, slots=True)
class RolloutEffect:
    """One metric of what a change reached and of its untouched twins, before and after.

    `effect` is the change of the former less that of the latter, with a 95 % interval.
    """

    metric: Metric
    before: float | None
    after: float | None
    twins_before: float | None
    twins_after: float | None
    effect: float | None
    low: float | None
    high: float | None
    count_before: int
    count_after: int


@dataclass(frozen=True, slots=True)
class Rollout:
    """A change compared with what it replaced and with its untouched twins."""

    id: str
    title: str
    at: datetime
    reached: tuple[str, ...]
    twins: tuple[str, ...]
    effects: tuple[RolloutEffect, ...]
    outcome: ExperimentVerdict
    verdict: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """What was told of a change; a change told in steps began with the first."""

    id: str
    title: str
    at: datetime
    ended_at: datetime | None
    targets: dict[str, frozenset[str]]
    percent: float | None

    @classmethod
    def of(cls, identity: str, told: Sequence[dict[str, Any]]) -> "_Change":
        last = told[-1]
        targets: dict[str, set[str]] = {}
        for target in orjson.loads(last["targets"] or "[]"):
            targets.setdefault(target["kind"], set()).add(target["id"])
        return cls(
            id=identity,
            title=last["title"] or identity,
            at=instant(told[0]["at"]),
            ended_at=maybe_instant(last["endedAt"]),
            targets={kind: frozenset(ids) for kind, ids in targets.items()},
            percent=last["percent"],
        )


async def rollout(
    store: GraphStore,
    columns: BucketColumns,
    *,
    change: str,
    at: datetime | None = None,
    known_at: datetime | None = None,
    scope: TenantScope,
    now: datetime,
) -> Rollout | None:
    """A change to deployments, models or backends, compared; None where nobody told of one.

    Policy versions and experiments are no changes of what runs, and None here.
    """
    asked_at = min(at or now, now)
    told = await store.ask(
        "change_revisions",
        change=change,
        at=asked_at.isoformat(),
        knownAt=(known_at or _FOREVER).isoformat(),
    )
    if not told:
        return None
    found = _Change.of(change, told)
    end = min(asked_at, found.ended_at or asked_at, found.at + WINDOW)
    if not any(kind in _PLACES for kind in found.targets):
        return _unanswered(found, "it names no deployment, model or backend to compare")
    if end <= found.at:
        return _unanswered(found, "nothing has happened since")
    seen = await _seen(store, columns, found, end, scope, known_at)
    others = await candidate_causes(store, start=found.at - WINDOW, end=end, known_at=known_at)
    sides = _sides(found, seen, [one for one in others if one.id != found.id])
    if not sides.reached:
        return _unanswered(found, "what it names served no requests before and after")
    return _answer(found, seen, sides, min(known_at or now, now), end)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The traffic around a change; `before` rows of each come first."""

    cells: CellTable
    traffic: Traffic
    scores: Scores
    traffic_before: int
    scores_before: int

    @property
    def traffic_after(self) -> Mask:
        """Rows of requests after the change."""
        return np.arange(len(self.traffic.cell)) >= self.traffic_before

    @property
    def scores_after(self) -> Mask:
        """Rows of scores of requests after the change."""
        return np.arange(len(self.scores.cell)) >= self.scores_before


async def _seen(
    store: GraphStore,
    columns: BucketColumns,
    change: _Change,
    end: datetime,
    scope: TenantScope,
    known_at: datetime | None,
) -> _Seen:
    parts = [
        await known_traffic(
            store, columns, during=during, where=Slice(), scope=scope, known_at=known_at
        )
        for during in (Period(change.at - WINDOW, change.at), Period(change.at, end))
    ]
    traffic, scores = [told for told, _ in parts], [told for _, told in parts]
    if end - change.at < _DAY:
        # Less than a day after is compared with the same hours of the days before.
        first, last = int(change.at.timestamp()) // _HOUR_S, int(end.timestamp()) // _HOUR_S
        of_day = np.unique(np.arange(first, last + 1) % 24)
        traffic[0] = traffic[0].take(np.isin(traffic[0].hour // _HOUR_S % 24, of_day))
        scores[0] = scores[0].take(np.isin(scores[0].hour // _HOUR_S % 24, of_day))
    return _Seen(
        columns.cells,
        join_traffic(traffic),
        join_scores(scores),
        len(traffic[0].cell),
        len(scores[0].cell),
    )


@dataclass(frozen=True, slots=True)
class _Sides:
    """The deployments reached, their twins, and what else happened to either."""

    reached: tuple[str, ...]
    twins: tuple[str, ...]
    warnings: tuple[str, ...]


def _sides(change: _Change, seen: _Seen, others: Sequence[CandidateCause]) -> _Sides:
    served = _served(seen)
    both = {name for name, (was, now) in served.items() if was and now}
    reached = {name for name in both if _named(name, change.targets)}
    touching = [one for one in others if one.node in _TOUCHING and _places(one) is not None]
    touched = {
        name for name in both for one in touching if _named(name, _places(one) or {}, of_all=True)
    }
    spare = both - touched - {name for name in served if _named(name, change.targets)}
    twins, warnings = _twins(reached, spare, served)
    beside = [one for one in touching if any(_named(n, _places(one) or {}, of_all=True)
                                             for n in reached)]  # fmt: skip
    warnings += [
        f"{one.node} {one.id} ({one.title}) touched them in the same weeks" for one in beside
    ]
    return _Sides(tuple(sorted(reached)), tuple(sorted(twins)), tuple(warnings))


def _twins(
    reached: set[str], spare: set[str], served: dict[str, tuple[set[str], set[str]]]
) -> tuple[set[str], list[str]]:
    """Untouched deployments of the same models, else of the same backends and task types."""
    models, backends = ({_half(name, n) for name in reached} for n in (0, 1))
    same = {name for name in spare if _half(name, 0) in models}
    if same:
        return same, []
    work = set[str]().union(*(served[name][0] | served[name][1] for name in reached))
    beside = {
        name
        for name in spare
        if _half(name, 1) in backends and work & served[name][0] and work & served[name][1]
    }
    if beside:
        return beside, ["no untouched deployment runs the same model: its neighbours are the twins"]
    return set(), ["no twin was left untouched: this is a plain before and after"]


def _half(deployment: str, place: int) -> str:
    return deployment.rpartition("@")[2 * place]


def _served(seen: _Seen) -> dict[str, tuple[set[str], set[str]]]:
    """The task types that each deployment served, before and after."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for after in (False, True):
        for cell in np.unique(seen.traffic.cell[seen.traffic_after == after]):
            key = seen.cells.keys[int(cell)]
            found.setdefault(key.deployment, (set(), set()))[after].add(key.task_type)
    return found


def _places(event: CandidateCause) -> dict[str, frozenset[str]] | None:
    """The places an event names; none at all for one that is everywhere; None: no place."""
    found: dict[str, frozenset[str]] = {}
    for target in event.targets:
        if target.kind in _PLACES:
            found[target.kind] = found.get(target.kind, frozenset()) | {target.id}
    everywhere = not event.targets and event.node != "change"
    return found if found or everywhere else None


def _named(deployment: str, places: dict[str, frozenset[str]], *, of_all: bool = False) -> bool:
    """Whether a deployment lies in one of the places (`of_all`: or there are none)."""
    if of_all and not places:
        return True
    names = {"deployment": deployment, "model": _half(deployment, 0)}
    names["backend"] = _half(deployment, 1)
    return any(names[kind] in places.get(kind, frozenset()) for kind in _PLACES)


def _answer(
    change: _Change, seen: _Seen, sides: _Sides, known_to: datetime, end: datetime
) -> Rollout:
    marks = _Marks.of(seen.cells, sides)
    group = np.where(marks.side[seen.scores.cell] >= 0, 1 - marks.side[seen.scores.cell], -1)
    ripe = maturity(
        seen.scores, group, groups=1 + bool(sides.twins), known_at_s=known_to.timestamp()
    )
    found = {
        metric: twin_effect(_observed(metric, seen, marks, ripe), with_twins=bool(sides.twins))
        for metric in COMPARED
    }
    baseline = "its untouched twins" if sides.twins else "what was before"
    judgement = judge([_difference(change, baseline, *one) for one in found.items()])
    warnings = [*sides.warnings]
    if ripe.after_hours is None:
        warnings.append("it can't be told yet when scores are in: quality is not compared")
    if change.percent is not None and change.percent < 100:
        warnings.append(
            f"it reached {change.percent:g} % of the traffic of what it names, and the effect is"
            " spread over all of it"
        )
    if end - change.at < _DAY:
        warnings.append("less than a day is compared with the same hours of the days before")
    return Rollout(
        id=change.id,
        title=change.title,
        at=change.at,
        reached=sides.reached,
        twins=sides.twins,
        effects=tuple(_told(*one) for one in found.items()),
        outcome=judgement.outcome,
        verdict=judgement.verdict,
        warnings=tuple(warnings),
    )


@dataclass(frozen=True, slots=True)
class _Marks:
    """By cell: 1 reached, 0 a twin, -1 neither; and its kind of work (task type and tier)."""

    side: Ints
    work: Ints

    @classmethod
    def of(cls, cells: CellTable, sides: _Sides) -> "_Marks":
        works: dict[tuple[str, str], int] = {}
        keys = cells.keys
        return cls(
            side=np.array(
                [
                    1 if k.deployment in sides.reached else 0 if k.deployment in sides.twins else -1
                    for k in keys
                ],
                dtype=np.int64,
            ),
            work=np.array(
                [works.setdefault((k.task_type, k.tier), len(works)) for k in keys], dtype=np.int64
            ),
        )


def _observed(metric: Metric, seen: _Seen, marks: _Marks, ripe: Maturity) -> Observed:
    if metric is Metric.QUALITY:
        scores = seen.scores
        keep = (marks.side[scores.cell] >= 0) & (scores.hour < ripe.cut_s)
        return Observed(
            hour=scores.hour[keep],
            after=seen.scores_after[keep],
            reached=marks.side[scores.cell[keep]] == 1,
            work=marks.work[scores.cell[keep]],
            weight=scores.count[keep].astype(np.float64),
            total=scores.sum_nano[keep] / 1e9,
        )
    traffic = seen.traffic
    keep = marks.side[traffic.cell] >= 0
    weight, total = _sums(metric, traffic)
    return Observed(
        hour=traffic.hour[keep],
        after=seen.traffic_after[keep],
        reached=marks.side[traffic.cell[keep]] == 1,
        work=marks.work[traffic.cell[keep]],
        weight=weight[keep].astype(np.float64),
        total=total[keep],
    )


def _sums(metric: Metric, traffic: Traffic) -> tuple[Ints, Array]:
    count = traffic.measure("count")
    if metric is Metric.COST_PER_REQUEST:
        return traffic.measure("costCount"), traffic.measure("costSumNanoUsd") / 1e9
    if metric is Metric.LATENCY_MEAN:
        return count, traffic.measure("latencySumUs") / 1e3
    return count, (count - traffic.measure("okCount")).astype(np.float64)


def _difference(change: _Change, baseline: str, metric: Metric, found: TwinEffect) -> Difference:
    return Difference(
        name=change.title,
        baseline=baseline,
        metric=metric,
        base=found.before,
        delta=found.effect,
        low=found.low,
        high=found.high,
        count=found.count_after,
    )


def _told(metric: Metric, found: TwinEffect) -> RolloutEffect:
    return RolloutEffect(
        metric=metric,
        before=known(found.before),
        after=known(found.after),
        twins_before=known(found.twins_before),
        twins_after=known(found.twins_after),
        effect=known(found.effect),
        low=known(found.low),
        high=known(found.high),
        count_before=found.count_before,
        count_after=found.count_after,
    )


def _unanswered(change: _Change, why: str) -> Rollout:
    outcome = ExperimentVerdict.INSUFFICIENT_DATA
    judgement = Judgement(outcome, None, f"{outcome}: {why}")
    return Rollout(
        id=change.id,
        title=change.title,
        at=change.at,
        reached=(),
        twins=(),
        effects=(),
        outcome=judgement.outcome,
        verdict=judgement.verdict,
        warnings=(),
    )
