"""Options that several commands share."""

from typing import Annotated

import typer

Url = Annotated[
    str | None,
    typer.Option("--url", help="Server, by default ROUTECAUSE_URL or http://127.0.0.1:8000."),
]
Key = Annotated[str | None, typer.Option("--key", help="API key, by default ROUTECAUSE_API_KEY.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print the data as JSON and nothing else on stdout.")
]
