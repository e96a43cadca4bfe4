"""`routecause mcp` as MCP clients start it: a process that talks over stdin and stdout."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from mcp import Client
from mcp.client.stdio import StdioServerParameters

from agent.tools import tools

if TYPE_CHECKING:
    from tests.api.conftest import Server

COMMAND = ["-c", "from api.cli import main; main()", "mcp"]
NOBODY = "http://127.0.0.1:9"
KEY = "only-for-these-tests"
LIMIT_S = 30


def process(*arguments: str) -> Client:
    """The official client, which starts the command and ends it."""
    return Client(
        StdioServerParameters(
            command=sys.executable, args=[*COMMAND, *arguments], env=dict(os.environ)
        )
    )


def words(result: Any) -> str:
    return result.content[0].text


async def test_the_tools_of_a_running_server_are_called(service: Server) -> None:
    async with asyncio.timeout(LIMIT_S), process("--url", service.url, "--key", KEY) as client:
        listed = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == list(tools())
        found = await client.call_tool("fleet", {"status": ["DOWN"]})
        assert not found.is_error, words(found)
        assert found.structured_content["tool"] == "fleet"
        assert json.loads(words(found)) == found.structured_content
        wrong = await client.call_tool("fleet", {"status": ["WELL"]})
        assert wrong.is_error
        assert "status" in words(wrong)


async def test_a_wrong_key_is_said_to_be_one(service: Server) -> None:
    async with asyncio.timeout(LIMIT_S), process("--url", service.url, "--key", "wrong") as client:
        refused = await client.call_tool("names", {})
    assert refused.is_error
    assert words(refused).startswith(f"{service.url}/mcp refused: ")
    assert "key" in words(refused)


async def test_without_a_server_the_tools_are_listed_and_calls_say_why_not() -> None:
    async with asyncio.timeout(LIMIT_S), process("--url", NOBODY) as client:
        assert len((await client.list_tools()).tools) == len(tools())
        result = await client.call_tool("fleet", {})
        assert result.is_error
        assert words(result).startswith(f"{NOBODY}/mcp does not answer (ConnectError")
        assert "routecause serve" in words(result)
        unknown = await client.call_tool("cypher", {})
        assert "there is no tool 'cypher'" in words(unknown)


async def started(*arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, *COMMAND, *arguments, stdin=pipe, stdout=pipe, stderr=pipe
    )


def line(number: int | None, method: str, **params: Any) -> bytes:
    told: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    if number is not None:
        told["id"] = number
    return json.dumps(told).encode() + b"\n"


OPENING = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "a test", "version": "1"},
}


async def test_it_ends_with_its_input() -> None:
    ended = await started("--url", NOBODY)
    async with asyncio.timeout(LIMIT_S):
        out, err = await ended.communicate(line(1, "initialize", **OPENING))
    assert ended.returncode == 0, err
    (told,) = [json.loads(one) for one in out.splitlines()]
    assert told["result"]["serverInfo"]["name"] == "routecause"


async def test_it_waits_for_no_call_once_its_input_has_ended() -> None:
    asked, done = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        asked.set()
        await done.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        running = await started("--url", f"http://127.0.0.1:{port}")
        assert running.stdin is not None
        running.stdin.write(line(1, "initialize", **OPENING))
        running.stdin.write(line(None, "notifications/initialized"))
        running.stdin.write(line(2, "tools/call", name="fleet", arguments={}))
        async with asyncio.timeout(LIMIT_S):
            await asked.wait()
        async with asyncio.timeout(10):
            _, err = await running.communicate(b"")
        done.set()
    assert running.returncode == 0, err
    assert b"Traceback" not in err


async def test_an_address_that_is_none_is_an_error_in_one_line() -> None:
    ended = await started("--url", "ftp://nowhere")
    async with asyncio.timeout(LIMIT_S):
        out, err = await ended.communicate()
    assert (ended.returncode, out) == (1, b"")
    assert err.startswith(b"error: url: ftp://nowhere must begin with http")
    assert len(err.splitlines()) == 1
