"""Views are remembered by who asked for what, within limits."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from routecause.choice import Request
from routecause.memory import OTHER_SIZE, OTHER_USER, ViewMemory

REQUEST = Request(user="ann", task_type="chat", prompt_tokens=1000, tenant="t", tier="premium")


def memory(**limits: Any) -> ViewMemory:
    return ViewMemory(**({"count_limit": 100, "bytes_limit": 1_000_000} | limits))


def body(kept: ViewMemory, request: Request) -> bytes | None:
    found = kept.recall(request)
    return None if found is None else found.body


def test_the_last_view_of_the_like_request() -> None:
    kept = memory()
    assert kept.recall(REQUEST) is None
    kept.keep(REQUEST, b"1", now_s=1.0)
    kept.keep(replace(REQUEST, prompt_tokens=1001), b"2", now_s=2.0)
    found = kept.recall(REQUEST)
    assert found is not None
    assert (found.body, found.given_at_s, found.warnings) == (b"2", 2.0, ())
    assert len(kept) == 1


def test_what_was_demanded_must_be_the_same() -> None:
    kept = memory()
    kept.keep(REQUEST, b"1", now_s=0)
    for other in (
        replace(REQUEST, task_type="reasoning"),
        replace(REQUEST, tenant="other"),
        replace(REQUEST, tier="free"),
        replace(REQUEST, capabilities=("vision",)),
        replace(REQUEST, labels={"region": "eu"}),
        replace(REQUEST, max_cost_usd=0.1),
    ):
        assert kept.recall(other) is None


def test_another_user_of_the_same_tier_stands_in() -> None:
    kept = memory()
    kept.keep(REQUEST, b"ann's", now_s=0)
    found = kept.recall(replace(REQUEST, user="bob"))
    assert found is not None
    assert (found.body, found.warnings) == (b"ann's", (OTHER_USER,))
    # Without a tier nobody knows whether the two are alike.
    untold = replace(REQUEST, tier=None)
    kept.keep(untold, b"untold", now_s=0)
    assert kept.recall(replace(untold, user="bob")) is None


def test_a_larger_requests_view_is_preferred_to_a_smaller_ones() -> None:
    kept = memory()
    kept.keep(replace(REQUEST, prompt_tokens=10), b"small", now_s=0)
    found = kept.recall(REQUEST)
    assert found is not None
    assert found.warnings == (OTHER_SIZE,)
    kept.keep(replace(REQUEST, prompt_tokens=100_000), b"large", now_s=0)
    assert body(kept, REQUEST) == b"large"
    assert body(kept, replace(REQUEST, prompt_tokens=5)) == b"small"


def test_the_longest_unused_go_first() -> None:
    kept = memory(count_limit=2)
    people = [replace(REQUEST, user=name, tier=None) for name in ("a", "b", "c")]
    kept.keep(people[0], b"a", now_s=0)
    kept.keep(people[1], b"b", now_s=0)
    assert body(kept, people[0]) == b"a"
    kept.keep(people[2], b"c", now_s=0)
    assert [body(kept, one) for one in people] == [b"a", None, b"c"]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 10**6), st.binary(max_size=2_000)),
        max_size=60,
    )
)
def test_it_never_takes_more_than_its_limits(told: list[tuple[str, int, bytes]]) -> None:
    kept = memory(count_limit=7, bytes_limit=6_000)
    for user, tokens, view in told:
        request = replace(REQUEST, user=user, prompt_tokens=tokens)
        kept.keep(request, view, now_s=0)
        assert len(kept) <= 7
        assert 0 <= kept.bytes_used <= 6_000
        assert body(kept, request) == view
