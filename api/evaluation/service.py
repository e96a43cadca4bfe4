"""A whole service for one evaluation: its own servers on free ports, with data of its own."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from api.settings import Settings, load
from api.supervisor import running


@contextmanager
def fresh_service(folder: Path, *, report: Callable[[str], None]) -> Generator[str]:
    """The address of a service without any data below `folder`, for as long as the block lasts.

    Whatever address of Neo4j or Redis the environment names is left alone.
    """
    with running(_settings(folder), report=report) as service:
        yield service.addresses.url


def _settings(folder: Path) -> Settings:
    given = load()
    servers = given.servers.model_copy(
        update={
            "data_dir": folder / "service",
            "neo4j_bolt_port": 0,
            "neo4j_http_port": 0,
            "redis_port": 0,
        }
    )
    return replace(
        given,
        servers=servers,
        graph=given.graph.model_copy(update={"neo4j_uri": None, "redis_url": None}),
        service=given.service.model_copy(
            update={"port": 0, "admin_key": None, "log_level": "warning"}
        ),
    )
