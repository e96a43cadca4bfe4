"""What a metric would have been had the traffic been routed otherwise, from buckets.

Reads the period and the hours around it, asks `graph/causes/rerouting.py` who would have gone
where and `graph/causes/counterfactual.py` what that would have given. Refuses where too few like
requests went that way.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import orjson

from graph.causes.counterfactual import (
    Counterfactual,
    Rerouting,
    Rows,
    predict,
    weighted_quantile,
)
from graph.causes.intervention import (
    PolicyGiven,
    Question,
    World,
    in_arm,
    left_out,
    under_policy,
)
from graph.causes.logged import Logged, corrected
from graph.columns import BucketColumns
from graph.errors import InvalidInput, NotFound
from graph.estimates import Array
from graph.frame import Ints, SketchColumn, join_scores, join_traffic
from graph.policies.facts import PolicyFacts
from graph.propensities import MOST_DECISIONS, Decisions, logged_decisions
from graph.scope import TenantScope
from graph.sketch import RELATIVE_ERROR, value_of
from graph.slices import Granularity, Metric, Period, Slice, floor
from graph.store.door import GraphStore
from graph.traffic import known_traffic

NEARBY: Final = timedelta(days=14)
"""How far before and after the period like requests may stand in for those that it lacks."""
LEAST_SAMPLES: Final = 30.0
"""Effective samples below which nothing is estimated."""
MOST_MISSING: Final = 0.2
"""Share of the traffic, or of what would have moved, that may be without a counterpart."""
_MOST_WITH_ODDS: Final = 0.9
"""Share of the readable decisions that must tell their odds for these to count."""
_NEGLIGIBLE: Final = 0.01
"""Share of the traffic that may be without a counterpart in any case."""

_ANSWER_PRICE: Final = 4.0
"""What an answered token usually costs beside one of the prompt."""
_QUANTILES: Final = {
    Metric.LATENCY_P50: 0.5,
    Metric.LATENCY_P95: 0.95,
    Metric.TTFT_P95: 0.95,
}
_PACES: Final = {*_QUANTILES, Metric.LATENCY_MEAN, Metric.ERROR_RATE}
"""Metrics that a failed first attempt spoils, so that those who fell back tell nothing of them."""
_HIGHEST: Final = {Metric.QUALITY: 1.0, Metric.ERROR_RATE: 1.0}


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A metric as it was and as it would have been, with a 95 % interval.

    `effective_samples` are Kish's of the requests that the moved ones are predicted from, or all
    where none would have moved. `refused` says why the data cannot tell; nothing is estimated
    then. `moved` is the share of the requests (QUALITY: of the scores) that would have gone
    elsewhere; `notes` what the estimate rests on.
    """

    observed: float | None
    estimate: float | None
    low: float | None
    high: float | None
    effective_samples: float
    refused: str | None
    moved: float | None = None
    notes: tuple[str, ...] = ()


async def what_if(
    store: GraphStore,
    columns: BucketColumns,
    *,
    metric: Metric,
    during: Period,
    where: Slice,
    policy_version: str | None = None,
    without: frozenset[str] | None = None,
    arm: str | None = None,
    scope: TenantScope,
    now: datetime,
) -> WhatIf:
    """The metric of the requests of a slice and period, had one thing been otherwise.

    Give exactly one: `policy_version` (`policy@version` in force for all that it is for),
    `without` (these deployments or backends left out), or `arm` (`experiment/arm`, or an arm's
    name that only one experiment has: everybody in that arm). Raises InvalidInput, NotFound for a
    policy version that nobody told of, and GraphUnavailable.
    """
    given = {"policyVersion": policy_version, "without": without, "arm": arm}
    named = [name for name, value in given.items() if value is not None]
    if len(named) != 1:
        raise InvalidInput(
            "give exactly one of policyVersion, without and arm",
            field=named[1] if named else "policyVersion",
        )
    if without is not None and not without:
        raise InvalidInput("is empty; name a deployment or a backend", field="without")
    policy = None
    if policy_version is not None:
        policy = await _policy(store, policy_version)
    world = await gathered(store, columns, during=during, where=where, scope=scope, now=now)
    if metric is Metric.VOLUME:
        return _unmoved(world)
    if policy is not None:
        asked = under_policy(world, policy)
    elif without is not None:
        asked = left_out(world, without)
    else:
        asked = in_arm(world, arm or "")
    decisions = None
    few = _few(world, asked) if policy is not None and where.user is None else []
    if few and metric not in _QUANTILES and asked.refused is None:
        decisions = await logged_decisions(
            store, columns, metric=metric, cells=few, during=during, scope=scope
        )
    return _answer(world, asked, metric, decisions)


def _few(world: World, asked: Question) -> list[str]:
    """The cells whose decisions are to be read one by one: none where that would be too many.

    Those that were displaced tell nothing: the odds are those of another choice.
    """
    here = asked.affected & world.inside
    rows = here[world.traffic.cell] & ~world.traffic_near
    if world.traffic.measure("count")[rows].sum() > MOST_DECISIONS:
        return []
    own = world.marked(lambda key: key.displaced_from is None)
    present = np.unique(world.traffic.cell[rows & own[world.traffic.cell]])
    return sorted(world.keys[int(cell)].id for cell in present)


async def gathered(
    store: GraphStore,
    columns: BucketColumns,
    *,
    during: Period,
    where: Slice,
    scope: TenantScope,
    now: datetime,
) -> World:
    """Two reads: the period exactly, and whole hours around it without those it touches."""
    like = Slice(task_type=where.task_type, tier=where.tier, tenant=where.tenant, user=where.user)
    asked = [
        during,
        Period(
            floor(during.start, Granularity.HOUR) - NEARBY,
            floor(max(min(during.end + NEARBY, now), during.start), Granularity.HOUR),
        ),
    ]
    told = [
        await known_traffic(store, columns, during=period, where=like, scope=scope, known_at=None)
        for period in asked
    ]
    (traffic, scores), (near, near_scores) = told
    start = floor(during.start, Granularity.HOUR).timestamp()
    end = during.end.timestamp()
    near = near.take((near.hour < start) | (near.hour >= end))
    near_scores = near_scores.take((near_scores.hour < start) | (near_scores.hour >= end))
    joined, joined_scores = join_traffic([traffic, near]), join_scores([scores, near_scores])
    used = np.union1d(joined.cell, joined_scores.cell)
    matching = columns.cells.matches(replace(where, user=None))
    return World(
        keys=tuple(columns.cells.keys[int(cell)] for cell in used),
        traffic=replace(joined, cell=_numbered(used, joined.cell)),
        scores=replace(joined_scores, cell=_numbered(used, joined_scores.cell)),
        traffic_near=np.arange(len(joined.cell)) >= len(traffic.cell),
        scores_near=np.arange(len(joined_scores.cell)) >= len(scores.cell),
        inside=matching[used],
        evaluators=max(len(columns.evaluators), 1),
        used=used,
    )


def _numbered(used: Ints, cells: Ints) -> Ints:
    return np.asarray(np.searchsorted(used, cells), dtype=np.int64)


async def _policy(store: GraphStore, name: str) -> PolicyGiven:
    """A policy version as told last, and the arms that route their requests themselves."""
    policy, _, version = name.rpartition("@")
    if not policy or not version:
        raise InvalidInput(
            f'must be written policy@version, e.g. "main@v2"; {name!r} is not',
            field="policyVersion",
        )
    rows = await store.ask("policy_version", policy=policy, version=version)
    if not rows:
        raise NotFound(f"no version {version} of a policy {policy} was ever told of or used")
    told = rows[0]
    pinned = {
        (str(experiment), str(arm["arm"]))
        for experiment, arms in told["experiments"]
        for arm in orjson.loads(arms)
        if arm.get("deployment") is not None or arm.get("policy_version") is not None
    }
    published: Any = told["publishedAt"]
    facts = PolicyFacts(
        policy=policy,
        version=version,
        published_at=datetime.fromtimestamp(0, UTC) if published is None else published.to_native(),
        task_types=tuple(told["taskTypes"] or ()),
        tiers=tuple(told["tiers"] or ()),
        tenants=tuple(told["tenants"] or ()),
        rules=orjson.loads(told["rules"] or "{}"),
    )
    return PolicyGiven(facts, frozenset(pinned))


def _unmoved(world: World) -> WhatIf:
    """VOLUME: routing moves requests and makes none."""
    asked = world.inside[world.traffic.cell] & ~world.traffic_near
    n = float(world.traffic.measure("count")[asked].sum())
    return WhatIf(n, n, n, n, n, None, 0.0, ("routing moves requests and makes none",))


def measured(world: World, asked: Question, metric: Metric) -> Rows:
    """The sums that a mean metric, or COST, is predicted from; a row for each bucket."""
    return _rows(world, asked, metric, _values(world, asked, metric))


def _rows(world: World, asked: Question, metric: Metric, values: "_Values") -> Rows:
    quality = metric is Metric.QUALITY
    source = world.scores if quality else world.traffic
    near = world.scores_near if quality else world.traffic_near
    cell = source.cell
    return Rows(
        context=asked.at.context[cell],
        choice=asked.at.choice[cell],
        judge=world.scores.evaluator if quality else np.zeros(len(cell), dtype=np.int64),
        hour=source.hour // 3600,
        count=values.count,
        total=values.total,
        squares=values.squares,
        units=values.units,
        inside=world.inside[cell] & ~near,
        affected=asked.affected[cell],
        near=near,
        direct=asked.direct[cell] if metric in _PACES else np.ones(len(cell), dtype=np.bool_),
    )


@dataclass(frozen=True, slots=True)
class _Values:
    count: Array
    total: Array
    squares: Array
    units: Array


def _values(world: World, asked: Question, metric: Metric) -> _Values:
    """What a mean metric is a mean of, by row; COST is a sum of the same."""
    traffic, scores = world.traffic, world.scores

    def told(name: str, unit: float = 1.0) -> Array:
        return traffic.measure(name).astype(np.float64) / unit

    match metric:
        case Metric.QUALITY:
            count = scores.count.astype(np.float64)
            return _Values(count, scores.sum_nano / 1e9, scores.squares_nano / 1e9, count)
        case Metric.COST | Metric.COST_PER_REQUEST:
            return _costs(world, asked)
        case Metric.ERROR_RATE:
            failed = told("count") - told("okCount")
            return _Values(told("count"), failed, failed, told("count"))
        case _:
            squares = told("latencySquaresMs2")
            return _Values(told("count"), told("latencySumUs", 1e3), squares, told("count"))


def _costs(world: World, asked: Question) -> _Values:
    """Cost over the size of requests: where a request goes may depend on how long its prompt is.

    The size is the prompt's tokens and, priced higher, as many answered ones as its task type has
    on average: what is known of a request before it is routed.
    """
    traffic = world.traffic
    told = traffic.measure("costCount").astype(np.float64)
    count = np.maximum(traffic.measure("count").astype(np.float64), 1.0)
    tokens = traffic.measure("promptTokens") / count + _answers(world, asked)[traffic.cell]
    size = told * np.maximum(tokens, 1.0)
    total = traffic.measure("costSumNanoUsd") / 1e9
    squares = np.divide(total**2, size, out=np.zeros_like(total), where=size > 0)
    return _Values(size, total, squares, np.minimum(told, 1.0))


def _answer(
    world: World, asked: Question, metric: Metric, decisions: Decisions | None = None
) -> WhatIf:
    judges = world.evaluators if metric is Metric.QUALITY else 1
    if metric in _QUANTILES:
        return _percentile(world, asked, metric)
    rows = measured(world, asked, metric)
    weight = float(rows.count[rows.inside].sum())
    if weight <= 0:
        return _refusal(None, "nothing was measured of these requests", asked)
    observed = float(rows.total[rows.inside].sum())
    scale = _scale(world, metric, weight)
    if asked.refused is not None:
        return _refusal(observed / scale, asked.refused, asked)
    plan = asked.make(judges)
    found = predict(rows, plan)
    refused = refusal(found)
    if refused is None and decisions is not None:
        found, asked = _with_odds(world, asked, metric, plan, found, decisions)
        refused = refusal(found)
    if refused is not None:
        return _refusal(observed / scale, refused, asked, found)
    highest = _HIGHEST.get(metric, np.inf)
    estimate = found.total / scale
    return _told(
        asked,
        found,
        observed=observed / scale,
        estimate=min(estimate, highest),
        low=max((found.total - found.half) / scale, 0.0),
        high=min((found.total + found.half) / scale, highest),
    )


def _answers(world: World, asked: Question) -> Array:
    """By cell, how many tokens of a prompt the usual answer of its task type weighs."""
    traffic = world.traffic
    task = asked.at.task[asked.at.context]
    size = int(task.max(initial=0)) + 1
    told = task[traffic.cell]
    answered = np.bincount(told, weights=traffic.measure("completionTokens"), minlength=size)
    count = np.bincount(told, weights=traffic.measure("count"), minlength=size)
    return np.asarray(_ANSWER_PRICE * answered / np.maximum(count, 1.0), dtype=np.float64)[task]


def _with_odds(
    world: World,
    asked: Question,
    metric: Metric,
    plan: Rerouting,
    found: Counterfactual,
    told: Decisions,
) -> tuple[Counterfactual, Question]:
    """What single decisions add, where nearly all that could be read told their odds."""
    own = world.marked(lambda key: key.displaced_from is None) & asked.affected & world.inside
    cost = metric in (Metric.COST, Metric.COST_PER_REQUEST)
    values = _values(world, asked, metric)
    cells = world.scores.cell if metric is Metric.QUALITY else world.traffic.cell
    near = world.scores_near if metric is Metric.QUALITY else world.traffic_near
    count = world.traffic.measure("costCount").astype(np.float64) if cost else values.count
    readable = float(count[own[cells] & ~near].sum())
    if plan.reference is None or len(told.cell) < _MOST_WITH_ODDS * readable or not len(told.cell):
        return found, asked
    cell = _numbered(world.used, told.cell)
    context, choice = asked.at.context[cell], asked.at.choice[cell]
    wished = plan.reference.target[context, choice]
    known = plan.reference.target[context].sum(axis=1) > 0
    pair = (context * len(asked.at.choices) + choice) * plan.judges + told.judge
    size = told.prompt_tokens + _answers(world, asked)[cell] if cost else np.ones(len(cell))
    logged = Logged(
        cell=np.unique(pair[known], return_inverse=True)[1],
        hour=told.at_s[known] // 3600,
        propensity=told.propensity[known],
        wished=wished[known],
        count=np.maximum(size[known], 1.0),
        total=told.value[known],
    )
    note = f"corrected by {len(logged.cell)} outcomes of decisions with known odds"
    return corrected(found, logged), replace(asked, notes=(*asked.notes, note))


def _scale(world: World, metric: Metric, weight: float) -> float:
    """What the sum is divided by: nothing for COST, the requests of known cost per request."""
    if metric is Metric.COST:
        return 1.0
    if metric is Metric.COST_PER_REQUEST:
        asked = world.inside[world.traffic.cell] & ~world.traffic_near
        return float(world.traffic.measure("costCount")[asked].sum())
    return weight


def _percentile(world: World, asked: Question, metric: Metric) -> WhatIf:
    """A quantile of the weighted sketches, and Woodruff's (1952) interval about it."""
    q = _QUANTILES[metric]
    sketch = world.traffic.ttft if metric is Metric.TTFT_P95 else world.traffic.latency
    size = len(world.traffic.cell)
    count = np.bincount(sketch.row, weights=sketch.count, minlength=size).astype(np.float64)

    def above(edge: int) -> Rows:
        slow = _slow(sketch, edge, size)
        return _rows(world, asked, metric, _Values(count, slow, slow, count))

    def bins_at(weights: Array, ranks: list[float]) -> list[int]:
        whole = weights[sketch.row] * sketch.count
        return [int(found) for found in weighted_quantile(sketch.bin, whole, ranks)]

    inside = world.inside[world.traffic.cell] & ~world.traffic_near
    if count[inside].sum() <= 0:
        return _refusal(None, "nothing was measured of these requests", asked)
    edge = bins_at(inside.astype(np.float64), [q])[0]
    observed = value_of(edge)
    if asked.refused is not None:
        return _refusal(observed, asked.refused, asked)
    plan = asked.make(1)
    found = predict(above(edge), plan)
    refused = refusal(found)
    if refused is not None:
        return _refusal(observed, refused, asked, found)
    found = predict(above(bins_at(found.row_weight, [q])[0]), plan)
    half = found.half / found.weight
    low, middle, high = bins_at(found.row_weight, [q - half, q, q + half])
    return _told(
        asked,
        found,
        observed=observed,
        estimate=value_of(middle),
        low=value_of(low) * (1 - RELATIVE_ERROR),
        high=value_of(high) * (1 + RELATIVE_ERROR),
    )


def _slow(sketch: SketchColumn, edge: int, size: int) -> Array:
    """By row, how many values lie above a bin."""
    counts = np.where(sketch.bin > edge, sketch.count, 0)
    return np.bincount(sketch.row, weights=counts, minlength=size).astype(np.float64)


def refusal(found: Counterfactual) -> str | None:
    """Why an estimate must not be given; None where it may."""
    missing = found.missing / found.weight
    if missing > MOST_MISSING or (
        found.missing > MOST_MISSING * found.moved and missing > _NEGLIGIBLE
    ):
        share = 100 * found.missing / found.moved
        return f"{share:.0f} % of what would have moved has no like request that went that way"
    known = found.moved - found.missing
    if known > 0 and found.effective_samples < LEAST_SAMPLES:
        return (
            f"only {found.effective_samples:.0f} effective samples went that way; at least"
            f" {LEAST_SAMPLES:.0f} are needed"
        )
    return None


def _refusal(
    observed: float | None, why: str, asked: Question, found: Counterfactual | None = None
) -> WhatIf:
    samples = 0.0 if found is None or np.isnan(found.effective_samples) else found.effective_samples
    moved = None if found is None else found.moved / found.weight
    return WhatIf(observed, None, None, None, samples, why, moved, asked.notes)


def _told(
    asked: Question,
    found: Counterfactual,
    *,
    observed: float,
    estimate: float,
    low: float,
    high: float,
) -> WhatIf:
    notes = asked.notes
    if found.missing > 0:
        share = 100 * found.missing / found.weight
        notes = (*notes, f"{share:.2g} % of the traffic has no counterpart and is left as it was")
    moved = found.moved - found.missing
    return WhatIf(
        observed=observed,
        estimate=estimate,
        low=low,
        high=high,
        effective_samples=found.effective_samples if moved > 0 else found.weight,
        refused=None,
        moved=found.moved / found.weight,
        notes=notes,
    )
