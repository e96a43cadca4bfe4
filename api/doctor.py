"""Looks at the machine and the settings, and says what is missing and what to do about it."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import redis

from api.servers.errors import ServerError
from api.servers.folder import free_megabytes
from api.servers.jars import NEO4J_VERSION, cached
from api.servers.java import find_java
from api.servers.machine import memory_mb
from api.servers.ports import is_free
from api.servers.redis_server import find_redis
from api.settings import Settings
from graph.errors import RoutecauseError
from graph.store.door import GraphStore

PYTHON_MINIMUM = (3, 11)
MEMORY_NEEDED_MB = 2_000
DATA_NEEDED_MB = 1_000
JARS_NEEDED_MB = 300
DOCKER_LIMIT_S = 5
NEO4J_LIMIT_S = 3.0
REDIS_LIMIT_S = 3.0

State = Literal["ok", "warning", "missing"]


@dataclass(frozen=True)
class Check:
    """One thing looked at, and the remedy: `missing` stops `serve`, a `warning` does not."""

    name: str
    state: State
    found: str
    remedy: str | None = None


def checks(settings: Settings) -> list[Check]:
    """Everything that `routecause serve` needs on this machine under these settings."""
    return [
        _python(),
        *(_given_neo4j(settings) if settings.graph.neo4j_uri else _embedded_neo4j(settings)),
        *(
            _given_redis(settings.graph.redis_url)
            if settings.graph.redis_url
            else _embedded_redis(settings)
        ),
        _api_port(settings),
        _disk("data folder", settings.servers.data_dir, needed_mb=DATA_NEEDED_MB),
        _memory(),
        _claude(settings),
        _docker(),
    ]


def _python() -> Check:
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info >= PYTHON_MINIMUM:
        return Check("Python", "ok", found)
    return Check("Python", "missing", found, "install Python 3.11 or newer")


def _embedded_neo4j(settings: Settings) -> Iterator[Check]:
    servers = settings.servers
    try:
        java = find_java(java_home=servers.java_home)
        yield Check("Java", "ok", f"Java {java.version} from {java.origin}")
    except ServerError as absent:
        yield Check("Java", "missing", "none that is new enough", str(absent))
    if cached(servers.cache_dir):
        yield Check("Neo4j", "ok", f"{NEO4J_VERSION} in {servers.cache_dir}")
    else:
        remedy = f"the first start fetches 190 MB from {servers.maven_url}; nothing to do online"
        yield Check("Neo4j", "warning", f"{NEO4J_VERSION} is not fetched yet", remedy)
        yield _disk("cache folder", servers.cache_dir, needed_mb=JARS_NEEDED_MB)
    yield _port("Bolt port", servers.neo4j_bolt_port)
    yield _port("Neo4j Browser port", servers.neo4j_http_port)


def _given_neo4j(settings: Settings) -> Iterator[Check]:
    uri = settings.graph.neo4j_uri or ""
    try:
        asyncio.run(_call_neo4j(settings))
    except RoutecauseError as failed:
        remedy = "check NEO4J_URI, NEO4J_USERNAME and NEO4J_PASSWORD, and that it runs"
        yield Check("Neo4j", "missing", f"{uri}: {failed}", remedy)
    else:
        yield Check("Neo4j", "ok", f"{uri} answers")


async def _call_neo4j(settings: Settings) -> None:
    store = GraphStore.open(settings.graph.model_copy(update={"graph_timeout_s": NEO4J_LIMIT_S}))
    try:
        await store.ask("api_keys")
    finally:
        await store.close()


def _embedded_redis(settings: Settings) -> Iterator[Check]:
    try:
        yield Check("Redis", "ok", str(find_redis()))
    except ServerError as absent:
        yield Check("Redis", "missing", "none that is new enough", str(absent))
    yield _port("Redis port", settings.servers.redis_port)


def _given_redis(url: str) -> Iterator[Check]:
    try:
        found = _redis_settings(url)
    except redis.RedisError as failed:
        remedy = "check REDIS_URL, and that it runs"
        yield Check("Redis", "missing", f"does not answer: {failed}", remedy)
        return
    yield Check("Redis", "ok", "REDIS_URL answers")
    yield redis_persistence(found)


def _redis_settings(url: str) -> dict[str, str]:
    """What Redis says of its persistence; without the right to ask, nothing."""
    client = cast(
        "Any",
        redis.Redis.from_url(  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
            url,
            decode_responses=True,
            socket_timeout=REDIS_LIMIT_S,
            socket_connect_timeout=REDIS_LIMIT_S,
        ),
    )
    with client:
        client.ping()
        try:
            return client.config_get("append*", "maxmemory-policy")
        except redis.ResponseError:
            return {}


def redis_persistence(found: dict[str, str]) -> Check:
    """Whether what Redis has acknowledged survives its death, by its own settings."""
    name = "Redis persistence"
    if not found:
        remedy = "make sure of appendonly yes, appendfsync always and maxmemory-policy noeviction"
        return Check(name, "warning", "Redis does not show its settings", remedy)
    if found.get("appendonly") != "yes":
        remedy = "set appendonly yes: events are acknowledged from Redis and would be lost with it"
        return Check(name, "missing", "appendonly is off", remedy)
    if found.get("maxmemory-policy", "noeviction") != "noeviction":
        remedy = "set maxmemory-policy noeviction: Redis may throw out events that wait"
        return Check(name, "missing", f"maxmemory-policy {found['maxmemory-policy']}", remedy)
    if found.get("appendfsync") != "always":
        remedy = "set appendfsync always: a power cut can lose a second of acknowledged events"
        return Check(name, "warning", f"appendfsync {found.get('appendfsync')}", remedy)
    return Check(name, "ok", "appendonly yes, appendfsync always, noeviction")


def _api_port(settings: Settings) -> Check:
    service = settings.service
    if service.port == 0 or is_free(service.port, host=service.host):
        return Check("API port", "ok", f"{service.host}:{service.port} is free")
    if "port" in service.model_fields_set:
        remedy = "end what uses it, or choose another with --port"
        return Check("API port", "missing", f"{service.host}:{service.port} is taken", remedy)
    return Check("API port", "warning", f"{service.port} is taken", "the next free one is used")


def _port(name: str, port: int) -> Check:
    if port == 0 or is_free(port):
        return Check(name, "ok", f"{port} is free" if port else "any free one")
    return Check(name, "warning", f"{port} is taken", "the next free one is used")


def _disk(name: str, folder: Path, *, needed_mb: int) -> Check:
    free = free_megabytes(folder)
    found = f"{folder}: {free:,} MB free"
    if free >= needed_mb:
        return Check(name, "ok", found)
    return Check(name, "missing", found, f"make room for {needed_mb} MB, or set another folder")


def _memory() -> Check:
    found = f"{memory_mb():,} MB"
    if memory_mb() >= MEMORY_NEEDED_MB:
        return Check("memory", "ok", found)
    remedy = f"the embedded servers want {MEMORY_NEEDED_MB:,} MB; use servers that run elsewhere"
    return Check("memory", "warning", found, remedy)


def _claude(settings: Settings) -> Check:
    if settings.agent.anthropic_api_key is not None:
        return Check("Claude", "ok", "ANTHROPIC_API_KEY is set")
    remedy = "set ANTHROPIC_API_KEY for questions in free words; nothing else needs it"
    return Check("Claude", "warning", "no ANTHROPIC_API_KEY", remedy)


def _docker() -> Check:
    found = _docker_version()
    if found is None:
        return Check("Docker", "ok", "not running; nothing needs it, tests use it where it is")
    return Check("Docker", "ok", f"Docker {found}; tests take Neo4j and Redis from it")


def _docker_version() -> str | None:
    executable = shutil.which("docker")
    if executable is None:
        return None
    try:
        done = subprocess.run(
            [executable, "version", "--format", "{{.Server.Version}}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DOCKER_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
