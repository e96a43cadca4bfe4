"""A fleet as columns is the fleet that its events tell of."""

from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import numpy as np

from api.evaluation.fleet_load import STEP, Workload, workload
from ingest.simulator import FaultRequest, SimulationPlan, simulate, truth
from ingest.simulator.arrays import to_time
from ingest.simulator.catalogue import DEPLOYMENTS

PLAN = SimulationPlan(
    days=1.5, per_day=3_000, seed=7, decoys=0,
    faults=(FaultRequest(kind="growing-demand", target="chat", magnitude=1.3),),
)  # fmt: skip
NOW = PLAN.end - timedelta(hours=3, minutes=-2)


@cache
def fleet() -> Workload:
    return workload(PLAN, sampled_from=NOW - timedelta(days=1))


@cache
def events() -> tuple[dict[str, Any], ...]:
    return tuple(simulate(PLAN))


def parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_requests_tokens_and_refusals_are_those_of_the_events():
    end = NOW - timedelta(minutes=2)
    counted: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    for event in events():
        data = event["data"]
        if event["type"] == "routecause.request.completed" and parsed(event["time"]) < end:
            name = data["decision"]["deployment"]
            counted[name] += 1
            tokens[name] += data["prompt_tokens"] + data["completion_tokens"]
            refused[name] += data["outcome"]["status"] == "rate_limited"
    for place, name in enumerate(DEPLOYMENTS):
        known = fleet().known(place, now=NOW)
        assert known is not None
        assert known.requests.end == end
        assert known.requests.step == STEP
        assert known.requests.values.sum() == counted[name]
        assert known.tokens.values.sum() == tokens[name]
        assert known.refused.values.sum() == refused[name]
    assert refused.total() > 0


def test_what_is_still_being_answered_is_not_known():
    place = DEPLOYMENTS.index("atlas-40b@aws")
    own = fleet().requests[place]
    row = int(np.argmax(own.known_ms - own.at_ms))
    step_ms = 600_000
    end_ms = (int(own.at_ms[row]) // step_ms + 1) * step_ms
    at_end = fleet().known(place, now=to_time(end_ms))
    later = fleet().known(place, now=to_time(end_ms + 120_000))
    assert at_end is not None
    assert later is not None
    unknown = int(((own.at_ms < end_ms) & (own.known_ms > end_ms)).sum())
    assert later.requests.values.sum() - at_end.requests.values.sum() == unknown


def test_nothing_is_known_before_anything_came():
    assert fleet().known(0, now=to_time(fleet().start_ms)) is None


def test_samples_are_those_of_the_events_of_a_day():
    name = "coder-34b@k8s"
    observed = fleet().observed(name, now=NOW)
    told = [
        event
        for event in events()
        if event["type"] == "routecause.deployment.observed"
        and event["data"]["deployment"] == name
        and NOW - timedelta(days=1) < parsed(event["time"])
        and parsed(event["recordedtime"]) <= NOW
    ]
    assert [one.at for one in observed] == [parsed(e["time"]) for e in reversed(told)]
    assert [one.load for one in observed] == [e["data"].get("load") for e in reversed(told)]
    assert observed[0].at > NOW - timedelta(minutes=20)


def test_facts_are_those_registered():
    told = {
        event["data"]["deployment"]: event["data"]
        for event in events()
        if event["type"] == "routecause.deployment.registered"
    }
    for place, (name, facts) in enumerate(fleet().facts.items()):
        assert facts.max_rps == told[name]["max_rps"]
        assert fleet().max_tokens_per_minute(place) == told[name]["max_tokens_per_minute"]
        assert name == f"{facts.model}@{facts.backend}"


def test_overloads_are_those_of_the_truth_and_none_is_sudden_that_grew():
    (fault,) = truth(PLAN)
    found = fleet().overloads(start=to_time(fault.start_ms), end=PLAN.end)
    starts = {one.deployment: one.start for one in found}
    assert starts == {name: parsed(at) for name, at in fault.details["overloads"].items()}
    assert not any(one.sudden for one in found)
    assert (
        workload(PLAN.without(0), sampled_from=PLAN.end).overloads(
            start=to_time(fault.start_ms), end=PLAN.end
        )
        == []
    )
