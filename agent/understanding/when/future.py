"""How far a question looks ahead: `the next two hours`, `in 30 minutes`, `rest of the day`."""

from datetime import timedelta
from typing import Final

from agent.understanding.when.clocks import clock, on
from agent.understanding.when.dates import Unit
from agent.understanding.when.lengths import length, unit
from agent.understanding.when.lexicon import bag
from agent.understanding.when.reading import Read, Words

_NEXT: Final = bag("next coming upcoming following")
_CALENDAR: Final = frozenset({Unit.WEEK, Unit.MONTH, Unit.QUARTER, Unit.YEAR, Unit.WEEKEND})
_ENDS: Final = {
    "eod": Unit.DAY, "eow": Unit.WEEK, "eom": Unit.MONTH, "eoy": Unit.YEAR,
}  # fmt: skip


def ahead(words: Words, i: int) -> Read[timedelta] | None:
    """How far from now, from this place."""
    return (
        _next(words, i)
        or _in(words, i)
        or _from_now(words, i)
        or _rest(words, i)
        or _until(words, i)
    )


def _next(words: Words, i: int) -> Read[timedelta] | None:
    """`the next hour`, `over the coming 3 days`; not `next week`, which is one of the calendar."""
    at = words.skip(i, bag("in over for within during through by the"))
    if not words.isin(at, _NEXT):
        return None
    after = words.skip(at, _NEXT)
    counted = length(words, after)
    read = counted or length(words, after, bare=True)
    if read is None or (counted is None and read[0].unit in _CALENDAR and not read[0].told):
        return None
    return read[0].span, read[1]


def _until(words: Words, i: int) -> Read[timedelta] | None:
    """`by 6 pm`, `by midnight`: until then, where it is still to come today."""
    if not words.has(i, "by") or words.past:
        return None
    calendar = words.calendar
    today = calendar.unit(Unit.DAY)
    if words.has(i + 1, "midnight"):
        return today.end - calendar.now, i + 2
    read = clock(words, i + 1)
    if read is None:
        return None
    until = on(calendar, read[0], today.day) if today.day else None
    if until is None or until <= calendar.now:
        return None
    return until - calendar.now, read[1]


def _in(words: Words, i: int) -> Read[timedelta] | None:
    """`in 2 hours`, `within an hour`: ahead, unless the question speaks of what was."""
    if not words.isin(i, bag("in within")) or words.past:
        return None
    if words.has(i, "within", "the", "hour"):
        return timedelta(hours=1), i + 3
    read = length(words, i + 1)
    if read is None or read[0].unit is Unit.SECOND:
        return None
    if words.isin(read[1], bag("of before after ago into to leading until")):
        return None
    return read[0].span, read[1] + 1 if words.has(read[1], "time") else read[1]


def _from_now(words: Words, i: int) -> Read[timedelta] | None:
    """`2 hours from now`, `an hour ahead`, `the hour ahead`."""
    at = words.skip(i, bag("the"))
    read = length(words, at, bare=at > i)
    if read is None:
        return None
    told, after = read
    if words.has(after, "from", "now"):
        return told.span, after + 2
    if words.has(after, "ahead") and not words.has(after, "ahead", "of"):
        return told.span, after + 1
    return None


def _rest(words: Words, i: int) -> Read[timedelta] | None:
    """`the rest of the day`, `by the end of the week`, `later today`."""
    calendar = words.calendar
    at = words.skip(i, bag("for by until till at before over in through the"))
    if words.word(at) in _ENDS:
        return calendar.unit(_ENDS[words.word(at)]).end - calendar.now, at + 1
    later = words.has(at, "later")
    if not later and not (words.isin(at, bag("rest remainder end")) and words.has(at + 1, "of")):
        return None
    if words.has(at, "end") and words.past and not words.ahead:
        return None
    start = at + 1 if later else at + 2
    end = words.skip(start, bag("the this"))
    if later and end == start and not words.has(end, "today"):
        return None
    told = Unit.DAY if words.isin(end, bag("today day")) else unit(words, end)
    if told is None or told not in _CALENDAR | {Unit.DAY, Unit.HOUR}:
        return None
    return calendar.unit(told).end - calendar.now, end + 1
