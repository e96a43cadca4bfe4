"""What can be said of differences: a winner, harm, no difference, or not yet. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from graph import figures
from graph.slices import Metric
from graph.words import counted


class ExperimentVerdict(StrEnum):
    """What can be said of an experiment or a rollout."""

    WINNER = "WINNER"
    """One arm is better, and no other measure speaks against it."""
    HARMFUL = "HARMFUL"
    """An arm is worse than the first on a measure that guards the fleet."""
    NO_DIFFERENCE = "NO_DIFFERENCE"
    """The arms are so alike that what is left does not matter."""
    UNDECIDED = "UNDECIDED"
    """Differences may still be either way: go on."""
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    """Too few requests or matured scores to say anything."""


COMPARED = (Metric.QUALITY, Metric.LATENCY_MEAN, Metric.ERROR_RATE, Metric.COST_PER_REQUEST)
"""The metrics that arms are compared on."""
ALIKE = 0.01
"""Qualities that differ by at most this are no different."""
MORE_ERRORS = 0.005
"""By how much the error rate may rise before it is harm."""
MORE_OF_THE_REST = 0.10
"""By what share of the first arm's latency and cost these may rise before it is harm."""
SCALES = {Metric.QUALITY: 0.02, Metric.ERROR_RATE: 0.01}
"""Differences in mind, fixed beforehand: where intervals are narrowest."""
RELATIVE_SCALE = 0.05
"""The same for the rest, as a share of the first arm's mean."""


def scale(metric: Metric, base: float) -> float:
    """The difference of a metric that intervals are made for; `base` is the first arm's mean."""
    return SCALES.get(metric) or RELATIVE_SCALE * max(abs(base), 1e-9)


def tolerance(metric: Metric, base: float) -> float:
    """By how much a metric may be worse before it is harm."""
    if metric is Metric.QUALITY:
        return 0.0
    return MORE_ERRORS if metric is Metric.ERROR_RATE else MORE_OF_THE_REST * abs(base)


@dataclass(frozen=True, slots=True)
class Difference:
    """What is compared with what (`name` less `baseline`), from the value `base` of the latter.

    Infinite ends: nothing bounds it. NaN: nothing tells it.
    """

    name: str
    baseline: str
    metric: Metric
    base: float
    delta: float
    low: float
    high: float
    count: int

    @property
    def worse(self) -> tuple[float, float]:
        """The bounds of how much worse it is."""
        if self.metric is Metric.QUALITY:
            return -self.high, -self.low
        return self.low, self.high

    @property
    def bounded(self) -> bool:
        """Whether both ends are known."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def harms(self) -> bool:
        """Surely worse, by more than is tolerated."""
        return self.bounded and self.worse[0] > tolerance(self.metric, self.base)

    @property
    def harmless(self) -> bool:
        """Surely not worse by more than is tolerated; where nothing was measured, so it is."""
        if not self.count:
            return True
        allowed = ALIKE if self.metric is Metric.QUALITY else tolerance(self.metric, self.base)
        return self.bounded and self.worse[1] <= allowed

    @property
    def better(self) -> bool:
        """Surely of better quality."""
        return self.metric is Metric.QUALITY and self.bounded and self.low > 0

    @property
    def alike(self) -> bool:
        """Surely of no different quality."""
        return self.metric is Metric.QUALITY and self.bounded and (
            max(-self.low, self.high) <= ALIKE
        )  # fmt: skip

    def told(self) -> str:
        """The difference in words."""
        behind = counted(self.count, _UNITS.get(self.metric, "request"))
        if not self.bounded:
            return f"{_NAMES[self.metric]} not known yet ({behind})"
        return (
            f"{_NAMES[self.metric]} {figures.difference(self.delta, metric=self.metric)}"
            f" ({figures.difference(self.low, metric=self.metric)} to"
            f" {figures.difference(self.high, metric=self.metric)},"
            f" {behind})"
        )


_NAMES = {
    Metric.QUALITY: "quality",
    Metric.LATENCY_MEAN: "mean latency",
    Metric.ERROR_RATE: "error rate",
    Metric.COST_PER_REQUEST: "cost per request",
}
_UNITS = {Metric.QUALITY: "score"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome, who won, and both in words."""

    outcome: ExperimentVerdict
    winner: str | None
    verdict: str


def judge(differences: Sequence[Difference], *, trusted: bool = True) -> Judgement:
    """What can be said of all compared with one baseline.

    Harm goes before everything, for it says stop. A winner is surely of better quality than the
    baseline and harms nothing; of several, the one with the best quality, for a second round to
    tell apart. Without trust (users are not shared out as configured) nobody wins.
    """
    harmful = [one for one in differences if one.harms]
    spoiled = {one.name for one in harmful}
    better = [one for one in differences if one.better and one.name not in spoiled]
    best = max(better, key=lambda one: one.delta, default=None) if trusted else None
    winner = best.name if best else None
    if harmful:
        outcome, words = ExperimentVerdict.HARMFUL, _stop(harmful, differences)
    elif best:
        outcome, words = ExperimentVerdict.WINNER, _won(best, better, differences)
    elif not any(one.bounded for one in differences if one.metric is Metric.QUALITY):
        outcome, words = ExperimentVerdict.INSUFFICIENT_DATA, _too_little(differences)
    elif trusted and all(
        one.alike if one.metric is Metric.QUALITY else one.harmless for one in differences
    ):
        outcome, words = ExperimentVerdict.NO_DIFFERENCE, _same(differences)
    else:
        outcome, words = ExperimentVerdict.UNDECIDED, _go_on(differences, trusted=trusted)
    return Judgement(outcome, winner, f"{outcome}: {words}")


def _stop(harmful: Sequence[Difference], differences: Sequence[Difference]) -> str:
    by_name: dict[str, list[str]] = {}
    for one in harmful:
        by_name.setdefault(one.name, []).append(one.told())
    told = "; ".join(
        f"stop {name}, which is surely worse than {harmful[0].baseline}: {', '.join(words)}"
        for name, words in by_name.items()
    )
    gains = [one for one in differences if one.better]
    if not gains:
        return told
    return f"{told}; yet {', '.join(f'{one.name} has {one.told()}' for one in gains)}"


def _won(best: Difference, better: Sequence[Difference], all_of: Sequence[Difference]) -> str:
    others = [one.name for one in better if one is not best]
    beside = [
        one.told()
        for one in all_of
        if one.name == best.name and one is not best and one.count and not one.harmless
    ]
    told = f"{best.name} is surely better than {best.baseline}: {best.told()}"
    if others:
        told += f"; {', '.join(others)} too, and these are not told apart from {best.name}"
    if beside:
        return f"{told}; not yet ruled out as worse: {', '.join(beside)}"
    return f"{told}; errors, latency and cost are within what is tolerated"


def _same(differences: Sequence[Difference]) -> str:
    told = [f"{o.name}: {o.told()}" for o in differences if o.metric is Metric.QUALITY]
    return f"no quality differs by more than {ALIKE:g}; {'; '.join(told)}"


def _go_on(differences: Sequence[Difference], *, trusted: bool) -> str:
    if not trusted:
        return "users are not shared out as configured, so that no arm can be called better"
    told = [f"{o.name}: {o.told()}" for o in differences if o.metric is Metric.QUALITY]
    open_ones = [
        f"{o.name}: {o.told()}"
        for o in differences
        if o.metric is not Metric.QUALITY and not o.harmless
    ]
    words = f"it may still be either way; {'; '.join(told)}"
    return f"{words}; open: {'; '.join(open_ones)}" if open_ones else words


def _too_little(differences: Sequence[Difference]) -> str:
    scores = sum(one.count for one in differences if one.metric is Metric.QUALITY)
    return f"too few matured scores to compare quality ({counted(scores, 'score')})"
