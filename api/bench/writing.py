"""How fast requests get into the graph, beside the least that any writer would have to do.

The floor is one bare UNWIND-MERGE of the same requests and decisions: no buckets, no cells, no
late scores, no exactly-once count. Rounds are interleaved in one run on one Neo4j.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from pathlib import Path

from api.bench.measures import Table, percentile
from api.servers import ServerSettings, neo4j_server
from graph.facts import RequestFact
from graph.store import ledger
from graph.store.door import GraphStore, Transaction
from ingest.events import parse_event
from ingest.facts import fact_of
from ingest.simulator import SimulationPlan, simulate

_BATCH = 2_000
_ROUNDS = 12
_WARM_UP = 6
_BARE = """
UNWIND $rows AS row
MERGE (r:BareRequest {id: row.id, tenant: row.tenant})
ON CREATE SET r += row.properties, r.at = datetime(row.at)
MERGE (r)-[:BARE_ROUTED_BY]->(d:BareDecision {id: row.id, tenant: row.tenant})
ON CREATE SET d += row.decision
"""
_BARE_INDEXES = (
    "CREATE CONSTRAINT bare_request IF NOT EXISTS"
    " FOR (n:BareRequest) REQUIRE (n.id, n.tenant) IS UNIQUE",
    "CREATE CONSTRAINT bare_decision IF NOT EXISTS"
    " FOR (n:BareDecision) REQUIRE (n.id, n.tenant) IS UNIQUE",
)


async def run(folder: Path, *, report: Callable[[str], None]) -> Table:
    """Requests per second, ours and the floor's, first time and replayed."""
    settings = ServerSettings(neo4j_bolt_port=0, neo4j_http_port=0)
    with neo4j_server(folder / "writing", settings=settings, report=report) as address:
        store = await GraphStore.connect(address.settings())
        try:
            return await _measured(store, report)
        finally:
            await store.close()


async def _measured(store: GraphStore, report: Callable[[str], None]) -> Table:
    for text in _BARE_INDEXES:
        await store.write(_statement(text))
    batches = _batches(_ROUNDS + _WARM_UP)
    rates: dict[str, list[float]] = {"ours": [], "replay": [], "bare": []}
    for turn, batch in enumerate(batches):
        told = {
            "ours": await _rate(lambda b=batch: ledger.record(store, b)),
            "bare": await _rate(lambda b=batch: store.write(_statement(_BARE, _rows(b)))),
            "replay": await _rate(lambda b=batch: ledger.record(store, b)),
        }
        report(f"  round {turn + 1}: " + ", ".join(f"{n} {r:,.0f}/s" for n, r in told.items()))
        if turn >= _WARM_UP:
            for name, rate in told.items():
                rates[name].append(rate)
    names = {
        "ours": "request, decision, cell, bucket, sketches, exactly once",
        "replay": "the same again (changes nothing)",
        "bare": "floor: bare UNWIND-MERGE of request and decision",
    }
    return Table(
        "Requests per second into the graph, one writer",
        ("what", "median", "slowest round", "fastest round"),
        [(names[n], percentile(r, 0.5), min(r), max(r)) for n, r in rates.items()],
    )


def _statement(text: str, rows: Sequence[object] = ()) -> Callable[[Transaction], Awaitable[None]]:
    async def work(transaction: Transaction) -> None:
        await transaction.run(text, rows=list(rows))

    return work


async def _rate(write: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await write()
    return _BATCH / (time.perf_counter() - started)


def _batches(count: int) -> list[list[RequestFact]]:
    events = (
        event
        for event in simulate(SimulationPlan(days=14, per_day=10_000, seed=5))
        if event["type"] == "routecause.request.completed"
    )
    facts = (fact_of(parse_event(event)) for event in events)
    requests = (fact for fact in facts if isinstance(fact, RequestFact))
    return [list(islice(requests, _BATCH)) for _ in range(count)]


def _rows(facts: Sequence[RequestFact]) -> list[dict[str, object]]:
    return [
        {
            "tenant": fact.tenant,
            "id": fact.id,
            "at": fact.at.isoformat(),
            "properties": fact.properties,
            "decision": fact.decision,
        }
        for fact in facts
    ]
