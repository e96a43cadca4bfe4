"""How words are made alike: tokens of a text, keys without separators, stems, and near misses."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

_TOKEN: Final = re.compile(r"[^\W_]+")
_DIGITS: Final = re.compile(r"\d+[a-z]?")
_SHORTEST: Final = 4
"""Shorter words are too like each other to be taken for one another."""
_LONG: Final = 8
"""From this length on two letters may be wrong."""
_SUFFIXES: Final = (
    *("isations", "izations", "isation", "ization", "ications", "ication"),
    *("ising", "izing", "isers", "izers", "iser", "izer", "ised", "ized", "ises", "izes"),
    *("ating", "ation", "ations", "ates", "ated", "ator", "ate", "ise", "ize"),
    *("ying", "iers", "ier", "ings", "ing", "ions", "ion", "ies", "ied", "ed"),
    *("es", "s", "y", "e"),
)
_ROOT: Final = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A run of letters and digits, in lower case, with its place in the text."""

    text: str
    start: int
    end: int


def lowered(text: str) -> str:
    """The text in lower case, every character at its place."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def tokens(text: str) -> tuple[Token, ...]:
    """The runs of letters and digits of a lower-case text."""
    return tuple(Token(m[0], m.start(), m.end()) for m in _TOKEN.finditer(text))


def parts(name: str) -> tuple[str, ...]:
    """The runs of letters and digits of a name, in lower case."""
    return tuple(_TOKEN.findall(lowered(name)))


def key(name: str) -> str:
    """A name without case and separators: `GPT-4o` and `gpt 4o` have the same."""
    return "".join(parts(name))


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """What forms of a word share: `code` and `coding`, `summaries` and `summarisation`."""
    if any(char.isdigit() for char in word):
        return word
    for suffix in _SUFFIXES:
        root = word.removesuffix(suffix)
        if root != word and len(root) >= _ROOT:
            doubled = len(root) > _ROOT and root[-1] == root[-2] and root[-1] not in "sl"
            return root[:-1] if doubled else root
    return word


def nearest(word: str, known: Sequence[str]) -> tuple[str, ...]:
    """The known keys that a key may be a misspelling of: all those of the least distance.

    A slip is a letter too many, too few, another, or two swapped. Digits, and the letter
    behind them, are never slips: `gpt-4` and `gpt-4o` are two names. Nor is the first
    letter, but for a swap.
    """
    if len(word) < _SHORTEST:
        return ()
    most = 2 if len(word) >= _LONG else 1
    close = process.extract(word, known, scorer=OSA.distance, score_cutoff=most, limit=None)
    digits = _DIGITS.findall(word)
    fitting = [
        (distance, other)
        for other, distance, _ in close
        if _DIGITS.findall(other) == digits
        and not (len(word) == len(other) == _SHORTEST and sorted(word) != sorted(other))
        and (word[0] == other[0] or (distance == 1 and sorted(word[:2]) == sorted(other[:2])))
    ]
    least = min(fitting, default=(0, ""))[0]
    return tuple(sorted(other for distance, other in fitting if distance == least))


def subsequences(of: Sequence[str]) -> Iterable[tuple[str, ...]]:
    """All ways to leave some, but not all, of a name's first parts out, in order."""
    kept = of[:6]
    for mask in range(1, 2 ** len(kept)):
        chosen = tuple(part for place, part in enumerate(kept) if mask >> place & 1)
        if len(chosen) < len(of):
            yield chosen
