"""What was changed in a period, and what can be asked at all."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from agent.playbooks import when
from agent.playbooks.answering import CantTell, Told, clock, of_slice, span, told_without
from agent.playbooks.places import Place, only_known
from agent.toolbox import Toolbox
from agent.understanding.question import Intent, Moment, Question
from graph.fleet import Change
from graph.names import Names
from graph.slices import Period, Slice
from graph.words import counted

_A_DAY: Final = timedelta(days=1)
_A_WEEK: Final = timedelta(days=7)
_MOST: Final = 12
_ROLLOUTS: Final = frozenset({"rollout", "release"})
_HONOURED: Final = frozenset(
    {
        *("deployment", "model", "backend", "task_type", "tier", "tenant", "policy", "experiment"),
        *("during", "change"),
    }
)


async def changes(question: Question, toolbox: Toolbox) -> Told:
    """What was changed in a period, the newest first, and which incidents opened in it.

    Without a period the last day; where nothing was changed in it, the last week.
    """
    await only_known(question, toolbox)
    slots = question.slots
    during = await _period(question, toolbox)
    found = await toolbox.changes(from_=during.start, to=during.end)
    fitting = await _fitting(found, question, toolbox)
    lines: list[str] = []
    if not fitting and question.times.during is None and slots.change is None:
        lines.append(f"{_count(fitting, slots.where, during)}.")
        during = Period(question.now - _A_WEEK, question.now)
        found = await toolbox.changes(from_=during.start, to=during.end)
        fitting = await _fitting(found, question, toolbox)
    if slots.change is not None and not fitting:
        raise CantTell(f"no change {slots.change} is known {span(during)}")
    lines.append(f"{_count(fitting, slots.where, during)}{':' if fitting else '.'}")
    lines += [_line(one) for one in fitting[:_MOST]]
    if len(fitting) > _MOST:
        lines.append(f"  … and {len(fitting) - _MOST} earlier")
    others = len(found) - len(fitting)
    if others:
        names = "names" if others == 1 else "name"
        lines.append(f"{counted(others, 'other change')} in that time {names} nothing of it.")
    lines += await _opened(question, toolbox, during)
    lines += told_without(question, "A change", honours=_HONOURED)
    toolbox.figures |= {"changes": len(fitting), "others": others, "during": during}
    toolbox.figures["earlier"] = max(0, len(fitting) - _MOST)
    return Told(tuple(lines), _after(fitting, during))


async def help(question: Question, toolbox: Toolbox) -> Told:  # noqa: A001  # the intent's name
    """What can be asked: an example for each intent, with names of this fleet."""
    names = await toolbox.names()
    examples = examples_of(names)
    told = [f"  {examples[intent]}" for intent in Intent if intent in examples]
    first = "These can be asked, in such words or others, about any time and part of the fleet:"
    few = (Intent.FLEET_HEALTH, Intent.WHY_CHANGED, Intent.FORECAST)
    return Told((first, *told), tuple(examples[intent] for intent in few))


def examples_of(names: Names) -> dict[Intent, str]:
    """A question of each intent that this fleet can be asked, in the order of the intents."""

    def some(kind: Sequence[str], otherwise: str) -> str:
        return kind[0] if kind else otherwise

    model = some(names.models, "a model")
    backend = some(names.backends, "a backend")
    deployment = some(names.deployments, "a deployment")
    task, tier = some(names.task_types, "chat"), some(names.tiers, "premium")
    incident = names.incidents[0].id if names.incidents else "the last incident"
    rollouts = [one.id for one in names.changes if one.kind in _ROLLOUTS]
    experiment = some(names.experiments, "the experiment")
    return {
        Intent.FLEET_HEALTH: "Which deployments are unhealthy?",
        Intent.STATUS: f"How is {model} doing on its backends?",
        Intent.INCIDENTS: "Which incidents are open?",
        Intent.MAINTENANCE: "Is any maintenance planned?",
        Intent.WHY_CHANGED: f"Why did quality drop for {task} yesterday?",
        Intent.WHY_ROUTED: "Why did request <id> go where it went?",
        Intent.WHAT_IF: f"What would latency have been without {backend} yesterday?",
        Intent.ERROR_CAUSES: f"What causes errors on {deployment}?",
        Intent.TREND: f"How many requests did the {tier} tier send by day this week?",
        Intent.COMPARE: f"How was p95 latency of {model} yesterday against last week?",
        Intent.BEST_MODEL: f"Which model is best for {task}?",
        Intent.COST: "What did we spend by tenant this week, and was any of it unusual?",
        Intent.BUDGET: "How much budget is left?",
        Intent.SAVINGS: "What could be routed more cheaply?",
        Intent.SLOS: "How much error budget is left?",
        Intent.FORECAST: "How many requests come in the next hour?",
        Intent.CAPACITY_RISK: f"Which deployments are at risk without {backend}?",
        Intent.EXPERIMENT: f"Who wins {experiment}?",
        Intent.ROLLOUT: f"What did {some(rollouts, 'the last rollout')} do?",
        Intent.CHANGES: "What changed since yesterday?",
        Intent.SIMILAR_INCIDENTS: f"Which incidents are similar to {incident}?",
        Intent.WHICH_BACKEND: f"Which backend for a {task} request?",
    }


async def _period(question: Question, toolbox: Toolbox) -> Period:
    """The period asked about; of a change by name, the five weeks in which it is known."""
    told = question.times.during
    if question.slots.change is not None and not isinstance(told, Period | Moment):
        return Period(question.now - 5 * _A_WEEK, question.now)
    return await when.during(question, toolbox, back=_A_DAY)


async def _fitting(found: Sequence[Change], question: Question, toolbox: Toolbox) -> list[Change]:
    """Those that name something of what the question does, the newest first."""
    slots = question.slots
    place = Place.of(slots.where, (await toolbox.names()).deployments)
    return [
        one
        for one in reversed(found)
        if (slots.change is None or one.id == slots.change) and _touches(one, place)
    ]


def _touches(one: Change, place: Place) -> bool:
    given = place.where.given()
    if not given:
        return True
    ids = {one.id, one.id.rpartition("@")[0], *(target.id for target in one.targets)}
    if any(not ids.isdisjoint(values) for values in given.values()):
        return True
    return place.named and any(place.reached(each.kind, each.id) for each in one.targets)


def _count(found: Sequence[Change], where: Slice, during: Period) -> str:
    reach = f" naming {of_slice(where)}" if where.given() else ""
    if not found:
        return f"No change{reach} is recorded {span(during)}"
    return f"{counted(len(found), 'change')}{reach} {span(during)}"


def _line(one: Change) -> str:
    named = ", ".join(f"{target.kind.replace('_', ' ')} {target.id}" for target in one.targets)
    told = [part for part in (named, f"by {one.author}" if one.author else "") if part]
    about = f" ({'; '.join(told)})" if told else ""
    return f"  {clock(one.at)} {one.kind} {one.id}: {one.title}{about}"


async def _opened(question: Question, toolbox: Toolbox, during: Period) -> list[str]:
    """The incidents that opened meanwhile: they are no changes, but happened as well."""
    found = await toolbox.incidents(from_=during.start, to=during.end)
    place = Place.of(question.slots.where, (await toolbox.names()).deployments)
    return [
        f"  {clock(one.opened_at)} incident {one.id} opened ({one.severity}): {one.title}"
        for one in found
        if one.opened_at >= during.start
        and place.reached(one.scope_kind, one.scope_id, affected=one.affected_deployments)
    ][:_MOST]


def _after(found: Sequence[Change], during: Period) -> tuple[str, ...]:
    rollout = next((one.id for one in found if one.kind in _ROLLOUTS), None)
    why = f"Why did latency change since {clock(during.start)}?"
    return (why,) if rollout is None else (f"What did the rollout {rollout} do?", why)
