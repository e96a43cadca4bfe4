"""What the calls of one question say, so that the words of an answer can be held against it.

Numbers, identifiers, instants and causes come from what the tools gave, from their arguments and
from the figures that were worked out from them. The question's own words may be repeated, but are
evidence of nothing.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from agent.checking import claims
from agent.checking.claims import NumberClaim, Reading, TimeClaim, Unit
from agent.checking.records import Gathered, Number, Record, Text, about, event_kind, walk
from agent.results import Call
from agent.understanding.question import Moment, Question
from graph.causes.investigation import Cause, Investigation, Verdict
from graph.costs import CostAnomaly
from graph.names import Names
from graph.slices import STEP, Demand, EntityRef, Granularity, Metric, Period, Slice

WORDS: Final = "words"
"""The name of numbers that stand in words, where no field holds them."""
CITED_AT_MOST: Final = 20
_TOKEN: Final = re.compile(r"[^\W_](?:[\w@./:+-]*[^\W_])?")
_EVENT_KINDS: Final = ("change", "incident", "maintenance", "policy_version", "experiment")
_WHERE: Final = ("tenant", "user", "task_type", "tier", "model", "backend", "incident", "change")
_BY_ID: Final = {"request": "request", "experiment": "experiment"}
_PLURALS: Final = {
    "deployments": "deployment",
    "models": "model",
    "backends": "backend",
    "task_types": "task_type",
    "tiers": "tier",
    "tenants": "tenant",
    "policies": "policy",
    "policy_versions": "policy_version",
    "experiments": "experiment",
    "arms": "arm",
    "slos": "slo",
    "evaluators": "evaluator",
}
_SLOTS: Final = {
    "request": "request",
    "incident": "incident",
    "change": "change",
    "experiment": "experiment",
    "arm": "arm",
    "policy_version": "policy_version",
    "slo": "slo",
    "user": "user",
}
_ROUNDING: Final = 1e-9
_TITLE_AT_LEAST: Final = 4


@dataclass(frozen=True, slots=True)
class Mention:
    """A name of the fleet in a text, and the kinds of what it may name."""

    start: int
    end: int
    name: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Blame:
    """An event that a tool holds responsible: for what, where, and by which metric."""

    name: str
    title: str
    rivals: frozenset[str]
    metric: Metric | Demand | None
    reach: frozenset[str]
    """Every name in the investigation that blames it."""


@dataclass(slots=True)
class Evidence:
    """Everything that may be said."""

    gathered: Gathered
    known: dict[str, set[str]]
    """Names in lower case, those of the fleet and of results, and the kinds of what they name."""
    blamed: list[Blame]
    acquitted: bool
    """Whether something was investigated, and no event was found to be its cause."""
    question: Question
    told: frozenset[str]
    """The question's words, in lower case."""
    _odd: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    _by_unit: dict[Unit, tuple[list[float], list[Number]]] = field(
        default_factory=dict[Unit, tuple[list[float], list[Number]]]
    )
    _keys: dict[tuple[str | int, ...], list[Record]] | None = None
    _local: dict[tuple[str | int, ...], list[Record]] | None = None

    @classmethod
    def of(
        cls,
        calls: Sequence[Call],
        *,
        figures: Mapping[str, Any],
        question: Question,
        names: Names | None,
    ) -> "Evidence":
        """What the calls and figures say, for an answer to the question."""
        found = Gathered()
        blamed: list[Blame] = []
        known: dict[str, set[str]] = {}
        acquitted = False
        for call in calls:
            root = _call(call, found)
            if isinstance(call.result, Names):
                _learn(call.result, known)
            acquitted = acquitted or _acquitted(call.result)
            blamed += _blames(call.result, root)
        _worked_out(figures, found)
        _question(question, found)
        if names is not None:
            _learn(names, known)
        for ref in found.refs:
            known.setdefault(ref.id.lower(), set()).add(ref.kind)
            if ref.kind == "arm" and "/" in ref.id:
                known.setdefault(ref.id.rpartition("/")[2].lower(), set()).add("arm")
        _read(found, names, now=question.now)
        odd = [(name, name) for name in known if not _TOKEN.fullmatch(name)]
        told = frozenset(match[0].lower() for match in _TOKEN.finditer(question.text))
        return cls(found, known, blamed, acquitted, question, told, odd)

    def refs(self) -> frozenset[EntityRef]:
        """Every identifier that the results name, with its kind."""
        return frozenset(self.gathered.refs)

    def mentions(self, text: str) -> list[Mention]:
        """The known names in a text, the longest first where several begin at one place."""
        found: list[Mention] = []
        for match in _TOKEN.finditer(text):
            for start, word in _parts(match):
                kinds = self.known.get(word.lower())
                if kinds and not word.isdigit():
                    found.append(Mention(start, start + len(word), word.lower(), frozenset(kinds)))
                    break
        low = text.lower()
        for name, _ in self._odd:
            at = low.find(name)
            if at >= 0:
                kinds = frozenset(self.known[name])
                found.append(Mention(at, at + len(name), name, kinds))
        return sorted(found, key=lambda one: (one.start, -one.end))

    def citations(self, text: str) -> tuple[EntityRef, ...]:
        """What the text names of the results: causes and incidents first, at most 20."""
        refs: dict[str, list[EntityRef]] = {}
        for ref in self.gathered.refs:
            refs.setdefault(ref.id.lower(), []).append(ref)
        found: dict[EntityRef, None] = {}
        end = 0
        for mention in self.mentions(text):
            if mention.start >= end:
                found.update(dict.fromkeys(refs.get(mention.name, ())))
                end = mention.end
        causes = {blame.name.lower() for blame in self.blamed}
        ranked = sorted(
            found,
            key=lambda ref: 0 if ref.id.lower() in causes else 1 if ref.kind == "incident" else 2,
        )
        return tuple(ranked[:CITED_AT_MOST])

    def matching(self, claim: NumberClaim) -> Iterator[Number]:
        """The numbers that a claim may be, whosoever they are, by any of its readings."""
        for reading in claim.readings:
            for unit in _TAKEN[reading.unit]:
                yield from self._near(unit, reading, claim)

    def _near(self, unit: Unit, reading: Reading, claim: NumberClaim) -> Iterator[Number]:
        loose = unit is Unit.ANY
        values, numbers = self._sorted(unit if reading.unit is not Unit.ANY else Unit.ANY)
        slack = reading.slack + _ROUNDING * max(1.0, abs(reading.value))
        sizes = [abs(reading.value)]
        if loose and reading.unit is Unit.SHARE:
            sizes.append(100 * sizes[0])
        for place, size in enumerate(sizes):
            near = slack * (100 if place else 1)
            for at in range(bisect_left(values, size - near), len(values)):
                if values[at] > size + near:
                    break
                one = numbers[at]
                if loose and reading.unit is not Unit.ANY and one.unit is not Unit.ANY:
                    continue
                wrong = claim.signed and one.value and (one.value < 0) != (reading.value < 0)
                if not wrong and _counts(claim, one):
                    yield one

    def _sorted(self, unit: Unit) -> tuple[list[float], list[Number]]:
        """The numbers of a unit by size; of any unit, by how they stand in their field."""
        if unit not in self._by_unit:
            loose = unit is Unit.ANY
            every = self.gathered.numbers
            numbers = every if loose else [one for one in every if one.unit is unit]
            numbers = sorted(numbers, key=lambda one: abs(one.raw if loose else one.value))
            self._by_unit[unit] = (
                [abs(one.raw if loose else one.value) for one in numbers],
                numbers,
            )
        return self._by_unit[unit]

    def lengths(self, reading: Reading) -> Iterator[Record]:
        """Whose periods last so long."""
        slack = reading.slack + 1.0
        lasting = ((period.end - period.start, of) for period, of in self.gathered.periods)
        for size, record in (*lasting, *self.gathered.spans):
            if abs(size / timedelta(milliseconds=1) - reading.value) <= slack:
                yield record
        now = self.question.now
        for at, record in self.gathered.instants:
            if abs(abs(now - at) / timedelta(milliseconds=1) - reading.value) <= slack:
                yield record

    def timed(self, claim: TimeClaim) -> Iterator[Record]:
        """Whose time a claim may be."""
        if claim.at is not None:
            for at, record in self.gathered.instants:
                if abs(at - claim.at) <= claim.margin:
                    yield record
            return
        if self._keys is None:
            self._keys = self._index(UTC)
        yield from self._keys.get(claim.key, ())
        if not claim.utc:
            if self._local is None:
                zone = self.question.times.zone
                self._local = {} if zone.key == "UTC" else self._index(zone)
            yield from self._local.get(claim.key, ())
        if claim.key[0] == "day":
            day = datetime(*(int(part) for part in claim.key[1:4]), tzinfo=UTC)
            for period, record in self.gathered.periods:
                if period.start < day + timedelta(days=1) and day < period.end:
                    yield record

    def _index(self, zone: Any) -> dict[tuple[str | int, ...], list[Record]]:
        found: dict[tuple[str | int, ...], list[Record]] = {}
        together: dict[datetime, dict[Record, None]] = {}
        for at, record in self.gathered.instants:
            together.setdefault(at, {})[record] = None
        for at, records in together.items():
            for key in claims.keys(at.astimezone(zone)):
                found.setdefault(key, []).extend(records)
        return found


_TAKEN: Final = {
    Unit.ANY: (Unit.ANY,),
    Unit.SHARE: (Unit.SHARE, Unit.ANY),
    Unit.TIME: (Unit.TIME, Unit.ANY),
    Unit.USD: (Unit.USD, Unit.ANY),
    Unit.COUNT: (Unit.COUNT, Unit.ANY),
    Unit.PLAIN: (Unit.PLAIN, Unit.COUNT, Unit.SHARE, Unit.ANY),
}
"""The units of evidence that a unit in a text may stand for."""


def _counts(claim: NumberClaim, one: Number) -> bool:
    """Whether what is counted fits."""
    if not claim.nouns:
        return True
    if one.unit not in {Unit.COUNT, Unit.PLAIN, Unit.ANY}:
        return False
    return one.nouns is None or bool(one.nouns & claim.nouns)


def _parts(match: re.Match[str]) -> Iterator[tuple[int, str]]:
    """A word as it stands, then without an owner's 's, then what stands between its marks."""
    word, start = match[0], match.start()
    yield start, word
    for mark in ("/", ":", "."):
        if mark in word:
            at = start
            for part in word.split(mark):
                if part:
                    yield at, part
                at += len(part) + 1


def _call(call: Call, found: Gathered) -> Record:
    """What a call says by its arguments and its result; whom all of it is about."""
    given = call.arguments
    root = Record(metric=_measured(call))
    refs: dict[str, frozenset[str]] = {}
    where = given.get("where")
    if isinstance(where, Slice):
        refs.update(where.given())
    for name in _WHERE:
        one = given.get(name)
        if one is not None:
            refs[name] = frozenset({one}) if isinstance(one, str) else frozenset(one)
    if call.tool in _BY_ID and "id" in given:
        refs[_BY_ID[call.tool]] = frozenset({str(given["id"])})
    about(root, refs, found)
    for name, one in given.items():
        if name != "where" and name not in refs:
            walk(one, root, found, name=_ARGUMENTS.get(name, name))
    first = len(found.instants)
    starts = [one.start for one in given.values() if isinstance(one, Period)]
    found.distances(starts, root)
    walk(call.result, root, found, name=call.tool)
    step = _step(call)
    if step is not None:
        found.spans.append((step, root))
        found.instants += [(at + step, record) for at, record in found.instants[first:]]
    return root


_ARGUMENTS: Final = {"from_": "at", "without": "without"}


def _worked_out(figures: Mapping[str, Any], found: Gathered) -> None:
    """Take figures; where a figure's name tells no unit, it may have any."""
    first = len(found.numbers)
    walk(figures, Record(), found, name="")
    found.numbers[first:] = [
        replace(one, unit=Unit.ANY, nouns=None) if one.unit in {Unit.COUNT, Unit.PLAIN} else one
        for one in found.numbers[first:]
    ]


def _step(call: Call) -> timedelta | None:
    """How long a step of an answer over time is."""
    granularity = call.arguments.get("granularity")
    if isinstance(granularity, Granularity):
        return STEP[granularity]
    if call.tool == "forecast":
        horizon = call.arguments.get("horizon_minutes", 60)
        return timedelta(minutes=call.arguments.get("step_minutes") or min(60, horizon))
    return None


def _measured(call: Call) -> Metric | Demand | None:
    if call.tool == "forecast":
        return call.arguments.get("of", Demand.REQUESTS)
    if call.tool == "cost_anomalies":
        return Metric.COST
    return Metric.QUALITY if call.tool == "savings" else call.arguments.get("metric")


def _listed(result: Any) -> list[Any]:
    return cast("list[Any]", result) if isinstance(result, list) else [result]


def _acquitted(result: Any) -> bool:
    if isinstance(result, Investigation):
        return not result.causes
    return any(isinstance(one, CostAnomaly) and not one.causes for one in _listed(result))


def _blames(result: Any, root: Record) -> list[Blame]:
    found: list[Blame] = []
    for one in _listed(result):
        if isinstance(one, Investigation) and one.verdict is not Verdict.NO_CHANGE:
            found += [_blame(cause, one.metric, one, root) for cause in one.causes]
        elif isinstance(one, CostAnomaly):
            found += [_blame(cause, Metric.COST, one, root) for cause in one.causes]
    return found


def _blame(cause: Cause, metric: Metric, found: Any, root: Record) -> Blame:
    inside = Gathered()
    walk(found, Record(), inside, name="")
    reach = {ref.id.lower() for ref in inside.refs}
    reach |= {one for ids in root.ids.values() for one in ids}
    for text in inside.texts:
        if text.ours:
            reach |= {match[0].lower() for match in _TOKEN.finditer(text.words)}
    rivals = frozenset(one.lower() for one in cause.indistinguishable_from)
    return Blame(cause.id.lower(), cause.title, rivals, metric, frozenset(reach))


def _learn(names: Names, known: dict[str, set[str]]) -> None:
    for one in fields(names):
        kind = _PLURALS.get(one.name)
        for name in getattr(names, one.name) if kind else ():
            known.setdefault(name.lower(), set()).add(kind or "")
            if kind == "arm":
                known.setdefault(name.rpartition("/")[2].lower(), set()).add(kind)
    for happening in (*names.incidents, *names.changes):
        known.setdefault(happening.id.lower(), set()).add(event_kind(happening))


def _question(question: Question, found: Gathered) -> None:
    """The times and names that the question was read to have."""
    record = Record()
    found.instants.append((question.now, record))
    for when in (question.times.during, question.times.compared_to):
        if isinstance(when, Period):
            walk(when, record, found, name="during")
        elif isinstance(when, Moment):
            found.instants.append((when.at, record))
    if question.times.ahead is not None:
        until = question.now + question.times.ahead
        found.instants.append((until, record))
        if until > question.now:
            found.periods.append((Period(question.now, until), record))
    for kind, ids in question.slots.where.given().items():
        for name in ids:
            found.ref(kind, name)
    for name, kind in _SLOTS.items():
        told = getattr(question.slots, name)
        if told is not None:
            found.ref(kind, told)


def _read(found: Gathered, names: Names | None, *, now: datetime) -> None:
    """Take the numbers and times of Routecause's own words, without what others wrote in them."""
    foreign = {text.words for text in found.texts if not text.ours}
    if names is not None:
        foreign |= {one.title for one in (*names.incidents, *names.changes)}
    foreign = sorted((one for one in foreign if len(one) >= _TITLE_AT_LEAST), key=len, reverse=True)
    for period, record in tuple(found.periods):
        found.instants += [(period.start, record), (period.end, record)]
    ids = {ref.id for ref in found.refs if any(letter.isdigit() for letter in ref.id)}
    for text in found.texts:
        if text.ours and any(letter.isdigit() for letter in text.words):
            _numbers_of(text, found, foreign, ids, now)
    for word in found.words:
        if word.isdigit():
            found.numbers.append(Number(float(word), Unit.COUNT, float(word), Record(), "label"))


def _numbers_of(
    text: Text, found: Gathered, foreign: Sequence[str], ids: set[str], now: datetime
) -> None:
    words = text.words
    for title in foreign:
        words = words.replace(title, " ")
    for match in _TOKEN.finditer(words):
        if match[0] in ids:
            words = words.replace(match[0], " " * len(match[0]))
    for claim in claims.times(words, now=now):
        key = claim.key
        if key and key[0] in {"instant", "clock"}:
            day = (2024, 1, 2) if key[0] == "clock" else key[1:4]
            clock = (*key[1 if key[0] == "clock" else 4 :], 0)
            parts = [int(part) for part in (*day, *clock[:3])]
            found.instants.append((datetime(*parts[:6], tzinfo=UTC), text.record))  # pyright: ignore[reportArgumentType]  # six numbers
        words = words[: claim.start] + " " * (claim.end - claim.start) + words[claim.end :]
    for claim in claims.numbers(words):
        reading = claim.readings[0]
        unit, value = reading.unit, reading.value
        if unit is Unit.ANY:
            unit = (
                Unit.COUNT if value.is_integer() else Unit.SHARE if abs(value) < 1 else Unit.PLAIN
            )
        found.numbers.append(Number(value, unit, claim.shown, text.record, WORDS))
