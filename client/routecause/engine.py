"""A thread of the client's own with an event loop and kept-alive connections.

All I/O happens there, so that callers in any thread or event loop wait for no socket: they wait for
a future, exactly as long as their deadline says.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import httpx

CONNECTIONS_AT_MOST: Final = 64
KEEP_ALIVE_S: Final = 30.0
_STOP_LIMIT_S: Final = 2.0

T = TypeVar("T")
Verify = bool | ssl.SSLContext


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and body of an answer."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def retry_after_s(self) -> float | None:
        """How long the service asks to wait, where it says so in seconds."""
        told = self.headers.get("retry-after", "")
        return float(told) if told.isdecimal() else None


class Engine:
    """The thread, started when first needed; its loop runs until `close`."""

    def __init__(self, url: str, *, headers: dict[str, str], verify: Verify) -> None:
        self._url = httpx.URL(url.rstrip("/"))
        self._headers = headers
        self._verify = verify
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._transport: httpx.AsyncHTTPTransport | None = None

    def submit(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Run a coroutine in the thread. Raises RuntimeError once closed."""
        loop = self._running()
        coroutine = work()
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, loop)
        except RuntimeError:
            coroutine.close()
            raise

    def call(self, function: Callable[[], object]) -> None:
        """Call a function in the thread, soon."""
        self._running().call_soon_threadsafe(function)

    async def warm_up(self, limit_s: float) -> None:
        """Open a first connection, so that the first request need not; fails in silence."""
        with contextlib.suppress(httpx.HTTPError, OSError):
            async with asyncio.timeout(limit_s):
                await self._send("GET", "/health/live", limit_s=limit_s)

    async def post(self, path: str, body: bytes, *, kind: str, limit_s: float) -> Reply:
        """Send a body and read the answer, within a limit for all of it.

        Raises httpx.TransportError or TimeoutError. A connection that the service closed meanwhile
        is tried again once, on a new one.
        """
        async with asyncio.timeout(limit_s):
            try:
                return await self._send("POST", path, body, kind=kind, limit_s=limit_s)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                return await self._send("POST", path, body, kind=kind, limit_s=limit_s)

    async def _send(
        self, method: str, path: str, body: bytes = b"", *, kind: str | None = None, limit_s: float
    ) -> Reply:
        # The bare transport: no cookies, redirects or log line for each request.
        transport = self._transport
        if transport is None:
            raise httpx.ConnectError("closed")
        request = httpx.Request(
            method,
            self._url.copy_with(path=self._url.path.rstrip("/") + path),
            headers=self._headers if kind is None else {**self._headers, "Content-Type": kind},
            content=body,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), limit_s)},
        )
        response = await transport.handle_async_request(request)
        try:
            return Reply(response.status_code, response.headers, await response.aread())
        finally:
            await response.aclose()

    def close(self) -> None:
        """Stop the loop and wait for the thread, a little while."""
        with self._lock:
            loop, thread = self._loop, self._thread
            if loop is None or loop.is_closed():
                return
            loop.call_soon_threadsafe(loop.stop)
        if thread is not None and thread is not threading.current_thread():
            thread.join(_STOP_LIMIT_S)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._transport = httpx.AsyncHTTPTransport(
                    verify=self._verify,
                    trust_env=False,
                    limits=httpx.Limits(
                        max_connections=CONNECTIONS_AT_MOST, keepalive_expiry=KEEP_ALIVE_S
                    ),
                )
                self._thread = threading.Thread(
                    target=self._run, args=(self._loop,), name="routecause", daemon=True
                )
                self._thread.start()
            return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(self._end(loop))
            loop.close()

    async def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        tasks = asyncio.all_tasks(loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._transport is not None:
            await self._transport.aclose()
            self._transport = None
