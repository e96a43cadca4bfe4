"""Health samples: a probe of every deployment each few minutes, with gaps and missing metrics."""

from collections.abc import Iterator
from math import isnan
from typing import Any

import numpy as np

from ingest.simulator.arrays import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Bools,
    Draw,
    Floats,
    Ints,
    generator,
    stamps,
)
from ingest.simulator.catalogue import BACKENDS, DEPLOYMENTS
from ingest.simulator.conditions import Conditions
from ingest.simulator.effects import Effects, ProbeSilence
from ingest.simulator.envelope import Event, envelope
from ingest.simulator.fleet import (
    BACKEND_OF,
    FIRST_TOKEN_MS,
    MODEL_OF,
    PER_TOKEN_MS,
    capacity_per_s,
)
from ingest.simulator.outcomes import prices, waiting
from ingest.simulator.overrun import Overrun
from ingest.simulator.plan import SimulationPlan

METRICS = (
    "error_rate",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "queue_depth",
    "in_flight",
    "load",
    "rate_limit_remaining",
    "rate_limit_limit",
    "spot_availability",
    "cost_per_1k_tokens_usd",
)

_DELIVERY_MS = 2_000
_LOST = 0.01
_METRIC_MISSING = 0.02
_GAPS_PER_DAY = 0.05
_NEVER_REPORTED = {"quill-12b@aws": "queue_depth", "swift-8b@aws": "latency_p99_ms"}
_PROBE_TOKENS = 60
_QUEUE_PER_WAITED_S = 6


def observations(
    plan: SimulationPlan,
    effects: Effects,
    *,
    hour: int,
    state: Conditions,
    load: Floats,
    over: Overrun | None = None,
) -> Iterator[tuple[int, Event]]:
    """The samples of an hour with their recorded times in ms, deployment by deployment."""
    interval_ms = plan.probe_interval_s * 1000
    ticks: list[Ints] = []
    for deployment in range(len(DEPLOYMENTS)):
        phase_ms = deployment * 7_919 % interval_ms
        first = -(-(hour * HOUR_MS - phase_ms) // interval_ms) * interval_ms + phase_ms
        ticks.append(np.arange(first, (hour + 1) * HOUR_MS, interval_ms, dtype=np.int64))
    of = np.repeat(np.arange(len(DEPLOYMENTS)), [tick.size for tick in ticks])
    at_ms = np.concatenate(ticks)
    draw = generator(plan.seed, Draw.PROBES, hour, 2)
    up, values = _measured(
        plan, effects, of, at_ms, draw, hour=hour, state=state, load=load, over=over
    )
    values[draw.random(values.shape) < _METRIC_MISSING] = np.nan
    kept = (draw.random(at_ms.size) >= _LOST) & ~_silent(plan, effects, of, at_ms)
    yield from _events(plan, of, at_ms, values=values, kept=kept, up=up)


def _sample_count(plan: SimulationPlan) -> int:
    """Requests of its own that a probe makes in one interval."""
    return max(20, plan.probe_interval_s // 5)


def _measured(
    plan: SimulationPlan,
    effects: Effects,
    of: Ints,
    at_ms: Ints,
    draw: np.random.Generator,
    *,
    hour: int,
    state: Conditions,
    load: Floats,
    over: Overrun | None,
) -> tuple[Bools, Floats]:
    """Whether each sample found its deployment up, and a row for each of METRICS."""
    minute = (at_ms - hour * HOUR_MS) // MINUTE_MS
    count = _sample_count(plan)
    down = state.down[of, minute]
    # One number for each attempt, so that a fault takes none from the samples beside it.
    attempts = draw.random((at_ms.size, count))
    failing = state.failing[of, minute] + 0.002
    waited_s = np.zeros(at_ms.size)
    if over is not None:
        waited_s = over.wait_s[of, minute]
        failing = 1 - (1 - failing) * (1 - over.refused[of, minute])
    failed = np.asarray((attempts < failing[:, None]).sum(axis=1), dtype=np.float64)
    used = load[of, minute] * np.exp(0.06 * draw.standard_normal(at_ms.size))
    typical = FIRST_TOKEN_MS[of] * waiting(used) + _PROBE_TOKENS * PER_TOKEN_MS[of]
    p50 = typical * state.slow[of, minute] * np.exp(0.05 * draw.standard_normal(at_ms.size))
    p50 = np.where(down, np.nan, p50 + 1000 * waited_s)
    capacity = capacity_per_s(plan)[of] * plan.probe_interval_s
    limit = np.maximum(1, np.ceil(capacity * 1.5))
    quota = np.minimum(state.quota_per_s[of, minute] * plan.probe_interval_s, limit)
    per_prompt, per_completion = prices(effects, at_ms, MODEL_OF[of])
    metrics = (
        np.where(down, 1.0, np.round(failed / count, 4)),
        np.round(p50, 1),
        np.round(p50 * 1.62, 1),
        np.round(p50 * 2.05, 1),
        np.round(8 * (waiting(used) - 1) + _QUEUE_PER_WAITED_S * waited_s),
        np.where(down, 0, np.round(12 * used)),
        np.where(down, 0, np.round(used, 4)),
        np.maximum(0, np.floor(quota - used * capacity)),
        np.maximum(1, np.floor(quota)),
        np.round(state.spot[of, minute], 3),
        np.round((per_prompt + per_completion) / 2, 6),
    )
    return ~down, np.stack([np.asarray(m, dtype=np.float64) for m in metrics])


def _events(
    plan: SimulationPlan,
    of: Ints,
    at_ms: Ints,
    *,
    values: Floats,
    kept: Bools,
    up: Bools,
) -> Iterator[tuple[int, Event]]:
    count = _sample_count(plan)
    times, recorded = stamps(at_ms), stamps(at_ms + _DELIVERY_MS)
    told = [
        {name for name in METRICS if name != _NEVER_REPORTED.get(deployment)}
        for deployment in DEPLOYMENTS
    ]
    metrics = values.T.tolist()
    for place in np.flatnonzero(kept).tolist():
        deployment, at = int(of[place]), int(at_ms[place])
        name = DEPLOYMENTS[deployment]
        data: dict[str, Any] = {
            "deployment": name,
            "window_s": plan.probe_interval_s,
            "sample_count": count,
            "available": bool(up[place]),
        }
        data |= {
            metric: value
            for metric, value in zip(METRICS, metrics[place], strict=True)
            if not isnan(value) and metric in told[deployment]
        }
        data["region"] = BACKENDS[int(BACKEND_OF[deployment])].region
        event = envelope(
            "deployment.observed",
            id=f"{plan.fleet_id}-{name}-{at // 1000:x}",
            source="//probe",
            time=times[place],
            recorded=recorded[place],
            data=data,
        )
        yield at + _DELIVERY_MS, event


def _silent(plan: SimulationPlan, effects: Effects, of: Ints, at_ms: Ints) -> Bools:
    """Which samples fall into a gap: the odd one of a day, or a planted silence."""
    silent = np.zeros(at_ms.size, dtype=bool)
    for effect in effects.of(ProbeSilence):
        inside = (at_ms >= effect.span.start_ms) & (at_ms < effect.span.end_ms)
        silent |= inside & np.isin(of, effect.deployments)
    day = int(at_ms[0]) // DAY_MS
    draw = generator(plan.seed, Draw.PROBE_GAPS, day)
    lucky = draw.random(len(DEPLOYMENTS)) >= _GAPS_PER_DAY
    begin = day * DAY_MS + draw.integers(0, DAY_MS, len(DEPLOYMENTS))
    end = begin + draw.integers(15, 50, len(DEPLOYMENTS)) * MINUTE_MS
    return silent | (~lucky[of] & (at_ms >= begin[of]) & (at_ms < end[of]))
