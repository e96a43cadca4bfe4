"""How each request went: queueing, attempts that fail, latency, tokens billed and cost."""

from dataclasses import dataclass

import numpy as np

from ingest.simulator.arrays import Bools, Draw, Floats, Ints, generator
from ingest.simulator.catalogue import MODELS
from ingest.simulator.conditions import Conditions
from ingest.simulator.effects import CacheLoss, Effects, PriceChange, PromptCache
from ingest.simulator.fleet import FIRST_TOKEN_MS, MODEL_OF, PER_TOKEN_MS, capacity_per_s
from ingest.simulator.overrun import Overrun
from ingest.simulator.plan import SimulationPlan
from ingest.simulator.routing import Routed, next_in_line
from ingest.simulator.traffic import Arrivals

STATUSES = ("ok", "error", "timeout", "rate_limited")
ERROR_TYPES = ("", "upstream_5xx", "deadline_exceeded", "too_many_requests")

_USUAL_FAILURES = 0.004
_FAILURE_KINDS = np.array([0.6, 0.9])
_DEADLINE_MS = np.array([30_000.0, 45_000.0, 60_000.0])
_PATIENCE_MS = np.array([4_000.0, 6_000.0, 8_000.0])
_RETRIED = np.array([0.95, 0.85, 0.6])
_PER_PROMPT_TOKEN_MS = 0.04
_CACHED = 0.02
CACHE_PRICE = 0.1
"""Price of a prompt token that is read from a prompt cache, as a share of the usual one."""
MEAN_CACHED_PROMPT = np.array([0.5, 0.7, 0.6, 0.2, 0.4])
"""Mean share of a prompt that a prompt cache holds, by task type."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of each request, as columns. `first_failure` is 0 or the first attempt's status."""

    deployment: Ints
    first_failure: Ints
    status: Ints
    latency_ms: Floats
    first_token_ms: Floats
    queue_ms: Floats
    completion_tokens: Ints
    cost_usd: Floats
    cached: Bools


def outcomes(
    plan: SimulationPlan,
    effects: Effects,
    batch: Arrivals,
    routed: Routed,
    *,
    state: Conditions,
    load: Floats,
    over: Overrun | None = None,
) -> Outcomes:
    """Run every request: a first attempt and, where that fails, often a second elsewhere."""
    draw = generator(plan.seed, Draw.OUTCOMES, batch.hour)
    size = batch.size
    u_fail, u_kind, u_retry, u_fail_again, u_kind_again, u_wait, u_cache = batch.uniforms(draw, 7)
    noise = batch.normals(draw, 2)

    cached = (u_cache < _CACHED) & (batch.task >= 2) & ~routed.displaced
    first = _failures(
        batch, routed.chosen, u_fail, u_kind, state=state, load=load, plan=plan, over=over
    )
    first = np.where(cached, 0, first)
    retried = np.flatnonzero((first > 0) & (u_retry < _RETRIED[batch.tier]))
    deployment = routed.chosen.copy()
    deployment[retried] = next_in_line(batch, routed, retried)
    status = first.copy()
    again = _failures(
        batch, deployment, u_fail_again, u_kind_again, state=state, load=load, plan=plan, over=over
    )
    status[retried] = again[retried]

    read = _read_from_cache(plan, effects, batch, deployment)
    queue, first_token, answer = _times(
        batch, deployment, noise, state=state, load=load, over=over, read=read
    )
    wasted = np.zeros(size)
    wasted[retried] = _failed_ms(first, batch, u_wait)[retried]
    total = first_token + answer
    late = (status == 0) & (total > _DEADLINE_MS[batch.tier])
    status[late] = 2
    total = np.where(late, _DEADLINE_MS[batch.tier], total)
    total = np.where((status > 0) & ~late, _failed_ms(status, batch, u_wait), total)
    total = np.where(cached & (status == 0), 12 + 20 * u_wait, total)
    done = status == 0
    completion = np.where(done, batch.completion_tokens, 0)
    return Outcomes(
        deployment=deployment,
        first_failure=np.where(deployment != routed.chosen, first, 0),
        status=status,
        latency_ms=np.round(total + wasted, 1),
        first_token_ms=np.where(
            done, np.round(np.where(cached, total, first_token) + wasted, 1), 0
        ),
        queue_ms=np.where(done & ~cached, np.round(queue, 1), 0),
        completion_tokens=completion,
        cost_usd=_costs(effects, batch, deployment, completion, billed=done & ~cached, read=read),
        cached=cached & done,
    )


def prices(effects: Effects, at_ms: Ints, model: Ints) -> tuple[Floats, Floats]:
    """Prices of models at moments, for prompts and completions, in US dollars per 1,000 tokens."""
    per_prompt = np.array([m.input_usd_per_1k for m in MODELS])[model]
    per_completion = np.array([m.output_usd_per_1k for m in MODELS])[model]
    for change in sorted(effects.of(PriceChange), key=lambda change: change.at_ms):
        since = (model == change.model) & (at_ms >= change.at_ms)
        per_prompt = np.where(since, change.input_usd_per_1k, per_prompt)
        per_completion = np.where(since, change.output_usd_per_1k, per_completion)
    return per_prompt, per_completion


def _read_from_cache(
    plan: SimulationPlan, effects: Effects, batch: Arrivals, deployment: Ints
) -> Floats | None:
    """Share of each prompt that a prompt cache holds; None where no deployment has one."""
    caches = list(effects.of(PromptCache))
    if not caches:
        return None
    draw = generator(plan.seed, Draw.PROMPT_CACHE, batch.hour)
    (u,) = batch.uniforms(draw, 1)
    share = np.minimum(MEAN_CACHED_PROMPT[batch.task] * (0.6 + 0.8 * u), 0.98)

    def holds(one: PromptCache | CacheLoss) -> Bools:
        during = (batch.at_ms >= one.span.start_ms) & (batch.at_ms < one.span.end_ms)
        return during & np.isin(deployment, one.deployments)

    has = np.any([holds(cache) for cache in caches], axis=0)
    for loss in effects.of(CacheLoss):
        has &= ~holds(loss)
    return np.where(has, share, 0.0)


def _costs(
    effects: Effects,
    batch: Arrivals,
    deployment: Ints,
    completion: Ints,
    *,
    billed: Bools,
    read: Floats | None,
) -> Floats:
    """Tokens times price for what was answered; failures and cached answers cost nothing."""
    per_prompt, per_completion = prices(effects, batch.at_ms, MODEL_OF[deployment])
    if read is not None:
        per_prompt = per_prompt * (1 - (1 - CACHE_PRICE) * read)
    cost = (batch.prompt_tokens * per_prompt + completion * per_completion) / 1000
    return np.where(billed, np.round(cost, 9), 0.0)


def _failures(
    batch: Arrivals,
    deployment: Ints,
    u: Floats,
    u_kind: Floats,
    *,
    state: Conditions,
    load: Floats,
    plan: SimulationPlan,
    over: Overrun | None,
) -> Ints:
    """Status of one attempt of each request at its deployment: 0 where it gets through."""
    minute = batch.minute
    down = state.down[deployment, minute]
    refused = np.zeros(batch.size)
    if state.limited:
        rate = load[deployment, minute] * capacity_per_s(plan)[deployment]
        left = state.quota_per_s[deployment, minute]
        refused = np.clip(1 - left / np.maximum(rate, 1e-9), 0, 1)
    if over is not None:
        refused = np.maximum(refused, over.refused[deployment, minute])
    failing = np.where(down, 1.0, state.failing[deployment, minute] + _USUAL_FAILURES)
    kind: Ints = 1 + (u_kind[:, None] >= _FAILURE_KINDS).sum(axis=1)
    kind = np.where(state.failing[deployment, minute] > 0, np.minimum(kind, 2), kind)
    kind = np.where(down, 1 + (u_kind >= 0.7), kind)
    limited = u < refused
    failed = (u >= refused) & (u < refused + (1 - refused) * failing)
    return np.where(limited, 3, np.where(failed, kind, 0))


def _times(
    batch: Arrivals,
    deployment: Ints,
    noise: Floats,
    *,
    state: Conditions,
    load: Floats,
    over: Overrun | None,
    read: Floats | None,
) -> tuple[Floats, Floats, Floats]:
    """Queue, time to the first token (queue included) and time from there to the last, in ms."""
    pressure = waiting(load)[deployment, batch.minute]
    slow = state.slow[deployment, batch.minute]
    to_read = batch.prompt_tokens if read is None else batch.prompt_tokens * (1 - read)
    begin = FIRST_TOKEN_MS[deployment] + to_read * _PER_PROMPT_TOKEN_MS
    begin = begin * slow * np.exp(0.28 * noise[0])
    queue = begin * (pressure - 1)
    if over is not None:
        queue = queue + 1000 * over.wait_s[deployment, batch.minute]
    per_token = PER_TOKEN_MS[deployment] * slow * (1 + 0.3 * (pressure - 1))
    return queue, begin + queue, batch.completion_tokens * per_token * np.exp(0.12 * noise[1])


def waiting(load: Floats) -> Floats:
    """Factor by which load stretches the first token: 1 when idle, at most 5."""
    return np.minimum(1 + 0.5 * load**2 / np.maximum(1.1 - load, 0.05), 5.0)


def _failed_ms(status: Ints, batch: Arrivals, u: Floats) -> Floats:
    """How long a failed attempt takes, by the way in which it fails."""
    table = np.stack([np.zeros(u.size), 120 + 700 * u, _PATIENCE_MS[batch.tier], 25 + 40 * u])
    return table[status, np.arange(u.size)]
