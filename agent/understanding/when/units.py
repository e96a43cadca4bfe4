"""Units of the calendar in words: `last week`, `the month before last`, `March`, `Q1`, `ytd`."""

from typing import Final

from agent.understanding.when.dates import FIRST_YEAR, LAST_YEAR, Calendar, Stretch, Unit, on
from agent.understanding.when.days import day, month, year
from agent.understanding.when.lengths import unit
from agent.understanding.when.lexicon import bag
from agent.understanding.when.reading import Read, Words
from agent.understanding.when.tokens import Day

WHOLE: Final = bag("full whole entire complete calendar")
LONG: Final = frozenset({Unit.WEEK, Unit.MONTH, Unit.QUARTER, Unit.YEAR, Unit.WEEKEND})
_THURSDAY: Final = 3
_DATED_TO: Final = {"wtd": Unit.WEEK, "mtd": Unit.MONTH, "qtd": Unit.QUARTER, "ytd": Unit.YEAR}


def calendar_unit(words: Words, i: int) -> Read[Stretch] | None:
    """Weeks, months, quarters, years: `last week`, `the month before last`, `March`, `Q1`."""
    calendar = words.calendar
    i = words.skip(i, bag("in over during for of"))
    if words.word(i) in _DATED_TO:
        return calendar.unit(_DATED_TO[words.word(i)]), i + 1
    at = words.skip(i, bag("the"))
    week = _week_of_month(words, at)
    if week is not None:
        return week
    begun = _beginning(words, at)
    if begun is not None:
        return begun
    told = unit(words, at)
    if told is not None and (told in LONG or told is Unit.DAY):
        if words.has(at + 1, "before", "last"):
            return calendar.unit(told, back=_finished(words, told) + 1), at + 3
        if words.has(at + 1, "to", "date"):
            return calendar.unit(told), at + 3
        if words.has(at + 1, "of") and told is not Unit.DAY:
            of = day(words, at + 2)
            return None if of is None else (calendar.unit_of(told, of[0]), of[1])
        if told is Unit.WEEKEND:
            return _weekend(words), at + 1
    return _this_or_last(words, at) or _month(words, at) or _quarter(words, at) or _year(words, at)


def _week_of_month(words: Words, i: int) -> Read[Stretch] | None:
    """`the first week of March`, `the last week of last month`: its first or last seven days."""
    if not words.isin(i, bag("first last")) or not words.has(i + 1, "week", "of"):
        return None
    at = words.skip(i + 3, bag("the"))
    read = _month(words, at) or _this_or_last(words, at)
    if read is None or read[0].grain is not Unit.MONTH:
        return None
    whole, after = read
    calendar = words.calendar
    if words.has(i, "first"):
        return calendar.days(calendar.date_of(whole.start), 7), after
    return calendar.days(calendar.date_of(calendar.shifted(whole.end, days=-7)), 7), after


def _beginning(words: Words, i: int) -> Read[Stretch] | None:
    """`the start of the week`: the instant."""
    if not (words.isin(i, bag("start beginning")) and words.has(i + 1, "of")):
        return None
    at = words.skip(i + 2, bag("the"))
    told = unit(words, at)
    if told is not None and (told in LONG or told is Unit.DAY):
        start = words.calendar.unit(told).start
        return Stretch(start, start), at + 1
    read = calendar_unit(words, at)
    if read is None:
        named = day(words, at)
        read = None if named is None else (words.calendar.days(named[0]), named[1])
    return None if read is None else (Stretch(read[0].start, read[0].start), read[1])


def _finished(words: Words, unit: Unit) -> int:
    """How many units back the last one lies that is over."""
    if unit is not Unit.WEEKEND:
        return 1
    return 1 if words.calendar.unit(unit).end > words.calendar.now else 0


def _weekend(words: Words) -> Stretch:
    """The one that it is; else the next where it is looked ahead, and the last where not."""
    calendar = words.calendar
    found = calendar.unit(Unit.WEEKEND)
    if found.start < calendar.now or words.ahead:
        return found
    return calendar.unit(Unit.WEEKEND, back=1)


def _this_or_last(words: Words, i: int) -> Read[Stretch] | None:
    calendar = words.calendar
    side = words.word(i)
    at = words.skip(i + 1, WHOLE)
    told = unit(words, at)
    if told is None:
        return None
    if words.word(at).endswith("s") and side != "this":
        return None
    if told is Unit.QUARTER and words.has(at + 1, "of"):
        return None  # of an hour
    if side in {"this", "current"}:
        if told is Unit.WEEKEND:
            # From Thursday on the one to come, unless the question speaks of what was.
            coming = calendar.today.weekday() >= _THURSDAY and not words.past
            return calendar.unit(told) if coming else _weekend(words), at + 1
        known = told in LONG or told in {Unit.HOUR, Unit.DAY}
        return (calendar.unit(told), at + 1) if known else None
    if side in {"next", "coming", "upcoming"} and told in LONG:
        ahead = told is not Unit.WEEKEND or calendar.unit(told).start <= calendar.now
        return calendar.unit(told, back=-1 if ahead else 0), at + 1
    if side == "previous" and told is Unit.DAY:
        return calendar.unit(told, back=1), at + 1
    if side in {"last", "previous"} and told in LONG:
        return calendar.unit(told, back=_finished(words, told)), at + 1
    if side == "past" and told is Unit.WEEKEND:
        return calendar.unit(told, back=_finished(words, told)), at + 1
    return None


def _month(words: Words, i: int) -> Read[Stretch] | None:
    value = words.value(i)
    if isinstance(value, Day) and value.day is None and value.year is not None:
        return _whole_month(words.calendar, value.year, value.month, i + 1)
    side = words.word(i)
    at = i + 1 if side in {"last", "this", "past", "next", "early", "late", "mid"} else i
    named = month(words, at)
    if named is None:
        return None
    told = year(words, at + 1)
    if told is not None:
        return _whole_month(words.calendar, told[0], named, told[1])
    today = words.calendar.today
    back = named > today.month or (named == today.month and side in {"last", "past"})
    if side == "next" or words.ahead:
        back = -1 if named < today.month else 0
    elif side == "this":
        back = 0
    return _whole_month(words.calendar, today.year - int(back), named, at + 1)


def _whole_month(calendar: Calendar, year: int, month: int, after: int) -> Read[Stretch] | None:
    first = on(year, month, 1)
    return None if first is None else (calendar.unit_of(Unit.MONTH, first), after)


def _quarter(words: Words, i: int) -> Read[Stretch] | None:
    """`Q1`, `Q4 2025`, `2025 Q4`."""
    calendar = words.calendar
    told = words.whole(i)
    at = i + 1 if told is not None and FIRST_YEAR <= told <= LAST_YEAR else i
    number = words.whole(at + 1) if words.has(at, "q") else None
    if number is None or not words.glued(at + 1) or not 1 <= number <= 4:
        return None
    after = at + 2
    if at == i:
        later = year(words, after)
        told, after = (None, after) if later is None else later
    today = calendar.today
    month = 3 * number - 2
    told = told if told is not None else today.year - (month > today.month)
    first = on(told, month, 1)
    return None if first is None else (calendar.unit_of(Unit.QUARTER, first), after)


def _year(words: Words, i: int) -> Read[Stretch] | None:
    """`in 2025`: only after a word that a time follows."""
    led = words.isin(i - 1, bag("in since during of for throughout from to until over vs against"))
    told = words.whole(i)
    if not led or told is None or year(words, i) is None or not words.closes(i + 1):
        return None
    first = on(told, 1, 1)
    return None if first is None else (words.calendar.unit_of(Unit.YEAR, first), i + 1)
