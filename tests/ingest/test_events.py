"""Every example of the contract is an event; everything else is refused by field, with a remedy."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.events import (
    EVENT_ADAPTER,
    EVENT_CLASSES,
    InvalidEvent,
    PolicyPublished,
    RequestCompleted,
    parse_event,
)

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
Make = Callable[..., dict[str, Any]]


def refused(event: Any) -> dict[str, str]:
    """Field to message of an event that must be refused; sent as bytes, as senders do."""
    raw = event if isinstance(event, bytes) else json.dumps(event).encode()
    with pytest.raises(InvalidEvent) as caught:
        parse_event(raw, received_at=NOW)
    return {error.field: error.message for error in caught.value.errors}


def test_every_example_is_an_event(example_lines: list[bytes]) -> None:
    events = [parse_event(line, received_at=NOW) for line in example_lines]
    assert len(events) == 35
    for event in events:
        assert event.time.tzinfo is UTC
        again = orjson.loads(event.model_dump_json(exclude_none=True))
        assert parse_event(again) == event
        assert EVENT_ADAPTER.validate_python(again) == event


def test_every_type_of_the_contract_has_a_class() -> None:
    assert len(EVENT_CLASSES) == 18


def test_every_field_is_described() -> None:
    schema = EVENT_ADAPTER.json_schema()
    parts = schema["$defs"].items()
    for name, part in parts:
        assert part["description"], name
        for field, told in part["properties"].items():
            assert told.get("description"), f"{name}.{field}"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("data.outcome.latency_ms", -5, "at least 0; got -5"),
        ("data.outcome.latency_ms", "12", 'number, without quotes; got the text "12"'),
        ("data.outcome.latency_ms", float("nan"), "finite"),
        ("data.outcome.latency_ms", float("inf"), "finite"),
        ("data.outcome.latency_ms", True, "number"),
        ("data.outcome.latency_ms", ..., "is missing; add it"),
        ("data.outcome.cost_usd", -0.01, "at least 0"),
        ("data.outcome.status", "fine", '"ok", "error", "timeout" or "rate_limited"; got "fine"'),
        ("data.prompt_tokens", 1.5, "whole number"),
        ("data.prompt_tokens", "12", "whole number"),
        ("data.prompt_tokens", True, "whole number"),
        ("data.prompt_tokens", 10**30, "whole number"),
        ("data.prompt_tokens", 10**12, "at most 2147483647"),
        ("data.user", "a\0b", "NUL"),
        ("data.user", "a\u200bb", "do not print"),
        ("data.user", "\ud800", "lone surrogate"),
        ("data.user", "", "is empty"),
        ("data.user", "x" * 201, "201 characters"),
        ("data.user", None, "got null"),
        ("data.decision.deployment", "gpt-4o", "model@backend"),
        ("data.decision.deployment", "@aws", "model@backend"),
        ("data.decision.deployment", "gpt-4o@", "model@backend"),
        ("data.decision.candidates.1.deployment", "x", "model@backend"),
        ("data.decision.candidates.1.propensity", 1.01, "at most 1"),
        ("data.decision.confidence", 1.5, "at most 1"),
        ("data.decision.candidates", "x", "JSON array"),
        ("data.labels.app", "\ud800", "lone surrogate"),
        ("data.labels", [], "JSON object"),
        ("data", [], "JSON object"),
        ("data", ..., "is missing"),
        ("specversion", "0.3", '"1.0"'),
        ("tenant", "a b", "1 to 64"),
        ("tenant", "acme\n", "1 to 64"),
        ("time", "2026-09-11", "RFC 3339"),
        ("time", "2026-09-11T04:10:00", "offset"),
        ("time", "2026-13-11T04:10:00Z", "month"),
        ("time", 1_757_563_800, "RFC 3339"),
        ("time", "0001-01-01T00:00:00+14:00", "before the year 2000"),
        ("time", "9999-12-31T23:00:00-14:00", "future"),
        ("recordedtime", "yesterday", "RFC 3339"),
        ("id", 5, "text"),
        ("type", "routecause.request.complete", 'did you mean "routecause.request.completed"?'),
        ("type", 5, "routecause.slo.defined"),
    ],
)
def test_what_is_wrong_is_named_with_a_remedy(
    request_event: Make, path: str, value: Any, words: str
) -> None:
    errors = refused(request_event(**{path: value}))
    assert list(errors) == [path]
    assert words in errors[path]


def test_unsupported_bodies_name_the_body() -> None:
    assert "not JSON" in refused(b"{")["body"]
    assert "not JSON" in refused(b"\xff\xfe")["body"]
    assert "not JSON" in refused(b"[" * 100_000)["body"]
    assert "JSON object" in refused(b"[]")["body"]
    assert "add one of" in refused(b"{}")["type"]
    assert "data_base64" in refused(
        {"type": "routecause.slo.defined", "specversion": "1.0", "id": "1", "source": "s",
         "time": "2026-09-07T00:00:00Z", "data_base64": "e30="}
    )["data"]  # fmt: skip


def test_a_deployment_is_split_at_the_last_at(request_event: Make) -> None:
    event = parse_event(request_event(data__decision__deployment="org@model@aws"), received_at=NOW)
    assert isinstance(event.data, RequestCompleted)
    assert event.data.decision.deployment == "org@model@aws"


def test_both_forms_of_fallback_from_become_one(request_event: Make) -> None:
    event = parse_event(
        request_event(data__decision__fallback_from=["a@b", {"deployment": "c@d", "cause": "x"}]),
        received_at=NOW,
    )
    assert isinstance(event.data, RequestCompleted)
    told = event.data.decision.fallback_from
    assert [(one.deployment, one.cause) for one in told] == [("a@b", None), ("c@d", "x")]
    errors = refused(request_event(data__decision__fallback_from=["a@b", "c"]))
    assert list(errors) == ["data.decision.fallback_from.1.deployment"]


def test_whole_numbers_do_for_numbers_and_null_for_absent(request_event: Make) -> None:
    event = parse_event(
        request_event(data__outcome__latency_ms=12, data__session=None, tenant=None),
        received_at=NOW,
    )
    assert isinstance(event.data, RequestCompleted)
    assert event.data.outcome.latency_ms == 12.0
    assert (event.data.session, event.tenant, event.recordedtime) == (None, "default", NOW)


def test_unknown_fields_are_ignored(request_event: Make) -> None:
    event = request_event(traceparent="00-x", data__outcome__novel={"a": 1})
    assert not hasattr(parse_event(event, received_at=NOW), "traceparent")


def test_recordedtime_is_needed_where_nobody_gives_it(request_event: Make) -> None:
    with pytest.raises(InvalidEvent, match="recordedtime: is missing"):
        parse_event(request_event())


def envelope(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "1", "source": "s", "type": f"routecause.{kind}",
            "time": "2026-09-07T00:00:00Z", "data": data}  # fmt: skip


def deep(levels: int) -> Any:
    return [deep(levels - 1)] if levels else 1


@pytest.mark.parametrize(
    ("kind", "data", "field", "words"),
    [
        ("deployment.registered", {"deployment": "a@b", "model": "a", "backend": "c"},
         "data", "'a@c'"),
        ("backend.registered", {"backend": "a@b", "kind": "aws", "region": "eu"},
         "data.backend", "no '@'"),
        ("experiment.configured", {"experiment": "e", "policy": "p", "status": "running",
         "arms": [{"arm": "A", "percent": 60}, {"arm": "B", "percent": 60}]},
         "data", "120 percent"),
        ("experiment.configured", {"experiment": "e", "policy": "p", "status": "running",
         "arms": [{"arm": "A", "percent": 1}, {"arm": "A", "percent": 1}]}, "data", "twice"),
        ("incident.opened", {"incident": "i", "scope": {"kind": "model"}, "severity": "sev1",
         "title": "t"}, "data.scope", "needs `id`"),
        ("change.applied", {"change": "c", "kind": "price", "title": "t",
         "targets": [{"kind": "deployment", "id": "gpt"}]}, "data.targets.0", "model@backend"),
        ("change.applied", {"change": "c", "kind": "price", "title": "t", "targets": [],
         "url": "javascript:alert(1)"}, "data.url", "https://"),
        ("maintenance.scheduled", {"maintenance": "m", "scope": {"kind": "global"}, "title": "t",
         "starts_at": "2026-09-13T03:00:00Z", "ends_at": "2026-09-13T01:00:00Z"},
         "data", "not after"),
        ("slo.defined", {"slo": "s", "objective": "latency", "target": 0.9, "window_days": 28,
         "where": {"teir": "premium"}}, "data.where.teir", "not a known field"),
        ("budget.defined", {"budget": "b", "limit_usd": 5.0, "period": "day",
         "where": {"teir": "premium"}}, "data.where.teir", "not a known field"),
        ("policy.published", {"policy": "p", "version": "v", "rules": {"a": float("nan")}},
         "data.rules", "not finite"),
        ("policy.published", {"policy": "p", "version": "v", "rules": {"a": ["\ud800"]}},
         "data.rules", "lone surrogate"),
        ("policy.published", {"policy": "p", "version": "v", "rules": {"a\0": 1}},
         "data.rules", "NUL"),
        ("policy.published", {"policy": "p", "version": "v", "rules": {"a": deep(11)}},
         "data.rules", "levels deep"),
        ("policy.published", {"policy": "p", "version": "v", "rules": {"a": [1] * 6_000}},
         "data.rules", "values"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(
    kind: str, data: dict[str, Any], field: str, words: str
) -> None:
    errors = refused(envelope(kind, data))
    assert list(errors) == [field]
    assert words in errors[field]


def test_free_objects_keep_what_they_hold_in_one_order() -> None:
    rules: dict[str, Any] = {"b": None, "a": {"y": [1, 2.5, True], "x": "é"}}
    event = parse_event(
        envelope("policy.published", {"policy": "p", "version": "v", "rules": rules}),
        received_at=NOW,
    )
    assert isinstance(event.data, PolicyPublished)
    assert event.data.rules == rules
    assert (
        b'{"a":{"x":"\xc3\xa9","y":[1,2.5,true]},"b":null}'
        in event.model_dump_json(exclude_none=True).encode()
    )


def test_many_errors_are_told_up_to_a_limit(request_event: Make) -> None:
    errors = refused(request_event(data__decision__reasons=[5] * 100))
    assert len(errors) == 21
    assert "80 more" in errors["body"]


@given(
    moment_s=st.integers(
        min_value=int(datetime(2000, 1, 2, tzinfo=UTC).timestamp()),
        max_value=int(datetime(9998, 12, 30, tzinfo=UTC).timestamp()),
    ),
    offset_minutes=st.integers(min_value=-14 * 60, max_value=14 * 60),
)
def test_any_offset_gives_the_same_instant(moment_s: int, offset_minutes: int) -> None:
    told = datetime.fromtimestamp(moment_s, timezone(timedelta(minutes=offset_minutes)))
    event = parse_event(
        envelope("tier.configured", {"tier": "t"}) | {"time": told.isoformat()}, received_at=NOW
    )
    assert event.time == told
    assert event.time.tzinfo is UTC


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def paths(value: Any, *, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside of a JSON value."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(cast("dict[str, Any]", value).items())
    elif isinstance(value, list):
        inner = list(enumerate(cast("list[Any]", value)))
    return [(*at, key) for key, _ in inner] + [
        path for key, one in inner for path in paths(one, at=(*at, key))
    ]


@given(data=st.data())
def test_anything_anywhere_is_an_event_or_refused(
    data: st.DataObject, example_lines: list[bytes]
) -> None:
    event = json.loads(data.draw(st.sampled_from(example_lines)))
    *parents, last = data.draw(st.sampled_from(paths(event)))
    place = event
    for key in parents:
        place = place[key]
    place[last] = data.draw(ANY_JSON)
    try:
        taken = parse_event(json.dumps(event).encode(), received_at=NOW)
    except InvalidEvent as refusal:
        # What is said can be sent, whatever was in it; else this raises.
        orjson.dumps([[e.field, e.message] for e in refusal.errors])
    else:
        raw = taken.model_dump_json(exclude_none=True).encode()
        assert parse_event(raw) == taken


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(raw: bytes) -> None:
    with pytest.raises(InvalidEvent):
        parse_event(raw, received_at=NOW)
