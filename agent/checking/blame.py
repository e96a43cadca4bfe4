"""Who is blamed in a sentence, and whether the investigations blame the same. Pure.

A claim of cause is fine where what stands in the place of the cause is an event that was blamed,
for the metric and within the slice that was asked about; or where nobody is blamed, and nobody was.
"""

import re
from collections.abc import Sequence
from typing import Final

from agent.checking.evidence import Blame, Evidence, Mention
from graph.slices import Metric

_AFTER: Final = re.compile(
    r"\b(?:because(?: of)?|caused by|due to|owing to|as a (?:result|consequence) of|triggered by|"
    r"thanks to|on account of|attribut(?:ed|able) to|"
    r"(?:(?:slowdown|drop|fall|rise|increase|decrease|spike|regression|problem) (?:comes?|came)|"
    r"result(?:s|ed|ing)?|stem(?:s|med|ming)?|"
    r"aris(?:es|ing)|arose) from|driven by|brought about by|explained by|blames?|"
    r"blaming|set off by|the fault of|(?:root )?causes? (?:\w+ ){0,6}?(?:is|was|were|are)\b|"
    r"(?:root )?causes?:)",
    re.IGNORECASE,
)
_BEFORE: Final = re.compile(
    r"\b(?:caus(?:es|ed|ing)|led to|leads to|leading to|(?:is|was|were|are|held)(?: the)? "
    r"(?:(?:root |main |likely |sole )?causes?|responsible|culprits?|to blame|blamed)|"
    r"responsible for|trigger(?:s|ed|ing)|brought about|result(?:s|ed|ing)? in|explains?|to blame|"
    r"drove|drives|dragged|(?:took|brought|knocked) (?:\w+ )?down|"
    r"ma(?:de|kes|king) [^.;,]{1,40}?\b(?:worse|better|slow(?:er)?|fast(?:er)?|fail|dear(?:er)?)|"
    r"culprit|did it|behind the (?:drop|fall|rise|change|increase|decrease|spike|errors|slowdown)|"
    r"accounts? for [^.;]{0,30}?of (?:it|the (?:change|drop|fall|rise|increase|decrease)))\b",
    re.IGNORECASE,
)
_ANY: Final = re.compile(r"\bbecause\b|\bcaus|\broot cause|\bblam|\bresponsible\b", re.IGNORECASE)
_NOBODY: Final = re.compile(
    r"\b(?:no|none|nothing|nobody|neither|not|isn't|wasn't|weren't|aren't|didn't|unexplained|"
    r"without (?:a|any)|can't|cannot|could not|unable|unknown|unclear|rul(?:es|ed) out|"
    r"exonerated)\b",
    re.IGNORECASE,
)
_NONE_AFTER: Final = re.compile(
    r"\s*(?:by |that |still |yet )?(?:no|none|nothing|nobody|unknown|unclear|not|unexplained)\b",
    re.IGNORECASE,
)
_REFUSAL: Final = re.compile(r"\W*I (?:can't|cannot|can not) tell\b", re.IGNORECASE)
_NEGATED: Final = re.compile(
    r"(?:\b(?:not|nor|neither|unlike|rather than|instead of|no|never|than|nothing of)\s+"
    r"(?:by |with |of |due to |because of |the |an? )?(?:\w+ )?)$",
    re.IGNORECASE,
)
_SAYS_NOTHING: Final = re.compile(
    r"^\W*(?:the )?(?:likely |possible |root |main )?causes?\W*$|^\W*why\b[^.]*:\s*$", re.IGNORECASE
)
_EXPLAINED_PLACE: Final = re.compile(
    r"\b(?:ruled out|rejected|excluded|chosen|picked|selected|routed|ranked|ranks|skipped|eligible|"
    r"went to|sent to|preferred|refused|alike|similar|like)\b",
    re.IGNORECASE,
)
_DEFINITE: Final = re.compile(
    r"\b(?:it|this|that|these|they|both|which|(?:the|this|that) (?:same )?(?:rollout|release|"
    r"change|incident|deploy|deployment|policy|price|experiment|event|outage|maintenance|update|cause))\b",
    re.IGNORECASE,
)
_METRICS: Final = (
    (re.compile(r"\bquality|\bscores?\b", re.IGNORECASE), {Metric.QUALITY}),
    (
        re.compile(r"\blatenc|\bslow|\bp50\b|\bp95\b|\bfast", re.IGNORECASE),
        {Metric.LATENCY_MEAN, Metric.LATENCY_P50, Metric.LATENCY_P95, Metric.TTFT_P95},
    ),
    (re.compile(r"\berrors?\b|\bfailures?\b|\bfail", re.IGNORECASE), {Metric.ERROR_RATE}),
    (
        re.compile(r"\bcosts?\b|\bspend|\bspent\b|\bexpens|\bdear", re.IGNORECASE),
        {Metric.COST, Metric.COST_PER_REQUEST},
    ),
    (re.compile(r"\btraffic\b|\bvolume\b", re.IGNORECASE), {Metric.VOLUME}),
)
_EVENTS: Final = frozenset({"change", "incident", "maintenance", "policy_version", "experiment"})
_PLACES: Final = frozenset({"deployment", "model", "backend", "tenant"})
_ROUTING: Final = frozenset({"routing_view", "request", "similar_incidents"})


def misblamed(
    text: str,
    mentions: Sequence[Mention],
    evidence: Evidence,
    *,
    raw: str,
    before: str,
    tools: frozenset[str],
) -> str | None:
    """What is wrong with the blame in a sentence; None where nothing is.

    `text` has others' words blanked, `raw` has not; `before` is what stands before it in its
    paragraph; `tools` are those that were called.
    """
    after, ahead = _AFTER.search(text), _BEFORE.search(text)
    if not (after or ahead or _ANY.search(text)):
        return None
    if text.rstrip().endswith("?"):
        return None
    blamed = {one.name for one in evidence.blamed} | {
        rival for one in evidence.blamed for rival in one.rivals
    }
    if _SAYS_NOTHING.match(text):
        return None if blamed else "nothing was found to be a cause"
    if _REFUSAL.match(text) and not _events(mentions):
        return None
    if _EXPLAINED_PLACE.search(text) and tools & _ROUTING and not _events(mentions):
        return None
    start, end = _cause_span(text, raw, after, ahead)
    accused = [one for one in mentions if start <= one.start < end and one.kinds & _EVENTS]
    denied = [one for one in accused if _NEGATED.search(text[: one.start])]
    accused = [one for one in accused if one not in denied]
    if _denied(text, after, ahead):
        return _nobody(text, mentions, evidence, blamed)
    wrong = [one.name for one in accused if one.name not in blamed]
    if wrong:
        return f"no investigation blames {', '.join(wrong)}"
    if accused:
        return _for_what(text, mentions, [one.name for one in accused], evidence)
    return _unnamed(raw[start:end], evidence, before)


def _cause_span(
    text: str, raw: str, after: re.Match[str] | None, ahead: re.Match[str] | None
) -> tuple[int, int]:
    """Where in the sentence the cause is told."""
    if after is not None and (ahead is None or after.start() <= ahead.start()):
        if not raw[after.end() :].strip(" .:"):
            return 0, len(text)
        end = re.compile(r"[;]|, (?:while|which|and|but|not)\b").search(text, after.end())
        return after.end(), end.start() if end and after.start() > 0 else len(text)
    if ahead is not None:
        return 0, ahead.end()
    return 0, len(text)


def _denied(text: str, after: re.Match[str] | None, ahead: re.Match[str] | None) -> bool:
    """Whether the sentence says that something is not the cause: of the words by the connective."""
    found = [one for one in (after, ahead) if one is not None]
    if not found:
        return bool(_NOBODY.search(text))
    first = min(found, key=lambda one: one.start())
    clause = max(text.rfind(mark, 0, first.start()) for mark in ",;")
    if _NOBODY.search(text, clause + 1, first.end()):
        return True
    return bool(_NONE_AFTER.match(text, first.end()))


def _events(mentions: Sequence[Mention]) -> list[Mention]:
    return [one for one in mentions if one.kinds & _EVENTS]


def _nobody(
    text: str, mentions: Sequence[Mention], evidence: Evidence, blamed: set[str]
) -> str | None:
    """Nobody, or not this one: fine unless it was blamed."""
    named = [one.name for one in _events(mentions)]
    if named:
        guilty = [one for one in named if one in blamed]
        others = [one for one in named if one not in blamed]
        if guilty and not others and not re.search(r"can(?:not|'t)|could not", text):
            return f"an investigation does blame {', '.join(guilty)}"
        return None
    if re.search(r"can(?:not|'t) tell|unexplained|unknown|unclear", text, re.IGNORECASE):
        return None
    if (
        evidence.blamed
        and not evidence.acquitted
        and re.search(r"\b(?:no|none|nothing|nobody)\b", text, re.IGNORECASE)
    ):
        return "an investigation does find a cause"
    return None


def _for_what(
    text: str, mentions: Sequence[Mention], accused: Sequence[str], evidence: Evidence
) -> str | None:
    """Whether the accused are blamed for what the sentence lays to them."""
    blames = [one for one in evidence.blamed if {one.name, *one.rivals} & set(accused)]
    measured = {
        metric for pattern, metrics in _METRICS if pattern.search(text) for metric in metrics
    }
    if measured and not any(one.metric in measured for one in blames):
        return "it is blamed for another metric"
    for one in mentions:
        if one.kinds <= _PLACES and not any(_reaches(blame, one.name) for blame in blames):
            return f"what is blamed was not investigated for {one.name}"
    return None


def _reaches(blame: Blame, name: str) -> bool:
    if name in blame.reach:
        return True
    return any(name in one.split("@") for one in blame.reach if "@" in one)


def _unnamed(cause: str, evidence: Evidence, before: str) -> str | None:
    """A cause that is told without its name: by its title, or as one named just before."""
    low = cause.lower()
    for one in evidence.blamed:
        if len(one.title) > 3 and one.title.lower() in low:
            return None
    if _DEFINITE.search(cause):
        earlier = evidence.mentions(before)
        names = {one.name for one in evidence.blamed}
        if any(one.name in names for one in earlier):
            return None
        if _words_of(evidence, low):
            return None
    return None if _words_of(evidence, low) else "no investigation found this cause"


def _words_of(evidence: Evidence, cause: str) -> bool:
    """Whether the words are Routecause's own, as a reason that a result gives."""
    told = re.sub(r"^\W*(?:its?|the|their|of)\s+", "", cause.strip(" .:,")).strip()
    if len(told.split()) < 2:
        return False
    return any(text.ours and told in text.words.lower() for text in evidence.gathered.texts)
