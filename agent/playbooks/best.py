"""Which model, deployment or backend is best for a task, as far as the data tells them apart."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Final

from agent.playbooks import when
from agent.playbooks.answering import (
    CALLED,
    CantTell,
    Told,
    listed,
    of_slice,
    span,
    told_without,
)
from agent.playbooks.places import only_known
from agent.playbooks.slicing import (
    ROWS,
    TOTALS,
    TRAFFIC,
    WEEK,
    asking,
    behind,
    dimensions,
    in_period,
    limits,
    metric_of,
    nothing,
    one_by_one,
    samples,
    sliced,
    usual,
    valued,
)
from agent.toolbox import Toolbox
from agent.understanding.question import Question
from graph.slices import Dimension, Metric, Period, Slice
from graph.trends import Comparison

LEAST: Final = 10
"""Scores, or requests, below which nothing is called better or worse."""
_MORE_IS_BETTER: Final = frozenset({Metric.QUALITY, Metric.VOLUME})
_BESIDE: Final = (Metric.QUALITY, Metric.LATENCY_P95, Metric.COST_PER_REQUEST)
"""What is told of each beside the metric that they are ordered by."""
_ASKED_FOR: Final = frozenset({"model", "deployment", "backend"})
_NOT_AMONG: Final = frozenset({"none"})
"""What groups are called that have no such name: requests outside of any arm."""


async def best_model(question: Question, toolbox: Toolbox) -> Told:
    """The best (or worst) by quality, or by what is asked for, over the last seven days."""
    await only_known(question, toolbox)
    metric = metric_of(question) or Metric.QUALITY
    where = sliced(question)
    by = tuple(dict.fromkeys(question.slots.by)) or (one_by_one(where) or Dimension.MODEL,)
    period = await when.during(question, toolbox, back=WEEK)
    found = await _measured(toolbox, metric, period, by, where)
    if not any(row.count_after for row in found.values()):
        raise CantTell(nothing(metric, where, period))
    noun = dimensions(by)
    toolbox.figures["least_samples"] = LEAST
    enough = {name: row for name, row in found.items() if row.count_after >= LEAST}
    few = {name: row for name, row in found.items() if 0 < row.count_after < LEAST}
    if not enough:
        raise CantTell(
            f"no {noun} has {LEAST} {_noun(metric)}s of {of_slice(where)} {span(period)}; "
            f"there are {_counts(few, metric)}"
        )
    ordered = _ordered(enough, metric, worst=question.slots.worst)
    beside = [
        (other, await _measured(toolbox, other, period, by, where))
        for other in _BESIDE
        if other is not metric and metric not in TOTALS
    ]
    lines = [
        *_verdict(question, ordered, metric, noun=noun, where=where, period=period),
        *(_row(name, row, metric, beside) for name, row in ordered[:ROWS]),
    ]
    if len(ordered) > ROWS:
        toolbox.figures["not_listed"] = len(ordered) - ROWS
        lines.append(f"  … and {len(ordered) - ROWS} more")
    if few:
        lines.append(f"  Too few to be told apart, below {LEAST}: {_counts(few, metric)}.")
    if metric is Metric.QUALITY and where.task_type is None:
        lines.append("  All task types together: what each is asked differs.")
    lines += told_without(question, "Which is best", honours=TRAFFIC)
    certain = not _like_the_first(ordered, metric)
    return Told(tuple(lines), _next(question, where, period, metric, noun=noun), certain)


async def _measured(
    toolbox: Toolbox, metric: Metric, period: Period, by: Sequence[Dimension], where: Slice
) -> dict[str, Comparison]:
    """The metric by group, and as it was in the week before."""
    rows = await toolbox.compare(
        metric=metric,
        during=period,
        compared_to=usual(period)[0],
        group_by=tuple(by),
        where=where if where.given() else None,
    )
    named = [(", ".join(ref.id for ref in row.key), row) for row in rows]
    return {name: row for name, row in named if name not in _NOT_AMONG}


def _ordered(
    rows: Mapping[str, Comparison], metric: Metric, *, worst: bool
) -> list[tuple[str, Comparison]]:
    falling = (metric in _MORE_IS_BETTER) != worst
    sign = -1 if falling else 1
    return sorted(rows.items(), key=lambda pair: (sign * (pair[1].after or 0.0), pair[0]))


def _like_the_first(ordered: Sequence[tuple[str, Comparison]], metric: Metric) -> list[str]:
    """Those whose intervals overlap that of the first: the data does not tell them apart.

    An end that nothing bounds may lie anywhere; totals are exact.
    """
    if metric in TOTALS:
        return []
    low, high = _ends(ordered[0][1])
    return [
        name
        for name, row in ordered[1:]
        for other_low, other_high in (_ends(row),)
        if low <= other_high and other_low <= high
    ]


def _ends(row: Comparison) -> tuple[float, float]:
    low, high = row.after_low, row.after_high
    return -inf if low is None else low, inf if high is None else high


def _verdict(
    question: Question,
    ordered: Sequence[tuple[str, Comparison]],
    metric: Metric,
    *,
    noun: str,
    where: Slice,
    period: Period,
) -> list[str]:
    name, row = ordered[0]
    rank = "worst" if question.slots.worst else "best"
    most = "highest" if (metric in _MORE_IS_BETTER) != question.slots.worst else "lowest"
    figure = f"{valued(row.after, metric=metric)}{_interval(row, metric)}"
    count = behind(row.count_after, metric=metric)
    of = f"{of_slice(where)}, {span(period)}"
    called = "number of requests" if metric is Metric.VOLUME else CALLED[metric]
    like = _like_the_first(ordered, metric)
    if len(ordered) == 1:
        return [f"Only {name} can be judged by {called} for {of}: {figure}{count}."]
    if like:
        return [
            f"{name} has the {most} {called} of {of}: {figure}{count}. Which {noun} is {rank} "
            f"is not told, for the intervals of {listed(like)} overlap its own."
        ]
    if metric in TOTALS:
        return [f"{name} has the {most} {called} of {of}: {figure}{count}."]
    return [f"{name} is the {rank} {noun} by {called} for {of}: {figure}{count}."]


def _row(
    name: str,
    row: Comparison,
    metric: Metric,
    beside: Sequence[tuple[Metric, Mapping[str, Comparison]]],
) -> str:
    told = [
        f"{_short(metric)} {valued(row.after, metric=metric)}{_interval(row, metric)}"
        f"{behind(row.count_after, metric=metric)}"
    ]
    for other, found in beside:
        one = found.get(name)
        if one is not None and one.count_after:
            told.append(
                f"{_short(other)} {valued(one.after, metric=other)}"
                f"{behind(one.count_after, metric=other)}"
            )
    return f"  {name}: {'; '.join(told)}"


def _interval(row: Comparison, metric: Metric) -> str:
    return limits(row.after_low, row.after_high, metric=metric)


def _short(metric: Metric) -> str:
    return "traffic" if metric is Metric.VOLUME else CALLED[metric]


def _noun(metric: Metric) -> str:
    return "score" if metric is Metric.QUALITY else "request"


def _counts(rows: Mapping[str, Comparison], metric: Metric) -> str:
    ordered = sorted(rows.items(), key=lambda pair: (-pair[1].count_after, pair[0]))
    return listed([f"{name} ({samples(row.count_after, metric=metric)})" for name, row in ordered])


def _next(
    question: Question, where: Slice, period: Period, metric: Metric, *, noun: str
) -> tuple[str, ...]:
    time = in_period(question, period, default="in the last 7 days")
    noun = noun if noun in _ASKED_FOR else "model"
    if metric is Metric.QUALITY:
        return (
            f"Which {noun} is fastest{asking(where)} {time}?",
            f"Which {noun} is cheapest{asking(where)} {time}?",
        )
    return (f"Which {noun} has the best quality{asking(where)} {time}?",)
