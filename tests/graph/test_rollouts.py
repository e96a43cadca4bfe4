"""Rollouts in a real graph: what they did beside twins that nothing touched."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from graph.columns import BucketColumns
from graph.facts import EntityFact, RequestFact, ScoreFact
from graph.model.traffic import CellKey
from graph.model.world import CHANGE
from graph.rollouts import Rollout, rollout
from graph.scope import TenantScope
from graph.slices import Metric
from graph.store.door import GraphStore
from graph.store.ledger import record
from graph.trials.verdicts import ExperimentVerdict

T0 = datetime(2024, 6, 3, tzinfo=UTC)
CHANGED = T0 + timedelta(days=3, minutes=20)
NOW = T0 + timedelta(days=5)


class Fleet:
    """Three deployments of a tenant of its own; one becomes worse in quality and slower."""

    def __init__(self, store: GraphStore) -> None:
        self.store, self.columns = store, BucketColumns(store)
        stem = uuid4().hex[:8]
        self.tenant = f"t-{stem}"
        self.hit, self.twin, self.other = f"m{stem}@aws", f"m{stem}@k8s", f"o{stem}@k8s{stem}"
        self.change = f"roll-{stem}"

    async def load(self) -> None:
        rng = random.Random(9)
        facts: list[Any] = []
        for n in range(1200):
            at = T0 + timedelta(seconds=n * 360)
            # A bad day for all of them hides most of it from a plain before and after.
            quality = 0.7 if at < CHANGED else 0.75
            for deployment in (self.hit, self.twin, self.other)[: 2 + (n % 4 == 0)]:
                worse = deployment == self.hit and at >= CHANGED
                facts += self._served(deployment, n, at, quality - 0.12 * worse, worse, rng)
        for start in range(0, len(facts), 400):
            await record(self.store, facts[start : start + 400])

    def _served(
        self,
        deployment: str,
        n: int,
        at: datetime,
        quality: float,
        slow: bool,
        rng: random.Random,
    ) -> tuple[RequestFact, ScoreFact]:
        name = f"{deployment}-{n}"
        latency_ms = (1300.0 if slow else 1000.0) * rng.lognormvariate(0, 0.1)
        cell = CellKey(
            self.tenant, deployment, "chat", "free", "main", "v1", None, None, None, "rule",
            None, "0-512",
        )  # fmt: skip
        told = RequestFact(
            tenant=self.tenant, id=name, at=at, recorded_at=at, cell=cell, status="ok",
            latency_ms=latency_ms, ttft_ms=None, cost_usd=0.002, prompt_tokens=100,
            completion_tokens=50, retries=0, cache_hit=False,
            properties={
                "user": f"u{n % 7}", "status": "ok", "latencyMs": latency_ms, "costUsd": 0.002,
                "promptTokens": 100, "completionTokens": 50, "retries": 0, "cacheHit": False,
            },
            decision={"deployment": deployment},
        )  # fmt: skip
        score = min(max(quality + rng.gauss(0, 0.1), 0.0), 1.0)
        known = at + timedelta(minutes=40)
        properties = {"key": name, "evaluator": "judge", "evaluatorVersion": "1", "score": score}
        scored = ScoreFact(name, self.tenant, name, at, known, "judge", "1", score, properties)
        return told, scored

    async def tell(self, change: str, at: datetime, **told: Any) -> None:
        targets = [{"kind": kind, "id": name} for kind, name in told.pop("targets")]
        properties = {
            "kind": "rollout", "title": change, "targets": orjson.dumps(targets).decode(), **told
        }  # fmt: skip
        fact = EntityFact(CHANGE, (change,), f"{change}-{at.isoformat()}", at, at, properties)
        await record(self.store, [fact])

    async def ask(self, change: str, **asked: Any) -> Rollout | None:
        given: dict[str, Any] = {"scope": TenantScope.of(self.tenant), "now": NOW, **asked}
        return await rollout(self.store, self.columns, change=change, **given)


@pytest.fixture(scope="module")
async def fleet(store: GraphStore) -> Fleet:
    loaded = Fleet(store)
    await loaded.load()
    await loaded.tell(loaded.change, CHANGED, targets=[("deployment", loaded.hit)], percent=50.0)
    return loaded


async def test_harm_is_found_beside_the_twin(fleet: Fleet) -> None:
    found = await fleet.ask(fleet.change)
    assert found is not None
    assert (found.reached, found.twins) == ((fleet.hit,), (fleet.twin,))
    assert found.at == CHANGED
    by_metric = {effect.metric: effect for effect in found.effects}
    quality, latency = by_metric[Metric.QUALITY], by_metric[Metric.LATENCY_MEAN]
    assert quality.before == pytest.approx(0.7, abs=0.02)
    assert quality.after == pytest.approx(0.63, abs=0.02)
    assert quality.low is not None
    assert quality.high is not None
    assert quality.low < -0.12 < quality.high < 0
    assert quality.effect == pytest.approx(-0.12, abs=0.03)
    assert latency.effect == pytest.approx(300, abs=40)
    assert latency.count_before == 724
    assert found.outcome is ExperimentVerdict.HARMFUL
    assert found.verdict.startswith(f"HARMFUL: stop {fleet.change}, which is surely worse")
    assert any("50 %" in told for told in found.warnings)


async def test_before_it_could_be_known_there_is_too_little(fleet: Fleet) -> None:
    soon = await fleet.ask(fleet.change, at=CHANGED + timedelta(hours=1))
    assert soon is not None
    assert soon.outcome is ExperimentVerdict.INSUFFICIENT_DATA
    assert any("less than a day" in told for told in soon.warnings)
    assert await fleet.ask(fleet.change, known_at=CHANGED - timedelta(hours=1)) is None
    assert await fleet.ask("nobody-told-of-it") is None


async def test_what_names_no_place_or_served_nothing_is_not_compared(fleet: Fleet) -> None:
    stem = uuid4().hex[:6]
    await fleet.tell(f"task-{stem}", CHANGED, targets=[("task_type", f"chat-{stem}")])
    task = await fleet.ask(f"task-{stem}")
    await fleet.tell(f"idle-{stem}", CHANGED, targets=[("deployment", f"idle-{stem}@aws")])
    idle = await fleet.ask(f"idle-{stem}")
    for found in (task, idle):
        assert found is not None
        assert found.outcome is ExperimentVerdict.INSUFFICIENT_DATA
        assert found.effects == ()


async def test_without_an_untouched_twin_it_is_a_plain_before_and_after(fleet: Fleet) -> None:
    stem = uuid4().hex[:6]
    model = fleet.other.partition("@")[0]
    await fleet.tell(f"new-{stem}", CHANGED, targets=[("model", model)])
    found = await fleet.ask(f"new-{stem}")
    assert found is not None
    assert (found.reached, found.twins) == ((fleet.other,), ())
    assert any("plain before and after" in told for told in found.warnings)
    assert found.effects[0].twins_before is None
