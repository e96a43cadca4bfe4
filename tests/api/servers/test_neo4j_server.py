"""The embedded Neo4j keeps its data and its password, and leaves nothing behind."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from neo4j import GraphDatabase

from api.servers import Neo4jAddress, ServerError, ServerSettings, neo4j_server, owned_neo4j

pytestmark = pytest.mark.slow


def ignore(_line: str) -> None: ...


def count_things(address: Neo4jAddress) -> int:
    """Add a node and count them all."""
    credentials = (address.username, address.password)
    driver = GraphDatabase.driver(address.uri, auth=credentials)  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
    with driver:
        driver.execute_query("CREATE (:Thing)")
        return driver.execute_query("MATCH (n:Thing) RETURN count(n) AS n").records[0]["n"]


@dataclass(frozen=True)
class FirstStart:
    """What was seen of a Neo4j on a new data directory, and that directory after its end."""

    data_dir: Path
    password: str
    port: int
    said: list[str]
    browser_status: int

    def copied_to(self, data_dir: Path) -> None:
        """The directory as the next owner finds it, so that each test has its own."""
        shutil.copytree(self.data_dir, data_dir, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def first_start(
    server_settings: ServerSettings, tmp_path_factory: pytest.TempPathFactory
) -> FirstStart:
    """A new Neo4j beside one who holds the port that both its ports should have; one thing in it.

    Once for all, because each start takes seconds.
    """
    data_dir = tmp_path_factory.mktemp("first")
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = server_settings.model_copy(
            update={"neo4j_bolt_port": port, "neo4j_http_port": port}
        )
        with neo4j_server(data_dir, settings=settings, report=said.append) as address:
            assert count_things(address) == 1
            assert address.browser_url is not None
            with urllib.request.urlopen(address.browser_url, timeout=10) as page:  # noqa: S310 - ours
                status = page.status
    return FirstStart(data_dir, address.password, port, said, status)


def test_data_and_password_survive_an_end_and_a_kill(
    first_start: FirstStart, tmp_path: Path, server_settings: ServerSettings
) -> None:
    first_start.copied_to(tmp_path)
    password = tmp_path / "neo4j" / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    with owned_neo4j(tmp_path, settings=server_settings, report=ignore) as server:
        server.start()
        assert server.address.password == first_start.password
        assert count_things(server.address) == 2
        assert server.pid is not None
        os.killpg(server.pid, signal.SIGKILL)
        while server.exit_code() is None:
            time.sleep(0.01)
        server.start()
        assert count_things(server.address) == 3


def test_taken_ports_are_stepped_past_and_said(first_start: FirstStart) -> None:
    assert first_start.browser_status == 200
    port, said = first_start.port, first_start.said
    assert said[0].startswith(f"port {port} is taken; Neo4j (Bolt) uses ")
    assert said[1].startswith(f"port {port} is taken; Neo4j Browser uses ")


def test_kill_of_the_owner_leaves_nothing_and_the_next_owner_goes_on(
    first_start: FirstStart,
    tmp_path: Path,
    server_settings: ServerSettings,
    processes_below: Callable[[Path], list[psutil.Process]],
    wait_until_gone: Callable[[Path], list[psutil.Process]],
) -> None:
    first_start.copied_to(tmp_path)
    owner = textwrap.dedent(f"""
        import pathlib, time
        from api.servers import ServerSettings, neo4j_server
        settings = ServerSettings(neo4j_bolt_port=0, neo4j_http_port=0, neo4j_heap_mb=512)
        with neo4j_server(pathlib.Path({str(tmp_path)!r}), settings=settings, report=str) as found:
            print(found.uri, flush=True)
            time.sleep(600)
    """)
    process = subprocess.Popen([sys.executable, "-c", owner], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("bolt://127.0.0.1:")
    assert len(processes_below(tmp_path / "neo4j")) == 2
    with (
        pytest.raises(ServerError, match=f"in use by process {process.pid}"),
        neo4j_server(tmp_path, settings=server_settings, report=ignore),
    ):
        pass
    process.kill()
    process.wait()
    process.stdout.close()
    with neo4j_server(tmp_path, settings=server_settings, report=ignore) as address:
        assert count_things(address) == 2
    assert wait_until_gone(tmp_path / "neo4j") == []


def test_a_start_that_fails_shows_the_log(
    first_start: FirstStart, tmp_path: Path, server_settings: ServerSettings
) -> None:
    first_start.copied_to(tmp_path)
    (tmp_path / "neo4j" / "password").write_text("another one")
    with (
        pytest.raises(ServerError, match=r"refuses the password in .*/neo4j/password"),
        neo4j_server(tmp_path, settings=server_settings, report=ignore),
    ):
        pass
    settings = server_settings.model_copy(update={"neo4j_heap_mb": 10**9})
    with (
        pytest.raises(ServerError, match=r"(?s)Neo4j ended with code 1 at its start.*heap"),
        neo4j_server(tmp_path, settings=settings, report=ignore),
    ):
        pass
