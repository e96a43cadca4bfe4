"""What one could blame without any statistics: a floor to see the real answers against. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from api.bench.measures import Table
from api.evaluation.histories import History
from api.evaluation.marks import Truth, share
from graph.slices import Period

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as the service lists it; `targets` are kinds and ids, none for the whole fleet."""

    id: str
    at: datetime
    targets: tuple[tuple[str, str], ...]


def happenings(data: Json) -> list[Happening]:
    """The changes and incidents of one answer, oldest first."""
    found = [
        Happening(
            one["id"],
            datetime.fromisoformat(one["at"]),
            tuple((target["kind"], target["id"]) for target in one["targets"]),
        )
        for one in data["changes"]
    ]
    found += [
        Happening(
            one["id"],
            datetime.fromisoformat(one["openedAt"]),
            () if one["scopeId"] is None else ((one["scopeKind"], one["scopeId"]),),
        )
        for one in data["incidents"]
    ]
    return sorted(found, key=lambda one: (one.at, one.id))


def nearest(events: Sequence[Happening], *, onset: datetime) -> str | None:
    """The last event before the onset, whatever it touched."""
    before = [one for one in events if one.at <= onset]
    return before[-1].id if before else None


def widest(events: Sequence[Happening], *, history: History, during: Period) -> str | None:
    """The event that touched most of the requests of the period; the last of several alike."""
    asked = (history.at >= during.start.timestamp()) & (history.at < during.end.timestamp())
    best: tuple[int, str] | None = None
    for one in events:
        if one.at >= during.end:
            continue
        touched = asked & _touched(one, history)
        if best is None or int(touched.sum()) >= best[0]:
            best = int(touched.sum()), one.id
    return None if best is None else best[1]


def _touched(event: Happening, history: History) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Requests that an event names by what served or asked them; a policy's or router's are all."""
    everything = np.ones(len(history.at), dtype=np.bool_)
    told = [(kind, name) for kind, name in event.targets if kind in history.labels]
    if not told:
        return everything
    return np.any([history.labels[kind] == name for kind, name in told], axis=0)


@dataclass(frozen=True, slots=True)
class Guess:
    """What one rival blamed in one fleet."""

    rival: str
    truth: Truth
    id: str | None


def floor(guesses: Sequence[Guess]) -> Table:
    """How often each rival names a culprit, and how often it blames an innocent."""
    table = Table("The same fleets without statistics", ("rival", "top-1", "innocent blamed"))
    for rival in dict.fromkeys(guess.rival for guess in guesses):
        own = [guess for guess in guesses if guess.rival == rival]
        hits = [guess.id in _wanted(guess.truth) for guess in own]
        table.rows.append(
            (
                rival,
                share(hit for hit, guess in zip(hits, own, strict=True) if guess.truth.culprits),
                share(
                    guess.id is not None and not hit for hit, guess in zip(hits, own, strict=True)
                ),
            )
        )
    return table


def _wanted(truth: Truth) -> frozenset[str]:
    return frozenset[str]().union(*(culprit.ids for culprit in truth.culprits))
