"""API keys: who may call, with which scopes, for which tenant. Kept in the graph, only as hashes.

A key reads `rc_<8 hexadecimal digits>_<43 URL-safe characters>`. The first two parts name it and
are shown in lists; the last is 256 random bits, so a plain SHA-256 of the whole can't be searched
and needs no salt.
"""

import hmac
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Final, Literal, cast, get_args

from graph.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from graph.scope import TenantScope
from graph.store import api_keys
from graph.store.door import GraphStore

Scope = Literal["read", "route", "ingest", "backfill", "admin"]
SCOPES: Final[frozenset[Scope]] = frozenset(get_args(Scope))

_KEY = re.compile(r"(rc_[0-9a-f]{8})_[A-Za-z0-9_-]{32,100}")
_TENANT = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_NAME_LENGTH = 200
_NOBODY = b"\0" * 32


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the tenants in sight, the scopes granted, and the key (None: no key needed)."""

    scope: TenantScope
    scopes: frozenset[Scope]
    key_id: str | None
    name: str

    def require(self, *one_of: Scope) -> None:
        """Raise Forbidden unless at least one of these scopes is granted."""
        if self.scopes.isdisjoint(one_of):
            needed = " or ".join(one_of)
            raise Forbidden(f"this needs a key with the scope {needed}; {self.name} has none of it")


LOCAL: Final = Caller(scope=TenantScope.all(), scopes=SCOPES, key_id=None, name="local")
"""Any caller on loopback while no key exists."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: `id` is its visible part, `hash` 32 bytes, `tenant` None for all."""

    id: str
    hash: bytes
    name: str
    scopes: frozenset[Scope]
    tenant: str | None
    created_at: datetime
    revoked_at: datetime | None

    @property
    def caller(self) -> Caller:
        """Who calls with it."""
        scope = TenantScope.all() if self.tenant is None else TenantScope.of(self.tenant)
        return Caller(scope=scope, scopes=self.scopes, key_id=self.id, name=self.name)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; `secret` is all of it, shown once and kept nowhere."""

    key: ApiKey
    secret: str


def digest(secret: str) -> bytes:
    """What is kept of a key: 32 bytes."""
    return sha256(secret.encode("utf-8", "replace")).digest()


def checked_scopes(scopes: Iterable[str]) -> frozenset[Scope]:
    """The scopes by name. Raises InvalidInput for an unknown one or none at all."""
    given = frozenset(scopes)
    if not given or given - SCOPES:
        known = ", ".join(get_args(Scope))
        raise InvalidInput(f"must be one or more of {known}", field="scopes")
    return cast("frozenset[Scope]", given)


async def create_key(
    store: GraphStore,
    *,
    name: str,
    scopes: Iterable[str],
    tenant: str | None,
    creator: Caller,
    now: datetime,
) -> NewKey:
    """Make a key. It can't do or see more than its creator.

    Raises InvalidInput for a bad name, scope or tenant; Forbidden where it would be more.
    """
    creator.require("admin")
    granted = checked_scopes(scopes)
    if not 1 <= len(name) <= _NAME_LENGTH or not name.isprintable():
        raise InvalidInput(f"must be 1 to {_NAME_LENGTH} printable characters", field="name")
    if tenant is not None and not _TENANT.fullmatch(tenant):
        raise InvalidInput("must be 1 to 64 letters, digits or any of . _ : -", field="tenant")
    if creator.scope.tenants is not None and (tenant is None or tenant not in creator.scope):
        own = ", ".join(sorted(creator.scope.tenants))
        raise Forbidden(f"this key can only make keys for its own tenant ({own})")
    if granted - creator.scopes:
        more = ", ".join(sorted(granted - creator.scopes))
        raise Forbidden(f"this key can't grant scopes it does not have ({more})")
    secret = f"rc_{secrets.token_hex(4)}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=secret[:11],
        hash=digest(secret),
        name=name,
        scopes=granted,
        tenant=tenant,
        created_at=now,
        revoked_at=None,
    )
    await api_keys.add(
        store,
        {
            "id": key.id,
            "hash": key.hash.hex(),
            "name": name,
            "scopes": sorted(granted),
            "tenant": tenant,
            "createdAt": now,
        },
    )
    return NewKey(key=key, secret=secret)


async def list_keys(store: GraphStore, *, caller: Caller) -> list[ApiKey]:
    """All keys that a caller may see, revoked ones too, oldest first."""
    caller.require("admin")
    keys = [_key_of(row) for row in await api_keys.all_of_them(store)]
    visible = (k for k in keys if caller.scope.tenants is None or (k.tenant or "") in caller.scope)
    return sorted(visible, key=lambda k: (k.created_at, k.id))


async def revoke_key(store: GraphStore, key_id: str, *, caller: Caller, now: datetime) -> ApiKey:
    """Revoke a key; revoking it again changes nothing. Raises NotFound where it is out of sight."""
    found = {key.id: key for key in await list_keys(store, caller=caller)}.get(key_id)
    if found is None:
        raise NotFound(f"no key {key_id!r}; `keys list` shows their ids")
    await api_keys.revoke(store, key_id, at=now)
    return found if found.revoked_at else replace(found, revoked_at=now)


def _key_of(row: Mapping[str, object]) -> ApiKey:
    return ApiKey(
        id=cast("str", row["id"]),
        hash=bytes.fromhex(cast("str", row["hash"])),
        name=cast("str", row["name"]),
        # A scope that only a newer version knows grants nothing here.
        scopes=frozenset(cast("Sequence[Scope]", row["scopes"])) & SCOPES,
        tenant=cast("str | None", row["tenant"]),
        created_at=cast("datetime", row["createdAt"]),
        revoked_at=cast("datetime | None", row["revokedAt"]),
    )


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys as of one reading: who presents what is decided here, without I/O."""

    by_id: Mapping[str, ApiKey]

    @classmethod
    async def read(cls, store: GraphStore) -> "Keys":
        """The keys in the graph now. Raises GraphUnavailable."""
        rows = await api_keys.all_of_them(store)
        return cls(MappingProxyType({key.id: key for key in map(_key_of, rows)}))

    def caller(self, presented: str) -> Caller:
        """Who presents this key. Raises Unauthenticated where it is not an active one."""
        match = _KEY.fullmatch(presented)
        found = self.by_id.get(match.group(1)) if match else None
        # Always one digest and one comparison, so that time tells nothing of what is known.
        same = hmac.compare_digest(digest(presented), found.hash if found else _NOBODY)
        if found is None or not same:
            raise Unauthenticated("this is not a known API key; check it, or have a new one made")
        if found.revoked_at is not None:
            raise Unauthenticated("this API key was revoked; have a new one made")
        return found.caller
