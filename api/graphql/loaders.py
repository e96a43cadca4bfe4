"""What one operation reads from the graph, each thing once: keys are gathered, asked, answered."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Self, TypeVar

from strawberry.dataloader import DataLoader

from graph import fleet, requests
from graph.evidence import Incident
from graph.fleet import Change, PolicyInForce
from graph.health import DeploymentHealth
from graph.scope import TenantScope
from graph.settings import HealthSettings
from graph.store.door import GraphStore

RECENT_CHANGES: Final = timedelta(hours=24)
_AT_ONCE: Final = 4
"""Instants of the past read side by side, so that one operation can't hold all connections."""

T = TypeVar("T")


class RequestKey(NamedTuple):
    """A request as known at an instant (None: now)."""

    id: str
    known_at: datetime | None


@dataclass(frozen=True, slots=True)
class Loaders:
    """The loaders of one operation. The instants are those at which a request was routed."""

    request: DataLoader[RequestKey, requests.Request | None]
    fleet: DataLoader[datetime, list[DeploymentHealth]]
    incidents: DataLoader[datetime, list[Incident]]
    changes: DataLoader[datetime, list[Change]]
    policies: DataLoader[datetime, list[PolicyInForce]]

    @classmethod
    def of(cls, store: GraphStore, *, scope: TenantScope, budgets: HealthSettings) -> Self:
        """Fresh loaders, with nothing read yet."""

        async def asked(keys: list[RequestKey]) -> list[requests.Request | None]:
            found: dict[RequestKey, requests.Request | None] = {}
            for known_at in dict.fromkeys(key.known_at for key in keys):
                ids = [key.id for key in keys if key.known_at == known_at]
                told = await requests.requests(store, ids, scope=scope, known_at=known_at)
                found.update(
                    (RequestKey(one, known_at), request)
                    for one, request in zip(ids, told, strict=True)
                )
            return [found[key] for key in keys]

        return cls(
            request=DataLoader(asked),
            fleet=_by_instant(
                lambda at: fleet.fleet(store, at=at, known_at=at, budgets=budgets),
            ),
            incidents=_by_instant(
                lambda at: fleet.incidents(store, active_at=at, known_at=at),
            ),
            changes=_by_instant(
                lambda at: fleet.changes(
                    store, start=at - RECENT_CHANGES, end=_just_after(at), known_at=at
                ),
            ),
            policies=_by_instant(
                lambda at: fleet.policies_in_force(store, at=at, known_at=at),
            ),
        )


def _just_after(at: datetime) -> datetime:
    """The end, itself left out, of a period that includes `at`."""
    return at + timedelta(microseconds=1)


def _by_instant(read: Callable[[datetime], Awaitable[T]]) -> DataLoader[datetime, T]:
    """A loader that reads each distinct instant once, a few at a time."""

    async def asked(instants: list[datetime]) -> Sequence[T]:
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(instant: datetime) -> T:
            async with places:
                return await read(instant)

        return await asyncio.gather(*(one(instant) for instant in instants))

    return DataLoader(asked)
