"""From the log to the view: counted once, through restarts, with the poisonous set aside."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from api.servers import ServerSettings, redis_server
from graph.hot import keys
from graph.hot.connection import connect
from graph.hot.evidence import Entry, EvidenceWriter
from graph.hot.projection import Projection
from graph.hot.reader import HotView
from graph.scope import TenantScope
from graph.settings import GraphSettings, HealthSettings
from ingest.effects import effects_of
from ingest.events import Event, parse_event
from ingest.log import EventLog, LogEntry
from ingest.projector import Projector
from ingest.settings import IngestSettings

EXAMPLES = Path(__file__).parents[1] / "data" / "examples.jsonl"
BUDGETS = HealthSettings()
INGEST = IngestSettings(recover_idle_s=0.2, read_wait_ms=50, log_timeout_s=1.0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def own_redis(
    server_settings: ServerSettings, tmp_path_factory: pytest.TempPathFactory
) -> Generator[str]:
    with redis_server(tmp_path_factory.mktemp("projector"), settings=server_settings) as address:
        yield address.url


@pytest.fixture
async def redis(own_redis: str) -> AsyncGenerator[Any]:
    client: Any = Redis.from_url(own_redis)  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def settings(own_redis: str) -> GraphSettings:
    return GraphSettings(redis_url=own_redis, view_interval_ms=50)


def event(kind: str, name: str, data: dict[str, Any], *, ago_s: float = 5) -> Event:
    at = (datetime.now(UTC) - timedelta(seconds=ago_s)).isoformat()
    return parse_event(
        {
            "specversion": "1.0",
            "id": name,
            "source": "//test",
            "type": f"routecause.{kind}",
            "time": at,
            "recordedtime": at,
            "data": data,
        }
    )


def request(name: str, *, deployment: str = "m@b", status: str = "ok") -> Event:
    data = {
        "request_id": name,
        "user": "u",
        "tier": "gold",
        "task_type": "chat",
        "prompt_tokens": 10,
        "completion_tokens": 20,
        "decision": {
            "deployment": deployment,
            "policy": "main",
            "policy_version": "v1",
            "method": "rule",
        },
        "outcome": {"status": status, "latency_ms": 100.0, "cost_usd": 0.01},
    }
    return event("request.completed", name, data)


def sample(name: str, *, deployment: str = "m@b") -> Event:
    data = {"deployment": deployment, "window_s": 60, "sample_count": 3, "available": True}
    return event("deployment.observed", name, data)


async def _built() -> None:
    """Nothing to build: these tests start from the log."""


@contextlib.asynccontextmanager
async def projector(
    settings: GraphSettings,
    *,
    name: str = "one",
    built: Callable[[], Awaitable[None]] = _built,
) -> AsyncGenerator[Projector]:
    log = EventLog.open(settings, settings=INGEST)
    client = connect(settings.redis_url, settings=settings, timeout_s=1.0)
    evidence = EvidenceWriter(client, budgets=BUDGETS)
    yield Projector(log, evidence, INGEST, name, lambda: None, built)
    await client.aclose()
    await log.close()


async def counted(redis: Any, deployment: str = "m@b") -> int:
    projection = Projection(redis, budgets=BUDGETS)
    now = datetime.now(UTC)
    await projection.refresh(now=now)
    facts = [each for each in projection.facts() if each.deployment == deployment]
    return sum(cell.count for e in projection.evidence(facts=facts, now=now) for cell in e.traffic)


async def test_every_example_is_applied(redis: Any, settings: GraphSettings):
    now = datetime.now(UTC)
    events = [
        parse_event(orjson.loads(line), received_at=now)
        for line in EXAMPLES.read_bytes().splitlines()
    ]
    async with projector(settings) as one:
        await one.apply_next()
        await one.log.append(events)
        assert await one.apply_next() == len(events)
    projection = Projection(redis, budgets=BUDGETS)
    await projection.refresh(now=now)
    facts = {each.deployment: each for each in projection.facts()}
    assert facts["apex-70b@aws"].registered
    assert facts["apex-70b@aws"].context_window == 128_000
    assert not facts["nova-13b@neo"].registered
    assert [tier.tier for tier in projection.tiers()] == ["premium", "standard"]
    (globex,) = projection.tenants()
    assert globex.allowed_backends == ("aws", "k8s", "neo")
    assert [policy.version for policy in projection.policies()] == ["v2"]
    assert projection.incidents(facts=(), now=now) == ()
    assert projection.users_version == 1


async def test_what_a_dead_projector_held_is_counted_once(redis: Any, settings: GraphSettings):
    async with projector(settings, name="dead") as dead, projector(settings, name="alive") as alive:
        await dead.apply_next()
        await dead.log.append([request(f"r{n}") for n in range(10)])
        held = await dead.log.read("projector", consumer="dead", count=10, block_ms=100)
        assert len(held) == 10
        await dead.evidence.apply([_entry(each) for each in held[:4]], now=datetime.now(UTC))
        async with asyncio.timeout(5):
            while await counted(redis) < 10:
                await alive.apply_next()
        await dead.evidence.apply([_entry(each) for each in held], now=datetime.now(UTC))
        assert await counted(redis) == 10
        assert (await alive.log.backlog()).waiting["projector"] == 0


def _entry(entry: LogEntry) -> Entry:
    return Entry(entry.id, effects_of(entry.event))


async def test_a_poisonous_event_becomes_a_dead_letter(redis: Any, settings: GraphSettings):
    await redis.set(keys.observations("bad@b"), "not a sorted set")
    async with projector(settings) as one:
        await one.apply_next()
        await one.log.append([sample("s1"), sample("s2", deployment="bad@b"), sample("s3")])
        assert await one.apply_next() == 3
        (letter,) = await one.log.dead_letters.newest(scope=TenantScope.all())
        assert (letter.event_id, letter.origin) == ("s2", "projector")
        assert "WRONGTYPE" in letter.errors[0].message
        assert (await one.log.backlog()).waiting["projector"] == 0
    assert await redis.zcard(keys.observations("m@b")) == 2


async def test_redis_may_be_restarted(
    server_settings: ServerSettings, tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("restarted")
    fixed = server_settings.model_copy(update={"redis_port": free_port()})
    stop = asyncio.Event()
    with contextlib.ExitStack() as first:
        address = first.enter_context(redis_server(folder, settings=fixed))
        settings = GraphSettings(redis_url=address.url)
        async with projector(settings) as one:
            running = asyncio.create_task(one.run(stop))
            await one.log.append([request(f"a{n}") for n in range(50)])
            first.close()
            await asyncio.sleep(0.3)
            with redis_server(folder, settings=fixed) as again:
                assert again.url == address.url
                client: Any = Redis.from_url(again.url)  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
                await one.log.append([request(f"b{n}") for n in range(50)])
                async with asyncio.timeout(15):
                    while await counted(client) < 100:  # noqa: ASYNC110  # seen only from outside
                        await asyncio.sleep(0.05)
                stop.set()
                await running
                assert await counted(client) == 100
                await client.aclose()


async def test_the_process_serves_a_view_and_drains_on_sigterm(
    redis: Any, settings: GraphSettings, graph_settings: GraphSettings
):
    environment = {
        **os.environ,
        "REDIS_URL": str(settings.redis_url),
        "NEO4J_URI": str(graph_settings.neo4j_uri),
        "NEO4J_USERNAME": graph_settings.neo4j_username,
        "NEO4J_PASSWORD": graph_settings.neo4j_password.get_secret_value(),
    }
    log = EventLog.open(settings, settings=INGEST)
    await log.append([request(f"p{n}", deployment="process@b") for n in range(20)])
    command = [sys.executable, "-m", "ingest.projector"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)  # noqa: ASYNC220  # it only starts here
    view = await HotView.open(settings.redis_url, settings)
    try:
        async with asyncio.timeout(30):
            async for snapshot in view.changes():
                found = [h for h in snapshot.deployments if h.deployment == "process@b"]
                if found and found[0].sample_count == 20:
                    break
        process.send_signal(signal.SIGTERM)
        _, told = await asyncio.to_thread(process.communicate, timeout=10)
        assert process.returncode == 0, told.decode()
        assert b"Traceback" not in told
        assert not await redis.exists(keys.VIEW_LEASE)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        await view.close()
        await log.close()
