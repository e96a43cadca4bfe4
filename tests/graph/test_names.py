"""What there is to ask about: every kind of name, for whom it is, and what happened lately."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph.names import Happening, Names, names
from graph.scope import TenantScope
from graph.store.door import GraphStore, counting
from graph.store.ledger import record
from ingest.events import parse_event
from ingest.facts import fact_of

NOW = datetime(2019, 3, 7, 12, tzinfo=UTC)
"""When no other test's fleet is there."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Told:
    """Two tenants of one small fleet, whose names no other test knows."""

    def __init__(self) -> None:
        self.name = uuid4().hex[:8]
        self.ours, self.theirs = f"ours-{self.name}", f"theirs-{self.name}"
        self.deployment = f"m-{self.name}@b-{self.name}"

    def events(self) -> Iterable[dict[str, Any]]:
        name, backend = self.name, {"kind": "backend", "id": f"b-{self.name}"}
        for tenant in (self.ours, self.theirs):
            yield self._event("request.completed", NOW - DAY, tenant, self._request(tenant))
            yield self._event(
                "slo.defined",
                NOW - DAY,
                tenant,
                {"slo": f"slo-{tenant}", "objective": "availability", "target": 0.9,
                 "window_days": 7},
            )  # fmt: skip
        score = {"request_id": f"r-{self.ours}", "evaluator": f"judge-{name}", "score": 0.5}
        arms = [{"arm": one, "percent": 50} for one in ("keep", "treat")]
        trial = {"experiment": f"exp-{name}", "policy": f"p-{name}", "status": "running",
                 "arms": arms}  # fmt: skip
        published: dict[str, Any] = {"policy": f"p-{name}", "version": "v2", "rules": {}}
        build = {"change": f"chg-{name}", "kind": "rollout", "title": "build 7",
                 "targets": [{"kind": "deployment", "id": self.deployment}]}  # fmt: skip
        yield self._event("quality.scored", NOW - DAY, self.ours, score)
        yield self._event("experiment.configured", NOW - 3 * DAY, self.ours, trial)
        yield self._event("policy.published", NOW - 2 * DAY, self.ours, published)
        yield self._event("change.applied", NOW - DAY, self.ours, build)
        for what, opened, lasted in (
            ("old", 40 * DAY, HOUR),
            ("over", 5 * HOUR, HOUR),
            ("open", 2 * HOUR, 3 * HOUR),
            ("later", -HOUR, HOUR),
        ):
            told = {
                "incident": f"{what}-{name}",
                "scope": backend,
                "severity": "sev2",
                "title": f"{what} one",
            }
            yield self._event("incident.opened", NOW - opened, self.ours, told)
            yield self._event("incident.resolved", NOW - opened + lasted, self.ours, told)

    def _request(self, tenant: str) -> dict[str, Any]:
        return {
            "request_id": f"r-{tenant}",
            "user": "ada",
            "tier": f"gold-{self.name}",
            "task_type": f"task-{tenant}",
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "decision": {
                "deployment": self.deployment,
                "policy": f"p-{self.name}",
                "policy_version": "v1",
                "method": "rule",
            },
            "outcome": {"status": "ok", "latency_ms": 100.0, "cost_usd": 0.25},
        }

    def _event(self, kind: str, at: datetime, tenant: str, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": uuid4().hex,
            "source": "//names",
            "type": f"routecause.{kind}",
            "time": at.isoformat(),
            "recordedtime": (at + timedelta(seconds=1)).isoformat(),
            "tenant": tenant,
            "data": data,
        }


@pytest.fixture(scope="module")
async def told(store: GraphStore) -> Told:
    told = Told()
    await record(store, [fact_of(parse_event(event)) for event in told.events()])
    return told


async def test_every_kind_of_name_is_there(store: GraphStore, told: Told) -> None:
    with counting() as asked:
        found = await names(store, now=NOW, scope=TenantScope.of(told.ours))
    assert asked.statements == ["names", "incidents", "changes"]
    name = told.name
    for kind, expected in (
        ("deployments", told.deployment),
        ("models", f"m-{name}"),
        ("backends", f"b-{name}"),
        ("tiers", f"gold-{name}"),
        ("policies", f"p-{name}"),
        ("policy_versions", f"p-{name}@v2"),
        ("experiments", f"exp-{name}"),
        ("arms", f"exp-{name}/keep"),
        ("evaluators", f"judge-{name}"),
    ):
        values = getattr(found, kind)
        assert expected in values, kind
        assert list(values) == sorted(set(values)), kind
        assert "" not in values, kind


async def test_tenants_see_their_own(store: GraphStore, told: Told) -> None:
    found = await names(store, now=NOW, scope=TenantScope.of(told.ours))
    assert found.tenants == (told.ours,)
    assert found.task_types == (f"task-{told.ours}",)
    assert found.slos == (f"slo-{told.ours}",)
    both = await names(store, now=NOW, scope=TenantScope.of(told.ours, told.theirs))
    assert both.tenants == (told.ours, told.theirs)
    assert both.slos == (f"slo-{told.ours}", f"slo-{told.theirs}")
    everyone = await names(store, now=NOW, scope=TenantScope.all())
    assert {told.ours, told.theirs} <= set(everyone.tenants)
    nobody = await names(store, now=NOW, scope=TenantScope.of())
    assert (nobody.tenants, nobody.task_types, nobody.slos) == ((), (), ())


async def test_what_happened_by_then_the_newest_first(store: GraphStore, told: Told) -> None:
    found = await names(store, now=NOW, scope=TenantScope.of(told.ours))
    open_, over = (one for one in found.incidents if one.id.endswith(told.name))
    assert (open_.id, open_.until) == (f"open-{told.name}", None), "it ends after that instant"
    assert (over.id, over.until) == (f"over-{told.name}", NOW - 4 * HOUR)
    assert over.targets == (f"b-{told.name}",)
    mine = [one for one in found.changes if told.name in one.id]
    assert [one.id for one in mine] == [f"chg-{told.name}", f"p-{told.name}@v2",
                                        f"exp-{told.name}"]  # fmt: skip
    assert mine[0] == Happening(
        id=f"chg-{told.name}",
        kind="rollout",
        title="build 7",
        at=NOW - DAY,
        targets=(told.deployment,),
    )


def test_what_was_not_over_yet_has_no_end() -> None:
    one = Happening(id="i", kind="incident", title="", at=NOW, until=NOW + HOUR)
    all_of = Names(incidents=(one,), changes=(one,))
    assert all_of.until(NOW + HOUR) == all_of
    (open_,) = all_of.until(NOW).incidents
    assert open_.until is None
    assert all_of.until(NOW - HOUR) == Names()
