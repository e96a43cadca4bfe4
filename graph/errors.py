"""The one tree of errors, sorted by who can do something about it.

    RoutecauseError
    ├── CallerError            the caller must change something
    │   ├── InvalidInput       a value is wrong; `field` names it
    │   ├── NotFound           no such thing in the caller's scope
    │   └── Conflict           the same key was used for something else
    ├── StatementFailed        the graph refused a statement: a bug, or a poisonous fact
    ├── Refused                policy says no
    │   ├── Unauthenticated    no key, or not a known one
    │   ├── Forbidden          the key lacks the scope or the tenant
    │   └── TooLarge           over a stated limit
    └── Unavailable            passes by waiting; `retry_after_s` says how long
        ├── GraphUnavailable   Neo4j does not answer
        ├── HotUnavailable     Redis does not answer
        └── Overloaded         the writer is too far behind

Each has a neutral `code` for machines and a message that is safe to show. Drivers' own exceptions
are translated where the driver is used and never travel further.
"""

from typing import ClassVar


class RoutecauseError(Exception):
    """Anything this service raises on purpose; `str(error)` is safe to show to any caller."""

    code: ClassVar[str] = "INTERNAL"


class CallerError(RoutecauseError):
    """The caller must change something before it can work."""

    code = "INVALID"


class InvalidInput(CallerError):
    """A value is wrong; `field` is its dotted path and the message says the remedy."""

    code = "INVALID_INPUT"

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.reason = message


class NotFound(CallerError):
    """Nothing of that name is visible to the caller (a foreign tenant's things are not found)."""

    code = "NOT_FOUND"


class Conflict(CallerError):
    """The same key stands for something else already."""

    code = "CONFLICT"


class StatementFailed(RoutecauseError):
    """Neo4j refused a statement for what it says or carries; trying again will not help."""

    code = "STATEMENT_FAILED"


class Refused(RoutecauseError):
    """Policy says no; trying again the same way will not help."""

    code = "REFUSED"


class Unauthenticated(Refused):
    """No API key was given, or it is not a known, active one."""

    code = "UNAUTHENTICATED"


class Forbidden(Refused):
    """The key is known but lacks the scope or the tenant."""

    code = "FORBIDDEN"


class TooLarge(Refused):
    """The input is over a stated limit."""

    code = "TOO_LARGE"


class Unavailable(RoutecauseError):
    """A part that is needed does not answer now; waiting may help."""

    code = "UNAVAILABLE"

    def __init__(self, message: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class GraphUnavailable(Unavailable):
    """Neo4j does not answer, or not in time."""

    code = "GRAPH_UNAVAILABLE"


class HotUnavailable(Unavailable):
    """Redis does not answer, or not in time."""

    code = "HOT_UNAVAILABLE"


class Overloaded(Unavailable):
    """More is waiting to be written than may wait."""

    code = "OVERLOADED"
