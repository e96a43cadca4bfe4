"""What is known of one deployment before anything is concluded from it: the input of health.

Shared by the hot view (evidence from Redis) and the past (evidence from Neo4j), so that both judge
the same way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from graph.settings import HealthSettings
from graph.sketch import Sketch


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One health sample; `at` is the end of its window, any metric may be missing (None)."""

    deployment: str
    at: datetime
    recorded_at: datetime
    window_s: float
    sample_count: int
    source: str = ""
    available: bool | None = None
    error_rate: float | None = None
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    latency_p99_ms: float | None = None
    queue_depth: float | None = None
    in_flight: float | None = None
    load: float | None = None
    rate_limit_remaining: float | None = None
    rate_limit_limit: float | None = None
    spot_availability: float | None = None
    cost_per_1k_tokens_usd: float | None = None
    region: str | None = None

    @property
    def tells_usable(self) -> bool:
        """Whether it has anything to say about requests getting through."""
        return self.available is not None or self.error_rate is not None

    def stale_at(self, budgets: HealthSettings) -> datetime:
        """From when the sample is stale: twice its window, but not before the fresh budget."""
        return self.at + timedelta(seconds=max(budgets.fresh_s, 2 * self.window_s))

    def expires_at(self, budgets: HealthSettings) -> datetime:
        """From when the sample says nothing: four windows, but not before the unknown budget."""
        return self.at + timedelta(seconds=max(budgets.unknown_after_s, 4 * self.window_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class MinuteOutcomes:
    """How the requests of one deployment that arrived in one minute went, all tenants together.

    The counts are by class of `graph.outcomes`. `latency` is of those that it worked on (answered,
    failed or timed out), `pace` in ms per token of those that it answered itself.
    """

    minute: datetime
    count: int
    ok: int
    error: int
    timeout: int
    rate_limited: int
    latency: Sketch
    last_at: datetime
    rejected: int = 0
    denied: int = 0
    pace: Sketch = field(default_factory=Sketch)

    @property
    def told(self) -> int:
        """Requests whose end tells something of the deployment: not their caller's own fault."""
        return self.count - self.rejected

    @property
    def failed(self) -> int:
        """Requests that the deployment did not serve as it should, for whatever reason."""
        return self.broken + self.rate_limited

    @property
    def judged(self) -> int:
        """Requests that tell whether it works: it took them on."""
        return self.ok + self.broken

    @property
    def broken(self) -> int:
        """Requests that say that it does not work; a rate limit does not say so."""
        return self.error + self.timeout + self.denied


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFacts:
    """What was registered of a deployment, its model and its backend; None is not known."""

    deployment: str
    model: str
    backend: str
    version: str | None = None
    registered: bool = True
    deprecated_at: datetime | None = None
    input_usd_per_1k: float | None = None
    output_usd_per_1k: float | None = None
    max_rps: float | None = None
    context_window: int | None = None
    capabilities: tuple[str, ...] | None = None
    compliance: tuple[str, ...] = ()
    spot: bool = False

    @classmethod
    def of_name(cls, deployment: str) -> "DeploymentFacts":
        """An unregistered deployment: what `model@backend` itself tells."""
        model, _, backend = deployment.rpartition("@")
        return cls(
            deployment=deployment,
            model=model or deployment,
            backend=backend if model else "",
            registered=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident as known; `scope_kind` is deployment, model, backend or global."""

    id: str
    title: str
    severity: str
    scope_kind: str
    scope_id: str | None
    opened_at: datetime
    resolved_at: datetime | None = None
    root_cause: str | None = None
    affected_deployments: tuple[str, ...] = ()
    url: str | None = None
    status_source: str | None = None

    def open_at(self, now: datetime) -> bool:
        """Whether it was open at that instant."""
        return self.opened_at <= now and (self.resolved_at is None or now < self.resolved_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """Planned work; `scope_kind` is deployment, model, backend or global."""

    id: str
    title: str
    scope_kind: str
    scope_id: str | None
    starts_at: datetime
    ends_at: datetime

    def active_at(self, now: datetime) -> bool:
        """Whether it is under way at that instant."""
        return self.starts_at <= now < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known of one deployment; no order is assumed in any of the sequences."""

    facts: DeploymentFacts
    observations: Sequence[Observation] = ()
    traffic: Sequence[MinuteOutcomes] = ()
    incidents: Sequence[Incident] = ()
    maintenance: Sequence[Maintenance] = ()


def concerns(facts: DeploymentFacts, *, scope_kind: str, scope_id: str | None) -> bool:
    """Whether something of that scope (deployment, model, backend, global) reaches a deployment."""
    match scope_kind:
        case "global":
            return True
        case "deployment":
            return scope_id == facts.deployment
        case "model":
            return scope_id == facts.model
        case "backend":
            return scope_id == facts.backend
        case _:
            return False
