"""`routecause postmortem`: a draft on the screen, in a new file, or as the data alone."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from graph.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from tests.api.conftest import Server

KEY = "only-for-these-tests"
RUN = CliRunner()


def test_what_is_wrong_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    there = tmp_path / "draft.md"
    there.write_text("worked on for hours")
    for more, field in ((["--out", str(there)], "out"), (["--known-at", "then"], "known-at")):
        result = RUN.invoke(app, ["postmortem", "inc-1", *more, "--url", "http://127.0.0.1:9"])
        assert isinstance(result.exception, InvalidInput)
        assert result.exception.field == field
    assert there.read_text() == "worked on for hours"


async def asked(service: Server, *arguments: str) -> Result:
    """What the command gives, asked of a running service."""
    given = ["postmortem", *arguments, "--url", service.url, "--key", KEY]
    return await asyncio.to_thread(RUN.invoke, app, given)


@pytest.fixture
async def incident(service: Server) -> str:
    """An incident that a running service was told of, and has in its graph."""
    name = f"inc-{uuid4().hex[:8]}"
    event = {
        "specversion": "1.0",
        "id": uuid4().hex,
        "source": "//cli-test",
        "type": "routecause.incident.opened",
        "time": (datetime.now(UTC) - timedelta(minutes=9)).isoformat(),
        "data": {
            "incident": name,
            "scope": {"kind": "backend", "id": f"b-{name}"},
            "severity": "sev3",
            "title": "disks are full",
        },
    }
    async with service.client() as client:
        kind = {"Content-Type": "application/cloudevents+json"}
        await client.post("/v1/events", content=json.dumps(event), headers=kind)

        async def known() -> bool:
            told = await client.ask("{ incidents { id } }")
            return name in [one["id"] for one in told["data"]["incidents"]]

        await client.until(known)
    return name


async def test_a_draft_is_printed_written_once_or_given_as_data(
    service: Server, incident: str, tmp_path: Path
) -> None:
    page = await asked(service, incident)
    assert page.exit_code == 0, page.exception
    assert page.output.startswith("# Postmortem: disks are full\n\n> **DRAFT, incident ongoing.**")
    out = tmp_path / "draft.md"
    written = await asked(service, incident, "--out", str(out))
    assert written.output.split() == ["wrote", str(out)]
    assert out.read_text(encoding="utf-8").startswith("# Postmortem: disks are full\n")
    told = json.loads((await asked(service, incident, "--json")).output)
    assert told.keys() == {"postmortem"}
    assert told["postmortem"]["incident"]["id"] == incident
    nobody = await asked(service, "inc-nobody-told-of")
    assert isinstance(nobody.exception, NotFound)
