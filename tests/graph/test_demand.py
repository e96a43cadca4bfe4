"""Histories by step and group, held against the same counts made from the requests themselves."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.buckets import MEASURE_NAMES, measures_of
from graph.demand import GroupHistory, grouped, last_step
from graph.estimates import Array
from graph.frame import SketchColumn, Traffic
from graph.model.traffic import ARRIVALS
from graph.slices import Demand, Dimension, EntityRef

START = datetime(2026, 9, 1, tzinfo=UTC)
HOURS = 6
STEP = timedelta(minutes=20)
SIZE = HOURS * 3
KEYS = [("chat",), ("reasoning",), ("chat",)]
Asked = tuple[int, int, int]
"""Its cell, the minute after START in which it came, its tokens."""
ASKED = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, HOURS * 60 - 1), st.integers(1, 50)), max_size=40
)


def traffic_of(asked: Sequence[Asked]) -> Traffic:
    """Each request as a bucket of its own."""
    rows = [
        measures_of(
            minute=minute % 60,
            status="ok",
            latency_ms=1.0,
            ttft_ms=None,
            cost_usd=tokens / 100,
            prompt_tokens=tokens,
            completion_tokens=tokens,
            retries=0,
            cache_hit=False,
        )
        for _, minute, tokens in asked
    ]
    measures = np.zeros((len(rows), len(MEASURE_NAMES)), dtype=np.int64)
    for place, row in enumerate(rows):
        measures[place] = [row.get(name, 0) for name in MEASURE_NAMES]
    hour = [int(START.timestamp()) + minute // 60 * 3600 for _, minute, _ in asked]
    return Traffic(
        cell=np.array([cell for cell, *_ in asked], dtype=np.int64),
        hour=np.array(hour, dtype=np.int64),
        recorded_hour=np.array(hour, dtype=np.int64),
        measures=measures,
        latency=SketchColumn(),
        ttft=SketchColumn(),
    )


def told(asked: Sequence[Asked], of: Demand = Demand.REQUESTS) -> list[GroupHistory]:
    return grouped(
        traffic_of(asked),
        KEYS,
        of=of,
        start=START,
        step=STEP,
        size=SIZE,
        group_by=[Dimension.TASK_TYPE],
    )


def whole(one: GroupHistory) -> Array:
    """Its history from START on."""
    missing = (one.history.start - START) // STEP
    return np.concatenate([np.zeros(missing), one.history.values])


@given(asked=ASKED)
def test_every_request_is_in_its_step_and_group(asked: list[Asked]) -> None:
    counted = Counter((KEYS[cell], minute // 20) for cell, minute, _ in asked)
    found = told(asked)
    assert [one.key for one in found] == [
        (EntityRef("task_type", name),) for (name,) in sorted({key for key, _ in counted})
    ]
    for one in found:
        assert one.history.values[0] > 0, "a history begins with its first request"
        assert one.history.end == START + SIZE * STEP
        expected = [counted[(one.key[0].id,), step] for step in range(SIZE)]
        assert whole(one).tolist() == expected
        assert one.requests == sum(expected)


@given(asked=ASKED)
def test_tokens_and_costs_add_up_to_what_was_told(asked: list[Asked]) -> None:
    tokens = sum(2 * tokens for *_, tokens in asked)
    assert sum(float(one.history.values.sum()) for one in told(asked, Demand.TOKENS)) == (
        pytest.approx(tokens)
    )
    assert sum(float(one.history.values.sum()) for one in told(asked, Demand.COST)) == (
        pytest.approx(tokens / 200)
    )


def test_requests_whose_minute_was_not_counted_are_spread_over_their_hour() -> None:
    traffic = traffic_of([(0, 61, 1)] * 6)
    for name in ARRIVALS:
        traffic.measure(name)[:] = 0
    (one,) = grouped(
        traffic, [()], of=Demand.REQUESTS, start=START, step=STEP, size=SIZE, group_by=[]
    )
    assert one.history.start == START + timedelta(hours=1)
    assert one.history.values.tolist() == [2, 2, 2, *[0] * 12]


def test_steps_may_begin_within_an_hour() -> None:
    (one,) = grouped(
        traffic_of([(0, 25, 1), (0, 35, 1), (0, 95, 1)]),
        [()],
        of=Demand.REQUESTS,
        start=START + timedelta(minutes=30),
        step=timedelta(hours=1),
        size=2,
        group_by=[],
    )
    assert one.history.start == START + timedelta(minutes=30)
    assert one.history.values.tolist() == [1, 1]
    assert one.requests == 2, "what came before the first step is not counted"


@pytest.mark.parametrize(("minute", "end"), [(0, 0), (9, 0), (10, 10), (59, 50)])
def test_the_last_step_is_whole(minute: int, end: int) -> None:
    at = START + timedelta(hours=3, minutes=minute, seconds=59 if minute % 10 else 0)
    assert last_step(at) == START + timedelta(hours=3, minutes=end)
