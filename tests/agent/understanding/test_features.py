"""What the local classifier sees of a text."""

import pytest

from agent.understanding.features import concepts, normalised, pieces, words


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Is gpt-4o@aws OK?", "is xdeployment ok ?"),
        ("why did req-1234 go to neo", "why did xrequest go to neo"),
        ("what happened to 4f1c2a9e-77aa-4f0e-9b1c-0d6f0f2f8b11", "what happened to xrequest"),
        ("INC0012 like inc-7", "xincident like xincident"),
        ("exp-7/b or exp-7", "xarm or xexperiment"),
        ("effect of chg-81", "effect of xchange"),
        ("cost under main@v12", "cost under xpolicy"),
        ("p95 yday vs. last wk, 14:30", "p0 yesterday vs last week 0"),
        ("what's up on Tuesday w/o aws", "what is up on weekday without aws"),
        ("we can't, it wasn't", "we can not it was not"),
        ("the 5xx of llama-3-70b", "the 0xx of xname"),
        ("is <deployment> as <tier>", "is xdeployment as xname"),
    ],
)
def test_texts_are_normalised(text: str, plain: str) -> None:
    assert normalised(text) == plain


def test_known_names_are_masked_wherever_they_stand_as_words() -> None:
    plain = normalised("Acme pays, acme's bill, acmeist", mask=["acme"])
    assert plain == "xname pays xname is bill acmeist"


def test_the_longest_name_is_masked_first() -> None:
    assert normalised("cost of gold plus", mask=["gold", "gold plus"]) == "cost of xname"


@pytest.mark.parametrize("time", ["last week", "14:30", "next 2 hours", "march", "since 9am"])
def test_times_stay(time: str) -> None:
    assert normalised(f"cost {time}", mask=[time]) == normalised(f"cost {time}")


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert len(normalised("why " * 10_000)) <= 500


def test_pieces_mark_where_words_end() -> None:
    assert {" up ", " up", "up ", "up"} <= set(pieces("up"))
    assert "p d" not in set(pieces("up down"))


def test_words_tell_where_the_text_begins_and_ends() -> None:
    assert list(words("restart it")) == ["restart", "it", "^ restart", "restart it", "it $"]


def test_like_words_share_a_concept() -> None:
    slow, lag = set(concepts("why so sluggish")), set(concepts("why so laggy"))
    assert "latency" in slow & lag
    assert "latency+why" in slow & lag


def test_words_that_stand_for_nothing_are_counted() -> None:
    assert "foreign 0" in set(concepts("why slow"))
    assert "foreign 2" in set(concepts("why slow marmalade xylophone"))
