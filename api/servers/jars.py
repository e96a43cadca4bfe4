"""Neo4j's jars: named with their checksums in `neo4j.lock`, fetched once from Maven Central.

The lock file is what `jgo` resolves for the three coordinates below; `python -m api.servers.jars`
writes it anew. A machine that has fetched them once never asks the network again.
"""

import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import httpx

from api.servers.errors import ServerError
from api.servers.folder import prepare, require_space

NEO4J_VERSION = "2026.08.1"
COORDINATES = (
    f"org.neo4j:neo4j:{NEO4J_VERSION}",
    f"org.neo4j.app:neo4j-server:{NEO4J_VERSION}",
    "org.neo4j.client:neo4j-browser:5.24.0",
)
MAVEN_CENTRAL = "https://repo.maven.apache.org/maven2"
LOCK_FILE = Path(__file__).with_name("neo4j.lock")
FETCHERS = 12
ATTEMPTS = 3
REQUEST_LIMIT_S = 30
TOO_MANY = 429
REPORT_EVERY_S = 2.0
REMEDY = (
    "check the network, or set ROUTECAUSE_MAVEN_URL to a mirror of Maven Central, or NEO4J_URI to a"
    " Neo4j that runs elsewhere"
)

Report = Callable[[str], None]


@dataclass(frozen=True)
class Jar:
    """One line of the lock file: the checksum, the size in bytes and the Maven coordinate."""

    sha256: str
    size: int
    coordinate: str

    @property
    def name(self) -> str:
        """The file's name, e.g. "netty-transport-native-epoll-4.2.17.Final-linux-x86_64.jar"."""
        return self.path.rsplit("/", 1)[1]

    @property
    def path(self) -> str:
        """Where a Maven repository keeps it, of group:artifact:jar[:classifier]:version."""
        group, artifact, _packaging, *classifier, version = self.coordinate.split(":")
        file = "-".join([artifact, version, *classifier])
        return f"{group.replace('.', '/')}/{artifact}/{version}/{file}.jar"


def locked_jars() -> tuple[Jar, ...]:
    """What the lock file names, in classpath order."""
    lines = LOCK_FILE.read_text().splitlines()
    fields = (line.split() for line in lines if line and not line.startswith("#"))
    return tuple(
        Jar(sha256=sha256, size=int(size), coordinate=coordinate)
        for sha256, size, coordinate in fields
    )


def cached(cache_dir: Path) -> bool:
    """Whether every jar has been fetched and checked before, so that no network is needed."""
    home = _home(cache_dir)
    return (home / "complete").is_file() and all(
        (home / jar.name).is_file() for jar in locked_jars()
    )


def neo4j_jars(
    cache_dir: Path, *, report: Report, maven_url: str = MAVEN_CENTRAL
) -> tuple[Path, ...]:
    """Paths of Neo4j's jars below `cache_dir`, fetched where they are not there yet.

    Raises `ServerError` where they cannot be fetched or do not have the checksum of the lock file.
    """
    home, jars = _home(cache_dir), locked_jars()
    if not cached(cache_dir):
        prepare(home)
        with _alone(home):
            missing = [jar for jar in jars if not _intact(home / jar.name, jar=jar)]
            _fetch(missing, home=home, report=report, maven_url=maven_url.rstrip("/"))
            (home / "complete").touch()
    return tuple(home / jar.name for jar in jars)


def resolve() -> Iterator[tuple[str, Path]]:
    """Ask Maven Central what the coordinates need: pairs of coordinate and downloaded jar."""
    from jgo.maven import MavenContext, PythonResolver  # only to write the lock file anew

    context = MavenContext(resolver=PythonResolver(), timeout=REQUEST_LIMIT_S)
    wanted = [context.create_dependency(coordinate) for coordinate in COORDINATES]
    given, transitive = context.resolver.resolve(wanted)
    for dependency in [*given, *transitive]:
        if dependency in given or dependency.scope in ("compile", "runtime"):
            yield str(dependency.artifact), dependency.artifact.resolve()


def _home(cache_dir: Path) -> Path:
    """The folder of this very set of jars: another lock file means another folder."""
    digest = hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()[:12]
    return cache_dir / f"neo4j-{NEO4J_VERSION}-{digest}"


@contextmanager
def _alone(home: Path) -> Generator[None]:
    """Hold the folder, so that two starts at once do not fetch into each other's files."""
    descriptor = os.open(home / "fetch.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _fetch(missing: Sequence[Jar], *, home: Path, report: Report, maven_url: str) -> None:
    if not missing:
        return
    total = sum(jar.size for jar in missing)
    require_space(home, megabytes=total // 1_000_000 + 100)
    report(f"fetching Neo4j {NEO4J_VERSION}: {len(missing)} files, {total // 1_000_000} MB")
    progress = _Progress(total_bytes=total, report=report)
    with (
        httpx.Client(timeout=REQUEST_LIMIT_S, follow_redirects=True) as client,
        ThreadPoolExecutor(FETCHERS) as fetchers,
    ):
        waiting = [
            fetchers.submit(
                _fetch_one, jar, client=client, home=home, url=f"{maven_url}/{jar.path}"
            )
            for jar in missing
        ]
        try:
            for done in as_completed(waiting):
                progress.add(done.result())
        except httpx.HTTPError as failed:
            raise ServerError(
                f"Neo4j could not be fetched from {maven_url}: {REMEDY} ({_reason(failed)})"
            ) from failed
        except OSError as failed:
            raise ServerError(
                f"Neo4j's files cannot be written to {home} ({failed.strerror}): make room, or"
                " choose another folder with ROUTECAUSE_CACHE_DIR"
            ) from failed
        finally:
            fetchers.shutdown(wait=False, cancel_futures=True)


def _fetch_one(jar: Jar, *, client: httpx.Client, home: Path, url: str) -> int:
    """Fetch one jar, whole or not at all; gives its size in bytes."""
    part = home / f"{jar.name}.part"
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with client.stream("GET", url) as answer, part.open("wb") as file:
                answer.raise_for_status()
                for chunk in answer.iter_bytes():
                    file.write(chunk)
        except httpx.HTTPError as failed:
            part.unlink(missing_ok=True)
            if attempt == ATTEMPTS or not _may_pass(failed):
                raise
            time.sleep(attempt)
            continue
        if _intact(part, jar=jar):
            part.replace(home / jar.name)
            return jar.size
        part.unlink()
    raise ServerError(
        f"{jar.name} does not have the checksum of the lock file: something between here and"
        f" {url} alters what is downloaded; {REMEDY}"
    )


def _reason(failed: httpx.HTTPError) -> str:
    if isinstance(failed, httpx.HTTPStatusError):
        return f"it answers {failed.response.status_code} to {failed.request.url}"
    return str(failed) or type(failed).__name__


def _may_pass(failed: httpx.HTTPError) -> bool:
    """Whether another attempt is worth it: a refusal stays one, unless it is one of haste."""
    if not isinstance(failed, httpx.HTTPStatusError):
        return True
    return failed.response.is_server_error or failed.response.status_code == TOO_MANY


def _intact(path: Path, *, jar: Jar) -> bool:
    if not path.is_file() or path.stat().st_size != jar.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256


class _Progress:
    """Says how far the fetch is, now and then."""

    def __init__(self, *, total_bytes: int, report: Report) -> None:
        self._total_bytes = total_bytes
        self._report = report
        self._done_bytes = 0
        self._said_at = time.monotonic()
        self._lock = Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self._done_bytes += size
            now = time.monotonic()
            if now - self._said_at >= REPORT_EVERY_S or self._done_bytes == self._total_bytes:
                self._said_at = now
                done, total = self._done_bytes // 1_000_000, self._total_bytes // 1_000_000
                self._report(f"fetching Neo4j {NEO4J_VERSION}: {done} of {total} MB")


def _write_lock() -> None:
    lines = ["# Written by `python -m api.servers.jars`: sha256, size in bytes, Maven coordinate."]
    for coordinate, path in resolve():
        content = path.read_bytes()
        lines.append(f"{hashlib.sha256(content).hexdigest()} {len(content)} {coordinate}")
    LOCK_FILE.write_text("\n".join(lines) + "\n")
    sys.stdout.write(f"{LOCK_FILE.name}: {len(lines) - 1} jars\n")


if __name__ == "__main__":
    _write_lock()
