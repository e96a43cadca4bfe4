"""A rollout breaks a deployment, people open an incident: its draft, from a real graph."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph.causes.archive import kept
from graph.columns import BucketColumns
from graph.postmortem import Postmortem, postmortem
from graph.scope import TenantScope
from graph.store.door import GraphStore, counting
from graph.store.ledger import record
from ingest.events import parse_event
from ingest.facts import fact_of

BEGIN = datetime(2031, 7, 7, tzinfo=UTC)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
ROLLED_OUT = BEGIN + DAY + 9 * HOUR + 30 * MINUTE
OPENED = BEGIN + DAY + 10 * HOUR
RESOLVED = BEGIN + DAY + 16 * HOUR
NOW = BEGIN + 2 * DAY
STATEMENTS = 40
"""What a draft may cost, with nothing in memory yet."""


@dataclass(frozen=True)
class Story:
    """Two days of two deployments that no other test knows; the second day one of them fails."""

    code: str
    tenant: str

    @property
    def hurt(self) -> str:
        return f"sage-{self.code}@metal-{self.code}"

    @property
    def incident(self) -> str:
        return f"inc-{self.code}"

    def event(self, what: str, at: datetime, **data: Any) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": f"//{self.code}",
            "type": f"routecause.{what}",
            "time": at.isoformat(),
            "recordedtime": (at + 2 * MINUTE).isoformat(),
            "tenant": self.tenant,
            "data": data,
        }

    def told(self, phase: str, at: datetime, name: str = "", **more: Any) -> dict[str, Any]:
        return self.event(
            f"incident.{phase}",
            at,
            incident=name or self.incident,
            scope={"kind": "deployment", "id": self.hurt},
            severity="sev2",
            title=f"{self.code} fails",
            **more,
        )

    def change(self, name: str, at: datetime, deployment: str) -> dict[str, Any]:
        return self.event(
            "change.applied",
            at,
            change=f"{name}-{self.code}",
            kind="rollout",
            title=f"{name} of # {deployment}",
            targets=[{"kind": "deployment", "id": deployment}],
        )

    def events(self) -> Iterator[dict[str, Any]]:
        other = f"wit-{self.code}@cloud-{self.code}"
        draw = random.Random(11)
        for number in range(2 * 24 * 20):
            at = BEGIN + 3 * number * MINUTE
            deployment = draw.choice([self.hurt, other])
            hurt = deployment == self.hurt and ROLLED_OUT <= at < RESOLVED
            failed = draw.random() < (0.6 if hurt else 0.02)
            yield self.event(
                "request.completed",
                at,
                request_id=f"{self.code}-{number}",
                user=f"u{number % 9}",
                tier="premium",
                task_type="chat",
                prompt_tokens=100,
                completion_tokens=20,
                decision={
                    "deployment": deployment,
                    "policy": f"p-{self.code}",
                    "policy_version": "v1",
                    "method": "rule",
                },
                outcome={
                    "status": "error" if failed else "ok",
                    "latency_ms": draw.uniform(400, 600),
                    "cost_usd": draw.uniform(0.01, 0.02),
                },
            )
        yield self.change("build", ROLLED_OUT, self.hurt)
        yield self.change("decoy", ROLLED_OUT + 5 * MINUTE, other)
        earlier = BEGIN - 20 * DAY
        yield self.told("opened", earlier, f"old-{self.code}")
        yield self.told("resolved", earlier + HOUR, f"old-{self.code}", root_cause="a loose cable")
        yield self.told("opened", OPENED)
        yield self.told("resolved", RESOLVED, root_cause="the build", contributing_factors=["rush"])
        yield self.event(
            "maintenance.scheduled",
            BEGIN,
            maintenance=f"mnt-{self.code}",
            scope={"kind": "backend", "id": f"metal-{self.code}"},
            title="new disks",
            starts_at=(OPENED - HOUR).isoformat(),
            ends_at=(OPENED + HOUR).isoformat(),
        )


@pytest.fixture(scope="module")
async def story(store: GraphStore) -> Story:
    told = Story(uuid4().hex[:6], f"t-{uuid4().hex[:8]}")
    await record(store, [fact_of(parse_event(event)) for event in told.events()])
    return told


async def drawn(store: GraphStore, columns: BucketColumns, story: Story, **more: Any) -> Any:
    given: dict[str, Any] = {
        "incident": story.incident,
        "scope": TenantScope.of(story.tenant),
        "now": NOW,
        **more,
    }
    return await postmortem(store, columns, **given)


async def test_it_tells_what_broke_and_what_it_cost(
    store: GraphStore, columns: BucketColumns, story: Story
) -> None:
    with counting() as count:
        told: Postmortem = await drawn(store, columns, story)
    assert len(count.statements) <= STATEMENTS
    assert (told.incident.id, told.incident.resolved_at) == (story.incident, RESOLVED)
    assert (told.during.start, told.during.end) == (OPENED, RESOLVED)
    assert told.generated_at == NOW
    assert [cause.id for cause in told.causes][:1] == [f"build-{story.code}"]
    text = told.markdown
    assert "the metric that got worse by the most is error rate" in text
    assert "mean latency (" in text, "too few requests to bound their 95th percentile"
    assert f"| 2031-07-08 09:30 | Change (rollout) `build-{story.code}`: build of \\# " in text
    assert f"`decoy-{story.code}`" not in text
    assert "Noted in its report: the build." in text
    assert "Noted in its report: rush." in text
    assert f"`old-{story.code}`" in text
    assert "Root cause: a loose cable." in text
    assert f"Maintenance `mnt-{story.code}`" in text
    assert "| Duration | 6 h 0 min |" in text
    assert told.investigation is not None
    found = await kept(store, told.investigation, scope=TenantScope.of(story.tenant))
    assert found is not None
    assert found.causes == told.causes


async def test_it_is_told_as_it_was_known_and_until_then(
    store: GraphStore, columns: BucketColumns, story: Story
) -> None:
    told: Postmortem = await drawn(store, columns, story, known_at=OPENED + 3 * HOUR)
    assert told.incident.resolved_at is None
    assert told.during.end == OPENED + 3 * HOUR
    assert "| Status | **ongoing** |" in told.markdown
    assert "the build." not in told.markdown
    assert await drawn(store, columns, story, known_at=OPENED + MINUTE) is None


async def test_what_a_scope_may_not_see_is_not_counted(
    store: GraphStore, columns: BucketColumns, story: Story
) -> None:
    told: Postmortem = await drawn(store, columns, story, scope=TenantScope.of("nobody-at-all"))
    assert told.causes == ()
    assert story.tenant not in told.markdown
    assert "Why cannot be told from the data." in told.markdown


async def test_an_incident_that_nobody_told_of_is_none(
    store: GraphStore, columns: BucketColumns, story: Story
) -> None:
    assert await drawn(store, columns, story, incident="inc-nobody-told-of") is None
