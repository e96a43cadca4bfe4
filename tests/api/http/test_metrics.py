"""What a served application tells Prometheus; dashboard, alerts and page name no more than that."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from promql_parser import AggregateExpr, Expr, MatchOp, VectorSelector
from starlette.requests import Request

from agent.cascade import Agent
from agent.memory import Memory
from agent.settings import AgentSettings
from api.graphql.feed import Feed
from api.http.metrics import Metrics, Sources, metrics
from graph.errors import Forbidden
from graph.hot.reader import HotView
from graph.hot.routing.router import Router
from graph.keys import Caller
from graph.scope import TenantScope
from graph.settings import GraphSettings, HealthSettings
from ingest.gateway import Gateway
from ingest.log import EventLog
from ingest.settings import IngestSettings

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "monitoring.md"
DASHBOARD: dict[str, Any] = json.loads((ROOT / "docker/grafana/routecause.json").read_text())
ALERTS: dict[str, Any] = yaml.safe_load((ROOT / "docker/prometheus/alerts.yml").read_text())
UNITS = ("seconds", "bytes", "ratio", "usd")
NOT_BASE = re.compile(r"_(ms|millis\w*|minutes|hours|days|percent|kb|mb|cents)(_|$)")
# What Prometheus itself adds.
ITS_OWN = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate", "job", "instance"}}
STANDS_FOR = {"$__rate_interval": "5m", "$__range": "6h"}
_ASKED = 'mutation { ask(question: "what is healthy?") { id } }'
_REFUSED = 'mutation { ask(question: "what is healthy?", now: "2999-01-01T00:00:00Z") { id } }'
_SAMPLE: dict[str, Any] = {
    "available": True,
    "error_rate": 0.5,
    "latency_p50_ms": 100.0,
    "latency_p95_ms": 900.0,
    "queue_depth": 3,
    "load": 0.5,
    "rate_limit_remaining": 20,
    "spot_availability": 0.9,
    "cost_per_1k_tokens_usd": 0.002,
}


@dataclass(frozen=True)
class Told:
    """One metric: its type, what it says, its series and their labels with the values seen."""

    kind: str
    says: str
    series: frozenset[str]
    labels: dict[str, set[str]]


def read(text: str) -> dict[str, Told]:
    """Metrics by the name that the text gives them."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    says = dict(re.findall(r"^# HELP (\S+) (.*)$", text, re.MULTILINE))
    seen: dict[str, dict[str, set[str]]] = {name: {} for name in kinds}
    series: dict[str, set[str]] = {name: set() for name in kinds}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = next(
                name
                for name in (sample.name, re.sub("_(bucket|sum|count)$", "", sample.name))
                if name in kinds
            )
            series[name].add(sample.name)
            for label, value in sample.labels.items():
                seen[name].setdefault(label, set()).add(value)
    return {
        name: Told(kind, says.get(name, ""), frozenset(series[name] or {name}), seen[name])
        for name, kind in kinds.items()
    }


@pytest.fixture(scope="module")
def told(service: Any) -> dict[str, Told]:
    """What the service tells of itself."""

    async def asked() -> dict[str, Told]:
        async with service.client() as client:
            return await served(client)

    return asyncio.run(asked())


async def served(client: Any) -> dict[str, Told]:
    """The metrics of the service once everything has happened that is counted."""
    name = f"m-{uuid4().hex[:8]}@b"
    await client.observe(name, **_SAMPLE)

    async def known() -> bool:
        return (
            f'routecause_deployment_load_ratio{{deployment="{name}"'
            in (await client.get("/metrics")).text
        )

    await client.until(known)
    await client.ask("{ fleet { deployment } }")
    await client.ask(_ASKED)
    await client.ask(_REFUSED)
    asked = {"user": "ada", "taskType": "chat", "promptTokens": 10, "tier": "free"}
    await client.post("/v1/route", json=asked)
    await client.get("/health/ready")
    return read((await client.get("/metrics")).text)


def expressions() -> Iterator[tuple[str, str]]:
    """Every PromQL expression of the dashboard and the alerts, with where it stands."""
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']}, {target['refId']}", plain(target["expr"])
    for note in DASHBOARD["annotations"]["list"]:
        if "expr" in note:
            yield note["name"], plain(note["expr"])


def plain(expression: str) -> str:
    """Without what Grafana puts in before it asks."""
    for variable, value in STANDS_FOR.items():
        expression = expression.replace(variable, value)
    return re.sub(r"\$\w+", ".*", expression)


def parts(expression: str) -> list[Expr]:
    found: list[Expr] = []
    promql_parser.walk(promql_parser.parse(expression), found.append)
    return found


EXPRESSIONS = list(expressions())


@pytest.mark.parametrize("expression", [text for _, text in EXPRESSIONS], ids=lambda _: "")
def test_every_expression_is_promql(expression: str) -> None:
    assert any(isinstance(part, VectorSelector) for part in parts(expression))


def test_metrics_follow_the_conventions(told: dict[str, Told]) -> None:
    for name, metric in told.items():
        assert re.fullmatch("(routecause|process)_[a-z0-9_]+", name), name
        assert metric.says, f"{name} says nothing"
        assert (metric.kind == "counter") == name.endswith("_total"), name
        assert not NOT_BASE.search(name), f"{name} is in no base unit"
        if metric.kind == "histogram":
            assert name.endswith("_seconds")
        assert not name.endswith(("_bucket", "_sum", "_count", "_info", "_created")), name
        for unit in UNITS:
            # The unit is last, but for what tells a counter, and what it is a price of.
            assert f"_{unit}_" not in name.removesuffix("_total"), name


async def test_labels_are_bounded(administrator: Any) -> None:
    for number in range(20):
        odd = uuid4().hex
        await administrator.get(f"/{odd}?{odd}")
        await administrator.request(f"ODD{number}", "/graphql")
        await administrator.ask(f"query A{odd[:8]} {{ b{odd}: fleet {{ deployment }} }}")
        await administrator.ask(f"{{ {odd} }}")
    told = read((await administrator.get("/metrics")).text)
    allowed = {
        "operation", "status", "outcome", "group", "stale", "reserved", "method", "severity",
        "deployment", "model", "backend", "state", "le",
    }  # fmt: skip
    assert {label for metric in told.values() for label in metric.labels} <= allowed
    routes = told["routecause_http_requests_total"].labels["operation"]
    roots = told["routecause_graphql_operations_total"].labels["operation"]
    assert len(routes) < 60, routes
    assert not [name for name in routes | roots if re.search(r"[0-9a-f]{16}|ODD", name)]


def test_expressions_name_what_is_told(told: dict[str, Told]) -> None:
    labels: dict[str, dict[str, set[str]]] = {
        name: {label: set[str]() for label in of} for name, of in ITS_OWN.items()
    }
    labels |= {series: metric.labels for metric in told.values() for series in metric.series}
    for where, expression in EXPRESSIONS:
        allowed = {"job", "instance", "le"}
        for part in parts(expression):
            if not isinstance(part, VectorSelector):
                continue
            assert part.name in labels, f"{where}: {part.name} is not told"
            allowed |= labels[part.name].keys()
            for matcher in part.matchers.matchers:
                if matcher.name in {"job", "instance"}:
                    continue
                assert part.name in ITS_OWN or matcher.name in labels[part.name], (
                    where,
                    matcher.name,
                )
                if matcher.op == MatchOp.Equal and part.name not in ITS_OWN:
                    seen = labels[part.name][matcher.name]
                    assert matcher.value in seen, (where, matcher.name, matcher.value, seen)
        for part in parts(expression):
            if isinstance(part, AggregateExpr) and part.modifier is not None:
                assert set(part.modifier.labels) <= allowed, where


def test_variables_and_legends_name_labels_that_are_told(told: dict[str, Told]) -> None:
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] != "query":
            continue
        asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"])
        assert asked is not None, variable["name"]
        assert variable["query"]["query"] == variable["definition"]
        (selector,) = parts(plain(asked[1]))
        assert isinstance(selector, VectorSelector)
        assert asked[2] in {"job", *told[selector.name or ""].labels}
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            kept = {
                label
                for part in parts(plain(target["expr"]))
                if isinstance(part, AggregateExpr) and part.modifier is not None
                for label in part.modifier.labels
            } or {"job", "instance"}
            named = re.findall(r"{{(\w+)}}", target.get("legendFormat", ""))
            assert set(named) <= kept, panel["title"]


def test_the_page_has_every_metric_as_it_is_told(told: dict[str, Told]) -> None:
    rows = [
        f"| `{name}` | {of.kind} | {', '.join(x for x in of.labels if x != 'le')} | {of.says} |"
        for name, of in told.items()
        # Which figures of the process there are is up to the system.
        if name.startswith("routecause_")
    ]
    table = "\n".join(["| metric | type | labels | what |", "| --- | --- | --- | --- |", *rows, ""])
    assert table in PAGE.read_text(encoding="utf-8"), f"the table is to be:\n{table}"
    named = re.findall(r"`(routecause_[a-z0-9_]+)", PAGE.read_text(encoding="utf-8"))
    assert set(named) <= told.keys()


def counted(text: str) -> dict[str, float]:
    """Every series with its labels as they stand, and its value."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


async def test_what_happens_is_counted(administrator: Any) -> None:
    before = counted((await administrator.get("/metrics")).text)
    asked = {"user": "ada", "taskType": "chat", "promptTokens": 10, "tier": "free"}
    for reserve in (True, True, False):
        await administrator.post("/v1/route", json=asked | {"reserve": reserve})
    event = {
        "specversion": "1.0",
        "id": uuid4().hex,
        "source": "//metrics-test",
        "type": "routecause.deployment.observed",
        "time": datetime.now(UTC).isoformat(),
        "data": {"deployment": "m@b", "window_s": 60, "sample_count": 1, "available": True},
    }
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    for body in ([event], [event], [event | {"id": uuid4().hex, "type": "bananas"}]):
        await administrator.post("/v1/events", content=json.dumps(body), headers=kind)
    await administrator.ask(_ASKED)
    after = counted((await administrator.get("/metrics")).text)
    grown = {name: after[name] - before.get(name, 0) for name in after if name.endswith("}")}

    def sum_of(name: str, **labels: str) -> float:
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            value
            for series, value in grown.items()
            if series.startswith(f"{name}{{") and all(each in series for each in wanted)
        )

    assert sum_of("routecause_routing_picks_total", reserved="true") == 2
    assert sum_of("routecause_routing_picks_total", reserved="false") == 1
    for outcome in ("accepted", "duplicate", "rejected"):
        assert sum_of("routecause_events_received_total", outcome=outcome) == 1
    assert sum_of("routecause_agent_questions_total", outcome="degraded") == 0
    assert sum_of("routecause_agent_questions_total") == 1


async def test_what_is_of_all_tenants_is_not_for_one() -> None:
    caller = Caller(
        scope=TenantScope.of("acme"), scopes=frozenset({"read", "admin"}), key_id="k", name="acme"
    )
    with pytest.raises(Forbidden, match="a key of no tenant"):
        await metrics(Request({"type": "http"}), caller)


@pytest.fixture
async def alone() -> AsyncGenerator[Sources]:
    """What an API process holds whose Redis was never there."""
    nowhere = GraphSettings(redis_url="redis://127.0.0.1:1/0")
    health, settings = HealthSettings(), IngestSettings()
    async with AsyncExitStack() as stack:
        view = await HotView.open(nowhere.redis_url, nowhere)
        stack.push_async_callback(view.close)
        log = EventLog.open(nowhere, settings=settings)
        stack.push_async_callback(log.close)
        memory = Memory.open(nowhere, settings=AgentSettings())
        stack.push_async_callback(memory.close)
        yield Sources(
            log=log,
            dead_letters=log.dead_letters,
            gateway=Gateway(log, settings=settings),
            view=view,
            feed=Feed(view, limit=1),
            router=await stack.enter_async_context(Router.open(view, nowhere, budgets=health)),
            agent=Agent(AgentSettings(), memory=memory, claude=None),
        )


async def test_without_redis_it_says_so_and_tells_nothing_that_it_does_not_know(
    alone: Sources,
) -> None:
    async with asyncio.timeout(4):
        told = counted((await Metrics().collect(alone)).decode())
    assert told["routecause_redis_up"] == 0
    assert told["routecause_view_stale"] == 1
    # What is not known is not told, and never 0.
    assert not told.keys() & {
        "routecause_log_entries",
        "routecause_log_oldest_age_seconds",
        "routecause_dead_letters",
        "routecause_view_age_seconds",
        "routecause_deployments_omitted",
        'routecause_deployments{status="HEALTHY"}',
    }
    # What this process counts begins at 0, so that the first one shows.
    assert told['routecause_events_received_total{outcome="accepted"}'] == 0
    assert not [name for name in told if name.endswith("_created")]
