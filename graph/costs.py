"""Hours that cost more than was to be expected: where, and why."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from graph.causes.candidates import CandidateCause
from graph.causes.happenings import candidate_causes
from graph.causes.investigation import Cause
from graph.causes.why import why_changed
from graph.columns import BucketColumns
from graph.costing.anomalies import Episode, episodes
from graph.costing.spend import HOUR_S, as_slice, spend
from graph.costing.surprise import CostDriver
from graph.costing.suspects import named
from graph.errors import InvalidInput
from graph.frame import CellTable, Traffic
from graph.scope import TenantScope
from graph.slices import EntityRef, Granularity, Metric, Period, Slice, floor
from graph.store.door import GraphStore
from graph.traffic import known_traffic

HISTORY = timedelta(days=35)
"""How far before the period is looked, so that the same day of the month before is known."""
LONGEST = timedelta(days=92)
MOST_INVESTIGATED = 5
"""Anomalies of an answer whose causes are asked for; the dearest ones."""
_WEEK = timedelta(days=7)
_HOUR = timedelta(hours=1)
_METRICS = {
    CostDriver.VOLUME: Metric.VOLUME,
    CostDriver.ROUTE: Metric.COST_PER_REQUEST,
    CostDriver.TOKENS: Metric.COST_PER_REQUEST,
    CostDriver.PRICE: Metric.COST_PER_REQUEST,
}


@dataclass(frozen=True, slots=True)
class CostAnomaly:
    """Hours in a row in which a slice cost more than its interval; money of all of them together.

    `at` is where the first begins, `until` where the last ends. `where` is the slice, empty for
    the whole. `causes` come from the investigation of that name; where that holds none
    responsible, they are events that name the slice and came as it became dear (see
    `graph/costing/suspects.py`). `driver` is what made it dear: `expected_usd` is what the slice
    would have cost had that been as it used to be, with `requests_expected` requests, and
    `score` how many standard errors `spent_usd` is above it.
    """

    at: datetime
    until: datetime
    where: tuple[EntityRef, ...]
    spent_usd: float
    expected_usd: float
    high_usd: float
    requests: int
    causes: tuple[Cause, ...]
    investigation: str | None
    driver: CostDriver = CostDriver.VOLUME
    requests_expected: float = 0.0
    score: float = 0.0

    @property
    def excess_usd(self) -> float:
        """What was spent beyond what was expected."""
        return self.spent_usd - self.expected_usd


async def cost_anomalies(
    store: GraphStore,
    columns: BucketColumns,
    *,
    during: Period,
    scope: TenantScope,
    known_at: datetime | None = None,
    now: datetime,
) -> list[CostAnomaly]:
    """Slices and hours that cost more than was to be expected before, the first first.

    Hours of which a part lies in the period are looked at whole; one that is still going on, as far
    as it has passed. Whatever was recorded after `known_at` is left out. Raises InvalidInput for a
    period of more than 92 days, GraphUnavailable.
    """
    if during.end - during.start > LONGEST:
        raise InvalidInput(
            f"is longer than {LONGEST.days} days; choose a shorter period", field="during"
        )
    known = min(known_at or now, now)
    end = min(during.end, known)
    start = floor(during.start, Granularity.HOUR)
    if end <= during.start:
        return []
    traffic, _ = await known_traffic(
        store,
        columns,
        during=Period(start - HISTORY, end),
        where=Slice(),
        scope=scope,
        known_at=known_at,
        scored=False,
    )
    found = await asyncio.to_thread(anomalies_in, traffic, columns.cells, during=Period(start, end))
    dearest = sorted(found, key=lambda one: -one.excess_usd)[:MOST_INVESTIGATED]
    if not dearest:
        return found
    candidates = await candidate_causes(
        store, start=min(one.at for one in dearest) - _HOUR, end=end, known_at=known_at
    )
    told = {
        id(one): await _investigated(
            store, columns, one, candidates, scope=scope, known_at=known_at, now=now
        )
        for one in dearest
    }
    return [told.get(id(one), one) for one in found]


def anomalies_in(traffic: Traffic, cells: CellTable, *, during: Period) -> list[CostAnomaly]:
    """The anomalies of a period (from a whole hour on) without their causes, the first first.

    `traffic` is what is known of the period and of the time before it. Pure.
    """
    if not len(traffic.cell):
        return []
    first_s, end_s = int(during.start.timestamp()), int(during.end.timestamp())
    start_s = min(int(traffic.hour.min()), first_s)
    end_s = max(end_s, first_s + 1)
    told = spend(traffic, cells, start_s=start_s, end_s=end_s, judged_from_s=first_s)
    judged_from = (first_s - start_s) // HOUR_S
    if not told.cost_usd[:, judged_from:].any():
        return []
    found = episodes(told, judged_from=judged_from)
    anomalies = [_anomaly(one, start_s=start_s, end=during.end) for one in found]
    return sorted(anomalies, key=lambda one: (one.at, -one.excess_usd))


def _anomaly(one: Episode, *, start_s: int, end: datetime) -> CostAnomaly:
    at = datetime.fromtimestamp(start_s + one.first * HOUR_S, UTC)
    expected_usd = one.spent_usd - one.excess_usd
    share = expected_usd / one.spent_usd if one.spent_usd > 0 else 0.0
    return CostAnomaly(
        at=at,
        until=min(at + (one.last + 1 - one.first) * _HOUR, end),
        where=one.where,
        spent_usd=one.spent_usd,
        expected_usd=expected_usd,
        high_usd=expected_usd + one.bearable_usd,
        requests=one.requests,
        causes=(),
        investigation=None,
        driver=one.driver,
        requests_expected=one.requests * (share if one.driver is CostDriver.VOLUME else 1.0),
        score=one.score,
    )


async def _investigated(
    store: GraphStore,
    columns: BucketColumns,
    one: CostAnomaly,
    candidates: Sequence[CandidateCause],
    *,
    scope: TenantScope,
    known_at: datetime | None,
    now: datetime,
) -> CostAnomaly:
    """The anomaly with its causes.

    Cost per request is compared with the whole week before, as it hardly knows hours of the day.
    """
    metric = _METRICS[one.driver]
    found = await why_changed(
        store,
        columns,
        metric=metric,
        during=Period(one.at, one.until),
        compared_to=None if metric is Metric.VOLUME else Period(one.at - _WEEK, one.at),
        where=as_slice(one.where),
        scope=scope,
        known_at=known_at,
        now=now,
    )
    dearer = tuple(cause for cause in found.causes if cause.contribution > 0)
    rises = found.delta is None or found.delta > 0
    causes = (
        dearer
        if rises and dearer
        else named(
            one.where,
            driver=one.driver,
            began=one.at,
            expected_usd=one.expected_usd,
            candidates=candidates,
        )
    )
    return replace(one, causes=causes, investigation=found.id)
