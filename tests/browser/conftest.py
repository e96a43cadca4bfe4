"""A real Chromium on the real service, and where its pictures go."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.console.build import build
from api.console.node import Node, find_node

FOLDER = Path(__file__).parent
PICTURES = FOLDER.parents[1] / "build" / "browser"
SCRIPT_LIMIT_S = 180
START_LIMIT_S = 300
VISIBLE_LIMIT_S = 60
STOP_LIMIT_S = 60
CALL_LIMIT_S = 10
POLL_S = 0.25
# Enough that what the demo's rollout does stands clear of chance.
DEMO_PER_DAY = 4000
TUESDAY = 1
BATCH = {"content-type": "application/cloudevents-batch+json"}
DEPLOYMENT = "apex@aws"
REQUEST = "request-1"


def say(text: str) -> None:
    """Progress, where pytest shows it with `-s`."""
    sys.stderr.write(f"{text}\n")


@dataclass(frozen=True)
class Visit:
    """What a script returned, and what the browser asked for, was refused and wrote meanwhile."""

    result: Mapping[str, Any]
    asked: Sequence[str]
    outside: Sequence[str]
    refused: Sequence[str]
    console: Sequence[str]
    failures: Sequence[str]
    pictures: Sequence[str]


Drive = Callable[..., Visit]


@pytest.fixture(scope="session")
def node() -> Node:
    """Node.js with the packages of this folder, and GraphiQL built."""
    found = find_node()
    PICTURES.mkdir(parents=True, exist_ok=True)
    # Several processes may run these tests: what they share is made by one of them.
    with (PICTURES / ".made").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found.install(FOLDER, say=say)
        build(say=say)
    return found


@pytest.fixture(scope="session")
def drive(node: Node) -> Drive:
    """Run a script of this folder in Chromium, with options; gives the visit.

    The test fails where the script does, naming the picture of that moment.
    """
    # Each process unpacks its own: a program can't be started while another writes it.
    process = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    unpack_to = FOLDER / "node_modules" / f".chromium-{process}"

    def run(script: str, **options: object) -> Visit:
        given = {"unpackTo": str(unpack_to), "pictures": str(PICTURES), **options}
        done = subprocess.run(
            [node.node, str(FOLDER / f"{script}.mjs"), json.dumps(given)],
            capture_output=True,
            text=True,
            timeout=SCRIPT_LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        visit = Visit(**json.loads(done.stdout))
        assert "error" not in visit.result, f"{visit.result['error']}\n{visit.console}"
        return visit

    return run


@dataclass(frozen=True)
class DemoFleet:
    """The demo, running on live with its planted faults."""

    url: str
    process: int
    printed: Sequence[str]
    neo4j_password: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, node: Node) -> Generator[DemoFleet]:
    """`routecause demo` as a newcomer starts it, smaller, so that it is there sooner."""
    assert node, "the console is built before the service reads it"
    data_dir = tmp_path_factory.mktemp("demo")
    port = _free_port()
    size = ("--days", str(_demo_days()), "--per-day", str(DEMO_PER_DAY))
    command = [_routecause(), "demo", "--port", str(port), *size]
    environment = {**_environment(), "ROUTECAUSE_DATA_DIR": str(data_dir)}
    log, printed = data_dir / "demo.err", data_dir / "demo.out"
    with log.open("wb") as errors, printed.open("wb") as output:
        running = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=environment
        )
    with _ended(running):

        def is_live() -> bool:
            assert running.poll() is None, log.read_text(errors="replace")[-4000:]
            return "runs on live" in printed.read_text()

        _until(is_live, limit_s=START_LIMIT_S)
        yield DemoFleet(
            url=f"http://127.0.0.1:{port}",
            process=running.pid,
            printed=printed.read_text().splitlines(),
            neo4j_password=(data_dir / "demo" / "neo4j" / "password").read_text().strip(),
        )


@dataclass(frozen=True)
class Service:
    """A running service with a little traffic in its graph."""

    url: str
    neo4j_password: str
    deployment: str
    request: str


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, node: Node) -> Generator[Service]:
    """`routecause serve` as a user starts it, with its own Neo4j and Redis, fed over HTTP."""
    assert node, "GraphiQL is built before the service reads it"
    data_dir = tmp_path_factory.mktemp("service")
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    where = ("--host", "127.0.0.1", "--port", str(port), "--data-dir", str(data_dir))
    command = [_routecause(), "serve", *where]
    log = data_dir / "serve.log"
    with log.open("wb") as output:
        running = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_environment()
        )
    with _ended(running):
        with httpx.Client(base_url=url, timeout=CALL_LIMIT_S) as client:
            _until(lambda: _is_ready(client, running, log), limit_s=START_LIMIT_S)
            events = _events(datetime.now(UTC))
            told = client.post("/v1/events", json=events, headers=BATCH)
            assert told.status_code == 202, told.text
            assert told.json()["rejected"] == []
            _until(lambda: _is_visible(client), limit_s=VISIBLE_LIMIT_S)
        password = (data_dir / "neo4j" / "password").read_text().strip()
        yield Service(url=url, neo4j_password=password, deployment=DEPLOYMENT, request=REQUEST)


def _demo_days() -> int:
    """So many that the last Tuesday, which the rollout hurts, has the one before it to compare."""
    return ((datetime.now(UTC).weekday() - TUESDAY) % 7 or 7) + 8


def _routecause() -> str:
    return str(Path(sys.executable).with_name("routecause"))


@contextmanager
def _ended(running: subprocess.Popen[bytes]) -> Generator[None]:
    """The process is asked to end in the end, and killed where it does not."""
    try:
        yield
    finally:
        running.terminate()
        try:
            running.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(STOP_LIMIT_S)
            raise


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _environment() -> dict[str, str]:
    """This process's own, with embedded servers on any port and no address of another service."""
    foreign = ("NEO4J_", "REDIS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {
        **kept,
        "ROUTECAUSE_NEO4J_BOLT_PORT": "0",
        "ROUTECAUSE_NEO4J_HTTP_PORT": "0",
        "ROUTECAUSE_REDIS_PORT": "0",
        "ROUTECAUSE_NEO4J_HEAP_MB": "512",
    }


def _until(holds: Callable[[], bool], *, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, f"not so within {limit_s:.0f} s"
        time.sleep(POLL_S)


def _is_ready(client: httpx.Client, running: subprocess.Popen[bytes], log: Path) -> bool:
    assert running.poll() is None, log.read_text(errors="replace")[-4000:]
    try:
        return client.get("/health/ready").is_success
    except httpx.TransportError:
        return False


def _is_visible(client: httpx.Client) -> bool:
    asked = {"query": f'{{ request(id: "{REQUEST}") {{ id quality {{ score }} }} }}'}
    answer = client.post("/graphql", json=asked).json()
    request = answer["data"]["request"]
    return request is not None and bool(request["quality"])


def _events(now: datetime) -> list[dict[str, object]]:
    """A small fleet, its policy, a change, an incident, and a few requests with scores."""
    before = now - timedelta(hours=2)
    model, backend = DEPLOYMENT.split("@")
    told: list[tuple[datetime, str, dict[str, object]]] = [
        (before, "backend.registered", {"backend": backend, "kind": "aws", "region": "eu-west-1"}),
        (
            before,
            "model.registered",
            {"model": model, "provider": "acme", "capabilities": ["text"], "context_window": 8000},
        ),
        (
            before,
            "deployment.registered",
            {"deployment": DEPLOYMENT, "model": model, "backend": backend, "version": "1"},
        ),
        (before, "policy.published", {"policy": "main", "version": "7", "rules": {"best": True}}),
        (
            now - timedelta(hours=1),
            "change.applied",
            {
                "change": "rollout-1",
                "kind": "rollout",
                "title": "New version",
                "targets": [{"kind": "deployment", "id": DEPLOYMENT}],
            },
        ),
        (
            now - timedelta(minutes=30),
            "incident.opened",
            {
                "incident": "incident-1",
                "scope": {"kind": "backend", "id": backend},
                "severity": "sev3",
                "title": "Slow network",
            },
        ),
        *((now - timedelta(seconds=20 * n), "request.completed", _request(n)) for n in range(1, 9)),
        (now, "quality.scored", {"request_id": REQUEST, "evaluator": "judge", "score": 0.9}),
    ]
    return [
        {
            "specversion": "1.0",
            "id": f"event-{number}",
            "source": "//browser-tests",
            "type": f"routecause.{kind}",
            "time": at.isoformat(),
            "data": data,
        }
        for number, (at, kind, data) in enumerate(told)
    ]


def _request(number: int) -> dict[str, object]:
    return {
        "request_id": f"request-{number}",
        "user": "ada",
        "tier": "premium",
        "task_type": "reasoning",
        "prompt_tokens": 900,
        "completion_tokens": 200,
        "decision": {
            "deployment": DEPLOYMENT,
            "policy": "main",
            "policy_version": "7",
            "method": "learned",
            "reasons": ["best expected quality"],
            "candidates": [
                {"deployment": DEPLOYMENT, "score": 0.8},
                {"deployment": "other@k8s", "rejected": "breaker_open"},
            ],
        },
        "outcome": {"status": "ok", "latency_ms": 700 + number, "cost_usd": 0.01},
    }
