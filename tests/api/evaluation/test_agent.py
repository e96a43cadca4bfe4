"""What the evaluation of the agent prints: shares of what each step alone would have got right."""

from typing import Any

import pytest

from api.evaluation.agent import CLAUDE_USD, Found, Given
from api.evaluation.words import PARTS, Marks, Worded

PRACTISED, APART = PARTS


def given(
    *,
    intent: str | None = "trend",
    right: bool = True,
    answered: bool = True,
    method: str = "logical",
    part: str = APART,
    degraded: bool = False,
    **more: Any,
) -> Given:
    known = intent is not None
    marks = Marks(
        known=known,
        answered=answered,
        right=right,
        method=method,
        slots=more.get("slots", right) if known else None,
        times=right if known else None,
        wrong=() if right else ("wrong",),
    )
    answer = {"intent": intent, "understandingMs": 2.0, "degraded": degraded, "text": "text"}
    asked = Worded("q", "sim", intent, part=part)
    return Given(asked, answer, marks, more.get("figure"), more.get("same"))


def rows(found: Found, table: int) -> list[tuple[Any, ...]]:
    return found.tables()[table].rows


def test_rules_alone_are_told_apart_from_both() -> None:
    found = Found(
        [
            given(),
            given(right=False),
            given(method="local", slots=False),
            given(method="local", answered=False, right=False, intent="cost", degraded=True),
            given(intent=None, right=True),
            given(intent=None, right=False, method="local"),
        ]
    )
    rules, both = rows(found, 0)
    assert rules[:3] == (APART, "rules alone", 4)
    assert rules[3:6] == (50.0, 50.0, 25.0)
    assert rules[-1] == 100.0, "what rules leave is not answered"
    assert both[3:6] == (75.0, pytest.approx(200 / 3), 50.0)
    assert both[6] == 50.0
    assert both[-1] == 50.0


def test_a_question_that_nobody_understood_costs_what_claude_does() -> None:
    found = Found([given(), given(method="local", degraded=True, answered=False, right=False)])
    by_name = {row[0]: row for row in rows(found, 1)}
    assert by_name["rules"][2:] == (50.0, 2.0, 2.0, 0.0)
    asked = by_name["nobody: Claude would be asked"]
    assert asked[-1] == pytest.approx(1000 * 0.5 * CLAUDE_USD)


def test_what_a_question_was_taken_for_instead_is_told_by_intent() -> None:
    wrong = given(right=False)
    found = Found([given(), Given(wrong.asked, {**wrong.answer, "intent": "cost"}, wrong.marks,
                                  None, None)])  # fmt: skip
    assert rows(found, 2) == [("trend", 2, 1, "cost 1")]


def test_only_what_was_practised_is_shown_where_it_is_missed() -> None:
    found = Found(
        [
            given(right=False),
            given(right=False, part=PRACTISED),
            given(part=PRACTISED, figure=False),
            given(part=PRACTISED, figure=True, same=True),
        ]
    )
    assert [one["wrong"] for one in found.missed()] == [["wrong"], ["figure"]]
