"""Which deployments are at risk of more load than they can carry, and when.

Reads what was known then and leaves the thinking to `graph/overload/`: how likely too much is
(`risks.py`), what each can carry (`limits.py`), who takes over from whom (`displacement.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from graph.columns import BucketColumns
from graph.demand import HISTORY, last_step
from graph.errors import InvalidInput
from graph.evidence import DeploymentFacts, Evidence, Incident, Maintenance, Observation
from graph.facts import hour_of
from graph.fleet import facts_of, incidents, observation_of
from graph.health import assess_fleet
from graph.minutes import minutes_of
from graph.overload.displacement import TenantTerms, Terms, takers
from graph.overload.risks import CapacityRisk, overload_risks
from graph.overload.situations import SAMPLES, Told, situations
from graph.policies.facts import PolicyFacts
from graph.scope import TenantScope
from graph.settings import HealthSettings
from graph.slices import Period, Slice
from graph.store.door import GraphStore, Record, instant
from graph.traffic import known_traffic

__all__ = ["CapacityRisk", "capacity_risk"]

_SHORTEST = timedelta(minutes=10)
_LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class _Fleet:
    """The deployments, their samples, and what happens to them."""

    facts: tuple[DeploymentFacts, ...]
    token_limits: Mapping[str, float]
    observations: Mapping[str, Sequence[Observation]]
    minutes: Sequence[Record]
    incidents: Sequence[Incident]
    maintenance: Sequence[Maintenance]
    terms: Terms


async def capacity_risk(
    store: GraphStore,
    columns: BucketColumns,
    *,
    horizon: timedelta,
    without: frozenset[str] | None,
    as_of: datetime | None,
    budgets: HealthSettings,
    now: datetime,
) -> list[CapacityRisk]:
    """The risk of every deployment within `horizon` from `as_of` (None: now), the greatest first.

    `without` are deployments or backends imagined lost; their traffic moves as the policy in force
    would move it. Of all tenants together, as health is. What was recorded after `as_of` is left
    out, unless nothing of the fleet was by then: a history loaded later. Raises InvalidInput,
    GraphUnavailable.
    """
    at = _checked(horizon=horizon, as_of=as_of, now=now)
    known_at = as_of
    fleet = await _fleet(store, at=at, known_at=known_at, horizon=horizon, budgets=budgets)
    if not fleet.facts and known_at is not None:
        # A history that was loaded later: what is known of that time now is all there is.
        known_at = None
        fleet = await _fleet(store, at=at, known_at=None, horizon=horizon, budgets=budgets)
    imagined = _known_names(without or frozenset(), fleet.facts)
    if not fleet.facts:
        return []
    until = last_step(at)
    traffic, _ = await known_traffic(
        store,
        columns,
        during=Period(hour_of(until - HISTORY), until),
        where=Slice(),
        scope=TenantScope.all(),
        known_at=known_at,
        scored=False,
    )
    keys = tuple(columns.cells.keys)
    told = Told(
        fleet=fleet.facts,
        traffic=traffic,
        keys=keys,
        observations=fleet.observations,
        token_limits=fleet.token_limits,
        health={
            h.deployment: h for h in assess_fleet(_evidence(fleet, at), now=at, budgets=budgets)
        },
        incidents=fleet.incidents,
        maintenance=fleet.maintenance,
        imagined=imagined,
    )
    found = situations(told, now=at)
    lost = frozenset(one.facts.deployment for one in found if one.lost is not None)
    taken = takers(traffic, keys, lost=lost, fleet=fleet.facts, terms=fleet.terms)
    return overload_risks(
        found, horizon=horizon, now=at, budgets=budgets, moves=taken.moves, sources=taken.sources
    )


def _checked(*, horizon: timedelta, as_of: datetime | None, now: datetime) -> datetime:
    """The instant asked about."""
    if not _SHORTEST <= horizon <= _LONGEST:
        raise InvalidInput(
            f"must lie between {_SHORTEST // timedelta(minutes=1)} and"
            f" {_LONGEST // timedelta(minutes=1)}",
            field="horizonMinutes",
        )
    if as_of is not None and as_of > now:
        raise InvalidInput("lies in the future; leave it out to ask about now", field="asOf")
    return as_of or now


def _known_names(names: frozenset[str], fleet: Sequence[DeploymentFacts]) -> frozenset[str]:
    """The same names, if each is a deployment or a backend."""
    known = {name for one in fleet for name in (one.deployment, one.backend)}
    unknown = sorted(names - known)
    if unknown:
        backends = ", ".join(sorted({one.backend for one in fleet if one.backend})) or "none"
        raise InvalidInput(
            f"no deployment or backend {', '.join(unknown)} was known then; backends: {backends}",
            field="without",
        )
    return names


_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


async def _fleet(
    store: GraphStore,
    *,
    at: datetime,
    known_at: datetime | None,
    horizon: timedelta,
    budgets: HealthSettings,
) -> _Fleet:
    """Five statements: facts, samples, minutes, incidents, and what decides the routes."""
    known = known_at or _FOREVER
    times: dict[str, Any] = {"at": at.isoformat(), "knownAt": known.isoformat()}
    facts = await store.ask("fleet_facts", deployments=None, backends=[], **times)
    names = [row["deployment"] for row in facts]
    samples = await store.ask(
        "capacity_samples", deployments=names, start=(at - SAMPLES).isoformat(), **times
    )
    start = at.replace(second=0, microsecond=0) - timedelta(minutes=budgets.traffic_window_minutes)
    hours = sorted({int(hour_of(t).timestamp()) for t in (start, at)})
    minutes = await store.ask(
        "fleet_traffic", deployments=None, hours=hours, start=start.isoformat(), **times
    )
    scope = TenantScope.all()
    end = (at + horizon).isoformat()
    rows = await store.ask("routing_terms", scope=scope, end=end, **times)
    return _Fleet(
        facts=tuple(facts_of(row) for row in facts),
        token_limits={
            row["deployment"]: row["maxTokensPerMinute"]
            for row in facts
            if row["maxTokensPerMinute"] is not None
        },
        observations={
            row["deployment"]: [observation_of(row["deployment"], *one) for one in row["samples"]]
            for row in samples
        },
        minutes=minutes,
        incidents=await incidents(store, active_at=at, known_at=known_at),
        maintenance=[_maintenance(row) for row in rows if row["kind"] == "maintenance"],
        terms=_terms(rows),
    )


def _evidence(fleet: _Fleet, at: datetime) -> list[Evidence]:
    """The same as health is judged by."""
    minutes = minutes_of(fleet.minutes)
    return [
        Evidence(
            facts=one,
            observations=fleet.observations.get(one.deployment, ()),
            traffic=minutes.get(one.deployment, ()),
            incidents=fleet.incidents,
            maintenance=[m for m in fleet.maintenance if m.active_at(at)],
        )
        for one in fleet.facts
    ]


def _maintenance(row: Record) -> Maintenance:
    told = row["told"]
    return Maintenance(
        id=row["id"],
        title=told["title"],
        scope_kind=told["scopeKind"],
        scope_id=told["scopeId"],
        starts_at=instant(row["at"]),
        ends_at=instant(told["endsAt"]),
    )


def _terms(rows: Sequence[Record]) -> Terms:
    policies = [
        PolicyFacts(
            policy=row["id"],
            version=row["told"]["version"],
            published_at=instant(row["at"]),
            task_types=tuple(row["told"]["taskTypes"] or ()),
            tiers=tuple(row["told"]["tiers"] or ()),
            tenants=tuple(row["told"]["tenants"] or ()),
            rules=orjson.loads(row["told"]["rules"] or "{}"),
        )
        for row in rows
        if row["kind"] == "policy"
    ]
    tenants = {
        row["id"]: TenantTerms(
            allowed_backends=(
                None
                if row["told"]["allowedBackends"] is None
                else frozenset(row["told"]["allowedBackends"])
            ),
            required_compliance=frozenset(row["told"]["requiredCompliance"] or ()),
        )
        for row in rows
        if row["kind"] == "tenant"
    }
    return Terms(policies, tenants)
