"""Is an overload announced before it comes, and does nobody cry wolf? Asked as an alert would ask.

Many simulated fleets are asked every few minutes of their own time, offline, through the pure
function behind `capacityRisk`; a few questions go through the API as well, where both must say the
same, and where `without` is held against the same fleet with that backend really lost. Nothing was
tuned on these seeds: whoever develops uses smaller ones. Peers see what the product sees: an alarm
at 0.9 of the newest load sample, and a straight line through the last hour of load samples.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context

import numpy as np

from api.bench.measures import Table
from api.evaluation.alarms import HORIZON, OWN, Watch, by_kind, summary, wolf
from api.evaluation.fleet_load import Workload, workload
from graph.errors import InvalidInput
from graph.evidence import Observation
from graph.overload.risks import CapacityRisk, Situation, overload_risks
from graph.settings import HealthSettings
from ingest.simulator import DEFAULT_END, FaultRequest, SimulationPlan, truth
from ingest.simulator.arrays import to_time
from ingest.simulator.catalogue import DEPLOYMENTS

FIRST_SEED = 90_001
"""Where the seeds of the evaluation begin."""

GROWING, QUIET = "growing demand", "quiet"
LIKELY = 0.5
_THRESHOLD = 0.9
_HISTORY = timedelta(days=7)
_BEFORE = timedelta(hours=2)
_HELD = 0.85
"""Share of the fault's time after which demand falls back."""
_AFTER_THE_STEP = timedelta(minutes=2)
_DAY = timedelta(days=1)

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much to evaluate.

    `fleets` in which demand grows, `quiet` ones in which it does not for so many days; asked every
    `every_minutes` of their own time.
    """

    fleets: int = 16
    quiet: int = 3
    every_minutes: int = 10
    quiet_days: int = 7
    per_day: int = 10_000
    first_seed: int = FIRST_SEED

    def __post_init__(self) -> None:
        if not 5 <= self.every_minutes <= 60:
            raise InvalidInput("must lie between 5 and 60", field="every_minutes")

    def jobs(self) -> Iterator["Job"]:
        """The fleets to watch, the longest first."""
        for seed in range(self.first_seed, self.first_seed + self.quiet):
            yield Job(QUIET, seed, self)
        for seed in range(self.first_seed, self.first_seed + self.fleets):
            yield Job(GROWING, seed, self)


@dataclass(frozen=True, slots=True)
class Job:
    """One fleet to be watched."""

    kind: str
    seed: int
    extent: Extent

    def plan(self) -> SimulationPlan:
        """A week to learn from, and what is watched; a quiet fleet is one whose fault is muted."""
        watched = self.extent.quiet_days if self.kind == QUIET else 2
        days = _HISTORY / _DAY + watched
        end = DEFAULT_END + self.seed % 7 * _DAY
        draw = np.random.default_rng([self.kind == QUIET, self.seed])
        at = end - watched * _DAY + timedelta(minutes=int(draw.integers(6 * 60, 17 * 60)))
        length = timedelta(hours=float(draw.uniform(2.5, 10)))
        plan = SimulationPlan(
            days=days,
            per_day=self.extent.per_day,
            seed=self.seed,
            end=end,
            decoys=0,
            faults=(FaultRequest(kind="growing-demand", at=at, until=at + length),),
        )
        return plan.without(0) if self.kind == QUIET else plan

    def instants(self, plan: SimulationPlan) -> tuple[datetime, ...]:
        """When to ask, a little after the end of a step: before demand grows until it falls."""
        every = timedelta(minutes=self.extent.every_minutes)
        (fault,) = truth(plan)
        start, end = to_time(fault.start_ms), to_time(fault.end_ms or plan.end_ms)
        first, last = start - _BEFORE, start + _HELD * (end - start)
        if self.kind == QUIET:
            first, last = plan.end - self.extent.quiet_days * _DAY, plan.end
        begin = first.replace(minute=0, second=0, microsecond=0) + _AFTER_THE_STEP
        size = (last - begin) // every + 1
        return tuple(begin + k * every for k in range(size))


def evaluated(extent: Extent, *, report: Report) -> list[Table]:
    """Watch all fleets on every core, and say how it went."""
    seen = watches(extent, workers=os.cpu_count() or 1, report=report)
    return [by_kind(seen), wolf(seen), summary(seen)]


def watches(extent: Extent, *, workers: int, report: Report) -> list[Watch]:
    """Watch every fleet, in so many processes."""
    jobs = list(extent.jobs())
    if workers <= 1:
        return [_reported(watch(job), report) for job in jobs]
    # Started afresh: a process that already holds threads must not be copied.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return [_reported(one, report) for one in pool.map(watch, jobs)]


def _reported(one: Watch, report: Report) -> Watch:
    alarms = sum(len(at) for at in one.alarms[OWN].values())
    report(
        f"{one.kind} {one.seed}: asked {len(one.asked)} times, "
        f"{len(one.overloads)} overloads, {alarms} alarms"
    )
    return one


def watch(job: Job) -> Watch:
    """Ask about one fleet again and again, as time goes by in it."""
    plan = job.plan()
    asked = job.instants(plan)
    fleet = workload(plan, sampled_from=asked[0] - _DAY)
    alarms: dict[str, dict[str, list[datetime]]] = {method: {} for method in (OWN, *PEERS)}
    for now in asked:
        told = situations(fleet, now=now)
        said = {OWN: likely(risks(told, now=now))}
        said |= {name: _by_peer(peer, told, now) for name, peer in PEERS.items()}
        for method, names in said.items():
            for name in names:
                alarms[method].setdefault(name, []).append(now)
    until = asked[-1] + 2 * HORIZON
    return Watch(
        kind=job.kind,
        seed=job.seed,
        asked=asked,
        watched=len(asked) * (asked[1] - asked[0]),
        overloads=tuple(fleet.overloads(start=asked[0] - _DAY, end=until)),
        nearly=tuple(
            fleet.overloads(start=asked[0] - _DAY, end=until, above=_THRESHOLD, minutes=1)
        ),
        alarms=alarms,
    )


def situations(fleet: Workload, *, now: datetime) -> list[Situation]:
    """What was known of every deployment at an instant."""
    found: list[Situation] = []
    for place, name in enumerate(DEPLOYMENTS):
        known = fleet.known(place, now=now)
        found.append(
            Situation(
                facts=fleet.facts[name],
                requests=None if known is None else known.requests,
                tokens=None if known is None else known.tokens,
                refused=None if known is None else known.refused,
                max_tokens_per_minute=fleet.max_tokens_per_minute(place),
                observations=fleet.observed(name, now=now),
            )
        )
    return found


def risks(told: Sequence[Situation], *, now: datetime) -> list[CapacityRisk]:
    """The answer that is judged."""
    return overload_risks(told, horizon=HORIZON, now=now, budgets=HealthSettings())


def likely(found: Sequence[CapacityRisk]) -> frozenset[str]:
    """The deployments whose overload is more likely than not."""
    return frozenset(
        risk.deployment
        for risk in found
        if risk.probability_overload is not None and risk.probability_overload >= LIKELY
    )


def _newest_load(observations: Sequence[Observation], now: datetime) -> bool:
    """Whether the newest load sample is above a fixed share of capacity."""
    newest = next((one.load for one in observations if one.load is not None), None)
    return newest is not None and newest > _THRESHOLD


def _straight_line(observations: Sequence[Observation], now: datetime) -> bool:
    """Whether the line through the last hour of load samples passes capacity within the next."""
    recent = [
        ((one.at - now) / HORIZON, one.load)
        for one in observations
        if one.load is not None and one.at > now - HORIZON
    ]
    if len(recent) < 3:
        return _newest_load(observations, now)
    at, load = (np.array(column) for column in zip(*recent, strict=True))
    from_mean = at - at.mean()
    slope = float(from_mean @ load) / float(from_mean @ from_mean)
    level = float(load.mean()) - slope * float(at.mean())
    return max(level, level + slope) > 1


Peer = Callable[[Sequence[Observation], datetime], bool]
PEERS: dict[str, Peer] = {
    "newest load above 0.9": _newest_load,
    "straight line through the last hour": _straight_line,
}
"""What an operator has without a forecast; each is told the samples, newest first."""


def _by_peer(peer: Peer, told: Sequence[Situation], now: datetime) -> frozenset[str]:
    return frozenset(one.facts.deployment for one in told if peer(one.observations, now))
