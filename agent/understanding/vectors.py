"""Texts as weighted features: tf-idf in three blocks, each of length one.

Written out here, since a question must be weighed in well under a millisecond: a library's
vectoriser checks its input for longer than that.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agent.understanding.features import concepts, pieces, words

_Features: TypeAlias = Callable[[str], Iterable[str]]

_BLOCKS: Final[tuple[tuple[_Features, int], ...]] = ((pieces, 2), (words, 1), (concepts, 2))
"""What each block is made of, and in how many texts a feature must occur to count."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """A row without its zeros: the columns in which it has something, and what."""

    columns: NDArray[np.int32]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Block:
    features: _Features
    columns: dict[str, int]
    rarity: NDArray[np.float64]
    """Inverse document frequency, by column of this block."""
    first: int

    def row(self, features: Iterable[str]) -> Sparse:
        counted = Counter(feature for feature in features if feature in self.columns)
        columns = np.fromiter((self.columns[f] for f in counted), np.int32, len(counted))
        often = np.fromiter(counted.values(), np.float64, len(counted))
        weights = (1.0 + np.log(often)) * self.rarity[columns]
        length = np.sqrt(weights @ weights)
        return Sparse(columns + np.int32(self.first), weights / length if length else weights)


@dataclass(frozen=True, slots=True)
class Vectors:
    """How texts become rows, once it is known which features there are and how rare they are."""

    blocks: tuple[_Block, ...]

    @property
    def width(self) -> int:
        """How many columns a row has."""
        return sum(len(block.columns) for block in self.blocks)

    def row(self, text: str) -> Sparse:
        """A normalised text as a row."""
        return _joined([block.row(block.features(text)) for block in self.blocks])


def learnt(texts: Sequence[str]) -> tuple[Vectors, list[Sparse]]:
    """The vectors of normalised texts, and these texts as rows. Of the same always the same."""
    blocks: list[_Block] = []
    rows: list[list[Sparse]] = []
    for features, least in _BLOCKS:
        seen = [tuple(features(text)) for text in texts]
        first = blocks[-1].first + len(blocks[-1].columns) if blocks else 0
        block = _block(features, seen, least=least, first=first)
        blocks.append(block)
        rows.append([block.row(one) for one in seen])
    return Vectors(tuple(blocks)), [_joined(of_text) for of_text in zip(*rows, strict=True)]


def _block(features: _Features, seen: Sequence[Sequence[str]], *, least: int, first: int) -> _Block:
    """A block of those features that `least` texts have."""
    spread = Counter(feature for one in seen for feature in set(one))
    kept = sorted(feature for feature, count in spread.items() if count >= least)
    counts = np.array([spread[feature] for feature in kept], np.float64)
    rarity = np.log((1.0 + len(seen)) / (1.0 + counts)) + 1.0
    return _Block(features, {one: at for at, one in enumerate(kept)}, rarity, first)


def _joined(rows: Sequence[Sparse]) -> Sparse:
    """The rows of all blocks, one after another."""
    return Sparse(
        np.concatenate([row.columns for row in rows]),
        np.concatenate([row.weights for row in rows]),
    )
