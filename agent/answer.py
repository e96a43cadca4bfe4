"""An answer, and the steps on the way to it, as every edge tells them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from agent.understanding.question import Intent, Method
from graph.slices import EntityRef


class StepKind(StrEnum):
    """What the agent just did."""

    UNDERSTOOD = "understood"
    """What it takes the question to be, and by which step."""
    CALLED = "called"
    """It called a tool."""
    CHECKED = "checked"
    """It sent sentences back, or dropped them, for the data does not hold them."""
    DEGRADED = "degraded"
    """Claude could not be asked, or failed."""


class Outcome(StrEnum):
    """What came of a question, in a word."""

    ANSWERED = "answered"
    CANT_TELL = "cant_tell"
    DEGRADED = "degraded"
    """Claude should have been asked and could not."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, in words; of a call also the tool, its arguments, and how long it took."""

    kind: StepKind
    text: str
    tool: str | None = None
    arguments: Mapping[str, Any] | None = None
    """Those given, as JSON has them."""
    took_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question. Money in US dollars, times in milliseconds.

    `intent` is None where the question was not understood or lies outside. `certain` is false for
    `I can't tell`. `understanding_ms` is what the words took to be understood, without any read.
    `degraded` says that Claude should have been asked and could not. `query` is GraphQL that asks
    for the same; `data` what the figures of the text come from: each call with its result.
    """

    id: str
    question: str
    text: str
    intent: Intent | None
    method: Method
    confidence: float
    certain: bool
    degraded: bool
    asked_at: datetime
    now: datetime
    latency_ms: float
    understanding_ms: float
    cost_usd: float
    conversation: str
    citations: tuple[EntityRef, ...] = ()
    follow_ups: tuple[str, ...] = ()
    query: str | None = None
    data: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        if self.degraded:
            return Outcome.DEGRADED
        return Outcome.ANSWERED if self.certain else Outcome.CANT_TELL
