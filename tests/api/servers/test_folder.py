"""A data directory has one owner, one password, and enough room or a clear word."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from api.servers import folder
from api.servers.errors import ServerError


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    home = tmp_path / "neo4j"
    with (
        folder.owned(home, wait_s=0),
        pytest.raises(ServerError, match=f"in use by process {os.getpid()}.*--data-dir"),
        folder.owned(home, wait_s=30),
    ):
        pass
    with folder.owned(home, wait_s=0):
        pass


def test_a_server_that_outlives_its_owner_is_waited_for(tmp_path: Path) -> None:
    """As after a kill -9: the owner's id is dead, but the lock is still inherited by a server."""
    home = tmp_path / "neo4j"
    with folder.owned(home, wait_s=0) as lock:
        server = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(lock,)
        )
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (home / "owner.lock").write_text(str(dead.pid))
    with pytest.raises(ServerError), folder.owned(home, wait_s=0.2):
        pass
    server.communicate(b"\n")
    with folder.owned(home, wait_s=5):
        pass


def test_the_password_is_kept_and_private(tmp_path: Path) -> None:
    first = folder.password(tmp_path)
    assert len(first) >= 24
    assert folder.password(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600
    assert folder.password(tmp_path / ".." / tmp_path.name) == first


def test_two_folders_have_two_passwords(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert folder.password(tmp_path / "a") != folder.password(tmp_path / "b")


def test_a_full_disk_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="MB are needed: make room"):
        folder.require_space(tmp_path / "not" / "yet", megabytes=10**9)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerError, match=r"cannot be created .*--data-dir"):
        folder.prepare(tmp_path / "file" / "below")


def test_the_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert folder.last_lines(log) == "    (no log)"
    log.write_text("\n".join(str(number) for number in range(100)))
    assert folder.last_lines(log).split() == [str(number) for number in range(85, 100)]
