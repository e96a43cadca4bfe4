"""How much memory this machine, or the container it is in, has to give."""

import os
from pathlib import Path

CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_mb() -> int:
    """Memory in MB: the machine's, or the container's limit where that is smaller."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *_limits()]) // 1_000_000


def share_of_memory_mb(*, divisor: int, least: int, most: int) -> int:
    """A `divisor`-th of the memory, within limits, in MB."""
    return max(least, min(most, memory_mb() // divisor))


def _limits() -> list[int]:
    found: list[int] = []
    for path in CGROUP_LIMITS:
        try:
            written = path.read_text().strip()
        except OSError:
            continue
        if written.isdecimal():
            found.append(int(written))
    return found
