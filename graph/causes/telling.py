"""An examination in words and as an answer: verdict, summary, causes with their evidence. Pure."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from graph.causes.attribution import Amount
from graph.causes.examination import Examined, Facts
from graph.causes.inquiry import Findings, Suspect
from graph.causes.investigation import (
    Cause,
    Investigation,
    Mechanism,
    PathStep,
    SliceContribution,
    Verdict,
)
from graph.causes.ledgers import Part
from graph.causes.onset import Onset, Shape
from graph.causes.panel import PERCENTILES
from graph.figures import difference, figure
from graph.slices import EntityRef, Metric

_EXPLAINED = 0.75
"""An event, or several, that account for this share of the delta explain it."""
_PARTLY = 0.1
_CALLED = {
    Metric.QUALITY: "Quality",
    Metric.LATENCY_MEAN: "Mean latency",
    Metric.LATENCY_P50: "Median latency",
    Metric.LATENCY_P95: "p95 latency",
    Metric.TTFT_P95: "p95 time to first token",
    Metric.ERROR_RATE: "The error rate",
    Metric.COST_PER_REQUEST: "Cost per request",
    Metric.COST: "Cost",
    Metric.VOLUME: "Volume",
}
_PART_WORDS = {
    Part.DEMAND: "who asked for what",
    Part.ROUTING: "where requests were sent",
    Part.JUDGES: "which evaluators scored",
    Part.WITHIN: "how the same work went in the same place",
    Part.TOKENS: "how many tokens requests had",
    Part.PRICE: "what a token cost",
}
_DID = {
    Mechanism.WITHIN: "changed how what it touched performs",
    Mechanism.MIX: "moved requests elsewhere",
    Mechanism.PRICE: "changed what tokens cost",
    Mechanism.TOKENS: "changed how many tokens requests have",
    Mechanism.EVALUATOR: "changed how answers are judged, not the answers",
}

_TRAFFIC_TELLS = frozenset({"policy_version", "experiment"})
"""Events that the traffic itself carries: its first request under them is their onset."""

Paths = dict[str, tuple[PathStep, ...]]
"""The path of each cause, by the event's id."""


def verdict_of(told: Examined) -> Verdict:
    """What can be said of an examination."""
    if not told.change.enough or told.change.delta is None:
        return Verdict.INSUFFICIENT_DATA
    if told.findings is None:
        return Verdict.NO_CHANGE
    if _may_be_missing(told):
        return Verdict.INSUFFICIENT_DATA
    explained = told.findings.explained
    if not told.findings.suspects or explained < _PARTLY:
        return Verdict.UNEXPLAINED
    return Verdict.EXPLAINED if explained >= _EXPLAINED else Verdict.PARTLY_EXPLAINED


def _may_be_missing(told: Examined) -> bool:
    """Whether scores that did not arrive could be all there is to a change.

    Bad answers that are no longer scored raise the mean; a fall with a cause is not made by that.
    """
    delta = told.change.delta or 0.0
    suspected = told.findings is not None and bool(told.findings.suspects)
    return told.hidden is not None and told.hidden.possible and (delta > 0 or not suspected)


def investigation_of(
    facts: Facts, told: Examined, *, identity: str, paths: Paths, asked_known_at: datetime | None
) -> Investigation:
    """The answer. Causes without a path of real nodes are left out by whoever found the paths."""
    verdict = verdict_of(told)
    claims = verdict in (Verdict.EXPLAINED, Verdict.PARTLY_EXPLAINED, Verdict.UNEXPLAINED)
    findings = told.findings
    causes = _causes(facts, told, findings, paths) if findings and claims else ()
    change = told.change
    moved = verdict is not Verdict.NO_CHANGE and change.enough
    onset = _onset_of(facts, told, causes) if moved else (None, None, None)
    unexplained = None
    if claims:
        unexplained = 1.0 - sum(cause.contribution for cause in causes)
    return Investigation(
        id=identity,
        verdict=verdict,
        summary=_summary(facts, told, verdict, causes),
        metric=facts.metric,
        before=change.before,
        after=change.after,
        delta=change.delta,
        delta_low=change.low,
        delta_high=change.high,
        onset=onset[0],
        onset_low=onset[1],
        onset_high=onset[2],
        coverage=told.coverage,
        slices=told.slices if moved else (),
        causes=causes,
        unexplained=unexplained,
        compared_to=facts.baseline.period,
        during=facts.during,
        baseline=facts.baseline.words,
        considered=len(facts.candidates),
        known_at=asked_known_at,
        parts=told.parts if moved else (),
        mix=told.mix if moved else (),
    )


def _causes(facts: Facts, told: Examined, findings: Findings, paths: Paths) -> tuple[Cause, ...]:
    after, delta = told.change.after, told.change.delta
    found: list[Cause] = []
    for rank, suspect in enumerate(findings.suspects, start=1):
        candidate = suspect.candidate
        counterfactual = None
        if after is not None and delta is not None:
            counterfactual = after - suspect.contribution * delta
        found.append(
            Cause(
                rank=rank,
                kind=candidate.kind,
                id=candidate.id,
                title=candidate.title,
                at=candidate.at,
                contribution=suspect.contribution,
                contribution_low=suspect.low,
                contribution_high=suspect.high,
                counterfactual=counterfactual,
                mechanism=suspect.mechanism,
                indistinguishable_from=tuple(rival.id for rival in suspect.rivals),
                path=paths.get(candidate.id, ()),
                evidence=tuple(_evidence(facts.metric, told, suspect)),
                evidence_against=tuple(_against(facts, told, suspect)),
                confidence=suspect.confidence,
                where=_where(suspect),
            )
        )
    return tuple(found)


def _where(suspect: Suspect) -> tuple[EntityRef, ...]:
    largest = max(suspect.amounts, key=lambda amount: abs(amount.amount))
    return tuple(EntityRef(name, label) for name, label in largest.place)


def _evidence(metric: Metric, told: Examined, suspect: Suspect) -> list[str]:
    lines = [_movement(metric, told, amount) for amount in suspect.amounts]
    if suspect.lag > 0:
        lines.append(f"the effect set in about {suspect.lag} h after it")
    else:
        lines.append(f"the effect set in with it, at {_clock(suspect.candidate.at)}")
    lines.append("no other time for it to begin fits clearly better")
    return lines


def _movement(metric: Metric, told: Examined, amount: Amount) -> str:
    """What the touched requests moved by, and the untouched ones at the same time."""
    named = "" if amount.entire else ", ".join(f"{kind} {label}" for kind, label in amount.place)
    moved = _moves(metric, told)
    line = (
        f"{_PART_WORDS[amount.part]} ({named or 'all it reaches'}): {moved(amount.effect)} "
        f"{_of(metric, told, requests=amount.exposed)}"
    )
    if amount.control_deviation == float("inf"):
        return line
    margin = moved(1.96 * amount.control_deviation).lstrip("+")
    return f"{line}, while what it did not touch moved by {moved(amount.control)} (± {margin})"


def _moves(metric: Metric, told: Examined) -> Callable[[float], str]:
    """How an effect in the panel's unit is written; of a percentile it is a share of requests."""
    if metric in PERCENTILES:
        return partial(difference, metric=Metric.ERROR_RATE)
    return lambda effect: difference(effect * told.scale, metric=metric)


def _of(metric: Metric, told: Examined, *, requests: float) -> str:
    threshold = None if told.scene is None else told.scene.panel.threshold
    if metric in PERCENTILES and threshold is not None:
        limit = figure(threshold, metric=metric)
        return f"of {requests:,.0f} requests took longer than {limit}"
    return f"for each of {requests:,.0f} requests"


def _against(facts: Facts, told: Examined, suspect: Suspect) -> list[str]:
    lines = [
        f"the data cannot tell it from {rival.kind} {rival.id} ({rival.title}, {_clock(rival.at)})"
        for rival in suspect.rivals
    ]
    if all(amount.control_deviation == float("inf") for amount in suspect.amounts):
        lines.append("nothing comparable was left untouched, so this is a before and after only")
    if suspect.contribution < 0:
        lines.append("it worked against the change")
    if suspect.low <= 0:
        lines.append("its share may be close to nothing")
    if told.local:
        lines.append("the metric as a whole moved no more than it usually does")
    if suspect.candidate.recorded_at > facts.known_at:
        lines.append("it became known only later")
    return lines


def _onset_of(
    facts: Facts, told: Examined, causes: Sequence[Cause]
) -> tuple[datetime | None, datetime | None, datetime | None]:
    """Onset with its interval; an effect can't begin before its cause."""
    onset = told.onset
    if told.findings and told.findings.suspects and causes:
        top = told.findings.suspects[0]
        if top.mechanism is Mechanism.EVALUATOR:
            # Requests are hours older than what a new version says of them.
            return top.candidate.at, top.candidate.at, top.candidate.at
        if top.candidate.node in _TRAFFIC_TELLS:
            begun = max(top.candidate.at, datetime.fromtimestamp(top.begins, UTC))
            return begun, begun, begun + timedelta(hours=1)
    if onset is None:
        return None, None, None
    at, low, high = onset.at, onset.low, onset.high
    if causes and causes[0].at <= high:
        at, low = max(at, causes[0].at), max(low, causes[0].at)
    end = max(facts.during.end, low)
    return min(at, end), low, min(high, end)


def _summary(facts: Facts, told: Examined, verdict: Verdict, causes: Sequence[Cause]) -> str:
    """Two sentences for somebody who was just woken up."""
    change, metric = told.change, facts.metric
    if verdict is Verdict.INSUFFICIENT_DATA:
        reason = told.hidden.words if _may_be_missing(told) and told.hidden else change.words
        return f"{reason[:1].upper()}{reason[1:].rstrip('.')}."
    first = _moved(metric, told)
    if verdict is Verdict.NO_CHANGE:
        return f"{change.words.rstrip('.')}."
    if not causes:
        return f"{first} {_nobody(told)}"
    lead = causes[0]
    share = f"{100 * lead.contribution:.0f} %"
    twins = ""
    if lead.indistinguishable_from:
        twins = f" (or {', '.join(lead.indistinguishable_from)}: the data cannot tell them apart)"
    did = _DID[lead.mechanism]
    more = [f"{c.kind} {c.id} for {100 * c.contribution:.0f} %" for c in causes[1:]]
    rest = 1.0 - sum(cause.contribution for cause in causes)
    if rest > 1 - _EXPLAINED:
        more.append(f"{100 * rest:.0f} % stays unexplained")
    return (
        f"{first} {_named(lead)}{twins} at {_clock(lead.at)} {did} and accounts for {share} of it "
        f"({100 * lead.contribution_low:.0f} to {100 * lead.contribution_high:.0f} %)"
        f"{''.join(f'; {each}' for each in more)}."
    )


def _named(cause: Cause) -> str:
    return f"{cause.kind.capitalize()} {cause.id} ({cause.title})"


def _moved(metric: Metric, told: Examined) -> str:
    change = told.change
    rose = (change.delta or 0.0) > 0
    verb = "rose" if rose else "fell"
    before = figure(change.before, metric=metric)
    after = figure(change.after, metric=metric)
    where = _place(told.slices[0]) if told.slices else ""
    return f"{_CALLED[metric]} {verb} from {before} to {after}{where}."


def _place(one: SliceContribution) -> str:
    named = ", ".join(f"{ref.kind.replace('_', ' ')} {ref.id}" for ref in one.where)
    return f", {100 * one.share:.0f} % of it in {named}"


def _nobody(told: Examined) -> str:
    """What is known where no recorded event explains the change."""
    findings = told.findings
    if findings is None:
        return "No recorded event explains it."
    part = max(findings.parts, key=lambda name: findings.parts[name])
    share = f"{100 * findings.parts[part]:.0f} %"
    said = f"No recorded event explains it; {share} of it lies in {_PART_WORDS[part]}"
    return f"{said}{_shape(told.onset)}."


def _shape(onset: Onset | None) -> str:
    if onset is None:
        return ""
    if onset.shape is Shape.RAMP:
        return f", drifting little by little since about {_clock(onset.at)}"
    return f", since about {_clock(onset.at)}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
