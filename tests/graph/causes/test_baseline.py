"""The default baseline: like with like where history allows, stated in words, never overlapping."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from graph.causes.baseline import baseline, given
from graph.errors import InvalidInput
from graph.slices import Period

TUESDAY = datetime(2026, 3, 24, tzinfo=UTC)
LATER = TUESDAY + timedelta(days=30)


def days(number: float) -> timedelta:
    return timedelta(days=number)


def test_a_day_is_compared_with_the_same_day_a_week_earlier() -> None:
    found = baseline(Period(TUESDAY, TUESDAY + days(1)), first_hour=TUESDAY - days(20), now=LATER)
    assert found is not None
    assert found.period == Period(TUESDAY - days(7), TUESDAY - days(6))
    assert found.words == "the same hours and weekdays a week earlier"


def test_a_long_period_goes_back_as_many_weeks_as_it_touches() -> None:
    during = Period(TUESDAY, TUESDAY + days(10))
    found = baseline(during, first_hour=TUESDAY - days(20), now=LATER)
    assert found is not None
    assert found.period == Period(TUESDAY - days(14), TUESDAY - days(4))
    assert found.words == "the same hours and weekdays 2 weeks earlier"


def test_a_short_history_gives_the_same_hours_of_the_day_before() -> None:
    during = Period(TUESDAY + days(0.5), TUESDAY + days(0.75))
    found = baseline(during, first_hour=TUESDAY - days(3), now=LATER)
    assert found is not None
    assert found.period == Period(TUESDAY - days(0.5), TUESDAY - days(0.25))
    assert "weekdays differ" in found.words


def test_a_shorter_history_gives_what_came_just_before() -> None:
    during = Period(TUESDAY, TUESDAY + timedelta(hours=5))
    found = baseline(during, first_hour=TUESDAY - timedelta(hours=9), now=LATER)
    assert found is not None
    assert found.period == Period(TUESDAY - timedelta(hours=5), TUESDAY)
    assert found.words.startswith("the 5 hours just before; hours of the day differ")


def test_less_history_than_the_period_is_all_taken_and_said() -> None:
    during = Period(TUESDAY, TUESDAY + days(2))
    found = baseline(during, first_hour=TUESDAY - timedelta(hours=9), now=LATER)
    assert found is not None
    assert found.period == Period(TUESDAY - timedelta(hours=9), TUESDAY)
    assert found.words == "all 9 hours of history before it, shorter than the period itself"


@pytest.mark.parametrize("first_hour", [None, TUESDAY, TUESDAY + days(1)])
def test_without_data_before_there_is_none(first_hour: datetime | None) -> None:
    during = Period(TUESDAY, TUESDAY + days(2))
    assert baseline(during, first_hour=first_hour, now=LATER) is None


def test_a_period_still_running_is_compared_with_as_much_as_has_passed() -> None:
    during = Period(TUESDAY, TUESDAY + days(1))
    found = baseline(during, first_hour=TUESDAY - days(9), now=TUESDAY + timedelta(hours=6))
    assert found is not None
    assert found.period == Period(TUESDAY - days(7), TUESDAY - days(7) + timedelta(hours=6))
    assert "as far as the period has passed" in found.words


def test_a_period_that_has_not_begun_has_none() -> None:
    during = Period(TUESDAY, TUESDAY + days(1))
    assert baseline(during, first_hour=TUESDAY - days(9), now=TUESDAY - days(1)) is None


def test_a_quiet_first_hour_is_no_missing_history() -> None:
    during = Period(TUESDAY, TUESDAY + days(7))
    found = baseline(during, first_hour=TUESDAY - days(7) + timedelta(hours=1), now=LATER)
    assert found is not None
    assert found.period.start == TUESDAY - days(7)


@hypothesis_given(
    st.integers(1, 60 * 24 * 40), st.integers(1, 24 * 60), st.integers(1, 60 * 24 * 50)
)
def test_it_never_overlaps_and_is_like_with_like(
    length_minutes: int, history_hours: int, passed_minutes: int
) -> None:
    during = Period(TUESDAY, TUESDAY + timedelta(minutes=length_minutes))
    first_hour = TUESDAY - timedelta(hours=history_hours)
    found = baseline(during, first_hour=first_hour, now=TUESDAY + timedelta(minutes=passed_minutes))
    assert found is not None
    assert found.period.end <= during.start
    if "shorter" not in found.words:
        length = timedelta(minutes=min(length_minutes, passed_minutes))
        assert found.period.end - found.period.start == length
        assert first_hour - found.period.start <= length / 20
    shift = during.start - found.period.start
    if "same hours" in found.words.split(";")[0]:
        assert shift % days(1) == timedelta()
    if "same hours and weekdays" in found.words.split(";")[0]:
        assert shift % days(7) == timedelta()


def test_a_given_baseline_is_named_as_such_and_its_length_told() -> None:
    during = Period(TUESDAY, TUESDAY + days(1))
    asked = Period(TUESDAY - days(1), TUESDAY)
    assert given(asked, during=during).words == "the period that was asked for"
    longer = given(Period(TUESDAY - days(2), TUESDAY), during=during)
    assert longer.words == "the period that was asked for, of 2 days against 1 day"


def test_a_given_baseline_must_not_overlap() -> None:
    during = Period(TUESDAY, TUESDAY + days(1))
    with pytest.raises(InvalidInput, match="comparedTo"):
        given(Period(TUESDAY - days(1), TUESDAY + days(0.5)), during=during)
