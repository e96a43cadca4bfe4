"""`routecause bench`: the project's own benchmarks, on servers of their own, beside their peers."""

import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.bench import measures
from api.cli.options import Json


class Benchmark(StrEnum):
    """What can be measured."""

    ROUTING = "routing"
    INGEST = "ingest"
    QUERIES = "queries"
    OUTAGES = "outages"


def bench(
    what: Annotated[Benchmark, typer.Argument(help="What to measure.")],
    *,
    requests: Annotated[
        int | None,
        typer.Option(min=10, help="Requests to watch memory over, for `routing` (50,000)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure routing, ingest, queries or outages on fresh embedded servers; a few minutes."""
    import sys  # what only this command needs is imported when it runs

    import orjson
    import uvloop
    from rich.console import Console
    from rich.table import Table

    def report(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="routecause-bench-") as folder:
        measured = uvloop.run(_measure(what, Path(folder), report, requests))
    if as_json:
        print(orjson.dumps([table.to_json() for table in measured]).decode())
        return
    console = Console()
    for table in measured:
        shown = Table(*table.columns, title=table.title, title_justify="left")
        for row in table.rows:
            shown.add_row(*(_shown(value) for value in row))
        console.print(shown)


async def _measure(
    what: Benchmark, folder: Path, report: Callable[[str], None], requests: int | None
) -> list[measures.Table]:
    import asyncio  # what only this command needs is imported when it runs

    from api.bench import outages, queries, routing, service, writing

    if what is Benchmark.OUTAGES:
        return [await asyncio.to_thread(outages.run, folder, report=report)]
    if what is Benchmark.ROUTING:
        return await routing.run(folder, report=report, requests=requests)
    if what is Benchmark.QUERIES:
        return await queries.run(folder, report=report)
    return [await writing.run(folder, report=report), *await service.run(folder, report=report)]


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
