"""One request to one routing view: the view in memory, what is left, who may probe, what is booked.

Nothing here waits: the view is pushed, and what a pick takes is booked in memory and told to Redis
in the background.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Self

from graph.errors import HotUnavailable
from graph.hot.allowances.reservations import Reservations
from graph.hot.allowances.standing import standing
from graph.hot.connection import connect, translated
from graph.hot.probes import Probes
from graph.hot.reader import HotView
from graph.hot.routing.expectation import RoutingRequest
from graph.hot.routing.ranking import RoutingView, rank
from graph.settings import GraphSettings, HealthSettings


def _none() -> dict[tuple[bool, bool, bool], int]:
    return dict.fromkeys(product((True, False), (True, False), (True, False)), 0)


@dataclass(frozen=True, slots=True)
class Router:
    """Routes for one API process; make one with `open`."""

    view: HotView
    reservations: Reservations
    probes: Probes
    picks: dict[tuple[bool, bool, bool], int] = field(default_factory=_none)
    """How often it routed since its start: whether there was a candidate, whether the view was
    stale, whether the request will be sent."""

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, view: HotView, settings: GraphSettings, *, budgets: HealthSettings
    ) -> AsyncGenerator[Self]:
        """A router over a view that is followed, for as long as the block lasts.

        Raises `HotUnavailable` only where no address of Redis is given.
        """
        redis = connect(settings.redis_url, settings=settings)
        reservations = Reservations(redis, settings=settings)
        probes = Probes.open(settings.redis_url, settings, view=view.current, budgets=budgets)
        booking = asyncio.create_task(reservations.run(), name="reservations")
        try:
            yield cls(view, reservations, probes)
        finally:
            booking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await booking
            await probes.close()
            with contextlib.suppress(HotUnavailable), translated():
                await redis.aclose()

    def route(self, request: RoutingRequest, *, now: datetime) -> RoutingView:
        """Rank every deployment for a request; book what the first takes, if it will be sent."""
        view, stale = self.view.current(now), self.view.stale(now)
        tenant, user = request.tenant, request.user
        reserved = self.reservations.of(view, tenant=tenant, user=user, now=now)
        left = standing(view, tenant=tenant, user=user, reserved=reserved, now=now)
        permits = self.probes.held(now) if request.reserve else frozenset[str]()
        ranked = rank(request, view=view, now=now, stale=stale, standing=left, permits=permits)
        if not request.reserve:
            self.picks[ranked.best is not None, stale, False] += 1
            return ranked
        if ranked.probe_key is not None and not self.probes.use(ranked.probe_key):
            ranked = rank(request, view=view, now=now, stale=stale, standing=left)
        picked = ranked.best is not None
        self.picks[picked, stale, True] += 1
        if picked:
            self.reservations.add(
                view,
                tenant=tenant,
                user=user,
                cost_usd=ranked.expected_cost_usd,
                tokens=ranked.expected_tokens,
                now=now,
            )
        return ranked
