"""The load generator: a small program for Node, so that the load costs this process nothing.

Python's clients take longer for a request than the server does, and a closed loop alone hides how
long a stalled server would have kept others waiting.
"""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from api.console.node import find_node
from graph.errors import Unavailable

_PROGRAM = Path(__file__).parent / "load" / "load.mjs"
_SLACK_S = 60.0
_SLOWEST_PER_S = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is sent where: bodies in turn, by `connections` at once.

    With `rate` that many a second, whether or not others were answered; without, as many as are
    answered. For `seconds`, or until there were `requests`.
    """

    port: int
    path: str
    bodies: Sequence[bytes]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    host: str = "127.0.0.1"
    connections: int = 16
    seconds: float = 5.0
    rate: float | None = None
    requests: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came back. With a rate, times count from when a request was due."""

    answered: int
    failed: int
    failure: str | None
    seconds: float
    per_s: float
    body_bytes: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    worst_ms: float


def load(given: Load) -> Seen:
    """Send a load and wait for its end.

    Raises NodeUnavailable where there is no Node.js, Unavailable where anything was not answered
    with 200.
    """
    plan: dict[str, Any] = {
        "host": given.host,
        "port": given.port,
        "path": given.path,
        "headers": dict(given.headers),
        "bodies": [body.decode() for body in given.bodies],
        "connections": given.connections,
        "seconds": given.seconds,
        "rate": given.rate,
        "requests": given.requests,
    }
    limit_s = given.seconds + (given.requests or 0) / _SLOWEST_PER_S + _SLACK_S
    done = subprocess.run(
        [find_node().node, str(_PROGRAM)],
        input=orjson.dumps(plan),
        capture_output=True,
        timeout=limit_s,
        check=False,
    )
    if done.returncode != 0:
        raise Unavailable(f"the load generator failed: {done.stderr.decode()[-500:]}")
    seen = Seen(**orjson.loads(done.stdout))
    if seen.failed or not seen.answered:
        raise Unavailable(f"{given.path}: {seen.failed} not answered, first: {seen.failure}")
    return seen
