"""Fleets whose cause is known, each in a stretch of time of its own, so that one server holds all.

A fleet is used only where its fault shows: an operator asks why a metric moved, not why it did not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from api.evaluation.histories import History, history
from api.evaluation.questions import VISIBLE, Asked, Twins, ask, quiet_questions
from ingest.simulator import (
    DEFAULT_END,
    FaultRequest,
    PlantedFault,
    SimulationPlan,
    decoys,
    simulate,
    truth,
)

FIRST_SEED = 70_001
"""Where the seeds of the evaluation begin; whoever tunes anything uses smaller ones."""

PER_DAY = 2_600
APART = timedelta(days=60)
_DAYS = 10
_DECOYS = 8
_TRIES = 8
_DAY = timedelta(days=1)
_SEEDS_OF_A_KIND = 1_000_000

_Draw = np.random.Generator
_Faults = Callable[[datetime, _Draw], tuple[FaultRequest, ...]]


def _working_hour(draw: _Draw) -> timedelta:
    return timedelta(minutes=int(draw.integers(7 * 60, 14 * 60)))


def _lasting(kind: str, *targets: str) -> _Faults:
    """From the eighth day on, so that there is a week to compare with."""

    def faults(start: datetime, draw: _Draw) -> tuple[FaultRequest, ...]:
        target = None if not targets else targets[int(draw.integers(0, len(targets)))]
        return (FaultRequest(kind=kind, at=start + 7 * _DAY + _working_hour(draw), target=target),)

    return faults


def _passing(kind: str, *targets: str, hours: float | None = None) -> _Faults:
    """Some hours of the eighth or ninth day."""

    def faults(start: datetime, draw: _Draw) -> tuple[FaultRequest, ...]:
        at = start + int(draw.integers(7, 9)) * _DAY + _working_hour(draw)
        until = None if hours is None else at + timedelta(hours=hours)
        target = None if not targets else targets[int(draw.integers(0, len(targets)))]
        return (FaultRequest(kind=kind, at=at, until=until, target=target),)

    return faults


def _drift(start: datetime, draw: _Draw) -> tuple[FaultRequest, ...]:
    """From the sixth day on, worse from day to day."""
    return (FaultRequest(kind="slow-drift", at=start + 5 * _DAY + _working_hour(draw)),)


def _two(start: datetime, draw: _Draw) -> tuple[FaultRequest, ...]:
    """Two faults that move one metric within a day of each other."""
    at = start + 7 * _DAY + _working_hour(draw)
    second = at + timedelta(minutes=int(draw.integers(60, 20 * 60)))
    hour = timedelta(hours=1)
    pairs = (
        (
            FaultRequest(kind="rollout-hurts-task", at=at, target="sage-r1@aws", magnitude=0.24),
            FaultRequest(kind="weaker-policy", at=second, target="standard/coding"),
        ),
        (
            FaultRequest(kind="harsher-judge", at=at),
            FaultRequest(kind="weaker-policy", at=second, target="standard/reasoning"),
        ),
        (
            FaultRequest(kind="price-rise", at=at, target="sage-r1", magnitude=1.8),
            FaultRequest(kind="price-rise", at=second, target="lumen-xl", magnitude=1.6),
        ),
        (
            FaultRequest(kind="backend-latency", at=at, until=at + 10 * hour, target="aws"),
            FaultRequest(
                kind="backend-latency", at=at + hour, until=at + 9 * hour, target="atlas-40b@neo",
                magnitude=4.0,
            ),
        ),
        (
            FaultRequest(kind="weaker-policy", at=at, target="standard/reasoning"),
            FaultRequest(kind="rollout-hurts-task", at=second, target="coder-34b@k8s"),
        ),
    )  # fmt: skip
    return pairs[int(draw.integers(0, len(pairs)))]


QUIET = "quiet"
KINDS: dict[str, _Faults] = {
    "rollout-hurts-task": _lasting("rollout-hurts-task"),
    "weaker-policy": _lasting("weaker-policy"),
    "backend-latency": _passing("backend-latency"),
    "backend-incident": _passing("backend-incident"),
    "failover": _passing("failover", "sage-r1", "coder-34b", hours=22),
    "harsher-judge": _lasting("harsher-judge"),
    "quota-cut": _lasting("quota-cut"),
    "price-rise": _lasting("price-rise"),
    "experiment-ramp": _lasting("experiment-ramp"),
    "two-causes": _two,
    "indistinguishable-changes": _lasting("indistinguishable-changes"),
    "slow-drift": _drift,
    "new-tenant": _lasting("new-tenant"),
    "longer-prompts": _lasting("longer-prompts"),
    "spot-preemption": _passing("spot-preemption"),
    "degraded-deployment": _passing("degraded-deployment", hours=9),
    "scores-missing": _lasting("scores-missing"),
}
"""What is planted, by the name of the kind; new-tenant and those below have no event to blame."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet, the questions to put, and the truth that its answers are marked against.

    `history` is what was sent. `planted` is empty for a quiet fleet.
    """

    kind: str
    seed: int
    plan: SimulationPlan
    planted: tuple[PlantedFault, ...]
    decoys: frozenset[str]
    asked: tuple[Asked, ...]
    history: History


class Roster:
    """Draws fleets one after another; no two share an identifier or an hour."""

    def __init__(
        self, *, end: datetime = DEFAULT_END, per_day: int = PER_DAY, tries: int = _TRIES
    ) -> None:
        self._end = end
        self._per_day = per_day
        self._tries = tries
        self._names: set[str] = set()

    def fleet(self, kind: str, *, seed: int) -> Fleet:
        """The next fleet: the first of some tries whose fault shows, else the best of them."""
        end, self._end = self._end, self._end - APART
        best: Fleet | None = None
        for attempt in range(1 if kind == QUIET else self._tries):
            plan = self._plan(kind, seed=seed + 100_000 * attempt, end=end)
            names = _names(plan)
            if names & self._names:
                continue
            fleet = _drawn(kind, seed, plan)
            if best is None or fleet.asked[0].visible > best.asked[0].visible:
                best = fleet
            if best.asked[0].visible >= VISIBLE:
                break
        if best is None:
            return self.fleet(kind, seed=seed + 100_000 * self._tries)
        self._names |= _names(best.plan)
        return best

    def _plan(self, kind: str, *, seed: int, end: datetime) -> SimulationPlan:
        number = [*KINDS, QUIET].index(kind)
        draw = np.random.default_rng([number, seed])
        # Weekdays differ from fleet to fleet.
        end += int(draw.integers(0, 7)) * _DAY
        faults = KINDS[kind](end - _DAYS * _DAY, draw) if kind != QUIET else ()
        return SimulationPlan(
            days=_DAYS,
            per_day=self._per_day,
            seed=_SEEDS_OF_A_KIND * (number + 1) + seed,
            faults=faults,
            end=end,
            decoys=_DECOYS,
            probe_interval_s=3600,
        )


def _names(plan: SimulationPlan) -> set[str]:
    """What the events of a fleet name that another fleet's could name too."""
    planted = [name for fault in truth(plan) for name in _causes(fault)]
    return {*planted, *(decoy.id for decoy in decoys(plan))}


def _causes(fault: PlantedFault) -> tuple[str, ...]:
    return (*(() if fault.cause_id is None else (fault.cause_id,)), *fault.indistinguishable_from)


def _drawn(kind: str, seed: int, plan: SimulationPlan) -> Fleet:
    told = history(simulate(plan))
    planted: Sequence[PlantedFault] = truth(plan)
    if planted:
        single = [history(simulate(plan.without(place))) for place in range(len(planted))]
        none = single[0]
        if len(planted) > 1:
            none = history(simulate(plan.without(*range(len(planted)))))
        asked = (ask(kind, seed, plan, planted, Twins(told, tuple(single), none)),)
    else:
        asked = quiet_questions(seed, plan)
    return Fleet(
        kind=kind,
        seed=seed,
        plan=plan,
        planted=tuple(planted),
        decoys=frozenset(decoy.id for decoy in decoys(plan)),
        asked=asked,
        history=told,
    )
