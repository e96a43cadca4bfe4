"""The events that make the fleet known before any traffic: models to users, tiers to SLOs."""

from collections.abc import Iterator
from typing import Any

from ingest.simulator.arrays import DAY_MS, stamp
from ingest.simulator.catalogue import (
    BACKENDS,
    DEPLOYMENTS,
    FALLBACKS,
    FIRST_POLICY_VERSION,
    MODELS,
    REQUIRED_COMPLIANCE,
    ROUTES,
    TIERS,
)
from ingest.simulator.effects import Effects, Newcomer
from ingest.simulator.envelope import Notice
from ingest.simulator.fleet import Users, users
from ingest.simulator.operations import policy, registered_deployment, registered_model
from ingest.simulator.plan import SimulationPlan
from ingest.simulator.traffic import NEWCOMER_USERS

_DELIVERY_MS = 2_000

_TIERS: dict[str, dict[str, Any]] = {
    "premium": {
        "weight": 3.0,
        "latency_p95_ms": 10000,
        "availability": 0.995,
        "quality_floor": 0.75,
        "max_cost_per_request_usd": 0.5,
    },
    "standard": {
        "weight": 2.0,
        "latency_p95_ms": 12000,
        "availability": 0.99,
        "quality_floor": 0.6,
        "max_cost_per_request_usd": 0.1,
    },
    "free": {
        "weight": 1.0,
        "latency_p95_ms": 20000,
        "availability": 0.97,
        "max_cost_per_request_usd": 0.02,
    },
}


def registrations(plan: SimulationPlan, effects: Effects) -> Iterator[Notice]:
    """All of them, at the start of the history, in the order in which they refer to each other."""
    at_ms = plan.start_ms
    for backend in BACKENDS:
        data: dict[str, Any] = {
            "backend": backend.name,
            "kind": backend.kind,
            "region": backend.region,
            "spot": backend.spot,
            "compliance": list(backend.compliance),
        }
        yield _notice(plan, "backend.registered", backend.name, data)
    for place, model in enumerate(MODELS):
        yield registered_model(
            place, at_ms=at_ms, delay_ms=_DELIVERY_MS, input_usd_per_1k=model.input_usd_per_1k,
            output_usd_per_1k=model.output_usd_per_1k,
            released_at=stamp((at_ms // DAY_MS - 90 - 20 * place) * DAY_MS),
        )  # fmt: skip
    for place in range(len(DEPLOYMENTS)):
        yield registered_deployment(plan, place, version="1", at_ms=at_ms, delay_ms=_DELIVERY_MS)
    for tier in TIERS:
        yield _notice(plan, "tier.configured", f"tier-{tier}", {"tier": tier, **_TIERS[tier]})
    yield policy(
        version=FIRST_POLICY_VERSION, at_ms=at_ms, rules=_first_rules(),
        summary="weights by tier and task type", author="routing-team",
    )  # fmt: skip
    for place, tenant in enumerate(plan.tenants):
        yield _notice(plan, "tenant.configured", f"tenant-{tenant}", _tenant(tenant, place), tenant)
        for slo, data in _slos().items():
            yield _notice(plan, "slo.defined", f"slo-{tenant}-{slo}", {"slo": slo, **data}, tenant)
    yield from _users(plan)
    for number, newcomer in enumerate(effects.of(Newcomer)):
        yield from _new_users(plan, newcomer, number=number)


def user_names(plan: SimulationPlan, effects: Effects) -> tuple[str, ...]:
    """Names of all users by place, newcomers' after the others."""
    names = list(users(plan).names)
    for newcomer in effects.of(Newcomer):
        names += [f"{newcomer.tenant}-standard-{number}" for number in range(NEWCOMER_USERS)]
    return tuple(names)


def _notice(
    plan: SimulationPlan, kind: str, key: str, data: dict[str, Any], tenant: str | None = None
) -> Notice:
    return Notice(
        type=kind, key=key, at_ms=plan.start_ms, recorded_ms=plan.start_ms + _DELIVERY_MS,
        data=data, tenant=tenant,
    )  # fmt: skip


def _first_rules() -> dict[str, Any]:
    return {
        "routes": {f"{tier}/{task}": dict(route) for (tier, task), route in ROUTES.items()},
        "fallbacks": {tier: list(line) for tier, line in FALLBACKS.items()},
        "exploration": 0.03,
    }


def _tenant(tenant: str, place: int) -> dict[str, Any]:
    data: dict[str, Any] = {
        "daily_budget_usd": round(150.0 / (1 + place), 2),
        "monthly_budget_usd": round(4000.0 / (1 + place), 2),
        "cost_ceiling_per_request_usd": 0.75,
        "quality_floor": 0.5,
        "requests_per_second": 50,
        "tokens_per_minute": 2_000_000,
    }
    required = REQUIRED_COMPLIANCE.get(tenant)
    if required:
        data["required_compliance"] = list(required)
    return data


def _slos() -> dict[str, dict[str, Any]]:
    return {
        "availability": {"objective": "availability", "target": 0.99, "window_days": 28},
        "premium-latency": {
            "objective": "latency", "target": 0.95, "threshold": 10000, "window_days": 28,
            "where": {"tier": "premium"},
        },
        "reasoning-quality": {
            "objective": "quality", "target": 0.8, "threshold": 0.7, "window_days": 28,
            "where": {"task_type": "reasoning"},
        },
    }  # fmt: skip


def _users(plan: SimulationPlan) -> Iterator[Notice]:
    """Every user's tier; some have limits, preferences or rules of their own."""
    everyone: Users = users(plan)
    for place, name in enumerate(everyone.names):
        tier = TIERS[int(everyone.tier[place])]
        data: dict[str, Any] = {"user": name, "tier": tier}
        if tier == "free":
            data["requests_per_day"] = 500
        if place % 7 == 0:
            aims = ("latency", "cost", "quality", "balanced")
            data["preferences"] = {"optimise_for": aims[place // 7 % 4]}
        if place % 23 == 0:
            data["preferences"] = {"optimise_for": "quality", "avoid": ["swift-8b"]}
        if place % 31 == 0:
            data["daily_budget_usd"] = 20.0
            data["rules"] = [
                {"when": {"task_type": "coding"}, "use": ["coder-34b@k8s", "coder-34b@neo"]}
            ]
        tenant = plan.tenants[int(everyone.tenant[place])]
        yield _notice(plan, "user.configured", f"user-{name}", data, tenant)


def _new_users(plan: SimulationPlan, newcomer: Newcomer, *, number: int) -> Iterator[Notice]:
    at_ms = newcomer.span.start_ms
    first = plan.users + number * NEWCOMER_USERS
    names = user_names(plan, Effects((newcomer,)))[plan.users :]
    for place, name in enumerate(names):
        yield Notice(
            type="user.configured", key=f"user-{first + place}", at_ms=at_ms,
            recorded_ms=at_ms + 3_000, data={"user": name, "tier": "standard"},
            tenant=newcomer.tenant,
        )  # fmt: skip
