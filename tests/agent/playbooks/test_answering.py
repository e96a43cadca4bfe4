"""What every answer says alike: slices, periods, lists, and what it does not go by."""

from dataclasses import fields

from agent.playbooks.answering import (
    CALLED,
    CantTell,
    clock,
    listed,
    not_honoured,
    of_slice,
    span,
    told_without,
)
from agent.understanding.question import Moment
from graph.health import HealthStatus
from graph.slices import Dimension, Metric, Period, Slice
from tests.agent.playbooks.worlds import HOUR, NOW, question


def test_instants_are_told_in_utc() -> None:
    assert clock(NOW) == "2020-08-13 12:00 UTC"
    told = span(Period(NOW - HOUR, NOW))
    assert told == "from 2020-08-13 11:00 UTC to 2020-08-13 12:00 UTC"


def test_long_lists_are_counted() -> None:
    assert listed(["a", "b"], most=2) == "a, b"
    assert listed(["a", "b", "c", "d"], most=2) == "a, b and 2 more"


def test_a_slice_is_told_with_what_its_names_are() -> None:
    where = Slice(model=frozenset({"b", "a"}), task_type=frozenset({"chat"}))
    assert of_slice(where) == "model a or b, task type chat"
    assert of_slice(Slice()) == "all requests"


def test_every_metric_has_a_name() -> None:
    assert {*CALLED} == {*Metric}


def test_what_is_not_honoured_is_said_in_words() -> None:
    asked = question(
        where={field.name: "x" for field in fields(Slice) if field.name != "user"},
        by=(Dimension.TASK_TYPE,),
        metric=Metric.QUALITY,
        status=frozenset({HealthStatus.DOWN}),
        without=frozenset({"a", "b"}),
        change="c-1",
        user="ada",
        during=Moment(NOW),
        compared_to=Moment(NOW),
        ahead=HOUR,
    )
    honours = {field.name for field in fields(Slice)} - {"user", "arm"} | {"metric"}
    assert not_honoured(asked, honours=honours) == [
        "arm x",
        "groups of task type",
        "status DOWN",
        "the loss of a and b",
        "change c-1",
        "user ada",
        "time",
        "a comparison with another time",
        "a time ahead",
    ]


def test_an_answer_that_goes_by_all_says_nothing() -> None:
    asked = question(where={"tier": "gold"})
    assert told_without(asked, "Health", honours={"tier"}) == []
    assert told_without(asked, "Health", honours=set()) == [
        "Health is not told by tier gold: that is left out of this answer."
    ]


def test_a_reason_is_kept_with_what_to_ask_instead() -> None:
    refusal = CantTell("nobody knows", follow_ups=("What is known?",))
    assert (refusal.reason, refusal.follow_ups) == ("nobody knows", ("What is known?",))
