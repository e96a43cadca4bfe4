"""When a change began in a slice: its onset as an interval, and whether it stepped or crept.

A slice's hourly means are held against those of the traffic outside it and, by hour of day, against
its own before. What is left is fitted by three shapes: a step, a pulse that ended, a ramp. The
onset's interval holds every instant whose best fit is not clearly worse than the best of all. Pure.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from graph.causes.panel import Array
from graph.frame import Ints, Mask

HOUR_S = 3600
DAY_H = 24
QUARTERS = 4
"""Steps are tried at each quarter of an hour: a first hour that was touched in part tells which."""

LIKELIHOOD_DROP_95 = 7.352
"""How far twice the log-likelihood may fall within a 95 % interval of an instant of change.

Not the 3.84 of a regular parameter: around such an instant the log-likelihood is a random walk with
drift on each side, of which twice the higher top is at most x with probability (1 - exp(-x/2))^2
(Hansen, Econometrica 68, 2000).
"""

LEAST_RAMP_H = 6
"""A rise within fewer hours counts as a step: hourly data can hardly tell."""

_GRID_AT_MOST = 200_000
"""Pairs of onset and end that are tried; of more hours than that, ends are thinned out."""
_MOST_DEPENDENT = 0.8
_EARLIER_AT_MOST = 3
_FREEDOM_AT_LEAST = 30
_LEAST_OF_POOLED = 0.3
"""What hours without any scatter of their own (no error among hundreds) have of the pooled
variance: they are not as certain as they look."""


class Shape(StrEnum):
    """How a change went on after its onset."""

    STEP = "STEP"
    """At once, and it stayed."""
    PULSE = "PULSE"
    """At once, and it ended."""
    RAMP = "RAMP"
    """Little by little, up to a level that stayed, or still growing at the end."""


_PARAMETERS = {Shape.STEP: 2, Shape.PULSE: 3, Shape.RAMP: 2.5}
"""What a shape is free in: its level, where it begins and where it ends. Ends of a ramp that lie
near each other hardly differ, so that one counts for half; simulated steps are then read as another
shape about once in twenty times (tests/graph/causes/test_onset.py)."""


@dataclass(frozen=True, slots=True)
class Hourly:
    """Sums of a metric by hour, oldest first, an hour without data as 0: arrays of one length.

    For the onset of a total (volume, cost) each hour is one observation: `count` 1, `total` the
    hour's, `squares` its square.
    """

    count: Array
    total: Array
    squares: Array


@dataclass(frozen=True, slots=True)
class Onset:
    """When a change began: at `at`, and with 95 % confidence from `low` to `high`.

    `low` and `high` are full hours; `at` is an estimate to a quarter of an hour, as if requests
    came evenly within it. `until` is when a pulse ended or a ramp reached its level (None: not
    within the hours given). `shift` is how far the slice moved in the unit of total / count.
    `gain` is twice the log-likelihood won over "no change", less the price of the shape's freedom;
    below 0 nothing is to be seen, and the interval is most of what was searched.
    """

    at: datetime
    low: datetime
    high: datetime
    until: datetime | None
    shape: Shape
    shift: float
    gain: float


class _Series(NamedTuple):
    """What is fitted, by hour: a value, the variance of its sampling, its weight (0: no data)."""

    value: Array
    variance: Array
    weight: Array


class _Fits(NamedTuple):
    """A shape's fits by onset (in hours from the first) and end: gains and shifts are onsets x
    ends. The end `hours` stands for "not within the hours given".
    """

    onsets: Array
    ends: Ints
    gain: Array
    shift: Array


def onset_of(
    inside: Hourly, *, outside: Hourly | None, hours: Ints, before: Mask, during: Mask
) -> Onset | None:
    """The onset of what changed inside a slice between two periods; None where a side is empty.

    `hours` are epoch seconds, an hour apart without gaps, from the first of `before` to the last
    of `during`; the masks tell which belong to which. The onset is searched from the end of
    `before` to that of `during`, so also in the hours between; only a shift that goes the way the
    slice went and is still on at some time of `during` counts.
    """
    if not (inside.count[before].sum() > 0 and inside.count[during].sum() > 0):
        return None
    started = int(np.argmax(during))
    quiet = np.arange(len(hours)) < started
    series = _beside(_series(inside), outside, quiet=quiet)
    series = _by_hour_of_day(series, hours=hours, quiet=quiet)
    direction = _direction(series, before=before, during=during)
    first = int(np.flatnonzero(before)[-1]) + 1
    series = _without_earlier(series, direction, first=first, started=started)
    # Twice: what the first fit leaves over tells how uneven hours are.
    series = _uneven(series, inside, _fits(series, direction, first=first, started=started))
    fits = _fits(series, direction, first=first, started=started)
    return _read(fits, hours=hours, series=series)


def _series(hourly: Hourly) -> _Series:
    """Hourly means, whose variance is that of single values pooled over all hours."""
    count, some = hourly.count, hourly.count > 0
    value = np.divide(hourly.total, count, out=np.zeros(len(count)), where=some)
    spread = np.maximum(hourly.squares - hourly.total * value, 0.0)[some].sum()
    freedom = np.maximum(count - 1, 0.0).sum()
    whole = float(count.sum())
    centre = float(hourly.total.sum()) / whole if whole else 0.0
    apart = float((count * (value - centre) ** 2).sum()) / whole if whole else 0.0
    # Without two values in any hour only the hours themselves tell; and values that are all the
    # same within hours still get some variance, lest a weight be infinite.
    pooled = float(spread) / freedom if freedom > 0 else apart
    floor = 1e-12 + 1e-6 * apart
    variance = np.divide(max(pooled, floor), count, out=np.ones(len(count)), where=some)
    return _Series(value, variance, np.where(some, 1 / variance, 0.0))


def _mean(series: _Series, where: Mask) -> float:
    weight = series.weight[where]
    return float((weight * series.value[where]).sum() / weight.sum())


def _direction(series: _Series, *, before: Mask, during: Mask) -> float | None:
    """Which way the slice went, by its sign; None where it is where it was but for rounding."""
    moved = _mean(series, during) - _mean(series, before)
    scale = float(np.abs(series.value[series.weight > 0]).max())
    return moved if abs(moved) > 1e-9 * scale else None


def _beside(series: _Series, outside: Hourly | None, *, quiet: Mask) -> _Series:
    """The slice less what it shares with the traffic outside, hour by hour.

    How much of the outside's moves it shares is learned from hours before the period in question,
    as the best linear prediction: covariance over variance, 0 to 1. A control that moves on its
    own, or is too thin to tell, so does no harm.
    """
    if outside is None or not (outside.count[quiet].sum() > 0):
        return series
    control = _series(outside)
    both = quiet & (series.weight > 0) & (control.weight > 0)
    if both.sum() < DAY_H / 2:
        return series
    weight = np.sqrt(series.weight * control.weight) * both
    moves = np.where(control.weight > 0, control.value - _mean(control, both), 0.0)
    own = series.value - _mean(series, both)
    shared = max(float((weight * own * moves).sum() / weight.sum()), 0.0)
    noise = np.where(control.weight > 0, control.variance, 0.0)
    swing = float((weight * (moves**2 - noise)).sum() / weight.sum())
    lean = np.clip(shared / (max(swing, shared) + noise + 1e-300), 0.0, 1.0)
    return series._replace(value=series.value - lean * moves)


def _by_hour_of_day(series: _Series, *, hours: Ints, quiet: Mask) -> _Series:
    """The slice less its own daily pattern, as far as days before agree on one.

    Each day is told against its own mean, so that a level that moved between days is no pattern;
    the pattern is shrunk by what the same hours of different days have in common (the covariance
    between days over the variance of their mean).
    """
    day = np.arange(len(hours)) // DAY_H
    clock = (hours // HOUR_S % DAY_H).astype(np.int64)
    weight = series.weight * quiet
    by_day = np.bincount(day, weight)
    means = np.bincount(day, weight * series.value) / np.maximum(by_day, 1e-300)
    off = series.value - means[day]
    told = np.bincount(clock, weight, minlength=DAY_H)
    sums = np.bincount(clock, weight * off, minlength=DAY_H)
    pairs = told**2 - np.bincount(clock, weight**2, minlength=DAY_H)
    products = sums**2 - np.bincount(clock, (weight * off) ** 2, minlength=DAY_H)
    if not pairs.sum() > 1e-9 * (told**2).sum():
        return series  # less than two days
    common = max(float(products.sum() / pairs.sum()), 0.0)
    pattern = sums / np.maximum(told, 1e-300) * common / (common + 1 / np.maximum(told, 1e-300))
    return series._replace(value=series.value - pattern[clock])


def _without_earlier(
    series: _Series, direction: float | None, *, first: int, started: int
) -> _Series:
    """The series without the hours of what came and went before the period in question.

    A pulse that was over by then, either way, is no onset of what is asked about; where it stands
    out more than anything that is, its hours are taken for missing.
    """
    onsets = np.arange(first, started, dtype=np.float64)
    ends = _thinned(np.arange(first + 1, started), onsets)
    for _ in range(_EARLIER_AT_MOST if len(ends) else 0):
        price = _price(series)
        over = {Shape.PULSE: _Tails(series).steps(onsets, ends, None)}
        asked = _fits(series, direction, first=first, started=started)
        if _worth(over, price=price) <= max(_worth(asked, price=price), 0.0):
            break
        pulse = _best(over, price=price)
        missing = _profile(pulse, len(series.value)) > 0
        series = series._replace(weight=np.where(missing, 0.0, series.weight))
    return series


def _worth(fits: dict[Shape, _Fits], *, price: float) -> float:
    """What the best of some fits wins, less the price of its freedom."""
    return max(float(f.gain.max(initial=0.0)) - price * _PARAMETERS[s] for s, f in fits.items())


def _fits(
    series: _Series, direction: float | None, *, first: int, started: int
) -> dict[Shape, _Fits]:
    """Every shape at every onset from `first` on; what a shape leaves before is one level."""
    size = len(series.value)
    onsets = np.arange(first, size)
    steps = (onsets[:, None] + np.arange(QUARTERS) / QUARTERS).ravel()
    after = np.arange(max(started, first) + 1, size)
    after = _thinned(after, steps)
    tops = _thinned(np.arange(first + LEAST_RAMP_H, size + 1), onsets)
    never = np.array([size])
    tails = _Tails(series)
    return {
        Shape.STEP: tails.steps(steps, never, direction),
        Shape.PULSE: tails.steps(steps, after, direction),
        Shape.RAMP: tails.ramps(onsets, tops, direction),
    }


def _thinned(ends: Ints, onsets: Array | Ints) -> Ints:
    """Every so-manieth end, counted from the last, so that the pairs stay within bounds."""
    stride = 1 + len(ends) * len(onsets) // _GRID_AT_MOST
    return ends[::-1][::stride][::-1]


class _Tails:
    """Sums from each hour to the last, of which every fit is made in a few operations.

    A fit regresses the value (less its mean) on one column x, with one level for all: what it wins
    is Sxy^2 / (Sxx - Sx^2 / W).
    """

    def __init__(self, series: _Series) -> None:
        weight = series.weight
        self.whole = float(weight.sum())
        self.weight = np.append(weight, 0.0)
        self.pull = np.append(weight * (series.value - (weight @ series.value) / self.whole), 0.0)
        hour: Array = np.arange(len(weight) + 1, dtype=np.float64) + 0.5
        powers: tuple[Array, ...] = (np.ones(len(hour)), hour, hour * hour)
        self.sums = [(self._tail(self.weight * p), self._tail(self.pull * p)) for p in powers]

    def _tail(self, values: Array) -> Array:
        return np.cumsum(values[::-1])[::-1]

    def steps(self, onsets: Array, ends: Ints, direction: float | None) -> _Fits:
        """x is 1 from the onset to the end, and the part of its hour in the onset's own."""
        hour = onsets.astype(np.int64)
        part = 1 - (onsets - hour)
        weight, pull = self.sums[0]
        w, y = self.weight[hour], self.pull[hour]
        sx = (weight[hour] - (1 - part) * w)[:, None] - weight[ends]
        sxx = (weight[hour] - (1 - part**2) * w)[:, None] - weight[ends]
        sxy = (pull[hour] - (1 - part) * y)[:, None] - pull[ends]
        return self._won(onsets, ends, (sx, sxx, sxy), direction, valid=hour[:, None] < ends)

    def ramps(self, onsets: Ints, ends: Ints, direction: float | None) -> _Fits:
        """x rises from 0 at the onset to 1 at the end: the difference of two that never stop."""
        weight_on, squares_on, pull_on = self._rise(onsets)
        weight_end, squares_end, pull_end = self._rise(ends)
        length = (ends - onsets[:, None]).astype(np.float64)
        valid = length >= LEAST_RAMP_H
        length = np.where(valid, length, 1.0)
        sx = (weight_on[:, None] - weight_end) / length
        sxy = (pull_on[:, None] - pull_end) / length
        # Past the end the first rise is the second plus the length.
        sxx = squares_on[:, None] - squares_end - 2 * length * weight_end
        return self._won(
            onsets.astype(np.float64), ends, (sx, sxx / length**2, sxy), direction, valid=valid
        )

    def _rise(self, start: Ints) -> tuple[Array, Array, Array]:
        """Sums of (hour - start), of its squares, and of the value times it, from `start` on."""
        (w0, y0), (w1, y1), (w2, _) = self.sums[0], self.sums[1], self.sums[2]
        return (
            w1[start] - start * w0[start],
            w2[start] - 2 * start * w1[start] + start**2 * w0[start],
            y1[start] - start * y0[start],
        )

    def _won(
        self,
        onsets: Array,
        ends: Ints,
        sums: tuple[Array, Array, Array],
        direction: float | None,
        *,
        valid: Mask,
    ) -> _Fits:
        sx, sxx, sxy = sums
        rest = sxx - sx**2 / self.whole
        # A column that tells nothing (no data on one side of it) wins nothing.
        valid = valid & (rest > 1e-9 * self.whole)
        shift = np.divide(sxy, rest, out=np.zeros(sxy.shape), where=valid)
        if direction is not None:
            valid &= shift * direction > 0
        return _Fits(onsets, ends, np.where(valid, shift * sxy, 0.0), np.where(valid, shift, 0.0))


class _Best(NamedTuple):
    shape: Shape
    onset: float
    end: int
    shift: float


def _best(fits: dict[Shape, _Fits], *, price: float) -> _Best:
    """The fit that wins most for its freedom, each parameter costing `price`."""
    tops = {s: float(f.gain.max(initial=0.0)) - price * _PARAMETERS[s] for s, f in fits.items()}
    shape = max(tops, key=lambda name: tops[name])
    fit = fits[shape]
    # The earliest of equals: where hours cannot tell, a whole one was touched.
    equal = fit.gain >= fit.gain.max() * (1 - 1e-9)
    row, column = np.unravel_index(int(np.argmax(equal)), equal.shape)
    return _Best(
        shape, float(fit.onsets[row]), int(fit.ends[column]), float(fit.shift[row, column])
    )


def _profile(best: _Best, size: int) -> Array:
    """How much of its shift a fit has in each hour, 0 to 1."""
    hour = np.arange(size, dtype=np.float64)
    if best.shape is Shape.RAMP:
        return np.clip((hour + 0.5 - best.onset) / (best.end - best.onset), 0.0, 1.0)
    return np.clip(hour + 1 - best.onset, 0.0, 1.0) * (hour < best.end)


def _left(series: _Series, best: _Best) -> Array:
    """What a fit leaves over, hour by hour."""
    off = series.value - best.shift * _profile(best, len(series.value))
    return off - (series.weight @ off) / series.weight.sum()


def _price(series: _Series) -> float:
    """What a parameter costs: the logarithm of how many hours tell (Schwarz 1978)."""
    return float(np.log(max(int((series.weight > 0).sum()), 2)))


def _uneven(series: _Series, hourly: Hourly, fits: dict[Shape, _Fits]) -> _Series:
    """The series weighted anew by what the best fit tells of its noise.

    Single values have another variance from the best step on than before it: an error rate of 0.3
    scatters more than one of 0.01. And hours may differ by more than sampling: the variance between
    them is what the best fit leaves over beyond it (by moments; DerSimonian and Laird 1986).
    """
    best = _best(fits, price=_price(series))
    step = _best({Shape.STEP: fits[Shape.STEP]}, price=0.0)
    moved = _profile(step, len(series.value)) >= 0.5
    variance = series.variance.copy()
    for hours in (moved, ~moved):
        some = hours & (hourly.count > 0)
        freedom = float(np.maximum(hourly.count[some] - 1, 0.0).sum())
        if freedom >= _FREEDOM_AT_LEAST:
            means = hourly.total[some] / hourly.count[some]
            spread = float((hourly.squares[some] - hourly.total[some] * means).sum()) / freedom
            pooled = variance[some] * hourly.count[some]
            variance[some] = np.maximum(spread, _LEAST_OF_POOLED * pooled) / hourly.count[some]
    weight = np.where(series.weight > 0, 1 / variance, 0.0)
    series = _Series(series.value, variance, weight)
    left = float(weight @ _left(series, best) ** 2)
    hours_told = int((weight > 0).sum())
    if float(np.maximum(hourly.count - 1, 0.0).sum()) < _FREEDOM_AT_LEAST:
        # Totals by hour, say: nothing within hours tells of noise, so only what is left over does.
        return series._replace(weight=weight * hours_told / max(left, 1e-6))
    excess = left - (hours_told - 3)
    scale = float(weight.sum() - (weight @ weight) / weight.sum())
    between = max(excess / scale, 0.0) if scale > 0 else 0.0
    return series._replace(weight=np.where(weight > 0, 1 / (variance + between), 0.0))


def _dependence(series: _Series, best: _Best) -> float:
    """By how much hours that resemble their neighbours tell less than they seem to: the long-run
    variance of what the best fit leaves over, to its own (as Bai, REStat 79, 1997, asks for).
    """
    left = _left(series, best) * np.sqrt(series.weight)
    power = float(left @ left)
    alike = float(left[1:] @ left[:-1]) / power if power > 1e-6 else 0.0
    alike = min(max(alike, 0.0), _MOST_DEPENDENT)
    return (1 + alike) / (1 - alike)


def _read(fits: dict[Shape, _Fits], *, hours: Ints, series: _Series) -> Onset:
    """The best fit, and the hull of all onsets that are not clearly worse, whatever the shape."""
    price = _price(series)
    dependence = _dependence(series, _best(fits, price=price))
    fits = {shape: fit._replace(gain=fit.gain / dependence) for shape, fit in fits.items()}
    best = _best(fits, price=price)
    profiles = {
        shape: fit.gain.max(axis=1, initial=0.0) - price * _PARAMETERS[shape]
        for shape, fit in fits.items()
    }
    top = max(float(profile.max()) for profile in profiles.values())
    near = np.concatenate(
        [
            fits[shape].onsets[profile >= top - LIKELIHOOD_DROP_95]
            for shape, profile in profiles.items()
        ]
    )
    half = 1 / (2 * QUARTERS)  # each quarter stands for what is nearest to it

    def instant(place: float) -> datetime:
        return datetime.fromtimestamp(int(hours[0]) + place * HOUR_S, UTC)

    return Onset(
        at=instant(best.onset),
        low=instant(float(np.floor(near.min() - half))),
        high=instant(float(np.ceil(near.max() + half))),
        until=instant(best.end) if best.end < len(hours) else None,
        shape=best.shape,
        shift=best.shift,
        gain=top,
    )
