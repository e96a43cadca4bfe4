"""Why a metric changed, the whole way: events over HTTP, the graph, the question, the page."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from api.cli import app
from api.graphql import trusted

if TYPE_CHECKING:
    from tests.api.conftest import Client, Rollout, Server

WHY = trusted.document("why")
RUN = CliRunner()


def asked(rollout: Rollout) -> dict[str, Any]:
    """The variables of the question that a rollout answers."""
    return {
        "metric": "QUALITY",
        "during": {"from": rollout.changed.isoformat(), "to": rollout.ends.isoformat()},
        "comparedTo": {"from": rollout.begins.isoformat(), "to": rollout.changed.isoformat()},
        "where": {"tenant": [rollout.tenant]},
    }


async def told(client: Client, rollout: Rollout) -> None:
    """Send the story, wait until the graph has all of it."""
    events = list(rollout.events())
    for first in range(0, len(events), 50):
        lines = "\n".join(json.dumps(event) for event in events[first : first + 50])
        kind = {"Content-Type": "application/x-ndjson"}
        answer = await client.post("/v1/events", content=lines, headers=kind)
        assert answer.status_code == 202, answer.text
        assert answer.json()["rejected"] == []

    query = """query($during: PeriodInput!, $where: SliceInput) {
      trend(metric: QUALITY, during: $during, where: $where, granularity: WEEK) {
        points { count } }
      changes(from: "2026-07-07T00:00:00Z", to: "2026-07-09T00:00:00Z") { id } }"""
    during = {"from": rollout.begins.isoformat(), "to": rollout.ends.isoformat()}

    async def visible() -> bool:
        seen = await client.ask(query, during=during, where={"tenant": [rollout.tenant]})
        scores = sum(p["count"] for one in seen["data"]["trend"] for p in one["points"])
        known = {change["id"] for change in seen["data"]["changes"]}
        return scores == 2 * 48 * 4 and f"decoy-{rollout.name}" in known

    await client.until(visible)


async def key_of(client: Client, **wanted: Any) -> dict[str, str]:
    """The headers of a new key."""
    made = await client.post("/v1/keys", json={"name": "why-test", **wanted})
    assert made.status_code == 201, made.text
    return {"Authorization": f"Bearer {made.json()['key']}"}


async def test_from_events_to_the_cause_for_whom_it_concerns(
    service: Server, administrator: Client, rollout: Rollout
) -> None:
    await told(administrator, rollout)
    reader = await key_of(administrator, scopes=["read"], tenant=rollout.tenant)
    stranger = await key_of(administrator, scopes=["read"], tenant="another")
    router = await key_of(administrator, scopes=["route"])

    async with service.client(**reader) as client:
        by_hash = {"documentId": trusted.digest(WHY), "variables": asked(rollout)}
        answer = (await client.post("/graphql", json=by_hash)).json()
    assert "errors" not in answer
    found = answer["data"]["whyChanged"]
    assert found["verdict"] == "EXPLAINED", found["summary"]
    assert [cause["id"] for cause in found["causes"]] == [f"rollout-{rollout.name}"]
    assert found["coverage"]["requests"] == 48 * 4

    async with service.client(**stranger) as client:
        answer = await client.ask(WHY, **asked(rollout))
    foreign = answer["data"]["whyChanged"]
    assert foreign["verdict"] == "INSUFFICIENT_DATA"
    assert rollout.name not in json.dumps(foreign)

    async with service.client(**router) as client:
        answer = await client.ask(WHY, **asked(rollout))
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"

    page = await asyncio.to_thread(RUN.invoke, app, _command(service, rollout, reader))
    assert page.exit_code == 0, page.exception
    assert "EXPLAINED" in page.output
    words = " ".join(page.output.split())
    assert f"1. rollout rollout-{rollout.name}: rollout of {rollout.hit}" in words
    assert f"path: change rollout-{rollout.name} → deployment {rollout.hit}" in words


def _command(service: Server, rollout: Rollout, headers: dict[str, str]) -> list[str]:
    """The same question as a command."""
    return [
        *("why", "quality", "--where", f"tenant={rollout.tenant}"),
        *("--from", rollout.changed.isoformat(), "--to", rollout.ends.isoformat()),
        *("--compare-from", rollout.begins.isoformat()),
        *("--compare-to", rollout.changed.isoformat()),
        *("--url", service.url, "--key", headers["Authorization"].removeprefix("Bearer ")),
    ]
