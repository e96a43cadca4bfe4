"""Facts as the graph takes them: what an event says, with both its times, ready to be written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from graph.model.declare import Entity
from graph.model.traffic import CellKey

Properties = Mapping[str, Any]
"""Graph property names to values that Neo4j stores; None means absent."""


def hour_of(instant: datetime) -> datetime:
    """The start of the UTC hour that an instant lies in."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


class LinkTo(NamedTuple):
    """A relationship of an entity: its type and the label and key of the other end."""

    type: str
    label: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntityFact:
    """One telling of a configured thing; `id` holds its key in the declared order."""

    entity: Entity
    id: tuple[str, ...]
    key: str
    at: datetime
    recorded_at: datetime
    properties: Properties
    links: tuple[LinkTo, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestFact:
    """A request, its decision and its outcome. Latencies in ms, cost in US dollars.

    `properties` are the node's besides its key, `at` and `recordedAt`.
    """

    tenant: str
    id: str
    at: datetime
    recorded_at: datetime
    cell: CellKey
    status: str
    latency_ms: float
    ttft_ms: float | None
    cost_usd: float | None
    prompt_tokens: int
    completion_tokens: int
    retries: int
    cache_hit: bool
    properties: Properties = field(repr=False)
    decision: Properties = field(repr=False)


@dataclass(frozen=True, slots=True)
class ScoreFact:
    """One evaluator's verdict on one request; `score` in [0, 1]."""

    key: str
    tenant: str
    request_id: str
    at: datetime
    recorded_at: datetime
    evaluator: str
    evaluator_version: str
    score: float
    properties: Properties = field(default_factory=dict[str, Any], repr=False)


@dataclass(frozen=True, slots=True)
class ObservationFact:
    """One health sample of a deployment; metrics it lacks are absent from `properties`."""

    key: str
    deployment: str
    at: datetime
    recorded_at: datetime
    properties: Properties = field(repr=False)


Fact = EntityFact | RequestFact | ScoreFact | ObservationFact
