"""Buckets held in memory as columns, read again only where the graph has moved on.

Closed hours hardly change: an `Hour` node counts the writes to each hour of each tenant, so one
small read tells which hours to fetch. What a caller may see is decided by that scoped read; the
memory behind is shared.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from graph.buckets import MEASURE_NAMES
from graph.frame import (
    CellTable,
    Ints,
    Mask,
    Scores,
    SketchColumn,
    Traffic,
    join_scores,
    join_traffic,
)
from graph.model.traffic import CellKey
from graph.scope import TenantScope
from graph.store.door import GraphStore, Record

HOUR_S = 3600
DAY_S = 86_400
_ROWS_KEPT = 5_000_000
_NO_BINS = SketchColumn()


@dataclass(slots=True)
class _Day:
    """One tenant's day: the version of each hour it holds, and the rows of those hours."""

    versions: dict[int, int] = field(default_factory=dict[int, int])
    traffic: Traffic = field(default_factory=Traffic)
    scores: Scores = field(default_factory=Scores)


_DayKey = tuple[str, int]


class BucketColumns:
    """The columns of one graph, for one process. Safe to share between tasks."""

    def __init__(self, store: GraphStore, *, scores_only: bool = False) -> None:
        """With `scores_only` the requests are neither read nor held; `load` gives none."""
        self._store = store
        self._scores_only = scores_only
        self._days: OrderedDict[_DayKey, _Day] = OrderedDict()
        self._lock = asyncio.Lock()
        self.cells = CellTable()
        self.evaluators: list[str] = []
        self.evaluator_versions: list[str] = []
        self._evaluator_rows: dict[tuple[str, str], int] = {}

    async def load(
        self, *, start: datetime, end: datetime, scope: TenantScope, sketches: bool = True
    ) -> tuple[Traffic, Scores]:
        """All buckets of the whole hours from `start` to `end` that the scope may see.

        Without `sketches` those of the traffic are left empty: most of what there is to copy.
        """
        async with self._lock:
            (row,) = await self._store.ask(
                "hour_versions",
                scope=scope,
                start=start.isoformat(),
                end=end.isoformat(),
            )
            current: dict[_DayKey, dict[int, int]] = {}
            for tenant, hour, version in zip(
                row["tenant"], row["hour"], row["version"], strict=True
            ):
                current.setdefault((tenant, hour - hour % DAY_S), {})[hour] = version
            await self._refresh(current, scope)
            for key in current:
                self._days.move_to_end(key)
            parts = [(self._days[key], hours) for key, hours in current.items()]
            self._forget()
        return _joined(parts, sketches=sketches)

    async def ensure_cells(self, ids: Iterable[str], *, scope: TenantScope) -> None:
        """Know the dimensions of these cells."""
        unknown = sorted(set(ids) - self.cells.rows.keys())
        if not unknown:
            return
        for row in await self._store.ask("cells", scope=scope, cells=unknown):
            self.cells.add(row["id"], _cell_key(row))

    def evaluator_row(self, evaluator: str, version: str) -> int:
        """The number that stands for a version of an evaluator in the columns."""
        row = self._evaluator_rows.get((evaluator, version))
        if row is None:
            row = self._evaluator_rows[evaluator, version] = len(self.evaluators)
            self.evaluators.append(evaluator)
            self.evaluator_versions.append(version)
        return row

    async def _refresh(self, current: dict[_DayKey, dict[int, int]], scope: TenantScope) -> None:
        moved: dict[_DayKey, set[int]] = {}
        for key, hours in current.items():
            held = self._days.get(key, _Day()).versions
            changed = {hour for hour, version in hours.items() if held.get(hour) != version}
            if changed:
                moved[key] = changed
        if not moved:
            return
        hours = sorted(set[int]().union(*moved.values()))
        traffic = Traffic()
        if not self._scores_only:
            (buckets,) = await self._store.ask("bucket_columns", scope=scope, hours=hours)
            await self.ensure_cells(buckets["cell"], scope=scope)
            traffic = self._traffic(buckets)
        (scores,) = await self._store.ask("score_columns", scope=scope, hours=hours)
        await self.ensure_cells(scores["cell"], scope=scope)
        scored = self._scores(scores)
        tenant_of = np.array([key.tenant for key in self.cells.keys], dtype=object)
        for key, changed in moved.items():
            day = self._days.setdefault(key, _Day())
            fresh = traffic.take(_rows(traffic.cell, traffic.hour, tenant_of, key, changed))
            fresh_scores = scored.take(_rows(scored.cell, scored.hour, tenant_of, key, changed))
            kept = day.traffic.take(~np.isin(day.traffic.hour, list(changed)))
            kept_scores = day.scores.take(~np.isin(day.scores.hour, list(changed)))
            versions = {**day.versions, **{h: current[key][h] for h in changed}}
            self._days[key] = _Day(
                versions, join_traffic([kept, fresh]), join_scores([kept_scores, fresh_scores])
            )

    def _traffic(self, columns: Record) -> Traffic:
        measures = [columns[name] for name in MEASURE_NAMES]
        return Traffic(
            cell=self._cell_rows(columns["cell"]),
            hour=_ints(columns["hour"]),
            recorded_hour=_ints(columns["recordedHour"]),
            measures=np.array(measures, dtype=np.int64).reshape(len(MEASURE_NAMES), -1).T,
            latency=SketchColumn.of(columns["latencySketch"]),
            ttft=SketchColumn.of(columns["ttftSketch"]),
        )

    def _scores(self, columns: Record) -> Scores:
        return Scores(
            cell=self._cell_rows(columns["cell"]),
            hour=_ints(columns["hour"]),
            recorded_hour=_ints(columns["recordedHour"]),
            evaluator=_ints(
                [
                    self.evaluator_row(name, version)
                    for name, version in zip(
                        columns["evaluator"], columns["evaluatorVersion"], strict=True
                    )
                ]
            ),
            count=_ints(columns["count"]),
            sum_nano=_ints(columns["sumNano"]),
            squares_nano=_ints(columns["squaresNano"]),
        )

    def _cell_rows(self, ids: Sequence[str]) -> Ints:
        return _ints([self.cells.rows[cell] for cell in ids])

    def _forget(self) -> None:
        rows = sum(len(day.traffic.cell) + len(day.scores.cell) for day in self._days.values())
        while rows > _ROWS_KEPT and len(self._days) > 1:
            _, day = self._days.popitem(last=False)
            rows -= len(day.traffic.cell) + len(day.scores.cell)


def _ints(values: Sequence[Any]) -> Ints:
    return np.array(values, dtype=np.int64)


def _rows(cells: Ints, hours: Ints, tenant_of: Any, key: _DayKey, changed: set[int]) -> Mask:
    if not len(cells):
        return np.zeros(0, dtype=np.bool_)
    return np.isin(hours, list(changed)) & (tenant_of[cells] == key[0])


def _joined(
    parts: Sequence[tuple[_Day, dict[int, int]]], *, sketches: bool
) -> tuple[Traffic, Scores]:
    traffic: list[Traffic] = []
    scores: list[Scores] = []
    for day, hours in parts:
        whole = day.versions.keys() <= hours.keys()
        wanted = list(hours)
        held = day.traffic if sketches else replace(day.traffic, latency=_NO_BINS, ttft=_NO_BINS)
        traffic.append(held if whole else held.take(np.isin(held.hour, wanted)))
        scores.append(day.scores if whole else day.scores.take(np.isin(day.scores.hour, wanted)))
    return join_traffic(traffic), join_scores(scores)


def _cell_key(row: Record) -> CellKey:
    return CellKey(
        tenant=row["tenant"],
        deployment=row["deployment"],
        task_type=row["taskType"],
        tier=row["tier"],
        policy=row["policy"],
        policy_version=row["policyVersion"],
        experiment=row["experiment"],
        arm=row["arm"],
        router_version=row["routerVersion"],
        method=row["method"],
        displaced_from=row["displacedFrom"],
        prompt_band=row["promptBand"],
    )
