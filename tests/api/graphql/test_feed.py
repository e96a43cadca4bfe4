"""The fleet as it changes: a full picture, then the differences, within limits, until the end."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from strawberry.types import ExecutionResult

from api.graphql.context import Connection
from api.graphql.feed import Feed
from graph.breaker import BreakerState
from graph.errors import Overloaded, Unauthenticated
from graph.health import DeploymentHealth, HealthStatus
from graph.hot.snapshot import ViewSnapshot
from graph.keys import Caller
from graph.scope import TenantScope

if TYPE_CHECKING:
    from api.graphql.context import Services
    from tests.api.graphql.conftest import Api, Publish

UP = DeploymentHealth(
    deployment="a@aws",
    model="a",
    backend="aws",
    version=None,
    status=HealthStatus.HEALTHY,
    reasons=(),
    breaker=BreakerState.CLOSED,
    availability=None,
    error_rate=0.01,
    latency_p50_ms=None,
    latency_p95_ms=None,
    queue_depth=None,
    load=None,
    rate_limit_remaining=None,
    spot_availability=None,
    cost_per_1k_tokens_usd=None,
    sample_count=10,
    updated_at=None,
    age_ms=1.0,
    stale=False,
)
OTHER = replace(UP, deployment="b@aws", model="b")


def view(version: str, *deployments: DeploymentHealth) -> ViewSnapshot:
    return ViewSnapshot(version=version, as_of=datetime.now(UTC), deployments=deployments)


async def test_first_the_whole_fleet_then_what_changed(
    services: Services, publish: Publish
) -> None:
    await publish(view("1", UP, OTHER))
    async with asyncio.timeout(10), aclosing(services.feed.fleet()) as told:
        assert [h.deployment for h in await anext(told)] == ["a@aws", "b@aws"]
        # Only older: nothing that anyone needs to be told.
        await publish(view("2", replace(UP, age_ms=900.0), OTHER))
        down = replace(OTHER, status=HealthStatus.DOWN)
        await publish(view("3", replace(UP, age_ms=950.0), down))
        assert list(await anext(told)) == [down]
        new = replace(UP, deployment="c@aws")
        await publish(view("4", UP, down, new))
        assert list(await anext(told)) == [new]


async def test_nothing_is_told_before_there_is_a_view(services: Services, publish: Publish) -> None:
    async with asyncio.timeout(10), aclosing(services.feed.fleet()) as told:
        first = asyncio.create_task(anext(told))
        await asyncio.sleep(0.2)
        assert not first.done()
        await publish(view("1", UP))
        assert list(await first) == [UP]


async def test_subscriptions_are_bounded_and_their_places_given_back(
    services: Services, publish: Publish
) -> None:
    await publish(view("1", UP))
    feed = Feed(services.view, limit=1)
    async with asyncio.timeout(10), aclosing(feed.fleet()) as one:
        await anext(one)
        assert feed.open == 1
        with pytest.raises(Overloaded, match="1 subscriptions are open"):
            await anext(feed.fleet())
    assert feed.open == 0
    async with asyncio.timeout(10), aclosing(feed.fleet()) as again:
        assert list(await anext(again)) == [UP]


async def test_closing_ends_every_subscription_and_lets_none_begin(
    services: Services, publish: Publish
) -> None:
    await publish(view("1", UP))
    feed = Feed(services.view, limit=5)
    streams = [feed.fleet() for _ in range(3)]
    async with asyncio.timeout(10):
        for stream in streams:
            await anext(stream)
        feed.close()
        for stream in streams:
            with pytest.raises(StopAsyncIteration):
                await anext(stream)
    assert feed.open == 0
    with pytest.raises(Overloaded, match="stopping"):
        await anext(feed.fleet())


async def test_a_subscription_needs_the_scope(api: Api) -> None:
    stranger = Caller(TenantScope.of("x"), frozenset({"route"}), key_id="rc_1", name="x")
    stream = await api.schema.stream(
        "subscription { fleetChanged { deployment } }",
        context_value=Connection(api.services, identify=lambda: stranger),
    )
    (only,) = [result async for result in stream]
    assert isinstance(only, ExecutionResult)
    assert only.errors
    assert only.errors[0].extensions == {"code": "FORBIDDEN"}


async def test_a_subscription_ends_when_its_key_is_revoked(api: Api, publish: Publish) -> None:
    await publish(view("1", UP))
    holder = Caller(TenantScope.all(), frozenset({"read"}), key_id="rc_1", name="x")
    revoked = False

    def identify() -> Caller:
        if revoked:
            raise Unauthenticated("this API key was revoked")
        return holder

    stream = await api.schema.stream(
        "subscription { fleetChanged { deployment } }",
        context_value=Connection(api.services, identify=identify),
    )
    async with asyncio.timeout(10):
        first = await anext(stream)
        assert isinstance(first, ExecutionResult)
        assert first.data == {"fleetChanged": [{"deployment": "a@aws"}]}
        revoked = True
        await publish(view("2", replace(UP, status=HealthStatus.DOWN)))
        (last,) = [result async for result in stream]
    assert isinstance(last, ExecutionResult)
    assert last.errors
    assert last.errors[0].extensions == {"code": "UNAUTHENTICATED"}
    assert api.services.feed.open == 0
