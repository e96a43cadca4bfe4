"""`routecause simulate`: a synthetic fleet's history as a file of events, its truth beside it."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ingest.simulator import SimulationPlan

_PROGRESS_EVERY = 5_000


def simulate(
    out: Annotated[
        Path, typer.Option(help="File to write, NDJSON; packed where its name ends in .gz.")
    ],
    days: Annotated[float, typer.Option(help="Length of the history.")] = 14.0,
    per_day: Annotated[int, typer.Option(help="Requests a day, on average.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    fault: Annotated[
        list[str] | None, typer.Option(help="A fault to plant, by name; can be repeated.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option(help="Where the history ends, UTC unless it has an offset.")
    ] = None,
    decoys: Annotated[int, typer.Option(help="Harmless changes to plant.")] = 11,
    probe_interval_s: Annotated[int, typer.Option(help="Seconds between health samples.")] = 300,
    data: Annotated[
        Path | None, typer.Option(help="Folder of public data sets to draw from instead.")
    ] = None,
) -> None:
    """Write a synthetic fleet as events; the planted truth goes to OUT.truth.json only."""
    from datetime import UTC

    from ingest.simulator import DEFAULT_END, SimulationPlan

    if end is not None and end.tzinfo is None:
        end = end.replace(tzinfo=UTC)
    plan = SimulationPlan(
        days=days,
        per_day=per_day,
        seed=seed,
        faults=tuple(fault or ()),
        end=end or DEFAULT_END,
        decoys=decoys,
        probe_interval_s=probe_interval_s,
        data=data,
    )
    count = write_history(plan, out=out)
    print(f"{count} events in {out}")
    print(f"planted truth in {truth_path(out)}")


def truth_path(out: Path) -> Path:
    """Where the truth about a history goes."""
    return out.with_name(out.name + ".truth.json")


def write_history(plan: "SimulationPlan", *, out: Path) -> int:
    """Write a plan's events and truth and count the events; progress on stderr.

    The file appears under its name when it is whole. Raises InvalidInput where it cannot be written
    or the plan holds a fault that is not known.
    """
    import gzip
    import json

    import orjson

    from api.cli.progress import progress
    from graph.errors import InvalidInput
    from ingest.simulator import simulate as events_of
    from ingest.simulator import truth_document

    told = json.dumps(truth_document(plan), indent=2) + "\n"
    part = out.with_name(out.name + ".part")
    count = 0
    try:
        with part.open("wb") as file, progress() as shown:
            task = shown.add_task("simulating", total=plan.days)
            # No name and no time in the header: the same plan gives the same bytes.
            packed = gzip.GzipFile("", "wb", 5, file, mtime=0) if out.suffix == ".gz" else None
            target = packed or file
            for event in events_of(plan):
                target.write(orjson.dumps(event) + b"\n")
                count += 1
                if count % _PROGRESS_EVERY == 0:
                    known = datetime.fromisoformat(event["recordedtime"])
                    passed = plan.days - (plan.end - known).total_seconds() / 86_400
                    shown.update(task, completed=passed)
            if packed is not None:
                packed.close()
            shown.update(task, completed=plan.days)
        truth_path(out).write_text(told, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        raise InvalidInput(f"cannot be written: {error}", field=str(out)) from error
    finally:
        part.unlink(missing_ok=True)
    return count
