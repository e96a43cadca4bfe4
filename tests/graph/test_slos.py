"""Objectives over a real graph, held against the same figures counted from the facts."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from graph.columns import BucketColumns
from graph.errors import InvalidInput
from graph.facts import EntityFact, Fact, RequestFact, ScoreFact
from graph.model.traffic import CellKey
from graph.model.world import SLO, TIER
from graph.objectives.burn import SloAction
from graph.objectives.events import limit_ms
from graph.scope import TenantScope
from graph.slices import EntityRef, Metric
from graph.slos import SloStatus, question_of, slos
from graph.store.door import GraphStore, counting
from graph.store.ledger import record

T0 = datetime(2026, 9, 1, tzinfo=UTC)
NOW = T0 + timedelta(days=5, hours=7, minutes=37, seconds=20, microseconds=250_000)
OUTAGE = NOW - timedelta(minutes=55)
BROKEN = "a@aws"


def request(
    tenant: str, n: int, at: datetime, rng: random.Random, *, deployment: str, bad: bool
) -> RequestFact:
    status, error = ("error", "ServiceUnavailable") if bad else ("ok", None)
    if not bad and rng.random() < 0.03:
        status, error = rng.choice(
            [("error", "BadRequestError"), ("timeout", None), ("rate_limited", None)]
        )
    latency_ms = rng.lognormvariate(6, 1)
    cell = CellKey(
        tenant, deployment, rng.choice(["chat", "code"]), rng.choice(["premium", "free"]), "main",
        "v1", None, None, None, "rule", None, "0-512",
    )  # fmt: skip
    return RequestFact(
        tenant=tenant, id=f"{tenant}-{n}", at=at,
        recorded_at=at + timedelta(minutes=rng.choice([0, 0, 1, 90])), cell=cell, status=status,
        latency_ms=latency_ms, ttft_ms=None, cost_usd=None, prompt_tokens=10,
        completion_tokens=5, retries=0, cache_hit=False,
        properties={
            "user": "u", "status": status, "errorType": error, "latencyMs": latency_ms,
            "promptTokens": 10, "completionTokens": 5, "retries": 0, "cacheHit": False,
        },
        decision={"deployment": deployment},
    )  # fmt: skip


def verdicts(requests: Sequence[RequestFact], rng: random.Random) -> list[ScoreFact]:
    """Scores of half of the requests, an hour or two late, every fifth corrected hours later."""
    told: list[ScoreFact] = []
    for n, one in enumerate(requests[::2]):
        at = one.recorded_at + timedelta(hours=rng.uniform(0.2, 2))
        for correction in range(1 + (n % 5 == 0)):
            when = at + timedelta(hours=5 * correction)
            key, value = f"{one.id}-{correction}", round(rng.random(), 3)
            properties = {"key": key, "evaluator": "judge", "evaluatorVersion": "1", "score": value}
            told.append(
                ScoreFact(key, one.tenant, one.id, when, when, "judge", "1", value, properties)
            )
    return told


def objective(
    tenant: str,
    name: str,
    *,
    told_at: datetime = T0,
    recorded_at: datetime | None = None,
    where: dict[str, str] | None = None,
    **told: Any,
) -> EntityFact:
    properties: dict[str, Any] = {"windowDays": 4.0, **told}
    if where:
        properties["where"] = orjson.dumps(where).decode()
    key = f"{tenant}-{name}-{told_at.isoformat()}"
    return EntityFact(SLO, (tenant, name), key, told_at, recorded_at or told_at, properties)


class Fleet:
    """Five days of two deployments, one of which fails in the last hour."""

    def __init__(self, store: GraphStore) -> None:
        self.store, self.columns = store, BucketColumns(store)
        self.tenant = f"t-{uuid4().hex[:12]}"
        rng = random.Random(7)
        self.requests: list[RequestFact] = []
        for n in range(1100):
            at = T0 + timedelta(minutes=6.9 * n, seconds=rng.random())
            deployment = rng.choice([BROKEN, "b@k8s"])
            self.requests.append(self._request(n, at, rng, deployment))
        for n in range(1100, 1300):
            at = OUTAGE + timedelta(seconds=16 * (n - 1100))
            self.requests.append(self._request(n, at, rng, rng.choice([BROKEN, "b@k8s"])))
        self.scores = verdicts([one for one in self.requests if one.at <= NOW], rng)
        self.defined = [
            objective(self.tenant, "up", objective="availability", target=0.98),
            objective(
                self.tenant, "fast", objective="latency", target=0.9, threshold=1500.0,
                where={"task_type": "chat"},
            ),
            objective(self.tenant, "good", objective="quality", target=0.5, threshold=0.4),
            objective(self.tenant, "better", objective="quality", target=0.4, threshold=0.7),
            objective(self.tenant, "mean", objective="quality", target=0.5),
        ]  # fmt: skip

    def _request(self, n: int, at: datetime, rng: random.Random, deployment: str) -> RequestFact:
        bad = deployment == BROKEN and at >= OUTAGE
        return request(self.tenant, n, at, rng, deployment=deployment, bad=bad)

    async def load(self) -> None:
        facts: list[Fact] = [*self.defined, *self.scores[::2], *self.requests, *self.scores[1::2]]
        known = [fact for fact in facts if fact.recorded_at <= NOW]
        for start in range(0, len(known), 1000):
            await record(self.store, known[start : start + 1000])

    async def ask(self, **asked: Any) -> dict[str, SloStatus]:
        given: dict[str, Any] = {"at": None, "scope": TenantScope.of(self.tenant), "now": NOW}
        found = await slos(self.store, self.columns, **{**given, **asked})
        return {status.id: status for status in found}

    def counted(
        self, name: str, start: datetime, end: datetime, known_at: datetime
    ) -> tuple[int, float]:
        """Events and bad events as a plain reader would count them."""
        seen = [
            one
            for one in self.requests
            if start <= one.at < end and one.recorded_at <= min(known_at, NOW)
        ]
        if name == "up":
            events = [o for o in seen if o.properties["errorType"] != "BadRequestError"]
            return len(events), sum(o.status != "ok" for o in events)
        if name == "fast":
            events = [o for o in seen if o.cell.task_type == "chat"]
            return len(events), sum(o.latency_ms > limit_ms(1500.0) for o in events)
        newest: dict[str, ScoreFact] = {}
        ids = {one.id for one in seen}
        for score in sorted(self.scores, key=lambda s: (s.recorded_at, s.at, s.key)):
            if score.request_id in ids and score.recorded_at <= min(known_at, NOW):
                newest[score.request_id] = score
        values = [score.score for score in newest.values()]
        if name == "mean":
            return len(values), sum(1 - value for value in values)
        return len(values), sum(value < {"good": 0.4, "better": 0.7}[name] for value in values)


@pytest.fixture(scope="module")
async def fleet(store: GraphStore) -> Fleet:
    loaded = Fleet(store)
    await loaded.load()
    return loaded


@pytest.mark.parametrize(
    ("back", "knows"),
    [
        (timedelta(0), None),
        (timedelta(hours=31, minutes=11, seconds=3), None),
        (timedelta(hours=31, minutes=11, seconds=3), timedelta(0)),
        (timedelta(hours=20, minutes=37, seconds=20, microseconds=250_000), timedelta(minutes=77)),
    ],
)
async def test_every_window_counts_exactly_what_was_known(
    fleet: Fleet, back: timedelta, knows: timedelta | None
) -> None:
    at = NOW - back
    known_at = None if knows is None else at + knows
    found = await fleet.ask(at=at, known_at=known_at)
    assert set(found) == {"up", "fast", "good", "better", "mean"}
    for name, status in found.items():
        assert status.judged_at <= at
        assert [b.window_minutes for b in status.burns] == [5, 30, 60, 120, 360, 1440, 4320, 5760]
        for burn in status.burns:
            start = status.judged_at - timedelta(minutes=burn.window_minutes)
            told = fleet.counted(name, start, status.judged_at, known_at or NOW)
            assert (burn.events, burn.bad) == (told[0], pytest.approx(told[1], abs=1e-5)), name
        own = status.burns[-1]
        assert (status.events, status.bad) == (own.events, own.bad)
        assert status.actual == pytest.approx(1 - own.bad / own.events)
        allowed = own.events * (1 - status.target)
        assert status.error_budget_remaining == pytest.approx(1 - own.bad / allowed)
        if name in {"up", "fast"}:
            assert status.judged_at == at
            assert {burn.complete for burn in status.burns} == {1.0}


async def test_an_outage_pages_and_names_who_burned(fleet: Fleet) -> None:
    status = (await fleet.ask())["up"]
    assert next(alert.severity for alert in status.alerts) == "page"
    assert status.action is SloAction.LOCKDOWN
    assert "burned" in status.reasons[0]
    assert [one.where for one in status.burned_by] == [(EntityRef("deployment", BROKEN),)]
    assert status.burned_by[0].share > 0.7
    metric, during, where = question_of(status)
    assert (metric, during.end) == (Metric.ERROR_RATE, NOW)
    assert during.end - during.start == timedelta(minutes=status.alerts[0].long_minutes)
    assert where.tenant == {fleet.tenant}


async def test_before_it_all_was_quiet(fleet: Fleet) -> None:
    before = OUTAGE - timedelta(minutes=1)
    status = (await fleet.ask(at=before, known_at=before))["up"]
    assert [alert for alert in status.alerts if alert.severity == "page"] == []


async def test_quality_is_judged_as_of_when_its_scores_are_in(fleet: Fleet) -> None:
    status = (await fleet.ask())["good"]
    assert timedelta(hours=1) < NOW - status.judged_at < timedelta(hours=6)
    assert status.burns[2].complete > 0.8
    assert any("before which the scores are in" in reason for reason in status.reasons)


async def test_few_statements_and_fewer_the_second_time(fleet: Fleet) -> None:
    columns = BucketColumns(fleet.store)
    asked: dict[str, Any] = {"at": None, "scope": TenantScope.of(fleet.tenant), "now": NOW}
    with counting() as first:
        cold = await slos(fleet.store, columns, **asked)
    with counting() as second:
        warm = await slos(fleet.store, columns, **asked)
    assert len(first.statements) <= 10
    assert len(second.statements) <= 5
    assert warm == cold


async def test_a_correction_is_read_again(store: GraphStore, tenant: str) -> None:
    columns, rng = BucketColumns(store), random.Random(1)
    told = [
        request(tenant, n, T0 + timedelta(minutes=n), rng, deployment="a@aws", bad=False)
        for n in range(40)
    ]
    defined = objective(tenant, "q", objective="quality", target=0.9, threshold=0.5)

    def score(one: RequestFact, turn: int, value: float) -> ScoreFact:
        when, key = T0 + timedelta(hours=3 + turn), f"{one.id}-{turn}"
        properties = {"key": key, "evaluator": "j", "evaluatorVersion": "1", "score": value}
        return ScoreFact(key, tenant, one.id, when, when, "j", "1", value, properties)

    async def bad(known_at: datetime | None = None) -> tuple[int, float]:
        (status,) = await slos(
            store, columns, at=T0 + timedelta(days=1), known_at=known_at,
            scope=TenantScope.of(tenant), now=T0 + timedelta(days=2),
        )  # fmt: skip
        return status.events, status.bad

    await record(store, [defined, *told, *(score(one, 0, 0.9) for one in told)])
    assert await bad() == (40, 0)
    await record(store, [score(one, 1, 0.1) for one in told[:7]])
    assert await bad() == (40, 7)
    assert await bad(known_at=T0 + timedelta(hours=3, minutes=30)) == (40, 0)


async def test_the_revision_in_force_and_known_then_counts(store: GraphStore, tenant: str) -> None:
    day = timedelta(days=1)
    await record(
        store,
        [
            objective(tenant, "up", objective="availability", target=0.9),
            objective(tenant, "up", told_at=T0 + day, recorded_at=T0 + 3 * day,
                      objective="availability", target=0.99),
        ],
    )  # fmt: skip

    async def target(at: datetime, known_at: datetime | None = None) -> list[float]:
        found = await slos(
            store, BucketColumns(store), at=at, known_at=known_at, scope=TenantScope.of(tenant),
            now=T0 + 5 * day,
        )  # fmt: skip
        return [status.target for status in found]

    assert await target(T0 - day) == []
    assert await target(T0 + day / 2) == [0.9]
    assert await target(T0 + 2 * day) == [0.99]
    assert await target(T0 + 2 * day, T0 + 2 * day) == [0.9]


async def test_a_latency_without_threshold_is_the_tiers_promise(
    store: GraphStore, tenant: str
) -> None:
    tier = f"tier-{uuid4().hex[:8]}"
    promise = EntityFact(TIER, (tier,), f"{tier}-1", T0, T0, {"latencyP95Ms": 900.0})
    told: dict[str, Any] = {"objective": "latency", "target": 0.95}
    await record(
        store,
        [
            promise,
            objective(tenant, "a-tier", where={"tier": tier}, **told),
            objective(tenant, "b-none", where={"task_type": "chat"}, **told),
            objective(tenant, "c-foreign", where={"tenant": "somebody-else"}, **told),
        ],
    )
    found = await slos(
        store, BucketColumns(store), at=None, scope=TenantScope.of(tenant), now=NOW
    )  # fmt: skip
    assert [(status.id, status.threshold) for status in found] == [
        ("a-tier", 900.0), ("b-none", None), ("c-foreign", None),
    ]  # fmt: skip
    assert {status.action for status in found} == {SloAction.UNKNOWN}
    assert "no request" in found[0].reasons[0]
    assert "define the objective with a threshold in ms" in found[1].reasons[0]
    assert "only the requests of its own tenant" in found[2].reasons[0]


async def test_a_bound_key_sees_its_own_tenants_only(fleet: Fleet, tenant: str) -> None:
    assert await fleet.ask(scope=TenantScope.of(tenant)) == {}
    everyone = await slos(
        fleet.store, fleet.columns, at=None, scope=TenantScope.all(), now=NOW
    )  # fmt: skip
    mine = [status for status in everyone if status.tenant == fleet.tenant]
    assert {status.id: status for status in mine} == await fleet.ask()


async def test_an_instant_to_come_is_refused(fleet: Fleet) -> None:
    with pytest.raises(InvalidInput, match="ahead"):
        await fleet.ask(at=NOW + timedelta(seconds=1))
