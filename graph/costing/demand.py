"""How much of each slice was to be expected, were requests weighed by what they usually cost. Pure.

Three questions have to agree before a slice is called busier than usual: is it busier than at like
hours before, is its share of the rest of the fleet greater, and is either by more than such
figures used to be off. So a spike of all traffic makes no slice an anomaly, nor does a Monday.
"""

from dataclasses import dataclass

import numpy as np

from graph.costing.spend import Slices, Spend
from graph.costing.usual import codes, summed
from graph.estimates import Array
from graph.frame import Ints
from graph.slices import Dimension

_DAY_H, _WEEK_H = 24, 168
_EPOCH_WEEKDAY = 3
"""1970 began on a Thursday."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Requests weighed by the usual cost of their kind: by group and hour, and what was expected
    of each slice; `variance` is that of so many independent requests.

    `familiar` tells by hour whether a day of its kind (working day or weekend) was seen in full.
    """

    weighed: Array
    expected: Array
    variance: Array
    familiar: Array


def demand(told: Spend, slices: Slices) -> Demand:
    """What was expected of the slices. NaN in their first day, of which nothing like is known."""
    of, size = codes(told, Dimension.TASK_TYPE, Dimension.TIER)
    cost = summed(told.cost_usd, of, size=size).sum(axis=1)
    count = summed(told.requests, of, size=size).sum(axis=1)
    # The same weights at all hours, so that a price that rises makes no demand.
    weight = (cost / np.maximum(count, 1.0))[of]
    weighed = told.requests * weight[:, None]
    own = slices.sums(weighed)
    whole = weighed.sum(axis=0)
    rest = np.maximum(whole - own, 0.0)
    passed = expected_share(told)
    likely = [(like(own, hours), like(rest, hours)) for hours in _like_hours(told)]
    alone = _greatest([mine for mine, _ in likely]) * passed
    beside = _greatest(
        [mine * rest / np.where(others > 0, others, np.nan) for mine, others in likely]
    )
    expected = np.fmax(alone, beside)
    squares = slices.sums(told.requests * weight[:, None] ** 2).sum(axis=1)
    each = squares / np.maximum(own.sum(axis=1), 1e-12)
    count_of_rest = slices.sums(told.requests)
    count_of_rest = np.maximum(told.requests.sum(axis=0) - count_of_rest, 1.0)
    uses_rest = np.nan_to_num(beside) >= np.nan_to_num(alone)
    variance = np.maximum(expected, each[:, None]) * each[:, None]
    variance = variance + np.where(uses_rest & (rest > 0), expected**2 / count_of_rest, 0.0)
    return Demand(weighed, expected, variance, _familiar(told))


def expected_share(told: Spend) -> Array:
    """How much of each hour's requests was to be expected by now; 1 for hours that are over.

    Told by how like hours before went, in steps of ten minutes.
    """
    share = told.passed.copy()
    steps = told.arrivals.shape[1]
    for hour in np.flatnonzero(told.passed < 1.0).tolist():
        like = [hour - k * _DAY_H for k in range(1, 15) if hour >= k * _DAY_H]
        counts = told.arrivals[like].sum(axis=0) + 1.0
        reached = np.zeros(steps + 1)
        reached[1:] = np.cumsum(counts) / counts.sum()
        over = float(told.passed[hour]) * steps
        share[hour] = np.interp(over, np.arange(steps + 1, dtype=np.float64), reached)
    return share


def _like_hours(told: Spend) -> list[list[Ints]]:
    """Ways to choose hours like each hour: for each, places of hours, -1 where there is none.

    The day before, the days before, those before of its kind (working day or weekend), the week
    and the weeks before, and the day of the month.
    """
    hours = np.arange(told.hours)
    days = [hours - _DAY_H * k for k in (1, 2, 3)]
    weeks = [hours - _WEEK_H * k for k in (1, 2, 3)]
    kind = _days_of_kind(told)
    return [days[:1], days, kind[:1], kind, weeks[:1], weeks, [_month_before(told)]]


def _days_of_kind(told: Spend) -> list[Ints]:
    """The same hour of the last three days of the same kind; -1 where there is none."""
    weekday = (told.hours_s() // 86_400 + _EPOCH_WEEKDAY) % 7
    hours = np.arange(told.hours)
    back = np.zeros((3, told.hours), dtype=np.int64)
    for today in range(7):
        same = [d for d in range(1, 8) if ((today - d) % 7 >= 5) == (today >= 5)]
        same += [d + 7 for d in same]
        for place in range(3):
            back[place, weekday == today] = same[place] * _DAY_H
    return [hours - row for row in back]


def _month_before(told: Spend) -> Ints:
    """The same hour of the same day of the month before, on the first and last days of a month."""
    stamps = told.hours_s()
    days = stamps.astype("datetime64[s]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    of_month = (days - months.astype("datetime64[D]")).astype(np.int64)
    left = ((months + 1).astype("datetime64[D]") - days).astype(np.int64)
    length = (months.astype("datetime64[D]") - (months - 1).astype("datetime64[D]")).astype(int)
    back = np.where(of_month < 3, length, np.where(left <= 2, length, 0))
    place = np.arange(told.hours) - _DAY_H * back
    return np.where(back > 0, place, -1)


def like(values: Array, choices: list[Ints]) -> Array:
    """By row, the mean over the chosen hours that are there, each smoothed with its neighbours."""
    padded = np.concatenate([values[:, :1], values, values[:, -1:]], axis=1)
    smooth = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
    total = np.zeros_like(values)
    count = np.zeros(values.shape[1])
    for places in choices:
        there = places >= 1
        total += np.where(there, smooth[:, np.maximum(places, 0)], 0.0)
        count += there
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _greatest(parts: list[Array]) -> Array:
    return np.fmax.reduce(parts)


def _familiar(told: Spend) -> Array:
    """Whether a whole day of the same kind lies before each hour."""
    days = (told.hours_s() // 86_400 + _EPOCH_WEEKDAY) % 7
    weekend = days >= 5
    seen = np.zeros(told.hours, dtype=np.float64)
    for kind in (True, False):
        same = weekend == kind
        count = np.concatenate([[0], np.cumsum(same)[:-1]])
        seen[same] = (count >= _DAY_H)[same]
    return seen
