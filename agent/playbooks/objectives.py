"""Service level objectives in words: which call for action, how fast their error budgets burn."""

from collections.abc import Sequence
from typing import Final

from agent.playbooks import when
from agent.playbooks.answering import CantTell, Told, clock, told_without
from agent.playbooks.places import known, only_known
from agent.playbooks.slicing import ROWS, many, names_all, sliced, things
from agent.toolbox import Toolbox
from agent.understanding.question import Question
from graph.objectives.burn import Burn, SloAction, spell
from graph.slices import Metric
from graph.slos import SloStatus
from graph.words import percent

_URGENT_FIRST: Final = (
    SloAction.LOCKDOWN,
    SloAction.FREEZE,
    SloAction.UNKNOWN,
    SloAction.CONTINUE,
)
_CALLS_FOR: Final = {
    SloAction.LOCKDOWN: "lockdown, only what restores service",
    SloAction.FREEZE: "freeze, no risky changes",
    SloAction.UNKNOWN: "not known",
    SloAction.CONTINUE: "continue, the error budget lasts",
}
# The error rate narrows nothing: an error budget is what every objective has.
_KIND: Final = {
    Metric.QUALITY: "quality",
    Metric.LATENCY_MEAN: "latency",
    Metric.LATENCY_P50: "latency",
    Metric.LATENCY_P95: "latency",
    Metric.TTFT_P95: "latency",
}
_SCOPED: Final = frozenset({"tenant", "tier", "task_type", "deployment", "model", "backend"})
_TOLD_BURNS: Final = frozenset({60, 360})
_REASONS: Final = 4
_BURNERS: Final = 2


async def slos(question: Question, toolbox: Toolbox) -> Told:
    """Every objective that the question is about, the most urgent first."""
    await only_known(question, toolbox)
    at = await when.instant(question, toolbox)
    all_of_them = await toolbox.slos(at=at)
    found = [one for one in all_of_them if _meant(question, one)]
    if not found:
        names = await toolbox.names()
        what = "that fits the question " if all_of_them else ""
        raise CantTell(f"no objective {what}is defined; {known(names, 'slos')}")
    ordered = sorted(found, key=_urgency)
    counts = [
        f"{number} {action.value}"
        for action in _URGENT_FIRST
        if (number := sum(one.action is action for one in found))
    ]
    toolbox.figures["objectives"] = len(found)
    toolbox.figures["objectives_by_action"] = {
        action.value: sum(one.action is action for one in found) for action in _URGENT_FIRST
    }
    lines = [f"{many(len(found), 'objective')}, as of {clock(at or question.now)}: "
             f"{', '.join(counts)}."]  # fmt: skip
    for one in ordered[:ROWS]:
        lines += _objective(one)
    if len(ordered) > ROWS:
        toolbox.figures["objectives_not_listed"] = len(ordered) - ROWS
        lines.append(f"  … and {len(ordered) - ROWS} more")
    lines += told_without(question, "An objective", honours=_SCOPED | {"during", "metric", "slo"})
    certain = any(one.action is not SloAction.UNKNOWN for one in found)
    return Told(tuple(lines), _next(ordered[0]), certain)


def _meant(question: Question, one: SloStatus) -> bool:
    """Whether an objective is the one named, or about the slice and the metric that are."""
    slots = question.slots
    if slots.slo is not None:
        return one.id == slots.slo
    kind = None if slots.metric is None else _KIND.get(slots.metric)
    where = sliced(question)
    tenants = where.tenant
    return (
        (kind is None or one.objective == kind)
        and (tenants is None or one.tenant in tenants)
        and names_all(one.where, where)
    )


def _urgency(one: SloStatus) -> tuple[int, float, str, str]:
    left = one.error_budget_remaining
    return _URGENT_FIRST.index(one.action), 1.0 if left is None else left, one.tenant, one.id


def _objective(one: SloStatus) -> list[str]:
    limit = ""
    if one.threshold is not None:
        limit = f" at most {one.threshold:,.4g} ms" if one.objective == "latency" else (
            f" at least {one.threshold:.3g}"
        )  # fmt: skip
    where = things(one.where)
    lines = [
        f"  {one.id} of tenant {one.tenant} ({one.objective}{limit}, {where}): "
        f"{_CALLS_FOR[one.action]}"
    ]
    lines += [f"    {words}" for words in one.reasons[:_REASONS]]
    burns = [_burn(burn) for burn in one.burns if burn.window_minutes in _TOLD_BURNS]
    if burns:
        lines.append(f"    burn rate: {', '.join(burns)}")
    lines += _burners(one)
    return lines


def _burn(burn: Burn) -> str:
    window = spell(burn.window_minutes)
    if burn.rate is None:
        return f"not known over {window}"
    return f"{burn.rate:.3g} over {window} from {burn.events:,}"


def _burners(one: SloStatus) -> list[str]:
    told: Sequence[str] = [
        f"{things(share.where)} holds {percent(share.share)} of the bad ones"
        for share in one.burned_by[:_BURNERS]
    ]
    return [f"    {', '.join(told)}"] if told else []


def _next(one: SloStatus) -> tuple[str, ...]:
    name = {"availability": "error rate", "latency": "p95 latency"}.get(one.objective, "quality")
    return (f"Why did {name} change for tenant {one.tenant} in the last 24 hours?",)
