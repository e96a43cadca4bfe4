"""What comes next in words: the coming hours, who is at risk, and who with a backend lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from agent.playbooks.answering import CantTell, Told, clock, listed, of_slice, told_without
from agent.playbooks.places import Place, only_known
from agent.playbooks.slicing import ROWS, TRAFFIC, dimensions, many, sliced, things
from agent.toolbox import MINUTE, Toolbox
from agent.understanding.question import Intent, Question
from graph.capacity import CapacityRisk
from graph.figures import figure
from graph.forecast import FARTHEST, ForecastPoint, ForecastSeries
from graph.slices import Demand, Dimension, Metric, Slice
from graph.words import percent

AT_RISK: Final = 0.05
"""From this probability of overload on a deployment is named."""
_AHEAD: Final = timedelta(hours=1)
_SHORT: Final = timedelta(hours=2)
"""Up to so far ahead a step is ten minutes, else an hour."""
_STEP: Final = timedelta(minutes=10)
_HOUR: Final = timedelta(hours=1)
_POINTS: Final = 12
_SHOWN: Final = 3
_OF_METRIC: Final = {
    Metric.VOLUME: Demand.REQUESTS,
    Metric.COST: Demand.COST,
}
_OF_SCORES: Final = frozenset({Dimension.EVALUATOR, Dimension.EVALUATOR_VERSION})
_PLACES: Final = frozenset({"deployment", "model", "backend"})


async def forecast(question: Question, toolbox: Toolbox) -> Told:
    """How many requests, tokens or dollars come, with intervals; by groups where that is asked."""
    await only_known(question, toolbox)
    of = _demand(question)
    ahead = _ahead(question, toolbox)
    step = _STEP if ahead <= _SHORT or ahead % _HOUR else _HOUR
    where = sliced(question)
    by = tuple(dict.fromkeys(question.slots.by))
    if _OF_SCORES & set(by):
        raise CantTell(f"a forecast is not told by {dimensions(by)}: that tells only scores apart")
    found = await _foretold(question, toolbox, of, ahead, step, (), where)
    if not found:
        raise CantTell(
            f"no request of {of_slice(where)} was ever recorded, so that nothing tells what comes"
        )
    (whole,) = found
    until = whole.total.at + len(whole.points) * step
    toolbox.figures["until"] = until
    lines = coming(whole, of=of, until=until, where=where)
    if by:
        groups = await _foretold(question, toolbox, of, ahead, step, by, where)
        lines += _by_group(toolbox, groups, of=of, by=by)
    elif len(whole.points) > 1:
        lines += _points(whole, of=of)
    lines += [f"  {warning}." for warning in whole.warnings]
    metric = {"metric"} if question.slots.metric in _OF_METRIC else set[str]()
    honours = (TRAFFIC - {"metric", "during"}) | {"ahead"} | metric
    if Intent.CAPACITY_RISK in question.also:
        # What is lost, and for how long, is told with the risk.
        honours |= {"without"}
    lines += told_without(question, "A forecast", honours=honours)
    return Told(
        tuple(lines),
        (
            "Which deployments are at risk of overload in the next hour?",
            "How did traffic change in the last 24 hours?",
        ),
    )


def _demand(question: Question) -> Demand:
    """What is counted. Raises CantTell for a metric that is not told ahead."""
    slots = question.slots
    if slots.demand is not None:
        return slots.demand
    if slots.metric is None:
        return Demand.REQUESTS
    if slots.metric is Metric.COST_PER_REQUEST:
        return Demand.COST
    found = _OF_METRIC.get(slots.metric)
    if found is None:
        name = slots.metric.value.lower().replace("_", " ")
        raise CantTell(
            f"{name} is not told ahead; requests, tokens and cost are, and the risk of overload",
            follow_ups=("Which deployments are at risk of overload in the next hour?",),
        )
    return found


def _ahead(question: Question, toolbox: Toolbox) -> timedelta:
    """How far ahead is asked. Raises CantTell beyond what is told."""
    ahead = question.times.ahead or _AHEAD
    if ahead > FARTHEST:
        hours = FARTHEST // _HOUR
        toolbox.figures["farthest_hours"] = hours
        raise CantTell(f"at most {hours} hours ahead can be told; ask for the next {hours} hours")
    return max(ahead, _STEP)


async def _foretold(
    question: Question,
    toolbox: Toolbox,
    of: Demand,
    ahead: timedelta,
    step: timedelta,
    by: tuple[Dimension, ...],
    where: Slice,
) -> list[ForecastSeries]:
    return await toolbox.forecast(
        horizon_minutes=_minutes(ahead),
        step_minutes=step // MINUTE,
        of=of,
        group_by=by,
        where=where if where.given() else None,
        as_of=question.at,
    )


def _minutes(ahead: timedelta) -> int:
    return -(-ahead // MINUTE)


def coming(
    whole: ForecastSeries, *, of: Demand, until: datetime, where: Slice | None = None
) -> list[str]:
    """What is expected of all together until an instant, and what stands behind it."""
    total = whole.total
    low80, high80, low95, high95 = (
        _amount(part, of) for part in (total.low80, total.high80, total.low95, total.high95)
    )
    slice_ = f" of {of_slice(where)}" if where is not None and where.given() else ""
    return [
        f"From {clock(total.at)} to {clock(until)}, {_amount(total.expected, of)}{_noun(of)}"
        f"{slice_} are expected (80 %: {low80} to {high80}; 95 %: {low95} to {high95}).",
        f"  {whole.method}; from {whole.requests:,} requests.",
    ]


def _amount(value: float, of: Demand) -> str:
    if of is Demand.COST:
        return figure(value, metric=Metric.COST)
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _noun(of: Demand) -> str:
    return "" if of is Demand.COST else f" {of.value.lower()}"


def _points(whole: ForecastSeries, *, of: Demand) -> list[str]:
    """Step by step, or only the busiest step where there are many."""
    busiest = max(whole.points, key=lambda point: (point.expected, -point.at.timestamp()))
    lines = [f"  Busiest step: {_point(busiest, of)}"]
    if len(whole.points) <= _POINTS:
        lines += ["  Step by step:", *(f"    {_point(point, of)}" for point in whole.points)]
    return lines


def _point(point: ForecastPoint, of: Demand) -> str:
    low, high = (_amount(part, of) for part in (point.low80, point.high80))
    return f"from {clock(point.at)}: {_amount(point.expected, of)} (80 %: {low} to {high})"


def _by_group(
    toolbox: Toolbox,
    groups: Sequence[ForecastSeries],
    *,
    of: Demand,
    by: Sequence[Dimension],
) -> list[str]:
    ordered = sorted(groups, key=lambda one: (-one.total.expected, things(one.key)))
    lines = [f"  By {dimensions(by)}:"]
    for one in ordered[:ROWS]:
        low, high = (_amount(part, of) for part in (one.total.low80, one.total.high80))
        lines.append(
            f"    {things(one.key)}: {_amount(one.total.expected, of)} (80 %: {low} to {high}), "
            f"from {one.requests:,} requests"
        )
        lines += [f"      {warning}." for warning in one.warnings]
    if len(ordered) > ROWS:
        toolbox.figures["groups_not_listed"] = len(ordered) - ROWS
        lines.append(f"    … and {len(ordered) - ROWS} more")
    return lines


async def capacity_risk(question: Question, toolbox: Toolbox) -> Told:
    """Who may get more than they can carry, and who would with something lost."""
    await only_known(question, toolbox)
    horizon = _minutes(_ahead(question, toolbox))
    lost = question.slots.without
    now = await toolbox.capacity_risk(horizon_minutes=horizon, as_of=question.at)
    if not now:
        raise CantTell("no deployment is known, so that nothing tells what could be too much")
    toolbox.figures["horizon_minutes"] = horizon
    lines = [f"In the next {many(horizon, 'minute')} from {clock(question.now)}:"]
    if lost:
        without = await toolbox.capacity_risk(
            horizon_minutes=horizon, without=lost, as_of=question.at
        )
        named = listed(sorted(lost))
        lines += at_risk(_asked(question, without), toolbox=toolbox, lost=named)
        lines += _moved(_asked(question, without))
        lines += at_risk(_asked(question, now), toolbox=toolbox)
    else:
        lines += at_risk(_asked(question, now), toolbox=toolbox)
    lines.append("  All tenants' traffic counts: a deployment carries it together.")
    lines += told_without(question, "The risk", honours=_PLACES | {"without", "ahead", "by"})
    certain = any(one.probability_overload is not None for one in now)
    return Told(tuple(lines), _next(now, lost), certain)


def _asked(question: Question, found: Sequence[CapacityRisk]) -> list[CapacityRisk]:
    """Those that the question names, and those that are lost; all where it names none."""
    place = Place.of(question.slots.where, (one.deployment for one in found))
    return [one for one in found if not place.named or one.deployment in place.deployments]


def at_risk(
    found: Sequence[CapacityRisk], *, toolbox: Toolbox | None = None, lost: str | None = None
) -> list[str]:
    """Who may get more than they can carry; with `lost`, had that been lost."""
    serving = [one for one in found if not one.lost]
    unknown = [one for one in serving if one.probability_overload is None]
    judged = len(serving) - len(unknown)
    threatened = [one for one in serving if (one.probability_overload or 0.0) >= AT_RISK]
    gone = [one for one in found if one.lost and not lost]
    if toolbox is not None:
        toolbox.figures[f"without {lost}" if lost else "as things are"] = {
            "judged": judged,
            "at_risk": len(threatened),
            "unknown": len(unknown),
            "not_listed": max(len(threatened) - _SHOWN, 0),
        }
    subject = f"Without {lost}, at risk" if lost else "At risk of overload"
    of = f"{many(judged, 'deployment')} whose capacity is known"
    lines = [f"{subject}: {len(threatened) or 'none'} of {of}."]
    if not judged:
        lines = [f"{subject}: not known, as no capacity is."]
    lines += [_threatened(one) for one in threatened[:_SHOWN]]
    if len(threatened) > _SHOWN:
        lines.append(f"  … and {len(threatened) - _SHOWN} more")
    if unknown:
        names = listed([one.deployment for one in unknown])
        lines.append(f"  Of {len(unknown)} it is not known what they can carry: {names}.")
    if gone:
        lines.append(f"  Lost already: {listed([one.deployment for one in gone])}.")
    return lines


def _threatened(one: CapacityRisk) -> str:
    worst = f" from {clock(one.worst_at)}" if one.worst_at else ""
    return (
        f"  {one.deployment}: {percent(one.probability_overload or 0.0)}{worst}; expects "
        f"{one.expected_load:.3g} (95 %: up to {one.high_load:.3g}) of {one.capacity:.3g} "
        f"requests per second{f', by its {one.limited_by}' if one.limited_by else ''}."
    )


def _moved(found: Sequence[CapacityRisk]) -> list[str]:
    """Who takes over what the lost ones served."""
    taking = sorted((one for one in found if one.moved_load > 0), key=lambda one: -one.moved_load)
    return [
        f"  {one.deployment} takes over {one.moved_load:.3g} requests per second."
        for one in taking[:_SHOWN]
    ]


def _next(found: Sequence[CapacityRisk], lost: frozenset[str]) -> tuple[str, ...]:
    if lost:
        return ("Which deployments are at risk of overload in the next hour?",)
    backend = found[0].deployment.rpartition("@")[2]
    return (
        f"What if we lose {backend}, who is at risk of overload?",
        "How many requests are expected in the next hour?",
    )
