"""Events as the contract of Routecause has them, made from what a router knows; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from routecause.choice import Request

Status = Literal["ok", "error", "timeout", "rate_limited"]
DEFAULT_TIER = "standard"
"""The tier of a request where neither the caller nor the service named one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a request went. A figure that is not known is None and left out."""

    latency_ms: float
    cost_usd: float
    status: Status = "ok"
    completion_tokens: int = 0
    error_type: str | None = None
    ttft_ms: float | None = None
    queue_ms: float | None = None
    retries: int | None = None
    cache_hit: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """`outcome` of the event."""
        told: dict[str, Any] = {
            "status": self.status,
            "error_type": self.error_type,
            "latency_ms": _at_least_0(self.latency_ms),
            "ttft_ms": self.ttft_ms,
            "queue_ms": self.queue_ms,
            "cost_usd": _at_least_0(self.cost_usd),
            "retries": self.retries,
            "cache_hit": self.cache_hit,
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What every event has beside its data. `id` and `source` are the idempotency key."""

    source: str
    id: str
    type: str
    at: datetime
    tenant: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """The event. Raises ValueError where its time has no zone."""
        if self.at.tzinfo is None:
            raise ValueError("the time of an event needs a zone, e.g. datetime.now(UTC)")
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": f"routecause.{self.type}",
            "time": self.at.isoformat(),
            "data": dict(self.data),
        }
        if self.tenant is not None:
            event["tenant"] = self.tenant
        return event


def request_completed(
    request: Request,
    *,
    request_id: str,
    tier: str,
    decision: Mapping[str, Any],
    outcome: Outcome,
    session: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The data of `routecause.request.completed`."""
    data: dict[str, Any] = {
        "request_id": request_id,
        "user": request.user,
        "tier": tier,
        "task_type": request.task_type,
        "prompt_tokens": max(0, request.prompt_tokens),
        "completion_tokens": max(0, outcome.completion_tokens),
        "decision": dict(decision),
        "outcome": outcome.as_json(),
    }
    if session is not None:
        data["session"] = session
    if all_labels := {**request.labels, **(labels or {})}:
        data["labels"] = all_labels
    if requirements := request.requirements():
        data["requirements"] = requirements
    return data


def _at_least_0(value: float) -> float:
    """Clocks step back; a NaN stays one, so that it is refused and not told as 0."""
    return 0.0 if value < 0 else value
