"""The views given lately, within a limit of number and bytes, to answer from when nobody else does.

A view is personal, so it is remembered by who asked for what. Where nothing is known of a user, the
last view of another one of the same tenant and tier stands in, only where the request names its
tier: without it, users of different tiers could not be told apart.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from routecause.choice import Request

OTHER_USER: Final = "OTHER_USER"
"""Warning: the view was given for another user."""
OTHER_SIZE: Final = "OTHER_SIZE"
"""Warning: the view was given for a smaller request."""
_OVERHEAD_BYTES: Final = 600
"""What an entry takes beside its body, roughly."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The body of a view, when it was given (on the monotonic clock), and what to know of it."""

    body: bytes
    given_at_s: float
    warnings: tuple[str, ...] = ()


class ViewMemory:
    """Views by request, the longest unused forgotten first. Any thread may call."""

    def __init__(self, *, count_limit: int, bytes_limit: int) -> None:
        self._count_limit = count_limit
        self._bytes_limit = bytes_limit
        self._lock = Lock()
        self._views: OrderedDict[tuple[Hashable, int], Remembered] = OrderedDict()
        self._sizes: dict[Hashable, set[int]] = {}
        self._newest: OrderedDict[Hashable, Hashable] = OrderedDict()
        self.bytes_used = 0

    def __len__(self) -> int:
        return len(self._views)

    def keep(self, request: Request, body: bytes, *, now_s: float) -> None:
        """Remember a view; the longest unused ones go where there are too many."""
        group, person, size = _keys(request)
        with self._lock:
            self._drop((person, size))
            self._views[person, size] = Remembered(body, now_s)
            self._sizes.setdefault(person, set()).add(size)
            self.bytes_used += len(body) + _OVERHEAD_BYTES
            self._newest[group] = person
            self._newest.move_to_end(group)
            while len(self._views) > self._count_limit or self.bytes_used > self._bytes_limit:
                self._drop(next(iter(self._views)))
            while len(self._newest) > self._count_limit:
                self._newest.popitem(last=False)

    def recall(self, request: Request) -> Remembered | None:
        """The last view for the like request, if there is one."""
        group, person, size = _keys(request)
        with self._lock:
            warnings: tuple[str, ...] = ()
            if person not in self._sizes and request.tier is not None:
                person = self._newest.get(group, person)
                warnings = (OTHER_USER,)
            sizes = self._sizes.get(person)
            if not sizes:
                return None
            # What fits a larger request fits this one; what fits a smaller one may not.
            found = min((one for one in sizes if one >= size), default=max(sizes))
            if found < size:
                warnings += (OTHER_SIZE,)
            self._views.move_to_end((person, found))
            view = self._views[person, found]
        return Remembered(view.body, view.given_at_s, warnings)

    def _drop(self, key: tuple[Hashable, int]) -> None:
        view = self._views.pop(key, None)
        if view is None:
            return
        self.bytes_used -= len(view.body) + _OVERHEAD_BYTES
        person, size = key
        sizes = self._sizes[person]
        sizes.discard(size)
        if not sizes:
            del self._sizes[person]


def _keys(request: Request) -> tuple[Hashable, Hashable, int]:
    """Who is alike, who it is, and how large the request is (in powers of four)."""
    demands = (
        request.max_latency_ms,
        request.max_cost_usd,
        request.min_quality,
        tuple(request.capabilities),
        tuple(sorted(request.labels.items())),
    )
    group = (request.tenant, request.tier, request.task_type, demands)
    tokens = max(0, request.prompt_tokens) + max(0, request.max_completion_tokens or 0)
    return group, (group, request.user), (tokens.bit_length() + 1) // 2
