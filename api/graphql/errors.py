"""What a caller gets to see of an error: our own by code and words, all else only by an id."""

from collections.abc import Mapping
from logging import getLogger
from typing import Any, Final
from uuid import uuid4

from graphql import GraphQLError

from graph.errors import InvalidInput, RoutecauseError, StatementFailed, Unavailable

log = getLogger(__name__)

INVALID_OPERATION: Final = "INVALID_OPERATION"
"""The code of a document or of variables that don't fit the schema or a limit."""
INTERNAL: Final = "INTERNAL"


def extensions_of(error: RoutecauseError) -> dict[str, Any]:
    """What a machine needs of an error: its code, the field at fault, how long to wait."""
    told: dict[str, Any] = {"code": error.code}
    if isinstance(error, InvalidInput):
        told["field"] = error.field
    if isinstance(error, Unavailable):
        told["retryAfterS"] = error.retry_after_s
    return told


def presentable(error: GraphQLError) -> GraphQLError:
    """The error as a caller may see it. What is masked is logged under the id that is shown."""
    if _code(error.extensions) is not None:
        return error
    cause = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if cause is None:
        return _as(error, error.message, {"code": INVALID_OPERATION})
    # A refused statement tells of our Cypher, not of anything the caller could change.
    if isinstance(cause, RoutecauseError) and not isinstance(cause, StatementFailed):
        return _as(error, str(cause), extensions_of(cause))
    number = uuid4().hex
    log.error("internal error %s at %s", number, error.path, exc_info=cause)
    return _as(error, f"internal error {number}", {"code": INTERNAL, "id": number})


def _code(extensions: Mapping[str, Any] | None) -> Any:
    return (extensions or {}).get("code")


def _as(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )
