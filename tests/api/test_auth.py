"""Who gets in, by which header; and who does not get into a server without keys."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.datastructures import Headers

from api.auth import CallerOf, LocalGuard, check_bind, is_loopback, presented_key
from api.errors import install
from graph.errors import Refused, Unauthenticated
from graph.key_ring import KeyRing
from graph.keys import Keys
from graph.settings import GraphSettings
from graph.store.door import GraphStore

ADMIN = "an-administrator's-own-secret"


@pytest.fixture
async def ring() -> AsyncGenerator[KeyRing]:
    """No key was ever made, on loopback."""
    store = GraphStore.open(GraphSettings(neo4j_uri="bolt://127.0.0.1:1"))
    made = KeyRing(store, keyless_allowed=True)
    made._keys = Keys({})  # pyright: ignore[reportPrivateUsage]  # as if read from an empty graph
    yield made
    await store.close()


def application(ring: KeyRing) -> FastAPI:
    app = FastAPI()
    app.state.key_ring = ring
    app.add_middleware(LocalGuard)
    install(app)

    @app.api_route("/who", methods=["GET", "POST"])
    async def who(caller: CallerOf) -> str:  # pyright: ignore[reportUnusedFunction]  # called by route
        return caller.name

    return app


async def ask(ring: KeyRing, method: str = "GET", **headers: str) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    transport = httpx.ASGITransport(app=application(ring))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        response = await client.request(method, "/who", headers=named)
    return response.status_code, response.json()


async def test_local_programs_get_in_without_a_key(ring: KeyRing) -> None:
    assert await ask(ring) == (200, "local")
    assert await ask(ring, "POST", host="localhost:8000") == (200, "local")
    assert await ask(ring, "POST", host="[::1]:8000") == (200, "local")
    own = {"host": "localhost:8000", "origin": "http://localhost:8000"}
    assert await ask(ring, "POST", **own) == (200, "local")


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"host": "evil.example"}, 403),
        ("GET", {"host": "evil.example:8000"}, 403),
        ("GET", {"host": "127.0.0.1.evil.example"}, 403),
        ("GET", {"host": "localhost@evil.example"}, 403),
        ("GET", {"host": "[::1"}, 403),
        ("POST", {"origin": "https://evil.example"}, 403),
        ("POST", {"origin": "null"}, 403),
        ("POST", {"origin": "http://127.0.0.1:3000"}, 403),
        ("POST", {"sec_fetch_site": "cross-site"}, 403),
        ("GET", {"x_forwarded_for": "203.0.113.7"}, 401),
        ("GET", {"forwarded": "for=203.0.113.7"}, 401),
    ],
)
async def test_strangers_do_not(
    ring: KeyRing, method: str, headers: dict[str, str], status: int
) -> None:
    answered, body = await ask(ring, method, **headers)
    assert answered == status
    assert set(body["error"]) == {"code", "message"}


async def test_with_keys_names_and_proxies_are_free(ring: KeyRing) -> None:
    ring.admin_key = ADMIN
    forwarded = {"host": "routecause.example", "x_forwarded_for": "203.0.113.7"}
    assert (await ask(ring, "POST", **forwarded))[0] == 401
    assert (await ask(ring, "POST", x_api_key=ADMIN, **forwarded))[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": f"Bearer {ADMIN}"}, 200),
        ({"authorization": f"bearer  {ADMIN} "}, 200),
        ({"x_api_key": ADMIN}, 200),
        ({"x_api_key": ADMIN, "authorization": f"Bearer {ADMIN}"}, 200),
        ({"x_api_key": "other", "authorization": f"Bearer {ADMIN}"}, 401),
        ({"authorization": ADMIN}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": "Basic YTpi"}, 401),
        ({"x_api_key": "rc_00000000_" + "x" * 43}, 401),
    ],
)
async def test_how_a_key_is_presented(ring: KeyRing, headers: dict[str, str], status: int) -> None:
    ring.admin_key = ADMIN
    answered, body = await ask(ring, **headers)
    assert answered == status
    if status == 401:
        assert body["error"]["code"] == "UNAUTHENTICATED"


async def test_a_wrong_key_is_wrong_without_keys_too(ring: KeyRing) -> None:
    assert (await ask(ring, x_api_key="wrong"))[0] == 401


def test_two_keys_are_not_one() -> None:
    assert presented_key(Headers({})) is None
    with pytest.raises(Unauthenticated, match="different"):
        presented_key(Headers({"x-api-key": "a", "authorization": "Bearer b"}))


async def test_a_websocket_of_another_page_is_refused(ring: KeyRing) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "websocket",
        "app": application(ring),
        "path": "/who",
        "headers": [(b"host", b"127.0.0.1:8000"), (b"origin", b"https://evil.example")],
    }
    await LocalGuard(application(ring))(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),  # noqa: S104 - the very address that must be recognised
        ("::", False),
        ("", False),
        ("routecause.example", False),
        ("192.168.1.5", False),
    ],
)
def test_what_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


async def test_no_other_bind_without_a_key(ring: KeyRing) -> None:
    check_bind("127.0.0.1", ring=ring)
    with pytest.raises(Refused, match="ROUTECAUSE_ADMIN_KEY"):
        check_bind("0.0.0.0", ring=ring)  # noqa: S104 - the very address that must be refused
    ring.admin_key = ADMIN
    check_bind("0.0.0.0", ring=ring)  # noqa: S104 - with a key it is allowed
