"""Builds what a browser gets, the console and GraphiQL, from npm, where its sources changed."""

import gzip
import hashlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from api.console.node import Node, NodeUnavailable, Say, find_node

CONSOLE = Path(__file__).parent
ROOT = CONSOLE.parents[1]
BUILD_LIMIT_S = 300
# Below this many bytes a compressed copy is not worth a file.
COMPRESS_FROM_BYTES = 1024
COMPRESSIBLE = {".js", ".css", ".svg", ".ttf"}
_CONFIGURATION = {"index.html", "package-lock.json", "package.json"}


@dataclass(frozen=True)
class Bundle:
    """One folder of sources that becomes one folder of files to serve.

    `reads` are what it is made of besides its own folder; `before` are commands, each a script
    under Node with its arguments, that have to pass before it is bundled.
    """

    name: str
    folder: Path
    reads: tuple[Path, ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    checks: tuple[tuple[str, ...], ...] = ()

    @property
    def dist(self) -> Path:
        """Where the built files are."""
        return self.folder / "dist"

    @property
    def stamp(self) -> Path:
        """Which sources the built files came from."""
        return self.dist / ".built-from"

    def built_stamp(self) -> str | None:
        """The stamp of the sources that the present build came from; None without a build."""
        return self.stamp.read_text() if self.stamp.is_file() else None

    def source_stamp(self) -> str:
        """A digest of every file that the build reads, node_modules left to the lock file."""
        digest = hashlib.sha256()
        for path in self._sources():
            digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def _sources(self) -> Iterator[Path]:
        for path in sorted(self.folder.iterdir()):
            if path.name in _CONFIGURATION or path.suffix in {".js", ".mjs", ".ts", ".json"}:
                yield path
        for folder in (self.folder / "src", self.folder / "public", *self.reads):
            found = [folder] if folder.is_file() else sorted(folder.rglob("*"))
            yield from (path for path in found if path.is_file() and path.name != "generated.ts")


_TYPES = ("codegen.mjs",)
_TYPED = ("node_modules/typescript/bin/tsc", "--noEmit")
APP = Bundle(
    name="the console",
    folder=CONSOLE / "app",
    reads=(
        ROOT / "api" / "graphql" / "schema.graphql",
        ROOT / "api" / "graphql" / "trusted",
        ROOT / "graph" / "cypher",
    ),
    before=(_TYPES, _TYPED),
    checks=(
        _TYPES,
        _TYPED,
        ("node_modules/@biomejs/biome/bin/biome", "ci", "--error-on-warnings", "."),
        ("node_modules/vitest/vitest.mjs", "run", "--reporter=dot"),
    ),
)
GRAPHIQL = Bundle(
    name="GraphiQL",
    folder=CONSOLE / "graphiql",
    reads=(APP.folder / "public" / "mark.svg",),
)
BUNDLES = (APP, GRAPHIQL)


def build(*, say: Say) -> bool:
    """Build each bundle that is not current; True where something was built.

    Raises `NodeUnavailable` where no Node.js is found, or npm, TypeScript or Vite fails.
    """
    wanted = {bundle: bundle.source_stamp() for bundle in BUNDLES}
    outdated = [bundle for bundle in BUNDLES if bundle.built_stamp() != wanted[bundle]]
    if not outdated:
        return False
    node = find_node()
    for bundle in outdated:
        started = time.monotonic()
        node.install(bundle.folder, say=say)
        say(f"building {bundle.name}")
        _run(node, bundle, bundle.before)
        _run(node, bundle, (("node_modules/vite/bin/vite.js", "build", "--logLevel", "error"),))
        _compress(bundle.dist)
        # Last, so that a build broken off half-way is done again.
        bundle.stamp.write_text(wanted[bundle])
        say(f"{bundle.name} is built ({time.monotonic() - started:.0f} s)")
    return True


def check(*, say: Say) -> None:
    """Types, style and the tests of the console's own pure parts. Raises `NodeUnavailable`."""
    node = find_node()
    node.install(APP.folder, say=say)
    _run(node, APP, APP.checks)
    say("the console's types, style and tests pass")


def _run(node: Node, bundle: Bundle, commands: tuple[tuple[str, ...], ...]) -> None:
    for script, *arguments in commands:
        path = str(bundle.folder / script)
        node.run([path, *arguments], folder=bundle.folder, limit_s=BUILD_LIMIT_S)


def _compress(dist: Path) -> None:
    for path in sorted((dist / "assets").iterdir()):
        if path.suffix in COMPRESSIBLE and path.stat().st_size >= COMPRESS_FROM_BYTES:
            # A fixed time makes two builds of the same sources the same bytes.
            packed = gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)
            path.with_name(f"{path.name}.gz").write_bytes(packed)


def main() -> int:
    """Build, or with `--check` only check, and say so on stderr; the process's exit code."""

    def say(text: str) -> None:
        sys.stderr.write(f"console: {text}\n")
        sys.stderr.flush()

    try:
        if "--check" in sys.argv[1:]:
            check(say=say)
        elif not build(say=say):
            say("the console and GraphiQL are current")
    except NodeUnavailable as unavailable:
        say(str(unavailable))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
