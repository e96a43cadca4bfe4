"""A part that dies is started again, later each time, until it is released."""

import os
import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from api.kept import Kept, Worker
from api.servers.errors import ServerError

LIMIT_S = 15.0
ENVIRONMENT = {"PATH": os.defpath}


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LIMIT_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@contextmanager
def worker(code: str, *, grace_s: float = 2.0) -> Generator[tuple[Worker, list[tuple[str, str]]]]:
    said: list[tuple[str, str]] = []
    made = Worker(
        "writer",
        arguments=["-c", code],
        environment=ENVIRONMENT,
        grace_s=grace_s,
        say=lambda name, line: said.append((name, line)),
    )
    try:
        yield made, said
    finally:
        made.stop()


def test_what_a_worker_prints_is_passed_on_under_its_name() -> None:
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(4)"
    with worker(code) as (part, said):
        part.start()
        assert wait_for(lambda: len(said) == 2)
        assert sorted(said) == [("writer", "one"), ("writer", "two")]
        assert wait_for(lambda: part.exit_code() == 4)
        assert "    one" in part.last_lines()


def test_a_worker_that_is_killed_comes_back() -> None:
    reported: list[str] = []
    with worker("print('up'); import time; time.sleep(600)") as (part, said):
        kept = Kept(part, name="writer", report=reported.append)
        kept.start()
        assert wait_for(lambda: len(said) == 1)
        assert part.pid is not None
        os.killpg(part.pid, signal.SIGKILL)
        assert wait_for(lambda: len(said) == 2 and kept.restarts == 1)
        kept.release()
        assert part.exit_code() is not None
        time.sleep(1)
        assert len(said) == 2
    assert reported == ["writer ended with code 137; starting it in 0.5 s"]


def test_a_part_that_keeps_dying_is_left_alone_longer_each_time() -> None:
    reported: list[str] = []
    with worker("raise SystemExit(3)") as (part, _):
        kept = Kept(part, name="writer", report=reported.append)
        kept.start()
        assert wait_for(lambda: len(reported) == 3)
        kept.release()
    assert [line.rsplit(" in ", 1)[1] for line in reported] == ["0.5 s", "1 s", "2 s"]


class Reluctant:
    """Starts once, dies, and refuses to start until it is allowed to."""

    def __init__(self) -> None:
        self.starts = 0
        self.allowed = threading.Event()
        self.allowed.set()
        self.running = False

    def start(self) -> None:
        if not self.allowed.is_set():
            raise ServerError("the disk is full")
        self.starts += 1
        self.running = True

    def exit_code(self) -> int | None:
        return None if self.running else 1

    def stop(self) -> None:
        self.running = False


def test_a_restart_that_fails_is_tried_again() -> None:
    reported: list[str] = []
    part = Reluctant()
    kept = Kept(part, name="Neo4j", report=reported.append)
    kept.start()
    part.allowed.clear()
    part.running = False
    assert wait_for(lambda: "Neo4j does not start: the disk is full" in reported)
    part.allowed.set()
    assert wait_for(lambda: part.starts == 2)
    kept.release()
    assert not part.running


def test_a_stubborn_worker_is_ended_by_force() -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        " print('up'); time.sleep(600)"
    )
    with worker(code, grace_s=0.3) as (part, said):
        part.start()
        assert wait_for(lambda: len(said) == 1)
        started_at = time.monotonic()
        part.stop()
        assert time.monotonic() - started_at < LIMIT_S
        assert part.exit_code() is not None
