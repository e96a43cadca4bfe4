"""The tools: everything that an answer may rest on, read-only, in the scope of whoever asks.

The same functions answer GraphQL. Playbooks call them from Python; Claude and MCP clients call them
with JSON, through `agent/tools.py`. Each call is kept, with its result: an answer's figures, its
citations and its GraphQL are made from what was called, and from nothing else.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from time import perf_counter
from typing import Annotated, Any, Concatenate, Final, ParamSpec, TypeVar

from pydantic import Field

from agent.parameters import (
    TOKENS_AT_MOST,
    AsOf,
    At,
    By,
    During,
    Horizon,
    Ids,
    KnownAt,
    Tenant,
    TheMetric,
    Where,
)
from agent.results import Call
from agent.world import World, check_points
from graph import (
    budgets,
    capacity,
    costs,
    experiments,
    fleet,
    forecast,
    requests,
    rollouts,
    savings,
    similar,
    slos,
    trends,
    whatif,
)
from graph import names as known_names
from graph.budgets import Budget
from graph.capacity import CapacityRisk
from graph.causes import why
from graph.causes.investigation import Investigation
from graph.costs import CostAnomaly
from graph.errors import InvalidInput
from graph.evidence import Incident, Maintenance
from graph.experiments import Experiment
from graph.fleet import Change
from graph.forecast import ForecastSeries
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.routing.expectation import Requirements, RoutingRequest
from graph.hot.routing.ranking import RoutingView
from graph.names import Names
from graph.requests import Request
from graph.rollouts import Rollout
from graph.savings import Saving
from graph.similar import SimilarIncident
from graph.slices import Demand, Granularity, Period, Slice
from graph.slos import SloStatus
from graph.trends import Comparison, Series
from graph.whatif import WhatIf

MINUTE: Final = timedelta(minutes=1)
_DEFAULT_TENANT: Final = "default"
__all__ = ["TOOL_NAMES", "Toolbox", "World"]

P = ParamSpec("P")
T = TypeVar("T")
_Method = Callable[Concatenate["Toolbox", P], Awaitable[T]]


def _tool(method: _Method[P, T]) -> _Method[P, T]:
    """Keep each call and what it gave. The docstring and the signature tell clients what it is."""

    @wraps(method)
    async def kept(self: "Toolbox", /, *args: P.args, **arguments: P.kwargs) -> T:
        self.world.check(arguments)
        began_s = perf_counter()
        result = await method(self, *args, **arguments)
        if isinstance(result, Names):
            # What there is to ask about is no part of an answer.
            return result
        given = {name: value for name, value in arguments.items() if value is not None}
        took_ms = 1000 * (perf_counter() - began_s)
        call = Call(method.__name__, given, result, took_ms=took_ms)
        self.calls.append(call)
        self.observe(call)
        return result

    TOOL_NAMES.append(method.__name__)
    return kept


TOOL_NAMES: Final[list[str]] = []
"""The methods of `Toolbox` that are tools, in the order in which they are listed."""


@dataclass(slots=True)
class Toolbox:
    """The tools of one question, and every call that it took.

    `figures` are numbers that a playbook worked out from results (a count, a difference), by name:
    they are told with the data, so that whoever checks an answer finds them.
    """

    world: World
    calls: list[Call] = field(default_factory=list[Call])
    figures: dict[str, Any] = field(default_factory=dict[str, Any])
    known: Names | None = None
    """The names, where they were read already."""
    observe: Callable[[Call], None] = lambda _: None
    """Told of each call once it is done."""

    @_tool
    async def names(self) -> Names:
        """Every name there is to ask about: deployments, models, backends, task types, tiers,
        tenants, policies, experiments, objectives; incidents and changes of the last five weeks.
        """
        world = self.world
        if self.known is None:
            self.known = await known_names.names(world.store, now=world.now, scope=world.scope)
        return self.known

    @_tool
    async def fleet(
        self,
        *,
        at: At = None,
        known_at: KnownAt = None,
        status: Annotated[
            frozenset[HealthStatus] | None, Field(description="Only those in these states.")
        ] = None,
        model: Annotated[Ids, Field(description="Only those of these models.")] = None,
        backend: Annotated[Ids, Field(description="Only those on these backends.")] = None,
    ) -> list[DeploymentHealth]:
        """What is healthy: every deployment with its status and the reasons for it."""
        world = self.world
        if at is None and known_at is None and world.view.version:
            told = list(world.view.deployments)
        else:
            told = await fleet.fleet(
                world.store, at=at or world.now, known_at=known_at, budgets=world.budgets
            )
        return [
            one
            for one in told
            if (status is None or one.status in status)
            and (model is None or one.model in model)
            and (backend is None or one.backend in backend)
        ]

    @_tool
    async def incidents(
        self,
        *,
        active_at: Annotated[datetime | None, Field(description="Open then.")] = None,
        from_: Annotated[datetime | None, Field(description="Not over before then.")] = None,
        to: Annotated[datetime | None, Field(description="Opened before then.")] = None,
        known_at: KnownAt = None,
    ) -> list[Incident]:
        """Incidents open at an instant, or at some time of a period; all without either."""
        if from_ is not None and to is not None and from_ >= to:
            raise InvalidInput("`from` must lie before `to`", field="from")
        return await fleet.incidents(
            self.world.store, active_at=active_at, start=from_, end=to, known_at=known_at
        )

    @_tool
    async def maintenance(
        self,
        *,
        at: At = None,
        until: Annotated[
            datetime | None, Field(description="Also what begins before then.")
        ] = None,
    ) -> list[Maintenance]:
        """Planned work that is under way; with `until`, also what is planned to begin by then."""
        start = at or self.world.now
        if until is not None and until <= start:
            raise InvalidInput("must lie after `at`", field="until")
        return await fleet.maintenance(self.world.store, at=start, until=until)

    @_tool
    async def changes(
        self,
        *,
        from_: Annotated[datetime, Field(description="From then on.")],
        to: Annotated[datetime, Field(description="Until before then.")],
    ) -> list[Change]:
        """What was changed in a period, oldest first: rollouts, prices, policies, experiments."""
        if from_ >= to:
            raise InvalidInput("`from` must lie before `to`", field="from")
        during = Period(from_, to)
        self.world.check_length(during, field="from")
        return await fleet.changes(self.world.store, start=during.start, end=during.end)

    @_tool
    async def routing_view(
        self,
        *,
        user: Annotated[str, Field(description="Who asks.")],
        task_type: Annotated[str, Field(description="The kind of task.")],
        prompt_tokens: Annotated[
            int, Field(ge=0, le=TOKENS_AT_MOST, description="Tokens going in.")
        ],
        tenant: Tenant = None,
        tier: Annotated[str | None, Field(description="Default: the user's own.")] = None,
        max_completion_tokens: Annotated[
            int | None, Field(ge=0, le=TOKENS_AT_MOST, description="Most tokens coming out.")
        ] = None,
        capabilities: Annotated[
            Ids, Field(description="What the model must be able to do.")
        ] = None,
        max_latency_ms: Annotated[float | None, Field(ge=0, description="Longest, in ms.")] = None,
        max_cost_usd: Annotated[float | None, Field(ge=0, description="Dearest, in US $.")] = None,
        min_quality: Annotated[float | None, Field(ge=0, description="Lowest, in [0, 1].")] = None,
    ) -> RoutingView:
        """Which deployment a request would go to now: all ranked or ruled out, with the reason."""
        own = self.world.scope.tenants
        alone = next(iter(own)) if own is not None and len(own) == 1 else _DEFAULT_TENANT
        return self.world.route(
            RoutingRequest(
                user=user,
                task_type=task_type,
                prompt_tokens=prompt_tokens,
                tier=tier,
                tenant=tenant or alone,
                max_completion_tokens=max_completion_tokens,
                requirements=Requirements(
                    max_latency_ms=max_latency_ms,
                    max_cost_usd=max_cost_usd,
                    min_quality=min_quality,
                    capabilities=tuple(sorted(capabilities or ())),
                ),
                reserve=False,
            )
        )

    @_tool
    async def request(
        self,
        *,
        id: Annotated[str, Field(description="The request's identifier.")],  # noqa: A002
        known_at: KnownAt = None,
    ) -> Request | None:
        """One request: its decision with all candidates, its outcome and its scores."""
        (found,) = await requests.requests(
            self.world.store, [id], scope=self.world.scope, known_at=known_at
        )
        return found

    @_tool
    async def why_changed(
        self,
        *,
        metric: TheMetric,
        during: During,
        compared_to: Annotated[
            Period | None, Field(description="An earlier period (default: like hours before).")
        ] = None,
        where: Where = None,
    ) -> Investigation:
        """Why a metric changed: whether it did, where, since when, and which events did it.

        The only tool whose causes may be called causes.
        """
        world = self.world
        return await why.why_changed(
            world.store,
            world.columns,
            metric=metric,
            during=during,
            compared_to=compared_to,
            where=where or Slice(),
            scope=world.scope,
            known_at=None,
            now=world.now,
        )

    @_tool
    async def similar_incidents(
        self,
        *,
        incident: Annotated[str | None, Field(description="The one that they are like.")] = None,
        text: Annotated[str | None, Field(description="Or what they are about, in words.")] = None,
        first: Annotated[int, Field(ge=1, le=similar.MOST, description="How many.")] = 5,
    ) -> list[SimilarIncident]:
        """Earlier incidents like one, or like some words; the most alike first."""
        return await similar.similar_incidents(
            self.world.store, incident=incident, text=text, first=first, scope=self.world.scope
        )

    @_tool
    async def what_if(
        self,
        *,
        metric: TheMetric,
        during: During,
        where: Where = None,
        policy_version: Annotated[str | None, Field(description="`policy@version`.")] = None,
        without: Annotated[Ids, Field(description="Deployments or backends left out.")] = None,
        arm: Annotated[str | None, Field(description="`experiment/arm`.")] = None,
    ) -> WhatIf:
        """The metric had the traffic been routed otherwise; give one of the last three."""
        world = self.world
        return await whatif.what_if(
            world.store,
            world.columns,
            metric=metric,
            during=during,
            where=where or Slice(),
            policy_version=policy_version,
            without=without,
            arm=arm,
            scope=world.scope,
            now=world.now,
        )

    @_tool
    async def trend(
        self,
        *,
        metric: TheMetric,
        during: During,
        granularity: Annotated[Granularity, Field(description="How long a point is.")],
        group_by: By = (),
        where: Where = None,
    ) -> list[Series]:
        """A metric over time, a series per group."""
        world = self.world
        told = await trends.trend(
            world.store,
            world.columns,
            metric=metric,
            during=during,
            granularity=granularity,
            group_by=group_by,
            where=where or Slice(),
            scope=world.scope,
            known_at=None,
            now=world.now,
        )
        check_points([len(one.points) for one in told])
        return told

    @_tool
    async def compare(
        self,
        *,
        metric: TheMetric,
        during: During,
        compared_to: Annotated[Period, Field(description="The period it is compared with.")],
        group_by: By = (),
        where: Where = None,
    ) -> list[Comparison]:
        """A metric in two periods, a comparison per group; without groups, of all together."""
        world = self.world
        return await trends.compare(
            world.store,
            world.columns,
            metric=metric,
            during=during,
            compared_to=compared_to,
            group_by=group_by,
            where=where or Slice(),
            scope=world.scope,
            known_at=None,
        )

    @_tool
    async def forecast(
        self,
        *,
        horizon_minutes: Horizon = 60,
        step_minutes: Annotated[
            int | None,
            Field(
                ge=10,
                le=1440,
                multiple_of=10,
                description="How long a point is (default: 60, or a shorter horizon).",
            ),
        ] = None,
        of: Annotated[Demand, Field(description="What is forecast.")] = Demand.REQUESTS,
        group_by: By = (),
        where: Where = None,
        as_of: AsOf = None,
    ) -> list[ForecastSeries]:
        """How many requests, tokens or dollars come next, with intervals."""
        world = self.world
        step = step_minutes or min(60, -(-horizon_minutes // 10) * 10)
        return await forecast.forecast(
            world.store,
            world.columns,
            of=of,
            horizon=horizon_minutes * MINUTE,
            step=step * MINUTE,
            group_by=group_by,
            where=where or Slice(),
            scope=world.scope,
            as_of=as_of,
            now=world.now,
        )

    @_tool
    async def capacity_risk(
        self,
        *,
        horizon_minutes: Horizon = 60,
        without: Annotated[Ids, Field(description="Backends or deployments imagined lost.")] = None,
        as_of: AsOf = None,
    ) -> list[CapacityRisk]:
        """Which deployments may get more than they can carry, the greatest risk first."""
        world = self.world
        return await capacity.capacity_risk(
            world.store,
            world.columns,
            horizon=horizon_minutes * MINUTE,
            without=without,
            as_of=as_of,
            budgets=world.budgets,
            now=world.now,
        )

    @_tool
    async def budgets(
        self,
        *,
        tenant: Annotated[
            str | None, Field(description="Only this tenant's, with its users'.")
        ] = None,
        at: At = None,
    ) -> list[Budget]:
        """Budgets: what is spent, how fast, and when they run out."""
        world = self.world
        return await budgets.budgets(
            world.store, world.columns, tenant=tenant, at=at, scope=world.scope, now=world.now
        )

    @_tool
    async def savings(self, *, during: During, where: Where = None) -> list[Saving]:
        """Cheaper routes at equal quality, the greatest saving first."""
        world = self.world
        return await savings.savings(
            world.store,
            world.columns,
            during=during,
            where=where or Slice(),
            scope=world.scope,
            now=world.now,
        )

    @_tool
    async def cost_anomalies(self, *, during: During) -> list[CostAnomaly]:
        """Hours in which a slice cost more than was to be expected, and what made it dear."""
        world = self.world
        return await costs.cost_anomalies(
            world.store, world.columns, during=during, scope=world.scope, now=world.now
        )

    @_tool
    async def slos(self, *, at: At = None) -> list[SloStatus]:
        """Service level objectives: the error budget left, how fast it burns, what alerts."""
        world = self.world
        return await slos.slos(world.store, world.columns, at=at, scope=world.scope, now=world.now)

    @_tool
    async def experiment(
        self,
        *,
        id: Annotated[str, Field(description="The experiment's identifier.")],  # noqa: A002
        at: At = None,
    ) -> Experiment | None:
        """An experiment: its arms compared, with a verdict."""
        world = self.world
        return await experiments.experiment(
            world.store, world.columns, id=id, at=at, scope=world.scope, now=world.now
        )

    @_tool
    async def rollout(
        self,
        *,
        change: Annotated[str, Field(description="The change's identifier.")],
        at: At = None,
    ) -> Rollout | None:
        """A change to deployments, compared with what it replaced and with untouched twins."""
        world = self.world
        return await rollouts.rollout(
            world.store, world.columns, change=change, at=at, scope=world.scope, now=world.now
        )
