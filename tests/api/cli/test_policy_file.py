"""Policy files: plain values, and errors that name the line."""

from pathlib import Path

import pytest

from api.cli.policy_file import LARGEST_FILE_BYTES, read_policy
from graph.errors import InvalidInput


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_values_are_plain_and_days_stay_text(tmp_path: Path) -> None:
    text = "version: 2026-11-01\nn: 3\nflag: true\nrules: &r [a@b]\nagain: *r\n"
    assert read_policy(written(tmp_path, text)) == {
        "version": "2026-11-01",
        "n": 3,
        "flag": True,
        "rules": ["a@b"],
        "again": ["a@b"],
    }


def test_json_is_yaml_too(tmp_path: Path) -> None:
    assert read_policy(written(tmp_path, '{"policy": "main", "rules": []}')) == {
        "policy": "main",
        "rules": [],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1\n", "line 2"),
        ("a: 1\nb: 2\na: 3\n", "'a' is given twice (line 1, column 1)"),
        ("- a\n- b\n", "must hold one policy"),
        ("", "must hold one policy"),
        ("a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
        ("a: 1\n---\nb: 2\n", "another document (line 2"),
        ("a: " + "x" * LARGEST_FILE_BYTES, "has more than"),
        ("a: \x07", "is not YAML"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_policy(written(tmp_path, text))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nowhere\.yaml: cannot be read"):
        read_policy(tmp_path / "nowhere.yaml")
