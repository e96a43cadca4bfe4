"""What a question is about, in words and as a slice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent.playbooks.slicing import (
    just_before,
    limits,
    many,
    names_all,
    one_by_one,
    sliced,
    usual,
    valued,
)
from graph.slices import Dimension, EntityRef, Metric, Period, Slice
from tests.agent.playbooks.worlds import question

NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def test_arms_versions_and_users_narrow_the_slice() -> None:
    asked = question(arm="exp-1/B", policy_version="main@v2", user="ada", where={"tier": "gold"})
    assert sliced(asked) == Slice(
        tier=frozenset({"gold"}),
        experiment=frozenset({"exp-1"}),
        arm=frozenset({"B"}),
        policy=frozenset({"main@v2"}),
        user=frozenset({"ada"}),
    )
    assert sliced(question(experiment="exp-2")) == Slice(experiment=frozenset({"exp-2"}))


def test_up_to_a_week_is_held_against_the_same_hours_a_week_before() -> None:
    day = Period(NOON - DAY, NOON)
    assert usual(day) == (Period(NOON - 8 * DAY, NOON - 7 * DAY), "the same hours a week before")
    month = Period(NOON - 30 * DAY, NOON)
    assert usual(month) == just_before(month)
    assert just_before(month)[0] == Period(NOON - 60 * DAY, NOON - 30 * DAY)


def test_several_names_of_one_dimension_are_told_apart() -> None:
    several = Slice(backend=frozenset({"a", "b"}), tier=frozenset({"gold"}))
    assert one_by_one(several) is Dimension.BACKEND
    assert one_by_one(replace(several, tier=frozenset({"gold", "free"}))) is None
    assert one_by_one(Slice(user=frozenset({"u", "v"}))) is None


def test_figures_are_written_to_be_found_again() -> None:
    assert valued(123_456.0, metric=Metric.VOLUME) == "123,456 requests"
    assert (many(1, "score"), valued(1.0, metric=Metric.VOLUME)) == ("1 score", "1 request")
    assert limits(0.5, 0.75, metric=Metric.QUALITY) == " (95 %: 0.500 to 0.750)"
    assert limits(250.0, None, metric=Metric.LATENCY_P95) == " (95 %: at least 250 ms)"
    assert limits(None, 250.0, metric=Metric.LATENCY_P95) == " (95 %: at most 250 ms)"
    assert limits(None, None, metric=Metric.LATENCY_P95) == ""


def test_a_deployment_lies_in_its_model_and_on_its_backend() -> None:
    place = [EntityRef("deployment", "big@east"), EntityRef("tier", "gold")]
    assert names_all(place, Slice(model=frozenset({"big"}), task_type=frozenset({"chat"})))
    assert not names_all(place, Slice(backend=frozenset({"west"})))
    assert not names_all(place, Slice(tier=frozenset({"free"})))
