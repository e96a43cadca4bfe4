"""A policy that is refused: a dead letter with the field, seen in the hot view, by nobody else."""

from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from graph.hot import keys
from graph.hot.connection import connect
from graph.hot.evidence import EvidenceWriter, decoded_told
from graph.keys import Caller
from graph.settings import GraphSettings, HealthSettings
from ingest.events import InvalidEvent
from ingest.gateway import Gateway
from ingest.log import EventLog
from ingest.refusals import RefusedPolicies, refusal
from ingest.settings import IngestSettings

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def publication(*, weight: float, version: str = "v2", name: str = "main") -> dict[str, Any]:
    uses = [{"deployment": "a@b", "weight": weight}]
    return {
        "specversion": "1.0",
        "id": f"{name}-{version}-{weight}",
        "source": "//refusals",
        "type": "routecause.policy.published",
        "time": NOW.isoformat(),
        "data": {
            "policy": name,
            "version": version,
            "rules": {"format": "routecause/1", "rules": [{"name": "r", "use": uses}]},
        },
    }


@pytest.fixture
async def refusing(
    event_log: EventLog, log_settings: GraphSettings, ingest_settings: IngestSettings
) -> AsyncGenerator[tuple[Gateway, Callable[[], Any]]]:
    """A gateway that tells of refused policies, and what the hot view holds of them."""
    redis: Any = connect(log_settings.redis_url, settings=log_settings, timeout_s=5)
    evidence = EvidenceWriter(redis, budgets=HealthSettings())
    gateway = Gateway(event_log, settings=ingest_settings, refused=RefusedPolicies(evidence))

    async def told() -> dict[str, Any]:
        kept = await redis.hgetall(keys.told("policy.refused"))
        return {name.decode(): decoded_told(value) for name, value in kept.items()}

    yield gateway, told
    await redis.aclose()


Refusing = tuple[Gateway, Callable[[], Any]]


async def send(
    gateway: Gateway, caller: Caller, *events: dict[str, Any], at: datetime = NOW
) -> Any:
    body = b"\n".join(orjson.dumps(event) for event in events)
    kind = "application/x-ndjson"
    return await gateway.receive(body, content_type=kind, caller=caller, now=at)


async def test_a_bad_policy_is_refused_with_its_field_and_seen(
    refusing: Refusing, operator: Caller, event_log: EventLog
) -> None:
    gateway, told = refusing
    receipt = await send(gateway, operator, publication(weight=1, version="v1"))
    assert (receipt.accepted, await told()) == (1, {})
    receipt = await send(gateway, operator, publication(weight=-3))
    (error,) = receipt.rejected[0].errors
    assert error.field == "data.rules.rules.0.use.0.weight"
    assert error.message == "must be at least 0; got -3"
    assert (await told())["main"] == {
        "at": NOW.isoformat(),
        "version": "v2",
        "message": "data.rules.rules.0.use.0.weight: must be at least 0; got -3",
    }
    letters = await event_log.dead_letters.newest(scope=operator.scope)
    assert [letter.errors for letter in letters] == [(error,)]


async def test_the_newest_refusal_stays(refusing: Refusing, operator: Caller) -> None:
    gateway, told = refusing
    await send(gateway, operator, publication(weight=-1, version="v3"))
    later = NOW + timedelta(seconds=1)
    await send(gateway, operator, publication(weight=-1, version="v4"), at=later)
    assert (await told())["main"]["version"] == "v4"


async def test_a_key_of_one_tenant_tells_nothing_of_a_policy(
    refusing: Refusing, member: Caller
) -> None:
    gateway, told = refusing
    receipt = await send(gateway, member, publication(weight=-1))
    assert (len(receipt.rejected), await told()) == (1, {})


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        {"type": "routecause.policy.published"},
        {"type": "routecause.policy.published", "data": {"policy": "a\n"}},
        {"type": "routecause.policy.published", "data": {"policy": 3}},
        {"type": "routecause.tier.configured", "data": {"policy": "main"}},
    ],
)
def test_what_names_no_policy_is_not_told(event: Any) -> None:
    assert refusal(event, InvalidEvent([]), now=NOW) is None


def test_a_version_that_can_not_be_read_is_unknown() -> None:
    event = {"type": "routecause.policy.published", "data": {"policy": "main", "version": 7}}
    found = refusal(event, InvalidEvent([]), now=NOW)
    assert found is not None
    assert found.data["version"] == "unknown"
