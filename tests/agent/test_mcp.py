"""The tools over MCP, without a network: what is listed, and how calls end."""

import asyncio
import json
from logging import ERROR
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult

from agent import mcp
from agent.mcp import called, mcp_server
from agent.toolbox import Toolbox
from agent.tools import tools
from graph.errors import GraphUnavailable, StatementFailed
from tests.agent.playbooks.worlds import SmallFleet


def words(result: CallToolResult) -> str:
    (content,) = result.content
    assert content.type == "text"
    return content.text


def client(toolbox: Any) -> Client:
    """The official client of a server whose calls go to this toolbox."""

    async def call(_context: Any, name: str, given: dict[str, Any]) -> CallToolResult:
        return await called(toolbox, name, given)

    return Client(mcp_server(call))


async def test_the_server_says_what_it_is_and_what_there_is(small_fleet: SmallFleet) -> None:
    async with client(Toolbox(small_fleet.world())) as connected:
        listed = (await connected.list_tools()).tools
        assert connected.server_info is not None
        assert connected.server_info.name == "routecause"
    assert {tool.name: tool.input_schema for tool in listed} == {
        name: tool.schema for name, tool in tools().items()
    }
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed)


async def test_a_result_is_told_as_text_and_as_data(small_fleet: SmallFleet) -> None:
    async with client(Toolbox(small_fleet.world())) as connected:
        result = await connected.call_tool("fleet", {"status": ["DOWN"]})
    assert not result.is_error
    assert json.loads(words(result)) == result.structured_content
    assert result.structured_content["data"][0]["deployment"] == small_fleet.spared


async def test_what_is_no_tool_is_said_to_be_none(small_fleet: SmallFleet) -> None:
    async with client(Toolbox(small_fleet.world())) as connected:
        for name in ("cypher", "check", "__init__", "world", "x" * 10_000):
            result = await connected.call_tool(name, {})
            assert result.is_error
            assert f"there is no tool '{name[:100]}'" in words(result)
            assert "names, fleet" in words(result)
            assert len(words(result)) < 1_000


async def test_what_is_not_there_is_an_error_in_words(small_fleet: SmallFleet) -> None:
    toolbox = Toolbox(small_fleet.world(tenant="t-of-others"))
    result = await called(toolbox, "request", {"id": small_fleet.request(9)})
    assert result.is_error
    assert words(result) == "request: nothing of that identifier is there for you to see"


async def test_text_of_others_stays_data(small_fleet: SmallFleet) -> None:
    result = await called(Toolbox(small_fleet.world()), "incidents", {})
    told = json.loads(words(result))
    assert set(told) == {"tool", "data", "cut"}
    assert small_fleet.incident in {one["id"] for one in told["data"]}


class Broken:
    """A toolbox whose tools fail as a test wants."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    async def names(self) -> None:
        if self.error is not None:
            raise self.error
        await asyncio.sleep(60)


@pytest.mark.parametrize(
    "error", [StatementFailed("MATCH (secret) …"), RuntimeError("secret"), KeyError("secret")]
)
async def test_what_only_we_may_know_is_told_to_the_log_alone(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    toolbox: Any = Broken(error)
    with caplog.at_level(ERROR):
        result = await called(toolbox, "names", {})
    assert result.is_error
    assert "secret" not in words(result)
    code = words(result).rpartition(" ")[2]
    assert code in caplog.text
    assert "secret" in caplog.text


async def test_a_store_that_is_away_is_said_to_be(caplog: pytest.LogCaptureFixture) -> None:
    toolbox: Any = Broken(GraphUnavailable("Neo4j does not answer"))
    result = await called(toolbox, "names", {})
    assert result.is_error
    assert words(result) == "Neo4j does not answer"
    assert caplog.text == ""


async def test_a_call_takes_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp, "CALL_LIMIT_S", 0.05)
    toolbox: Any = Broken(None)
    result = await called(toolbox, "names", {})
    assert result.is_error
    assert words(result) == "names took longer than 0.05 s; ask for less"
