"""Rules for money and objectives."""

from typing import Final

from agent.understanding.question import Intent
from agent.understanding.rulebook.rule import Rule
from agent.understanding.rulebook.words import COST, EXPENSES, WHY

MONEY: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.SAVINGS,
        (
            r"\bsav(?:e|es|ing|ings)\b(?! (?:time|the|this|it|that|my|a )\b)|"
            r"\bcheaper\b.*\b(?:same|equal|similar|equivalent|comparable|without (?:losing|"
            r"hurting|loss|sacrificing)|as good|no (?:loss|worse)|quality|could|can|should|"
            r"route|move|instead|alternatives?|options?)\b"
            r"|\b(?:can|could|should|where|how|what|which)\b.*\b(?:cheaper|more cheaply|less "
            r"expensively)\b"
            r"|\b(?:cut|reduce|lower|trim|bring down|shrink|slash|optimi[sz]e|decrease)\w* "
            r"(?:\S+ ){0,3}(?:costs?|spend\w*|bills?|expenses?)\b"
            r"|\b(?:overpay\w*|wast(?:e|es|ed|ing|eful)|paying too much|spend(?:ing)? too "
            r"much|spend less|pay less|on the table|overkill|shave (?:off )?|(?:same|equal|"
            r"similar) quality for less|quality we do not need|inefficien\w+|cheaper "
            r"(?:routes?|ways?|alternatives?|options?)|cost optimi[sz]ation\w*)\b",
        ),
        never=r"\bwhy\b|\b(?:arm|variant)s?\b|<arm>|\b(?:did|has|have) (?:the |it |that |this "
        r")?(?:\S+ )?(?:reduce|lower|"
        r"cut|rollout|change)\b|\bcheaper than (?:§|<|usual|before)|\b(?:plan|against|"
        r"over budget)\b|\b(?:is|was|are) (?:<\w+>|it) cheaper\b|\bbudgets?\b",
        needs=("not change",),
    ),
    Rule(
        Intent.BUDGET,
        (
            r"\bbudget\w*\b",
            r"\b(?:left|remain\w*|run|runs|running|exhaust\w*|last|lasts|over|under|used|"
            r"spent|spend|spending|how much|how|status|what|which|who|when|is|are|will|does|"
            r"do|within|exceed\w*|blow\w*|blew|track|enough|on|close|near|show|list|have|has|"
            r"of|<\w+>)\b",
        ),
        never=r"\berror[- ]budgets?\b|\bslos?\b|\bwhy\b|\bburn rate\b|\bchang\w*|\braise\b|"
        r"\bincrease\b|\bset\b",
        needs=("not slo",),
    ),
    Rule(
        Intent.BUDGET,
        (
            r"\b(?:run(?:ning|s)? (?:out|low)|left|enough) (?:of |on )?(?:money|funds|"
            r"credits?|allowance)\b|\b(?:money|funds|credits?|allowance|cash) (?:is |are |do "
            r"we have |does \S+ have )?(?:left|remaining|to spend)\b(?! on the table)|\bcan "
            r"(?:\S+ ){1,3}(?:still |yet )?spend\b|\bstill (?:\S+ )?(?:spend|have money)\b|"
            r"\ballowances?\b|\bspend(?:ing)? (?:left|remaining)\b|\bspend(?:ing)? (?:limits?|"
            r"caps?)\b|\bhit the cap\b|\b(?:dollars|money|usd) (?:does|do|has) \S+ have "
            r"left\b|\b(?:dollars|usd|money) (?:\S+ ){0,3}left\b|\b(?:money|funds|credits?) "
            r"(?:\S+ )?(?:run|runs) out\b",
        ),
        never=r"\bwhy\b",
    ),
)

SPEND: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.COST,
        (
            r"\banomal\w*|\bunusual\w*|\bstrange\w*|\bweird\w*|\bodd\b|\bout of (?:the "
            r")?ordinary\b|\bsuspicious\w*|\babnormal\w*|\bspik\w+|\boutliers?\b|"
            r"\bunexpected\w*|\bsurpris\w+|\brunaway\b",
            rf"{COST}|\bcost\w*",
        ),
        never=r"\bbudgets?\b",
        needs=("not request", "not ahead"),
    ),
    Rule(
        Intent.COST,
        (
            r"\b(?:spend|spends|spent|spending|bills?|billed|pay|paid|paying|invoice|charged?|"
            r"chargeback|showback|burned|burning|expenses?|money|owes?|consum\w+)\b|\bcost\w* "
            r"(?:us|me|breakdown|split|by|per|report|summary|overview|of|for|attribution|"
            r"allocation)\b|\b(?:how much|what) (?:did|does|do|has|have|is|was|are|were) "
            r"(?:\S+ ){0,6}costs?\b|\btotal costs?\b|\bcosts?\b.*\b(?:tenants?|customers?|"
            r"teams?|most|break\w*)\b|\b(?:tenants?|customers?|teams?|who)\b.*\bcosts?\b|"
            r"\bwhat (?:\S+ ){1,4}costs?\b|"
            r"\bmost expensive (?:tenants?|customers?|users?|teams?|tiers?|task\w*|"
            r"clients?)\b|^costs?\b|\bhow expensive (?:was|were|is|has)\b|\bhow "
            r"much\b.*\b(?:costs?|usd|dollars?|money|expensive)\b|\bcost drivers?\b|"
            r"\bchargebacks?\b|\b(?:top|big|biggest) spenders?\b",
        ),
        never=r"\b(?:per|each|a|average|every|one|mean) (?:1k |1000 |thousand )?(?:request|call|"
        r"query|token)s?\b|\bover time\b|\btrend\w*|\bbudgets?\b|\bvs\b|\bthan\b|"
        r"\bcompar\w*|\bgo(?:es|ne|ing)? up\b|\bwent up\b|\brising\b|\bincreas\w*|"
        r"\bchart\b|\bgraph\b|\bplot\b|\bcost of (?:a|one|each) request\b|\bgr[eo]w\w*|"
        r"\bdrop\w*|\bcan\b|\bcould\b|\bafford\b|\bswitch\b|\brollout\b|\bstill\b|"
        r"\bsave\b|\bsaving\w*|\befficien\w+|\bexplod\w+|\bneed\b|\bdoubl\w+|\bjump\w*|"
        r"\bleft\b|\bplan\b|\bmodel\b.*\bmost expensive\b|\b(?:models?|deployments?|"
        r"backends?) (?:is|are|was|were) (?:the )?most expensive\b|\bmost expensive "
        r"(?:models?|deployments?|backends?)\b|\bstop\b|\bwhat happened\b",
        needs=(
            "money",
            "not request",
            "not ahead",
            "not compared",
            "not granularity",
            "not change",
        ),
        only=EXPENSES,
    ),
)

OBJECTIVES: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.SLOS,
        (
            r"\bslos?\b|\bslas?\b|\bslis?\b|\b(?:latency|quality|error|availability|our|the|"
            r"all|which|any) targets?\b|\btargets? (?:met|missed|being met)\b|"
            r"\berror[- ]budgets?\b|\bobjectives?\b|\bservice levels?\b|"
            r"\bburn(?:ing)?[- ]rates?\b|<slo>|\bburning (?:too |so )?(?:fast|hot|quick\w*)\b|"
            r"\bfast burn\b",
        ),
        never=rf"{WHY}|\bchang\w*\b|\bwould\b|\bsimilar\b|\brollout\b|\bexperiment\b|\brout(?:e|"
        rf"ed|ing)\b",
        needs=("not request",),
    ),
)
