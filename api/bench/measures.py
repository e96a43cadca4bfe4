"""What a benchmark prints: figures with their names, and percentiles of what was timed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, column names and rows; figures as they were measured, unrounded."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])

    def to_json(self) -> dict[str, Any]:
        """The table for machines: a list of objects by column."""
        return {
            "title": self.title,
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
        }


def percentile(values: Sequence[float], q: float) -> float:
    """The value at rank ceil(q * n); NaN for none."""
    if not values:
        return math.nan
    return sorted(values)[max(1, math.ceil(q * len(values))) - 1]
