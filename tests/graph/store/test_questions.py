"""Every written read, held against the real server: it must seek, and say its question."""

import re

import neo4j
import pytest

from api.servers import Neo4jAddress
from graph.model import NODES, RELATIONSHIPS
from graph.store.door import GraphStore
from graph.store.questions import all_questions

QUESTIONS = all_questions()


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda q: q.name)
def test_it_opens_with_its_question(asked: object) -> None:
    first = asked.text.splitlines()[0]  # pyright: ignore
    assert re.fullmatch(r"// [A-Z].*\?", first)


@pytest.mark.parametrize("name", [q.name for q in QUESTIONS])
async def test_it_is_planned_without_scan_product_or_notification(
    store: GraphStore, neo4j_address: Neo4jAddress, name: str
) -> None:
    asked = next(q for q in QUESTIONS if q.name == name)
    parameters = dict.fromkeys(re.findall(r"\$(\w+)", asked.text))
    driver = neo4j.AsyncGraphDatabase.driver(
        neo4j_address.uri, auth=(neo4j_address.username, neo4j_address.password)
    )
    async with driver, driver.session() as session:
        result = await session.run("EXPLAIN " + asked.text, parameters)  # pyright: ignore
        summary = await result.consume()
    steps: list[str] = []

    def walk(plan: dict[str, object]) -> None:
        steps.append(str(plan["operatorType"]).partition("@")[0])
        for child in plan.get("children", []):  # pyright: ignore
            walk(child)  # pyright: ignore

    assert summary.plan is not None
    walk(summary.plan)  # pyright: ignore
    bad = [s for s in steps if "Scan" in s or "Cartesian" in s]
    assert bad == []
    statuses = [s.gql_status for s in summary.gql_status_objects]
    assert all(status.startswith(("00", "02")) for status in statuses), statuses


def test_every_name_in_a_question_is_declared() -> None:
    types = {relationship.type for relationship in RELATIONSHIPS}
    for asked in QUESTIONS:
        text = re.sub(r"//.*|'[^']*'", "", asked.text)
        for labels in re.findall(r"\(\w*:([A-Z]\w*)", text):
            assert labels in NODES, f"{asked.name}: {labels}"
        for used in re.findall(r"\[\w*:([A-Z_|]+)\]", text):
            assert set(used.split("|")) <= types, f"{asked.name}: {used}"
