"""The routing view: every deployment ranked or ruled out for one request, each with its reasons.

Pure and deterministic: the same request, view and instant always give the same answer, whatever the
order of what the view holds; equal scores are ordered by the deployment's name. A pick is made at
once, the candidates when they are looked at, and words when they are read.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import ClassVar

import orjson

from graph.health import HealthStatus
from graph.hot.accounts import UNLIMITED, Standing
from graph.hot.routing.compiled import breaker_key
from graph.hot.routing.decision import Decision, decide, expected_tokens
from graph.hot.routing.eligibility import ReasonCode, codes_of
from graph.hot.routing.expectation import Requirements, RoutingRequest
from graph.hot.routing.objections import objections
from graph.hot.routing.words import steps, terms, warnings
from graph.hot.snapshot import ViewSnapshot

__all__ = [
    "Candidate",
    "Flag",
    "ReasonCode",
    "Requirements",
    "RoutingRequest",
    "RoutingView",
    "rank",
]


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that the policy in force sets for the request; `value` is JSON."""

    name: str
    value: str


class Candidate:
    """One deployment for one request; `rank` (from 1) and `score` (0 to 1) where eligible.

    `propensity` is the probability, over users, that a policy's split or an experiment puts it
    first; `probe` tells that this request is the one that tests a half-open breaker.
    """

    FIELDS: ClassVar = (
        "deployment",
        "rank",
        "score",
        "eligible",
        "reasons",
        "reason_codes",
        "expected_latency_ms",
        "expected_cost_usd",
        "expected_quality",
        "quality_samples",
        "status",
        "stale",
        "propensity",
        "probe",
    )
    """What it says, for those who write all of it down."""

    __slots__ = (
        "_found",
        "_place",
        "deployment",
        "eligible",
        "expected_cost_usd",
        "expected_latency_ms",
        "expected_quality",
        "probe",
        "propensity",
        "quality_samples",
        "rank",
        "score",
        "stale",
        "status",
    )

    def __init__(
        self, found: Decision, place: int, *, rank: int | None, propensity: float | None
    ) -> None:
        fleet, quality = found.fleet, found.plan.quality[place]
        self._found = found
        self._place = place
        self.deployment = fleet.names[place]
        self.rank = rank
        self.eligible = rank is not None
        self.score = None if rank is None else found.score(place)
        self.expected_latency_ms = found.latencies_ms[place]
        self.expected_cost_usd = found.costs_usd[place]
        self.expected_quality: float | None = None
        self.quality_samples: int | None = None
        if quality is not None:
            self.expected_quality, self.quality_samples = quality.quality, quality.samples
        self.status: HealthStatus = fleet.healths[place].status
        self.stale = found.plan.state.stale[place]
        self.propensity = propensity
        self.probe = place == found.probe

    @property
    def reasons(self) -> tuple[str, ...]:
        """What its score rests on, or each reason it is ruled out: code and figure."""
        if self.eligible:
            return terms(self._found, self._place)
        return tuple(map(str, objections(self._found, self._place)))

    @property
    def reason_codes(self) -> tuple[ReasonCode, ...]:
        """The codes of what rules it out, the hardest to overcome first."""
        return () if self.eligible else codes_of(self._found.reasons[self._place])

    def __eq__(self, other: object) -> bool:
        """Whether they say the same."""
        return isinstance(other, Candidate) and _said(self) == _said(other)

    def __hash__(self) -> int:
        return hash((self.deployment, self.rank, self.score))

    def __repr__(self) -> str:
        """What it says of the order."""
        return f"Candidate({self.deployment!r}, rank={self.rank}, score={self.score})"


class RoutingView:
    """The answer: eligible candidates by rank, then those ruled out, the least bad first."""

    FIELDS: ClassVar = (
        "as_of",
        "view_version",
        "tier",
        "policy",
        "policy_version",
        "policy_rule",
        "experiment",
        "arm",
        "propensity",
        "flags",
        "stale",
        "candidates",
        "budget_remaining_usd",
        "quota_remaining",
        "steps",
        "warnings",
    )
    """What it says, for those who write all of it down."""

    def __init__(self, found: Decision) -> None:
        view, course, standing = found.fleet.view, found.limits.course, found.standing
        self._found = found
        self.as_of = view.as_of
        self.view_version = view.version
        self.tier = found.tier
        self.policy = course.policy
        self.policy_version = course.policy_version
        self.policy_rule = course.rule
        self.experiment = course.experiment
        self.arm = course.arm
        self.stale = found.stale
        usd, requests = standing.usd, standing.requests
        self.budget_remaining_usd = None if usd is None else usd.remaining
        self.quota_remaining = None if requests is None else requests.remaining

    @property
    def decision(self) -> Decision:
        """What it tells of."""
        return self._found

    @property
    def best(self) -> str | None:
        """The deployment to send the request to; None where all are ruled out."""
        order = self._found.order
        return self._found.fleet.names[order[0]] if order else None

    @property
    def expected_cost_usd(self) -> float | None:
        """What the request is expected to cost on the best; None where that is not known."""
        order = self._found.order
        return self._found.costs_usd[order[0]] if order else None

    @property
    def expected_tokens(self) -> float:
        """Tokens that the request is expected to take, prompt and answer together."""
        return expected_tokens(self._found)

    @property
    def probe_key(self) -> str | None:
        """The key of the half-open breaker that the request tests, if it does."""
        place = self._found.probe
        return None if place is None else breaker_key(self._found.fleet.healths[place])

    @cached_property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every deployment."""
        found, chances = self._found, self._propensities
        names = found.fleet.names
        return (
            *(
                Candidate(found, place, rank=rank, propensity=chances.get(names[place]))
                for rank, place in enumerate(found.order, start=1)
            ),
            *(Candidate(found, place, rank=None, propensity=None) for place in found.ruled_out()),
        )

    @property
    def propensity(self) -> float | None:
        """Probability, over users, of the first candidate, or of the arm; None without a draw."""
        chance = self._propensities.get(self.best or "")
        return self._found.limits.course.arm_propensity if chance is None else chance

    @cached_property
    def _propensities(self) -> dict[str, float]:
        """Of those drawn for and not kept out: each has its share of the shares that are left."""
        found, course = self._found, self._found.limits.course
        if not course.shares:
            return {}
        names, kept_back = found.fleet.names, {*found.plan.avoided, found.probe}
        left = [names[place] for place in found.order if place not in kept_back]
        shares = {name: course.shares[name] for name in left if name in course.shares}
        total, arm = sum(shares.values()), course.arm_propensity
        if total <= 0:
            return {}
        return {
            name: share / total * (1.0 if arm is None else arm) for name, share in shares.items()
        }

    @property
    def flags(self) -> tuple[Flag, ...]:
        """Flags that the policy in force sets, by name."""
        flags = self._found.limits.course.flags
        return tuple(Flag(name, orjson.dumps(flags[name]).decode()) for name in sorted(flags))

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """How the order was come to, in words."""
        return steps(self._found)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What to know before relying on it."""
        return warnings(self._found)

    def __eq__(self, other: object) -> bool:
        """Whether they say the same."""
        return isinstance(other, RoutingView) and _said(self) == _said(other)

    def __hash__(self) -> int:
        return hash((self.view_version, self.best))


def _said(value: Candidate | RoutingView) -> tuple[object, ...]:
    return tuple(getattr(value, name) for name in value.FIELDS)


def rank(
    request: RoutingRequest,
    *,
    view: ViewSnapshot,
    now: datetime,
    stale: bool = False,
    standing: Standing = UNLIMITED,
    permits: Collection[str] = frozenset(),
) -> RoutingView:
    """Rank every deployment of the view for a request.

    `stale` marks a view not renewed in time, `standing` is what is left of budgets and quotas, and
    `permits` are the keys of half-open breakers that this request may test.
    """
    return RoutingView(
        decide(request, view=view, now=now, stale=stale, standing=standing, permits=permits)
    )
