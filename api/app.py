"""The application: every part connected, every route in its place, and an end in good order.

Run as `python -m uvicorn api.app:create_app --factory`. It starts, and answers what needs only the
hot view, while Neo4j is away; what needs the graph says so until it is back.
"""

import asyncio
import gc
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from ctypes import CDLL
from typing import Any, Final

from fastapi import FastAPI
from starlette.routing import Route, WebSocketRoute

from agent.cascade import Agent
from agent.claude.client import available
from agent.memory import Memory
from agent.understanding.semantics import Semantics
from api import errors, mcp
from api.auth import LocalGuard, check_bind, is_loopback
from api.console.pages import console_router
from api.graphql.context import Services
from api.graphql.feed import Feed
from api.graphql.schema import Schema
from api.graphql.view import GraphqlApp
from api.http import health, metrics
from api.http.health import Readiness
from api.http.metrics import Metrics
from api.http.middleware import Access, Direct, Limits
from api.http.termination import on_termination
from api.rest import dead_letters, events, ingest_status, keys, policies, routing
from api.settings import Settings, load
from graph.columns import BucketColumns
from graph.errors import GraphUnavailable, RoutecauseError
from graph.hot.connection import connect
from graph.hot.evidence import EvidenceWriter
from graph.hot.reader import HotView
from graph.hot.routing.router import Router
from graph.key_ring import KeyRing
from graph.store.door import GraphStore
from ingest.gateway import Gateway
from ingest.log import EventLog
from ingest.refusals import RefusedPolicies

log = logging.getLogger(__name__)

_LONGEST_PAUSE_S: Final = 5.0
_LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
_COLLECT_AFTER: Final = (700, 10, 100)
"""New objects until the youngest are collected, and how many such rounds until the older are."""
_OWN_LIMITS: Final = frozenset({"/v1/events", "/v1/dead-letters/"})
"""Routes that bound their bodies themselves: events come in larger ones than anything else."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; settings come from the environment where none are given.

    Raises SettingsError for a wrong setting, GraphUnavailable or HotUnavailable at its start where
    an address is missing.
    """
    given = settings or load()
    told = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        # Where someone has set up logging already, that stays.
        logging.basicConfig(level=given.service.log_level.upper(), format=_LOG_FORMAT)
        async with AsyncExitStack() as stack:
            await _connect(app, given, stack=stack)
            _settle()
            yield

    app = FastAPI(
        title="Routecause",
        description="Root cause for LLM routing.",
        lifespan=lifespan,
        # Both load their scripts from elsewhere; GraphiQL is served whole instead.
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json" if given.graphql.introspection else None,
    )
    app.state.metrics = told
    errors.install(app)
    for router in (events, ingest_status, dead_letters, keys, policies, routing, health, metrics):
        app.include_router(router.router)
    app.include_router(console_router(given.console))
    graphql = GraphqlApp(
        Schema(given.graphql, observe=told.observe_operation), limits=given.graphql
    )
    app.router.routes += [Route("/graphql", graphql), WebSocketRoute("/graphql", graphql)]
    app.router.routes.append(Route("/mcp", mcp.McpApp()))
    # Every request that is routed comes this way; the routes above are for all that is not.
    direct = {("POST", "/v1/route"): routing.answer, ("POST", "/graphql"): graphql}
    app.add_middleware(Direct, apps=direct)
    _surround(app, given, told=told)
    return app


def _settle() -> None:
    """Leave what the start made out of every later garbage collection.

    It stays for good, and going through it once more would hold up the requests of that moment.
    """
    gc.collect()
    gc.freeze()
    # The oldest are looked at when they have grown by a quarter, counted from now on, and seldom:
    # views that are gone need no collection.
    gc.collect()
    gc.set_threshold(*_COLLECT_AFTER)
    # What imports took for a moment goes back to the system, where its C library can give it.
    with suppress(OSError, AttributeError):
        CDLL(None).malloc_trim(0)


def _surround(app: FastAPI, settings: Settings, *, told: Metrics) -> None:
    """Put the middleware around it; what is added last sees a request first."""
    app.add_middleware(
        Limits,
        limit_bytes=settings.http.request_limit_bytes,
        timeout_s=settings.http.request_timeout_s,
        own_limits=_OWN_LIMITS,
    )
    app.add_middleware(LocalGuard)
    app.add_middleware(
        Access,
        observe=told.observe_request,
        log=settings.http.access_log,
        paths=frozenset({"/", "/graphql", "/v1/route"}),
    )


async def _connect(app: FastAPI, settings: Settings, *, stack: AsyncExitStack) -> None:
    """Open everything that the routes find on `app.state`, and close it again with the stack."""
    if settings.graph.neo4j_uri is None:
        raise GraphUnavailable("no address of Neo4j is known; set NEO4J_URI, or run `serve`")
    store = GraphStore.open(settings.graph)
    stack.push_async_callback(store.close)
    view = await HotView.open(settings.graph.redis_url, settings.graph, budgets=settings.health)
    stack.push_async_callback(view.close)
    router = await stack.enter_async_context(
        Router.open(view, settings.graph, budgets=settings.health)
    )
    event_log = EventLog.open(settings.graph, settings=settings.ingest)
    stack.push_async_callback(event_log.close)
    feed = Feed(view, limit=settings.graphql.subscriptions)
    stack.callback(feed.close)
    stack.enter_context(on_termination(feed.close))
    admin_key = settings.service.admin_key
    key_ring = KeyRing(
        store,
        admin_key=admin_key.get_secret_value() if admin_key else None,
        keyless_allowed=is_loopback(settings.service.host),
    )
    if not is_loopback(settings.service.host):
        with suppress(GraphUnavailable, TimeoutError):
            async with asyncio.timeout(_LONGEST_PAUSE_S):
                await key_ring.refresh()
        check_bind(settings.service.host, ring=key_ring)
    await stack.enter_async_context(_running(key_ring.run(), name="key-ring"))
    await stack.enter_async_context(_running(_prepare(store), name="graph-schema"))
    state = app.state
    state.store, state.view, state.log, state.feed = store, view, event_log, feed
    state.router, state.key_ring = router, key_ring
    told = connect(
        settings.graph.redis_url, settings=settings.graph, timeout_s=settings.ingest.log_timeout_s
    )
    stack.push_async_callback(told.aclose)
    refused = RefusedPolicies(EvidenceWriter(told, budgets=settings.health))
    state.gateway = Gateway(event_log, settings=settings.ingest, refused=refused)
    state.dead_letters = event_log.dead_letters
    state.ingest_settings = settings.ingest
    state.readiness = Readiness(
        store,
        view,
        event_log,
        key_ring,
        backlog_limit=settings.ingest.backlog_limit,
        timeout_s=settings.http.probe_timeout_s,
    )
    state.mcp = await stack.enter_async_context(mcp.serving())
    state.services = Services(
        graphql=settings.graphql,
        health=settings.health,
        store=store,
        columns=BucketColumns(store),
        view=view,
        router=router,
        feed=feed,
        agent=await _agent(settings, stack=stack),
    )


async def _agent(settings: Settings, *, stack: AsyncExitStack) -> Agent:
    """Who answers questions in words. What it learns is learnt beside everything else."""
    memory = Memory.open(settings.graph, settings=settings.agent)
    stack.push_async_callback(memory.close)
    await stack.enter_async_context(
        _running(asyncio.to_thread(Semantics.trained), name="semantics")
    )
    claude = None
    if available(settings.agent):
        # Imported late: its client takes a second that is spent only where there is a key.
        from agent.claude.loop import Claude

        claude = Claude(settings.agent)
        stack.push_async_callback(claude.close)
    return Agent(settings.agent, memory=memory, claude=claude)


async def _prepare(store: GraphStore) -> None:
    """Make sure of the graph's schema, however long Neo4j takes to answer."""
    pause_s = 0.2
    while True:
        try:
            await store.prepare()
        except RoutecauseError as error:
            # A refused statement too: another process may just have made the same index.
            log.warning("the graph is not there yet, tried again in %.1f s: %s", pause_s, error)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        else:
            return


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, Any], *, name: str) -> AsyncGenerator[None]:
    """Run something beside; it is cancelled, and waited for, in the end."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
