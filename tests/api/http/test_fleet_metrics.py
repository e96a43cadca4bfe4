"""The fleet as Prometheus reads it: what is not known has no series, and there are not too many."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.http.exposition import Sheet
from api.http.fleet_metrics import SEVERITIES, write_fleet
from graph.breaker import BreakerState
from graph.evidence import Incident
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.snapshot import EMPTY, ViewSnapshot

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
BARE = DeploymentHealth(
    deployment="m@b",
    model="m",
    backend="b",
    version=None,
    status=HealthStatus.UNKNOWN,
    reasons=(),
    breaker=BreakerState.CLOSED,
    availability=None,
    error_rate=None,
    latency_p50_ms=None,
    latency_p95_ms=None,
    queue_depth=None,
    load=None,
    rate_limit_remaining=None,
    spot_availability=None,
    cost_per_1k_tokens_usd=None,
    sample_count=0,
    updated_at=None,
    age_ms=None,
    stale=True,
)
FULL = replace(
    BARE,
    deployment="large@cloud",
    model="large",
    backend="cloud",
    status=HealthStatus.DOWN,
    breaker=BreakerState.OPEN,
    availability=0.5,
    error_rate=0.25,
    latency_p50_ms=120.0,
    latency_p95_ms=2500.0,
    queue_depth=7.0,
    load=0.9,
    rate_limit_remaining=0.0,
    spot_availability=0.75,
    cost_per_1k_tokens_usd=0.002,
    sample_count=40,
    updated_at=NOW - timedelta(seconds=30),
    # What the view was composed with: older than what is read from it now.
    age_ms=1_000.0,
    stale=False,
)


def view(*deployments: DeploymentHealth, **more: Any) -> ViewSnapshot:
    return ViewSnapshot(version="1", as_of=NOW, deployments=deployments, **more)


def series(of: ViewSnapshot, **more: int) -> dict[tuple[str, ...], float]:
    """What is told, by name and the values of its labels, as Prometheus' own parser reads it."""
    sheet = Sheet()
    write_fleet(sheet, of, now=NOW, **more)
    return {
        (sample.name.removeprefix("routecause_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(sheet.text().decode())
        for sample in family.samples
    }


def test_a_deployment_is_told_whole_and_in_base_units() -> None:
    told = series(view(FULL))
    of = ("large@cloud", "large", "cloud")
    figures = {
        "availability_ratio": 0.5,
        "error_ratio": 0.25,
        "latency_p50_seconds": 0.12,
        "latency_p95_seconds": 2.5,
        "queue_depth": 7,
        "load_ratio": 0.9,
        "rate_limit_remaining": 0,
        "spot_availability_ratio": 0.75,
        "cost_per_1k_tokens_usd": 0.002,
        "samples": 40,
        "stale": 0,
        "evidence_age_seconds": 30,
    }
    assert {name: told[f"deployment_{name}", *of] for name in figures} == figures


def test_one_status_and_one_state_of_the_breaker_hold() -> None:
    told = series(view(FULL))
    of = ("large@cloud", "large", "cloud")
    assert {s: told["deployment_status", *of, s] for s in HealthStatus} == {
        "HEALTHY": 0, "DEGRADED": 0, "DOWN": 1, "UNKNOWN": 0,
    }  # fmt: skip
    assert {s: told["deployment_breaker", *of, s] for s in BreakerState} == {
        "CLOSED": 0, "OPEN": 1, "HALF_OPEN": 0,
    }  # fmt: skip


def test_what_is_not_known_has_no_series() -> None:
    told = {name for name, *of in series(view(BARE)) if of[:1] == ["m@b"]}
    assert told == {
        "deployment_status",
        "deployment_breaker",
        "deployment_stale",
        "deployment_samples",
    }


def test_before_the_first_view_not_even_a_count_is_told() -> None:
    assert series(EMPTY) == {}


def test_a_figure_that_is_no_number_is_left_out() -> None:
    told = series(view(replace(FULL, load=float("nan"), queue_depth=float("inf"))))
    assert not [
        name for name, *_ in told if name in {"deployment_load_ratio", "deployment_queue_depth"}
    ]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a}b,c=d", "größe"])
def test_any_name_is_told_as_it_is(name: str) -> None:
    assert series(view(replace(BARE, model=name)))["deployment_stale", "m@b", name, "b"] == 1


def test_those_beyond_the_limit_are_counted_and_told_to_be_left_out() -> None:
    down = [replace(FULL, deployment=f"m{number}@b") for number in (3, 1, 2)]
    told = series(view(*down, BARE), most=2)
    assert {of[0] for name, *of in told if name == "deployment_stale"} == {"m1@b", "m2@b"}
    assert told["deployments_omitted",] == 2
    assert {s: told["deployments", s] for s in HealthStatus} == {
        "HEALTHY": 0, "DEGRADED": 0, "DOWN": 3, "UNKNOWN": 1,
    }  # fmt: skip


def test_open_incidents_are_counted_by_severity() -> None:
    begun = NOW - timedelta(hours=1)
    opened = Incident(
        id="i1", title="", severity="sev2", scope_kind="backend", scope_id="b", opened_at=begun
    )
    over = replace(opened, id="i2", severity="sev1", resolved_at=NOW)
    told = series(view(incidents=(opened, over)))
    assert {one: told["incidents_open", one] for one in SEVERITIES} == {
        "sev1": 0, "sev2": 1, "sev3": 0, "sev4": 0,
    }  # fmt: skip
