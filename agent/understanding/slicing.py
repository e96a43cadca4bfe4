"""From the names that a text mentions to the slice it is about, and to what it imagines lost."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from agent.understanding.reading import Reading
from graph.names import Names
from graph.slices import Slice

_MARK: Final = r"<(\d+)>"
_NOUN: Final = r"(?:'s)?(?: (?:backend|deployment|cluster|cloud|model)s?)?"
_AND: Final = r"(?:,? (?:and|or|nor) (?:the )?|, | ?/ ?| ?& ?)"
_ONE: Final = rf"{_MARK}{_NOUN}(?: (?:on|at|in|@) (?:the |our )?{_MARK}{_NOUN})?"
_LIST: Final = rf"(?:(?:all of|all|both|the|our|my|any) )*(?P<lost>{_ONE}(?:{_AND}{_ONE})*)"
_ANYHOW: Final = re.compile(
    rf"\b(?:without|w/o|minus|excluding|(?:if|had) (?:\w+ ){{0,3}}(?:no|not)|not us(?:ed|"
    rf"ing)) {_LIST}"
)
_LOSING: Final = re.compile(
    r"\b(?:lose|loses|losing|loosing|loss of|tak(?:e|ing) out|"
    r"(?:turn|switch|shut)(?:ed|ing|ting|ning)? "
    r"(?:off|down)|drain(?:ed|ing)?|remov(?:e|ed|ing)|kill(?:ed|ing)?) "
    rf"{_LIST}"
)
_GOES: Final = (
    r"(?:goes? (?:down|away|dark|offline|under|belly up)|going down|(?:keel|fall|topple)s? over|"
    r"collapses?|dies?|fails?|disappears?|vanish(?:es)?|"
    r"(?:is|are|gets?) (?:\w+ )?(?:down|lost|gone|out|unavailable|offline|dead|drained)|"
    r"drops? out|breaks?|crash(?:es)?|stops?|down|out|gone|offline)\b"
)
_WENT: Final = (
    r"(?:went (?:down|away|offline|dark|under|belly up)|(?:keeled|fell|toppled) over|collapsed|"
    r"died|failed|disappeared|vanished|dropped out|broke|"
    r"crashed|"
    r"(?:was|were|got|be|had been) (?:\w+ )?(?:down|lost|gone|out|unavailable|offline|dead|"
    r"not there))"
    r"\b"
)
_NOT_PAST: Final = r"(?:(?!went|was|were|had|got)\w+ )?"
_IF: Final = r"\b(?:if|should|suppose|supposing|say|assuming|imagine|had)\b[^.?!<]{0,20}?"
_SUPPOSED: Final = (
    re.compile(rf"{_IF} ?\b(?:lost|dropped) {_LIST}"),
    re.compile(rf"{_IF}{_LIST} (?:\w+ )?(?:{_GOES}|{_WENT})"),
    re.compile(rf"\b(?:when|once|with|whenever)\b[^.?!<]{{0,20}}{_LIST} {_NOT_PAST}{_GOES}"),
    re.compile(
        rf"{_LIST} (?:goes (?:down|away|dark|offline)|dies|disappears|vanishes|drops out)\b"
    ),
    re.compile(
        rf"{_LIST} (?:had(?: not|n'?t| never)|(?:was|were)(?: not|n't))"
        r" (?:been )?(?:there|around|available|existed|exist)\b"
    ),
    re.compile(rf"\bhad {_LIST} (?:not|never) (?:been|existed)\b"),
    re.compile(rf"{_LIST} did(?: not|n'?t) exist\b"),
    re.compile(
        r"\b(?:surviv\w+|handle|cope with|withstand|absorb|afford|take)"
        rf"(?: (?:losing|the loss of|an?|the))* {_LIST} (?:outage|failure|loss|going|down|"
        rf"failing|dying)\b"
    ),
)
_WHY: Final = re.compile(r"\s*(?:why|how come|what caused)\b")
_JOINED: Final = re.compile(
    r"[\s,]*(?:@|on|at|in|from|over|via|through|(?:deployments?|version|instances?) of|"
    r"(?:that )?(?:is )?(?:running|hosted|served|deployed) (?:on|in|at|by|from|via))?"
    r"\s*(?:the\s+|our\s+)?\Z"
)
_OWNED: Final = re.compile(r"\s*(?:'s)?\s*(?:(?:deployments?|version|instances?) of\s+)?\Z")
_WOULD: Final = re.compile(r"\b(?:would|could|if|had|instead|roll(?:ed|ing)? back|stayed|kept)\b")
_UNDER: Final = re.compile(r"\b(?:under|on|in|by|with|using)\s+(?:the\s+)?(?:policy\s+)?\Z")


def without(reading: Reading, *, names: Names) -> tuple[frozenset[str], frozenset[int]]:
    """The deployments and backends that are imagined lost, and the places of their mentions.

    A model stands for its deployments.
    """
    patterns = [_ANYHOW, *_SUPPOSED]
    if not _WHY.match(reading.plain):
        patterns.append(_LOSING)
    lost = {
        int(mark)
        for pattern in patterns
        for match in pattern.finditer(reading.plain)
        for mark in re.findall(_MARK, match["lost"])
    }
    told: set[str] = set()
    kept: set[int] = set()
    for place in lost:
        one = reading.found[place]
        if one.kind not in {"deployment", "model", "backend"}:
            continue
        kept.add(place)
        told |= set(one.names) if one.kind != "model" else _deployments_of(one.names, names=names)
    return _joined_lost(reading, told, kept, names=names)


def _joined_lost(
    reading: Reading, told: set[str], lost: set[int], *, names: Names
) -> tuple[frozenset[str], frozenset[int]]:
    """A model lost `on` a backend is that deployment alone: `without gpt-4o on aws`."""
    for pair, (first, second) in _pairs(reading, set(range(len(reading.found))), names=names):
        if {first, second} & lost:
            for one in (reading.found[first], reading.found[second]):
                told -= {*one.names, *_deployments_of(one.names, names=names)}
            told |= pair
            lost |= {first, second}
    return frozenset(told), frozenset(lost)


def where(
    reading: Reading, *, lost: frozenset[int], names: Names, users: Sequence[str]
) -> tuple[Slice, tuple[str, ...]]:
    """The slice, without what is lost; and pairs of model and backend that do not exist."""
    left = {place for place in range(len(reading.found)) if place not in lost}
    deployments: set[str] = set()
    for pair, places in _pairs(reading, left, names=names):
        deployments |= pair
        left -= set(places)
    by_kind: dict[str, set[str]] = {}
    for place in sorted(left):
        one = reading.found[place]
        by_kind.setdefault(one.kind, set()).update(one.names)
    deployments |= by_kind.get("deployment", set())
    models, backends, unknown = _settled(
        deployments, by_kind.get("model", set()), by_kind.get("backend", set()), names=names
    )
    policies = by_kind.get("policy", set()) | _policy_versions(reading)
    return (
        Slice(
            deployment=_some(deployments),
            model=_some(models),
            backend=_some(backends),
            task_type=_some(by_kind.get("task_type", ())),
            tier=_some(by_kind.get("tier", ())),
            tenant=_some(by_kind.get("tenant", ())),
            user=_some(users),
            policy=_some(policies),
        ),
        unknown,
    )


def _some(names: Iterable[str]) -> frozenset[str] | None:
    return frozenset(names) or None


def _deployments_of(names_of: Iterable[str], *, names: Names) -> set[str]:
    """The deployments of models or on backends."""
    wanted = set(names_of)
    return {one for one in names.deployments if wanted & set(one.rpartition("@")[::2])}


def _pairs(
    reading: Reading, left: set[int], *, names: Names
) -> list[tuple[set[str], tuple[int, int]]]:
    """Model and backend side by side that make deployments: `gpt-4o on aws`, `aws gpt-4o`."""
    found: list[tuple[set[str], tuple[int, int]]] = []
    used: set[int] = set()
    for place in range(len(reading.found) - 1):
        first, second = reading.found[place], reading.found[place + 1]
        if {place, place + 1} & used or not {place, place + 1} <= left:
            continue
        between = reading.blank[first.end : second.start].lower()
        between_them = _JOINED if first.kind == "model" else _OWNED
        if {first.kind, second.kind} != {"model", "backend"} or not between_them.match(between):
            continue
        model, backend = (first, second) if first.kind == "model" else (second, first)
        made = _made(model.names, backend.names) & set(names.deployments)
        if made:
            found.append((made, (place, place + 1)))
            used |= {place, place + 1}
    return found


def paired(where: Slice, *, names: Names) -> Slice:
    """A slice of models on backends as one of deployments, where each pair is one."""
    made = _made(where.model or (), where.backend or ())
    if where.deployment or not made or not made <= set(names.deployments):
        return where
    return replace(where, deployment=frozenset(made), model=None, backend=None)


def _made(models: Iterable[str], backends: Iterable[str]) -> set[str]:
    backends = tuple(backends)
    return {f"{model}@{backend}" for model in models for backend in backends}


def _settled(
    deployments: set[str], models: set[str], backends: set[str], *, names: Names
) -> tuple[set[str], set[str], tuple[str, ...]]:
    """What is left of models and backends once deployments are known; adds to `deployments`.

    A slice's fields narrow each other, so that deployments and a model beside them must all be
    told as deployments.
    """
    known = set(names.deployments)
    models = {one for one in models if one not in {d.rpartition("@")[0] for d in deployments}}
    backends = {one for one in backends if one not in {d.rpartition("@")[2] for d in deployments}}
    unknown: set[str] = set()
    if deployments:
        theirs = {d.rpartition("@")[0] for d in deployments}
        places = {d.rpartition("@")[2] for d in deployments}
        for kept, others in ((models, places), (backends, theirs)):
            for one in kept:
                made = _made([one], others) if kept is models else _made(others, [one])
                found = made & known or _deployments_of([one], names=names)
                deployments |= found
                unknown |= set() if found else {one}
        return set(), set(), tuple(sorted(unknown))
    made = _made(models, backends)
    if made and made <= known:
        deployments |= made
        return set(), set(), ()
    return models, backends, ()


def _policy_versions(reading: Reading) -> set[str]:
    """Versions that narrow what is asked about: `quality under main v12`, not `had we kept v11`."""
    if _WOULD.search(reading.plain):
        return set()
    low = reading.blank.lower()
    return {
        name
        for one in reading.found
        if one.kind == "policy_version" and _UNDER.search(low[: one.start])
        for name in one.names
    }
