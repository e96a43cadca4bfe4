"""A text with its times blanked and the names that it mentions marked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agent.understanding import measures
from agent.understanding.question import Times
from agent.understanding.spelling import lowered, parts
from agent.understanding.vocabulary import Mention, Vocabulary, mentions

_VERSIONED: Final = re.compile(r"\s*(?:@|version|v\.?)?\s*(v?\d[\w.]*)\b")
_OTHER_MODEL: Final = re.compile(
    r"[ -](?:\d{1,3}(?:\.\d+)?b|\d{1,2}(?:\.\d+)?(?!\s*(?:%|k\b|tok|req|err|ms|x\b)))(?![\w.]*\w)"
)
_AT: Final = re.compile(r"[\w][\w.:/-]*@[\w][\w.:-]*(?<![.:-])")
_COMPOUND: Final = re.compile(r"(?<![\w@./-])[A-Za-z][\w.]*(?:[-_][A-Za-z]+)+(?![\w@./-])")
_USER: Final = re.compile(r"\buser(?:[ _-]?id)?\s*[:=#\"'`]*\s*\Z")
_SLIPPED: Final = 3
_TOKEN: Final = re.compile(r"[^\s,;?!\"'()]*[^\s,;?!\"'().:]")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text with its times blanked, what it mentions, and the same with marks for mentions.

    `<0>` is the mark of the first mention, and so on. `marked` keeps the case; `plain` is in lower
    case, and misspelt measures are put right. `unknown` are words like names of this fleet that
    are none: a deployment of two known parts, another version.
    """

    blank: str
    found: tuple[Mention, ...]
    marked: str
    plain: str
    unknown: tuple[str, ...]

    def of(self, kind: str) -> list[str]:
        """The names of a kind that are mentioned, in order, each once."""
        return list(dict.fromkeys(n for m in self.found if m.kind == kind for n in m.names))


def read(
    text: str, *, vocabulary: Vocabulary, times: Times, users: frozenset[str] = frozenset()
) -> Reading:
    """Read the names in a text; words about time (`times.words`) are nobody's name.

    Nor are parts of the identifiers of `users`.
    """
    blank = _blanked(text, times.words)
    low = lowered(blank)
    found = [m for m in mentions(blank, vocabulary=vocabulary) if not _is_user(low, m)]
    found = _apart_from(found, blank, users=users)
    found, unknown = _versions(blank, low, found)
    found, strangers = _deployments(blank, found, vocabulary=vocabulary)
    unknown += strangers
    unknown += _longer(blank, found, vocabulary=vocabulary)
    pieces: list[str] = []
    at = 0
    for start, end, mark in sorted([*_marks(found), *((a, b, " ") for a, b in unknown)]):
        pieces += [_safe(blank[at:start]), mark]
        at = end
    marked = "".join([*pieces, _safe(blank[at:])])
    plain = re.sub(r"\s+", " ", measures.spelt(marked)).strip()
    words = tuple(blank[a:b] for a, b in sorted(unknown))
    return Reading(blank, tuple(found), marked, plain, words)


def in_full(
    text: str, *, vocabulary: Vocabulary, times: Times, users: frozenset[str] = frozenset()
) -> str:
    """The text with each name written as it is known, however it was spelt."""
    blank = _blanked(text, times.words)
    found = _apart_from(mentions(blank, vocabulary=vocabulary), blank, users=users)
    pieces: list[str] = []
    at = 0
    for one in sorted(found, key=lambda each: each.start):
        pieces += [text[at : one.start], one.names[0]]
        at = one.end
    return "".join([*pieces, text[at:]])


def _apart_from(found: Sequence[Mention], text: str, *, users: frozenset[str]) -> list[Mention]:
    """The mentions that are no part of a known user's identifier."""
    taken = [m.span() for m in _TOKEN.finditer(text) if m[0] in users] if users else []
    return [
        one for one in found if not any(start < one.end and one.start < end for start, end in taken)
    ]


def _marks(found: Sequence[Mention]) -> Iterator[tuple[int, int, str]]:
    for place, one in enumerate(found):
        yield one.start, one.end, f"<{place}>"


def _safe(text: str) -> str:
    return text.replace("<", " ").replace(">", " ")


def _blanked(text: str, words: Sequence[str]) -> str:
    """The text with each of these words replaced by as many spaces."""
    blank = text
    for one in sorted(set(words), key=len, reverse=True):
        if one.strip():
            pattern = rf"(?<!\w){re.escape(one.strip())}(?!\w)"
            blank = re.sub(pattern, lambda m: " " * len(m[0]), blank, flags=re.IGNORECASE)
    return blank


def _is_user(low: str, one: Mention) -> bool:
    """Whether what looks like a misspelt name is a user's own."""
    return one.how == _SLIPPED and _USER.search(low[: one.start]) is not None


def _versions(
    blank: str, low: str, found: Sequence[Mention]
) -> tuple[list[Mention], list[tuple[int, int]]]:
    """Without mentions that a number behind makes another thing: `llama 8b`, `policy main v99`."""
    kept: list[Mention] = []
    unknown: list[tuple[int, int]] = []
    for one in found:
        behind = None
        if one.kind == "model" and one.how:
            behind = _OTHER_MODEL.match(low, one.end)
        elif one.kind == "policy":
            behind = _VERSIONED.match(low, one.end)
        if behind is None:
            kept.append(one)
        else:
            unknown.append((one.start, behind.end()))
    taken = [m for m in kept if not any(a < m.end and m.start < b for a, b in unknown)]
    return taken, unknown


def _deployments(
    blank: str, found: Sequence[Mention], *, vocabulary: Vocabulary
) -> tuple[list[Mention], list[tuple[int, int]]]:
    """Read `x@y` by its two parts, where it is not a known name as it stands."""
    kept = list(found)
    unknown: list[tuple[int, int]] = []
    for match in _AT.finditer(blank):
        start, end = match.span()
        over = [m for m in kept if m.start < end and start < m.end]
        if any(m.start <= start and m.end >= end for m in over):
            continue
        if _USER.search(lowered(blank)[:start]) or match[0].lower().startswith("user"):
            kept = [m for m in kept if m not in over]
            continue
        model, _, backend = match[0].rpartition("@")
        named = _both(model, backend, vocabulary=vocabulary)
        kept = [m for m in kept if m not in over]
        if named:
            kept.append(Mention(start, end, "deployment", named))
        else:
            unknown.append((start, end))
    return sorted(kept, key=lambda m: m.start), unknown


def _longer(
    blank: str, found: Sequence[Mention], *, vocabulary: Vocabulary
) -> list[tuple[int, int]]:
    """Words that begin like a known name and are another: `acme-corp` where `acme` is known."""
    return [
        match.span()
        for match in _COMPOUND.finditer(blank)
        if all(match.end() <= one.start or match.start() >= one.end for one in found)
        and vocabulary.begins(parts(match[0]))
    ]


def _both(model: str, backend: str, *, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The deployments of a model on a backend, each written as people write."""
    sides: list[tuple[str, ...]] = []
    for kind, written in (("model", model), ("backend", backend)):
        fits = [
            m
            for m in mentions(f"{kind} {written}", vocabulary=vocabulary)
            if m.kind == kind and m.end - m.start == len(written)
        ]
        sides.append(fits[0].names if fits else ())
    made = {f"{one}@{other}" for one in sides[0] for other in sides[1]}
    return tuple(sorted(made & set(vocabulary.names.deployments)))
