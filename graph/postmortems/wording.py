"""How a postmortem spells instants, lengths of time, money and things. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from graph.causes.investigation import Cause, PathStep
from graph.figures import UNKNOWN, difference, figure
from graph.postmortems.markdown import code, escaped
from graph.slices import EntityRef, Metric, Period, Slice

LOOKED_AT: Final = (
    Metric.ERROR_RATE,
    Metric.LATENCY_P95,
    Metric.QUALITY,
    Metric.COST_PER_REQUEST,
)
"""The metrics that a postmortem looks at, in the order in which equals are preferred."""
CALLED: Final = {
    Metric.ERROR_RATE: "error rate",
    Metric.LATENCY_P95: "p95 latency",
    Metric.LATENCY_MEAN: "mean latency",
    Metric.QUALITY: "quality",
    Metric.COST_PER_REQUEST: "cost per request",
}
"""What they are called; the mean stands in for the percentile of few requests."""
_MINUTE: Final = timedelta(minutes=1)


def clock(at: datetime) -> str:
    """An instant to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def moment(at: datetime) -> str:
    """An instant to the minute, for a column that says itself that it is UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def span(period: Period) -> str:
    """A period; its day is said once where it ends on the same one."""
    start, end = (instant.astimezone(UTC) for instant in (period.start, period.end))
    last = f"{end:%H:%M} UTC" if start.date() == end.date() else clock(end)
    return f"{moment(start)} to {last}"


def length(time: timedelta) -> str:
    """A length of time in its two largest units."""
    minutes = max(round(time / _MINUTE), 1)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def usd(amount: float | None) -> str:
    """Money: dollars and cents, more decimals for less than a dollar."""
    small = amount is not None and abs(amount) < 1
    return figure(amount, metric=Metric.COST_PER_REQUEST if small else Metric.COST)


def count(number: float | None) -> str:
    """How many; one decimal for an expected number below 100."""
    if number is None:
        return UNKNOWN
    whole = number == round(number) or abs(number) >= 100
    return f"{number:,.0f}" if whole else f"{number:,.1f}"


def many(number: int, noun: str) -> str:
    """A number and its noun, which takes a plain plural."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def interval(low: float | None, high: float | None, *, metric: Metric) -> str:
    """The 95 % limits of a difference."""
    if low is None or high is None:
        return "no interval can be given"
    return f"95 %: {difference(low, metric=metric)} to {difference(high, metric=metric)}"


def thing(ref: EntityRef) -> str:
    """A thing by its kind and identifier, as Markdown."""
    return f"{escaped(ref.kind.replace('_', ' '))} {code(ref.id)}"


def things(refs: Sequence[EntityRef]) -> str:
    """A slice, as Markdown."""
    return ", ".join(thing(ref) for ref in refs) or "all requests"


def place(kind: str, identity: str | None) -> str:
    """What something is about, as Markdown."""
    return "the whole fleet" if identity is None else thing(EntityRef(kind, identity))


def traffic(where: Slice) -> str:
    """The traffic looked at, as Markdown."""
    return things(where.refs())


def path(steps: Sequence[PathStep]) -> str:
    """The nodes of a path, from the cause to the slice, as Markdown."""
    nodes = [step.start for step in steps[:1]] + [step.end for step in steps]
    return " → ".join(thing(node) for node in nodes)


def named(cause: Cause) -> str:
    """A cause by its kind and identifier, as Markdown."""
    return thing(EntityRef(cause.kind, cause.id))
