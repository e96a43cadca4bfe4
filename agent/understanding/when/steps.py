"""How long a step of an answer over time is: `by hour`, `per day`, `weekly`, `day by day`."""

from typing import Final

from agent.understanding.when.dates import Unit
from agent.understanding.when.lengths import unit
from agent.understanding.when.lexicon import bag
from agent.understanding.when.reading import Read, Words
from graph.slices import Granularity

_ADVERBS: Final = {
    "hourly": Granularity.HOUR,
    "daily": Granularity.DAY,
    "weekly": Granularity.WEEK,
}
_STEPS: Final = {
    Unit.HOUR: Granularity.HOUR,
    Unit.DAY: Granularity.DAY,
    Unit.WEEK: Granularity.WEEK,
}
_ALLOWED: Final = bag("budget budgets limit limits quota cap allowance allowances")
"""What is daily without that anyone asks for a step of a day."""


def step(words: Words, i: int) -> Read[Granularity] | None:
    """The step that is told at this place."""
    adverb = _ADVERBS.get(words.word(i))
    if adverb is not None:
        return None if words.isin(i + 1, _ALLOWED) else (adverb, i + 1)
    if words.has(i, "by", "date"):
        return Granularity.DAY, i + 2
    if words.isin(i, bag("by per each every")):
        at = words.skip(i + 1, bag("the single"))
        found = _unit(words, at)
        return None if found is None else (found, at + 1)
    found = _unit(words, i)
    if found is not None and words.has(i + 1, "by") and _unit(words, i + 2) is found:
        return found, i + 3
    return None


def _unit(words: Words, i: int) -> Granularity | None:
    found = unit(words, i)
    return None if found is None or words.word(i).endswith("s") else _STEPS.get(found)
