"""Coverage of scores: late, stopped, choosy and missing told apart, and what that may hide."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.buckets import MEASURE_NAMES
from graph.causes.arrival import HOUR_S
from graph.causes.coverage import (
    ArrivalState,
    EvaluatorCoverage,
    ScoreCoverage,
    hidden,
    plain_coverage,
    score_coverage,
)
from graph.causes.panel import Array
from graph.frame import Ints, Mask, Scores, SketchColumn, Traffic
from graph.slices import Period

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
START = int(MONDAY.timestamp())
DAYS = 9
END = START + DAYS * 86_400
PER_HOUR = 60
TIERS = ("free", "premium")
JUDGED = (0.3, 0.6)
Lost = Callable[[Ints, Ints, Ints, Array], Mask]


def at(day: float) -> datetime:
    return MONDAY + timedelta(days=day)


class Fleet:
    """Requests one by one with a judge an hour late, and a rubric in a nightly batch."""

    def __init__(self, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        size = DAYS * 24 * PER_HOUR
        self.at_s: Ints = np.sort(START + rng.integers(0, DAYS * 86_400, size))
        self.tier: Ints = rng.integers(0, 2, size)
        self.score: Array = (0.8 + 0.1 * rng.standard_normal(size)).clip(0, 1)
        self.judged: Mask = rng.random(size) < np.array(JUDGED)[self.tier]
        self.judge_s: Ints = self.at_s + rng.exponential(HOUR_S, size).astype(np.int64)
        self.marked: Mask = rng.random(size) < 0.1
        night = ((self.at_s - START) // 86_400 + 1) * 86_400 + START + 2 * HOUR_S
        self.rubric_s: Ints = night + rng.integers(0, HOUR_S, size)
        self.luck: Array = rng.random(size)

    def judge_loses(self, lost: Mask) -> "Fleet":
        """This fleet, but the judge never tells of these."""
        self.judged = self.judged & ~lost
        return self

    def known(self, known_s: int) -> tuple[Traffic, Scores]:
        """The buckets of what is known then."""
        seen = self.at_s < known_s
        hour = self.at_s // HOUR_S * HOUR_S
        keys, count = np.unique(np.stack([self.tier, hour])[:, seen], axis=1, return_counts=True)
        measures = np.zeros((len(count), len(MEASURE_NAMES)), dtype=np.int64)
        for name in ("count", "okCount"):
            measures[:, MEASURE_NAMES.index(name)] = count
        traffic = Traffic(keys[0], keys[1], keys[1], measures, SketchColumn(), SketchColumn())
        told = [
            (kept & (when < known_s), when // HOUR_S * HOUR_S, evaluator)
            for evaluator, (kept, when) in enumerate(
                ((self.judged, self.judge_s), (self.marked, self.rubric_s))
            )
        ]
        nano = (self.score * 1e9).astype(np.int64)
        return traffic, Scores(
            cell=np.concatenate([self.tier[kept] for kept, *_ in told]),
            hour=np.concatenate([hour[kept] for kept, *_ in told]),
            recorded_hour=np.concatenate([when[kept] for kept, when, _ in told]),
            evaluator=np.concatenate([np.full(int(kept.sum()), e) for kept, _, e in told]),
            count=np.ones(sum(int(kept.sum()) for kept, *_ in told), dtype=np.int64),
            sum_nano=np.concatenate([nano[kept] for kept, *_ in told]),
            squares_nano=np.concatenate([nano[kept] ** 2 // 10**9 for kept, *_ in told]),
        )

    def covered(self, during: Period, known_at: datetime) -> ScoreCoverage:
        """The coverage of a period, compared with a week earlier."""
        traffic, scores = self.known(int(known_at.timestamp()))
        week = timedelta(days=7)
        inside = traffic.hour < during.end.timestamp()
        return score_coverage(
            scores.take(scores.hour < during.end.timestamp()),
            traffic.take(inside),
            evaluators=("judge", "rubric"),
            group_of=np.array([0, 1], dtype=np.int64),
            groups=TIERS,
            during=during,
            compared_to=Period(during.start - week, during.end - week),
            known_at=known_at,
        )


def of(told: ScoreCoverage, name: str) -> EvaluatorCoverage:
    return next(e for e in told.evaluators if e.evaluator == name)


YESTERDAY = Period(at(7), at(8))


def test_settled_scores_weigh_one_and_need_no_warning() -> None:
    told = Fleet().covered(YESTERDAY, at(9))
    assert {e.state for e in told.evaluators} == {ArrivalState.COMPLETE}
    assert (told.weights == 1).all()
    assert told.coverage.warning is None
    assert told.missing == 0
    assert told.left_out == ()


def test_scored_requests_are_counted_once_however_many_evaluators() -> None:
    fleet = Fleet()
    told = fleet.covered(YESTERDAY, at(9))
    inside = (fleet.at_s >= at(7).timestamp()) & (fleet.at_s < at(8).timestamp())
    scored = int((inside & (fleet.judged | fleet.marked)).sum())
    assert told.coverage.requests == inside.sum()
    assert told.coverage.scored == pytest.approx(scored, rel=0.02)
    assert told.coverage.scored_share == pytest.approx(scored / inside.sum(), rel=0.02)
    assert told.coverage.expected_scored_share == pytest.approx(0.505, abs=0.03)


def test_scores_still_arriving_are_no_shortfall() -> None:
    """At three in the afternoon: the judge's last hours are partly in, the rubric's day is not."""
    now = at(8) + timedelta(hours=15)
    told = Fleet().covered(Period(at(8), now), now)
    judge, rubric = of(told, "judge"), of(told, "rubric")
    assert judge.arrived == pytest.approx(judge.expected, rel=0.1)
    assert judge.expected < judge.in_all
    assert (rubric.state, rubric.arrived) == (ArrivalState.ARRIVING, 0)
    assert told.missing == 0
    assert told.left_out[-1].startswith("rubric: all hours left out before and after")
    assert "still arriving" in (told.coverage.warning or "")


def test_partly_arrived_hours_stand_for_what_is_to_come() -> None:
    now = at(8) + timedelta(hours=15)
    fleet = Fleet()
    told = fleet.covered(Period(at(8), now), now)
    traffic, scores = fleet.known(int(now.timestamp()))
    assert len(traffic.cell)
    today = (scores.hour >= at(8).timestamp()) & (scores.evaluator == 0)
    kept = today & (told.weights > 0)
    oldest = float(scores.hour[kept].max())
    in_all = fleet.judged & (fleet.at_s >= at(8).timestamp()) & (fleet.at_s < oldest + HOUR_S)
    assert told.weights[kept].sum() == pytest.approx(in_all.sum(), rel=0.05)
    assert kept.sum() < 0.97 * in_all.sum()
    assert told.weights.max() <= 5


def test_an_hour_is_left_out_with_its_counterpart() -> None:
    now = at(8) + timedelta(hours=15)
    fleet = Fleet()
    told = fleet.covered(Period(at(8), now), now)
    _, scores = fleet.known(int(now.timestamp()))
    rubric = scores.evaluator == 1
    before = rubric & (scores.hour >= at(1).timestamp())
    before &= scores.hour < (now - timedelta(days=7)).timestamp()
    assert before.any()
    assert (told.weights[before] == 0).all()
    between = rubric & (scores.hour >= now.timestamp() - 6 * 86_400)
    between &= scores.hour < at(7).timestamp()
    assert (told.weights[between] == 1).all()


def test_periods_that_are_not_alike_lose_the_evaluator_as_a_whole() -> None:
    now = at(8) + timedelta(hours=15)
    fleet = Fleet()
    traffic, scores = fleet.known(int(now.timestamp()))
    told = score_coverage(
        scores,
        traffic,
        evaluators=("judge", "rubric"),
        group_of=np.array([0, 1], dtype=np.int64),
        groups=TIERS,
        during=Period(at(7), now),
        compared_to=Period(at(2), at(3)),
        known_at=now,
    )
    compared = (scores.hour >= at(2).timestamp()) & (scores.hour < at(3).timestamp())
    assert (told.weights[compared & (scores.evaluator == 1)] == 0).all()
    assert (told.weights[compared & (scores.evaluator == 0)] == 1).all()


def test_an_evaluator_that_stopped_is_named_with_its_last_sign_of_life() -> None:
    fleet = Fleet()
    fleet.judge_loses(fleet.judge_s >= int(at(8).timestamp()))
    now = at(8) + timedelta(hours=15)
    told = fleet.covered(Period(at(8), now), now)
    judge = of(told, "judge")
    assert (judge.state, judge.since) == (ArrivalState.STOPPED, at(8))
    assert told.missing > 200
    assert "judge has told nothing since 2026-03-10 00:00:00 UTC" in (told.coverage.warning or "")


def test_low_scores_that_no_longer_arrive_are_selective() -> None:
    fleet = Fleet()
    since = fleet.at_s >= int(at(7).timestamp())
    fleet.judge_loses(since & (fleet.score < 0.75))
    told = fleet.covered(YESTERDAY, at(9))
    judge = of(told, "judge")
    assert judge.state is ArrivalState.SELECTIVE
    assert (judge.mean_shift or 0) > 0.03
    assert "low scores may be missing" in (told.coverage.warning or "")
    share = (told.coverage.scored_share or 0) / (told.coverage.expected_scored_share or 1)
    assert share < 0.85


def test_any_scores_that_no_longer_arrive_are_missing() -> None:
    fleet = Fleet()
    fleet.judge_loses((fleet.at_s >= int(at(7).timestamp())) & (fleet.luck < 0.3))
    judge = of(fleet.covered(YESTERDAY, at(9)), "judge")
    assert judge.state is ArrivalState.MISSING
    assert judge.arrived == pytest.approx(0.7 * judge.expected, rel=0.1)


def test_scores_that_are_merely_slow_are_late() -> None:
    fleet = Fleet()
    slow = fleet.at_s >= int((at(8) + timedelta(hours=9)).timestamp())
    fleet.judge_s = fleet.judge_s + slow * 8 * HOUR_S
    now = at(8) + timedelta(hours=15)
    stopped = of(fleet.covered(Period(at(8), now), now), "judge")
    # Seven hours of silence look like a stop; once slow scores come in, they are late.
    assert stopped.state is ArrivalState.STOPPED
    fleet = Fleet()
    slow = (fleet.at_s >= int((at(8) + timedelta(hours=10)).timestamp())) & (fleet.luck < 0.6)
    fleet.judge_s = fleet.judge_s + slow * 8 * HOUR_S
    late = of(fleet.covered(Period(at(8), now), now), "judge")
    assert late.state is ArrivalState.LATE


def test_a_worse_model_is_no_gap_in_the_scores() -> None:
    fleet = Fleet()
    fleet.score = fleet.score - 0.1 * (fleet.at_s >= int(at(7).timestamp()))
    judge = of(fleet.covered(YESTERDAY, at(9)), "judge")
    assert judge.state is ArrivalState.COMPLETE
    assert judge.mean_shift == pytest.approx(-0.1, abs=0.02)


def test_one_group_that_lacks_scores_is_named() -> None:
    fleet = Fleet()
    fleet.judge_loses((fleet.at_s >= int(at(7).timestamp())) & (fleet.tier == 0))
    told = fleet.covered(YESTERDAY, at(9))
    assert [(s.evaluator, s.group, s.arrived) for s in told.shortfalls] == [("judge", "free", 0)]
    assert "judge told of free only 0 of about" in (told.coverage.warning or "")


def test_a_tiny_history_claims_nothing() -> None:
    now = at(0) + timedelta(hours=4)
    fleet = Fleet()
    traffic, scores = fleet.known(int(now.timestamp()))
    told = score_coverage(
        scores,
        traffic,
        evaluators=("judge", "rubric"),
        group_of=np.array([0, 1], dtype=np.int64),
        groups=TIERS,
        during=Period(at(0) + timedelta(hours=2), now),
        compared_to=Period(at(0), at(0) + timedelta(hours=2)),
        known_at=now,
    )
    assert of(told, "judge").state is ArrivalState.UNKNOWN
    assert told.coverage.expected_scored_share is None
    assert told.coverage.warning is None
    assert (told.weights == 1).all()


def test_quiet_fleets_raise_no_alarm() -> None:
    for seed in range(12):
        told = Fleet(seed + 20).covered(YESTERDAY, at(8) + timedelta(hours=7))
        assert {e.state for e in told.evaluators} <= {ArrivalState.COMPLETE, ArrivalState.ARRIVING}
        assert told.shortfalls == ()


def test_nothing_at_all_is_covered_too() -> None:
    told = score_coverage(
        Scores(),
        Traffic(),
        evaluators=(),
        group_of=np.empty(0, dtype=np.int64),
        groups=(),
        during=YESTERDAY,
        compared_to=Period(at(0), at(1)),
        known_at=at(9),
    )
    assert (told.coverage.requests, told.coverage.scored) == (0, 0)
    assert len(told.weights) == 0


def test_traffic_without_any_score_has_none_scored() -> None:
    traffic, _ = Fleet().known(END)
    told = score_coverage(
        Scores(),
        traffic,
        evaluators=(),
        group_of=np.array([0, 1], dtype=np.int64),
        groups=TIERS,
        during=YESTERDAY,
        compared_to=Period(at(0), at(1)),
        known_at=at(9),
    )
    assert told.coverage.scored == 0
    assert told.coverage.scored_share == 0
    assert told.coverage.expected_scored_share is None


def test_metrics_without_scores_have_requests_alone() -> None:
    coverage = plain_coverage(7)
    assert (coverage.requests, coverage.scored, coverage.warning) == (7, None, None)


def test_what_is_lost_can_hide_a_difference_or_not() -> None:
    could = hidden(before=0.80, after=0.83, spread=0.12, arrived=700, missing=300)
    assert could.possible
    assert could.needed == pytest.approx(0.73)
    assert "can explain the difference" in could.words
    assert not hidden(before=0.80, after=0.60, spread=0.12, arrived=700, missing=300).possible
    assert not hidden(before=0.80, after=0.83, spread=0.12, arrived=990, missing=10).possible
    assert hidden(before=0.8, after=0.9, spread=0.1, arrived=100, missing=0).needed is None


@given(
    st.lists(st.floats(0, 1), min_size=3, max_size=60),
    st.data(),
)
def test_no_choice_of_what_to_lose_is_called_impossible(
    scores: list[float], data: st.DataObject
) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores)))
    left = [s for s, keep in zip(scores, kept, strict=True) if keep]
    if not left or len(left) == len(scores):
        return
    before = math.fsum(scores) / len(scores)
    spread = math.sqrt(math.fsum((s - before) ** 2 for s in scores) / len(scores))
    after = math.fsum(left) / len(left)
    found = hidden(
        before=before,
        after=after,
        spread=spread + 1e-9,
        arrived=len(left),
        missing=len(scores) - len(left),
    )
    assert found.needed is not None
    assert found.possible or found.needed < 1e-9 or found.needed > 1 - 1e-9
