"""How good the local classifier is on phrasings that it has not seen, and that it knows it."""

import sys

import pytest

from agent.understanding.crossvalidation import (
    Judged,
    at_threshold,
    cross_validated,
    near_duplicates,
    surprise,
)
from agent.understanding.question import Intent
from agent.understanding.semantics import TEMPERATURE, Phrasing, phrasings

RIGHT = 0.90
RIGHT_OF_INTENTS = 0.91
# Probabilities may be off by so much where they are told often.
OFF = 0.05


@pytest.fixture(scope="module")
def judged() -> tuple[Judged, ...]:
    return cross_validated(phrasings())


def test_near_duplicates_are_kept_together() -> None:
    lines = ["cost by tenant last week", "who wins", "cost by tenant last month", "who wins it"]
    first, second, third, fourth = near_duplicates([Phrasing(x, Intent.COST) for x in lines])
    assert first == third
    assert second == fourth
    assert first != second


@pytest.mark.slow
def test_unseen_phrasings_are_understood(judged: tuple[Judged, ...]) -> None:
    assert len(judged) == len(phrasings())
    inside = [one for one in judged if one.phrasing.intent is not None]
    right = sum(one.right for one in judged) / len(judged)
    right_inside = sum(one.right for one in inside) / len(inside)
    sys.stdout.write(f"right {right:.3f}, of intents {right_inside:.3f}\n")
    assert right >= RIGHT
    assert right_inside >= RIGHT_OF_INTENTS


@pytest.mark.slow
def test_every_intent_is_found(judged: tuple[Judged, ...]) -> None:
    for intent in (*Intent, None):
        own = [one for one in judged if one.phrasing.intent is intent]
        told = [one for one in judged if one.best.intent is intent]
        recall, precision = (sum(o.right for o in some) / len(some) for some in (own, told))
        sys.stdout.write(
            f"{intent or 'outside':<18} recall {recall:.2f}, precision {precision:.2f}\n"
        )
        assert min(recall, precision) >= 0.75, intent


@pytest.mark.slow
def test_surer_guesses_are_right_more_often(judged: tuple[Judged, ...]) -> None:
    kept = [at_threshold(judged, threshold / 10) for threshold in (0, 4, 5, 6, 7, 8, 9)]
    for one in kept:
        sys.stdout.write(
            f"≥ {one.threshold}: {one.coverage:.1%} told, {one.precision:.1%} of them right\n"
        )
    assert [one.precision for one in kept] == sorted(one.precision for one in kept)
    assert at_threshold(judged, 0.6).precision >= 0.93
    assert at_threshold(judged, 0.9).precision >= 0.965


@pytest.mark.slow
def test_probabilities_mean_what_they_say(judged: tuple[Judged, ...]) -> None:
    said = sum(one.best.confidence for one in judged) / len(judged)
    assert said == pytest.approx(sum(one.right for one in judged) / len(judged), abs=OFF)
    best = min(surprise(judged, temperature=t / 100) for t in range(10, 40, 2))
    assert surprise(judged, temperature=TEMPERATURE) <= 1.02 * best
