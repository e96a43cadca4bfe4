"""Trends from buckets, held against the same figures counted from the requests themselves."""

import math
import random
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph.columns import BucketColumns
from graph.errors import InvalidInput
from graph.facts import RequestFact, ScoreFact
from graph.model.traffic import CellKey
from graph.scope import TenantScope
from graph.slices import Dimension, EntityRef, Granularity, Metric, Period, Slice
from graph.store.door import GraphStore, counting
from graph.store.ledger import record
from graph.trends import Comparison, Point, Series, compare, trend

T0 = datetime(2026, 9, 1, tzinfo=UTC)
NOW = T0 + timedelta(days=3)
VERSIONS = {"judge": "1", "thumbs": "2@eu"}


def traffic(tenant: str, count: int = 300) -> list[RequestFact]:
    """Requests over a day and a half, some of them told hours late."""
    rng = random.Random(5)
    told: list[RequestFact] = []
    for n in range(count):
        at = T0 + timedelta(minutes=7 * n, seconds=n % 60)
        recorded_at = at + timedelta(minutes=rng.choice([0, 1, 1, 200]))
        deployment = rng.choice(["a@aws", "b@aws", "a@k8s"])
        cell = CellKey(
            tenant,
            deployment,
            rng.choice(["reasoning", "chat"]),
            rng.choice(["premium", "free"]),
            "main",
            rng.choice(["v1", "v2"]),
            None,
            None,
            "r1",
            "rule",
            None,
        )
        status = rng.choice(["ok"] * 9 + ["error"])
        latency_ms, cost_usd = rng.lognormvariate(6, 0.6), round(rng.uniform(0, 0.01), 6)
        told.append(
            RequestFact(
                tenant=tenant,
                id=f"{tenant}-r{n}",
                at=at,
                recorded_at=recorded_at,
                cell=cell,
                status=status,
                latency_ms=latency_ms,
                ttft_ms=None if n % 3 else latency_ms / 3,
                cost_usd=cost_usd,
                prompt_tokens=100,
                completion_tokens=50,
                retries=0,
                cache_hit=False,
                properties={
                    "user": f"u{n % 4}",
                    "status": status,
                    "latencyMs": latency_ms,
                    "ttftMs": None if n % 3 else latency_ms / 3,
                    "costUsd": cost_usd,
                    "promptTokens": 100,
                    "completionTokens": 50,
                    "retries": 0,
                    "cacheHit": False,
                },
                decision={"deployment": deployment},
            )
        )
    return told


def verdicts(requests: Sequence[RequestFact]) -> list[ScoreFact]:
    """Late scores for most requests, from two evaluators, some of them corrected later."""
    rng = random.Random(6)
    told: list[ScoreFact] = []
    for n, one in enumerate(requests):
        for evaluator in ("judge", "thumbs")[: n % 3]:
            at = one.at + timedelta(hours=rng.uniform(0.1, 20))
            for correction in range(1 + (n % 5 == 0)):
                when = at + timedelta(hours=4 * correction)
                key, value = f"{one.id}-{evaluator}-{correction}", round(rng.random(), 3)
                properties = {
                    "key": key,
                    "evaluator": evaluator,
                    "evaluatorVersion": VERSIONS[evaluator],
                    "score": value,
                }
                told.append(
                    ScoreFact(
                        key,
                        one.tenant,
                        one.id,
                        when,
                        when,
                        evaluator,
                        VERSIONS[evaluator],
                        value,
                        properties,
                    )
                )
    return told


class Told:
    """A tenant with its traffic, and the figures as a plain reader would count them."""

    def __init__(self, store: GraphStore, columns: BucketColumns, tenant: str) -> None:
        self.store, self.columns, self.tenant = store, columns, tenant
        self.scope = TenantScope.of(tenant)
        self.requests = traffic(tenant)
        self.scores = verdicts(self.requests)

    async def load(self) -> None:
        await record(self.store, [*self.scores[::2], *self.requests, *self.scores[1::2]])

    async def trend(self, metric: Metric, during: Period, **asked: Any) -> list[Series]:
        given: dict[str, Any] = {
            "granularity": Granularity.WEEK,
            "where": Slice(),
            "now": NOW,
            **asked,
        }
        return await trend(
            self.store, self.columns, metric=metric, during=during, scope=self.scope, **given
        )

    def seen(
        self,
        during: Period,
        *,
        known_at: datetime | None = None,
        keep: Callable[[RequestFact], bool] = lambda _: True,
    ) -> list[RequestFact]:
        return [
            one
            for one in self.requests
            if during.start <= one.at < during.end
            and (known_at is None or one.recorded_at <= known_at)
            and keep(one)
        ]

    def scores_of(
        self, requests: Sequence[RequestFact], known_at: datetime | None = None
    ) -> list[float]:
        ids = {one.id for one in requests}
        newest: dict[tuple[str, str], ScoreFact] = {}
        for score in sorted(self.scores, key=lambda s: (s.recorded_at, s.at, s.key)):
            if score.request_id in ids and (known_at is None or score.recorded_at <= known_at):
                newest[score.request_id, score.evaluator] = score
        return [score.score for score in newest.values()]


@pytest.fixture(scope="module")
async def told(store: GraphStore) -> Told:
    """Loaded once: only what a test records of its own goes to another tenant."""
    loaded = Told(store, BucketColumns(store), f"t-{uuid4().hex[:12]}")
    await loaded.load()
    return loaded


WHOLE = Period(T0, T0 + timedelta(days=2))
RAGGED = Period(T0 + timedelta(hours=3, minutes=20), T0 + timedelta(hours=26, minutes=45))
INSIDE_AN_HOUR = Period(T0 + timedelta(hours=3, minutes=5), T0 + timedelta(hours=3, minutes=50))
PERIODS = [WHOLE, RAGGED, INSIDE_AN_HOUR]
KNOWN = [None, T0 + timedelta(hours=9), T0 + timedelta(hours=9, minutes=31, seconds=7)]


def only(series: list[Series]) -> Point:
    ((point,),) = [one.points for one in series]
    return point


@pytest.mark.parametrize("during", PERIODS)
@pytest.mark.parametrize("known_at", KNOWN)
async def test_every_metric_equals_the_raw_count(
    told: Told, during: Period, known_at: datetime | None
) -> None:
    requests = told.seen(during, known_at=known_at)
    latencies = [one.latency_ms for one in requests]
    costs = [one.cost_usd or 0.0 for one in requests]
    scores = told.scores_of(requests, known_at)
    failures = sum(one.status != "ok" for one in requests)
    expected = {
        Metric.VOLUME: (len(requests), len(requests)),
        Metric.COST: (sum(costs), len(costs)),
        Metric.ERROR_RATE: (failures / len(requests) if requests else None, len(requests)),
        Metric.LATENCY_MEAN: (statistics.fmean(latencies) if requests else None, len(requests)),
        Metric.QUALITY: (statistics.fmean(scores) if scores else None, len(scores)),
    }
    for metric, (value, count) in expected.items():
        point = only(await told.trend(metric, during, known_at=known_at))
        assert point.count == count, metric
        if value is None:
            assert point.value is None
        else:
            assert point.value == pytest.approx(value, rel=1e-6), metric
    if requests:
        rank = max(1, math.ceil(0.95 * len(requests)))
        p95 = only(await told.trend(Metric.LATENCY_P95, during, known_at=known_at))
        assert p95.value == pytest.approx(sorted(latencies)[rank - 1], rel=0.0051)


async def test_groups_and_slices_add_up(told: Told) -> None:
    by_tier = await told.trend(Metric.VOLUME, RAGGED, group_by=[Dimension.TIER])
    assert {one.key: one.points[0].count for one in by_tier} == {
        (EntityRef("tier", tier),): len(told.seen(RAGGED, keep=lambda r, t=tier: r.cell.tier == t))
        for tier in ("free", "premium")
    }
    where = Slice(backend=frozenset({"aws"}), policy=frozenset({"main@v2"}))
    kept = told.seen(
        WHOLE,
        keep=lambda r: r.cell.deployment.endswith("@aws") and r.cell.policy_version == "v2",
    )
    assert only(await told.trend(Metric.VOLUME, WHOLE, where=where)).count == len(kept)


async def test_a_user_is_counted_request_by_request(told: Told) -> None:
    kept = [r for r in told.seen(RAGGED) if r.properties["user"] == "u1"]
    where = Slice(user=frozenset({"u1"}))
    assert only(await told.trend(Metric.VOLUME, RAGGED, where=where)).count == len(kept)
    scores = told.scores_of(kept)
    quality = only(await told.trend(Metric.QUALITY, RAGGED, where=where))
    assert quality.value == pytest.approx(statistics.fmean(scores))


async def test_evaluators_stand_side_by_side(told: Told) -> None:
    series = await told.trend(Metric.QUALITY, WHOLE, group_by=[Dimension.EVALUATOR])
    assert [one.key[0].id for one in series] == ["judge", "thumbs"]
    with pytest.raises(InvalidInput, match="groupBy"):
        await told.trend(Metric.VOLUME, WHOLE, group_by=[Dimension.EVALUATOR])
    by_version = [Dimension.TIER, Dimension.EVALUATOR_VERSION]
    series = await told.trend(Metric.QUALITY, WHOLE, group_by=by_version)
    assert {one.key[1].id for one in series} == {"judge@1", "thumbs@2@eu"}
    with pytest.raises(InvalidInput, match="EVALUATOR_VERSION tells only QUALITY"):
        await told.trend(Metric.COST, WHOLE, group_by=by_version)


async def test_a_versions_name_may_have_an_at_sign(told: Told) -> None:
    asked: dict[str, Any] = {"complete": True, "granularity": Granularity.DAY}
    by_evaluator, by_version = [
        [
            point.complete
            for one in await told.trend(Metric.QUALITY, WHOLE, group_by=[dimension], **asked)
            for point in one.points
        ]
        for dimension in (Dimension.EVALUATOR, Dimension.EVALUATOR_VERSION)
    ]
    assert by_version == by_evaluator
    assert any(share is not None for share in by_version)


async def test_hours_without_requests_are_points_without_value(told: Told) -> None:
    quiet = Period(T0 - timedelta(hours=5), T0 + timedelta(hours=2))
    (series,) = await told.trend(Metric.LATENCY_MEAN, quiet, granularity=Granularity.HOUR)
    assert [point.count > 0 for point in series.points] == [False] * 5 + [True] * 2
    assert series.points[0].value is None
    (volume,) = await told.trend(Metric.VOLUME, quiet, granularity=Granularity.HOUR)
    assert volume.points[0].value == 0


async def test_no_point_lies_in_the_future(told: Told) -> None:
    long = Period(T0, T0 + timedelta(days=30))
    (series,) = await told.trend(Metric.VOLUME, long, granularity=Granularity.DAY)
    assert series.points[-1].at < NOW
    with pytest.raises(InvalidInput, match="too many"):
        await told.trend(
            Metric.VOLUME,
            Period(T0 - timedelta(days=4000), T0),
            granularity=Granularity.HOUR,
        )


async def test_another_tenant_sees_nothing_of_it(told: Told, store: GraphStore) -> None:
    stranger = Told(store, told.columns, told.tenant)
    stranger.scope = TenantScope.of("somebody-else")
    for where in (Slice(), Slice(tenant=frozenset({told.tenant})), Slice(user=frozenset({"u1"}))):
        assert only(await stranger.trend(Metric.VOLUME, RAGGED, where=where)).count == 0


async def test_what_comes_later_is_read_again(
    store: GraphStore, columns: BucketColumns, tenant: str
) -> None:
    mine = Told(store, columns, tenant)
    await record(store, mine.requests[:5])
    assert only(await mine.trend(Metric.VOLUME, WHOLE)).count == 5
    await record(store, mine.requests[3:9])
    assert only(await mine.trend(Metric.VOLUME, WHOLE)).count == 9


async def test_an_answer_costs_few_statements_and_fewer_the_second_time(
    told: Told, store: GraphStore
) -> None:
    told = Told(store, BucketColumns(store), told.tenant)
    with counting() as first:
        await told.trend(Metric.QUALITY, RAGGED, known_at=KNOWN[2])
    with counting() as second:
        await told.trend(Metric.QUALITY, WHOLE)
    with counting() as third:
        await told.trend(Metric.QUALITY, WHOLE)
    assert len(first.statements) <= 8
    assert len(second.statements) <= 4
    assert third.statements == ["hour_versions"]


async def test_comparison_of_two_periods(told: Told) -> None:
    first = Period(T0, T0 + timedelta(hours=12))
    second = Period(T0 + timedelta(hours=12), T0 + timedelta(hours=24))
    compared = await compare(
        told.store,
        told.columns,
        metric=Metric.LATENCY_MEAN,
        during=second,
        compared_to=first,
        group_by=[Dimension.DEPLOYMENT],
        where=Slice(),
        scope=told.scope,
    )
    by_key: dict[str, Comparison] = {one.key[0].id: one for one in compared}
    assert set(by_key) == {"a@aws", "b@aws", "a@k8s"}
    for deployment, one in by_key.items():
        means = [
            statistics.fmean(
                r.latency_ms
                for r in told.seen(p, keep=lambda r, d=deployment: r.cell.deployment == d)
            )
            for p in (first, second)
        ]
        assert one.delta == pytest.approx(means[1] - means[0], rel=1e-6, abs=1e-3)
        assert one.delta is not None
        assert one.delta_low is not None
        assert one.delta_high is not None
        assert one.delta_low < one.delta < one.delta_high
        (point,) = (
            series.points[0]
            for series in await told.trend(
                Metric.LATENCY_MEAN, second, group_by=[Dimension.DEPLOYMENT]
            )
            if series.key == one.key
        )
        assert (one.after, one.after_low, one.after_high) == (point.value, point.low, point.high)
        assert one.before_low is not None
        assert one.before_high is not None
        assert one.before_low < means[0] < one.before_high
