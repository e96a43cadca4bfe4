"""What an incident or a change reached and cost, counted by hand on small fleets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from graph.causes.candidates import CandidateCause
from graph.columns import BucketColumns
from graph.errors import InvalidInput
from graph.facts import EntityFact, LinkTo, RequestFact, ScoreFact
from graph.impact import Impact, TierImpact, impact, latest, looked_at
from graph.model.traffic import CellKey
from graph.model.world import CHANGE, DEPLOYMENT, EXPERIMENT, INCIDENT, POLICY_VERSION, SLO
from graph.reached import reached_by
from graph.scope import TenantScope
from graph.slices import EntityRef, Period
from graph.store.door import GraphStore, counting
from graph.store.ledger import record

T0 = datetime(2026, 9, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
OPENED, RESOLVED = T0 + timedelta(hours=10, minutes=20), T0 + timedelta(hours=13, minutes=40)
NOW = T0 + timedelta(hours=20)


def request(tenant: str, number: int, at: datetime, **more: Any) -> RequestFact:
    """A request of `a@x<tenant>`, unless told otherwise."""
    deployment: str = more.get("deployment", f"a@x-{tenant}")
    status: str = more.get("status", "ok")
    cost_usd: float | None = more.get("cost_usd", 0.01)
    latency_ms: float = more.get("latency_ms", 100.0)
    tier: str = more.get("tier", "premium")
    cell = CellKey(
        tenant,
        deployment,
        "chat",
        tier,
        "main",
        more.get("version", "v1"),
        None,
        None,
        None,
        "rule",
        more.get("displaced_from"),
    )
    return RequestFact(
        tenant=tenant,
        id=f"r{number}",
        at=at,
        recorded_at=more.get("recorded_at", at),
        cell=cell,
        status=status,
        latency_ms=latency_ms,
        ttft_ms=None,
        cost_usd=cost_usd,
        prompt_tokens=10,
        completion_tokens=10,
        retries=0,
        cache_hit=False,
        properties={
            "user": more.get("user", f"u{number % 6}"),
            "status": status,
            "latencyMs": latency_ms,
            "costUsd": cost_usd,
            "promptTokens": 10,
            "completionTokens": 10,
            "retries": 0,
            "cacheHit": False,
        },
        decision={"deployment": deployment},
    )


def score(tenant: str, number: int, value: float, at: datetime) -> ScoreFact:
    key = f"{tenant}-r{number}"
    properties = {"key": key, "evaluator": "judge", "evaluatorVersion": "1", "score": value}
    return ScoreFact(key, tenant, f"r{number}", at, at, "judge", "1", value, properties)


def incident(name: str, phase: str, at: datetime, *, backend: str | None) -> EntityFact:
    links = () if backend is None else (LinkTo("AFFECTS", "Backend", (backend,)),)
    return EntityFact(
        INCIDENT,
        (name,),
        f"{name}-{phase}",
        at,
        at,
        {
            "phase": phase,
            "scopeKind": "global" if backend is None else "backend",
            "scopeId": backend,
            "severity": "sev1",
            "title": "packet loss",
        },
        links,
    )


def deployment(name: str, at: datetime, *, recorded_at: datetime) -> EntityFact:
    model, _, backend = name.rpartition("@")
    links = (LinkTo("RUNS_MODEL", "Model", (model,)), LinkTo("RUNS_ON", "Backend", (backend,)))
    return EntityFact(DEPLOYMENT, (name,), f"{name}-1", at, recorded_at, {"version": "1"}, links)


class Fleet:
    """A backend that fails in an incident, the week before it, and another backend."""

    def __init__(self, store: GraphStore) -> None:
        self.store, self.columns = store, BucketColumns(store)
        self.tenant = f"t-{uuid4().hex[:10]}"
        self.backend, self.other = f"x-{self.tenant}", f"y-{self.tenant}"
        self.incident = f"inc-{self.tenant}"
        self.scope = TenantScope.of(self.tenant)

    def requests(self) -> list[RequestFact]:
        """Every ten minutes one here, every twenty one there; here a third fails over, a tenth is
        lost, all are slower and what is displaced costs three times as much.
        """
        told: list[RequestFact] = []
        for n in range(120):
            for week, base in ((0, 0), (1, 1_000)):
                at = T0 + n * timedelta(minutes=10) - week * WEEK
                tier = ("premium", "free")[n % 2]
                more: dict[str, Any] = {"tier": tier, "latency_ms": 100.0 + n % 5}
                if not week and OPENED <= at < RESOLVED:
                    more["latency_ms"] = 900.0
                    if n % 10 == 0:
                        more |= {"status": "timeout", "cost_usd": 0.002}
                    elif n % 3 == 0:
                        more |= {
                            "deployment": f"a@{self.other}",
                            "displaced_from": f"a@{self.backend}",
                            "cost_usd": 0.03,
                        }
                elif n % 35 == 0:
                    more["status"] = "error"
                told.append(request(self.tenant, base + n, at, **more))
                if n % 2 == 0:
                    elsewhere = request(
                        self.tenant, base + 500 + n, at, deployment=f"a@{self.other}", user="solo"
                    )
                    told.append(elsewhere)
        return told

    async def load(self) -> None:
        facts = self.requests()
        scores = [
            score(self.tenant, int(one.id[1:]), 0.4 if one.latency_ms > 500 else 0.9, one.at + HOUR)
            for one in facts
            if int(one.id[1:]) % 4 == 0
        ]
        slo = EntityFact(
            SLO,
            (self.tenant, "up"),
            f"slo-{self.tenant}",
            T0 - 2 * WEEK,
            T0 - 2 * WEEK,
            {"objective": "availability", "target": 0.99, "windowDays": 28.0, "where": "{}"},
        )
        await record(
            self.store,
            [
                *facts,
                *scores,
                slo,
                incident(self.incident, "opened", OPENED, backend=self.backend),
                incident(self.incident, "resolved", RESOLVED, backend=self.backend),
            ],
        )

    async def told(self, **asked: Any) -> Impact:
        given: dict[str, Any] = {"scope": self.scope, "now": NOW, **asked}
        found = await impact(self.store, self.columns, **given)
        assert found is not None
        return found


@pytest.fixture(scope="module")
async def fleet(store: GraphStore) -> Fleet:
    loaded = Fleet(store)
    await loaded.load()
    return loaded


def touched(fleet: Fleet, start: datetime, end: datetime) -> list[RequestFact]:
    return [
        one
        for one in fleet.requests()
        if start <= one.at < end
        and f"a@{fleet.backend}" in {one.cell.deployment, one.cell.displaced_from}
    ]


async def test_an_incident_is_told_with_what_it_reached_and_cost(fleet: Fleet) -> None:
    with counting() as counted:
        found = await fleet.told(incident=fleet.incident)
    assert len(counted.statements) <= 20
    hit = touched(fleet, OPENED, RESOLVED)
    before = touched(fleet, OPENED - WEEK, RESOLVED - WEEK)
    failed = [one for one in hit if one.status != "ok"]
    assert found.during == Period(OPENED, RESOLVED)
    assert found.compared_to == Period(OPENED - WEEK, RESOLVED - WEEK)
    assert found.baseline == "the same hours and weekdays a week earlier"
    assert (found.of, found.title) == (EntityRef("incident", fleet.incident), "packet loss")
    assert (found.deployments, found.backends) == ((f"a@{fleet.backend}",), (fleet.backend,))
    assert found.models == ("a",)
    assert (found.requests, found.requests_before) == (len(hit), len(before))
    assert found.failed == len(failed)
    assert found.failed_expected == sum(one.status != "ok" for one in before)
    assert found.users == 6
    assert found.tenants == (fleet.tenant,)
    assert found.tiers == tuple(
        TierImpact(tier, len(own), sum(one.status != "ok" for one in own))
        for tier in ("free", "premium")
        for own in [[one for one in hit if one.cell.tier == tier]]
    )
    assert found.displaced == sum(one.cell.displaced_from is not None for one in hit) > 0
    assert found.latency_ms_p95_before == pytest.approx(104, rel=0.006)
    assert found.latency_ms_p95_after == pytest.approx(900, rel=0.006)
    assert (found.quality_before, found.quality_after) == pytest.approx((0.9, 0.4))
    assert found.scored_after == sum(int(one.id[1:]) % 4 == 0 for one in hit)
    assert found.cost_usd == pytest.approx(sum(one.cost_usd or 0 for one in hit))
    assert found.failed_cost_usd == pytest.approx(0.002 * len(failed))
    extra = sum((one.cost_usd or 0) - 0.01 for one in hit)
    assert found.extra_cost_usd == pytest.approx(extra)
    assert found.extra_cost_low_usd == pytest.approx(extra), "every request cost the same before"
    assert found.slos == (f"{fleet.tenant}/up",)


async def test_an_open_incident_is_told_until_now_or_what_was_known(fleet: Fleet) -> None:
    then = OPENED + HOUR
    early = await fleet.told(incident=fleet.incident, known_at=then)
    assert early.during == Period(OPENED, then)
    assert early.requests == len(touched(fleet, OPENED, then))
    running = await fleet.told(incident=fleet.incident, now=then)
    assert (running.during, running.failed) == (early.during, early.failed)
    assert running.scored_after > early.scored_after, "scores come late"
    before_it: dict[str, Any] = {"scope": fleet.scope, "now": NOW, "known_at": OPENED - HOUR}
    found = await impact(fleet.store, fleet.columns, incident=fleet.incident, **before_it)
    assert found is None


async def test_another_tenant_sees_the_incident_but_none_of_the_requests(fleet: Fleet) -> None:
    found = await fleet.told(incident=fleet.incident, scope=TenantScope.of("somebody-else"))
    assert found.deployments == (f"a@{fleet.backend}",), "the fleet is everybody's"
    assert (found.requests, found.failed, found.users, found.displaced) == (0, 0, 0, 0)
    assert found.compared_to is None
    assert (found.requests_before, found.scored_before) == (None, None)
    assert (found.failed_expected, found.latency_ms_p95_after, found.quality_after) == (None,) * 3
    assert found.extra_cost_usd is None
    assert found.tenants == found.tiers == found.slos == ()


async def test_a_deployment_is_reached_only_once_it_was_told_of(
    store: GraphStore, tenant: str
) -> None:
    """One was registered while it was open and known of late, another after its end."""
    backend, known = f"z-{tenant}", RESOLVED + 2 * HOUR
    there, late, after = (f"{name}@{backend}" for name in ("there", "late", "after"))
    await record(
        store,
        [
            incident(f"inc-{backend}", "opened", OPENED, backend=backend),
            incident(f"inc-{backend}", "resolved", RESOLVED, backend=backend),
            deployment(there, OPENED - HOUR, recorded_at=OPENED),
            deployment(late, OPENED + HOUR, recorded_at=known),
            deployment(after, RESOLVED + HOUR, recorded_at=RESOLVED + HOUR),
        ],
    )
    asked: dict[str, Any] = {"scope": TenantScope.of(tenant), "now": NOW}
    for known_at, expected in ((None, (late, there)), (known - HOUR, (there,))):
        found = await impact(
            store, BucketColumns(store), incident=f"inc-{backend}", known_at=known_at, **asked
        )
        assert found is not None
        assert found.deployments == expected


async def test_exactly_one_of_the_two_is_asked_for(fleet: Fleet) -> None:
    for given in ({}, {"incident": "x", "change": "y"}):
        with pytest.raises(InvalidInput, match="either"):
            await fleet.told(**given)
    world: dict[str, Any] = {"scope": fleet.scope, "now": NOW}
    assert await impact(fleet.store, fleet.columns, incident="nobody", **world) is None
    assert await impact(fleet.store, fleet.columns, change=fleet.incident, **world) is None


async def test_a_change_a_policy_and_an_experiment_are_found_by_name(
    store: GraphStore, tenant: str
) -> None:
    at, early = T0 + 5 * HOUR, T0 + 2 * HOUR
    backend, change, policy = f"x-{tenant}", f"chg-{tenant}", f"p-{tenant}"
    facts = [
        request(tenant, n, T0 + n * timedelta(minutes=10), version="v1" if n < 30 else "v2")
        for n in range(60)
    ]
    facts = [replace(one, cell=one.cell._replace(policy=policy)) for one in facts]
    targets = f'[{{"kind": "backend", "id": "{backend}"}}]'
    told = {"kind": "rollout", "title": "new build", "targets": targets}
    arms = {"policy": policy, "status": "running", "arms": "[]"}
    await record(
        store,
        [
            *facts,
            EntityFact(CHANGE, (change,), f"{change}-1", at, at, told),
            EntityFact(POLICY_VERSION, (policy, "v1"), f"{policy}-1", early, early, {}),
            EntityFact(POLICY_VERSION, (policy, "v2"), f"{policy}-2", at, at, {"summary": "dear"}),
            EntityFact(EXPERIMENT, (f"e-{tenant}",), f"e-{tenant}", at, at, arms),
        ],
    )
    world: dict[str, Any] = {"scope": TenantScope.of(tenant), "now": T0 + 9 * HOUR}
    columns = BucketColumns(store)
    rollout = await impact(store, columns, change=change, **world)
    assert rollout is not None
    assert rollout.during == Period(at, T0 + 9 * HOUR)
    assert (rollout.deployments, rollout.requests) == ((f"a@{backend}",), 24)
    assert rollout.baseline is not None
    assert rollout.baseline.startswith("the 4 hours just before")
    published = await impact(store, columns, change=f"{policy}@v2", **world)
    assert published is not None
    assert (published.of.kind, published.title) == ("policy_version", "dear")
    assert (published.requests, published.requests_before) == (24, 24)
    beside = await impact(store, columns, change=f"{policy}@v1", **world)
    assert beside is not None
    assert beside.compared_to is not None
    assert (beside.requests, beside.requests_before) == (18, None), "v2 took over within its day"
    assert beside.latency_ms_p95_before is not None
    trial = await impact(store, columns, change=f"e-{tenant}", **world)
    assert trial is not None
    assert (trial.of.kind, trial.requests, trial.compared_to) == ("experiment", 0, None)


def event(node: str, *targets: tuple[str, str], **more: Any) -> CandidateCause:
    given: dict[str, Any] = {"kind": node, "id": "e", "title": "t", "at": T0, "recorded_at": T0}
    given |= more
    return CandidateCause(node=node, targets=tuple(EntityRef(*one) for one in targets), **given)


def test_a_change_is_looked_at_for_a_day_or_until_it_was_taken_back() -> None:
    day = timedelta(days=1)
    assert looked_at(event("change"), now=T0 + 3 * day).end == T0 + day
    assert looked_at(event("change"), now=T0 + HOUR).end == T0 + HOUR
    back = event("change", ended_at=T0 + 2 * HOUR)
    assert looked_at(back, now=T0 + 3 * day).end == T0 + 2 * HOUR
    assert looked_at(event("incident"), now=T0 + 90 * day).end == T0 + 31 * day
    assert looked_at(event("incident"), now=T0 - day).start == T0, "one that is yet to come"


KEYS = [
    CellKey("t", "a@x", "chat", "free", "main", "v1", None, None, "r1", "rule", None),
    CellKey("t", "a@y", "chat", "free", "main", "v1", None, None, "r1", "rule", "a@x"),
    CellKey("t", "a@y", "code", "free", "main", "v2", None, None, "r2", "rule", None),
    CellKey("t", "b@y", "code", "free", "side", "v1", "e", "B", "r2", "rule", None),
    CellKey("t", "b@y", "code", "free", "side", "v1", None, None, "r1", "rule", None),
]
EVERY = np.arange(len(KEYS), dtype=np.int64)


@pytest.mark.parametrize(
    ("told", "during", "before"),
    [
        (event("incident"), [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
        (event("incident", ("deployment", "a@x")), [0, 1], [0, 1]),
        (event("change", ("model", "b")), [3, 4], [3, 4]),
        (event("change", ("backend", "x"), ("tier", "free")), [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
        (event("change", ("policy", "side")), [3, 4], [3, 4]),
        (event("policy_version", id="main@v2"), [2], [2, 3, 4]),
        (event("experiment"), [3], [2, 3, 4]),
        (event("change", ("router", "r2")), [2, 3], [2, 3, 4]),
        (event("change", ("router", "nobody tells")), [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
        (event("change", ("evaluator", "judge")), [], []),
        (event("change"), [], []),
    ],
)  # fmt: skip
def test_each_kind_of_event_reaches_its_own(
    told: CandidateCause, during: list[int], before: list[int]
) -> None:
    found = reached_by(told, KEYS, served=EVERY, known=["a@x", "c@z"])
    assert np.flatnonzero(found.during).tolist() == during
    assert np.flatnonzero(found.before).tolist() == before


def test_a_place_is_known_with_and_without_traffic() -> None:
    found = reached_by(event("incident", ("backend", "z")), KEYS, served=EVERY, known=["c@z"])
    assert (found.lost, found.during.any()) == ({"c@z"}, False)
    failed = reached_by(event("incident", ("backend", "x")), KEYS, served=EVERY, known=[])
    assert np.flatnonzero(failed.displaced).tolist() == [1]
    judged = reached_by(event("change", ("evaluator", "judge")), KEYS, served=EVERY, known=[])
    assert judged.judges == {"judge"}


def test_what_only_other_times_know_of_is_none_of_the_places_reached() -> None:
    told, last = event("incident", ("backend", "y")), EVERY[4:]
    found = reached_by(told, KEYS, served=last, known=["b@z"])
    assert found.lost == {"b@y"}
    assert np.flatnonzero(found.before).tolist() == [1, 2, 3, 4], "what it served counts before"


@pytest.mark.parametrize(
    ("told", "served", "partial"),
    [
        (event("policy_version", id="main@v2"), [0, 2], False),
        (event("policy_version", id="main@v2"), [2, 3], True),
        (event("experiment"), [3, 4], True),
        (event("experiment"), [3], False),
        (event("change", ("router", "r2")), [3, 4], True),
        (event("incident", ("backend", "x")), [0, 1, 2, 3, 4], False),
    ],
)
def test_a_part_of_the_like_traffic_is_told_from_the_whole(
    told: CandidateCause, served: list[int], *, partial: bool
) -> None:
    found = reached_by(told, KEYS, served=np.array(served, dtype=np.int64), known=[])
    assert found.partial == partial


def test_an_experiment_is_looked_at_from_the_last_time_it_ran() -> None:
    steps = [("running", 0), ("running", 3), ("stopped", 5)]
    told = [{"status": status, "at": T0 + n * HOUR} for status, n in steps]
    assert latest(told) == T0 + 3 * HOUR
    assert latest(told[2:]) == T0 + 5 * HOUR
    assert latest([{"status": None, "at": one["at"]} for one in told]) == T0 + 5 * HOUR
