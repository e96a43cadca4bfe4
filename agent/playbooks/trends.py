"""Metrics over time, by group, and of one period against another."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from agent.playbooks import when
from agent.playbooks.answering import CALLED, CantTell, Told, of_slice, span, told_without
from agent.playbooks.courses import Asked, course, of_groups
from agent.playbooks.places import only_known
from agent.playbooks.slicing import (
    DAY,
    ROWS,
    TOTALS,
    TRAFFIC,
    asking,
    behind,
    dimensions,
    in_period,
    is_called,
    just_before,
    limits,
    many,
    metric_of,
    nothing,
    one_by_one,
    samples,
    sliced,
    things,
    usual,
    valued,
)
from agent.toolbox import Toolbox
from agent.understanding.question import Anchored, Question
from graph.figures import difference, figure
from graph.slices import Demand, Dimension, Metric, Period, Slice
from graph.trends import Comparison
from graph.words import percent

_AN_HOUR: Final = timedelta(hours=1)
_OF_SCORES: Final = frozenset({Dimension.EVALUATOR, Dimension.EVALUATOR_VERSION})
_ALL_OF_THEM: Final = (
    Metric.VOLUME,
    Metric.LATENCY_P95,
    Metric.ERROR_RATE,
    Metric.QUALITY,
    Metric.COST_PER_REQUEST,
)
"""What is compared where no metric is named."""


async def trend(question: Question, toolbox: Toolbox) -> Told:
    """A metric over a period: its figure, its course, or the groups that it is asked by."""
    await only_known(question, toolbox)
    metric, where = _metric(question), sliced(question)
    beside = one_by_one(where)
    by = question.slots.by or (() if beside is None else (beside,))
    period = await when.during(question, toolbox, back=DAY)
    asked = Asked(question, toolbox, metric, period, where, _checked(by, metric))
    told = await when.compared_to(question, toolbox)
    earlier = (told, "the period it is compared with") if told else usual(asked.period)
    return await (_by_group(asked, earlier) if asked.by else _over_time(asked, earlier))


async def compare(question: Question, toolbox: Toolbox) -> Told:
    """A metric in one period against another, with the interval of the difference."""
    await only_known(question, toolbox)
    where, by = sliced(question), question.slots.by
    named = metric_of(question) or _demanded(question)
    if named is None and _OF_SCORES & set(by):
        named = Metric.QUALITY
    beside = one_by_one(where)
    if not by and beside is not None:
        by = (beside,)
        if question.times.compared_to is None:
            # Names are held against each other, and not a time against another.
            return await _side_by_side(question, toolbox, metric=named, by=by, where=where)
    period = await when.during(question, toolbox, back=DAY)
    told = await when.compared_to(question, toolbox)
    lines: list[str] = []
    compared: list[Metric] = []
    certain, header = True, ""
    for metric in [named] if named else _ALL_OF_THEM:
        asked = Asked(question, toolbox, metric, period, where, _checked(by, metric))
        rows, earlier = await _held_against(asked, told)
        if not any(row.count_before or row.count_after for row in rows):
            continue
        head, *differences = _differences(asked, rows, earlier)
        lines += differences if head == header else [head, *differences]
        header = head
        compared.append(metric)
        certain = certain and any(row.count_before and row.count_after for row in rows)
    if not lines:
        raise CantTell(nothing(named or Metric.VOLUME, where, period))
    lines += told_without(question, "A comparison", honours=_honoured(question))
    about = f"{asking(where)} {in_period(question, period, default='in the last 24 hours')}"
    return Told(
        tuple(lines),
        tuple(f"Why did {CALLED[metric]} change{about}?" for metric in compared[:1]),
        certain,
    )


def _metric(question: Question) -> Metric:
    metric = metric_of(question) or _demanded(question)
    if metric is not None:
        return metric
    return Metric.QUALITY if _OF_SCORES & set(question.slots.by) else Metric.VOLUME


def _demanded(question: Question) -> Metric | None:
    """The metric of what is counted. Raises CantTell for tokens, which no metric counts."""
    demand = question.slots.demand
    if demand is Demand.TOKENS:
        raise CantTell(
            "tokens are told ahead, in a forecast, and not over past time; "
            "ask for requests or for cost instead"
        )
    return (
        {Demand.REQUESTS: Metric.VOLUME, Demand.COST: Metric.COST}.get(demand) if demand else None
    )


def _checked(by: tuple[Dimension, ...], metric: Metric) -> tuple[Dimension, ...]:
    by = tuple(dict.fromkeys(by))
    if metric is not Metric.QUALITY and _OF_SCORES & set(by):
        raise CantTell(
            f"evaluators tell only quality apart, not {CALLED[metric]}; ask for quality by "
            f"{dimensions(by)}"
        )
    return by


def _honoured(question: Question) -> frozenset[str]:
    """The names that count: what a time is told relative to is one of them."""
    times = question.times
    anchored = {
        {"incident": "incident", "experiment": "experiment"}.get(one.kind.value, "change")
        for one in (times.during, times.compared_to)
        if isinstance(one, Anchored)
    }
    return TRAFFIC | anchored | {"compared_to"}


async def _over_time(asked: Asked, earlier: tuple[Period, str]) -> Told:
    metric, question = asked.metric, asked.question
    (whole,) = await asked.against(earlier[0])
    if not whole.count_after:
        raise CantTell(nothing(metric, asked.where, asked.period))
    lines = [
        _figure(asked, whole),
        _earlier(asked, whole, earlier),
        *await course(asked),
        *await _scores_in(asked),
        *told_without(question, "A trend", honours=_honoured(question)),
    ]
    return Told(tuple(lines), asked.follow_ups)


def _figure(asked: Asked, whole: Comparison) -> str:
    metric = asked.metric
    value = valued(whole.after, metric=metric)
    interval = limits(whole.after_low, whole.after_high, metric=metric)
    return (
        f"{is_called(metric)} of {of_slice(asked.where)}: {value}{interval}"
        f"{behind(whole.count_after, metric=metric)}, {span(asked.period)}."
    )


def _earlier(asked: Asked, whole: Comparison, earlier: tuple[Period, str]) -> str:
    period, words = earlier
    if not whole.count_before:
        return f"  Nothing was recorded in {words}, {span(period)}."
    value = valued(whole.before, metric=asked.metric)
    count = behind(whole.count_before, metric=asked.metric)
    return f"  In {words}: {value}{count}, {span(period)}."


async def _scores_in(asked: Asked) -> list[str]:
    """How many requests the scores stand beside: late ones are still to come."""
    if asked.metric is not Metric.QUALITY:
        return []
    asked = replace(asked, metric=Metric.VOLUME)
    (requests,) = await asked.against(usual(asked.period)[0])
    return [
        f"  These are the scores known by now, of {many(requests.count_after, 'request')}; "
        "late ones may still change it."
    ]


async def _by_group(asked: Asked, earlier: tuple[Period, str]) -> Told:
    metric = asked.metric
    (whole,) = await asked.against(earlier[0])
    if not whole.count_after:
        raise CantTell(nothing(metric, asked.where, asked.period))
    rows = await asked.against(earlier[0], by=asked.by)
    some = [row for row in rows if row.count_after]
    upward = metric is Metric.QUALITY and asked.question.slots.worst
    some.sort(key=lambda row: (row.after or 0.0) * (1 if upward else -1))
    lines = [_figure(asked, whole), f"  By {dimensions(asked.by)}, beside {earlier[1]}:"]
    lines += [_row(asked, row, whole) for row in some[:ROWS]]
    lines += _left_out(asked, len(some), gone=len(rows) - len(some))
    lines += await of_groups(asked, some)
    lines += await _scores_in(asked)
    lines += told_without(asked.question, "A trend", honours=_honoured(asked.question))
    return Told(tuple(lines), asked.follow_ups)


def _row(asked: Asked, row: Comparison, whole: Comparison) -> str:
    metric = asked.metric
    line = f"    {things(row.key)}: {valued(row.after, metric=metric)}"
    if metric in TOTALS and whole.after:
        part = (row.after or 0.0) / whole.after
        asked.toolbox.figures[f"share of {things(row.key)}"] = part
        line += f", {percent(part)} of all"
    line += limits(row.after_low, row.after_high, metric=metric)
    line += behind(row.count_after, metric=metric)
    before = valued(row.before, metric=metric) if row.count_before else "nothing recorded"
    return f"{line}; before: {before}"


def _left_out(asked: Asked, told: int, *, gone: int) -> list[str]:
    lines: list[str] = []
    if told > ROWS:
        asked.toolbox.figures["groups_not_listed"] = told - ROWS
        lines.append(f"    … and {told - ROWS} more")
    if gone:
        asked.toolbox.figures["groups_without_data"] = gone
        verb = "was" if gone == 1 else "were"
        lines.append(f"    {gone} more {verb} there before, and not in this period")
    return lines


async def _held_against(
    asked: Asked, told: Period | None
) -> tuple[list[Comparison], tuple[Period, str]]:
    """The comparison and what it is made with; unless told, the first of the usual that has data.

    Up to a week is held against the same hours a week before, as traffic has hours and weekdays.
    """
    if told is not None:
        return await asked.against(told, by=asked.by), (told, "the period it is compared with")
    usually, before = usual(asked.period), just_before(asked.period)
    rows = await asked.against(usually[0], by=asked.by)
    if usually == before or any(row.count_before for row in rows):
        return rows, usually
    return await asked.against(before[0], by=asked.by), before


def _differences(
    asked: Asked, rows: Sequence[Comparison], earlier: tuple[Period, str]
) -> list[str]:
    period, words = earlier
    whole = of_slice(asked.where)
    head = f"{whole[:1].upper()}{whole[1:]}, {span(asked.period)}, against {words}, {span(period)}:"
    ordered = sorted(rows, key=lambda row: -abs(row.delta or 0.0))
    told = [_difference(asked, row, period) for row in ordered[:ROWS]]
    if asked.by:
        lines = [f"  {is_called(asked.metric)}:", *(f"    {line}" for line in told)]
    else:
        lines = [f"  {is_called(asked.metric)}: {told[0]}"]
    return [head, *lines, *_left_out(asked, len(rows), gone=0)]


def _difference(asked: Asked, row: Comparison, earlier: Period) -> str:
    metric = asked.metric
    group = f"{things(row.key)}: " if row.key else ""
    if not row.count_before or not row.count_after:
        before, after = (
            f"{valued(value, metric=metric)}{behind(count, metric=metric)}"
            if count
            else "nothing recorded"
            for value, count in ((row.before, row.count_before), (row.after, row.count_after))
        )
        return f"{group}before: {before}; after: {after}; that is no comparison"
    before, after = (valued(value, metric=metric) for value in (row.before, row.after))
    line = f"{group}{before} → {after}, {difference(row.delta, metric=metric)}"
    if metric in TOTALS:
        return f"{line}{_pace(asked, row, earlier)}"
    count = many(row.count_before, "score" if metric is Metric.QUALITY else "request")
    return (
        f"{line}{_certainty(row, metric)}; before from {count}, "
        f"after from {samples(row.count_after, metric=metric)}"
    )


def _pace(asked: Asked, row: Comparison, earlier: Period) -> str:
    """A total's change as a share, or by the hour where the periods are not equally long."""
    figures, metric, name = asked.toolbox.figures, asked.metric, things(row.key)
    before, after = row.before or 0.0, row.after or 0.0
    spans = [one.end - one.start for one in (earlier, asked.period)]
    if spans[0] == spans[1]:
        if not before:
            return ""
        part = after / before - 1
        figures[f"change as a share of {name}, {metric.value}"] = part
        return f" ({100 * part:+.3g} %); an exact count"
    hourly = [value / (one / _AN_HOUR) for value, one in zip((before, after), spans, strict=True)]
    figures[f"by the hour of {name}, {metric.value}"] = hourly
    told = [figure(value, metric=metric) for value in hourly]
    return f"; the periods are not equally long: {told[0]} → {told[1]} per hour"


def _certainty(row: Comparison, metric: Metric) -> str:
    """The interval of a difference, and whether chance alone could have made it."""
    if row.delta_low is None or row.delta_high is None:
        return ", too few to tell it from chance"
    low, high = (difference(one, metric=metric) for one in (row.delta_low, row.delta_high))
    sure = row.delta_low > 0 or row.delta_high < 0
    return f" (95 %: {low} to {high}), {'beyond chance' if sure else 'within chance'}"


async def _side_by_side(
    question: Question,
    toolbox: Toolbox,
    *,
    metric: Metric | None,
    by: tuple[Dimension, ...],
    where: Slice,
) -> Told:
    """Several names held against each other in one period."""
    period = await when.during(question, toolbox, back=DAY)
    lines: list[str] = []
    for one in [metric] if metric else _ALL_OF_THEM:
        asked = Asked(question, toolbox, one, period, where, _checked(by, one))
        rows = await asked.against(usual(period)[0], by=by)
        some = sorted((r for r in rows if r.count_after), key=lambda row: -(row.after or 0.0))
        if not some:
            continue
        lines.append(f"{is_called(one)} by {dimensions(by)}, {span(period)}:")
        lines += [f"  {_beside(row, one)}" for row in some[:ROWS]]
        lines += _left_out(asked, len(some), gone=0)
        lines += _apart(some, one)
    if not lines:
        raise CantTell(nothing(metric or Metric.VOLUME, where, period))
    lines += told_without(question, "A comparison", honours=_honoured(question))
    return Told(tuple(lines))


def _beside(row: Comparison, metric: Metric) -> str:
    interval = limits(row.after_low, row.after_high, metric=metric)
    count = behind(row.count_after, metric=metric)
    return f"{things(row.key)}: {valued(row.after, metric=metric)}{interval}{count}"


def _apart(rows: Sequence[Comparison], metric: Metric) -> list[str]:
    """Whether two that stand side by side are surely different."""
    if len(rows) != 2 or metric in TOTALS:
        return []
    higher, lower = rows
    if higher.after_low is None or lower.after_high is None:
        return ["  Too few to tell them apart."]
    if higher.after_low > lower.after_high:
        return [f"  {things(higher.key)} is surely higher: the intervals do not overlap."]
    return ["  They are not told apart: the intervals overlap."]
