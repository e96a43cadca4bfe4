"""The breaker, replayed minute by minute."""

from datetime import UTC, datetime, timedelta

import pytest

from graph.breaker import BreakerState, breaker_of
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
        ([(0, 5), (0, 0), (0, 1)], 231, BreakerState.HALF_OPEN),
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
