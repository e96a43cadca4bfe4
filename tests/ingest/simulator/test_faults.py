"""Every fault moves in the raw events what its truth says, and no event tells of the truth."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest

from graph.errors import InvalidInput
from ingest.simulator import (
    FAULTS,
    FaultRequest,
    PlantedFault,
    SimulationPlan,
    decoys,
    simulate,
    truth,
    truth_document,
)
from ingest.simulator.arrays import stamp

Event = dict[str, Any]
PLAN = SimulationPlan(days=5, per_day=4_500, seed=3, probe_interval_s=3600)


@dataclass(frozen=True)
class History:
    """What is measured: requests by id, and the judge's scores with the request's id."""

    requests: dict[str, Event]
    judged: list[Event]
    other: list[Event]


@lru_cache(maxsize=4)
def history(plan: SimulationPlan) -> History:
    requests: dict[str, Event] = {}
    judged: list[Event] = []
    other: list[Event] = []
    for event in simulate(plan):
        if event["type"] == "routecause.request.completed":
            requests[event["id"]] = event
        elif event["type"] == "routecause.quality.scored":
            if event["data"]["evaluator"] == "judge":
                judged.append(event)
        else:
            other.append(event)
    return History(requests, judged, other)


def with_fault(kind: str) -> tuple[PlantedFault, History, History]:
    """The truth, the history, and the same history had the fault not happened."""
    plan = SimulationPlan(
        days=PLAN.days,
        per_day=PLAN.per_day,
        seed=PLAN.seed,
        probe_interval_s=PLAN.probe_interval_s,
        faults=(kind,),
    )
    (fault,) = truth(plan)
    return fault, history(plan), history(plan.without(0))


def parsed(time: str) -> datetime:
    return datetime.fromisoformat(time)


def dimensions(event: Event) -> dict[str, str | None]:
    data, decision = event["data"], event["data"]["decision"]
    model, backend = decision["deployment"].split("@")
    return {
        "deployment": decision["deployment"],
        "model": model,
        "backend": backend,
        "task_type": data["task_type"],
        "tier": data["tier"],
        "tenant": event["tenant"],
        "arm": decision.get("arm"),
        "evaluator": "judge",
    }


def within(fault: PlantedFault, events: dict[str, Event]) -> set[str]:
    """Ids of the requests of the fault's time and slice."""
    start = stamp(fault.start_ms)
    end = "9" if fault.end_ms is None else stamp(fault.end_ms)
    found: set[str] = set()
    for name, event in events.items():
        if start <= event["time"] < end:
            values = dimensions(event)
            if all(values[of] in wanted for of, wanted in fault.slice.items()):
                found.add(name)
    return found


def mean(values: Iterator[float]) -> float:
    numbers = list(values)
    assert len(numbers) >= 8, "too few to measure by"
    return sum(numbers) / len(numbers)


def quality(told: History, ids: set[str]) -> float:
    return mean(e["data"]["score"] for e in told.judged if e["data"]["request_id"] in ids)


def outcome(told: History, ids: set[str], name: str) -> float:
    return mean(
        told.requests[i]["data"]["outcome"][name]
        for i in ids
        if told.requests[i]["data"]["outcome"]["status"] == "ok"
    )


def error_rate(told: History, ids: set[str]) -> float:
    return mean(float(told.requests[i]["data"]["outcome"]["status"] != "ok") for i in ids)


@pytest.mark.parametrize(
    "kind",
    ["rollout-hurts-task", "weaker-policy", "failover", "indistinguishable-changes"],
)
def test_quality_of_the_slice_falls_by_what_the_truth_says(kind: str):
    fault, after, before = with_fault(kind)
    ids = within(fault, before.requests)
    assert fault.metric == "QUALITY"
    moved = quality(after, ids) - quality(before, ids)
    assert moved == pytest.approx(fault.expected, abs=0.045)
    rest = set(before.requests) - ids
    assert quality(after, rest) == pytest.approx(quality(before, rest), abs=0.01)


def test_an_experiment_hurts_only_its_second_arm():
    fault, after, before = with_fault("experiment-ramp")
    ids = within(fault, after.requests)
    moved = quality(after, ids) - quality(before, ids)
    assert moved == pytest.approx(fault.expected, abs=0.06)
    shares = fault.details["percent"]
    assert shares == sorted(shares)
    told = [e for e in after.other if e["type"] == "routecause.experiment.configured"]
    percents = [e["data"]["arms"][1]["percent"] for e in told if fault.cause_id in e["id"]]
    assert percents == shares


def test_a_harsher_judge_moves_scores_and_not_answers():
    fault, after, before = with_fault("harsher-judge")
    start = stamp(fault.start_ms)
    late = [e["data"]["score"] for e in after.judged if e["time"] >= start]
    late_before = [e["data"]["score"] for e in before.judged if e["time"] >= start]
    assert mean(iter(late)) - mean(iter(late_before)) == pytest.approx(fault.expected, abs=0.02)
    new = {e["data"]["evaluator_version"] for e in after.judged} - {"1"}
    (told,) = [e for e in after.other if e["data"].get("change") == fault.cause_id]
    assert new == {told["data"]["after"]["version"]}
    assert after.requests == before.requests


def test_drift_grows_from_nothing_to_what_the_truth_says():
    fault, after, before = with_fault("slow-drift")
    ids = within(fault, before.requests)
    ordered = sorted(ids, key=lambda i: before.requests[i]["time"])
    third = len(ordered) // 3
    first, last = set(ordered[:third]), set(ordered[-third:])
    assert abs(quality(after, first) - quality(before, first)) < abs(fault.expected) / 2
    moved = quality(after, last) - quality(before, last)
    assert fault.expected * 1.1 < moved < fault.expected * 0.6


def test_missing_scores_make_quality_seem_better():
    fault, after, before = with_fault("scores-missing")
    start = stamp(fault.start_ms)
    left = [e for e in after.judged if e["time"] >= start]
    all_of_them = [e for e in before.judged if e["time"] >= start]
    assert len(left) < 0.95 * len(all_of_them)
    seeming = mean(e["data"]["score"] for e in left)
    true = mean(e["data"]["score"] for e in all_of_them)
    assert seeming - true == pytest.approx(fault.expected, abs=0.02)


@pytest.mark.parametrize("kind", ["backend-latency", "backend-incident", "degraded-deployment"])
def test_latency_of_the_slice_grows_by_what_the_truth_says(kind: str):
    fault, after, before = with_fault(kind)
    stayed = within(fault, before.requests) & within(fault, after.requests)
    if len(stayed) < 8:
        pytest.fail("the slice has too few requests to measure by")
    ratio = outcome(after, stayed, "latency_ms") / outcome(before, stayed, "latency_ms")
    assert ratio == pytest.approx(fault.expected, rel=0.3)
    opened = [e for e in after.other if e["type"] == "routecause.incident.opened"]
    (mine,) = [e for e in opened if e["data"]["incident"] == fault.cause_id]
    assert mine["recordedtime"] > mine["time"] == stamp(fault.start_ms)


@pytest.mark.parametrize("kind", ["failover", "backend-incident", "spot-preemption"])
def test_displaced_requests_say_where_they_would_have_gone(kind: str):
    fault, after, before = with_fault(kind)
    gone = [
        i
        for i in within(fault, before.requests)
        if dimensions(after.requests[i])["deployment"]
        != dimensions(before.requests[i])["deployment"]
    ]
    assert len(gone) >= 8
    told = 0
    for i in gone:
        decision = after.requests[i]["data"]["decision"]
        left = [one["deployment"] for one in decision.get("fallback_from", ())]
        told += dimensions(before.requests[i])["deployment"] in left
    assert told >= 0.95 * len(gone)


def test_a_quota_cut_refuses_requests():
    fault, after, before = with_fault("quota-cut")
    ids = within(fault, before.requests)
    moved = error_rate(after, ids) - error_rate(before, ids)
    assert moved == pytest.approx(fault.expected, abs=0.06)
    assert moved > 0.02
    causes = {
        one["cause"]
        for i in ids
        for one in after.requests[i]["data"]["decision"].get("fallback_from", ())
    }
    assert "rate_limited" in causes


@pytest.mark.parametrize("kind", ["price-rise", "longer-prompts"])
def test_cost_of_the_slice_grows_by_what_the_truth_says(kind: str):
    fault, after, before = with_fault(kind)
    ids = within(fault, before.requests) & within(fault, after.requests)
    ratio = outcome(after, ids, "cost_usd") / outcome(before, ids, "cost_usd")
    assert ratio == pytest.approx(fault.expected, rel=0.15)


def test_a_new_tenant_brings_more_and_harder_work():
    fault, after, before = with_fault("new-tenant")
    new = within(fault, after.requests)
    since = [e for e in before.requests.values() if e["time"] >= stamp(fault.start_ms)]
    assert 1 + len(new) / len(since) == pytest.approx(fault.expected, abs=0.06)
    assert set(after.requests) - set(before.requests) == new
    task = fault.details["task_type"]
    others = {i for i, e in after.requests.items() if e["data"]["task_type"] == task} - new
    assert quality(after, new) < quality(after, others) - 0.05


def test_spot_capacity_taken_back_is_seen_by_the_probes():
    plan = SimulationPlan(days=4, per_day=1_000, seed=3, faults=("spot-preemption",))
    (fault,) = truth(plan)
    inside = [
        e["data"]
        for e in simulate(plan)
        if e["type"] == "routecause.deployment.observed"
        and stamp(fault.start_ms + 60_000) <= e["time"] < stamp(fault.end_ms or 0)
        and e["data"]["deployment"].endswith("@neo")
    ]
    assert any(not sample["available"] for sample in inside)
    seen = [sample["spot_availability"] for sample in inside if "spot_availability" in sample]
    assert len(seen) > 20
    assert max(seen) < 0.5


def test_a_silent_probe_says_nothing_while_requests_go_on():
    plan = SimulationPlan(days=4, per_day=4_000, seed=3, faults=("silent-probe",))
    (fault,) = truth(plan)
    (name,) = fault.slice["deployment"]
    probes = 0
    requests = 0
    for event in simulate(plan):
        if stamp(fault.start_ms) <= event["time"] < stamp(fault.end_ms or 0):
            probes += (
                event["type"] == "routecause.deployment.observed"
                and event["data"]["deployment"] == name
            )
            requests += (
                event["type"] == "routecause.request.completed"
                and event["data"]["decision"]["deployment"] == name
            )
    assert probes == 0
    assert requests > 0


@pytest.mark.parametrize("kind", list(FAULTS))
def test_no_fault_shows_before_its_start(kind: str):
    plan = SimulationPlan(days=1, per_day=2_000, seed=8, probe_interval_s=900, faults=(kind,))
    (fault,) = truth(plan)
    start = stamp(fault.start_ms)
    with_it = [e for e in simulate(plan) if e["recordedtime"] < start]
    assert with_it == [e for e in simulate(plan.without(0)) if e["recordedtime"] < start]
    assert len(with_it) > 500


def test_two_faults_keep_their_places_when_one_is_muted():
    both = SimulationPlan(days=4, per_day=500, faults=("rollout-hurts-task", "price-rise"))
    assert truth(both) == truth(both.without(0))
    assert both.fleet_id == both.without(0, 1).fleet_id


def test_no_event_holds_the_truth():
    plan = SimulationPlan(days=5, per_day=400, seed=5, faults=tuple(FAULTS))
    banned = re.compile(
        r"fault|decoy|plant|truth|simulat|hurts|weaker|harsher|drift|harmless|synthetic|innocent"
    )
    names = [re.escape(name) for name in FAULTS]
    exact = re.compile("|".join(names))
    for event in simulate(plan):
        text = json.dumps(event).lower()
        assert not banned.search(text), event
        assert not exact.search(text), event


def test_faults_and_decoys_are_told_alike():
    """Neither form, source, kind of id nor set of fields tells a fault from a decoy."""
    plan = SimulationPlan(days=10, per_day=300, seed=2, faults=("rollout-hurts-task",), decoys=22)
    (fault,) = truth(plan)
    changes = [
        e
        for e in simulate(plan)
        if e["type"] == "routecause.change.applied" and e["data"]["kind"] == "rollout"
    ]
    assert len(changes) >= 2
    assert fault.cause_id in {e["data"]["change"] for e in changes}
    shapes = {
        (
            e["source"],
            tuple(e),
            tuple(e["data"]),
            re.sub(r"[0-9a-f]{5}", "#", e["data"]["change"]),
            re.sub(r"\S+@\S+|b\d+", "#", e["data"]["title"]),
            len(e["data"]["targets"]),
        )
        for e in changes
    }
    assert len(shapes) == 1


def test_the_truth_document_names_what_was_told():
    plan = SimulationPlan(days=5, per_day=400, seed=5, faults=tuple(FAULTS))
    document = json.loads(json.dumps(truth_document(plan)))
    assert [fault["kind"] for fault in document["faults"]] == list(FAULTS)
    told: set[str] = set()
    for event in simulate(plan):
        data = event["data"]
        told.update(
            str(data[name]) for name in ("change", "incident", "experiment") if name in data
        )
        told.update([str(data["maintenance"])] if "maintenance" in data else [])
        if event["type"] == "routecause.policy.published":
            told.add(f"{data['policy']}@{data['version']}")
    causes = {fault["cause"]["id"] for fault in document["faults"] if fault["cause"]}
    harmless = {decoy["id"] for decoy in document["decoys"]}
    assert causes <= told
    assert harmless <= told
    assert not causes & harmless
    assert len(document["decoys"]) == len(decoys(plan)) == plan.decoys


def test_places_and_sizes_can_be_asked_for():
    at = PLAN.end.replace(day=28, hour=9)
    plan = SimulationPlan(
        days=6,
        per_day=300,
        faults=(
            FaultRequest(kind="rollout-hurts-task", at=at, magnitude=0.3, target="quill-12b@aws"),
        ),
    )
    (fault,) = truth(plan)
    assert stamp(fault.start_ms) == "2026-03-28T09:00:00.000Z"
    assert fault.slice == {"deployment": ["quill-12b@aws"], "task_type": ["extraction"]}
    assert fault.expected == -0.3


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: FaultRequest(kind="no-such-fault"), "faults[0]"),
        (lambda: FaultRequest(kind="failover", target="gpt-9"), "faults.failover.target"),
        (lambda: FaultRequest(kind="longer-prompts", target="poetry"), "faults.longer-prompts"),
        (
            lambda: FaultRequest(kind="failover", at=PLAN.end, until=PLAN.end),
            "faults.failover.until",
        ),
    ],
)
def test_what_cannot_be_planted_is_named(make: Callable[[], FaultRequest], field: str):
    with pytest.raises(InvalidInput, match=re.escape(field)):
        truth(SimulationPlan(days=2, per_day=100, faults=(make(),)))


@pytest.mark.parametrize("seed", [3, 4])
def test_a_runaway_tenant_asks_and_costs_many_times_as_much(seed: int):
    plan = SimulationPlan(
        days=3, per_day=4_000, seed=seed, probe_interval_s=3600, faults=("runaway-tenant",)
    )
    (fault,) = truth(plan)
    after, before = history(plan), history(plan.without(0))
    cost = [
        sum(told.requests[i]["data"]["outcome"]["cost_usd"] for i in within(fault, told.requests))
        for told in (after, before)
    ]
    assert fault.metric == "COST"
    assert 5 <= fault.expected <= 20
    assert cost[0] / cost[1] == pytest.approx(fault.expected, rel=0.5)
    new = set(after.requests) - set(before.requests)
    assert new <= within(fault, after.requests)
    assert {after.requests[i]["data"]["user"] for i in new} == {fault.details["user"]}
    told = [e["data"] for e in after.other if e["type"] == "routecause.change.applied"]
    targets = [one["targets"] for one in told if one["change"] == fault.cause_id]
    (tenant,) = fault.slice["tenant"]
    assert targets == ([[{"kind": "tenant", "id": tenant}]] if fault.cause_id else [])


def test_half_of_the_runaway_tenants_follow_a_change():
    plans = [
        SimulationPlan(days=5, per_day=100, seed=s, faults=("runaway-tenant",)) for s in range(40)
    ]
    told = sum(truth(plan)[0].cause_id is not None for plan in plans)
    assert 10 <= told <= 30


@pytest.mark.parametrize("target", ["lumen-xl", "aws"])
def test_a_lost_prompt_cache_makes_prompts_dear_and_slow(target: str):
    plan = SimulationPlan(
        days=4, per_day=4_000, seed=3, probe_interval_s=3600,
        faults=(FaultRequest(kind="cache-outage", target=target),),
    )  # fmt: skip
    (fault,) = truth(plan)
    after, before = history(plan), history(plan.without(0))
    ids = within(fault, before.requests)
    ratio = outcome(after, ids, "cost_usd") / outcome(before, ids, "cost_usd")
    assert ratio == pytest.approx(fault.expected, rel=0.12)
    assert ratio > 1.15
    assert outcome(after, ids, "ttft_ms") > outcome(before, ids, "ttft_ms") * 1.02
    rest = set(before.requests) - ids
    assert outcome(after, rest, "cost_usd") == outcome(before, rest, "cost_usd")
    # There has been a discount all along: the same prompts cost more in a fleet without caches.
    plain = history(SimulationPlan(days=4, per_day=4_000, seed=3, probe_interval_s=3600))
    assert outcome(plain, set(plain.requests), "cost_usd") > 1.1 * outcome(
        before, set(before.requests), "cost_usd"
    )


def test_scores_of_one_arm_come_later_and_are_the_same():
    fault, after, before = with_fault("arm-delayed-scores")
    ids = within(fault, after.requests)
    delay: dict[bool, list[float]] = {True: [], False: []}
    for event in after.judged:
        if event["time"] >= stamp(fault.start_ms):
            hours = timedelta(hours=1)
            late = (parsed(event["recordedtime"]) - parsed(event["time"])) / hours
            delay[event["data"]["request_id"] in ids].append(late)
    assert min(delay[True]) >= fault.details["hours_late"]
    assert mean(iter(delay[False])) < 1
    scored = {e["id"]: e["data"]["score"] for e in before.judged}
    assert all(e["data"]["score"] == scored[e["id"]] for e in after.judged if e["id"] in scored)
