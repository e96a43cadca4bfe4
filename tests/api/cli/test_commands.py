"""The command as a user starts it: help, simulate, and errors in one line."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from graph.errors import InvalidInput, Unavailable

RUN = CliRunner()
SMALL = ["simulate", "--days", "0.3", "--per-day", "400"]


def test_help_names_every_command_and_imports_nothing_heavy():
    code = (
        "import sys; import api.cli; "
        "heavy = {'numpy', 'neo4j', 'redis', 'fastapi', 'strawberry', 'httpx', 'pydantic'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
    shown = RUN.invoke(app, ["--help"]).output
    for name in ("serve", "ingest", "route", "why", "simulate", "doctor", "keys", "dead-letters"):
        assert name in shown


def test_simulate_writes_events_and_keeps_the_truth_apart(tmp_path: Path):
    out = tmp_path / "fleet.ndjson"
    result = RUN.invoke(app, [*SMALL, "--fault", "failover", "--out", str(out)])
    assert result.exit_code == 0, result.output
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert f"{len(events)} events" in result.output
    truth = json.loads((tmp_path / "fleet.ndjson.truth.json").read_text())
    assert [fault["kind"] for fault in truth["faults"]] == ["failover"]
    assert {path.name for path in tmp_path.iterdir()} == {out.name, "fleet.ndjson.truth.json"}


def test_the_same_seed_gives_the_same_bytes_packed_or_not(tmp_path: Path):
    names = ("a.ndjson.gz", "b.ndjson.gz", "c.ndjson")
    for name in names:
        assert RUN.invoke(app, [*SMALL, "--out", str(tmp_path / name)]).exit_code == 0
    a, b, c = ((tmp_path / name).read_bytes() for name in names)
    assert a == b
    assert gzip.decompress(a) == c


def test_a_fault_that_is_not_known_leaves_no_file(tmp_path: Path):
    out = tmp_path / "fleet.ndjson"
    result = RUN.invoke(app, [*SMALL, "--fault", "gremlins", "--out", str(out)])
    assert isinstance(result.exception, InvalidInput)
    assert "rollout-hurts-task" in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    out = tmp_path / "nowhere" / "fleet.ndjson"
    result = RUN.invoke(app, [*SMALL, "--out", str(out)])
    assert isinstance(result.exception, InvalidInput)
    assert str(out) in str(result.exception)


@pytest.mark.parametrize(
    "command",
    [
        ["route", "--user", "u", "--task-type", "chat", "--prompt-tokens", "10"],
        ["why", "QUALITY", "--from", "2026-11-17", "--to", "2026-11-18"],
        ["keys", "list"],
        ["keys", "create", "--name", "n", "--scope", "read"],
        ["keys", "revoke", "k"],
        ["dead-letters", "list"],
        ["dead-letters", "show", "d"],
        ["dead-letters", "replay", "d"],
    ],
)
def test_commands_say_when_no_server_answers(command: list[str]):
    result = RUN.invoke(app, [*command, "--url", "http://127.0.0.1:9"])
    assert isinstance(result.exception, Unavailable)
    assert "routecause serve" in str(result.exception)


def test_an_error_is_one_line_on_stderr():
    script = [sys.executable, "-c", "from api.cli import main; main()"]
    found = subprocess.run(
        [*script, "keys", "list", "--url", "ftp://x"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.splitlines() == ["error: url: ftp://x must begin with http:// or https://"]
