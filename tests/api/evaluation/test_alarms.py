"""What counts as announced, as late, as crying wolf, and how the tables sum it up."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.evaluation.alarms import (
    LATER,
    NEARLY,
    NOTHING,
    OWN,
    Lost,
    Watch,
    by_kind,
    false_alarms,
    lead,
    marks,
    summary,
    without_table,
    wolf,
)
from api.evaluation.fleet_load import Overload

NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
M = timedelta(minutes=1)


def overload(minutes: int, *, lasts: int = 40, sudden: bool = False) -> Overload:
    return Overload("a@x", NOON + minutes * M, NOON + (minutes + lasts) * M, sudden)


def watched(overloads: Sequence[Overload], alarms: Sequence[int], *, hours: int = 4) -> Watch:
    asked = tuple(NOON + timedelta(minutes=10 * k) for k in range(6 * hours))
    return Watch(
        kind="growing demand",
        seed=1,
        asked=asked,
        watched=timedelta(hours=hours),
        overloads=tuple(overloads),
        nearly=(),
        alarms={OWN: {"a@x": [NOON + at * M for at in alarms]}, "peer": {}},
    )


@pytest.mark.parametrize(
    ("alarms", "minutes"),
    [([], 0), ([80, 90], 40), ([119], 1), ([120, 130], 0), ([0], 0), ([49], 0), ([50], 70)],
)
def test_a_lead_is_from_the_first_alarm_within_reach(alarms: list[int], minutes: int):
    assert lead(overload(120), [NOON + at * M for at in alarms]) == minutes * M


@pytest.mark.parametrize(
    ("alarms", "episodes"),
    [
        ([], 0),
        ([60, 70, 80], 0),  # within reach of the overload
        ([0, 10, 20], 1),  # too early, however long it goes on
        ([0, 60, 120], 1),  # no further apart than an hour: one
        ([130, 150], 0),  # while it lasts
        ([250, 320], 2),  # after it
    ],
)
def test_alarms_without_an_overload_within_reach_are_false(alarms: list[int], episodes: int):
    assert false_alarms([NOON + at * M for at in alarms], [overload(120)]).total() == episodes


@given(st.lists(st.integers(0, 600), unique=True, max_size=30))
def test_more_overloads_never_make_more_false_alarms(minutes: list[int]):
    alarms = [NOON + at * M for at in sorted(minutes)]
    few = false_alarms(alarms, [overload(300)]).total()
    assert false_alarms(alarms, [overload(300), overload(100)]).total() <= few
    assert few <= false_alarms(alarms, []).total() <= len(alarms)


def test_what_followed_a_false_alarm_is_told():
    at = [NOON, NOON + 300 * M, NOON + 600 * M]
    told = false_alarms(at, [overload(120)], [overload(330)])
    assert told == {LATER: 1, NEARLY: 1, NOTHING: 1}


def test_marks_count_sudden_overloads_apart():
    told = [overload(120), overload(180, sudden=True)]
    one = marks([watched(told, [100, 110, 170])], OWN)
    assert one.leads == (20.0,)
    assert (one.in_time, one.announced) == (1, 1.0)
    assert (one.sudden, one.sudden_in_time) == (1, 1)
    assert (one.fleets, one.warned) == (1, 1)
    assert one.false.total() == 0
    late = marks([watched(told, [110])], OWN)
    assert (late.leads, late.in_time, late.warned) == ((10.0,), 0, 0)
    assert marks([watched(told, [110])], "peer").leads == (0.0,)


def test_overloads_that_nobody_could_have_announced_do_not_count():
    assert marks([watched([overload(10), overload(5000)], [])], OWN).leads == ()


def test_false_alarms_are_per_week_of_a_fleet():
    quiet = watched([], [0, 10, 120], hours=84)
    one = marks([quiet, quiet], OWN)
    assert (one.false.total(), one.watched) == (4, timedelta(days=7))
    assert one.false_per_week == 4
    assert math.isnan(one.announced)


def test_tables_put_the_product_before_its_peers():
    table = summary([watched([overload(120)], [100]), watched([], [])])
    assert [row[0] for row in table.rows] == [OWN, "peer"]
    assert [row[2] for row in table.rows] == [1.0, 0.0]
    assert [row[:2] for row in wolf([watched([], [0])]).rows] == [
        ("growing demand", OWN),
        ("growing demand", "peer"),
    ]
    assert by_kind([watched([overload(120)], [100])]).rows[0][:5] == (
        "growing demand", 1, 1, 1.0, 20.0,
    )  # fmt: skip


def test_what_would_break_is_marked_by_name():
    answers = [
        Lost("aws", NOON, frozenset({"a", "b"}), frozenset({"a", "c"})),
        Lost("aws", NOON, frozenset(), frozenset()),
        Lost("neo", NOON, frozenset({"a"}), frozenset({"a"})),
    ]
    rows = {row[0]: row[1:] for row in without_table(answers).rows}
    assert rows == {
        "aws": (2, 2, 0.5, 1, 0.5),
        "neo": (1, 1, 1.0, 0, 1.0),
        "all": (3, 3, pytest.approx(2 / 3), 1, pytest.approx(2 / 3)),
    }
