"""Incidents that are like another one, or like what somebody says: by their words and by the graph.

The full-text index and the graph's shape find who is worth comparing; how alike two incidents are,
and why, is pure.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime

from graph.errors import InvalidInput, NotFound
from graph.evidence import Incident
from graph.scope import TenantScope
from graph.store.door import GraphStore, Record, instant, maybe_instant

MOST = 50
"""At most so many similar incidents are given."""

_COMPARED = 200
_WORDS_ASKED = 64
_LONGEST_WORD = 64
_LONGEST_TEXT = 10_000
_SHOWN = 4
_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
_WORD = re.compile(r"[^\W_]+")
_ADDRESS = re.compile(r"https?://\S+")
_FILLERS = """a an and are as at be been but by did do does for from had has have how in into is it
its no not of on or our that the their then there these they this to was we were what when where
which who why will with"""
_EMPTY_WORDS = frozenset(_WORD.findall(_FILLERS))
# What the parts count for where all of them are known; they add up to 1.
_WEIGHTS = {
    "words": 0.35,
    "reach": 0.30,
    "blamed": 0.15,
    "severity": 0.08,
    "duration": 0.07,
    "hour": 0.05,
}
_TELLING = frozenset({"words", "reach", "blamed"})
"""Without any of these in common, two incidents have nothing to do with each other."""


@dataclass(frozen=True, slots=True)
class SimilarIncident:
    """An incident, how alike it is in [0, 1], and what makes it so."""

    incident: Incident
    similarity: float
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Traits:
    """What an incident is compared by.

    `reach` are the deployments, models and backends it affects; `blamed` what investigations laid
    to it: metric, mechanism and places.
    """

    incident: Incident
    words: frozenset[str]
    reach: frozenset[str] = frozenset()
    blamed: frozenset[str] = frozenset()


async def similar_incidents(
    store: GraphStore,
    *,
    incident: str | None = None,
    text: str | None = None,
    first: int = 5,
    scope: TenantScope,
    known_at: datetime | None = None,
) -> list[SimilarIncident]:
    """Incidents like `incident`, or that speak of `text`, the most similar first: 3 statements.

    Only what was recorded by `known_at` counts, and only investigations in `scope`. Raises NotFound
    where there is no such incident, InvalidInput where not exactly one of both is given, the text
    has no words, or `first` is out of bounds.
    """
    if not 1 <= first <= MOST:
        raise InvalidInput(f"must be from 1 to {MOST}", field="first")
    if (incident is None) == (text is None):
        raise InvalidInput("give either an incident or a text", field="incident")
    known = known_at or _FOREVER
    if incident is None:
        asked = None
        wanted = words_of(text or "")
        if not wanted:
            raise InvalidInput("has no words to look for", field="text")
    else:
        of_it = await _traits(store, [incident], scope=scope, known_at=known)
        if not of_it:
            raise NotFound(f"no incident {incident!r}; `incidents` lists them")
        asked = of_it[0]
        wanted = asked.words
    rows = await store.ask(
        "incident_search",
        scope=scope,
        words=search_text(wanted),
        incident=incident,
        knownAt=known.isoformat(),
        most=_COMPARED,
    )
    ids = [row["id"] for row in rows]
    others = await _traits(store, ids, scope=scope, known_at=known) if ids else []
    if asked is None:
        alike = speaking_of(wanted, others)
    else:
        rarity = rarity_of([asked.words, *(one.words for one in others)])
        alike = [like for one in others if (like := compared(asked, one, rarity=rarity))]
    return sorted(alike, key=lambda one: (-one.similarity, one.incident.id))[:first]


def words_of(text: str) -> frozenset[str]:
    """The words that a text is compared by: lower case, plain plurals, no addresses, no fillers."""
    found = _WORD.findall(_ADDRESS.sub(" ", text[:_LONGEST_TEXT]).lower())
    return frozenset(_singular(word)[:_LONGEST_WORD] for word in found if word not in _EMPTY_WORDS)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def search_text(words: AbstractSet[str]) -> str:
    """A query for the full-text index: words alone, of letters and digits, so that no sign of the
    index's own language can get in, and no more than a bounded number of them.
    """
    return " ".join(sorted(words, key=lambda word: (-len(word), word))[:_WORDS_ASKED])


def speaking_of(wanted: AbstractSet[str], others: Sequence[Traits]) -> list[SimilarIncident]:
    """How much of what was said each incident speaks of; rare words count more."""
    weights = rarity_of([one.words for one in others])
    whole = sum(weights.get(word, _rarest(others)) for word in wanted)
    found: list[SimilarIncident] = []
    for one in others:
        shared = wanted & one.words
        if shared:
            share = sum(weights[word] for word in shared) / whole
            because = (f"it speaks of {_listed(_by_weight(shared, weights))}",)
            found.append(SimilarIncident(one.incident, min(1.0, share), because))
    return found


def compared(
    asked: Traits, other: Traits, *, rarity: Mapping[str, float]
) -> SimilarIncident | None:
    """How alike two incidents are; None where they have nothing telling in common.

    What is not known of both (an end, an investigation) is left out, and the rest counts for more.
    `rarity` tells what each word of both counts for.
    """
    because: list[str] = []
    parts = {"words": _cosine(asked.words, other.words, rarity)}
    if parts["words"]:
        because.append(f"both speak of {_listed(_by_weight(asked.words & other.words, rarity))}")
    parts["reach"], reasons = _reach(asked, other)
    because += reasons
    if asked.blamed and other.blamed:
        parts["blamed"] = _jaccard(asked.blamed, other.blamed)
        if parts["blamed"]:
            laid = sorted(asked.blamed & other.blamed)
            because.append(f"investigations laid to both {_listed(laid)}")
    if not any(parts.get(name) for name in _TELLING):
        return None
    times, reasons = _circumstances(asked.incident, other.incident)
    parts |= times
    total = math.fsum(_WEIGHTS[name] for name in parts)
    similarity = math.fsum(_WEIGHTS[name] * part for name, part in parts.items()) / total
    return SimilarIncident(other.incident, min(1.0, similarity), (*because, *reasons))


def _reach(asked: Traits, other: Traits) -> tuple[float, list[str]]:
    one, two = asked.incident, other.incident
    if (one.scope_kind, one.scope_id) == (two.scope_kind, two.scope_id):
        place = one.scope_kind if one.scope_id is None else f"{one.scope_kind} {one.scope_id}"
        return 1.0, [f"both struck {place}" if one.scope_id else "both struck the whole fleet"]
    shared = sorted(asked.reach & other.reach)
    told = [f"both reached {_listed(shared)}"] if shared else []
    return _jaccard(asked.reach, other.reach), told


def _circumstances(one: Incident, two: Incident) -> tuple[dict[str, float], list[str]]:
    """Severity, duration and hour of the day."""
    parts: dict[str, float] = {}
    because: list[str] = []
    steps = abs(_severity(one) - _severity(two))
    parts["severity"] = 1 - steps / 3
    if not steps:
        because.append(f"both are {one.severity}")
    if one.resolved_at and two.resolved_at:
        shorter, longer = sorted((_lasted_s(one), _lasted_s(two)))
        parts["duration"] = shorter / longer if longer > 0 else 1.0
        if parts["duration"] >= 0.75:
            because.append(f"both lasted about {_duration(longer)}")
    apart_h = abs(_hour(one) - _hour(two))
    apart_h = min(apart_h, 24 - apart_h)
    parts["hour"] = 1 - apart_h / 12
    if apart_h <= 1:
        because.append(f"both began around {two.opened_at.astimezone(UTC):%H:%M} UTC")
    return parts, because


def _severity(one: Incident) -> int:
    return int(one.severity.removeprefix("sev"))


def _lasted_s(one: Incident) -> float:
    return max(0.0, ((one.resolved_at or one.opened_at) - one.opened_at).total_seconds())


def _hour(one: Incident) -> float:
    at = one.opened_at.astimezone(UTC)
    return at.hour + at.minute / 60


def _duration(seconds: float) -> str:
    if seconds < 5_400:
        return f"{max(1, round(seconds / 60))} minutes"
    return f"{seconds / 3600:.3g} hours" if seconds < 172_800 else f"{seconds / 86_400:.3g} days"


def _jaccard(one: AbstractSet[str], two: AbstractSet[str]) -> float:
    return len(one & two) / len(one | two) if one or two else 0.0


def rarity_of(told: Sequence[AbstractSet[str]]) -> dict[str, float]:
    """What each word counts for: more, the fewer of all incidents use it."""
    used: dict[str, int] = {}
    for words in told:
        for word in words:
            used[word] = used.get(word, 0) + 1
    return {word: math.log(1 + len(told) / count) for word, count in used.items()}


def _rarest(others: Sequence[Traits]) -> float:
    return math.log(1 + max(1, len(others)))


def _cosine(one: AbstractSet[str], two: AbstractSet[str], weights: Mapping[str, float]) -> float:
    def squares(words: AbstractSet[str]) -> float:
        return math.fsum(weights[word] ** 2 for word in words)

    both = squares(one & two)
    return both / math.sqrt(squares(one) * squares(two)) if both else 0.0


def _by_weight(words: AbstractSet[str], weights: Mapping[str, float]) -> list[str]:
    return sorted(words, key=lambda word: (-weights[word], word))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


async def _traits(
    store: GraphStore, ids: Sequence[str], *, scope: TenantScope, known_at: datetime
) -> list[Traits]:
    rows = await store.ask(
        "incident_features", scope=scope, incidents=list(ids), knownAt=known_at.isoformat()
    )
    return [_traits_of(row) for row in rows]


def _traits_of(row: Record) -> Traits:
    affected: tuple[str, ...] = tuple(row["affectedDeployments"])
    told = [row["title"], row["rootCause"], *(row["factors"] or ()), row["postmortem"]]
    if row["scopeId"] is not None:
        told.append(row["scopeId"])
    return Traits(
        incident=Incident(
            id=row["id"],
            title=row["title"],
            severity=row["severity"],
            scope_kind=row["scopeKind"],
            scope_id=row["scopeId"],
            opened_at=instant(row["openedAt"]),
            resolved_at=maybe_instant(row["resolvedAt"]),
            root_cause=row["rootCause"],
            affected_deployments=affected,
            url=row["url"],
            status_source=row["statusSource"],
        ),
        words=words_of(" ".join(part for part in told if part)),
        reach=frozenset(_reached(affected, row)),
        blamed=frozenset(_laid_to_it(row["blamed"])),
    )


def _reached(affected: Sequence[str], row: Record) -> Iterable[str]:
    for deployment in affected:
        model, _, backend = deployment.rpartition("@")
        yield from (f"deployment {deployment}", f"model {model}", f"backend {backend}")
    if row["scopeId"] is not None:
        yield f"{row['scopeKind']} {row['scopeId']}"


def _laid_to_it(blamed: Iterable[tuple[str, str, Sequence[str]]]) -> Iterable[str]:
    for metric, mechanism, places in blamed:
        yield f"a change of {metric} ({mechanism})"
        yield from (f"a change in {place}" for place in places)
