"""What could be a cause: told in steps, corrected, ended, and only as it was known."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph.causes.candidates import CandidateCause
from graph.causes.happenings import candidate_causes, merged
from graph.slices import EntityRef
from graph.store.door import GraphStore, counting
from graph.store.ledger import record
from ingest.events import parse_event
from ingest.facts import fact_of

T0 = datetime(2021, 3, 2, 12, tzinfo=UTC)  # when no other test's deployments are there
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Operator:
    """Tells events about things whose names no other test uses."""

    def __init__(self, store: GraphStore) -> None:
        self.store = store
        self.name = uuid4().hex[:8]

    async def tell(
        self, kind: str, at: datetime, data: dict[str, Any], *, late: timedelta = timedelta(0)
    ) -> None:
        event = {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": "ops",
            "type": f"routecause.{kind}",
            "time": at.isoformat(),
            "recordedtime": (at + late).isoformat(),
            "data": data,
        }
        await record(self.store, [fact_of(parse_event(event))])

    async def change(self, at: datetime, *, late: timedelta = timedelta(0), **more: Any) -> None:
        data = {
            "change": f"chg-{self.name}",
            "kind": "rollout",
            "title": "new build",
            "targets": [{"kind": "deployment", "id": f"m@{self.name}"}],
            "author": "ada",
            **more,
        }
        await self.tell("change.applied", at, data, late=late)

    async def incident(self, phase: str, at: datetime, *, late: timedelta = timedelta(0)) -> None:
        data = {
            "incident": f"inc-{self.name}",
            "scope": {"kind": "backend", "id": self.name},
            "severity": "sev2",
            "title": "packet loss",
        }
        await self.tell(f"incident.{phase}", at, data, late=late)

    async def policy(self, version: str, at: datetime, **more: Any) -> None:
        data: dict[str, Any] = {"policy": f"p-{self.name}", "version": version, "rules": {}}
        await self.tell("policy.published", at, {**data, **more})

    async def experiment(self, at: datetime, percent: float, status: str = "running") -> None:
        arms = [
            {"arm": "A", "percent": 100 - percent},
            {"arm": "B", "percent": percent, "deployment": f"m@{self.name}"},
        ]
        data = {"experiment": f"e-{self.name}", "policy": "main", "status": status, "arms": arms}
        await self.tell("experiment.configured", at, data)

    async def maintenance(self, at: datetime, starts_at: datetime, ends_at: datetime) -> None:
        data = {
            "maintenance": f"mw-{self.name}",
            "scope": {"kind": "global"},
            "starts_at": starts_at.isoformat(),
            "ends_at": ends_at.isoformat(),
            "title": "restart of all",
        }
        await self.tell("maintenance.scheduled", at, data)

    async def seen(
        self,
        start: datetime = T0 - DAY,
        end: datetime = T0 + DAY,
        known_at: datetime | None = None,
    ) -> list[CandidateCause]:
        found = await candidate_causes(self.store, start=start, end=end, known_at=known_at)
        return [one for one in found if self.name in one.id]


@pytest.fixture
def operator(store: GraphStore) -> Operator:
    return Operator(store)


async def test_a_change_is_told_with_all_that_a_search_needs(operator: Operator) -> None:
    await operator.change(T0, late=HOUR, ended_at=(T0 + 3 * HOUR).isoformat())
    assert await operator.seen() == [
        CandidateCause(
            node="change",
            kind="rollout",
            id=f"chg-{operator.name}",
            title="new build",
            at=T0,
            recorded_at=T0 + HOUR,
            ended_at=T0 + 3 * HOUR,
            targets=(EntityRef("deployment", f"m@{operator.name}"),),
            author="ada",
        )
    ]


async def test_a_change_told_in_steps_began_with_the_first(operator: Operator) -> None:
    await operator.change(T0, percent=10)
    await operator.change(T0 + 2 * HOUR, title="new build, everywhere", percent=100)
    (one,) = await operator.seen()
    assert (one.at, one.title, one.recorded_at) == (T0, "new build, everywhere", T0)
    # The second step alone lies in the period: it is found, with the time of the first.
    (late,) = await operator.seen(start=T0 + HOUR)
    assert late.at == T0


async def test_a_change_from_before_is_left_out_unless_it_ends(operator: Operator) -> None:
    await operator.change(T0 - 90 * DAY)
    assert await operator.seen() == []
    await operator.change(T0 - 90 * DAY, late=HOUR, ended_at=T0.isoformat())
    (one,) = await operator.seen()
    assert (one.at, one.ended_at) == (T0 - 90 * DAY, T0)
    assert await operator.seen(start=T0 + HOUR) == []
    assert await operator.seen(known_at=T0 - 90 * DAY) == []


async def test_what_was_told_later_was_not_known(operator: Operator) -> None:
    await operator.incident("opened", T0, late=2 * HOUR)
    await operator.incident("resolved", T0 + 3 * HOUR, late=5 * HOUR)
    assert await operator.seen(known_at=T0 + HOUR) == []
    (open_still,) = await operator.seen(known_at=T0 + 4 * HOUR)
    assert (open_still.at, open_still.ended_at) == (T0, None)
    (over,) = await operator.seen()
    assert (over.ended_at, over.targets) == (T0 + 3 * HOUR, (EntityRef("backend", operator.name),))


async def test_an_incident_that_was_open_already_reaches_in(operator: Operator) -> None:
    await operator.incident("opened", T0 - 10 * DAY)
    (one,) = await operator.seen()
    assert one.at == T0 - 10 * DAY
    await operator.incident("resolved", T0 - 2 * DAY)
    assert await operator.seen() == []
    # Word of it after its end does not open it again.
    await operator.incident("updated", T0)
    assert await operator.seen() == []


async def test_a_policy_published_again_takes_effect_again(operator: Operator) -> None:
    await operator.policy("v1", T0 - 9 * DAY, summary="the old one")
    await operator.policy("v2", T0 - HOUR, task_types=["reasoning"], tenants=["acme"])
    await operator.policy("v1", T0, summary="the old one")
    second, first = await operator.seen()
    assert (first.id, first.at) == (f"p-{operator.name}@v1", T0)
    assert (second.node, second.kind, second.policy) == (
        "policy_version",
        "policy",
        f"p-{operator.name}",
    )
    assert second.targets == (
        EntityRef("policy", f"p-{operator.name}"),
        EntityRef("task_type", "reasoning"),
        EntityRef("tenant", "acme"),
    )
    assert (second.task_types, second.tiers, second.tenants) == (
        frozenset({"reasoning"}),
        None,
        frozenset({"acme"}),
    )
    assert first.tenants is None


async def test_an_experiment_is_one_event_over_its_steps(operator: Operator) -> None:
    await operator.experiment(T0 - 5 * DAY, 5)
    await operator.experiment(T0, 10)
    await operator.experiment(T0 + HOUR, 50)
    (one,) = await operator.seen()
    assert (one.at, one.ended_at, one.arms) == (T0, None, ("A", "B"))
    assert one.title == f"experiment e-{operator.name}: B at 5 %, then 10 %, then 50 %"
    assert one.targets == (
        EntityRef("policy", "main"),
        EntityRef("deployment", f"m@{operator.name}"),
    )
    await operator.experiment(T0 + 2 * HOUR, 50, "stopped")
    (stopped,) = await operator.seen()
    assert (stopped.at, stopped.ended_at) == (T0, T0 + 2 * HOUR)
    (only_end,) = await operator.seen(start=T0 + 90 * timedelta(minutes=1))
    assert (only_end.at, only_end.ended_at) == (T0 - 5 * DAY, T0 + 2 * HOUR)
    await operator.experiment(T0 + 3 * HOUR, 50)
    (again,) = await operator.seen()
    assert again.ended_at is None


async def test_maintenance_counts_when_it_was_planned_for(operator: Operator) -> None:
    await operator.maintenance(T0 - 9 * DAY, T0, T0 + HOUR)
    (one,) = await operator.seen()
    assert (one.at, one.ended_at, one.targets) == (T0, T0 + HOUR, ())
    await operator.maintenance(T0 - 8 * DAY, T0 + 40 * DAY, T0 + 41 * DAY)
    assert await operator.seen() == []
    assert len(await operator.seen(known_at=T0 - 9 * DAY)) == 1


async def test_everything_comes_in_one_statement_oldest_first(operator: Operator) -> None:
    await operator.change(T0 + HOUR)
    await operator.incident("opened", T0)
    with counting() as count:
        found = await candidate_causes(operator.store, start=T0 - DAY, end=T0 + DAY)
    assert count.statements == ["candidate_causes"]
    assert [one.at for one in found] == sorted(one.at for one in found)


def test_tellings_are_merged_without_a_graph() -> None:
    told: list[dict[str, Any]] = [
        {"phase": phase, "at": T0, "recordedAt": T0, "title": "x", "scopeId": None}
        for phase in ("opened", "resolved", "updated")
    ]
    one = merged("incident", "i", told, start=T0, end=T0 + DAY)
    assert (one.ended_at, one.targets) == (T0, ())
    with pytest.raises(ValueError, match="no kind of event"):
        merged("rumour", "r", told, start=T0, end=T0 + DAY)
