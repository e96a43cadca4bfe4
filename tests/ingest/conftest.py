"""A log of its own for each test, on the real Redis, and events to put into it."""

import copy
import json
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from graph.keys import SCOPES, Caller
from graph.scope import TenantScope
from graph.settings import GraphSettings
from ingest.gateway import Gateway
from ingest.log import EventLog
from ingest.settings import IngestSettings

EXAMPLES = Path(__file__).parent.parent / "data" / "examples.jsonl"
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
# The log is one for all tenants, so these tests have a database to themselves and empty it.
DATABASE = "/9"


@pytest.fixture(scope="session")
def example_lines() -> list[bytes]:
    """The contract's examples, a line each."""
    return EXAMPLES.read_bytes().splitlines()


@pytest.fixture(scope="session")
def full_request(example_lines: list[bytes]) -> dict[str, Any]:
    """A request with every field."""
    return json.loads(next(line for line in example_lines if b'"req-full"' in line))


@pytest.fixture
def request_event(full_request: dict[str, Any], tenant: str) -> Callable[..., dict[str, Any]]:
    """Make requests of this test's tenant; dotted paths replace fields, `...` removes one."""

    def make(**changes: Any) -> dict[str, Any]:
        event = copy.deepcopy(full_request)
        event["id"] = event["data"]["request_id"] = str(uuid4())
        event["source"], event["tenant"] = f"//{tenant}", tenant
        for path, value in changes.items():
            put(event, path, value)
        return event

    return make


def put(event: dict[str, Any], path: str, value: Any) -> None:
    """Replace or (`...`) remove the field at a path; `__` stands for the dot."""
    *parents, last = path.replace("__", ".").split(".")
    place: Any = event
    for name in parents:
        place = place[int(name)] if name.isdigit() else place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value


@pytest.fixture(scope="session")
def log_settings(redis_url: str) -> GraphSettings:
    """The address of the log's own database."""
    parts = urlsplit(redis_url)
    return GraphSettings(redis_url=urlunsplit(parts._replace(path=DATABASE)))


@pytest.fixture
def ingest_settings() -> IngestSettings:
    """Short waits, small limits."""
    return IngestSettings(recover_idle_s=0.3, read_wait_ms=50)


@pytest.fixture
async def event_log(
    log_settings: GraphSettings, ingest_settings: IngestSettings
) -> AsyncGenerator[EventLog]:
    """An empty log."""
    redis: Any = Redis.from_url(str(log_settings.redis_url))  # pyright: ignore[reportUnknownMemberType]  # **kwargs
    # Only what is ours: the server may be someone's own.
    async for key in redis.scan_iter("rc:*"):
        await redis.unlink(key)
    await redis.aclose()
    log = EventLog.open(log_settings, settings=ingest_settings)
    yield log
    await log.close()


@pytest.fixture
def gateway(event_log: EventLog, ingest_settings: IngestSettings) -> Gateway:
    """A gateway in front of the empty log."""
    return Gateway(event_log, settings=ingest_settings)


@pytest.fixture
def operator() -> Caller:
    """Someone who may do everything."""
    return Caller(TenantScope.all(), SCOPES, key_id=None, name="operator")


@pytest.fixture
def member(tenant: str) -> Caller:
    """Someone of this test's tenant who may send, but not backfill."""
    return Caller(TenantScope.of(tenant), frozenset({"ingest"}), key_id="rc_0", name="member")
