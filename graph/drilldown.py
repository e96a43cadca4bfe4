"""Single requests of a slice, the first in an order: newest, slowest, worst scored, dearest.

The buckets tell what no request of an hour of a cell can be beyond (the highest bin of its latency
sketch, its sums and squares, when its last one arrived), so that only those hours of cells are read
that may hold one of the first.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import numpy as np

from graph.buckets import LARGEST_SUM
from graph.columns import HOUR_S, BucketColumns
from graph.errors import InvalidInput
from graph.estimates import Array
from graph.facts import hour_of
from graph.frame import Ints, Scores, Traffic
from graph.model.traffic import ARRIVAL_STEP_MINUTES, ARRIVALS
from graph.requests import Request, requests_of
from graph.scope import TenantScope
from graph.sketch import GAMMA, TOP_BIN, ZERO_BIN
from graph.slices import Period, Slice
from graph.store.door import GraphStore

LONGEST: Final = timedelta(days=31)
MOST: Final = 100
LOOKED_AT_MOST: Final = 400_000
"""Requests that one answer may look at, so that none takes longer than a few seconds."""
_AT_ONCE: Final = 20_000
_PLACES_AT_ONCE: Final = 2_000
_FIRST_LOOK: Final = 200
_HOUR: Final = timedelta(hours=1)
_MOMENT: Final = timedelta(microseconds=1)
_LOOK_BACK: Final = (6 * _HOUR, timedelta(days=1), timedelta(days=7), LONGEST)
_FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_MICRO: Final = 1_000_000
_ROUNDING: Final = 1e-9
"""Scores and their squares are kept to 1e-9; other bounds are exact but for a float's rounding."""
_CELL_BITS: Final = 32
_CELLS: Final = (1 << _CELL_BITS) - 1
"""A place in one number: the hour above, the row of the cell in the lowest bits."""


class RequestOrder(StrEnum):
    """Which requests come first; those that are equal come by their ids."""

    NEWEST = "NEWEST"
    SLOWEST = "SLOWEST"
    WORST_SCORED = "WORST_SCORED"
    DEAREST = "DEAREST"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for. Requests not known by `known_at` (None: now) are left out."""

    during: Period
    where: Slice
    order: RequestOrder
    failed: bool
    first: int
    scope: TenantScope
    known_at: datetime | None

    def __post_init__(self) -> None:
        if not 1 <= self.first <= MOST:
            raise InvalidInput(f"must be from 1 to {MOST}", field="first")
        if self.during.end - self.during.start > LONGEST:
            days = (self.during.end - self.during.start) / timedelta(days=1)
            raise InvalidInput(
                f"{days:.0f} days are too long (at most {LONGEST.days}); choose a shorter period",
                field="during",
            )


@dataclass(frozen=True, slots=True)
class Places:
    """Hours of cells that may hold requests that are looked for, in no order.

    `bound` is what the rank of none of their requests lies below (ranks rise from the first on),
    `count` how many requests there are to look through.
    """

    cell: Ints
    hour: Ints
    count: Ints
    bound: Array

    def by_bound(self) -> "Places":
        """The most promising first."""
        return self.taken(np.lexsort((self.cell, self.hour, self.bound)))

    def taken(self, rows: Any) -> "Places":
        """Some of them, by a mask, a slice or their numbers."""
        return Places(self.cell[rows], self.hour[rows], self.count[rows], self.bound[rows])


Found = tuple[float, str, str]
"""Rank, id and tenant of a request: in the order of the answer."""


async def requests(
    store: GraphStore,
    columns: BucketColumns,
    *,
    during: Period,
    where: Slice,
    order: RequestOrder = RequestOrder.NEWEST,
    failed: bool = False,
    first: int = 20,
    scope: TenantScope,
    known_at: datetime | None = None,
) -> list[Request]:
    """The first requests of a slice in an order; `failed` keeps those that did not end well.

    WORST_SCORED holds those with a score (the lowest mean of their evaluators' first), DEAREST
    those whose cost is known. Raises InvalidInput for more than 31 days, for less than 1 or more
    than 100 requests, and where more than 400,000 would have to be looked at; GraphUnavailable.
    """
    asked = Asked(during, where, order, failed, first, scope, known_at)
    search = _Search(store, columns, asked)
    held: list[Found] = []
    for span in spans_of(during, newest_first=order is RequestOrder.NEWEST):
        held = await search.among(span, held)
        if order is RequestOrder.NEWEST and len(held) == first:
            break
    keys = [(tenant, one) for _, one, tenant in held]
    return await requests_of(store, keys, scope=scope, known_at=known_at)


class _Search:
    """One search: where it may look, and how much it looked at."""

    def __init__(self, store: GraphStore, columns: BucketColumns, asked: Asked) -> None:
        self._store, self._columns, self._asked = store, columns, asked
        self._looked_at = 0

    async def among(self, span: Period, held: list[Found]) -> list[Found]:
        """The first of those held and those of a span of the period."""
        first = self._asked.first
        places = await self._places(
            Period(hour_of(span.start), hour_of(span.end - _MOMENT) + _HOUR)
        )
        for batch in batches(places):
            hopeful = batch
            if len(held) == first:
                hopeful = batch.taken(batch.bound <= held[-1][0])
            if not len(hopeful.hour):
                break
            self._looked_at += int(hopeful.count.sum())
            if self._looked_at > LOOKED_AT_MOST:
                raise InvalidInput(
                    f"more than {LOOKED_AT_MOST:,} requests would have to be looked at; "
                    "choose a shorter period or a narrower slice",
                    field="during",
                )
            held = sorted({*held, *await self._read(span, hopeful)})[:first]
        return held

    async def _places(self, span: Period) -> Places:
        """Where to look, the most promising first."""
        if self._asked.where.user is not None:
            return (await self._hours_of_users(span)).by_bound()
        # Percentiles are most of what there is to copy, and tell only what was slow.
        sketches = self._asked.order is RequestOrder.SLOWEST
        traffic, scores = await self._columns.load(
            start=span.start, end=span.end, scope=self._asked.scope, sketches=sketches
        )
        # Of a long span there may be a million rows; others are answered meanwhile.
        return await asyncio.to_thread(self._promising, traffic, scores)

    def _promising(self, traffic: Traffic, scores: Scores) -> Places:
        inside = self._columns.cells.matches(self._asked.where)
        places = places_of(
            traffic.take(inside[traffic.cell]), scores.take(inside[scores.cell]), self._asked
        )
        return places.by_bound()

    async def _hours_of_users(self, span: Period) -> Places:
        """The hours in which the users sent requests; nothing tells how these went."""
        rows = await self._store.ask(
            "user_request_counts",
            scope=self._asked.scope,
            users=sorted(self._asked.where.user or ()),
            start=span.start.isoformat(),
            end=span.end.isoformat(),
        )
        counts: dict[int, int] = {}
        for row in rows:
            counts[row["hour"] * HOUR_S] = counts.get(row["hour"] * HOUR_S, 0) + row["requests"]
        hours = np.array(sorted(counts), dtype=np.int64)
        latest_us = (hours + HOUR_S).astype(np.float64) * _MICRO
        newest = self._asked.order is RequestOrder.NEWEST
        return Places(
            cell=np.zeros(len(hours), dtype=np.int64),
            hour=hours,
            count=np.array([counts[hour] for hour in hours.tolist()], dtype=np.int64),
            bound=-latest_us if newest else np.full_like(latest_us, -np.inf),
        )

    async def _read(self, span: Period, batch: Places) -> list[Found]:
        asked = self._asked
        given: dict[str, Any] = {
            "knownAt": (asked.known_at or _FOREVER).isoformat(),
            "start": span.start.isoformat(),
            "end": span.end.isoformat(),
            "failed": asked.failed,
            "first": asked.first,
        }
        name = "worst_scored_requests"
        if asked.order is not RequestOrder.WORST_SCORED:
            name, given["order"] = "leading_requests", asked.order.value
        if asked.where.user is None:
            ids = list(self._columns.cells.rows)
            given["places"] = [
                [ids[cell], int(hour)] for cell, hour in zip(batch.cell, batch.hour, strict=True)
            ]
        else:
            name += "_of_users"
            given |= await self._of_users(span, batch)
        rows = await self._store.ask(name, scope=asked.scope, **given)
        return [(float(row["rank"]), row["id"], row["tenant"]) for row in rows]

    async def _of_users(self, span: Period, batch: Places) -> dict[str, Any]:
        """Whose requests of which part of a span, and of which cells where the slice names more."""
        where = self._asked.where
        hours = [datetime.fromtimestamp(int(edge(batch.hour)), UTC) for edge in (np.min, np.max)]
        part = Period(max(span.start, hours[0]), min(span.end, hours[1] + _HOUR))
        cells: list[str] | None = None
        if where.given().keys() != {"user"}:
            traffic, _ = await self._columns.load(
                start=hours[0],
                end=hours[1] + _HOUR,
                scope=self._asked.scope,
                sketches=False,
            )
            ids, inside = list(self._columns.cells.rows), self._columns.cells.matches(where)
            cells = [ids[row] for row in np.unique(traffic.cell) if inside[row]]
        return {
            "users": sorted(where.user or ()),
            "cells": cells,
            "start": part.start.isoformat(),
            "end": part.end.isoformat(),
        }


def spans_of(during: Period, *, newest_first: bool) -> list[Period]:
    """The spans that are looked through one after another: where the newest come first, the last
    few hours, then more and more, so that no more is loaded than is needed; else the whole.
    """
    if not newest_first:
        return [during]
    spans: list[Period] = []
    end = during.end
    for length in _LOOK_BACK:
        start = max(during.start, hour_of(end - length))
        spans.append(Period(start, end))
        if start == during.start:
            break
        end = start
    return spans


def batches(places: Places) -> Iterator[Places]:
    """The places in turn, few requests at first and then more at once."""
    reached = np.cumsum(places.count)
    begin, most = 0, _FIRST_LOOK
    while begin < len(reached):
        before = reached[begin - 1] if begin else 0
        end = int(np.searchsorted(reached, before + most, side="right"))
        end = min(max(end, begin + 1), begin + _PLACES_AT_ONCE)
        yield places.taken(slice(begin, end))
        begin, most = end, min(most * 5, _AT_ONCE)


def places_of(traffic: Traffic, scores: Scores, asked: Asked) -> Places:
    """The hours of cells that may hold what is looked for, of the rows of a slice. Pure."""
    order, known = asked.order, asked.known_at
    keep = traffic.measure("count") > 0
    if known is not None:
        keep &= traffic.recorded_hour <= hour_of(known).timestamp()
        scores = scores.take(scores.recorded_hour <= hour_of(known).timestamp())
    if asked.failed:
        keep &= traffic.measure("count") > traffic.measure("okCount")
    if order is RequestOrder.DEAREST:
        keep &= traffic.measure("costCount") > 0
    kept = traffic.take(keep)
    codes, group = np.unique(_codes(kept.cell, kept.hour), return_inverse=True)
    bound = np.full(len(codes), np.inf)
    match order:
        case RequestOrder.NEWEST:
            np.minimum.at(bound, group, _newest(kept))
        case RequestOrder.SLOWEST:
            np.minimum.at(bound, group, _slowest(kept))
        case RequestOrder.DEAREST:
            np.minimum.at(bound, group, _dearest(kept))
        case RequestOrder.WORST_SCORED:
            bound = _worst(scores, codes, known)
    count = np.bincount(group, weights=kept.measure("count"), minlength=len(codes))
    places = Places(
        cell=codes & _CELLS,
        hour=(codes >> _CELL_BITS) * HOUR_S,
        count=count.astype(np.int64),
        bound=bound,
    )
    return places.taken(bound < np.inf)


def _codes(cell: Ints, hour: Ints) -> Ints:
    return (hour // HOUR_S << _CELL_BITS) | cell


def _newest(traffic: Traffic) -> Array:
    """The end of the last ten minutes in which requests arrived; of the hour where that is open."""
    arrivals = np.stack([traffic.measure(name) for name in ARRIVALS], axis=1)
    steps = len(ARRIVALS) - np.argmax(arrivals[:, ::-1] > 0, axis=1)
    steps[arrivals.sum(axis=1) < traffic.measure("count")] = len(ARRIVALS)
    return -(traffic.hour + steps * ARRIVAL_STEP_MINUTES * 60) * float(_MICRO)


def _slowest(traffic: Traffic) -> Array:
    """The upper end of the highest bin."""
    highest = np.full(len(traffic.cell), ZERO_BIN - 1)
    np.maximum.at(highest, traffic.latency.row, traffic.latency.bin)
    told = (highest >= ZERO_BIN) & (highest < TOP_BIN)
    ends = GAMMA ** np.where(told, highest, 0).astype(np.float64)
    return np.where(told, -ends * (1 + _ROUNDING), -np.inf)


def _dearest(traffic: Traffic) -> Array:
    """No value lies further above the mean of n than sqrt(n - 1) deviations (Samuelson 1968)."""
    n = traffic.measure("costCount").astype(np.float64)
    mean = traffic.measure("costSumNanoUsd") / 1e3 / n
    squares = traffic.measure("costSquaresMicroUsd2")
    # Each square is kept to the next whole (1e-6 US dollars)².
    deviation = np.sqrt(np.maximum(squares / n - mean**2, 0.0) + 0.5)
    highest_usd = (mean + deviation * np.sqrt(n - 1)) * (1 + _ROUNDING) / _MICRO + _ROUNDING
    return np.where(squares < LARGEST_SUM, -highest_usd, -np.inf)


def _worst(scores: Scores, codes: Ints, known_at: datetime | None) -> Array:
    """The lowest score that is possible in each place (as `_dearest`); infinite without scores.

    The mean of a request's scores is at least the lowest of them.
    """
    bound = np.full(len(codes), np.inf)
    places = _codes(scores.cell, scores.hour)
    inside = np.isin(places, codes)
    whole = np.ones(len(inside), dtype=np.bool_)
    if known_at is not None:
        # What became known within that very hour is told apart only by the scores themselves.
        whole = scores.recorded_hour < hour_of(known_at).timestamp()
        bound[np.searchsorted(codes, places[inside & ~whole])] = -np.inf
    rows = scores.take(inside & whole)
    at = np.searchsorted(codes, _codes(rows.cell, rows.hour))
    keys, group = np.unique((at << _CELL_BITS) | rows.evaluator, return_inverse=True)
    n, total, squares = (
        np.bincount(group, weights=each, minlength=len(keys))
        for each in (rows.count, rows.sum_nano / 1e9, rows.squares_nano / 1e9)
    )
    told = n > 0
    n, total, squares = n[told], total[told], squares[told]
    mean = total / n
    deviation = np.sqrt(np.maximum(squares / n - mean**2, 0.0) + 2 * _ROUNDING)
    lowest = mean - deviation * np.sqrt(n - 1) - 2 * _ROUNDING
    np.minimum.at(bound, keys[told] >> _CELL_BITS, lowest)
    return bound
