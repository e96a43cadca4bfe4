"""The words that questions are usually asked in, and what a misspelt word was to be.

For the local classifier alone: it knows no names, and a wrong correction costs it little.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from agent.understanding.concepts import CONCEPTS
from agent.understanding.english import ordinary

_USUAL: Final = 4
"""A word of so many questions is a usual one."""
_KNOWN: Final = 2
"""A word of so many questions is none that was misspelt."""
_SHORTEST: Final = 4
_LONG: Final = 8
"""From this length on two letters may be wrong."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Usual words, and all those that are left as they are."""

    usual: tuple[str, ...]
    known: frozenset[str]

    @classmethod
    def learnt(cls, texts: Sequence[str]) -> "Lexicon":
        """The lexicon of normalised texts."""
        spread = Counter(word for text in texts for word in set(text.split()) if word.isalpha())
        usual = sorted(w for w, n in spread.items() if n >= _USUAL and len(w) >= _SHORTEST)
        return cls(tuple(usual), frozenset(w for w, n in spread.items() if n >= _KNOWN))

    def corrected(self, plain: str) -> str:
        """A normalised text with words that are almost usual ones spelt as those."""
        return " ".join(
            word if word in self.known or not word.isalpha() or _right(word) else self._meant(word)
            for word in plain.split()
        )

    def _meant(self, word: str) -> str:
        """The usual word that is near; the word itself where none is, or two are as near."""
        if len(word) < _SHORTEST:
            return word
        wrong = 2 if len(word) >= _LONG else 1
        near = [
            (distance, usual)
            for usual, distance, _ in process.extract(
                word, self.usual, scorer=OSA.distance, score_cutoff=wrong, limit=4
            )
            if usual[0] == word[0] and (len(word) > _SHORTEST or sorted(usual) == sorted(word))
        ]
        near.sort()
        if not near or (len(near) > 1 and near[0][0] == near[1][0]):
            return word
        return near[0][1]


def _right(word: str) -> bool:
    """Whether a word is spelt as it should be: plain English, or one with a concept."""
    return ordinary(word) or any(pattern.fullmatch(word) for _, pattern in CONCEPTS)
