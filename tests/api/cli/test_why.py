"""`routecause why`: what is given is checked by name, and the answer is a page or the data."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from graph.errors import InvalidInput, RoutecauseError

if TYPE_CHECKING:
    from tests.api.conftest import Server

KEY = "only-for-these-tests"
RUN = CliRunner()
DAY = ["--from", "2026-11-17", "--to", "2026-11-18T00:00Z"]
NOWHERE = ["--url", "http://127.0.0.1:9"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["HAPPINESS", *DAY], "metric"),
        (["QUALITY", *DAY, "--where", "colour=red"], "where"),
        (["QUALITY", *DAY, "--where", "tier"], "where"),
        (["QUALITY", *DAY, "--where", "tier="], "where"),
        (["QUALITY", "--from", "soon", "--to", "2026-11-18"], "from"),
        (["QUALITY", "--from", "2026-11-17", "--to", "later"], "to"),
        (["QUALITY", *DAY, "--compare-from", "2026-11-10"], "compare-to"),
        (["QUALITY", *DAY, "--compare-to", "2026-11-10"], "compare-from"),
        (["QUALITY", *DAY, "--known-at", "then"], "known-at"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_asked(arguments: list[str], field: str) -> None:
    result = RUN.invoke(app, ["why", *arguments, *NOWHERE])
    assert isinstance(result.exception, InvalidInput)
    assert result.exception.field == field


async def asked(service: Server, *arguments: str) -> Result:
    """What the command gives, asked of a running service."""
    given = ["why", *arguments, "--url", service.url, "--key", KEY]
    return await asyncio.to_thread(RUN.invoke, app, given)


async def test_a_quiet_day_is_a_page_and_json_alone(service: Server) -> None:
    slice_given = ["--where", "tenant=nobody-at-all", "--known-at", "2026-11-18T12:00Z"]
    page = await asked(service, "quality", *DAY, *slice_given)
    assert page.exit_code == 0, page.exception
    assert "INSUFFICIENT DATA" in page.output
    assert "as known at 2026-11-18 12:00 UTC" in page.output
    data = await asked(service, "latency-p95", *DAY, *slice_given, "--json")
    told = json.loads(data.output)
    assert told.keys() == {"whyChanged"}
    assert told["whyChanged"]["metric"] == "LATENCY_P95"
    assert told["whyChanged"]["during"]["from"] == "2026-11-17T00:00:00Z"
    assert told["whyChanged"]["causes"] == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--from", "2026-11-18", "--to", "2026-11-17"], "during: "),
        ([*DAY, "--compare-from", "2026-11-10", "--compare-to", "2026-11-09"], "comparedTo: "),
    ],
)
async def test_what_the_service_refuses_is_named(
    service: Server, arguments: list[str], named: str
) -> None:
    result = await asked(service, "QUALITY", *arguments)
    assert isinstance(result.exception, RoutecauseError)
    assert str(result.exception).startswith(named)
