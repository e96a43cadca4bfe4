"""Sending events in the background: batches, bounded memory, the same bytes again until taken.

An event is made into bytes once, with its id, so whatever is sent twice is known to the service and
counts once. Nothing here blocks who records: the queue has a limit, and beyond it the oldest events
are dropped and counted.
"""

import asyncio
import contextlib
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import httpx

from routecause.engine import Engine, Reply

_LOG = logging.getLogger("routecause")

LINGER_S: Final = 0.05
"""How long the first event of a batch waits for others."""
BATCH_EVENTS: Final = 500
BATCH_BYTES: Final = 1_000_000
POST_LIMIT_S: Final = 15.0
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 30.0
COMPLAIN_EVERY_S: Final = 60.0
_LINES: Final = "application/x-ndjson"

OnRejected = Callable[[dict[str, Any], list[dict[str, str]]], None]
"""Called, in the background, with an event that the service refused, and its errors."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What became of the events given so far."""

    recorded: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    dropped: int = 0
    invalid: int = 0
    retries: int = 0
    waiting: int = 0
    waiting_bytes: int = 0


@dataclass(slots=True)
class _Queue:
    """Events that wait, as lines, and those that are on their way."""

    waiting: deque[bytes] = field(default_factory=deque[bytes])
    sending: list[bytes] = field(default_factory=list[bytes])
    size_bytes: int = 0

    def __len__(self) -> int:
        return len(self.waiting) + len(self.sending)


class Recorder:
    """One queue and one sender for it."""

    def __init__(
        self,
        engine: Engine,
        *,
        count_limit: int,
        bytes_limit: int,
        on_rejected: OnRejected | None = None,
    ) -> None:
        self._engine = engine
        self._count_limit = count_limit
        self._bytes_limit = bytes_limit
        self._on_rejected = on_rejected
        self._changed = threading.Condition()
        self._queue = _Queue()
        self._counted = Counters()
        self._sender: asyncio.Event | None = None
        self._hurry: asyncio.Event | None = None
        self._starting = False
        self._batch_events = BATCH_EVENTS
        self._complained_at_s = float("-inf")

    @property
    def counters(self) -> Counters:
        """The counts as of now."""
        with self._changed:
            waiting, size_bytes = len(self._queue), self._queue.size_bytes
            return replace(self._counted, waiting=waiting, waiting_bytes=size_bytes)

    def add(self, event: Mapping[str, Any]) -> bool:
        """Queue an event. False where it cannot be JSON; never raises, never waits for I/O."""
        try:
            line = json.dumps(event, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        except (TypeError, ValueError, RecursionError) as error:
            self.refuse(f"it is no JSON: {error}")
            return False
        with self._changed:
            queue = self._queue
            self._count(recorded=1)
            queue.waiting.append(line)
            queue.size_bytes += len(line)
            dropped = 0
            while queue.waiting and self._too_much(queue):
                queue.size_bytes -= len(queue.waiting.popleft())
                dropped += 1
            if dropped:
                self._count(dropped=dropped)
        if dropped:
            self._complain("dropped events: more are recorded than the service takes")
        self._wake()
        return True

    def refuse(self, why: str) -> None:
        """Count what could not even be made into an event."""
        with self._changed:
            self._count(invalid=1)
        self._complain(f"an event was not recorded: {why}")

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything is sent, without any pause. False where it is not in time."""
        self._wake()
        hurry = self._hurry
        if hurry is not None:
            with contextlib.suppress(RuntimeError):
                self._engine.call(hurry.set)
        with self._changed:
            return self._changed.wait_for(lambda: not len(self._queue), timeout_s)

    def _too_much(self, queue: _Queue) -> bool:
        return len(queue) > self._count_limit or queue.size_bytes > self._bytes_limit

    def _count(self, **more: int) -> None:
        now = {name: getattr(self._counted, name) + by for name, by in more.items()}
        self._counted = replace(self._counted, **now)

    def _wake(self) -> None:
        with self._changed:
            start, sender = not self._starting, self._sender
            self._starting = True
        try:
            if start:
                self._engine.submit(self._send_all)
            elif sender is not None and not sender.is_set():
                self._engine.call(sender.set)
        except RuntimeError:
            self._complain("events are not sent: the client is closed")

    async def _send_all(self) -> None:
        self._sender, self._hurry = asyncio.Event(), asyncio.Event()
        pause_s = FIRST_PAUSE_S
        while True:
            if not len(self._queue):
                await self._sender.wait()
            if len(self._queue) < self._batch_events:
                await asyncio.sleep(LINGER_S)
            self._sender.clear()
            self._take()
            try:
                wait_s = await self._send()
            except Exception:  # noqa: BLE001  # whatever it is, it must not end the sending
                _LOG.exception("sending events failed")
                wait_s = 0.0
            if wait_s is None:
                pause_s = FIRST_PAUSE_S
                continue
            self._put_back()
            self._hurry.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), max(wait_s, pause_s))
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

    def _take(self) -> None:
        """Make a batch, of half the memory at most: the rest is for what comes meanwhile."""
        count_limit = min(self._batch_events, max(1, self._count_limit // 2))
        bytes_limit = min(BATCH_BYTES, self._bytes_limit // 2)
        with self._changed:
            queue, size_bytes = self._queue, 0
            while queue.waiting and len(queue.sending) < count_limit:
                size_bytes += len(queue.waiting[0])
                if queue.sending and size_bytes > bytes_limit:
                    break
                queue.sending.append(queue.waiting.popleft())

    def _put_back(self) -> None:
        """The service has not taken the batch: it is the oldest again, and may be dropped."""
        with self._changed:
            self._count(retries=1)
            self._queue.waiting.extendleft(reversed(self._queue.sending))
            self._queue.sending = []

    async def _send(self) -> float | None:
        """Send the batch. None where the service has it, else the seconds it asks to wait."""
        lines = list(self._queue.sending)
        if not lines:
            return None
        try:
            reply = await self._engine.post(
                "/v1/events", b"".join(lines), kind=_LINES, limit_s=POST_LIMIT_S
            )
        except (httpx.HTTPError, OSError) as error:
            self._complain(f"events wait: the service does not answer ({type(error).__name__})")
            return 0.0
        if reply.status in (202, 422):
            self._done(lines, _receipt(reply))
            return None
        if reply.status == 413:
            return self._halve(lines)
        self._complain(f"events wait: the service answered {reply.status}")
        return min(reply.retry_after_s or 0.0, LONGEST_PAUSE_S)

    def _done(self, lines: list[bytes], receipt: dict[str, Any]) -> None:
        rejected = cast("list[dict[str, Any]]", receipt.get("rejected", []))
        for one in rejected:
            self._report(lines, one)
        known = int(receipt.get("duplicates", 0))
        taken = int(receipt.get("accepted", len(lines) - len(rejected) - known))
        self._settle(lines, accepted=taken, duplicates=known, rejected=len(rejected))
        if rejected:
            errors = rejected[0].get("errors")
            self._complain(f"the service refused events, e.g. because of {errors}")

    def _report(self, lines: list[bytes], rejection: dict[str, Any]) -> None:
        index = rejection.get("index")
        if self._on_rejected is None or not isinstance(index, int) or index >= len(lines):
            return
        try:
            self._on_rejected(json.loads(lines[index]), rejection.get("errors", []))
        except Exception:  # noqa: BLE001  # a caller's mistake must not end the sending
            _LOG.exception("on_rejected failed")

    def _halve(self, lines: list[bytes]) -> float | None:
        """Too large for the service: half of it next time; a single event is dropped."""
        if len(lines) == 1:
            self._settle(lines, dropped=1)
            self._complain("dropped an event that is larger than the service takes")
            return None
        self._batch_events = len(lines) // 2
        with self._changed:
            self._queue.waiting.extendleft(reversed(lines))
            self._queue.sending = []
        return None

    def _settle(self, lines: list[bytes], **counts: int) -> None:
        self._batch_events = min(BATCH_EVENTS, self._batch_events * 2)
        with self._changed:
            self._queue.sending = []
            self._queue.size_bytes -= sum(map(len, lines))
            self._count(**counts)
            self._changed.notify_all()

    def _complain(self, what: str) -> None:
        """Once in a while: a service that is down must not fill the log."""
        now_s = time.monotonic()
        if now_s - self._complained_at_s >= COMPLAIN_EVERY_S:
            self._complained_at_s = now_s
            _LOG.warning("%s; so far: %s", what, self.counters)


def _receipt(reply: Reply) -> dict[str, Any]:
    try:
        told = json.loads(reply.body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", told) if isinstance(told, dict) else {}
