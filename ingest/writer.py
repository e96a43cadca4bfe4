"""The writer: from the durable log into the graph, each event exactly once in effect.

Run as `python -m ingest.writer`. A batch is acknowledged only after its transaction; what a
dead writer held is read again, and the ledger makes the second time change nothing. An event that
the graph refuses is found by halving the batch and becomes a dead letter.
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import uvloop

from graph.errors import StatementFailed, Unavailable
from graph.settings import GraphSettings
from graph.store import ledger
from graph.store.door import GraphStore
from ingest.dead_letters import DeadLetter, DeadLetters
from ingest.events import FieldError
from ingest.facts import fact_of
from ingest.log import EventLog, LogEntry
from ingest.settings import IngestSettings

GROUP: Final = "writer"
_LOG = logging.getLogger(__name__)
_LONGEST_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Writer:
    """One consumer of the group `writer`."""

    store: GraphStore
    log: EventLog
    dead_letters: DeadLetters
    settings: IngestSettings
    name: str

    async def run(self, stop: asyncio.Event) -> None:
        """Write until told to stop; a batch under way is finished."""
        pause_s = 0.1
        while not stop.is_set():
            try:
                await self.write_next()
                pause_s = 0.1
            except Unavailable as error:
                _LOG.warning("waiting %.1f s: %s", pause_s, error)
                # What was handed out and not written comes again first.
                self.log.rewind(GROUP, consumer=self.name)
                await _pause(stop, pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def write_next(self) -> int:
        """Write the next batch, if there is one within the wait; how many entries it had."""
        entries = await self.log.read(
            GROUP,
            consumer=self.name,
            count=self.settings.write_batch,
            block_ms=self.settings.read_wait_ms,
        )
        if entries:
            await self._write(entries)
            await self.log.acknowledge(GROUP, [entry.id for entry in entries])
        return len(entries)

    async def _write(self, entries: Sequence[LogEntry]) -> None:
        try:
            await ledger.record(self.store, [fact_of(entry.event) for entry in entries])
        except StatementFailed as error:
            if len(entries) == 1:
                await self._bury(entries[0], error)
                return
            middle = len(entries) // 2
            await self._write(entries[:middle])
            await self._write(entries[middle:])

    async def _bury(self, entry: LogEntry, error: StatementFailed) -> None:
        _LOG.warning("the graph refuses event %s of %s: %s", entry.event.id, GROUP, error)
        letter = DeadLetter.of(
            entry.raw,
            errors=[FieldError(field="event", message=f"the graph refuses it: {error}")],
            tenant=entry.event.tenant,
            event_id=entry.event.id,
            origin=GROUP,
            received_at=datetime.now(UTC),
            limit_bytes=self.settings.event_limit_bytes,
        )
        await self.dead_letters.keep([letter])


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), timeout=seconds)
    except TimeoutError:
        return


async def _prepared(settings: GraphSettings, stop: asyncio.Event) -> GraphStore:
    """A store whose schema is there, however long Neo4j takes to answer."""
    store = GraphStore.open(settings)
    pause_s = 0.2
    while not stop.is_set():
        try:
            await store.prepare()
            break
        except Unavailable as error:
            _LOG.warning("waiting %.1f s: %s", pause_s, error)
            await _pause(stop, pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return store


async def serve(graph: GraphSettings, ingest: IngestSettings) -> None:
    """Write until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    log = EventLog.open(graph, settings=ingest)
    store = await _prepared(graph, stop)
    # The name stays the same over restarts, so that what was held is resumed at once.
    name = socket.gethostname()
    try:
        await Writer(store, log, log.dead_letters, ingest, name).run(stop)
    finally:
        await store.close()
        await log.close()


def main() -> None:
    """Entry point of the process."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvloop.run(serve(GraphSettings(), IngestSettings()))


if __name__ == "__main__":
    main()
