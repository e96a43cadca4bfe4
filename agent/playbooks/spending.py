"""Money: what was spent and what of it is out of the ordinary, what budgets hold, what to save."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from agent.playbooks import when
from agent.playbooks.answering import (
    CantTell,
    Told,
    clock,
    of_slice,
    span,
    told_without,
)
from agent.playbooks.courses import Asked, course, of_groups
from agent.playbooks.places import known, only_known
from agent.playbooks.slicing import (
    ROWS,
    TRAFFIC,
    WEEK,
    asking,
    behind,
    dimensions,
    in_period,
    is_called,
    limits,
    many,
    names_all,
    nothing,
    sliced,
    things,
    usual,
    valued,
)
from agent.toolbox import Toolbox
from agent.understanding.question import Question
from graph.budgets import Budget
from graph.costing.surprise import CostDriver
from graph.costs import LONGEST, CostAnomaly
from graph.figures import difference, figure
from graph.savings import Saving
from graph.slices import Dimension, EntityRef, Metric, Period, Slice
from graph.trends import Comparison
from graph.words import percent

_OF_MONEY: Final = (Metric.COST, Metric.COST_PER_REQUEST)
_ANOMALIES: Final = 5
_CAUSES: Final = 2
_SAVINGS: Final = 5
_OF_BUDGETS: Final = frozenset({"during", "user", "tenant"})
_NARROWING: Final = frozenset({"tier", "task_type", "deployment", "model", "backend"})
_TENANTS: Final = 5
"""Tenants among which a user is looked for where no tenant is named."""


async def cost(question: Question, toolbox: Toolbox) -> Told:
    """What a period cost, by tenant or as asked, and what of it is out of the ordinary."""
    await only_known(question, toolbox)
    per_request = question.slots.metric is Metric.COST_PER_REQUEST
    metric = Metric.COST_PER_REQUEST if per_request else Metric.COST
    where = sliced(question)
    period = await when.during(question, toolbox, back=WEEK)
    told = await when.compared_to(question, toolbox)
    earlier = (told, "the period it is compared with") if told else usual(period)
    asked = Asked(question, toolbox, metric, period, where, question.slots.by)
    (whole,) = await asked.against(earlier[0])
    if not whole.count_after:
        raise CantTell(nothing(metric, where, period))
    by = question.slots.by or (Dimension.TENANT,)
    rows = await asked.against(earlier[0], by=by)
    if not question.slots.by and len(rows) == 1:
        # One tenant pays for all of it: by model it says more.
        by = (Dimension.MODEL,)
        rows = await asked.against(earlier[0], by=by)
    rows = sorted((row for row in rows if row.count_after), key=lambda row: -(row.after or 0.0))
    anomalies = await _anomalies(toolbox, period, where)
    lines = [
        f"{is_called(metric)} of {of_slice(where)}: {_value(whole, metric)}, {span(period)}.",
        _before(whole, metric, earlier),
        *_groups(toolbox, rows, whole, metric, by),
        *await _steps(asked, rows),
        *_unusual(toolbox, anomalies),
        *told_without(question, "Cost", honours=_honoured(question, "by", "compared_to")),
    ]
    time = in_period(question, period, default="in the last 7 days")
    return Told(
        tuple(lines),
        (
            _why(anomalies) or f"Why did cost per request change{asking(where)} {time}?",
            f"Where can we save money{asking(where)} {time}?",
            "How much budget is left?",
        ),
    )


def _honoured(question: Question, *others: str) -> frozenset[str]:
    """What counts where money is told: a metric of money, but no other one."""
    metric = {"metric"} if question.slots.metric in _OF_MONEY else set[str]()
    return (TRAFFIC - {"by", "metric"}) | metric | set(others)


async def _steps(asked: Asked, rows: Sequence[Comparison]) -> list[str]:
    """The course of it, where the question asks for steps."""
    if asked.question.times.granularity is None:
        return []
    return await (of_groups(asked, rows) if asked.by else course(asked))


def _why(anomalies: Sequence[CostAnomaly] | None) -> str | None:
    """The question why the dearest anomaly came to be."""
    if not anomalies:
        return None
    one = anomalies[0]
    metric = "volume" if one.driver is CostDriver.VOLUME else "cost per request"
    return f"Why did {metric} change for {things(one.where)} {span(Period(one.at, one.until))}?"


def _value(row: Comparison, metric: Metric) -> str:
    interval = limits(row.after_low, row.after_high, metric=metric)
    count = behind(row.count_after, metric=metric)
    return f"{valued(row.after, metric=metric)}{interval}{count}"


def _before(whole: Comparison, metric: Metric, earlier: tuple[Period, str]) -> str:
    period, words = earlier
    if not whole.count_before:
        return f"  Nothing was recorded in {words}, {span(period)}."
    value = valued(whole.before, metric=metric)
    return (
        f"  In {words}: {value}{behind(whole.count_before, metric=metric)}, {span(period)}: "
        f"{difference(whole.delta, metric=metric)}."
    )


def _groups(
    toolbox: Toolbox,
    rows: Sequence[Comparison],
    whole: Comparison,
    metric: Metric,
    by: Sequence[Dimension],
) -> list[str]:
    lines = [f"  By {dimensions(by)}:"]
    for row in rows[:ROWS]:
        line = f"    {things(row.key)}: {_value(row, metric)}"
        if metric is Metric.COST and whole.after:
            part = (row.after or 0.0) / whole.after
            toolbox.figures[f"share of {things(row.key)}"] = part
            line += f", {percent(part)} of all"
        lines.append(line)
    if len(rows) > ROWS:
        toolbox.figures["groups_not_listed"] = len(rows) - ROWS
        lines.append(f"    … and {len(rows) - ROWS} more")
    return lines


async def _anomalies(toolbox: Toolbox, period: Period, where: Slice) -> list[CostAnomaly] | None:
    """What may lie in the slice, the dearest first; None where the period is too long to tell."""
    if period.end - period.start > LONGEST:
        return None
    found = await toolbox.cost_anomalies(during=period)
    fitting = [one for one in found if names_all(one.where, where)]
    return sorted(fitting, key=lambda one: (-one.excess_usd, one.at))


def _unusual(toolbox: Toolbox, found: Sequence[CostAnomaly] | None) -> list[str]:
    if found is None:
        toolbox.figures["longest_days"] = LONGEST.days
        return [f"  What is out of the ordinary is told of at most {LONGEST.days} days."]
    if not found:
        return ["  No hour of it cost more than was to be expected."]
    toolbox.figures["anomalies"] = len(found)
    lines = [f"  Out of the ordinary: {many(len(found), 'slice')} for some hours."]
    for one in found[:_ANOMALIES]:
        lines += _anomaly(one)
    if len(found) > _ANOMALIES:
        toolbox.figures["anomalies_not_listed"] = len(found) - _ANOMALIES
        lines.append(f"    … and {len(found) - _ANOMALIES} more")
    return lines


def _anomaly(one: CostAnomaly) -> list[str]:
    spent, expected, high = (
        figure(usd, metric=Metric.COST) for usd in (one.spent_usd, one.expected_usd, one.high_usd)
    )
    driver = one.driver.value.lower()
    lines = [
        f"    {things(one.where)}, {span(Period(one.at, one.until))}: {spent} where {expected} "
        f"was expected (at most {high}), {many(one.requests, 'request')}, driver: {driver}"
    ]
    for cause in one.causes[:_CAUSES]:
        low, high_share = percent(cause.contribution_low), percent(cause.contribution_high)
        lines.append(
            f"      cause found: {cause.kind} {cause.id} ({cause.title}) at {clock(cause.at)}: "
            f"{percent(cause.contribution)} of it (95 %: {low} to {high_share})"
        )
        lines += [f"        - {words}" for words in cause.evidence_against[:1]]
    return lines if one.causes else [*lines, "      no cause is supported by the data"]


async def budget(question: Question, toolbox: Toolbox) -> Told:
    """What is left of the budgets, how fast it goes, and until when it lasts."""
    await only_known(question, toolbox)
    where = sliced(question)
    at = await when.instant(question, toolbox)
    found = await _budgets(toolbox, where, at)
    found, heeded = _narrowed(found, where)
    if not found:
        of = Slice(tenant=where.tenant, user=where.user)
        whose = of_slice(of) if of.given() else "anybody"
        raise CantTell(f"no budget of {whose} is known; {known(await toolbox.names(), 'tenants')}")
    now = at or question.now
    ordered = sorted(found, key=lambda one: (_left(one), one.tenant, one.id))
    over = sum(one.remaining_usd <= 0 for one in found)
    toolbox.figures |= {"budgets": len(found), "used_up": over}
    lines = [f"{many(len(found), 'budget')}, {over} used up, as of {clock(now)}."]
    lines += [_budget(toolbox, one, now=now) for one in ordered[:ROWS]]
    if len(ordered) > ROWS:
        toolbox.figures["budgets_not_listed"] = len(ordered) - ROWS
        lines.append(f"  … and {len(ordered) - ROWS} more")
    heeded |= {"by"} if set(question.slots.by) <= {Dimension.TENANT} else set()
    heeded |= _honoured(question) & {"metric"}
    lines += told_without(question, "A budget", honours=_OF_BUDGETS | heeded)
    tenant = ordered[0].tenant
    return Told(
        tuple(lines),
        (
            f"What did tenant {tenant} cost in the last 7 days?",
            f"Where can we save money for tenant {tenant} in the last 7 days?",
        ),
    )


async def _budgets(toolbox: Toolbox, where: Slice, at: datetime | None) -> list[Budget]:
    """All budgets; of the tenants that are named also those of their users."""
    tenants = where.tenant
    if tenants is None and where.user is not None:
        tenants = frozenset((await toolbox.names()).tenants)
        if len(tenants) > _TENANTS:
            raise CantTell(
                "the budget of a user is told within a tenant; name the tenant: "
                f"{known(await toolbox.names(), 'tenants')}"
            )
    if tenants is None:
        return await toolbox.budgets(at=at)
    found = [await toolbox.budgets(tenant=tenant, at=at) for tenant in sorted(tenants)]
    return [one for some in found for one in some]


def _narrowed(found: list[Budget], where: Slice) -> tuple[list[Budget], set[str]]:
    """The budgets that are for what a slice names, and which of its fields that goes by."""
    if where.user is not None:
        users = where.user
        found = [one for one in found if any(_names(one, "user", user) for user in users)]
    else:
        found = [one for one in found if not any(ref.kind == "user" for ref in one.where)]
    asked = {name: values for name, values in where.given().items() if name in _NARROWING}
    narrow = [
        one
        for one in found
        if all(any(_names(one, name, v) for v in values) for name, values in asked.items())
    ]
    return (narrow, set(asked)) if narrow else (found, set())


def _names(one: Budget, kind: str, name: str) -> bool:
    return EntityRef(kind, name) in one.where


def _left(one: Budget) -> float:
    return one.remaining_usd / one.limit_usd if one.limit_usd else 0.0


def _budget(toolbox: Toolbox, one: Budget, *, now: datetime) -> str:
    spent, limit = (figure(usd, metric=Metric.COST) for usd in (one.spent_usd, one.limit_usd))
    where = f" for {things(one.where)}" if one.where else ""
    return (
        f"  tenant {one.tenant}, {one.id}{where}, the {one.period} "
        f"{span(Period(one.starts_at, one.ends_at))}: {_rest(toolbox, one)}, {spent} of {limit} "
        f"spent by {many(one.requests, 'request')}, burn rate {one.burn_rate:.3g}; "
        f"{_lasts(one, now=now)}"
    )


def _rest(toolbox: Toolbox, one: Budget) -> str:
    """What is left, or by how much it is overspent."""
    name = f"tenant {one.tenant}, {one.id}"
    if one.remaining_usd <= 0:
        toolbox.figures[f"overspent of {name}"] = -one.remaining_usd
        return f"nothing left, {figure(-one.remaining_usd, metric=Metric.COST)} overspent"
    toolbox.figures[f"share left of {name}"] = _left(one)
    return f"{figure(one.remaining_usd, metric=Metric.COST)} left ({percent(_left(one))})"


def _lasts(one: Budget, *, now: datetime) -> str:
    if one.exhausted_at is not None and one.exhausted_at <= now:
        return f"used up since {clock(one.exhausted_at)}"
    if one.forecast_usd is None:
        return "how long it lasts is not known: nothing that cost anything was recorded"
    told, low, high = (
        figure(usd, metric=Metric.COST)
        for usd in (one.forecast_usd, one.forecast_low_usd, one.forecast_high_usd)
    )
    expected = f"{told} are expected by the end (80 %: {low} to {high})"
    if one.exhausted_at is None:
        return f"{expected}, so it lasts"
    return f"{expected}, so it runs out at {clock(one.exhausted_at)}"


async def savings(question: Question, toolbox: Toolbox) -> Told:
    """What could be routed more cheaply at equal quality, and what that had saved."""
    await only_known(question, toolbox)
    where = sliced(question)
    period = await when.during(question, toolbox, back=WEEK)
    asked = Asked(question, toolbox, Metric.COST, period, where, ())
    (spent,) = await asked.against(usual(period)[0])
    if not spent.count_after:
        raise CantTell(nothing(Metric.COST, where, period))
    found = await toolbox.savings(during=period, where=where if where.given() else None)
    behind_it = (
        f"{valued(spent.after, metric=Metric.COST)} was spent on {of_slice(where)} by "
        f"{many(spent.count_after, 'request')}, {span(period)}"
    )
    lines = [
        *(_saved(found, behind_it) or [f"No cheaper route is surely as good; {behind_it}."]),
        *told_without(question, "A saving", honours=_honoured(question)),
    ]
    if len(found) > _SAVINGS:
        toolbox.figures["savings_not_listed"] = len(found) - _SAVINGS
    return Told(
        tuple(lines),
        (
            f"What did we spend{asking(where)} "
            f"{in_period(question, period, default='in the last 7 days')}?",
        ),
    )


def _saved(found: Sequence[Saving], behind_it: str) -> list[str]:
    if not found:
        return []
    lines = [f"Cheaper at equal quality, the greatest saving first; {behind_it}."]
    for one in found[:_SAVINGS]:
        saved, low, high, spent = (
            figure(usd, metric=Metric.COST)
            for usd in (one.saved_usd, one.saved_low_usd, one.saved_high_usd, one.spent_usd)
        )
        delta, worst, best = (
            difference(part, metric=Metric.QUALITY)
            for part in (one.quality_delta, one.quality_low, one.quality_high)
        )
        lines.append(
            f"  {things(one.where)} on {one.route}: {saved} of {spent} saved (95 %: {low} to "
            f"{high}), quality {delta} (95 %: {worst} to {best}), from "
            f"{many(one.requests, 'request')} and {one.samples:.0f} effective scores"
        )
    if len(found) > _SAVINGS:
        lines.append(f"  … and {len(found) - _SAVINGS} more")
    return lines
