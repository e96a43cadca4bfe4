"""Evidence in Redis: counted once, in any order, newest telling wins."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.errors import HotUnavailable
from graph.evidence import Observation
from graph.health import BreakerState, HealthStatus, assess
from graph.hot import keys
from graph.hot.connection import connect
from graph.hot.evidence import (
    SAMPLES_KEPT,
    Effect,
    Entry,
    EvidenceWriter,
    FailedTry,
    Minute,
    RequestOutcome,
    Told,
)
from graph.hot.projection import Projection
from graph.settings import GraphSettings, HealthSettings
from graph.sketch import Sketch

NOW = datetime(2026, 9, 11, 10, 0, 30, 250_000, tzinfo=UTC)
BUDGETS = HealthSettings()


def outcome(
    ago_s: float = 10, *, status: str = "ok", deployment: str = "m@b", task_type: str = "chat"
):
    at = NOW - timedelta(seconds=ago_s)
    return RequestOutcome(deployment, at, status, 250.0, task_type, 100)


def sample(ago_s: float = 10, *, deployment: str = "m@b", **metrics: Any) -> Observation:
    at = NOW - timedelta(seconds=ago_s)
    return Observation(
        deployment=deployment, at=at, recorded_at=at, window_s=60, sample_count=5, **metrics
    )


def told(
    kind: str, name: str, ago_s: float = 10, *, recorded_ago_s: float | None = None, **data: Any
):
    at = NOW - timedelta(seconds=ago_s)
    recorded = NOW - timedelta(seconds=ago_s if recorded_ago_s is None else recorded_ago_s)
    return Told(kind=kind, id=name, at=at, recorded_at=recorded, key=f"k{ago_s}", data=data)


@pytest.fixture
async def writer(hot_redis: Any) -> EvidenceWriter:
    return EvidenceWriter(hot_redis, budgets=BUDGETS)


async def entries(hot_redis: Any, *effects: Effect) -> list[Entry]:
    """The effects as entries of the log, delivered to the group."""
    if not await hot_redis.exists(keys.LOG):
        await hot_redis.xgroup_create(keys.LOG, keys.GROUP, id="0", mkstream=True)
    for _ in effects:
        await hot_redis.xadd(keys.LOG, {"e": "{}"})
    given = await hot_redis.xreadgroup(keys.GROUP, "c", {keys.LOG: ">"}, count=len(effects))
    ids = [entry_id.decode() for entry_id, _ in given[0][1]]
    return [Entry(each, (effect,)) for each, effect in zip(ids, effects, strict=True)]


async def state(hot_redis: Any) -> Projection:
    projection = Projection(hot_redis, budgets=BUDGETS)
    await projection.refresh(now=NOW)
    return projection


async def health_of(hot_redis: Any, deployment: str = "m@b"):
    projection = await state(hot_redis)
    facts = [each for each in projection.facts() if each.deployment == deployment]
    (evidence,) = projection.evidence(facts=facts, now=NOW)
    return assess(evidence, now=NOW, budgets=BUDGETS)


async def test_redelivery_counts_once(hot_redis: Any, writer: EvidenceWriter):
    batch = await entries(hot_redis, *[outcome() for _ in range(20)], sample(error_rate=0.0))
    assert (await writer.apply(batch, now=NOW)).count == 21
    assert (await writer.apply(batch, now=NOW)).count == 0
    assert (await writer.apply(batch[5:], now=NOW)).count == 0
    found = await health_of(hot_redis)
    assert found.sample_count == 20 + 5
    assert found.status is HealthStatus.HEALTHY
    assert found.latency_p50_ms == pytest.approx(250, rel=0.01)
    assert await hot_redis.xpending(keys.LOG, keys.GROUP) == {
        "pending": 0,
        "min": None,
        "max": None,
        "consumers": [],
    }
    tokens = (await state(hot_redis)).tokens
    assert [(t.task_type, t.requests, t.completion_tokens) for t in tokens] == [("chat", 20, 2000)]


async def test_order_and_split_do_not_matter(hot_redis: Any, writer: EvidenceWriter):
    effects: list[Effect] = [
        *[outcome(ago, status=status) for ago in (5, 65, 300) for status in ("ok", "error")],
        *[sample(ago, queue_depth=float(ago)) for ago in (15, 75)],
        *[told("tier", "gold", ago, weight=float(ago)) for ago in (100, 50, 75)],
        told("deployment", "m@b", 500, deployment="m@b", model="m", backend="b", version="1"),
        told("deployment", "m@b", 400, deployment="m@b", model="m", backend="b", version="2"),
    ]
    seen: set[str] = set()
    for seed in range(4):
        await hot_redis.flushall()
        batch = await entries(hot_redis, *random.Random(seed).sample(effects, len(effects)))
        for start in range(0, len(batch), seed + 1):
            await writer.apply(batch[start : start + seed + 1], now=NOW)
        projection = await state(hot_redis)
        evidence = projection.evidence(facts=projection.facts(), now=NOW)
        found = [assess(each, now=NOW, budgets=BUDGETS) for each in evidence]
        seen.add(repr((found, projection.tiers(), projection.tokens)))
        assert projection.tiers()[0].weight == 50
        assert found[0].version == "2"
        assert found[0].queue_depth == 15
    assert len(seen) == 1


async def test_late_facts_lose_and_corrections_win(hot_redis: Any, writer: EvidenceWriter):
    newest = told("tier", "gold", 60, recorded_ago_s=60, latency_p95_ms=1.0)
    late = told("tier", "gold", 600, recorded_ago_s=1, latency_p95_ms=2.0)
    correction = told("tier", "gold", 60, recorded_ago_s=30, latency_p95_ms=3.0)
    for fact, expected in ((newest, 1.0), (late, 1.0), (correction, 3.0), (newest, 3.0)):
        await writer.apply(await entries(hot_redis, fact), now=NOW)
        assert (await state(hot_redis)).tiers()[0].latency_p95_ms == expected


async def test_incidents_are_the_same_in_any_order(hot_redis: Any, writer: EvidenceWriter):
    report: dict[str, Any] = {"scope": {"kind": "backend", "id": "b"}, "title": "loss"}

    def phase(name: str, ago_s: float, severity: str) -> list[Told]:
        data: dict[str, Any] = {**report, "severity": severity, "phase": name}
        first = Told(
            kind="incident.first",
            id="i",
            at=NOW - timedelta(seconds=ago_s),
            recorded_at=NOW,
            key=name,
            data=data,
            first=True,
        )
        turn = [] if name == "updated" else [told("incident.turn", "i", ago_s, **data)]
        return [told("incident", "i", ago_s, **data), first, *turn]

    opened, updated = phase("opened", 900, "sev3"), phase("updated", 600, "sev1")
    resolved, written_up = phase("resolved", 300, "sev1"), phase("updated", 200, "sev1")
    again = phase("opened", 100, "sev2")
    for seed in range(3):
        await hot_redis.flushall()
        told_all = [*opened, *updated]
        random.Random(seed).shuffle(told_all)
        await writer.apply(await entries(hot_redis, sample(), *told_all), now=NOW)
        projection = await state(hot_redis)
        (found,) = projection.incidents(facts=projection.facts(), now=NOW)
        assert (found.severity, found.opened_at) == ("sev1", NOW - timedelta(seconds=900))
        assert found.affected_deployments == ("m@b",)
        assert (await health_of(hot_redis)).status is HealthStatus.DEGRADED
        await writer.apply(await entries(hot_redis, *written_up, *resolved), now=NOW)
        projection = await state(hot_redis)
        assert projection.incidents(facts=projection.facts(), now=NOW) == ()
        await writer.apply(await entries(hot_redis, *again), now=NOW)
        projection = await state(hot_redis)
        assert len(projection.incidents(facts=projection.facts(), now=NOW)) == 1


async def test_tries_that_another_made_good_open_the_breaker_of_who_failed(
    hot_redis: Any, writer: EvidenceWriter
):
    tries = [FailedTry("m@b", NOW - timedelta(seconds=30 + i), "timeout") for i in range(6)]
    batch = await entries(hot_redis, *tries)
    for _ in range(2):
        await writer.apply(batch, now=NOW)
    health = await health_of(hot_redis)
    assert (health.status, health.breaker) == (HealthStatus.DOWN, BreakerState.OPEN)
    assert health.sample_count == 6


async def test_old_requests_are_acknowledged_but_are_no_evidence(
    hot_redis: Any, writer: EvidenceWriter
):
    assert (await writer.apply(await entries(hot_redis, outcome(7200)), now=NOW)).count == 1
    kept = {key async for key in hot_redis.scan_iter("rc:hot:*")}
    assert kept == {keys.SEEN.encode(), keys.CHARGES.encode()}
    assert (await health_of(hot_redis)).status is HealthStatus.UNKNOWN


async def test_samples_are_bounded(hot_redis: Any, writer: EvidenceWriter):
    batch = await entries(hot_redis, *[sample(ago) for ago in range(SAMPLES_KEPT + 40)])
    await writer.apply(batch, now=NOW)
    assert await hot_redis.zcard(keys.observations("m@b")) == SAMPLES_KEPT
    assert (await health_of(hot_redis)).updated_at == NOW
    assert await hot_redis.ttl(keys.observations("m@b")) > 0


async def test_only_what_changed_is_read_again(hot_redis: Any, writer: EvidenceWriter):
    await writer.apply(await entries(hot_redis, outcome(), sample()), now=NOW)
    projection = Projection(hot_redis, budgets=BUDGETS)
    assert await projection.refresh(now=NOW)
    assert not await projection.refresh(now=NOW)
    await writer.apply(await entries(hot_redis, outcome(status="error")), now=NOW)
    assert await projection.refresh(now=NOW)
    (evidence,) = projection.evidence(facts=projection.facts(), now=NOW)
    assert sum(cell.count for cell in evidence.traffic) == 2
    await hot_redis.flushall()
    assert await projection.refresh(now=NOW)
    assert projection.facts() == ()


async def test_failures_open_the_breaker(hot_redis: Any, writer: EvidenceWriter):
    batch = await entries(hot_redis, *[outcome(5, status="timeout") for _ in range(6)])
    await writer.apply(batch, now=NOW)
    found = await health_of(hot_redis)
    assert (found.status, found.breaker) == (HealthStatus.DOWN, BreakerState.OPEN)


async def test_the_classes_of_failures_reach_the_minutes(hot_redis: Any, writer: EvidenceWriter):
    kinds = [
        ("ok", None),
        ("error", "InternalServerError"),
        ("error", "ContextWindowExceededError"),
        ("error", "AuthenticationError"),
        ("rate_limited", None),
        ("rate_limited", "insufficient_quota"),
        ("timeout", None),
    ]
    effects = [replace(outcome(5, status=s), error_type=error) for s, error in kinds]
    cached = replace(outcome(5), cache_hit=True)
    await writer.apply(await entries(hot_redis, *effects, cached), now=NOW)
    projection = await state(hot_redis)
    (told,) = projection.evidence(facts=projection.facts(), now=NOW)
    (cell,) = told.traffic
    counts = (cell.ok, cell.error, cell.timeout, cell.rate_limited, cell.rejected, cell.denied)
    assert counts == (2, 1, 1, 1, 1, 2)
    assert (cell.count, cell.told, cell.judged, cell.broken, cell.failed) == (8, 7, 6, 4, 5)
    assert cell.latency == Sketch([250.0] * 4)
    assert cell.pace == Sketch([250.0 / 150])
    await hot_redis.flushall()
    await writer.restore([Minute("m@b", cell)], now=NOW)
    projection = await state(hot_redis)
    (again,) = projection.evidence(facts=projection.facts(), now=NOW)
    assert list(again.traffic) == [cell]


async def test_driver_errors_stay_inside():
    client = connect("redis://127.0.0.1:1/0", settings=GraphSettings())
    writer = EvidenceWriter(client, budgets=BUDGETS)
    with pytest.raises(HotUnavailable):
        await writer.apply([Entry("1-1", (outcome(),))], now=NOW)
    with pytest.raises(HotUnavailable):
        await Projection(client, budgets=BUDGETS).refresh(now=NOW)
    with pytest.raises(HotUnavailable, match="REDIS_URL"):
        connect(None, settings=GraphSettings())
    await client.aclose()
