"""A question from its words: times, slots, then the cascade of rules and the local classifier."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from agent.understanding.dialogue import Followed, follow_up
from agent.understanding.guess import Guess
from agent.understanding.outside import UNRELATED, outside
from agent.understanding.question import ZONE, Intent, Method, Question, Slots
from agent.understanding.reading import in_full
from agent.understanding.rules import COMPOUND_CONFIDENCE, asked_at_once, by_rules
from agent.understanding.slicing import paired
from agent.understanding.slots import read_slots
from agent.understanding.times import read_times
from agent.understanding.vocabulary import index
from agent.understanding.wording import named
from graph.names import Names

LONGEST_CHARACTERS: Final = 2_000
"""A question is cut here."""

SURE_ENOUGH: Final = 0.55
"""From this probability on the local classifier is believed.

Chosen, as are the two below, by cross-validation over the phrasings: intents found against
questions refused.
"""
SURE_OF_NOTHING_NAMED: Final = 0.7
"""The same for a text that names nothing: no name, no measure, no time."""
OUTSIDE_LIKELY: Final = 0.2
"""Where lying outside is more probable than this, no intent is believed."""

_NEAREST: Final = 3
_COMING: Final = re.compile(
    r"\bwhat (?:comes|is coming|will come|to expect|should we expect|can we expect)\b|"
    r"\bhow (?:much traffic|many requests)\b.*\b(?:comes?|coming|expect\w*|will)\b",
    re.IGNORECASE,
)
UNLIKELY: Final = 0.5
"""How sure an intent is that the classifier put behind `outside`."""
_CONTROLS: Final = ("Cc", "Cf", "Cs", "Co", "Cn")


class Guesser(Protocol):
    """The local classifier: intents by probability, the likeliest first; None is outside."""

    def guess(self, text: str, *, mask: Sequence[str] = ()) -> tuple[Guess, ...]:
        """What a text may ask; `mask` are parts of it that are names or times."""
        ...


def understand(
    text: str,
    *,
    now: datetime,
    names: Names,
    zone: ZoneInfo = ZONE,
    before: Question | None = None,
    semantics: Guesser | None = None,
    past: bool = False,
) -> Question:
    """What a question asks. Words about time are read against `now` in `zone`.

    `before` is the question before it in the same conversation. Without `semantics`, rules alone
    decide. `past` says that `now` was stated, and is not the clock's.
    """
    words = clean(text)
    times = read_times(words, now=now, zone=zone)
    slots = read_slots(words, names=names, times=times)
    question = Question(
        text=words,
        intent=None,
        slots=slots,
        times=times,
        method=Method.LOGICAL,
        confidence=0.0,
        now=now,
        past=past,
    )
    words = in_full(words, vocabulary=index(names), times=times, users=names.users)
    reason = outside(words, slots=slots, times=times)
    if reason is not None:
        return replace(question, outside=reason, confidence=1.0)
    guess = by_rules(words, slots=slots, times=times)
    if before is not None:
        followed = follow_up(words, slots=slots, times=times, guess=guess, before=before)
        if followed is not None:
            question = _following(question, followed, names=names)
            if question.intent is not None:
                return question
            guess = None
    if guess is not None:
        told = replace(question, intent=guess.intent, confidence=guess.confidence)
        if guess.intent is Intent.CAPACITY_RISK and _COMING.search(words):
            # Who may be overloaded is half of what comes.
            return replace(told, intent=Intent.FORECAST, also=(Intent.CAPACITY_RISK,))
        return told
    return question if semantics is None else _by_semantics(question, words, semantics)


def clean(text: str) -> str:
    """A text of bounded length, without characters that nobody sees."""
    kept = (
        " " if char.isspace() or unicodedata.category(char) in _CONTROLS else char
        for char in text[:LONGEST_CHARACTERS]
    )
    return "".join(kept).strip()


def _following(question: Question, followed: Followed, *, names: Names) -> Question:
    slots = followed.slots
    return replace(
        question,
        intent=followed.intent,
        confidence=followed.confidence,
        slots=replace(slots, where=paired(slots.where, names=names)),
        times=followed.times,
        follows=True,
    )


def _by_semantics(question: Question, words: str, semantics: Guesser) -> Question:
    """The question by the local classifier; it is unsure of a text that asks several things."""
    mask = (*question.times.words, *(name for _, name in named(question.slots)))
    guesses = semantics.guess(words, mask=mask)
    if not guesses:
        return question
    best = guesses[0]
    several = asked_at_once(words, slots=question.slots, times=question.times)
    likely = several or tuple(one.intent for one in guesses if one.intent is not None)
    confidence = min(best.confidence, COMPOUND_CONFIDENCE) if several else best.confidence
    told = replace(question, method=Method.LOCAL, confidence=confidence)
    if best.intent is None and best.confidence >= SURE_ENOUGH:
        if _of_the_fleet(question) and likely:
            # Somebody who names a part of the fleet and a measure asks about it, however it is put.
            return replace(told, intent=likely[0], confidence=UNLIKELY, nearest=likely[1:_NEAREST])
        return replace(told, outside=UNRELATED, nearest=likely[:_NEAREST])
    if not _believed(question, guesses):
        return replace(told, nearest=likely[:_NEAREST])
    others = tuple(one for one in likely if one is not best.intent)[:_NEAREST]
    also = others if best.intent in several else ()
    return replace(told, intent=best.intent, nearest=others, also=also)


def _of_the_fleet(question: Question) -> bool:
    slots = question.slots
    return bool(slots.where.given()) and slots.metric is not None and bool(question.times.words)


def _believed(question: Question, guesses: tuple[Guess, ...]) -> bool:
    """Whether the best guess is sure enough, for what the text names."""
    best = guesses[0]
    names_nothing = question.slots == Slots() and not question.times.words
    needed = SURE_OF_NOTHING_NAMED if names_nothing else SURE_ENOUGH
    elsewhere = max((one.confidence for one in guesses if one.intent is None), default=0.0)
    return best.intent is not None and best.confidence >= needed and elsewhere <= OUTSIDE_LIKELY
