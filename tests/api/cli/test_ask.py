"""`routecause ask`: a question in words, checked before it is asked, told as text or as data."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from graph.errors import InvalidInput

if TYPE_CHECKING:
    from tests.api.conftest import Server

KEY = "only-for-these-tests"
RUN = CliRunner()


async def asked(service: Server, *arguments: str) -> Result:
    given = ["ask", *arguments, "--url", service.url, "--key", KEY]
    return await asyncio.to_thread(RUN.invoke, app, given)


def test_a_time_that_is_none_is_named_before_anything_is_asked() -> None:
    result = RUN.invoke(app, ["ask", "what is healthy?", "--now", "later"])
    assert isinstance(result.exception, InvalidInput)
    assert result.exception.field == "now"


async def test_an_answer_is_printed_with_how_it_was_understood(service: Server) -> None:
    result = await asked(service, "what can you answer?")
    assert result.exit_code == 0, result.output
    assert "Which deployments are unhealthy?" in result.output
    assert "[help (logical" in result.output
    assert "$0.0000" in result.output
    assert "--conversation" in result.output


async def test_a_conversation_goes_on(service: Server) -> None:
    first = json.loads((await asked(service, "any open incidents?", "--json")).stdout)["ask"]
    second = await asked(service, "why?", "--conversation", first["conversation"], "--json")
    told = json.loads(second.stdout)["ask"]
    assert told["conversation"] == first["conversation"]


@pytest.mark.parametrize(("zone", "ok"), [("Europe/Berlin", True), ("Mars/Olympus", False)])
async def test_words_are_read_in_a_time_zone(service: Server, zone: str, ok: bool) -> None:
    result = await asked(service, "requests yesterday", "--time-zone", zone, "--json")
    assert (result.exception is None) == ok
    if ok:
        told = json.loads(json.loads(result.stdout)["ask"]["data"])
        assert told["understood"]["times"]["zone"] == zone
