"""Looking back through GraphQL: investigations opened by their ids, drafts of postmortems."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from api.graphql.trusted import document
from graph.keys import Caller
from graph.scope import TenantScope
from graph.store.door import counting

if TYPE_CHECKING:
    from tests.api.conftest import Rollout
    from tests.api.graphql.conftest import Api, Place

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEFORE = datetime(2026, 7, 7, tzinfo=UTC)
CHANGED, END = BEFORE + DAY, BEFORE + 2 * DAY
KEPT, POSTMORTEM = document("kept_investigation"), document("postmortem")
WHY = KEPT.replace(
    "($id: ID!)", "($during: PeriodInput!, $comparedTo: PeriodInput!, $where: SliceInput)"
).replace(
    "investigation(id: $id)",
    "whyChanged(metric: QUALITY, during: $during, comparedTo: $comparedTo, where: $where)",
)


def z(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def reader(tenant: str) -> Caller:
    return Caller(TenantScope.of(tenant), frozenset({"read"}), key_id="rc_0", name="test")


async def test_an_investigation_is_opened_as_it_was_told(
    api: Api, place: Place, rollout: Rollout
) -> None:
    await place.tell(*rollout.events())
    asked: dict[str, Any] = {
        "during": {"from": z(CHANGED), "to": z(END)},
        "comparedTo": {"from": z(BEFORE), "to": z(CHANGED)},
        "where": {"tenant": [place.tenant], "taskType": ["reasoning"]},
    }
    told = await api.data(WHY, **asked, now=END + DAY, caller=reader(place.tenant))
    found = told["whyChanged"]
    assert found["causes"]
    assert found["askedAt"] == z(END + DAY)
    assert found["where"] == [
        {"kind": "task_type", "id": "reasoning"},
        {"kind": "tenant", "id": place.tenant},
    ]
    with counting() as count:
        later = await api.data(KEPT, id=found["id"], now=END + 9 * DAY)
    assert later["investigation"] == found
    assert count.statements == ["kept_investigation"]
    for caller, identity in ((reader("another"), found["id"]), (reader(place.tenant), "inv-0")):
        told = await api.data(KEPT, id=identity, caller=caller)
        assert told == {"investigation": None}


async def test_a_postmortem_is_drafted_from_what_its_reader_may_see(
    api: Api, place: Place, rollout: Rollout
) -> None:
    incident = place.event(
        "incident.opened",
        CHANGED + HOUR,
        incident=f"inc-{place.name}",
        scope={"kind": "deployment", "id": rollout.hit},
        severity="sev1",
        title="# answers | are <b>wrong</b>",
    )
    await place.tell(*rollout.events(), incident)
    asked: dict[str, Any] = {"incident": f"inc-{place.name}", "now": CHANGED + 20 * HOUR}
    told = (await api.data(POSTMORTEM, **asked, caller=reader(place.tenant)))["postmortem"]
    assert told["title"] == "Postmortem: # answers | are <b>wrong</b>"
    assert told["during"] == {"from": z(CHANGED + HOUR), "to": z(CHANGED + 20 * HOUR)}
    assert told["generatedAt"] == z(CHANGED + 20 * HOUR)
    assert told["incident"]["affectedDeployments"] == [rollout.hit]
    assert [cause["id"] for cause in told["causes"]] == [f"rollout-{rollout.name}"]
    lines = told["markdown"].splitlines()
    assert lines[0] == r"# Postmortem: \# answers | are \<b\>wrong\</b\>"
    assert "| Status | **ongoing** |" in lines
    assert "the metric that got worse by the most is quality (" in told["markdown"]
    kept = await api.data(KEPT, id=told["investigation"], caller=reader(place.tenant))
    assert [one["id"] for one in kept["investigation"]["causes"]] == [
        one["id"] for one in told["causes"]
    ]
    foreign = (await api.data(POSTMORTEM, **asked, caller=reader("another")))["postmortem"]
    assert (foreign["causes"], foreign["investigation"]) == ([], None)
    assert place.tenant not in foreign["markdown"]


async def test_an_incident_that_is_not_known_has_no_postmortem(api: Api, place: Place) -> None:
    assert await api.data(POSTMORTEM, incident=f"inc-{place.name}") == {"postmortem": None}
    message, told = await api.error(POSTMORTEM, incident="")
    assert (told["code"], "incident" in message) == ("INVALID_INPUT", True)
