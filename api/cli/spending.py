"""`routecause budgets`, `costs`, `savings`: what is spent, what was too dear, what is cheaper."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.given import TIME, instant, period, slice_given
from api.cli.options import Json, Key, Url

if TYPE_CHECKING:
    from rich.console import Console

At = Annotated[str | None, typer.Option(metavar="TIME", help=f"As it stood then. {TIME}")]
From = Annotated[str, typer.Option("--from", metavar="TIME", help=f"Begin. {TIME}")]
To = Annotated[str, typer.Option("--to", metavar="TIME", help="End, excluded.")]


def budgets(
    *,
    tenant: Annotated[
        str | None, typer.Option(help="Only this tenant's, and those of its users.")
    ] = None,
    at: At = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Tell what is spent of each budget, how fast, and when it runs out."""
    from api.cli.answered import answer

    answer(
        "budgets",
        {"tenant": tenant, "at": None if at is None else instant(at, field="at")},
        url=url,
        key=key,
        as_json=json,
        show=_show_budgets,
    )


def costs(
    from_: From,
    to: To,
    *,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Tell which hours cost more than was to be expected, where and why."""
    from api.cli.answered import answer

    answer(
        "cost_anomalies",
        {"during": period(from_, to, begin="from", end="to")},
        url=url,
        key=key,
        as_json=json,
        show=_show_anomalies,
    )


def savings(
    from_: From,
    to: To,
    *,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=VALUE", help="Only these requests; can be repeated."),
    ] = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Tell which requests another deployment had served as well for less."""
    from api.cli.answered import answer

    answer(
        "savings",
        {
            "during": period(from_, to, begin="from", end="to"),
            "where": slice_given(where or ()) or None,
        },
        url=url,
        key=key,
        as_json=json,
        show=_show_savings,
    )


def _show_budgets(told: list[dict[str, Any]], console: "Console") -> None:
    from api.cli.answered import clock, table, things, usd

    if not told:
        console.print("no budget is configured")
        return
    rows = table(
        "budget", "for", "period", "#spent", "#of", "#left", "#burn", "#expected", "runs out"
    )
    for one in told:
        rows.add_row(
            one["id"],
            things(one["where"]) if one["where"] else f"tenant {one['tenant']}",
            one["period"],
            usd(one["spentUsd"]),
            usd(one["limitUsd"]),
            usd(one["remainingUsd"]),
            f"{one['burnRate']:.2f}",
            "unknown" if one["forecastUsd"] is None else usd(one["forecastUsd"]),
            clock(one["exhaustedAt"], none="lasts"),
            style="red" if one["remainingUsd"] <= 0 else "yellow" if one["exhaustedAt"] else "",
        )
    console.print(rows)


def _show_anomalies(told: list[dict[str, Any]], console: "Console") -> None:
    from rich.text import Text

    from api.cli.answered import clock, lines, things, usd

    if not told:
        console.print("no hour cost more than was to be expected")
    for one in told:
        console.print(
            Text(
                f"{clock(one['at'])} to {clock(one['until'])}, {things(one['where'])}: "
                f"{usd(one['spentUsd'])} where {usd(one['expectedUsd'])} was to be expected "
                f"(at most {usd(one['highUsd'])}); {one['driver']}, {one['requests']:,} requests",
                style="bold",
            ),
            soft_wrap=True,
        )
        lines(
            console,
            [
                f"{cause['rank']}. {cause['kind']} {cause['id']}: {cause['title']} "
                f"({100 * cause['contribution']:.0f} %, {cause['mechanism']})"
                for cause in one["causes"]
            ]
            or ["nothing recorded accounts for it"],
        )


def _show_savings(told: list[dict[str, Any]], console: "Console") -> None:
    from api.cli.answered import table, things, usd

    if not told:
        console.print("no cheaper route that is surely as good")
        return
    rows = table("slice", "to", "#saves", "#95 %", "#of", "#quality", "#requests")
    for one in told:
        rows.add_row(
            things(one["where"]),
            one["route"],
            usd(one["savedUsd"]),
            f"{usd(one['savedLowUsd'])} to {usd(one['savedHighUsd'])}",
            usd(one["spentUsd"]),
            f"{one['qualityDelta']:+.3f} ({one['qualityLow']:+.3f} to {one['qualityHigh']:+.3f})",
            f"{one['requests']:,}",
        )
    console.print(rows)
