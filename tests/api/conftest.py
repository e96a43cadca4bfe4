"""The whole application as it runs: three processes on the real stores, asked over HTTP."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import pytest
from redis import Redis
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from graph.settings import GraphSettings
from graph.store.door import GraphStore

# The log and the view are one for all tenants, so this server has a database to itself.
DATABASE = "/7"
ADMIN_KEY = "only-for-these-tests"


class Client(httpx.AsyncClient):
    """Someone who asks and tells."""

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The answer of an operation."""
        answer = await self.post("/graphql", json={"query": query, "variables": variables})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def observe(self, deployment: str, **metrics: Any) -> None:
        """Send a health sample of now."""
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": "//app-test",
            "type": "routecause.deployment.observed",
            "time": datetime.now(UTC).isoformat(),
            "data": {"deployment": deployment, "window_s": 60, "sample_count": 10, **metrics},
        }
        kind = {"Content-Type": "application/cloudevents+json"}
        answer = await self.post("/v1/events", content=json.dumps(event), headers=kind)
        assert answer.json()["accepted"] == 1, answer.text

    async def until(self, true: Callable[[], Awaitable[bool]], *, limit_s: float = 30) -> None:
        """Wait for what other processes do."""
        async with asyncio.timeout(limit_s):
            while not await true():  # noqa: ASYNC110  # no event of this process tells
                await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Server:
    """A server process and where it listens."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def client(self, **headers: str) -> Client:
        """A client with the administrator's key, unless other headers are given."""
        return Client(base_url=self.url, headers=headers or {"X-API-Key": ADMIN_KEY}, timeout=30)

    def websocket(self, **headers: str) -> connect:
        """A WebSocket to be opened."""
        return connect(
            f"{self.url.replace('http', 'ws')}/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            additional_headers=headers,
        )


@dataclass(frozen=True)
class Rollout:
    """Two days of two deployments that no other test knows.

    After the first day a rollout makes one of them worse; another touches the other and does not.
    """

    tenant: str
    name: str
    begins: datetime = datetime(2026, 7, 7, tzinfo=UTC)

    @property
    def changed(self) -> datetime:
        """When both were rolled out."""
        return self.begins + timedelta(days=1)

    @property
    def ends(self) -> datetime:
        """When the second day is over."""
        return self.begins + timedelta(days=2)

    @property
    def hit(self) -> str:
        """The deployment that got worse."""
        return f"hit-{self.name}@b-{self.name}"

    @property
    def spared(self) -> str:
        """The deployment that did not."""
        return f"spared-{self.name}@b-{self.name}"

    def events(self, *, known_after: timedelta = timedelta(hours=1)) -> Generator[dict[str, Any]]:
        """What is told of it; `known_after` is when the rollouts became known."""
        hour = timedelta(hours=1)
        for number in range(2 * 48 * 4):
            at = self.begins + timedelta(minutes=15 * (number // 2), seconds=number % 7)
            by = (self.hit, self.spared)[number % 2]
            worse = by == self.hit and at >= self.changed
            score = (0.5 if worse else 0.9) + 0.01 * (number * 7 % 11 - 5)
            name = f"{number}-{self.name}"
            yield self._event("request.completed", at, hour, self._request(name, by=by))
            told = {"request_id": name, "evaluator": "judge", "score": score}
            yield self._event("quality.scored", at + hour, hour, told)
        for name, deployment in (("rollout", self.hit), ("decoy", self.spared)):
            change = {
                "change": f"{name}-{self.name}",
                "kind": "rollout",
                "title": f"{name} of {deployment}",
                "targets": [{"kind": "deployment", "id": deployment}],
            }
            yield self._event("change.applied", self.changed, known_after, change)

    def _request(self, name: str, *, by: str) -> dict[str, Any]:
        return {
            "request_id": name,
            "user": "ada",
            "tier": "premium",
            "task_type": "reasoning",
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "decision": {
                "deployment": by,
                "policy": f"p-{self.name}",
                "policy_version": "v1",
                "method": "rule",
            },
            "outcome": {"status": "ok", "latency_ms": 100.0, "cost_usd": 0.25},
        }

    def _event(
        self, kind: str, at: datetime, known_after: timedelta, data: dict[str, Any]
    ) -> dict[str, Any]:
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


@pytest.fixture
def rollout(tenant: str) -> Rollout:
    """Something that changed a metric."""
    return Rollout(tenant, uuid4().hex[:8])


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="session")
def service_environment(graph_settings: GraphSettings) -> dict[str, str]:
    """What the processes are told: the stores, a key, short waits."""
    parts = urlsplit(str(graph_settings.redis_url))
    redis_url = urlunsplit(parts._replace(path=DATABASE))
    client: Any = Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
    with client:
        client.flushdb()
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("ROUTECAUSE_")},
        "NEO4J_URI": str(graph_settings.neo4j_uri),
        "NEO4J_USERNAME": graph_settings.neo4j_username,
        "NEO4J_PASSWORD": graph_settings.neo4j_password.get_secret_value(),
        "NEO4J_DATABASE": graph_settings.neo4j_database,
        "REDIS_URL": redis_url,
        "ROUTECAUSE_ADMIN_KEY": ADMIN_KEY,
        "ROUTECAUSE_SUBSCRIPTION_HEARTBEAT_S": "0.2",
        "ROUTECAUSE_SUBSCRIPTIONS": "3",
        "ROUTECAUSE_REQUEST_LIMIT_BYTES": "65536",
        "ROUTECAUSE_WEBSOCKET_INIT_TIMEOUT_S": "1",
    }


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Generator[None]:
    """The process, gone in the end."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


@contextmanager
def serving(environment: dict[str, str], log: Path) -> Generator[Server]:
    """The API alone, once it answers."""
    port = free_port()
    arguments = [
        *("-m", "uvicorn", "api.app:create_app", "--factory", "--port", str(port)),
        *("--no-access-log", "--timeout-graceful-shutdown", "15"),
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *arguments], env=environment, stdout=out, stderr=out
        )
    with ended(process):
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 90  # which a busy machine may take
        while True:
            try:
                httpx.get(f"{url}/health/live").raise_for_status()
                break
            except httpx.TransportError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        yield Server(process, url, log)


@pytest.fixture(scope="session")
def api_alone() -> Callable[[dict[str, str], Path], AbstractContextManager[Server]]:
    """Starts another API process, given its environment and where it logs."""
    return serving


@pytest.fixture(scope="session")
async def prepared(graph_settings: GraphSettings) -> None:
    """The graph's schema: a part that finds another making it may die, and none is restarted."""
    await (await GraphStore.connect(graph_settings)).close()


@pytest.fixture(scope="session")
def service(
    prepared: None, service_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Generator[Server]:
    """API, writer and projector, ready."""
    folder = tmp_path_factory.mktemp("app")
    with ExitStack() as stack:
        for module in ("ingest.writer", "ingest.projector"):
            out = stack.enter_context((folder / f"{module}.log").open("wb"))
            child = subprocess.Popen(
                [sys.executable, "-m", module], env=service_environment, stdout=out, stderr=out
            )
            stack.enter_context(ended(child))
        running = stack.enter_context(serving(service_environment, folder / "api.log"))
        deadline = time.monotonic() + 90
        while (report := httpx.get(f"{running.url}/health/ready")).status_code != 200:
            assert time.monotonic() < deadline, report.text
            time.sleep(0.2)
        yield running


@pytest.fixture
async def administrator(service: Server) -> AsyncGenerator[Client]:
    """A client with every scope."""
    async with service.client() as one:
        yield one
