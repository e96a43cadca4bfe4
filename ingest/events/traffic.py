"""The data of events that come with traffic: requests, their scores, and health samples."""

from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field

from ingest.events.values import (
    ARRAY,
    AmountUsd,
    DeploymentId,
    DurationMs,
    Flag,
    Identifier,
    Identifiers,
    Labels,
    Number,
    Share,
    Text,
    Texts,
    Told,
    Whole,
)


class Requirements(Told):
    """What the request demanded of whoever would serve it."""

    max_latency_ms: DurationMs | None = Field(
        default=None, description="Longest acceptable time to the whole answer, ms."
    )
    max_cost_usd: AmountUsd | None = Field(
        default=None, description="Highest acceptable cost, US dollars."
    )
    min_quality: Share | None = Field(default=None, description="Lowest acceptable expected score.")
    capabilities: Identifiers = Field(default=(), description="What the model must be able to do.")


class Candidate(Told):
    """A deployment that was weighed."""

    deployment: DeploymentId = Field(description="The deployment, written model@backend.")
    score: Share | None = Field(default=None, description="How good the router thought it, 0 to 1.")
    rejected: Text | None = Field(
        default=None, description="Reason code where it was not eligible; absent where it was."
    )
    propensity: Share | None = Field(
        default=None, description="Probability with which it would have been chosen."
    )


class Fallback(Told):
    """A deployment that was tried before and failed."""

    deployment: DeploymentId = Field(description="The deployment, written model@backend.")
    cause: Text | None = Field(default=None, description="Why it failed, where the router said.")


def _with_cause(value: Any) -> Any:
    """The short form of `fallback_from`, a list of deployments, as the long form."""
    if not isinstance(value, list):
        return value
    items = cast("list[Any]", value)
    return [{"deployment": item} if isinstance(item, str) else item for item in items]


class Decision(Told):
    """Why the request went where it went."""

    deployment: DeploymentId = Field(description="Where it went, written model@backend.")
    policy: Identifier = Field(description="The policy in force.")
    policy_version: Identifier = Field(description="Its version.")
    method: Literal["rule", "semantic", "learned", "pinned", "fallback"] = Field(
        description="How the decision was made."
    )
    confidence: Share | None = Field(default=None, description="The router's confidence, 0 to 1.")
    router_version: Identifier | None = Field(default=None, description="Version of the router.")
    experiment: Identifier | None = Field(
        default=None, description="The experiment the request took part in."
    )
    arm: Identifier | None = Field(default=None, description="The arm it was given.")
    reasons: Texts = Field(default=(), description="The router's reasons, in its words.")
    candidates: Annotated[tuple[Candidate, ...], ARRAY] = Field(
        default=(), description="All deployments that were weighed."
    )
    propensity: Share | None = Field(
        default=None, description="Probability with which the chosen deployment was chosen."
    )
    exploration: Flag | None = Field(default=None, description="Chosen to learn, not to exploit.")
    fallback_from: Annotated[
        tuple[Fallback, ...],
        ARRAY,
        BeforeValidator(_with_cause),
    ] = Field(
        default=(),
        description="Deployments tried before, first to last: {deployment, cause} each, or names.",
    )
    view_version: Identifier | None = Field(
        default=None, description="Version of the routing view the decision was made on."
    )


class Outcome(Told):
    """How the request went."""

    status: Literal["ok", "error", "timeout", "rate_limited"] = Field(description="How it ended.")
    error_type: Identifier | None = Field(default=None, description="Class of the failure.")
    latency_ms: DurationMs = Field(description="Time to the whole answer or to the failure, ms.")
    ttft_ms: DurationMs | None = Field(default=None, description="Time to the first token, ms.")
    queue_ms: DurationMs | None = Field(default=None, description="Time waited before, ms.")
    cost_usd: AmountUsd = Field(description="What it cost, US dollars.")
    retries: Whole | None = Field(default=None, description="Tries before this outcome.")
    cache_hit: Flag | None = Field(default=None, description="Answered from a cache.")


class RequestCompleted(Told):
    """A request, the decision that routed it, and how it went; `time` is its arrival."""

    request_id: Identifier = Field(description="Names the request within its tenant.")
    user: Identifier = Field(description="Who asked.")
    tier: Identifier = Field(description="The user's tier.")
    task_type: Identifier = Field(description="Kind of work, e.g. reasoning.")
    prompt_tokens: Whole = Field(description="Tokens asked.")
    completion_tokens: Whole = Field(description="Tokens answered.")
    session: Identifier | None = Field(default=None, description="Conversation it belongs to.")
    labels: Labels | None = Field(default=None, description="The sender's own labels.")
    requirements: Requirements | None = Field(
        default=None, description="What the request demanded."
    )
    decision: Decision = Field(description="The decision that routed it.")
    outcome: Outcome = Field(description="How it went.")


class QualityScored(Told):
    """One evaluator's verdict on one request, perhaps long after it, perhaps before it."""

    request_id: Identifier = Field(description="The request that was judged.")
    evaluator: Identifier = Field(description="Who judged.")
    evaluator_version: Identifier | None = Field(
        default=None, description="Version of the evaluator."
    )
    score: Share = Field(description="0 (worst) to 1 (best).")
    kind: Literal["eval", "thumbs", "error_report"] | None = Field(
        default=None, description="What kind of verdict it is."
    )
    comment: Text | None = Field(default=None, description="What the evaluator wrote.")


class DeploymentObserved(Told):
    """A health sample; `time` is the end of its window; a metric not measured is left out."""

    deployment: DeploymentId = Field(description="The deployment, written model@backend.")
    window_s: Annotated[float, Field(ge=0, le=31 * 86_400, allow_inf_nan=False)] = Field(
        description="Length of the time sampled, seconds."
    )
    sample_count: Whole = Field(description="Probes or requests that the sample rests on.")
    available: Flag | None = Field(default=None, description="Whether it answered at all.")
    error_rate: Share | None = Field(default=None, description="Share that failed.")
    latency_p50_ms: DurationMs | None = Field(default=None, description="Median latency, ms.")
    latency_p95_ms: DurationMs | None = Field(
        default=None, description="95th percentile of latency, ms."
    )
    latency_p99_ms: DurationMs | None = Field(
        default=None, description="99th percentile of latency, ms."
    )
    queue_depth: Number | None = Field(default=None, description="Requests waiting.")
    in_flight: Number | None = Field(default=None, description="Requests being served.")
    load: Number | None = Field(
        default=None, description="Load as a share of what it carries; over 1 is overload."
    )
    rate_limit_remaining: Number | None = Field(
        default=None, description="What is left of the provider's rate limit."
    )
    rate_limit_limit: Number | None = Field(
        default=None, description="The provider's rate limit as a whole."
    )
    spot_availability: Share | None = Field(
        default=None, description="Share of spot capacity that can be had."
    )
    cost_per_1k_tokens_usd: AmountUsd | None = Field(
        default=None, description="Price now, US dollars per 1,000 tokens."
    )
    region: Identifier | None = Field(default=None, description="Region it was observed in.")
