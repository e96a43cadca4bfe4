"""Whether a metric changed between two periods by more than it varies anyway. Pure.

The sampling error of a mean, a share or a percentile is widened by what hours and days of this
very metric vary in excess of it (`variation`), learned from everything outside the period in
question. A total has no sampling error: its interval tells how much such totals vary.
"""

import math
from dataclasses import dataclass

import numpy as np

from graph import estimates
from graph.causes.panel import PERCENTILES, Array, Panel, is_total
from graph.causes.variation import (
    Hourly,
    Variation,
    freedom,
    t95,
    variation_of_means,
    variation_of_totals,
)
from graph.estimates import Z95, Estimates
from graph.figures import difference, figure
from graph.frame import Mask
from graph.slices import Metric, Period
from graph.words import counted

LEAST_COUNT = 30
"""Requests (scores) on either side below which nothing is said: a normal interval of a skewed
mean is not worth its name with fewer."""
LEAST_EVENTS = 10
"""Failures on both sides together below which a difference of shares is not called one: a handful
in one bad minute are no independent samples."""
_UNEQUAL = 0.02


@dataclass(frozen=True, slots=True)
class Change:
    """A metric before and after, the 95 % interval of the difference, and what that means.

    `enough` is False where there is too little data to tell, and `changed` then too. `changed`
    is True where the interval leaves out zero. Counts are of requests (for QUALITY, of scores).
    """

    before: float | None
    after: float | None
    delta: float | None
    low: float | None
    high: float | None
    changed: bool
    enough: bool
    words: str
    count_before: int
    count_after: int


@dataclass(frozen=True, slots=True)
class _Side:
    """One period: how many observations count, as how many independent ones, and by the hour."""

    hourly: Hourly
    count: int
    independent: float


def change_of(
    panel: Panel,
    *,
    before: Mask,
    after: Mask,
    compared_to: Period,
    during: Period,
    percentiles: tuple[Estimates, Estimates] | None = None,
    raw_count: Array | None = None,
) -> Change:
    """What changed from the rows of `before` to those of `after`.

    All rows that are not of `after` tell how much the metric varies anyway, so give the panel with
    whatever lies between the periods. A percentile needs its estimates before and after
    (`estimates.percentile`), one row each; the panel then only tells how it varies. `raw_count` is
    how many scores were told per row, where `panel.count` weights them.
    """
    quiet = ~after
    history = Hourly.of(
        panel.hour[quiet], panel.count[quiet], panel.total[quiet], panel.squares[quiet]
    )
    raw = panel.count if raw_count is None else raw_count
    sides = _side(panel, before, raw), _side(panel, after, raw)
    if is_total(panel.metric):
        return _total(panel.metric, sides, history, (compared_to, during))
    usual = variation_of_means(history)
    if panel.metric in PERCENTILES:
        if percentiles is None:
            raise ValueError("a percentile needs its estimates before and after")
        return _percentile(panel.metric, sides, usual, percentiles)
    if panel.metric is Metric.ERROR_RATE:
        return _rate(panel.metric, sides, usual)
    return _mean(panel.metric, sides, usual)


def _side(panel: Panel, rows: Mask, raw_count: Array) -> _Side:
    # What is left out has no weight, however many scores it holds.
    count = panel.count[rows]
    raw = np.where(count > 0, raw_count[rows], 0.0)
    # Kish's effective size of weighted observations.
    squares = float(np.divide(count**2, raw, out=np.zeros_like(count), where=raw > 0).sum())
    n = float(count.sum())
    hourly = Hourly.of(panel.hour[rows], count, panel.total[rows], panel.squares[rows])
    return _Side(hourly, max(round(float(raw.sum())), 0), n**2 / squares if squares > 0 else 0.0)


def _mean(metric: Metric, sides: tuple[_Side, _Side], usual: Variation) -> Change:
    values: list[float] = []
    sampled: list[float] = []
    for side in sides:
        n, total = float(side.hourly.count.sum()), float(side.hourly.total.sum())
        mean = total / n if n > 0 else math.nan
        spread = max(float(side.hourly.squares.sum()) / n - mean**2, 0.0) if n > 0 else math.nan
        m = side.independent
        values.append(mean)
        sampled.append(spread / (m - 1) if m > 1 else math.nan)
    half = _half(sides, usual, tuple(sampled))
    delta = values[1] - values[0]
    return _judged(metric, sides, values, delta, delta - half, delta + half)


def _half(sides: tuple[_Side, _Side], usual: Variation, sampled: tuple[float, ...]) -> float:
    """Half the interval of a difference of means with these sampling variances."""
    of_hours, of_days = (
        sum(part) for part in zip(*(usual.of_mean(side.hourly) for side in sides), strict=True)
    )
    variance = sum(sampled) + of_hours + of_days
    free = freedom(variance, ((of_hours, usual.hour_freedom), (of_days, usual.day_freedom)))
    return t95(free) * math.sqrt(variance)


def _widened(sides: tuple[_Side, _Side], usual: Variation, shares: list[float]) -> list[float]:
    """For each side, how many times wider than by sampling alone an interval of a share is."""
    sampled: list[float] = []
    for side, share in zip(sides, shares, strict=True):
        # Half an event more keeps a share of 0 from having no variance at all.
        m = max(side.independent, 1.0)
        near = min(max(share, 0.5 / m), 1 - 0.5 / m)
        sampled.append(near * (1 - near) / m)
    parts = [usual.of_mean(side.hourly) for side in sides]
    of_hours, of_days = (sum(part) for part in zip(*parts, strict=True))
    free = freedom(
        sum(sampled) + of_hours + of_days,
        ((of_hours, usual.hour_freedom), (of_days, usual.day_freedom)),
    )
    wider = t95(free) / Z95
    return [
        wider * math.sqrt(1 + (hours + days) / alone) if alone > 0 else wider
        for alone, (hours, days) in zip(sampled, parts, strict=True)
    ]


def _rate(metric: Metric, sides: tuple[_Side, _Side], usual: Variation) -> Change:
    counts = [float(side.hourly.count.sum()) for side in sides]
    hits = [float(side.hourly.total.sum()) for side in sides]
    shares = [h / n if n > 0 else math.nan for h, n in zip(hits, counts, strict=True)]
    if not all(counts):
        return _judged(metric, sides, shares, math.nan, math.nan, math.nan)
    widths = _widened(sides, usual, shares)
    told: list[Estimates] = []
    for side, share, width in zip(sides, shares, widths, strict=True):
        # As many independent requests as would give an interval this much wider.
        m = max(side.independent / width**2, 1.0)
        told.append(_wilson(share, m))
    _, low, high = estimates.difference(*told)
    delta = shares[1] - shares[0]
    few = sum(hits) < LEAST_EVENTS and not low[0] <= 0 <= high[0]
    why = f"only {counted(round(sum(hits)), 'failure')} in all" if few else None
    return _judged(metric, sides, shares, delta, float(low[0]), float(high[0]), too_few=why)


def _wilson(share: float, count: float) -> Estimates:
    centre = (share + Z95**2 / (2 * count)) / (1 + Z95**2 / count)
    half = Z95 * math.sqrt(share * (1 - share) / count + Z95**2 / (4 * count**2))
    half /= 1 + Z95**2 / count
    ends = (np.array([max(centre - half, 0.0)]), np.array([min(centre + half, 1.0)]))
    return Estimates(np.array([share]), np.array([round(count)]), *ends)


def _percentile(
    metric: Metric,
    sides: tuple[_Side, _Side],
    usual: Variation,
    percentiles: tuple[Estimates, Estimates],
) -> Change:
    shares = [_share(side) for side in sides]
    widths = _widened(sides, usual, shares) if all(side.count for side in sides) else [1.0, 1.0]
    values = [float(told.value[0]) for told in percentiles]
    wide = [
        Estimates(
            told.value,
            told.count,
            told.value - width * (told.value - told.low),
            told.value + width * (told.high - told.value),
        )
        for told, width in zip(percentiles, widths, strict=True)
    ]
    delta, low, high = (float(end[0]) for end in estimates.difference(*wide))
    unsure = math.isnan(low) or math.isnan(high)
    why = "too few requests lie beyond the percentile" if unsure else None
    return _judged(metric, sides, values, delta, low, high, too_few=why)


def _share(side: _Side) -> float:
    n = float(side.hourly.count.sum())
    return float(side.hourly.total.sum()) / n if n > 0 else 0.0


def _total(
    metric: Metric,
    sides: tuple[_Side, _Side],
    history: Hourly,
    periods: tuple[Period, Period],
) -> Change:
    usual = variation_of_totals(history)
    values = [float(side.hourly.total.sum()) for side in sides]
    parts = [usual.of_total(side.hourly) for side in sides]
    of_hours, of_days = (sum(part) for part in zip(*parts, strict=True))
    variance = of_hours + of_days
    free = freedom(variance, ((of_hours, usual.hour_freedom), (of_days, usual.day_freedom)))
    half = t95(free) * math.sqrt(variance)
    delta = values[1] - values[0]
    lengths = [(period.end - period.start).total_seconds() for period in periods]
    why: str | None = None
    if abs(lengths[1] / lengths[0] - 1) > _UNEQUAL:
        why = "the periods differ in length, so their totals cannot be compared"
    elif sides[0].count < LEAST_COUNT:
        why = f"{counted(sides[0].count, 'request')} before, at least {LEAST_COUNT} are needed"
    return _judged(
        metric, sides, values, delta, delta - half, delta + half, too_few=why, total=True
    )


def _judged(
    metric: Metric,
    sides: tuple[_Side, _Side],
    values: list[float],
    delta: float,
    low: float,
    high: float,
    *,
    too_few: str | None = None,
    total: bool = False,
) -> Change:
    counts = [side.count for side in sides]
    what = "score" if metric is Metric.QUALITY else "request"
    if not total and min(counts) < LEAST_COUNT:
        when = "before" if counts[0] <= counts[1] else "after"
        too_few = f"{counted(min(counts), what)} {when}, at least {LEAST_COUNT} are needed"
    changed = too_few is None and not low <= 0 <= high
    return Change(
        before=estimates.known(values[0]),
        after=estimates.known(values[1]),
        delta=estimates.known(delta),
        low=estimates.known(low),
        high=estimates.known(high),
        changed=changed,
        enough=too_few is None,
        words=_words(metric, values, (low, high), changed=changed, too_few=too_few),
        count_before=counts[0],
        count_after=counts[1],
    )


def _words(
    metric: Metric,
    values: list[float],
    ends: tuple[float, float],
    *,
    changed: bool,
    too_few: str | None,
) -> str:
    if too_few is not None:
        return f"Too little data to tell: {too_few}."
    old, new = (figure(value, metric=metric) for value in values)
    low, high = (difference(end, metric=metric) for end in ends)
    interval = f"95 % interval of the difference {low} to {high}"
    if not changed:
        return f"No change beyond the usual variation: {old} before, {new} after ({interval})."
    verb = "rose" if values[1] > values[0] else "fell"
    return f"{metric.value} {verb} from {old} to {new} ({interval})."
