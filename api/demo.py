"""The demo: a simulated history sent like any router's, then questions a person would ask of it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson

from agent import playbooks
from agent.playbooks import Answer, World
from api.cli.loading import Line, send
from api.cli.progress import progress
from api.supervisor import Addresses
from graph.columns import BucketColumns
from graph.hot.reader import HotView
from graph.hot.routing.ranking import RoutingRequest
from graph.scope import TenantScope
from graph.settings import HealthSettings
from graph.slices import Metric, Period, Slice
from graph.store.door import GraphStore
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
        self._displaced: str | None = None

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
        for answer in asyncio.run(self._answers()):
            self._say(f"\n■ {answer.question}\n{answer.text}")

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
            self._displaced = data["request_id"]

    async def _answers(self) -> list[Answer]:
        settings = self._addresses.neo4j.settings()
        store = await GraphStore.connect(settings)
        view = await HotView.open(self._addresses.redis.url, settings)
        try:
            await _settled(view)
            world = World(
                store=store,
                columns=BucketColumns(store),
                view=view.snapshot,
                scope=TenantScope.all(),
                budgets=HealthSettings(),
                now=datetime.now(UTC),
            )
            return [answer async for answer in self._asked(world)]
        finally:
            await view.close()
            await store.close()

    async def _asked(self, world: World) -> AsyncGenerator[Answer]:
        yield playbooks.what_is_healthy(world)
        user = next((key for key in world.view.users), ("acme", "user-1"))
        yield playbooks.which_backend(
            world,
            RoutingRequest(tenant=user[0], user=user[1], task_type="reasoning", prompt_tokens=900),
        )
        if self._displaced is not None:
            yield await playbooks.why_there(world, self._displaced)
        yield await playbooks.why_changed(
            world,
            metric=Metric.QUALITY,
            during=self._tuesday,
            where=Slice(task_type=frozenset({"reasoning"})),
            question=f"Why did quality drop for reasoning on {self._tuesday.start:%A}?",
        )
        yield await playbooks.why_changed(
            world,
            metric=Metric.LATENCY_P95,
            during=self._outage,
            where=Slice(tier=frozenset({"premium"})),
            question=f"Why were premium users slow on {self._outage.start:%A}?",
        )
        yield await playbooks.why_changed(
            world,
            metric=Metric.ERROR_RATE,
            during=self._outage,
            where=Slice(),
            question=f"Why did requests fail on {self._outage.start:%A}?",
        )
        yield await playbooks.what_comes_next(world, without="aws")


def _required(value: T | None) -> T:
    if value is None:
        raise ValueError("the demo's plan says of its faults when and where they are")
    return value


async def _settled(view: HotView) -> None:
    """Wait until the hot view has caught up with what was sent."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        if view.snapshot.deployments and view.snapshot.behind_s < 1 and view.snapshot.users:
            return
        await asyncio.sleep(0.2)
