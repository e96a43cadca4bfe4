"""What is remembered of questions: conversations for a while, what each question cost, a day's sum.

In Redis, so that any process can go on where another was. Everything is kept apart by who may see
it: a conversation begun with one set of tenants is not there for another. Redis being away costs
the memory, never the answer.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from logging import getLogger
from typing import Any, Final, Self

from pydantic import TypeAdapter, ValidationError

from agent.answer import Answer
from agent.settings import AgentSettings
from agent.understanding.question import Intent, Method, Question
from graph.errors import HotUnavailable
from graph.hot.connection import connect, translated
from graph.scope import TenantScope
from graph.settings import GraphSettings

log = getLogger(__name__)

CONVERSATIONS_AT_MOST: Final = 1_000
"""Of one set of tenants; the longest unused are forgotten first."""
ASKED_AT_MOST: Final = 1_000
_SPENT_KEPT_S: Final = int(timedelta(days=40).total_seconds())
_NANO: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a conversation, and what was answered."""

    question: Question
    text: str


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question that was answered, how, and what it cost. Money in US dollars."""

    id: str
    at: datetime
    question: str
    intent: Intent | None
    method: Method
    confidence: float
    certain: bool
    degraded: bool
    latency_ms: float
    cost_usd: float
    conversation: str


_TURNS: Final = TypeAdapter(list[Turn])
_ASKED: Final = TypeAdapter(AskedQuestion)


class Memory:
    """Conversations and questions. Make one with `open`; `close` it in the end."""

    def __init__(self, redis: Any, *, settings: AgentSettings) -> None:
        """`redis` is a client of redis.asyncio, whose annotations say too little to be used."""
        self._redis: Any = redis
        self._settings = settings

    @classmethod
    def open(cls, graph: GraphSettings, *, settings: AgentSettings) -> Self:
        """A memory that connects on first use. Raises HotUnavailable where there is no address."""
        return cls(connect(graph.redis_url, settings=graph), settings=settings)

    async def close(self) -> None:
        """Give the connections back."""
        await self._redis.aclose()

    async def turns(self, conversation: str, *, scope: TenantScope) -> Sequence[Turn]:
        """The last questions of a conversation, oldest first; none where it is not known."""
        try:
            with translated():
                told = await self._redis.get(_conversation(scope, conversation))
            return _TURNS.validate_json(told) if told else ()
        except HotUnavailable as error:
            log.warning("a conversation was not found: %s", error)
        except ValidationError as error:
            # Another release wrote it otherwise.
            log.warning("a conversation could not be read: %d errors", error.error_count())
        return ()

    async def keep(self, answer: Answer, *, turns: Sequence[Turn], scope: TenantScope) -> None:
        """Keep the turns of its conversation, what was asked, and what it cost."""
        kept = list(turns)[-self._settings.conversation_turns :]
        name, index = _conversation(scope, answer.conversation), _key(scope, "conversations")
        asked = AskedQuestion(
            id=answer.id,
            at=answer.asked_at,
            question=answer.question,
            intent=answer.intent,
            method=answer.method,
            confidence=answer.confidence,
            certain=answer.certain,
            degraded=answer.degraded,
            latency_ms=answer.latency_ms,
            cost_usd=answer.cost_usd,
            conversation=answer.conversation,
        )
        kept_ms = max(int(1000 * self._settings.conversation_s), 1)
        try:
            with translated():
                async with self._redis.pipeline(transaction=False) as pipe:
                    pipe.set(name, _TURNS.dump_json(kept), px=kept_ms)
                    pipe.zadd(index, {name: answer.asked_at.timestamp()})
                    pipe.pexpire(index, kept_ms)
                    pipe.zrange(index, 0, -CONVERSATIONS_AT_MOST - 1)
                    pipe.zremrangebyrank(index, 0, -CONVERSATIONS_AT_MOST - 1)
                    pipe.lpush(_key(scope, "asked"), _ASKED.dump_json(asked))
                    pipe.ltrim(_key(scope, "asked"), 0, ASKED_AT_MOST - 1)
                    done = await pipe.execute()
                if done[3]:
                    await self._redis.delete(*done[3])
        except HotUnavailable as error:
            log.warning("a question was not kept: %s", error)

    async def asked(self, *, first: int, scope: TenantScope) -> Sequence[AskedQuestion]:
        """The last questions that were asked, the newest first. Raises HotUnavailable."""
        with translated():
            told = await self._redis.lrange(_key(scope, "asked"), 0, first - 1)
        found: list[AskedQuestion] = []
        for one in told:
            # Another release may have written it otherwise; the others can still be told.
            with suppress(ValidationError):
                found.append(_ASKED.validate_json(one))
        return found

    async def spend(self, cost_usd: float, *, at: datetime) -> None:
        """Add to what was spent on Claude on the day of `at` (UTC), by everybody together."""
        if cost_usd <= 0:
            return
        name = _spent(at)
        try:
            with translated():
                async with self._redis.pipeline(transaction=False) as pipe:
                    pipe.incrby(name, round(cost_usd * _NANO))
                    pipe.expire(name, _SPENT_KEPT_S)
                    await pipe.execute()
        except HotUnavailable as error:
            log.warning("what a question cost was not counted: %s", error)

    async def spent_usd(self, *, at: datetime) -> float:
        """What was spent on Claude on the day of `at` (UTC). Raises HotUnavailable."""
        with translated():
            told = await self._redis.get(_spent(at))
        return int(told or 0) / _NANO


def _key(scope: TenantScope, name: str) -> str:
    tenants = scope.parameter
    whose = "all" if tenants is None else hashlib.sha256(repr(tenants).encode()).hexdigest()[:16]
    return f"rc:agent:{whose}:{name}"


def _conversation(scope: TenantScope, conversation: str) -> str:
    return _key(scope, f"conversation:{conversation}")


def _spent(at: datetime) -> str:
    return f"rc:agent:spent:{at.astimezone(UTC):%Y-%m-%d}"
