"""Health samples: regular, with gaps and metrics that are missing rather than zero."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from ingest.simulator import SimulationPlan, simulate

PLAN = SimulationPlan(days=3, per_day=1_000, seed=2, faults=("failover",))


@pytest.fixture(scope="module")
def samples() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in simulate(PLAN):
        if event["type"] == "routecause.deployment.observed":
            found[event["data"]["deployment"]].append(event)
    return found


def test_probes_come_every_few_minutes_with_gaps(samples: dict[str, list[dict[str, Any]]]):
    gaps: Counter[int] = Counter()
    for told in samples.values():
        times = [datetime.fromisoformat(e["time"]) for e in told]
        for before, after in pairwise(times):
            apart = after - before
            assert apart % timedelta(seconds=300) == timedelta(0)
            gaps[apart // timedelta(seconds=300)] += 1
    assert gaps[1] > 0.95 * gaps.total()
    assert gaps.total() > gaps[1]


def test_the_window_is_the_interval():
    plan = SimulationPlan(days=0.2, per_day=100, probe_interval_s=60)
    told = [e for e in simulate(plan) if e["type"] == "routecause.deployment.observed"]
    assert {e["data"]["window_s"] for e in told} == {60}
    assert len(told) > 18 * 0.2 * 1440 * 0.9


def test_metrics_are_missing_now_and_then_and_some_always(
    samples: dict[str, list[dict[str, Any]]],
):
    everything = [e["data"] for told in samples.values() for e in told]
    missing = sum("error_rate" not in data for data in everything)
    assert 0.005 < missing / len(everything) < 0.05
    assert all("queue_depth" not in e["data"] for e in samples["quill-12b@aws"])
    assert all("spot_availability" not in e["data"] for e in samples["quill-12b@aws"])
    assert any("spot_availability" in e["data"] for e in samples["nova-13b@neo"])


def test_a_deployment_that_is_down_says_so_and_has_no_latency(
    samples: dict[str, list[dict[str, Any]]],
):
    down = [e["data"] for told in samples.values() for e in told if not e["data"]["available"]]
    assert down
    for data in down:
        assert "latency_p50_ms" not in data
        assert data.get("error_rate", 1.0) == 1.0


def test_a_healthy_fleet_reports_healthy_figures(samples: dict[str, list[dict[str, Any]]]):
    data = [e["data"] for e in samples["swift-8b@k8s"]]
    bad = [d for d in data if d.get("error_rate", 0) >= 0.05 or d.get("load", 0) >= 0.95]
    assert len(bad) < 0.02 * len(data)
    assert all(
        0 <= d.get("rate_limit_remaining", 0) <= d.get("rate_limit_limit", 1e9) for d in data
    )
