"""`POST /v1/events` over HTTP: forms, statuses, and answers that say what to do."""

import gzip
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from graph.settings import GraphSettings
from ingest.gateway import Gateway
from ingest.log import EventLog
from ingest.settings import IngestSettings

EXAMPLES = (Path(__file__).parents[2] / "data" / "examples.jsonl").read_bytes()
LINES = {"content-type": "application/x-ndjson"}
ONE = {"content-type": "application/cloudevents+json"}
Client = Callable[..., httpx.AsyncClient]


async def test_examples_twice_in_all_forms(client: Client) -> None:
    http = client()
    accepted = await http.post("/v1/events", content=EXAMPLES, headers=LINES)
    assert accepted.status_code == 202
    assert accepted.headers["content-type"] == "application/json"
    assert accepted.json() == {"accepted": 35, "duplicates": 0, "rejected": []}
    array = json.dumps([json.loads(line) for line in EXAMPLES.splitlines()])
    batch = {"content-type": "application/cloudevents-batch+json"}
    packed = {**LINES, "content-encoding": "gzip"}
    for content, headers in ((array, batch), (gzip.compress(EXAMPLES), packed), (array, {})):
        again = await http.post("/v1/events", content=content, headers=headers)
        assert again.json() == {"accepted": 0, "duplicates": 35, "rejected": []}
    one = await http.post("/v1/events", content=EXAMPLES.splitlines()[0], headers=ONE)
    assert one.json() == {"accepted": 0, "duplicates": 1, "rejected": []}
    status = (await http.get("/v1/ingest/status")).json()
    assert (status["writer_waiting"], status["projector_waiting"]) == (35, 35)
    assert status["oldest_age_ms"] >= 0


@pytest.mark.parametrize(
    ("body", "headers", "status", "field"),
    [
        (b"not json", ONE, 422, "body"),
        (b"\xff", ONE, 422, "body"),
        (b'{"type": "routecause.request.complete"}', ONE, 422, "type"),
        (b"{}", {"content-type": "text/html"}, 422, "content-type"),
        (b"{}", {**ONE, "content-encoding": "br"}, 422, "content-encoding"),
        (b"{}", {**ONE, "content-encoding": "gzip"}, 422, "body"),
        (b'"' + b"x" * 10_000_000 + b'"', ONE, 413, "body"),
        (b'"' + b"x" * 1_000_000 + b'"', ONE, 413, "body"),
        (gzip.compress(b"x" * 10_000_000, mtime=0), LINES, 413, "body"),
    ],
    ids=str,
)  # fmt: skip
async def test_bad_bodies_are_told_what_is_wrong(
    client: Client, body: bytes, headers: dict[str, str], status: int, field: str
) -> None:
    response = await client().post("/v1/events", content=body, headers=headers)
    assert response.status_code == status
    (rejected,) = response.json()["rejected"]
    assert rejected["index"] == 0
    assert [error["field"] for error in rejected["errors"]] == [field]


async def test_a_body_of_unknown_length_is_cut_off_at_the_limit(client: Client) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 100_000
            yield b" " * 100_000

    response = await client().post("/v1/events", content=endless(), headers=LINES)
    assert response.status_code == 413
    assert sent < 3_000_000


async def test_who_may_send(client: Client) -> None:
    for key, status in ((None, 401), ("rc_00000000_" + "x" * 43, 401)):
        response = await client(key).post("/v1/events", content=EXAMPLES, headers=LINES)
        assert response.status_code == status
        assert response.json()["error"]["code"] == "UNAUTHENTICATED"
        assert response.headers["www-authenticate"] == "Bearer"
    wanted: dict[str, Any] = {"name": "reader", "scopes": ["read"]}
    reader = (await client().post("/v1/keys", json=wanted)).json()["key"]
    response = await client(reader).post("/v1/events", content=EXAMPLES, headers=LINES)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "FORBIDDEN")


async def test_back_pressure_and_a_lost_redis(client: Client, app: FastAPI) -> None:
    full = IngestSettings(backlog_limit=1, overload_retry_s=7)
    nowhere = GraphSettings(redis_url="redis://127.0.0.1:1/0")
    log = EventLog(app.state.log._redis, settings=full)
    app.state.gateway = Gateway(log, settings=full)
    lines = EXAMPLES.splitlines()
    assert (await client().post("/v1/events", content=lines[0])).status_code == 202
    response = await client().post("/v1/events", content=lines[1])
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")
    assert response.json()["accepted"] == 0
    lost = EventLog.open(nowhere, settings=full)
    app.state.gateway = Gateway(lost, settings=full)
    response = await client().post("/v1/events", content=lines[1])
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["error"]["code"] == "HOT_UNAVAILABLE"
    await lost.close()
