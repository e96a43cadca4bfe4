"""What a text claims: numbers with units and rounding, times, and where its sentences end."""

from datetime import UTC, datetime

import pytest

from agent.checking.claims import Unit, keys, numbers, sentences, times

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "unit", "value", "slack"),
    [
        ("1,234 ms", Unit.TIME, 1234.0, 0.5),
        ("1.2 s", Unit.TIME, 1200.0, 50.0),
        ("24-hour", Unit.TIME, 86_400_000.0, 1_800_000.0),
        ("12.3 %", Unit.SHARE, 0.123, 0.0005),
        ("3 points", Unit.SHARE, 0.03, 0.005),
        ("0.919", Unit.ANY, 0.919, 0.0005),
        ("$0.0123", Unit.USD, 0.0123, 0.00005),
        ("-$3.20", Unit.USD, -3.2, 0.005),
        ("$1.2k", Unit.USD, 1200.0, 50.0),
        ("5 cents", Unit.USD, 0.05, 0.005),
        ("2x", Unit.PLAIN, 2.0, 0.5),
        ("1.23e+03 rps", Unit.PLAIN, 1230.0, 5.0),
        ("about 1,200 ms", Unit.TIME, 1200.0, 50.0),
        ("three deployments", Unit.ANY, 3.0, 0.0),
        ("two hours", Unit.TIME, 7_200_000.0, 1_800_000.0),
    ],
)
def test_numbers_are_read_with_unit_and_rounding(
    text: str, unit: Unit, value: float, slack: float
) -> None:
    (found,) = numbers(text)
    reading = found.readings[0]
    assert reading.unit is unit
    assert (reading.value, reading.slack) == pytest.approx((value, slack))


@pytest.mark.parametrize(
    "text",
    ["p95", "5xx", "HTTP 500", "(95 %: x)", "95 % interval", "1. x", "v1.2", "top 3", "1.2.3"],
)
def test_what_only_looks_like_a_number_claims_nothing(text: str) -> None:
    assert numbers(text) == []


def test_what_is_counted_is_told() -> None:
    (found,) = numbers("402 scored requests")
    assert found.nouns == {"score", "request"}


def test_a_range_is_two_numbers_without_a_sign() -> None:
    assert [one.shown for one in numbers("0.92-0.95")] == [0.92, 0.95]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2026-11-17", ("day", 2026, 11, 17)),
        ("2026-11-17 07:40 UTC", ("instant", 2026, 11, 17, 7, 40)),
        ("2026-11-17T09:40:12+02:00", ("instant", 2026, 11, 17, 7, 40, 12)),
        ("17 November 2026", ("day", 2026, 11, 17)),
        ("Nov 17th at 7:40 pm", ("yearless clock", 11, 17, 19, 40)),
        ("November 17", ("yearless", 11, 17)),
        ("07:40", ("clock", 7, 40)),
        ("3pm", ("clock", 15, 0)),
    ],
)
def test_times_are_read_in_any_usual_spelling(text: str, key: tuple[str | int, ...]) -> None:
    (found,) = times(f"at {text}, they say", now=NOW)
    assert found.key == key


def test_how_long_ago_is_an_instant() -> None:
    (found,) = times("2 hours ago", now=NOW)
    assert found.at == datetime(2026, 11, 18, 10, tzinfo=UTC)


def test_an_impossible_time_is_none() -> None:
    assert times("at 2026-13-45 or 27:99", now=NOW) == []


def test_an_instant_is_found_by_all_that_may_be_told_of_it() -> None:
    at = datetime(2026, 11, 17, 7, 40, 12, tzinfo=UTC)
    for text in ("2026-11-17", "17 Nov", "07:40", "07:40:12", "Nov 17 07:40", "2026-11-17 07:40"):
        (found,) = times(text, now=NOW)
        assert found.key in keys(at)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("It is 0.76. p95 fell.", ["It is 0.76.", " p95 fell."]),
        ("See e.g. that vs. this. Yes", ["See e.g. that vs. this.", " Yes"]),
        ("1. gpt-4.1@aws is v1.2 now!", ["1. gpt-4.1@aws is v1.2 now!"]),
        ("| a. b | c. d |", ["| a. b | c. d |"]),
        ("", []),
    ],
)
def test_sentences_end_where_they_end(line: str, found: list[str]) -> None:
    assert [line[start:end] for start, end in sentences(line)] == found


def test_no_sentence_ends_within_a_quotation() -> None:
    line = "inc-1: Down. Up again. Fine."
    assert len(sentences(line, whole=[(7, 21)])) == 2
