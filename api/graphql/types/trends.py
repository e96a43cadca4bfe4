"""Metrics over time and between two periods."""

from datetime import datetime

import strawberry

from api.graphql.types.fleet import EntityRef


@strawberry.type(description="A metric in one step of time.")
class Point:
    """The twin of graph.trends.Point."""

    at: datetime = strawberry.field(description="When the step begins.")
    value: float | None = strawberry.field(description="The metric; null where nothing tells.")
    count: int = strawberry.field(
        description="How many requests (for QUALITY, scores) stand behind it."
    )
    low: float | None = strawberry.field(description="Lower 95 % limit.")
    high: float | None = strawberry.field(description="Upper 95 % limit.")
    complete: float | None = strawberry.field(
        description="For QUALITY, the share of the scores to be expected of the step that are in, "
        "in [0, 1]: of the whole slice, or of the evaluator that a series is of. Scores of an "
        "evaluator that stopped are missing too. Null for other metrics, and where nothing tells."
    )


@strawberry.type(description="The points of one group.")
class Series:
    """The twin of graph.trends.Series."""

    key: list[EntityRef] = strawberry.field(
        description="What the group has in common, in the order of groupBy; empty where none."
    )
    points: list[Point] = strawberry.field(description="Oldest first.")


@strawberry.type(description="A metric of one group before and after.")
class Comparison:
    """The twin of graph.trends.Comparison."""

    key: list[EntityRef] = strawberry.field(
        description="What the group has in common, in the order of groupBy."
    )
    before: float | None = strawberry.field(description="The metric in comparedTo.")
    after: float | None = strawberry.field(description="The metric in during.")
    delta: float | None = strawberry.field(description="After less before.")
    delta_low: float | None = strawberry.field(description="Lower 95 % limit of the difference.")
    delta_high: float | None = strawberry.field(description="Upper 95 % limit of the difference.")
    count_before: int = strawberry.field(
        description="Requests (for QUALITY, scores) behind the value before."
    )
    count_after: int = strawberry.field(
        description="Requests (for QUALITY, scores) behind the value after."
    )
    before_low: float | None = strawberry.field(description="Lower 95 % limit of `before`.")
    before_high: float | None = strawberry.field(description="Upper 95 % limit of `before`.")
    after_low: float | None = strawberry.field(description="Lower 95 % limit of `after`.")
    after_high: float | None = strawberry.field(description="Upper 95 % limit of `after`.")
