"""GraphQL over HTTP, event streams and WebSockets, as a client on the other end sees it."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from tests.api.conftest import Client, Server

ADMIN_KEY = "only-for-these-tests"


async def test_what_is_no_graphql_request_is_refused(administrator: Client) -> None:
    async def refused(status: int, **sent: Any) -> str:
        answer = await administrator.post("/graphql", **sent)
        assert answer.status_code == status, answer.text
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "INVALID_OPERATION"
        return error["message"]

    as_json = {"Content-Type": "application/json"}
    await refused(400, content=b"{", headers=as_json)
    await refused(400, content=b'{"query": NaN}', headers=as_json)
    await refused(400, content=b"[" * 5000, headers=as_json)
    await refused(400, content=b"query=x", headers={"Content-Type": "text/plain"})
    await refused(400, json={"query": 1})
    await refused(400, json={})
    assert "Batching" in await refused(400, json=[{"query": "{ __typename }"}] * 2)
    assert "at most 20000" in await refused(413, json={"query": "{ __typename }" + " " * 20_000})


async def test_a_get_may_ask_but_not_for_a_page(administrator: Client) -> None:
    answer = await administrator.get("/graphql", params={"query": "{ __typename }"})
    assert answer.json() == {"data": {"__typename": "Query"}}


async def test_an_event_stream_tells_the_fleet_and_gives_signs_of_life(
    administrator: Client,
) -> None:
    name = f"m-{uuid4().hex[:8]}@aws"
    pictures: list[list[dict[str, str]]] = []
    down, beats = False, 0
    body = {"query": "subscription { fleetChanged { deployment status } }"}
    stream = administrator.stream(
        "POST", "/graphql", json=body, headers={"Accept": "text/event-stream"}
    )
    async with asyncio.timeout(30), stream as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            beats += line.startswith(":")
            if line.startswith("data: {"):
                pictures.append(json.loads(line.removeprefix("data: "))["data"]["fleetChanged"])
                down = down or {"deployment": name, "status": "DOWN"} in pictures[-1]
                if len(pictures) == 1:
                    await administrator.observe(name, available=False)
            if down and beats:
                break
    assert len(pictures) > 1


@pytest.mark.parametrize("said", ["in a header", "at first"])
async def test_a_websocket_tells_the_fleet_and_answers(service: Server, said: str) -> None:
    headers = {"X-API-Key": ADMIN_KEY} if said == "in a header" else {}
    async with asyncio.timeout(30), service.websocket(**headers) as socket_:
        first: dict[str, Any] = {"type": "connection_init"}
        if not headers:
            first["payload"] = {"authorization": f"Bearer {ADMIN_KEY}"}
        await told(socket_, first)
        assert (await heard(socket_))["type"] == "connection_ack"
        await subscribe(socket_, "1", "subscription { fleetChanged { deployment } }")
        picture = await heard(socket_)
        assert (picture["id"], picture["type"]) == ("1", "next")
        assert isinstance(picture["payload"]["data"]["fleetChanged"], list)
        await told(socket_, {"type": "complete", "id": "1"})
        await subscribe(socket_, "2", "{ __typename }")
        while (answer := await heard(socket_))["id"] != "2":
            pass
        assert answer["payload"]["data"] == {"__typename": "Query"}


async def test_a_websocket_without_a_key_is_closed(service: Server) -> None:
    async with asyncio.timeout(10), service.websocket() as socket_:
        await told(socket_, {"type": "connection_init"})
        assert await closed(socket_) == 4403
    async with asyncio.timeout(10), service.websocket() as silent:
        assert await closed(silent) == 4408


@pytest.mark.parametrize(
    "message", [[], {"type": 1}, {"type": "subscribe", "id": "1"}, {"type": "bananas"}]
)
async def test_a_websocket_with_bad_messages_is_closed(service: Server, message: object) -> None:
    async with asyncio.timeout(10), service.websocket(**{"X-API-Key": ADMIN_KEY}) as socket_:
        await told(socket_, {"type": "connection_init"})
        await heard(socket_)
        await told(socket_, message)
        assert await closed(socket_) == 4400


async def test_subscriptions_and_websockets_are_bounded(
    service: Server, administrator: Client
) -> None:
    query = "subscription { fleetChanged { deployment } }"
    async with asyncio.timeout(30), service.websocket(**{"X-API-Key": ADMIN_KEY}) as socket_:
        await told(socket_, {"type": "connection_init"})
        await heard(socket_)
        for name in "abc":
            await subscribe(socket_, name, query)
            while (await heard(socket_))["id"] != name:
                pass
        events = {"Accept": "text/event-stream"}
        answer = await administrator.post("/graphql", json={"query": query}, headers=events)
        (line,) = [line for line in answer.text.splitlines() if line.startswith("data: {")]
        (error,) = json.loads(line.removeprefix("data: "))["errors"]
        assert error["extensions"] == {"code": "OVERLOADED", "retryAfterS": 10.0}
        long = "#" + "x" * 20_000
        await subscribe(socket_, "long", f"{{ __typename }}{long}")
        while (refusal := await heard(socket_))["id"] != "long":
            pass
        assert refusal["payload"][0]["extensions"]["code"] == "TOO_LARGE"


async def told(socket_: ClientConnection, message: object) -> None:
    await socket_.send(json.dumps(message))


async def subscribe(socket_: ClientConnection, name: str, query: str) -> None:
    await told(socket_, {"type": "subscribe", "id": name, "payload": {"query": query}})


async def heard(socket_: ClientConnection) -> dict[str, Any]:
    return json.loads(await socket_.recv())


async def closed(socket_: ClientConnection) -> int | None:
    with suppress(ConnectionClosed):
        while True:
            await socket_.recv()
    return socket_.close_code


async def test_half_a_character_harms_nothing(administrator: Client) -> None:
    """A lone surrogate, in a document and in variables: legal escapes that no UTF-8 can hold."""
    document = {"query": '{ request(id: "\\ud800") { id } }'}
    answer = await administrator.post("/graphql", json=document)
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == "INVALID_OPERATION"
    answer = await administrator.post(
        "/graphql",
        content=b'{"query": "query($id: ID!) { request(id: $id) { id } }", '
        b'"variables": {"id": "\\ud800"}}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["errors"]
