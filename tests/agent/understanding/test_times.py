"""What words about time mean: hand-checked instants, seen from several nows and zones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.understanding.question import Moment, Times
from agent.understanding.times import read_times
from graph.errors import InvalidInput
from graph.slices import Period

THURSDAY = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
MONDAY_EARLY = datetime(2026, 3, 9, 3, 15, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
NEW_YEAR = datetime(2026, 1, 1, 10, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def told(text: str, *, now: datetime = THURSDAY, zone: ZoneInfo | None = None) -> str:
    """What is asked about, in short: `03-10 00:00 / 03-11 00:00`, or an instant."""
    times = read_times(text, now=now) if zone is None else read_times(text, now=now, zone=zone)
    return short(times.during, now=now)


def short(when: object, *, now: datetime) -> str:
    """A time in short, in UTC; the end that is now is `now`."""
    if isinstance(when, Moment):
        return f"{when.at:%Y-%m-%d %H:%M}"
    if isinstance(when, Period):
        end = "now" if when.end == now else f"{when.end:%Y-%m-%d %H:%M}"
        return f"{when.start:%Y-%m-%d %H:%M} / {end}"
    return str(when)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Days.
        ("errors today", "2026-03-12 00:00 / now"),
        ("so far today", "2026-03-12 00:00 / now"),
        ("todays errors", "2026-03-12 00:00 / now"),
        ("earlier today", "2026-03-12 00:00 / now"),
        ("what was slow yesterday?", "2026-03-11 00:00 / 2026-03-12 00:00"),
        ("YESTERDAY'S COST", "2026-03-11 00:00 / 2026-03-12 00:00"),
        ("the day before yesterday", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("3 days ago", "2026-03-09 00:00 / 2026-03-10 00:00"),
        ("two weeks ago", "2026-02-26 00:00 / 2026-02-27 00:00"),
        ("a week ago", "2026-03-05 00:00 / 2026-03-06 00:00"),
        ("a month ago", "2026-02-12 00:00 / 2026-02-13 00:00"),
        # Weekdays.
        ("why did quality drop on Tuesday", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("last tuesday", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("this past Tuesday", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("tuesdays errors", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("on thursday", "2026-03-05 00:00 / 2026-03-06 00:00"),
        ("last thursday", "2026-03-05 00:00 / 2026-03-06 00:00"),
        ("this thursday", "2026-03-12 00:00 / now"),
        ("this tuesday", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("friday", "2026-03-06 00:00 / 2026-03-07 00:00"),
        ("Tuesday last week", "2026-03-03 00:00 / 2026-03-04 00:00"),
        ("last week's Tuesday", "2026-03-03 00:00 / 2026-03-04 00:00"),
        ("Tuesday of last week", "2026-03-03 00:00 / 2026-03-04 00:00"),
        ("last week on tuesday", "2026-03-03 00:00 / 2026-03-04 00:00"),
        ("tuesday the week before last", "2026-02-24 00:00 / 2026-02-25 00:00"),
        ("tuesday two weeks ago", "2026-03-03 00:00 / 2026-03-04 00:00"),
        ("tuesday, march 10", "2026-03-10 00:00 / 2026-03-11 00:00"),
        # Parts of days.
        ("this morning", "2026-03-12 06:00 / 2026-03-12 12:00"),
        ("this afternoon", "2026-03-12 12:00 / now"),
        ("early this morning", "2026-03-12 06:00 / 2026-03-12 09:00"),
        ("yesterday morning", "2026-03-11 06:00 / 2026-03-11 12:00"),
        ("yesterday afternoon", "2026-03-11 12:00 / 2026-03-11 18:00"),
        ("yesterday evening", "2026-03-11 18:00 / 2026-03-12 00:00"),
        ("last evening", "2026-03-11 18:00 / 2026-03-12 00:00"),
        ("last night", "2026-03-11 18:00 / 2026-03-12 06:00"),
        ("yesterday night", "2026-03-11 18:00 / 2026-03-12 06:00"),
        ("overnight", "2026-03-11 18:00 / 2026-03-12 06:00"),
        ("during the night", "2026-03-12 00:00 / 2026-03-12 06:00"),
        ("the night before last", "2026-03-10 18:00 / 2026-03-11 06:00"),
        ("around lunchtime", "2026-03-12 11:00 / 2026-03-12 14:00"),
        ("Tuesday morning", "2026-03-10 06:00 / 2026-03-10 12:00"),
        ("last Tuesday afternoon", "2026-03-10 12:00 / 2026-03-10 18:00"),
        ("on the morning of march 10", "2026-03-10 06:00 / 2026-03-10 12:00"),
        ("yesterday, late afternoon", "2026-03-11 15:00 / 2026-03-11 18:00"),
        # Units of the calendar.
        ("last week", "2026-03-02 00:00 / 2026-03-09 00:00"),
        ("the previous week", "2026-03-02 00:00 / 2026-03-09 00:00"),
        ("the last full week", "2026-03-02 00:00 / 2026-03-09 00:00"),
        ("this week so far", "2026-03-09 00:00 / now"),
        ("the week before last", "2026-02-23 00:00 / 2026-03-02 00:00"),
        ("the week of march 3", "2026-03-02 00:00 / 2026-03-09 00:00"),
        ("last month", "2026-02-01 00:00 / 2026-03-01 00:00"),
        ("this month", "2026-03-01 00:00 / now"),
        ("the month before last", "2026-01-01 00:00 / 2026-02-01 00:00"),
        ("last year", "2025-01-01 00:00 / 2026-01-01 00:00"),
        ("this year so far", "2026-01-01 00:00 / now"),
        ("last weekend", "2026-03-07 00:00 / 2026-03-09 00:00"),
        ("how was this weekend", "2026-03-07 00:00 / 2026-03-09 00:00"),
        ("over the weekend", "2026-03-07 00:00 / 2026-03-09 00:00"),
        ("month to date", "2026-03-01 00:00 / now"),
        ("cost mtd", "2026-03-01 00:00 / now"),
        ("wtd", "2026-03-09 00:00 / now"),
        ("ytd", "2026-01-01 00:00 / now"),
        ("Q1", "2026-01-01 00:00 / now"),
        ("Q4 2025", "2025-10-01 00:00 / 2026-01-01 00:00"),
        ("q3", "2025-07-01 00:00 / 2025-10-01 00:00"),
        ("last quarter", "2025-10-01 00:00 / 2026-01-01 00:00"),
        ("in march", "2026-03-01 00:00 / now"),
        ("in February", "2026-02-01 00:00 / 2026-03-01 00:00"),
        ("in may", "2025-05-01 00:00 / 2025-06-01 00:00"),
        ("january 2025", "2025-01-01 00:00 / 2025-02-01 00:00"),
        ("in 2025", "2025-01-01 00:00 / 2026-01-01 00:00"),
        ("first week of march", "2026-03-01 00:00 / 2026-03-08 00:00"),
        ("last week of february", "2026-02-22 00:00 / 2026-03-01 00:00"),
        # What rolls.
        ("the last 3 hours", "2026-03-12 11:30 / now"),
        ("past 30 minutes", "2026-03-12 14:00 / now"),
        ("last hour", "2026-03-12 13:30 / now"),
        ("past day", "2026-03-11 14:30 / now"),
        ("the last day", "2026-03-11 14:30 / now"),
        ("past week", "2026-03-05 14:30 / now"),
        ("past month", "2026-02-10 14:30 / now"),
        ("past fortnight", "2026-02-26 14:30 / now"),
        ("p95 24h", "2026-03-11 14:30 / now"),
        ("last 7d", "2026-03-05 14:30 / now"),
        ("7-day average", "2026-03-05 14:30 / now"),
        ("30 day trend", "2026-02-10 14:30 / now"),
        ("in the past couple of hours", "2026-03-12 12:30 / now"),
        ("last few hours", "2026-03-12 11:30 / now"),
        ("the last half an hour", "2026-03-12 14:00 / now"),
        ("last quarter of an hour", "2026-03-12 14:15 / now"),
        ("past hour and a half", "2026-03-12 13:00 / now"),
        ("last 2h30m", "2026-03-12 12:00 / now"),
        ("last twenty four hours", "2026-03-11 14:30 / now"),
        ("down for two hours", "2026-03-12 12:30 / now"),
        # Ago.
        ("2 hours ago", "2026-03-12 12:30"),
        ("an hour ago", "2026-03-12 13:30"),
        ("half an hour ago", "2026-03-12 14:00"),
        ("1.5 hours ago", "2026-03-12 13:00"),
        ("around 2 hours ago", "2026-03-12 12:00 / 2026-03-12 13:00"),
        ("between 2 and 3 hours ago", "2026-03-12 11:30 / 2026-03-12 12:30"),
        ("a week ago today", "2026-03-05 14:30"),
        ("this time last week", "2026-03-05 14:30"),
        ("same time yesterday", "2026-03-11 14:30"),
        ("yesterday at this time", "2026-03-11 14:30"),
        ("2 days ago at 3pm", "2026-03-10 15:00"),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Clock times.
        ("at 14:30", "2026-03-12 14:30"),
        ("at 14:31", "2026-03-11 14:31"),
        ("at 2pm", "2026-03-12 14:00"),
        ("at 2:30 pm", "2026-03-12 14:30"),
        ("2.15pm", "2026-03-12 14:15"),
        ("at 9 a.m.", "2026-03-12 09:00"),
        ("at 1430h", "2026-03-12 14:30"),
        ("at 14h", "2026-03-12 14:00"),
        ("what was open at 3?", "2026-03-12 03:00"),
        ("at 2", "2026-03-12 14:00"),
        ("at 3 in the afternoon", "2026-03-11 15:00"),
        ("3 o'clock", "2026-03-12 03:00"),
        ("half past two", "2026-03-12 14:30"),
        ("quarter to 3", "2026-03-12 02:45"),
        ("at noon", "2026-03-12 12:00"),
        ("at midnight", "2026-03-12 00:00"),
        ("around 3pm", "2026-03-11 14:30 / 2026-03-11 15:30"),
        ("~1pm", "2026-03-12 12:30 / 2026-03-12 13:30"),
        ("around 2:15pm", "2026-03-12 13:45 / now"),
        ("during the 14:00 hour", "2026-03-12 14:00 / now"),
        ("in the 1pm hour", "2026-03-12 13:00 / 2026-03-12 14:00"),
        ("at 3pm yesterday", "2026-03-11 15:00"),
        ("yesterday at 3", "2026-03-11 15:00"),
        ("yesterday at 9", "2026-03-11 09:00"),
        ("Tuesday at 3pm", "2026-03-10 15:00"),
        ("at 9:15 am on monday", "2026-03-09 09:15"),
        ("at 3pm on aws yesterday", "2026-03-11 15:00"),
        ("tuesday afternoon at 3", "2026-03-10 15:00"),
        # Since, before, after.
        ("since yesterday", "2026-03-11 00:00 / now"),
        ("since Monday", "2026-03-09 00:00 / now"),
        ("ever since monday", "2026-03-09 00:00 / now"),
        ("since 9am", "2026-03-12 09:00 / now"),
        ("since like 2pm", "2026-03-12 14:00 / now"),
        ("what changed since 9 this morning", "2026-03-12 09:00 / now"),
        ("since 3pm", "2026-03-11 15:00 / now"),
        ("since noon", "2026-03-12 12:00 / now"),
        ("since midnight", "2026-03-12 00:00 / now"),
        ("since this morning", "2026-03-12 06:00 / now"),
        ("since last night", "2026-03-11 18:00 / now"),
        ("since last week", "2026-03-02 00:00 / now"),
        ("since 2 hours ago", "2026-03-12 12:30 / now"),
        ("since the last 2 hours", "2026-03-12 12:30 / now"),
        ("since the beginning of the month", "2026-03-01 00:00 / now"),
        ("since march", "2026-03-01 00:00 / now"),
        ("from monday on", "2026-03-09 00:00 / now"),
        ("from 9am", "2026-03-12 09:00 / now"),
        ("errors from yesterday", "2026-03-11 00:00 / 2026-03-12 00:00"),
        ("before 9 today", "2026-03-12 00:00 / 2026-03-12 09:00"),
        ("before 18:00", "2026-03-11 00:00 / 2026-03-11 18:00"),
        ("after 9am yesterday", "2026-03-11 09:00 / 2026-03-12 00:00"),
        ("after 9", "2026-03-12 09:00 / now"),
        ("after tuesday", "2026-03-11 00:00 / now"),
        ("2 hours before noon", "2026-03-12 10:00 / 2026-03-12 12:00"),
        ("an hour after 3pm yesterday", "2026-03-11 15:00 / 2026-03-11 16:00"),
        ("the day before march 10", "2026-03-09 00:00 / 2026-03-10 00:00"),
        # Ranges.
        ("from 9 to 11 yesterday", "2026-03-11 09:00 / 2026-03-11 11:00"),
        ("yesterday from 9 to 11", "2026-03-11 09:00 / 2026-03-11 11:00"),
        ("yesterday on aws between 9 and 11", "2026-03-11 09:00 / 2026-03-11 11:00"),
        ("between 2 and 3pm", "2026-03-12 14:00 / now"),
        ("between 10 and 2", "2026-03-12 10:00 / 2026-03-12 14:00"),
        ("9-11am", "2026-03-12 09:00 / 2026-03-12 11:00"),
        ("11-2pm yesterday", "2026-03-11 11:00 / 2026-03-11 14:00"),
        ("09:00-11:00", "2026-03-12 09:00 / 2026-03-12 11:00"),
        ("from 10pm to 2am", "2026-03-11 22:00 / 2026-03-12 02:00"),
        ("from 9am to now", "2026-03-12 09:00 / now"),
        ("Mon to Wed", "2026-03-09 00:00 / 2026-03-12 00:00"),
        ("Mon–Wed", "2026-03-09 00:00 / 2026-03-12 00:00"),  # noqa: RUF001  # an en dash
        ("wed to fri", "2026-03-04 00:00 / 2026-03-07 00:00"),
        ("friday to monday", "2026-03-06 00:00 / 2026-03-10 00:00"),
        ("mon to thu", "2026-03-09 00:00 / now"),
        ("mon-wed last week", "2026-03-02 00:00 / 2026-03-05 00:00"),
        ("from yesterday to today", "2026-03-11 00:00 / now"),
        ("yesterday and today", "2026-03-11 00:00 / now"),
        ("between monday 9am and tuesday noon", "2026-03-09 09:00 / 2026-03-10 12:00"),
        # Dates.
        ("2026-03-10", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("2026/03/10", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("10.03.2026", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("10 March", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("March 10th", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("10th of march", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("Mar 10 2026", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("march 20", "2025-03-20 00:00 / 2025-03-21 00:00"),
        ("march 12", "2026-03-12 00:00 / now"),
        ("on 3/10", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("on 13/2", "2026-02-13 00:00 / 2026-02-14 00:00"),
        ("3/10/2026", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("on the 10th", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("the 20th", "2026-02-20 00:00 / 2026-02-21 00:00"),
        ("the 31st", "2026-01-31 00:00 / 2026-02-01 00:00"),
        ("march 3 to 7", "2026-03-03 00:00 / 2026-03-08 00:00"),
        ("3-7 march", "2026-03-03 00:00 / 2026-03-08 00:00"),
        ("the 3rd to the 7th", "2026-03-03 00:00 / 2026-03-08 00:00"),
        ("2026-03-01..2026-03-05", "2026-03-01 00:00 / 2026-03-06 00:00"),
        ("2026-03-10 14:00 to 16:00", "2026-03-10 14:00 / 2026-03-10 16:00"),
        ("2026-03-10T14:00Z", "2026-03-10 14:00"),
        ("at 2026-03-10T14:00+02:00", "2026-03-10 12:00"),
        ("2026-03-10T08:00Z/2026-03-10T09:00Z", "2026-03-10 08:00 / 2026-03-10 09:00"),
    ],
)
def test_clocks_and_dates(text: str, expected: str) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yesteday", "2026-03-11 00:00 / 2026-03-12 00:00"),
        ("yestarday mornin", "2026-03-11 06:00 / 2026-03-11 12:00"),
        ("tuseday", "2026-03-10 00:00 / 2026-03-11 00:00"),
        ("wednsday", "2026-03-11 00:00 / 2026-03-12 00:00"),
        ("thrusday", "2026-03-05 00:00 / 2026-03-06 00:00"),
        ("last wek", "2026-03-02 00:00 / 2026-03-09 00:00"),
        ("last w/e", "2026-03-07 00:00 / 2026-03-09 00:00"),
        ("lst hour", "2026-03-12 13:30 / now"),
        ("last 24hrs", "2026-03-11 14:30 / now"),
        ("last 5 mins", "2026-03-12 14:25 / now"),
        ("last 2h", "2026-03-12 12:30 / now"),
        ("sicne monday", "2026-03-09 00:00 / now"),
        ("in febuary", "2026-02-01 00:00 / 2026-03-01 00:00"),
    ],
)
def test_misspelt(text: str, expected: str) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "why is it slow",
        "p95 5xx gpt-4 900 tokens top 3 sev1 v2 llama-3-70b",
        "what happened to req-1200 and chg-2026-03-10-a",
        "gpt-4o@aws-2026-03-10 on model/2026-03-10",
        "the 95th percentile, the 10th percentile",
        "last 3 incidents, last 100 requests",
        "slower than 2 seconds, longer than 5 minutes, a 30 second timeout",
        "requests rose from 3 to 5, errors went from 2 to 5 percent",
        "at 5 deployments after 3 retries",
        "may i see the errors in march-model-7b",
        "5m tokens, 24/7, h100, s3, m5, o1, 3.5",
        "is it slower than usual",
        "what happens after a change",
        "which requests sat in a queue",
        "more than 12 errors at 100 rps",
    ],
)
def test_no_time(text: str) -> None:
    assert read_times(text, now=THURSDAY) == Times()


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        ("today", MONDAY_EARLY, "2026-03-09 00:00 / now"),
        ("this week", MONDAY_EARLY, "2026-03-09 00:00 / now"),
        ("last week", MONDAY_EARLY, "2026-03-02 00:00 / 2026-03-09 00:00"),
        ("this morning", MONDAY_EARLY, "2026-03-09 00:00 / now"),
        ("last night", MONDAY_EARLY, "2026-03-08 18:00 / now"),
        ("at 3", MONDAY_EARLY, "2026-03-09 03:00"),
        ("at 4", MONDAY_EARLY, "2026-03-08 16:00"),
        ("since 9am", MONDAY_EARLY, "2026-03-08 09:00 / now"),
        ("on monday", MONDAY_EARLY, "2026-03-02 00:00 / 2026-03-03 00:00"),
        ("last weekend", MONDAY_EARLY, "2026-03-07 00:00 / 2026-03-09 00:00"),
        ("last friday night", MONDAY_EARLY, "2026-03-06 18:00 / 2026-03-07 06:00"),
        ("on tuesday", TUESDAY, "2026-03-03 00:00 / 2026-03-04 00:00"),
        ("tuesday morning", TUESDAY, "2026-03-03 06:00 / 2026-03-03 12:00"),
        ("this tuesday", TUESDAY, "2026-03-10 00:00 / now"),
        ("this morning", TUESDAY, "2026-03-10 06:00 / now"),
        ("monday", TUESDAY, "2026-03-09 00:00 / 2026-03-10 00:00"),
        ("mon to wed", TUESDAY, "2026-03-02 00:00 / 2026-03-05 00:00"),
        ("yesterday", NEW_YEAR, "2025-12-31 00:00 / 2026-01-01 00:00"),
        ("last month", NEW_YEAR, "2025-12-01 00:00 / 2026-01-01 00:00"),
        ("last week", NEW_YEAR, "2025-12-22 00:00 / 2025-12-29 00:00"),
        ("this week", NEW_YEAR, "2025-12-29 00:00 / now"),
        ("last quarter", NEW_YEAR, "2025-10-01 00:00 / 2026-01-01 00:00"),
        ("last year", NEW_YEAR, "2025-01-01 00:00 / 2026-01-01 00:00"),
        ("ytd", NEW_YEAR, "2026-01-01 00:00 / now"),
        ("in december", NEW_YEAR, "2025-12-01 00:00 / 2026-01-01 00:00"),
        ("the 31st", NEW_YEAR, "2025-12-31 00:00 / 2026-01-01 00:00"),
        ("dec 28 to 30", NEW_YEAR, "2025-12-28 00:00 / 2025-12-31 00:00"),
    ],
)
def test_other_nows(text: str, now: datetime, expected: str) -> None:
    assert told(text, now=now) == expected


@pytest.mark.parametrize(
    ("text", "now", "zone", "expected"),
    [
        # The clocks of Berlin go from 02:00 to 03:00 on 2026-03-29, and back on 2026-10-25.
        ("yesterday", (2026, 3, 30, 8, 0), BERLIN, "2026-03-28 23:00 / 2026-03-29 22:00"),
        ("today", (2026, 3, 29, 10, 0), BERLIN, "2026-03-28 23:00 / now"),
        ("at 02:30", (2026, 3, 29, 10, 0), BERLIN, "2026-03-29 01:30"),
        ("since 9am", (2026, 3, 29, 10, 0), BERLIN, "2026-03-29 07:00 / now"),
        ("last 24 hours", (2026, 3, 29, 10, 0), BERLIN, "2026-03-28 10:00 / now"),
        ("this time yesterday", (2026, 3, 29, 10, 0), BERLIN, "2026-03-28 11:00"),
        ("yesterday", (2026, 10, 26, 8, 0), BERLIN, "2026-10-24 22:00 / 2026-10-25 23:00"),
        ("last week", (2026, 10, 26, 8, 0), BERLIN, "2026-10-18 22:00 / 2026-10-25 23:00"),
        ("sunday at 02:30", (2026, 10, 26, 8, 0), BERLIN, "2026-10-25 00:30"),
        # Those of New York on 2026-03-08 and 2026-11-01.
        ("on sunday", (2026, 3, 9, 12, 0), NEW_YORK, "2026-03-08 05:00 / 2026-03-09 04:00"),
        ("last week", (2026, 3, 9, 12, 0), NEW_YORK, "2026-03-02 05:00 / 2026-03-09 04:00"),
        ("yesterday", (2026, 3, 9, 2, 0), NEW_YORK, "2026-03-07 05:00 / 2026-03-08 05:00"),
        ("yesterday", (2026, 11, 2, 12, 0), NEW_YORK, "2026-11-01 04:00 / 2026-11-02 05:00"),
        ("this month", (2026, 11, 2, 12, 0), NEW_YORK, "2026-11-01 04:00 / now"),
    ],
)
def test_zones(text: str, now: tuple[int, ...], zone: ZoneInfo, expected: str) -> None:
    year, month, day, hour, minute = now
    at = datetime(year, month, day, hour, minute, tzinfo=UTC)
    assert told(text, now=at, zone=zone) == expected


def test_words_are_parts_of_the_text() -> None:
    text = "What was p95 Yesterday on aws, against last week? At 3pm"
    assert read_times(text, now=THURSDAY).words == ("Yesterday", "last week", "At 3pm")


def test_now_needs_an_offset() -> None:
    with pytest.raises(InvalidInput, match="now"):
        read_times("today", now=datetime(2026, 3, 12))  # noqa: DTZ001  # what is refused


def test_at_midnight_there_is_nothing_of_today() -> None:
    midnight = datetime(2026, 3, 12, tzinfo=UTC)
    assert told("today", now=midnight) in {"2026-03-12 00:00", "None"}
    assert told("yesterday", now=midnight) == "2026-03-11 00:00 / now"


WORDS = (
    "since until before after from to between and vs than last this next past the of on in at by "
    "today yesterday tomorrow monday tuesday week month hour hours minutes days 3 14:30 2pm 9 10th "
    "march may 2026-03-10 incident rollout inc-42 two couple few half an ago so far morning night "
    "noon weekend q1 24h - , ? rest over same time day earlier 3/10 mon-wed 9-11am utc around "
    "berlin will forecast first hourly per each 999999 0"
)
PIECES = st.sampled_from(sorted(WORDS.split()))
NOWS = st.datetimes(
    datetime(2001, 1, 1),  # noqa: DTZ001  # hypothesis takes naive bounds
    datetime(2090, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
ZONES = st.sampled_from([ZoneInfo("UTC"), BERLIN, NEW_YORK, ZoneInfo("Asia/Kathmandu")])


@settings(deadline=None)
@given(st.lists(PIECES, max_size=9).map(" ".join) | st.text(max_size=60), NOWS, ZONES)
def test_any_text(text: str, now: datetime, zone: ZoneInfo) -> None:
    times = read_times(text, now=now, zone=zone)
    for when in (times.during, times.compared_to):
        if isinstance(when, Period):
            assert when.start < when.end <= now
        if isinstance(when, Moment):
            assert when.at <= now
    assert times.ahead is None or times.ahead > timedelta()
    assert all(word in text for word in times.words)


TELLING = st.sampled_from(
    [
        "yesterday",
        "last week",
        "on Tuesday at 3pm",
        "since the incident",
        "from 9 to 11 yesterday",
        "the last 3 hours",
        "by hour",
        "2026-03-10 14:00 to 16:00",
        "since noon",
        "tomorrow",
    ]
)
UNRELATED = st.sampled_from(
    ["gpt-4o@aws", "errors", "on llama-3-70b", "for acme", "req-12", "premium users", "p95", "why"]
)


@settings(deadline=None)
@given(TELLING, UNRELATED, UNRELATED)
def test_other_words_change_nothing(telling: str, before: str, after: str) -> None:
    alone = read_times(telling, now=THURSDAY)
    among = read_times(f"{before} {telling} {after}", now=THURSDAY)
    assert (among.during, among.compared_to) == (alone.during, alone.compared_to)
    assert (among.ahead, among.granularity) == (alone.ahead, alone.granularity)
