"""Dead letters: what was sent but could not be taken, kept to be looked at, corrected and replayed.

They live in Redis, bounded in number (also by tenant) and in bytes; the oldest make room and are
counted as dropped. The same body rejected again replaces its letter, so that a sender's loop fills
nothing.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, Self, cast

import orjson
from redis.asyncio import Redis

from graph.errors import InvalidInput, NotFound
from graph.hot.connection import translated
from graph.scope import TenantScope
from ingest.events import FieldError
from ingest.settings import IngestSettings

Origin = Literal["gateway", "log", "writer", "projector"]
"""Who could not take it. What the gateway rejected was never in the log; the rest was."""

_LETTERS = "rc:dead:letters"
_ORDER = "rc:dead:order"
_COUNTS = "rc:dead:counts"
_TENANT_PREFIX = "rc:dead:tenant:"
_KEEP_TEXT = Path(__file__).with_name("keep.lua").read_text(encoding="utf-8")
_KEEP_BATCH = 200
PAGE_LIMIT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One thing that could not be taken.

    `tenant` is None where it could not be told whose it is: only an operator sees it then. `raw` is
    the body as it came (cut where `truncated`; `size_bytes` is its whole length).
    """

    id: str
    tenant: str | None
    received_at: datetime
    origin: Origin
    event_id: str | None
    errors: tuple[FieldError, ...]
    raw: bytes
    size_bytes: int
    truncated: bool

    @classmethod
    def of(
        cls,
        raw: bytes,
        *,
        errors: Sequence[FieldError],
        tenant: str | None,
        event_id: str | None,
        origin: Origin,
        received_at: datetime,
        limit_bytes: int,
    ) -> Self:
        """A letter named by its tenant and body, its body cut at `limit_bytes`."""
        name = blake2b(raw, digest_size=8, key=(tenant or "").encode()).hexdigest()
        return cls(
            id=f"dl_{name}",
            tenant=tenant,
            received_at=received_at,
            origin=origin,
            event_id=event_id,
            errors=tuple(errors),
            raw=raw[:limit_bytes],
            size_bytes=len(raw),
            truncated=len(raw) > limit_bytes,
        )

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 in it is shown as \\x escapes."""
        return self.raw.decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class DeadLetterCount:
    """How many letters are kept, how large they are, and how many were dropped for room."""

    kept: int
    size_bytes: int
    dropped: int


class DeadLetters:
    """The store of dead letters. Every method raises HotUnavailable where Redis does not answer."""

    def __init__(self, redis: Redis, *, settings: IngestSettings) -> None:
        # The driver's own types leave what it answers unknown.
        self._redis = cast("Any", redis)
        self._settings = settings
        self._keep = redis.register_script(_KEEP_TEXT)

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        """Keep letters; one with the same id is replaced."""
        for start in range(0, len(letters), _KEEP_BATCH):
            arguments: list[bytes | str | int] = []
            for letter in letters[start : start + _KEEP_BATCH]:
                at_ms = int(letter.received_at.timestamp() * 1000)
                arguments += [letter.id, letter.tenant or "", at_ms, _encoded(letter)]
            await self._call(arguments)

    async def newest(
        self, *, scope: TenantScope, limit: int = 50, before: str | None = None
    ) -> list[DeadLetter]:
        """At most `limit` (up to 500) letters in scope, newest first, from after `before` on."""
        if not 1 <= limit <= PAGE_LIMIT:
            raise InvalidInput(f"must be between 1 and {PAGE_LIMIT}", field="limit")
        found: list[tuple[float, str]] = []
        with translated():
            for key in self._orders(scope):
                found += await self._page(key, limit=limit, before=before)
            ids = [name for _, name in sorted(found, reverse=True)[:limit]]
            if not ids:
                return []
            kept = await self._redis.hmget(_LETTERS, ids)
        return [_decoded(name, blob) for name, blob in zip(ids, kept, strict=True) if blob]

    async def show(self, letter_id: str, *, scope: TenantScope) -> DeadLetter:
        """One letter. Raises NotFound where there is none in scope."""
        with translated():
            blob = await self._redis.hget(_LETTERS, letter_id)
        letter = _decoded(letter_id, blob) if blob else None
        if letter is None or not _visible(letter, scope):
            raise NotFound(f"no dead letter {letter_id!r}; it may have been replayed or dropped")
        return letter

    async def remove(self, letter_id: str, *, scope: TenantScope) -> None:
        """Forget one letter. Raises NotFound where there is none in scope."""
        await self.show(letter_id, scope=scope)
        await self._call([letter_id, "", 0, ""])

    async def count(self) -> DeadLetterCount:
        """How many there are, over all tenants."""
        with translated():
            kept = await self._redis.zcard(_ORDER)
            counts = await self._redis.hmget(_COUNTS, ["bytes", "dropped"])
        return DeadLetterCount(int(kept), int(counts[0] or 0), int(counts[1] or 0))

    async def _call(self, arguments: list[bytes | str | int]) -> None:
        limits = self._settings
        with translated():
            await self._keep(
                keys=[_LETTERS, _ORDER, _COUNTS],
                args=[
                    limits.dead_letter_count,
                    limits.dead_letter_tenant_count,
                    limits.dead_letter_total_bytes,
                    _TENANT_PREFIX,
                    *arguments,
                ],
            )

    def _orders(self, scope: TenantScope) -> list[str]:
        if scope.tenants is None:
            return [_ORDER]
        return [_TENANT_PREFIX + tenant for tenant in sorted(scope.tenants)]

    async def _page(self, key: str, *, limit: int, before: str | None) -> list[tuple[float, str]]:
        highest = "+inf"
        if before is not None:
            score = await self._redis.zscore(_ORDER, before)
            if score is None:
                raise InvalidInput("names no letter that is still kept", field="before")
            highest = str(int(score))
        # Letters of the same millisecond are told apart by id, so some more than `limit` are read.
        rows = await self._redis.zrange(
            key,
            highest,
            "-inf",
            desc=True,
            byscore=True,
            withscores=True,
            offset=0,
            num=limit + PAGE_LIMIT if before else limit,
        )
        found = [(float(score), name.decode()) for name, score in rows]
        if before is not None:
            found = [item for item in found if item < (float(highest), before)]
        return found[:limit]


def _visible(letter: DeadLetter, scope: TenantScope) -> bool:
    return scope.tenants is None or (letter.tenant is not None and letter.tenant in scope)


def _encoded(letter: DeadLetter) -> bytes:
    return orjson.dumps(
        {
            "received_at": letter.received_at,
            "origin": letter.origin,
            "event_id": letter.event_id,
            "errors": [[error.field, error.message] for error in letter.errors],
            # The body may be any bytes, and JSON holds text only.
            "raw": base64.b64encode(letter.raw).decode(),
            "size_bytes": letter.size_bytes,
            "truncated": letter.truncated,
        }
    )


def _decoded(letter_id: str, blob: bytes) -> DeadLetter:
    tenant, _, body = blob.partition(b"\n")
    told = orjson.loads(body)
    return DeadLetter(
        id=letter_id,
        tenant=tenant.decode() or None,
        received_at=datetime.fromisoformat(told["received_at"]).astimezone(UTC),
        origin=told["origin"],
        event_id=told["event_id"],
        errors=tuple(FieldError(field, message) for field, message in told["errors"]),
        raw=base64.b64decode(told["raw"]),
        size_bytes=told["size_bytes"],
        truncated=told["truncated"],
    )
