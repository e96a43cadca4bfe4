"""Experiments and rollouts: what was compared, and what can be said of it."""

from datetime import datetime

import strawberry

from api.graphql.enums import ExperimentVerdict, Metric


@strawberry.type(
    description="One arm of an experiment. Figures are null where nothing tells. The interval of "
    "the quality holds at every look."
)
class ArmResult:
    """The twin of graph.experiments.ArmResult."""

    arm: strawberry.ID = strawberry.field(description="The arm.")
    requests: int = strawberry.field(description="Its requests.")
    users: int = strawberry.field(description="Whose they were.")
    matured: int = strawberry.field(
        description="Requests old enough for their scores to be in; quality is of these."
    )
    scored: int = strawberry.field(description="How many of those have a score.")
    quality: float | None = strawberry.field(description="Mean score, in [0, 1].")
    quality_low: float | None = strawberry.field(description="Lower 95 % limit of that.")
    quality_high: float | None = strawberry.field(description="Upper 95 % limit of that.")
    latency_p95_ms: float | None = strawberry.field(
        name="latencyP95Ms", description="95th percentile of the latency in ms."
    )
    error_rate: float | None = strawberry.field(description="Share that did not end well.")
    cost_per_request_usd: float | None = strawberry.field(
        description="Mean cost of a request in US dollars."
    )


@strawberry.type(
    description="An arm less the first arm on one metric; the 95 % interval holds at every look."
)
class ArmDifference:
    """The twin of graph.experiments.ArmDifference."""

    arm: strawberry.ID = strawberry.field(description="The arm.")
    baseline: strawberry.ID = strawberry.field(description="The arm that it is compared with.")
    metric: Metric = strawberry.field(description="What is compared.")
    delta: float | None = strawberry.field(description="The arm less the baseline.")
    low: float | None = strawberry.field(description="Lower 95 % limit of that.")
    high: float | None = strawberry.field(description="Upper 95 % limit of that.")
    count: int = strawberry.field(description="Requests or scores behind it.")


@strawberry.type(description="An experiment as it stood.")
class Experiment:
    """The twin of graph.experiments.Experiment."""

    id: strawberry.ID = strawberry.field(description="Its identifier.")
    policy: strawberry.ID = strawberry.field(description="The policy it runs on.")
    status: str = strawberry.field(description="running or stopped.")
    started_at: datetime = strawberry.field(description="When it was first configured.")
    ended_at: datetime | None = strawberry.field(description="When it was stopped.")
    arms: list[ArmResult] = strawberry.field(description="The arms, as configured.")
    differences: list[ArmDifference] = strawberry.field(
        description="Every other arm against the first."
    )
    winner: strawberry.ID | None = strawberry.field(
        description="The arm that is better; null where none is surely so."
    )
    outcome: ExperimentVerdict = strawberry.field(description="What can be said.")
    verdict: str = strawberry.field(description="The same in words, with the figures.")
    matures_after_hours: float | None = strawberry.field(
        description="Age from which requests count for quality; null where it can't be told yet."
    )
    warnings: list[str] = strawberry.field(
        description="What speaks against trusting it: shares, missing scores, few users."
    )


@strawberry.type(
    description="One metric of what a change reached and of its untouched twins, before and after."
)
class RolloutEffect:
    """The twin of graph.rollouts.RolloutEffect."""

    metric: Metric = strawberry.field(description="What is compared.")
    before: float | None = strawberry.field(description="Of what it reached, before.")
    after: float | None = strawberry.field(description="Of what it reached, after.")
    twins_before: float | None = strawberry.field(description="Of the twins, before.")
    twins_after: float | None = strawberry.field(description="Of the twins, after.")
    effect: float | None = strawberry.field(
        description="The change of what it reached less that of the twins."
    )
    low: float | None = strawberry.field(description="Lower 95 % limit of that.")
    high: float | None = strawberry.field(description="Upper 95 % limit of that.")
    count_before: int = strawberry.field(description="Requests or scores behind `before`.")
    count_after: int = strawberry.field(description="Requests or scores behind `after`.")


@strawberry.type(description="A change compared with what it replaced and with untouched twins.")
class Rollout:
    """The twin of graph.rollouts.Rollout."""

    id: strawberry.ID = strawberry.field(description="The change.")
    title: str = strawberry.field(description="What it is called.")
    at: datetime = strawberry.field(description="When it took effect.")
    reached: list[strawberry.ID] = strawberry.field(description="The deployments it reached.")
    twins: list[strawberry.ID] = strawberry.field(
        description="Deployments like them that nothing touched; empty where there are none."
    )
    effects: list[RolloutEffect] = strawberry.field(description="What it did, metric by metric.")
    outcome: ExperimentVerdict = strawberry.field(description="What can be said.")
    verdict: str = strawberry.field(description="The same in words, with the figures.")
    warnings: list[str] = strawberry.field(description="What speaks against trusting it.")
