"""Cheaper routes: what a slice's requests had cost on another deployment that is as good."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from graph.causes.intervention import Question, World
from graph.causes.rerouting import Places, only_choice, places
from graph.columns import BucketColumns
from graph.costing.cheaper import Cheaper, SliceKey, cheaper
from graph.costing.plans import FOREVER
from graph.scope import TenantScope
from graph.slices import EntityRef, Metric, Period, Slice
from graph.store.door import GraphStore, Record, maybe_instant
from graph.whatif import gathered, measured, refusal

SAVINGS_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Saving:
    """What a slice's requests had cost on another deployment that is as good; US dollars.

    `saved_usd` has a 95 % interval; `quality_delta` is that route's quality less the one taken,
    with its interval. `samples` are the effective scores that it is predicted from.
    """

    where: tuple[EntityRef, ...]
    route: str
    spent_usd: float
    saved_usd: float
    saved_low_usd: float
    saved_high_usd: float
    quality_delta: float
    quality_low: float
    quality_high: float
    requests: int
    samples: float


async def savings(
    store: GraphStore,
    columns: BucketColumns,
    *,
    during: Period,
    where: Slice,
    scope: TenantScope,
    now: datetime,
) -> list[Saving]:
    """Cheaper routes at equal quality, the greatest saving first; one for each slice.

    A slice is a task type and tier, by tenant where there are several. Slices without a cheaper
    route that is surely as good are left out. Raises GraphUnavailable.
    """
    world = await gathered(store, columns, during=during, where=where, scope=scope, now=now)
    if not world.present.any():
        return []
    at = places(world.keys, lambda key: key.deployment)
    then: dict[str, Any] = {"at": min(during.end, now).isoformat(), "knownAt": FOREVER.isoformat()}
    fleet = await store.ask("fleet_facts", deployments=sorted(at.choices), backends=[], **then)
    tenants = TenantScope.of(*(context[0] for context in at.contexts))
    rules = await store.ask("tenants_configured", scope=tenants, **then)
    open_to = Openness(fleet, rules, at=min(during.end, now))
    found = await asyncio.to_thread(thought, world, at, open_to)
    return found[:SAVINGS_AT_MOST]


class Openness:
    """Which deployments may serve which tenants, as configured. Pure."""

    def __init__(self, fleet: list[Record], rules: list[Record], *, at: datetime) -> None:
        """From the rows of `fleet_facts` and `tenants_configured` at an instant."""
        self._certified = {row["deployment"]: set(row["compliance"] or ()) for row in fleet}
        self._rules: Mapping[str, Record] = {row["tenant"]: row for row in rules}
        self._retired = {
            row["deployment"]
            for row in fleet
            if (gone := maybe_instant(row["deprecatedAt"])) is not None and gone <= at
        }

    def __call__(self, tenant: str, deployment: str) -> bool:
        """Whether the deployment is not deprecated and the tenant's rules allow it."""
        if deployment in self._retired:
            return False
        rules = self._rules.get(tenant)
        if rules is None:
            return True
        backends, certificates = rules["allowedBackends"], rules["requiredCompliance"] or ()
        return (backends is None or deployment.rpartition("@")[2] in backends) and set(
            certificates
        ) <= self._certified.get(deployment, set())


def thought(world: World, at: Places, open_to: Openness) -> list[Saving]:
    """All savings in a world, the greatest first. Pure."""
    whole = np.ones(len(world.keys), dtype=np.bool_)
    asked = Question(at, whole, whole, lambda judges: only_choice(at, choice=0, judges=judges))
    found = cheaper(
        at,
        cost=measured(world, asked, Metric.COST),
        quality=measured(world, asked, Metric.QUALITY),
        judges=world.evaluators,
        allowed=open_to,
        refusal=refusal,
    )
    counts = _requests(world)
    return [_saving(one, counts) for one in found]


def _requests(world: World) -> dict[SliceKey, int]:
    """How many requests were asked about in each slice, and of all tenants together."""
    inside = world.inside[world.traffic.cell] & ~world.traffic_near
    by_cell = np.bincount(
        world.traffic.cell[inside],
        weights=world.traffic.measure("count")[inside],
        minlength=len(world.keys),
    )
    counts: dict[SliceKey, int] = {}
    for key, count in zip(world.keys, by_cell, strict=True):
        for tenant in (key.tenant, None):
            name = SliceKey(tenant, key.task_type, key.tier)
            counts[name] = counts.get(name, 0) + int(count)
    return counts


def _saving(one: Cheaper, counts: Mapping[SliceKey, int]) -> Saving:
    named = {"tenant": one.slice.tenant, "task_type": one.slice.task_type, "tier": one.slice.tier}
    return Saving(
        where=tuple(EntityRef(kind, name) for kind, name in named.items() if name is not None),
        route=one.route,
        spent_usd=one.spent,
        saved_usd=one.saved,
        saved_low_usd=one.saved - one.saved_half,
        saved_high_usd=min(one.saved + one.saved_half, one.spent),
        quality_delta=one.quality,
        quality_low=one.quality - one.quality_half,
        quality_high=one.quality + one.quality_half,
        requests=counts[one.slice],
        samples=one.samples,
    )
