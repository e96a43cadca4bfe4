"""How spending goes on until the end of a period, and when it passes a limit. Pure.

Where two days or less are left, a course is a forecast of `graph.forecasting` by hours, which live
from the newest. For longer it is the level of the last week, by windows of 24 hours that end with
the history. All amounts are US dollars.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from statistics import NormalDist
from typing import Final

import numpy as np

from graph.estimates import Array
from graph.forecasting.forecast import Forecast, weighted_quantile
from graph.forecasting.history import History
from graph.forecasting.prediction import predict
from graph.frame import Ints
from graph.hot.accounts import NANO, day_of, day_start, month_end, month_start

HOUR: Final = timedelta(hours=1)
LOW, HIGH = 0.1, 0.9
"""The ends of the 80 % interval."""
LEAST_ELAPSED: Final = HOUR
"""Less of a period than this counts as this in a burn rate: its first minutes tell nothing."""
_DAY_HOURS: Final = 24
_HOURS_AT_MOST: Final = 48
_WEEK: Final = 7
_USUAL_CHANGE, _USUAL_WEIGHT = 0.15, 2.0
"""Spending of a week usually differs so much from that of the week before."""
_LEAST_DAY: Final = 0.05
"""No day of the week is taken to be less than this beside an average one."""
_Z80: Final = NormalDist().inv_cdf(0.9)
_SEEN: Final = 2
"""A history shorter than so many horizons has not shown how far off such a forecast gets."""
_LEVELS: Final = tuple(NormalDist().inv_cdf((place + 0.5) / 21) for place in range(21))
_KEPT_AT_MOST: Final = 2048


def bounds(period: str, at: datetime) -> tuple[datetime, datetime]:
    """Start and end of the UTC day or calendar month that an instant lies in.

    The same as those of the budgets that the routing view enforces.
    """
    if period == "month":
        return month_start(at), month_end(at)
    return day_start(day_of(at)), day_start(day_of(at) + 1)


def burn_rate(*, spent_usd: float, limit_usd: float, elapsed: timedelta, of: timedelta) -> float:
    """What is spent over what an even spending had spent by then.

    A limit of nothing counts as 1e-9, the smallest amount that is counted.
    """
    share = min(max(elapsed, LEAST_ELAPSED) / of, 1.0)
    return spent_usd / (max(limit_usd, 1 / NANO) * share)


def passed_at(at: Ints, nano_usd: Ints, *, before: int, limit: int) -> int | None:
    """When the sum of amounts reaches a limit, in the order of their times; None where it doesn't.

    Times are epoch seconds, amounts 1e-9 US dollars; `before` was spent before the first of them.
    """
    order = np.argsort(at, kind="stable")
    reached = before + np.cumsum(nano_usd[order])
    found = np.flatnonzero((reached >= limit) & (reached > 0))
    return int(at[order][found[0]]) if len(found) else None


@dataclass(frozen=True, slots=True)
class Course:
    """What is spent from `start` on, in hours: `low`, `middle` and `high` are the 10th, 50th and
    90th percentile of the sum up to the end of each hour; shape (hours + 1,), the first is 0.
    """

    method: str
    start: datetime
    low: Array
    middle: Array
    high: Array

    def between(self, since: datetime, until: datetime) -> tuple[float, float, float]:
        """What is spent from `since` to `until`: its 80 % interval about the median."""
        low, middle, high = (
            max(self._sum(curve, until) - self._sum(curve, since), 0.0)
            for curve in (self.low, self.middle, self.high)
        )
        return low, middle, high

    def spends(self, amount_usd: float, *, since: datetime, until: datetime) -> datetime | None:
        """When the median from `since` on reaches an amount; None where not before `until`."""
        target = self._sum(self.middle, since) + amount_usd
        if self._sum(self.middle, until) < target or target <= 0:
            return None
        place = int(np.argmax(self.middle >= target - 1e-12))
        step = float(self.middle[place] - self.middle[place - 1]) if place else 0.0
        part = (target - float(self.middle[place - 1])) / step if step > 0 else 0.0
        return min(max(self.start + (place - 1 + part) * HOUR, since), until)

    def _sum(self, curve: Array, at: datetime) -> float:
        return float(np.interp((at - self.start) / HOUR, np.arange(len(curve)), curve))


class _Kept:
    """Courses by the history they were made from; the longest unused is forgotten."""

    def __init__(self) -> None:
        self._found: OrderedDict[bytes, Course] = OrderedDict()

    def course(self, history: History, *, steps: int, like: History | None, plain: bool) -> Course:
        """The next hours of a history, worked out once."""
        key = blake2b(f"{history.start} {steps} {plain}".encode(), digest_size=16)
        for part in (history, like):
            key.update(b"" if part is None else part.values.tobytes())
        found = self._found.get(key.digest())
        if found is None:
            found = self._found[key.digest()] = _course(
                history, steps=steps, like=like, plain=plain
            )
        self._found.move_to_end(key.digest())
        while len(self._found) > _KEPT_AT_MOST:
            self._found.popitem(last=False)
        return found


_KEPT: Final = _Kept()


def course(
    history: History | None, *, until: datetime, like: History | None = None, plain: bool = False
) -> Course | None:
    """How spending goes on from the end of a history by hours to `until`, or a little later.

    None where nothing is known. `like` is a longer history whose shape a short one may borrow.
    `plain` takes the level of the last week even for the next hours, which is a hundred times
    cheaper.
    """
    if history is None or not (~np.isnan(history.values)).any():
        return None
    steps = max(-(-(until - history.end) // HOUR), 1)
    return _KEPT.course(history, steps=steps, like=like, plain=plain)


@dataclass(frozen=True, slots=True)
class _Paths:
    """Scenarios by hour (futures, hours), their middle, and what they were made from: the steps
    known, and how many of these lie ahead.
    """

    method: str
    scenarios: Array
    weights: Array
    middle: Array
    known: Array
    ahead: int


def _course(history: History, *, steps: int, like: History | None, plain: bool) -> Course:
    windows = _windows(history)
    if steps <= _HOURS_AT_MOST and not plain:
        paths = _by_hours(predict(history, steps=steps, like=like), history, days=1)
    elif len(windows) >= _WEEK:
        return _by_days(history, windows, steps=steps)
    else:
        made = predict(history, steps=min(steps, _DAY_HOURS), like=like)
        paths = _by_hours(made, history, days=-(-steps // _DAY_HOURS))
    scenarios, weights = _spread(paths, steps=steps)
    sums = np.cumsum(scenarios, axis=1)
    low, middle, high = (
        np.concatenate([[0.0], weighted_quantile(sums, weights, level)])
        for level in (LOW, 0.5, HIGH)
    )
    return Course(paths.method, history.end, low, middle, high)


def _by_hours(made: Forecast, history: History, *, days: int) -> _Paths:
    """A forecast by hours; of several days, too few of which are known, each is like the first."""
    return _Paths(
        f"{made.method}, by hours" if days == 1 else f"{made.method}, each day like the next",
        np.tile(made.scenarios, days),
        made.weights,
        np.tile(made.expected, days),
        history.values,
        days * len(made.expected),
    )


def _by_days(history: History, windows: Array, *, steps: int) -> Course:
    """Windows of 24 hours at the level of the last seven, each spread over its hours as known.

    The sum is lognormal. Its error has the noise of single days, and that of the level, which goes
    on as a random walk whose steps are the changes from one week to the next: the mean of the
    next w weeks then differs from that of the last by (1 + w) / 2 times the variance of one change.
    """
    sums = windows.sum(axis=1)
    week = _week(sums)
    level = float((sums / week[: len(sums)])[-_WEEK:].mean())
    days = level * np.tile(week[-_WEEK:], -(-steps // (_WEEK * _DAY_HOURS)))
    path = np.cumsum((days[:, None] * _shape(windows)).ravel()[:steps])
    far = np.maximum(np.arange(1, steps + 1) / _DAY_HOURS, 1.0)
    single = float((sums / np.maximum(level * week[: len(sums)], 1e-300)).std())
    weeks = np.maximum(far / _WEEK, 1.0)
    error = np.sqrt(_weekly_change(sums) * (1 + weeks) / 2 + np.log1p(single**2) / far)
    low, high = (np.maximum.accumulate(path * np.exp(z * error)) for z in (-_Z80, _Z80))
    curves = (np.concatenate([[0.0], curve]) for curve in (low, path, high))
    return Course("level of the last week, by days", history.end, *curves)


def _week(sums: Array) -> Array:
    """What each day is beside an average one, by its place in the week; then the next seven.

    Drawn toward 1 where few weeks tell; 1 below two weeks.
    """
    count = len(sums) // _WEEK
    if count < 2:
        return np.ones(len(sums) + _WEEK)
    weeks = sums[len(sums) - count * _WEEK :].reshape(count, _WEEK)
    mean = float(weeks.mean())
    told = weeks.mean(axis=0) / mean if mean > 0 else np.ones(_WEEK)
    told = 1 + (told - 1) * count / (count + 1)
    told = np.maximum(told, _LEAST_DAY)
    return told[(np.arange(len(sums) + _WEEK) - len(sums)) % _WEEK]


def _weekly_change(sums: Array) -> float:
    """The variance of the logarithm of one week's sum over that of the week before.

    With what is usual counted as two changes beside those known.
    """
    week = np.convolve(sums, np.ones(_WEEK), "valid")
    before, after = week[:-_WEEK], week[_WEEK:]
    both = (before > 0) & (after > 0)
    weight = max(len(sums) / _WEEK - 1, 0.0) if both.any() else 0.0
    told = float((np.log(after[both] / before[both]) ** 2).mean()) if both.any() else 0.0
    return (weight * told + _USUAL_WEIGHT * _USUAL_CHANGE**2) / (weight + _USUAL_WEIGHT)


def _windows(history: History) -> Array:
    """The whole days before the end of a history, shape (days, hours), those of gaps left out."""
    count = len(history.values) // _DAY_HOURS
    last = history.values[len(history.values) - count * _DAY_HOURS :]
    windows = last.reshape(count, _DAY_HOURS)
    return windows[~np.isnan(windows).any(axis=1)]


def _shape(windows: Array) -> Array:
    """What share of a window is spent in each of its hours."""
    sums = windows.sum(axis=0)
    whole = float(sums.sum())
    return sums / whole if whole > 0 else np.full(_DAY_HOURS, 1 / _DAY_HOURS)


def _least_spread(known: Array, *, steps: int) -> float:
    """The least standard deviation of the sum of the next steps, where the history is short.

    That of steps drawn like the known ones, whose mean is known only from them; with a single
    one, they are taken to differ as much as they are large.
    """
    told = known[~np.isnan(known)]
    n = len(told)
    if n >= _SEEN * steps:
        return 0.0
    one = float(told.std(ddof=1)) if n > 1 else float(told.mean())
    return one * (steps * (1 + steps / n)) ** 0.5


def _spread(paths: _Paths, *, steps: int) -> tuple[Array, Array]:
    """The paths of the next steps and their weights.

    Paths too much alike for so short a history give way to a normal spread about the middle.
    """
    scenarios, middle = paths.scenarios[:, :steps], paths.middle[:steps]
    least = _least_spread(paths.known, steps=paths.ahead)
    sums = scenarios.sum(axis=1)
    mean = float(paths.weights @ sums)
    if float(paths.weights @ (sums - mean) ** 2) ** 0.5 >= least:
        return scenarios, paths.weights
    whole = float(middle.sum())
    shape = middle / whole if whole > 0 else np.full(len(middle), 1 / len(middle))
    totals = np.maximum(whole + least * np.array(_LEVELS), 0.0)
    return totals[:, None] * shape, np.full(len(totals), 1 / len(totals))
