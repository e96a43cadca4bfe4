"""What becomes of a deployment that is asked for more than it can carry: a queue, and refusals.

Only while traffic surges: elsewhere load above 1 lasts minutes and shows in latency alone. What
waits at the start of an hour follows from the expected load since the surge began, so that any
hour can be drawn on its own.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ingest.simulator.arrays import HOUR_MS, MINUTE_MS, Floats
from ingest.simulator.catalogue import DEPLOYMENTS
from ingest.simulator.conditions import conditions
from ingest.simulator.effects import Effects, Surge
from ingest.simulator.load import loads
from ingest.simulator.plan import SimulationPlan

_LONGEST_WAIT_S = 40.0
_QUEUED = 0.3
"""Share of the excess that is let into the queue while there is room; the rest is refused."""


@dataclass(frozen=True, slots=True)
class Overrun:
    """By deployment and minute of the hour: seconds to wait in the queue, share refused."""

    wait_s: Floats
    refused: Floats


def overrun(plan: SimulationPlan, effects: Effects, *, hour: int) -> Overrun | None:
    """The queues and refusals of an hour; None where no traffic surges in it."""
    surges = tuple(effects.of(Surge))
    if not any(surge.span.overlaps(hour * HOUR_MS, (hour + 1) * HOUR_MS) for surge in surges):
        return None
    return _queued(plan, effects, hour)[0]


@lru_cache(maxsize=64)
def _queued(plan: SimulationPlan, effects: Effects, hour: int) -> tuple[Overrun, Floats]:
    """The hour's overrun, and the seconds of work that wait when it ends."""
    starts = hour * HOUR_MS + np.arange(60) * MINUTE_MS
    surging = np.zeros(60, dtype=bool)
    for surge in effects.of(Surge):
        surging |= (starts >= surge.span.start_ms) & (starts < surge.span.end_ms)
    waiting = np.zeros(len(DEPLOYMENTS))
    shape = (len(DEPLOYMENTS), 60)
    wait_s, refused = np.zeros(shape), np.zeros(shape)
    if not surging.any():
        return Overrun(wait_s, refused), waiting
    if surging[0]:
        waiting = _queued(plan, effects, hour - 1)[1].copy()
    load = loads(plan, effects, conditions(plan, effects, hour=hour), hour=hour)
    for minute in np.flatnonzero(surging).tolist():
        wait_s[:, minute] = waiting
        excess = np.maximum(load[:, minute] - 1, 0)
        room = np.maximum(_LONGEST_WAIT_S - waiting, 0) / 60
        let_in = np.minimum(_QUEUED * excess, room)
        refused[:, minute] = (excess - let_in) / np.maximum(load[:, minute], 1)
        drained = 60 * np.maximum(1 - load[:, minute], 0)
        waiting = np.maximum(waiting + 60 * let_in - drained, 0)
    if not surging[-1]:
        waiting = np.zeros(len(DEPLOYMENTS))
    return Overrun(wait_s, refused), waiting


@dataclass(frozen=True, slots=True)
class Overload:
    """A deployment offered more than it can carry, from one minute on until another."""

    deployment: int
    start_ms: int
    end_ms: int


def overloads(
    plan: SimulationPlan, effects: Effects, *, start_ms: int, end_ms: int, sustained_minutes: int
) -> list[Overload]:
    """The overloads that begin in a time and last so long, in order of time."""
    hours = range(start_ms // HOUR_MS, -(-end_ms // HOUR_MS))
    if not hours:
        return []
    load = np.concatenate(
        [loads(plan, effects, conditions(plan, effects, hour=h), hour=h) for h in hours], axis=1
    )
    found: list[Overload] = []
    for deployment in range(len(DEPLOYMENTS)):
        over = np.concatenate([[False], load[deployment] > 1, [False]]).astype(np.int8)
        begins, ends = np.flatnonzero(np.diff(over) == 1), np.flatnonzero(np.diff(over) == -1)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            at_ms = hours[0] * HOUR_MS + begin * MINUTE_MS
            if end - begin >= sustained_minutes and start_ms <= at_ms < end_ms:
                found.append(Overload(deployment, at_ms, at_ms + (end - begin) * MINUTE_MS))
    return sorted(found, key=lambda one: (one.start_ms, one.deployment))
