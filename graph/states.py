"""How one deployment was judged at many instants of a period, from one read of the whole period.

Each instant is judged by the evidence that `graph/fleet.py` would read for it alone, with the same
pure judgement, so that both tell the same. A backend fails as one, so its other deployments are
read too.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.errors import InvalidInput
from graph.evidence import Evidence, Incident, Maintenance, MinuteOutcomes, Observation
from graph.facts import hour_of
from graph.fleet import facts_of, maintenance, observation_of
from graph.health import BreakerState, HealthStatus, assess_fleet
from graph.minutes import minutes_of
from graph.settings import HealthSettings
from graph.slices import Period
from graph.store.door import GraphStore, Record, instant, maybe_instant

STEPS_AT_MOST = 500
"""So many instants are judged at most."""
_JUDGED_AT_MOST = 20_000
"""Instants times deployments of the backend: some seconds of work."""
_REQUESTS_AT_MOST = 300_000
_SAMPLES = 20
"""As many of the newest samples are evidence as `fleet_observations.cypher` reads."""
_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class StateAt:
    """What a deployment was judged to be at an instant, and why."""

    at: datetime
    status: HealthStatus
    breaker: BreakerState
    reasons: tuple[str, ...]
    stale: bool


async def state_history(
    store: GraphStore,
    *,
    deployment: str,
    during: Period,
    step: timedelta,
    known_at: datetime | None,
    now: datetime,
    budgets: HealthSettings,
) -> list[StateAt]:
    """The state at the end of each step, oldest first; the last step ends with the period.

    Instants after `now`, and those at which nobody had told of the deployment, are left out; so a
    deployment that is not known has none. Raises InvalidInput where that is too much to replay.
    """
    instants = _instants(during, step, now)
    if not instants:
        return []
    known = known_at or _END
    rows = await store.ask(
        "state_facts",
        deployments=[deployment],
        backends=[deployment.rpartition("@")[2]] if "@" in deployment else [],
        end=instants[-1].isoformat(),
        knownAt=known.isoformat(),
    )
    own = next((row for row in rows if row["deployment"] == deployment), None)
    if own is None:
        return []
    names = [row["deployment"] for row in rows]
    if len(names) * len(instants) > _JUDGED_AT_MOST:
        raise InvalidInput(
            f"{len(instants)} steps are too many with {len(names)} deployments on its backend "
            f"(at most {_JUDGED_AT_MOST // len(names)}); choose a shorter period or longer steps",
            field="stepMinutes",
        )
    world = _World(
        instants=instants,
        deployment=deployment,
        members=[_Member(row) for row in rows],
        samples=await _samples(store, names, instants, known),
        traffic=await _traffic(store, names, instants, known, budgets),
        incidents=await _incidents(store, own, instants, known),
        maintenance=await maintenance(
            store, at=instants[0], until=instants[-1] + _MICROSECOND, known_at=known
        ),
        budgets=budgets,
    )
    return await asyncio.to_thread(world.states)


def _instants(during: Period, step: timedelta, now: datetime) -> list[datetime]:
    count = -((during.start - during.end) // step)
    if count > STEPS_AT_MOST:
        raise InvalidInput(
            f"{count} steps are too many (at most {STEPS_AT_MOST}); "
            "choose a shorter period or longer steps",
            field="stepMinutes",
        )
    ends = [min(during.start + n * step, during.end) for n in range(1, count + 1)]
    return [at for at in ends if at <= now]


class _Member:
    """What was told of one deployment of the backend, and from when on it was there."""

    def __init__(self, row: Record) -> None:
        self.name: str = row["deployment"]
        self._told: list[tuple[list[datetime], list[Record]]] = [
            ([instant(told["at"]) for told in row[kind]], row[kind])
            for kind in ("own", "model", "backend")
        ]
        seen = [maybe_instant(row["served"]), maybe_instant(row["sampled"])]
        since = [at for at in (*seen, *self._told[0][0][:1]) if at is not None]
        self.since = min(since, default=_END)

    def row(self, at: datetime) -> Record:
        """The newest of each as of an instant, as `fleet_facts.cypher` returns it."""
        found: Record = dict.fromkeys(_FACTS)
        for times, told in self._told:
            place = bisect_right(times, at)
            if place:
                found.update(told[place - 1])
        registered = bisect_right(self._told[0][0], at) > 0
        return {**found, "deployment": self.name, "registered": registered}


_FACTS = (
    "version",
    "maxRps",
    "deprecatedAt",
    "inputUsdPer1k",
    "outputUsdPer1k",
    "contextWindow",
    "capabilities",
    "compliance",
    "spot",
)


@dataclass(frozen=True, slots=True)
class _Told:
    """One incident's state from an instant on."""

    since: datetime
    incident: Incident


@dataclass(slots=True)
class _World:
    """All evidence of a period. `traffic` is by the instant that a request came up to."""

    instants: list[datetime]
    deployment: str
    members: list[_Member]
    samples: Mapping[str, list[Observation]]
    traffic: list[Mapping[str, list[MinuteOutcomes]]]
    incidents: list[list[_Told]]
    maintenance: list[Maintenance]
    budgets: HealthSettings
    _times: dict[str, list[datetime]] = field(default_factory=dict[str, list[datetime]])

    def states(self) -> list[StateAt]:
        """The state at each instant."""
        self._times = {name: [o.at for o in told] for name, told in self.samples.items()}
        found: list[StateAt] = []
        for place, at in enumerate(self.instants):
            gathered = [self._evidence(m, place, at) for m in self.members if m.since <= at]
            judged = assess_fleet(
                gathered, now=at, budgets=self.budgets, only=frozenset({self.deployment})
            )
            found += [
                StateAt(at, one.status, one.breaker, one.reasons, one.stale) for one in judged
            ]
        return found

    def _evidence(self, member: _Member, place: int, at: datetime) -> Evidence:
        name, own = member.name, member.name == self.deployment
        told = self.samples.get(name, [])
        upto = bisect_right(self._times.get(name, []), at)
        return Evidence(
            facts=facts_of(member.row(at)),
            observations=told[max(upto - _SAMPLES, 0) : upto],
            traffic=self._minutes(name, place, at),
            incidents=self._incidents_at(at) if own else [],
            maintenance=self.maintenance if own else [],
        )

    def _minutes(self, name: str, place: int, at: datetime) -> list[MinuteOutcomes]:
        since = _window_start(at, self.budgets)
        found: list[MinuteOutcomes] = []
        while place >= 0 and self.instants[place] >= since:
            found += self.traffic[place].get(name, [])
            place -= 1
        return found

    def _incidents_at(self, at: datetime) -> list[Incident]:
        upto = [[told.incident for told in each if told.since <= at] for each in self.incidents]
        return [told[-1] for told in upto if told]


async def _samples(
    store: GraphStore, names: Sequence[str], instants: Sequence[datetime], known: datetime
) -> dict[str, list[Observation]]:
    """The samples that may be among the newest at any instant, oldest first."""
    spans = [
        {"start": start.isoformat(), "end": end.isoformat()}
        for start, end in zip((_BEGINNING, *instants[:-1]), instants, strict=True)
    ]
    rows = await store.ask(
        "state_samples", deployments=names, spans=spans, knownAt=known.isoformat()
    )
    return {
        row["deployment"]: [observation_of(row["deployment"], *t) for t in reversed(row["samples"])]
        for row in rows
    }


def _window_start(at: datetime, budgets: HealthSettings) -> datetime:
    """From when on requests are evidence at an instant: a whole minute."""
    window = timedelta(minutes=budgets.traffic_window_minutes)
    return at.replace(second=0, microsecond=0) - window


async def _traffic(
    store: GraphStore,
    names: Sequence[str],
    instants: Sequence[datetime],
    known: datetime,
    budgets: HealthSettings,
) -> list[Mapping[str, list[MinuteOutcomes]]]:
    """The requests of the windows by minute, for each instant those after the one before it."""
    spans = _spans(instants, budgets)
    hours = sorted({span["hour"] for span in spans})
    # Of what will be read: a large fleet's other requests make no history too long.
    (row,) = await store.ask("state_requests", deployments=names, hours=hours)
    asked = sum((span["to"] - span["from"] for span in spans), start=timedelta())
    if row["requests"] * (asked / (len(hours) * _HOUR)) > _REQUESTS_AT_MOST:
        raise InvalidInput(
            "too many requests arrived to replay them; choose a shorter period or longer steps",
            field="during",
        )
    rows = await store.ask(
        "state_traffic",
        deployments=names,
        spans=[
            {"hour": s["hour"], "start": s["from"].isoformat(), "end": s["to"].isoformat()}
            for s in spans
        ],
        knownAt=known.isoformat(),
    )
    ends_us = [(at - _EPOCH) // _MICROSECOND for at in instants]
    parts: list[dict[str, list[Any]]] = [{} for _ in instants]
    for row in rows:
        for outcome in row["outcomes"]:
            place = bisect_left(ends_us, outcome[0])
            parts[place].setdefault(row["deployment"], []).append(outcome)
    return [
        minutes_of({"deployment": name, "outcomes": told} for name, told in part.items())
        for part in parts
    ]


def _spans(instants: Sequence[datetime], budgets: HealthSettings) -> list[dict[str, Any]]:
    """The windows before the instants, joined where they overlap, and cut at whole hours."""
    windows: list[list[datetime]] = []
    for at in instants:
        start = _window_start(at, budgets)
        if windows and start <= windows[-1][1]:
            windows[-1][1] = at
        else:
            windows.append([start, at])
    found: list[dict[str, Any]] = []
    for start, end in windows:
        hour = hour_of(start)
        while hour <= end:
            found.append(
                {
                    "hour": int(hour.timestamp()),
                    "from": max(start, hour),
                    "to": min(end, hour + _HOUR - _MICROSECOND),
                }
            )
            hour += _HOUR
    return found


async def _incidents(
    store: GraphStore, own: Record, instants: Sequence[datetime], known: datetime
) -> list[list[_Told]]:
    """Each incident as it was known from each of its reports on, oldest first."""
    rows = await store.ask(
        "state_incidents",
        start=instants[0].isoformat(),
        end=instants[-1].isoformat(),
        knownAt=known.isoformat(),
    )
    return [_course(row, own) for row in rows]


def _course(row: Record, own: Record) -> list[_Told]:
    told: list[Record] = row["told"]
    opened_at, resolved_at = instant(told[0]["at"]), None
    found: list[_Told] = []
    for each in told:
        at = instant(each["at"])
        if each["phase"] != "updated":
            resolved_at = at if each["phase"] == "resolved" else None
        incident = Incident(
            id=row["id"],
            title=each["title"],
            severity=each["severity"],
            scope_kind=each["scopeKind"],
            scope_id=each["scopeId"],
            opened_at=opened_at,
            resolved_at=resolved_at,
        )
        found.append(_Told(at, replace(incident, affected_deployments=_affected(incident, own))))
    return found


def _affected(incident: Incident, own: Record) -> tuple[str, ...]:
    """The deployment itself, where what it is linked to lies in the incident's scope."""
    if not (own["models"] and own["backends"]):
        return ()
    name, scope = own["deployment"], incident.scope_id
    reached = {
        "global": True,
        "deployment": scope == name,
        "model": scope in own["models"],
        "backend": scope in own["backends"],
    }
    return (name,) if reached.get(incident.scope_kind) else ()
