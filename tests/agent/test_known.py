"""Names that are kept for a while: read once, shared, bounded, read anew."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent import known
from agent.known import FRESH_S, KEPT, KnownNames
from graph.errors import GraphUnavailable
from graph.names import Happening, Names
from graph.scope import TenantScope
from graph.store.door import GraphStore
from tests.agent.playbooks.worlds import NOW, SmallFleet

OURS, THEIRS = TenantScope.of("ours"), TenantScope.of("theirs")
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Reading:
    """Stands where the graph is read, counts how often, and waits or fails as a test wants."""

    def __init__(self) -> None:
        self.asked: list[tuple[TenantScope, datetime]] = []
        self.clock_s = 100.0
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.error: Exception | None = None
        self.known = KnownNames(clock=lambda: self.clock_s)

    async def names(self, store: Any, *, now: datetime, scope: TenantScope) -> Names:
        _ = store
        self.asked.append((scope, now))
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        soon = Happening(id="soon", kind="rollout", title="", at=NOON + 30 * SECOND)
        return Names(tenants=tuple(scope.parameter or ()), changes=(soon,))

    async def of(self, now: datetime = NOON, scope: TenantScope = OURS) -> Names:
        nobody: Any = None
        return await self.known.of(nobody, now=now, scope=scope)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    told = Reading()
    monkeypatch.setattr(known, "names", told.names)
    return told


async def test_names_are_read_once_for_a_while(reading: Reading) -> None:
    first = await reading.of()
    reading.clock_s += FRESH_S - 0.1
    assert await reading.of(NOON - 20 * SECOND) == first
    assert len(reading.asked) == 1
    reading.clock_s += 0.2
    await reading.of()
    assert len(reading.asked) == 2


async def test_each_scope_has_its_own(reading: Reading) -> None:
    assert (await reading.of(scope=OURS)).tenants == ("ours",)
    assert (await reading.of(scope=THEIRS)).tenants == ("theirs",)
    assert (await reading.of(scope=OURS)).tenants == ("ours",)
    assert [scope for scope, _ in reading.asked] == [OURS, THEIRS]


async def test_what_lies_ahead_in_the_minute_is_not_known(reading: Reading) -> None:
    assert (await reading.of(NOON + 29 * SECOND)).changes == ()
    (soon,) = (await reading.of(NOON + 30 * SECOND)).changes
    assert soon.id == "soon"
    assert [now for _, now in reading.asked] == [NOON + 60 * SECOND], "both of one reading"


async def test_who_asks_at_once_shares_a_reading(reading: Reading) -> None:
    reading.may_end.clear()
    waiting = [asyncio.create_task(reading.of()) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    reading.may_end.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert all(isinstance(one, Names) for one in found[1:])
    assert len(reading.asked) == 1


async def test_a_failure_is_told_to_all_and_not_kept(reading: Reading) -> None:
    reading.may_end.clear()
    reading.error = GraphUnavailable("away")
    waiting = [asyncio.create_task(reading.of()) for _ in range(3)]
    await asyncio.sleep(0)
    reading.may_end.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in found] == [GraphUnavailable] * 3
    assert len(reading.asked) == 1
    reading.error = None
    assert (await reading.of()).tenants == ("ours",)


async def test_so_many_are_kept_and_no_more(reading: Reading) -> None:
    for minute in range(KEPT + 1):
        await reading.of(NOON + minute * timedelta(minutes=1))
    assert len(reading.asked) == KEPT + 1
    await reading.of(NOON + KEPT * timedelta(minutes=1))
    assert len(reading.asked) == KEPT + 1
    await reading.of(NOON)
    assert len(reading.asked) == KEPT + 2, "the oldest went"


async def test_the_names_of_a_graph(store: GraphStore, small_fleet: SmallFleet) -> None:
    found = await KnownNames().of(store, now=NOW, scope=TenantScope.of(small_fleet.tenant))
    assert small_fleet.hit in found.deployments
    assert found.tenants == (small_fleet.tenant,)
    assert small_fleet.incident in {one.id for one in found.incidents}
