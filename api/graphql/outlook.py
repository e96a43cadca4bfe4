"""The questions of what comes next and what it costs: forecasts, capacity, money, objectives,
experiments. Resolvers check what was given and ask the graph; nothing more.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

import strawberry

from api.graphql.context import Info
from api.graphql.enums import Demand, Dimension
from api.graphql.inputs import (
    During,
    Ids,
    KnownAt,
    Where,
    identifier,
    identifiers,
    slice_of,
)
from api.graphql.types.experiments import Experiment, Rollout
from api.graphql.types.objectives import SloStatus
from api.graphql.types.outlook import CapacityRisk, ForecastSeries
from api.graphql.types.spending import Budget, CostAnomaly, Saving
from graph import budgets, capacity, costs, experiments, forecast, rollouts, savings, slos

Argument = strawberry.argument
_MINUTE: Final = timedelta(minutes=1)
_HORIZON: Final = 60
AsOf = Annotated[
    datetime | None,
    Argument(description="As it would have been told then, from what was known (default: now)."),
]
At = Annotated[
    datetime | None,
    Argument(description="As it stood then (default: now); `knownAt` says as known when."),
]
Horizon = Annotated[int | None, Argument(description="How far ahead, in minutes: 10 to 1440.")]


@strawberry.type
class Outlook:
    """The part of the root of queries that looks ahead and at what is spent."""

    @strawberry.field(
        graphql_type=list[ForecastSeries],
        description="What comes next: requests, tokens or cost, a series per group, in the order "
        "of their keys, with 80 % and 95 % limits. Empty where nothing was recorded.",
    )
    async def forecast(
        self,
        info: Info,
        horizon_minutes: Horizon = _HORIZON,
        group_by: Annotated[
            list[Dimension] | None, Argument(description="A series for each group along these.")
        ] = None,
        as_of: AsOf = None,
        step_minutes: Annotated[
            int | None,
            Argument(
                description="How long a point is: a multiple of 10 (default: 60, or the horizon "
                "where that is shorter)."
            ),
        ] = None,
        of: Annotated[Demand | None, Argument(description="What is forecast.")] = Demand.REQUESTS,
        where: Where = None,
    ) -> Sequence[forecast.ForecastSeries]:
        """From the buckets in memory."""
        context = info.context
        context.require("read")
        horizon = _HORIZON if horizon_minutes is None else horizon_minutes
        step = step_minutes
        if step is None:
            step = min(60, max(-(-horizon // 10) * 10, 10))
        return await forecast.forecast(
            context.store,
            context.services.columns,
            of=of or Demand.REQUESTS,
            horizon=horizon * _MINUTE,
            step=step * _MINUTE,
            group_by=tuple(group_by or ()),
            where=slice_of(where),
            scope=context.caller.scope,
            as_of=as_of,
            now=context.now,
        )

    @strawberry.field(
        graphql_type=list[CapacityRisk],
        description="Which deployments may get more load than they can carry, and when: all of "
        "them, the greatest risk first. The load is that of all tenants together.",
    )
    async def capacity_risk(
        self,
        info: Info,
        horizon_minutes: Horizon = _HORIZON,
        without: Annotated[
            Ids,
            Argument(
                description="Deployments or backends imagined lost; their traffic moves as the "
                "policy in force would move it."
            ),
        ] = None,
        as_of: AsOf = None,
    ) -> Sequence[capacity.CapacityRisk]:
        """From the buckets in memory and the newest samples."""
        context = info.context
        context.require("read")
        horizon = _HORIZON if horizon_minutes is None else horizon_minutes
        return await capacity.capacity_risk(
            context.store,
            context.services.columns,
            horizon=horizon * _MINUTE,
            without=identifiers(without, field="without"),
            as_of=as_of,
            budgets=context.services.health,
            now=context.now,
        )

    @strawberry.field(
        graphql_type=list[Budget],
        description="Budgets with what is spent, how fast, and when they run out; with `tenant`, "
        "those of its users too.",
    )
    async def budgets(
        self,
        info: Info,
        tenant: Annotated[
            strawberry.ID | None, Argument(description="Only this tenant's (default: all).")
        ] = None,
        at: At = None,
        known_at: KnownAt = None,
    ) -> Sequence[budgets.Budget]:
        """From the buckets in memory."""
        context = info.context
        context.require("read")
        return await budgets.budgets(
            context.store,
            context.services.columns,
            tenant=None if tenant is None else identifier(tenant, field="tenant"),
            at=at,
            known_at=known_at,
            scope=context.caller.scope,
            now=context.now,
        )

    @strawberry.field(
        graphql_type=list[Saving],
        description="Cheaper routes at equal quality: slices that another deployment had served "
        "as well for less, the greatest saving first.",
    )
    async def savings(
        self, info: Info, during: During, where: Where = None
    ) -> Sequence[savings.Saving]:
        """From the buckets in memory."""
        context = info.context
        context.require("read")
        return await savings.savings(
            context.store,
            context.services.columns,
            during=during.period(field="during", limit_days=context.days_at_most),
            where=slice_of(where),
            scope=context.caller.scope,
            now=context.now,
        )

    @strawberry.field(
        graphql_type=list[CostAnomaly],
        description="Hours that cost more than was to be expected before them, where, and why; "
        "the first one first.",
    )
    async def cost_anomalies(
        self, info: Info, during: During, known_at: KnownAt = None
    ) -> Sequence[costs.CostAnomaly]:
        """From the buckets in memory; a few are investigated."""
        context = info.context
        context.require("read")
        return await costs.cost_anomalies(
            context.store,
            context.services.columns,
            during=during.period(field="during", limit_days=context.days_at_most),
            scope=context.caller.scope,
            known_at=known_at,
            now=context.now,
        )

    @strawberry.field(
        graphql_type=list[SloStatus],
        description="Service level objectives: how much error budget is left, how fast it burns, "
        "which alerts fire, what to do. By tenant and identifier.",
    )
    async def slos(
        self, info: Info, at: At = None, known_at: KnownAt = None
    ) -> Sequence[slos.SloStatus]:
        """From the buckets in memory."""
        context = info.context
        context.require("read")
        return await slos.slos(
            context.store,
            context.services.columns,
            at=at,
            known_at=known_at,
            scope=context.caller.scope,
            now=context.now,
        )

    @strawberry.field(
        graphql_type=Experiment | None,
        description="An experiment: its arms compared, with limits that hold however often one "
        "looks; null where nobody told of it.",
    )
    async def experiment(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  # the name is the contract's
            strawberry.ID, Argument(description="The experiment's identifier.")
        ],
        at: At = None,
        known_at: KnownAt = None,
    ) -> experiments.Experiment | None:
        """User by user, from the graph."""
        context = info.context
        context.require("read")
        return await experiments.experiment(
            context.store,
            context.services.columns,
            id=identifier(id, field="id"),
            at=at,
            known_at=known_at,
            scope=context.caller.scope,
            now=context.now,
        )

    @strawberry.field(
        graphql_type=Rollout | None,
        description="A change to deployments or models, compared with what it replaced and with "
        "untouched twins; null where nobody told of it.",
    )
    async def rollout(
        self,
        info: Info,
        change: Annotated[strawberry.ID, Argument(description="The change's identifier.")],
        at: At = None,
        known_at: KnownAt = None,
    ) -> rollouts.Rollout | None:
        """From the buckets in memory."""
        context = info.context
        context.require("read")
        return await rollouts.rollout(
            context.store,
            context.services.columns,
            change=identifier(change, field="change"),
            at=at,
            known_at=known_at,
            scope=context.caller.scope,
            now=context.now,
        )
