"""The tools at `/mcp`, as the official client sees them: served, on the real stores, by keys."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import httpx2
import pytest
from mcp import Client as McpClient
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from agent.tools import CHARACTERS_AT_MOST, tools
from tests.api.test_investigations import key_of

if TYPE_CHECKING:
    from tests.api.conftest import Client, Server

HOUR = timedelta(hours=1)
OPERATOR = {"X-API-Key": "only-for-these-tests"}


@asynccontextmanager
async def connected(
    service: Server, headers: dict[str, str], *, mode: str = "auto"
) -> AsyncGenerator[McpClient]:
    """The official client, over HTTP."""
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        McpClient(
            streamable_http_client(f"{service.url}/mcp", http_client=http), mode=mode
        ) as client,
    ):
        yield client


@dataclass(frozen=True)
class Story:
    """What was told of one tenant, two hours ago."""

    tenant: str
    name: str
    at: datetime

    @property
    def deployment(self) -> str:
        return f"m-{self.name}@b-{self.name}"

    @property
    def day(self) -> dict[str, str]:
        return {
            "start": (self.at - 6 * HOUR).isoformat(),
            "end": (self.at + HOUR).isoformat(),
        }

    @property
    def before(self) -> dict[str, str]:
        return {
            "start": (self.at - 13 * HOUR).isoformat(),
            "end": (self.at - 6 * HOUR).isoformat(),
        }

    def events(self) -> list[dict[str, Any]]:
        target = {"kind": "deployment", "id": self.deployment}
        arms = [{"arm": one, "percent": 50} for one in ("keep", "treat")]
        told = [
            ("change.applied", {"change": f"chg-{self.name}", "kind": "rollout",
                                "title": "build 7", "targets": [target]}),
            ("incident.opened", {"incident": f"inc-{self.name}", "scope": target,
                                 "severity": "sev2", "title": "lost packets"}),
            ("experiment.configured", {"experiment": f"exp-{self.name}", "policy": "main",
                                       "status": "running", "arms": arms}),
        ]  # fmt: skip
        requests = [("request.completed", self._request(number)) for number in range(4)]
        return [
            {
                "specversion": "1.0",
                "id": uuid4().hex,
                "source": f"//{self.name}",
                "type": f"routecause.{kind}",
                "time": self.at.isoformat(),
                "tenant": self.tenant,
                "data": data,
            }
            for kind, data in [*told, *requests]
        ]

    def _request(self, number: int) -> dict[str, Any]:
        return {
            "request_id": f"{number}-{self.name}",
            "user": "ada",
            "tier": "gold",
            "task_type": "proofs",
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "decision": {
                "deployment": self.deployment,
                "policy": "main",
                "policy_version": "v1",
                "method": "rule",
            },
            "outcome": {"status": "ok", "latency_ms": 100.0, "cost_usd": 0.25},
        }

    def calls(self) -> dict[str, dict[str, Any]]:
        """Valid arguments for each tool."""
        where, during = {"tenant": [self.tenant]}, {"during": self.day}
        cost = {"metric": "COST", **during, "where": where}
        return {
            "names": {},
            "fleet": {"model": [f"m-{self.name}"]},
            "incidents": {"active_at": (self.at + HOUR).isoformat()},
            "maintenance": {},
            "changes": {"from": self.day["start"], "to": self.day["end"]},
            "routing_view": {"user": "ada", "task_type": "proofs", "prompt_tokens": 10},
            "request": {"id": f"0-{self.name}"},
            "why_changed": {**cost, "compared_to": self.before},
            "similar_incidents": {"text": "lost packets", "first": 3},
            "what_if": {**cost, "without": [self.deployment]},
            "trend": {**cost, "granularity": "HOUR", "group_by": ["DEPLOYMENT"]},
            "compare": {**cost, "compared_to": self.before},
            "forecast": {"where": where, "horizon_minutes": 60},
            "capacity_risk": {},
            "budgets": {"tenant": self.tenant},
            "savings": {**during, "where": where},
            "cost_anomalies": during,
            "slos": {},
            "experiment": {"id": f"exp-{self.name}"},
            "rollout": {"change": f"chg-{self.name}"},
        }


@pytest.fixture(scope="module")
async def story(service: Server) -> Story:
    """Told once, and written."""
    name = uuid4().hex[:8]
    told = Story(f"t-{name}", name, datetime.now(UTC) - 2 * HOUR)
    lines = "\n".join(json.dumps(event) for event in told.events())
    kind = {"Content-Type": "application/x-ndjson"}
    async with service.client() as client:
        answer = await client.post("/v1/events", content=lines, headers=kind)
        assert answer.json()["rejected"] == []

        async def written() -> bool:
            status = (await client.get("/v1/ingest/status")).json()
            return status["length"] == 0

        await client.until(written)
    return told


@dataclass(frozen=True)
class Asking:
    """Who calls tools with a key, each time anew."""

    service: Server
    headers: dict[str, str]

    async def __call__(self, name: str, given: dict[str, Any]) -> Any:
        """The result of a call."""
        async with connected(self.service, self.headers) as client:
            return await client.call_tool(name, given)


@pytest.fixture(scope="module")
async def own(service: Server, story: Story) -> Asking:
    """With a key that sees one tenant."""
    async with service.client() as administrator:
        headers = await key_of(administrator, scopes=["read"], tenant=story.tenant)
    return Asking(service, headers)


def words(result: Any) -> str:
    return result.content[0].text


async def test_every_tool_is_listed_read_only(service: Server) -> None:
    async with connected(service, OPERATOR) as client:
        listed = (await client.list_tools()).tools
        instructions = client.instructions
    assert [tool.name for tool in listed] == list(tools())
    for tool in listed:
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True
        assert tool.annotations.destructive_hint is False
        assert tool.description
        assert tool.input_schema["additionalProperties"] is False
    assert "names" in (instructions or "")


@pytest.mark.parametrize("name", list(tools()))
async def test_every_tool_answers(own: Asking, story: Story, name: str) -> None:
    result = await own(name, story.calls()[name])
    assert not result.is_error, words(result)
    told = json.loads(words(result))
    assert told == result.structured_content
    # Other tests' fleets are told too, and may be too many to be told whole.
    assert told["tool"] == name
    empty = {"maintenance", "similar_incidents", "budgets", "savings", "cost_anomalies", "slos"}
    assert told["data"] or name in empty


async def test_the_figures_are_those_of_what_was_told(own: Asking, story: Story) -> None:
    calls = story.calls()
    trend = await own("trend", calls["trend"])
    (series,) = trend.structured_content["data"]
    assert series["key"] == [{"kind": "deployment", "id": story.deployment}]
    assert sum(point["value"] or 0 for point in series["points"]) == pytest.approx(1.0)
    request = await own("request", calls["request"])
    assert request.structured_content["data"]["decision"]["deployment"] == story.deployment


async def test_clients_of_the_older_protocol_are_served_too(service: Server) -> None:
    async with connected(service, OPERATOR, mode="legacy") as client:
        assert len((await client.list_tools()).tools) == len(tools())
        result = await client.call_tool("fleet", {"status": ["DOWN"]})
        assert not result.is_error, words(result)


async def test_a_long_result_is_cut_and_says_so(own: Asking, story: Story) -> None:
    long = {"start": (story.at - 1000 * HOUR).isoformat(), "end": story.day["end"]}
    asked = {**story.calls()["trend"], "during": long}
    result = await own("trend", asked)
    assert not result.is_error, words(result)
    told = result.structured_content
    assert re.search(r"first \d+ of 100\d of \[0\]\.points: ask for less", told["cut"]), told["cut"]
    assert 100 < len(told["data"][0]["points"]) < 1000
    assert len(json.dumps(told["data"])) <= CHARACTERS_AT_MOST


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("cypher", {"query": "MATCH (n) RETURN n"}, "there is no tool 'cypher'"),
        ("fleet", {"cypher": "MATCH (n) DETACH DELETE n"}, "cypher: there is no such argument"),
        ("request", {"id": "MATCH (n) RETURN n LIMIT 1"}, "nothing of that identifier"),
        ("trend", {"metric": "MATCH (n)"}, "metric"),
        ("request", {}, "id: is needed"),
        ("fleet", {"status": ["WELL"]}, "status"),
        ("fleet", {"at": "2026-09-01T14:00:00"}, "at: give times with an offset"),
        ("cost_anomalies", {"during": {"start": "2026-09-01T14:00:00", "end": "x"}},
         "during.start: give times with an offset"),
        ("forecast", {"where": {"colour": ["red"]}}, "where.colour: there is no such argument"),
        ("cost_anomalies", {"during": {"start": "1990-01-01T00:00:00Z",
                                       "end": "2026-01-01T00:00:00Z"}}, "during: 13149 days"),
        ("budgets", {"tenant": "t-of-others"}, "no tenant 't-of-others'"),
        ("forecast", {"where": {"tenant": ["t-of-others"]}}, "no tenant 't-of-others'"),
        ("routing_view", {"user": "a", "task_type": "b", "prompt_tokens": 1,
                          "tenant": "t-of-others"}, "no tenant 't-of-others'"),
        ("experiment", {"id": "none-of-that-name"}, "nothing of that identifier"),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_refused_in_words(
    own: Asking, name: str, given: dict[str, Any], says: str
) -> None:
    result = await own(name, given)
    assert result.is_error
    assert says in words(result)


async def test_another_tenants_things_are_not_there(
    service: Server, administrator: Client, story: Story
) -> None:
    headers = await key_of(administrator, scopes=["read"], tenant="t-of-others")
    stranger = Asking(service, headers)
    request = await stranger("request", story.calls()["request"])
    assert request.is_error
    assert "nothing of that identifier" in words(request)
    trend = await stranger("trend", story.calls()["trend"])
    assert trend.is_error
    assert f"no tenant '{story.tenant}'" in words(trend)
    assert story.tenant not in words(await stranger("names", {}))
    found = await stranger("trend", {**story.calls()["trend"], "where": None})
    assert found.structured_content["data"] == []


async def test_who_may_not_read_is_refused(service: Server, administrator: Client) -> None:
    router = await key_of(administrator, scopes=["route"])
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for headers, status, code in (
        ({"Accept": "*/*"}, 401, "UNAUTHENTICATED"),
        ({"Authorization": "Bearer nobody-knows-this"}, 401, "UNAUTHENTICATED"),
        (router, 403, "FORBIDDEN"),
    ):
        async with service.client(**headers) as client:
            answer = await client.post("/mcp", json=body)
        assert answer.status_code == status
        assert answer.json()["error"]["data"] == {"code": code}
        assert ("www-authenticate" in answer.headers) == (status == 401)
        with pytest.raises((MCPError, ExceptionGroup)) as refused:
            async with connected(service, headers):
                pass
        assert "key" in str(_first(refused.value))


async def test_there_is_nothing_to_listen_to(administrator: Client) -> None:
    answer = await administrator.get("/mcp", headers={"Accept": "text/event-stream"})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
