"""What the grammar reads from: the tokens of a question, the calendar, and its tense."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final, TypeVar

from agent.understanding.when.dates import Calendar
from agent.understanding.when.lexicon import MONTHS, NUMBERS, PARTS, UNITS, WEEKDAYS, bag
from agent.understanding.when.tokens import Break, Dash, Opaque, Token, Value

T = TypeVar("T")

Read = tuple[T, int]
"""What was read and the place of the token after it."""

CLOSING: Final = frozenset(WEEKDAYS) | bag(
    "on for in and to until yesterday today tomorrow this last the vs against compared than was "
    "were is are did do does had has have when why what how which who by per at from with of or "
    "but then so if because oclock sharp local until through since before after onwards onward "
    "please utc gmt we it they there that show give tell so between across around through "
    "during morning afternoon evening night"
)
"""Words that may follow a bare number that is a time or a day; before any other it counts."""

AROUND: Final = bag("around about approximately approx circa ca roughly near")
_FUTURE: Final = bag("will gonna forecast predict predicted projected upcoming shall")
_PAST: Final = bag("did was were had have has been got went happened changed since ago")


STARTING: Final = frozenset({*WEEKDAYS, *MONTHS, *UNITS, *NUMBERS, *PARTS}) | bag(
    "a about after against ahead all an and approximately approx around as at before beginning "
    "between by ca circa coming compare compared comparing comparison contrast couple current "
    "daily directly dod dozen during each earlier early end ending eod eom eow eoy ever every "
    "exactly few first following for from half hourly immediately in just last late later latest "
    "leading mid midnight mom near next night noon of on opposed or over overnight past per post "
    "pre precisely previous q qtd quarter recent relative remainder rest right roughly same "
    "several shortly since so soon start starting that the then these this those through "
    "throughout to today tomorrow tonight mtd unlike until up upcoming v versus vs weekly when "
    "while with within wow wtd yesterday yoy ytd than"
)
"""The words that anything about time can begin with; from all others nothing need be tried."""


@dataclass(frozen=True, slots=True)
class Words:
    """The tokens of a question with its calendar; all reading is by place, none changes it.

    `said` are the words among them by place (empty for all else), `source` is the text that they
    are from, and `on` the day of times that tell none, where the question tells one elsewhere.
    `ahead` says that it speaks of what is to come, `past` of what was.
    """

    tokens: tuple[Token, ...]
    said: tuple[str, ...]
    calendar: Calendar
    source: str
    ahead: bool
    past: bool
    on: date | None = None

    @classmethod
    def of(cls, tokens: tuple[Token, ...], *, calendar: Calendar, source: str) -> "Words":
        """What there is to read of a text's tokens."""
        said = tuple(token.word for token in tokens)
        going = any(pair == ("going", "to") for pair in pairwise(said))
        ahead = going or not _FUTURE.isdisjoint(said) or "'ll " in source.lower()
        return cls(tokens, said, calendar, source, ahead=ahead, past=not _PAST.isdisjoint(said))

    def starts(self, i: int) -> bool:
        """Whether anything about time can begin there."""
        value = self.tokens[i].value
        if value is None:
            return self.said[i] in STARTING
        return not isinstance(value, Opaque | Break | Dash)

    def value(self, i: int) -> Value:
        """What the token there stands for; None for words, and outside."""
        return self.tokens[i].value if 0 <= i < len(self.tokens) else None

    def word(self, i: int) -> str:
        """The word there; empty for all else."""
        return self.said[i] if 0 <= i < len(self.said) else ""

    def number(self, i: int) -> float | None:
        """The number there, in digits or in words."""
        value = self.value(i)
        if isinstance(value, float):
            return value
        return NUMBERS.get(self.word(i))

    def whole(self, i: int) -> int | None:
        """The whole number in digits there."""
        value = self.value(i)
        return int(value) if isinstance(value, float) and value.is_integer() else None

    def text(self, i: int) -> str:
        """The token's text, whatever it is."""
        return self.tokens[i].text if 0 <= i < len(self.tokens) else ""

    def raw(self, i: int) -> str:
        """The token as it was written."""
        return self.source[self.tokens[i].start : self.tokens[i].end]

    def glued(self, i: int) -> bool:
        """Whether no space stands before the token."""
        return 0 <= i < len(self.tokens) and self.tokens[i].glued

    def has(self, i: int, *words: str) -> bool:
        """Whether just these words stand there."""
        return self.said[i : i + len(words)] == words if i >= 0 else False

    def isin(self, i: int, words: frozenset[str]) -> bool:
        """Whether one of these words stands there."""
        return self.word(i) in words

    def skip(self, i: int, words: frozenset[str]) -> int:
        """The first place from `i` with another word."""
        said = self.said
        while 0 <= i < len(said) and said[i] in words:
            i += 1
        return i

    def comma(self, i: int) -> int:
        """The place after a comma that may stand there."""
        value = self.value(i)
        return i + 1 if isinstance(value, Break) and value.soft else i

    def dash(self, i: int) -> bool:
        """Whether a dash stands there."""
        return isinstance(self.value(i), Dash)

    def opaque(self, i: int) -> bool:
        """Whether an identifier or the like stands there."""
        return isinstance(self.value(i), Opaque)

    def closes(self, i: int) -> bool:
        """Whether what stands there lets a bare number before it be a time."""
        if i >= len(self.tokens) or isinstance(self.value(i), Break | Dash):
            return True
        return self.word(i) in CLOSING
