"""What happens all the time: requests, decisions, scores, samples, and the buckets that count them.

The degree law: only a bucket gains a relationship for each request, and a bucket is one hour of one
cell. A cell is a combination of the dimensions below; it links to what it names, so that a
deployment or a policy version has as many relationships as it has cells, however much is routed.
"""

from bisect import bisect_right
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import orjson

from graph.model.declare import AT, KEY, RECORDED_AT, Kind, Node, Property, Relationship


class CellKey(NamedTuple):
    """The dimensions that requests are counted by; None where a request has no such thing."""

    tenant: str
    deployment: str
    task_type: str
    tier: str
    policy: str
    policy_version: str
    experiment: str | None
    arm: str | None
    router_version: str | None
    method: str
    displaced_from: str | None
    prompt_band: str | None = None

    @property
    def id(self) -> str:
        """The key of the cell's node: 16 hexadecimal digits made from the dimensions."""
        return _cell_id(self)


@lru_cache(maxsize=65_536)
def _cell_id(key: CellKey) -> str:
    # A cell without a band was counted before there were any, and keeps the id it had then.
    parts = tuple(key) if key.prompt_band is not None else tuple(key)[:-1]
    return blake2b(orjson.dumps(parts), digest_size=8).hexdigest()


_BAND_STARTS = (512, 2048, 8192)
PROMPT_BANDS: tuple[str, ...] = ("0-512", "512-2048", "2048-8192", "8192+")
"""How long prompts are, in tokens: from the first number, included, to the second, excluded."""


def prompt_band(prompt_tokens: int) -> str:
    """The band that a prompt of so many tokens lies in."""
    return PROMPT_BANDS[bisect_right(_BAND_STARTS, prompt_tokens)]


ARRIVAL_STEP_MINUTES = 10
"""A bucket tells how many of its requests arrived in each step of so many minutes."""
_STEPS = range(0, 60, ARRIVAL_STEP_MINUTES)


def arrivals_name(minute: int) -> str:
    """The measure that counts what arrives in a minute of the hour."""
    return f"arrivals{minute - minute % ARRIVAL_STEP_MINUTES:02}"


ARRIVALS: tuple[str, ...] = tuple(arrivals_name(minute) for minute in _STEPS)
"""The measures that count arrivals within the hour, in their order."""


def _whole(name: str, meaning: str) -> Property:
    return Property(name, Kind.WHOLE, meaning)


_TENANT = Property("tenant", Kind.TEXT, "the tenant it belongs to")
_CELL = Property("cell", Kind.TEXT, "id of its cell")
_HOUR = Property("hour", Kind.INSTANT, "the hour of the requests, by their arrival")
_RECORDED_HOUR = Property("recordedHour", Kind.INSTANT, "the hour in which they became known")

REQUEST = Node(
    "Request",
    "One request and how it went. With the label Awaited: named by a score, not yet told itself.",
    key=(Property("id", Kind.TEXT, "request_id"), _TENANT),
    properties=(
        AT,
        RECORDED_AT,
        KEY,
        Property("user", Kind.TEXT, "who asked"),
        Property("tier", Kind.TEXT, "the user's tier"),
        Property("taskType", Kind.TEXT, "kind of work"),
        _whole("promptTokens", "tokens asked"),
        _whole("completionTokens", "tokens answered"),
        Property("session", Kind.TEXT, "conversation it belongs to"),
        Property("labels", Kind.JSON, "labels given by the sender"),
        Property("requirements", Kind.JSON, "what the request demanded"),
        Property("status", Kind.TEXT, "ok, error, timeout or rate_limited"),
        Property("errorType", Kind.TEXT, "class of the failure"),
        Property("latencyMs", Kind.NUMBER, "time to the whole answer, ms"),
        Property("ttftMs", Kind.NUMBER, "time to the first token, ms"),
        Property("queueMs", Kind.NUMBER, "time waited before, ms"),
        Property("costUsd", Kind.NUMBER, "cost, US dollars; absent when not told"),
        _whole("retries", "tries before this outcome"),
        Property("cacheHit", Kind.FLAG, "answered from a cache"),
    ),
    indexes=(("user", "at"),),
    grows="with traffic",
)
DECISION = Node(
    "RoutingDecision",
    "Why one request went where it went; reached from its request.",
    key=(),
    properties=(
        Property("deployment", Kind.TEXT, "where it went"),
        Property("policy", Kind.TEXT, "policy in force"),
        Property("policyVersion", Kind.TEXT, "its version"),
        Property("method", Kind.TEXT, "rule, semantic, learned, pinned or fallback"),
        Property("confidence", Kind.NUMBER, "the router's confidence"),
        Property("routerVersion", Kind.TEXT, "version of the router"),
        Property("experiment", Kind.TEXT, "experiment it took part in"),
        Property("arm", Kind.TEXT, "arm it was given"),
        Property("reasons", Kind.TEXTS, "the router's reasons"),
        Property("candidates", Kind.JSON, "deployment, score, rejected, propensity of each"),
        Property("propensity", Kind.NUMBER, "probability of this choice"),
        Property("exploration", Kind.FLAG, "chosen to learn"),
        Property("fallbackFrom", Kind.JSON, "deployment and cause of each that failed before"),
        Property("viewVersion", Kind.TEXT, "version of the routing view it was made on"),
    ),
    grows="with traffic",
)
SCORE = Node(
    "QualityScore",
    "One verdict of one evaluator on one request; a later one supersedes it from then on.",
    key=(KEY,),
    properties=(
        AT,
        RECORDED_AT,
        Property("evaluator", Kind.TEXT, "who scored"),
        Property("evaluatorVersion", Kind.TEXT, "its version; empty when not told"),
        Property("score", Kind.NUMBER, "0 (worst) to 1"),
        Property("kind", Kind.TEXT, "eval, thumbs or error_report"),
        Property("comment", Kind.TEXT, "what the evaluator wrote"),
    ),
    grows="with traffic",
)
CELL = Node(
    "Cell",
    "A combination of dimensions that requests are counted by.",
    key=(Property("id", Kind.TEXT, "made from the dimensions"),),
    properties=(
        _TENANT,
        Property("deployment", Kind.TEXT, "served by"),
        Property("taskType", Kind.TEXT, "kind of work"),
        Property("tier", Kind.TEXT, "tier"),
        Property("policy", Kind.TEXT, "policy"),
        Property("policyVersion", Kind.TEXT, "its version"),
        Property("experiment", Kind.TEXT, "experiment"),
        Property("arm", Kind.TEXT, "arm"),
        Property("routerVersion", Kind.TEXT, "router version"),
        Property("method", Kind.TEXT, "how it was decided"),
        Property("displacedFrom", Kind.TEXT, "deployment that failed first"),
        Property("promptBand", Kind.TEXT, "band of the prompt's length, tokens"),
    ),
    grows="with the combinations in use",
)
MEASURES: tuple[Property, ...] = (
    _whole("count", "requests"),
    _whole("okCount", "answered"),
    _whole("errorCount", "failed with an error"),
    _whole("timeoutCount", "timed out"),
    _whole("rateLimitedCount", "turned away by a rate limit"),
    _whole("latencySumUs", "sum of latencies, µs"),
    _whole("latencySquaresMs2", "sum of squared latencies, each rounded to 1 ms²"),
    _whole("ttftCount", "requests whose time to first token is known"),
    _whole("ttftSumUs", "sum of times to first token, µs"),
    _whole("costCount", "requests whose cost is known"),
    _whole("costSumNanoUsd", "sum of costs, 1e-9 US dollars"),
    _whole("costSquaresMicroUsd2", "sum of squared costs, each rounded to (1e-6 US dollars)²"),
    _whole("promptTokens", "tokens asked"),
    _whole("completionTokens", "tokens answered"),
    _whole("cacheHits", "answered from a cache"),
    _whole("retries", "tries before the outcomes"),
    *(
        _whole(name, f"requests that arrived in minutes {start} to {start + 9} of the hour")
        for name, start in zip(ARRIVALS, _STEPS, strict=True)
    ),
)
"""The integer measures of a bucket: sums of integers are the same in any order."""
BUCKET = Node(
    "Bucket",
    "One hour of one cell: exact counts, sums and squares, and mergeable quantile sketches.",
    key=(_CELL, _HOUR, _RECORDED_HOUR),
    properties=(
        _TENANT,
        *MEASURES,
        Property("latencySketch", Kind.BYTES, "quantile sketch of latency in ms"),
        Property("ttftSketch", Kind.BYTES, "quantile sketch of time to first token in ms"),
    ),
    indexes=(("hour",),),
    grows="with hours and cells",
)
SCORE_MEASURES: tuple[Property, ...] = (
    _whole("count", "requests with a score in force, net of superseded ones"),
    _whole("sumNano", "sum of scores, 1e-9"),
    _whole("squaresNano", "sum of squared scores, each rounded to 1e-9"),
)
SCORE_BUCKET = Node(
    "ScoreBucket",
    "Scores of one hour of one cell that became known in one hour: late scores and corrections "
    "land here, a superseded score is taken out in the hour of its successor.",
    key=(
        _CELL,
        _HOUR,
        _RECORDED_HOUR,
        Property("evaluator", Kind.TEXT, "who scored"),
        Property("evaluatorVersion", Kind.TEXT, "its version; empty when not told"),
    ),
    properties=(_TENANT, *SCORE_MEASURES),
    indexes=(("hour",),),
    grows="with hours and cells",
)
HOUR = Node(
    "Hour",
    "How often an hour of a tenant was written to, so that readers know what to read again.",
    key=(_TENANT, _HOUR),
    properties=(_whole("version", "transactions that changed its buckets"),),
    indexes=(("hour",),),
    grows="with hours",
)
HEALTH_HOUR = Node(
    "HealthHour",
    "The health samples of one deployment in one hour.",
    key=(Property("deployment", Kind.TEXT, "the deployment"), _HOUR),
    grows="with hours",
)
OBSERVATION = Node(
    "Observation",
    "A health sample from a probe, a gateway or a provider; a metric it lacks is absent, never 0.",
    key=(KEY,),
    properties=(
        AT,
        RECORDED_AT,
        Property("source", Kind.TEXT, "who sampled"),
        Property("deployment", Kind.TEXT, "what was sampled"),
        Property("windowS", Kind.NUMBER, "seconds it covers"),
        _whole("sampleCount", "requests or probes behind it"),
        Property("available", Kind.FLAG, "answered at all"),
        Property("errorRate", Kind.NUMBER, "share of failures"),
        Property("latencyP50Ms", Kind.NUMBER, "median latency, ms"),
        Property("latencyP95Ms", Kind.NUMBER, "95th percentile, ms"),
        Property("latencyP99Ms", Kind.NUMBER, "99th percentile, ms"),
        Property("queueDepth", Kind.NUMBER, "requests waiting"),
        Property("inFlight", Kind.NUMBER, "requests being served"),
        Property("load", Kind.NUMBER, "share of capacity in use"),
        Property("rateLimitRemaining", Kind.NUMBER, "requests left"),
        Property("rateLimitLimit", Kind.NUMBER, "requests allowed"),
        Property("spotAvailability", Kind.NUMBER, "chance that spot capacity stays"),
        Property("costPer1kTokensUsd", Kind.NUMBER, "price now, US dollars"),
        Property("region", Kind.TEXT, "where"),
    ),
    indexes=(("deployment", "at"),),
    grows="with probes",
)

NODES: tuple[Node, ...] = (
    REQUEST,
    DECISION,
    SCORE,
    CELL,
    BUCKET,
    SCORE_BUCKET,
    HOUR,
    HEALTH_HOUR,
    OBSERVATION,
)

_ONE = "one"
RELATIONSHIPS: tuple[Relationship, ...] = (
    Relationship("ROUTED_BY", "Request", "RoutingDecision", "the decision behind it", _ONE),
    Relationship("IN_BUCKET", "Request", "Bucket", "where it is counted", "one hour of a cell"),
    Relationship("OF_CELL", "Bucket", "Cell", "what it is an hour of", "hours in use"),
    Relationship("SCORES", "QualityScore", "Request", "what it scores", "scores of a request"),
    Relationship("SCORED_IN", "ScoreBucket", "Cell", "what it is an hour of", "hours in use"),
    Relationship("SERVED_BY", "Cell", "Deployment", "who serves it", "cells"),
    Relationship("OF_TASK", "Cell", "TaskType", "kind of work", "cells"),
    Relationship("OF_TIER", "Cell", "Tier", "whose", "cells"),
    Relationship("OF_TENANT", "Cell", "Tenant", "whose", "cells"),
    Relationship("UNDER", "Cell", "PolicyVersion", "the policy in force", "cells"),
    Relationship("IN_ARM", "Cell", "Arm", "the arm it was given", "cells"),
    Relationship("ROUTED_WITH", "Cell", "Router", "the router version", "cells"),
    Relationship("DISPLACED_FROM", "Cell", "Deployment", "where it had gone first", "cells"),
    Relationship("SCORED_BY", "Cell", "Evaluator", "who scores it", "cells"),
    Relationship("SAMPLED_IN", "Deployment", "HealthHour", "its hours of samples", "hours"),
    Relationship("HOLDS", "HealthHour", "Observation", "its samples", "samples of an hour"),
)
