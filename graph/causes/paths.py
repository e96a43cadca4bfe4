"""The way from a cause to the slice that it is held responsible for, read from the graph.

Which cells of traffic are worth asking for is worked out here from the cells in memory; every node
and relationship of a path is one that the graph has, read in one statement for all causes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graph.causes.candidates import CandidateCause
from graph.causes.investigation import PathStep
from graph.frame import NONE, CellTable, Ints, Traffic
from graph.model.traffic import CellKey
from graph.scope import TenantScope
from graph.slices import EntityRef
from graph.store.door import GraphStore

Path = tuple[PathStep, ...]

_CELLS_EACH = 3
_FROM_CAUSE = frozenset({"TARGETS", "AFFECTS", "HAS_ARM"})
"""Relationships that start at the cause's side; all others on a way start at the cell's."""
_KINDS = {
    "Arm": "arm",
    "Backend": "backend",
    "Cell": "cell",
    "Change": "change",
    "Deployment": "deployment",
    "Evaluator": "evaluator",
    "Experiment": "experiment",
    "Fleet": "fleet",
    "Incident": "incident",
    "Maintenance": "maintenance",
    "Model": "model",
    "Policy": "policy",
    "PolicyVersion": "policy_version",
    "Router": "router",
    "TaskType": "task_type",
    "Tenant": "tenant",
    "Tier": "tier",
}
_ENDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("deployment", ("SERVED_BY",)),
    ("task_type", ("OF_TASK",)),
    ("tier", ("OF_TIER",)),
    ("tenant", ("OF_TENANT",)),
    ("displaced_from", ("DISPLACED_FROM",)),
    ("model", ("SERVED_BY", "RUNS_MODEL")),
    ("backend", ("SERVED_BY", "RUNS_ON")),
    ("evaluator", ("SCORED_BY",)),
    ("evaluator_version", ("SCORED_BY",)),
    ("policy_version", ("UNDER",)),
    ("arm", ("IN_ARM",)),
    ("router", ("ROUTED_WITH",)),
    ("router_version", ("ROUTED_WITH",)),
)
"""How a cell leads to what a slice names, in the order of preference for a path's end."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A cause and the slice that it shall be tied to; `mix` where it moved traffic there."""

    cause: CandidateCause
    where: tuple[EntityRef, ...]
    mix: bool = False


@dataclass(frozen=True, slots=True)
class _Lead:
    """A way worth trying: from the cause to one cell, over what both share to another.

    `first` is what the way to the first cell goes by: the deployment that failed (displaced), or
    anything else. `bridge` is the relationship that both cells have to one node.
    """

    near: str
    far: str
    displaced: bool = False
    bridge: str | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    """Relationship types and what they tie together: one node more than types."""

    types: tuple[str, ...]
    nodes: tuple[EntityRef, ...]


async def trace(
    store: GraphStore,
    destinations: Sequence[Destination],
    *,
    cells: CellTable,
    traffic: Traffic,
    scope: TenantScope,
) -> list[Path]:
    """For each destination the path to it, empty where the graph has none. One statement.

    `traffic` are the buckets of the periods compared: ways go by the cells with most requests.
    """
    if not destinations:
        return []
    requests = np.bincount(
        traffic.cell, weights=traffic.measure("count"), minlength=len(cells.keys)
    )
    known = _Cells(cells, requests.astype(np.int64))
    leads = [_leads(one, known) for one in destinations]
    rows = [
        {
            "index": i,
            "node": one.cause.node,
            "key": _key(one.cause),
            "cells": sorted({cell for lead in tried for cell in (lead.near, lead.far)}),
        }
        for i, (one, tried) in enumerate(zip(destinations, leads, strict=True))
        if tried
    ]
    told = await store.ask("cause_paths", scope=scope, rows=rows) if rows else []
    ways: dict[tuple[int, str], tuple[list[_Way], list[_Way]]] = {
        (row["index"], row["cell"]): (_ways(row["ways"]), _ways(row["tails"])) for row in told
    }
    return [
        _first_path(one, tried, {cell: ways[j, cell] for j, cell in ways if j == i})
        for i, (one, tried) in enumerate(zip(destinations, leads, strict=True))
    ]


def _key(cause: CandidateCause) -> list[str]:
    if cause.node != "policy_version":
        return [cause.id]
    policy, _, version = cause.id.rpartition("@")
    return [policy, version]


class _Cells:
    """The cells with traffic, busiest first."""

    def __init__(self, cells: CellTable, requests: Ints) -> None:
        ids = {row: cell for cell, row in cells.rows.items()}
        order = np.argsort(-requests, kind="stable")
        self.busiest: list[tuple[str, CellKey]] = [
            (ids[int(row)], cells.keys[int(row)]) for row in order if requests[row] > 0
        ]


def _leads(wanted: Destination, cells: _Cells) -> list[_Lead]:
    """What to try, the most telling first."""
    cause = wanted.cause
    inside = [(i, key) for i, key in cells.busiest if _lies_in(key, wanted.where)]
    # No cell tells who scored it before it is read, so more of them are tried.
    most = 5 * _CELLS_EACH if _is_evaluators(cause) else _CELLS_EACH
    direct = [_Lead(i, i) for i, key in inside if _touched(key, cause)][:most]
    lost = [_Lead(i, i, displaced=True) for i, key in inside if _displaced(key, cause)]
    own = [*lost[:_CELLS_EACH], *direct] if wanted.mix else [*direct, *lost[:_CELLS_EACH]]
    if own:
        return own
    overrun = [(i, key.deployment) for i, key in cells.busiest if _displaced(key, cause)]
    served = [(i, key.deployment) for i, key in inside]
    pairs = _pairs(overrun, served)
    if pairs:
        return [_Lead(near, far, displaced=True, bridge="SERVED_BY") for near, far in pairs]
    left = [(i, key.task_type) for i, key in cells.busiest if _touched(key, cause)]
    pairs = _pairs(left, [(i, key.task_type) for i, key in inside])
    return [_Lead(near, far, bridge="OF_TASK") for near, far in pairs]


def _pairs(
    near: Iterable[tuple[str, str]], far: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Cells that share something, the busiest of each side, for a few of what is shared."""
    ends: dict[str, str] = {}
    for cell, shared in far:
        ends.setdefault(shared, cell)
    starts: dict[str, str] = {}
    for cell, shared in near:
        if shared in ends:
            starts.setdefault(shared, cell)
    return [(cell, ends[shared]) for shared, cell in starts.items()][:_CELLS_EACH]


def _lies_in(key: CellKey, where: Iterable[EntityRef]) -> bool:
    return all(_has(key, ref) for ref in where)


_LABELS: dict[str, Callable[[CellKey], tuple[str | None, ...]]] = {
    "tenant": lambda key: (key.tenant,),
    "tier": lambda key: (key.tier,),
    "task_type": lambda key: (key.task_type,),
    "prompt_band": lambda key: (key.prompt_band,),
    "deployment": lambda key: (key.deployment,),
    "model": lambda key: (key.deployment.rpartition("@")[0],),
    "backend": lambda key: (key.deployment.rpartition("@")[2],),
    "policy": lambda key: (key.policy,),
    "policy_version": lambda key: (f"{key.policy}@{key.policy_version}",),
    "experiment": lambda key: (key.experiment,),
    "arm": lambda key: (key.arm, key.arm and f"{key.experiment or ''}/{key.arm}"),
    "router": lambda key: (key.router_version,),
    "router_version": lambda key: (key.router_version,),
    "method": lambda key: (key.method,),
    "displaced_from": lambda key: (key.displaced_from,),
}
"""What a cell is called along each kind of label."""


def _has(key: CellKey, ref: EntityRef) -> bool:
    """Whether a cell carries a label; what no cell tells (evaluators) speaks against none."""
    labels = _LABELS.get(ref.kind)
    return labels is None or (None if ref.id == NONE else ref.id) in labels(key)


def _is_evaluators(cause: CandidateCause) -> bool:
    return any(target.kind == "evaluator" for target in cause.targets)


def _touched(key: CellKey, cause: CandidateCause) -> bool:
    if cause.node == "policy_version":
        return f"{key.policy}@{key.policy_version}" == cause.id
    if cause.node == "experiment":
        return key.experiment == cause.id
    if cause.node in {"incident", "maintenance"} and not cause.targets:
        return True  # of the whole fleet
    return any(_has(key, target) for target in cause.targets)


def _displaced(key: CellKey, cause: CandidateCause) -> bool:
    if key.displaced_from is None or cause.node in {"policy_version", "experiment"}:
        return False
    lost = key._replace(deployment=key.displaced_from)
    places = [t for t in cause.targets if t.kind in {"deployment", "model", "backend"}]
    return any(_has(lost, target) for target in places)


def _ways(
    told: Iterable[tuple[Sequence[str], Sequence[tuple[str, Mapping[str, Any]]]]],
) -> list[_Way]:
    return [
        _Way(tuple(types), tuple(_ref(label, names) for label, names in nodes))
        for types, nodes in told
    ]


def _ref(label: str, names: Mapping[str, Any]) -> EntityRef:
    match label:
        case "PolicyVersion":
            identity = f"{names['policy']}@{names['version']}"
        case "Arm":
            identity = f"{names['experiment']}/{names['arm']}"
        case _:
            identity = names["id"]
    return EntityRef(_KINDS[label], identity)


_Found = Mapping[str, tuple[Sequence[_Way], Sequence[_Way]]]
"""For each cell the ways from it to the cause, and what it leads on to."""


def _first_path(wanted: Destination, leads: Iterable[_Lead], found: _Found) -> Path:
    for lead in leads:
        if lead.near not in found or lead.far not in found:
            continue
        steps = _from_cause(lead, found[lead.near][0])
        if steps and lead.bridge is not None:
            steps = _bridged(steps, lead, found)
        if steps:
            return _ended(steps, wanted.where, found[lead.far][1])
    return ()


def _from_cause(lead: _Lead, ways: Sequence[_Way]) -> list[PathStep]:
    """From the cause to the lead's first cell; the shortest way of the kind that was looked for."""
    fit = [way for way in ways if (way.types[0] == "DISPLACED_FROM") is lead.displaced]
    if not fit:
        return []
    way = min(fit, key=lambda one: (len(one.types), one.types, [node.id for node in one.nodes]))
    # Read from the cell to the cause, told from the cause to the cell.
    return [
        PathStep(way.nodes[i + 1], way.types[i], way.nodes[i], way.types[i] not in _FROM_CAUSE)
        for i in reversed(range(len(way.types)))
    ]


def _bridged(steps: list[PathStep], lead: _Lead, found: _Found) -> list[PathStep]:
    """On from the first cell, over the node that it shares with the second, to the second."""
    near, far = (
        next((way for way in found[cell][1] if way.types == (lead.bridge,)), None)
        for cell in (lead.near, lead.far)
    )
    if near is None or far is None or near.nodes[1] != far.nodes[1]:
        return []
    over = PathStep(near.nodes[0], near.types[0], near.nodes[1])
    return [*steps, over, PathStep(far.nodes[1], far.types[0], far.nodes[0], reversed=True)]


def _ended(steps: list[PathStep], where: Sequence[EntityRef], tails: Sequence[_Way]) -> Path:
    """The path up to a node of the slice that it has not come by, else to the last that it has.

    A slice without nodes of its own (prompt lengths, methods) is shown by its cell, the whole
    fleet by a deployment.
    """
    passed = [steps[0].start, *(step.end for step in steps)]
    names = {ref.kind: ref.id for ref in where if ref != passed[0]}
    come_by: list[int] = []
    for kind, types in _ENDS if names else _ENDS[:1]:
        for way in tails:
            end = way.nodes[-1]
            if way.types != types or (names and not _is_named(end, names.get(kind))):
                continue
            if end not in passed:
                return _joined(steps, passed, way)
            come_by.append(passed.index(end))
    return tuple(steps[: max(come_by)] if any(come_by) else steps)


def _is_named(node: EntityRef, name: str | None) -> bool:
    """Whether a slice names this node; of `evaluator@version` there is the evaluator alone."""
    return name is not None and name in (node.id, f"{node.id}@{name.rpartition('@')[2]}")


def _joined(steps: list[PathStep], passed: Sequence[EntityRef], way: _Way) -> Path:
    """The path with a way from its last cell added, without coming by any node twice."""
    start = max(i for i, node in enumerate(way.nodes) if node in passed)
    added = zip(way.nodes[start:], way.types[start:], way.nodes[start + 1 :], strict=False)
    kept = steps[: passed.index(way.nodes[start])]
    return (*kept, *(PathStep(begin, kind, end) for begin, kind, end in added))
