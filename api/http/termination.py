"""Told when the process is asked to end, before the server waits for its open connections.

A server that stops waits for every answer under way, and an event stream is one that never ends by
itself; the shutdown of the application comes only after that wait, which is too late to end it.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def on_termination(call: Callable[[], None]) -> Generator[None]:
    """Run `call` in the event loop at SIGTERM or SIGINT, beside whatever else handles them.

    Only the main thread gets signals; anywhere else this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(call)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        elif handler is signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in _SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            # None stands for a handler that was not set from Python, and can't be set again.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
