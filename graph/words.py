"""How reasons spell instants, shares and counts, so that all of them read alike."""

from datetime import UTC, datetime


def clock(at: datetime) -> str:
    """An instant to the second: absolute, so that a reason does not change as time passes."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage of three figures."""
    return f"{100 * share:.3g} %"


def counted(number: int, noun: str) -> str:
    """A number and its noun, which takes a plain plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
