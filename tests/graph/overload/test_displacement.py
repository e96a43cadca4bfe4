"""Who takes over: the policy's rules first, then what the router did, never who may not."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.buckets import MEASURE_NAMES
from graph.frame import SketchColumn, Traffic
from graph.model.traffic import CellKey
from graph.overload.displacement import Taken, TenantTerms, Terms, takers
from graph.policies.facts import FORMAT, PolicyFacts
from tests.graph.overload.loads import facts

HOUR_S = 1_788_000_000 // 3600 * 3600
A, B, C = "a@x", "b@y", "c@z"


def key(
    deployment: str, *, displaced_from: str | None = None, tenant: str = "t", task: str = "chat"
) -> CellKey:
    return CellKey(
        tenant, deployment, task, "free", "p", "v1", None, None, None, "rule", displaced_from,
        "0-512",
    )  # fmt: skip


def traffic(counts: dict[CellKey, int]) -> tuple[Traffic, list[CellKey]]:
    keys = list(counts)
    measures = np.zeros((len(keys), len(MEASURE_NAMES)), dtype=np.int64)
    measures[:, MEASURE_NAMES.index("count")] = list(counts.values())
    hour = np.full(len(keys), HOUR_S, dtype=np.int64)
    empty = SketchColumn.of([b""] * len(keys))
    return Traffic(np.arange(len(keys)), hour, hour, measures, empty, empty), keys


def taken(
    counts: dict[CellKey, int],
    *lost: str,
    rules: dict[str, Any] | None = None,
    tenants: dict[str, TenantTerms] | None = None,
    compliance: tuple[str, ...] = (),
) -> Taken:
    policies = (
        []
        if rules is None
        else [
            PolicyFacts(
                policy="p",
                version="v1",
                published_at=datetime(2026, 1, 1, tzinfo=UTC),
                rules={"format": FORMAT, "rules": [{"name": "r", **rules}]},
            )
        ]
    )
    fleet = [facts(A), facts(B), facts(C, compliance=compliance)]
    columns, keys = traffic(counts)
    terms = Terms(policies, tenants or {})
    return takers(columns, keys, lost=frozenset(lost), fleet=fleet, terms=terms)


USUAL = {key(A): 100, key(B): 300, key(C): 100}
DISPLACED = {**USUAL, key(C, displaced_from=A): 30}


def test_displaced_requests_tell_where_others_would_go() -> None:
    found = taken(DISPLACED, A)
    assert found.moves == {A: {C: pytest.approx(1.0)}}
    assert found.sources[A] == "as 30 requests went that it had failed"


def test_a_line_of_fallbacks_is_followed_on() -> None:
    line = {**USUAL, key(B, displaced_from=A): 30, key(C, displaced_from=B): 20}
    assert taken(line, A).moves[A] == {B: pytest.approx(1.0)}
    # Both lost: what A's would have found at B goes where B's went.
    assert taken(line, A, B).moves == {A: {C: pytest.approx(1.0)}, B: {C: pytest.approx(1.0)}}
    circle = {**line, key(A, displaced_from=B): 20}
    assert taken(circle, A, B).moves[A] == {C: pytest.approx(1.0)}


def test_without_any_displaced_the_others_share_as_they_do_now() -> None:
    assert taken(USUAL, A).moves[A] == {B: pytest.approx(0.75), C: pytest.approx(0.25)}


def test_the_rules_of_the_policy_come_first() -> None:
    split = {"use": [{"deployment": d, "weight": w} for d, w in ((A, 5), (B, 4), (C, 1))]}
    found = taken(DISPLACED, A, rules=split)
    assert found.moves[A] == {B: pytest.approx(0.8), C: pytest.approx(0.2)}
    assert "rules of the policy" in found.sources[A]


def test_fallbacks_serve_in_their_order() -> None:
    rules = {"use": [{"deployment": A, "weight": 1}], "fallbacks": [B, C]}
    assert taken(USUAL, A, rules=rules).moves[A] == {B: pytest.approx(1.0)}
    assert taken(USUAL, A, B, rules=rules).moves[A] == {C: pytest.approx(1.0)}


def test_nobody_takes_what_he_may_not_serve() -> None:
    allowed = {"t": TenantTerms(allowed_backends=frozenset({"x", "y"}))}
    assert taken(DISPLACED, A, tenants=allowed).moves[A] == {B: pytest.approx(1.0)}
    strict = {"t": TenantTerms(required_compliance=frozenset({"hipaa"}))}
    assert taken(USUAL, A, tenants=strict, compliance=("hipaa",)).moves[A] == {
        C: pytest.approx(1.0)
    }
    alone = taken(USUAL, A, tenants=strict)
    assert alone.moves[A] == {}
    assert "100 % may be served by none" in alone.sources[A]


def test_nothing_to_move_is_no_move() -> None:
    assert taken(USUAL) == Taken({}, {})
    assert taken({key(B): 10}, A) == Taken({}, {})
    everything = taken(USUAL, A, B, C)
    assert everything.moves == {A: {}, B: {}, C: {}}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([A, B, C]),
            st.sampled_from([None, A, B]),
            st.sampled_from(["chat", "code"]),
            st.integers(1, 500),
        ),
        min_size=1,
        max_size=8,
    ),
    st.sets(st.sampled_from([A, B, C]), min_size=1, max_size=2),
)
def test_all_that_is_lost_is_taken_by_those_left(
    rows: list[tuple[str, str | None, str, int]], lost: set[str]
) -> None:
    counts: Counter[CellKey] = Counter()
    for deployment, displaced_from, task, count in rows:
        counts[key(deployment, displaced_from=displaced_from, task=task)] += count
    for shares in taken(dict(counts), *lost).moves.values():
        assert not shares.keys() & lost
        assert sum(shares.values()) == pytest.approx(1.0, abs=1e-4)
