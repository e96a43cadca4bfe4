"""Times as the API writes and reads them: RFC 3339, always with an offset, always UTC going out."""

import re
from datetime import UTC, datetime
from typing import Final

from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.types.scalar import ScalarDefinition

_RFC_3339: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
_EXAMPLE: Final = "2026-09-07T12:00:00Z"
_SHOWN: Final = 40


def format_time(value: datetime) -> str:
    """An aware time in UTC with `Z`; microseconds only where there are any."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def parse_time(value: object) -> datetime:
    """An RFC 3339 time as aware UTC; a sentence about what to change where it is none."""
    if not isinstance(value, str):
        raise StrawberryInputCoercionError(f"a time is a string such as {_EXAMPLE}")
    if not _RFC_3339.fullmatch(value):
        shown = value[:_SHOWN]
        if re.fullmatch(r"[0-9T:. -]+", value):
            raise StrawberryInputCoercionError(
                f"the time {shown!r} has no offset; say which one is meant, such as {_EXAMPLE}"
            )
        raise StrawberryInputCoercionError(
            f"{shown!r} is no RFC 3339 time; write it such as {_EXAMPLE}"
        )
    try:
        told = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise StrawberryInputCoercionError(f"there is no time {value!r}") from None
    if not _EARLIEST <= told < _LATEST:
        raise StrawberryInputCoercionError(f"the time {value!r} lies before 1970 or after 9000")
    return told


DATE_TIME: Final = ScalarDefinition(
    name="DateTime",
    description=(
        f"An RFC 3339 time, such as {_EXAMPLE}. An offset is required going in; "
        "going out it is always UTC."
    ),
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    serialize=format_time,
    parse_value=parse_time,
    parse_literal=None,
    origin=datetime,
)
