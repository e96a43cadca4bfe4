"""A server's data directory: one owner at a time, a generated password, and its last log lines."""

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from api.servers.errors import ServerError

PASSWORD_BYTES = 24
LOCK_POLL_S = 0.1
LAST_LINES = 15


@contextmanager
def owned(folder: Path, *, wait_s: float) -> Generator[int]:
    """Hold `folder` for this process alone; gives the lock's file descriptor.

    The server inherits the descriptor, so the folder stays held until the server itself is gone:
    after a `kill -9` of its owner, the next owner waits up to `wait_s` for that. Raises
    `ServerError` where a living process holds it.
    """
    prepare(folder)
    path = folder / "owner.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + wait_s
        while not _locked(descriptor):
            owner = path.read_text().strip()
            if _alive(owner) or time.monotonic() > deadline:
                raise ServerError(
                    f"{folder} is in use by process {owner or '(unknown)'}: end that one first,"
                    " or choose another folder with --data-dir"
                )
            time.sleep(LOCK_POLL_S)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def prepare(folder: Path) -> None:
    """Create `folder` for this user alone; raises `ServerError` where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as failed:
        raise ServerError(
            f"{folder} cannot be created ({failed.strerror}): choose another with --data-dir"
        ) from failed


def require_space(folder: Path, *, megabytes: int) -> None:
    """Raise `ServerError` where the disk below `folder` has less than `megabytes` free."""
    free = free_megabytes(folder)
    if free < megabytes:
        raise ServerError(
            f"only {free} MB are free at {folder}, and {megabytes} MB are needed: make room there,"
            " or choose another disk with --data-dir and ROUTECAUSE_CACHE_DIR"
        )


def free_megabytes(folder: Path) -> int:
    """Free space in MB on the disk that `folder` is on, or will be."""
    while not folder.exists():
        folder = folder.parent
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize // 1_000_000


def password(folder: Path) -> str:
    """The password kept in `folder`, readable by this user only; generated at the first call."""
    path = folder / "password"
    if path.exists():
        return path.read_text().strip()
    made = secrets.token_urlsafe(PASSWORD_BYTES)
    write_private(path, text=made)
    return made


def write_private(path: Path, *, text: str) -> None:
    """Write `text` with mode 0600, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        part.replace(path)
    except OSError as failed:
        raise ServerError(
            f"{path} cannot be written ({failed.strerror}): make room, or choose another folder"
            " with --data-dir"
        ) from failed


def last_lines(log: Path) -> str:
    """The last lines of a log, indented, for an error message."""
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace").strip().splitlines()
        return "\n".join(f"    {line}" for line in lines[-LAST_LINES:])
    return "    (no log)"


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(pid: str) -> bool:
    if not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
