"""The hot view in an API process: the newest snapshot in memory, pushed by Redis, never waited for.

Reading never raises and never waits. When Redis is slow, stopped, lost or empty the last snapshot
stays, is marked stale in time, and a background task keeps trying to get the next one.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from logging import getLogger
from typing import Any, Final, Self

from graph.errors import HotUnavailable
from graph.hot import keys
from graph.hot.connection import connect, heed_cancellation, translated
from graph.hot.evidence import decoded_told
from graph.hot.snapshot import EMPTY, UserFacts, UserKey, UserRule, ViewSnapshot, aged, from_json
from graph.settings import GraphSettings, HealthSettings

log = getLogger(__name__)

CHECK_INTERVAL_S: Final = 1.0
"""How often the version is looked at where no push came."""
USERS_READ_PER_S: Final = 10_000
"""All users are read again at once, but no oftener than this rate allows."""
_USERS_PAGE: Final = 5_000
_BACKOFF_S: Final = (0.1, 2.0)
_OPEN_LIMIT_S: Final = 1.0
_AGED_FOR: Final = timedelta(seconds=1)


def _clock() -> datetime:
    return datetime.now(UTC)


class HotView:
    """The newest view. Make one with `open`; `close` it in the end."""

    def __init__(
        self,
        redis: Any,
        *,
        settings: GraphSettings,
        budgets: HealthSettings,
        clock: Callable[[], datetime] = _clock,
    ) -> None:
        """`redis` is a client of redis.asyncio, whose annotations say too little to be used."""
        self._redis: Any = redis
        self._settings = settings
        self._budgets = budgets
        self._clock = clock
        self._snapshot = EMPTY
        self._aged: tuple[datetime, ViewSnapshot] | None = None
        self._users_version = 0
        self._users: dict[UserKey, UserFacts] = {}
        self._users_read_at = float("-inf")
        self._next = asyncio.Event()
        self._first = asyncio.Event()
        self._following: asyncio.Task[None] | None = None
        self._connected = False

    @classmethod
    async def open(
        cls,
        redis_url: str | None,
        settings: GraphSettings,
        *,
        budgets: HealthSettings | None = None,
        clock: Callable[[], datetime] = _clock,
    ) -> Self:
        """Start following the view; waits at most a second for the first, and needs none.

        Raises `HotUnavailable` only where no address of Redis is given.
        """
        limits = HealthSettings() if budgets is None else budgets
        view = cls(
            connect(redis_url, settings=settings), settings=settings, budgets=limits, clock=clock
        )
        view._following = asyncio.create_task(view._follow(), name="hot-view")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OPEN_LIMIT_S):
                await view._first.wait()
        return view

    async def close(self) -> None:
        """Stop following and give the connections back."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following
        with contextlib.suppress(HotUnavailable), translated():
            await self._redis.aclose()

    @property
    def snapshot(self) -> ViewSnapshot:
        """The newest view as it was composed; `EMPTY` before the first."""
        return self._snapshot

    def stale(self, now: datetime) -> bool:
        """Whether the newest view was not renewed in time, or Redis does not answer just now."""
        return not self._connected or self._renewed_late(now)

    def _renewed_late(self, now: datetime) -> bool:
        return self._snapshot.stale(now=now, settings=self._settings)

    def current(self, now: datetime) -> ViewSnapshot:
        """The newest view as it must be read at `now`: aged where it was not renewed in time."""
        if not self._renewed_late(now):
            return self._snapshot
        if self._aged is None or not timedelta(0) <= now - self._aged[0] < _AGED_FOR:
            self._aged = (now, aged(self._snapshot, now=now, budgets=self._budgets))
        return self._aged[1]

    async def changes(self) -> AsyncGenerator[ViewSnapshot]:
        """The view now, then each new one; slow readers get only the newest.

        A view that turns stale is given too, aged, and again as long as it stays so.
        """
        sent: ViewSnapshot | None = None
        while True:
            coming = self._next
            current = self.current(self._clock())
            if current is not sent:
                sent = current
                yield current
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_INTERVAL_S):
                    await coming.wait()

    async def _follow(self) -> None:
        """Follow the view until cancelled, connecting again as often as needed."""
        shortest_s, longest_s = _BACKOFF_S
        delay_s = shortest_s
        while True:
            version_before = self._snapshot.version
            try:
                await self._listen()
            except HotUnavailable as error:
                log.warning("hot view not read: %s", error)
            except Exception:  # a view that can't be read must not end the following
                log.warning("hot view not understood", exc_info=True)
            self._connected = False
            if self._snapshot.version != version_before:
                delay_s = shortest_s
            await asyncio.sleep(delay_s * (0.5 + random.random() / 2))  # noqa: S311  # jitter only
            delay_s = min(longest_s, 2 * delay_s)

    async def _listen(self) -> None:
        """Read the view and then each new one, until something fails."""
        with translated():
            async with self._redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                await pubsub.subscribe(keys.VIEW_CHANGED)
                while True:
                    await self._read_newest()
                    await self._drained(pubsub)
                    heed_cancellation()

    async def _drained(self, pubsub: Any) -> None:
        """Wait for a push, though not for long, and drop those that came with it."""
        waiting_s = CHECK_INTERVAL_S
        while await pubsub.get_message(timeout=waiting_s) is not None:
            waiting_s = 0.0

    async def _read_newest(self) -> None:
        version = await self._redis.get(keys.VIEW_VERSION)
        self._connected = True
        if version is None or version.decode() == self._snapshot.version:
            self._first.set()
            return
        blob = await self._redis.get(keys.VIEW)
        if blob is None:
            return
        snapshot = from_json(blob)
        await self._read_users(snapshot.users_version)
        self._snapshot = replace(snapshot, users=self._users)
        self._first.set()
        woken, self._next = self._next, asyncio.Event()
        woken.set()

    async def _read_users(self, version: int) -> None:
        """Read all users again where any was configured, though not too often."""
        now_s = asyncio.get_running_loop().time()
        soonest_s = self._users_read_at + len(self._users) / USERS_READ_PER_S
        if version == self._users_version or now_s < soonest_s:
            return
        users: dict[UserKey, UserFacts] = {}
        cursor = 0
        while True:
            page: dict[bytes, bytes]
            cursor, page = await self._redis.hscan(
                keys.told("user"), cursor=cursor, count=_USERS_PAGE
            )
            for name, value in page.items():
                tenant, user = keys.tenant_and_user(name.decode())
                users[tenant, user] = _user(tenant, user, told=decoded_told(value))
            if not cursor:
                break
        self._users, self._users_version, self._users_read_at = users, version, now_s


def _user(tenant: str, user: str, *, told: dict[str, Any]) -> UserFacts:
    preferences: dict[str, Any] = told.get("preferences") or {}
    return UserFacts(
        tenant=tenant,
        user=user,
        tier=told["tier"],
        optimise_for=preferences.get("optimise_for"),
        prefer=tuple(preferences.get("prefer") or ()),
        avoid=tuple(preferences.get("avoid") or ()),
        rules=tuple(
            UserRule(
                when=rule["when"],
                use=tuple(rule.get("use") or ()),
                avoid=tuple(rule.get("avoid") or ()),
            )
            for rule in told.get("rules") or ()
        ),
        requests_per_day=told.get("requests_per_day"),
        daily_budget_usd=told.get("daily_budget_usd"),
    )
