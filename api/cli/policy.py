"""`routecause policy`: check, try and publish routing policies, and list those in force."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.options import Json, Key, Url

if TYPE_CHECKING:
    from collections.abc import Iterable

policy = typer.Typer(help="Routing policies.", no_args_is_help=True)

File = Annotated[
    Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The policy, as YAML.")
]


@policy.command()
def check(file: File, json: Json = False) -> None:
    """Check a policy file; asks no server. Exit 1 with each error where it is not valid."""
    from graph.policies.format import read

    data = _event(file, json=json)["data"]
    rules = read(data["rules"]) or ()
    if _printed({"policy": data["policy"], "version": data["version"]}, json=json):
        return
    print(f"{data['policy']}@{data['version']} is valid; its rules in the order they are tried:")
    for rule in rules:
        conditions = rule.when.conditions
        print(
            f"  {rule.name}  (priority {rule.priority},"
            f" {conditions} condition{'' if conditions == 1 else 's'})"
        )
    if not rules:
        print("  none: every deployment may serve every request")


@policy.command()
def publish(file: File, url: Url = None, key: Key = None, json: Json = False) -> None:
    """Publish a policy: it holds from now on. Exit 1 where it is refused; the old one stays."""
    from orjson import dumps

    from api.cli.client import Client

    event = _event(file, json=json)
    with Client(url=url, key=key) as client:
        receipt = client.receipt("/v1/events", dumps(event) + b"\n")
    name = f"{event['data']['policy']}@{event['data']['version']}"
    refused = [error for one in receipt["rejected"] for error in one["errors"]]
    if not _printed(receipt, json=json):
        if refused:
            print(f"{name} is refused; what was in force stays:")
            _print_errors((error["field"], error["message"]) for error in refused)
        else:
            print(f"{name} is published")
    if refused:
        raise typer.Exit(1)


@policy.command("dry-run")
def dry_run(
    file: File,
    day: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="A day, UTC; by default yesterday.")
    ] = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """What a policy not yet published would change over a day's requests."""
    from api.cli.client import Client

    data = _event(file, json=json)["data"]
    with Client(url=url, key=key) as client:
        found = client.call("POST", "/v1/policies/dry-run", body={"policy": data, "day": day})
    if not _printed(found, json=json):
        from api.cli.preview import show_preview

        show_preview(found)


@policy.command("list")
def list_(url: Url = None, key: Key = None, json: Json = False) -> None:
    """The policies in force, versions that experiments use, and what was refused since."""
    from api.cli.client import Client

    with Client(url=url, key=key) as client:
        found = client.call("GET", "/v1/policies")
    if _printed(found, json=json):
        return
    for one in found["policies"]:
        state = "in force" if one["in_force"] else "for experiments"
        count = one["rules"]
        rules = f"{count} rule{'' if count == 1 else 's'}"
        if count is None:
            rules = "rules not read here"
        scope = "; ".join(
            f"{name} {', '.join(one[field])}"
            for name, field in (("tasks", "task_types"), ("tiers", "tiers"), ("tenants", "tenants"))
            if one[field]
        )
        print(
            f"{one['policy']}@{one['version']}  {state}  {rules}"
            f"  since {one['published_at']}{'  ' + scope if scope else ''}"
        )
    for one in found["refused"]:
        print(f"{one['policy']}@{one['version']}  refused {one['refused_at']}: {one['message']}")
    if not found["policies"]:
        print("no policy is in force: every deployment is ranked by its score")


def _event(file: Path, *, json: bool) -> dict[str, Any]:
    """The event that publishes a file; prints what is wrong with it and exits 1 where it is bad."""
    from datetime import UTC, datetime

    from api.cli.policy_file import read_policy
    from ingest.events import InvalidEvent
    from ingest.policy_document import publication

    document = read_policy(file)
    try:
        return publication(document, now=datetime.now(UTC))
    except InvalidEvent as error:
        told = [{"field": each.field, "message": each.message} for each in error.errors]
        if not _printed({"errors": told}, json=json):
            print(f"{file} is not valid:")
            _print_errors((each["field"], each["message"]) for each in told)
        raise typer.Exit(1) from None


def _print_errors(errors: "Iterable[tuple[str, str]]") -> None:
    for field, message in errors:
        print(f"  {field}: {message}")


def _printed(answer: Any, *, json: bool) -> bool:
    if json:
        from orjson import dumps

        print(dumps(answer).decode())
    return json
