"""What a simulated history amounts to, counted from its own events and not by the service.

The truth about a fault is the same history without it; both are measured here as the product
measures them: a mean over requests or over the scores in force, and a count for volume.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.errors import InvalidInput
from graph.slices import Metric, Period, Slice

Event = dict[str, Any]
_Floats = npt.NDArray[np.float64]
_Labels = npt.NDArray[np.str_]
_Mask = npt.NDArray[np.bool_]

_BURSTS = 2.0
"""Requests come in bursts: totals scatter by about so many times the root of their count."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric of one period with its standard error; NaN where nothing tells."""

    value: float
    error: float
    count: int


@dataclass(frozen=True, slots=True)
class History:
    """Requests and scores as columns; times in seconds since 1970.

    `row` is the place of a score's request, `until` when its successor became known.
    """

    at: _Floats
    recorded: _Floats
    labels: dict[str, _Labels]
    failed: _Floats
    latency_ms: _Floats
    cost_usd: _Floats
    row: npt.NDArray[np.int64]
    scored: _Floats
    until: _Floats
    score: _Floats

    def inside(self, where: Slice) -> _Mask:
        """Which requests lie in a slice."""
        keep = np.ones(len(self.at), dtype=np.bool_)
        for name, values in where.given().items():
            if name not in self.labels:
                raise InvalidInput("is not counted here", field=f"where.{name}")
            keep &= np.isin(self.labels[name], sorted(values))
        return keep

    def figure(
        self, metric: Metric, *, during: Period, where: Slice, known_at: datetime | None = None
    ) -> Figure:
        """The metric of the requests that arrived in a period, by what was known at an instant."""
        known = np.inf if known_at is None else known_at.timestamp()
        keep = self.inside(where) & (self.recorded < known)
        keep &= (self.at >= during.start.timestamp()) & (self.at < during.end.timestamp())
        match metric:
            case Metric.VOLUME:
                count = int(keep.sum())
                return Figure(float(count), _BURSTS * count**0.5, count)
            case Metric.QUALITY:
                in_force = keep[self.row] & (self.scored < known) & (self.until >= known)
                return _mean(self.score[in_force])
            case Metric.LATENCY_MEAN:
                return _mean(self.latency_ms[keep])
            case Metric.ERROR_RATE:
                return _mean(self.failed[keep])
            case Metric.COST_PER_REQUEST:
                return _mean(self.cost_usd[keep & np.isfinite(self.cost_usd)])
            case _:
                raise InvalidInput(f"{metric} is not counted here", field="metric")


def _mean(values: _Floats) -> Figure:
    count = len(values)
    if count < 2:
        return Figure(float("nan"), float("nan"), count)
    return Figure(float(values.mean()), float(values.std() / count**0.5), count)


def history(events: Iterable[Event]) -> History:
    """The requests and scores of a stream of events; whatever else it tells is passed over."""
    requests: list[tuple[float, float, float, float, float]] = []
    labels: dict[str, list[str]] = {
        name: [] for name in ("tenant", "tier", "task_type", "deployment", "model", "backend")
    }
    place: dict[tuple[str, str], int] = {}
    told: dict[tuple[int, str], list[tuple[float, float, float]]] = {}
    late: list[Event] = []
    for event in events:
        if event["type"] == "routecause.request.completed":
            place[event["tenant"], event["data"]["request_id"]] = len(requests)
            requests.append(_request(event, labels))
        elif event["type"] == "routecause.quality.scored":
            late.append(event)
    for event in late:
        row = place.get((event["tenant"], event["data"]["request_id"]))
        if row is not None:
            one = (_seconds(event["recordedtime"]), _seconds(event["time"]), event["data"]["score"])
            told.setdefault((row, event["data"]["evaluator"]), []).append(one)
    columns = np.array(requests, dtype=np.float64).reshape(-1, 5).T
    scores = np.array([*_scores(told)], dtype=np.float64).reshape(-1, 4).T
    return History(
        at=columns[0],
        recorded=columns[1],
        labels={name: np.array(values, dtype=np.str_) for name, values in labels.items()},
        failed=columns[2],
        latency_ms=columns[3],
        cost_usd=columns[4],
        row=scores[0].astype(np.int64),
        scored=scores[1],
        until=scores[2],
        score=scores[3],
    )


def _request(
    event: Event, labels: dict[str, list[str]]
) -> tuple[float, float, float, float, float]:
    data, outcome = event["data"], event["data"]["outcome"]
    deployment = data["decision"]["deployment"]
    model, _, backend = deployment.rpartition("@")
    labels["tenant"].append(event["tenant"])
    labels["tier"].append(data["tier"])
    labels["task_type"].append(data["task_type"])
    labels["deployment"].append(deployment)
    labels["model"].append(model)
    labels["backend"].append(backend)
    cost_usd = outcome.get("cost_usd")
    return (
        _seconds(event["time"]),
        _seconds(event["recordedtime"]),
        float(outcome["status"] != "ok"),
        outcome["latency_ms"],
        float("nan") if cost_usd is None else cost_usd,
    )


def _scores(
    told: dict[tuple[int, str], list[tuple[float, float, float]]],
) -> Iterable[tuple[float, float, float, float]]:
    """Place of the request, when it became known, when it was superseded, and the score."""
    for (row, _), scores in told.items():
        scores.sort()
        nexts = [*(recorded for recorded, _, _ in scores[1:]), np.inf]
        for (recorded, _, score), until in zip(scores, nexts, strict=True):
            yield row, recorded, until, score


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
