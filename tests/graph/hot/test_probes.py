"""One probe at a time over many processes, on a real Redis; what is lost is found by waiting."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from graph.errors import HotUnavailable
from graph.evidence import DeploymentFacts, Evidence, MinuteOutcomes
from graph.health import assess_fleet
from graph.hot import keys
from graph.hot.connection import connect
from graph.hot.probes import Probes
from graph.hot.snapshot import ViewSnapshot
from graph.settings import GraphSettings, HealthSettings
from graph.sketch import Sketch

if TYPE_CHECKING:
    from tests.graph.hot.conftest import Server

START = datetime(2026, 9, 11, 10, 0, tzinfo=UTC)
NAME = "apex@aws"


def broken(at_minute: int, *, ok: int = 0, error: int = 9) -> MinuteOutcomes:
    start = START + timedelta(minutes=at_minute)
    return MinuteOutcomes(
        minute=start,
        count=ok + error,
        ok=ok,
        error=error,
        timeout=0,
        rate_limited=0,
        latency=Sketch(),
        last_at=start + timedelta(seconds=50),
    )


@dataclass
class World:
    """A view as the composer would make it, its clock, and a clock that only goes on."""

    minutes: list[MinuteOutcomes] = field(default_factory=lambda: [broken(0)])
    now: datetime = START + timedelta(seconds=120)
    elapsed_s: float = 1_000.0
    names: tuple[str, ...] = (NAME,)

    def view(self, now: datetime) -> ViewSnapshot:
        evidence = [
            Evidence(facts=DeploymentFacts.of_name(name), traffic=self.minutes)
            for name in self.names
        ]
        found = assess_fleet(evidence, now=now, budgets=HealthSettings())
        return ViewSnapshot(version="1", as_of=now, deployments=found)

    def probes(self, redis: Any, *, lease_s: float = 60.0) -> Probes:
        return Probes(
            redis,
            view=self.view,
            budgets=HealthSettings(breaker_probe_s=lease_s),
            clock=lambda: self.now,
            elapsed=lambda: self.elapsed_s,
        )

    def fails(self) -> None:
        """The probe failed, and the next one is due."""
        self.minutes = [*self.minutes, broken(2, error=1)]
        self.now = START + timedelta(minutes=6)


@pytest.fixture
def world() -> World:
    return World()


def use_any(probes: Probes, world: World) -> int:
    """What a pick does: looks at the permits, and uses the one it needs."""
    held = probes.held(world.now)
    return sum(probes.use(key) for key in held)


async def test_twenty_processes_send_one_probe(hot_redis: Any, world: World):
    several = [world.probes(hot_redis) for _ in range(20)]

    async def process(probes: Probes) -> int:
        used = 0
        for _ in range(5):
            await probes.round()
            for _ in range(50):
                used += use_any(probes, world)
                await asyncio.sleep(0)
            world.elapsed_s += 0.05
        return used

    used = await asyncio.gather(*(process(probes) for probes in several))
    assert sum(used) == 1
    world.fails()
    assert sum(await asyncio.gather(*(process(probes) for probes in several))) == 1


async def test_a_whole_backend_gets_one_probe(hot_redis: Any, world: World):
    world.names = ("a@aws", "b@aws", "c@aws")
    world.now = START + timedelta(minutes=5)
    one, other = world.probes(hot_redis), world.probes(hot_redis)
    await one.round()
    await other.round()
    assert (one.held(world.now), other.held(world.now)) == ({"backend:aws"}, set())


async def test_a_closed_or_open_breaker_needs_no_permit(hot_redis: Any, world: World):
    probes = world.probes(hot_redis)
    for now in (START + timedelta(seconds=60), START + timedelta(hours=1)):
        world.now = now
        await probes.round()
        assert probes.held(world.now) == set()
    assert [key async for key in hot_redis.scan_iter("*")] == []


async def test_a_permit_is_used_once(hot_redis: Any, world: World):
    probes = world.probes(hot_redis)
    assert not probes.use(NAME)
    await probes.round()
    assert probes.held(world.now) == {NAME}
    assert probes.use(NAME)
    assert not probes.use(NAME)
    assert probes.held(world.now) == set()
    await probes.round()
    assert probes.held(world.now) == set()


async def test_the_lease_stays_until_the_outcome_shows(hot_redis: Any, world: World):
    one, other = world.probes(hot_redis), world.probes(hot_redis)
    await one.round()
    assert one.use(NAME)
    world.elapsed_s += 30
    await one.round()
    await other.round()
    assert other.held(world.now) == set()
    world.fails()
    await one.round()
    assert one.held(world.now) == {NAME}
    healed = [*world.minutes, broken(6, ok=1, error=0)]
    world.minutes = healed
    await one.round()
    assert one.held(world.now) == set()
    assert not await hot_redis.exists(keys.probe(NAME))


async def test_a_process_that_lags_behind_does_not_probe_again(hot_redis: Any, world: World):
    behind = World()
    ahead, late = world.probes(hot_redis), behind.probes(hot_redis)
    await ahead.round()
    assert ahead.use(NAME)
    world.minutes = [*world.minutes, broken(2, error=1)]
    await ahead.round()
    assert ahead.held(world.now) == set()
    behind.elapsed_s += 10
    await late.round()
    assert late.held(behind.now) == set()
    behind.fails()
    behind.elapsed_s += 10
    await late.round()
    assert late.held(behind.now) == {NAME}


async def test_another_takes_over_when_the_holder_dies(hot_redis: Any, world: World):
    dead, heir = world.probes(hot_redis, lease_s=0.6), world.probes(hot_redis, lease_s=0.6)
    await dead.round()
    assert dead.use(NAME)
    await heir.round()
    assert heir.held(world.now) == set()
    async with asyncio.timeout(5):
        while not heir.held(world.now):
            await asyncio.sleep(0.05)
            world.elapsed_s += 2
            await heir.round()
    assert heir.use(NAME)


async def test_an_unused_permit_goes_to_who_has_traffic(hot_redis: Any, world: World):
    idle, busy = world.probes(hot_redis), world.probes(hot_redis)
    await idle.round()
    world.elapsed_s += 3
    await idle.round()
    assert NAME in idle._usable, "nobody waits for it"  # pyright: ignore[reportPrivateUsage]  # asking would be traffic
    assert busy.held(world.now) == set()
    await busy.round()
    world.elapsed_s += 1.5
    await idle.round()
    assert not idle.use(NAME)
    busy.held(world.now)
    await busy.round()
    assert busy.held(world.now) == {NAME}
    await idle.round()
    assert idle.held(world.now) == set()


async def test_a_permit_that_is_not_renewed_is_not_used(hot_redis: Any, world: World):
    probes = world.probes(hot_redis)
    await probes.round()
    assert probes.held(world.now) == {NAME}
    world.elapsed_s += 9.9
    assert probes.held(world.now) == {NAME}
    world.elapsed_s += 0.2
    assert probes.held(world.now) == set()
    assert not probes.use(NAME)


async def test_closing_gives_back_what_was_not_used(hot_redis: Any, hot_server: Server):
    world = World()
    settings = GraphSettings(redis_url=hot_server.url)
    for used in (False, True):
        probes = world.probes(connect(hot_server.url, settings=settings))
        await probes.round()
        if used:
            assert probes.use(NAME)
        await probes.close()
        assert await hot_redis.exists(keys.probe(NAME)) == used
        assert probes.held(world.now) == set()


async def eventually(check: Callable[[], bool], *, limit_s: float = 5.0) -> None:
    async with asyncio.timeout(limit_s):
        while not check():  # noqa: ASYNC110  # what is waited for is seen only from outside
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def opened(server: Server, world: World) -> AsyncGenerator[Probes]:
    def view(now: datetime) -> ViewSnapshot:
        del now
        return world.view(world.now)

    settings = GraphSettings(redis_url=server.url, hot_timeout_s=0.2)
    limits = HealthSettings(breaker_probe_s=3.0)
    probes = Probes.open(server.url, settings, view=view, budgets=limits)
    try:
        yield probes
    finally:
        await probes.close()


async def test_a_redis_that_hangs_ends_permits_and_raises_nothing(
    hot_redis: Any, hot_server: Server, world: World
):
    del hot_redis
    async with opened(hot_server, world) as probes:
        await eventually(lambda: NAME in probes.held(world.now))
        hot_server.hang()
        try:
            await eventually(lambda: not probes.held(world.now))
            assert not probes.use(NAME)
        finally:
            hot_server.resume()
        await eventually(lambda: NAME in probes.held(world.now))
        assert probes.use(NAME)


async def test_without_redis_there_is_no_permit(world: World):
    with pytest.raises(HotUnavailable, match="REDIS_URL"):
        Probes.open(None, GraphSettings(), view=world.view)
    probes = Probes.open("redis://127.0.0.1:1/0", GraphSettings(), view=world.view)
    await asyncio.sleep(0.2)
    assert probes.held(world.now) == set()
    await probes.close()
