"""How much of the scores of a trend's points is in: late, stopped, groups, slices, knowledge."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from graph.columns import BucketColumns
from graph.completeness import Completeness, Steps
from graph.facts import Fact, RequestFact, ScoreFact
from graph.model.traffic import CellKey
from graph.scope import TenantScope
from graph.slices import Dimension, Granularity, Metric, Period, Slice
from graph.store.door import GraphStore, counting
from graph.store.ledger import record
from graph.trends import Point, trend

NOW = datetime(2026, 9, 8, 12, 20, tzinfo=UTC)
T0 = NOW.replace(minute=0) - timedelta(days=6)
STOPPED = NOW - timedelta(hours=20)
HOUR = timedelta(hours=1)
PER_HOUR = 6


def told(tenant: str) -> list[Fact]:
    """Six days of requests. `slow` tells of all after 8 h; `quick` at once, until it stopped."""
    rng = random.Random(3)
    facts: list[Fact] = []
    at = T0
    while (at := at + HOUR / PER_HOUR) < NOW:
        name = f"{tenant}-{at.isoformat()}"
        cell = CellKey(
            tenant, "a@aws", rng.choice(["chat", "code"]), "free", "p", "1", None, None, None,
            "rule", None,
        )  # fmt: skip
        facts.append(
            RequestFact(
                tenant=tenant,
                id=name,
                at=at,
                recorded_at=at + timedelta(seconds=2),
                cell=cell,
                status="ok",
                latency_ms=1.0,
                ttft_ms=None,
                cost_usd=None,
                prompt_tokens=1,
                completion_tokens=1,
                retries=0,
                cache_hit=False,
                properties={
                    "user": "u",
                    "status": "ok",
                    "latencyMs": 1.0,
                    "promptTokens": 1,
                    "completionTokens": 1,
                    "retries": 0,
                    "cacheHit": False,
                },
                decision={"deployment": "a@aws"},
            )
        )
        for evaluator, delay in (("quick", HOUR / 60), ("slow", rng.uniform(4, 12) * HOUR)):
            scored_at = at + delay
            if scored_at > NOW or (evaluator == "quick" and at > STOPPED):
                continue
            key = f"{name}-{evaluator}"
            properties = {
                "key": key,
                "evaluator": evaluator,
                "evaluatorVersion": "1",
                "score": 0.5,
            }
            facts.append(
                ScoreFact(key, tenant, name, scored_at, scored_at, evaluator, "1", 0.5, properties)
            )
    return facts


class Told:
    """A tenant with late scores."""

    def __init__(self, store: GraphStore) -> None:
        self.store, self.columns = store, BucketColumns(store)
        self.tenant = f"t-{uuid4().hex[:12]}"

    async def points(self, hours: float = 40, **asked: Any) -> dict[str, tuple[Point, ...]]:
        """The points by group."""
        given: dict[str, Any] = {
            "metric": Metric.QUALITY,
            "during": Period(NOW - hours * HOUR, NOW),
            "granularity": Granularity.HOUR,
            "where": Slice(),
            "now": NOW,
            "complete": True,
            **asked,
        }
        scope = TenantScope.of(self.tenant)
        series = await trend(self.store, self.columns, scope=scope, **given)
        return {"/".join(ref.id for ref in one.key): one.points for one in series}


@pytest.fixture(scope="module")
async def late(store: GraphStore) -> Told:
    """Told once, never changed."""
    made = Told(store)
    await record(store, told(made.tenant))
    return made


def share(points: tuple[Point, ...], hours_ago: float) -> float:
    """How complete the point of so many hours ago is."""
    at = (NOW - hours_ago * HOUR).replace(minute=0)
    (found,) = [point.complete for point in points if point.at == at]
    assert found is not None
    return found


async def test_late_scores_are_awaited_and_stopped_ones_missed(late: Told) -> None:
    by = await late.points(group_by=[Dimension.EVALUATOR_VERSION])
    slow, quick = by["slow@1"], by["quick@1"]
    assert share(slow, 1) == pytest.approx(0.0, abs=0.02)
    # Delays are spread evenly over 4 to 12 h, counted from the hour's requests.
    assert share(slow, 8) == pytest.approx(0.5, abs=0.12)
    assert share(slow, 16) > 0.97
    assert share(quick, 30) > 0.97
    assert share(quick, 10) < 0.1, "it stopped"
    (whole,) = (await late.points()).values()
    assert share(whole, 30) > 0.97
    assert share(whole, 16) == pytest.approx(0.5, abs=0.05)
    assert share(whole, 1) == pytest.approx(0.0, abs=0.02)
    assert all(0 <= p.complete <= 1 for p in whole if p.complete is not None)


async def test_days_slices_groups_and_users(late: Told) -> None:
    (days,) = (await late.points(60, granularity=Granularity.DAY)).values()
    before, until_it_stopped, today = [point.complete or 0.0 for point in days]
    assert before > 0.97
    # Half of the scores are of the evaluator that stopped at 16:20.
    assert until_it_stopped == pytest.approx(0.5 + 0.5 * 16.3 / 24, abs=0.06)
    assert today < 0.3
    (chat,) = (await late.points(where=Slice(task_type=frozenset({"chat"})))).values()
    assert share(chat, 8) == pytest.approx(0.25, abs=0.1)
    by = await late.points(group_by=[Dimension.TASK_TYPE])
    assert share(by["chat"], 8) == share(by["code"], 8), "of the whole slice"
    (user,) = (await late.points(where=Slice(user=frozenset({"u"})))).values()
    (whole,) = (await late.points()).values()
    assert share(user, 8) == pytest.approx(share(whole, 8), abs=0.02)


async def test_as_it_was_known_then(late: Told) -> None:
    then = NOW - 24 * HOUR
    (points,) = (await late.points(known_at=then)).values()
    assert share(points, 32) == pytest.approx(0.75, abs=0.08), "slow ones were awaited then"
    (now,) = (await late.points()).values()
    assert share(now, 32) > 0.97
    assert points[-1].complete is None, "of which nothing was known"


async def test_only_quality_and_only_where_asked(late: Told) -> None:
    for told in (await late.points(metric=Metric.VOLUME), await late.points(complete=False)):
        (points,) = told.values()
        assert {point.complete for point in points} == {None}
    with counting() as count:
        await late.points()
    assert count.statements == ["hour_versions", "hour_requests", "hour_requests", "hour_versions"]


async def test_where_nobody_scores_nothing_is_told(store: GraphStore) -> None:
    unscored = Told(store)
    requests = [fact for fact in told(unscored.tenant) if isinstance(fact, RequestFact)]
    await record(store, requests[-60:])
    (points,) = (await unscored.points()).values()
    assert {point.complete for point in points} == {None}


def test_steps_without_expectation_are_none_and_shares_stay_in_bounds() -> None:
    found = Completeness(Steps(0.0, 3600.0, 3))
    found.add(["a"], np.array([[1.0, 0.0, 9.0]]), np.array([[2.0, 0.0, 8.0]]))
    found.add(
        ["a", "b"], np.array([[0.0, 0, 0], [2.0, 0, 0]]), np.array([[0.0, 0, 0], [2.0, 0, 0]])
    )
    assert found.shares() == [0.75, None, 1.0]
    assert found.shares("b") == [1.0, None, None]
    assert found.shares("unheard of") == [None, None, None]
    hours = np.array([0, 3600, 10 * 3600], dtype=np.int64)
    assert found.steps.of(hours).tolist() == [0, 1, 2]
