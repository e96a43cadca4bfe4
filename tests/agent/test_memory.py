"""What is remembered: turns for a while, apart by scope, bounded; a day's sum; never an error."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from agent import memory as memories
from agent.answer import Answer
from agent.memory import Memory, Turn
from agent.settings import AgentSettings
from agent.understanding.question import (
    Anchored,
    AnchorKind,
    Intent,
    Method,
    Moment,
    Question,
    Slots,
    Times,
)
from graph.errors import HotUnavailable
from graph.scope import TenantScope
from graph.settings import GraphSettings
from graph.slices import Dimension, Metric, Period, Slice

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
QUESTION = Question(
    text="why?",
    intent=Intent.WHY_CHANGED,
    slots=Slots(
        where=Slice(tier=frozenset({"gold", "free"})),
        metric=Metric.QUALITY,
        by=(Dimension.TIER,),
        without=frozenset({"aws"}),
    ),
    times=Times(
        during=Period(NOON - timedelta(hours=1), NOON),
        compared_to=Anchored(AnchorKind.INCIDENT, end_offset=timedelta(minutes=-5)),
        ahead=timedelta(minutes=90),
        words=("today",),
        zone=ZoneInfo("Europe/Berlin"),
    ),
    method=Method.LOCAL,
    confidence=0.75,
    now=NOON,
)


def answer(conversation: str, *, number: int = 0, at: datetime = NOON) -> Answer:
    return Answer(
        id=f"a{number}",
        question=f"why {number}?",
        text="it is so",
        intent=Intent.WHY_CHANGED,
        method=Method.LOGICAL,
        confidence=1.0,
        certain=True,
        degraded=False,
        asked_at=at,
        now=at,
        latency_ms=1.5,
        understanding_ms=0.5,
        cost_usd=0.01,
        conversation=conversation,
    )


@pytest.fixture
def scope() -> TenantScope:
    """Somebody whom no other test knows."""
    return TenantScope.of(f"t-{uuid4().hex[:8]}")


@pytest.fixture
async def opened(graph_settings: GraphSettings) -> AsyncGenerator[Callable[..., Memory]]:
    made: list[Memory] = []

    def make(**settings: Any) -> Memory:
        made.append(Memory.open(graph_settings, settings=AgentSettings(**settings)))
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture
async def redis(graph_settings: GraphSettings) -> AsyncGenerator[Any]:
    client: Any = Redis.from_url(str(graph_settings.redis_url))  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
    yield client
    await client.aclose()


async def test_turns_come_back_as_they_were(
    opened: Callable[..., Memory], scope: TenantScope
) -> None:
    memory = opened()
    moment = replace(QUESTION, intent=None, times=Times(during=Moment(NOON)), past=True)
    turns = [Turn(QUESTION, "so"), Turn(moment, "and so")]
    assert await memory.turns("c", scope=scope) == ()
    await memory.keep(answer("c"), turns=turns, scope=scope)
    assert await memory.turns("c", scope=scope) == turns
    assert await opened().turns("c", scope=scope) == turns, "another process knows them too"


async def test_conversations_and_questions_are_apart_by_scope(
    opened: Callable[..., Memory], scope: TenantScope
) -> None:
    memory = opened()
    await memory.keep(answer("c"), turns=[Turn(QUESTION, "so")], scope=scope)
    own = next(iter(scope.tenants or ()))
    for other in (TenantScope.of("x"), TenantScope.of(own, "x"), TenantScope.of()):
        assert await memory.turns("c", scope=other) == ()
        assert await memory.asked(first=1000, scope=other) == []
    assert await memory.turns("c", scope=TenantScope.all()) == ()
    assert "why 0?" in {one.question for one in await memory.asked(first=9, scope=scope)}


async def test_only_the_last_turns_are_kept(
    opened: Callable[..., Memory], scope: TenantScope
) -> None:
    memory = opened(conversation_turns=2)
    turns = [Turn(QUESTION, str(number)) for number in range(5)]
    await memory.keep(answer("c"), turns=turns, scope=scope)
    assert [turn.text for turn in await memory.turns("c", scope=scope)] == ["3", "4"]


async def test_a_conversation_is_forgotten_after_a_while(
    opened: Callable[..., Memory], scope: TenantScope
) -> None:
    memory = opened(conversation_s=0.2)
    await memory.keep(answer("c"), turns=[Turn(QUESTION, "so")], scope=scope)
    async with asyncio.timeout(5):
        while await memory.turns("c", scope=scope):  # noqa: ASYNC110  # Redis tells of no end
            await asyncio.sleep(0.05)
    assert len(await memory.asked(first=9, scope=scope)) == 1, "what was asked stays"


async def test_so_many_conversations_are_kept(
    opened: Callable[..., Memory], scope: TenantScope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memories, "CONVERSATIONS_AT_MOST", 3)
    monkeypatch.setattr(memories, "ASKED_AT_MOST", 4)
    memory = opened()
    for number in range(6):
        at = NOON + timedelta(minutes=number)
        told = answer(f"c{number}", number=number, at=at)
        await memory.keep(told, turns=[Turn(QUESTION, str(number))], scope=scope)
    kept = [number for number in range(6) if await memory.turns(f"c{number}", scope=scope)]
    assert kept == [3, 4, 5]
    asked = await memory.asked(first=1000, scope=scope)
    assert [one.id for one in asked] == ["a5", "a4", "a3", "a2"]
    assert asked[0].at == NOON + timedelta(minutes=5)
    assert (asked[0].intent, asked[0].cost_usd) == (Intent.WHY_CHANGED, 0.01)
    assert [one.id for one in await memory.asked(first=1, scope=scope)] == ["a5"]


async def test_what_another_release_wrote_is_left_out(
    opened: Callable[..., Memory], scope: TenantScope, redis: Any
) -> None:
    memory = opened()
    await memory.keep(answer("c"), turns=[Turn(QUESTION, "so")], scope=scope)
    name = f"rc:agent:{hashlib.sha256(repr(scope.parameter).encode()).hexdigest()[:16]}"
    assert await redis.exists(f"{name}:conversation:c", f"{name}:asked") == 2
    await redis.set(f"{name}:conversation:c", b'[{"question": 7}]')
    await redis.lpush(f"{name}:asked", b"{}")
    assert await memory.turns("c", scope=scope) == ()
    assert [one.id for one in await memory.asked(first=9, scope=scope)] == ["a0"]


async def test_everything_in_redis_has_an_end_or_a_bound(
    opened: Callable[..., Memory], scope: TenantScope, redis: Any
) -> None:
    memory = opened(conversation_s=60)
    await memory.keep(answer("c"), turns=[Turn(QUESTION, "so")], scope=scope)
    name = f"rc:agent:{hashlib.sha256(repr(scope.parameter).encode()).hexdigest()[:16]}"
    for key in (f"{name}:conversation:c", f"{name}:conversations"):
        assert 50_000 < await redis.pttl(key) <= 60_000
    far = NOON + timedelta(days=3650)
    await memory.spend(0.01, at=far)
    assert 39 * 86_400 < await redis.ttl(f"rc:agent:spent:{far:%Y-%m-%d}") <= 40 * 86_400


async def test_a_days_cost_is_summed_to_the_cent_and_less(
    opened: Callable[..., Memory],
) -> None:
    memory = opened()
    day = datetime(2031, 1, 1, tzinfo=UTC) + timedelta(days=uuid4().int % 20_000)
    assert await memory.spent_usd(at=day) == 0
    await asyncio.gather(*(memory.spend(0.000123, at=day) for _ in range(10)))
    late = (day + timedelta(hours=23)).astimezone(ZoneInfo("Asia/Tokyo"))
    await memory.spend(0.5, at=late)
    await memory.spend(-1, at=day)
    assert await memory.spent_usd(at=day) == pytest.approx(0.50123, abs=1e-9)
    assert await memory.spent_usd(at=day + timedelta(days=1)) == 0


async def test_without_redis_nothing_is_remembered_and_nothing_fails(
    graph_settings: GraphSettings, scope: TenantScope
) -> None:
    away = graph_settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})
    memory = Memory.open(away, settings=AgentSettings())
    await memory.keep(answer("c"), turns=[Turn(QUESTION, "so")], scope=scope)
    assert await memory.turns("c", scope=scope) == ()
    await memory.spend(1, at=NOON)
    for asked in (memory.asked(first=1, scope=scope), memory.spent_usd(at=NOON)):
        with pytest.raises(HotUnavailable):
            await asked
    await memory.close()
