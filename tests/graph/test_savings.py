"""Savings on a real graph: scope, rules of tenants, and what one slice had cost elsewhere."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph.columns import BucketColumns
from graph.facts import EntityFact, RequestFact, ScoreFact
from graph.model.declare import Entity
from graph.model.traffic import CellKey
from graph.model.world import BACKEND, MODEL, TENANT
from graph.savings import Openness, Saving, savings
from graph.scope import TenantScope
from graph.slices import EntityRef, Period, Slice
from graph.store.door import GraphStore, counting
from graph.store.ledger import record

T0 = datetime(2026, 9, 1, tzinfo=UTC)
END = T0 + timedelta(days=2)
NOW = END + timedelta(hours=3)


class Fleet:
    """Two tenants; what a dear deployment serves another serves as well for a quarter."""

    def __init__(self, store: GraphStore) -> None:
        self.store, self.columns = store, BucketColumns(store)
        self.mark = uuid4().hex[:8]
        self.dear, self.cheap = f"big-{self.mark}@aws", f"small-{self.mark}@k8s-{self.mark}"
        self.tenants = [f"t{n}-{self.mark}" for n in range(2)]
        self.scope = TenantScope.of(*self.tenants)

    def pair(self, tenant: str, n: int, rng: random.Random) -> tuple[RequestFact, ScoreFact]:
        at = T0 + timedelta(seconds=430 * n + 7)
        deployment = self.cheap if rng.random() < 0.3 else self.dear
        cost, name = 0.001 if deployment == self.cheap else 0.004, f"{tenant}-{n}"
        cell = CellKey(
            tenant, deployment, "chat", "free", "p", "v1", None, None, None, "rule", None, "0-512"
        )
        properties = {
            "user": "u", "status": "ok", "latencyMs": 1.0, "costUsd": cost, "promptTokens": 100,
            "completionTokens": 50, "retries": 0, "cacheHit": False,
        }  # fmt: skip
        told = RequestFact(
            tenant=tenant, id=name, at=at, recorded_at=at, cell=cell, status="ok", latency_ms=1.0,
            ttft_ms=None, cost_usd=cost, prompt_tokens=100, completion_tokens=50, retries=0,
            cache_hit=False, properties=properties, decision={"deployment": deployment},
        )  # fmt: skip
        score = rng.uniform(0.75, 0.85)
        scored = {"key": name, "evaluator": "judge", "evaluatorVersion": "1", "score": score}
        return told, ScoreFact(name, tenant, name, at, at, "judge", "1", score, scored)

    async def load(self) -> None:
        rng = random.Random(8)
        facts: list[Any] = []
        for tenant in self.tenants:
            for n in range(400):
                facts += self.pair(tenant, n, rng)
        await record(self.store, facts)

    async def tell(self, entity: Entity, name: str, at: datetime, **properties: Any) -> None:
        await record(
            self.store, [EntityFact(entity, (name,), uuid4().hex, at, at, properties)]
        )  # fmt: skip

    async def ask(self, **asked: Any) -> list[Saving]:
        given: dict[str, Any] = {
            "during": Period(T0, END), "where": Slice(), "scope": self.scope, "now": NOW, **asked
        }  # fmt: skip
        return await savings(self.store, self.columns, **given)


@pytest.fixture(scope="module")
async def fleet(store: GraphStore) -> Fleet:
    loaded = Fleet(store)
    await loaded.load()
    return loaded


async def test_each_tenant_could_save_three_quarters_of_what_the_dear_one_cost(
    fleet: Fleet,
) -> None:
    found = await fleet.ask()
    assert len(found) == 2
    for one in found:
        assert one.route == fleet.cheap
        assert one.where[1:] == (EntityRef("task_type", "chat"), EntityRef("tier", "free"))
        assert one.requests == 400
        dear = (one.spent_usd - 0.4) / 0.003
        assert one.saved_usd == pytest.approx(0.003 * dear, rel=0.01)
        assert one.saved_low_usd <= one.saved_usd <= one.saved_high_usd <= one.spent_usd
        assert one.quality_low <= one.quality_delta <= one.quality_high
        assert one.quality_low > -0.02
        assert one.samples >= 30
    assert {one.where[0].id for one in found} == set(fleet.tenants)


async def test_a_bound_key_sees_its_own_alone(fleet: Fleet) -> None:
    (one,) = await fleet.ask(scope=TenantScope.of(fleet.tenants[0]))
    assert [ref.kind for ref in one.where] == ["task_type", "tier"]
    assert one.requests == 400
    assert await fleet.ask(scope=TenantScope.of("t-other")) == []
    other = Slice(tenant=frozenset({fleet.tenants[1]}))
    assert await fleet.ask(scope=TenantScope.of(fleet.tenants[0]), where=other) == []


async def test_a_slice_keeps_what_is_asked_about(fleet: Fleet) -> None:
    where = Slice(tenant=frozenset({fleet.tenants[0]}), deployment=frozenset({fleet.dear}))
    (one,) = await fleet.ask(where=where)
    assert one.saved_usd == pytest.approx(0.75 * one.spent_usd, rel=0.01)
    assert await fleet.ask(where=Slice(task_type=frozenset({"code"}))) == []


async def test_rules_in_force_rule_routes_out(fleet: Fleet) -> None:
    first, second = fleet.tenants
    await fleet.tell(TENANT, first, T0, allowedBackends=["aws"])
    assert [one.where[0].id for one in await fleet.ask()] == [second]
    await fleet.tell(TENANT, first, T0 + timedelta(hours=1), requiredCompliance=["soc2"])
    assert [one.where[0].id for one in await fleet.ask()] == [second]
    backend = fleet.cheap.rpartition("@")[2]
    await fleet.tell(
        BACKEND, backend, T0, kind="k8s", region="x", compliance=["soc2"]
    )  # fmt: skip
    assert len(await fleet.ask()) == 2
    gone = {"deprecatedAt": END - timedelta(hours=1)}
    await fleet.tell(MODEL, fleet.cheap.partition("@")[0], T0, provider="p", **gone)
    assert await fleet.ask() == []
    assert len(await fleet.ask(during=Period(T0, END - timedelta(hours=2)))) == 2


async def test_few_statements(fleet: Fleet) -> None:
    await fleet.ask()
    with counting() as statements:
        await fleet.ask()
    assert len(statements.statements) <= 5


def test_whoever_has_no_rules_may_go_everywhere() -> None:
    fleet = [{"deployment": "a@b", "compliance": None, "deprecatedAt": None}]
    rules = [
        {"tenant": "x", "allowedBackends": ["b"], "requiredCompliance": []},
        {"tenant": "y", "allowedBackends": ["c"], "requiredCompliance": None},
        {"tenant": "z", "allowedBackends": None, "requiredCompliance": ["iso"]},
    ]
    open_to = Openness(fleet, rules, at=NOW)
    assert [open_to(who, "a@b") for who in ("w", "x", "y", "z")] == [True, True, False, False]
