"""What goes wrong and what is planned: incidents, those like them, and maintenance."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from agent.playbooks import when
from agent.playbooks.answering import CantTell, Told, clock, listed, span, told_without
from agent.playbooks.places import PLACES, Place, only_known
from agent.toolbox import Toolbox
from agent.understanding.question import Moment, Question
from graph.errors import InvalidInput, NotFound
from graph.evidence import Incident, Maintenance
from graph.names import Happening
from graph.similar import SimilarIncident
from graph.slices import Period
from graph.words import counted

_MOST: Final = 12
_MOST_ALIKE: Final = 5
_LOOKED_BACK: Final = timedelta(days=35)
"""How far back the last incident is looked for, where none is open."""
_AHEAD: Final = timedelta(days=7)
"""Planned work is told for so long ahead, where the question does not say."""


async def incidents(question: Question, toolbox: Toolbox) -> Told:
    """Those that are open, or were at a time that is asked about, the newest first."""
    await only_known(question, toolbox)
    told = question.times.during
    names = await toolbox.names()
    slots, place = question.slots, Place.of(question.slots.where, names.deployments)
    at: datetime | None = None
    alone = slots.incident is not None and not isinstance(told, Period | Moment)
    if alone:
        found, words = await toolbox.incidents(), ""
    elif told is None or isinstance(told, Moment):
        at = (await when.instant(question, toolbox)) or toolbox.world.now
        found, words = await toolbox.incidents(active_at=at), f"as of {clock(at)}"
    else:
        period = await when.during(question, toolbox, back=_AHEAD)
        found = await toolbox.incidents(from_=period.start, to=period.end)
        words = span(period)
    fitting = [one for one in _fitting(found, place) if slots.incident in (None, one.id)]
    if alone:
        if not fitting:
            raise CantTell(f"no incident {slots.incident} is known")
        lines = [line for one in fitting for line in _story(one)]
    else:
        lines = [_count(fitting, place, words, at=at)]
        shown = fitting[:_MOST]
        lines += [f"  {open_line(one)}" for one in shown] if at else _told(shown)
        lines += _rest(len(fitting) - _MOST)
    if not fitting and at is not None:
        lines.append(await _last(toolbox, place, before=at))
    lines += told_without(
        question, "The list of incidents", honours=PLACES | {"during", "incident"}
    )
    toolbox.figures |= {"incidents": len(fitting), "more": max(0, len(fitting) - _MOST)}
    toolbox.figures["still_open"] = sum(one.resolved_at is None for one in fitting)
    if at is not None:
        toolbox.figures["as_of"] = at
    return Told(tuple(lines), _after_incidents(fitting))


async def maintenance(question: Question, toolbox: Toolbox) -> Told:
    """Planned work that is under way, and what begins in the days after."""
    await only_known(question, toolbox)
    told = question.times.during
    start = question.now
    end = start + (question.times.ahead or _AHEAD)
    if told is not None:
        period = await when.during(question, toolbox, back=_AHEAD)
        start, end = period.start, period.end
        if isinstance(told, Moment):
            start = end = told.at
    found = await toolbox.maintenance(at=start, until=None if start == end else end)
    names = await toolbox.names()
    place = Place.of(question.slots.where, names.deployments)
    fitting = [one for one in found if place.reached(one.scope_kind, one.scope_id)]
    reach = f" reaching {place.words}" if place.named else ""
    time = f"at {clock(start)}" if start == end else span(Period(start, end))
    now = min(max(start, question.now), end) if told is not None else question.now
    under_way = [one for one in fitting if one.active_at(now)]
    if fitting:
        lines = [
            f"{counted(len(fitting), 'maintenance window')}{reach} {time}, "
            f"{len(under_way)} of them under way at {clock(now)}:"
        ]
    else:
        lines = [f"No maintenance{reach} is under way or planned {time}."]
    lines += [_planned(one, now) for one in fitting[:_MOST]] + _rest(len(fitting) - _MOST)
    honours = PLACES | {"during", "ahead"}
    lines += told_without(question, "Maintenance", honours=honours)
    toolbox.figures |= {"maintenance": len(fitting), "under_way": len(under_way)}
    toolbox.figures |= {"from": start, "to": end, "at": now}
    toolbox.figures["more"] = max(0, len(fitting) - _MOST)
    return Told(tuple(lines), ("Which incidents are open?", "Which deployments are unhealthy?"))


async def similar_incidents(question: Question, toolbox: Toolbox) -> Told:
    """Earlier incidents like the one named, like some words, or like the newest."""
    await only_known(question, toolbox)
    slots = question.slots
    like, text, title = slots.incident, slots.text, ""
    if like is None and text is None:
        newest = await _newest(question, toolbox)
        if newest is None:
            raise CantTell("no incident is known to find the like of; name one, or say its words")
        like, title = newest.id, f" ({newest.title})"
    try:
        found = await toolbox.similar_incidents(
            incident=like, text=None if like is not None else text, first=_MOST_ALIKE
        )
    except (NotFound, InvalidInput) as error:
        raise CantTell(str(error)) from error
    if isinstance(question.times.during, Period):
        during = await when.during(question, toolbox, back=_AHEAD)
        found = [one for one in found if during.start <= one.incident.opened_at < during.end]
    what = f"like {like}{title}" if like is not None else f"speaking of “{text}”"
    toolbox.figures["similar"] = len(found)
    toolbox.figures["similarity"] = {one.incident.id: one.similarity for one in found}
    if not found:
        return Told((f"No earlier incident {what} is known.",), ("Which incidents are open?",))
    lines = [f"{counted(len(found), 'incident')} {what}, the most alike first:"]
    lines += [line for place, one in enumerate(found, start=1) for line in _alike(place, one)]
    lines += told_without(question, "Likeness", honours={"incident", "during"})
    alike = found[0].incident.id
    follow_ups = (f"Why did latency change during incident {alike}?", "What changed today?")
    return Told(tuple(lines), follow_ups)


def open_line(one: Incident) -> str:
    """An open incident, with how grave it is, where, and since when."""
    return (
        f"Open incident {one.id} ({one.severity}, {_scope(one)}) since {clock(one.opened_at)}: "
        f"{one.title}."
    )


def _scope(one: Incident | Maintenance) -> str:
    return one.scope_id or "everything"


def _rest(more: int) -> list[str]:
    return [f"  … and {more} more"] if more > 0 else []


def _count(found: Sequence[Incident], place: Place, words: str, *, at: datetime | None) -> str:
    reach = f" reaching {place.words}" if place.named else ""
    many = counted(len(found), "incident") if found else "No incident"
    verb = "is" if len(found) <= 1 else "are"
    if at is not None:
        return f"{many}{reach} {verb} open, {words}."
    verb = "was" if len(found) <= 1 else "were"
    still = sum(one.resolved_at is None for one in found)
    rest = f", {still} of them not resolved yet" if still else ""
    return f"{many}{reach} {verb} open at some time {words}{rest}."


def _told(found: Sequence[Incident]) -> list[str]:
    return [
        f"  {open_line(one)}"
        if one.resolved_at is None
        else f"  Incident {one.id} ({one.severity}, {_scope(one)}), opened {clock(one.opened_at)}, "
        f"resolved {clock(one.resolved_at)}: {one.title}."
        for one in found
    ]


def _story(one: Incident) -> list[str]:
    """An incident by itself, also what people noted of it; that is theirs, and quoted."""
    lines = [line.strip() for line in _told([one])]
    if one.affected_deployments:
        lines.append(f"  Affected: {listed(one.affected_deployments)}.")
    if one.root_cause:
        lines.append(f"  Noted in its report: “{one.root_cause}”.")
    return lines


async def _last(toolbox: Toolbox, place: Place, *, before: datetime) -> str:
    """The last incident before an instant at which none is open."""
    weeks = Period(before - _LOOKED_BACK, before)
    found = await toolbox.incidents(from_=weeks.start, to=weeks.end)
    last = next(iter(_fitting(found, place)), None)
    if last is None:
        return f"  Nor was one open at any time {span(weeks)}."
    (line,) = _told([last])
    return f"  The last one: {line.strip()}"


def _fitting(found: Sequence[Incident], place: Place) -> list[Incident]:
    """Those that reach a place, the newest first."""
    return [
        one
        for one in reversed(found)
        if place.reached(one.scope_kind, one.scope_id, affected=one.affected_deployments)
    ]


def _named(place: Place, target: str) -> bool:
    return any(place.reached(kind, target) for kind in ("deployment", "model", "backend"))


async def _newest(question: Question, toolbox: Toolbox) -> Happening | None:
    """The newest incident that touches what the question names; else the newest at all."""
    names = await toolbox.names()
    place = Place.of(question.slots.where, names.deployments)
    past = [one for one in names.incidents if one.at <= question.now]
    touching = [one for one in past if any(_named(place, target) for target in one.targets)]
    return next(iter(touching or past), None)


def _planned(one: Maintenance, now: datetime) -> str:
    phase = "under way" if one.active_at(now) else "planned"
    return (
        f"  {one.id} ({_scope(one)}), {phase}, from {clock(one.starts_at)} to "
        f"{clock(one.ends_at)}: {one.title}."
    )


def _alike(place: int, one: SimilarIncident) -> list[str]:
    (told,) = _told([one.incident])
    return [
        f"  {place}. {100 * one.similarity:.0f} % alike: {told.strip()}",
        f"     {'; '.join(one.because)}",
    ]


def _after_incidents(found: Sequence[Incident]) -> tuple[str, ...]:
    if not found:
        return ("Which deployments are unhealthy?", "What changed today?")
    first = found[0].id
    return (
        f"Which incidents are similar to {first}?",
        f"Why did latency change since incident {first}?",
    )
