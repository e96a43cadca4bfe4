"""Spent is what the graph says and what it will say; many spenders stay within the stated bound."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.errors import GraphUnavailable, HotUnavailable
from graph.hot import keys
from graph.hot.accounts import MICRO, NANO, Account
from graph.hot.allowances.accountant import Accountant, AccountBook, restore_quotas
from graph.hot.allowances.reservations import Reservations
from graph.hot.allowances.standing import standing
from graph.hot.snapshot import TenantFacts, UserFacts, ViewSnapshot
from graph.settings import GraphSettings
from graph.store.door import GraphStore

USER = "ann"


@pytest.fixture
def accountant(world: Any, settings: GraphSettings) -> Accountant:
    return Accountant(world.redis, store=world.store, settings=settings)


async def spent(one: Accountant, world: Any, user: str = "") -> float:
    """US dollars of today, as the view would say."""
    book = await one.refresh(now=world.now)
    return (
        sum(
            a.spent_day_nano_usd
            for a in book.accounts
            if (a.tenant, a.user) == (world.tenant, user)
        )
        / NANO
    )


async def test_a_charge_counts_at_once_and_only_once(world: Any, accountant: Accountant) -> None:
    await world.limit("tenant", daily_budget_usd=10.0)
    await world.limit("user", daily_budget_usd=5.0)
    for _ in range(4):
        await world.complete(cost_usd=0.25)
    assert await spent(accountant, world) == 0
    await world.project(3)
    assert await spent(accountant, world) == 0.75
    held = await world.take(2)
    await accountant.read_graph(now=world.now)
    assert await spent(accountant, world) == 0.75
    await world.write(held)
    await world.project()
    for _ in range(2):
        await accountant.read_graph(now=world.now)
        assert await spent(accountant, world) == 1.0
        assert await spent(accountant, world, USER) == 1.0
    assert await world.redis.hlen(keys.TAIL) == 2
    await world.write()
    await accountant.read_graph(now=world.now)
    assert await spent(accountant, world) == 1.0
    assert await spent(accountant, world, USER) == 1.0
    assert await world.redis.hlen(keys.TAIL) == 0


async def test_a_writer_ahead_of_the_projector_counts_once_in_the_end(
    world: Any, accountant: Accountant
) -> None:
    await world.limit("tenant", daily_budget_usd=10.0)
    await world.complete(cost_usd=0.5)
    await world.write()
    await spent(accountant, world)
    await accountant.read_graph(now=world.now)
    assert await spent(accountant, world) == 0.5
    await world.project()
    assert await spent(accountant, world) in (0.5, 1.0)
    await accountant.read_graph(now=world.now)
    assert await spent(accountant, world) == 0.5


async def test_what_an_earlier_writer_still_holds_is_not_in_the_graph(
    world: Any, accountant: Accountant
) -> None:
    await world.limit("tenant", daily_budget_usd=10.0)
    for _ in range(2):
        await world.complete(cost_usd=0.5)
    await world.project()
    first, second = await world.take()
    await world.write([second])
    await accountant.refresh(now=world.now)
    await accountant.read_graph(now=world.now)
    # The second may count twice for now, the first must count.
    assert await spent(accountant, world) in (1.0, 1.5)
    await world.write([first])
    await accountant.read_graph(now=world.now)
    assert await spent(accountant, world) == 1.0


async def test_the_month_has_other_days_in_it(world: Any, accountant: Accountant) -> None:
    world.now = world.now.replace(day=15)
    await world.limit("tenant", monthly_budget_usd=10.0)
    for days in (0, 1, 3, 40):
        await world.complete(cost_usd=1.0, ago=timedelta(days=days))
    await world.write()
    await world.project()
    await accountant.refresh(now=world.now)
    await accountant.read_graph(now=world.now)
    book = await accountant.refresh(now=world.now)
    (account,) = [a for a in book.accounts if a.tenant == world.tenant]
    assert (account.spent_day_nano_usd, account.spent_month_nano_usd) == (NANO, 3 * NANO)


async def test_whoever_takes_over_knows_the_same(
    world: Any, accountant: Accountant, settings: GraphSettings
) -> None:
    await world.limit("tenant", daily_budget_usd=10.0, requests_per_second=1)
    for written in (True, False):
        await world.complete(cost_usd=0.5)
        await world.project()
        if written:
            await world.write()
        await accountant.refresh(now=world.now)
        await accountant.read_graph(now=world.now)
    before = (await accountant.refresh(now=world.now)).accounts
    lost = GraphStore.open(GraphSettings(neo4j_uri="bolt://127.0.0.1:1", graph_timeout_s=0.2))
    other = Accountant(world.redis, store=lost, settings=settings)
    assert (await other.refresh(now=world.now)).accounts == before
    assert before[0].spent_day_nano_usd == NANO
    # The graph being away drops nothing, and picks go on.
    with pytest.raises(GraphUnavailable):
        await other.read_graph(now=world.now)
    await lost.close()
    await world.complete(cost_usd=0.25)
    await world.project()
    assert await spent(other, world) == 1.25
    assert await spent(accountant, world) == 1.25


async def test_a_charge_whose_settling_was_not_answered_counts_once(
    world: Any, accountant: Accountant
) -> None:
    await world.limit("tenant", daily_budget_usd=10.0)
    await accountant.refresh(now=world.now)
    script = accountant._settle_script  # pyright: ignore[reportPrivateUsage]  # stands for a lost answer

    async def lost(**call: Any) -> Any:
        await script(**call)
        raise HotUnavailable("the answer was lost")

    await world.complete(cost_usd=0.5)
    await world.project()
    accountant._settle_script = lost  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(HotUnavailable):
        await accountant.refresh(now=world.now)
    accountant._settle_script = script  # pyright: ignore[reportPrivateUsage]
    assert await spent(accountant, world) == 0.5


async def test_a_completion_takes_the_place_of_its_booking(
    world: Any, accountant: Accountant, settings: GraphSettings
) -> None:
    await world.limit("tenant", daily_budget_usd=10.0, requests_per_second=9, tokens_per_minute=900)
    mine = Reservations(world.redis, settings=settings)
    view = ViewSnapshot(
        version="1",
        as_of=world.now,
        tenants=(
            TenantFacts(
                tenant=world.tenant,
                daily_budget_usd=10.0,
                requests_per_second=9,
                tokens_per_minute=900,
            ),
        ),
    )
    for _ in range(2):
        mine.add(view, tenant=world.tenant, user=USER, cost_usd=0.3, tokens=100, now=world.now)
    await mine.flush(now=world.now)
    (account,) = (await accountant.refresh(now=world.now)).accounts
    assert (account.booked_nano_usd, account.spent_day_nano_usd) == (600_000_000, 0)
    assert (account.requests.debt_micro, account.tokens.debt_micro) == (2 * MICRO, 200 * MICRO)
    await world.complete(cost_usd=0.5, tokens=140)
    await world.project()
    (account,) = (await accountant.refresh(now=world.now)).accounts
    assert (account.booked_nano_usd, account.spent_day_nano_usd) == (300_000_000, 500_000_000)
    assert (account.requests.debt_micro, account.tokens.debt_micro) == (2 * MICRO, 240 * MICRO)
    # The second confirms the other booking; the third was announced by nobody and takes now.
    for _ in range(2):
        await world.complete(cost_usd=0.5, tokens=10)
    await world.project()
    (account,) = (await accountant.refresh(now=world.now)).accounts
    assert (account.booked_nano_usd, account.spent_day_nano_usd) == (0, 1_500_000_000)
    assert (account.requests.debt_micro, account.tokens.debt_micro) == (3 * MICRO, 160 * MICRO)


async def test_a_booking_never_confirmed_leaves_the_account(
    world: Any, accountant: Accountant, settings: GraphSettings
) -> None:
    await world.limit("user", requests_per_day=10)
    facts = UserFacts(tenant=world.tenant, user=USER, tier="gold", requests_per_day=10)
    view = ViewSnapshot(version="1", as_of=world.now, users={(world.tenant, USER): facts})
    mine = Reservations(world.redis, settings=settings)
    mine.add(view, tenant=world.tenant, user=USER, cost_usd=0.3, tokens=100, now=world.now)
    await mine.flush(now=world.now)
    assert len((await accountant.refresh(now=world.now)).accounts) == 1
    later = world.now + timedelta(seconds=settings.reservation_hold_s + 2)
    await accountant.refresh(now=later)
    assert (await accountant.refresh(now=later)).accounts == ()


async def test_a_line_that_is_no_charge_is_passed_over(world: Any, accountant: Accountant) -> None:
    await world.limit("tenant", daily_budget_usd=10.0)
    await world.redis.rpush(keys.CHARGES, "1-1 {}", "foreign")
    await world.complete(cost_usd=0.5)
    await world.project()
    assert await spent(accountant, world) == 0.5
    assert await world.redis.llen(keys.CHARGES) == 0


async def test_what_is_told_late_does_not_count_against_a_quota_of_now(
    world: Any, accountant: Accountant
) -> None:
    await world.limit("tenant", requests_per_second=5)
    await world.complete(cost_usd=0.1, ago=timedelta(days=2))
    await world.project()
    assert (await accountant.refresh(now=world.now)).accounts == ()
    await world.complete(cost_usd=0.1, ago=timedelta(seconds=20))
    await world.project()
    (account,) = (await accountant.refresh(now=world.now)).accounts
    assert account.requests.debt_micro == MICRO


async def test_an_emptied_redis_starts_from_the_graph(world: Any, accountant: Accountant) -> None:
    await world.limit("user", requests_per_day=10, daily_budget_usd=1.0)
    for _ in range(4):
        await world.complete(cost_usd=0.01)
    await world.project()
    await world.write()
    await accountant.refresh(now=world.now)
    await accountant.read_graph(now=world.now)
    (before,) = (await accountant.refresh(now=world.now)).accounts
    await world.redis.flushall()
    assert (await accountant.refresh(now=world.now)).accounts == ()
    await world.limit("user", requests_per_day=10, daily_budget_usd=1.0)
    for _ in range(2):
        await restore_quotas(world.redis, store=world.store, now=world.now)
    await accountant.read_graph(now=world.now)
    (after,) = (await accountant.refresh(now=world.now)).accounts
    assert after.spent_day_nano_usd == before.spent_day_nano_usd == NANO // 25
    assert after.requests.debt_micro == before.requests.debt_micro == 4 * MICRO


async def test_processes_are_counted_while_they_live(
    world: Any, accountant: Accountant, settings: GraphSettings
) -> None:
    for _ in range(3):
        await Reservations(world.redis, settings=settings).flush(now=world.now)
    assert (await accountant.refresh(now=world.now)).processes == 3
    later = world.now + timedelta(seconds=10)
    await Reservations(world.redis, settings=settings).flush(now=later)
    assert (await accountant.refresh(now=later)).processes == 1


EXPECTED_USD = 0.01
SPENDERS = 200
PROCESSES = 5
BUDGET_USD = 3.0
DAY_QUOTA = 400


class Fleet:
    """Several API processes, one projector with the composer, one writer, and many spenders."""

    def __init__(self, world: Any, settings: GraphSettings) -> None:
        self.world = world
        self.settings = settings
        self.tenants = (TenantFacts(tenant=world.tenant, daily_budget_usd=BUDGET_USD),)
        facts = UserFacts(tenant=world.tenant, user=USER, tier="g", requests_per_day=DAY_QUOTA)
        self.users = {(world.tenant, USER): facts}
        self.processes = [Reservations(world.redis, settings=settings) for _ in range(PROCESSES)]
        self.accountant = Accountant(world.redis, store=world.store, settings=settings)
        self.view = ViewSnapshot(version="0", as_of=world.now, tenants=self.tenants)
        self.random = random.Random(7)
        self.picked = self.in_flight = self.most_in_flight = 0
        self.budgeted, self.stopped = True, False
        self.spread = 0.0
        """By how much a request costs more, or less, than expected, as a share."""

    def show(self, book: AccountBook) -> None:
        self.view = ViewSnapshot(
            version="0",
            as_of=self.world.now,
            tenants=self.tenants if self.budgeted else (),
            users={} if self.budgeted else self.users,
            accounts=book.accounts,
            accounts_version=book.version,
            live_processes=book.processes,
        )

    async def _flushing(self, one: Reservations) -> None:
        while not self.stopped:
            with contextlib.suppress(HotUnavailable):
                await one.flush(now=self._now())
            await asyncio.sleep(0.02)

    async def _composing(self) -> None:
        while not self.stopped:
            with contextlib.suppress(HotUnavailable):
                await self.world.project()
                self.show(await self.accountant.refresh(now=self._now()))
            await asyncio.sleep(0.05)

    async def _writing(self) -> None:
        while not self.stopped:
            await self.world.write()
            await self.accountant.read_graph(now=self._now())
            await asyncio.sleep(0.1)

    def _now(self) -> datetime:
        return datetime.now(UTC)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        for one in self.processes:
            await one.flush(now=self._now())
        self.show(await self.accountant.refresh(now=self._now()))
        self.stopped = False
        parts = [self._flushing(one) for one in self.processes]
        running = asyncio.gather(*parts, self._composing(), self._writing())
        try:
            yield
        finally:
            self.stopped = True
            await running

    def _pick(self, one: Reservations) -> bool:
        now, tenant, view = self._now(), self.world.tenant, self.view
        reserved = one.of(view, tenant=tenant, user=USER, now=now)
        found = standing(view, tenant=tenant, user=USER, reserved=reserved, now=now)
        if found.usd is not None and found.usd.usable < EXPECTED_USD:
            return False
        if found.requests is not None and found.requests.usable < 1:
            return False
        one.add(view, tenant=tenant, user=USER, cost_usd=EXPECTED_USD, tokens=100, now=now)
        return True

    async def spend(self, number: int, *, tries: int) -> None:
        one = self.processes[number % PROCESSES]
        for _ in range(tries):
            await asyncio.sleep(self.random.uniform(0, 0.2))
            if not self._pick(one):
                continue
            self.picked += 1
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            await asyncio.sleep(self.random.uniform(0, 0.1))
            cost_usd = EXPECTED_USD * self.random.choice((1 - self.spread, 1 + self.spread))
            await self.world.complete(cost_usd=cost_usd)
            self.in_flight -= 1

    async def settled(self) -> Account:
        """The one account, once everything sent is in the graph and read from it."""
        await self.world.project()
        await self.world.write()
        await self.accountant.refresh(now=self._now())
        await self.accountant.read_graph(now=self._now())
        # A completion that overtook its booking leaves it behind until the hold time ends.
        held = timedelta(seconds=GraphSettings().reservation_hold_s + 1)
        book = await self.accountant.refresh(now=self._now() + held)
        (account,) = book.accounts
        return account


@pytest.mark.parametrize("spread", [0.0, 0.5])
async def test_two_hundred_spenders_on_one_budget(
    world: Any, settings: GraphSettings, spread: float
) -> None:
    await world.limit("tenant", daily_budget_usd=BUDGET_USD)
    fleet = Fleet(world, settings)
    fleet.spread = spread
    async with fleet.running():
        await asyncio.gather(*(fleet.spend(n, tries=15) for n in range(SPENDERS)))
    account = await fleet.settled()
    spent_usd = account.spent_day_nano_usd / NANO
    assert account.spent_day_nano_usd == await world.graph_nano_usd()
    assert account.booked_nano_usd == 0
    # The stated bound: one request for each other process, and what those under way cost more.
    bound = BUDGET_USD + (PROCESSES - 1) * EXPECTED_USD
    bound += fleet.most_in_flight * spread * EXPECTED_USD
    assert spent_usd <= bound + 1 / NANO
    assert spent_usd > BUDGET_USD - PROCESSES * EXPECTED_USD - fleet.most_in_flight * EXPECTED_USD
    assert len(world.sent) < SPENDERS * 15 / 2, "the budget never said no"


async def test_two_hundred_spenders_on_one_quota_with_redis_emptied_between(
    world: Any, settings: GraphSettings
) -> None:
    await world.limit("user", requests_per_day=DAY_QUOTA)
    fleet = Fleet(world, settings)
    fleet.budgeted = False
    async with fleet.running():
        await asyncio.gather(*(fleet.spend(n, tries=1) for n in range(SPENDERS)))
    assert fleet.picked == SPENDERS
    await fleet.settled()
    await world.redis.flushall()
    await world.begin()
    await world.limit("user", requests_per_day=DAY_QUOTA)
    await restore_quotas(world.redis, store=world.store, now=datetime.now(UTC))
    async with fleet.running():
        await asyncio.gather(*(fleet.spend(n, tries=10) for n in range(SPENDERS)))
    account = await fleet.settled()
    # What refills in this short time is less than one; each other process may add one.
    assert DAY_QUOTA - PROCESSES <= fleet.picked <= DAY_QUOTA + 1 + (PROCESSES - 1)
    assert account.requests.debt_micro <= fleet.picked * MICRO
    assert account.requests.debt_micro > (fleet.picked - 2) * MICRO


async def test_an_emptied_redis_loses_no_money(world: Any, settings: GraphSettings) -> None:
    await world.limit("tenant", daily_budget_usd=BUDGET_USD)
    fleet = Fleet(world, settings)
    async with fleet.running():
        await asyncio.gather(*(fleet.spend(n, tries=1) for n in range(SPENDERS)))
    before = await fleet.settled()
    await world.redis.flushall()
    await world.begin()
    empty = await fleet.accountant.refresh(now=datetime.now(UTC))
    assert empty.accounts == ()
    await world.limit("tenant", daily_budget_usd=BUDGET_USD)
    kept = await fleet.accountant.refresh(now=datetime.now(UTC))
    assert [a.spent_day_nano_usd for a in kept.accounts] == [before.spent_day_nano_usd]
    other = Accountant(world.redis, store=world.store, settings=settings)
    await other.refresh(now=datetime.now(UTC))
    await other.read_graph(now=datetime.now(UTC))
    (account,) = (await other.refresh(now=datetime.now(UTC))).accounts
    assert replace(account, requests=before.requests) == before
    assert account.spent_day_nano_usd == await world.graph_nano_usd()
