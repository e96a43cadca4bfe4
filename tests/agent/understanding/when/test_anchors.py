"""Time told relative to what happened, which only the graph knows."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.understanding.question import Anchored, AnchorKind
from agent.understanding.times import read_times

NOW = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
INCIDENT, ROLLOUT, CHANGE = AnchorKind.INCIDENT, AnchorKind.ROLLOUT, AnchorKind.CHANGE


def before(kind: AnchorKind, length: timedelta, *, id: str | None = None) -> Anchored:  # noqa: A002
    return Anchored(kind, id, start_offset=-length, end_offset=timedelta())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("since the incident", Anchored(INCIDENT)),
        ("since the last outage", Anchored(INCIDENT)),
        ("since the incident started", Anchored(INCIDENT)),
        ("since the incident was resolved", Anchored(INCIDENT, after_end=True)),
        ("after the incident", Anchored(INCIDENT, after_end=True)),
        ("since the aws incident", Anchored(INCIDENT)),
        ("since the gpt-4o@aws incident", Anchored(INCIDENT)),
        ("during the incident", Anchored(INCIDENT, whole=True)),
        ("during inc-42", Anchored(INCIDENT, "inc-42", whole=True)),
        ("during incident INC-42", Anchored(INCIDENT, "INC-42", whole=True)),
        ("during incident 42?", Anchored(INCIDENT, "42", whole=True)),
        ("while inc-42 was open", Anchored(INCIDENT, "inc-42", whole=True)),
        ("around the incident", Anchored(INCIDENT, None, -HOUR, HOUR, whole=True)),
        ("around the rollout", Anchored(ROLLOUT, None, -HOUR, HOUR)),
        ("when the incident started", Anchored(INCIDENT, None, -HOUR, HOUR)),
        ("before the incident", before(INCIDENT, 24 * HOUR)),
        ("right before the incident", before(INCIDENT, HOUR)),
        ("2 hours into the outage", Anchored(INCIDENT, end_offset=2 * HOUR)),
        ("the first hour of the incident", Anchored(INCIDENT, end_offset=HOUR)),
        (
            "from an hour before the incident to two hours after",
            Anchored(INCIDENT, None, -HOUR, 2 * HOUR),
        ),
        ("before the rollout", before(ROLLOUT, 24 * HOUR)),
        ("the two hours before the rollout", before(ROLLOUT, 2 * HOUR)),
        ("in the 30 minutes before the deploy", before(ROLLOUT, HOUR / 2)),
        ("2h before chg-77", before(CHANGE, 2 * HOUR, id="chg-77")),
        ("after the rollout", Anchored(ROLLOUT)),
        ("since the last release", Anchored(ROLLOUT)),
        ("since the deployment", Anchored(ROLLOUT)),
        ("since deploy", Anchored(ROLLOUT)),
        ("since we deployed", Anchored(ROLLOUT)),
        ("since rollout chg-77", Anchored(ROLLOUT, "chg-77")),
        ("since chg-77", Anchored(CHANGE, "chg-77")),
        ("an hour after the deploy", Anchored(ROLLOUT, end_offset=HOUR)),
        ("within an hour of the rollout", Anchored(ROLLOUT, end_offset=HOUR)),
        ("since the last price change", Anchored(CHANGE)),
        ("since the config change", Anchored(CHANGE)),
        ("since the last policy change", Anchored(AnchorKind.POLICY)),
        ("since main@v12", Anchored(AnchorKind.POLICY)),
        ("since the experiment started", Anchored(AnchorKind.EXPERIMENT)),
        ("since exp-7 started", Anchored(AnchorKind.EXPERIMENT, "exp-7")),
        ("during the maintenance window", Anchored(AnchorKind.MAINTENANCE, whole=True)),
        ("sicne the incedent", Anchored(INCIDENT)),
    ],
)
def test_anchored(text: str, expected: Anchored) -> None:
    assert read_times(text, now=NOW).during == expected


@pytest.mark.parametrize(
    "text",
    [
        "how bad was the incident",
        "what happens after a change",
        "incidents after deployments",
        "similar incidents to inc-42",
        "did the rollout help",
        "why was req-7 routed after gpt-4o had failed",
        "after the deployment gpt-4o@aws failed",
        "since the latency change",
    ],
)
def test_not_anchored(text: str) -> None:
    assert read_times(text, now=NOW).during is None


def test_names_among_the_words_are_left_for_others() -> None:
    found = read_times("what changed since the gpt-4o@aws rollout chg-77 started", now=NOW)
    assert found.during == Anchored(ROLLOUT, "chg-77")
    assert found.words == ("since the", "rollout", "started")


def test_a_day_says_more_than_what_happened_on_it() -> None:
    found = read_times("since yesterday's rollout", now=NOW)
    assert not isinstance(found.during, Anchored)
    assert found.words == ("since yesterday's",)
