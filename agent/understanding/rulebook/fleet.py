"""Rules for how the fleet is, and which part of it to use."""

from typing import Final

from agent.understanding.question import Intent
from agent.understanding.rulebook.rule import Rule
from agent.understanding.rulebook.words import (
    BEST,
    COST,
    ERRORS,
    ILL,
    LATENCY,
    QUALITY,
    SERVED,
    STATES,
    VOLUME,
    WELL,
    WHY,
)

PICK: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.WHICH_BACKEND,
        (
            r"\b(?:where|which|what|who)\b.*\b(?:would|will|should|do|does|to|can|could|is|"
            r"are|shall|might)\b.*\b(?:go|goes|route|routed|routes|routing|sent|send|land|end "
            r"up|dispatch\w*|forward\w*|direct\w*|served by|handled by)\b"
            r"|^(?:please |can you |could you |now )?(?:route|dispatch|place) (?:a|an|this|my|"
            r"one|the)\b|\b(?:pick|choose|select|suggest|recommend|find)\b.*\b(?:for|to serve|"
            r"to handle) (?:a|an|this|my|one)\b.*\b(?:request|prompt|call|query|tokens?|user|"
            r"<user>)\b"
            r"|\b(?:routing|ranking|candidates?) (?:for|of)\b|\bwho (?:would|should|will|gets|"
            r"takes|serves)\b.*\b(?:request|prompt|call|query|<user>)\b|\bnext request\b|"
            r"\bwhere (?:do|would|should|will) (?:\S+ ){0,5}(?:requests?|traffic|calls|"
            r"prompts|tasks?) (?:\S+ ){0,6}go\b",
        ),
        never=r"\bwhy\b|\bdid\b|\bwent\b|\bmoney\b|\bspend\w*|\bbudgets?\b|\b(?:costs?|errors?|"
        r"quality|latency|traffic) (?:going|go) (?:up|down)\b|\ball (?:the |of "
        r")?(?:traffic|requests|the)\b|\bgo (?:down|up|wrong|away|offline|dark)\b|"
        r"\b(?:was|were|been|have been|had)\b|\bhow (?:is|are|many|much)\b|\bmost\b|"
        r"\bgoing to (?:be|get|see|have|hit|cost|come)\b|\b(?:would|will|could) go\b(?! "
        r"to).*\bif\b|\brollout\b",
        needs=("not request", "not ahead", "not during"),
    ),
    Rule(
        Intent.WHICH_BACKEND,
        (
            r"\b(?:which|what|where|best|right|ideal|who|pick|choose|rank|recommend|suggest|"
            r"fastest|cheapest|optimal)\b",
            r"\b(?:a|an|this|my|one|single|next|such a|incoming|new) (?:\S+ ){0,6}(?:request|"
            r"prompt|call|query|completion)\b",
        ),
        never=r"\bwhy\b|\b(?:was|were|did|went|had|served|last)\b|\bhow (?:many|much)\b|\bper "
        r"request\b|\b(?:cost|price|latency|quality|size|length) of\b|\baverage\b|"
        r"\bstatus\b",
        needs=("not request", "not during", "not ahead"),
    ),
    Rule(
        Intent.WHICH_BACKEND,
        (
            r"\b(?:which|what|where|best|right|pick|choose|recommend|suggest|use|route|send|"
            r"who|should|would|backend|model|deployment)\b",
        ),
        never=r"\bwhy\b|\b(?:was|were|did|went|had|served|last)\b|\bhow (?:many|much)\b",
        needs=("tokens", "not request", "not during", "not ahead"),
    ),
)

CHOICE: Final[tuple[Rule, ...]] = (
    Rule(
        None,
        (
            r"\b(?:tenants?|customers?|users?|tiers?|teams?|hours?|days?|task types?|"
            r"tasks)\b.*\b(?:most|least|worst|best|highest|lowest|slowest|fastest)\b|"
            r"\b(?:most|least|worst|best|highest|lowest|slowest|fastest|top)\b (?:\w+ "
            r")?(?:tenants?|customers?|users?|tiers?|teams?|hours?|days?|task types?|tasks)\b",
        ),
        never=rf"\b{SERVED}\b|{COST}|{VOLUME}",
        needs=("not subject", "not by"),
        confidence=0.0,
    ),
    Rule(
        Intent.BEST_MODEL,
        (
            BEST,
            rf"\b{SERVED}\b|\bwhich one\b|\bwhat (?:is|are) (?:the )?(?:best|cheapest|fastest|"
            rf"worst|slowest)\b|\b(?:best|worst|cheapest|fastest|slowest|smartest) (?:one "
            rf"|option |choice |thing )?(?:for|at|on|in)\b|\bwhat (?:should|do|would) (?:i|we|"
            rf"you) (?:use|recommend|pick|suggest|choose)\b|\bwho (?:is|does|has|writes?|"
            rf"answers?|gives?)\b",
        ),
        never=rf"{WHY}|\bhow (?:is|are|was|were) (?!the best|the cheapest)\b|\bcompared? (?:to|"
        rf"with)\b|\bthan (?:§|usual|normal|before|yesterday|last)|\brollout\b|\bslos?\b|"
        rf"\bbudgets?\b|\bby (?:tier|tenant|user|hour|day)\b|\b(?:most|more) (?:\w+ "
        rf")?(?:traffic|requests|calls|used|money|tokens)\b|\bsimilar\b|\b(?:highest|"
        rf"lowest) (?:\w+ )?(?:traffic|volume|load|usage|requests|number)\b|\b(?:tenants?|"
        rf"customers?|tiers?|users?|teams?)\b.*\b(?:highest|lowest|most|worst|best)\b|"
        rf"\bgood (?:now|again|today|morning|health)\b|\b(?:all|everything|anything|going|"
        rf"doing|is it|still|now|got|get|getting|gotten)\b (?:\w+ )?(?:good|better|"
        rf"worse)\b|\b(?:better|worse|faster|cheaper) (?:now|§)|\bversion\b|\bhow (?:good|"
        rf"bad|fast|slow|cheap) (?:is|are|was|were)\b|\bworst off\b|\bmade\b|\bmake\b|"
        rf"\bcars?\b|\bfashion\b|\bokay\b|\bgpus?\b|\bchanged\b|\broom\b|\bleft\b|\bidea\b|"
        rf"\bcosts the "
        rf"most\b|<\w+> doing\b",
        needs=(
            "not request",
            "not compared",
            "not granularity",
            "not change",
            "not experiment",
            "not ahead",
        ),
    ),
    Rule(
        Intent.BEST_MODEL,
        (
            r"\bcompar\w*|\bor\b|\bvs\b|\bbetter\b|\bfaster\b|\bcheaper\b|\bworse\b|"
            r"\bslower\b|\bversus\b|\bagainst\b",
            r"<(?:model|deployment)>.*<(?:model|deployment)>|\bmodels\b",
        ),
        never=rf"{WHY}|\bhealth\w*|\bstatus\b|\bup\b|\bdown\b|\brout\w+|\brollout\b|\bif\b|\bby "
        rf"day\b|\bover time\b|\bgo\b",
        needs=(
            "rivals",
            "not request",
            "not compared",
            "not granularity",
            "not ahead",
            "not without",
            "not tokens",
        ),
        confidence=0.93,
    ),
    Rule(
        Intent.BEST_MODEL,
        (rf"\b(?:which|what) {SERVED} \w+.*\b(?:least|most|best|worst|fewest)\b",),
        never=rf"{WHY}|{VOLUME}|\bload\b|\bused\b|\bchang\w*|\bdrop\w*|\bincreas\w*|\bmoney\b|"
        rf"\bcosts?\b|\bat risk\b|\bmost likely\b",
        needs=("not request", "not compared", "not granularity", "not ahead"),
        confidence=0.94,
    ),
    Rule(
        Intent.BEST_MODEL,
        (
            rf"\b(?:which|what) (?:of our |of the |of my )?{SERVED}\b.*\b(?:has|have|gives?|"
            rf"delivers?|scores?|performs?|does|had|answers?|produces?|got|gets)\b.*\b(?:most|"
            rf"best|worst|highest|lowest|least|fewest|better|well|poorly)\b",
        ),
        never=rf"{WHY}|\btraffic\b|\brequests\b|\bvolume\b|\bcalls\b|\btokens\b|\bload\b|"
        rf"\bchang\w*|\bdrop\w*|\bincrease\w*|\bgained\b|\blost\b",
        needs=("not request", "not compared", "not granularity"),
    ),
)

HEALTH: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.STATUS,
        (
            rf"{ILL}|{WELL}|\bstatus\b|\bhealth\w*\b|\bstate\b|\btrouble\b|\bproblems?\b|"
            rf"\bissues?\b|\brecover\w*|\brely\b|\bworry\b|\bserving\b|\b(?:come|came|is|are) "
            rf"back\b|\bbreakers?\b|\bfresh\b|\bstable\b|\breachable\b|\bvital signs\b|"
            rf"\bstruggl\w*|\bdoing\b|\bholding up\b|\bwork(?:s|ing)?\b",
        ),
        never=rf"{QUALITY}|{LATENCY}|{COST}|{ERRORS}|{WHY}|\bbest\b|\bhow many\b|\b(?:volumes?|"
        rf"throughput|requests)\b|\bwhich (?:deployments?|models?|endpoints?)\b|\bgood "
        rf"(?:at|for)\b|\bmost\b|\bif\b(?! <| it)|\bgo (?:down|up)\b",
        needs=(
            "subject",
            "not request",
            "not by others",
            "not compared",
            "not ahead",
            "not task",
            "not tenant",
            "not tokens",
            "not experiment",
            "not change",
            "not without",
            "not other measure",
            "not incident",
        ),
        only=STATES,
    ),
    Rule(
        Intent.FLEET_HEALTH,
        (
            r"\b(?:un)?healthy\b|\bdegraded\b|\bdown\b|\bstale\b|\bunknown\b|\bsick\b|"
            r"\bbroken\b|\bunavailable\b|\boffline\b|\bdead\b|\bproblems?\b|\bissues?\b|"
            r"\btrouble\b|\bstruggl\w*|\bwrong\b|\bon fire\b|\bred\b|\bgreen\b|\bstatus\b|"
            r"\bhealth\b|\brespond\w*|\balive\b|\bbreakers?\b|\blimping\b|\bworry\b|\btrust\b|"
            r"\bwork(?:s|ing)?\b",
        ),
        never=rf"{QUALITY}|{LATENCY}|{COST}|{VOLUME}|{ERRORS}|{WHY}|\bbest\b|\bif\b|\bbad day\b|"
        rf"\b(?:that|this|it) (?:is )?(?:wrong|working|works|broken|down)\b|\b(?:you|i|me) "
        rf"(?:are |am )?(?:\w+ )?(?:wrong|sick|working|work|down|broken|dead|alive)\b|"
        rf"\bproblem child|\b(?:tiers?|tenants?|customers?|users?|evaluators?|polic\w+|"
        rf"routers?)\b|\b(?:is|are) you\b|\bno problem\b|\bboss\b(?!.*\b(?:models?|"
        rf"backends?|deployments?)\b)|\bgo(?:ing|es|ne)? down\b|\btask\w*",
        needs=(
            "not subject",
            "not request",
            "not by others",
            "not compared",
            "not ahead",
            "not task",
            "not tenant",
            "not tokens",
            "not experiment",
            "not change",
            "not without",
            "not slice",
            "not incident",
            "not other measure",
        ),
        only=STATES,
        confidence=0.95,
    ),
    Rule(
        Intent.FLEET_HEALTH,
        (
            rf"\b(?:which|what|list|show|any|how many|all|find|are there|are the|are our|are "
            rf"all|is there|is any|get|give)\b.*\b(?:{SERVED}|of them)\b.*(?:{ILL}|{WELL}|"
            rf"\bstatus\b|\bhealth\b|\btrouble\b|\bproblems?\b|\bissues?\b|\bstate\b|"
            rf"\bfailing\b|\bbad\b|\bwrong\b)"
            rf"|\b(?:which|what|list|show|any|how many|find|get|give)\b.*(?:\bunhealthy\b|"
            rf"\bdegraded\b|\bhealthy\b|\bunavailable\b|\bdown\b|\bstale\b|\bunknown\b|"
            rf"\bsick\b|\bbroken\b) (?:\w+ )?{SERVED}\b"
            rf"|^(?:unhealthy|healthy|degraded|down|stale|unknown|sick|broken|failing) {SERVED}\b",
        ),
        never=rf"{QUALITY}|{LATENCY}|{COST}|\b(?:traffic|volume)\b|{WHY}|\bbest\b|\bworst\b|"
        rf"\bwould\b|\bif\b|\bcompar\w*|\bchang\w*|\bwill\b|\bslos?\b|\bbudgets?\b|\berror "
        rf"rates?\b|\bsimilar\b|\bgood (?:at|for)\b|\bdeployed\b|\bwork(?:s|ing)? (?:best|"
        rf"better|well) (?:for|on|with)\b|\bavailable to\b|\bis (?:the )?<\w+> |\bwent "
        rf"out\b|\bper\b|<model> health|<deployment> health",
        needs=(
            "not request",
            "not by others",
            "not compared",
            "not ahead",
            "not task",
            "not tenant",
        ),
    ),
    Rule(
        Intent.STATUS,
        (
            rf"\bstatus\b|\bstate\b|\bhealth\w*\b|\bhow (?:is|are|was|were|"
            rf"about)\b.*(?:<(?:model|deployment|backend)>|\bdoing\b|\bholding\b|\bfeel\w*|"
            rf"\blook\w*|\bgoing\b)|\b(?:is|are|was|were|does|did)\b.*(?:{ILL}|{WELL}|"
            rf"\btrouble\b|\bproblems?\b|\bissues?\b)|\bwhat is (?:wrong|up|happening|going on|"
            rf"the matter|the deal|the situation|the story)\b|\b(?:problems?|issues?|trouble|"
            rf"anything wrong|something wrong|anything (?:up|off)) (?:with|on|at|in)\b|"
            rf"\b(?:check|tell me about|info (?:on|about)|look at|overview of|show(?: me)?) "
            rf"(?:on |the )?<(?:model|deployment|backend)>|<(?:model|deployment|backend)> "
            rf"(?:is )?(?:down|up|okay|healthy|unhealthy|degraded|alive|broken|dead)\b|"
            rf"^<(?:model|deployment|backend)>$|\b(?:acting up|misbehav\w*|on fire)\b|"
            rf"\bavailab\w+",
        ),
        never=rf"{QUALITY}|{LATENCY}|{COST}|\b(?:traffic|volumes?|throughput|requests)\b|{WHY}|"
        rf"\bbest\b|\bworst\b|\bwould\b|\bif\b|\bcompar\w*|\bchang\w*|\bwill\b|\bslos?\b|"
        rf"\bbudgets?\b|\berror rates?\b|\bsimilar\b|\bgood (?:at|for)\b|\brollout\b|"
        rf"\bexperiment\b|\bincidents?\b|\bmaint\w*|\brout\w+|\bshould\b|\bbetter\b|"
        rf"\bworse\b|\bcheap\w*|\brisk\b|\boverload\w*|\bsend\b|\bhow many\b|\bprice\b|"
        rf"\brolled out\b|\bversion\b|\bperform\w*|\bsafe to\b|\btake\b",
        needs=(
            "subject",
            "not request",
            "not by",
            "not compared",
            "not ahead",
            "not task",
            "not tenant",
            "not tokens",
            "not experiment",
            "not change",
            "not without",
            "not other measure",
        ),
    ),
    Rule(
        Intent.FLEET_HEALTH,
        (
            rf"\b(?:what|who|which(?: \w+)?) (?:is|are|else is|all is)(?: \w+)? "
            rf"(?:un)?(?:healthy|sick|broken|down|degraded|wrong|red|green|unavailable|offline|"
            rf"on fire|burning|working|dead|happening|going on)\b"
            rf"|\b(?:is|are|was|were) (?:anything|everything|something|things|all|we|it all|"
            rf"all of it|the (?:fleet|system|platform|service|whole thing|router|cluster)|our "
            rf"(?:fleet|system|platform|service|router)|any)\b.*(?:{ILL}|{WELL}|\bwrong\b|"
            rf"\bbroken\b|\bon fire\b|\bburning\b|\btrouble\b|\bproblems?\b|\bissues?\b|"
            rf"\bweird\b|\boff\b|\bnormal\b|\bcool\b)"
            rf"|\b(?:anything|something|everything|all) (?:\w+ )?(?:wrong|broken|down|on fire|"
            rf"burning|off|weird|good|okay|fine|well|green|healthy|unhealthy|working|alright|"
            rf"degraded|red|up)\b"
            rf"|\b(?:fleet|system|service|platform|overall|cluster|router) (?:\w+ )?(?:status|"
            rf"health|state|overview|summary|report|check)\b|\b(?:health|status) (?:check|of "
            rf"(?:the |our |all |every)?(?:\w+ )?(?:fleet|system|everything|deployments?|"
            rf"platform|backends?|models?|all|service))\b"
            rf"|\bhow (?:is|are) (?:the |our |my )?(?:whole |entire )?(?:fleet|system|platform|"
            rf"everything|things|we|deployments|backends|models|service|router|cluster|"
            rf"llms)\b(?: (?:all|doing|looking|going|today|now|right|overall|holding|up|"
            rf"feeling|health\w*|§))*$"
            rf"|^(?:overall |current |fleet |the |give me (?:the |a )?|show (?:me )?(?:the )?|"
            rf"what is (?:the |our )?)?(?:status|health|healthy|unhealthy|health check|sitrep|"
            rf"overview|fleet|status report|status update|current status|current state)(?: "
            rf"please| now| §| report| right now| today| check| page)*$"
            rf"|^(?:all|everything|we|things|are we|is it all) (?:good|okay|green|fine|well|up|"
            rf"healthy|clear)\b|\bany (?:problems?|issues?|trouble|fires?|outliers?|unhealthy|"
            rf"degraded|sick|down|broken|failing|red)\b|\b(?:down|unhealthy|degraded|sick) "
            rf"(?:right )?now\b|\bwhat (?:needs|requires|deserves) (?:my |our )?attention\b|"
            rf"\bwhat (?:should|do) i (?:worry|look at|care)\b|\bhealth overview\b|\bwho is "
            rf"(?:sick|down|unhealthy|ill)\b",
        ),
        never=rf"{QUALITY}|{LATENCY}|{COST}|\b(?:traffic|volumes?|throughput|requests)\b|{WHY}|"
        rf"\bbest\b|\bworst\b|\bwould\b|\bif\b|\bcompar\w*|\bchang\w*|\bwill\b|\bslos?\b|"
        rf"\bbudgets?\b|\berror rates?\b|\bsimilar\b|\brollout\b|\bexperiment\b|"
        rf"\bincidents?\b|\bmaint\w*|\bplanned\b|\bscheduled\b|\bbefore\b",
        needs=(
            "not subject",
            "not request",
            "not by",
            "not compared",
            "not ahead",
            "not task",
            "not tenant",
            "not tokens",
            "not experiment",
            "not change",
            "not without",
        ),
    ),
)
