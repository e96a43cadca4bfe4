"""Whether the process lives, and whether each part that it needs is there."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final, Protocol

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from graph.errors import RoutecauseError
from graph.hot.reader import HotView
from graph.key_ring import KeyRing
from graph.scope import TenantScope
from graph.store.door import GraphStore
from ingest.log import Backlog, EventLog

router = APIRouter(tags=["health"])

_KEPT_S: Final = 1.0
"""A report is given again for so long, so that nobody can wear out the parts by asking."""


@dataclass
class Readiness:
    """Asks each part whether it is there, none for longer than `timeout_s`."""

    store: GraphStore
    view: HotView
    log: EventLog
    key_ring: KeyRing
    backlog_limit: int
    timeout_s: float
    _report: dict[str, Any] = field(default_factory=dict[str, Any], init=False)
    _told_at_s: float = field(default=-_KEPT_S, init=False)
    _built: bool = field(default=False, init=False)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def report(self) -> dict[str, Any]:
        """`{"ready", "parts": {name: {"ready", …}}}`; a part that is not ready says why."""
        async with self._asking:
            if monotonic() - self._told_at_s >= _KEPT_S:
                graph, log = await asyncio.gather(self._graph(), self._log())
                parts = {"graph": graph, **log, "view": self._view(), "keys": self._keys()}
                ready = all(part["ready"] for part in parts.values())
                self._report = {"ready": ready, "parts": parts}
                self._told_at_s = monotonic()
            return self._report

    async def _graph(self) -> dict[str, Any]:
        # Any question would do; this one, asked for nothing, is the cheapest.
        why = await self._failure(self.store.ask("cells", scope=TenantScope.all(), cells=[]))
        return {"ready": why is None} if why is None else {"ready": False, "why": why}

    async def _log(self) -> dict[str, dict[str, Any]]:
        backlog: Backlog | None = None

        async def read() -> None:
            nonlocal backlog
            backlog = await self.log.backlog()

        why = await self._failure(read())
        if backlog is None:
            return {"redis": {"ready": False, "why": why}}
        full = backlog.length >= self.backlog_limit
        waiting = {name: {"waiting": count} for name, count in sorted(backlog.waiting.items())}
        return {
            "redis": {"ready": True},
            "log": {
                "ready": not full,
                **({"why": "too much waits to be written"} if full else {}),
                "length": backlog.length,
                "oldest_age_ms": _ms(backlog.oldest_age_s),
                **waiting,
            },
        }

    def _keys(self) -> dict[str, Any]:
        if self.key_ring.known:
            return {"ready": True}
        return {"ready": False, "why": "the API keys were not read yet"}

    def _view(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        snapshot = self.view.snapshot
        if not snapshot.version:
            return {"ready": False, "why": "no view was composed yet; is the projector running?"}
        age_s = (now - snapshot.as_of).total_seconds()
        told: dict[str, Any] = {"version": snapshot.version, "age_ms": _ms(age_s)}
        # Once it was, the last view routes on, even where Redis is emptied later.
        self._built = self._built or snapshot.built
        if not self._built:
            return {"ready": False, "why": "the view is still being built from the graph", **told}
        if self.view.stale(now):
            return {"ready": False, "why": "the view is not renewed", **told}
        return {"ready": True, **told}

    async def _failure(self, part: Awaitable[object]) -> str | None:
        try:
            await asyncio.wait_for(part, timeout=self.timeout_s)
        except RoutecauseError as error:
            return str(error)
        except TimeoutError:
            return f"no answer within {self.timeout_s:g} s"
        return None


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1e3, 1)


class _State(Protocol):
    readiness: Readiness


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The process answers; nothing else is looked at."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """Every part with its state; 503 where one that is needed is not there."""
    state: _State = request.app.state
    report = await state.readiness.report()
    return JSONResponse(report, status_code=200 if report["ready"] else 503)
