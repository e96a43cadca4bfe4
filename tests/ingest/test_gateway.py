"""The gateway takes what it can, says of the rest which field and why, and harms nothing else."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.errors import Forbidden, InvalidInput, NotFound
from graph.keys import Caller
from graph.scope import TenantScope
from graph.settings import GraphSettings
from ingest.dead_letters import DeadLetter
from ingest.events import FieldError
from ingest.gateway import Gateway, Receipt
from ingest.log import EventLog
from ingest.settings import IngestSettings

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
LINES = "application/x-ndjson"
ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
ALL = TenantScope.all()
Make = Callable[..., dict[str, Any]]


def lines(*events: dict[str, Any]) -> bytes:
    return b"\n".join(json.dumps(event).encode() for event in events)


def counts(receipt: Receipt) -> tuple[int, int, int, int]:
    return receipt.status, receipt.accepted, receipt.duplicates, len(receipt.rejected)


def fields(receipt: Receipt) -> list[str]:
    return [error.field for one in receipt.rejected for error in one.errors]


@pytest.fixture
def send(gateway: Gateway) -> Callable[..., Any]:
    async def one(
        body: Any, caller: Caller, *, content_type: str = LINES, now: datetime = NOW
    ) -> Receipt:
        raw = body if isinstance(body, bytes) else lines(body)
        return await gateway.receive(raw, content_type=content_type, caller=caller, now=now)

    return one


Send = Callable[..., Any]


@pytest.mark.parametrize("form", [LINES, BATCH, "gzip"])
async def test_examples_are_accepted_as_they_stand_and_then_known(
    send: Send, operator: Caller, example_lines: list[bytes], form: str
) -> None:
    body = b"\n".join(example_lines)
    if form == BATCH:
        body = b"[" + b",".join(example_lines) + b"]"
    if form == "gzip":
        body, form = gzip.compress(body), LINES
    assert counts(await send(body, operator, content_type=form)) == (202, 35, 0, 0)
    later = NOW + timedelta(hours=1)
    assert counts(await send(body, operator, content_type=form, now=later)) == (202, 0, 35, 0)


async def test_a_bad_event_harms_no_other(
    send: Send, event_log: EventLog, member: Caller, request_event: Make, tenant: str
) -> None:
    bad = request_event(data__outcome__latency_ms=-1)
    body = lines(request_event(), bad, request_event()) + b"\nnonsense\n"
    receipt = await send(body, member)
    assert counts(receipt) == (202, 2, 0, 2)
    assert receipt.as_json()["rejected"][0] == {
        "index": 1,
        "id": bad["id"],
        "errors": [{"field": "data.outcome.latency_ms", "message": "must be at least 0; got -1"}],
    }
    assert (receipt.rejected[1].index, receipt.rejected[1].id) == (3, None)
    assert fields(receipt) == ["data.outcome.latency_ms", "body"]
    kept = await event_log.dead_letters.newest(scope=TenantScope.of(tenant))
    assert {letter.raw for letter in kept} == {json.dumps(bad).encode(), b"nonsense"}


@pytest.mark.parametrize(
    ("body", "content_type", "status", "field"),
    [
        (b"not json", ONE, 422, "body"),
        (b"not json", BATCH, 422, "body"),
        (b"5", BATCH, 422, "body"),
        (b"5", LINES, 422, "body"),
        (b"", ONE, 422, "body"),
        (b"\xff\xfe\x00", LINES, 422, "body"),
        (b"\x1f\x8bnonsense", LINES, 422, "body"),
        (b"{}", "text/plain", 422, "content-type"),
        (b'{"type": "x"}', ONE, 422, "type"),
        (b'{"a": "' + b"x" * 10_000_000 + b'"}', ONE, 413, "body"),
        (b'{"a": "' + b"x" * 10_000_000 + b'"}', LINES, 422, "body"),
        (b'[{"a": "' + b"x" * 20_000_000 + b'"}]', BATCH, 413, "body"),
    ],
)  # fmt: skip
async def test_bodies_that_are_nothing(
    send: Send,
    event_log: EventLog,
    operator: Caller,
    body: bytes,
    content_type: str,
    status: int,
    field: str,
) -> None:
    receipt = await send(body, operator, content_type=content_type)
    assert counts(receipt) == (status, 0, 0, 1)
    assert fields(receipt) == [field]
    (letter,) = await event_log.dead_letters.newest(scope=ALL)
    assert letter.size_bytes == len(body)
    assert len(letter.raw) <= 2**16


async def test_an_empty_batch_is_nothing_wrong(send: Send, operator: Caller) -> None:
    assert counts(await send(b"[]", operator, content_type=BATCH)) == (202, 0, 0, 0)
    assert counts(await send(b"", operator)) == (202, 0, 0, 0)


async def test_the_same_id_twice_in_one_body(
    send: Send, operator: Caller, request_event: Make
) -> None:
    event = request_event()
    other = {**event, "time": "2026-09-12T00:00:00Z"}
    receipt = await send(lines(event, event, other), operator)
    assert counts(receipt) == (202, 1, 1, 1)
    assert (receipt.rejected[0].index, fields(receipt)) == (2, ["id"])
    assert counts(await send(other, operator)) == (422, 0, 0, 1)


async def test_a_clock_that_is_ahead(send: Send, operator: Caller, request_event: Make) -> None:
    soon, late = NOW + timedelta(minutes=4), NOW + timedelta(days=3)
    assert (await send(request_event(time=soon.isoformat()), operator)).accepted == 1
    receipt = await send(request_event(time=late.isoformat()), operator)
    assert (receipt.status, fields(receipt)) == (422, ["time"])
    assert "3 days" in receipt.rejected[0].errors[0].message


async def test_when_it_became_known_is_the_word_of_backfills_only(
    send: Send, event_log: EventLog, operator: Caller, member: Caller, request_event: Make
) -> None:
    told = "2026-09-20T00:00:00Z"
    await send(request_event(recordedtime=told), operator)
    await send(request_event(recordedtime=told), member)
    await send(request_event(recordedtime="nonsense"), member)
    entries = await event_log.read("writer", consumer="w", count=10, block_ms=0)
    recorded = [entry.event.recordedtime for entry in entries]
    assert recorded == [datetime.fromisoformat(told), NOW, NOW]
    for wrong in ("2026-09-01T00:00:00Z", "2026-12-01T00:00:00Z"):
        receipt = await send(request_event(recordedtime=wrong), operator)
        assert fields(receipt) == ["recordedtime"]


async def test_a_bound_key_tells_only_of_its_own(
    send: Send, event_log: EventLog, member: Caller, request_event: Make, tenant: str
) -> None:
    base = {key: request_event()[key] for key in ("specversion", "source", "time", "tenant")}
    foreign = request_event(tenant="other")
    assert fields(await send(foreign, member)) == ["tenant"]
    assert fields(await send(request_event(tenant=...), member)) == ["tenant"]
    operators = {"type": "routecause.tier.configured", "data": {"tier": "x"}, "id": "1"}
    assert fields(await send({**base, **operators}, member)) == ["type"]
    slo = {"slo": "s", "objective": "quality", "target": 0.9, "window_days": 7}
    own = {"type": "routecause.slo.defined", "id": "2", "data": slo}
    assert (await send({**base, **own}, member)).accepted == 1
    spy = {**own, "id": "3", "data": {**slo, "where": {"tenant": "other"}}}
    assert fields(await send({**base, **spy}, member)) == ["data.where.tenant"]
    budget = {"budget": "b", "limit_usd": 5, "period": "day", "where": {"tenant": "other"}}
    spy = {"type": "routecause.budget.defined", "id": "4", "data": budget}
    assert fields(await send({**base, **spy}, member)) == ["data.where.tenant"]
    # A rejection belongs to the sender, never to the tenant it names.
    assert await event_log.dead_letters.newest(scope=TenantScope.of("other")) == []
    assert len(await event_log.dead_letters.newest(scope=TenantScope.of(tenant))) == 5


async def test_who_may_not_send_at_all(gateway: Gateway) -> None:
    reader = Caller(ALL, frozenset({"read", "route", "admin"}), key_id="rc_1", name="reader")
    with pytest.raises(Forbidden, match="ingest"):
        await gateway.receive(b"{}", content_type=ONE, caller=reader, now=NOW)


async def test_a_full_log_says_when_to_come_back(
    log_settings: GraphSettings, event_log: EventLog, operator: Caller, request_event: Make
) -> None:
    settings = IngestSettings(backlog_limit=4, append_batch=2)
    log = EventLog.open(log_settings, settings=settings)
    gateway = Gateway(log, settings=settings)
    body = lines(*(request_event() for _ in range(9)))
    receipt = await gateway.receive(body, content_type=LINES, caller=operator, now=NOW)
    assert counts(receipt) == (429, 4, 0, 0)
    assert receipt.as_json()["error"]["code"] == "OVERLOADED"
    await log.close()


async def test_nothing_is_accepted_without_redis(operator: Caller, request_event: Make) -> None:
    nowhere = GraphSettings(redis_url="redis://127.0.0.1:1/0")
    log = EventLog.open(nowhere, settings=IngestSettings())
    gateway = Gateway(log, settings=IngestSettings())
    for body in (lines(request_event()), b"nonsense"):
        receipt = await gateway.receive(body, content_type=ONE, caller=operator, now=NOW)
        assert (receipt.status, receipt.accepted) == (503, 0)
    await log.close()


async def test_replay_of_a_corrected_event(
    gateway: Gateway, send: Send, event_log: EventLog, member: Caller, request_event: Make
) -> None:
    bad = request_event(data__outcome__cost_usd=-1)
    await send(bad, member)
    (letter,) = await event_log.dead_letters.newest(scope=member.scope)
    again = await gateway.replay(letter.id, body=None, caller=member, now=NOW)
    assert counts(again) == (422, 0, 0, 1)
    assert len(await event_log.dead_letters.newest(scope=member.scope)) == 1
    stranger = Caller(TenantScope.of("other"), member.scopes, key_id="rc_2", name="stranger")
    with pytest.raises(NotFound):
        await gateway.replay(letter.id, body=None, caller=stranger, now=NOW)
    bad["data"]["outcome"]["cost_usd"] = 1
    fixed = await gateway.replay(letter.id, body=lines(bad), caller=member, now=NOW)
    assert counts(fixed) == (202, 1, 0, 0)
    assert await event_log.dead_letters.newest(scope=member.scope) == []


async def test_replay_of_a_cut_body_needs_a_new_one(
    gateway: Gateway, send: Send, event_log: EventLog, operator: Caller
) -> None:
    await send(b"x" * 100_000, operator)
    (letter,) = await event_log.dead_letters.newest(scope=ALL)
    with pytest.raises(InvalidInput, match="body"):
        await gateway.replay(letter.id, body=None, caller=operator, now=NOW)


async def test_replay_of_what_could_not_be_applied_goes_into_the_log_again(
    gateway: Gateway, send: Send, event_log: EventLog, member: Caller, request_event: Make
) -> None:
    await send(request_event(), member)
    (entry,) = await event_log.read("writer", consumer="w", count=10, block_ms=0)
    buried = DeadLetter.of(
        entry.raw,
        errors=[FieldError("event", "refused")],
        tenant=entry.event.tenant,
        event_id=entry.event.id,
        origin="writer",
        received_at=NOW,
        limit_bytes=10_000,
    )
    await event_log.dead_letters.keep([buried])
    later = NOW + timedelta(days=1)
    receipt = await gateway.replay(buried.id, body=None, caller=member, now=later)
    assert counts(receipt) == (202, 1, 0, 0)
    (again,) = await event_log.read("writer", consumer="w", count=10, block_ms=0)
    assert again.event == entry.event
