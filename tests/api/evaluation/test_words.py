"""Marks for what an answer says it understood: each thing wrong is named, and nothing else is."""

import json
from typing import Any

import pytest

from agent.understanding.question import Intent
from api.evaluation.fleets_asked_about import PLANS
from api.evaluation.words import PARTS, Worded, marked, questions
from graph.slices import Dimension, Metric

DAY = ["2026-03-10T00:00:00Z", "2026-03-11T00:00:00Z"]
SLOTS: dict[str, Any] = {"metric": "QUALITY", "where": {"task_type": ["reasoning"]}}
ASKED = Worded("why?", "sim", "why_changed", SLOTS, during=DAY)


def answer(intent: str | None = "why_changed", **given: Any) -> dict[str, Any]:
    slots: dict[str, Any] = {
        "metric": "QUALITY",
        "without": [],
        "where": {"task_type": ["reasoning"], "tier": None},
    }
    times: dict[str, Any] = {
        "during": {"start": "2026-03-10T00:00:00Z", "end": "2026-03-11T01:00:00+01:00"},
        "comparedTo": None,
        "aheadMinutes": None,
    }
    told: dict[str, Any] = {
        "slots": {**slots, **given.get("slots", {})},
        "times": {**times, **given.get("times", {})},
    }
    text = given.get("text", "It fell.")
    return {"intent": intent, "method": "logical", "text": text,
            "data": json.dumps({"understood": told})}  # fmt: skip


def test_what_is_right_has_no_marks_against_it() -> None:
    marks = marked(ASKED, answer())
    assert (marks.right, marks.slots, marks.times, marks.wrong) == (True, True, True, ())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"slots": {"metric": "COST"}}, "metric COST for QUALITY"),
        ({"slots": {"where": {"task_type": ["reasoning"], "tier": ["gold"]}}}, "where"),
        ({"slots": {"where": {}}}, "where"),
        ({"slots": {"without": ["aws"]}}, "without"),
    ],
)
def test_wrong_slots_are_named(given: dict[str, Any], said: str) -> None:
    marks = marked(ASKED, answer(**given))
    assert (marks.right, marks.slots, marks.times) == (True, False, True)
    assert said in marks.wrong[0]


@pytest.mark.parametrize(
    "times",
    [
        {"during": None},
        {"during": {"start": "2026-03-10T00:00:00Z", "end": "2026-03-11T00:00:01Z"}},
        {"during": {"kind": "incident", "id": None}},
        {"comparedTo": {"start": "2026-03-03T00:00:00Z", "end": "2026-03-04T00:00:00Z"}},
        {"aheadMinutes": 60.0},
    ],
)
def test_wrong_times_are_named(times: dict[str, Any]) -> None:
    marks = marked(ASKED, answer(times=times))
    assert (marks.right, marks.slots, marks.times) == (True, True, False)


def test_another_intent_is_wrong_and_none_is_no_answer() -> None:
    assert marked(ASKED, answer("trend")).answered
    assert not marked(ASKED, answer("trend")).right
    assert not marked(ASKED, answer(None)).answered


def test_what_must_be_refused_is_refused_or_wrong() -> None:
    asked = Worded("what is the weather?", "sim", None)
    assert marked(asked, answer(None, text="I can't tell: it is not about the fleet.")).right
    assert not marked(asked, answer("trend")).right
    assert not marked(asked, answer(None, text="Sunny.")).right


@pytest.mark.parametrize("part", PARTS)
def test_the_questions_can_be_read_and_marked(part: str) -> None:
    intents = {one.value for one in Intent}
    metrics, dimensions = set(Metric), set(Dimension)
    for one in questions(part):
        assert one.fleet in PLANS
        assert one.intent is None or one.intent in intents, one.text
        assert one.slots.get("metric", "COST") in metrics, one.text
        assert set(one.slots.get("by", ())) <= dimensions, one.text


def test_there_are_enough_of_them_and_a_third_is_apart() -> None:
    known = {part: [one for one in questions(part) if one.intent] for part in PARTS}
    assert sum(map(len, known.values())) >= 300
    assert len(known["kept_apart"]) * 3 >= sum(map(len, known.values()))
    for part in PARTS:
        assert sum(one.intent is None for one in questions(part)) >= 40
        assert {one.intent for one in known[part]} == {one.value for one in Intent}
    texts = [(one.text, one.before, one.fleet) for part in PARTS for one in questions(part)]
    assert len(set(texts)) == len(texts)
