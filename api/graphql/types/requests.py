"""One request: what was decided and why, how it went, and what could be known at its time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import strawberry

from api.graphql.context import Info
from api.graphql.types.fleet import Change, DeploymentHealth, Incident, PolicyInForce
from graph import requests
from graph.evidence import Incident as IncidentAsKnown
from graph.fleet import Change as ChangeAsKnown
from graph.fleet import PolicyInForce as PolicyAsKnown
from graph.health import DeploymentHealth as Health


@strawberry.type(description="A name and a value that came with a request.")
class Label:
    """One label."""

    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value.")


@strawberry.type(description="A deployment that was considered.")
class DecisionCandidate:
    """The twin of graph.requests.DecisionCandidate."""

    deployment: strawberry.ID = strawberry.field(description="The deployment.")
    score: float | None = strawberry.field(description="The router's score for it.")
    rejected: str | None = strawberry.field(description="Why it was ruled out, if it was.")
    propensity: float | None = strawberry.field(
        description="The probability with which it would have been chosen, in [0, 1]."
    )


@strawberry.type(description="A deployment that was tried before and failed.")
class Fallback:
    """The twin of graph.requests.Fallback."""

    deployment: strawberry.ID = strawberry.field(description="The deployment.")
    cause: str | None = strawberry.field(description="Why it failed, if that was told.")


@strawberry.type(description="Why a request went where it went, as the router told it.")
class Decision:
    """The twin of graph.requests.Decision."""

    deployment: strawberry.ID = strawberry.field(description="The deployment that was chosen.")
    policy: strawberry.ID = strawberry.field(description="The routing policy.")
    policy_version: str = strawberry.field(description="Its version.")
    method: str = strawberry.field(description="rule, semantic, learned, pinned or fallback.")
    confidence: float | None = strawberry.field(description="The router's confidence, in [0, 1].")
    experiment: strawberry.ID | None = strawberry.field(
        description="The experiment it was part of."
    )
    arm: strawberry.ID | None = strawberry.field(description="The arm of that experiment.")
    router_version: str | None = strawberry.field(description="The router's version.")
    reasons: list[str] = strawberry.field(description="The router's own reasons.")
    candidates: list[DecisionCandidate] = strawberry.field(
        description="The deployments that were considered, the rejected ones too."
    )
    fallback_from: list[strawberry.ID] = strawberry.field(
        description="The deployments that failed before, first to last."
    )
    fallbacks: list[Fallback] = strawberry.field(
        name="fallbackCauses", description="The same, each with its cause."
    )
    propensity: float | None = strawberry.field(
        description="The probability with which this deployment was chosen, in [0, 1]."
    )
    exploration: bool | None = strawberry.field(
        description="Whether it was chosen in order to learn."
    )
    view_version: str | None = strawberry.field(
        description="The version of the routing view that the router decided on."
    )


@strawberry.type(description="The score in force of one evaluator.")
class QualityScore:
    """The twin of graph.requests.QualityScore."""

    evaluator: strawberry.ID = strawberry.field(description="Who scored.")
    evaluator_version: str | None = strawberry.field(description="The evaluator's version.")
    score: float = strawberry.field(description="The score, in [0, 1].")
    scored_at: datetime = strawberry.field(description="When it was scored.")
    recorded_at: datetime = strawberry.field(description="When the score became known.")
    kind: str | None = strawberry.field(description="eval, thumbs or error_report.")
    comment: str | None = strawberry.field(description="What was said besides.")


@dataclass(frozen=True, slots=True)
class Then:
    """The moment a request was routed; its context is read on demand."""

    at: datetime
    policy: str


Moment = strawberry.Parent[Then]


@strawberry.type(
    description="The fleet as it could have been known when the request was routed: nothing that "
    "was recorded later is in it."
)
class RequestContext:
    """What `contextThen` gives."""

    @strawberry.field(
        graphql_type=list[DeploymentHealth],
        description="Health of every deployment: `fleet(at, knownAt)` of that instant.",
    )
    async def fleet(self, root: Moment, info: Info) -> Sequence[Health]:
        """By deployment."""
        return await info.context.loaders.fleet.load(root.at)

    @strawberry.field(
        graphql_type=list[Incident], description="Incidents that were open, as known then."
    )
    async def incidents(self, root: Moment, info: Info) -> Sequence[IncidentAsKnown]:
        """By their opening."""
        return await info.context.loaders.incidents.load(root.at)

    @strawberry.field(
        graphql_type=list[Change],
        description="What had been changed in the 24 hours before, as known then, oldest first.",
    )
    async def recent_changes(self, root: Moment, info: Info) -> Sequence[ChangeAsKnown]:
        """Oldest first."""
        return await info.context.loaders.changes.load(root.at)

    @strawberry.field(
        graphql_type=PolicyInForce | None,
        description="The version in force of the policy that decided, as known then; null where "
        "none had been published.",
    )
    async def policy(self, root: Moment, info: Info) -> PolicyAsKnown | None:
        """The decision's policy."""
        in_force = await info.context.loaders.policies.load(root.at)
        return next((held for held in in_force if held.policy == root.policy), None)


Routed = strawberry.Parent[requests.Request]


@strawberry.type(description="One request, its decision, its outcome and its scores.")
class Request:
    """The twin of graph.requests.Request."""

    id: strawberry.ID = strawberry.field(description="Its identifier.")
    at: datetime = strawberry.field(description="When it arrived.")
    recorded_at: datetime = strawberry.field(description="When it became known.")
    user: strawberry.ID = strawberry.field(description="Who asked.")
    tenant: strawberry.ID = strawberry.field(description="Whose request it is.")
    tier: strawberry.ID = strawberry.field(description="The user's tier then.")
    task_type: strawberry.ID = strawberry.field(description="The kind of task.")
    prompt_tokens: int = strawberry.field(description="Tokens going in.")
    completion_tokens: int = strawberry.field(description="Tokens coming out.")
    status: str = strawberry.field(description="ok, error, timeout or rate_limited.")
    error_type: str | None = strawberry.field(
        description="What went wrong, as the router names it."
    )
    latency_ms: float = strawberry.field(description="From arrival to the last token, in ms.")
    ttft_ms: float | None = strawberry.field(description="To the first token, in ms.")
    queue_ms: float | None = strawberry.field(description="Waiting before it was served, in ms.")
    retries: int = strawberry.field(description="How often it was tried again.")
    cache_hit: bool = strawberry.field(description="Whether a cache answered.")
    session: str | None = strawberry.field(description="The session it belongs to.")
    cost_usd: float = strawberry.field(description="What it cost in US dollars.")
    decision: Decision = strawberry.field(description="Where it went, and why.")
    quality: list[QualityScore] = strawberry.field(
        description="The scores in force, one per evaluator."
    )

    @strawberry.field(description="What the router attached to it, by name.")
    def labels(self, root: Routed) -> list[Label]:
        """By name."""
        return [Label(name=name, value=value) for name, value in sorted(root.labels.items())]

    @strawberry.field(
        graphql_type=RequestContext,
        description="Health of the fleet, open incidents, recent changes and the policy in force, "
        "as they could have been known when it was routed.",
    )
    def context_then(self, root: Routed) -> Then:
        """Nothing is read before it is asked for."""
        return Then(at=root.at, policy=root.decision.policy)
