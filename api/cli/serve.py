"""`routecause serve`: API, console, projector and writer in one process group."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from api.settings import Settings
    from api.supervisor import Addresses

Host = Annotated[
    str | None, typer.Option(help="Address to listen on, by default ROUTECAUSE_HOST or 127.0.0.1.")
]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port, by default ROUTECAUSE_PORT or 8000; 0 takes any."),
]
DataDir = Annotated[
    Path | None, typer.Option(help="Where the embedded Neo4j and Redis keep their data.")
]


def serve(host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Run the service until it is told to end (SIGTERM or Ctrl-C), with nothing lost."""
    from api.supervisor import serve as run

    settings = chosen_settings(host=host, port=port, data_dir=data_dir)

    def ready(addresses: "Addresses") -> None:
        for line in address_lines(addresses, data_dir=settings.servers.data_dir):
            print(line, flush=True)

    run(settings, ready=ready)


def chosen_settings(*, host: str | None, port: int | None, data_dir: Path | None) -> "Settings":
    """The environment's settings with what the command line gives over them.

    Raises SettingsError for a wrong or unknown name in the environment.
    """
    from dataclasses import replace

    from api.settings import load

    settings = load()
    listening = {"host": host, "port": port}
    given = {name: value for name, value in listening.items() if value is not None}
    service = settings.service.model_copy(update=given)
    servers = settings.servers
    if data_dir is not None:
        servers = servers.model_copy(update={"data_dir": data_dir.expanduser().resolve()})
    return replace(settings, service=service, servers=servers)


def address_lines(addresses: "Addresses", *, data_dir: Path) -> list[str]:
    """Where to go with a browser, one line each; `data_dir` is where the password is."""
    lines = [
        f"console        {addresses.url}/",
        f"GraphiQL       {addresses.graphql_url}",
        f"events         {addresses.url}/v1/events",
    ]
    if addresses.neo4j.browser_url:
        lines += [
            f"Neo4j Browser  {addresses.neo4j.browser_url}",
            f"               user {addresses.neo4j.username}, "
            f"password in {data_dir / 'neo4j' / 'password'}",
            f"               :guide {_named_local(addresses.url)}/guides/routecause.html",
        ]
    return lines


def _named_local(url: str) -> str:
    """The same address by the name that Neo4j Browser loads guides from."""
    return url.replace("//127.0.0.1:", "//localhost:")
