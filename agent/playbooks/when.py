"""The times of a question as periods: what was told relative to something is looked up."""

from datetime import datetime, timedelta
from typing import Final

from agent.playbooks.answering import CantTell
from agent.toolbox import Toolbox
from agent.understanding.question import Anchored, AnchorKind, Moment, Question, Slots, When
from graph.names import Happening, Names
from graph.slices import Period

_AN_HOUR: Final = timedelta(hours=1)
_ONE_KIND: Final = {
    AnchorKind.ROLLOUT: {"rollout", "release"},
    AnchorKind.POLICY: {"policy"},
    AnchorKind.EXPERIMENT: {"experiment"},
}


async def during(question: Question, toolbox: Toolbox, *, back: timedelta) -> Period:
    """The period that is asked about; where the question tells none, `back` until its now.

    Raises CantTell where it is told relative to something that nobody recorded.
    """
    if question.times.during is None:
        return Period(question.now - back, question.now)
    return await period(question.times.during, question, toolbox)


async def compared_to(question: Question, toolbox: Toolbox) -> Period | None:
    """The period that it is compared with; None where the question tells none."""
    told = question.times.compared_to
    return None if told is None else await period(told, question, toolbox)


async def instant(question: Question, toolbox: Toolbox) -> datetime | None:
    """The instant that is asked about; None for now by the clock. Of a period it is the end."""
    told = question.times.during
    if told is None:
        return question.at
    if isinstance(told, Moment):
        return told.at
    end = (await period(told, question, toolbox)).end
    return question.at if end >= question.now else end


async def period(when: When, question: Question, toolbox: Toolbox) -> Period:
    """A time as a period; an instant is the hour up to it. Raises CantTell."""
    if isinstance(when, Period):
        return when
    if isinstance(when, Moment):
        return Period(when.at - _AN_HOUR, when.at)
    found = happening(when, await toolbox.names(), slots=question.slots, now=question.now)
    if found is None:
        told = f"{when.kind.value} {when.id}" if when.id else f"{when.kind.value}"
        raise CantTell(f"no {told} is known that fits, to count the time from")
    return around(when, found, now=question.now)


def happening(when: Anchored, names: Names, *, slots: Slots, now: datetime) -> Happening | None:
    """What a time is told relative to: by its id, else the newest before now that fits the slots.

    Of several that fit equally the newest is meant; one that touches what the question names goes
    before one that does not.
    """
    known = names.incidents if when.kind is AnchorKind.INCIDENT else names.changes
    kinds = _ONE_KIND.get(when.kind)
    fitting = [
        one
        for one in known
        if one.at <= now
        and (when.id is None or one.id.casefold() == when.id.casefold())
        and (kinds is None or one.kind in kinds)
    ]
    named = {name for values in slots.where.given().values() for name in values}
    touching = [one for one in fitting if named & _reach(one)]
    return next(iter(touching or fitting), None)


def around(when: Anchored, found: Happening, *, now: datetime) -> Period:
    """The period that is told relative to what was found; it never reaches beyond now."""
    until = found.until or now
    if when.whole:
        start = found.at + when.start_offset
        end = until + (when.end_offset or timedelta())
    else:
        origin = until if when.after_end else found.at
        start = origin + when.start_offset
        end = now if when.end_offset is None else origin + when.end_offset
    end = min(end, now)
    if start >= end:
        raise CantTell(f"{found.kind} {found.id} leaves no time that has passed to look at")
    return Period(start, end)


def _reach(one: Happening) -> set[str]:
    """What something is about, and the model and backend of each deployment."""
    parts = {part for target in one.targets for part in target.rpartition("@")[::2] if part}
    return {*one.targets, *parts}
