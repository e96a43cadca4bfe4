"""Time told by its ends: `since Monday`, `from 9 to 11 yesterday`, `between 2 and 3pm`."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from agent.understanding.when import clocks, stretches
from agent.understanding.when.dates import Calendar, Stretch, Unit, on
from agent.understanding.when.days import day, month
from agent.understanding.when.lengths import length
from agent.understanding.when.lexicon import bag
from agent.understanding.when.reading import AROUND, Read, Words
from agent.understanding.when.tokens import Wall

_SINCE: Final = bag("since starting beginning")
_TO: Final = bag("to until through")
_NOW: Final = bag("now")
_STARTED: Final = bag("on onwards onward forward forwards")
_MOVED: Final = bag(
    "went go gone rose rise risen grew grow jumped jump dropped drop fell fall increased increase "
    "decreased decrease climbed climb moved up down improved spiked scaled changed"
)
_A_DAY: Final = timedelta(days=1)
_A_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class End:
    """One end of a range: a clock time with its day if it tells one, or a stretch."""

    wall: Wall | None = None
    day: date | None = None
    whole: Stretch | None = None


def expression(words: Words, i: int) -> Read[Stretch] | None:
    """Whatever tells a time of its own, from this place."""
    return (
        _days_of_month(words, i)
        or between(words, i)
        or _since(words, i)
        or _beside(words, i)
        or _until(words, i)
        or stretches.stretch(words, i, bare=False)
    )


def _since(words: Words, i: int) -> Read[Stretch] | None:
    """From the beginning of what is told until now."""
    start = words.skip(i, bag("ever"))
    if words.isin(start, _SINCE):
        at = words.skip(start + 1, AROUND | bag("from on at like"))
        at = at if _end(words, at, bare=True) else start + 1
    elif words.isin(start, bag("from")):
        at = start + 1
    else:
        return None
    read = _end(words, at, bare=True) or _end(words, words.skip(at, bag("the")), bare=True)
    if read is None:
        return None
    end, after = read
    opened = words.isin(after, _STARTED) and not words.isin(after + 1, frozenset({"the"}))
    calendar = words.calendar
    if words.word(start) == "from" and not opened:
        # `errors from yesterday` are yesterday's; `from 9am` has no other end than now.
        if end.wall is None:
            return None
        if words.isin(start - 1, _MOVED) or (not end.wall.sure and end.day is None):
            return None
    began = _instant(calendar, end, words.on)
    if began >= calendar.now:
        return None
    after = _up_to_now(words, after + 1 if opened else after)
    undated = end.wall is not None and end.day is None
    return Stretch(began, calendar.now, undated=undated), after


def _up_to_now(words: Words, i: int) -> int:
    if words.isin(i, _TO) and words.isin(i + 1, _NOW):
        return i + 2
    return i


def _instant(calendar: Calendar, end: End, on: date | None) -> datetime:
    if end.whole is not None:
        return end.whole.start
    return clocks.instant(calendar, end.wall or Wall(0), end.day if end.day is not None else on)


def _end(words: Words, i: int, *, bare: bool) -> Read[End] | None:
    """An end of a range."""
    at = words.skip(i, bag("at the"))
    if words.isin(at, _NOW):
        now = words.calendar.now
        return End(whole=Stretch(now, now)), at + 1
    clock = clocks.clock(words, at, bare=bare)
    if clock is not None:
        told = day(words, words.skip(words.comma(clock[1]), bag("on")))
        return End(clock[0], told[0] if told else None), told[1] if told else clock[1]
    told = day(words, i)
    if told is not None:
        shown = clocks.clock(words, words.skip(words.comma(told[1]), bag("at")), bare=bare)
        if shown is not None and not words.isin(shown[1], bag("hours minutes days")):
            return End(shown[0], told[0]), shown[1]
    read = stretches.stretch(words, i, bare=bare)
    return None if read is None else (End(whole=read[0]), read[1])


def between(words: Words, i: int) -> Read[Stretch] | None:
    """`from X to Y`, `between X and Y`, `X to Y`, `X-Y`, with a day before or after."""
    ago = stretches.between_ago(words, i)
    if ago is not None:
        return ago
    led = words.word(i) if words.isin(i, bag("from between")) else ""
    start = i + 1 if led else i
    if led == "from" and words.isin(i - 1, _MOVED) and not _told(words, start):
        return None
    day_first = day(words, start)
    inner = None
    if day_first is not None and words.isin(day_first[1], bag("from between")):
        inner = between(words, day_first[1]) if not led else None
    if day_first is not None and inner is not None and inner[0].undated:
        # Read again on its day.
        again = between(replace(words, on=day_first[0]), day_first[1])
        if again is not None:
            return replace(again[0], undated=False), again[1]
    first = _end(words, start, bare=True) or _bare(words, start)
    if first is None:
        return None
    joint = _TO | bag("and") if led == "between" else _TO
    at = words.comma(first[1])
    if not (words.isin(at, joint) or words.dash(at)):
        return None
    last = _end(words, at + 1, bare=True) or _bare(words, at + 1)
    if last is None or not (led or _clear(words, first, last, dashed=words.dash(at))):
        return None
    found = _joined(words, first[0], last[0])
    return None if found is None or found.start >= found.end else (found, last[1])


def _told(words: Words, i: int) -> bool:
    """Whether an end tells more than a number."""
    read = _end(words, i, bare=False)
    return read is not None


def _bare(words: Words, i: int) -> Read[End] | None:
    """A number alone before `to`, `and` or a dash."""
    value = words.whole(i)
    if value is None or not 0 <= value <= 24 or len(words.text(i)) > 2:
        return None
    after = i + 1
    if not (words.isin(after, _TO | bag("and")) or words.dash(after)):
        return None
    return End(Wall(value, sure=not 1 <= value <= 12)), after


def _clear(words: Words, first: Read[End], last: Read[End], *, dashed: bool) -> bool:
    """Whether two ends with nothing before them are surely times."""
    ends = (first[0], last[0])
    if all(end.wall is None for end in ends):
        return True
    if any(end.wall is not None and end.day is None and not end.wall.sure for end in ends):
        told = any(end.day is not None or (end.wall and end.wall.sure) for end in ends)
        return told or (words.on is not None and dashed)
    return True


def _joined(words: Words, first: End, last: End) -> Stretch | None:
    calendar = words.calendar
    if first.wall is not None and last.wall is not None:
        return _walls(words, first, last)
    if first.whole is not None and last.wall is not None:
        start = first.whole.start
        day = last.day if last.day is not None else calendar.date_of(start)
        end = clocks.on(calendar, last.wall, day)
        if last.day is None and first.whole.day is not None and not first.whole.instant:
            end = clocks.instant(calendar, last.wall, None)  # `from yesterday to 9am`
        if end <= start:
            end += _A_DAY
        return Stretch(start, end)
    if first.wall is not None and last.whole is not None:
        on = last.whole.day if first.day is None and last.whole.day else first.day
        start = clocks.instant(calendar, first.wall, on if on is not None else words.on)
        end = last.whole.end
        return Stretch(start, end) if start < end else None
    if first.whole is None or last.whole is None:
        return None
    return _wholes(words, first.whole, last.whole)


def _walls(words: Words, first: End, last: End) -> Stretch | None:
    """Two clock times; a day told with one of them is that of both."""
    calendar = words.calendar
    if first.wall is None or last.wall is None:
        return None
    one, other = clocks.ends(first.wall, last.wall)
    days = [end.day for end in (first, last) if end.day is not None]
    undated = not days and words.on is None
    day = days[0] if days else words.on if words.on is not None else calendar.today
    start = calendar.at(day, one.hour, one.minute, one.second)
    if undated and start >= calendar.now and not words.ahead:
        day -= _A_DAY
        start = calendar.at(day, one.hour, one.minute, one.second)
    end_day = last.day if last.day is not None else day
    end = calendar.at(end_day, other.hour, other.minute, other.second)
    if end <= start and first.day is None and last.day is not None:
        start = calendar.at(day - _A_DAY, one.hour, one.minute, one.second)
    elif end <= start and last.day is None:
        end = calendar.at(day + _A_DAY, other.hour, other.minute, other.second)
    return Stretch(start, end, undated=undated) if start < end else None


def _wholes(words: Words, first: Stretch, last: Stretch) -> Stretch | None:
    """From the start of one to the end of the other, both included."""
    calendar = words.calendar
    if first.day is not None and last.day is not None and not words.ahead:
        begin, end = _weekdays(calendar, first.day, last.day, first=first, last=last)
        return Stretch(calendar.at(begin), calendar.days(end).end) if begin <= end else None
    return Stretch(first.start, last.end) if first.start < last.end else None


def _weekdays(
    calendar: Calendar, begin: date, end: date, *, first: Stretch, last: Stretch
) -> tuple[date, date]:
    """The days of a range of which one or both are told by name."""
    days = timedelta(days=(end.weekday() - begin.weekday()) % _A_WEEK)
    if first.weekday and not first.fixed and (not last.weekday or last.fixed):
        return end - days, end
    if first.weekday and last.weekday and not first.fixed:
        over = begin + days > calendar.today
        begin -= timedelta(days=_A_WEEK if over else 0)
        return begin, begin + days
    if last.weekday and not last.fixed and (first.fixed or begin > end):
        return begin, begin + days
    return begin, end


def _days_of_month(words: Words, i: int) -> Read[Stretch] | None:
    """`March 3 to 7`, `3-7 March`, `the 3rd to the 7th`."""
    led = words.word(i) if words.isin(i, bag("from between")) else ""
    at = words.skip(i + 1 if led else i, bag("the"))
    named = month(words, at, dated=True)
    joint = _TO | bag("and") if led == "between" else _TO
    number, after = _number(words, at + 1 if named is not None else at)
    if number is None or not (words.isin(after, joint) or words.dash(after)):
        return None
    until, end = _number(words, words.skip(after + 1, bag("the")))
    if until is None:
        return None
    if named is None:
        named = month(words, words.skip(end, bag("of")), dated=True)
        end = words.skip(end, bag("of")) + 1
    elif words.word(end) in {"am", "pm", "oclock"}:
        return None
    if named is None:
        return _ordinals(words, at, after)
    today = words.calendar.today
    year = words.whole(words.comma(end))
    told = year is not None and len(words.text(words.comma(end))) == 4
    years = [year] if told and year else [today.year, today.year - 1]
    for one in years:
        first = on(one, named, number)
        last = on(one, named, until)
        if first and last and first <= last and (told or first <= today):
            found = Stretch(words.calendar.at(first), words.calendar.days(last).end)
            return found, words.comma(end) + 1 if told else end
    return None


def _number(words: Words, i: int) -> tuple[int | None, int]:
    number = words.whole(i)
    if number is None or not 1 <= number <= 31:
        return None, i
    suffix = words.glued(i + 1) and words.isin(i + 1, bag("st nd rd th"))
    return number, i + 2 if suffix else i + 1


def _ordinals(words: Words, i: int, after: int) -> Read[Stretch] | None:
    """`the 3rd to the 7th`: of the month in which the first of them lies."""
    until, end = _number(words, words.skip(after + 1, bag("the")))
    suffixed = end == words.skip(after + 1, bag("the")) + 2
    first = day(words, i - 1)
    if until is None or not suffixed or first is None or not words.isin(i - 1, bag("the")):
        return None
    last = on(first[0].year, first[0].month, until)
    if last is None or last < first[0]:
        return None
    return Stretch(words.calendar.at(first[0]), words.calendar.days(last).end), end


def _beside(words: Words, i: int) -> Read[Stretch] | None:
    """`2 hours before noon`, `the day after March 10`, `the week before the 9th`."""
    at = words.skip(i, bag("in over during within"))
    read = length(words, words.skip(at, bag("the last first")), bare=True)
    if read is None or not words.isin(read[1], bag("before after following until")):
        return None
    told, after = read
    end = _end(words, after + 1, bare=True)
    if end is None or (end[0].wall is None and end[0].whole is None):
        return None
    calendar = words.calendar
    whole = end[0].whole
    if whole is None:
        then = _instant(calendar, end[0], words.on)
        whole = Stretch(then, then)
    if words.isin(after, bag("before until")):
        return Stretch(calendar.back(whole.start, told.count, told.unit), whole.start), end[1]
    origin = whole.end
    return Stretch(origin, calendar.back(origin, -told.count, told.unit)), end[1]


def _until(words: Words, i: int) -> Read[Stretch] | None:
    """`before 9 today`, `after 9am yesterday`, `until noon`, `after Tuesday`."""
    side = words.word(i)
    at = i + 1
    if words.has(i, "prior", "to") or words.has(i, "up", "to"):
        side, at = "before", i + 2
    if words.has(i, "previous", "to"):  # how `prior` is read
        side, at = "before", i + 2
    if side not in {"before", "after", "until"} or words.isin(i - 1, bag("day week")):
        return None
    read = _end(words, at, bare=True)
    if read is None:
        return None
    end, after = read
    calendar = words.calendar
    if end.wall is None:
        return _beside_whole(words, side, end.whole, after)
    on = end.day if end.day is not None else words.on
    then = clocks.instant(calendar, end.wall, on)
    if side == "until" and on is None and end.wall.sure:
        ahead = calendar.at(calendar.today, end.wall.hour, end.wall.minute)
        if ahead > calendar.now and (words.ahead or not words.past):
            return Stretch(ahead, ahead), after
    day = calendar.date_of(then)
    undated = on is None
    if side == "after":
        return Stretch(then, calendar.days(day).end, undated=undated), after
    start = calendar.at(day)
    return (Stretch(start, then, undated=undated), after) if start < then else None


def _beside_whole(
    words: Words, side: str, whole: Stretch | None, after: int
) -> Read[Stretch] | None:
    calendar = words.calendar
    if whole is None or (whole.instant and whole.start == calendar.now):
        return None
    if side == "after":
        return (Stretch(whole.end, calendar.now), after) if whole.end < calendar.now else None
    if side == "until" and whole.end > calendar.now:
        end = whole.start if whole.instant else whole.end
        return Stretch(end, end), after
    if whole.grain is None or whole.start > calendar.now:
        if whole.instant and whole.start <= calendar.now:
            day = calendar.date_of(whole.start)
            start = calendar.at(day)
            return (Stretch(start, whole.start), after) if start < whole.start else None
        return None
    unit = Unit.DAY if whole.grain is Unit.WEEKEND else whole.grain
    return calendar.preceding(replace(whole, grain=unit)), after
