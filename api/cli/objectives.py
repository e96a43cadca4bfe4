"""`routecause slos`, `experiment` and `rollout`: is it good enough, and which way is better."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.given import TIME, instant
from api.cli.options import Json, Key, Url

if TYPE_CHECKING:
    from rich.console import Console

At = Annotated[str | None, typer.Option(metavar="TIME", help=f"As it stood then. {TIME}")]
_STYLES = {"continue": "green", "freeze": "yellow", "lockdown": "red"}
_WINDOWS = {5: "5 min", 60: "1 h", 360: "6 h", 4320: "3 d"}


def slos(*, at: At = None, url: Url = None, key: Key = None, json: Json = False) -> None:
    """Tell how much of each error budget is left, how fast it burns, and what to do."""
    from api.cli.answered import answer

    answer(
        "slos",
        {"at": None if at is None else instant(at, field="at")},
        url=url,
        key=key,
        as_json=json,
        show=_show_slos,
    )


def experiment(
    experiment: Annotated[str, typer.Argument(help="The experiment.")],
    *,
    at: At = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Compare the arms of an experiment, with limits that hold however often one looks."""
    from api.cli.answered import answer

    answer(
        "experiment",
        {"id": experiment, "at": None if at is None else instant(at, field="at")},
        url=url,
        key=key,
        as_json=json,
        show=_show_experiment,
    )


def rollout(
    change: Annotated[str, typer.Argument(help="The change.")],
    *,
    at: At = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Compare a change with what it replaced and with untouched twins."""
    from api.cli.answered import answer

    answer(
        "rollout",
        {"change": change, "at": None if at is None else instant(at, field="at")},
        url=url,
        key=key,
        as_json=json,
        show=_show_rollout,
    )


def _show_slos(told: list[dict[str, Any]], console: "Console") -> None:
    from rich.text import Text

    from api.cli.answered import lines, number, things
    from graph.words import percent

    if not told:
        console.print("no objective is defined")
    for one in told:
        actual = "unknown" if one["actual"] is None else percent(one["actual"])
        left = one["errorBudgetRemaining"]
        budget = "error budget unknown" if left is None else f"{percent(left)} of its budget left"
        console.print(
            Text(
                f"{one['id']} ({one['tenant']}): {one['action']}; {one['objective']} of "
                f"{things(one['where'])} {actual} of {percent(one['target'])} over "
                f"{one['windowDays']:g} days, {budget}",
                style=_STYLES.get(one["action"], ""),
            ),
            soft_wrap=True,
        )
        burns = {burn["windowMinutes"]: burn["rate"] for burn in one["burns"]}
        rates = [f"{name} {number(burns[of])}" for of, name in _WINDOWS.items() if of in burns]
        lines(console, [f"burn: {', '.join(rates)}"] if rates else [])
        for alert in one["alerts"]:
            words = f"{alert['severity']}: burns at {alert['threshold']:g} or more"
            lines(console, [words], style="red")
        lines(console, one["reasons"])
        lines(
            console,
            [
                f"burned by {things(part['where'])}: {number(part['bad'])} of {part['events']:,} "
                f"({percent(part['share'])} of all bad)"
                for part in one["burnedBy"]
            ],
        )


def _show_experiment(told: dict[str, Any] | None, console: "Console") -> None:
    from api.cli.answered import lines, number, table, usd
    from graph.figures import difference
    from graph.slices import Metric

    if told is None:
        console.print("nobody told of such an experiment")
        return
    console.print(told["verdict"], style="bold", highlight=False, soft_wrap=True)
    rows = table(
        "arm", "#requests", "#users", "#quality", "#95 %", "#scored", "#p95 ms", "#errors", "#cost"
    )
    for arm in told["arms"]:
        rows.add_row(
            arm["arm"],
            f"{arm['requests']:,}",
            f"{arm['users']:,}",
            number(arm["quality"]),
            f"{number(arm['qualityLow'])} to {number(arm['qualityHigh'])}",
            f"{arm['scored']:,} of {arm['matured']:,}",
            number(arm["latencyP95Ms"]),
            "unknown" if arm["errorRate"] is None else f"{100 * arm['errorRate']:.2f} %",
            usd(arm["costPerRequestUsd"]),
        )
    console.print(rows)
    for one in told["differences"]:
        metric = Metric(one["metric"])
        delta, *ends = (difference(one[name], metric=metric) for name in ("delta", "low", "high"))
        words = f"{one['arm']} less {one['baseline']}, {metric.value}: {delta}"
        words += f" ({' to '.join(ends)})"
        lines(console, [words])
    lines(console, told["warnings"], style="yellow")


def _show_rollout(told: dict[str, Any] | None, console: "Console") -> None:
    from api.cli.answered import lines, table
    from graph.figures import difference, figure
    from graph.slices import Metric

    if told is None:
        console.print("nobody told of such a change to deployments or models")
        return
    console.print(told["verdict"], style="bold", highlight=False, soft_wrap=True)
    rows = table("metric", "#before", "#after", "#twins before", "#twins after", "#effect", "#95 %")
    for one in told["effects"]:
        metric = Metric(one["metric"])
        low, high = (difference(one[name], metric=metric) for name in ("low", "high"))
        rows.add_row(
            metric.value,
            *(figure(one[name], metric=metric) for name in ("before", "after")),
            *(figure(one[name], metric=metric) for name in ("twinsBefore", "twinsAfter")),
            difference(one["effect"], metric=metric),
            f"{low} to {high}",
        )
    console.print(rows)
    reached, twins = (", ".join(told[name]) or "none" for name in ("reached", "twins"))
    lines(console, [f"reached {reached}; twins {twins}"])
    lines(console, told["warnings"], style="yellow")
