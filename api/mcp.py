"""`/mcp`: the agent's tools for MCP clients, over streamable HTTP, with the caller's own eyes.

Each request stands alone, so that any process can answer it.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Protocol, cast

import mcp_types as types
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from agent.mcp import Context, called, mcp_server
from api.auth import caller_in, caller_of
from api.errors import headers_of, status_of
from api.graphql.ask import toolbox_of
from api.graphql.context import Connection, Services
from graph.errors import RoutecauseError


class _State(Protocol):
    services: Services
    mcp: StreamableHTTPSessionManager


class McpApp:
    """The ASGI application behind `/mcp`; who calls is known before anything is read."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            # There is no stream to listen to, for nothing outlasts a request.
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)
            return
        state: _State = scope["app"].state
        try:
            caller_in(scope).require("read")
        except RoutecauseError as error:
            await _refused(error)(scope, receive, send)
            return
        await state.mcp.handle_request(scope, receive, send)


def _refused(error: RoutecauseError) -> Response:
    """An error as MCP clients read it, with the status that HTTP has for it."""
    told = types.ErrorData(
        code=types.INVALID_REQUEST, message=str(error), data={"code": error.code}
    )
    return Response(
        types.JSONRPCError(jsonrpc="2.0", id=None, error=told).model_dump_json(by_alias=True),
        status_code=status_of(error),
        headers=headers_of(error),
        media_type="application/json",
    )


@asynccontextmanager
async def serving() -> AsyncGenerator[StreamableHTTPSessionManager]:
    """What answers at `/mcp`, for as long as the block lasts."""
    manager = StreamableHTTPSessionManager(mcp_server(_call), stateless=True, json_response=True)
    async with manager.run():
        yield manager


async def _call(context: Context, name: str, given: dict[str, Any]) -> types.CallToolResult:
    request = cast("Request", context.request)
    state: _State = request.app.state
    connection = Connection(state.services, identify=lambda: caller_of(request))
    return await called(toolbox_of(connection.begin()), name, given)
