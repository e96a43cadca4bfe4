"""What results say, record by record: numbers with units, identifiers with kinds, instants, texts.

A record is one object of a result. It knows whom it is about (its own identifiers and those of
what encloses it) and what stands within it, so that a figure of one deployment is never taken for
another's. Texts are told apart by who wrote them: Routecause's own hold figures; titles, comments
and the like were written by others and hold none.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, Final, cast

from agent.checking.claims import Unit
from graph.causes.investigation import Cause
from graph.evidence import Incident
from graph.health import HealthStatus
from graph.hot.routing.ranking import RoutingView
from graph.slices import Demand, EntityRef, Metric, Period, Slice

OURS: Final = frozenset(
    {
        "summary",
        "reasons",
        "evidence",
        "evidence_against",
        "verdict",
        "warning",
        "warnings",
        "baseline",
        "method",
        "notes",
        "because",
        "refused",
        "breaker_reason",
        "steps",
    }
)
"""Fields whose words Routecause itself makes."""
OPEN: Final = "open"
RESOLVED: Final = "resolved"
_ROUTERS: Final = frozenset({"reasons", "method"})
"""Fields of a request's decision that its router wrote."""
_IDS: Final = {
    "deployment": "deployment",
    "model": "model",
    "backend": "backend",
    "tenant": "tenant",
    "tier": "tier",
    "user": "user",
    "task_type": "task_type",
    "policy": "policy",
    "experiment": "experiment",
    "arm": "arm",
    "evaluator": "evaluator",
    "investigation": "investigation",
    "request": "request",
    "incident": "incident",
    "change": "change",
}
"""Fields that say whom a record is about, and the kind of what they name."""
_NAMED: Final = {
    "affected_deployments": "deployment",
    "reached": "deployment",
    "twins": "deployment",
    "winner": "arm",
    "without": "backend",
    "route": "deployment",
    "indistinguishable_from": "change",
}
"""Fields that name things which a record is not itself about."""
_ABOUT: Final = frozenset({"where", "key"})
_KINDS: Final = {
    "Incident": "incident",
    "Maintenance": "maintenance",
    "Request": "request",
    "Experiment": "experiment",
    "Rollout": "change",
    "SloStatus": "slo",
    "Budget": "budget",
    "Investigation": "investigation",
}
_EVENTS: Final = {
    "incident": "incident",
    "maintenance": "maintenance",
    "experiment": "experiment",
    "policy": "policy_version",
    "policy_version": "policy_version",
}
UNITS: Final = {
    Metric.QUALITY: Unit.SHARE,
    Metric.LATENCY_MEAN: Unit.TIME,
    Metric.LATENCY_P50: Unit.TIME,
    Metric.LATENCY_P95: Unit.TIME,
    Metric.TTFT_P95: Unit.TIME,
    Metric.ERROR_RATE: Unit.SHARE,
    Metric.COST_PER_REQUEST: Unit.USD,
    Metric.COST: Unit.USD,
    Metric.VOLUME: Unit.COUNT,
    Demand.REQUESTS: Unit.COUNT,
    Demand.TOKENS: Unit.COUNT,
    Demand.COST: Unit.USD,
}
_BY_METRIC: Final = re.compile(
    r"(?:twins_)?(?:(?:before|after)(?:_low|_high)?|value|low|high|low80|high80|low95|high95|delta|delta_low|"
    r"delta_high|observed|estimate|counterfactual|effect|mix_effect|within_effect|expected|"
    r"threshold)"
)
_SHARES: Final = re.compile(
    r"share|(?<!burn_)rate$|error_rate|probability|availability|confidence|propensity|contribution"
    r"|unexplained|similarity|remaining$|target|actual|quality|score$|score_|moved$|complete"
)
_TIMES: Final = (("_ms", 1.0), ("_s", 1e3), ("minutes", 6e4), ("hours", 3.6e6), ("days", 8.64e7))
_DAYS_TO: Final = "days_to_"
_COUNTED: Final = {
    "requests": ("request",),
    "scored": ("score", "request"),
    "matured": ("score", "request", "user"),
    "users": ("user",),
    "tokens": ("token",),
    "retries": ("retry",),
    "samples": ("sample", "score", "request"),
    "sample_count": ("sample", "score", "request"),
    "count": ("sample", "score", "request"),
    "considered": ("event", "change"),
    "events": ("event", "request", "score"),
    "deployments": ("deployment",),
    "fleet": ("deployment",),
    "reached": ("deployment",),
    "twins": ("deployment",),
    "candidates": ("deployment", "backend"),
    "incidents": ("incident",),
    "models": ("model",),
    "backends": ("backend",),
    "tenants": ("tenant",),
    "tiers": ("tier",),
    "arms": ("arm",),
    "experiments": ("experiment",),
    "maintenance": ("maintenance",),
    "changes": ("change", "event"),
    "budgets": ("budget", "tenant", "user"),
    "slos": ("objective",),
    "cost_anomalies": ("anomaly",),
    "similar_incidents": ("incident",),
    "capacity_risk": ("deployment",),
}
_FEW: Final = 8


@dataclass(slots=True, eq=False)
class Record:
    """An object of a result: whom it is about, what stands within it, what it measures.

    Identifiers are in lower case, for people write them as they like.
    """

    above: "Record | None" = None
    ids: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    within: set[str] = field(default_factory=set[str])
    metric: Metric | Demand | None = None
    values: dict[str, float] = field(default_factory=dict[str, float])
    """Its numbers by the names of their fields."""
    sort: str = ""
    """What sort of object it is."""
    owner: "Record" = field(init=False)
    """The record that says whom this one is about: itself, or what encloses it."""

    def __post_init__(self) -> None:
        """Belong to what encloses it, until it says whom it is about."""
        self.owner = self if self.above is None else self.above.owner

    def holds(self, names: Set[str]) -> None:
        """Remember that these stand within it, and within all that encloses it."""
        record: Record | None = self
        while record is not None:
            record.within |= names
            record = record.above


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """A number of a record, in base units, and as it stands in its field."""

    value: float
    unit: Unit
    raw: float
    record: Record
    name: str = ""
    nouns: frozenset[str] | None = None
    """What it counts; None where it may be anything."""


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """Words of a record: Routecause's own, or others'."""

    words: str
    record: Record
    ours: bool


@dataclass(slots=True)
class Gathered:
    """All that was found while walking through results."""

    numbers: list[Number] = field(default_factory=list[Number])
    refs: dict[EntityRef, None] = field(default_factory=dict[EntityRef, None])
    instants: list[tuple[datetime, Record]] = field(default_factory=list[tuple[datetime, Record]])
    periods: list[tuple[Period, Record]] = field(default_factory=list[tuple[Period, Record]])
    spans: list[tuple[timedelta, Record]] = field(default_factory=list[tuple[timedelta, Record]])
    """How long it is from one time of a record to another."""
    texts: list[Text] = field(default_factory=list[Text])
    states: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """How deployments are, and whether incidents are open, by their identifiers."""
    words: set[str] = field(default_factory=set[str])
    """Short words of results that are neither names nor texts: statuses, codes, versions."""

    def state(self, name: str, state: str) -> None:
        """Take how a deployment is, or whether an incident is open."""
        self.states.setdefault(name.lower(), set()).add(state)

    def kinds(self, name: str) -> list[str]:
        """The kinds of what a name names, of those that were taken until now."""
        return [ref.kind for ref in self.refs if ref.id == name]

    def number(self, name: str, value: float, record: Record) -> None:
        """Take a number from a field."""
        raw = float(value)
        unit, factor = unit_of(name, record.metric)
        record.values.setdefault(name, raw)
        nouns = None
        if unit is Unit.COUNT:
            nouns = counted(name, record.metric)
            unit = unit if nouns or raw.is_integer() else Unit.PLAIN
        self.numbers.append(Number(raw * factor, unit, raw, record, name, nouns))
        if name == "unexplained" and raw < 0:
            # Told as what the causes make up together.
            self.numbers.append(Number(1 - raw, unit, 1 - raw, record, name, nouns))

    def count(self, number: int, record: Record, nouns: frozenset[str] | None) -> None:
        """Take how many there are of something."""
        self.numbers.append(Number(number, Unit.COUNT, number, record, "count", nouns))

    def distances(self, times: Sequence[datetime], record: Record) -> None:
        """Take how far these times are from each other."""
        own = sorted(set(times))
        for place, start in enumerate(own):
            self.spans += [(end - start, record) for end in own[place + 1 :]]

    def ref(self, kind: str, name: str) -> None:
        """Take an identifier."""
        self.refs[EntityRef(kind, name)] = None


@cache
def unit_of(name: str, metric: Metric | Demand | None) -> tuple[Unit, float]:
    """The unit of a field, and what its numbers are multiplied with to be in base units."""
    if "usd" in name:
        return Unit.USD, 1.0
    for ending, factor in _TIMES:
        if name.endswith(ending) or (ending == "days" and name.startswith(_DAYS_TO)):
            return Unit.TIME, factor
    if _BY_METRIC.fullmatch(name):
        return Unit.ANY if metric is None else UNITS[metric], 1.0
    if _SHARES.search(name):
        return Unit.SHARE, 1.0
    return (Unit.PLAIN if "load" in name else Unit.COUNT), 1.0


@cache
def counted(name: str, metric: Metric | Demand | None) -> frozenset[str] | None:
    """What a field counts; None where it may be anything."""
    for word, nouns in _COUNTED.items():
        if name == word or name.startswith(f"{word}_") or name.endswith(f"_{word}"):
            return frozenset(nouns)
    if metric in {Metric.VOLUME, Demand.REQUESTS}:
        return frozenset({"request"})
    return frozenset({"token"}) if metric is Demand.TOKENS else None


@cache
def _fields(kind: type) -> tuple[str, ...] | None:
    listed = getattr(kind, "FIELDS", None)
    if listed is not None:
        return tuple(listed)
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else None


def event_kind(one: Any) -> str:
    """What kind of node an event is: a cause, a change, an incident."""
    kind = str(one.kind)
    for step in one.path[:1] if isinstance(one, Cause) else ():
        if step.start.id == one.id:
            return step.start.kind
    return _EVENTS.get(kind, "change")


def walk(value: Any, record: Record, found: Gathered, *, name: str) -> None:
    """Take everything that a value says. `name` is the field that it stands in."""
    if type(value) is float or type(value) is int:
        found.number(name, value, record)
    elif isinstance(value, str) and not isinstance(value, Enum):
        _text(value, record, found, name=name)
    elif value is None or isinstance(value, bool):
        return
    elif isinstance(value, Enum):
        found.words.add(str(value.value))
    elif isinstance(value, int | float):
        found.number(name, value, record)
    elif isinstance(value, datetime):
        found.instants.append((value, record))
    elif isinstance(value, Period):
        found.periods.append((value, record))
    elif isinstance(value, EntityRef):
        found.ref(value.kind, value.id)
        record.holds({value.id.lower()})
    elif isinstance(value, Slice):
        for kind, ids in value.given().items():
            _name(ids, kind, record, found)
    elif isinstance(value, Mapping):
        _mapping(cast("Mapping[Any, Any]", value), record, found, name=name)
    elif isinstance(value, list | tuple | Set):
        _sequence(tuple(cast("Sequence[Any]", value)), record, found, name=name)
    elif (names := _fields(value.__class__)) is not None:
        _object(value, names, record, found)


def about(record: Record, refs: Mapping[str, frozenset[str]], found: Gathered) -> None:
    """Say whom a record is about: these kinds replace what encloses it; a deployment tells more."""
    told = dict(refs)
    deployments = told.get("deployment", frozenset())
    if deployments and all("@" in one for one in deployments):
        parts = [one.rpartition("@") for one in deployments]
        told.setdefault("model", frozenset(part[0] for part in parts))
        told.setdefault("backend", frozenset(part[2] for part in parts))
    if not told:
        return
    own = {kind: frozenset(one.lower() for one in ids) for kind, ids in told.items()}
    record.ids = {**record.ids, **own}
    record.owner = record
    for kind, ids in told.items():
        for one in ids:
            found.ref(kind, one)
        record.holds(own[kind])


def _name(ids: Set[str], kind: str, record: Record, found: Gathered) -> None:
    for one in ids:
        found.ref(kind, one)
    record.holds({one.lower() for one in ids})


def _text(value: str, record: Record, found: Gathered, *, name: str) -> None:
    if name in _IDS:
        _name({value}, _IDS[name], record, found)
    elif name in _NAMED:
        _name({value}, _NAMED[name], record, found)
    elif name in OURS:
        found.texts.append(Text(value, record, ours=True))
    elif value:
        found.words.add(value)
        if " " in value or name in {"title", "root_cause", "comment", "author"}:
            found.texts.append(Text(value, record, ours=False))


def _mapping(value: Mapping[Any, Any], record: Record, found: Gathered, *, name: str) -> None:
    for key, one in value.items():
        inner = Record(record, record.ids, metric=record.metric)
        kinds = found.kinds(str(key))
        if kinds:
            about(inner, {kind: frozenset({str(key)}) for kind in kinds}, found)
        walk(one, inner, found, name=name if kinds and name else str(key))


def _sequence(value: tuple[Any, ...], record: Record, found: Gathered, *, name: str) -> None:
    for one in value:
        walk(one, record, found, name=name)
    if name in OURS or (value and isinstance(value[0], EntityRef)):
        return
    nouns = counted(name, None)
    found.count(len(value), record, nouns)
    if not value or (names := _fields(value[0].__class__)) is None:
        return
    seen: set[int] = {len(value)}
    for each in names:
        if isinstance(getattr(value[0], each, None), float | int | tuple | datetime) and not (
            isinstance(getattr(value[0], each), bool)
        ):
            continue
        told = Counter(_sort(getattr(one, each, None)) for one in value)
        if 1 < len(told) <= _FEW or None in told:
            seen |= {count for sort, count in told.items() if sort is not None}
            seen |= {len(value) - count for sort, count in told.items() if sort is not None}
    for count in seen - {len(value)}:
        found.count(count, record, nouns)


def _sort(value: Any) -> str | None:
    """What rows may be counted by: a state, a flag, whether something is told at all."""
    if isinstance(value, Enum | bool | str):
        return str(value)
    return "none" if value is None else "some"


def _object(value: Any, names: tuple[str, ...], above: Record, found: Gathered) -> None:
    kind = value.__class__
    metric = value.metric if "metric" in names else None
    record = Record(above, above.ids, metric=metric or above.metric, sort=kind.__name__)
    telling = _telling(kind, names)
    if telling:
        about(record, _identity(value, telling), found)
        _state(value, names, found)
    own: list[datetime] = []
    for name in names:
        one = getattr(value, name)
        if type(one) is float or type(one) is int:
            found.number(name, one, record)
        elif type(one) is datetime:
            found.instants.append((one, record))
            own.append(one)
        elif one is not None and name != "id":
            _field(value, name, one, record, found)
            if isinstance(one, Period):
                own.append(one.start)
    if len(own) > 1:
        found.distances(own, record)


def _field(value: Any, name: str, one: Any, record: Record, found: Gathered) -> None:
    """Take a field of an object that is neither a number nor an instant."""
    if name == "baseline" and hasattr(value, "arm"):
        _name({one}, "arm", record, found)
    elif record.sort == "Decision" and name in _ROUTERS:
        for words in (one,) if isinstance(one, str) else one:
            found.texts.append(Text(words, record, ours=False))
    elif name != "cause" or not isinstance(one, str):
        walk(one, record, found, name=name)


def _state(value: Any, names: tuple[str, ...], found: Gathered) -> None:
    if isinstance(value, Incident):
        found.state(value.id, OPEN if value.resolved_at is None else RESOLVED)
    elif "deployment" in names and isinstance(
        status := getattr(value, "status", None), HealthStatus
    ):
        found.state(value.deployment, status.value)


@cache
def _telling(kind: type, names: tuple[str, ...]) -> tuple[str, ...]:
    """The fields of a class that say whom its objects are about.

    A routing view is about all of its candidates; the tier and the policy are only what it is for.
    """
    if kind is RoutingView:
        return ()
    return tuple(name for name in names if name in _IDS or name in _ABOUT or name == "id")


def _identity(value: Any, names: tuple[str, ...]) -> dict[str, frozenset[str]]:
    told: dict[str, set[str]] = {}
    for name in names:
        one = getattr(value, name)
        if name in _IDS and one is not None:
            told.setdefault(_IDS[name], set()).add(str(getattr(one, "id", one)))
        elif name in _ABOUT and isinstance(one, tuple) and not isinstance(value, Cause):
            for ref in cast("tuple[Any, ...]", one):
                if isinstance(ref, EntityRef):
                    told.setdefault(ref.kind, set()).add(ref.id)
    if "id" in names:
        told.setdefault(_kind(value), set()).add(str(value.id))
    rival: Any = getattr(value, "baseline", None)
    if "arm" in names and isinstance(rival, str):
        told.setdefault("arm", set()).add(rival)
    version = getattr(value, "policy_version", None)
    if isinstance(version, str):
        policy = getattr(value, "policy", None)
        told["policy_version"] = {
            version if "@" in version or not policy else f"{policy}@{version}"
        }
    return {kind: frozenset(ids) for kind, ids in told.items()}


def _kind(value: Any) -> str:
    name = type(value).__name__
    if name in _KINDS:
        return _KINDS[name]
    return event_kind(value) if hasattr(value, "kind") else name.lower()
