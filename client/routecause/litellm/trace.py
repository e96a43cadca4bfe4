"""What is known of each request that LiteLLM works on, until it is over.

One request of a caller is many calls for LiteLLM: retries, then other model groups. They share the
mark that is put into the request's metadata when it begins.
"""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final
from uuid import uuid4

from routecause.choice import Choice, Request

MARK: Final = "routecause_trace"
"""The key of a request's metadata that says which trace it belongs to."""
TRACES_AT_MOST: Final = 4_000
SETTLE_S: Final = 30.0
"""How long a failure may be followed by another try, where nobody says that it was the last; and
how long LiteLLM's own word of an answer is waited for.
"""


@dataclass(slots=True)
class Attempt:
    """One deployment that was tried and failed, and the class of the failure."""

    deployment: str
    cause: str


@dataclass(slots=True)
class Trace:
    """One request from its arrival to its end."""

    id: str
    request_id: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    watched: bool = False
    request: Request | None = None
    session: str | None = None
    choice: Choice | None = None
    rejected: dict[str, str] = field(default_factory=dict[str, str])
    reasons: list[str] = field(default_factory=list[str])
    failed: dict[tuple[Any, ...], Attempt] = field(default_factory=dict[tuple[Any, ...], Attempt])
    model_group: str | None = None
    picked: str | None = None
    picked_at: datetime | None = None
    returned: bool = False
    answer: dict[str, Any] | None = None
    settles_at_s: float | None = None
    error: str | None = None

    def tried(self) -> set[str]:
        """The deployments that failed for this request so far."""
        return {attempt.deployment for attempt in self.failed.values()}

    def fallback_from(self) -> list[tuple[str, str]]:
        """The failed tries in order, each with its cause."""
        return [(attempt.deployment, attempt.cause) for attempt in self.failed.values()]

    def waits_to_settle(self, now_s: float) -> None:
        """It may be over, unless more is told of it."""
        self.settles_at_s = now_s + SETTLE_S


class Traces:
    """The requests under way, the oldest forgotten first where they are too many."""

    def __init__(self, *, limit: int = TRACES_AT_MOST) -> None:
        self._limit = limit
        self._lock = Lock()
        self._traces: OrderedDict[str, Trace] = OrderedDict()
        self._told: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._traces)

    def begin(self, *, request_id: str | None, trace_id: str | None = None) -> Trace:
        """A new trace. A request id that was used before, e.g. a session's, gets a suffix."""
        name = trace_id or uuid4().hex
        with self._lock:
            told = request_id or name
            if told in self._told:
                told = f"{told}.{name[:12]}"
            self._told[told] = None
            trace = self._traces[name] = Trace(name, told)
            while len(self._traces) > self._limit:
                self._traces.popitem(last=False)
            while len(self._told) > self._limit:
                self._told.popitem(last=False)
        return trace

    def find(self, name: Any) -> Trace | None:
        """A request under way."""
        return self._traces.get(name) if isinstance(name, str) else None

    def end(self, trace: Trace) -> bool:
        """A request is over. False where it was so before."""
        with self._lock:
            return self._traces.pop(trace.id, None) is not None

    def settled(self, now_s: float | None = None) -> Sequence[Trace]:
        """Those of which nothing more was told for long; with None all that may be over."""
        with self._lock:
            return [
                trace
                for trace in self._traces.values()
                if trace.settles_at_s is not None and (now_s is None or trace.settles_at_s <= now_s)
            ]


def mark_of(metadata: Mapping[str, Any]) -> str | None:
    """The mark in a request's metadata."""
    told = metadata.get(MARK)
    return told if isinstance(told, str) else None


def clock_s() -> float:
    """The monotonic clock of settling."""
    return time.monotonic()
