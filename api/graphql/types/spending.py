"""What is spent: budgets, hours that cost too much, and cheaper routes."""

from datetime import datetime

import strawberry

from api.graphql.enums import CostDriver
from api.graphql.types.causes import Cause
from api.graphql.types.fleet import EntityRef


@strawberry.type(description="A budget in the day or month that an instant lies in; US dollars.")
class Budget:
    """The twin of graph.budgets.Budget."""

    id: strawberry.ID = strawberry.field(description="Which budget it is.")
    tenant: strawberry.ID = strawberry.field(description="Whose it is.")
    period: str = strawberry.field(description="day or month, UTC.")
    where: list[EntityRef] = strawberry.field(
        description="What it is for; empty for all of the tenant's requests."
    )
    starts_at: datetime = strawberry.field(description="When the period began.")
    ends_at: datetime = strawberry.field(description="When it ends and the budget begins anew.")
    limit_usd: float = strawberry.field(description="What may be spent.")
    spent_usd: float = strawberry.field(description="What was, the sum of the costs.")
    remaining_usd: float = strawberry.field(description="What is left; negative where overspent.")
    burn_rate: float = strawberry.field(
        description="Spent over what even spending had spent by now; above 1 it does not last."
    )
    forecast_usd: float | None = strawberry.field(
        description="What the whole period is expected to cost; null where nothing tells."
    )
    forecast_low_usd: float | None = strawberry.field(description="Lower 80 % limit of that.")
    forecast_high_usd: float | None = strawberry.field(description="Upper 80 % limit of that.")
    exhausted_at: datetime | None = strawberry.field(
        description="When it was, or is expected to be, used up; null where it lasts."
    )
    requests: int = strawberry.field(description="Requests that it was spent on.")
    method: str | None = strawberry.field(description="How the forecast behind it was made.")


@strawberry.type(
    description="Hours in a row in which a slice cost more than was to be expected; US dollars, of "
    "all of them together."
)
class CostAnomaly:
    """The twin of graph.costs.CostAnomaly."""

    at: datetime = strawberry.field(description="When the first hour begins.")
    until: datetime = strawberry.field(description="When the last one ends.")
    where: list[EntityRef] = strawberry.field(description="The slice; empty for the whole.")
    driver: CostDriver = strawberry.field(description="What made it dear.")
    spent_usd: float = strawberry.field(description="What it cost.")
    expected_usd: float = strawberry.field(
        description="What it had cost had its driver been as it used to be."
    )
    high_usd: float = strawberry.field(description="The most that was to be expected.")
    requests: int = strawberry.field(description="Its requests.")
    requests_expected: float = strawberry.field(description="How many were to be expected.")
    score: float = strawberry.field(
        description="How far it is from what was to be expected, in standard errors."
    )
    causes: list[Cause] = strawberry.field(
        description="Why, by the investigation. Where it finds nothing yet, events that name the "
        "very slice and came just before: their contribution is then anything from 0 to 1. Empty "
        "where nothing recorded is supported, or where it was not investigated."
    )
    investigation: strawberry.ID | None = strawberry.field(
        description="The investigation of its cost; null where there was none."
    )


@strawberry.type(
    description="What the requests of a slice had cost on another deployment that is as good."
)
class Saving:
    """The twin of graph.savings.Saving."""

    where: list[EntityRef] = strawberry.field(description="The slice.")
    route: strawberry.ID = strawberry.field(description="The deployment that had served it.")
    spent_usd: float = strawberry.field(description="What the slice cost.")
    saved_usd: float = strawberry.field(description="What had been saved.")
    saved_low_usd: float = strawberry.field(description="Lower 95 % limit of that.")
    saved_high_usd: float = strawberry.field(description="Upper 95 % limit of that.")
    quality_delta: float = strawberry.field(
        description="Mean score of that route less that of the one taken, for like requests."
    )
    quality_low: float = strawberry.field(description="Lower 95 % limit of that.")
    quality_high: float = strawberry.field(description="Upper 95 % limit of that.")
    requests: int = strawberry.field(description="Requests that had gone there.")
    samples: float = strawberry.field(
        description="How many requests of equal weight the estimate is worth."
    )
