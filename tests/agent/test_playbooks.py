"""Answers in words: every figure is the graph's, and what can't be told is said to be so."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from graphql import parse

from agent import playbooks
from agent.playbooks import World
from graph.columns import BucketColumns
from graph.evidence import DeploymentFacts, Evidence, Incident, Observation
from graph.facts import EntityFact, Fact, LinkTo, RequestFact, ScoreFact
from graph.health import assess
from graph.hot.routing.ranking import RoutingRequest
from graph.hot.snapshot import ViewSnapshot
from graph.model import world as declared
from graph.model.traffic import CellKey
from graph.scope import TenantScope
from graph.settings import GraphSettings, HealthSettings
from graph.slices import Metric, Period, Slice
from graph.store.door import GraphStore
from graph.store.ledger import record

NOW = datetime(2026, 9, 3, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LIMITS = HealthSettings()


@pytest.fixture
async def store(graph_settings: GraphSettings) -> AsyncGenerator[GraphStore]:
    opened = await GraphStore.connect(graph_settings)
    yield opened
    await opened.close()


def view() -> ViewSnapshot:
    """Two deployments, one of them silent, and an incident."""
    facts = [DeploymentFacts.of_name(name) for name in ("good@aws", "quiet@neo")]
    facts = [replace(one, registered=True) for one in facts]
    sample = Observation(
        deployment="good@aws",
        at=NOW - timedelta(seconds=20),
        recorded_at=NOW,
        window_s=60,
        sample_count=50,
        available=True,
        error_rate=0.0,
        latency_p50_ms=210.0,
        latency_p95_ms=400.0,
    )
    evidence = [
        Evidence(facts=facts[0], observations=[sample]),
        Evidence(facts=facts[1]),
    ]
    health = tuple(assess(one, now=NOW, budgets=LIMITS) for one in evidence)
    incident = Incident(
        id="inc-1",
        title="packet loss",
        severity="sev2",
        scope_kind="backend",
        scope_id="neo",
        opened_at=NOW - timedelta(hours=2),
    )
    return ViewSnapshot(
        version="7", as_of=NOW, deployments=health, facts=tuple(facts), incidents=(incident,)
    )


def world_of(store: GraphStore, tenant: str) -> World:
    return World(
        store=store,
        columns=BucketColumns(store),
        view=view(),
        scope=TenantScope.of(tenant),
        budgets=LIMITS,
        now=NOW,
    )


def request(tenant: str, number: int, at: datetime, *, deployment: str = "good@aws") -> RequestFact:
    cell = CellKey(
        tenant, deployment, "reasoning", "premium", "main", "v1", None, None, None, "rule", None
    )
    told = {
        "user": "u1",
        "tier": "premium",
        "taskType": "reasoning",
        "promptTokens": 10,
        "completionTokens": 5,
        "status": "ok",
        "latencyMs": 1234.0,
        "costUsd": 0.0025,
        "retries": 0,
        "cacheHit": False,
    }
    decision = {
        "deployment": deployment,
        "policy": "main",
        "policyVersion": "v1",
        "method": "rule",
        "reasons": ["cheapest that may"],
        "candidates": '[{"deployment": "quiet@neo", "score": 0.9, "rejected": "breaker_open"}]',
        "fallbackFrom": '[{"deployment": "quiet@neo", "cause": "timeout"}]',
    }
    return RequestFact(
        tenant=tenant,
        id=f"{tenant}-{number}",
        at=at,
        recorded_at=at,
        cell=cell,
        status="ok",
        latency_ms=1234.0,
        ttft_ms=None,
        cost_usd=0.0025,
        prompt_tokens=10,
        completion_tokens=5,
        retries=0,
        cache_hit=False,
        properties=told,
        decision=decision,
    )


def score(tenant: str, number: int, value: float, at: datetime) -> ScoreFact:
    key = f"{tenant}-{number}"
    told = {"key": key, "evaluator": "judge", "evaluatorVersion": "1", "score": value}
    return ScoreFact(key, tenant, key, at, at, "judge", "1", value, told)


def test_what_is_not_known_is_not_called_healthy(store: GraphStore, tenant: str) -> None:
    text = playbooks.what_is_healthy(world_of(store, tenant)).text
    assert text.startswith("1 of 2 deployments are healthy, as of 2026-09-03 12:00 UTC.")
    assert "UNKNOWN  quiet@neo (stale): " in text
    assert "Open incident inc-1 (sev2, neo) since 2026-09-03 10:00 UTC: packet loss." in text


def test_a_pick_says_who_comes_first(store: GraphStore, tenant: str) -> None:
    asked = RoutingRequest(user="u1", task_type="reasoning", prompt_tokens=100)
    answer = playbooks.which_backend(world_of(store, tenant), asked)
    assert answer.text.splitlines()[0].startswith("  1. good@aws (score 0.")
    assert 'taskType: "reasoning", promptTokens: 100' in answer.query


async def test_a_journey_tells_what_the_router_told(store: GraphStore, tenant: str) -> None:
    await record(store, [request(tenant, 1, NOW), score(tenant, 1, 0.25, NOW)])
    text = (await playbooks.why_there(world_of(store, tenant), f"{tenant}-1")).text
    assert "went to good@aws by rule, under policy main v1: ok after 1,234 ms, $0.0025." in text
    assert "It had failed on quiet@neo (timeout)." in text
    assert "quiet@neo: rejected: breaker_open; known then as" in text
    assert "Scored 0.25 by judge." in text


async def test_a_foreign_request_can_not_be_told_of(store: GraphStore, tenant: str) -> None:
    await record(store, [request(tenant, 1, NOW)])
    answer = await playbooks.why_there(world_of(store, "somebody-else"), f"{tenant}-1")
    assert answer.text == f"I can't tell: there is no request {tenant}-1."


async def test_a_change_is_told_with_its_cause_and_the_query_that_asks_the_same(
    store: GraphStore, tenant: str
) -> None:
    place = uuid4().hex[:8]
    hit, spared = f"hit-{place}@aws", f"spared-{place}@neo"
    start, rollout_at = NOW - 2 * DAY, NOW - DAY
    facts: list[Fact] = []
    for number in range(2 * 48 * 4):
        at = start + timedelta(minutes=15 * (number // 2), seconds=number % 7)
        deployment = (hit, spared)[number % 2]
        worse = deployment == hit and at >= rollout_at
        noise = 0.01 * (number * 7 % 11 - 5)
        facts += [
            request(tenant, number, at, deployment=deployment),
            score(tenant, number, (0.5 if worse else 0.9) + noise, at),
        ]
    rollout = EntityFact(
        declared.CHANGE,
        (f"c-{place}",),
        place,
        rollout_at,
        rollout_at,
        {
            "kind": "rollout",
            "title": f"build {place}",
            "targets": f'[{{"kind": "deployment", "id": "{hit}"}}]',
        },
        (LinkTo("TARGETS", "Deployment", (hit,)),),
    )
    await record(store, [*facts, rollout])
    answer = await playbooks.why_changed(
        world_of(store, tenant),
        metric=Metric.QUALITY,
        during=Period(rollout_at, NOW),
        compared_to=Period(start, rollout_at),
        where=Slice(task_type=frozenset({"reasoning"}), tier=frozenset({"premium", 'a"b'})),
        question="Why did quality drop?",
    )
    assert answer.question == "Why did quality drop?"
    assert "  QUALITY 0.900 → 0.700, -0.200 (95 %: " in answer.text
    assert f"1. rollout c-{place} (build {place}) at 2026-09-02 12:00 UTC: " in answer.text
    assert f"path: change c-{place} → deployment {hit}" in answer.text
    assert spared not in answer.text
    parse(answer.query)
    assert 'where: {taskType: ["reasoning"], tier: ["a\\"b", "premium"]}' in answer.query
    assert 'comparedTo: {from: "2026-09-01T12:00:00Z", to: "2026-09-02T12:00:00Z"}' in answer.query


async def test_too_little_data_is_said(store: GraphStore, tenant: str) -> None:
    answer = await playbooks.why_changed(
        world_of(store, tenant),
        metric=Metric.QUALITY,
        during=Period(NOW - DAY, NOW),
        where=Slice(),
        question="?",
    )
    assert "  QUALITY unknown → unknown, unknown, from 2026-09-02 12:00 UTC to" in answer.text
    assert "Why" not in answer.text
    assert "comparedTo" not in answer.query
    assert "where: {" not in answer.query


async def test_the_coming_hour_is_told_with_who_is_at_risk(store: GraphStore, tenant: str) -> None:
    place = uuid4().hex[:8]
    deployment = f"m-{place}@b-{place}"
    every = timedelta(minutes=5)
    facts: list[Fact] = [
        request(tenant, number, NOW - DAY + number * every, deployment=deployment)
        for number in range(DAY // every)
    ]
    await record(store, facts)
    answer = await playbooks.what_comes_next(world_of(store, tenant), without=f"b-{place}")
    first = answer.text.splitlines()[0]
    assert first.startswith("From 2026-09-03 12:00 UTC, ")
    assert 9 <= int(first.split()[4]) <= 15
    assert "from 288 requests" in answer.text
    assert f"Without b-{place}, at risk: " in answer.text
    parse(answer.query)
    assert f'withoutIt: capacityRisk(without: ["b-{place}"])' in answer.query
