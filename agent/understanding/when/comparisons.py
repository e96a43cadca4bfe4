"""What a time is compared with: `against last week`, `than the day before`, `week over week`."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from agent.understanding.question import Anchored, Moment, When
from agent.understanding.when import anchors
from agent.understanding.when.dates import LENGTHS, Calendar, Stretch, Unit
from agent.understanding.when.days import day
from agent.understanding.when.lengths import length, unit
from agent.understanding.when.lexicon import PARTS, WEEKDAYS, bag
from agent.understanding.when.ranges import between, expression
from agent.understanding.when.reading import Read, Words
from agent.understanding.when.stretches import shift, stretch
from graph.slices import Period

_FILLERS: Final = bag(
    "it was were is they what we had saw on in the at for during those that of values value level "
    "levels figures figure numbers number ones how did us been a the whole entire all"
)
_WITH: Final = bag("to with against")
_COMPARED: Final = bag("compared comparing compare relative comparison opposed contrast")
_USUAL: Final = bag("usual usually normal normally typical typically baseline expected always ever")
_BACK: Final = bag("before earlier previous prior")
_COMPARING: Final = bag("compare compared comparing comparison difference differ different delta")
_CHANGING: Final = bag("change changed go went drop dropped rise rose grow grew move moved develop")
_SAME: Final = bag(
    "time times period day hour hours window interval week month part stretch weekday date point"
)
_COMPARATIVES: Final = bag(
    "worse better more less slower faster higher lower cheaper dearer bigger smaller longer shorter"
)
"""Words after which `then` is a misspelt `than`."""
_FAR: Final = bag("up down different differs differ changed change difference increase decrease")
_MORE: Final = bag("increase growth improvement gain rise change jump drop up down")
_LETTERS: Final = {
    "WoW": Unit.WEEK, "DoD": Unit.DAY, "MoM": Unit.MONTH, "YoY": Unit.YEAR, "WOW": Unit.WEEK,
    "DOD": Unit.DAY,
}  # fmt: skip
_UNITS: Final = {Unit.HOUR, Unit.DAY, Unit.WEEK, Unit.WEEKEND, Unit.MONTH, Unit.QUARTER, Unit.YEAR}


@dataclass(frozen=True, slots=True)
class Before:
    """So much just before what is asked about; without a unit, as much as that."""

    unit: Unit | None = None
    count: float = 1
    told: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """What is asked about, moved so far; `over` where it says so itself (`week over week`)."""

    days: int = 0
    months: int = 0
    over: Unit | None = None
    whole_day: bool = False


Against = Stretch | anchors.Found | Before | Moved | None


def comparing(words: Words) -> bool:
    """Whether the question asks to compare."""
    return any(token.word in _COMPARING for token in words.tokens)


def connector(words: Words, i: int, *, follows: bool) -> int | None:
    """The place after words that put what follows beside what is asked about.

    `follows` says that a time stands just before.
    """
    word = words.word(i)
    if word in {"vs", "versus", "against", "than", "unlike"} or (word == "v" and follows):
        if words.isin(i + 1, _COMPARED):
            return None
        return i + 1
    if word == "then" and any(words.isin(k, _COMPARATIVES) for k in range(max(i - 3, 0), i)):
        return i + 1
    if word in _COMPARED and words.isin(i + 1, _WITH):
        return i + 2
    ranged = words.number(i + 1) is not None
    if word == "from" and words.isin(i - 1, _FAR) and not ranged and between(words, i) is None:
        return i + 1
    if word == "over" and words.isin(i - 1, _MORE) and not words.isin(i + 1, bag("the time")):
        return i + 1
    if follows and word in {"and", "to", "with", "or"} and comparing(words):
        return i + 1
    return None


def against(words: Words, i: int) -> tuple[Against, int, int] | None:
    """What stands after a connector: it, where it begins, and the place after it.

    None where it is nothing about time; without a value it is what is usual.
    """
    start = i
    for _ in range(5):
        if words.isin(start, _USUAL):
            return None, start, start + 1
        read = _target(words, start)
        if read is not None:
            return read[0], start, read[1]
        if not words.isin(start, _FILLERS):
            return None
        start += 1
    return None


def _target(words: Words, i: int) -> Read[Against] | None:
    found = anchors.anchored(words, i)
    if found is not None:
        return found, found.after
    relative = _same(words, i) or _before(words, i)
    if relative is not None:
        return relative
    read = expression(words, i)
    return None if read is None else (read[0], read[1])


def _same(words: Words, i: int) -> Read[Against] | None:
    """`the same time last week`, `this time yesterday`, `the same day a week earlier`."""
    at = words.skip(i, bag("at on in for during the"))
    if not (words.has(at, "same") or words.has(at, "this", "time")):
        return None
    if not words.isin(at + 1, _SAME):
        return None
    moved = shift(words, at + 2)
    if moved is None:
        return None
    (days, months), after = moved
    return Moved(days, months, whole_day=words.isin(at + 1, bag("day weekday date"))), after


def _before(words: Words, i: int) -> Read[Against] | None:
    """`the day before`, `the previous week`, `the 24 hours before that`, `a week earlier`."""
    at = words.skip(i, bag("the"))
    if words.has(at, "last") and words.closes(at + 1) and not day(words, at):
        return Before(told=True), at + 1  # `this week against last`
    if words.word(at) in WEEKDAYS and words.isin(at + 1, _BACK) and _ends(words, at + 2):
        return Moved(days=-7, whole_day=True), at + 2
    part = words.word(at) in PARTS or words.has(at, "night")
    if part and words.isin(at + 1, _BACK) and _ends(words, at + 2):
        return Moved(days=-1), at + 2
    if words.isin(at, _BACK) and not words.has(at, "before"):
        told = length(words, at + 1)
        if told is not None:
            return Before(told[0].unit, told[0].count, told=True), told[1]
        alone = unit(words, at + 1)
        if alone in _UNITS and not words.word(at + 1).endswith("s"):
            return Before(alone), at + 2
        if words.isin(at + 1, bag("period one window interval time")):
            return Before(), at + 2
        return None
    if words.isin(at, bag("period one window time interval same")) and words.isin(at + 1, _BACK):
        return Before(), at + 2
    told = length(words, at, bare=True)
    if told is None or not words.isin(told[1], _BACK):
        return None
    after = words.skip(told[1] + 1, bag("that it this then"))
    if after == told[1] + 1 and not _ends(words, after):
        return None
    one = told[0].unit in _UNITS and told[0].count == 1
    if words.has(told[1], "earlier") and one:
        days = {Unit.DAY: -1, Unit.WEEK: -7}.get(told[0].unit, 0)
        months = {Unit.MONTH: -1, Unit.QUARTER: -3, Unit.YEAR: -12}.get(told[0].unit, 0)
        if days or months:
            return Moved(days, months), after
    return Before(told[0].unit, told[0].count, told=not one), after


def _ends(words: Words, i: int) -> bool:
    """Whether nothing follows that `before` could be about."""
    if words.isin(i, bag("yesterday last the noon midnight our inc")) or words.opaque(i):
        return False
    return expression(words, i) is None


def bare_side(words: Words, i: int) -> Read[str] | None:
    """`before` or `after` alone: the other side of what happened."""
    at = words.skip(i, _FILLERS)
    side = {"before": "before", "pre": "before", "after": "after", "post": "after"}.get(
        words.word(at)
    )
    return None if side is None else (side, at + 1)


def over(words: Words, i: int) -> Read[Moved] | None:
    """`week over week`, `WoW`."""
    told = _LETTERS.get(words.raw(i))
    if told is not None:
        return Moved(over=told), i + 1
    told = unit(words, i)
    if told in _UNITS and words.isin(i + 1, bag("over on")) and unit(words, i + 2) is told:
        return Moved(over=told), i + 3
    return None


def pair(words: Words, i: int) -> Read[tuple[Stretch, Stretch]] | None:
    """`difference between last week and this week`, `how did it change from X to Y`.

    The later one first.
    """
    if not words.isin(i, bag("between from")):
        return None
    said = {token.word for token in words.tokens}
    changing = bool(said & _CHANGING) and not words.has(0, "what", "changed")
    if not comparing(words) and not (changing and words.has(i, "from")):
        return None
    first = stretch(words, i + 1, bare=False)
    if first is None or not words.isin(first[1], bag("and to vs")):
        return None
    last = stretch(words, words.skip(first[1] + 1, bag("the")), bare=False)
    if last is None or last[0].grain is None or first[0].grain is None:
        return None
    alike = last[0].grain is first[0].grain and not (last[0].weekday or first[0].weekday)
    if not comparing(words) and not alike:
        return None
    later, earlier = sorted((last[0], first[0]), key=lambda one: one.start, reverse=True)
    return (later, earlier), last[1]


def resolved(
    told: Before | Moved, calendar: Calendar, during: Stretch | When | None
) -> When | None:
    """The time that is meant, beside what is asked about."""
    if isinstance(during, Anchored):
        return _beside_anchored(told, during)
    if isinstance(during, Moment):
        during = Stretch(during.at, during.at)
    elif isinstance(during, Period):
        during = Stretch(during.start, during.end)
    if during is None:
        return _beside_now(told, calendar)
    found = (
        _moved(told, calendar, during)
        if isinstance(told, Moved)
        else _just_before(told, calendar, during)
    )
    end = min(found.end, calendar.now)
    if found.instant:
        return Moment(found.start) if found.start <= calendar.now else None
    return Period(found.start, end) if found.start < end else None


def _beside_now(told: Before | Moved, calendar: Calendar) -> When | None:
    if isinstance(told, Before):
        if told.unit is None:
            return None
        if told.told:
            end = calendar.back(calendar.now, told.count, told.unit)
            return Period(calendar.back(end, told.count, told.unit), end)
        found = calendar.unit(told.unit, back=1)
    elif told.over is not None:
        found = calendar.unit(told.over, back=1)
    else:
        then = calendar.shifted(calendar.now, days=told.days, months=told.months)
        if not told.whole_day:
            return Moment(then)
        found = calendar.days(calendar.date_of(then))
    return Period(found.start, found.end)


def _beside_anchored(told: Before | Moved, during: Anchored) -> Anchored | None:
    if isinstance(told, Before):
        if told.unit is not None:
            return anchors.before(
                during, timedelta(days=1) if told.unit is Unit.DAY else _span(told)
            )
        lasts = during.end_offset
        length = timedelta(days=1) if lasts is None else lasts - during.start_offset
        return anchors.before(during, length)
    if during.end_offset is None or during.whole or not told.days:
        return None
    by = timedelta(days=told.days)
    return replace(during, start_offset=during.start_offset + by, end_offset=during.end_offset + by)


def _span(told: Before) -> timedelta:
    return told.count * LENGTHS[told.unit or Unit.DAY]


def _moved(told: Moved, calendar: Calendar, during: Stretch) -> Stretch:
    days, months = told.days, told.months
    if told.over is not None:
        if during.grain is told.over:
            return calendar.preceding(during)
        days = {Unit.DAY: -1, Unit.WEEK: -7}.get(told.over, 0)
        months = {Unit.MONTH: -1, Unit.QUARTER: -3, Unit.YEAR: -12}.get(told.over, 0)
    end = during.end if during.instant else min(during.end, calendar.now)
    return Stretch(
        calendar.shifted(during.start, days=days, months=months),
        calendar.shifted(end, days=days, months=months),
    )


def _just_before(told: Before, calendar: Calendar, during: Stretch) -> Stretch:
    start = during.start
    if told.unit is None and told.told and during.grain is not None:
        return calendar.preceding(during)
    if told.unit is None:
        return Stretch(start - (min(during.end, calendar.now) - start), start)
    if not told.told:
        first = calendar.date_of(start)
        rolls = during.grain is None and during.end == calendar.now
        if during.grain is told.unit and told.unit is not Unit.HOUR:
            return calendar.preceding(during)
        if told.unit is Unit.DAY and not rolls:
            return calendar.days(first - timedelta(days=1))
    return Stretch(calendar.back(start, told.count, told.unit), start)
