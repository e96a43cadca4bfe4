"""Which of LiteLLM's healthy deployments Routecause's ranking prefers; pure."""

from collections.abc import Collection, Sequence
from typing import Final

from routecause.choice import Choice

OUTSIDE: Final = "outside_model_group"
"""Against a candidate: the model group that was asked for does not have it."""
UNAVAILABLE: Final = "litellm_unavailable"
"""Against a candidate: LiteLLM had it in cooldown, or filtered it out."""
TRIED: Final = "failed_before"
"""Against a candidate: it failed for this very request."""


def preferred(choice: Choice, names: Sequence[str], *, tried: Collection[str] = ()) -> list[int]:
    """The places in `names` of what is preferred; several where they are the same deployment.

    First what may serve and was not tried yet, by rank; then what Routecause does not know; then
    what was tried; last what is ruled out, the least bad first.
    """
    places = {one.deployment: place for place, one in enumerate(choice.candidates)}
    eligible = {one.deployment for one in choice.candidates if one.eligible}

    def order(name: str) -> tuple[bool, bool, int]:
        ruled_out = name in places and name not in eligible
        return ruled_out, name in tried, places.get(name, len(places))

    best = min(map(order, names))
    return [index for index, name in enumerate(names) if order(name) == best]


def rejections(
    choice: Choice, *, group: Collection[str], healthy: Collection[str], tried: Collection[str]
) -> dict[str, str]:
    """What spoke against candidates that Routecause would have taken, by deployment."""
    against: dict[str, str] = {}
    for one in choice.candidates:
        name = one.deployment
        if not one.eligible:
            continue
        if name in tried:
            against[name] = TRIED
        elif name not in group:
            against[name] = OUTSIDE
        elif name not in healthy:
            against[name] = UNAVAILABLE
    return against
