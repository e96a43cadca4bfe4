"""The learner: has quality learned again soon after scores land, and keeps the result in Redis."""

import asyncio
from collections.abc import Awaitable, Callable
from logging import getLogger
from typing import Any, Final

from graph.errors import RoutecauseError
from graph.hot import keys
from graph.hot.connection import translated
from graph.hot.quality import LearnedQuality

log = getLogger(__name__)

Learn = Callable[[], Awaitable[LearnedQuality]]
"""Learns from all scores that the graph holds now."""

QUALITY_INTERVAL_S: Final = 60.0
"""Quality is learned at least this often, for scores age and versions change without new ones."""
LOOK_INTERVAL_S: Final = 2.0
"""Learned again no sooner than this, and no sooner than ten times what the last time took."""
_STANDBY_S: Final = 0.2
_SHARE: Final = 10

Progress = tuple[bytes, int] | None
"""How far the writer is: the last entry given to it, and how many it holds."""


class Learner:
    """Learns while this process composes the view; the last result stays in force.

    A score can be learned from once the writer has put it into the graph, so the learner follows
    the writer: whenever it moved on since the last look, quality is learned again.
    """

    def __init__(self, redis: Any, *, learn: Learn, leads: Callable[[], bool]) -> None:
        """`redis` is a client of redis.asyncio; `leads` tells whether this process composes."""
        self._redis: Any = redis
        self._learn = learn
        self._leads = leads
        self._blob: bytes | None = None
        self._progress: Progress = None
        self._due_at = float("-inf")
        self._unlinked: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Learn until cancelled; what fails is tried again, ever more seldom."""
        retry_s = LOOK_INTERVAL_S
        while True:
            wait_s = _STANDBY_S
            if self._leads():
                wait_s = retry_s
                retry_s = min(2 * retry_s, QUALITY_INTERVAL_S)
                try:
                    wait_s = await self.look()
                    retry_s = LOOK_INTERVAL_S
                except RoutecauseError as error:
                    log.warning("quality not learned: %s", error)
                except Exception:  # scores that can't be learned from must not end the learning
                    log.exception("quality not learned")
            await asyncio.sleep(wait_s)

    async def look(self) -> float:
        """Learn if there can be news; the seconds until the next look is due.

        Raises `GraphUnavailable` and `HotUnavailable`.
        """
        clock = asyncio.get_running_loop().time
        kept, progress = await self._state()
        if not kept and self._blob is not None:
            # Redis was emptied: what was learned before is better than nothing.
            await self._keep(self._blob)
        if kept and progress == self._progress and clock() < self._due_at:
            return LOOK_INTERVAL_S
        started = clock()
        learned = await self._learn()
        self._blob = learned.to_json()
        await self._keep(self._blob)
        self._say_unlinked(learned)
        # Read before learning: what the writer did meanwhile is looked at next time.
        self._progress, self._due_at = progress, started + QUALITY_INTERVAL_S
        return max(LOOK_INTERVAL_S, _SHARE * (clock() - started))

    async def _state(self) -> tuple[bool, Progress]:
        """Whether Redis holds a table, and how far the writer is; None where there is no writer."""
        with translated():
            kept = bool(await self._redis.exists(keys.QUALITY))
            if not await self._redis.exists(keys.LOG):
                return kept, None
            groups: list[dict[str, Any]] = await self._redis.xinfo_groups(keys.LOG)
        for group in groups:
            if group["name"] == keys.WRITER.encode():
                return kept, (group["last-delivered-id"], group["pending"])
        return kept, None

    async def _keep(self, blob: bytes) -> None:
        with translated():
            await self._redis.set(keys.QUALITY, blob)

    def _say_unlinked(self, learned: LearnedQuality) -> None:
        """Warn of evaluators on a scale of their own, once for each."""
        unlinked = frozenset(
            f"{each.evaluator} {each.version}".strip()
            for each in learned.evaluators
            if each.say > 0 and not each.linked
        )
        for name in sorted(unlinked - self._unlinked):
            log.warning("evaluator %s scores nothing that others score: its scale is its own", name)
        self._unlinked = unlinked
