"""The routes as an application of their own, on the real stores, called in process."""

from collections.abc import AsyncGenerator, Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from api.auth import LocalGuard
from api.errors import install
from api.rest import dead_letters, events, ingest_status, keys
from graph.key_ring import KeyRing
from graph.settings import GraphSettings
from graph.store.door import GraphStore
from ingest.gateway import Gateway
from ingest.log import EventLog
from ingest.settings import IngestSettings

ADMIN = "an-administrator's-own-secret"
# The log is one for all tenants, so these tests have a database to themselves and empty it.
DATABASE = "/10"


@pytest.fixture(scope="session")
async def store(graph_settings: GraphSettings) -> AsyncGenerator[GraphStore]:
    """The store of the session's Neo4j, with its schema."""
    opened = await GraphStore.connect(graph_settings)
    yield opened
    await opened.close()


@pytest.fixture
async def app(graph_settings: GraphSettings, store: GraphStore) -> AsyncGenerator[FastAPI]:
    """An application with an empty log that wants keys."""
    url = urlunsplit(urlsplit(str(graph_settings.redis_url))._replace(path=DATABASE))
    redis: Any = Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType]  # **kwargs
    # Only what is ours: the server may be someone's own.
    async for key in redis.scan_iter("rc:*"):
        await redis.unlink(key)
    await redis.aclose()
    made, settings = FastAPI(), IngestSettings(body_limit_bytes=2_000_000)
    log = EventLog.open(graph_settings.model_copy(update={"redis_url": url}), settings=settings)
    made.state.store, made.state.log, made.state.ingest_settings = store, log, settings
    made.state.gateway = Gateway(log, settings=settings)
    made.state.dead_letters = log.dead_letters
    made.state.key_ring = KeyRing(store, admin_key=ADMIN, keyless_allowed=True)
    await made.state.key_ring.refresh()
    for module in (events, ingest_status, dead_letters, keys):
        made.include_router(module.router)
    made.add_middleware(LocalGuard)
    install(made)
    yield made
    await log.close()


Client = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[Client]:
    """Clients by key; the administrator's by default."""
    opened: list[httpx.AsyncClient] = []

    def of(key: str | None = ADMIN) -> httpx.AsyncClient:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        transport: Any = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        base = "http://127.0.0.1:8000"
        opened.append(httpx.AsyncClient(transport=transport, base_url=base, headers=headers))
        return opened[-1]

    yield of
    for one in opened:
        await one.aclose()
