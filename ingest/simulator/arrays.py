"""Array types, seeded generators and times as integers, shared by what is drawn in bulk."""

from datetime import UTC, datetime, timedelta
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
FOREVER_MS = 2**62


class Draw(IntEnum):
    """What a stream of random numbers is for; each is drawn apart so that none disturbs another."""

    ARRIVALS = 1
    SPIKES = 2
    ROUTING = 3
    OUTCOMES = 4
    QUALITY = 5
    PROBES = 6
    PROBE_GAPS = 7
    USERS = 8
    FAULTS = 9
    DECOYS = 10
    NEWCOMERS = 11
    SURGES = 12
    PROMPT_CACHE = 13


def generator(seed: int, draw: Draw, *path: int) -> np.random.Generator:
    """The random numbers of one purpose at one place (an hour, a day, a fault)."""
    return np.random.default_rng([seed, int(draw), *path])


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970 of an aware time."""
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def to_time(ms: int) -> datetime:
    """The aware UTC time of milliseconds since 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def stamp(ms: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return str(np.datetime64(ms, "ms")) + "Z"


def stamps(ms: Ints) -> list[str]:
    """`stamp` of many at once."""
    return [text + "Z" for text in np.datetime_as_string(ms.astype("datetime64[ms]")).tolist()]
