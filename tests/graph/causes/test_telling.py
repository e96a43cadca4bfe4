"""Telling: the verdict, two sentences, and evidence with the figures that stand behind it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.causes.attribution import Amount
from graph.causes.baseline import Baseline
from graph.causes.candidates import CandidateCause
from graph.causes.change import Change
from graph.causes.coverage import Hidden
from graph.causes.examination import Examined, Facts
from graph.causes.inquiry import Findings, Suspect
from graph.causes.investigation import (
    Coverage,
    Investigation,
    Mechanism,
    PathStep,
    SliceContribution,
    Verdict,
)
from graph.causes.ledgers import Part
from graph.causes.onset import Onset, Shape
from graph.causes.panel import Evaluators
from graph.causes.telling import Paths, investigation_of, verdict_of
from graph.frame import CellTable, Scores, Traffic
from graph.slices import EntityRef, Metric, Period, Slice
from tests.graph.causes.worlds import START_S, at, event

BEFORE, AFTER = 0.842, 0.776
DELTA = AFTER - BEFORE
CHANGE = Change(
    before=BEFORE,
    after=AFTER,
    delta=DELTA,
    low=-0.081,
    high=-0.051,
    changed=True,
    enough=True,
    words="It changed: 0.842 before, 0.776 after.",
    count_before=900,
    count_after=800,
)
ROLLOUT = replace(
    event("change", "chg-1", 60.2, ("deployment", "big@aws")),
    kind="rollout",
    title="big@aws to build 7",
)
TWIN = replace(ROLLOUT, id="chg-2", title="new prompt template", kind="prompt")
ONSET = Onset(
    at=at(60.25),
    low=at(60),
    high=at(61),
    shape=Shape.STEP,
    until=None,
    shift=-0.2,
    gain=60.0,
)
MISSING = Hidden(possible=True, needed=0.31, words="30 % of the scores are missing, low ones maybe")
PLACE = (("task_type", "code"),)


def amount(part: Part = Part.WITHIN, *, control: float = 0.011, deviation: float = 0.005) -> Amount:
    return Amount(
        part=part,
        place=PLACE,
        entire=False,
        units=np.ones(1, dtype=np.bool_),
        exposure=np.ones(1),
        effect=-0.185,
        control=control,
        control_deviation=deviation,
        amount=-43.2,
        deviation=4.0,
        exposed=1243.0,
    )


def suspect(
    contribution: float = 0.9,
    *,
    candidate: CandidateCause = ROLLOUT,
    mechanism: Mechanism = Mechanism.WITHIN,
    amounts: Sequence[Amount] | None = None,
    rivals: Sequence[CandidateCause] = (),
    lag: int = 0,
    half: float = 0.1,
) -> Suspect:
    return Suspect(
        candidate=candidate,
        amounts=tuple(amounts or [amount()]),
        contribution=contribution,
        low=contribution - half,
        high=contribution + half,
        mechanism=mechanism,
        rivals=tuple(rivals),
        score=40.0,
        begins=START_S + 60 * 3600,
        lag=lag,
        confidence=0.98,
    )


def examined(
    *suspects: Suspect,
    change: Change = CHANGE,
    hidden: Hidden | None = None,
    local: bool = False,
    onset: Onset | None = ONSET,
    slices: Sequence[SliceContribution] | None = None,
) -> Examined:
    findings = Findings(
        ledgers=(),
        parts={Part.DEMAND: 0.1, Part.ROUTING: -0.05, Part.WITHIN: 0.95},
        suspects=suspects,
        unrecorded=(),
        shares=(),
        explained=sum(each.contribution for each in suspects),
    )
    carried = SliceContribution(
        where=(EntityRef("deployment", "big@aws"), EntityRef("task_type", "code")),
        share=0.94,
        mix_effect=0.001,
        within_effect=0.94 * DELTA - 0.001,
        before=0.8,
        after=0.6,
        requests_before=400,
        requests_after=380,
    )
    return Examined(
        change=change,
        coverage=Coverage(requests=1900, scored=800, scored_share=0.42),
        hidden=hidden,
        findings=findings,
        slices=(carried,) if slices is None else tuple(slices),
        onset=onset,
        local=local,
    )


QUIET = Examined(
    change=replace(CHANGE, changed=False, words="No more than it always varies: 0.842 to 0.840."),
    coverage=Coverage(requests=1900),
)
FEW = Examined(
    change=replace(
        CHANGE, delta=None, enough=False, changed=False, words="Only 12 scores in the period."
    ),
    coverage=Coverage(requests=40),
)


def facts(
    metric: Metric = Metric.QUALITY,
    *,
    candidates: Sequence[CandidateCause] = (ROLLOUT,),
    known_at: datetime | None = None,
) -> Facts:
    return Facts(
        metric=metric,
        where=Slice(),
        during=Period(at(48), at(96)),
        baseline=Baseline(Period(at(0), at(48)), "the same hours 2 days earlier"),
        known_at=known_at or at(120),
        traffic=Traffic(),
        scores=Scores(),
        cells=CellTable(),
        evaluators=Evaluators([], []),
        candidates=candidates,
    )


def told(
    one: Examined,
    *,
    about: Facts | None = None,
    paths: Paths | None = None,
) -> Investigation:
    return investigation_of(
        about or facts(), one, identity="inv-1", paths=paths or {}, asked_known_at=None
    )


def sentences(text: str) -> list[str]:
    return [each for each in re.split(r"(?<=[a-z%)\d])\.(?:\s+(?=[A-Z\d])|$)", text) if each]


# --- verdict -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (examined(suspect(0.9)), Verdict.EXPLAINED),
        (examined(suspect(0.5), suspect(0.4, candidate=TWIN)), Verdict.EXPLAINED),
        (examined(suspect(0.5)), Verdict.PARTLY_EXPLAINED),
        (examined(suspect(0.05)), Verdict.UNEXPLAINED),
        (examined(suspect(-0.6)), Verdict.UNEXPLAINED),
        (examined(), Verdict.UNEXPLAINED),
        (QUIET, Verdict.NO_CHANGE),
        (FEW, Verdict.INSUFFICIENT_DATA),
    ],
)
def test_the_verdict_follows_from_how_much_is_explained(one: Examined, verdict: Verdict) -> None:
    assert verdict_of(one) is verdict


@given(shares=st.tuples(st.floats(-1, 2), st.floats(-1, 2)))
def test_explaining_more_is_never_a_weaker_verdict(shares: tuple[float, float]) -> None:
    order = [Verdict.UNEXPLAINED, Verdict.PARTLY_EXPLAINED, Verdict.EXPLAINED]
    less, more = (order.index(verdict_of(examined(suspect(share)))) for share in sorted(shares))
    assert less <= more


RISE = replace(CHANGE, before=AFTER, after=BEFORE, delta=-DELTA, low=0.051, high=0.081)


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        # Bad answers that are not scored raise a mean, whatever else happened.
        (examined(suspect(), change=RISE, hidden=MISSING), Verdict.INSUFFICIENT_DATA),
        (examined(change=RISE, hidden=MISSING), Verdict.INSUFFICIENT_DATA),
        (examined(hidden=MISSING), Verdict.INSUFFICIENT_DATA),
        # A fall that begins with an event is not made of scores that are not there.
        (examined(suspect(), hidden=MISSING), Verdict.EXPLAINED),
        (
            examined(suspect(), change=RISE, hidden=replace(MISSING, possible=False)),
            Verdict.EXPLAINED,
        ),
    ],
)
def test_scores_that_are_missing_leave_a_rise_in_doubt(one: Examined, verdict: Verdict) -> None:
    assert verdict_of(one) is verdict
    if verdict is Verdict.INSUFFICIENT_DATA:
        found = told(one)
        assert found.causes == ()
        assert found.unexplained is None
        assert "30 % of the scores are missing" in found.summary
        assert len(sentences(found.summary)) == 1


# --- the answer ----------------------------------------------------------------------------------


def test_causes_carry_their_figures_and_the_rest_is_unexplained() -> None:
    steps = (PathStep(EntityRef("change", "chg-1"), "TARGETS", EntityRef("deployment", "big@aws")),)
    second = suspect(0.2, candidate=TWIN, mechanism=Mechanism.MIX)
    found = told(examined(suspect(0.6), second), paths={"chg-1": steps})
    assert [cause.id for cause in found.causes] == ["chg-1", "chg-2"]
    assert [cause.rank for cause in found.causes] == [1, 2]
    first = found.causes[0]
    assert first.contribution == 0.6
    assert (first.contribution_low, first.contribution_high) == pytest.approx((0.5, 0.7))
    assert first.counterfactual == pytest.approx(AFTER - 0.6 * DELTA)
    assert first.mechanism is Mechanism.WITHIN
    assert first.path == steps
    assert first.where == (EntityRef("task_type", "code"),)
    assert found.causes[1].path == ()
    assert found.unexplained == pytest.approx(0.2)
    assert found.considered == 1
    assert found.baseline == "the same hours 2 days earlier"


def test_a_quiet_period_is_told_in_one_sentence_and_claims_nothing() -> None:
    found = told(QUIET)
    assert found.verdict is Verdict.NO_CHANGE
    assert found.causes == ()
    assert found.slices == ()
    assert found.unexplained is None
    assert (found.onset, found.onset_low, found.onset_high) == (None, None, None)
    assert found.summary == "No more than it always varies: 0.842 to 0.840."


def test_too_little_data_is_told_with_its_reason() -> None:
    found = told(FEW)
    assert found.verdict is Verdict.INSUFFICIENT_DATA
    assert "Only 12 scores in the period" in found.summary
    assert found.causes == ()
    assert found.unexplained is None


# --- two sentences -------------------------------------------------------------------------------


def test_an_explained_change_is_two_sentences_with_its_figures() -> None:
    summary = told(examined(suspect(0.9))).summary
    first, second = sentences(summary)
    assert "fell from 0.842 to 0.776" in first
    assert "94 %" in first
    assert "deployment big@aws" in first
    assert "task type code" in first
    for said in ("Rollout chg-1", "big@aws to build 7", "90 %", "80 to 100 %", "2026-03-04 12:12"):
        assert said in second


def test_a_rise_is_called_one() -> None:
    assert "rose from 0.776 to 0.842" in told(examined(suspect(), change=RISE)).summary


def test_other_causes_and_what_is_left_are_said_too() -> None:
    summary = told(examined(suspect(0.4), suspect(0.2, candidate=TWIN))).summary
    assert "chg-2 for 20 %" in summary
    assert "40 % stays unexplained" in summary
    assert "unexplained" not in told(examined(suspect(0.9))).summary


def test_twins_are_said_to_be_such() -> None:
    found = told(examined(suspect(0.9, rivals=[TWIN])))
    assert "chg-2" in found.summary
    assert "cannot tell" in found.summary
    assert found.causes[0].indistinguishable_from == ("chg-2",)
    assert any("chg-2" in line for line in found.causes[0].evidence_against)


def test_without_a_cause_it_says_in_which_part_the_change_lies() -> None:
    summary = told(examined()).summary
    assert len(sentences(summary)) == 2
    assert "No recorded event explains it" in summary
    assert "95 %" in summary
    ramp = told(examined(onset=replace(ONSET, shape=Shape.RAMP))).summary
    assert "little by little" in ramp
    assert "little by little" not in summary


@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_every_mechanism_is_put_into_words(mechanism: Mechanism) -> None:
    others = set(Mechanism) - {mechanism}
    own = told(examined(suspect(mechanism=mechanism))).summary
    assert all(own != told(examined(suspect(mechanism=other))).summary for other in others)


@pytest.mark.parametrize("metric", list(Metric))
def test_every_metric_is_called_by_its_name(metric: Metric) -> None:
    summary = told(examined(suspect()), about=facts(metric)).summary
    assert metric.value not in summary
    assert "fell from" in summary


# --- evidence ------------------------------------------------------------------------------------


def against(one: Suspect, *, local: bool = False, about: Facts | None = None) -> str:
    return "; ".join(told(examined(one, local=local), about=about).causes[0].evidence_against)


def evidence(one: Suspect) -> str:
    return "; ".join(told(examined(one)).causes[0].evidence)


def test_evidence_gives_what_the_touched_and_the_untouched_moved_by() -> None:
    line = evidence(suspect())
    for figure in ("-0.185", "1,243 requests", "+0.011", "± 0.010", "task_type code"):
        assert figure in line


def test_figures_are_in_the_unit_of_the_metric() -> None:
    slow = replace(examined(suspect()), scale=1000.0)
    line = "; ".join(told(slow, about=facts(Metric.LATENCY_MEAN)).causes[0].evidence)
    assert "-185 ms" in line
    assert "+11 ms" in line


def test_an_effect_on_a_percentile_is_told_as_a_share_of_requests() -> None:
    slow = replace(examined(suspect()), scale=1000.0)
    line = "; ".join(told(slow, about=facts(Metric.LATENCY_P95)).causes[0].evidence)
    assert "-18.5 points" in line
    assert " ms" not in line


def test_each_ledger_in_which_an_event_acted_has_its_line() -> None:
    one = suspect(amounts=[amount(), amount(Part.ROUTING)])
    lines = told(examined(one)).causes[0].evidence
    assert sum("1,243 requests" in line for line in lines) == 2
    assert len(set(lines)) == len(lines)


def test_delays_are_told() -> None:
    assert "about 5 h after it" in evidence(suspect(lag=5))
    assert "set in with it" in evidence(suspect(lag=0))


def test_what_speaks_against_a_cause_is_told() -> None:
    assert against(suspect()) == ""
    assert "close to nothing" in against(suspect(0.08))
    assert "against the change" in against(suspect(-0.5))
    assert "no more than it usually does" in against(suspect(), local=True)
    alone = suspect(amounts=[amount(deviation=float("inf"))])
    assert "before and after only" in against(alone)
    assert "did not touch" not in evidence(alone)
    early = facts(known_at=at(55))
    assert "known only later" in against(suspect(), about=early)


# --- onset ---------------------------------------------------------------------------------------


def test_the_onset_is_the_datas_where_nothing_tells_it_better() -> None:
    found = told(examined(suspect()))
    assert (found.onset, found.onset_low, found.onset_high) == (at(60.25), at(60.2), at(61))
    alone = told(examined())
    assert (alone.onset, alone.onset_low, alone.onset_high) == (at(60.25), at(60), at(61))


@given(hour=st.floats(50, 61))
def test_an_effect_does_not_begin_before_its_cause(hour: float) -> None:
    found = told(examined(suspect(candidate=replace(ROLLOUT, at=at(hour)))))
    assert found.onset is not None
    assert found.onset_low is not None
    assert found.onset_high is not None
    assert found.onset >= at(hour)
    assert found.onset_low <= found.onset <= found.onset_high


def test_a_judge_is_dated_by_its_change_and_a_version_by_its_first_request() -> None:
    judge = suspect(mechanism=Mechanism.EVALUATOR)
    assert told(examined(judge)).onset == ROLLOUT.at
    version = replace(ROLLOUT, node="policy_version", kind="policy", id="main@v2", at=at(57.5))
    found = told(examined(suspect(candidate=version, mechanism=Mechanism.MIX)))
    assert found.onset == at(60)
    assert found.onset_high == at(60) + timedelta(hours=1)
