"""The ranking as a whole: what never changes an answer, what the figures are, when words are made.

Single situations are in test_situations.py.
"""

import gc
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.breaker import BreakerState
from graph.evidence import DeploymentFacts, Maintenance
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.accounts import Allowance, Standing, Unit
from graph.hot.quality import QualityCell
from graph.hot.routing import compiled
from graph.hot.routing.compiled import Fleet, fleet_of
from graph.hot.routing.eligibility import ReasonCode
from graph.hot.routing.ranking import Candidate, Requirements, RoutingRequest, RoutingView, rank
from graph.hot.routing.transcript import transcript
from graph.hot.snapshot import (
    DeploymentWork,
    RefusedPolicy,
    TaskTokens,
    TierFacts,
    UserFacts,
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


def demand(**given: Any) -> RoutingRequest:
    return replace(REQUEST, requirements=Requirements(**given))


def policy(version: str, *rules: Mapping[str, Any], **given: Any) -> PolicyFacts:
    told: dict[str, Any] = {"policy": "main", "published_at": NOW - DAY} | given
    return PolicyFacts(
        version=version, rules={"format": "routecause/1", "rules": list(rules)}, **told
    )


def of(found: RoutingView, name: str) -> Candidate:
    return next(c for c in found.candidates if c.deployment == name)


def test_all_ruled_out_names_the_least_bad_and_what_would_change_it():
    view = with_health(with_facts(VIEW, "apex@aws", output_usd_per_1k=0.3), "apex@k8s", **DOWN)
    view = with_health(view, "nova@neo", breaker=BreakerState.OPEN, **DOWN)
    found = rank(demand(max_cost_usd=0.02), view=view, now=NOW)
    assert found.best is None
    assert not any(c.eligible for c in found.candidates)
    assert [c.deployment for c in found.candidates] == ["apex@aws", "apex@k8s", "nova@neo"]
    (warning,) = found.warnings
    assert warning.startswith(
        "NO_CANDIDATE: all 3 deployments are ruled out; least bad is apex@aws"
    )
    assert "if the request allowed 0.07 USD" in warning


def test_two_users_with_the_same_request():
    """One pays for quality; the other wants it cheap, avoids a model and has a cent left."""
    bea = UserFacts(tenant="default", user="bea", tier="gold", optimise_for="quality")
    cem = UserFacts(tenant="default", user="cem", tier="free", optimise_for="cost", avoid=("mini",))
    mini = healthy("mini@neo", latency_p50_ms=200.0, latency_p95_ms=300.0)
    cheap = facts("mini@neo", input_usd_per_1k=0.001, output_usd_per_1k=0.002)
    view = replace(
        with_facts(VIEW, "nova@neo", input_usd_per_1k=0.003, output_usd_per_1k=0.009),
        users={("default", user.user): user for user in (bea, cem)},
    )
    view = replace(view, deployments=(*view.deployments, mini), facts=(*view.facts, cheap))
    cent = Allowance(
        whose="user cem", unit=Unit.USD, limit=1, period="day",
        remaining=0.01, usable=0.01, returns_at=NOW + timedelta(hours=14),
    )  # fmt: skip
    request = replace(REQUEST, tier=None)
    for_bea = rank(replace(request, user="bea"), view=view, now=NOW)
    for_cem = rank(replace(request, user="cem"), view=view, now=NOW, standing=Standing(usd=cent))

    order = ["apex@aws", "apex@k8s", "mini@neo", "nova@neo"]
    assert [c.deployment for c in for_bea.candidates] == order
    order = ["nova@neo", "mini@neo", "apex@aws", "apex@k8s"]
    assert [c.deployment for c in for_cem.candidates] == order
    assert [c.eligible for c in for_cem.candidates] == [True, True, False, False]
    assert "tier gold (user bea's own)" in for_bea.steps
    assert any("user bea asks for quality; tier gold weighs 2" in s for s in for_bea.steps)
    assert any("user cem asks for cost" in s for s in for_cem.steps)
    assert for_cem.candidates[1].reasons[0] == "after all others: user cem avoids its model"
    assert for_cem.candidates[2].reasons == (
        "budget: 0.016 USD expected, 0.01 of 1 USD a day left for user cem,"
        " back at 2026-09-12 00:00:00 UTC",
    )
    assert for_cem.budget_remaining_usd == 0.01


def test_an_empty_view_says_so():
    found = rank(REQUEST, view=ViewSnapshot(version="", as_of=NOW), now=NOW, stale=True)
    assert found.candidates == ()
    assert found.best is None
    assert [w.partition(":")[0] for w in found.warnings] == ["NO_CANDIDATE", "STALE_VIEW"]


def test_figures_and_samples_are_given():
    found = rank(REQUEST, view=VIEW, now=NOW)
    first = found.candidates[0]
    assert first.expected_latency_ms == 600
    assert first.expected_cost_usd == pytest.approx((1000 * 0.01 + 200 * 0.03) / 1000)
    assert first.quality_samples == 100
    assert first.expected_quality == pytest.approx(0.798, abs=0.01)
    assert found.expected_cost_usd == first.expected_cost_usd
    assert found.expected_tokens == 1200


def test_missing_figures_stay_missing():
    unknown = with_health(VIEW, "apex@aws", latency_p50_ms=None, latency_p95_ms=None)
    unknown = replace(unknown, tokens=(), quality=())
    candidate = of(rank(REQUEST, view=unknown, now=NOW), "apex@aws")
    assert candidate.expected_latency_ms is None
    assert candidate.expected_cost_usd is None
    assert candidate.expected_quality is None
    assert candidate.quality_samples is None
    assert any("latency not known" in reason for reason in candidate.reasons)


def test_the_most_allowed_bounds_the_expected_answer():
    short = rank(replace(REQUEST, max_completion_tokens=50), view=VIEW, now=NOW)
    assert short.expected_tokens == 1050
    unseen = replace(VIEW, tokens=())
    assert rank(REQUEST, view=unseen, now=NOW).expected_tokens == 1000
    allowed = rank(replace(REQUEST, max_completion_tokens=50), view=unseen, now=NOW)
    assert allowed.expected_tokens == 1050


def test_stale_figures_are_hedged_and_said_so():
    fast = with_health(VIEW, "nova@neo", latency_p50_ms=10.0, latency_p95_ms=20.0)
    before = of(rank(REQUEST, view=fast, now=NOW), "nova@neo")
    after = of(rank(REQUEST, view=with_health(fast, "nova@neo", stale=True), now=NOW), "nova@neo")
    assert after.stale
    assert (after.score or 0) < (before.score or 0)
    assert any("stale: hedged toward the typical" in reason for reason in after.reasons)


def test_tokens_and_load_are_said_where_they_matter():
    n, c = 100, sum(range(100, 300, 2))
    cc, cl = sum(x * x for x in range(100, 300, 2)), sum(10 * x * x for x in range(100, 300, 2))
    work = DeploymentWork(
        deployment="apex@aws", requests=n, p=n * 1000, c=c, latency_ms=10 * c,
        pp=n * 10**6, cc=cc, pc=1000 * c, p_latency=10_000 * c, c_latency=cl,
    )  # fmt: skip
    long = replace(
        VIEW,
        work=(work,),
        tokens=(TaskTokens(task_type="chat", requests=100, completion_tokens=40_000),),
    )
    told = of(rank(REQUEST, view=with_health(long, "apex@aws", load=0.9), now=NOW), "apex@aws")
    reason = next(r for r in told.reasons if r.startswith("latency "))
    assert "for its tokens" in reason
    assert "2 times for load 0.9" in reason
    plain = of(rank(REQUEST, view=long, now=NOW), "apex@k8s")
    assert "latency 600 ms expected" in plain.reasons


def test_the_policy_is_the_newest_that_is_for_the_request():
    policies = (
        PolicyFacts(policy="main", version="v1", published_at=NOW - 3 * DAY),
        PolicyFacts(policy="gold", version="v7", published_at=NOW - 2 * DAY, tiers=("gold",)),
        PolicyFacts(policy="code", version="v9", published_at=NOW - DAY, task_types=("code",)),
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


def test_what_a_policy_sets_is_in_the_answer():
    rule = {
        "name": "split",
        "use": [{"deployment": "apex@aws", "weight": 3}, {"deployment": "apex@k8s", "weight": 1}],
        "fallbacks": ["nova@neo"],
        "flags": {"cache": True, "depth": 3},
    }
    view = replace(VIEW, policies=(policy("v1", rule),))
    found = rank(REQUEST, view=view, now=NOW)
    assert (found.policy, found.policy_version, found.policy_rule) == ("main", "v1", "split")
    assert [(f.name, f.value) for f in found.flags] == [("cache", "true"), ("depth", "3")]
    assert {c.deployment: c.propensity for c in found.candidates} == {
        "apex@aws": pytest.approx(0.75),
        "apex@k8s": pytest.approx(0.25),
        "nova@neo": None,
    }
    assert found.propensity == of(found, found.best or "").propensity
    assert found.candidates[-1].deployment == "nova@neo"
    assert any("rule split decides" in step for step in found.steps)


def test_who_is_left_of_a_split_takes_all_of_it():
    rule = {
        "name": "split",
        "use": [{"deployment": name, "weight": 1} for name in NAMES],
    }
    view = replace(with_health(VIEW, "apex@aws", **DOWN), policies=(policy("v1", rule),))
    found = rank(REQUEST, view=view, now=NOW)
    assert found.propensity == pytest.approx(0.5)
    assert of(found, "apex@aws").propensity is None
    avoiding = UserFacts(tenant="default", user="u", tier="gold", avoid=("nova",))
    found = rank(REQUEST, view=replace(view, users={("default", "u"): avoiding}), now=NOW)
    assert found.best == "apex@k8s"
    assert found.propensity == pytest.approx(1.0)
    assert of(found, "nova@neo").propensity is None


def test_a_probe_is_not_drawn_and_has_no_propensity():
    arms = (ArmFacts(arm="a", percent=50, deployment="apex@k8s"), ArmFacts(arm="b", percent=50))
    view = replace(
        with_health(VIEW, "apex@aws", breaker=BreakerState.HALF_OPEN),
        policies=(policy("v1"),),
        experiments=(ExperimentFacts(experiment="e", policy="main", running=True, arms=arms),),
    )
    found = rank(REQUEST, view=view, now=NOW, permits={"apex@aws"})
    assert (found.best, found.probe_key) == ("apex@aws", "apex@aws")
    assert found.candidates[0].probe
    assert found.candidates[0].propensity is None
    assert "tests apex@aws" in found.candidates[0].reasons[0]
    assert (found.experiment, found.propensity) == ("e", 0.5)
    assert rank(REQUEST, view=view, now=NOW).probe_key is None


def test_what_is_left_is_in_the_answer():
    def left(unit: Unit, remaining: float) -> Allowance:
        return Allowance(
            whose="user u", unit=unit, limit=10, period="day",
            remaining=remaining, usable=remaining, returns_at=None,
        )  # fmt: skip

    standing = Standing(
        usd=left(Unit.USD, 3.5), requests=left(Unit.REQUESTS, 7), warnings=("QUOTA_BORROWED: x",)
    )
    found = rank(REQUEST, view=VIEW, now=NOW, standing=standing)
    assert (found.budget_remaining_usd, found.quota_remaining) == (3.5, 7)
    assert "3.5 of 10 USD a day left for user u" in found.steps
    assert found.warnings == ("QUOTA_BORROWED: x",)


def test_a_share_of_what_is_left_decides_and_is_said():
    usd = Allowance(
        whose="tenant t", unit=Unit.USD, limit=10, period="day",
        remaining=1, usable=0.001, returns_at=None,
    )  # fmt: skip
    found = rank(REQUEST, view=VIEW, now=NOW, standing=Standing(usd=usd))
    assert found.best is None
    assert "0.001 of it until the other processes" in found.candidates[0].reasons[0]


def test_a_refused_policy_is_visible_until_a_newer_one_holds():
    refused = RefusedPolicy(
        policy="main", version="v2", refused_at=NOW, message="data.rules.rules[0]: no name"
    )
    other = replace(refused, policy="other")
    view = replace(VIEW, policies=(policy("v1"),), refused_policies=(refused, other))
    (warning,) = rank(REQUEST, view=view, now=NOW).warnings
    assert warning.startswith("POLICY_REFUSED: version v2 of policy main was refused")
    assert "no name" in warning
    assert "version v1 stays in force" in warning
    newer = replace(view, policies=(policy("v3", published_at=NOW + timedelta(minutes=1)),))
    assert rank(REQUEST, view=newer, now=NOW).warnings == ()


def test_planned_work_begins_and_ends_between_two_views():
    planned = Maintenance(
        id="mw", title="upgrade", scope_kind="backend", scope_id="aws",
        starts_at=NOW + timedelta(seconds=1), ends_at=NOW + timedelta(seconds=3),
    )  # fmt: skip
    view = replace(
        with_facts(VIEW, "apex@k8s", deprecated_at=NOW + timedelta(seconds=2)),
        maintenance=(planned,),
    )
    best = [rank(REQUEST, view=view, now=NOW + timedelta(seconds=s)).best for s in (0, 1, 2, 3, 0)]
    assert best == ["apex@aws", "apex@k8s", "nova@neo", "apex@aws", "apex@aws"]


def test_what_is_kept_is_bounded():
    view = replace(VIEW)
    for i in range(3000):
        rank(replace(REQUEST, task_type=f"t{i}", user=f"u{i}"), view=view, now=NOW)
        rank(demand(capabilities=(f"c{i}",)), view=view, now=NOW)
    fleet = compiled.fleet_of(view)
    for kept in vars(fleet).values():
        assert not isinstance(kept, dict) or len(kept) <= 1024  # pyright: ignore[reportUnknownArgumentType]  # of whatever
    for state in (fleet.state(now=NOW, stale=False),):
        for kept in vars(state).values():
            assert not isinstance(kept, dict) or len(kept) <= 1024  # pyright: ignore[reportUnknownArgumentType]  # of whatever


def test_words_are_not_made_for_a_pick(monkeypatch: pytest.MonkeyPatch):
    made: list[str] = []

    def noting(name: str) -> Callable[..., tuple[str, ...]]:
        def note(*_: object) -> tuple[str, ...]:
            made.append(name)
            return ()

        return note

    for name in ("terms", "steps", "warnings", "objections"):
        monkeypatch.setattr(f"graph.hot.routing.ranking.{name}", noting(name))
    found = rank(REQUEST, view=VIEW, now=NOW)
    assert found.best == "apex@aws"
    assert [c.score for c in found.candidates]
    assert made == []
    assert found.candidates[0].reasons == ()
    assert made == ["terms"]


Harm = Callable[[float], dict[str, Any]]
harms: list[Harm] = [
    lambda amount: {"latency_p50_ms": 500.0 + amount},
    lambda amount: {"error_rate": min(amount / 1000, 1.0)},
    lambda amount: {"load": amount / 1000},
]


@given(st.sampled_from(harms), st.floats(0, 1000), st.floats(0, 1000))
def test_getting_worse_never_raises_a_score(harm: Harm, first: float, second: float):
    less, more = sorted((first, second))
    request = replace(REQUEST, tier=None)

    def score(amount: float) -> float:
        found = rank(request, view=with_health(VIEW, "apex@aws", **harm(amount)), now=NOW)
        return of(found, "apex@aws").score or 0.0

    assert score(more) <= score(less) + 1e-12


def test_what_was_worked_out_goes_with_its_view_without_a_collection() -> None:
    gone: list[ref[Fleet]] = []
    gc.disable()
    try:
        for number in range(10):
            view = replace(VIEW, version=str(number))
            answer = rank(REQUEST, view=view, now=NOW)
            assert answer.candidates
            assert transcript(answer)
            gone.append(ref(fleet_of(view)))
            del view, answer
        kept = [one() is not None for one in gone]
    finally:
        gc.enable()
    assert not any(kept[:5])
