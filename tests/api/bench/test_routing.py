"""What routing is measured with: the fleet, the peers, the load, and what is told of a process."""

import asyncio
import os
import threading
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
import uvicorn

from api.bench import fleet
from api.bench.generator import Load, load
from api.bench.peers import application
from api.bench.picks import measured
from api.bench.routing import cpu_s, worker
from api.graphql import trusted
from api.servers.ports import free_port
from graph.breaker import BreakerState
from graph.errors import Unavailable
from graph.evidence import DeploymentFacts
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.routing.ranking import RoutingRequest, rank
from graph.hot.routing.transcript import transcript
from graph.hot.snapshot import ViewSnapshot
from ingest.events import parse_event

NOW = datetime(2026, 9, 8, 12, tzinfo=UTC)


def view() -> ViewSnapshot:
    known: dict[str, Any] = {
        "version": "1", "status": HealthStatus.HEALTHY, "reasons": (),
        "breaker": BreakerState.CLOSED, "availability": 1.0, "error_rate": 0.01,
        "latency_p50_ms": 400.0, "latency_p95_ms": 900.0, "queue_depth": None, "load": 0.3,
        "rate_limit_remaining": None, "spot_availability": None, "cost_per_1k_tokens_usd": 0.01,
        "sample_count": 100, "updated_at": NOW, "age_ms": 0.0, "stale": False,
    }  # fmt: skip
    healths: list[DeploymentHealth] = []
    for name in fleet.DEPLOYMENTS:
        model, _, backend = name.partition("@")
        healths.append(DeploymentHealth(deployment=name, model=model, backend=backend, **known))
    return ViewSnapshot(
        version="1",
        as_of=NOW,
        deployments=tuple(healths),
        facts=tuple(map(DeploymentFacts.of_name, fleet.DEPLOYMENTS)),
    )


ANSWER = transcript(
    rank(RoutingRequest(user="ada", task_type="chat", prompt_tokens=9), view=view(), now=NOW)
)


def test_the_fleet_is_thirty_deployments_in_events_that_are_accepted() -> None:
    events = [parse_event(event, received_at=NOW) for event in fleet.events(now=NOW)]
    assert len({event.id for event in events}) == len(events)
    assert len(set(fleet.DEPLOYMENTS)) == 30
    assert fleet.bodies(50) == fleet.bodies(50)
    assert len({orjson.dumps(body) for body in fleet.bodies(500)}) > 490


@pytest.fixture(scope="module")
def peers() -> Generator[int]:
    """The port on which the peers answer."""
    port = free_port(0, purpose="the peers", report=lambda _: None)
    config = uvicorn.Config(
        application(ANSWER), port=port, log_level="warning", ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        pass
    yield port
    server.should_exit = True
    thread.join()


def test_the_peers_know_the_answer(peers: int) -> None:
    url = f"http://127.0.0.1:{peers}"
    assert httpx.post(f"{url}/constant", json={}).content == ANSWER
    asked = {"query": trusted.document("route"), "variables": {"request": fleet.bodies(1)[0]}}
    told = httpx.post(f"{url}/graphql", json=asked).json()["data"]["routingView"]
    known = orjson.loads(ANSWER)
    assert [one["deployment"] for one in told["candidates"]] == [
        one["deployment"] for one in known["candidates"]
    ]
    assert told["steps"] == known["steps"]


def test_a_load_goes_on_for_its_time_or_its_count(peers: int) -> None:
    bodies = [b"{}", b'{"a": 1}']
    asked = Load(port=peers, path="/constant", bodies=bodies, connections=4, requests=101)
    counted = load(asked)
    assert (counted.answered, counted.failed) == (101, 0)
    assert counted.body_bytes > len(ANSWER)
    assert 0 < counted.p50_ms <= counted.p95_ms <= counted.p99_ms <= counted.worst_ms
    paced = load(Load(port=peers, path="/constant", bodies=bodies, seconds=0.5, rate=200))
    assert paced.answered == 100
    assert paced.per_s == pytest.approx(200, rel=0.3)


def test_a_load_that_is_not_answered_is_an_error(peers: int) -> None:
    with pytest.raises(Unavailable, match="404"):
        load(Load(port=peers, path="/nothing", bodies=[b"{}"], requests=10))


def test_a_process_is_told_by_its_memory_and_its_time() -> None:
    own = worker(os.getpid())
    assert own.resident_mb > 20
    assert cpu_s(os.getpid()) > 0


@pytest.mark.slow
def test_picks_are_timed_for_both_sizes() -> None:
    told = asyncio.run(measured(view()))
    assert told.keys() == {"10", "30"}
    for took in told.values():
        assert 0 < took["ours_p50_us"] <= took["ours_p99_us"]
