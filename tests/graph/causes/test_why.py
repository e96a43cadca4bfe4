"""A rollout that hurts one task type, found through the whole of `why_changed` on a real graph."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph.causes.archive import kept
from graph.causes.investigation import Investigation, Mechanism, Verdict
from graph.causes.why import why_changed
from graph.columns import BucketColumns
from graph.facts import EntityFact, Fact, LinkTo, RequestFact, ScoreFact
from graph.model import world
from graph.model.traffic import CellKey
from graph.scope import TenantScope
from graph.slices import EntityRef, Metric, Period, Slice
from graph.store.door import GraphStore, counting
from graph.store.ledger import record

START = datetime(2031, 5, 4, tzinfo=UTC)
ROLLED_OUT = START + timedelta(days=7, hours=10, minutes=20)
END = START + timedelta(days=8)
DAY = Period(START + timedelta(days=7), END)
CODE = uuid4().hex[:6]
TENANT = f"why-{CODE}"
HURT, OTHER = f"sage-{CODE}@aws", f"sage-{CODE}@k8s"
BLAMED, INNOCENT = f"chg-{CODE}-rollout", f"chg-{CODE}-decoy"
DROP = 0.4
STATEMENTS = 12
"""What an answer may cost, with nothing in memory yet."""


def change(identity: str, kind: str, deployment: str, at: datetime) -> EntityFact:
    return EntityFact(
        world.CHANGE,
        (identity,),
        uuid4().hex,
        at,
        at + timedelta(minutes=1),
        {
            "kind": kind,
            "title": f"{kind} of {deployment}",
            "targets": f'[{{"kind": "deployment", "id": "{deployment}"}}]',
        },
        (LinkTo("TARGETS", "Deployment", (deployment,)),),
    )


def told_request(number: int, at: datetime, deployment: str, task: str) -> RequestFact:
    cell = CellKey(
        TENANT, deployment, task, "premium", "main", "v1", None, None, "r1", "rule", None, "0-512"
    )
    properties: dict[str, Any] = {
        "key": uuid4().hex,
        "user": "u",
        "tier": "premium",
        "taskType": task,
        "status": "ok",
        "latencyMs": 800.0,
        "costUsd": 0.001,
        "promptTokens": 200,
        "completionTokens": 100,
        "retries": 0,
        "cacheHit": False,
    }
    return RequestFact(
        tenant=TENANT,
        id=f"{TENANT}-{number}",
        at=at,
        recorded_at=at + timedelta(seconds=2),
        cell=cell,
        status="ok",
        latency_ms=800.0,
        ttft_ms=None,
        cost_usd=0.001,
        prompt_tokens=200,
        completion_tokens=100,
        retries=0,
        cache_hit=False,
        properties=properties,
        decision={"deployment": deployment, "policy": "main", "policyVersion": "v1"},
    )


def history() -> list[Fact]:
    """Eight days of 8 requests an hour; from the rollout on, HURT answers reasoning worse."""
    draw = random.Random(3)
    facts: list[Fact] = [
        change(BLAMED, "rollout", HURT, ROLLED_OUT),
        change(INNOCENT, "infrastructure", OTHER, ROLLED_OUT - timedelta(hours=3)),
    ]
    for number in range(8 * 24 * 8):
        at = START + timedelta(minutes=7.5 * number)
        deployment, task = draw.choice([HURT, OTHER]), draw.choice(["reasoning", "chat"])
        facts.append(told_request(number, at, deployment, task))
        hurt = deployment == HURT and task == "reasoning" and at >= ROLLED_OUT
        score = min(max(draw.gauss(0.85 - DROP if hurt else 0.85, 0.08), 0.0), 1.0)
        facts.append(
            ScoreFact(
                key=uuid4().hex,
                tenant=TENANT,
                request_id=f"{TENANT}-{number}",
                at=at + timedelta(minutes=5),
                recorded_at=at + timedelta(minutes=6),
                evaluator=f"judge-{CODE}",
                evaluator_version="1",
                score=score,
                properties={
                    "evaluator": f"judge-{CODE}",
                    "evaluatorVersion": "1",
                    "score": score,
                },
            )
        )
    return facts


@pytest.fixture(scope="module")
async def fleet(store: GraphStore) -> GraphStore:
    """The history, recorded."""
    facts = history()
    for start in range(0, len(facts), 1000):
        await record(store, facts[start : start + 1000])
    return store


async def asked(store: GraphStore, columns: BucketColumns, **more: Any) -> Investigation:
    given: dict[str, Any] = {
        "metric": Metric.QUALITY,
        "during": DAY,
        "where": Slice(tenant=frozenset({TENANT})),
        "scope": TenantScope.of(TENANT),
        "now": END + timedelta(days=30),
    }
    return await why_changed(store, columns, **(given | more))


async def test_the_rollout_is_found_with_its_slice_onset_and_path(
    fleet: GraphStore, columns: BucketColumns
) -> None:
    found = await asked(fleet, columns)
    assert found.verdict is Verdict.EXPLAINED
    (cause,) = found.causes
    assert (cause.id, cause.kind, cause.mechanism) == (BLAMED, "rollout", Mechanism.WITHIN)
    assert cause.contribution_low < cause.contribution < cause.contribution_high
    day = [fact for fact in history() if isinstance(fact, RequestFact) and fact.at >= DAY.start]
    hurt = [f for f in day if f.at >= ROLLED_OUT and f.cell[1:3] == (HURT, "reasoning")]
    assert found.delta is not None
    effect = cause.contribution * found.delta
    assert effect == pytest.approx(-DROP * len(hurt) / len(day), rel=0.15)
    assert found.onset_low is not None
    assert found.onset_high is not None
    assert ROLLED_OUT <= found.onset_high <= ROLLED_OUT + timedelta(hours=4)
    assert found.onset is not None
    assert found.onset >= cause.at
    assert {(ref.kind, ref.id) for ref in found.slices[0].where} == {
        ("deployment", HURT),
        ("task_type", "reasoning"),
    }
    assert found.baseline.startswith("the same hours and weekdays a week earlier")
    assert found.before is not None
    assert found.after is not None
    assert found.delta is not None
    assert found.unexplained == pytest.approx(1 - cause.contribution)
    assert cause.counterfactual == pytest.approx(found.after - cause.contribution * found.delta)


async def test_a_path_is_connected_and_every_step_is_in_the_graph(
    fleet: GraphStore, columns: BucketColumns
) -> None:
    found = await asked(fleet, columns)
    path = found.causes[0].path
    assert path[0].start == EntityRef("change", BLAMED)
    assert all(a.end == b.start for a, b in itertools.pairwise(path))
    assert [step.relationship for step in path[:2]] == ["TARGETS", "SERVED_BY"]
    told = await fleet.ask("investigation", investigation=found.id, scope=TenantScope.of(TENANT))
    assert told


async def test_nothing_recorded_later_is_known(fleet: GraphStore, columns: BucketColumns) -> None:
    found = await asked(fleet, columns, known_at=ROLLED_OUT)
    assert not found.causes
    assert found.verdict in (Verdict.NO_CHANGE, Verdict.INSUFFICIENT_DATA)


async def test_a_quiet_day_is_no_change(fleet: GraphStore, columns: BucketColumns) -> None:
    found = await asked(
        fleet,
        columns,
        during=Period(START + timedelta(days=6), START + timedelta(days=7)),
        compared_to=Period(START + timedelta(days=4), START + timedelta(days=5)),
    )
    assert (found.verdict, found.causes, found.unexplained) == (Verdict.NO_CHANGE, (), None)


async def test_without_history_it_says_so(fleet: GraphStore, columns: BucketColumns) -> None:
    found = await asked(fleet, columns, during=Period(START, START + timedelta(days=1)))
    assert found.verdict is Verdict.INSUFFICIENT_DATA
    assert "nothing is recorded before" in found.summary


async def test_statements_are_few(fleet: GraphStore, columns: BucketColumns) -> None:
    with counting() as cold:
        await asked(fleet, columns)
    with counting() as warm:
        await asked(fleet, columns)
    assert len(cold.statements) <= STATEMENTS
    assert len(warm.statements) < len(cold.statements)


async def test_another_answer_leaves_the_earlier_one_as_it_was_told(
    fleet: GraphStore, columns: BucketColumns
) -> None:
    # Two days that no other test asks about: more of the first becomes known between.
    quiet: dict[str, Any] = {
        "metric": Metric.VOLUME,
        "during": Period(START + timedelta(days=3), START + timedelta(days=4)),
        "compared_to": Period(START + timedelta(days=1), START + timedelta(days=2)),
    }
    first = await asked(fleet, columns, **quiet)
    later = END + timedelta(days=31)
    again = await asked(fleet, columns, **quiet, now=later)
    assert (again.id, again.asked_at) == (first.id, later)
    scope = TenantScope.of(TENANT)
    at = START + timedelta(days=3, hours=1)
    await record(fleet, [told_request(100_000 + n, at, HURT, "chat") for n in range(5)])
    moved = await asked(fleet, columns, **quiet, now=later)
    assert moved.after != again.after
    assert moved.id != again.id
    assert await kept(fleet, first.id, scope=scope) == again
    assert await kept(fleet, moved.id, scope=scope) == moved


async def test_another_tenant_sees_nothing_of_it(fleet: GraphStore, columns: BucketColumns) -> None:
    found = await asked(fleet, columns, scope=TenantScope.of("somebody-else"))
    assert found.verdict is Verdict.INSUFFICIENT_DATA
    assert found.coverage.requests == 0
