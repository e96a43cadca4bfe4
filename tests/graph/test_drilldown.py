"""The first requests of a slice in each order, held against sorting all of them by hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from graph.buckets import LARGEST_SUM, MEASURE_NAMES
from graph.columns import BucketColumns
from graph.drilldown import (
    LONGEST,
    Asked,
    Places,
    RequestOrder,
    batches,
    places_of,
    requests,
    spans_of,
)
from graph.errors import InvalidInput
from graph.facts import RequestFact, ScoreFact
from graph.frame import Scores, SketchColumn, Traffic
from graph.model.traffic import CellKey
from graph.scope import TenantScope
from graph.slices import Period, Slice
from graph.store.door import GraphStore, counting
from graph.store.ledger import record

T0 = datetime(2026, 9, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WHOLE = Period(T0, T0 + 40 * HOUR)
RAGGED = Period(T0 + timedelta(hours=3, minutes=20), T0 + timedelta(hours=26, minutes=45))
INSIDE_A_DAY = Period(T0 + 2 * HOUR, T0 + 12 * HOUR)
KNOWN = T0 + timedelta(hours=9, minutes=31, seconds=7)
COUNT = 250


def traffic(tenant: str, *, seed: int = 3) -> list[RequestFact]:
    """Requests over a day and a half; some are told late, some fail, some have no known cost."""
    rng = np.random.default_rng(seed)
    told: list[RequestFact] = []
    for n in range(COUNT):
        at = T0 + timedelta(minutes=8 * n, seconds=n % 60)
        deployment, tier = (
            f"{'ab'[n % 2]}@{('aws', 'k8s')[n % 3 % 2]}",
            ("premium", "free")[n % 5 % 2],
        )
        cell = CellKey(
            tenant, deployment, "chat", tier, "main", "v1", None, None, None, "rule", None
        )
        # Some are equal, so that only their ids tell which comes first.
        latency_ms = float(round(rng.lognormal(6, 0.8), -2))
        cost_usd = None if n % 7 == 0 else round(float(rng.lognormal(-6, 1)), 4)
        status = "error" if n % 11 == 0 else "ok"
        told.append(
            RequestFact(
                tenant=tenant,
                id=f"r{n}",
                at=at,
                recorded_at=at + timedelta(minutes=(0, 1, 200)[n % 3]),
                cell=cell,
                status=status,
                latency_ms=latency_ms,
                ttft_ms=None,
                cost_usd=cost_usd,
                prompt_tokens=100,
                completion_tokens=50,
                retries=0,
                cache_hit=False,
                properties={
                    "user": f"u{n % 4}",
                    "tier": tier,
                    "taskType": "chat",
                    "status": status,
                    "latencyMs": latency_ms,
                    "costUsd": cost_usd,
                    "promptTokens": 100,
                    "completionTokens": 50,
                    "retries": 0,
                    "cacheHit": False,
                },
                decision={
                    "deployment": deployment,
                    "policy": "main",
                    "policyVersion": "v1",
                    "method": "rule",
                },
            )
        )
    return told


def verdicts(facts: Sequence[RequestFact]) -> list[ScoreFact]:
    """Scores of two evaluators for a third of the requests, some corrected hours later."""
    rng = np.random.default_rng(4)
    told: list[ScoreFact] = []
    for n, one in enumerate(facts[::3]):
        for evaluator in ("judge", "thumbs")[: 1 + n % 2]:
            for correction in range(1 + (n % 4 == 0)):
                when = one.at + timedelta(hours=1.5 + 5 * correction, minutes=n % 50)
                key = f"{one.tenant}-{one.id}-{evaluator}-{correction}"
                score = round(float(rng.random()), 2)
                properties = {
                    "key": key,
                    "evaluator": evaluator,
                    "evaluatorVersion": "1",
                    "score": score,
                }
                told.append(
                    ScoreFact(
                        key, one.tenant, one.id, when, when, evaluator, "1", score, properties
                    )
                )
    return told


class Told:
    """A tenant with its traffic, and the answers as a patient reader would find them."""

    def __init__(self, store: GraphStore) -> None:
        self.store, self.columns = store, BucketColumns(store)
        self.tenant = f"t-{uuid4().hex[:12]}"
        self.scope = TenantScope.of(self.tenant)
        self.requests = traffic(self.tenant)
        self.scores = verdicts(self.requests)

    async def ids(self, order: RequestOrder, during: Period, **asked: Any) -> list[str]:
        given: dict[str, Any] = {"where": Slice(), "scope": self.scope, **asked}
        found = await requests(self.store, self.columns, during=during, order=order, **given)
        return [one.id for one in found]

    def expected(
        self,
        order: RequestOrder,
        during: Period,
        *,
        known_at: datetime | None = None,
        failed: bool = False,
        first: int = 20,
        keep: Callable[[RequestFact], bool] = lambda _: True,
    ) -> list[str]:
        ranks: list[tuple[float, str]] = []
        for one in self.requests:
            if not (during.start <= one.at < during.end and keep(one)):
                continue
            if (known_at and one.recorded_at > known_at) or (failed and one.status == "ok"):
                continue
            rank = self.rank(one, order, known_at)
            if rank is not None:
                ranks.append((rank, one.id))
        return [one for _, one in sorted(ranks)[:first]]

    def rank(
        self, one: RequestFact, order: RequestOrder, known_at: datetime | None
    ) -> float | None:
        match order:
            case RequestOrder.NEWEST:
                return -one.at.timestamp()
            case RequestOrder.SLOWEST:
                return -one.latency_ms
            case RequestOrder.DEAREST:
                return None if one.cost_usd is None else -one.cost_usd
            case RequestOrder.WORST_SCORED:
                newest = {
                    score.evaluator: score.score
                    for score in sorted(self.scores, key=lambda s: s.recorded_at)
                    if score.request_id == one.id
                    and (known_at is None or score.recorded_at <= known_at)
                }
                return round(fmean(newest.values()), 9) if newest else None


@pytest.fixture(scope="module")
async def told(store: GraphStore) -> Told:
    loaded = Told(store)
    await record(store, [*loaded.requests, *loaded.scores])
    return loaded


@pytest.mark.parametrize("order", RequestOrder)
@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("known_at", [None, KNOWN])
async def test_each_order_is_that_of_sorting_everything(
    told: Told, order: RequestOrder, failed: bool, known_at: datetime | None
) -> None:
    for during in (WHOLE, RAGGED):
        asked: dict[str, Any] = {"failed": failed, "known_at": known_at, "first": 7}
        expected = told.expected(order, during, **asked)
        assert await told.ids(order, during, **asked) == expected
        assert expected, "or nothing is tested"


@pytest.mark.parametrize("order", RequestOrder)
async def test_slices_and_users_are_kept_to(told: Told, order: RequestOrder) -> None:
    premium = Slice(tier=frozenset({"premium"}), backend=frozenset({"aws"}))
    both = replace(premium, user=frozenset({"u1", "u2"}))

    def inside(one: RequestFact) -> bool:
        return one.cell.tier == "premium" and one.cell.deployment.endswith("@aws")

    def theirs(one: RequestFact) -> bool:
        return inside(one) and one.properties["user"] in {"u1", "u2"}

    assert await told.ids(order, RAGGED, where=premium) == told.expected(order, RAGGED, keep=inside)
    assert await told.ids(order, RAGGED, where=both) == told.expected(order, RAGGED, keep=theirs)
    known = {"known_at": KNOWN, "failed": True}
    own = Slice(user=frozenset({"u3"}))
    assert await told.ids(order, WHOLE, where=own, **known) == told.expected(
        order,
        WHOLE,
        known_at=KNOWN,
        failed=True,
        keep=lambda one: one.properties["user"] == "u3",
    )


async def test_what_is_found_is_told_whole(told: Told) -> None:
    (one,) = await requests(
        told.store, told.columns, during=WHOLE, where=Slice(), first=1, scope=told.scope
    )
    newest = told.requests[-1]
    assert (one.id, one.tenant, one.at, one.latency_ms) == (
        newest.id,
        told.tenant,
        newest.at,
        newest.latency_ms,
    )
    assert one.decision.deployment == newest.cell.deployment


async def test_tenants_see_their_own_though_their_ids_are_alike(
    told: Told, store: GraphStore
) -> None:
    other = Told(store)
    other.requests = [replace(one, status="ok") for one in traffic(other.tenant, seed=9)]
    await record(store, other.requests)
    theirs = await told.ids(RequestOrder.SLOWEST, WHOLE, scope=other.scope, first=5)
    assert theirs == other.expected(RequestOrder.SLOWEST, WHOLE, first=5)
    both = TenantScope.of(told.tenant, other.tenant)
    found = await requests(store, told.columns, during=WHOLE, where=Slice(), first=4, scope=both)
    assert sorted((one.id, one.tenant) for one in found) == sorted(
        (one, tenant) for one in ("r249", "r248") for tenant in (told.tenant, other.tenant)
    )
    foreign = Slice(tenant=frozenset({told.tenant}))
    assert await told.ids(RequestOrder.NEWEST, WHOLE, scope=other.scope, where=foreign) == []


async def test_the_newest_are_found_without_reading_the_month(told: Told) -> None:
    month = Period(T0 - 25 * 24 * HOUR, T0 + timedelta(minutes=8 * COUNT))
    with counting() as counted:
        await told.ids(RequestOrder.NEWEST, month, first=5)
    assert counted.statements.count("leading_requests") == 1
    assert counted.statements.count("hour_versions") == 1
    assert len(counted.statements) <= 6


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"first": 0}, "first"),
        ({"first": 101}, "first"),
        ({"during": Period(T0, T0 + LONGEST + HOUR)}, "during"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given: dict[str, Any], field: str) -> None:
    usual = asked(RequestOrder.NEWEST)
    with pytest.raises(InvalidInput) as error:
        replace(usual, **given)
    assert error.value.field == field


def asked(order: RequestOrder, **more: Any) -> Asked:
    usual: dict[str, Any] = {
        "during": WHOLE,
        "where": Slice(),
        "order": order,
        "failed": False,
        "first": 20,
        "scope": TenantScope.all(),
        "known_at": None,
    }
    return Asked(**{**usual, **more})


def test_batches_grow_and_lose_nothing() -> None:
    count = np.array([5_000, 100, 90, *[150] * 500], dtype=np.int64)
    numbers = np.arange(len(count), dtype=np.int64)
    found = list(batches(Places(numbers, numbers, count, numbers.astype(np.float64))))
    assert np.concatenate([one.cell for one in found]).tolist() == numbers.tolist()
    assert [len(one.cell) for one in found[:2]] == [1, 7]
    assert all(one.count.sum() <= 20_000 for one in found)
    none = numbers[:0]
    assert list(batches(Places(none, none, none, none.astype(np.float64)))) == []


def test_spans_cover_the_period_the_newest_first() -> None:
    during = Period(T0 + timedelta(minutes=7), T0 + LONGEST)
    spans = spans_of(during, newest_first=True)
    assert spans[0].end == during.end
    assert spans[-1].start == during.start
    assert all(later.start == earlier.end for later, earlier in pairwise(spans))
    assert spans_of(during, newest_first=False) == [during]


async def test_more_than_may_be_looked_at_is_refused(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.drilldown.LOOKED_AT_MOST", 150)
    with pytest.raises(InvalidInput, match="shorter period"):
        await told.ids(RequestOrder.SLOWEST, WHOLE, first=5)
    assert await told.ids(RequestOrder.SLOWEST, INSIDE_A_DAY, first=5)


def test_what_nothing_tells_of_is_never_left_out() -> None:
    """Rows without a sketch, without arrivals within the hour, or with sums at their limit."""
    numbers = np.zeros(1, dtype=np.int64)
    measures = np.zeros((1, len(MEASURE_NAMES)), dtype=np.int64)
    for name, value in (("count", 3), ("costCount", 3), ("costSquaresMicroUsd2", LARGEST_SUM)):
        measures[:, MEASURE_NAMES.index(name)] = value
    row = Traffic(numbers, numbers + 7_200, numbers + 7_200, measures, SketchColumn())
    bounds = {
        order: places_of(row, Scores(), asked(order)).bound.tolist() for order in RequestOrder
    }
    assert bounds == {
        RequestOrder.NEWEST: [-10_800e6],
        RequestOrder.SLOWEST: [-np.inf],
        RequestOrder.DEAREST: [-np.inf],
        RequestOrder.WORST_SCORED: [],
    }
