"""What the process tells Prometheus: base units, and labels from bounded sets of names.

All of it is in memory but what waits in the log, which Redis is asked for a moment. Neo4j is never
asked: whoever watches must see most when the graph is away.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Protocol

from fastapi import APIRouter
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from starlette.requests import Request
from starlette.responses import Response

from agent.cascade import Agent
from api.auth import CallerOf
from api.graphql.context import Services
from api.graphql.feed import Feed
from api.http.exposition import Sheet, labels
from api.http.fleet_metrics import write_fleet
from graph.errors import Forbidden, Unavailable
from graph.hot.reader import HotView
from graph.hot.routing.router import Router
from ingest.dead_letters import DeadLetterCount, DeadLetters
from ingest.gateway import Gateway
from ingest.log import Backlog, EventLog

router = APIRouter(tags=["metrics"])

_BUCKETS_S: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
_ASKED_FOR_S: Final = 2.0
_NAMES_KEPT: Final = 512


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the figures are held."""

    log: EventLog
    dead_letters: DeadLetters
    gateway: Gateway
    view: HotView
    feed: Feed
    router: Router
    agent: Agent


class Metrics:
    """The metrics of one application, with a registry of their own."""

    def __init__(self) -> None:
        # When a counter began doubles its series, and Prometheus sees a restart without it.
        disable_created_metrics()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "routecause_http_requests",
            "HTTP requests, by method and route, and by status.",
            ["operation", "status"],
            registry=self.registry,
        )
        self._request_s = Histogram(
            "routecause_http_request_duration_seconds",
            "From a request's first byte to the end of its answer, event streams too.",
            ["operation"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._operations = Counter(
            "routecause_graphql_operations",
            "GraphQL operations, by root field, and by whether there was any error.",
            ["operation", "outcome"],
            registry=self.registry,
        )
        self._operation_s = Histogram(
            "routecause_graphql_operation_duration_seconds",
            "How long GraphQL operations took; subscriptions until they ended.",
            ["operation"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        # Finding a metric by its labels costs more than counting; there are few names.
        self._request_count = lru_cache(_NAMES_KEPT)(self._requests.labels)
        self._request_time = lru_cache(_NAMES_KEPT)(self._request_s.labels)
        self._operation_count = lru_cache(_NAMES_KEPT)(self._operations.labels)
        self._operation_time = lru_cache(_NAMES_KEPT)(self._operation_s.labels)

    def observe_request(self, operation: str, status: str, took_s: float) -> None:
        """Count one HTTP request."""
        self._request_count(operation, status).inc()
        self._request_time(operation).observe(took_s)

    def observe_operation(self, operation: str, outcome: str, took_s: float) -> None:
        """Count one GraphQL operation."""
        self._operation_count(operation, outcome).inc()
        self._operation_time(operation).observe(took_s)

    async def collect(self, sources: Sources, *, now: datetime | None = None) -> bytes:
        """Everything, read now; what can't be read has no series, and `redis_up` is 0."""
        backlog, letters = await _asked(sources)
        at = now or datetime.now(UTC)
        sheet = Sheet()
        _write_log(sheet, backlog, letters)
        _write_events(sheet, sources.gateway)
        _write_view(sheet, sources, now=at)
        _write_routing(sheet, sources)
        _write_agent(sheet, sources.agent)
        write_fleet(sheet, sources.view.current(at), now=at)
        return generate_latest(self.registry) + sheet.text()


async def _asked(sources: Sources) -> tuple[Backlog | None, DeadLetterCount | None]:
    """What Redis says, both None where it does not in time."""
    with suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(_ASKED_FOR_S):
            return await sources.log.backlog(), await sources.dead_letters.count()
    return None, None


def _write_log(sheet: Sheet, backlog: Backlog | None, letters: DeadLetterCount | None) -> None:
    sheet.one(
        "routecause_redis_up",
        "gauge",
        "Whether Redis answered this time.",
        int(backlog is not None),
    )
    sheet.one("routecause_log_entries", "gauge", "Events in the log.", backlog and backlog.length)
    sheet.add(
        "routecause_log_waiting_entries",
        "gauge",
        "Events that a consumer group has not acknowledged.",
        [
            (labels(group=group), count)
            for group, count in sorted(backlog.waiting.items() if backlog else ())
        ],
    )
    sheet.one(
        "routecause_log_oldest_age_seconds",
        "gauge",
        "Age of the oldest event in the log; none where it is empty.",
        backlog and backlog.oldest_age_s,
    )
    sheet.one("routecause_dead_letters", "gauge", "Dead letters kept.", letters and letters.kept)
    sheet.one(
        "routecause_dead_letters_bytes",
        "gauge",
        "Size of the dead letters kept.",
        letters and letters.size_bytes,
    )
    sheet.one(
        "routecause_dead_letters_dropped_total",
        "counter",
        "Dead letters dropped for room.",
        letters and letters.dropped,
    )


def _write_events(sheet: Sheet, gateway: Gateway) -> None:
    sheet.add(
        "routecause_events_received_total",
        "counter",
        "Events received by this process, by what became of them.",
        [(labels(outcome=outcome), count) for outcome, count in gateway.received.items()],
    )


def _write_view(sheet: Sheet, sources: Sources, *, now: datetime) -> None:
    view = sources.view
    newest = view.snapshot
    known = bool(newest.version)
    sheet.one(
        "routecause_view_age_seconds",
        "gauge",
        "Age of the hot view in memory; none before the first.",
        (now - newest.as_of).total_seconds() if known else None,
    )
    sheet.one(
        "routecause_view_behind_seconds",
        "gauge",
        "How much older than the view its evidence is, for the projector has not read further.",
        newest.behind_s if known else None,
    )
    sheet.one(
        "routecause_view_stale",
        "gauge",
        "Whether answers from the view are marked stale.",
        int(view.stale(now)),
    )
    sheet.one(
        "routecause_subscriptions_open",
        "gauge",
        "GraphQL subscriptions open.",
        sources.feed.open,
    )


def _write_routing(sheet: Sheet, sources: Sources) -> None:
    sheet.add(
        "routecause_routing_picks_total",
        "counter",
        "Requests routed, by whether there was a candidate, whether the view was stale, and "
        "whether the request will be sent.",
        [
            (
                labels(
                    outcome="picked" if picked else "no_candidate",
                    stale=str(stale).lower(),
                    reserved=str(reserved).lower(),
                ),
                count,
            )
            for (picked, stale, reserved), count in sources.router.picks.items()
        ],
    )


def _write_agent(sheet: Sheet, agent: Agent) -> None:
    sheet.add(
        "routecause_agent_questions_total",
        "counter",
        "Questions in words that were answered, by who understood them and what came of it.",
        [
            (labels(method=method, outcome=outcome), count)
            for (method, outcome), count in agent.answered.items()
        ],
    )
    sheet.one(
        "routecause_agent_cost_usd_total",
        "counter",
        "What Claude cost in this process, in US dollars.",
        agent.spent_usd,
    )


class _State(Protocol):
    metrics: Metrics
    log: EventLog
    dead_letters: DeadLetters
    gateway: Gateway
    view: HotView
    feed: Feed
    router: Router
    services: Services


@router.get("/metrics")
async def metrics(request: Request, caller: CallerOf) -> Response:
    """In Prometheus' text format. Needs `read` or `admin` for all tenants: no figure is of one."""
    caller.require("read", "admin")
    if caller.scope.tenants is not None:
        raise Forbidden(
            "metrics are of all tenants together, and this key is of one; read them with a key "
            "of no tenant (routecause keys create without --tenant)"
        )
    state: _State = request.app.state
    sources = Sources(
        log=state.log,
        dead_letters=state.dead_letters,
        gateway=state.gateway,
        view=state.view,
        feed=state.feed,
        router=state.router,
        agent=state.services.agent,
    )
    return Response(await state.metrics.collect(sources), media_type=CONTENT_TYPE_LATEST)
