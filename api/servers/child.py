"""The owner's side of a leashed process: start it, ask it to end, insist after a limit."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from api.servers.errors import ServerError

LEASH = Path(__file__).with_name("leash.py")
POLL_S = 0.05


class Child:
    """A command under a leash, in a process group of its own.

    Its own group, because a Ctrl-C at the terminal must reach the owner alone, which then ends
    its children in their order.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        grace_s: float,
        environment: Mapping[str, str] | None = None,
        output: IO[bytes] | int | None = None,
        inherit: Sequence[int] = (),
    ) -> None:
        """Start `command`; `inherit` are file descriptors it keeps, e.g. the lock it works under.

        `grace_s` is how long it may take to end once asked. Raises `ServerError` where no process
        can be started at all; a command that is not there ends with code 127.
        """
        self.grace_s = grace_s
        self._group_ended = False
        try:
            self._leash = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LEASH), str(grace_s), *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT if output is not None else None,
                env=dict(environment) if environment is not None else None,
                pass_fds=tuple(inherit),
                process_group=0,
            )
        except OSError as failed:
            raise ServerError(f"{command[0]} cannot be started: {failed.strerror}") from failed

    @property
    def pid(self) -> int:
        """The leash's process id, which is also the id of the process group."""
        return self._leash.pid

    @property
    def output(self) -> IO[bytes]:
        """What the command prints, where `output=subprocess.PIPE` was asked for."""
        if self._leash.stdout is None:
            raise ServerError("this process was started without a pipe for its output")
        return self._leash.stdout

    def exit_code(self) -> int | None:
        """The command's exit code (128 + n after signal n), or None while it runs."""
        code = self._leash.poll()
        # A leash that was itself killed has a negative code.
        return code if code is None or code >= 0 else 128 - code

    def ask(self) -> None:
        """Send SIGTERM to the command and return at once."""
        with contextlib.suppress(ProcessLookupError):
            self._leash.send_signal(signal.SIGTERM)

    def wait(self, *, limit_s: float) -> int | None:
        """Wait for the end for at most `limit_s`; gives the exit code, None while it runs on."""
        deadline = time.monotonic() + limit_s
        while (code := self.exit_code()) is None and time.monotonic() < deadline:
            time.sleep(POLL_S)
        return code

    def stop(self) -> int:
        """Ask, wait for the grace period, then kill the group; gives the exit code."""
        self.ask()
        code = self.wait(limit_s=self.grace_s)
        self.kill()
        return self._leash.wait() if code is None else code

    def end_group(self) -> None:
        """End whatever is left of the process group at once."""
        if not self._group_ended:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._leash.pid, signal.SIGKILL)
            self._leash.wait()
            # Its number may belong to somebody else from now on.
            self._group_ended = True

    def kill(self) -> None:
        """End whatever is left at once and let go of the pipes."""
        self.end_group()
        for pipe in (self._leash.stdin, self._leash.stdout):
            if pipe is not None:
                pipe.close()
