"""The console is built when its sources changed, and only then."""

import json
import shutil
from pathlib import Path

import pytest

from api.console import build, node
from api.console.build import CONSOLE, GRAPHIQL

LOCKS = [GRAPHIQL / "package-lock.json", CONSOLE.parents[1] / "tests/browser/package-lock.json"]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The console's sources in a folder of their own."""
    skipped = shutil.ignore_patterns("node_modules", "dist", "__pycache__")
    folder = Path(shutil.copytree(CONSOLE, tmp_path / "console", ignore=skipped))
    monkeypatch.setattr(build, "CONSOLE", folder)
    monkeypatch.setattr(build, "GRAPHIQL", folder / "graphiql")
    monkeypatch.setattr(build, "DIST", folder / "graphiql" / "dist")
    monkeypatch.setattr(build, "STAMP", folder / "graphiql" / "dist" / ".built-from")
    return folder


@pytest.mark.parametrize(
    "changed",
    [
        "graphiql/package-lock.json",
        "graphiql/vite.config.js",
        "graphiql/index.html",
        "graphiql/src/questions.js",
        "landing/mark.svg",
    ],
)
def test_a_changed_source_asks_for_a_new_build(copied: Path, changed: str) -> None:
    before = build.source_stamp()

    with (copied / changed).open("a") as source:
        source.write("\n")

    assert build.source_stamp() != before


def test_a_new_file_asks_for_a_new_build(copied: Path) -> None:
    before = build.source_stamp()

    (copied / "graphiql" / "src" / "new.js").write_text("")

    assert build.source_stamp() != before


def test_a_current_build_is_left_alone(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unwanted() -> node.Node:
        raise AssertionError("no Node.js is needed where nothing changed")

    monkeypatch.setattr(build, "find_node", unwanted)
    build.DIST.mkdir()
    build.STAMP.write_text(build.source_stamp())

    assert build.build(say=print) is False


@pytest.mark.parametrize("lock", LOCKS, ids=["graphiql", "browser"])
def test_a_lock_file_names_no_registry(lock: Path) -> None:
    packages = json.loads(lock.read_text())["packages"]

    assert [name for name, locked in packages.items() if "resolved" in locked] == []
    assert all("integrity" in locked for name, locked in packages.items() if name)
