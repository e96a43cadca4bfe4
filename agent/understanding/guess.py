"""What one step makes of a question's words."""

from dataclasses import dataclass

from agent.understanding.question import Intent


@dataclass(frozen=True, slots=True)
class Guess:
    """An intent and how sure the step is of it, in [0, 1]; no intent: outside of all of them."""

    intent: Intent | None
    confidence: float
