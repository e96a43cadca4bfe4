"""Questions in words over GraphQL: one answer, its steps, what was asked, what can be asked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from graphql import parse, validate
from strawberry.types import ExecutionResult

from api.graphql.context import Connection
from api.graphql.trusted import document
from graph.keys import Caller, Scope
from graph.scope import TenantScope
from tests.api.graphql.conftest import OPERATOR, T0

if TYPE_CHECKING:
    from tests.api.graphql.conftest import Api, Place

ASK = document("ask")
ANSWER = (
    "subscription Answer($question: String!, $now: DateTime) { "
    "answer(question: $question, now: $now) { kind text answer { text intent conversation } } }"
)


def caller(*scopes: Scope, tenant: str | None = None) -> Caller:
    whose = TenantScope.all() if tenant is None else TenantScope.of(tenant)
    return Caller(whose, frozenset(scopes), key_id="k1", name="test")


async def tell_of_one(place: Place) -> None:
    names: dict[str, Any] = {
        "deployment": place.deployment,
        "model": place.model,
        "backend": place.backend,
    }
    requests = [
        place.request(f"req-{place.name}-{number}", T0 - timedelta(minutes=number + 1))
        for number in range(5)
    ]
    await place.tell(
        place.event("deployment.registered", T0 - timedelta(days=1), **names), *requests
    )


async def test_an_answer_says_what_it_is_and_rests_on(api: Api, place: Place) -> None:
    await tell_of_one(place)
    asked = f"how many requests did {place.deployment} get today?"
    told = (await api.data(ASK, question=asked, now=T0))["ask"]
    assert told["question"] == asked
    assert told["intent"] == "trend"
    assert told["method"] == "logical"
    assert "5" in told["text"]
    assert 0 < told["confidence"] <= 1
    assert told["costUsd"] == 0
    assert told["latencyMs"] >= told["understandingMs"] > 0
    assert {"kind": "deployment", "id": place.deployment} in told["citations"]
    data = json.loads(told["data"])
    assert data["understood"]["slots"]["where"]["deployment"] == [place.deployment]
    assert data["calls"]


async def test_the_graphql_of_an_answer_gives_its_figures(api: Api, place: Place) -> None:
    await tell_of_one(place)
    asked = f"how many requests did {place.deployment} get today?"
    told = (await api.data(ASK, question=asked, now=T0))["ask"]
    schema = api.schema._schema  # pyright: ignore[reportPrivateUsage]  # the only way to it
    assert validate(schema, parse(told["query"])) == []
    again = await api.data(told["query"])
    assert "5" in json.dumps(again)


async def test_another_tenants_facts_are_not_answered(api: Api, place: Place) -> None:
    await tell_of_one(place)
    asked = f"how many requests did {place.deployment} get today?"
    told = await api.data(
        ASK, question=asked, now=T0, caller=caller("read", tenant="somebody-else")
    )
    assert place.tenant not in json.dumps(told)
    assert not told["ask"]["certain"] or " 0 requests" in f" {told['ask']['text']}"


async def test_what_is_outside_is_refused(api: Api) -> None:
    told = (await api.data(ASK, question="what is the weather in paris?"))["ask"]
    assert told["text"].startswith("I can't tell")
    assert told["intent"] is None
    assert told["citations"] == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"question": ""}, "question"),
        ({"question": "x" * 3000}, "question"),
        ({"question": "what is healthy?", "timeZone": "Nowhere/At-all"}, "timeZone"),
        ({"question": "what is healthy?", "conversation": ""}, "conversation"),
    ],
)
async def test_bad_input_names_its_field(api: Api, given: dict[str, Any], field: str) -> None:
    _, told = await api.error(ASK, **given)
    assert (told["code"], told["field"]) == ("INVALID_INPUT", field)


async def test_nothing_is_read_from_a_time_to_come(api: Api) -> None:
    asked = 'mutation { ask(question: "what is healthy?", now: "2999-01-01T00:00:00Z") { text } }'
    _, told = await api.error(asked)
    assert (told["code"], told["field"]) == ("INVALID_INPUT", "now")


async def test_it_needs_the_scope_to_read(api: Api) -> None:
    _, told = await api.error(ASK, question="what is healthy?", caller=caller("ingest"))
    assert told["code"] == "FORBIDDEN"
    (event,) = await events(api, "what is healthy?", caller=caller("ingest"))
    assert event.errors is not None


async def test_what_was_asked_is_told_with_its_cost(api: Api) -> None:
    answer = (await api.data(ASK, question="what can you do?"))["ask"]
    (kept,) = (
        await api.data("{ questions(first: 1) { id question intent method costUsd latencyMs } }")
    )["questions"]
    assert kept["id"] == answer["id"]
    assert (kept["intent"], kept["costUsd"]) == ("help", 0)
    _, told = await api.error("{ questions(first: 0) { id } }")
    assert told["field"] == "first"


async def events(api: Api, question: str, *, caller: Any = OPERATOR) -> list[ExecutionResult]:
    connection = Connection(api.services, identify=lambda: caller)
    told = await api.schema.subscribe(
        ANSWER, variable_values={"question": question}, context_value=connection
    )
    if isinstance(told, ExecutionResult):
        return [told]
    found: list[ExecutionResult] = []
    async for one in told:
        assert isinstance(one, ExecutionResult)
        found.append(one)
    return found


async def test_the_steps_come_before_the_answer(api: Api) -> None:
    told = [one.data["answer"] for one in await events(api, "any open incidents?") if one.data]
    kinds = [one["kind"] for one in told]
    assert kinds[0] == "understood"
    assert "called" in kinds
    assert kinds[-1] == "answer"
    assert told[-1]["answer"]["intent"] == "incidents"
    assert all(one["answer"] is None for one in told[:-1])
    assert api.services.feed.open == 0


async def test_what_can_be_asked_about_is_what_the_caller_may_see(api: Api, place: Place) -> None:
    await tell_of_one(place)
    query = "{ names { deployments tenants taskTypes incidents { id } } }"
    told = (await api.data(query))["names"]
    assert place.deployment in told["deployments"]
    assert place.tenant in told["tenants"]
    other = await api.data(query, caller=caller("read", tenant="somebody-else"))
    assert other["names"]["tenants"] in ([], ["somebody-else"])


async def test_maintenance_is_told_while_it_is_under_way_and_before(api: Api, place: Place) -> None:
    await place.tell(
        place.event(
            "maintenance.scheduled",
            T0 - timedelta(days=1),
            maintenance=f"mw-{place.name}",
            scope={"kind": "deployment", "id": place.deployment},
            starts_at=(T0 + timedelta(hours=1)).isoformat(),
            ends_at=(T0 + timedelta(hours=2)).isoformat(),
            title="new disks",
        )
    )
    query = (
        "query M($at: DateTime, $until: DateTime) { maintenance(at: $at, until: $until) { id } }"
    )

    async def ids(at: timedelta, until: timedelta | None) -> list[str]:
        end = None if until is None else (T0 + until).isoformat()
        told = await api.data(query, at=(T0 + at).isoformat(), until=end)
        return [one["id"] for one in told["maintenance"]]

    wanted = f"mw-{place.name}"
    assert wanted not in await ids(timedelta(), None)
    assert wanted in await ids(timedelta(), timedelta(hours=3))
    assert wanted in await ids(timedelta(minutes=90), None)
    _, told = await api.error(query, at=T0.isoformat(), until=T0.isoformat())
    assert told["field"] == "until"
