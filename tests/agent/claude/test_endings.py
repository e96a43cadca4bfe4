"""What errors mean, how long a server asks to wait, and how sure an answer is."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from anthropic import APIStatusError

from agent.claude.endings import SAFE, FailureKind, Investigated, Spent, Stop, failure

ASKED = httpx2.Request("POST", "http://127.0.0.1/v1/messages")


def status(code: int, kind: str | None = None, **headers: str) -> APIStatusError:
    """An error as the client raises it."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx2.Response(code, request=ASKED, headers=told)
    return APIStatusError("secret", response=response, body={"error": {"type": kind}})


@pytest.mark.parametrize(
    ("headers", "expected_s"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
        ({"retry_after": "-3"}, 0.0),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_that_is_asked_for(headers: dict[str, str], expected_s: float | None) -> None:
    assert failure(status(429, **headers)).stated_s == expected_s


def test_a_wait_until_a_date() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    stated_s = failure(status(429, retry_after=until)).stated_s
    assert stated_s is not None
    assert 15 < stated_s <= 20


def test_the_type_goes_before_the_status() -> None:
    assert failure(status(200, "overloaded_error")).kind == FailureKind.OVERLOADED
    assert failure(status(500, "rate_limit_error")).kind == FailureKind.RATE_LIMITED
    assert failure(status(418)).kind == FailureKind.REJECTED


def test_every_failure_has_words_of_its_own() -> None:
    assert set(SAFE) == set(FailureKind)
    assert len(set(SAFE.values())) == len(SAFE)
    assert str(failure(status(500))) == "Claude's server failed"


def test_confidence_falls_with_what_had_to_go() -> None:
    whole = Investigated("It is 7 ms. It was 8 ms.", Stop.ANSWERED, Spent())
    corrected = Investigated("It is 7 ms. It was 8 ms.", Stop.ANSWERED, Spent(), sent_back=True)
    assert 0.9 == whole.confidence > corrected.confidence > 0.5
    assert whole.certain
    assert not Investigated("I can\u2019t tell: too little.", Stop.ANSWERED, Spent()).certain
