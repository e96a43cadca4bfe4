"""`POST /v1/route` by itself: what it answers, what it refuses and how it is documented."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis
from starlette.types import ASGIApp

from api.auth import LocalGuard
from api.errors import install
from api.http.middleware import Direct
from api.rest import routing
from graph.evidence import DeploymentFacts
from graph.hot.allowances.reservations import Reservations
from graph.hot.probes import Probes
from graph.hot.reader import HotView
from graph.hot.routing.ranking import Candidate, RoutingView
from graph.hot.routing.router import Router
from graph.hot.snapshot import ViewSnapshot
from graph.key_ring import KeyRing
from graph.keys import Keys
from graph.settings import GraphSettings, HealthSettings
from graph.store.door import GraphStore

ASKED: dict[str, Any] = {"user": "ada", "taskType": "reasoning", "promptTokens": 10}


@pytest.fixture
async def app() -> AsyncGenerator[FastAPI]:
    """The route alone, with a view that was never read from Redis."""
    made, store = FastAPI(), GraphStore.open(GraphSettings(neo4j_uri="bolt://127.0.0.1:1"))
    ring = made.state.key_ring = KeyRing(store, keyless_allowed=True)
    ring._keys = Keys({})  # pyright: ignore[reportPrivateUsage]  # as if read from an empty graph
    view = HotView(None, settings=GraphSettings(), budgets=HealthSettings())
    view._snapshot = ViewSnapshot(  # pyright: ignore[reportPrivateUsage]  # as if read
        version="v1", as_of=datetime.now(UTC), facts=(DeploymentFacts.of_name("m@b"),)
    )
    # Neither is ever asked: nothing is limited here, and nothing runs in the background.
    redis: Any = Redis()
    booked = Reservations(redis, settings=GraphSettings())
    probes = Probes(redis, view=view.current, budgets=HealthSettings())
    made.state.router = Router(view, booked, probes)
    made.include_router(routing.router)
    install(made)
    yield made
    await store.close()


@pytest.fixture(params=["routed", "direct"])
async def client(app: FastAPI, request: Any) -> AsyncGenerator[httpx.AsyncClient]:
    """Asks it through FastAPI's router, and as the service puts it in front of that."""
    if request.param == "direct":
        app.add_middleware(Direct, apps={("POST", "/v1/route"): routing.answer})
    app.add_middleware(LocalGuard)
    served: ASGIApp = app
    transport = httpx.ASGITransport(app=served)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as one:
        yield one


async def test_it_answers_with_every_field(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/route", json=ASKED)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    told = answer.json()
    assert told.keys() == {_camel(name) for name in RoutingView.FIELDS}
    assert told["viewVersion"] == "v1"
    for candidate in told["candidates"]:
        assert candidate.keys() == {_camel(name) for name in Candidate.FIELDS}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, "body.user: Field required; body.taskType: Field required"),
        ({**ASKED, "bananas": 1}, 422, "body.bananas: Extra inputs are not permitted"),
        ({**ASKED, "promptTokens": "x"}, 422, "body.promptTokens: "),
        ({**ASKED, "requirements": {"maxCostUsd": "x"}}, 422, "body.requirements.maxCostUsd: "),
        ({**ASKED, "promptTokens": -1}, 422, "request.promptTokens: "),
        ({**ASKED, "user": "\0"}, 422, "request.user: "),
        ({**ASKED, "requirements": {"maxCostUsd": -1}}, 422, "request.requirements.maxCostUsd: "),
        ([], 422, "body: "),
        (None, 422, "body: "),
    ],
)
async def test_what_is_wrong_is_named(
    client: httpx.AsyncClient, body: Any, status: int, says: str
) -> None:
    answer = await client.post("/v1/route", json=body)
    assert answer.status_code == status
    told = answer.json()["error"]
    assert told["code"] == "INVALID_INPUT"
    assert told["message"].startswith(says)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
async def test_what_is_no_json_is_refused(client: httpx.AsyncClient, content: bytes) -> None:
    kind = {"content-type": "application/json"}
    answer = await client.post("/v1/route", content=content, headers=kind)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith("body: Invalid JSON")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/vnd.router+json", 200),
        ("text/plain", 422),
        (None, 422),
    ],
)
async def test_only_json_is_read(client: httpx.AsyncClient, kind: str | None, status: int) -> None:
    headers = {} if kind is None else {"content-type": kind}
    answer = await client.post("/v1/route", content=json.dumps(ASKED), headers=headers)
    assert answer.status_code == status


async def test_figures_are_finite(client: httpx.AsyncClient) -> None:
    body = json.dumps({**ASKED, "requirements": {"maxCostUsd": float("nan")}})
    kind = {"content-type": "application/json"}
    answer = await client.post("/v1/route", content=body, headers=kind)
    assert answer.status_code == 422
    assert "body.requirements.maxCostUsd" in answer.json()["error"]["message"]


async def test_a_body_in_pieces_is_one(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        for letter in json.dumps(ASKED):
            yield letter.encode()

    kind = {"content-type": "application/json"}
    assert (await client.post("/v1/route", content=pieces(), headers=kind)).status_code == 200


async def test_who_may_not_ask_is_refused(client: httpx.AsyncClient, app: FastAPI) -> None:
    foreign = await client.post("/v1/route", json=ASKED, headers={"host": "evil.example"})
    assert foreign.status_code == 403
    app.state.key_ring.admin_key = "an-administrator's-own-secret"
    answer = await client.post("/v1/route", json=ASKED)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["error"]["code"] == "UNAUTHENTICATED"


async def test_other_methods_are_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/route")).status_code == 405


async def test_nothing_is_sent_to_who_has_left(app: FastAPI) -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope: dict[str, Any] = {"type": "http", "app": app, "headers": []}
    await routing.answer(scope, receive, send)


def test_it_is_documented(app: FastAPI) -> None:
    told = app.openapi()
    asked = told["paths"]["/v1/route"]["post"]
    assert "ranked or ruled out" in asked["description"]
    reference = asked["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    fields = told["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
    assert fields["promptTokens"]["description"] == "Tokens going in."
