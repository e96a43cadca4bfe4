"""Which effects are in the ledgers: recorded events against "nothing recorded", fewest first. Pure.

A hypothesis is an effect of one shape in one slice of one ledger. Those of recorded events begin
with the event and lie within its reach; the free ones may begin at any hour, anywhere, as a step,
a pulse or a ramp. The one with the largest gain of likelihood, less a penalty for how many others
it was chosen among, is taken; its effect is subtracted, and the rest is searched again. So an event
is only held responsible for what no earlier choice and no free effect explains better, and drift,
newcomers and the like are found as what they are: slices without a cause.

The selection is matching pursuit (Mallat and Zhang 1993) with a penalty of the kind of the extended
Bayesian information criterion (Chen and Chen 2008): the logarithm of the number of hypotheses of
the same kind.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from graph.causes.candidates import CandidateCause
from graph.causes.ledgers import PLACES, Ledger, Part
from graph.causes.panel import Array, Panel
from graph.causes.reach import HOUR_S, Reach, breadth, clock_shapes
from graph.causes.residuals import Effect, Residuals
from graph.causes.screen import FEWEST_EXPOSED, Place, Screen
from graph.causes.series import Fit, Hourly, best_steps, fit
from graph.frame import Ints, Mask

_DEPTH = 3
_THRESHOLD = 6.0
"""Penalised gain from which an effect counts: odds of about 150 to 1 after all penalties."""
_INDIRECT = 3.0
"""Penalty of a way in which an event may act but that its kind does not imply."""
_SAME_SLICE = 4.0
"""What a free step or pulse in the event's own slice has to be better by; things drift without
anybody's doing, so that a ramp need only be as good."""
_EARLIER = 5.0
"""What a step that began before the event may explain more: the event's time then lies within an
interval of 98 % of the onset (of which it would be the end)."""
_EQUAL = 0.7
"""Scores closer than this are equal: odds of two to one."""
_SOON_S = 3 * HOUR_S
"""How soon after an event a free effect must begin to be taken for the event's."""
_AT_NEXT_PEAK_S = 24 * HOUR_S
"""The same for a quota, which is only felt once traffic reaches it."""
_EFFECTS_AT_MOST = 8
_SHORTLIST = 4
_RAMP_H = 24
_MOSTLY = 0.5
_SEARCHED = (Part.ROUTING, Part.JUDGES, Part.WITHIN, Part.TOKENS, Part.PRICE)


class Pursuit:
    """The search over the ledgers of one panel. `inside` are the rows that the question is about,
    `during` those of its period; the hours before are what they are compared with. Effects
    whose amount in the period is below `smallest` (in the unit of the panel's totals) are left.
    """

    def __init__(
        self,
        panel: Panel,
        ledgers: Sequence[Ledger],
        *,
        inside: Mask,
        before: Mask,
        during: Mask,
        candidates: Sequence[CandidateCause],
        reaches: Sequence[Reach],
        smallest: float,
    ) -> None:
        self._smallest = smallest
        self._candidates = candidates
        searched = [ledger for ledger in ledgers if ledger.part in _SEARCHED]
        self._left = Residuals(panel, searched, inside=inside, before=before, during=during)
        self._parts = self._left.parts
        self._reaches = [reach for reach in reaches if reach.part in self._parts]
        self._screens = {part: Screen(panel, PLACES[part], deepest=_DEPTH) for part in self._parts}
        self._recorded: dict[int, Effect | None] = {}
        self._unrecorded_in: dict[Part, list[Effect]] = {}
        self._shapes = [clock_shapes(candidate, self._left.hours) for candidate in candidates]
        self._free_shapes = _free_shapes(self._left)
        self._accepted: set[int] = set()
        asked = self._left.asked
        self._able = len({r.candidate for r in self._reaches if (r.units & asked).any()})

    def effects(self) -> list[Effect]:
        """The effects that were found, in the order of finding."""
        found: list[Effect] = []
        while len(found) < _EFFECTS_AT_MOST:
            best = self._best()
            if best is None or best.score < _THRESHOLD:
                break
            best = self._widened(best)
            found.append(best)
            if best.candidate is not None:
                self._accepted.add(best.candidate)
            self._subtract(best)
        return found

    def _widened(self, effect: Effect) -> Effect:
        """The effect in the widest slice whose other parts moved alike: children rolled up."""
        place, units, fitted = effect.place, effect.units, effect.fit
        limit = np.ones_like(units)
        if effect.candidate is not None:
            limit = self._limit(effect)
        for dropped in effect.place:
            wider = tuple(pair for pair in place if pair != dropped)
            inside = limit & self._panel_units(wider)
            rest = self._left.fitted(effect.part, inside & ~units, effect.exposure)
            if not math.isfinite(rest.deviation):
                continue
            apart = abs(rest.effect - fitted.effect)
            noise = math.hypot(rest.deviation, fitted.deviation)
            seen = rest.effect * fitted.effect > 0 and abs(rest.effect) > 2 * rest.deviation
            if seen and apart <= 3 * noise:
                place, units = wider, inside
                fitted = self._left.fitted(effect.part, units, effect.exposure)
        return replace(effect, place=place, units=units, fit=fitted)

    def _limit(self, effect: Effect) -> Mask:
        """The units that the event of an effect reaches in its ledger."""
        limit = np.zeros(len(self._left.asked), dtype=np.bool_)
        for reach in self._reaches:
            own = reach.candidate == effect.candidate and reach.part is effect.part
            if own and (reach.units | ~effect.units).all():
                limit |= reach.units
        return limit

    def _panel_units(self, place: Place) -> Mask:
        named = self._left.panel.units
        units = np.ones(len(named.codes), dtype=np.bool_)
        for dimension, label in place:
            units &= named.matching(dimension, frozenset({label}))
        return units

    def _subtract(self, effect: Effect) -> None:
        self._left.subtract(effect)
        self._unrecorded_in.pop(effect.part, None)
        for place, reach in enumerate(self._reaches):
            touched = reach.part is effect.part and (reach.units & effect.units).any()
            if touched or reach.candidate == effect.candidate:
                self._recorded.pop(place, None)

    def _best(self) -> Effect | None:
        """The effect to take next: an event's where one stands its ground, else a free one."""
        recorded = [self._known(place) for place in range(len(self._reaches))]
        told = [effect for effect in recorded if effect is not None and self._matters(effect)]
        free = [
            effect
            for part in self._parts
            if part is not Part.JUDGES
            for effect in self._free(part)
            if self._matters(effect)
        ]
        told.sort(key=lambda effect: -effect.score)
        standing = [effect for effect in told if self._stands(effect, free)]
        top = standing[0] if standing else None
        other = max(free, key=lambda effect: effect.score, default=None)
        if other is not None and (top is None or other.score > top.score):
            shown = [e for e in standing if e.score >= _THRESHOLD and self._yields(other, e)]
            if not shown:
                return other
            top = shown[0]
        if top is None:
            return None
        top = self._earliest(top, standing)
        alone = self._alone(top)
        against = 0.0 if self._fits(alone, top) else alone.score
        top = replace(top, alone=against, rivals=self._rivals(top, standing))
        known = self._accepted.intersection(top.rivals)
        if known and top.candidate not in self._accepted:
            # What an event that is held responsible already explains as well is its doing.
            return next(effect for effect in standing if effect.candidate in known)
        return top

    def _earliest(self, top: Effect, standing: Sequence[Effect]) -> Effect:
        """Of events that explain the same as well, the most specific, then the first to happen."""
        same = [
            effect
            for effect in standing
            if effect.part is top.part
            and effect.score > top.score - _EQUAL
            and (effect.units == top.units).all()
        ]
        events = [self._candidates[effect.candidate or 0] for effect in same]
        chosen = min(range(len(same)), key=lambda n: (breadth(events[n]), events[n].at))
        return same[chosen]

    def _stands(self, effect: Effect, free: Sequence[Effect]) -> bool:
        """Whether no free effect in the event's own slice tells of another time or shape."""
        if effect.score < min(_THRESHOLD, max((e.score for e in free), default=0.0)):
            return True
        alone = self._alone(effect)
        margin = 0.0 if alone.shape == "ramp" else _SAME_SLICE
        if alone.score > effect.own + margin and not self._fits(alone, effect):
            return False
        return self._begun(effect) <= effect.own + _EARLIER

    def _begun(self, effect: Effect) -> float:
        """The largest gain of a step in an event's slice that began clearly before the event."""
        told = self._left.hourly(effect.part, self._left.rows(effect.units))
        event = self._candidates[effect.candidate or 0]
        latest = event.at.timestamp() - HOUR_S
        shapes, names = self._free_shapes
        begins = self._left.hours[np.argmax(shapes > 0, axis=1)]
        earlier = (begins < latest) & np.array([name == "step" for name in names])
        _, gains = best_steps(told.count, told.amount, shapes[earlier], spread=told.spread)
        return float(gains.max()) if len(gains) else 0.0

    def _fits(self, free: Effect, effect: Effect) -> bool:
        """Whether a free effect begins with an event: it may come and go, but not creep in."""
        event = self._candidates[effect.candidate or 0]
        waited = free.begins + HOUR_S - event.at.timestamp()
        soon = _AT_NEXT_PEAK_S if event.kind == "quota" else _SOON_S
        return free.shape != "ramp" and -HOUR_S < waited <= soon

    def _yields(self, free: Effect, effect: Effect) -> bool:
        """Whether a free effect is better seen as an event's and a remainder.

        It is where it shows within the event's reach right after the event. Where both only
        overlap, both are taken one after the other, in either order, and what is left decides.
        """
        if free.part is not effect.part or not (free.units & effect.units).any():
            return False
        beyond = free.units & ~effect.units & self._left.asked
        if not beyond.any() and self._fits(free, effect):
            return True
        both = free.units | effect.units
        orders = (free, effect), (effect, free)
        first, second = (self._left.left_over(both, order) for order in orders)
        return second < first

    def _known(self, place: int) -> Effect | None:
        """The best effect of one reach, worked out anew only where its rows have changed."""
        if place not in self._recorded:
            self._recorded[place] = self._of_event(self._reaches[place])
        return self._recorded[place]

    def amount(self, effect: Effect) -> float:
        """What an effect adds to the totals of the period."""
        return self._left.amount(effect)

    def _matters(self, effect: Effect) -> bool:
        return abs(self._left.amount(effect)) >= self._smallest

    def _rivals(self, top: Effect, told: Sequence[Effect]) -> tuple[int, ...]:
        """Events whose own best effect in the same rows explains about as much."""
        found = [
            other.candidate
            for other in told
            if other.candidate not in (None, top.candidate)
            and other.part is top.part
            and other.score > top.score - math.log(10)
            and self._left.shared(top.units, other.units) >= _MOSTLY
        ]
        return tuple(dict.fromkeys(found))

    # --- recorded events -------------------------------------------------------------------

    def _of_event(self, reach: Reach) -> Effect | None:
        """The best effect of one event in one ledger, within its reach."""
        shapes, penalties, _ = self._shapes[reach.candidate]
        rows = self._left.rows(reach.units)
        if not len(rows) or (reach.carried is None and not len(shapes)):
            return None
        if reach.carried is None:
            exposure = shapes[int(np.argmin(penalties))][self._left.hour[rows]]
        else:
            exposure = reach.carried[rows]
        screen = self._screens[reach.part]
        sums = self._left.sums(reach.part, rows, exposure)
        found: list[Effect] = []
        for number, chosen in screen.promising(sums, deepest=2, most=_SHORTLIST):
            place, units = screen.place(number)
            effect = self._in_slice(reach, place, units & reach.units)
            found.append(replace(effect, score=effect.own - chosen - self._doubt(reach)))
        told = [effect for effect in found if effect.fit.exposed >= FEWEST_EXPOSED]
        return max(told, key=lambda effect: effect.score, default=None)

    def _doubt(self, reach: Reach) -> float:
        """The penalty of an event and of the way in which it would have acted."""
        indirect = 0.0 if reach.direct else _INDIRECT
        if reach.candidate in self._accepted:
            return indirect
        return indirect + math.log(max(self._able, 1))

    def _in_slice(self, reach: Reach, place: Place, units: Mask) -> Effect:
        """The effect of one event in one slice, at the delay that fits best."""
        rows = self._left.rows(units)
        lag, penalty = 0, 0.0
        if reach.carried is None:
            told = self._left.hourly(reach.part, rows)
            shapes, penalties, lags = self._shapes[reach.candidate]
            _, gains = best_steps(told.count, told.amount, shapes, spread=told.spread)
            best = int(np.argmax(gains - penalties))
            exposure = shapes[best][self._left.hour]
            fitted, lag, penalty = _clocked(told, shapes[best]), int(lags[best]), penalties[best]
        else:
            exposure = reach.carried
            fitted = fit(self._left.hourly(reach.part, rows, exposure[rows]))
        ended = self._candidates[reach.candidate].ended_at is not None
        return Effect(
            part=reach.part,
            place=place,
            units=units,
            exposure=exposure,
            fit=fitted,
            score=0.0,
            begins=_begin(self._left, rows, exposure),
            shape="pulse" if ended else "step",
            candidate=reach.candidate,
            lag=lag,
            own=fitted.gain - float(penalty),
        )

    # --- nothing recorded ------------------------------------------------------------------

    def _free(self, part: Part) -> list[Effect]:
        """The best effects that no event explains, among the slices that moved most."""
        if part not in self._unrecorded_in:
            screen, rows = self._screens[part], np.flatnonzero(self._left.inside)
            sums = self._left.sums(part, rows, self._left.during[rows].astype(np.float64))
            self._unrecorded_in[part] = [
                self._unrecorded(part, *screen.place(number), penalty=penalty)
                for number, penalty in screen.promising(sums, deepest=_DEPTH, most=_SHORTLIST)
            ]
        return self._unrecorded_in[part]

    def _alone(self, effect: Effect) -> Effect:
        """The best free effect in the very slice of an event's effect."""
        return self._unrecorded(effect.part, effect.place, effect.units, penalty=0.0)

    def _unrecorded(self, part: Part, place: Place, units: Mask, *, penalty: float) -> Effect:
        told = self._left.hourly(part, self._left.rows(units))
        shapes, names = self._free_shapes
        _, gains = best_steps(told.count, told.amount, shapes, spread=told.spread)
        best = int(np.argmax(gains))
        fitted = _clocked(told, shapes[best])
        return Effect(
            part=part,
            place=place,
            units=units,
            exposure=shapes[best][self._left.hour],
            fit=fitted,
            score=fitted.gain - penalty - math.log(len(shapes)),
            begins=int(self._left.hours[int(np.argmax(shapes[best] > 0))]),
            shape=names[best],
        )


def _clocked(told: Hourly, shape: Array) -> Fit:
    """The effect of an exposure that depends on the hour alone."""
    return fit(
        replace(
            told,
            exposed=told.count * shape,
            squared=told.count * shape**2,
            cross=told.amount * shape,
        )
    )


def _begin(left: Residuals, rows: Ints, exposure: Array) -> int:
    """The first hour in which any of these rows is exposed; 0 where none is."""
    hours = left.panel.hour[rows][exposure[rows] > 0]
    return int(hours.min()) if len(hours) else 0


def _free_shapes(left: Residuals) -> tuple[Array, list[str]]:
    """Steps and ramps from each hour on, and pulses within the period."""
    size = len(left.hours)
    hour = np.arange(size)
    shapes: list[Array] = [np.ones(size)]
    names = ["step"]
    for start in range(1, size):
        shapes.append((hour >= start).astype(np.float64))
        names.append("step")
        if size - start >= _RAMP_H:
            shapes.append(np.clip((hour - start + 0.5) / (size - start), 0.0, 1.0))
            names.append("ramp")
    first = int(left.hour[left.during].min()) if left.during.any() else 0
    step = max((size - first) // 24, 1)
    for start in range(max(first - 2, 0), size, step):
        for end in range(start + step, size, step):
            shapes.append(((hour >= start) & (hour < end)).astype(np.float64))
            names.append("pulse")
    return np.array(shapes).reshape(len(shapes), size), names
