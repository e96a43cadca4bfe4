"""What the process tells Prometheus: base units, and labels from bounded sets of names."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Protocol

from fastapi import APIRouter
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.requests import Request
from starlette.responses import Response

from api.auth import CallerOf
from api.graphql.feed import Feed
from graph.errors import Unavailable
from graph.hot.reader import HotView
from ingest.dead_letters import DeadLetters
from ingest.log import EventLog

router = APIRouter(tags=["metrics"])

_BUCKETS_S: Final = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
_ASKED_FOR_S: Final = 2.0
_NAMES_KEPT: Final = 512


class Metrics:
    """The metrics of one application, with a registry of their own."""

    def __init__(self) -> None:
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
            "From a request's first byte to the end of its answer.",
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
        self._log_length = self._gauge("log_entries", "Events in the log.")
        self._log_waiting = Gauge(
            "routecause_log_waiting_entries",
            "Events that a consumer group has not acknowledged.",
            ["group"],
            registry=self.registry,
        )
        self._log_oldest_s = self._gauge("log_oldest_age_seconds", "Age of the oldest in the log.")
        self._view_age_s = self._gauge("view_age_seconds", "Age of the hot view in memory.")
        self._dead_letters = self._gauge("dead_letters", "Dead letters kept.")
        self._dropped = self._gauge("dead_letters_dropped", "Dead letters dropped for room.")
        self._subscriptions = self._gauge("subscriptions_open", "GraphQL subscriptions open.")
        self._redis_up = self._gauge("redis_up", "Whether Redis answered this time.")

    def observe_request(self, operation: str, status: str, took_s: float) -> None:
        """Count one HTTP request."""
        self._request_count(operation, status).inc()
        self._request_time(operation).observe(took_s)

    def observe_operation(self, operation: str, outcome: str, took_s: float) -> None:
        """Count one GraphQL operation."""
        self._operation_count(operation, outcome).inc()
        self._operation_time(operation).observe(took_s)

    async def collect(
        self, *, log: EventLog, dead_letters: DeadLetters, view: HotView, feed: Feed
    ) -> bytes:
        """Everything, read now; what can't be read keeps its last value, and `redis_up` is 0."""
        self._subscriptions.set(feed.open)
        if view.snapshot.version:
            self._view_age_s.set((datetime.now(UTC) - view.snapshot.as_of).total_seconds())
        self._redis_up.set(0)
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(_ASKED_FOR_S):
                backlog, letters = await log.backlog(), await dead_letters.count()
            self._log_length.set(backlog.length)
            for group, count in backlog.waiting.items():
                self._log_waiting.labels(group).set(count)
            self._log_oldest_s.set(backlog.oldest_age_s or 0.0)
            self._dead_letters.set(letters.kept)
            self._dropped.set(letters.dropped)
            self._redis_up.set(1)
        return generate_latest(self.registry)

    def _gauge(self, name: str, description: str) -> Gauge:
        return Gauge(f"routecause_{name}", description, registry=self.registry)


class _State(Protocol):
    metrics: Metrics
    log: EventLog
    dead_letters: DeadLetters
    view: HotView
    feed: Feed


@router.get("/metrics")
async def metrics(request: Request, caller: CallerOf) -> Response:
    """In Prometheus' text format. Needs `read` or `admin`."""
    caller.require("read", "admin")
    state: _State = request.app.state
    text = await state.metrics.collect(
        log=state.log, dead_letters=state.dead_letters, view=state.view, feed=state.feed
    )
    return Response(text, media_type=CONTENT_TYPE_LATEST)
