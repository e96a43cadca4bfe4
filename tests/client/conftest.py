"""A real HTTP server in the place of Routecause, which is slow, wrong or gone when told to be."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from routecause import Routecause
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

VIEW: dict[str, Any] = {
    "asOf": "2026-11-21T12:00:00Z",
    "viewVersion": "17",
    "policy": "main",
    "policyVersion": "v3",
    "policyRule": "reasoning",
    "experiment": "exp-1",
    "arm": "b",
    "propensity": 0.5,
    "flags": [{"name": "fast", "value": "true"}],
    "stale": False,
    "candidates": [
        {
            "deployment": "apex@aws",
            "rank": 1,
            "score": 0.8,
            "eligible": True,
            "reasons": ["quality 0.9 from 40 scores"],
            "reasonCodes": [],
            "expectedLatencyMs": 300.0,
            "expectedCostUsd": 0.001,
            "expectedQuality": 0.9,
            "qualitySamples": 40,
            "status": "HEALTHY",
            "stale": False,
            "propensity": 0.25,
            "probe": False,
        },
        {"deployment": "nova@k8s", "rank": 2, "score": 0.6, "eligible": True, "status": "HEALTHY"},
        {
            "deployment": "mini@k8s",
            "eligible": False,
            "reasons": ["down: no sample", "max_cost: 0.02"],
            "reasonCodes": ["down", "max_cost"],
            "status": "DOWN",
        },
    ],
    "budgetRemainingUsd": 4.5,
    "quotaRemaining": None,
    "steps": ["policy main v3"],
    "warnings": [],
    "aFieldOfTomorrow": {"x": 1},
}


@dataclass
class Service:
    """What the server does next, and what it was sent."""

    url: str = ""
    delay_s: float = 0.0
    route_status: int = 200
    route_headers: dict[str, str] = field(default_factory=dict[str, str])
    view: dict[str, Any] = field(default_factory=lambda: dict(VIEW))
    events_status: list[tuple[int, dict[str, str]]] = field(
        default_factory=list[tuple[int, dict[str, str]]]
    )
    refused: set[str] = field(default_factory=set[str])
    routed: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    posts: list[list[dict[str, Any]]] = field(default_factory=list[list[dict[str, Any]]])
    post_times_s: list[float] = field(default_factory=list[float])
    known: set[str] = field(default_factory=set[str])
    keys: set[str | None] = field(default_factory=set[str | None])

    async def route(self, request: Request) -> Response:
        """`POST /v1/route`."""
        self.routed.append(json.loads(await request.body()))
        self.keys.add(request.headers.get("authorization"))
        await asyncio.sleep(self.delay_s)
        return JSONResponse(self.view, self.route_status, headers=self.route_headers)

    async def events(self, request: Request) -> Response:
        """`POST /v1/events`."""
        lines = [json.loads(line) for line in (await request.body()).splitlines()]
        self.posts.append(lines)
        self.post_times_s.append(time.monotonic())
        if self.events_status:
            status, headers = self.events_status.pop(0)
            return JSONResponse({"accepted": 0, "rejected": []}, status, headers=headers)
        rejected = [
            {"index": i, "id": one["id"], "errors": [{"field": "data", "message": "no"}]}
            for i, one in enumerate(lines)
            if one["type"] in self.refused
        ]
        again = [one for one in lines if one["id"] in self.known]
        self.known |= {one["id"] for one in lines}
        accepted = len(lines) - len(again) - len(rejected)
        answer = {"accepted": accepted, "duplicates": len(again), "rejected": rejected}
        return JSONResponse(answer, 202 if accepted or again else 422)


@dataclass
class Serving:
    """A uvicorn in a thread."""

    service: Service
    port: int
    server: uvicorn.Server | None = None
    thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen, and wait until it does."""
        app = Starlette(
            routes=[
                Route("/v1/route", self.service.route, methods=["POST"]),
                Route("/v1/events", self.service.events, methods=["POST"]),
            ]
        )
        config = uvicorn.Config(
            app, port=self.port, log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        deadline = time.monotonic() + 10
        while not self.server.started:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def stop(self) -> None:
        """Close every connection and listen no more."""
        if self.server is None or self.thread is None:
            return
        self.server.should_exit = True
        self.server.force_exit = True
        self.thread.join(10)
        self.server = None


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def serving() -> Generator[Serving]:
    """A server that does not listen yet, at an address of its own."""
    port = free_port()
    one = Serving(Service(url=f"http://127.0.0.1:{port}"), port)
    yield one
    one.stop()


@pytest.fixture
def service(serving: Serving) -> Service:
    """A server that listens."""
    serving.start()
    return serving.service


Clients = Callable[..., Routecause]


@pytest.fixture
def clients() -> Generator[Clients]:
    """Makes clients, closed in the end."""
    made: list[Routecause] = []

    def make(url: str, **options: Any) -> Routecause:
        made.append(Routecause(url, **options))
        return made[-1]

    yield make
    for one in made:
        one.close(0)
