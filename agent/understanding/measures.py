"""What a question measures, by what it splits, which states it asks for, what best means.

Read from words alone. Names must have been taken out of the text before (`<0>`, `<1>`, …), so that
an objective called `premium-latency` is no word about latency.
"""

import re
from typing import Final

from agent.understanding.english import ordinary
from agent.understanding.spelling import lowered, nearest, tokens
from graph.health import HealthStatus
from graph.slices import Demand, Dimension, Metric

_METRICS: Final = tuple(
    (metric, re.compile(words))
    for metric, words in (
        (Metric.TTFT_P95, r"\bttft\b|\b(?:time (?:to|till|until) )?(?:the )?first[- ]tokens?\b"),
        (
            Metric.LATENCY_P50,
            r"\bp50\b|\b50th percentile\b|\bmedian\b(?! (?:quality|score|cost|price))|"
            r"\btypical (?:latency|response)",
        ),
        (
            Metric.LATENCY_MEAN,
            r"\b(?:average|mean|avg)(?: \w+)? (?:latency|latencies|response times?|speed|delay)\b|"
            r"\b(?:latency|response time) (?:on average|mean|avg)\b|"
            r"\bhow (?:long|slow|fast)\b.*\bon average\b",
        ),
        (
            Metric.LATENCY_P95,
            r"\bp9[059]\b|\b9[059]th\b|\blatenc(?:y|ies)\b|\bslow(?:\w+)?\b|\bslugg\w+|"
            r"\blag(?:s|gy|ging)?\b|"
            r"\b(?:response|answer|reply|wait|waiting|processing) ?times?\b|\bspeed\b|"
            r"\bfast(?:er|est)?\b|"
            r"\bquick(?:er|est|ly)?\b|\btak(?:es?|ing|en) (?:so |too |very |"
            r"much )?(?:long(?:er)?|ages|"
            r"forever)\b|\bwait(?:s|ing)?\b(?! for)|\bdelay(?:s|ed)?\b|\btook (?:so |"
            r"too )?long\w*|\bcrawl\w*|"
            r"\bhow long do\b.*\btake\b|\b(?:snappier|snappy|unresponsive|responsive)\b",
        ),
        (
            Metric.ERROR_RATE,
            r"\berr(?:or)?s?\b(?! budget)(?:[- ]rates?)?|\bfail(?:s|ed|ing|ures?)?\b(?![- ]?over)|"
            r"\btime-?outs?\b|\btim(?:ed|ing|es?) out\b|\b[45]xx\b|\b(?:429|50[0234])'?s?\b|"
            r"\bexceptions?\b|\bcrash\w*|\b(?:un)?reliab\w+|\bsuccess rate\b|\bflak\w+|"
            r"\bavailability\b|\buptime\b|\brejections?\b",
        ),
        (
            Metric.COST_PER_REQUEST,
            r"\b(?:costs?|price|spend|dollars?|usd|paid|pay)(?: \w+){0,2} (?:per|for (?:each|"
            r"every|a|one)|"
            r"of (?:a|an|each|one)) (?:single )?(?:request|call|query|answer)\b|"
            r"\bper[- ](?:request|call|query) (?:cost|price|spend)s?\b|\b(?:unit|average|avg|"
            r"mean) costs?\b|"
            r"\beach (?:request|call) costs?\b|\b(?:in)?expensive\b(?! (?:tenant|customer|"
            r"client|account))|\bpric(?:e|es|ey|ier|iest|ing)\b|"
            r"\bcheap(?:er|est|ly)?\b|\bcostl(?:y|ier|iest)\b|\bdear(?:er|est)\b|"
            r"\bcost (?:so much|more|less)\b.*\bper\b|\baffordab\w+|\bcost[- ]?(?:effective|"
            r"efficien)\w*",
        ),
        (
            Metric.QUALITY,
            r"\bqualit(?:y|ies)\b|\bscor(?:e|es|ed|ing)\b|\b(?:in)?accura\w+|\bhallucinat\w+|"
            r"\bdumb\w*|"
            r"\bstupid\w*|\bsmart(?:er|est)?\b|\b(?:in)?correct(?:ness)?\b|"
            r"\bhelpful(?:ness)?\b|\bnonsens\w*|"
            r"\bgarbage\b|\b(?:bad|worse|worst|wrong|poor|poorer|terrible|better|weak|good|crap\w*|"
            r"rubbish) (?:answers?|responses?|outputs?|results?|replies|completions?)\b|"
            r"\b(?:answers?|responses?|outputs?|results?|replies|"
            r"completions?)\b[^.?!]*\b(?:worse|bad|"
            r"badly|wrong|poor|poorer|terrible|degraded|dumber|better|off|rubbish|crap)\b|"
            r"\bquality[- ]wise\b",
        ),
        (
            Metric.COST,
            r"\bcosts?\b|\bcosting\b|\bspend(?:s|ing|ings|ers?)?\b|\bspent\b|\bbill(?:s|ed|ing)?\b|"
            r"\bpa(?:y|ys|id|ying)\b|\bmoney\b|\bdollars?\b|\busd\b|\binvoic\w+|\bbucks\b|"
            r"\bexpensive\b|\$(?!\d)|\bcharged\b|\bexpenses?\b|\bexpenditures?\b",
        ),
        (
            Metric.VOLUME,
            r"\btraffic\b|\bvolumes?\b|\b(?:requests|calls|queries|reqs)\b|\b(?:request|"
            r"call) (?:rate|"
            r"count|volume)s?\b|\b(?:rps|qps|rpm|throughput|usage|demand)\b",
        ),
    )
)
_WEAKEST: Final = (Metric.VOLUME,)
"""Words of these say what is measured only where nothing else does: `errors of chat requests`."""
_SPELLINGS: Final = (
    *("model", "budget", "which"),
    *("accuracy", "average", "backend", "backends", "broken", "cheapest", "customers"),
    *("degraded", "deployment", "deployments", "error", "errors", "expensive", "failing"),
    *("failures", "fastest", "hallucinating", "hallucinations", "healthy", "latencies"),
    *("latency", "median", "models", "price", "pricing", "quality", "quickest", "reliable"),
    *("request", "requests", "response", "scores", "slow", "slower", "slowest", "sluggish"),
    *("spend", "spending", "tenant", "tenants", "tier", "tiers", "timeouts", "tokens"),
    *("traffic", "unhealthy", "users", "volume", "without"),
)

_STATUS: Final = (
    (
        r"\bun-?health(?:y|iest)\b|\bnot (?:healthy|ok|okay|well|good|fine)\b|\bsick\b|"
        r"\bbroken\b(?! (?:down|up|out|by|into))|"
        r"\bill\b|\bailing\b|\b(?:isn'?t|aren'?t) (?:healthy|ok|okay|well|fine)\b|\bin trouble\b|"
        r"\bhaving (?:problems|issues|trouble)\b|\bmisbehav\w+|\bbad (?:state|shape|health)\b|"
        r"\bbusted\b",
        frozenset({HealthStatus.DEGRADED, HealthStatus.DOWN, HealthStatus.UNKNOWN}),
    ),
    (
        r"\b(?:is|are|was|were|be|been|'s|whats|what's|anything|something|everything|nothing|"
        r"things?|"
        r"currently|now|deployments?|models?|backends?|fully|completely|totally|"
        r"still)\s+(?:\w+ly )?"
        r"down\b(?! (?:by|from|to|on|\d|in (?:quality|cost|volume)))|\b(?:or|and) down\b|"
        r"\boffline\b|\bdead\b|"
        r"\bunavailable\b|\bnot (?:answering|responding|reachable)\b|\bunreachable\b|"
        r"\bout of (?:service|order)\b|\bkaputt?\b",
        frozenset({HealthStatus.DOWN}),
    ),
    (r"\bdegraded\b|\bimpaired\b|\bpartially\b", frozenset({HealthStatus.DEGRADED})),
    (
        r"\bstale\b|\bunknown (?:health|status|state)\b|\b(?:status|health|state) (?:is |"
        r"of )?unknown\b|"
        r"\b(?:is|are) unknown\b|\bnot reporting\b|\bno (?:data|signal|samples)\b|\bsilent\b",
        frozenset({HealthStatus.UNKNOWN}),
    ),
)
_WELL: Final = re.compile(
    r"\b(?:which|what|list|show|how many|give me|name)\b[^.?!]*\b(?:healthy|up and running|"
    r"operational|ok|okay|fine|alive)\b"
)
_ASKS_WHICH: Final = re.compile(
    r"\b(?:which|what|whats|list|show|any|anything|something|how many|give me|name|all|"
    r"everything)\b"
)
_DROPPED: Final = re.compile(
    r"\b(?:quality|latency|costs?|traffic|volume|scores?|errors?|error rate|spend|p95|requests|"
    r"accuracy|demand|usage|numbers?|it)\b(?: \S+){0,4}? (?:is|are|was|were|be|been) \w*\s?down\b"
)

_DIMENSIONS: Final = (
    (Dimension.DEPLOYMENT, r"deployments?|endpoints?"),
    (Dimension.MODEL, r"models?|llms?"),
    (Dimension.BACKEND, r"backends?|clouds?|providers?|clusters?|platforms?"),
    (Dimension.TASK_TYPE, r"tasks?(?:[ _-]?types?)?|types? of (?:task|work|request)s?|workloads?"),
    (Dimension.TIER, r"(?:\w+ )?tiers?|plans?|tiering"),
    (Dimension.TENANT, r"tenants?|customers?|clients?|compan(?:y|ies)|accounts?"),
    (Dimension.POLICY_VERSION, r"polic(?:y|ies)(?:[ _-]versions?)?"),
    (Dimension.ARM, r"(?:experiment )?arms?|variants?"),
    (Dimension.ROUTER_VERSION, r"routers?(?:[ _-]versions?)?"),
    (Dimension.EVALUATOR_VERSION, r"(?:evaluator|judge)[ _-]versions?"),
    (Dimension.EVALUATOR, r"evaluators?|judges?|graders?"),
    (Dimension.METHOD, r"(?:routing |decision )?methods?"),
    (Dimension.PROMPT_BAND, r"prompt[ _-](?:bands?|sizes?|lengths?)"),
)
_THING: Final = "|".join(f"(?P<{dimension.value}>{words})" for dimension, words in _DIMENSIONS)
_EACH: Final = re.compile(
    r"\b(?:(?P<split>by|per|for each|for every|each|every|(?:split|broken|grouped|divided|"
    r"separated)"
    r"(?: \w+)? (?:by|into|along)|across|over|between|among|of each|of every|which|what|whose|"
    r"best|worst|top(?: \d+)?|(?:most|least) \w+|(?:cheap|fast|slow|bigg|larg|small|quick|dear|"
    r"prici|"
    r"costli|flaki|smart|healthi|busi|high|low)est(?: (?:quality|cost|latency))?)"
    r"(?: <\d+>)?"
    r"(?: (?:the|all|all the|our|different|various|other|of the|of our))*)\s+"
    rf"(?:{_THING})(?![\w-])"
)
_ANOTHER: Final = re.compile(
    rf"\s*(?:,|and|&|x|/|then|by|per)(?: (?:by|per))?\s*(?:{_THING})(?![\w-])"
)
_WISE: Final = re.compile(rf"\b(?:{_THING})[- ]wise\b")
_WHO: Final = re.compile(
    r"\bwho(?:'s|s)?\b(?!.*\b(?:wins?|won|winning|changed|deployed|released|rolled|did|made|"
    r"are you)\b)"
    r"(?=.*\b(?:cost|costs|spend|spends|spent|spending|pay|pays|paid|most|money|bill|traffic|"
    r"requests|uses?|using|used|budget|expensive|tokens)\b)"
)

_OPTIMISE: Final = (
    (
        "latency",
        r"\bfast(?:er|est)?\b|\bquick(?:er|est)\b|\b(?:low|lower|lowest|best|shortest|minimal) "
        r"(?:\w+ )?(?:latency|response time|p95|p50|ttft)\b|\bslowest\b|\bspeed\b|\bsnappiest\b|"
        r"\b(?:highest|worst|longest) (?:\w+ )?(?:latency|response time|p95|p50|ttft)\b",
    ),
    (
        "cost",
        r"\bcheap(?:er|est)\b|\b(?:least|most) expensive\b|\b(?:low|lower|lowest|best|highest|"
        r"minimal) "
        r"(?:costs?|price)\b|\b(?:most|more) affordable\b|\bcost[- ]?(?:effective|efficien)\w*|"
        r"\b(?:dear|costli|prici)est\b|\bmost costly\b|\bsave money\b",
    ),
    (
        "quality",
        r"\bbest\b|\bsmartest\b|"
        r"\b(?:high|higher|highest|worst|lowest|low|top|poor|poorest) (?:quality|scor\w+|"
        r"accuracy)\b|\b(?:most|least) accurate\b|\bdumbest\b|\bfewest hallucinations\b",
    ),
)
_WORST: Final = re.compile(
    r"\bworst\b|\bslowest\b|\b(?:most expensive|costliest|dearest|priciest|most costly)\b|"
    r"\b(?:highest|longest) (?:\w+ )?(?:latency|response time|p95|p50|ttft|costs?|price|"
    r"error rate)\b|"
    r"\bleast (?:accurate|reliable)\b|\b(?:lowest|poorest) (?:quality|scor\w+|accuracy)\b|"
    r"\bpoorest\b|\bdumbest\b|"
    r"\bflakiest\b|\bmost (?:errors|failures|timeouts|hallucinations|unreliable)\b|"
    r"\bfails (?:the )?most\b"
)
_TOKENS: Final = re.compile(
    r"(?<![\w.$,-])(\d{1,3}(?:[,_ ]\d{3})+|\d+(?:\.\d+)?)\s?(k|m|thousand|million)?[- ]?"
    r"(?:(?:prompt|input|context|<\d+>)[- ])?(tokens?|toks?|prompts?\b)"
)
_PROMPT_OF: Final = re.compile(
    r"\b(?:(?:prompt|context|input)s?(?: (?:size|length))?(?: (?:is|are|of|with|about))?|"
    r"request (?:of|with|about))[ :=~]{1,3}"
    r"(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(k|m)?(?![\w.-])"
)
_PER_SO_MANY: Final = re.compile(r"(?:per|/|each|every)\s*$")
_MOST_TOKENS: Final = 100_000_000
_TIMES: Final = {None: 1, "": 1, "k": 1_000, "thousand": 1_000, "m": 10**6, "million": 10**6}


def spelt(text: str) -> str:
    """The text in lower case, with misspelt words about measures put right."""
    low = lowered(text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    fixed: list[str] = []
    at = 0
    for token in tokens(low):
        if len(token.text) < 4 or not token.text.isalpha() or ordinary(token.text):
            continue
        found = sorted(nearest(token.text, _SPELLINGS), key=len)
        # A word and its plural are one.
        if found and all(one.startswith(found[0]) for one in found):
            fixed += [low[at : token.start], found[0]]
            at = token.end
    return "".join([*fixed, low[at:]])


def metric(text: str) -> Metric | None:
    """What is measured: the metric whose words stand first; requests only where nothing else."""
    found: list[tuple[bool, int, int, Metric]] = []
    covered: list[tuple[int, int]] = []
    for rank, (one, words) in enumerate(_METRICS):
        for match in words.finditer(text):
            start, end = match.span()
            if any(a < end and start < b for a, b in covered):
                continue
            covered.append((start, end))
            found.append((one in _WEAKEST, start, rank, one))
    if re.search(r"\bhow many\b", text) and not found and "token" not in text:
        return Metric.VOLUME if re.search(r"\brequests?\b|\bcalls?\b", text) else None
    return min(found)[3] if found else None


def demand(text: str, *, measured: Metric | None) -> Demand | None:
    """What is counted, where amounts are asked for."""
    if re.search(r"\btokens\b|\btoken (?:usage|volume|count|consumption|demand|traffic)\b", text):
        counted = [m for m in _TOKENS.finditer(text) if m[3].startswith("tok")]
        if len(counted) < len(re.findall(r"\btokens?\b", text)) and "first token" not in text:
            return Demand.TOKENS
    if measured in {Metric.COST, Metric.COST_PER_REQUEST}:
        return Demand.COST
    return Demand.REQUESTS if measured is Metric.VOLUME else None


def dimensions(text: str) -> tuple[Dimension, ...]:
    """What is told apart: `by tier and model`, `per tenant`, `which model`."""
    found: list[Dimension] = []
    for start in _EACH.finditer(text):
        match: re.Match[str] | None = start
        while match is not None:
            found += [one for one, _ in _DIMENSIONS if match[one.value]]
            match = _ANOTHER.match(text, match.end()) if start["split"] else None
    for match in _WISE.finditer(text):
        found += [one for one, _ in _DIMENSIONS if match[one.value]]
    if not found and _WHO.search(text):
        found.append(Dimension.TENANT)
    return tuple(dict.fromkeys(found))


def statuses(text: str, *, named: bool) -> frozenset[HealthStatus]:
    """Which states are asked for; none where a named thing's state is asked (`named`)."""
    if named and not _ASKS_WHICH.search(text):
        return frozenset()
    plain = _DROPPED.sub(" ", text)
    found: set[HealthStatus] = set()
    for words, meant in _STATUS:
        match = re.search(words, plain)
        if match:
            found |= meant
            plain = re.sub(words, " ", plain)
    if not found and _WELL.search(plain):
        found.add(HealthStatus.HEALTHY)
    return frozenset(found)


def optimise_for(text: str, *, measured: Metric | None) -> str | None:
    """What best means: `latency`, `cost` or `quality`, where the question says."""
    for meant, words in _OPTIMISE[:2]:
        if re.search(words, text):
            return meant
    if not re.search(_OPTIMISE[2][1], text):
        return None
    if re.search(r"\bquality\b|\bscor\w+|\baccura\w+", text):
        return "quality"
    if measured in {Metric.LATENCY_P95, Metric.LATENCY_P50, Metric.LATENCY_MEAN, Metric.TTFT_P95}:
        return "latency"
    if measured in {Metric.COST, Metric.COST_PER_REQUEST}:
        return "cost"
    return None if measured is Metric.ERROR_RATE else "quality"


def worst(text: str) -> bool:
    """Whether the worst is asked for."""
    return _WORST.search(text) is not None


def prompt_tokens(text: str) -> int | None:
    """How long a prompt is said to be: `900 tokens`, `a 2k prompt`, `1.5k tokens`."""
    for pattern in (_TOKENS, _PROMPT_OF):
        for match in pattern.finditer(text):
            if _PER_SO_MANY.search(text[: match.start()]):
                continue
            number = float(re.sub(r"[,_ ]", "", match[1]))
            prompts = pattern is _TOKENS and match[3].startswith("prompt")
            if (prompts or pattern is _PROMPT_OF) and match[2] is None and number < 16:
                continue
            return min(round(number * _TIMES[match[2]]), _MOST_TOKENS)
    return None
