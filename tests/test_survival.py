"""Nothing that was acknowledged is lost or counted twice, whatever is killed during a load."""

import asyncio
import gzip
import os
import signal
import threading
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import neo4j
import orjson
import pytest

from api.cli.loading import load
from api.servers import ServerSettings
from api.settings import ServiceSettings, Settings
from api.supervisor import Running, running
from graph.settings import GraphSettings
from ingest.simulator import SimulationPlan, simulate

EVENTS = 100_000
PAUSE_S = 4.0
PATIENCE_S = 240.0


def quiet(_line: str) -> None: ...


def write_events(file: Path) -> Counter[str]:
    """A history of exactly `EVENTS` events; how many of each type."""
    plan = SimulationPlan(days=14, per_day=10_000, seed=21)
    counted: Counter[str] = Counter()
    with gzip.open(file, "wb", compresslevel=1) as out:
        for event in islice(simulate(plan), EVENTS):
            counted[event["type"]] += 1
            out.write(orjson.dumps(event) + b"\n")
    return counted


def kill_each(service: Running, killed: list[str], done: threading.Event) -> None:
    """Kill every part once, the load going on."""
    for name in ("API", "writer", "projector", "Redis", "Neo4j"):
        if done.wait(PAUSE_S):
            return
        part: Any = service.parts[name].part
        os.killpg(part.pid, signal.SIGKILL)
        killed.append(name)


def counts(service: Running) -> dict[str, int]:
    """What the graph holds: requests told, scores, samples, and the requests that buckets count."""
    at = service.addresses.neo4j
    # The driver's signatures are **config, which a strict checker can't see through.
    database: Any = neo4j.GraphDatabase
    with (
        database.driver(at.uri, auth=(at.username, at.password)) as driver,
        driver.session() as session,
    ):
        query = (
            "RETURN COUNT { MATCH (r:Request) WHERE r.at IS NOT NULL } AS requests,"
            " COUNT { (:QualityScore) } AS scores, COUNT { (:Observation) } AS samples,"
            " COUNT { (:Request)-[:IN_BUCKET]->() } AS placed"
        )
        (row,) = session.run(query).data()
        (summed,) = session.run("MATCH (b:Bucket) RETURN sum(b.count) AS counted").data()
    return {**row, **summed}


def wait_until_written(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            status = httpx.get(f"{url}/v1/ingest/status", timeout=5)
            if status.is_success and status.json()["length"] == 0:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "what was accepted is not written"
        time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_event_is_counted_once_whatever_is_killed(
    tmp_path: Path, server_settings: ServerSettings
) -> None:
    file = tmp_path / "history.ndjson.gz"
    told = write_events(file)
    settings = Settings(
        service=ServiceSettings(port=0),
        servers=server_settings.model_copy(update={"data_dir": tmp_path / "data"}),
        graph=GraphSettings(neo4j_uri=None, redis_url=None),
    )
    with running(settings, report=quiet) as service:
        killed: list[str] = []
        done = threading.Event()
        killer = threading.Thread(target=kill_each, args=(service, killed, done))
        killer.start()
        try:
            tally = asyncio.run(
                load([file], url=service.addresses.url, key=None, patience_s=PATIENCE_S)
            )
        finally:
            done.set()
            killer.join()
        assert killed == ["API", "writer", "projector", "Redis", "Neo4j"]
        assert tally.rejected == []
        assert tally.accepted + tally.duplicates == EVENTS
        wait_until_written(service.addresses.url)
        letters = httpx.get(f"{service.addresses.url}/v1/dead-letters", timeout=10).json()
        found = counts(service)
    requests = told["routecause.request.completed"]
    assert "dl_" not in str(letters)
    assert found == {
        "requests": requests,
        "placed": requests,
        "counted": requests,
        "scores": told["routecause.quality.scored"],
        "samples": told["routecause.deployment.observed"],
    }
