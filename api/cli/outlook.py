"""`routecause forecast` and `routecause capacity`: what comes next, and who is at risk."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.given import TIME, instant, slice_given
from api.cli.options import Json, Key, Url
from graph.errors import InvalidInput
from graph.slices import Demand, Dimension

if TYPE_CHECKING:
    from rich.console import Console

AsOf = Annotated[
    str | None, typer.Option(metavar="TIME", help=f"As it would have been told then. {TIME}")
]
Horizon = Annotated[
    int, typer.Option(metavar="MINUTES", help="How far ahead, from 10 to 1440 minutes.")
]


def forecast(
    *,
    horizon: Horizon = 60,
    step: Annotated[
        int | None,
        typer.Option(metavar="MINUTES", help="How long a point is, a multiple of 10."),
    ] = None,
    of: Annotated[str, typer.Option(help="requests, tokens or cost.")] = "requests",
    by: Annotated[
        list[str] | None,
        typer.Option(help="A forecast for each, e.g. task_type; can be repeated."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="Only these requests; can be repeated."),
    ] = None,
    as_of: AsOf = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Tell what comes next: requests, tokens or cost, with their 80 % and 95 % limits."""
    from api.cli.answered import answer

    answer(
        "forecast",
        {
            "horizonMinutes": horizon,
            "stepMinutes": step,
            "of": named(of, Demand, field="of"),
            "groupBy": [named(one, Dimension, field="by") for one in by or ()] or None,
            "where": slice_given(where or ()) or None,
            "asOf": None if as_of is None else instant(as_of, field="as-of"),
        },
        url=url,
        key=key,
        as_json=json,
        show=_show_forecast,
    )


def capacity(
    *,
    horizon: Horizon = 60,
    without: Annotated[
        list[str] | None,
        typer.Option(help="A backend or deployment imagined lost; can be repeated."),
    ] = None,
    as_of: AsOf = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Tell which deployments may get more load than they can carry, and when."""
    from api.cli.answered import answer

    answer(
        "capacity",
        {
            "horizonMinutes": horizon,
            "without": without or None,
            "asOf": None if as_of is None else instant(as_of, field="as-of"),
        },
        url=url,
        key=key,
        as_json=json,
        show=_show_capacity,
    )


def named(given: str, known: type[Demand] | type[Dimension], *, field: str) -> str:
    """The member of an enum by its name, however it is spelt. Raises InvalidInput."""
    name = given.strip().upper().replace("-", "_")
    if name not in known.__members__:
        raise InvalidInput(
            f"{given!r} is none; use {', '.join(one.value.lower() for one in known)}", field=field
        )
    return name


def _show_forecast(told: list[dict[str, Any]], console: "Console") -> None:
    from api.cli.answered import clock, lines, number, table, things

    if not told:
        console.print("nothing was recorded that a forecast could be made from")
    for one in told:
        rows = table("from", "#expected", "#80 %", "#95 %")
        points = [(clock(point["at"]), point) for point in one["points"]]
        if len(points) > 1:
            points.append(("in all", one["total"]))
        for name, point in points:
            rows.add_row(
                name,
                number(point["expected"]),
                f"{number(point['low80'])} to {number(point['high80'])}",
                f"{number(point['low95'])} to {number(point['high95'])}",
            )
        console.print(things(one["key"]), style="bold", highlight=False)
        console.print(rows)
        lines(
            console,
            [f"{one['method']}; from {one['requests']:,} requests in {one['knownSteps']:,} steps"],
        )
        lines(console, one["warnings"], style="yellow")


def _show_capacity(told: list[dict[str, Any]], console: "Console") -> None:
    from rich.text import Text

    from api.cli.answered import clock, lines, number
    from graph.words import percent

    if not told:
        console.print("no deployment is known")
    for one in told:
        likely = one["probabilityOverload"]
        chance = "risk unknown" if likely is None else f"{percent(likely)} risk of overload"
        style = "red" if (likely or 0) >= 0.5 else "yellow" if likely is None else ""
        worst = f", worst from {clock(one['worstAt'])}" if one["worstAt"] else ""
        console.print(
            Text(
                f"{one['deployment']}: {chance}; expects {number(one['expectedLoad'])} "
                f"(95 %: up to {number(one['highLoad'])}) of {number(one['capacity'])} "
                f"requests/s{worst}",
                style=style,
            ),
            soft_wrap=True,
        )
        lines(console, one["reasons"])
