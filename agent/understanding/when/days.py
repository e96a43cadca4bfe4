"""Days in words: `yesterday`, `last Tuesday`, `March 10th`, `3 days ago`, `the 10th`."""

from datetime import date, timedelta
from typing import Final

from agent.understanding.when.dates import (
    FIRST_YEAR,
    LAST_YEAR,
    Unit,
    months_after,
    on,
)
from agent.understanding.when.lengths import length, unit
from agent.understanding.when.lexicon import IN_CONTEXT, MONTHS, WEEKDAYS, bag
from agent.understanding.when.reading import Read, Words
from agent.understanding.when.tokens import Day

NEAR: Final = {"today": 0, "yesterday": -1, "tomorrow": 1}
LEADING: Final = bag(
    "on in since during last this past previous next from to until through between and before "
    "after for of over by vs against than compared around starting late early mid upcoming coming "
    "with at every versus til throughout the"
)
"""Words after which a short name of a day or month is no other word."""
_BACK: Final = bag("last past previous")
_WEEK: Final = 7
_DAYS: Final = 31


def day(words: Words, i: int) -> Read[date] | None:
    """A day of the calendar."""
    i = words.skip(i, bag("on"))
    named = weekday(words, i)
    if named is not None:
        # `Tuesday, 10 March` is the date.
        return dated(words, words.comma(named[1])) or named
    return _near(words, i) or dated(words, i) or _ago(words, i)


def _near(words: Words, i: int) -> Read[date] | None:
    today = words.calendar.today
    start = words.skip(i, bag("the"))
    if words.has(start, "day", "before", "yesterday"):
        return today - timedelta(days=2), start + 3
    if words.has(start, "day", "after", "tomorrow"):
        return today + timedelta(days=2), start + 3
    if words.has(start, "previous", "day"):
        return today - timedelta(days=1), start + 2
    word = words.word(i)
    return (today + timedelta(days=NEAR[word]), i + 1) if word in NEAR else None


def _named(words: Words, i: int) -> int | None:
    """The weekday of that name there."""
    word = words.word(i)
    found = WEEKDAYS.get(word)
    if found is None or (word in IN_CONTEXT and not _in_context(words, i)):
        return None
    return found


def _in_context(words: Words, i: int) -> bool:
    before, after = words.word(i - 1), words.word(i + 1)
    follows = i == 0 or before in LEADING or words.dash(i - 1)
    return follows or words.dash(i + 1) or after in LEADING - bag("the on at of in by for with to")


def weekday(words: Words, i: int) -> Read[date] | None:
    """A day by its name, with the week that it is told to be in."""
    weeks, start = _week_before_name(words, i)
    if weeks is not None:
        named = _named(words, start)
        return None if named is None else (_of_week(words, named, weeks), start + 1)
    start = words.skip(i, bag("the"))
    side = words.word(start)
    if side == "this" and words.isin(start + 1, _BACK):
        start, side = start + 1, "last"
    told = side in _BACK or side in {"this", "next", "coming", "upcoming"}
    start = start + 1 if told else i
    named = _named(words, start)
    if named is None:
        return None
    weeks, after = _week_after_name(words, start + 1)
    if weeks is not None:
        return _of_week(words, named, weeks), after
    today = words.calendar.today
    if words.has(start + 1, "before", "last"):
        return _last(words, named) - timedelta(days=_WEEK), start + 3
    ago = _weeks_ago(words, start + 1)
    if ago is not None:
        return _last(words, named) - timedelta(days=_WEEK * (ago[0] - 1)), ago[1]
    if told and side == "this":
        return _of_week(words, named, 0), start + 1
    if side in {"next", "coming", "upcoming"} or (not told and words.ahead):
        days = (named - today.weekday() - 1) % _WEEK + 1
        return today + timedelta(days=days), start + 1
    return _last(words, named), start + 1


def _last(words: Words, named: int) -> date:
    """The most recent day of that name before today."""
    today = words.calendar.today
    return today - timedelta(days=(today.weekday() - named - 1) % _WEEK + 1)


def _of_week(words: Words, named: int, weeks: int) -> date:
    today = words.calendar.today
    return today + timedelta(days=named - today.weekday() + _WEEK * weeks)


def _which_week(words: Words, i: int) -> tuple[int | None, int]:
    """`last week`, `this week`, `the week before last`: weeks from this one."""
    i = words.skip(i, bag("the"))
    if words.has(i, "week", "before", "last"):
        return -2, i + 3
    weeks = {"last": -1, "previous": -1, "this": 0, "next": 1}.get(words.word(i))
    return (weeks, i + 2) if weeks is not None and words.has(i + 1, "week") else (None, i)


def _week_before_name(words: Words, i: int) -> tuple[int | None, int]:
    weeks, after = _which_week(words, i)
    if weeks is None:
        return None, i
    after = words.skip(after, bag("on"))
    return (weeks, after) if words.word(after) in WEEKDAYS else (None, i)


def _week_after_name(words: Words, i: int) -> tuple[int | None, int]:
    return _which_week(words, words.skip(words.comma(i), bag("of in")))


def _weeks_ago(words: Words, i: int) -> Read[int] | None:
    """`Tuesday two weeks ago`."""
    read = length(words, i)
    if read is None or read[0].unit is not Unit.WEEK or not words.has(read[1], "ago"):
        return None
    return max(int(read[0].count), 1), read[1] + 1


def _ago(words: Words, i: int) -> Read[date] | None:
    """`3 days ago`, `a week ago`, `a month ago`: whole days."""
    read = length(words, i)
    if read is None or not words.isin(read[1], bag("ago back")):
        return None
    told, after = read
    days = {Unit.DAY: 1, Unit.WEEK: _WEEK, Unit.FORTNIGHT: 2 * _WEEK}.get(told.unit)
    today = words.calendar.today
    if told.count != int(told.count):
        return None
    if days is not None:
        return today - timedelta(days=int(told.count) * days), after + 1
    months = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}.get(told.unit)
    if months is None or told.count * months > 12 * 100:
        return None
    return months_after(today, -int(told.count) * months), after + 1


def dated(words: Words, i: int) -> Read[date] | None:
    """A date: in numbers, with the name of a month, or `the 10th`."""
    value = words.value(i)
    if isinstance(value, Day):
        return _numeric(words, i, value)
    named = month(words, i, dated=True)
    if named is not None:
        number, after = _ordinal(words, words.skip(i + 1, bag("the")))
        if number is not None and unit(words, after, counted=True) is None:
            return _in_year(words, named, number, after)
        return None
    start = words.skip(i, bag("the"))
    number, after = _ordinal(words, start)
    if number is None:
        return None
    told = words.skip(after, bag("of"))
    named = month(words, told, dated=True)
    if named is not None:
        return _in_year(words, named, number, told + 1)
    suffixed = after == start + 2
    if not suffixed or start == i or not words.closes(after):
        return None
    return _of_month(words, number, after)


def _numeric(words: Words, i: int, value: Day) -> Read[date] | None:
    if value.day is None:
        return None
    if value.unclear:
        led = words.isin(i - 1, LEADING) or words.dash(i - 1) or words.dash(i + 1)
        if not (led and words.closes(i + 1)):
            return None
    if value.year is not None:
        found = on(value.year, value.month, value.day)
        return None if found is None else (found, i + 1)
    latest = _latest(words, value.month, value.day)
    return None if latest is None else (latest, i + 1)


def month(words: Words, i: int, *, dated: bool = False) -> int | None:
    """The month of that name there; `dated` where a day of it may stand beside."""
    word = words.word(i)
    found = MONTHS.get(word)
    if found is None or word not in IN_CONTEXT or words.isin(i - 1, LEADING):
        return found
    beside = _ordinal(words, i + 1)[0] is not None or words.number(i - 1) is not None
    beside = beside or words.isin(i - 1, bag("of st nd rd th"))
    alone = i == 0 and word != "may"
    return found if (dated and beside) or words.dash(i - 1) or alone else None


def _ordinal(words: Words, i: int) -> tuple[int | None, int]:
    number = words.whole(i)
    if number is None or not 1 <= number <= _DAYS:
        return None, i
    suffix = words.glued(i + 1) and words.isin(i + 1, bag("st nd rd th"))
    return number, i + 2 if suffix else i + 1


def year(words: Words, i: int) -> Read[int] | None:
    """A year, `last year` or `this year`."""
    at = words.skip(words.comma(i), bag("of"))
    number = words.whole(at)
    if number is not None and FIRST_YEAR <= number <= LAST_YEAR and len(words.text(at)) == 4:
        return number, at + 1
    this = words.calendar.today.year
    back = {"last": 1, "previous": 1, "this": 0}.get(words.word(at))
    return (this - back, at + 2) if back is not None and words.has(at + 1, "year") else None


def _in_year(words: Words, named: int, number: int, i: int) -> Read[date] | None:
    told = year(words, i)
    if told is not None:
        found = on(told[0], named, number)
        return None if found is None else (found, told[1])
    latest = _latest(words, named, number)
    return None if latest is None else (latest, i)


def _latest(words: Words, month: int, number: int) -> date | None:
    """The latest such day not after today; ahead of it where the question looks ahead."""
    today = words.calendar.today
    years = range(today.year, today.year - 9, -1)
    days = [found for one in years if (found := on(one, month, number)) is not None]
    if words.ahead:
        later = [found for one in (0, 1) if (found := on(today.year + one, month, number))]
        return next((one for one in later if one >= today), None)
    return next((one for one in days if one <= today), None)


def _of_month(words: Words, number: int, after: int) -> Read[date] | None:
    """The latest day of that number: of this month, or of one before."""
    today = words.calendar.today
    first = today.replace(day=1)
    for back in range(12):
        start = months_after(first, -back)
        found = on(start.year, start.month, number)
        if found is not None and found <= today:
            return found, after
    return None
