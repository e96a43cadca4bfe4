"""Why a metric changed, what causes errors, and what would have been: told by investigations alone.

Nothing is called a cause here but what an investigation blames.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from agent.playbooks import when
from agent.playbooks.answering import (
    CALLED,
    CantTell,
    Told,
    clock,
    listed,
    of_slice,
    span,
    told_without,
)
from agent.playbooks.causes import in_words
from agent.playbooks.places import Place, known, only_known
from agent.playbooks.slicing import TRAFFIC, sliced
from agent.toolbox import Toolbox
from agent.understanding.question import Anchored, AnchorKind, Question
from graph.causes.investigation import Investigation, Verdict
from graph.errors import InvalidInput, NotFound
from graph.figures import figure
from graph.health import HealthStatus
from graph.slices import Dimension, Metric, Period
from graph.trends import Comparison
from graph.whatif import WhatIf
from graph.words import counted, percent

_A_DAY: Final = timedelta(days=1)
_WINDOWS: Final = (
    ("the last 24 hours", _A_DAY),
    ("the last 3 hours", timedelta(hours=3)),
    ("the last 7 days", timedelta(days=7)),
)
"""What is looked at, in this order, where the question tells no time, until something changed."""
_LOOKED_AT: Final = (Metric.QUALITY, Metric.LATENCY_P95, Metric.ERROR_RATE)
_IMAGINED: Final = (Metric.QUALITY, Metric.LATENCY_P95, Metric.COST_PER_REQUEST)
_CALM: Final = frozenset({Verdict.NO_CHANGE, Verdict.INSUFFICIENT_DATA})
_OTHERWISE: Final = frozenset({"without", "policy_version", "arm"})
"""Slots that say what is imagined; only one of them at a time can be."""
_MOST: Final = 5
_SLICE: Final = TRAFFIC - {"by"} | {"compared_to", "change", "incident"}
"""What investigations go by."""


@dataclass(frozen=True, slots=True)
class _Looks:
    """The windows that were looked at, in their order, and the one that tells."""

    of: tuple["_Look", ...]
    telling: "_Look"

    @property
    def told(self) -> bool:
        """Whether any of them had enough data."""
        return self.telling.told


@dataclass(frozen=True, slots=True)
class _Look:
    """One window that was looked at, and what was found in it of each metric."""

    words: str
    period: Period
    found: tuple[Investigation, ...]

    @property
    def changed(self) -> tuple[Investigation, ...]:
        return tuple(one for one in self.found if one.verdict not in _CALM)

    @property
    def told(self) -> bool:
        """Whether the data was enough to tell anything."""
        return any(one.verdict is not Verdict.INSUFFICIENT_DATA for one in self.found)


async def why_changed(question: Question, toolbox: Toolbox) -> Told:
    """Why a metric changed in a slice; of those that were not named, the ones that changed."""
    await only_known(question, toolbox)
    asked = question.slots.metric
    metrics = _LOOKED_AT if asked is None else (asked,)
    looks = await _looked(question, toolbox, metrics)
    name = of_slice(sliced(question))
    lines = [*_findings(looks, name), *_accused(question, looks.telling)]
    lines += told_without(question, "A change", honours=_SLICE)
    return Told(tuple(lines), _after(looks.telling))


async def error_causes(question: Question, toolbox: Toolbox) -> Told:
    """How many requests fail, where, what their deployments say of it, and what changed it."""
    await only_known(question, toolbox)
    looks = await _looked(question, toolbox, (Metric.ERROR_RATE,), needed=False)
    look, where = looks.telling, sliced(question)
    name = of_slice(where)
    (found,) = look.found
    (rate,) = await toolbox.compare(
        metric=Metric.ERROR_RATE, during=look.period, compared_to=found.compared_to, where=where
    )
    if rate.after is None:
        raise CantTell(f"no request of {name} is recorded {span(look.period)}")
    lines = [_rate(rate, name, look.period)]
    if rate.after:
        lines += await _failing(question, toolbox, look.period, found.compared_to)
        lines += await _symptoms(question, toolbox)
    else:
        lines.append("None of them failed, so there is nothing to explain.")
    if looks.told:
        lines += _findings(looks, name)
    else:
        lines.append(f"No cause can be told: {_as_clause(found.summary)}.")
    asked = question.slots.metric
    honours = _SLICE if asked is Metric.ERROR_RATE else _SLICE - {"metric"}
    lines += told_without(question, "A cause of errors", honours=honours)
    follow_ups = _after(look) or ("Which deployments are unhealthy?",)
    return Told(tuple(lines), follow_ups)


async def what_if(question: Question, toolbox: Toolbox) -> Told:
    """What a metric would have been without a place, under a policy version, or in an arm."""
    await only_known(question, toolbox)
    slots = question.slots
    words, used = await _imagined(question, toolbox)
    during = await when.during(question, toolbox, back=_A_DAY)
    metrics = _IMAGINED if slots.metric is None else (slots.metric,)
    asked = replace(slots, arm=None, policy_version=None, experiment=None)
    where = sliced(replace(question, slots=asked))
    name = of_slice(where)
    lines: list[str] = []
    refused: list[str] = []
    for metric in metrics:
        try:
            found = await toolbox.what_if(
                metric=metric,
                during=during,
                where=where,
                without=slots.without if used == "without" else None,
                policy_version=slots.policy_version if used == "policy_version" else None,
                arm=slots.arm if used == "arm" else None,
            )
        except (NotFound, InvalidInput) as error:
            raise CantTell(str(error)) from error
        if found.refused is not None:
            refused.append(_refused(found, metric))
        else:
            lines += _imagined_lines(found, metric, words)
    if not lines:
        raise CantTell(f"what would have been {words}: {'; '.join(refused)} ({span(during)})")
    head = f"Of {name}, {span(during)}, {words}:"
    lines = [head, *lines, *(f"  not told: {one}" for one in refused)]
    honours = _SLICE - _OTHERWISE - {"change", "incident", "compared_to", "experiment"} | {used}
    lines += told_without(question, "What would have been", honours=honours)
    return Told(
        tuple(lines),
        ("Which deployments are at risk in the next hour?", "What could be routed more cheaply?"),
    )


async def _looked(
    question: Question, toolbox: Toolbox, metrics: Sequence[Metric], *, needed: bool = True
) -> _Looks:
    """What the windows show: the first in which something changed tells, else the first that has
    enough data. Raises CantTell where none has and that is `needed`.
    """
    looks: list[_Look] = []
    for words, period in await _windows(question, toolbox):
        compared_to = await when.compared_to(question, toolbox)
        found = [
            await toolbox.why_changed(
                metric=metric,
                during=period,
                compared_to=compared_to,
                where=sliced(question),
            )
            for metric in metrics
        ]
        looks.append(_Look(words, period, tuple(found)))
        if looks[-1].changed:
            return _Looks(tuple(looks), looks[-1])
    found_in = next((look for look in looks if look.told), looks[0])
    if needed and not found_in.told:
        raise CantTell(await _too_little(looks, question, toolbox))
    return _Looks(tuple(looks), found_in)


async def _windows(question: Question, toolbox: Toolbox) -> list[tuple[str, Period]]:
    told = question.times.during
    if told is None:
        told = _since(question)
    if told is not None:
        return [("", await when.period(told, question, toolbox))]
    if question.times.compared_to is not None:
        return [("the last 24 hours", Period(question.now - _A_DAY, question.now))]
    return [(words, Period(question.now - back, question.now)) for words, back in _WINDOWS]


def _since(question: Question) -> Anchored | None:
    """The time from what the question names as the reason, where it tells no other."""
    slots = question.slots
    if slots.change is not None:
        return Anchored(AnchorKind.CHANGE, id=slots.change)
    if slots.incident is not None:
        return Anchored(AnchorKind.INCIDENT, id=slots.incident, whole=True)
    return None


def _findings(looks: _Looks, name: str) -> list[str]:
    """What one window tells, what did not change in it, and which others were looked at."""
    look = looks.telling
    lines = [line for one in look.changed for line in _changed(one, name)]
    lines += [
        line
        for one in look.found
        if one not in look.changed
        for line in _unchanged(one, name, alone=not look.changed)
    ]
    if look.words:
        lines.append(_windows_told(looks.of))
    return lines


def _changed(found: Investigation, name: str) -> list[str]:
    summary, *others = in_words(found)
    return [summary, f"  Asked of {name}.", *others]


def _unchanged(found: Investigation, name: str, *, alone: bool) -> list[str]:
    """That nothing changed; with its figures, where there is nothing else to tell."""
    called = f"{CALLED[found.metric]} of {name}"
    line = f"The {called} did not change, {span(found.during)}."
    if found.verdict is Verdict.INSUFFICIENT_DATA:
        line = f"Whether the {called} changed, {span(found.during)}, the data can't tell."
    return [line, *in_words(found)] if alone else [line, f"  {found.summary}"]


def _windows_told(looks: Sequence[_Look]) -> str:
    told = [f"{one.words} ({span(one.period)}): {_outcome(one)}" for one in looks]
    return f"Looked at {'; '.join(told)}."


def _outcome(look: _Look) -> str:
    if look.changed:
        return f"{listed([one.metric.value for one in look.changed])} changed"
    return "no change" if look.told else "too little data"


async def _too_little(looks: Sequence[_Look], question: Question, toolbox: Toolbox) -> str:
    """Why nothing can be told: that nothing is recorded at all, or what each metric lacks."""
    where, longest = sliced(question), looks[-1]
    (volume,) = await toolbox.compare(
        metric=Metric.VOLUME,
        during=longest.period,
        compared_to=longest.found[0].compared_to,
        where=where,
    )
    if not volume.count_after:
        return f"no request of {of_slice(where)} is recorded {span(longest.period)}"
    lacking: dict[str, list[str]] = {}
    for one in looks[0].found:
        lacking.setdefault(_as_clause(one.summary), []).append(CALLED[one.metric])
    told = [f"{listed(metrics)}: {reason}" for reason, metrics in lacking.items()]
    return (
        f"there is too little data of {of_slice(where)} {span(looks[0].period)}; {'; '.join(told)}"
    )


def _as_clause(sentence: str) -> str:
    clause = sentence.removeprefix("Not enough data to tell: ").rstrip(".")
    return clause[:1].lower() + clause[1:]


def _accused(question: Question, look: _Look) -> Iterator[str]:
    """Whether the data blames what the question names."""
    for name in (question.slots.change, question.slots.incident):
        if name is None or not look.changed:
            continue
        blamed = [
            CALLED[found.metric]
            for found in look.changed
            if any(cause.id == name for cause in found.causes)
        ]
        if blamed:
            yield f"{name} is among the causes that the data supports for {listed(blamed)}."
        else:
            yield f"{name} is not among the causes that the data supports."


def _rate(rate: Comparison, name: str, period: Period) -> str:
    after, before = (figure(one, metric=Metric.ERROR_RATE) for one in (rate.after, rate.before))
    return (
        f"The error rate of {name} is {after} of {counted(rate.count_after, 'request')}, "
        f"{span(period)}; before it was {before} of {counted(rate.count_before, 'request')}."
    )


async def _failing(
    question: Question, toolbox: Toolbox, during: Period, before: Period
) -> list[str]:
    """The deployments with the most failed requests of the slice."""
    found = await toolbox.compare(
        metric=Metric.ERROR_RATE,
        during=during,
        compared_to=before,
        group_by=(Dimension.DEPLOYMENT,),
        where=sliced(question),
    )
    failing = [one for one in found if one.after]
    failing.sort(key=lambda one: (-(one.after or 0.0) * one.count_after, one.key[0].id))
    lines = [
        f"  {one.key[0].id}: {figure(one.after, metric=Metric.ERROR_RATE)} of "
        f"{counted(one.count_after, 'request')}; before "
        f"{figure(one.before, metric=Metric.ERROR_RATE)} of {one.count_before:,}"
        for one in failing[:_MOST]
    ]
    if len(failing) > _MOST:
        lines.append(f"  … and {len(failing) - _MOST} more deployments with failed requests")
        toolbox.figures["more_failing"] = len(failing) - _MOST
    return lines


async def _symptoms(question: Question, toolbox: Toolbox) -> list[str]:
    """What kinds of failures the deployments show at the end of the time asked about."""
    where = question.slots.where
    at = await when.instant(question, toolbox)
    told = await toolbox.fleet(at=at, model=where.model, backend=where.backend)
    place = Place.of(where, [one.deployment for one in told])
    return [
        f"  {one.status.value} {one.deployment}: {'; '.join(_on_errors(one.reasons)[:2])}"
        for one in [one for one in told if one.deployment in place.deployments][:_MOST]
        if one.status in (HealthStatus.DOWN, HealthStatus.DEGRADED)
    ]


def _on_errors(reasons: Sequence[str]) -> list[str]:
    """Reasons of a status, those first that tell of failed requests."""
    return sorted(reasons, key=lambda words: words.startswith("no ") or "error rate" not in words)


async def _imagined(question: Question, toolbox: Toolbox) -> tuple[str, str]:
    """What is imagined, in words, and the slot that it came from."""
    slots = question.slots
    if slots.without:
        return f"without {' and '.join(sorted(slots.without))}", "without"
    if slots.policy_version is not None:
        return f"under policy version {slots.policy_version}", "policy_version"
    if slots.arm is not None:
        return f"with all in arm {slots.arm}", "arm"
    names = await toolbox.names()
    kinds = ("deployments", "backends", "policy_versions", "arms")
    told = "; ".join(known(names, kind) for kind in kinds)
    raise CantTell(
        f"the question does not say what would have been otherwise: without what, under which "
        f"policy version, or in which arm; {told}"
    )


def _imagined_lines(found: WhatIf, metric: Metric, words: str) -> Iterator[str]:
    estimate, low, high, observed = (
        figure(one, metric=metric)
        for one in (found.estimate, found.low, found.high, found.observed)
    )
    yield (
        f"  {CALLED[metric]} would have been {estimate} (95 %: {low} to {high}), where {observed} "
        f"was observed"
    )
    moved = (
        "" if found.moved is None else f"{percent(found.moved)} of it would have gone elsewhere, "
    )
    yield f"     {moved}from {found.effective_samples:,.0f} effective samples"
    yield from (f"     {note}" for note in found.notes)


def _refused(found: WhatIf, metric: Metric) -> str:
    observed = (
        "" if found.observed is None else f", {figure(found.observed, metric=metric)} observed"
    )
    return f"{CALLED[metric]}{observed}: {found.refused}"


def _after(look: _Look) -> tuple[str, ...]:
    """Questions that come next: what happened then, what it would have been, the like before."""
    found = next(iter(look.changed), None)
    if found is None:
        return ("What changed in the last 24 hours?", "Which deployments are unhealthy?")
    told = [f"What changed since {clock(found.onset_low or found.during.start)}?"]
    for cause in found.causes[:1]:
        if cause.kind == "incident":
            told.append(f"Which incidents are similar to {cause.id}?")
        places = [ref for one in found.slices for ref in one.where]
        deployment = next((ref.id for ref in places if ref.kind == "deployment"), None)
        if deployment is not None:
            told.append(f"What would the {CALLED[found.metric]} have been without {deployment}?")
    return tuple(told)
