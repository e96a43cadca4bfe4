"""Documents that ask for too much are refused before anything runs, each with its limit."""

import time
from itertools import pairwise

import pytest
from graphql import get_introspection_query, parse

from api.graphql.documents import Documents
from api.graphql.limits import COMPLEXITY, oversize
from api.graphql.schema import Schema
from api.graphql.settings import GraphqlSettings

LIMITS = GraphqlSettings(
    query_depth=4, query_aliases=3, query_complexity=120, query_tokens=400, document_cache_tokens=60
)


async def refusal(query: str, limits: GraphqlSettings = LIMITS) -> tuple[str, str]:
    """Message and code of the first error."""
    result = await Schema(limits).execute(query)
    assert result.errors
    error = result.errors[0]
    return error.message, (error.extensions or {})["code"]


async def test_depth_is_limited_also_through_fragments() -> None:
    deep = (
        "{ request(id: 1) { ...A } } fragment A on Request { contextThen { ...B } } "
        "fragment B on RequestContext { recentChanges { targets { id } } }"
    )
    message, code = await refusal(deep)
    assert "levels of fields than the 4 allowed" in message
    assert code == "TOO_LARGE"


async def test_aliases_are_limited_also_through_fragments() -> None:
    assert (
        "more aliases than the 3"
        in (await refusal("{ a:__typename b:__typename c:__typename d:__typename }"))[0]
    )
    spread = "{ ...F ...F } fragment F on Query { a:__typename b:__typename }"
    assert "more aliases than the 3" in (await refusal(spread))[0]


async def test_complexity_counts_what_a_field_reads() -> None:
    query = (
        "{ fleet { deployment } ...F } "
        'fragment F on Query { fleet(at: "2026-09-08T12:00:00Z") { model } incidents { id } }'
    )
    assert "units of complexity than the 120" in (await refusal(query))[0]


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        ("(first: 2)", 0),
        ("(first: 4)", 1),
        ("", 1),
        ("(first: $n)", 1),
        ("(first: 0)", 0),
        ("(first: 1" + "0" * 5000 + ")", 1),
    ],
)
def test_what_a_list_reads_for_each_counts_as_often(arguments: str, refused: int) -> None:
    query = f"{{ requests{arguments} {{ id contextThen {{ ...C }} }} }}"
    document = parse(f"{query} fragment C on RequestContext {{ incidents {{ id }} }}")
    assert len(oversize(document, limits=LIMITS)) == refused


def test_figures_named_like_a_list_are_figures() -> None:
    figures = " ".join(f"a{n}: requests" for n in range(3))
    document = parse(f"{{ whyChanged {{ coverage {{ {figures} }} }} }}")
    just = GraphqlSettings(query_complexity=COMPLEXITY["whyChanged"] + 4)
    assert oversize(document, limits=just) == []


async def test_tokens_are_limited() -> None:
    message, _ = await refusal("{" + " __typename" * 401 + "}")
    assert "more than 400 tokens" in message


async def test_a_document_that_unfolds_without_end_takes_no_time() -> None:
    names = "abcdefghijklmnop"
    bomb = "{ ...a }" + "".join(
        f" fragment {one} on Query {{ ...{two} ...{two} ...{two} ...{two} }}"
        for one, two in pairwise(names)
    )
    began = time.perf_counter()
    message, _ = await refusal(f"{bomb} fragment p on Query {{ __typename }}")
    assert "complexity" in message
    assert time.perf_counter() - began < 0.5


async def test_fragments_in_a_circle_are_refused() -> None:
    circle = "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"
    assert "Cannot spread fragment" in (await refusal(circle))[0]


async def test_introspection_is_free_until_it_is_off() -> None:
    assert (await Schema(LIMITS).execute("{ __schema { types { name } } }")).errors is None
    whole = await Schema(GraphqlSettings()).execute(get_introspection_query())
    assert whole.errors is None
    off = GraphqlSettings(introspection=False)
    message, _ = await refusal("{ __schema { types { name } } }", off)
    assert "introspection has been disabled" in message


async def test_an_operation_without_a_known_field_says_which() -> None:
    message, code = await refusal("{ bananas }", GraphqlSettings())
    assert "Cannot query field 'bananas'" in message
    assert code == "INVALID_OPERATION"


@pytest.fixture
def documents() -> Documents:
    kept = Documents(limits=LIMITS)
    kept.schema = Schema(LIMITS)._schema  # pyright: ignore[reportPrivateUsage]  # as the schema itself does
    return kept


def test_a_document_is_parsed_once_and_the_cache_is_bounded(documents: Documents) -> None:
    first = documents.known("{ __typename }")
    assert documents.known("{ __typename }") is first
    for i in range(100):
        documents.known(f"{{ a{i}: __typename }}")
    assert documents.held_tokens <= LIMITS.document_cache_tokens
    assert documents.known("{ __typename }") is not first


def test_errors_of_a_known_document_are_given_again(documents: Documents) -> None:
    assert documents.known("{ nothing }").errors
    assert documents.known("{ nothing }").errors
