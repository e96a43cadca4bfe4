"""The breaker, replayed minute by minute."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.breaker import Breaker, BreakerCause, BreakerState, breaker_of
from graph.evidence import MinuteOutcomes, Observation
from graph.settings import HealthSettings
from graph.sketch import Sketch

START = datetime(2026, 9, 11, 10, 0, tzinfo=UTC)
BUDGETS = HealthSettings()


def cells(*ok_and_failed: tuple[int, int]) -> list[MinuteOutcomes]:
    return [
        MinuteOutcomes(
            minute=START + timedelta(minutes=index),
            count=ok + failed,
            ok=ok,
            error=failed,
            timeout=0,
            rate_limited=0,
            latency=Sketch(),
            last_at=START + timedelta(minutes=index, seconds=50),
        )
        for index, (ok, failed) in enumerate(ok_and_failed)
        if ok + failed
    ]


@pytest.mark.parametrize(
    ("outcomes", "at_s", "state"),
    [
        ([], 60, BreakerState.CLOSED),
        ([(20, 0), (20, 1)], 120, BreakerState.CLOSED),
        ([(0, 4)], 60, BreakerState.CLOSED),
        ([(0, 5)], 60, BreakerState.OPEN),
        ([(0, 5)], 109, BreakerState.OPEN),
        ([(0, 5)], 110, BreakerState.HALF_OPEN),
        ([(50, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 5)], 360, BreakerState.OPEN),
        ([(0, 5), (0, 0), (1, 0)], 180, BreakerState.CLOSED),
        ([(0, 9), (0, 0), (1, 0), (1, 1)], 240, BreakerState.CLOSED),
        ([(0, 5), (0, 0), (0, 1)], 200, BreakerState.OPEN),
        ([(0, 5), (0, 0), (0, 1)], 289, BreakerState.OPEN),
        ([(0, 5), (0, 0), (0, 1)], 290, BreakerState.HALF_OPEN),
        ([(0, 9), (1, 0), (0, 9)], 180, BreakerState.OPEN),
        ([(0, 1), (0, 0)] * 7, 800, BreakerState.OPEN),
    ],
)
def test_states(outcomes: list[tuple[int, int]], at_s: float, state: BreakerState):
    now = START + timedelta(seconds=at_s)
    assert breaker_of(cells(*outcomes), None, now=now, budgets=BUDGETS).state is state


@pytest.mark.parametrize(
    ("since", "state"),
    [([], BreakerState.OPEN), ([(3, 0)], BreakerState.OPEN), ([(9, 0)], BreakerState.CLOSED)],
)
def test_a_failing_probe_holds_it_open_until_requests_succeed(
    since: list[tuple[int, int]], state: BreakerState
):
    at = START - timedelta(seconds=30)
    probe = Observation(
        deployment="a@b", at=at, recorded_at=at, window_s=60, sample_count=0, available=False
    )
    now = START + timedelta(seconds=100)
    assert breaker_of(cells(*since), probe, now=now, budgets=BUDGETS).state is state


def test_an_open_breaker_says_since_when_and_until_when():
    breaker = breaker_of(cells((0, 5)), None, now=START + timedelta(seconds=60), budgets=BUDGETS)
    assert breaker.failed_at == START + timedelta(seconds=50)
    assert breaker.probe_at == START + timedelta(seconds=110)


def cell(at_minute: int, *, pace_ms: float = 5.0, **counts: int) -> MinuteOutcomes:
    told = {"ok": 0, "error": 0, "timeout": 0, "rate_limited": 0, **counts}
    answered = told["ok"]
    return MinuteOutcomes(
        minute=START + timedelta(minutes=at_minute),
        count=sum(told.values()),
        **told,
        latency=Sketch([200 * pace_ms] * answered),
        pace=Sketch([pace_ms] * answered),
        last_at=START + timedelta(minutes=at_minute, seconds=50),
    )


def breaker(*minutes: MinuteOutcomes, at_s: float, budgets: HealthSettings = BUDGETS) -> Breaker:
    now = START + timedelta(seconds=at_s)
    return breaker_of(minutes, None, now=now, budgets=budgets)


@pytest.mark.parametrize(
    ("counts", "cause"),
    [
        ({"error": 5}, BreakerCause.FAILING),
        ({"timeout": 5}, BreakerCause.FAILING),
        ({"ok": 4, "error": 2, "timeout": 2}, BreakerCause.FAILING),
        ({"ok": 5, "error": 4}, None),
        ({"rejected": 50}, None),
        ({"rejected": 50, "error": 4}, None),
        ({"rejected": 50, "error": 5}, BreakerCause.FAILING),
        ({"ok": 3, "rejected": 50, "error": 2}, None),
        ({"denied": 1}, None),
        ({"denied": 2}, BreakerCause.DENIED),
        ({"denied": 2, "ok": 3}, None),
        ({"denied": 2, "ok": 2}, BreakerCause.DENIED),
        ({"denied": 1, "error": 3}, None),
        ({"denied": 2, "error": 8}, BreakerCause.FAILING),
        ({"rate_limited": 1}, BreakerCause.RATE_LIMITED),
        ({"rate_limited": 1, "ok": 1}, None),
        ({"rate_limited": 5, "ok": 5}, BreakerCause.RATE_LIMITED),
        ({"rate_limited": 4, "ok": 6}, None),
        ({"rate_limited": 9, "ok": 1, "error": 4}, BreakerCause.FAILING),
        ({"rate_limited": 5, "rejected": 90}, BreakerCause.RATE_LIMITED),
    ],
)
def test_each_class_counts_as_it_should(counts: dict[str, int], cause: BreakerCause | None):
    found = breaker(cell(0, **counts), at_s=55)
    assert found.cause is cause
    assert (found.state is BreakerState.CLOSED) == (cause is None) == (found.reason is None)


def test_a_rate_limit_pauses_until_a_stated_time_and_needs_no_probe():
    refused = cell(0, rate_limited=8, ok=2)
    paused = breaker(refused, at_s=79)
    assert (paused.state, paused.paused, paused.tripped) == (BreakerState.OPEN, True, False)
    assert paused.probe_at == START + timedelta(seconds=80)
    assert paused.reason == (
        "rate limited: 8 of 10 requests refused in the minute from 2026-09-11 10:00:00 UTC;"
        " paused until 2026-09-11 10:01:20 UTC"
    )
    assert breaker(refused, at_s=80).state is BreakerState.CLOSED
    assert breaker(refused, cell(1, ok=1), at_s=79).state is BreakerState.CLOSED


def test_a_probe_that_is_refused_for_a_rate_limit_comes_again_after_the_pause():
    broken, refused = cell(0, error=5), cell(2, rate_limited=1)
    found = breaker(broken, refused, at_s=199)
    assert (found.state, found.cause) == (BreakerState.OPEN, BreakerCause.FAILING)
    assert found.probe_at == START + timedelta(seconds=200)
    assert breaker(broken, refused, at_s=200).state is BreakerState.HALF_OPEN


def test_the_cooldown_doubles_with_each_failed_probe_up_to_a_limit():
    minutes = [cell(0, error=5)]
    waits: list[float] = []
    for _ in range(30):
        found = breaker(*minutes[-15:], at_s=0)
        assert found.probe_at is not None
        assert found.failed_at is not None
        waits.append((found.probe_at - found.failed_at).total_seconds())
        tried_at = found.probe_at - START
        minutes.append(cell(int(tried_at.total_seconds() // 60), error=1))
    assert waits[:4] == [60, 120, 180, 180]
    assert set(waits[2:]) == {180}


def test_it_stays_open_on_the_failures_of_its_probes_alone():
    probes = [cell(at, error=1) for at in (1, 5, 9, 13)]
    found = breaker(*probes, at_s=14 * 60)
    assert found.state is BreakerState.OPEN
    assert found.failed_probes == 3
    assert breaker(*probes[:2], at_s=14 * 60).state is BreakerState.CLOSED
    healed = [probes[0], cell(3, ok=1), *probes[1:3]]
    assert breaker(*healed, at_s=14 * 60).state is BreakerState.CLOSED


def test_what_opens_again_after_a_success_is_asked_more_seldom():
    first = breaker(cell(0, error=5), at_s=60)
    again = breaker(cell(0, error=5), cell(2, ok=1), cell(3, error=5), at_s=240)
    assert (first.failed_probes, again.failed_probes) == (0, 1)
    assert again.recovered_at == START + timedelta(minutes=2, seconds=50)


def test_answers_far_slower_than_usual_open_it_and_usual_ones_close_it():
    usual = [cell(at, ok=10, pace_ms=5.0) for at in range(6)]
    slow = [cell(10, ok=10, pace_ms=40.0)]
    found = breaker(*usual, *slow, at_s=660)
    assert (found.state, found.cause) == (BreakerState.OPEN, BreakerCause.SLOW)
    assert found.reason is not None
    assert found.reason.startswith("100 % of 10 answers slower than 5 times the usual")
    still = cell(12, ok=1, pace_ms=40.0)
    assert breaker(*usual, *slow, still, at_s=770).failed_probes == 1
    back = cell(12, ok=1, pace_ms=6.0)
    assert breaker(*usual, *slow, back, at_s=770).state is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("usual", "recent"),
    [
        (60, [(10, 24.0)]),
        (60, [(10, 6.0), (7, 40.0)]),
        (60, [(4, 40.0)]),
        (19, [(10, 40.0)]),
        (0, [(10, 40.0)]),
    ],
)
def test_little_or_partial_slowness_opens_nothing(usual: int, recent: list[tuple[int, float]]):
    before = [cell(0, ok=usual, pace_ms=5.0)] if usual else []
    latest = [cell(10 + n, ok=ok, pace_ms=ms) for n, (ok, ms) in enumerate(recent)]
    assert breaker(*before, *latest, at_s=780).state is BreakerState.CLOSED


def test_an_absolute_limit_of_slowness_needs_no_usual_pace():
    limits = HealthSettings(breaker_slow_ms=2_000)
    found = breaker(cell(0, ok=10, pace_ms=40.0), at_s=60, budgets=limits)
    assert found.cause is BreakerCause.SLOW
    assert found.reason is not None
    assert "slower than 2000 ms" in found.reason
    assert breaker(cell(0, ok=10, pace_ms=5.0), at_s=60, budgets=limits).cause is None


def test_reasons_tell_the_figures_and_do_not_change_with_the_clock():
    minutes = [cell(0, error=3, timeout=2), cell(2, error=1)]
    found = breaker(*minutes, at_s=200)
    assert found.reason == (
        "5 of 5 requests failed (3 errors, 2 timeouts), no success since the failure at"
        " 2026-09-11 10:02:50 UTC (1 attempt to use it again failed);"
        " a probe may pass from 2026-09-11 10:04:50 UTC"
    )
    assert breaker(*minutes, at_s=280).reason == found.reason


few = st.integers(0, 6)
histories = st.lists(
    st.tuples(few, few, few, few, few, few, st.sampled_from([5.0, 40.0])), max_size=14
)


@given(histories, st.integers(0, 2_000))
def test_any_history_has_one_consistent_breaker(
    history: list[tuple[int, int, int, int, int, int, float]], at_s: int
):
    names = ("ok", "error", "timeout", "rate_limited", "rejected", "denied")
    minutes = [
        cell(at, pace_ms=told[-1], **dict(zip(names, told[:-1], strict=True)))
        for at, told in enumerate(history)
        if sum(told[:-1])
    ]
    found = breaker(*minutes, at_s=at_s)
    closed = found.state is BreakerState.CLOSED
    assert closed == (found.reason is None) == (found.cause is None) == (found.probe_at is None)
    if found.probe_at is not None:
        waiting = START + timedelta(seconds=at_s) < found.probe_at
        assert waiting == (found.state is BreakerState.OPEN)
    if found.cause is BreakerCause.RATE_LIMITED:
        assert found.state is BreakerState.OPEN
    if not any(c.broken for c in minutes):
        assert found.cause in {None, BreakerCause.RATE_LIMITED, BreakerCause.SLOW}
    without = [replace(c, count=c.count - c.rejected, rejected=0) for c in minutes]
    kept = breaker(*[c for c in without if c.count], at_s=at_s)
    assert (kept.state, kept.cause) == (found.state, found.cause)
