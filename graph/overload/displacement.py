"""Who takes over the requests of deployments that are lost, by the policy in force. Pure.

In this order: the shares that the policy's rules give those that are left; its fallbacks; where
the router sent requests that it had to displace from each of the lost, and on from there; where it
sent like ones, or they go anyway (`graph/causes/rerouting.py`). Nobody takes what he may not
serve: a tenant's allowed backends and certificates, and the length of the prompt, rule out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from graph.causes.rerouting import Context, Places, Requests, places, without
from graph.estimates import Array
from graph.evidence import DeploymentFacts
from graph.frame import Mask, Traffic
from graph.model.traffic import PROMPT_BANDS, CellKey
from graph.policies.courses import Courses
from graph.policies.facts import Course, PolicyFacts

_LEAST = 1e-6
_DAY_S = 86_400
_FEW = 30.0
"""Requests of a deployment in the last day below which its mix is taken from all known days."""
_DISPLACED_ENOUGH = 10.0


@dataclass(frozen=True, slots=True)
class TenantTerms:
    """What a tenant demands of those that serve it."""

    allowed_backends: frozenset[str] | None = None
    required_compliance: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides who may serve and who serves first."""

    policies: Sequence[PolicyFacts] = ()
    tenants: Mapping[str, TenantTerms] = field(default_factory=dict[str, TenantTerms])


@dataclass(frozen=True, slots=True)
class Taken:
    """By lost deployment: the share of its requests that each other takes, and how that is known.

    Shares sum to less than 1 where nobody left may serve the rest.
    """

    moves: Mapping[str, Mapping[str, float]]
    sources: Mapping[str, str]


def takers(
    traffic: Traffic,
    keys: Sequence[CellKey],
    *,
    lost: frozenset[str],
    fleet: Sequence[DeploymentFacts],
    terms: Terms,
) -> Taken:
    """Who takes over from the `lost`; `keys` names the cells of the traffic by number."""
    gone = sorted(lost)
    if not gone or not len(traffic.cell):
        return Taken({}, {})
    facts = {one.deployment: one for one in fleet}
    at = places(keys, lambda key: key.deployment, more=sorted(facts))
    requests = Requests(
        traffic.cell,
        traffic.hour // 3600,
        traffic.measure("count").astype(np.float64),
        traffic.hour <= int(traffic.hour.max()) - _DAY_S,
    )
    out = np.array([name in lost for name in at.choices], dtype=np.bool_)
    fits = _fitting(at, facts, terms) & ~out
    fled = np.array([key.displaced_from in lost for key in keys], dtype=np.bool_)
    displaced = np.array([key.displaced_from is not None for key in keys], dtype=np.bool_)
    plan = without(requests, at, lost=out, fled=fled, displaced=displaced, judges=1)
    shares, ruled = _ruled(plan.moves * fits, at, fits=fits, facts=facts, terms=terms)
    shares = _filled(shares, at, requests, fits=fits)
    lines = _Lines.of(keys, at, requests, lost=gone)
    moves: dict[str, Mapping[str, float]] = {}
    sources: dict[str, str] = {}
    for name in gone:
        mix = _mix(name, at, requests)
        if mix is None:
            continue
        line, known = lines.followed(name, at, fits=fits)
        by_line = known & ~ruled & (line.sum(axis=1) > 0)
        taken = mix @ np.where(by_line[:, None], line, shares)
        moves[name] = {
            other: float(share)
            for other, share in zip(at.choices, taken, strict=True)
            if share > _LEAST
        }
        told = lines.told(name) if float(mix @ by_line) > 0.5 else 0.0
        sources[name] = _source(ruled, mix=mix, told=told, left=1 - float(taken.sum()))
    return Taken(moves, sources)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where each tier's requests went next that one of the lost had failed: (tiers, lost, choices).

    Followed on: what went to another of the lost goes where that one's went in turn.
    """

    lost: Sequence[str]
    tiers: Mapping[str, int]
    counts: Array

    @classmethod
    def of(
        cls, keys: Sequence[CellKey], at: Places, requests: Requests, *, lost: Sequence[str]
    ) -> "_Lines":
        tiers = {tier: n for n, tier in enumerate(sorted({key.tier for key in keys}))}
        place = {name: n for n, name in enumerate(lost)}
        counts = np.zeros((len(tiers), len(lost), len(at.choices)))
        by_cell = np.bincount(requests.cell, weights=requests.count, minlength=len(keys))
        for cell, key in enumerate(keys):
            if key.displaced_from in place and by_cell[cell]:
                counts[tiers[key.tier], place[key.displaced_from], at.choice[cell]] += by_cell[cell]
        return cls(lost, tiers, counts)

    def told(self, name: str) -> float:
        """How many requests that it had failed tell."""
        return float(self.counts[:, list(self.lost).index(name)].sum())

    def followed(self, name: str, at: Places, *, fits: Mask) -> tuple[Array, Mask]:
        """By context, the shares of those left, and whether enough requests tell."""
        row = list(self.lost).index(name)
        shares = np.zeros((len(at.contexts), len(at.choices)))
        known = np.zeros(len(at.contexts), dtype=np.bool_)
        number = {choice: n for n, choice in enumerate(at.choices)}
        columns = [number[one] for one in self.lost]
        for context, (_, tier, _, _) in enumerate(at.contexts):
            counts = self.counts[self.tiers[tier]]
            known[context] = counts[row].sum() >= _DISPLACED_ENOUGH
            if not known[context]:
                continue
            inside, outside = counts[:, columns], counts * fits[context]
            whole = inside.sum(axis=1) + outside.sum(axis=1)
            scale = np.divide(1.0, whole, out=np.zeros_like(whole), where=whole > 0)[:, None]
            # Round and round among the lost loses nothing: a hair less than 1 keeps it solvable.
            onward = np.eye(len(self.lost)) - (1 - _LEAST) * inside * scale
            ends = np.asarray(np.linalg.solve(onward, outside * scale), dtype=np.float64)[row]
            if ends.sum() > 0.5:
                shares[context] = ends / ends.sum()
        return shares, known


def _source(ruled: Mask, *, mix: Array, told: float, left: float) -> str:
    by_rules = float(mix @ ruled)
    if by_rules > 0.5:
        words = "as the rules of the policy in force send them"
    elif told >= _DISPLACED_ENOUGH:
        words = f"as {told:.0f} requests went that it had failed"
    else:
        words = "as the router displaced requests of the same kind, or routes them anyway"
    if left > 0.005:
        words += f"; {100 * left:.0f} % may be served by none that is left"
    return words


def _mix(name: str, at: Places, requests: Requests) -> Array | None:
    """The contexts of a deployment's requests, as shares: of the last day where that is enough."""
    if name not in at.choices:
        return None
    choice = at.choices.index(name)
    for keep in (~requests.near, np.ones(len(requests.cell), dtype=np.bool_)):
        counts = requests.counted(at, keep)[:, choice]
        if counts.sum() >= _FEW:
            break
    else:
        counts = requests.counted(at, np.ones(len(requests.cell), dtype=np.bool_))[:, choice]
    return counts / counts.sum() if counts.sum() > 0 else None


def _fitting(at: Places, facts: Mapping[str, DeploymentFacts], terms: Terms) -> Mask:
    """Who may serve whom, by context and choice."""
    fits = np.ones((len(at.contexts), len(at.choices)), dtype=np.bool_)
    for row, (tenant, _, _, band) in enumerate(at.contexts):
        wants = terms.tenants.get(tenant, TenantTerms())
        shortest = int(band.rstrip("+").partition("-")[0]) if band in PROMPT_BANDS else 0
        for column, name in enumerate(at.choices):
            one = facts.get(name) or DeploymentFacts.of_name(name)
            fits[row, column] = (
                (wants.allowed_backends is None or one.backend in wants.allowed_backends)
                and wants.required_compliance <= set(one.compliance)
                and (one.context_window is None or one.context_window >= shortest)
            )
    return fits


def _ruled(
    shares: Array,
    at: Places,
    *,
    fits: Mask,
    facts: Mapping[str, DeploymentFacts],
    terms: Terms,
) -> tuple[Array, Mask]:
    """What the rules of the policy in force make of the shares, and for which contexts."""
    ruled = np.zeros(len(at.contexts), dtype=np.bool_)
    if not terms.policies:
        return shares, ruled
    courses = Courses(
        terms.policies, [], models={name: facts[name].model for name in sorted(facts)}
    )
    number = {name: place for place, name in enumerate(at.choices)}
    shares = shares.copy()
    for row, context in enumerate(at.contexts):
        found = _course(courses, context)
        given = np.zeros(len(at.choices))
        for name, share in found.shares.items():
            given[number[name]] = share * fits[row, number[name]]
        last = [number[name] for name in found.last if fits[row, number[name]]]
        only = [number[name] for name in found.only or () if name not in found.last]
        if given.sum() > 0:
            shares[row], ruled[row] = given / given.sum(), True
        elif only and fits[row, only].any():
            # The best of these by score: as it went before, where that tells.
            allowed = np.zeros(len(at.choices))
            allowed[only] = fits[row, only]
            kept = shares[row] * allowed
            shares[row] = kept if kept.sum() > 0 else allowed
            ruled[row] = True
        elif last:
            shares[row], ruled[row] = 0.0, True
            shares[row, last[0]] = 1.0
        elif only or found.last:
            shares[row], ruled[row] = 0.0, True
        for name in found.avoid:
            shares[row, number[name]] = 0.0
    return shares, ruled


def _course(courses: Courses, context: Context) -> Course:
    tenant, tier, task_type, band = context
    tokens = int(band.rstrip("+").partition("-")[0]) if band in PROMPT_BANDS else 0
    return courses.course(
        tenant=tenant, user="", tier=tier, task_type=task_type, prompt_tokens=tokens
    )


def _filled(shares: Array, at: Places, requests: Requests, *, fits: Mask) -> Array:
    """Each row as shares; a row that tells nothing: as all requests that may go there do go."""
    counts = requests.counted(at, np.ones(len(requests.cell), dtype=np.bool_)).sum(axis=0)
    common = (counts + _LEAST) * fits
    told = np.where(shares.sum(axis=1, keepdims=True) > 0, shares, common)
    whole = told.sum(axis=1, keepdims=True)
    return np.divide(told, whole, out=np.zeros_like(told), where=whole > 0)
