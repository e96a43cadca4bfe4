"""What a rule is."""

from dataclasses import dataclass

from agent.understanding.question import Intent


@dataclass(frozen=True, slots=True)
class Rule:
    """An intent for texts in which every pattern of `says` is found, `never` is not, and `needs`
    hold (`rules.CONDITIONS`; `not …` for the opposite). With `only`, every word but names, times
    and measures must match it: a word that nobody foresaw may turn the question. Without intent,
    nobody can be sure of what fits the rule, and no later one is tried.
    """

    intent: Intent | None
    says: tuple[str, ...]
    never: str | None = None
    needs: tuple[str, ...] = ()
    only: str | None = None
    confidence: float = 0.97
