"""Pure ASGI middleware: request ids, the access log, security headers, limits of size and time."""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from logging import INFO, getLogger
from random import getrandbits
from time import perf_counter
from typing import Any, Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import error_response
from api.headers import headers_in
from graph.errors import RoutecauseError, TooLarge, Unavailable

access_log = getLogger("api.access")

REQUEST_ID: Final = "X-Request-Id"
_ID_HEADER: Final = REQUEST_ID.lower().encode()
_GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_UNKNOWN_ROUTE: Final = "unknown"
_CLIENT_LEFT: Final = 499
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Observe = Callable[[str, str, float], None]
"""Told of each request: its operation (method and route), its status, its seconds."""

_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)
_DATA_POLICY: Final = (
    b"content-security-policy",
    b"default-src 'none'; frame-ancestors 'none'",
)
_JSON: Final = b"application/json"


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
        given = headers_in(scope).get(_ID_HEADER, b"")
        request_id = given.decode() if _GIVEN_ID.fullmatch(given) else _new_id()
        scope.setdefault("state", {})["request_id"] = request_id
        began_s = perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _secured(message.get("headers", ()), request_id)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            took_s = perf_counter() - began_s
            # Nothing was sent: who asked has left.
            status = status or _CLIENT_LEFT
            self._observe(self._operation(scope), str(status), took_s)
            if self._log and access_log.isEnabledFor(INFO):
                access_log.info("%s", _line(scope, request_id, status, took_s))

    def _operation(self, scope: Scope) -> str:
        """Method and route: names of ours, so there are few."""
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        path: Any = getattr(scope.get("route"), "path", None)
        if isinstance(path, str):
            return f"{method} {path}"
        known = scope["path"] in self._paths
        return f"{method} {scope['path'] if known else _UNKNOWN_ROUTE}"


def _new_id() -> str:
    # It only tells requests apart, so it need not cost a call of the system.
    return f"{getrandbits(128):032x}"


def _secured(headers: Iterable[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    """An answer's headers with its id, and with what the route itself did not say."""
    told = [header for header in headers if header[0] != _ID_HEADER]
    said = dict(told)
    told.append((_ID_HEADER, request_id.encode()))
    told += [header for header in _HEADERS if header[0] not in said]
    if said.get(b"content-type", b"").startswith(_JSON) and _DATA_POLICY[0] not in said:
        told.append(_DATA_POLICY)
    return told


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
        self._watch = _Watch(timeout_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = None if scope["path"].startswith(self._own_limits) else self._limit_bytes
        headers = headers_in(scope)
        announced = headers.get(b"content-length")
        if most is not None and announced is not None and announced.isdigit():
            if int(announced) > most:
                await error_response(_too_large(most))(scope, receive, send)
                return
            if b"transfer-encoding" not in headers:
                # The server lets no more through than was announced: nothing is left to count.
                most = None
        exchange = _Exchange(receive, send, watch=self._watch, limit_bytes=most)
        try:
            async with exchange.limit():
                await self._app(scope, receive if most is None else exchange.receive, exchange.send)
        except TimeoutError:
            if not exchange.expired:
                raise
            exchange.refusal = Unavailable(
                f"no answer within {self._timeout_s:g} s; ask for less, or again"
            )
        except TooLarge:
            if exchange.refusal is None:
                raise
        finally:
            self._watch.leave(exchange)
        if exchange.refusal is not None and not exchange.begun:
            await error_response(exchange.refusal)(scope, receive, send)


class _Exchange:
    """One request and its answer, each watched for its limit."""

    __slots__ = (
        "_limit_bytes", "_receive", "_received_bytes", "_send", "_timeout", "_watch", "begun",
        "refusal",
    )  # fmt: skip

    def __init__(
        self, receive: Receive, send: Send, *, watch: "_Watch", limit_bytes: int | None
    ) -> None:
        self._receive = receive
        self._send = send
        self._watch = watch
        self._limit_bytes = limit_bytes
        self._received_bytes = 0
        self._timeout = asyncio.timeout(None)
        self.begun = False
        self.refusal: RoutecauseError | None = None

    def limit(self) -> asyncio.Timeout:
        """The time limit, which holds until the answer begins."""
        self._watch.enter(self)
        return self._timeout

    @property
    def expired(self) -> bool:
        """Whether the time was up before the answer began."""
        return not self.begun and self._timeout.expired()

    def expire(self, now_s: float) -> None:
        """The time is up."""
        self._timeout.reschedule(now_s)

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
        if not self.begun:
            self.begun = True
            # An event stream goes on for as long as both sides like.
            self._watch.leave(self)
            if self._timeout.when() is not None and not self._timeout.expired():
                self._timeout.reschedule(None)
        await self._send(message)


class _Watch:
    """One timer for all exchanges, which have all the same time: the oldest is up first.

    A timer for each costs more than a small answer does.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._waiting: dict[_Exchange, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, exchange: _Exchange) -> None:
        """Give an exchange its time."""
        loop = asyncio.get_running_loop()
        self._waiting[exchange] = due_s = loop.time() + self._timeout_s
        if self._timer is None or self._loop is not loop:
            self._loop, self._timer = loop, loop.call_at(due_s, self._look)

    def leave(self, exchange: _Exchange) -> None:
        """Watch it no more."""
        self._waiting.pop(exchange, None)

    def _look(self) -> None:
        """Expire what is due, and wait for the next."""
        self._timer = None
        if self._loop is None:
            return
        now_s = self._loop.time()
        while self._waiting:
            oldest, due_s = next(iter(self._waiting.items()))
            if due_s > now_s:
                self._timer = self._loop.call_at(due_s, self._look)
                return
            self.leave(oldest)
            oldest.expire(now_s)


class Direct:
    """Answers some addresses without a router: one look, where a router tries every route.

    They are exact paths with one method each, for the few that are asked all the time.
    """

    def __init__(self, app: ASGIApp, *, apps: Mapping[tuple[str, str], ASGIApp]) -> None:
        """`apps` are by method and path."""
        self._app = app
        self._apps = dict(apps)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to its application, or to all the others."""
        app = self._app
        if scope["type"] == "http":
            app = self._apps.get((scope["method"], scope["path"]), app)
        await app(scope, receive, send)


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"the body has more than {limit_bytes} bytes; send less at once")
