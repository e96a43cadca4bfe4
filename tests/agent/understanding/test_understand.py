"""The cascade as a whole: times, slots, what is outside, rules, what came before, semantics."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.understanding import outside
from agent.understanding.guess import Guess
from agent.understanding.question import Intent, Method, Question
from agent.understanding.semantics import Semantics
from agent.understanding.understand import (
    LONGEST_CHARACTERS,
    SURE_ENOUGH,
    Guesser,
    clean,
    understand,
)
from graph.names import Happening, Names
from graph.slices import Dimension, Metric, Period, Slice

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
NAMES = Names(
    deployments=("claude-sonnet-4@k8s", "gpt-4o@aws", "gpt-4o@k8s", "llama-3-70b@neocloud"),
    models=("claude-sonnet-4", "gpt-4o", "llama-3-70b"),
    backends=("aws", "k8s", "neocloud"),
    task_types=("chat", "code", "reasoning", "summarisation"),
    tiers=("free", "premium"),
    tenants=("acme", "globex"),
    policies=("main",),
    policy_versions=("main@v11", "main@v12"),
    experiments=("exp-7",),
    incidents=(
        Happening(id="inc-42", kind="incident", title="spot eviction", at=NOW - timedelta(days=1)),
    ),
)


@dataclass
class Scripted:
    """A classifier that says what it was told to, and keeps what it was asked."""

    guesses: tuple[Guess, ...]
    asked: list[tuple[str, tuple[str, ...]]] = field(
        default_factory=list[tuple[str, tuple[str, ...]]]
    )

    def guess(self, text: str, *, mask: Sequence[str] = ()) -> tuple[Guess, ...]:
        self.asked.append((text, tuple(mask)))
        return self.guesses


def read(
    text: str, *, before: Question | None = None, semantics: Guesser | None = None
) -> Question:
    return understand(text, now=NOW, names=NAMES, before=before, semantics=semantics)


def test_rules_answer_with_slots_and_times() -> None:
    question = read("p95 of gpt-4o by backend yesterday")
    assert (question.intent, question.method) == (Intent.TREND, Method.LOGICAL)
    assert question.confidence > 0.9
    assert question.slots.where == Slice(model=frozenset({"gpt-4o"}))
    assert question.slots.metric is Metric.LATENCY_P95
    assert question.slots.by == (Dimension.BACKEND,)
    assert question.times.during == Period(
        datetime(2026, 3, 11, tzinfo=UTC), datetime(2026, 3, 12, tzinfo=UTC)
    )
    assert (question.now, question.at, question.follows) == (NOW, None, False)


def test_a_stated_now_and_zone_are_kept() -> None:
    zone = ZoneInfo("Europe/Berlin")
    question = understand("errors by tier today", now=NOW, names=NAMES, zone=zone, past=True)
    assert isinstance(question.times.during, Period)
    assert question.times.during.start == datetime(2026, 3, 11, 23, tzinfo=UTC)
    assert question.at == NOW


def test_what_is_outside_is_asked_of_nobody() -> None:
    semantics = Scripted((Guess(Intent.STATUS, 0.99),))
    question = read("restart gpt-4o@aws", semantics=semantics)
    assert question.intent is None
    assert question.outside == outside.READ_ONLY
    assert semantics.asked == []


def test_semantics_is_asked_where_rules_are_unsure() -> None:
    semantics = Scripted((Guess(Intent.BUDGET, 0.9), Guess(Intent.COST, 0.05)))
    question = read("what's in the pot for acme this month", semantics=semantics)
    assert (question.intent, question.method) == (Intent.BUDGET, Method.LOCAL)
    assert question.confidence == 0.9
    assert question.nearest == (Intent.COST,)
    ((_, mask),) = semantics.asked
    assert "acme" in mask
    assert "this month" in mask


def test_below_the_threshold_there_are_only_neighbours() -> None:
    unsure = (
        Guess(Intent.BUDGET, SURE_ENOUGH - 0.1),
        Guess(None, 0.15),
        Guess(Intent.COST, 0.1),
        Guess(Intent.SAVINGS, 0.1),
        Guess(Intent.SLOS, 0.05),
    )
    question = read("the pot of acme", semantics=Scripted(unsure))
    assert question.intent is None
    assert question.outside is None
    assert question.nearest == (Intent.BUDGET, Intent.COST, Intent.SAVINGS)


def test_a_text_that_names_nothing_must_be_surer() -> None:
    semantics = Scripted((Guess(Intent.COST, 0.6),))
    assert read("purple monkey dishwasher", semantics=semantics).intent is None
    assert read("the monkey of acme", semantics=semantics).intent is Intent.COST


def test_nothing_is_believed_that_is_likely_outside() -> None:
    semantics = Scripted((Guess(Intent.COST, 0.6), Guess(None, 0.3)))
    question = read("the monkey of acme", semantics=semantics)
    assert (question.intent, question.nearest) == (None, (Intent.COST,))


def test_semantics_may_say_that_it_is_outside() -> None:
    question = read("shall i buy a boat", semantics=Scripted((Guess(None, 0.8),)))
    assert question.intent is None
    assert question.outside == outside.UNRELATED


def test_without_semantics_rules_alone_decide() -> None:
    question = read("what's in the pot for acme")
    assert (question.intent, question.nearest, question.outside) == (None, (), None)


def test_two_questions_at_once_are_never_sure() -> None:
    text = "which deployments are unhealthy and how much budget is left for acme"
    question = read(text, semantics=Scripted((Guess(Intent.BUDGET, 0.97),)))
    assert question.confidence <= 0.5
    assert {Intent.FLEET_HEALTH, Intent.BUDGET} == {question.intent, *question.nearest}


def test_a_conversation() -> None:
    first = read("why did quality drop for reasoning on aws yesterday")
    assert (first.intent, first.follows) == (Intent.WHY_CHANGED, False)
    second = read("and on k8s?", before=first)
    assert (second.intent, second.follows) == (Intent.WHY_CHANGED, True)
    assert second.slots.where.backend == frozenset({"k8s"})
    assert second.slots.where.task_type == frozenset({"reasoning"})
    assert second.slots.metric is Metric.QUALITY
    assert second.times.during == first.times.during
    third = read("how much did acme spend this month", before=second)
    assert (third.intent, third.follows) == (Intent.COST, False)
    assert third.slots.where == Slice(tenant=frozenset({"acme"}))
    fourth = read("why?", before=third)
    assert (fourth.intent, fourth.slots.metric) == (Intent.WHY_CHANGED, Metric.COST)
    assert fourth.slots.where == third.slots.where
    assert fourth.times.during == third.times.during


def test_semantics_finds_the_intent_of_what_points_back() -> None:
    first = read("status of gpt-4o")
    semantics = Scripted((Guess(Intent.SAVINGS, 0.8),))
    second = read("could something less dear stand in for it", before=first, semantics=semantics)
    assert (second.intent, second.follows) == (Intent.SAVINGS, True)
    assert second.slots.where == first.slots.where


def test_texts_are_bounded_and_without_unseen_characters() -> None:
    assert clean("  wh\x00y \u200bis\tgpt-4o\n slow\u202e ") == "wh y  is gpt-4o  slow"
    assert len(clean("ab" * LONGEST_CHARACTERS)) == LONGEST_CHARACTERS
    assert read("status\x07 of\ngpt-4o").intent is Intent.STATUS


@given(st.text(max_size=200))
def test_any_text_is_understood_or_not(text: str) -> None:
    question = read(text)
    assert 0 <= question.confidence <= 1
    assert question.intent is None or question.outside is None


@pytest.fixture(scope="module")
def trained() -> Semantics:
    return Semantics.trained()


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("customers of acme say that answers take ages since this morning", Intent.WHY_CHANGED),
        ("why did quality drop for reasoning tasks last tuesday", Intent.WHY_CHANGED),
        ("which depoyments are not wel", Intent.FLEET_HEALTH),
        ("do we still have credit for globex till month end", Intent.BUDGET),
        ("is there a twin of inc-42 in our history", Intent.SIMILAR_INCIDENTS),
        ("what would premium have waited under main@v11", Intent.WHAT_IF),
        ("who did best in exp-7 so far", Intent.EXPERIMENT),
        ("my plants are dying, what can i do", None),
    ],
)
def test_rules_and_semantics_together(trained: Semantics, text: str, intent: Intent) -> None:
    assert read(text, semantics=trained).intent is intent


def test_what_comes_and_what_is_at_risk_are_both_asked() -> None:
    asked = understand("What comes in the next hour, and what is at risk?", now=NOW, names=NAMES)
    assert (asked.intent, asked.also) == (Intent.FORECAST, (Intent.CAPACITY_RISK,))
    alone = understand("which deployments are at risk without aws", now=NOW, names=NAMES)
    assert (alone.intent, alone.also) == (Intent.CAPACITY_RISK, ())
