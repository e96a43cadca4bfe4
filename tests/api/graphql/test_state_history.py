"""The history of a deployment's state as it is served: its arguments and its limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.api.graphql.conftest import Api, Place

T0 = datetime(2026, 9, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUERY = """query($id: ID!, $during: PeriodInput!, $step: Int! = 60, $knownAt: DateTime) {
  stateHistory(deployment: $id, during: $during, stepMinutes: $step, knownAt: $knownAt) {
    at status breaker reasons stale } }"""


def during(start: datetime, end: datetime) -> dict[str, str]:
    return {"from": start.isoformat(), "to": end.isoformat()}


async def test_a_history_is_served_as_it_could_have_been_known(api: Api, place: Place) -> None:
    await place.tell(
        place.sample(T0 + HOUR - HOUR / 60, error_rate=0.0),
        place.incident(T0, known_after=3 * HOUR),
    )
    asked: dict[str, Any] = {"id": place.deployment, "during": during(T0, T0 + 9 * HOUR)}
    told = (await api.data(QUERY, **asked, now=T0 + 2.5 * HOUR))["stateHistory"]
    assert [one["at"] for one in told] == ["2026-09-08T13:00:00Z", "2026-09-08T14:00:00Z"]
    assert [(one["status"], one["stale"]) for one in told] == [
        ("DEGRADED", False),
        ("UNKNOWN", True),
    ]
    assert told[0]["breaker"] == "CLOSED"
    assert any("packet loss" in reason for reason in told[0]["reasons"])
    then = await api.data(QUERY, **asked, knownAt=(T0 + HOUR).isoformat(), now=T0 + 9 * HOUR)
    assert then["stateHistory"][0]["status"] == "HEALTHY"
    unknown = await api.data(QUERY, id="x@y", during=asked["during"], now=T0 + 9 * HOUR)
    assert unknown["stateHistory"] == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"step": 4}, "stepMinutes"),
        ({"step": 1441}, "stepMinutes"),
        ({"step": 5, "during": during(T0 - 48 * HOUR, T0)}, "stepMinutes"),
        ({"during": during(T0, T0)}, "during"),
        ({"id": ""}, "deployment"),
    ],
)
async def test_wrong_input_names_its_field(api: Api, wrong: dict[str, Any], field: str) -> None:
    asked = {"id": "a@b", "during": during(T0 - HOUR, T0), **wrong}
    message, told = await api.error(QUERY, **asked)
    assert told == {"code": "INVALID_INPUT", "field": field}
    assert message.startswith(field)
