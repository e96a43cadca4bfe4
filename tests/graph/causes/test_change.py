"""Did it change: intervals that hold what they promise, and data too thin to say anything."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from graph import estimates
from graph.causes.change import Change, change_of
from graph.causes.panel import Array, Panel, Units
from graph.estimates import Estimates
from graph.frame import Ints
from graph.sketch import GroupedBins, bin_of
from graph.slices import Metric, Period

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 15
HOURS = 24 * DAYS
HOUR = int(MONDAY.timestamp()) + 3600 * np.arange(HOURS, dtype=np.int64)
OF_DAY = np.arange(HOURS) // 24
DAILY = np.sin(np.arange(HOURS) / 24 * 2 * np.pi)
WEEKEND = OF_DAY % 7 >= 5


def panel(metric: Metric, count: Array, total: Array, squares: Array) -> Panel:
    unit = np.zeros(len(count), dtype=np.int64)
    units = Units(("tenant",), (("t",),), np.zeros((1, 1), dtype=np.int64))
    none = np.zeros(len(count))
    return Panel(metric, units, unit, HOUR[: len(count)], count, total, squares, count, none, none)


def asked(rows: Panel, *, days: float = 1.0, raw: Array | None = None) -> Change:
    """The last `days` against the same hours of the week before."""
    end = int(rows.hour[-1]) + 3600
    length = round(days * 24) * 3600
    start, week = end - length, 7 * 24 * 3600
    after = rows.hour >= start
    before = (rows.hour >= start - week) & (rows.hour < end - week)
    periods = [
        Period(*(datetime.fromtimestamp(s, UTC) for s in ends))
        for ends in ((start - week, end - week), (start, end))
    ]
    return change_of(
        rows,
        before=before,
        after=after,
        compared_to=periods[0],
        during=periods[1],
        raw_count=raw,
    )


def scores(rng: np.random.Generator, *, of_hour: float = 0.0, of_day: float = 0.0) -> Panel:
    n = rng.poisson(30 * (1 + 0.6 * DAILY) * np.where(WEEKEND, 0.7, 1.0)).astype(np.float64)
    level = 0.8 + 0.03 * DAILY + np.where(WEEKEND, 0.02, 0.0)
    level = level + of_hour * rng.standard_normal(HOURS)
    level = level + (of_day * rng.standard_normal(DAYS))[OF_DAY]
    total = n * level + np.sqrt(n) * 0.12 * rng.standard_normal(HOURS)
    squares = np.where(n > 0, total**2 / np.maximum(n, 1) + np.maximum(n - 1, 0) * 0.12**2, 0.0)
    return panel(Metric.QUALITY, n, total, squares)


def failures(rng: np.random.Generator, *, of_hour: float = 0.0) -> Panel:
    n = rng.poisson(60 * (1 + 0.6 * DAILY)).astype(np.int64)
    share = 0.03 * (1 + 0.4 * DAILY) * np.exp(of_hour * rng.standard_normal(HOURS))
    hits = rng.binomial(n, share.clip(0, 1)).astype(np.float64)
    return panel(Metric.ERROR_RATE, n.astype(np.float64), hits, hits)


def volume(rng: np.random.Generator, *, of_hour: float = 0.0, of_day: float = 0.0) -> Panel:
    level = np.exp(of_hour * rng.standard_normal(HOURS))
    level = level * np.exp(of_day * rng.standard_normal(DAYS))[OF_DAY]
    n = rng.poisson(40 * (1 + 0.6 * DAILY) * np.where(WEEKEND, 0.7, 1.0) * level)
    rows = n.astype(np.float64)
    return panel(Metric.VOLUME, rows, rows, rows)


def changed(told: list[Change]) -> float:
    assert all(change.enough for change in told)
    return sum(change.changed for change in told) / len(told)


@pytest.mark.parametrize("days", [0.25, 1, 3, 7])
@pytest.mark.parametrize(("of_hour", "of_day"), [(0.0, 0.0), (0.03, 0.0), (0.0, 0.01)])
def test_quiet_means_seldom_change(days: float, of_hour: float, of_day: float) -> None:
    rng = np.random.default_rng(11)
    quiet = [asked(scores(rng, of_hour=of_hour, of_day=of_day), days=days) for _ in range(150)]
    # 5 % are allowed; 150 draws of that are at most 10 % in 99 of 100 cases.
    assert changed(quiet) <= 0.1


@pytest.mark.parametrize("days", [1, 7])
@pytest.mark.parametrize("of_hour", [0.0, 0.4])
def test_quiet_rates_seldom_change(days: float, of_hour: float) -> None:
    rng = np.random.default_rng(12)
    quiet = [asked(failures(rng, of_hour=of_hour), days=days) for _ in range(150)]
    assert changed(quiet) <= 0.1


@pytest.mark.parametrize("days", [1, 7])
@pytest.mark.parametrize(("of_hour", "of_day"), [(0.0, 0.0), (0.2, 0.0), (0.0, 0.1)])
def test_quiet_totals_seldom_change(days: float, of_hour: float, of_day: float) -> None:
    rng = np.random.default_rng(13)
    quiet = [asked(volume(rng, of_hour=of_hour, of_day=of_day), days=days) for _ in range(150)]
    assert changed(quiet) <= 0.1


def test_without_overdispersion_counted_in_the_false_alarms_would_be_many() -> None:
    """The same quiet means, judged as independent scores: why the widening is there."""
    rng = np.random.default_rng(11)
    naive = 0
    for _ in range(100):
        rows = scores(rng, of_hour=0.03, of_day=0.02)
        sides = [rows.take((rows.hour // 86_400) % 14 == day) for day in (4, 11)]
        told = [
            estimates.mean(*(np.array([a.sum()]) for a in (s.count, s.total, s.squares)))
            for s in sides
        ]
        _, low, high = estimates.difference(*told)
        naive += not low[0] <= 0 <= high[0]
    assert naive >= 25


def test_a_drop_is_found_and_its_size_covered() -> None:
    rng = np.random.default_rng(14)
    fell = OF_DAY == DAYS - 1
    told: list[Change] = []
    for _ in range(100):
        rows = scores(rng, of_hour=0.02)
        told.append(asked(replace(rows, total=rows.total - 0.05 * fell * rows.count)))
    assert changed(told) >= 0.95
    covered = sum((c.low or 0) <= -0.05 <= (c.high or 0) for c in told)
    assert covered >= 90


def test_a_drop_in_the_last_hours_alone_is_not_lost_in_its_own_variation() -> None:
    rows = scores(np.random.default_rng(15))
    late = np.arange(HOURS) >= HOURS - 6
    told = asked(replace(rows, total=rows.total - 0.3 * late * rows.count))
    assert told.changed
    assert told.words.startswith("QUALITY fell from 0.8")


def test_values_are_those_of_the_sums() -> None:
    rows = scores(np.random.default_rng(16))
    told = asked(rows, days=3)
    after = rows.hour >= rows.hour[-1] + 3600 - 3 * 86_400
    assert told.after == pytest.approx(rows.total[after].sum() / rows.count[after].sum(), abs=1e-12)
    assert told.count_after == rows.count[after].sum()
    assert told.before is not None
    assert told.delta == pytest.approx((told.after or 0) - told.before, abs=1e-12)


def test_weighted_scores_count_as_the_fewer_that_they_are() -> None:
    rows = scores(np.random.default_rng(17))
    weight = np.where(np.arange(HOURS) >= HOURS - 24, 4.0, 1.0)
    weighted = replace(
        rows, count=rows.count * weight, total=rows.total * weight, squares=rows.squares * weight
    )
    plain, heavy = asked(rows), asked(weighted, raw=rows.count)
    assert heavy.count_after == plain.count_after
    assert heavy.delta == pytest.approx(plain.delta)
    assert (heavy.high or 0) - (heavy.low or 0) == pytest.approx(
        (plain.high or 0) - (plain.low or 0), rel=0.05
    )


def test_scores_left_out_are_not_counted() -> None:
    rows = scores(np.random.default_rng(17))
    kept = np.where(np.arange(HOURS) >= HOURS - 6, 0.0, 1.0)
    left = replace(
        rows, count=rows.count * kept, total=rows.total * kept, squares=rows.squares * kept
    )
    told = asked(left, raw=rows.count)
    assert told.count_after == rows.count[HOURS - 24 : HOURS - 6].sum()


def test_too_few_scores_are_too_few_to_tell() -> None:
    n = np.where(np.arange(HOURS) % 24 == 12, 20.0, 0.0)
    told = asked(panel(Metric.QUALITY, n, 0.8 * n, 0.64 * n))
    assert (told.enough, told.changed) == (False, False)
    assert told.words == "Too little data to tell: 20 scores before, at least 30 are needed."


def test_no_data_has_no_value() -> None:
    none = np.zeros(HOURS)
    for metric in (Metric.QUALITY, Metric.ERROR_RATE, Metric.LATENCY_MEAN):
        told = asked(panel(metric, none, none, none))
        assert (told.before, told.after, told.delta, told.low, told.high) == (None,) * 5
        assert not told.enough


def test_a_handful_of_failures_is_no_change() -> None:
    n = np.full(HOURS, 50.0)
    hits = np.where(np.arange(HOURS) == HOURS - 2, 7.0, 0.0)
    told = asked(panel(Metric.ERROR_RATE, n, hits, hits))
    assert (told.enough, told.changed) == (False, False)
    assert "only 7 failures" in told.words


def test_a_rate_that_stays_zero_did_not_change() -> None:
    n, none = np.full(HOURS, 50.0), np.zeros(HOURS)
    told = asked(panel(Metric.ERROR_RATE, n, none, none))
    assert (told.enough, told.changed, told.delta) == (True, False, 0.0)


def test_a_rise_of_failures_is_found() -> None:
    rows = failures(np.random.default_rng(18))
    more = np.where(OF_DAY == DAYS - 1, np.round(0.05 * rows.count), 0.0)
    told = asked(replace(rows, total=rows.total + more, squares=rows.squares + more))
    assert told.changed
    assert (told.low or 0) > 0.02


def percentile_of(values: Array) -> Estimates:
    index: Ints = np.array([bin_of(v) for v in values], dtype=np.int64)
    ones = np.ones(len(values), dtype=np.int64)
    bins = GroupedBins(np.zeros(len(values), dtype=np.int64), index, ones, groups=1)
    return estimates.percentile(bins, 0.95)


def latencies(
    rng: np.random.Generator, *, factor: float = 1.0, per_hour: int = 60
) -> tuple[Panel, tuple[Estimates, Estimates]]:
    slow = np.where(OF_DAY == DAYS - 1, factor, 1.0)
    ms = 400 * np.exp(0.5 * rng.standard_normal((HOURS, per_hour))) * slow[:, None]
    sides = [percentile_of(ms[day == OF_DAY].ravel()) for day in (DAYS - 8, DAYS - 1)]
    above = (ms > float(sides[0].value[0])).sum(axis=1).astype(np.float64)
    n = np.full(HOURS, float(per_hour))
    rows = panel(Metric.LATENCY_P95, n, above, above)
    return rows, (sides[0], sides[1])


def asked_percentile(rows: Panel, sides: tuple[Estimates, Estimates]) -> Change:
    days = [MONDAY + timedelta(days=day) for day in (DAYS - 8, DAYS - 7, DAYS - 1, DAYS)]
    return change_of(
        rows,
        before=OF_DAY == DAYS - 8,
        after=OF_DAY == DAYS - 1,
        compared_to=Period(days[0], days[1]),
        during=Period(days[2], days[3]),
        percentiles=sides,
    )


def test_quiet_percentiles_seldom_change_and_slow_ones_do() -> None:
    rng = np.random.default_rng(19)
    quiet = [asked_percentile(*latencies(rng)) for _ in range(60)]
    assert changed(quiet) <= 0.1
    rows, sides = latencies(rng, factor=1.3)
    slower = asked_percentile(rows, sides)
    assert slower.changed
    assert (slower.before, slower.after) == tuple(float(side.value[0]) for side in sides)


def test_a_percentile_of_few_requests_is_too_little() -> None:
    rows, sides = latencies(np.random.default_rng(20), per_hour=2)
    told = asked_percentile(rows, sides)
    assert not told.enough
    assert told.low is None or told.high is None


def test_a_percentile_needs_its_estimates() -> None:
    rows, _ = latencies(np.random.default_rng(20), per_hour=2)
    with pytest.raises(ValueError, match="estimates"):
        asked(rows)


def test_volume_that_doubles_changed_and_its_delta_is_exact() -> None:
    rows = volume(np.random.default_rng(21))
    twice = np.where(OF_DAY == DAYS - 1, 2.0, 1.0)
    told = asked(replace(rows, total=rows.total * twice, squares=rows.squares * twice))
    assert told.changed
    assert told.delta == (rows.total * twice)[-24:].sum() - rows.total[-192:-168].sum()


def test_volume_that_stops_changed() -> None:
    rows = volume(np.random.default_rng(22))
    kept = rows.take(OF_DAY < DAYS - 1)
    start = MONDAY + timedelta(days=DAYS - 1)
    told = change_of(
        kept,
        before=kept.hour // 86_400 == kept.hour[-1] // 86_400 - 6,
        after=np.zeros(len(kept.hour), dtype=np.bool_),
        compared_to=Period(start - timedelta(days=7), start - timedelta(days=6)),
        during=Period(start, start + timedelta(days=1)),
    )
    assert told.changed
    assert told.after == 0


def test_totals_of_periods_of_different_length_are_not_compared() -> None:
    rows = volume(np.random.default_rng(22))
    start = MONDAY + timedelta(days=DAYS - 1)
    told = change_of(
        rows,
        before=OF_DAY < DAYS - 1,
        after=OF_DAY == DAYS - 1,
        compared_to=Period(MONDAY, start),
        during=Period(start, start + timedelta(days=1)),
    )
    assert not told.enough
    assert "differ in length" in told.words


def test_the_order_of_rows_does_not_matter() -> None:
    rows = scores(np.random.default_rng(23), of_hour=0.02)
    order = np.random.default_rng(1).permutation(HOURS)
    day = OF_DAY[order]
    shuffled = replace(
        rows,
        hour=rows.hour[order],
        count=rows.count[order],
        total=rows.total[order],
        squares=rows.squares[order],
    )
    periods = [MONDAY + timedelta(days=d) for d in (DAYS - 8, DAYS - 7, DAYS - 1, DAYS)]
    told = change_of(
        shuffled,
        before=day == DAYS - 8,
        after=day == DAYS - 1,
        compared_to=Period(periods[0], periods[1]),
        during=Period(periods[2], periods[3]),
    )
    straight = asked(rows)
    assert told.low == pytest.approx(straight.low, abs=1e-12)
    assert told.changed == straight.changed
