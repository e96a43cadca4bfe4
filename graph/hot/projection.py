"""What the projection in Redis holds now, read incrementally: only what changed is read again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

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
from graph.hot.quality import LearnedQuality
from graph.hot.snapshot import (
    DeploymentWork,
    RefusedPolicy,
    TaskTokens,
    TenantFacts,
    TierFacts,
)
from graph.outcomes import Outcome
from graph.policies.facts import ArmFacts, ExperimentFacts, PolicyFacts
from graph.settings import HealthSettings
from graph.sketch import Sketch

KINDS: Final = (
    "model",
    "backend",
    "deployment",
    "tier",
    "tenant",
    "policy",
    "policy.version",
    "policy.refused",
    "experiment",
    "incident",
    "incident.first",
    "incident.turn",
    "maintenance",
)
"""Kinds of things told, users apart. Of a policy the newest version and each by its name are kept.

Of an incident the newest report, the first, and the newest that opened or resolved it are kept.
"""
_SEEN_LIMIT: Final = 1_000
_TASK_LIMIT: Final = 1_000
_MINUTES_PER_DAY: Final = 1_440
_ALLOWANCES: Final = (
    "daily_budget_usd",
    "monthly_budget_usd",
    "requests_per_second",
    "tokens_per_minute",
)
_SUMS: Final = tuple(each.name for each in fields(DeploymentWork) if each.name != "deployment")
_OUTCOMES: Final = tuple(outcome.value for outcome in Outcome)

ToldThings = Mapping[str, Mapping[str, Any]]
"""Of one kind: what was told, by id."""


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
        self.learned = LearnedQuality()
        self.tokens: tuple[TaskTokens, ...] = ()
        self.work: tuple[DeploymentWork, ...] = ()
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
        for of in (keys.tokens, keys.work):
            for each in (day - 1, day):
                pipe.hgetall(of(each))
        for each in minutes:
            pipe.hgetall(keys.minute(each))
        raw_versions, built, learned, seen, *sums = await pipe.execute()
        tokens, work, raw_minutes = sums[:2], sums[2:4], sums[4:]
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
        self.tokens, self.work = _tokens(tokens), _work(work)
        if learned != self._learned_raw:
            self._learned_raw = learned
            self.learned = LearnedQuality.from_json(learned) if learned else LearnedQuality()
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
                **{field: told.get(field) for field in _ALLOWANCES},
            )
            for name, told in sorted(self._told["tenant"].items())
        )

    def policies(self) -> tuple[PolicyFacts, ...]:
        """The version in force of each policy, and those that arms of experiments name."""
        named = {
            keys.policy_version(one.policy, arm.policy_version)
            for one in self.experiments()
            for arm in one.arms
            if one.running and arm.policy_version is not None
        }
        versions = self._told["policy.version"]
        found = {
            (told["policy"], told["version"]): told
            for told in (
                *self._told["policy"].values(),
                *(versions[name] for name in sorted(named) if name in versions),
            )
        }
        return tuple(_policy(told) for _, told in sorted(found.items(), key=lambda item: item[0]))

    def refused_policies(self) -> tuple[RefusedPolicy, ...]:
        """The version of each policy that was refused last, where none was published since."""
        in_force = self._told["policy"]
        return tuple(
            RefusedPolicy(
                policy=name,
                version=told["version"],
                refused_at=_at(told),
                message=told["message"],
            )
            for name, told in sorted(self._told["policy.refused"].items())
            if name not in in_force
            or (in_force[name]["version"] != told["version"] and _at(in_force[name]) <= _at(told))
        )

    def experiments(self) -> tuple[ExperimentFacts, ...]:
        """The experiments as configured last, by name."""
        return tuple(
            ExperimentFacts(
                experiment=name,
                policy=told["policy"],
                running=told["status"] == "running",
                arms=tuple(
                    ArmFacts(
                        arm=arm["arm"],
                        percent=arm["percent"],
                        deployment=arm.get("deployment"),
                        policy_version=arm.get("policy_version"),
                    )
                    for arm in told.get("arms") or ()
                ),
            )
            for name, told in sorted(self._told["experiment"].items())
        )


def _policy(told: Mapping[str, Any]) -> PolicyFacts:
    return PolicyFacts(
        policy=told["policy"],
        version=told["version"],
        published_at=_at(told),
        task_types=tuple(told.get("task_types") or ()),
        tiers=tuple(told.get("tiers") or ()),
        tenants=tuple(told.get("tenants") or ()),
        rules=told.get("rules") or {},
    )


def _at(told: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(told["at"])


def _scope(told: Mapping[str, Any]) -> tuple[str, str | None]:
    return told["scope"]["kind"], told["scope"].get("id")


def _outcomes(minute: int, raw: Mapping[bytes, bytes]) -> MinuteOutcomes | None:
    """One cell as kept by `apply.lua`; None where it has just expired."""
    counts = {outcome: int(raw.get(outcome.encode(), 0)) for outcome in _OUTCOMES}
    if not sum(counts.values()):
        return None
    latency, pace = Sketch(), Sketch()
    for name, count in raw.items():
        # A bin's number may have a sign; nothing else is spelt with one letter and no second.
        if name[:1] in (b"b", b"p") and not name[1:2].isalpha():
            sketch = latency if name[:1] == b"b" else pace
            sketch.bins[int(name[1:])] = int(count)
    start = keys.minute_start(minute)
    last_us = int(raw[b"last_at"]) - minute * 60_000_000
    return MinuteOutcomes(
        minute=start,
        count=sum(counts.values()),
        **counts,
        latency=latency,
        pace=pace,
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


def _work(days: Iterable[Mapping[bytes, bytes]]) -> tuple[DeploymentWork, ...]:
    sums: dict[str, dict[str, int]] = {}
    for day in days:
        for name, amount in day.items():
            what, _, deployment = name.decode().partition(":")
            own = sums.setdefault(deployment, dict.fromkeys(_SUMS, 0))
            own[what] += int(amount)
    return tuple(DeploymentWork(deployment=name, **own) for name, own in sorted(sums.items()))
