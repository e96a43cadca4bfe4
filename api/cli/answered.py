"""What commands with one question share: it is asked, and its answer is the data or a page."""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.cli.client import Client
from api.graphql.trusted import document

Told = Mapping[str, Any]
Show = Callable[[Any, Console], None]
_WIDTH: Final = 140


def answer(
    name: str,
    variables: Mapping[str, Any],
    *,
    url: str | None,
    key: str | None,
    as_json: bool,
    show: Show,
) -> None:
    """Ask the trusted document of that name and print the data, or show its one field.

    Variables that are None are left out.
    """
    asked = {name: value for name, value in variables.items() if value is not None}
    with Client(url=url, key=key) as client:
        data = client.query(document(name), asked)
    if as_json:
        from orjson import dumps

        print(dumps(data).decode())
        return
    (told,) = data.values()
    # A file has no width of its own; the tables are wider than what is assumed for one.
    show(told, Console(width=None if sys.stdout.isatty() else _WIDTH))


def table(*columns: str) -> Table:
    """An empty table; columns that begin with `#` are of figures."""
    made = Table(header_style="bold", box=None, pad_edge=False)
    for name in columns:
        made.add_column(name.removeprefix("#"), justify="right" if name.startswith("#") else "left")
    return made


def lines(console: Console, words: Sequence[str], *, style: str = "dim") -> None:
    """Sentences below something, one to a line."""
    for one in words:
        console.print(Text(f"  {one}", style=style), soft_wrap=True)


def things(where: Sequence[Told]) -> str:
    """A slice in words."""
    return ", ".join(f"{one['kind']} {one['id']}" for one in where) or "all requests"


def clock(instant: str | None, *, none: str = "-") -> str:
    """A time to the minute, UTC."""
    if instant is None:
        return none
    return f"{datetime.fromisoformat(instant).astimezone(UTC):%Y-%m-%d %H:%M}"


def usd(amount: float | None) -> str:
    """Dollars and cents; more decimals for less than a dollar."""
    if amount is None:
        return "unknown"
    sign = "-" if amount < 0 else ""
    return f"{sign}${abs(amount):,.4f}" if abs(amount) < 1 else f"{sign}${abs(amount):,.2f}"


def number(value: float | None) -> str:
    """Three figures below 100, whole from there on; `unknown` for none."""
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
