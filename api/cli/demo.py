"""`routecause demo`: two weeks of a fleet in a real Neo4j and Redis, the questions, the answers."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.serve import Port, address_lines, chosen_settings

if TYPE_CHECKING:
    from api.settings import Settings
    from api.supervisor import Addresses

Days = Annotated[float, typer.Option(min=2, max=90, help="Days of history, up to now.")]
PerDay = Annotated[int, typer.Option(min=100, max=1_000_000, help="Requests a day.")]
End = Annotated[bool, typer.Option("--exit", help="End after the answers; do not stay up.")]


def demo(days: Days = 14, per_day: PerDay = 10_000, *, port: Port = None, end: End = False) -> None:
    """Load a synthetic fleet with planted faults, ask the questions, and stay up with it live."""
    from api.demo import Demo
    from api.supervisor import Stopped, serve

    settings = _fresh(port)

    def ready(addresses: "Addresses") -> None:
        shown = Demo(addresses, days=days, per_day=per_day, say=_say)
        shown.load_and_ask()
        folder = settings.servers.data_dir
        _say("\n".join(["", *address_lines(addresses, data_dir=folder)]))
        if end:
            raise Stopped
        _say("\nThe fleet runs on live. Ctrl-C ends it.")
        shown.stay_live()

    serve(settings, ready=ready, report=_progress)


def _fresh(port: int | None) -> "Settings":
    """Settings with an empty data directory that only the demo uses."""
    import shutil
    from dataclasses import replace

    from api.servers.folder import owned

    settings = chosen_settings(host="127.0.0.1", port=port, data_dir=None)
    folder = settings.servers.data_dir / "demo"
    # A demo that still runs there is told of, and keeps its data.
    with owned(folder, wait_s=1.0):
        for part in (folder / "neo4j", folder / "redis"):
            with owned(part, wait_s=1.0):
                shutil.rmtree(part)
    servers = settings.servers.model_copy(update={"data_dir": folder})
    graph = settings.graph.model_copy(update={"neo4j_uri": None, "redis_url": None})
    service = settings.service.model_copy(update={"admin_key": None, "log_level": "warning"})
    return replace(settings, servers=servers, graph=graph, service=service)


def _say(text: str) -> None:
    print(text, flush=True)


def _progress(text: str) -> None:
    import sys

    print(text, file=sys.stderr, flush=True)
