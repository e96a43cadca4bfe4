"""Buckets as columns: arrays of one row per bucket, filtered, grouped and summed. Pure.

Times are epoch seconds. Cells are rows of a `CellTable`, so that a dimension is looked up once per
cell and not once per bucket.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from graph.buckets import MEASURE_NAMES
from graph.model.traffic import CellKey
from graph.sketch import PACKED, GroupedBins
from graph.slices import Dimension, Slice

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

NONE = "none"
"""The identifier that stands for "has no such thing", e.g. requests outside any experiment."""


class CellTable:
    """Cells by row number; rows are only ever added."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.keys: list[CellKey] = []

    def add(self, cell_id: str, key: CellKey) -> int:
        """The row of a cell, new or known."""
        row = self.rows.get(cell_id)
        if row is None:
            row = self.rows[cell_id] = len(self.keys)
            self.keys.append(key)
        return row

    def label(self, row: int, dimension: Dimension) -> str:
        """What a cell is called along a dimension (evaluators are no part of a cell)."""
        return _label(self.keys[row], dimension)

    def matches(self, where: Slice) -> Mask:
        """For each row, whether the cell lies in the slice (users are no part of a cell)."""
        wanted = {name: values for name, values in where.given().items() if name != "user"}
        # Rows may be added while a thread looks at those that were there.
        found = [
            all(_names(key, name) & values for name, values in wanted.items()) for key in self.keys
        ]
        return np.array(found, dtype=np.bool_).reshape(len(found))


def _label(key: CellKey, dimension: Dimension) -> str:
    model, _, backend = key.deployment.rpartition("@")
    labels: dict[Dimension, str | None] = {
        Dimension.DEPLOYMENT: key.deployment,
        Dimension.MODEL: model,
        Dimension.BACKEND: backend,
        Dimension.TASK_TYPE: key.task_type,
        Dimension.TIER: key.tier,
        Dimension.TENANT: key.tenant,
        Dimension.POLICY_VERSION: f"{key.policy}@{key.policy_version}",
        Dimension.ARM: key.arm,
        Dimension.ROUTER_VERSION: key.router_version,
        Dimension.METHOD: key.method,
        Dimension.PROMPT_BAND: key.prompt_band,
    }
    return labels[dimension] or NONE


def _names(key: CellKey, field_name: str) -> frozenset[str]:
    model, _, backend = key.deployment.rpartition("@")
    names: dict[str, tuple[str | None, ...]] = {
        "deployment": (key.deployment,),
        "model": (model,),
        "backend": (backend,),
        "task_type": (key.task_type,),
        "tier": (key.tier,),
        "tenant": (key.tenant,),
        "policy": (key.policy, f"{key.policy}@{key.policy_version}"),
        "experiment": (key.experiment,),
        "arm": (key.arm,),
    }
    return frozenset(name for name in names[field_name] if name is not None)


def _empty(dtype: npt.DTypeLike = np.int64) -> npt.NDArray[np.int64]:
    return np.empty(0, dtype=dtype)


@dataclass(frozen=True, slots=True)
class SketchColumn:
    """Sketches of many rows, flat: `row`, `bin` and `count` of every bin in use."""

    row: Ints = field(default_factory=_empty)
    bin: Ints = field(default_factory=_empty)
    count: Ints = field(default_factory=_empty)

    @classmethod
    def of(cls, packed: Sequence[bytes]) -> "SketchColumn":
        """The column of packed sketches, one per row."""
        sizes = np.array([len(data) // PACKED.itemsize for data in packed], dtype=np.int64)
        flat = np.frombuffer(b"".join(bytes(data) for data in packed), dtype=PACKED)
        return cls(
            row=np.repeat(np.arange(len(packed), dtype=np.int64), sizes),
            bin=flat["bin"].astype(np.int64),
            count=flat["count"].astype(np.int64),
        )

    def take(self, keep: Mask) -> "SketchColumn":
        """The column of the rows that are kept, renumbered."""
        renumbered = np.cumsum(keep) - 1
        kept = keep[self.row]
        return SketchColumn(renumbered[self.row[kept]], self.bin[kept], self.count[kept])

    def grouped(self, groups: Ints, size: int) -> GroupedBins:
        """The bins of `size` groups, given the group of each row."""
        return GroupedBins(groups[self.row], self.bin, self.count, groups=size)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Request buckets as columns; `measures` has shape (rows, measures)."""

    cell: Ints = field(default_factory=_empty)
    hour: Ints = field(default_factory=_empty)
    recorded_hour: Ints = field(default_factory=_empty)
    measures: Ints = field(default_factory=lambda: np.empty((0, len(MEASURE_NAMES)), np.int64))
    latency: SketchColumn = field(default_factory=SketchColumn)
    ttft: SketchColumn = field(default_factory=SketchColumn)

    def measure(self, name: str) -> Ints:
        """One measure, a value per row."""
        return self.measures[:, MEASURE_NAMES.index(name)]

    def take(self, keep: Mask) -> "Traffic":
        """The rows that are kept."""
        return Traffic(
            self.cell[keep],
            self.hour[keep],
            self.recorded_hour[keep],
            self.measures[keep],
            self.latency.take(keep),
            self.ttft.take(keep),
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """Score buckets as columns; `evaluator` is a row of the names and versions kept beside."""

    cell: Ints = field(default_factory=_empty)
    hour: Ints = field(default_factory=_empty)
    recorded_hour: Ints = field(default_factory=_empty)
    evaluator: Ints = field(default_factory=_empty)
    count: Ints = field(default_factory=_empty)
    sum_nano: Ints = field(default_factory=_empty)
    squares_nano: Ints = field(default_factory=_empty)

    def take(self, keep: Mask) -> "Scores":
        """The rows that are kept."""
        return Scores(*(getattr(self, f.name)[keep] for f in fields(self)))


def join_sketches(parts: Sequence[tuple[SketchColumn, int]]) -> SketchColumn:
    """Columns one after another, each with its number of rows."""
    starts = np.cumsum([0, *(rows for _, rows in parts[:-1])])
    return SketchColumn(
        np.concatenate([c.row + start for (c, _), start in zip(parts, starts, strict=True)]),
        np.concatenate([c.bin for c, _ in parts]),
        np.concatenate([c.count for c, _ in parts]),
    )


def join_traffic(parts: Sequence[Traffic]) -> Traffic:
    """Traffic one after another."""
    if not parts:
        return Traffic()
    return Traffic(
        np.concatenate([p.cell for p in parts]),
        np.concatenate([p.hour for p in parts]),
        np.concatenate([p.recorded_hour for p in parts]),
        np.concatenate([p.measures for p in parts]),
        join_sketches([(p.latency, len(p.cell)) for p in parts]),
        join_sketches([(p.ttft, len(p.cell)) for p in parts]),
    )


def join_scores(parts: Sequence[Scores]) -> Scores:
    """Scores one after another."""
    if not parts:
        return Scores()
    return Scores(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Scores)))
