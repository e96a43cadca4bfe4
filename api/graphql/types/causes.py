"""Why a metric changed, what was like it before, and what the metric had been otherwise."""

from datetime import datetime

import strawberry

from api.graphql.enums import Metric, Verdict
from api.graphql.types.fleet import EntityRef, Incident


@strawberry.type(description="A period of time.")
class Period:
    """The twin of graph.slices.Period."""

    start: datetime = strawberry.field(name="from", description="Where it begins, included.")
    end: datetime = strawberry.field(name="to", description="Where it ends, excluded.")


@strawberry.type(
    description="How much data stands behind an answer, and how much of it is still to arrive. "
    "What is told of scores is null for metrics that need none."
)
class Coverage:
    """The twin of graph.causes.investigation.Coverage."""

    requests: int = strawberry.field(description="Requests of the period.")
    scored: int | None = strawberry.field(description="How many of them have a score.")
    scored_share: float | None = strawberry.field(
        description="Share of them that has a score, in [0, 1]."
    )
    expected_scored_share: float | None = strawberry.field(
        description="What that share would be by now if scores arrived as they used to."
    )
    warning: str | None = strawberry.field(
        description="What the missing ones may hide; null where nothing is to be feared."
    )


@strawberry.type(description="One part of an exact split of a change.")
class PartOfChange:
    """The twin of graph.causes.investigation.PartOfChange."""

    name: str = strawberry.field(description="What moved.")
    effect: float = strawberry.field(description="What that did, in the metric's unit.")
    share: float = strawberry.field(description="The same as a share of `delta`.")


@strawberry.type(description="A slice of the traffic that carries part of the change.")
class SliceContribution:
    """The twin of graph.causes.investigation.SliceContribution."""

    where: list[EntityRef] = strawberry.field(description="What its requests have in common.")
    share: float = strawberry.field(
        description="Its part of the change, as a share of `delta`; parts of both signs may be "
        "over 1 and under 0."
    )
    mix_effect: float = strawberry.field(
        description="What more or less of it did to the metric, in the metric's unit."
    )
    within_effect: float = strawberry.field(
        description="What its own change did to the metric, in the metric's unit."
    )
    before: float | None = strawberry.field(description="The metric in the slice in comparedTo.")
    after: float | None = strawberry.field(description="The metric in the slice in during.")
    requests_before: int = strawberry.field(description="Its requests in comparedTo.")
    requests_after: int = strawberry.field(description="Its requests in during.")


@strawberry.type(
    description="One step on the way from a cause to the slice: two nodes of the graph and the "
    "relationship between them."
)
class PathStep:
    """The twin of graph.causes.investigation.PathStep."""

    start: EntityRef = strawberry.field(name="from", description="Where the step begins.")
    relationship: str = strawberry.field(description="The type of the relationship.")
    end: EntityRef = strawberry.field(name="to", description="Where it ends.")
    reversed: bool = strawberry.field(
        description="Whether the relationship points from `to` to `from` in the graph."
    )


@strawberry.type(
    description="A recorded event that the data holds responsible for part of the change."
)
class Cause:
    """The twin of graph.causes.investigation.Cause."""

    rank: int = strawberry.field(description="Its place, from 1, by its contribution.")
    kind: str = strawberry.field(
        description="What kind of event: rollout, price, policy, experiment, incident, …"
    )
    id: strawberry.ID = strawberry.field(
        description="The change's or incident's identifier, `policy@version`, or the experiment's."
    )
    title: str = strawberry.field(description="What it is called.")
    at: datetime = strawberry.field(description="When it took effect.")
    where: list[EntityRef] = strawberry.field(description="The slice that it acted on.")
    contribution: float = strawberry.field(
        description="Its part of the change, as a share of `delta`."
    )
    contribution_low: float = strawberry.field(description="Lower 95 % limit of that share.")
    contribution_high: float = strawberry.field(description="Upper 95 % limit of that share.")
    counterfactual: float | None = strawberry.field(
        description="The metric in the period had this not happened."
    )
    mechanism: str = strawberry.field(
        description="How it reached the metric: WITHIN made what it touched better or worse, MIX "
        "moved traffic to where the metric is different, PRICE changed what a token costs, TOKENS "
        "how many a request has, EVALUATOR how answers are judged."
    )
    indistinguishable_from: list[strawberry.ID] = strawberry.field(
        description="Other events that the data can't tell from this one."
    )
    path: list[PathStep] = strawberry.field(
        description="From the cause to the slice, in the order of travel: each step is there in "
        "the graph, and ends where the next one begins."
    )
    evidence: list[str] = strawberry.field(description="What speaks for it, with the figures.")
    evidence_against: list[str] = strawberry.field(
        description="What speaks against it, with the figures."
    )
    confidence: float = strawberry.field(
        description="How sure it is that this event had a part, in [0, 1]."
    )


@strawberry.type(
    description="Why a metric changed between two periods, as far as the data can tell. It is "
    "kept in the graph under its id, linked to what it blames, where there was anything to compare "
    "with."
)
class Investigation:
    """The twin of graph.causes.investigation.Investigation."""

    id: strawberry.ID = strawberry.field(
        description="Its identifier; the same question about the same facts has the same one. "
        "Where the facts have moved, so that the answer is another, its identifier is too."
    )
    verdict: Verdict = strawberry.field(description="What can be said.")
    summary: str = strawberry.field(description="The answer in two sentences.")
    metric: Metric = strawberry.field(description="What was measured.")
    before: float | None = strawberry.field(
        description="The metric in comparedTo; null where nothing tells."
    )
    after: float | None = strawberry.field(
        description="The metric in during; null where nothing tells."
    )
    delta: float | None = strawberry.field(description="After less before.")
    delta_low: float | None = strawberry.field(description="Lower 95 % limit of the difference.")
    delta_high: float | None = strawberry.field(description="Upper 95 % limit of the difference.")
    onset: datetime | None = strawberry.field(
        description="When the change began; null where that can't be told."
    )
    onset_low: datetime | None = strawberry.field(description="The earliest that it may have.")
    onset_high: datetime | None = strawberry.field(description="The latest that it may have.")
    coverage: Coverage = strawberry.field(description="How much data stands behind it.")
    parts: list[PartOfChange] = strawberry.field(
        description="The change split by what moved; sums to `delta`. For means: demand (who "
        "asked), routing (who served), judges (who scored), within (how the same work went in the "
        "same place). For costs: mix or requests, tokens, price."
    )
    mix: list[PartOfChange] = strawberry.field(
        description="The change split into the mix along each dimension and what is within; sums "
        "to `delta`. Empty for totals."
    )
    slices: list[SliceContribution] = strawberry.field(
        description="Where: the fewest slices that carry the change."
    )
    causes: list[Cause] = strawberry.field(
        description="Why: by rank; empty where nothing that was recorded is supported."
    )
    unexplained: float | None = strawberry.field(
        description="Share of `delta` that no cause accounts for; null where nothing changed or "
        "too little is known."
    )
    compared_to: Period = strawberry.field(
        description="The period that it is compared with: the one asked for, else the first to "
        "last instant of the baseline."
    )
    during: Period = strawberry.field(description="The period asked about.")
    baseline: str = strawberry.field(
        description="What the period is compared with, in words: which hours and days."
    )
    considered: int = strawberry.field(description="How many recorded events were put to the test.")
    known_at: datetime | None = strawberry.field(
        description="The instant that it is told as of; null where everything known counts."
    )
    where: list[EntityRef] = strawberry.field(
        description="The slice that was asked about: things of one kind are alternatives; "
        "empty for everything."
    )
    asked_at: datetime | None = strawberry.field(
        description="When it was answered; null where an earlier version kept it without."
    )


@strawberry.type(description="What the metric had been, had the traffic been routed otherwise.")
class WhatIf:
    """The twin of graph.whatif.WhatIf."""

    observed: float | None = strawberry.field(
        description="The metric as it was; null where nothing tells."
    )
    estimate: float | None = strawberry.field(
        description="The metric as it had been; null where the data can't say."
    )
    low: float | None = strawberry.field(description="Lower 95 % limit of the estimate.")
    high: float | None = strawberry.field(description="Upper 95 % limit of the estimate.")
    effective_samples: float = strawberry.field(
        description="How many requests of equal weight the estimate is worth."
    )
    moved: float | None = strawberry.field(
        description="Share of the requests (for QUALITY, of the scores) that had gone elsewhere."
    )
    notes: list[str] = strawberry.field(description="What the estimate rests on, in words.")
    refused: str | None = strawberry.field(description="Why the data can't say; null where it can.")


@strawberry.type(description="An earlier incident that is like the one asked about.")
class SimilarIncident:
    """The twin of graph.similar.SimilarIncident."""

    incident: Incident = strawberry.field(description="The incident.")
    similarity: float = strawberry.field(description="How alike they are, in [0, 1].")
    because: list[str] = strawberry.field(description="What they have in common, in words.")
