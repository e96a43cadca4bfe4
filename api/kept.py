"""A part of the service that must not stay dead: started, watched, started again in patience."""

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from api.servers.child import Child
from api.servers.errors import ServerError

LAST_LINES = 20
POLL_S = 0.1
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
# A part that ran for this long has recovered, and its next death is a first one again.
RECOVERED_S = 60.0
READER_LIMIT_S = 2.0
LONGEST_LINE = 16_384

Line = Callable[[str, str], None]


class Part(Protocol):
    """What can be kept alive: the embedded servers and the workers."""

    def start(self) -> None:
        """Start it, or start it anew; raises `ServerError` where it cannot be."""
        ...

    def exit_code(self) -> int | None:
        """The code it ended with, None while it runs."""
        ...

    def stop(self) -> None:
        """Ask it to end, wait for a limited time, then insist."""
        ...


class Worker:
    """A Python process of ours, whose output is passed on line by line under its name."""

    def __init__(
        self,
        name: str,
        *,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        grace_s: float,
        say: Line,
    ) -> None:
        """`arguments` go to this very Python; `say` gets the name and each line."""
        self.name = name
        self._arguments = arguments
        self._environment = environment
        self._grace_s = grace_s
        self._say = say
        self._child: Child | None = None
        self._reader: threading.Thread | None = None
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def start(self) -> None:
        """Start it and return at once; raises `ServerError` where no process can be started."""
        self.stop()
        self._last.clear()
        # -P: what lies in the current folder must not be taken for one of our packages.
        command = [sys.executable, "-P", *self._arguments]
        self._child = Child(
            command,
            grace_s=self._grace_s,
            environment={**self._environment, "PYTHONUNBUFFERED": "1"},
            output=subprocess.PIPE,
        )
        self._reader = threading.Thread(target=self._read, args=(self._child,), daemon=True)
        self._reader.start()

    def exit_code(self) -> int | None:
        """The code it ended with, None while it runs; raises `ServerError` before any start."""
        if self._child is None:
            raise ServerError(f"the {self.name} has not been started")
        return self._child.exit_code()

    @property
    def pid(self) -> int | None:
        """The process group it runs in, None before any start."""
        return self._child.pid if self._child else None

    def stop(self) -> None:
        """End it, by force after the grace period."""
        if self._child is None or self._reader is None:
            return
        self._child.ask()
        self._child.wait(limit_s=self._grace_s)
        self._child.end_group()
        self._reader.join(READER_LIMIT_S)
        self._child.kill()

    def last_lines(self) -> str:
        """What it printed last, indented, for an error message."""
        return "\n".join(f"    {line}" for line in self._last) or "    (it printed nothing)"

    def _read(self, child: Child) -> None:
        # A closed pipe is how a reader learns that its process was given up.
        with suppress(ValueError, OSError):
            while line := child.output.readline(LONGEST_LINE):
                text = line.decode(errors="replace").rstrip()
                self._last.append(text)
                self._say(self.name, text)


class Kept:
    """A part with a thread that starts it again when it dies, later each time, until released."""

    def __init__(self, part: Part, *, name: str, report: Callable[[str], None]) -> None:
        self.name = name
        self.part = part
        self.restarts = 0
        self._report = report
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"keep {name}", daemon=True)

    def start(self) -> None:
        """Start the part and watch it; raises `ServerError` where the first start fails."""
        self.part.start()
        self._thread.start()

    def release(self) -> None:
        """End the part for good."""
        self._released.set()
        self.part.stop()
        # The watcher may be starting it once more at this very moment.
        while self._thread.is_alive():
            self._thread.join(POLL_S)
            self.part.stop()

    def _keep(self) -> None:
        pause_s, started_at = FIRST_PAUSE_S, time.monotonic()
        while not self._released.wait(POLL_S):
            code = self.part.exit_code()
            if code is None:
                continue
            if time.monotonic() - started_at > RECOVERED_S:
                pause_s = FIRST_PAUSE_S
            self._report(f"{self.name} ended with code {code}; starting it in {pause_s:g} s")
            if self._released.wait(pause_s):
                return
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            started_at = time.monotonic()
            try:
                self.part.start()
            except (ServerError, OSError) as failed:
                if not self._released.is_set():
                    self._report(f"{self.name} does not start: {failed}")
            else:
                self.restarts += 1
