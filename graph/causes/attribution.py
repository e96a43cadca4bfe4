"""How much of a change each event accounts for: one estimate per event and ledger. Pure.

The pursuit finds effects where they are strongest; how much they amount to is estimated anew, so
that neither the choice of the slice nor the hours before the period weigh in. The estimate is a
difference-in-differences: what the exposed rows moved by, less what the rows of the same ledger
moved by that the event did not touch, where that differs from zero at 99 %; both against their
unexposed hours. Its interval rests on the spread of the observations or on a bootstrap over blocks
of hours (Künsch 1989), whichever is wider.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from graph.causes.ledgers import Ledger, Part
from graph.causes.panel import Array, Panel
from graph.causes.residuals import Effect
from graph.causes.screen import Place
from graph.causes.series import NOTHING, Fit, Hourly, fit, hourly
from graph.estimates import Z95
from graph.frame import Ints, Mask

_BLOCK_H = 3
_DRAWS = 300
_SEED = 20_240_229
_Z99 = 2.5758
_PRIOR = 10.0
_WIDER = 1.6
"""How much wider the interval of the whole reach may be than that of the slices found in it."""


@dataclass(frozen=True, slots=True)
class Amount:
    """What an event adds to the metric in the period, in the unit of the panel's totals.

    `place` is where its effect was found, `entire` tells that the figures are of all its reach.
    `deviation` is its standard error; `control` what the untouched rows moved by at the same time,
    per observation, with its own error (infinite where there are none); `effect` what the touched
    ones moved by, beyond that where it differs from zero at 99 %. `exposed` observations of the
    period lie under it.
    """

    part: Part
    place: Place
    entire: bool
    units: Mask
    exposure: Array
    effect: float
    control: float
    control_deviation: float
    amount: float
    deviation: float
    exposed: float


class Attribution:
    """Amounts of the events that a pursuit found, in one panel."""

    def __init__(
        self,
        panel: Panel,
        ledgers: Sequence[Ledger],
        effects: Sequence[Effect],
        *,
        inside: Mask,
        before: Mask,
        during: Mask,
    ) -> None:
        self._panel, self._effects = panel, list(effects)
        self._ledgers = {ledger.part: ledger for ledger in ledgers}
        self._inside, self._before, self._during = inside, before, during
        self._unit_noise = _unit_noise(panel, ledgers[-1], inside)
        hours, self._hour = np.unique(panel.hour, return_inverse=True)
        self._size = len(hours)

    def amounts(self, candidate: int, reach: dict[Part, Mask]) -> list[Amount]:
        """The amounts of one event, one for each ledger in which it has an effect."""
        found: list[Amount] = []
        for part in dict.fromkeys(e.part for e in self._effects if e.candidate == candidate):
            own = [e for e in self._effects if e.candidate == candidate and e.part is part]
            found.append(self._amount(own, reach.get(part, own[0].units)))
        return found

    def _amount(self, own: Sequence[Effect], reach: Mask) -> Amount:
        part, first = own[0].part, own[0]
        left = self._left(own)
        units = first.units
        for effect in own[1:]:
            units = units | effect.units
        touched, exposed = self._touched(part, units, left, first.exposure)
        whole, whole_exposed = self._touched(part, reach | units, left, first.exposure)
        # All of its reach has no choice in it; it is taken unless that costs too much precision.
        rest, _ = self._touched(part, reach & ~units, left, first.exposure)
        seen = abs(rest.effect) > Z95 * rest.deviation
        entire = seen or whole.deviation * whole_exposed <= _WIDER * touched.deviation * exposed
        if entire:
            units, touched, exposed = reach | units, whole, whole_exposed
        outside = np.flatnonzero(~(reach | units)[self._panel.unit] & self._comparable(part))
        control = self._fitted(part, outside, left, self._mirrored(first, outside))
        compared = control is not NOTHING and math.isfinite(control.deviation)
        # How some strata are routed says nothing of how the others would have been.
        parallel = compared and part is not Part.ROUTING
        moved = parallel and abs(control.effect) > _Z99 * control.deviation
        drift = control.effect if moved else 0.0
        net = exposed - self._usually(units, first.exposure)
        noise = math.hypot(touched.deviation, control.deviation if moved else 0.0) * abs(net)
        if part is Part.ROUTING:
            noise = math.hypot(noise, self._worth_of_moving(units, first.exposure))
        effect = touched.effect - drift
        return Amount(
            part=part,
            place=first.place,
            entire=entire,
            units=units,
            exposure=first.exposure,
            effect=effect,
            control=control.effect if compared else 0.0,
            control_deviation=control.deviation if compared else math.inf,
            amount=self._excess(units, left, touched, first.exposure) - drift * net,
            deviation=noise,
            exposed=exposed,
        )

    def _comparable(self, part: Part) -> Mask:
        """The rows that can be held against others: shares are only told inside the question."""
        if part in (Part.ROUTING, Part.JUDGES):
            return self._inside
        return np.ones(len(self._panel.unit), dtype=np.bool_)

    def _usually(self, units: Mask, exposure: Array) -> float:
        """How many observations of the period would lie under the event if all were as before."""
        rows = self._rows(units)
        earlier, now = rows[self._before[rows]], rows[self._during[rows]]
        whole = float(self._panel.count[earlier].sum())
        if not whole:
            return 0.0
        share = float((self._panel.count[earlier] * exposure[earlier]).sum()) / whole
        return share * float(self._panel.count[now].sum())

    def _excess(self, units: Mask, left: Array, fitted: Fit, exposure: Array) -> float:
        """What the exposed rows of the period measured beyond their unexposed level.

        Their sum itself, not the effect times the exposure: an effect may vary over its time.
        """
        if not math.isfinite(fitted.deviation):
            return 0.0
        rows = self._rows(units)
        told = rows[self._during[rows] & (exposure[rows] > 0)]
        found = float((left[told] - fitted.level * self._panel.count[told]).sum())
        return found - fitted.effect * self._usually(units, exposure)

    def _worth_of_moving(self, units: Mask, exposure: Array) -> float:
        """The standard error of moved traffic's worth: the means it was valued at are estimates.

        Each (task type, deployment) that gained or lost requests does so at a mean that rests on
        so many observations of the baseline, or of the period where it is new.
        """
        panel = self._panel
        names = panel.units
        place = [names.place(name) for name in ("task_type", "deployment")]
        strata = [names.place(name) for name in ("tenant", "tier", "task_type")]
        key = np.unique(names.codes[:, place], axis=0, return_inverse=True)[1].ravel()
        stratum = np.unique(names.codes[:, strata], axis=0, return_inverse=True)[1].ravel()
        size = len(key)

        def by_unit(rows: Mask, weight: Array) -> Array:
            return np.bincount(panel.unit[rows], weights=weight[rows], minlength=size).astype(
                np.float64
            )

        reference = by_unit(self._before & self._inside, panel.count)
        touched = units[panel.unit] & self._inside & self._during
        now = by_unit(touched, panel.count * exposure)
        whole = np.bincount(stratum, weights=reference)[stratum]
        usual = np.divide(reference, whole, out=np.zeros(size), where=whole > 0)
        moved = now - usual * np.bincount(stratum, weights=now)[stratum]
        behind = np.bincount(key, weights=reference)
        seen = np.bincount(key, weights=by_unit(self._inside, panel.count))
        behind = np.where(behind > 0, behind, seen)
        gained = np.bincount(key, weights=moved)
        return self._unit_noise * math.sqrt(float((gained**2 / (behind + _PRIOR)).sum()))

    def _touched(self, part: Part, units: Mask, left: Array, exposure: Array) -> tuple[Fit, float]:
        """The effect in some units and how many observations of the period lie under it."""
        rows = self._rows(units)
        in_period = rows[self._during[rows]]
        exposed = float((self._panel.count[in_period] * exposure[in_period]).sum())
        return self._fitted(part, rows, left, exposure), exposed

    def _left(self, own: Sequence[Effect]) -> Array:
        """The ledger less what other events, and effects found before, do in it."""
        part, candidate = own[0].part, own[0].candidate
        left = self._ledgers[part].residual
        mine = False
        for effect in self._effects:
            mine = mine or (effect.candidate == candidate and effect.part is part)
            if effect.part is not part or effect.candidate == candidate:
                continue
            if effect.candidate is None and mine:
                continue
            rows = effect.units[self._panel.unit]
            scale = self._ledgers[part].scale
            amount = effect.fit.effect * self._panel.count * effect.exposure * scale
            left = left - np.where(rows, amount, 0.0)
        return left

    def _rows(self, units: Mask) -> Ints:
        return np.flatnonzero(units[self._panel.unit] & self._inside)

    def _mirrored(self, effect: Effect, rows: Ints) -> Array:
        """The exposure of the hour, for rows that the event did not touch."""
        mean = np.zeros(self._size)
        inside = self._rows(effect.units)
        weight = np.bincount(
            self._hour[inside], weights=self._panel.count[inside], minlength=self._size
        )
        exposed = np.bincount(
            self._hour[inside],
            weights=self._panel.count[inside] * effect.exposure[inside],
            minlength=self._size,
        )
        np.divide(exposed, weight, out=mean, where=weight > 0)
        whole = np.zeros(len(self._panel.unit))
        whole[rows] = mean[self._hour[rows]]
        return whole

    def _fitted(self, part: Part, rows: Ints, left: Array, exposure: Array) -> Fit:
        ledger = self._ledgers[part]
        if not len(rows):
            return NOTHING
        # Exposed hours before the period may have felt it otherwise: they are left out.
        kept = rows[self._during[rows] | (exposure[rows] <= 0)]
        series = hourly(
            self._hour[kept],
            self._panel.count[kept],
            left[kept],
            ledger.spread[kept],
            exposure[kept],
            hours=self._size,
        )
        fitted = fit(series)
        if fitted is NOTHING:
            return fitted
        return replace(fitted, deviation=max(fitted.deviation, _bootstrapped(series)))


def _unit_noise(panel: Panel, ledger: Ledger, rows: Mask) -> float:
    """The standard deviation of one observation around its cell's mean."""
    count = float(panel.count[rows].sum())
    return math.sqrt(float(ledger.spread[rows].sum()) / count) if count else 0.0


def _bootstrapped(series: Hourly) -> float:
    """The standard error of the effect over blocks of hours drawn with replacement."""
    size = len(series.count) // _BLOCK_H * _BLOCK_H
    if size < 8 * _BLOCK_H:
        return 0.0
    columns = np.stack([
        series.count, series.amount, series.exposed, series.squared, series.cross
    ])[:, :size]  # fmt: skip
    blocks = columns.reshape(5, -1, _BLOCK_H).sum(axis=2)
    exposed = blocks[2] > 0
    if exposed.sum() < 4 or (~exposed).sum() < 4:
        return 0.0
    draw = np.random.default_rng(_SEED)
    weights = np.zeros((_DRAWS, blocks.shape[1]))
    for kind in (exposed, ~exposed):
        places = np.flatnonzero(kind)
        picked = draw.multinomial(len(places), np.full(len(places), 1 / len(places)), size=_DRAWS)
        weights[:, places] = picked
    n, r, e, ee, re = (weights @ blocks.T).T
    contrast = ee - e**2 / n
    effects = (re - e * r / n) / np.where(contrast > 0, contrast, np.nan)
    return float(np.nanstd(effects))


def interval(amount: float, deviation: float) -> tuple[float, float]:
    """The 95 % interval of an amount."""
    return amount - Z95 * deviation, amount + Z95 * deviation
