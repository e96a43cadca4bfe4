"""Rules for what happened and what was tried: requests, incidents, changes, experiments."""

from typing import Final

from agent.understanding.question import Intent
from agent.understanding.rulebook.rule import Rule
from agent.understanding.rulebook.words import (
    CHANGING,
    ERRORS,
    LATENCY,
    MEASURES,
    QUALITY,
    ROLLOUT,
    SERVED,
    WHY,
)

HELP: Final[tuple[Rule, ...]] = (
    Rule(Intent.HELP, (r"^(?:help|help me|usage|commands|menu|options|h|man|examples?|faq|)$",)),
    Rule(
        Intent.HELP,
        (
            r"^(?:how (?:do|can|should) i ask|can i ask (?:you )?(?:about|for)|are you able "
            r"to answer|do you answer|can you answer)\b",
        ),
    ),
    Rule(
        Intent.HELP,
        (
            r"\b(?:what|which) (?:\w+ )?(?:can|could|do|may) you (?:\w+ )?(?:do|answer|help|"
            r"know|tell"
            r"|say)\b(?! about)|\bwhat (?:\w+ )?(?:can|could|should|may) (?:i|we) (?:\w+ )?ask\b"
            r"|\bwhat can i (?:do|say)(?: here| with (?:this|you|it))?$"
            r"|\bhow (?:do|can|should) i (?:use|talk to|ask|query|work with) (?:you|this|it|"
            r"routecause)\b"
            r"|\b(?:what|which) (?:kinds? of |sorts? of |type of |types of )?questions (?:can|"
            r"could|do|are|may|should|does)\b(?! (?:users|people|customers|they))"
            r"|\b(?:what|who) are you$|\bwhat do you (?:do|know|support|understand|answer)\b"
            r"|\bget(?:ting)? started\b|\bexamples? (?:of )?questions?\b|\bshow help\b|"
            r"\b(?:need|want|get) (?:some )?help\b|\bwhat to ask\b|\bwhat is possible\b|"
            r"\btopics (?:do|can|are) (?:you|i|there|we)\b|\bwhat can be asked\b|\bdo you "
            r"(?:also )?answer\b|\b(?:sample|example|supported) (?:queries|questions)\b|"
            r"\bwhat (?:you|i) can (?:answer|ask|do)\b|\b(?:phrase|word|ask) (?:a|my) "
            r"questions?\b|\bwhat (?:do you offer|are my options|can i get from you)\b|\bhow "
            r"do i start\b|\bgive me (?:some )?examples$|\b(?:could|can) you help me(?: "
            r"please)?$|\bwhat (?:does|can) this (?:tool|thing|bot|assistant|service) do\b|"
            r"\b(?:data|information) (?:do you have|can i get)\b|\btutorial\b|\bman page\b|"
            r"\b(?:instructions|manual|guide) (?:for|to|on) us\w+\b|\bhow can you help\b|"
            r"\bhow to ask\b|\bwhich intents\b|\bwhat you (?:can )?do\b|\bexamples? please\b|"
            r"\bdo not know what to ask\b|\bwhat (?:sort|kind|type) of (?:analysis|analyses|"
            r"things|help)\b|\bwhat things can you\b"
            r"|\bwhat are you (?:able|good|capable|for)\b|\bhow does this (?:work|thing work)\b"
            r"|\bwhat is this(?: thing| tool)?$|\bwhat (?:can|could) this (?:thing|tool|bot)\b"
            r"|\byour (?:capabilities|abilities|skills|features)\b",
        ),
        never=rf"{MEASURES}|^(?:my|his|her)\b|\bdying\b|\bhurts?\b",
        needs=("not subject", "not request"),
    ),
)

ROUTED: Final[tuple[Rule, ...]] = (
    # A past that never was has its own question, unless only a request's own record is asked for.
    Rule(None, (r"\b(?:would|could|instead|if|had)\b",), needs=("request",), confidence=0.0),
    Rule(Intent.SIMILAR_INCIDENTS, (r"\b(?:similar|like)\b.*\bincidents?\b",), needs=("request",)),
    Rule(Intent.WHY_ROUTED, (r"",), needs=("request",), confidence=0.99),
    Rule(
        Intent.WHY_ROUTED,
        (
            r"\b(?:why|how come|how|explain|who|what made|where)\b",
            r"\b(?:my|this|that|the|his|her|a single|one|last|<user>) (?:last |latest "
            r"|previous |failed |slow )?request\b",
            r"\b(?:went|go|gone|sent|send|rout\w*|land\w*|end(?:ed)? up|pick\w*|chos\w+|"
            r"choose|assign\w*|serv\w*|handled|rejected|forward\w*|decision|decided|made)\b",
        ),
        never=r"\b(?:should|would|will|could)\b",
    ),
    Rule(
        Intent.WHY_ROUTED,
        (r"\b(?:explain|show|what was|why)\b.*\brouting decision\b",),
        needs=("not metric",),
    ),
)

MAINTENANCE: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.MAINTENANCE,
        (
            r"\bmaint\w*|\b(?:upgrade|update|patch|change|service|maintenance|repair) "
            r"windows?\b|\b(?:upgrades?|updates?|patch\w*|reboots?) (?:is |are )?(?:planned|"
            r"scheduled)\b|\b(?:being|getting) (?:serviced|patched|upgraded|worked on|"
            r"maintained)\b|\bon purpose\b|\b(?:a|any|the) windows? §|\b(?:planned|scheduled|"
            r"upcoming) (?:\w+ )?(?:work|works|downtimes?|outages?|interruptions?|shutdowns?|"
            r"windows?)\b"
            r"|\bdowntimes? (?:is |are )?(?:planned|scheduled)\b|\bservice windows?\b"
            r"|\b(?:anything|something|work|what|which) (?:\w+ ){0,3}(?:planned|scheduled) "
            r"(?:for|on|in|to|§|<)",
        ),
        never=rf"{WHY}|\b(?:traffic|requests|cost|forecast|survive|cope|handle|risk|similar|safe|"
        rf"drain)\b",
        needs=("not measured",),
    ),
)

SIMILAR: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.SIMILAR_INCIDENTS,
        (
            r"\bsimilar\b|\b(?:seen|had|met|encountered|hit|experienced) (?:\w+ ){0,5}before\b"
            r"|\bhappen(?:ed|s|ing)? (?:\w+ ){0,2}(?:before|previously|in the past|earlier|"
            r"already)\b"
            r"|\bbefore (?:has|did|have) (?:this|that|it)\b|\bresembl\w+|\bdeja vu\b"
            r"|\b(?:ever|first time|already) (?:\w+ ){0,3}(?:seen|had|happen\w*|like this)\b"
            r"|\b(?:incidents?|outages?|cases?|problems?|issues?|anything|something|one|ones|"
            r"times?) (?:\w+ ){0,3}(?:like|as|comparable to|related to|matching) "
            r"(?:this|that|it|the|<incident>|these|those|today|§|what|now|inc\S*)"
            r"|\b(?:look|looks|sounds?|feels?) (?:like|familiar)\b.*\b(?:incident|outage|"
            r"before|past|earlier|previous|familiar)\b"
            r"|\b(?:past|previous|earlier|prior|old|older|historic(?:al)?) (?:incidents?|"
            r"outages?|occurrences?|cases?|postmortems?)\b"
            r"|\bis this (?:a )?(?:known|recurring|repeat|new)\b|\brecurr\w+|\bsame (?:\w+ "
            r")?(?:incident|outage|problem|issue|thing|failure)\b.*\b(?:before|again|"
            r"previous\w*|earlier)\b"
            r"|\bprecedents?\b|\b(?:former|related|other|older|past|previous) (?:incidents?|"
            r"outages?|ones)\b.*\b(?:like|with|close\w*|match\w*|as|to)\b|\brelated "
            r"(?:incidents?|outages?)\b|\bsame (?:as|symptoms|pattern|signature)\b|\bclosest "
            r"(?:to|match\w*|incident)|\blast time\b(?! §)|\bkeeps? happening\b|\bhistory of "
            r"(?:incidents?|outages?)\b|\bknow this (?:\w+ )?(?:pattern|problem|failure|"
            r"issue)\b|\bmatch(?:es|ing)? (?:this|<incident>)|\btwins? of\b|\brepeat of\b|"
            r"\bincidents? "
            r"(?:that|which) (?:look|feel|sound|seem)\w* like\b|<incident> (?:like|similar to|"
            r"resemble) <",
        ),
        never=r"\bsimilar (?:quality|cost|price|latency|request|model)|\bat similar\b|\bsame "
        r"quality\b|\bsame as §|\bsame (?:cost|price)|\bsame time\b|\btwins? of (?:the "
        r")?rollout|\b(?:model|deployment)s? similar\b",
    ),
)

INCIDENTS: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.INCIDENTS,
        (
            r"\bincidents?\b|\boutages?\b|\bpaged\b|\bsev[ -]?[0-5]s?\b|<incident>|"
            r"\bpostmortems?\b",
            r"\b(?:what|which|any|are|is|was|were|show|list|open|opened|active|current\w*|"
            r"ongoing|how many|there|have|had|did|do|recent|resolved|still|tell|status|get|"
            r"give|all|latest|last|details?|going on|happening|right now|<incident>)\b|"
            r"\b(?:anyone|summary|report|overview|list|declared|review|history)\b|^(?:<\w+> "
            r"|§ |the |all |sev\S+ |major |minor |open |recent |past )*(?:incidents?|"
            r"outages?)(?: (?:§|on|for|in|<\w+>|at|now|please|that|were|open|since|during|of|"
            r"over))*$",
        ),
        never=rf"{WHY}|{ERRORS}|\bsimilar\b|\bsame\b|\b(?:this|that) (?:sort|kind|type)\b|"
        rf"\bknown\b|\bremind\w*|\b(?:had it|seen it)\b|\b(?:like|before|previously)\b(?! "
        rf"§)|\bwould\b|\bchang\w*\b|\bshipped\b|\bdeployed\b|\bburn\w*|\bslos?\b|"
        rf"\bplanned\b|\bscheduled\b|\bdid .* do\b|\bcaus\w*|\beffects?\b|\bcompared?\b|"
        rf"\bvs\b|\bquality\b|\bcosts?\b|\blatency\b|\bp\d\d\b|\bcapacity\b|\bif\b",
        needs=("not request", "not measured"),
    ),
    Rule(
        Intent.INCIDENTS,
        (
            r"\bincidents?\b|\boutages?\b|<incident>",
            r"^(?:any|are|is|were|was|what|which|show|list|how many|did we have|do we have|"
            r"have we had|give|all|open|active|current|ongoing|tell)\b",
        ),
        never=rf"{WHY}|{ERRORS}|\bsimilar\b|\bsame\b|\b(?:this|that) (?:sort|kind|type)\b|"
        rf"\bknown\b|\bremind\w*|\b(?:had it|seen it)\b|\b(?:like|before|previously|"
        rf"than)\b|\bwould\b|\bplanned\b|\bscheduled\b|\bcaus\w*|\beffects?\b|\bif\b|"
        rf"\bchang\w*|\bshipped\b|\bdeployed\b|\bvs\b",
        needs=("not request", "not compared", "not by"),
        confidence=0.93,
    ),
)

TRIALS: Final[tuple[Rule, ...]] = (
    Rule(
        Intent.EXPERIMENT,
        (
            r"\bexperiments?\b|\ba/b\b|\bab[- ]?tests?\b|\bsplit tests?\b|\barms?\b|"
            r"\bvariants?\b|\btreatments?\b|<experiment>|<arm>|\bcontrol (?:group|arm)\b|"
            r"\bbandit\b",
        ),
        never=r"\bwhy\b|\bwould\b|\bwhat (?:has |have |was |were |got )?(?:changed|started|"
        r"shipped|launched)\b|\bexperiments? (?:were |was )?(?:started|ended|launched|"
        r"stopped|begun)\b|\bchanges\b|\b(?:per|by|each|across) (?:arm|variant|"
        r"experiment)s?\b|\bwhat caused\b|\broot cause\b|\bsimilar\b|\brout(?:e|ed)\b",
        needs=("not request",),
    ),
    Rule(
        Intent.EXPERIMENT,
        (r"\b(?:who|which|what)(?: \S+)? (?:is |was )?(?:winning|wins?|won)\b|\bwinners?\b",),
        never=rf"\bwhy\b|\bwould\b|{MEASURES}|\b{SERVED}\b|\bcup\b|\bbest\b",
        needs=("not subject", "not request", "not metric"),
        confidence=0.94,
    ),
    Rule(
        Intent.ROLLOUT,
        (
            rf"\b(?:what|any|which) (?:effects?|impacts?) (?:had|did|has|of)\b|\b(?:harm\w*|"
            rf"damage\w*|benefit\w*|gain\w*|improve\w*|suffer\w*|regress\w*|react\w*|better|"
            rf"worse|difference|affected|drop\w*)\b (?:\S+ ){{0,3}}(?:of|from|to|by|since|"
            rf"through|thanks to|because of|with) (?:\S+ ){{0,4}}{ROLLOUT}(?!\w)"
            rf"|^(?:the |our |last |latest )*{ROLLOUT}(?: \S+)? (?:good|bad|okay|better|worse|"
            rf"better or worse|good or bad|impact|effect)$"
            rf"|\bshould (?:i|we) have (?:rolled|reverted|shipped|kept)\b|\b(?:tell|show) me "
            rf"what (?:the |that )?{ROLLOUT} (?:\S+ )?did\b|\bbefore/after (?:of |for )?(?:the "
            rf"|our )?{ROLLOUT}\b|\b(?:canary|update|upgrade|release|rollout) (?:\S+ )?(?:a "
            rf"win|looking good|a loss|bring|brought)\b"
            rf"|\b(?:effects?|impacts?|outcome|result|results|consequences?|verdict) (?:of|"
            rf"from|on)\b.*\b{ROLLOUT}(?!\w)"
            rf"|(?:^|\b|(?<=\s)){ROLLOUT}(?: of \S+| to \S+| on \S+)? (?:effect|impact|result|"
            rf"outcome|verdict|assessment|evaluation|report|review)s?\b"
            rf"|\b(?:did|has|have|was|were|is|does|do|would you say)\b (?:\S+ "
            rf"){{0,5}}{ROLLOUT} (?:\S+ ){{0,6}}(?:help\w*|hurt\w*|improv\w*|worsen\w*|better|"
            rf"worse|broke|break\w*|good|bad|success\w*|safe|okay|fine|regress\w*|damage\w*|"
            rf"harm\w*|work\w*|worth|well|bite|make|made|degrad\w*|slow\w*|affect\w*|change|"
            rf"pay off|cause\w*|increase\w*|reduce\w*|raise\w*|lower\w*|drop|any difference|"
            rf"backfire\w*|fix\w*|ruin\w*|mess\w*)"
            rf"|\bwhat (?:did|has) (?:\S+ ){{0,5}}{ROLLOUT} (?:\S+ ){{0,4}}(?:do|done|cause|"
            rf"caused|change|changed|bring|affect|break|cost)\b"
            rf"|\bhow (?:did|is|has|was|well did|good was|bad was) (?:\S+ ){{0,5}}{ROLLOUT} "
            rf"(?:\S+ ){{0,3}}(?:go|gone|going|do|doing|perform\w*|work\w*|turn|turned|fare\w*|"
            rf"affect\w*)\b"
            rf"|\bhow (?:is|was|good was|bad was) (?:the |our |that |this )(?:\S+ "
            rf"){{0,3}}{ROLLOUT}(?: §)?$"
            rf"|\bshould (?:i|we) (?:roll ?back|revert|undo|keep|continue|stop|pause)\b"
            rf"|\b{ROLLOUT} (?:good or bad|okay|safe|a success|a mistake|successful)\b"
            rf"|\b(?:assess|evaluate|judge|rate|review) (?:\S+ ){{0,3}}{ROLLOUT}\b",
        ),
        never=r"\bwhy\b|\bwhat caused\b|\bif\b|\bmaint\w*|\bwho\b|\b(?:why|what) (?:is|was) "
        r"(?:the |<\w+> )?deployment\b|\bdeployments?\b.*\b(?:good|okay|fine|safe|slow|"
        r"worse|best|worst|better)\b",
    ),
    Rule(
        Intent.ROLLOUT,
        (
            r"\b(?:help\w*|hurt\w*|improv\w*|wors\w+|better|broke|break\w*|good|bad|"
            r"success\w*|safe|okay|effects?|impacts?|do|done|go|regress\w*|harm\w*|make|made|"
            r"affect\w*|slow\w*|rollback|roll back|outcome|twins?)\b",
        ),
        never=r"\bwhy\b|\bwhat caused\b|\bwho\b|\bbefore\b",
        needs=("change",),
    ),
    Rule(
        Intent.CHANGES,
        (
            r"\b(?:chang\w+|deploy(?:s|ed)?|ship(?:ped)?|releas\w+|rollouts?|rolled (?:out|"
            r"back)|roll out|updat\w+|upgrad\w+|push\w*|modif\w+|alter\w+|introduc\w+|"
            r"launch\w*|removed|retired|added|went live|new|switched|replaced|experiments? "
            r"started)\b",
            r"\b(?:what|which|any\w*|did|has|have|had|was|were|when|who|list|show|give|how "
            r"often|how many|latest|last|recent|changes|is there|new|see|all)\b",
        ),
        never=rf"{WHY}|{QUALITY}|{LATENCY}|{ERRORS}|\b(?:traffic|volume|spend|bill)\b|\bdoes\b|"
        rf"\bshould\b|\bwould\b|\bnew (?:tenant|customer|user|request)s?\b|^(?:the "
        rf")?(?:new|latest) \S+$|\bhow (?:is|was|did)\b|\bbetter\b|\bwhat (?:did|does|has) "
        rf"(?:the |this |that |our )?(?:\S+ )?(?:change|rollout|release|update|upgrade|"
        rf"<change>)\b|\bhow (?:many|much)\b.*\b(?:users|cost)\b|\bdeployments are\b|"
        rf"\bgood idea\b",
        needs=("not request", "not ahead", "not by", "not compared", "not tokens", "not change"),
        only=CHANGING,
    ),
    Rule(
        Intent.CHANGES,
        (
            r"\bwhat (?:\w+ ){0,2}(?:has |have |had |got |did |was |were |is |are )?(?:been "
            r"|we |they |you |anyone |someone |people |the team |just )?(?:changed?|deployed|"
            r"deploy|shipped?|released?|rolled out|roll out|updated|modified|pushed|launched|"
            r"altered|merged|reconfigured|touched|tweaked)(?: (?:to|on|in|for|with|about|at|"
            r"by|around|across|during|over|since|between|§|<\w+>|recently|lately|the|our|"
            r"fleet|routing|config\w*|here|there|then|just|anything|everything|all|overall|"
            r"system|today|and|or|shipped|deployed|before|after|right|incident|rollout|"
            r"exactly|policy|policies|prices?|pricing))*$"
            r"|\b(?:list|show|any|all|recent|latest|last|give me|which|what|were there|see|"
            r"the|every) (?:me |the |of |all |recent |latest |last |config\w* |price |pricing "
            r"|policy |our )*(?:changes|deploys|rollouts|releases|changelog|change log|config "
            r"changes)\b"
            r"|\bwhat (?:is|was) (?:new|different)\b|\bchange ?logs?\b|\bwho (?:changed|"
            r"deployed|shipped|released|pushed|rolled|touched)\b|\b(?:did|has|have) (?:anyone|"
            r"anybody|someone|somebody|we|you|they) (?:\w+ )?(?:changed?|deploy(?:ed)?|"
            r"ship(?:ped)?|releas\w+|push(?:ed)?|touch(?:ed)?|rolled|roll) (?:\w+ "
            r")?(?:anything|something|stuff|out|<\w+>|the|a)\b"
            r"|\b(?:did|has|have|was|were) (?:anything|something) (?:\w+ )?(?:been "
            r")?(?:changed?|deployed|shipped|released|rolled out|updated|modified|pushed|"
            r"different|get changed|get deployed|get shipped)\b|^(?:recent |latest |last "
            r")?(?:changes|deploys|rollouts|releases)(?: (?:§|since|on|to|for|in|<\w+>|at|"
            r"around|before|the))*$"
            r"|\b(?:when|who) (?:was|did) (?:\S+ ){0,4}(?:last )?(?:deployed|rolled out|"
            r"released|changed|updated|deploy|release)\b",
        ),
        never=rf"\bwhy\b|{QUALITY}|{LATENCY}|{ERRORS}|\b(?:help\w*|hurt\w*|effects?|impacts?|"
        rf"better|worse|price changed by|cause[ds]?|similar)\b|\bwould\b",
        needs=("not request",),
    ),
)
