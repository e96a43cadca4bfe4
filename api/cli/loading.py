"""Loading files of events into a running server: batches in flight, retries, and the wait after.

Sending the same events again changes nothing on the server, so whatever leaves it open if a batch
was taken (a lost connection, a full log) is answered by sending the batch again.
"""

import asyncio
import gzip
import io
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import IO, Any

import httpx
from rich.progress import Progress, TaskID

from api.cli.client import TIMEOUT, key_headers, refusal, server_url, unreachable
from api.cli.progress import progress
from graph.errors import InvalidInput, Unavailable

BATCH_EVENTS = 1_000
BATCH_BYTES = 4 * 2**20
IN_FLIGHT = 4
PATIENCE_S = 300.0
"""How long a batch is sent again, and how long the writer may make no headway, before giving up."""

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class Line:
    """One event as it stands in a file."""

    file: Path
    number: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event that the server did not take, and why."""

    file: Path
    line: int
    id: str | None
    errors: tuple[str, ...]

    def __str__(self) -> str:
        name = f" {self.id}" if self.id else ""
        return f"{self.file}:{self.line}:{name} {'; '.join(self.errors)}"

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "file": str(self.file),
            "line": self.line,
            "id": self.id,
            "errors": list(self.errors),
        }


@dataclass(slots=True)
class Tally:
    """What became of the events so far."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list[Rejection])

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rejected": [rejection.to_json() for rejection in self.rejected],
        }


async def load(
    files: Sequence[Path],
    *,
    url: str | None,
    key: str | None,
    patience_s: float = PATIENCE_S,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Tally:
    """Send all events of files and wait until the graph shows them; a bar on stderr.

    Raises InvalidInput for a file that cannot be read, Unavailable where the server does not answer
    or gets nowhere for `patience_s`, and what else it refuses with.
    """
    with progress() as shown:
        task = shown.add_task("sending", total=sum(file.stat().st_size for file in files))
        lines = _lines(files, shown=shown, task=task)
        tally = await send(
            lines, url=url, key=key, patience_s=patience_s, transport=transport, shown=shown
        )
    tally.rejected.sort(key=lambda one: (str(one.file), one.line))
    return tally


async def send(
    lines: Iterator[Line],
    *,
    url: str | None,
    key: str | None,
    patience_s: float = PATIENCE_S,
    transport: httpx.AsyncBaseTransport | None = None,
    shown: Progress,
) -> Tally:
    """Send events, wherever they come from, and wait until the graph shows them.

    The bar is the first task of `shown`. Errors are those of `load`.
    """
    address = server_url(url)
    async with httpx.AsyncClient(
        base_url=address, headers=key_headers(key), timeout=TIMEOUT, transport=transport
    ) as http:
        sender = _Sender(http, address=address, patience_s=patience_s)
        async for _ in sender.send_all(lines):
            shown.update(shown.task_ids[0], description=f"sending {sender.tally.accepted} accepted")
        await _until_visible(http, patience_s=patience_s, shown=shown)
    return sender.tally


def _lines(files: Sequence[Path], *, shown: Progress, task: TaskID) -> Iterator[Line]:
    """The events of files, one a line; blank lines are passed over."""
    before = 0
    for file in files:
        try:
            with file.open("rb") as raw:
                for number, text in enumerate(_unpacked(raw, file), start=1):
                    if number % BATCH_EVENTS == 0:
                        shown.update(task, completed=before + raw.tell())
                    if text.strip():
                        yield Line(file, number, text.rstrip(b"\r\n"))
        except (OSError, EOFError) as error:
            raise InvalidInput(f"cannot be read: {error}", field=str(file)) from error
        before += file.stat().st_size
        shown.update(task, completed=before)


def _unpacked(raw: IO[bytes], file: Path) -> Iterator[bytes]:
    if file.suffix == ".gz":
        return iter(io.BufferedReader(gzip.GzipFile(fileobj=raw)))
    return iter(raw)


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """Lines in batches, limited in number and in bytes."""
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) >= BATCH_EVENTS or size + len(line.text) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line.text) + 1
    if batch:
        yield batch


class _Sender:
    """Sends batches, a bounded number at a time, and counts what became of them."""

    def __init__(self, http: httpx.AsyncClient, *, address: str, patience_s: float) -> None:
        self.tally = Tally()
        self._http = http
        self._address = address
        self._patience_s = patience_s

    async def send_all(self, lines: Iterator[Line]) -> AsyncIterator[None]:
        """Send all, yielding whenever one more batch has been dealt with."""
        running: set[asyncio.Task[None]] = set()
        try:
            for batch in _batches(lines):
                running.add(asyncio.create_task(self._send(batch)))
                while len(running) >= IN_FLIGHT:
                    running = await self._settle(running)
                    yield
            while running:
                running = await self._settle(running)
                yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _settle(self, running: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
        done, pending = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return pending

    async def _send(self, batch: list[Line]) -> None:
        """Send a batch until the server has dealt with all of it."""
        accepted = 0
        pause_s = _FIRST_PAUSE_S
        give_up_at = monotonic() + self._patience_s
        body = b"\n".join(line.text for line in batch) + b"\n"
        while True:
            wait_s = pause_s
            try:
                response = await self._http.post(
                    "/v1/events", content=body, headers={"content-type": "application/x-ndjson"}
                )
            except httpx.TransportError as error:
                problem: Exception = unreachable(self._address, error)
            else:
                if response.status_code == 413:
                    await self._send_less(batch, response)
                    return
                if response.status_code in (202, 422):
                    self._count(batch, _receipt(response), accepted=accepted)
                    return
                problem = refusal(response)
                if response.status_code not in (429, 502, 503, 504):
                    raise problem
                accepted += _accepted(response)
                wait_s = _retry_after_s(response, otherwise=pause_s)
            if monotonic() + wait_s > give_up_at:
                raise problem
            await asyncio.sleep(wait_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _send_less(self, batch: list[Line], response: httpx.Response) -> None:
        """Send what was too large in halves; a single event that is too large is rejected."""
        if len(batch) == 1:
            line = batch[0]
            self.tally.rejected.append(
                Rejection(line.file, line.number, None, (str(refusal(response)),))
            )
            return
        half = len(batch) // 2
        await self._send(batch[:half])
        await self._send(batch[half:])

    def _count(self, batch: list[Line], receipt: dict[str, Any], *, accepted: int) -> None:
        """Count a batch; what earlier attempts got accepted comes back as duplicates."""
        rejected = receipt["rejected"]
        total = accepted + receipt["accepted"]
        self.tally.accepted += total
        self.tally.duplicates += max(0, len(batch) - len(rejected) - total)
        for one in rejected:
            line = batch[int(one["index"])]
            errors = tuple(f"{error['field']}: {error['message']}" for error in one["errors"])
            self.tally.rejected.append(Rejection(line.file, line.number, one.get("id"), errors))


def _receipt(response: httpx.Response) -> dict[str, Any]:
    """A response's receipt; raises where a 422 is about the body as a whole."""
    receipt = response.json()
    if "accepted" not in receipt:
        raise refusal(response)
    return receipt


def _accepted(response: httpx.Response) -> int:
    """How many of a batch that was not taken to its end are durable all the same."""
    try:
        return int(response.json().get("accepted", 0))
    except (ValueError, AttributeError):
        return 0


def _retry_after_s(response: httpx.Response, *, otherwise: float) -> float:
    try:
        return min(max(float(response.headers["retry-after"]), 0.05), 60.0)
    except (KeyError, ValueError):
        return otherwise


async def _until_visible(http: httpx.AsyncClient, *, patience_s: float, shown: Progress) -> None:
    """Wait until the writer has written all that was accepted before now.

    Others may go on sending, so it is enough that what waits in the log is younger than our last
    event. Raises Unavailable where nothing is written for `patience_s`.
    """
    sent_at = monotonic()
    task = shown.add_task("waiting for the graph", total=None)
    least, headway_at = None, monotonic()
    while True:
        problem: Exception = Unavailable("the server does not say how much waits to be written")
        try:
            response = await http.get("/v1/ingest/status")
            if response.is_success:
                status = response.json()
                waiting, age_ms = status["writer_waiting"], status["oldest_age_ms"]
                ours_ms = (monotonic() - sent_at) * 1000
                if waiting == 0 or (age_ms is not None and age_ms < ours_ms):
                    return
                if least is None or waiting < least:
                    least, headway_at = waiting, monotonic()
                if shown.tasks[task].total is None:
                    shown.update(task, total=waiting)
                shown.update(task, completed=max(0, (shown.tasks[task].total or 0) - waiting))
                problem = Unavailable(
                    f"{waiting} events are accepted and durable, but not yet in the graph; "
                    "the writer gets nowhere: see the server's log"
                )
            elif response.status_code < 500:
                raise refusal(response)
        except httpx.TransportError as error:
            problem = unreachable(str(http.base_url), error)
        if monotonic() - headway_at > patience_s:
            raise problem
        await asyncio.sleep(_POLL_S)
