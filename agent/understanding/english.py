"""Ordinary words: what is never taken for a misspelt name, and what needs more than itself.

People write names next to plain English. A word of these lists is read as a name only where it is
one to the letter, and one of `FAINT` only where the words around it say that a name is meant.
"""

from functools import lru_cache
from typing import Final

_FAINT: Final = """
a about above after again ago all also am among an and another answer any anyone anything are arm
around as ask at away back backend bad be because been before below best better between big bit
both budget but by call can change cheap cost current customer day default deployment did
different do does done down each else end error evaluator even ever every experiment fast few find
first fleet for from full general get give go good great had has have he help her here high him
his hour how i if in incident into is it its just keep know large last late latency latest less
let light like list little live local long look lost lot low main make many may me metric model
more most much my name near need new next no none normal not now of off ok old on once one only
open or other our out over own part past per please plus policy primary put quality quick real
really request right rollout router routing same say score second see service she should show side
simple since single slo slow small so some soon spend status still stop such take task tell tenant
test than that the their them then there these they thing this those tier time to today token too
top total traffic two type under until up us use used user using usual version very via volume was
way we week well went were what when where which while who why will with within without work worst
would yes yet you your
"""
_OTHERS: Final = """
upgrade upgraded wise cheat cheating
cope coping conversion convert accurate filter reply replies eat ate fashion
recommendation recommend
ability able absolute accept account across act action active actual actually add added adding
affect affected afternoon against agent agents aggregate agree ahead aint alarm alert alerting
alerts alias aliases alive allocate allow almost alone along already alright alternative always
amount analyse analysis analyze anomalies anomalous anomaly anyhow anyway anywhere apart api apis
app appear apply approx apps april arms article aside assume attempt august autumn availability
available average avg avoid aware awful backends badly balance band base based baseline baselines
basic basically basis bcoz became become becoming began begin behave behavior behaviour behind
being believe belong benefit beside besides beyond biggest bill billed billing bills block blocked
boss bottom bought breach breached breaches break breaker breakers breaking broke broken brought
bug bugs build built bump bunch burn burned burning burnt busiest busy button buy calendar calls
came candidate candidates cannot cant cap capacity card care case cases catch cause caused causes
causing cell certain chance changed changes changing channel charge charged chart cheaper cheapest
cheapish check cheers choice choose chose chosen claims clear clearly client clients clock close
closed cluster clusters cold collect come comes coming common company compare compared comparing
comparison complain complained complaining complains complaint complaints complete completely
completion completions concern concerning condition confidence confirm connection consider console
consume consumed consumption contain content context continue contract control cool copy correct
correctness costliest could couldnt count counted country couple course cover coz cpu crash
crashed crashes crashing crazy create created culprit currently curve customers cut cuz daily
damage dashboard data date days dead deal dear dearer dearest death december decide decided
decision decline declined decrease decreased decreasing deep define definitely degrade degraded
degrading delay delayed delays deliver demand depend deploy deployed deploying deployments deploys
describe detail details develop deviation didnt die died dies difference differently difficult
dimension dip dipped dips direct disappear disappeared disappears displaced distribution doc docs
doesnt dollar dollars dont double doubled doubt dozen drain drift drill drive driven driver
driving drop dropped dropping drops dude due during earlier early easily easy edge effect effects
effort eight either emergency empty enable enabled ended endpoint ends engine english enough
ensure entire equal errors especially estimate etc evaluate evaluation evaluators evening event
events eventually everybody everyone everything everywhere exact exactly example exceed exceeded
except exception exceptions excess exclude excluding exhaust exhausted exist expect expected
expensive experience experiments explain explanation explode exploded express extra extreme face
facing fact factor fail failed failing failover fails failure failures fair fairly fallback fallen
falling falls family far faster fastest fault faulty favour february feel feels fell felt field
figure figures final finally finance fine finish fire firm fit five fix fixed flag flakiest flaky
flat flood flow focus folks follow following forecast forecasted forever forget forgot form former
forth forward found four free freeze frequent fresh friday friend front fully function further
future gain garbage gave gets getting gimme given gives giving goes going gold gone gonna got
gotta gotten gpu gpus gradual gradually graph graphs greater group groups grow growing grown grows
growth guess guys half hallucinate hallucinated hallucinating hallucination hallucinations hand
handle handled handling happen happened happening happens happy hard hardly harm harsh hasnt
havent head headroom health healthier healthiest healthy hear heard heat heavy held hello helped
helpful helps hey hi hide higher highest highly history hit hits hitting hold holding holds hole
hope host hosted hosting hosts hot hottest hourly hours house however hows hrs http https huge
hundred hurt hurting hurts id idea identify idle ids ill im image imagine immediate immediately
impact impacted impacts important improve improved improvement improving incidents include
included including increase increased increases increasing indeed indicate individual info inform
information infra infrastructure input instance instances instead interesting internal interval
invoice involved isnt issue issues item items ive january job jobs join joke json july jump jumped
jumps june keeps kept key kill killed kind kinda kindly kinds knew known knows lack lag lagging
laggy land landed lands language lapse larger largest lasted lasting lately latencies later lead
leader leading least leave leaving led left lemme length lets letter level levels lie life likely
limit limited limiting limits line lines link listed llm llms load loaded loading loads locate
location log logs longer longest loose lose loses losing loss losses lots love lower lowest luck
lunch machine machines madam made magic maintain maintenance major majority makes making manage
management manager march margin mark market massive mate matter matters max maybe mean meaning
means meant measure measured median meet meeting member memory mention message messages met
metrics middle midnight might million min mind mine minimum minor mins minute minutes misbehave
misbehaving misroute misrouted miss missed missing mistake mix mode models moment monday money
monitor month monthly months morning mostly move moved moves moving multiple must myself named
names nastiest nearby nearest nearly necessary needed needs negative neither network never newest
nice night nine nobody noise noisy non nonsense noon nope normally north note nothing notice
noticed november number numbers objective objectives observe observed obvious occur occurred
october odd offer office offline often oh okay older oldest onboard oncall ones ongoing onset onto
oom opened operation opinion ops option options order orders ordinary original otherwise ought
ours outage outages outcome outlier outliers outlook output outside overall overflow overload
overloaded overnight overview owner pace page paid pain panic paper parts party passed patch path
pattern pause pay paying payment pays pct peak people percent percentage percentile percentiles
perfect perform performance performed performing performs perhaps period person pick picked picks
picture piece pinpoint place places plan planned plans platform play plenty plot pls plz point
points policies poor poorly position possible possibly post potential power practice precise
precisely predict predicted prediction prefer preferred present press pressure pretty prevent
previous previously price priced prices pricey priciest pricing principal prior priority prob
probability probable probably problem problems process processed produce product production
program progress project prompt prompts proper properly proportion provide provided provider
providers published pull pulled purpose push pushed qty quantity quarter queries query question
questions queue quicker quickest quickly quiet quietest quite quota quotas quote raise raised ran
random range rank ranked ranking rapid rare rate rated rates rather ratio reach reached read
reading ready realise realize reason reasonable reasonably reasons recall receive received recent
recently reckon record recorded recover recovered recovering recovery redirected reduce reduced
refuse refused regard regarding region regression regressions regular reject rejected rejection
related release released releases reliability reliable remain remaining remains remember remind
remove removed repeat replace replaced report reported reporting reports representative requested
requests require required reroute rerouted reroutes resolve resolved resource resources respond
responded response responses responsible rest restart restore result results retries retry return
returned reveal review rid rise risen rises rising risk risks risky roll rolled rolling room root
rose rough roughly round route routed routers routes rule rules run running runs safe said sale
sample samples sanity satisfaction satisfied saturate saturated saturday save saved saving savings
saw says scale scaled schedule scheduled scored scores scoring screwed search season seconds
secret secs section secure seeing seem seems seen select self send sense sent separate september
sequence serious serve served server servers serves serving sessions set setting settings setup
sev seven severe severity shall shape share shared shares sharp sharply shift shifted ship shipped
shoot short shortage shot shouldnt showed showing shown shows shut sick sides sign significant
significantly silent silly similar similarly simply sir situation six size sized sky sla slas
slice slices slight slightly slip slipped slos slot slots slowdown slower slowest slowing slowly
slowness sluggish smaller smallest smart smarter smartest smooth social software sold solid solve
somebody somehow someone something sometime sometimes somewhat somewhere sore sort sorted sorts
sound sounds source south space speak special specific specifically speed spending spends spent
spike spiked spikes spiking spilled spillover split spot spread spring sql sre sres stable stack
staff stage stale stand standard standing stands start started starting starts stat state
statement states stats stay stayed steady step steps stock stopped story straight strange stream
streaming street strict strong struggle struggling stuck stuff stupid subject success successful
sudden suddenly suffer suffered suffering suggest summarise summer sunday super supply support
suppose supposed sure surfaced surge surged surges surprise survive suspect sustain switch
switched switching system systems table taken takes taking talk target targets tasks team teams
tech technical telling tenants tend term terms terrible tested testing tests text thank thanks
thats theirs theres theyre things think third thirty thought thousand threat three threshold
throttle throttled throttling through throughout throughput throw throwing thrown thursday thus
thx ticket tickets tie tied tiering tiers tight timed timeline timeout timeouts times timing tiny
tokens told tomorrow tonight took toward towards track trade train treatment tree trend trending
trends tried trigger triggered triggers trip trouble true truly trust try trying ttft tuesday turn
turned turns twice types typical typically unable unavailable understand unexpected unfortunately
unhappy unhealthiest unhealthy unit units unknown unless unlike unreliable unstable unusual
unusually update updated updates upon upset upstream upward ur urgent url usage useful users uses
usually utilisation utilization ux value values variant variants various vary vast verdict
versions versus view violate violated violating violation visible vol vs wait waiting waits walk
wall wanna want wanted wants warn warning warnings wasn waste watch water weather wednesday
weekend weekly weeks weigh weird wellbeing werent west whatever whats whenever wherever whether
whichever whole whom whos whose wide widely win winner winning wins winter wish wk wks woke won
wonder wont word words worked working works world worried worry worse worsen worsened worsening
worth wouldnt write wrong wrote xx ya yall yday yeah year yearly years yep yesterday youre yours
yourself zero zone
"""

FAINT: Final = frozenset(_FAINT.split())
"""Names of these spellings need a word beside them that says what sort of name they are."""
ORDINARY: Final = FAINT | frozenset(_OTHERS.split())
"""Words that are never taken for a misspelt or shortened name."""

_ENDINGS: Final = ("s", "es", "ed", "d", "ing", "ly", "er", "r", "est", "ers", "'s")


@lru_cache(maxsize=8192)
def ordinary(word: str) -> bool:
    """Whether a lower-case word is an ordinary one, also with an ending."""
    if word in ORDINARY:
        return True
    for ending in _ENDINGS:
        root = word.removesuffix(ending)
        if len(root) >= 3 and root != word and (root in ORDINARY or f"{root}e" in ORDINARY):
            return True
    return False
