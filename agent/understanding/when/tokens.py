"""A text in tokens: words, numbers, clock times, dates and instants, each where it stands.

Whatever joins letters and digits with `-`, `_`, `@` or `/` and is not written as a time is one
opaque token: an identifier is never taken apart.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Final, TypeAlias

from agent.understanding.when.dates import FIRST_YEAR, LAST_YEAR, on
from agent.understanding.when.lexicon import (
    MONTHS,
    PARTS,
    SHORT_UNITS,
    UNITS,
    WEEKDAYS,
    bag,
    corrected,
)


@dataclass(frozen=True, slots=True)
class Wall:
    """A time as clocks show it; `sure` unless it may mean either half of the day."""

    hour: int
    minute: int = 0
    second: int = 0
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Day:
    """A date in numbers; without a year, the one that fits. Without a day, the whole month."""

    month: int
    day: int | None = None
    year: int | None = None
    unclear: bool = False
    """Whether it may be no date at all (`3/10`)."""


@dataclass(frozen=True, slots=True)
class Offset:
    """A difference to UTC that stands after a clock time."""

    by: timedelta


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something that is no word about time: an identifier, a model's name, a measure."""


@dataclass(frozen=True, slots=True)
class Dash:
    """What joins two ends of a range."""


@dataclass(frozen=True, slots=True)
class Break:
    """Punctuation that ends a thought; a comma is only a `soft` one."""

    soft: bool


Value: TypeAlias = Wall | Day | Offset | Opaque | Dash | Break | datetime | float | None


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text. `text` is lower-case and spelt right; words have no `value`."""

    text: str
    start: int
    end: int
    value: Value = None
    glued: bool = False
    """Whether it follows the token before it without a space."""

    @property
    def word(self) -> str:
        """The word that it is; empty for all else."""
        return self.text if self.value is None else ""


_JOINABLE: Final = frozenset({*WEEKDAYS, *MONTHS, *UNITS, *PARTS}) | bag(
    "incident outage rollout release deploy deployment change maintenance experiment "
    "over by to date so far per pre post last past this next mid early late yesterday "
    "today tomorrow night hourly daily weekly half hour couple few noon midnight "
    "first twenty thirty forty five one two three until through start end of the"
)
_UNIT: Final = "|".join(sorted({*UNITS, *SHORT_UNITS}, key=len, reverse=True))
_MONTH: Final = "|".join(sorted(MONTHS, key=len, reverse=True))
_WEEKDAY: Final = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_CLOCK: Final = r"\d{1,2}(?:[:.]\d\d(?::\d\d)?)?(?:[ap]\.?m\.?|h)?"
_TO: Final = r"(?:-|\.\.\.?)"
_ZONED: Final = r"(?:z|[+-]\d\d:?\d\d)"

_INSTANT: Final = re.compile(
    rf"(\d{{4}})-(\d\d)-(\d\d)t(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{{1,9}}))?)?({_ZONED})?"
)
_ISO: Final = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_ISO_MONTH: Final = re.compile(r"(\d{4})-(\d\d)")
_DOTTED: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d\d))?")
_WALL: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?(h)?(z|\+\d\d:?\d\d)?")
_MILITARY: Final = re.compile(r"([01]\d|2[0-4])([0-5]\d)h(?:rs|ours)?")
_FRENCH: Final = re.compile(r"([01]?\d|2[0-3])h([0-5]\d)")
_BETWEEN: Final = re.compile(r"(.+?)(?:\.\.\.?|/|-)(\d{4}-\d\d-\d\d.*)")

_SPLIT: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"~?{_CLOCK}(?:{_TO}{_CLOCK})?",
        rf"~?(?:\d{{1,5}}(?:\.\d+)?-?(?:{_UNIT}))+",
        rf"\d{{1,4}}-\d{{1,4}}-?(?:{_UNIT})?",
        r"\d{1,2}(?:st|nd|rd|th)(?:-\d{1,2}(?:st|nd|rd|th)?)?",
        rf"\d{{1,2}}(?:st|nd|rd|th)?-?(?:{_MONTH})(?:-?\d{{4}})?",
        rf"(?:{_MONTH})-?\d{{1,2}}(?:st|nd|rd|th)?(?:-\d{{4}})?",
        rf"(?:{_WEEKDAY})[-/](?:{_WEEKDAY})",
        r"q[1-4](?:[-/]?\d{4})?",
        r"\d{4}[-/]?q[1-4]",
        rf"(?:last|past|next)-\d{{1,5}}-?(?:{_UNIT})",
        r"\d{1,9}(?:\.\d+)?",
    )
)
_PIECE: Final = re.compile(r"~|[a-z]+|\d+(?:[:.]\d+)*|\.\.\.?|-|/")
_JOINED: Final = re.compile(r"[a-z]+(?:[-/][a-z]+)+")
_DOTTED_HALF: Final = re.compile(r"[ap]\.m\.?")
_JOINTS: Final = frozenset({"-", "/", "..", "..."})
_AFTER_NUMBERS: Final = bag("am pm h st nd rd th")
_OVER: Final = {
    "w/w": "week over week",
    "d/d": "day over day",
    "m/m": "month over month",
    "y/y": "year over year",
}
_WHOLE: Final = {
    "24/7": Opaque(),
    "w/e": "weekend",
    "w/o": Opaque(),
    "a/b": Opaque(),
    "b4": "before",
    "2day": "today",
    "2moro": "tomorrow",
    "2nite": "tonight",
    "a.m": "am",
    "p.m": "pm",
}
_SHORTENED: Final = {"vs", "approx", "v"} | {w for w in {*WEEKDAYS, *MONTHS} if len(w) < 5}
_PER: Final = re.compile(r"(.+)/(hour|day|week|hr|wk)")
_PLAIN: Final = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2013": "\u2014", "\u2212": "-"}
)
"""Quotes and dashes of typesetting as those of a keyboard, but for the dash between words."""
_LONG_DASH: Final = "\u2014"
_BREAKS: Final = ',;!?(){}[]"<>|'
_CHUNK: Final = re.compile(
    rf"[{_LONG_DASH}{re.escape(_BREAKS)}]|[^\s{_LONG_DASH}{re.escape(_BREAKS)}]+"
)
_HARD: Final = frozenset(";!?")
_LEADING: Final = "'`.:#&*=+"
_TRAILING: Final = "'`.:&*="
_POSSESSIVE: Final = re.compile(r"'s?$")
_CENTURY: Final = 2000
_TWELVE: Final = 12


def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a text, in its order; `start` and `end` are places in the text as given."""
    # Letter by letter, for there are capitals whose small form is longer.
    lower = "".join(c if len(small := c.lower()) != 1 else small for c in text)
    lower = lower.translate(_PLAIN)
    found: list[Token] = []
    for chunk in _CHUNK.finditer(lower):
        found.extend(_tokens_of(chunk[0], chunk.start()))
    return tuple(found)


def _tokens_of(chunk: str, start: int) -> Iterator[Token]:
    if chunk == _LONG_DASH:
        yield Token("-", start, start + 1, Dash())
        return
    if chunk in _BREAKS:
        yield Token(chunk, start, start + 1, Break(soft=chunk not in _HARD))
        return
    inner = chunk.lstrip(_LEADING)
    start += len(chunk) - len(inner)
    stop = chunk.endswith((".", ":")) and not chunk.endswith(("a.m.", "p.m."))
    inner = inner.rstrip(_TRAILING)
    stop = stop and inner not in _SHORTENED
    if inner.startswith("@") and inner[1:2].isdigit():
        yield Token("at", start, start + 1)
        inner, start = inner[1:], start + 1
    end = start + len(inner)
    if inner:
        yield from _read(inner, start)
    if stop:
        yield Token(".", end, end + 1, Break(soft=False))


def _read(chunk: str, start: int) -> Iterator[Token]:
    end = start + len(chunk)
    whole = _WHOLE.get(chunk)
    if whole is not None:
        text, value = (whole, None) if isinstance(whole, str) else (chunk, whole)
        yield Token(text, start, end, value)
    elif chunk.isalpha():
        yield Token(corrected(chunk), start, end)
    elif set(chunk) <= {"-", "~", "."}:
        yield Token("-", start, end, Dash() if chunk in {"-", "--", "..", "..."} else Opaque())
    elif (dated := list(_dated(chunk, start))) or (dated := list(_split(chunk, start))):
        yield from dated
    elif chunk in _OVER:
        for word in _OVER[chunk].split():
            yield Token(word, start, end)
    elif (per := _PER.fullmatch(chunk)) is not None:
        middle = start + per.end(1)
        yield from _read(per[1], start)
        yield Token("per", middle, middle + 1, glued=True)
        yield Token(per[2], middle + 1, end, glued=True)
    else:
        bare = _POSSESSIVE.sub("", chunk)
        if bare != chunk and bare:
            *before, last = _read(bare, start)
            yield from before
            yield replace(last, end=end)
            return
        right = corrected(chunk)
        yield Token(right, start, end, None if right.isalpha() else Opaque())


def _dated(chunk: str, start: int) -> Iterator[Token]:
    """A date, an instant or a time to the minute; or two of them joined."""
    end = start + len(chunk)
    found = _instant(chunk) or _day(chunk)
    if found is not None:
        yield Token(chunk, start, end, found)
        return
    wall = _WALL.fullmatch(chunk)
    if wall is not None:
        shown = _wall(wall[1], wall[2], wall[3])
        if shown is not None:
            cut = start + (wall.start(5) if wall[5] else len(chunk))
            yield Token(chunk[: cut - start], start, cut, shown)
            if wall[5]:
                yield Token(wall[5], cut, end, Offset(_offset(wall[5])), glued=True)
        return
    shown = _military(chunk)
    if shown is not None:
        yield Token(chunk, start, end, shown)
        return
    joined = _BETWEEN.fullmatch(chunk)
    if joined is not None:
        sides = [_instant(side) or _day(side) for side in (joined[1], joined[2])]
        if all(side is not None for side in sides):
            yield Token(joined[1], start, start + joined.end(1), sides[0])
            yield Token("-", start + joined.end(1), start + joined.start(2), Dash(), glued=True)
            yield Token(joined[2], start + joined.start(2), end, sides[1], glued=True)


def _instant(chunk: str) -> datetime | None:
    """An instant of RFC 3339; naive where it has no offset."""
    told = _INSTANT.fullmatch(chunk)
    if told is None:
        return None
    year, month, day, hour, minute, second = (int(told[i] or 0) for i in range(1, 7))
    part = int((told[7] or "0").ljust(6, "0")[:6])
    zone = timezone(_offset(told[8])) if told[8] else None
    try:
        return datetime(year, month, day, hour, minute, second, part, zone)
    except ValueError:
        return None


def _offset(text: str) -> timedelta:
    if text == "z":
        return timedelta()
    digits = text[1:].replace(":", "")
    by = timedelta(hours=min(int(digits[:2]), 23), minutes=min(int(digits[2:]), 59))
    return -by if text[0] == "-" else by


def _day(chunk: str) -> Day | None:
    told = _ISO.fullmatch(chunk)
    if told is not None:
        return _checked(int(told[1]), int(told[3]), int(told[4]))
    told = _DOTTED.fullmatch(chunk)
    if told is not None:
        return _checked(int(told[3]), int(told[2]), int(told[1]))
    told = _ISO_MONTH.fullmatch(chunk)
    if told is not None and FIRST_YEAR <= int(told[1]) <= LAST_YEAR:
        month = int(told[2])
        return Day(month, year=int(told[1])) if 1 <= month <= _TWELVE else None
    told = _SLASHED.fullmatch(chunk)
    if told is None:
        return None
    month, day = int(told[1]), int(told[2])
    if month > _TWELVE:
        month, day = day, month
    if told[3] is None:
        # A leap year, so that 2/29 may be one.
        return Day(month, day, unclear=True) if on(_CENTURY, month, day) else None
    year = int(told[3])
    return _checked(year if year > 99 else _CENTURY + year, month, day)


def _checked(year: int, month: int, day: int) -> Day | None:
    if not FIRST_YEAR <= year <= LAST_YEAR or on(year, month, day) is None:
        return None
    return Day(month, day, year)


def _wall(hour: str, minute: str, second: str | None = None) -> Wall | None:
    shown = int(hour), int(minute), int(second or 0)
    if shown[0] > 23 and shown != (24, 0, 0):
        return None
    return Wall(*shown) if shown[1] < 60 and shown[2] < 60 else None


def _military(chunk: str) -> Wall | None:
    told = _MILITARY.fullmatch(chunk) or _FRENCH.fullmatch(chunk)
    return None if told is None else _wall(told[1], told[2])


def _split(chunk: str, start: int) -> Iterator[Token]:
    """The pieces of what is joined but all about time: `9-11am`, `24h`, `week-over-week`."""
    joined = _JOINED.fullmatch(chunk) and all(
        corrected(part) in _JOINABLE for part in re.split("[-/]", chunk)
    )
    if not joined and not any(pattern.fullmatch(chunk) for pattern in _SPLIT):
        return
    flat = _DOTTED_HALF.sub(lambda half: half[0].replace(".", "").ljust(len(half[0])), chunk)
    pieces = list(_PIECE.finditer(flat))
    for at, piece in enumerate(pieces):
        text = piece[0]
        if text in _JOINTS:
            before = pieces[at - 1][0] if at else ""
            after = pieces[at + 1][0] if at + 1 < len(pieces) else ""
            if not _ends_of_a_range(before, after):
                continue
        yield _piece(text, start + piece.start(), glued=at > 0)


def _ends_of_a_range(before: str, after: str) -> bool:
    """Whether what joins two pieces means `to`; else it only joins words."""
    if after[:1].isdigit():
        counted = before[:1].isdigit() or before in _AFTER_NUMBERS
        return counted and not (after.isdigit() and int(after) >= FIRST_YEAR)
    return any(before in names and after in names for names in (WEEKDAYS, MONTHS))


def _piece(text: str, start: int, *, glued: bool) -> Token:
    end = start + len(text)
    if text == "~":
        return Token("about", start, end, glued=glued)
    if text in _JOINTS:
        return Token("-", start, end, Dash(), glued=glued)
    if text[0].isdigit():
        clock = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?", text)
        if clock is not None:
            shown = _wall(clock[1], clock[2], clock[3])
            return Token(text, start, end, shown or Opaque(), glued=glued)
        value = float(text) if text.count(".") <= 1 else Opaque()
        return Token(text, start, end, value, glued=glued)
    return Token(corrected(text), start, end, glued=glued)
