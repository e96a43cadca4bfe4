"""Policies against the running service: tried, published, and refused with the old one staying."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from typer.testing import CliRunner

from api.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Client, Server

KEY = "only-for-these-tests"
RUN = CliRunner()


async def run(service: Server, *command: str) -> str:
    """What a command prints; it has to succeed."""
    given = [*command, "--url", service.url, "--key", KEY]
    result = await asyncio.to_thread(RUN.invoke, app, given)
    assert result.exit_code == 0, f"{result.output} {result.exception}"
    return result.output


def document(name: str, user: str, deployment: str) -> dict[str, Any]:
    rule = {"name": "own", "when": {"user": user}, "use": [{"deployment": deployment, "weight": 1}]}
    return {"format": "routecause/1", "policy": name, "version": "v1", "rules": [rule]}


async def test_a_policy_is_tried_published_and_the_next_one_refused(
    service: Server, administrator: Client, tmp_path: Path
) -> None:
    name = uuid4().hex[:8]
    first, other = f"a-{name}@aws", f"b-{name}@aws"
    for deployment in (first, other):
        await administrator.observe(deployment, available=True, error_rate=0.0)
    file = tmp_path / "policy.json"
    told = document(name, f"ann-{name}", first)
    file.write_text(json.dumps(told), encoding="utf-8")

    day = datetime.now(UTC).date() - timedelta(days=3_000)
    tried = await run(service, "policy", "dry-run", str(file), "--day", day.isoformat())
    assert "there is nothing to compare" in tried
    assert await run(service, "policy", "publish", str(file)) == f"{name}@v1 is published\n"

    asked = ["route", "--user", f"ann-{name}", "--task-type", "chat", "--prompt-tokens", "10"]

    async def in_force() -> bool:
        shown = json.loads(await run(service, *asked, "--json"))["routingView"]
        return (shown["policy"], shown["policyRule"]) == (name, "own")

    await administrator.until(in_force)
    shown = json.loads(await run(service, *asked, "--json"))["routingView"]
    eligible = [one["deployment"] for one in shown["candidates"] if one["eligible"]]
    assert eligible == [first]
    explained = await run(service, *asked, "--explain")
    assert f"policy {name}@v1, rule own" in explained
    assert "policy_rule" in explained

    bad = [{"name": "own", "use": [{"deployment": "x"}]}]
    event = {
        "specversion": "1.0",
        "id": name,
        "source": "//policy-test",
        "type": "routecause.policy.published",
        "time": datetime.now(UTC).isoformat(),
        "data": {
            "policy": name,
            "version": "v2",
            "rules": {"format": "routecause/1", "rules": bad},
        },
    }
    kind = {"Content-Type": "application/cloudevents+json"}
    answer = await administrator.post("/v1/events", content=json.dumps(event), headers=kind)
    assert answer.status_code == 422
    (error,) = answer.json()["rejected"][0]["errors"]
    assert error["field"] == "data.rules.rules.0.use.0.deployment"

    async def refused() -> bool:
        return f"{name}@v2  refused" in await run(service, "policy", "list")

    await administrator.until(refused)
    assert f"{name}@v1  in force  1 rule " in await run(service, "policy", "list")
    assert await in_force()
