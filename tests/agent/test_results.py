"""Results as plain JSON and as GraphQL: nothing is lost, nothing too long is given."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.results import Call, bounded, camel, document, plain
from graph.health import HealthStatus
from graph.slices import Dimension, EntityRef, Metric, Period, Slice

T0 = datetime(2026, 9, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DURING = Period(T0, T0 + HOUR)


def test_a_result_is_told_as_json_has_it() -> None:
    told = plain(
        {
            "status": HealthStatus.DOWN,
            "at": T0,
            "where": Slice(model=frozenset({"b", "a"})),
            "key": (EntityRef("tier", "gold"),),
        }
    )
    assert told["status"] == "DOWN"
    assert told["at"] == "2026-09-01T12:00:00Z"
    assert told["where"]["model"] == ["a", "b"]
    assert told["key"] == [{"kind": "tier", "id": "gold"}]
    json.dumps(told)


@given(st.lists(st.lists(st.integers(0, 9), max_size=30), max_size=30), st.integers(10, 400))
def test_what_is_too_long_is_cut_and_said_so(value: list[list[int]], most: int) -> None:
    given_before = json.dumps(value)
    kept, cut = bounded(value, most_characters=most)
    assert len(json.dumps(kept)) <= most
    assert (cut is None) == (kept == value)
    assert json.dumps(value) == given_before


def test_the_longest_list_loses_its_end_first() -> None:
    kept, cut = bounded({"short": [1, 2], "long": list(range(100))}, most_characters=150)
    assert kept["short"] == [1, 2]
    assert kept["long"] == list(range(len(kept["long"])))
    assert cut is not None
    assert f"{len(kept['long'])} of 100 of long" in cut


def test_what_cannot_be_cut_is_left_out() -> None:
    kept, cut = bounded({"text": "x" * 100}, most_characters=50)
    assert kept is None
    assert cut is not None
    assert "left out" in cut


def test_calls_are_asked_again_in_one_document() -> None:
    where = Slice(task_type=frozenset({'a"b'}))
    calls = [
        Call("compare", {"metric": Metric.COST, "during": DURING, "compared_to": DURING,
                         "group_by": (Dimension.TASK_TYPE,), "where": where}, []),
        Call("fleet", {"status": frozenset({HealthStatus.DOWN})}, []),
        Call("fleet", {"at": T0}, []),
        Call("fleet", {"at": T0}, []),
    ]  # fmt: skip
    told = document(calls)
    assert told is not None
    assert 'metric: COST, during: {from: "2026-09-01T12:00:00Z"' in told
    assert 'groupBy: [TASK_TYPE], where: {taskType: ["a\\"b"]}' in told
    assert "fleet1: fleet(status: [DOWN])" in told
    assert told.count('fleet2: fleet(at: "2026-09-01T12:00:00Z")') == 1


def test_without_a_call_nothing_is_asked() -> None:
    assert document([]) is None


def test_a_document_stays_within_what_may_be_asked_at_once() -> None:
    calls = [
        Call("why_changed", {"metric": Metric.COST, "during": Period(T0, T0 + n * HOUR)}, None)
        for n in range(1, 8)
    ]
    told = document(calls)
    assert told is not None
    assert told.count("whyChanged(") == 2
    assert "19:00:00Z" in told, "the last is what the answer rests on"


@pytest.mark.parametrize(
    ("name", "shown"), [("at", "at"), ("from_", "from"), ("horizon_minutes", "horizonMinutes")]
)
def test_names_are_as_graphql_has_them(name: str, shown: str) -> None:
    assert camel(name) == shown
