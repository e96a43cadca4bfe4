"""What quality to expect of a deployment for a kind of task, and on how many scores that rests.

Means are shrunk in three steps, each toward the one before (empirical Bayes with stated prior
strengths): the fleet's mean plus what the task type and what the model add to it; the model on this
task type, wherever it runs; the deployment itself. Task types and models add up, so a model that
was only given easy work is not thought good at hard work. Below the sample floor a mean has no say
at all, so that three lucky scores never beat three hundred.

Routers give each model what it is good at, so that its work tells too little of what it was not
given. What is not yet tried is therefore hedged: expected as much lower as models differ.

The additive step is the area-level regression of Fay and Herriot (1979), with effects shrunk as by
Efron and Morris (1975); docs/quality.md has the formulas.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import sqrt
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import orjson

SAMPLE_FLOOR = 10
"""Scores below which a mean is thin and does not count."""
PRIOR_STRENGTH = 5.0
"""Scores for which a prior counts: of a deployment, of a model on a task type, of each effect."""
HEDGE_LIMITS = (0.05, 0.25)
"""What is taken off where nothing was tried, at least and at most."""
LEAST_WEIGHT = 1e-3
"""Scores that count for less altogether are as good as none."""
_TABLES_KEPT = 4

_Floats = npt.NDArray[np.float64]


class QualityCell(NamedTuple):
    """Scores of one deployment for one task type, as learned.

    `mean` in [0, 1] is on one scale for all evaluators, `samples` are the scores as counted, and
    `weight` is what they still count for, in scores; None is all of them.
    """

    task_type: str
    deployment: str
    mean: float
    samples: int
    weight: float | None = None


class EvaluatorScale(NamedTuple):
    """How the scores of a version of an evaluator were brought to the common scale.

    `offset` is how much higher it scores than the reference and was taken off; `say` is what one of
    its scores counts for, 0 where it says the same of everything. Without a cell in common with the
    reference it is not `linked` and keeps its own scale.
    """

    evaluator: str
    version: str
    scores: int
    offset: float
    say: float
    linked: bool


@dataclass(frozen=True, slots=True)
class LearnedQuality:
    """The cells and scales as of one learning."""

    as_of: datetime | None = None
    cells: tuple[QualityCell, ...] = ()
    evaluators: tuple[EvaluatorScale, ...] = ()

    def to_json(self) -> bytes:
        """The learned quality as it is kept in Redis."""
        # Plain tuples: orjson refuses named ones.
        cells, evaluators = ([tuple(each) for each in of] for of in (self.cells, self.evaluators))
        return orjson.dumps({"as_of": self.as_of, "cells": cells, "evaluators": evaluators})

    @classmethod
    def from_json(cls, blob: bytes) -> Self:
        """The inverse of `to_json`."""
        told: Any = orjson.loads(blob)
        return cls(
            as_of=None if told["as_of"] is None else datetime.fromisoformat(told["as_of"]),
            cells=tuple(QualityCell(*cell) for cell in told["cells"]),
            evaluators=tuple(EvaluatorScale(*scale) for scale in told.get("evaluators", ())),
        )


class Expected(NamedTuple):
    """Expected quality, the scores of this very cell, and those of its model altogether.

    `hedge` was taken off because too little of this was tried; 0 from the sample floor on.
    """

    quality: float
    samples: int
    support: int
    hedge: float = 0.0

    @property
    def thin(self) -> bool:
        """Whether it rests on the prior alone."""
        return self.samples < SAMPLE_FLOOR


class _Pool(NamedTuple):
    """Scores taken together: their sum and weight after decay, and their plain number."""

    total: float
    weight: float
    samples: int

    def plus(self, other: "_Pool") -> "_Pool":
        return _Pool(
            self.total + other.total, self.weight + other.weight, self.samples + other.samples
        )

    def without(self, other: "_Pool") -> "_Pool":
        return _Pool(
            self.total - other.total, self.weight - other.weight, self.samples - other.samples
        )

    def shrunk(self, *, prior: float) -> float:
        """The mean, shrunk toward the prior; the prior itself below the sample floor."""
        if self.samples < SAMPLE_FLOOR or self.weight <= 0:
            return prior
        return (self.total + PRIOR_STRENGTH * prior) / (self.weight + PRIOR_STRENGTH)


_NOTHING = _Pool(0.0, 0.0, 0)


class QualityTable:
    """Expected quality by task type and deployment. The fit is made once, asking is a look-up."""

    def __init__(self, cells: Iterable[QualityCell], *, models: Mapping[str, str]) -> None:
        """`models` gives the model of each deployment."""
        self._models = dict(models)
        self._cells: dict[tuple[str, str], _Pool] = {}
        # Sorted, because sums of floats depend on their order.
        for cell in sorted(cells, key=_order):
            weight = float(cell.samples) if cell.weight is None else cell.weight
            if cell.samples > 0 and weight >= LEAST_WEIGHT:
                pool = _Pool(cell.mean * weight, weight, cell.samples)
                self._cells[cell.task_type, cell.deployment] = pool
        self._pairs: dict[tuple[str, str], _Pool] = {}
        self._support: dict[str, int] = {}
        for (task_type, deployment), pool in self._cells.items():
            model = self._models.get(deployment, deployment)
            pair = self._pairs.get((task_type, model), _NOTHING)
            self._pairs[task_type, model] = pair.plus(pool)
            self._support[model] = self._support.get(model, 0) + pool.samples
        self._effects = _fitted(self._pairs, support=self._support)
        self._tasks = frozenset(task_type for task_type, _ in self._cells)
        self._asked: dict[tuple[str, str], Expected] = {}

    def expected(self, *, task_type: str, deployment: str) -> Expected | None:
        """What to expect; None where nothing of the whole fleet was ever scored."""
        found = self._asked.get((task_type, deployment))
        if found is None and self._cells:
            found = self._estimated(task_type, deployment)
            # Only what the table itself names: callers can't make it grow.
            if task_type in self._tasks and deployment in self._models:
                self._asked[task_type, deployment] = found
        return found

    def _estimated(self, task_type: str, deployment: str) -> Expected:
        model = self._models.get(deployment, deployment)
        own = self._cells.get((task_type, deployment), _NOTHING)
        # The model's other deployments only: its own scores must not count as its prior too.
        others = self._pairs.get((task_type, model), _NOTHING).without(own)
        prior = others.shrunk(prior=self._effects.of(task_type, model))
        likely = min(1.0, max(0.0, own.shrunk(prior=prior)))
        quality = likely
        if own.samples < SAMPLE_FLOOR:
            known = others.weight if others.samples >= SAMPLE_FLOOR else 0.0
            unknown = sqrt(PRIOR_STRENGTH / (known + PRIOR_STRENGTH))
            quality = max(0.0, likely - self._effects.spread * unknown)
        return Expected(quality, own.samples, self._support.get(model, 0), likely - quality)


@lru_cache(maxsize=_TABLES_KEPT)
def quality_table(
    cells: tuple[QualityCell, ...], models: tuple[tuple[str, str], ...]
) -> QualityTable:
    """The table of these cells: views come often, what was learned seldom differs between them."""
    return QualityTable(cells, models=dict(models))


@dataclass(frozen=True, slots=True)
class _Effects:
    """The fleet's mean, what each task type and each model adds to it, and how models differ.

    `spread` is the standard deviation of models on one task type, within `HEDGE_LIMITS`.
    """

    base: float
    tasks: Mapping[str, float]
    models: Mapping[str, float]
    spread: float

    def of(self, task_type: str, model: str) -> float:
        """What to expect of a model on a task type before its own scores there are looked at."""
        quality = self.base + self.tasks.get(task_type, 0.0) + self.models.get(model, 0.0)
        return min(1.0, max(0.0, quality))


def _order(cell: QualityCell) -> tuple[str, str, float, int, float]:
    weight = -1.0 if cell.weight is None else cell.weight
    return cell.task_type, cell.deployment, cell.mean, cell.samples, weight


def _fitted(pairs: Mapping[tuple[str, str], _Pool], *, support: Mapping[str, int]) -> _Effects:
    """Ridge regression of the means of (task type, model) on both.

    A pair counts for what its mean tells of the sum of effects: `weight` scores, of which no more
    than the prior's strength can matter, for the pair has a manner of its own beside the sum.
    """
    if not pairs:
        return _Effects(0.0, {}, {}, HEDGE_LIMITS[0])
    told = {key: pool for key, pool in pairs.items() if support[key[1]] >= SAMPLE_FLOOR}
    keys = sorted(told or pairs)
    weight = np.array([pairs[key].weight for key in keys])
    mean = np.array([pairs[key].total for key in keys]) / weight
    precision = weight * PRIOR_STRENGTH / (weight + PRIOR_STRENGTH)
    if not told:
        return _Effects(float(precision @ mean / precision.sum()), {}, {}, HEDGE_LIMITS[0])
    tasks = sorted({task_type for task_type, _ in keys})
    models = sorted({model for _, model in keys})
    task_row = {name: 1 + row for row, name in enumerate(tasks)}
    model_row = {name: 1 + len(tasks) + row for row, name in enumerate(models)}
    places = np.array([(0, task_row[task_type], model_row[model]) for task_type, model in keys])
    effects = _ridge(places, mean, precision, size=1 + len(tasks) + len(models))
    apart = mean - effects[0] - effects[places[:, 1]]
    spread = sqrt(float(precision @ apart**2 / precision.sum()))
    return _Effects(
        float(effects[0]),
        {name: float(effects[row]) for name, row in task_row.items()},
        {name: float(effects[row]) for name, row in model_row.items()},
        spread=min(max(spread, HEDGE_LIMITS[0]), HEDGE_LIMITS[1]),
    )


def _ridge(
    places: npt.NDArray[np.int64], mean: _Floats, precision: _Floats, *, size: int
) -> _Floats:
    """Effects whose sums, by the places of each row, fit the means; the first is not shrunk.

    Solved exactly, so that no number of rounds has a say in the result.
    """
    gram = np.zeros((size, size))
    for left in range(places.shape[1]):
        for right in range(places.shape[1]):
            np.add.at(gram, (places[:, left], places[:, right]), precision)
    right_side = np.zeros(size)
    for column in range(places.shape[1]):
        np.add.at(right_side, places[:, column], precision * mean)
    gram[np.arange(1, size), np.arange(1, size)] += PRIOR_STRENGTH
    return np.asarray(np.linalg.solve(gram, right_side), dtype=np.float64)
