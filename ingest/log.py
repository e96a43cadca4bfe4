"""The durable log: a Redis Stream that events are in before anyone is told that they are accepted.

What is known is not appended again. An event is known by its (source, id); a request also by its
(tenant, request_id), under whatever id or source it is reported again. Two tellings of one (source,
id) are the same body where all that the models understand is equal; order of fields, spelling of
times, unknown fields and `recordedtime` do not matter: the last says when the service learned of
it, and the first telling stands. The memory of what is known is bounded in time and size (see the
settings); beyond it the graph's own uniqueness holds.

The groups `writer` and `projector` each get every entry at least once. What both acknowledged is
dropped, so the length of the log is what still waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Any, Final, Literal, NamedTuple, Self, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from graph.errors import HotUnavailable, Overloaded
from graph.hot.connection import connect, translated
from graph.settings import GraphSettings
from ingest.dead_letters import DeadLetter, DeadLetters
from ingest.events import Event, InvalidEvent, RequestCompleted, parse_event
from ingest.settings import IngestSettings

LOG: Final = "rc:log"
Group = Literal["writer", "projector"]
GROUPS: Final[tuple[Group, ...]] = ("writer", "projector")

_STATE = "rc:log:known"
_RING = [f"rc:log:known:{slot}" for slot in range(5)]
_DAY_MS = 86_400_000
_TRIM_EVERY_S = 1.0
_HERE = Path(__file__).parent
_APPEND_TEXT = (_HERE / "append.lua").read_text(encoding="utf-8")
_ACKNOWLEDGE_TEXT = (_HERE / "acknowledge.lua").read_text(encoding="utf-8")


class Appended(Enum):
    """What became of one event of a batch."""

    NEW = "0"
    DUPLICATE = "1"
    CONFLICT = "2"


class LogEntry(NamedTuple):
    """One event in the log; `deliveries` counts how often it was handed out, this time included."""

    id: str
    event: Event
    raw: bytes
    deliveries: int = 1


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: entries in the log, those each group has not acknowledged, age of the oldest."""

    length: int
    waiting: dict[str, int]
    oldest_age_s: float | None


class Fingerprint(NamedTuple):
    """What an event is known by, and its JSON as it stands in the log."""

    key: bytes
    body: bytes
    request: bytes
    entry: bytes


def fingerprint(event: Event) -> Fingerprint:
    """The digests that tell whether an event is known: 16, 8 and 16 bytes (or none)."""
    body = event.model_dump_json(exclude_none=True, exclude={"recordedtime"}).encode()
    request = b""
    if isinstance(event.data, RequestCompleted):
        name = f"{event.tenant}\0{event.data.request_id}".encode()
        request = blake2b(name, digest_size=16, person=b"request").digest()
    recorded = event.recordedtime.isoformat().encode()
    return Fingerprint(
        # Neither part can hold a NUL, so no two pairs make the same bytes.
        key=blake2b(f"{event.source}\0{event.id}".encode(), digest_size=16).digest(),
        body=blake2b(body, digest_size=8).digest(),
        request=request,
        entry=body[:-1] + b',"recordedtime":"' + recorded + b'"}',
    )


def _says(error: HotUnavailable, words: str) -> bool:
    """Whether Redis did answer, with these words."""
    return isinstance(error.__cause__, ResponseError) and words in str(error.__cause__)


class EventLog:
    """The log. Every method raises HotUnavailable where Redis does not answer in time."""

    def __init__(
        self, redis: Redis, *, settings: IngestSettings, dead_letters: DeadLetters | None = None
    ) -> None:
        # The driver's own types leave what it answers unknown.
        self._redis = cast("Any", redis)
        self._settings = settings
        self.dead_letters = dead_letters or DeadLetters(redis, settings=settings)
        self._append = redis.register_script(_APPEND_TEXT)
        self._acknowledge = redis.register_script(_ACKNOWLEDGE_TEXT)
        self._resumed: dict[tuple[str, str], str | None] = {}
        self._recovered_at: dict[tuple[str, str], float] = {}
        self._trimmed_at = 0.0

    @classmethod
    def open(cls, graph: GraphSettings, *, settings: IngestSettings) -> Self:
        """A log at the address in the settings, with its own connections; nothing is sent yet."""
        redis = connect(graph.redis_url, settings=graph, timeout_s=settings.log_timeout_s)
        return cls(redis, settings=settings)

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()

    async def append(
        self, events: Sequence[Event], *, now: datetime | None = None, anew: bool = False
    ) -> list[Appended]:
        """Make a batch durable, all or nothing; the answer is in the same order.

        `anew` appends even what is known: for what had been in the log and could not be applied.
        Raises Overloaded, with nothing appended, while too much waits.
        """
        if not events:
            return []
        limits = self._settings
        at = now or datetime.now(UTC)
        arguments: list[bytes | str | int] = [
            int(at.timestamp() * 1000),
            # Four whole hashes of the ring of five are always kept.
            int(limits.idempotency_days * _DAY_MS / 4),
            limits.idempotency_entries // 5,
            limits.backlog_limit,
            "1" if anew else "",
        ]
        arguments += chain.from_iterable(fingerprint(event) for event in events)
        with translated():
            answer = cast(
                "bytes", await self._append(keys=[LOG, _STATE, *_RING], args=arguments)
            ).decode()
        if answer == "overloaded":
            raise Overloaded(
                f"{limits.backlog_limit} events wait to be written; send again later",
                retry_after_s=limits.overload_retry_s,
            )
        return [Appended(digit) for digit in answer]

    async def read(
        self, group: Group, *, consumer: str, count: int, block_ms: int
    ) -> list[LogEntry]:
        """Up to `count` entries: first what is held unapplied, then new ones.

        Held is what this consumer was given before it was restarted, and what any consumer of the
        group has not acknowledged for `recover_idle_s`. Waits up to `block_ms` for new entries
        (never longer than half of the command timeout).
        """
        try:
            rows, deliveries = await self._rows(group, consumer, count, block_ms)
        except HotUnavailable as error:
            if not _says(error, "NOGROUP"):
                raise
            await self._create_group(group)
            rows, deliveries = await self._rows(group, consumer, count, block_ms)
        entries, gone = await self._parsed(rows, deliveries)
        if gone:
            await self.acknowledge(group, gone)
        elif not rows and monotonic() - self._trimmed_at > _TRIM_EVERY_S:
            self._trimmed_at = monotonic()
            await self.trim()
        return entries

    def rewind(self, group: Group, *, consumer: str) -> None:
        """Let the next `read` begin with all that this consumer holds: after a failure."""
        self._resumed[group, consumer] = "0"

    async def acknowledge(self, group: Group, ids: Sequence[str]) -> None:
        """Done with these; what both groups are done with is dropped from the log."""
        with translated():
            await self._acknowledge(keys=[LOG], args=[group, *ids])

    async def trim(self) -> None:
        """Drop what both groups are done with, also where another hand acknowledged it."""
        await self.acknowledge(GROUPS[0], [])

    async def backlog(self) -> Backlog:
        """What waits now; ages by Redis's own clock."""
        try:
            with translated():
                pipeline = self._redis.pipeline(transaction=True)
                pipeline.xlen(LOG)
                pipeline.xrange(LOG, count=1)
                pipeline.xinfo_groups(LOG)
                pipeline.time()
                length, first, groups, (seconds, micros) = await pipeline.execute()
        except HotUnavailable as error:
            if _says(error, "no such key"):
                return Backlog(length=0, waiting=dict.fromkeys(GROUPS, 0), oldest_age_s=None)
            raise
        waiting: dict[str, int] = dict.fromkeys(GROUPS, int(length))
        for group in groups:
            # Redis does not know the lag after some deletions; the length is its upper bound.
            lag = length if group["lag"] is None else group["lag"]
            waiting[group["name"].decode()] = min(int(length), int(lag + group["pending"]))
        oldest: float | None = None
        if first:
            started_ms = int(first[0][0].split(b"-")[0])
            oldest = max(0.0, seconds + micros / 1e6 - started_ms / 1e3)
        return Backlog(length=length, waiting=waiting, oldest_age_s=oldest)

    async def _rows(
        self, group: Group, consumer: str, count: int, block_ms: int
    ) -> tuple[list[Any], dict[bytes, int]]:
        """Rows as Redis gives them, and how often those that were held were handed out."""
        with translated():
            if held := await self._held(group, consumer=consumer, count=count):
                return held, await self._deliveries(group, held)
            return await self._new(group, consumer=consumer, count=count, block_ms=block_ms), {}

    async def _held(self, group: Group, *, consumer: str, count: int) -> list[Any]:
        """Rows that were handed out before and not acknowledged."""
        who = (group, consumer)
        cursor = self._resumed.get(who, "0")
        if cursor is not None:
            answer = await self._redis.xreadgroup(group, consumer, {LOG: cursor}, count=count)
            rows: list[Any] = answer[0][1] if answer else []
            self._resumed[who] = rows[-1][0].decode() if rows else None
            if rows:
                return rows
        idle_s = self._settings.recover_idle_s
        if monotonic() - self._recovered_at.get(who, 0.0) < min(1.0, idle_s / 2):
            return []
        _, rows, _ = await self._redis.xautoclaim(
            LOG, group, consumer, min_idle_time=int(idle_s * 1000), start_id="0-0", count=count
        )
        if not rows:
            self._recovered_at[who] = monotonic()
        return rows

    async def _new(self, group: Group, *, consumer: str, count: int, block_ms: int) -> list[Any]:
        longest_ms = int(self._settings.log_timeout_s * 500)
        answer = await self._redis.xreadgroup(
            group,
            consumer,
            {LOG: ">"},
            count=count,
            # To Redis, 0 is for ever.
            block=min(block_ms, longest_ms) if block_ms > 0 else None,
        )
        return answer[0][1] if answer else []

    async def _deliveries(self, group: Group, rows: list[Any]) -> dict[bytes, int]:
        pipeline = self._redis.pipeline(transaction=False)
        for entry_id, _ in rows:
            pipeline.xpending_range(LOG, group, entry_id, entry_id, 1)
        answers = await pipeline.execute()
        return {row[0]["message_id"]: row[0]["times_delivered"] for row in answers if row}

    async def _create_group(self, group: Group) -> None:
        try:
            with translated():
                await self._redis.xgroup_create(LOG, group, id="0", mkstream=True)
        except HotUnavailable as error:
            # Another consumer was quicker.
            if not _says(error, "BUSYGROUP"):
                raise

    async def _parsed(
        self, rows: list[Any], deliveries: dict[bytes, int]
    ) -> tuple[list[LogEntry], list[str]]:
        """The rows as entries, and the ids of those that are gone or unreadable.

        Unreadable is what another version of this service wrote; it becomes a dead letter.
        """
        entries: list[LogEntry] = []
        gone: list[str] = []
        for entry_id, fields in rows:
            name = entry_id.decode()
            raw = fields.get(b"e") if fields else None
            if raw is None:
                gone.append(name)
                continue
            try:
                entries.append(LogEntry(name, parse_event(raw), raw, deliveries.get(entry_id, 1)))
            except InvalidEvent as error:
                letter = DeadLetter.of(
                    raw,
                    errors=error.errors,
                    tenant=None,
                    event_id=None,
                    origin="log",
                    received_at=datetime.now(UTC),
                    limit_bytes=self._settings.event_limit_bytes,
                )
                await self.dead_letters.keep([letter])
                gone.append(name)
        return entries, gone
