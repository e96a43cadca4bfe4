"""The world of one operation: who asks, when, and everything a resolver may call. Typed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeAlias

import strawberry

from agent.cascade import Agent
from api.graphql.feed import Feed
from api.graphql.loaders import Loaders
from api.graphql.settings import GraphqlSettings
from graph.columns import BucketColumns
from graph.errors import Unauthenticated
from graph.hot.reader import HotView
from graph.hot.routing.router import Router
from graph.keys import Caller, Scope
from graph.settings import HealthSettings
from graph.store.door import GraphStore


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """What all operations of a process share."""

    graphql: GraphqlSettings
    health: HealthSettings
    store: GraphStore
    columns: BucketColumns
    view: HotView
    router: Router
    feed: Feed
    agent: Agent
    clock: Callable[[], datetime] = utc_now


Identify = Callable[[], Caller]
"""Says who calls, anew each time, for a key can be revoked. Raises Unauthenticated."""


def _nobody() -> Caller:
    raise Unauthenticated("say who calls first")


@dataclass(slots=True)
class Connection:
    """Who is on the other end: of one HTTP request, or of a WebSocket with many operations.

    A WebSocket may name its key only in its first message, with `connection_params`.
    """

    services: Services
    identify: Identify = _nobody
    connection_params: dict[str, Any] = field(default_factory=dict[str, Any])

    def begin(self) -> "Context":
        """The context of one operation. Raises Unauthenticated."""
        return Context(
            self.services,
            caller=self.identify(),
            identify=self.identify,
            now=self.services.clock(),
        )


@dataclass
class Context:
    """One operation's: the clock is read once, so that all of its answers are of one instant."""

    services: Services
    caller: Caller
    identify: Identify
    now: datetime

    def require(self, *one_of: Scope) -> None:
        """Raise Forbidden unless the caller has at least one of these scopes."""
        self.caller.require(*one_of)

    @property
    def store(self) -> GraphStore:
        """The graph."""
        return self.services.store

    @property
    def days_at_most(self) -> float:
        """How long a period may be that is asked about."""
        return self.services.graphql.period_limit_days

    @cached_property
    def loaders(self) -> Loaders:
        """What this operation reads, each thing once."""
        return Loaders.of(self.store, scope=self.caller.scope, budgets=self.services.health)


Info: TypeAlias = strawberry.Info[Context, None]
