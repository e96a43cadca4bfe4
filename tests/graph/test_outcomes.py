"""Classes of outcome, by the names that routers and providers give to failures."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.outcomes import Outcome, measured_ms, outcome_of

OK, FAULT, TIMEOUT = Outcome.OK, Outcome.FAULT, Outcome.TIMEOUT
RATE_LIMITED, REJECTED, DENIED = Outcome.RATE_LIMITED, Outcome.REJECTED, Outcome.DENIED


@pytest.mark.parametrize(
    ("error_type", "outcome"),
    [
        ("ContextWindowExceededError", REJECTED),
        ("BadRequestError", REJECTED),
        ("ContentPolicyViolationError", REJECTED),
        ("UnsupportedParamsError", REJECTED),
        ("UnprocessableEntityError", REJECTED),
        ("InvalidRequestError", REJECTED),
        ("context_length_exceeded", REJECTED),
        ("content_filter", REJECTED),
        ("litellm.BadRequestError: OpenAIException - timeout must be a number", REJECTED),
        ("AuthenticationError", DENIED),
        ("PermissionDeniedError", DENIED),
        ("litellm.exceptions.NotFoundError", DENIED),
        ("insufficient_quota", DENIED),
        ("invalid_api_key", DENIED),
        ("AccessDeniedException", DENIED),
        ("RateLimitError", RATE_LIMITED),
        ("rate_limit_exceeded", RATE_LIMITED),
        ("ThrottlingException", RATE_LIMITED),
        ("RESOURCE_EXHAUSTED", RATE_LIMITED),
        ("Timeout", TIMEOUT),
        ("litellm.Timeout", TIMEOUT),
        ("APITimeoutError", TIMEOUT),
        ("ReadTimeout", TIMEOUT),
        ("deadline_exceeded", TIMEOUT),
        ("ServiceUnavailableError", FAULT),
        ("InternalServerError", FAULT),
        ("APIConnectionError", FAULT),
        ("litellm.ServiceUnavailableError: 429 Too Many Requests", FAULT),
        ("overloaded_error", FAULT),
        ("gremlins", FAULT),
        ("", FAULT),
        (None, FAULT),
        *[(str(code), REJECTED) for code in (400, 405, 413, 422)],
        *[(str(code), DENIED) for code in (401, 402, 403, 404)],
        *[(str(code), TIMEOUT) for code in (408, 504)],
        *[(str(code), FAULT) for code in (500, 502, 503, 529)],
        ("429", RATE_LIMITED),
        ("http_503", FAULT),
        ("HTTP 401", DENIED),
        ("status_code: 400", REJECTED),
    ],
)
def test_names_of_failures(error_type: str | None, outcome: Outcome):
    assert outcome_of("error", error_type) is outcome


@pytest.mark.parametrize(
    ("status", "error_type", "outcome"),
    [
        ("ok", "RateLimitError", OK),
        ("timeout", None, TIMEOUT),
        ("timeout", "BadRequestError", TIMEOUT),
        ("rate_limited", None, RATE_LIMITED),
        ("rate_limited", "InternalServerError", RATE_LIMITED),
        ("rate_limited", "insufficient_quota", DENIED),
        ("no such status", None, FAULT),
    ],
)
def test_the_status_comes_first(status: str, error_type: str | None, outcome: Outcome):
    assert outcome_of(status, error_type) is outcome


@given(st.text(max_size=300))
def test_any_name_has_a_class(error_type: str):
    assert outcome_of("error", error_type) is not OK
    assert outcome_of("error", error_type) is outcome_of("error", error_type)


def measured(
    outcome: Outcome, *, prompt: int = 0, completion: int = 0, cache_hit: bool = False
) -> tuple[float | None, float | None]:
    return measured_ms(
        outcome,
        latency_ms=500.0,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cache_hit=cache_hit,
    )


def test_a_pace_is_shown_by_what_was_answered_and_a_latency_by_what_was_tried():
    assert measured(OK) == (500.0, 10.0)
    assert measured(OK, completion=200) == (500.0, 2.0)
    assert measured(OK, prompt=10_000) == (500.0, 2.0)
    assert measured(OK, cache_hit=True) == (500.0, None)
    assert measured(FAULT) == measured(TIMEOUT) == (500.0, None)
    for refusal in (RATE_LIMITED, REJECTED, DENIED):
        assert measured(refusal) == (None, None)


def test_the_page_tells_every_class():
    page = Path(__file__).parents[2] / "docs" / "breakers.md"
    text = page.read_text(encoding="utf-8")
    assert [outcome for outcome in Outcome if f"| `{outcome}` |" not in text] == []
