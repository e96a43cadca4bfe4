"""Operations run in this process: the real graph, a real hot view, any caller, any instant."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from strawberry.types import ExecutionResult

from agent.cascade import Agent
from agent.memory import Memory
from agent.settings import AgentSettings
from api.graphql.context import Connection, Services
from api.graphql.feed import Feed
from api.graphql.schema import Schema
from api.graphql.settings import GraphqlSettings
from graph.columns import BucketColumns
from graph.hot import keys
from graph.hot.reader import HotView
from graph.hot.routing.router import Router
from graph.hot.snapshot import ViewSnapshot
from graph.keys import SCOPES, Caller
from graph.scope import TenantScope
from graph.settings import GraphSettings, HealthSettings
from graph.store.door import GraphStore
from graph.store.ledger import record
from ingest.events import parse_event
from ingest.facts import fact_of

# The view is one for all tenants, so these tests have a database to themselves and empty it.
DATABASE = "/8"
T0 = datetime(2026, 9, 8, 12, tzinfo=UTC)
OPERATOR = Caller(TenantScope.all(), SCOPES, key_id=None, name="operator")

Publish = Callable[[ViewSnapshot], Awaitable[None]]


@pytest.fixture(scope="session")
async def store(graph_settings: GraphSettings) -> AsyncGenerator[GraphStore]:
    """The store of the session's Neo4j, with its schema."""
    opened = await GraphStore.connect(graph_settings)
    yield opened
    await opened.close()


@pytest.fixture
def view_settings(graph_settings: GraphSettings) -> GraphSettings:
    """The address of the view's own database."""
    parts = urlsplit(str(graph_settings.redis_url))
    return graph_settings.model_copy(
        update={"redis_url": urlunsplit(parts._replace(path=DATABASE))}
    )


@pytest.fixture
async def publish(view_settings: GraphSettings) -> AsyncGenerator[Publish]:
    """Puts a view into the emptied Redis as the composer does."""
    redis: Any = Redis.from_url(str(view_settings.redis_url))  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
    await redis.flushdb()

    async def put(snapshot: ViewSnapshot) -> None:
        await redis.set(keys.VIEW, snapshot.to_json())
        await redis.set(keys.VIEW_VERSION, snapshot.version)
        await redis.publish(keys.VIEW_CHANGED, snapshot.version)

    yield put
    await redis.aclose()


@pytest.fixture
async def services(
    store: GraphStore, view_settings: GraphSettings, publish: Publish
) -> AsyncGenerator[Services]:
    """What operations share; no view was composed yet."""
    _ = publish
    view = await HotView.open(view_settings.redis_url, view_settings)
    limits, health, asks = GraphqlSettings(), HealthSettings(), AgentSettings()
    memory = Memory.open(view_settings, settings=asks)
    async with Router.open(view, view_settings, budgets=health) as router:
        yield Services(
            graphql=limits,
            health=health,
            store=store,
            columns=BucketColumns(store),
            view=view,
            router=router,
            feed=Feed(view, limit=limits.subscriptions),
            agent=Agent(asks, memory=memory, claude=None),
        )
    await memory.close()
    await view.close()


@dataclass
class Api:
    """Asks operations, as whom and when one likes."""

    services: Services
    schema: Schema = field(default_factory=lambda: Schema(GraphqlSettings()))

    async def result(
        self, query: str, *, caller: Caller = OPERATOR, now: datetime = T0, **variables: Any
    ) -> ExecutionResult:
        """The whole result."""
        services = replace(self.services, clock=lambda: now)
        return await self.schema.execute(
            query,
            variable_values=variables,
            context_value=Connection(services, identify=lambda: caller),
        )

    async def data(self, query: str, **more: Any) -> dict[str, Any]:
        """The data of an operation that has no error."""
        result = await self.result(query, **more)
        assert result.errors is None, result.errors
        assert result.data is not None
        return result.data

    async def error(self, query: str, **more: Any) -> tuple[str, dict[str, Any]]:
        """Message and extensions of the only error."""
        result = await self.result(query, **more)
        assert result.errors is not None
        (error,) = result.errors
        return error.message, dict(error.extensions or {})


@pytest.fixture
def api(services: Services) -> Api:
    """The API in this process."""
    return Api(services)


@dataclass
class Place:
    """A model, a backend and a tenant that no other test knows, and what is told of them."""

    store: GraphStore
    tenant: str
    name: str = field(default_factory=lambda: uuid4().hex[:8])

    @property
    def model(self) -> str:
        """Its model."""
        return f"m-{self.name}"

    @property
    def backend(self) -> str:
        """Its backend."""
        return f"b-{self.name}"

    @property
    def deployment(self) -> str:
        """Its deployment."""
        return f"{self.model}@{self.backend}"

    async def tell(self, *events: dict[str, Any]) -> None:
        """Write what events tell, as the writer does."""
        await record(self.store, [fact_of(parse_event(event)) for event in events])

    def event(
        self, kind: str, at: datetime, *, known_after: timedelta = timedelta(seconds=2), **data: Any
    ) -> dict[str, Any]:
        """One event of this tenant."""
        return {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": f"//{self.name}",
            "type": f"routecause.{kind}",
            "time": at.isoformat(),
            "recordedtime": (at + known_after).isoformat(),
            "tenant": self.tenant,
            "data": data,
        }

    def request(self, name: str, at: datetime, **outcome: Any) -> dict[str, Any]:
        """A request that this place's deployment served."""
        return self.event(
            "request.completed",
            at,
            request_id=f"{name}-{self.name}",
            user="ada",
            tier="premium",
            task_type="reasoning",
            prompt_tokens=10,
            completion_tokens=20,
            decision={
                "deployment": self.deployment,
                "policy": f"p-{self.name}",
                "policy_version": "v1",
                "method": "fallback",
                "propensity": 0.75,
                "exploration": True,
                "view_version": "17",
                "candidates": [{"deployment": self.deployment, "score": 0.5, "propensity": 0.75}],
                "fallback_from": [{"deployment": "x@y", "cause": "timeout"}],
            },
            outcome={"status": "ok", "latency_ms": 100.0, "cost_usd": 0.25, **outcome},
        )

    def score(
        self, name: str, score: float, at: datetime, *, known_after: timedelta
    ) -> dict[str, Any]:
        """A score of a request."""
        return self.event(
            "quality.scored",
            at,
            known_after=known_after,
            request_id=f"{name}-{self.name}",
            evaluator="judge",
            score=score,
        )

    def sample(self, at: datetime, **metrics: Any) -> dict[str, Any]:
        """A health sample of this place's deployment."""
        event = self.event("deployment.observed", at, deployment=self.deployment)
        event["data"] |= {"window_s": 60, "sample_count": 10, "available": True, **metrics}
        return event

    def incident(self, at: datetime, *, known_after: timedelta) -> dict[str, Any]:
        """An incident of this place's backend."""
        return self.event(
            "incident.opened",
            at,
            known_after=known_after,
            incident=f"inc-{self.name}",
            scope={"kind": "backend", "id": self.backend},
            severity="sev1",
            title="packet loss",
            url="https://status.example/1",
        )

    def policy(self, version: str, at: datetime, **more: Any) -> dict[str, Any]:
        """A version of this place's policy."""
        return self.event(
            "policy.published", at, policy=f"p-{self.name}", version=version, rules={}, **more
        )


@pytest.fixture
def place(store: GraphStore, tenant: str) -> Place:
    """Somewhere to tell of."""
    return Place(store, tenant)
