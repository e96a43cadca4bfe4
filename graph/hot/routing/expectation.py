"""A request that is to be routed, and how many tokens it is expected to take."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from graph.hot.quality import SAMPLE_FLOOR
from graph.hot.snapshot import ViewSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What the request itself demands; None is no demand."""

    max_latency_ms: float | None = None
    max_cost_usd: float | None = None
    min_quality: float | None = None
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRequest:
    """A request to be routed; without `tier` it is the user's configured one."""

    user: str
    task_type: str
    prompt_tokens: int
    tier: str | None = None
    tenant: str = "default"
    max_completion_tokens: int | None = None
    requirements: Requirements = Requirements()
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    reserve: bool = True
    """Whether it will be sent; otherwise it takes nothing of budgets, quotas and probes."""


def mean_completion_tokens(task_type: str, *, view: ViewSnapshot) -> float | None:
    """Mean tokens of an answer: the task type's, or the fleet's where it has too few requests.

    None where the fleet has too few as well.
    """
    own = view.tokens_of.get(task_type)
    seen = (own,) if own is not None and own.requests >= SAMPLE_FLOOR else view.tokens
    requests = sum(each.requests for each in seen)
    if requests < SAMPLE_FLOOR:
        return None
    return sum(each.completion_tokens for each in seen) / requests
