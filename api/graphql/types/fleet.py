"""The fleet: health of deployments, incidents, changes and policies."""

from datetime import datetime

import strawberry

from api.graphql.enums import BreakerState, HealthStatus


@strawberry.type(description="A thing by its kind and identifier.")
class EntityRef:
    """The twin of graph.slices.EntityRef."""

    kind: str = strawberry.field(
        description="What it is: deployment, model, backend, policy, task_type, tier, tenant, …"
    )
    id: strawberry.ID = strawberry.field(description="Its identifier.")


@strawberry.type(
    description="The health of one deployment at an instant. Figures are null where nothing recent "
    "tells, never 0."
)
class DeploymentHealth:
    """The twin of graph.health.DeploymentHealth."""

    deployment: strawberry.ID = strawberry.field(description="The deployment, `model@backend`.")
    model: strawberry.ID = strawberry.field(description="Its model.")
    backend: strawberry.ID = strawberry.field(description="Its backend.")
    version: str | None = strawberry.field(description="The version that was registered last.")
    status: HealthStatus = strawberry.field(description="The judgement.")
    reasons: list[str] = strawberry.field(
        description="Why this status, in words with the figures; also what is missing or stale."
    )
    breaker: BreakerState = strawberry.field(description="Its circuit breaker.")
    breaker_key: str = strawberry.field(
        description="What the breaker stands for: the deployment, or `backend:…` where a whole "
        "backend failed as one."
    )
    breaker_reason: str | None = strawberry.field(
        description="Why it is not closed, with the figures; null where it is."
    )
    breaker_until: datetime | None = strawberry.field(
        description="When it lets the next probe through; null where it is closed, or where only "
        "new evidence ends it."
    )
    availability: float | None = strawberry.field(description="Share of time usable, in [0, 1].")
    error_rate: float | None = strawberry.field(
        description="Share of requests that failed, in [0, 1]."
    )
    latency_p50_ms: float | None = strawberry.field(
        name="latencyP50Ms", description="Median latency in ms."
    )
    latency_p95_ms: float | None = strawberry.field(
        name="latencyP95Ms", description="95th percentile of the latency in ms."
    )
    queue_depth: float | None = strawberry.field(description="Requests that wait in its queue.")
    load: float | None = strawberry.field(description="Load in use; 1 is its capacity.")
    rate_limit_remaining: float | None = strawberry.field(
        description="What its provider's rate limit still allows, in the provider's unit."
    )
    spot_availability: float | None = strawberry.field(
        description="Share of the spot capacity that is there, in [0, 1]."
    )
    cost_per_1k_tokens_usd: float | None = strawberry.field(
        name="costPer1kTokensUsd", description="Price of 1,000 tokens in US dollars."
    )
    sample_count: int = strawberry.field(
        description="Samples behind it: the newest health sample's, and the recent requests."
    )
    updated_at: datetime | None = strawberry.field(description="The time of the newest evidence.")
    age_ms: float | None = strawberry.field(description="How old that evidence is, in ms.")
    stale: bool = strawberry.field(
        description="Whether the evidence is too old to be relied on; never HEALTHY then."
    )


@strawberry.type(description="What a deployment was judged to be at an instant.")
class StateAt:
    """The twin of graph.states.StateAt."""

    at: datetime = strawberry.field(description="The instant: the end of a step.")
    status: HealthStatus = strawberry.field(description="The judgement.")
    breaker: BreakerState = strawberry.field(description="Its circuit breaker.")
    reasons: list[str] = strawberry.field(
        description="Why this status, in words with the figures; also what is missing or stale."
    )
    stale: bool = strawberry.field(
        description="Whether the evidence was too old to be relied on; never HEALTHY then."
    )


@strawberry.type(description="An incident as it was known.")
class Incident:
    """The twin of graph.evidence.Incident."""

    id: strawberry.ID = strawberry.field(description="Its identifier.")
    title: str = strawberry.field(description="What it is about.")
    severity: str = strawberry.field(description="sev1 (the gravest) to sev4.")
    scope_kind: str = strawberry.field(description="deployment, model, backend or global.")
    scope_id: strawberry.ID | None = strawberry.field(
        description="Which one; null where it is global."
    )
    opened_at: datetime = strawberry.field(description="When it began.")
    resolved_at: datetime | None = strawberry.field(
        description="When it ended; null while it is open, or was not known to have ended."
    )
    root_cause: str | None = strawberry.field(description="What was found to have caused it.")
    affected_deployments: list[strawberry.ID] = strawberry.field(
        description="The deployments in its scope."
    )
    url: str | None = strawberry.field(description="Where more can be read.")
    status_source: str | None = strawberry.field(
        description="Who says so: internal, provider or alert."
    )


@strawberry.type(description="Planned work.")
class Maintenance:
    """The twin of graph.evidence.Maintenance."""

    id: strawberry.ID = strawberry.field(description="Its identifier.")
    title: str = strawberry.field(description="What it is about.")
    scope_kind: str = strawberry.field(description="deployment, model, backend or global.")
    scope_id: strawberry.ID | None = strawberry.field(
        description="Which one; null where it is global."
    )
    starts_at: datetime = strawberry.field(description="When it begins.")
    ends_at: datetime = strawberry.field(description="When it ends.")


@strawberry.type(
    description="Something that was changed in the fleet; a new policy version and an experiment "
    "are changes too."
)
class Change:
    """The twin of graph.fleet.Change."""

    id: strawberry.ID = strawberry.field(
        description="Its own identifier; of a policy `policy@version`, of an experiment its id."
    )
    kind: str = strawberry.field(description="What kind of change: rollout, price, policy, …")
    title: str = strawberry.field(description="What was changed.")
    at: datetime = strawberry.field(description="When it was applied.")
    recorded_at: datetime = strawberry.field(description="When it became known.")
    targets: list[EntityRef] = strawberry.field(description="What it reaches directly.")
    author: str | None = strawberry.field(description="Who did it.")
    url: str | None = strawberry.field(description="Where more can be read.")


@strawberry.type(description="The version of a policy that was in force.")
class PolicyInForce:
    """The twin of graph.fleet.PolicyInForce."""

    policy: strawberry.ID = strawberry.field(description="The policy.")
    version: str = strawberry.field(description="Its version.")
    summary: str | None = strawberry.field(description="What it says, in short.")
    published_at: datetime = strawberry.field(description="When it was published.")
