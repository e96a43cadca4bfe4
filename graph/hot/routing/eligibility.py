"""Why a deployment may not serve a request: the codes, and what limits a request and whose it is.

What is not known is no reason to rule out, with one exception: a certificate that a tenant requires
must be known to be there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from graph.hot.routing.expectation import RoutingRequest
from graph.hot.snapshot import TenantFacts, TierFacts
from graph.policies.facts import Course


class ReasonCode(StrEnum):
    """Why a deployment is ruled out, the hardest to overcome first."""

    BACKEND_NOT_ALLOWED = "backend_not_allowed"
    COMPLIANCE = "compliance"
    CAPABILITY = "capability"
    CONTEXT_WINDOW = "context_window"
    POLICY_RULE = "policy_rule"
    BACKEND_DOWN = "backend_down"
    DOWN = "down"
    BREAKER_OPEN = "breaker_open"
    BREAKER_HALF_OPEN = "breaker_half_open"
    MAINTENANCE = "maintenance"
    RATE_LIMITED = "rate_limited"
    DEPRECATED = "deprecated"
    USER_RULE = "user_rule"
    BUDGET = "budget"
    QUOTA = "quota"
    MAX_COST = "max_cost"
    MIN_QUALITY = "min_quality"
    MAX_LATENCY = "max_latency"


BIT: Final = {code: 1 << (len(ReasonCode) - place) for place, code in enumerate(ReasonCode, 1)}
"""A bit for each code, the higher the harder.

So the reasons against a deployment are one number, and the least bad deployment is the one with the
least: its hardest reason counts first, and each further reason makes it worse.
"""
_KEPT: Final = 4_096


@lru_cache(maxsize=_KEPT)
def codes_of(reasons: int) -> tuple[ReasonCode, ...]:
    """The codes in a number made of their bits, the hardest first."""
    return tuple(code for code, bit in BIT.items() if reasons & bit)


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason against a deployment: its code, the figure behind it, and what would lift it."""

    code: ReasonCode
    words: str
    remedy: str

    def __str__(self) -> str:
        """Code and figure, as the reasons of a candidate give it."""
        return f"{self.code}: {self.words}"


Bound = tuple[float, str]
"""A limit and whose it is."""


def lowest(*amounts: float | None) -> float | None:
    """The least of those that are given."""
    found: float | None = None
    for amount in amounts:
        if amount is not None and (found is None or amount < found):
            found = amount
    return found


def highest(*amounts: float | None) -> float | None:
    """The greatest of those that are given."""
    found: float | None = None
    for amount in amounts:
        if amount is not None and (found is None or amount > found):
            found = amount
    return found


@dataclass(frozen=True, slots=True)
class Limits:
    """What limits one request, with whose each limit is; words are made only when asked for."""

    request: RoutingRequest
    tenant: TenantFacts | None
    tier: TierFacts | None
    course: Course

    def cost_usd(self) -> Bound | None:
        """The lowest of the ceilings on cost."""
        tenant, tier = self.tenant, self.tier
        found = self._named(
            self.request.requirements.max_cost_usd,
            tenant and tenant.cost_ceiling_per_request_usd,
            tier and tier.max_cost_per_request_usd,
            self.course.max_cost_usd,
        )
        return min(found, default=None)

    def quality(self) -> Bound | None:
        """The highest of the floors of quality."""
        tenant, tier = self.tenant, self.tier
        found = self._named(
            self.request.requirements.min_quality,
            tenant and tenant.quality_floor,
            tier and tier.quality_floor,
            self.course.min_quality,
        )
        return max(found, default=None)

    def latency_ms(self) -> Bound | None:
        """The lowest of the ceilings on expected latency; a tier's promise of p95 is apart."""
        demanded = self.request.requirements.max_latency_ms
        found = self._named(demanded, None, None, self.course.max_latency_ms)
        return min(found, default=None)

    def _named(
        self,
        of_request: float | None,
        of_tenant: float | None,
        of_tier: float | None,
        of_course: Bound | None,
    ) -> Iterable[Bound]:
        if of_request is not None:
            yield of_request, "the request"
        if of_tenant is not None and self.tenant is not None:
            yield of_tenant, f"tenant {self.tenant.tenant}"
        if of_tier is not None and self.tier is not None:
            yield of_tier, f"tier {self.tier.tier}"
        if of_course is not None:
            yield of_course
