"""Neo4j and Redis as child processes, for a machine that has neither and no Docker."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from api.servers.errors import ServerError
from api.servers.neo4j_server import Neo4jAddress, Neo4jServer, owned_neo4j
from api.servers.redis_server import RedisAddress, RedisServer, owned_redis
from api.servers.settings import ServerSettings

Report = Callable[[str], None]


@contextmanager
def neo4j_server(
    data_dir: Path, *, settings: ServerSettings | None = None, report: Report = print
) -> Generator[Neo4jAddress]:
    """A Neo4j on the data below `data_dir` for as long as the block lasts.

    Raises `ServerError` with the remedy where it cannot be found, fetched or started, or where
    another process owns the same data.
    """
    chosen = settings or ServerSettings()
    with owned_neo4j(data_dir, settings=chosen, report=report) as server:
        server.start()
        yield server.address


@contextmanager
def redis_server(
    data_dir: Path, *, settings: ServerSettings | None = None, report: Report = print
) -> Generator[RedisAddress]:
    """A Redis on the data below `data_dir` for as long as the block lasts; errors as above."""
    chosen = settings or ServerSettings()
    with owned_redis(data_dir, settings=chosen, report=report) as server:
        server.start()
        yield server.address


__all__ = [
    "Neo4jAddress",
    "Neo4jServer",
    "RedisAddress",
    "RedisServer",
    "Report",
    "ServerError",
    "ServerSettings",
    "neo4j_server",
    "owned_neo4j",
    "owned_redis",
    "redis_server",
]
