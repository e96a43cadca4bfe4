"""Documents by their hash, over HTTP: known ones, unknown ones, wrong ones, and nothing else."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import Route

from api.cli.route import QUERY as ROUTE
from api.cli.why import QUERY as WHY
from api.graphql import trusted
from api.graphql.context import Services
from api.graphql.schema import Schema
from api.graphql.settings import GraphqlSettings
from api.graphql.view import GraphqlApp
from graph.hot.allowances.reservations import Reservations
from graph.hot.probes import Probes
from graph.hot.reader import HotView
from graph.hot.routing.router import Router
from graph.key_ring import KeyRing
from graph.keys import Keys
from graph.settings import GraphSettings, HealthSettings
from graph.store.door import GraphStore

API = Path(trusted.__file__).parents[1]
ASKED = {"user": "ada", "taskType": "reasoning", "promptTokens": 900}
OWN = "query($r: RoutingRequestInput!) { routingView(request: $r) { viewVersion } }"
LIVE = "{ fleet { deployment } }"


@asynccontextmanager
async def served(limits: GraphqlSettings) -> AsyncGenerator[httpx.AsyncClient]:
    """The endpoint alone, with an empty view; whoever asks is let in."""
    store = GraphStore.open(GraphSettings(neo4j_uri="bolt://127.0.0.1:1"))
    ring = KeyRing(store, keyless_allowed=True)
    ring._keys = Keys({})  # pyright: ignore[reportPrivateUsage]  # as if read from an empty graph
    unused: Any = None
    app = Starlette(routes=[Route("/graphql", GraphqlApp(Schema(limits), limits=limits))])
    app.state.key_ring = ring
    view = HotView(None, settings=GraphSettings(), budgets=HealthSettings())
    # Never asked: nothing is limited here, and nothing runs in the background.
    redis: Any = Redis()
    app.state.services = Services(
        graphql=limits,
        health=HealthSettings(),
        store=store,
        columns=unused,
        view=view,
        router=Router(
            view,
            Reservations(redis, settings=GraphSettings()),
            Probes(redis, view=view.current, budgets=HealthSettings()),
        ),
        feed=unused,
        agent=unused,
    )
    transport = httpx.ASGITransport(app=app)
    asked: dict[str, Any] = {"base_url": "http://test", "headers": {"Accept": "application/json"}}
    async with httpx.AsyncClient(transport=transport, **asked) as client:
        yield client
    await store.close()


@pytest.fixture
async def client() -> AsyncGenerator[httpx.AsyncClient]:
    async with served(GraphqlSettings()) as one:
        yield one


def by_hash(text: str, **more: Any) -> dict[str, Any]:
    named = {"version": 1, "sha256Hash": trusted.digest(text)}
    return {"extensions": {"persistedQuery": named}, **more}


def code(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    return error["extensions"]["code"]


@pytest.mark.parametrize("prefix", ["", "sha256:"])
async def test_a_trusted_document_is_known_by_its_hash_from_the_start(
    client: httpx.AsyncClient, prefix: str
) -> None:
    text, variables = trusted.document("route"), {"request": ASKED}
    whole = await client.post("/graphql", json={"query": text, "variables": variables})
    assert "errors" not in whole.json()
    assert whole.json()["data"]["routingView"]["candidates"] == []
    named = {"documentId": prefix + trusted.digest(text), "variables": variables}
    for body in (by_hash(text, variables=variables), named):
        assert (await client.post("/graphql", json=body)).json() == whole.json()


async def test_an_unknown_hash_asks_for_the_text_and_then_knows_it(
    client: httpx.AsyncClient,
) -> None:
    body = by_hash(OWN, variables={"r": ASKED})
    unknown = await client.post("/graphql", json=body)
    assert (unknown.status_code, code(unknown)) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    told = await client.post("/graphql", json={**body, "query": OWN})
    assert told.json() == {"data": {"routingView": {"viewVersion": ""}}}
    again = await client.post("/graphql", json=body)
    assert (again.status_code, again.json()) == (200, told.json())


async def test_hashes_work_for_what_is_not_compiled_and_by_get(client: httpx.AsyncClient) -> None:
    text = 'query { __type(name: "Query") { name } }'
    body = by_hash(text)
    assert code(await client.get("/graphql", params=_params(body))) == "PERSISTED_QUERY_NOT_FOUND"
    told = await client.post("/graphql", json={**body, "query": text})
    assert told.json() == {"data": {"__type": {"name": "Query"}}}
    assert (await client.post("/graphql", json=body)).json() == told.json()
    assert (await client.get("/graphql", params=_params(body))).json() == told.json()


def _params(body: dict[str, Any]) -> dict[str, str]:
    return {"extensions": json.dumps(body["extensions"])}


async def test_the_hash_of_another_text_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/graphql", json={**by_hash(OWN), "query": LIVE})
    assert (answer.status_code, code(answer)) == (422, "INVALID_INPUT")
    unknown = await client.post("/graphql", json=by_hash(OWN))
    assert code(unknown) == "PERSISTED_QUERY_NOT_FOUND", "it was not remembered"


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": 3},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": {"sha256Hash": ["x"]}}},
    ],
)
async def test_what_is_no_hash_names_the_field(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await client.post("/graphql", json=body)
    assert (answer.status_code, code(answer)) == (422, "INVALID_INPUT")


async def test_a_document_that_does_not_fit_is_not_remembered(client: httpx.AsyncClient) -> None:
    body = by_hash("{ bananas }")
    wrong = await client.post("/graphql", json={**body, "query": "{ bananas }"})
    assert code(wrong) == "INVALID_OPERATION"
    assert code(await client.post("/graphql", json=body)) == "PERSISTED_QUERY_NOT_FOUND"


async def test_remembered_texts_are_bounded_with_their_documents() -> None:
    limits = GraphqlSettings(document_cache_tokens=60)
    documents = Schema(limits).documents
    texts = [f"{{ a{i}: __typename }}" for i in range(50)]
    for text in texts:
        documents.known(text, digest=trusted.digest(text))
    kept = [text for text in texts if documents.text(trusted.digest(text)) is not None]
    assert kept == texts[-len(kept) :]
    assert 0 < len(kept) < 20
    assert documents.held_tokens <= 60
    first = trusted.document("route")
    assert documents.text(trusted.digest(first)) == first, "the trusted stay"


async def test_nothing_but_trusted_documents_where_it_is_set() -> None:
    async with served(GraphqlSettings(trusted_documents_only=True)) as client:
        variables = {"request": ASKED}
        for body in (
            by_hash(trusted.document("route"), variables=variables),
            {"query": trusted.document("route"), "variables": variables},
        ):
            assert "errors" not in (await client.post("/graphql", json=body)).json()
        for body in ({"query": OWN, "variables": {"r": ASKED}}, {"query": "{ __typename }"}):
            assert code(await client.post("/graphql", json=body)) == "UNTRUSTED_DOCUMENT"
        asked = {"query": "{ __typename }"}
        assert code(await client.get("/graphql", params=asked)) == "UNTRUSTED_DOCUMENT"
        untold = await client.post("/graphql", json={**by_hash(OWN), "query": OWN})
        assert code(untold) == "UNTRUSTED_DOCUMENT"
        assert code(await client.post("/graphql", json=by_hash(OWN))) == "PERSISTED_QUERY_NOT_FOUND"


def test_what_our_own_commands_and_pages_ask_is_trusted() -> None:
    known = set(trusted.documents().values())
    assert {ROUTE, WHY} <= known
    generated = (API / "console" / "app" / "codegen.mjs").read_text(encoding="utf-8")
    assert "trusted/" in generated, "the console's documents are made from these files alone"


def test_every_trusted_document_fits_the_schema_and_its_limits() -> None:
    documents = Schema(GraphqlSettings.model_construct()).documents
    for text in trusted.documents().values():
        assert documents.known(text).errors == ()
    routing = documents.known(trusted.document("route"))
    assert None in routing.operations, "what routers ask is compiled"
