"""GraphiQL in a real browser that can reach nothing but loopback."""

import re
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.browser

CALL_LIMIT_S = 10
QUESTIONS = [
    "Fleet",
    "WhyChanged",
    "Request",
    "Trend",
    "Compare",
    "RoutingView",
    "WhatIf",
    "WhatComesNext",
    "Spending",
    "FleetChanged",
]
WORKERS = {"editor.worker", "graphql.worker", "json.worker"}


def described(url: str, *, type_name: str, field: str) -> str:
    """What the served schema says of a field."""
    query = f'{{ __type(name: "{type_name}") {{ fields {{ name description }} }} }}'
    answer = httpx.post(f"{url}/graphql", json={"query": query}, timeout=CALL_LIMIT_S).json()
    fields = answer["data"]["__type"]["fields"]
    return next(each["description"] for each in fields if each["name"] == field)


def words(text: str) -> str:
    """The words alone, since a page sets Markdown and breaks lines its own way."""
    return " ".join(re.findall(r"\w+", text))


def test_graphiql_answers_completes_and_documents_with_no_address_outside(
    service: Any, drive: Any
) -> None:
    visit = drive("graphiql", url=service.url)

    assert visit.outside == visit.refused == visit.failures == visit.console == []
    assert visit.result["tabs"] == QUESTIONS
    assert service.deployment in visit.result["answer"]
    assert service.deployment in visit.result["subscription"]
    assert any(item.startswith("deployment") for item in visit.result["completion"])
    shown = words(visit.result["docs"])
    assert words(described(service.url, type_name="Query", field="fleet")) in shown
    assert words(described(service.url, type_name="DeploymentHealth", field="reasons")) in shown
    started = {url.rpartition("/")[2].partition("-")[0] for url in visit.result["workers"]}
    assert started == WORKERS


def test_every_default_question_fits_the_schema(service: Any, drive: Any) -> None:
    visit = drive("questions", url=service.url, request=service.request)

    assert visit.outside == visit.failures == []
    for name, answer in visit.result.items():
        assert '"errors"' not in answer, f"{name}: {answer}"
        assert '"data"' in answer, f"{name}: {answer}"
