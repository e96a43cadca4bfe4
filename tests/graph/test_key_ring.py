"""The ring lets in whom it last knew, and nobody before it knew anything."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest

from graph.errors import GraphUnavailable, Unauthenticated
from graph.key_ring import KeyRing
from graph.keys import LOCAL, SCOPES, ApiKey, Keys, create_key, digest, revoke_key
from graph.settings import GraphSettings
from graph.store.door import GraphStore

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
ADMIN = "an-administrator's-own-secret"
SECRET = "rc_0123abcd_" + "s" * 43


@pytest.fixture
async def away() -> AsyncGenerator[GraphStore]:
    """A store whose Neo4j does not answer."""
    opened = GraphStore.open(GraphSettings(neo4j_uri="bolt://127.0.0.1:1", graph_timeout_s=0.2))
    yield opened
    await opened.close()


def knowing(ring: KeyRing, *keys: ApiKey) -> KeyRing:
    ring._keys = Keys({key.id: key for key in keys})  # pyright: ignore[reportPrivateUsage]  # as if read
    return ring


def api_key(*, revoked: bool = False) -> ApiKey:
    return ApiKey(
        id=SECRET[:11],
        hash=digest(SECRET),
        name="n",
        scopes=frozenset({"read"}),
        tenant="acme",
        created_at=NOW,
        revoked_at=NOW if revoked else None,
    )


async def test_before_anything_is_known_only_the_admin_key_opens(away: GraphStore) -> None:
    ring = KeyRing(away, admin_key=ADMIN, keyless_allowed=True)
    assert ring.caller(ADMIN).scopes == SCOPES
    for presented in (None, SECRET, ADMIN + "x", ""):
        with pytest.raises(GraphUnavailable):
            ring.caller(presented)


async def test_loopback_is_open_only_while_no_key_was_ever_made(away: GraphStore) -> None:
    ring = knowing(KeyRing(away, keyless_allowed=True))
    assert ring.keyless
    assert ring.caller(None) is LOCAL
    with pytest.raises(Unauthenticated):
        ring.caller("a wrong key")
    for key in (api_key(), api_key(revoked=True)):
        assert not knowing(ring, key).keyless
        with pytest.raises(Unauthenticated, match="needed"):
            ring.caller(None)


async def test_elsewhere_or_with_an_admin_key_a_key_is_needed(away: GraphStore) -> None:
    for ring in (KeyRing(away), KeyRing(away, admin_key=ADMIN, keyless_allowed=True)):
        with pytest.raises(Unauthenticated):
            knowing(ring).caller(None)
    assert not knowing(KeyRing(away, admin_key="", keyless_allowed=False)).any_active
    assert not knowing(KeyRing(away), api_key(revoked=True)).any_active
    assert knowing(KeyRing(away), api_key()).any_active


async def test_while_neo4j_is_away_the_last_known_keys_count(away: GraphStore) -> None:
    ring = knowing(KeyRing(away, refresh_s=0.05), api_key())
    with pytest.raises(GraphUnavailable):
        await ring.refresh()
    refreshing = asyncio.create_task(ring.run())
    await asyncio.sleep(0.3)
    assert not refreshing.done()
    assert ring.caller(SECRET).name == "n"
    refreshing.cancel()


async def test_what_another_process_changes_is_known_within_a_refresh(
    store: GraphStore, tenant: str
) -> None:
    ring = KeyRing(store, refresh_s=0.05)
    refreshing = asyncio.create_task(ring.run())
    made = await create_key(store, name="n", scopes=["read"], tenant=tenant, creator=LOCAL, now=NOW)
    await until(ring, made.secret, open_=True)
    await revoke_key(store, made.key.id, caller=LOCAL, now=NOW)
    await until(ring, made.secret, open_=False)
    refreshing.cancel()


async def until(ring: KeyRing, secret: str, *, open_: bool) -> None:
    for _ in range(500):
        if opens(ring, secret) is open_:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the change was not noticed within 10 s")


def opens(ring: KeyRing, secret: str) -> bool:
    try:
        ring.caller(secret)
    except (Unauthenticated, GraphUnavailable):
        return False
    return True
