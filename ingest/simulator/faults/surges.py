"""Faults of too much traffic: demand that outgrows its deployments, an agent that loops."""

import numpy as np

from graph.errors import InvalidInput
from ingest.simulator.arrays import HOUR_MS, Floats, stamp
from ingest.simulator.catalogue import DEPLOYMENTS, TASKS, TIERS
from ingest.simulator.conditions import conditions
from ingest.simulator.effects import Effects, Span, Surge
from ingest.simulator.envelope import Notice
from ingest.simulator.faults.planted import PlantedFault, Planting, Site, end_of, minutes
from ingest.simulator.fleet import users
from ingest.simulator.load import loads
from ingest.simulator.operations import GROWING_DEMAND, build_label, change
from ingest.simulator.overrun import overloads
from ingest.simulator.plan import SimulationPlan

_RISE, _HOLD = 0.6, 0.25
"""Shares of its time in which demand grows and stays; in the rest it falls back."""
_NOTICEABLE = 0.02


def growing_demand(site: Site) -> Planting:
    """A task type or tenant asks ever more, until a deployment's load reaches `magnitude`."""
    plan = site.plan
    target = site.target(*TASKS, *plan.tenants)
    if target not in (*TASKS, *plan.tenants):
        raise InvalidInput(
            f"{target} is no task type or tenant of the simulated fleet",
            field=f"faults.{site.request.kind}.target",
        )
    peak = site.magnitude(low=1.2, high=1.5)
    span = site.passing(shortest_h=2.5, longest_h=10)
    tenants = tuple(place for place, name in enumerate(plan.tenants) if name == target)
    tasks = tuple(place for place, name in enumerate(TASKS) if name == target)
    length_ms = span.end_ms - span.start_ms
    held = Span(
        span.start_ms + int(length_ms * _RISE), span.start_ms + int(length_ms * (_RISE + _HOLD))
    )
    height = _height(plan, held, tenants, tasks, peak=peak)
    growth = ((span.start_ms, 0.0), (held.start_ms, height), (held.end_ms, height))
    surge = Surge(span, (*growth, (span.end_ms, 0.0)), tenants, tasks)
    mean = height * (_RISE / 2 + _HOLD + (1 - _RISE - _HOLD) / 2)
    return Planting(
        PlantedFault(
            kind=GROWING_DEMAND, cause_kind=None, cause_id=None,
            slice={"tenant": [target]} if tenants else {"task_type": [target]},
            start_ms=span.start_ms, end_ms=end_of(span), metric="VOLUME", measure="ratio",
            expected=1 + mean, mechanism="MIX",
            details={"peak": round(1 + height, 3), "overloads": _overloads(plan, surge)},
        ),
        (surge,),
    )  # fmt: skip


def _height(
    plan: SimulationPlan,
    held: Span,
    tenants: tuple[int, ...],
    tasks: tuple[int, ...],
    *,
    peak: float,
) -> float:
    """How much must come on top for the first deployment to reach this load, most of the time."""
    doubled = Surge(held, ((held.start_ms, 1.0), (held.end_ms, 1.0)), tenants, tasks)
    usual = _typical(plan, Effects(()), held)
    more = _typical(plan, Effects((doubled,)), held) - usual
    needed = [
        float((peak - usual[of]) / more[of])
        for of in range(len(DEPLOYMENTS))
        if more[of] > _NOTICEABLE
    ]
    return max(min(needed, default=1.0), 0.1)


def _typical(plan: SimulationPlan, effects: Effects, during: Span) -> Floats:
    """The median load of each deployment in a time."""
    hours = range(during.start_ms // HOUR_MS, during.end_ms // HOUR_MS + 1)
    load = [loads(plan, effects, conditions(plan, effects, hour=h), hour=h) for h in hours]
    first = (during.start_ms - hours[0] * HOUR_MS) // minutes(1) + 1
    last = (during.end_ms - hours[0] * HOUR_MS) // minutes(1)
    return np.asarray(np.median(np.concatenate(load, axis=1)[:, first:last], axis=1))


def _overloads(plan: SimulationPlan, surge: Surge) -> dict[str, str]:
    """When each deployment is first offered more than it can carry, for ten minutes at least."""
    found: dict[str, str] = {}
    span = surge.span
    for one in overloads(
        plan, Effects((surge,)), start_ms=span.start_ms, end_ms=span.end_ms, sustained_minutes=10
    ):
        found.setdefault(DEPLOYMENTS[one.deployment], stamp(one.start_ms))
    return found


def runaway_tenant(site: Site) -> Planting:
    """An agent of one tenant's loops: requests of one task become `magnitude` times as many."""
    plan = site.plan
    names = plan.tenants[1:] or plan.tenants
    target = site.target(*(f"{tenant}/{task}" for tenant in names for task in TASKS))
    name, _, task = target.partition("/")
    if name not in plan.tenants:
        raise InvalidInput(
            f"{target} is no tenant/task of the simulated fleet",
            field=f"faults.{site.request.kind}.target",
        )
    factor = site.magnitude(low=5, high=20)
    span = site.passing(shortest_h=2, longest_h=8)
    tenant, place = plan.tenants.index(name), site.task(task)
    members = users(plan).of_cell(tenant, TIERS.index("standard"))
    user = int(members[int(site.draw.integers(0, members.size))])
    full_ms = min(span.start_ms + minutes(4 + 5 * float(site.draw.random())), span.end_ms)
    growth = ((span.start_ms, 0.0), (full_ms, factor - 1), (span.end_ms, factor - 1))
    code, person = f"chg-{site.code()}", site.person()
    told: tuple[Notice, ...] = ()
    if site.draw.random() < 0.5:
        told = (
            change(
                id=code, kind="release", title=f"{name} app to {build_label(span.start_ms)}",
                targets=[("tenant", name)], at_ms=span.start_ms, author=person,
            ),
        )  # fmt: skip
    return Planting(
        PlantedFault(
            kind="runaway-tenant", cause_kind="change" if told else None,
            cause_id=code if told else None, slice={"tenant": [name], "task_type": [task]},
            start_ms=span.start_ms, end_ms=end_of(span), metric="COST", measure="ratio",
            expected=factor, mechanism="MIX", details={"user": users(plan).names[user]},
        ),
        (Surge(span, growth, (tenant,), (place,), user),),
        told,
    )  # fmt: skip
