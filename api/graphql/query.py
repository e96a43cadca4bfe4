"""The questions of the schema. Resolvers check what was given and ask the graph; nothing more."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

import strawberry

from api.graphql.ask import Conversations
from api.graphql.context import Context, Info
from api.graphql.drilldown import Drilldown
from api.graphql.enums import Dimension, Granularity, HealthStatus, Metric
from api.graphql.inputs import (
    During,
    Ids,
    KnownAt,
    PeriodInput,
    RoutingRequestInput,
    Where,
    identifier,
    identifiers,
    period,
    routing_request,
    slice_of,
)
from api.graphql.loaders import RequestKey
from api.graphql.outlook import Outlook
from api.graphql.review import Review
from api.graphql.selection import selects
from api.graphql.types.causes import Investigation, SimilarIncident, WhatIf
from api.graphql.types.fleet import Change, DeploymentHealth, Incident, Maintenance, StateAt
from api.graphql.types.requests import Request
from api.graphql.types.routing import RoutingView
from api.graphql.types.trends import Comparison, Series
from graph import fleet, requests, similar, states, trends, whatif
from graph.causes import investigation, why
from graph.errors import InvalidInput
from graph.evidence import Incident as IncidentAsKnown
from graph.evidence import Maintenance as MaintenanceAsKnown
from graph.fleet import Change as ChangeAsKnown
from graph.health import DeploymentHealth as Health
from graph.hot.routing import ranking

Argument = strawberry.argument
_STEP_MINUTES: Final = (5, 1440)
_SIMILAR: Final = 5
"""So many similar incidents are given unless more or fewer are asked for."""
MetricArgument = Annotated[Metric, Argument(description="What is measured.")]


@strawberry.type(description="What can be asked.")
class Query(Drilldown, Outlook, Review, Conversations):
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
        graphql_type=list[StateAt],
        description="What one deployment was judged to be at the end of each step of a period, as "
        "`fleet(at:)` tells for each instant; oldest first. Nothing of instants that lie ahead, or "
        "at which nobody had told of it.",
    )
    async def state_history(
        self,
        info: Info,
        deployment: Annotated[
            strawberry.ID, Argument(description="The deployment, `model@backend`.")
        ],
        during: Annotated[PeriodInput, Argument(description="The period.")],
        step_minutes: Annotated[
            int,
            Argument(
                description="How long a step is: 5 minutes to a day, "
                f"{states.STEPS_AT_MOST} steps at most."
            ),
        ] = 60,
        known_at: KnownAt = None,
    ) -> Sequence[states.StateAt]:
        """Replayed from the graph."""
        context = info.context
        context.require("read")
        if not _STEP_MINUTES[0] <= step_minutes <= _STEP_MINUTES[1]:
            raise InvalidInput("must be from {} to {}".format(*_STEP_MINUTES), field="stepMinutes")
        return await states.state_history(
            context.store,
            deployment=identifier(deployment, field="deployment"),
            during=during.period(field="during", limit_days=context.days_at_most),
            step=timedelta(minutes=step_minutes),
            known_at=known_at,
            now=context.now,
            budgets=context.services.health,
        )

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
        graphql_type=list[Maintenance],
        description="Planned work that is under way at `at`, or between `at` and `until`. By its "
        "beginning.",
    )
    async def maintenance(
        self,
        info: Info,
        at: Annotated[datetime | None, Argument(description="Under way then (default: now).")] = (
            None
        ),
        until: Annotated[datetime | None, Argument(description="Or beginning before then.")] = None,
        known_at: KnownAt = None,
    ) -> Sequence[MaintenanceAsKnown]:
        """As known."""
        context = info.context
        context.require("read")
        start = at or context.now
        if until is not None and until <= start:
            raise InvalidInput("`until` must lie after `at`", field="until")
        return await fleet.maintenance(context.store, at=start, until=until, known_at=known_at)

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
        during = period(from_, to, field="from", limit_days=context.days_at_most)
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
            during=during.period(field="during", limit_days=context.days_at_most),
            granularity=granularity,
            group_by=tuple(group_by or ()),
            where=slice_of(where),
            scope=context.caller.scope,
            known_at=known_at,
            now=context.now,
            complete=selects(info, "complete"),
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
            during=during.period(field="during", limit_days=context.days_at_most),
            compared_to=compared_to.period(field="comparedTo", limit_days=context.days_at_most),
            group_by=tuple(group_by),
            where=slice_of(where),
            scope=context.caller.scope,
            known_at=known_at,
        )

    @strawberry.field(
        graphql_type=Investigation,
        description="Why a metric changed: whether it did, where, when, what happened and whether "
        "that did it. Kept in the graph as an investigation.",
    )
    async def why_changed(
        self,
        info: Info,
        metric: MetricArgument,
        during: During,
        compared_to: Annotated[
            PeriodInput | None,
            Argument(
                description="The earlier period that it is compared with (default: the same hours "
                "and weekdays before, as `baseline` says)."
            ),
        ] = None,
        where: Where = None,
        known_at: KnownAt = None,
    ) -> investigation.Investigation:
        """From the buckets in memory and the events of the graph."""
        context = info.context
        context.require("read")
        days = context.days_at_most
        return await why.why_changed(
            context.store,
            context.services.columns,
            metric=metric,
            during=during.period(field="during", limit_days=days),
            compared_to=None
            if compared_to is None
            else compared_to.period(field="comparedTo", limit_days=days),
            where=slice_of(where),
            scope=context.caller.scope,
            known_at=known_at,
            now=context.now,
        )

    @strawberry.field(
        graphql_type=list[SimilarIncident],
        description="Incidents like one, or like what is told in words; the most alike first. "
        "Give either `incident` or `text`.",
    )
    async def similar_incidents(
        self,
        info: Info,
        incident: Annotated[
            strawberry.ID | None, Argument(description="The incident that they are like.")
        ] = None,
        text: Annotated[str | None, Argument(description="What they are about, in words.")] = None,
        first: Annotated[
            int | None, Argument(description=f"How many, {similar.MOST} at most.")
        ] = _SIMILAR,
        known_at: KnownAt = None,
    ) -> Sequence[similar.SimilarIncident]:
        """From the graph's shape and the words of its incidents."""
        info.context.require("read")
        return await similar.similar_incidents(
            info.context.store,
            incident=None if incident is None else identifier(incident, field="incident"),
            text=text,
            first=_SIMILAR if first is None else first,
            scope=info.context.caller.scope,
            known_at=known_at,
        )

    @strawberry.field(
        graphql_type=WhatIf,
        description="The metric of a period, had its traffic been routed otherwise. Give exactly "
        "one of `policyVersion`, `without` and `arm`.",
    )
    async def what_if(
        self,
        info: Info,
        metric: MetricArgument,
        during: During,
        where: Where = None,
        policy_version: Annotated[
            strawberry.ID | None,
            Argument(description="Had this version been in force, `policy@version`."),
        ] = None,
        without: Annotated[
            Ids, Argument(description="Had these deployments or backends not been there.")
        ] = None,
        arm: Annotated[
            strawberry.ID | None,
            Argument(description="Had this arm had all of its experiment, `experiment/arm`."),
        ] = None,
    ) -> whatif.WhatIf:
        """From the buckets in memory and the propensities that decisions carry."""
        context = info.context
        context.require("read")
        return await whatif.what_if(
            context.store,
            context.services.columns,
            metric=metric,
            during=during.period(field="during", limit_days=context.days_at_most),
            where=slice_of(where),
            policy_version=None
            if policy_version is None
            else identifier(policy_version, field="policyVersion"),
            without=identifiers(without, field="without"),
            arm=None if arm is None else identifier(arm, field="arm"),
            scope=context.caller.scope,
            now=context.now,
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
