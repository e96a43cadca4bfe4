"""How arguments are read from JSON: what is taken, and what is said of what is not."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest
from pydantic import ConfigDict, Field, ValidationError, create_model

from agent.arguments import NAMES_AT_MOST, TEXT_AT_MOST, compact, refusal, strict
from graph.slices import Metric, Period, Slice

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
HINTS: dict[str, Any] = {
    "at": datetime | None,
    "name": str | None,
    "names": frozenset[str] | None,
    "metric": Annotated[Metric | None, Field(description="What.")],
    "during": Annotated[Period | None, Field(description="When.")],
    "where": Slice | None,
}
FIELDS: dict[str, Any] = {name: (strict(hint), None) for name, hint in HINTS.items()}
READ = create_model("read", __config__=ConfigDict(extra="forbid"), **FIELDS)


def read(**given: Any) -> Any:
    return READ.model_validate(given)


def refused(**given: Any) -> str:
    with pytest.raises(ValidationError) as error:
        read(**given)
    return str(refusal(error.value))


@pytest.mark.parametrize(
    "text",
    ["2026-09-01T12:00:00Z", "2026-09-01T12:00Z", "2026-09-01 14:00:00.000+02:00",
     "2026-09-01T17:30:00+0530"],
)  # fmt: skip
def test_times_have_an_offset(text: str) -> None:
    assert read(at=text).at == NOON


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("2026-09-01T12:00:00", "at: give times with an offset, such as 2026-09-01T14:00:00Z"),
        (datetime(2026, 9, 1), "at: give times with an offset"),  # noqa: DTZ001  # that is the point
        ("2026-09-01", "at: give a time such as"),
        ("2026", "at: give a time such as"),
        ("yesterday", "at: give a time such as"),
        (1_788_000_000, "at: give a time such as"),
        ("2026-13-01T12:00:00Z", "at: Input should be a valid datetime"),
        ("0001-01-01T00:00:00+14:00", "at: must be from 1970 to 2999"),
        ("9999-12-31T23:59:59-12:00", "at: must be from 1970 to 2999"),
    ],
)
def test_what_is_no_time_is_refused_in_words(given: Any, says: str) -> None:
    assert refused(at=given).startswith(says)


def test_periods_are_read_and_their_faults_named() -> None:
    start, end = "2026-09-01T12:00:00Z", "2026-09-01T13:00:00+00:00"
    assert read(during={"start": start, "end": end}).during == Period(
        NOON, NOON.astimezone(timezone(timedelta(hours=2))) + timedelta(hours=1)
    )
    for given, says in (
        ({"start": start[:-1], "end": end}, "during.start: give times with an offset"),
        ({"start": start}, "during.end: is needed"),
        ({"start": end, "end": start}, "during: `start` must lie before `end`"),
        ({"start": start, "end": end, "to": end}, "during.to: there is no such argument"),
        ("last week", "during: give an object"),
    ):
        assert refused(during=given).startswith(says)


def test_slices_are_read_and_their_faults_named() -> None:
    where = read(where={"tier": ["gold", "free"], "task_type": None}).where
    assert where == Slice(tier=frozenset({"gold", "free"}))
    for given, says in (
        ({"colour": ["red"]}, "where.colour: there is no such argument"),
        ({"tier": "gold"}, "where.tier: give a list"),
        ({"tier": [7]}, "where.tier.0: Input should be a valid string"),
        ({"tier": ["\0"]}, "where.tier.0: must have no control characters"),
    ):
        assert refused(where=given).startswith(says)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", f"name: must have 1 to {TEXT_AT_MOST} characters"),
        ("x" * (TEXT_AT_MOST + 1), f"name: must have 1 to {TEXT_AT_MOST} characters"),
        ("a\0b", "name: must have no control characters"),
        ("a\ud800", "name: "),
        (7, "name: Input should be a valid string"),
    ],
)
def test_what_is_no_name_is_refused(given: Any, says: str) -> None:
    assert refused(name=given).startswith(says)
    assert read(name="two\nlines ✓").name == "two\nlines ✓"


def test_lists_are_bounded() -> None:
    names = [f"n{number}" for number in range(NAMES_AT_MOST + 1)]
    assert refused(names=names) == f"names: name at most {NAMES_AT_MOST}"
    assert len(read(names=names[1:]).names) == NAMES_AT_MOST


def test_what_is_not_known_is_named() -> None:
    assert refused(cypher="MATCH (n)") == "cypher: there is no such argument"
    assert refused(metric="MATCH (n)").startswith("metric: Input should be 'QUALITY'")


def test_compacting_keeps_properties_of_any_name() -> None:
    schema = {
        "title": "x",
        "properties": {
            "title": {"type": "string", "title": "Title"},
            "default": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
            "either": {"anyOf": [{"type": "integer"}, {"type": "string"}], "default": 5},
        },
    }
    assert compact(schema) == {
        "properties": {
            "title": {"type": "string"},
            "default": {"type": "integer"},
            "either": {"anyOf": [{"type": "integer"}, {"type": "string"}], "default": 5},
        }
    }
