"""Until when scores are in: late evaluators move windows back, stopped ones leave them open."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from graph.buckets import MEASURE_NAMES
from graph.frame import Ints, Scores, SketchColumn, Traffic
from graph.objectives.readiness import ScoreArrival, score_arrival
from graph.slices import Period

T0 = datetime(2026, 9, 1, tzinfo=UTC)
NOW = T0 + timedelta(days=10, minutes=30)
HOUR_S = 3600
PER_HOUR = 60


def told(*, delay_hours: float, judged: float = 0.5, silent_from: datetime = NOW) -> ScoreArrival:
    """Ten days of steady traffic, half of it scored after exponential delays."""
    rng = np.random.default_rng(4)
    hours = np.arange(int(T0.timestamp()), int(NOW.timestamp()), HOUR_S, dtype=np.int64)
    at = np.repeat(hours, PER_HOUR) + rng.integers(0, HOUR_S, len(hours) * PER_HOUR)
    scored = at[rng.random(len(at)) < judged]
    recorded = scored + (rng.exponential(delay_hours * HOUR_S, len(scored))).astype(np.int64)
    seen = (recorded < NOW.timestamp()) & (recorded < silent_from.timestamp())
    return score_arrival(
        rows(scored[seen], recorded[seen]),
        requests(hours),
        evaluators=["judge"],
        tier_of=["free"],
        known_at=NOW,
    )


def rows(at: Ints, recorded: Ints) -> Scores:
    pairs, count = np.unique(
        np.stack([at // HOUR_S * HOUR_S, recorded // HOUR_S * HOUR_S]), axis=1, return_counts=True
    )
    none = np.zeros(len(count), dtype=np.int64)
    return Scores(none, pairs[0], pairs[1], none, count.astype(np.int64), none, none)


def requests(hours: Ints) -> Traffic:
    measures = np.zeros((len(hours), len(MEASURE_NAMES)), dtype=np.int64)
    for name in ("count", "okCount"):
        measures[:, MEASURE_NAMES.index(name)] = PER_HOUR
    none = np.zeros(len(hours), dtype=np.int64)
    return Traffic(none, hours, hours, measures, SketchColumn(), SketchColumn())


def before(end: datetime, **length: float) -> Period:
    return Period(end - timedelta(**length), end)


def test_prompt_scores_are_judged_up_to_the_last_hour() -> None:
    arrival = told(delay_hours=0.01)
    assert arrival.ready_until(NOW) >= NOW - timedelta(minutes=90)
    assert arrival.complete(before(NOW, days=3)) > 0.97


def test_late_scores_move_the_windows_back() -> None:
    arrival = told(delay_hours=6)
    end = arrival.ready_until(NOW)
    # Nine in ten are in after 6 * ln(10) = 13.8 hours.
    assert timedelta(hours=11) < NOW - end < timedelta(hours=18)
    assert end == end.replace(minute=0)
    assert arrival.complete(before(NOW, hours=1)) < 0.2
    assert arrival.complete(before(end, hours=1)) >= 0.88
    assert arrival.complete(before(end, days=3)) > 0.97


def test_a_past_instant_whose_scores_are_all_in_is_judged_as_it_is() -> None:
    asked = NOW - timedelta(days=4)
    assert told(delay_hours=6).ready_until(asked) == asked


def test_an_evaluator_that_stopped_leaves_the_windows_open() -> None:
    arrival = told(delay_hours=1, silent_from=NOW - timedelta(hours=30))
    end = arrival.ready_until(NOW)
    assert arrival.complete(before(end, hours=6)) < 0.1
    assert arrival.complete(before(end, days=7)) == pytest.approx(1 - 27 / 168, abs=0.05)


def test_where_nobody_scores_nothing_is_awaited() -> None:
    arrival = told(delay_hours=1, judged=0.0)
    assert arrival.ready_until(NOW) == NOW
    assert arrival.complete(before(NOW, days=3)) == 1.0


def test_steps_tell_what_is_in_and_what_stopped() -> None:
    stopped = NOW - timedelta(hours=30)
    arrival = told(delay_hours=6, judged=0.05, silent_from=stopped)
    hours = arrival.grid.hours
    steps = np.arange(len(hours), dtype=np.int64)
    asked = hours >= NOW.timestamp() - 4 * 86_400
    in_by_now, due = arrival.by_step(steps, asked, count=len(hours), step_s=HOUR_S)
    assert due[0, ~asked].sum() == 0
    assert due[0, asked] == pytest.approx(PER_HOUR * 0.05, rel=0.3)
    share = in_by_now[0, asked] / due[0, asked]
    # Three scores an hour are too few for any hour alone: those about it tell.
    assert share[:24] == pytest.approx(1.0, abs=0.02)
    assert (share[-20:] < 0.15).all()
    awaited = told(delay_hours=6)
    in_by_now, due = awaited.by_step(steps, asked, count=len(hours), step_s=HOUR_S)
    expected = 1 - np.exp(-(NOW.timestamp() - hours[asked] - HOUR_S / 2) / HOUR_S / 6)
    assert in_by_now[0, asked][:-1] / due[0, asked][:-1] == pytest.approx(expected[:-1], abs=0.1)


def test_steps_of_an_evaluator_that_nobody_knows_tell_nothing() -> None:
    arrival = told(delay_hours=1, judged=0.0)
    hours = len(arrival.grid.hours)
    steps, asked = np.arange(hours, dtype=np.int64), np.ones(hours, dtype=np.bool_)
    told_of, due = arrival.by_step(steps, asked, count=hours, step_s=HOUR_S)
    assert (told_of.sum(), due.sum()) == (0.0, 0.0)
