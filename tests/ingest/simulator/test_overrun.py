"""Demand that outgrows its deployments shows in probes and requests as it would in a real fleet."""

from collections import defaultdict
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from graph.errors import InvalidInput
from ingest.simulator import FaultRequest, PlantedFault, SimulationPlan, simulate, truth
from ingest.simulator.arrays import MINUTE_MS, stamp
from ingest.simulator.catalogue import DEPLOYMENTS
from ingest.simulator.effects import Effects, Span, Surge
from ingest.simulator.overrun import overloads, overrun
from ingest.simulator.stream import story

Event = dict[str, Any]
PLAN = SimulationPlan(
    days=3, per_day=12_000, seed=4, probe_interval_s=300,
    faults=(FaultRequest(kind="growing-demand", target="reasoning", magnitude=1.3),),
)  # fmt: skip


@lru_cache(maxsize=2)
def told(plan: SimulationPlan) -> tuple[Event, ...]:
    return tuple(simulate(plan))


def first_overrun(plan: SimulationPlan) -> tuple[PlantedFault, str, str]:
    """The fault, the deployment that is overrun first, and when."""
    (fault,) = truth(plan)
    name, at = min(fault.details["overloads"].items(), key=lambda item: item[1])
    return fault, name, at


def samples(plan: SimulationPlan, name: str, metric: str, start: str, end: str) -> list[float]:
    return [
        e["data"][metric]
        for e in told(plan)
        if e["type"] == "routecause.deployment.observed"
        and e["data"]["deployment"] == name
        and start <= e["time"] < end
        and metric in e["data"]
    ]


def outcomes(plan: SimulationPlan, name: str, start: str, end: str) -> list[Event]:
    """Of the requests whose first attempt went to a deployment."""
    found: list[Event] = []
    for event in told(plan):
        if event["type"] == "routecause.request.completed" and start <= event["time"] < end:
            decision = event["data"]["decision"]
            tried = {decision["deployment"]}
            tried |= {left["deployment"] for left in decision.get("fallback_from", ())}
            if name in tried:
                found.append(event["data"])
    return found


def phases(plan: SimulationPlan) -> tuple[str, tuple[str, str], tuple[str, str], tuple[str, str]]:
    """The deployment overrun first; times just before the growth, of its climax, and after it."""
    fault, name, at = first_overrun(plan)
    end_ms = fault.end_ms or 0
    length_ms = end_ms - fault.start_ms
    before = stamp(fault.start_ms - length_ms // 2), stamp(fault.start_ms)
    during = at, stamp(fault.start_ms + int(length_ms * 0.85))
    return name, before, during, (stamp(end_ms), stamp(end_ms + 60 * MINUTE_MS))


def test_load_and_queues_rise_past_capacity_and_fall_back():
    name, before, during, after = phases(PLAN)
    assert max(samples(PLAN, name, "load", *before)) < 0.8
    loads = samples(PLAN, name, "load", *during)
    assert np.median(loads) > 1.05
    assert max(loads) == pytest.approx(1.3, rel=0.25)
    queues = samples(PLAN, name, "queue_depth", *during)
    assert max(queues) > 5 * max(samples(PLAN, name, "queue_depth", *before))
    assert queues[0] < queues[len(queues) // 3]
    assert max(samples(PLAN, name, "queue_depth", *after)) < 20


def test_rate_limits_are_used_up_and_latency_bends():
    name, before, during, _ = phases(PLAN)
    left_before = np.median(samples(PLAN, name, "rate_limit_remaining", *before))
    assert np.median(samples(PLAN, name, "rate_limit_remaining", *during)) < left_before / 2
    _, _, at = first_overrun(PLAN)
    (fault,) = truth(PLAN)
    bend = stamp(int((fault.start_ms + np.datetime64(at[:-1], "ms").astype(int)) / 2)), at
    quiet, bent, over = (
        np.median(samples(PLAN, name, "latency_p95_ms", *when)) for when in (before, bend, during)
    )
    assert quiet * 1.05 < bent
    assert bent * 2 < over


def test_requests_are_refused_and_time_out_while_overrun():
    name, before, during, after = phases(PLAN)

    def failed(when: tuple[str, str]) -> float:
        tried = outcomes(PLAN, name, *when)
        assert len(tried) >= 10, "too few to measure by"
        return sum(
            data["outcome"]["status"] in ("rate_limited", "timeout")
            or any(
                left["deployment"] == name and left["cause"] == "rate_limited"
                for left in data["decision"].get("fallback_from", ())
            )
            for data in tried
        ) / len(tried)

    assert failed(before) < 0.03
    assert failed(after) < 0.05
    assert failed(during) > 0.1


def test_the_truth_tells_which_deployments_and_when():
    fault, name, at = first_overrun(PLAN)
    assert stamp(fault.start_ms) < at < stamp(fault.end_ms or 0)
    found = overloads(
        PLAN, story(PLAN).effects, start_ms=PLAN.start_ms, end_ms=PLAN.end_ms, sustained_minutes=10
    )
    assert (DEPLOYMENTS[found[0].deployment], stamp(found[0].start_ms)) == (name, at)
    assert found[0].end_ms - found[0].start_ms >= 30 * MINUTE_MS
    muted = overloads(
        PLAN, story(PLAN.without(0)).effects,
        start_ms=PLAN.start_ms, end_ms=PLAN.end_ms, sustained_minutes=10,
    )  # fmt: skip
    assert muted == []


@pytest.mark.parametrize("seed", range(1, 9))
def test_every_seed_overruns_something_for_half_an_hour(seed: int):
    plan = SimulationPlan(days=6, per_day=2_000, seed=seed, faults=("growing-demand",))
    (fault,) = truth(plan)
    found = overloads(
        plan, story(plan).effects,
        start_ms=fault.start_ms, end_ms=fault.end_ms or 0, sustained_minutes=30,
    )  # fmt: skip
    assert found
    growing_h = (found[0].start_ms - fault.start_ms) / (60 * MINUTE_MS)
    assert 0.75 < growing_h < 6


def test_more_traffic_leaves_the_requests_that_come_anyway():
    mine = {e["id"]: e for e in told(PLAN) if e["type"] == "routecause.request.completed"}
    usual = {
        e["id"]: e for e in told(PLAN.without(0)) if e["type"] == "routecause.request.completed"
    }
    assert set(usual) < set(mine)
    same = ("user", "tier", "task_type", "prompt_tokens")
    for name, event in usual.items():
        assert [mine[name]["data"][of] for of in same] == [event["data"][of] for of in same]
    (fault,) = truth(PLAN)
    new = [mine[name] for name in set(mine) - set(usual)]
    assert {e["data"]["task_type"] for e in new} == {"reasoning"}
    start, end = stamp(fault.start_ms), stamp(fault.end_ms or 0)
    assert all(start <= e["time"] < end for e in new)
    inside = sum(
        start <= e["time"] < end and e["data"]["task_type"] == "reasoning" for e in usual.values()
    )
    assert 1 + len(new) / inside == pytest.approx(fault.expected, rel=0.25)
    by_tenant: defaultdict[str, int] = defaultdict(int)
    for event in new:
        by_tenant[event["tenant"]] += 1
    assert len(by_tenant) == len(PLAN.tenants)


def test_nothing_queues_where_no_traffic_surges():
    assert overrun(PLAN, Effects(()), hour=PLAN.hours[5]) is None
    surge = Surge(Span(PLAN.end_ms - MINUTE_MS), ((0, 0.0), (1, 3.0)))
    assert overrun(PLAN, Effects((surge,)), hour=PLAN.hours[5]) is None


def test_a_target_that_asks_nothing_is_refused():
    with pytest.raises(InvalidInput, match="growing-demand"):
        truth(
            SimulationPlan(
                days=2, per_day=100, faults=(FaultRequest(kind="growing-demand", target="poetry"),)
            )
        )
