"""What a time is compared with: hand-checked instants, seen from a Thursday afternoon."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.understanding.question import Anchored, AnchorKind, Moment, When
from agent.understanding.times import read_times
from graph.slices import Granularity, Period

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)


def short(when: When | None) -> str:
    if isinstance(when, Moment):
        return f"{when.at:%m-%d %H:%M}"
    if isinstance(when, Period):
        end = "now" if when.end == NOW else f"{when.end:%m-%d %H:%M}"
        return f"{when.start:%m-%d %H:%M} / {end}"
    return "" if when is None else str(when)


@pytest.mark.parametrize(
    ("text", "during", "against"),
    [
        (
            "p95 yesterday against last week",
            "03-11 00:00 / 03-12 00:00",
            "03-02 00:00 / 03-09 00:00",
        ),
        ("yesterday vs. the day before", "03-11 00:00 / 03-12 00:00", "03-10 00:00 / 03-11 00:00"),
        ("yesterday versus monday", "03-11 00:00 / 03-12 00:00", "03-09 00:00 / 03-10 00:00"),
        ("today compared to yesterday", "03-12 00:00 / now", "03-11 00:00 / 03-12 00:00"),
        ("worse today than it was yesterday", "03-12 00:00 / now", "03-11 00:00 / 03-12 00:00"),
        ("slower today then yesterday", "03-12 00:00 / now", "03-11 00:00 / 03-12 00:00"),
        ("compared with last week how is today", "03-12 00:00 / now", "03-02 00:00 / 03-09 00:00"),
        ("is it slower than last week", "", "03-02 00:00 / 03-09 00:00"),
        ("is it slower than the day before", "", "03-11 00:00 / 03-12 00:00"),
        ("latency now vs an hour ago", "", "03-12 13:30"),
        ("last week vs the week before", "03-02 00:00 / 03-09 00:00", "02-23 00:00 / 03-02 00:00"),
        ("this week vs last week", "03-09 00:00 / now", "03-02 00:00 / 03-09 00:00"),
        ("this week compared to last", "03-09 00:00 / now", "03-02 00:00 / 03-09 00:00"),
        (
            "last month vs the month before",
            "02-01 00:00 / 03-01 00:00",
            "01-01 00:00 / 02-01 00:00",
        ),
        ("yesterday vs the week before", "03-11 00:00 / 03-12 00:00", "03-04 00:00 / 03-11 00:00"),
        ("last hour vs the hour before", "03-12 13:30 / now", "03-12 12:30 / 03-12 13:30"),
        ("last 24h vs previous 24h", "03-11 14:30 / now", "03-10 14:30 / 03-11 14:30"),
        ("last 24h vs the period before", "03-11 14:30 / now", "03-10 14:30 / 03-11 14:30"),
        (
            "this morning vs yesterday morning",
            "03-12 06:00 / 03-12 12:00",
            "03-11 06:00 / 03-11 12:00",
        ),
        (
            "this morning vs the day before",
            "03-12 06:00 / 03-12 12:00",
            "03-11 00:00 / 03-12 00:00",
        ),
        (
            "last night vs the night before",
            "03-11 18:00 / 03-12 06:00",
            "03-10 18:00 / 03-11 06:00",
        ),
        ("this hour vs the hour before", "03-12 14:00 / now", "03-12 13:00 / 03-12 14:00"),
        ("tuesday vs the tuesday before", "03-10 00:00 / 03-11 00:00", "03-03 00:00 / 03-04 00:00"),
        ("today vs the same time last week", "03-12 00:00 / now", "03-05 00:00 / 03-05 14:30"),
        ("last 3 hours vs same time yesterday", "03-12 11:30 / now", "03-11 11:30 / 03-11 14:30"),
        (
            "yesterday vs same day last week",
            "03-11 00:00 / 03-12 00:00",
            "03-04 00:00 / 03-05 00:00",
        ),
        ("yesterday vs a week earlier", "03-11 00:00 / 03-12 00:00", "03-04 00:00 / 03-05 00:00"),
        ("week over week", "03-09 00:00 / now", "03-02 00:00 / 03-09 00:00"),
        ("WoW errors", "03-09 00:00 / now", "03-02 00:00 / 03-09 00:00"),
        ("last week week-over-week", "03-02 00:00 / 03-09 00:00", "02-23 00:00 / 03-02 00:00"),
        ("errors yesterday w/w", "03-11 00:00 / 03-12 00:00", "03-04 00:00 / 03-05 00:00"),
        ("errors day over day", "03-12 00:00 / now", "03-11 00:00 / 03-12 00:00"),
        (
            "compare yesterday and last week",
            "03-11 00:00 / 03-12 00:00",
            "03-02 00:00 / 03-09 00:00",
        ),
        (
            "difference between yesterday and today",
            "03-12 00:00 / now",
            "03-11 00:00 / 03-12 00:00",
        ),
        (
            "did p95 change from last week to this week",
            "03-09 00:00 / now",
            "03-02 00:00 / 03-09 00:00",
        ),
        ("what changed from last week to this week", "03-02 00:00 / now", ""),
        ("is it up from yesterday", "", "03-11 00:00 / 03-12 00:00"),
        ("cost in feb vs jan", "02-01 00:00 / 03-01 00:00", "01-01 00:00 / 02-01 00:00"),
        ("slower than usual yesterday", "03-11 00:00 / 03-12 00:00", ""),
        ("slower than normal", "", ""),
        ("more than 5 errors yesterday", "03-11 00:00 / 03-12 00:00", ""),
        ("slower than gpt-4o yesterday", "03-11 00:00 / 03-12 00:00", ""),
    ],
)
def test_comparisons(text: str, during: str, against: str) -> None:
    times = read_times(text, now=NOW)
    assert (short(times.during), short(times.compared_to)) == (during, against)


ROLLOUT = AnchorKind.ROLLOUT
DAY = timedelta(hours=24)
BEFORE = Anchored(ROLLOUT, start_offset=-DAY, end_offset=timedelta())


@pytest.mark.parametrize(
    ("text", "during", "against"),
    [
        ("before the rollout vs after", Anchored(ROLLOUT, end_offset=DAY), BEFORE),
        ("before and after the rollout", Anchored(ROLLOUT, end_offset=DAY), BEFORE),
        ("pre-rollout vs post-rollout", Anchored(ROLLOUT, end_offset=DAY), BEFORE),
        ("since the rollout vs before", Anchored(ROLLOUT), BEFORE),
        ("since the rollout vs the day before", Anchored(ROLLOUT), BEFORE),
        (
            "two hours before the rollout vs after",
            Anchored(ROLLOUT, end_offset=timedelta(hours=2)),
            Anchored(ROLLOUT, start_offset=timedelta(hours=-2), end_offset=timedelta()),
        ),
    ],
)
def test_anchored_comparisons(text: str, during: Anchored, against: Anchored) -> None:
    times = read_times(text, now=NOW)
    assert (times.during, times.compared_to) == (during, against)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("requests by hour", Granularity.HOUR),
        ("hourly errors", Granularity.HOUR),
        ("hour by hour yesterday", Granularity.HOUR),
        ("p95 per day last week", Granularity.DAY),
        ("daily cost by tenant", Granularity.DAY),
        ("day by day", Granularity.DAY),
        ("day-by-day", Granularity.DAY),
        ("requests/day", Granularity.DAY),
        ("each week", Granularity.WEEK),
        ("weekly spend", Granularity.WEEK),
        ("what is left of the daily budget", None),
        ("errors by monday", None),
    ],
)
def test_steps(text: str, step: Granularity | None) -> None:
    assert read_times(text, now=NOW).granularity is step
