"""Which arm of an experiment wins, and what a rollout did, with what the verdict rests on."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from agent.playbooks import when
from agent.playbooks.answering import CALLED, CantTell, Told, clock, listed, told_without
from agent.playbooks.places import known, only_known
from agent.playbooks.slicing import limits, many
from agent.toolbox import Toolbox
from agent.understanding.question import Anchored, Question
from graph.experiments import ArmResult, Experiment
from graph.figures import difference, figure
from graph.names import Happening, Names
from graph.rollouts import Rollout, RolloutEffect
from graph.slices import Metric
from graph.trials.verdicts import ExperimentVerdict

_ASKED_AT_MOST: Final = 8
"""Experiments that are looked at to find the one that runs."""
_NEVER_ROLLOUTS: Final = frozenset({"policy", "experiment"})
"""Changes of which routing decides whom they reach: they have no untouched twins."""
_ROLLOUTS: Final = frozenset({"rollout", "release"})
_COMPARED: Final = {
    Metric.LATENCY_P50: Metric.LATENCY_MEAN,
    Metric.LATENCY_P95: Metric.LATENCY_MEAN,
    Metric.TTFT_P95: Metric.LATENCY_MEAN,
    Metric.COST: Metric.COST_PER_REQUEST,
}
_OPEN: Final = frozenset({ExperimentVerdict.UNDECIDED, ExperimentVerdict.INSUFFICIENT_DATA})


async def experiment(question: Question, toolbox: Toolbox) -> Told:
    """The arms of an experiment compared: who wins, by how much, and how sure that is."""
    await only_known(question, toolbox)
    at = await when.instant(question, toolbox)
    found = await _experiment(question, toolbox, at)
    ended = f" to {clock(found.ended_at)}" if found.ended_at else ""
    lines = [
        f"{found.id}: {found.verdict}",
        f"  {found.status}, on policy {found.policy}, from {clock(found.started_at)}{ended}.",
        *(f"  {_arm(one)}" for one in found.arms),
        *_asked_difference(question, found),
        *(f"  {warning}." for warning in found.warnings),
        *told_without(
            question,
            "An experiment",
            honours={"experiment", "arm", "by", "metric", "during", "policy"},
        ),
    ]
    arm = found.winner or (found.arms[-1].arm if found.arms else None)
    follow_ups = (
        (f"What would quality have been in the last 24 hours with all in {found.id}/{arm}?",)
        if arm and any(one.requests for one in found.arms)
        else ()
    )
    return Told(tuple(lines), follow_ups, found.outcome not in _OPEN)


async def _experiment(question: Question, toolbox: Toolbox, at: datetime | None) -> Experiment:
    """The one that is named, else the only one that runs. Raises CantTell."""
    names = await toolbox.names()
    slots = question.slots
    identity = slots.experiment
    if identity is None and slots.arm is not None and "/" in slots.arm:
        identity = slots.arm.rpartition("/")[0]
    if identity is None and slots.where.experiment is not None and len(slots.where.experiment) == 1:
        (identity,) = slots.where.experiment
    if identity is not None:
        found = await toolbox.experiment(id=identity, at=at)
        if found is None:
            raise CantTell(f"no experiment {identity} was told of; {known(names, 'experiments')}")
        return found
    running = await _running(names, toolbox, at)
    if len(running) != 1:
        several = [one.id for one in running]
        which = f"{listed(several)} run; name one" if several else "no experiment runs; name one"
        raise CantTell(
            f"{which}: {known(names, 'experiments')}",
            follow_ups=tuple(f"Which arm of {one} wins?" for one in names.experiments[:3]),
        )
    return running[0]


async def _running(names: Names, toolbox: Toolbox, at: datetime | None) -> list[Experiment]:
    """The experiments that run; those that were told of last are looked at, and a few others."""
    recent = [one.id for one in names.changes if one.kind == "experiment"]
    ordered = dict.fromkeys([*recent, *names.experiments])
    told = [await toolbox.experiment(id=one, at=at) for one in list(ordered)[:_ASKED_AT_MOST]]
    return [one for one in told if one is not None and one.status == "running"]


def _arm(one: ArmResult) -> str:
    if not one.requests:
        return f"{one.arm}: no requests"
    quality = "quality not known yet"
    if one.quality is not None:
        quality = (
            f"quality {figure(one.quality, metric=Metric.QUALITY)}"
            f"{limits(one.quality_low, one.quality_high, metric=Metric.QUALITY)}"
        )
    measured = {
        Metric.LATENCY_P95: one.latency_p95_ms,
        Metric.ERROR_RATE: one.error_rate,
        Metric.COST_PER_REQUEST: one.cost_per_request_usd,
    }
    rest = ", ".join(f"{CALLED[m]} {figure(value, metric=m)}" for m, value in measured.items())
    return (
        f"{one.arm}: {quality} from {many(one.scored, 'score')}; {rest}; "
        f"{many(one.requests, 'request')} of {many(one.users, 'user')}"
    )


def _asked_difference(question: Question, found: Experiment) -> list[str]:
    """How the arms differ on the metric that is asked about, which the verdict may leave out."""
    metric = question.slots.metric
    if metric is None:
        return []
    compared = _COMPARED.get(metric, metric)
    fitting = [one for one in found.differences if one.metric is compared]
    if not fitting:
        return [f"  Arms are not compared on {CALLED[metric]}."]
    return [
        f"  {one.arm} less {one.baseline} on {CALLED[compared]}: "
        f"{_difference(one.delta, one.low, one.high, compared)}, from "
        f"{many(one.count, _noun(compared))}."
        for one in fitting
    ]


def _difference(delta: float | None, low: float | None, high: float | None, metric: Metric) -> str:
    if delta is None:
        return "not known yet"
    told = difference(delta, metric=metric)
    if low is None or high is None:
        return f"{told}, not bounded yet"
    ends = (difference(one, metric=metric) for one in (low, high))
    return f"{told} (95 %: {' to '.join(ends)})"


def _noun(metric: Metric) -> str:
    return "score" if metric is Metric.QUALITY else "request"


async def rollout(question: Question, toolbox: Toolbox) -> Told:
    """What a change did to what it reached, beside twins that nothing touched."""
    await only_known(question, toolbox)
    names = await toolbox.names()
    identity = _named(question) or _newest(question, names)
    if identity is None:
        raise CantTell(f"no rollout is known that fits the question; {_others(names)}")
    found = await toolbox.rollout(change=identity, at=question.at)
    if found is None:
        raise CantTell(
            f"{identity} is no change of what runs that was told of; {_others(names)}",
            follow_ups=(f"What if all had run under {identity}?",) if "@" in identity else (),
        )
    metric = question.slots.metric
    lines = [
        f"{found.id} ({found.title}) at {clock(found.at)}: {found.verdict}",
        *_reached(found),
        *(f"  {_effect(one, twins=bool(found.twins))}" for one in _ordered(found.effects, metric)),
        *(f"  {warning}." for warning in found.warnings),
        *told_without(
            question,
            "A rollout",
            honours={"change", "metric", "during", "compared_to", "deployment", "model", "backend"},
        ),
    ]
    follow_ups = tuple(
        f"Why did quality change for {name} in the last 24 hours?" for name in found.reached[:1]
    )
    return Told(tuple(lines), follow_ups, found.outcome not in _OPEN)


def _named(question: Question) -> str | None:
    """The change that a question names, also where it tells a time by it."""
    told = (question.times.during, question.times.compared_to)
    anchored = (one.id for one in told if isinstance(one, Anchored))
    return question.slots.change or next((one for one in anchored if one), None)


def _newest(question: Question, names: Names) -> str | None:
    """The newest change of what runs before now, rollouts first, that touches what is named."""
    fitting = [
        one
        for one in names.changes
        if one.at <= question.now and one.kind not in _NEVER_ROLLOUTS and _touches(question, one)
    ]
    rollouts = [one for one in fitting if one.kind in _ROLLOUTS]
    return next((one.id for one in rollouts or fitting), None)


def _touches(question: Question, one: Happening) -> bool:
    """Whether a change names what the question does, or a part or the whole of it."""
    where = question.slots.where
    named = {*(where.deployment or ()), *(where.model or ()), *(where.backend or ())}
    if not named:
        return True
    return bool(named & _parts(one.targets) or _parts(named) & {*one.targets})


def _parts(names: Iterable[str]) -> set[str]:
    """Names, and the model and the backend of each deployment among them."""
    found = set(names)
    return found | {part for name in found if "@" in name for part in name.rpartition("@")[::2]}


def _others(names: Names) -> str:
    """The changes that can be asked about."""
    kept = [one.id for one in names.changes if one.kind not in _NEVER_ROLLOUTS]
    told = list(dict.fromkeys(kept))
    return f"known changes are {listed(told)}" if told else "no changes are known"


def _reached(found: Rollout) -> list[str]:
    if not found.reached:
        return []
    twins = listed(found.twins) if found.twins else "none"
    return [f"  It reached {listed(found.reached)}; untouched twins: {twins}."]


def _ordered(effects: Sequence[RolloutEffect], metric: Metric | None) -> list[RolloutEffect]:
    """The metric that is asked about first."""
    first = None if metric is None else _COMPARED.get(metric, metric)
    return sorted(effects, key=lambda one: one.metric is not first)


def _effect(one: RolloutEffect, *, twins: bool) -> str:
    metric = one.metric
    if not one.count_before and not one.count_after:
        return f"{CALLED[metric]}: nothing to compare yet"
    before, after, twins_before, twins_after = (
        figure(value, metric=metric)
        for value in (one.before, one.after, one.twins_before, one.twins_after)
    )
    beside = f" (twins {twins_before} → {twins_after})" if twins else ""
    noun = _noun(metric)
    return (
        f"{CALLED[metric]}: {before} → {after}{beside}, effect "
        f"{_difference(one.effect, one.low, one.high, metric)}; from "
        f"{one.count_before:,} {noun}s before and {one.count_after:,} after"
    )
