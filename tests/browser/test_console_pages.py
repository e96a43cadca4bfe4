"""The console in a real browser, on the demo's fleet, reaching nothing but loopback."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import psutil
import pytest

from api.graphql import trusted

pytestmark = pytest.mark.browser

CALL_LIMIT_S = 60
NOT_KNOWN = "\N{EN DASH}"
FIRST_LOAD_BYTES = 250_000
DAY = timedelta(days=1)
DOCUMENTS = trusted.documents()


def ask(url: str, name: str, **variables: object) -> Any:
    """The answer of the API to a trusted document, by its hash, as any client gets it."""
    named = {"persistedQuery": {"version": 1, "sha256Hash": trusted.digest(trusted.document(name))}}
    body = {"variables": variables, "extensions": named}
    answer = httpx.post(f"{url}/graphql", json=body, timeout=CALL_LIMIT_S).json()
    assert "errors" not in answer, answer
    return answer["data"]


@dataclass(frozen=True)
class Planted:
    """What the demo planted for its third question, found by asking the API."""

    question: str
    day: datetime
    change: str
    investigation: Mapping[str, Any]

    @property
    def during(self) -> dict[str, str]:
        """The day, as the API takes it."""
        return {"from": stamp(self.day), "to": stamp(self.day + DAY)}

    @property
    def address(self) -> str:
        """Where the console tells why."""
        asked = {"metric": "QUALITY", **self.during, "where": "taskType:reasoning"}
        return f"/why?{urlencode(asked)}"


def stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def planted(demo: Any) -> Planted:
    question = next(
        line.removeprefix("■ ") for line in demo.printed if "quality drop for reasoning" in line
    )
    query = ask(demo.url, "ask", question=question)["ask"]["query"]
    begins = re.search(r'from: "([^"]+)"', query)
    assert begins is not None, query
    day = datetime.fromisoformat(begins[1]).astimezone(UTC)
    during = {"from": stamp(day), "to": stamp(day + DAY)}
    found = ask(
        demo.url, "why", metric="QUALITY", during=during, where={"taskType": ["reasoning"]}
    )["whyChanged"]
    return Planted(question, day, found["causes"][0]["id"], found)


def numbers(answer: object) -> Iterator[float]:
    """Every number of an answer."""
    if isinstance(answer, dict):
        for value in answer.values():  # pyright: ignore[reportUnknownVariableType]  # JSON
            yield from numbers(value)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(answer, list):
        for value in answer:  # pyright: ignore[reportUnknownVariableType]  # JSON
            yield from numbers(value)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(answer, int | float) and not isinstance(answer, bool):
        yield answer


def pages(url: str, planted: Planted) -> list[dict[str, str]]:
    """Every page with something on it: its name, its address, and a button to press there."""
    fleet = ask(url, "fleet")["fleet"]
    ill = next(one["deployment"] for one in fleet if one["status"] != "HEALTHY")
    incident = ask(url, "names")["names"]["incidents"][-1]["id"]
    during, by_task = planted.during, "taskType:reasoning"
    request = ask(url, "requests", during=during, order="WORST_SCORED", failed=False, first=1)[
        "requests"
    ][0]["id"]
    given = {
        "fleet": "/",
        "fleet-by-place": "/?view=place",
        "deployment": f"/deployments/{quote(ill, safe='')}",
        "trends": f"/trends?{urlencode({'metric': 'QUALITY', 'by': 'TASK_TYPE', 'range': '7d'})}",
        "why": "/why",
        "why-asked": planted.address,
        "investigation": f"/why/{planted.investigation['id']}",
        "requests": f"/requests?{urlencode({**during, 'where': by_task, 'order': 'SLOWEST'})}",
        "request": f"/requests/{quote(request, safe='')}",
        "incidents": "/incidents",
        "incident": f"/incidents/{quote(incident, safe='')}",
        "change": f"/changes/{planted.change}",
        "next": "/next?without=aws",
        "budgets": "/next/budgets",
        "objectives": "/next/objectives",
        "costs": "/next/costs",
        "experiments": "/next/experiments",
        "ask": f"/ask?{urlencode({'question': 'What is healthy?'})}",
        "absent": "/requests/no-such-request",
    }
    press = {"incident": "Draft a postmortem"}
    return [
        {"name": name, "path": path, **({"press": press[name]} if name in press else {})}
        for name, path in given.items()
    ]


@pytest.fixture(scope="module")
def visit(demo: Any, drive: Any, planted: Planted) -> Any:
    """Every page, visited once; the tests below look at what came of it."""
    return drive("pages", url=demo.url, pages=pages(demo.url, planted), limitMs=60_000)


def test_no_page_asks_outside_or_complains(visit: Any) -> None:
    assert visit.outside == visit.refused == visit.failures == visit.console == []
    assert {name: seen["problems"] for name, seen in visit.result.items() if seen["problems"]} == {}


def test_every_page_is_accessible_at_both_widths_in_both_themes(visit: Any) -> None:
    assert {name: seen["serious"] for name, seen in visit.result.items() if seen["serious"]} == {}
    widest = {name: seen["widest"] for name, seen in visit.result.items()}
    assert widest == {key: {"desk": 1280, "phone": 390} for key in widest}


def test_the_console_asks_trusted_documents_alone(visit: Any) -> None:
    every = [one for seen in visit.result.values() for one in seen["operations"]]
    asked = [one for one in every if one["name"] != "streamed"]
    assert len({one["name"] for one in asked}) > 15
    assert {one["hash"] for one in asked} <= set(DOCUMENTS)


def test_no_page_shows_a_figure_that_no_answer_holds(visit: Any) -> None:
    for name, seen in visit.result.items():
        told = {float(one) for each in seen["operations"] for one in numbers(each["answer"])}
        strange = sorted({one for one in seen["figures"] if float(one) not in told})
        assert strange == [], f"{name} shows what no answer holds"
    shown = {name: len(seen["figures"]) for name, seen in visit.result.items()}
    for name in ("deployment", "why-asked", "request", "incident", "change", "next", "requests"):
        assert shown[name] >= 8, (name, shown[name])


def test_each_row_of_the_fleet_is_what_the_api_answers(
    demo: Any, drive: Any, planted: Planted
) -> None:
    at = stamp(planted.day + timedelta(hours=12))
    asked = urlencode({"at": at, "knownAt": at})
    shown = drive("rows", url=demo.url, path=f"/?{asked}").result["rows"]

    told = {one["deployment"]: one for one in ask(demo.url, "fleet", at=at, knownAt=at)["fleet"]}
    assert {row["Deployment"] for row in shown} == set(told)
    for row in shown:
        health = told[row["Deployment"]]
        assert row["State"].upper().startswith(health["status"])
        for column, field in {
            "Errors": "errorRate",
            "p95": "latencyP95Ms",
            "Queue": "queueDepth",
            "Load": "load",
            "Spot": "spotAvailability",
            "Per 1k tokens": "costPer1kTokensUsd",
        }.items():
            known = health[field]
            assert row[column] == known if known is not None else row[column].startswith(NOT_KNOWN)


def test_each_request_found_is_what_the_api_answers(
    demo: Any, drive: Any, planted: Planted
) -> None:
    where = {"taskType": ["reasoning"]}
    address = {**planted.during, "where": "taskType:reasoning", "order": "SLOWEST"}
    shown = drive("rows", url=demo.url, path=f"/requests?{urlencode(address)}").result["rows"]

    asked = {"during": planted.during, "where": where, "order": "SLOWEST", "failed": False}
    told = ask(demo.url, "requests", **asked, first=50)["requests"]
    assert [(row["Request"], row["Latency"], row["Cost"], row["Deployment"]) for row in shown] == [
        (one["id"], one["latencyMs"], one["costUsd"], one["decision"]["deployment"]) for one in told
    ]


def test_an_investigation_is_on_screen_whole(visit: Any, demo: Any, planted: Planted) -> None:
    told = planted.investigation
    for name in ("why-asked", "investigation"):
        seen = visit.result[name]
        shown = set(seen["figures"])
        assert told["summary"] in seen["words"]
        assert {told[one] for one in ("before", "after", "delta", "deltaLow", "deltaHigh")} <= shown
        for cause in told["causes"]:
            limits = ("contribution", "contributionLow", "contributionHigh", "counterfactual")
            assert {cause[one] for one in limits if cause[one] is not None} <= shown
            assert cause["title"] in seen["words"]
            for line in (*cause["evidence"], *cause["evidenceAgainst"]):
                assert " ".join(line.split()) in seen["words"]
        assert {one["share"] for one in told["slices"]} <= shown
        assert told["unexplained"] in shown


def test_an_operator_gets_from_the_worst_deployment_to_a_postmortem(
    demo: Any, drive: Any, planted: Planted
) -> None:
    zone_less = "%Y-%m-%dT%H:%M"
    done = drive(
        "journey",
        url=demo.url,
        limitMs=60_000,
        why={
            "taskType": "reasoning",
            "from": planted.day.strftime(zone_less),
            "to": (planted.day + DAY).strftime(zone_less),
            "change": planted.change,
            "question": planted.question,
        },
    )

    assert done.outside == done.refused == done.failures == done.console == []
    found = done.result
    assert found["worst"]["status"] in {"DOWN", "DEGRADED"}
    assert f"As of {planted.day:%Y-%m-%d %H:%M}" in found["past"]["said"]
    assert quote(stamp(planted.day), safe="") in found["past"]["address"]
    assert found["past"]["back"] == 0
    told = planted.investigation
    assert found["why"]["verdict"] == told["verdict"]
    assert told["summary"] in found["why"]["said"]
    assert f"/changes/{planted.change}" in found["rollout"]["address"]
    assert planted.change in found["rollout"]["said"]
    request = ask(demo.url, "request", id=found["hurt"]["id"])["request"]
    assert found["hurt"]["scores"] == sorted(found["hurt"]["scores"])
    for said in (
        request["decision"]["deployment"],
        request["user"],
        *request["decision"]["reasons"],
    ):
        assert said in found["hurt"]["said"]
    assert f'"id": "{request["id"]}"' in found["graphiql"]
    assert planted.change in found["asked"]["text"]
    assert any("why_changed" in step for step in found["asked"]["steps"])
    assert planted.change in found["asked"]["cited"]
    assert found["asked"]["turns"] == 3
    draft = ask(demo.url, "postmortem", incident=found["postmortem"]["id"])["postmortem"]
    assert found["postmortem"]["saved"] == found["postmortem"]["shown"]
    assert found["postmortem"]["saved"].splitlines()[0] == draft["markdown"].splitlines()[0]


def test_neo4j_browser_draws_what_a_page_is_about(demo: Any, drive: Any, planted: Planted) -> None:
    asked = {"during": planted.during, "order": "NEWEST", "failed": False, "first": 1}
    request = ask(demo.url, "requests", **asked)["requests"][0]["id"]
    visit = drive(
        "neo4j_door",
        url=demo.url,
        request=request,
        username="neo4j",
        password=demo.neo4j_password,
        limitMs=60_000,
    )

    assert visit.outside == visit.failures == []
    for label in ("Request", "RoutingDecision", "Bucket", "Cell", "Deployment", "PolicyVersion"):
        assert f"{label} (" in visit.result["drawn"]


def test_the_first_load_is_small_and_asks_nothing_outside(demo: Any, drive: Any) -> None:
    visit = drive("first_load", url=demo.url)

    assert visit.outside == visit.console == []
    sizes = dict(visit.result["loaded"])
    assert any(path.endswith(".js") for path in sizes)
    assert all(size > 0 for size in sizes.values()), "sizes are those on the way, compressed"
    assert sum(sizes.values()) <= FIRST_LOAD_BYTES, json.dumps(sizes, indent=1)


def test_the_page_outlives_the_service(demo: Any, drive: Any) -> None:
    port = int(demo.url.rpartition(":")[2])
    visit = drive("outage", url=demo.url, pid=listening(demo.process, port), limitMs=60_000)

    assert visit.outside == visit.failures == []
    found = visit.result
    assert found["meanwhile"]["rows"] == found["before"] > 0
    assert found["meanwhile"]["stale"] > 0
    assert found["meanwhile"]["notLive"] == 1
    assert found["after"] == found["before"]
    assert found["stillStale"] == 0


def test_a_service_with_keys_is_asked_with_one(demo: Any, drive: Any) -> None:
    made = httpx.post(
        f"{demo.url}/v1/keys", json={"name": "operator", "scopes": ["read"]}, timeout=CALL_LIMIT_S
    )
    assert made.is_success, made.text

    visit = drive("locked", url=demo.url, key=made.json()["key"])

    assert visit.outside == visit.failures == []
    assert visit.result["before"] == visit.result["asked"] == 0
    assert visit.result["after"] > 0


def listening(supervisor: int, port: int) -> int:
    """The process, of those that were started, that answers at a port."""
    for process in psutil.Process(supervisor).children(recursive=True):
        if any(
            one.status == psutil.CONN_LISTEN and one.laddr.port == port  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
            for one in process.net_connections()
        ):
            return process.pid
    raise AssertionError(f"nothing listens at {port}")
