"""`routecause ask`: a question in words, its answer, and what it rests on."""

from typing import Annotated, Any

import typer

from api.cli.given import TIME, instant
from api.cli.options import Json, Key, Url
from api.graphql.trusted import document


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know, in words.")],
    now: Annotated[
        str | None,
        typer.Option(metavar="TIME", help=f"The instant that its words are read from. {TIME}"),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help="The time zone of its words, such as Europe/Berlin.")
    ] = None,
    conversation: Annotated[
        str | None, typer.Option(help="The conversation it goes on with, as an answer named it.")
    ] = None,
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Answer a question in words."""
    asked: dict[str, Any] = {"question": question}
    if now is not None:
        asked["now"] = instant(now, field="now")
    if time_zone is not None:
        asked["timeZone"] = time_zone
    if conversation is not None:
        asked["conversation"] = conversation
    from api.cli.client import Client

    with Client(url=url, key=key) as client:
        data = client.query(document("ask"), asked)
    if json:
        from orjson import dumps

        print(dumps(data).decode())
        return
    told = data["ask"]
    print(told["text"])
    print(f"\n{_footing(told)}")
    for number, follow_up in enumerate(told["followUps"], start=1):
        print(f"  {number}. {follow_up}")


def _footing(told: dict[str, Any]) -> str:
    """How it was understood, what it took and cost, and how to go on."""
    understood = told["intent"] or "not understood"
    parts = [
        f"{understood} ({told['method']}, {100 * told['confidence']:.0f} %)",
        f"{told['latencyMs']:,.0f} ms",
        f"${told['costUsd']:.4f}",
    ]
    if told["degraded"]:
        parts.append("degraded: Claude was not asked")
    return f"[{'; '.join(parts)}; go on with --conversation {told['conversation']}]"
