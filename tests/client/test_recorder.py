"""Recording: bounded, in the background, again until taken, counted."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from routecause import Limits, NoView, Request, Routecause

if TYPE_CHECKING:
    from tests.client.conftest import Clients, Service, Serving

NOWHERE = NoView(request=Request(user="u", task_type="chat", prompt_tokens=1))


def tell(client: Routecause, count: int, kind: str = "change.applied", size: int = 0) -> None:
    for number in range(count):
        assert client.tell(kind, {"number": number, "filler": "x" * size})


def test_batches_in_order_each_once(service: Service, clients: Clients) -> None:
    client = clients(service.url)
    tell(client, 1_234)
    assert client.flush(30)
    sent = [event for post in service.posts for event in post]
    assert [event["data"]["number"] for event in sent] == list(range(1_234))
    assert len({event["id"] for event in sent}) == 1_234
    assert len(service.posts) <= 5
    counted = client.counters
    assert (counted.recorded, counted.accepted, counted.waiting) == (1_234, 1_234, 0)
    assert counted.waiting_bytes == 0


@pytest.mark.parametrize("status", [429, 503, 500, 401])
def test_again_with_the_same_ids_until_taken(
    service: Service, clients: Clients, status: int
) -> None:
    service.events_status = [(status, {}), (status, {})]
    client = clients(service.url)
    tell(client, 3)
    assert client.flush(10)
    ids = [[event["id"] for event in post] for post in service.posts]
    assert len(ids) == 3
    assert ids[0] == ids[1] == ids[2]
    assert (client.counters.retries, client.counters.accepted) == (2, 3)


def test_taken_but_unheard_counts_once(serving: Serving, clients: Clients) -> None:
    service = serving.service
    serving.start()
    client = clients(service.url)
    tell(client, 3)
    assert client.flush(10)
    # As if the answer had been lost: the same again is known.
    service.known |= {"told-before"}
    client.tell("change.applied", {}, event_id="told-before")
    assert client.flush(10)
    assert (client.counters.accepted, client.counters.duplicates) == (3, 1)


def test_retry_after_is_honoured(service: Service, clients: Clients) -> None:
    service.events_status = [(429, {"Retry-After": "1"})]
    client = clients(service.url)
    tell(client, 1)
    deadline = time.monotonic() + 20
    while client.counters.waiting:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    first, second = service.post_times_s
    assert second - first >= 1.0


def test_a_service_that_is_down_blocks_nobody_and_takes_no_memory(
    serving: Serving, clients: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    limits = Limits(events=100, events_bytes=20_000)
    client = clients(serving.service.url, limits=limits)
    started = time.perf_counter()
    tell(client, 2_000, size=100)
    assert time.perf_counter() - started < 5
    counted = client.counters
    assert counted.recorded == 2_000
    assert counted.waiting <= 100
    assert counted.waiting_bytes <= 20_000
    assert counted.dropped == 2_000 - counted.waiting
    assert len([one for one in caplog.records if one.name == "routecause"]) <= 2
    serving.start()
    assert client.flush(20)
    numbers = [event["data"]["number"] for post in serving.service.posts for event in post]
    # The newest are the ones that are left.
    assert numbers[-1] == 1_999
    assert client.counters.accepted == counted.waiting


def test_what_is_refused_is_told(service: Service, clients: Clients) -> None:
    refused: list[tuple[dict[str, Any], list[dict[str, str]]]] = []

    def on_rejected(event: dict[str, Any], errors: list[dict[str, str]]) -> None:
        refused.append((event, errors))
        raise RuntimeError("a caller's own mistake")

    service.refused = {"routecause.bad"}
    client = clients(service.url, on_rejected=on_rejected)
    client.tell("bad", {"n": 1})
    client.tell("good", {"n": 2})
    client.tell("bad", {"n": 3})
    assert client.flush(10)
    assert [event["data"]["n"] for event, _ in refused] == [1, 3]
    assert refused[0][1] == [{"field": "data", "message": "no"}]
    assert (client.counters.accepted, client.counters.rejected) == (1, 2)
    client.tell("bad", {"n": 4})
    client.tell("good", {"n": 5})
    assert client.flush(10)
    assert client.counters.accepted == 2


def test_a_batch_that_is_too_large_is_halved(service: Service, clients: Clients) -> None:
    service.events_status = [(413, {}), (413, {})]
    client = clients(service.url)
    tell(client, 8)
    assert client.flush(10)
    assert [len(post) for post in service.posts[:3]] == [8, 4, 2]
    numbers = [event["data"]["number"] for post in service.posts[2:] for event in post]
    assert numbers == list(range(8))
    service.events_status = [(413, {})]
    tell(client, 1)
    assert client.flush(10)
    assert client.counters.dropped == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"latency_ms": float("nan")},
        {"latency_ms": "fast"},
        {"deployment": None},
        {"at": "yesterday"},
        {"fallback_from": [object()]},
        {"labels": {"a": object()}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_nothing_raises(service: Service, clients: Clients, wrong: dict[str, Any]) -> None:
    client = clients(service.url)
    given: dict[str, Any] = {"request_id": "r", "latency_ms": 1.0, "cost_usd": 0.0}
    record: Any = client.record
    assert not record(NOWHERE, **(given | {"deployment": "a@b"} | wrong))
    assert client.counters.invalid == 1
    assert record(NOWHERE, **given, deployment="a@b")
    assert client.flush(10)
    assert len(service.posts) == 1


def test_scores(service: Service, clients: Clients) -> None:
    client = clients(service.url, tenant="acme", source="//judge")
    client.score("r-1", evaluator="judge", score=0.5, comment="fair")
    assert client.flush(10)
    ((event,),) = service.posts
    assert (event["type"], event["tenant"], event["source"]) == (
        "routecause.quality.scored",
        "acme",
        "//judge",
    )
    assert event["data"]["score"] == 0.5


def test_many_threads_record(service: Service, clients: Clients) -> None:
    client = clients(service.url)
    threads = [threading.Thread(target=tell, args=(client, 200)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert client.flush(20)
    assert client.counters.accepted == 1_600
