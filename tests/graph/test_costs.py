"""A price rise and a runaway tenant, found on a real graph with the events that tell of them."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph.columns import BucketColumns
from graph.costing.surprise import CostDriver
from graph.costs import CostAnomaly, cost_anomalies
from graph.errors import InvalidInput
from graph.facts import EntityFact, Fact, LinkTo, RequestFact
from graph.model import world
from graph.model.traffic import CellKey
from graph.scope import TenantScope
from graph.slices import Period
from graph.store.door import GraphStore
from graph.store.ledger import record

START = datetime(2033, 5, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEARER = START + timedelta(days=4, hours=10, minutes=5)
NOW = START + timedelta(days=4, hours=12)
CODE = uuid4().hex[:6]
CALM, WILD = f"calm-{CODE}", f"wild-{CODE}"
MODEL, OTHER = f"sage-{CODE}@aws", f"nova-{CODE}@k8s"
RISE, DECOY = f"chg-{CODE}-price", f"chg-{CODE}-decoy"


def change(identity: str, kind: str, target: tuple[str, str], at: datetime) -> EntityFact:
    label, name = target
    return EntityFact(
        world.CHANGE,
        (identity,),
        uuid4().hex,
        at,
        at + timedelta(minutes=1),
        {
            "kind": kind,
            "title": f"{kind} of {name}",
            "targets": f'[{{"kind": "{label.lower()}", "id": "{name}"}}]',
        },
        (LinkTo("TARGETS", label, (name,)),),
    )


def request(tenant: str, deployment: str, at: datetime, tokens: int) -> RequestFact:
    usd = 4e-6 if deployment == MODEL else 1e-6
    cost_usd = round(tokens * usd * (1.4 if deployment == MODEL and at >= DEARER else 1.0), 9)
    told: dict[str, Any] = {
        "status": "ok",
        "latency_ms": 500.0,
        "ttft_ms": None,
        "cost_usd": cost_usd,
        "prompt_tokens": tokens,
        "completion_tokens": tokens // 4,
        "retries": 0,
        "cache_hit": False,
    }
    return RequestFact(
        tenant=tenant,
        id=uuid4().hex,
        at=at,
        recorded_at=at + timedelta(seconds=2),
        cell=CellKey(
            tenant, deployment, "chat", "free", "main", "v1", None, None, "r1", "rule", None, "0"
        ),
        properties={
            "user": "u",
            "status": "ok",
            "latencyMs": 500.0,
            "costUsd": cost_usd,
            "promptTokens": tokens,
            "completionTokens": tokens // 4,
            "retries": 0,
            "cacheHit": False,
        },
        decision={"deployment": deployment},
        **told,
    )


def history() -> list[Fact]:
    """Four days and a half of 24 requests an hour; in the last hour WILD sends 80 more."""
    draw = random.Random(4)
    facts: list[Fact] = [
        change(RISE, "price", ("Model", MODEL.partition("@")[0]), DEARER),
        change(DECOY, "release", ("Model", OTHER.partition("@")[0]), DEARER),
    ]
    for hour in range(4 * 24 + 12):
        at = START + hour * HOUR
        for tenant in (CALM, WILD):
            many = 12 + 80 * (tenant == WILD and at == NOW - HOUR)
            for number in range(many):
                deployment = OTHER if number % 3 == 0 or number >= 12 else MODEL
                moment = at + timedelta(seconds=3600 * (number + draw.random()) / many)
                facts.append(request(tenant, deployment, moment, draw.randint(800, 1200)))
    return facts


@pytest.fixture(scope="module")
async def fleet(store: GraphStore) -> GraphStore:
    """The history, recorded."""
    facts = history()
    for start in range(0, len(facts), 1000):
        await record(store, facts[start : start + 1000])
    return store


async def asked(store: GraphStore, **more: Any) -> list[CostAnomaly]:
    given: dict[str, Any] = {
        "during": Period(START + timedelta(days=2), NOW),
        "scope": TenantScope.of(CALM, WILD),
        "now": NOW,
    }
    return await cost_anomalies(store, BucketColumns(store), **(given | more))


async def test_each_is_told_with_its_place_money_and_event(fleet: GraphStore) -> None:
    rise, runaway = await asked(fleet)
    assert rise.driver is CostDriver.PRICE
    assert MODEL.partition("@")[0] in {ref.id.partition("@")[0] for ref in rise.where}
    assert (rise.at, rise.until) == (START + timedelta(days=4, hours=10), NOW)
    assert [cause.id for cause in rise.causes] == [RISE]
    assert rise.investigation is not None
    assert rise.expected_usd < rise.high_usd < rise.spent_usd
    assert runaway.driver is CostDriver.VOLUME
    assert WILD in {ref.id for ref in runaway.where}
    assert (runaway.requests, runaway.causes) == (92, ())
    assert runaway.requests_expected < 30


async def test_nobody_sees_what_another_tenant_spends(fleet: GraphStore) -> None:
    found = await asked(fleet, scope=TenantScope.of(CALM))
    assert [one.driver for one in found] == [CostDriver.PRICE]
    assert await asked(fleet, scope=TenantScope.of("nobody")) == []


async def test_it_is_told_as_it_was_known(fleet: GraphStore) -> None:
    before = START + timedelta(days=4, hours=10)
    assert await asked(fleet, known_at=before) == []
    # Half of the runaway's hour has passed, and half of its requests are known.
    within = await asked(fleet, known_at=NOW - HOUR / 2)
    (wild,) = [one for one in within if one.driver is CostDriver.VOLUME]
    assert wild.until == NOW - HOUR / 2
    assert 30 < wild.requests < 60
    assert await asked(fleet, during=Period(NOW, NOW + HOUR)) == []


async def test_a_period_has_to_be_short_enough(store: GraphStore) -> None:
    with pytest.raises(InvalidInput, match="during"):
        await asked(store, during=Period(START, START + timedelta(days=100)))
