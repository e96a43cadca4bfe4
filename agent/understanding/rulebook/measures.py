"""Rules for what is measured: why it changed, how it was, how it compares."""

from typing import Final

from agent.understanding.question import Intent
from agent.understanding.rulebook.rule import Rule
from agent.understanding.rulebook.words import (
    ASKS,
    COST,
    ERROR,
    ERRORS,
    FIGURES,
    ILL,
    LATENCY,
    MOVED,
    MOVED_ERRORS,
    MOVED_YES_NO,
    QUALITY,
    ROLLOUT,
    SERVED,
    SYMPTOMS,
    VOLUME,
    WHY,
)

CAUSES: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.ERROR_CAUSES,
        (
            rf"\b(?:what|which) (?:kinds? of |types? of |sorts? of |are (?:all )?(?:the|these|"
            rf"those) |are |is the |the )?(?:[\w<>]+ )?{ERROR}"
            rf"|\b(?:what|why|which|where)\b.*\b(?:caus\w+|behind|produc\w+|throw\w*|return\w*|"
            rf"giv\w+|generat\w*|from|come from|coming from|kinds?|types?)\b.*{ERRORS}"
            rf"|{ERRORS}.*\b(?:caus\w+|come from|coming from|due to|because|reasons?|types?|"
            rf"kinds?|breakdown|about|behind)\b"
            rf"|{WHY}.*{ERRORS}|{ERRORS}.*{WHY}|\b(?:error|failure) (?:types?|kinds?|causes?|"
            rf"reasons?|breakdown|messages?|codes?|analysis)\b|\bmost (?:common|frequent) "
            rf"(?:errors|failures)\b|\bhow many of the (?:errors|failures)\b|\b(?:errors|"
            rf"failures) (?:down )?by (?:kind|type|cause|reason|code)\b|\b(?:analy[sz]e|drill "
            rf"into|break down|classify|look at) (?:\S+ ){0, 2}(?:errors|failures)\b",
        ),
        never=rf"{MOVED_ERRORS}|\berror[- ]?budgets?\b|{QUALITY}|{COST}|{LATENCY}|\b(?:traffic|"
        rf"volume)\b|\bwould\b|\bsimilar\b|\bfail(?:ed|s)? ?overs?\b|\bfailing over\b|"
        rf"\b(?:tiers?|teams?|arms?|tenants?) (?:has|have|had|got)\b|\berrors? rates? "
        rf"(?:is|are|was|were|of|on|for|by|per)\b(?! (?:caus|due))",
        needs=("not request", "not compared", "not ahead", "not by others", "not change"),
    ),
)

BECAUSE: Final[tuple[Rule, ...]] = (
    Rule(
        None,
        (
            WHY,
            r"\bbudgets?\b|\bslos?\b|\bexperiment\b|\bwinn\w+\b|\bforecast\b|\bat risk\b|"
            r"\bmaintenance\b",
        ),
        needs=("not measured",),
        confidence=0.0,
    ),
    Rule(
        Intent.STATUS,
        (r"\bwhy\b|\bhow come\b|\breasons?\b|\bexplain\b", ILL),
        never=rf"{QUALITY}|{LATENCY}|{COST}|{VOLUME}|\berror rates?\b|\b(?:score|did .* go)\b",
        needs=("subject", "not request"),
    ),
    Rule(
        Intent.FLEET_HEALTH,
        (
            r"\bwhy\b|\bhow come\b",
            rf"\b{SERVED}\b|\beverything\b|\bso many\b|\bfleet\b|\bthings\b|\banything\b",
            ILL,
        ),
        never=rf"{QUALITY}|{LATENCY}|{COST}|{VOLUME}|\berror rates?\b",
        needs=("not subject", "not request"),
        confidence=0.94,
    ),
    Rule(
        Intent.WHY_CHANGED,
        (WHY,),
        never=r"\brouted?\b.*\b(?:to|by|via)\b|\brouting decision\b|\bwhat if\b|\bwould\b|"
        r"\bsimilar\b|\bwhat is (?:our|the) (?:p\d\d|latency|cost|spend)\b|\bruled out\b|"
        r"\beligible\b|\bare you\b|\bpick\w*\b|\bcho(?:o|s)\w*\b",
        needs=("metric", "not request"),
    ),
    Rule(
        Intent.WHY_CHANGED,
        (WHY, MOVED),
        never=r"\brout(?:ed|ing)\b|\bwould\b|\bsimilar\b|\bpick\w*\b|\bcho(?:o|s)\w*\b|\bif\b|"
        r"\bgo(?:ing)? to\b|\bwent to\b",
        needs=("slice", "not request"),
        confidence=0.93,
    ),
    Rule(None, (WHY,), confidence=0.0),
)

SYMPTOM: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.WHY_CHANGED,
        (
            r"\b(?:complain\w*|unhappy|say|says|saying|reports?|reporting|angry|annoyed)\b",
            rf"{SYMPTOMS}|\btakes? (?:ages|forever)\b",
        ),
        never=r"\b(?:which|who|where|list|show|would|should|if|router said|routed|incidents?)\b",
        needs=("slice", "not request", "not ahead", "not compared", "not by", "not change"),
        confidence=0.93,
    ),
    Rule(
        Intent.WHY_CHANGED,
        (
            r"^(?:<\w+> |our |the |users? |tasks? |requests? |answers? |for |on )+(?:got|gets|is "
            r"getting|are getting|became|has become|have become|went|keeps? getting) (?:\w+ )?"
            r"(?:worse|slower|bad|unreliable)\b",
        ),
        needs=("slice", "not request", "not compared"),
        confidence=0.93,
    ),
    Rule(
        Intent.WHY_CHANGED,
        (
            rf"{MOVED}.*\bwhat (?:has )?happened$|\bwhat is (?:going on|up|wrong|happening)\b|"
            rf"\bwhat happened$",
        ),
        needs=("measured", "not request", "not ahead"),
    ),
    Rule(
        None,
        (r"^(?:§ |and |so |but )*(?:is|are|was|were|did|do|does|has|have)\b", SYMPTOMS),
        needs=("measured",),
        confidence=0.0,
    ),
    Rule(
        Intent.WHY_CHANGED,
        (
            rf"\b(?:complain\w*|reports?|reporting|noticed?|noticing|seeing|see|seems?|feels?|"
            rf"is|are|has|have|got|gets|getting|been|was|were|went|just|suddenly|so|really|"
            rf"very|too|looks?|started|keeps?|did)\b|^(?:<\w+> |our |the |{LATENCY}|{QUALITY}|"
            rf"{ERRORS}|{COST}| )+",
            rf"{SYMPTOMS}",
        ),
        never=r"\b(?:which|what|how|who|where|when|show|list|would|should|could|will|can|if|"
        r"compare|vs|than|best|worst|budgets?|slos?|rollout|experiment|save|cheaper|"
        r"forecast|any|tell|give|get me|incidents?|maint\w*|similar|rate limit|okay|still|"
        r"fine|worry)\b|\bif\b",
        needs=(
            "measured",
            "not request",
            "not ahead",
            "not compared",
            "not by",
            "not granularity",
            "not without",
            "not change",
            "not experiment",
        ),
        confidence=0.93,
    ),
)

PAIRED: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.COMPARE,
        (r"",),
        never=r"\bbudgets?\b|\bslos?\b|\brollout (?:good|bad)\b|\banomal\w*|\bunusual\b",
        needs=("metric", "compared", "during", "not ahead", "not request"),
        confidence=0.98,
    ),
    Rule(
        Intent.COMPARE,
        (r"^(?:§ |and |so |but )*(?:is|are|was|were|did|has|have|do)\b|^§ (?:was|is|did)\b", MOVED),
        never=rf"{ROLLOUT}|\bhelp\w*|\bhurt\w*|\bcause\w*|\banyone\b|\bthere\b|\banything\b|"
        rf"\bexperiment\b|\bbudgets?\b|\bslos?\b|<\w+> (?:vs|or|and|against|than) <|"
        rf"\bbetter (?:at|for)\b|\bincidents?\b|\bsince when\b|\bhealthy\b|\bstill\b|"
        rf"\bback up\b|^(?:is|are|was|were) <\w+> (?:up|down)\b",
        needs=(
            "measured",
            "during",
            "not ahead",
            "not request",
            "not by",
            "not change",
            "not without",
        ),
        confidence=0.93,
    ),
    Rule(
        Intent.COMPARE,
        (
            r"\bcompar\w*\b|\bvs\b|\bthan §|\bweek over week\b|\bmonth over month\b|\bday "
            r"over day\b|\bwow\b|\bmom\b|\bdifferen\w+ .*\bbetween\b|\bbefore and after\b|"
            r"\brelative to §|\bup or down\b|\bagainst §|\bdelta\b|\bbefore vs\b",
        ),
        never=r"\bbudgets?\b|\bslos?\b|\banomal\w*|\bexperiment\b|<\w+> (?:vs|or|and|against|"
        r"than|with|to) <|\brollout (?:good|bad)|\bhealth\b|\bby \w+ version\b",
        needs=("metric", "during", "not rivals", "not ahead", "not request"),
        confidence=0.95,
    ),
    Rule(
        Intent.COMPARE,
        (
            r"\bcompar\w*\b|\bvs\b|\bagainst\b|\bthan\b|\bversus\b|\bwow\b|\bdod\b|\bover "
            r"week\b|\bover day\b|\bdifference\b|\brelative to\b|\bas (?:\w+ )?as\b|\bthan "
            r"(?:usual|normal)\b",
        ),
        never=r"\bbudgets?\b|\bslos?\b|\bbetter than <|\bcheaper than <|\bfaster than <|\bvs <|"
        r"<\w+> (?:vs|or|and|against) <",
        needs=("metric", "compared", "not ahead", "not request"),
    ),
    Rule(
        Intent.COMPARE,
        (
            r"\b(?:higher|lower|slower|faster|better|worse|more|less|fewer|cheaper|different|"
            r"changed?|bigger|smaller|as \w+|abnormal\w*|compar\w*|vs|against)\b.*\b(?:than|"
            r"as|with|to|vs|against)?\b.*\b(?:usual|normal|typical|average|baseline|normally|"
            r"usually|before)\b",
        ),
        never=r"\bbudgets?\b|\bslos?\b|\bspend\w*|\bcosts?\b",
        needs=("metric", "not ahead", "not request"),
        confidence=0.94,
    ),
)

SERIES: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.TREND,
        (
            r"\b(?:most|least|top|busiest|biggest|heaviest|highest)\b",
            r"\b(?:tenants?|customers?|users?|tiers?|who|models?|backends?|deployments?|"
            r"task\w*)\b",
            VOLUME,
        ),
        never=rf"{WHY}|{COST}|{ERRORS}|{LATENCY}|{QUALITY}|\bbudgets?\b|\bcapacity\b|\brisk\b|"
        rf"\brout\w+|\bshould\b|\bwould\b|\bwill\b|\bper request\b|\bgain\w*|\bdrop\w*|"
        rf"\bgr[eo]w\w*",
        needs=("not request", "not compared", "not ahead", "not tokens"),
        confidence=0.94,
    ),
    Rule(
        Intent.TREND,
        (
            rf"{ASKS}|^(?:§|<\w+>)|\b(?:over time|trend\w*|history|chart|graph|plot|series|"
            rf"timeline|evol\w*|develop\w*|"
            r"by|per|each|across|split|breakdown|how (?:many|much|is|was|are|were|has|did|"
            r"high|low|fast|slow|good|bad|often))\b",
        ),
        never=rf"{WHY}|{MOVED_YES_NO}|\bhow (?:good|bad) is <\w+> (?:at|for)\b|\bslow$|\bcan "
        rf"(?:we|you|i) (?!see|get)|\bdo we have\b|"
        r"\b(?:which|what) \w+ (?:produce|throw|return|cause|fail|make|get|give)\w*\b|"
        r"\bfail(?:s|ing)?\b|\berrors? (?:on |for |in )?<\w+>$|\btell me about\b|"
        r"\bwhat (?:errors|failures|timeouts)|\b(?:errors|failures|timeouts) (?:look|"
        r"are)\b|\bdollars\b|\bof the (?:errors|failures)\b|\bwent to\b|\bwhich one\b|"
        r"\bslower\b|\bwould\b|\bcould\b|\bwill\b|\bgoing on\b|\blatency errors\b|\band "
        r"all\b|\bwhat (?:did|does) the (?:new )?\w+ .*\bdo\b",
        only=FIGURES,
        needs=(
            "metric",
            "not request",
            "not compared",
            "not ahead",
            "not without",
            "not change",
            "not tokens",
            "not experiment",
            "scoped",
        ),
        confidence=0.95,
    ),
)
