"""Sees which processes run, so that a test can say that none was left behind."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

GONE_LIMIT_S = 20.0


@pytest.fixture
def processes_below() -> Callable[[Path], list[psutil.Process]]:
    """Every process that names a folder among its arguments."""

    def find(folder: Path) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for process in psutil.process_iter(["cmdline"]):
            arguments: list[str] = process.info["cmdline"] or []
            if any(str(folder) in argument for argument in arguments):
                found.append(process)
        return found

    return find


@pytest.fixture
def wait_until_gone(
    processes_below: Callable[[Path], list[psutil.Process]],
) -> Callable[[Path], list[psutil.Process]]:
    """What still runs on a folder after the limit; empty as soon as nothing does."""

    def wait(folder: Path) -> list[psutil.Process]:
        deadline = time.monotonic() + GONE_LIMIT_S
        while (left := processes_below(folder)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    return wait
