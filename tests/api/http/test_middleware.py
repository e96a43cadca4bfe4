"""Limits of time and size around any application, whatever it does with them."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.middleware import Access, Direct, Limits

Seen = list[tuple[str, str]]


async def hangs(scope: Scope, receive: Receive, send: Send) -> None:
    """Never answers."""
    await asyncio.sleep(60)


async def drips(scope: Scope, receive: Receive, send: Send) -> None:
    """Begins at once, and takes longer than the limit for the rest."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(3):
        await asyncio.sleep(0.1)
        await send({"type": "http.response.body", "body": b".", "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def swallows(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads its body, and takes any trouble with it for a mistake of the caller's."""
    status = 200
    try:
        while (await receive()).get("more_body"):
            pass
    except Exception:  # noqa: BLE001  # as frameworks do
        status = 400
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"read"})


async def fails(scope: Scope, receive: Receive, send: Send) -> None:
    """A time limit of its own, which is nobody else's."""
    raise TimeoutError


async def asked(app: ASGIApp, *, body: Sequence[bytes] = (), path: str = "/x") -> httpx.Response:
    limited = Limits(app, limit_bytes=10, timeout_s=0.15, own_limits=frozenset({"/own"}))

    async def pieces() -> AsyncGenerator[bytes]:
        for piece in body:
            yield piece

    transport = httpx.ASGITransport(limited)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.post(path, content=pieces())


async def test_an_answer_that_does_not_begin_is_given_up() -> None:
    answer = await asked(hangs)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "no answer within 0.15 s" in answer.json()["error"]["message"]


async def test_an_answer_that_began_may_go_on() -> None:
    answer = await asked(drips)
    assert (answer.status_code, answer.text) == (200, "...")


async def test_a_time_limit_of_the_applications_own_is_left_to_it() -> None:
    with pytest.raises(TimeoutError):
        await asked(fails)


@pytest.mark.parametrize("body", [[b"x" * 11], [b"x" * 6, b"x" * 6]])
async def test_a_body_that_is_too_long_is_413_whatever_the_application_makes_of_it(
    body: list[bytes],
) -> None:
    answer = await asked(swallows, body=body)
    assert answer.status_code == 413
    assert "more than 10 bytes" in answer.json()["error"]["message"]


async def test_what_bounds_itself_gets_the_whole_body() -> None:
    assert (await asked(swallows, body=[b"x" * 11], path="/own")).text == "read"
    assert (await asked(swallows, body=[b"x" * 10])).text == "read"


async def test_each_answer_has_its_own_time() -> None:
    """One timer watches them all: who came later is given up later, who answers is left alone."""
    limited = Limits(slow_by_its_path, limit_bytes=10, timeout_s=0.2)
    transport = httpx.ASGITransport(limited)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

        async def after(delay_s: float, answer_s: float) -> tuple[int, float]:
            await asyncio.sleep(delay_s)
            began = asyncio.get_running_loop().time()
            answer = await client.get(f"/{answer_s}")
            return answer.status_code, asyncio.get_running_loop().time() - began

        told = await asyncio.gather(
            after(0, 5), after(0.01, 0), after(0.1, 5), after(0.1, 0.1), after(0.3, 5)
        )
    assert [status for status, _ in told] == [503, 200, 503, 200, 503]
    assert all(0.19 < took_s < 0.5 for status, took_s in told if status == 503)


async def slow_by_its_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers after as many seconds as its path says."""
    await asyncio.sleep(float(scope["path"].removeprefix("/")))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def test_a_length_that_is_announced_is_not_believed_beside_pieces() -> None:
    headers = [(b"content-length", b"5"), (b"transfer-encoding", b"chunked")]
    scope: Scope = {"type": "http", "path": "/", "method": "POST", "headers": headers}
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"x" * 11, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await Limits(swallows, limit_bytes=10, timeout_s=1)(scope, receive, send)
    assert sent[0]["status"] == 413


async def test_some_addresses_are_answered_directly() -> None:
    direct = Direct(answers("others"), apps={("POST", "/fast"): answers("fast")})
    transport = httpx.ASGITransport(direct)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.post("/fast?x=1")).text == "fast"
        for method, path in (("GET", "/fast"), ("POST", "/fast/"), ("POST", "/other")):
            assert (await client.request(method, path)).text == "others"


def unseen(operation: str, status: str, took_s: float) -> None: ...


def answers(text: str) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": text.encode()})

    return app


async def test_headers_of_the_route_itself_stay() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        kept = [(b"cache-control", b"public"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": kept})
        await send({"type": "http.response.body", "body": b"{}"})

    watched = Access(app, observe=unseen, log=False)
    transport = httpx.ASGITransport(watched)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/", headers={"X-Request-Id": "mine"})
    assert answer.headers.get_list("cache-control") == ["public"]
    assert answer.headers.get_list("x-request-id") == ["mine"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_who_leaves_before_the_answer_is_counted_as_such() -> None:
    seen: Seen = []

    def observe(operation: str, status: str, took_s: float) -> None:
        assert took_s >= 0
        seen.append((operation, status))

    async def leaves(scope: Scope, receive: Receive, send: Send) -> None:
        return

    watched = Access(leaves, observe=observe, log=False, paths=frozenset({"/known"}))
    for path, method in (("/known", "GET"), ("/other", "BREW")):
        scope: Scope = {"type": "http", "path": path, "method": method, "headers": []}
        await watched(scope, _nothing, _nowhere)
    assert seen == [("GET /known", "499"), ("OTHER unknown", "499")]


async def _nothing() -> Any:
    return {"type": "http.disconnect"}


async def _nowhere(message: Any) -> None:
    raise AssertionError(message)
