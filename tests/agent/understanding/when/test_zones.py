"""Time zones as questions state them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from agent.understanding.question import Moment
from agent.understanding.times import read_times
from agent.understanding.when.zones import label

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "at", "zone"),
    [
        ("at 9am Berlin time", "08:00", "Europe/Berlin"),
        ("at 9am new york time", "13:00", "America/New_York"),
        ("at 9am CET", "08:00", "Europe/Berlin"),
        ("at 9am est", "14:00", "UTC-05:00"),
        ("at 9am EDT", "13:00", "UTC-04:00"),
        ("at 6am PT", "13:00", "America/Los_Angeles"),
        ("at 6am pacific time", "13:00", "America/Los_Angeles"),
        ("at 9am America/New_York", "13:00", "America/New_York"),
        ("at 9am in utc", "09:00", "UTC"),
        ("at 09:00Z", "09:00", "UTC"),
        ("at 09:00+02:00", "07:00", "UTC+02:00"),
        ("at 9am UTC+2", "07:00", "UTC+02:00"),
        ("at 9am IST", "03:30", "Asia/Kolkata"),
    ],
)
def test_stated(text: str, at: str, zone: str) -> None:
    times = read_times(text, now=NOW)
    assert isinstance(times.during, Moment)
    assert f"{times.during.at:%Y-%m-%d %H:%M}" == f"2026-03-12 {at}"
    assert label(times.zone) == zone
    assert times.words == (text,)


@pytest.mark.parametrize(
    "text", ["errors today", "the response time today", "IT IS SLOW TODAY", "what we met today"]
)
def test_not_stated(text: str) -> None:
    assert read_times(text, now=NOW, zone=BERLIN).zone == BERLIN


def test_what_is_stated_wins() -> None:
    assert read_times("yesterday in UTC", now=NOW, zone=BERLIN) == read_times(
        "yesterday in UTC", now=NOW
    )
