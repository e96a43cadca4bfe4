"""Requests as events: costs that follow from prices, decisions that can be checked."""

from collections import Counter
from typing import Any

import pytest

from ingest.simulator import SimulationPlan, simulate

Event = dict[str, Any]


@pytest.fixture(scope="module")
def events() -> list[Event]:
    plan = SimulationPlan(
        days=3, per_day=3_000, seed=6, faults=("price-rise", "failover", "experiment-ramp")
    )
    return list(simulate(plan))


@pytest.fixture(scope="module")
def requests(events: list[Event]) -> list[Event]:
    return [e for e in events if e["type"] == "routecause.request.completed"]


def test_cost_is_tokens_times_the_price_then_in_force(events: list[Event], requests: list[Event]):
    prices: dict[str, list[tuple[str, float, float]]] = {}
    for event in events:
        if event["type"] == "routecause.model.registered":
            data = event["data"]
            told = (event["time"], data["input_usd_per_1k"], data["output_usd_per_1k"])
            prices.setdefault(data["model"], []).append(told)
    assert max(len(told) for told in prices.values()) == 2
    for event in requests:
        data, outcome = event["data"], event["data"]["outcome"]
        model = data["decision"]["deployment"].split("@")[0]
        _, prompt, completion = max(p for p in prices[model] if p[0] <= event["time"])
        due = (data["prompt_tokens"] * prompt + data["completion_tokens"] * completion) / 1000
        billed = outcome["status"] == "ok" and not outcome["cache_hit"]
        assert outcome["cost_usd"] == pytest.approx(due if billed else 0.0, abs=1e-9)


def test_a_decision_names_its_deployment_among_its_candidates(requests: list[Event]):
    for event in requests:
        decision = event["data"]["decision"]
        candidates = {c["deployment"]: c for c in decision["candidates"]}
        assert len(candidates) == len(decision["candidates"])
        assert decision["deployment"] in candidates
        assert sum(c["propensity"] for c in candidates.values()) == pytest.approx(1, abs=0.001)
        if "propensity" in decision:
            chosen = candidates[decision["deployment"]]
            assert chosen["propensity"] == decision["propensity"] > 0
            assert "rejected" not in chosen
        for candidate in candidates.values():
            assert ("rejected" in candidate) <= (candidate["propensity"] == 0)


def test_picks_follow_their_propensities(requests: list[Event]):
    expected: Counter[str] = Counter()
    picked: Counter[str] = Counter()
    for event in requests:
        decision = event["data"]["decision"]
        if "propensity" in decision:
            picked[decision["deployment"]] += 1
            for candidate in decision["candidates"]:
                expected[candidate["deployment"]] += candidate["propensity"]
    for deployment, count in expected.items():
        assert abs(picked[deployment] - count) < 5 * count**0.5 + 1


def test_fallbacks_are_said_and_costed_in_time(requests: list[Event]):
    fallen = [e for e in requests if e["data"]["decision"]["method"] == "fallback"]
    assert fallen
    for event in requests:
        decision, outcome = event["data"]["decision"], event["data"]["outcome"]
        assert (decision["method"] == "fallback") == ("fallback_from" in decision)
        for left in decision.get("fallback_from", ()):
            assert left["cause"] in {
                "breaker_open", "spot_unavailable", "error", "timeout", "rate_limited"
            }  # fmt: skip
        if outcome["retries"]:
            assert decision["fallback_from"][-1]["deployment"] != decision["deployment"]


def test_reasons_for_rejection_are_codes(requests: list[Event]):
    codes = Counter(
        c["rejected"]
        for e in requests
        for c in e["data"]["decision"]["candidates"]
        if "rejected" in c
    )
    assert set(codes) <= {"breaker_open", "spot_unavailable", "context_window", "compliance"}
    assert codes["compliance"] > 0
    assert codes["context_window"] > 0


def test_arms_are_sticky_by_user(requests: list[Event]):
    first: dict[tuple[str, str], str] = {}
    for event in requests:
        decision = event["data"]["decision"]
        assert ("arm" in decision) == ("experiment" in decision)
        if "arm" in decision:
            # A ramp only ever moves users from the first arm into the second.
            place = (decision["experiment"], event["data"]["user"])
            before = first.setdefault(place, decision["arm"])
            assert (before, decision["arm"]) != ("B", "A")
            first[place] = decision["arm"]
    assert set(first.values()) == {"A", "B"}


def test_times_fit_together(requests: list[Event]):
    for event in requests:
        outcome = event["data"]["outcome"]
        if outcome["status"] == "ok":
            assert 0 < outcome["ttft_ms"] <= outcome["latency_ms"] + 0.2
            assert "error_type" not in outcome
        else:
            assert event["data"]["completion_tokens"] == 0
            assert outcome["error_type"]
