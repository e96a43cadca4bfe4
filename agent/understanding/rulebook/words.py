"""The words that rules share: what is measured, what went wrong, who serves.

Patterns for the masked wording: lower case, names as `<model>`, times as `§`.
"""

from typing import Final


def any_of(patterns: str) -> str:
    """Alternatives, as whole words."""
    return rf"(?<!\w)(?:{patterns})(?!\w)"


QUALITY: Final = any_of(
    r"quality|scor(?:e[sd]?|ing)|accura\w+|hallucinat\w*|evals?|(?:bad|worse|wrong|poor|"
    r"dumb|garbage|nonsense) (?:answers?|responses?|outputs?|results?)|(?:answers?|"
    r"responses?|outputs?|results?) (?:\w+ ){0,2}(?:bad|worse|wrong|poor|garbage)"
)

LATENCY: Final = any_of(
    r"latenc\w+|slow\w*|p\d\d|ttft|first token|response times?|lag\w*|sluggish|speed|"
    r"median|how (?:fast|slow|long)|taking (?:so |too )?long|takes? (?:so |too )?long|"
    r"faster|timing"
)

ERRORS: Final = any_of(
    r"errors?|error rates?|err rate|errored|erroring|fail(?:s|ed|ing|ures?|ure rate)?|"
    r"timeouts?|timing out|time out|5xx|4xx|429s?|50[0-9]s?|exceptions?"
)

COST: Final = any_of(
    r"costs?|costing|spend|spends|spent|spending|bills?|billed|pay|paid|paying|pricey|"
    r"expensive|expenses?|charged?|dollars?|money|usd|burned|invoice"
)

VOLUME: Final = any_of(r"traffic|volumes?|requests?|calls|throughput|usage|rps|qps|tokens?")

MEASURES: Final = "|".join((QUALITY, LATENCY, ERRORS, COST, VOLUME))
"""Words of anything that is measured."""

WHY: Final = any_of(
    r"why|how come|what (?:is|was|are|were|has|have|had|been) (?:been )?(?:causing|behind|"
    r"driving|making|responsible)|what (?:the )?(?:caus\w+|makes?|made|dr[oi]ves?|"
    r"explains?|led to|triggered|broke|moved|pushed)|reasons? (?:for|of|behind|that|why|"
    r"is|are)|(?:the|a|any) reason|root causes?|causes? (?:of|for|behind)|the causes?|"
    r"explain|what(?: the \w+)? (?:happened|has happened) (?:to|with)|because of what|due "
    r"to what|what for|who is to blame|blame|rca|investigate|diagnose|look into|dig into"
)

MOVED: Final = any_of(
    r"chang\w*|drop\w*|f[ae]ll\w*|fell|declin\w*|decreas\w*|degrad\w*|wors\w+|tank\w*|"
    r"dip\w*|sank|r[io]se[sn]?|rising|increas\w*|jump\w*|spik\w*|up|down|higher|lower|"
    r"slower|slowed|regress\w*|grow\w*|grew|climb\w*|doubl\w*|tripl\w*|surg\w*|improv\w*|"
    r"better|deteriorat\w*|crash\w*|plumm?et\w*|explod\w*|shot|skyrocket\w*|collaps\w*|"
    r"shift\w*|creep\w*|crept|elevated|more|less|fewer|bump\w*|swing|moved|suddenly|since"
)

ILL: Final = any_of(
    r"down|unhealthy|degraded|sick|ill|red|yellow|amber|unknown|stale|unavailable|broken|"
    r"offline|dead|dying|flapping|out|failing over|breaker (?:is )?(?:open|tripped)|"
    r"tripped|circuit|marked|ejected|not (?:available|healthy|working|up|responding|okay)|"
    r"unresponsive"
)

WELL: Final = any_of(
    r"healthy|okay|up|alive|available|working|fine|good|green|online|running|well|"
    r"reachable|usable|happy|all right|alright|stable|responding"
)

SERVED: Final = (
    r"(?:deployments?|models?|backends?|endpoints?|providers?|llms?|clouds?|"
    r"instances?|services?|nodes?)"
)

ROLLOUT: Final = (
    r"(?:rollouts?|releases?|deploys?|deployment|upgrades?|updates?|(?:new|newest|"
    r"latest|quanti[sz]ed) (?:\S+ )?(?:version|build|revision)s?|version bumps?|hot "
    r"?fix|fix|patch|scale ?(?:up|down)|switch to|"
    r"(?:price|pricing|policy|config|prompt|routing|weight|model|capacity) (?:change|"
    r"update|switch)|"
    r"change|migration|switch|canary|<change>|<policy_version>)"
)

LOSE: Final = (
    r"(?:los(?:e|es|ing|t)|(?:go|goes|going|went) (?:down|away|dark|offline|out)|dies?|died|fails?|"
    r"failed|(?:is|are|was|were|gets?|got|be|becomes?) (?:down|gone|lost|offline|"
    r"unavailable|out|evicted|reclaimed|drained)|"
    r"drops? out|disappears?|falls? over|crash(?:es)?|blows? up|outage|unavailable|"
    r"vanish(?:es)?|is taken (?:out|down|away)|take (?:out|down|away)|drain(?:ed)?)"
)

ASKS: Final = (
    r"^(?:so |and |ok |okay |hey |hi |please |pls |quick question )*(?:what|which|how|"
    r"show|give|list|plot|graph|chart|tell|get|display|report|i (?:want|need|would "
    r"like)|can (?:you|i)|could you|let me|do we|see|count|number|total|average|mean|"
    r"median|daily|hourly|weekly|p\d\d|latency|error rates?|requests|quality|cost|"
    r"costs|traffic|volume|ttft|spend|tokens|<)"
)

BEST: Final = any_of(
    r"best|worst|fastest|quickest|slowest|cheapest|smartest|top|dearest|priciest|most "
    r"(?:\w+ )?(?:accurate|reliable|expensive|costly|efficient|economical|affordable|"
    r"stable|capable|responsive|performant|effective|error-prone|flaky|unreliable|"
    r"correct)|least (?:\w+ )?(?:accurate|reliable|expensive|costly|stable|flaky)|highest|"
    r"lowest|strongest|weakest|better|worse|good|suited|suitable|winner|faster|cheaper|"
    r"recommend\w*|suggest\w*|prefer\w*|ideal|optimal|poorest|rank(?:ed|ing|ings)?|"
    r"leaderboard|most value|bang for (?:the|our|my) buck|should (?:i|we|you|one) (?:use|"
    r"pick|choose|take|go with)|to use|beats?|wins|excels?"
)

ERROR: Final = r"(?:errors?|failures?|timeouts?|5xx|4xx|429s?|50\d|exceptions?)\b"
MOVED_ERRORS: Final = (
    r"\b(?:go(?:ing|es|ne)? up|went up|r[io]se[sn]?|rising|increas\w*|jump\w*|spik\w*|higher|"
    r"more|up|down|grow\w*|grew|climb\w*|surg\w*|wors\w+|doubl\w*|tripl\w*|chang\w*|drop\w*|fell|"
    r"suddenly|explod\w*|shot|skyrocket\w*|elevated|creep\w*|crept|lower|better|fewer|"
    r"less|high|low)\b"
)
SYMPTOMS: Final = any_of(
    r"slow\w*|lag\w*|sluggish|takes? (?:too |so )?long|taking (?:\w+ )?(?:long|ages|"
    r"forever)|bad|worse|terrible|awful|poor|garbage|high|low|up|down|dropp?\w*|fell|"
    r"fall\w*|tank\w*|dip\w*|spik\w*|jump\w*|r[io]s\w+|increas\w*|decreas\w*|degrad\w*|"
    r"doubl\w*|tripl\w*|crash\w*|climb\w*|explod\w*|grow\w*|grew|higher|lower|crept|"
    r"creep\w*|plumm?et\w*|regress\w*|through the roof|declin\w*|surg\w*|shot|"
    r"hallucinat\w*|too long|wrong"
)
MOVED_YES_NO: Final = rf"^(?:did|has|have|is|are|was|were)\b.*{MOVED}"

FILLERS: Final = (
    r"an?|the|of|for|on|in|at|by|per|each|every|and|or|to|from|with|our|ours|my|your|"
    r"their|its|we|i|"
    r"you|us|me|it|they|them|there|that|this|these|those|is|are|was|were|be|been|being|do|does|did|"
    r"has|have|had|please|show|give|tell|list|get|gets|got|plot|graph|chart|charts|"
    r"display|let|see|want|"
    r"need|know|like|would|could|can|what|which|how|who|whom|when|where|much|many|so|"
    r"far|now|currently|"
    r"current|right|just|only|exactly|roughly|about|over|across|during|between|around|"
    r"within|under|all|"
    r"any|one|ones|other|total|totals|overall|whole|entire|average|averaged|avg|mean|"
    r"number|numbers|"
    r"count|counts|figures?|values?|data|stats|metrics?|report|summary|summar(?:ise|"
    r"ize)d?|quick|hey|hi|"
    r"hello|okay|well|users?|customers?|clients?|tenants?|tiers?|models?|backends?|"
    r"deployments?|fleet|"
    r"providers?|clouds?|tasks?|types?|kind|policy|policies|versions?|arms?|variants?|evaluators?|"
    r"hourly?|hours|daily|days?|weekly|weeks?|monthly|minutes?|bucket\\w*|time|times|"
    r"breakdown|broken|"
    r"break|down|split|group|grouped|grouping|separately|individually|respectively|as|"
    r"also|table|line|"
    r"everything|everyone|here|out|up|side|use|used|using|made|make|makes|said|again|"
    r"team|teams|looking|"
    r"look|looks|looked|moment|lately|recently|then|quickly|view|pull|check|"
    r"report(?:ed)?|such|same|vs|"
    r"new|own|people|folks|service|system|llms?|api|prompts?|routers?|router"
)
"""Words that turn no question."""
FIGURES: Final = (
    rf"{FILLERS}|trend\w*|history|historical|series|timeline|curve|evolution|evolv\w+|"
    rf"develop\w*|rates?|level|"
    r"levels|percent\w*|%|share|high|low|fast|good|bad|big|large|long|often|"
    r"frequent\w*|distribution|"
    r"percentiles?|tail|median|ratio|come|came|came|served|serve|sent|receiv\w+|"
    r"handled|processed|run|ran|answered|"
    r"routed|send|sends|sending|take|took|taken|see|seen|seeing|peaked|peak|highest|"
    r"lowest|worst|max\w*|min\w*|stable|"
    r"behav\w+|perform\w*|doing|going|throughout|change|changed|past|returned|return|through"
)
"""Words of questions for figures over time or by group."""
EXPENSES: Final = (
    rf"{FILLERS}|cost\w*|most|least|biggest|top|largest|highest|lowest|spenders?|"
    rf"drivers?|usd|go|goes|went|going|"
    r"breakdown|bills?|billing|invoices?|chargebacks?|showback|attribut\w+|allocat\w+|"
    r"boss|finance|cfo|wants?|asks?|"
    r"asked|share|percent\w*|%|consum\w+|where|run|ran|already|month|owe|owes|tab|"
    r"infra\w*|inference|ai"
)
"""Words of questions for what was spent."""
COMING: Final = (
    rf"{FILLERS}|forecast\w*|predict\w*|project\w+|expect\w*|anticipat\w*|outlook|"
    rf"prognos\w+|estimat\w*|coming|comes?|ahead|"
    r"next|upcoming|will|shall|going|go|load|demand|peaks?|spik\w+|busy|busier|"
    r"busiest|quiet|heavy|heavier|hit|incoming|"
    r"arriv\w+|heading|rest|soon|future|likely|probab\w+|confidence|interval|volume|"
    r"high|low|big|bigger|much|"
    r"serve|receive|handle|rush|way|way|think|should|more|less|grow|rise|increase|"
    r"drop|spend|happen\w*|night|evening|morning|surge|curve|lot|plan|prepare"
)
"""Words of questions for what comes."""

CHANGING: Final = (
    rf"{FILLERS}|chang\w+|deploy(?:s|ed|ing)?|ship(?:s|ped|ping)?|releas\w+|rollouts?|"
    rf"rolled|roll|back|updat\w+|upgrad\w+|push\w*|"
    r"modif\w+|alter\w+|introduc\w+|launch\w*|removed|retired|added|went|gone|live|"
    r"switch\w*|prices?|pricing|weights?|routing|config\w*|"
    r"judges?|experiments?|started|ended|capacity|last|latest|recent|first|since|"
    r"before|after|until|incidents?|anything|anyone|"
    r"something|someone|anybody|often|ops|people|recorded|known|new|newest|different|"
    r"else|main|code|infra\w*|settings?|parameters?|"
    r"today|early|late|earlier|going|happen\w*|reconfigured|touch\w*|tweak\w*|merged|"
    r"activated|replaced|log|changelog|fully|"
    r"when|vacation|away|am|while|off|there|days?|anything|kinds?|production|prod|"
    r"canar\w+|default|limits?|quotas?|templates?"
)
"""Words of questions for what was changed."""
STATES: Final = (
    rf"{FILLERS}|{ILL}|{WELL}|anything|everything|something|nothing|wrong|problems?|"
    rf"issues?|trouble\w*|fires?|status|state|health\w*|"
    r"breakers?|open|tripped|struggl\w*|limping|worry|worried|concern\w*|trust|rely|"
    r"boss|work|works|working|respond\w*|answering|"
    r"still|back|recover\w*|come|came|yet|again|serving|traffic|bad|day|shape|not|no|"
    r"nowhere|everywhere|anywhere|some|only|both|gone|go|"
    r"going|doing|holding|feel\w*|reasons?|because|details?|stable|reachable|usable|"
    r"alive|fresh|things?|most|many|few|really|actually|"
    r"completely|fully|partly|partially|very|too|today|tonight|part|parts|if|whether|"
    r"wants?|sure|healthier|unhappy|ailing|children|"
    r"overview|dashboard|page|check|situation|happening|attention|needs?|fail\w*|"
    r"vital|signs?|marked|flagged|considered|seems?|say|says"
)
"""Words of questions for how the fleet, or a part of it, is."""
