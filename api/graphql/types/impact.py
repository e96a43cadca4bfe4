"""What an incident or a change reached, and what it cost."""

import strawberry

from api.graphql.types.causes import Period
from api.graphql.types.fleet import EntityRef


@strawberry.type(description="The reached requests of one tier.")
class TierImpact:
    """The twin of graph.impact.TierImpact."""

    tier: strawberry.ID = strawberry.field(description="The tier.")
    requests: int = strawberry.field(description="Its requests that were reached.")
    failed: int = strawberry.field(description="How many of them were not answered.")


@strawberry.type(
    description="What an incident or a change reached. Of a place (deployment, model, backend) "
    "these are the requests it served and those that failed there first and went on; of a policy "
    "version, an experiment or a router's version, those that were routed by it. What the router "
    "kept away from a place beforehand is not among them. Figures are null where nothing tells."
)
class Impact:
    """The twin of graph.impact.Impact."""

    of: EntityRef = strawberry.field(
        description="The incident, change, policy_version or experiment."
    )
    title: str = strawberry.field(description="What it is about.")
    during: Period = strawberry.field(
        description="What was looked at: an incident from its opening until it was resolved or "
        "until now, 31 days at most; a change for 24 hours, or until it was taken back or now."
    )
    compared_to: Period | None = strawberry.field(
        description="The earlier period it is compared with; null where there is none."
    )
    baseline: str | None = strawberry.field(description="How that was chosen, in words.")
    deployments: list[strawberry.ID] = strawberry.field(
        description="The deployments reached, with or without traffic, as far as anything was told "
        "of them by the end of `during`."
    )
    backends: list[strawberry.ID] = strawberry.field(description="Their backends.")
    models: list[strawberry.ID] = strawberry.field(description="Their models.")
    requests: int = strawberry.field(description="The requests reached.")
    requests_before: int | None = strawberry.field(
        description="The like of them before. Null without a period to compare with, and where "
        "only some of the like requests were reached (a share in an experiment, a version that "
        "others ran beside): the whole before is not to be compared with a part."
    )
    failed: int = strawberry.field(description="How many of the reached were not answered.")
    failed_expected: float | None = strawberry.field(
        description="How many that would have been at the rate before."
    )
    users: int | None = strawberry.field(
        description="The users whose requests these are; null where there are too many requests "
        "(more than 50,000) to count them."
    )
    tenants: list[strawberry.ID] = strawberry.field(
        description="The tenants whose requests these are, among those the caller may see."
    )
    tiers: list[TierImpact] = strawberry.field(description="The same by tier.")
    displaced: int = strawberry.field(
        description="Requests that failed at a reached deployment first and were served elsewhere."
    )
    latency_ms_p95_before: float | None = strawberry.field(
        name="latencyP95BeforeMs", description="95th percentile of the latency before, in ms."
    )
    latency_ms_p95_after: float | None = strawberry.field(
        name="latencyP95AfterMs", description="The same of the reached requests."
    )
    quality_before: float | None = strawberry.field(description="Mean score before, in [0, 1].")
    quality_after: float | None = strawberry.field(
        description="Mean score of the reached requests, as far as scores are in."
    )
    scored_before: int | None = strawberry.field(
        description="Scores behind `qualityBefore`; null without a period to compare with."
    )
    scored_after: int = strawberry.field(description="Scores behind `qualityAfter`.")
    cost_usd: float | None = strawberry.field(
        description="What the reached requests cost, in US dollars."
    )
    failed_cost_usd: float | None = strawberry.field(
        description="What those of them cost that were not answered."
    )
    extra_cost_usd: float | None = strawberry.field(
        description="What they cost beyond the price per request of the same work (tenant, tier, "
        "task type, length of prompt) before; negative where they were cheaper."
    )
    extra_cost_low_usd: float | None = strawberry.field(description="Lower 95 % limit of that.")
    extra_cost_high_usd: float | None = strawberry.field(description="Upper 95 % limit of that.")
    slos: list[strawberry.ID] = strawberry.field(
        description="Objectives of the caller's tenants whose slice the reached requests meet, as "
        "`tenant/id`."
    )
