"""MCP over stdin and stdout, each call passed on to a running server's `/mcp`.

The tools are listed here, so that a client sees them while the server is still starting.
"""

import asyncio
from typing import Any, Final, cast

import httpx2
import mcp_types as types
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from agent.mcp import CALL_LIMIT_S, Context, mcp_server, refusal
from api.cli.client import key_headers, server_url

LIMIT_S: Final = CALL_LIMIT_S + 5
"""Longest time for a call with all that it takes; the server gives up before."""


async def relay(*, url: str | None, key: str | None) -> None:
    """Pass calls on until stdin ends. Raises InvalidInput for an address that is none."""
    server = relaying(url=url, key=key)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def relaying(*, url: str | None, key: str | None) -> Server[Any]:
    """A server that passes calls on. Raises InvalidInput for an address that is none."""
    address, headers = f"{server_url(url)}/mcp", key_headers(key)

    async def call(_context: Context, name: str, given: dict[str, Any]) -> types.CallToolResult:
        limits = httpx2.Timeout(LIMIT_S, connect=5.0)
        try:
            async with (
                asyncio.timeout(LIMIT_S),
                httpx2.AsyncClient(headers=headers, timeout=limits) as http,
                Client(streamable_http_client(address, http_client=http)) as server,
            ):
                return await server.call_tool(name, given)
        except (httpx2.HTTPError, MCPError, OSError, ExceptionGroup) as error:
            return refusal(why_not(error, address=address))

    return mcp_server(call)


def why_not(error: BaseException, *, address: str) -> str:
    """Why a call gave nothing, in words."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    if isinstance(error, MCPError):
        return f"{address} refused: {error}"
    if isinstance(error, TimeoutError | httpx2.ReadTimeout):
        return f"{address} gave no answer within {LIMIT_S:g} s; ask for less, or again"
    return (
        f"{address} does not answer ({type(error).__name__}: {error}); "
        "is it running (routecause serve), and is --url right?"
    )
