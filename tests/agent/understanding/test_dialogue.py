"""Half a question takes the other half from the one before it; a whole one takes nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent.understanding.dialogue import Followed, follow_up, merged
from agent.understanding.question import (
    ZONE,
    Intent,
    Method,
    Question,
    Slots,
    Times,
)
from agent.understanding.rules import by_rules
from agent.understanding.slots import read_slots
from agent.understanding.times import read_times
from graph.names import Names
from graph.slices import Demand, Dimension, Granularity, Metric, Period, Slice

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
TODAY = Period(datetime(2026, 3, 12, tzinfo=UTC), NOW)
YESTERDAY = Period(TODAY.start - timedelta(days=1), TODAY.start)
LAST_WEEK = Period(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC))
NAMES = Names(
    deployments=("claude-sonnet-4@k8s", "gpt-4o@aws", "gpt-4o@k8s", "llama-3-70b@neocloud"),
    models=("claude-sonnet-4", "gpt-4o", "llama-3-70b"),
    backends=("aws", "k8s", "neocloud"),
    task_types=("chat", "code", "reasoning", "summarisation"),
    tiers=("free", "premium"),
    tenants=("acme", "globex"),
)


def some(*names: str) -> frozenset[str]:
    return frozenset(names)


def asked(
    intent: Intent, *, times: Times | None = None, metric: Metric | None = None, **where: str
) -> Question:
    """A question of before, about a slice."""
    sliced = Slice(**{field: some(name) for field, name in where.items()})
    return Question(
        text="…",
        intent=intent,
        slots=Slots(where=sliced, metric=metric),
        times=times or Times(),
        method=Method.LOGICAL,
        confidence=0.97,
        now=NOW,
    )


def then(before: Question, text: str) -> Followed | None:
    """What a text is after that question."""
    times = read_times(text, now=NOW, zone=ZONE)
    slots = read_slots(text, names=NAMES, times=times)
    guess = by_rules(text, slots=slots, times=times)
    return follow_up(text, slots=slots, times=times, guess=guess, before=before)


def surely(followed: Followed | None) -> Followed:
    assert followed is not None
    return followed


QUALITY_DROP = asked(
    Intent.WHY_CHANGED,
    metric=Metric.QUALITY,
    times=Times(during=YESTERDAY),
    task_type="reasoning",
    backend="aws",
)
P95 = asked(Intent.TREND, metric=Metric.LATENCY_P95, times=Times(during=YESTERDAY), tier="premium")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("and on k8s?", Slice(task_type=some("reasoning"), backend=some("k8s"))),
        ("what about k8s", Slice(task_type=some("reasoning"), backend=some("k8s"))),
        ("same for code", Slice(task_type=some("code"), backend=some("aws"))),
        (
            "only premium",
            Slice(task_type=some("reasoning"), backend=some("aws"), tier=some("premium")),
        ),
        (
            "how about acme",
            Slice(task_type=some("reasoning"), backend=some("aws"), tenant=some("acme")),
        ),
        (
            "and for gpt-4o",
            Slice(task_type=some("reasoning"), backend=some("aws"), model=some("gpt-4o")),
        ),
    ],
)
def test_what_is_named_replaces_and_the_rest_stays(text: str, where: Slice) -> None:
    followed = surely(then(QUALITY_DROP, text))
    assert followed.intent is Intent.WHY_CHANGED
    assert followed.slots.where == where
    assert followed.slots.metric is Metric.QUALITY
    assert followed.times.during == YESTERDAY


def test_another_metric_keeps_slice_and_time() -> None:
    for text in ("how about errors", "and errors?", "errors"):
        followed = surely(then(QUALITY_DROP, text))
        assert followed.intent is Intent.WHY_CHANGED
        assert followed.slots.metric is Metric.ERROR_RATE
        assert followed.slots.where == QUALITY_DROP.slots.where
        assert followed.times.during == YESTERDAY


def test_another_time_keeps_the_rest() -> None:
    followed = surely(then(P95, "and today?"))
    assert (followed.intent, followed.slots) == (Intent.TREND, P95.slots)
    assert followed.times.during == TODAY


def test_a_dimension_is_added() -> None:
    followed = surely(then(P95, "by backend?"))
    assert followed.intent is Intent.TREND
    assert followed.slots.by == (Dimension.BACKEND,)
    assert followed.slots.where == P95.slots.where
    whys = surely(then(QUALITY_DROP, "by tier?"))
    assert (whys.intent, whys.slots.by) == (Intent.TREND, (Dimension.TIER,))


@pytest.mark.parametrize("text", ["why?", "why", "but why", "how come?", "why is that", "Why so"])
@pytest.mark.parametrize(
    ("before", "metric"),
    [
        (asked(Intent.STATUS, model="gpt-4o"), Metric.ERROR_RATE),
        (asked(Intent.FLEET_HEALTH), Metric.ERROR_RATE),
        (asked(Intent.STATUS, metric=Metric.LATENCY_P95), Metric.LATENCY_P95),
        (P95, Metric.LATENCY_P95),
        (asked(Intent.COMPARE, metric=Metric.QUALITY), Metric.QUALITY),
        (asked(Intent.COST, tenant="acme"), Metric.COST),
        (asked(Intent.BUDGET), Metric.COST),
        (asked(Intent.SLOS), None),
        (QUALITY_DROP, Metric.QUALITY),
    ],
)
def test_why_asks_for_the_causes(text: str, before: Question, metric: Metric | None) -> None:
    followed = surely(then(before, text))
    assert followed.intent is Intent.WHY_CHANGED
    assert followed.slots.metric is metric
    assert followed.slots.where == before.slots.where
    assert followed.times == before.times


@pytest.mark.parametrize(
    "intent", [Intent.WHICH_BACKEND, Intent.WHY_ROUTED, Intent.CAPACITY_RISK, Intent.ROLLOUT]
)
def test_why_stays_where_the_answer_tells_it(intent: Intent) -> None:
    assert surely(then(asked(intent, model="gpt-4o"), "why?")).intent is intent


def test_why_in_another_slice() -> None:
    followed = surely(then(P95, "why on k8s?"))
    assert followed.intent is Intent.WHY_CHANGED
    assert followed.slots.where == Slice(tier=some("premium"), backend=some("k8s"))


def test_comparing_turns_a_figure_into_two() -> None:
    followed = surely(then(P95, "compared with last week?"))
    assert followed.intent is Intent.COMPARE
    assert followed.times.during == YESTERDAY
    assert followed.times.compared_to == LAST_WEEK


def test_groups_stay_from_figure_to_figure() -> None:
    grouped = replace(P95, slots=replace(P95.slots, by=(Dimension.MODEL,)))
    assert surely(then(grouped, "compared with last week?")).slots.by == (Dimension.MODEL,)


def test_looking_ahead_turns_a_figure_into_a_forecast() -> None:
    before = asked(Intent.TREND, metric=Metric.VOLUME, times=Times(during=TODAY), tenant="acme")
    followed = surely(then(before, "and in the next hour?"))
    assert followed.intent is Intent.FORECAST
    assert followed.slots.demand is Demand.REQUESTS
    assert followed.slots.where == before.slots.where
    assert followed.times.during is None
    assert followed.times.ahead == timedelta(hours=1)


def test_without_one_is_a_risk_or_what_would_have_been() -> None:
    ahead = surely(then(asked(Intent.CAPACITY_RISK), "and without aws?"))
    assert (ahead.intent, ahead.slots.without) == (Intent.CAPACITY_RISK, some("aws"))
    back = surely(then(P95, "and without aws?"))
    assert (back.intent, back.slots.without) == (Intent.WHAT_IF, some("aws"))
    assert back.times.during == YESTERDAY


def test_pronouns_take_what_is_missing() -> None:
    before = asked(Intent.STATUS, model="gpt-4o", backend="aws")
    followed = surely(then(before, "is it still down?"))
    assert followed.intent is Intent.STATUS
    assert followed.slots.where == before.slots.where
    changed = surely(then(QUALITY_DROP, "what changed there?"))
    assert changed.intent is Intent.CHANGES
    assert changed.slots.where.backend == some("aws")
    assert changed.times.during == YESTERDAY


@pytest.mark.parametrize(
    "text",
    [
        "which deployments are unhealthy",
        "why is gpt-4o slow",
        "requests by tenant this week",
        "what happens if we lose aws",
        "did the rollout help",
        "tell me a story",
    ],
)
def test_a_whole_question_takes_nothing_over(text: str) -> None:
    assert then(QUALITY_DROP, text) is None


def test_nothing_follows_what_was_not_understood() -> None:
    lost = replace(QUALITY_DROP, intent=None)
    assert then(lost, "and on k8s?") is None
    assert then(asked(Intent.HELP), "why?") is None


def test_half_a_deployment_is_replaced() -> None:
    before = Slots(where=Slice(deployment=some("gpt-4o@aws")))
    on_k8s = merged(before, Slots(where=Slice(backend=some("k8s"))))
    assert on_k8s.where == Slice(model=some("gpt-4o"), backend=some("k8s"))
    other = merged(before, Slots(where=Slice(model=some("llama-3-70b"))))
    assert other.where == Slice(model=some("llama-3-70b"), backend=some("aws"))
    whole = merged(on_k8s, before)
    assert whole.where == Slice(deployment=some("gpt-4o@aws"))


def test_other_people_are_others() -> None:
    before = Slots(where=Slice(user=some("alice"), tenant=some("acme")), user="alice")
    now = merged(before, Slots(where=Slice(tenant=some("globex"))))
    assert now.where == Slice(tenant=some("globex"))
    assert now.user is None


def test_what_only_one_intent_knows_is_left_behind() -> None:
    daily = Times(during=LAST_WEEK, granularity=Granularity.DAY)
    before = replace(P95, times=daily, slots=replace(P95.slots, by=(Dimension.MODEL,)))
    why = surely(then(before, "why?"))
    assert (why.slots.by, why.times.granularity) == ((), None)
    same = surely(then(before, "and for acme?"))
    assert (same.slots.by, same.times.granularity) == ((Dimension.MODEL,), Granularity.DAY)
