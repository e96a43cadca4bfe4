"""Node is found on the system or comes from PyPI."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

from api.console import node
from api.console.node import Node, NodeUnavailable

PYTHON = Node(node=sys.executable, npm=(sys.executable, "-c"), origin="Python, for its exit codes")


def test_a_node_is_found_and_runs(tmp_path: Path) -> None:
    found = node.find_node()

    printed = found.run(["-p", "6 * 7"], folder=tmp_path, limit_s=30)

    assert printed.strip() == "42"
    assert found.origin


def test_without_any_node_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_: str) -> None:
        return None

    monkeypatch.setattr(shutil, "which", nowhere)
    monkeypatch.setattr(importlib.util, "find_spec", nowhere)

    with pytest.raises(NodeUnavailable, match="uv sync --group console"):
        node.find_node()


def test_a_failed_command_says_where_and_how(tmp_path: Path) -> None:
    with pytest.raises(NodeUnavailable, match=r"(?s)failed in .*the last words"):
        PYTHON.run(["-c", "raise SystemExit('the last words')"], folder=tmp_path, limit_s=30)


def test_a_hung_command_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(NodeUnavailable, match="took longer than 1 s"):
        PYTHON.run(["-c", "import time; time.sleep(60)"], folder=tmp_path, limit_s=1)


def test_packages_are_installed_once_for_a_lock(tmp_path: Path) -> None:
    said: list[str] = []
    modules = tmp_path / "node_modules"
    modules.mkdir()
    (tmp_path / "package-lock.json").write_text("{}")
    installer = Node(
        node=sys.executable,
        npm=(sys.executable, "-c", "open('runs', 'a').write('x')"),
        origin="Python, for counting",
    )

    for _ in range(2):
        installer.install(tmp_path, say=said.append)
    (tmp_path / "package-lock.json").write_text('{"changed": true}')
    installer.install(tmp_path, say=said.append)

    assert (tmp_path / "runs").read_text() == "xx"
    assert len(said) == 2
