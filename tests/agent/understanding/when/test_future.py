"""How far a question looks ahead."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.understanding.times import read_times

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("forecast the next hour", "03-12 15:30"),
        ("in the next 2 hours", "03-12 16:30"),
        ("coming hour", "03-12 15:30"),
        ("next 30 min", "03-12 15:00"),
        ("over the next few hours", "03-12 17:30"),
        ("what will we need in 90 minutes", "03-12 16:00"),
        ("an hour from now", "03-12 15:30"),
        ("within the hour", "03-12 15:30"),
        ("the next 3 days", "03-15 14:30"),
        ("tonight", "03-13 00:00"),
        ("this evening", "03-13 00:00"),
        ("will it hold this afternoon", "03-12 18:00"),
        ("tomorrow", "03-14 00:00"),
        ("tmrw mornin", "03-13 12:00"),
        ("tomorrow at 9", "03-13 09:00"),
        ("the day after tomorrow", "03-15 00:00"),
        ("the rest of the day", "03-13 00:00"),
        ("by the end of the week", "03-16 00:00"),
        ("later today", "03-13 00:00"),
        ("until 18:00", "03-12 18:00"),
        ("by tomorrow", "03-14 00:00"),
        ("next week", "03-23 00:00"),
        ("next tuesday", "03-18 00:00"),
        ("this friday", "03-14 00:00"),
        ("next mon to wed", "03-19 00:00"),
        ("maintenance this weekend", "03-16 00:00"),
        ("will we survive on friday", "03-14 00:00"),
    ],
)
def test_ahead(text: str, until: str) -> None:
    times = read_times(text, now=NOW)
    assert times.during is None
    assert times.ahead is not None
    assert f"{NOW + times.ahead:%m-%d %H:%M}" == until


def test_this_afternoon_is_ahead_only_before_it() -> None:
    morning = NOW.replace(hour=10)
    assert read_times("this afternoon", now=morning).ahead == timedelta(hours=7, minutes=30)
    assert read_times("this afternoon", now=NOW).ahead is None


def test_the_past_and_what_lies_ahead_in_one_question() -> None:
    times = read_times("by the last 24h, what comes in the next hour", now=NOW)
    assert times.during is not None
    assert times.ahead == timedelta(hours=1)


@pytest.mark.parametrize("text", ["how many errors did we have in 2 hours", "what comes next"])
def test_nothing_ahead(text: str) -> None:
    assert read_times(text, now=NOW).ahead is None
