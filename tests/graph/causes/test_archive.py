"""Investigations kept: once for each question, tied to what is there, seen by their owner alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from graph.causes import archive
from graph.causes.archive import (
    KEPT_OF_ONE,
    answer_of,
    investigation_id,
    keep,
    kept,
    version_of,
)
from graph.causes.investigation import (
    Cause,
    Coverage,
    Investigation,
    Mechanism,
    PartOfChange,
    PathStep,
    SliceContribution,
    Verdict,
)
from graph.columns import BucketColumns
from graph.facts import Fact
from graph.scope import TenantScope
from graph.slices import EntityRef, Metric, Period, Slice
from graph.store.door import GraphStore, Transaction, counting, instant
from graph.store.ledger import record
from ingest.events import parse_event
from ingest.facts import fact_of

T0 = datetime(2026, 5, 4, 8, tzinfo=UTC)
DAY = timedelta(days=1)
DURING = Period(T0, T0 + DAY)
BEFORE = Period(T0 - 7 * DAY, T0 - 6 * DAY)
EVERYWHERE = Slice()


class Case:
    """A change on a deployment that serves a task, and an investigation that blames it."""

    def __init__(self, store: GraphStore) -> None:
        self.store = store
        self.name = uuid4().hex[:8]
        self.tenant = f"t-{self.name}"
        self.scope = TenantScope.of(self.tenant)
        self.deployment = EntityRef("deployment", f"m-{self.name}@b-{self.name}")
        self.task = EntityRef("task_type", f"reasoning-{self.name}")
        self.change = EntityRef("change", f"c-{self.name}")

    async def tell(self, columns: BucketColumns) -> str:
        """Record the change and a request; the id of the request's cell."""
        request = {
            "request_id": f"r-{self.name}",
            "user": "u",
            "tier": "gold",
            "task_type": self.task.id,
            "prompt_tokens": 10,
            "completion_tokens": 10,
            "decision": {
                "deployment": self.deployment.id,
                "policy": f"p-{self.name}",
                "policy_version": "v1",
                "method": "rule",
            },
            "outcome": {"status": "ok", "latency_ms": 10.0, "cost_usd": 0.1},
        }
        change = {
            "change": self.change.id,
            "kind": "rollout",
            "title": "new build",
            "targets": [{"kind": "deployment", "id": self.deployment.id}],
        }
        await record(
            self.store,
            [self.fact("request.completed", request), self.fact("change.applied", change)],
        )
        traffic, _ = await columns.load(start=T0, end=T0 + DAY, scope=self.scope)
        rows = {row: cell for cell, row in columns.cells.rows.items()}
        return rows[int(traffic.cell[0])]

    def fact(self, kind: str, data: dict[str, Any]) -> Fact:
        event = {
            "specversion": "1.0",
            "id": f"{kind}-{self.name}",
            "source": "test",
            "type": f"routecause.{kind}",
            "time": T0.isoformat(),
            "recordedtime": T0.isoformat(),
            "tenant": self.tenant,
            "data": data,
        }
        return fact_of(parse_event(event))

    def found(self, cell: str = "none", **changed: Any) -> Investigation:
        at_cell = EntityRef("cell", cell)
        path = (
            PathStep(self.change, "TARGETS", self.deployment),
            PathStep(self.deployment, "SERVED_BY", at_cell, reversed=True),
            PathStep(at_cell, "OF_TASK", self.task),
        )
        cause = Cause(
            rank=1,
            kind="rollout",
            id=self.change.id,
            title="new build",
            at=T0,
            contribution=0.8,
            contribution_low=0.6,
            contribution_high=0.95,
            counterfactual=0.85,
            mechanism=Mechanism.WITHIN,
            indistinguishable_from=(),
            path=path,
            evidence=("it fell at once",),
            evidence_against=(),
            confidence=0.9,
        )
        place = SliceContribution(
            where=(self.deployment, self.task, EntityRef("prompt_band", "8192+")),
            share=0.9,
            mix_effect=0.0,
            within_effect=-0.09,
            before=0.9,
            after=0.6,
            requests_before=100,
            requests_after=90,
        )
        whole = Investigation(
            id=f"inv-{self.name}",
            verdict=Verdict.EXPLAINED,
            summary="Quality fell.",
            metric=Metric.QUALITY,
            before=0.9,
            after=0.8,
            delta=-0.1,
            delta_low=-0.12,
            delta_high=-0.08,
            onset=T0,
            onset_low=T0,
            onset_high=T0,
            coverage=Coverage(100),
            slices=(place,),
            causes=(cause,),
            unexplained=0.2,
            compared_to=BEFORE,
            during=DURING,
            baseline="the week before",
            considered=3,
        )
        return replace(whole, **changed)

    async def keep(self, found: Investigation, **more: Any) -> None:
        given: dict[str, Any] = {
            "question": found.id,
            "where": EVERYWHERE,
            "scope": self.scope,
            "asked_at": T0 + DAY,
            **more,
        }
        await keep(self.store, found, **given)

    async def read(self, text: str, **parameters: Any) -> list[dict[str, Any]]:
        async def work(transaction: Transaction) -> list[dict[str, Any]]:
            return await transaction.run(text, id=f"inv-{self.name}", **parameters)

        return await self.store.write(work)

    async def ties(self) -> list[tuple[str, str, Any]]:
        rows = await self.read(
            "MATCH (:Investigation {id: $id})-[r]->(t)"
            " RETURN type(r) AS type, labels(t)[0] AS label, properties(r) AS carried"
            " ORDER BY type, label"
        )
        return [(row["type"], row["label"], row["carried"]) for row in rows]


@pytest.fixture
def case(store: GraphStore) -> Case:
    return Case(store)


async def test_it_is_tied_to_what_it_blames_and_locates(case: Case, columns: BucketColumns) -> None:
    cell = await case.tell(columns)
    with counting() as count:
        await case.keep(case.found(cell))
    assert len(count.statements) == 3
    blames = {
        "rank": 1,
        "contribution": 0.8,
        "contributionLow": 0.6,
        "contributionHigh": 0.95,
        "mechanism": "WITHIN",
        "cells": [cell],
    }
    located = {"rank": 1, "share": 0.9}
    assert await case.ties() == [
        ("BLAMES", "Change", blames),
        ("LOCATES", "Deployment", located),
        ("LOCATES", "TaskType", located),
    ]
    (row,) = await case.read("MATCH (n:Investigation {id: $id}) RETURN properties(n) AS n")
    kept = row["n"]
    assert (kept["metric"], kept["verdict"], kept["delta"]) == ("QUALITY", "EXPLAINED", -0.1)
    assert (kept["owner"], kept["tenants"]) == (case.tenant, [case.tenant])
    assert instant(kept["duringStart"]) == T0
    assert "knownAt" not in kept
    (cause,) = orjson.loads(kept["causes"])
    assert [step["relationship"] for step in cause["path"]] == ["TARGETS", "SERVED_BY", "OF_TASK"]


async def test_the_same_question_again_is_the_same_node(case: Case, columns: BucketColumns) -> None:
    await case.tell(columns)
    await case.keep(case.found())
    before = await case.ties()
    await case.keep(case.found())
    assert await case.ties() == before
    await case.keep(case.found(causes=(), verdict=Verdict.UNEXPLAINED, onset=None))
    assert [tie[0] for tie in await case.ties()] == ["LOCATES", "LOCATES"]
    (row,) = await case.read("MATCH (n:Investigation {id: $id}) RETURN properties(n) AS n")
    assert row["n"]["verdict"] == "UNEXPLAINED"
    assert "onset" not in row["n"]


async def test_it_makes_no_nodes_of_what_is_not_there(case: Case) -> None:
    await case.keep(case.found())
    assert await case.ties() == []
    made = "MATCH (n) WHERE n.id IN $ids RETURN count(n) AS found"
    ids = [case.deployment.id, case.task.id, case.change.id]
    assert await case.read(made, ids=ids) == [{"found": 0}]


async def test_versions_and_arms_are_found_by_both_parts_of_their_names(
    case: Case, columns: BucketColumns
) -> None:
    await case.tell(columns)
    policy = f"p-{case.name}"
    whole = case.found()
    published = replace(whole.causes[0], kind="policy", id=f"{policy}@v1", path=())
    arm = EntityRef("arm", f"e/{case.name}/B")
    (place,) = whole.slices
    made = (
        "MERGE (:Arm {experiment: $experiment, arm: 'B'})"
        " MERGE (:PolicyVersion {policy: $policy, version: 'v1'}) RETURN 1 AS one"
    )
    await case.read(made, experiment=f"e/{case.name}", policy=policy)
    version = EntityRef("evaluator_version", "7")  # of whom, it does not say
    named = replace(whole, causes=(published,), slices=(replace(place, where=(arm, version)),))
    await case.keep(named)
    assert [tie[:2] for tie in await case.ties()] == [
        ("BLAMES", "PolicyVersion"),
        ("LOCATES", "Arm"),
    ]


async def test_the_picture_shows_the_way_and_only_to_its_owner(
    case: Case, columns: BucketColumns
) -> None:
    cell = await case.tell(columns)
    await case.keep(case.found(cell))

    async def shown(scope: TenantScope) -> list[dict[str, Any]]:
        return await case.store.ask("investigation", scope=scope, investigation=f"inv-{case.name}")

    rows = await shown(case.scope)
    used = {
        one.type
        for row in rows
        for name in row
        if name not in {"n", "located"} and row[name]
        for one in row[name].relationships
    }
    assert {"BLAMES", "TARGETS", "SERVED_BY", "OF_TASK"} <= used
    assert await shown(TenantScope.all()) != []
    assert await shown(TenantScope.of("somebody-else")) == []
    await case.keep(case.found(cell), scope=TenantScope.all())
    assert await shown(case.scope) == []
    assert await shown(TenantScope.all()) != []


async def test_of_each_owner_the_newest_stay(case: Case) -> None:
    for number in range(5):
        found = case.found(id=f"inv-{case.name}-{number}")
        await case.keep(found, asked_at=T0 + number * DAY, most=3)
    stay = "MATCH (n:Investigation {owner: $owner}) RETURN n.id AS id ORDER BY id"
    rows = await case.read(stay, owner=case.tenant)
    assert [row["id"][-1] for row in rows] == ["2", "3", "4"]


async def test_a_question_asked_again_and_again_pushes_out_no_other(case: Case) -> None:
    first = case.found(id=f"inv-{case.name}-other")
    await case.keep(first, asked_at=T0 - DAY)
    for number in range(KEPT_OF_ONE + 2):
        found = case.found(id=f"inv-{case.name}-{number}")
        await case.keep(found, question=f"moving-{case.name}", asked_at=T0 + number * DAY)
    stay = "MATCH (n:Investigation {owner: $owner}) RETURN n.id AS id ORDER BY n.askedAt"
    rows = await case.read(stay, owner=case.tenant)
    names = ["other", *(str(n) for n in range(2, KEPT_OF_ONE + 2))]
    assert [row["id"].rpartition("-")[2] for row in rows] == names


def test_what_was_answered_tells_answers_apart(store: GraphStore) -> None:
    found = Case(store).found()
    same = [
        replace(found, id="inv-other", asked_at=T0),
        replace(found, delta=-0.1 - 1e-15),
    ]
    others = [
        replace(found, delta=-0.1001),
        replace(found, verdict=Verdict.UNEXPLAINED),
        replace(found, causes=()),
        replace(found, causes=(replace(found.causes[0], contribution=0.81),)),
        replace(found, coverage=Coverage(101)),
    ]
    assert {version_of(one) for one in same} == {version_of(found)}
    assert len({version_of(one) for one in (found, *others)}) == len(others) + 1


def test_a_questions_id_is_made_of_all_that_was_asked() -> None:
    asked: dict[str, Any] = {
        "metric": Metric.QUALITY,
        "during": DURING,
        "compared_to": None,
        "where": Slice(tier=frozenset({"gold", "free"})),
        "known_at": None,
        "scope": TenantScope.of("a", "b"),
    }
    same: dict[str, Any] = {**asked, "where": Slice(tier=frozenset({"free", "gold"}))}
    assert investigation_id(**asked) == investigation_id(**same)
    others: list[dict[str, Any]] = [
        {"metric": Metric.COST},
        {"during": BEFORE},
        {"compared_to": BEFORE},
        {"where": Slice(task_type=frozenset({"gold", "free"}))},
        {"known_at": T0},
        {"scope": TenantScope.all()},
        {"scope": TenantScope.of()},
        {"data_version": "7"},
    ]
    questions: list[dict[str, Any]] = [{**asked, **other} for other in others]
    made = {investigation_id(**question) for question in questions}
    assert len({*made, investigation_id(**asked)}) == len(others) + 1


async def test_it_is_given_back_as_it_was_told_to_whom_it_may_be(case: Case) -> None:
    told = case.found(
        where=(case.task,), asked_at=T0 + DAY, parts=(PartOfChange("routing", -0.1, 1.0),)
    )
    await case.keep(told)
    with counting() as count:
        assert await kept(case.store, told.id, scope=case.scope) == told
    assert len(count.statements) == 1
    assert await kept(case.store, told.id, scope=TenantScope.all()) == told
    assert await kept(case.store, told.id, scope=TenantScope.of("another")) is None
    assert await kept(case.store, "inv-nobody-asked", scope=case.scope) is None


async def test_a_tenant_does_not_open_what_was_told_of_all(case: Case) -> None:
    told = case.found()
    await case.keep(told, scope=TenantScope.all())
    assert await kept(case.store, told.id, scope=case.scope) is None
    assert await kept(case.store, told.id, scope=TenantScope.all()) == told


async def test_one_whose_answer_was_not_kept_is_not_given_back(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LONGEST_ANSWER", 100)
    await case.keep(case.found())
    (row,) = await case.read("MATCH (n:Investigation {id: $id}) RETURN n.summary AS summary")
    assert row["summary"] == "Quality fell."
    assert await kept(case.store, f"inv-{case.name}", scope=case.scope) is None


def test_answers_of_other_versions_are_read_where_they_can_be(store: GraphStore) -> None:
    told = Case(store).found()
    later: dict[str, Any] = orjson.loads(orjson.dumps(told)) | {"mood": "grim"}
    earlier = {name: value for name, value in later.items() if name not in {"where", "asked_at"}}
    for form in (later, earlier):
        assert answer_of(orjson.dumps(form).decode()) == told
    del later["verdict"]
    for form in (orjson.dumps(later).decode(), "[]", "no JSON", None):
        assert answer_of(form) is None
