"""Dead letters keep any bytes, within bounds, and show each tenant only its own."""

from datetime import UTC, datetime, timedelta

import pytest

from graph.errors import InvalidInput, NotFound
from graph.scope import TenantScope
from ingest.dead_letters import DeadLetter, DeadLetters
from ingest.events import FieldError
from ingest.log import EventLog
from ingest.settings import IngestSettings

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
ALL = TenantScope.all()


def letter(
    raw: bytes, *, tenant: str | None = None, minute: int = 0, limit_bytes: int = 1_000
) -> DeadLetter:
    return DeadLetter.of(
        raw,
        errors=[FieldError("body", "is no good")],
        tenant=tenant,
        event_id="e1",
        origin="gateway",
        received_at=NOW + timedelta(minutes=minute),
        limit_bytes=limit_bytes,
    )


def bounded(event_log: EventLog, **limits: int) -> DeadLetters:
    redis = event_log._redis  # pyright: ignore[reportPrivateUsage]  # the empty database of this test
    return DeadLetters(redis, settings=IngestSettings.model_validate(limits))


async def test_any_bytes_come_back_as_they_were(event_log: EventLog) -> None:
    letters = event_log.dead_letters
    kept = letter(b'\xff\x00{"a": "\xc3\xa9"}', tenant="t1")
    await letters.keep([kept])
    assert await letters.show(kept.id, scope=ALL) == kept
    assert kept.text == '\\xff\x00{"a": "é"}'


async def test_a_long_body_is_cut_and_marked(event_log: EventLog) -> None:
    long = letter(b"x" * 5_000, limit_bytes=1_000)
    assert (len(long.raw), long.size_bytes, long.truncated) == (1_000, 5_000, True)


async def test_the_same_body_again_is_one_letter(event_log: EventLog) -> None:
    letters = event_log.dead_letters
    for minute in range(10):
        await letters.keep([letter(b"same", tenant="t1", minute=minute)])
    found = await letters.newest(scope=ALL)
    assert [one.received_at for one in found] == [NOW + timedelta(minutes=9)]
    count = await letters.count()
    assert (count.kept, count.dropped) == (1, 0)


async def test_each_tenant_sees_its_own(event_log: EventLog) -> None:
    letters = event_log.dead_letters
    mine, yours, nobodys = letter(b"1", tenant="t1"), letter(b"2", tenant="t2"), letter(b"3")
    await letters.keep([mine, yours, nobodys])
    assert await letters.newest(scope=TenantScope.of("t1")) == [mine]
    assert len(await letters.newest(scope=TenantScope.of("t1", "t2"))) == 2
    assert len(await letters.newest(scope=ALL)) == 3
    for foreign in (yours, nobodys):
        with pytest.raises(NotFound):
            await letters.show(foreign.id, scope=TenantScope.of("t1"))
        with pytest.raises(NotFound):
            await letters.remove(foreign.id, scope=TenantScope.of("t1"))
    await letters.remove(mine.id, scope=TenantScope.of("t1"))
    with pytest.raises(NotFound):
        await letters.show(mine.id, scope=ALL)
    assert (await letters.count()).kept == 2


async def test_pages_go_on_where_the_last_ended(event_log: EventLog) -> None:
    letters = event_log.dead_letters
    await letters.keep([letter(b"%d" % n, tenant="t1", minute=n // 4) for n in range(20)])
    whole = await letters.newest(scope=ALL, limit=20)
    pages: list[DeadLetter] = []
    while page := await letters.newest(
        scope=TenantScope.of("t1"), limit=3, before=pages[-1].id if pages else None
    ):
        pages += page
    assert pages == whole
    with pytest.raises(InvalidInput, match="before"):
        await letters.newest(scope=ALL, before="dl_unknown")
    with pytest.raises(InvalidInput, match="limit"):
        await letters.newest(scope=ALL, limit=0)


async def test_the_oldest_make_room_and_are_counted(event_log: EventLog) -> None:
    letters = bounded(event_log, dead_letter_count=10, dead_letter_tenant_count=6)
    await letters.keep([letter(b"other", tenant="quiet")])
    await letters.keep([letter(b"%d" % n, tenant="loud", minute=n) for n in range(50)])
    found = await letters.newest(scope=ALL)
    assert [one.raw for one in found] == [b"49", b"48", b"47", b"46", b"45", b"44", b"other"]
    count = await letters.count()
    assert (count.kept, count.dropped) == (7, 44)


async def test_bytes_are_bounded_too(event_log: EventLog) -> None:
    letters = bounded(event_log, dead_letter_total_bytes=10_000)
    await letters.keep([letter(b"%d" % n * 900, minute=n) for n in range(10)])
    count = await letters.count()
    assert count.kept < 10
    assert count.size_bytes <= 10_000
    assert count.kept + count.dropped == 10
