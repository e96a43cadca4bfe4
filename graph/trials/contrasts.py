"""Every arm against the first on every metric, with bounds for late and missing scores. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graph.estimates import Array
from graph.slices import Metric
from graph.trials.arms import Estimate, Rows, difference, mean
from graph.trials.sequential import ALPHA, Bounds, confidence_sequence, students
from graph.trials.verdicts import COMPARED, Difference, scale
from graph.words import percent

_UNEVEN = 1.645
"""Standard errors from which shares of scored requests count as different. No look spoils this:
a false alarm widens an interval, and nothing is claimed for it.
"""
_TOLD_MISSING = 0.005
"""From what share of scores still missing on a warning is given."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of arms, numbered as in `names`; the first is the baseline.

    `rows` holds a table for each metric that was measured. `scored` counts matured requests and,
    as its total, those with a score. `missing` is by arm the share of scores still to come.

    Where there are too many requests to tell all users apart, `rows` are of the last of them and
    `whole` sums all, by arm and stratum alone; `growth` is how many times as long that is.
    """

    names: Sequence[str]
    rows: Mapping[Metric, Rows]
    scored: Rows
    missing: Array
    whole: Mapping[Metric, Rows] | None = None
    growth: float = 1.0

    def mean(self, metric: Metric, arm: int) -> Estimate:
        """The mean of an arm."""
        whole = self._all(metric)
        return self._scaled(
            mean(self._of(metric), arm), None if whole is None else mean(whole, arm)
        )

    def difference(self, metric: Metric, arm: int) -> Estimate:
        """An arm less the first."""
        rows, whole = self._of(metric), self._all(metric)
        if whole is None:
            return difference(rows, arm, against=0)
        return self._scaled(
            difference(rows, arm, against=0, even=True),
            difference(whole, arm, against=0, even=True),
        )

    def effect(self, metric: Metric) -> float:
        """By how much users being alike widens the variance of the arms' differences, at most."""
        arms = range(1, len(self.names))
        found = [difference(self._of(metric), arm, against=0, even=True) for arm in arms]
        return max((one.design_effect for one in found), default=1.0)

    def _of(self, metric: Metric) -> Rows:
        rows = self.rows.get(metric)
        if rows is None:
            rows = self.scored.take(np.zeros(len(self.scored.user), dtype=np.bool_))
        return rows

    def _all(self, metric: Metric) -> Rows | None:
        return None if self.whole is None else self.whole.get(metric)

    def _scaled(self, found: Estimate, whole: Estimate | None) -> Estimate:
        """The estimate of all, as much wider as users being alike made that of the last.

        The longer users send, the more of their requests are alike: the excess grows with time.
        """
        if whole is None:
            return found
        effect = 1 + (found.design_effect - 1) * self.growth
        return Estimate(whole.value, whole.plain * effect, found.freedom, whole.count, whole.plain)


def interval(metric: Metric, found: Estimate, *, base: float, alpha: float) -> Bounds:
    """The bounds of a mean or a difference of a metric, at every look."""
    return confidence_sequence(
        found.value,
        found.variance,
        freedom=found.freedom,
        scale=scale(metric, base),
        alpha=alpha,
    )


def contrasts(measured: Measured, *, alpha: float = ALPHA) -> tuple[list[Difference], list[str]]:
    """The differences from the first arm, arm by arm in the order of `COMPARED`; warnings.

    The chance to err is shared out over the arms (Bonferroni), so that with any number of them a
    false winner is as rare.
    """
    others = range(1, len(measured.names))
    each = alpha / max(len(others), 1)
    found: list[Difference] = []
    warnings: list[str] = []
    for arm in others:
        for metric in COMPARED:
            one, told = _contrast(measured, metric, arm, each)
            found.append(one)
            warnings += told
    return found, warnings


def _contrast(
    measured: Measured, metric: Metric, arm: int, alpha: float
) -> tuple[Difference, list[str]]:
    base, estimate = measured.mean(metric, 0), measured.difference(metric, arm)
    bounds = interval(metric, estimate, base=base.value, alpha=alpha)
    warnings: list[str] = []
    if metric is Metric.QUALITY:
        value = measured.mean(metric, arm).value
        bounds, warnings = _widened(measured, bounds, arm, base.value, value, alpha)
    return (
        Difference(
            measured.names[arm],
            measured.names[0],
            metric,
            base=base.value,
            delta=estimate.value,
            low=bounds.low,
            high=bounds.high,
            count=estimate.count,
        ),
        warnings,
    )


def _widened(
    measured: Measured, bounds: Bounds, arm: int, base: float, value: float, alpha: float
) -> tuple[Bounds, list[str]]:
    """The bounds of a difference in quality, whatever the scores that are not there would say.

    Scores still to come may be anything from 0 to 1 (Manski 1990). Where one arm has more of its
    requests scored, that excess may be its best or its worst (Lee 2009, without looking at how
    scores are spread).
    """
    warnings: list[str] = []
    name, first = measured.names[arm], measured.names[0]
    mine, theirs = float(measured.missing[arm]), float(measured.missing[0])
    low = bounds.low - mine * value - theirs * (1 - base)
    high = bounds.high + mine * (1 - value) + theirs * base
    if max(mine, theirs) > _TOLD_MISSING:
        warnings.append(
            f"of the matured requests' scores {percent(mine)} in {name} and {percent(theirs)} in"
            f" {first} are still to come; the interval allows for any"
        )
    share = difference(measured.scored, arm, against=0)
    uneven = students(_UNEVEN, max(share.freedom, 1.0)) * math.sqrt(max(share.variance, 0.0))
    if abs(share.value) > uneven:
        shares = mean(measured.scored, arm).value, mean(measured.scored, 0).value
        excess = min(abs(share.value) / max(*shares, 1e-9), 0.999)
        odds = excess / (1 - excess)
        if share.value > 0:  # the excess is this arm's
            low, high = low - odds * (1 - value), high + odds * value
        else:
            low, high = low - odds * base, high + odds * (1 - base)
        warnings.append(
            f"{percent(shares[0])} of {name}'s matured requests have a score, {percent(shares[1])}"
            f" of {first}'s: what is not scored may differ, and the interval allows for it"
        )
    return Bounds(low, high), warnings
