"""What the local classifier sees of a text: words, pieces of words, and what they stand for.

A name says nothing about what is asked, so names, identifiers and figures become placeholders;
neither does spelling, so contractions and common abbreviations are written in full. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Final

from agent.understanding.concepts import CONCEPTS

LONGEST: Final = 500
"""Characters of a text that are looked at."""

_PIECES: Final = (2, 3, 4, 5)
"""Lengths of pieces of words."""
_MANY: Final = 4
"""More words without a concept than this are not told apart."""
_MEANING: Final = 4
"""Letters from which on a word without a concept may be about something else altogether."""

_NAME: Final = " xname "
_KINDS: Final = {
    "request": " xrequest ",
    "incident": " xincident ",
    "change": " xchange ",
    "experiment": " xexperiment ",
    "arm": " xarm ",
    "policy_version": " xpolicy ",
    "user": " xuser ",
    "deployment": " xdeployment ",
}
"""Placeholders of names whose kind says something about what is asked; any other is a name."""

_SHAPES: Final = tuple(
    (re.compile(pattern), placeholder)
    for pattern, placeholder in (
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{12,}\b", _KINDS["request"]),
        (r"\b(?:(?:req|request|trace)[-_:#]?|r[-_])(?=\w*\d)[\w-]+", _KINDS["request"]),
        (r"\b(?:inc|incident|outage)[-_#]?(?=[\w-]*\d)[\w-]+", _KINDS["incident"]),
        (r"\b(?:exp|experiment)[-_#]?(?=[\w-]*\d)[\w-]+/[\w-]+", _KINDS["arm"]),
        (r"\b(?:exp|experiment)[-_#]?(?=[\w-]*\d)[\w-]+", _KINDS["experiment"]),
        (r"\b(?:(?:chg|change|rollout|deploy)[-_#]?|ro[-_])(?=[\w-]*\d)[\w-]+", _KINDS["change"]),
        (r"\b(?:user[-_]?|usr[-_]?|u[-_])\d[\w-]*", _KINDS["user"]),
        (r"[\w.-]+@v?\d[\w.]*", _KINDS["policy_version"]),
        (r"[\w.:/-]+@[\w.-]+", _KINDS["deployment"]),
        (r"#\d+\b|\b(?=\w*\d)(?=\d*[a-f])[0-9a-f]{6,}\b", _KINDS["request"]),
        (r"\b[a-z][\w.]*(?:-[\w.]+)*-(?:[a-z.]*\d[\w.]*)(?:-[\w.]+)*", _NAME),
        (r"\b(?!sev|top|p\d)[a-z]{3,}\d[\w.]*", _NAME),
    )
)
"""What has the shape of an identifier is one, also where nobody says that it is a name."""

_MARKED: Final = re.compile(r"<(\w+)>")
_TIMES: Final = """
    today yesterday tomorrow tonight now morning noon afternoon evening night midnight weekend week
    weeks day days hour hours minute minutes month months quarter year last next past this since
    until between ago before after during monday tuesday wednesday thursday friday saturday sunday
"""
_TIME_WORDS: Final = frozenset(_TIMES.split())
_TIME: Final = re.compile(
    r"[\d:./+-]+(?:am|pm|h|hrs?|mins?|m|s|d|w|th|st|nd|rd|z|utc)?"
    r"|(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*"
)
"""A word that only tells a time, as far as its shape goes."""
_REWRITTEN: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[\u2019`\u00b4]", "'"),
        (r"\bw/o\b", "without"),
        (r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", "weekday"),
        (
            r"\b(?:january|february|april|june|july|august|september|october|november|december)\b",
            "month",
        ),
        (r"\b(can|wo|shan)'t\b", r"\1 not"),
        (r"n't\b", " not"),
        (r"'(?:s|re)\b", " is"),
        (r"'ve\b", " have"),
        (r"'d\b", " would"),
        (r"\d+(?:[.:,]\d+)*", "0"),
        (r"\b0 ?(?:am|pm|utc)\b", "0"),
        (r"[^\w\s'/$?<>%@-]+", " "),
    )
)
_SHORT: Final = """
    pls please, plz please, thx thanks, rn now, u you, r are, y why, yday yesterday, yest yesterday,
    tmrw tomorrow, tmr tomorrow, wk week, wks weeks, hr hour, hrs hours, mins minutes, nxt next,
    lat latency, qual quality, err error, errs errors, req request, reqs requests, avg average,
    v vs, versus vs, perf performance, maint maintenance, bst best, sth something, cuz because,
    whats what is, hows how is, whos who is, wheres where is, whens when is, im i am, ive i have,
    didnt did not, wasnt was not, isnt is not, arent are not, hasnt has not, doesnt does not,
    dont do not, cant can not, wont will not, hadnt had not, wouldve would have, cst cost, wat what,
    wot what, wich which, hw how, bc because, prev previous, curr current, deps deployments
"""
_WORDS: Final = {
    short: words for short, _, words in (one.strip().partition(" ") for one in _SHORT.split(","))
}
_COMMON: Final = """
    what which where when whose does have with from them they there then this that these those much
    many more some were will would could should about into over also just only very really please
    thanks than been being your yours ours mine each other doing done because while here want know
    need like look tell show give week weeks weekday today yesterday hour hours month months days
    morning night noon afternoon minutes time times between during after before since until past
    last next first same even still ever around again both such make made might
    xname xrequest xincident xchange xexperiment xarm xpolicy xuser xdeployment
"""
_PLAIN: Final = frozenset(_COMMON.split())
"""Words that stand for nothing, and are foreign nowhere."""


def normalised(text: str, *, mask: Sequence[str] = ()) -> str:
    """A text as the classifier reads it.

    `mask` are parts of the text that are names; those that are words about time stay, since what
    lies ahead is asked for by other intents than what is past. `<kind>` stands for a name too.
    """
    plain = text[:LONGEST].lower()
    for part in sorted({one.lower() for one in mask}, key=len, reverse=True):
        if part and not any(word in _TIME_WORDS or _TIME.fullmatch(word) for word in part.split()):
            plain = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", lambda m: _shaped(m[0]), plain)
    plain = _MARKED.sub(lambda m: _KINDS.get(m[1], _NAME), plain)
    for shape, placeholder in _SHAPES:
        plain = shape.sub(placeholder, plain)
    for pattern, replacement in _REWRITTEN:
        plain = pattern.sub(replacement, plain)
    return " ".join(_WORDS.get(word, word) for word in plain.replace("?", " ? ").split())


def _shaped(name: str) -> str:
    """The placeholder of a name, by its shape."""
    return next((kind for shape, kind in _SHAPES if shape.fullmatch(name)), _NAME)


def pieces(plain: str) -> Iterator[str]:
    """Runs of a few characters within each word, its ends marked by spaces."""
    for word in plain.split():
        padded = f" {word} "
        for size in _PIECES:
            for start in range(max(1, len(padded) - size + 1)):
                yield padded[start : start + size]


def words(plain: str) -> Iterator[str]:
    """Words, and words after one another; the text's beginning and end count as words."""
    found = ["^", *plain.split(), "$"]
    yield from found[1:-1]
    for before, after in pairwise(found):
        yield f"{before} {after}"


def concepts(plain: str) -> Iterator[str]:
    """What the words stand for: alone, together, in turn; how many stand for nothing."""
    found: list[tuple[int, int, str]] = []
    for name, pattern in CONCEPTS:
        found += [(match.start(), match.end(), name) for match in pattern.finditer(plain)]
    found.sort()
    order = [name for _, _, name in found]
    distinct = sorted(set(order))
    yield from distinct
    yield from (f"{one}+{other}" for one, other in combinations(distinct, 2))
    yield from (f"{before}>{after}" for before, after in pairwise(order))
    if order:
        yield f"^{order[0]}"
    yield f"foreign {min(_foreign(plain, found), _MANY)}"


def _foreign(plain: str, found: Sequence[tuple[int, int, str]]) -> int:
    """How many words with a meaning stand for no concept."""
    covered = bytearray(len(plain))
    for start, end, _ in found:
        covered[start:end] = b"\1" * (end - start)
    return sum(
        len(match[0]) >= _MEANING
        and match[0] not in _PLAIN
        and not any(covered[match.start() : match.end()])
        for match in re.finditer(r"[^\W\d_]+", plain)
    )
