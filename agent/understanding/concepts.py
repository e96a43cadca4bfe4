"""Words that mean about the same when fleets are asked about, as data.

The local classifier learns from a few thousand questions. Whoever says `laggy` where they say
`slow` is still understood, since both stand for one concept here. A word may belong to several.
"""

import re
from typing import Final

_CONCEPTS: Final = {
    # What is measured.
    "latency": r"slow\w*|latenc\w*|lag\w*|sluggish|p0+|percentiles?|median|response times?|ttft|"
    r"first token|fast\w*|quick\w*|speed\w*|wait(?:s|ed|ing)?|(?:takes?|took) (?:ages|forever|"
    r"so long|long)|seconds?|milliseconds|ms|snappy|hang\w*|crawl\w*|delays?|drag\w*",
    "quality": r"qualit\w*|scor(?:e|es|ed|ing)|accura\w*|hallucinat\w*|answers?|smart\w*|evals?|"
    r"judge\w*|evaluators?|grad(?:e|es|ed)|ratings?|correct\w*|nonsense|dumb\w*|replies|outputs?|"
    r"results? (?:are|got|were)",
    "error": r"err(?:or|ors|oring|ored)|fail\w*|timeouts?|tim(?:e|ed|ing) ?outs?|0xx|000s?|"
    r"exceptions?|throw(?:s|ing)?|reject\w*|crash\w*|success rate|refus(?:ed|es)|resets?",
    "limited": r"rate limit\w*|throttl\w*|rpm|tpm",
    "cost": r"costs?|costly|costing|spend\w*|spent|bills?|billed|pay(?:s|ing)?|paid|invoices?|"
    r"dollars?|usd|eur|bucks|money|expens\w*|pric\w*|charg\w*|expenses|cents?|dear(?:er)?|"
    r"financ\w*|\$+",
    "saving": r"sav(?:e|es|ed|ing|ings)|econom\w*|overpay\w*|wast(?:e|es|ed|ing)|cut(?:s|ting)?|"
    r"reduc\w*|optimi[sz]\w*|downgrad\w*|overkill|shave|alternatives?|cheaper|cheaply|less money|"
    r"for less|lower (?:the |our )?(?:cost|bill|spend)\w*|bring down|offload\w*|inefficien\w*|"
    r"efficien\w*|pay(?:ing)? (?:too much|less)|trim",
    "traffic": r"traffic|volumes?|requests|calls|load|demand|usage|tokens|queries|busy|peak\w*|"
    r"throughput|qps|rps|prompts per|hits|surge",
    # What it is told by or of.
    "size": r"0k|0 ?tok\w*|0 token|token prompt|prompt of|context of|long prompts?|tool use",
    "request": r"request|call",
    "model": r"models?|llms?",
    "place": r"backends?|providers?|deployments?|endpoints?|clouds?|regions?|hosts?",
    "customer": r"tenants?|customers?|teams?|clients?|accounts?|compan(?:y|ies)|departments?",
    "user": r"users?|people|folks|ppl",
    "tier": r"tiers?|premium|free|enterprise|plans?|segments?",
    "task": r"coding|code|reasoning|chat|summar\w*|translat\w*|classif\w*|extraction|embeddings?|"
    r"math|rag|tasks?|task types?|agents?|vision",
    "fleet": r"fleet|system|platform|everything|all|anything|something|overall|overview|things|"
    r"stack|world|services?",
    "they": r"it|this|that|they|them|those|these|one",
    # What happened to it.
    "health": r"health\w*|unhealthy|sick|ok|okay|fine|green|red|alive|dead|up and running|status|"
    r"state|struggl\w*|limp\w*|issues?|problems?|trouble|stable|recover\w*|flaky|breakers?|"
    r"degraded|unknown|stale|broken|broke|wrong|working|works?|reachable|available|(?:is|are|was|"
    r"were|went|go) (?:\w+ ){0,3}(?:up|down|back)|usable|shape|doing",
    "incident": r"incid\w*|outages?|sev ?0s?|sevs?|p0s?\b(?= inc)|paged?|postmortems?|"
    r"firefight\w*|downtimes?",
    "open": r"open|opened|active|ongoing|unresolved|resolved|closed|declared|still",
    "now": r"now|right now|current\w*|at the moment|today|moment|already|presently|live",
    "maintenance": r"maint\w*|planned|scheduled|windows?|service work|serviced|patch\w*|"
    r"announced|on purpose|planned work|works planned",
    "change": r"chang\w*|deploy(?:s|ed|ment of)?|rolled|roll|ship\w*|released|releases|modif\w*|"
    r"alter\w*|updated?|updates|config\w*|new|introduced|touched|went live|merged|pushed|"
    r"launch\w*",
    "rollout": r"rollouts?|rolled out|canary|release|upgrad\w*|hotfix|fix|version|migration|"
    r"switch|revision|build|deploy",
    "effect": r"effects?|impact|help(?:ed|s)?|hurt|harm\w*|damage|consequences|good or bad|"
    r"mistake|worth|outcome|success\w*|good idea|pay off|paid off|brought|react\w*|"
    r"make a difference|safe|verdict|regressed|benefi\w*|do to|did to|done to",
    "experiment": r"experiments?|arms?|variants?|a/b|ab test\w*|treatment|control|winners?|wins?|"
    r"winning|won|significan\w*|tests?|bandits?|trials?|conclusive|p value|uplift|lift|"
    r"split test|sample size|ahead|leads",
    "similar": r"similar\w*|alike|like th(?:is|at|ese)|seen this|same|resembl\w*|lookalike|"
    r"repeat|recurring|precedent|deja vu|look like|looks like|like one|related|match\w*|"
    r"comparable|last time|dealt with|pattern|twin|such an?|this sort|of this|prior|familiar|"
    r"again|ring a bell",
    "earlier": r"earlier|before|past|old|older|former|previous\w*|history|ever|prior",
    "anomaly": r"anomal\w*|unusual|odd|weird|abnormal|ordinary|suspicious|outliers?|"
    r"unexpected\w*|surpris\w*|strange|spikes|overspen\w*|look off",
    # Limits that were set.
    "budget": r"budgets?|cap|caps|allowances?|quotas?|the pot|spending limit|afford|runway|"
    r"over budget",
    "left": r"left|remain\w*|run out|runs out|exhaust\w*|used up|use up|gone|last until|hold|"
    r"exceed\w*|blow|blew|overrun|reached|used",
    "objective": r"slos?|slo is|sla|slas|sli|objectives?|service levels?|error budgets?|burn\w*|"
    r"targets?|complian\w*|breach\w*|alert\w*|availability|goals?|violat\w*|00\.0+|uptime|"
    r"promises",
    "capacity": r"capacity|headroom|overload\w*|overrun|saturat\w*|utili[sz]\w*|limits?|ceiling|"
    r"risks?|risky|handle|cope|carry|scale|bottlenecks?|spare|room|fit|resilien\w*|too much|full|"
    r"single point|enough|take the|absorb|survive|danger|twice|swamp\w*|melt\w*|hold up",
    # Turns of speech.
    "why": r"why|whyd|whyy|how come|reasons?|caus(?:e|es|ed|ing)|root cause|explain\w*|"
    r"explanation|behind|drove|driv(?:es|ing|ers?|en)|responsible|blame\w*|because|due to|led to|"
    r"leads? to|mak(?:es|ing)|made|grounds|diagnose|investigate|figure out|comes? from|"
    r"coming from|culprit|find out|what happened (?:to|with)|going on with|to do with",
    "moved": r"ris(?:e|es|en|ing)|rose|dropp?\w*|jump\w*|spik\w*|increas\w*|decreas\w*|fell|"
    r"fall\w*|higher|lower|worse\w*|better|improv\w*|degrad\w*|regress\w*|doubl\w*|explod\w*|"
    r"dips?|declin\w*|got|gone|tank\w*|grow\w*|grew|went (?:up|down|south)|sudden\w*|slower|"
    r"faster|bad(?:ly)?|suck\w*|unhappy|complain\w*|climb\w*|plung\w*|deteriorat\w*|"
    r"through the roof|up \w+ 0|surg\w*|creep\w*",
    "compare": r"compar\w*|vs|against|than|relative|differ\w*|delta|week over week|wow|mom|dod|"
    r"month over month|day over day|change in|growth|before and after|back to|more or less|"
    r"up or down|next to|as usual|as before",
    "per": r"by|per|each|split|break ?down|broken down|distribut\w*|share|across|every|grouped",
    "series": r"trend\w*|over time|develop\w*|evol\w*|timeline|time series|graph\w*|plot|chart|"
    r"daily|hourly|weekly|per day|per hour|per week|a day|by day|by hour|numbers|stats|average|"
    r"mean|rate|looks? like|values?|figures",
    "howmuch": r"how much|how many|how often|number of|count\w*|total|sum",
    "best": r"best|fastest|cheapest|slowest|worst|smartest|quickest|top|rank\w*|leaderboard|"
    r"recommend\w*|strongest|most|least|lowest|highest|suit\w*|good at|should we use|prefer\w*|"
    r"better for|better at|good enough|order|pick|winner among|who does",
    "route": r"rout(?:e|es|ed|ing|er)|send|sent|land(?:s|ed)?|pick(?:ed|s)?|chos\w*|choose\w*|"
    r"goes|go|went|serv(?:e|es|ed)|decision|decided|candidates?|eligible|ranked|ruled out|"
    r"assign\w*|end up|ended up|answered|fallback|rerouted|skip\w*|retried|hit",
    "future": r"tomorrow|next|upcoming|coming|comes|soon|will|expect\w*|predict\w*|forecast\w*|"
    r"projec(?:ted|tion|tions|t)|going to|tonight|ahead|anticipat\w*|likely|outlook|until|"
    r"estimat\w*|later|on its way|this (?:evening|afternoon)",
    "past": r"yesterday|last (?:night|week|month|hour|day|\w+day|quarter|year)|ago|was|were|did|"
    r"had|happened|since|on weekday|weekend|lately|recent\w*|so far",
    "would": r"would|wouldve|could have|should have",
    "hindsight": r"(?:would|could) (?:\w+ ){0,3}have|had been|if we had|hadnot|had not|have been|"
    r"suppose|imagin\w*|assum\w*|hypothe\w*|counterfactual\w*|replay\w*|simulat\w*|hindsight|"
    r"instead|what if|whatif|off-policy|retrospect\w*|never|if (?:\w+ ){1,4}had|under",
    "without": r"without|lose|loses|losing|lost|dies?|died|goes (?:down|away|dark)|went away|"
    r"drops? out|dropped out|failover|survive|drain\w*|turn off|turned off|exclud\w*|take out|"
    r"taken out|take \w+ out|n-0|not been there|were gone|is gone|not used|out of the pool",
    "help": r"help|can you|you|ask|questions?|examples?|commands?|capabilities|usage|features|"
    r"instructions|tutorial|guide|capable|able to|topics|menu",
    "order": r"restart|reboot|delete|remove|roll ?back|undo|disable|enable|raise|increase|set|"
    r"activate|create|start|stop|close|acknowledge|ack|silence|mute|schedule|cancel|add|block|"
    r"ban|make|repair|reset|flush|clear|drop|wipe|write|mark|post|call|notify|kill|rerun|retry|"
    r"grant|export|shift|move|retrain|fine tune|book|draft|generate|implement|remind|send|"
    r"reroute|revert|promote|pause|resume|terminate|evict|allow|deny|approve|adjust|bump|put|"
    r"lower|limit|assign",
    "secret": r"passwords?|keys?|secrets?|credentials?|admin|system prompt|ignore|rules|forget|"
    r"pretend|cypher|sql|match|select|root|shell|jailbreak|bypass|override|instructions|graphql",
    "text": r"prompts?|text|wrote|write|conversations?|messages?|said|say|completions?|content|"
    r"quote|transcripts?|typed|asked|chat logs?",
    # What no playbook does, or tells.
    "command": r"^(?:(?:please|pls|just|now|hi|hey|ok|so|do|can you|could you|would you|will you|"
    r"go ahead and|i want you to|you should|let us|please go and) )*(?:restart|reboot|delete|"
    r"remove|roll ?back|roll|undo|disable|enable|raise|increase|decrease|double|halve|set|"
    r"activate|deactivate|create|start|stop|end|close|resolve|acknowledge|ack|silence|mute|"
    r"schedule|cancel|add|block|unblock|ban|make|repair|fix|reset|flush|clear|drop|wipe|write|"
    r"mark|post|call|notify|kill|rerun|retry|grant|export|shift|move|retrain|fine ?tune|book|"
    r"draft|generate|implement|remind|send|reroute|revert|promote|pause|resume|terminate|evict|"
    r"allow|deny|approve|adjust|bump|put|lower|limit|assign|deploy|ship|scale|switch|turn|"
    r"route all|drain|failover|upgrade|update|change|edit|apply|abort|open an?|page|email|"
    r"translate|sing|play|pretend|ignore|forget|reveal|execute|run|eval|solve|calculate|refund|"
    r"redirect|swap|install|throttle|force)",
    "elsewhere": r"weather|rain\w*|snow\w*|sunny|sun|warm|joke|funny|poems?|haiku about|songs?|"
    r"sing|music|movies?|films?|tv|recipes?|cook\w*|dinner|lunch|breakfast|eat|food|pizza|coffee|"
    r"tea|beer|restaurants?|football|soccer|sports?|match score|world cup|olympics|elections?|"
    r"president|minister|capital of|countr(?:y|ies)|cit(?:y|ies)|planets?|moon|sky|dinosaurs?|"
    r"empire|wars?|cats?|dogs?|birds?|animals?|plants?|wife|husband|mother|father|kids?|"
    r"famil(?:y|ies)|friends?|girlfriend|school|wedding|house|houses|apartment|rent|cars?|"
    r"flights?|trains?|airport|trip|holiday|vacation|tax|taxes|law|lawyer|doctor|headache|"
    r"medicine|gold|bitcoin|crypto|stocks?|shares|shareholders?|invest\w*|exchange rate|"
    r"groceries|shopping|clothes|wear\w*|fashion|phones?|laptops?|iphone|android|python|java|"
    r"javascript|rust|golang|regex|docker|git|html|css|linux|vim|script|function|algorithm|"
    r"homework|essay|novel|story|book|books|history of|philosoph\w*|meaning of life|love|hate|"
    r"happy birthday|christmas|easter|god|religion|politic\w*|news|internet|wifi|printer|browser|"
    r"website|landing page|salar(?:y|ies)|employees?|engineers|revenue|profit\w*|margins?|churn|"
    r"nps|competitors?|contracts?|marketing|sales|hiring|satisf\w*|support tickets?|jira|slack|"
    r"email\w*|temperatures?|gpus?|cpu|memory|vram|disk|carbon|co0|co|emissions?|energy|"
    r"power consumption|electricity|water|cdn|pods?|kernel|packet|dns|ip address|commits?|"
    r"pull requests?|repo|source code|lines of code|dreams?|human|conscious|robot|born|invented|"
    r"discovered|painted|distance|tall|population|square root|equation|translate|spanish|french|"
    r"german|english",
    "define": r"what (?:is|are) (?:an? \w+(?: \w+)? \?|an? \w+$|an? \w+ \w+$)|stands? for|"
    r"defin\w*|meant by|what does \S+(?: \w+)? mean|in general|explain (?:how|what) \w+ (?:is|"
    r"are|works?)|how do i|how does (?:an? )?\w+ work|who (?:made|makes|invented|created)",
    "greeting": r"^(?:hi|hello|hey|yo|sup|thanks?|thank you|thx|bye|goodbye|ok|okay|cool|nice|"
    r"great|good (?:morning|evening|night|job)|awesome|perfect|sorry|lol|hmm|yes|no|sure|"
    r"maybe)(?: \w+)?$",
    "show": r"show|list|give|tell|display|get|name|print|find|look up|search|need|want",
    # Kinds of names.
    "name": r"xname",
    "arequest": r"xrequest",
    "anincident": r"xincident",
    "anexperiment": r"xexperiment",
    "achange": r"xchange",
    "apolicy": r"xpolicy|polic(?:y|ies)",
    "auser": r"xuser",
    "adeployment": r"xdeployment",
    "anarm": r"xarm",
}

CONCEPTS: Final = tuple(
    (name, re.compile(rf"(?<!\w)(?:{pattern})(?!\w)")) for name, pattern in _CONCEPTS.items()
)
"""Each concept with what stands for it in a normalised text."""
