"""How each request of an hour is routed: policy in force, eligibility, choice and displacement."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from ingest.simulator.arrays import Bools, Draw, Floats, Ints, generator
from ingest.simulator.catalogue import (
    BACKENDS,
    DEPLOYMENTS,
    FIRST_POLICY_VERSION,
    FIRST_ROUTER_VERSION,
    REQUIRED_COMPLIANCE,
)
from ingest.simulator.conditions import CODE, Conditions
from ingest.simulator.effects import Effects, Newcomer, PolicySwitch, RouterRelease, Trial
from ingest.simulator.fleet import BACKEND_OF, CONTEXT_WINDOW, FALLBACK_ORDER, route_weights
from ingest.simulator.plan import SimulationPlan
from ingest.simulator.traffic import Arrivals

EXPLORED = 0.03
"""Share of decisions that pick any candidate of the route alike."""

HALF_OPEN = 0.02
"""Share of requests that a half-open breaker lets through."""

_ROOM_FOR_ANSWER = 1000


@dataclass(frozen=True, slots=True)
class Policies:
    """Policy and router versions in order of time, each with the moment it came into force."""

    starts_ms: Ints
    versions: tuple[str, ...]
    weights: Floats
    router_starts_ms: Ints
    router_versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Routed:
    """Decisions as columns.

    `listed` marks the route's candidates, `code` why one is ruled out, `propensity` with what
    probability each deployment was to be picked. `preferred` is what the policy wanted, `chosen`
    what it got; they differ where a breaker or missing capacity displaced the request. `trial` and
    `arm` are -1 outside experiments.
    """

    listed: Bools
    code: Ints
    propensity: Floats
    preferred: Ints
    chosen: Ints
    explored: Bools
    probing: Bools
    policy: Ints
    router: Ints
    trial: Ints
    arm: Ints

    @property
    def displaced(self) -> Bools:
        """Whether the policy's own choice could not be had."""
        return self.preferred != self.chosen


@lru_cache(maxsize=16)
def policies(effects: Effects) -> Policies:
    """All versions, each with the weights by tier, task type and deployment that it routes by."""
    switches = sorted(effects.of(PolicySwitch), key=lambda switch: switch.at_ms)
    releases = sorted(effects.of(RouterRelease), key=lambda release: release.at_ms)
    weights = [route_weights()]
    for switch in switches:
        changed = weights[-1].copy()
        for tier, task, route in switch.cells:
            changed[tier, task] = 0
            for deployment, weight in route:
                changed[tier, task, deployment] = weight
        weights.append(changed)
    return Policies(
        starts_ms=np.array([0, *(switch.at_ms for switch in switches)]),
        versions=(FIRST_POLICY_VERSION, *(switch.version for switch in switches)),
        weights=np.stack(weights),
        router_starts_ms=np.array([0, *(release.at_ms for release in releases)]),
        router_versions=(FIRST_ROUTER_VERSION, *(release.version for release in releases)),
    )


def route(plan: SimulationPlan, effects: Effects, batch: Arrivals, state: Conditions) -> Routed:
    """Decide for every request of an hour."""
    known = policies(effects)
    policy = np.searchsorted(known.starts_ms, batch.at_ms, side="right") - 1
    router = np.searchsorted(known.router_starts_ms, batch.at_ms, side="right") - 1
    weights = known.weights[policy, batch.tier, batch.task]
    trial, arm, moved = _enrol(effects, batch, weights)
    listed = weights > 0
    fixed = _fixed_codes(plan, effects, batch)
    blocked = state.blocked[:, batch.minute].T
    rows = np.arange(batch.size)

    wanted = weights * (fixed == 0)
    total = wanted.sum(axis=1, keepdims=True)
    reachable = total[:, 0] > 0
    wanted = np.divide(wanted, total, out=np.zeros_like(wanted), where=total > 0)
    alike = (wanted > 0) / np.maximum((wanted > 0).sum(axis=1, keepdims=True), 1)
    pinned = moved | ~reachable
    share = np.where(pinned, 0.0, EXPLORED)[:, None]
    intended = (1 - share) * wanted + share * alike

    code = np.where(fixed > 0, fixed, blocked)
    last_resort = _fallback(batch, code == 0, avoid=None)
    intended[~reachable] = 0
    intended[rows[~reachable], last_resort[~reachable]] = 1.0

    draw = generator(plan.seed, Draw.ROUTING, batch.hour)
    u_pick, u_explore, u_probe = batch.uniforms(draw, 3)
    explored = (u_explore < EXPLORED) & ~pinned
    basis = np.asarray(np.where(explored[:, None], alike, wanted), dtype=np.float64)
    basis[~reachable] = intended[~reachable]
    preferred = _pick(basis, u_pick)
    stopped = code[rows, preferred] > 0
    probing = stopped & (blocked[rows, preferred] == CODE["breaker_open"]) & (u_probe < HALF_OPEN)
    chosen = np.where(stopped & ~probing, last_resort, preferred)

    passing = np.where(blocked == CODE["breaker_open"], HALF_OPEN, 0.0)
    kept = np.where(blocked > 0, passing, 1.0)
    propensity = intended * kept
    propensity[rows, last_resort] += (intended * (1 - kept)).sum(axis=1)
    return Routed(
        listed=listed, code=code, propensity=propensity, preferred=preferred, chosen=chosen,
        explored=explored, probing=probing, policy=policy, router=router, trial=trial, arm=arm,
    )  # fmt: skip


def next_in_line(batch: Arrivals, routed: Routed, rows: Ints) -> Ints:
    """Where these requests go after their first attempt failed."""
    return _fallback(batch, routed.code == 0, avoid=routed.chosen)[rows]


def _enrol(effects: Effects, batch: Arrivals, weights: Floats) -> tuple[Ints, Ints, Bools]:
    """Experiment and arm of each request, and which an arm's own deployment takes.

    For these it replaces the `weights`.
    """
    trial = np.full(batch.size, -1)
    arm = np.full(batch.size, -1)
    moved = np.zeros(batch.size, dtype=bool)
    for number, experiment in enumerate(effects.of(Trial)):
        starts = np.array([at_ms for at_ms, _ in experiment.steps])
        shares = np.array([0.0, *(percent / 100 for _, percent in experiment.steps)])
        step = np.searchsorted(starts, batch.at_ms, side="right")
        enrolled = (batch.task == experiment.task) & (step > 0) & (trial < 0)
        enrolled &= batch.at_ms < experiment.end_ms
        place = (batch.place * _salt(experiment.experiment)) % 1
        trial[enrolled] = number
        arm[enrolled] = (place < shares[step])[enrolled]
        if experiment.deployment is not None:
            taken = enrolled & (arm == 1)
            weights[taken] = 0
            weights[taken, experiment.deployment] = 1.0
            moved |= taken
    return trial, arm, moved


def _salt(experiment: str) -> int:
    """A large odd number by which an experiment spreads users over its arms in its own way."""
    return 2 * int.from_bytes(blake2b(experiment.encode(), digest_size=3).digest()) + 7919


@lru_cache(maxsize=16)
def lacking_compliance(plan: SimulationPlan, effects: Effects) -> Bools:
    """Whether a deployment's backend lacks what a tenant demands, by tenant and deployment."""
    names = (*plan.tenants, *(newcomer.tenant for newcomer in effects.of(Newcomer)))
    offered = [set(BACKENDS[int(backend)].compliance) for backend in BACKEND_OF]
    return np.array(
        [[not set(REQUIRED_COMPLIANCE.get(name, ())) <= has for has in offered] for name in names]
    )


def _fixed_codes(plan: SimulationPlan, effects: Effects, batch: Arrivals) -> Ints:
    """Codes that do not depend on the hour: too little context, or compliance that is lacking."""
    narrow = batch.prompt_tokens[:, None] + _ROOM_FOR_ANSWER > CONTEXT_WINDOW
    code = np.where(narrow, CODE["context_window"], 0)
    lacking = lacking_compliance(plan, effects)
    return np.where(lacking[batch.tenant], CODE["compliance"], code)


def _pick(weights: Floats, u: Floats) -> Ints:
    """One place per row, with probability proportional to its weight."""
    edges = np.cumsum(weights, axis=1)
    return (u[:, None] * edges[:, -1:] >= edges).sum(axis=1).clip(max=len(DEPLOYMENTS) - 1)


def _fallback(batch: Arrivals, eligible: Bools, *, avoid: Ints | None) -> Ints:
    """The first eligible deployment of each tier's line; its first where none is."""
    rows = np.arange(batch.size)
    line = FALLBACK_ORDER[batch.tier]
    found = line[:, 0].copy()
    missing = np.ones(batch.size, dtype=bool)
    for place in range(line.shape[1]):
        here = line[:, place]
        fits = missing & eligible[rows, here]
        if avoid is not None:
            fits &= here != avoid
        found[fits] = here[fits]
        missing &= ~fits
    return found
