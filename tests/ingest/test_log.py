"""The log takes each event once, hands out what was not acknowledged, and forgets what is done."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.servers import ServerSettings
from api.servers.redis_server import owned_redis
from graph.errors import HotUnavailable, Overloaded
from graph.scope import TenantScope
from graph.settings import GraphSettings
from ingest.events import Event, parse_event
from ingest.log import GROUPS, LOG, Appended, Backlog, EventLog, Group
from ingest.settings import IngestSettings

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
Make = Callable[..., dict[str, Any]]
NEW, DUPLICATE, CONFLICT = Appended.NEW, Appended.DUPLICATE, Appended.CONFLICT


@pytest.fixture
def make(request_event: Make) -> Callable[..., Event]:
    def one(**changes: Any) -> Event:
        return parse_event(request_event(**changes), received_at=NOW)

    return one


async def drain(log: EventLog, group: Group, *, consumer: str = "c") -> int:
    """Read and acknowledge until nothing is left; how many there were."""
    total = 0
    while entries := await log.read(group, consumer=consumer, count=100, block_ms=0):
        await log.acknowledge(group, [entry.id for entry in entries])
        total += len(entries)
    return total


async def test_examples_are_new_once_and_then_duplicates(
    event_log: EventLog, example_lines: list[bytes]
) -> None:
    first = [parse_event(line, received_at=NOW) for line in example_lines]
    later = [parse_event(line, received_at=NOW + timedelta(hours=1)) for line in example_lines]
    assert await event_log.append(first) == [NEW] * 35
    assert await event_log.append(later) == [DUPLICATE] * 35
    entries = await event_log.read("writer", consumer="w", count=100, block_ms=0)
    assert [entry.event for entry in entries] == first
    assert {entry.deliveries for entry in entries} == {1}


async def test_what_is_known_by_which_name(event_log: EventLog, request_event: Make) -> None:
    told = request_event()

    def again(**changes: Any) -> Event:
        return parse_event({**json.loads(json.dumps(told)), **changes}, received_at=NOW)

    other_body = json.loads(json.dumps(told))
    other_body["data"]["outcome"]["latency_ms"] = 1.0
    batch = [
        again(),
        again(),
        again(recordedtime="2026-10-01T00:00:00Z"),
        again(time="2026-09-11T06:10:00+02:00"),
        again(unheard_of="x"),
        again(id="other id"),
        again(source="//other"),
        again(data=other_body["data"]),
        again(id="other id", data=other_body["data"]),
        again(tenant="another-tenant", id="of another tenant"),
    ]
    whole = [NEW, DUPLICATE, DUPLICATE, DUPLICATE, DUPLICATE, DUPLICATE, DUPLICATE, CONFLICT]
    assert await event_log.append(batch) == [*whole, DUPLICATE, NEW]
    assert await event_log.append(batch) == [DUPLICATE, *whole[1:], DUPLICATE, DUPLICATE]
    assert (await event_log.backlog()).length == 2


async def test_anew_appends_what_is_known(event_log: EventLog, make: Callable[..., Event]) -> None:
    event = make()
    assert await event_log.append([event]) == [NEW]
    assert await event_log.append([event], anew=True) == [NEW]
    assert (await event_log.backlog()).length == 2


async def test_concurrent_senders_of_the_same_make_one(
    event_log: EventLog, make: Callable[..., Event]
) -> None:
    events = [make() for _ in range(100)]
    answers = await asyncio.gather(*(event_log.append(events) for _ in range(20)))
    flat = [one for answer in answers for one in answer]
    assert flat.count(NEW) == 100
    assert flat.count(DUPLICATE) == 1_900
    assert await drain(event_log, "writer") == 100


async def test_the_memory_forgets_in_time_order_and_within_bounds(
    log_settings: GraphSettings, event_log: EventLog, make: Callable[..., Event]
) -> None:
    few = IngestSettings(idempotency_days=4, idempotency_entries=1_000)
    log = EventLog.open(log_settings, settings=few)
    old = make()
    assert await log.append([old], now=NOW) == [NEW]
    for day in range(1, 5):
        assert await log.append([make()], now=NOW + timedelta(days=day)) == [NEW]
        assert await log.append([old], now=NOW + timedelta(days=day)) == [DUPLICATE]
    await log.append([make()], now=NOW + timedelta(days=5))
    assert await log.append([old], now=NOW + timedelta(days=5)) == [NEW]
    for _ in range(30):
        await log.append([make() for _ in range(100)], now=NOW + timedelta(days=5))
    # A hash may be over its share by one batch, no more.
    redis: Any = log._redis  # pyright: ignore[reportPrivateUsage]  # what it remembers has no other door
    sizes = [await redis.hlen(f"rc:log:known:{slot}") for slot in range(5)]
    assert max(sizes) <= 200 + 200
    await log.close()


async def test_what_both_groups_are_done_with_is_dropped(
    event_log: EventLog, make: Callable[..., Event]
) -> None:
    await event_log.append([make() for _ in range(30)])
    written = await event_log.read("writer", consumer="w", count=20, block_ms=0)
    await event_log.acknowledge("writer", [entry.id for entry in written])
    assert (await event_log.backlog()).length == 30
    projected = await event_log.read("projector", consumer="p", count=10, block_ms=0)
    # Out of order: the first stays, so nothing before the eleventh but it is kept for long.
    await event_log.acknowledge("projector", [entry.id for entry in projected[1:]])
    assert (await event_log.backlog()).length == 30
    await event_log.acknowledge("projector", [projected[0].id])
    backlog = await event_log.backlog()
    assert (backlog.length, backlog.waiting) == (20, {"writer": 10, "projector": 20})
    assert backlog.oldest_age_s is not None
    assert 0 <= backlog.oldest_age_s < 60
    await drain(event_log, "projector")
    await drain(event_log, "writer")
    empty: dict[str, int] = dict.fromkeys(GROUPS, 0)
    assert await event_log.backlog() == Backlog(length=0, waiting=empty, oldest_age_s=None)


async def test_a_restarted_consumer_is_given_what_it_held(
    log_settings: GraphSettings, event_log: EventLog, make: Callable[..., Event]
) -> None:
    events = [make() for _ in range(30)]
    await event_log.append(events)
    held = await event_log.read("writer", consumer="w", count=25, block_ms=0)
    restarted = EventLog.open(log_settings, settings=IngestSettings())
    first = await restarted.read("writer", consumer="w", count=20, block_ms=0)
    second = await restarted.read("writer", consumer="w", count=20, block_ms=0)
    third = await restarted.read("writer", consumer="w", count=20, block_ms=0)
    assert [entry.id for entry in first + second] == [entry.id for entry in held]
    assert {entry.deliveries for entry in first + second} == {2}
    assert [entry.event for entry in third] == events[25:]
    restarted.rewind("writer", consumer="w")
    again = await restarted.read("writer", consumer="w", count=100, block_ms=0)
    assert len(again) == 30
    await restarted.close()


async def test_what_a_dead_consumer_held_goes_to_another(
    event_log: EventLog, make: Callable[..., Event]
) -> None:
    await event_log.append([make() for _ in range(10)])
    held = await event_log.read("writer", consumer="dead", count=10, block_ms=0)
    assert await event_log.read("writer", consumer="alive", count=10, block_ms=0) == []
    taken: list[str] = []
    async with asyncio.timeout(5):
        while len(taken) < 10:
            entries = await event_log.read("writer", consumer="alive", count=4, block_ms=50)
            assert all(entry.deliveries == 2 for entry in entries)
            await event_log.acknowledge("writer", [entry.id for entry in entries])
            taken += [entry.id for entry in entries]
    assert taken == [entry.id for entry in held]


async def test_a_full_log_refuses_and_takes_nothing(
    log_settings: GraphSettings, event_log: EventLog, make: Callable[..., Event]
) -> None:
    log = EventLog.open(log_settings, settings=IngestSettings(backlog_limit=10))
    assert await log.append([make() for _ in range(10)]) == [NEW] * 10
    late = make()
    with pytest.raises(Overloaded) as caught:
        await log.append([late])
    assert caught.value.retry_after_s > 0
    assert await drain(log, "writer") == 10
    with pytest.raises(Overloaded):
        await log.append([late])
    assert await drain(log, "projector") == 10
    assert await log.append([late]) == [NEW]
    await log.close()


async def test_what_cannot_be_read_becomes_a_dead_letter(
    event_log: EventLog, make: Callable[..., Event]
) -> None:
    good = make()
    await event_log.append([good])
    redis: Any = event_log._redis  # pyright: ignore[reportPrivateUsage]  # only another version writes so
    await redis.xadd(LOG, {"e": b'{"type": "of.the.future"}'})
    for group in GROUPS:
        entries = await event_log.read(group, consumer="c", count=10, block_ms=0)
        assert [entry.event for entry in entries] == [good]
        await event_log.acknowledge(group, [entry.id for entry in entries])
    letters = await event_log.dead_letters.newest(scope=TenantScope.all())
    assert [(letter.origin, letter.raw) for letter in letters] == [
        ("log", b'{"type": "of.the.future"}')
    ]
    assert (await event_log.backlog()).length == 0


async def test_an_emptied_redis_is_begun_again(
    event_log: EventLog, make: Callable[..., Event]
) -> None:
    assert (await event_log.backlog()).length == 0
    await event_log.acknowledge("writer", ["1-1"])
    assert await event_log.read("writer", consumer="w", count=10, block_ms=10) == []
    await event_log.append([make()])
    redis: Any = event_log._redis  # pyright: ignore[reportPrivateUsage]  # done to it from outside
    await redis.flushdb()
    assert await event_log.read("projector", consumer="p", count=10, block_ms=10) == []
    await event_log.append([make()])
    assert await drain(event_log, "writer") == 1
    assert await drain(event_log, "projector") == 1


async def test_a_killed_redis_keeps_what_was_answered_and_is_found_again(
    tmp_path: Path, server_settings: ServerSettings, make: Callable[..., Event]
) -> None:
    events = [make() for _ in range(50)]
    with owned_redis(tmp_path, settings=server_settings, report=print) as server:
        server.start()
        settings = GraphSettings(redis_url=server.address.url)
        log = EventLog.open(settings, settings=IngestSettings(log_timeout_s=2.0))
        assert await log.append(events) == [NEW] * 50
        held = await log.read("writer", consumer="w", count=20, block_ms=0)
        assert server.pid is not None
        os.killpg(server.pid, signal.SIGKILL)
        for _ in range(3):
            with pytest.raises(HotUnavailable):
                await log.append([make()])
            with pytest.raises(HotUnavailable):
                await log.read("writer", consumer="w", count=20, block_ms=10)
        server.start()
        assert await log.append(events) == [DUPLICATE] * 50
        await log.acknowledge("writer", [entry.id for entry in held])
        assert await drain(log, "writer") == 30
        assert await drain(log, "projector", consumer=str(uuid4())) == 50
        await log.close()
