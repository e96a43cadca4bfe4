"""What a playbook is: from an understood question and its tools to the words of an answer."""

from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from agent.toolbox import Toolbox
from agent.understanding.question import Question
from graph.slices import Metric, Period, Slice


@dataclass(frozen=True, slots=True)
class Told:
    """The answer's lines, and questions in words that could come next.

    `certain` is false where the data does not tell: the lines then say so, and why.
    """

    lines: tuple[str, ...]
    follow_ups: tuple[str, ...] = ()
    certain: bool = True


class CantTell(Exception):
    """What is asked cannot be told; the reason goes after `I can't tell: `."""

    def __init__(self, reason: str, *, follow_ups: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.follow_ups = follow_ups


Playbook = Callable[[Question, Toolbox], Awaitable[Told]]
"""Raises CantTell, and what the tools raise."""

CALLED: Final = {
    Metric.QUALITY: "quality",
    Metric.LATENCY_MEAN: "mean latency",
    Metric.LATENCY_P50: "p50 latency",
    Metric.LATENCY_P95: "p95 latency",
    Metric.TTFT_P95: "p95 time to first token",
    Metric.ERROR_RATE: "error rate",
    Metric.COST_PER_REQUEST: "cost per request",
    Metric.COST: "cost",
    Metric.VOLUME: "volume",
}
"""Metrics as a sentence names them."""


def clock(instant: datetime) -> str:
    """An instant to the minute, in UTC."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(period: Period) -> str:
    """A period by its instants."""
    return f"from {clock(period.start)} to {clock(period.end)}"


def listed(names: Sequence[str], *, most: int = 8) -> str:
    """Names in their order; what goes beyond `most` is counted."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def of_slice(where: Slice) -> str:
    """A slice in words, to go after `of`: `all requests` where it narrows nothing."""
    told = [
        f"{name.replace('_', ' ')} {' or '.join(sorted(values))}"
        for name, values in where.given().items()
    ]
    return ", ".join(told) or "all requests"


def not_honoured(question: Question, *, honours: AbstractSet[str]) -> list[str]:
    """What a question names beyond `honours`, in words: an answer may not pass over it.

    `honours` are fields of the slots, of their slice, and of the times.
    """
    slots, times = question.slots, question.times
    named = {
        name: f"{name.replace('_', ' ')} {' or '.join(sorted(values))}"
        for name, values in slots.where.given().items()
    }
    if slots.by:
        named["by"] = f"groups of {', '.join(d.value.lower().replace('_', ' ') for d in slots.by)}"
    if slots.metric is not None:
        named["metric"] = CALLED[slots.metric]
    if slots.status:
        named["status"] = f"status {' or '.join(sorted(slots.status))}"
    if slots.without:
        named["without"] = f"the loss of {' and '.join(sorted(slots.without))}"
    for name in ("request", "incident", "change", "experiment", "arm", "policy_version", "slo"):
        if getattr(slots, name) is not None:
            named[name] = f"{name.replace('_', ' ')} {getattr(slots, name)}"
    if slots.user is not None and slots.user not in (slots.where.user or ()):
        named["user"] = f"user {slots.user}"
    if times.during is not None:
        named["during"] = "time"
    if times.compared_to is not None:
        named["compared_to"] = "a comparison with another time"
    if times.ahead is not None:
        named["ahead"] = "a time ahead"
    return [words for name, words in named.items() if name not in honours]


def told_without(question: Question, subject: str, *, honours: AbstractSet[str]) -> list[str]:
    """The line that says which of the question's names an answer does not go by; none where all
    of them count. `subject` is what is told, such as `The fleet's health`.
    """
    left_out = not_honoured(question, honours=honours)
    if not left_out:
        return []
    return [f"{subject} is not told by {', '.join(left_out)}: that is left out of this answer."]
