"""What is given on the command line, checked by name: times, periods, slices."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

from graph.errors import InvalidInput
from graph.slices import Slice

FIELDS: Final = tuple(Slice.__dataclass_fields__)
TIME: Final = "A time with its offset, such as 2026-11-17T09:00Z; a date alone is its midnight UTC."


def instant(given: str, *, field: str) -> str:
    """A time as GraphQL takes it; a date alone is its midnight UTC. Raises InvalidInput."""
    try:
        if len(given) == len("2026-11-17"):
            day = date.fromisoformat(given)
            return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()
        told = datetime.fromisoformat(given)
    except ValueError:
        raise InvalidInput(f"{given!r} is no time; write 2026-11-17T09:00Z", field=field) from None
    if told.tzinfo is None:
        raise InvalidInput(f"{given!r} has no offset; write {given}Z for UTC", field=field)
    return told.isoformat()


def slice_given(pairs: Sequence[str]) -> dict[str, list[str]]:
    """The slice of `field=value` pairs as GraphQL takes it. Raises InvalidInput.

    Values of one field are alternatives.
    """
    found: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (name and equals and value):
            raise InvalidInput(f"{pair!r} must be written FIELD=VALUE", field="where")
        known = {_plain(field): field for field in FIELDS}.get(_plain(name))
        if known is None:
            raise InvalidInput(f"{name} is no field; use {', '.join(FIELDS)}", field="where")
        found.setdefault(_camel(known), []).append(value)
    return found


def period(start: str | None, to: str | None, *, begin: str, end: str) -> dict[str, str]:
    """A period as GraphQL takes it; `begin` and `end` name the options. Raises InvalidInput."""
    for value, name in ((start, begin), (to, end)):
        if value is None:
            raise InvalidInput(f"give --{begin} and --{end} together", field=name)
    return {"from": instant(start or "", field=begin), "to": instant(to or "", field=end)}


def _plain(name: str) -> str:
    """A field's name however its words are joined."""
    return name.replace("_", "").replace("-", "").lower()


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
