"""The console and GraphiQL are built when their sources changed, and only then."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from api.console import build, node
from api.console.build import APP, BUNDLES, CONSOLE, GRAPHIQL, ROOT, Bundle

LOCKS = {
    "console": APP.folder / "package-lock.json",
    "graphiql": GRAPHIQL.folder / "package-lock.json",
    "browser": ROOT / "tests/browser/package-lock.json",
}


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Bundle]:
    """The bundles on a copy of the sources, by name."""
    skipped = shutil.ignore_patterns("node_modules", "dist", "__pycache__", "generated.ts")
    for folder in (CONSOLE, ROOT / "api/graphql", ROOT / "graph/cypher"):
        shutil.copytree(folder, tmp_path / folder.relative_to(ROOT), ignore=skipped)

    def moved(path: Path) -> Path:
        return tmp_path / path.relative_to(ROOT)

    bundles = tuple(
        replace(one, folder=moved(one.folder), reads=tuple(map(moved, one.reads)))
        for one in BUNDLES
    )
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "BUNDLES", bundles)
    return {one.name: one for one in bundles}


@pytest.mark.parametrize(
    ("bundle", "changed"),
    [
        (APP.name, "api/console/app/package-lock.json"),
        (APP.name, "api/console/app/codegen.mjs"),
        (APP.name, "api/console/app/index.html"),
        (APP.name, "api/console/app/src/main.tsx"),
        (APP.name, "api/console/app/public/mark.svg"),
        (APP.name, "api/graphql/schema.graphql"),
        (APP.name, "api/graphql/trusted/why.graphql"),
        (APP.name, "graph/cypher/investigation.cypher"),
        (GRAPHIQL.name, "api/console/graphiql/package-lock.json"),
        (GRAPHIQL.name, "api/console/graphiql/vite.config.js"),
        (GRAPHIQL.name, "api/console/graphiql/index.html"),
        (GRAPHIQL.name, "api/console/graphiql/src/questions.js"),
        (GRAPHIQL.name, "api/console/app/public/mark.svg"),
    ],
)
def test_a_changed_source_asks_for_a_new_build(
    copied: Mapping[str, Bundle], bundle: str, changed: str
) -> None:
    before = copied[bundle].source_stamp()

    with (build.ROOT / changed).open("a") as source:
        source.write("\n")

    assert copied[bundle].source_stamp() != before


@pytest.mark.parametrize("new", ["app/src/pages/new.tsx", "app/public/new.svg"])
def test_a_new_file_asks_for_a_new_build(copied: Mapping[str, Bundle], new: str) -> None:
    before = copied[APP.name].source_stamp()

    (build.ROOT / "api/console" / new).write_text("")

    assert copied[APP.name].source_stamp() != before


def test_what_the_build_itself_writes_asks_for_none(copied: Mapping[str, Bundle]) -> None:
    before = copied[APP.name].source_stamp()

    (copied[APP.name].folder / "src/api/generated.ts").write_text("export {};")

    assert copied[APP.name].source_stamp() == before


def test_a_current_build_is_left_alone(
    copied: Mapping[str, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unwanted() -> node.Node:
        raise AssertionError("no Node.js is needed where nothing changed")

    monkeypatch.setattr(build, "find_node", unwanted)
    for bundle in copied.values():
        bundle.dist.mkdir()
        bundle.stamp.write_text(bundle.source_stamp())

    assert build.build(say=print) is False


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_registry(lock: str) -> None:
    packages = json.loads(LOCKS[lock].read_text())["packages"]

    assert [name for name, locked in packages.items() if "resolved" in locked] == []
    assert all("integrity" in locked for name, locked in packages.items() if name)
