"""Real anomalies of a video service, put to the same slice search that `whyChanged` uses.

RobustSpot's cases (TNSM 2022; as republished with RiskLoc, 2022) have viewers and stalled viewers
by minute along some dimensions, a minute at which more stalled, and the cause that operators found.
The expectation of that minute comes from the four before it, as in the published predictions.
"""

import ast
import csv
import gzip
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from api.bench.measures import Table
from graph.causes.leaves import Evidence, Leaves, dispersion, evidence_of
from graph.causes.localisation import DEFAULT, Search, localise
from graph.causes.panel import Array
from graph.frame import Ints

HISTORY_MINUTES = 4
FOLDS = 5
COLUMNS = ("search", "cases", "top-1", "top-3", "top-5", "F1", "seconds per case")
NOT_DIMENSIONS = {"min", "value", "cnt"}
RISE = 1
"""Stalls are looked for where they rose."""

SEARCHES: tuple[Search, ...] = tuple(
    Search(
        drift=drift,
        unevenness=unevenness,
        depth_cost=depth_cost,
        slice_cost=slice_cost,
        carrying=carrying,
        worthwhile=worthwhile,
    )
    for drift, unevenness, depth_cost, slice_cost, carrying, worthwhile in product(
        (0.15, 0.2, 0.3), (0.4, 0.6), (0.03, 0.06), (0.3, 0.4), (0.5, 1.0), (0.1, 0.2)
    )
)
"""What the cross-validation chooses from."""

Cause = frozenset[frozenset[tuple[str, str]]]
"""A set of slices, each a set of (dimension, label)."""


@dataclass(frozen=True, slots=True)
class Case:
    """An anomaly with its true cause and the published ranking, best first."""

    name: str
    evidence: Evidence
    truth: Cause
    published: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """How well rankings name the truth.

    `top` is the share of cases whose true set is among the first 1, 3 and 5. `f1` counts slices:
    those of the best-ranked set that are true, exactly, against all of either, over all cases.
    """

    top: tuple[float, float, float]
    f1: float

    def total(self) -> float:
        """One figure to choose by."""
        return sum(self.top) + self.f1


def run(folder: Path) -> Table:
    """The cases below `folder` scored: the product's search as it stands, the same with constants
    that were chosen on the other folds, and the published predictions."""
    cases = read(folder)
    truths = [case.truth for case in cases]
    started = time.perf_counter()
    ours = [rank(case, search=DEFAULT) for case in cases]
    took_s = (time.perf_counter() - started) / max(len(cases), 1)
    table = Table("RobustSpot: where real anomalies lie", COLUMNS)
    rankings = {
        "routecause": ours,
        f"routecause, constants cross-validated in {FOLDS} folds": cross_validated(cases),
        "published predictions": [case.published for case in cases],
    }
    for name, ranking in rankings.items():
        marks = score(ranking, truths)
        took = took_s if ranking is ours else float("nan")
        table.rows.append((name, len(cases), *marks.top, marks.f1, took))
    return table


def read(folder: Path) -> list[Case]:
    """The cases of `labels.csv` in their order.

    Raises FileNotFoundError when the folder is not of this form.
    """
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    return [
        Case(
            name=row["case"],
            evidence=evidence_of(
                leaves(folder / "cases" / f"{row['case']}.csv.gz", minute=int(row["timestamp"]))
            ),
            truth=_cause(ast.literal_eval(row["cause"])),
            published=tuple(
                frozenset(frozenset((name, str(label)) for name, label in one) for one in found)
                for found in ast.literal_eval(row["robustspot_prediction"])
            ),
        )
        for row in labels
    ]


def _cause(told: Mapping[str, object] | Sequence[Mapping[str, object]]) -> Cause:
    slices = [told] if isinstance(told, Mapping) else told
    return frozenset(frozenset((name, str(label)) for name, label in one.items()) for one in slices)


def leaves(path: Path, *, minute: int) -> Leaves:
    """A case's rows of the anomalous minute, and of the minutes before it."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    dimensions = tuple(name for name in rows[0] if name not in NOT_DIMENSIONS)
    first = minute - 60 * HISTORY_MINUTES
    rows = [row for row in rows if first <= int(row["min"]) <= minute]
    labels = tuple(tuple(sorted({row[name] for row in rows})) for name in dimensions)
    numbers = [{label: i for i, label in enumerate(names)} for names in labels]
    codes = np.array(
        [
            [number[row[name]] for number, name in zip(numbers, dimensions, strict=True)]
            for row in rows
        ],
        dtype=np.int64,
    )
    at = np.array([int(row["min"]) for row in rows])
    count = np.array([float(row["cnt"]) for row in rows])
    stalled = np.array([float(row["value"]) for row in rows])
    past = at < minute
    zero = np.zeros(len(rows))
    return Leaves(
        dimensions=dimensions,
        labels=labels,
        codes=codes,
        count_before=np.where(past, count, zero),
        total_before=np.where(past, stalled, zero),
        squares_before=np.where(past, stalled, zero),
        count_after=np.where(past, zero, count),
        total_after=np.where(past, zero, stalled),
        dispersion=_spread(codes[past], count=count[past], stalled=stalled[past]),
    )


def _spread(codes: Ints, *, count: Array, stalled: Array) -> float:
    """How much more the shares of stalled viewers vary by minute than independent ones would."""
    if not len(codes):
        return 1.0
    _, leaf = np.unique(codes, axis=0, return_inverse=True)
    return dispersion(leaf.reshape(-1), count=count, total=stalled, squares=stalled)


def rank(case: Case, *, search: Search) -> tuple[Cause, ...]:
    """The sets of slices that the search offers, best first."""
    found = localise(case.evidence, direction=RISE, search=search)
    return tuple(
        frozenset(frozenset(one.where.items()) for one in explanation.slices)
        for explanation in found.ranked
    )


def score(rankings: Sequence[Sequence[Cause]], truths: Sequence[Cause]) -> Score:
    """The marks of rankings, in the order of the truths."""
    hits = [0, 0, 0]
    right = wrong = missed = 0
    for ranking, truth in zip(rankings, truths, strict=True):
        for i, first in enumerate((1, 3, 5)):
            hits[i] += truth in ranking[:first]
        best: Cause = ranking[0] if ranking else frozenset()
        right += len(best & truth)
        wrong += len(best - truth)
        missed += len(truth - best)
    cases = max(len(truths), 1)
    counted = 2 * right + wrong + missed
    top = (hits[0] / cases, hits[1] / cases, hits[2] / cases)
    return Score(top, 2 * right / counted if counted else 0.0)


def cross_validated(
    cases: Sequence[Case], *, searches: Sequence[Search] = SEARCHES, folds: int = FOLDS
) -> list[tuple[Cause, ...]]:
    """Each case ranked with the constants that did best on the cases of the other folds.

    A fold is every `folds`-th case; ties go to the earlier constants.
    """
    rankings = [[rank(case, search=search) for case in cases] for search in searches]
    chosen: list[tuple[Cause, ...]] = [()] * len(cases)
    for fold in range(folds):
        others = [i for i in range(len(cases)) if i % folds != fold]
        truths = [cases[i].truth for i in others]
        marks = [score([ranking[i] for i in others], truths).total() for ranking in rankings]
        best = rankings[marks.index(max(marks))]
        for i in range(fold, len(cases), folds):
            chosen[i] = best[i]
    return chosen
