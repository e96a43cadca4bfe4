"""A draft of the postmortem of an incident: what was told of it and what the data say, gathered.

The words are made in `graph/postmortems/`, which is pure; here is what they are made from.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from graph import fleet
from graph.causes.investigation import Cause, Investigation
from graph.causes.why import why_changed
from graph.columns import BucketColumns
from graph.evidence import Incident, Maintenance
from graph.impact import Impact, impact
from graph.postmortems import draft
from graph.postmortems.material import (
    Material,
    Moved,
    Telling,
    alerting,
    during,
    incident_of,
    measured,
    meets,
    most_moved,
    reaching,
    slice_of,
)
from graph.postmortems.wording import LOOKED_AT
from graph.scope import TenantScope
from graph.similar import SimilarIncident, similar_incidents
from graph.slices import Metric, Period, Slice
from graph.slos import SloStatus, slos
from graph.store.door import GraphStore, Record, instant
from graph.trends import Comparison, compare

BEFORE = timedelta(days=1)
"""So long before an incident changes are looked for."""
_SIMILAR = 5
_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Postmortem:
    """A draft to start from. `markdown` is the whole of it; `causes` those that the data hold
    responsible, by rank; `investigation` the id of what told them, None where nothing was asked.
    """

    incident: Incident
    title: str
    during: Period
    markdown: str
    causes: tuple[Cause, ...]
    investigation: str | None
    generated_at: datetime


async def postmortem(
    store: GraphStore,
    columns: BucketColumns,
    *,
    incident: str,
    scope: TenantScope,
    known_at: datetime | None = None,
    now: datetime,
) -> Postmortem | None:
    """The draft for an incident, from what was recorded by `known_at`; None where none is known.

    An open incident is told up to now, or up to `known_at`. Traffic, causes and objectives are
    those of `scope`. Raises GraphUnavailable.
    """
    until = min(known_at or now, now)
    told = await _told(store, incident, at=until, known_at=known_at)
    if told is None:
        return None
    material = await _Gathering(store, columns, scope, known_at, until, now).material(*told)
    found = material.investigation
    return Postmortem(
        incident=material.incident,
        title=draft.title(material),
        during=material.during,
        markdown=draft.markdown(material, generated_at=now),
        causes=() if found is None else found.causes,
        investigation=None if found is None else found.id,
        generated_at=now,
    )


@dataclass(frozen=True, slots=True)
class _Gathering:
    """What is read again and again with the same eyes."""

    store: GraphStore
    columns: BucketColumns
    scope: TenantScope
    known_at: datetime | None
    until: datetime
    now: datetime

    async def material(self, told: Incident, tellings: tuple[Telling, ...]) -> Material:
        """Everything that the draft is written from."""
        period = during(told, until=self.until)
        reached = await impact(
            self.store,
            self.columns,
            incident=told.id,
            scope=self.scope,
            known_at=self.known_at,
            now=self.now,
        )
        affected = () if reached is None else reached.deployments
        one = replace(told, affected_deployments=affected)
        where, moved = await self._moved(one, period, reached)
        chosen = most_moved(moved)
        found = None
        if chosen is not None:
            found = await self._why(chosen.metric, measured(period), where)
        changes = await fleet.changes(
            self.store, start=period.start - BEFORE, end=period.end, known_at=self.known_at
        )
        return Material(
            incident=one,
            tellings=tellings,
            until=self.until,
            known_at=self.known_at,
            impact=reached,
            where=where,
            moved=moved,
            chosen=chosen,
            investigation=found,
            changes=reaching(changes, one, tenants=self.scope.tenants),
            maintenance=await self._maintenance(one, period),
            alerts=await self._alerts(period, reached),
            others=await self._others(one, period),
            similar=await self._similar(one),
        )

    async def _moved(
        self, one: Incident, period: Period, reached: Impact | None
    ) -> tuple[Slice, tuple[Moved, ...]]:
        """How each metric moved in the incident's scope, and which traffic that is.

        Where nothing was served there all the while, what it did shows in all traffic instead.
        """
        compared_to = None if reached is None else reached.compared_to
        where = slice_of(one)
        if compared_to is None:
            return where, tuple(Moved(metric, None) for metric in LOOKED_AT)
        span = measured(period) if reached is None else reached.during
        for traffic in dict.fromkeys((where, Slice())):
            found = [
                await self._moved_by(metric, span, compared_to, traffic) for metric in LOOKED_AT
            ]
            if any(each.told is not None and each.told.count_after for each in found):
                return traffic, tuple(found)
        return where, tuple(Moved(metric, None) for metric in LOOKED_AT)

    async def _moved_by(
        self, metric: Metric, span: Period, compared_to: Period, where: Slice
    ) -> Moved:
        """How one metric moved; p95 latency has no interval below 73 requests, the mean has."""
        told = await self._compared(metric, span, compared_to, where)
        bounded = (
            told is None or told.delta is None or None not in (told.delta_low, told.delta_high)
        )
        if metric is Metric.LATENCY_P95 and not bounded:
            metric = Metric.LATENCY_MEAN
            told = await self._compared(metric, span, compared_to, where)
        return Moved(metric, told)

    async def _compared(
        self, metric: Metric, span: Period, compared_to: Period, where: Slice
    ) -> Comparison | None:
        (told,) = await compare(
            self.store,
            self.columns,
            metric=metric,
            during=span,
            compared_to=compared_to,
            group_by=(),
            where=where,
            scope=self.scope,
            known_at=self.known_at,
        )
        measured_both = told.before is not None and told.after is not None
        return told if measured_both or told.count_after else None

    async def _why(self, metric: Metric, span: Period, where: Slice) -> Investigation | None:
        found = await why_changed(
            self.store,
            self.columns,
            metric=metric,
            during=span,
            where=where,
            scope=self.scope,
            known_at=self.known_at,
            now=self.now,
        )
        # Without anything to compare with it was not kept, so its id would lead nowhere.
        return None if found.before is None and found.after is None else found

    async def _maintenance(self, one: Incident, period: Period) -> tuple[Maintenance, ...]:
        planned = await fleet.maintenance(
            self.store, at=period.start, until=period.end, known_at=self.known_at
        )
        return tuple(
            each
            for each in planned
            if meets(one, scope_kind=each.scope_kind, scope_id=each.scope_id)
        )

    async def _others(self, one: Incident, period: Period) -> tuple[Incident, ...]:
        """Other incidents open at some time of it on what it reaches."""
        found = await fleet.incidents(
            self.store, start=period.start, end=period.end, known_at=self.known_at
        )
        return tuple(
            each
            for each in found
            if each.id != one.id and meets(one, scope_kind=each.scope_kind, scope_id=each.scope_id)
        )

    async def _alerts(self, period: Period, reached: Impact | None) -> tuple[SloStatus, ...]:
        """The objectives that alerted when it ended, of those that its requests count for."""
        if reached is None or not reached.slos:
            return ()
        told = await slos(
            self.store,
            self.columns,
            at=min(period.end, self.until),
            known_at=self.known_at,
            scope=self.scope,
            now=self.now,
        )
        return alerting(told, reached.slos)

    async def _similar(self, one: Incident) -> tuple[SimilarIncident, ...]:
        """Incidents like it that had begun before it."""
        found = await similar_incidents(
            self.store,
            incident=one.id,
            first=4 * _SIMILAR,
            scope=self.scope,
            known_at=self.known_at,
        )
        earlier = [each for each in found if each.incident.opened_at < one.opened_at]
        return tuple(earlier[:_SIMILAR])


async def _told(
    store: GraphStore, incident: str, *, at: datetime, known_at: datetime | None
) -> tuple[Incident, tuple[Telling, ...]] | None:
    """What was told of an incident by an instant; None where nothing was."""
    rows = await store.ask(
        "incident_story",
        incident=incident,
        at=at.isoformat(),
        knownAt=(known_at or _FOREVER).isoformat(),
    )
    if not rows:
        return None
    tellings = tuple(_telling(told) for told in rows[0]["told"])
    return incident_of(incident, tellings), tellings


def _telling(told: Record) -> Telling:
    return Telling(
        at=instant(told["at"]),
        recorded_at=instant(told["recordedAt"]),
        phase=told["phase"],
        title=told["title"],
        severity=told["severity"],
        scope_kind=told["scopeKind"],
        scope_id=told["scopeId"],
        root_cause=told["rootCause"],
        factors=tuple(told["contributingFactors"] or ()),
        postmortem=told["postmortem"],
        url=told["url"],
        status_source=told["statusSource"],
        cost_usd=told["costUsd"],
    )
