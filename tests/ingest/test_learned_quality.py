"""A late score, from the log through writer and projector to what a pick expects."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.hot.reader import HotView
from graph.settings import GraphSettings, HealthSettings
from graph.store.door import GraphStore
from ingest.events import Event, parse_event
from ingest.log import EventLog
from ingest.projector import projecting
from ingest.settings import IngestSettings
from ingest.writer import Writer

LIMIT_S = 12.0


def score_event(request: dict[str, Any], value: float) -> Event:
    now = datetime.now(UTC).isoformat()
    return parse_event(
        {
            **request,
            "id": f"score-{request['id']}",
            "type": "routecause.quality.scored",
            "time": now,
            "recordedtime": now,
            "data": {
                "request_id": request["data"]["request_id"],
                "evaluator": "judge",
                "score": value,
            },
        }
    )


def quality_of(view: HotView, *, task_type: str, deployment: str) -> tuple[float, int] | None:
    found = view.snapshot.quality_table.expected(task_type=task_type, deployment=deployment)
    return None if found is None or not found.samples else (found.quality, found.samples)


async def test_a_score_that_lands_changes_what_is_expected_within_seconds(
    event_log: EventLog,
    log_settings: GraphSettings,
    graph_settings: GraphSettings,
    ingest_settings: IngestSettings,
    request_event: Callable[..., dict[str, Any]],
    tenant: str,
):
    graph = graph_settings.model_copy(update={"redis_url": log_settings.redis_url})
    task_type, deployment = f"task-{tenant}", f"{tenant}@aws"
    at = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    told = {
        "time": at,
        "recordedtime": at,
        "data__task_type": task_type,
        "data__decision__deployment": deployment,
    }
    requests = [request_event(**told) for _ in range(40)]
    stop = asyncio.Event()
    store = await GraphStore.connect(graph)
    writer = Writer(store, event_log, event_log.dead_letters, ingest_settings, "one")
    view = await HotView.open(graph.redis_url, graph)

    async def reached(samples: int) -> float:
        """The expected quality once it rests on so many scores."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                found = quality_of(view, task_type=task_type, deployment=deployment)
                if found is not None and found[1] == samples:
                    return found[0]
                await asyncio.sleep(0.02)

    async with (
        contextlib.AsyncExitStack() as stack,
        projecting(graph, ingest_settings, HealthSettings(), stop=stop) as projector,
    ):
        stack.push_async_callback(store.close)
        stack.push_async_callback(view.close)
        running = [asyncio.create_task(each.run(stop)) for each in (projector, writer)]
        try:
            await event_log.append([parse_event(each) for each in requests])
            await event_log.append([score_event(each, 0.9) for each in requests[:20]])
            before = await reached(20)
            await event_log.append([score_event(each, 0.2) for each in requests[20:]])
            after = await reached(40)
        finally:
            stop.set()
            await asyncio.gather(*running)
    assert after < before - 0.15
