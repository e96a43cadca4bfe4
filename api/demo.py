"""The demo: a simulated history sent like any router's, then questions a person would ask of it."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson

from api.cli.client import Client
from api.cli.loading import Line, send
from api.cli.progress import progress
from api.graphql.trusted import document
from api.supervisor import Addresses
from graph.hot.reader import HotView
from graph.hot.snapshot import ViewSnapshot
from graph.slices import Period
from ingest.simulator import demo_plan, live, simulate

_DAY = timedelta(days=1)
_LIVE_STEP_S = 0.5
_PATIENCE_S = 20.0
Event = dict[str, Any]
T = TypeVar("T")


class Demo:
    """One demo on a running service."""

    def __init__(
        self, addresses: Addresses, *, days: float, per_day: int, say: Callable[[str], None]
    ) -> None:
        self._addresses = addresses
        self._say = say
        self._plan = demo_plan(datetime.now(UTC), days=days, per_day=per_day)
        rollout, outage = self._plan.requested[:2]
        day = _required(rollout.at).replace(hour=0, minute=0, second=0, microsecond=0)
        self._tuesday = Period(day, day + _DAY)
        self._outage = Period(_required(outage.at), _required(outage.until))
        self._displaced: tuple[str, str] | None = None

    def load_and_ask(self) -> None:
        """Send the whole history, wait until the graph has it, and print the answers."""
        started = time.monotonic()
        with progress() as shown:
            shown.add_task("sending", total=None)
            tally = asyncio.run(send(self._lines(), url=self._addresses.url, key=None, shown=shown))
        took_s = time.monotonic() - started
        self._say(
            f"{tally.accepted:,} events of {self._plan.days:g} days in the graph "
            f"after {took_s:.0f} s"
        )
        view = asyncio.run(self._settled())
        with Client(url=self._addresses.url, key=None) as client:
            for question in self._questions(view):
                answer = client.query(document("ask"), {"question": question})["ask"]
                self._say(f"\n■ {question}\n{answer['text']}")

    def stay_live(self) -> None:
        """Go on reporting what the same fleet does, each event when it is due, for ever."""
        with httpx.Client(base_url=self._addresses.url, timeout=30) as http:
            waiting: list[Event] = []
            for due_at, event in live(self._plan):
                wait_s = (due_at - datetime.now(UTC)).total_seconds()
                if waiting and (wait_s > _LIVE_STEP_S or len(waiting) >= 500):
                    self._report(http, waiting)
                    waiting = []
                time.sleep(max(0.0, wait_s))
                waiting.append(event)

    def _report(self, http: httpx.Client, events: list[Event]) -> None:
        body = b"\n".join(orjson.dumps(event) for event in events)
        try:
            http.post("/v1/events", content=body, headers={"content-type": "application/x-ndjson"})
        except httpx.TransportError as error:
            self._say(f"{len(events)} live events were not taken: {error}")

    def _lines(self) -> Iterator[Line]:
        """The history as it is sent; what the questions ask about is remembered on the way."""
        for number, event in enumerate(simulate(self._plan), start=1):
            self._notice(event)
            yield Line(Path("demo"), number, orjson.dumps(event))

    def _notice(self, event: Event) -> None:
        """Remember a premium request that was displaced during the outage."""
        data = event["data"]
        if event["type"] != "routecause.request.completed" or data["tier"] != "premium":
            return
        if (
            data["decision"].get("fallback_from")
            and self._outage.start <= datetime.fromisoformat(event["time"]) < self._outage.end
        ):
            self._displaced = (data["request_id"], data["decision"]["deployment"])

    def _questions(self, view: ViewSnapshot) -> Iterator[str]:
        """What an operator would ask of this fleet today, in words."""
        user = next((key[1] for key in sorted(view.users)), "user-1")
        outage = _on(self._outage.start)
        yield "What is healthy?"
        yield f"Which backend for a reasoning request of 900 tokens for user {user}?"
        if self._displaced is not None:
            request, deployment = self._displaced
            yield f"Why did request {request} go to {deployment}?"
        yield f"Why did quality drop for reasoning tasks {_on(self._tuesday.start)}?"
        yield f"Why were premium users slow {outage}?"
        yield f"Why did requests fail {outage}?"
        yield "What comes in the next hour, and what is at risk without aws?"

    async def _settled(self) -> ViewSnapshot:
        """The hot view, once it has caught up with what was sent."""
        view = await HotView.open(self._addresses.redis.url, self._addresses.neo4j.settings())
        try:
            deadline = time.monotonic() + _PATIENCE_S
            while time.monotonic() < deadline:
                told = view.snapshot
                if told.deployments and told.behind_s < 1 and told.users:
                    break
                await asyncio.sleep(0.2)
            return view.snapshot
        finally:
            await view.close()


def _on(instant: datetime) -> str:
    """A day as people say it: `last Tuesday`, `yesterday`, or the date where that is long ago."""
    days = (datetime.now(UTC).date() - instant.date()).days
    if days == 0:
        return "today"
    if days == 1:
        return "yesterday"
    return f"last {instant:%A}" if days < 8 else f"on {instant:%Y-%m-%d}"


def _required(value: T | None) -> T:
    if value is None:
        raise ValueError("the demo's plan says of its faults when and where they are")
    return value
