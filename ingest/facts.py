"""Events as facts of the graph: which entity they tell of, what it links to, what is counted."""

from typing import Any

import orjson
from pydantic import BaseModel

from graph.facts import EntityFact, Fact, LinkTo, ObservationFact, RequestFact, ScoreFact
from graph.model import world
from graph.model.declare import Entity, Kind
from graph.model.traffic import CellKey, prompt_band
from ingest.events import (
    BackendRegisteredEvent,
    BudgetDefinedEvent,
    ChangeAppliedEvent,
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
    QualityScoredEvent,
    RequestCompletedEvent,
    Scope,
    SloDefinedEvent,
    TenantConfiguredEvent,
    TierConfiguredEvent,
    UserConfiguredEvent,
)


def fact_of(event: Event) -> Fact:
    """The one fact that an event tells."""
    match event:
        case RequestCompletedEvent():
            return _request(event)
        case QualityScoredEvent():
            return _score(event)
        case DeploymentObservedEvent():
            return _observation(event)
        case _:
            return _entity(event)


def event_key(event: Event) -> str:
    """Source and id as one text; what makes a fact tell only once."""
    return orjson.dumps([event.source, event.id]).decode()


def camel(name: str) -> str:
    """The graph's name of a contract field: cost_per_1k_tokens_usd is costPer1kTokensUsd."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value, default=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _request(event: RequestCompletedEvent) -> RequestFact:
    data, decision, outcome = event.data, event.data.decision, event.data.outcome
    return RequestFact(
        tenant=event.tenant,
        id=data.request_id,
        at=event.time,
        recorded_at=event.recordedtime,
        cell=CellKey(
            tenant=event.tenant,
            deployment=decision.deployment,
            task_type=data.task_type,
            tier=data.tier,
            policy=decision.policy,
            policy_version=decision.policy_version,
            experiment=decision.experiment,
            arm=decision.arm,
            router_version=decision.router_version,
            method=decision.method,
            displaced_from=decision.fallback_from[0].deployment if decision.fallback_from else None,
            prompt_band=prompt_band(data.prompt_tokens),
        ),
        status=outcome.status,
        latency_ms=outcome.latency_ms,
        ttft_ms=outcome.ttft_ms,
        cost_usd=outcome.cost_usd,
        prompt_tokens=data.prompt_tokens,
        completion_tokens=data.completion_tokens,
        retries=outcome.retries or 0,
        cache_hit=bool(outcome.cache_hit),
        properties={
            "key": event_key(event),
            "user": data.user,
            "tier": data.tier,
            "taskType": data.task_type,
            "promptTokens": data.prompt_tokens,
            "completionTokens": data.completion_tokens,
            "session": data.session,
            "labels": _json(data.labels),
            "requirements": _json(data.requirements),
            "status": outcome.status,
            "errorType": outcome.error_type,
            "latencyMs": outcome.latency_ms,
            "ttftMs": outcome.ttft_ms,
            "queueMs": outcome.queue_ms,
            "costUsd": outcome.cost_usd,
            "retries": outcome.retries or 0,
            "cacheHit": bool(outcome.cache_hit),
        },
        decision={
            "deployment": decision.deployment,
            "policy": decision.policy,
            "policyVersion": decision.policy_version,
            "method": decision.method,
            "confidence": decision.confidence,
            "routerVersion": decision.router_version,
            "experiment": decision.experiment,
            "arm": decision.arm,
            "reasons": list(decision.reasons),
            "candidates": _json(decision.candidates) if decision.candidates else None,
            "propensity": decision.propensity,
            "exploration": decision.exploration,
            "fallbackFrom": _json(decision.fallback_from) if decision.fallback_from else None,
            "viewVersion": decision.view_version,
        },
    )


def _score(event: QualityScoredEvent) -> ScoreFact:
    data, key = event.data, event_key(event)
    version = data.evaluator_version or ""
    return ScoreFact(
        key=key,
        tenant=event.tenant,
        request_id=data.request_id,
        at=event.time,
        recorded_at=event.recordedtime,
        evaluator=data.evaluator,
        evaluator_version=version,
        score=data.score,
        properties={
            "key": key,
            "evaluator": data.evaluator,
            "evaluatorVersion": version,
            "score": data.score,
            "kind": data.kind,
            "comment": data.comment,
        },
    )


def _observation(event: DeploymentObservedEvent) -> ObservationFact:
    told = event.data.model_dump()
    return ObservationFact(
        key=event_key(event),
        deployment=event.data.deployment,
        at=event.time,
        recorded_at=event.recordedtime,
        properties={
            "source": event.source,
            **{camel(name): value for name, value in told.items() if value is not None},
        },
    )


def _entity(event: Event) -> EntityFact:
    declared, key, links, extra = _told_of(event)
    return EntityFact(
        entity=declared,
        id=key,
        key=event_key(event),
        at=event.time,
        recorded_at=event.recordedtime,
        properties={**_properties(declared, event.data), **extra},
        links=links,
    )


def _properties(declared: Entity, data: BaseModel) -> dict[str, Any]:
    told = {camel(name): getattr(data, name) for name in type(data).model_fields}
    properties: dict[str, Any] = {}
    for declared_property in declared.revision.properties:
        value = told.get(declared_property.name)
        if declared_property.kind is Kind.JSON:
            properties[declared_property.name] = _json(value)
        elif declared_property.kind is Kind.TEXTS and value is not None:
            properties[declared_property.name] = list(value)
        else:
            properties[declared_property.name] = value
    return {name: value for name, value in properties.items() if value is not None}


_Told = tuple[Entity, tuple[str, ...], tuple[LinkTo, ...], dict[str, Any]]


def _told_of(event: Event) -> _Told:
    """The entity an event tells of, its key, its links, and what its data's names don't give."""
    match event:
        case ModelRegisteredEvent(data=data):
            return world.MODEL, (data.model,), (), {}
        case BackendRegisteredEvent(data=data):
            return world.BACKEND, (data.backend,), (), {}
        case DeploymentRegisteredEvent(data=data):
            links = (
                LinkTo("RUNS_MODEL", "Model", (data.model,)),
                LinkTo("RUNS_ON", "Backend", (data.backend,)),
            )
            return world.DEPLOYMENT, (data.deployment,), links, {}
        case TierConfiguredEvent(data=data):
            return world.TIER, (data.tier,), (), {}
        case TenantConfiguredEvent():
            return world.TENANT, (event.tenant,), (), {}
        case UserConfiguredEvent(data=data):
            return world.USER, (event.tenant, data.user), (), {}
        case SloDefinedEvent(data=data):
            return world.SLO, (event.tenant, data.slo), (), {}
        case BudgetDefinedEvent(data=data):
            return world.BUDGET, (event.tenant, data.budget), (), {}
        case _:
            return _happening_of(event)


def _happening_of(event: Event) -> _Told:
    match event:
        case PolicyPublishedEvent(data=data):
            links = (LinkTo("VERSION_OF", "Policy", (data.policy,)),)
            return world.POLICY_VERSION, (data.policy, data.version), links, {}
        case ExperimentConfiguredEvent(data=data):
            arms = [LinkTo("HAS_ARM", "Arm", (data.experiment, arm.arm)) for arm in data.arms]
            links = (LinkTo("TESTS", "Policy", (data.policy,)), *arms)
            return world.EXPERIMENT, (data.experiment,), links, {}
        case ChangeAppliedEvent(data=data):
            links = tuple(
                LinkTo("TARGETS", world.CHANGE_TARGETS[target.kind], (target.id,))
                for target in data.targets
            )
            return world.CHANGE, (data.change,), links, {}
        case (
            IncidentOpenedEvent(data=data)
            | IncidentUpdatedEvent(data=data)
            | (IncidentResolvedEvent(data=data))
        ):
            phase = event.type.rpartition(".")[2]
            links, scope = _affects(data.scope)
            return world.INCIDENT, (data.incident,), links, {**scope, "phase": phase}
        case MaintenanceScheduledEvent(data=data):
            links, scope = _affects(data.scope)
            return world.MAINTENANCE, (data.maintenance,), links, scope
        case _:
            raise TypeError(f"{event.type} tells of no entity")


def _affects(scope: Scope) -> tuple[tuple[LinkTo, ...], dict[str, Any]]:
    properties = {"scopeKind": scope.kind}
    label = world.AFFECTABLE[scope.kind]
    if scope.id is None:
        return (LinkTo("AFFECTS", label, (world.THE_FLEET,)),), properties
    return (LinkTo("AFFECTS", label, (scope.id,)),), {**properties, "scopeId": scope.id}
