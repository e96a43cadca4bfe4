"""`routecause evaluate`: what it takes, and what it prints where nothing is to be simulated."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from graph.errors import InvalidInput

RUN = CliRunner()
NOTHING = ["evaluate", "causes", "--seeds", "0", "--quiet", "0"]


def test_it_is_a_group_with_help() -> None:
    shown = RUN.invoke(app, ["evaluate", "--help"]).output
    assert "causes" in shown


def test_a_kind_that_is_none_is_named_with_those_that_are() -> None:
    result = RUN.invoke(app, [*NOTHING, "--kinds", "gremlins"])
    assert isinstance(result.exception, InvalidInput)
    assert "slow-drift" in str(result.exception)


def test_without_data_the_real_cases_are_passed_over(tmp_path: Path) -> None:
    result = RUN.invoke(app, [*NOTHING, "--data", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "robustspot is not scored" in result.stderr
    assert "All together" in result.stdout


def test_json_is_the_data_alone() -> None:
    told = json.loads(RUN.invoke(app, [*NOTHING, "--json"]).stdout)
    assert [table["title"] for table in told["tables"]][-1] == "All together"
    assert told["answers"] == []


@pytest.mark.parametrize("wrong", [["--seeds", "-1"], ["--first-seed", "0"]])
def test_numbers_out_of_range_are_refused(wrong: list[str]) -> None:
    assert RUN.invoke(app, ["evaluate", "causes", *wrong]).exit_code == 2


def test_capacity_of_no_fleets_prints_empty_tables() -> None:
    asked = ["evaluate", "capacity", "--fleets", "0", "--quiet", "0", "--no-service", "--json"]
    told = json.loads(RUN.invoke(app, asked).stdout)
    assert [table["rows"] for table in told["tables"]] == [[], [], []]


@pytest.mark.parametrize("wrong", [["--every", "4"], ["--quiet-days", "0"], ["--fleets", "-1"]])
def test_extents_out_of_range_are_refused(wrong: list[str]) -> None:
    assert RUN.invoke(app, ["evaluate", "capacity", *wrong]).exit_code == 2


@pytest.mark.parametrize("given", [[], ["--data", "/nowhere"]])
def test_forecasts_without_workloads_name_the_option(given: list[str]) -> None:
    result = RUN.invoke(app, ["evaluate", "forecast", *given])
    assert isinstance(result.exception, InvalidInput)
    assert "--data" in str(result.exception)
