"""What is still to be explained in the ledgers of one panel, and fits of effects to it.

The one place that changes while effects are looked for: each that is taken is subtracted here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from graph.causes.ledgers import Ledger, Part
from graph.causes.panel import Array, Panel
from graph.causes.screen import Place, Sums
from graph.causes.series import NOTHING, Fit, Hourly, fit, hourly
from graph.frame import Ints, Mask

_PRIOR_SHARE = 0.1
"""How much of the usual noise every slice is taken to have besides its own."""


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect that was found.

    `units` are those in its slice, `exposure` has one entry for each row. `candidate` is the place
    of the event that explains it, None where none does; `rivals` are the events whose own best
    effect here can't be told from it. `begins` is the hour of its onset, `shape` step, pulse or
    ramp, `score` the penalised gain; `own` is the gain less only what the event's delay costs, to
    be held against `alone`, what a free effect of another time reaches in the same slice.
    """

    part: Part
    place: Place
    units: Mask
    exposure: Array
    fit: Fit
    score: float
    begins: int
    shape: str
    candidate: int | None = None
    rivals: tuple[int, ...] = ()
    alone: float = 0.0
    lag: int = 0
    own: float = 0.0


class Residuals:
    """The ledgers of a panel, in units of their scale, less the effects that were taken.

    `inside` are the rows that the question is about, `during` those of them in its period.
    """

    def __init__(
        self, panel: Panel, ledgers: Sequence[Ledger], *, inside: Mask, before: Mask, during: Mask
    ) -> None:
        self.panel, self.inside, self.before, self.during = panel, inside, before, during
        self.hours, self.hour = np.unique(panel.hour, return_inverse=True)
        self.asked = np.bincount(panel.unit[inside], minlength=len(panel.units.codes)) > 0
        self.parts = tuple(ledger.part for ledger in ledgers)
        self._scale = {each.part: each.scale for each in ledgers}
        self._left = {each.part: each.residual / each.scale for each in ledgers}
        self._spread = {each.part: _spread(each, panel, inside) for each in ledgers}
        quiet = inside & ~during
        self._noise = {part: _noise(self._left[part], panel, quiet) for part in self.parts}

    def rows(self, units: Mask) -> Ints:
        """The rows of some units that the question is about."""
        return np.flatnonzero(units[self.panel.unit] & self.inside)

    def hourly(self, part: Part, rows: Ints, exposure: Array | None = None) -> Hourly:
        """Rows of a ledger added up by hour; `exposure` has one entry for each of them."""
        return hourly(
            self.hour[rows],
            self.panel.count[rows],
            self._left[part][rows],
            self._spread[part][rows],
            np.zeros(len(rows)) if exposure is None else exposure,
            hours=len(self.hours),
        )

    def sums(self, part: Part, rows: Ints, exposure: Array) -> Sums:
        """Rows of a ledger added up by unit."""
        units, place = np.unique(self.panel.unit[rows], return_inverse=True)
        count, left = self.panel.count[rows], self._left[part][rows]

        def by_unit(values: Array) -> Array:
            return np.bincount(place, weights=values, minlength=len(units)).astype(np.float64)

        weighted = count * exposure
        return Sums(
            units=units,
            count=by_unit(count),
            exposed=by_unit(weighted),
            squared=by_unit(weighted * exposure),
            amount=by_unit(left),
            cross=by_unit(left * exposure),
            spread=by_unit(self._spread[part][rows]),
        )

    def fitted(self, part: Part, units: Mask, exposure: Array) -> Fit:
        """The effect of an exposure (one entry for each row of the panel) in some units."""
        rows = self.rows(units)
        return fit(self.hourly(part, rows, exposure[rows])) if len(rows) else NOTHING

    def subtract(self, effect: Effect) -> None:
        """Take an effect out of its ledger."""
        self._left[effect.part] = self._without(self._left[effect.part], effect, effect.fit.effect)

    def amount(self, effect: Effect) -> float:
        """What an effect adds to the totals of the period, beyond what it always added."""
        scale = self._scale[effect.part]
        rows = np.flatnonzero(effect.units[self.panel.unit] & self.inside & self.during)
        earlier = np.flatnonzero(effect.units[self.panel.unit] & self.inside & self.before)
        exposed, usual = (
            self.panel.count[each] * effect.exposure[each] * scale[each] for each in (rows, earlier)
        )
        whole = float(self.panel.count[earlier].sum())
        size = float(self.panel.count[rows].sum()) / whole if whole else 0.0
        return effect.fit.effect * (float(exposed.sum()) - size * float(usual.sum()))

    def shared(self, one: Mask, other: Mask) -> float:
        """Which share of the observations in `one` lies in `other`, too."""
        count = self.panel.count
        both, own = self.rows(one & other), self.rows(one)
        whole = float(count[own].sum())
        return float(count[both].sum()) / whole if whole else 0.0

    def left_over(self, units: Mask, order: Sequence[Effect]) -> float:
        """Half the chi-square of what effects of one ledger leave in some units.

        Taken one after another in this order, each as large as those before it leave it.
        """
        part, left = order[0].part, self._left[order[0].part]
        for effect in order:
            rows = self.rows(effect.units)
            series = replace(
                self.hourly(part, rows, effect.exposure[rows]),
                amount=self._by_hour(rows, left[rows]),
                cross=self._by_hour(rows, left[rows] * effect.exposure[rows]),
            )
            left = self._without(left, effect, fit(series).effect)
        rows = self.rows(units)
        count = np.maximum(self.panel.count[rows], 1e-9)
        return 0.5 * float((left[rows] ** 2 / count).sum()) / self._noise[part]

    def _by_hour(self, rows: Ints, values: Array) -> Array:
        return np.bincount(self.hour[rows], weights=values, minlength=len(self.hours)).astype(
            np.float64
        )

    def _without(self, left: Array, effect: Effect, size: float) -> Array:
        touched = effect.units[self.panel.unit]
        return left - np.where(touched, size * self.panel.count * effect.exposure, 0.0)


def _spread(ledger: Ledger, panel: Panel, inside: Mask) -> Array:
    """Spreads in units of the scale, thin ones drawn toward the mean of all.

    A slice in which nothing has gone wrong yet is not one in which nothing can.
    """
    spread = ledger.spread / ledger.scale**2
    total = float(panel.count[inside].sum())
    usual = float(spread[inside].sum()) / total if total else 0.0
    return spread + _PRIOR_SHARE * usual * panel.count


def _noise(left: Array, panel: Panel, rows: Mask) -> float:
    """The variance of one observation as the rows outside the period show it."""
    count = float(panel.count[rows].sum())
    told = rows & (panel.count > 0)
    squares = float((left[told] ** 2 / panel.count[told]).sum())
    return max(squares / count, 1e-18) if count else 1.0
