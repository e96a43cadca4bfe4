"""`routecause why`: why a metric changed, as a page for people or as the data itself."""

from typing import Annotated, Any

import typer

from api.cli.given import FIELDS, TIME, instant, period, slice_given
from api.cli.options import Json, Key, Url
from api.graphql.trusted import document
from graph.errors import InvalidInput
from graph.slices import Metric

QUERY = document("why")


def why(
    metric: Annotated[
        str, typer.Argument(help=f"What changed: {', '.join(one.value for one in Metric)}.")
    ],
    from_: Annotated[str, typer.Option("--from", metavar="TIME", help=f"Begin. {TIME}")],
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
            help=f"Only these requests; can be repeated. Fields: {', '.join(FIELDS)}.",
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
        "during": period(from_, to, begin="from", end="to"),
        "where": slice_given(where or ()),
    }
    if compare_from is not None or compare_to is not None:
        asked["comparedTo"] = period(
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


def _metric(given: str) -> str:
    name = given.strip().upper().replace("-", "_")
    if name not in Metric.__members__:
        raise InvalidInput(
            f"{given!r} is none; use {', '.join(one.value for one in Metric)}", field="metric"
        )
    return name
