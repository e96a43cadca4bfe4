"""`Routecause`: ask which deployment serves a request, and tell how it went.

Neither waits for anything longer than the deadline, and neither raises because the service is slow,
wrong or gone: routing answers from memory, marked so, and recording goes on in the background.
"""

import asyncio
import atexit
import contextlib
import os
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, NotRequired, TypedDict, Unpack
from uuid import uuid4
from weakref import WeakSet

import httpx

from routecause.choice import Choice, Fallback, Method, NoView, Request, choice_of
from routecause.engine import Engine, Reply, Verify
from routecause.events import DEFAULT_TIER, Envelope, Outcome, Status, request_completed
from routecause.gate import Gate, Way
from routecause.memory import ViewMemory
from routecause.recorder import Counters, OnRejected, Recorder

DEADLINE_MS: Final = 25.0
ASK_LIMIT_S: Final = 2.0
"""How long an answer that came too late for its request is still waited for, to be remembered."""
AT_EXIT_S: Final = 2.0
WARM_UP_S: Final = 0.5
"""How long a new client waits at most for its first connection."""
_CALLERS_MISTAKES: Final = frozenset({400, 404, 405, 413, 422})


class Asked(TypedDict):
    """What `route` takes; see Request."""

    user: str
    task_type: str
    prompt_tokens: int
    tenant: NotRequired[str | None]
    tier: NotRequired[str | None]
    max_completion_tokens: NotRequired[int | None]
    max_latency_ms: NotRequired[float | None]
    max_cost_usd: NotRequired[float | None]
    min_quality: NotRequired[float | None]
    capabilities: NotRequired[Sequence[str]]
    labels: NotRequired[Mapping[str, str]]
    reserve: NotRequired[bool]


class NoViewError(Exception):
    """No view and none remembered, for callers that asked for an exception."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The memory that a client takes at most."""

    views: int = 1_000
    views_bytes: int = 16_000_000
    events: int = 20_000
    events_bytes: int = 32_000_000


@dataclass(frozen=True, slots=True)
class _Answer:
    """A view, or why there is none; `mistake` where asking again is of no use."""

    choice: Choice | None = None
    problem: str | None = None
    mistake: bool = False


class Routecause:
    """A client for any number of threads and event loops; one for a process is enough.

    `deadline_ms` is the longest that `route` waits. `source` names the sender of events.
    `default_tier` is told of requests whose tier neither the caller nor the service named.
    `on_rejected` is called in the background with each event that the service refused.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        key: str | None = None,
        deadline_ms: float = DEADLINE_MS,
        source: str | None = None,
        tenant: str | None = None,
        default_tier: str = DEFAULT_TIER,
        limits: Limits | None = None,
        on_rejected: OnRejected | None = None,
        verify: Verify = True,
    ) -> None:
        self._url, self._key, self._verify = url, key, verify
        self._deadline_ms = deadline_ms
        self._source = source or f"//{socket.gethostname()}/routecause-client"
        self._tenant = tenant
        self._default_tier = default_tier
        self._limits = limits or Limits()
        self._on_rejected = on_rejected
        self._closed = False
        warm = self._start()
        _open.add(self)
        # Loading what connections need takes longer than a deadline, once for a process.
        with contextlib.suppress(FutureTimeout):
            warm.result(WARM_UP_S)

    def _start(self) -> "Future[None]":
        """Set everything up; the first connection is made in the background."""
        headers = {"User-Agent": "routecause-python"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        limits = self._limits
        self._gate = Gate()
        self._memory = ViewMemory(count_limit=limits.views, bytes_limit=limits.views_bytes)
        self._engine = Engine(self._url, headers=headers, verify=self._verify)
        self._recorder = Recorder(
            self._engine,
            count_limit=limits.events,
            bytes_limit=limits.events_bytes,
            on_rejected=self._on_rejected,
        )
        return self._engine.submit(lambda: self._engine.warm_up(ASK_LIMIT_S))

    @property
    def counters(self) -> Counters:
        """What became of the events recorded so far."""
        return self._recorder.counters

    @property
    def views_remembered(self) -> int:
        """How many views could be answered from."""
        return len(self._memory)

    def route(
        self, *, deadline_ms: float | None = None, must: bool = False, **asked: Unpack[Asked]
    ) -> Choice:
        """Which deployments may serve a request, in which order, and why.

        Within the deadline the answer is the service's; else the last view for the like request,
        stale and with its age; else a `NoView`, or with `must` a NoViewError. `reserve=False` is
        for shadow use: it books neither budget nor quota.
        """
        return self.choose(self._request(asked), deadline_ms=deadline_ms, must=must)

    def choose(
        self, request: Request, *, deadline_ms: float | None = None, must: bool = False
    ) -> Choice:
        """`route` for a Request."""
        started_s, limit_s = time.monotonic(), self._limit_s(deadline_ms)
        asked = self._asked(request, started_s=started_s, limit_s=limit_s)
        answer: _Answer | None = None
        if asked is not None:
            with contextlib.suppress(FutureTimeout):
                answer = asked.result(max(0.0, limit_s - (time.monotonic() - started_s)))
        return self._choice(request, asked, answer, limit_s=limit_s, must=must)

    async def aroute(
        self, *, deadline_ms: float | None = None, must: bool = False, **asked: Unpack[Asked]
    ) -> Choice:
        """`route` without blocking the event loop."""
        return await self.achoose(self._request(asked), deadline_ms=deadline_ms, must=must)

    async def achoose(
        self, request: Request, *, deadline_ms: float | None = None, must: bool = False
    ) -> Choice:
        """`aroute` for a Request."""
        started_s, limit_s = time.monotonic(), self._limit_s(deadline_ms)
        asked = self._asked(request, started_s=started_s, limit_s=limit_s)
        answer: _Answer | None = None
        if asked is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit_s - (time.monotonic() - started_s)):
                    answer = await _awaited(asked)
        return self._choice(request, asked, answer, limit_s=limit_s, must=must)

    def record(
        self,
        choice: Choice,
        *,
        request_id: str,
        latency_ms: float,
        cost_usd: float,
        status: Status = "ok",
        completion_tokens: int = 0,
        error_type: str | None = None,
        ttft_ms: float | None = None,
        queue_ms: float | None = None,
        retries: int | None = None,
        cache_hit: bool | None = None,
        deployment: str | None = None,
        fallback_from: Sequence[Fallback] = (),
        method: Method | None = None,
        reasons: Sequence[str] = (),
        rejected: Mapping[str, str] | None = None,
        tier: str | None = None,
        session: str | None = None,
        labels: Mapping[str, str] | None = None,
        at: datetime | None = None,
    ) -> bool:
        """Tell how a request went, with the decision behind it. Never blocks, never raises.

        `deployment` is where it went where that is not the choice's own first; `fallback_from` are
        the deployments that failed before, each alone or with its cause; `rejected` are the
        router's own reasons against candidates, by deployment. `at` is when the request
        arrived, by default when it was routed. False where it cannot be an event.
        """
        try:
            outcome = Outcome(
                latency_ms=latency_ms,
                cost_usd=cost_usd,
                status=status,
                completion_tokens=completion_tokens,
                error_type=error_type,
                ttft_ms=ttft_ms,
                queue_ms=queue_ms,
                retries=retries,
                cache_hit=cache_hit,
            )
            decision = choice.decision(
                deployment,
                method=method,
                fallback_from=fallback_from,
                reasons=reasons,
                rejected=rejected,
            )
            data = request_completed(
                choice.request,
                request_id=request_id,
                tier=tier or choice.request.tier or choice.tier or self._default_tier,
                decision=decision,
                outcome=outcome,
                session=session,
                labels=labels,
            )
        except (AttributeError, TypeError, ValueError) as error:
            self._recorder.refuse(str(error))
            return False
        when = at or choice.asked_at
        return self.tell("request.completed", data, at=when, tenant=choice.request.tenant)

    def score(
        self,
        request_id: str,
        *,
        evaluator: str,
        score: float,
        evaluator_version: str | None = None,
        kind: str | None = None,
        comment: str | None = None,
        at: datetime | None = None,
        tenant: str | None = None,
    ) -> bool:
        """Tell how good an answer was, in [0, 1], at any time. Never blocks, never raises."""
        told = {
            "request_id": request_id,
            "evaluator": evaluator,
            "score": score,
            "evaluator_version": evaluator_version,
            "kind": kind,
            "comment": comment,
        }
        data = {name: value for name, value in told.items() if value is not None}
        return self.tell("quality.scored", data, at=at, tenant=tenant)

    def tell(
        self,
        kind: str,
        data: Mapping[str, Any],
        *,
        at: datetime | None = None,
        tenant: str | None = None,
        event_id: str | None = None,
    ) -> bool:
        """Send any event of the contract, e.g. `change.applied`. Never blocks, never raises."""
        try:
            event = Envelope(
                source=self._source,
                id=event_id or uuid4().hex,
                type=kind,
                at=at or datetime.now(UTC),
                tenant=tenant if tenant is not None else self._tenant,
                data=data,
            ).as_json()
        except (AttributeError, TypeError, ValueError) as error:
            self._recorder.refuse(str(error))
            return False
        return self._recorder.add(event)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until the service has all events. False where it has not in time."""
        return self._recorder.flush(timeout_s)

    def close(self, timeout_s: float = 10.0) -> bool:
        """Send what waits, then stop. False where events were left over."""
        if self._closed:
            return True
        self._closed = True
        _open.discard(self)
        sent = self._recorder.flush(timeout_s)
        self._engine.close()
        return sent

    def __enter__(self) -> "Routecause":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _request(self, asked: Asked) -> Request:
        request = Request(**asked)
        capabilities = tuple(sorted(set(request.capabilities)))
        tenant = request.tenant if request.tenant is not None else self._tenant
        return replace(request, tenant=tenant, capabilities=capabilities)

    def _limit_s(self, deadline_ms: float | None) -> float:
        return (self._deadline_ms if deadline_ms is None else deadline_ms) / 1_000

    def _asked(
        self, request: Request, *, started_s: float, limit_s: float
    ) -> "Future[_Answer] | None":
        """Ask as the gate says; None where nobody is to wait for the answer."""
        way = self._gate.way(started_s)
        if way is Way.REMEMBER:
            return None
        try:
            asked = self._engine.submit(lambda: self._ask(request, limit_s=limit_s))
        except RuntimeError:
            self._gate.failed("the client is closed", now_s=started_s)
            return None
        return asked if way is Way.ASK else None

    def _choice(
        self,
        request: Request,
        asked: "Future[_Answer] | None",
        answer: _Answer | None,
        *,
        limit_s: float,
        must: bool,
    ) -> Choice:
        now, asked_at = time.monotonic(), datetime.now(UTC)
        problem = self._gate.problem or "the service did not answer lately"
        if asked is not None and answer is None:
            problem = f"no answer within {limit_s * 1_000:.0f} ms"
            self._gate.failed(problem, now_s=now)
        elif answer is not None and answer.choice is not None:
            return replace(answer.choice, asked_at=asked_at)
        elif answer is not None:
            problem = answer.problem or problem
        known = None if answer is not None and answer.mistake else self._memory.recall(request)
        if known is None:
            if must:
                raise NoViewError(problem)
            return NoView(request=request, stale=True, asked_at=asked_at, problem=problem)
        view = choice_of(known.body, request=request)
        return replace(
            view,
            stale=True,
            remembered=True,
            age_ms=(now - known.given_at_s) * 1_000,
            problem=problem,
            asked_at=asked_at,
            warnings=(*view.warnings, *known.warnings),
        )

    async def _ask(self, request: Request, *, limit_s: float) -> _Answer:
        """Ask the service, and tell the gate how it went; runs in the engine."""
        started_s = time.monotonic()
        try:
            body = httpx.Request("POST", self._url, json=request.as_json()).content
            reply = await self._engine.post(
                "/v1/route", body, kind="application/json", limit_s=max(ASK_LIMIT_S, limit_s)
            )
        except (httpx.HTTPError, OSError, ValueError, TypeError) as error:
            problem = f"the service does not answer: {type(error).__name__}"
            self._gate.failed(problem, now_s=time.monotonic())
            return _Answer(problem=problem)
        return self._judged(request, reply, started_s=started_s, limit_s=limit_s)

    def _judged(
        self, request: Request, reply: Reply, *, started_s: float, limit_s: float
    ) -> _Answer:
        now = time.monotonic()
        if reply.status == 200:
            try:
                choice = choice_of(reply.body, request=request)
            except (ValueError, KeyError, TypeError):
                problem = "the answer is no view; is this the address of Routecause?"
                self._gate.failed(problem, now_s=now)
                return _Answer(problem=problem)
            self._memory.keep(request, reply.body, now_s=now)
            if now - started_s <= limit_s:
                self._gate.succeeded(now)
            else:
                late = f"no answer within {limit_s * 1_000:.0f} ms"
                self._gate.failed(late, now_s=now)
            return _Answer(choice=choice)
        said = reply.body[:500].decode("utf-8", "replace")
        problem = f"the service answered {reply.status}: {said}"
        if reply.status in _CALLERS_MISTAKES:
            self._gate.succeeded(now)
            return _Answer(problem=problem, mistake=True)
        self._gate.failed(problem, now_s=now, retry_after_s=reply.retry_after_s)
        return _Answer(problem=problem)

    def _forked(self) -> None:
        """In a child process: its own thread, connections and queue; the parent sends its own."""
        self._start()


async def _awaited(asked: "Future[_Answer]") -> _Answer:
    """The answer of another thread. Giving up waiting leaves the asking to its own limit."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[_Answer] = loop.create_future()

    def settle() -> None:
        if not told.done():
            told.set_result(asked.result())

    def tell(_: object) -> None:
        # The caller's loop may be gone by then.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle)

    asked.add_done_callback(tell)
    return await told


_open: "WeakSet[Routecause]" = WeakSet()


def _close_all() -> None:
    for client in list(_open):
        client.close(AT_EXIT_S)


def _fork_all() -> None:
    for client in list(_open):
        client._forked()  # pyright: ignore[reportPrivateUsage]  # its own module


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_fork_all)
