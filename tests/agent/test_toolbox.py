"""The tools from Python: each call is kept, in the scope of whoever asks, within limits."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent.results import Call
from agent.toolbox import TOOL_NAMES, Toolbox
from agent.world import POINTS_AT_MOST, check_points
from graph.errors import InvalidInput, NotFound
from graph.hot.routing.expectation import RoutingRequest
from graph.hot.routing.ranking import RoutingView
from graph.names import Names
from graph.slices import Demand, Granularity, Metric, Period, Slice
from tests.agent.playbooks.worlds import DAY, HOUR, NOW, SmallFleet

DURING = Period(NOW - DAY, NOW)
OTHERS = frozenset({"t-of-others"})


def test_tools_are_public_methods_and_each_is_told_of() -> None:
    assert len(TOOL_NAMES) == len(set(TOOL_NAMES)) == 20
    assert all(getattr(Toolbox, name).__doc__ for name in TOOL_NAMES)


async def test_a_call_is_kept_with_what_it_gave(small_fleet: SmallFleet) -> None:
    seen: list[Call] = []
    toolbox = Toolbox(small_fleet.world(), observe=seen.append)
    found = await toolbox.incidents(active_at=NOW, known_at=None)
    assert toolbox.calls == seen == [Call("incidents", {"active_at": NOW}, found)]


async def test_names_are_read_once_and_are_no_call(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    found = await toolbox.names()
    assert small_fleet.hit in found.deployments
    assert found.tenants == (small_fleet.tenant,)
    assert await toolbox.names() is found
    assert toolbox.calls == []
    known = Names(tiers=("gold",))
    assert await Toolbox(small_fleet.world(), known=known).names() is known


async def test_a_call_that_failed_is_not_kept(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    with pytest.raises(NotFound):
        await toolbox.similar_incidents(incident="no-such-incident")
    assert toolbox.calls == []


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("routing_view", {"user": "a", "task_type": "b", "prompt_tokens": 1}),
        ("budgets", {}),
    ],
)
async def test_a_tenant_out_of_scope_is_not_found(
    small_fleet: SmallFleet, tool: str, given: dict[str, Any]
) -> None:
    toolbox = Toolbox(small_fleet.world())
    with pytest.raises(NotFound, match="no tenant 't-of-others'"):
        await getattr(toolbox, tool)(**given, tenant="t-of-others")
    assert toolbox.calls == []


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("why_changed", {"metric": Metric.COST, "during": DURING}),
        ("what_if", {"metric": Metric.COST, "during": DURING, "arm": "e/a"}),
        ("trend", {"metric": Metric.COST, "during": DURING, "granularity": Granularity.DAY}),
        ("compare", {"metric": Metric.COST, "during": DURING, "compared_to": DURING}),
        ("forecast", {}),
        ("savings", {"during": DURING}),
    ],
)
async def test_a_slice_of_a_tenant_out_of_scope_is_not_found(
    small_fleet: SmallFleet, tool: str, given: dict[str, Any]
) -> None:
    toolbox = Toolbox(small_fleet.world())
    for tenants in (OTHERS, OTHERS | {small_fleet.tenant}):
        with pytest.raises(NotFound, match="no tenant 't-of-others'"):
            await getattr(toolbox, tool)(**given, where=Slice(tenant=tenants))
    assert toolbox.calls == []


async def test_another_tenants_requests_are_not_there(small_fleet: SmallFleet) -> None:
    wanted = small_fleet.request(9)
    own = await Toolbox(small_fleet.world()).request(id=wanted)
    assert own is not None
    assert own.id == wanted
    stranger = Toolbox(small_fleet.world(tenant="t-of-others"))
    assert await stranger.request(id=wanted) is None
    assert await stranger.trend(
        metric=Metric.COST, during=DURING, granularity=Granularity.DAY,
        group_by=(), where=Slice(deployment=frozenset({small_fleet.hit})),
    ) != await Toolbox(small_fleet.world()).trend(
        metric=Metric.COST, during=DURING, granularity=Granularity.DAY,
        group_by=(), where=Slice(deployment=frozenset({small_fleet.hit})),
    )  # fmt: skip


async def test_a_period_may_not_be_too_long(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(replace(small_fleet.world(), days_at_most=2))
    long = Period(NOW - 3 * DAY, NOW)
    for asked in (
        toolbox.savings(during=long),
        toolbox.compare(metric=Metric.COST, during=DURING, compared_to=long),
        toolbox.changes(from_=long.start, to=long.end),
    ):
        with pytest.raises(InvalidInput, match="3 days are too long"):
            await asked
    assert await toolbox.savings(during=Period(NOW - 2 * DAY, NOW)) == []


async def test_periods_that_are_none_are_refused(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    for asked in (
        toolbox.changes(from_=NOW, to=NOW),
        toolbox.incidents(from_=NOW, to=NOW - HOUR),
    ):
        with pytest.raises(InvalidInput, match="must lie before `to`"):
            await asked
    with pytest.raises(InvalidInput, match="until: must lie after `at`"):
        await toolbox.maintenance(until=NOW)


def test_a_trend_may_not_have_too_many_points() -> None:
    check_points([POINTS_AT_MOST])
    with pytest.raises(InvalidInput, match="2 series with 100001 points are too many"):
        check_points([POINTS_AT_MOST, 1])


async def test_the_present_fleet_is_the_view_and_the_past_the_graph(
    small_fleet: SmallFleet,
) -> None:
    world = small_fleet.world()
    toolbox = Toolbox(world)
    assert await toolbox.fleet() == list(world.view.deployments)
    assert [
        one.deployment for one in await toolbox.fleet(backend=frozenset({small_fleet.neo}))
    ] == [small_fleet.spared]
    then = await toolbox.fleet(at=NOW - HOUR, model=frozenset({small_fleet.sage}))
    assert {one.deployment for one in then} == {small_fleet.hit, small_fleet.spared}
    without_view = await Toolbox(small_fleet.world(view=False)).fleet()
    assert {small_fleet.hit, small_fleet.spared} <= {one.deployment for one in without_view}


async def test_a_short_horizon_has_a_short_step(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world())
    for horizon, steps in ((30, 1), (60, 1), (120, 2)):
        (series,) = await toolbox.forecast(horizon_minutes=horizon, of=Demand.COST)
        assert len(series.points) == steps
        ends = series.points[-1].at + timedelta(minutes=min(horizon, 60))
        assert ends <= NOW + timedelta(minutes=horizon + 10)


async def test_routing_is_for_the_callers_own_tenant_and_books_nothing(
    small_fleet: SmallFleet,
) -> None:
    asked: list[RoutingRequest] = []
    world = small_fleet.world()

    def route(request: RoutingRequest) -> RoutingView:
        asked.append(request)
        return world.route(request)

    toolbox = Toolbox(replace(world, route=route))
    found = await toolbox.routing_view(
        user="ada", task_type="x", prompt_tokens=10, capabilities=frozenset({"b", "a"})
    )
    assert found.candidates
    (request,) = asked
    assert (request.tenant, request.reserve) == (small_fleet.tenant, False)
    assert request.requirements.capabilities == ("a", "b")
