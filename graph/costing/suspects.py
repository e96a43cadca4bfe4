"""Recorded events that name the very thing that became dear, as it became dear. Pure.

In the first hours there is often too little data to hold an event responsible by its effect. An
event that names the slice, or what contains it, and came within the hour in which the slice became
dear is told then, with what speaks for it and without a claim of how much it did.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from graph.causes.candidates import CandidateCause
from graph.causes.investigation import Cause, Mechanism, PathStep
from graph.costing.surprise import CostDriver
from graph.slices import EntityRef

_NEAR = timedelta(hours=1)
_CONFIDENCE = 0.5
_TELLING = frozenset({"tenant", "deployment", "model", "backend"})
"""What an event has to name: a task type or a tier is too wide to go by."""
_MECHANISMS = {
    CostDriver.VOLUME: Mechanism.MIX,
    CostDriver.ROUTE: Mechanism.MIX,
    CostDriver.TOKENS: Mechanism.TOKENS,
    CostDriver.PRICE: Mechanism.PRICE,
}
_RELATIONSHIPS = {"change": "TARGETS", "incident": "AFFECTS", "maintenance": "AFFECTS"}


def named(
    where: Sequence[EntityRef],
    *,
    driver: CostDriver,
    began: datetime,
    expected_usd: float,
    candidates: Sequence[CandidateCause],
) -> tuple[Cause, ...]:
    """The events that name the slice and took effect in the hour that began at `began` or in the
    hour before, the closest first. Several can't be told apart, and say so.

    `contribution` is all of the excess, with everything from none of it as its interval.
    """
    places = _places(where)
    found = [
        (one, target)
        for one in candidates
        if one.node in _RELATIONSHIPS and began - _NEAR <= one.at < began + _NEAR
        for target in one.targets
        if target in places
    ]
    unique = {one.id: (one, target) for one, target in reversed(found)}
    chosen = sorted(unique.values(), key=lambda pair: (abs(pair[0].at - began), pair[0].id))
    return tuple(
        Cause(
            rank=rank,
            kind=one.kind,
            id=one.id,
            title=one.title,
            at=one.at,
            contribution=1.0,
            contribution_low=0.0,
            contribution_high=1.0,
            counterfactual=expected_usd,
            mechanism=_MECHANISMS[driver],
            indistinguishable_from=tuple(o.id for o, _ in chosen if o.id != one.id),
            path=(PathStep(EntityRef(one.node, one.id), _RELATIONSHIPS[one.node], target),),
            evidence=(
                f"it names {target.kind} {target.id} and took effect as the slice became dear",
            ),
            evidence_against=("its effect was not measured: only its time and place speak for it",),
            confidence=_CONFIDENCE / len(chosen),
            where=tuple(where),
        )
        for rank, (one, target) in enumerate(chosen, start=1)
    )


def _places(where: Sequence[EntityRef]) -> frozenset[EntityRef]:
    """What the slice is and lies in: a deployment is of its model and on its backend."""
    found = {ref for ref in where if ref.kind in _TELLING}
    for ref in where:
        if ref.kind == "deployment":
            model, _, backend = ref.id.rpartition("@")
            found |= {EntityRef("model", model), EntityRef("backend", backend)}
    return frozenset(found)
