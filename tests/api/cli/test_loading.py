"""Loading files over HTTP: counting, retries, refusals, and the wait until the graph shows all."""

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.cli.loading import BATCH_EVENTS, IN_FLIGHT, load
from graph.errors import Forbidden, InvalidInput, Unavailable

Answer = Callable[[int, list[bytes]], httpx.Response]


class Edge:
    """The server's side of the protocol, scripted: remembers events and answers as told."""

    def __init__(self, *answers: Answer, waiting: tuple[int, ...] = (0,)) -> None:
        self.seen: set[bytes] = set()
        self.calls = 0
        self.busiest = 0
        self._busy = 0
        self._answers = answers
        self._waiting = list(waiting)

    def take(self, lines: list[bytes]) -> dict[str, Any]:
        new = [line for line in lines if line not in self.seen]
        self.seen.update(new)
        return {"accepted": len(new), "duplicates": len(lines) - len(new), "rejected": []}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/ingest/status":
            waiting = self._waiting.pop(0) if len(self._waiting) > 1 else self._waiting[0]
            return httpx.Response(
                200,
                json={"length": waiting, "writer_waiting": waiting, "projector_waiting": 0,
                      "oldest_age_ms": 1e9 if waiting else None},
            )  # fmt: skip
        self.calls += 1
        call = self.calls
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        await asyncio.sleep(0.001)
        self._busy -= 1
        lines = request.content.splitlines()
        if call <= len(self._answers):
            return self._answers[call - 1](call, lines)
        return httpx.Response(202, json=self.take(lines))


def loaded(edge: Edge, *files: Path, patience_s: float = 5.0) -> Any:
    return load(
        files, url="http://edge", key=None, patience_s=patience_s,
        transport=httpx.MockTransport(edge),
    )  # fmt: skip


def written(path: Path, count: int) -> Path:
    text = "".join(json.dumps({"id": str(n)}) + "\n" for n in range(count))
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


async def test_plain_and_packed_files_are_sent_in_bounded_batches(tmp_path: Path):
    files = written(tmp_path / "a.ndjson", 4_500), written(tmp_path / "b.ndjson.gz", 6_000)
    edge = Edge()
    tally = await loaded(edge, *files)
    assert (tally.accepted, tally.duplicates, tally.rejected) == (6_000, 4_500, [])
    assert edge.calls == -(-10_500 // BATCH_EVENTS)
    assert edge.busiest <= IN_FLIGHT


async def test_what_was_taken_before_a_refusal_is_not_counted_as_duplicate(tmp_path: Path):
    edge = Edge()

    def full(_: int, lines: list[bytes]) -> httpx.Response:
        taken = edge.take(lines[:300])
        return httpx.Response(429, json=taken, headers={"retry-after": "0"})

    edge._answers = (full,)  # pyright: ignore[reportPrivateUsage] - the script needs the edge
    tally = await loaded(edge, written(tmp_path / "a.ndjson", 700))
    assert (tally.accepted, tally.duplicates) == (700, 0)
    assert len(edge.seen) == 700


async def test_a_lost_connection_is_answered_with_the_same_events(tmp_path: Path):
    def lost(_: int, __: list[bytes]) -> httpx.Response:
        raise httpx.ReadError("connection lost")

    edge = Edge(lost, lost)
    tally = await loaded(edge, written(tmp_path / "a.ndjson", 10))
    assert tally.accepted == 10
    assert edge.calls == 3


async def test_rejections_are_told_by_file_and_line(tmp_path: Path):
    def picky(_: int, lines: list[bytes]) -> httpx.Response:
        bad = [i for i, line in enumerate(lines) if line == b"junk"]
        told = [
            {"index": i, "id": None, "errors": [{"field": "body", "message": "is not JSON"}]}
            for i in bad
        ]
        return httpx.Response(
            202, json={"accepted": len(lines) - len(bad), "duplicates": 0, "rejected": told}
        )

    file = tmp_path / "a.ndjson"
    file.write_text('{"id": "1"}\n\n  \njunk\n{"id": "2"}\n')
    tally = await loaded(Edge(picky), file)
    assert tally.accepted == 2
    assert [str(one) for one in tally.rejected] == [f"{file}:4: body: is not JSON"]


async def test_a_body_that_is_too_large_is_sent_in_halves(tmp_path: Path):
    edge = Edge()

    def large(_: int, lines: list[bytes]) -> httpx.Response:
        if len(lines) > 3:
            return httpx.Response(413, json={"error": {"message": "too large"}})
        if b"huge" in b"".join(lines):
            return httpx.Response(413, json={"error": {"message": "too large"}})
        return httpx.Response(202, json=edge.take(lines))

    edge._answers = (large,) * 50  # pyright: ignore[reportPrivateUsage] - the script needs the edge
    file = written(tmp_path / "a.ndjson", 9)
    with file.open("a") as more:
        more.write('{"id": "huge"}\n')
    tally = await loaded(edge, file)
    assert tally.accepted == 9
    assert [(one.line, one.errors) for one in tally.rejected] == [(10, ("too large (HTTP 413)",))]


async def test_it_returns_when_the_writer_has_caught_up(tmp_path: Path):
    edge = Edge(waiting=(900, 400, 0))
    tally = await loaded(edge, written(tmp_path / "a.ndjson", 5))
    assert tally.accepted == 5


async def test_a_writer_that_gets_nowhere_is_said(tmp_path: Path):
    edge = Edge(waiting=(900,))
    with pytest.raises(Unavailable, match="900 events are accepted and durable"):
        await loaded(edge, written(tmp_path / "a.ndjson", 5), patience_s=0.4)


async def test_a_refused_key_ends_it_at_once(tmp_path: Path):
    def no(_: int, __: list[bytes]) -> httpx.Response:
        return httpx.Response(403, json={"error": {"code": "FORBIDDEN", "message": "no scope"}})

    edge = Edge(no)
    with pytest.raises(Forbidden, match="no scope"):
        await loaded(edge, written(tmp_path / "a.ndjson", 5))
    assert edge.calls == 1


async def test_no_server_is_said_with_a_remedy(tmp_path: Path):
    file = written(tmp_path / "a.ndjson", 1)
    with pytest.raises(Unavailable, match="routecause serve"):
        await load([file], url="http://127.0.0.1:9", key=None, patience_s=0.1)


async def test_a_file_that_is_no_gzip_is_named(tmp_path: Path):
    file = tmp_path / "a.gz"
    file.write_bytes(b"not packed")
    with pytest.raises(InvalidInput, match=r"a\.gz: cannot be read"):
        await loaded(Edge(), file)
