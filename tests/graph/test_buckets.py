"""Bucket arithmetic: any order and any split give the same totals."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from graph.buckets import (
    LARGEST_SUM,
    NO_SCORES,
    Bucket,
    ScoreAmounts,
    measures_of,
    score_amounts,
    score_difference,
)
from graph.facts import ScoreFact

T0 = datetime(2026, 9, 1, tzinfo=UTC)


def score(
    key: str, value: float, *, minutes: int, by: str = "judge", version: str = "1"
) -> ScoreFact:
    at = T0 + timedelta(minutes=minutes)
    return ScoreFact(key, "t", "r", at, at, by, version, value)


scores = st.lists(
    st.builds(
        score,
        st.uuids().map(str),
        st.sampled_from([0.0, 0.25, 0.5, 1.0]),
        minutes=st.integers(0, 240),
        by=st.sampled_from(["judge", "thumbs"]),
        version=st.sampled_from(["1", "2"]),
    ),
    max_size=8,
    unique_by=lambda s: s.key,
)


@given(scores, st.randoms(use_true_random=False))
def test_the_order_of_scores_never_matters(told: list[ScoreFact], random: object) -> None:
    shuffled = list(told)
    random.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    assert score_amounts(shuffled) == score_amounts(told)


@given(scores, st.integers(0, 5))
def test_up_to_any_hour_the_newest_known_score_of_each_evaluator_counts(
    told: list[ScoreFact], hour: int
) -> None:
    until = T0 + timedelta(hours=hour)
    total = NO_SCORES
    for (recorded_hour, _, _), amounts in score_amounts(told).items():
        if recorded_hour < until:
            total = total.plus(amounts)
    known = sorted(
        (s for s in told if s.recorded_at < until), key=lambda s: (s.recorded_at, s.at, s.key)
    )
    newest = {s.evaluator: s for s in known}
    assert total.count == len(newest)
    assert total.sum_nano == sum(round(s.score * 1e9) for s in newest.values())


@given(scores, scores)
def test_growing_step_by_step_equals_counting_at_once(
    first: list[ScoreFact], second: list[ScoreFact]
) -> None:
    whole = [*first, *second]
    grown = dict(score_amounts(first))
    for place, amounts in score_difference(first, whole).items():
        grown[place] = grown.get(place, NO_SCORES).plus(amounts)
    settled = {place: amounts for place, amounts in grown.items() if amounts != NO_SCORES}
    at_once = {p: a for p, a in score_amounts(whole).items() if a != NO_SCORES}
    assert settled == at_once


def test_a_correction_takes_the_old_score_out_in_the_hour_it_is_told() -> None:
    amounts = score_amounts([score("a", 1.0, minutes=5), score("b", 0.0, minutes=65)])
    assert amounts == {
        (T0, "judge", "1"): ScoreAmounts(1, 10**9, 10**9),
        (T0 + timedelta(hours=1), "judge", "1"): ScoreAmounts(0, -(10**9), -(10**9)),
    }


def test_measures_keep_their_units() -> None:
    measures = measures_of(
        minute=59,
        status="timeout",
        latency_ms=218.7,
        ttft_ms=None,
        cost_usd=0.005185,
        prompt_tokens=191,
        completion_tokens=0,
        retries=2,
        cache_hit=True,
    )
    assert measures["timeoutCount"] == 1
    assert measures["arrivals50"] == 1
    assert measures["latencySumUs"] == 218_700
    assert measures["costSumNanoUsd"] == 5_185_000
    assert measures["costSquaresMicroUsd2"] == 26_884_225
    assert "ttftCount" not in measures


def test_absurd_amounts_stop_at_the_largest_integer() -> None:
    measures = measures_of(
        minute=0,
        status="ok",
        latency_ms=1e300,
        ttft_ms=1e300,
        cost_usd=1e300,
        prompt_tokens=1,
        completion_tokens=1,
        retries=0,
        cache_hit=False,
    )
    assert max(measures.values()) == LARGEST_SUM
    bucket = Bucket(measures={**Bucket().measures, **measures})
    bucket.merge(bucket)
    assert max(bucket.measures.values()) == LARGEST_SUM


def test_a_bucket_survives_the_graph() -> None:
    bucket = Bucket()
    bucket.latency.add(12.0)
    bucket.measures["count"] = 1
    assert Bucket.from_properties(bucket.to_properties()) == bucket
