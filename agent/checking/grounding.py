"""Whether a text says only what the tools' results say: sentence by sentence, and why not. Pure.

Each number must be one of a result, in its unit and rounded as it is written, and of those whom
the sentence names; each identifier and each time must be known; and a cause must be one that an
investigation blames. What others wrote (a title, a comment) may be quoted, and says nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Final

from agent.checking import claims
from agent.checking.blame import misblamed
from agent.checking.claims import NumberClaim, Reading, Unit
from agent.checking.directions import exchanged, misdirected
from agent.checking.evidence import Evidence, Mention
from agent.checking.records import Number, Record
from agent.checking.states import misstated
from agent.results import Call
from agent.toolbox import TOOL_NAMES
from agent.understanding.english import ordinary
from agent.understanding.question import Question
from graph.names import Names

_FOREIGN_AT_LEAST: Final = 4
_OURS_AT_LEAST: Final = 12
_WEAK: Final = frozenset({"task_type", "tier", "arm", "policy", "experiment", "user", "evaluator"})
_PART_OF: Final = frozenset({"model", "backend"})
_EVENT_KINDS: Final = frozenset(
    {"incident", "change", "maintenance", "policy_version", "experiment", "request"}
)
_WORD: Final = re.compile(r"[^\W_](?:[\w@./:+-]*[^\W_])?")
_TICKED: Final = re.compile(r"`([^`\s]+)`")
_CALLED: Final = re.compile(
    r"\b(?:tenant|user|model|backend) [\"']?([A-Za-z][\w.-]+\w)\b(?!')", re.IGNORECASE
)
_SPLIT: Final = re.compile(r"[-_/@.:+]")
_WORDS_WITH_DIGITS: Final = re.compile(
    r"\d+(?:[a-z%]{1,3})?|p\d\d?\d?|[a-z]|sev\d|q[1-4]|http|utf|iso|sha|top|mid|pre|post|sub|non|"
    r"under|over|half|about|up|long|old|based|only|level|way|step|point|points|hour|hours|day|days|"
    r"minute|minutes|min|week|weeks|month|months|second|seconds|year|percent|percentage|fold|ms|"
    r"request|requests|token|tokens|score|scores|sample|times|ttft|latency|rate|error|errors|"
    r"median|mean|quality|per|and|or|to|vs|rolling|wide|plus|th|st|nd|rd",
    re.IGNORECASE,
)
_PRONOUN: Final = re.compile(
    r"\s*(?:it|its|this|that|they|their|these|those|both|there|which|the former|the latter)\b",
    re.IGNORECASE,
)
_ASKED: Final = re.compile(
    r"\b(?:you|your|asked|question|can't tell|cannot tell|no|not|unknown|there is no)\b",
    re.IGNORECASE,
)
_REFUSAL: Final = re.compile(r"\s*I can't tell\b[^:]*:", re.IGNORECASE)
_QUOTES: Final = frozenset("\"'`*\u201c\u201d\u2018\u2019\u00ab\u00bb")


@dataclass(frozen=True, slots=True)
class Problem:
    """A sentence that the results do not hold: what of it, and why.

    `present` says that they have what it says, but not so: of another thing, or the other way
    round.
    """

    sentence: str
    what: str
    why: str
    present: bool = field(default=False, compare=False)


@dataclass(slots=True)
class _Named:
    """Whom a sentence is about."""

    every: set[str] = field(default_factory=set[str])
    kinds: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    strong: bool = False
    _fitting: dict[Record, bool] = field(default_factory=dict[Record, bool])

    def fits(self, record: Record) -> bool:
        """Whether what a record says may be said in the sentence."""
        if not record.ids or not self.every:
            return True
        owner = record.owner
        if owner not in self._fitting:
            self._fitting[owner] = self._fits(owner)
        return self._fitting[owner]

    def add(self, name: str) -> None:
        """Take a name that nobody knows."""
        self.every.add(name)
        self.strong = True
        self._fitting.clear()

    def _fits(self, record: Record) -> bool:
        ids = record.ids
        deployments = ids.get("deployment", frozenset[str]())
        placed = not deployments.isdisjoint(self.kinds.get("deployment", ()))
        for kind, named in self.kinds.items():
            own = ids.get(kind)
            if own and not own & named and not (placed and kind in _PART_OF):
                return False
        if not self.strong or any(own & self.every for own in ids.values()):
            return True
        return not self.every.isdisjoint(record.within)


@dataclass(slots=True)
class _Span:
    start: int
    end: int
    owner: Record | None
    owners: frozenset[str]
    ours: bool


@dataclass(slots=True)
class _Check:
    """One text's check."""

    evidence: Evidence
    names: Names | None
    tools: frozenset[str]
    problems: list[Problem] = field(default_factory=list[Problem])
    quotable: list[tuple[str, Record | None, frozenset[str], bool]] = field(
        default_factory=list[tuple[str, Record | None, frozenset[str], bool]]
    )

    def __post_init__(self) -> None:
        """Gather what may be quoted, the longest first."""
        for text in self.evidence.gathered.texts:
            least = _OURS_AT_LEAST if text.ours else _FOREIGN_AT_LEAST
            words = text.words.strip().rstrip(".")
            if len(words) >= least and any(letter.isalpha() for letter in words):
                ids = text.record.ids.items()
                owners = {one for kind, own in ids if kind in _EVENT_KINDS for one in own}
                self.quotable.append((words, text.record, frozenset(owners), text.ours))
        happened = () if self.names is None else (*self.names.incidents, *self.names.changes)
        for one in happened:
            if len(one.title) >= _FOREIGN_AT_LEAST:
                owners = frozenset({one.id.lower()})
                self.quotable.append((one.title.rstrip("."), None, owners, False))
        self.quotable.sort(key=lambda one: -len(one[0]))

    def line(self, line: str, above: _Named | None, before: str) -> _Named:
        """Check a line; give whom it is about, for the lines that hang on it."""
        spans = self._quoted(line)
        whole = [(span.start, span.end) for span in spans]
        total, last = _Named(), above
        for start, end in claims.sentences(line, whole=whole):
            inside = [span for span in spans if start <= span.start < end]
            context = last if _PRONOUN.match(line, start) else above
            last = self._sentence(line[start:end], start, inside, context, before)
            before = f"{before} {line[start:end]}"
            total.every |= last.every
            total.strong = total.strong or last.strong
            for kind, names in last.kinds.items():
                total.kinds.setdefault(kind, set()).update(names)
        return total

    def _quoted(self, line: str) -> list[_Span]:
        found: list[_Span] = []
        for words, owner, owners, ours in self.quotable:
            at = line.find(words)
            while at >= 0:
                end = at + len(words)
                bounded = not (line[at - 1 : at].isalnum() or line[end : end + 1].isalnum())
                if bounded and not any(one.start < end and at < one.end for one in found):
                    found.append(_Span(at, end, owner, owners, ours))
                at = line.find(words, end)
        return found

    def _sentence(
        self, raw: str, offset: int, spans: Sequence[_Span], above: _Named | None, before: str
    ) -> _Named:
        text = raw
        foreign = [span for span in spans if not span.ours]
        if foreign:
            outside = raw
            for span in foreign:
                outside = _cover(outside, span.start - offset, span.end - offset)
            quotes = {one.name for one in self.evidence.mentions(outside)}
            for span in foreign:
                if _may_quote(span, raw, offset, quotes):
                    text = _cover(text, span.start - offset, span.end - offset)
        mentions = self.evidence.mentions(text)
        named = _named(mentions, self.evidence)
        scope = named if above is None else _joined(above, named)
        for span in spans:
            if span.ours and (span.owner is None or scope.fits(span.owner)):
                text = _cover(text, span.start - offset, span.end - offset)
        self._claims(raw, text, mentions, scope, before)
        return scope

    def _claims(
        self, raw: str, text: str, mentions: Sequence[Mention], scope: _Named, before: str
    ) -> None:
        sentence = raw.strip()
        told = text
        for one in mentions:
            told = _cover(told, one.start, one.end)
        times = claims.times(told, now=self.evidence.question.now)
        for time in times:
            told = _cover(told, time.start, time.end)
        told = self._identifiers(sentence, text, told, mentions, scope)
        for time in times:
            records = list(self.evidence.timed(time))
            if not any(map(scope.fits, records)):
                why = "no result gives this time for it"
                self._blame(sentence, time.words, why, present=bool(records))

        @cache
        def found(claim: NumberClaim) -> tuple[Number, ...]:
            return tuple(one for one in self.evidence.matching(claim) if scope.fits(one.record))

        numbers = sorted(claims.numbers(told), key=lambda one: one.start)
        for claim in numbers:
            if not found(claim) and not self._lasts(claim, scope):
                self._unfounded(sentence, raw, claim)
        for claim, name in exchanged(told, numbers, mentions, found):
            self._blame(sentence, claim.words, f"it is not that of {name}", present=True)
        for wrong in (
            misdirected(told, numbers, found, changes=partial(self._changes, scope)),
            misstated(text, mentions, self.evidence),
        ):
            if wrong:
                self._blame(sentence, sentence, wrong, present=True)
        wrong = misblamed(text, mentions, self.evidence, raw=raw, before=before, tools=self.tools)
        if wrong:
            self._blame(sentence, sentence, wrong, present=True)

    def _changes(self, scope: _Named) -> list[tuple[float, float]]:
        """What was before and after, of those that a sentence is about."""
        return [
            (one.raw, one.record.values["after"])
            for one in self.evidence.gathered.numbers
            if one.name == "before" and "after" in one.record.values and scope.fits(one.record)
        ]

    def _lasts(self, claim: NumberClaim, scope: _Named) -> bool:
        return any(
            scope.fits(record)
            for reading in claim.readings
            if reading.unit is Unit.TIME
            for record in self.evidence.lengths(reading)
        )

    def _unfounded(self, sentence: str, raw: str, claim: NumberClaim) -> None:
        reading = claim.readings[0] if claim.readings else Reading(Unit.USD, 0.0, 0.0)
        asked = {word.rstrip("%") for word in self.evidence.told}
        digits = re.sub(r"[^\d.]", "", claim.words)
        if digits in asked and _ASKED.search(raw):
            return
        if _REFUSAL.match(raw) and reading.unit in {Unit.ANY, Unit.TIME}:
            return
        elsewhere = any(True for _ in self.evidence.matching(claim))
        why = "it belongs to another" if elsewhere else "no result gives this number"
        self._blame(sentence, claim.words, why, present=elsewhere)

    def _identifiers(
        self, sentence: str, text: str, told: str, mentions: Sequence[Mention], scope: _Named
    ) -> str:
        """Check what looks like an identifier in `told`, where names and times are blanked already.

        Gives it without the identifiers.
        """
        evidence, left = self.evidence, told
        for match in (*_TICKED.finditer(text), *_WORD.finditer(told)):
            word = match[1] if match.re is _TICKED else match[0]
            low = word.lower()
            ticked = match.re is _TICKED and not any(
                one.start <= match.start(1) < one.end for one in mentions
            )
            if low in evidence.told:
                if _is_identifier(word):
                    scope.add(low)
                    left = _cover(left, match.start(), match.end())
            elif _is_version(word) or (ticked and not self._word(word)) or _is_identifier(word):
                if not self._labelled(low):
                    self._blame(sentence, word, "no result names it")
                left = _cover(left, match.start(), match.end())
        for match in _CALLED.finditer(left):
            low = match[1].lower()
            if low not in evidence.told and not ordinary(low) and not self._labelled(low):
                self._blame(sentence, match[1], "no result names it")
        return left

    def _word(self, word: str) -> bool:
        """Whether a word in backticks is one of the tools' or of the results'."""
        if word in TOOL_NAMES or re.fullmatch(r"[A-Z_]+|[-+]?[$\d.,%]+(?:ms|s)?", word):
            return True
        return any(word in one.record.values for one in self.evidence.gathered.numbers)

    def _labelled(self, low: str) -> bool:
        labels = self.evidence.gathered.words
        if any(low == one.lower() for one in labels):
            return True
        pattern = re.compile(rf"(?<![\w@-]){re.escape(low)}(?![\w@-])", re.IGNORECASE)
        return any(
            text.ours and pattern.search(text.words) for text in self.evidence.gathered.texts
        )

    def _blame(self, sentence: str, what: str, why: str, *, present: bool = False) -> None:
        problem = Problem(sentence, what, why, present=present)
        if problem not in self.problems:
            self.problems.append(problem)


def ungrounded(
    text: str,
    *,
    calls: Sequence[Call],
    figures: Mapping[str, Any],
    question: Question,
    names: Names | None = None,
) -> list[Problem]:
    """The sentences of a text that the calls' results do not hold, with the reason."""
    evidence = Evidence.of(calls, figures=figures, question=question, names=names)
    check = _Check(evidence, names, frozenset(call.tool for call in calls))
    stack: list[tuple[int, _Named]] = []
    before = ""
    for line in text.splitlines():
        if not line.strip():
            stack, before = [], ""
            continue
        depth = _depth(line)
        while stack and stack[-1][0] >= depth:
            stack.pop()
        above = stack[-1][1] if stack else None
        stack.append((depth, check.line(line, above, before)))
        before = f"{before} {line}"
    return check.problems


def without_problems(text: str, problems: Sequence[Problem]) -> str:
    """The text without the sentences that are not held, and what only hung on them."""
    wrong = {problem.sentence for problem in problems}
    kept: list[tuple[str, bool]] = []
    dropped_at: int | None = None
    for line in text.splitlines():
        depth = _depth(line)
        if not line.strip():
            dropped_at = None
            kept.append((line, False))
            continue
        if dropped_at is not None and depth > dropped_at:
            continue
        dropped_at = None
        left = _left(line, wrong)
        same = left == line or left.strip(" -*•+\t|.")
        if same and not re.fullmatch(r"\s*\d{1,3}[.)]", left):
            kept.append((left, left != line))
        else:
            dropped_at = depth
            kept.append(("", True))
    return "\n".join(_without_bare_headings(kept)).strip("\n")


def _left(line: str, wrong: set[str]) -> str:
    """A line without what is wrong in it, and without `It …` where that hung on it."""
    if not any(sentence in line for sentence in wrong):
        return line
    if line.strip() in wrong:
        return ""
    left, gone = line, False
    for sentence in sorted(wrong, key=len, reverse=True):
        left = left.replace(sentence, "\x00")
    parts: list[str] = []
    for place, part in enumerate(left.split("\x00")):
        keeps = [part[start:end] for start, end in claims.sentences(part)]
        while place and keeps and _PRONOUN.match(keeps[0]):
            keeps, gone = keeps[1:], True
        parts.append("".join(keeps) if gone else part)
        gone = False
    indent = line[: len(line) - len(line.lstrip())]
    return indent + re.sub(r"(?<=\S)[ ]{2,}", " ", "".join(parts)).strip()


def _without_bare_headings(lines: Sequence[tuple[str, bool]]) -> list[str]:
    """The lines without those that were emptied, and without headings that now head nothing."""
    kept: list[str] = []
    for place, (line, changed) in enumerate(lines):
        if changed and not line.strip():
            continue
        if line.rstrip().endswith(":") and place + 1 < len(lines):
            following = lines[place + 1 :]
            lost = False
            for below, gone in following:
                if below.strip() or not gone:
                    break
                lost = True
            heads = next((one for one, gone in following if one.strip() or not gone), "")
            if lost and _depth(heads) <= _depth(line):
                continue
        kept.append(line)
    return kept


def _depth(line: str) -> int:
    """How far a line is set in; a list's points hang on the line before them."""
    return len(line) - len(line.lstrip()) or int(bool(re.match(r"[-*\u2022+]\s", line)))


def _cover(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def _may_quote(span: _Span, raw: str, offset: int, named: set[str]) -> bool:
    """Others' words may stand in quotes, or beside the identifier of what they are about."""
    start, end = span.start - offset, span.end - offset
    quoted = raw[start - 1 : start] in _QUOTES and bool(raw[start - 1 : start])
    return (quoted and raw[end : end + 1] in {*_QUOTES, ".", ","}) or bool(span.owners & named)


def _named(mentions: Sequence[Mention], evidence: Evidence) -> _Named:
    found = _Named()
    end = 0
    for one in mentions:
        if one.start < end:
            continue
        end = one.end
        found.every.add(one.name)
        if len(one.kinds) == 1:
            found.kinds.setdefault(next(iter(one.kinds)), set()).add(one.name)
        if not (one.kinds <= _WEAK and one.name.isalpha()):
            found.strong = True
    return found


def _joined(above: _Named, named: _Named) -> _Named:
    """Whom a sentence is about that hangs on another: its own names go before the other's."""
    return _Named(
        above.every | named.every, {**above.kinds, **named.kinds}, above.strong or named.strong
    )


def _is_version(word: str) -> bool:
    return bool(re.fullmatch(r"v?\d+(?:\.\d+){2,}|v\d+(?:\.\d+)?", word, re.IGNORECASE))


def _is_identifier(word: str) -> bool:
    """Whether a word has the shape of an identifier: an @, or digits beside letters and marks."""
    if "@" in word:
        return True
    if not any(mark in word for mark in "-_/") or not any(letter.isdigit() for letter in word):
        return False
    return not all(_WORDS_WITH_DIGITS.fullmatch(part) for part in _SPLIT.split(word) if part)
