"""The simulated fleet as columns: shares, routes, quality and users, ready for bulk draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ingest.simulator.arrays import Bools, Draw, Floats, Ints, generator
from ingest.simulator.catalogue import (
    BACKENDS,
    DEPLOYMENTS,
    FALLBACKS,
    MODELS,
    ROUTES,
    TASKS,
    TIERS,
)
from ingest.simulator.plan import SimulationPlan
from ingest.simulator.shapes import shapes

TIER_SHARES = np.array([0.24, 0.46, 0.30])
TASK_SHARES = np.array(
    [
        [0.26, 0.24, 0.22, 0.13, 0.15],
        [0.22, 0.22, 0.26, 0.13, 0.17],
        [0.18, 0.16, 0.44, 0.10, 0.12],
    ]
)
"""Share of each task type in a tier's requests, on a weekday."""

BEST_SCORE, WORST_SCORE = 0.93, 0.35
"""Mean scores of a model as good as the best of its source, and of one that gets nothing right."""

MODEL_NAMES = tuple(model.name for model in MODELS)
BACKEND_NAMES = tuple(backend.name for backend in BACKENDS)
DEPLOYMENT_INDEX = {name: index for index, name in enumerate(DEPLOYMENTS)}
MODEL_OF: Ints = np.array([MODEL_NAMES.index(name.split("@")[0]) for name in DEPLOYMENTS])
BACKEND_OF: Ints = np.array([BACKEND_NAMES.index(name.split("@")[1]) for name in DEPLOYMENTS])
SLOWNESS: Floats = np.array([BACKENDS[int(b)].slowness for b in BACKEND_OF])
FIRST_TOKEN_MS: Floats = np.array([MODELS[int(m)].first_token_ms for m in MODEL_OF]) * SLOWNESS
PER_TOKEN_MS: Floats = np.array([MODELS[int(m)].per_token_ms for m in MODEL_OF]) * SLOWNESS
CONTEXT_WINDOW: Ints = np.array([MODELS[int(m)].context_window for m in MODEL_OF])
SPOT: Bools = np.array([BACKENDS[int(b)].spot for b in BACKEND_OF])
FALLBACK_ORDER: Ints = np.array(
    [[DEPLOYMENT_INDEX[name] for name in FALLBACKS[tier]] for tier in TIERS]
)


def deployments_of(target: str) -> tuple[int, ...]:
    """Places in DEPLOYMENTS of a deployment, or of all of a model or a backend; empty if none."""
    return tuple(
        index for index, name in enumerate(DEPLOYMENTS) if target in (name, *name.split("@"))
    )


def route_weights() -> Floats:
    """The first policy's weights, by tier, task type and deployment."""
    weights = np.zeros((len(TIERS), len(TASKS), len(DEPLOYMENTS)))
    for (tier, task), route in ROUTES.items():
        for name, weight in route:
            weights[TIERS.index(tier), TASKS.index(task), DEPLOYMENT_INDEX[name]] = weight
    return weights


def expected_shares() -> Floats:
    """Share of all requests that the first policy sends to each deployment."""
    cells = TIER_SHARES[:, None] * TASK_SHARES
    return np.einsum("ct,ctd->d", cells, route_weights())


def capacity_per_s(plan: SimulationPlan) -> Floats:
    """Requests a second that each deployment is sized for: 3.2 times its mean, within reason."""
    mean = plan.per_day / 86_400 * np.maximum(expected_shares(), 0.02)
    return np.maximum(mean * 3.2, 0.003)


@lru_cache(maxsize=16)
def mean_quality(plan: SimulationPlan) -> Floats:
    """Mean score by model and task type, on the judge's scale."""
    relative = shapes(plan.data).quality
    share = np.array([[relative[model.profile][task] for task in TASKS] for model in MODELS])
    return WORST_SCORE + (BEST_SCORE - WORST_SCORE) * share


@lru_cache(maxsize=16)
def candidate_scores(plan: SimulationPlan) -> Floats:
    """What the router thinks of a deployment, in [0, 1], by tier, task type and deployment.

    Expected quality, speed and price, weighted by the tier: premium asks for quality, free for
    price.
    """
    quality = mean_quality(plan)[MODEL_OF].T
    typical_ms = FIRST_TOKEN_MS + 150 * PER_TOKEN_MS
    price = np.array(
        [MODELS[int(m)].input_usd_per_1k + MODELS[int(m)].output_usd_per_1k for m in MODEL_OF]
    )
    speed = 1 - (np.log(typical_ms) - np.log(typical_ms).min()) / np.ptp(np.log(typical_ms))
    thrift = 1 - (np.log(price) - np.log(price).min()) / np.ptp(np.log(price))
    weights = np.array([[0.75, 0.15, 0.1], [0.55, 0.2, 0.25], [0.3, 0.2, 0.5]])
    return (
        weights[:, 0, None, None] * quality[None]
        + weights[:, 1, None, None] * speed
        + weights[:, 2, None, None] * thrift
    )


@dataclass(frozen=True, slots=True)
class Users:
    """All users, as columns. `place` in [0, 1) decides sticky assignments such as an arm."""

    names: tuple[str, ...]
    tenant: Ints
    tier: Ints
    weight: Floats
    place: Floats

    def of_cell(self, tenant: int, tier: int) -> Ints:
        """Places of the users of a tenant and tier."""
        return np.flatnonzero((self.tenant == tenant) & (self.tier == tier))


def tenant_shares(tenants: Sequence[str]) -> Floats:
    """Share of each tenant's requests: the first has most."""
    weights = 1 / (np.arange(len(tenants)) + 1.4)
    return weights / weights.sum()


@lru_cache(maxsize=16)
def users(plan: SimulationPlan) -> Users:
    """The users of a plan: every tenant has some of every tier, and few make most requests."""
    draw = generator(plan.seed, Draw.USERS)
    cells = np.outer(tenant_shares(plan.tenants), TIER_SHARES).ravel()
    spread = np.arange(cells.size)
    rest = draw.choice(cells.size, size=plan.users - cells.size, p=cells)
    cell = np.sort(np.concatenate([spread, rest]))
    tenant, tier = np.divmod(cell, len(TIERS))
    curve = np.sqrt(shapes(plan.data).client_shares)
    rank = draw.permutation(np.linspace(0, 1, plan.users))
    return Users(
        names=tuple(
            f"{plan.tenants[t]}-{TIERS[c]}-{index}"
            for index, (t, c) in enumerate(zip(tenant, tier, strict=True))
        ),
        tenant=tenant,
        tier=tier,
        weight=np.interp(rank, np.linspace(0, 1, curve.size), curve),
        place=draw.random(plan.users),
    )
