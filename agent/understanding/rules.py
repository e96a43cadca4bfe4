"""The first step of understanding: an intent by rules over words, slots and times.

Rules are data (`rulebook`); here is how they are read. The first rule that fits decides, so their
order resolves what overlaps. A rule may also say that nobody can be sure, and so ends the search.
Precision goes first: what no rule fits is left to the next step.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from agent.understanding.guess import Guess
from agent.understanding.question import Intent, Slots, Times
from agent.understanding.rulebook import RULES, Rule
from agent.understanding.rulebook.words import MEASURES
from agent.understanding.wording import Wording, spelt_in, worded
from graph.slices import Dimension, Metric, Slice


@dataclass(frozen=True, slots=True)
class _Asked:
    """A text as rules see it."""

    wording: Wording
    slots: Slots
    times: Times


Condition = Callable[[_Asked], bool]

COMPOUND_CONFIDENCE: Final = 0.5
"""How sure anyone can be of one intent for a text that asks two things."""


def by_rules(text: str, *, slots: Slots, times: Times) -> Guess | None:
    """The intent of a question whose slots and times were read; None where no rule is sure.

    A text that asks two different things has no one intent, so it has none here either.
    """
    rule = _first(_Asked(worded(text, slots, times), slots, times))
    if rule is None or rule.intent is None:
        return None
    if len(set(asked_at_once(text, slots=slots, times=times))) > 1:
        return None
    return Guess(rule.intent, rule.confidence)


def asked_at_once(text: str, *, slots: Slots, times: Times) -> tuple[Intent, ...]:
    """The intents of a text that asks several things, each in a clause of its own; else nothing.

    A clause that only goes on about the same (`what was p95, and how does it compare …`) is part
    of the question that the whole is.
    """
    clauses = [clause for clause in _NEXT_QUESTION.split(text.lower()) if clause.strip()]
    if len(clauses) == 1:
        return ()
    found: list[Intent] = []
    for clause in clauses:
        asked = _part(clause, slots, times)
        rule = _first(asked)
        if rule is None or rule.intent is None or _REFERS.search(clause):
            continue
        if not any(frozenset((rule.intent, other)) in _ONE_QUESTION for other in found):
            found.append(rule.intent)
    return tuple(dict.fromkeys(found)) if len(set(found)) > 1 else ()


def _part(clause: str, slots: Slots, times: Times) -> _Asked:
    """A clause with what it says itself of the slots and times of its text."""
    where = slots.where.given()
    own = {
        kind: {name for name in names if spelt_in(name, clause)} for kind, names in where.items()
    }
    told = replace(
        slots,
        where=Slice(**{kind: frozenset(names) for kind, names in own.items() if names}),
        metric=slots.metric if _search(MEASURES, clause) else None,
        without=frozenset(name for name in slots.without if spelt_in(name, clause)),
        request=slots.request if slots.request and spelt_in(slots.request, clause) else None,
        change=slots.change if slots.change and spelt_in(slots.change, clause) else None,
        by=slots.by if _search(_GROUPED, clause) else (),
    )
    when = times if any(words.lower() in clause for words in times.words) else Times()
    return _Asked(worded(clause, told, when), told, when)


def _first(asked: _Asked) -> Rule | None:
    """The first rule that fits."""
    return next((rule for rule in RULES if _fits(rule, asked)), None)


def _fits(rule: Rule, asked: _Asked) -> bool:
    """Whether a rule fits; needs are told fastest, so they are looked at first."""
    masked = asked.wording.masked
    if not all(_holds(need, asked) for need in rule.needs):
        return False
    if not all(_search(pattern, masked) for pattern in rule.says):
        return False
    if rule.never is not None and _search(rule.never, masked):
        return False
    return rule.only is None or _foreseen(rule.only, masked)


def _foreseen(only: str, masked: str) -> bool:
    """Whether every word but names, times and measures is one of `only`."""
    words = _compiled(MEASURES).sub(" ", masked).split()
    pattern = _compiled(only)
    return all(word.startswith(("<", "§")) or pattern.fullmatch(word) for word in words)


def _holds(need: str, asked: _Asked) -> bool:
    name = need.removeprefix("not ")
    return CONDITIONS[name](asked) is (name == need)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _search(pattern: str, text: str) -> bool:
    return _compiled(pattern).search(text) is not None


def _subject(slots: Slots) -> bool:
    where = slots.where
    return bool(where.deployment or where.model or where.backend)


def _rivals(slots: Slots) -> bool:
    """Whether several of a kind that serves are named."""
    where = slots.where
    return any(len(named or ()) > 1 for named in (where.model, where.deployment, where.backend))


def _metric(asked: _Asked) -> bool:
    return asked.slots.metric is not None or _search(MEASURES, asked.wording.masked)


CONDITIONS: Final[Mapping[str, Condition]] = {
    "metric": lambda asked: _metric(asked),
    "errors": lambda asked: asked.slots.metric is Metric.ERROR_RATE,
    "cost": lambda asked: asked.slots.metric is Metric.COST,
    "volume": lambda asked: asked.slots.metric is Metric.VOLUME,
    "measured": lambda asked: asked.slots.metric not in (None, Metric.VOLUME),
    "other measure": lambda asked: asked.slots.metric in _NO_SIGN_OF_ILLNESS,
    "scoped": lambda asked: bool(
        asked.slots.where.given()
        or asked.slots.user
        or asked.slots.by
        or asked.times.during
        or asked.times.granularity
        or _search(_OPEN, asked.wording.masked)
    ),
    "subject": lambda asked: _subject(asked.slots),
    "slice": lambda asked: bool(asked.slots.where.given() or asked.slots.user),
    "task": lambda asked: asked.slots.where.task_type is not None,
    "tenant": lambda asked: asked.slots.where.tenant is not None,
    "user": lambda asked: asked.slots.user is not None or asked.slots.where.user is not None,
    "tokens": lambda asked: asked.slots.prompt_tokens is not None,
    "request": lambda asked: asked.slots.request is not None,
    "incident": lambda asked: asked.slots.incident is not None,
    "change": lambda asked: asked.slots.change is not None,
    "experiment": lambda asked: asked.slots.experiment is not None or asked.slots.arm is not None,
    "route": lambda asked: (asked.slots.policy_version or asked.slots.arm) is not None,
    "slo": lambda asked: asked.slots.slo is not None,
    "without": lambda asked: bool(asked.slots.without),
    "by": lambda asked: bool(asked.slots.by),
    "by others": lambda asked: bool(set(asked.slots.by) - _SERVED),
    "rivals": lambda asked: _rivals(asked.slots),
    "money": lambda asked: asked.slots.metric in (Metric.COST, Metric.COST_PER_REQUEST),
    "by served": lambda asked: bool(set(asked.slots.by) & _SERVED),
    "during": lambda asked: asked.times.during is not None,
    "compared": lambda asked: asked.times.compared_to is not None,
    "granularity": lambda asked: asked.times.granularity is not None,
    "ahead": lambda asked: asked.times.ahead is not None,
    "status": lambda asked: bool(asked.slots.status),
}
"""What a rule can need of slots and times, by name; `not …` is the opposite."""

_NO_SIGN_OF_ILLNESS: Final = frozenset(Metric) - {Metric.VOLUME, Metric.ERROR_RATE}
_OPEN: Final = (
    r"\b(?:now|currently|over time|trend\w*|overall|total|average|mean|median|history|lately|"
    r"recently|at the moment|how (?:is|are|many|much|high|low|fast|slow))\b"
)
_SERVED: Final = frozenset({Dimension.DEPLOYMENT, Dimension.MODEL, Dimension.BACKEND})
_NEXT_QUESTION: Final = re.compile(
    r"[;?!\n]+|[,.]?\s+(?:and|also|then|plus|but)\s+(?:also\s+|then\s+)?"
    r"(?=(?:what|why|which|who|where|how|when|is|are|will|would|can|did|does|do|was|were|"
    r"show|tell|list|compare|forecast)\b)"
)
_GROUPED: Final = r"\b(?:by|per|each|across|which)\b"
_REFERS: Final = re.compile(r"\b(it|that|this|they|them|those|these)\b")
_ONE_QUESTION: Final = frozenset(
    frozenset(pair)
    for pair in (
        (Intent.TREND, Intent.COMPARE),
        (Intent.COST, Intent.TREND),
        (Intent.COST, Intent.COMPARE),
        (Intent.STATUS, Intent.FLEET_HEALTH),
        (Intent.WHY_CHANGED, Intent.ERROR_CAUSES),
        (Intent.FORECAST, Intent.CAPACITY_RISK),
    )
)
"""Pairs of intents that one question can be worded as, so that asking both asks one thing."""


def _unknown_needs() -> Iterator[str]:
    for rule in RULES:
        yield from (n for n in rule.needs if n.removeprefix("not ") not in CONDITIONS)


if unknown := tuple(_unknown_needs()):  # a rule that could never be read would be silent
    raise ValueError(f"rules need what nobody can tell: {unknown}")
