"""Routing policies and experiments as facts, what is in force, and what they make of a request.

`graph/policies/courses.py` makes a `Course` of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from graph.policies.format import FORMAT


def rules_read(rules: Mapping[str, Any] | None) -> dict[str, Any]:
    """The rules themselves where they are in our format; nothing of another router's."""
    return dict(rules) if rules is not None and rules.get("format") == FORMAT else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """One version of a policy as published; what it was published for is empty where for all.

    `rules` are as published; those without our `format` are another router's and not read.
    """

    policy: str
    version: str
    published_at: datetime
    task_types: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    rules: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        """Policy and version as people write them."""
        return f"{self.policy}@{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmFacts:
    """One arm of an experiment; `percent` of users are in it."""

    arm: str
    percent: float
    deployment: str | None = None
    policy_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentFacts:
    """An experiment as configured."""

    experiment: str
    policy: str
    running: bool
    arms: tuple[ArmFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How the policy in force, the experiment and the user's rules want one request to be routed.

    Made by `Courses` in `graph/policies/courses.py`.
    `only`, `avoid` (the policy's and the user's) and the bounds decide who is eligible; `first`
    goes before every other eligible one, in its order; `last` after every other, in its order.
    """

    policy: str | None = None
    policy_version: str | None = None
    rule: str | None = None
    experiment: str | None = None
    arm: str | None = None
    propensity: float | None = None
    """Probability, over users, of what `first` begins with; of the arm where `first` is empty.

    None where nothing was drawn.
    """
    arm_propensity: float | None = None
    """Probability, over users, of the arm alone; None without one."""
    shares: Mapping[str, float] = field(default_factory=dict[str, float])
    """What each of `first` is drawn for, as a share of users; together 1, or empty.

    Where some are ruled out, the first of those left has its share of the shares left.
    """
    only: Mapping[str, str] | None = None
    """Deployment -> whose rule lets it serve; None lets all. Of the policy and the experiment."""
    avoid: Mapping[str, str] = field(default_factory=dict[str, str])
    """Deployment -> whose rule keeps it out. Of the policy."""
    user_only: Mapping[str, str] | None = None
    """Like `only`, of the user's rules."""
    user_avoid: Mapping[str, str] = field(default_factory=dict[str, str])
    """Like `avoid`, of the user's rules."""
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    max_cost_usd: tuple[float, str] | None = None
    max_latency_ms: tuple[float, str] | None = None
    min_quality: tuple[float, str] | None = None
    flags: Mapping[str, bool | int | float | str] = field(
        default_factory=dict[str, bool | int | float | str]
    )
    steps: tuple[str, ...] = ()
    """How it was come to, in words."""
    warnings: tuple[str, ...] = ()


FREE = Course()


def in_force(policies: Iterable[PolicyFacts]) -> dict[str, PolicyFacts]:
    """Of each policy the version published last; of two at the same time the greater text."""
    newest: dict[str, PolicyFacts] = {}
    for each in policies:
        known = newest.get(each.policy)
        if known is None or _age(known) < _age(each):
            newest[each.policy] = each
    return newest


def policy_in_force(
    policies: Iterable[PolicyFacts], *, tenant: str, tier: str | None, task_type: str
) -> PolicyFacts | None:
    """The policy in force for a request: the one published last of those that name its like.

    Of each policy only the version published last is in force. Where no policy names the like of
    the request, it is the one published last: what a version names is what it was published for,
    and it holds for the rest too. A version for other tenants never counts.
    """

    def order(policy: PolicyFacts) -> tuple[bool, datetime, str]:
        named = (not policy.task_types or task_type in policy.task_types) and (
            not policy.tiers or tier in policy.tiers
        )
        return named, policy.published_at, policy.policy

    newest = in_force(policies).values()
    reachable = [p for p in newest if not p.tenants or tenant in p.tenants]
    return max(reachable, key=order, default=None)


def _age(policy: PolicyFacts) -> tuple[datetime, str]:
    return policy.published_at, policy.version
