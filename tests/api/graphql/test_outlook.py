"""What comes next and what is spent, over GraphQL: answers, tenants, statements, errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from graphql import parse, validate

from api.graphql.trusted import document
from graph.keys import Caller
from graph.scope import TenantScope
from graph.store.door import counting

if TYPE_CHECKING:
    from tests.api.graphql.conftest import Api, Place

T0 = datetime(2026, 8, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAYS = 2
NOW = T0 + timedelta(days=DAYS, minutes=-8)
EVERY = timedelta(minutes=20)
MOST_STATEMENTS = {
    "forecast": 5, "capacity": 14, "budgets": 8, "slos": 14, "cost_anomalies": 10, "experiment": 8,
}  # fmt: skip
"""More of them would be one for each thing, or a read that another could share."""


def z(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def reader(tenant: str) -> Caller:
    return Caller(TenantScope.of(tenant), frozenset({"read"}), key_id="rc_0", name="test")


def history(place: Place) -> list[dict[str, Any]]:
    """Two days of requests, one in twelve of the last day's failed, scored after an hour."""
    told: list[dict[str, Any]] = []
    for number in range(DAYS * 72):
        at = T0 + number * EVERY
        status = "error" if number >= 72 and number % 12 == 0 else "ok"
        request = place.request(f"r{number}", at, status=status, cost_usd=0.25)
        request["data"]["user"] = f"user-{number % 10}"
        request["data"]["decision"] |= {"experiment": f"x-{place.name}", "arm": "AB"[number % 2]}
        told.append(request)
        told.append(place.score(f"r{number}", 0.8, at + HOUR, known_after=timedelta()))
    return told


def configuration(place: Place) -> list[dict[str, Any]]:
    arms = [{"arm": "A", "percent": 50}, {"arm": "B", "percent": 50}]
    return [
        place.event("tenant.configured", T0, daily_budget_usd=10.0, monthly_budget_usd=1_000.0),
        place.event("slo.defined", T0, slo="up", objective="availability", target=0.9,
                    window_days=28),
        place.event("budget.defined", T0, budget="premium", limit_usd=5.0, period="day",
                    where={"tier": "premium"}),
        place.event("experiment.configured", T0, experiment=f"x-{place.name}",
                    policy=f"p-{place.name}", status="running", arms=arms),
        place.event("deployment.registered", T0, deployment=place.deployment, model=place.model,
                    backend=place.backend, max_rps=4.0),
    ]  # fmt: skip


@pytest.fixture
async def told(place: Place) -> Place:
    await place.tell(*configuration(place), *history(place))
    return place


async def asked(api: Api, name: str, place: Place, **variables: Any) -> Any:
    """The one field of a trusted document, asked by the place's own tenant."""
    with counting() as sent:
        data = await api.data(document(name), caller=reader(place.tenant), now=NOW, **variables)
    assert len(sent.statements) <= MOST_STATEMENTS.get(name, 20), sent.statements
    (answer,) = data.values()
    return answer


@pytest.mark.parametrize(
    "name",
    "forecast capacity budgets cost_anomalies savings slos experiment rollout".split(),  # noqa: SIM905  # names
)
def test_each_document_fits_the_schema(api: Api, name: str) -> None:
    schema = api.schema._schema  # pyright: ignore[reportPrivateUsage]  # what validates it
    assert validate(schema, parse(document(name))) == []


async def test_the_coming_hours_are_told_with_their_limits(api: Api, told: Place) -> None:
    (one,) = await asked(api, "forecast", told, horizonMinutes=180, groupBy=["TASK_TYPE"])
    assert one["key"] == [{"kind": "task_type", "id": "reasoning"}]
    assert [point["at"] for point in one["points"]] == [
        z(T0 + timedelta(days=DAYS, minutes=-10) + n * HOUR) for n in range(3)
    ]
    for point in one["points"]:
        assert point["low95"] <= point["low80"] <= point["expected"]
        assert point["expected"] <= point["high80"] <= point["high95"]
        assert point["expected"] == pytest.approx(3, abs=1)
    assert one["total"]["expected"] == pytest.approx(9, abs=2)
    assert one["requests"] == DAYS * 72
    (cost,) = await asked(api, "forecast", told, of="COST")
    assert cost["points"][0]["expected"] == pytest.approx(0.75, abs=0.3)


async def test_a_deployment_is_held_against_what_it_can_carry(api: Api, told: Place) -> None:
    risks = {one["deployment"]: one for one in await asked(api, "capacity", told)}
    mine = risks[told.deployment]
    assert mine["capacity"] is not None
    assert mine["capacity"] <= 4.0
    assert mine["probabilityOverload"] < 0.05
    assert mine["expectedLoad"] > 0
    assert mine["reasons"]
    lost = await asked(api, "capacity", told, without=[told.backend])
    assert {one["deployment"]: one["expectedLoad"] for one in lost}[told.deployment] == 0


async def test_budgets_are_the_tenants_own(api: Api, told: Place) -> None:
    at = T0 + timedelta(days=1, hours=12)
    found = {(one["id"], one["period"]): one for one in await asked(api, "budgets", told, at=z(at))}
    assert {period for _, period in found} == {"day", "month"}
    assert {one["tenant"] for one in found.values()} == {told.tenant}
    daily = [one for one in found.values() if one["limitUsd"] == 10.0]
    watched = [one for one in found.values() if one["limitUsd"] == 5.0]
    (whole,), (premium,) = daily, watched
    assert whole["spentUsd"] == pytest.approx(36 * 0.25, abs=0.26)
    assert whole["remainingUsd"] == pytest.approx(10 - whole["spentUsd"])
    assert whole["burnRate"] > 1
    assert premium["remainingUsd"] < 0
    assert premium["exhaustedAt"] < z(at)
    assert premium["where"] == [{"kind": "tier", "id": "premium"}]
    others = await api.data(document("budgets"), caller=reader("nobody-else"), now=NOW)
    assert others["budgets"] == []


async def test_an_objective_tells_its_budget_and_what_to_do(api: Api, told: Place) -> None:
    (one,) = await asked(api, "slos", told)
    assert (one["id"], one["tenant"], one["objective"]) == ("up", told.tenant, "availability")
    assert one["events"] == DAYS * 72
    assert one["bad"] == 6
    assert one["actual"] == pytest.approx(1 - 6 / 144)
    assert one["errorBudgetRemaining"] == pytest.approx(1 - 6 / 14.4)
    assert one["action"] in {"continue", "freeze", "lockdown", "unknown"}
    assert one["reasons"]
    assert await asked(api, "slos", told, at=z(T0 - HOUR)) == []
    early = await asked(api, "slos", told, at=z(T0 + 24 * HOUR))
    assert early[0]["bad"] == 0


async def test_who_burned_a_budget_is_asked_of_the_graph(api: Api, told: Place) -> None:
    query = "{ slos { id burnRate5m burnRate1h burnRate6h burnRate3d causes { id } } }"
    (one,) = (await api.data(query, caller=reader(told.tenant), now=NOW))["slos"]
    assert one["burnRate3d"] == pytest.approx((6 / 144) / 0.1, rel=0.01)
    assert one["causes"] == []


async def test_a_normal_day_has_no_anomaly(api: Api, told: Place) -> None:
    during = {"from": z(T0 + 24 * HOUR), "to": z(T0 + 48 * HOUR)}
    assert await asked(api, "cost_anomalies", told, during=during) == []


async def test_arms_alike_have_no_winner(api: Api, told: Place) -> None:
    one = await asked(api, "experiment", told, id=f"x-{told.name}")
    assert [(arm["arm"], arm["requests"]) for arm in one["arms"]] == [("A", 72), ("B", 72)]
    assert one["winner"] is None
    assert one["outcome"] in {"UNDECIDED", "INSUFFICIENT_DATA", "NO_DIFFERENCE"}
    assert one["verdict"]
    assert await asked(api, "experiment", told, id="nobody-told-of-it") is None
    assert await asked(api, "rollout", told, change="nobody-told-of-it") is None


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("forecast", {"horizonMinutes": 0}, "horizonMinutes"),
        ("forecast", {"stepMinutes": 7}, "stepMinutes"),
        ("forecast", {"groupBy": ["EVALUATOR"]}, "groupBy"),
        ("forecast", {"asOf": "2027-01-01T00:00:00Z"}, "asOf"),
        ("capacity", {"horizonMinutes": 100_000}, "horizonMinutes"),
        ("capacity", {"without": ["nobody-told-of-it"]}, "without"),
        ("capacity", {"asOf": "2027-01-01T00:00:00Z"}, "asOf"),
        ("budgets", {"at": "2027-01-01T00:00:00Z"}, "at"),
        ("slos", {"at": "2027-01-01T00:00:00Z"}, "at"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    api: Api, place: Place, name: str, given: dict[str, Any], field: str
) -> None:
    _, extensions = await api.error(document(name), caller=reader(place.tenant), now=NOW, **given)
    assert extensions["code"] == "INVALID_INPUT"
    assert extensions["field"] == field
