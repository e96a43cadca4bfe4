"""Outcomes of requests counted by deployment and minute, failed tries among them."""

from datetime import UTC, datetime, timedelta

import orjson

from graph.minutes import minutes_of

MINUTE = datetime(2026, 9, 11, 10, 0, tzinfo=UTC)


def outcome(after_s: float, *, tries: list[dict[str, str]] | None = None, status: str = "ok"):
    at_us = round((MINUTE + timedelta(seconds=after_s)).timestamp() * 1e6)
    told = None if tries is None else orjson.dumps(tries).decode()
    return [at_us, told, status, None, 200.0, 10, 20, False]


def test_each_minute_of_each_deployment_is_counted_apart():
    rows = [
        {"deployment": "m@a", "outcomes": [outcome(1), outcome(2, status="error"), outcome(61)]},
        {"deployment": "m@b", "outcomes": [outcome(3)]},
    ]
    found = minutes_of(rows)
    assert [(m.minute, m.count, m.ok, m.error) for m in found["m@a"]] == [
        (MINUTE, 2, 1, 1),
        (MINUTE + timedelta(minutes=1), 1, 1, 0),
    ]
    (other,) = found["m@b"]
    assert (other.ok, other.last_at) == (1, MINUTE + timedelta(seconds=3))


def test_a_failed_try_counts_for_the_deployment_that_failed():
    tries = [
        {"deployment": "m@a", "cause": "RateLimitError (429)"},
        {"deployment": "m@c", "cause": "timeout"},
        {"deployment": "m@c"},
    ]
    found = minutes_of([{"deployment": "m@b", "outcomes": [outcome(5, tries=tries)]}])
    counted = {
        name: (one.ok, one.error, one.timeout, one.rate_limited) for name, (one,) in found.items()
    }
    assert counted == {"m@b": (1, 0, 0, 0), "m@a": (0, 0, 0, 1), "m@c": (0, 1, 1, 0)}
    assert found["m@c"][0].latency.quantile(0.5) is None
