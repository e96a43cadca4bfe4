"""Clock times in words, and which instant they are: `3pm`, `at 3`, `half past two`, `noon`."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from agent.understanding.when.dates import Calendar
from agent.understanding.when.lexicon import bag
from agent.understanding.when.reading import Read, Words
from agent.understanding.when.tokens import Wall

_HALF_DAY: Final = 12
_FIRST_OF_WORK: Final = 7
"""Of a day named elsewhere, `at 3` is in the afternoon; from this hour on it is as written."""
_HALVES: Final = {"am": 0, "a": 0, "pm": _HALF_DAY, "p": _HALF_DAY}
_NAMED: Final = {"noon": Wall(12), "midnight": Wall(0)}


def clock(words: Words, i: int, *, bare: bool = False) -> Read[Wall] | None:
    """A clock time; with `bare`, a number alone may be one, if nothing is counted with it."""
    i = words.skip(i, bag("exactly precisely"))
    named = _NAMED.get(words.word(i))
    if named is not None:
        return named, i + 1
    return _past_the_hour(words, i) or _digits(words, i) or (_bare(words, i) if bare else None)


def _digits(words: Words, i: int) -> Read[Wall] | None:
    """`14:30`, `2:30 pm`, `2pm`, `14h`, `3 o'clock`, `9 in the morning`."""
    value = words.value(i)
    if isinstance(value, Wall):
        half = _half(words, i + 1)
        if half is None or value.hour > _HALF_DAY:
            return value, i + 1
        return replace(value, hour=value.hour % _HALF_DAY + half[0]), half[1]
    shown = _number(words, i)
    if shown is None:
        return None
    half = _half(words, i + 1)
    if half is not None:
        if not 1 <= shown.hour <= _HALF_DAY:
            return None
        return Wall(shown.hour % _HALF_DAY + half[0], shown.minute), half[1]
    if words.has(i + 1, "oclock"):
        return shown, i + 2
    if words.has(i + 1, "h") and words.glued(i + 1) and shown.hour > _HALF_DAY:
        # `14h` may be fourteen hours as well; whoever asks for a clock time decides.
        return replace(shown, sure=True), i + 2
    return None


def _half(words: Words, i: int) -> tuple[int, int] | None:
    """Which half of the day is meant, by hours to add, and the place after."""
    word = words.word(i)
    if word in _HALVES and (len(word) == 2 or words.glued(i)):
        return _HALVES[word], i + 1
    if words.has(i, "in", "the", "morning"):
        return 0, i + 3
    if words.has(i, "in", "the", "afternoon") or words.has(i, "in", "the", "evening"):
        return _HALF_DAY, i + 3
    if words.has(i, "at", "night"):
        return _HALF_DAY, i + 2
    return None


def _number(words: Words, i: int) -> Wall | None:
    value = words.value(i)
    text = words.text(i)
    if not isinstance(value, float):
        spoken = words.number(i)
        if spoken is None or not 1 <= spoken <= _HALF_DAY:
            return None
        return Wall(int(spoken), sure=False)
    hour, _, minute = text.partition(".")
    if minute:
        # `2.30` is a time only with am or pm, which `_digits` asks for.
        return Wall(int(hour), int(minute)) if _shows(hour, minute) else None
    if len(text) == 4:  # 1430
        hour, minute = text[:2], text[2:]
        return Wall(int(hour), int(minute)) if _shows(hour, minute) else None
    if not _shows(hour, "00"):
        return None
    padded = len(hour) == 2 and hour[0] == "0"
    return Wall(int(hour), sure=padded or not 1 <= int(hour) <= _HALF_DAY)


def _shows(hour: str, minute: str) -> bool:
    return len(hour) <= 2 and int(hour) < 25 and len(minute) == 2 and int(minute) < 60


def _bare(words: Words, i: int) -> Read[Wall] | None:
    shown = _number(words, i)
    year = len(words.text(i)) == 4 and words.text(i)[:2] in {"19", "20"}
    if shown is None or "." in words.text(i) or year or not words.closes(i + 1):
        return None
    return shown, i + 1


def _past_the_hour(words: Words, i: int) -> Read[Wall] | None:
    """`half past two`, `quarter to 3`, `ten past four`."""
    start = words.skip(i, bag("a"))
    word = words.word(start)
    minutes = {"half": 30, "quarter": 15}.get(word) or words.number(start)
    side = words.word(start + 1)
    if minutes is None or side not in {"past", "to"} or not 1 <= minutes <= 30:
        return None
    hour = _digits(words, start + 2)
    shown = hour[0] if hour else _number(words, start + 2)
    if shown is None or shown.minute or (hour is None and not words.closes(start + 3)):
        return None
    if side == "to" and word not in {"half", "quarter"}:
        return None  # `5 to 9` is a range
    after = hour[1] if hour else start + 3
    if side == "past":
        return replace(shown, minute=int(minutes)), after
    return replace(shown, hour=(shown.hour - 1) % 24, minute=60 - int(minutes)), after


def instant(calendar: Calendar, wall: Wall, day: date | None) -> datetime:
    """The instant that a clock time means.

    Of a day it is in, with hours before seven in the afternoon where either half may be meant (on
    today, the latest before now). Without a day it is the latest before now.
    """
    if day is not None and (wall.sure or day != calendar.today):
        return on(calendar, wall, day)
    halves = [wall] if wall.sure else [wall, other_half(wall)]
    days = [day] if day is not None else [calendar.today, calendar.today - timedelta(days=1)]
    shown = [calendar.at(one, w.hour, w.minute, w.second) for one in days for w in halves]
    return max((at for at in shown if at <= calendar.now), default=min(shown))


def on(calendar: Calendar, wall: Wall, day: date) -> datetime:
    """The instant of a clock time on a day that is not today."""
    shown = afternoon(wall)
    return calendar.at(day, shown.hour, shown.minute, shown.second)


def afternoon(wall: Wall) -> Wall:
    """The half of the day in which people work, where either may be meant."""
    return other_half(wall) if not wall.sure and wall.hour < _FIRST_OF_WORK else wall


def other_half(wall: Wall) -> Wall:
    """The same time on the clock's other round."""
    return replace(wall, hour=(wall.hour + _HALF_DAY) % 24)


def minutes(wall: Wall) -> float:
    """Minutes of the day."""
    return wall.hour * 60 + wall.minute + wall.second / 60


def ends(first: Wall, last: Wall) -> tuple[Wall, Wall]:
    """The ends of a range of clock times, each in the half of the day that the other gives it."""
    if not first.sure and last.sure:
        late = other_half(first)
        both = [one for one in (late, first) if minutes(one) < minutes(last)]
        # `9 to 14:00` begins in the morning, `2 to 3pm` in the afternoon.
        near = [one for one in both if minutes(last) - minutes(one) <= _HALF_DAY * 60]
        same = last.hour >= _HALF_DAY
        over_midnight = late if first.hour < _HALF_DAY else first
        first = next(iter(near if same else both[::-1]), over_midnight)
        return replace(first, sure=True), last
    if not first.sure:
        first = replace(afternoon(first), sure=True)
    if not last.sure:
        both = sorted((last, other_half(last)), key=minutes)
        last = next((one for one in both if minutes(one) > minutes(first)), both[0])
    return first, replace(last, sure=True)
