"""What a caller sees of an error: ours by code and words, anything else by an id alone."""

import logging

import pytest
from graphql import GraphQLError

from api.graphql.errors import presentable
from graph.errors import Forbidden, InvalidInput, Overloaded, RoutecauseError, StatementFailed


def raised(cause: Exception) -> GraphQLError:
    """As graphql-core wraps what a resolver raises."""
    return GraphQLError(str(cause), path=["fleet"], original_error=cause)


@pytest.mark.parametrize(
    ("cause", "message", "told"),
    [
        (
            InvalidInput("is too long", field="where.user"),
            "where.user: is too long",
            {"code": "INVALID_INPUT", "field": "where.user"},
        ),
        (Forbidden("not yours"), "not yours", {"code": "FORBIDDEN"}),
        (
            Overloaded("later", retry_after_s=2.5),
            "later",
            {"code": "OVERLOADED", "retryAfterS": 2.5},
        ),
    ],
)
def test_our_own_errors_keep_their_words(
    cause: RoutecauseError, message: str, told: dict[str, object]
) -> None:
    shown = presentable(raised(cause))
    assert (shown.message, shown.extensions, shown.path) == (message, told, ["fleet"])


@pytest.mark.parametrize(
    "cause", [RuntimeError("secret"), StatementFailed("secret"), KeyError("secret")]
)
def test_anything_else_is_masked_and_logged_under_its_id(
    cause: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        shown = presentable(raised(cause))
    assert "secret" not in str(shown.formatted)
    assert shown.extensions is not None
    number = shown.extensions["id"]
    assert shown.message == f"internal error {number}"
    assert shown.extensions == {"code": "INTERNAL", "id": number}
    assert number in caplog.text
    assert "secret" in caplog.text


def test_an_error_of_the_document_says_what_it_says() -> None:
    shown = presentable(GraphQLError("Cannot query field 'x'."))
    assert (shown.message, shown.extensions) == (
        "Cannot query field 'x'.",
        {"code": "INVALID_OPERATION"},
    )


def test_what_was_made_presentable_stays_as_it_is() -> None:
    once = presentable(raised(RuntimeError("secret")))
    assert presentable(once) is once
