"""Capacity asked of a real graph: as it was then, with what was known then, and without a part.

Years before what other tests tell, so that this fleet is the only one there is.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph.capacity import CapacityRisk, capacity_risk
from graph.columns import BucketColumns
from graph.errors import InvalidInput
from graph.facts import EntityFact, Fact, LinkTo, ObservationFact, RequestFact
from graph.model.traffic import CellKey
from graph.model.world import DEPLOYMENT, MAINTENANCE
from graph.settings import HealthSettings
from graph.store.door import GraphStore, counting
from graph.store.ledger import record

NOW = datetime(2019, 5, 7, 14, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
BIG, SMALL, IDLE = "big@cap-a", "small@cap-b", "idle@cap-b"
CARRIES = {BIG: 0.10, SMALL: 0.05, IDLE: 0.02}
"""Requests a second."""
SECONDS = {BIG: 20, SMALL: 50}
"""A request comes so often: half of what BIG carries, two fifths of what SMALL does."""
HOURS = 5


def requests() -> Iterator[RequestFact]:
    for deployment, every_s in SECONDS.items():
        for n in range(int(HOURS * 3600 / every_s)):
            at = NOW - HOURS * HOUR + timedelta(seconds=n * every_s)
            taken = deployment == SMALL and n % 20 == 0
            cell = CellKey(
                "cap-t", deployment, "chat", "free", "cap-p", "v1", None, None, None,
                "fallback" if taken else "rule", BIG if taken else None, "0-512",
            )  # fmt: skip
            yield RequestFact(
                tenant="cap-t", id=f"cap-{deployment}-{n}", at=at, recorded_at=at + 5 * MINUTE / 60,
                cell=cell, status="ok", latency_ms=800.0, ttft_ms=None, cost_usd=0.001,
                prompt_tokens=100, completion_tokens=50, retries=0, cache_hit=False,
                properties={
                    "user": "u", "status": "ok", "latencyMs": 800.0, "costUsd": 0.001,
                    "promptTokens": 100, "completionTokens": 50, "retries": 0, "cacheHit": False,
                },
                decision={"deployment": deployment},
            )  # fmt: skip


def sample(deployment: str, at: datetime, **told: Any) -> ObservationFact:
    given = {
        "deployment": deployment, "windowS": 300.0, "sampleCount": 20, "source": "probe",
        "available": True, "errorRate": 0.0,
    }  # fmt: skip
    return ObservationFact(uuid4().hex, deployment, at, at + MINUTE / 30, {**given, **told})


def samples() -> Iterator[ObservationFact]:
    for deployment, every_s in SECONDS.items():
        for k in range(HOURS * 12):
            load = 1 / every_s / CARRIES[deployment]
            yield sample(deployment, NOW - k * 5 * MINUTE - MINUTE, load=load)


def registered() -> Iterator[EntityFact]:
    for deployment, carries in CARRIES.items():
        model, _, backend = deployment.partition("@")
        links = (LinkTo("RUNS_MODEL", "Model", (model,)), LinkTo("RUNS_ON", "Backend", (backend,)))
        at = NOW - 10 * HOUR
        yield EntityFact(
            DEPLOYMENT, (deployment,), uuid4().hex, at, at, {"version": "1", "maxRps": carries},
            links,
        )  # fmt: skip


class Asked:
    """The store and columns of a fleet that was told."""

    def __init__(self, store: GraphStore) -> None:
        self.store, self.columns = store, BucketColumns(store)

    async def tell(self, *facts: Fact) -> None:
        for start in range(0, len(facts), 500):
            await record(self.store, facts[start : start + 500])

    async def risks(
        self,
        *,
        without: frozenset[str] | None = None,
        as_of: datetime | None = None,
        horizon: timedelta = HOUR,
    ) -> dict[str, CapacityRisk]:
        found = await capacity_risk(
            self.store, self.columns, horizon=horizon, without=without, as_of=as_of,
            budgets=HealthSettings(), now=NOW,
        )  # fmt: skip
        return {risk.deployment: risk for risk in found}


@pytest.fixture(scope="module")
async def asked(store: GraphStore) -> Asked:
    loaded = Asked(store)
    await loaded.tell(*registered(), *requests(), *samples())
    return loaded


async def test_every_deployment_is_told(asked: Asked) -> None:
    found = await asked.risks()
    assert set(found) == set(CARRIES)
    big = found[BIG]
    assert big.expected_load == pytest.approx(0.05, rel=0.1)
    assert big.capacity == pytest.approx(0.1, rel=0.1)
    assert (big.probability_overload or 0) < 0.05
    assert (big.samples, big.requests) == (HOURS * 12, 900)
    assert found[IDLE].expected_load == 0.0
    assert found[IDLE].capacity == pytest.approx(0.02)


async def test_without_a_backend_its_requests_move_as_they_were_displaced(asked: Asked) -> None:
    found = await asked.risks(without=frozenset({"cap-a"}))
    assert (found[BIG].expected_load, found[BIG].lost) == (0.0, True)
    assert found[BIG].reasons[0] == "imagined lost: without cap-a"
    small = found[SMALL]
    assert small.moved_load == pytest.approx(0.05, rel=0.1)
    assert (small.probability_overload or 0) > 0.9
    assert any("as 18 requests went" in reason for reason in small.reasons)
    assert next(iter(found)) == SMALL
    assert (await asked.risks(without=frozenset({SMALL})))[BIG].moved_load > 0


async def test_everything_may_be_imagined_lost(asked: Asked) -> None:
    found = await asked.risks(without=frozenset({"cap-a", "cap-b"}))
    assert all(risk.lost for risk in found.values())
    assert "no deployment is left" in found[BIG].reasons[-1]


async def test_then_is_what_was_known_then(asked: Asked) -> None:
    then = NOW - 2 * HOUR
    before = await asked.risks(as_of=then)
    await asked.tell(
        sample(BIG, then - 2 * MINUTE, load=3.0),
        sample(BIG, then + 2 * MINUTE, load=3.0),
    )
    told_late = ObservationFact(
        uuid4().hex, BIG, then - 3 * MINUTE, NOW + HOUR,
        {"deployment": BIG, "windowS": 300.0, "sampleCount": 20, "load": 3.0},
    )  # fmt: skip
    assert before[BIG].requests == 540
    assert before[BIG].samples == 36
    await asked.tell(told_late)
    after = await asked.risks(as_of=then)
    assert after[BIG].samples == 37
    assert await asked.risks(as_of=NOW - 20 * HOUR) == {}


async def test_planned_work_is_seen_ahead(asked: Asked) -> None:
    properties = {
        "scopeKind": "backend", "scopeId": "cap-a", "title": "new disks",
        "startsAt": NOW - 3 * HOUR + 30 * MINUTE, "endsAt": NOW - 3 * HOUR + 50 * MINUTE,
    }  # fmt: skip
    at = NOW - 4 * HOUR
    await asked.tell(EntityFact(MAINTENANCE, ("cap-w",), uuid4().hex, at, at, properties))
    found = await asked.risks(as_of=NOW - 3 * HOUR)
    assert "new disks" in found[BIG].reasons[0]
    assert found[SMALL].worst_at == NOW - 3 * HOUR + 30 * MINUTE
    assert found[SMALL].moved_load > 0.03
    # Over by NOW.
    assert "new disks" not in " ".join((await asked.risks())[BIG].reasons)


async def test_an_answer_costs_eight_statements_at_most(asked: Asked) -> None:
    await asked.risks()
    with counting() as counter:
        await asked.risks(without=frozenset({"cap-a"}))
    assert len(counter.statements) <= 8, counter.statements


async def test_what_makes_no_sense_is_refused(asked: Asked) -> None:
    with pytest.raises(InvalidInput, match="without: no deployment or backend nowhere"):
        await asked.risks(without=frozenset({"nowhere", "cap-a"}))
    with pytest.raises(InvalidInput, match="asOf"):
        await asked.risks(as_of=NOW + HOUR)
    with pytest.raises(InvalidInput, match="horizonMinutes"):
        await asked.risks(horizon=timedelta(0))
