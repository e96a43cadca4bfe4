"""What the graph says tenants and users spent, read only where it may have changed."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from graph.hot.accounts import day_of, day_start, month_start
from graph.hot.allowances.spending import Place
from graph.scope import TenantScope
from graph.store.door import GraphStore

Who = tuple[str, str]
"""Tenant and user; a tenant's own account has an empty user."""

_HOURS_AT_ONCE: Final = 96
_USERS_AT_ONCE: Final = 1_000


class GraphSums:
    """Sums by hour for tenants and by day for users, with what is known of their age."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._hour_versions: dict[Place, int] = {}
        self._users_read_at: dict[Who, datetime] = {}

    async def doubtful(
        self, budgeted: Iterable[Who], *, spenders: Iterable[Who], now: datetime
    ) -> dict[Place, int]:
        """All sums that may be other than when they were read, each with its version.

        Of tenants the hours of this month that were written to since; of users those never read,
        and of `spenders` those read longest ago. Raises `GraphUnavailable`.
        """
        limited = set(budgeted)
        today = day_of(now)
        unread = {who for who in limited if who[1]} - self._users_read_at.keys()
        known = (who for who in spenders if who in limited and who not in unread)
        again = sorted(known, key=lambda who: (self._users_read_at[who], who))[:_USERS_AT_ONCE]
        found = {Place(*who, today): 0 for who in (*unread, *again)}
        tenants = sorted(tenant for tenant, user in limited if not user)
        if tenants:
            (row,) = await self._store.ask(
                "hour_versions",
                scope=TenantScope.of(*tenants),
                start=month_start(now).isoformat(),
                end=(now + timedelta(hours=1)).isoformat(),
            )
            for tenant, hour, version in zip(
                row["tenant"], row["hour"], row["version"], strict=True
            ):
                place = Place(tenant, "", hour // 3_600)
                if self._hour_versions.get(place) != version:
                    found[place] = version
        return found

    def confirm(self, read: Mapping[Place, int], *, now: datetime) -> None:
        """These were read and kept, at least as of these versions."""
        for place, version in read.items():
            if place.user:
                self._users_read_at[place.tenant, place.user] = now
            else:
                self._hour_versions[place] = version

    async def read(self, wanted: Iterable[Place], *, now: datetime) -> dict[Place, int]:
        """The sums of today (users) and of this month's hours (tenants), in 1e-9 US dollars.

        Raises `GraphUnavailable`.
        """
        month, today = int(month_start(now).timestamp()) // 3_600, day_of(now)
        places = {p for p in wanted if (p.when == today if p.user else p.when >= month)}
        sums = dict.fromkeys(places, 0)
        hours = sorted({p.when for p in places if not p.user})
        tenants = TenantScope.of(*{p.tenant for p in places if not p.user})
        for start in range(0, len(hours), _HOURS_AT_ONCE):
            some = [hour * 3_600 for hour in hours[start : start + _HOURS_AT_ONCE]]
            for row in await self._store.ask("tenant_spending", scope=tenants, hours=some):
                place = Place(row["tenant"], "", row["hour"] // 3_600)
                if place in sums:
                    sums[place] = int(row["nanoUsd"])
        users = sorted(p for p in places if p.user)
        for start in range(0, len(users), _USERS_AT_ONCE):
            page = users[start : start + _USERS_AT_ONCE]
            rows = await self._store.ask(
                "user_spending",
                scope=TenantScope.of(*{p.tenant for p in page}),
                users=sorted({p.user for p in page}),
                start=day_start(today).isoformat(),
                end=day_start(today + 1).isoformat(),
            )
            for row in rows:
                place = Place(row["tenant"], row["user"], today)
                if place in sums:
                    sums[place] = int(row["nanoUsd"])
        return sums


async def request_hours(
    store: GraphStore, users: Iterable[Who], *, now: datetime
) -> dict[Who, dict[int, int]]:
    """How many requests users sent in each hour, since 1970, of the last day.

    Raises `GraphUnavailable`.
    """
    wanted, found = sorted(users), dict[Who, dict[int, int]]()
    for start in range(0, len(wanted), _USERS_AT_ONCE):
        page = set(wanted[start : start + _USERS_AT_ONCE])
        rows = await store.ask(
            "user_request_counts",
            scope=TenantScope.of(*{tenant for tenant, _ in page}),
            users=sorted({user for _, user in page}),
            start=(now - timedelta(days=1)).isoformat(),
            end=(now + timedelta(hours=1)).isoformat(),
        )
        for row in rows:
            who = (row["tenant"], row["user"])
            if who in page:
                found.setdefault(who, {})[row["hour"]] = row["requests"]
    return found
