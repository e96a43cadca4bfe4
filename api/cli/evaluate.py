"""`routecause evaluate`: the project's own scored evaluations, on servers of their own."""

import math
from pathlib import Path
from typing import Annotated

import typer

from api.bench import measures
from api.cli.options import Json

evaluate = typer.Typer(
    help="Score the answers against a truth that is known.", no_args_is_help=True
)

_WIDTH = 160


@evaluate.callback()
def _group() -> None:
    """Keeps `causes` a subcommand while it is the only one."""


@evaluate.command()
def causes(
    *,
    seeds: Annotated[int, typer.Option(min=0, help="Fleets of each kind of fault.")] = 5,
    quiet: Annotated[int, typer.Option(min=0, help="Fleets in which nothing happened.")] = 20,
    kinds: Annotated[
        list[str] | None, typer.Option(help="Only this kind of fault; can be repeated.")
    ] = None,
    first_seed: Annotated[
        int | None, typer.Option(min=1, help="Where seeds begin; others give other fleets.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of public data sets; its robustspot is scored too.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Plant faults in simulated fleets, ask whyChanged, mark the answers; some 25 minutes."""
    import sys  # what only this command needs is imported when it runs
    import tempfile

    import orjson

    from api.evaluation.causes import Extent, Found, examine, real_cases
    from api.evaluation.fleets import FIRST_SEED, KINDS
    from api.evaluation.service import fresh_service

    def report(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    extent = Extent(
        kinds=tuple(kinds or KINDS),
        seeds=seeds,
        quiet=quiet,
        first_seed=first_seed or FIRST_SEED,
    )
    real = real_cases(data, report=report)
    found = Found()
    if seeds or quiet:
        with (
            tempfile.TemporaryDirectory(prefix="routecause-evaluate-") as folder,
            fresh_service(Path(folder), report=report) as url,
        ):
            found = examine(extent, url=url, key=None, report=report)
    tables = [*found.tables(), *real]
    if as_json:
        told = {"tables": [table.to_json() for table in tables], "answers": found.answers}
        print(orjson.dumps(told).decode())
        return
    _print(tables)


def _print(tables: list[measures.Table]) -> None:
    import sys  # what only this command needs is imported when it runs

    from rich.console import Console
    from rich.table import Table

    # A file has no width of its own; these tables are wider than what is assumed for one.
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    for table in tables:
        shown = Table(*table.columns, title=table.title, title_justify="left")
        for row in table.rows:
            shown.add_row(*(_shown(value) for value in row))
        console.print(shown)


def _shown(value: object) -> str:
    if isinstance(value, float):
        if math.isnan(value):  # does not apply
            return ""
        return f"{value:,.1f}" if abs(value) >= 2 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
