"""Public traffic of real LLM services: how many requests came, ten minutes by ten minutes.

ServeGen's workloads (2025, arXiv 2505.09999) have two weeks of rates and no calendar date. A window
without any request, in traffic of hundreds a second, is a gap of the recording.
"""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from graph.errors import InvalidInput
from graph.estimates import Array
from graph.forecasting.history import History

FOLDER = "servegen"
FINE, HOUR, DAY = timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)
PER_HOUR = 6
LEAST_OF_HOUR = 3
"""Windows that must be known for the mean of an hour to be."""
START = datetime(2025, 1, 6, tzinfo=UTC)
"""Traces carry no date; any will do."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Requests per second in consecutive steps; NaN where nothing was recorded."""

    name: str
    step: timedelta
    rates: Array

    def until(self, origin: int) -> History:
        """What was known at the end of this step."""
        return History(START, self.step, self.rates[: origin + 1])

    def hourly(self) -> "Workload":
        """The same by the hour: means over the windows known, if enough are."""
        hours = self.rates[: len(self.rates) // PER_HOUR * PER_HOUR].reshape(-1, PER_HOUR)
        known = (~np.isnan(hours)).sum(axis=1)
        means = np.nansum(hours, axis=1) / np.maximum(known, 1)
        return Workload(self.name, HOUR, np.where(known >= LEAST_OF_HOUR, means, np.nan))


def read(data: Path | None) -> list[Workload]:
    """The workloads in a folder of public data sets, by name.

    Raises InvalidInput, which names the option, where there are none.
    """
    if data is None:
        raise InvalidInput(
            f"give the folder of public data sets that holds {FOLDER} with --data", field="--data"
        )
    paths = sorted((data / FOLDER).glob("*_total_rate_10min.csv"))
    if not paths:
        raise InvalidInput(
            f"{data / FOLDER} holds no *_total_rate_10min.csv; give another folder with --data",
            field="--data",
        )
    return [_workload(path) for path in paths]


def _workload(path: Path) -> Workload:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    size = int(FINE.total_seconds())
    rates = np.zeros(round(float(rows[-1]["t_seconds"])) // size + 1)
    for row in rows:
        rates[round(float(row["t_seconds"])) // size] = float(row["rate_rps"])
    name = path.name.removesuffix("_total_rate_10min.csv")
    return Workload(name, FINE, np.where(rates > 0, rates, np.nan))
