"""What was known of each deployment: its histories, and what of its capacity is gone."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from graph.buckets import MEASURE_NAMES
from graph.demand import FINEST
from graph.evidence import Evidence, Incident, Maintenance
from graph.frame import SketchColumn, Traffic
from graph.health import DeploymentHealth, HealthStatus, assess
from graph.model.traffic import ARRIVALS, CellKey
from graph.overload.risks import Situation
from graph.overload.situations import Told, situations
from graph.settings import HealthSettings
from tests.graph.overload.loads import NOW, facts, sample

HOUR = timedelta(hours=1)


def bucket(hours_ago: int, **measures: int) -> Traffic:
    row = np.zeros((1, len(MEASURE_NAMES)), dtype=np.int64)
    for name, value in measures.items():
        row[0, MEASURE_NAMES.index(name)] = value
    hour = np.array([int((NOW - hours_ago * HOUR).timestamp())], dtype=np.int64)
    empty = SketchColumn.of([b""])
    return Traffic(np.zeros(1, dtype=np.int64), hour, hour, row, empty, empty)


KEYS = (CellKey("t", "m@b", "chat", "free", "p", "v1", None, None, None, "rule", None),)
USED = {ARRIVALS[0]: 4, ARRIVALS[5]: 6, "count": 10, "promptTokens": 900, "completionTokens": 100}


def health(status: HealthStatus) -> DeploymentHealth:
    told = assess(
        Evidence(facts=facts(), observations=[sample(NOW)]), now=NOW, budgets=HealthSettings()
    )
    return replace(told, status=status, reasons=("it says so",))


def of(status: HealthStatus = HealthStatus.HEALTHY, **more: Any) -> Situation:
    told: dict[str, Any] = {
        "fleet": [facts()],
        "traffic": bucket(2, **USED),
        "keys": KEYS,
        "observations": {},
        "health": {"m@b": health(status)},
    }
    (found,) = situations(Told(**{**told, **more}), now=NOW)
    return found


def test_histories_end_at_the_last_whole_step() -> None:
    found = of(traffic=bucket(2, rateLimitedCount=3, **USED), token_limits={"m@b": 5000.0})
    assert found.requests is not None
    assert found.tokens is not None
    assert found.refused is not None
    assert found.requests.end == found.tokens.end == found.refused.end == NOW
    assert found.requests.values.tolist() == [4, 0, 0, 0, 0, 6, *[0] * 6]
    assert found.tokens.values[:6].tolist() == pytest.approx([400, 0, 0, 0, 0, 600])
    # Refusals are known by the hour, so each step of that hour counts as one with some.
    assert found.refused.values[-12:].tolist() == [3] * 6 + [0] * 6
    assert found.max_tokens_per_minute == 5000.0


def test_a_deployment_without_traffic_has_no_history() -> None:
    found = of(traffic=Traffic(), keys=())
    assert found.requests is None
    assert found.lost is None


def test_what_is_down_is_lost() -> None:
    assert of(HealthStatus.DOWN).lost == "DOWN: it says so"
    assert of(HealthStatus.DEGRADED).lost is None


@pytest.mark.parametrize("name", ["b", "m@b"])
def test_what_is_imagined_lost(name: str) -> None:
    assert of(imagined=frozenset({name, "other"})).lost == f"imagined lost: without {name}"


def work(start: timedelta, end: timedelta) -> list[Maintenance]:
    return [
        Maintenance(
            id="w", title="new disks", scope_kind="backend", scope_id="b",
            starts_at=NOW + start, ends_at=NOW + end,
        )
    ]  # fmt: skip


def test_planned_work_takes_it_out_when_it_begins() -> None:
    found = of(maintenance=work(HOUR / 2, HOUR))
    assert found.lost is not None
    assert "new disks" in found.lost
    assert (found.lost_from, found.lost_until) == (NOW + HOUR / 2, NOW + HOUR)
    assert of(maintenance=work(-HOUR, -HOUR / 2)).lost is None


def test_work_under_way_counts_by_what_is_seen() -> None:
    under_way = work(-HOUR, HOUR)
    works = of(maintenance=under_way)
    assert works.lost is None
    assert works.weakened is not None
    assert "still works" in works.weakened
    unknown = of(HealthStatus.UNKNOWN, maintenance=under_way)
    assert unknown.lost is not None
    assert unknown.lost_from is None


def test_only_an_open_severe_incident_weakens() -> None:
    def incident(severity: str, **more: Any) -> list[Incident]:
        given: dict[str, Any] = {"scope_kind": "model", "scope_id": "m", **more}
        return [Incident(id="i", title="slow", severity=severity, opened_at=NOW - FINEST, **given)]

    assert "incident i (sev1, slow)" in (of(incidents=incident("sev1")).weakened or "")
    assert of(incidents=incident("sev3")).weakened is None
    assert of(incidents=incident("sev1", resolved_at=NOW - FINEST / 2)).weakened is None
    assert of(incidents=incident("sev1", scope_id="other")).weakened is None
