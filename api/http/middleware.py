"""Pure ASGI middleware: request ids, the access log, security headers, limits of size and time."""

import asyncio
import re
from collections.abc import Callable, Mapping
from logging import getLogger
from time import perf_counter
from typing import Any, Final
from uuid import uuid4

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import error_response
from graph.errors import RoutecauseError, TooLarge, Unavailable

access_log = getLogger("api.access")

REQUEST_ID: Final = "X-Request-Id"
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_UNKNOWN_ROUTE: Final = "unknown"
_CLIENT_LEFT: Final = 499
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Observe = Callable[[str, str, float], None]
"""Told of each request: its operation (method and route), its status, its seconds."""

_HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
_DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"


class Access:
    """Gives each request an id, and tells the log and the metrics how it went."""

    def __init__(
        self, app: ASGIApp, *, observe: Observe, log: bool, paths: frozenset[str] = frozenset()
    ) -> None:
        """`paths` are those of plain routes, which do not tell which of them was taken."""
        self._app = app
        self._observe = observe
        self._log = log
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and watch what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _GIVEN_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        began_s = perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID] = request_id
                _secure(headers)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            took_s = perf_counter() - began_s
            # Nothing was sent: who asked has left.
            status = status or _CLIENT_LEFT
            self._observe(self._operation(scope), str(status), took_s)
            if self._log:
                access_log.info("%s", _line(scope, request_id, status, took_s))

    def _operation(self, scope: Scope) -> str:
        """Method and route: names of ours, so there are few."""
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        path: Any = getattr(scope.get("route"), "path", None)
        if isinstance(path, str):
            return f"{method} {path}"
        known = scope["path"] in self._paths
        return f"{method} {scope['path'] if known else _UNKNOWN_ROUTE}"


def _secure(headers: MutableHeaders) -> None:
    """Add what the route itself did not say."""
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if headers.get("content-type", "").startswith("application/json"):
        headers.setdefault("Content-Security-Policy", _DATA_POLICY)


def _line(scope: Scope, request_id: str, status: int, took_s: float) -> str:
    client = scope.get("client")
    return orjson.dumps(
        {
            "request_id": request_id,
            "client": client[0] if client else None,
            "method": scope["method"],
            # Never the query: it may hold what is nobody's business.
            "path": scope["path"],
            "status": status,
            "took_ms": round(took_s * 1e3, 1),
        }
    ).decode()


class Limits:
    """Refuses bodies that are too long, and gives up on answers that do not begin in time."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit_bytes: int,
        timeout_s: float,
        own_limits: frozenset[str] = frozenset(),
    ) -> None:
        """`own_limits` are path prefixes whose routes bound their bodies themselves."""
        self._app = app
        self._limit_bytes = limit_bytes
        self._timeout_s = timeout_s
        self._own_limits = tuple(own_limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bounds_itself = any(scope["path"].startswith(prefix) for prefix in self._own_limits)
        most = None if bounds_itself else self._limit_bytes
        announced = Headers(scope=scope).get("content-length", "")
        if most is not None and announced.isdecimal() and int(announced) > most:
            await error_response(_too_large(most))(scope, receive, send)
            return
        exchange = _Exchange(receive, send, limit_bytes=most)
        try:
            async with exchange.limit(self._timeout_s):
                await self._app(scope, exchange.receive, exchange.send)
        except TimeoutError:
            if not exchange.expired:
                raise
            exchange.refusal = Unavailable(
                f"no answer within {self._timeout_s:g} s; ask for less, or again"
            )
        except TooLarge:
            if exchange.refusal is None:
                raise
        if exchange.refusal is not None and not exchange.begun:
            await error_response(exchange.refusal)(scope, receive, send)


class _Exchange:
    """One request and its answer, each watched for its limit."""

    def __init__(self, receive: Receive, send: Send, *, limit_bytes: int | None) -> None:
        self._receive = receive
        self._send = send
        self._limit_bytes = limit_bytes
        self._received_bytes = 0
        self._timeout: asyncio.Timeout | None = None
        self.begun = False
        self.refusal: RoutecauseError | None = None

    def limit(self, timeout_s: float) -> asyncio.Timeout:
        """The time limit, which holds until the answer begins."""
        self._timeout = asyncio.timeout(timeout_s)
        return self._timeout

    @property
    def expired(self) -> bool:
        """Whether the time was up before the answer began."""
        return not self.begun and self._timeout is not None and self._timeout.expired()

    async def receive(self) -> Message:
        """The next part of the body. Raises TooLarge."""
        message = await self._receive()
        self._received_bytes += len(message.get("body", b""))
        if self._limit_bytes is not None and self._received_bytes > self._limit_bytes:
            self.refusal = _too_large(self._limit_bytes)
            raise self.refusal
        return message

    async def send(self, message: Message) -> None:
        """The next part of the answer; nothing where the request was refused meanwhile."""
        # Frameworks turn what fails while they read a body into answers of their own.
        if self.refusal is not None and not self.begun:
            return
        self.begun = True
        # An event stream goes on for as long as both sides like.
        if self._timeout is not None and not self._timeout.expired():
            self._timeout.reschedule(None)
        await self._send(message)


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"the body has more than {limit_bytes} bytes; send less at once")
