"""What comes next: forecasts, and deployments that are at risk of too much load."""

from datetime import datetime

import strawberry

from api.graphql.types.fleet import EntityRef


@strawberry.type(description="What is expected in one step of time, and within which limits.")
class ForecastPoint:
    """The twin of graph.forecast.ForecastPoint."""

    at: datetime = strawberry.field(description="When the step begins.")
    expected: float = strawberry.field(description="What is expected in it.")
    low80: float = strawberry.field(description="Lower 80 % limit.")
    high80: float = strawberry.field(description="Upper 80 % limit.")
    low95: float = strawberry.field(description="Lower 95 % limit.")
    high95: float = strawberry.field(description="Upper 95 % limit.")


@strawberry.type(description="The forecast of one group.")
class ForecastSeries:
    """The twin of graph.forecast.ForecastSeries."""

    key: list[EntityRef] = strawberry.field(
        description="What the group has in common, in the order of groupBy; empty where none."
    )
    method: str = strawberry.field(description="How it was made.")
    points: list[ForecastPoint] = strawberry.field(description="Step by step, the next one first.")
    total: ForecastPoint = strawberry.field(
        description="All steps together; its limits are narrower than the sums of theirs."
    )
    requests: int = strawberry.field(description="Requests of the history behind it.")
    known_steps: int = strawberry.field(
        description="Steps of that history that are known: of ten minutes, or as long as a point "
        "where little comes."
    )
    newest_at: datetime | None = strawberry.field(
        description="When the newest step with a request begins."
    )
    warnings: list[str] = strawberry.field(
        description="What is wrong with the history: gaps, too short, nothing new."
    )


@strawberry.type(
    description="The load that a deployment is to expect against what it can carry; in requests "
    "per second. Figures are null where nothing tells, never 0."
)
class CapacityRisk:
    """The twin of graph.capacity.CapacityRisk."""

    deployment: strawberry.ID = strawberry.field(description="The deployment.")
    expected_load: float = strawberry.field(description="Requests per second in its worst step.")
    high_load: float = strawberry.field(description="Upper 95 % limit of that.")
    peak_load: float = strawberry.field(
        description="Requests per second in the busiest minute of its worst step."
    )
    capacity: float | None = strawberry.field(
        description="Requests per second that it can carry; null where nothing tells."
    )
    probability_overload: float | None = strawberry.field(
        description="How likely it gets more than it can carry within the horizon, in [0, 1]; "
        "null where its capacity is not known."
    )
    worst_at: datetime | None = strawberry.field(description="When the worst step begins.")
    reasons: list[str] = strawberry.field(
        description="What it rests on, in words with the figures; also what is missing or stale."
    )
    limited_by: str | None = strawberry.field(description="What the capacity was taken from.")
    moved_load: float = strawberry.field(
        description="Requests per second that come from what is imagined lost."
    )
    lost: bool = strawberry.field(
        description="Whether it serves nothing: imagined lost, down, or in maintenance."
    )
    samples: int = strawberry.field(description="Health samples behind the capacity.")
    requests: int = strawberry.field(description="Requests behind the forecast.")
