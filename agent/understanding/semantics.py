"""The local step of understanding: a small classifier, trained on the phrasings in this package.

A linear support vector machine over pieces of words, words and concepts; chosen since it did as
well as logistic regression in cross-validation and trains four times as fast. It learns at first
use, in a second or two, and always the same. Its margins become probabilities by one temperature,
found by cross-validation over groups of like phrasings (`crossvalidation`), so that of the guesses
told with 0.8 about 80 % are right, on questions that are asked as those of the phrasings are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from agent.understanding.features import normalised
from agent.understanding.guess import Guess
from agent.understanding.lexicon import Lexicon
from agent.understanding.question import Intent
from agent.understanding.vectors import Sparse, Vectors, learnt

TEMPERATURE: Final = 0.2
"""What margins are divided by; a test keeps it near the best one."""
OUTSIDE: Final = "outside"
"""The file of questions that lie outside of every intent."""
FOLDER: Final = Path(__file__).parent / "phrasings"
_MARGIN_COST: Final = 0.3
"""How dear a training example on the wrong side is, against simple weights."""
_NAME: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Phrasing:
    """A question to learn from, as it stands in its file: names in braces. No intent: outside."""

    line: str
    intent: Intent | None

    @property
    def text(self) -> str:
        """The question as somebody would write it."""
        return _NAME.sub(r"\1", self.line)

    @cached_property
    def masked(self) -> str:
        """The question as the classifier reads it if its names are known."""
        return normalised(self.text, mask=_NAME.findall(self.line))

    @cached_property
    def unmasked(self) -> str:
        """The question as the classifier reads it if nobody knows its names."""
        return normalised(self.text)


def phrasings() -> tuple[Phrasing, ...]:
    """All questions to learn from: a file for each intent, one a line; `#` begins a remark."""
    return tuple(
        Phrasing(line.strip(), intent)
        for intent in (*Intent, None)
        for line in _file(intent).read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    )


def _file(intent: Intent | None) -> Path:
    return FOLDER / f"{OUTSIDE if intent is None else intent.value}.txt"


class Semantics:
    """The trained classifier. Reading only, so that threads may share it."""

    _lock: ClassVar[Lock] = Lock()
    _shared: ClassVar["Semantics | None"] = None

    def __init__(
        self,
        vectors: Vectors,
        *,
        lexicon: Lexicon,
        labels: tuple[Intent | None, ...],
        weights: NDArray[np.float32],
        offsets: NDArray[np.float64],
    ) -> None:
        self._vectors = vectors
        self._lexicon = lexicon
        self._labels = labels
        self._weights = weights
        """A row for each feature, a column for each label."""
        self._offsets = offsets

    @classmethod
    def trained(cls) -> "Semantics":
        """The classifier trained on all phrasings: at the first call, then the same one."""
        with cls._lock:
            if cls._shared is None:
                cls._shared = cls.trained_on(phrasings())
            return cls._shared

    @classmethod
    def trained_on(cls, examples: Sequence[Phrasing]) -> "Semantics":
        """A classifier trained on these: each as it reads with its names known, and without."""
        texts = list(
            dict.fromkeys(
                (text, one.intent) for one in examples for text in (one.masked, one.unmasked)
            )
        )
        lexicon = Lexicon.learnt([text for text, label in texts if label is not None])
        texts = [(lexicon.corrected(text), label) for text, label in texts]
        vectors, rows = learnt([text for text, _ in texts])
        taught = {label for _, label in texts}
        labels = tuple(label for label in (*Intent, None) if label in taught)
        numbers = {label: number for number, label in enumerate(labels)}
        weights, offsets = _separated(
            rows,
            width=vectors.width,
            labels=[numbers[label] for _, label in texts],
        )
        return cls(vectors, lexicon=lexicon, labels=labels, weights=weights, offsets=offsets)

    def guess(self, text: str, *, mask: Sequence[str] = ()) -> tuple[Guess, ...]:
        """Every intent, and none, with its probability; the likeliest first.

        `mask` are the parts of the text that were read as names. What has the shape of an
        identifier counts as a name in any case.
        """
        return self.guess_normalised(normalised(text, mask=mask))

    def guess_normalised(self, plain: str) -> tuple[Guess, ...]:
        """The same for a text that is normalised already."""
        margins = self.margins(plain)
        chances = np.exp((margins - margins.max()) / TEMPERATURE)
        chances /= chances.sum()
        guesses = [
            Guess(label, float(chance)) for label, chance in zip(self._labels, chances, strict=True)
        ]
        return tuple(sorted(guesses, key=lambda one: -one.confidence))

    def margins(self, plain: str) -> NDArray[np.float64]:
        """How far a normalised text lies on each label's side; labels in the order of `Intent`,
        outside last.
        """
        row = self._vectors.row(self._lexicon.corrected(plain))
        return row.weights @ self._weights[row.columns] + self._offsets


def _separated(
    rows: Sequence[Sparse], *, width: int, labels: Sequence[int]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Weights and offsets that separate each label from all others."""
    # Imported late: it takes a second that whoever never asks in words need not wait for.
    from scipy.sparse import csr_array
    from sklearn.svm import LinearSVC

    values = np.concatenate([row.weights for row in rows])
    columns = np.concatenate([row.columns for row in rows])
    ends = np.cumsum([0, *(len(row.columns) for row in rows)], dtype=np.int32)
    matrix: Any = csr_array((values, columns, ends), shape=(len(rows), width))
    machine: Any = LinearSVC(C=_MARGIN_COST, random_state=0)
    machine.fit(matrix, labels)
    return np.ascontiguousarray(machine.coef_.T, np.float32), np.asarray(machine.intercept_)
