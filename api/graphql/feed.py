"""The fleet as it changes, for subscribers: a full picture, then only what is different."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, contextmanager, suppress

from graph.errors import Overloaded
from graph.health import DeploymentHealth, same_state
from graph.hot.reader import HotView

_RETRY_S = 10.0


class Feed:
    """The open subscriptions of one process: how many there are, and when all of them end."""

    def __init__(self, view: HotView, *, limit: int) -> None:
        self._view = view
        self._limit = limit
        self._closing = asyncio.Event()
        self.open = 0

    def close(self) -> None:
        """End all subscriptions, and let no new one begin. Safe to call twice."""
        self._closing.set()

    async def fleet(self) -> AsyncGenerator[Sequence[DeploymentHealth]]:
        """All deployments first, then those whose state differs, until closed.

        Raises Overloaded where as many are open as may be.
        """
        with self.place():
            told: dict[str, DeploymentHealth] | None = None
            async with aclosing(self._until_closed()) as pictures:
                async for picture in pictures:
                    now = {health.deployment: health for health in picture}
                    changed = [
                        health
                        for name, health in now.items()
                        if told is None or name not in told or not same_state(told[name], health)
                    ]
                    if changed or told is None:
                        yield changed
                    told = now

    @contextmanager
    def place(self) -> Generator[None]:
        """One of the places for subscriptions, for as long as the block lasts.

        Raises Overloaded where none is free, or the service stops.
        """
        if self._closing.is_set():
            raise Overloaded("the service is stopping; subscribe again", retry_after_s=_RETRY_S)
        if self.open >= self._limit:
            raise Overloaded(
                f"{self._limit} subscriptions are open; try again later", retry_after_s=_RETRY_S
            )
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    async def _until_closed(self) -> AsyncGenerator[Sequence[DeploymentHealth]]:
        closing = asyncio.create_task(self._closing.wait())
        try:
            async with aclosing(self._view.changes()) as snapshots:
                while True:
                    coming = asyncio.ensure_future(anext(snapshots))
                    try:
                        await asyncio.wait({coming, closing}, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        if not coming.done():
                            coming.cancel()
                            with suppress(asyncio.CancelledError):
                                await coming
                    if closing.done():
                        return
                    snapshot = coming.result()
                    # Before the first view nothing is known, not even that there is no deployment.
                    if snapshot.version:
                        yield snapshot.deployments
        finally:
            closing.cancel()
