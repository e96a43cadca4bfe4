"""Which slices and hours were dear: the fewest that say it, hours in a row as one. Pure.

Thousands of slices and hours are looked at, so each must be sure, worth money and much beside what
was expected. Of the slices that are dear in an hour, the one is told that the excess fits best
(the greatest excess squared over what was expected, which is Kulldorff's scan statistic for
small excesses, 1997); what it accounts for is taken out, and the rest is looked at again.
"""

from dataclasses import dataclass, field

import numpy as np

from graph.costing.spend import Spend
from graph.costing.surprise import CostDriver, Surprise, surprises
from graph.costing.usual import before
from graph.estimates import Array
from graph.slices import EntityRef

_TOGETHER_H = (1, 3, 6)
"""Hours that are judged together: an excess too small to be sure of may last."""
_GOES_ON = 0.5
"""An hour goes on being dear with so much of what it takes to begin."""
_NEARLY = 0.5
"""A slice that is nearly dear may fit better than one that is."""
_PATIENCE = 1
"""Hours in between that are not dear end nothing."""
_SIMPLER = 0.8
"""A further dimension must fit better by so much."""
_PURITY = {
    CostDriver.VOLUME: 1.0,
    CostDriver.ROUTE: 0.75,
    CostDriver.TOKENS: 0.75,
    CostDriver.PRICE: 0.75,
}
"""How much it counts that little but the excess lies in a slice. At 1, a part that is hit harder
would be told instead of the whole that is hit, as when a cache is lost and prompts differ.
"""
_MOSTLY = 0.6
"""A slice may take the place of another that shares so much of the excess."""
_MOST = 8
"""Slices told of one driver in one hour."""
_FEWEST = 10
"""Requests that an excess must have."""
_UNKNOWN = -1e9
"""Stands for the excess where nothing is known: never dear."""
_HARDLY = 0.01
"""A slice of which less than this share of the whole was expected is taken to be as large."""


@dataclass(frozen=True, slots=True)
class Episode:
    """Hours, from place `first` to `last`, in which a slice was dear for one reason.

    Money of all these hours: what was spent, of that the excess over what was expected, and the
    excess that would still have been within the interval. `score` is in standard errors.
    """

    driver: CostDriver
    where: tuple[EntityRef, ...]
    first: int
    last: int
    spent_usd: float
    excess_usd: float
    bearable_usd: float
    requests: int
    score: float


@dataclass(slots=True)
class _Running:
    """An episode while its hours are gone through."""

    row: int
    hours: list[int] = field(default_factory=list[int])


def episodes(told: Spend, *, judged_from: int) -> list[Episode]:
    """The episodes of the hours from the place `judged_from` on; the dearest first."""
    hourly_usd = _hourly_usd(told)
    found = [
        _told(told, one, run)
        for one in surprises(told, judged_from=judged_from)
        for run in _Search(one, one.worth * hourly_usd).runs(judged_from)
        # As it grew it may have moved to a slice that had nothing too much in its hours.
        if (one.excess[run.row, run.hours] > 0).any()
    ]
    found.sort(key=lambda one: (-one.excess_usd, one.first, one.driver, str(one.where)))
    return _independent(found)


def _hourly_usd(told: Spend) -> Array:
    """What the whole spent in an hour of the week before, by hour."""
    whole = told.cost_usd.sum(axis=0)[None, :]
    seen = before(np.ones_like(whole), window_h=168)[0]
    return before(whole, window_h=168)[0] / np.maximum(seen, 1.0)


class _Search:
    """One driver's episodes, gone through hour by hour.

    `_left` and `_groups` are the excess by slice and by group that no episode accounts for yet.
    """

    def __init__(self, one: Surprise, worth: Array) -> None:
        self._one = one
        self._worth = worth
        self._left = np.nan_to_num(one.excess, nan=_UNKNOWN)
        self._groups = one.group_excess.copy()

    def runs(self, judged_from: int) -> list[_Running]:
        """The episodes in the order in which they end."""
        size = self._left.shape[1]
        dear = self._any_dear(judged_from)
        active: list[_Running] = []
        done: list[_Running] = []
        for hour in range(judged_from, size):
            for run in active:
                if self._rows(hour, self._left, slack=_GOES_ON, of=run.row):
                    self._extend(run, [hour])
            while dear[hour] and sum(run.hours[-1] == hour for run in active) < _MOST:
                run = self._begun(hour, judged_from)
                if run is None:
                    break
                active.append(run)
            done += [run for run in active if hour - run.hours[-1] > _PATIENCE]
            active = [run for run in active if hour - run.hours[-1] <= _PATIENCE]
        return done + active

    def _any_dear(self, judged_from: int) -> list[bool]:
        """By hour, whether a slice is dear while nothing is accounted for."""
        one = self._one
        found = np.zeros(self._left.shape[1], dtype=np.bool_)
        for length in _TOGETHER_H:
            excess, squares, expected, requests = (
                _together(values, length)
                for values in (
                    self._left,
                    one.error**2,
                    np.maximum(np.nan_to_num(one.expected), 0.0),
                    one.requests,
                )
            )
            worth = _together(self._worth[None, :], length) / length * (length + 1) / 2
            dear = excess >= one.bar * np.sqrt(squares) * length**one.lasting
            dear &= (excess >= one.least * expected) & (excess >= worth)
            dear[:, : length - 1] = False
            found |= (dear & (requests >= _FEWEST)).any(axis=0)
        found[:judged_from] = False
        return found.tolist()

    def _rows(
        self, hour: int, left: Array, *, slack: float, of: int | None = None
    ) -> dict[int, range]:
        """The slices that are dear in an hour, with the hours up to it that show it first."""
        found: dict[int, range] = {}
        for length in _TOGETHER_H:
            hours = range(hour - length + 1, hour + 1)
            if hours.start < 0:
                break
            for row in self._dear(hours, left, slack, of):
                found.setdefault(row, hours)
        return found

    def _dear(
        self, hours: range, left: Array, slack: float, of: int | None, *, fewest: int = _FEWEST
    ) -> list[int]:
        one, span = self._one, slice(hours.start, hours.stop)
        rows = slice(None) if of is None else slice(of, of + 1)
        length = len(hours)
        excess = left[rows, span].sum(axis=1)
        error = np.sqrt((one.error[rows, span] ** 2).sum(axis=1)) * length**one.lasting
        expected = np.maximum(np.nan_to_num(one.expected[rows, span]), 0.0).sum(axis=1)
        worth = float(self._worth[span].mean()) * (length + 1) / 2
        dear = excess >= slack * one.bar[rows, hours[-1]] * error
        dear &= (excess >= slack * one.least * expected) & (excess >= slack * worth)
        dear &= one.requests[rows, span].sum(axis=1) >= fewest
        return [int(row) + (of or 0) for row in np.flatnonzero(dear)]

    def _begun(self, hour: int, judged_from: int) -> _Running | None:
        """An episode of the slice that fits best what is dear and not yet accounted for."""
        found = self._rows(hour, self._left, slack=1.0)
        if not found:
            return None
        hours = min(found.values(), key=len)
        fewest = 1 if self._one.driver is CostDriver.PRICE else _FEWEST
        near = sorted({*found, *self._dear(hours, self._left, _NEARLY, None, fewest=fewest)})
        row = self._fittest(near, hours)
        run = _Running(row)
        self._extend(
            run, [h for h in hours if h >= judged_from and (h == hour or self._left[row, h] > 0)]
        )
        return run

    def _fittest(self, rows: list[int], hours: range | list[int]) -> int:
        one = self._one
        members = one.slices.members[rows]
        excess = self._groups[:, list(hours)].sum(axis=1)
        basis = one.group_basis[:, list(hours)].sum(axis=1)
        over = np.maximum(members @ excess, 0.0)
        # What was hardly expected at all is taken for a little, lest the tiniest slice fit best.
        usual = np.maximum(members @ basis, 0.0) + _HARDLY * max(float(basis.sum()), 1e-12)
        plain = np.array([_SIMPLER ** max(len(one.slices.where[row]) - 1, 0) for row in rows])
        return rows[int(np.argmax(over**2 / usual ** _PURITY[one.driver] * plain))]

    def _extend(self, run: _Running, hours: list[int]) -> None:
        """Let the episode have these hours; with more of them, another slice that has most of the
        excess may turn out to fit better.
        """
        one = self._one
        taken = sorted({*run.hours, *hours})
        self._groups[:, taken] = one.group_excess[:, taken]
        inside = one.slices.members[run.row] > 0
        over = np.maximum(self._groups[:, taken].sum(axis=1), 0.0) * inside
        akin = one.slices.members @ over >= _MOSTLY * over.sum()
        total = np.nan_to_num(one.excess[:, taken]).sum(axis=1)
        error = np.sqrt((one.error[:, taken] ** 2).sum(axis=1)) * len(taken) ** one.lasting
        sure = akin & (total >= one.bar[:, taken].max(axis=1) * error)
        run.row = self._fittest(sorted({run.row, *np.flatnonzero(sure).tolist()}), taken)
        run.hours = taken
        for hour in taken:
            self._account(run.row, hour)

    def _account(self, row: int, hour: int) -> None:
        """Take what a slice had too much in an hour out of all slices."""
        members = self._one.slices.members
        inside = members[row] > 0
        taken = np.where(inside, np.maximum(self._groups[:, hour], 0.0), 0.0)
        self._left[:, hour] -= members @ taken
        self._groups[:, hour] -= taken


def _together(values: Array, length: int) -> Array:
    """By hour, the sum of it and of the hours before it, so many together where there are."""
    summed = values.copy()
    for back in range(1, length):
        summed[:, back:] += values[:, :-back]
    return summed


def _told(told: Spend, one: Surprise, run: _Running) -> Episode:
    inside = one.slices.members[run.row] > 0
    hours = [hour for hour in run.hours if one.excess[run.row, hour] > 0]
    over = float(one.excess[run.row, hours].sum())
    error = float(np.sqrt((one.error[run.row, hours] ** 2).sum())) * len(hours) ** one.lasting
    first, last = run.hours[0], run.hours[-1]
    came = float((one.group_excess + one.group_basis)[inside, first : last + 1].sum())
    spent = float(told.cost_usd[inside, first : last + 1].sum())
    usd = spent / came if came > 0 else 1.0
    return Episode(
        driver=one.driver,
        where=one.slices.where[run.row],
        first=first,
        last=last,
        spent_usd=spent,
        excess_usd=over * usd,
        bearable_usd=min(float(one.bar[run.row, hours].max()) * error, 0.999 * over) * usd,
        requests=round(float(told.requests[inside, first : last + 1].sum())),
        score=over / error,
    )


def _independent(found: list[Episode]) -> list[Episode]:
    """Those that tell something new: not in a place and time of which a dearer one tells."""
    kept: list[Episode] = []
    for one in found:
        if not any(_echoes(one, other) for other in kept):
            kept.append(one)
    return kept


def _echoes(one: Episode, louder: Episode) -> bool:
    together = min(one.last, louder.last) - max(one.first, louder.first) + 1
    mine, theirs = set(one.where), set(louder.where)
    return (
        2 * together >= one.last - one.first + 1
        and (mine <= theirs or theirs <= mine)
        and (one.driver is louder.driver or 2 * one.excess_usd < louder.excess_usd)
    )
