"""What is imagined otherwise, over the traffic of a period and the hours around it. Pure.

A `Question` says which requests could have gone elsewhere and how; `counterfactual.py` answers it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from graph.causes.counterfactual import Rerouting
from graph.causes.rerouting import (
    Places,
    Requests,
    arm_of,
    named_in,
    only_choice,
    places,
    ruled_shares,
    under_shares,
    wanted,
    without,
)
from graph.errors import InvalidInput
from graph.frame import Ints, Mask, Scores, Traffic
from graph.model.traffic import CellKey
from graph.policies.facts import PolicyFacts


@dataclass(frozen=True, slots=True)
class World:
    """The traffic of the period, then that around it (`near`), of like requests everywhere.

    `cell` numbers `keys`; `inside` tells by cell whether it is asked about. `used` are the rows
    of the keys in the table of all cells, ascending.
    """

    keys: tuple[CellKey, ...]
    traffic: Traffic
    scores: Scores
    traffic_near: Mask
    scores_near: Mask
    inside: Mask
    evaluators: int
    used: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def requests(self) -> Requests:
        """Requests by cell and hour."""
        count = self.traffic.measure("count").astype(np.float64)
        return Requests(self.traffic.cell, self.traffic.hour // 3600, count, self.traffic_near)

    @property
    def present(self) -> Mask:
        """By cell, whether it has requests that are asked about."""
        found = np.zeros(len(self.keys), dtype=np.bool_)
        found[self.traffic.cell[~self.traffic_near]] = True
        return found & self.inside

    def marked(self, test: Callable[[CellKey], bool]) -> Mask:
        """By cell, whether its key passes a test."""
        return np.array([test(key) for key in self.keys], dtype=np.bool_).reshape(len(self.keys))


@dataclass(frozen=True, slots=True)
class Question:
    """A rerouting, whom it could have moved and who tells what a choice gives (both by cell)."""

    at: Places
    affected: Mask
    direct: Mask
    make: Callable[[int], Rerouting]
    refused: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyGiven:
    """A policy version as told, and the arms (experiment, arm) that route by themselves."""

    facts: PolicyFacts
    pinned: frozenset[tuple[str, str]]


def under_policy(world: World, policy: PolicyGiven) -> Question:
    """All that the version is for, routed as it routed when it was in force, or as it says."""
    facts = policy.facts
    at = places(world.keys, wanted, more=named_in(facts))

    def free(key: CellKey) -> bool:
        return (key.experiment or "", key.arm or "") not in policy.pinned

    def meant(key: CellKey) -> bool:
        return (
            free(key)
            and (not facts.task_types or key.task_type in facts.task_types)
            and (not facts.tiers or key.tier in facts.tiers)
            and (not facts.tenants or key.tenant in facts.tenants)
        )

    in_force = world.marked(
        lambda key: free(key) and (key.policy, key.policy_version) == (facts.policy, facts.version)
    )
    other = world.marked(lambda key: meant(key) and key.policy == facts.policy)
    if not (other & world.present).any():
        # Another policy decided in this period, so it is that one which would have given way.
        other = world.marked(meant)
    affected = other & ~in_force
    ruled = ruled_shares(facts, at)
    requests = world.requests
    n = float(requests.count[in_force[requests.cell]].sum())
    source = (
        f"shares of {n:.0f} requests that {facts.name} routed"
        if n
        else f"shares that the rules of {facts.name} give"
    )
    return Question(
        at=at,
        affected=affected,
        direct=np.ones(len(world.keys), dtype=np.bool_),
        make=lambda judges: under_shares(
            requests, at, affected=affected, in_force=in_force, ruled=ruled, judges=judges
        ),
        refused=None
        if n or ruled is not None or not (affected & world.present).any()
        else f"{facts.name} routed nothing in the period or near it, and its rules"
        " are not ours to read",
        notes=(source,),
    )


def left_out(world: World, names: frozenset[str]) -> Question:
    """The requests of deployments or backends, sent where displaced ones were sent."""

    def out(deployment: str) -> bool:
        return deployment in names or deployment.rpartition("@")[2] in names

    at = places(world.keys, lambda key: key.deployment)
    lost = np.array([out(name) for name in at.choices], dtype=np.bool_)
    affected = world.marked(lambda key: out(key.deployment))
    displaced = world.marked(lambda key: key.displaced_from is not None)
    fled = world.marked(lambda key: key.displaced_from is not None and out(key.displaced_from))
    requests = world.requests
    served = (affected & world.present).any()
    told = float(requests.count[(fled & ~affected)[requests.cell]].sum())
    return Question(
        at=at,
        affected=affected,
        direct=world.marked(lambda key: key.displaced_from is None),
        make=lambda judges: without(
            requests, at, lost=lost, fled=fled, displaced=displaced, judges=judges
        ),
        refused=None if served else f"none of these requests was served by {_listed(names)}",
        notes=(
            f"{told:.0f} requests were displaced from it and tell where others would go",
            "the deployments that take over are as fast and as free as they were",
        ),
    )


def in_arm(world: World, name: str) -> Question:
    """Every request of the contexts of an experiment, in one arm."""
    labels = {arm_of(key): key for key in world.keys if key.arm is not None}
    fitting = sorted(label for label, key in labels.items() if name in (label, key.arm))
    if name in fitting:
        fitting = [name]
    if len(fitting) > 1:
        raise InvalidInput(
            f"several experiments have an arm {name}: name one of {', '.join(fitting)}",
            field="arm",
        )
    at = places(world.keys, arm_of)
    present = world.present
    whole = np.ones(len(world.keys), dtype=np.bool_)
    if not fitting:
        nobody = np.zeros(len(world.keys), dtype=np.bool_)
        return Question(
            at, nobody, whole, lambda judges: only_choice(at, choice=0, judges=judges),
            refused=f"no request near the period was in an arm {name}",
        )  # fmt: skip
    experiment = labels[fitting[0]].experiment
    strata = {
        (key.tenant, key.tier, key.task_type)
        for key, here in zip(world.keys, present, strict=True)
        if here and key.experiment == experiment
    }
    affected = world.marked(lambda key: (key.tenant, key.tier, key.task_type) in strata)
    choice = at.choices.index(fitting[0])
    return Question(
        at=at,
        affected=affected,
        direct=whole,
        make=lambda judges: only_choice(at, choice=choice, judges=judges),
        refused=None if strata else f"no request of the period took part in {experiment}",
        notes=(f"means of the requests that were in {fitting[0]}",),
    )


def _listed(names: frozenset[str]) -> str:
    return " or ".join(sorted(names))
