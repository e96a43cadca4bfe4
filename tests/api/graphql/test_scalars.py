"""Times come in with an offset, or not at all; they go out in UTC."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strawberry.exceptions import StrawberryInputCoercionError

from api.graphql.scalars import format_time, parse_time

T = datetime(2026, 9, 8, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2026-09-08T12:30:00Z", T),
        ("2026-09-08t12:30:00z", T),
        ("2026-09-08T14:30:00+02:00", T),
        ("2026-09-08T12:30:00.5Z", T + timedelta(milliseconds=500)),
        ("2026-09-08T12:30:00.123456789Z", T + timedelta(microseconds=123_456)),
    ],
)
def test_times_with_an_offset_are_understood(written: str, told: datetime) -> None:
    assert parse_time(written) == told
    assert parse_time(written).tzinfo is UTC


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("2026-09-08T12:30:00", "has no offset"),
        ("2026-09-08", "has no offset"),
        ("2026-09-08 12:30:00Z", "no RFC 3339 time"),
        ("yesterday", "no RFC 3339 time"),
        ("", "no RFC 3339 time"),
        ("2026-13-01T00:00:00Z", "there is no time"),
        ("2026-02-30T00:00:00Z", "there is no time"),
        ("0001-01-01T00:00:00+14:00", "there is no time"),
        ("1969-12-31T23:59:59Z", "before 1970"),
        ("9999-12-31T23:59:59Z", "after 9000"),
        ("٢٠٢٦-09-08T12:30:00Z", "no RFC 3339 time"),
        (1_700_000_000, "a time is a string"),
        (None, "a time is a string"),
    ],
)
def test_anything_else_is_refused_with_a_remedy(written: object, says: str) -> None:
    with pytest.raises(StrawberryInputCoercionError, match=says):
        parse_time(written)


def test_times_go_out_in_utc_with_microseconds_only_where_there_are_any() -> None:
    east = timezone(timedelta(hours=2))
    assert format_time(T.astimezone(east)) == "2026-09-08T12:30:00Z"
    assert format_time(T + timedelta(microseconds=5)) == "2026-09-08T12:30:00.000005Z"


@given(
    st.datetimes(
        min_value=datetime(1970, 1, 2),  # noqa: DTZ001  # hypothesis wants them naive
        max_value=datetime(8999, 1, 1),  # noqa: DTZ001
        timezones=st.timezones(),
    )
)
def test_what_goes_out_can_come_in_again(instant: datetime) -> None:
    # In UTC, since times in a repeated hour equal nothing of another zone.
    assert parse_time(format_time(instant)) == instant.astimezone(UTC)


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    with suppress(StrawberryInputCoercionError):
        assert parse_time(text).tzinfo is UTC
