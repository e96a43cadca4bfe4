"""Experiments in a real graph: who is better, as known then, and what speaks against it."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from graph import experiments
from graph.columns import BucketColumns
from graph.experiments import Experiment, ExperimentVerdict, experiment
from graph.facts import EntityFact, LinkTo, RequestFact, ScoreFact
from graph.model.traffic import CellKey
from graph.model.world import EXPERIMENT
from graph.scope import TenantScope
from graph.slices import Metric
from graph.store.door import GraphStore, counting
from graph.store.ledger import record

T0 = datetime(2024, 3, 4, tzinfo=UTC)
DAYS = 6
NOW = T0 + timedelta(days=DAYS)
USERS, TURNS = 60, 2
ArmOf = Callable[[int, int], str | None]
"""The arm of a user on a day."""


class Trial:
    """An experiment of a tenant of its own: `USERS` users, `TURNS` requests a day each."""

    def __init__(self, store: GraphStore) -> None:
        self.store, self.columns = store, BucketColumns(store)
        stem = uuid4().hex[:10]
        self.tenant, self.id, self.policy = f"t-{stem}", f"exp-{stem}", f"p-{stem}"

    async def configure(
        self, day: float, *arms: tuple[str, float], status: str = "running"
    ) -> None:
        at = T0 + timedelta(days=day)
        told = [{"arm": arm, "percent": share, "deployment": f"{arm}@aws"} for arm, share in arms]
        properties = {
            "policy": self.policy, "status": status, "arms": orjson.dumps(told).decode()
        }  # fmt: skip
        links = tuple(LinkTo("HAS_ARM", "Arm", (self.id, arm)) for arm, _ in arms)
        key = f"{self.id}-{day}"
        await record(
            self.store, [EntityFact(EXPERIMENT, (self.id,), key, at, at, properties, links)]
        )

    async def load(
        self,
        arm_of: ArmOf,
        *,
        quality: Callable[[str, int], float],
        late_h: Callable[[str, float], float] = lambda _arm, _score: 0.2,
        failing: str | None = None,
    ) -> None:
        rng = random.Random(8)
        tastes = [rng.gauss(0, 0.05) for _ in range(USERS)]
        facts: list[Any] = []
        for day in range(DAYS):
            for user in range(USERS):
                arm = arm_of(user, day)
                if arm is None:
                    continue
                for turn in range(TURNS):
                    name = f"{self.id}-{user}-{day}-{turn}"
                    at = T0 + timedelta(days=day, seconds=rng.uniform(0, 86_400))
                    status = "error" if arm == failing and rng.random() < 0.3 else "ok"
                    facts.append(self._request(name, at, f"u{user}", arm, status))
                    score = min(max(quality(arm, day) + tastes[user] + rng.gauss(0, 0.08), 0), 1)
                    known = at + timedelta(hours=late_h(arm, score))
                    facts.append(self._score(name, at, known, score))
        for start in range(0, len(facts), 400):
            await record(self.store, facts[start : start + 400])

    def _request(self, name: str, at: datetime, user: str, arm: str, status: str) -> RequestFact:
        cell = CellKey(
            self.tenant, f"{arm}@aws", "chat", "free", self.policy, "v1", self.id, arm,
            None, "rule", None, "0-512",
        )  # fmt: skip
        return RequestFact(
            tenant=self.tenant, id=name, at=at, recorded_at=at, cell=cell, status=status,
            latency_ms=800.0, ttft_ms=None, cost_usd=0.002, prompt_tokens=100,
            completion_tokens=50, retries=0, cache_hit=False,
            properties={
                "user": user, "status": status, "latencyMs": 800.0, "costUsd": 0.002,
                "promptTokens": 100, "completionTokens": 50, "retries": 0, "cacheHit": False,
            },
            decision={"deployment": cell.deployment},
        )  # fmt: skip

    def _score(self, name: str, at: datetime, known: datetime, score: float) -> ScoreFact:
        properties = {"key": name, "evaluator": "judge", "evaluatorVersion": "1", "score": score}
        return ScoreFact(name, self.tenant, name, at, known, "judge", "1", score, properties)

    async def ask(self, **asked: Any) -> Experiment:
        given: dict[str, Any] = {"scope": TenantScope.of(self.tenant), "now": NOW, **asked}
        found = await experiment(self.store, self.columns, id=self.id, **given)
        assert found is not None
        return found


def even(user: int, _day: int) -> str:
    return "AB"[user % 2]


@pytest.fixture(scope="module")
async def better(store: GraphStore) -> Trial:
    """B is better by 0.12; stopped at the end of the fifth day."""
    trial = Trial(store)
    await trial.configure(0, ("A", 50), ("B", 50))
    await trial.configure(5, status="stopped")
    await trial.load(
        lambda user, day: even(user, day) if day < 5 else None,
        quality=lambda arm, _: 0.6 + 0.12 * (arm == "B"),
    )
    return trial


async def test_the_better_arm_wins_and_the_figures_are_those_of_its_requests(
    better: Trial,
) -> None:
    found = await better.ask()
    with counting() as asked:
        assert await better.ask() == found
    assert asked.statements.count("experiment_users") == 1
    assert (found.outcome, found.winner, found.status) == (
        ExperimentVerdict.WINNER, "B", "stopped",
    )  # fmt: skip
    assert (found.started_at, found.ended_at) == (T0, T0 + timedelta(days=5))
    a, b = found.arms
    assert (a.requests, a.users, a.scored) == (5 * USERS * TURNS / 2, 30, a.matured)
    assert a.quality is not None
    assert b.quality is not None
    assert b.quality - a.quality == pytest.approx(0.12, abs=0.05)
    assert (b.error_rate, b.cost_per_request_usd) == (0.0, pytest.approx(0.002))
    assert b.latency_p95_ms == pytest.approx(800, rel=0.01)
    by_metric = {one.metric: one for one in found.differences}
    quality = by_metric[Metric.QUALITY]
    assert quality.low is not None
    assert quality.high is not None
    assert 0 < quality.low < 0.12 < quality.high
    assert by_metric[Metric.ERROR_RATE].delta == 0
    assert found.matures_after_hours == 2
    assert found.verdict.startswith("WINNER: B is surely better than A: quality +0.1")
    assert found.warnings == ()


async def test_as_it_stood_and_as_it_was_known(better: Trial) -> None:
    early = await better.ask(at=T0 + timedelta(days=2))
    assert (early.status, early.ended_at) == ("running", None)
    assert sum(arm.requests for arm in early.arms) == 2 * USERS * TURNS
    known = await better.ask(known_at=T0 + timedelta(days=2))
    assert known.status == "running"
    assert [arm.requests for arm in known.arms] == [arm.requests for arm in early.arms]
    first = await better.ask(at=T0)
    assert first.outcome is ExperimentVerdict.INSUFFICIENT_DATA


async def test_nobody_told_of_it(better: Trial) -> None:
    for asked in ({"id": "nothing"}, {"id": better.id, "at": T0 - timedelta(days=1)}):
        given: dict[str, Any] = {"scope": TenantScope.all(), "now": NOW, **asked}
        assert await experiment(better.store, better.columns, **given) is None


async def test_another_tenant_sees_no_request_of_it(better: Trial) -> None:
    found = await better.ask(scope=TenantScope.of("t-somebody-else"))
    assert [arm.requests for arm in found.arms] == [0, 0]
    assert found.outcome is ExperimentVerdict.INSUFFICIENT_DATA
    assert "no requests" in found.verdict


async def test_beyond_the_limit_all_are_summed_and_the_last_scale_them(
    better: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await better.ask()
    monkeypatch.setattr(experiments, "MOST_REQUESTS", 400)
    part = await better.ask()
    assert (part.winner, [arm.requests for arm in part.arms]) == ("B", [300, 300])
    assert any("more than 400 requests" in told for told in part.warnings)
    wide, narrow = (
        next(one for one in found.differences if one.metric is Metric.QUALITY)
        for found in (part, whole)
    )
    assert wide.delta == pytest.approx(narrow.delta, abs=0.02)
    assert wide.count == narrow.count


async def test_raised_shares_on_a_worse_day_are_no_difference(store: GraphStore) -> None:
    trial = Trial(store)
    await trial.configure(0, ("A", 80), ("B", 20))
    await trial.configure(3, ("A", 50), ("B", 50))
    await trial.load(
        lambda user, day: "B" if user % 10 < (2 if day < 3 else 5) else "A",
        quality=lambda _, day: 0.8 if day < 3 else 0.5,
    )
    found = await trial.ask()
    a, b = (arm.quality for arm in found.arms)
    assert a is not None
    assert b is not None
    assert b < a - 0.05
    quality = found.differences[0]
    assert quality.metric is Metric.QUALITY
    assert quality.low is not None
    assert quality.high is not None
    assert quality.low < 0 < quality.high
    assert quality.delta == pytest.approx(0, abs=0.03)
    assert found.winner is None


async def test_low_scores_that_come_late_in_one_arm_make_it_no_better(store: GraphStore) -> None:
    trial = Trial(store)
    await trial.configure(0, ("A", 50), ("B", 50))
    await trial.load(
        even,
        quality=lambda _arm, _day: 0.6,
        late_h=lambda arm, score: 24.2 if arm == "B" and score < 0.6 else 0.2,
    )
    found = await trial.ask()
    assert found.matures_after_hours is not None
    assert found.matures_after_hours >= 25
    assert [arm.scored for arm in found.arms] == [arm.matured for arm in found.arms]
    assert found.winner is None
    assert found.outcome is not ExperimentVerdict.HARMFUL
    soon = await trial.ask(at=T0 + timedelta(hours=20), known_at=T0 + timedelta(hours=20))
    assert soon.winner is None


async def test_harm_is_said_and_users_who_are_not_shared_out_as_configured(
    store: GraphStore,
) -> None:
    trial = Trial(store)
    await trial.configure(0, ("A", 95), ("B", 5), ("idle", 0))
    await trial.load(even, quality=lambda arm, _: 0.6 + 0.2 * (arm == "B"), failing="B")
    found = await trial.ask()
    assert found.outcome is ExperimentVerdict.HARMFUL
    assert "stop B" in found.verdict
    assert "error rate +" in found.verdict
    assert found.winner is None
    assert any("sample ratio mismatch: A 30 users, B 30 users" in w for w in found.warnings)


async def test_one_arm_is_nothing_to_compare(store: GraphStore) -> None:
    trial = Trial(store)
    await trial.configure(0, ("A", 100))
    found = await trial.ask()
    assert found.outcome is ExperimentVerdict.INSUFFICIENT_DATA
    assert "no two arms" in found.verdict
    assert found.differences == ()
