"""Single requests of a slice, and what an incident reached, over GraphQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from graph.keys import Caller
from graph.scope import TenantScope

if TYPE_CHECKING:
    from tests.api.graphql.conftest import Api, Place

T0 = datetime(2026, 9, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NOW = T0 + 6 * HOUR


def z(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def reader(tenant: str) -> Caller:
    return Caller(TenantScope.of(tenant), frozenset({"read"}), key_id="rc_0", name="test")


REQUESTS = """query($during: PeriodInput!, $where: SliceInput, $order: RequestOrder,
  $failed: Boolean, $first: Int, $knownAt: DateTime) {
  requests(during: $during, where: $where, order: $order, failed: $failed, first: $first,
    knownAt: $knownAt) { id status latencyMs costUsd quality { score } } }"""
IMPACT = """query($incident: ID, $change: ID, $knownAt: DateTime) {
  impact(incident: $incident, change: $change, knownAt: $knownAt) {
    of { kind id } title during { from to } comparedTo { from } baseline deployments backends models
    requests requestsBefore failed failedExpected users tenants tiers { tier requests failed }
    displaced latencyP95BeforeMs latencyP95AfterMs qualityBefore qualityAfter scoredBefore
    scoredAfter costUsd failedCostUsd extraCostUsd extraCostLowUsd extraCostHighUsd slos } }"""


@pytest.fixture
async def told(place: Place) -> Place:
    """Six requests, ten minutes apart: ever slower, ever cheaper, the third failed."""
    await place.tell(
        *(
            place.request(
                f"r{n}",
                T0 + 10 * n * MINUTE,
                latency_ms=100.0 * (n + 1),
                cost_usd=0.5 - n / 20,
                status="timeout" if n == 2 else "ok",
            )
            for n in range(6)
        ),
        place.score("r1", 0.9, T0 + HOUR, known_after=HOUR),
        place.score("r4", 0.2, T0 + HOUR, known_after=3 * HOUR),
        place.incident(T0 + 15 * MINUTE, known_after=HOUR),
    )
    return place


async def names(api: Api, place: Place, **asked: Any) -> list[str]:
    """The short names of the requests that are given."""
    during = {"from": z(T0), "to": z(T0 + 2 * HOUR)}
    data = await api.data(
        REQUESTS, caller=reader(place.tenant), now=NOW, **{"during": during, **asked}
    )
    return [one["id"].partition("-")[0] for one in data["requests"]]


async def test_requests_come_in_the_order_that_is_asked_for(api: Api, told: Place) -> None:
    assert await names(api, told) == ["r5", "r4", "r3", "r2", "r1", "r0"]
    assert await names(api, told, order="SLOWEST", first=2) == ["r5", "r4"]
    assert await names(api, told, order="DEAREST", first=2) == ["r0", "r1"]
    assert await names(api, told, order="WORST_SCORED") == ["r4", "r1"]
    early = z(T0 + 3 * HOUR)
    assert await names(api, told, order="WORST_SCORED", knownAt=early) == ["r1"]
    assert await names(api, told, failed=True) == ["r2"]
    assert await names(api, told, where={"user": ["ada"]}, first=1) == ["r5"]
    assert await names(api, told, where={"tier": ["free"]}) == []


async def test_a_request_of_a_list_has_its_context(api: Api, told: Place) -> None:
    query = """query($during: PeriodInput!) { requests(during: $during, first: 1) {
      contextThen { incidents { id } recentChanges { id } policy { version } } } }"""
    during = {"from": z(T0), "to": z(T0 + HOUR)}
    data = await api.data(query, during=during, caller=reader(told.tenant), now=NOW)
    (one,) = data["requests"]
    assert one["contextThen"]["policy"] is None
    assert f"inc-{told.name}" not in {each["id"] for each in one["contextThen"]["incidents"]}


async def test_a_foreign_tenants_requests_are_not_there(api: Api, told: Place) -> None:
    stranger = reader("another")
    during = {"from": z(T0), "to": z(T0 + HOUR)}
    for where in ({"tenant": [told.tenant]}, {"user": ["ada"]}, {"deployment": [told.deployment]}):
        data = await api.data(REQUESTS, during=during, where=where, caller=stranger, now=NOW)
        assert data["requests"] == []
    query = "query($i: ID) { impact(incident: $i) { requests users tenants costUsd } }"
    data = await api.data(query, i=f"inc-{told.name}", caller=stranger, now=NOW)
    assert data["impact"] == {"requests": 0, "users": 0, "tenants": [], "costUsd": 0.0}


async def test_an_incident_is_told_with_what_it_reached(api: Api, told: Place) -> None:
    found = await api.data(IMPACT, incident=f"inc-{told.name}", caller=reader(told.tenant), now=NOW)
    one = found["impact"]
    assert one["of"] == {"kind": "incident", "id": f"inc-{told.name}"}
    assert one["during"] == {"from": z(T0 + 15 * MINUTE), "to": z(NOW)}
    assert one["deployments"] == [told.deployment]
    assert (one["backends"], one["models"]) == ([told.backend], [told.model])
    assert (one["requests"], one["failed"], one["users"]) == (4, 1, 1)
    assert one["tiers"] == [{"tier": "premium", "requests": 4, "failed": 1}]
    assert one["latencyP95AfterMs"] == pytest.approx(600, rel=0.01)
    assert (one["costUsd"], one["failedCostUsd"]) == (pytest.approx(1.3), pytest.approx(0.4))
    assert (one["qualityAfter"], one["scoredAfter"]) == (pytest.approx(0.2), 1)
    unknown = await api.data(IMPACT, change="nobody-told-of-it", now=NOW)
    assert unknown["impact"] is None
    early = z(T0 + 30 * MINUTE)
    assert (await api.data(IMPACT, incident=f"inc-{told.name}", knownAt=early))["impact"] is None


@pytest.mark.parametrize(
    ("query", "given", "field"),
    [
        (REQUESTS, {"first": 0}, "first"),
        (REQUESTS, {"first": 101}, "first"),
        (REQUESTS, {"during": {"from": z(T0), "to": z(T0 + timedelta(days=32))}}, "during"),
        (REQUESTS, {"during": {"from": z(T0), "to": z(T0)}}, "during"),
        (REQUESTS, {"where": {"user": [""]}}, "where.user[0]"),
        (IMPACT, {}, "incident"),
        (IMPACT, {"incident": "a", "change": "b"}, "incident"),
        (IMPACT, {"change": ""}, "change"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    api: Api, query: str, given: dict[str, Any], field: str
) -> None:
    usual = {"during": {"from": z(T0), "to": z(T0 + HOUR)}} if query == REQUESTS else {}
    _, extensions = await api.error(query, **{**usual, **given})
    assert (extensions["code"], extensions["field"]) == ("INVALID_INPUT", field)
