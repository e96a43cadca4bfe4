"""The whole service: it comes up, survives the death of any part, and goes down in order."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Generator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from api.servers import ServerError, ServerSettings
from api.settings import ServiceSettings, Settings
from api.supervisor import Running, running
from graph.settings import GraphSettings

pytestmark = pytest.mark.slow

LIMIT_S = 60.0
ORDER = ["API", "writer", "projector", "Neo4j", "Redis"]


def ignore(_line: str) -> None: ...


def status(url: str) -> int | None:
    at = urlsplit(url)
    caller = http.client.HTTPConnection(at.hostname or "", at.port, timeout=5)
    try:
        caller.request("GET", "/health/ready")
        return caller.getresponse().status
    except OSError:
        return None
    finally:
        caller.close()


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LIMIT_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory, server_settings: ServerSettings) -> Settings:
    data_dir = tmp_path_factory.mktemp("serve")
    return Settings(
        service=ServiceSettings(port=0),
        servers=server_settings.model_copy(update={"data_dir": data_dir}),
        graph=GraphSettings(neo4j_uri=None, redis_url=None),
    )


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def service(embedded: Settings, said: list[str]) -> Generator[Running]:
    with running(embedded, report=said.append) as found:
        yield found


def test_it_is_ready_and_says_where(service: Running) -> None:
    assert status(service.addresses.url) == 200
    assert service.addresses.graphql_url == f"{service.addresses.url}/graphql"
    assert sorted(service.parts) == sorted(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_a_part_that_is_killed_comes_back(service: Running, name: str) -> None:
    kept = service.parts[name]
    before = kept.restarts
    pid: int | None = getattr(kept.part, "pid", None)
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)
    assert wait_for(lambda: kept.restarts == before + 1)
    assert wait_for(lambda: status(service.addresses.url) == 200)


def test_a_second_service_on_the_same_data_is_refused(service: Running, embedded: Settings) -> None:
    assert service.parts
    with (
        pytest.raises(ServerError, match=f"in use by process {os.getpid()}"),
        running(embedded, report=ignore),
    ):
        pass


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(embedded: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        asked = Settings(
            service=ServiceSettings(port=taken.getsockname()[1]), servers=embedded.servers
        )
        with (
            pytest.raises(ServerError, match="is taken: end what uses it, or choose another"),
            running(asked, report=ignore),
        ):
            pass


def test_a_worker_that_cannot_start_is_quoted(
    embedded: Settings, graph_settings: GraphSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(service=embedded.service, servers=embedded.servers, graph=graph_settings)
    # Only now, so that the workers alone read it.
    monkeypatch.setenv("ROUTECAUSE_QUERY_DEPTH", "very deep")
    with (
        pytest.raises(ServerError, match=r"(?s)the API ended with code 1 .*ROUTECAUSE_QUERY_DEPTH"),
        running(settings, report=ignore),
    ):
        pass


@pytest.fixture(scope="module")
def kept_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each command finds what the one before left: new servers take longer to start."""
    return tmp_path_factory.mktemp("command")


@pytest.fixture
def command(
    tmp_path: Path, kept_data: Path
) -> Generator[tuple[subprocess.Popen[str], dict[str, str], Path]]:
    """`serve` in a process of its own: the process, what it said when ready, and its folder."""
    script = textwrap.dedent(f"""
        import json, pathlib
        from api.servers import ServerSettings
        from api.settings import ServiceSettings, Settings
        from api.supervisor import serve
        from graph.settings import GraphSettings
        servers = ServerSettings(
            data_dir=pathlib.Path({str(kept_data)!r}), neo4j_bolt_port=0, neo4j_http_port=0,
            redis_port=0, neo4j_heap_mb=512,
        )
        settings = Settings(
            service=ServiceSettings(port=0), servers=servers,
            graph=GraphSettings(neo4j_uri=None, redis_url=None),
        )
        serve(
            settings,
            ready=lambda found: print(json.dumps({{"url": found.url}}), flush=True),
            report=lambda line: open({str(tmp_path / "said")!r}, "a").write(line + "\\n"),
        )
    """)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline()), tmp_path
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    found = psutil.Process(process.pid).children(recursive=True)
    # A leash and what it holds, for each of the five parts.
    assert len(found) >= 2 * len(ORDER)
    return found


def test_sigterm_ends_it_in_order_and_leaves_nothing(
    command: tuple[subprocess.Popen[str], dict[str, str], Path],
) -> None:
    process, found, folder = command
    assert status(found["url"]) == 200
    parts = descendants(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0
    assert not [part for part in parts if part.is_running()]
    lines = (folder / "said").read_text().splitlines()
    ended = [line.split(" ended in ")[0] for line in lines if " ended in " in line]
    assert ended == ORDER


def test_kill_leaves_nothing(
    command: tuple[subprocess.Popen[str], dict[str, str], Path],
) -> None:
    process, _, _ = command
    parts = descendants(process)
    process.kill()
    process.wait()
    assert wait_for(lambda: not [part for part in parts if part.is_running()])
