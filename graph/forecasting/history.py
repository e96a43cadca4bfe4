"""What was, step by step: the input of a forecast. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

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
