"""Whether to ask the service at all: after a failure nobody waits for the next one.

The clock is an argument, on the monotonic scale, so that every case can be tested at once.
"""

from enum import Enum
from threading import Lock
from typing import Final

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0


class Way(Enum):
    """How a request gets its view."""

    ASK = "ask the service and wait until the deadline"
    TRY = "answer from memory at once, and ask the service in the background"
    REMEMBER = "answer from memory at once"


class Gate:
    """Open while the service answers in time; after a failure closed for a pause that doubles.

    When the pause is over one request tries, in the background; the others need not wait for it.
    """

    def __init__(
        self, *, first_pause_s: float = FIRST_PAUSE_S, longest_pause_s: float = LONGEST_PAUSE_S
    ) -> None:
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._lock = Lock()
        self._pause_s = 0.0
        self._until_s = 0.0
        self._trying = False
        self.problem: str | None = None

    def way(self, now_s: float) -> Way:
        """How the next request gets its view; TRY is said once for each pause."""
        with self._lock:
            if self.problem is None:
                return Way.ASK
            if self._trying or now_s < self._until_s:
                return Way.REMEMBER
            self._trying = True
            return Way.TRY

    def succeeded(self, now_s: float) -> None:
        """The service answered in time. What was asked before a failure opens nothing."""
        with self._lock:
            if self._trying or now_s >= self._until_s:
                self.problem, self._pause_s, self._trying = None, 0.0, False

    def failed(self, problem: str, *, now_s: float, retry_after_s: float | None = None) -> None:
        """The service did not answer in time; many at once are one failure."""
        with self._lock:
            if self.problem is None or self._trying:
                doubled_s = max(self._first_pause_s, self._pause_s * 2)
                self._pause_s = min(self._longest_pause_s, doubled_s)
                self._until_s = now_s + self._pause_s
                self._trying = False
            if retry_after_s is not None:
                wanted_s = now_s + min(retry_after_s, self._longest_pause_s)
                self._until_s = max(self._until_s, wanted_s)
            self.problem = problem
