"""Which run of an experiment holds, from what was told of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from graph.trials.runs import run_of

T0 = datetime(2026, 3, 2, tzinfo=UTC)


def told(
    day: float, *arms: tuple[str, float, str], status: str = "running", policy: str = "main"
) -> dict[str, Any]:
    named = [{"arm": arm, "percent": share, "deployment": served} for arm, share, served in arms]
    at = T0 + timedelta(days=day)
    return {
        "at": at,
        "recordedAt": at,
        "policy": policy,
        "status": status,
        "arms": orjson.dumps(named).decode(),
    }


A, B = ("A", 50.0, "a@aws"), ("B", 50.0, "b@aws")


def test_shares_may_change_within_a_run() -> None:
    run = run_of([told(0, ("A", 90, "a@aws"), ("B", 10, "b@aws")), told(3, A, B)])
    assert run.started_at == T0
    assert [step.percents for step in run.steps] == [{"A": 90, "B": 10}, {"A": 50, "B": 50}]
    assert run.names == ("A", "B")
    assert run.ended_at is None


def test_an_arm_that_stands_for_something_else_begins_anew() -> None:
    run = run_of([told(0, A, B), told(3, A, ("B", 50, "c@aws"))])
    assert run.started_at == T0 + timedelta(days=3)
    assert len(run.steps) == 1


def test_a_stop_ends_it_and_keeps_its_arms() -> None:
    run = run_of([told(0, A, B), told(5, status="stopped")])
    assert (run.status, run.names) == ("stopped", ("A", "B"))
    assert run.ended_at == T0 + timedelta(days=5)


def test_what_ran_before_a_stop_is_another_run() -> None:
    run = run_of([told(0, A, B), told(2, status="stopped"), told(4, A, B)])
    assert run.started_at == T0 + timedelta(days=4)
    assert run.ended_at is None


def test_a_correction_of_the_same_instant_replaces_it() -> None:
    run = run_of([told(0, A, B), told(0, A, ("B", 25, "b@aws"))])
    assert [step.percents["B"] for step in run.steps] == [25]


def test_arms_that_were_taken_out_are_remembered() -> None:
    run = run_of([told(0, A, B, ("C", 10, "c@aws")), told(1, A, B)])
    assert run.removed == ("C",)


def test_one_that_never_ran_is_over_at_once() -> None:
    run = run_of([told(0, A, B, status="stopped")])
    assert run.started_at == run.ended_at == T0


def test_no_arms_at_all() -> None:
    assert run_of([{**told(0), "arms": None}]).names == ()
