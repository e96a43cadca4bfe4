"""Who may serve, in what order and why: situations that a platform engineer knows."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.breaker import BreakerState
from graph.evidence import DeploymentFacts, Maintenance
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.eligibility import ReasonCode
from graph.hot.quality import QualityCell
from graph.hot.ranking import Requirements, RoutingRequest, rank
from graph.hot.snapshot import (
    PolicyFacts,
    TaskTokens,
    TenantFacts,
    TierFacts,
    UserFacts,
    ViewSnapshot,
)

NOW = datetime(2026, 9, 11, 10, 0, tzinfo=UTC)


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


NAMES = ("apex@aws", "apex@k8s", "nova@neo")
VIEW = ViewSnapshot(
    version="1",
    as_of=NOW,
    deployments=tuple(healthy(name) for name in NAMES),
    facts=tuple(facts(name) for name in NAMES),
    tiers=(TierFacts(tier="gold", latency_p95_ms=2500.0, weight=2.0), TierFacts(tier="free")),
    quality=(
        QualityCell("chat", "apex@aws", 0.8, 100),
        QualityCell("chat", "apex@k8s", 0.8, 100),
        QualityCell("chat", "nova@neo", 0.6, 100),
    ),
    tokens=(TaskTokens(task_type="chat", requests=1000, completion_tokens=200_000),),
)
REQUEST = RoutingRequest(user="u", task_type="chat", prompt_tokens=1000, tier="gold")
DOWN = {"status": HealthStatus.DOWN, "reasons": ("reported unavailable",)}


def with_health(view: ViewSnapshot, name: str, **given: Any) -> ViewSnapshot:
    changed = (replace(h, **given) if h.deployment == name else h for h in view.deployments)
    return replace(view, deployments=tuple(changed))


def with_facts(view: ViewSnapshot, name: str, **given: Any) -> ViewSnapshot:
    changed = (replace(f, **given) if f.deployment == name else f for f in view.facts)
    return replace(view, facts=tuple(changed))


def with_tenant(view: ViewSnapshot, **given: Any) -> ViewSnapshot:
    return replace(view, tenants=(TenantFacts(tenant="default", **given),))


def with_work(view: ViewSnapshot, kind: str, name: str | None, *, ago_h: int) -> ViewSnapshot:
    start = NOW - timedelta(hours=ago_h)
    work = Maintenance(
        id="mw",
        title="upgrade",
        scope_kind=kind,
        scope_id=name,
        starts_at=start,
        ends_at=start + timedelta(hours=2),
    )
    return replace(view, maintenance=(work,))


def wanting(what: str) -> dict[tuple[str, str], UserFacts]:
    user = UserFacts(tenant="default", user="u", tier="gold", optimise_for=what)
    return {("default", "u"): user}


@dataclass(frozen=True)
class Situation:
    """A view, a request, who should come first and who is ruled out with which codes."""

    name: str
    view: ViewSnapshot
    first: str | None
    out: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    request: RoutingRequest = REQUEST


def demand(**given: Any) -> RoutingRequest:
    return replace(REQUEST, requirements=Requirements(**given))


SITUATIONS = [
    Situation("all alike: the name decides", VIEW, "apex@aws"),
    Situation(
        "down is ruled out",
        with_health(VIEW, "apex@aws", **DOWN),
        "apex@k8s",
        {"apex@aws": ("down",)},
    ),
    Situation(
        "an open breaker too",
        with_health(VIEW, "apex@aws", breaker=BreakerState.OPEN, **DOWN),
        "apex@k8s",
        {"apex@aws": ("down", "breaker_open")},
    ),
    Situation(
        "half-open stays in, behind the healthy",
        with_health(VIEW, "apex@aws", breaker=BreakerState.HALF_OPEN, status=HealthStatus.DEGRADED),
        "apex@k8s",
    ),
    Situation(
        "degraded comes after healthy",
        with_health(VIEW, "apex@aws", status=HealthStatus.DEGRADED),
        "apex@k8s",
    ),
    Situation(
        "unknown comes after healthy but is not ruled out",
        with_health(
            VIEW,
            "apex@aws",
            status=HealthStatus.UNKNOWN,
            stale=True,
            error_rate=None,
            latency_p50_ms=None,
            latency_p95_ms=None,
        ),
        "apex@k8s",
    ),
    Situation(
        "maintenance of a backend now",
        with_work(VIEW, "backend", "aws", ago_h=1),
        "apex@k8s",
        {"apex@aws": ("maintenance",)},
    ),
    Situation("maintenance that is over", with_work(VIEW, "backend", "aws", ago_h=3), "apex@aws"),
    Situation("maintenance to come", with_work(VIEW, "global", None, ago_h=-1), "apex@aws"),
    Situation(
        "a deprecated model",
        with_facts(VIEW, "apex@aws", deprecated_at=NOW - timedelta(days=1)),
        "apex@k8s",
        {"apex@aws": ("deprecated",)},
    ),
    Situation(
        "deprecated tomorrow is not deprecated",
        with_facts(VIEW, "apex@aws", deprecated_at=NOW + timedelta(days=1)),
        "apex@aws",
    ),
    Situation(
        "a prompt that does not fit",
        with_facts(VIEW, "apex@aws", context_window=8_000),
        "apex@k8s",
        {"apex@aws": ("context_window",)},
        replace(REQUEST, prompt_tokens=7_000, max_completion_tokens=2_000),
    ),
    Situation(
        "an unknown context window rules nothing out",
        with_facts(VIEW, "apex@aws", context_window=None, capabilities=None),
        "apex@aws",
        {"apex@k8s": ("capability",), "nova@neo": ("capability",)},
        demand(capabilities=("vision",)),
    ),
    Situation(
        "only one can see",
        with_facts(VIEW, "nova@neo", capabilities=("text", "vision")),
        "nova@neo",
        {"apex@aws": ("capability",), "apex@k8s": ("capability",)},
        demand(capabilities=("vision",)),
    ),
    Situation(
        "too dear for the request",
        with_facts(VIEW, "apex@aws", output_usd_per_1k=0.3),
        "apex@k8s",
        {"apex@aws": ("max_cost",)},
        demand(max_cost_usd=0.02),
    ),
    Situation(
        "too dear for the tenant",
        with_tenant(
            with_facts(VIEW, "apex@aws", output_usd_per_1k=0.3), cost_ceiling_per_request_usd=0.02
        ),
        "apex@k8s",
        {"apex@aws": ("max_cost",)},
    ),
    Situation(
        "an unknown price rules nothing out",
        with_health(
            with_facts(VIEW, "apex@aws", output_usd_per_1k=None, input_usd_per_1k=None),
            "apex@aws",
            cost_per_1k_tokens_usd=None,
        ),
        "apex@aws",
        {"apex@k8s": ("max_cost",), "nova@neo": ("max_cost",)},
        demand(max_cost_usd=0.001),
    ),
    Situation(
        "too slow for the request",
        with_health(VIEW, "apex@aws", latency_p50_ms=3000.0, latency_p95_ms=4000.0),
        "apex@k8s",
        {"apex@aws": ("max_latency",)},
        replace(demand(max_latency_ms=2000.0), tier="free"),
    ),
    Situation(
        "too slow for the tier",
        with_health(VIEW, "apex@aws", latency_p95_ms=4000.0),
        "apex@k8s",
        {"apex@aws": ("max_latency",)},
    ),
    Situation(
        "too slow for the tier on a handful of samples",
        with_health(VIEW, "apex@aws", latency_p95_ms=4000.0, sample_count=3),
        "apex@k8s",
    ),
    Situation(
        "not good enough",
        VIEW,
        "apex@aws",
        {"nova@neo": ("min_quality",)},
        demand(min_quality=0.7),
    ),
    Situation(
        "nobody was ever scored: a floor rules nothing out",
        replace(VIEW, quality=()),
        "apex@aws",
        {},
        demand(min_quality=0.99),
    ),
    Situation(
        "the tenant allows one backend",
        with_tenant(VIEW, allowed_backends=("neo",)),
        "nova@neo",
        {"apex@aws": ("backend_not_allowed",), "apex@k8s": ("backend_not_allowed",)},
    ),
    Situation(
        "a certificate must be known",
        with_tenant(
            with_facts(VIEW, "apex@k8s", compliance=("hipaa",)), required_compliance=("hipaa",)
        ),
        "apex@k8s",
        {"apex@aws": ("compliance",), "nova@neo": ("compliance",)},
    ),
    Situation(
        "a better model wins",
        replace(VIEW, quality=(*VIEW.quality[:2], QualityCell("chat", "nova@neo", 0.95, 100))),
        "nova@neo",
    ),
    Situation(
        "three lucky scores do not beat a hundred",
        replace(VIEW, quality=(*VIEW.quality[:2], QualityCell("chat", "nova@neo", 1.0, 3))),
        "apex@aws",
    ),
    Situation(
        "failing often costs the first place",
        with_health(VIEW, "apex@aws", error_rate=0.04),
        "apex@k8s",
    ),
    Situation(
        "one who wants it cheap",
        replace(
            with_facts(VIEW, "nova@neo", input_usd_per_1k=0.001, output_usd_per_1k=0.002),
            users=wanting("cost"),
        ),
        "nova@neo",
    ),
    Situation(
        "one who wants it fast",
        replace(
            with_health(VIEW, "nova@neo", latency_p50_ms=50.0, latency_p95_ms=90.0),
            users=wanting("latency"),
        ),
        "nova@neo",
    ),
    Situation(
        "nobody left",
        replace(VIEW, deployments=tuple(replace(h, **DOWN) for h in VIEW.deployments)),
        None,
        dict.fromkeys(NAMES, ("down",)),
    ),
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_situations(situation: Situation):
    found = rank(situation.request, view=situation.view, now=NOW)
    eligible = [c for c in found.candidates if c.eligible]
    assert (eligible[0].deployment if eligible else None) == situation.first
    out = {c.deployment: c.reason_codes for c in found.candidates if not c.eligible}
    assert out == situation.out
    assert [c.rank for c in eligible] == list(range(1, len(eligible) + 1))
    assert all(c.score is not None and 0 <= c.score <= 1 for c in eligible)
    assert all(c.reasons for c in found.candidates)
    for candidate in found.candidates:
        for code, reason in zip(candidate.reason_codes, candidate.reasons, strict=False):
            assert reason.startswith(f"{code}: ")


def test_all_ruled_out_names_the_least_bad_and_what_would_change_it():
    view = with_health(with_facts(VIEW, "apex@aws", output_usd_per_1k=0.3), "apex@k8s", **DOWN)
    view = with_health(view, "nova@neo", breaker=BreakerState.OPEN, **DOWN)
    found = rank(demand(max_cost_usd=0.02), view=view, now=NOW)
    assert not any(c.eligible for c in found.candidates)
    assert found.candidates[0].deployment == "apex@aws"
    (warning,) = found.warnings
    assert warning.startswith(
        "NO_CANDIDATE: all 3 deployments are ruled out; least bad is apex@aws"
    )
    assert "if the request allowed 0.07 USD" in warning


def test_an_empty_view_says_so():
    found = rank(REQUEST, view=ViewSnapshot(version="", as_of=NOW), now=NOW, stale=True)
    assert found.candidates == ()
    assert [w.partition(":")[0] for w in found.warnings] == ["NO_CANDIDATE", "STALE_VIEW"]


def test_figures_and_samples_are_given():
    found = rank(REQUEST, view=VIEW, now=NOW).candidates[0]
    assert found.expected_latency_ms == 600
    assert found.expected_cost_usd == pytest.approx((1000 * 0.01 + 200 * 0.03) / 1000)
    assert found.quality_samples == 100
    assert found.expected_quality == pytest.approx(0.798, abs=0.01)


def test_missing_figures_stay_missing():
    unknown = with_health(VIEW, "apex@aws", latency_p50_ms=None, latency_p95_ms=None)
    unknown = replace(unknown, tokens=(), quality=())
    found = rank(REQUEST, view=unknown, now=NOW)
    candidate = next(c for c in found.candidates if c.deployment == "apex@aws")
    assert candidate.expected_latency_ms is None
    assert candidate.expected_cost_usd is None
    assert candidate.expected_quality is None
    assert candidate.quality_samples is None
    assert any("latency not known" in reason for reason in candidate.reasons)


def test_stale_figures_are_hedged_and_said_so():
    fast = with_health(VIEW, "nova@neo", latency_p50_ms=10.0, latency_p95_ms=20.0)
    sure = rank(REQUEST, view=fast, now=NOW).candidates
    stale = rank(REQUEST, view=with_health(fast, "nova@neo", stale=True), now=NOW).candidates
    before = next(c for c in sure if c.deployment == "nova@neo")
    after = next(c for c in stale if c.deployment == "nova@neo")
    assert after.stale
    assert (after.score or 0) < (before.score or 0)
    assert any("stale: hedged toward the typical" in reason for reason in after.reasons)


def test_the_policy_is_the_newest_that_is_for_the_request():
    policies = (
        PolicyFacts(policy="main", version="v1", published_at=NOW - timedelta(days=3)),
        PolicyFacts(
            policy="gold", version="v7", published_at=NOW - timedelta(days=2), tiers=("gold",)
        ),
        PolicyFacts(
            policy="code", version="v9", published_at=NOW - timedelta(days=1), task_types=("code",)
        ),
    )
    view = replace(VIEW, policies=policies)
    found = rank(REQUEST, view=view, now=NOW)
    assert (found.policy, found.policy_version) == ("gold", "v7")
    assert rank(replace(REQUEST, tier="free"), view=view, now=NOW).policy_version == "v1"


def test_the_users_tier_counts_where_the_request_names_none():
    users = {("default", "u"): UserFacts(tenant="default", user="u", tier="gold")}
    slow = replace(with_health(VIEW, "apex@aws", latency_p95_ms=4000.0), users=users)
    found = rank(replace(REQUEST, tier=None), view=slow, now=NOW)
    assert found.candidates[-1].reason_codes == (ReasonCode.MAX_LATENCY,)
    foreign = rank(replace(REQUEST, tier=None, tenant="other"), view=slow, now=NOW)
    assert all(c.eligible for c in foreign.candidates)


numbers = st.none() | st.floats(0, 1e6)


@st.composite
def views(draw: st.DrawFn) -> ViewSnapshot:
    names = draw(st.lists(st.sampled_from(["a@x", "b@x", "c@y", "d@y", "e@z"]), unique=True))
    return ViewSnapshot(
        version="1",
        as_of=NOW,
        deployments=tuple(
            healthy(
                name,
                status=draw(st.sampled_from(HealthStatus)),
                breaker=draw(st.sampled_from(BreakerState)),
                error_rate=draw(st.none() | st.floats(0, 1)),
                latency_p50_ms=draw(numbers),
                latency_p95_ms=draw(numbers),
                cost_per_1k_tokens_usd=draw(numbers),
                sample_count=draw(st.integers(0, 1000)),
                stale=draw(st.booleans()),
            )
            for name in names
        ),
        facts=tuple(
            facts(
                name,
                input_usd_per_1k=draw(numbers),
                output_usd_per_1k=draw(numbers),
                context_window=draw(st.none() | st.integers(0, 5000)),
            )
            for name in names
        ),
        tiers=tuple(
            TierFacts(tier=name, weight=draw(numbers), latency_p95_ms=draw(numbers))
            for name in draw(st.lists(st.sampled_from(["gold", "free"]), unique=True))
        ),
        quality=tuple(
            QualityCell("chat", name, draw(st.floats(0, 1)), draw(st.integers(0, 1000)))
            for name in names
        ),
        tokens=draw(st.sampled_from([(), VIEW.tokens])),
    )


def shuffled(view: ViewSnapshot, order: Random) -> ViewSnapshot:
    def mixed(things: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(order.sample(things, len(things)))

    return replace(
        view,
        deployments=mixed(view.deployments),
        facts=mixed(view.facts),
        tiers=mixed(view.tiers),
        quality=mixed(view.quality),
    )


@given(views(), numbers, numbers, st.integers(0, 2**31), st.integers())
def test_order_never_matters_and_nothing_breaks_it(
    view: ViewSnapshot, most_usd: float | None, most_ms: float | None, tokens: int, seed: int
):
    request = replace(demand(max_cost_usd=most_usd, max_latency_ms=most_ms), prompt_tokens=tokens)
    found = rank(request, view=view, now=NOW)
    assert found == rank(request, view=shuffled(view, Random(seed)), now=NOW)
    assert {c.deployment for c in found.candidates} == {h.deployment for h in view.deployments}
    scores = [c.score for c in found.candidates if c.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    for candidate in found.candidates:
        assert candidate.eligible == (candidate.reason_codes == ())
    assert bool(scores) == (not any(w.startswith("NO_CANDIDATE") for w in found.warnings))


Harm = Callable[[float], dict[str, Any]]
harms: list[Harm] = [
    lambda amount: {"latency_p50_ms": 500.0 + amount},
    lambda amount: {"error_rate": min(amount / 1000, 1.0)},
]


@given(st.sampled_from(harms), st.floats(0, 1000), st.floats(0, 1000))
def test_getting_worse_never_raises_a_score(harm: Harm, first: float, second: float):
    less, more = sorted((first, second))
    request = replace(REQUEST, tier=None)

    def score(amount: float) -> float:
        found = rank(request, view=with_health(VIEW, "apex@aws", **harm(amount)), now=NOW)
        return next(c.score or 0.0 for c in found.candidates if c.deployment == "apex@aws")

    assert score(more) <= score(less) + 1e-12
