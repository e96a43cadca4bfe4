"""`routecause policy`: files are checked without a server, and what is wrong is named."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from graph.errors import InvalidInput, Unavailable

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "policy.yaml"
RUN = CliRunner()
BAD = """
format: routecause/1
policy: main
version: v8
rules:
  - name: coding
    use:
      - {deployment: coder@k8s, weight: 1}
      - {deployment: nova@neo, weight: -3}
  - name: rest
    wen: {tier: free}
"""


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text(BAD, encoding="utf-8")
    return path


def test_the_example_is_valid_and_its_rules_are_told_in_order() -> None:
    result = RUN.invoke(app, ["policy", "check", str(EXAMPLE)])
    assert result.exit_code == 0, result.output
    first, *rules = result.output.splitlines()
    assert first.startswith("main@2026-11-01 is valid")
    names = [line.split()[0] for line in rules]
    assert names == ["batch", "coding-premium", "long-chat", "rest"]


def test_a_bad_file_is_refused_with_every_field(bad: Path) -> None:
    result = RUN.invoke(app, ["policy", "check", str(bad)])
    assert result.exit_code == 1
    assert result.output.splitlines()[1:] == [
        "  rules[0].use[1].weight: must be at least 0; got -3",
        "  rules[1].wen: is not a known field here; correct its name or leave it out",
    ]


def test_json_is_the_data_and_nothing_else(bad: Path) -> None:
    good = RUN.invoke(app, ["policy", "check", str(EXAMPLE), "--json"])
    assert json.loads(good.output) == {"policy": "main", "version": "2026-11-01"}
    refused = RUN.invoke(app, ["policy", "check", str(bad), "--json"])
    assert refused.exit_code == 1
    fields = [error["field"] for error in json.loads(refused.output)["errors"]]
    assert fields == ["rules[0].use[1].weight", "rules[1].wen"]


@pytest.mark.parametrize("command", ["publish", "dry-run"])
def test_a_bad_file_is_not_sent(bad: Path, command: str) -> None:
    result = RUN.invoke(app, ["policy", command, str(bad), "--url", "http://127.0.0.1:9"])
    assert result.exit_code == 1
    assert "rules[0].use[1].weight" in result.output


@pytest.mark.parametrize(
    "command", [["publish", str(EXAMPLE)], ["dry-run", str(EXAMPLE)], ["list"]]
)
def test_commands_say_when_no_server_answers(command: list[str]) -> None:
    result = RUN.invoke(app, ["policy", *command, "--url", "http://127.0.0.1:9"])
    assert isinstance(result.exception, Unavailable)


def test_a_label_must_have_a_name_and_a_value() -> None:
    asked = ["route", "--user", "u", "--task-type", "chat", "--prompt-tokens", "1"]
    result = RUN.invoke(app, [*asked, "--label", "team"])
    assert isinstance(result.exception, InvalidInput)
    assert "NAME=VALUE" in str(result.exception)
