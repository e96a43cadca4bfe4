"""Each question of the schema, asked of the real graph: answers, tenants, times and statements."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from api.graphql.schema import Schema
from api.graphql.settings import GraphqlSettings
from graph.breaker import BreakerState
from graph.errors import GraphUnavailable
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.snapshot import ViewSnapshot
from graph.keys import Caller, Scope
from graph.policies.facts import PolicyFacts
from graph.scope import TenantScope
from graph.store.door import GraphStore, counting

if TYPE_CHECKING:
    from tests.api.graphql.conftest import Api, Place, Publish

T0 = datetime(2026, 9, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def z(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def caller(*scopes: Scope, tenant: str | None = None) -> Caller:
    scope = TenantScope.all() if tenant is None else TenantScope.of(tenant)
    return Caller(scope, frozenset(scopes), key_id="rc_00000000", name="test")


def health(deployment: str, status: HealthStatus, *, at: datetime) -> DeploymentHealth:
    model, _, backend = deployment.partition("@")
    return DeploymentHealth(
        deployment=deployment,
        model=model,
        backend=backend,
        version="1",
        status=status,
        reasons=("told by a test",),
        breaker=BreakerState.CLOSED,
        availability=1.0,
        error_rate=None,
        latency_p50_ms=90.0,
        latency_p95_ms=200.0,
        queue_depth=None,
        load=None,
        rate_limit_remaining=None,
        spot_availability=None,
        cost_per_1k_tokens_usd=0.01,
        sample_count=10,
        updated_at=at,
        age_ms=0.0,
        stale=False,
    )


@asynccontextmanager
async def seen(api: Api, version: str) -> AsyncGenerator[None]:
    """Once the view in memory is the one that was published."""
    async with asyncio.timeout(5), aclosing(api.services.view.changes()) as snapshots:
        async for one in snapshots:
            if one.version == version:
                break
    yield


def snapshot(version: str, *deployments: DeploymentHealth, at: datetime) -> ViewSnapshot:
    return ViewSnapshot(version=version, as_of=at, deployments=deployments)


REQUEST = """query($id: ID!, $knownAt: DateTime) { request(id: $id, knownAt: $knownAt) {
  id at user tenant tier taskType promptTokens completionTokens status errorType latencyMs ttftMs
  costUsd labels { name value }
  quality { evaluator evaluatorVersion score scoredAt recordedAt }
  decision { deployment policy policyVersion method confidence experiment arm routerVersion reasons
    propensity exploration viewVersion fallbackFrom fallbackCauses { deployment cause }
    candidates { deployment score rejected propensity } }
  contextThen { fleet { deployment status reasons } incidents { id url resolvedAt }
    recentChanges { id kind } policy { policy version summary publishedAt } } } }"""


async def test_a_request_is_told_with_its_context_as_known_then(api: Api, place: Place) -> None:
    await place.tell(
        place.policy("v1", T0 - 2 * HOUR, summary="cheap first"),
        place.policy("v2", T0 + HOUR),
        place.sample(T0 - MINUTE, error_rate=0.0, latency_p95_ms=200),
        place.request("r", T0),
        place.score("r", 0.5, T0 + HOUR, known_after=HOUR),
        place.incident(T0 - HOUR, known_after=4 * HOUR),
    )
    told = (await api.data(REQUEST, id=f"r-{place.name}", now=T0 + 9 * HOUR))["request"]
    assert (told["at"], told["costUsd"]) == (z(T0), 0.25)
    assert told["tenant"] == place.tenant
    decision = told["decision"]
    assert (decision["deployment"], decision["propensity"]) == (place.deployment, 0.75)
    assert (decision["exploration"], decision["viewVersion"]) == (True, "17")
    assert decision["fallbackFrom"] == ["x@y"]
    assert decision["fallbackCauses"] == [{"deployment": "x@y", "cause": "timeout"}]
    assert [score["score"] for score in told["quality"]] == [0.5]
    then = told["contextThen"]
    assert then["policy"] == {
        "policy": f"p-{place.name}",
        "version": "v1",
        "summary": "cheap first",
        "publishedAt": z(T0 - 2 * HOUR),
    }
    (own,) = [one for one in then["fleet"] if one["deployment"] == place.deployment]
    assert own["status"] == "HEALTHY"
    assert f"inc-{place.name}" not in {one["id"] for one in then["incidents"]}, "told later"
    assert {c["kind"] for c in then["recentChanges"] if place.name in c["id"]} == {"policy"}
    early = await api.data(REQUEST, id=f"r-{place.name}", knownAt=z(T0 + HOUR))
    assert early["request"]["quality"] == []


async def test_context_then_is_the_fleet_of_that_instant(api: Api, place: Place) -> None:
    await place.tell(place.sample(T0 - MINUTE, error_rate=0.2), place.request("r", T0))
    fields = "deployment status reasons errorRate sampleCount updatedAt ageMs stale breaker"
    then = await api.data(
        f"query($id: ID!) {{ request(id: $id) {{ contextThen {{ fleet {{ {fields} }} }} }} }}",
        id=f"r-{place.name}",
    )
    fleet = await api.data(
        f"query($at: DateTime!) {{ fleet(at: $at, knownAt: $at) {{ {fields} }} }}", at=z(T0)
    )
    assert then["request"]["contextThen"]["fleet"] == fleet["fleet"]


async def test_a_foreign_request_is_not_found(api: Api, place: Place) -> None:
    await place.tell(place.request("r", T0))
    query = "query($id: ID!) { request(id: $id) { id } }"
    wanted = f"r-{place.name}"
    mine, other = caller("read", tenant=place.tenant), caller("read", tenant="another")
    assert (await api.data(query, id=wanted, caller=mine))["request"] == {"id": wanted}
    assert (await api.data(query, id=wanted, caller=other))["request"] is None
    assert (await api.data(query, id="never-was", caller=mine))["request"] is None


async def test_the_fleet_of_the_past_is_what_could_be_known(api: Api, place: Place) -> None:
    await place.tell(
        place.sample(T0, error_rate=0.0), place.incident(T0 - HOUR, known_after=3 * HOUR)
    )
    query = """query($at: DateTime, $knownAt: DateTime, $model: [ID!], $status: [HealthStatus!]) {
      fleet(at: $at, knownAt: $knownAt, model: $model, status: $status) { status queueDepth } }"""
    asked = {"at": z(T0 + MINUTE), "model": [place.model]}
    then = await api.data(query, **asked, knownAt=asked["at"])
    assert then["fleet"] == [{"status": "HEALTHY", "queueDepth": None}]
    (now,) = (await api.data(query, **asked))["fleet"]
    assert now["status"] == "DEGRADED"
    assert (await api.data(query, **asked, status=["DOWN"]))["fleet"] == []
    backend = "query($b: [ID!], $at: DateTime) { fleet(at: $at, backend: $b) { deployment } }"
    found = await api.data(backend, b=[place.backend], at=z(T0 + MINUTE))
    assert found["fleet"] == [{"deployment": place.deployment}]


async def test_the_present_comes_from_memory_without_a_statement(
    api: Api, publish: Publish
) -> None:
    now = datetime.now(UTC)
    await publish(snapshot("7", health("a@aws", HealthStatus.DOWN, at=now), at=now))
    async with seen(api, "7"):
        with counting() as counted:
            told = await api.data("{ fleet { deployment status latencyP95Ms } }", now=now)
    assert told["fleet"] == [{"deployment": "a@aws", "status": "DOWN", "latencyP95Ms": 200.0}]
    assert counted.statements == []


async def test_before_any_view_the_present_comes_from_the_graph(api: Api, place: Place) -> None:
    now = datetime.now(UTC)
    await place.tell(place.sample(now - MINUTE, error_rate=0.0))
    query = "query($model: [ID!]) { fleet(model: $model) { status } }"
    assert (await api.data(query, model=[place.model], now=now))["fleet"] == [{"status": "HEALTHY"}]


async def test_incidents_and_changes_as_known(api: Api, place: Place) -> None:
    await place.tell(
        place.incident(T0, known_after=2 * HOUR), place.policy("v1", T0), place.sample(T0)
    )
    query = """query($at: DateTime, $knownAt: DateTime, $from: DateTime!, $to: DateTime!) {
      incidents(activeAt: $at, knownAt: $knownAt) { id url scopeKind affectedDeployments }
      changes(from: $from, to: $to, knownAt: $knownAt) { id kind recordedAt targets { id } } }"""
    asked = {"at": z(T0 + MINUTE), "from": z(T0), "to": z(T0 + HOUR)}
    told = await api.data(query, **asked)
    (incident,) = [one for one in told["incidents"] if one["id"] == f"inc-{place.name}"]
    assert incident["url"] == "https://status.example/1"
    assert incident["affectedDeployments"] == [place.deployment]
    (change,) = [one for one in told["changes"] if place.name in one["id"]]
    assert (change["kind"], change["id"]) == ("policy", f"p-{place.name}@v1")
    assert change["recordedAt"] == z(T0 + timedelta(seconds=2))
    then = await api.data(query, **asked, knownAt=z(T0 + MINUTE))
    assert f"inc-{place.name}" not in {one["id"] for one in then["incidents"]}


TREND = """query($during: PeriodInput!, $where: SliceInput, $knownAt: DateTime) {
  trend(metric: QUALITY, during: $during, granularity: HOUR, groupBy: [DEPLOYMENT],
    where: $where, knownAt: $knownAt) { key { kind id } points { at value count low high } } }"""
COMPARE = """query($during: PeriodInput!, $before: PeriodInput!, $where: SliceInput) {
  compare(metric: COST, during: $during, comparedTo: $before, groupBy: [TASK_TYPE], where: $where)
  { key { kind id } before after delta countBefore countAfter } }"""


def period(start: datetime, end: datetime) -> dict[str, str]:
    return {"from": z(start), "to": z(end)}


async def test_a_trend_and_a_comparison(api: Api, place: Place) -> None:
    await place.tell(
        place.request("a", T0),
        place.request("b", T0 + HOUR),
        place.score("a", 0.5, T0 + HOUR, known_after=5 * HOUR),
    )
    where = {"tenant": [place.tenant]}
    later = T0 + 9 * HOUR
    during = period(T0, T0 + 2 * HOUR)
    (series,) = (await api.data(TREND, during=during, where=where, now=later))["trend"]
    assert series["key"] == [{"kind": "deployment", "id": place.deployment}]
    assert [(p["at"], p["value"], p["count"]) for p in series["points"]] == [
        (z(T0), 0.5, 1),
        (z(T0 + HOUR), None, 0),
    ]
    (early,) = (
        await api.data(TREND, during=during, where=where, now=later, knownAt=z(T0 + 2 * HOUR))
    )["trend"]
    assert [p["value"] for p in early["points"]] == [None, None]
    told = await api.data(
        COMPARE, during=period(T0 + HOUR, T0 + 2 * HOUR), before=period(T0, T0 + HOUR), where=where
    )
    (row,) = told["compare"]
    assert row["key"] == [{"kind": "task_type", "id": "reasoning"}]
    assert (row["before"], row["after"], row["countBefore"]) == (0.25, 0.25, 1)


async def test_a_foreign_tenant_looks_like_an_unknown_one(api: Api, place: Place) -> None:
    await place.tell(place.request("a", T0))
    asked = {"during": period(T0, T0 + HOUR), "before": period(T0 - HOUR, T0)}
    stranger = caller("read", tenant="another")
    for query in (TREND, COMPARE):
        variables = {k: v for k, v in asked.items() if f"${k}" in query}
        foreign = await api.data(
            query, **variables, where={"tenant": [place.tenant]}, caller=stranger, now=T0 + HOUR
        )
        unknown = await api.data(
            query, **variables, where={"tenant": ["nobody"]}, caller=stranger, now=T0 + HOUR
        )
        assert foreign == unknown
        assert list(foreign.values()) == [[]]


ROUTE = """query($request: RoutingRequestInput!) { routingView(request: $request) {
  asOf viewVersion policy policyVersion stale warnings budgetRemainingUsd
  candidates { deployment rank score eligible reasons reasonCodes status stale } } }"""
ASKED: dict[str, Any] = {"user": "ada", "taskType": "reasoning", "promptTokens": 10}


async def test_the_routing_view_ranks_from_memory(api: Api, publish: Publish) -> None:
    now = datetime.now(UTC)
    policy = PolicyFacts(policy="main", version="v3", published_at=now)
    view = snapshot(
        "8",
        health("up@aws", HealthStatus.HEALTHY, at=now),
        health("down@aws", HealthStatus.DOWN, at=now),
        at=now,
    )
    await publish(replace(view, policies=(policy,)))
    async with seen(api, "8"):
        with counting() as counted:
            told = (await api.data(ROUTE, request=ASKED, now=now))["routingView"]
    assert counted.statements == []
    assert (told["viewVersion"], told["policyVersion"], told["stale"]) == ("8", "v3", False)
    up, down = told["candidates"]
    assert (up["deployment"], up["rank"], up["eligible"]) == ("up@aws", 1, True)
    assert (down["rank"], down["reasonCodes"]) == (None, ["down"])


async def test_routing_without_a_view_is_stale_and_says_so(api: Api) -> None:
    told = (await api.data(ROUTE, request=ASKED))["routingView"]
    assert told["stale"] is True
    assert any(w.startswith("NO_CANDIDATE") for w in told["warnings"])


async def test_routing_for_a_foreign_tenant_is_forbidden(api: Api) -> None:
    bound = caller("route", tenant="acme")
    assert (await api.data(ROUTE, request=ASKED, caller=bound))["routingView"]
    message, told = await api.error(ROUTE, request={**ASKED, "tenant": "other"}, caller=bound)
    assert told["code"] == "FORBIDDEN"
    assert "other" not in message


NEEDS_READ = {
    "fleet": "{ fleet { deployment } }",
    "incidents": "{ incidents { id } }",
    "changes": '{ changes(from: "2026-09-01T00:00:00Z", to: "2026-09-02T00:00:00Z") { id } }',
    "request": "{ request(id: 1) { id } }",
    "routingView": "{ routingView(request: {user: 1, taskType: 1, promptTokens: 1}) { stale } }",
    "trend": '{ trend(metric: VOLUME, granularity: DAY, during: {from: "2026-09-01T00:00:00Z", '
    'to: "2026-09-02T00:00:00Z"}) { key { id } } }',
    "compare": '{ compare(metric: VOLUME, groupBy: [], during: {from: "2026-09-01T00:00:00Z", '
    'to: "2026-09-02T00:00:00Z"}, comparedTo: {from: "2026-08-01T00:00:00Z", '
    'to: "2026-08-02T00:00:00Z"}) { before } }',
    "whyChanged": '{ whyChanged(metric: QUALITY, during: {from: "2026-09-01T00:00:00Z", '
    'to: "2026-09-02T00:00:00Z"}) { verdict } }',
    "similarIncidents": '{ similarIncidents(text: "packet loss") { similarity } }',
    "whatIf": '{ whatIf(metric: COST, without: ["aws"], during: {from: "2026-09-01T00:00:00Z", '
    'to: "2026-09-02T00:00:00Z"}) { estimate } }',
    "forecast": "{ forecast { method } }",
    "capacityRisk": "{ capacityRisk { deployment } }",
    "budgets": "{ budgets { id } }",
    "savings": '{ savings(during: {from: "2026-09-01T00:00:00Z", to: "2026-09-02T00:00:00Z"}) '
    "{ route } }",
    "costAnomalies": '{ costAnomalies(during: {from: "2026-09-01T00:00:00Z", '
    'to: "2026-09-02T00:00:00Z"}) { at } }',
    "slos": "{ slos { id } }",
    "experiment": '{ experiment(id: "x") { verdict } }',
    "rollout": '{ rollout(change: "x") { verdict } }',
    "investigation": '{ investigation(id: "x") { id } }',
    "postmortem": '{ postmortem(incident: "x") { title } }',
    "names": "{ names { models } }",
    "maintenance": "{ maintenance { id } }",
    "stateHistory": '{ stateHistory(deployment: "x", during: {from: "2026-09-01T00:00:00Z", '
    'to: "2026-09-02T00:00:00Z"}) { at } }',
    "questions": "{ questions { id } }",
    "requests": '{ requests(during: {from: "2026-09-01T00:00:00Z", to: "2026-09-02T00:00:00Z"}) '
    "{ id } }",
    "impact": '{ impact(incident: "x") { requests } }',
}


def test_every_root_field_is_in_the_list_of_what_needs_a_scope() -> None:
    query = Schema(GraphqlSettings())._schema.query_type  # pyright: ignore[reportPrivateUsage]  # the only way to its fields
    assert query is not None
    assert set(query.fields) == NEEDS_READ.keys()


@pytest.mark.parametrize("field", sorted(NEEDS_READ))
async def test_no_field_answers_without_its_scope(api: Api, field: str) -> None:
    _, told = await api.error(NEEDS_READ[field], caller=caller("ingest"))
    assert told["code"] == "FORBIDDEN"


async def test_routing_needs_no_more_than_its_own_scope(api: Api) -> None:
    assert (await api.result(NEEDS_READ["routingView"], caller=caller("route"))).errors is None
    _, told = await api.error(NEEDS_READ["fleet"], caller=caller("route"))
    assert told["code"] == "FORBIDDEN"


MOST_STATEMENTS = {
    "fleet": 5,
    "incidents": 1,
    "changes": 1,
    "request": 1,
    "routingView": 0,
    "trend": 5,
    "compare": 10,
    "whyChanged": 10,
    "similarIncidents": 3,
    "whatIf": 10,
}


@pytest.mark.parametrize("field", sorted(MOST_STATEMENTS))
async def test_every_field_takes_a_bounded_number_of_statements(api: Api, field: str) -> None:
    with counting() as counted:
        await api.data(NEEDS_READ[field])
    assert len(counted.statements) <= MOST_STATEMENTS[field], counted.statements
    with counting() as counted:
        await api.data(NEEDS_READ[field])
    assert len(counted.statements) <= MOST_STATEMENTS[field], counted.statements


async def test_many_requests_share_their_statements(api: Api, place: Place) -> None:
    """Two instants among eight requests: one statement for all requests, one context each."""
    names = [f"r{i}" for i in range(8)]
    await place.tell(*(place.request(n, T0 + (i % 2) * HOUR) for i, n in enumerate(names)))
    wide = replace(api, schema=Schema(GraphqlSettings(query_complexity=10_000)))
    query = "{" + " ".join(f'{n}: request(id: "{n}-{place.name}") {{ ...R }}' for n in names) + "}"
    context = "fleet { deployment } incidents { id } recentChanges { id } policy { version }"
    with counting() as counted:
        told = await wide.data(f"{query} fragment R on Request {{ contextThen {{ {context} }} }}")
    assert len(told) == len(names)
    assert counted.statements.count("requests") == 1
    assert counted.statements.count("fleet_facts") == 2
    assert counted.statements.count("changes") == 2
    assert counted.statements.count("policies_in_force") == 2
    assert len(counted.statements) <= 1 + 2 * (5 + 2 + 3)


@pytest.mark.parametrize(
    ("query", "variables", "field"),
    [
        ("query($id: ID!) { request(id: $id) { id } }", {"id": ""}, "id"),
        ("query($id: ID!) { request(id: $id) { id } }", {"id": "x" * 201}, "id"),
        ("query($id: ID!) { request(id: $id) { id } }", {"id": "a\0b"}, "id"),
        ("query($id: ID!) { request(id: $id) { id } }", {"id": "\ud800"}, "id"),
        ("query($m: [ID!]) { fleet(model: $m) { model } }", {"m": ["ok", "\n"]}, "model[1]"),
        ("query($m: [ID!]) { fleet(model: $m) { model } }", {"m": ["x"] * 201}, "model"),
        (TREND, {"during": period(T0, T0)}, "during"),
        (TREND, {"during": period(T0, T0 - HOUR)}, "during"),
        (TREND, {"during": period(T0, T0 + timedelta(days=500))}, "during"),
        (TREND, {"during": period(T0, T0 + HOUR), "where": {"user": [""]}}, "where.user[0]"),
        (ROUTE, {"request": {**ASKED, "promptTokens": -1}}, "request.promptTokens"),
        (
            ROUTE,
            {"request": {**ASKED, "requirements": {"maxCostUsd": -1}}},
            "request.requirements.maxCostUsd",
        ),
    ],
)
async def test_wrong_input_names_its_field(
    api: Api, query: str, variables: dict[str, Any], field: str
) -> None:
    message, told = await api.error(query, **variables)
    assert told == {"code": "INVALID_INPUT", "field": field}
    assert message.startswith(field)


async def test_a_time_without_an_offset_is_refused(api: Api) -> None:
    for query, variables in (
        ('{ fleet(at: "2026-09-08T12:00:00") { model } }', {}),
        ("query($at: DateTime) { fleet(at: $at) { model } }", {"at": "2026-09-08T12:00:00"}),
    ):
        message, told = await api.error(query, **variables)
        assert "has no offset" in message
        assert told["code"] == "INVALID_OPERATION"


async def test_too_many_points_are_refused(api: Api, place: Place) -> None:
    await place.tell(place.request("a", T0))
    limits = GraphqlSettings(points_limit=10)
    narrow = replace(api, services=replace(api.services, graphql=limits))
    _, told = await narrow.error(
        TREND,
        during=period(T0, T0 + 24 * HOUR),
        where={"tenant": [place.tenant]},
        now=T0 + 48 * HOUR,
    )
    assert told == {"code": "INVALID_INPUT", "field": "groupBy"}


async def test_a_graph_that_is_away_says_how_long_to_wait(api: Api) -> None:
    settings = api.services.store._settings.model_copy(  # pyright: ignore[reportPrivateUsage]  # its address is to be replaced
        update={"neo4j_uri": "bolt://127.0.0.1:9", "graph_timeout_s": 0.2}
    )
    away = GraphStore.open(settings)
    try:
        lost = replace(api, services=replace(api.services, store=away))
        message, told = await lost.error("{ incidents { id } }")
    finally:
        await away.close()
    assert told == {"code": GraphUnavailable.code, "retryAfterS": 1.0}
    assert "bolt" not in message


async def test_an_internal_error_is_masked_with_an_id_and_logged(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    broken = replace(api, services=replace(api.services, store=cast("GraphStore", object())))
    with caplog.at_level(logging.ERROR):
        message, told = await broken.error("{ incidents { id } }")
    assert told["code"] == "INTERNAL"
    assert message == f"internal error {told['id']}"
    assert told["id"] in caplog.text
    assert "has no attribute 'ask'" in caplog.text


async def test_what_takes_too_long_is_ended(api: Api) -> None:
    hurried = replace(api, schema=Schema(GraphqlSettings(operation_timeout_s=0.000_1)))
    message, told = await hurried.error("{ incidents { id } }")
    assert told["code"] == "TIMEOUT"
    assert "ask for less" in message
