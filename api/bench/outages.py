"""Routing while parts of the service hang, die or forget: is every request answered, and how fast?

One caller asks `POST /v1/route` over one connection the whole time. Beside the outages stands the
calm before them, so that what the outage itself costs is visible.
"""

import asyncio
import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from api.bench.measures import Table, percentile
from api.settings import load
from api.supervisor import Running, running
from graph.errors import Unavailable
from graph.hot.connection import connect, translated
from graph.settings import GraphSettings
from ingest.simulator import SimulationPlan, simulate

_PAUSE_S = 0.01
_CALL_LIMIT_S = 5.0
_CALM_S = 3.0
_LASTING_S = 4.0
_HANG_S = 8.0
_WHOLE_WITHIN_S = 60.0
_POLL_S = 0.1
_EVENTS_AT_MOST = 3_000
_PATIENCE_S = 60.0
_ASKED = {"user": "ada", "taskType": "reasoning", "promptTokens": 900, "reserve": False}


@dataclass(frozen=True, slots=True)
class Answered:
    """One ask: when it was sent (monotonic s), how long it took, and what came back."""

    sent_s: float
    took_ms: float
    status: int
    stale: bool
    as_of: datetime
    eligible: frozenset[str]

    def whole(self, *, known: frozenset[str], since: datetime) -> bool:
        """Whether it rests on a view composed since then, not stale, that lets all those serve."""
        return not self.stale and self.as_of > since and self.eligible >= (known or self.eligible)


@dataclass(slots=True)
class Phase:
    """An outage: the answers from its beginning until the view was whole again."""

    name: str
    answers: list[Answered] = field(default_factory=list[Answered])
    whole_after_s: float | None = None
    """From the end of the outage; None where it took too long."""


class Asker:
    """Asks again and again in a thread of its own, from `start` to `stop`."""

    def __init__(self, url: str) -> None:
        self._at = urlsplit(url)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._answers: list[Answered] = []

    def __enter__(self) -> "Asker":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(2 * _CALL_LIMIT_S)

    @property
    def newest(self) -> Answered | None:
        """The last answer so far."""
        return self._answers[-1] if self._answers else None

    def since(self, started_s: float) -> list[Answered]:
        """The answers to what was asked from that moment on."""
        return [one for one in list(self._answers) if one.sent_s >= started_s]

    def _run(self) -> None:
        caller = http.client.HTTPConnection(
            self._at.hostname or "", self._at.port, timeout=_CALL_LIMIT_S
        )
        with closing(caller):
            self._ask(caller)

    def _ask(self, caller: http.client.HTTPConnection) -> None:
        body = orjson.dumps(_ASKED)
        while not self._stopped.wait(_PAUSE_S):
            sent_s = time.monotonic()
            status, told = 0, dict[str, Any]()
            try:
                caller.request("POST", "/v1/route", body, {"content-type": "application/json"})
                response = caller.getresponse()
                status, told = response.status, orjson.loads(response.read())
            except (OSError, http.client.HTTPException):
                caller.close()
            took_ms = 1e3 * (time.monotonic() - sent_s)
            candidates: list[dict[str, Any]] = told.get("candidates", [])
            eligible = frozenset(one["deployment"] for one in candidates if one["eligible"])
            as_of = datetime.fromisoformat(told.get("asOf", "1970-01-01T00:00:00Z"))
            self._answers.append(
                Answered(sent_s, took_ms, status, told.get("stale", False), as_of, eligible)
            )


def outages(service: Running, *, report: Callable[[str], None]) -> list[Phase]:
    """Break one part after the other and let it recover; the first phase is the calm before."""
    redis_pid, neo4j_pid = (_pid(service, name) for name in ("Redis", "Neo4j"))

    def hang() -> None:
        os.killpg(redis_pid(), signal.SIGSTOP)
        try:
            time.sleep(_HANG_S)
        finally:
            os.killpg(redis_pid(), signal.SIGCONT)

    def empty() -> None:
        asyncio.run(_emptied(service.addresses.redis.url))

    breaks: list[tuple[str, Callable[[], None]]] = [
        ("calm", lambda: time.sleep(_CALM_S)),
        ("Redis hangs (SIGSTOP)", hang),
        ("Redis killed", lambda: os.killpg(redis_pid(), signal.SIGKILL)),
        ("Redis emptied", empty),
        ("Neo4j killed", lambda: os.killpg(neo4j_pid(), signal.SIGKILL)),
    ]
    phases: list[Phase] = []
    with Asker(service.addresses.url) as asker:
        before = _whole(asker, known=frozenset(), since=datetime.now(UTC))
        if before is None or not before.eligible:
            raise Unavailable("no deployment could be routed to before anything was broken")
        for name, happens in breaks:
            report(f"{name} …")
            started_s = time.monotonic()
            happens()
            ended_s, ended_at = time.monotonic(), datetime.now(UTC)
            phase = Phase(name)
            whole = _whole(asker, known=before.eligible, since=ended_at)
            if whole is not None:
                phase.whole_after_s = whole.sent_s - ended_s
            phase.answers = asker.since(started_s)
            phases.append(phase)
            report(f"{name}: {_summary(phase)}")
    return phases


async def _emptied(redis_url: str) -> None:
    client: Any = connect(redis_url, settings=GraphSettings())
    with translated():
        await client.flushall()
        await client.aclose()


def _summary(phase: Phase) -> str:
    after = phase.whole_after_s
    whole = "not whole again" if after is None else f"whole after {after:.1f} s"
    return f"asked {len(phase.answers)} times, {whole}"


def _pid(service: Running, name: str) -> Callable[[], int]:
    def found() -> int:
        part: Any = service.parts[name].part
        return part.pid

    return found


def _whole(asker: Asker, *, known: frozenset[str], since: datetime) -> Answered | None:
    """Wait until each answer is from a view composed since then, not stale, with all of `known`.

    Gives the first of these answers once they have come for a while without a break, None where
    that takes longer than a minute.
    """
    deadline = time.monotonic() + _WHOLE_WITHIN_S
    first: Answered | None = None
    while time.monotonic() < deadline:
        newest = asker.newest
        whole = newest is not None and newest.whole(known=known, since=since)
        first = (first or newest) if whole else None
        if first is not None and time.monotonic() - first.sent_s > _LASTING_S:
            return first
        time.sleep(_POLL_S)
    return None


def table(phases: Sequence[Phase]) -> Table:
    """What the caller saw of each phase."""
    rows: list[tuple[Any, ...]] = []
    for phase in phases:
        took = [one.took_ms for one in phase.answers]
        good = [one for one in phase.answers if one.status == http.client.OK and one.eligible]
        rows.append(
            (
                phase.name,
                len(phase.answers),
                100 * len(good) / max(1, len(phase.answers)),
                100 * sum(one.stale for one in phase.answers) / max(1, len(phase.answers)),
                percentile(took, 0.5),
                percentile(took, 0.99),
                max(took, default=0.0),
                "not" if phase.whole_after_s is None else phase.whole_after_s,
            )
        )
    return Table(
        "Routing while something is broken, POST /v1/route, ms",
        (
            "phase",
            "asked",
            "answered, %",
            "marked stale, %",
            "p50",
            "p99",
            "longest",
            "whole after, s",
        ),
        rows,
    )


def run(folder: Path, *, report: Callable[[str], None]) -> Table:
    """Start the service below `folder`, fill it, break its parts, and tell what a caller saw."""
    given = load()
    ports = {"neo4j_bolt_port": 0, "neo4j_http_port": 0, "redis_port": 0}
    settings = replace(
        given,
        servers=given.servers.model_copy(update={"data_dir": folder / "outages", **ports}),
        service=given.service.model_copy(update={"port": 0, "log_level": "warning"}),
    )
    with running(settings, report=lambda _line: None) as service:
        fill(service)
        return table(outages(service, report=report))


def fill(service: Running) -> None:
    """Register the simulator's fleet, with its last samples as if they were taken now.

    Raises Unavailable where it is not all in the graph within a minute.
    """
    plan = SimulationPlan(days=0.2, per_day=2_000, seed=4)
    events = list(simulate(plan))[-_EVENTS_AT_MOST:]
    for event in simulate(plan):
        if event["type"].endswith((".registered", ".configured", ".published")):
            events.append(event)
    deployments = sorted(
        {one["data"]["deployment"] for one in events if one["type"].endswith("nt.registered")}
    )
    events += [_sample(name) for name in deployments]
    body = b"\n".join(orjson.dumps(event) for event in events)
    with httpx.Client(base_url=service.addresses.url, timeout=_PATIENCE_S) as client:
        response = client.post(
            "/v1/events", content=body, headers={"content-type": "application/x-ndjson"}
        )
        response.raise_for_status()
        deadline = time.monotonic() + _PATIENCE_S
        while client.get("/v1/ingest/status").json()["length"]:
            if time.monotonic() > deadline:
                raise Unavailable("what was sent is not written after a minute")
            time.sleep(_POLL_S)


def _sample(deployment: str) -> dict[str, Any]:
    """A health sample whose window is so long that it stays fresh throughout."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "specversion": "1.0",
        "id": f"outages-{deployment}",
        "source": "//bench",
        "type": "routecause.deployment.observed",
        "time": at,
        "data": {
            "deployment": deployment,
            "window_s": 3600,
            "sample_count": 50,
            "available": True,
            "error_rate": 0.0,
            "latency_p50_ms": 800.0,
            "latency_p95_ms": 1500.0,
        },
    }
