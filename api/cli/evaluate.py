"""`routecause evaluate`: the project's own scored evaluations, on servers of their own."""

import math
import sys
from pathlib import Path
from typing import Annotated

import typer

from api.bench import measures
from api.cli.options import Json

evaluate = typer.Typer(
    help="Score the answers against a truth that is known.", no_args_is_help=True
)

_WIDTH = 160


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
    import tempfile  # what only this command needs is imported when it runs

    from api.evaluation.causes import Extent, Found, examine, real_cases
    from api.evaluation.fleets import FIRST_SEED, KINDS
    from api.evaluation.service import fresh_service

    extent = Extent(
        kinds=tuple(kinds or KINDS),
        seeds=seeds,
        quiet=quiet,
        first_seed=first_seed or FIRST_SEED,
    )
    real = real_cases(data, report=_report)
    found = Found()
    if seeds or quiet:
        with (
            tempfile.TemporaryDirectory(prefix="routecause-evaluate-") as folder,
            fresh_service(Path(folder), report=_report) as url,
        ):
            found = examine(extent, url=url, key=None, report=_report)
    tables = [*found.tables(), *real]
    _tell(tables, as_json=as_json, answers=found.answers)


@evaluate.command()
def capacity(
    *,
    fleets: Annotated[int, typer.Option(min=0, help="Fleets in which demand grows.")] = 16,
    quiet: Annotated[int, typer.Option(min=0, help="Fleets watched while it does not.")] = 3,
    quiet_days: Annotated[int, typer.Option(min=1, max=28, help="Days of each quiet fleet.")] = 7,
    every: Annotated[
        int, typer.Option(min=5, max=60, help="Minutes of a fleet's time between questions.")
    ] = 10,
    first_seed: Annotated[
        int | None, typer.Option(min=1, help="Where seeds begin; others give other fleets.")
    ] = None,
    service: Annotated[
        bool, typer.Option(help="Ask a few questions through the API too, on servers of their own.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Let demand outgrow simulated fleets and mark who announces the overload; some 5 minutes."""
    from api.evaluation.capacity import FIRST_SEED, Extent, evaluated

    extent = Extent(
        fleets=fleets,
        quiet=quiet,
        quiet_days=quiet_days,
        every_minutes=every,
        first_seed=first_seed or FIRST_SEED,
    )
    tables = evaluated(extent, report=_report)
    if service:
        from api.evaluation.losses import on_fresh_service

        tables += on_fresh_service(seed=extent.first_seed, report=_report)
    _tell(tables, as_json=as_json)


@evaluate.command()
def costs(
    *,
    fleets: Annotated[int, typer.Option(min=0, help="Fleets of each kind of fault.")] = 8,
    quiet: Annotated[int, typer.Option(min=0, help="Fleets in which nothing happened.")] = 8,
    first_seed: Annotated[
        int | None, typer.Option(min=1, help="Where seeds begin; others give other fleets.")
    ] = None,
    service: Annotated[
        bool, typer.Option(help="Ask a few questions through the API too, on servers of their own.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Make simulated fleets dear and mark when, where and why it is told; some 4 minutes."""
    from api.evaluation.costs import FIRST_SEED, Extent, evaluated, on_fresh_service

    extent = Extent(fleets=fleets, quiet=quiet, first_seed=first_seed or FIRST_SEED)
    tables = evaluated(extent, report=_report)
    if service:
        tables += on_fresh_service(seed=extent.first_seed, report=_report)
    _tell(tables, as_json=as_json)


@evaluate.command()
def experiments(
    *,
    tests: Annotated[int, typer.Option(min=1, help="Experiments without a difference.")] = 1000,
    first_seed: Annotated[
        int | None, typer.Option(min=1, help="Where seeds begin; others give other experiments.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Watch simulated experiments daily and count the false winners; some 2 minutes."""
    from api.evaluation.experiments import FIRST_SEED, evaluated

    tables = evaluated(tests=tests, first_seed=first_seed or FIRST_SEED, report=_report)
    _tell(tables, as_json=as_json)


@evaluate.command()
def forecast(
    *,
    data: Annotated[
        Path | None, typer.Option(help="Folder of public data sets; its servegen is forecast.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="Days at the end that are forecast.")] = 6,
    peers: Annotated[bool, typer.Option(help="Whether statsforecast's models run too.")] = True,
    as_json: Json = False,
) -> None:
    """Forecast real workloads from every step of their last days; some minutes."""
    from api.evaluation.forecast import run

    tables = run(data, days=days, peers=peers, report=_report)
    _tell(tables, as_json=as_json)


@evaluate.command()
def agent(
    *,
    part: Annotated[
        list[str] | None,
        typer.Option(help="practised or kept_apart; can be repeated. Both by default."),
    ] = None,
    missed: Annotated[
        bool, typer.Option(help="Print what is not right too, of the practised part.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put questions in words about two simulated fleets and mark the answers; some 5 minutes."""
    from api.evaluation.agent import evaluated
    from api.evaluation.words import PARTS
    from graph.errors import InvalidInput

    wanted = tuple(part or PARTS)
    if unknown := sorted(set(wanted) - set(PARTS)):
        raise InvalidInput(f"{unknown[0]!r} is none; use {' or '.join(PARTS)}", field="part")
    found = evaluated(parts=wanted, report=_report)
    if missed:
        for one in found.missed():
            _report(f"{one['method']}: {one['question']!r}: {'; '.join(one['wrong'])}")
    _tell(found.tables(), as_json=as_json, missed=found.missed())


def _report(text: str) -> None:
    """How far it is, beside what is printed at the end."""
    print(text, file=sys.stderr, flush=True)


def _tell(tables: list[measures.Table], *, as_json: bool, **more: object) -> None:
    """The tables for people, or with whatever there is more as JSON."""
    if as_json:
        import orjson

        told = {"tables": [table.to_json() for table in tables], **more}
        print(orjson.dumps(told).decode())
        return
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
