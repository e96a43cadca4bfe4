"""`POST /v1/route`: the routing view as plain JSON, from memory alone."""

from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request
from starlette.responses import Response

from api.auth import CallerOf
from api.graphql.inputs import routing_request
from graph.hot.ranking import Candidate, RoutingView, rank
from graph.hot.reader import HotView

router = APIRouter(tags=["routing"])


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


class _State(Protocol):
    view: HotView


@router.post("/v1/route")
async def post_route(request: Request, body: RoutingRequestBody, caller: CallerOf) -> Response:
    """Every deployment ranked or ruled out, with the reason. Needs `route` or `read`."""
    caller.require("route", "read")
    state: _State = request.app.state
    now = datetime.now(UTC)
    ranked = rank(
        routing_request(body, caller=caller),
        view=state.view.current(now),
        now=now,
        stale=state.view.stale(now),
    )
    return Response(
        orjson.dumps(_json(ranked), option=orjson.OPT_UTC_Z), media_type="application/json"
    )


def _json(ranked: RoutingView) -> dict[str, Any]:
    return {
        **_fields(ranked),
        "candidates": [_fields(candidate) for candidate in ranked.candidates],
    }


def _fields(value: RoutingView | Candidate) -> dict[str, Any]:
    return {camel: getattr(value, name) for name, camel in _names(type(value))}


@cache
def _names(kind: type[RoutingView] | type[Candidate]) -> list[tuple[str, str]]:
    return [(each.name, to_camel(each.name)) for each in fields(kind)]
