"""Times told back as instants."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from agent.understanding.times import in_words, read_times

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        ("why is it slow", ""),
        ("on tuesday", "2026-03-10 00:00 to 2026-03-11 00:00 UTC"),
        ("at 2pm", "at 2026-03-12 14:00 UTC"),
        ("last 90 minutes", "2026-03-12 13:00 to 2026-03-12 14:30 UTC"),
        (
            "yesterday vs monday by hour",
            "2026-03-11 00:00 to 2026-03-12 00:00 UTC, "
            "against 2026-03-09 00:00 to 2026-03-10 00:00 UTC, by hour",
        ),
        ("the next 2 hours", "until 2026-03-12 16:30 UTC"),
        ("since the incident", "since the incident (looked up)"),
        ("since rollout chg-77", "since rollout chg-77 (looked up)"),
        ("during the incident", "during the incident (looked up)"),
        ("after the incident", "since the end of the incident (looked up)"),
        ("the two hours before the rollout", "the two hours before the rollout (looked up)"),
        ("before the rollout", "the 24 hours before the rollout (looked up)"),
        ("an hour after the deploy", "the hour after the rollout (looked up)"),
        ("around the rollout", "from 1 hour before to 1 hour after the rollout (looked up)"),
        (
            "around the incident",
            "from 1 hour before to 1 hour after the whole of the incident (looked up)",
        ),
    ],
)
def test_in_utc(text: str, echo: str) -> None:
    assert in_words(read_times(text, now=NOW), now=NOW) == echo


def test_in_another_zone_both_are_told() -> None:
    times = read_times("yesterday", now=NOW, zone=ZoneInfo("Europe/Berlin"))
    assert in_words(times, now=NOW) == (
        "2026-03-11 00:00 to 2026-03-12 00:00 Europe/Berlin "
        "(2026-03-10 23:00 to 2026-03-11 23:00 UTC)"
    )
