"""The routing view at router speed, beside its peers: over HTTP, inside a process, and in memory.

One run, one machine: the service whole, on its own Neo4j and Redis, with one worker; and beside it
a server that knows the answer already. Rounds are interleaved, so that whatever else the machine
does hits all alike.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from math import nan
from os import sysconf
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson

from api.bench import fleet
from api.bench.generator import Load, Seen, load
from api.bench.measures import Table
from api.graphql import trusted
from api.servers.ports import free_port
from api.settings import Settings, child_environment
from api.settings import load as settings_of_environment
from api.supervisor import Running, running
from graph.errors import Unavailable
from graph.hot.reader import HotView
from graph.hot.snapshot import ViewSnapshot

ROUNDS: Final = 3
RATE_PER_S: Final = 1_000
_ROUND_S: Final = 4.0
_BODIES: Final = 512
_PATIENCE_S: Final = 120.0
_POLL_S: Final = 0.1
_MEMORY_REQUESTS: Final = 50_000
_MEMORY_STEPS: Final = 5
_PICKS_LIMIT_S: Final = 300.0
REST, BY_HASH, BY_TEXT = "POST /v1/route", "GraphQL routingView, by hash", "GraphQL routingView"
STOCK, CONSTANT = "stock Strawberry, constants", "Starlette, constant bytes"
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that is loaded, and the process that answers."""

    name: str
    pid: int
    port: int
    path: str
    bodies: list[bytes]

    def load(self, **how: Any) -> Seen:
        """Load it so."""
        return load(Load(port=self.port, path=self.path, bodies=self.bodies, **how))


async def run(folder: Path, *, report: Report, requests: int | None = None) -> list[Table]:
    """Start the service and its peers below `folder`, load them in turns, and tell the figures.

    `requests` are sent to see whether memory grows, by default 50,000.
    """
    with running(_own(folder), report=report) as service:
        fill(service.addresses.url)
        view = await _view(service)
        (folder / "view.json").write_bytes(view.to_json())
        port = urlsplit(service.addresses.url).port or 0
        api: Any = service.parts["API"].part
        ours = _ours(worker(api.pid).pid, port)
        answer = folder / "answer.json"
        answer.write_bytes(_answer(service.addresses.url))
        with _peers(answer) as (pid, peers_port):
            rounds = _rounds([*ours, *_theirs(pid, peers_port)], report=report)
        picked = _picks(folder / "view.json", report=report)
        memory = _memory(ours, requests=requests or _MEMORY_REQUESTS, report=report)
        return [_throughput(rounds), _times(rounds), picked, memory]


def _own(folder: Path) -> Settings:
    """The settings of the environment, on free ports, with data of its own and a quiet log."""
    given = settings_of_environment()
    ports = {"neo4j_bolt_port": 0, "neo4j_http_port": 0, "redis_port": 0}
    return replace(
        given,
        servers=given.servers.model_copy(update={"data_dir": folder / "service", **ports}),
        service=given.service.model_copy(update={"port": 0, "log_level": "warning"}),
    )


def fill(url: str) -> None:
    """Tell the service of the fleet; Unavailable where it is not all there in two minutes."""
    told = b"\n".join(orjson.dumps(event) for event in fleet.events(now=datetime.now(UTC)))
    with httpx.Client(base_url=url, timeout=_PATIENCE_S) as client:
        ndjson = {"content-type": "application/x-ndjson"}
        receipt = client.post("/v1/events", content=told, headers=ndjson).raise_for_status()
        if receipt.json()["rejected"]:
            raise Unavailable(f"the service refused some of the fleet: {receipt.text[:500]}")
        deadline = time.monotonic() + _PATIENCE_S
        while not _known(client):
            if time.monotonic() > deadline:
                raise Unavailable("what was sent is not in the view after two minutes")
            time.sleep(_POLL_S)


def _known(client: httpx.Client) -> bool:
    if client.get("/v1/ingest/status").json()["length"]:
        return False
    answer = client.post("/v1/route", json=fleet.bodies(1)[0]).json()
    return sum(one["eligible"] for one in answer["candidates"]) == len(fleet.DEPLOYMENTS)


async def _view(service: Running) -> ViewSnapshot:
    """The view as it is now."""
    settings = service.addresses.neo4j.settings()
    url = service.addresses.redis.url
    view = await HotView.open(url, settings.model_copy(update={"redis_url": url}))
    try:
        return view.snapshot
    finally:
        await view.close()


def _answer(url: str) -> bytes:
    """One answer, for the peers to know."""
    return httpx.post(f"{url}/v1/route", json=fleet.bodies(1)[0]).raise_for_status().content


def _ours(pid: int, port: int) -> list[Target]:
    asked = fleet.bodies(_BODIES)
    text = trusted.document("route")
    by_hash = {"persistedQuery": {"version": 1, "sha256Hash": trusted.digest(text)}}
    variables = [{"request": each} for each in asked]
    return [
        Target(REST, pid, port, "/v1/route", [orjson.dumps(each) for each in asked]),
        Target(
            BY_HASH,
            pid,
            port,
            "/graphql",
            [orjson.dumps({"variables": each, "extensions": by_hash}) for each in variables],
        ),
        Target(BY_TEXT, pid, port, "/graphql", _questions(text, variables)),
    ]


def _theirs(pid: int, port: int) -> list[Target]:
    asked = fleet.bodies(_BODIES)
    variables = [{"request": each} for each in asked]
    return [
        Target(STOCK, pid, port, "/graphql", _questions(trusted.document("route"), variables)),
        Target(CONSTANT, pid, port, "/constant", [orjson.dumps(each) for each in asked]),
    ]


def _questions(text: str, variables: list[dict[str, Any]]) -> list[bytes]:
    return [orjson.dumps({"query": text, "variables": each}) for each in variables]


@contextmanager
def _peers(answer: Path) -> Generator[tuple[int, int]]:
    """The peers' process and port, for as long as the block lasts."""
    port = free_port(0, purpose="the peers", report=lambda _: None)
    process = subprocess.Popen([sys.executable, "-m", "api.bench.peers", str(answer), str(port)])
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                httpx.post(f"http://127.0.0.1:{port}/constant").raise_for_status()
                break
            except httpx.TransportError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_S)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


@dataclass(slots=True)
class Rounds:
    """What one target did: as fast as it can, with the processor's time for it, and at a rate."""

    closed: list[Seen] = field(default_factory=list[Seen])
    cpu_us: list[float] = field(default_factory=list[float])
    paced: list[Seen] = field(default_factory=list[Seen])


def _rounds(targets: list[Target], *, report: Report) -> dict[str, Rounds]:
    """Load each target by name, a round at a time."""
    found = {target.name: Rounds() for target in targets}
    for target in targets:
        target.load(seconds=1.0)
    for turn in range(ROUNDS):
        for target in targets:
            before_s = cpu_s(target.pid)
            seen = target.load(seconds=_ROUND_S)
            own = found[target.name]
            own.closed.append(seen)
            own.cpu_us.append(1e6 * (cpu_s(target.pid) - before_s) / seen.answered)
            report(
                f"round {turn + 1}, {target.name}: {seen.per_s:,.0f} a second, "
                f"{own.cpu_us[-1]:,.0f} µs of processor each"
            )
        for target in targets:
            own = found[target.name]
            if own.closed[-1].per_s > RATE_PER_S:
                own.paced.append(target.load(seconds=_ROUND_S, rate=RATE_PER_S))
    return found


def _throughput(rounds: dict[str, Rounds]) -> Table:
    rates = {name: [seen.per_s for seen in own.closed] for name, own in rounds.items()}
    floor, stock = rates[CONSTANT], rates[STOCK]
    rows: list[tuple[Any, ...]] = [
        (
            name,
            median(own),
            min(own),
            max(own),
            # Round by round, so that what slowed one round slowed both sides of its ratio.
            median(a / b for a, b in zip(own, floor, strict=True)),
            median(a / b for a, b in zip(own, stock, strict=True)),
            median(rounds[name].cpu_us),
            int(rounds[name].closed[0].body_bytes),
        )
        for name, own in rates.items()
    ]
    return Table(
        f"Answers a second: {len(fleet.DEPLOYMENTS)} deployments, one worker, 16 connections, "
        f"{ROUNDS} rounds",
        ("what", "median", "least", "most", "of floor", "of stock", "CPU µs", "bytes"),
        rows,
    )


def _times(rounds: dict[str, Rounds]) -> Table:
    def middle(own: Rounds, column: str) -> float | str:
        values = [getattr(seen, column) for seen in own.paced]
        return median(values) if values else "too slow"

    columns = ("p50_ms", "p95_ms", "p99_ms", "worst_ms")
    return Table(
        f"Time of an answer at {RATE_PER_S:,} a second, ms from when it was due "
        f"(median of {ROUNDS} rounds)",
        ("what", *(column.removesuffix("_ms") for column in columns)),
        [(name, *(middle(own, column) for column in columns)) for name, own in rounds.items()],
    )


def _picks(view: Path, *, report: Report) -> Table:
    """Picks inside one process, ours and LiteLLM's."""
    report("picks inside a process")
    done = subprocess.run(
        [sys.executable, "-m", "api.bench.picks", str(view)],
        # Its prices are not needed, and fetching them would wait for a network.
        env=child_environment({"LITELLM_LOCAL_MODEL_COST_MAP": "True"}),
        stdout=subprocess.PIPE,
        timeout=_PICKS_LIMIT_S,
        check=True,
    )
    told: dict[str, dict[str, float | None]] = orjson.loads(done.stdout.splitlines()[-1])
    return Table(
        "A pick inside a process, µs: ours, and LiteLLM's async_get_available_deployment "
        "(simple-shuffle)",
        ("deployments", "p50", "p99", "LiteLLM p50", "LiteLLM p99", "ratio of the p50s"),
        [(int(size), *_picked(took)) for size, took in told.items()],
    )


def _picked(took: dict[str, float | None]) -> tuple[Any, ...]:
    ours, theirs = took["ours_p50_us"], took["litellm_p50_us"]
    if ours is None or theirs is None:
        return (ours, took["ours_p99_us"], "litellm is not installed", "", "")
    return (ours, took["ours_p99_us"], theirs, took["litellm_p99_us"], ours / theirs)


def _memory(ours: list[Target], *, requests: int, report: Report) -> Table:
    """The worker's memory before and after, over REST and GraphQL in turns."""
    pid = ours[0].pid
    rows: list[tuple[Any, ...]] = [(0, worker(pid).resident_mb)]
    sent = 0
    for step in range(_MEMORY_STEPS):
        for target in ours[:2]:
            seen = target.load(requests=max(1, requests // (2 * _MEMORY_STEPS)))
            sent += seen.answered
        rows.append((sent, worker(pid).resident_mb))
        report(f"memory {step + 1} of {_MEMORY_STEPS}: {rows[-1][1]:.0f} MB, {sent:,} requests")
    return Table("Memory of the worker, MB resident", ("requests", "MB"), rows)


@dataclass(frozen=True, slots=True)
class Process:
    """A process as the system accounts for it."""

    pid: int
    parent: int
    resident_mb: float


def worker(pid: int) -> Process:
    """A process, or of what it started the one that holds most memory.

    What is watched may be a small process that only sees to the end of the other.
    """
    told = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True
    )
    found = [
        Process(int(own), int(parent), int(held_kb) * 1024 / 1e6)
        for own, parent, held_kb in map(str.split, told.stdout.splitlines())
    ]
    family = {pid}
    # A child comes after its parent only where the numbers have not begun again.
    for _ in range(2):
        family |= {each.pid for each in found if each.parent in family}
    return max((each for each in found if each.pid in family), key=lambda each: each.resident_mb)


def cpu_s(pid: int) -> float:
    """The processor time that a process has used; NaN where the system does not tell finely."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return nan
    # The 14th and 15th fields, of which the name in brackets is the second.
    return (int(told[11]) + int(told[12])) / sysconf("SC_CLK_TCK")
