"""The fleet at any instant, as known at any other: health, incidents, changes, policies in force.

The same pure judgement that the hot view uses, on evidence read from the graph.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from graph.evidence import (
    DeploymentFacts,
    Evidence,
    Incident,
    Maintenance,
    Observation,
)
from graph.facts import hour_of
from graph.health import DeploymentHealth, assess_fleet
from graph.minutes import minutes_of
from graph.settings import HealthSettings
from graph.slices import EntityRef
from graph.store.door import GraphStore, Record, instant, maybe_instant

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was changed. A policy's id is `policy@version`, an experiment's its own."""

    id: str
    kind: str
    title: str
    at: datetime
    recorded_at: datetime
    targets: tuple[EntityRef, ...]
    author: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """The version of a policy that held."""

    policy: str
    version: str
    summary: str | None
    published_at: datetime


async def fleet(
    store: GraphStore,
    *,
    at: datetime,
    known_at: datetime | None,
    budgets: HealthSettings,
    deployments: frozenset[str] | None = None,
) -> list[DeploymentHealth]:
    """The health of every deployment at `at`, from what was recorded by `known_at`, by name."""
    gathered = await evidence(
        store, at=at, known_at=known_at, budgets=budgets, deployments=deployments
    )
    judged = assess_fleet(gathered, now=at, budgets=budgets)
    return [one for one in judged if deployments is None or one.deployment in deployments]


async def evidence(
    store: GraphStore,
    *,
    at: datetime,
    known_at: datetime | None,
    budgets: HealthSettings,
    deployments: frozenset[str] | None = None,
) -> list[Evidence]:
    """What was known of every deployment at `at`, by name: five statements.

    Of `deployments` given, all others of their backends are told too: they are judged together.
    """
    known = known_at or _END
    wanted = None if deployments is None else sorted(deployments)
    backends = sorted({name.rpartition("@")[2] for name in wanted or () if "@" in name})
    times: dict[str, Any] = {"at": at.isoformat(), "knownAt": known.isoformat()}
    facts = await store.ask("fleet_facts", deployments=wanted, backends=backends, **times)
    names = [row["deployment"] for row in facts]
    samples = await store.ask("fleet_observations", deployments=names, **times)
    start = at.replace(second=0, microsecond=0) - timedelta(minutes=budgets.traffic_window_minutes)
    hours = sorted({int(hour_of(t).timestamp()) for t in (start, at)})
    outcomes = await store.ask(
        "fleet_traffic",
        deployments=None if wanted is None else names,
        hours=hours,
        **times,
        start=start.isoformat(),
    )
    open_incidents = await incidents(store, active_at=at, known_at=known)
    planned = await maintenance(store, at=at, known_at=known)
    samples_of = {row["deployment"]: row["samples"] for row in samples}
    outcomes_of = minutes_of(outcomes)
    return [
        Evidence(
            facts=facts_of(row),
            observations=[observation_of(name, *told) for told in samples_of.get(name, [])],
            traffic=outcomes_of.get(name, []),
            incidents=open_incidents,
            maintenance=planned,
        )
        for name, row in zip(names, facts, strict=True)
    ]


async def incidents(
    store: GraphStore,
    *,
    active_at: datetime | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    known_at: datetime | None = None,
) -> list[Incident]:
    """Incidents open at `active_at`, or at some time from `start` to `end`; by their opening.

    What was told after `known_at`, or happened after the instant asked about, is left out.
    """
    if active_at is not None:
        start = max(start, active_at) if start else active_at
        just_after = active_at + timedelta(microseconds=1)
        end = min(end, just_after) if end else just_after
    rows = await store.ask(
        "incidents",
        at=(active_at or _END).isoformat(),
        knownAt=(known_at or _END).isoformat(),
        start=(start or _BEGINNING).isoformat(),
        end=(end or _END).isoformat(),
    )
    return [_incident(row) for row in rows]


async def maintenance(
    store: GraphStore,
    *,
    at: datetime,
    until: datetime | None = None,
    known_at: datetime | None = None,
) -> list[Maintenance]:
    """Maintenance under way at `at`, or that begins after it and before `until`; by its start."""
    rows = await store.ask(
        "maintenance",
        at=at.isoformat(),
        until=(until or at).isoformat(),
        knownAt=(known_at or _END).isoformat(),
    )
    return [
        Maintenance(
            id=row["id"],
            title=row["title"],
            scope_kind=row["scopeKind"],
            scope_id=row["scopeId"],
            starts_at=instant(row["startsAt"]),
            ends_at=instant(row["endsAt"]),
        )
        for row in rows
    ]


async def changes(
    store: GraphStore, *, start: datetime, end: datetime, known_at: datetime | None = None
) -> list[Change]:
    """What was changed from `start` to before `end`, oldest first; policies and experiments too."""
    rows = await store.ask(
        "changes",
        knownAt=(known_at or _END).isoformat(),
        start=start.isoformat(),
        end=end.isoformat(),
    )
    return [_change(row) for row in rows]


async def policies_in_force(
    store: GraphStore, *, at: datetime, known_at: datetime | None = None
) -> list[PolicyInForce]:
    """The version of each policy that was in force at `at`, by policy."""
    rows = await store.ask(
        "policies_in_force", at=at.isoformat(), knownAt=(known_at or _END).isoformat()
    )
    return [
        PolicyInForce(
            policy=row["policy"],
            version=row["version"],
            summary=row["summary"],
            published_at=instant(row["publishedAt"]),
        )
        for row in rows
    ]


def facts_of(row: Record) -> DeploymentFacts:
    """A row of `fleet_facts.cypher` as evidence."""
    model, _, backend = row["deployment"].rpartition("@")
    capabilities = row["capabilities"]
    return DeploymentFacts(
        deployment=row["deployment"],
        model=model,
        backend=backend,
        version=row["version"],
        registered=row["registered"],
        deprecated_at=maybe_instant(row["deprecatedAt"]),
        input_usd_per_1k=row["inputUsdPer1k"],
        output_usd_per_1k=row["outputUsdPer1k"],
        max_rps=row["maxRps"],
        context_window=row["contextWindow"],
        capabilities=None if capabilities is None else tuple(capabilities),
        compliance=tuple(row["compliance"] or ()),
        spot=bool(row["spot"]),
    )


_TOLD = (
    "window_s",
    "sample_count",
    "source",
    "available",
    "error_rate",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "queue_depth",
    "in_flight",
    "load",
    "rate_limit_remaining",
    "rate_limit_limit",
    "spot_availability",
    "cost_per_1k_tokens_usd",
    "region",
)
"""What `fleet_observations.cypher` returns of a sample after its two times, in its order."""


def observation_of(deployment: str, at_us: int, recorded_us: int, *told: Any) -> Observation:
    """A sample as `fleet_observations.cypher` returns it, as evidence."""
    return Observation(
        deployment=deployment,
        at=_EPOCH + timedelta(microseconds=at_us),
        recorded_at=_EPOCH + timedelta(microseconds=recorded_us),
        **dict(zip(_TOLD, told, strict=True)),
    )


def _incident(row: Record) -> Incident:
    return Incident(
        id=row["id"],
        title=row["title"],
        severity=row["severity"],
        scope_kind=row["scopeKind"],
        scope_id=row["scopeId"],
        opened_at=instant(row["openedAt"]),
        resolved_at=maybe_instant(row["resolvedAt"]),
        root_cause=row["rootCause"],
        affected_deployments=tuple(row["affectedDeployments"]),
        url=row["url"],
        status_source=row["statusSource"],
    )


def _change(row: Record) -> Change:
    return Change(
        id=row["id"],
        kind=row["kind"],
        title=row["title"],
        at=instant(row["at"]),
        recorded_at=instant(row["recordedAt"]),
        targets=tuple(_targets(row)),
        author=row["author"],
        url=row["url"],
    )


def _targets(row: Record) -> Sequence[EntityRef]:
    if row["targets"] is not None:
        return [EntityRef(kind=t["kind"], id=t["id"]) for t in orjson.loads(row["targets"])]
    if row["kind"] == "experiment":
        arms = orjson.loads(row["arms"] or "[]")
        served = dict.fromkeys(arm["deployment"] for arm in arms if arm.get("deployment"))
        return [EntityRef("policy", row["policy"]), *(EntityRef("deployment", d) for d in served)]
    named = {"task_type": row["taskTypes"], "tier": row["tiers"], "tenant": row["tenants"]}
    policy = row["id"].rpartition("@")[0]
    return [
        EntityRef("policy", policy),
        *(EntityRef(kind, one) for kind, ids in named.items() for one in ids or ()),
    ]
