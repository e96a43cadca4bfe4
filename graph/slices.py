"""What a question is about: a metric, a period, a slice of the traffic, and its dimensions."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from graph.errors import InvalidInput


class Metric(StrEnum):
    """What is measured of requests."""

    QUALITY = "QUALITY"
    LATENCY_MEAN = "LATENCY_MEAN"
    LATENCY_P50 = "LATENCY_P50"
    LATENCY_P95 = "LATENCY_P95"
    TTFT_P95 = "TTFT_P95"
    ERROR_RATE = "ERROR_RATE"
    COST_PER_REQUEST = "COST_PER_REQUEST"
    COST = "COST"
    VOLUME = "VOLUME"


class Demand(StrEnum):
    """What is counted: requests, tokens (asked and answered), cost in US dollars."""

    REQUESTS = "REQUESTS"
    TOKENS = "TOKENS"
    COST = "COST"


class Dimension(StrEnum):
    """What requests can be told apart by."""

    DEPLOYMENT = "DEPLOYMENT"
    MODEL = "MODEL"
    BACKEND = "BACKEND"
    TASK_TYPE = "TASK_TYPE"
    TIER = "TIER"
    TENANT = "TENANT"
    POLICY_VERSION = "POLICY_VERSION"
    ARM = "ARM"
    ROUTER_VERSION = "ROUTER_VERSION"
    EVALUATOR = "EVALUATOR"
    EVALUATOR_VERSION = "EVALUATOR_VERSION"
    METHOD = "METHOD"
    PROMPT_BAND = "PROMPT_BAND"


class Granularity(StrEnum):
    """How long a point of a series is; days and weeks (from Monday) are UTC."""

    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"


STEP = {
    Granularity.HOUR: timedelta(hours=1),
    Granularity.DAY: timedelta(days=1),
    Granularity.WEEK: timedelta(weeks=1),
}
_FIRST_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def floor(instant: datetime, granularity: Granularity) -> datetime:
    """The start of the hour, day or week that an instant lies in."""
    origin = _FIRST_MONDAY if granularity is Granularity.WEEK else _EPOCH
    step = STEP[granularity]
    return origin + ((instant - origin) // step) * step


@dataclass(frozen=True, slots=True)
class EntityRef:
    """A thing by its kind (deployment, task_type, …) and identifier."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Period:
    """From `start`, included, to `end`, excluded; aware times."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise InvalidInput("give times with an offset, such as …Z", field="period")
        if self.start >= self.end:
            raise InvalidInput("`from` must be before `to`", field="period")


@dataclass(frozen=True, slots=True)
class Slice:
    """Keeps the requests that match every given field; a field's values are alternatives.

    A policy is named as `policy` or `policy@version`.
    """

    deployment: frozenset[str] | None = None
    model: frozenset[str] | None = None
    backend: frozenset[str] | None = None
    task_type: frozenset[str] | None = None
    tier: frozenset[str] | None = None
    tenant: frozenset[str] | None = None
    user: frozenset[str] | None = None
    policy: frozenset[str] | None = None
    experiment: frozenset[str] | None = None
    arm: frozenset[str] | None = None

    def given(self) -> dict[str, frozenset[str]]:
        """The fields that are given, by name."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def refs(self) -> tuple[EntityRef, ...]:
        """The same as references, by field and value; those of one field are alternatives."""
        given = self.given().items()
        return tuple(EntityRef(name, value) for name, values in given for value in sorted(values))
