"""Why a metric changed, laid out for people: `routecause why`."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from api.cli.layout import item, section
from graph.figures import difference, figure, left_over, share
from graph.slices import Metric
from graph.words import percent

_VERDICT_STYLES: Final = {
    "EXPLAINED": "green",
    "PARTLY_EXPLAINED": "yellow",
    "UNEXPLAINED": "yellow",
    "NO_CHANGE": "green",
    "INSUFFICIENT_DATA": "yellow",
}
_MECHANISMS: Final = {
    "WITHIN": "made what it touched different",
    "MIX": "moved traffic to where the metric is different",
    "PRICE": "changed what a token costs",
    "TOKENS": "changed how many tokens a request has",
    "EVALUATOR": "changed how answers are judged, not the answers",
}
_NOTHING_TO_BLAME: Final = frozenset({"NO_CHANGE", "INSUFFICIENT_DATA"})
Told = Mapping[str, Any]


def show_investigation(
    found: Told, *, where: Mapping[str, Sequence[str]], console: Console
) -> None:
    """Print an investigation: verdict, figures, slices, causes with their evidence, what is left.

    `found` and `where` are the `whyChanged` that GraphQL answered and its variable.
    """
    metric = Metric(found["metric"])
    title = Text(f"{found['metric']}{_slice(where)}, {_period(found['during'])}", style="bold")
    console.print(title, highlight=False, soft_wrap=True)
    verdict = found["verdict"]
    console.print(Text(verdict.replace("_", " "), style=_VERDICT_STYLES.get(verdict, "")))
    item(console, "", found["summary"], indent=1)
    _show_change(found, metric=metric, console=console)
    if found["slices"]:
        section(console, f"Where ({len(found['slices'])})")
        for one in found["slices"]:
            _show_slice(one, metric=metric, console=console)
    if found["causes"] or verdict not in _NOTHING_TO_BLAME:
        section(console, f"Why ({found['considered']} recorded events considered)")
        for one in found["causes"]:
            _show_cause(one, metric=metric, console=console)
        if not found["causes"]:
            item(console, "-", "the data holds none of them responsible")
    if found["unexplained"] is not None:
        section(console, "Left over")
        item(console, "-", f"unexplained: {left_over(found['unexplained'])}")
    as_known = f", as known at {_clock(found['knownAt'])}" if found["knownAt"] else ""
    console.print(f"\ninvestigation {found['id']}{as_known}", style="dim", highlight=False)


def path_in_words(path: Sequence[Told]) -> str:
    """The nodes of a path, from the cause to the slice, in one line."""
    nodes = [step["from"] for step in path[:1]] + [step["to"] for step in path]
    return " → ".join(_thing(node) for node in nodes)


def _show_change(found: Told, *, metric: Metric, console: Console) -> None:
    section(console, "What changed")
    moved = difference(found["delta"], metric=metric)
    limits = _limits(found["deltaLow"], found["deltaHigh"], metric=metric)
    item(console, "-", f"{_from_to(found, metric=metric)}, {moved}{limits}")
    against = f"{found['baseline']} ({_period(found['comparedTo'])})"
    item(console, "-", f"compared with {against}")
    if found["onset"] is not None:
        between = ""
        if found["onsetLow"] is not None and found["onsetHigh"] is not None:
            between = f" (between {_clock(found['onsetLow'])} and {_clock(found['onsetHigh'])})"
        item(console, "-", f"it began {_clock(found['onset'])}{between}")
    item(console, "-", _coverage(found["coverage"]))
    if found["coverage"]["warning"]:
        item(console, "!", found["coverage"]["warning"], style="yellow")


def _show_slice(one: Told, *, metric: Metric, console: Console) -> None:
    known = one["before"] is not None or one["after"] is not None
    figures = f"{_from_to(one, metric=metric)} in " if known else ""
    item(console, f"{share(one['share']):>6} ", _things(one["where"]), style="bold")
    item(
        console,
        "·",
        f"{figures}{one['requestsBefore']:,} and then {one['requestsAfter']:,} requests; it moved "
        f"the whole by {difference(one['mixEffect'], metric=metric)} with its share of the traffic "
        f"and by {difference(one['withinEffect'], metric=metric)} within",
        indent=10,
        style="dim",
    )


def _show_cause(one: Told, *, metric: Metric, console: Console) -> None:
    item(console, f"{one['rank']}.", f"{one['kind']} {one['id']}: {one['title']}", style="bold")
    low, high = share(one["contributionLow"]), share(one["contributionHigh"])
    rows = [
        f"at {_clock(one['at'])}, confidence {percent(one['confidence'])}",
        f"{share(one['contribution'])} of the change (95 %: {low} to {high})",
        f"{one['mechanism']}: it {_MECHANISMS.get(one['mechanism'], 'reached the metric')}"
        f"{_acting_on(one['where'])}",
    ]
    if one["counterfactual"] is not None:
        rows.append(f"without it: {figure(one['counterfactual'], metric=metric)}")
    if one["path"]:
        rows.append(f"path: {path_in_words(one['path'])}")
    for row in rows:
        item(console, "·", row, indent=5)
    if one["indistinguishableFrom"]:
        others = ", ".join(one["indistinguishableFrom"])
        item(console, "!", f"the data can't tell it from {others}", indent=5, style="yellow")
    for words in one["evidence"]:
        item(console, "+", words, indent=5, style="green")
    for words in one["evidenceAgainst"]:
        item(console, "-", words, indent=5, style="red")


def _coverage(told: Told) -> str:
    words = f"{told['requests']:,} requests"
    if told["scored"] is not None:
        words += f", {told['scored']:,} of them scored"
    if told["scoredShare"] is not None:
        words += f" ({percent(told['scoredShare'])}"
        if told["expectedScoredShare"] is not None:
            words += f", {percent(told['expectedScoredShare'])} expected by now"
        words += ")"
    return words


def _from_to(told: Told, *, metric: Metric) -> str:
    return f"{figure(told['before'], metric=metric)} → {figure(told['after'], metric=metric)}"


def _limits(low: float | None, high: float | None, *, metric: Metric) -> str:
    if low is None or high is None:
        return ""
    return f" (95 %: {difference(low, metric=metric)} to {difference(high, metric=metric)})"


def _acting_on(where: Sequence[Told]) -> str:
    return f", in {_things(where)}" if where else ""


def _slice(where: Mapping[str, Sequence[str]]) -> str:
    told = [f"{name} {' or '.join(values)}" for name, values in where.items()]
    return f" for {', '.join(told)}" if told else ""


def _things(nodes: Sequence[Told]) -> str:
    return ", ".join(_thing(node) for node in nodes) or "all requests"


def _thing(node: Told) -> str:
    return f"{node['kind']} {node['id']}"


def _period(told: Told) -> str:
    return f"{_clock(told['from'])} to {_clock(told['to'])}"


def _clock(instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
