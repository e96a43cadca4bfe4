"""Misspelt words, and words that only look so."""

import pytest

from agent.understanding.lexicon import Lexicon

TEXTS = ["forecast traffic", "traffic forecast please", "forecast help", "help traffic"] * 2


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.learnt(TEXTS)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("forcast trafic", "forecast traffic"),
        ("foercast", "forecast"),
        ("hlep", "help"),
        ("heap", "heap"),  # four letters are too few for another one
        ("tarmac", "tarmac"),
        ("xforecast", "xforecast"),  # the first letter is seldom wrong
        ("0 ?", "0 ?"),
        ("", ""),
    ],
)
def test_near_misses_are_corrected_and_nothing_else(
    lexicon: Lexicon, wrong: str, right: str
) -> None:
    assert lexicon.corrected(wrong) == right


def test_words_with_a_concept_are_right_as_they_are() -> None:
    lexicon = Lexicon.learnt(["falling spend changes"] * 4)
    assert lexicon.corrected("failing speed charges") == "failing speed charges"


def test_two_usual_words_as_near_decide_nothing() -> None:
    lexicon = Lexicon.learnt(["grolt grult"] * 4)
    assert lexicon.corrected("grelt") == "grelt"
