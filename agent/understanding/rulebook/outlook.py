"""Rules for what could be: what would have been, what is at risk, what comes."""

from typing import Final

from agent.understanding.question import Intent
from agent.understanding.rulebook.rule import Rule
from agent.understanding.rulebook.words import (
    COMING,
    COST,
    ERRORS,
    LATENCY,
    LOSE,
    QUALITY,
    VOLUME,
    WHY,
)

WHAT_IF: Final[tuple[Rule, ...]] = (
    Rule(
        None,
        (r"\bwhat if\b|\bif\b",),
        never=r"\bwould\b|\bhad\b|\bcan\b|\bwill\b|\bhappens?\b|\bsurviv\w*",
        needs=("not without", "not ahead", "metric", "not slice"),
    ),
    Rule(
        Intent.WHAT_IF,
        (
            r"\b(?:would|could|might) (?:\S+ ){0,4}(?:have|ve|of) (?:been|happened|gone|"
            r"changed|looked|cost|done|gotten|got|had|spent|paid|saved|dropped|improved|"
            r"performed|served|become|taken|fared|seen)\b"
            r"|\b(?:if|had) (?:\S+ ){0,6}(?:had|been|never|not been|used|gone|run|stayed|"
            r"kept)\b.*\b(?:would|could)\b"
            r"|\b(?:would|could)\b.*\b(?:if|had) (?:\S+ ){0,6}(?:had|been|never|used|were|was|"
            r"gone|went|stayed|kept)\b"
            r"|\bwhat if (?:\S+ ){0,5}(?:had|used|were|was|never|went|ran|stayed|kept)\b"
            r"|\bcounterfactual\w*|^(?:and |what |so )?if (?:\S+ ){1,4}had (?:been|used|gone|"
            r"run)\b|\bhad (?:we|everyone|everything|all|every|it|they|<\w+>) (?:\S+ "
            r"){0,4}(?:been|gone|used|had|not|run|kept|stayed)\b",
        ),
        never=rf"\bwhy\b|\bhow much less\b|\bsav(?:e|ed|ings?)\b|\bif (?:\S+ ){{0,3}}{LOSE}\b|"
        rf"\b(?:prevent|avoid)\w*\b|\b(?:should|could) (?:i|we) have (?:used|sent|picked)\b",
    ),
    Rule(
        Intent.WHAT_IF,
        (
            r"\b(?:would|what if|if|had|imagine|suppose|hypothetical\w*|retrospective\w*|"
            r"estimate|simulate|replay|evaluate|assume)\b",
        ),
        never=r"\bwhy\b|\beffects?\b|\bimpacts?\b|\bgood\b|\bhelp\w*|\bhurt\w*",
        needs=("route",),
    ),
    Rule(
        Intent.WHAT_IF,
        (
            r"\b(?:would|if|what|how|simulate|replay|imagine|assume|suppose)\b",
            r"\bwithout\b|\bhad (?:not|never)\b|\bminus\b|\bexclud\w+",
        ),
        never=rf"\bwhy\b|\b(?:can|will|could we|risk\w*|cope|handle|surviv\w*|capacity|"
        rf"overload\w*|headroom|happens?)\b|\b{LOSE}\b",
        needs=("without", "measured", "not ahead"),
        confidence=0.95,
    ),
)

RISK: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.CAPACITY_RISK,
        (
            rf"\b(?:if|when|should|what if|suppose|happens?|lose|losing|loss of|"
            rf"without)\b.*\b{LOSE}\b|\b(?:lose|losing|loss of)\b",
        ),
        never=r"\bwhy\b|\bhad\b|\bwould\b.*\bhave\b|\bmoney\b|\bpercent\b|\bdid\b|\bhave we\b",
        needs=("without", "not during"),
        confidence=0.98,
    ),
    Rule(
        Intent.CAPACITY_RISK,
        (
            r"\b(?:happens?|can|could|will|would|cope|surviv\w*|handle|enough|manage|"
            r"overload\w*|safe|hold|keep up|risk\w*|okay|absorb|carry|take)\b",
        ),
        never=r"\bwhy\b|\bwould have\b|\bhad\b",
        needs=("without", "not measured", "not during"),
    ),
    Rule(
        Intent.CAPACITY_RISK,
        (
            r"\bat risk\b|\brisk(?:s|y|iest)?\b|\boverload\w*|\bheadrooms?\b|\bsaturat\w*|"
            r"\bcapacity\b|\bover ?capacity\b"
            r"|\b(?:run|running|runs|ran) (?:out of|low on|short of|short on) (?:capacity|"
            r"room|headroom|slots|quota|gpus?)\b"
            r"|\bsurviv\w*\b.*\b(?:loss|lose|losing|outage|failure|peak|spike|traffic|black "
            r"friday|rush|failover|without|down)"
            r"|\b(?:can|could|will|would|are|is|do|does|able)\b.*\b(?:cope|absorb|withstand|"
            r"handle|keep up|sustain|hold up|fall over|tip over|buckle|max(?:ed)? out|"
            r"struggle)\b"
            r"|\b(?:max(?:ed|ing)? out|at (?:its|their) limits?|near(?:ing)? (?:its|their|"
            r"the)? ?limits?|close to (?:its|their|the) limits?|too much (?:load|traffic)|"
            r"more than (?:it|they|we) can)\b"
            r"|\bspare (?:room|capacity|load)\b|\benough (?:room|slack|gpus?|replicas)\b|"
            r"\bsingle points? of failure\b|\bfail ?over capacity\b|\bresilien\w+|\bn[+-]1\b|"
            r"\bbottlenecks?\b|\bpeak load\b|\b(?:hit|hitting|reach|exceed|blow through) "
            r"(?:\S+ ){0,3}(?:rate )?limits?\b|\bthrottled\b|\bbreaks? first\b|\bafford to "
            r"lose\b|\bcarry the load\b|\bceiling\b|\boverrun\b|\blimits? (?:\w+ ){0,3}(?:hit|"
            r"reached|exceeded)\b|\bfailover capacity\b|\b(?:dropped|drops|drop) out\b|\bsafe "
            r"to (?:take|drain|lose|remove)\b",
        ),
        never=rf"{WHY}|{ERRORS}|{COST}|\bspending\b|\bcap\b|\bobjectives?\b|\bplanning\b|"
        rf"\bexpected\b|\bforecast\b|\bcapacity (?:change|update|increase|was)|\b(?:slos?|"
        rf"budgets?|error budget)\b|\b(?:changed|shipped|similar|incidents?)\b|\b(?:were|"
        rf"was|been|did)\b|\brisky (?:change|rollout|release)|\b(?:tenants?|customers?|"
        rf"users?|tiers?)\b",
        needs=("not request", "not change", "not tokens"),
    ),
)

FORECAST: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.FORECAST,
        (
            r"\bcoming\b|\boutlook\b|\blooks? like\b|\bquiet\b|\bexpect\w*|\brush\b|"
            r"\bforecast\w*|\bpredict\w*|^(?:what about |how about |and )?§$|\bwhat "
            r"(?:happens|will happen)\b|\bload\b",
        ),
        never=rf"\bwhy\b|\bbudgets?\b|\bslos?\b|\bmaint\w*|\bplanned\b|\bscheduled\b|\brout\w+|"
        rf"\brisk\b|\bif\b|\bexperiment\b|{QUALITY}|{LATENCY}|{ERRORS}|\bincidents?\b|"
        rf"\bcapacity\b",
        needs=("ahead", "not without", "not request", "not tokens"),
        only=COMING,
    ),
    Rule(
        Intent.FORECAST,
        (
            r"\bforecast\w*|\bpredict\w*|\bproject(?:ed|ion|ions)\b|\bexpect\w*|"
            r"\banticipat\w*|\boutlook\b|\bprognos\w+|\bestimate\w* (?:for )?§"
            r"|\b(?:what|how much|how many|how) (?:\S+ ){0,5}(?:will|going to|coming|comes?|"
            r"ahead|incoming)\b"
            r"|\b(?:will|going to)\b.*\b(?:get|see|have|serve|receive|hit|come|look|need|"
            r"spend|be)\b|\bcoming\b|\bcomes next\b|\bheading\b|\bnext\b|\bupcoming\b",
            rf"{VOLUME}|{COST}|\bload\b|\bdemand\b|\bpeak\b|\bspikes?\b|\bbusy\b|\bcomes? "
            rf"(?:next|up)\b|\bcoming (?:next|up)\b|\bforecast\b",
        ),
        never=r"\bwhy\b|\bbudgets?\b|\bslos?\b|\bexperiment\b|\brollout\b|\b(?:than|more|less) "
        r"(?:we )?expect\w*|\bunexpect\w*|\bexpected (?:cost|quality|latency)\b|"
        r"\bgo(?:es)? to\b|\brun out\b|\bmodel\b.*\bbest\b|\bun(?:usual|expected)\w*|\bas "
        r"expected\b|\bexceed\w*|\bthan\b|\brout\w+|\bwhere\b|\bwho\b|\bplanned\b|"
        r"\bscheduled\b",
        needs=("not request", "not tokens", "not during"),
        only=COMING,
    ),
    Rule(
        Intent.FORECAST,
        (rf"{VOLUME}|{COST}|\bload\b|\bdemand\b|\bbusy\b|\bpeak\b|\bspikes?\b",),
        never=r"\bwhy\b|\bbudgets?\b|\bslos?\b|\bgo(?:es)? to\b|\broute\b|\brun out\b|\bmaint|"
        r"\bplanned\b|\bscheduled\b|\bincidents?\b|\bfail\w*|\berrors?\b",
        needs=("ahead", "not tokens"),
        only=COMING,
    ),
)
