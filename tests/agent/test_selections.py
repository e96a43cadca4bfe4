"""Each call as GraphQL: valid, within the limits, and answered with the same figures."""

from collections.abc import AsyncGenerator
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import pytest
from redis.asyncio import Redis

from agent.cascade import Agent
from agent.memory import Memory
from agent.results import Call, camel, document, plain
from agent.selections import SELECTIONS
from agent.settings import AgentSettings
from agent.toolbox import TOOL_NAMES, Toolbox, World
from api.graphql.context import Connection, Services
from api.graphql.feed import Feed
from api.graphql.schema import Schema
from api.graphql.settings import GraphqlSettings
from graph.health import HealthStatus
from graph.hot import keys
from graph.hot.reader import HotView
from graph.hot.routing.router import Router
from graph.keys import SCOPES, Caller
from graph.settings import GraphSettings
from graph.slices import Demand, Dimension, Granularity, Metric, Period, Slice
from graph.store.door import GraphStore
from tests.agent.playbooks.shops import Shops
from tests.agent.playbooks.worlds import DAY, LIMITS, NOW, SmallFleet

# The view is one for all tenants, so these tests have a database to themselves.
DATABASE = "/11"
SCHEMA = Schema(GraphqlSettings())
DURING = Period(NOW - DAY, NOW)
BEFORE = Period(NOW - 2 * DAY, NOW - DAY)
ODD = frozenset({'a"b\\', "naïve ✓ 😀", "{x}"})
EVERYWHERE = Slice(**{field.name: ODD for field in fields(Slice)})
TRAFFIC: dict[str, Any] = {"metric": Metric.QUALITY, "during": DURING, "where": EVERYWHERE}
WHOLE: dict[str, dict[str, Any]] = {
    "names": {},
    "fleet": {"at": NOW, "known_at": NOW, "status": frozenset(HealthStatus), "model": ODD,
              "backend": ODD},
    "incidents": {"active_at": NOW, "from_": NOW - DAY, "to": NOW, "known_at": NOW},
    "maintenance": {"at": NOW, "until": NOW + DAY},
    "changes": {"from_": NOW - DAY, "to": NOW},
    "routing_view": {"user": "ada", "task_type": "x", "prompt_tokens": 1, "tenant": "t",
                     "tier": "gold", "max_completion_tokens": 2, "capabilities": ODD,
                     "max_latency_ms": 1.5, "max_cost_usd": 0.1, "min_quality": 0.5},
    "request": {"id": 'r"1', "known_at": NOW},
    "why_changed": {**TRAFFIC, "compared_to": BEFORE},
    "similar_incidents": {"incident": "i", "text": "many\nlines", "first": 3},
    "what_if": {**TRAFFIC, "policy_version": "p@v", "without": ODD, "arm": "e/a"},
    "trend": {**TRAFFIC, "granularity": Granularity.DAY, "group_by": tuple(Dimension)},
    "compare": {**TRAFFIC, "compared_to": BEFORE, "group_by": (Dimension.TIER,)},
    "forecast": {"horizon_minutes": 60, "step_minutes": 10, "of": Demand.TOKENS,
                 "group_by": (Dimension.MODEL,), "where": EVERYWHERE, "as_of": NOW},
    "capacity_risk": {"horizon_minutes": 60, "without": ODD, "as_of": NOW},
    "budgets": {"tenant": "t", "at": NOW},
    "savings": {"during": DURING, "where": EVERYWHERE},
    "cost_anomalies": {"during": DURING},
    "slos": {"at": NOW},
    "experiment": {"id": "e", "at": NOW},
    "rollout": {"change": "c", "at": NOW},
}  # fmt: skip
"""Each tool with every argument that it takes."""


def test_every_tool_is_told_as_graphql() -> None:
    assert list(SELECTIONS) == TOOL_NAMES == list(WHOLE)


@pytest.mark.parametrize("tool", TOOL_NAMES)
@pytest.mark.parametrize("given", ["all", "needed"])
def test_a_document_is_valid_and_within_the_limits(tool: str, given: str) -> None:
    arguments = WHOLE[tool]
    if given == "needed":
        needed = {"metric", "during", "granularity", "from_", "to", "user", "task_type",
                  "prompt_tokens", "id", "change"}  # fmt: skip
        optional = {"incidents": {"from_", "to"}}.get(tool, set[str]())
        arguments = {n: v for n, v in arguments.items() if n in needed - optional}
        if tool == "compare":
            arguments["compared_to"] = BEFORE
    text = document([Call(tool, arguments, None)])
    assert text is not None
    found = SCHEMA.documents.known(text)
    assert [error.message for error in found.errors] == []


def test_as_many_as_are_told_at_once_are_within_the_limits() -> None:
    calls = [Call(tool, WHOLE[tool], None) for tool in TOOL_NAMES]
    for heavy in ("why_changed", "what_if", "cost_anomalies"):
        later = replaced(WHOLE[heavy])
        text = document([*calls, Call(heavy, later, None), Call(heavy, WHOLE[heavy], None)])
        assert text is not None
        assert [error.message for error in SCHEMA.documents.known(text).errors] == []


def replaced(arguments: dict[str, Any]) -> dict[str, Any]:
    return {**arguments, "during": Period(NOW - 3 * DAY, NOW)}


@pytest.fixture(scope="module")
async def services(
    store: GraphStore, graph_settings: GraphSettings, small_fleet: SmallFleet
) -> AsyncGenerator[Services]:
    """What the served GraphQL answers from, with the small fleet's view, at its instant."""
    parts = urlsplit(str(graph_settings.redis_url))
    settings = graph_settings.model_copy(
        update={"redis_url": urlunsplit(parts._replace(path=DATABASE))}
    )
    redis: Any = Redis.from_url(str(settings.redis_url))  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
    await redis.flushdb()
    await redis.set(keys.VIEW, small_fleet.view.to_json())
    await redis.set(keys.VIEW_VERSION, small_fleet.view.version)
    await redis.aclose()
    limits, asks = GraphqlSettings(), AgentSettings()
    memory = Memory.open(settings, settings=asks)
    view = await HotView.open(settings.redis_url, settings)
    async with Router.open(view, settings, budgets=LIMITS) as router:
        yield Services(
            graphql=limits,
            health=LIMITS,
            store=store,
            columns=small_fleet.columns,
            view=view,
            router=router,
            feed=Feed(view, limit=limits.subscriptions),
            agent=Agent(asks, memory=memory, claude=None),
            clock=lambda: NOW,
        )
    await memory.close()
    await view.close()


def asked_of_the_fleet(told: SmallFleet) -> dict[str, dict[str, Any]]:
    mine = {"where": Slice(deployment=frozenset({told.hit, told.spared}))}
    quality = {"metric": Metric.QUALITY, "during": DURING, **mine}
    return {
        "fleet": {},
        "incidents": {"active_at": NOW},
        "maintenance": {"until": NOW + 2 * DAY},
        "changes": {"from_": NOW - 2 * DAY, "to": NOW},
        "routing_view": {"user": "ada", "task_type": told.task, "prompt_tokens": 100,
                         "max_latency_ms": 900.0},
        "request": {"id": told.request(9)},
        "why_changed": {**quality, "compared_to": BEFORE},
        "similar_incidents": {"incident": told.incident},
        "what_if": {**quality, "without": frozenset({told.hit})},
        "trend": {**quality, "granularity": Granularity.DAY, "group_by": (Dimension.DEPLOYMENT,)},
        "compare": {**quality, "compared_to": BEFORE},
        "rollout": {"change": told.rollout},
    }  # fmt: skip


def asked_of_the_shops(told: Shops) -> dict[str, dict[str, Any]]:
    return {
        "forecast": {"horizon_minutes": 30, "group_by": (Dimension.TENANT,)},
        "capacity_risk": {"without": frozenset({told.west})},
        "budgets": {},
        "savings": {"during": Period(NOW - 7 * DAY, NOW)},
        "cost_anomalies": {"during": DURING},
        "slos": {},
        "experiment": {"id": told.trial},
    }


async def answers(
    tool: str, arguments: dict[str, Any], *, world: World, services: Services
) -> tuple[Any, Any]:
    """What the tool gives, and what the served GraphQL answers to its document."""
    toolbox = Toolbox(world)
    await getattr(toolbox, tool)(**arguments)
    text = document(toolbox.calls)
    assert text is not None
    caller = Caller(world.scope, SCOPES, key_id=None, name="a test")
    served = await SCHEMA.execute(text, context_value=Connection(services, identify=lambda: caller))
    assert served.errors is None, served.errors
    assert served.data is not None
    return toolbox.calls[0].result, served.data[camel(tool)]


OF_SHOPS = {"forecast", "capacity_risk", "budgets", "savings", "cost_anomalies", "slos",
            "experiment"}  # fmt: skip
EMPTY = {"savings"}
"""What the shops have none of: their cheap deployment is not as good."""
WITHOUT_FIGURES = EMPTY | {"incidents", "maintenance", "changes"}
WITHOUT_TEXTS = EMPTY | {"compare"}
DERIVED = {"request": {"contextThen"}, "slos": {"burnRate1h", "burnRate6h"}}
"""Fields that only GraphQL has."""


@pytest.mark.parametrize("tool", TOOL_NAMES[1:])
async def test_graphql_answers_the_same(
    tool: str, services: Services, small_fleet: SmallFleet, shops: Shops
) -> None:
    if tool in OF_SHOPS:
        arguments, world = asked_of_the_shops(shops)[tool], shops.world()
    else:
        arguments, world = asked_of_the_fleet(small_fleet)[tool], small_fleet.world()
    given, served = await answers(tool, arguments, world=world, services=services)
    compared = Compared()
    compared.same(given, served, path=tool)
    assert compared.figures > 0 or tool in WITHOUT_FIGURES
    assert compared.texts > 0 or tool in WITHOUT_TEXTS
    assert compared.missed <= DERIVED.get(tool, set())


class Compared:
    """Compares what a tool gave with what was served, field by field of both."""

    def __init__(self) -> None:
        self.figures = 0
        self.texts = 0
        self.missed: set[str] = set()

    def same(self, given: Any, served: Any, *, path: str) -> None:
        if isinstance(served, dict):
            for name, one in cast("dict[str, Any]", served).items():
                found, own = self._field(given, name)
                if found:
                    self.same(own, one, path=f"{path}.{name}")
                else:
                    self.missed.add(name)
        elif isinstance(served, list):
            told = cast("list[Any]", served)
            own: list[Any] = sorted(given) if isinstance(given, frozenset) else list(given)  # pyright: ignore[reportUnknownArgumentType]  # of whatever
            assert len(own) == len(told), path
            for place, (mine, one) in enumerate(zip(own, told, strict=True)):
                self.same(mine, one, path=f"{path}[{place}]")
        elif isinstance(served, float | int) and not isinstance(served, bool):
            self.figures += 1
            if isinstance(given, timedelta):
                given = given / timedelta(days=1)
            assert given == pytest.approx(served, rel=1e-9), path
        else:
            self.texts += served is not None
            assert _plain(given) == _plain(served), path

    def _field(self, given: Any, name: str) -> tuple[bool, Any]:
        """Whether a result has what GraphQL calls `name`, and its value."""
        names = cast("dict[str, Any]", given) if isinstance(given, dict) else dir(given)
        called = {one.replace("_", "").lower(): one for one in names if not one.startswith("_")}
        # What lasts or leads from one to another starts and ends.
        own = called.get(name.lower()) or called.get({"from": "start", "to": "end"}.get(name, ""))
        if own is None:
            return False, None
        if isinstance(given, dict):
            return True, cast("dict[str, Any]", given)[own]
        return True, getattr(given, own)


def _plain(value: Any) -> Any:
    told = plain(value)
    if isinstance(value, datetime):
        return value
    if isinstance(told, str):
        try:
            return datetime.fromisoformat(told)
        except ValueError:
            return told.upper()
    return told
