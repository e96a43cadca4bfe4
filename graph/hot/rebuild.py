"""The hot view from the graph, for a Redis that holds none: a new one, or one that was emptied.

What was told is restored as it was told, so that late tellings still lose. Requests are restored by
the minute, where none of that minute is counted yet, and as far as the graph knew them before the
oldest entry that waits in the log: the rest comes from the log itself, and none counts twice.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from logging import getLogger
from time import monotonic
from typing import Any, Final

import orjson

from graph import fleet
from graph.errors import GraphUnavailable
from graph.evidence import Evidence
from graph.hot import keys
from graph.hot.allowances.accountant import restore_quotas
from graph.hot.connection import translated
from graph.hot.evidence import Effect, EvidenceWriter, Minute, Seen, Told
from graph.policies.facts import rules_read
from graph.settings import HealthSettings
from graph.store.door import GraphStore, Record, instant

log = getLogger(__name__)

_BATCH: Final = 1_000
_CHECK_INTERVAL_S: Final = 1.0
_RECEIPT: Final = timedelta(seconds=2)
"""Longest time between an event's receipt and its place in the log."""


class Rebuilder:
    """Builds the hot view where it is missing."""

    def __init__(
        self, redis: Any, *, store: GraphStore, evidence: EvidenceWriter, budgets: HealthSettings
    ) -> None:
        """`redis` is a client of redis.asyncio, whose annotations say too little to be used."""
        self._redis: Any = redis
        self._store = store
        self._evidence = evidence
        self._budgets = budgets
        self._checked_at = float("-inf")

    async def ensure(self) -> None:
        """Build the view unless that was done; looks at Redis at most once a second.

        Where Neo4j does not answer the view goes without until it does. Raises `HotUnavailable`.
        """
        if monotonic() - self._checked_at < _CHECK_INTERVAL_S:
            return
        with translated():
            built = await self._redis.exists(keys.BUILT)
        if not built:
            try:
                await self.build(now=datetime.now(UTC))
            except GraphUnavailable as error:
                log.warning("hot view not yet built from the graph: %s", error)
        self._checked_at = monotonic()

    async def build(self, *, now: datetime) -> None:
        """Write all that the graph knows; safe on evidence that is there, and to run again.

        Raises `GraphUnavailable` and `HotUnavailable`; nothing is marked as built then.
        """
        known_at = await self._oldest_waiting(now=now)
        told = await self._store.ask("configured_things")
        gathered = await fleet.evidence(
            self._store, at=now, known_at=known_at, budgets=self._budgets
        )
        effects = [
            *(each for row in told for each in _told(row)),
            *_counted(gathered, now=now),
        ]
        for start in range(0, len(effects), _BATCH):
            await self._evidence.restore(effects[start : start + _BATCH], now=now)
        await restore_quotas(self._redis, store=self._store, now=now)
        with translated():
            await self._redis.set(keys.BUILT, now.isoformat())
        log.info("hot view built from the graph: %d facts", len(effects))

    async def _oldest_waiting(self, *, now: datetime) -> datetime:
        """Since when the log holds what no projector has acknowledged."""
        with translated():
            first: Any = await self._redis.xrange(keys.LOG, count=1)
        if not first:
            return now
        appended_ms = int(first[0][0].partition(b"-")[0])
        return datetime.fromtimestamp(appended_ms / 1000, UTC) - _RECEIPT


_AS_JSON: Final = ("preferences", "rules", "arms")
"""Fields that the graph keeps as JSON text."""


def _told(row: Record) -> Iterable[Told]:
    kind, name, data = row["kind"], row["id"], dict(row["told"])
    data = {field: value for field, value in data.items() if value is not None}
    for field in _AS_JSON:
        if field in data:
            data[field] = orjson.loads(data[field])
    if kind == "deployment":
        data["model"], _, data["backend"] = name.rpartition("@")
    if kind == "user":
        tenant, user = name
        name = keys.user(tenant, user)
    names = [(kind, name)]
    if kind == "policy":
        data["rules"] = rules_read(data.get("rules"))
        names.append(("policy.version", keys.policy_version(name, data["version"])))
    for each_kind, each_name in names:
        yield _as_told(row, kind=each_kind, name=each_name, data=data)


def _as_told(row: Record, *, kind: str, name: str, data: dict[str, Any]) -> Told:
    return Told(
        kind=kind,
        id=name,
        at=instant(row["at"]),
        recorded_at=instant(row["recordedAt"]),
        key=row["key"],
        data=data,
        first=row["first"],
    )


def _counted(gathered: Iterable[Evidence], *, now: datetime) -> Iterable[Effect]:
    for evidence in gathered:
        name = evidence.facts.deployment
        yield from evidence.observations
        yield from (Minute(name, outcomes) for outcomes in evidence.traffic)
        seen = [o.at for o in evidence.observations] + [m.last_at for m in evidence.traffic]
        yield Seen(name, max(seen, default=now - timedelta(days=30)))
