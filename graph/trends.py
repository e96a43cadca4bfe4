"""Metrics over time and between two periods, by any dimension, with how much stands behind them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from graph import estimates
from graph.columns import BucketColumns
from graph.completeness import Completeness, Steps, completeness
from graph.errors import InvalidInput
from graph.estimates import Array, Estimates
from graph.frame import Ints, Scores, Traffic
from graph.scope import TenantScope
from graph.slices import (
    STEP,
    Dimension,
    EntityRef,
    Granularity,
    Metric,
    Period,
    Slice,
    floor,
)
from graph.store.door import GraphStore
from graph.traffic import known_traffic

_POINTS_AT_MOST = 10_000
_OF_SCORES = {Dimension.EVALUATOR, Dimension.EVALUATOR_VERSION}
_OF_SKETCHES = {Metric.LATENCY_P50, Metric.LATENCY_P95, Metric.TTFT_P95}


@dataclass(frozen=True, slots=True)
class Point:
    """A metric in one step of time. `value` is None where nothing tells; `count` is how many
    requests (for QUALITY, scored requests) stand behind it; `low` and `high` are 95 % limits.
    `complete` is the share of the scores to be expected of the step that are in, for QUALITY and
    where asked for; None where nothing tells.
    """

    at: datetime
    value: float | None
    count: int
    low: float | None
    high: float | None
    complete: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one group, oldest first."""

    key: tuple[EntityRef, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A metric of one group before and after, and the 95 % limits of both and of the difference."""

    key: tuple[EntityRef, ...]
    before: float | None
    after: float | None
    delta: float | None
    delta_low: float | None
    delta_high: float | None
    count_before: int
    count_after: int
    before_low: float | None
    before_high: float | None
    after_low: float | None
    after_high: float | None


GroupKey = tuple[str, ...]


async def trend(
    store: GraphStore,
    columns: BucketColumns,
    *,
    metric: Metric,
    during: Period,
    granularity: Granularity,
    group_by: Sequence[Dimension] = (),
    where: Slice,
    scope: TenantScope,
    known_at: datetime | None = None,
    now: datetime,
    complete: bool = False,
) -> list[Series]:
    """A series per group, in the order of their keys; no points lie after `now`.

    With `complete`, points of QUALITY tell how much of their scores is in: of the whole slice,
    whatever the groups, but by evaluator where these are told apart.
    """
    _check_dimensions(metric, group_by)
    steps = _steps(during, granularity, now)
    traffic, scores = await known_traffic(
        store,
        columns,
        during=during,
        where=where,
        scope=scope,
        known_at=known_at,
        sketches=metric in _OF_SKETCHES,
    )
    groups = _Groups(columns, group_by, traffic, scores)
    size = len(steps)
    grid = Steps(steps[0].timestamp(), STEP[granularity].total_seconds(), size)
    told = _measured(
        metric,
        traffic,
        groups.traffic * size + grid.of(traffic.hour),
        scores,
        groups.scores * size + grid.of(scores.hour),
        len(groups.keys) * size,
    )
    arrived = Completeness(grid)
    if complete and metric is Metric.QUALITY:
        arrived = await completeness(
            columns,
            traffic=traffic,
            scores=scores,
            during=Period(during.start, min(during.end, max(now, during.start))),
            where=where,
            scope=scope,
            known_at=known_at,
            now=now,
            steps=grid,
        )
    shares = {name: arrived.shares(name) for name in {groups.evaluator(r) for r in groups.order}}
    return [
        Series(
            groups.refs(row),
            tuple(
                _point(at, told, row * size + i, shares[groups.evaluator(row)][i])
                for i, at in enumerate(steps)
            ),
        )
        for row in groups.order
    ]


async def compare(
    store: GraphStore,
    columns: BucketColumns,
    *,
    metric: Metric,
    during: Period,
    compared_to: Period,
    group_by: Sequence[Dimension],
    where: Slice,
    scope: TenantScope,
    known_at: datetime | None = None,
) -> list[Comparison]:
    """Each group before (`compared_to`) and after (`during`), in the order of their keys."""
    _check_dimensions(metric, group_by)
    found: list[dict[GroupKey, tuple[Estimates, int]]] = []
    for period in (compared_to, during):
        traffic, scores = await known_traffic(
            store, columns, during=period, where=where, scope=scope, known_at=known_at
        )
        groups = _Groups(columns, group_by, traffic, scores)
        told = _measured(metric, traffic, groups.traffic, scores, groups.scores, len(groups.keys))
        found.append({key: (told, row) for row, key in enumerate(groups.keys)})
    before, after = found
    nothing = _measured(metric, Traffic(), _NO_ROWS, Scores(), _NO_ROWS, 1)
    return [
        _comparison(
            _refs(group_by, key), before.get(key, (nothing, 0)), after.get(key, (nothing, 0))
        )
        for key in sorted({*before, *after})
    ]


def _check_dimensions(metric: Metric, group_by: Sequence[Dimension]) -> None:
    for dimension in _OF_SCORES & set(group_by) if metric is not Metric.QUALITY else ():
        raise InvalidInput(f"{dimension.value} tells only QUALITY apart", field="groupBy")
    if len(set(group_by)) != len(group_by):
        raise InvalidInput("name each dimension once", field="groupBy")


def _steps(during: Period, granularity: Granularity, now: datetime) -> list[datetime]:
    start, step = floor(during.start, granularity), STEP[granularity]
    end = min(during.end, max(now, during.start + timedelta(microseconds=1)))
    count = -((start - end) // step)
    if count > _POINTS_AT_MOST:
        raise InvalidInput(
            f"{count} points are too many (at most {_POINTS_AT_MOST}); "
            "choose a shorter period or a coarser granularity",
            field="during",
        )
    return [start + i * step for i in range(count)]


_NO_ROWS = np.empty(0, dtype=np.int64)


class _Groups:
    """Which group each row of traffic and of scores belongs to."""

    def __init__(
        self,
        columns: BucketColumns,
        group_by: Sequence[Dimension],
        traffic: Traffic,
        scores: Scores,
    ) -> None:
        self._group_by = group_by
        self.keys: list[GroupKey] = [()] if not group_by else []
        self._rows: dict[GroupKey, int] = dict.fromkeys(self.keys, 0)
        self._evaluators: dict[int, str] = {}

        def label(cell: int, evaluator: int, dimension: Dimension) -> str:
            if dimension not in _OF_SCORES:
                return columns.cells.label(cell, dimension)
            name = columns.evaluators[evaluator]
            if dimension is Dimension.EVALUATOR:
                return name
            return f"{name}@{columns.evaluator_versions[evaluator]}"

        by_evaluator = bool(_OF_SCORES & set(group_by))

        def of_cell(cell: int, evaluator: int) -> int:
            row = self._row(tuple(label(cell, evaluator, dimension) for dimension in group_by))
            if by_evaluator:
                self._evaluators[row] = columns.evaluators[evaluator]
            return row

        self.scores = _mapped(of_cell, scores.cell, scores.evaluator if by_evaluator else None)
        # Traffic has no evaluator; by evaluator only scores are counted.
        self.traffic = (
            np.zeros(len(traffic.cell), dtype=np.int64)
            if by_evaluator
            else _mapped(of_cell, traffic.cell, None)
        )

    def _row(self, key: GroupKey) -> int:
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = len(self.keys)
            self.keys.append(key)
        return row

    @property
    def order(self) -> list[int]:
        """The rows by key."""
        return sorted(range(len(self.keys)), key=lambda row: self.keys[row])

    def evaluator(self, row: int) -> str | None:
        """The evaluator whose scores a group has; None where it has those of all."""
        return self._evaluators.get(row)

    def refs(self, row: int) -> tuple[EntityRef, ...]:
        """The key of a group for an answer."""
        return _refs(self._group_by, self.keys[row])


def _mapped(of_cell: Callable[[int, int], int], cells: Ints, evaluators: Ints | None) -> Ints:
    """`of_cell` over rows, called once per distinct (cell, evaluator)."""
    if not len(cells):
        return _NO_ROWS
    width = 1 if evaluators is None else int(evaluators.max()) + 1
    codes = cells * width + (0 if evaluators is None else evaluators)
    distinct, inverse = np.unique(codes, return_inverse=True)
    groups = [of_cell(int(code) // width, int(code) % width) for code in distinct]
    return np.array(groups, dtype=np.int64)[inverse]


def _refs(group_by: Sequence[Dimension], key: GroupKey) -> tuple[EntityRef, ...]:
    return tuple(
        EntityRef(dimension.value.lower(), label)
        for dimension, label in zip(group_by, key, strict=True)
    )


def _measured(
    metric: Metric,
    traffic: Traffic,
    traffic_group: Ints,
    scores: Scores,
    score_group: Ints,
    size: int,
) -> Estimates:
    """The metric of each of `size` groups."""

    def summed(name: str) -> Array:
        return np.bincount(traffic_group, weights=traffic.measure(name), minlength=size).astype(
            np.float64
        )

    def counted(name: str) -> Ints:
        return summed(name).astype(np.int64)

    def scored(values: Ints) -> Array:
        return np.bincount(score_group, weights=values, minlength=size).astype(np.float64)

    match metric:
        case Metric.VOLUME:
            return estimates.total(summed("count"), counted("count"))
        case Metric.COST:
            return estimates.total(summed("costSumNanoUsd") / 1e9, counted("costCount"))
        case Metric.COST_PER_REQUEST:
            return estimates.mean(
                counted("costCount"),
                summed("costSumNanoUsd") / 1e9,
                summed("costSquaresMicroUsd2") / 1e12,
            )
        case Metric.LATENCY_MEAN:
            return estimates.mean(
                counted("count"), summed("latencySumUs") / 1e3, summed("latencySquaresMs2")
            )
        case Metric.LATENCY_P50 | Metric.LATENCY_P95:
            q = 0.5 if metric is Metric.LATENCY_P50 else 0.95
            return estimates.percentile(traffic.latency.grouped(traffic_group, size), q)
        case Metric.TTFT_P95:
            return estimates.percentile(traffic.ttft.grouped(traffic_group, size), 0.95)
        case Metric.ERROR_RATE:
            return estimates.rate(counted("count"), summed("count") - summed("okCount"))
        case Metric.QUALITY:
            return estimates.mean(
                scored(scores.count).astype(np.int64),
                scored(scores.sum_nano) / 1e9,
                scored(scores.squares_nano) / 1e9,
                highest=1.0,
            )


def _point(at: datetime, told: Estimates, row: int, complete: float | None) -> Point:
    return Point(
        at=at,
        value=estimates.known(told.value[row]),
        count=int(told.count[row]),
        low=estimates.known(told.low[row]),
        high=estimates.known(told.high[row]),
        complete=complete,
    )


def _comparison(
    key: tuple[EntityRef, ...], before: tuple[Estimates, int], after: tuple[Estimates, int]
) -> Comparison:
    old, new = (told.row(row) for told, row in (before, after))
    delta, low, high = estimates.difference(old, new)
    return Comparison(
        key=key,
        before=estimates.known(old.value[0]),
        after=estimates.known(new.value[0]),
        delta=estimates.known(delta[0]),
        delta_low=estimates.known(low[0]),
        delta_high=estimates.known(high[0]),
        count_before=int(old.count[0]),
        count_after=int(new.count[0]),
        before_low=estimates.known(old.low[0]),
        before_high=estimates.known(old.high[0]),
        after_low=estimates.known(new.low[0]),
        after_high=estimates.known(new.high[0]),
    )
