"""Situations that a platform engineer knows: who is ruled out and why, and who comes first."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.breaker import BreakerCause, BreakerState
from graph.evidence import DeploymentFacts, Maintenance
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.accounts import UNLIMITED, Allowance, Standing, Unit
from graph.hot.quality import QualityCell
from graph.hot.routing.eligibility import ReasonCode
from graph.hot.routing.ranking import Requirements, RoutingRequest, RoutingView, rank
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
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# The fleet: a strong model on two backends, a middling one on two, and a small one.
#             p50    p95  USD per 1k tokens  quality  context
FLEET = {
    "apex@aws": (900, 1600, (0.010, 0.030), 0.86, 128_000),
    "apex@k8s": (950, 1700, (0.010, 0.030), 0.86, 128_000),
    "nova@aws": (600, 1100, (0.003, 0.009), 0.76, 64_000),
    "nova@neo": (650, 1200, (0.003, 0.009), 0.76, 64_000),
    "mini@k8s": (250, 500, (0.0005, 0.001), 0.55, 16_000),
}


def _health(name: str) -> DeploymentHealth:
    model, _, backend = name.rpartition("@")
    middle, tail, *_ = FLEET[name]
    return DeploymentHealth(
        deployment=name,
        model=model,
        backend=backend,
        version="1",
        status=HealthStatus.HEALTHY,
        reasons=("health sample at 2026-09-11 10:00:00 UTC within all limits",),
        breaker=BreakerState.CLOSED,
        availability=1.0,
        error_rate=0.0,
        latency_p50_ms=middle,
        latency_p95_ms=tail,
        queue_depth=None,
        load=0.4,
        rate_limit_remaining=None,
        spot_availability=None,
        cost_per_1k_tokens_usd=None,
        sample_count=200,
        updated_at=NOW,
        age_ms=0.0,
        stale=False,
    )


def _facts(name: str) -> DeploymentFacts:
    _, _, (prompt, completion), _, window = FLEET[name]
    return replace(
        DeploymentFacts.of_name(name),
        input_usd_per_1k=prompt,
        output_usd_per_1k=completion,
        context_window=window,
        capabilities=("text", "tools"),
    )


WORLD = ViewSnapshot(
    version="7",
    as_of=NOW,
    deployments=tuple(map(_health, FLEET)),
    facts=tuple(map(_facts, FLEET)),
    tiers=(
        TierFacts(tier="gold", weight=4.0, latency_p95_ms=2500.0),
        TierFacts(tier="free", weight=1.0),
    ),
    quality=tuple(QualityCell("chat", name, FLEET[name][3], 400) for name in FLEET),
    tokens=(TaskTokens(task_type="chat", requests=1000, completion_tokens=200_000),),
)

Change = Callable[[ViewSnapshot], ViewSnapshot]
_OF_HEALTH = {each.name for each in fields(DeploymentHealth)}


def the(name: str, **told: Any) -> Change:
    """What is different about one deployment, of its health and of what is registered."""

    def changed(view: ViewSnapshot) -> ViewSnapshot:
        of_health = {key: value for key, value in told.items() if key in _OF_HEALTH}
        of_facts = {key: value for key, value in told.items() if key not in _OF_HEALTH}
        healths = (replace(h, **of_health) if h.deployment == name else h for h in view.deployments)
        known = (replace(f, **of_facts) if f.deployment == name else f for f in view.facts)
        return replace(view, deployments=tuple(healths), facts=tuple(known))

    return changed


def every(**told: Any) -> Change:
    """What is different about all of them."""

    def changed(view: ViewSnapshot) -> ViewSnapshot:
        for name in FLEET:
            view = the(name, **told)(view)
        return view

    return changed


def known(**told: Any) -> Change:
    """What the view holds besides the deployments."""
    return lambda view: replace(view, **told)


def tenant(**told: Any) -> Change:
    return known(tenants=(TenantFacts(tenant="default", **told),))


def tier(name: str, **told: Any) -> Change:
    return known(tiers=(TierFacts(tier=name, **told),))


def ann(own_tier: str = "free", **told: Any) -> Change:
    """What is configured of the user who asks."""
    user = UserFacts(tenant="default", user="ann", tier=own_tier, **told)
    return known(users={("default", "ann"): user})


def work(kind: str, name: str | None, *, starts: timedelta, lasts: timedelta = 2 * HOUR) -> Change:
    start = NOW + starts
    planned = Maintenance(
        id="mw-1", title="upgrade", scope_kind=kind, scope_id=name,
        starts_at=start, ends_at=start + lasts,
    )  # fmt: skip
    return known(maintenance=(planned,))


def policy(rule: Mapping[str, Any], *, version: str = "v1") -> Change:
    rules = {"format": "routecause/1", "rules": [{"name": "the-rule", **rule}]}
    published = PolicyFacts(policy="main", version=version, published_at=NOW - DAY, rules=rules)
    return known(policies=(published,))


def experiment(deployment: str) -> Change:
    arms = (ArmFacts(arm="treatment", percent=100.0, deployment=deployment),)
    running = ExperimentFacts(experiment="exp", policy="main", running=True, arms=arms)
    return known(experiments=(running,))


def scored(name: str, mean: float, samples: int) -> Change:
    """The chat scores of one deployment, instead of those it had."""

    def changed(view: ViewSnapshot) -> ViewSnapshot:
        others = tuple(cell for cell in view.quality if cell.deployment != name)
        return replace(view, quality=(*others, QualityCell("chat", name, mean, samples)))

    return changed


def slow_answers(name: str) -> Change:
    """A deployment that takes 10 ms for each token of an answer, whose mean is 200."""
    n, sums = 400, {"c": 0, "cc": 0, "latency_ms": 0, "c_latency": 0}
    for i in range(n):
        c = 100 + i % 201
        ms = 10 * c
        sums["c"] += c
        sums["cc"] += c * c
        sums["latency_ms"] += ms
        sums["c_latency"] += c * ms
    p = 1000
    measured = DeploymentWork(
        deployment=name, requests=n, p=n * p, pp=n * p * p, pc=p * sums["c"],
        p_latency=p * sums["latency_ms"], **sums,
    )  # fmt: skip
    return known(work=(measured,))


def ask(**told: Any) -> RoutingRequest:
    demands = {each.name for each in fields(Requirements)}
    requirements = Requirements(**{k: v for k, v in told.items() if k in demands})
    given: dict[str, Any] = {"user": "ann", "task_type": "chat", "prompt_tokens": 1000}
    given |= {k: v for k, v in told.items() if k not in demands}
    return RoutingRequest(requirements=requirements, **given)


def left(unit: Unit, remaining: float) -> Standing:
    allowance = Allowance(
        whose="tenant default", unit=unit, limit=100.0, period="day",
        remaining=remaining, usable=remaining, returns_at=NOW + 14 * HOUR,
    )  # fmt: skip
    return replace(UNLIMITED, **{unit.value: allowance})


DOWN = {"status": HealthStatus.DOWN, "reasons": ("reported unavailable",)}
OPEN = {
    "status": HealthStatus.DOWN,
    "breaker": BreakerState.OPEN,
    "breaker_reason": "5 of 6 requests failed; a probe may pass from 10:02",
    "reasons": ("breaker open: no success since 09:58",),
}
HALF_OPEN = {
    "status": HealthStatus.DEGRADED,
    "breaker": BreakerState.HALF_OPEN,
    "breaker_reason": "5 of 6 requests failed; a probe may pass from 09:59",
    "reasons": ("breaker half-open: no success since 09:58",),
}
DEGRADED = {"status": HealthStatus.DEGRADED, "reasons": ("queue of 40",)}
UNKNOWN = {
    "status": HealthStatus.UNKNOWN,
    "reasons": ("no health sample was ever reported",),
    "stale": True,
    "error_rate": None,
    "latency_p50_ms": None,
    "latency_p95_ms": None,
}
PAUSED = DEGRADED | {
    "breaker": BreakerState.OPEN,
    "breaker_cause": BreakerCause.RATE_LIMITED,
    "breaker_reason": "rate limited: 9 of 10 requests refused; paused until 10:01",
    "breaker_until": NOW + timedelta(minutes=1),
}
AWS = {"breaker_key": "backend:aws"}
WEIGHTED = [
    {"deployment": "nova@neo", "weight": 1},
    {"deployment": "apex@k8s", "weight": 0},
    {"deployment": "mini@k8s", "weight": 0},
]
PINNED = {"use": [{"deployment": "nova@neo", "weight": 1}], "fallbacks": ["apex@k8s", "apex@aws"]}
ALL = " ".join(FLEET)


ORDINARY = ask()


@dataclass(frozen=True)
class Situation:
    """What is different from the world above, who comes first, and `deployment=code,code` out."""

    name: str
    changes: tuple[Change, ...]
    first: str | None
    out: str = ""
    request: RoutingRequest = ORDINARY
    standing: Standing = UNLIMITED
    permits: frozenset[str] = frozenset()
    stale: bool = False

    def answer(self) -> RoutingView:
        view = WORLD
        for change in self.changes:
            view = change(view)
        return rank(
            self.request, view=view, now=NOW, stale=self.stale,
            standing=self.standing, permits=self.permits,
        )  # fmt: skip


def S(  # noqa: N802  # a row of the table
    name: str, *changes: Change, first: str | None, out: str = "", **given: Any
) -> Situation:
    return Situation(name, changes, first, out, **given)


def everyone(codes: str) -> str:
    return " ".join(f"{name}={codes}" for name in FLEET)


# fmt: off
SITUATIONS = [
    # Health
    S("all is well", first="mini@k8s"),
    S("the first is reported down", the("mini@k8s", **DOWN), first="nova@aws", out="mini@k8s=down"),
    S("a breaker is open", the("mini@k8s", **OPEN),
      first="nova@aws", out="mini@k8s=down,breaker_open"),
    S("it answers too slowly to be used, though it answers", the("mini@k8s", **OPEN | DEGRADED),
      first="nova@aws", out="mini@k8s=breaker_open"),
    S("it refused requests for its rate limit", the("mini@k8s", **PAUSED),
      first="nova@aws", out="mini@k8s=rate_limited"),
    S("the pause for its rate limit is over, and the view is older than that",
      the("mini@k8s", **PAUSED | {"breaker_until": NOW, "status": HealthStatus.HEALTHY}),
      first="mini@k8s", stale=True),
    S("a whole backend fails: one cause",
      the("apex@aws", **OPEN | AWS), the("nova@aws", **OPEN | AWS),
      first="mini@k8s", out="apex@aws=backend_down nova@aws=backend_down"),
    S("half-open, and another process tests it", the("mini@k8s", **HALF_OPEN),
      first="nova@aws", out="mini@k8s=breaker_half_open"),
    S("half-open, and this request tests it", the("apex@k8s", **HALF_OPEN),
      first="apex@k8s", permits=frozenset({"apex@k8s"})),
    S("the permit is for another", the("apex@k8s", **HALF_OPEN),
      first="mini@k8s", out="apex@k8s=breaker_half_open", permits=frozenset({"nova@neo"})),
    S("a backend is half-open: one of its deployments tests it",
      the("apex@aws", **HALF_OPEN | AWS), the("nova@aws", **HALF_OPEN | AWS),
      first="nova@aws", out="apex@aws=breaker_half_open", permits=frozenset({"backend:aws"})),
    S("a permit to test what may not serve for another reason", the("apex@aws", **HALF_OPEN),
      first="mini@k8s", out="apex@aws=breaker_half_open,max_cost apex@k8s=max_cost",
      request=ask(max_cost_usd=0.01), permits=frozenset({"apex@aws"})),
    S("degraded goes behind its twin", the("nova@aws", **DEGRADED), the("mini@k8s", **DOWN),
      first="nova@neo", out="mini@k8s=down"),
    S("unknown goes behind but stays in", the("mini@k8s", **UNKNOWN), first="nova@aws"),
    S("one that fails one request in ten", the("mini@k8s", error_rate=0.3), first="nova@aws"),
    S("the provider's rate limit is used up", the("mini@k8s", rate_limit_remaining=0.0),
      first="nova@aws", out="mini@k8s=rate_limited"),
    S("used up as of an old sample",
      the("nova@aws", rate_limit_remaining=0.0, stale=True), first="mini@k8s"),
    S("nearly saturated", the("mini@k8s", load=0.94), the("nova@aws", load=0.2), first="nova@aws"),
    S("nearly saturated as of an old sample",
      the("mini@k8s", load=0.94, stale=True), first="mini@k8s"),
    S("everything is down", every(**DOWN), first=None, out=everyone("down")),
    # Old views
    S("a stale view: who was down stays out", the("mini@k8s", **DOWN),
      first="nova@aws", out="mini@k8s=down", stale=True),
    S("a stale view: old latency rules nothing out", the("mini@k8s", latency_p50_ms=9000.0),
      first="nova@aws", request=ask(max_latency_ms=2000.0), stale=True),
    S("a view so old that nothing is known: a breaker then says nothing",
      every(status=HealthStatus.UNKNOWN, stale=True, breaker=BreakerState.OPEN),
      first="mini@k8s", stale=True),
    # Planned
    S("maintenance of a backend", work("backend", "k8s", starts=-HOUR),
      first="nova@aws", out="apex@k8s=maintenance mini@k8s=maintenance"),
    S("maintenance of a model", work("model", "mini", starts=-HOUR),
      first="nova@aws", out="mini@k8s=maintenance"),
    S("maintenance is over", work("backend", "k8s", starts=-3 * HOUR), first="mini@k8s"),
    S("maintenance begins in an hour", work("global", None, starts=HOUR), first="mini@k8s"),
    S("maintenance of everything", work("global", None, starts=-HOUR),
      first=None, out=everyone("maintenance")),
    S("a model was deprecated yesterday", the("mini@k8s", deprecated_at=NOW - DAY),
      first="nova@aws", out="mini@k8s=deprecated"),
    S("a model will be deprecated tomorrow", the("mini@k8s", deprecated_at=NOW + DAY),
      first="mini@k8s"),
    # What it can do
    S("a long prompt", first="nova@aws", out="mini@k8s=context_window",
      request=ask(prompt_tokens=20_000)),
    S("the prompt fits, the longest answer does not", first="nova@aws",
      out="mini@k8s=context_window",
      request=ask(prompt_tokens=14_000, max_completion_tokens=4_000)),
    S("a prompt for nobody", first=None, out=everyone("context_window"),
      request=ask(prompt_tokens=1_000_000)),
    S("images, which one can see", the("apex@k8s", capabilities=("text", "vision")),
      first="apex@k8s",
      out="apex@aws=capability nova@aws=capability nova@neo=capability mini@k8s=capability",
      request=ask(capabilities=("vision",))),
    S("what a model can do is not known: not ruled out",
      every(capabilities=None, context_window=None), first="mini@k8s",
      request=ask(capabilities=("vision",), prompt_tokens=50_000)),
    # What the tenant allows
    S("the tenant allows one backend", tenant(allowed_backends=("neo",)), first="nova@neo",
      out="apex@aws=backend_not_allowed apex@k8s=backend_not_allowed "
      "nova@aws=backend_not_allowed mini@k8s=backend_not_allowed"),
    S("the tenant allows none", tenant(allowed_backends=()),
      first=None, out=everyone("backend_not_allowed")),
    S("a certificate must be known",
      tenant(required_compliance=("hipaa",)), the("apex@aws", compliance=("hipaa", "soc2")),
      first="apex@aws",
      out="apex@k8s=compliance nova@aws=compliance nova@neo=compliance mini@k8s=compliance"),
    # Limits
    S("too dear for the request", first="mini@k8s", out="apex@aws=max_cost apex@k8s=max_cost",
      request=ask(max_cost_usd=0.01)),
    S("too dear for the tenant", tenant(cost_ceiling_per_request_usd=0.01),
      first="mini@k8s", out="apex@aws=max_cost apex@k8s=max_cost"),
    S("too dear for the tier", tier("free", max_cost_per_request_usd=0.01),
      first="mini@k8s", out="apex@aws=max_cost apex@k8s=max_cost", request=ask(tier="free")),
    S("the same ceiling and a longer prompt", first="mini@k8s",
      out="apex@aws=max_cost apex@k8s=max_cost nova@aws=max_cost nova@neo=max_cost",
      request=ask(max_cost_usd=0.01, prompt_tokens=5_000)),
    S("an unknown price is not too dear",
      the("apex@aws", input_usd_per_1k=None, output_usd_per_1k=None),
      first="mini@k8s", out="apex@k8s=max_cost", request=ask(max_cost_usd=0.01)),
    S("too slow for the request", first="mini@k8s", out="apex@aws=max_latency apex@k8s=max_latency",
      request=ask(max_latency_ms=1000.0)),
    S("fast enough, but not for an answer this long",
      slow_answers("mini@k8s"), known(tokens=(TaskTokens(
          task_type="chat", requests=100, completion_tokens=100_000),)),
      first="nova@aws", out="mini@k8s=max_latency apex@aws=max_latency apex@k8s=max_latency",
      request=ask(max_latency_ms=1000.0)),
    S("slower than the tier is promised", the("mini@k8s", latency_p95_ms=4000.0),
      first="apex@aws", out="mini@k8s=max_latency", request=ask(tier="gold")),
    S("slower on a handful of samples",
      the("mini@k8s", latency_p95_ms=4000.0, sample_count=4), first="apex@aws",
      request=ask(tier="gold")),
    S("not good enough for the request", first="nova@aws", out="mini@k8s=min_quality",
      request=ask(min_quality=0.7)),
    S("not good enough for the tenant", tenant(quality_floor=0.8), first="apex@aws",
      out="nova@aws=min_quality nova@neo=min_quality mini@k8s=min_quality"),
    S("not good enough for the tier", tier("free", quality_floor=0.7),
      first="nova@aws", out="mini@k8s=min_quality", request=ask(tier="free")),
    S("a floor, and nobody was ever scored", known(quality=()), first="mini@k8s",
      request=ask(min_quality=0.99)),
    S("three lucky scores do not make it good", scored("nova@neo", 1.0, 3),
      ann(optimise_for="quality"), first="apex@aws"),
    S("four hundred do", scored("nova@neo", 1.0, 400), ann(optimise_for="quality"),
      first="nova@neo"),
    # Allowances
    S("the budget has a cent left", first="mini@k8s", out="apex@aws=budget apex@k8s=budget",
      standing=left(Unit.USD, 0.01)),
    S("the budget is spent", first=None, out=everyone("budget"), standing=left(Unit.USD, 0.0)),
    S("the budget is overspent, and one costs nothing",
      the("nova@neo", input_usd_per_1k=0.0, output_usd_per_1k=0.0), first="nova@neo",
      out="apex@aws=budget apex@k8s=budget nova@aws=budget mini@k8s=budget",
      standing=left(Unit.USD, -2.0)),
    S("a spent budget and a price not known", every(input_usd_per_1k=None, output_usd_per_1k=None),
      first=None, out=everyone("budget"), standing=left(Unit.USD, 0.0)),
    S("no request left today", first=None, out=everyone("quota"),
      standing=left(Unit.REQUESTS, 0.4)),
    S("one request left", first="mini@k8s", standing=left(Unit.REQUESTS, 1.0)),
    S("fewer tokens left than it takes", first=None, out=everyone("quota"),
      standing=left(Unit.TOKENS, 1100.0)),
    # Policies and experiments
    S("a rule pins to one, with fallbacks", policy(PINNED), first="nova@neo",
      out="nova@aws=policy_rule mini@k8s=policy_rule"),
    S("the pinned one is down: the first fallback", policy(PINNED), the("nova@neo", **DOWN),
      first="apex@k8s", out="nova@neo=down nova@aws=policy_rule mini@k8s=policy_rule"),
    S("a rule avoids a model", policy({"avoid": ["mini"]}), first="nova@aws",
      out="mini@k8s=policy_rule"),
    S("a rule for another task type", policy({"when": {"task_type": "code"}, "avoid": ["mini"]}),
      first="mini@k8s"),
    S("a rule for a label", policy({"when": {"labels": {"pii": "yes"}}, "use": ["apex"]}),
      first="apex@aws", out="nova@aws=policy_rule nova@neo=policy_rule mini@k8s=policy_rule",
      request=ask(labels={"pii": "yes"})),
    S("a rule's ceiling", policy({"ceilings": {"latency_ms": 500}}), first="mini@k8s",
      out="apex@aws=max_latency apex@k8s=max_latency nova@aws=max_latency nova@neo=max_latency"),
    S("a rule's floor", policy({"floors": {"quality": 0.8}}), first="apex@aws",
      out="nova@aws=min_quality nova@neo=min_quality mini@k8s=min_quality"),
    S("a split of which one has all the weight", policy({"use": WEIGHTED}), first="nova@neo",
      out="apex@aws=policy_rule nova@aws=policy_rule"),
    S("rules of another router are not read",
      known(policies=(PolicyFacts(policy="main", version="v1", published_at=NOW - DAY,
                                  rules={"deny": ["mini"]}),)), first="mini@k8s"),
    S("an arm of an experiment goes first", policy({}), experiment("apex@k8s"), first="apex@k8s"),
    S("the arm's deployment is down", policy({}), experiment("apex@k8s"), the("apex@k8s", **DOWN),
      first="mini@k8s", out="apex@k8s=down"),
    # The user
    S("a rule of the user's own",
      ann(rules=(UserRule(when={"task_type": "chat"}, use=("apex@aws", "apex@k8s")),)),
      first="apex@aws", out="nova@aws=user_rule nova@neo=user_rule mini@k8s=user_rule"),
    S("what the user rules out", ann(rules=(UserRule(when={}, avoid=("mini@k8s",)),)),
      first="nova@aws", out="mini@k8s=user_rule"),
    S("the user's rule and the policy's leave nobody", policy({"use": ["mini"]}),
      ann(rules=(UserRule(when={}, avoid=("mini@k8s",)),)), first=None,
      out="apex@aws=policy_rule apex@k8s=policy_rule nova@aws=policy_rule "
      "nova@neo=policy_rule mini@k8s=user_rule"),
    S("a preferred model wins where it is close", ann("gold", prefer=("nova",)), first="nova@aws"),
    S("a preferred model does not win from far behind", ann(prefer=("apex",)), first="mini@k8s"),
    S("a model that the user avoids, though it scores best", ann(avoid=("mini",)),
      first="nova@aws"),
    S("a model that the user avoids, and nobody else left",
      ann(avoid=("mini",)), *(the(name, **DOWN) for name in FLEET if name != "mini@k8s"),
      first="mini@k8s", out="apex@aws=down apex@k8s=down nova@aws=down nova@neo=down"),
    S("one who wants it good", ann(optimise_for="quality"), first="apex@aws"),
    S("one who wants it fast", ann(optimise_for="latency"), first="mini@k8s"),
    S("one who wants it cheap", ann(optimise_for="cost"), first="mini@k8s"),
    S("a tier nobody configured sets no limits", the("mini@k8s", latency_p95_ms=4000.0),
      first="nova@aws", request=ask(tier="platinum")),
    # Several at once
    S("everything wrong with one of them",
      the("mini@k8s", **OPEN | {"deprecated_at": NOW - DAY, "rate_limit_remaining": 0.0}),
      work("deployment", "mini@k8s", starts=-HOUR), first="nova@aws",
      out="mini@k8s=context_window,down,breaker_open,maintenance,rate_limited,deprecated",
      request=ask(prompt_tokens=17_000)),
    S("an unregistered deployment turns up in the traffic",
      lambda view: replace(view, facts=tuple(f for f in view.facts if f.model != "mini")),
      first="nova@aws"),
]
# fmt: on


def test_there_are_enough_of_them():
    assert len(SITUATIONS) >= 40
    assert len({each.name for each in SITUATIONS}) == len(SITUATIONS)
    told = {code for each in SITUATIONS for code in re.findall(r"[=,]([a-z_]+)", each.out)}
    assert told == set(ReasonCode), "each code in a situation"


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_situations(situation: Situation):
    found = situation.answer()
    eligible = [c for c in found.candidates if c.eligible]
    out = {c.deployment: ",".join(c.reason_codes) for c in found.candidates if not c.eligible}
    assert out == dict(each.split("=") for each in situation.out.split())
    assert (eligible[0].deployment if eligible else None) == situation.first
    assert found.best == situation.first
    assert [c.rank for c in eligible] == list(range(1, len(eligible) + 1))
    assert [c.probe for c in found.candidates[1:]] == [False] * (len(found.candidates) - 1)
    assert any(w.startswith("NO_CANDIDATE: ") for w in found.warnings) == (not eligible)
    assert all(c.reasons for c in found.candidates)
    for candidate in found.candidates:
        codes = [reason.partition(": ")[0] for reason in candidate.reasons]
        if not candidate.eligible:
            assert tuple(dict.fromkeys(codes)) == candidate.reason_codes
