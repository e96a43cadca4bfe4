"""How good the local classifier is on questions that it has not seen, told from its own phrasings.

Each phrasing is judged by a classifier that learnt neither from it nor from its near duplicates.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from agent.understanding.guess import Guess
from agent.understanding.question import Intent
from agent.understanding.semantics import TEMPERATURE, Phrasing, Semantics

FOLDS: Final = 5
_NEAR: Final = 0.6
"""Phrasings that share this part of their words are near duplicates."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A phrasing, what was made of it unseen, and how far it lay on each label's side."""

    phrasing: Phrasing
    guesses: tuple[Guess, ...]
    margins: NDArray[np.float64]

    @property
    def best(self) -> Guess:
        """The likeliest."""
        return self.guesses[0]

    @property
    def right(self) -> bool:
        """Whether the likeliest is right."""
        return self.best.intent is self.phrasing.intent


@dataclass(frozen=True, slots=True)
class Kept:
    """What a threshold gives: the share of guesses that reach it, and of them that are right."""

    threshold: float
    coverage: float
    precision: float


def cross_validated(
    examples: Sequence[Phrasing], *, folds: int = FOLDS, names_known: bool = True
) -> tuple[Judged, ...]:
    """Every example, judged unseen. With unknown names they are read as they stand."""
    groups = near_duplicates(examples)
    judged: list[Judged] = []
    for fold in range(folds):
        semantics = Semantics.trained_on(
            [one for one, group in zip(examples, groups, strict=True) if group % folds != fold]
        )
        for one, group in zip(examples, groups, strict=True):
            if group % folds == fold:
                plain = one.masked if names_known else one.unmasked
                guesses, margins = semantics.guess_normalised(plain), semantics.margins(plain)
                judged.append(Judged(one, guesses, margins))
    return tuple(judged)


def near_duplicates(examples: Sequence[Phrasing]) -> list[int]:
    """A number for each example, the same for all that share most words, directly or by others.

    Groups are numbered intent by intent, so that taking every fifth leaves some of each.
    """
    group = list(range(len(examples)))

    def root(at: int) -> int:
        while group[at] != at:
            at = group[at]
        return at

    for one, other in _near(examples):
        group[root(one)] = root(other)
    order = sorted(range(len(examples)), key=lambda at: (str(examples[at].intent), root(at)))
    numbers: dict[int, int] = {}
    for at in order:
        numbers.setdefault(root(at), len(numbers))
    return [numbers[root(at)] for at in range(len(examples))]


def _near(examples: Sequence[Phrasing]) -> list[tuple[int, int]]:
    """The pairs that share most of their words."""
    bags = [set(one.masked.split()) for one in examples]
    columns = {word: at for at, word in enumerate(sorted(set[str]().union(*bags)))}
    has = np.zeros((len(bags), len(columns)), np.float32)
    for at, bag in enumerate(bags):
        has[at, [columns[word] for word in bag]] = 1.0
    shared = has @ has.T
    sizes = has.sum(axis=1)
    near = np.argwhere(np.triu(shared >= _NEAR * (sizes[:, None] + sizes - shared), k=1))
    return [(int(one), int(other)) for one, other in near]


def at_threshold(judged: Sequence[Judged], threshold: float) -> Kept:
    """Precision and coverage among the judged if only surer guesses count."""
    kept = [one for one in judged if one.best.confidence >= threshold]
    right = sum(one.right for one in kept)
    return Kept(threshold, len(kept) / len(judged), right / len(kept) if kept else 1.0)


def surprise(judged: Sequence[Judged], *, temperature: float = TEMPERATURE) -> float:
    """Mean negative log-likelihood of what is right, if margins were divided by `temperature`."""
    labels = (*Intent, None)
    total = 0.0
    for one in judged:
        scaled = one.margins / temperature
        top = float(scaled.max())
        total += math.log(float(np.exp(scaled - top).sum())) + top
        total -= float(scaled[labels.index(one.phrasing.intent)])
    return total / len(judged)
