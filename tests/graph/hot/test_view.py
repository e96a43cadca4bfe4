"""The view, from evidence to an API process: pushed, renewed by the clock, whole after harm."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.evidence import Observation
from graph.health import HealthStatus
from graph.hot import keys
from graph.hot.evidence import Effect, EvidenceWriter, Told
from graph.hot.quality import LearnedQuality, QualityCell
from graph.hot.reader import HotView
from graph.hot.routing.ranking import RoutingRequest, rank
from graph.hot.snapshot import EMPTY
from graph.hot.view import Composer
from graph.settings import GraphSettings, HealthSettings

BUDGETS = HealthSettings()
START = datetime(2026, 9, 11, 10, 0, tzinfo=UTC)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def sample(at: datetime, deployment: str = "m@b", **metrics: Any) -> Observation:
    return Observation(
        deployment=deployment,
        at=at,
        recorded_at=at,
        window_s=60,
        sample_count=5,
        available=True,
        error_rate=0.0,
        **metrics,
    )


async def restore(hot_redis: Any, *effects: Effect, now: datetime = START) -> None:
    await EvidenceWriter(hot_redis, budgets=BUDGETS).restore(effects, now=now)


async def eventually(check: Callable[[], bool], *, limit_s: float = 5.0) -> None:
    async with asyncio.timeout(limit_s):
        while not check():  # noqa: ASYNC110  # what is waited for is seen only from outside
            await asyncio.sleep(0.01)


def composer(hot_redis: Any, settings: GraphSettings, **given: Any) -> Composer:
    return Composer(hot_redis, settings=settings, budgets=BUDGETS, **given)


@contextlib.asynccontextmanager
async def running(one: Composer) -> AsyncGenerator[Composer]:
    task = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def opened(settings: GraphSettings, **given: Any) -> AsyncGenerator[HotView]:
    view = await HotView.open(settings.redis_url, settings, **given)
    try:
        yield view
    finally:
        await view.close()


async def test_silence_turns_stale_and_then_unknown(hot_redis: Any, settings: GraphSettings):
    clock = Clock()
    await restore(hot_redis, sample(START, queue_depth=3.0))
    one = composer(hot_redis, settings, clock=clock)
    seen: list[tuple[HealthStatus, bool, float | None]] = []
    for later_s in (0, 120, 240, 1000):
        clock.now = START + timedelta(seconds=later_s)
        view = await one.compose()
        assert view is not None
        (health,) = view.deployments
        assert health.age_ms == later_s * 1000
        seen.append((health.status, health.stale, health.queue_depth))
    assert seen == [
        (HealthStatus.HEALTHY, False, 3.0),
        (HealthStatus.HEALTHY, False, 3.0),
        (HealthStatus.DEGRADED, True, 3.0),
        (HealthStatus.UNKNOWN, True, None),
    ]


async def test_nothing_new_is_not_composed_until_the_tick(hot_redis: Any, settings: GraphSettings):
    clock = Clock()
    one = composer(hot_redis, settings, clock=clock)
    assert await one.compose() is not None
    clock.now += timedelta(milliseconds=300)
    assert await one.compose() is None
    await restore(hot_redis, sample(START))
    assert await one.compose() is not None
    clock.now += timedelta(seconds=1)
    assert await one.compose() is not None


async def test_one_of_several_composes_and_another_takes_over(
    hot_redis: Any, settings: GraphSettings
):
    first, second = composer(hot_redis, settings), composer(hot_redis, settings)
    assert await first.compose() is not None
    assert await second.compose() is None
    await first.release()
    assert await second.compose() is not None
    assert await first.compose() is None


async def test_a_change_is_pushed(hot_redis: Any, settings: GraphSettings):
    now = datetime.now(UTC)
    async with running(composer(hot_redis, settings)) as one, opened(settings) as view:
        await eventually(lambda: view.snapshot is not EMPTY)
        assert not view.stale(datetime.now(UTC))
        changes = view.changes()
        assert (await anext(changes)).deployments == ()
        await restore(hot_redis, sample(now, "apex@aws"), now=now)
        one.touch()
        async with asyncio.timeout(1):
            async for snapshot in changes:
                if snapshot.deployments:
                    assert snapshot.deployments[0].deployment == "apex@aws"
                    break
        await changes.aclose()


async def test_users_reach_the_reader(hot_redis: Any, settings: GraphSettings):
    now = datetime.now(UTC)
    told = Told(
        kind="user",
        id=keys.user("acme", "ada"),
        at=now,
        recorded_at=now,
        key="k",
        data={"tier": "gold", "preferences": {"optimise_for": "cost"}},
    )
    await restore(hot_redis, told, now=now)
    async with running(composer(hot_redis, settings)), opened(settings) as view:
        await eventually(lambda: bool(view.snapshot.users))
        user = view.snapshot.users["acme", "ada"]
        assert (user.tier, user.optimise_for) == ("gold", "cost")


async def test_learned_quality_is_kept_when_it_can_be_learned_no_more(
    hot_redis: Any, settings: GraphSettings
):
    async def learned() -> LearnedQuality:
        cells = (QualityCell("chat", "m@b", 0.8, 12),)
        return LearnedQuality(datetime.now(UTC), cells)

    now = datetime.now(UTC)
    async with opened(settings) as view:
        async with running(composer(hot_redis, settings, learned_quality=learned)):
            await eventually(lambda: bool(view.snapshot.quality))
        async with running(composer(hot_redis, settings)):
            await eventually(lambda: view.snapshot.as_of > now + timedelta(seconds=0.2))
            (cell,) = view.snapshot.quality
            assert (cell.mean, cell.samples) == (0.8, 12)


async def test_reading_goes_on_while_redis_hangs(
    hot_redis: Any, settings: GraphSettings, hot_server: Any
):
    now = datetime.now(UTC)
    await restore(hot_redis, sample(now), now=now)
    async with running(composer(hot_redis, settings)), opened(settings) as view:
        await eventually(lambda: bool(view.snapshot.deployments))
        version = view.snapshot.version
        hot_server.hang()
        try:
            await eventually(lambda: view.stale(datetime.now(UTC)))
            await eventually(lambda: view.current(datetime.now(UTC)) is not view.snapshot)
            started = asyncio.get_running_loop().time()
            current = view.current(datetime.now(UTC))
            found = rank(
                RoutingRequest(user="u", task_type="t", prompt_tokens=1),
                view=current,
                now=datetime.now(UTC),
                stale=True,
            )
            assert asyncio.get_running_loop().time() - started < 0.05
            (health,) = current.deployments
            assert (health.status, health.stale) == (HealthStatus.DEGRADED, True)
            assert any("not renewed since" in reason for reason in health.reasons)
            assert found.stale
            assert found.candidates[0].eligible
        finally:
            hot_server.resume()
        await eventually(lambda: not view.stale(datetime.now(UTC)), limit_s=15)
        assert view.snapshot.version > version
        assert view.current(datetime.now(UTC)).deployments[0].status is HealthStatus.HEALTHY


async def test_an_emptied_redis_is_followed(hot_redis: Any, settings: GraphSettings):
    now = datetime.now(UTC)
    await restore(hot_redis, sample(now), now=now)
    async with running(composer(hot_redis, settings)), opened(settings) as view:
        await eventually(lambda: bool(view.snapshot.deployments))
        await hot_redis.flushall()
        await eventually(lambda: not view.snapshot.deployments)
        await restore(hot_redis, sample(now), now=now)
        await eventually(lambda: bool(view.snapshot.deployments))


async def test_opening_without_redis_gives_an_empty_stale_view():
    settings = GraphSettings(redis_url="redis://127.0.0.1:1/0")
    async with opened(settings) as view:
        assert view.snapshot is EMPTY
        assert view.stale(datetime.now(UTC))
        assert view.current(datetime.now(UTC)).deployments == ()


async def test_a_view_that_is_no_view_is_passed_over(hot_redis: Any, settings: GraphSettings):
    await hot_redis.set(keys.VIEW, b"{}")
    await hot_redis.set(keys.VIEW_VERSION, b"7")
    async with opened(settings) as view:
        assert view.snapshot is EMPTY
        async with running(composer(hot_redis, settings)):
            await eventually(lambda: view.snapshot is not EMPTY)


async def test_a_log_not_yet_read_makes_the_view_stale(hot_redis: Any, settings: GraphSettings):
    await hot_redis.xgroup_create(keys.LOG, keys.GROUP, id="0", mkstream=True)
    old = datetime.now(UTC) - timedelta(seconds=30)
    await hot_redis.xadd(keys.LOG, {"e": "{}"}, id=f"{old.timestamp() * 1000:.0f}-0")
    view = await composer(hot_redis, settings).compose()
    assert view is not None
    assert view.behind_s == pytest.approx(30, abs=1)
    assert view.stale(now=datetime.now(UTC), settings=settings)
