"""What the relay says where a call gives nothing, and that it never waits for ever."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from mcp import Client, MCPError

from agent.mcp import CALL_LIMIT_S
from api.cli import relay
from api.cli.relay import LIMIT_S, why_not
from graph.errors import InvalidInput

ADDRESS = "http://127.0.0.1:9/mcp"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (httpx2.ConnectError("refused"), "does not answer (ConnectError: refused); is it running"),
        (ExceptionGroup("", [ExceptionGroup("", [OSError("gone")])]), "(OSError: gone)"),
        (MCPError(-32600, "unknown API key"), "refused: unknown API key"),
        (ExceptionGroup("", [TimeoutError()]), f"gave no answer within {LIMIT_S:g} s"),
    ],
)
def test_a_call_that_gave_nothing_says_why(error: Exception, says: str) -> None:
    told = why_not(error, address=ADDRESS)
    assert told.startswith(ADDRESS)
    assert says in told


def test_the_server_gives_up_first() -> None:
    assert LIMIT_S > CALL_LIMIT_S


async def test_an_address_that_is_none_is_refused_before_anything_is_read() -> None:
    with pytest.raises(InvalidInput, match="must begin with http"):
        await relay.relay(url="127.0.0.1:1", key=None)


async def test_a_server_that_is_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "LIMIT_S", 0.3)
    done = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await done.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, asyncio.timeout(10):
        passed_on = relay.relaying(url=f"http://127.0.0.1:{port}", key=None)
        async with Client(passed_on) as client:
            result = await client.call_tool("fleet", {})
        done.set()
    assert result.is_error
    (content,) = result.content
    assert content.type == "text"
    assert "gave no answer within 0.3 s" in content.text
