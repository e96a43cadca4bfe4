"""Which backend for a request: every deployment ranked or ruled out."""

from datetime import datetime

import strawberry

from api.graphql.enums import HealthStatus


@strawberry.type(description="One deployment for one request.")
class Candidate:
    """The twin of graph.hot.routing.ranking.Candidate."""

    deployment: strawberry.ID = strawberry.field(description="The deployment, `model@backend`.")
    rank: int | None = strawberry.field(description="Its place, from 1; null where ruled out.")
    score: float | None = strawberry.field(
        description="How well it fits, in [0, 1]; null where ruled out."
    )
    eligible: bool = strawberry.field(description="Whether it may serve the request.")
    reasons: list[str] = strawberry.field(
        description="What its score rests on, or each reason it is ruled out: code and figure."
    )
    reason_codes: list[str] = strawberry.field(
        description="The codes alone of what rules it out, e.g. `breaker_open`."
    )
    expected_latency_ms: float | None = strawberry.field(description="Expected latency in ms.")
    expected_cost_usd: float | None = strawberry.field(description="Expected cost in US dollars.")
    expected_quality: float | None = strawberry.field(description="Expected score, in [0, 1].")
    quality_samples: int | None = strawberry.field(
        description="Scores behind the expected quality."
    )
    status: HealthStatus = strawberry.field(description="Its health.")
    stale: bool = strawberry.field(description="Whether its evidence is too old to be relied on.")
    propensity: float | None = strawberry.field(
        description="Probability, over users, that a policy's split or an experiment puts it "
        "first; null where none does. Give it back as `decision.propensity`."
    )
    probe: bool = strawberry.field(
        description="Whether this request is the one that tests a half-open breaker."
    )


@strawberry.type(description="A flag that the policy in force sets for the request.")
class Flag:
    """One entry of RoutingView.flags."""

    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value, as JSON.")


@strawberry.type(
    description="Every deployment for one request: the eligible by rank, then those ruled out, "
    "the least bad first."
)
class RoutingView:
    """The twin of graph.hot.routing.ranking.RoutingView."""

    as_of: datetime = strawberry.field(description="When the view was composed.")
    view_version: str = strawberry.field(
        description="The version of the view; give it back as `decision.view_version`."
    )
    tier: strawberry.ID | None = strawberry.field(
        description="The tier that it was ranked for; null where nobody told one."
    )
    policy: strawberry.ID | None = strawberry.field(description="The policy for the request.")
    policy_version: str | None = strawberry.field(description="Its version in force.")
    policy_rule: str | None = strawberry.field(
        description="The rule of the policy that decided; null where none did."
    )
    experiment: strawberry.ID | None = strawberry.field(
        description="The experiment that the user takes part in."
    )
    arm: strawberry.ID | None = strawberry.field(description="The arm that the user is in.")
    propensity: float | None = strawberry.field(
        description="Probability, over users, of the arm or of the first candidate."
    )
    flags: list[Flag] = strawberry.field(
        description="Flags that the policy in force sets, by name."
    )
    stale: bool = strawberry.field(description="Whether the view was not renewed in time.")
    candidates: list[Candidate] = strawberry.field(description="The deployments.")
    budget_remaining_usd: float | None = strawberry.field(
        description="What is left of the budget in US dollars; null where none is known."
    )
    quota_remaining: float | None = strawberry.field(
        description="What is left of the quota; null where none is known."
    )
    steps: list[str] = strawberry.field(
        description="How it was decided, in words: limits and whose they are, weights, policy, "
        "experiment, allowances."
    )
    warnings: list[str] = strawberry.field(
        description="What to know before relying on it, e.g. `NO_CANDIDATE` or `STALE_VIEW`."
    )
