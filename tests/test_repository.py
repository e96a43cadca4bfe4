"""The tidy rules of the repository, read from its files: sizes, names, layers, doors, mirrors."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("agent", "api", "graph", "ingest")
LONGEST_FUNCTION = 70
LONGEST_MODULE = 500
LONGEST_DECISION = 40
LINT_LIMIT_S = 120
NOT_OURS = {"node_modules", "__pycache__", "dist"}
VAGUE = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "base", "misc"}

# Folders of tests that belong to no one package, and why.
UNMIRRORED = {
    "tests/browser": "drives the whole service in a real browser",
    "tests/data": "events that several tests read; no module of its own",
}
# Where a driver may be imported; whatever is a folder holds for all below it.
DRIVERS = {
    "neo4j": {"graph/store": "the one door to Neo4j"},
    "redis": {
        "graph/hot": "the hot view",
        "ingest/log.py": "the durable log",
        "ingest/dead_letters.py": "the dead letters, kept beside the log",
        "api/doctor.py": "asks a Redis how it is configured, which no store wants to know",
    },
    "anthropic": {"agent/claude": "the one client of Claude, behind its locks"},
}
# Where text may be Cypher.
CYPHER = {
    "graph/store": "the door and the writes",
    "graph/model": "makes the schema and the MERGE of entities",
    "api/bench": "the floor that the writer is compared with",
}
_CYPHER = re.compile(
    r"\b(?:MATCH|MERGE|CREATE)\s*\(\w*:?|\bUNWIND\s+\$|\bCALL\s+(?:db|dbms)\.|\bRETURN\s+\w+\.\w+"
)


def _inside(name: str, places: dict[str, str]) -> bool:
    return any(name == place or name.startswith(f"{place}/") for place in places)


@cache
def modules(*tops: str) -> tuple[str, ...]:
    """Every Python file below these folders, as posix paths from the root."""
    found = (path.relative_to(ROOT) for top in tops for path in (ROOT / top).rglob("*.py"))
    return tuple(sorted(p.as_posix() for p in found if not NOT_OURS & set(p.parts)))


@cache
def parsed(name: str) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), filename=name)


EVERYTHING = modules(*PACKAGES, "client", "tests")
OURS = modules(*PACKAGES)


def _lines(name: str) -> list[str]:
    return (ROOT / name).read_text(encoding="utf-8").splitlines()


def _docstrings(tree: ast.Module) -> set[ast.Constant]:
    """The text of every docstring, also those below attributes."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def _texts(name: str) -> Iterator[tuple[int, str]]:
    """The string constants of a module with their lines, docstrings left out."""
    tree = parsed(name)
    said = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in said:
            yield node.lineno, node.value


def _imported(name: str) -> Iterator[str]:
    """The top names of what a module imports."""
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_functions_are_short() -> None:
    sizes = {
        f"{name}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name in EVERYTHING
        for node in ast.walk(parsed(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {where: size for where, size in sizes.items() if size > LONGEST_FUNCTION} == {}


def test_modules_are_short() -> None:
    sizes = {name: len(_lines(name)) for name in EVERYTHING}
    assert {name: size for name, size in sizes.items() if size > LONGEST_MODULE} == {}


def test_modules_open_with_what_lives_there() -> None:
    said = {name: ast.get_docstring(parsed(name)) or "" for name in EVERYTHING}
    assert [name for name, words in said.items() if not words] == []


def test_no_module_has_a_vague_name() -> None:
    parts = {part for name in EVERYTHING for part in Path(name).with_suffix("").parts}
    assert parts & VAGUE == set()


def test_tests_mirror_the_packages() -> None:
    for folder in {Path(name).parent for name in modules("tests")}:
        if folder == Path("tests") or _inside(folder.as_posix(), UNMIRRORED):
            continue
        mirrored = ROOT / folder.relative_to("tests")
        assert mirrored.is_dir() or mirrored.with_suffix(".py").is_file(), folder


def test_no_package_where_none_may_be() -> None:
    # tests/__init__.py would break the import mode, docker/__init__.py shadow a distribution.
    found = [name for name in modules("tests", "docker") if name.endswith("__init__.py")]
    assert found == []


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {Path(name).parent for name in OURS}
    assert [f for f in sorted(folders) if not (ROOT / f / "__init__.py").is_file()] == []


def test_only_settings_read_the_environment() -> None:
    closed = {"environ", "environb", "getenv", "getenvb", "BaseSettings"}
    found = [
        f"{name}:{node.lineno}"
        for name in OURS
        if Path(name).name != "settings.py"
        for node in ast.walk(parsed(name))
        if (isinstance(node, ast.Attribute) and node.attr in closed)
        or (isinstance(node, ast.Name) and node.id in closed)
    ]
    assert found == []


def test_cypher_is_written_behind_the_door() -> None:
    found = [
        f"{name}:{line}"
        for name in OURS
        if not _inside(name, CYPHER)
        for line, text in _texts(name)
        if _CYPHER.search(text)
    ]
    assert found == []


def test_questions_lie_in_one_folder() -> None:
    found = [p for top in PACKAGES for p in (ROOT / top).rglob("*.cypher")]
    ours = {p.parent.relative_to(ROOT).as_posix() for p in found if not NOT_OURS & set(p.parts)}
    assert ours == {"graph/cypher"}


def test_drivers_stay_in_the_stores() -> None:
    found = [
        f"{name} imports {driver}"
        for name in OURS
        for driver, places in DRIVERS.items()
        if driver in set(_imported(name)) and not _inside(name, places)
    ]
    assert found == []


def test_exceptions_are_still_needed() -> None:
    for driver, places in DRIVERS.items():
        for place in places:
            inside = [name for name in OURS if _inside(name, {place: ""})]
            assert any(driver in set(_imported(name)) for name in inside), place
    for place in CYPHER:
        inside = [name for name in OURS if _inside(name, {place: ""})]
        assert any(_CYPHER.search(text) for name in inside for _, text in _texts(name)), place
    for place in UNMIRRORED:
        assert (ROOT / place).is_dir(), place


def test_imports_go_one_way() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(command), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LINT_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_decisions_fit_on_one_screen() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert decisions
    for number, path in enumerate(decisions, start=1):
        text = path.read_text(encoding="utf-8")
        assert re.fullmatch(r"\d{3}-[a-z0-9-]+\.md", path.name), path.name
        assert path.name.startswith(f"{number:03d}-"), f"{path.name} is not number {number}"
        assert len(text.splitlines()) <= LONGEST_DECISION, path.name
        assert "\nEnforced by " in text, f"{path.name} names no check"


def test_the_distribution_is_the_service_and_never_uploaded() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    # What a router installs is called `routecause`, and must not bring these packages.
    assert project["project"]["name"] == "routecause-service"
    assert "Private :: Do Not Upload" in project["project"]["classifiers"]
    packaged = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert sorted(packaged) == sorted(PACKAGES)
