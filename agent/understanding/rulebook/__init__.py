"""The rules themselves, in order: which words, slots and times mean which intent.

Later rules rely on earlier ones having been passed over: what imagines or plans goes before what
asks for figures, and causes before the figures that they explain.
"""

from typing import Final

from agent.understanding.rulebook.fleet import CHOICE, HEALTH, PICK
from agent.understanding.rulebook.happenings import (
    HELP,
    INCIDENTS,
    MAINTENANCE,
    ROUTED,
    SIMILAR,
    TRIALS,
)
from agent.understanding.rulebook.lookalikes import LOOKALIKES
from agent.understanding.rulebook.measures import BECAUSE, CAUSES, PAIRED, SERIES, SYMPTOM
from agent.understanding.rulebook.outlook import FORECAST, RISK, WHAT_IF
from agent.understanding.rulebook.rule import Rule
from agent.understanding.rulebook.spending import MONEY, OBJECTIVES, SPEND

__all__ = ["RULES", "Rule"]

RULES: Final[tuple[Rule, ...]] = (
    *LOOKALIKES,
    *HELP, *ROUTED, *MAINTENANCE, *SIMILAR, *WHAT_IF, *RISK, *MONEY, *OBJECTIVES,
    *TRIALS, *FORECAST, *INCIDENTS, *PICK, *CAUSES, *BECAUSE, *CHOICE, *SPEND, *PAIRED,
    *HEALTH, *SYMPTOM, *SERIES,
)  # fmt: skip
"""All rules, in the order in which they are tried."""
