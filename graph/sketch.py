"""Mergeable quantile sketches with a relative error bound, small enough to live on a graph node.

The mapping is DDSketch's logarithmic one (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable
quantile sketch with relative-error guarantees", VLDB 2019): bin i holds the values in
(gamma**(i-1), gamma**i] and is read as their harmonic middle, so a quantile is off by at most
`RELATIVE_ERROR`. Bins are never collapsed: merging adds counts, in any order, to the same bytes.
"""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

RELATIVE_ERROR = 0.005
GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GAMMA = math.log(GAMMA)
SMALLEST = 1e-3
"""Values at or below this share the lowest bin and read as 0."""
LARGEST = 1e12
"""Values above this are counted in the highest bin."""
ZERO_BIN = math.ceil(math.log(SMALLEST) / _LOG_GAMMA)
TOP_BIN = math.ceil(math.log(LARGEST) / _LOG_GAMMA)
BIN_COUNT = TOP_BIN - ZERO_BIN + 1
PACKED = np.dtype([("bin", "<i2"), ("count", "<u4")])
"""One bin on the wire: index and count, six bytes."""


def bin_of(value: float) -> int:
    """The bin that holds a non-negative value."""
    if value <= SMALLEST:
        return ZERO_BIN
    return min(math.ceil(math.log(value) / _LOG_GAMMA), TOP_BIN)


def value_of(index: int) -> float:
    """The value that a bin is read as; 0 for the lowest."""
    if index <= ZERO_BIN:
        return 0.0
    return 2 * GAMMA**index / (GAMMA + 1)


class Sketch:
    """Counts by bin. Equal contents give equal bytes, whatever the order they came in."""

    __slots__ = ("bins",)

    def __init__(self, values: Iterable[float] = ()) -> None:
        self.bins: dict[int, int] = {}
        for value in values:
            self.add(value)

    @property
    def count(self) -> int:
        """How many values were added."""
        return sum(self.bins.values())

    def add(self, value: float) -> None:
        """Count one non-negative value."""
        index = bin_of(value)
        self.bins[index] = self.bins.get(index, 0) + 1

    def merge(self, other: "Sketch") -> None:
        """Add another sketch's counts to this one."""
        for index, count in other.bins.items():
            self.bins[index] = self.bins.get(index, 0) + count

    def quantile(self, q: float) -> float | None:
        """The value at rank ceil(q * count), within the relative error; None when empty."""
        total = self.count
        if not total:
            return None
        rank = max(1, math.ceil(q * total))
        seen = 0
        for index in sorted(self.bins):
            seen += self.bins[index]
            if seen >= rank:
                return value_of(index)
        raise AssertionError("a rank within the count is always reached")

    def to_bytes(self) -> bytes:
        """The bins in ascending order, packed; empty bytes for an empty sketch."""
        packed = np.array(sorted(self.bins.items()), dtype=PACKED)
        return packed.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | None) -> "Sketch":
        """The inverse of `to_bytes`; None is an empty sketch."""
        sketch = cls()
        if data:
            packed = np.frombuffer(bytes(data), dtype=PACKED)
            sketch.bins = dict(zip(packed["bin"].tolist(), packed["count"].tolist(), strict=True))
        return sketch

    def __eq__(self, other: object) -> bool:
        """Same counts in the same bins."""
        return isinstance(other, Sketch) and self.bins == other.bins

    __hash__ = None  # pyright: ignore[reportAssignmentType]  # mutable, so not a key


class GroupedBins:
    """Bin counts of many groups at once, kept sparse: only bins in use take room."""

    def __init__(
        self,
        group: npt.NDArray[np.int64],
        index: npt.NDArray[np.int64],
        count: npt.NDArray[np.int64],
        *,
        groups: int,
    ) -> None:
        codes, inverse = np.unique(group * BIN_COUNT + (index - ZERO_BIN), return_inverse=True)
        counts = np.bincount(inverse, weights=count, minlength=len(codes))
        self._bins = codes % BIN_COUNT + ZERO_BIN
        self._reached = np.cumsum(counts)
        ends = np.searchsorted(codes, np.arange(1, groups + 1) * BIN_COUNT)
        upto = np.concatenate([[0.0], self._reached])[ends]
        self._before = np.concatenate([[0.0], upto[:-1]])
        self.totals: npt.NDArray[np.int64] = (upto - self._before).astype(np.int64)

    def value_at(self, rank: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The value at a rank (from 1) of each group; NaN for a rank outside the group."""
        inside = (rank >= 1) & (rank <= self.totals)
        values = np.full(len(self.totals), np.nan)
        if inside.any():
            at = np.searchsorted(self._reached, self._before[inside] + rank[inside])
            bins = self._bins[at]
            found = 2 * GAMMA ** bins.astype(np.float64) / (GAMMA + 1)
            values[inside] = np.where(bins <= ZERO_BIN, 0.0, found)
        return values
