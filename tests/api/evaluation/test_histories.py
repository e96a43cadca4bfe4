"""What is counted from events is what the product would count, with both times of each fact."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.evaluation.histories import Event, History, history
from graph.errors import InvalidInput
from graph.slices import Metric, Period, Slice

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = Period(START, START + timedelta(days=1))
EVERYTHING = Slice()


def request(name: str, *, hour: float = 1, late_h: float = 0.0, **more: Any) -> Event:
    at = START + timedelta(hours=hour)
    return {
        "type": "routecause.request.completed",
        "time": at.isoformat(),
        "recordedtime": (at + timedelta(hours=late_h)).isoformat(),
        "tenant": "acme",
        "data": {
            "request_id": name,
            "tier": "free",
            "task_type": more.get("task", "chat"),
            "decision": {"deployment": more.get("deployment", "m@aws")},
            "outcome": {
                "status": more.get("status", "ok"),
                "latency_ms": more.get("latency_ms", 100.0),
                **({} if "cost_usd" not in more else {"cost_usd": more["cost_usd"]}),
            },
        },
    }


def score(name: str, value: float, *, hour: float, evaluator: str = "judge") -> Event:
    at = START + timedelta(hours=hour)
    return {
        "type": "routecause.quality.scored",
        "time": at.isoformat(),
        "recordedtime": at.isoformat(),
        "tenant": "acme",
        "data": {"request_id": name, "evaluator": evaluator, "score": value},
    }


def value(told: History, metric: Metric, where: Slice = EVERYTHING, **more: Any) -> float:
    return told.figure(metric, during=DAY, where=where, **more).value


def test_each_metric_is_a_mean_over_its_own_requests() -> None:
    told = history(
        [
            request("a", cost_usd=0.2),
            request("b", status="timeout", latency_ms=300.0),
            request("c", hour=25, latency_ms=9_000.0),
        ]
    )
    assert value(told, Metric.VOLUME) == 2
    assert value(told, Metric.LATENCY_MEAN) == 200
    assert value(told, Metric.ERROR_RATE) == 0.5
    assert told.figure(Metric.COST_PER_REQUEST, during=DAY, where=EVERYTHING).count == 1


def test_a_slice_keeps_its_requests() -> None:
    told = history(
        [request("a", deployment="m@aws"), request("b", deployment="n@k8s", task="code")]
    )
    for where in (
        Slice(backend=frozenset({"k8s"})),
        Slice(model=frozenset({"n"})),
        Slice(task_type=frozenset({"code"}), deployment=frozenset({"n@k8s"})),
    ):
        assert value(told, Metric.VOLUME, where) == 1
    with pytest.raises(InvalidInput, match=r"where\.arm"):
        value(told, Metric.VOLUME, Slice(arm=frozenset({"B"})))


def test_only_the_score_in_force_counts_and_only_when_it_is_known() -> None:
    told = history(
        [
            score("a", 0.2, hour=2),
            request("a"),
            request("b"),
            score("b", 0.4, hour=2),
            score("a", 0.8, hour=30),
            score("nobody", 0.0, hour=2),
        ]
    )
    assert value(told, Metric.QUALITY) == pytest.approx(0.6)
    then = START + timedelta(hours=20)
    assert value(told, Metric.QUALITY, known_at=then) == pytest.approx(0.3)


def test_two_evaluators_do_not_supersede_each_other() -> None:
    told = history(
        [request("a"), score("a", 0.2, hour=2), score("a", 1.0, hour=3, evaluator="thumbs")]
    )
    assert value(told, Metric.QUALITY) == pytest.approx(0.6)


def test_what_was_told_later_is_left_out() -> None:
    told = history([request("a"), request("b", late_h=48)])
    assert value(told, Metric.VOLUME, known_at=START + timedelta(hours=24)) == 1
