"""What there is to ask about: the names of the fleet, of its traffic, of what happened to it."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Self

from graph import fleet
from graph.scope import TenantScope
from graph.store.door import GraphStore

_BACK: Final = timedelta(days=35)
"""What happened is known by name for so long."""


@dataclass(frozen=True, slots=True)
class Happening:
    """An incident or a change, by name: `kind` is `incident`, or what sort of change it is."""

    id: str
    kind: str
    title: str
    at: datetime
    until: datetime | None = None
    targets: tuple[str, ...] = ()
    """Identifiers of what it is about: deployments, models, backends, task types, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Every name that a caller may use, sorted; what happened in the last weeks, newest first.

    An arm is `experiment/arm`, a policy version `policy@version`.
    """

    FIELDS: ClassVar = (
        *("deployments", "models", "backends", "task_types", "tiers", "tenants", "policies"),
        *("policy_versions", "experiments", "arms", "slos", "evaluators", "incidents", "changes"),
    )
    """What is told of them; users are too many."""

    deployments: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    task_types: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    policy_versions: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()
    slos: tuple[str, ...] = ()
    evaluators: tuple[str, ...] = ()
    incidents: tuple[Happening, ...] = ()
    changes: tuple[Happening, ...] = ()
    users: frozenset[str] = frozenset()
    """Those that were configured, where whoever read these names knew them."""

    def until(self, now: datetime) -> Self:
        """The same without what happened, or ended, after `now`."""

        def then(told: tuple[Happening, ...]) -> tuple[Happening, ...]:
            return tuple(
                one if one.until is None or one.until <= now else replace(one, until=None)
                for one in told
                if one.at <= now
            )

        return replace(self, incidents=then(self.incidents), changes=then(self.changes))


async def names(store: GraphStore, *, now: datetime, scope: TenantScope) -> Names:
    """All names in `scope`, with the incidents and changes of the five weeks before `now`.

    Three statements. Raises GraphUnavailable.
    """
    rows = await store.ask("names", scope=scope)
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["kind"], set()).add(row["id"])
    for deployment in found.get("deployment", set()):
        model, parted, backend = deployment.rpartition("@")
        if parted:
            found.setdefault("model", set()).add(model)
            found.setdefault("backend", set()).add(backend)
    found["policy"] = {one.rpartition("@")[0] for one in found.get("policy_version", set())}
    start, end = now - _BACK, now + timedelta(microseconds=1)
    opened = await fleet.incidents(store, start=start, end=end)
    changed = await fleet.changes(store, start=start, end=end)
    told: dict[str, Any] = {_PLURAL[kind]: tuple(sorted(ids)) for kind, ids in found.items()}
    return Names(
        **told,
        incidents=tuple(
            Happening(
                id=one.id,
                kind="incident",
                title=one.title,
                at=one.opened_at,
                until=one.resolved_at,
                targets=() if one.scope_id is None else (one.scope_id,),
            )
            for one in reversed(opened)
        ),
        changes=tuple(
            Happening(
                id=one.id,
                kind=one.kind,
                title=one.title,
                at=one.at,
                targets=tuple(target.id for target in one.targets),
            )
            for one in reversed(changed)
        ),
    ).until(now)


_PLURAL: Final = {
    **{field.name.removesuffix("s"): field.name for field in fields(Names)},
    "policy": "policies",
}
