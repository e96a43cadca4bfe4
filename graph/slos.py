"""Service level objectives: how much error budget is left, how fast it burns, who burns it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from graph.columns import BucketColumns
from graph.errors import InvalidInput
from graph.facts import hour_of
from graph.frame import Scores, Traffic
from graph.objectives.burn import (
    Burn,
    SloAction,
    SloAlert,
    Standing,
    alerts,
    burn,
    days_to_exhaustion,
    remaining,
    verdict,
    window_minutes,
)
from graph.objectives.burners import BudgetShare, burned_by
from graph.objectives.definitions import Objective, ObjectiveKind, objectives
from graph.objectives.events import Known, events_of, spans_of
from graph.objectives.readiness import MOST_BACK, ScoreArrival, score_arrival
from graph.objectives.reads import known_events, known_hours
from graph.scope import TenantScope
from graph.slices import EntityRef, Metric, Period, Slice
from graph.store.door import GraphStore
from graph.words import clock

__all__ = ["BudgetShare", "Burn", "SloAction", "SloAlert", "SloStatus", "question_of", "slos"]

_HISTORY = timedelta(days=10)
"""How soon scores arrive is learned from at least so much."""
_STEPS = 112
"""In how many steps the bad events of an objective's window are taken to leave it."""
_BURNING = 1.0
_QUESTION = {
    ObjectiveKind.AVAILABILITY: Metric.ERROR_RATE,
    ObjectiveKind.LATENCY: Metric.LATENCY_P95,
    ObjectiveKind.QUALITY: Metric.QUALITY,
}


@dataclass(frozen=True, slots=True)
class SloStatus:
    """One objective at an instant. Shares in [0, 1]; None where too little is known.

    `error_budget_remaining` is the share of the budget that is left, negative where overspent. All
    windows end at `judged_at`: the instant asked about, or for quality the last hour before it
    whose scores are in. `known_at` is the instant whose knowledge it is (None: all that is known).
    """

    id: str
    tenant: str
    objective: str
    target: float
    threshold: float | None
    window_days: float
    where: tuple[EntityRef, ...]
    actual: float | None
    events: int
    bad: float
    error_budget_remaining: float | None
    burns: tuple[Burn, ...]
    days_to_exhaustion: float | None
    action: SloAction
    alerts: tuple[SloAlert, ...]
    reasons: tuple[str, ...]
    burned_by: tuple[BudgetShare, ...]
    judged_at: datetime
    known_at: datetime | None


async def slos(
    store: GraphStore,
    columns: BucketColumns,
    *,
    at: datetime | None,
    known_at: datetime | None = None,
    scope: TenantScope,
    now: datetime,
) -> list[SloStatus]:
    """Every objective that the scope may see, as it stood at `at` (None: now), by tenant and id.

    What was recorded after `known_at` is left out. Raises InvalidInput for an instant to come, and
    GraphUnavailable.
    """
    at = now if at is None else at
    if at > now:
        raise InvalidInput("lies ahead; ask about now or the past", field="at")
    told = await objectives(store, at=at, known_at=known_at, scope=scope)
    judged = [each for each in told if each.obstacle is None]
    if not judged:
        return [_unjudged(each, at, known_at) for each in told]
    scope = TenantScope.of(*(each.tenant for each in judged))
    hours = _hours(judged, at)
    traffic, scores, late = await known_hours(columns, during=hours, scope=scope, known_at=known_at)
    told_until = now if known_at is None else hour_of(known_at)
    asked = await asyncio.to_thread(_asked, judged, columns, traffic, scores, at, told_until)
    cut = spans_of([period for each in asked for period in each.windows])
    known = await known_events(
        store,
        columns,
        judged,
        hours=(hours, traffic, scores),
        spans=(*cut, *late),
        scope=scope,
        known_at=known_at,
    )
    answers = await asyncio.to_thread(
        lambda: [_judged(each, columns, known, at, known_at) for each in asked]
    )
    answered = {(status.tenant, status.id): status for status in answers}
    return [answered.get((each.tenant, each.id)) or _unjudged(each, at, known_at) for each in told]


def question_of(status: SloStatus) -> tuple[Metric, Period, Slice]:
    """Which question of `whyChanged` asks why an objective burns: the metric, the window, where.

    The window is the long one of the most urgent alert, else the shortest from an hour on in which
    the budget burns faster than it lasts, else the objective's own.
    """
    kind = ObjectiveKind(status.objective)
    minutes = status.burns[-1].window_minutes if status.burns else round(status.window_days * 1440)
    if status.alerts:
        minutes = status.alerts[0].long_minutes
    else:
        burning = [
            each.window_minutes
            for each in status.burns
            if each.window_minutes >= 60 and each.rate is not None and each.rate > _BURNING
        ]
        minutes = burning[0] if burning else minutes
    given = {ref.kind: frozenset({ref.id}) for ref in status.where}
    where = Slice(**{**given, "tenant": frozenset({status.tenant})})
    start = status.judged_at - timedelta(minutes=max(minutes, 1))
    return _QUESTION[kind], Period(start, status.judged_at), where


def _hours(judged: Sequence[Objective], at: datetime) -> Period:
    """The whole hours that windows may reach, and enough of them to know how scores arrive."""
    longest = timedelta(days=max(each.window_days for each in judged))
    start = hour_of(at - max(longest + MOST_BACK, _HISTORY))
    return Period(start, hour_of(at))


@dataclass(frozen=True, slots=True)
class _Asked:
    """An objective, its windows (its own last), and how its scores arrive (None: it has none)."""

    objective: Objective
    windows: tuple[Period, ...]
    arrival: ScoreArrival | None


def _asked(
    judged: Sequence[Objective],
    columns: BucketColumns,
    traffic: Traffic,
    scores: Scores,
    at: datetime,
    known_at: datetime,
) -> list[_Asked]:
    """Which windows each objective is judged over: those for quality end where scores are in."""
    found: list[_Asked] = []
    for each in judged:
        arrival, end = None, at
        if each.kind is ObjectiveKind.QUALITY:
            inside = columns.cells.matches(each.slice)
            arrival = score_arrival(
                scores.take(inside[scores.cell]),
                traffic.take(inside[traffic.cell]),
                evaluators=columns.evaluators,
                tier_of=[key.tier for key in columns.cells.keys],
                known_at=known_at,
            )
            end = arrival.ready_until(at)
        lengths = [timedelta(minutes=minutes) for minutes in window_minutes(each.window_days)]
        windows = tuple(Period(end - length, end) for length in lengths)
        found.append(_Asked(each, windows, arrival))
    return found


def _judged(
    asked: _Asked, columns: BucketColumns, known: Known, at: datetime, known_at: datetime | None
) -> SloStatus:
    objective, windows, arrival = asked.objective, asked.windows, asked.arrival
    rows = events_of(objective, known, columns.cells.matches(objective.slice))
    burns = tuple(
        burn(
            window_minutes=(period.end - period.start) // timedelta(minutes=1),
            events=events,
            bad=bad,
            target=objective.target,
            complete=1.0 if arrival is None else arrival.complete(period),
        )
        for period, (events, bad) in ((period, rows.told(period)) for period in windows)
    )
    own = windows[-1]
    standing = Standing(
        target=objective.target,
        window_days=objective.window_days,
        burns=burns,
        leaving=rows.by_step(own, _STEPS),
        noun="request" if arrival is None else "score",
    )
    fired = alerts(burns, target=objective.target, window_days=objective.window_days)
    days = days_to_exhaustion(standing)
    action, reasons = verdict(standing, fired, days=days)
    if own.end < at:
        reasons = (*reasons, f"judged as of {clock(own.end)}, before which the scores are in")
    keys = columns.cells.keys
    events, bad = rows.by_cell(own, len(keys))
    some = np.nonzero(events > 0)[0]
    return SloStatus(
        id=objective.id,
        tenant=objective.tenant,
        objective=objective.kind.value,
        target=objective.target,
        threshold=objective.threshold,
        window_days=objective.window_days,
        where=objective.where,
        actual=None if not standing.own.events else 1 - standing.own.bad / standing.own.events,
        events=standing.own.events,
        bad=standing.own.bad,
        error_budget_remaining=remaining(standing),
        burns=burns,
        days_to_exhaustion=days,
        action=action,
        alerts=fired,
        reasons=reasons,
        burned_by=burned_by([keys[int(cell)] for cell in some], events[some], bad[some]),
        judged_at=own.end,
        known_at=known_at,
    )


def _unjudged(objective: Objective, at: datetime, known_at: datetime | None) -> SloStatus:
    """An objective that cannot be judged, and why."""
    return SloStatus(
        id=objective.id,
        tenant=objective.tenant,
        objective=objective.kind.value,
        target=objective.target,
        threshold=objective.threshold,
        window_days=objective.window_days,
        where=objective.where,
        actual=None,
        events=0,
        bad=0.0,
        error_budget_remaining=None,
        burns=(),
        days_to_exhaustion=None,
        action=SloAction.UNKNOWN,
        alerts=(),
        reasons=(objective.obstacle or "nothing is known of it",),
        burned_by=(),
        judged_at=at,
        known_at=known_at,
    )
