"""A Messages API on this machine that says what a test scripts, over HTTP; and a small fleet."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest

from agent.claude.loop import Claude
from agent.settings import AgentSettings
from agent.toolbox import Toolbox, World
from agent.understanding.question import Method, Question, Slots, Times
from graph.columns import BucketColumns
from graph.evidence import DeploymentFacts, Evidence, Incident, Observation
from graph.health import assess
from graph.hot.routing.expectation import RoutingRequest
from graph.hot.routing.ranking import RoutingView
from graph.hot.snapshot import ViewSnapshot
from graph.names import Names
from graph.scope import TenantScope
from graph.settings import GraphSettings, HealthSettings
from graph.store.door import GraphStore

NOW = datetime(2026, 9, 3, 12, tzinfo=UTC)
LIMITS = HealthSettings()
NAMES = Names(
    deployments=("gpt-4o@aws", "llama-3-70b@neocloud"),
    models=("gpt-4o", "llama-3-70b"),
    backends=("aws", "neocloud"),
    task_types=("chat",),
    tiers=("gold",),
    tenants=("acme",),
)


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results of tools in its last message."""
        return [one for one in self.body["messages"][-1]["content"] if one["type"] == "tool_result"]

    @property
    def said(self) -> str:
        """All text of its last message."""
        return "\n".join(
            one["text"] for one in self.body["messages"][-1]["content"] if one["type"] == "text"
        )


class Wire:
    """One connection, as a script writes to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.left = asyncio.Event()
        """Set once whoever asked has gone."""

    async def head(self, status: int = 200, **headers: str) -> None:
        """Begin an answer; its end is the connection's."""
        told = {"content-type": "text/event-stream", "connection": "close", **headers}
        lines = [f"HTTP/1.1 {status} X", *(f"{k.replace('_', '-')}: {v}" for k, v in told.items())]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def event(self, kind: str, **told: Any) -> None:
        """A server-sent event."""
        data = json.dumps({"type": kind, **told})
        await self.send(f"event: {kind}\ndata: {data}\n\n".encode())

    async def gone(self) -> None:
        """Wait until whoever asked has gone."""
        with suppress(ConnectionError):
            while await self._reader.read(1024):
                pass
        self.left.set()


Script: TypeAlias = Callable[[Wire], Awaitable[None]]


@dataclass
class MessagesApi:
    """The server. `scripts` are used up in order, the last one again and again."""

    url: str = ""
    scripts: list[Script] = field(default_factory=list[Script])
    asked: list[Asked] = field(default_factory=list[Asked])
    wires: list[Wire] = field(default_factory=list[Wire])

    def then(self, *scripts: Script) -> "MessagesApi":
        """Answer so, one after the other."""
        self.scripts += scripts
        return self

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request with the next script."""
        wire = Wire(reader, writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = dict(
                line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line
            )
            body = await reader.readexactly(int(headers["content-length"]))
            assert head.startswith("POST /v1/messages "), head
            self.asked.append(Asked(headers, json.loads(body)))
            self.wires.append(wire)
            script = self.scripts[min(len(self.asked), len(self.scripts)) - 1]
            await script(wire)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    # What scripts are made of.

    def says(self, text: str, *, stop: str = "end_turn", **usage: int) -> Script:
        """An answer in words, in small pieces, with a ping between."""

        async def script(wire: Wire) -> None:
            await _start(wire, **usage)
            await _text(wire, text, index=0)
            await _stop(wire, stop, output_tokens=usage.get("output_tokens", 50))

        return script

    def calls(
        self, *wanted: tuple[str, Any], text: str = "", stop: str = "tool_use", **usage: int
    ) -> Script:
        """Calls of tools: names with arguments, an object or raw JSON in a string."""

        async def script(wire: Wire) -> None:
            await _start(wire, **usage)
            if text:
                await _text(wire, text, index=0)
            for n, (name, arguments) in enumerate(wanted, start=1 if text else 0):
                block: dict[str, Any] = {"type": "tool_use", "id": f"toolu_{n}", "name": name}
                block["input"] = {}
                await wire.event("content_block_start", index=n, content_block=block)
                raw = arguments if isinstance(arguments, str) else json.dumps(arguments)
                for at in range(0, len(raw), 7):
                    delta = {"type": "input_json_delta", "partial_json": raw[at : at + 7]}
                    await wire.event("content_block_delta", index=n, delta=delta)
                await wire.event("content_block_stop", index=n)
            await _stop(wire, stop, output_tokens=usage.get("output_tokens", 50))

        return script

    def fails(self, status: int, kind: str, **headers: str) -> Script:
        """An error before anything is streamed."""

        async def script(wire: Wire) -> None:
            error = {"type": "error", "error": {"type": kind, "message": "secret detail"}}
            await wire.head(status, **{"content_type": "application/json", **headers})
            await wire.send(json.dumps(error).encode())

        return script

    def breaks_off(self, text: str, *, error: str | None = None) -> Script:
        """The beginning of an answer; then an error event, or just the end of the connection."""

        async def script(wire: Wire) -> None:
            await _start(wire)
            await _text(wire, text, index=0)
            if error is not None:
                await wire.event("error", error={"type": error, "message": "secret detail"})

        return script

    def raw(self, data: bytes) -> Script:
        """Whatever, as a stream of events."""

        async def script(wire: Wire) -> None:
            await wire.head()
            await wire.send(data)

        return script

    def silent(self, *, after_start: bool = True) -> Script:
        """Nothing more, until whoever asked goes."""

        async def script(wire: Wire) -> None:
            if after_start:
                await _start(wire)
            await wire.gone()

        return script

    def dribbles(self, every_s: float = 0.02) -> Script:
        """A letter now and then, for ever."""

        async def script(wire: Wire) -> None:
            await _start(wire)
            block = {"type": "text", "text": ""}
            await wire.event("content_block_start", index=0, content_block=block)
            while True:
                delta = {"type": "text_delta", "text": "x"}
                await wire.event("content_block_delta", index=0, delta=delta)
                await asyncio.sleep(every_s)

        return script


async def _start(wire: Wire, **usage: int) -> None:
    told = {"input_tokens": 100, "output_tokens": 1, **usage}
    message: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
    message |= {"model": "m", "stop_reason": None, "stop_sequence": None, "usage": told}
    await wire.head()
    await wire.event("message_start", message=message)
    await wire.event("ping")


async def _text(wire: Wire, text: str, *, index: int) -> None:
    block = {"type": "text", "text": ""}
    await wire.event("content_block_start", index=index, content_block=block)
    for at in range(0, len(text), 40):
        delta = {"type": "text_delta", "text": text[at : at + 40]}
        await wire.event("content_block_delta", index=index, delta=delta)
    await wire.event("content_block_stop", index=index)


async def _stop(wire: Wire, stop: str, *, output_tokens: int) -> None:
    delta = {"stop_reason": stop, "stop_sequence": None}
    await wire.event("message_delta", delta=delta, usage={"output_tokens": output_tokens})
    await wire.event("message_stop")


@pytest.fixture
async def api() -> AsyncGenerator[MessagesApi]:
    """The scripted server, listening."""
    told = MessagesApi()
    server = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield told


MakeClaude: TypeAlias = Callable[..., Claude]


@pytest.fixture
async def claude(api: MessagesApi) -> AsyncGenerator[MakeClaude]:
    """Makes a Claude of the scripted server, with settings as given."""
    made: list[Claude] = []

    def make(**settings: Any) -> Claude:
        given = {"anthropic_api_key": "not-a-key", "anthropic_base_url": api.url, **settings}
        made.append(Claude(AgentSettings.model_validate(given)))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture
def ask() -> Callable[..., Question]:
    """Makes a question that nothing but Claude understands."""

    def make(text: str = "is it all going well with the fleet, then?", **more: Any) -> Question:
        return Question(
            text=text,
            intent=None,
            slots=Slots(),
            times=Times(),
            method=Method.CLAUDE,
            confidence=0.0,
            now=NOW,
            **more,
        )

    return make


@pytest.fixture
async def toolbox() -> AsyncGenerator[Toolbox]:
    """The tools of a fleet of two, whose graph is away: what needs it is an error."""
    settings = GraphSettings(neo4j_uri="bolt://127.0.0.1:1", graph_timeout_s=1)
    store = GraphStore.open(settings)
    yield Toolbox(world_of(store, view=_view()), known=NAMES)
    await store.close()


def world_of(
    store: GraphStore,
    *,
    view: ViewSnapshot,
    now: datetime = NOW,
    tenants: Sequence[str] = ("acme",),
) -> World:
    """What is asked, with the eyes of these tenants."""

    def nowhere(request: RoutingRequest) -> RoutingView:
        raise AssertionError(f"{request.user} is routed in no test of these")

    return World(
        store=store,
        columns=BucketColumns(store),
        view=view,
        route=nowhere,
        scope=TenantScope.of(*tenants),
        budgets=LIMITS,
        now=now,
    )


def _view() -> ViewSnapshot:
    facts = [replace(DeploymentFacts.of_name(n), registered=True) for n in NAMES.deployments]
    sample = Observation(
        deployment=NAMES.deployments[0],
        at=NOW - timedelta(seconds=20),
        recorded_at=NOW,
        window_s=60,
        sample_count=50,
        available=True,
        error_rate=0.012,
        latency_p50_ms=210.0,
        latency_p95_ms=431.0,
    )
    evidence = [Evidence(facts=facts[0], observations=[sample]), Evidence(facts=facts[1])]
    health = tuple(assess(one, now=NOW, budgets=LIMITS) for one in evidence)
    incident = Incident(
        id="inc-1",
        title="packet loss",
        severity="sev2",
        scope_kind="backend",
        scope_id="neocloud",
        opened_at=NOW - timedelta(hours=2),
    )
    return ViewSnapshot(
        version="7", as_of=NOW, deployments=health, facts=tuple(facts), incidents=(incident,)
    )
