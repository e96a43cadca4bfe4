"""The documents say what the code does: names that exist, tables as generated, queries that fit."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate
from typer.core import TyperGroup
from typer.main import get_command

from api import settings_page
from api.cli import app
from api.settings import documented
from graph.hot.evidence import SAMPLES_KEPT
from graph.hot.learner import QUALITY_INTERVAL_S
from graph.hot.quality import SAMPLE_FLOOR
from graph.hot.reader import USERS_READ_PER_S
from graph.model import page
from ingest.events import EVENT_CLASSES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
LONGEST_ARCHITECTURE = 250
PACKAGES = ("agent", "api", "graph", "ingest")
# Rooms that the page of the architecture tells of as one.
ROOMS = (
    "ingest/simulator",
    *("agent/understanding", "agent/playbooks", "agent/claude", "agent/checking"),
)
# Names in paths that stand for whatever a reader puts there.
_PLACEHOLDERS = re.compile(r"[<>*{}…]")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"(?:agent|api|graph|ingest|tests|docs|docker)/[\w./-]+\.\w+")
_TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")


def _prose(path: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def _blocks(path: Path, language: str) -> Iterator[str]:
    for found, body in _FENCE.findall(path.read_text(encoding="utf-8")):
        if found == language:
            yield body


@cache
def _schema() -> GraphQLSchema:
    return build_schema((ROOT / "api" / "graphql" / "schema.graphql").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_every_query_fits_the_schema(path: Path) -> None:
    for text in _blocks(path, "graphql"):
        assert validate(_schema(), parse(text)) == [], text


def test_each_query_field_has_an_example() -> None:
    asked = "\n".join(_blocks(DOCS / "graphql.md", "graphql"))
    for root in (_schema().query_type, _schema().subscription_type):
        assert root is not None
        assert [name for name in root.fields if not re.search(rf"\b{name}\b", asked)] == []


def test_the_settings_are_those_of_the_code() -> None:
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    table = settings_page.table()
    assert text.count(table.splitlines()[0]) == 1
    assert table in text, "write it anew: python -m api.settings_page"
    after = text.partition(table)[2]
    assert not after.startswith("|"), "the page has settings that the code has not"


def test_the_model_page_is_the_model() -> None:
    written = (DOCS / "model.md").read_text(encoding="utf-8")
    assert written == page.page(), "write it anew: python -m graph.model.page"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_every_setting_named_is_one_and_every_default_told_is_it(path: Path) -> None:
    known = {setting.name: setting.default for setting in documented()}
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"\bROUTECAUSE_[A-Z0-9_]+\b", text))
    assert named <= known.keys()
    for told in _CODE.findall(_prose(path)):
        name, equals, value = told.partition("=")
        if equals and name in known:
            assert value == known[name], f"{told} in {path.name}"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_every_link_and_file_is_there(path: Path) -> None:
    prose = _prose(path)
    links = [link.partition("#")[0] for link in _LINK.findall(prose) if "://" not in link]
    assert [link for link in links if link and not (path.parent / link).exists()] == []
    files = {
        name
        for told in _CODE.findall(prose)
        if not _PLACEHOLDERS.search(told)
        for name in _FILE.findall(told)
    }
    assert [name for name in sorted(files) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_every_test_named_is_there(path: Path) -> None:
    for file, name in _TEST.findall(path.read_text(encoding="utf-8")):
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        named = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in named, f"{file} has no {name}"


def test_the_architecture_names_every_module() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_ARCHITECTURE
    found = (path.relative_to(ROOT) for top in PACKAGES for path in (ROOT / top).rglob("*.py"))
    modules = {p.as_posix() for p in found if "node_modules" not in p.parts}
    modules = {m for m in modules if not m.startswith(ROOMS) and not m.endswith("__init__.py")}
    told = set(re.findall(r"`([\w/]+\.py)`", text)) | set(ROOMS)
    assert sorted(modules - told) == []


def test_the_drawing_of_the_packages_is_their_layers() -> None:
    _, drawing = _blocks(DOCS / "architecture.md", "mermaid")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (contract,) = [each for each in contracts if each["type"] == "layers"]
    rows = [layer.split(" | ") for layer in contract["layers"]]
    allowed = {
        (upper, lower)
        for place, row in enumerate(rows)
        for upper in row
        for below in rows[place + 1 :]
        for lower in below
    }
    arrows = re.findall(r"P_(\w+)\S* --> P_(\w+)", drawing)
    assert len(arrows) == len(set(arrows))
    assert set(arrows) == allowed


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_every_method_named_is_there(path: Path) -> None:
    drawings = "\n".join(_blocks(path, "mermaid"))
    told = [*_CODE.findall(_prose(path)), *re.findall(r'"([^"\n]+)"', drawings)]
    named = [match for text in told if (match := re.fullmatch(r"(\w+)\.(\w+)", text))]
    held = _members()
    assert [m[0] for m in named if m[1] in held and m[2] not in held[m[1]]] == []


@cache
def _members() -> dict[str, set[str]]:
    """What each class and each module of ours holds, by its name alone."""
    held: dict[str, set[str]] = {}
    for source in (path for top in PACKAGES for path in (ROOT / top).rglob("*.py")):
        if "node_modules" in source.parts:
            continue
        tree = ast.parse(source.read_text(encoding="utf-8"))
        scopes = [(source.stem, tree.body)]
        scopes += [(n.name, n.body) for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
        for name, body in scopes:
            # A file's ending after the name of a module is no member.
            held.setdefault(name, {"py", "lua", "md"}).update(_names(body))
    return held


def _names(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def test_the_context_design_tells_the_figures_of_the_code() -> None:
    text = (DOCS / "data.md").read_text(encoding="utf-8")
    for told in (
        f"newest {SAMPLES_KEPT} samples",
        f"renewed every {QUALITY_INTERVAL_S:g} s",
        f"reads all users again when one changes, at most {USERS_READ_PER_S:,} users a second",
        f"below {SAMPLE_FLOOR} scores",
        f"from {SAMPLE_FLOOR} scores",
    ):
        assert told in text


def test_the_context_design_names_every_event_type() -> None:
    text = (DOCS / "data.md").read_text(encoding="utf-8")
    assert [name for name in EVENT_CLASSES if name not in text] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_cypher_in_a_page_is_a_question_of_ours(path: Path) -> None:
    for text in _blocks(path, "cypher"):
        first = text.splitlines()[0]
        assert first.startswith("// "), f"{path.name}: {first}"
        assert first.rstrip().endswith("?"), f"{path.name}: {first}"


def test_every_command_told_is_one_and_each_is_told() -> None:
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    told = {
        match[1]
        for path in PAGES
        for match in re.finditer(r"\broutecause ([a-z][a-z-]*)\b", _commands(path))
    }
    assert told - command.commands.keys() == set()
    operations = _commands(DOCS / "operations.md")
    assert [name for name in command.commands if f"routecause {name}" not in operations] == []


def _commands(path: Path) -> str:
    """What a page shows as code: spans and blocks of shell."""
    return "\n".join([*_CODE.findall(_prose(path)), *_blocks(path, "sh")])
