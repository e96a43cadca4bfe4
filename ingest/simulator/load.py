"""How busy each deployment is in each minute, as expected from the traffic and the routes then.

Expected rather than counted, so that no hour needs the one before it and nothing that happens
later in a minute or an hour shows sooner.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ingest.simulator.arrays import HOUR_MS, MINUTE_MS, Bools, Floats, Ints
from ingest.simulator.catalogue import DEPLOYMENTS, TASKS, TIERS
from ingest.simulator.conditions import CODE, Conditions
from ingest.simulator.effects import Effects, Newcomer, Surge, Trial
from ingest.simulator.fleet import (
    FALLBACK_ORDER,
    TASK_SHARES,
    TIER_SHARES,
    capacity_per_s,
    tenant_shares,
)
from ingest.simulator.plan import SimulationPlan
from ingest.simulator.routing import HALF_OPEN, lacking_compliance, policies
from ingest.simulator.traffic import (
    NEWCOMER_MAIN_TASK,
    NEWCOMER_TIER,
    minute_rates,
    surge_cells,
)


@dataclass(frozen=True, slots=True)
class Regime:
    """What decides the routes of a minute: policy, codes by deployment, trials, newcomers."""

    policy: int
    blocked: tuple[int, ...]
    trials: tuple[tuple[int, int, float], ...]
    newcomers: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Requests alike in tenant: their share of the usual traffic by tier and task type."""

    cells: Floats
    lacking: Bools


def loads(plan: SimulationPlan, effects: Effects, state: Conditions, *, hour: int) -> Floats:
    """Share of capacity in use, by deployment and minute of the hour; above 1 where overrun."""
    rates = minute_rates(plan, hour=hour) / 60
    starts = hour * HOUR_MS + np.arange(60) * MINUTE_MS
    grown = [surge.on_top(starts) for surge in effects.of(Surge)]
    shares = np.empty((len(DEPLOYMENTS), 60))
    for minute, regime in enumerate(_regimes(effects, state, hour=hour)):
        shares[:, minute] = _shares(plan, effects, regime)
        for number, growth in enumerate(grown):
            if growth[minute] > 0:
                more = _surge_shares(plan, effects, regime, number=number)
                shares[:, minute] += growth[minute] * more
    return rates * shares / capacity_per_s(plan)[:, None]


def _regimes(effects: Effects, state: Conditions, *, hour: int) -> Iterator[Regime]:
    """The regime at the start of each minute."""
    known = policies(effects)
    trials = [trial for trial in effects.of(Trial) if trial.deployment is not None]
    newcomers = list(effects.of(Newcomer))
    starts = hour * HOUR_MS + np.arange(60) * MINUTE_MS
    policy = (np.searchsorted(known.starts_ms, starts, side="right") - 1).tolist()
    blocked = [tuple(column) for column in state.blocked.T.tolist()]
    for minute, at_ms in enumerate(starts.tolist()):
        yield Regime(
            policy=policy[minute],
            blocked=blocked[minute],
            trials=tuple(
                (trial.task, trial.deployment, percent / 100)
                for trial in trials
                if trial.deployment is not None and at_ms < trial.end_ms
                for percent in [max((p for t, p in trial.steps if t <= at_ms), default=0.0)]
                if percent
            ),
            newcomers=tuple(newcomer.span.covers(at_ms) for newcomer in newcomers),
        )


@lru_cache(maxsize=512)
def _shares(plan: SimulationPlan, effects: Effects, regime: Regime) -> Floats:
    """Requests to each deployment per request of the usual traffic."""
    return _total(_crowds(plan, effects, regime), effects, regime)


@lru_cache(maxsize=512)
def _surge_shares(plan: SimulationPlan, effects: Effects, regime: Regime, *, number: int) -> Floats:
    """What a surge that doubles its cells adds to these."""
    cells = surge_cells(plan, list(effects.of(Surge))[number])
    lacking = lacking_compliance(plan, effects)
    crowds = (_Crowd(cells[tenant], lacking[tenant]) for tenant in range(len(plan.tenants)))
    return _total(crowds, effects, regime)


def _total(crowds: Iterable[_Crowd], effects: Effects, regime: Regime) -> Floats:
    weights = policies(effects).weights[regime.policy].copy()
    for task, deployment, share in regime.trials:
        weights[:, task] *= 1 - share
        weights[:, task, deployment] += share
    blocked = np.array(regime.blocked)
    return sum(
        (_crowd_shares(crowd, weights, blocked) for crowd in crowds),
        start=np.zeros(len(DEPLOYMENTS)),
    )


def _crowds(plan: SimulationPlan, effects: Effects, regime: Regime) -> Iterator[_Crowd]:
    lacking = lacking_compliance(plan, effects)
    usual = TIER_SHARES[:, None] * TASK_SHARES
    for tenant, share in enumerate(tenant_shares(plan.tenants).tolist()):
        yield _Crowd(usual * share, lacking[tenant])
    for number, newcomer in enumerate(effects.of(Newcomer)):
        if regime.newcomers[number]:
            cells = np.zeros((len(TIERS), len(TASKS)))
            cells[NEWCOMER_TIER] = (1 - NEWCOMER_MAIN_TASK) / len(TASKS)
            cells[NEWCOMER_TIER, newcomer.task] += NEWCOMER_MAIN_TASK
            yield _Crowd(cells * newcomer.share, lacking[len(plan.tenants) + number])


def _crowd_shares(crowd: _Crowd, weights: Floats, blocked: Ints) -> Floats:
    """Where a crowd's requests go; what is displaced goes to each tier's first stand-in."""
    allowed = weights * ~crowd.lacking
    total = allowed.sum(axis=2, keepdims=True)
    routed = np.divide(allowed, total, out=np.zeros_like(allowed), where=total > 0)
    passing = np.where(blocked == CODE["breaker_open"], HALF_OPEN, 0.0)
    kept = routed * np.where(blocked > 0, passing, 1.0)
    displaced = crowd.cells * (1 - kept.sum(axis=2))
    shares = np.einsum("ct,ctd->d", crowd.cells, kept)
    eligible = ~crowd.lacking & (blocked == 0)
    for tier, line in enumerate(FALLBACK_ORDER.tolist()):
        stand_in = next((d for d in line if eligible[d]), line[0])
        shares[stand_in] += displaced[tier].sum()
    return shares
