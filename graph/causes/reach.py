"""What an event can have touched, and when: its reach in the traffic and its exposure. Pure.

An event reaches the units that it names, in each ledger where it could act. Exposure is how much of
a row lies under the event: the part of its hour after the event, or, where the traffic itself tells
(a policy version, an arm, a router's or an evaluator's version), whether the row carries it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from graph.causes.candidates import CandidateCause
from graph.causes.ledgers import Part
from graph.causes.panel import Array, Panel
from graph.frame import Ints, Mask

HOUR_S = 3600
_LAG_H = 12
"""Hours after an event within which its effect must begin."""
_OVER_H = 2
"""Hours by which an effect may end after the event was said to be over."""
_SERVED_SHARE = 0.02
"""A stratum is reached through a deployment that served at least this share of it."""
_CROWDED = 1.3
"""A deployment is crowded where its share of all traffic is so many times what it was."""
_FALLEN_SHARE = 0.01
"""By how much less of the traffic an arm must have to be the one that others are tried beside."""
_NAMED = {"deployment", "model", "backend", "task_type", "tier", "tenant"}
_PLACES = ("deployment", "model", "backend")
_PRICING = frozenset({"price", "release", "deprecation", "other"})
"""Kinds of change that can change what a token costs."""
_UNTIL_ENDED = {"incident", "maintenance"}


@dataclass(frozen=True, slots=True)
class Reach:
    """One way in which an event can have acted: a ledger, the units in it, and the exposure.

    `carried` is the exposure of each row where the traffic tells it; None: it follows the clock.
    `direct` tells ways that the event's own kind implies from those through which it may act.
    """

    candidate: int
    part: Part
    units: Mask
    carried: Array | None = None
    direct: bool = True


def reaches(
    candidates: Sequence[CandidateCause],
    panel: Panel,
    parts: Sequence[Part],
    *,
    before: Mask,
    during: Mask,
) -> list[Reach]:
    """Every way in which each candidate can have acted on the rows of the panel."""
    world = _World(panel, before, during)
    return [
        reach
        for place, candidate in enumerate(candidates)
        for reach in _ways(place, candidate, world, frozenset(parts))
        if reach.units.any()
    ]


class _World:
    """What reach is worked out from."""

    def __init__(self, panel: Panel, before: Mask, during: Mask) -> None:
        self.panel = panel
        self.units = panel.units
        self.size = len(panel.units.codes)
        self.count = np.bincount(panel.unit, weights=panel.count, minlength=self.size)
        self.before = np.bincount(
            panel.unit[before], weights=panel.count[before], minlength=self.size
        )
        self.now = np.bincount(panel.unit[during], weights=panel.count[during], minlength=self.size)
        columns = [self.units.place(name) for name in ("tenant", "tier", "task_type")]
        self.stratum = (
            np.unique(self.units.codes[:, columns], axis=0, return_inverse=True)[1].ravel()
            if self.size
            else np.empty(0, dtype=np.int64)
        )

    def none(self) -> Mask:
        return np.zeros(self.size, dtype=np.bool_)

    def all(self) -> Mask:
        return np.ones(self.size, dtype=np.bool_)

    def strata_served_by(self, units: Mask) -> Mask:
        """The units of strata that these units served before."""
        if not self.size:
            return units
        whole = np.bincount(self.stratum, weights=self.before)
        part = np.bincount(self.stratum, weights=self.before * units)
        served = part > _SERVED_SHARE * np.maximum(whole, 1e-9)
        return served[self.stratum]

    def crowded(self) -> Mask:
        """The units of deployments that serve clearly more of all traffic than before."""
        deployment = self.units.codes[:, self.units.place("deployment")]
        was, now = (np.bincount(deployment, weights=each) for each in (self.before, self.now))
        was, now = was / max(was.sum(), 1e-9), now / max(now.sum(), 1e-9)
        return (now > _CROWDED * np.maximum(was, 1e-9))[deployment]

    def first_seen(self, dimension: str) -> dict[str, int]:
        """The first hour of each label of a dimension, among rows with data."""
        codes = self.units.codes[:, self.units.place(dimension)][self.panel.unit]
        labels = self.units.labels[self.units.place(dimension)]
        first = np.full(len(labels), np.iinfo(np.int64).max)
        told = self.panel.count > 0
        np.minimum.at(first, codes[told], self.panel.hour[told])
        return dict(zip(labels, first.tolist(), strict=True))

    def fell(self, units: Mask, dimension: str, labels: frozenset[str]) -> bool:
        """Whether less of these units' traffic carries one of the labels than before."""
        told = units & self.units.matching(dimension, labels)
        shares = [
            float(count[told].sum()) / max(float(count[units].sum()), 1e-9)
            for count in (self.before, self.now)
        ]
        return shares[1] < shares[0] - _FALLEN_SHARE

    def carrying(self, dimension: str, labels: frozenset[str]) -> Array:
        """For each row, 1.0 where its label is one of these."""
        return self.units.matching(dimension, labels)[self.panel.unit].astype(np.float64)


def _ways(
    place: int, candidate: CandidateCause, world: _World, parts: frozenset[Part]
) -> list[Reach]:
    if candidate.node == "policy_version":
        return _of_policy(place, candidate, world)
    if candidate.node == "experiment":
        return _of_experiment(place, candidate, world, parts)
    ways: list[Reach] = []
    by_kind: dict[str, set[str]] = {}
    for target in candidate.targets:
        by_kind.setdefault(target.kind, set()).add(target.id)
    if not candidate.targets and candidate.node in _UNTIL_ENDED:
        return _everywhere(place, world, parts)
    for kind, ids in by_kind.items():
        wanted = frozenset(ids)
        if kind in _NAMED:
            ways += _of_place(place, candidate, kind, wanted, world, parts)
        elif kind == "evaluator" and Part.JUDGES in parts:
            ways += _of_evaluator(place, candidate, wanted, world)
        elif kind == "router":
            ways += _of_router(place, wanted, world, parts)
        elif kind == "policy":
            under = _policy_units(world, wanted)
            ways.append(Reach(place, Part.ROUTING, world.strata_served_by(under) | under))
    return ways


def _everywhere(place: int, world: _World, parts: frozenset[Part]) -> list[Reach]:
    return [Reach(place, part, world.all()) for part in _inner(parts, "incident")]


def _inner(parts: frozenset[Part], kind: str) -> list[Part]:
    """The ledgers of what an event of a kind can do to a request once it is routed."""
    able = {Part.PRICE} if kind == "price" else {Part.WITHIN, Part.TOKENS}
    able |= {Part.PRICE} if kind in _PRICING else set()
    return [part for part in (Part.WITHIN, Part.TOKENS, Part.PRICE) if part in parts & able]


def _of_place(
    place: int,
    candidate: CandidateCause,
    kind: str,
    wanted: frozenset[str],
    world: _World,
    parts: frozenset[Part],
) -> list[Reach]:
    """A deployment, model, backend, task type, tier or tenant by name."""
    named = world.units.matching(kind, wanted)
    inner = _inner(parts, candidate.kind)
    ways = [Reach(place, part, named) for part in inner]
    if kind not in _PLACES:
        return [*ways, Reach(place, Part.ROUTING, named, direct=False)]
    down = candidate.node in _UNTIL_ENDED
    ways.append(Reach(place, Part.ROUTING, world.strata_served_by(named), direct=down))
    lost = frozenset(
        label
        for label in world.units.labels[world.units.place("deployment")]
        if _is_at(label, kind, wanted)
    )
    displaced = world.units.matching("displaced_from", lost) & ~named
    ways += [Reach(place, part, displaced, direct=False) for part in inner]
    if down or candidate.kind == "quota":
        # Who takes over what an event keeps away gets longer queues.
        crowded = world.crowded() & ~named & ~displaced
        ways += [Reach(place, part, crowded, direct=False) for part in inner]
    return ways


def _is_at(deployment: str, kind: str, wanted: frozenset[str]) -> bool:
    model, _, backend = deployment.rpartition("@")
    return {"deployment": deployment, "model": model, "backend": backend}[kind] in wanted


def _of_policy(place: int, candidate: CandidateCause, world: _World) -> list[Reach]:
    """The strata a version is for; exposed are the rows under it, or under it and later ones."""
    units = world.all()
    for dimension, labels in (
        ("task_type", candidate.task_types),
        ("tier", candidate.tiers),
        ("tenant", candidate.tenants),
    ):
        if labels is not None:
            units &= world.units.matching(dimension, labels)
    seen = world.first_seen("policy_version")
    if candidate.id not in seen:
        return [Reach(place, Part.ROUTING, units)]
    policy = f"{candidate.policy}@"
    later = frozenset(
        label
        for label, first in seen.items()
        if label.startswith(policy) and first >= seen[candidate.id]
    )
    own = frozenset({candidate.id})
    return [
        Reach(place, Part.ROUTING, units, world.carrying("policy_version", labels))
        for labels in ((own, later) if later != own else (own,))
    ]


def _policy_units(world: _World, policies: frozenset[str]) -> Mask:
    labels = frozenset(
        label
        for label in world.units.labels[world.units.place("policy_version")]
        if label in policies or label.rpartition("@")[0] in policies
    )
    return world.units.matching("policy_version", labels)


def _of_experiment(
    place: int, candidate: CandidateCause, world: _World, parts: frozenset[Part]
) -> list[Reach]:
    """The strata that have its arms; exposed are the rows in one arm, beside those in others."""
    taking = world.units.matching("experiment", frozenset({candidate.id}))
    if not taking.any():
        return []
    reached = np.isin(world.stratum, np.unique(world.stratum[taking]))
    ways: list[Reach] = []
    for arm in candidate.arms:
        own = frozenset({f"{candidate.id}/{arm}"})
        if world.fell(reached, "arm", own):
            # An arm that others grew at the cost of: they are what was tried.
            continue
        carried = world.carrying("arm", own)
        ways += [
            Reach(place, part, reached, carried)
            for part in (Part.ROUTING, *_inner(parts, candidate.kind))
        ]
    return ways


def _of_router(
    place: int, versions: frozenset[str], world: _World, parts: frozenset[Part]
) -> list[Reach]:
    seen = world.first_seen("router_version")
    told = {version: seen[version] for version in versions if version in seen}
    if not told:
        return [Reach(place, Part.ROUTING, world.all(), direct=False)]
    since = min(told.values())
    later = frozenset(label for label, first in seen.items() if first >= since)
    carried = world.carrying("router_version", later)
    return [
        Reach(place, part, world.all(), carried, direct=part is Part.ROUTING)
        for part in (Part.ROUTING, *_inner(parts, "router"))
    ]


def _of_evaluator(
    place: int, candidate: CandidateCause, names: frozenset[str], world: _World
) -> list[Reach]:
    """Its scores; exposed are those of the versions that were first seen after the change."""
    named = world.units.matching("evaluator", names)
    seen = _first_versions(world, named)
    since = int(candidate.at.timestamp()) - 48 * HOUR_S
    new = frozenset(label for label, first in seen.items() if first >= since)
    told = len(seen) > len(new) > 0
    carried = world.carrying("evaluator_version", new) if told else None
    return [
        Reach(place, Part.WITHIN, named, carried),
        Reach(place, Part.JUDGES, world.all()),
    ]


def _first_versions(world: _World, named: Mask) -> dict[str, int]:
    """The first hour of each version of these evaluators."""
    panel, place = world.panel, world.units.place("evaluator_version")
    rows = named[panel.unit] & (panel.count > 0)
    codes = world.units.codes[:, place][panel.unit[rows]]
    first: dict[str, int] = {}
    for code in np.unique(codes).tolist():
        first[world.units.labels[place][code]] = int(panel.hour[rows][codes == code].min())
    return first


def breadth(candidate: CandidateCause) -> int:
    """How much an event names, roughly: 0 is a single deployment, 3 is everything."""
    return max((_BREADTH.get(target.kind, 1) for target in candidate.targets), default=3)


_BREADTH = {"deployment": 0, "evaluator": 0, "backend": 2, "router": 3}


def clock_shapes(candidate: CandidateCause, hours: Ints) -> tuple[Array, Array, Ints]:
    """Exposures by hour that fit an event's times: (shapes, penalties, lags in hours).

    The effect begins with the event or up to `_LAG_H` hours later (each hour of delay makes it
    less likely), never before it; what was said to be over ends about then. Where nothing says so,
    it lasts.
    """
    passing = candidate.node in _UNTIL_ENDED or candidate.ended_at is not None
    ended = candidate.ended_at
    shapes: list[Array] = []
    penalties: list[float] = []
    lags: list[int] = []
    start = candidate.at.timestamp()
    for lag in range(_LAG_H + 1):
        begun = share_after(hours, start + lag * HOUR_S)
        if lag and not begun.any():
            break
        ends = [0, 1, _OVER_H] if passing and ended is not None else [None]
        for over in ends:
            shape = begun
            if over is not None and ended is not None:
                shape = begun - share_after(hours, ended.timestamp() + over * HOUR_S)
            if shape.max(initial=0.0) <= 0:
                continue
            shapes.append(shape)
            penalties.append(2.0 * np.log1p(lag) + (0.5 * over if over else 0.0))
            lags.append(lag)
    size = len(shapes)
    return (
        np.array(shapes).reshape(size, len(hours)),
        np.array(penalties),
        np.array(lags, dtype=np.int64),
    )


def share_after(hours: Ints, instant_s: float) -> Array:
    """For each hour (its start, epoch seconds), the share of it that lies after an instant."""
    return np.clip((hours + HOUR_S - instant_s) / HOUR_S, 0.0, 1.0)


def seconds(instant: datetime) -> int:
    """Epoch seconds, rounded down."""
    return int(instant.timestamp())
