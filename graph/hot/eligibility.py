"""Who may serve a request: every rule that speaks against a deployment, with its code and figure.

What is not known is no reason to rule out, with one exception: a certificate that a tenant requires
must be known to be there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from graph.breaker import BreakerState
from graph.evidence import concerns
from graph.health import HealthStatus
from graph.hot.expectation import Expectation, RoutingRequest
from graph.hot.quality import SAMPLE_FLOOR
from graph.hot.snapshot import TenantFacts, TierFacts, ViewSnapshot


class ReasonCode(StrEnum):
    """Why a deployment is ruled out, the hardest to overcome first."""

    BACKEND_NOT_ALLOWED = "backend_not_allowed"
    COMPLIANCE = "compliance"
    CAPABILITY = "capability"
    CONTEXT_WINDOW = "context_window"
    DOWN = "down"
    BREAKER_OPEN = "breaker_open"
    MAINTENANCE = "maintenance"
    DEPRECATED = "deprecated"
    MAX_COST = "max_cost"
    MIN_QUALITY = "min_quality"
    MAX_LATENCY = "max_latency"


HARDNESS = {code: len(ReasonCode) - place for place, code in enumerate(ReasonCode)}
"""How far from serving each reason leaves a deployment: tells the least bad of those ruled out."""


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason against a deployment: its code, the figure behind it, and what would lift it."""

    code: ReasonCode
    words: str
    remedy: str

    def __str__(self) -> str:
        """Code and figure, as the reasons of a candidate give it."""
        return f"{self.code}: {self.words}"


@dataclass(frozen=True, slots=True)
class Limits:
    """The narrowest limits that the request, its tier and its tenant set, and whose they are."""

    tier: TierFacts | None
    tenant: TenantFacts | None
    cost_usd: tuple[float, str] | None
    quality: tuple[float, str] | None

    @classmethod
    def of(cls, request: RoutingRequest, *, tier: str | None, view: ViewSnapshot) -> "Limits":
        """The limits in force for a request of that tier."""
        tier_facts = view.tier_of.get(tier) if tier is not None else None
        tenant = view.tenant_of.get(request.tenant)
        costs = [
            (request.requirements.max_cost_usd, "the request"),
            (tenant.cost_ceiling_per_request_usd if tenant else None, f"tenant {request.tenant}"),
            (tier_facts.max_cost_per_request_usd if tier_facts else None, f"tier {tier}"),
        ]
        floors = [
            (request.requirements.min_quality, "the request"),
            (tenant.quality_floor if tenant else None, f"tenant {request.tenant}"),
            (tier_facts.quality_floor if tier_facts else None, f"tier {tier}"),
        ]
        return cls(
            tier=tier_facts,
            tenant=tenant,
            cost_usd=min(((v, by) for v, by in costs if v is not None), default=None),
            quality=max(((v, by) for v, by in floors if v is not None), default=None),
        )


def objections(
    request: RoutingRequest,
    *,
    expected: Expectation,
    limits: Limits,
    view: ViewSnapshot,
    now: datetime,
) -> tuple[Objection, ...]:
    """All that speaks against a deployment, hardest first; empty where it may serve."""
    found = (
        *_state(expected, view=view, now=now),
        *_ability(request, expected=expected),
        *_permission(expected, limits=limits),
        *_bounds(request, expected=expected, limits=limits),
    )
    return tuple(sorted(found, key=lambda each: (-HARDNESS[each.code], each.words)))


def _state(expected: Expectation, *, view: ViewSnapshot, now: datetime) -> Iterator[Objection]:
    health, facts = expected.health, expected.facts
    why = health.reasons[0] if health.reasons else "no reason given"
    if health.status is HealthStatus.DOWN:
        yield Objection(ReasonCode.DOWN, why, "it answered again")
    if health.breaker is BreakerState.OPEN:
        words = next((r for r in health.reasons if r.startswith("breaker")), why)
        yield Objection(ReasonCode.BREAKER_OPEN, words, "its breaker closed")
    for work in view.maintenance:
        reached = concerns(facts, scope_kind=work.scope_kind, scope_id=work.scope_id)
        if reached and work.active_at(now):
            until = _clock(work.ends_at)
            words = f"{work.id} until {until}: {work.title}"
            yield Objection(ReasonCode.MAINTENANCE, words, f"maintenance ended, due {until}")
    if facts.deprecated_at is not None and facts.deprecated_at <= now:
        words = f"model {facts.model} since {_clock(facts.deprecated_at)}"
        yield Objection(ReasonCode.DEPRECATED, words, "its model was not deprecated")


def _ability(request: RoutingRequest, *, expected: Expectation) -> Iterator[Objection]:
    facts = expected.facts
    needed = request.prompt_tokens + (request.max_completion_tokens or 0)
    if facts.context_window is not None and needed > facts.context_window:
        words = f"{needed} tokens needed, {facts.context_window} fit"
        remedy = f"the request needed at most {facts.context_window} tokens"
        yield Objection(ReasonCode.CONTEXT_WINDOW, words, remedy)
    if facts.capabilities is not None:
        lacking = sorted(set(request.requirements.capabilities) - set(facts.capabilities))
        if lacking:
            listed = ", ".join(lacking)
            words = f"model {facts.model} lacks {listed}"
            yield Objection(ReasonCode.CAPABILITY, words, f"the request did without {listed}")


def _permission(expected: Expectation, *, limits: Limits) -> Iterator[Objection]:
    facts, tenant = expected.facts, limits.tenant
    if tenant is None:
        return
    if tenant.allowed_backends is not None and facts.backend not in tenant.allowed_backends:
        allowed = ", ".join(tenant.allowed_backends) or "none"
        words = f"tenant {tenant.tenant} allows {allowed}, not {facts.backend or 'this one'}"
        remedy = f"tenant {tenant.tenant} allowed {facts.backend or 'its backend'}"
        yield Objection(ReasonCode.BACKEND_NOT_ALLOWED, words, remedy)
    lacking = sorted(set(tenant.required_compliance) - set(facts.compliance))
    if lacking:
        listed = ", ".join(lacking)
        words = f"tenant {tenant.tenant} requires {listed}, not known of {facts.backend}"
        yield Objection(ReasonCode.COMPLIANCE, words, f"{facts.backend} was certified for {listed}")


def _bounds(
    request: RoutingRequest, *, expected: Expectation, limits: Limits
) -> Iterator[Objection]:
    cost, quality = expected.cost_usd, expected.quality
    if limits.cost_usd is not None and cost is not None and cost > limits.cost_usd[0]:
        most, whose = limits.cost_usd
        words = f"{_usd(cost)} expected, {_usd(most)} is the most for {whose}"
        yield Objection(ReasonCode.MAX_COST, words, f"{whose} allowed {_usd(cost)}")
    if limits.quality is not None and quality is not None:
        least, whose = limits.quality
        if quality.quality < least and max(quality.samples, quality.support) >= SAMPLE_FLOOR:
            words = f"{quality.quality:.3g} expected, {least:.3g} is the least for {whose}"
            yield Objection(
                ReasonCode.MIN_QUALITY, words, f"{whose} accepted {quality.quality:.3g}"
            )
    # Old figures and those of a view not renewed do not rule out: they are hedged in the score.
    if expected.stale:
        return
    most_ms = request.requirements.max_latency_ms
    if most_ms is not None and expected.latency_ms is not None and expected.latency_ms > most_ms:
        words = f"{expected.latency_ms:.0f} ms expected, {most_ms:.0f} ms is the most"
        remedy = f"the request allowed {expected.latency_ms:.0f} ms"
        yield Objection(ReasonCode.MAX_LATENCY, words, remedy)
    tail_ms, tier = expected.health.latency_p95_ms, limits.tier
    if tier is None or tier.latency_p95_ms is None or tail_ms is None:
        return
    # A percentile of a handful of samples breaks no promise.
    if tail_ms > tier.latency_p95_ms and expected.health.sample_count >= SAMPLE_FLOOR:
        words = f"p95 {tail_ms:.0f} ms, tier {tier.tier} is promised {tier.latency_p95_ms:.0f} ms"
        remedy = f"tier {tier.tier} accepted a p95 of {tail_ms:.0f} ms"
        yield Objection(ReasonCode.MAX_LATENCY, words, remedy)


def _usd(amount: float) -> str:
    return f"{amount:.4g} USD"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
