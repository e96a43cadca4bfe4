"""What an investigation found: the values that `whyChanged` answers with. Pure data."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from graph.slices import EntityRef, Metric, Period


class Verdict(StrEnum):
    """What can be said of a change."""

    EXPLAINED = "EXPLAINED"
    PARTLY_EXPLAINED = "PARTLY_EXPLAINED"
    UNEXPLAINED = "UNEXPLAINED"
    NO_CHANGE = "NO_CHANGE"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Mechanism(StrEnum):
    """How a cause reached the metric."""

    WITHIN = "WITHIN"
    """It made what it touched better or worse."""
    MIX = "MIX"
    """It moved traffic to where the metric is different."""
    PRICE = "PRICE"
    """It changed what a token costs."""
    TOKENS = "TOKENS"
    """It changed how many tokens a request has."""
    EVALUATOR = "EVALUATOR"
    """It changed how answers are judged, not the answers."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much data stands behind an answer. Scores are None for metrics without scores.

    `scored_share` is of the requests of the period; `expected_scored_share` what it would be by
    now if scores arrived as they used to.
    """

    requests: int
    scored: int | None = None
    scored_share: float | None = None
    expected_scored_share: float | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class SliceContribution:
    """A slice that carries part of the change. Shares are of the delta.

    `mix_effect` and `within_effect` are in the metric's unit and sum to the slice's part of the
    delta, `share * delta`.
    """

    where: tuple[EntityRef, ...]
    share: float
    mix_effect: float
    within_effect: float
    before: float | None
    after: float | None
    requests_before: int
    requests_after: int


@dataclass(frozen=True, slots=True)
class PartOfChange:
    """One part of an exact split of a delta: what it is, its effect in the metric's unit, and its
    share of the delta.
    """

    name: str
    effect: float
    share: float


@dataclass(frozen=True, slots=True)
class PathStep:
    """One relationship on the way from a cause to the slice, in the order of travel.

    `reversed` tells that the graph's relationship points from `end` to `start`.
    """

    start: EntityRef
    relationship: str
    end: EntityRef
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """A recorded event that the data holds responsible for part of the change.

    Contributions are shares of the delta with a 95 % interval; `counterfactual` is the metric in
    the period had the event not happened.
    """

    rank: int
    kind: str
    id: str
    title: str
    at: datetime
    contribution: float
    contribution_low: float
    contribution_high: float
    counterfactual: float | None
    mechanism: Mechanism
    indistinguishable_from: tuple[str, ...]
    path: tuple[PathStep, ...]
    evidence: tuple[str, ...]
    evidence_against: tuple[str, ...]
    confidence: float
    where: tuple[EntityRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Investigation:
    """Why a metric changed between two periods, as far as the data can tell.

    `parts` split the delta by what moved, `mix` its mix by dimension; both sum to it.
    `onset` lies from `onset_low` to `onset_high`. `unexplained` is the share of the delta that no
    cause accounts for; None where nothing changed or too little is known. `where` is the slice that
    was asked about, empty for everything; values of one kind are alternatives. `asked_at` is when
    it was answered.
    """

    id: str
    verdict: Verdict
    summary: str
    metric: Metric
    before: float | None
    after: float | None
    delta: float | None
    delta_low: float | None
    delta_high: float | None
    onset: datetime | None
    onset_low: datetime | None
    onset_high: datetime | None
    coverage: Coverage
    slices: tuple[SliceContribution, ...]
    causes: tuple[Cause, ...]
    unexplained: float | None
    compared_to: Period
    during: Period
    baseline: str
    considered: int
    known_at: datetime | None = None
    parts: tuple[PartOfChange, ...] = ()
    mix: tuple[PartOfChange, ...] = ()
    where: tuple[EntityRef, ...] = ()
    asked_at: datetime | None = None
