"""The routing view: every deployment ranked or ruled out for one request, each with its reasons.

Pure and deterministic: the same request, view and instant always give the same answer, whatever the
order of what the view holds; equal scores are ordered by the deployment's name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.breaker import BreakerState
from graph.health import HealthStatus
from graph.hot.eligibility import HARDNESS, Limits, Objection, ReasonCode, objections
from graph.hot.expectation import (
    Expectation,
    Requirements,
    RoutingRequest,
    Typical,
    expectations,
)
from graph.hot.snapshot import PolicyFacts, UserFacts, ViewSnapshot

__all__ = [
    "Candidate",
    "ReasonCode",
    "Requirements",
    "RoutingRequest",
    "RoutingView",
    "rank",
]

_UNKNOWN_QUALITY = 0.5
_UNKNOWN_UTILITY = 0.5
_HEDGE = 0.5
"""How far a stale figure is moved toward what is typical of the fleet."""
_STATUS_FACTOR: Mapping[HealthStatus, float] = {
    HealthStatus.HEALTHY: 1.0,
    HealthStatus.DEGRADED: 0.85,
    HealthStatus.UNKNOWN: 0.75,
    HealthStatus.DOWN: 0.1,
}
_HALF_OPEN_FACTOR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One deployment for one request; `rank` (from 1) and `score` (0 to 1) where eligible."""

    deployment: str
    rank: int | None
    score: float | None
    eligible: bool
    reasons: tuple[str, ...]
    reason_codes: tuple[ReasonCode, ...]
    expected_latency_ms: float | None
    expected_cost_usd: float | None
    expected_quality: float | None
    quality_samples: int | None
    status: HealthStatus
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingView:
    """The answer: eligible candidates by rank, then those ruled out, the least bad first."""

    as_of: datetime
    view_version: str
    policy: str | None
    policy_version: str | None
    stale: bool
    candidates: tuple[Candidate, ...]
    budget_remaining_usd: float | None
    quota_remaining: float | None
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """Shares of quality, latency and cost in the score; they add up to 1."""

    quality: float
    latency: float
    cost: float


_PREFERENCES: Mapping[str, Weights] = {
    "balanced": Weights(0.5, 0.25, 0.25),
    "quality": Weights(0.7, 0.15, 0.15),
    "latency": Weights(0.3, 0.55, 0.15),
    "cost": Weights(0.3, 0.15, 0.55),
}


@dataclass(frozen=True, slots=True)
class _Judged:
    """One deployment with what speaks against it and its score as if nothing did."""

    expected: Expectation
    objections: tuple[Objection, ...]
    score: float
    terms: tuple[str, ...]


def rank(
    request: RoutingRequest, *, view: ViewSnapshot, now: datetime, stale: bool = False
) -> RoutingView:
    """Rank every deployment of the view for a request; `stale` marks a view not renewed in time."""
    user = view.users.get((request.tenant, request.user))
    tier = request.tier if request.tier is not None or user is None else user.tier
    limits = Limits.of(request, tier=tier, view=view)
    weights = _weights(limits, user=user)
    expected = expectations(request, view=view, stale=stale)
    typical = Typical.of(expected)
    judged: list[_Judged] = []
    for each in expected:
        score, terms = _score(each, typical=typical, weights=weights)
        against = objections(request, expected=each, limits=limits, view=view, now=now)
        judged.append(_Judged(each, against, score, terms))
    eligible = sorted((j for j in judged if not j.objections), key=_best_first)
    ruled_out = sorted((j for j in judged if j.objections), key=_least_bad_first)
    policy = _policy(view.policies, request=request, tier=tier)
    return RoutingView(
        as_of=view.as_of,
        view_version=view.version,
        policy=policy.policy if policy else None,
        policy_version=policy.version if policy else None,
        stale=stale,
        candidates=(
            *(_candidate(j, place=place) for place, j in enumerate(eligible, start=1)),
            *(_candidate(j, place=None) for j in ruled_out),
        ),
        budget_remaining_usd=None,
        quota_remaining=None,
        warnings=_warnings(view, eligible=eligible, ruled_out=ruled_out, tier=tier, stale=stale),
    )


def _best_first(judged: _Judged) -> tuple[float, str]:
    return (-judged.score, judged.expected.name)


def _least_bad_first(judged: _Judged) -> tuple[int, int, float, str]:
    """Least hard to overcome first; each further reason makes it harder."""
    hardness = [HARDNESS[objection.code] for objection in judged.objections]
    return (max(hardness), sum(hardness), -judged.score, judged.expected.name)


def _weights(limits: Limits, *, user: UserFacts | None) -> Weights:
    """By the user's preference; a tier that weighs more cares less for cost (at a quarter most)."""
    wanted = user.optimise_for if user is not None else None
    base = _PREFERENCES.get(wanted or "balanced", _PREFERENCES["balanced"])
    importance = limits.tier.weight if limits.tier is not None else None
    factor = 1.0 if importance is None else 1 / min(max(importance, 1.0), 4.0)
    cost = base.cost * factor
    total = base.quality + base.latency + cost
    return Weights(base.quality / total, base.latency / total, cost / total)


def _score(
    expected: Expectation, *, typical: Typical, weights: Weights
) -> tuple[float, tuple[str, ...]]:
    """The score in [0, 1] and its terms in words.

    Latency and cost count as typical / (typical + own), one half where they are typical; the whole
    counts only as often as the deployment is expected not to fail.
    """
    terms: list[str] = []
    quality = _quality_term(expected, terms=terms)
    latency = _utility(
        expected.latency_ms, typical=typical.latency_ms, stale=expected.stale, what="latency",
        unit="ms", terms=terms,
    )  # fmt: skip
    cost = _utility(
        expected.cost_usd, typical=typical.cost_usd, stale=False, what="cost",
        unit="USD", terms=terms,
    )  # fmt: skip
    worth = weights.quality * quality + weights.latency * latency + weights.cost * cost
    success = 1 - expected.failure_share
    health = expected.health
    if health.error_rate is None:
        terms.append(f"error rate not known: {100 * expected.failure_share:.2g} % assumed")
    else:
        terms.append(f"{100 * expected.failure_share:.2g} % failures expected")
    factor = _STATUS_FACTOR[health.status]
    if health.breaker is BreakerState.HALF_OPEN:
        factor = min(factor, _HALF_OPEN_FACTOR)
    if health.status is not HealthStatus.HEALTHY:
        why = f": {health.reasons[0]}" if health.reasons else ""
        terms.append(f"{health.status.lower()}, counts {factor:.2g} times{why}")
    return worth * success * factor, tuple(terms)


def _quality_term(expected: Expectation, *, terms: list[str]) -> float:
    found = expected.quality
    if found is None:
        terms.append(f"quality not known: {_UNKNOWN_QUALITY} assumed")
        return _UNKNOWN_QUALITY
    words = f"quality {found.quality:.3g} expected from {found.samples} scores"
    if found.thin:
        words += ", too few: the model's or the fleet's mean counts"
    terms.append(words)
    return found.quality


def _utility(
    own: float | None,
    *,
    typical: float | None,
    stale: bool,
    what: str,
    unit: str,
    terms: list[str],
) -> float:
    if own is None or typical is None:
        terms.append(f"{what} not known: taken as typical")
        return _UNKNOWN_UTILITY
    words = f"{what} {own:.4g} {unit} expected"
    value = own
    if stale:
        value = (1 - _HEDGE) * own + _HEDGE * typical
        words += f", stale: hedged toward the typical {typical:.4g} {unit}"
    terms.append(words)
    return typical / (typical + value) if typical + value > 0 else _UNKNOWN_UTILITY


def _candidate(judged: _Judged, *, place: int | None) -> Candidate:
    expected = judged.expected
    against = judged.objections
    return Candidate(
        deployment=expected.name,
        rank=place,
        score=None if place is None else judged.score,
        eligible=place is not None,
        reasons=tuple(str(objection) for objection in against) or judged.terms,
        reason_codes=tuple(dict.fromkeys(objection.code for objection in against)),
        expected_latency_ms=expected.latency_ms,
        expected_cost_usd=expected.cost_usd,
        expected_quality=expected.quality.quality if expected.quality else None,
        quality_samples=expected.quality.samples if expected.quality else None,
        status=expected.health.status,
        stale=expected.stale,
    )


def _policy(
    policies: Sequence[PolicyFacts], *, request: RoutingRequest, tier: str | None
) -> PolicyFacts | None:
    """The policy in force for a request: the one published last of those that name its like.

    Where none does, the one published last: what a version names is what it was published for, and
    it holds for the rest too. A version for other tenants never counts.
    """

    def order(policy: PolicyFacts) -> tuple[bool, datetime, str]:
        named = (not policy.task_types or request.task_type in policy.task_types) and (
            not policy.tiers or tier in policy.tiers
        )
        return named, policy.published_at, policy.policy

    reachable = [p for p in policies if not p.tenants or request.tenant in p.tenants]
    return max(reachable, key=order, default=None)


def _warnings(
    view: ViewSnapshot,
    *,
    eligible: Sequence[_Judged],
    ruled_out: Sequence[_Judged],
    tier: str | None,
    stale: bool,
) -> tuple[str, ...]:
    found: list[str] = []
    if not eligible:
        if ruled_out:
            least_bad = ruled_out[0]
            lifted = "; and if ".join(objection.remedy for objection in least_bad.objections)
            found.append(
                f"NO_CANDIDATE: all {len(ruled_out)} deployments are ruled out;"
                f" least bad is {least_bad.expected.name}, which could serve if {lifted}"
            )
        else:
            found.append("NO_CANDIDATE: no deployment is known; register deployments first")
    if stale:
        found.append(f"STALE_VIEW: the hot view was last renewed at {view.as_of.isoformat()}")
    if tier is not None and view.tiers and tier not in view.tier_of:
        found.append(f"UNKNOWN_TIER: tier {tier} was never configured, so it sets no limits")
    return tuple(found)
