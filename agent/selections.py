"""How GraphQL is asked for what a tool gives: its arguments, and the fields answers rest on."""

from collections.abc import Mapping
from typing import Any, Final

_REF: Final = "{ kind id }"
_POINT: Final = "{ at expected low80 high80 low95 high95 }"
_INCIDENT: Final = (
    "{ id title severity scopeKind scopeId openedAt resolvedAt rootCause affectedDeployments }"
)
_CAUSE: Final = (
    "{ rank kind id title at contribution contributionLow contributionHigh counterfactual "
    f"mechanism confidence path {{ from {_REF} relationship to {_REF} }} evidence "
    "evidenceAgainst indistinguishableFrom }"
)
_SLICE: Final = (
    f"{{ where {_REF} share mixEffect withinEffect before after requestsBefore requestsAfter }}"
)
_COVERAGE: Final = "{ requests scored scoredShare expectedScoredShare warning }"
_PERIOD: Final = "{ from to }"

SELECTIONS: Final[dict[str, str]] = {
    "names": "{ deployments models backends taskTypes tiers tenants policyVersions experiments "
    "arms slos evaluators incidents { id title } changes { id kind title } }",
    "fleet": "{ deployment model backend version status reasons breaker availability errorRate "
    "latencyP50Ms latencyP95Ms queueDepth load rateLimitRemaining spotAvailability "
    "costPer1kTokensUsd sampleCount updatedAt ageMs stale }",
    "incidents": _INCIDENT,
    "maintenance": "{ id title scopeKind scopeId startsAt endsAt }",
    "changes": f"{{ id kind title at targets {_REF} author url }}",
    "routing_view": "{ asOf viewVersion policyVersion stale budgetRemainingUsd quotaRemaining "
    "warnings candidates { deployment rank score eligible reasons expectedLatencyMs "
    "expectedCostUsd expectedQuality qualitySamples status stale } }",
    "request": "{ id at user tenant tier taskType promptTokens completionTokens status errorType "
    "latencyMs ttftMs costUsd decision { deployment policy policyVersion method confidence "
    "experiment arm reasons candidates { deployment score rejected } fallbackFrom } "
    "quality { evaluator evaluatorVersion score scoredAt recordedAt } contextThen { "
    f"fleet {{ deployment status reasons }} incidents {_INCIDENT} }} }}",
    "why_changed": "{ id verdict summary metric before after delta deltaLow deltaHigh onset "
    f"onsetLow onsetHigh coverage {_COVERAGE} slices {_SLICE} causes {_CAUSE} unexplained "
    f"during {_PERIOD} comparedTo {_PERIOD} baseline considered }}",
    "similar_incidents": f"{{ incident {_INCIDENT} similarity because }}",
    "what_if": "{ observed estimate low high effectiveSamples moved refused notes }",
    "trend": f"{{ key {_REF} points {{ at value count low high }} }}",
    "compare": f"{{ key {_REF} before after delta deltaLow deltaHigh countBefore countAfter "
    "beforeLow beforeHigh afterLow afterHigh }",
    "forecast": f"{{ key {_REF} method points {_POINT} total {_POINT} requests knownSteps newestAt "
    "warnings }",
    "capacity_risk": "{ deployment expectedLoad highLoad peakLoad capacity probabilityOverload "
    "worstAt reasons limitedBy movedLoad lost samples requests }",
    "budgets": f"{{ id tenant period where {_REF} startsAt endsAt limitUsd spentUsd remainingUsd "
    "burnRate forecastUsd forecastLowUsd forecastHighUsd exhaustedAt requests method }",
    "savings": f"{{ where {_REF} route spentUsd savedUsd savedLowUsd savedHighUsd qualityDelta "
    "qualityLow qualityHigh requests samples }",
    "cost_anomalies": f"{{ at until where {_REF} driver spentUsd expectedUsd highUsd requests "
    f"requestsExpected score causes {_CAUSE} investigation }}",
    "slos": f"{{ id tenant objective target threshold windowDays where {_REF} actual events bad "
    "errorBudgetRemaining burnRate1h burnRate6h daysToExhaustion action reasons judgedAt }",
    "experiment": "{ id policy status startedAt endedAt winner outcome verdict warnings arms { arm "
    "requests users matured scored quality qualityLow qualityHigh latencyP95Ms errorRate "
    "costPerRequestUsd } differences { arm baseline metric delta low high count } }",
    "rollout": "{ id title at reached twins outcome verdict warnings effects { metric before after "
    "twinsBefore twinsAfter effect low high countBefore countAfter } }",
}

_DEMANDS: Final = ("capabilities", "max_latency_ms", "max_cost_usd", "min_quality")


def as_asked(tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A tool's arguments as those of the GraphQL field of its name."""
    if tool == "compare":
        # There the groups are always said, also where there are none.
        return {**arguments, "group_by": arguments.get("group_by", ())}
    if tool != "routing_view":
        return dict(arguments)
    request = {name: value for name, value in arguments.items() if name not in _DEMANDS}
    demands = {name: value for name, value in arguments.items() if name in _DEMANDS}
    if demands:
        request["requirements"] = demands
    return {"request": {**request, "reserve": False}}
