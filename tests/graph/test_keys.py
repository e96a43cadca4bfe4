"""API keys: made once, kept as hashes, bound by what their maker may do, gone when revoked."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from graph.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from graph.keys import (
    LOCAL,
    SCOPES,
    Caller,
    Keys,
    checked_scopes,
    create_key,
    digest,
    list_keys,
    revoke_key,
)
from graph.scope import TenantScope
from graph.store.door import GraphStore

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def admin_of(tenant: str, *scopes: str) -> Caller:
    granted = checked_scopes(["admin", *scopes])
    return Caller(TenantScope.of(tenant), granted, key_id="rc_00000000", name="admin")


async def test_a_key_opens_until_it_is_revoked(store: GraphStore, tenant: str) -> None:
    made = await create_key(
        store, name="router", scopes=["route", "ingest"], tenant=tenant, creator=LOCAL, now=NOW
    )
    assert re.fullmatch(r"rc_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", made.secret)
    assert made.secret.startswith(made.key.id)
    keys = await Keys.read(store)
    caller = keys.caller(made.secret)
    assert caller == made.key.caller
    assert (caller.scope, caller.scopes) == (TenantScope.of(tenant), {"route", "ingest"})
    caller.require("ingest", "backfill")
    with pytest.raises(Forbidden, match="admin"):
        caller.require("admin")
    for wrong in (
        made.secret[:-1] + "?",
        made.secret + "x",
        made.key.id,
        "",
        "rc_\ud800",
        "x" * 999,
    ):
        with pytest.raises(Unauthenticated):
            keys.caller(wrong)
    revoked = await revoke_key(store, made.key.id, caller=LOCAL, now=NOW + timedelta(days=1))
    assert revoked.revoked_at == NOW + timedelta(days=1)
    again = await revoke_key(store, made.key.id, caller=LOCAL, now=NOW + timedelta(days=2))
    assert again.revoked_at == NOW + timedelta(days=1)
    with pytest.raises(Unauthenticated, match="revoked"):
        (await Keys.read(store)).caller(made.secret)


async def test_only_the_hash_is_kept(store: GraphStore, tenant: str) -> None:
    made = await create_key(
        store, name="one", scopes=["read"], tenant=tenant, creator=LOCAL, now=NOW
    )
    (row,) = [row for row in await store.ask("api_keys") if row["tenant"] == tenant]
    assert row["hash"] == digest(made.secret).hex()
    assert made.secret[12:] not in str(row)


async def test_a_tenants_admin_stays_within_its_tenant(store: GraphStore, tenant: str) -> None:
    admin = admin_of(tenant, "read")
    for foreign in (None, "other"):
        with pytest.raises(Forbidden, match="its own tenant"):
            await create_key(
                store, name="x", scopes=["read"], tenant=foreign, creator=admin, now=NOW
            )
    with pytest.raises(Forbidden, match="backfill"):
        await create_key(
            store, name="x", scopes=["read", "backfill"], tenant=tenant, creator=admin, now=NOW
        )
    mine = await create_key(
        store, name="mine", scopes=["read"], tenant=tenant, creator=admin, now=NOW
    )
    others = await create_key(
        store, name="others", scopes=["read"], tenant=f"{tenant}-b", creator=LOCAL, now=NOW
    )
    assert [key.id for key in await list_keys(store, caller=admin)] == [mine.key.id]
    assert others.key.id in {key.id for key in await list_keys(store, caller=LOCAL)}
    with pytest.raises(NotFound):
        await revoke_key(store, others.key.id, caller=admin, now=NOW)


async def test_only_an_admin_deals_with_keys(store: GraphStore) -> None:
    reader = Caller(TenantScope.all(), SCOPES - {"admin"}, key_id=None, name="reader")
    with pytest.raises(Forbidden):
        await create_key(store, name="x", scopes=["read"], tenant=None, creator=reader, now=NOW)
    with pytest.raises(Forbidden):
        await list_keys(store, caller=reader)
    with pytest.raises(Forbidden):
        await revoke_key(store, "rc_00000000", caller=reader, now=NOW)


@pytest.mark.parametrize(
    ("name", "scopes", "tenant", "field"),
    [
        ("", ["read"], None, "name"),
        ("a\0", ["read"], None, "name"),
        ("x" * 201, ["read"], None, "name"),
        ("x", [], None, "scopes"),
        ("x", ["read", "write"], None, "scopes"),
        ("x", ["read"], "a b", "tenant"),
        ("x", ["read"], "acme\n", "tenant"),
    ],
)
async def test_what_a_key_may_not_be(
    store: GraphStore, name: str, scopes: list[str], tenant: str | None, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await create_key(store, name=name, scopes=scopes, tenant=tenant, creator=LOCAL, now=NOW)
    assert caught.value.field == field
