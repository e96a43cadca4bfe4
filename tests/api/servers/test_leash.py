"""The leash ends what it holds, whichever of the two sides goes first."""

import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from api.servers.child import Child

LIMIT_S = 10.0
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('up', flush=True); time.sleep(600)"
)
POLITE = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(3));"
    " print('up', flush=True); time.sleep(600)"
)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LIMIT_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_exit_code_passes_through() -> None:
    child = Child(python("raise SystemExit(7)"), grace_s=1)
    assert child.wait(limit_s=LIMIT_S) == 7
    child.kill()


def test_a_command_that_is_not_there_ends_with_127(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as output:
        child = Child([str(tmp_path / "absent")], grace_s=1, output=output)
    assert child.wait(limit_s=LIMIT_S) == 127
    child.kill()
    assert "cannot be started" in (tmp_path / "log").read_text()


def test_a_signal_that_ended_the_command_shows_in_its_code() -> None:
    child = Child(python("import os,signal; os.kill(os.getpid(), signal.SIGKILL)"), grace_s=1)
    assert child.wait(limit_s=LIMIT_S) == 128 + signal.SIGKILL
    child.kill()


def test_stop_asks_first() -> None:
    child = Child(python(POLITE), grace_s=LIMIT_S, output=subprocess.PIPE)
    assert child.output.readline() == b"up\n"
    assert child.stop() == 3


def test_stop_insists_after_the_grace_period() -> None:
    child = Child(python(STUBBORN), grace_s=0.3, output=subprocess.PIPE)
    assert child.output.readline() == b"up\n"
    started_at = time.monotonic()
    child.stop()
    assert time.monotonic() - started_at < LIMIT_S
    assert not psutil.pid_exists(child.pid)


def test_kill_of_the_owner_ends_even_a_stubborn_command(
    tmp_path: Path, wait_until_gone: Callable[[Path], list[psutil.Process]]
) -> None:
    mark = tmp_path / "mark"
    owner = textwrap.dedent(f"""
        import sys, time
        from api.servers.child import Child
        Child([sys.executable, "-c", {STUBBORN!r}, {str(mark)!r}], grace_s=0.3)
        time.sleep(600)
    """)
    process = subprocess.Popen(python(owner), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert wait_until_gone(mark) == []


def test_kill_of_the_leash_ends_the_command(
    tmp_path: Path,
    processes_below: Callable[[Path], list[psutil.Process]],
    wait_until_gone: Callable[[Path], list[psutil.Process]],
) -> None:
    mark = str(tmp_path / "mark")
    child = Child([*python(STUBBORN), mark], grace_s=0.3, output=subprocess.PIPE)
    assert child.output.readline() == b"up\n"
    psutil.Process(child.pid).kill()
    assert child.wait(limit_s=LIMIT_S) == 128 + signal.SIGKILL
    if not sys.platform.startswith("linux"):
        # No other system ends it by itself; the owner's kill of the group does.
        child.kill()
    assert wait_until_gone(tmp_path) == []
    child.kill()
    assert wait_for(lambda: not processes_below(tmp_path))
