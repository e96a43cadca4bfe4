"""Forecasts of public workloads, from every step of their last days, beside the naive ones and
those of a library."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from api.bench.measures import Table
from api.evaluation.rollers import (
    PEERS,
    Said,
    hindsight,
    naive,
    ours,
    ours_from_finer,
    peer,
    peers_installed,
)
from api.evaluation.workloads import DAY, PER_HOUR, Workload, read
from graph.estimates import Array
from graph.forecasting.experts import Ints

Report = Callable[[str], None]

OURS, FINER = "routecause", "routecause, from 10 minutes"
HINDSIGHT = "best fixed blend, in hindsight"
NAIVE = ("last value", "24 h before", "168 h before")
COLUMNS = (
    "ahead",
    "method",
    "forecasts",
    "WAPE %",
    "of best naive",
    "in 80 %",
    "in 95 %",
    "score 80",
    "score 95",
    "ms",
)
GOAL_COLUMNS = ("workload", "step", "method", "of best naive", "in 80 %", "in 95 %", "met")
WAPE_GOAL = 0.9
COVERAGE_GOALS = ((75.0, 85.0), (92.0, 97.0))


@dataclass(frozen=True, slots=True)
class Horizon:
    """Which steps ahead are scored together, in an order of ours."""

    name: str
    aheads: tuple[int, ...]
    every: int = 1


def horizons(step: timedelta) -> tuple[Horizon, ...]:
    """For hours the next, the sixth and the twenty-fourth; for ten minutes also all of an hour."""
    if step == timedelta(hours=1):
        return (Horizon("1 h", (1,)), Horizon("6 h", (6,)), Horizon("24 h", (24,)))
    return (
        Horizon("10 min", (1,)),
        Horizon("60 min, each 10", tuple(range(1, PER_HOUR + 1))),
        Horizon("6 h", (6 * PER_HOUR,), every=PER_HOUR),
        Horizon("24 h", (24 * PER_HOUR,), every=PER_HOUR),
    )


@dataclass(frozen=True, slots=True)
class Marks:
    """How forecasts did: WAPE in percent, shares inside the limits in percent, and the mean
    interval score (Gneiting and Raftery 2007) at 80 and 95 % over the mean of what came."""

    count: int
    wape: float
    inside: tuple[float, float]
    score: tuple[float, float]


def run(data: Path | None, *, days: int, peers: bool, report: Report) -> list[Table]:
    """A table for each workload and step, and what was aimed at."""
    workloads = read(data)
    if peers and not peers_installed():
        report("statsforecast is not installed: its models are left out")
        peers = False
    goals = Table(f"One step ahead, every step of the last {days} days", GOAL_COLUMNS)
    tables: list[Table] = []
    for finer in workloads:
        for workload in (finer.hourly(), finer):
            report(f"{finer.name} by {_said(workload.step)}")
            tables.append(examine(workload, finer=finer, days=days, peers=peers, goals=goals))
    return [*tables, goals]


def examine(workload: Workload, *, finer: Workload, days: int, peers: bool, goals: Table) -> Table:
    """Every method at every horizon of one workload; adds to the goals for the next step."""
    title = f"{workload.name} by {_said(workload.step)}"
    table = Table(f"{title}, last {days} days from every origin", COLUMNS)
    scored = days * (DAY // workload.step)
    for horizon in horizons(workload.step):
        first = len(workload.rates) - scored - 1
        origins = np.arange(first, len(workload.rates) - horizon.aheads[0])
        origins = origins[(origins + 1) % horizon.every == 0]
        came = _came(workload, origins, horizon.aheads)
        told = _told(workload, finer, origins, horizon.aheads, peers=peers)
        marks = {name: mark(said, came) for name, said in told.items()}
        best = min(marks[name].wape for name in NAIVE if name in marks)
        for name, one in marks.items():
            ratio = one.wape / best
            row = (one.count, one.wape, ratio, *one.inside, *one.score, told[name].cost_ms)
            table.rows.append((horizon.name, name, *row))
            if horizon.aheads == (1,) and name in (OURS, FINER):
                met = _met(ratio, one.inside)
                step = _said(workload.step)
                goals.rows.append((workload.name, step, name, ratio, *one.inside, met))
    return table


def _told(
    workload: Workload, finer: Workload, origins: Ints, aheads: Sequence[int], *, peers: bool
) -> dict[str, Said]:
    day = DAY // workload.step
    told = {OURS: ours(workload, origins=origins, aheads=aheads)}
    if workload.step != finer.step:
        told[FINER] = ours_from_finer(finer, origins=origins, aheads=aheads)
    for name, season in zip(NAIVE, (0, day, 7 * day), strict=True):
        told[name] = naive(workload, origins=origins, aheads=aheads, season=season)
    for name in PEERS if peers else ():
        told[name] = peer(name, workload, origins=origins, aheads=aheads)
    if len(aheads) == 1:
        told[HINDSIGHT] = hindsight(workload, origins=origins, ahead=aheads[0])
    return told


def _came(workload: Workload, origins: Ints, aheads: Sequence[int]) -> Array:
    """What came, by origin and steps ahead; NaN where nothing is known."""
    targets = origins[:, None] + np.array(aheads)
    size = len(workload.rates)
    return np.where(targets < size, workload.rates[np.minimum(targets, size - 1)], np.nan)


def mark(said: Said, came: Array) -> Marks:
    """How forecasts did against what came."""
    known = ~np.isnan(came)
    actual = came[known]
    total = actual.sum()
    low95, low80, high80, high95 = (limit[known] for limit in said.limits)
    pairs = ((low80, high80, 0.2), (low95, high95, 0.05))
    inside = [_share((low <= actual) & (actual <= high), low) for low, high, _ in pairs]
    score = [
        float((high - low + 2 / miss * _outside(actual, low, high)).sum() / total)
        for low, high, miss in pairs
    ]
    return Marks(
        count=len(actual),
        wape=float(100 * np.abs(said.values[known] - actual).sum() / total),
        inside=(inside[0], inside[1]),
        score=(score[0], score[1]),
    )


def _outside(actual: Array, low: Array, high: Array) -> Array:
    return np.maximum(np.maximum(low - actual, actual - high), 0.0)


def _share(inside: "np.typing.NDArray[np.bool_]", low: Array) -> float:
    return float("nan") if np.isnan(low).any() else float(100 * inside.mean())


def _met(ratio: float, inside: tuple[float, float]) -> str:
    missed = [] if ratio <= WAPE_GOAL else ["WAPE"]
    missed += [
        f"{level} %"
        for level, share, (low, high) in zip((80, 95), inside, COVERAGE_GOALS, strict=True)
        if not low <= share <= high
    ]
    return "yes" if not missed else f"not {', '.join(missed)}"


def _said(step: timedelta) -> str:
    return "the hour" if step == timedelta(hours=1) else "10 minutes"
