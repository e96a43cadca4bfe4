"""The enums of the schema: the graph's own, each value with a description."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar, cast

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from graph.breaker import BreakerState
from graph.causes.investigation import Verdict
from graph.costing.surprise import CostDriver
from graph.drilldown import RequestOrder
from graph.experiments import ExperimentVerdict
from graph.health import HealthStatus
from graph.slices import Demand, Dimension, Granularity, Metric

__all__ = [
    "ENUMS",
    "BreakerState",
    "CostDriver",
    "Demand",
    "Dimension",
    "ExperimentVerdict",
    "Granularity",
    "HealthStatus",
    "Metric",
    "RequestOrder",
    "Verdict",
]

E = TypeVar("E", bound=StrEnum)


def _described(cls: type[E], description: str, values: Mapping[E, str]) -> StrawberryEnumDefinition:
    """Make a graph's enum one of the schema, every value described."""
    strawberry.enum(cls, description=description)
    definition = cast("StrawberryEnumDefinition", vars(cls)["__strawberry_definition__"])
    for value in definition.values:
        value.description = values[cls(value.value)]
    return definition


ENUMS: Final = (
    _described(
        Metric,
        "What is measured of requests.",
        {
            Metric.QUALITY: "Mean score in [0, 1], one score per request and evaluator.",
            Metric.LATENCY_MEAN: "Mean latency in ms.",
            Metric.LATENCY_P50: "Median latency in ms, from sketches (within 0.5 %).",
            Metric.LATENCY_P95: "95th percentile of the latency in ms, from sketches.",
            Metric.TTFT_P95: "95th percentile of the time to the first token in ms.",
            Metric.ERROR_RATE: "Share of requests that did not end well, in [0, 1].",
            Metric.COST_PER_REQUEST: "Mean cost of a request in US dollars.",
            Metric.COST: "Sum of the costs in US dollars.",
            Metric.VOLUME: "Number of requests.",
        },
    ),
    _described(
        HealthStatus,
        "Health of a deployment. UNKNOWN is its own state: neither well nor ill.",
        {
            HealthStatus.HEALTHY: "Fresh evidence, and nothing speaks against it.",
            HealthStatus.DEGRADED: "Works with limits, or its evidence is stale.",
            HealthStatus.DOWN: "Can't be used.",
            HealthStatus.UNKNOWN: "Nothing recent tells.",
        },
    ),
    _described(
        BreakerState,
        "Circuit breaker of a deployment.",
        {
            BreakerState.CLOSED: "Requests go through.",
            BreakerState.OPEN: "No request goes through.",
            BreakerState.HALF_OPEN: "A single probe may go through.",
        },
    ),
    _described(
        Dimension,
        "What requests can be told apart by.",
        {
            Dimension.DEPLOYMENT: "The deployment that served the request, `model@backend`.",
            Dimension.MODEL: "The model of that deployment.",
            Dimension.BACKEND: "The backend of that deployment.",
            Dimension.TASK_TYPE: "The kind of task.",
            Dimension.TIER: "The user's tier.",
            Dimension.TENANT: "The tenant.",
            Dimension.POLICY_VERSION: "The routing policy and its version, `policy@version`.",
            Dimension.ARM: "The arm of the experiment; `none` outside any.",
            Dimension.ROUTER_VERSION: "The version of the router that decided.",
            Dimension.EVALUATOR: "Who scored; only for QUALITY.",
            Dimension.EVALUATOR_VERSION: "Who scored and in which version, `evaluator@version`; "
            "only for QUALITY.",
            Dimension.METHOD: "How the router decided.",
            Dimension.PROMPT_BAND: "How long the prompt was, in tokens: `0-512`, `512-2048`, "
            "`2048-8192` or `8192+`; `none` for what was counted before there were bands.",
        },
    ),
    _described(
        Granularity,
        "How long one point of a series is. Days, and weeks from Monday, are UTC.",
        {
            Granularity.HOUR: "One hour.",
            Granularity.DAY: "One day.",
            Granularity.WEEK: "One week.",
        },
    ),
    _described(
        Verdict,
        "What can be said of a change.",
        {
            Verdict.EXPLAINED: "It changed, and recorded events account for it.",
            Verdict.PARTLY_EXPLAINED: "It changed, and recorded events account for part of it.",
            Verdict.UNEXPLAINED: "It changed, and no recorded event accounts for it.",
            Verdict.NO_CHANGE: "It did not change by more than chance.",
            Verdict.INSUFFICIENT_DATA: "Too little is known yet to tell.",
        },
    ),
    _described(
        Demand,
        "What is forecast.",
        {
            Demand.REQUESTS: "Number of requests.",
            Demand.TOKENS: "Tokens, asked and answered.",
            Demand.COST: "Sum of the costs in US dollars.",
        },
    ),
    _described(
        CostDriver,
        "What makes a slice dear.",
        {
            CostDriver.VOLUME: "More requests than expected, or more of the dear kinds.",
            CostDriver.ROUTE: "Dearer deployments answer.",
            CostDriver.TOKENS: "Requests have more tokens, of the prompt or of the answer.",
            CostDriver.PRICE: "A token costs more.",
        },
    ),
    _described(
        ExperimentVerdict,
        "What can be said of an experiment or a rollout.",
        {
            ExperimentVerdict.WINNER: "One is better, and nothing that guards the fleet is worse.",
            ExperimentVerdict.HARMFUL: "It is worse on what guards the fleet: stop it.",
            ExperimentVerdict.NO_DIFFERENCE: "They are so alike that what is left can't matter.",
            ExperimentVerdict.UNDECIDED: "It may still be either way: go on.",
            ExperimentVerdict.INSUFFICIENT_DATA: "Too few requests or matured scores to tell.",
        },
    ),
    _described(
        RequestOrder,
        "Which requests come first.",
        {
            RequestOrder.NEWEST: "Those that arrived last.",
            RequestOrder.SLOWEST: "Those with the longest latency.",
            RequestOrder.WORST_SCORED: "Those with the lowest mean score; without a score they "
            "are left out.",
            RequestOrder.DEAREST: "Those that cost the most; without a known cost they are left "
            "out.",
        },
    ),
)
"""The enums of the schema."""
