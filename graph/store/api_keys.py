"""API keys in Neo4j: add, read, revoke. Only hashes get here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from graph.errors import Conflict
from graph.store.door import GraphStore, Record, Transaction, instant, maybe_instant

_ADD = """
MERGE (k:ApiKey {id: $id})
ON CREATE SET k.hash = $hash, k.name = $name, k.scopes = $scopes, k.tenant = $tenant,
  k.createdAt = datetime($createdAt)
RETURN k.hash = $hash AS added
"""
_REVOKE = """
MATCH (k:ApiKey {id: $id})
SET k.revokedAt = coalesce(k.revokedAt, datetime($at))
"""


async def add(store: GraphStore, properties: Mapping[str, Any]) -> None:
    """Add a key; adding it again changes nothing. Raises Conflict where its id is another's."""

    async def work(transaction: Transaction) -> bool:
        created_at: datetime = properties["createdAt"]
        rows = await transaction.run(_ADD, **{**properties, "createdAt": created_at.isoformat()})
        return bool(rows[0]["added"])

    if not await store.write(work):
        raise Conflict("another key has this id already; make a new one")


async def revoke(store: GraphStore, key_id: str, *, at: datetime) -> None:
    """Revoke a key, once; the first time stands."""

    async def work(transaction: Transaction) -> None:
        await transaction.run(_REVOKE, id=key_id, at=at.isoformat())

    await store.write(work)


async def all_of_them(store: GraphStore) -> list[Record]:
    """Every key, with native times."""
    return [
        {
            **row,
            "createdAt": instant(row["createdAt"]),
            "revokedAt": maybe_instant(row["revokedAt"]),
        }
        for row in await store.ask("api_keys")
    ]
