"""The one translation of errors for callers over HTTP: a status, a neutral code, a safe message.

Errors of our own tree say what they say; anything else is masked with an id under which the log has
it whole.
"""

import logging
from secrets import token_hex
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from graph.errors import (
    CallerError,
    Conflict,
    Forbidden,
    NotFound,
    Overloaded,
    Refused,
    RoutecauseError,
    StatementFailed,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

_LOG = logging.getLogger(__name__)

_STATUSES: Final[tuple[tuple[type[RoutecauseError], int], ...]] = (
    (NotFound, 404),
    (Conflict, 409),
    (CallerError, 422),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (TooLarge, 413),
    (Refused, 403),
    (Overloaded, 429),
    (Unavailable, 503),
)
_ERRORS_SHOWN: Final = 10
_HTTP_CODES: Final = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


def status_of(error: RoutecauseError) -> int:
    """The HTTP status of an error; 500 where it is our own fault."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def masked(error: BaseException) -> RoutecauseError:
    """An error that is safe to show: itself, or one with an id in place of what is only ours."""
    if isinstance(error, RoutecauseError) and not isinstance(error, StatementFailed):
        return error
    name = token_hex(6)
    _LOG.error("internal error %s", name, exc_info=error)
    return RoutecauseError(f"internal error; the server's log has it under the id {name}")


def headers_of(error: RoutecauseError) -> dict[str, str]:
    """What HTTP wants beside the status."""
    if isinstance(error, Unavailable):
        return {"Retry-After": str(max(1, round(error.retry_after_s)))}
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}
    return {}


def error_response(error: BaseException) -> Response:
    """`{"error": {"code", "message"}}` with its status."""
    shown = masked(error)
    return _response(shown.code, str(shown), status_of(shown), headers_of(shown))


def install(app: FastAPI) -> None:
    """Let every error that leaves a route be answered in this form."""

    async def ours(_: Request, error: Exception) -> Response:
        return error_response(error)

    async def http(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = str(error.detail) if isinstance(error, HTTPException) else ""
        return _response(_HTTP_CODES.get(status, "INVALID"), detail, status, {})

    async def invalid(_: Request, error: Exception) -> Response:
        found: list[Any] = []
        if isinstance(error, RequestValidationError):
            found = list(error.errors())[:_ERRORS_SHOWN]
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found)
        return _response("INVALID_INPUT", told, 422, {})

    app.add_exception_handler(RoutecauseError, ours)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, ours)


def _response(code: str, message: str, status: int, headers: dict[str, str]) -> Response:
    body = orjson.dumps({"error": {"code": code, "message": message}})
    return Response(body, status_code=status, media_type="application/json", headers=headers)
