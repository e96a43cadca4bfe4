"""What quality to expect of a deployment for a kind of task, and on how many scores that rests.

A mean is shrunk toward the model's overall mean, and that toward the fleet's (empirical Bayes with
a fixed prior strength); below the sample floor it has no say at all, so that three lucky scores
never beat three hundred.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

SAMPLE_FLOOR = 10
"""Scores below which a mean is thin and does not count; also the prior's strength, in scores."""


@dataclass(frozen=True, slots=True)
class QualityCell:
    """Scores of one deployment for one task type: their mean in [0, 1] and their number."""

    task_type: str
    deployment: str
    mean: float
    samples: int


class Expected(NamedTuple):
    """Expected quality, the scores of this very cell, and those of its model altogether."""

    quality: float
    samples: int
    support: int

    @property
    def thin(self) -> bool:
        """Whether it rests on the prior alone."""
        return self.samples < SAMPLE_FLOOR


class QualityTable:
    """Means by task type and deployment with the priors that they are shrunk toward."""

    def __init__(self, cells: Iterable[QualityCell], *, models: Mapping[str, str]) -> None:
        """`models` gives the model of each deployment."""
        self._cells = {(cell.task_type, cell.deployment): cell for cell in cells}
        # Sorted, because sums of floats depend on their order.
        ordered = [self._cells[key] for key in sorted(self._cells)]
        self._models = dict(models)
        by_model: dict[str, list[QualityCell]] = {}
        for cell in ordered:
            model = self._models.get(cell.deployment, cell.deployment)
            by_model.setdefault(model, []).append(cell)
        self._by_model = {model: _pooled(own) for model, own in sorted(by_model.items())}
        supported = [p for p in self._by_model.values() if p.samples >= SAMPLE_FLOOR]
        self._fleet = _pooled(supported or self._by_model.values())

    def expected(self, *, task_type: str, deployment: str) -> Expected | None:
        """What to expect; None where neither the cell, the model nor the fleet was ever scored."""
        if not self._fleet.samples:
            return None
        model = self._by_model.get(self._models.get(deployment, deployment), _NOTHING)
        prior = _shrunk(model, prior=self._fleet.mean)
        cell = self._cells.get((task_type, deployment), _NOTHING)
        return Expected(_shrunk(cell, prior=prior), cell.samples, model.samples)


class _Pool(NamedTuple):
    """A mean over a number of scores."""

    mean: float
    samples: int


_NOTHING = _Pool(0.0, 0)


def _pooled(parts: Iterable[QualityCell | _Pool]) -> _Pool:
    told = [(part.mean, part.samples) for part in parts if part.samples > 0]
    samples = sum(count for _, count in told)
    return _Pool(sum(mean * count for mean, count in told) / samples, samples) if told else _NOTHING


def _shrunk(part: QualityCell | _Pool, *, prior: float) -> float:
    if part.samples < SAMPLE_FLOOR:
        return prior
    return (part.samples * part.mean + SAMPLE_FLOOR * prior) / (part.samples + SAMPLE_FLOOR)
