"""Marks of cost anomalies: what was known at an instant, and what counts as found."""

import math
from datetime import timedelta

import pytest

from api.evaluation.costs import KINDS, Extent, evaluated, examined, known_by, plan_of
from ingest.simulator import SimulationPlan, simulate, truth
from ingest.simulator.arrays import to_time

SEED = 21
"""Not one of the command's."""


def test_only_what_was_recorded_by_then_is_known() -> None:
    plan = SimulationPlan(days=1, per_day=500, seed=SEED, decoys=0)
    asked = [plan.end - timedelta(hours=6), plan.end]
    told = [
        (instant, int(traffic.measure("count").sum()), int(traffic.hour.max()))
        for instant, traffic, _ in known_by(simulate(plan), asked=asked)
    ]
    assert [instant for instant, *_ in told] == asked
    for instant, count, last in told:
        known = [
            event
            for event in simulate(plan)
            if event["type"] == "routecause.request.completed"
            and event["recordedtime"] <= instant.isoformat()
        ]
        assert count == len(known)
        assert last < instant.timestamp()


@pytest.mark.parametrize("kind", KINDS)
def test_faults_begin_in_waking_hours_with_days_before_them(kind: str) -> None:
    plan = plan_of(kind, seed=SEED, per_day=1000)
    (fault,) = truth(plan)
    began = to_time(fault.start_ms)
    assert 7 <= began.hour < 20
    assert began - to_time(plan.start_ms) > timedelta(days=9)


def test_a_runaway_tenant_is_found_within_two_hours() -> None:
    found = examined(plan_of("runaway-tenant", seed=SEED, per_day=2500))
    assert found.in_time
    assert 0 < found.told_after_min <= found.right_after_min <= 120
    assert not math.isnan(found.right_after_min)


def test_the_tables_tell_of_faults_and_of_quiet_fleets() -> None:
    said: list[str] = []
    extent = Extent(fleets=1, quiet=1, first_seed=SEED, per_day=500)
    faults, quiet = evaluated(extent, report=said.append)
    assert [row[:2] for row in faults.rows] == [(kind, 1) for kind in KINDS]
    assert quiet.rows[0][:2] == (1, 3.0)
    assert len(said) == len(KINDS) + 1
    assert evaluated(Extent(fleets=0, quiet=0), report=said.append) == []
