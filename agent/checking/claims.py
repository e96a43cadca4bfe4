"""What a text claims: its sentences, and the numbers and times in them, with units and rounding.

A number is read with every meaning that its unit allows, in base units: times in milliseconds,
money in US dollars, shares of one. What only looks like a number (`p95`, the `95 %` of an interval,
`5xx`, the place in a list) claims nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Final


class Unit(StrEnum):
    """What a number is of, in base units."""

    ANY = "any"
    COUNT = "count"
    PLAIN = "plain"
    SHARE = "share"
    TIME = "time"
    USD = "usd"


@dataclass(frozen=True, slots=True)
class Reading:
    """One meaning of a number: its value in base units, right to within `slack`."""

    unit: Unit
    value: float
    slack: float


@dataclass(frozen=True, slots=True)
class NumberClaim:
    """A number in a text, with all that it can mean, and what it counts where it says so.

    A number in a currency that no result has can mean nothing.
    """

    words: str
    start: int
    end: int
    readings: tuple[Reading, ...]
    signed: bool = False
    nouns: frozenset[str] = frozenset()
    shown: float = 0.0
    """The number as it is written, without its unit."""


@dataclass(frozen=True, slots=True)
class TimeClaim:
    """A time in a text. `key` is what of it is told: day, minute, second, clock …

    `utc` tells that it stands in UTC; else it may also be local. `margin` is for times that were
    told by their distance from now, whose instant is then `at`.
    """

    words: str
    start: int
    end: int
    key: tuple[str | int, ...] = ()
    utc: bool = False
    at: datetime | None = None
    margin: timedelta = timedelta()


_ABBREVIATED: Final = re.compile(
    r"(?:\b(?:e\.g|i\.e|vs|approx|ca|no|min|max|avg|resp|etc|cf|al|incl|est|dept|fig)|^\s*\d{1,3}"
    r"|(?:^|\s)[A-Za-z])\.$",
    re.IGNORECASE,
)
_END: Final = re.compile(r"[.!?][\"')\]*_`”]*(?=\s)")


def sentences(line: str, *, whole: Sequence[tuple[int, int]] = ()) -> list[tuple[int, int]]:
    """The sentences of a line, as spans. No sentence ends inside of the spans in `whole`.

    A row of a table is one sentence.
    """
    if line.count("|") >= 2:
        return [(0, len(line))]
    found: list[tuple[int, int]] = []
    start = 0
    for end in _END.finditer(line):
        before = line[start : end.start() + 1]
        if line[end.start()] == "." and _ABBREVIATED.search(before):
            continue
        if any(first <= end.start() < last - 1 for first, last in whole):
            continue
        found.append((start, end.end()))
        start = end.end()
    if line[start:].strip():
        found.append((start, len(line)))
    return found


_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH: Final = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_CLOCK: Final = (
    r"(?:(?P<hour{n}>\d{{1,2}}):(?P<minute{n}>\d{{2}})(?::(?P<second{n}>\d{{2}})(?:\.\d+)?)?"
    r"\s*(?P<half{n}>[ap]\.?m\b\.?)?|(?P<hour{n}b>\d{{1,2}})\s*(?P<half{n}b>[ap]\.?m\b\.?))"
    r"(?:\s*(?P<zone{n}>Z\b|UTC\b|GMT\b|[+-]\d{{2}}:?\d{{2}}\b))?"
)
_INSTANT: Final = re.compile(
    r"(?<![\w.])(?:(?:"
    r"(?P<year>\d{4})[-/](?P<month>\d{2})[-/](?P<day>\d{2})"
    rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month2>{_MONTH})(?:,? (?P<year2>\d{{4}}))?"
    rf"|(?P<month3>{_MONTH}) (?P<day3>\d{{1,2}})(?:st|nd|rd|th)?(?![\w:])(?:,? (?P<year3>\d{{4}}))?"
    rf")(?:(?:T|,?\s+(?:at |from )?){_CLOCK.format(n=1)})?|{_CLOCK.format(n=2)})(?!\w)",
    re.IGNORECASE,
)
_UNTIL_DAY: Final = re.compile(r" ?(?:[-\u2013]| to | and )(\d{1,2})(?![\w:%]|[.,]\d| [A-Za-z%])")
"""The second day of `November 10-11`."""
_WORDS: Final = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_WORDED: Final = {word: number for number, word in enumerate(_WORDS)}
_STEPS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_AGO: Final = re.compile(
    rf"\b(?P<number>\d+(?:\.\d+)?|an?|{'|'.join(_WORDED)}) (?P<step>{'|'.join(_STEPS)})s? ago\b",
    re.IGNORECASE,
)


def times(text: str, *, now: datetime) -> list[TimeClaim]:
    """The instants, days and clock times of a text, with what is told as so long ago."""
    found = [_ago(match, now) for match in _AGO.finditer(text)]
    for match in _INSTANT.finditer(text):
        claim = _instant(match)
        if claim is not None:
            found.append(claim)
            until = _UNTIL_DAY.match(text, claim.end)
            if until and claim.key[0] in {"day", "yearless"}:
                key = (*claim.key[:-1], int(until[1]))
                found.append(TimeClaim(until[0], claim.end, until.end(), key=key))
    return found


def _ago(match: re.Match[str], now: datetime) -> TimeClaim:
    told, step = match["number"].lower(), _STEPS[match["step"].lower()]
    number = float(_WORDED.get(told, 1) if told.isalpha() else told)
    decimals = len(told.partition(".")[2])
    margin = step * (0.5 * 10**-decimals)
    return TimeClaim(match[0], match.start(), match.end(), at=now - number * step, margin=margin)


def _instant(match: re.Match[str]) -> TimeClaim | None:
    told = match.groupdict()
    day = _day(told)
    clock = _clock(told, "1") or _clock(told, "2")
    zone = told["zone1"] or told["zone2"]
    utc = zone is not None
    offset = _offset(zone) if zone else timedelta()
    try:
        key = _key(day, clock, offset)
    except ValueError:
        return None
    return TimeClaim(match[0], match.start(), match.end(), key=key, utc=utc)


def _day(told: dict[str, str | None]) -> tuple[int | None, int, int] | None:
    for mark in ("", "2", "3"):
        day, month, year = (told[f"{part}{mark}"] for part in ("day", "month", "year"))
        if day is not None and month is not None:
            number = int(month) if month.isdigit() else _MONTHS[month.lower().rstrip(".")]
            return None if year is None else int(year), number, int(day)
    return None


def _clock(told: dict[str, str | None], place: str) -> tuple[int, int, int | None] | None:
    hour = told[f"hour{place}"] or told[f"hour{place}b"]
    if hour is None:
        return None
    half = told[f"half{place}"] or told[f"half{place}b"]
    number = int(hour)
    if half:
        number = number % 12 + (12 if half.lower().startswith("p") else 0)
    second = told[f"second{place}"]
    return number, int(told[f"minute{place}"] or 0), None if second is None else int(second)


def _offset(zone: str) -> timedelta:
    if zone[0] not in "+-":
        return timedelta()
    digits = zone[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return size if zone[0] == "+" else -size


def _key(
    day: tuple[int | None, int, int] | None,
    clock: tuple[int, int, int | None] | None,
    offset: timedelta,
) -> tuple[str | int, ...]:
    """What the instant is looked up by, in UTC where an offset is told."""
    if clock is None:
        assert day is not None  # noqa: S101  # one of the two was matched
        year, month, number = day
        datetime(year or 2024, month, number, tzinfo=timezone(timedelta()))
        return ("yearless", month, number) if year is None else ("day", year, month, number)
    hour, minute, second = clock
    year, month, number = day or (2024, 1, 2)
    at = datetime(year or 2024, month, number, hour, minute, second or 0, tzinfo=timezone(offset))
    at = at.astimezone(timezone(timedelta()))
    end = (at.hour, at.minute) if second is None else (at.hour, at.minute, at.second)
    if day is None:
        return ("clock", *end)
    if year is None:
        return ("yearless clock", at.month, at.day, *end)
    return ("instant", at.year, at.month, at.day, *end)


def keys(at: datetime) -> list[tuple[str | int, ...]]:
    """All keys by which an instant may be told, in its own time zone."""
    day, minute = (at.year, at.month, at.day), (at.hour, at.minute)
    second = (*minute, at.second)
    return [
        ("day", *day),
        ("yearless", at.month, at.day),
        *(
            (name, *start, *end)
            for name, start in (("clock", ()), ("yearless clock", day[1:]), ("instant", day))
            for end in (minute, second)
        ),
    ]


NOUNS: Final = {
    "request": "request requests call calls query queries",
    "score": "score scores scored rating ratings",
    "sample": "sample samples observation observations",
    "token": "token tokens",
    "user": "user users",
    "deployment": "deployment deployments candidate candidates",
    "model": "model models",
    "backend": "backend backends",
    "tenant": "tenant tenants",
    "tier": "tier tiers",
    "incident": "incident incidents outage outages",
    "change": "change changes rollout rollouts release releases",
    "event": "event events cause causes",
    "experiment": "experiment experiments",
    "arm": "arm arms",
    "budget": "budget budgets",
    "objective": "objective objectives slo slos",
    "anomaly": "anomaly anomalies",
    "evaluator": "evaluator evaluators",
    "alert": "alert alerts",
    "retry": "retry retries",
    "maintenance": "maintenance maintenances",
}
"""What is counted, and the words for it."""
_NOUN_OF: Final = {word: noun for noun, words in NOUNS.items() for word in words.split()}
_UNITS: Final = (
    (r"%|percent\b|per cent\b|pct\b", Unit.SHARE, 0.01),
    (r"(?:percentage )?points?\b|pp\b|pts\b", Unit.SHARE, 0.01),
    (r"milliseconds?\b|msecs?\b|ms\b", Unit.TIME, 1.0),
    (r"seconds?\b|secs?\b|s\b", Unit.TIME, 1e3),
    (r"minutes?\b|mins?\b|m\b", Unit.TIME, 6e4),
    (r"hours?\b|hrs?\b|h\b", Unit.TIME, 3.6e6),
    (r"days?\b|d\b", Unit.TIME, 8.64e7),
    (r"weeks?\b", Unit.TIME, 6.048e8),
    (r"dollars?\b|USD\b", Unit.USD, 1.0),
    (r"cents?\b|¢", Unit.USD, 0.01),
    (r"requests? (?:per|a|each|/) ?(?:second|sec|s)\b|re?q(?:uest)?s?/s\b|rps\b", Unit.PLAIN, 1.0),
    (r"\u00d7|x\b|times\b|-?fold\b", Unit.PLAIN, 1.0),
)
_UNIT: Final = "|".join(
    f"(?P<u{place}>{pattern})"
    for place, (pattern, _, _) in sorted(enumerate(_UNITS), key=lambda one: -len(one[1][0]))
)
_NUMBER: Final = re.compile(
    r"(?<![\w.,])(?P<sign>[+\-\u2212\u2013\u00b1](?=[\d.$]))?(?P<money>(?:(?:US)?\$|[\u20ac\u00a3\u00a5])\s?(?P<sign2>[-\u2212](?=[\d.]))?)?"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?P<power>[eE][+-]?\d+)?"
    rf"(?P<scale>[kKMB](?![\w])| million\b| thousand\b)?(?:[\s-]?(?:{_UNIT}))?(?!\w|\.\d)"
)
_WORD_NUMBER: Final = re.compile(
    rf"\b(?P<number>{'|'.join(_WORDED)})(?: of (?:the )?\w+)?(?=(?: [\w-]+)? "
    rf"(?P<noun>{'|'.join(_NOUN_OF)}|seconds|minutes|hours|days|weeks)\b)",
    re.IGNORECASE,
)
_ZERO: Final = re.compile(r"(?<=\b(?:is|at|to|of) )zero\b", re.IGNORECASE)
_SCALES: Final = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, " million": 1e6, " thousand": 1e3}
_ABOUT: Final = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|close to|circa|ca\.)|[~≈])"
    r"\s*$",
    re.IGNORECASE,
)
_INTERVAL: Final = re.compile(
    r"\s*(?::|,? ?(?:confidence |prediction |credible )?(?:interval|range|limit|band|CI\b)|\))"
)
_LABELLED: Final = frozenset({50.0, 80.0, 90.0, 95.0, 99.0})
_LABEL_BEFORE: Final = re.compile(
    r"(?:\bper|\bfor each|\btop|\bHTTP|\bstatus(?: code)?|#|\bno\.)\s*$", re.IGNORECASE
)
_PLACE: Final = re.compile(r"\s*(?:[-*•+]\s+)?(?P<place>\d{1,3})[.)]\s")
_NEXT_WORDS: Final = re.compile(r"\s*([A-Za-z-]+)?(?:\s+([A-Za-z-]+))?")
_MINUS: Final = frozenset({"-", "\u2212", "\u2013"})
_ROUGHLY: Final = 0.05
_TRAILING: Final = re.compile(r"[1-9.](0+)$")


def numbers(text: str) -> list[NumberClaim]:
    """The numbers of a text; what is no claim in it (identifiers, times) must be blanked before."""
    place = _PLACE.match(text)
    found: list[NumberClaim] = []
    for match in _NUMBER.finditer(text):
        if place is not None and match.start("digits") == place.start("place"):
            continue
        claim = _number(match, text)
        if claim is not None:
            found.append(claim)
    for match in _ZERO.finditer(text):
        zero = (Reading(Unit.ANY, 0.0, 0.0),)
        found.append(NumberClaim(match[0], match.start(), match.end(), zero))
    return found + [_worded(match) for match in _WORD_NUMBER.finditer(text)]


def _number(match: re.Match[str], text: str) -> NumberClaim | None:
    digits = match["digits"].replace(",", "")
    start, end = match.start(), match.end()
    unit = next((place for place in range(len(_UNITS)) if match[f"u{place}"]), None)
    before = text[max(0, start - 24) : start]
    sign = match["sign"] or match["sign2"] or ""
    if unit == 0 and float(digits) in _LABELLED and _INTERVAL.match(text, end):
        return None
    if match["money"] is None and unit is None and _LABEL_BEFORE.search(before):
        return None
    value = float(digits + (match["power"] or ""))
    slack = 0.5 * 10.0 ** (int((match["power"] or "e0")[1:]) - len(digits.partition(".")[2]))
    scale = _SCALES.get(match["scale"] or "", 1.0)
    if _ABOUT.search(before) and (zeros := _TRAILING.search(digits)) and "." not in digits:
        slack = max(slack, min(0.5 * 10.0 ** len(zeros[1]), _ROUGHLY * value))
    signed = sign == "+" or sign in _MINUS
    value = -value if sign in _MINUS else value
    readings = _readings(unit, value * scale, slack * scale, money=match["money"] is not None)
    if match["money"] and "$" not in match["money"]:
        readings = ()
    nouns = frozenset[str]()
    if unit is None and match["money"] is None and (after := _NEXT_WORDS.match(text, end)):
        nouns = frozenset(
            _NOUN_OF[w.lower()] for w in after.groups() if w and w.lower() in _NOUN_OF
        )
    return NumberClaim(match[0].strip(), start, end, readings, signed, nouns, value * scale)


def _readings(unit: int | None, value: float, slack: float, *, money: bool) -> tuple[Reading, ...]:
    if money:
        return (Reading(Unit.USD, value, slack),)
    if unit is None:
        return (Reading(Unit.ANY, value, slack),)
    pattern, kind, factor = _UNITS[unit]
    found = [Reading(kind, value * factor, slack * factor)]
    if "points" in pattern or "point" in pattern:
        found.append(Reading(kind, value, slack))
    if pattern.endswith(r"m\b"):
        found.append(Reading(Unit.COUNT, value * 1e6, slack * 1e6))
    return tuple(found)


def _worded(match: re.Match[str]) -> NumberClaim:
    number = float(_WORDED[match["number"].lower()])
    word = match["noun"].lower()
    step = _STEPS.get(word.removesuffix("s"))
    if step is not None:
        size = step / timedelta(milliseconds=1)
        readings = (Reading(Unit.TIME, number * size, 0.5 * size),)
        return NumberClaim(match["number"], match.start(), match.end(), readings)
    nouns = frozenset({_NOUN_OF[word]})
    readings = (Reading(Unit.ANY, number, 0.0),)
    return NumberClaim(match["number"], match.start(), match.end(), readings, nouns=nouns)
