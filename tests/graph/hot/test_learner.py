"""When quality is learned: after the writer wrote, by the clock, and by one process only."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import pytest

from graph.errors import GraphUnavailable
from graph.hot import keys, learner
from graph.hot.learner import Learner
from graph.hot.quality import EvaluatorScale, LearnedQuality, QualityCell


class School:
    """Learns a little more each time it is asked, unless the graph is away."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.evaluators: tuple[EvaluatorScale, ...] = ()

    async def learn(self) -> LearnedQuality:
        if self.away:
            raise GraphUnavailable("Neo4j does not answer")
        self.asked += 1
        cell = QualityCell("chat", "m@b", 0.5, self.asked)
        return LearnedQuality(datetime.now(UTC), (cell,), self.evaluators)


@pytest.fixture
def school() -> School:
    return School()


def learner_of(hot_redis: Any, school: School, *, leads: bool = True) -> Learner:
    return Learner(hot_redis, learn=school.learn, leads=lambda: leads)


async def samples(hot_redis: Any) -> int | None:
    blob = await hot_redis.get(keys.QUALITY)
    return None if blob is None else LearnedQuality.from_json(blob).cells[0].samples


async def written(hot_redis: Any, name: str) -> None:
    """An event that the writer has read and acknowledged."""
    await hot_redis.xadd(keys.LOG, {"e": name})
    ((_, entries),) = await hot_redis.xreadgroup(keys.WRITER, "one", {keys.LOG: ">"})
    await hot_redis.xack(keys.LOG, keys.WRITER, *(entry for entry, _ in entries))


async def test_it_learns_again_when_the_writer_has_moved_on(hot_redis: Any, school: School):
    await hot_redis.xgroup_create(keys.LOG, keys.WRITER, id="0", mkstream=True)
    one = learner_of(hot_redis, school)
    await one.look()
    await one.look()
    assert (school.asked, await samples(hot_redis)) == (1, 1)
    await written(hot_redis, "a score")
    await one.look()
    await one.look()
    assert (school.asked, await samples(hot_redis)) == (2, 2)
    await hot_redis.xadd(keys.LOG, {"e": "read"})
    await hot_redis.xreadgroup(keys.WRITER, "one", {keys.LOG: ">"})
    await one.look()
    assert school.asked == 3
    pending = await hot_redis.xpending_range(keys.LOG, keys.WRITER, "-", "+", 9)
    await hot_redis.xack(keys.LOG, keys.WRITER, pending[0]["message_id"])
    await one.look()
    assert school.asked == 4, "what was only read before is written now"


async def test_it_learns_again_by_the_clock(
    hot_redis: Any, school: School, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(learner, "QUALITY_INTERVAL_S", 0.05)
    one = learner_of(hot_redis, school)
    await one.look()
    await asyncio.sleep(0.06)
    await one.look()
    assert school.asked == 2


async def test_an_emptied_redis_gets_back_what_was_learned(hot_redis: Any, school: School):
    one = learner_of(hot_redis, school)
    await one.look()
    await hot_redis.flushall()
    school.away = True
    with pytest.raises(GraphUnavailable):
        await one.look()
    assert await samples(hot_redis) == 1
    school.away = False
    await hot_redis.flushall()
    await one.look()
    assert await samples(hot_redis) == 2


@contextlib.asynccontextmanager
async def running(one: Learner) -> AsyncGenerator[None]:
    task = asyncio.create_task(one.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_who_does_not_compose_does_not_learn(hot_redis: Any, school: School):
    async with running(learner_of(hot_redis, school, leads=False)):
        await asyncio.sleep(0.5)
    assert school.asked == 0


async def test_a_failure_is_not_the_end(
    hot_redis: Any, school: School, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(learner, "LOOK_INTERVAL_S", 0.05)
    school.away = True
    async with running(learner_of(hot_redis, school)):
        await asyncio.sleep(0.1)
        school.away = False
        async with asyncio.timeout(5):
            while await samples(hot_redis) is None:  # noqa: ASYNC110  # seen only from outside
                await asyncio.sleep(0.02)


async def test_an_evaluator_on_a_scale_of_its_own_is_told_once(
    hot_redis: Any, school: School, caplog: pytest.LogCaptureFixture
):
    school.evaluators = (
        EvaluatorScale("judge", "1", 90, offset=0.0, say=1.0, linked=True),
        EvaluatorScale("stranger", "3", 50, offset=0.0, say=0.5, linked=False),
    )
    one = learner_of(hot_redis, school)
    with caplog.at_level(logging.WARNING):
        await one.look()
        await hot_redis.delete(keys.QUALITY)
        await one.look()
    told = [record.getMessage() for record in caplog.records if "scale" in record.getMessage()]
    assert len(told) == 1
    assert "stranger 3" in told[0]
