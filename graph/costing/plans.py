"""Which budgets were configured at an instant, as known then: of tenants, of slices, of users."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from graph.scope import TenantScope
from graph.slices import EntityRef, Slice
from graph.store.door import GraphStore

FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Later than anything can become known."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A budget as configured: what a period (`day` or `month`) may cost, in US dollars.

    It belongs to `tenant` and counts the requests of `counted`, which is another tenant only where
    `where` names one.
    """

    id: str
    tenant: str
    period: str
    limit_usd: float
    where: tuple[EntityRef, ...] = ()

    @property
    def counted(self) -> str:
        """The tenant whose requests it counts."""
        named = (ref.id for ref in self.where if ref.kind == "tenant")
        return next(named, self.tenant)

    @property
    def user(self) -> str | None:
        """The user whose requests it counts; None where it is for all of a slice."""
        return next((ref.id for ref in self.where if ref.kind == "user"), None)

    @property
    def slice(self) -> Slice:
        """The requests it counts, of whichever user."""
        fields = {ref.kind: frozenset({ref.id}) for ref in self.where if ref.kind != "user"}
        return Slice(**{**fields, "tenant": frozenset({self.counted})})


async def planned(
    store: GraphStore,
    *,
    asked: TenantScope,
    scope: TenantScope,
    at: datetime,
    known_at: datetime | None,
) -> list[Plan]:
    """Budgets of the tenants asked about, by tenant; only what the scope may see is counted."""
    then: dict[str, Any] = {"at": at.isoformat(), "knownAt": (known_at or FOREVER).isoformat()}
    found: list[Plan] = []
    for row in await store.ask("tenants_configured", scope=asked, **then):
        for period, limit in (("day", row["dailyBudgetUsd"]), ("month", row["monthlyBudgetUsd"])):
            if limit is not None:
                found.append(Plan(f"tenant/{period}", row["tenant"], period, float(limit)))
    for row in await store.ask("budgets_defined", scope=asked, **then):
        where = orjson.loads(row["where"] or "{}")
        refs = tuple(EntityRef(kind, value) for kind, value in sorted(where.items()))
        plan = Plan(row["id"], row["tenant"], row["period"], float(row["limitUsd"]), refs)
        if plan.counted in scope:
            found.append(plan)
    return sorted(found, key=lambda plan: plan.tenant)


async def users_planned(
    store: GraphStore, *, tenant: str, at: datetime, known_at: datetime | None
) -> list[Plan]:
    """The budgets of a tenant's users, by user."""
    rows = await store.ask(
        "user_budgets",
        scope=TenantScope.of(tenant),
        at=at.isoformat(),
        knownAt=(known_at or FOREVER).isoformat(),
    )
    return [
        Plan(
            f"user/{row['user']}/day",
            tenant,
            "day",
            float(row["dailyBudgetUsd"]),
            (EntityRef("user", row["user"]),),
        )
        for row in rows
    ]
