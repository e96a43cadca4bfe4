"""What was known of every deployment, put together from buckets, samples and health. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from graph.demand import FINEST, HISTORY, grouped, last_step
from graph.evidence import DeploymentFacts, Incident, Maintenance, Observation, concerns
from graph.forecasting.history import History
from graph.frame import Traffic
from graph.health import DeploymentHealth, HealthStatus
from graph.model.traffic import CellKey
from graph.overload.risks import Situation
from graph.slices import Demand, Dimension
from graph.words import clock

SAMPLES = timedelta(days=1)
"""How far back samples tell what a deployment can carry."""
_SEVERE = frozenset({"sev1", "sev2"})
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of the fleet: by deployment where not a list.

    `keys` names the cells of `traffic` by number. `token_limits` are per minute. `imagined` are
    deployments or backends to be thought away.
    """

    fleet: Sequence[DeploymentFacts]
    traffic: Traffic
    keys: Sequence[CellKey]
    observations: Mapping[str, Sequence[Observation]]
    token_limits: Mapping[str, float] = field(default_factory=dict[str, float])
    health: Mapping[str, DeploymentHealth] = field(default_factory=dict[str, DeploymentHealth])
    incidents: Sequence[Incident] = ()
    maintenance: Sequence[Maintenance] = ()
    imagined: frozenset[str] = frozenset()


def situations(told: Told, *, now: datetime, length: timedelta = HISTORY) -> list[Situation]:
    """The situation of every deployment of the fleet at `now`."""
    until = last_step(now)
    size = length // FINEST
    start = until - size * FINEST
    names = [(key.deployment,) for key in told.keys]
    by_demand: list[dict[str, History]] = []
    for demand in (Demand.REQUESTS, Demand.TOKENS):
        found = grouped(
            told.traffic,
            names,
            of=demand,
            start=start,
            step=FINEST,
            size=size,
            group_by=[Dimension.DEPLOYMENT],
        )
        by_demand.append({one.key[0].id: one.history for one in found})
    requests, tokens = by_demand
    refused = _refused(told, until=until)
    return [
        _lost(
            Situation(
                facts=one,
                requests=requests.get(one.deployment),
                tokens=tokens.get(one.deployment),
                refused=refused.get(one.deployment),
                max_tokens_per_minute=told.token_limits.get(one.deployment),
                observations=told.observations.get(one.deployment, ()),
            ),
            told,
            now=now,
        )
        for one in told.fleet
    ]


def _refused(told: Told, *, until: datetime) -> dict[str, History]:
    """Requests turned away by a rate limit in the last day; an hour's count for each of its steps.

    Buckets tell them by the hour: every step of such an hour counts as one with refusals.
    """
    traffic, size = told.traffic, SAMPLES // FINEST
    start = until - size * FINEST
    turned = traffic.measure("rateLimitedCount").astype(np.float64)
    starts = int(start.timestamp()) + np.arange(size) * int(FINEST.total_seconds())
    hours = starts - starts % _HOUR_S
    found: dict[str, History] = {}
    recent = (traffic.hour >= int(start.timestamp()) - _HOUR_S) & (turned > 0)
    for row in np.flatnonzero(recent).tolist():
        name = told.keys[int(traffic.cell[row])].deployment
        history = found.setdefault(name, History(start, FINEST, np.zeros(size)))
        history.values[hours == int(traffic.hour[row])] += turned[row]
    empty = History(start, FINEST, np.zeros(size))
    return {one.deployment: found.get(one.deployment, empty) for one in told.fleet}


def _lost(situation: Situation, told: Told, *, now: datetime) -> Situation:
    """The same with what is gone of its capacity, and why."""
    facts = situation.facts
    name = facts.deployment
    imagined = sorted({name, facts.backend} & told.imagined)
    if imagined:
        return replace(situation, lost=f"imagined lost: without {' and '.join(imagined)}")
    health = told.health.get(name)
    if health is not None and health.status is HealthStatus.DOWN:
        return replace(situation, lost=f"DOWN: {'; '.join(health.reasons[:2])}")
    works = health is not None and health.status is HealthStatus.HEALTHY
    reaching = [
        m
        for m in told.maintenance
        if m.ends_at > now and concerns(facts, scope_kind=m.scope_kind, scope_id=m.scope_id)
    ]
    weak = [
        f"maintenance {m.id} ({m.title}) until {clock(m.ends_at)}, though it still works"
        for m in reaching
        if m.starts_at <= now and works
    ]
    planned = [m for m in reaching if not (m.starts_at <= now and works)]
    weak += [
        f"incident {i.id} ({i.severity}, {i.title}) is open since {clock(i.opened_at)}: what it"
        " can carry may be less than was declared or measured before"
        for i in told.incidents
        if i.severity in _SEVERE
        and i.open_at(now)
        and concerns(facts, scope_kind=i.scope_kind, scope_id=i.scope_id)
    ]
    weakened = "; ".join(weak) or None
    if not planned:
        return replace(situation, weakened=weakened)
    first = min(planned, key=lambda m: (m.starts_at, m.id))
    return replace(
        situation,
        lost=f"maintenance {first.id} ({first.title}) from {clock(first.starts_at)} until"
        f" {clock(first.ends_at)}",
        lost_from=first.starts_at if first.starts_at > now else None,
        lost_until=first.ends_at,
        weakened=weakened,
    )
