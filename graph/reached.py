"""Which traffic an incident or a change reached, among cells, and the like of it before. Pure.

A place (deployment, model, backend) is reached where it served, and where it failed first and
another served. Of what the traffic itself carries (a policy version, an experiment, a router's
version) the requests that carry it are reached; like them were all of the same tenants, tiers and
task types before.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from graph.causes.candidates import CandidateCause
from graph.frame import Ints, Mask
from graph.model.traffic import CellKey

_PLACES = ("deployment", "model", "backend")


@dataclass(frozen=True, slots=True)
class Reached:
    """For each cell by number: whether it was reached, and whether it is the like of that before.

    `lost` are the deployments, among those known of, of the places it names; `displaced` are the
    reached cells of what failed at one of them first and was served by another. Scores of `judges`
    are reached whichever requests they are of. `partial` says that only some of the like traffic
    was reached (a share of it in an experiment, a version beside others), so that how many requests
    there were before is no measure of how many were reached.
    """

    during: Mask
    before: Mask
    displaced: Mask
    lost: frozenset[str]
    judges: frozenset[str]
    partial: bool


def reached_by(
    event: CandidateCause, keys: Sequence[CellKey], *, served: Ints, known: Iterable[str]
) -> Reached:
    """What an event reached among the cells of these keys.

    `served` numbers the cells that had requests while it lasted (a number may come again), `known`
    are the deployments that were told of by then, with or without traffic. Of the places that it
    names only these are `lost`: other keys may be of another time or of other tenants.
    """
    targets: dict[str, set[str]] = {}
    for target in event.targets:
        targets.setdefault(target.kind, set()).add(target.id)
    seen = _none(keys)
    seen[served] = True
    names = _deployments(keys)
    there = {*known, *targets.get("deployment", ())}
    there |= _deployments(keys[row] for row in np.flatnonzero(seen).tolist())
    named = _named(event, names | there, targets)
    placed, carried, judges = _none(keys), _none(keys), frozenset[str]()
    if event.node == "policy_version":
        carried = _mask(f"{key.policy}@{key.policy_version}" == event.id for key in keys)
    elif event.node == "experiment":
        carried = _mask(key.experiment == event.id for key in keys)
    elif _is_global(event):
        placed = ~_none(keys)
    else:
        placed = _mask(_is_at(key, targets, named) for key in keys)
        carried = _routed_with(frozenset(targets.get("router", ())), keys, served)
        judges = frozenset(targets.get("evaluator", ()))
    like = {_work(keys[row]) for row in np.flatnonzero(carried & seen).tolist()}
    reached = placed | carried
    alike = _mask(_work(key) in like for key in keys)
    return Reached(
        during=reached,
        before=placed | alike,
        displaced=reached
        & _mask(key.displaced_from in named and key.deployment not in named for key in keys),
        lost=named & there,
        judges=judges,
        partial=bool((alike & seen & ~reached).any()),
    )


def _mask(told: Iterable[bool]) -> Mask:
    return np.array(list(told), dtype=np.bool_)


def _none(keys: Sequence[CellKey]) -> Mask:
    return np.zeros(len(keys), dtype=np.bool_)


def _work(key: CellKey) -> tuple[str, str, str]:
    return key.tenant, key.tier, key.task_type


def _deployments(keys: Iterable[CellKey]) -> set[str]:
    return {name for key in keys for name in (key.deployment, key.displaced_from) if name}


def _is_global(event: CandidateCause) -> bool:
    return event.node == "incident" and not event.targets


def _named(event: CandidateCause, names: set[str], targets: dict[str, set[str]]) -> frozenset[str]:
    """Those of some deployments that lie in the places that an incident or a change names."""
    if event.node not in {"incident", "change"}:
        return frozenset()
    return frozenset(
        name
        for name in names
        if _is_global(event)
        or any(
            part in targets.get(kind, ()) for kind, part in zip(_PLACES, _parts(name), strict=True)
        )
    )


def _parts(deployment: str) -> tuple[str, str, str]:
    model, _, backend = deployment.rpartition("@")
    return deployment, model, backend


def _is_at(key: CellKey, targets: dict[str, set[str]], named: frozenset[str]) -> bool:
    policies = targets.get("policy", set())
    return (
        key.deployment in named
        or key.displaced_from in named
        or key.task_type in targets.get("task_type", ())
        or key.tier in targets.get("tier", ())
        or key.tenant in targets.get("tenant", ())
        or key.policy in policies
        or f"{key.policy}@{key.policy_version}" in policies
    )


def _routed_with(versions: frozenset[str], keys: Sequence[CellKey], served: Ints) -> Mask:
    """What these versions of the router routed; everything where no request names one of them."""
    carried = _mask(key.router_version in versions for key in keys)
    return carried if not versions or carried[served].any() else ~_none(keys)
