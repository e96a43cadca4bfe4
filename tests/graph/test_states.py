"""The history of a deployment's state: at each instant what the fleet of that instant says."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from graph import fleet, states
from graph.errors import InvalidInput
from graph.facts import EntityFact, Fact, LinkTo, ObservationFact, RequestFact
from graph.health import BreakerState, HealthStatus
from graph.model import world
from graph.model.declare import Entity
from graph.model.traffic import CellKey
from graph.settings import HealthSettings
from graph.slices import Period
from graph.states import StateAt, state_history
from graph.store.door import GraphStore, counting
from graph.store.ledger import record

T0 = datetime(2026, 9, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITS = HealthSettings()


class Backend:
    """Three deployments of one backend, and two eventful hours of theirs."""

    def __init__(self, store: GraphStore, tenant: str) -> None:
        self.store, self.tenant = store, tenant
        self.name = uuid4().hex[:8]
        self.backend = f"b-{self.name}"
        self.deployments = [f"{m}-{self.name}@{self.backend}" for m in ("a", "b", "c")]

    def entity(
        self,
        declared: Entity,
        identity: str,
        minute: float,
        *,
        told_after: timedelta = MINUTE,
        links: Sequence[LinkTo] = (),
        **told: Any,
    ) -> Fact:
        at = T0 + minute * MINUTE
        key = (identity,)
        return EntityFact(declared, key, uuid4().hex, at, at + told_after, told, tuple(links))

    def sample(self, deployment: str, minute: float, **metrics: Any) -> Fact:
        at = T0 + minute * MINUTE
        told = {"windowS": 60.0, "sampleCount": 10, "source": "probe", "available": True}
        properties = {**told, "deployment": deployment, **metrics}
        return ObservationFact(uuid4().hex, deployment, at, at + MINUTE / 6, properties)

    def request(
        self, deployment: str, minute: float, status: str, *, failed: Sequence[str] = ()
    ) -> Fact:
        tries = "[" + ",".join(f'{{"deployment":"{d}","cause":"timeout"}}' for d in failed) + "]"
        cell = CellKey(
            self.tenant, deployment, "chat", "free", "p", "1", None, None, None, "rule",
            failed[0] if failed else None,
        )  # fmt: skip
        at = T0 + minute * MINUTE
        measured: dict[str, Any] = {
            "status": status,
            "latency_ms": 50.0 + minute,
            "prompt_tokens": 1,
            "completion_tokens": 5,
        }
        return RequestFact(
            tenant=self.tenant,
            id=uuid4().hex,
            at=at,
            recorded_at=at + MINUTE / 30,
            cell=cell,
            ttft_ms=None,
            cost_usd=0.0,
            retries=0,
            cache_hit=False,
            properties={
                "status": status,
                "latencyMs": 50.0 + minute,
                "promptTokens": 1,
                "completionTokens": 5,
            },
            decision={"deployment": deployment, "fallbackFrom": tries if failed else None},
            **measured,
        )

    def facts(self) -> list[Fact]:
        a, b, c = self.deployments
        model, _, backend = a.partition("@")
        links = [LinkTo("RUNS_MODEL", "Model", (model,)), LinkTo("RUNS_ON", "Backend", (backend,))]
        told: list[Fact] = []
        # Samples of `a` come until minute 60, then again from 100 on; those of `b` throughout.
        told += [self.sample(a, m, errorRate=0.0) for m in range(-30, 60, 2)]
        told += [self.sample(a, m, load=0.99) for m in range(100, 121, 2)]
        told += [self.sample(b, m, errorRate=0.0) for m in range(-30, 121, 3)]
        # The backend fails as one around minute 20, and `a` alone for its callers around 75.
        told += [
            self.request(d, 20 + i / 4, "timeout") for i in range(24) for d in self.deployments
        ]
        told += [self.request(d, 31 + i, "ok") for i in range(12) for d in (a, b)]
        told += [self.request(c, 75 + i / 3, "ok", failed=[a]) for i in range(20)]
        told += [self.request(a, 85 + i / 2, "ok") for i in range(30)]
        told += [
            self.entity(world.DEPLOYMENT, a, 47, links=links, version="2"),
            self.entity(world.BACKEND, self.backend, 52, spot=True),
            self.entity(world.MODEL, model, 70, deprecatedAt=T0 + 71 * MINUTE),
        ]
        scope: dict[str, Any] = {"scopeKind": "backend", "scopeId": self.backend}
        reach = [LinkTo("AFFECTS", "Backend", (self.backend,))]
        phases = [
            (-200, "opened", "sev1"),
            (12, "updated", "sev3"),
            (33, "resolved", "sev3"),
            (58, "opened", "sev2"),
            (90, "resolved", "sev2"),
        ]
        told += [
            self.entity(
                world.INCIDENT, f"inc-{self.name}", minute, links=reach, phase=phase,
                severity=severity, title=f"packet loss {minute}",
                told_after=30 * MINUTE if minute == 58 else MINUTE, **scope,
            )
            for minute, phase, severity in phases
        ]  # fmt: skip
        work: dict[str, Any] = {
            "startsAt": T0 + 40 * MINUTE,
            "endsAt": T0 + 44 * MINUTE,
            "title": "new switches",
        }
        told.append(self.entity(world.MAINTENANCE, f"mw-{self.name}", -60, **{**work, **scope}))
        return told

    async def history(self, deployment: str, during: Period, **asked: Any) -> list[StateAt]:
        given: dict[str, Any] = {
            "step": 10 * MINUTE,
            "known_at": None,
            "now": during.end,
            "budgets": LIMITS,
            **asked,
        }
        return await state_history(self.store, deployment=deployment, during=during, **given)

    async def one_by_one(
        self, deployment: str, instants: Sequence[datetime], known_at: datetime | None = None
    ) -> list[StateAt]:
        told: list[StateAt] = []
        for at in instants:
            found = await fleet.fleet(
                self.store,
                at=at,
                known_at=known_at,
                budgets=LIMITS,
                deployments=frozenset({deployment}),
            )
            told += [StateAt(at, o.status, o.breaker, o.reasons, o.stale) for o in found]
        return told


@pytest.fixture(scope="module")
async def backend(store: GraphStore) -> Backend:
    """Told once, never changed."""
    made = Backend(store, f"t-{uuid4().hex[:12]}")
    await record(store, made.facts())
    return made


WHOLE = Period(T0 - 10 * MINUTE, T0 + 120 * MINUTE)


@pytest.mark.parametrize(
    ("start", "step", "known_at"),
    [
        (T0 - 10 * MINUTE, 10 * MINUTE, None),
        (T0 + timedelta(seconds=17), 5 * MINUTE, T0 + 61 * MINUTE),
        (T0 + 3.5 * MINUTE, 21 * MINUTE, None),
    ],
)
async def test_each_instant_is_what_the_fleet_of_that_instant_says(
    backend: Backend, start: datetime, step: timedelta, known_at: datetime | None
) -> None:
    during = Period(start, WHOLE.end)
    for deployment in backend.deployments[::2]:
        told = await backend.history(deployment, during, step=step, known_at=known_at)
        instants = [start + n * step for n in range(1, 99) if start + n * step < during.end]
        expected = await backend.one_by_one(deployment, [*instants, during.end], known_at)
        assert told == expected
        assert len(told) >= 5


async def test_the_hours_show_all_that_happened(backend: Backend) -> None:
    told = await backend.history(backend.deployments[0], WHOLE, step=5 * MINUTE)
    assert {one.status for one in told} == set(HealthStatus)
    assert {one.breaker for one in told} >= {BreakerState.CLOSED, BreakerState.OPEN}
    assert {one.stale for one in told} == {True, False}
    reasons = " ".join(reason for one in told for reason in one.reasons)
    assert f"backend {backend.backend}: 3 of 3 deployments fail" in reasons
    for words in ("maintenance mw-", "deprecated since", "packet loss 12", "not registered"):
        assert words in reasons


async def test_before_it_was_told_of_there_is_nothing(backend: Backend) -> None:
    early = Period(T0 - 50 * MINUTE, T0 - 20 * MINUTE)
    a, _, c = backend.deployments
    assert [one.at for one in await backend.history(a, early)] == [T0 - 30 * MINUTE, early.end]
    assert await backend.history(c, early) == []
    assert await backend.history(f"x-{backend.name}@{backend.backend}", WHOLE) == []
    assert await backend.history("never-was", WHOLE) == []


async def test_nothing_is_told_of_what_lies_ahead(backend: Backend) -> None:
    now = T0 + 31 * MINUTE
    told = await backend.history(backend.deployments[0], Period(T0, T0 + 9 * 60 * MINUTE), now=now)
    assert [one.at for one in told] == [T0 + n * 10 * MINUTE for n in (1, 2, 3)]
    assert await backend.history(backend.deployments[0], Period(now, now + MINUTE), now=now) == []


async def test_other_backends_requests_make_no_history_too_long(
    backend: Backend, store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = Backend(store, backend.tenant)
    await record(store, [others.request(others.deployments[0], n / 8, "ok") for n in range(900)])
    own = len([fact for fact in backend.facts() if isinstance(fact, RequestFact)])
    monkeypatch.setattr(states, "_REQUESTS_AT_MOST", own)
    assert await backend.history(backend.deployments[0], WHOLE)
    monkeypatch.setattr(states, "_REQUESTS_AT_MOST", own // 2)
    with pytest.raises(InvalidInput, match="too many requests"):
        await backend.history(backend.deployments[0], WHOLE)


async def test_many_instants_cost_as_many_statements_as_one(backend: Backend) -> None:
    with counting() as count:
        await backend.history(backend.deployments[0], WHOLE, step=MINUTE)
    assert len(count.statements) == 6
    with pytest.raises(InvalidInput, match=r"stepMinutes: .*at most 500"):
        await backend.history(backend.deployments[0], WHOLE, step=MINUTE / 5)
