"""The decision in numbers: what never changes it, and the formula that it follows."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.breaker import BreakerState
from graph.evidence import DeploymentFacts
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.accounts import Allowance, Standing, Unit
from graph.hot.quality import QualityCell
from graph.hot.routing.ranking import Requirements, RoutingRequest, RoutingView, rank
from graph.hot.routing.weights import weights_of
from graph.hot.routing.workload import CONSTANT, load_factor, token_effect
from graph.hot.snapshot import (
    DeploymentWork,
    TaskTokens,
    TenantFacts,
    TierFacts,
    UserFacts,
    UserRule,
    ViewSnapshot,
)
from graph.policies.facts import ArmFacts, ExperimentFacts, PolicyFacts

NOW = datetime(2026, 9, 11, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def facts(name: str, **given: Any) -> DeploymentFacts:
    told: dict[str, Any] = {
        "registered": True,
        "input_usd_per_1k": 0.01,
        "output_usd_per_1k": 0.03,
        "context_window": 128_000,
        "capabilities": ("text",),
    }
    return replace(DeploymentFacts.of_name(name), **(told | given))


def healthy(name: str, **given: Any) -> DeploymentHealth:
    model, _, backend = name.rpartition("@")
    told: dict[str, Any] = {
        "version": "1",
        "status": HealthStatus.HEALTHY,
        "reasons": ("within all limits",),
        "breaker": BreakerState.CLOSED,
        "availability": 1.0,
        "error_rate": 0.0,
        "latency_p50_ms": 500.0,
        "latency_p95_ms": 900.0,
        "queue_depth": None,
        "load": 0.3,
        "rate_limit_remaining": None,
        "spot_availability": None,
        "cost_per_1k_tokens_usd": 0.02,
        "sample_count": 100,
        "updated_at": NOW,
        "age_ms": 0.0,
        "stale": False,
    }
    return DeploymentHealth(deployment=name, model=model, backend=backend, **(told | given))


def policy(version: str, *rules: Mapping[str, Any], name: str) -> PolicyFacts:
    read = {"format": "routecause/1", "rules": list(rules)}
    return PolicyFacts(policy=name, version=version, published_at=NOW - DAY, rules=read)


TOKENS = (TaskTokens(task_type="chat", requests=1000, completion_tokens=200_000),)

numbers = st.none() | st.floats(0, 1e6)
wild = st.none() | st.sampled_from([0.0, 5e-324, 1e-300, 1.0, 1e300, 1.7e308]) | numbers
POOL = ("a@x", "b@x", "c@y", "d@y", "e@z")
RULES: list[Mapping[str, Any]] = [
    {"name": "one", "when": {"task_type": "chat"}, "avoid": ["a@x"]},
    {"name": "two", "priority": 2, "when": {"tier": "gold"}, "use": ["b@x", "c", "d@y"]},
    {
        "name": "three",
        "when": {"tier": "free"},
        "use": [{"model": "a", "weight": 1}, {"model": "b", "weight": 2}],
        "fallbacks": ["c@y"],
    },
    {"name": "four", "floors": {"quality": 0.5}},
]


@st.composite
def works(draw: st.DrawFn, name: str) -> DeploymentWork:
    rows = draw(st.lists(st.tuples(*[st.integers(0, 10_000)] * 3), min_size=1, max_size=15))
    return DeploymentWork(
        deployment=name,
        requests=len(rows),
        p=sum(p for p, _, _ in rows),
        c=sum(c for _, c, _ in rows),
        latency_ms=sum(ms for _, _, ms in rows),
        pp=sum(p * p for p, _, _ in rows),
        cc=sum(c * c for _, c, _ in rows),
        pc=sum(p * c for p, c, _ in rows),
        p_latency=sum(p * ms for p, _, ms in rows),
        c_latency=sum(c * ms for _, c, ms in rows),
    )


@st.composite
def views(draw: st.DrawFn, *, amounts: st.SearchStrategy[float | None] = wild) -> ViewSnapshot:
    names = draw(st.lists(st.sampled_from(POOL), unique=True))
    view = ViewSnapshot(
        version="1",
        as_of=NOW,
        deployments=tuple(
            healthy(
                name,
                status=draw(st.sampled_from(HealthStatus)),
                breaker=draw(st.sampled_from(BreakerState)),
                breaker_key=draw(st.sampled_from([name, "", "backend:x"])),
                error_rate=draw(st.none() | st.floats(0, 1)),
                latency_p50_ms=draw(amounts),
                latency_p95_ms=draw(amounts),
                load=draw(amounts),
                rate_limit_remaining=draw(st.sampled_from([None, 0.0, 5.0])),
                cost_per_1k_tokens_usd=draw(amounts),
                sample_count=draw(st.integers(0, 1000)),
                stale=draw(st.booleans()),
            )
            for name in names
        ),
        facts=tuple(
            facts(
                name,
                input_usd_per_1k=draw(amounts),
                output_usd_per_1k=draw(amounts),
                context_window=draw(st.none() | st.integers(0, 5000)),
            )
            for name in names
        ),
        tiers=tuple(
            TierFacts(tier=name, weight=draw(amounts), latency_p95_ms=draw(numbers))
            for name in draw(st.lists(st.sampled_from(["gold", "free"]), unique=True))
        ),
        tenants=draw(
            st.sampled_from([(), (TenantFacts(tenant="default", allowed_backends=("x", "y")),)])
        ),
        quality=tuple(
            QualityCell(task, name, draw(st.floats(0, 1)), draw(st.integers(0, 1000)))
            for name in names
            for task in ("chat", "code")
        ),
        tokens=draw(st.sampled_from([(), TOKENS])),
        work=tuple(draw(works(name)) for name in names if draw(st.booleans())),
    )
    return draw(wished(view))


OWN_RULES = (
    UserRule(when={"tier": "gold"}, use=("a@x", "b@x")),
    UserRule(when={}, use=("c@y",), avoid=("b@x",)),
)


@st.composite
def wished(draw: st.DrawFn, view: ViewSnapshot) -> ViewSnapshot:
    """The view with policies, experiments, and what the user wants."""
    some_rules = st.lists(st.sampled_from(RULES), unique_by=lambda rule: rule["name"])
    user = UserFacts(
        tenant="default",
        user="u",
        tier="gold",
        optimise_for=draw(st.sampled_from([None, "cost", "latency"])),
        prefer=draw(st.sampled_from([(), ("a",)])),
        avoid=draw(st.sampled_from([(), ("b",), ("a", "c")])),
        rules=draw(st.sampled_from([(), OWN_RULES])),
    )
    experiments = tuple(
        ExperimentFacts(
            experiment=f"e{i}",
            policy=f"p{i}",
            running=True,
            arms=(
                ArmFacts(arm="one", percent=50, deployment=draw(st.sampled_from(POOL))),
                ArmFacts(arm="two", percent=30),
            ),
        )
        for i in range(draw(st.integers(0, 2)))
    )
    policies = tuple(
        policy(f"v{i}", *draw(some_rules), name=f"p{i}") for i in range(draw(st.integers(0, 3)))
    )
    users = {("default", "u"): user}
    return replace(view, policies=policies, experiments=experiments, users=users)


def shuffled(view: ViewSnapshot, order: Random) -> ViewSnapshot:
    def mixed(things: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(order.sample(things, len(things)))

    def rules(each: PolicyFacts) -> PolicyFacts:
        given = each.rules.get("rules", [])
        return replace(each, rules={**each.rules, "rules": order.sample(given, len(given))})

    return replace(
        view,
        deployments=mixed(view.deployments),
        facts=mixed(view.facts),
        tiers=mixed(view.tiers),
        quality=mixed(view.quality),
        work=mixed(view.work),
        policies=mixed(tuple(map(rules, view.policies))),
        experiments=mixed(tuple(replace(e, arms=mixed(e.arms)) for e in view.experiments)),
        users={
            key: replace(user, rules=mixed(user.rules), avoid=mixed(user.avoid))
            for key, user in view.users.items()
        },
    )


@st.composite
def routed(draw: st.DrawFn) -> RoutingRequest:
    return RoutingRequest(
        user="u",
        task_type="chat",
        prompt_tokens=draw(st.integers(0, 2**31) | st.integers(0, 3000)),
        max_completion_tokens=draw(st.none() | st.integers(0, 2**31)),
        tier=draw(st.sampled_from([None, "gold", "free"])),
        requirements=Requirements(
            max_cost_usd=draw(numbers),
            max_latency_ms=draw(numbers),
            min_quality=draw(st.none() | st.floats(0, 1)),
        ),
    )


permits = st.sets(st.sampled_from([*POOL, "backend:x"]))


def left(unit: Unit, remaining: float) -> Allowance:
    return Allowance(
        whose="user u",
        unit=unit,
        limit=10.0,
        period="day",
        remaining=remaining,
        usable=remaining / 2,
        returns_at=None,
    )


standings = st.builds(
    Standing,
    usd=st.none() | st.builds(left, st.just(Unit.USD), st.floats(-1, 1)),
    requests=st.none() | st.builds(left, st.just(Unit.REQUESTS), st.floats(-1, 9)),
    tokens=st.none() | st.builds(left, st.just(Unit.TOKENS), st.floats(-1, 1e6)),
)


@given(views(), routed(), standings, permits, st.booleans(), st.integers())
def test_order_never_matters_and_nothing_breaks_it(
    view: ViewSnapshot,
    request: RoutingRequest,
    standing: Standing,
    held: set[str],
    stale: bool,
    seed: int,
):
    def answer(seen: ViewSnapshot) -> RoutingView:
        return rank(request, view=seen, now=NOW, stale=stale, standing=standing, permits=held)

    found = answer(view)
    assert found == answer(shuffled(view, Random(seed)))
    names = [c.deployment for c in found.candidates]
    assert sorted(names) == sorted(h.deployment for h in view.deployments)
    eligible = [c for c in found.candidates if c.eligible]
    assert found.best == (eligible[0].deployment if eligible else None)
    assert [c.rank for c in found.candidates] == [
        *range(1, len(eligible) + 1), *[None] * (len(names) - len(eligible))
    ]  # fmt: skip
    for candidate in found.candidates:
        assert candidate.eligible == (candidate.reason_codes == ())
        assert candidate.eligible == (candidate.score is not None)
        assert candidate.reasons
        assert candidate.score is None or 0 <= candidate.score <= 1
        for figure in (candidate.expected_latency_ms, candidate.expected_cost_usd):
            assert figure is None or math.isfinite(figure)
    assert bool(eligible) == (not any(w.startswith("NO_CANDIDATE") for w in found.warnings))
    assert sum(c.probe for c in found.candidates) == (found.probe_key is not None)
    assert sum(c.propensity or 0.0 for c in found.candidates) <= 1 + 1e-9


@given(views(), routed(), st.booleans())
def test_a_kept_plan_answers_as_a_new_one(view: ViewSnapshot, request: RoutingRequest, stale: bool):
    for other in ("gold", "free", None):
        rank(replace(request, tier=other), view=view, now=NOW - DAY, stale=not stale)
        rank(replace(request, tier=other), view=view, now=NOW, stale=stale)
    kept = rank(request, view=view, now=NOW, stale=stale)
    assert kept == rank(request, view=replace(view), now=NOW, stale=stale)


def plain_scores(request: RoutingRequest, view: ViewSnapshot, *, stale: bool) -> dict[str, float]:
    """The formula of docs/routing.md, written down as it stands there."""
    user = view.users[request.tenant, request.user]
    tier = view.tier_of.get(request.tier or user.tier)
    weights = weights_of(user.optimise_for, tier_weight=tier.weight if tier else None)
    mean = 200.0 if view.tokens else None
    most = request.max_completion_tokens
    answer = mean if most is None else min(most, most if mean is None else mean)
    work = {each.deployment: each for each in view.work}
    latency: dict[str, float] = {}
    cost: dict[str, float] = {}
    old: dict[str, bool] = {}
    for health in view.deployments:
        name, known = health.deployment, view.facts_of[health.deployment]
        old[name] = stale or health.stale or health.status is HealthStatus.UNKNOWN
        middle, tail = health.latency_p50_ms, health.latency_p95_ms
        both = [ms for ms in (middle, tail) if ms is not None]
        if both:
            measured = both[0] if len(both) == 1 else 0.75 * both[0] + 0.25 * both[1]
            effect = token_effect(work[name]) if name in work else CONSTANT
            by_tokens = effect.factor(prompt=request.prompt_tokens, completion=answer)
            latency[name] = min(measured, 1e12) * by_tokens
            if not old[name]:
                latency[name] *= load_factor(health.load)
        per_1k = (known.input_usd_per_1k, known.output_usd_per_1k)
        if None in per_1k:
            per_1k = (health.cost_per_1k_tokens_usd,) * 2
        if answer is not None and per_1k[0] is not None and per_1k[1] is not None:
            prompt_usd, answer_usd = (min(usd / 1000, 1e12) for usd in per_1k if usd is not None)
            cost[name] = request.prompt_tokens * prompt_usd + answer * answer_usd

    def utility(own: float | None, known: dict[str, float], hedged: bool) -> float:
        if own is None:
            return 0.5
        typical = median(known.values())
        value = (own + typical) / 2 if hedged else own
        return typical / (typical + value) if typical + value > 0 else 0.5

    scores: dict[str, float] = {}
    for health in view.deployments:
        name = health.deployment
        expected = view.quality_table.expected(task_type=request.task_type, deployment=name)
        samples = health.sample_count / (2 if old[name] else 1)
        rate = health.error_rate
        failures = 0.02 if rate is None else (samples * rate + 10 * 0.02) / (samples + 10)
        factor = {"HEALTHY": 1.0, "DEGRADED": 0.85, "UNKNOWN": 0.75, "DOWN": 0.1}[health.status]
        worth = (
            weights.quality * (0.5 if expected is None else expected.quality)
            + weights.latency * utility(latency.get(name), latency, old[name])
            + weights.cost * utility(cost.get(name), cost, hedged=False)
        )
        score = worth * (1 - failures) * factor
        scores[name] = score + 0.1 * (1 - score) if health.model in user.prefer else score
    return scores


# Without amounts so small that halving them loses digits.
tame = st.none() | st.sampled_from([0.0, 1e300]) | st.floats(1e-6, 1e6)


@given(views(amounts=tame), routed(), st.booleans())
def test_the_scores_are_those_of_the_formula(
    view: ViewSnapshot, request: RoutingRequest, stale: bool
):
    scores = plain_scores(request, view, stale=stale)
    for candidate in rank(request, view=view, now=NOW, stale=stale).candidates:
        if candidate.score is not None:
            assert candidate.score == pytest.approx(scores[candidate.deployment], abs=1e-9)
