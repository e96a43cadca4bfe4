"""Who gets what, decided by a stable hash: shares of a split and arms of an experiment.

Nothing is stored: the same user always gets the same, in every process, and a share that changes
moves few others.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import log

_RING = 1_000_000
"""Places on the circle that arms share: a ten-thousandth of a percent each."""
_PLACES_PER_PERCENT = _RING // 100
_HASHES = 2**64
_BITS = _HASHES - 1


def stable_hash(*parts: str) -> int:
    """A whole number below 2**64 made from the parts, the same everywhere and for ever."""
    # A length before each part, so that no two lists of parts make the same text.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def draw(weights: Mapping[str, float], *, seed: int) -> tuple[str, ...]:
    """The names with a weight above zero in the order in which they are drawn for this seed.

    Weighted rendezvous hashing (Thaler and Ravishankar 1998; weights after Schindelhauer and
    Schomaker 2005): each name is first for a share of seeds in proportion to its weight, and
    where it is taken out, each of its seeds goes to its own next, again in proportion.
    """
    largest = max(weights.values(), default=0.0)
    if largest <= 0:
        return ()
    if len(weights) == 1:
        return tuple(weights)
    arrivals: list[tuple[float, str]] = []
    for name, weight in weights.items():
        # Relative to the largest, so that no weight is too large to be divided by.
        relative = weight / largest
        if relative > 0:
            luck = (_mixed(seed ^ _hash_of(name)) + 0.5) / _HASHES
            arrivals.append((-log(luck) / relative, name))
    arrivals.sort()
    return tuple(name for _, name in arrivals)


def salted(seed: int, *salt: str) -> int:
    """A hash of its own for each purpose, made from one of the user: none tells of another."""
    return _mixed(seed ^ _hash_of(*salt))


_hash_of = lru_cache(maxsize=4_096)(stable_hash)


def _mixed(number: int) -> int:
    """A number below 2**64 with its bits well mixed: the finish of SplitMix64 (Steele 2014)."""
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 & _BITS
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB & _BITS
    return number ^ (number >> 31)


class Arms:
    """The arms of an experiment on a circle of users.

    Each arm begins at a place that its name gives and takes its percent from there on, leaving out
    what the arms before it by name hold. So an arm that grows keeps all of its users, and the arms
    before it keep theirs; of two arms that share all users only those move that must.
    """

    def __init__(self, percents: Mapping[str, float]) -> None:
        held: list[tuple[int, int, str]] = []
        for arm in sorted(percents):
            wanted = round(min(max(percents[arm], 0.0), 100.0) * _PLACES_PER_PERCENT)
            held = sorted(
                [*held, *_taken(held, start=stable_hash(arm) % _RING, wanted=wanted, arm=arm)]
            )
        self._starts = [start for start, _, _ in held]
        self._held = held

    def of(self, seed: int) -> str | None:
        """The arm that a user with this hash is in; None where the percents leave the user out."""
        place = seed * _RING >> 64
        index = bisect_right(self._starts, place) - 1
        if index < 0:
            return None
        _, end, arm = self._held[index]
        return arm if place < end else None


def _taken(
    held: Sequence[tuple[int, int, str]], *, start: int, wanted: int, arm: str
) -> list[tuple[int, int, str]]:
    """The free stretches that an arm takes, going round from its start until it has enough."""
    free: list[tuple[int, int]] = []
    place = 0
    for begin, end, _ in [*held, (_RING, _RING, "")]:
        if place < begin:
            free.append((place, begin))
        place = max(place, end)
    ahead = [(max(begin, start), end) for begin, end in free if end > start]
    behind = [(begin, min(end, start)) for begin, end in free if begin < start]
    taken: list[tuple[int, int, str]] = []
    for begin, end in (*ahead, *behind):
        size = min(end - begin, wanted)
        if size > 0:
            taken.append((begin, begin + size, arm))
            wanted -= size
    return taken
