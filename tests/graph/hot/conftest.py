"""A Redis of these tests' own, which they empty, stop and count in, and a log moved by hand."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from redis.asyncio import Redis

from api.servers import ServerSettings, redis_server
from graph.facts import RequestFact
from graph.hot import keys
from graph.hot.evidence import Entry, EvidenceWriter, RequestOutcome, Told
from graph.model.traffic import CellKey
from graph.settings import GraphSettings, HealthSettings
from graph.store import ledger
from graph.store.door import GraphStore

USER = "ann"


@dataclass(frozen=True)
class Server:
    """A running server that can be made to hang."""

    url: str
    pid: int

    def hang(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


@pytest.fixture(scope="session")
def hot_server(
    server_settings: ServerSettings, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Server]:
    with redis_server(tmp_path_factory.mktemp("hot"), settings=server_settings) as address:
        client: Any = redis.Redis.from_url(address.url)  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
        with client:
            server = Server(address.url, client.info("server")["process_id"])
        try:
            yield server
        finally:
            server.resume()


@pytest.fixture
def settings(hot_server: Server) -> GraphSettings:
    return GraphSettings(redis_url=hot_server.url, view_interval_ms=50, view_stale_s=2.5)


@pytest.fixture
async def hot_redis(hot_server: Server) -> AsyncGenerator[Any]:
    client: Any = Redis.from_url(hot_server.url)  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
    await client.flushall()
    yield client
    await client.aclose()


@dataclass
class World:
    """A log with its projector and its writer, each moved by hand; requests of one tenant."""

    redis: Any
    store: GraphStore
    tenant: str
    now: datetime
    evidence: EvidenceWriter
    sent: list[tuple[RequestFact, RequestOutcome]] = field(
        default_factory=list[tuple[RequestFact, RequestOutcome]]
    )
    read: dict[bytes, int] = field(default_factory=dict[bytes, int])
    sending: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(20))

    async def begin(self) -> None:
        for group in ("writer", "projector"):
            await self.redis.xgroup_create(keys.LOG, group, id="0", mkstream=True)

    async def limit(self, kind: str, **limits: Any) -> None:
        name = self.tenant if kind == "tenant" else keys.user(self.tenant, USER)
        data = {"tier": "gold", **limits}
        told = Told(
            kind=kind, id=name, at=self.now, recorded_at=self.now, key=f"{limits}", data=data
        )
        await self.evidence.restore([told], now=self.now)

    async def complete(
        self,
        *,
        cost_usd: float,
        tokens: int = 100,
        ago: timedelta = timedelta(0),
        user: str = USER,
    ) -> None:
        """A completed request is in the log."""
        at = self.now - ago
        cell = CellKey(
            self.tenant, "m@b", "chat", "gold", "main", "v1", None, None, None, "rule", None
        )
        number = len(self.sent)
        properties = {"user": user, "costUsd": cost_usd, "key": f"{self.tenant}-{number}"}
        fact = RequestFact(
            tenant=self.tenant,
            id=f"r{number}",
            at=at,
            recorded_at=self.now,
            cell=cell,
            status="ok",
            latency_ms=5.0,
            ttft_ms=None,
            cost_usd=cost_usd,
            prompt_tokens=tokens,
            completion_tokens=0,
            retries=0,
            cache_hit=False,
            properties=properties,
            decision={"deployment": "m@b"},
        )
        outcome = RequestOutcome(
            deployment="m@b",
            at=at,
            status="ok",
            latency_ms=5.0,
            task_type="chat",
            completion_tokens=0,
            prompt_tokens=tokens,
            tenant=self.tenant,
            user=user,
            cost_usd=cost_usd,
        )
        self.sent.append((fact, outcome))
        async with self.sending:
            await self.redis.xadd(keys.LOG, {"e": number})

    async def _next(self, group: str, count: int) -> list[bytes]:
        answer = await self.redis.xreadgroup(group, "c", {keys.LOG: ">"}, count=count)
        found = {entry_id: int(said[b"e"]) for _, rows in answer for entry_id, said in rows}
        self.read.update(found)
        return list(found)

    async def project(self, count: int = 1_000) -> int:
        ids = await self._next("projector", count)
        entries = [Entry(each.decode(), (self.sent[self.read[each]][1],)) for each in ids]
        await self.evidence.apply(entries, now=self.now)
        return len(ids)

    async def take(self, count: int = 1_000) -> list[bytes]:
        """The writer reads, and has not written yet."""
        return await self._next("writer", count)

    async def write(self, ids: list[bytes] | None = None) -> int:
        held = await self.take() if ids is None else ids
        if held:
            await ledger.record(self.store, [self.sent[self.read[each]][0] for each in held])
            await self.redis.xack(keys.LOG, "writer", *held)
        return len(held)

    async def graph_nano_usd(self) -> int:
        """What the graph itself says was spent, in all."""

        async def read(transaction: Any) -> int:
            (row,) = await transaction.run(
                "MATCH (b:Bucket {tenant: $tenant}) RETURN sum(b.costSumNanoUsd) AS n",
                tenant=self.tenant,
            )
            return int(row["n"])

        return await self.store.write(read)


@pytest.fixture
async def world(hot_redis: Any, store: GraphStore, tenant: str) -> World:
    evidence = EvidenceWriter(hot_redis, budgets=HealthSettings())
    made = World(hot_redis, store, tenant, datetime.now(UTC), evidence)
    await made.begin()
    return made
