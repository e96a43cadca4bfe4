"""`routecause forecast`, `capacity` and their neighbours: checked by name, asked, and laid out."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from api.cli.outlook import named
from graph.errors import InvalidInput
from graph.slices import Demand, Dimension

if TYPE_CHECKING:
    from tests.api.conftest import Server

KEY = "only-for-these-tests"
RUN = CliRunner()
NOWHERE = ["--url", "http://127.0.0.1:9"]
DAY = ["--from", "2026-11-17", "--to", "2026-11-18T00:00Z"]


def test_names_are_read_however_they_are_spelt() -> None:
    assert named("tokens", Demand, field="of") == "TOKENS"
    assert named("task-type", Dimension, field="by") == "TASK_TYPE"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["forecast", "--of", "happiness"], "of"),
        (["forecast", "--by", "colour"], "by"),
        (["forecast", "--where", "tier"], "where"),
        (["forecast", "--as-of", "later"], "as-of"),
        (["capacity", "--as-of", "2026-11-17T09:00"], "as-of"),
        (["budgets", "--at", "soon"], "at"),
        (["costs", "--from", "soon", "--to", "2026-11-18"], "from"),
        (["savings", *DAY, "--where", "colour=red"], "where"),
        (["slos", "--at", "then"], "at"),
        (["experiment", "exp", "--at", "then"], "at"),
        (["rollout", "chg", "--at", "then"], "at"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_asked(arguments: list[str], field: str) -> None:
    result = RUN.invoke(app, [*arguments, *NOWHERE])
    assert isinstance(result.exception, InvalidInput)
    assert result.exception.field == field


async def asked(service: Server, *arguments: str) -> Result:
    given = [*arguments, "--url", service.url, "--key", KEY]
    return await asyncio.to_thread(RUN.invoke, app, given)


@pytest.mark.parametrize(
    ("arguments", "field", "said"),
    [
        (["forecast", "--where", "tenant=nobody"], "forecast", "nothing was recorded"),
        (["budgets", "--tenant", "nobody"], "budgets", "no budget is configured"),
        (["costs", "--from", "2020-01-01", "--to", "2020-01-02"], "costAnomalies", "no hour cost"),
        (
            ["savings", "--from", "2020-01-01", "--to", "2020-01-02"],
            "savings",
            "no cheaper route",
        ),
        (["experiment", "nobody-told-of-it"], "experiment", "nobody told of such an experiment"),
        (["rollout", "nobody-told-of-it"], "rollout", "nobody told of such a change"),
    ],
)
async def test_nothing_is_said_to_be_nothing_and_json_is_alone(
    service: Server, arguments: list[str], field: str, said: str
) -> None:
    page = await asked(service, *arguments)
    assert page.exit_code == 0, page.exception
    assert said in page.output
    plain = await asked(service, *arguments, "--json")
    assert not json.loads(plain.stdout)[field]


async def test_a_refusal_of_the_server_is_told(service: Server) -> None:
    result = await asked(service, "capacity", "--without", "nobody-told-of-it")
    assert result.exit_code != 0
    assert "nobody-told-of-it" in str(result.exception)
