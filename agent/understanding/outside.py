"""What surely lies outside of what can be answered, and why.

Only what is sure: a question that is merely odd is left to the steps after. What asks for something
that is never given (a change, a secret, what somebody wrote, a query to run) is outside whatever it
names; what has nothing to do with the fleet is outside only where it names nothing of the fleet.
"""

import re
from dataclasses import dataclass
from typing import Final

from agent.understanding.question import Slots, Times
from agent.understanding.wording import Wording, worded

READ_ONLY: Final = "I only read; changing anything is up to the people and tools that run the fleet"
NO_TEXTS: Final = "no text of prompts or answers is stored, only what was measured of them"
NO_SECRETS: Final = "keys, settings and instructions of this service are not told"
NO_QUERIES: Final = "queries and code are not run here, questions about the fleet are answered"
NO_ORDERS: Final = "what I may do is fixed, and no question changes it"
NOT_MEASURED: Final = "nothing records that; what is recorded of requests is their quality scores, "
"latency, errors, tokens and cost"
UNRELATED: Final = "that has nothing to do with the fleet, its traffic or what happened to it"
NO_DEFINITIONS: Final = "I tell what is recorded of this fleet, and nothing of words or of myself"
NO_QUESTION: Final = "there is no question about the fleet in it"


@dataclass(frozen=True, slots=True)
class _Boundary:
    """A reason, what shows that it holds, and what shows that it does not.

    With `unnamed`, it holds only where the text names nothing of the fleet.
    """

    reason: str
    says: re.Pattern[str]
    never: re.Pattern[str] | None = None
    unnamed: bool = False


def outside(text: str, *, slots: Slots, times: Times) -> str | None:
    """Why a question surely lies outside, as words that complete `I can't tell: …`; else None."""
    wording = worded(text, slots, times)
    if not re.search(r"[^\W_]|\?", text):
        return NO_QUESTION
    names = _names(slots)
    for boundary in _BOUNDARIES:
        if boundary.unnamed and names:
            continue
        if _holds(boundary, wording):
            return boundary.reason
    return None


def _names(slots: Slots) -> bool:
    """Whether the text names anything of the fleet, a measure apart."""
    return bool(
        slots.where.given()
        or slots.request
        or slots.incident
        or slots.change
        or slots.experiment
        or slots.without
        or slots.slo
        or slots.policy_version
    )


def _holds(boundary: _Boundary, wording: Wording) -> bool:
    if boundary.never is not None and boundary.never.search(wording.masked):
        return False
    return boundary.says.search(wording.masked) is not None


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?!\w)")


_POLITE: Final = (
    r"^(?:(?:please|now|ok|okay|hey|hi|so|and|then|just|also|go ahead and|can you|could you|"
    r"would you|will you|can u|you should|you must|you need to|i want you to|i need you to|"
    r"i would like you to|i want to|we need to|we should|let us|lets|help me|i order you to|"
    r"kindly|quickly|immediately|at once|simply|for me|to|make sure to|need to|"
    r"do me a favou?r and|(?:i (?:am|was) )?wondering (?:if|whether) (?:you|we) "
    r"(?:could|can|might)|"
    r"any chance (?:you|we) (?:could|can)|(?:is|would) it (?:be )?possible to|"
    r"would you mind|i would appreciate it if you could) )*"
)
_ACTS: Final = (
    r"restart|reboot|delete|remove|drop|kill|stop|pause|resume|terminate|scale|roll ?back|rollback|"
    r"revert|undo|deploy|redeploy|promote|drain|disable|enable|turn (?:off|on)|switch "
    r"(?:off|on|over|"
    r"back|to|all|everything|traffic)|shut ?(?:down|off)?|raise|increase|decrease|"
    r"lower|reduce|bump|"
    r"double|set|reset|update|upgrade|downgrade|patch|fix|repair|heal|change|modify|edit|rename|"
    r"add|create|register|provision|launch|spin up|start|begin|silence|mute|acknowledge|ack|snooze|"
    r"resolve|close|reopen|escalate|page|notify|email|mail|send (?:an?|me an?|the team|us) "
    r"(?:e ?mail|mail|message|slack|alert|report|page)|schedule|cancel|postpone|block|ban|unblock|"
    r"throttle|limit|cap|give <\S+|grant|revoke|move|shift|migrate|divert|failover|fail over|"
    r"(?:re)?route (?:all|every|everything|most|half|some|more|less|\d+|the (?:rest|traffic)|"
    r"traffic|requests|<\S+)|send (?:all|every|everything|more|less|\d+|the rest|traffic)|"
    r"exclude|blacklist|whitelist|pin|force|override|apply|approve|reject|assign|cut off|evict|"
    r"rerun|retry|resend|replay <request>|write (?:an? )?(?:event|score|change|incident|record)|"
    r"record|insert|truncate|purge|(?:re)?send <request>|end (?:the |<)\S+|"
    r"(?:re)?send it again|wipe|clear|flush|erase|refund|rotate|train|fine ?tune|"
    r"retrain|"
    r"install|buy|wire|merge|commit|push|open (?:an? )?(?:new )?(?:incident|ticket|issue)|"
    r"make (?:<\S+>|it|them|us|this|that|everything|sure)|ship|put (?:\S+ )+(?:into|"
    r"in|out of|back)|take (?:\S+ )+(?:offline|out of (?:rotation|service))|declare|"
    r"swap|replace|prolong|extend|shorten|withdraw"
)
_ASKING: Final = re.compile(
    r"\b(?:how much|what if|what would|what happens|would (?:it|we|that|this)|can we (?:save|cut|"
    r"survive|reduce)|where can|how can|how could|which|why|did|does|has|have|was|were|is there)\b"
    r"|\bshould (?:we|i) (?:roll|revert|keep|undo|continue|stop|end)\b"
    r"|^(?:lower|reduce|cut|fix|increase|set|cost|drop|change|limit|update|start|end|stop|patch|"
    r"cap|add|order|record|release|raise|move|shift|put|close|clear|mark)s?(?: §)?$"
    r"|^(?:deploy|change|update|upgrade|rollback|patch|release|record|drop|increase|fix|merge|push|"
    r"cap|limit|move|failover|launch)s? (?:history|log|list|since|impact|effects?|of|in|on|§|by|"
    r"over|from|this|last)"
    r"|^(?:start|end|begin) (?:of|time)\b|^(?:close|end)d? (?:incidents?|to)\b|^open incidents?"
    r"|^(?:page|alert|change|deploy|update|release)s\b|^drop in\b|^(?:increase|decrease|spike) in\b"
    r"|^(?:show|tell|give me|list|explain|compare)\b|\b(?:capacity|headroom)\b|^(?:upgrade|update|"
    r"patch|change|fix) windows?\b|\ba backend\b|\btok(?:en)?s?\b|^(?:please "
    r")?(?:reduce|lower|cut|decrease) (?:\S+ ){0,3}(?:costs?|spend\w*|bills?)\b|"
    r"\b(?:worth|save|cheaper)\b"
)

_BOUNDARIES: Final[tuple[_Boundary, ...]] = (
    _Boundary(
        NO_ORDERS,
        _words(
            r"(?:ignore|forget|disregard|override|bypass|drop|skip) (?:\S+ "
            r"){0,4}(?:instructions?|rules?|prompts?|guidelines|restrictions?|limits|"
            r"guardrails|policies|training|constraints)",
            r"(?:ignore|forget|disregard) (?:everything|all|what) (?:\S+ ){0,4}(?:above|"
            r"before|said|told|previous\w*)",
            r"you are now",
            r"act as",
            r"pretend (?:to be|that|you)",
            r"jailbreak\w*",
            r"dan mode",
            r"developer mode",
            r"(?:without|no) (?:any )?(?:restrictions|guardrails|filters|rules)",
            r"role ?play",
            r"from now on",
            r"(?:new|your new) (?:instructions?|rules?|role|persona)",
            r"you (?:must|will|have to) obey",
        ),
        never=re.compile(r"\b(?:why|did|how many|which deployments?|p\d\d|latency of)\b"),
    ),
    _Boundary(
        NO_SECRETS,
        _words(
            r"(?:system|hidden|initial|secret|internal|original) (?:prompt|instructions?|"
            r"message|rules)",
            r"your (?:own )?(?:instructions|prompt|rules|source code|guidelines|system "
            r"message|config\w*)",
            r"(?:show|reveal|print|repeat|tell) (?:me )?the (?:instructions|prompt|source "
            r"code)$",
            r"(?:api|secret|access|private|signing|ssh|encryption|admin|aws|openai|anthropic) "
            r"?(?:keys?|tokens?|secrets?|credentials?)",
            r"passwords?",
            r"credentials?",
            r"secrets?",
            r"\.env",
            r"environment variables?",
            r"env vars?",
            r"connection strings?",
            r"private keys?",
            r"etc/passwd",
            r"neo4j (?:user|login|password|uri)",
        ),
        never=re.compile(
            r"\b(?:rotat\w+|expired?|changed|rate of|why|how many|did|per|errors?|routing "
            r"rules|effect|scores?|do to|tokens (?:per|by|for|did|do|will)|"
            r"rollout|quality|latency|when)\b"
        ),
    ),
    _Boundary(
        NO_QUERIES,
        re.compile(
            r"\b(?:run|execute|exec|eval|perform|issue) (?:\S+ ){0,4}(?:gremlin|sparql|shell|bash|"
            r"python|script|graphql mutation|commands?|javascript|code)\b|\b(?:run|execute|eval|"
            r"evaluate|use|try|write|send|give me|do) (?:\S+ ){0,4}sql\b"
            r"|\bmatch \(?\w*\)?.{0,80}\breturn\b|\bmatch n\b|\b(?:detach )?delete n\b|"
            r"^select (?:\w+ )?from\b|\bselect .{1,80} from \w+ where\b"
            r"|\bdrop (?:table|database|index|constraint)\b|\bunion select\b|\bor 1 1\b|"
            r"\bcall (?:db|dbms|apoc)\."
            r"|\bcall apoc\b|\brm -?rf\b|\bsudo\b|\bcurl \S+|\bos\.system\b|\bload csv\b|"
            r"\binsert into\b|<script>|\bcypher\b"
        ),
    ),
    _Boundary(
        NO_TEXTS,
        re.compile(
            r"\bwhat (?:exactly )?(?:did|does|has|had|have|is|was|were) (?!you\b|we\b|i\b|"
            r"it\b|going\b)(?:\S+ ){0,4}(?:wr[io]te|written|typed?|said?|say|saying|ask(?:ed|ing)?|"
            r"asking|prompt(?:ed)?|chat(?:ted)? about|talk(?:ed|ing)? about|repl(?:y|ied)|"
            r"answer(?:ed)?|respond(?:ed)?|input)\b(?! (?:rate|quality|time|by|slow|bad|wors))"
            r"|\b(?:show|give|read|print|display|translate|see|get|dump|reveal|paste|quote|"
            r"repeat|recite|fetch|list|export|what (?:is|was|were|are)|tell) (?:\S+ "
            r"){0,5}(?:the |full |raw |actual |exact |original |last |<\S+> )*(?:prompts?|"
            r"completions?|conversations?|messages?|chats?|transcripts?|chat history|message "
            r"content|request body|response body|response text|answer text|content|contents|"
            r"full text|answer) (?:text |body |content )?(?:of|for|from|by|in|that|sent|to|"
            r"the user|<)"
            r"|\b(?:prompt|completion|answer|response|request|message) (?:text|texts|bod(?:y|"
            r"ies)|contents?|transcripts?)\b|\b(?:content|text|body|wording|transcript) of "
            r"(?:the |a |that )?(?:\S+ )?(?:prompts?|requests?|messages?|conversations?|"
            r"completions?|answers?|responses?)\b"
            r"|\bwhat text\b|\bshow me the text\b|\b(?:personal|private) (?:data|information|"
            r"details|info)\b|\b(?:phone|credit "
            r"card|social security|home address|e-?mail address)\b"
            r"|\bwhat (?:are|is|were) (?:people|users|customers|they|<\w+>|\w+) (?:writing|"
            r"asking|typing|talking|saying|prompting|chatting)\b"
        ),
        never=re.compile(
            r"\bprompt (?:tokens?|length|size|band|experiment|version|change)|\b(?:per|by|how "
            r"many|cost|quality|"
            r"latency|errors?|slow|fail\w*|score|similar|why|complain\w*|routed|rollout|said "
            r"about|changed|"
            r"scores?|do to|did (?:you|i|we) (?:say|ask|answer)|router said|can i|could i|do "
            r"i|should i|asked to|"
            r"what (?:can|could|should) )\b"
        ),
    ),
    _Boundary(
        READ_ONLY,
        re.compile(rf"{_POLITE}(?:{_ACTS})(?!\w)(?! (?:rate|rates|rated|price)\b)"),
        never=_ASKING,
    ),
    _Boundary(
        READ_ONLY,
        re.compile(
            r"\b(?:would|'d) be (?:great|nice|lovely|good|cool|best) if (?:you|someone|somebody|we|"
            r"they|anyone)\b|\bgo ahead (?:then|please|now)\b|\bjust switch (?:\S+ ){1,4}off\b|"
            r"\b(?:be|get|being) (?:taken out of (?:rotation|service)|taken offline|restarted|"
            r"rolled back|switched off|turned off|shut down|drained)\b|"
            r"\b(?:kindly|please) (?:close|resolve|end|stop|cancel) (?:it|them|this|that)\b"
        ),
        never=re.compile(r"\b(?:why|when|did|was|were|which|what|how many|happens?)\b"),
    ),
    _Boundary(
        NOT_MEASURED,
        _words(
            r"how many (?:people|engineers|developers|operators|folks|colleagues)",
            r"on (?:shift|duty)",
            r"(?:sleeping|asleep)",
            r"pay (?:their|his|her|the|its) (?:invoices?|bills?)",
            r"(?:customers?|users?|clients?|people) will (?:cancel|leave|quit|churn)",
            r"(?:outages?|incidents?|failures?) will (?:we|there|happen|come|hit)",
            r"(?:difference|differ) between an? \S+ and an? \S+",
            r"vaccines?|mortgages?|football|motorways?|ring road|helm charts?|nil pointer",
            r"(?:pay|paid) (?:the |our |those )?(?:people|engineers|developers|staff|team)",
            r"(?:people|engineers|developers|staff|team) (?:earn|get paid)",
        ),
    ),
    _Boundary(
        NOT_MEASURED,
        _words(
            r"(?:gpu|cpu|chip|server|rack|hardware|data ?cent(?:er|re)s?) (?:temperatures?|"
            r"temps?|heat|fans?|power|voltage|clock|humidity)",
            r"temperatures?(?: of| in)? (?:the |our )?(?:gpus?|cpus?|servers?|racks?|data)",
            r"how (?:hot|warm|cold)",
            r"carbon(?: \w+)?",
            r"co2",
            r"emissions?",
            r"electricity",
            r"kwh",
            r"energy (?:use|usage|consumption|bill)",
            r"power (?:consumption|draw|usage)",
            r"water (?:use|usage|consumption)",
            r"staff",
            r"salar(?:y|ies)",
            r"headcount",
            r"employees?",
            r"payroll",
            r"how many (?:people|engineers|developers) (?:work|do we|are)",
            r"(?:customer|user|client) (?:satisfaction|happiness|sentiment|churn|retention|"
            r"loyalty)",
            r"nps",
            r"csat",
            r"churn(?: rate)?",
            r"net promoter\w*",
            r"revenue",
            r"profit\w*",
            r"gross margin",
            r"market share",
            r"(?:share|stock) prices?",
            r"(?:gpu|cpu|memory|ram|disk) (?:util\w+|usage|load|space)",
            r"disk (?:full|space)",
            r"parameters does",
            r"lines of code",
            r"conversion rates?",
            r"page views",
            r"mood",
            r"marketing",
        ),
        never=re.compile(
            r"\b(?:similar|incidents?|errors?|quality|scored|evaluator|why|routing request)\b"
        ),
    ),
    _Boundary(
        UNRELATED,
        _words(
            r"weather",
            r"sunny",
            r"raining",
            r"jokes?",
            r"poems?",
            r"haikus? about",
            r"recipes?",
            r"horoscope\w*",
            r"lyrics",
            r"song",
            r"movies?",
            r"football",
            r"soccer",
            r"basketball",
            r"world cup",
            r"olympics?",
            r"capital of",
            r"president of",
            r"prime minister",
            r"population of",
            r"meaning of life",
            r"bitcoin",
            r"crypto(?:currency)?",
            r"stock market",
            r"stocks?",
            r"exchange rate",
            r"lottery",
            r"birthday",
            r"translate (?:this|that|the|into|to|from|\S+ (?:to|into))",
            r"homework",
            r"write (?:me )?(?:an?|the|some) (?:\w+ )?(?:poem|story|essay|function|script|"
            r"program|e-?mail|letter|song|haiku|code|class|test|regex|blog post|article|tweet|"
            r"limerick|cover letter|bash script|unit test)",
            r"write (?:some |me )?(?:python|java|javascript|code|rust|sql|c\+\+)",
            r"who (?:invented|discovered|painted|wrote|founded|directed|won)(?: the)?",
            r"what (?:is|are) (?:your|ur) (?:name|age|favou?rite)",
            r"how old are you",
            r"are you (?:human|alive|sentient|a robot|an ai|real|single|married|happy|"
            r"conscious)",
            r"do you (?:love|like|hate|dream|sleep|believe)",
            r"(?:who|what company) (?:made|created|built|trained) you",
            r"tell me (?:a|an|another) (?:\w+ )?(?:story|joke|riddle|fact|secret)",
            r"(?:book|order) (?:me )?(?:a|an|some) (?:\w+ )?(?:flight|table|pizza|hotel|taxi|"
            r"room|meeting)",
            r"pizza",
            r"restaurants?",
            r"my (?:\w+ )?(?:head|back|stomach|wife|husband|girlfriend|boyfriend|dog|cat|car|"
            r"internet|laptop|phone|printer|wifi)(?: (?:hurts?|is))?",
            r"(?:good )?vacation (?:spots?|ideas)",
            r"square root",
            r"prime numbers?",
            r"integral of",
            r"solve (?:for|the equation)",
            r"elections?",
            r"religion",
            r"dating",
            r"cook(?:ing)?",
            r"summari[sz]e (?:this|the) (?:article|text|book|paper|document)",
            r"fashion",
            r"highway",
            r"houses?",
            r"cars?",
            r"cdn",
            r"(?:route|way|drive) to (?:work|school|the \w+|home)",
            r"how (?:do|can|to) i? ?(?:become|learn|cook|bake|lose weight|get rich|write)",
        ),
        never=re.compile(
            r"\b(?:incidents?|deployments?|backends?|latency|error rate|p\d\d|quality|"
            r"tenants?|tiers?|requests?|rollouts?|slos?|experiments?|fleet|llm|router|routed|"
            r"traffic (?:for|on) <)\b"
        ),
        unnamed=True,
    ),
    _Boundary(
        NO_DEFINITIONS,
        re.compile(
            r"\bwhat (?:does|do|is meant by) (?:\S+ ){1,3}(?:stand for|mean|means)$|"
            r"^(?:define|definition of|explain what)\b|\bdifference between p\d\d and p\d\d\b|"
            r"^what is (?:an? )?(?:incident|neo4j|redis|graphql|latency|routing)$|"
            r"^(?:spell|rhyme|rap|sing|draw|paint|recite|compose|dance|pronounce)\b|"
            r"\b(?:how|where|why) are you\b|\bdo you feel\b|\bcan you (?:dance|sing|cook|"
            r"feel)\b"
            r"|^what (?:is|are) (?:an? )?(?:\S+ ){1,3}in general$|^what is an? (?:slo|sla|sli|"
            r"error budget|canary|tenant|token|llm|"
            r"deployment|backend|router|experiment|rollout|percentile|p\d\d|a/b test|burn rate)$"
        ),
        unnamed=True,
    ),
    _Boundary(
        UNRELATED,
        re.compile(
            r"^(?:what is |whats |calculate |compute )?\d+(?:(?: (?:x|plus|times|"
            r"minus|divided by))? \d+)+$"
        ),
        unnamed=True,
    ),
    _Boundary(
        NO_QUESTION,
        re.compile(
            r"^(?:(?:hi|hello|hey|yo|hiya|howdy|sup|good (?:morning|afternoon|evening|night|"
            r"day|§)|thanks?|thank you|thx|ty|cheers|great|cool|nice|awesome|perfect|lol|"
            r"haha\w*|hm+|test|testing|ok|okay|bye|goodbye|see you|there|so much|very much|a "
            r"lot|you|all|bot|team|got it|wow|well done|good job|morning|evening|yes|no|never "
            r"?mind|sorry|please|asap)(?:\s|$))+$"
        ),
        unnamed=True,
    ),
)
