"""Who calls: from a request's headers to a `Caller`, and what guards a server that needs no key.

Without keys only a server that listens on loopback alone lets callers in. A page in a browser on
the same machine could still reach it, and so could strangers through a proxy on it; `LocalGuard`
refuses both: other host names (DNS rebinding), other origins, forwarded requests.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated, Final, Protocol
from urllib.parse import urlsplit

from fastapi import Depends
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import error_response
from api.headers import headers_in
from graph.errors import Forbidden, Refused, RoutecauseError, Unauthenticated
from graph.key_ring import KeyRing
from graph.keys import Caller

_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PROXY_HEADERS: Final = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via"}
)
_KEPT: Final = 256
"""Addresses and names of which is remembered what they are; few come back all the time."""
_POLICY_VIOLATION: Final = 1008


class _State(Protocol):
    key_ring: KeyRing


@lru_cache(_KEPT)
def is_loopback(host: str) -> bool:
    """Whether a server bound to this address can be reached from this machine alone."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_bind(host: str, *, ring: KeyRing) -> None:
    """Raise Refused where a server would be open to others with no key to keep them out."""
    if not is_loopback(host) and ring.known and not ring.any_active:
        raise Refused(
            f"{host} can be reached from other machines, and there is no API key yet: set "
            "ROUTECAUSE_ADMIN_KEY, or create a key on loopback first (routecause keys create)"
        )


def presented_key(headers: Headers) -> str | None:
    """The key in `Authorization: Bearer …` or `X-API-Key: …`, None without either.

    Raises Unauthenticated for another scheme or for two different keys.
    """
    return _presented(dict(reversed(headers.raw)))


def _presented(headers: Mapping[bytes, bytes]) -> str | None:
    direct, authorization = headers.get(b"x-api-key"), headers.get(b"authorization")
    if authorization is None:
        return None if direct is None else direct.decode("latin-1")
    scheme, _, token = authorization.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Authorization must be `Bearer` and an API key")
    if direct is not None and direct.decode("latin-1") != token.strip():
        raise Unauthenticated("Authorization and X-API-Key hold different keys; send one")
    return token.strip()


def caller_in(scope: Scope) -> Caller:
    """Who sent this request; `app.state.key_ring` must be there.

    Raises Unauthenticated, or GraphUnavailable before the keys were read.
    """
    state: _State = scope["app"].state
    return state.key_ring.caller(_presented(headers_in(scope)))


def caller_of(connection: HTTPConnection) -> Caller:
    """Who sent this request or opened this WebSocket. Raises as `caller_in` does."""
    return caller_in(connection.scope)


CallerOf = Annotated[Caller, Depends(caller_of)]
"""A route's parameter of this type is the caller; the route asks it for scopes."""


class LocalGuard:
    """Pure ASGI middleware: while no key is needed, only this machine's own programs get in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await error_response(refusal)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})


def _refusal(scope: Scope) -> RoutecauseError | None:
    ring: KeyRing | None = getattr(scope["app"].state, "key_ring", None)
    if ring is None or not ring.keyless:
        return None
    headers = headers_in(scope)
    if b"authorization" in headers or b"x-api-key" in headers:
        return None
    if not _PROXY_HEADERS.isdisjoint(headers):
        return Unauthenticated(
            "this came through a proxy, and without keys only this machine is served: create a key"
        )
    client = scope.get("client")
    if client is not None and not is_loopback(client[0]):
        return Unauthenticated("without keys only this machine is served: create a key")
    host = headers.get(b"host", b"")
    if not _is_local(host):
        return Forbidden(
            "without keys only localhost, 127.0.0.1 and [::1] are served; use one of these names, "
            "or create a key"
        )
    if scope["type"] == "http" and scope["method"] in _SAFE_METHODS:
        return None
    origin = headers.get(b"origin")
    if origin is not None and origin.partition(b"://")[2] != host:
        return Forbidden("without keys no other site's page may send this; create a key")
    if headers.get(b"sec-fetch-site") == b"cross-site":
        return Forbidden("without keys no other site's page may send this; create a key")
    return None


@lru_cache(_KEPT)
def _is_local(host: bytes) -> bool:
    """Whether a Host header names this machine."""
    try:
        return urlsplit(f"//{host.decode('latin-1')}").hostname in _LOCAL_NAMES
    except ValueError:
        return False
