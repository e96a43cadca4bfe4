"""Builds GraphiQL from npm into `graphiql/dist`, where its sources changed since the last build."""

import gzip
import hashlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from api.console.node import NodeUnavailable, Say, find_node

CONSOLE = Path(__file__).parent
GRAPHIQL = CONSOLE / "graphiql"
DIST = GRAPHIQL / "dist"
STAMP = DIST / ".built-from"
BUILD_LIMIT_S = 300
# Below this many bytes a compressed copy is not worth a file.
COMPRESS_FROM_BYTES = 1024
COMPRESSIBLE = {".js", ".css", ".svg", ".ttf"}


def build(*, say: Say) -> bool:
    """Build GraphiQL unless it is current; True where something was built.

    Raises `NodeUnavailable` where no Node.js is found, or npm or Vite fails.
    """
    wanted = source_stamp()
    if built_stamp() == wanted:
        return False
    started = time.monotonic()
    node = find_node()
    node.install(GRAPHIQL, say=say)
    say("building GraphiQL")
    vite = str(GRAPHIQL / "node_modules" / "vite" / "bin" / "vite.js")
    node.run([vite, "build", "--logLevel", "error"], folder=GRAPHIQL, limit_s=BUILD_LIMIT_S)
    _compress()
    # Last, so that a build broken off half-way is done again.
    STAMP.write_text(wanted)
    say(f"GraphiQL is built ({time.monotonic() - started:.0f} s)")
    return True


def built_stamp() -> str | None:
    """The stamp of the sources that the present build came from; None without a build."""
    return STAMP.read_text() if STAMP.is_file() else None


def source_stamp() -> str:
    """A digest of every file that the build reads, node_modules left to the lock file."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(CONSOLE).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for name in ("index.html", "package-lock.json", "package.json", "vite.config.js"):
        yield GRAPHIQL / name
    yield from sorted(path for path in (GRAPHIQL / "src").rglob("*") if path.is_file())
    yield CONSOLE / "landing" / "mark.svg"


def _compress() -> None:
    for path in sorted((DIST / "assets").iterdir()):
        if path.suffix in COMPRESSIBLE and path.stat().st_size >= COMPRESS_FROM_BYTES:
            # A fixed time makes two builds of the same sources the same bytes.
            packed = gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)
            path.with_name(f"{path.name}.gz").write_bytes(packed)


def main() -> int:
    """Build and say so on stderr; the process's exit code."""

    def say(text: str) -> None:
        sys.stderr.write(f"console: {text}\n")
        sys.stderr.flush()

    try:
        if not build(say=say):
            say("GraphiQL is current")
    except NodeUnavailable as unavailable:
        say(str(unavailable))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
