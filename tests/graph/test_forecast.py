"""Forecasts from the real graph: what they are made from, whose it is, when it was known."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from graph.columns import BucketColumns
from graph.errors import InvalidInput
from graph.facts import RequestFact
from graph.forecast import ForecastSeries, forecast
from graph.forecasting.history import History, together
from graph.model.traffic import CellKey
from graph.scope import TenantScope
from graph.slices import Demand, Dimension, EntityRef, Slice
from graph.store.door import GraphStore, counting
from graph.store.ledger import record

T0 = datetime(2026, 9, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAYS = 3
NOW = T0 + timedelta(days=DAYS, minutes=7)
EACH_HOUR = {"chat": 6, "reasoning": 12}


def requests(tenant: str, *, late: timedelta = timedelta()) -> list[RequestFact]:
    """So many requests of each task type in every hour, evenly; `late` ones are told later."""
    told: list[RequestFact] = []
    for task_type, number in EACH_HOUR.items():
        cell = CellKey(
            tenant, "m@b", task_type, "free", "main", "v1", None, None, None, "rule", None
        )
        for n in range(DAYS * 24 * number):
            at = T0 + n * HOUR / number
            told.append(
                RequestFact(
                    tenant=tenant,
                    id=uuid4().hex,
                    at=at,
                    recorded_at=at + late,
                    cell=cell,
                    status="ok",
                    latency_ms=100.0,
                    ttft_ms=None,
                    cost_usd=0.5,
                    prompt_tokens=30,
                    completion_tokens=10,
                    retries=0,
                    cache_hit=False,
                    properties={
                        "status": "ok",
                        "latencyMs": 100.0,
                        "costUsd": 0.5,
                        "promptTokens": 30,
                        "completionTokens": 10,
                        "retries": 0,
                        "cacheHit": False,
                    },
                    decision={"deployment": "m@b"},
                )
            )
    return told


async def asked(
    store: GraphStore,
    columns: BucketColumns,
    tenant: str,
    *,
    of: Demand = Demand.REQUESTS,
    horizon: timedelta = HOUR,
    step: timedelta = HOUR,
    group_by: tuple[Dimension, ...] = (),
    where: Slice | None = None,
    as_of: datetime | None = None,
) -> list[ForecastSeries]:
    return await forecast(
        store,
        columns,
        of=of,
        horizon=horizon,
        step=step,
        group_by=group_by,
        where=where or Slice(),
        scope=TenantScope.of(tenant),
        as_of=as_of,
        now=NOW,
    )


async def test_steady_traffic_goes_on(
    store: GraphStore, columns: BucketColumns, tenant: str
) -> None:
    await record(store, requests(tenant))
    with counting() as sent:
        (one,) = await asked(store, columns, tenant)
    assert len(sent.statements) <= 6
    (point,) = one.points
    assert point.at == T0 + timedelta(days=DAYS)
    assert point.expected == pytest.approx(18, rel=0.05)
    assert point.low95 <= point.low80 <= point.expected <= point.high80 <= point.high95
    assert one.total.expected == pytest.approx(point.expected)
    assert (one.key, one.requests, one.known_steps) == ((), DAYS * 24 * 18, DAYS * 24)
    assert one.newest_at == T0 + timedelta(days=DAYS, minutes=-10)
    assert one.method
    assert one.warnings == ()


@pytest.mark.parametrize(
    ("of", "each"), [(Demand.REQUESTS, 1), (Demand.TOKENS, 40), (Demand.COST, 0.5)]
)
async def test_each_group_has_its_own(
    store: GraphStore, columns: BucketColumns, tenant: str, of: Demand, each: float
) -> None:
    await record(store, requests(tenant))
    found = await asked(store, columns, tenant, of=of, group_by=(Dimension.TASK_TYPE,))
    assert [one.key for one in found] == [
        (EntityRef("task_type", name),) for name in sorted(EACH_HOUR)
    ]
    for one, number in zip(found, EACH_HOUR.values(), strict=True):
        assert one.points[0].expected == pytest.approx(number * each, rel=0.05)
    (chat,) = await asked(store, columns, tenant, of=of, where=Slice(task_type=frozenset({"chat"})))
    assert chat.points[0].expected == pytest.approx(found[0].points[0].expected, rel=0.05)


async def test_points_follow_one_another_as_far_as_asked(
    store: GraphStore, columns: BucketColumns, tenant: str
) -> None:
    await record(store, requests(tenant))
    step = timedelta(minutes=10)
    (one,) = await asked(store, columns, tenant, horizon=timedelta(minutes=55), step=step)
    assert [point.at for point in one.points] == [
        T0 + timedelta(days=DAYS) + n * step for n in range(6)
    ]
    assert one.total.expected == pytest.approx(sum(point.expected for point in one.points))
    assert one.total.high95 <= sum(point.high95 for point in one.points) + 1e-9


async def test_only_what_was_known_then_counts(
    store: GraphStore, columns: BucketColumns, tenant: str
) -> None:
    await record(store, requests(tenant, late=timedelta(hours=30)))
    as_of = T0 + timedelta(days=2)
    (then,) = await asked(store, columns, tenant, as_of=as_of)
    # Of two days, what had come in the first 18 hours was known: told 30 hours late.
    assert then.requests == 18 * 18 + 2  # the first of the hour under way, of both task types
    assert then.newest_at is not None
    assert then.newest_at <= as_of - timedelta(hours=29)
    assert any("no request was recorded since" in words for words in then.warnings)
    (now,) = await asked(store, columns, tenant)
    assert now.requests == DAYS * 24 * 18


async def test_a_history_loaded_later_is_used_and_said_to_be(
    store: GraphStore, columns: BucketColumns, tenant: str
) -> None:
    await record(store, requests(tenant, late=timedelta(days=30)))
    (then,) = await asked(store, columns, tenant, as_of=T0 + timedelta(days=2))
    assert then.requests == 2 * 24 * 18
    assert then.warnings[0].startswith("nothing had been recorded by then")


async def test_nothing_recorded_is_no_forecast(
    store: GraphStore, columns: BucketColumns, tenant: str
) -> None:
    assert await asked(store, columns, tenant) == []
    await record(store, requests(tenant))
    assert await asked(store, columns, f"{tenant}-other") == []


async def test_little_history_is_said(
    store: GraphStore, columns: BucketColumns, tenant: str
) -> None:
    await record(store, [one for one in requests(tenant) if one.at < T0 + 3 * HOUR])
    (one,) = await asked(store, columns, tenant, as_of=T0 + 3 * HOUR)
    assert any("only 3 hours of history" in words for words in one.warnings)
    assert one.points[0].expected > 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"horizon": timedelta(minutes=5)}, "horizonMinutes"),
        ({"horizon": timedelta(hours=25)}, "horizonMinutes"),
        ({"step": timedelta(minutes=15)}, "stepMinutes"),
        ({"step": timedelta()}, "stepMinutes"),
        ({"group_by": (Dimension.EVALUATOR,)}, "groupBy"),
        ({"group_by": (Dimension.TIER, Dimension.TIER)}, "groupBy"),
        ({"as_of": NOW + HOUR}, "asOf"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    store: GraphStore, columns: BucketColumns, tenant: str, given: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await asked(store, columns, tenant, **given)  # pyright: ignore[reportArgumentType]  # one of each kind
    assert caught.value.field == field


def test_histories_add_up_from_their_ends() -> None:
    long = History(T0, HOUR, np.array([1.0, 2.0, 3.0]))
    short = History(T0 + HOUR, HOUR, np.array([10.0, 20.0]))
    total = together([short, long])
    assert total.start == T0
    assert total.values.tolist() == [1, 12, 23]
