"""The past as it could have been known: late facts are absent before they were told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph import fleet
from graph.facts import EntityFact, Fact, LinkTo, ObservationFact, RequestFact
from graph.health import BreakerState, DeploymentHealth, HealthStatus
from graph.model import world
from graph.model.declare import Entity
from graph.model.traffic import CellKey
from graph.settings import HealthSettings
from graph.slices import EntityRef
from graph.store.door import GraphStore, counting
from graph.store.ledger import record

T0 = datetime(2026, 9, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMITS = HealthSettings()


class Place:
    """A model and a backend that no other test knows, and the facts told of them."""

    def __init__(self, store: GraphStore) -> None:
        self.store = store
        self.name = uuid4().hex[:8]
        self.backend = f"b-{self.name}"
        self.deployment = f"m-{self.name}@{self.backend}"

    def entity(
        self,
        declared: Entity,
        identity: str,
        *,
        at: datetime,
        told_after: timedelta = timedelta(seconds=2),
        links: Sequence[LinkTo] = (),
        **properties: Any,
    ) -> EntityFact:
        return EntityFact(
            declared,
            tuple(identity.split("|")),
            uuid4().hex,
            at,
            at + told_after,
            properties,
            tuple(links),
        )

    def sample(self, at: datetime, **metrics: Any) -> ObservationFact:
        told = {"windowS": 60.0, "sampleCount": 10, "source": "probe", "available": True}
        return ObservationFact(
            uuid4().hex,
            self.deployment,
            at,
            at + timedelta(seconds=2),
            {**told, "deployment": self.deployment, **metrics},
        )

    def incident(self, phase: str, *, at: datetime, told_after: timedelta, **more: Any) -> Fact:
        scope = {"scopeKind": "backend", "scopeId": self.backend}
        return self.entity(
            world.INCIDENT,
            f"inc-{self.name}",
            at=at,
            told_after=told_after,
            links=[LinkTo("AFFECTS", "Backend", (self.backend,))],
            phase=phase,
            severity="sev1",
            title="packet loss",
            **scope,
            **more,
        )

    async def tell(self, *facts: Fact) -> None:
        await record(self.store, facts)

    async def health(self, at: datetime, known_at: datetime | None = None) -> DeploymentHealth:
        (one,) = await fleet.fleet(
            self.store,
            at=at,
            known_at=known_at,
            budgets=LIMITS,
            deployments=frozenset({self.deployment}),
        )
        return one


def requested(
    place: Place,
    tenant: str,
    after_s: int,
    *,
    status: str,
    error_type: str | None = None,
    deployment: str | None = None,
) -> RequestFact:
    """A request of so many seconds after T0."""
    name = deployment or place.deployment
    told = {"status": status, "latencyMs": 50.0, "promptTokens": 1, "completionTokens": 0}
    return RequestFact(
        tenant=tenant,
        id=f"r{after_s}",
        at=T0 + timedelta(seconds=after_s),
        recorded_at=T0 + timedelta(seconds=after_s + 1),
        cell=CellKey(tenant, name, "chat", "free", "main", "v1", None, None, None, "rule", None),
        status=status,
        latency_ms=50.0,
        ttft_ms=None,
        cost_usd=0.0,
        prompt_tokens=1,
        completion_tokens=0,
        retries=0,
        cache_hit=False,
        properties=told if error_type is None else {**told, "errorType": error_type},
        decision={"deployment": name},
    )


@pytest.fixture
def place(store: GraphStore) -> Place:
    return Place(store)


async def test_an_incident_told_late_was_not_known_before(place: Place) -> None:
    await place.tell(
        place.sample(T0),
        place.incident("opened", at=T0 - HOUR, told_after=3 * HOUR),
        place.incident("resolved", at=T0 + 4 * HOUR, told_after=HOUR, rootCause="a faulty switch"),
    )
    asked = T0 + timedelta(minutes=1)
    assert (await place.health(asked, asked)).status is HealthStatus.HEALTHY
    assert (await place.health(asked)).status is not HealthStatus.HEALTHY
    known_then = await fleet.incidents(place.store, active_at=asked, known_at=asked)
    assert place.name not in str(known_then)
    (known_now,) = [
        one for one in await fleet.incidents(place.store, active_at=asked) if place.name in one.id
    ]
    assert known_now.opened_at == T0 - HOUR
    assert known_now.affected_deployments == (place.deployment,)
    assert known_now.resolved_at is None, "at that instant it was still open"
    (over,) = [
        one
        for one in await fleet.incidents(place.store, start=T0, end=T0 + 9 * HOUR)
        if place.name in one.id
    ]
    assert (over.resolved_at, over.root_cause) == (T0 + 4 * HOUR, "a faulty switch")


async def test_a_silent_probe_turns_stale_then_unknown(place: Place) -> None:
    await place.tell(place.sample(T0, errorRate=0.0, latencyP95Ms=300.0))
    fresh, stale, unknown = [await place.health(T0 + timedelta(minutes=m)) for m in (1, 5, 40)]
    assert (fresh.status, fresh.stale) == (HealthStatus.HEALTHY, False)
    assert (stale.status, stale.stale) == (HealthStatus.DEGRADED, True)
    assert (unknown.status, unknown.stale) == (HealthStatus.UNKNOWN, True)
    assert any("stale" in reason for reason in stale.reasons)
    assert any("no health sample since" in reason for reason in unknown.reasons)
    assert unknown.latency_p95_ms is None


async def test_a_missing_metric_is_null_and_named(place: Place) -> None:
    await place.tell(place.sample(T0, errorRate=0.0))
    health = await place.health(T0)
    assert health.queue_depth is None
    assert any("queue depth" in reason for reason in health.reasons)


async def test_requests_alone_can_show_that_a_deployment_fails(place: Place, tenant: str) -> None:
    failed = [requested(place, tenant, n, status="error") for n in range(20)]
    await place.tell(*failed)
    health = await place.health(T0 + timedelta(minutes=1))
    assert health.status is HealthStatus.DOWN
    assert health.error_rate == 1.0
    early = await place.health(T0 + timedelta(seconds=5), T0 + timedelta(seconds=5))
    assert early.sample_count == 5


async def test_the_past_has_the_classes_of_failures_too(place: Place, tenant: str) -> None:
    callers = [
        requested(place, tenant, n, status="error", error_type="ContextWindowExceededError")
        for n in range(20)
    ]
    answered = [requested(place, tenant, n, status="ok") for n in range(20, 26)]
    await place.tell(*callers, *answered)
    well = await place.health(T0 + timedelta(minutes=1))
    assert (well.status, well.error_rate) == (HealthStatus.HEALTHY, 0.0)
    assert well.sample_count == 26
    later = [requested(place, tenant, n, status="error", error_type="401") for n in range(60, 66)]
    await place.tell(*later)
    denied = await place.health(T0 + timedelta(minutes=2))
    assert denied.breaker is BreakerState.OPEN
    assert denied.breaker_reason is not None
    assert denied.breaker_reason.startswith("6 of 12 requests failed (6 denials)")
    assert denied.breaker_until == T0 + timedelta(seconds=65 + 60)


async def test_a_backend_that_failed_as_one_is_seen_from_each_of_its_deployments(
    place: Place, tenant: str
) -> None:
    names = [f"{model}-{place.name}@{place.backend}" for model in ("a", "b", "c")]
    await place.tell(
        *[
            requested(place, tenant, 10 * n + one, status="timeout", deployment=name)
            for n, name in enumerate(names)
            for one in range(5)
        ]
    )
    (one,) = await fleet.fleet(
        place.store,
        at=T0 + timedelta(minutes=1),
        known_at=None,
        budgets=LIMITS,
        deployments=frozenset(names[:1]),
    )
    assert (one.deployment, one.breaker_key) == (names[0], f"backend:{place.backend}")
    assert one.breaker_reason is not None
    assert one.breaker_reason.startswith(f"backend {place.backend}: 3 of 3 deployments fail since")


async def test_configuration_holds_from_its_time_as_known(place: Place) -> None:
    links = [
        LinkTo("RUNS_MODEL", "Model", (place.deployment.partition("@")[0],)),
        LinkTo("RUNS_ON", "Backend", (place.backend,)),
    ]
    await place.tell(
        place.entity(world.DEPLOYMENT, place.deployment, at=T0, links=links, version="1"),
        place.entity(
            world.DEPLOYMENT,
            place.deployment,
            at=T0 + HOUR,
            told_after=5 * HOUR,
            links=links,
            version="2",
        ),
    )
    assert (await place.health(T0 + 2 * HOUR)).version == "2"
    assert (await place.health(T0 + 2 * HOUR, T0 + 2 * HOUR)).version == "1"
    gone = await fleet.fleet(
        place.store,
        at=T0 - HOUR,
        known_at=None,
        budgets=LIMITS,
        deployments=frozenset({place.deployment}),
    )
    assert gone == []


async def test_policies_experiments_and_rollouts_are_changes(place: Place) -> None:
    await place.tell(
        place.entity(
            world.POLICY_VERSION,
            f"p-{place.name}|v2",
            at=T0,
            links=[LinkTo("VERSION_OF", "Policy", (f"p-{place.name}",))],
            rules="{}",
            summary="cheaper reasoning",
            taskTypes=["reasoning"],
        ),
        place.entity(
            world.CHANGE,
            f"c-{place.name}",
            at=T0 + HOUR,
            links=[LinkTo("TARGETS", "Deployment", (place.deployment,))],
            kind="rollout",
            title="int4 weights",
            targets=f'[{{"kind": "deployment", "id": "{place.deployment}"}}]',
        ),
        place.entity(
            world.EXPERIMENT,
            f"e-{place.name}",
            at=T0 + 2 * HOUR,
            told_after=8 * HOUR,
            policy=f"p-{place.name}",
            status="running",
            arms=f'[{{"arm": "B", "percent": 50, "deployment": "{place.deployment}"}}]',
        ),
    )

    async def seen(known_at: datetime | None) -> list[fleet.Change]:
        told = await fleet.changes(place.store, start=T0, end=T0 + 3 * HOUR, known_at=known_at)
        return [one for one in told if place.name in one.id]

    published, rollout, experiment = await seen(None)
    assert (published.id, published.kind) == (f"p-{place.name}@v2", "policy")
    assert published.targets == (
        EntityRef("policy", f"p-{place.name}"),
        EntityRef("task_type", "reasoning"),
    )
    assert rollout.targets == (EntityRef("deployment", place.deployment),)
    assert experiment.title == f"experiment e-{place.name} running"
    assert len(await seen(T0 + 3 * HOUR)) == 2
    (held,) = [
        one
        for one in await fleet.policies_in_force(place.store, at=T0 + HOUR)
        if place.name in one.policy
    ]
    assert (held.version, held.published_at) == ("v2", T0)


async def test_the_fleet_costs_a_fixed_number_of_statements(place: Place) -> None:
    await place.tell(place.sample(T0))
    with counting() as count:
        await fleet.fleet(place.store, at=T0, known_at=None, budgets=LIMITS)
    assert len(count.statements) == 5


async def test_a_report_after_the_end_does_not_open_an_incident_again(place: Place) -> None:
    moment = timedelta(seconds=1)
    await place.tell(
        place.incident("opened", at=T0, told_after=moment),
        place.incident("resolved", at=T0 + HOUR, told_after=moment),
        place.incident("updated", at=T0 + 9 * HOUR, told_after=moment, rootCause="a faulty switch"),
    )
    later = await fleet.incidents(place.store, active_at=T0 + 10 * HOUR)
    assert place.name not in str(later)
    (over,) = [
        one
        for one in await fleet.incidents(place.store, start=T0, end=T0 + 2 * HOUR)
        if place.name in one.id
    ]
    assert (over.resolved_at, over.root_cause) == (T0 + HOUR, "a faulty switch")
