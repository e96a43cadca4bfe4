"""The fleets that are asked about: the second under other names alone, and figures counted."""

from datetime import timedelta

import orjson

from api.evaluation.fleets_asked_about import (
    PLANS,
    RENAMED,
    Facts,
    Sent,
    by_name,
    counted,
    events,
    facts,
    planted,
)
from api.evaluation.words import NOW

SENT = [
    Sent(
        NOW - timedelta(hours=hours), {"tier": tier, "model": "m"}, failed=hours == 1, cost_usd=0.5
    )
    for hours, tier in [(1, "gold"), (2, "gold"), (3, "free"), (30, "gold")]
]
DAY = {"start": NOW - timedelta(days=1), "end": NOW}


def test_figures_are_those_of_the_slice_and_the_period() -> None:
    told = Facts(requests=SENT)
    assert counted(told, {"tier": ["gold"]}, **DAY) == (2, 1, 1.0)
    assert counted(told, {}, **DAY) == (3, 1, 1.5)
    assert by_name(told, {}, name="tier", **DAY) == {"gold": 2, "free": 1}


def test_nothing_of_the_first_fleet_is_left_in_the_second() -> None:
    lines = [line for _, line in zip(range(2_000), events("renamed"), strict=False)]
    told = facts("renamed", lines)
    names = {name for one in told.requests for name in one.names.values()}
    assert names & set(RENAMED.values())
    assert not names & (set(RENAMED) - set(RENAMED.values()))
    assert {one["type"] for one in map(orjson.loads, lines)} >= {"routecause.model.registered"}


def test_planted_causes_are_known() -> None:
    assert planted(facts("sim", []), fleet="sim") >= {"chg-f6baa", "inc-92879"}
    assert set(PLANS) == {"sim", "renamed"}
