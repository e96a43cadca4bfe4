"""The whole reasoning behind one pick, laid out for people: `routecause route --explain`."""

from typing import Any

from rich.console import Console
from rich.text import Text

from api.cli.layout import item, section

_STATUS_STYLES = {"HEALTHY": "green", "DEGRADED": "yellow", "DOWN": "red", "UNKNOWN": "dim"}


def explain(view: dict[str, Any], *, request: dict[str, Any], console: Console) -> None:
    """Print a routing view: what was asked, each step, every candidate with its reasons, warnings.

    `view` and `request` are the `routingView` that GraphQL answered and its variable.
    """
    console.print(_asked(request), highlight=False)
    section(console, "How it was decided")
    for number, step in enumerate(view["steps"], start=1):
        item(console, f"{number}.", step)
    if not view["steps"]:
        item(console, "-", "no step is told")
    _show_policy(view, console=console)
    eligible = [one for one in view["candidates"] if one["eligible"]]
    ruled_out = [one for one in view["candidates"] if not one["eligible"]]
    width = max((len(one["deployment"]) for one in view["candidates"]), default=0)
    section(console, f"Ranked ({len(eligible)})")
    for one in eligible:
        _show(one, width=width, console=console)
    if not eligible:
        item(console, "-", "none may serve this request")
    if ruled_out:
        section(console, f"Ruled out ({len(ruled_out)}), the least bad first")
        for one in ruled_out:
            _show(one, width=width, console=console)
    section(console, "What is left")
    item(console, "-", f"budget: {_left(view['budgetRemainingUsd'], '${:.4f}')}")
    item(console, "-", f"quota: {_left(view['quotaRemaining'], '{:.0f} requests')}")
    if view["warnings"]:
        section(console, "Warnings")
        for warning in view["warnings"]:
            item(console, "!", warning, style="yellow")
    stale = ", stale" if view["stale"] else ""
    console.print(f"\nview {view['viewVersion']} as of {view['asOf']}{stale}", style="dim")


def _asked(request: dict[str, Any]) -> Text:
    text = Text.assemble(
        ("Request: ", "bold"),
        f"{request['taskType']} for {request['user']}, {request['promptTokens']} prompt tokens",
    )
    for name, words in (("tier", "tier"), ("tenant", "tenant"), ("maxCompletionTokens", "at most")):
        if request.get(name) is not None:
            text.append(f", {words} {request[name]}")
    for label in request.get("labels") or ():
        text.append(f", {label['name']}={label['value']}")
    return text


def _show_policy(view: dict[str, Any], *, console: Console) -> None:
    rows: list[str] = []
    if view["policy"] is not None:
        rule = view["policyRule"]
        decided = f"rule {rule}" if rule else "no rule"
        rows.append(f"policy {view['policy']}@{view['policyVersion']}, {decided}")
    if view["experiment"] is not None:
        rows.append(f"experiment {view['experiment']}, arm {view['arm']}")
    if view["propensity"] is not None:
        rows.append(f"propensity {view['propensity']:.4g}: record it with the decision")
    rows += [f"flag {flag['name']} = {flag['value']}" for flag in view["flags"]]
    if rows:
        section(console, "Policy and experiment")
        for row in rows:
            item(console, "-", row)


def _show(one: dict[str, Any], *, width: int, console: Console) -> None:
    """One candidate: a line of figures, its terms or objections below."""
    rank = "-" if one["rank"] is None else str(one["rank"])
    text = Text(f"{rank:>3}  ")
    text.append(f"{one['deployment']:<{width}}", style="bold")
    text.append(f"  {one['status'].lower():<8}", style=_STATUS_STYLES.get(one["status"], ""))
    text.append(f"  score {_figure(one['score'], '{:.3f}', unknown='-'):<5}")
    text.append(f"  {_figure(one['expectedLatencyMs'], '{:.0f} ms'):>8}")
    text.append(f"  {_figure(one['expectedCostUsd'], '${:.5f}'):>9}")
    text.append(f"  quality {_figure(one['expectedQuality'], '{:.2f}')}")
    if one["qualitySamples"] is not None:
        text.append(f" ({one['qualitySamples']} scores)", style="dim")
    if one["propensity"] is not None:
        text.append(f"  propensity {one['propensity']:.4g}")
    for name, words in (("probe", "probe"), ("stale", "stale")):
        if one[name]:
            text.append(f"  {words}", style="yellow")
    console.print(text, highlight=False, soft_wrap=True)
    for reason in one["reasons"]:
        item(console, "·", reason, indent=5, style="dim")


def _left(value: float | None, form: str) -> str:
    return _figure(value, form, unknown="no limit is known")


def _figure(value: float | None, form: str, *, unknown: str = "unknown") -> str:
    return unknown if value is None else form.format(value)
