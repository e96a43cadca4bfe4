"""Where a change lies: the fewest slices that carry it, each with its exact part. Pure.

What happened within the cells is looked for along all dimensions; what routing did, between the
strata of demand that it served otherwise; what demand did, among the strata that grew or shrank.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graph.causes.decomposition import Sides, slice_effects
from graph.causes.inquiry import Findings, Scene
from graph.causes.investigation import SliceContribution
from graph.causes.leaves import Evidence, evidence_of, leaves_of
from graph.causes.ledgers import Part
from graph.causes.localisation import FoundSlice, localise
from graph.causes.panel import Array, is_total
from graph.frame import NONE, Mask
from graph.slices import EntityRef

_DEMAND = ("tenant", "tier", "task_type")
_INSIDE = (*_DEMAND, "prompt_band", "deployment", "model", "backend", "evaluator", "arm")
_ALONG: dict[Part, tuple[str, ...]] = {
    Part.ROUTING: _DEMAND,
    Part.TOKENS: _DEMAND,
    Part.PRICE: ("deployment", "model", "backend"),
}
_CELL = (*_DEMAND, "deployment", "evaluator")
"""What mix and within are told apart by: one kind of work, in one place, judged by one judge."""
_CARRIES = 0.15
"""A ledger with less than this share of the delta is not searched."""
_ADDS = 0.1
"""A slice that adds less than this share to those already named is not named."""
_ENOUGH = 0.8
"""Once this share is carried, only a further cause brings a further slice."""
_TELLING = 10.0
"""Score from which an effect without an event names its slice."""
_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums by unit of the rows that the question is about."""

    count_before: Array
    total_before: Array
    requests_before: Array
    count_after: Array
    total_after: Array
    requests_after: Array


def slices_of(scene: Scene, findings: Findings) -> list[SliceContribution]:
    """The slices that carry the delta; those of the causes first, none where none stands out.

    A slice is only named for what it adds to those named before it.
    """
    sums = _sums(scene)
    everything = _units(scene, {})
    covered = np.zeros_like(everything)
    told: list[SliceContribution] = []
    carried = 0.0
    for needed, where in _proposed(scene, findings):
        kept = {name: label for name, label in where.items() if label != NONE}
        inside = _units(scene, kept)
        if not kept or not inside.any() or (inside == everything).all():
            continue
        added = _part(scene, sums, inside & ~covered) / scene.delta
        if added < _ADDS or (carried >= _ENOUGH and not needed):
            continue
        told.append(_contribution(scene, sums, kept, inside))
        covered |= inside
        carried += added
        if len(told) == _AT_MOST:
            break
    return told


def _proposed(scene: Scene, findings: Findings) -> Iterator[tuple[bool, Mapping[str, str]]]:
    """Slices worth looking at, the likeliest first, and whether they are a cause's own."""
    for suspect in findings.suspects:
        for amount in suspect.amounts:
            yield True, dict(_named(suspect.candidate.targets, amount.place))
    for part in sorted(findings.parts, key=lambda part: -findings.parts[part]):
        if findings.parts[part] >= _CARRIES:
            for one in _searched(scene, findings, part):
                yield False, one.where
    for effect in findings.unrecorded:
        if effect.place and effect.score > _TELLING:
            yield False, dict(effect.place)


def _named(targets: Sequence[EntityRef], place: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The slice of an effect within what an event names."""
    known = {"deployment", "model", "backend", "task_type", "tier", "tenant", "evaluator"}
    named = [(target.kind, target.id) for target in targets if target.kind in known]
    only = named if len(named) == 1 else []
    return [*only, *((name, label) for name, label in place if (name, label) not in only)]


def _searched(scene: Scene, findings: Findings, part: Part) -> tuple[FoundSlice, ...]:
    """The slices that carry one ledger's part."""
    direction = 1 if scene.delta > 0 else -1
    if part is Part.DEMAND or is_total(scene.panel.metric):
        evidence = _moved(scene, findings, part)
        if evidence is None:
            return ()
        return localise(evidence, direction=direction, newcomers=frozenset(_DEMAND)).found
    dimensions = _ALONG.get(part, _INSIDE)
    panel = scene.panel
    leaves = leaves_of(
        panel,
        before=scene.before & scene.inside,
        after=scene.during & scene.inside,
        dimensions=dimensions,
    )
    return localise(evidence_of(leaves), direction=direction).found


def _moved(scene: Scene, findings: Findings, part: Part) -> Evidence | None:
    """What a ledger moved by, per stratum (prices: per model and place), against the period before
    at the same size.
    """
    panel = scene.panel
    ledger = next(each for each in findings.ledgers if each.part is part)
    before, during = scene.before & scene.inside, scene.during & scene.inside
    counts = float(panel.count[before].sum()), float(panel.count[during].sum())
    if not all(counts):
        return None
    size = scene.lengths if is_total(panel.metric) else counts[1] / counts[0]
    dimensions = _ALONG.get(part, _DEMAND)
    columns = [panel.units.place(name) for name in dimensions]
    codes, row = np.unique(panel.units.codes[:, columns], axis=0, return_inverse=True)
    leaf = row.ravel()[panel.unit]

    def summed(values: Array, rows: Mask) -> Array:
        return np.bincount(leaf[rows], values[rows], len(codes)).astype(np.float64)

    weight, usual = summed(panel.count, during), size * summed(panel.count, before)
    amount = summed(ledger.residual, during) - size * summed(ledger.residual, before)
    either = weight + size * usual
    per_request = np.divide(
        summed(ledger.residual, during) + size * summed(ledger.residual, before),
        np.maximum(weight + usual, 1.0),
    )
    return Evidence(
        dimensions=dimensions,
        labels=tuple(panel.units.labels[column] for column in columns),
        codes=codes,
        weight=np.maximum(weight, 1e-9),
        before=usual,
        excess=amount,
        variance=np.maximum(either * per_request**2, 1e-12),
    )


def _sums(scene: Scene) -> _Sums:
    panel = scene.panel
    size = len(panel.units.codes)
    counted = 1.0 if scene.belongs is None else scene.belongs[panel.unit].astype(np.float64)
    total = panel.total * counted

    def summed(values: Array, rows: Mask) -> Array:
        return np.bincount(panel.unit[rows], values[rows], size).astype(np.float64)

    before, during = scene.before & scene.inside, scene.during & scene.inside
    return _Sums(
        summed(panel.count, before),
        summed(total, before),
        summed(panel.requests * counted, before),
        summed(panel.count, during),
        summed(total, during),
        summed(panel.requests * counted, during),
    )


def _units(scene: Scene, where: Mapping[str, str]) -> Mask:
    panel = scene.panel
    inside = np.zeros(len(panel.units.codes), dtype=np.bool_)
    inside[panel.unit[scene.inside]] = True
    for dimension, label in where.items():
        inside &= panel.units.matching(dimension, frozenset({label}))
    return inside


def _part(scene: Scene, sums: _Sums, inside: Mask) -> float:
    """How much of the delta lies in some units; it does not depend on how cells are cut."""
    return sum(_effects(scene, sums, inside, _CELL))


def _effects(
    scene: Scene, sums: _Sums, inside: Mask, dimensions: Sequence[str]
) -> tuple[float, float]:
    """(mix, within) of some units, with cells cut along these dimensions. A total has only mix."""
    if is_total(scene.panel.metric):
        own = float(sums.total_after[inside].sum())
        return own - scene.lengths * float(sums.total_before[inside].sum()), 0.0
    units = scene.panel.units
    columns = [units.place(name) for name in dimensions]
    cut = np.column_stack([units.codes[:, columns], inside])
    cells, row = np.unique(cut, axis=0, return_inverse=True)
    sides = Sides(sums.count_before, sums.total_before, sums.count_after, sums.total_after)
    return slice_effects(cells[:, -1] > 0, sides.grouped(row.ravel(), len(cells)))


def _contribution(
    scene: Scene, sums: _Sums, where: Mapping[str, str], inside: Mask
) -> SliceContribution:
    """A slice with its exact part of the delta."""
    mix, within = _effects(scene, sums, inside, tuple(dict.fromkeys((*_CELL, *where))))
    scale = scene.panel.scale
    return SliceContribution(
        where=tuple(EntityRef(name, label) for name, label in where.items()),
        share=(mix + within) / scene.delta,
        mix_effect=mix * scale,
        within_effect=within * scale,
        before=_value(scene, sums.total_before, sums.count_before, inside, scene.lengths),
        after=_value(scene, sums.total_after, sums.count_after, inside, 1.0),
        requests_before=round(float(sums.requests_before[inside].sum())),
        requests_after=round(float(sums.requests_after[inside].sum())),
    )


def _value(
    scene: Scene, totals: Array, counts: Array, inside: Mask, lengths: float
) -> float | None:
    """The slice's own metric on one side; percentiles have none (their panel holds shares)."""
    total, count = float(totals[inside].sum()), float(counts[inside].sum())
    if is_total(scene.panel.metric):
        return total * lengths
    if scene.panel.threshold is not None or not count:
        return None
    return total / count
