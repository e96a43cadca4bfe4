"""What an event does to the hot view: the effects that the projector applies to its evidence."""

from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from graph.evidence import Observation
from graph.hot import keys
from graph.hot.evidence import Effect, FailedTry, RequestOutcome, Told
from graph.policies.facts import rules_read
from ingest.events import (
    BackendRegisteredEvent,
    DeploymentObservedEvent,
    DeploymentRegisteredEvent,
    Event,
    ExperimentConfiguredEvent,
    IncidentOpenedEvent,
    IncidentResolvedEvent,
    IncidentUpdatedEvent,
    MaintenanceScheduledEvent,
    ModelRegisteredEvent,
    PolicyPublishedEvent,
    RequestCompletedEvent,
    TenantConfiguredEvent,
    TierConfiguredEvent,
    UserConfiguredEvent,
)
from ingest.facts import event_key

_UNUSED = {
    "limitations",
    "summary",
    "author",
    "postmortem",
    "contributing_factors",
}
"""Fields that no pick and no health looks at; they stay in the graph."""


def effects_of(event: Event) -> tuple[Effect, ...]:
    """The effects of one event; none where the hot view has no use for its type."""
    match event:
        case RequestCompletedEvent():
            tries = event.data.decision.fallback_from
            failed = (FailedTry(each.deployment, event.time, each.cause) for each in tries)
            return (_outcome(event), *failed)
        case DeploymentObservedEvent():
            return (_observation(event),)
        case IncidentOpenedEvent() | IncidentUpdatedEvent() | IncidentResolvedEvent():
            return _incident(event)
        case ModelRegisteredEvent():
            return (_told(event, "model", event.data.model),)
        case BackendRegisteredEvent():
            return (_told(event, "backend", event.data.backend),)
        case DeploymentRegisteredEvent():
            return (_told(event, "deployment", event.data.deployment),)
        case PolicyPublishedEvent():
            return _policy(event)
        case ExperimentConfiguredEvent():
            return (_told(event, "experiment", event.data.experiment),)
        case MaintenanceScheduledEvent():
            return (_told(event, "maintenance", event.data.maintenance),)
        case TierConfiguredEvent():
            return (_told(event, "tier", event.data.tier),)
        case TenantConfiguredEvent():
            return (_told(event, "tenant", event.tenant),)
        case UserConfiguredEvent():
            name = keys.user(event.tenant, event.data.user)
            return (_told(event, "user", name),)
        case _:
            return ()


def _outcome(event: RequestCompletedEvent) -> RequestOutcome:
    data = event.data
    return RequestOutcome(
        deployment=data.decision.deployment,
        at=event.time,
        status=data.outcome.status,
        latency_ms=data.outcome.latency_ms,
        task_type=data.task_type,
        completion_tokens=data.completion_tokens,
        prompt_tokens=data.prompt_tokens,
        error_type=data.outcome.error_type,
        cache_hit=bool(data.outcome.cache_hit),
        tenant=event.tenant,
        user=data.user,
        cost_usd=data.outcome.cost_usd,
    )


def _observation(event: DeploymentObservedEvent) -> Observation:
    return Observation(
        at=event.time,
        recorded_at=event.recordedtime,
        source=event.source,
        **event.data.model_dump(),
    )


def _policy(event: PolicyPublishedEvent) -> tuple[Told, ...]:
    """The policy's newest version and, as experiments name versions, this version by its name."""
    name = event.data.policy
    version = keys.policy_version(name, event.data.version)
    rules = rules_read(event.data.rules)
    told = _told(event, "policy", name, rules=rules)
    return told, replace(told, kind="policy.version", id=version)


def _incident(
    event: IncidentOpenedEvent | IncidentUpdatedEvent | IncidentResolvedEvent,
) -> tuple[Told, ...]:
    name, phase = event.data.incident, event.type.rpartition(".")[2]
    newest = _told(event, "incident", name, phase=phase)
    first = _told(event, "incident.first", name, first=True, phase=phase)
    if isinstance(event, IncidentUpdatedEvent):
        return newest, first
    # An update after the end, such as a post-mortem, does not open it again.
    return newest, first, _told(event, "incident.turn", name, phase=phase)


def _told(event: Event, kind: str, name: str, *, first: bool = False, **extra: Any) -> Told:
    return Told(
        kind=kind,
        id=name,
        at=event.time,
        recorded_at=event.recordedtime,
        key=event_key(event),
        data={**_kept(event.data), **extra},
        first=first,
    )


def _kept(data: BaseModel) -> dict[str, Any]:
    return data.model_dump(mode="json", exclude_none=True, exclude=_UNUSED)
