"""What a postmortem is written from: what was told of an incident, and what the data say of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from graph.causes.investigation import Investigation
from graph.estimates import Z95
from graph.evidence import Incident, Maintenance
from graph.fleet import Change
from graph.impact import LONGEST, Impact
from graph.similar import SimilarIncident
from graph.slices import Metric, Period, Slice
from graph.slos import SloStatus
from graph.trends import Comparison

CLEAR = Z95
"""A difference of so many standard errors is no accident of few requests."""
_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Telling:
    """What was told of an incident at one time; `phase` is opened, updated or resolved."""

    at: datetime
    recorded_at: datetime
    phase: str
    title: str
    severity: str
    scope_kind: str
    scope_id: str | None
    root_cause: str | None = None
    factors: tuple[str, ...] = ()
    postmortem: str | None = None
    url: str | None = None
    status_source: str | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """How one metric differs from the like time before; None where that can't be measured."""

    metric: Metric
    told: Comparison | None

    @property
    def error(self) -> float | None:
        """The standard error of the difference; None where its limits can't be told."""
        told = self.told
        if told is None or told.delta_low is None or told.delta_high is None:
            return None
        return (told.delta_high - told.delta_low) / (2 * Z95)

    @property
    def errors(self) -> float:
        """The difference in standard errors, 0 where it can't be told.

        A difference without any error (one price before, another since) is clear, but it is not
        more so than one that was measured well: it counts as CLEAR.
        """
        if self.error is None or self.told is None or not self.told.delta:
            return 0.0
        return abs(self.told.delta) / self.error if self.error > 0 else CLEAR

    @property
    def worse(self) -> bool:
        """Whether it clearly moved to the worse: less quality, more of anything else."""
        rose = self.told is not None and (self.told.delta or 0.0) > 0
        return self.errors >= CLEAR and rose != (self.metric is Metric.QUALITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that a draft is written from; nothing in it is made up.

    `until` is the instant that an open incident is told up to. `moved` are the metrics looked at in
    `where`, `chosen` is the one that was investigated; None where nothing could be compared.
    `changes` are those on what the incident reaches, from a day before it to its end; `alerts` the
    objectives that alerted at its end; `others` the incidents open at the same time on the same
    things; `similar` earlier ones.
    """

    incident: Incident
    tellings: tuple[Telling, ...]
    until: datetime
    known_at: datetime | None
    impact: Impact | None
    where: Slice
    moved: tuple[Moved, ...]
    chosen: Moved | None
    investigation: Investigation | None
    changes: tuple[Change, ...]
    maintenance: tuple[Maintenance, ...]
    alerts: tuple[SloStatus, ...]
    others: tuple[Incident, ...]
    similar: tuple[SimilarIncident, ...]

    @property
    def ongoing(self) -> bool:
        """Whether it is open, as far as is known."""
        return self.incident.resolved_at is None

    @property
    def during(self) -> Period:
        """From its opening to its end, or as far as is known."""
        return during(self.incident, until=self.until)

    @property
    def is_its_own_cause(self) -> bool:
        """Whether the data lay the change to the incident itself, first of all."""
        found = self.investigation
        return bool(found and found.causes and found.causes[0].id == self.incident.id)


def incident_of(identity: str, tellings: Sequence[Telling]) -> Incident:
    """The incident that tellings, oldest first, add up to: the last word on each thing holds.

    Which deployments it reaches they don't tell.
    """
    first, last = tellings[0], tellings[-1]
    turns = [one for one in tellings if one.phase != "updated"]
    resolved = bool(turns) and turns[-1].phase == "resolved"
    return Incident(
        id=identity,
        title=last.title,
        severity=last.severity,
        scope_kind=last.scope_kind,
        scope_id=last.scope_id,
        opened_at=first.at,
        resolved_at=turns[-1].at if resolved else None,
        root_cause=_last([one.root_cause for one in tellings]),
        url=_last([one.url for one in tellings]),
        status_source=_last([one.status_source for one in tellings]),
    )


def _last(told: Sequence[str | None]) -> str | None:
    return next((one for one in reversed(told) if one is not None), None)


def during(incident: Incident, *, until: datetime) -> Period:
    """The time of an incident, at least a minute: to `until` while it is open."""
    end = until if incident.resolved_at is None else incident.resolved_at
    return Period(incident.opened_at, max(end, incident.opened_at + _MOMENT))


def measured(period: Period) -> Period:
    """So much of it as is measured."""
    return Period(period.start, min(period.end, period.start + LONGEST))


def slice_of(incident: Incident) -> Slice:
    """The traffic in an incident's scope."""
    named = None if incident.scope_id is None else frozenset({incident.scope_id})
    match incident.scope_kind:
        case "deployment":
            return Slice(deployment=named)
        case "model":
            return Slice(model=named)
        case "backend":
            return Slice(backend=named)
        case _:
            return Slice()


def most_moved(moved: Sequence[Moved]) -> Moved | None:
    """The metric to ask about: of those that clearly got worse, else of all that can be compared,
    the one that moved by most standard errors; of equals the first.
    """
    comparable = [one for one in moved if one.told is not None and one.told.delta is not None]
    return max(comparable, key=lambda one: (one.worse, one.errors), default=None)


def reaching(
    changes: Sequence[Change], incident: Incident, *, tenants: frozenset[str] | None
) -> tuple[Change, ...]:
    """The changes that can have met what the incident reaches, oldest first.

    A change of places (deployments, models, backends) must name one that is reached; a change of
    something that all places share (policy, router, tier, …) can meet any. One that is for other
    tenants alone is left out.
    """
    reached = _places(incident)
    found: list[Change] = []
    for one in changes:
        places = {(ref.kind, ref.id) for ref in one.targets if ref.kind in _PLACES}
        named = {ref.id for ref in one.targets if ref.kind == "tenant"}
        foreign = tenants is not None and named and not named & tenants
        if (not places or places & reached) and not foreign:
            found.append(one)
    return tuple(found)


_PLACES = frozenset({"deployment", "model", "backend"})


def _places(incident: Incident) -> set[tuple[str, str]]:
    """What an incident reaches: its scope, its deployments, and what these run and run on."""
    found: set[tuple[str, str]] = set()
    if incident.scope_id is not None:
        found.add((incident.scope_kind, incident.scope_id))
    for deployment in incident.affected_deployments:
        model, _, backend = deployment.rpartition("@")
        found |= {("deployment", deployment), ("model", model), ("backend", backend)}
    return found


def alerting(told: Iterable[SloStatus], reached: Collection[str]) -> tuple[SloStatus, ...]:
    """The objectives that alert, of those reached (as `tenant/id`)."""
    return tuple(one for one in told if one.alerts and f"{one.tenant}/{one.id}" in reached)


def meets(incident: Incident, *, scope_kind: str, scope_id: str | None) -> bool:
    """Whether something of that scope reaches what the incident reaches."""
    everywhere = "global" in (scope_kind, incident.scope_kind)
    return everywhere or (scope_kind, scope_id or "") in _places(incident)
