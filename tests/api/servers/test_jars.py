"""Neo4j's jars are fetched whole or not at all, and never twice."""

import hashlib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from api.servers import jars
from api.servers.errors import ServerError
from api.servers.ports import free_port

COORDINATE = "org.example:thing:jar:1.0"
CONTENT = b"a jar" * 1000
PLACE = Path("org/example/thing/1.0/thing-1.0.jar")


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A Maven repository on loopback: its address and the folder it serves."""
    folder = tmp_path / "mirror"
    (folder / PLACE).parent.mkdir(parents=True)
    (folder / PLACE).write_bytes(CONTENT)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", folder
        server.shutdown()


@pytest.fixture(autouse=True)
def one_jar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock file that names one small jar."""
    lock = tmp_path / "neo4j.lock"
    digest = hashlib.sha256(CONTENT).hexdigest()
    lock.write_text(f"# a comment\n{digest} {len(CONTENT)} {COORDINATE}\n")
    monkeypatch.setattr(jars, "LOCK_FILE", lock)


def ignore(_line: str) -> None: ...


def test_fetched_once_and_then_without_a_network(tmp_path: Path, mirror: tuple[str, Path]) -> None:
    address, _ = mirror
    said: list[str] = []
    assert not jars.cached(tmp_path / "cache")
    (path,) = jars.neo4j_jars(tmp_path / "cache", report=said.append, maven_url=address)
    assert path.read_bytes() == CONTENT
    assert jars.cached(tmp_path / "cache")
    assert any("1 files" in line for line in said)
    again = jars.neo4j_jars(tmp_path / "cache", report=said.append, maven_url="http://nowhere.test")
    assert again == (path,)


def test_what_an_interrupted_fetch_left_is_fetched_again(
    tmp_path: Path, mirror: tuple[str, Path]
) -> None:
    address, _ = mirror
    (path,) = jars.neo4j_jars(tmp_path / "cache", report=ignore, maven_url=address)
    path.write_bytes(CONTENT[:100])
    next((tmp_path / "cache").glob("*/complete")).unlink()
    jars.neo4j_jars(tmp_path / "cache", report=ignore, maven_url=address)
    assert path.read_bytes() == CONTENT


def test_an_altered_jar_is_refused(tmp_path: Path, mirror: tuple[str, Path]) -> None:
    address, folder = mirror
    (folder / PLACE).write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(ServerError, match=r"thing-1.0.jar does not have the checksum"):
        jars.neo4j_jars(tmp_path / "cache", report=ignore, maven_url=address)
    assert not jars.cached(tmp_path / "cache")


def test_a_jar_that_is_not_there_names_the_mirror(tmp_path: Path, mirror: tuple[str, Path]) -> None:
    address, folder = mirror
    (folder / PLACE).unlink()
    with pytest.raises(ServerError, match=rf"from {address}: check .*_MAVEN_URL.*answers 404"):
        jars.neo4j_jars(tmp_path / "cache", report=ignore, maven_url=address)


def test_no_network_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "ATTEMPTS", 1)
    nobody = f"http://127.0.0.1:{free_port(0, purpose='nobody', report=ignore)}"
    with pytest.raises(ServerError, match=r"could not be fetched.*NEO4J_URI"):
        jars.neo4j_jars(tmp_path / "cache", report=ignore, maven_url=nobody)


def test_a_cache_that_cannot_be_written_names_the_remedy(
    tmp_path: Path, mirror: tuple[str, Path]
) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    with pytest.raises(ServerError, match="cannot be created"):
        jars.neo4j_jars(tmp_path / "cache", report=ignore, maven_url=mirror[0])


def test_the_shipped_lock_names_neo4j(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    named = {jar.coordinate for jar in jars.locked_jars()}
    assert f"org.neo4j:neo4j:jar:{jars.NEO4J_VERSION}" in named
    assert "org.neo4j.client:neo4j-browser:jar:5.24.0" in named
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in jars.locked_jars())
