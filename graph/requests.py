"""Single requests: what was decided and why, how it went, and how it was scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from graph.scope import TenantScope
from graph.store.door import GraphStore, Record, instant

_END = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DecisionCandidate:
    """A deployment that was considered; `rejected` is the reason it was ruled out, if it was."""

    deployment: str
    score: float | None
    rejected: str | None
    propensity: float | None


@dataclass(frozen=True, slots=True)
class Fallback:
    """A deployment that was tried before and failed."""

    deployment: str
    cause: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Why a request went where it went, as the router told it."""

    deployment: str
    policy: str
    policy_version: str
    method: str
    confidence: float | None
    experiment: str | None
    arm: str | None
    router_version: str | None
    reasons: tuple[str, ...]
    candidates: tuple[DecisionCandidate, ...]
    fallbacks: tuple[Fallback, ...]
    propensity: float | None
    exploration: bool | None
    view_version: str | None

    @property
    def fallback_from(self) -> tuple[str, ...]:
        """The deployments that failed before, first to last."""
        return tuple(fallback.deployment for fallback in self.fallbacks)


@dataclass(frozen=True, slots=True)
class QualityScore:
    """The score in force of one evaluator."""

    evaluator: str
    evaluator_version: str | None
    score: float
    scored_at: datetime
    recorded_at: datetime
    kind: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Latencies in ms, cost in US dollars."""

    id: str
    at: datetime
    recorded_at: datetime
    user: str
    tenant: str
    tier: str
    task_type: str
    prompt_tokens: int
    completion_tokens: int
    status: str
    error_type: str | None
    latency_ms: float
    ttft_ms: float | None
    queue_ms: float | None
    cost_usd: float
    retries: int
    cache_hit: bool
    session: str | None
    labels: Mapping[str, str]
    decision: Decision
    quality: tuple[QualityScore, ...]


async def requests(
    store: GraphStore,
    ids: Sequence[str],
    *,
    scope: TenantScope,
    known_at: datetime | None = None,
) -> list[Request | None]:
    """The requests of these ids, in their order; None for what the scope does not hold."""
    rows = await store.ask(
        "requests",
        scope=scope,
        requests=sorted(set(ids)),
        knownAt=(known_at or _END).isoformat(),
    )
    found: dict[str, Request] = {}
    for row in rows:
        request = _request(row)
        found.setdefault(request.id, request)
    return [found.get(one) for one in ids]


async def requests_of(
    store: GraphStore,
    keys: Sequence[tuple[str, str]],
    *,
    scope: TenantScope,
    known_at: datetime | None = None,
) -> list[Request]:
    """The requests of these tenants and ids, in their order, without what the scope does not hold.

    Tenants name their requests themselves, so an id alone may be that of several.
    """
    if not keys:
        return []
    rows = await store.ask(
        "requests",
        scope=scope,
        requests=sorted({one for _, one in keys}),
        knownAt=(known_at or _END).isoformat(),
    )
    found = {(one.tenant, one.id): one for one in map(_request, rows)}
    return [found[key] for key in keys if key in found]


def _request(row: Record) -> Request:
    told = row["request"]
    return Request(
        id=told["id"],
        at=instant(told["at"]),
        recorded_at=instant(told["recordedAt"]),
        user=told["user"],
        tenant=told["tenant"],
        tier=told["tier"],
        task_type=told["taskType"],
        prompt_tokens=told["promptTokens"],
        completion_tokens=told["completionTokens"],
        status=told["status"],
        error_type=told.get("errorType"),
        latency_ms=told["latencyMs"],
        ttft_ms=told.get("ttftMs"),
        queue_ms=told.get("queueMs"),
        cost_usd=told["costUsd"],
        retries=told["retries"],
        cache_hit=told["cacheHit"],
        session=told.get("session"),
        labels=orjson.loads(told.get("labels") or "{}"),
        decision=_decision(row["decision"]),
        quality=_in_force(row["scores"]),
    )


def _decision(told: Mapping[str, Any]) -> Decision:
    return Decision(
        deployment=told["deployment"],
        policy=told["policy"],
        policy_version=told["policyVersion"],
        method=told["method"],
        confidence=told.get("confidence"),
        experiment=told.get("experiment"),
        arm=told.get("arm"),
        router_version=told.get("routerVersion"),
        reasons=tuple(told.get("reasons") or ()),
        candidates=tuple(
            DecisionCandidate(
                deployment=candidate["deployment"],
                score=candidate.get("score"),
                rejected=candidate.get("rejected"),
                propensity=candidate.get("propensity"),
            )
            for candidate in orjson.loads(told.get("candidates") or "[]")
        ),
        fallbacks=tuple(
            Fallback(deployment=fallback["deployment"], cause=fallback.get("cause"))
            for fallback in orjson.loads(told.get("fallbackFrom") or "[]")
        ),
        propensity=told.get("propensity"),
        exploration=told.get("exploration"),
        view_version=told.get("viewVersion"),
    )


def _in_force(told: Sequence[Mapping[str, Any]]) -> tuple[QualityScore, ...]:
    newest: dict[str, Mapping[str, Any]] = {}
    for score in sorted(told, key=lambda q: (instant(q["recordedAt"]), instant(q["at"]), q["key"])):
        newest[score["evaluator"]] = score
    return tuple(
        QualityScore(
            evaluator=evaluator,
            evaluator_version=score["evaluatorVersion"] or None,
            score=score["score"],
            scored_at=instant(score["at"]),
            recorded_at=instant(score["recordedAt"]),
            kind=score.get("kind"),
            comment=score.get("comment"),
        )
        for evaluator, score in sorted(newest.items())
    )
