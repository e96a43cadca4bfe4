"""What was measured, as rows of one unit and hour each: the shape that every step works on. Pure.

Every metric becomes a mean of something per row: `total / count`. A unit is a combination of
labels along `DIMENSIONS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from graph.frame import NONE, CellTable, Ints, Mask, Scores, SketchColumn, Traffic
from graph.model.traffic import CellKey
from graph.sketch import bin_of
from graph.slices import Metric

Array = npt.NDArray[np.float64]

DIMENSIONS: tuple[str, ...] = (
    "tenant",
    "tier",
    "task_type",
    "prompt_band",
    "deployment",
    "model",
    "backend",
    "evaluator",
    "evaluator_version",
    "policy_version",
    "experiment",
    "arm",
    "router_version",
    "method",
    "displaced_from",
)
"""What units are told apart by; a policy version reads `policy@version`, an arm `experiment/arm`.
"none" stands for "has no such thing"."""


@dataclass(frozen=True, slots=True)
class Units:
    """Units by number: `codes[unit, dimension]` is a place in `labels[dimension]`."""

    dimensions: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    codes: Ints

    def place(self, dimension: str) -> int:
        """The column of a dimension."""
        return self.dimensions.index(dimension)

    def code(self, dimension: str, label: str) -> int:
        """The code of a label; -1 where no unit has it."""
        labels = self.labels[self.place(dimension)]
        return labels.index(label) if label in labels else -1

    def matching(self, dimension: str, wanted: frozenset[str]) -> Mask:
        """For each unit, whether its label is one of those."""
        place = self.place(dimension)
        good = np.array([label in wanted for label in self.labels[place]], dtype=np.bool_)
        return good[self.codes[:, place]] if len(good) else np.zeros(len(self.codes), np.bool_)


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows of one unit and hour each, all arrays of one length.

    `count` is what the metric is a mean over (requests; for QUALITY scores, weighted where some
    are still to arrive), `total` the sum of what is measured and `squares` the sum of its
    squares, `requests` plain requests. Tokens are sums, 0 where the metric has no use for them.
    A percentile is measured as the share of requests slower than `threshold`, and `scale` turns a
    difference of shares into one of the metric (1.0 for means).
    """

    metric: Metric
    units: Units
    unit: Ints
    hour: Ints
    count: Array
    total: Array
    squares: Array
    requests: Array
    prompt_tokens: Array
    completion_tokens: Array
    threshold: float | None = None
    scale: float = 1.0

    def take(self, keep: Mask) -> "Panel":
        """The rows that are kept; units stay numbered as they are."""
        return replace(
            self,
            unit=self.unit[keep],
            hour=self.hour[keep],
            count=self.count[keep],
            total=self.total[keep],
            squares=self.squares[keep],
            requests=self.requests[keep],
            prompt_tokens=self.prompt_tokens[keep],
            completion_tokens=self.completion_tokens[keep],
        )

    def mean(self) -> float:
        """The metric over all rows (NaN without any): total / count, unscaled."""
        count = float(self.count.sum())
        return float(self.total.sum()) / count if count else float("nan")


_TOTALS = {Metric.VOLUME, Metric.COST}
PERCENTILES = {Metric.LATENCY_P50: 0.5, Metric.LATENCY_P95: 0.95, Metric.TTFT_P95: 0.95}


def is_total(metric: Metric) -> bool:
    """Whether a metric is a sum over a period and not a mean over its requests."""
    return metric in _TOTALS


@dataclass(frozen=True, slots=True)
class Evaluators:
    """Names and versions of evaluators, by the row that `Scores.evaluator` points to."""

    names: Sequence[str]
    versions: Sequence[str]


def panel_of(
    metric: Metric,
    traffic: Traffic,
    scores: Scores,
    *,
    cells: CellTable,
    evaluators: Evaluators,
    score_weights: Array | None = None,
    threshold: float | None = None,
) -> Panel:
    """The rows of a metric. `score_weights` (one for each row of `scores`) stand for scores that
    are still to arrive; percentiles need the `threshold` whose passing is counted.
    """
    if metric is Metric.QUALITY:
        return _score_panel(scores, cells, evaluators, score_weights)
    count, total, squares = _measured(metric, traffic, threshold)
    columns = (
        count,
        total,
        squares,
        traffic.measure("count").astype(np.float64),
        traffic.measure("promptTokens").astype(np.float64),
        traffic.measure("completionTokens").astype(np.float64),
    )
    cell, unit = np.unique(traffic.cell, return_inverse=True)
    codes = [(int(row), -1) for row in cell]
    return _panel(metric, _units(codes, cells, evaluators), unit, traffic.hour, columns, threshold)


def _score_panel(
    scores: Scores, cells: CellTable, evaluators: Evaluators, weights: Array | None
) -> Panel:
    weight = np.ones(len(scores.cell)) if weights is None else weights
    count = scores.count * weight
    columns = (
        count,
        scores.sum_nano / 1e9 * weight,
        scores.squares_nano / 1e9 * weight,
        count,
        np.zeros(len(count)),
        np.zeros(len(count)),
    )
    width = len(evaluators.names) or 1
    packed, unit = np.unique(scores.cell * width + scores.evaluator, return_inverse=True)
    codes = [(int(code) // width, int(code) % width) for code in packed]
    units = _units(codes, cells, evaluators)
    return _panel(Metric.QUALITY, units, unit, scores.hour, columns, None)


def _measured(
    metric: Metric, traffic: Traffic, threshold: float | None
) -> tuple[Array, Array, Array]:
    """Count, total and squares of each bucket."""
    requests = traffic.measure("count").astype(np.float64)
    match metric:
        case Metric.VOLUME:
            return requests, requests, requests
        case Metric.COST | Metric.COST_PER_REQUEST:
            return (
                traffic.measure("costCount").astype(np.float64),
                traffic.measure("costSumNanoUsd") / 1e9,
                traffic.measure("costSquaresMicroUsd2") / 1e12,
            )
        case Metric.LATENCY_MEAN:
            return (
                requests,
                traffic.measure("latencySumUs") / 1e3,
                traffic.measure("latencySquaresMs2").astype(np.float64),
            )
        case Metric.ERROR_RATE:
            failed = requests - traffic.measure("okCount")
            return requests, failed, failed
        case _:
            sketch = traffic.ttft if metric is Metric.TTFT_P95 else traffic.latency
            count, slow = _passing(sketch, len(requests), threshold or 0.0)
            return count, slow, slow


def _passing(sketch: SketchColumn, rows: int, threshold: float) -> tuple[Array, Array]:
    """How many values each row's sketch holds, and how many of them lie above a threshold."""
    count = np.bincount(sketch.row, weights=sketch.count, minlength=rows)
    above = sketch.bin > bin_of(threshold)
    slow = np.bincount(sketch.row, weights=sketch.count * above, minlength=rows)
    return count.astype(np.float64), slow.astype(np.float64)


def _panel(
    metric: Metric,
    units: Units,
    unit: Ints,
    hour: Ints,
    columns: tuple[Array, ...],
    threshold: float | None,
) -> Panel:
    """One row for each unit and hour: what became known at different times is added up."""
    hours, place = np.unique(hour, return_inverse=True)
    width = max(len(hours), 1)
    packed, row = np.unique(unit * width + place, return_inverse=True)
    count, total, squares, requests, prompts, completions = (
        np.bincount(row, weights=column, minlength=len(packed)).astype(np.float64)
        for column in columns
    )
    return Panel(
        metric=metric,
        units=units,
        unit=(packed // width).astype(np.int64),
        hour=hours[packed % width] if len(packed) else np.empty(0, dtype=np.int64),
        count=count,
        total=total,
        squares=squares,
        requests=requests,
        prompt_tokens=prompts,
        completion_tokens=completions,
        threshold=threshold,
    )


def _units(codes: Sequence[tuple[int, int]], cells: CellTable, evaluators: Evaluators) -> Units:
    """The labels of (row of a cell, row of an evaluator or -1)."""
    told = [
        _labels(
            cells.keys[cell],
            (evaluators.names[judge], evaluators.versions[judge]) if judge >= 0 else (NONE, NONE),
        )
        for cell, judge in codes
    ]
    labels: list[tuple[str, ...]] = []
    columns: list[list[int]] = []
    for place in range(len(DIMENSIONS)):
        values = [row[place] for row in told]
        known = sorted(set(values))
        places = {label: code for code, label in enumerate(known)}
        labels.append(tuple(known))
        columns.append([places[value] for value in values])
    coded = np.array(columns, dtype=np.int64).reshape(len(DIMENSIONS), -1).T
    return Units(DIMENSIONS, tuple(labels), np.ascontiguousarray(coded))


def _labels(key: CellKey, judge: tuple[str, str]) -> tuple[str, ...]:
    model, _, backend = key.deployment.rpartition("@")
    return (
        key.tenant,
        key.tier,
        key.task_type,
        key.prompt_band or NONE,
        key.deployment,
        model,
        backend,
        judge[0],
        judge[1] or NONE,
        f"{key.policy}@{key.policy_version}",
        key.experiment or NONE,
        f"{key.experiment or ''}/{key.arm}" if key.arm else NONE,
        key.router_version or NONE,
        key.method,
        key.displaced_from or NONE,
    )
