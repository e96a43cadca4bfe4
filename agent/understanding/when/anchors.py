"""Time told relative to what happened: `since the incident`, `two hours before the rollout`."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from agent.understanding.question import Anchored, AnchorKind
from agent.understanding.when.days import NEAR
from agent.understanding.when.lengths import length
from agent.understanding.when.lexicon import MONTHS, PARTS, UNITS, WEEKDAYS, bag
from agent.understanding.when.reading import Words

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(hours=24)
_NOUNS: Final = {
    "incident": AnchorKind.INCIDENT, "outage": AnchorKind.INCIDENT, "inc": AnchorKind.INCIDENT,
    "rollout": AnchorKind.ROLLOUT, "release": AnchorKind.ROLLOUT, "deploy": AnchorKind.ROLLOUT,
    "deployment": AnchorKind.ROLLOUT, "launch": AnchorKind.ROLLOUT, "rollback": AnchorKind.CHANGE,
    "change": AnchorKind.CHANGE, "update": AnchorKind.CHANGE, "upgrade": AnchorKind.CHANGE,
    "switch": AnchorKind.CHANGE, "migration": AnchorKind.CHANGE, "switchover": AnchorKind.CHANGE,
    "policy": AnchorKind.POLICY, "experiment": AnchorKind.EXPERIMENT,
    "maintenance": AnchorKind.MAINTENANCE,
}  # fmt: skip
_AFTER_NOUN: Final = bag("change update rollout version switch release window period start edit")
_SORTS: Final = bag("price pricing config configuration version prod production")
_DETERMINERS: Final = bag(
    "the our its their his her that this last latest most recent newest new previous current "
    "ongoing big major whole"
)
_NAMES: Final = (
    (re.compile(r"(?:inc|incident|outage)[-_#].*\d.*"), AnchorKind.INCIDENT),
    (re.compile(r"(?:chg|change|cr)[-_#].*\d.*"), AnchorKind.CHANGE),
    (re.compile(r"(?:rollout|rel|release|deploy|rel)[-_#].*\d.*"), AnchorKind.ROLLOUT),
    (re.compile(r"(?:exp|experiment)[-_#].*\d.*"), AnchorKind.EXPERIMENT),
    (re.compile(r"(?:maint|maintenance|mnt|mw)[-_#].*\d.*"), AnchorKind.MAINTENANCE),
    (re.compile(r"[a-z][\w-]*@v?\d+"), AnchorKind.POLICY),
)
_ID: Final = re.compile(r"(?!req|user|usr)[a-z]{1,16}[-_]\d{2,12}")
"""What may be the name of something that happened, right after the noun: no model is so called."""
_NO_NAME: Final = frozenset({*WEEKDAYS, *MONTHS, *UNITS, *PARTS, *NEAR}) | bag(
    "is are was were did do does has have had why what which who how and or but to of for in on "
    "at by with we it they you i a an any every each can will would show before after since "
    "during while than then vs against compared between until more less there not no if so "
    "night tonight now when where from quality latency traffic error errors cost spend volume"
)
"""Words that no name of an incident or a change begins with."""
_STARTED: Final = bag("started began opened happened occurred hit broke landed shipped went")
_ENDED: Final = bag("ended resolved closed finished")
_WE: Final = {
    "deployed": AnchorKind.ROLLOUT, "released": AnchorKind.ROLLOUT, "rolled": AnchorKind.ROLLOUT,
    "shipped": AnchorKind.ROLLOUT, "launched": AnchorKind.ROLLOUT, "changed": AnchorKind.CHANGE,
    "switched": AnchorKind.CHANGE, "upgraded": AnchorKind.CHANGE, "migrated": AnchorKind.CHANGE,
    "updated": AnchorKind.CHANGE,
}  # fmt: skip
_BEFORE: Final = bag("before pre preceding until")
_AFTER: Final = bag("after post following")
_DURING: Final = bag("during while throughout")
_LASTING: Final = frozenset({AnchorKind.INCIDENT, AnchorKind.MAINTENANCE, AnchorKind.EXPERIMENT})
_MOST_NAMES: Final = 3


@dataclass(frozen=True, slots=True)
class Found:
    """An anchored time; `used` are the places of its tokens without the names among them."""

    when: Anchored
    used: frozenset[int]
    after: int
    other: Anchored | None = None
    """What it is compared with, where both were told in one (`before and after the rollout`)."""


@dataclass(frozen=True, slots=True)
class _Thing:
    kind: AnchorKind
    id: str | None
    used: frozenset[int]
    after: int
    ended: bool = False


def anchored(words: Words, i: int) -> Found | None:
    """A time relative to something that happened, from this place."""
    return _both_sides(words, i) or _framed(words, i) or _with_length(words, i) or _side(words, i)


def _thing(words: Words, i: int) -> _Thing | None:
    """What happened: by its noun, with names between, or by its identifier."""
    at = words.skip(i, _DETERMINERS)
    used = set(range(i, at))
    determined = at > i
    if words.isin(at, bag("we they")) and words.word(at + 1) in _WE:
        kind = _WE[words.word(at + 1)]
        end = at + 3 if words.has(at + 1, "rolled", "out") else at + 2
        return _Thing(kind, None, frozenset({*used, *range(at, end)}), end)
    for many in range(_MOST_NAMES + 1):
        name = at + many
        kind = _NOUNS.get(words.word(name))
        if kind is not None:
            return _noun(words, name, kind, used)
        if words.isin(name, _SORTS):
            used.add(name)
        if words.opaque(name):
            named = _named(words, name)
            if many == 0 and named is not None:
                return _ended(words, named, used)
            if not determined and many:
                return None
        elif not words.word(name) or words.isin(name, _NO_NAME) or (many == 1 and not determined):
            return None
    return None


def _named(words: Words, i: int) -> _Thing | None:
    text = words.text(i)
    kind = next((kind for pattern, kind in _NAMES if pattern.fullmatch(text)), None)
    if kind is None:
        return None
    return _Thing(kind, None if kind is AnchorKind.POLICY else words.raw(i), frozenset(), i + 1)


def _noun(words: Words, i: int, kind: AnchorKind, used: set[int]) -> _Thing | None:
    used = {*used, i}
    after = i + 1
    while words.isin(after, _AFTER_NOUN):
        used.add(after)
        after += 1
    if words.opaque(after) and "@" in words.text(after) and words.has(i, "deployment"):
        return None  # `the deployment gpt-4o@aws` is one of the fleet
    told: str | None = None
    named = _named(words, after) if words.opaque(after) else None
    if named is not None or (words.opaque(after) and _ID.fullmatch(words.text(after))):
        told = words.raw(after) if named is None else named.id
        after += 1
    elif words.whole(after) is not None and words.closes(after + 1):
        told = words.text(after)
        after += 1
    return _ended(words, _Thing(kind, told, frozenset(), after), used)


def _ended(words: Words, thing: _Thing, used: set[int]) -> _Thing:
    """With whether its end or its beginning is said."""
    at = thing.after
    said = words.skip(at, bag("was got is has been"))
    if words.isin(said, _ENDED) or (said > at and words.isin(said, bag("fixed over mitigated"))):
        end = said + 1
        return replace(thing, used=frozenset({*used, *range(at, end)}), after=end, ended=True)
    if words.isin(at, _STARTED):
        return replace(thing, used=frozenset({*used, at}), after=at + 1)
    return replace(thing, used=frozenset(used))


def _found(thing: _Thing, words: Words, start: int, until: int, when: Anchored) -> Found:
    del words
    return Found(when, frozenset({*range(start, until), *thing.used}), thing.after)


def _side(words: Words, i: int) -> Found | None:
    """`since the incident`, `during inc-42`, `before the rollout`, `around the incident`."""
    start = words.skip(i, bag("ever right just shortly immediately directly soon"))
    close = words.isin(start - 1, bag("right just shortly immediately directly soon")) and start > i
    side, at = words.word(start), start + 1
    for said, meant in (
        (("prior", "to"), "before"),
        (("previous", "to"), "before"),
        (("ahead", "of"), "before"),
        (("up", "to"), "before"),
        (("leading", "up", "to"), "before"),
        (("at", "the", "time", "of"), "during"),
        (("as", "of"), "since"),
        (("in", "the", "wake", "of"), "after"),
    ):
        if words.has(start, *said):
            side, at = meant, start + len(said)
    thing = _thing(words, at)
    if thing is None:
        return None
    when = Anchored(thing.kind, thing.id)
    if side in {"since", "from", "starting"}:
        if side == "from" and not words.isin(thing.after, bag("on onwards onward")):
            return None
        when = replace(when, after_end=thing.ended)
    elif side in _AFTER:
        when = _after(when, ended=thing.ended, close=close)
    elif side in _BEFORE:
        when = before(when, _HOUR if close else _DAY)
    elif side in _DURING or (side == "in" and thing.kind is AnchorKind.INCIDENT):
        when = replace(when, whole=True)
    elif side in {"around", "near"}:
        when = around(when)
    elif side in {"when", "as"} and words.isin(thing.after - 1, _STARTED):
        when = replace(when, start_offset=-_HOUR, end_offset=_HOUR)
    else:
        return None
    return _found(thing, words, i, at, when)


def _after(when: Anchored, *, ended: bool, close: bool) -> Anchored:
    """After what lasts is after its end."""
    lasting = when.kind in {AnchorKind.INCIDENT, AnchorKind.MAINTENANCE}
    return replace(when, after_end=ended or lasting, end_offset=_HOUR if close else None)


def before(when: Anchored, length: timedelta) -> Anchored:
    """So long before it began."""
    return Anchored(when.kind, when.id, start_offset=-length, end_offset=timedelta())


def around(when: Anchored) -> Anchored:
    """With the hour before and the hour after it; of what lasts, all of it between."""
    lasting = when.kind in _LASTING
    return replace(when, start_offset=-_HOUR, end_offset=_HOUR, whole=lasting)


def _with_length(words: Words, i: int) -> Found | None:
    """`the two hours before the rollout`, `an hour after the deploy`, `2 hours into the outage`."""
    start = words.skip(i, bag("in over during for within the first"))
    first = any(words.isin(k, bag("first within")) for k in range(i, start))
    read = length(words, start, bare=True)
    if read is None:
        return None
    told, at = read
    side = words.word(at)
    if side == "of" and first:
        side = "after"
    if words.has(at, "previous", "to") or words.has(at, "leading", "up"):
        side, at = "before", at + 1 if words.has(at, "previous") else at + 2
    thing = _thing(words, at + 1)
    if thing is None:
        return None
    when = Anchored(thing.kind, thing.id)
    if side in _BEFORE:
        when = before(when, told.span)
    elif side in _AFTER or side in {"into", "since", "from"}:
        when = replace(when, end_offset=told.span, after_end=thing.ended)
    else:
        return None
    return _found(thing, words, i, at + 1, when)


def _both_sides(words: Words, i: int) -> Found | None:
    """`before and after the rollout`, `before vs after inc-42`, `pre/post deploy`."""
    sides = _BEFORE | _AFTER
    if not words.isin(i, sides):
        return None
    at = words.skip(i + 1, bag("and vs or against to"))
    if not words.isin(at, sides) or (words.isin(at, _BEFORE) == words.isin(i, _BEFORE)):
        return None
    thing = _thing(words, at + 1)
    if thing is None:
        return None
    when = Anchored(thing.kind, thing.id)
    found = _found(thing, words, i, at + 1, after_as_long(when, _DAY))
    return replace(found, other=before(when, _DAY))


def after_as_long(when: Anchored, length: timedelta) -> Anchored:
    """After it, for as long as what it is compared with."""
    return replace(_after(when, ended=False, close=False), end_offset=length)


def _framed(words: Words, i: int) -> Found | None:
    """`from an hour before to two hours after the incident`."""
    if not words.isin(i, bag("from between")):
        return None
    first = length(words, i + 1)
    if first is None or not words.isin(first[1], _BEFORE):
        return None
    thing = _thing(words, first[1] + 1)
    at = first[1] + 1 if thing is None else thing.after
    if not words.isin(at, bag("to and until")):
        return None
    last = length(words, at + 1)
    if last is None or not words.isin(last[1], _AFTER):
        return None
    if words.has(last[1] + 1, "it"):
        end = last[1] + 2
    else:
        again = _thing(words, last[1] + 1)
        thing, end = again or thing, last[1] + 1 if again is None else again.after
    if thing is None:
        return None
    when = Anchored(thing.kind, thing.id, start_offset=-first[0].span, end_offset=last[0].span)
    used = frozenset({*range(i, first[1] + 1), *range(at, last[1] + 1), *thing.used})
    return Found(when, used, end)
