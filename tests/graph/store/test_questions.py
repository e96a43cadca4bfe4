"""Every written read, held against the real server: it must seek, and say its question."""

import re
from collections.abc import AsyncGenerator
from typing import Any

import neo4j
import pytest

from api.servers import Neo4jAddress
from graph.model import NODES, RELATIONSHIPS
from graph.store.door import GraphStore
from graph.store.questions import Question, all_questions, question

QUESTIONS = all_questions()


@pytest.fixture(scope="module")
async def session(store: GraphStore, neo4j_address: Neo4jAddress) -> AsyncGenerator[Any]:
    """A plain session of the driver, on a graph whose schema `store` has made."""
    assert store is not None
    database: Any = neo4j.AsyncGraphDatabase
    given = (neo4j_address.username, neo4j_address.password)
    driver = database.driver(neo4j_address.uri, auth=given)
    async with driver, driver.session() as opened:
        yield opened


def steps_of(plan: dict[str, Any]) -> list[str]:
    """The names of all operators of a plan."""
    name = str(plan["operatorType"]).partition("@")[0]
    return [name, *(step for child in plan.get("children", []) for step in steps_of(child))]


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda q: q.name)
def test_it_opens_with_its_question(asked: Question) -> None:
    assert re.fullmatch(r"// [A-Z].*\?", asked.text.splitlines()[0])
    assert asked.english.endswith("?")


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda q: q.name)
async def test_it_is_planned_without_scan_product_or_notification(
    session: Any, asked: Question
) -> None:
    parameters = dict.fromkeys(re.findall(r"\$(\w+)", asked.text))
    result = await session.run("EXPLAIN " + asked.text, parameters)
    summary = await result.consume()
    steps = steps_of(summary.plan)
    assert [s for s in steps if "Scan" in s or "Cartesian" in s] == []
    statuses = [s.gql_status for s in summary.gql_status_objects]
    assert all(status.startswith(("00", "02")) for status in statuses), statuses


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda q: q.name)
def test_every_name_in_it_is_declared(asked: Question) -> None:
    types = {relationship.type for relationship in RELATIONSHIPS}
    text = re.sub(r"//.*|'[^']*'", "", asked.text)
    for label in re.findall(r"\(\w*:([A-Z]\w*)", text):
        assert label in NODES, label
    for used in re.findall(r"\[\w*:([A-Z_|]+)\]", text):
        assert set(used.split("|")) <= types, used


def test_a_question_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="no question"):
        question("nobody_asks_this")


async def test_a_read_of_tenants_facts_needs_a_scope(store: GraphStore) -> None:
    with pytest.raises(TypeError, match="scope"):
        await store.ask("hour_versions", start="2026-01-01T00:00:00Z", end="2026-01-02T00:00:00Z")
