"""A compiled operation answers exactly as graphql-core does, and never asks a resolver twice."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson
import pytest
import strawberry
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    execute_sync,  # pyright: ignore[reportUnknownVariableType]  # half typed there
    get_named_type,
    is_object_type,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from strawberry.printer import print_schema

from api.graphql.compiled import compiled_operations, label
from api.graphql.context import Connection, Services
from api.graphql.schema import Schema
from api.graphql.settings import GraphqlSettings
from graph.breaker import BreakerState
from graph.errors import InvalidInput
from graph.evidence import DeploymentFacts
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.allowances.reservations import Reservations
from graph.hot.probes import Probes
from graph.hot.reader import HotView
from graph.hot.routing.router import Router
from graph.hot.snapshot import ViewSnapshot
from graph.keys import SCOPES, Caller, Scope
from graph.scope import TenantScope
from graph.settings import GraphSettings, HealthSettings

T0 = datetime(2026, 9, 8, 12, tzinfo=UTC)
LIMITS = GraphqlSettings(
    query_aliases=10_000, query_complexity=100_000, query_depth=50, query_tokens=100_000,
    query_characters=10**6,
)  # fmt: skip
SCHEMA = Schema(LIMITS)
CORE: GraphQLSchema = SCHEMA._schema  # pyright: ignore[reportPrivateUsage]  # as the schema itself
ASKED = {"user": "ada", "taskType": "reasoning", "promptTokens": 900}


def health(name: str, place: int) -> DeploymentHealth:
    model, _, backend = name.partition("@")
    known: dict[str, Any] = {field.name: None for field in fields(DeploymentHealth)}
    known |= {
        "deployment": name, "model": model, "backend": backend,
        "status": list(HealthStatus)[place % 4], "reasons": (f"reason {place}",),
        "breaker": list(BreakerState)[place % 3], "latency_p50_ms": 100.0 + place,
        "latency_p95_ms": 300.0 + 7 * place, "error_rate": place / 100, "sample_count": 10 * place,
        "cost_per_1k_tokens_usd": 0.001 * place, "updated_at": T0, "age_ms": 0.0, "stale": False,
    }  # fmt: skip
    return DeploymentHealth(**known)


def services() -> Services:
    """What operations share, with a view of twelve deployments that was never read from Redis."""
    names = [f"m{i}@b{i % 3}" for i in range(12)]
    view = HotView(None, settings=GraphSettings(), budgets=HealthSettings())
    view._snapshot = ViewSnapshot(  # pyright: ignore[reportPrivateUsage]  # as if read
        version="v1",
        as_of=T0 + timedelta(microseconds=5),
        deployments=tuple(health(name, place) for place, name in enumerate(names)),
        facts=tuple(DeploymentFacts.of_name(name) for name in names[:-1]),
    )
    # Neither is ever asked: nothing is limited here, and nothing runs in the background.
    redis: Any = Redis()
    unused: Any = None
    router = Router(
        view,
        Reservations(redis, settings=GraphSettings()),
        Probes(redis, view=view.current, budgets=HealthSettings()),
    )
    return Services(
        graphql=LIMITS, health=HealthSettings(), store=unused, columns=unused, view=view,
        router=router, feed=unused, agent=unused, clock=lambda: T0,
    )  # fmt: skip


SERVICES = services()
OPERATOR = Caller(TenantScope.all(), SCOPES, key_id=None, name="operator")


def connection(caller: Caller = OPERATOR) -> Connection:
    return Connection(SERVICES, identify=lambda: caller)


def both(
    text: str, variables: dict[str, Any] | None = None, *, caller: Caller = OPERATOR
) -> tuple[bytes, bytes]:
    """What the ordinary way and the compiled operation answer, as bytes."""
    known = SCHEMA.documents.known(text)
    assert known.errors == (), known.errors
    ordinary = asyncio.run(
        SCHEMA.execute(text, variable_values=variables, context_value=connection(caller))
    )
    quick = SCHEMA.answer(known.operations[None], variables, connection=connection(caller))
    return told(ordinary.data, ordinary.errors), told(quick.data, quick.errors)


def told(data: object, errors: Any) -> bytes:
    return orjson.dumps({"data": data, "errors": [error.formatted for error in errors or ()]})


@st.composite
def selections(draw: st.DrawFn, name: str, names: list[str], depth: int) -> str:
    """A selection of a type: fields, aliases, repeats, fragments of both kinds, one in another."""
    kind = cast("GraphQLObjectType", CORE.type_map[name])
    parts: list[str] = []
    for _ in range(draw(st.integers(1, 6))):
        what = draw(st.sampled_from(["field", "field", "field", "inline", "spread"]))
        if what == "field" or not depth:
            parts.append(draw(one_field(kind, names, depth)))
        elif what == "inline":
            on = draw(st.sampled_from(["", f" on {name}"]))
            parts.append(f"...{on} {draw(selections(name, names, depth - 1))}")
        else:
            inner = draw(selections(name, names, depth - 1))
            fragment = f"F{len(names)}"
            names.append(f"fragment {fragment} on {name} {inner}")
            parts += [f"...{fragment}"] * draw(st.integers(1, 2))
    return "{ " + " ".join(parts) + " }"


@st.composite
def one_field(draw: st.DrawFn, kind: GraphQLObjectType, names: list[str], depth: int) -> str:
    field = draw(st.sampled_from(["__typename", *kind.fields]))
    # An alias of its own for each field, so that no two fields claim one name.
    alias = draw(st.sampled_from(["", f"a_{field}: ", f"b_{field}: "]))
    if field == "__typename":
        return f"{alias}{field}"
    inner = kind_of(kind.fields[field])
    if not is_object_type(inner):
        return f"{alias}{field}"
    return f"{alias}{field} {draw(selections(inner.name, names, max(0, depth - 1)))}"


def kind_of(field: Any) -> Any:
    return cast("Any", get_named_type)(field.type)


@st.composite
def documents(draw: st.DrawFn) -> str:
    names: list[str] = []
    view = draw(selections("RoutingView", names, 3))
    again = draw(st.booleans())
    root = "routingView(request: $request)"
    more = f" b: {root} {{ asOf }} t: __typename {root} {{ viewVersion }}" if again else ""
    text = f"query Q($request: RoutingRequestInput!) {{ {root} {view}{more} }}"
    return "\n".join([text, *names])


@settings(max_examples=150, deadline=None)
@given(documents())
def test_a_compiled_operation_answers_as_graphql_core_does(text: str) -> None:
    ordinary, quick = both(text, {"request": ASKED})
    assert quick == ordinary
    assert b'"errors":[]' in quick


WHOLE = "query($request: RoutingRequestInput!) { routingView(request: $request) { viewVersion } }"


@pytest.mark.parametrize(
    "variables",
    [
        None,
        {},
        {"request": None},
        {"request": {"user": 3}},
        {"request": {**ASKED, "bananas": 1}},
        {"request": {**ASKED, "promptTokens": 1.5}},
        {"request": {**ASKED, "promptTokens": -1}},
        {"request": {**ASKED, "user": ""}},
        {"request": {**ASKED, "requirements": {"maxCostUsd": -1}}},
        {"request": {**ASKED, "labels": [{"name": "a", "value": ""}]}},
        {"request": ASKED, "unknown": 1},
    ],
)
def test_errors_are_those_of_graphql_core(variables: dict[str, Any] | None) -> None:
    ordinary, quick = both(WHOLE, variables)
    assert quick == ordinary
    assert (b'"errors":[]' in quick) == ("unknown" in (variables or {}))


@pytest.mark.parametrize(
    "caller",
    [
        Caller(TenantScope.all(), frozenset[Scope]({"ingest"}), key_id=None, name="sender"),
        Caller(TenantScope.of("a"), frozenset[Scope]({"route"}), key_id=None, name="a's"),
    ],
)
def test_who_may_not_ask_is_refused_alike(caller: Caller) -> None:
    ordinary, quick = both(WHOLE, {"request": {**ASKED, "tenant": "b"}}, caller=caller)
    assert quick == ordinary
    assert b"FORBIDDEN" in quick


def test_arguments_may_be_literals_and_defaults() -> None:
    for asked in (
        '{ routingView(request: {user: "ada", taskType: "t", promptTokens: 3}) { viewVersion } }',
        'query($r: RoutingRequestInput = {user: "ada", taskType: "t", promptTokens: 3}) '
        "{ routingView(request: $r) { viewVersion } }",
        'query($n: Int!) { routingView(request: {user: 7, taskType: "t", promptTokens: $n}) '
        "{ viewVersion } }",
    ):
        ordinary, quick = both(asked, {"n": 5} if "$n" in asked else None)
        assert quick == ordinary
        assert b'"viewVersion":"v1"' in quick


@pytest.mark.parametrize(
    "text",
    [
        "{ fleet { deployment } }",
        "{ __schema { types { name } } }",
        WHOLE.replace("viewVersion", "viewVersion @include(if: true)"),
        WHOLE.replace("{ viewVersion", "@skip(if: false) { viewVersion"),
        WHOLE.replace("{ viewVersion }", "{ ... @include(if: true) { viewVersion } }"),
        "subscription { fleetChanged { deployment } }",
    ],
)
def test_what_waits_or_varies_goes_the_ordinary_way(text: str) -> None:
    known = SCHEMA.documents.known(text)
    assert known.errors == ()
    assert known.operations == {}


def test_operations_are_found_by_their_names() -> None:
    two = "query A { __typename } query B { __typename fleet { model } } query C { c: __typename }"
    found = SCHEMA.documents.known(two).operations
    assert found.keys() == {"A", "C"}
    one = SCHEMA.documents.known("query A { __typename }").operations
    assert one.keys() == {"A", None}


@dataclass
class Odd:
    """Values that a schema does not allow, or allows just so."""

    text: Any = "a"
    number: Any = 1
    real: Any = 1.5
    yes: Any = True
    at: Any = T0
    status: Any = HealthStatus.DOWN
    texts: Any = ("a",)
    maybe: Any = None
    inner: Any = None
    inners: Any = ()


@strawberry.type
class Shown:
    text: str
    number: int
    real: float
    yes: bool
    at: datetime
    status: HealthStatus
    texts: list[str]
    maybe: list[int | None] | None
    inner: "Shown | None"
    inners: list["Shown"]


GIVEN: list[Odd] = [Odd()]
CALLS: list[str] = []


def given_now() -> Any:
    """What the resolvers give."""
    CALLS.append("given")
    return GIVEN[0]


def refused() -> Any:
    CALLS.append("refused")
    raise InvalidInput("is wrong", field="x")


@strawberry.type
class OddQuery:
    @strawberry.field(graphql_type=Shown | None)
    def odd(self) -> Any:
        return given_now()

    @strawberry.field(graphql_type=Shown)
    def must(self) -> Any:
        return given_now()

    @strawberry.field(graphql_type=str | None)
    def fails(self) -> Any:
        return refused()

    @strawberry.field(graphql_type=str)
    def fails_hard(self) -> Any:
        return refused()


ODD_SCHEMA = strawberry.Schema(OddQuery)
ODD_CORE: GraphQLSchema = ODD_SCHEMA._schema  # pyright: ignore[reportPrivateUsage]  # to ask it
ALL = "text number real yes at status texts maybe"


def values() -> Iterator[Odd]:
    """Right ones, odd ones and wrong ones, one at a time."""
    wrong: dict[str, list[Any]] = {
        "text": [1, True, 2.5, None, [], object(), HealthStatus.DOWN],
        "number": [True, 1.0, 1.5, "3", "x", 2**31, -(2**31), None, float("inf")],
        "real": [1, True, "2.5", "x", float("nan"), float("inf"), None],
        "yes": [0, 1, 2.0, "yes", None],
        "at": ["2026-01-01", None, 3],
        "status": ["DOWN", "bananas", None, 3],
        "texts": [[], ["a", None], ["a", 1], "abc", None, {"a"}, iter(["a", "b"]), {"k": "v"}],
        "maybe": [[], [None, 1], [1, "x"], 3],
        "inner": [Odd(), Odd(text=None), Odd(inner=Odd(number="x"))],
        "inners": [[Odd(), Odd()], [Odd(), None], [Odd(yes="no")], None],
    }
    yield Odd()
    for name, found in wrong.items():
        yield from (replace(Odd(), **{name: value}) for value in found)


@pytest.mark.parametrize("value", list(values()), ids=lambda _: None)
@pytest.mark.parametrize("root", ["odd", "must"])
def test_values_are_told_or_refused_as_graphql_core_does(value: Odd, root: str) -> None:
    deep = f"{ALL} inner {{ {ALL} inner {{ text number }} inners {{ text }} }} inners {{ {ALL} }}"
    document = parse(f"{{ {root} {{ {deep} }} }}")
    spent = hasattr(value.texts, "__next__")
    GIVEN[0] = replace(value, texts=iter(["a", "b"])) if spent else value
    CALLS.clear()
    quick = compiled_operations(ODD_CORE, document)[None].answer(None, context=None)
    assert CALLS == ["given"]
    if spent:
        GIVEN[0] = replace(value, texts=iter(["a", "b"]))
    ordinary = execute_sync(ODD_CORE, document)
    assert told(quick.data, quick.errors) == told(ordinary.data, ordinary.errors)


@pytest.mark.parametrize(
    "text",
    [
        "{ fails }",
        "{ failsHard }",
        "{ odd { text } fails a: odd { yes } }",
        "{ failsHard odd { text } }",
    ],
)
def test_a_resolver_that_raises_is_told_of_and_none_is_asked_twice(text: str) -> None:
    document = parse(text)
    CALLS.clear()
    quick = compiled_operations(ODD_CORE, document)[None].answer({}, context=None)
    asked = list(CALLS)
    CALLS.clear()
    ordinary = execute_sync(ODD_CORE, document)
    assert asked == CALLS
    assert told(quick.data, quick.errors) == told(ordinary.data, ordinary.errors)


def test_fields_that_compute_go_the_ordinary_way() -> None:
    @strawberry.type
    class Computed:
        @strawberry.field
        def slow(self, by: int = 1) -> int:
            return by

        plain: int = 3

    @strawberry.type
    class Query:
        @strawberry.field
        def computed(self) -> Computed:
            return Computed()

    core: GraphQLSchema = strawberry.Schema(Query)._schema  # pyright: ignore[reportPrivateUsage]
    assert compiled_operations(core, parse("{ computed { slow } }")) == {}
    assert compiled_operations(core, parse("{ computed { plain } }")).keys() == {None}
    assert "slow" in print_schema(strawberry.Schema(Query))


def test_an_operation_is_called_by_its_root_field() -> None:
    assert label(parse(WHOLE)) == "routingView"
    assert label(parse("{ a: odd { text } must { text } }")) == "several"
    assert label(parse("{ __schema { types { name } } }")) == "introspection"
    assert label(None) == "several"
