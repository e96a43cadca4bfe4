"""The state of every deployment in each minute of an hour, as the planted effects make it.

A minute takes on an effect only when it begins after the effect does, so that nothing ever shows
before its cause.
"""

from dataclasses import dataclass

import numpy as np

from ingest.simulator.arrays import HOUR_MS, MINUTE_MS, Bools, Draw, Floats, Ints, generator
from ingest.simulator.catalogue import DEPLOYMENTS
from ingest.simulator.effects import (
    Effects,
    Failures,
    LatencyFactor,
    Outage,
    QuotaCut,
    Span,
    SpotShortage,
)
from ingest.simulator.fleet import SPOT
from ingest.simulator.plan import SimulationPlan

REJECTIONS = (
    "",
    "breaker_open",
    "spot_unavailable",
    "context_window",
    "compliance",
)
"""Why a candidate is ruled out; a code is a place in this list, 0 means that it is not."""

CODE = {reason: code for code, reason in enumerate(REJECTIONS)}


@dataclass(frozen=True, slots=True)
class Conditions:
    """By deployment and minute of the hour.

    `failing` is the share of attempts that fail on top of the usual ones, `blocked` the code by
    which the router avoids a deployment, `slow` a factor on latency, `spot` the availability of
    spot capacity (NaN where it is not spot), `quota_per_s` what is not refused (infinite usually).
    """

    failing: Floats
    down: Bools
    blocked: Ints
    slow: Floats
    spot: Floats
    quota_per_s: Floats

    @property
    def limited(self) -> bool:
        """Whether any quota is cut."""
        return bool(np.isfinite(self.quota_per_s).any())


def conditions(plan: SimulationPlan, effects: Effects, *, hour: int) -> Conditions:
    """What holds in an hour."""
    shape = (len(DEPLOYMENTS), 60)
    draw = generator(plan.seed, Draw.PROBES, hour, 1)
    spot = np.where(SPOT[:, None], 0.86 + 0.06 * draw.standard_normal(shape), np.nan)
    state = Conditions(
        failing=np.zeros(shape),
        down=np.zeros(shape, dtype=bool),
        blocked=np.zeros(shape, dtype=np.int64),
        slow=np.ones(shape),
        spot=np.clip(spot, 0.55, 0.99),
        quota_per_s=np.full(shape, np.inf),
    )
    for effect in effects.all:
        _apply(effect, state, hour=hour)
    return state


def _apply(effect: object, state: Conditions, *, hour: int) -> None:
    match effect:
        case LatencyFactor(span, deployments, factor):
            state.slow[_cells(span, deployments, hour=hour)] *= factor
        case Failures(span, deployments, share):
            state.failing[_cells(span, deployments, hour=hour)] += share
        case Outage(span, deployments, noticed_after_ms, reason, reclaimed):
            state.down[_cells(span, deployments, hour=hour)] = True
            noticed = Span(span.start_ms + noticed_after_ms, span.end_ms + noticed_after_ms // 2)
            state.blocked[_cells(noticed, deployments, hour=hour)] = CODE[reason]
            if reclaimed:
                state.spot[_cells(span, deployments, hour=hour)] = 0.0
        case SpotShortage(span, deployments, availability):
            cells = _cells(span, deployments, hour=hour)
            state.spot[cells] = np.minimum(
                state.spot[cells], np.clip(availability * state.spot[cells], 0, 1)
            )
        case QuotaCut(span, deployment, requests_per_s):
            state.quota_per_s[_cells(span, (deployment,), hour=hour)] = requests_per_s
        case _:
            pass


def _cells(span: Span, deployments: tuple[int, ...], *, hour: int) -> tuple[Ints, Ints]:
    """Index of these deployments in the minutes of the hour that a span holds."""
    starts = hour * HOUR_MS + np.arange(60) * MINUTE_MS
    minutes = np.flatnonzero((starts >= span.start_ms) & (starts < span.end_ms))
    rows, columns = np.meshgrid(np.array(deployments, dtype=np.int64), minutes, indexing="ij")
    return rows, columns
