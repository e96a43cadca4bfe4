"""One inquiry, from a panel and what happened to the events that did it. Pure.

It puts the steps together: ledgers, reach, pursuit, attribution. What it finds is in numbers;
words, paths and verdict are made of them elsewhere.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.causes.attribution import Amount, Attribution, interval
from graph.causes.candidates import CandidateCause
from graph.causes.investigation import Mechanism
from graph.causes.ledgers import Ledger, Part, ledgers_of
from graph.causes.panel import Panel, is_total
from graph.causes.pursuit import Pursuit
from graph.causes.reach import Reach, reaches
from graph.causes.residuals import Effect
from graph.estimates import Z95
from graph.frame import Mask

_SMALLEST_SHARE = 0.02
"""Effects below this share of the delta are not looked for."""
_SHARE_OF_CAUSE = 0.05
"""An event that accounts for less of the delta than this is not named as a cause."""
_SECOND_SCORE = 8.0
"""What every further event must score: one cause of a change is likelier than two."""
_SECOND_LAG_H = 3
_Z = 2.5758
"""A cause's amount must differ from zero at 99 %, whatever its score was."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is asked: the rows before and during, those the question is about, and their delta.

    `inside` are rows of the question's slice; for a total of some deployments or arms, `belongs`
    tells which units it counts while `inside` keeps the traffic that could have gone there.
    `delta` is in the panel's unit (not scaled); `lengths` is hours during by hours before.
    """

    panel: Panel
    before: Mask
    during: Mask
    inside: Mask
    belongs: Mask | None
    delta: float
    lengths: float = 1.0

    @property
    def size(self) -> float:
        """What amounts are divided by to be in the unit of the delta."""
        if is_total(self.panel.metric):
            return 1.0
        return float(self.panel.count[self.inside & self.during].sum())


@dataclass(frozen=True, slots=True)
class Suspect:
    """An event that the data holds responsible. Contributions are shares of the delta."""

    candidate: CandidateCause
    amounts: tuple[Amount, ...]
    contribution: float
    low: float
    high: float
    mechanism: Mechanism
    rivals: tuple[CandidateCause, ...]
    score: float
    begins: int
    lag: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What an inquiry found. `parts` are the ledgers' shares of the delta, which sum to 1.

    `unrecorded` are effects without an event, with their `shares`; `suspects` are ranked by
    contribution.
    """

    ledgers: tuple[Ledger, ...]
    parts: dict[Part, float]
    suspects: tuple[Suspect, ...]
    unrecorded: tuple[Effect, ...]
    shares: tuple[float, ...]
    explained: float


def inquire(scene: Scene, candidates: Sequence[CandidateCause]) -> Findings:
    """Who did it: the events that account for the delta of a scene, and what none accounts for."""
    panel = scene.panel
    ledgers = ledgers_of(
        panel,
        before=scene.before,
        during=scene.during,
        inside=scene.inside,
        belongs=scene.belongs,
    )
    found = reaches(
        candidates,
        panel,
        [each.part for each in ledgers],
        before=scene.before & scene.inside,
        during=scene.during & scene.inside,
    )
    search = Pursuit(
        panel,
        ledgers,
        inside=scene.inside,
        before=scene.before & scene.inside,
        during=scene.during & scene.inside,
        candidates=candidates,
        reaches=found,
        smallest=_SMALLEST_SHARE * abs(scene.delta) * scene.size,
    )
    effects = search.effects()
    told = Attribution(
        panel,
        ledgers,
        effects,
        inside=scene.inside,
        before=scene.before,
        during=scene.during & scene.inside,
    )
    unrecorded = tuple(effect for effect in effects if effect.candidate is None)
    whole = scene.delta * scene.size
    blamed = dict.fromkeys(e.candidate for e in effects if e.candidate is not None)
    suspects = [_suspect(scene, candidates, place, effects, told, found) for place in blamed]
    named = sorted((s for s in suspects if _holds(s)), key=lambda s: -abs(s.contribution))
    named = [s for rank, s in enumerate(named) if not rank or _second(s)]
    return Findings(
        ledgers=tuple(ledgers),
        parts=_parts(scene, ledgers),
        suspects=tuple(named),
        unrecorded=unrecorded,
        shares=tuple(search.amount(effect) / whole for effect in unrecorded),
        explained=sum(s.contribution for s in named),
    )


def _parts(scene: Scene, ledgers: Sequence[Ledger]) -> dict[Part, float]:
    before = scene.inside & scene.before
    during = scene.inside & scene.during
    if is_total(scene.panel.metric):
        weights = (1.0, scene.lengths)
    else:
        count = scene.panel.count
        weights = (1 / float(count[during].sum()), 1 / float(count[before].sum()))
    return {
        each.part: (
            float(each.residual[during].sum()) * weights[0]
            - float(each.residual[before].sum()) * weights[1]
        )
        / scene.delta
        for each in ledgers
    }


def _suspect(
    scene: Scene,
    candidates: Sequence[CandidateCause],
    place: int,
    effects: Sequence[Effect],
    told: Attribution,
    found: Sequence[Reach],
) -> Suspect:
    own = [effect for effect in effects if effect.candidate == place]
    reach: dict[Part, Mask] = {}
    for way in found:
        if way.candidate == place and way.direct:
            reach[way.part] = reach.get(way.part, np.zeros_like(way.units)) | way.units
    amounts = told.amounts(place, reach)
    whole = scene.delta * scene.size
    share = sum(amount.amount for amount in amounts) / whole
    noise = math.sqrt(sum(amount.deviation**2 for amount in amounts)) / abs(whole)
    low, high = interval(share, noise)
    largest = max(amounts, key=lambda amount: abs(amount.amount))
    first = own[0]
    rivals = dict.fromkeys(rival for effect in own for rival in effect.rivals)
    candidate = candidates[place]
    return Suspect(
        candidate=candidate,
        amounts=tuple(amounts),
        contribution=share,
        low=low,
        high=high,
        mechanism=_mechanism(candidate, largest.part),
        rivals=tuple(candidates[rival] for rival in rivals),
        score=max(effect.score for effect in own),
        begins=min(effect.begins for effect in own),
        lag=first.lag,
        confidence=_confidence(first, len(rivals)),
    )


def _holds(suspect: Suspect) -> bool:
    """Whether enough stands behind an event to name it."""
    deviation = (suspect.high - suspect.low) / (2 * Z95)
    sure = abs(suspect.contribution) > _Z * deviation
    return sure and abs(suspect.contribution) >= _SHARE_OF_CAUSE


def _second(suspect: Suspect) -> bool:
    """Whether a further event is sure enough, and its effect came soon enough, to be named too."""
    return suspect.score >= _SECOND_SCORE and suspect.lag <= _SECOND_LAG_H


def _mechanism(candidate: CandidateCause, part: Part) -> Mechanism:
    if any(target.kind == "evaluator" for target in candidate.targets):
        return Mechanism.EVALUATOR
    return {
        Part.DEMAND: Mechanism.MIX,
        Part.ROUTING: Mechanism.MIX,
        Part.JUDGES: Mechanism.EVALUATOR,
        Part.WITHIN: Mechanism.WITHIN,
        Part.TOKENS: Mechanism.TOKENS,
        Part.PRICE: Mechanism.PRICE,
    }[part]


def _confidence(first: Effect, rivals: int) -> float:
    """The odds of the event against no effect and against an effect of its own time, shared with
    the events that can't be told from it.
    """
    against = max(0.0, first.alone) - first.own
    odds = 1 / (1 + math.exp(min(max(against, -30.0), 30.0)) + math.exp(-min(first.score, 30.0)))
    return odds / (1 + rivals)
