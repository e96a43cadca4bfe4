"""Budgets: what is spent, how fast, and when it runs out, with the forecast behind it.

Spent is the sum of the costs of the requests that arrived in the period, from buckets, as the
routing view counts it too. What is enforced there is not decided here.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from graph.columns import BucketColumns
from graph.costing.plans import FOREVER, Plan, planned, users_planned
from graph.costing.runout import HOUR, bounds, burn_rate, course, passed_at
from graph.demand import HISTORY, grouped, last_step
from graph.errors import InvalidInput
from graph.facts import hour_of
from graph.forecasting.history import History, together
from graph.frame import CellTable, Ints, Mask, SketchColumn, Traffic
from graph.hot.accounts import NANO
from graph.scope import TenantScope
from graph.slices import Demand, EntityRef, Period, Slice
from graph.store.door import GraphStore
from graph.traffic import known_traffic

USERS_AT_MOST: Final = 200
"""Users told of, those first who used the greatest share."""
_FINELY: Final = 25
"""Users, from the most used on, whose next hours are forecast as a tenant's are."""
_USER_HISTORY: Final = timedelta(days=7)
_USERS_AT_ONCE: Final = 1_000
_READ_ONE_BY_ONE: Final = 100_000
"""Requests in the hours in which limits were passed, above which these are told less finely."""
_S_PER_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Budget:
    """One budget in the period that an instant lies in; money in US dollars.

    `where` is what it is for: empty for all of the tenant's requests. `burn_rate` is what is spent
    over what an even spending would have spent by then: above 1 it does not last. `forecast_usd`
    is what the period is expected to cost in all, with its 80 % interval. `exhausted_at` is when
    it was or is expected to be used up within the period; None where it lasts. `requests` arrived
    in the period.
    """

    id: str
    tenant: str
    period: str
    where: tuple[EntityRef, ...]
    starts_at: datetime
    ends_at: datetime
    limit_usd: float
    spent_usd: float
    remaining_usd: float
    burn_rate: float
    forecast_usd: float | None
    forecast_low_usd: float | None
    forecast_high_usd: float | None
    exhausted_at: datetime | None
    requests: int
    method: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """What a budget's requests cost in 1e-9 US dollars, by the hours (epoch seconds) of its period.

    `history` is their cost by hours before and within it, None where nothing ever cost anything;
    `like` one whose shape it may borrow; `plain` asks for a cheaper forecast.
    """

    hours: Ints
    nano_usd: Ints
    requests: int
    history: History | None
    like: History | None = None
    plain: bool = False

    @property
    def total(self) -> int:
        """All of it, to the last 1e-9 US dollars."""
        return int(self.nano_usd.sum())


async def budgets(
    store: GraphStore,
    columns: BucketColumns,
    *,
    tenant: str | None,
    at: datetime | None,
    known_at: datetime | None = None,
    scope: TenantScope,
    now: datetime,
) -> list[Budget]:
    """Every budget that the scope may see (of `tenant` alone, where given) at `at` (None: now).

    By tenant; with `tenant` those of its users follow, the most used first. What became known
    after `known_at` is left out. Raises InvalidInput where `at` lies ahead, and GraphUnavailable.
    """
    if at is not None and at > now:
        raise InvalidInput("lies ahead; leave it out to ask about now", field="at")
    if tenant is not None and tenant not in scope:
        return []
    asked = scope if tenant is None else TenantScope.of(tenant)
    instant = at or now
    # Of now whole hours: a sender's clock may be ahead, and nothing is read singly.
    then = _Then(instant, hour_of(now) + HOUR if at is None else at, known_at)
    plans = await planned(store, asked=asked, scope=scope, at=instant, known_at=known_at)
    found: list[Budget] = []
    if plans:
        traffic = await _traffic(store, columns, plans, then)
        # Other callers' requests go on while this one is thought about.
        told = await asyncio.to_thread(cut, traffic, columns.cells, plans, at=instant)
        found = await asyncio.to_thread(_told, plans, told, at=instant)
        found = await _exactly(store, columns, plans, told, found, then)
    if tenant is not None:
        found += await _of_users(store, tenant, then)
    return found


@dataclass(frozen=True, slots=True)
class _Then:
    """The instant that is asked about, until when requests count, and what was known when."""

    at: datetime
    until: datetime
    known_at: datetime | None


async def _traffic(
    store: GraphStore, columns: BucketColumns, plans: Sequence[Plan], then: _Then
) -> Traffic:
    """All that the plans count, from the start of their periods or of what forecasts look at."""
    traffic, _ = await known_traffic(
        store,
        columns,
        during=Period(
            min(
                hour_of(last_step(then.at) - HISTORY),
                *(bounds(plan.period, then.at)[0] for plan in plans),
            ),
            then.until,
        ),
        where=Slice(),
        scope=TenantScope.of(*(plan.counted for plan in plans)),
        known_at=then.known_at,
        scored=False,
    )
    return replace(traffic, latency=SketchColumn(), ttft=SketchColumn())


def cut(traffic: Traffic, cells: CellTable, plans: Sequence[Plan], *, at: datetime) -> list[Spent]:
    """What each plan counts of all their traffic. Pure."""
    tenant = np.array([key.tenant for key in cells.keys], dtype=object)[traffic.cell]
    parts = {name: traffic.take(tenant == name) for name in {plan.counted for plan in plans}}
    slices: dict[Slice, tuple[Traffic, History | None]] = {}
    for plan in plans:
        if plan.slice not in slices:
            part = parts[plan.counted]
            part = part.take(_counted(part.cell, cells, plan))
            slices[plan.slice] = part, history_of(part, until=last_step(at))
    return [
        spent_of(part, plan.period, at=at, history=history)
        for plan in plans
        for part, history in (slices[plan.slice],)
    ]


def _counted(rows: Ints, cells: CellTable, plan: Plan) -> Mask:
    """For rows by their cells, whether a plan counts them."""
    used, place = np.unique(rows, return_inverse=True)
    table = CellTable()
    for cell in used:
        table.add(str(cell), cells.keys[int(cell)])
    return table.matches(plan.slice)[place]


def history_of(traffic: Traffic, *, until: datetime) -> History | None:
    """What traffic cost by hours that end at a whole step of ten minutes. Pure."""
    size = HISTORY // HOUR
    found = grouped(
        traffic,
        [()] * (int(traffic.cell.max(initial=-1)) + 1),
        of=Demand.COST,
        start=until - size * HOUR,
        step=HOUR,
        size=size,
        group_by=(),
    )
    return found[0].history if found else None


def spent_of(traffic: Traffic, period: str, *, at: datetime, history: History | None) -> Spent:
    """What traffic cost in the period of an instant. Pure."""
    start_s = int(bounds(period, at)[0].timestamp())
    inside = traffic.take(traffic.hour >= start_s)
    place = (inside.hour - start_s) // _S_PER_HOUR
    # Integers all the way: sums of floats would depend on their order.
    sums = np.zeros(int(place.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(sums, place, inside.measure("costSumNanoUsd"))
    return Spent(
        hours=start_s + _S_PER_HOUR * np.arange(len(sums), dtype=np.int64),
        nano_usd=sums,
        requests=int(inside.measure("count").sum()),
        history=history,
    )


def _told(plans: Sequence[Plan], told: Sequence[Spent], *, at: datetime) -> list[Budget]:
    return [budget(plan, spent, at=at) for plan, spent in zip(plans, told, strict=True)]


def budget(plan: Plan, spent: Spent, *, at: datetime) -> Budget:
    """A budget at an instant; a limit passed in the past is told by the hour. Pure."""
    starts_at, ends_at = bounds(plan.period, at)
    spent_usd = spent.total / NANO
    ahead = course(spent.history, until=ends_at, like=spent.like, plain=spent.plain)
    low, middle, high = (None, None, None)
    exhausted_at: datetime | None = None
    if ahead is not None:
        low, middle, high = (spent_usd + part for part in ahead.between(at, ends_at))
    passed = passed_at(spent.hours, spent.nano_usd, before=0, limit=_nano(plan))
    if passed is not None:
        # Within that hour as if it had been spent evenly.
        hour = int(np.searchsorted(spent.hours, passed))
        before, whole = int(spent.nano_usd[:hour].sum()), int(spent.nano_usd[hour])
        share = (_nano(plan) - before) / whole if whole else 0.0
        exhausted_at = min(datetime.fromtimestamp(passed, UTC) + share * HOUR, at)
    elif ahead is not None:
        left_usd = max(plan.limit_usd - spent_usd, 1 / NANO)
        exhausted_at = ahead.spends(left_usd, since=at, until=ends_at)
    return Budget(
        id=plan.id,
        tenant=plan.tenant,
        period=plan.period,
        where=plan.where,
        starts_at=starts_at,
        ends_at=ends_at,
        limit_usd=plan.limit_usd,
        spent_usd=spent_usd,
        remaining_usd=plan.limit_usd - spent_usd,
        burn_rate=burn_rate(
            spent_usd=spent_usd,
            limit_usd=plan.limit_usd,
            elapsed=at - starts_at,
            of=ends_at - starts_at,
        ),
        forecast_usd=middle,
        forecast_low_usd=low,
        forecast_high_usd=high,
        exhausted_at=exhausted_at,
        requests=spent.requests,
        method=None if ahead is None else ahead.method,
    )


def _nano(plan: Plan) -> int:
    return round(plan.limit_usd * NANO)


async def _exactly(
    store: GraphStore,
    columns: BucketColumns,
    plans: Sequence[Plan],
    told: Sequence[Spent],
    found: Sequence[Budget],
    then: _Then,
) -> list[Budget]:
    """The same, limits passed in the past told by the request that passed them."""
    passed = [
        passed_at(spent.hours, spent.nano_usd, before=0, limit=_nano(plan))
        for plan, spent in zip(plans, told, strict=True)
    ]
    hours = sorted({hour for hour in passed if hour is not None})
    if not hours:
        return list(found)
    scope = TenantScope.of(
        *(plan.counted for plan, hour in zip(plans, passed, strict=True) if hour is not None)
    )
    (count,) = await store.ask("requests_in_hours", scope=scope, hours=hours)
    if int(count["requests"] or 0) > _READ_ONE_BY_ONE:
        return list(found)
    (row,) = await store.ask(
        "request_costs",
        scope=scope,
        hours=hours,
        start=datetime.fromtimestamp(hours[0], UTC).isoformat(),
        end=then.until.isoformat(),
        knownAt=(then.known_at or FOREVER).isoformat(),
    )
    await columns.ensure_cells(row["cell"], scope=scope)
    singles = _Singles(
        np.array([columns.cells.rows[cell] for cell in row["cell"]], dtype=np.int64),
        np.array(row["at"], dtype=np.int64),
        np.array(row["nanoUsd"], dtype=np.int64),
    )
    exact: list[Budget] = []
    for plan, spent, one, hour in zip(plans, told, found, passed, strict=True):
        when = None if hour is None else singles.passed(plan, spent, columns.cells, hour=hour)
        exact.append(one if when is None else _exhausted(one, when, at=then.at))
    return exact


def _exhausted(one: Budget, when: int, *, at: datetime) -> Budget:
    return replace(one, exhausted_at=min(datetime.fromtimestamp(when, UTC), at))


@dataclass(frozen=True, slots=True)
class _Singles:
    """What requests cost, second by second: cell, epoch second, 1e-9 US dollars."""

    cell: Ints
    at: Ints
    nano_usd: Ints

    def passed(self, plan: Plan, spent: Spent, cells: CellTable, *, hour: int) -> int | None:
        """The epoch second in which a plan's limit was passed within an hour."""
        inside = (self.at >= hour) & (self.at < hour + _S_PER_HOUR)
        keep = inside & _counted(self.cell, cells, plan)
        before = int(spent.nano_usd[spent.hours < hour].sum())
        return passed_at(self.at[keep], self.nano_usd[keep], before=before, limit=_nano(plan))


@dataclass(frozen=True, slots=True)
class _Steps:
    """What one user's requests cost by step (its start in epoch seconds), 1e-9 US dollars."""

    at: Ints
    nano_usd: Ints
    requests: int


_NOTHING: Final = _Steps(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), 0)


async def _of_users(store: GraphStore, tenant: str, then: _Then) -> list[Budget]:
    """The budgets of a tenant's users, the most used first; at most `USERS_AT_MOST`."""
    plans = await users_planned(store, tenant=tenant, at=then.at, known_at=then.known_at)
    day, hour = bounds("day", then.at)[0], hour_of(then.at)

    async def costs(
        users: Sequence[str], start: datetime, end: datetime, step: int
    ) -> dict[str, _Steps]:
        return await _user_costs(
            store, users, tenant=tenant, during=(start, end), step=step, known_at=then.known_at
        )

    today: dict[str, _Steps] = {}
    for start in range(0, len(plans), _USERS_AT_ONCE):
        some = [plan.user or "" for plan in plans[start : start + _USERS_AT_ONCE]]
        today |= await costs(some, day, then.until, _S_PER_HOUR)

    def unused(plan: Plan) -> tuple[float, str]:
        spent = today.get(plan.user or "", _NOTHING)
        return -int(spent.nano_usd.sum()) / max(_nano(plan), 1), plan.user or ""

    plans = sorted(plans, key=unused)[:USERS_AT_MOST]
    users = [plan.user or "" for plan in plans]
    past = {
        user: _history(steps, end=hour)
        for user, steps in (await costs(users, hour - _USER_HISTORY, hour, _S_PER_HOUR)).items()
    }
    like = together(list(past.values())) if len(past) > 1 else None
    told = [
        Spent(steps.at, steps.nano_usd, steps.requests, past.get(user), like, place >= _FINELY)
        for place, user in enumerate(users)
        for steps in (today.get(user, _NOTHING),)
    ]
    found = await asyncio.to_thread(_told, plans, told, at=then.at)
    over = [one for one in found if one.spent_usd > 0 and one.remaining_usd <= 0]
    names = [ref.id for one in over for ref in one.where]
    singles = await costs(names, day, then.until, 1) if names else {}
    exact: dict[str, Budget] = {}
    for plan, one in zip(plans, found, strict=True):
        steps = singles.get(plan.user or "", _NOTHING)
        when = passed_at(steps.at, steps.nano_usd, before=0, limit=_nano(plan))
        exact[plan.id] = one if when is None else _exhausted(one, when, at=then.at)
    return list(exact.values())


async def _user_costs(
    store: GraphStore,
    users: Sequence[str],
    *,
    tenant: str,
    during: tuple[datetime, datetime],
    step: int,
    known_at: datetime | None,
) -> dict[str, _Steps]:
    """By user, those without requests left out; `step` in seconds."""
    rows = await store.ask(
        "user_costs",
        scope=TenantScope.of(tenant),
        users=sorted(users),
        start=during[0].isoformat(),
        end=during[1].isoformat(),
        knownAt=(known_at or FOREVER).isoformat(),
        step=step,
    )
    told: dict[str, list[tuple[int, int, int]]] = {}
    for row in rows:
        told.setdefault(row["user"], []).append((row["at"], row["nanoUsd"], row["requests"]))
    return {
        user: _Steps(
            np.array([at for at, _, _ in steps], dtype=np.int64),
            np.array([nano for _, nano, _ in steps], dtype=np.int64),
            sum(requests for _, _, requests in steps),
        )
        for user, steps in told.items()
    }


def _history(steps: _Steps, *, end: datetime) -> History:
    """A user's costs by hours, from the first with a request to `end`."""
    first = int(steps.at.min())
    values = np.zeros((int(end.timestamp()) - first) // _S_PER_HOUR)
    values[(steps.at - first) // _S_PER_HOUR] = steps.nano_usd / NANO
    return History(datetime.fromtimestamp(first, UTC), HOUR, values)
