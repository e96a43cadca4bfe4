"""The application as it runs: parts that work together, limits, health, and its end."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from tests.api.conftest import Client, Server

ASKED = {"user": "ada", "taskType": "reasoning", "promptTokens": 10}
Alone = Callable[[dict[str, str], Path], AbstractContextManager[Any]]
NOBODY = "bolt://127.0.0.1:9"


async def test_an_event_is_seen_in_every_answer(administrator: Client) -> None:
    name = f"m-{uuid4().hex[:8]}"
    await administrator.observe(f"{name}@aws", available=True, error_rate=0.0)

    async def applied() -> bool:
        return (await administrator.get("/v1/ingest/status")).json()["length"] == 0

    await administrator.until(applied)
    query = "query($m: [ID!], $at: DateTime) { fleet(model: $m, at: $at) { deployment status } }"
    known = [{"deployment": f"{name}@aws", "status": "HEALTHY"}]

    async def shown() -> bool:
        return (await administrator.ask(query, m=[name]))["data"]["fleet"] == known

    await administrator.until(shown)
    now = datetime.now(UTC).isoformat()
    assert (await administrator.ask(query, m=[name], at=now))["data"]["fleet"] == known
    routed = await administrator.post("/v1/route", json=ASKED)
    assert routed.status_code == 200
    assert f"{name}@aws" in {one["deployment"] for one in routed.json()["candidates"]}


async def test_the_plain_route_has_the_fields_of_the_routing_view(
    administrator: Client,
) -> None:
    shown = await administrator.ask('{ __type(name: "RoutingView") { fields { name } } }')
    fields = {field["name"] for field in shown["data"]["__type"]["fields"]}
    told = (await administrator.post("/v1/route", json=ASKED)).json()
    assert set(told) == fields
    assert told["asOf"].endswith("Z")
    shown = await administrator.ask('{ __type(name: "Candidate") { fields { name } } }')
    fields = {field["name"] for field in shown["data"]["__type"]["fields"]}
    assert all(set(candidate) == fields for candidate in told["candidates"])


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, "user"),
        ({**ASKED, "promptTokens": -1}, 422, "request.promptTokens"),
        ({**ASKED, "bananas": 1}, 422, "bananas"),
        ({**ASKED, "user": "\0"}, 422, "request.user"),
    ],
)
async def test_a_wrong_routing_request_names_the_field(
    administrator: Client, body: dict[str, Any], status: int, says: str
) -> None:
    answer = await administrator.post("/v1/route", json=body)
    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]


async def test_who_has_no_key_gets_nothing(service: Server) -> None:
    async with service.client(Accept="*/*") as nobody:
        for method, path in (("POST", "/graphql"), ("POST", "/v1/route"), ("GET", "/metrics"),
                             ("GET", "/v1/ingest/status")):  # fmt: skip
            answer = await nobody.request(method, path, json=ASKED)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"
        told = (await nobody.post("/graphql", json={"query": "{ fleet { model } }"})).json()
        assert told["data"] is None
        assert told["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_bodies_are_bounded_however_they_come(administrator: Client) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    announced = await administrator.post("/v1/route", content=b" " * 70_000)
    streamed = await administrator.post(
        "/v1/route", content=pieces(), headers={"Content-Type": "application/json"}
    )
    for answer in (announced, streamed):
        assert answer.status_code == 413, answer.text
        assert answer.json()["error"]["code"] == "TOO_LARGE"


async def test_answers_carry_an_id_and_safe_headers(administrator: Client) -> None:
    answer = await administrator.get("/health/live", headers={"X-Request-Id": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    other = await administrator.get("/nothing-here", headers={"X-Request-Id": "not\tvalid"})
    assert other.status_code == 404
    assert len(other.headers["x-request-id"]) == 32


async def test_each_request_is_logged_without_its_query(
    administrator: Client, service: Server
) -> None:
    mark = uuid4().hex
    await administrator.get("/health/live", params={"secret": "x"}, headers={"X-Request-Id": mark})

    async def logged() -> bool:
        return mark in service.log.read_text()

    await administrator.until(logged)
    line = next(line for line in service.log.read_text().splitlines() if mark in line)
    told = json.loads(line[line.index("{") :])
    assert (told["method"], told["path"], told["status"]) == ("GET", "/health/live", 200)
    assert "secret" not in line


async def test_health_tells_every_part(administrator: Client) -> None:
    assert (await administrator.get("/health/live")).json() == {"status": "live"}
    report = (await administrator.get("/health/ready")).json()
    assert report["ready"] is True
    assert report["parts"].keys() == {"graph", "redis", "log", "view", "keys"}
    assert report["parts"]["log"].keys() >= {"length", "writer", "projector", "oldest_age_ms"}
    assert report["parts"]["view"]["age_ms"] < 5000


async def test_metrics_count_by_names_of_ours(administrator: Client) -> None:
    await administrator.ask("{ incidents { id } }")
    await administrator.ask("{ bananas }")
    await administrator.get(f"/{uuid4().hex}")
    text = (await administrator.get("/metrics")).text
    for line in (
        'routecause_graphql_operations_total{operation="incidents",outcome="ok"}',
        'routecause_graphql_operations_total{operation="invalid",outcome="error"}',
        'routecause_http_requests_total{operation="POST /graphql",status="200"}',
        'routecause_http_requests_total{operation="GET unknown",status="404"}',
        'routecause_log_waiting_entries{group="writer"}',
        "routecause_view_age_seconds",
        "routecause_dead_letters ",
        "routecause_redis_up 1\n",
    ):
        assert line in text, line


async def test_it_ends_in_good_order_with_subscriptions_open(
    service_environment: dict[str, str], tmp_path: Path, service: Server, api_alone: Alone
) -> None:
    with api_alone(service_environment, tmp_path / "api.log") as other:
        body = {"query": "subscription { fleetChanged { deployment } }"}
        async with asyncio.timeout(20), other.client() as client:
            events = {"Accept": "text/event-stream"}
            async with client.stream("POST", "/graphql", json=body, headers=events) as answer:
                lines = answer.aiter_lines()
                await anext(lines)
                began = time.monotonic()
                other.process.send_signal(signal.SIGTERM)
                rest = [line async for line in lines]
        assert "event: complete" in rest
        code = await asyncio.to_thread(other.process.wait, 10)
        assert time.monotonic() - began < 5, "it waited for the stream"
        assert code in (0, -signal.SIGTERM)
        assert "Traceback" not in other.log.read_text()


async def test_it_starts_and_routes_while_neo4j_is_away(
    service_environment: dict[str, str], tmp_path: Path, service: Server, api_alone: Alone
) -> None:
    away = {**service_environment, "NEO4J_URI": NOBODY, "ROUTECAUSE_GRAPH_TIMEOUT_S": "1"}
    with api_alone(away, tmp_path / "api.log") as alone:
        async with asyncio.timeout(30), alone.client() as client:
            routed = await client.post("/v1/route", json=ASKED)
            assert routed.status_code == 200
            assert routed.json()["viewVersion"]
            assert (await client.ask("{ fleet { deployment } }"))["data"] is not None
            told_ = await client.ask("{ incidents { id } }")
            assert told_["errors"][0]["extensions"]["code"] == "GRAPH_UNAVAILABLE"
            ready = await client.get("/health/ready")
            assert ready.status_code == 503
            assert ready.json()["parts"]["graph"]["ready"] is False
            assert ready.json()["parts"]["redis"]["ready"] is True
