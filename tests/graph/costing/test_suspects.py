"""Events are told by place and time only where both fit, and never as sure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.causes.candidates import CandidateCause
from graph.causes.investigation import Cause, Mechanism
from graph.costing.surprise import CostDriver
from graph.costing.suspects import named
from graph.slices import EntityRef

BEGAN = datetime(2026, 3, 4, 10, tzinfo=UTC)
MODEL = EntityRef("model", "sage")


def event(identity: str = "chg-1", *, minutes: int = 5, **more: Any) -> CandidateCause:
    at = BEGAN + timedelta(minutes=minutes)
    given: dict[str, Any] = {"node": "change", "kind": "price", "targets": (MODEL,)}
    return CandidateCause(id=identity, title=identity, at=at, recorded_at=at, **(given | more))


def told(*events: CandidateCause, where: tuple[EntityRef, ...] = (MODEL,)) -> tuple[Cause, ...]:
    return named(where, driver=CostDriver.PRICE, began=BEGAN, expected_usd=2.0, candidates=events)


def test_an_event_that_names_the_slice_is_told_with_its_doubts() -> None:
    (cause,) = told(event())
    assert (cause.id, cause.rank, cause.mechanism) == ("chg-1", 1, Mechanism.PRICE)
    assert (cause.contribution_low, cause.contribution_high) == (0.0, 1.0)
    assert cause.confidence <= 0.5
    assert cause.path[0].end == MODEL
    assert cause.evidence
    assert cause.evidence_against


@pytest.mark.parametrize(
    "other",
    [
        event(minutes=-61),
        event(minutes=60),
        event(targets=(EntityRef("model", "nova"),)),
        event(targets=()),
        event(node="policy_version"),
    ],
)
def test_others_are_not(other: CandidateCause) -> None:
    assert told(other) == ()


def test_a_deployment_lies_in_its_model_and_on_its_backend() -> None:
    where = (EntityRef("deployment", "sage@aws"), EntityRef("task_type", "chat"))
    backend = event("inc-1", node="incident", targets=(EntityRef("backend", "aws"),), minutes=20)
    task = event("chg-2", targets=(EntityRef("task_type", "chat"),))
    found = told(event(), backend, task, where=where)
    assert [cause.id for cause in found] == ["chg-1", "inc-1"]
    assert [cause.indistinguishable_from for cause in found] == [("inc-1",), ("chg-1",)]
    assert found[1].path[0].relationship == "AFFECTS"
