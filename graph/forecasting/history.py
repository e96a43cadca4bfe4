"""What was, step by step: the input of a forecast. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from graph.estimates import Array


@dataclass(frozen=True, slots=True)
class History:
    """A quantity in consecutive steps of equal length, oldest first.

    `values` has shape (steps,): what came in each step, 0 where nothing came, NaN where nothing is
    known (before a newcomer's first step, or while nothing was recorded at all).
    """

    start: datetime
    step: timedelta
    values: Array

    @property
    def end(self) -> datetime:
        """Where the last step ends, and the first step of a forecast begins."""
        return self.start + len(self.values) * self.step

    def by(self, size: int) -> "History":
        """Steps added up by so many, up to the same end; what is over at the start is left out."""
        count = len(self.values) // size
        whole = self.values[len(self.values) - count * size :]
        return History(
            self.end - count * size * self.step,
            self.step * size,
            whole.reshape(count, size).sum(axis=1),
        )


def together(parts: Sequence[History]) -> History:
    """The sum of histories that end at the same instant, from the first step of the longest.

    What is unknown of one adds nothing.
    """
    longest = max(parts, key=lambda part: len(part.values))
    total = np.zeros(len(longest.values))
    for part in parts:
        total[len(total) - len(part.values) :] += np.nan_to_num(part.values)
    return History(longest.start, longest.step, total)
