"""Rules tried first: what is worded like one intent, and is another or nobody's."""

from typing import Final

from agent.understanding.question import Intent
from agent.understanding.rulebook.rule import Rule

LOOKALIKES: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.SAVINGS,
        (
            r"\bcheaper (?:models?|deployments?|backends?|ones?)\b.*\b(?:do|does|as well|enough|"
            r"suffice)\b",
        ),
        never=r"\bwhy\b",
        needs=("not change", "not request"),
    ),
    Rule(
        Intent.CHANGES,
        (
            r"^when (?:was|did|were)\b.*\b(?:deployed|rolled out|released|change|changed|start|"
            r"started|begin|updated|upgraded|switched)\b",
        ),
        never=r"\b(?:it|this|that|incident|outage)\b",
        needs=("not metric", "not request", "not incident"),
        confidence=0.94,
    ),
    Rule(
        Intent.SIMILAR_INCIDENTS,
        (r"\b(?:had|have) the same (?:problem|issue|incident|outage|trouble)\b",),
        needs=("not measured",),
    ),
    Rule(
        Intent.ERROR_CAUSES,
        (r"\bwhat is wrong with\b.*\bfail\w*|\bwhat is failing\b",),
        needs=("subject", "not request"),
        confidence=0.94,
    ),
    Rule(
        None,
        (
            r"\bwhy (?:is|are) (?!it|this|that|the|our|my|we|all|everything|latency|<|§)\w+ "
            r"(?:so )?expensive\b",
        ),
        needs=("not slice",),
    ),
    Rule(
        None,
        (
            r"\bwhat is the (?:best|worst|fastest|slowest|cheapest) (?!model|deployment|backend|"
            r"one|endpoint|provider|llm|option|choice|for|at|<|way|cloud|route)\w+",
        ),
        needs=("not slice", "not by"),
    ),
    Rule(
        None,
        (
            r"\bhow (?:does|do|did) (?:\S+ ){1,3}work\b|"
            r"\b(?:better|worse) than (?!<|§|control|before|"
            r"usual|normal|ever|others|average|expected|baseline|it\b)\w+$",
        ),
    ),
    Rule(
        None,
        (
            r"\b(?:groceries|money back|give me money|good idea|latency spike.*\bbefore|"
            r"service work|(?:incident|this) new\b)|\b(?:before|after) the (?:\S+ )?"
            r"(?:spike|drop|dip|peak)\b|\bnow and §|\bteam (?:won|wins|is winning)\b|\bbowl\b|"
            r"\bmy code\b|"
            r"^(?:my|his|her) \w+ (?:is|are|hurts?)\b",
        ),
    ),
)
