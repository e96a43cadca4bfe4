"""Fleets watched as an alert would watch them, with their peers beside the product."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from api.evaluation.alarms import OWN
from api.evaluation.capacity import (
    FIRST_SEED,
    GROWING,
    PEERS,
    QUIET,
    Extent,
    Job,
    likely,
    situations,
    watches,
)
from api.evaluation.fleet_load import STEP, workload
from graph.errors import InvalidInput
from graph.evidence import Observation
from graph.overload.risks import CapacityRisk
from ingest.simulator import DEFAULT_END, truth
from ingest.simulator.arrays import to_time
from ingest.simulator.catalogue import DEPLOYMENTS

SMALL = Extent(fleets=1, quiet=1, quiet_days=1, every_minutes=30, per_day=4_000, first_seed=5)


def samples(*loads: float | None) -> list[Observation]:
    """Newest first, five minutes apart, up to the end of the simulated history."""
    return [
        Observation(
            deployment="a@x", at=DEFAULT_END - timedelta(minutes=5 * age + 1),
            recorded_at=DEFAULT_END, window_s=300, sample_count=60, load=load,
        )
        for age, load in enumerate(loads)
    ]  # fmt: skip


def test_the_seeds_are_those_that_nothing_was_tuned_on():
    assert Extent().first_seed == FIRST_SEED
    assert {job.kind for job in Extent().jobs()} == {GROWING, QUIET}
    assert Extent().quiet * Extent().quiet_days >= 21


@pytest.mark.parametrize("minutes", [0, 61])
def test_a_question_every_few_minutes_is_what_an_alert_asks(minutes: int):
    with pytest.raises(InvalidInput, match="every_minutes"):
        Extent(every_minutes=minutes)


def test_a_growing_fleet_is_watched_from_before_it_grows_until_it_falls():
    job = Job(GROWING, 5, SMALL)
    plan = job.plan()
    (fault,) = truth(plan)
    asked = job.instants(plan)
    start, end = to_time(fault.start_ms), to_time(fault.end_ms or 0)
    assert timedelta(hours=1) <= start - asked[0] <= timedelta(hours=3)
    assert start < asked[-1] < end
    assert {at - asked[0] for at in asked} == {k * timedelta(minutes=30) for k in range(len(asked))}


def test_a_quiet_fleet_is_the_same_without_the_growth():
    plan = Job(QUIET, 5, SMALL).plan()
    assert plan.muted == {0}
    grown = replace(plan, muted=frozenset())
    highest = [
        float(np.quantile(workload(one, sampled_from=one.end).load, 0.99)) for one in (plan, grown)
    ]
    assert highest[0] < 0.8 < highest[1]


def test_nothing_that_was_not_known_is_told():
    job = Job(GROWING, 5, SMALL)
    plan = job.plan()
    now = job.instants(plan)[0]
    fleet = workload(plan, sampled_from=now - timedelta(days=1))
    told = situations(fleet, now=now)
    assert [one.facts.deployment for one in told] == list(DEPLOYMENTS)
    for one in told:
        assert all(o.recorded_at <= now for o in one.observations)
        assert one.requests is not None
        assert now - STEP < one.requests.end <= now


def test_peers_judge_by_the_load_samples_alone():
    newest, line = PEERS.values()
    assert newest(samples(0.91, 0.2), DEFAULT_END)
    assert newest(samples(None, 0.91, 0.2), DEFAULT_END)
    assert not newest(samples(0.89, 0.95), DEFAULT_END)
    assert not newest([], DEFAULT_END)
    assert line(samples(0.8, 0.7, 0.6, 0.5), DEFAULT_END)
    assert not line(samples(0.6, 0.6, 0.6, 0.6), DEFAULT_END)
    assert not line(samples(0.5, 0.6, 0.7, 0.8), DEFAULT_END)


def test_an_alarm_is_what_is_more_likely_than_not():
    def risk(name: str, odds: float | None) -> CapacityRisk:
        return CapacityRisk(
            deployment=name, expected_load=1.0, high_load=1.0, capacity=None,
            probability_overload=odds, worst_at=None, reasons=(), limited_by=None,
            moved_load=0.0, samples=0, requests=0,
        )  # fmt: skip

    assert likely([risk("a", 0.5), risk("b", 0.49), risk("c", None)]) == {"a"}


def test_fleets_are_watched_and_everyone_had_a_chance_to_warn():
    said: list[str] = []
    extent = replace(SMALL, quiet=0, every_minutes=60)
    (growing,) = watches(extent, workers=1, report=said.append)
    assert growing.kind == GROWING
    assert len(said) == 1
    assert growing.overloads
    assert growing.watched == timedelta(hours=len(growing.asked))
    assert set(growing.alarms) == {OWN, *PEERS}
    assert growing.alarms[OWN], "an overload that builds up over hours is seen by anyone"
    assert all(set(at) <= set(growing.asked) for at in growing.alarms[OWN].values())
