"""Why a metric changed: reads the graph, has it examined, ties causes to their paths, keeps it.

Few statements, whatever the traffic: the buckets that are not yet in memory, the events of the
time, the paths of the causes, and the writing down.
"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from graph.causes.archive import investigation_id, keep, version_of
from graph.causes.baseline import Baseline, baseline, given
from graph.causes.coverage import plain_coverage
from graph.causes.examination import Examined, Facts, examine, instant_of
from graph.causes.happenings import candidate_causes
from graph.causes.inquiry import Findings
from graph.causes.investigation import Investigation, Mechanism, Verdict
from graph.causes.panel import Evaluators
from graph.causes.paths import Destination, trace
from graph.causes.telling import Paths, investigation_of
from graph.columns import BucketColumns
from graph.frame import Scores, Traffic, join_scores, join_traffic
from graph.scope import TenantScope
from graph.slices import EntityRef, Metric, Period, Slice
from graph.store.door import GraphStore
from graph.traffic import known_traffic

_WEEK = timedelta(weeks=1)
_MOMENT = timedelta(minutes=1)
_HISTORY = timedelta(days=14)
"""How much of a long time between two periods is looked at: the last of it."""


async def why_changed(
    store: GraphStore,
    columns: BucketColumns,
    *,
    metric: Metric,
    during: Period,
    compared_to: Period | None = None,
    where: Slice,
    scope: TenantScope,
    known_at: datetime | None = None,
    now: datetime,
) -> Investigation:
    """Why `metric` differs in `during` from `compared_to` (None: the like period before it).

    Whatever was recorded after `known_at` is left out. Raises InvalidInput for periods that
    overlap or have not begun, GraphUnavailable.
    """
    known = min(known_at or now, now)
    asked = _Question(store, columns, where, scope, known_at)
    compared, parts = await _compared(asked, during, compared_to, now=known)
    identified = partial(
        investigation_id,
        metric=metric,
        during=during,
        compared_to=compared_to,
        where=where,
        known_at=known_at,
        scope=scope,
    )
    question = identified()
    if compared is None:
        nothing = _incomparable(question, metric, during, parts[0], known_at)
        return replace(nothing, where=where.refs(), asked_at=now)
    traffic, scores = parts
    candidates = await candidate_causes(
        store, start=compared.period.start, end=during.end, known_at=known_at
    )
    facts = Facts(
        metric=metric,
        where=where,
        during=Period(during.start, min(during.end, max(known, during.start + _MOMENT))),
        baseline=compared,
        known_at=known,
        traffic=traffic,
        scores=scores,
        cells=columns.cells,
        evaluators=Evaluators(columns.evaluators, columns.evaluator_versions),
        candidates=candidates,
    )
    # Other callers' requests go on while this one is thought about.
    told = await asyncio.to_thread(examine, facts)
    told, paths = await _traced(asked, facts, told)
    found = investigation_of(facts, told, identity=question, paths=paths, asked_known_at=known_at)
    found = replace(found, during=during, where=where.refs(), asked_at=now)
    # Another answer has another id: one that was kept stays as it was told.
    found = replace(found, id=identified(data_version=version_of(found)))
    await keep(store, found, question=question, where=where, scope=scope, asked_at=now)
    return found


class _Question:
    """What is read again and again with the same eyes."""

    def __init__(
        self,
        store: GraphStore,
        columns: BucketColumns,
        where: Slice,
        scope: TenantScope,
        known_at: datetime | None,
    ) -> None:
        self.store, self.columns, self.scope = store, columns, scope
        # Users are no dimension of the buckets: theirs are all the requests that can be read.
        self._where = Slice(user=where.user) if where.user is not None else Slice()
        self._known_at = known_at

    async def traffic(self, period: Period) -> tuple[Traffic, Scores]:
        return await known_traffic(
            self.store,
            self.columns,
            during=period,
            where=self._where,
            scope=self.scope,
            known_at=self._known_at,
        )


async def _compared(
    asked: _Question, during: Period, compared_to: Period | None, *, now: datetime
) -> tuple[Baseline | None, tuple[Traffic, Scores]]:
    """What the period is compared with, and all traffic from its start to the period's end."""
    if compared_to is not None:
        chosen = given(compared_to, during=during)
        return chosen, await _between(asked, chosen.period, during)
    weeks = -((during.start - during.end) // _WEEK)
    whole = Period(during.start - weeks * _WEEK, during.end)
    traffic, scores = await asked.traffic(whole)
    earlier = traffic.hour[traffic.hour < during.start.timestamp()]
    first = max(instant_of(int(earlier.min())), whole.start) if len(earlier) else None
    chosen = baseline(during, first_hour=first, now=now)
    if chosen is None:
        return None, (traffic, scores)
    start = int(chosen.period.start.timestamp()) // 3600 * 3600
    return chosen, (traffic.take(traffic.hour >= start), scores.take(scores.hour >= start))


async def _between(asked: _Question, compared_to: Period, during: Period) -> tuple[Traffic, Scores]:
    """Both periods and what lies between, of a long time only the last part."""
    if during.start - compared_to.end <= _HISTORY:
        return await asked.traffic(
            Period(min(compared_to.start, during.start), max(compared_to.end, during.end))
        )
    late = Period(max(compared_to.end, during.start - _HISTORY), during.end)
    parts = [await asked.traffic(period) for period in (compared_to, late)]
    return (
        join_traffic([traffic for traffic, _ in parts]),
        join_scores([scores for _, scores in parts]),
    )


async def _traced(asked: _Question, facts: Facts, told: Examined) -> tuple[Examined, Paths]:
    """The paths from the causes to what they touched; who has none is no cause."""
    if told.findings is None or not told.findings.suspects:
        return told, {}
    suspects = told.findings.suspects
    destinations = [
        Destination(
            suspect.candidate,
            tuple(
                EntityRef(name, label)
                for name, label in max(suspect.amounts, key=lambda a: abs(a.amount)).place
            ),
            mix=suspect.mechanism is Mechanism.MIX,
        )
        for suspect in suspects
    ]
    paths = await trace(
        asked.store, destinations, cells=facts.cells, traffic=facts.traffic, scope=asked.scope
    )
    found = {s.candidate.id: path for s, path in zip(suspects, paths, strict=True) if path}
    kept = tuple(s for s in suspects if s.candidate.id in found)
    findings: Findings = replace(
        told.findings, suspects=kept, explained=sum(s.contribution for s in kept)
    )
    return replace(told, findings=findings), found


def _incomparable(
    identity: str, metric: Metric, during: Period, traffic: Traffic, known_at: datetime | None
) -> Investigation:
    """The answer where nothing was recorded before the period."""
    before = Period(during.start - (during.end - during.start), during.start)
    requests = int(traffic.measure("count").sum())
    return Investigation(
        id=identity,
        verdict=Verdict.INSUFFICIENT_DATA,
        summary="Not enough data to tell: nothing is recorded before this period to compare with.",
        metric=metric,
        before=None,
        after=None,
        delta=None,
        delta_low=None,
        delta_high=None,
        onset=None,
        onset_low=None,
        onset_high=None,
        coverage=plain_coverage(requests),
        slices=(),
        causes=(),
        unexplained=None,
        compared_to=before,
        during=during,
        baseline="nothing: there is no data before it",
        considered=0,
        known_at=known_at,
    )
