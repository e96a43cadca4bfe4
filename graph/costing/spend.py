"""What was spent, by hour and group of cells, and the slices that these groups make up. Pure.

A group is a tenant, a tier, a task type and a deployment; policies, arms and the like are left
out, as they are causes and not places.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from graph.estimates import Array
from graph.frame import CellTable, Ints, Mask, Traffic
from graph.model.traffic import ARRIVALS
from graph.slices import Dimension, EntityRef, Slice

HOUR_S = 3600
OTHERS = "(other tenants)"
_TENANTS_APART = 40
"""Tenants told apart: those with the dearest hours. All others together are one more."""

OF_DEMAND = (
    (),
    (Dimension.TENANT,),
    (Dimension.TASK_TYPE,),
    (Dimension.TIER,),
    (Dimension.TENANT, Dimension.TASK_TYPE),
    (Dimension.TENANT, Dimension.TIER),
    (Dimension.TIER, Dimension.TASK_TYPE),
    (Dimension.TENANT, Dimension.TIER, Dimension.TASK_TYPE),
)
"""Ways to tell apart what is asked for; simpler ones first."""
OF_SUPPLY = (
    (Dimension.MODEL,),
    (Dimension.DEPLOYMENT,),
    (Dimension.BACKEND,),
    (Dimension.MODEL, Dimension.TASK_TYPE),
    (Dimension.MODEL, Dimension.TENANT),
    (Dimension.DEPLOYMENT, Dimension.TASK_TYPE),
    (Dimension.BACKEND, Dimension.TASK_TYPE),
    (Dimension.BACKEND, Dimension.TENANT),
)
"""Ways to tell apart who answers."""
_LABELLED = (
    Dimension.TENANT,
    Dimension.TIER,
    Dimension.TASK_TYPE,
    Dimension.DEPLOYMENT,
    Dimension.MODEL,
    Dimension.BACKEND,
)


@dataclass(frozen=True, slots=True)
class Spend:
    """Measures by group and hour, shape (groups, hours); only requests whose cost is known.

    `labels` holds the value of each group along each dimension. `arrivals`, (hours, steps), counts
    all requests by ten minutes. `passed` is how much of each hour is over: 1 but for the last.
    """

    start_s: int
    labels: dict[Dimension, tuple[str, ...]]
    requests: Array
    cost_usd: Array
    squares_usd2: Array
    prompt_tokens: Array
    completion_tokens: Array
    arrivals: Array
    passed: Array

    @property
    def hours(self) -> int:
        """How many hours there are."""
        return self.requests.shape[1]

    def hours_s(self) -> Ints:
        """Where each hour begins, in seconds since 1970."""
        return self.start_s + HOUR_S * np.arange(self.hours, dtype=np.int64)


def spend(
    traffic: Traffic, cells: CellTable, *, start_s: int, end_s: int, judged_from_s: int
) -> Spend:
    """The spend of all hours from `start_s` (a whole hour) to `end_s`, which may lie within one.

    `judged_from_s` is where the hours begin whose dearest tenants are told apart.
    """
    size = -(-(end_s - start_s) // HOUR_S)
    hour = (traffic.hour - start_s) // HOUR_S
    inside = (hour >= 0) & (hour < size)
    row, labels = _groups(traffic, cells, judged=traffic.hour >= judged_from_s)
    many = len(labels[Dimension.TENANT])
    place = (row * size + hour)[inside]
    count = traffic.measure("count").astype(np.float64)
    priced = traffic.measure("costCount").astype(np.float64)
    share = priced / np.maximum(count, 1.0)

    def summed(values: Array) -> Array:
        sums = np.bincount(place, weights=values[inside], minlength=many * size)
        return sums.astype(np.float64).reshape(many, size)

    arrived = np.stack(
        [
            np.bincount(hour[inside], weights=traffic.measure(name)[inside], minlength=size)
            for name in ARRIVALS
        ],
        axis=1,
    )
    passed = np.ones(size)
    passed[-1] = (end_s - start_s) / HOUR_S - (size - 1)
    return Spend(
        start_s=start_s,
        labels=labels,
        requests=summed(priced),
        cost_usd=summed(traffic.measure("costSumNanoUsd") / 1e9),
        squares_usd2=summed(traffic.measure("costSquaresMicroUsd2") / 1e12),
        prompt_tokens=summed(traffic.measure("promptTokens") * share),
        completion_tokens=summed(traffic.measure("completionTokens") * share),
        arrivals=arrived.astype(np.float64),
        passed=passed,
    )


def _groups(
    traffic: Traffic, cells: CellTable, *, judged: Mask
) -> tuple[Ints, dict[Dimension, tuple[str, ...]]]:
    """The group of each row of traffic, and the groups' labels."""
    known, place = np.unique(traffic.cell, return_inverse=True)
    apart = _apart(traffic, cells, known, place, judged)
    names: list[tuple[str, ...]] = []
    for cell in known.tolist():
        tenant, *others = (cells.label(cell, dimension) for dimension in _LABELLED)
        names.append((tenant if tenant in apart else OTHERS, *others))
    groups = sorted(set(names))
    rows = {name: row for row, name in enumerate(groups)}
    of_cell = np.array([rows[name] for name in names], dtype=np.int64)
    labels = {
        dimension: tuple(group[column] for group in groups)
        for column, dimension in enumerate(_LABELLED)
    }
    return of_cell[place] if len(place) else place.astype(np.int64), labels


def _apart(
    traffic: Traffic, cells: CellTable, known: Ints, place: Ints, judged: Mask
) -> frozenset[str]:
    """The tenants with the dearest hours."""
    tenant_of = [cells.label(cell, Dimension.TENANT) for cell in known.tolist()]
    tenants = sorted(set(tenant_of))
    if len(tenants) <= _TENANTS_APART or not judged.any():
        return frozenset(tenants)
    number = {name: row for row, name in enumerate(tenants)}
    of_cell = np.array([number[name] for name in tenant_of], dtype=np.int64)
    hour = (traffic.hour[judged] - int(traffic.hour[judged].min())) // HOUR_S
    size = int(hour.max()) + 1
    cost = np.bincount(
        of_cell[place[judged]] * size + hour,
        weights=traffic.measure("costSumNanoUsd")[judged],
        minlength=len(tenants) * size,
    ).reshape(len(tenants), size)
    dearest: list[int] = np.argsort(-cost.max(axis=1), kind="stable")[:_TENANTS_APART].tolist()
    return frozenset(tenants[row] for row in dearest)


@dataclass(frozen=True, slots=True)
class Slices:
    """Slices of the groups: `members` has shape (slices, groups), 1 where a group lies within."""

    where: tuple[tuple[EntityRef, ...], ...]
    members: Array

    def sums(self, values: Array) -> Array:
        """By slice, the sum over its groups; the other axes stay."""
        return self.members @ values


def slices(told: Spend, *, along: Iterable[Sequence[Dimension]], worth: Array) -> Slices:
    """The slices along some dimensions of which a group has at least something worth.

    `worth` is by group; slices whose groups together are worth nothing are left out.
    """
    where: list[tuple[EntityRef, ...]] = []
    members: list[Array] = []
    groups = len(worth)
    for dimensions in along:
        keys = [tuple(told.labels[d][group] for d in dimensions) for group in range(groups)]
        for key in sorted(set(keys)):
            inside = np.array([one == key for one in keys], dtype=np.float64)
            if OTHERS in key or inside @ worth <= 0:
                continue
            where.append(
                tuple(EntityRef(d.value.lower(), v) for d, v in zip(dimensions, key, strict=True))
            )
            members.append(inside)
    return Slices(tuple(where), np.array(members).reshape(len(members), groups))


def as_slice(where: Sequence[EntityRef]) -> Slice:
    """The slice of these entities."""
    return Slice(**{ref.kind: frozenset({ref.id}) for ref in where})
