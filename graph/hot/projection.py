"""What the projection in Redis holds now, read incrementally: only what changed is read again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from redis.asyncio import Redis

from graph.evidence import (
    DeploymentFacts,
    Evidence,
    Incident,
    Maintenance,
    MinuteOutcomes,
    Observation,
    concerns,
)
from graph.hot import keys
from graph.hot.connection import translated
from graph.hot.evidence import SAMPLES_KEPT, decoded_observation, decoded_told
from graph.hot.quality import QualityCell
from graph.hot.snapshot import PolicyFacts, TaskTokens, TenantFacts, TierFacts
from graph.settings import HealthSettings
from graph.sketch import Sketch

KINDS: Final = (
    "model",
    "backend",
    "deployment",
    "tier",
    "tenant",
    "policy",
    "incident",
    "incident.first",
    "incident.turn",
    "maintenance",
)
"""Kinds of things told, users apart.

Of an incident the newest report, the first, and the newest that opened or resolved it are kept.
"""
_SEEN_LIMIT: Final = 1_000
_TASK_LIMIT: Final = 1_000
_MINUTES_PER_DAY: Final = 1_440
_STATUSES: Final = ("ok", "error", "timeout", "rate_limited")

ToldThings = Mapping[str, Mapping[str, Any]]
"""Of one kind: what was told, by id."""


@dataclass(frozen=True, slots=True)
class Learned:
    """The quality table as last learned."""

    as_of: datetime | None = None
    cells: tuple[QualityCell, ...] = ()


class Projection:
    """The evidence as of the last `refresh`. Not for use by two tasks at a time."""

    def __init__(self, redis: Redis, *, budgets: HealthSettings) -> None:
        self._redis = redis
        self._budgets = budgets
        self._versions: dict[str, int] = {}
        self._told: dict[str, ToldThings] = {kind: {} for kind in KINDS}
        self._samples: dict[str, tuple[Observation, ...]] = {}
        self._counts: dict[tuple[int, str], int] = {}
        self._cells: dict[tuple[int, str], MinuteOutcomes] = {}
        self._learned_raw: bytes | None = None
        self._seen: frozenset[str] = frozenset()
        self.learned = Learned()
        self.tokens: tuple[TaskTokens, ...] = ()
        self._built: bytes | None = None

    @property
    def built(self) -> bool:
        """Whether the projection was built, or is younger than an emptied Redis."""
        return self._built is not None

    @property
    def users_version(self) -> int:
        """Grows whenever a user is configured."""
        return self._versions.get(keys.USERS, 0)

    async def refresh(self, *, now: datetime) -> bool:
        """Read what changed since the last call; whether anything did. Raises `HotUnavailable`."""
        with translated():
            return await self._refresh(now=now)

    async def _refresh(self, *, now: datetime) -> bool:
        minute = keys.minute_of(now)
        minutes = range(minute - self._budgets.traffic_window_minutes + 1, minute + 2)
        pipe: Any = self._redis.pipeline(transaction=False)
        pipe.hgetall(keys.VERSIONS)
        pipe.get(keys.BUILT)
        pipe.get(keys.QUALITY)
        pipe.execute_command("ZREVRANGE", keys.SEEN, 0, _SEEN_LIMIT - 1)
        day = minute // _MINUTES_PER_DAY
        for key in (keys.tokens(day - 1), keys.tokens(day)):
            pipe.hgetall(key)
        for each in minutes:
            pipe.hgetall(keys.minute(each))
        raw_versions, built, learned, seen, before, today, *raw_minutes = await pipe.execute()
        versions = {name.decode(): int(number) for name, number in raw_versions.items()}
        counts = {
            (each, name.decode()): int(number)
            for each, raw in zip(minutes, raw_minutes, strict=True)
            for name, number in raw.items()
        }
        if built != self._built:
            # Emptied or built anew since: equal version numbers would mean nothing.
            self._built, self._versions, self._counts = built, {}, {}
        changed = versions != self._versions or counts != self._counts
        changed = changed or learned != self._learned_raw
        await self._read_changed(versions, counts)
        self._versions, self._counts = versions, counts
        self._seen = frozenset(name.decode() for name in seen)
        self.tokens = _tokens((before, today))
        if learned != self._learned_raw:
            self._learned_raw, self.learned = learned, _learned(learned)
        return changed

    async def _read_changed(
        self, versions: Mapping[str, int], counts: Mapping[tuple[int, str], int]
    ) -> None:
        known = self._versions
        configured = versions.get(keys.CONFIGURED) != known.get(keys.CONFIGURED)
        kinds = KINDS if configured else ()
        sampled = [
            name
            for name, version in versions.items()
            if name not in (keys.CONFIGURED, keys.USERS) and known.get(name) != version
        ]
        cells = [cell for cell, count in counts.items() if self._counts.get(cell) != count]
        pipe: Any = self._redis.pipeline(transaction=False)
        for kind in kinds:
            pipe.hgetall(keys.told(kind))
        for name in sampled:
            pipe.execute_command("ZREVRANGE", keys.observations(name), 0, SAMPLES_KEPT - 1)
        for minute, name in cells:
            pipe.hgetall(keys.cell(minute, name))
        answers = iter(await pipe.execute() if kinds or sampled or cells else [])
        for kind in kinds:
            self._told[kind] = {
                name.decode(): decoded_told(value) for name, value in next(answers).items()
            }
        self._samples = {name: known for name, known in self._samples.items() if name in versions}
        for name in sampled:
            self._samples[name] = tuple(decoded_observation(member) for member in next(answers))
        self._cells = {cell: known for cell, known in self._cells.items() if cell in counts}
        for cell in cells:
            outcomes = _outcomes(cell[0], next(answers))
            if outcomes is not None:
                self._cells[cell] = outcomes

    def facts(self) -> tuple[DeploymentFacts, ...]:
        """Every deployment registered, and every one seen though it never was, by name."""
        registered = self._told["deployment"]
        names = sorted(registered.keys() | self._seen)
        return tuple(self._facts_of(name) for name in names)

    def _facts_of(self, deployment: str) -> DeploymentFacts:
        told = self._told["deployment"].get(deployment)
        facts = DeploymentFacts.of_name(deployment)
        if told is not None:
            facts = replace(
                facts,
                registered=True,
                model=told["model"],
                backend=told["backend"],
                version=told.get("version"),
                max_rps=told.get("max_rps"),
            )
        model = self._told["model"].get(facts.model, {})
        backend = self._told["backend"].get(facts.backend, {})
        deprecated_at = model.get("deprecated_at")
        capabilities = model.get("capabilities")
        return replace(
            facts,
            deprecated_at=None if deprecated_at is None else datetime.fromisoformat(deprecated_at),
            input_usd_per_1k=model.get("input_usd_per_1k"),
            output_usd_per_1k=model.get("output_usd_per_1k"),
            context_window=model.get("context_window"),
            capabilities=None if capabilities is None else tuple(capabilities),
            compliance=tuple(backend.get("compliance") or ()),
            spot=bool(backend.get("spot")),
        )

    def evidence(self, *, facts: Sequence[DeploymentFacts], now: datetime) -> list[Evidence]:
        """The evidence on each of the deployments, in their order."""
        traffic: dict[str, list[MinuteOutcomes]] = {}
        for (_, name), outcomes in self._cells.items():
            traffic.setdefault(name, []).append(outcomes)
        incidents = self.incidents(facts=facts, now=now)
        maintenance = self.maintenance(now=now)
        return [
            Evidence(
                facts=each,
                observations=self._samples.get(each.deployment, ()),
                traffic=traffic.get(each.deployment, ()),
                incidents=incidents,
                maintenance=maintenance,
            )
            for each in facts
        ]

    def incidents(self, *, facts: Sequence[DeploymentFacts], now: datetime) -> tuple[Incident, ...]:
        """Incidents open at `now`, by when they were opened."""
        found = (self._incident(name, facts=facts) for name in self._told["incident"])
        return tuple(
            sorted((each for each in found if each.open_at(now)), key=lambda i: (i.opened_at, i.id))
        )

    def _incident(self, name: str, *, facts: Sequence[DeploymentFacts]) -> Incident:
        report = self._told["incident"][name]
        first = self._told["incident.first"].get(name, report)
        turn = self._told["incident.turn"].get(name)
        scope_kind, scope_id = _scope(report)
        return Incident(
            id=name,
            title=report["title"],
            severity=report["severity"],
            scope_kind=scope_kind,
            scope_id=scope_id,
            opened_at=_at(first),
            resolved_at=_at(turn) if turn and turn["phase"] == "resolved" else None,
            root_cause=report.get("root_cause"),
            affected_deployments=tuple(
                each.deployment
                for each in facts
                if concerns(each, scope_kind=scope_kind, scope_id=scope_id)
            ),
            url=report.get("url"),
            status_source=report.get("status_source"),
        )

    def maintenance(self, *, now: datetime) -> tuple[Maintenance, ...]:
        """Maintenance that is not over, by its start."""
        found: list[Maintenance] = []
        for name, told in self._told["maintenance"].items():
            scope_kind, scope_id = _scope(told)
            work = Maintenance(
                id=name,
                title=told["title"],
                scope_kind=scope_kind,
                scope_id=scope_id,
                starts_at=datetime.fromisoformat(told["starts_at"]),
                ends_at=datetime.fromisoformat(told["ends_at"]),
            )
            if now < work.ends_at:
                found.append(work)
        return tuple(sorted(found, key=lambda m: (m.starts_at, m.id)))

    def tiers(self) -> tuple[TierFacts, ...]:
        """The configured tiers, by name."""
        fields = ("weight", "latency_p95_ms", "quality_floor", "max_cost_per_request_usd")
        return tuple(
            TierFacts(tier=name, **{field: told.get(field) for field in fields})
            for name, told in sorted(self._told["tier"].items())
        )

    def tenants(self) -> tuple[TenantFacts, ...]:
        """The configured tenants, by name."""
        return tuple(
            TenantFacts(
                tenant=name,
                cost_ceiling_per_request_usd=told.get("cost_ceiling_per_request_usd"),
                quality_floor=told.get("quality_floor"),
                allowed_backends=(
                    None
                    if told.get("allowed_backends") is None
                    else tuple(told["allowed_backends"])
                ),
                required_compliance=tuple(told.get("required_compliance") or ()),
            )
            for name, told in sorted(self._told["tenant"].items())
        )

    def policies(self) -> tuple[PolicyFacts, ...]:
        """The version in force of each policy, by name."""
        return tuple(
            PolicyFacts(
                policy=name,
                version=told["version"],
                published_at=_at(told),
                task_types=tuple(told.get("task_types") or ()),
                tiers=tuple(told.get("tiers") or ()),
                tenants=tuple(told.get("tenants") or ()),
            )
            for name, told in sorted(self._told["policy"].items())
        )


def _at(told: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(told["at"])


def _scope(told: Mapping[str, Any]) -> tuple[str, str | None]:
    return told["scope"]["kind"], told["scope"].get("id")


def _outcomes(minute: int, raw: Mapping[bytes, bytes]) -> MinuteOutcomes | None:
    """One cell as kept by `apply.lua`; None where it has just expired."""
    counts = {status: int(raw.get(status.encode(), 0)) for status in _STATUSES}
    if not sum(counts.values()):
        return None
    latency = Sketch()
    latency.bins = {int(name[1:]): int(count) for name, count in raw.items() if name[:1] == b"b"}
    start = keys.minute_start(minute)
    last_us = int(raw[b"last_at"]) - minute * 60_000_000
    return MinuteOutcomes(
        minute=start,
        count=sum(counts.values()),
        **counts,
        latency=latency,
        last_at=start + timedelta(microseconds=last_us),
    )


def _tokens(days: Iterable[Mapping[bytes, bytes]]) -> tuple[TaskTokens, ...]:
    sums: dict[str, list[int]] = {}
    for day in days:
        for name, amount in day.items():
            slot = 0 if name[:2] == b"n:" else 1
            sums.setdefault(name[2:].decode(), [0, 0])[slot] += int(amount)
    busiest = sorted(sums.items(), key=lambda item: (-item[1][0], item[0]))[:_TASK_LIMIT]
    return tuple(
        TaskTokens(task_type=name, requests=n, completion_tokens=t)
        for name, (n, t) in sorted(busiest)
    )


def _learned(raw: bytes | None) -> Learned:
    if raw is None:
        return Learned()
    table = orjson.loads(raw)
    return Learned(
        as_of=datetime.fromisoformat(table["as_of"]),
        cells=tuple(QualityCell(*cell) for cell in table["cells"]),
    )
