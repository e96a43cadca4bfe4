"""The composer: evidence to one versioned view, renewed whenever something or the clock moved on.

Of several projectors one composes, by a lease in Redis; the others apply evidence and stand by.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from logging import getLogger
from typing import Any, Final
from uuid import uuid4

from redis.asyncio import Redis

from graph.errors import HotUnavailable
from graph.health import assess_fleet
from graph.hot import keys
from graph.hot.allowances.accountant import Accountant, AccountBook
from graph.hot.connection import translated
from graph.hot.learner import Learn, Learner
from graph.hot.projection import Projection
from graph.hot.snapshot import ViewSnapshot
from graph.settings import GraphSettings, HealthSettings

log = getLogger(__name__)

TICK_S: Final = 1.0
"""A view is renewed at least this often, so that silence shows."""
LEASE_MS: Final = 3_000
_RETRY_S: Final = 0.5

_LEASE_LUA: Final = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_PUBLISH_LUA: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('SET', KEYS[2], ARGV[4])
redis.call('SET', KEYS[3], ARGV[3])
redis.call('PUBLISH', ARGV[5], ARGV[3])
return 1
"""
_RELEASE_LUA: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
"""


def _clock() -> datetime:
    return datetime.now(UTC)


class Composer:
    """Composes and publishes the view until told to stop."""

    def __init__(
        self,
        redis: Redis,
        *,
        settings: GraphSettings,
        budgets: HealthSettings,
        learned_quality: Learn | None = None,
        accountant: Accountant | None = None,
        clock: Callable[[], datetime] = _clock,
    ) -> None:
        self._redis = redis
        self._settings = settings
        self._budgets = budgets
        self._leads = False
        self._learner = learned_quality and Learner(
            redis, learn=learned_quality, leads=lambda: self._leads
        )
        self._accountant = accountant
        self._accounts = AccountBook()
        self._clock = clock
        self._token = uuid4().hex
        self._projection = Projection(redis, budgets=budgets)
        self._lease = redis.register_script(_LEASE_LUA)
        self._publish = redis.register_script(_PUBLISH_LUA)
        self._release = redis.register_script(_RELEASE_LUA)
        self._touched = asyncio.Event()
        self._published_at: datetime | None = None

    def touch(self) -> None:
        """Evidence was applied here: compose as soon as the interval allows."""
        self._touched.set()

    async def run(self) -> None:
        """Compose until cancelled; whatever Redis does, this goes on when it is back."""
        beside = [
            asyncio.create_task(each.run(), name=type(each).__name__)
            for each in (self._learner, self._accountant)
            if each is not None
        ]
        try:
            while True:
                started = asyncio.get_running_loop().time()
                try:
                    await self.compose()
                except HotUnavailable as error:
                    log.warning("no view composed: %s", error)
                    await asyncio.sleep(_RETRY_S)
                await self._pause(started)
        finally:
            for each in beside:
                each.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            with contextlib.suppress(HotUnavailable):
                await self.release()

    async def _pause(self, started: float) -> None:
        """Wait out the interval since `started`, and then for news, though not for long."""
        interval_s = self._settings.view_interval_ms / 1000
        spent_s = asyncio.get_running_loop().time() - started
        await asyncio.sleep(max(0.0, interval_s - spent_s))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(interval_s):
                await self._touched.wait()

    async def compose(self) -> ViewSnapshot | None:
        """One round: the view published, or None where nothing changed or another composes.

        Raises `HotUnavailable`.
        """
        self._touched.clear()
        now = self._clock()
        with translated():
            args = [self._token, LEASE_MS]
            self._leads = bool(await self._lease(keys=[keys.VIEW_LEASE], args=args))
        if not self._leads:
            return None
        changed = await self._projection.refresh(now=now)
        changed = await self._settled(now=now) or changed
        if not changed and self._published_at is not None:
            quiet_s = (now - self._published_at) / timedelta(seconds=1)
            if 0 <= quiet_s < TICK_S:
                return None
        snapshot = self._composed(now=now, behind_s=await self._behind_s(now=now))
        with translated():
            published = await self._publish(
                keys=[keys.VIEW_LEASE, keys.VIEW, keys.VIEW_VERSION],
                args=[
                    self._token,
                    LEASE_MS,
                    snapshot.version,
                    snapshot.to_json(),
                    keys.VIEW_CHANGED,
                ],
            )
        if not published:
            return None
        self._published_at = now
        return snapshot

    async def _settled(self, *, now: datetime) -> bool:
        """Have the accounts as of now; whether they changed. The last ones stay on a failure."""
        if self._accountant is None:
            return False
        before = self._accounts
        try:
            self._accounts = await self._accountant.refresh(now=now)
        except HotUnavailable as error:
            log.warning("accounts not settled: %s", error)
        return self._accounts != before

    def _composed(self, *, now: datetime, behind_s: float) -> ViewSnapshot:
        held = self._projection
        facts = held.facts()
        evidence = held.evidence(facts=facts, now=now)
        return ViewSnapshot(
            version=f"{now.timestamp() * 1000:.0f}",
            as_of=now,
            built=held.built,
            behind_s=behind_s,
            deployments=assess_fleet(evidence, now=now, budgets=self._budgets),
            facts=facts,
            tiers=held.tiers(),
            tenants=held.tenants(),
            policies=held.policies(),
            refused_policies=held.refused_policies(),
            experiments=held.experiments(),
            incidents=held.incidents(facts=facts, now=now),
            maintenance=held.maintenance(now=now),
            quality=held.learned.cells,
            quality_as_of=held.learned.as_of,
            evaluators=held.learned.evaluators,
            tokens=held.tokens,
            work=held.work,
            users_version=held.users_version,
            accounts=self._accounts.accounts,
            accounts_version=self._accounts.version,
            live_processes=self._accounts.processes,
        )

    async def _behind_s(self, *, now: datetime) -> float:
        """How long the oldest entry that no projector was given yet has been in the log."""
        with translated():
            if not await self._redis.exists(keys.LOG):
                return 0.0
            groups: list[dict[str, Any]] = await self._redis.xinfo_groups(keys.LOG)
            for group in groups:
                if group["name"] != keys.GROUP.encode() or group.get("lag") == 0:
                    continue
                after = f"({group['last-delivered-id'].decode()}"
                waiting: Any = await self._redis.xrange(keys.LOG, min=after, count=1)
                if waiting:
                    appended_ms = int(waiting[0][0].partition(b"-")[0])
                    return max(0.0, now.timestamp() - appended_ms / 1000)
        return 0.0

    async def release(self) -> None:
        """Let another projector compose at once. Raises `HotUnavailable`."""
        with translated():
            await self._release(keys=[keys.VIEW_LEASE], args=[self._token])
