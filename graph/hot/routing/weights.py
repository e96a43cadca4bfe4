"""What counts how much in a score: shares of quality, latency and cost by preference and tier."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

BALANCED: Final = "balanced"
PREFERRED: Final = 0.1
"""What a preferred model gains, as a share of what its score lacks to 1."""
_MOST_WEIGHT: Final = 4.0


class Weights(NamedTuple):
    """Shares of quality, latency and cost in the score; they add up to 1."""

    quality: float
    latency: float
    cost: float


PREFERENCES: Final[Mapping[str, Weights]] = {
    BALANCED: Weights(0.5, 0.25, 0.25),
    "quality": Weights(0.7, 0.15, 0.15),
    "latency": Weights(0.3, 0.55, 0.15),
    "cost": Weights(0.3, 0.15, 0.55),
}


@lru_cache(maxsize=256)
def weights_of(optimise_for: str | None, *, tier_weight: float | None) -> Weights:
    """By the user's preference; a tier that weighs more cares less for cost (at a quarter most)."""
    base = PREFERENCES.get(optimise_for or BALANCED, PREFERENCES[BALANCED])
    importance = 1.0 if tier_weight is None else min(max(tier_weight, 1.0), _MOST_WEIGHT)
    cost = base.cost / importance
    total = base.quality + base.latency + cost
    return Weights(base.quality / total, base.latency / total, cost / total)
