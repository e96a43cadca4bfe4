"""The leash: a tiny process between an owner and its server, so that neither outlives the other.

Run by path (`python -I -S leash.py GRACE_S COMMAND…`), it imports nothing but the standard
library and costs a few megabytes. Its standard input is a pipe that only the owner holds open:
when the owner ends, however it ends, the pipe closes and the leash ends the command's whole
process group, first asking, then by force. Should the leash itself be killed, Linux kills the
command (PR_SET_PDEATHSIG); elsewhere nothing does, and the owner finds the port taken.
"""

import contextlib
import os
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
EXIT_NOT_STARTED = 127


def main(arguments: list[str]) -> int:
    """Run the command until it ends or the owner does; gives its exit code, 128 + n for signal n.

    The process is expected to lead a process group of its own.
    """
    grace_s, command = float(arguments[0]), arguments[1:]
    woken = _wake_on(signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    child = _spawn(command)
    deadline: float | None = None
    owner: int | None = sys.stdin.fileno()
    while True:
        code = _ended(child)
        if code is not None:
            return code
        if deadline is not None and time.monotonic() > deadline:
            os.killpg(0, signal.SIGKILL)
        watched = [woken] if owner is None else [woken, owner]
        limit_s = None if deadline is None else max(0.01, deadline - time.monotonic())
        ready, _, _ = select.select(watched, [], [], limit_s)
        if woken in ready:
            for number in os.read(woken, 64):
                if number != signal.SIGCHLD:
                    _ask(child, number)
        if owner in ready and not os.read(owner, 64):
            owner = None
            deadline = time.monotonic() + grace_s
            os.killpg(0, signal.SIGTERM)


def _wake_on(*signals: signal.Signals) -> int:
    """Turn signals into bytes on a pipe, which a select can wait for without a race."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    for number in signals:
        signal.signal(number, _woken)
    return read_end


def _woken(_number: int, _frame: object) -> None:
    """Do nothing: the byte on the pipe has said it."""


def _spawn(command: list[str]) -> int:
    leash = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        _die_with(leash)
        os.execvp(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as failed:
        os.write(2, f"{command[0]} cannot be started: {failed}\n".encode())
    os._exit(EXIT_NOT_STARTED)


def _die_with(leash: int) -> None:
    """Ask Linux to kill this process when the leash ends; elsewhere there is no such request."""
    if sys.platform.startswith("linux"):
        import ctypes  # only here: the leash itself stays small

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != leash:
            os._exit(EXIT_NOT_STARTED)


def _ask(child: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, number)


def _ended(child: int) -> int | None:
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid == 0:
        return None
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
