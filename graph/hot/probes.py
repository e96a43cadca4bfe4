"""Exactly one probe at a time for a half-open breaker, over all API processes.

For each half-open breaker one process holds the permit in Redis, taken ahead of need so that a pick
takes no round trip. The permit is used up by the pick that probes; its lease stays until the
outcome shows in the view, or until a probe can no longer be under way. Whatever happens to Redis,
nothing here raises or waits: a process that cannot renew its permit stops using it in time.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from logging import getLogger
from pathlib import Path
from time import monotonic
from typing import Any, Final, Self
from uuid import uuid4

from graph.breaker import BreakerState
from graph.errors import HotUnavailable
from graph.hot import keys
from graph.hot.connection import connect, heed_cancellation, translated
from graph.hot.snapshot import ViewSnapshot
from graph.settings import GraphSettings, HealthSettings

log = getLogger(__name__)

_LUA: Final = (Path(__file__).parent / "probe.lua").read_text()
_ROUND_S: Final = 0.1
"""Between two looks at the view."""
_USABLE_SHARE: Final = 1 / 6
"""Of its lease a permit is used only in the first part: the rest is for the probe itself."""
_BUSY_S: Final = 2.0
"""A process that picked within so long has traffic, and waits for permits that others hold."""
_RETRY_S: Final = (0.2, 1.0)
"""Between two tries for a permit that another holds: with traffic, and without."""
_ASIDE_S: Final = 1.0
"""For how long a process that gave a permit back lets others have it."""
_CHECK_S: Final = 1.0
"""How often an unused permit is renewed, and given back where another process waits for it."""
_OVER_S: Final = 10.0
"""For how long a probe that is over is remembered: views of other processes lag less behind."""
_BACKOFF_S: Final = 0.5
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True)
class _Permit:
    """A permit of this process for the probe after one failure; times in elapsed seconds."""

    failure: int
    granted_at: float
    usable_until: float
    lease_until: float
    used: bool = False


class Probes:
    """The permits of one API process. Make one with `open`; `close` it in the end."""

    def __init__(
        self,
        redis: Any,
        *,
        view: Callable[[datetime], ViewSnapshot],
        budgets: HealthSettings,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        """`redis` is a client of redis.asyncio; `view` gives the view at an instant.

        `elapsed` is a clock in seconds that never goes back.
        """
        self._redis: Any = redis
        self._script: Any = redis.register_script(_LUA)
        self._view = view
        self._lease_s = budgets.breaker_probe_s
        self._clock = clock
        self._elapsed = elapsed
        # One for the process: what a lost answer granted is its own when it asks again.
        self._token = uuid4().hex
        self._permits: dict[str, _Permit] = {}
        self._try_at: dict[str, float] = {}
        self._usable: frozenset[str] = frozenset()
        self._usable_until = float("inf")
        self._asked_at = float("-inf")
        self._running: asyncio.Task[None] | None = None

    @classmethod
    def open(
        cls,
        redis_url: str | None,
        settings: GraphSettings,
        *,
        view: Callable[[datetime], ViewSnapshot],
        budgets: HealthSettings | None = None,
    ) -> Self:
        """Start looking for permits; needs a running event loop and waits for nothing.

        Raises `HotUnavailable` only where no address of Redis is given.
        """
        limits = HealthSettings() if budgets is None else budgets
        probes = cls(connect(redis_url, settings=settings), view=view, budgets=limits)
        probes.start()
        return probes

    def start(self) -> None:
        """Look for permits in the background until closed."""
        self._running = asyncio.create_task(self._run(), name="probes")

    async def close(self) -> None:
        """Give unused permits back, so that others need not wait, and the connections."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        with contextlib.suppress(HotUnavailable):
            for key, permit in self._permits.items():
                if not permit.used:
                    await self._ask("free", key, permit.failure)
        self._permits.clear()
        self._refresh()
        with contextlib.suppress(HotUnavailable), translated():
            await self._redis.aclose()

    def held(self, now: datetime) -> frozenset[str]:
        """The breaker keys that a request picked at `now` may probe: in memory, at once."""
        del now  # permits run by a clock that never goes back
        self._asked_at = elapsed = self._elapsed()
        if elapsed >= self._usable_until:
            self._refresh()
        return self._usable

    def use(self, key: str) -> bool:
        """Use the permit of a breaker up: the request picked now is the probe.

        False where this process has no permit for it (any more): then it must not be sent.
        """
        permit = self._permits.get(key)
        if permit is None or permit.used or self._elapsed() >= permit.usable_until:
            return False
        permit.used = True
        self._refresh()
        return True

    def _refresh(self) -> None:
        elapsed = self._elapsed()
        usable = {
            key: permit.usable_until
            for key, permit in self._permits.items()
            if not permit.used and elapsed < permit.usable_until
        }
        self._usable = frozenset(usable)
        self._usable_until = min(usable.values(), default=float("inf"))

    async def _run(self) -> None:
        pause_s = min(_ROUND_S, self._lease_s * _USABLE_SHARE / 4)
        while True:
            try:
                await self.round()
                await asyncio.sleep(pause_s)
            except HotUnavailable as error:
                log.warning("no probe permitted: %s", error)
                await asyncio.sleep(_BACKOFF_S)
            except Exception:  # one view that is not understood must not end the probing
                log.warning("no probe permitted", exc_info=True)
                await asyncio.sleep(_BACKOFF_S)
            heed_cancellation()

    async def round(self) -> None:
        """Look at the view once: take, keep and give back what it asks for.

        Raises `HotUnavailable`.
        """
        failures = _failures(self._view(self._clock()))
        if not failures and not self._permits:
            self._try_at.clear()
            return
        try:
            for key, permit in list(self._permits.items()):
                await self._settle(key, permit, failure=failures.get(key))
            for key, failure in failures.items():
                if key not in self._permits and self._elapsed() >= self._try_at.get(key, 0.0):
                    await self._take(key, failure)
        finally:
            self._try_at = {k: at for k, at in self._try_at.items() if k in failures}
            self._refresh()

    async def _take(self, key: str, failure: int) -> None:
        permit = self._granted(failure)
        busy = permit.granted_at - self._asked_at < _BUSY_S
        retry_s = _RETRY_S[0] if busy else _RETRY_S[1]
        jitter = 0.5 + random.random()  # noqa: S311  # no secret
        self._try_at[key] = permit.granted_at + retry_s * jitter
        wait_s = 2 * retry_s if busy else 0.0
        if await self._ask("take", key, failure, other_s=wait_s):
            self._permits[key] = permit

    async def _settle(self, key: str, permit: _Permit, *, failure: int | None) -> None:
        """Bring one of our own permits in line with what the view says of its breaker."""
        elapsed = self._elapsed()
        if failure != permit.failure:
            # The breaker closed, or failed anew: the probe is over, and its outcome is in the view.
            del self._permits[key]
            over_s = min(_OVER_S, self._lease_s)
            action = "over" if permit.used else "free"
            await self._ask(action, key, permit.failure, other_s=over_s)
        elif elapsed >= permit.lease_until:
            del self._permits[key]
        elif not permit.used and elapsed >= permit.granted_at + min(_CHECK_S, self._usable_s / 2):
            await self._keep(key, permit)

    async def _keep(self, key: str, permit: _Permit) -> None:
        """Renew an unused permit, or give it back. It may be used while Redis is asked."""
        renewed = self._granted(permit.failure)
        answer = await self._ask("keep", key, permit.failure)
        if permit.used:
            return
        if answer == 1:
            self._permits[key] = renewed
            return
        # Locally first, so that it can't be used while it is given back.
        del self._permits[key]
        self._refresh()
        self._try_at[key] = self._elapsed() + _ASIDE_S
        if answer:
            await self._ask("free", key, permit.failure)

    def _granted(self, failure: int) -> _Permit:
        """A permit as it is when Redis grants it now: counted from before it is asked."""
        elapsed = self._elapsed()
        return _Permit(failure, elapsed, elapsed + self._usable_s, elapsed + self._lease_s)

    @property
    def _usable_s(self) -> float:
        return self._lease_s * _USABLE_SHARE

    async def _ask(self, action: str, key: str, failure: int, *, other_s: float = 0.0) -> int:
        """What `probe.lua` answers. Raises `HotUnavailable`."""
        lease_ms, other_ms = round(1000 * self._lease_s), round(1000 * other_s)
        with translated():
            answer = await self._script(
                keys=[keys.probe(key), keys.probe_wanted(key)],
                args=[action, self._token, failure, lease_ms, other_ms],
            )
        return int(answer)


def _failures(view: ViewSnapshot) -> dict[str, int]:
    """Which breakers are half-open, and when they failed last, in µs: a number for each failure."""
    found: dict[str, int] = {}
    for health in view.deployments:
        if health.breaker is BreakerState.HALF_OPEN:
            failed_at = health.breaker_failed_at or _EPOCH
            failure = (failed_at - _EPOCH) // timedelta(microseconds=1)
            key = health.breaker_key or health.deployment
            found[key] = max(failure, found.get(key, failure))
    return found
