"""An investigation in words: its figures, its interval, who is to blame, and that nobody is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.playbooks.causes import in_words, path_in_words
from graph.causes.investigation import (
    Cause,
    Coverage,
    Investigation,
    Mechanism,
    PathStep,
    SliceContribution,
    Verdict,
)
from graph.slices import EntityRef, Metric, Period

T0 = datetime(2026, 11, 17, tzinfo=UTC)
DAY = timedelta(days=1)
DEPLOYMENT = EntityRef("deployment", "sage@aws")
PATH = (
    PathStep(EntityRef("change", "c-1"), "TARGETS", DEPLOYMENT),
    PathStep(DEPLOYMENT, "SERVED_BY", EntityRef("cell", "x"), reversed=True),
)
CAUSE = Cause(
    rank=1,
    kind="rollout",
    id="c-1",
    title="build 7",
    at=T0 + timedelta(hours=7, minutes=40),
    contribution=0.91,
    contribution_low=0.82,
    contribution_high=1.0,
    counterfactual=0.905,
    mechanism=Mechanism.WITHIN,
    indistinguishable_from=("c-2",),
    path=PATH,
    evidence=("first", "second", "third"),
    evidence_against=("but",),
    confidence=0.97,
)
FOUND = Investigation(
    id="inv-1",
    verdict=Verdict.EXPLAINED,
    summary="Quality fell. A rollout did it.",
    metric=Metric.QUALITY,
    before=0.919,
    after=0.76,
    delta=-0.159,
    delta_low=-0.18,
    delta_high=-0.138,
    onset=T0,
    onset_low=T0,
    onset_high=T0 + timedelta(hours=2),
    coverage=Coverage(1234, 402, 0.326, 0.4, "Scores of sage@aws are late."),
    slices=(SliceContribution((DEPLOYMENT,), 0.92, 0.0, -0.147, 0.92, 0.76, 392, 359),),
    causes=(CAUSE,),
    unexplained=0.09,
    compared_to=Period(T0 - 7 * DAY, T0 - 6 * DAY),
    during=Period(T0, T0 + DAY),
    baseline="the Tuesday before",
    considered=7,
)


def test_it_is_told_with_its_figures() -> None:
    assert in_words(FOUND) == [
        "Quality fell. A rollout did it.",
        "  QUALITY 0.919 → 0.760, -0.159 (95 %: -0.180 to -0.138), from 2026-11-17 00:00 UTC to "
        "2026-11-18 00:00 UTC, against the Tuesday before",
        "  It began between 2026-11-17 00:00 UTC and 2026-11-17 02:00 UTC.",
        "  From 1234 requests, 402 scores: 32.6 % of them are scored, where 40 % were to be "
        "expected by now.",
        "  Scores of sage@aws are late.",
        "Where:",
        "  92 % of the change in deployment sage@aws: 0.920 → 0.760",
        "Why (7 recorded events considered):",
        "  1. rollout c-1 (build 7) at 2026-11-17 07:40 UTC: 91 % of the change "
        "(95 %: 82 % to 100 %), WITHIN, confidence 97 %",
        "     without it: 0.905",
        "     path: change c-1 → deployment sage@aws → cell x",
        "     can't be told from c-2",
        "     + first",
        "     + second",
        "     - but",
        "Unexplained: 9 % of the change.",
    ]


def test_a_slice_without_figures_is_told_without() -> None:
    (one,) = FOUND.slices
    lines = in_words(replace(FOUND, slices=(replace(one, before=None, after=None),)))
    assert "  92 % of the change in deployment sage@aws" in lines


def test_where_no_event_did_it_nobody_is_blamed() -> None:
    drift = replace(FOUND, verdict=Verdict.UNEXPLAINED, causes=(), unexplained=1.0)
    lines = in_words(drift)
    assert "Why: none of 7 recorded events is held responsible by the data." in lines
    assert lines[-1] == "Unexplained: 100 % of the change."
    assert not any("c-1" in line for line in lines)


@pytest.mark.parametrize("verdict", [Verdict.NO_CHANGE, Verdict.INSUFFICIENT_DATA])
def test_where_nothing_changed_nothing_is_explained(verdict: Verdict) -> None:
    calm = replace(
        FOUND,
        verdict=verdict,
        before=None,
        delta=None,
        delta_low=None,
        onset_low=None,
        coverage=Coverage(3),
        slices=(),
        causes=(),
        unexplained=None,
    )
    assert in_words(calm) == [
        FOUND.summary,
        "  QUALITY unknown → 0.760, unknown, from 2026-11-17 00:00 UTC to 2026-11-18 00:00 UTC, "
        "against the Tuesday before",
        "  From 3 requests.",
    ]


def test_a_path_goes_from_the_cause_to_the_slice() -> None:
    assert path_in_words(PATH) == "change c-1 → deployment sage@aws → cell x"
    assert path_in_words(()) == ""
