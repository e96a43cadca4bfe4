"""What an incident or a change reached, and what it cost: requests, users, latency, quality, money.

Counted are the requests that it reached: for a place (deployment, model, backend) those served
there, and those that failed there first and were sent on elsewhere; for a policy version, an
experiment or a router version those that were routed by it. Traffic that the router kept away from
a place beforehand is not counted, but shows in `requests` beside `requests_before`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from graph import estimates
from graph.causes.baseline import Baseline, baseline
from graph.causes.candidates import CandidateCause
from graph.causes.happenings import Telling, merged
from graph.columns import BucketColumns
from graph.costing.extra import extra_cost
from graph.errors import InvalidInput
from graph.facts import hour_of
from graph.frame import CellTable, Mask, Scores, Traffic
from graph.model.traffic import CellKey
from graph.objectives.definitions import Objective, objectives
from graph.reached import Reached, reached_by
from graph.scope import TenantScope
from graph.slices import EntityRef, Period, Slice
from graph.store.door import GraphStore, instant
from graph.traffic import known_traffic

AFTER_A_CHANGE: Final = timedelta(hours=24)
"""How long after a change its impact is looked at."""
LONGEST: Final = timedelta(days=31)
"""How much of an incident that lasts long is looked at: its beginning."""
COUNTED_AT_MOST: Final = 50_000
"""Requests among which users are counted one by one."""
_PLACES_AT_MOST: Final = 10_000
_MOMENT: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)
_FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TierImpact:
    """The reached requests of one tier, and how many of them failed."""

    tier: str
    requests: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What was reached in `during`, beside the like in `compared_to`. None where nothing tells.

    `of` is the incident, change, policy version or experiment. `baseline` says in words which
    period it is compared with; both are None without any history before, and with them all that is
    told of before. `deployments`, `backends` and `models` are those reached, whether or not they
    had traffic, as far as anything was told of them by its end; `requests` the requests reached and
    `failed` those of them that were not answered, `failed_expected` how many would have failed at
    the rate before. `requests_before` is None too where only some of the like requests were
    reached, as in an experiment: the whole before is not to be compared with a part. `users` is
    None where too many requests were reached to count them. `tenants` are those of the caller's
    scope that had such requests. `displaced` are the reached requests that failed at a reached
    deployment first and went on to another. The figures before and after are of reached requests,
    with how many (`scored_…`: how many scores) stand behind. `cost_usd` is what the reached
    requests cost, `failed_cost_usd` what those that failed cost, `extra_cost_usd` what they cost
    beyond the price per request of the same work (tenant, tier, task type, length of prompt)
    before, with its 95 % interval; negative where it was cheaper. `slos` are the objectives whose
    slice the reached requests meet, as `tenant/id`.
    """

    of: EntityRef
    title: str
    during: Period
    compared_to: Period | None
    baseline: str | None
    deployments: tuple[str, ...]
    backends: tuple[str, ...]
    models: tuple[str, ...]
    requests: int
    requests_before: int | None
    failed: int
    failed_expected: float | None
    users: int | None
    tenants: tuple[str, ...]
    tiers: tuple[TierImpact, ...]
    displaced: int
    latency_ms_p95_before: float | None
    latency_ms_p95_after: float | None
    quality_before: float | None
    quality_after: float | None
    scored_before: int | None
    scored_after: int
    cost_usd: float | None
    failed_cost_usd: float | None
    extra_cost_usd: float | None
    extra_cost_low_usd: float | None
    extra_cost_high_usd: float | None
    slos: tuple[str, ...]


async def impact(
    store: GraphStore,
    columns: BucketColumns,
    *,
    incident: str | None = None,
    change: str | None = None,
    scope: TenantScope,
    known_at: datetime | None = None,
    now: datetime,
) -> Impact | None:
    """What an incident or a change (exactly one) reached; None where it is not known.

    An incident is looked at from its opening until it was resolved, or until now, 31 days at most;
    a change for 24 hours, or until it was taken back. `change` may name a policy version
    (`policy@version`) or an experiment too. Raises InvalidInput unless exactly one is given,
    GraphUnavailable.
    """
    if (incident is None) == (change is None):
        raise InvalidInput("give either `incident` or `change`", field="incident")
    known = min(known_at or now, now)
    event = await _told(store, incident=incident, change=change, known_at=known_at)
    if event is None:
        return None
    during = looked_at(event, now=known)
    world = _World(store, columns, scope, known_at)
    comparison = await _compared(event, during, world, now=known)
    people = await world.people(comparison.part, during)
    reached = await world.slos(comparison.part.traffic, at=min(during.end, known))
    # Of much traffic this takes a while; others are answered meanwhile.
    return await asyncio.to_thread(
        _summed, event, during, comparison, people, reached, columns.cells
    )


def looked_at(event: CandidateCause, *, now: datetime) -> Period:
    """The time in which an event's impact is looked for, as far as it has passed. Pure."""
    longest = LONGEST if event.node == "incident" else AFTER_A_CHANGE
    end = min(event.at + longest, now)
    if event.ended_at is not None and event.ended_at > event.at:
        end = min(end, event.ended_at)
    return Period(event.at, max(end, event.at + _MOMENT))


@dataclass(frozen=True, slots=True)
class _Part:
    """The reached traffic of one of the two periods, and what it comes to."""

    traffic: Traffic
    scores: Scores

    @classmethod
    def of(
        cls,
        whole: tuple[Traffic, Scores],
        reached: Mask,
        judges: frozenset[str],
        columns: BucketColumns,
    ) -> "_Part":
        traffic, scores = whole
        kept = reached[scores.cell]
        if judges:
            judging = np.array([name in judges for name in columns.evaluators], dtype=np.bool_)
            kept |= judging[scores.evaluator]
        return cls(traffic.take(reached[traffic.cell]), scores.take(kept))

    def summed(self, name: str) -> int:
        return int(self.traffic.measure(name).sum())

    def counted(self, cells: Mask) -> int:
        """The requests of some cells."""
        return int(self.traffic.measure("count")[cells[self.traffic.cell]].sum())

    @property
    def cells(self) -> list[int]:
        return np.unique(self.traffic.cell).tolist()

    @property
    def requests(self) -> int:
        return self.summed("count")

    @property
    def failed(self) -> int:
        return self.summed("count") - self.summed("okCount")

    @property
    def latency_ms_p95(self) -> float | None:
        one_group = np.zeros(len(self.traffic.cell), dtype=np.int64)
        told = estimates.percentile(self.traffic.latency.grouped(one_group, 1), 0.95)
        return estimates.known(told.value[0])

    @property
    def scored(self) -> int:
        return int(self.scores.count.sum())

    @property
    def quality(self) -> float | None:
        return int(self.scores.sum_nano.sum()) / 1e9 / self.scored if self.scored else None

    @property
    def cost_usd(self) -> float | None:
        if self.requests and not self.summed("costCount"):
            return None
        return self.summed("costSumNanoUsd") / 1e9

    def places(self, *, failed: bool) -> tuple[list[list[int]], int]:
        """Hours of cells with requests (or with failed ones), and how many requests these hold."""
        count = self.traffic.measure("count")
        kept = count > (self.traffic.measure("okCount") if failed else 0)
        hour = self.traffic.hour[kept]
        pairs = np.unique(np.stack([self.traffic.cell[kept], hour], axis=1), axis=0)
        return pairs.tolist(), int(count[kept].sum())


class _World:
    """What the graph is asked, with the same eyes each time."""

    def __init__(
        self,
        store: GraphStore,
        columns: BucketColumns,
        scope: TenantScope,
        known_at: datetime | None,
    ) -> None:
        self._store, self.columns = store, columns
        self._scope, self._known_at = scope, known_at

    async def traffic(self, during: Period) -> tuple[Traffic, Scores]:
        """All of a period that the scope may see."""
        return await known_traffic(
            self._store,
            self.columns,
            during=during,
            where=Slice(),
            scope=self._scope,
            known_at=self._known_at,
        )

    async def deployments(self, at: datetime) -> list[str]:
        """All that were there at an instant: those that anything was told of until then."""
        told = await self._store.ask(
            "fleet_facts",
            deployments=None,
            backends=[],
            at=at.isoformat(),
            knownAt=(self._known_at or _FOREVER).isoformat(),
        )
        return [row["deployment"] for row in told]

    async def history(self, during: Period) -> Traffic:
        """What came before a period, as far back as whole weeks may be needed to compare it."""
        weeks = -((during.start - during.end) // _WEEK)
        start = hour_of(during.start - weeks * _WEEK - _DAY)
        traffic, _ = await self.columns.load(
            start=start, end=hour_of(during.start), scope=self._scope, sketches=False
        )
        if self._known_at is None:
            return traffic
        return traffic.take(traffic.recorded_hour <= hour_of(self._known_at).timestamp())

    async def people(self, part: _Part, during: Period) -> tuple[int | None, float | None]:
        """How many users the requests are of, and what those cost that failed.

        None where too many requests would have to be read, or where no cost is known.
        """
        whole = await self._read(part, during, failed=False)
        users = None if whole is None else whole[0]
        if not part.failed:
            return users, 0.0
        failed = whole or await self._read(part, during, failed=True)
        return users, None if failed is None else failed[1]

    async def _read(
        self, part: _Part, during: Period, *, failed: bool
    ) -> tuple[int, float | None] | None:
        places, count = await asyncio.to_thread(part.places, failed=failed)
        if len(places) > _PLACES_AT_MOST or count > COUNTED_AT_MOST:
            return None
        ids = list(self.columns.cells.rows)
        (row,) = await self._store.ask(
            "reached_requests",
            scope=self._scope,
            places=[[ids[cell], hour] for cell, hour in places],
            start=during.start.isoformat(),
            end=during.end.isoformat(),
            knownAt=(self._known_at or _FOREVER).isoformat(),
        )
        cost_usd = row["failedNanoUsd"] / 1e9 if row["failedWithCost"] else None
        return row["users"], cost_usd

    async def slos(self, traffic: Traffic, *, at: datetime) -> tuple[str, ...]:
        """The objectives then in force whose slice the traffic meets."""
        if not len(traffic.cell):
            return ()
        told = await objectives(self._store, at=at, known_at=self._known_at, scope=self._scope)
        return await asyncio.to_thread(_meeting, told, traffic, self.columns.cells)


def _meeting(told: Sequence[Objective], traffic: Traffic, cells: CellTable) -> tuple[str, ...]:
    """The objectives whose slice some traffic meets, by name."""
    rows = np.unique(traffic.cell)
    met = {f"{one.tenant}/{one.id}" for one in told if cells.matches(one.slice)[rows].any()}
    return tuple(sorted(met))


@dataclass(frozen=True, slots=True)
class _Comparison:
    """What was reached, what it is compared with, and the traffic of both."""

    found: Reached
    baseline: Baseline | None
    was: _Part
    part: _Part


async def _compared(
    event: CandidateCause, during: Period, world: _World, *, now: datetime
) -> _Comparison:
    """What an event reached, and the like of it before."""
    known = await world.deployments(during.end)
    after, history = await world.traffic(during), await world.history(during)

    async def reached() -> Reached:
        # Cells become known as traffic is read, by this question and by others.
        keys = tuple(world.columns.cells.keys)
        return await asyncio.to_thread(reached_by, event, keys, served=after[0].cell, known=known)

    first = _first_hour(history, (await reached()).before)
    compared = baseline(during, first_hour=first, now=now)
    before = (Traffic(), Scores()) if compared is None else await world.traffic(compared.period)
    found = await reached()
    was = await asyncio.to_thread(_Part.of, before, found.before, found.judges, world.columns)
    part = await asyncio.to_thread(_Part.of, after, found.during, found.judges, world.columns)
    return _Comparison(found, compared, was, part)


def _summed(
    event: CandidateCause,
    during: Period,
    told: _Comparison,
    people: tuple[int | None, float | None],
    reached_slos: tuple[str, ...],
    cells: CellTable,
) -> Impact:
    """What the reached traffic comes to, beside that before. Pure."""
    found, compared, was, part = told.found, told.baseline, told.was, told.part
    users, failed_cost_usd = people
    extra = extra_cost(part.traffic, was.traffic, cells)
    places = _deployments(part, found, cells)
    countable = compared is not None and not found.partial
    return Impact(
        of=EntityRef(event.node, event.id),
        title=event.title,
        during=during,
        compared_to=None if compared is None else compared.period,
        baseline=None if compared is None else compared.words,
        deployments=places,
        backends=tuple(sorted({name.rpartition("@")[2] for name in places if "@" in name})),
        models=tuple(sorted({name.rpartition("@")[0] for name in places if "@" in name})),
        requests=part.requests,
        requests_before=was.requests if countable else None,
        failed=part.failed,
        failed_expected=was.failed / was.requests * part.requests if was.requests else None,
        users=users,
        tenants=tuple(sorted({cells.keys[row].tenant for row in part.cells})),
        tiers=_tiers(part, cells.keys),
        displaced=part.counted(found.displaced),
        latency_ms_p95_before=was.latency_ms_p95,
        latency_ms_p95_after=part.latency_ms_p95,
        quality_before=was.quality,
        quality_after=part.quality,
        scored_before=None if compared is None else was.scored,
        scored_after=part.scored,
        cost_usd=part.cost_usd,
        failed_cost_usd=failed_cost_usd,
        extra_cost_usd=None if extra is None else extra.usd,
        extra_cost_low_usd=None if extra is None else extra.low_usd,
        extra_cost_high_usd=None if extra is None else extra.high_usd,
        slos=reached_slos,
    )


async def _told(
    store: GraphStore, *, incident: str | None, change: str | None, known_at: datetime | None
) -> CandidateCause | None:
    """The event; None where nothing was told of it."""
    policy, _, version = (change or "").rpartition("@")
    rows = await store.ask(
        "event",
        incident=incident,
        change=change,
        policy=policy,
        version=version,
        knownAt=(known_at or _FOREVER).isoformat(),
    )
    if not rows:
        return None
    row = min(rows, key=lambda one: _NODES.index(one["node"]))
    last = latest(row["told"])
    return merged(row["node"], row["id"], row["told"], start=last, end=last + _MOMENT)


_NODES = ("incident", "change", "policy_version", "experiment")


def latest(told: Sequence[Telling]) -> datetime:
    """When a thing took effect last: what was published or begun several times is looked at from
    then on. The end of an experiment is no beginning of one. Pure.
    """
    begun = [one for one in told if one.get("status") in (None, "running")] or told
    return instant(begun[-1]["at"])


def _first_hour(history: Traffic, like: Mask) -> datetime | None:
    hours = history.hour[like[history.cell]]
    return datetime.fromtimestamp(int(hours.min()), UTC) if len(hours) else None


def _deployments(part: _Part, reached: Reached, cells: CellTable) -> tuple[str, ...]:
    served = {cells.keys[row].deployment for row in part.cells if not reached.displaced[row]}
    return tuple(sorted(reached.lost | served))


def _tiers(part: _Part, keys: Sequence[CellKey]) -> tuple[TierImpact, ...]:
    rows = part.cells
    names = sorted({keys[row].tier for row in rows})
    number = {name: n for n, name in enumerate(names)}
    tier_of = np.zeros(max(rows, default=-1) + 1, dtype=np.int64)
    tier_of[rows] = [number[keys[row].tier] for row in rows]
    group = tier_of[part.traffic.cell]
    count, ok = (
        np.bincount(group, weights=part.traffic.measure(name), minlength=len(names))
        for name in ("count", "okCount")
    )
    return tuple(
        TierImpact(name, int(count[n]), int(count[n] - ok[n])) for n, name in enumerate(names)
    )
