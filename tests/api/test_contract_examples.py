"""The contract's own examples, through the whole service: taken once, and never twice."""

from pathlib import Path
from typing import Any

from graph.store.door import GraphStore, Transaction

EXAMPLES = Path(__file__).parent.parent / "data" / "examples.jsonl"
COUNT = 35
NDJSON = {"content-type": "application/x-ndjson"}


async def size_of(store: GraphStore) -> dict[str, int]:
    """How many nodes, relationships and properties the whole graph has."""

    async def read(transaction: Transaction) -> dict[str, int]:
        (nodes,) = await transaction.run(
            "MATCH (n) RETURN count(n) AS nodes, sum(size(keys(n))) AS properties"
        )
        (ties,) = await transaction.run("MATCH ()-[r]->() RETURN count(r) AS relationships")
        return {**nodes, **ties}

    return await store.write(read)


async def test_all_are_taken_and_sent_again_change_nothing(
    administrator: Any, graph_settings: Any
) -> None:
    body = EXAMPLES.read_bytes()

    async def written() -> bool:
        return (await administrator.get("/v1/ingest/status")).json()["length"] == 0

    store = await GraphStore.connect(graph_settings)
    try:
        first = await administrator.post("/v1/events", content=body, headers=NDJSON)
        assert first.status_code == 202, first.text
        assert first.json()["rejected"] == []
        assert first.json()["accepted"] + first.json()["duplicates"] == COUNT
        await administrator.until(written)
        before = await size_of(store)
        again = await administrator.post("/v1/events", content=body, headers=NDJSON)
        assert again.json() == {"accepted": 0, "duplicates": COUNT, "rejected": []}
        await administrator.until(written)
        assert await size_of(store) == before
    finally:
        await store.close()
    told = await administrator.ask('{ request(id: "req-full") { decision { fallbackFrom } } }')
    assert told["data"]["request"]["decision"]["fallbackFrom"] == ["apex-70b@aws"]
