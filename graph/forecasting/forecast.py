"""A forecast as a bundle of possible futures, from which every interval and probability is read.

Pure. Working with whole paths, and not with an interval per step, keeps what neighbouring steps
share: a total over hours, the first step over a limit, the highest step of the next hour.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from graph.estimates import Array


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected in the steps from `start`, and how far off that may be.

    `expected` has shape (steps,); `scenarios` (futures, steps), equally likely but for `weights`
    (futures,), which sum to 1. Nothing is below 0. `known_steps` is how many steps of history
    stood behind it.
    """

    method: str
    start: datetime
    step: timedelta
    expected: Array
    scenarios: Array
    weights: Array
    known_steps: int

    def quantile(self, level: float) -> Array:
        """By step, what is not exceeded with probability `level`; shape (steps,)."""
        return weighted_quantile(self.scenarios, self.weights, level)

    def by(self, size: int) -> "Forecast":
        """Steps added up by so many, e.g. hours from ten minutes; what is over at the end is left
        out."""
        count = len(self.expected) // size
        return Forecast(
            method=self.method,
            start=self.start,
            step=self.step * size,
            expected=self.expected[: count * size].reshape(count, size).sum(axis=1),
            scenarios=self.scenarios[:, : count * size].reshape(-1, count, size).sum(axis=2),
            weights=self.weights,
            known_steps=self.known_steps,
        )

    def total(self) -> "Forecast":
        """All steps as one."""
        return Forecast(
            method=self.method,
            start=self.start,
            step=self.step * len(self.expected),
            expected=self.expected.sum(keepdims=True),
            scenarios=self.scenarios.sum(axis=1, keepdims=True),
            weights=self.weights,
            known_steps=self.known_steps,
        )


def weighted_quantile(rows: Array, weights: Array, level: float) -> Array:
    """By column, the smallest value whose weight and that of all smaller ones reach `level`."""
    order = np.argsort(rows, axis=0)
    reached = np.cumsum(weights[order], axis=0) >= level - 1e-12
    place = np.where(reached.any(axis=0), reached.argmax(axis=0), len(rows) - 1)
    columns = np.arange(int(rows.shape[1]))
    return rows[order[place, columns], columns]
