"""Budgets on a real graph, against what a plain reader of the same facts would add up."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.buckets import MEASURE_NAMES, measures_of
from graph.budgets import Budget, Spent, budget, budgets, spent_of
from graph.columns import BucketColumns
from graph.costing.plans import Plan
from graph.errors import InvalidInput
from graph.facts import EntityFact, RequestFact
from graph.forecasting.history import History
from graph.frame import Traffic
from graph.model.declare import Entity
from graph.model.traffic import CellKey
from graph.model.world import BUDGET, TENANT, USER
from graph.scope import TenantScope
from graph.slices import EntityRef, Granularity, Metric, Period, Slice
from graph.store.door import GraphStore, counting
from graph.store.ledger import record
from graph.trends import trend

MONTH = datetime(2026, 9, 1, tzinfo=UTC)
T0 = datetime(2026, 8, 30, tzinfo=UTC)
DAY = datetime(2026, 9, 3, tzinfo=UTC)
NOW = DAY + timedelta(hours=15, minutes=25)
H = timedelta(hours=1)


def told(entity: Entity, key: tuple[str, ...], at: datetime, **properties: Any) -> EntityFact:
    return EntityFact(entity, key, uuid4().hex, at, at, properties)


def requests(tenant: str, *, seed: int = 4, count: int = 500) -> list[RequestFact]:
    """Five days of requests of some users, every sixth told hours late."""
    rng = random.Random(seed)
    made: list[RequestFact] = []
    for n in range(count):
        at = T0 + (NOW - T0) * (n + rng.random()) / count
        late = timedelta(hours=rng.uniform(0, 9) if n % 6 == 0 else 0, seconds=2)
        deployment = ("a@aws", "b@k8s")[n % 2]
        cost = round(rng.lognormvariate(-4, 1), 7)
        cell = CellKey(
            tenant, deployment, "chat", ("free", "gold")[n % 3 == 0], "p", "v1", None, None,
            None, "rule", None, "0-512",
        )  # fmt: skip
        properties = {
            "user": f"u{n % 5}", "status": "ok", "latencyMs": 100.0, "costUsd": cost,
            "promptTokens": 100, "completionTokens": 50, "retries": 0, "cacheHit": False,
        }  # fmt: skip
        made.append(
            RequestFact(
                tenant=tenant, id=f"{tenant}-{n}", at=at, recorded_at=at + late, cell=cell,
                status="ok", latency_ms=100.0, ttft_ms=None, cost_usd=cost, prompt_tokens=100,
                completion_tokens=50, retries=0, cache_hit=False, properties=properties,
                decision={"deployment": deployment},
            )
        )  # fmt: skip
    return made


def nano(facts: Sequence[RequestFact]) -> int:
    return sum(round((one.cost_usd or 0) * 1e9) for one in facts)


class Place:
    """A tenant with all kinds of budgets."""

    def __init__(self, store: GraphStore) -> None:
        self.store, self.columns = store, BucketColumns(store)
        self.tenant = f"t-{uuid4().hex[:12]}"
        self.scope = TenantScope.of(self.tenant)
        self.requests = requests(self.tenant)

    async def load(self) -> None:
        later = DAY + 12 * H
        where = orjson.dumps({"tier": "gold", "model": "a"}).decode()
        await record(
            self.store,
            [
                *self.requests,
                told(TENANT, (self.tenant,), T0, dailyBudgetUsd=3.0, monthlyBudgetUsd=40.0),
                told(TENANT, (self.tenant,), later, dailyBudgetUsd=1.0, monthlyBudgetUsd=40.0),
                told(
                    BUDGET, (self.tenant, "gold-a"), T0,
                    limitUsd=0.5, period="month", where=where,
                ),
                *(
                    told(USER, (self.tenant, f"u{n}"), T0, tier="free", dailyBudgetUsd=0.2 + n)
                    for n in range(4)
                ),
                told(USER, (self.tenant, "u4"), T0, tier="free"),
            ],
        )  # fmt: skip

    def seen(self, start: datetime, end: datetime, known_at: datetime | None) -> list[RequestFact]:
        return [
            one
            for one in self.requests
            if start <= one.at < end and (known_at is None or one.recorded_at <= known_at)
        ]

    async def ask(self, *, at: datetime | None = None, **asked: Any) -> list[Budget]:
        given: dict[str, Any] = {
            "tenant": None, "scope": self.scope, "now": NOW, "known_at": at, **asked,
        }  # fmt: skip
        return await budgets(self.store, self.columns, at=at, **given)


@pytest.fixture(scope="module")
async def place(store: GraphStore) -> Place:
    loaded = Place(store)
    await loaded.load()
    return loaded


def named(found: Sequence[Budget]) -> dict[str, Budget]:
    return {one.id: one for one in found}


@pytest.mark.parametrize("known_then", [True, False])
@pytest.mark.parametrize("at", [None, DAY + 9.4 * H, DAY + 13 * H, MONTH + 40 * H])
async def test_what_is_spent_is_the_plain_sum(
    place: Place, at: datetime | None, known_then: bool
) -> None:
    known_at = at if known_then else None
    found = named(await place.ask(at=at, known_at=known_at))
    assert list(found) == ["tenant/day", "tenant/month", "gold-a"]
    instant = at or NOW
    for one in found.values():
        seen = place.seen(one.starts_at, instant, known_at)
        if one.id == "gold-a":
            seen = [r for r in seen if (r.cell.tier, r.cell.deployment) == ("gold", "a@aws")]
        assert round(one.spent_usd * 1e9) == nano(seen)
        assert one.requests == len(seen)
        assert one.remaining_usd == one.limit_usd - one.spent_usd
    (series,) = await trend(
        place.store, place.columns, metric=Metric.COST,
        during=Period(found["tenant/day"].starts_at, instant), granularity=Granularity.DAY,
        where=Slice(), scope=place.scope, known_at=known_at, now=NOW,
    )  # fmt: skip
    assert found["tenant/day"].spent_usd == pytest.approx(series.points[0].value)


async def test_periods_rates_and_forecasts(place: Place) -> None:
    found = named(await place.ask())
    day, month = found["tenant/day"], found["tenant/month"]
    assert (day.starts_at, day.ends_at) == (DAY, DAY + 24 * H)
    assert (month.starts_at, month.ends_at) == (MONTH, datetime(2026, 10, 1, tzinfo=UTC))
    elapsed = (NOW - DAY) / (24 * H)
    assert day.burn_rate == pytest.approx(day.spent_usd / (day.limit_usd * elapsed))
    for one in found.values():
        low, middle, high = one.forecast_low_usd, one.forecast_usd, one.forecast_high_usd
        assert low is not None
        assert middle is not None
        assert high is not None
        assert one.spent_usd <= low <= middle <= high
        assert one.method is not None
        if one.spent_usd < one.limit_usd:
            assert (one.exhausted_at is not None) == (middle > one.limit_usd)
    # About four days of five were seen, 27 are left of the month.
    assert 4 * month.spent_usd < (month.forecast_usd or 0) < 20 * month.spent_usd


async def test_a_limit_passed_is_told_by_the_request_that_passed_it(place: Place) -> None:
    for at in (None, DAY + 15 * H):
        found = named(await place.ask(at=at))
        for name in ("tenant/day", "gold-a"):
            one = found[name]
            seen = place.seen(one.starts_at, at or NOW, at)
            if name == "gold-a":
                seen = [r for r in seen if (r.cell.tier, r.cell.deployment) == ("gold", "a@aws")]
            spent = 0
            for request in sorted(seen, key=lambda r: r.at):
                spent += nano([request])
                if spent >= one.limit_usd * 1e9:
                    assert one.exhausted_at == request.at.replace(microsecond=0)
                    break
            else:
                pytest.fail("this budget was to be used up")
            assert one.remaining_usd < 0


async def test_the_limit_is_the_one_in_force_then(place: Place) -> None:
    assert named(await place.ask(at=DAY + 11 * H))["tenant/day"].limit_usd == 3.0
    assert named(await place.ask(at=DAY + 13 * H))["tenant/day"].limit_usd == 1.0
    assert await place.ask(at=T0 - H) == []


async def test_users_follow_where_their_tenant_is_asked_for(place: Place) -> None:
    for at in (None, DAY + 14.3 * H):
        found = await place.ask(tenant=place.tenant, at=at)
        users = [one for one in found if one.where and one.where[0].kind == "user"]
        assert len(found) == 3 + 4
        used = [one.spent_usd / one.limit_usd for one in users]
        assert used == sorted(used, reverse=True)
        assert found[3:] == users
        for one in users:
            seen = place.seen(DAY, at or NOW, at)
            own = [r for r in seen if r.properties["user"] == one.where[0].id]
            assert round(one.spent_usd * 1e9) == nano(own)
            assert one.requests == len(own)
            assert one.forecast_usd is not None
        spender = users[0]
        assert spender.where == (EntityRef("user", "u0"),)
        assert spender.remaining_usd < 0
        assert spender.exhausted_at is not None
        assert any(r.at.replace(microsecond=0) == spender.exhausted_at for r in place.requests)


async def test_foreign_tenants_and_what_is_to_come(place: Place) -> None:
    assert await place.ask(tenant="t-other") == []
    assert await place.ask(scope=TenantScope.of("t-other"), tenant=place.tenant) == []
    assert await place.ask(scope=TenantScope.of("t-other")) == []
    mine = [one for one in await place.ask(scope=TenantScope.all()) if one.tenant == place.tenant]
    assert mine == await place.ask()
    with pytest.raises(InvalidInput) as caught:
        await place.ask(at=NOW + H)
    assert caught.value.field == "at"


async def test_a_budget_for_another_tenant_shows_only_to_who_sees_both(
    place: Place, store: GraphStore
) -> None:
    other = f"t-{uuid4().hex[:12]}"
    where = orjson.dumps({"tenant": place.tenant}).decode()
    fact = told(BUDGET, (other, "b"), T0, limitUsd=9.0, period="day", where=where)
    await record(store, [fact])
    assert await place.ask(scope=TenantScope.of(other)) == []
    (both,) = await place.ask(scope=TenantScope.of(other, place.tenant), tenant=other)
    assert both.spent_usd == named(await place.ask())["tenant/day"].spent_usd
    assert both.tenant == other


async def test_few_statements(place: Place) -> None:
    await place.ask()
    with counting() as statements:
        await place.ask()
    assert len(statements.statements) <= 5
    with counting() as statements:
        await place.ask(tenant=place.tenant)
    assert len(statements.statements) <= 9


def columns_of(facts: Sequence[RequestFact]) -> Traffic:
    """One row for each request."""
    rows = np.zeros((len(facts), len(MEASURE_NAMES)), dtype=np.int64)
    for row, one in zip(rows, facts, strict=True):
        amounts = measures_of(
            minute=one.at.minute, status="ok", latency_ms=1.0, ttft_ms=None,
            cost_usd=one.cost_usd, prompt_tokens=1, completion_tokens=1, retries=0,
            cache_hit=False,
        )  # fmt: skip
        row[:] = [amounts.get(name, 0) for name in MEASURE_NAMES]
    hours = [int(one.at.timestamp()) // 3600 * 3600 for one in facts]
    return Traffic(
        cell=np.zeros(len(facts), dtype=np.int64),
        hour=np.array(hours, dtype=np.int64),
        recorded_hour=np.array(hours, dtype=np.int64),
        measures=rows,
    )


@given(st.integers(0, 10_000), st.integers(0, 60), st.integers(0, 1), st.randoms())
def test_sums_are_exact_in_any_order(
    seed: int, count: int, monthly: int, order: random.Random
) -> None:
    facts = requests("t", seed=seed, count=count)
    order.shuffle(facts)
    period, start = [("day", DAY), ("month", MONTH)][monthly]
    found = spent_of(columns_of(facts), period, at=NOW, history=None)
    assert found.total == nano([one for one in facts if one.at >= start])
    assert found.requests == sum(one.at >= start for one in facts)


def spent(total_usd: float) -> Spent:
    hours = int(DAY.timestamp()) + 3600 * np.arange(16)
    history = History(DAY - 85 * H, H, np.full(100, total_usd / 16))
    return Spent(hours, np.full(16, round(total_usd * 1e9 / 16), dtype=np.int64), 16, history)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_what_is_told_of_a_budget_fits_together(limit_cents: int, total_cents: int) -> None:
    limit, total = limit_cents / 100, total_cents / 100
    one = budget(Plan("b", "t", "day", limit), spent(total), at=NOW)
    assert one.remaining_usd == one.limit_usd - one.spent_usd
    assert (one.burn_rate > 1) == (one.spent_usd > limit * (NOW - DAY) / (24 * H)) or limit == 0
    if one.exhausted_at is not None:
        assert one.starts_at <= one.exhausted_at <= one.ends_at
        if abs(limit - total) > 1e-6:
            assert (one.exhausted_at <= NOW) == (total > limit)
    elif total > 1e-6:
        assert one.forecast_usd is not None
        assert one.forecast_usd <= limit + 1e-6


def test_without_any_history_there_is_no_forecast() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    one = budget(Plan("b", "t", "month", 5.0), Spent(nothing, nothing, 0, None), at=NOW)
    assert (one.forecast_usd, one.exhausted_at, one.method) == (None, None, None)
    assert (one.spent_usd, one.burn_rate, one.remaining_usd) == (0.0, 0.0, 5.0)
