"""Words about what is measured, split, asked for and best, spelt as people spell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.understanding import measures
from agent.understanding.measures import spelt
from graph.health import HealthStatus
from graph.slices import Demand, Dimension, Metric

DEGRADED, DOWN, UNKNOWN = HealthStatus.DEGRADED, HealthStatus.DOWN, HealthStatus.UNKNOWN
UNWELL = {DEGRADED, DOWN, UNKNOWN}


@pytest.mark.parametrize(
    ("metric", "texts"),
    [
        (
            Metric.QUALITY,
            (
                *("why did quality drop", "qualty is bad", "answers got worse", "worse answers"),
                *(
                    "is <0> hallucinating",
                    "<0> got dumber",
                    "scores are falling",
                    "accuracy of <0>",
                ),
                *("the responses are wrong lately", "better outputs on <0>", "halucinations"),
                *("quality of <0> requests", "how good are the answers, are they bad"),
            ),
        ),
        (
            Metric.LATENCY_P95,
            (
                *("<0> is slow", "why so slugish", "p95 vs last week", "response times on <0>"),
                *("latancy by tier", "it takes forever", "speed of <0>", "users wait too long"),
                *("p99 of <0>", "why is <0> slower than usual", "is it faster now", "laggy"),
                *("why are slow requests failing", "it is slwo"),
            ),
        ),
        (Metric.LATENCY_P50, ("p50 of <0>", "median latency", "median response time by tier")),
        (Metric.LATENCY_MEAN, ("average latency", "mean response time", "avg latency of <0>")),
        (Metric.TTFT_P95, ("ttft", "time to first token", "how long until the first token")),
        (
            Metric.ERROR_RATE,
            (
                *("errors on <0>", "error rate", "<0> keeps failing", "timeouts", "5xx on <0>"),
                *("how many requests failed", "429s", "why is <0> flaky", "it times out", "erors"),
                *("failures of requests", "success rate", "which is most reliable"),
            ),
        ),
        (
            Metric.COST_PER_REQUEST,
            (
                *("cost per request", "price of <0>", "why is <0> so expensive", "cheapest model"),
                *("what does a call cost per request", "unit cost", "how much per request: price"),
            ),
        ),
        (
            Metric.COST,
            (
                *("what did we spend", "cost by tenant", "the bill", "how much did we pay"),
                *("money spent on <0>", "most expensive tenant", "spendng of <0>", "costs went up"),
            ),
        ),
        (
            Metric.VOLUME,
            (
                *(
                    "requests by tier",
                    "traffic",
                    "how many calls",
                    "request volume",
                    "trafic on <0>",
                ),
                *("how many requests", "qps", "did usage go up"),
            ),
        ),
        (
            None,
            (
                *("what changed", "error budget left", "did <0> fail over", "who wins", "help"),
                *("how many tokens", "which models are there", "the failover of <0>", "scoreboard"),
            ),
        ),
    ],
)
def test_metrics_from_words(metric: Metric | None, texts: tuple[str, ...]) -> None:
    assert {text: measures.metric(spelt(text)) for text in texts} == dict.fromkeys(texts, metric)


def test_the_first_metric_is_meant() -> None:
    assert measures.metric("errors are up while latency is fine") is Metric.ERROR_RATE
    assert measures.metric("latency is up while errors are fine") is Metric.LATENCY_P95


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("tokens next hour", Demand.TOKENS),
        ("token usage of <0>", Demand.TOKENS),
        ("a prompt of 900 tokens", None),
        ("tokens for 900 tokens prompts", Demand.TOKENS),
        ("time to first token", None),
        ("expected requests", Demand.REQUESTS),
        ("what will we spend tomorrow", Demand.COST),
        ("quality of <0>", None),
    ],
)
def test_demands(text: str, counted: Demand | None) -> None:
    assert measures.demand(text, measured=measures.metric(text)) is counted


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("requests by tier", (Dimension.TIER,)),
        ("cost by tenant and model", (Dimension.TENANT, Dimension.MODEL)),
        ("p95 per backend, tier", (Dimension.BACKEND, Dimension.TIER)),
        ("for each task type", (Dimension.TASK_TYPE,)),
        ("broken down by customer", (Dimension.TENANT,)),
        ("split by task", (Dimension.TASK_TYPE,)),
        ("across all backends", (Dimension.BACKEND,)),
        ("which tenant pays most", (Dimension.TENANT,)),
        ("which models are down", (Dimension.MODEL,)),
        ("slowest deployment", (Dimension.DEPLOYMENT,)),
        ("best <0> model", (Dimension.MODEL,)),
        ("by policy version", (Dimension.POLICY_VERSION,)),
        ("by router version and evaluator", (Dimension.ROUTER_VERSION, Dimension.EVALUATOR)),
        ("per judge version", (Dimension.EVALUATOR_VERSION,)),
        ("tier-wise", (Dimension.TIER,)),
        ("who spends the most", (Dimension.TENANT,)),
        ("by arm", (Dimension.ARM,)),
        ("who wins", ()),
        ("who deployed that", ()),
        ("errors by day", ()),
        ("cost per request", ()),
        ("the model by noon", ()),
        ("latest deployment", ()),
        ("by <0>", ()),
    ],
)
def test_dimensions(text: str, split: tuple[Dimension, ...]) -> None:
    assert measures.dimensions(text) == split


@pytest.mark.parametrize(
    ("text", "named", "asked"),
    [
        ("what is unhealthy", False, UNWELL),
        ("anything broken", False, UNWELL),
        ("which are not healthy", False, UNWELL),
        ("is anything down", False, {DOWN}),
        ("what's down", False, {DOWN}),
        ("which models are degraded or down", False, {DEGRADED, DOWN}),
        ("which deployments on <0> are down", True, {DOWN}),
        ("which are healthy", False, {HealthStatus.HEALTHY}),
        ("show stale deployments", False, {UNKNOWN}),
        ("is <0> down", True, set[HealthStatus]()),
        ("is everything healthy", False, set[HealthStatus]()),
        ("all good?", False, set[HealthStatus]()),
        ("which tenants' quality is down", False, set[HealthStatus]()),
        ("what went down by 5 %", False, set[HealthStatus]()),
        ("cost broken down by tenant", False, set[HealthStatus]()),
        ("what if <0> goes down", True, set[HealthStatus]()),
    ],
)
def test_states(text: str, named: bool, asked: set[HealthStatus]) -> None:
    assert measures.statuses(text, named=named) == asked


@pytest.mark.parametrize(
    ("text", "meant", "worst"),
    [
        ("fastest model", "latency", False),
        ("slowest backend", "latency", True),
        ("lowest p95", "latency", False),
        ("best latency", "latency", False),
        ("cheapest model for <0>", "cost", False),
        ("most expensive deployment", "cost", True),
        ("dearest tenant", "cost", True),
        ("best model for <0>", "quality", False),
        ("smartest model", "quality", False),
        ("highest quality", "quality", False),
        ("worst quality", "quality", True),
        ("worst model", None, True),
        ("most errors", None, True),
        ("which model for <0>", None, False),
        ("quality dropped", None, False),
    ],
)
def test_what_best_means(text: str, meant: str | None, worst: bool) -> None:
    assert measures.optimise_for(text, measured=measures.metric(text)) == meant
    assert measures.worst(text) is worst


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("900 tokens", 900),
        ("a 2k token prompt", 2_000),
        ("1.5k tokens", 1_500),
        ("a 2k prompt for <0>", 2_000),
        ("1,200 tokens", 1_200),
        ("900-token request", 900),
        ("prompt of 4000", 4_000),
        ("0.5m tokens", 500_000),
        ("prompt is 3k", 3_000),
        ("cost per 1k tokens", None),
        ("price per 1000 tokens", None),
        ("top 3 prompts", None),
        ("5xx", None),
        ("how many tokens", None),
        ("<0> tokens", None),
        ("request <0>", None),
        ("$900 in tokens", None),
    ],
)
def test_lengths_of_prompts(text: str, length: int | None) -> None:
    assert measures.prompt_tokens(text) == length


@given(st.text(max_size=100))
def test_any_text_is_measured(text: str) -> None:
    plain = spelt(text)
    metric = measures.metric(plain)
    measures.demand(plain, measured=metric)
    measures.dimensions(plain)
    measures.statuses(plain, named=True)
    measures.optimise_for(plain, measured=metric)
    length = measures.prompt_tokens(plain)
    assert length is None or length >= 0


def test_only_words_about_measures_are_put_right() -> None:
    assert spelt("Qualty of resoning by teir") == "quality of resoning by tier"
    assert spelt("<0> model modest requested") == "<0> model modest requested"
