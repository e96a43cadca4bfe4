"""How asking Claude ends: what it found and took, or how it failed, in words fit to be shown."""

import email.utils
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final

from agent.checking.grounding import Problem
from agent.claude.prices import Usage
from graph.errors import Unavailable

if TYPE_CHECKING:
    import httpx2
    from anthropic import APIStatusError


@dataclass(slots=True)
class Spent:
    """What a question has taken so far; right at any time, also when it is cancelled."""

    usage: Usage = field(default_factory=Usage)
    cost_usd: float = 0.0
    turns: int = 0


class Stop(StrEnum):
    """Why an investigation ended."""

    ANSWERED = "answered"
    TURNS = "turns"
    DOLLARS = "dollars"
    TIME = "time"
    FAILED = "failed"
    """Claude, or the way to it, failed."""


@dataclass(frozen=True, slots=True)
class Investigated:
    """An answer, of which every sentence is supported by what the tools gave.

    `stop` is other than `answered` where a limit, or a failure, came before Claude had corrected
    its answer; what was not supported is then left out all the same. `dropped` are the sentences
    that were left out, `cut` says that Claude had to stop before its last sentence ended.
    """

    text: str
    stop: Stop
    spent: Spent
    dropped: tuple[Problem, ...] = ()
    sent_back: bool = False
    cut: bool = False

    @property
    def cost_usd(self) -> float:
        """What it cost, in US dollars."""
        return self.spent.cost_usd

    @property
    def certain(self) -> bool:
        """Whether it tells something, rather than that it can't be told."""
        return not self.text.lower().replace("\u2019", "'").startswith("i can't tell")

    @property
    def confidence(self) -> float:
        """In [0, 1]: nine tenths at most, less what had to be corrected, dropped or cut."""
        sentences = max(self.text.count(".") + len(self.dropped), 1)
        kept = 1 - min(len(self.dropped) / sentences, 1)
        return round(0.9 * kept * (0.9 if self.sent_back or self.cut else 1.0), 3)


class FailureKind(StrEnum):
    """What went wrong."""

    AUTHENTICATION = "authentication"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    SERVER = "server"
    CONNECTION = "connection"
    CUT = "cut"
    GARBAGE = "garbage"
    REFUSAL = "refusal"
    REJECTED = "rejected"
    UNGROUNDED = "ungrounded"
    TURNS = "turns"
    DOLLARS = "dollars"
    TIME = "time"


SAFE: Final[Mapping[FailureKind, str]] = {
    FailureKind.AUTHENTICATION: "Claude did not accept the key",
    FailureKind.RATE_LIMITED: "Claude's rate limit is reached",
    FailureKind.OVERLOADED: "Claude is overloaded",
    FailureKind.SERVER: "Claude's server failed",
    FailureKind.CONNECTION: "Claude could not be reached",
    FailureKind.CUT: "Claude's answer broke off",
    FailureKind.GARBAGE: "Claude's answer could not be read",
    FailureKind.REFUSAL: "Claude declined to answer",
    FailureKind.REJECTED: "Claude did not accept the request",
    FailureKind.UNGROUNDED: "nothing that Claude said is supported by the data",
    FailureKind.TURNS: "Claude found no answer in the turns that it may take",
    FailureKind.DOLLARS: "Claude found no answer for what a question may cost",
    FailureKind.TIME: "Claude found no answer in time",
}
PASSING: Final = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.OVERLOADED,
        FailureKind.SERVER,
        FailureKind.CONNECTION,
        FailureKind.CUT,
    }
)
"""What may be gone when it is tried again."""

_BY_TYPE: Final = {
    "authentication_error": FailureKind.AUTHENTICATION,
    "permission_error": FailureKind.AUTHENTICATION,
    "billing_error": FailureKind.AUTHENTICATION,
    "rate_limit_error": FailureKind.RATE_LIMITED,
    "overloaded_error": FailureKind.OVERLOADED,
    "timeout_error": FailureKind.SERVER,
    "api_error": FailureKind.SERVER,
    "invalid_request_error": FailureKind.REJECTED,
    "not_found_error": FailureKind.REJECTED,
}
_BY_STATUS: Final = {
    401: FailureKind.AUTHENTICATION,
    402: FailureKind.AUTHENTICATION,
    403: FailureKind.AUTHENTICATION,
    408: FailureKind.SERVER,
    429: FailureKind.RATE_LIMITED,
    503: FailureKind.OVERLOADED,
    529: FailureKind.OVERLOADED,
}


class ClaudeFailed(Unavailable):
    """Claude gave no answer, or cannot be asked; `spent` is what was paid all the same.

    `stated_s` is how long the server asked to wait, where it did.
    """

    code: ClassVar[str] = "CLAUDE_UNAVAILABLE"

    def __init__(
        self, kind: str, message: str, *, spent: Spent | None = None, stated_s: float | None = None
    ) -> None:
        super().__init__(message, retry_after_s=1.0 if stated_s is None else stated_s)
        self.kind = kind
        self.spent = spent or Spent()
        self.stated_s = stated_s

    @property
    def cost_usd(self) -> float:
        """What it cost, in US dollars."""
        return self.spent.cost_usd


def failed(kind: FailureKind, *, stated_s: float | None = None) -> ClaudeFailed:
    """A failure with the words that go with it."""
    return ClaudeFailed(kind, SAFE[kind], stated_s=stated_s)


def failure(error: Exception) -> ClaudeFailed:
    """What an error of the client, or of reading its stream, means."""
    # Imported late: whoever never asks Claude need not wait for its client.
    import httpx2
    from anthropic import APIConnectionError, APIStatusError, APITimeoutError

    match error:
        case ClaudeFailed():
            return error
        case APIStatusError():
            return _of_status(error)
        case APITimeoutError() | httpx2.TimeoutException():
            return failed(FailureKind.TIME)
        case httpx2.RemoteProtocolError() | httpx2.ReadError():
            return failed(FailureKind.CUT)
        case APIConnectionError() | httpx2.HTTPError():
            return failed(FailureKind.CONNECTION)
        case _:
            return failed(FailureKind.GARBAGE)


def _of_status(error: "APIStatusError") -> ClaudeFailed:
    # An error within a stream comes with the status 200: its type tells more than the status.
    kind = _BY_TYPE.get(str(error.type)) or _BY_STATUS.get(error.status_code)
    if kind is None and error.status_code >= 500:
        kind = FailureKind.SERVER
    if kind is None:
        known = error.status_code >= 400
        kind = FailureKind.REJECTED if known else FailureKind.GARBAGE
    return failed(kind, stated_s=_retry_after_s(error.response.headers))


def _retry_after_s(headers: "httpx2.Headers") -> float | None:
    with suppress(KeyError, ValueError):
        return max(float(headers["retry-after-ms"]) / 1000, 0.0)
    told = headers.get("retry-after")
    if told is None:
        return None
    with suppress(ValueError):
        return max(float(told), 0.0)
    with suppress(TypeError, ValueError):
        return max(email.utils.parsedate_to_datetime(told).timestamp() - time.time(), 0.0)
    return None
