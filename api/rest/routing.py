"""`POST /v1/route`: the routing view as plain JSON, from memory alone.

Routers ask it for every request, so it is answered without FastAPI's machinery; what FastAPI knows
of it is its documentation.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.types import Receive, Scope, Send

from api.auth import caller_in
from api.errors import error_response
from api.graphql.inputs import routing_request
from api.headers import headers_in
from graph.errors import InvalidInput, RoutecauseError
from graph.hot.routing.router import Router
from graph.hot.routing.transcript import transcript

_ERRORS_SHOWN: Final = 10
_START: Final[Mapping[str, Any]] = {"type": "http.response.start", "status": 200}


class _Body(BaseModel):
    """Names as in GraphQL; unknown ones are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", allow_inf_nan=False
    )


class RequirementsBody(_Body):
    """What the request itself demands."""

    max_latency_ms: float | None = Field(
        default=None, description="Longest expected latency in ms."
    )
    max_cost_usd: float | None = Field(
        default=None, description="Highest expected cost in US dollars."
    )
    min_quality: float | None = Field(default=None, description="Lowest expected score, in [0, 1].")
    capabilities: list[str] | None = Field(
        default=None, description="What the model must be able to do."
    )


class RoutingRequestBody(_Body):
    """A request that is to be routed."""

    user: str = Field(description="Who asks.")
    task_type: str = Field(description="The kind of task.")
    tier: str | None = Field(
        default=None, description="The tier; without it the user's configured one."
    )
    tenant: str | None = Field(default=None, description="The tenant; without it the key's own.")
    prompt_tokens: int = Field(description="Tokens going in.")
    max_completion_tokens: int | None = Field(default=None, description="Most tokens coming out.")
    requirements: RequirementsBody | None = Field(
        default=None, description="What the request demands."
    )
    labels: dict[str, str] | None = Field(
        default=None, description="The sender's own labels, which rules may look at."
    )
    reserve: bool = Field(
        default=True,
        description="Whether it will be sent: books its cost and quota until it is recorded.",
    )


class _State(Protocol):
    router: Router


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application behind `POST /v1/route`. Needs `route` or `read`."""
    try:
        caller = caller_in(scope)
        caller.require("route", "read")
        body = await _body(receive)
        if body is None:
            return
        asked = routing_request(_parsed(body, scope), caller=caller)
        state: _State = scope["app"].state
        told = transcript(state.router.route(asked, now=datetime.now(UTC)))
    except RoutecauseError as error:
        await error_response(error)(scope, receive, send)
        return
    headers = [(b"content-length", b"%d" % len(told)), (b"content-type", b"application/json")]
    await send({**_START, "headers": headers})
    await send({"type": "http.response.body", "body": told})


class _Plain(APIRoute):
    """A route that FastAPI documents and does not serve."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await answer(scope, receive, send)
        else:
            await super().handle(scope, receive, send)


router = APIRouter(tags=["routing"], route_class=_Plain)


@router.post("/v1/route")
async def post_route(body: RoutingRequestBody) -> dict[str, Any]:
    """Every deployment ranked or ruled out, with the reason. Needs `route` or `read`."""
    raise NotImplementedError(f"served by `answer`, not with {body}")


async def _body(receive: Receive) -> bytes | None:
    """The whole body, None where who sent it has left."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
    return None if message["type"] == "http.disconnect" else body


def _parsed(body: bytes, scope: Scope) -> RoutingRequestBody:
    """The body as what it must be. Raises InvalidInput, which names each field that is wrong."""
    kind = headers_in(scope).get(b"content-type", b"").partition(b";")[0].strip().lower()
    # A page of another site can send other types without asking first.
    if kind != b"application/json" and not kind.endswith(b"+json"):
        raise InvalidInput("send JSON, as `Content-Type: application/json`", field="body")
    try:
        return RoutingRequestBody.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:_ERRORS_SHOWN]
        where = [".".join(map(str, ("body", *one["loc"]))) for one in found]
        (first, *_), (_, *others) = where, zip(where, found, strict=True)
        words = "; ".join([found[0]["msg"], *(f"{at}: {one['msg']}" for at, one in others)])
        raise InvalidInput(words, field=first) from None
