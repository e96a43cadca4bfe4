"""`routecause ingest`: files of events into a running server, until the graph shows them."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Json, Key, Url


def ingest(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", exists=True, dir_okay=False, help="NDJSON files, .gz too."
        ),
    ],
    url: Url = None,
    key: Key = None,
    json: Json = False,
) -> None:
    """Load NDJSON events; returns when the graph shows them. Exit 1 if any was rejected."""
    import asyncio

    from api.cli.loading import load

    tally = asyncio.run(load(files, url=url, key=key))
    if json:
        from orjson import dumps

        print(dumps(tally.to_json()).decode())
    else:
        print(
            f"accepted {tally.accepted}, duplicates {tally.duplicates}, "
            f"rejected {len(tally.rejected)}"
        )
        for rejection in tally.rejected:
            print(rejection)
    if tally.rejected:
        raise typer.Exit(1)
