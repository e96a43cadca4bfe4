"""The stream of events: the same for a seed, in order, valid, complete, and going on live."""

import itertools
import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.events import EVENT_ADAPTER, EVENT_CLASSES
from ingest.simulator import FAULTS, SimulationPlan, demo_plan, live, simulate, truth

Event = dict[str, Any]
PLAN = SimulationPlan(days=2, per_day=3_000, seed=11)


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return list(simulate(PLAN))


def test_a_plan_always_gives_the_same_bytes(events: list[Event]):
    again = SimulationPlan(days=2, per_day=3_000, seed=11)
    assert json.dumps(list(simulate(again))) == json.dumps(events)


def test_another_seed_gives_another_history_with_other_ids(events: list[Event]):
    other = {e["id"] for e in simulate(SimulationPlan(days=2, per_day=3_000, seed=12))}
    assert not other & {e["id"] for e in events}


def test_events_come_in_the_order_in_which_they_became_known(events: list[Event]):
    recorded = [e["recordedtime"] for e in events]
    assert recorded == sorted(recorded)
    assert all(e["time"] <= e["recordedtime"] for e in events if "maintenance" not in e["data"])
    assert recorded[-1] <= PLAN.end.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_ids_are_unique_within_their_source(events: list[Event]):
    keys = Counter((e["source"], e["id"]) for e in events)
    assert keys.most_common(1)[0][1] == 1


def test_every_type_is_told_and_obeys_the_contract():
    plan = SimulationPlan(
        days=3, per_day=700, seed=4, decoys=22, probe_interval_s=1800, faults=tuple(FAULTS)
    )
    seen: set[str] = set()
    for event in simulate(plan):
        EVENT_ADAPTER.validate_python(event)
        seen.add(event["type"])
    # Nobody in this fleet has a budget beyond those of the tenants.
    assert set(EVENT_CLASSES) - seen <= {"routecause.budget.defined"}
    assert len(seen) == 17


def test_totals_are_sane(events: list[Event]):
    requests = [e for e in events if e["type"] == "routecause.request.completed"]
    scores = [e for e in events if e["type"] == "routecause.quality.scored"]
    probes = [e for e in events if e["type"] == "routecause.deployment.observed"]
    # A Saturday and a Sunday, which are quieter than the average day.
    assert 0.6 * 6_000 < len(requests) < 6_000
    failed = [e for e in requests if e["data"]["outcome"]["status"] != "ok"]
    assert len(failed) < 0.01 * len(requests)
    assert 0.25 < len(scores) / len(requests) < 0.6
    assert 0.9 * 18 * 576 < len(probes) < 18 * 576
    assert len({e["tenant"] for e in requests}) == 3
    assert len({e["data"]["decision"]["deployment"] for e in requests}) == 18
    assert len({e["data"]["user"] for e in requests}) > 150


def test_some_scores_come_before_their_request_some_days_late_and_some_are_corrected():
    plan = SimulationPlan(days=4, per_day=6_000, seed=1, probe_interval_s=3600)
    known: dict[str, datetime] = {}
    early = late = 0
    by_evaluator: Counter[tuple[str, str]] = Counter()
    for event in simulate(plan):
        data = event["data"]
        at = datetime.fromisoformat(event["recordedtime"])
        if event["type"] == "routecause.request.completed":
            known[data["request_id"]] = at
        elif event["type"] == "routecause.quality.scored":
            early += data["request_id"] not in known
            late += at - known.get(data["request_id"], at) > timedelta(hours=20)
            by_evaluator[data["request_id"], data["evaluator"]] += 1
    assert early > 5
    assert late > 50
    assert sum(count > 1 for count in by_evaluator.values()) > 5
    assert {evaluator for _, evaluator in by_evaluator} >= {"judge", "rubric", "thumbs"}


def test_live_goes_on_where_the_history_ends():
    whole = SimulationPlan(days=2.5, per_day=2_000, seed=3, probe_interval_s=1800)
    until = whole.end + timedelta(hours=3)
    going_on = [event for _, event in itertools.takewhile(lambda t: t[0] <= until, live(whole))]
    history = list(simulate(whole))
    keys = {(e["source"], e["id"]) for e in history}
    assert not keys & {(e["source"], e["id"]) for e in going_on}
    assert {e["type"] for e in going_on} >= {
        "routecause.request.completed",
        "routecause.quality.scored",
        "routecause.deployment.observed",
    }
    # Scores of requests that the history holds are still to come.
    requests = {e["id"] for e in history if e["type"] == "routecause.request.completed"}
    assert any(e["data"].get("request_id") in requests for e in going_on if "score" in e["data"])
    recorded = [e["recordedtime"] for e in [*history, *going_on]]
    assert recorded == sorted(recorded)


def test_live_can_be_taken_up_again():
    plan = SimulationPlan(days=1, per_day=2_000, seed=3)
    middle, end = plan.end + timedelta(hours=1), plan.end + timedelta(hours=2)
    first = list(itertools.takewhile(lambda t: t[0] <= end, live(plan)))
    again = list(itertools.takewhile(lambda t: t[0] <= end, live(plan, start=middle)))
    assert again == [timed for timed in first if timed[0] > middle]
    assert again


def test_a_history_streams_and_is_quick():
    plan = SimulationPlan(days=3650, per_day=10_000)
    started = time.perf_counter()
    count = sum(1 for _ in itertools.islice(simulate(plan), 60_000))
    elapsed_s = time.perf_counter() - started
    assert count == 60_000
    assert elapsed_s < 12, "fewer than 5,000 events a second, on a busy machine at that"


def test_the_demo_has_what_each_question_needs():
    now = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    plan = demo_plan(now, per_day=500)
    faults = {fault.kind: fault for fault in truth(plan)}
    rollout = datetime.fromtimestamp(faults["rollout-hurts-task"].start_ms / 1000, UTC)
    assert (rollout.strftime("%A"), rollout.date().isoformat()) == ("Tuesday", "2026-11-17")
    assert faults["rollout-hurts-task"].slice["task_type"] == ["reasoning"]
    outage = faults["backend-incident"]
    assert "premium" in outage.slice["tier"]
    silent, degraded = faults["silent-probe"], faults["degraded-deployment"]
    now_ms = now.timestamp() * 1000
    assert silent.start_ms < now_ms < (silent.end_ms or 0)
    assert degraded.start_ms < now_ms < (degraded.end_ms or 0)
    open_now: set[str] = set()
    for event in simulate(plan):
        if event["type"] == "routecause.incident.opened":
            open_now.add(event["data"]["incident"])
        elif event["type"] == "routecause.incident.resolved":
            open_now.discard(event["data"]["incident"])
    assert degraded.cause_id in open_now
    assert outage.cause_id not in open_now


def test_last_tuesday_is_never_today():
    tuesday = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)
    rollout = truth(demo_plan(tuesday, per_day=100))[0]
    assert datetime.fromtimestamp(rollout.start_ms / 1000, UTC).date().isoformat() == "2026-11-10"
