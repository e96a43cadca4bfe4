"""Any order, any duplication, any batching: the same graph, and buckets that equal the facts."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from graph.buckets import measures_of
from graph.facts import EntityFact, Fact, RequestFact, ScoreFact
from graph.model import world
from graph.model.traffic import CellKey
from graph.settings import GraphSettings
from graph.store.door import GraphStore, Transaction
from graph.store.ledger import record

T0 = datetime(2026, 9, 1, 10, 30, tzinfo=UTC)


def request(tenant: str, number: int, *, minute: int = 0, late_minutes: int = 0) -> RequestFact:
    """A request whose every measure depends on its number."""
    at = T0 + timedelta(minutes=minute)
    recorded_at = at + timedelta(minutes=late_minutes)
    cell = CellKey(
        tenant,
        f"m{number % 3}@b",
        "reasoning",
        "premium",
        "main",
        "v1",
        None,
        None,
        "r1",
        "fallback" if number % 2 else "rule",
        "m9@b" if number % 2 else None,
    )
    told = {
        "status": ("ok", "error", "timeout", "rate_limited")[number % 4],
        "latency_ms": 100.0 + number,
        "ttft_ms": 10.0 + number if number % 5 else None,
        "cost_usd": number / 1000,
        "prompt_tokens": number,
        "completion_tokens": 2 * number,
        "retries": number % 3,
        "cache_hit": number % 7 == 0,
    }
    properties = {"status": told["status"], "latencyMs": told["latency_ms"]}
    return RequestFact(
        tenant=tenant,
        id=f"r{number}",
        at=at,
        recorded_at=recorded_at,
        cell=cell,
        properties=properties,
        decision={"deployment": cell.deployment},
        **told,  # pyright: ignore[reportArgumentType]  # a dict loses the types of its values
    )


def score(
    tenant: str, number: int, value: float, *, key: str, minute: int, by: str = "judge"
) -> ScoreFact:
    """A verdict on a request, told `minute` minutes after the start."""
    at = T0 + timedelta(minutes=minute)
    told = {"key": key, "evaluator": by, "evaluatorVersion": "1", "score": value}
    return ScoreFact(key, tenant, f"r{number}", at, at, by, "1", value, told)


async def picture(store: GraphStore, tenant: str) -> list[tuple[str, ...]]:
    """Everything the graph holds of a tenant, written so that two tenants can be compared."""

    async def read(transaction: Transaction) -> list[tuple[str, ...]]:
        rows = await transaction.run(
            "MATCH (n) WHERE n.tenant = $tenant OR n.key STARTS WITH $tenant"
            " OR EXISTS { (n)<-[:ROUTED_BY]-({tenant: $tenant}) }"
            " RETURN labels(n) AS labels, properties(n) AS properties,"
            " COLLECT { MATCH (n)-[e]->(m)"
            "   RETURN type(e) + ' ' + labels(m)[0] } AS out,"
            " COUNT { (n)<--() } AS degree",
            tenant=tenant,
        )
        return sorted(_line(row, tenant) for row in rows)

    return await store.write(read)


def _line(row: dict[str, Any], tenant: str) -> tuple[str, ...]:
    properties = {
        name: bytes(value).hex() if isinstance(value, (bytes, bytearray)) else str(value)
        for name, value in row["properties"].items()
        # The version of an hour counts the transactions, which may well differ.
        if name not in {"cell", "version"} and not ("Cell" in row["labels"] and name == "id")
    }
    text = str(sorted(properties.items())).replace(tenant, "TENANT")
    return (*sorted(row["labels"]), text, str(sorted(row["out"])), str(row["degree"]))


async def totals(store: GraphStore, tenant: str) -> dict[str, int]:
    """The sums of all buckets of a tenant."""

    async def read(transaction: Transaction) -> dict[str, int]:
        rows = await transaction.run(
            "MATCH (b:Bucket {tenant: $tenant}) RETURN properties(b) AS b", tenant=tenant
        )
        summed: dict[str, int] = {}
        for row in rows:
            for name, value in row["b"].items():
                if isinstance(value, int):
                    summed[name] = summed.get(name, 0) + value
        return summed

    return await store.write(read)


def raw_totals(requests: Sequence[RequestFact]) -> dict[str, int]:
    """The same sums from the requests themselves."""
    summed: dict[str, int] = {}
    for one in requests:
        for name, amount in measures_of(
            minute=one.at.minute,
            status=one.status,
            latency_ms=one.latency_ms,
            ttft_ms=one.ttft_ms,
            cost_usd=one.cost_usd,
            prompt_tokens=one.prompt_tokens,
            completion_tokens=one.completion_tokens,
            retries=one.retries,
            cache_hit=one.cache_hit,
        ).items():
            summed[name] = summed.get(name, 0) + amount
    return summed


async def test_a_batch_told_twice_changes_nothing(store: GraphStore, tenant: str) -> None:
    facts: list[Fact] = [request(tenant, n, minute=n) for n in range(40)]
    facts += [score(tenant, n, 0.5, key=f"{tenant}-{n}", minute=90) for n in range(20)]
    first = await record(store, facts)
    assert (first.requests, first.scores) == (40, 20)
    before = await picture(store, tenant)
    second = await record(store, [*reversed(facts), *facts])
    assert (second.requests, second.scores) == (0, 0)
    assert await picture(store, tenant) == before


async def test_totals_from_buckets_equal_totals_from_requests(
    store: GraphStore, tenant: str
) -> None:
    requests = [request(tenant, n, minute=3 * n, late_minutes=n % 90) for n in range(120)]
    for start in range(0, 120, 17):
        await record(store, requests[start : start + 17])
    expected = raw_totals(requests)
    found = await totals(store, tenant)
    assert {name: found[name] for name in expected} == expected


async def test_a_score_before_its_request_waits_for_it(store: GraphStore, tenant: str) -> None:
    await record(store, [score(tenant, 1, 0.25, key=f"{tenant}-early", minute=5)])
    lines = await picture(store, tenant)
    assert [line[:-3] for line in lines] == [("Awaited", "Request"), ("QualityScore",)]
    await record(store, [request(tenant, 1)])
    labels = {line[0] for line in await picture(store, tenant)}
    assert labels == {"Request", "QualityScore", "RoutingDecision", "Cell", "Bucket"} | {
        "ScoreBucket",
        "Hour",
    }


async def test_writers_side_by_side_count_everything_once(store: GraphStore, tenant: str) -> None:
    requests = [request(tenant, n, minute=n % 5) for n in range(60)]
    scores = [score(tenant, n, 0.75, key=f"{tenant}-{n}", minute=70) for n in range(60)]
    await asyncio.gather(
        record(store, requests),
        record(store, requests[::-1]),
        record(store, scores),
        record(store, [*scores, *requests]),
    )
    assert (await totals(store, tenant))["count"] == 60
    lines = await picture(store, tenant)
    assert sum(line[0] == "QualityScore" for line in lines) == 60
    other = f"{tenant}-other"
    await record(store, [request(other, n, minute=n % 5) for n in range(60)])
    await record(store, [score(other, n, 0.75, key=f"{other}-{n}", minute=70) for n in range(60)])
    assert await picture(store, other) == lines


async def test_a_correction_of_configuration_is_a_new_fact(store: GraphStore, tenant: str) -> None:
    told = [
        EntityFact(
            world.TENANT,
            (tenant,),
            f"{tenant}-{n}",
            T0,
            T0 + timedelta(hours=n),
            {"qualityFloor": n},
        )
        for n in (0.1, 0.2)
    ]
    await record(store, told)
    await record(store, told)
    revisions = [line for line in await picture(store, tenant) if line[0] == "TenantRevision"]
    assert len(revisions) == 2


class SameGraph(RuleBasedStateMachine):
    """Tells the same facts to two tenants in different orders, batches and repetitions."""

    store: GraphStore
    loop: asyncio.AbstractEventLoop

    @initialize()
    def start(self) -> None:
        stem = uuid4().hex[:8]
        self.left, self.right = f"l-{stem}", f"r-{stem}"
        self.told: list[tuple[str, tuple[Any, ...]]] = []

    def facts(self, tenant: str, told: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Fact]:
        made: list[Fact] = []
        for kind, (number, *rest) in told:
            if kind == "request":
                minute, late = rest
                made.append(request(tenant, number, minute=minute, late_minutes=late))
            else:
                key, value, minute, by = rest
                made.append(
                    score(tenant, number, value, key=f"{tenant}-{key}", minute=minute, by=by)
                )
        return made

    def tell(self, tenant: str, told: Sequence[tuple[str, tuple[Any, ...]]]) -> None:
        self.loop.run_until_complete(record(self.store, self.facts(tenant, told)))

    @rule(number=st.integers(0, 5), minute=st.integers(0, 90), late=st.sampled_from([0, 45, 300]))
    def tell_request(self, number: int, minute: int, late: int) -> None:
        # The first telling of a request stands, so each number has one body.
        known = [t for t in self.told if t[0] == "request" and t[1][0] == number]
        one = known[0] if known else ("request", (number, minute, late))
        self.told.append(one)
        self.tell(self.left, [one])

    @rule(
        number=st.integers(0, 5),
        value=st.sampled_from([0.0, 0.3, 1.0]),
        minute=st.integers(0, 300),
        by=st.sampled_from(["judge", "thumbs"]),
    )
    def tell_score(self, number: int, value: float, minute: int, by: str) -> None:
        one = ("score", (number, len(self.told), value, minute, by))
        self.told.append(one)
        self.tell(self.left, [one])

    @precondition(lambda self: bool(self.told))
    @rule(data=st.data())
    def tell_again(self, data: st.DataObject) -> None:
        batch = data.draw(st.lists(st.sampled_from(self.told), max_size=6))
        self.tell(self.left, batch)

    def teardown(self) -> None:
        told = getattr(self, "told", [])
        if not told:
            return
        self.tell(self.right, list(reversed(told)))
        pictures = [
            self.loop.run_until_complete(picture(self.store, tenant))
            for tenant in (self.left, self.right)
        ]
        assert pictures[0] == pictures[1]
        requests = {f.id: f for f in self.facts(self.left, told) if isinstance(f, RequestFact)}
        found = self.loop.run_until_complete(totals(self.store, self.left))
        expected = raw_totals(list(requests.values()))
        assert {name: found[name] for name in expected} == expected


@pytest.mark.slow
def test_any_order_gives_the_same_graph(graph_settings: GraphSettings) -> None:
    loop = asyncio.new_event_loop()
    opened = loop.run_until_complete(GraphStore.connect(graph_settings))
    SameGraph.store, SameGraph.loop = opened, loop
    try:
        case = SameGraph.TestCase
        case.settings = settings(
            max_examples=15,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        )
        case("runTest").runTest()
    finally:
        loop.run_until_complete(opened.close())
        loop.close()
