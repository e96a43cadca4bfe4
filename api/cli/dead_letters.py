"""`routecause dead-letters`: look at rejected events, correct them, send them again."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.options import Json, Key, Url

dead_letters = typer.Typer(help="Rejected events.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="ID", help="The letter's id, as list shows it.")]


@dead_letters.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=500, help="At most so many.")] = 50,
    before: Annotated[str | None, typer.Option(help="Go on after this id.")] = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """The newest rejected events, each with what is wrong with it."""
    from urllib.parse import urlencode

    from api.cli.client import Client

    asked = {"limit": str(limit)} | ({"before": before} if before else {})
    with Client(url=url, key=key) as client:
        found = client.call("GET", f"/v1/dead-letters?{urlencode(asked)}")
    if _printed(found, json=json):
        return
    for letter in found["dead_letters"]:
        print(_summary(letter))
    if not found["dead_letters"]:
        print("no dead letters")
    if found.get("dropped"):
        print(f"{found['dropped']} older ones were dropped for room")


@dead_letters.command()
def show(id: Id, url: Url = None, key: Key = None, json: Json = False) -> None:  # noqa: A002 - the name users see
    """One rejected event with its body."""
    from api.cli.client import Client

    with Client(url=url, key=key) as client:
        letter = client.call("GET", _path(id))
    if _printed(letter, json=json):
        return
    print(_summary(letter))
    print(letter["body"] + (" [cut]" if letter["truncated"] else ""))


@dead_letters.command()
def replay(
    id: Id,  # noqa: A002 - the name users see
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The corrected event, as JSON."),
    ] = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Send a rejected event again, as it was or corrected. Exit 1 if it is rejected again."""
    from api.cli.client import Client

    corrected = file.read_bytes() if file else b""
    with Client(url=url, key=key) as client:
        receipt = client.receipt(f"{_path(id)}/replay", corrected)
    if not _printed(receipt, json=json):
        print(
            f"accepted {receipt['accepted']}, duplicates {receipt['duplicates']}, "
            f"rejected {len(receipt['rejected'])}"
        )
        for one in receipt["rejected"]:
            print(_told(one["errors"]))
    if receipt["rejected"]:
        raise typer.Exit(1)


def _path(letter_id: str) -> str:
    from urllib.parse import quote

    return f"/v1/dead-letters/{quote(letter_id, safe='')}"


def _summary(letter: dict[str, Any]) -> str:
    return (
        f"{letter['id']}  {letter['received_at']}  tenant {letter['tenant'] or 'unknown'}  "
        f"event {letter['event_id'] or 'without id'}  {_told(letter['errors'])}"
    )


def _told(errors: list[dict[str, str]]) -> str:
    return "; ".join(f"{error['field']}: {error['message']}" for error in errors)


def _printed(answer: Any, *, json: bool) -> bool:
    if json:
        from orjson import dumps

        print(dumps(answer).decode())
    return json
