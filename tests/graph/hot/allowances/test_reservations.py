"""Bookings of picks: counted here at once, in Redis once, given back when nobody confirms them."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.errors import HotUnavailable
from graph.hot import keys
from graph.hot.accounts import MICRO, NANO, Account, Meter, micros
from graph.hot.allowances.bookings import Held
from graph.hot.allowances.reservations import Reservations
from graph.hot.allowances.standing import standing
from graph.hot.connection import connect
from graph.hot.snapshot import TenantFacts, UserFacts, ViewSnapshot
from graph.settings import GraphSettings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TENANT = TenantFacts(
    tenant="acme", daily_budget_usd=1.0, requests_per_second=100, tokens_per_minute=60_000
)
USER = UserFacts(tenant="acme", user="ann", tier="gold", requests_per_day=100)
VIEW = ViewSnapshot(version="1", as_of=NOW, tenants=(TENANT,), users={("acme", "ann"): USER})


def book(
    to: Reservations, times: int = 1, *, view: ViewSnapshot = VIEW, later_s: float = 0
) -> None:
    now = NOW + timedelta(seconds=later_s)
    for _ in range(times):
        to.add(view, tenant="acme", user="ann", cost_usd=0.01, tokens=50.4, now=now)


def left(by: Reservations, *, view: ViewSnapshot = VIEW, later_s: float = 0) -> tuple[float, ...]:
    now = NOW + timedelta(seconds=later_s)
    reserved = by.of(view, tenant="acme", user="ann", now=now)
    found = standing(view, tenant="acme", user="ann", reserved=reserved, now=now)
    assert found.usd is not None
    assert found.requests is not None
    assert found.tokens is not None
    return round(found.usd.remaining, 9), found.requests.remaining, found.tokens.remaining


async def held(redis: Any, user: str = "") -> Held:
    raw = await redis.hgetall(keys.account(keys.user("acme", user)))
    return Held.of(raw, stamp=0)


async def seen(redis: Any, *, view: ViewSnapshot = VIEW) -> ViewSnapshot:
    """A view that holds all that Redis was told."""
    stamp = int(await redis.get(keys.ACCOUNTS_STAMP))
    accounts: list[Account] = []
    for user in ("", "ann"):
        account = await held(redis, user)
        booked = account.booked_nano_usd(now_us=micros(NOW), hold_us=30 * MICRO)
        accounts.append(
            Account(
                tenant="acme",
                user=user,
                booked_nano_usd=booked,
                requests=account.requests,
                tokens=account.tokens,
            )
        )
    return replace(view, accounts=tuple(accounts), accounts_version=stamp)


@pytest.fixture
def mine(hot_redis: Any, settings: GraphSettings) -> Reservations:
    return Reservations(hot_redis, settings=settings)


async def test_a_pick_counts_before_anybody_is_told(mine: Reservations) -> None:
    assert left(mine) == (1.0, 100, 60_000)
    book(mine, 3)
    assert left(mine) == (0.97, 97, 60_000 - 150)


async def test_it_counts_once_whether_told_or_in_the_view(
    hot_redis: Any, mine: Reservations
) -> None:
    book(mine, 3)
    before = left(mine)
    await mine.flush(now=NOW)
    assert left(mine) == before
    view = await seen(hot_redis)
    assert left(mine, view=view) == before
    assert [a.booked_nano_usd for a in view.accounts] == [3 * NANO // 100] * 2
    book(mine, 1, view=view)
    assert left(mine, view=view) == (0.96, 96, 60_000 - 200)
    # After its window a booking that the view holds is the view's alone.
    assert left(mine, view=view, later_s=2)[0] == 0.96
    reserved = mine.of(view, tenant="acme", user="ann", now=NOW + timedelta(seconds=2))
    assert reserved.tenant.own_nano_usd == NANO // 100


async def test_a_flush_sent_twice_counts_once(hot_redis: Any, mine: Reservations) -> None:
    book(mine, 2)
    script, answers = mine._script, 0  # pyright: ignore[reportPrivateUsage]  # stands for a lost answer

    async def lost(**call: Any) -> Any:
        nonlocal answers
        answers += 1
        answer = await script(**call)
        if answers == 1:
            raise HotUnavailable("the answer was lost")
        return answer

    mine._script = lost  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(HotUnavailable):
        await mine.flush(now=NOW)
    book(mine, 1)
    assert left(mine) == (0.97, 97, 60_000 - 150)
    await mine.flush(now=NOW)
    assert (await held(hot_redis)).slots == {int(NOW.timestamp()): (2, 20_000_000, 100)}
    await mine.flush(now=NOW)
    assert (await held(hot_redis)).slots == {int(NOW.timestamp()): (3, 30_000_000, 150)}
    assert (await held(hot_redis)).requests.debt_micro == 3 * MICRO


async def test_bookings_that_ran_out_are_given_back(hot_redis: Any, mine: Reservations) -> None:
    book(mine, 5)
    await mine.flush(now=NOW)
    assert (await held(hot_redis, "ann")).requests.debt_micro == 5 * MICRO
    book(mine, 1, later_s=31.5)
    await mine.flush(now=NOW + timedelta(seconds=31.5))
    account = await held(hot_redis, "ann")
    assert list(account.slots.values()) == [(1, 10_000_000, 50)]
    assert account.requests.debt_micro <= MICRO
    # Told too late, a booking is not held at all.
    book(mine, 1)
    await mine.flush(now=NOW + timedelta(seconds=40))
    assert list((await held(hot_redis, "ann")).slots.values()) == [(1, 10_000_000, 50)]


async def test_who_has_no_limit_books_nothing(hot_redis: Any, mine: Reservations) -> None:
    free = replace(VIEW, tenants=(), users={})
    book(mine, 3, view=free)
    await mine.flush(now=NOW)
    assert await hot_redis.zcard(keys.ACCOUNTS) == 0
    assert await hot_redis.zcard(keys.PROCESSES) == 1


async def test_several_processes_share_what_is_left(
    hot_redis: Any, settings: GraphSettings
) -> None:
    view = replace(VIEW, accounts_version=2**60, live_processes=4)
    processes = [Reservations(hot_redis, settings=settings) for _ in range(4)]
    for each in processes:
        await each.flush(now=NOW)
    sent = 0
    for _ in range(100):
        for each in processes:
            reserved = each.of(view, tenant="acme", user="ann", now=NOW)
            assert reserved.processes == 4
            found = standing(view, tenant="acme", user="ann", reserved=reserved, now=NOW)
            assert found.usd is not None
            if found.usd.usable >= 0.01:
                book(each, view=view)
                sent += 1
    assert sent == 100


async def test_one_that_the_view_does_not_count_makes_one_more(mine: Reservations) -> None:
    assert mine.of(VIEW, tenant="acme", user="ann", now=NOW).processes == 2
    await mine.flush(now=NOW)
    view = replace(VIEW, accounts_version=2**60)
    assert mine.of(view, tenant="acme", user="ann", now=NOW).processes == 1


async def test_without_redis_picks_go_on_and_nothing_grows() -> None:
    settings = GraphSettings(redis_url="redis://127.0.0.1:1/0")
    mine = Reservations(connect(settings.redis_url, settings=settings), settings=settings)
    running = asyncio.create_task(mine.run())
    try:
        for second in range(0, 300, 3):
            book(mine, 1, later_s=second)
            await asyncio.sleep(0)
        usd, requests, _ = left(mine, later_s=300)
        assert usd == 0.0
        # The bucket of the day refilled a little in five minutes, that of the second wholly.
        assert 0 < requests <= 1
        assert len(mine._own["acme", ""].batches) <= 3  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(HotUnavailable):
            await mine.flush(now=NOW)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_a_view_that_is_never_renewed_forgets_no_booking(
    hot_redis: Any, mine: Reservations
) -> None:
    stuck = replace(VIEW, accounts_version=1)
    for second in range(100):
        book(mine, 1, view=stuck, later_s=second)
        await mine.flush(now=NOW + timedelta(seconds=second))
    assert left(mine, view=stuck, later_s=100)[0] == 0.0
    assert len(mine._own["acme", ""].batches) <= 65  # pyright: ignore[reportPrivateUsage]


async def test_what_something_foreign_stands_for_makes_way(
    hot_redis: Any, mine: Reservations
) -> None:
    await hot_redis.set(keys.account(keys.user("acme", "")), "foreign")
    book(mine, 1)
    await mine.flush(now=NOW)
    assert (await held(hot_redis)).requests == Meter(MICRO, micros(NOW))
