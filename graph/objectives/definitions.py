"""Service level objectives as they were defined at an instant, read from the graph."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from graph.scope import TenantScope
from graph.slices import EntityRef, Slice
from graph.store.door import GraphStore

_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
_KINDS = ("task_type", "tier", "tenant", "deployment", "model", "backend")


class ObjectiveKind(StrEnum):
    """What an objective promises."""

    AVAILABILITY = "availability"
    LATENCY = "latency"
    QUALITY = "quality"


@dataclass(frozen=True, slots=True)
class Objective:
    """A promise of a tenant: a share (`target`) of the events of its slice is to be good.

    `threshold` is what counts as good (at most so many ms, at least such a score); an objective on
    latency without one takes the promise of the tier that its slice names. `obstacle` says, with
    the remedy, why it cannot be judged; None where it can.
    """

    id: str
    tenant: str
    kind: ObjectiveKind
    target: float
    threshold: float | None
    window_days: float
    where: tuple[EntityRef, ...]
    obstacle: str | None = None

    @property
    def slice(self) -> Slice:
        """The requests it holds for: those of its tenant in its slice."""
        given = {ref.kind: frozenset({ref.id}) for ref in self.where}
        return replace(Slice(**given), tenant=frozenset({self.tenant}))


async def objectives(
    store: GraphStore, *, at: datetime, known_at: datetime | None, scope: TenantScope
) -> list[Objective]:
    """The objectives in force at an instant, by tenant and id, as they were known."""
    rows = await store.ask(
        "objectives",
        scope=scope,
        at=at.isoformat(),
        knownAt=(known_at or _FOREVER).isoformat(),
    )
    return [objective_of(row) for row in rows]


def objective_of(row: dict[str, Any]) -> Objective:
    """One objective from what is told of it; `tiers` are pairs of a tier and its promised ms."""
    told: dict[str, str] = orjson.loads(row["where"]) if row["where"] else {}
    where = tuple(EntityRef(kind, told[kind]) for kind in _KINDS if told.get(kind))
    given = Objective(
        id=row["id"],
        tenant=row["tenant"],
        kind=ObjectiveKind(row["objective"]),
        target=row["target"],
        threshold=row["threshold"],
        window_days=row["windowDays"],
        where=where,
    )
    other = told.get("tenant")
    if other is not None and other != given.tenant:
        return replace(
            given,
            obstacle=f'its slice names the tenant "{other}", but an objective sees only the '
            f'requests of its own tenant "{given.tenant}"; define it as one of "{other}"',
        )
    if given.kind is ObjectiveKind.LATENCY and given.threshold is None:
        return _promised_by_tier(given, dict(row["tiers"]))
    return given


def _promised_by_tier(given: Objective, tiers: dict[str, float | None]) -> Objective:
    tier = next((ref.id for ref in given.where if ref.kind == "tier"), None)
    promised = None if tier is None else tiers.get(tier)
    if promised is not None:
        return replace(given, threshold=promised)
    lacks = "its slice names no tier" if tier is None else f'tier "{tier}" promises no latency'
    return replace(
        given,
        obstacle=f"no threshold says which latency is good, and {lacks}; "
        "define the objective with a threshold in ms, or the tier with latency_p95_ms",
    )
