"""`routecause why`: why a metric changed, as a page for people or as the data itself."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final

import typer

from api.cli.options import Json, Key, Url
from api.graphql.trusted import document
from graph.errors import InvalidInput
from graph.slices import Metric, Slice

QUERY = document("why")
_FIELDS: Final = tuple(Slice.__dataclass_fields__)
_TIME: Final = (
    "A time with its offset, such as 2026-11-17T09:00Z; a date alone is its midnight UTC."
)


def why(
    metric: Annotated[
        str, typer.Argument(help=f"What changed: {', '.join(one.value for one in Metric)}.")
    ],
    from_: Annotated[str, typer.Option("--from", metavar="TIME", help=f"Begin. {_TIME}")],
    to: Annotated[str, typer.Option("--to", metavar="TIME", help="End, excluded.")],
    compare_from: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Begin of what it is compared with; by default alike hours and weekdays before.",
        ),
    ] = None,
    compare_to: Annotated[
        str | None, typer.Option(metavar="TIME", help="End of what it is compared with.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=VALUE",
            help=f"Only these requests; can be repeated. Fields: {', '.join(_FIELDS)}.",
        ),
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="As it could have been known then.")
    ] = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Tell why a metric changed: whether it did, where, when, what happened, what did it."""
    asked: dict[str, Any] = {
        "metric": _metric(metric),
        "during": _period(from_, to, begin="from", end="to"),
        "where": slice_given(where or ()),
    }
    if compare_from is not None or compare_to is not None:
        asked["comparedTo"] = _period(
            compare_from, compare_to, begin="compare-from", end="compare-to"
        )
    if known_at is not None:
        asked["knownAt"] = instant(known_at, field="known-at")
    from api.cli.client import Client

    with Client(url=url, key=key) as client:
        data = client.query(QUERY, asked)
    if json:
        from orjson import dumps

        print(dumps(data).decode())
    else:
        from rich.console import Console

        from api.cli.investigation import show_investigation

        show_investigation(data["whyChanged"], where=asked["where"], console=Console())


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
        known = {_plain(field): field for field in _FIELDS}.get(_plain(name))
        if known is None:
            raise InvalidInput(f"{name} is no field; use {', '.join(_FIELDS)}", field="where")
        found.setdefault(_camel(known), []).append(value)
    return found


def _metric(given: str) -> str:
    name = given.strip().upper().replace("-", "_")
    if name not in Metric.__members__:
        raise InvalidInput(
            f"{given!r} is none; use {', '.join(one.value for one in Metric)}", field="metric"
        )
    return name


def _period(start: str | None, to: str | None, *, begin: str, end: str) -> dict[str, str]:
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
