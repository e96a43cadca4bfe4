"""The projector: from the durable log into the hot view, each event counted exactly once.

Run as `python -m ingest.projector`. An entry is acknowledged in the same step that applies it, so
that whatever is delivered again, to whomever, changes nothing. Beside that the process composes the
view, as long as it holds the lease for it. What cannot be applied becomes a dead letter.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import uvloop

from graph.columns import BucketColumns
from graph.errors import Unavailable
from graph.hot.allowances.accountant import Accountant
from graph.hot.connection import connect
from graph.hot.evidence import Entry, EvidenceWriter
from graph.hot.quality import LearnedQuality
from graph.hot.rebuild import Rebuilder
from graph.hot.view import Composer
from graph.learning import learned_quality
from graph.settings import GraphSettings, HealthSettings
from graph.store.door import GraphStore
from ingest.dead_letters import DeadLetter
from ingest.effects import effects_of
from ingest.events import FieldError
from ingest.log import EventLog, LogEntry
from ingest.settings import IngestSettings

GROUP: Final = "projector"
_LOG = logging.getLogger(__name__)
_SHORTEST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Projector:
    """One consumer of the group `projector`."""

    log: EventLog
    evidence: EvidenceWriter
    settings: IngestSettings
    name: str
    applied: Callable[[], None]
    """Called after evidence was applied."""
    built: Callable[[], Awaitable[None]]
    """Called before each batch: makes sure that the hot view was built from the graph once."""

    async def run(self, stop: asyncio.Event) -> None:
        """Apply until told to stop; a batch under way is finished."""
        pause_s = _SHORTEST_PAUSE_S
        while not stop.is_set():
            try:
                await self.built()
                await self.apply_next()
                pause_s = _SHORTEST_PAUSE_S
            except Unavailable as error:
                _LOG.warning("waiting %.2f s: %s", pause_s, error)
                # What was read and not applied is still held in this name: begin with it again.
                self.log.rewind(GROUP, consumer=self.name)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await stop.wait()
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def apply_next(self) -> int:
        """Apply the next batch, if there is one within the wait; how many entries it had."""
        read = await self.log.read(
            GROUP,
            consumer=self.name,
            count=self.settings.project_batch,
            block_ms=self.settings.read_wait_ms,
        )
        if read:
            await self._apply(read)
            self.applied()
        return len(read)

    async def _apply(self, read: Sequence[LogEntry]) -> None:
        entries = [Entry(entry.id, effects_of(entry.event)) for entry in read]
        applied = await self.evidence.apply(entries, now=datetime.now(UTC))
        for entry in read:
            if entry.id in applied.refused:
                await self._bury(entry, applied.refused[entry.id])

    async def _bury(self, entry: LogEntry, error: str) -> None:
        _LOG.warning("the hot view can't take event %s: %s", entry.event.id, error)
        letter = DeadLetter.of(
            entry.raw,
            errors=[FieldError(field="event", message=f"the hot view can't take it: {error}")],
            tenant=entry.event.tenant,
            event_id=entry.event.id,
            origin=GROUP,
            received_at=datetime.now(UTC),
            limit_bytes=self.settings.event_limit_bytes,
        )
        await self.log.dead_letters.keep([letter])


@contextlib.asynccontextmanager
async def projecting(
    graph: GraphSettings, ingest: IngestSettings, health: HealthSettings, *, stop: asyncio.Event
) -> AsyncGenerator[Projector]:
    """A projector with its view composed in the background, until the block ends.

    Sets `stop` where composing fails for good; the error is raised at the end of the block.
    """
    log = EventLog.open(graph, settings=ingest)
    redis = connect(graph.redis_url, settings=graph, timeout_s=ingest.log_timeout_s)
    store = GraphStore.open(graph)
    columns = BucketColumns(store, scores_only=True)

    async def learned() -> LearnedQuality:
        return await learned_quality(store, columns, now=datetime.now(UTC))

    composer = Composer(
        redis,
        settings=graph,
        budgets=health,
        learned_quality=learned,
        accountant=Accountant(redis, store=store, settings=graph),
    )
    evidence = EvidenceWriter(redis, budgets=health)
    rebuilder = Rebuilder(redis, store=store, evidence=evidence, budgets=health)
    composing = asyncio.create_task(composer.run(), name="composer")
    composing.add_done_callback(lambda _: stop.set())
    # The name stays the same over restarts, so that what was held is resumed at once.
    name = socket.gethostname()
    try:
        yield Projector(log, evidence, ingest, name, composer.touch, rebuilder.ensure)
    finally:
        composing.cancel()
        await asyncio.wait([composing])
        await store.close()
        await redis.aclose()
        await log.close()
    if not composing.cancelled():
        composing.result()


async def serve(graph: GraphSettings, ingest: IngestSettings, health: HealthSettings) -> None:
    """Project until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with projecting(graph, ingest, health, stop=stop) as projector:
        await projector.run(stop)


def main() -> None:
    """Entry point of the process."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvloop.run(serve(GraphSettings(), IngestSettings(), HealthSettings()))


if __name__ == "__main__":
    main()
