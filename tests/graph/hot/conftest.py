"""A Redis of these tests' own: they empty it, stop it and count in it."""

import os
import signal
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from typing import Any

import pytest
import redis
from redis.asyncio import Redis

from api.servers import ServerSettings, redis_server
from graph.settings import GraphSettings


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
