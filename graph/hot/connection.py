"""Connections to Redis whose every wait has a limit, and whose errors are ours."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from graph.errors import HotUnavailable
from graph.settings import GraphSettings


def connect(
    redis_url: str | None, *, settings: GraphSettings, timeout_s: float | None = None
) -> Redis:
    """A client that connects on first use; `timeout_s` replaces `hot_timeout_s` for each command.

    The driver's own retries are off: callers know better when to try again. Raises
    `HotUnavailable` where there is no address.
    """
    if redis_url is None:
        raise HotUnavailable("no address of Redis is known; set REDIS_URL")
    limit = settings.hot_timeout_s if timeout_s is None else timeout_s
    return Redis.from_url(  # pyright: ignore[reportUnknownMemberType]  # the driver leaves **kwargs untyped
        redis_url,
        socket_timeout=limit,
        socket_connect_timeout=min(limit, settings.hot_timeout_s),
        retry=Retry(NoBackoff(), 0),
        decode_responses=False,
    )


def heed_cancellation() -> None:
    """Raise CancelledError where this task was cancelled.

    The driver sends within `asyncio.wait_for`, which before Python 3.12 can lose a cancellation
    that comes just as it finishes; a loop around commands would then never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@contextmanager
def translated() -> Generator[None]:
    """Turn whatever the driver or the socket raises into `HotUnavailable`."""
    try:
        yield
        heed_cancellation()
    except (RedisError, OSError, TimeoutError) as error:
        raise HotUnavailable(f"Redis does not answer: {type(error).__name__}") from error
