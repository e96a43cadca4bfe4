"""A small evaluation, whole: fleets sent to a running service, asked over GraphQL, marked."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from api.evaluation.causes import Extent, Found, examine, real_cases, truth_of, variables
from api.evaluation.fleets import FIRST_SEED, KINDS, QUIET, Roster
from api.evaluation.questions import Question
from graph.errors import InvalidInput
from graph.slices import Metric, Period, Slice

if TYPE_CHECKING:
    from tests.api.conftest import Server

START = datetime(2026, 3, 9, tzinfo=UTC)
END = datetime(2026, 3, 10, tzinfo=UTC)


def test_questions_are_asked_as_graphql_takes_them() -> None:
    asked = Question(Metric.QUALITY, Period(START, END), Slice(task_type=frozenset({"b", "a"})))
    assert variables(asked) == {
        "metric": "QUALITY",
        "during": {"from": "2026-03-09T00:00:00+00:00", "to": "2026-03-10T00:00:00+00:00"},
        "comparedTo": None,
        "where": {"taskType": ["a", "b"]},
        "knownAt": None,
    }
    assert variables(Question(Metric.COST, Period(START, END)))["where"] is None


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="gremlins"):
        Extent(kinds=("gremlins",))


def test_the_seeds_are_those_that_nothing_was_tuned_on() -> None:
    assert Extent().first_seed == FIRST_SEED
    assert (Extent().seeds, Extent().quiet) == (5, 20)
    assert len(Extent().kinds) == len(KINDS) >= 12


def test_a_quiet_fleet_has_nobody_to_blame() -> None:
    fleet = Roster(per_day=60).fleet(QUIET, seed=FIRST_SEED)
    truth = truth_of(fleet, fleet.asked[0])
    assert truth.quiet
    assert not truth.culprits
    assert truth.decoys == fleet.decoys


def test_a_planted_fault_is_the_truth_and_the_question_does_not_give_its_place() -> None:
    fleet = Roster(per_day=60, tries=1).fleet("rollout-hurts-task", seed=FIRST_SEED)
    (fault,), (asked,) = fleet.planted, fleet.asked
    everywhere = replace(asked, question=replace(asked.question, where=Slice()))
    truth = truth_of(fleet, everywhere)
    assert [culprit.ids for culprit in truth.culprits] == [{fault.cause_id}]
    assert [culprit.effect for culprit in truth.culprits] == list(asked.effects)
    assert truth.began == truth.latest
    assert truth.place == fault.slice
    there = Slice(
        deployment=frozenset(fault.slice["deployment"]),
        task_type=frozenset(fault.slice["task_type"]),
    )
    asked_there = replace(asked, question=replace(asked.question, where=there))
    assert truth_of(fleet, asked_there).place is None


def test_real_cases_are_passed_over_aloud_where_there_are_none() -> None:
    said: list[str] = []
    assert real_cases(None, report=said.append) == []
    assert "--data" in said[0]


@pytest.mark.slow
def test_planted_causes_are_found_through_the_api(
    service: "Server", service_environment: dict[str, str]
) -> None:
    key = service_environment["ROUTECAUSE_ADMIN_KEY"]
    extent = Extent(
        kinds=("harsher-judge", "backend-latency"), seeds=1, quiet=0, first_seed=1, per_day=1_000
    )
    said: list[str] = []
    found: Found = examine(extent, url=service.url, key=key, report=said.append)
    assert [(one.kind, one.first) for one in found.marks] == [
        ("harsher-judge", True),
        ("backend-latency", True),
    ], said
    assert all(one.later == 0 for one in found.marks)
    assert len(found.answers) == 2
    assert {guess.rival for guess in found.guesses} == {
        "the nearest event before the onset",
        "the event that touches most requests",
    }
    titles = [table.title for table in found.tables()]
    assert titles[-1] == "All together"
