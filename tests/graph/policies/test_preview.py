"""What a policy would change: a day's requests ranked under both, and what is not known."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from graph.breaker import BreakerState
from graph.evidence import DeploymentFacts
from graph.facts import RequestFact
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.routing.ranking import RoutingRequest, rank
from graph.hot.snapshot import TaskTokens, ViewSnapshot
from graph.model.traffic import CellKey
from graph.policies.facts import FORMAT, PolicyFacts
from graph.policies.preview import Move, Preview, Tally, preview, under
from graph.scope import TenantScope
from graph.store.door import GraphStore
from graph.store.ledger import record

NOW = datetime(2026, 9, 11, 10, 0, tzinfo=UTC)
PRICES = {"cheap@aws": 0.001, "dear@aws": 0.01, "other@k8s": 0.02}


def healthy(name: str) -> DeploymentHealth:
    model, _, backend = name.rpartition("@")
    return DeploymentHealth(
        deployment=name,
        model=model,
        backend=backend,
        version="1",
        status=HealthStatus.HEALTHY,
        reasons=("within all limits",),
        breaker=BreakerState.CLOSED,
        availability=1.0,
        error_rate=0.0,
        latency_p50_ms=500.0,
        latency_p95_ms=900.0,
        queue_depth=None,
        load=0.3,
        rate_limit_remaining=None,
        spot_availability=None,
        cost_per_1k_tokens_usd=None,
        sample_count=100,
        updated_at=NOW,
        age_ms=0.0,
        stale=False,
    )


VIEW = ViewSnapshot(
    version="1",
    as_of=NOW,
    deployments=tuple(healthy(name) for name in PRICES),
    facts=tuple(
        replace(DeploymentFacts.of_name(name), input_usd_per_1k=price, output_usd_per_1k=price)
        for name, price in PRICES.items()
    ),
    tokens=(TaskTokens(task_type="chat", requests=1000, completion_tokens=1_000_000),),
)


def policy(*rules: dict[str, Any], version: str = "v2", **more: Any) -> PolicyFacts:
    told = {"format": FORMAT, "rules": list(rules)}
    return PolicyFacts(policy="main", version=version, published_at=NOW, rules=told, **more)


def asked(user: str = "u", task_type: str = "chat") -> RoutingRequest:
    return RoutingRequest(user=user, task_type=task_type, prompt_tokens=1000, reserve=False)


def tried(given: PolicyFacts, *requests: RoutingRequest) -> Preview:
    tally, then = Tally(given), under(VIEW, given)
    for request in requests:
        tally.add(
            rank(request, view=VIEW, now=NOW),
            rank(request, view=then, now=NOW),
        )
    return tally.preview(day=date(2026, 9, 10), requests=len(requests))


def test_a_policy_that_says_nothing_changes_nothing() -> None:
    found = tried(policy(), asked(), asked("v"))
    assert (found.same, found.moved, found.ruled_out, found.moves) == (2, 0, 0, ())
    assert found.before == found.after
    assert found.rules == {"": 2}


def test_requests_that_move_say_why_and_what_it_costs() -> None:
    given = policy({"name": "chat", "when": {"task_type": "chat"}, "use": ["dear@aws"]})
    found = tried(given, asked(), asked("v"), asked(task_type="code"))
    assert found.moves == (
        Move(source="cheap@aws", target="dear@aws", because=("policy_rule",), requests=2),
    )
    assert (found.same, found.moved, found.decided) == (1, 2, 3)
    assert found.rules == {"": 1, "chat": 2}
    assert found.before.cost_usd == pytest.approx(0.002)
    assert found.after.cost_usd == pytest.approx((0.02 + 0.02 + 0.002) / 3)


def test_a_split_that_ranks_lower_rules_nobody_out() -> None:
    uses = [{"deployment": "other@k8s", "weight": 1}, {"deployment": "cheap@aws", "weight": 1}]
    found = tried(policy({"name": "half", "use": uses}), *(asked(f"u{n}") for n in range(400)))
    assert [(move.target, move.because) for move in found.moves] == [
        ("other@k8s", ("ranked_lower",))
    ]
    assert found.moved / 400 == pytest.approx(0.5, abs=0.1)


def test_requests_without_a_deployment_are_counted_apart() -> None:
    given = policy({"name": "none", "use": ["ghost@aws"]})
    found = tried(given, asked())
    assert (found.moved, found.ruled_out, found.moves[0].target) == (0, 1, None)
    assert any("ghost@aws" in words for words in found.warnings)
    back = under(under(VIEW, given), policy(version="v3"))
    tally = Tally(policy(version="v3"))
    tally.add(
        rank(asked(), view=under(VIEW, given), now=NOW),
        rank(asked(), view=replace(back, policies=back.policies[1:]), now=NOW),
    )
    assert tally.preview(day=NOW.date(), requests=1).rescued == 1


def test_the_order_of_requests_changes_nothing() -> None:
    given = policy({"name": "chat", "when": {"user": ["u1", "u2"]}, "use": ["dear@aws"]})
    requests = [asked(f"u{n}", random.Random(n).choice(["chat", "code"])) for n in range(20)]
    assert tried(given, *requests) == tried(given, *reversed(requests))


def test_the_version_that_is_tried_takes_the_place_of_its_like() -> None:
    once, again = policy({"name": "a"}), policy({"name": "b"})
    assert under(under(VIEW, once), again).policies == (again,)


def sent(tenant: str, number: int, *, at: datetime) -> RequestFact:
    cell = CellKey(
        tenant, "cheap@aws", "chat", "free", "main", "v1", None, None, None, "rule", None
    )
    properties = {
        "user": f"u{number}",
        "tier": "free",
        "taskType": "chat",
        "promptTokens": 1000,
        "status": "ok",
        "latencyMs": 1.0,
        "labels": '{"team":"search"}' if number % 2 else None,
        "requirements": '{"max_cost_usd":0.5}',
    }
    return RequestFact(
        tenant=tenant,
        id=f"r{number}",
        at=at,
        recorded_at=at,
        cell=cell,
        status="ok",
        latency_ms=1.0,
        ttft_ms=None,
        cost_usd=None,
        prompt_tokens=1000,
        completion_tokens=10,
        retries=0,
        cache_hit=False,
        properties=properties,
        decision={"deployment": "cheap@aws"},
    )


async def test_a_day_of_the_graph_is_ranked_again(store: GraphStore, tenant: str) -> None:
    start = datetime(2026, 9, 10, tzinfo=UTC)
    inside = [sent(tenant, n, at=start + timedelta(minutes=13 * n)) for n in range(100)]
    outside = [
        sent(tenant, 1000, at=start - timedelta(seconds=1)),
        sent(tenant, 1001, at=start + timedelta(days=1)),
    ]
    await record(store, [*inside, *outside])
    given = policy({"name": "team", "when": {"labels": {"team": "search"}}, "use": ["dear@aws"]})

    async def found(limit: int, scope: TenantScope) -> Preview:
        return await preview(
            store,
            given,
            view=VIEW,
            stale=False,
            day=start.date(),
            scope=scope,
            now=NOW,
            limit=limit,
        )

    own = TenantScope.of(tenant)
    whole = await found(1_000, own)
    assert (whole.requests, whole.sampled, whole.moved, whole.same) == (100, 100, 50, 50)
    assert whole.rules == {"": 50, "team": 50}
    assert any("of now, not those of that day" in words for words in whole.not_known)
    few = await found(20, own)
    assert few.requests == 100
    assert 0 < few.sampled <= 20
    assert few == await found(20, own)
    foreign = await found(20, TenantScope.of("nobody"))
    assert (foreign.requests, foreign.sampled, foreign.moves) == (0, 0, ())
    assert foreign.before.cost_usd is None
