"""`whyChanged` and its neighbours on the real graph: answers, tenants, statements, errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from api.graphql.trusted import document
from graph.keys import Caller
from graph.scope import TenantScope
from graph.store.door import counting

if TYPE_CHECKING:
    from tests.api.conftest import Rollout
    from tests.api.graphql.conftest import Api, Place

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# The days of the story that these tests are told.
BEFORE = datetime(2026, 7, 7, tzinfo=UTC)
CHANGED = BEFORE + DAY
END = CHANGED + DAY
LATER = END + DAY
WHY = document("why")
WHAT_IF = """query($metric: Metric!, $during: PeriodInput!, $policyVersion: ID, $without: [ID!],
  $arm: ID, $where: SliceInput) { whatIf(metric: $metric, during: $during, where: $where,
  policyVersion: $policyVersion, without: $without, arm: $arm)
  { observed estimate low high effectiveSamples moved notes refused } }"""
SIMILAR = """query($incident: ID, $text: String, $first: Int) {
  similarIncidents(incident: $incident, text: $text, first: $first)
  { incident { id title affectedDeployments } similarity because } }"""
WHY_AT_MOST, WHAT_IF_AT_MOST, SIMILAR_AT_MOST = 10, 5, 3
RAGGED = 6
"""More of them where a period begins or ends within an hour, or knowledge did."""
"""Statements of one answer, whatever it finds."""


def z(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def period(start: datetime, end: datetime) -> dict[str, str]:
    return {"from": z(start), "to": z(end)}


def reader(tenant: str) -> Caller:
    return Caller(TenantScope.of(tenant), frozenset({"read"}), key_id="rc_0", name="test")


def asked(place: Place, **more: Any) -> dict[str, Any]:
    return {
        "metric": "QUALITY",
        "during": period(CHANGED, END),
        "comparedTo": period(BEFORE, CHANGED),
        "where": {"tenant": [place.tenant]},
        "now": LATER,
        **more,
    }


async def test_a_rollout_is_found_with_its_share_and_its_path(
    api: Api, place: Place, rollout: Rollout
) -> None:
    await place.tell(*rollout.events())
    told = (await api.data(WHY, **asked(place)))["whyChanged"]
    assert told["verdict"] == "EXPLAINED", told["summary"]
    assert told["before"] == pytest.approx(0.9, abs=0.01)
    assert told["after"] == pytest.approx(0.7, abs=0.01)
    assert told["deltaLow"] < told["delta"] < told["deltaHigh"] < 0
    assert (told["metric"], told["knownAt"]) == ("QUALITY", None)
    assert (told["during"], told["comparedTo"]) == (
        period(CHANGED, END),
        period(BEFORE, CHANGED),
    )
    assert told["considered"] >= 2
    assert told["baseline"]
    assert told["coverage"]["requests"] == told["coverage"]["scored"] == 48 * 4
    things = [thing["id"] for one in told["slices"] for thing in one["where"]]
    assert any(thing in (rollout.hit, f"hit-{rollout.name}") for thing in things)
    assert not any("spared" in thing for thing in things)
    (cause,) = told["causes"]
    assert (cause["id"], cause["rank"]) == (f"rollout-{rollout.name}", 1)
    assert (cause["mechanism"], cause["at"]) == ("WITHIN", z(CHANGED))
    assert cause["contributionLow"] <= cause["contribution"] <= cause["contributionHigh"]
    assert cause["contribution"] == pytest.approx(1, abs=0.1)
    assert cause["counterfactual"] == pytest.approx(0.9, abs=0.03)
    assert cause["evidence"]
    assert told["unexplained"] == pytest.approx(1 - cause["contribution"], abs=1e-6)
    path = cause["path"]
    assert path[0]["from"] == {"kind": "change", "id": f"rollout-{rollout.name}"}
    assert all(one["to"] == following["from"] for one, following in pairwise(path))
    assert {"kind": "deployment", "id": rollout.hit} in [step["to"] for step in path]


async def test_the_same_question_is_the_same_investigation(
    api: Api, place: Place, rollout: Rollout
) -> None:
    await place.tell(*rollout.events())
    first = await api.data(WHY, **asked(place))
    assert await api.data(WHY, **asked(place)) == first
    other = await api.data(WHY, **asked(place, metric="VOLUME"))
    assert other["whyChanged"]["id"] != first["whyChanged"]["id"]


async def test_a_change_that_was_not_known_yet_is_not_blamed(
    api: Api, place: Place, rollout: Rollout
) -> None:
    await place.tell(*rollout.events(known_after=3 * DAY))
    then = (await api.data(WHY, **asked(place, knownAt=z(LATER))))["whyChanged"]
    assert then["knownAt"] == z(LATER)
    assert then["causes"] == []
    assert then["verdict"] == "UNEXPLAINED"
    assert then["unexplained"] == pytest.approx(1)
    today = (await api.data(WHY, **asked(place, now=LATER + 9 * DAY)))["whyChanged"]
    assert [cause["id"] for cause in today["causes"]] == [f"rollout-{rollout.name}"]


async def test_a_foreign_tenant_sees_nothing(api: Api, place: Place, rollout: Rollout) -> None:
    await place.tell(*rollout.events())
    own = await api.data(WHY, **asked(place), caller=reader(place.tenant))
    assert own["whyChanged"]["causes"]
    for query, more in ((WHY, {}), (WHAT_IF, {"without": [rollout.hit]})):
        variables = {k: v for k, v in asked(place).items() if f"${k}" in query or k == "now"}
        foreign = await api.data(query, **variables, **more, caller=reader("another"))
        unknown = await api.data(
            query,
            **{**variables, "where": {"tenant": ["nobody"]}},
            **more,
            caller=reader("another"),
        )
        for answer in (foreign, unknown):
            for told_back in ("id", "where"):
                answer.get("whyChanged", {}).pop(told_back, None)
        assert foreign == unknown
        assert rollout.name not in str(foreign["whyChanged"] if query == WHY else "")
    told = await api.data(WHY, **asked(place), caller=reader("another"))
    assert told["whyChanged"]["verdict"] == "INSUFFICIENT_DATA"
    assert told["whyChanged"]["slices"] == told["whyChanged"]["causes"] == []
    assert told["whyChanged"]["coverage"]["requests"] == 0


async def test_what_if_says_what_it_can(api: Api, place: Place, rollout: Rollout) -> None:
    await place.tell(*rollout.events())
    variables = {
        "metric": "QUALITY",
        "during": period(CHANGED, END),
        "where": {"tenant": [place.tenant]},
        "now": LATER,
    }
    told = (await api.data(WHAT_IF, **variables, without=[rollout.hit]))["whatIf"]
    assert told["refused"] is None
    assert told["observed"] == pytest.approx(0.7, abs=0.01)
    assert told["low"] <= told["estimate"] <= told["high"]
    assert told["estimate"] == pytest.approx(0.9, abs=0.03)
    assert told["effectiveSamples"] > 0
    nowhere = [rollout.hit, rollout.spared]
    gone = (await api.data(WHAT_IF, **variables, without=nowhere))["whatIf"]
    assert gone["estimate"] is None
    assert gone["refused"]


async def test_an_incident_like_another_is_found(api: Api, place: Place) -> None:
    earlier = place.incident(BEFORE, known_after=HOUR)
    later = place.incident(CHANGED, known_after=HOUR)
    later["data"]["incident"] = f"again-{place.name}"
    await place.tell(earlier, later, place.sample(BEFORE))
    told = (await api.data(SIMILAR, incident=f"again-{place.name}", first=3))["similarIncidents"]
    assert len(told) <= 3
    assert told[0]["incident"]["id"] == f"inc-{place.name}"
    assert 0 < told[0]["similarity"] <= 1
    assert told[0]["because"]
    assert f"again-{place.name}" not in [one["incident"]["id"] for one in told]


async def test_statements_are_bounded_whatever_is_found(
    api: Api, place: Place, rollout: Rollout
) -> None:
    await place.tell(*rollout.events())
    await place.tell(place.incident(CHANGED, known_after=HOUR))
    why = asked(place, knownAt=z(LATER))
    what = {k: v for k, v in asked(place).items() if k != "comparedTo"}
    ragged = asked(
        place,
        during=period(CHANGED + 0.3 * HOUR, END - 0.3 * HOUR),
        comparedTo=period(BEFORE + 0.3 * HOUR, CHANGED - 0.3 * HOUR),
        knownAt=z(END + 0.3 * HOUR),
    )
    for query, variables, most in (
        (WHY, why, WHY_AT_MOST),
        (WHY, ragged, WHY_AT_MOST + RAGGED),
        (WHY, {k: v for k, v in why.items() if k not in ("comparedTo", "knownAt")}, WHY_AT_MOST),
        (WHAT_IF, {**what, "without": [rollout.hit]}, WHAT_IF_AT_MOST),
        (WHAT_IF, {**what, "policyVersion": f"p-{rollout.name}@v1"}, WHAT_IF_AT_MOST),
        (SIMILAR, {"incident": f"inc-{place.name}"}, SIMILAR_AT_MOST),
    ):
        with counting() as counted:
            await api.data(query, **variables)
        assert 0 < len(counted.statements) <= most, counted.statements


@pytest.mark.parametrize(
    ("query", "variables", "field"),
    [
        (WHY, {"during": period(END, CHANGED)}, "during"),
        (WHY, {"during": period(CHANGED, CHANGED)}, "during"),
        (WHY, {"during": period(BEFORE - 500 * DAY, END)}, "during"),
        (WHY, {"comparedTo": period(CHANGED, BEFORE)}, "comparedTo"),
        (WHY, {"comparedTo": period(BEFORE - 500 * DAY, CHANGED)}, "comparedTo"),
        (WHY, {"comparedTo": period(BEFORE, END)}, "comparedTo"),
        (WHY, {"where": {"taskType": [""]}}, "where.taskType[0]"),
        (WHAT_IF, {"during": period(END, CHANGED), "arm": "e/a"}, "during"),
        (WHAT_IF, {"arm": ""}, "arm"),
        (WHAT_IF, {"policyVersion": "a\0b"}, "policyVersion"),
        (WHAT_IF, {"without": ["ok", ""]}, "without[1]"),
        (WHAT_IF, {}, "policyVersion"),
        (WHAT_IF, {"without": ["aws"], "arm": "e/a"}, "arm"),
        (SIMILAR, {"incident": "x", "first": 0}, "first"),
        (SIMILAR, {"incident": "x", "first": 51}, "first"),
        (SIMILAR, {"incident": "\n"}, "incident"),
        (SIMILAR, {}, "incident"),
        (SIMILAR, {"incident": "x", "text": "y"}, "incident"),
        (SIMILAR, {"text": ""}, "text"),
    ],
)
async def test_wrong_input_names_its_field(
    api: Api, query: str, variables: dict[str, Any], field: str
) -> None:
    given: dict[str, Any] = {}
    if query != SIMILAR:
        given = {"metric": "QUALITY", "during": period(CHANGED, END)}
    message, told = await api.error(query, **{**given, **variables})
    assert told == {"code": "INVALID_INPUT", "field": field}
    assert message.startswith(field)


@pytest.mark.parametrize(
    "where", ['{colour: ["red"]}', '{taskType: ["a"], promptBand: ["8192+"]}', "{tier: [null]}"]
)
async def test_an_unknown_dimension_does_not_fit_the_schema(api: Api, where: str) -> None:
    message, told = await api.error(
        f'{{ whyChanged(metric: QUALITY, where: {where}, during: {{from: "2026-07-08T00:00:00Z", '
        'to: "2026-07-09T00:00:00Z"}) { verdict } }'
    )
    assert told["code"] == "INVALID_OPERATION"
    assert "colour" in message or "promptBand" in message or "null" in message


async def test_an_incident_that_is_not_there_is_not_found(api: Api, place: Place) -> None:
    _, told = await api.error(SIMILAR, incident=f"never-{place.name}")
    assert told["code"] == "NOT_FOUND"


async def test_no_more_than_a_few_investigations_in_one_operation(api: Api) -> None:
    one = (
        'whyChanged(metric: QUALITY, during: {from: "2026-07-08T00:00:00Z", '
        'to: "2026-07-09T00:00:00Z"}) { verdict }'
    )
    many = " ".join(f"a{i}: {one}" for i in range(4))
    _, told = await api.error(f"{{ {many} }}")
    assert told["code"] == "TOO_LARGE"
