"""Rules answer what they are sure of, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.understanding.question import ZONE, Intent, Slots, Times
from agent.understanding.rules import asked_at_once, by_rules
from agent.understanding.slots import read_slots
from agent.understanding.times import read_times
from graph.names import Happening, Names
from graph.slices import Dimension, Metric, Period, Slice

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
DAY = Period(NOW - timedelta(days=1), NOW)
NAMES = Names(
    deployments=(
        "claude-sonnet-4@aws",
        "claude-sonnet-4@k8s",
        "gpt-4o-mini@aws",
        "gpt-4o@aws",
        "gpt-4o@k8s",
        "llama-3-70b@k8s",
        "llama-3-70b@neocloud",
    ),
    models=("claude-sonnet-4", "gpt-4o", "gpt-4o-mini", "llama-3-70b"),
    backends=("aws", "k8s", "neocloud"),
    task_types=("chat", "code", "extraction", "reasoning", "summarisation"),
    tiers=("enterprise", "free", "premium", "standard"),
    tenants=("acme", "globex", "initech"),
    policies=("main",),
    policy_versions=("main@v11", "main@v12"),
    experiments=("exp-7",),
    arms=("exp-7/a", "exp-7/b"),
    slos=("chat-latency", "premium-p95"),
    evaluators=("judge-1",),
    incidents=(
        Happening(
            id="inc-42",
            kind="incident",
            title="spot eviction on neocloud",
            at=NOW - timedelta(days=2),
        ),
    ),
    changes=(
        Happening(
            id="chg-77",
            kind="rollout",
            title="gpt-4o: new version",
            at=NOW - timedelta(days=1),
            targets=("gpt-4o@aws",),
        ),
    ),
)
QUESTIONS: dict[Intent, str] = {
    Intent.FLEET_HEALTH: """
        which deployments are unhealthy
        whats healthy
        what's down right now
        anything broken?
        all good?
        is everything ok
        fleet status
        show me the degraded backends
        how many deployments are down
        which models are unhealhty
        list unknown deployments
        is anything on fire
        how is the fleet doing
        health check
        which endpoints are stale
    """,
    Intent.STATUS: """
        how is gpt-4o doing
        is claude-sonnet-4@k8s down
        status of llama-3-70b across backends
        why is gpt-4o@aws unhealthy
        is neocloud ok
        gpt4o status
        what's the state of k8s
        is gpt-4o available on all backends
        anything wrong with aws
        why is neocloud degraded
        was claude-sonnet-4 healthy yesterday
        is llama-3-70b back up
    """,
    Intent.INCIDENTS: """
        any incidents
        open incidents
        what incidents were there last night
        list active incidents on k8s
        were there outages yesterday
        is there an incident on gpt-4o right now
        incidents last week
        how many incidents did we have this month
        is inc-42 still open
        show me the current outages
    """,
    Intent.MAINTENANCE: """
        any maintenance planned
        is there maintenance on k8s tonight
        scheduled maintenance this week
        what maintenance is under way
        upcoming maintenance windows
        planned downtime for aws?
        when is the next maintenance
    """,
    Intent.WHY_CHANGED: """
        why did quality drop for reasoning tasks last tuesday
        why are premium users slow
        why is gpt-4o slow
        why did latency go up on k8s since yesterday
        what caused the error rate to spike yesterday
        premium users complain about slow answers
        why did cost go up this week
        how come traffic dropped for acme
        why is quality worse than last week for chat
        what is behind the latency increase on aws
        explain the quality drop on monday
        errors jumped on claude-sonnet-4 this morning why
        why did costs double for globex
        wy is latancy so high for enterprise
        latency is up for acme since noon
        what drove the traffic spike last night
        why are answers worse for code
        why was p95 higher yesterday
        reasoning got worse since tuesday
    """,
    Intent.ERROR_CAUSES: """
        what errors is gpt-4o throwing
        what is causing errors on claude-sonnet-4
        why is gpt-4o failing
        what kinds of errors do we see on k8s
        why are requests failing on neocloud
        error types on aws today
        what's causing the timeouts on llama-3-70b
    """,
    Intent.TREND: """
        requests by tier this week
        token usage by tenant this week
        p95 per day last week
        error rate by model today
        how many requests did acme make yesterday
        show latency over time for gpt-4o
        quality by task type last month
        what was p95 of gpt-4o@aws yesterday
        traffic per hour today
        average latency on k8s last 3 hours
        hourly error rate for premium
        latency p50 by backend
        what is the error rate on neocloud
        how has quality for summarisation evolved
        ttft for chat since monday
        daily requests for globex this month
    """,
    Intent.COMPARE: """
        p95 yesterday against last week
        compare quality this week with last week
        is latency higher than yesterday
        error rate today vs yesterday by model
        how does cost this week compare to last week
        was p95 worse yesterday than the day before
        quality before vs after the rollout
        traffic today compared to last monday
        is gpt-4o slower than usual
        latency week over week
    """,
    Intent.BEST_MODEL: """
        which model is best for reasoning
        best model for code
        cheapest model for summarisation
        which deployment is fastest
        what's the worst model for chat
        fastest backend for gpt-4o
        which model has the best quality for extraction
        slowest deployment this week
        what model should i use for code
        is gpt-4o or claude-sonnet-4 better at reasoning
        which backend has the lowest latency
    """,
    Intent.COST: """
        cost by tenant this month
        how much did acme spend last week
        what did we spend yesterday
        any cost anomalies
        unusual spending this week
        total cost by model last month
        how much did we pay for gpt-4o
        which tenant costs the most
        what has globex cost us this month
        spend by tier today
        cost spikes in the last 7 days
    """,
    Intent.BUDGET: """
        budget left for acme
        when does the budget run out
        how much of the budget is left
        are we over budget
        will globex exceed its budget
        budget status
        who is close to their budget
        how long will acme's budget last
    """,
    Intent.SAVINGS: """
        how can we save money
        where could we use a cheaper model at the same quality
        any savings
        can we cut costs without hurting quality
        are we overpaying anywhere
        what would be cheaper for summarisation with equal quality
    """,
    Intent.SLOS: """
        how are our slos
        error budget left
        which slos are burning
        is the premium-p95 slo ok
        burn rate of chat-latency
        are we meeting our slas
        how much error budget is left for premium
    """,
    Intent.FORECAST: """
        how much traffic in the next hour
        forecast next hour
        expected requests tomorrow
        how many tokens will we need in the next 2 hours
        what's coming in the next hour
        predict the cost for the next 6 hours
        what load do we expect tonight
        traffic forecast for acme
    """,
    Intent.CAPACITY_RISK: """
        which deployments are at risk in the next hour
        can we survive losing aws
        what happens if aws goes down
        would we cope without neocloud
        is anything going to overload
        how much headroom do we have
        what if we lose k8s
        can k8s take the load if neocloud dies
        are we close to capacity
        who gets overloaded when gpt-4o@aws fails
    """,
    Intent.EXPERIMENT: """
        who is winning exp-7
        how is the experiment doing
        which arm is better
        did the a/b test reach significance
        results of exp-7
        is variant b better than control
        any winner yet in the prompt experiment
    """,
    Intent.ROLLOUT: """
        did the rollout help
        was chg-77 good or bad
        what was the effect of the last rollout
        did the new version hurt latency
        how did the rollout go
        impact of chg-77 on quality
        did the policy change make things worse
    """,
    Intent.CHANGES: """
        what changed since yesterday
        what was deployed today
        any changes in the last 2 hours
        who changed the policy
        list recent rollouts
        what shipped this week
        what changed on gpt-4o since monday
        was anything released last night
    """,
    Intent.SIMILAR_INCIDENTS: """
        have we seen this before
        similar incidents to inc-42
        anything like inc-42 in the past
        has this happened before
        find past incidents like the spot eviction
        is there a precedent for this outage
    """,
    Intent.WHICH_BACKEND: """
        which backend should a 900 token reasoning request go to
        where would a chat request from acme go
        route a 2k token code prompt for premium
        where should i send a reasoning request
        what would the router pick for a 500 token chat request
    """,
    Intent.WHY_ROUTED: """
        why did request req-123 go to k8s
        what happened to request req-9f3
        where did req-123 go
        why was req-5 routed to gpt-4o-mini@aws
        why did req-77 fail
        explain the routing of req-1
        why not claude-sonnet-4 for req-12
        show req-123
    """,
    Intent.WHAT_IF: """
        what would quality have been without gpt-4o@aws yesterday
        what would p95 have been under main@v11
        what would cost have been if everyone had been in exp-7/b
        what if we had used policy main v11 last week
        how would latency have looked without neocloud
        had k8s not been there yesterday what would the error rate have been
    """,
    Intent.HELP: """
        help
        what can you do
        what can i ask
        how do i use this
        what questions can you answer
    """,
}
UNSURE = """
    asdf qwer zxcv
    hmm interesting
    yesterday
    on k8s
    and for acme
    why
    is it
    the thing with the stuff
    latency
    is gpt-4o slow
    what happened
    who let the dogs out
    best
    premium
    what about the other one
    did it go well in the end with the customer
    which prompts are longest
    how are invoices numbered at globex
    why is the sky blue
"""
ASKED = [
    (intent, line.strip())
    for intent, text in QUESTIONS.items()
    for line in text.strip().splitlines()
]


def read(text: str) -> tuple[Slots, Times]:
    times = read_times(text, now=NOW, zone=ZONE)
    return read_slots(text, names=NAMES, times=times), times


def intent_of(text: str) -> Intent | None:
    slots, times = read(text)
    guess = by_rules(text, slots=slots, times=times)
    return None if guess is None else guess.intent


def test_every_intent_is_asked_for_often() -> None:
    assert {intent for intent, _ in ASKED} == set(Intent)
    assert len(ASKED) >= 200


@pytest.mark.parametrize(("intent", "text"), ASKED, ids=[text for _, text in ASKED])
def test_a_question_is_what_it_asks(intent: Intent, text: str) -> None:
    assert intent_of(text) is intent


@pytest.mark.parametrize("text", [line.strip() for line in UNSURE.strip().splitlines()])
def test_where_nobody_can_be_sure_rules_say_nothing(text: str) -> None:
    assert intent_of(text) is None


def noisy(text: str) -> str:
    return f"  {text} ??? "


@pytest.mark.parametrize("change", [str.upper, str.title, noisy])
def test_case_and_signs_change_nothing(change: Callable[[str], str]) -> None:
    differing = [text for intent, text in ASKED if intent_of(change(text)) is not intent]
    assert differing == []


def test_slots_decide_where_words_do_not() -> None:
    assert guessed("why is it down", Slots(where=Slice(model=frozenset({"m"})))) is Intent.STATUS
    assert guessed("why is it down", Slots(metric=Metric.QUALITY)) is Intent.WHY_CHANGED
    assert guessed("why did it fail", Slots(request="req-1")) is Intent.WHY_ROUTED
    told = Slots(metric=Metric.LATENCY_P95, by=(Dimension.TIER,))
    assert guessed("latency by tier", told) is Intent.TREND
    assert guessed("latency by tier", told, compared_to=DAY) is Intent.COMPARE
    assert guessed("what about traffic", Slots(metric=Metric.VOLUME), ahead=DAY) is Intent.FORECAST


def guessed(
    text: str, slots: Slots, *, compared_to: Period | None = None, ahead: Period | None = None
) -> Intent | None:
    times = Times(
        during=DAY if ahead is None else None,
        compared_to=compared_to,
        ahead=None if ahead is None else ahead.end - ahead.start,
    )
    guess = by_rules(text, slots=slots, times=times)
    return None if guess is None else guess.intent


def test_a_name_is_no_word_of_a_rule() -> None:
    slots = Slots(where=Slice(tenant=frozenset({"budget-left"})), metric=Metric.VOLUME)
    text = "requests of budget-left"
    assert guessed(text, Slots(metric=Metric.VOLUME)) is not Intent.TREND
    assert guessed(text, slots) is Intent.TREND


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("which deployments are unhealthy and what changed since yesterday", 2),
        ("why is latency up on aws? what will traffic be in the next hour?", 2),
        ("any incidents; how much budget is left", 2),
        ("what was p95 yesterday and how does it compare with last week", 0),
        ("which deployments are unhealthy and why", 0),
        ("why did quality drop for chat and code", 0),
    ],
)
def test_two_questions_at_once_are_nobodys(text: str, intents: int) -> None:
    slots, times = read(text)
    assert len(asked_at_once(text, slots=slots, times=times)) == intents
    assert (by_rules(text, slots=slots, times=times) is None) is (intents > 0)


@given(st.text(max_size=120))
def test_any_text_is_read_without_fail(text: str) -> None:
    guess = by_rules(text, slots=Slots(), times=Times())
    assert guess is None or (guess.intent is not None and 0.9 <= guess.confidence <= 1)


def test_rules_take_no_time() -> None:
    read_before = [(text, *read(text)) for _, text in ASKED]
    for text, slots, times in read_before:
        by_rules(text, slots=slots, times=times)
    began = perf_counter()
    for text, slots, times in read_before:
        by_rules(f"{text} ", slots=slots, times=times)
    taken_ms = (perf_counter() - began) * 1_000 / len(read_before)
    assert taken_ms < 10  # a slow machine may take long, no machine so long
