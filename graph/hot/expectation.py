"""What a request is expected to take, cost and be worth on a deployment, and how sure that is."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from graph.evidence import DeploymentFacts
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.quality import SAMPLE_FLOOR, Expected
from graph.hot.snapshot import ViewSnapshot

TAIL_WEIGHT = 0.25
"""Weight of the 95th percentile beside the median in the expected latency."""
ERROR_PRIOR = 0.02
"""Share of failures expected where nothing tells; counts for as much as `SAMPLE_FLOOR` samples."""


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


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Of one deployment for one request; None where nothing tells."""

    facts: DeploymentFacts
    health: DeploymentHealth
    latency_ms: float | None
    cost_usd: float | None
    quality: Expected | None
    stale: bool

    @property
    def name(self) -> str:
        """The deployment."""
        return self.facts.deployment

    @cached_property
    def failure_share(self) -> float:
        """Expected share of failures: the error rate, shrunk toward a prior where samples are few.

        A stale error rate counts for half.
        """
        rate = self.health.error_rate
        if rate is None:
            return ERROR_PRIOR
        samples = self.health.sample_count / (2 if self.stale else 1)
        return (samples * rate + SAMPLE_FLOOR * ERROR_PRIOR) / (samples + SAMPLE_FLOOR)


@dataclass(frozen=True, slots=True)
class Typical:
    """The middle of the fleet for one request: what to assume of who tells nothing."""

    latency_ms: float | None
    cost_usd: float | None

    @classmethod
    def of(cls, expectations: Iterable[Expectation]) -> "Typical":
        """Medians over the deployments that tell."""
        known = list(expectations)
        latencies = [e.latency_ms for e in known if e.latency_ms is not None]
        costs = [e.cost_usd for e in known if e.cost_usd is not None]
        return cls(
            median(latencies) if latencies else None,
            median(costs) if costs else None,
        )


def completion_tokens(request: RoutingRequest, *, view: ViewSnapshot) -> float | None:
    """Expected tokens of the answer: the task type's mean, the fleet's, or the most allowed.

    None where no request was seen and no limit given.
    """
    own = view.tokens_of.get(request.task_type)
    seen = (own,) if own is not None and own.requests >= SAMPLE_FLOOR else view.tokens
    requests = sum(each.requests for each in seen)
    most = request.max_completion_tokens
    if requests < SAMPLE_FLOOR:
        return None if most is None else float(most)
    mean = sum(each.completion_tokens for each in seen) / requests
    return mean if most is None else min(mean, float(most))


def expectations(request: RoutingRequest, *, view: ViewSnapshot, stale: bool) -> list[Expectation]:
    """One for each deployment of the view, by name. `stale` marks the view itself."""
    tokens = completion_tokens(request, view=view)
    found: list[Expectation] = []
    for health in sorted(view.deployments, key=lambda each: each.deployment):
        facts = view.facts_of.get(health.deployment) or DeploymentFacts.of_name(health.deployment)
        found.append(
            Expectation(
                facts=facts,
                health=health,
                latency_ms=_latency_ms(health),
                cost_usd=_cost_usd(facts, health, prompt=request.prompt_tokens, completion=tokens),
                quality=view.quality_table.expected(
                    task_type=request.task_type, deployment=health.deployment
                ),
                stale=stale or health.stale or health.status is HealthStatus.UNKNOWN,
            )
        )
    return found


def _latency_ms(health: DeploymentHealth) -> float | None:
    middle, tail = health.latency_p50_ms, health.latency_p95_ms
    if middle is None or tail is None:
        return tail if middle is None else middle
    return (1 - TAIL_WEIGHT) * middle + TAIL_WEIGHT * tail


def _cost_usd(
    facts: DeploymentFacts,
    health: DeploymentHealth,
    *,
    prompt: int,
    completion: float | None,
) -> float | None:
    if completion is None:
        return None
    if facts.input_usd_per_1k is not None and facts.output_usd_per_1k is not None:
        return (prompt * facts.input_usd_per_1k + completion * facts.output_usd_per_1k) / 1000
    price = health.cost_per_1k_tokens_usd
    return None if price is None else (prompt + completion) * price / 1000
