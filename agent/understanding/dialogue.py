"""Follow-ups: what a question takes over from the one before it.

`And on k8s?`, `why?`, `same for acme`, `is it still slow?` are only half a question. What they name
replaces what was named before; the rest (slice, metric, times) stays. A question that is whole
takes nothing over.
"""

import re
from dataclasses import dataclass, fields, replace
from typing import Final

from rapidfuzz import fuzz

from agent.understanding.guess import Guess
from agent.understanding.question import Intent, Question, Slots, Times
from agent.understanding.rulebook.words import MEASURES
from agent.understanding.rules import by_rules
from agent.understanding.wording import Wording, named, worded
from graph.slices import Demand, Metric, Slice


@dataclass(frozen=True, slots=True)
class Followed:
    """A follow-up, completed. Without an intent the words go on about what was asked before, but
    ask something that neither rules nor the question before tell.
    """

    intent: Intent | None
    confidence: float
    slots: Slots
    times: Times


def follow_up(
    text: str, *, slots: Slots, times: Times, guess: Guess | None, before: Question
) -> Followed | None:
    """The question completed with what the one before it told; None where it stands on its own.

    `guess` is what rules made of the text alone.
    """
    if before.intent in (None, Intent.HELP):
        return None
    wording = worded(text, slots, times)
    both = merged(before.slots, slots)
    when = _merged_times(before.times, times)
    if _ASKS_WHY.search(wording.masked):
        return _why(wording, both, when, before=before)
    goes_on = _GOES_ON.search(wording.masked) is not None
    if guess is not None and not goes_on and slots.metric and (slots.by or times.granularity):
        return None
    if guess is not None and not goes_on and _own_subject(slots) and _WHOLE.match(wording.masked):
        return None
    if _fragment(wording, slots):
        intent = _turned(slots, times, before=before, wording=wording)
        return Followed(intent, _SURE, *_kept(both, when, slots, times, intent, before))
    if not (goes_on or _POINTS_BACK.search(wording.masked)):
        return None
    if guess is not None and not goes_on and _own_subject(slots):
        return None
    again = by_rules(text, slots=both, times=when) or guess
    if again is None and _STILL.search(wording.masked):
        again = Guess(before.intent, _LIKELY)
    intent = None if again is None else again.intent
    confidence = _UNSURE if again is None else min(again.confidence, _SURE)
    return Followed(intent, confidence, *_kept(both, when, slots, times, intent, before))


_WHOLE: Final = re.compile(r"(?:how|what|which|who|why|where|when|is|are|was|were|did|does|do) ")
"""A question that begins so, and names its own subject, is no follow-up."""


def merged(before: Slots, now: Slots) -> Slots:
    """The slots of before, with what is named anew in their place."""
    told = {
        field.name: getattr(now, field.name) or getattr(before, field.name)
        for field in fields(Slots)
        if field.name not in ("where", "unknown", "text", "worst", "user")
    }
    where = _merged_where(before.where, now.where)
    user = now.user if now.user or _other_people(now.where) else before.user
    return replace(
        Slots(**told),
        where=where,
        user=user,
        worst=now.worst or (before.worst and now.optimise_for is None),
        unknown=now.unknown,
        text=now.text or before.text,
    )


def _merged_where(before: Slice, now: Slice) -> Slice:
    """Slices merged field by field. A deployment is a model on a backend, so that naming one of the
    two anew replaces that half of it; other people of another tenant or tier are others.
    """
    if not now.given():
        return before
    models, backends = before.model, before.backend
    deployments = before.deployment
    if deployments and (now.model or now.backend):
        parts = [one.rpartition("@") for one in deployments]
        models = models or frozenset(model for model, _, _ in parts if model)
        backends = backends or frozenset(backend for _, _, backend in parts if backend)
        deployments = None
    kept = replace(before, deployment=deployments, model=models, backend=backends)
    if now.deployment:
        kept = replace(kept, model=None, backend=None)
    if _other_people(now):
        kept = replace(kept, user=None)
    return replace(kept, **now.given())


def _other_people(now: Slice) -> bool:
    return bool(now.tenant or now.tier)


def _merged_times(before: Times, now: Times) -> Times:
    """The times of before, with those told anew. A look back ends a look ahead, and the reverse."""
    ahead = now.ahead or (None if now.during else before.ahead)
    during = now.during or (None if now.ahead else before.during)
    return replace(
        now,
        during=during,
        compared_to=now.compared_to or (before.compared_to if during else None),
        ahead=ahead,
        granularity=now.granularity or before.granularity,
    )


def _kept(
    both: Slots, when: Times, slots: Slots, times: Times, intent: Intent | None, before: Question
) -> tuple[Slots, Times]:
    """Merged slots and times without what makes no sense for another intent."""
    if intent is before.intent:
        return both, when
    if not slots.by and not {intent, before.intent} <= _GROUPED:
        both = replace(both, by=())
    if not slots.status:
        both = replace(both, status=frozenset())
    if not slots.without:
        both = replace(both, without=frozenset())
    if not times.granularity:
        when = replace(when, granularity=None)
    if intent is Intent.FORECAST and both.demand is None:
        both = replace(both, demand=_DEMANDS.get(both.metric) if both.metric else None)
    if intent in _OF_THE_FUTURE:
        return both, replace(when, during=times.during, compared_to=None)
    return both, when if times.ahead else replace(when, ahead=None)


def _why(wording: Wording, both: Slots, when: Times, *, before: Question) -> Followed | None:
    """A bare `why?`: the causes of the change that the question before was about."""
    intent = before.intent
    if intent is None or intent not in _HAS_CAUSES:
        return Followed(intent, _LIKELY, both, when)
    metric = both.metric or _METRIC_OF.get(intent)
    told = replace(both, metric=metric, by=(), status=frozenset(), demand=None)
    return Followed(Intent.WHY_CHANGED, _SURE, told, replace(when, ahead=None, granularity=None))


def _turned(slots: Slots, times: Times, *, before: Question, wording: Wording) -> Intent | None:
    """The intent of a fragment: that of before, unless what it names turns the question."""
    intent = before.intent
    if slots.request:
        return Intent.WHY_ROUTED
    if slots.without:
        return Intent.CAPACITY_RISK if intent in _OF_THE_FLEET else Intent.WHAT_IF
    if times.ahead and intent in _FIGURES:
        return Intent.FORECAST
    if times.compared_to and intent in _FIGURES:
        return Intent.COMPARE
    if intent is Intent.FORECAST and times.during and not times.ahead:
        return Intent.TREND
    if (slots.by or times.granularity) and intent in _NOT_BY:
        return Intent.TREND
    if slots.metric and slots.metric is not Metric.COST and intent in _OF_NO_METRIC:
        return Intent.TREND
    return intent


def _own_subject(slots: Slots) -> bool:
    return bool(
        slots.where.given() or slots.request or slots.incident or slots.change or slots.experiment
    )


def _fragment(wording: Wording, slots: Slots) -> bool:
    """Whether nothing is said but names, times and measures, and words that join them."""
    names = [name.lower() for _, name in named(slots)]
    rest = _MEASURED.sub(" ", _JOINS.sub(" ", wording.masked))
    words = [word for word in rest.split() if not word.startswith(("<", "§"))]
    return all(any(_like(word, name) for name in names) for word in words)


def _like(word: str, name: str) -> bool:
    """Whether a word is a name, or part of it, more or less."""
    parts = (name, *re.split(r"[-_@/.\s]+", name))
    return any(fuzz.ratio(word, part) >= _ALIKE for part in parts)


_SURE: Final = 0.95
_LIKELY: Final = 0.8
_UNSURE: Final = 0.5
_ALIKE: Final = 75
_ASKS_WHY: Final = re.compile(
    r"^(?:and |but |so |okay |yes |no |hm+ )*(?:why(?: (?:so|that|is that|is this|is it|though|not|"
    r"exactly|did that happen|did this happen|did it happen|is it so|was that|was it|"
    r"then|is that so|"
    r"tho|oh why|is it like that|are they|is that the case|now|precisely))?|how come|what for|"
    r"(?:what|and what) (?:caused|causes|is causing|explains|drove|is behind|was "
    r"behind|is) (?:it|that|this|them|"
    r"the (?:cause|reason|root cause))|(?:what is )?(?:the )?(?:reason|reasons|cause|"
    r"causes|root cause)|"
    r"(?:any )?(?:idea|explanation|clue) why|explain(?: (?:it|that|this|why|please))?|"
    r"because of what|"
    r"tell me why|do you know why|wtf why|for what reason|due to what|how did (?:that|"
    r"this|it) happen)"
    r"(?: (?:on|for|in|with|at|<\S+>|§|please|and|the|users|tenants?|tiers?|backends?|models?))*$"
)
_GOES_ON: Final = re.compile(
    r"^(?:and|what about|how about|same|also|likewise|ditto|then|now|only|just|but|"
    r"but what about)\b"
)
_POINTS_BACK: Final = re.compile(
    r"\b(?:it|its|there|that|this|those|these|them|they|their|then|that time|same|again|still|"
    r"(?:that|this|those|these|the same|said) \w+|one|ones|the others?|else)\b"
)
_STILL: Final = re.compile(
    r"\b(?:still|again|since when|when did|how long|are you sure|more detail\w*|details|go on|"
    r"tell me more|elaborate|started?|begin|began)\b"
)
_JOINS: Final = re.compile(
    r"(?<![<\w])(?:and|what|how|about|same|for|on|in|at|with|by|per|of|to|the|only|just|but|also|"
    r"now|then|okay|or|from|is it|that|it|all|each|every|please|case|thing|question|again|instead|"
    r"without|as well|too|during|over|split|broken down|grouped|breakdown|across|vs|compared|than|"
    r"against|show|me|give|let us|see|try|do|likewise|ditto|so|hm+|tenants?|tiers?|models?|"
    r"backends?|deployments?|users?|customers?|tasks?|task types?|policy|version|arms?|experiment|"
    r"our|my|a|an|there|yes|no|well|under|if|we|lost|lose|is|are|was|were|rather|say|people|"
    r"everyone|specifically|alone|types?|traffic of|previous|one|ones|other|else|"
    r"minus|excluding|looking at|look at|check|switch|restrict(?:ed)?|limit(?:ed)?|"
    r"narrow(?:ed)?|filter)(?![\w>])"
)
_MEASURED: Final = re.compile(MEASURES)
_DEMANDS: Final = {Metric.VOLUME: Demand.REQUESTS, Metric.COST: Demand.COST}
_METRIC_OF: Final = {
    Intent.STATUS: Metric.ERROR_RATE,
    Intent.FLEET_HEALTH: Metric.ERROR_RATE,
    Intent.COST: Metric.COST,
    Intent.BUDGET: Metric.COST,
}
_HAS_CAUSES: Final = frozenset(
    {
        Intent.STATUS,
        Intent.FLEET_HEALTH,
        Intent.TREND,
        Intent.COMPARE,
        Intent.SLOS,
        Intent.BUDGET,
        Intent.COST,
        Intent.WHY_CHANGED,
    }
)
_FIGURES: Final = frozenset({Intent.TREND, Intent.COST, Intent.COMPARE})
_GROUPED: Final = _FIGURES | {Intent.FORECAST}
_OF_THE_FUTURE: Final = frozenset({Intent.FORECAST, Intent.CAPACITY_RISK})
_OF_THE_FLEET: Final = frozenset(
    {Intent.FORECAST, Intent.CAPACITY_RISK, Intent.FLEET_HEALTH, Intent.STATUS, Intent.INCIDENTS}
)
_NOT_BY: Final = frozenset({Intent.WHY_CHANGED, Intent.STATUS, Intent.FLEET_HEALTH})
_OF_NO_METRIC: Final = frozenset(
    {Intent.STATUS, Intent.FLEET_HEALTH, Intent.COST, Intent.BUDGET, Intent.INCIDENTS}
)
