"""Whether the words of a sentence go the way that its figures go: rose, fell, from and to. Pure."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from agent.checking.claims import NumberClaim
from agent.checking.evidence import WORDS, Mention
from agent.checking.records import Number
from graph.slices import Metric

_UP: Final = (
    r"rose|risen|rises?|rising|increas\w+|grew|grown|grows?|growing|climb\w+|jump\w+|went up|"
    r"gained?|surged?|spiked?|higher|up"
)
_DOWN: Final = (
    r"fell|fallen|falls?|falling|drop(?:ped|s|ping)?|decreas\w+|declin\w+|sank|shrank|went down|"
    r"lost|dipped|reduced|lower|down"
)
_BETTER: Final = r"improv\w+|got better|recovered"
_WORSE: Final = r"worsen\w+|got worse|degraded|deteriorat\w+|regressed"
_WAY: Final = re.compile(
    rf"\b(?:(?P<up>{_UP})|(?P<down>{_DOWN})|(?P<better>{_BETTER})|(?P<worse>{_WORSE}))\b",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"^\W*(?:→|->|=>|to|down to|up to)\s*$")
_DIRECT: Final = re.compile(r"^\s*(?:by|to)?\s*(?:about|around|roughly|nearly|almost|~)?\s*$")
_CLAUSE: Final = re.compile(r"[;:(]|\bwhile\b|\bbut\b|\bfrom\b|, ", re.IGNORECASE)
_BACK: Final = re.compile(r"^[^.;\d]{0,24}\b(up|down) from\s*$", re.IGNORECASE)
_FACTORS: Final = {"doubled": 2.0, "tripled": 3.0, "quadrupled": 4.0, "halved": 0.5}
_FACTOR: Final = re.compile(rf"\b(?:{'|'.join(_FACTORS)})\b", re.IGNORECASE)
_LOOSELY: Final = 0.15
_OTHER_WAY: Final = "before and after are the other way round"
_BEFORE: Final = "before"
_AFTER: Final = "after"
_OWNERS: Final = frozenset({"deployment", "model", "backend", "tenant", "tier", "arm", "task_type"})
_DELTAS: Final = frozenset({"delta", "effect", "quality_delta", "mix_effect", "within_effect"})
_NO_CHANGE: Final = re.compile(
    r"before|after|value|count\w*|requests\w*|sample\w*|scored\w*|expected_scored_share|error_rate|"
    r"availability|confidence|quality|latency\w*|spent_usd|limit_usd|score|target|actual"
)
"""Fields that hold how much something is, and never by how much it changed."""

Found = Callable[[NumberClaim], Sequence[Number]]
"""The numbers that a claim may be, of those that the sentence is about."""


def misdirected(
    text: str,
    numbers: Sequence[NumberClaim],
    found: Found,
    *,
    changes: Callable[[], Sequence[tuple[float, float]]],
) -> str | None:
    """What is wrong with the way that a sentence tells a change; None where nothing is.

    `changes` gives the figures before and after of those that the sentence is about.
    """
    paired: set[int] = set()
    told = _FACTOR.search(text)
    if told and not any(_multiplied(*one, told[0].lower()) for one in changes()):
        return f"no result shows it {told[0].lower()}"
    for first, second in pairwise(numbers):
        back = _BACK.search(text[first.end : second.start])
        if back and first.readings and second.readings:
            grew = first.readings[0].value > second.readings[0].value
            if grew != (back[1].lower() == "up"):
                return f"it is told as {back[1].lower()}, and went the other way"
            if _swapped(_told(found(second)), _told(found(first))):
                return _OTHER_WAY
        if not (first.readings and second.readings):
            continue
        if not _BETWEEN.match(text[first.end : second.start]):
            continue
        wrong = _pair(text, first, second, found)
        if wrong:
            return wrong
        paired |= {first.start, second.start}
    for one in numbers:
        if one.start in paired or one.signed:
            continue
        wrong = _single(text, one, found)
        if wrong:
            return wrong
    return None


def _swapped(earlier: Sequence[Number], later: Sequence[Number]) -> bool:
    """Whether what is told as before is what was after, and the other way round."""
    of_first = {(one.record, one.name) for one in earlier}
    swapped = right = False
    for one in later:
        if one.name.endswith(_AFTER):
            prefix = one.name.removesuffix(_AFTER)
            right |= (one.record, f"{prefix}{_BEFORE}") in of_first
        elif one.name.endswith(_BEFORE):
            prefix = one.name.removesuffix(_BEFORE)
            swapped |= (one.record, f"{prefix}{_AFTER}") in of_first
        else:
            right |= any(record is one.record for record, _ in of_first)
    return swapped and not right


def _multiplied(before: float, after: float, word: str) -> bool:
    """Whether a figure was multiplied as a word says, more or less."""
    factor = _FACTORS[word]
    return before != 0 and abs(after / before / factor - 1) <= _LOOSELY


def _pair(text: str, first: NumberClaim, second: NumberClaim, found: Found) -> str | None:
    earlier, later = _told(found(first)), _told(found(second))
    if found(first) and found(second) and not _together(found(first), found(second)):
        return "these figures are not of one thing"
    if _swapped(earlier, later):
        return _OTHER_WAY
    before = text[max(0, first.start - 60) : first.start]
    ways = list(_WAY.finditer(before))
    if not ways or "(" in before[ways[-1].end() :]:
        return None
    start, end = first.readings[0].value, second.readings[0].value
    metric = next((one.record.metric for one in later if one.record.metric), None)
    return _against(ways[-1], end - start, metric)


def _told(numbers: Sequence[Number]) -> list[Number]:
    """Those that a field holds; of numbers in words nobody knows which came first."""
    return [one for one in numbers if one.name != WORDS]


def _together(earlier: Sequence[Number], later: Sequence[Number]) -> bool:
    """Whether two figures may be of one thing: of a record, or of records side by side."""
    return any(
        one.record is other.record
        or (
            one.record.above is not None
            and one.record.above is other.record.above
            and one.record.sort == other.record.sort
        )
        for one in earlier
        for other in later
    )


def _single(text: str, one: NumberClaim, found: Found) -> str | None:
    before = text[max(0, one.start - 40) : one.start]
    ways = [way for way in _WAY.finditer(before) if _DIRECT.match(before[way.end() :])]
    if not ways:
        return None
    moved: list[tuple[float, Number]] = []
    by = before.rstrip().endswith("by")
    if by and found(one) and all(_NO_CHANGE.fullmatch(number.name) for number in found(one)):
        return "no result gives this change"
    for number in found(one):
        if number.name in _DELTAS:
            moved.append((number.raw, number))
        elif number.name.endswith(_AFTER):
            start = number.record.values.get(f"{number.name.removesuffix(_AFTER)}{_BEFORE}")
            if start is None:
                return None
            moved.append((number.raw - start, number))
        else:
            return None
    wrong = [_against(ways[-1], delta, number.record.metric) for delta, number in moved]
    return wrong[0] if wrong and all(wrong) else None


def _against(way: re.Match[str], delta: float, metric: object) -> str | None:
    """Whether a change goes against the word for it."""
    if not delta:
        return None
    up = bool(way["up"])
    if way["better"] or way["worse"]:
        if not isinstance(metric, Metric) or metric in {Metric.COST, Metric.VOLUME}:
            return None
        up = (metric is Metric.QUALITY) == bool(way["better"])
    return None if up == (delta > 0) else f"it is told as {way[0].lower()}, and went the other way"


def exchanged(
    text: str, numbers: Sequence[NumberClaim], mentions: Sequence[Mention], found: Found
) -> list[tuple[NumberClaim, str]]:
    """The numbers that stand by one name and are another's, where each name has its own beside it.

    Only where the results tell the same of both: else the number may well be of the two.
    """
    named = [one for one in mentions if one.kinds & _OWNERS]
    if len({one.name for one in named}) < 2 or len({one.kinds for one in named}) != 1:
        return []
    starts = [one.start for one in named]
    ends = [*starts[1:], len(text)]
    first = [one for one in numbers if one.start < starts[0]]
    after = [
        [one for one in numbers if s <= one.start < e] for s, e in zip(starts, ends, strict=True)
    ]
    if first and not after[-1] and all(after[:-1]):
        after = [first, *after[:-1]]
    elif first or not all(after):
        return []
    (kind,) = {kind for one in named for kind in one.kinds} & _OWNERS
    wrong: list[tuple[NumberClaim, str]] = []
    for mention, claims in zip(named, after, strict=True):
        for claim in claims:
            held = found(claim)
            owners = [one.record.ids.get(kind) for one in held]
            if held and all(own and mention.name not in own for own in owners):
                wrong.append((claim, mention.name))
    return wrong
