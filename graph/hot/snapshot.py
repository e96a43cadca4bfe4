"""The hot view as one value: everything that a pick needs, in memory, at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter

from graph.evidence import DeploymentFacts, Incident, Maintenance
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.accounts import Account
from graph.hot.quality import EvaluatorScale, QualityCell, QualityTable, quality_table
from graph.policies.facts import ExperimentFacts, PolicyFacts
from graph.settings import GraphSettings, HealthSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class TierFacts:
    """What a tier was configured to; None is not limited."""

    tier: str
    weight: float | None = None
    latency_p95_ms: float | None = None
    quality_floor: float | None = None
    max_cost_per_request_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantFacts:
    """What a tenant was configured to; None is not limited, an empty allowance allows nothing."""

    tenant: str
    cost_ceiling_per_request_usd: float | None = None
    quality_floor: float | None = None
    allowed_backends: tuple[str, ...] | None = None
    required_compliance: tuple[str, ...] = ()
    daily_budget_usd: float | None = None
    monthly_budget_usd: float | None = None
    requests_per_second: float | None = None
    tokens_per_minute: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRule:
    """What to use, or to avoid, when a request looks so; `when` is as configured."""

    when: Mapping[str, Any]
    use: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFacts:
    """What a user was configured to."""

    tenant: str
    user: str
    tier: str
    optimise_for: str | None = None
    prefer: tuple[str, ...] = ()
    """Models."""
    avoid: tuple[str, ...] = ()
    """Models."""
    rules: tuple[UserRule, ...] = ()
    requests_per_day: float | None = None
    daily_budget_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTokens:
    """Requests of a task type in the last two days and the completion tokens they took together."""

    task_type: str
    requests: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentWork:
    """Sums over the requests that a deployment answered in the last two days, cached ones apart.

    With prompt tokens p, completion tokens c and latency l in ms: enough for the least-squares fit
    of l on p and c.
    """

    deployment: str
    requests: int
    p: int
    c: int
    latency_ms: int
    pp: int
    cc: int
    pc: int
    p_latency: int
    c_latency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPolicy:
    """A version of a policy that was refused; the one before it stays in force."""

    policy: str
    version: str
    refused_at: datetime
    message: str


UserKey = tuple[str, str]
"""Tenant and user."""


@dataclass(frozen=True, kw_only=True)
class ViewSnapshot:
    """The hot view at `as_of`, composed by the projector.

    `behind_s` is how much older than `as_of` the evidence is because the log was not yet read to
    its end. `users` travel apart from the rest (they are many) and are joined in by the reader.
    """

    version: str
    as_of: datetime
    built: bool = True
    """Whether Redis was filled from the graph once; until then it may lack what the graph has."""
    behind_s: float = 0.0
    deployments: tuple[DeploymentHealth, ...] = ()
    facts: tuple[DeploymentFacts, ...] = ()
    tiers: tuple[TierFacts, ...] = ()
    tenants: tuple[TenantFacts, ...] = ()
    policies: tuple[PolicyFacts, ...] = ()
    """The version in force of each policy, and each version that an arm of an experiment names."""
    refused_policies: tuple[RefusedPolicy, ...] = ()
    experiments: tuple[ExperimentFacts, ...] = ()
    accounts: tuple[Account, ...] = ()
    accounts_version: int = 0
    """Bookings flushed up to this stamp are in `accounts`."""
    live_processes: int = 1
    """Processes that share what is left of budgets and quotas."""
    incidents: tuple[Incident, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    quality: tuple[QualityCell, ...] = ()
    quality_as_of: datetime | None = None
    evaluators: tuple[EvaluatorScale, ...] = ()
    tokens: tuple[TaskTokens, ...] = ()
    work: tuple[DeploymentWork, ...] = ()
    users_version: int = 0
    users: Mapping[UserKey, UserFacts] = field(default_factory=dict[UserKey, UserFacts])

    def stale(self, *, now: datetime, settings: GraphSettings) -> bool:
        """Whether the view was not renewed in time, or is made of evidence that old."""
        age_s = (now - self.as_of) / timedelta(seconds=1)
        return max(age_s, self.behind_s) > settings.view_stale_s

    @cached_property
    def facts_of(self) -> Mapping[str, DeploymentFacts]:
        """Registered facts by deployment."""
        return {facts.deployment: facts for facts in self.facts}

    @cached_property
    def tier_of(self) -> Mapping[str, TierFacts]:
        """Tiers by name."""
        return {tier.tier: tier for tier in self.tiers}

    @cached_property
    def tenant_of(self) -> Mapping[str, TenantFacts]:
        """Tenants by name."""
        return {tenant.tenant: tenant for tenant in self.tenants}

    @cached_property
    def account_of(self) -> Mapping[UserKey, Account]:
        """Accounts by tenant and user; a tenant's own has no user."""
        return {(account.tenant, account.user): account for account in self.accounts}

    @cached_property
    def tokens_of(self) -> Mapping[str, TaskTokens]:
        """Completion tokens by task type."""
        return {tokens.task_type: tokens for tokens in self.tokens}

    @cached_property
    def quality_table(self) -> QualityTable:
        """Learned quality, shrunk toward its priors."""
        models = sorted((facts.deployment, facts.model) for facts in self.facts)
        return quality_table(self.quality, tuple(models))

    def to_json(self) -> bytes:
        """The snapshot without its users."""
        return _ADAPTER.dump_json(replace(self, users={}))


_ADAPTER = TypeAdapter(ViewSnapshot)
_EPOCH = datetime.fromtimestamp(0, UTC)

EMPTY = ViewSnapshot(version="", as_of=_EPOCH)
"""What is known before any view was ever read: nothing, and stale."""


def from_json(blob: bytes) -> ViewSnapshot:
    """The inverse of `to_json`; ValueError where the blob is not a view of this version."""
    return _ADAPTER.validate_json(blob)


def aged(snapshot: ViewSnapshot, *, now: datetime, budgets: HealthSettings) -> ViewSnapshot:
    """A view that was not renewed, as it must be read now: stale, and UNKNOWN in the end.

    Ages advance to `now`; HEALTHY becomes DEGRADED, for nobody knows that it still is.
    """
    gone_s = (now - snapshot.as_of) / timedelta(seconds=1)
    unknown = gone_s >= budgets.unknown_after_s
    since = f"{snapshot.as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    reason = f"hot view not renewed since {since}"

    def older(health: DeploymentHealth) -> DeploymentHealth:
        status = health.status
        if unknown:
            status = HealthStatus.UNKNOWN
        elif status is HealthStatus.HEALTHY:
            status = HealthStatus.DEGRADED
        age_ms = None
        if health.updated_at is not None:
            age_ms = (now - health.updated_at) / timedelta(milliseconds=1)
        reasons = (reason, *health.reasons)
        return replace(health, status=status, stale=True, reasons=reasons, age_ms=age_ms)

    return replace(snapshot, deployments=tuple(older(health) for health in snapshot.deployments))
