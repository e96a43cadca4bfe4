"""Marks are what a strict reader would give: each can be lost."""

import math
from datetime import UTC, datetime
from typing import Any

from api.evaluation.marks import (
    Culprit,
    Mark,
    Truth,
    by_kind,
    mark,
    missed,
    totals,
)

BEGAN = datetime(2026, 3, 9, 9, 20, tzinfo=UTC)
ONE = Truth(
    kind="rollout",
    seed=1,
    culprits=(Culprit(frozenset({"chg-1"}), -0.04),),
    decoys=frozenset({"chg-2", "main@v2"}),
    began=BEGAN,
    latest=BEGAN,
    place={"deployment": ["m@aws"], "task_type": ["chat"]},
)


def cause(name: str = "chg-1", *, rank: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "rank": rank,
        "id": name,
        "at": "2026-03-09T09:20:00Z",
        "contribution": 0.75,
        "contributionLow": 0.6,
        "contributionHigh": 0.9,
        "indistinguishableFrom": [],
        **more,
    }


def answer(*causes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "verdict": "EXPLAINED" if causes else "UNEXPLAINED",
        "before": 0.80,
        "after": 0.75,
        "onset": "2026-03-09T10:00:00Z",
        "coverage": {"warning": None},
        "slices": [],
        "causes": list(causes),
        "during": {"from": "2026-03-09T00:00:00Z", "to": "2026-03-10T00:00:00Z"},
        **more,
    }


def test_a_right_answer_gets_every_mark() -> None:
    one = mark(ONE, answer(cause()))
    assert (one.first, one.three, one.verdict_right) == (True, True, True)
    assert (one.false, one.beside, one.later) == (False, False, 0)
    assert one.errors == (abs(75 - 80.0),) or math.isclose(one.errors[0], 5)
    assert one.covered == (True,)
    assert math.isclose(one.onset_error_h or 0, 2 / 3)


def test_an_innocent_counts_wherever_it_is_ranked() -> None:
    one = mark(ONE, answer(cause("chg-2"), cause(rank=2)))
    assert (one.first, one.three, one.false) == (False, True, True)
    second = mark(ONE, answer(cause(), cause("some-other", rank=2)))
    assert (second.first, second.false) == (True, True)


def test_causes_are_read_by_rank() -> None:
    assert mark(ONE, answer(cause("chg-2", rank=2), cause())).first


def test_a_decoy_named_beside_is_not_blamed_but_told() -> None:
    one = mark(ONE, answer(cause(indistinguishableFrom=["chg-2"])))
    assert (one.first, one.false, one.beside) == (True, False, True)


def test_an_interval_that_misses_the_truth_is_told() -> None:
    assert mark(ONE, answer(cause(contributionLow=0.81))).covered == (False,)
    assert mark(ONE, answer()).covered == ()


def test_a_cause_after_its_effect_is_counted() -> None:
    assert mark(ONE, answer(cause(at="2026-03-09T09:22:00Z"))).later == 1
    quiet = Truth(kind="quiet", seed=1, quiet=True)
    assert mark(quiet, answer(cause(at="2026-03-10T00:00:00Z"))).later == 1
    assert mark(quiet, answer(cause(at="2026-03-09T23:00:00Z"))).later == 0


def test_verdicts() -> None:
    assert mark(ONE, answer(cause(), verdict="PARTLY_EXPLAINED")).verdict_right
    assert not mark(ONE, answer(verdict="NO_CHANGE")).verdict_right
    small = Truth(kind="k", seed=1, culprits=(Culprit(frozenset({"chg-1"}), -0.01),))
    assert not mark(small, answer(cause())).verdict_right
    assert mark(small, answer(cause(), verdict="PARTLY_EXPLAINED")).verdict_right
    drift = Truth(kind="slow-drift", seed=1)
    assert mark(drift, answer()).verdict_right
    assert not mark(drift, answer(verdict="NO_CHANGE")).verdict_right
    assert mark(drift, answer()).first is None


def test_scores_that_lack_need_a_warning() -> None:
    lacking = Truth(kind="scores-missing", seed=1, lacking=True)
    warned = {"coverage": {"warning": "of 100 scores expected 60 arrived"}}
    assert mark(lacking, answer(**warned)).verdict_right
    assert mark(lacking, answer(verdict="INSUFFICIENT_DATA", **warned)).verdict_right
    assert not mark(lacking, answer()).verdict_right
    assert not mark(lacking, answer(verdict="EXPLAINED", **warned)).verdict_right


def test_what_cannot_be_told_apart_must_be_said_to_be_so() -> None:
    both = Truth(kind="k", seed=1, culprits=(Culprit(frozenset({"chg-1", "chg-9"}), -0.04),))
    assert not mark(both, answer(cause())).verdict_right
    said = mark(both, answer(cause("chg-9", indistinguishableFrom=["chg-1"])))
    assert (said.first, said.three, said.verdict_right, said.false) == (True, True, True, False)


def test_two_causes_must_both_be_among_the_first_three() -> None:
    two = Truth(
        kind="two-causes", seed=1,
        culprits=(Culprit(frozenset({"a"}), -0.03), Culprit(frozenset({"b"}), -0.02)),
    )  # fmt: skip
    assert mark(two, answer(cause("a"))).three is False
    both = mark(two, answer(cause("b"), cause("a", rank=2)))
    assert (both.first, both.three, len(both.errors)) == (True, True, 2)


def test_the_place_is_named_by_a_slice_within_it() -> None:
    def named(**where: str) -> bool | None:
        refs = [{"kind": kind, "id": name} for kind, name in where.items()]
        return mark(ONE, answer(cause(), slices=[{"where": refs}])).placed

    assert named(deployment="m@aws") is True
    assert named(deployment="m@aws", tenant="acme") is True
    assert named(deployment="m@aws", task_type="code") is False
    assert named(tenant="acme") is False
    armed = Truth(kind="experiment-ramp", seed=1, place={"arm": ["B"]})
    refs = [{"kind": "arm", "id": "exp-1/B"}]
    assert mark(armed, answer(slices=[{"where": refs}])).placed is True


def rows(marks: list[Mark], quiet: list[list[Mark]]) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row for row in totals(marks, quiet=quiet).rows}


def test_sums_leave_out_what_does_not_apply() -> None:
    right, wrong = mark(ONE, answer(cause())), mark(ONE, answer(cause("chg-2")))
    drift = mark(Truth(kind="slow-drift", seed=1), answer())
    told = rows([right, wrong, drift], [])
    assert told["top-1, of those with a cause"][1:] == (0.5, ">= 0.9", "no")
    assert math.isclose(told["fleets where an innocent is blamed"][1], 1 / 3)
    assert told["quiet fleets where a cause is claimed"][3] == "nothing to tell"
    assert told["intervals that hold the truth"][1:] == (1.0, "0.9 to 0.98", "no")
    assert told["causes later than their effect"][1:] == (0.0, "<= 0", "yes")
    kinds = {row[0]: row for row in by_kind([right, wrong, drift]).rows}
    assert kinds["rollout"][1:3] == (2, 0.5)
    assert math.isnan(kinds["slow-drift"][2])


def test_a_quiet_fleet_is_claimed_by_any_of_its_questions() -> None:
    quiet = Truth(kind="quiet", seed=1, quiet=True)
    calm, claimed = mark(quiet, answer(verdict="NO_CHANGE")), mark(quiet, answer(cause()))
    told = rows([], [[calm, calm], [calm, claimed]])
    assert told["quiet fleets where a cause is claimed"][1] == 0.5


def test_what_is_not_right_is_listed() -> None:
    right, wrong = mark(ONE, answer(cause())), mark(ONE, answer(cause("chg-2")))
    assert [row[0] for row in missed([right, wrong]).rows] == ["rollout-1"]
