"""How the fleet is: which deployments are well or not, and how a part of it or of traffic is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from agent.playbooks import when
from agent.playbooks.answering import (
    CALLED,
    CantTell,
    Told,
    clock,
    of_slice,
    span,
    told_without,
)
from agent.playbooks.incidents import open_line
from agent.playbooks.places import PLACES, Place, known, only_known
from agent.playbooks.slicing import TRAFFIC, sliced
from agent.toolbox import Toolbox
from agent.understanding.question import Question
from graph.evidence import Incident
from graph.figures import UNKNOWN, difference, figure
from graph.health import DeploymentHealth, HealthStatus
from graph.slices import Metric, Period
from graph.trends import Comparison
from graph.words import counted

_A_DAY: Final = timedelta(days=1)
_MOST: Final = 12
_GRAVITY: Final = {
    status: place
    for place, status in enumerate(
        (HealthStatus.DOWN, HealthStatus.DEGRADED, HealthStatus.UNKNOWN, HealthStatus.HEALTHY)
    )
}
_WELL: Final = frozenset({HealthStatus.HEALTHY})
_NOT_HEALTHY: Final = frozenset(HealthStatus) - _WELL
_MEASURED: Final = {
    Metric.ERROR_RATE: "error_rate",
    Metric.LATENCY_P50: "latency_p50_ms",
    Metric.LATENCY_P95: "latency_p95_ms",
}
"""Metrics that health has a figure of."""
_ALWAYS: Final = (Metric.ERROR_RATE, Metric.LATENCY_P95)
_TRAFFIC: Final = (Metric.ERROR_RATE, Metric.LATENCY_P95, Metric.QUALITY)


async def fleet_health(question: Question, toolbox: Toolbox) -> Told:
    """How many deployments are well, what is wrong with the others, which incidents are open."""
    await only_known(question, toolbox)
    at = await when.instant(question, toolbox)
    told, as_of = await _health(question, toolbox, at=at)
    slots = question.slots
    metric = slots.metric if slots.metric in _MEASURED else None
    shown = [one for one in told if _asked_for(one, slots.status)]
    if metric is not None:
        shown = [one for one in told if not slots.status or one.status in slots.status]
        shown.sort(key=lambda one: _worst_first(_value(one, metric)))
    else:
        shown.sort(key=lambda one: _GRAVITY[one.status])
    place = Place.of(slots.where, ()).words
    lines = [_headline(told, slots.status, place=place, as_of=as_of), *_then(question, as_of)]
    if slots.status == _WELL and metric is None:
        # Whoever asks what is well needs to know what is not.
        ill = sorted(
            (one for one in told if one not in shown), key=lambda one: _GRAVITY[one.status]
        )
        lines += [_line(one, ()) for one in ill[:_MOST]] + _rest(len(ill) - _MOST)
        lines += [f"Healthy: {', '.join(one.deployment for one in shown)}."] if shown else []
    else:
        lines += [_line(one, (metric,) if metric else ()) for one in shown[:_MOST]]
        lines += _rest(len(shown) - _MOST)
    lines += _incidents(await _opened(question, toolbox, told, at=at), asked_of=question)
    honours = PLACES | {"status", "during"} | ({"metric"} if metric else set[str]())
    lines += told_without(question, "The fleet's health", honours=honours)
    counts = {status: sum(one.status is status for one in told) for status in HealthStatus}
    toolbox.figures |= {"deployments": len(told), "told": len(shown), "as_of": as_of}
    toolbox.figures |= {status.value: count for status, count in counts.items()}
    toolbox.figures["not_healthy"] = len(told) - counts[HealthStatus.HEALTHY]
    toolbox.figures["asked_for"] = sum(one.status in slots.status for one in told)
    toolbox.figures["more"] = max(0, len(shown) - _MOST)
    return Told(tuple(lines), _after_health(shown))


async def status(question: Question, toolbox: Toolbox) -> Told:
    """How a model, backend or deployment is, deployment by deployment; of other slices, and of
    times past, how their requests went.
    """
    await only_known(question, toolbox)
    given = frozenset(sliced(question).given())
    if not given:
        return await fleet_health(question, toolbox)
    lines: list[str] = []
    if given & PLACES:
        lines += await _deployments(question, toolbox)
    follow_ups = _after_status(question)
    metric = question.slots.metric
    beyond_health = metric is not None and metric not in _MEASURED
    if given - PLACES or beyond_health or isinstance(question.times.during, Period):
        lines += await _traffic(question, toolbox, needed=not given & PLACES)
    honours = TRAFFIC - {"by"} | {"status", "compared_to"}
    lines += told_without(question, "A status", honours=honours)
    return Told(tuple(lines), follow_ups)


async def _health(
    question: Question, toolbox: Toolbox, *, at: datetime | None
) -> tuple[list[DeploymentHealth], datetime]:
    """The deployments that the slots name, and the instant that they are told of."""
    where, world = question.slots.where, toolbox.world
    found = await toolbox.fleet(at=at, model=where.model, backend=where.backend)
    told = [one for one in found if where.deployment is None or one.deployment in where.deployment]
    if not told:
        if not Place.of(where, ()).named:
            raise CantTell("no deployment is known: none was registered, none took a request")
        names = await toolbox.names()
        there = "there is no deployment of" if at is None else f"at {clock(at)} there was none of"
        place = Place.of(where, ()).words
        raise CantTell(f"{there} {place}; {known(names, 'deployments')}")
    from_view = at is None and world.view.version
    return told, world.view.as_of if from_view else at or world.now


def _asked_for(one: DeploymentHealth, asked: frozenset[HealthStatus]) -> bool:
    return one.status in asked if asked else one.status is not HealthStatus.HEALTHY


def _headline(
    told: Sequence[DeploymentHealth],
    asked: frozenset[HealthStatus],
    *,
    place: str,
    as_of: datetime,
) -> str:
    where = f" of {place}" if place else ""
    count = sum(one.status in asked for one in told)
    what = "healthy"
    if not asked:
        count = sum(one.status is HealthStatus.HEALTHY for one in told)
    elif asked == _NOT_HEALTHY:
        what = "not healthy"
    elif asked != _WELL:
        what = " or ".join(one.value for one in HealthStatus if one in asked)
    total = counted(len(told), "deployment")
    verb = "is" if len(told) == 1 else "are"
    return f"{count} of {total}{where} {verb} {what}, as of {clock(as_of)}."


def _line(one: DeploymentHealth, metrics: Sequence[Metric]) -> str:
    """A deployment: what it is, its figures where they are asked for, why, and since when known."""
    mark = " (stale)" if one.stale else ""
    told = [f"{CALLED[metric]} {figure(_value(one, metric), metric=metric)}" for metric in metrics]
    if metrics:
        told.append(f"from {counted(one.sample_count, 'sample')}")
        seen = "no evidence" if one.updated_at is None else f"evidence of {clock(one.updated_at)}"
        told.append(seen)
    why = one.reasons[:2] if one.status is not HealthStatus.HEALTHY or not told else ()
    words = "; ".join([part for part in (", ".join(told), *why) if part])
    return f"  {one.status.value:8} {one.deployment}{mark}: {words}"


def _value(one: DeploymentHealth, metric: Metric) -> float | None:
    value: float | None = getattr(one, _MEASURED[metric])
    return value


def _worst_first(value: float | None) -> float:
    return float("inf") if value is None else -value


def _then(question: Question, as_of: datetime) -> list[str]:
    """That health is of an instant, where a time that is over is asked about."""
    told = question.times.during
    if isinstance(told, Period) and told.end < question.now:
        return [f"Health is told of an instant: here of {clock(as_of)}, the end of that time."]
    return []


def _rest(more: int) -> list[str]:
    return [f"  … and {more} more"] if more > 0 else []


async def _opened(
    question: Question,
    toolbox: Toolbox,
    told: Sequence[DeploymentHealth],
    *,
    at: datetime | None,
) -> list[Incident]:
    """The open incidents that reach what is told of."""
    found = await toolbox.incidents(active_at=at or toolbox.world.now)
    place = Place(question.slots.where, tuple(one.deployment for one in told))
    return [
        one
        for one in found
        if place.reached(one.scope_kind, one.scope_id, affected=one.affected_deployments)
    ]


def _incidents(opened: Sequence[Incident], *, asked_of: Question) -> list[str]:
    if not opened:
        named = Place.of(asked_of.slots.where, ()).named
        return ["No incident is open that reaches it." if named else "No incident is open."]
    return [open_line(one) for one in opened[:_MOST]] + _rest(len(opened) - _MOST)


async def _deployments(question: Question, toolbox: Toolbox) -> list[str]:
    at = await when.instant(question, toolbox)
    told, as_of = await _health(question, toolbox, at=at)
    well = sum(one.status is HealthStatus.HEALTHY for one in told)
    place_of = Place(question.slots.where, tuple(one.deployment for one in told))
    lines = [
        f"{told[0].deployment} is {told[0].status.value}, as of {clock(as_of)}."
        if len(told) == 1
        else _headline(told, frozenset(), place=place_of.words, as_of=as_of)
    ]
    lines += _then(question, as_of)
    asked = question.slots.metric
    also = asked if asked in _MEASURED and asked not in _ALWAYS else None
    metrics = _ALWAYS if also is None else (*_ALWAYS, also)
    ordered = sorted(told, key=lambda one: (_GRAVITY[one.status], one.backend, one.model))
    if question.slots.status:
        ordered = [one for one in ordered if one.status in question.slots.status]
    lines += [_line(one, metrics) for one in ordered[:_MOST]]
    lines += _rest(len(ordered) - _MOST)
    lines += _incidents(await _opened(question, toolbox, told, at=at), asked_of=question)
    lines += [
        f"Under maintenance until {clock(work.ends_at)}: {work.id} ({work.title})."
        for work in await toolbox.maintenance(at=at)
        if place_of.reached(work.scope_kind, work.scope_id)
    ]
    toolbox.figures |= {"deployments": len(told), "healthy": well, "as_of": as_of}
    toolbox.figures["more"] = max(0, len(ordered) - _MOST)
    return lines


async def _traffic(question: Question, toolbox: Toolbox, *, needed: bool) -> list[str]:
    """How the requests of the slice went in a period, beside the one before it."""
    during = await when.during(question, toolbox, back=_A_DAY)
    length = during.end - during.start
    before = await when.compared_to(question, toolbox) or Period(
        during.start - length, during.start
    )
    where = sliced(question)
    asked = question.slots.metric
    metrics = (*_TRAFFIC, *((asked,) if asked is not None and asked not in _TRAFFIC else ()))
    name = of_slice(where)
    lines: list[str] = []
    for metric in (Metric.VOLUME, *(one for one in metrics if one is not Metric.VOLUME)):
        (found,) = await toolbox.compare(
            metric=metric, during=during, compared_to=before, where=where
        )
        if metric is Metric.VOLUME:
            if not found.count_after and needed:
                raise CantTell(f"no request of {name} is recorded {span(during)}")
            if not found.count_after:
                return [f"No request of {name} is recorded {span(during)}."]
            requests = figure(found.after or 0.0, metric=metric)
            earlier = figure(found.before or 0.0, metric=metric)
            lines.append(
                f"Requests of {name}, {span(during)}: {requests}; {earlier} {span(before)}."
            )
        else:
            lines.append(_movement(found, metric))
    return lines


def _movement(found: Comparison, metric: Metric) -> str:
    after, before = (figure(one, metric=metric) for one in (found.after, found.before))
    noun = "score" if metric is Metric.QUALITY else "request"
    if found.after is None:
        return f"  {CALLED[metric]} {UNKNOWN}: no {noun} tells it; before {before}"
    line = f"  {CALLED[metric]} {after} from {counted(found.count_after, noun)}"
    if found.before is None:
        return f"{line}; before {UNKNOWN}"
    line += f"; before {before} from {found.count_before:,}"
    if found.delta_low is None or found.delta_high is None:
        return line
    delta, low, high = (
        difference(one, metric=metric) for one in (found.delta, found.delta_low, found.delta_high)
    )
    return f"{line} ({delta}, 95 %: {low} to {high})"


def _after_health(shown: Sequence[DeploymentHealth]) -> tuple[str, ...]:
    ill = next((one for one in shown if one.status is not HealthStatus.HEALTHY), None)
    if ill is None:
        return ("Which deployments are at risk in the next hour?", "What changed today?")
    return (
        f"How is {ill.model} on its backends?",
        f"Why did the error rate change on {ill.deployment} in the last 3 hours?",
        "Which incidents are open?",
    )


def _after_status(question: Question) -> tuple[str, ...]:
    of = of_slice(sliced(question))
    return (
        f"Why did latency change for {of} in the last 24 hours?",
        f"What causes errors for {of}?",
    )
