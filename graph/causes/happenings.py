"""What happened around a period, as it was known: the recorded events that could be causes.

One read gives every telling of whatever may reach into the period; merging the tellings of one
thing into one event is pure.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from graph.causes.candidates import CandidateCause
from graph.slices import EntityRef
from graph.store.door import GraphStore, instant, maybe_instant

Telling = Mapping[str, Any]
"""What was told of a thing at one time: the properties of a revision, times as Neo4j gives them."""

_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


async def candidate_causes(
    store: GraphStore, *, start: datetime, end: datetime, known_at: datetime | None = None
) -> list[CandidateCause]:
    """Whatever may have begun or ended an effect in [start, end), oldest first: one statement.

    What began in the period, and what has an end after `start` that is known. A change without an
    end that took effect before `start` is the same throughout and can't explain a difference. An
    incident that nobody has spoken of for 30 days before `start` is taken to be over.
    """
    rows = await store.ask(
        "candidate_causes",
        start=start.isoformat(),
        end=end.isoformat(),
        knownAt=(known_at or _FOREVER).isoformat(),
    )
    found = [
        merged(row["node"], row["id"], row["told"], start=start, end=end)
        for row in rows
        if row["told"]
    ]
    reaching = [
        one for one in found if one.at < end and (one.ended_at is None or one.ended_at > start)
    ]
    return sorted(reaching, key=lambda one: (one.at, one.node, one.id))


def merged(
    node: str, identity: str, told: Sequence[Telling], *, start: datetime, end: datetime
) -> CandidateCause:
    """One event from all tellings of a thing, oldest first; `node` is the kind of its node."""
    match node:
        case "change":
            return _change(identity, told)
        case "policy_version":
            return _policy_version(identity, told, start, end)
        case "experiment":
            return _experiment(identity, told, start, end)
        case "incident":
            return _incident(identity, told)
        case "maintenance":
            return _maintenance(identity, told)
        case _:
            raise ValueError(f"{node} is no kind of event")


def _first_known(told: Sequence[Telling]) -> datetime:
    return min(instant(one["recordedAt"]) for one in told)


def _change(identity: str, told: Sequence[Telling]) -> CandidateCause:
    """The newest telling holds, but a change told in steps began with the first."""
    last = told[-1]
    targets = orjson.loads(last["targets"] or "[]")
    return CandidateCause(
        node="change",
        kind=last["kind"],
        id=identity,
        title=last["title"],
        at=instant(told[0]["at"]),
        recorded_at=_first_known(told),
        ended_at=maybe_instant(last["endedAt"]),
        targets=tuple(EntityRef(target["kind"], target["id"]) for target in targets),
        author=last["author"],
    )


def _inside(told: Sequence[Telling], start: datetime, end: datetime) -> list[Telling]:
    return [one for one in told if start <= instant(one["at"]) < end]


def _policy_version(
    identity: str, told: Sequence[Telling], start: datetime, end: datetime
) -> CandidateCause:
    """A version published again (a rollback) takes effect again: the first time in the period."""
    policy, _, version = identity.rpartition("@")
    last = told[-1]
    named = {"task_type": "taskTypes", "tier": "tiers", "tenant": "tenants"}
    targets = [EntityRef(kind, one) for kind, name in named.items() for one in last[name] or ()]
    published = _inside(told, start, end) or told
    return CandidateCause(
        node="policy_version",
        kind="policy",
        id=identity,
        title=last["summary"] or f"policy {policy} {version} published",
        at=instant(published[0]["at"]),
        recorded_at=_first_known(published),
        targets=(EntityRef("policy", policy), *targets),
        policy=policy,
        task_types=_only(last["taskTypes"]),
        tiers=_only(last["tiers"]),
        tenants=_only(last["tenants"]),
        author=last["author"],
    )


def _only(names: Sequence[str] | None) -> frozenset[str] | None:
    return frozenset(names) if names else None


def _experiment(
    identity: str, told: Sequence[Telling], start: datetime, end: datetime
) -> CandidateCause:
    """From its first step in the period, or from its start where it only ended there."""
    running = [one for one in told if one["status"] == "running"]
    begun = (_inside(running, start, end) or running or list(told))[0]
    last_run = told.index(running[-1]) if running else -1
    stopped = told[last_run + 1 :]
    last = told[-1]
    steps = [orjson.loads(one["arms"] or "[]") for one in running or told]
    arms = dict.fromkeys(arm["arm"] for step in steps for arm in step)
    served = dict.fromkeys(arm["deployment"] for step in steps for arm in step if _served(arm))
    return CandidateCause(
        node="experiment",
        kind="experiment",
        id=identity,
        title=_course(identity, steps),
        at=instant(begun["at"]),
        recorded_at=_first_known([begun]),
        ended_at=instant(stopped[0]["at"]) if running and stopped else None,
        targets=(
            EntityRef("policy", last["policy"]),
            *(EntityRef("deployment", name) for name in served),
        ),
        policy=last["policy"],
        arms=tuple(arms),
    )


def _served(arm: Mapping[str, Any]) -> bool:
    return bool(arm.get("deployment"))


def _course(identity: str, steps: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """How the share of the last arm went: `experiment x: B at 10 %, then 50 %`."""
    named = [step[-1] for step in steps if step]
    if not named:
        return f"experiment {identity}"
    arm = named[-1]["arm"]
    shares = [f"{one['percent']:g} %" for one in named if one["arm"] == arm]
    course = [share for n, share in enumerate(shares) if not n or share != shares[n - 1]]
    return f"experiment {identity}: {arm} at {', then '.join(course)}"


def _incident(identity: str, told: Sequence[Telling]) -> CandidateCause:
    """Open from its first telling until the last word on that was that it is resolved."""
    last = told[-1]
    turns = [one for one in told if one["phase"] != "updated"]
    over = turns and turns[-1]["phase"] == "resolved"
    return CandidateCause(
        node="incident",
        kind="incident",
        id=identity,
        title=last["title"],
        at=instant(told[0]["at"]),
        recorded_at=_first_known(told),
        ended_at=instant(turns[-1]["at"]) if over else None,
        targets=_scope(last),
    )


def _maintenance(identity: str, told: Sequence[Telling]) -> CandidateCause:
    """As it was planned last."""
    last = told[-1]
    return CandidateCause(
        node="maintenance",
        kind="maintenance",
        id=identity,
        title=last["title"],
        at=instant(last["startsAt"]),
        recorded_at=_first_known(told),
        ended_at=instant(last["endsAt"]),
        targets=_scope(last),
    )


def _scope(told: Telling) -> tuple[EntityRef, ...]:
    """What it reaches; nothing is named where that is everything."""
    if told["scopeId"] is None:
        return ()
    return (EntityRef(told["scopeKind"], told["scopeId"]),)
