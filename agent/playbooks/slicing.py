"""The traffic that a question is about: its slice, its groups, and figures of them in words."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import timedelta
from typing import Final

from agent.playbooks.answering import CALLED, of_slice, span
from agent.understanding.question import Question
from graph.figures import figure
from graph.slices import Dimension, EntityRef, Metric, Period, Slice

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
ROWS: Final = 12
"""Groups told one by one; the rest are counted."""
TRAFFIC: Final = frozenset(
    {
        *(field.name for field in fields(Slice)),
        *("by", "metric", "during", "experiment", "arm", "policy_version", "user"),
    }
)
"""What a playbook honours that reads traffic by slice, group, metric and period."""
TOTALS: Final = frozenset({Metric.VOLUME, Metric.COST})
"""Metrics that add up; the longer the period, the more there is."""
_MEANT: Final = {
    "quality": Metric.QUALITY,
    "latency": Metric.LATENCY_P95,
    "cost": Metric.COST_PER_REQUEST,
}


def sliced(question: Question) -> Slice:
    """The slice that a question names, also by an experiment, an arm, a policy version, a user."""
    slots, where = question.slots, question.slots.where
    if slots.arm is not None:
        experiment, _, arm = slots.arm.rpartition("/")
        where = replace(where, arm=where.arm or frozenset({arm}))
        if experiment:
            where = replace(where, experiment=where.experiment or frozenset({experiment}))
    if slots.experiment is not None:
        where = replace(where, experiment=where.experiment or frozenset({slots.experiment}))
    if slots.policy_version is not None:
        where = replace(where, policy=where.policy or frozenset({slots.policy_version}))
    if slots.user is not None:
        where = replace(where, user=where.user or frozenset({slots.user}))
    return where


def metric_of(question: Question) -> Metric | None:
    """The metric that a question names, or means by what it calls best; None for neither."""
    return question.slots.metric or _MEANT.get(question.slots.optimise_for or "")


def one_by_one(where: Slice) -> Dimension | None:
    """The dimension of which a slice names several values; None where there is not exactly one."""
    several = [name for name, values in where.given().items() if len(values) > 1]
    names = {dimension.value.lower(): dimension for dimension in Dimension}
    return names.get(several[0]) if len(several) == 1 else None


def usual(period: Period) -> tuple[Period, str]:
    """An earlier period to hold one against, and what it is: like hours and weekdays if it can."""
    length = period.end - period.start
    if length <= WEEK:
        return Period(period.start - WEEK, period.end - WEEK), "the same hours a week before"
    return just_before(period)


def just_before(period: Period) -> tuple[Period, str]:
    """The equally long period that ends where one begins, and what it is."""
    earlier = Period(period.start - (period.end - period.start), period.start)
    return earlier, "the equally long period just before"


def things(key: Sequence[EntityRef]) -> str:
    """What a group has in common, in words."""
    return ", ".join(f"{ref.kind.replace('_', ' ')} {ref.id}" for ref in key) or "all requests"


def dimensions(by: Sequence[Dimension]) -> str:
    """Dimensions in words, to go after `by`."""
    return " and ".join(dimension.value.lower().replace("_", " ") for dimension in by)


def many(number: int, noun: str) -> str:
    """A count with its noun, which takes a plain plural."""
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"


def valued(value: float | None, *, metric: Metric) -> str:
    """A figure of a metric; a number of requests is told to the last one."""
    if metric is Metric.VOLUME and value is not None and value == round(value):
        return many(round(value), "request")
    return figure(value, metric=metric)


def limits(low: float | None, high: float | None, *, metric: Metric) -> str:
    """An interval in brackets, with a space before it; nothing where there is none."""
    if low is None and high is None:
        return ""
    if low is None or high is None:
        bound, end = ("at most", high) if low is None else ("at least", low)
        return f" (95 %: {bound} {figure(end, metric=metric)})"
    return f" (95 %: {figure(low, metric=metric)} to {figure(high, metric=metric)})"


def samples(count: int, *, metric: Metric) -> str:
    """What stands behind a figure: requests, or scores."""
    return many(count, "score" if metric is Metric.QUALITY else "request")


def is_called(metric: Metric) -> str:
    """A metric as a line begins with it."""
    name = "traffic" if metric is Metric.VOLUME else CALLED[metric]
    return name[:1].upper() + name[1:]


def nothing(metric: Metric, where: Slice, period: Period) -> str:
    """That nothing was recorded, as the reason why nothing can be told."""
    of = {Metric.QUALITY: "score", Metric.COST: "cost", Metric.COST_PER_REQUEST: "cost"}
    return f"no {of.get(metric, 'request')} of {of_slice(where)} was recorded {span(period)}"


def asking(where: Slice) -> str:
    """A slice for the end of a follow-up question, with a space before it; nothing for all."""
    told = [
        " or ".join(f"{name.replace('_', ' ')} {value}" for value in sorted(values))
        for name, values in where.given().items()
    ]
    return f" for {' and '.join(told)}" if told else ""


def in_period(question: Question, period: Period, *, default: str) -> str:
    """A period for the end of a follow-up question; `default` where the question told none."""
    if question.times.during is None and not question.past:
        return default
    return span(period)


def behind(count: int, *, metric: Metric) -> str:
    """How much stands behind a figure, after a comma; nothing for what is itself that number."""
    return "" if metric is Metric.VOLUME else f", from {samples(count, metric=metric)}"


def names_all(where: Sequence[EntityRef], asked: Slice) -> bool:
    """Whether what these name may lie in a slice: nothing that both name is different."""
    given = asked.given()
    found = {ref.kind: ref.id for ref in where}
    if "deployment" in found:
        model, _, backend = found["deployment"].rpartition("@")
        found = {"model": model, "backend": backend, **found}
    return all(found[name] in values for name, values in given.items() if name in found)
