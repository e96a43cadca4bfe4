"""`/v1/policies` on the real graph: what is shown to whom, and what a dry run takes and answers."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.auth import caller_of
from api.errors import install
from api.rest import policies
from graph.hot.snapshot import RefusedPolicy, ViewSnapshot
from graph.keys import LOCAL, Caller, Scope
from graph.policies.facts import FORMAT, PolicyFacts
from graph.scope import TenantScope
from graph.store.door import GraphStore

AT = datetime(2026, 9, 10, tzinfo=UTC)
RULES = {"format": FORMAT, "rules": [{"name": "r", "use": ["a@b"]}]}


def policy(name: str, version: str, **more: Any) -> PolicyFacts:
    return PolicyFacts(policy=name, version=version, published_at=AT, **more)


VIEW = ViewSnapshot(
    version="1",
    as_of=AT,
    policies=(
        policy("main", "v1"),
        policy("main", "v2", rules=RULES),
        policy("own", "v1", tenants=("acme", "other")),
        policy("theirs", "v1", tenants=("other",)),
    ),
    refused_policies=(RefusedPolicy(policy="main", version="v3", refused_at=AT, message="bad"),),
)


@dataclass(frozen=True)
class Still:
    """A view that does not move."""

    snapshot: ViewSnapshot

    def current(self, now: datetime) -> ViewSnapshot:
        assert now.tzinfo is not None
        return self.snapshot

    def stale(self, now: datetime) -> bool:
        return now < self.snapshot.as_of


Asking = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def asking(store: GraphStore) -> AsyncGenerator[Asking]:
    """Clients by who calls."""
    app = FastAPI()
    app.state.store, app.state.view = store, Still(VIEW)
    app.include_router(policies.router)
    install(app)
    opened: list[httpx.AsyncClient] = []

    def of(caller: Caller = LOCAL) -> httpx.AsyncClient:
        app.dependency_overrides[caller_of] = lambda: caller
        transport: Any = httpx.ASGITransport(app=app)
        opened.append(httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1"))
        return opened[-1]

    yield of
    for one in opened:
        await one.aclose()


def caller(*scopes: Scope) -> Caller:
    return Caller(TenantScope.of("acme"), frozenset(scopes), key_id="rc_0", name="acme's")


async def test_the_policies_in_force_and_refused_are_shown(asking: Asking) -> None:
    found = (await asking().get("/v1/policies")).json()
    assert [(p["policy"], p["version"], p["in_force"], p["rules"]) for p in found["policies"]] == [
        ("main", "v1", False, None),
        ("main", "v2", True, 1),
        ("own", "v1", True, None),
        ("theirs", "v1", True, None),
    ]
    (refused,) = found["refused"]
    assert (refused["policy"], refused["version"], refused["message"]) == ("main", "v3", "bad")


async def test_a_bound_key_sees_no_other_tenant(asking: Asking) -> None:
    found = (await asking(caller("read")).get("/v1/policies")).json()
    assert [(p["policy"], p["tenants"]) for p in found["policies"]] == [
        ("main", []),
        ("main", []),
        ("own", ["acme"]),
    ]
    for path in ("/v1/policies", "/v1/policies/dry-run"):
        method = "GET" if path == "/v1/policies" else "POST"
        body = {"policy": {"policy": "main", "version": "v3", "rules": RULES}}
        answer = await asking(caller("route")).request(method, path, json=body)
        assert answer.status_code == 403


async def test_a_dry_run_answers_even_where_nothing_is_known(asking: Asking) -> None:
    body = {"policy": {"policy": "main", "version": "v3", "rules": RULES}, "day": "2019-01-01"}
    answer = await asking().post("/v1/policies/dry-run", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["day"], found["requests"], found["sampled"]) == ("2019-01-01", 0, 0)
    assert found["moves"] == []
    assert found["not_known"]


UNTRIED: list[tuple[dict[str, Any], str]] = [
    ({"rules": RULES}, "policy.version: is missing"),
    (
        {"version": "v3", "rules": {"format": FORMAT, "rules": [{}]}},
        "policy.rules.rules.0.name: is missing",
    ),
    (
        {"version": "v3", "rules": {"routes": {}}},
        'policy.rules.format: must be "routecause/1"',
    ),
]


@pytest.mark.parametrize(("data", "words"), UNTRIED)
async def test_what_cannot_be_tried_is_named(
    asking: Asking, data: dict[str, Any], words: str
) -> None:
    body = {"policy": {"policy": "main", **data}}
    answer = await asking().post("/v1/policies/dry-run", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["error"]["message"]
