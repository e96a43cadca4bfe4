"""The whole service under load: events acknowledged a second, and how far the answers lag behind.

The floor beside it is the same number of bodies without any event in them, so that what HTTP alone
costs is visible.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson

from api.bench.measures import Table, percentile
from api.settings import Settings, load
from api.supervisor import running
from ingest.simulator import SimulationPlan, simulate

_BODY = 500
_IN_FLIGHT = 4
_BURST_EVENTS = 60_000
_STEADY_PER_S = 500
_STEADY_S = 30
_STEP_S = 0.1
_PATIENCE_S = 120.0
_POLL_S = 0.02
_TOO_MANY = 429
_NDJSON = {"content-type": "application/x-ndjson"}
Event = dict[str, Any]


async def run(folder: Path, *, report: Callable[[str], None]) -> list[Table]:
    """Start the service below `folder`, load it, and tell the figures."""
    with running(_own(folder), report=report) as service:
        async with httpx.AsyncClient(base_url=service.addresses.url, timeout=30) as http:
            events = _now(simulate(SimulationPlan(days=30, per_day=10_000, seed=9)))
            await _send(http, list(itertools.islice(events, 2_000)))
            await _drained(http)
            burst = await _burst(http, events, report)
            await _drained(http)
            return [burst, await _steady(http, events, report)]


def _own(folder: Path) -> Settings:
    """The settings of the environment, on free ports, with data of its own."""
    given = load()
    servers = given.servers.model_copy(
        update={
            "data_dir": folder / "service",
            "neo4j_bolt_port": 0,
            "neo4j_http_port": 0,
            "redis_port": 0,
        }
    )
    return replace(
        given,
        servers=servers,
        service=given.service.model_copy(update={"port": 0, "log_level": "warning"}),
    )


def _now(events: Iterator[Event]) -> Iterator[Event]:
    """Requests and scores as if they happened as they are sent.

    Without health samples: those that the hot view is watched for must be the only ones.
    """
    for event in events:
        if event["type"].endswith(".observed"):
            continue
        del event["recordedtime"]
        if event["type"].endswith((".completed", ".scored")):
            event["time"] = datetime.now(UTC).isoformat()
        yield event


async def _send(http: httpx.AsyncClient, events: list[Event]) -> None:
    body = b"\n".join(orjson.dumps(event) for event in events)
    while True:
        response = await http.post("/v1/events", content=body, headers=_NDJSON)
        if response.status_code != _TOO_MANY:
            response.raise_for_status()
            return
        await asyncio.sleep(float(response.headers["retry-after"]))


async def _drained(http: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while (await http.get("/v1/ingest/status")).json()["length"]:
        if time.monotonic() > deadline:
            raise TimeoutError("what was sent is not written after two minutes")
        await asyncio.sleep(0.2)


async def _burst(
    http: httpx.AsyncClient, events: Iterator[Event], report: Callable[[str], None]
) -> Table:
    bodies = [
        b"\n".join(orjson.dumps(event) for event in itertools.islice(events, _BODY))
        for _ in range(_BURST_EVENTS // _BODY)
    ]
    report(f"sending {_BURST_EVENTS:,} events as fast as they are acknowledged")
    rates: list[tuple[str, float]] = []
    for name, sent in (("floor: empty bodies", [b"\n"] * len(bodies)), ("events", bodies)):
        waiting = iter(sent)

        async def sender(waiting: Iterator[bytes] = waiting) -> None:
            for body in waiting:
                await http.post("/v1/events", content=body, headers=_NDJSON)

        started = time.perf_counter()
        await asyncio.gather(*(sender() for _ in range(_IN_FLIGHT)))
        rates.append((name, len(bodies) / (time.perf_counter() - started)))
    return Table(
        f"Acknowledged a second (durable, fsync), {_BODY} events in a body, the writer at work",
        ("what", "bodies", "events"),
        [(name, rate, "" if "floor" in name else _BODY * rate) for name, rate in rates],
    )


async def _steady(
    http: httpx.AsyncClient, events: Iterator[Event], report: Callable[[str], None]
) -> Table:
    report(f"sending {_STEADY_PER_S} events a second for {_STEADY_S} s")
    lags: dict[str, list[float]] = {"graph": [], "hot view": []}
    watching: list[asyncio.Task[None]] = []
    step = int(_STEADY_PER_S * _STEP_S)
    started = time.perf_counter()
    for turn in range(int(_STEADY_S / _STEP_S)):
        batch = list(itertools.islice(events, step))
        told = [event for event in batch if event["type"].endswith("request.completed")]
        if turn % 10 == 0 and told:
            depth = float(turn + 1)
            batch.append(_sample(told[-1]["data"]["decision"]["deployment"], depth))
        await _send(http, batch)
        if turn % 10 == 0 and told:
            sent_at = time.perf_counter()
            request, sampled = told[-1]["data"]["request_id"], batch[-1]["data"]
            watching += [
                asyncio.create_task(_seen(http, lags["graph"], sent_at, *_request_query(request))),
                asyncio.create_task(_seen(http, lags["hot view"], sent_at, *_fleet_query(sampled))),
            ]
        due = started + (turn + 1) * _STEP_S
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    took = time.perf_counter() - started
    await asyncio.gather(*watching)
    return Table(
        f"Behind at {_STEADY_S * _STEADY_PER_S / took:,.0f} events a second, ms after the 202",
        ("what", "samples", "p50", "p95"),
        [
            (name, len(lag), 1e3 * percentile(lag, 0.5), 1e3 * percentile(lag, 0.95))
            for name, lag in lags.items()
        ],
    )


def _sample(deployment: str, queue_depth: float) -> Event:
    now = datetime.now(UTC).isoformat()
    return {
        "specversion": "1.0",
        "id": f"bench-{now}",
        "source": "//bench",
        "type": "routecause.deployment.observed",
        "time": now,
        "data": {
            "deployment": deployment,
            "window_s": 60,
            "sample_count": 1,
            "available": True,
            "queue_depth": queue_depth,
        },
    }


def _request_query(request: str) -> tuple[str, Callable[[Any], bool]]:
    return f'{{ request(id: "{request}") {{ id }} }}', lambda data: data["request"] is not None


def _fleet_query(sampled: dict[str, Any]) -> tuple[str, Callable[[Any], bool]]:
    deployment, depth = sampled["deployment"], sampled["queue_depth"]
    return "{ fleet { deployment queueDepth } }", lambda data: any(
        one["deployment"] == deployment and (one["queueDepth"] or 0) >= depth
        for one in data["fleet"]
    )


async def _seen(
    http: httpx.AsyncClient,
    lags: list[float],
    sent_at: float,
    query: str,
    shown: Callable[[Any], bool],
) -> None:
    """Ask until the answer shows it, and note how long that took."""
    while time.perf_counter() - sent_at < _PATIENCE_S:
        answer = await http.post("/graphql", json={"query": query})
        if shown(answer.json()["data"]):
            lags.append(time.perf_counter() - sent_at)
            return
        await asyncio.sleep(_POLL_S)
    raise TimeoutError("an event that was acknowledged is not seen after two minutes")
