"""How many scores to expect: shares by group, whom an evaluator judges, and loads all at once."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from graph.buckets import MEASURE_NAMES
from graph.causes.arrival import HOUR_S
from graph.causes.expected_scores import ExpectedScores, ScoreGrid, expected_scores, score_grid
from graph.frame import Ints, Mask, Scores, SketchColumn, Traffic

MIDNIGHT = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
HOURS = 24 * 8
NOW_S = MIDNIGHT + HOURS * HOUR_S


def traffic_of(
    count: Ints, *, failed: Ints | None = None, recorded_hour: Ints | None = None
) -> Traffic:
    """Cells x hours of requests."""
    cells, hours = count.shape
    hour = np.tile(MIDNIGHT + HOUR_S * np.arange(hours, dtype=np.int64), cells)
    measures = np.zeros((cells * hours, len(MEASURE_NAMES)), dtype=np.int64)
    measures[:, MEASURE_NAMES.index("count")] = count.ravel()
    lost = np.zeros_like(count) if failed is None else failed
    measures[:, MEASURE_NAMES.index("okCount")] = (count - lost).ravel()
    return Traffic(
        cell=np.repeat(np.arange(cells, dtype=np.int64), hours),
        hour=hour,
        recorded_hour=hour if recorded_hour is None else recorded_hour,
        measures=measures,
        latency=SketchColumn(),
        ttft=SketchColumn(),
    )


def scores_of(rows: Sequence[tuple[int, Ints, Ints, int]]) -> Scores:
    """Rows of (cell, hours, recorded hours, evaluator), one score each."""
    sizes = [len(hours) for _, hours, *_ in rows]
    count = np.ones(sum(sizes), dtype=np.int64)
    return Scores(
        cell=np.repeat([cell for cell, *_ in rows], sizes),
        hour=np.concatenate([hours for _, hours, *_ in rows]),
        recorded_hour=np.concatenate([told for _, _, told, _ in rows]),
        evaluator=np.repeat([evaluator for *_, evaluator in rows], sizes),
        count=count,
        sum_nano=count * 800_000_000,
        squares_nano=count * 650_000_000,
    )


def drawn(
    rng: np.random.Generator, count: Ints, *, share: float, delay_hours: float
) -> tuple[Ints, Ints]:
    """Hours of the scored requests of one cell, and when their scores were recorded."""
    hour = np.repeat(
        MIDNIGHT + HOUR_S * np.arange(len(count), dtype=np.int64), rng.binomial(count, share)
    )
    told = hour + rng.integers(0, HOUR_S, len(hour))
    told = told + (rng.exponential(delay_hours * HOUR_S, len(hour))).astype(np.int64)
    return hour, told // HOUR_S * HOUR_S


def known(hour: Ints, told: Ints) -> tuple[Ints, Ints]:
    return hour[told < NOW_S], told[told < NOW_S]


def expectation(
    scores: Scores, traffic: Traffic, *, cells: int, last_hours: int = 24
) -> tuple[ScoreGrid, ExpectedScores, Mask]:
    grid = score_grid(
        scores,
        traffic,
        evaluators=("judge", "reports", "judge"),
        group_of=np.arange(cells, dtype=np.int64),
        groups=cells,
    )
    reference = grid.hours < NOW_S - last_hours * HOUR_S
    found = expected_scores(grid, scores, reference=reference, known_at_s=NOW_S)
    return grid, found, ~reference


def test_each_group_has_its_own_share() -> None:
    rng = np.random.default_rng(1)
    count = np.full((2, HOURS), 50, dtype=np.int64)
    rows = [
        (cell, *known(*drawn(rng, count[cell], share=share, delay_hours=1.0)), 0)
        for cell, share in enumerate((0.5, 0.2))
    ]
    grid, found, inside = expectation(scores_of(rows), traffic_of(count), cells=2)
    assert grid.names == ("judge",)
    assert found.in_all[0][:, inside].sum(axis=1) == pytest.approx([600, 240], rel=0.05)
    by_now = found.by_now()[0][:, inside].sum(axis=1)
    arrived = grid.scores[0][:, inside].sum(axis=1)
    assert by_now == pytest.approx(arrived, rel=0.12)
    assert (by_now < found.in_all[0][:, inside].sum(axis=1)).all()


def test_versions_of_an_evaluator_are_one() -> None:
    rng = np.random.default_rng(1)
    count = np.full((1, HOURS), 50, dtype=np.int64)
    hour, told = drawn(rng, count[0], share=0.5, delay_hours=1.0)
    new = hour >= NOW_S - 24 * HOUR_S
    rows = [(0, *known(hour[~new], told[~new]), 0), (0, *known(hour[new], told[new]), 2)]
    grid, found, inside = expectation(scores_of(rows), traffic_of(count), cells=1)
    assert grid.names == ("judge",)
    assert found.in_all[0][:, inside].sum() == pytest.approx(600, rel=0.05)


def test_reports_are_expected_of_failures_and_the_judges_scores_of_answers() -> None:
    rng = np.random.default_rng(2)
    count = np.full((1, HOURS), 100, dtype=np.int64)
    failed = rng.binomial(8, 0.5, (1, HOURS)).astype(np.int64)
    failed[0, -24:] = 60
    rows = [
        (0, *known(*drawn(rng, (count - failed)[0], share=0.4, delay_hours=0.1)), 0),
        (0, *known(*drawn(rng, failed[0], share=0.5, delay_hours=0.1)), 1),
    ]
    grid, found, inside = expectation(scores_of(rows), traffic_of(count, failed=failed), cells=1)
    assert grid.names == ("judge", "reports")
    judge, reports = found.in_all[:, 0][:, inside].sum(axis=1)
    assert judge == pytest.approx(0.4 * 40 * 24, rel=0.06)
    assert reports == pytest.approx(0.5 * 60 * 24, rel=0.1)


def test_a_load_all_at_once_is_complete() -> None:
    """Requests came live, their scores up to two hours ago in one go: ages mean nothing."""
    rng = np.random.default_rng(3)
    count = np.full((1, HOURS), 100, dtype=np.int64)
    hour, _ = drawn(rng, count[0], share=0.4, delay_hours=0.0)
    seen = hour < NOW_S - 2 * HOUR_S
    scores = scores_of([(0, hour[seen], np.full(int(seen.sum()), NOW_S - 2 * HOUR_S), 0)])
    _, found, inside = expectation(scores, traffic_of(count), cells=1)
    assert (found.arrived[0, inside][:-3] == 1).all()


def test_as_many_scores_as_ever_are_complete_whatever_the_curve_says() -> None:
    """An evaluator that used to take ten hours, and of the last day told everything at once."""
    rng = np.random.default_rng(3)
    count = np.full((1, HOURS), 100, dtype=np.int64)
    hour, told = drawn(rng, count[0], share=0.4, delay_hours=10.0)
    told = np.where(hour >= NOW_S - 24 * HOUR_S, hour, told)
    scores = scores_of([(0, *known(hour, told), 0)])
    _, found, inside = expectation(scores, traffic_of(count), cells=1)
    curve = found.by(NOW_S)[0, inside]
    assert curve.min() < 0.5
    assert (found.arrived[0, inside][curve < 0.85] == 1).all()


def test_a_backfilled_history_teaches_no_delays() -> None:
    rng = np.random.default_rng(4)
    count = np.full((1, HOURS), 100, dtype=np.int64)
    hour, _ = drawn(rng, count[0], share=0.4, delay_hours=0.0)
    load = np.full(HOURS, NOW_S, dtype=np.int64)
    scores = scores_of([(0, hour, np.full_like(hour, NOW_S), 0)])
    grid, found, _ = expectation(scores, traffic_of(count, recorded_hour=load), cells=1)
    assert grid.backfilled[:-2].all()
    assert not found.curves.known[0]
    assert (found.arrived == 1).all()


def test_an_evaluator_without_history_is_expected_nothing_of() -> None:
    rng = np.random.default_rng(5)
    count = np.full((1, HOURS), 100, dtype=np.int64)
    hour, told = known(*drawn(rng, count[0], share=0.4, delay_hours=0.1))
    fresh = hour >= NOW_S - 24 * HOUR_S
    scores = scores_of([(0, hour[fresh], told[fresh], 0)])
    _, found, _ = expectation(scores, traffic_of(count), cells=1)
    assert found.settled[0] == 0
    assert found.in_all.sum() == 0


def test_no_rows_at_all_are_no_hours() -> None:
    grid, found, _ = expectation(Scores(), Traffic(), cells=1)
    assert len(grid.hours) == 0
    assert found.in_all.shape == (0, 1, 0)


def test_one_odd_day_does_not_make_the_counts_look_wild() -> None:
    rng = np.random.default_rng(6)
    count = np.full((1, HOURS), 100, dtype=np.int64)
    hour, told = known(*drawn(rng, count[0], share=0.4, delay_hours=0.1))
    lost = (hour // 86_400 == hour[0] // 86_400 + 3) & (rng.random(len(hour)) < 0.9)
    scores = scores_of([(0, hour[~lost], told[~lost], 0)])
    _, found, _ = expectation(scores, traffic_of(count), cells=1)
    assert found.spread[0] < 12
