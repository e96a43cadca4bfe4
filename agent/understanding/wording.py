"""A question's words as rules read them: plain, spelt right, names and times taken out.

Names and times are blanked so that a tenant called `budget` or `last week` is never read as what
the question asks. Pure, and kept for the last few questions, since several steps read the same.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from agent.understanding.english import ORDINARY
from agent.understanding.question import Slots, Times

TIME: Final = "§"
"""Stands where words about time stood."""


@dataclass(frozen=True, slots=True)
class Wording:
    """`masked` is the text in lower case, its words one space apart, without signs, names and
    times: `<model>`, `<tier>`, … stand for names, `§` for times.
    """

    masked: str


@lru_cache(maxsize=64)
def worded(text: str, slots: Slots, times: Times) -> Wording:
    """The wording of a text whose names and times were read."""
    masked = unicodedata.normalize("NFKC", text[:_LONGEST_CHARACTERS]).lower()
    masked = masked.replace("\u2019", "'")
    for words in sorted(times.words, key=len, reverse=True):
        masked = masked.replace(words.lower(), f" {TIME} ")
    for kind, name in sorted(named(slots), key=lambda pair: (-len(pair[1]), pair)):
        masked = re.sub(_spellings(name), f" <{kind}> ", masked)
    return Wording(masked=_plain(_POSSESSIVE.sub(r"\1 ", masked)))


def named(slots: Slots) -> Iterator[tuple[str, str]]:
    """Every name in the slots, with its kind."""
    for kind, values in slots.where.given().items():
        yield from ((kind, value) for value in values)
    for deployment in slots.where.deployment or ():
        # It may have been named by its parts.
        model, _, backend = deployment.rpartition("@")
        yield from (("model", model), ("backend", backend))
    yield from (("without", name) for name in slots.without)
    for kind in ("request", "incident", "change", "experiment", "arm", "policy_version", "slo"):
        value = getattr(slots, kind)
        if value is not None:
            yield kind, value
    if slots.user is not None:
        yield "user", slots.user


def spelt_in(name: str, text: str) -> bool:
    """Whether a text in lower case has a name, written in any of its ways."""
    return re.search(_spellings(name), text) is not None


@lru_cache(maxsize=1024)
def _spellings(name: str) -> str:
    """A name as it may be written: any case, its parts joined by any or no sign, or plural."""
    parts = [re.escape(part) for part in re.split(r"[-_@/.\s]+", name.lower()) if part]
    return rf"(?<![\w@-]){'[-_@/. ]?'.join(parts)}(?:s|es)?(?![\w@-])"


def _plain(text: str) -> str:
    text = _POLITE.sub(" ", _APART.sub(" ", text))
    for pattern, words in _CONTRACTED:
        text = pattern.sub(words, text)
    return " ".join(_spelt(_SHORT.get(word, word)) for word in text.split()).strip()


@lru_cache(maxsize=4096)
def _spelt(word: str) -> str:
    """A word, or the word of the rules that it is a misspelling of."""
    if len(word) < _SHORTEST_MISSPELT or not word.isalpha() or word in _LEFT_ALONE:
        return word
    slips = 1 if len(word) < _LONG else 2
    near = [
        right
        for right, _, _ in process.extract(
            word, _OFTEN_MISSPELT, scorer=OSA.distance, score_cutoff=slips, limit=2
        )
        if right[0] == word[0] or right[1:3] == word[1:3]
    ]
    return near[0] if near else word


def _forms(words: Iterable[str]) -> frozenset[str]:
    return frozenset(form for word in words for form in (word, f"{word}s", f"{word}ed"))


_LONGEST_CHARACTERS: Final = 500
"""Whoever writes more asks in the first lines; rules shall not be slow for the rest."""
_SHORTEST_MISSPELT: Final = 5
_LONG: Final = 8
_POSSESSIVE: Final = re.compile(r"([§>])\s*'s\b")
_APART: Final = re.compile(r"(?<=[a-z])-(?=[a-z])|[^\w<>§%/@.+'-]|(?<!\w)[.'+-]+|[.'+-]+(?!\w)")
_POLITE: Final = re.compile(
    r"\b(?:i|we)(?: would|'d) (?:like|love|want) (?:you )?to (?=know|see|understand|tell|check)|"
    r"^(?:could|can|would) you (?:please |kindly )?(?=tell|show|check|explain|give|say)"
)
_CONTRACTED: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"\b(what|how|where|who|why|when|that|there|here|it)'s\b", r"\1 is"),
        (r"\b(?:what|wat)re\b|\bwhat'?r\b", "what are"),
        (r"\bcan'?t\b|\bcannot\b", "can not"),
        (r"\bwon'?t\b", "will not"),
        (r"\b(is|are|was|were|did|does|do|has|have|had|would|should|could)n'?t\b", r"\1 not"),
        (r"\b(\w+)'(?:re)\b", r"\1 are"),
        (r"\b(\w+)'(?:ve)\b", r"\1 have"),
        (r"\b(\w+)'(?:ll)\b", r"\1 will"),
        (r"\b(we|they|it|he|she|i|you)'d\b", r"\1 would"),
        (r"\bi'm\b", "i am"),
        (r"'s?(?!\w)", ""),
        (r"\broll out(s)?\b", r"rollout\1"),
        (r"\bw/o\b", "without"),
    )
)
_SHORT: Final = {
    "wich": "which", "whch": "which", "witch": "which", "wat": "what", "wht": "what",
    "wut": "what", "wot": "what", "hw": "how", "abt": "about", "pls": "please", "plz": "please",
    "u": "you", "ur": "your", "r": "are", "y": "why", "wy": "why", "whyy": "why", "hows": "how is",
    "whats": "what is", "wheres": "where is", "whos": "who is", "whys": "why is",
    "wats": "what is", "err": "errors", "errs": "errors", "lat": "latency", "req": "request",
    "reqs": "requests", "depl": "deployment", "svc": "service", "gonna": "going to",
    "thats": "that is", "theres": "there is", "versus": "vs", "dont": "do not", "im": "i am",
    "ok": "okay", "ppl": "people", "usr": "user", "usrs": "users", "teh": "the",
    "hte": "the", "si": "is", "ddi": "did", "becuase": "because", "cn": "can", "sav": "save",
    "hlep": "help", "incid": "incident", "maint": "maintenance", "exp": "experiment",
    "fcst": "forecast", "eror": "error", "erors": "errors", "loosing": "losing",
    "stat": "status", "qual": "quality", "perf": "performance", "thru": "through",
}  # fmt: skip
_OFTEN_MISSPELT: Final = (
    "unhealthy", "healthy", "health", "deployment", "deployments", "deployed", "incident",
    "incidents", "latency", "quality", "forecast", "capacity", "budget", "budgets", "experiment",
    "experiments", "rollout", "maintenance", "changed", "changes", "similar", "errors",
    "request", "requests", "expected", "traffic", "tenant", "tenants", "backend", "backends",
    "overload", "overloaded", "compare", "compared", "cheapest", "fastest", "slowest", "savings",
    "routed", "status", "anomalies", "degraded", "outage", "outages", "variant", "winning",
    "winner", "happened", "instead", "without", "headroom", "objectives", "increase", "increased",
    "decrease", "decreased", "dropped", "slower", "failing", "failures", "expensive", "spending",
    "spent", "which", "effect", "impact", "released", "shipped", "scheduled", "planned", "before",
    "remaining", "should", "would", "model", "models", "problem", "problems", "wrong", "reason",
    "caused", "causing", "unusual", "survive", "tokens", "average", "cheaper", "compared",
    "restart", "delete", "disable", "revert", "spend", "token", "already",
)  # fmt: skip
_NEAR_MISSES: Final = """
    charge charged charges chance chances changing changer change ranges hanged error request
    requested requesting tenancy models modes moved modest money spend spends spending speed spare
    sent routes router routers route rooted rouse routing costs coasts casts statue status states
    stats state stated weather whether wealth wealthy heath heaths death deaths faster fasted
    slower slowed slowest fast cheap cheaper quantity quantities equality accident accidents
    effort efforts affect affects effects impacts import impact reach react season seasons reasons
    reasoning reasoned treason wrongs strong world could shoulder mould wound winning wining
    winter winners dinner inner sinner failed failing falling filing feeling sailing fainting
    dropped drop dropping cropped slipped skipped chipped shipping stopped tripped whipped planned
    planed planted plans plan planets plant release releases releasing relaxed expect expects
    expecting expert experts respected inspected unexpected aspect aspects paused causes cause
    clause clauses caused used causal usual unusually casual outrage outages village variants
    variance various varied variety compares comparing comparison company camera compile instead
    steady within perform performance average averages averaged coverage leverage beverage
    happen happens happening happened prepare prepared remains remain remained reminding training
    tokens token taken broken spoken spent spend dependent expense expenses experience experienced
    increases increasing decreasing decreases decreased budgeted gadget gadgets budge widget
    widgets survival survived surviving service services server servers serves tenth trafficked
    graphic graphs unhealthier healthier healthily failure problem program programs probe probes
    model modern modules module simile simulator simulate smiles hide those these there their
    other older order orders border borders terrors mirrors deploy deploys deploying deployer
    employment employments redeployed employed overlord override overloads capacities opacity
    before because become effected objective object objects subjective adjective schedule
    schedules reschedule scheduler where while white when wish wished winds blackend legend
    weekend weekends depend depends defend fronted frontend bandwidth
    """
_LEFT_ALONE: Final = ORDINARY | _forms(_OFTEN_MISSPELT) | frozenset(_NEAR_MISSES.split())
"""Words that are right as they are, however near to another."""
