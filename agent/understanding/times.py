"""The times of a question: what its words about time mean, seen from `now` in a time zone.

Weeks begin on Monday and days are those of the zone. What is asked about the past never reaches
beyond `now`; what lies ahead is told as how far from now it ends.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from agent.understanding.question import ZONE, Anchored, Moment, Times, When
from agent.understanding.when import anchors, comparisons, zones
from agent.understanding.when.comparisons import Before, Moved
from agent.understanding.when.dates import Calendar, Stretch, Unit
from agent.understanding.when.echo import in_words
from agent.understanding.when.future import ahead
from agent.understanding.when.lexicon import bag
from agent.understanding.when.ranges import expression
from agent.understanding.when.reading import AROUND, Words
from agent.understanding.when.steps import step
from agent.understanding.when.tokens import Token, tokens
from graph.errors import InvalidInput
from graph.slices import Granularity, Period

__all__ = ["in_words", "read_times"]

_LEADING: Final = AROUND | bag("in on over during for within at of through throughout the from by")
_UNION: Final = bag("and")
_MOST_TOKENS: Final = 400
"""No question is longer; what comes after is not read."""


def read_times(text: str, *, now: datetime, zone: ZoneInfo = ZONE) -> Times:
    """The times that a question tells, read in the zone that it states, else in `zone`.

    Pure. Only the first hundreds of words are read. All instants of the result are in UTC.
    Raises InvalidInput for a `now` without offset.
    """
    if now.tzinfo is None:
        raise InvalidInput("give an instant with an offset, such as …Z", field="now")
    every = tokens(_BESIDE.sub(_same_length, text))[:_MOST_TOKENS]
    told, zoned = zones.stated(every, text)
    zone = told or zone
    kept = tuple(i for i in range(len(every)) if i not in zoned)
    words = Words.of(
        tuple(every[i] for i in kept),
        calendar=Calendar(now.astimezone(UTC), zone),
        source=text,
    )
    try:
        items = _scan(words)
        on = next((day for one in items.during if (day := _whole_day(one))), None)
        if on is not None and any(_undated(one) for one in items.during):
            words = replace(words, on=on)
            items = _scan(words)
        return replace(
            _times(items, words),
            words=_said(text, every, {kept[i] for i in items.used} | zoned),
            zone=zone,
        )
    except OverflowError:
        return Times(zone=zone)  # beyond the calendar


@dataclass(slots=True)
class _Items:
    """What was found, in the order of the text."""

    during: list[Stretch | Anchored]
    against: list[Stretch | Anchored | Before | Moved]
    ahead: list[timedelta]
    steps: list[Granularity]
    used: set[int]


def _whole_day(one: Stretch | Anchored) -> date | None:
    return one.day if isinstance(one, Stretch) else None


def _undated(one: Stretch | Anchored) -> bool:
    return isinstance(one, Stretch) and one.undated


def _scan(words: Words) -> _Items:
    """All that the text tells about time, from left to right, each place read once."""
    items = _Items([], [], [], [], set())
    i, last = 0, -1
    while i < len(words.tokens):
        if not words.starts(i):
            i += 1
            continue
        after = _pair(words, i, items) or _compared(words, i, items, follows=last == i)
        after = after or _one(words, i, items)
        if after is None:
            i += 1
        else:
            i = last = after
    return items


def _use(items: _Items, words: Words, start: int, after: int) -> None:
    while words.isin(start - 1, _LEADING) and start - 1 not in items.used:
        start -= 1
    items.used.update(range(start, after))


def _compared(words: Words, i: int, items: _Items, *, follows: bool) -> int | None:
    """What stands after `vs`, `than`, …, read as what is compared with."""
    start = comparisons.connector(words, i, follows=follows)
    if start is None:
        return None
    side = comparisons.bare_side(words, start)
    target = comparisons.against(words, start)
    if target is None:
        return None if side is None else _other_side(side, items)
    told, begin, after = target
    if isinstance(told, anchors.Found):
        items.against.append(told.when)
        items.used.update(told.used)
    elif told is not None:
        items.against.append(told)
        _use(items, words, begin, after)
    return after


def _other_side(side: tuple[str, int], items: _Items) -> int | None:
    """`since the rollout vs before`, `before the rollout vs after`."""
    last = items.during[-1] if items.during else None
    if not isinstance(last, Anchored):
        return None
    told, after = side
    ends = last.end_offset
    if told == "before":
        length = timedelta(days=1) if ends is None else ends - last.start_offset
        items.against.append(anchors.before(last, length))
    else:
        items.against.append(last)
        lasted = (ends or timedelta()) - last.start_offset
        items.during[-1] = anchors.after_as_long(Anchored(last.kind, last.id), lasted)
    items.used.add(after - 1)
    return after


def _one(words: Words, i: int, items: _Items) -> int | None:
    """What is told at this place, kept in the items; the place after it."""
    over = comparisons.over(words, i)
    if over is not None:
        items.against.append(over[0])
        items.used.update(range(i, over[1]))
        return over[1]
    stepped = step(words, i)
    if stepped is not None:
        items.steps.append(stepped[0])
        items.used.update(range(i, stepped[1]))
        return stepped[1]
    found = anchors.anchored(words, i)
    if found is not None:
        items.during.append(found.when)
        if found.other is not None:
            items.against.append(found.other)
        items.used.update(found.used)
        return found.after
    return _plain(words, i, items)


def _pair(words: Words, i: int, items: _Items) -> int | None:
    """Two stretches that the question puts beside each other itself."""
    pair = comparisons.pair(words, i)
    if pair is None:
        return None
    (later, earlier), after = pair
    items.during.append(later)
    items.against.append(earlier)
    items.used.update(range(i, after))
    return after


def _plain(words: Words, i: int, items: _Items) -> int | None:
    coming = ahead(words, i)
    if coming is not None:
        if coming[0] > timedelta():
            items.ahead.append(coming[0])
        _use(items, words, i, coming[1])
        return coming[1]
    read = expression(words, i)
    if read is None:
        return None
    found, after = read
    now = words.calendar.now
    partly = found.grain in {None, Unit.DAY} and found.start <= now < found.end
    future = words.ahead and partly and not found.instant
    if future or found.start > now or (found.start == now < found.end):
        items.ahead.append(found.end - now)
    else:
        joined = _union(words, i, items, found)
        if not joined:
            items.during.append(found)
    _use(items, words, i, after)
    return after


def _union(words: Words, i: int, items: _Items, found: Stretch) -> bool:
    """`yesterday and today`: one stretch, where nothing lies between the two."""
    last = items.during[-1] if items.during else None
    if not isinstance(last, Stretch) or not words.isin(i - 1, _UNION) or i - 2 not in items.used:
        return False
    if last.instant or found.instant or comparisons.comparing(words):
        return False
    first, second = sorted((last, found), key=lambda one: one.start)
    if first.end < second.start:
        return False
    items.during[-1] = Stretch(first.start, max(first.end, second.end))
    items.used.add(i - 1)
    return True


def _times(items: _Items, words: Words) -> Times:
    calendar = words.calendar
    during, against = list(items.during), list(items.against)
    if words.on is not None:
        # The day went into the time that told none.
        narrower = [one for one in during if not _whole_day(one)]
        during = narrower or during
    if len(during) > 1 and not against and comparisons.comparing(words):
        against = [during[1]]
    first = during[0] if during else None
    told = against[0] if against else None
    if isinstance(first, Anchored) and isinstance(told, Anchored) and _comes_first(first, told):
        first, told = anchors.after_as_long(told, -first.start_offset), first
    asked = _when(first, calendar)
    if isinstance(told, Before | Moved):
        if isinstance(told, Moved) and told.over is not None and first is None:
            first = calendar.unit(told.over)
            asked = _when(first, calendar)
        compared = comparisons.resolved(told, calendar, first)
    else:
        compared = _when(told, calendar)
    return Times(
        during=asked,
        compared_to=compared,
        ahead=items.ahead[0] if items.ahead else None,
        granularity=items.steps[0] if items.steps else None,
    )


def _comes_first(one: Anchored, other: Anchored) -> bool:
    """Whether one is before what the other is after: what is asked about is what came of it."""
    before = not one.end_offset and one.end_offset is not None
    return before and other.end_offset is None and (one.kind, one.id) == (other.kind, other.id)


def _when(told: Stretch | Anchored | None, calendar: Calendar) -> When | None:
    """What was told, cut at now."""
    if told is None or isinstance(told, Anchored):
        return told
    end = min(told.end, calendar.now)
    if told.instant or told.start >= end:
        return Moment(min(told.start, calendar.now))
    return Period(told.start, end)


_BESIDE: Final = re.compile(
    r"\b(?:as (?=compared\b|opposed\b)|next to\b|"
    r"(?<!the )last (?:week|month|year)s\b(?! ago\b|'|\s*(?:[,.?!]|$)))",
    re.IGNORECASE,
)
"""More than is needed: `as compared to`, `next to`, `last weeks traffic`."""


def _same_length(found: re.Match[str]) -> str:
    """What would do, as long as what stands there, so that every place stays where it is."""
    low = found[0].lower()
    short = {"as ": "", "next to": "versus"}.get(low, found[0].removesuffix("s"))
    return short.ljust(len(found[0]))


def _said(text: str, every: tuple[Token, ...], used: set[int]) -> tuple[str, ...]:
    """The parts of the text that were read, each as it stands."""
    runs: list[tuple[int, int]] = []
    before = -2
    for i in sorted(used):
        if i == before + 1:
            runs[-1] = (runs[-1][0], every[i].end)
        else:
            runs.append((every[i].start, every[i].end))
        before = i
    return tuple(text[start:end] for start, end in runs)
