"""The questions of the schema. Resolvers check what was given and ask the graph; nothing more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.context import Context, Info
from api.graphql.enums import Dimension, Granularity, HealthStatus, Metric
from api.graphql.inputs import (
    Ids,
    PeriodInput,
    RoutingRequestInput,
    SliceInput,
    identifier,
    identifiers,
    period,
    routing_request,
    slice_of,
)
from api.graphql.loaders import RequestKey
from api.graphql.types.fleet import Change, DeploymentHealth, Incident
from api.graphql.types.requests import Request
from api.graphql.types.routing import RoutingView
from api.graphql.types.trends import Comparison, Series
from graph import fleet, requests, trends
from graph.errors import InvalidInput
from graph.evidence import Incident as IncidentAsKnown
from graph.fleet import Change as ChangeAsKnown
from graph.health import DeploymentHealth as Health
from graph.hot.routing import ranking

Argument = strawberry.argument
KnownAt = Annotated[
    datetime | None,
    Argument(description="As it could have been known then: what was recorded later is left out."),
]
Where = Annotated[SliceInput | None, Argument(description="Only the requests in this slice.")]
During = Annotated[PeriodInput, Argument(description="The period, by when requests arrived.")]
MetricArgument = Annotated[Metric, Argument(description="What is measured.")]


@strawberry.type(description="What can be asked.")
class Query:
    """The root of queries."""

    @strawberry.field(
        graphql_type=list[DeploymentHealth],
        description="What is healthy: every deployment, by name. Now, unless `at` or `knownAt` "
        "say otherwise.",
    )
    async def fleet(
        self,
        info: Info,
        at: Annotated[
            datetime | None, Argument(description="As it was then (default: now).")
        ] = None,
        known_at: KnownAt = None,
        status: Annotated[
            list[HealthStatus] | None, Argument(description="Only those in one of these states.")
        ] = None,
        model: Annotated[Ids, Argument(description="Only those of one of these models.")] = None,
        backend: Annotated[
            Ids, Argument(description="Only those on one of these backends.")
        ] = None,
    ) -> Sequence[Health]:
        """From memory for the present, from the graph for the past."""
        context = info.context
        context.require("read")
        models = identifiers(model, field="model")
        backends = identifiers(backend, field="backend")
        return [
            health
            for health in await _fleet(context, at=at, known_at=known_at)
            if (status is None or health.status in status)
            and (models is None or health.model in models)
            and (backends is None or health.backend in backends)
        ]

    @strawberry.field(
        graphql_type=list[Incident],
        description="Incidents open at `activeAt`, or at some time from `from` to `to`; all of "
        "them without either. By their opening.",
    )
    async def incidents(
        self,
        info: Info,
        active_at: Annotated[datetime | None, Argument(description="Open at this time.")] = None,
        from_: Annotated[
            datetime | None, Argument(name="from", description="Not over before this time.")
        ] = None,
        to: Annotated[datetime | None, Argument(description="Opened before this time.")] = None,
        known_at: KnownAt = None,
    ) -> Sequence[IncidentAsKnown]:
        """As known."""
        info.context.require("read")
        if from_ is not None and to is not None and from_ >= to:
            raise InvalidInput("`from` must lie before `to`", field="from")
        return await fleet.incidents(
            info.context.store, active_at=active_at, start=from_, end=to, known_at=known_at
        )

    @strawberry.field(
        graphql_type=list[Change],
        description="What was changed in a period, oldest first; new policy versions and "
        "experiments too.",
    )
    async def changes(
        self,
        info: Info,
        from_: Annotated[datetime, Argument(name="from", description="From then on, included.")],
        to: Annotated[datetime, Argument(description="Until then, excluded.")],
        known_at: KnownAt = None,
    ) -> Sequence[ChangeAsKnown]:
        """Oldest first."""
        context = info.context
        context.require("read")
        during = period(from_, to, field="from", limit_days=_days(context))
        return await fleet.changes(
            context.store, start=during.start, end=during.end, known_at=known_at
        )

    @strawberry.field(
        graphql_type=RoutingView,
        description="Which backend for this request: every deployment ranked or ruled out, with "
        "the reason, from memory alone.",
    )
    def routing_view(
        self,
        info: Info,
        request: Annotated[
            RoutingRequestInput, Argument(description="The request that is to be routed.")
        ],
    ) -> ranking.RoutingView:
        """No round trip."""
        context = info.context
        context.require("route", "read")
        asked = routing_request(request, caller=context.caller)
        return context.services.router.route(asked, now=context.now)

    @strawberry.field(
        graphql_type=Request | None,
        description="One request with its decision, outcome and scores; null where there is none "
        "of that id that the caller may see.",
    )
    async def request(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  # the name is the contract's
            strawberry.ID, Argument(description="The request's identifier.")
        ],
        known_at: KnownAt = None,
    ) -> requests.Request | None:
        """With all other requests of the operation, in one statement."""
        info.context.require("read")
        return await info.context.loaders.request.load(
            RequestKey(identifier(id, field="id"), known_at)
        )

    @strawberry.field(
        graphql_type=list[Series],
        description="A metric over time, a series per group, in the order of their keys.",
    )
    async def trend(
        self,
        info: Info,
        metric: MetricArgument,
        during: During,
        granularity: Annotated[Granularity, Argument(description="How long a point is.")],
        group_by: Annotated[
            list[Dimension] | None, Argument(description="A series for each group along these.")
        ] = None,
        where: Where = None,
        known_at: KnownAt = None,
    ) -> Sequence[trends.Series]:
        """From the buckets in memory."""
        context = info.context
        context.require("read")
        told = await trends.trend(
            context.store,
            context.services.columns,
            metric=metric,
            during=during.period(field="during", limit_days=_days(context)),
            granularity=granularity,
            group_by=tuple(group_by or ()),
            where=slice_of(where),
            scope=context.caller.scope,
            known_at=known_at,
            now=context.now,
        )
        points, most = sum(len(s.points) for s in told), context.services.graphql.points_limit
        if points > most:
            raise InvalidInput(
                f"{len(told)} series with {points} points are too many (at most {most} points); "
                "choose a shorter period, a coarser granularity or fewer dimensions",
                field="groupBy",
            )
        return told

    @strawberry.field(
        graphql_type=list[Comparison],
        description="A metric in two periods, a comparison per group, in the order of their keys.",
    )
    async def compare(
        self,
        info: Info,
        metric: MetricArgument,
        during: During,
        compared_to: Annotated[
            PeriodInput, Argument(description="The period it is compared with (before).")
        ],
        group_by: Annotated[
            list[Dimension], Argument(description="A comparison for each group along these.")
        ],
        where: Where = None,
        known_at: KnownAt = None,
    ) -> Sequence[trends.Comparison]:
        """From the buckets in memory."""
        context = info.context
        context.require("read")
        return await trends.compare(
            context.store,
            context.services.columns,
            metric=metric,
            during=during.period(field="during", limit_days=_days(context)),
            compared_to=compared_to.period(field="comparedTo", limit_days=_days(context)),
            group_by=tuple(group_by),
            where=slice_of(where),
            scope=context.caller.scope,
            known_at=known_at,
        )


async def _fleet(
    context: Context, *, at: datetime | None, known_at: datetime | None
) -> Sequence[Health]:
    """The present from memory, as soon as there is a view; anything else from the graph."""
    services = context.services
    if at is None and known_at is None and services.view.snapshot.version:
        return services.view.current(context.now).deployments
    return await fleet.fleet(
        context.store, at=at or context.now, known_at=known_at, budgets=services.health
    )


def _days(context: Context) -> float:
    return context.services.graphql.period_limit_days
