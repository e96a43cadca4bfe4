"""The hot view from the graph: the same as the graph's own account, and safe to build again."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph import fleet
from graph.health import assess
from graph.hot import keys
from graph.hot.evidence import EvidenceWriter
from graph.hot.projection import Projection
from graph.hot.rebuild import Rebuilder
from graph.settings import GraphSettings, HealthSettings
from graph.store import ledger
from graph.store.door import GraphStore
from ingest.events import parse_event
from ingest.facts import fact_of

BUDGETS = HealthSettings()


class Fleet:
    """Events about a model and a backend of this test's own."""

    def __init__(self, tenant: str) -> None:
        self.now = datetime.now(UTC)
        self.tenant = tenant
        self.model, self.backend = f"model-{tenant}", f"backend-{tenant}"
        self.deployment = f"{self.model}@{self.backend}"

    def event(self, kind: str, ago_s: float, /, **data: Any) -> Any:
        at = (self.now - timedelta(seconds=ago_s)).isoformat()
        return parse_event(
            {
                "specversion": "1.0",
                "id": uuid4().hex,
                "source": f"//{self.tenant}",
                "type": f"routecause.{kind}",
                "time": at,
                "recordedtime": at,
                "tenant": self.tenant,
                "data": data,
            }
        )

    def told(self) -> list[Any]:
        """Everything that the hot view looks at."""
        return [*self.configured(), *self.happened(), *self.sampled()]

    def happened(self) -> list[Any]:
        scope = {"kind": "backend", "id": self.backend}
        incident = {"incident": f"inc-{self.tenant}", "scope": scope, "title": "loss"}
        planned = {
            "starts_at": (self.now + timedelta(hours=1)).isoformat(),
            "ends_at": (self.now + timedelta(hours=2)).isoformat(),
        }
        return [
            self.event("incident.opened", 500, **incident, severity="sev3"),
            self.event("incident.updated", 400, **incident, severity="sev1"),
            self.event(
                "maintenance.scheduled",
                900,
                maintenance=f"mw-{self.tenant}",
                scope=scope,
                title="upgrade",
                **planned,
            ),
        ]

    def configured(self) -> list[Any]:
        return [
            self.event(
                "model.registered",
                900,
                model=self.model,
                provider="p",
                capabilities=["text"],
                context_window=8_000,
                input_usd_per_1k=0.01,
                output_usd_per_1k=0.02,
                deprecated_at=(self.now + timedelta(days=9)).isoformat(),
            ),
            self.event(
                "backend.registered",
                900,
                backend=self.backend,
                kind="other",
                region="r",
                compliance=["iso"],
            ),
            *[
                self.event(
                    "deployment.registered",
                    ago_s,
                    deployment=self.deployment,
                    model=self.model,
                    backend=self.backend,
                    version=version,
                )
                for ago_s, version in ((900, "1"), (300, "2"))
            ],
            self.event("tier.configured", 900, tier=self.tenant, latency_p95_ms=99.0, weight=2.0),
            self.event("tenant.configured", 900, allowed_backends=[self.backend]),
            self.event(
                "user.configured",
                900,
                user="ada",
                tier=self.tenant,
                preferences={"optimise_for": "cost"},
            ),
            *[
                self.event("policy.published", ago_s, policy=self.tenant, version=v, rules={})
                for ago_s, v in ((900, "v1"), (100, "v2"))
            ],
        ]

    def sampled(self) -> list[Any]:
        return [
            self.event(
                "deployment.observed",
                30,
                deployment=self.deployment,
                window_s=60,
                sample_count=4,
                available=True,
                queue_depth=3.0,
            ),
            *[
                self.request(ago_s, status)
                for ago_s in (20, 90, 200)
                for status in ("ok", "ok", "error")
            ],
        ]

    def request(self, ago_s: float, status: str) -> Any:
        return self.event(
            "request.completed",
            ago_s,
            request_id=uuid4().hex,
            user="ada",
            tier=self.tenant,
            task_type="chat",
            prompt_tokens=10,
            completion_tokens=20,
            decision={
                "deployment": self.deployment,
                "policy": self.tenant,
                "policy_version": "v2",
                "method": "rule",
            },
            outcome={"status": status, "latency_ms": 150.0, "cost_usd": 0.01},
        )


@pytest.fixture
def rebuilder(hot_redis: Any, store: GraphStore) -> Rebuilder:
    evidence = EvidenceWriter(hot_redis, budgets=BUDGETS)
    return Rebuilder(hot_redis, store=store, evidence=evidence, budgets=BUDGETS)


async def test_it_is_what_the_graph_says(
    hot_redis: Any, store: GraphStore, rebuilder: Rebuilder, tenant: str
):
    told = Fleet(tenant)
    await ledger.record(store, [fact_of(event) for event in told.told()])
    for _ in range(2):
        await rebuilder.build(now=told.now)
    held = Projection(hot_redis, budgets=BUDGETS)
    await held.refresh(now=told.now)
    assert held.built
    names = frozenset({told.deployment})
    (expected,) = await fleet.fleet(
        store, at=told.now, known_at=None, budgets=BUDGETS, deployments=names
    )
    facts = [each for each in held.facts() if each.deployment == told.deployment]
    (evidence,) = held.evidence(facts=facts, now=told.now)
    assert assess(evidence, now=told.now, budgets=BUDGETS) == expected
    assert expected.sample_count == 9 + 4
    assert facts[0].version == "2"
    assert facts[0].compliance == ("iso",)
    assert next(t for t in held.tiers() if t.tier == tenant).weight == 2
    assert next(t for t in held.tenants() if t.tenant == tenant).allowed_backends == (told.backend,)
    assert next(p for p in held.policies() if p.policy == tenant).version == "v2"
    (work,) = [m for m in held.maintenance(now=told.now) if m.scope_id == told.backend]
    assert work.title == "upgrade"
    assert await hot_redis.hexists(keys.told("user"), keys.user(tenant, "ada"))


async def test_an_emptied_redis_is_built_anew_and_a_full_one_left_alone(
    hot_redis: Any, rebuilder: Rebuilder
):
    await rebuilder.ensure()
    assert await hot_redis.exists(keys.BUILT)
    stamp = await hot_redis.get(keys.BUILT)
    await rebuilder.ensure()
    assert await hot_redis.get(keys.BUILT) == stamp


@pytest.mark.slow
async def test_without_the_graph_it_waits(hot_redis: Any):
    nowhere = GraphSettings(neo4j_uri="bolt://127.0.0.1:1", graph_timeout_s=1.0)
    lost = GraphStore.open(nowhere)
    evidence = EvidenceWriter(hot_redis, budgets=BUDGETS)
    rebuilder = Rebuilder(hot_redis, store=lost, evidence=evidence, budgets=BUDGETS)
    await rebuilder.ensure()
    assert not await hot_redis.exists(keys.BUILT)
    await lost.close()
