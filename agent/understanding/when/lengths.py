"""Lengths of time in words: `two hours`, `half an hour`, `a couple of days`, `2h30m`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from agent.understanding.when.dates import LENGTHS, Unit
from agent.understanding.when.lexicon import COUPLE, FEW, SHORT_UNITS, UNITS, bag
from agent.understanding.when.reading import AROUND, Read, Words

_MOST: Final = timedelta(days=36_525)
_ONE: Final = bag("a an one")


@dataclass(frozen=True, slots=True)
class Length:
    """So many of a unit; with parts of several units, all of it in the smallest.

    `told` says that the number was told, and `compact` that it was written as `24h`.
    """

    count: float
    unit: Unit
    told: bool = True
    compact: bool = False

    @property
    def span(self) -> timedelta:
        """How long it is."""
        return self.count * LENGTHS[self.unit]


def unit(words: Words, i: int, *, counted: bool = False) -> Unit | None:
    """The unit that stands there; its one-letter forms only where it is `counted`."""
    found = UNITS.get(words.word(i))
    return SHORT_UNITS.get(words.word(i)) if found is None and counted else found


def length(words: Words, i: int, *, bare: bool = False) -> Read[Length] | None:
    """A length of time; with `bare`, a unit without a number is one of it (`last hour`)."""
    i = words.skip(i, AROUND)
    read = _half(words, i) or _some(words, i) or _counted(words, i)
    if read is None and bare:
        alone = unit(words, i)
        read = None if alone is None else (_plain(words, i, alone), i + 1)
        if alone is not None and words.has(i + 1, "and", "a", "half"):
            read = _with(Length(1, alone), LENGTHS[alone] / 2), i + 4
    if read is None or not timedelta() < read[0].span <= _MOST:
        return None
    return read


def _plain(words: Words, i: int, alone: Unit) -> Length:
    # `the last hours` are a few.
    many = words.word(i).endswith("s")
    return Length(FEW if many else 1, alone, told=many)


def _half(words: Words, i: int) -> Read[Length] | None:
    """`half an hour`, `a quarter of an hour`, `half a day`, `half hour`."""
    start = words.skip(i, _ONE)
    part = {"half": 0.5, "quarter": 0.25}.get(words.word(start))
    if part is None:
        return None
    after = words.skip(start + 1, bag("of"))
    after = words.skip(after, _ONE)
    found = unit(words, after)
    if found is None or (part == 0.25 and after == start + 1):
        return None
    if found is Unit.HOUR:
        return Length(60 * part, Unit.MINUTE), after + 1
    return Length(LENGTHS[found] * part / LENGTHS[Unit.HOUR], Unit.HOUR), after + 1


def _some(words: Words, i: int) -> Read[Length] | None:
    """`a couple of hours`, `few days`, `several weeks`, `a dozen hours`."""
    start = words.skip(i, bag("a"))
    count = {"couple": COUPLE, "few": FEW, "several": FEW, "dozen": 12}.get(words.word(start))
    if count is None:
        return None
    after = words.skip(start + 1, bag("of more"))
    found = unit(words, after)
    return None if found is None else (Length(count, found), after + 1)


def _counted(words: Words, i: int) -> Read[Length] | None:
    """`3 hours`, `twenty five minutes`, `an hour and a half`, `2h30m`, `1.5 days`."""
    count, after = _count(words, i)
    if count is None:
        return None
    compact = words.glued(after)
    found = unit(words, after, counted=words.value(i) is not None)
    if found is None:
        return None
    read = Length(count, found, compact=compact), after + 1
    if words.has(after + 1, "and", "a", "half"):
        return _with(read[0], LENGTHS[found] / 2), after + 4
    more = words.skip(after + 1, bag("and"))
    count, at = _count(words, more)
    less = unit(words, at, counted=words.glued(at)) if count is not None else None
    if count is None or less is None or LENGTHS[less] >= LENGTHS[found]:
        return read
    return _with(read[0], count * LENGTHS[less]), at + 1


def _with(length: Length, more: timedelta) -> Length:
    whole = length.span + more
    smaller = Unit.MINUTE if whole < LENGTHS[Unit.DAY] else Unit.HOUR
    return Length(whole / LENGTHS[smaller], smaller, compact=length.compact)


def _count(words: Words, i: int) -> tuple[float | None, int]:
    if words.word(i) in {"a", "an"}:
        return 1, i + 1
    first = words.number(i)
    if first is None:
        return None, i
    if words.has(i + 1, "and", "a", "half"):
        return first + 0.5, i + 4
    second = words.number(i + 1)
    told = words.value(i) is None and words.value(i + 1) is None
    if second is not None and told and first >= 20 and second < 10:
        return first + second, i + 2
    return first, i + 1
