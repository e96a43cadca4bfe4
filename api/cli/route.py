"""`routecause route`: which deployment for this request, and why not the others."""

from typing import Annotated, Any

import typer

from api.cli.options import Json, Key, Url
from api.graphql.trusted import document

QUERY = document("route")


def route(
    user: Annotated[str, typer.Option(help="Who asks.")],
    task_type: Annotated[str, typer.Option(help="What for, such as reasoning.")],
    prompt_tokens: Annotated[int, typer.Option(min=1, help="Length of the prompt.")],
    tier: Annotated[str | None, typer.Option(help="Tier; by default the user's.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Tenant; by default the key's.")] = None,
    max_completion_tokens: Annotated[int | None, typer.Option(min=1)] = None,
    max_latency_ms: Annotated[float | None, typer.Option(min=0)] = None,
    max_cost_usd: Annotated[float | None, typer.Option(min=0)] = None,
    min_quality: Annotated[float | None, typer.Option(min=0, max=1)] = None,
    capability: Annotated[list[str] | None, typer.Option(help="Can be repeated.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A label that rules may look at; can be repeated."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the whole reasoning, step by step.")
    ] = False,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Rank every deployment for a request, or rule it out with the reason; sends nothing."""
    from api.cli.client import Client

    requirements = {
        "maxLatencyMs": max_latency_ms,
        "maxCostUsd": max_cost_usd,
        "minQuality": min_quality,
        "capabilities": capability or None,
    }
    asked: dict[str, Any] = {
        "user": user,
        "taskType": task_type,
        "promptTokens": prompt_tokens,
        "tier": tier,
        "tenant": tenant,
        "maxCompletionTokens": max_completion_tokens,
        "requirements": {name: value for name, value in requirements.items() if value is not None},
    }
    request = {name: value for name, value in asked.items() if value}
    request["labels"] = [_label(each) for each in label or ()]
    # Nothing is sent, so nothing is to be booked.
    request["reserve"] = False
    with Client(url=url, key=key) as client:
        data = client.query(QUERY, {"request": request})
    if json:
        from orjson import dumps

        print(dumps(data).decode())
    elif explain:
        from rich.console import Console

        from api.cli.explanation import explain as show_all

        show_all(data["routingView"], request=request, console=Console())
    else:
        _show(data["routingView"])


def _label(given: str) -> dict[str, str]:
    name, equals, value = given.partition("=")
    if not (name and equals):
        from graph.errors import InvalidInput

        raise InvalidInput(f"{given!r} must be written NAME=VALUE", field="label")
    return {"name": name, "value": value}


def _show(view: dict[str, Any]) -> None:
    """The candidates, best first, each with its reasons; then what to know about the view."""
    for one in view["candidates"]:
        rank = "-" if one["rank"] is None else str(one["rank"])
        stale = ", stale" if one["stale"] else ""
        print(
            f"{rank:>2}  {one['deployment']:<18} {one['status'] + stale:<16}"
            f" score {_figure(one['score'], '{:.3f}'):<8}"
            f" latency {_figure(one['expectedLatencyMs'], '{:.0f} ms'):<9}"
            f" cost {_figure(one['expectedCostUsd'], '${:.5f}'):<9}"
            f" quality {_figure(one['expectedQuality'], '{:.2f}')}"
        )
        for reason in one["reasons"]:
            print(f"      {reason}")
    stale = ", stale" if view["stale"] else ""
    policy = view["policyVersion"] or "unknown"
    print(f"view {view['viewVersion']} as of {view['asOf']}{stale}, policy {policy}")
    for warning in view["warnings"]:
        print(f"warning: {warning}")


def _figure(value: float | None, form: str) -> str:
    return "unknown" if value is None else form.format(value)
