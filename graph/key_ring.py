"""The keys as a server process knows them: read every few seconds, usable when Neo4j is away."""

import asyncio
import hmac
import logging
from dataclasses import dataclass, field

from graph.errors import GraphUnavailable, Unauthenticated, Unavailable
from graph.keys import LOCAL, SCOPES, Caller, Keys, digest
from graph.scope import TenantScope
from graph.store.door import GraphStore

_LOG = logging.getLogger(__name__)
_FIRST_TRIES_S = 0.25


@dataclass
class KeyRing:
    """Who presents which key. While Neo4j is away the last known keys count.

    `admin_key` comes from the settings and always works, with every scope: it makes the first key.
    `keyless_allowed` says whether callers without a key are let in while no key was ever made: only
    where the server listens on loopback alone. Before the keys were read once, nobody is let in but
    the holder of `admin_key`.
    """

    store: GraphStore
    admin_key: str | None = None
    keyless_allowed: bool = False
    refresh_s: float = 3.0
    _keys: Keys | None = field(default=None, init=False)
    _refreshing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    @property
    def known(self) -> bool:
        """Whether the keys were read at least once."""
        return self._keys is not None

    @property
    def keyless(self) -> bool:
        """Whether callers without a key are let in now."""
        return (
            self.keyless_allowed
            and not self.admin_key
            and self._keys is not None
            and not self._keys.by_id
        )

    @property
    def any_active(self) -> bool:
        """Whether anyone holds a key that works."""
        keys = self._keys.by_id.values() if self._keys else ()
        return bool(self.admin_key) or any(key.revoked_at is None for key in keys)

    async def refresh(self) -> None:
        """Read the keys now. Raises GraphUnavailable; the keys known before stay."""
        async with self._refreshing:
            self._keys = await Keys.read(self.store)

    async def run(self) -> None:
        """Refresh until cancelled; a Neo4j that is away is waited for."""
        while True:
            try:
                await self.refresh()
            except Unavailable as error:
                _LOG.warning("API keys could not be read, the last known count: %s", error)
            await asyncio.sleep(self.refresh_s if self.known else _FIRST_TRIES_S)

    def caller(self, presented: str | None) -> Caller:
        """Who calls with this key, or without one.

        Raises Unauthenticated for no or an unknown key; GraphUnavailable where that can't be told
        because the keys could not be read yet.
        """
        if presented is not None and self._is_admin_key(presented):
            return Caller(TenantScope.all(), SCOPES, key_id=None, name="ROUTECAUSE_ADMIN_KEY")
        if self._keys is None:
            raise GraphUnavailable("the API keys could not be read yet; try again soon")
        if presented is not None:
            return self._keys.caller(presented)
        if self.keyless:
            return LOCAL
        raise Unauthenticated(
            "an API key is needed; send it as `Authorization: Bearer …` or `X-API-Key: …`"
        )

    def _is_admin_key(self, presented: str) -> bool:
        # Compared by digest: neither time nor length tells anything.
        return bool(self.admin_key) and hmac.compare_digest(
            digest(presented), digest(self.admin_key or "")
        )
