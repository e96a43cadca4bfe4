"""The data of events that configure the service: tiers, tenants, users, objectives, budgets."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ingest.events.values import (
    ARRAY,
    AmountUsd,
    BackendId,
    BackendIds,
    BudgetUsd,
    DeploymentId,
    DeploymentIds,
    DurationMs,
    Identifier,
    Identifiers,
    Number,
    Object,
    Share,
    Tenant,
    Told,
    Whole,
)


class TierConfigured(Told):
    """A class of users with its service levels."""

    tier: Identifier = Field(description="The tier.")
    weight: Number | None = Field(default=None, description="Importance beside other tiers.")
    latency_p95_ms: DurationMs | None = Field(
        default=None, description="Promised 95th percentile of latency, ms."
    )
    availability: Share | None = Field(default=None, description="Promised share of good answers.")
    quality_floor: Share | None = Field(
        default=None, description="Lowest acceptable expected score."
    )
    max_cost_per_request_usd: AmountUsd | None = Field(
        default=None, description="Highest acceptable cost of a request, US dollars."
    )


class TenantConfigured(Told):
    """Budgets, limits and rules of the envelope's tenant; what is left out is not limited."""

    daily_budget_usd: BudgetUsd | None = Field(default=None, description="Per day, US dollars.")
    monthly_budget_usd: BudgetUsd | None = Field(default=None, description="Per month, US dollars.")
    cost_ceiling_per_request_usd: AmountUsd | None = Field(
        default=None, description="Highest cost of one request, US dollars."
    )
    quality_floor: Share | None = Field(
        default=None, description="Lowest acceptable expected score."
    )
    allowed_backends: BackendIds | None = Field(
        default=None, description="Only these backends may serve it; absent: all."
    )
    required_compliance: Identifiers = Field(
        default=(), description="Certificates that a backend must have."
    )
    requests_per_second: Number | None = Field(default=None, description="Quota.")
    tokens_per_minute: Number | None = Field(default=None, description="Quota.")


class Preferences(Told):
    """What a user would rather have."""

    optimise_for: Literal["latency", "cost", "quality", "balanced"] | None = Field(
        default=None, description="What counts most."
    )
    prefer: Identifiers = Field(default=(), description="Models to prefer.")
    avoid: Identifiers = Field(default=(), description="Models to avoid.")


class UserRule(Told):
    """What to use or avoid when a request looks so."""

    when: Object = Field(
        description="Fields of the request with the value, or the list of values, that fit: "
        "task_type, tier, prompt_tokens_min, prompt_tokens_max, or a label's name. "
        "A rule that looks at anything else does not hold."
    )
    use: DeploymentIds = Field(default=(), description="Only these deployments.")
    avoid: DeploymentIds = Field(default=(), description="None of these deployments.")


class UserConfigured(Told):
    """A user's tier, limits, preferences and rules."""

    user: Identifier = Field(description="The user, within the envelope's tenant.")
    tier: Identifier = Field(description="The user's tier.")
    requests_per_day: Whole | None = Field(default=None, description="Quota.")
    daily_budget_usd: BudgetUsd | None = Field(default=None, description="Per day, US dollars.")
    preferences: Preferences | None = Field(default=None, description="What is preferred.")
    rules: Annotated[tuple[UserRule, ...], ARRAY] = Field(
        default=(), description="Rules; all that fit a request hold together, in whatever order."
    )


class SloSlice(Told):
    """The requests that an objective or a budget holds for; all fields given must fit."""

    # A misspelt field would silently widen it, so here the unknown is refused.
    model_config = ConfigDict(extra="forbid")

    task_type: Identifier | None = Field(default=None, description="Only this task type.")
    tier: Identifier | None = Field(default=None, description="Only this tier.")
    tenant: Tenant | None = Field(default=None, description="Only this tenant.")
    deployment: DeploymentId | None = Field(default=None, description="Only this deployment.")
    model: Identifier | None = Field(default=None, description="Only this model.")
    backend: BackendId | None = Field(default=None, description="Only this backend.")


class SloDefined(Told):
    """A service level objective of the envelope's tenant."""

    slo: Identifier = Field(description="The objective's name.")
    objective: Literal["availability", "latency", "quality"] = Field(
        description="What is promised."
    )
    target: Share = Field(description="Share of requests that must be good.")
    threshold: Number | None = Field(
        default=None, description="What is good: at most so many ms, or at least such a score."
    )
    window_days: Annotated[float, Field(gt=0, le=3_660, allow_inf_nan=False)] = Field(
        description="Days it is judged over."
    )
    where: SloSlice | None = Field(default=None, description="The requests it holds for.")


class BudgetDefined(Told):
    """A budget of the envelope's tenant for a slice of its requests: watched, not enforced."""

    budget: Identifier = Field(description="The budget's name.")
    limit_usd: BudgetUsd = Field(description="What a period may cost, US dollars.")
    period: Literal["day", "month"] = Field(description="A day or a calendar month, UTC.")
    where: SloSlice | None = Field(default=None, description="The requests it is for.")
