"""`routecause postmortem`: the draft of an incident's postmortem, as Markdown or as the data."""

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.given import instant
from api.cli.options import Json, Key, Url
from graph.errors import InvalidInput, NotFound


def postmortem(
    incident: Annotated[str, typer.Argument(help="The incident.")],
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it here; the file must be new.")
    ] = None,
    known_at: Annotated[
        str | None, typer.Option(metavar="TIME", help="As it could have been known then.")
    ] = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Draw up the postmortem of an incident: impact, timeline, cause, what is not known."""
    asked: dict[str, Any] = {"incident": incident}
    if known_at is not None:
        asked["knownAt"] = instant(known_at, field="known-at")
    if out is not None and out.exists():
        raise InvalidInput(f"{out} is there already; name another file", field="out")
    from api.cli.client import Client
    from api.graphql.trusted import document

    with Client(url=url, key=key) as client:
        data = client.query(document("postmortem"), asked)
    told = data["postmortem"]
    if told is None:
        remedy = "the GraphQL field `incidents` lists them"
        raise NotFound(f"no incident {incident!r} is known; {remedy}")
    if json:
        from orjson import dumps

        text = f"{dumps(data).decode()}\n"
    else:
        text = told["markdown"]
    if out is None:
        print(text, end="")
    else:
        _write(out, text)
        print(f"wrote {out}")


def _write(out: Path, text: str) -> None:
    """Into a new file: a draft that somebody has worked on is never lost to a second one."""
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InvalidInput(f"{out} can't be written: {error.strerror}", field="out") from error
