"""Limits of time and size around any application, whatever it does with them."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.middleware import Access, Limits

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
