"""The two simulated fleets that questions in words are put about, and what is true of them.

The second is another simulation under other names, so that nothing can rest on the names of the
first.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from api.evaluation.words import NOW
from ingest.simulator import FaultRequest, PlantedFault, SimulationPlan, simulate, truth

_DAYS: Final = 12.0
_PER_DAY: Final = 2_000
RENAMED: Final[Mapping[str, str]] = {
    "lumen-xl": "gpt-4o",
    "apex-70b": "llama-3-70b",
    "sage-r1": "claude-sonnet-4",
    "atlas-40b": "mixtral-8x22b",
    "coder-34b": "deepseek-coder",
    "prism-24b": "gemini-flash",
    "nova-13b": "qwen-14b",
    "quill-12b": "mistral-nemo",
    "swift-8b": "gpt-4o-mini",
    "mini-3b": "phi-3",
    "neo": "neocloud",
    "premium": "enterprise",
    "standard": "pro",
    "free": "hobby",
    "reasoning": "math",
    "coding": "code",
    "chat": "support",
    "summarisation": "summaries",
    "extraction": "parsing",
}
_OLD: Final = re.compile(rf"(?<![\w.-])(?:{'|'.join(map(re.escape, RENAMED))})(?![\w.])(?!-\w*\d)")


def _march(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


PLANS: Final[Mapping[str, SimulationPlan]] = {
    "sim": SimulationPlan(
        seed=71,
        days=_DAYS,
        per_day=_PER_DAY,
        end=NOW,
        faults=(
            FaultRequest(
                kind="rollout-hurts-task",
                at=_march(10, 7, 40),
                target="sage-r1@aws",
                magnitude=0.25,
            ),
            FaultRequest(
                kind="backend-incident",
                at=_march(11, 9, 30),
                until=_march(11, 14),
                target="aws",
                magnitude=3.0,
            ),
            FaultRequest(kind="experiment-ramp", at=_march(9, 10)),
            FaultRequest(
                kind="degraded-deployment",
                at=_march(12, 13, 20),
                until=_march(12, 18),
                target="coder-34b@neo",
                magnitude=0.3,
            ),
        ),
    ),
    "renamed": SimulationPlan(
        seed=72,
        days=_DAYS,
        per_day=_PER_DAY,
        end=NOW,
        tenants=("northwind", "tailspin"),
        faults=(
            FaultRequest(kind="price-rise", at=_march(10, 12), target="lumen-xl", magnitude=1.8),
            FaultRequest(
                kind="backend-latency", at=_march(11, 8), until=_march(11, 18), target="k8s"
            ),
            FaultRequest(kind="weaker-policy", at=_march(9, 9), target="standard/reasoning"),
        ),
    ),
}


@dataclass(slots=True)
class Facts:
    """What the events of a fleet say, counted here and nowhere else. Money in US dollars.

    `requests` are those that arrived, with what figures are made of; `faults` what was planted.
    """

    requests: list["Sent"] = field(default_factory=list["Sent"])
    faults: tuple[PlantedFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as it was sent."""

    at: datetime
    names: Mapping[str, str]
    failed: bool
    cost_usd: float


def events(fleet: str) -> Iterator[bytes]:
    """The events of a fleet as they are sent."""
    for event in simulate(PLANS[fleet]):
        line = orjson.dumps(event)
        yield line if fleet == "sim" else _renamed(line.decode()).encode()


def facts(fleet: str, lines: Iterable[bytes]) -> Facts:
    """What its events say."""
    found = Facts(faults=tuple(truth(PLANS[fleet])))
    for line in lines:
        event = orjson.loads(line)
        if event["type"] == "routecause.request.completed":
            found.requests.append(_sent(event))
    return found


def counted(
    told: Facts, where: Mapping[str, list[str]], *, start: datetime, end: datetime
) -> tuple[int, int, float]:
    """Requests of a slice and period, how many of them failed, and what they cost together."""
    inside = [
        one
        for one in told.requests
        if start <= one.at < end and all(one.names[name] in ids for name, ids in where.items())
    ]
    return len(inside), sum(one.failed for one in inside), sum(one.cost_usd for one in inside)


def by_name(
    told: Facts, where: Mapping[str, list[str]], *, name: str, start: datetime, end: datetime
) -> Counter[str]:
    """How many requests of a slice and period bear each name of a kind."""
    return Counter(
        one.names[name]
        for one in told.requests
        if start <= one.at < end and all(one.names[kind] in ids for kind, ids in where.items())
    )


def planted(told: Facts, *, fleet: str) -> set[str]:
    """The causes that were planted, whatever they were planted in: what slows also fails."""
    return {
        one.cause_id if fleet == "sim" else _renamed(one.cause_id)
        for one in told.faults
        if one.cause_id is not None
    }


def _sent(event: dict[str, Any]) -> Sent:
    data = event["data"]
    decision, outcome = data["decision"], data["outcome"]
    model, _, backend = decision["deployment"].rpartition("@")
    return Sent(
        at=datetime.fromisoformat(event["time"]),
        names={
            "deployment": decision["deployment"],
            "model": model,
            "backend": backend,
            "task_type": data["task_type"],
            "tier": data["tier"],
            "tenant": event["tenant"],
            "user": data["user"],
        },
        failed=outcome["status"] != "ok",
        cost_usd=outcome["cost_usd"],
    )


def _renamed(text: str) -> str:
    return _OLD.sub(lambda found: RENAMED[found[0]], text)
