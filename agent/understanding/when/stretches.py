"""Stretches of time in words: days and their parts, clock times, what rolls, instants."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from agent.understanding.when import clocks
from agent.understanding.when.dates import Calendar, Stretch, Unit
from agent.understanding.when.days import NEAR, day
from agent.understanding.when.lengths import Length, length, unit
from agent.understanding.when.lexicon import PARTS, WEEKDAYS, bag
from agent.understanding.when.reading import AROUND, Read, Words
from agent.understanding.when.tokens import Break
from agent.understanding.when.units import LONG, WHOLE, calendar_unit

_NEARBY: Final = timedelta(minutes=30)
_ROLLING: Final = bag("last past previous recent latest")
_SO_FAR: Final = (("so", "far"), ("to", "date"), ("until", "now"), ("up", "to", "now"))
_AT: Final = bag("at on in the of")


def stretch(words: Words, i: int, *, bare: bool = False) -> Read[Stretch] | None:
    """What one telling of time means; with `bare`, a number alone may be a clock time."""
    start = i
    i = words.skip(i, bag("so")) + 1 if words.has(i, "so", "far") else i
    i = words.skip(i, bag("earlier all"))
    if start < i and not (words.isin(i, frozenset(NEAR)) or words.isin(i, bag("this last day"))):
        if not (words.isin(i, frozenset(PARTS)) or words.isin(i, bag("week month night"))):
            return None
        return _all(words, i)
    for reader in (_instant, _same_time, _day, _part, _clock, _unit, _rolling, _ago):
        read = reader(words, i, bare=bare)
        if read is not None:
            return read[0], _so_far(words, read[1])
    return _all(words, i) if start < i else None


def _so_far(words: Words, i: int) -> int:
    for said in _SO_FAR:
        if words.has(i, *said):
            return i + len(said)
    return i


def _all(words: Words, i: int) -> Read[Stretch] | None:
    """`all day`, `all morning`, `all week`."""
    part = PARTS.get(words.word(i))
    if part is not None:
        return words.calendar.hours(words.calendar.today, *part), i + 1
    told = unit(words, i)
    known = told is Unit.DAY or told in LONG
    return (words.calendar.unit(told), i + 1) if told is not None and known else None


def _instant(words: Words, i: int, *, bare: bool) -> Read[Stretch] | None:
    """An instant of RFC 3339, in the question's zone if it has no offset."""
    i = words.skip(i, bag("at"))
    value = words.value(i)
    if not isinstance(value, datetime):
        return None
    calendar = words.calendar
    if value.tzinfo is None:
        at = calendar.at(value.date(), value.hour, value.minute, value.second)
        at += timedelta(microseconds=value.microsecond)
    else:
        at = value.astimezone(calendar.now.tzinfo)
    return Stretch(at, at), i + 1


def _same_time(words: Words, i: int, *, bare: bool) -> Read[Stretch] | None:
    """`this time last week`, `same time yesterday`, `a week ago today`: now, moved."""
    calendar = words.calendar
    at = words.skip(i, bag("at the"))
    if words.has(at, "this", "time") or words.has(at, "same", "time"):
        moved = shift(words, words.skip(at + 2, bag("on of")))
        if moved is None:
            return None
        (days, months), after = moved
        then = calendar.shifted(calendar.now, days=days, months=months)
        return Stretch(then, then), after
    ago = day(words, i)
    if ago is None or not words.isin(ago[1] - 1, bag("ago")) or not words.has(ago[1], "today"):
        return None
    local = calendar.now.astimezone(calendar.zone)
    then = calendar.shifted(calendar.now, days=(ago[0] - local.date()).days)
    return Stretch(then, then), ago[1] + 1


def shift(words: Words, i: int) -> Read[tuple[int, int]] | None:
    """How far something is moved, in days and months: `last week`, `yesterday`, `a week ago`."""
    i = words.skip(i, bag("the on in"))
    if words.has(i, "week", "before", "last"):
        return (-14, 0), i + 3
    word = words.word(i)
    if word in NEAR:
        return (NEAR[word] or -1, 0), i + 1
    one = {"day": (-1, 0), "week": (-7, 0), "month": (0, -1), "quarter": (0, -3), "year": (0, -12)}
    if word in {"last", "previous"} and words.word(i + 1) in one:
        return one[words.word(i + 1)], i + 2
    if word == "last" and words.word(i + 1) in WEEKDAYS:
        told = day(words, i)
        if told is None:
            return None
        return ((told[0] - words.calendar.today).days, 0), told[1]
    if word in one and words.isin(i + 1, bag("before earlier ago")):
        return one[word], i + 2
    told = length(words, i)
    if told is None or not words.isin(told[1], bag("ago before earlier")):
        return None
    by = {Unit.DAY: (1, 0), Unit.WEEK: (7, 0), Unit.MONTH: (0, 1), Unit.YEAR: (0, 12)}
    days, months = by.get(told[0].unit, (0, 0))
    count = int(told[0].count)
    return ((-days * count, -months * count), told[1] + 1) if days or months else None


def _day(words: Words, i: int, *, bare: bool) -> Read[Stretch] | None:
    """A day, with a part of it or a clock time where they are told, in either order."""
    calendar = words.calendar
    led = _time_before_day(words, i)
    if led is not None:
        return led
    read = day(words, i)
    if read is None:
        return None
    told, after = read
    at = words.skip(words.comma(after), _AT)
    part = _part_of(words, at, told)
    if part is not None:
        within, end = part
        clock = clocks.clock(words, words.skip(end, bag("at around about")), bare=True)
        if clock is not None and not clock[0].sure:
            return _within(words, within, told, clock[0], clock[1])
        return part
    shown = _clock_on(words, words.skip(words.comma(after), bag("on")), told, bare=False)
    if shown is not None:
        return shown
    if words.has(at, "this", "time") or words.has(at, "same", "time"):
        then = calendar.shifted(calendar.now, days=(told - calendar.today).days)
        return Stretch(then, then), at + 2
    named = any(words.word(k) in WEEKDAYS for k in range(i, after))
    fixed = named and any(
        words.word(k) in {"week", "weeks", "this", "next", "coming"} for k in range(i, after)
    )
    return replace(calendar.days(told), weekday=named, fixed=fixed), after


def _within(words: Words, part: Stretch, day: date, wall: clocks.Wall, end: int) -> Read[Stretch]:
    """`tuesday afternoon at 3`: the half of the day that the part says."""
    both = (wall, clocks.other_half(wall))
    shown = [words.calendar.at(day, one.hour, one.minute) for one in both]
    at = next((one for one in shown if part.start <= one < part.end), shown[0])
    return Stretch(at, at), end


def _time_before_day(words: Words, i: int) -> Read[Stretch] | None:
    """`3pm yesterday`, `at 9 on Tuesday`, `the morning of the 10th`, `early on Monday`."""
    start = words.skip(i, bag("the in on"))
    if words.word(start) in PARTS or words.isin(start, bag("night early late")):
        at = words.skip(start + 1, bag("of on"))
        read = day(words, at) if at > start + 1 or words.word(at) in NEAR else None
        if read is None:
            return None
        if words.isin(start, bag("early late")):
            if words.word(read[1]) in PARTS:
                return None
            return words.calendar.days(read[0]), read[1]
        part = _part_of(words, start, read[0])
        return None if part is None else (part[0], read[1])
    return None


def _clock_on(words: Words, i: int, day: date, *, bare: bool) -> Read[Stretch] | None:
    """A clock time on a day; what is about it is the half hour to each side."""
    near = words.skip(i, AROUND | bag("at")) > i and any(
        words.isin(k, AROUND) for k in range(i, words.skip(i, AROUND | bag("at")))
    )
    at = words.skip(i, AROUND | bag("at"))
    led = at > i
    read = clocks.clock(words, at, bare=bare or led)
    if read is None:
        return None
    shown, after = read
    then = clocks.instant(words.calendar, shown, day)
    return (_nearby(then) if near else Stretch(then, then)), after


def _nearby(then: datetime) -> Stretch:
    return Stretch(then - _NEARBY, then + _NEARBY)


def _part_of(words: Words, i: int, day: date) -> Read[Stretch] | None:
    """A part of a day that is known: `morning`, `late afternoon`, `night`."""
    calendar = words.calendar
    side = words.word(i)
    at = i + 1 if side in {"early", "late", "mid"} else i
    part = PARTS.get(words.word(at))
    if part is not None:
        first, last = part
        middle = (first + last) // 2
        first, last = {"early": (first, middle), "late": (middle, last)}.get(side, part)
        return calendar.hours(day, first, last), at + 1
    if words.has(at, "night"):
        return calendar.hours(day, 18, 30), at + 1
    return None


def _part(words: Words, i: int, *, bare: bool) -> Read[Stretch] | None:
    """A part of today or of the night before: `this morning`, `last night`, `tonight`."""
    calendar = words.calendar
    today = calendar.today
    yesterday = today - timedelta(days=1)
    i = words.skip(i, bag("in during over on"))
    half = words.word(i) if words.isin(i, bag("early late")) else ""
    i = words.skip(i, bag("early late"))
    told = words.word(i)
    if words.has(words.skip(i, bag("the")), "night", "before", "last"):
        before = yesterday - timedelta(days=1)
        return calendar.hours(before, 18, 30), words.skip(i, bag("the")) + 3
    if told == "overnight":
        return calendar.hours(yesterday, 18, 30), i + 1
    if told == "tonight":
        return calendar.hours(today, 18, 24), i + 1
    if told == "last" and words.isin(i + 1, bag("night evening")):
        return calendar.hours(yesterday, 18, 30 if words.has(i + 1, "night") else 24), i + 2
    if told in {"this", "the"} and words.has(i + 1, "night"):
        return replace(calendar.hours(today, 0, 6), undated=told == "the"), i + 2
    if told not in {"this", "the"} and not words.isin(i - 1, AROUND | bag("at")):
        return None
    at = i + 1 if told in {"this", "the"} else i
    name = at + 1 if words.isin(at, bag("early late mid")) else at
    day = today if words.on is None or told == "this" else words.on
    part = _part_of(words, at, day) if words.word(name) in PARTS else None
    if part is None:
        return None
    within, after = part
    if words.word(name) == "morning" and calendar.now <= within.start and not words.ahead:
        # Who asks before six o'clock means what there has been of the morning.
        within = calendar.hours(today, 0, 12)
    read = clocks.clock(words, words.skip(after, bag("at around about")), bare=True)
    if read is not None and not read[0].sure:
        return _within(words, within, day, read[0], read[1])
    middle = within.start + (within.end - within.start) / 2
    if half:
        within = Stretch(within.start, middle) if half == "early" else Stretch(middle, within.end)
    return replace(within, undated=told != "this" and words.on is None), after


def _clock(words: Words, i: int, *, bare: bool) -> Read[Stretch] | None:
    """A clock time, with the day that follows it if any: `3pm yesterday`, `around noon`."""
    if words.isin(i, bag("during in")) and (hour := _hour(words, i + 1)) is not None:
        return hour
    near = any(words.isin(k, AROUND) for k in (i, i + 1) if words.skip(i, AROUND | bag("at")) > k)
    start = words.skip(i, AROUND | bag("at"))
    led = start > i or bare
    read = clocks.clock(words, start, bare=led)
    if read is None:
        return None
    shown, after = read
    written = words.value(start) is not None and words.has(after - 1, "h")
    if written and not led:
        return None  # `14h` alone is a length
    told = day(words, words.skip(words.comma(after), bag("on of the")))
    if told is None:
        told = day(words, words.comma(after))
    on = words.on if told is None else told[0]
    then = clocks.instant(words.calendar, shown, on)
    found = _nearby(then) if near else Stretch(then, then)
    return replace(found, undated=on is None), after if told is None else told[1]


def _hour(words: Words, i: int) -> Read[Stretch] | None:
    """`the 14:00 hour`, `the 3pm hour`."""
    read = clocks.clock(words, words.skip(i, bag("the")), bare=False)
    if read is None or not words.has(read[1], "hour"):
        return None
    told = day(words, words.skip(read[1] + 1, bag("on")))
    on = words.on if told is None else told[0]
    start = clocks.instant(words.calendar, read[0], on)
    found = Stretch(start, start + timedelta(hours=1), undated=on is None)
    return found, read[1] + 1 if told is None else told[1]


def _unit(words: Words, i: int, *, bare: bool) -> Read[Stretch] | None:
    return calendar_unit(words, i)


def _rolling(words: Words, i: int, *, bare: bool) -> Read[Stretch] | None:
    """`the last 3 hours`, `past week`, `24h`, `7 day`, `for two hours`."""
    start = words.skip(i, bag("in over during for within on of through throughout"))
    at = words.skip(start, bag("the these this those"))
    if words.isin(at, _ROLLING):
        at = words.skip(at, _ROLLING | WHOLE)
        read = length(words, at, bare=True)
        return None if read is None else (rolling(words.calendar, read[0]), read[1])
    read = length(words, i) if at == i else length(words, at)
    if read is None or not _alone(words, i, start, read[1], read[0]):
        return None
    return rolling(words.calendar, read[0]), read[1]


def _alone(words: Words, i: int, start: int, after: int, told: Length) -> bool:
    """Whether a length alone is the time until now: `24h`, `30 day`, `for 3 hours`."""
    if words.isin(after, bag("ago before after into from ahead earlier later timeout long old")):
        return False
    measured = bag("than under above below exceeding least most within of about timeout every")
    if told.unit is Unit.SECOND or words.isin(start - 1, measured):
        return False
    lasting = {words.word(k) for k in range(i, start)}
    if lasting & {"for", "during", "over", "throughout"} and start > i:
        return True
    if start > i:
        return False
    digits = words.value(after - 2) is not None
    if told.compact:
        # `30m` may be millions.
        return words.word(after - 1) not in {"m", "s"}
    adjective = not words.word(after - 1).endswith("s") and told.count > 1
    return digits and adjective and not words.isin(after, bag("timeout limit sla"))


def rolling(calendar: Calendar, told: Length) -> Stretch:
    """So long, until now."""
    return Stretch(calendar.now - told.span, calendar.now)


def _ago(words: Words, i: int, *, bare: bool) -> Read[Stretch] | None:
    """`2 hours ago`, `half an hour ago`; of what is only about it, the half hour to each side."""
    at = words.skip(i, bag("from"))
    near = words.isin(at, AROUND)
    ranged = between_ago(words, at)
    if ranged is not None:
        return ranged
    read = length(words, at)
    if read is None or not words.isin(read[1], bag("ago back earlier")):
        return None
    if words.isin(read[1], bag("back earlier")) and not isinstance(
        words.value(read[1] + 1), Break | None
    ):
        return None
    told, after = read
    then = words.calendar.now - told.span
    wide = near and told.span >= 2 * _NEARBY
    return (_nearby(then) if wide else Stretch(then, then)), after + 1


def between_ago(words: Words, i: int) -> Read[Stretch] | None:
    """`2-3 hours ago`, `from 3 to 2 hours ago`, `between 2 and 3 hours ago`."""
    at = words.skip(i, bag("between from"))
    first = words.number(at)
    if first is None or not (words.dash(at + 1) or words.isin(at + 1, bag("to and"))):
        return None
    read = length(words, at + 2)
    if read is None or not words.has(read[1], "ago"):
        return None
    told, after = read
    early = Length(max(first, told.count), told.unit).span
    late = Length(min(first, told.count), told.unit).span
    now = words.calendar.now
    return Stretch(now - early, now - late), after + 1
