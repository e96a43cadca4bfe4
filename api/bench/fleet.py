"""The fleet that routing is measured on: ten models on three backends each, as events of now."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

BACKENDS: Final = {"aws": 1.0, "k8s": 1.15, "neo": 0.9}
"""Backends, and by how much they are slower than the others."""
_KINDS: Final = {"neo": "neocloud"}
MODELS: Final = tuple(f"model-{number}" for number in range(10))
DEPLOYMENTS: Final = tuple(f"{model}@{backend}" for model in MODELS for backend in BACKENDS)
TASKS: Final = ("reasoning", "coding", "chat", "summarisation", "extraction")
TIERS: Final = {"premium": 3.0, "standard": 1.0, "free": 1.0}
TENANTS: Final = ("acme", "globex", "initech")
USERS: Final = 300
_REQUESTS: Final = 1_500
_SEED: Final = 7
_SOURCE: Final = "//bench"
Event = dict[str, Any]


def events(*, now: datetime) -> Iterator[Event]:
    """All there is to know of the fleet, and its last half hour of traffic."""
    for number, event in enumerate(_all(now)):
        yield {**event, "id": f"bench-{number}"}


def _all(now: datetime) -> Iterator[Event]:
    draw = random.Random(_SEED)  # noqa: S311  # the same fleet each time
    yield from _registered(now - timedelta(hours=1))
    yield from _configured(now - timedelta(hours=1), draw)
    for deployment in DEPLOYMENTS:
        yield _event("deployment.observed", now, **_health(deployment, draw))
    for number in range(_REQUESTS):
        yield from _served(number, now=now, draw=draw)


def bodies(count: int) -> list[dict[str, Any]]:
    """Requests to be routed: any user, any task, prompts of any length."""
    draw = random.Random(_SEED)  # noqa: S311  # the same requests each time
    return [_asked(draw) for _ in range(count)]


def _asked(draw: random.Random) -> dict[str, Any]:
    number = draw.randrange(USERS)
    return {
        "user": f"user-{number}",
        "tenant": TENANTS[number % len(TENANTS)],
        "taskType": draw.choice(TASKS),
        "promptTokens": int(draw.lognormvariate(6.5, 1.0)) + 1,
        "maxCompletionTokens": draw.choice((256, 1_024, 4_096)),
    }


def _event(what: str, at: datetime, *, tenant: str | None = None, **data: Any) -> Event:
    told: Event = {
        "specversion": "1.0",
        "source": _SOURCE,
        "type": f"routecause.{what}",
        "time": at.astimezone(UTC).isoformat(),
        "data": data,
    }
    return told if tenant is None else {**told, "tenant": tenant}


def _registered(at: datetime) -> Iterator[Event]:
    for backend in BACKENDS:
        yield _event(
            "backend.registered", at, backend=backend, kind=_KINDS.get(backend, backend),
            region="eu-west-1", spot=backend == "neo", compliance=["soc2", "eu"],
        )  # fmt: skip
    for place, model in enumerate(MODELS):
        yield _event(
            "model.registered", at, model=model, provider="bench", family="bench",
            capabilities=["text", "tools", "json"], context_window=200_000,
            input_usd_per_1k=0.0002 * (place + 1), output_usd_per_1k=0.0008 * (place + 1),
        )  # fmt: skip
    for deployment in DEPLOYMENTS:
        model, _, backend = deployment.partition("@")
        yield _event(
            "deployment.registered", at, deployment=deployment, model=model, backend=backend,
            version="1", max_rps=50.0, max_tokens_per_minute=5_000_000,
        )  # fmt: skip


def _configured(at: datetime, draw: random.Random) -> Iterator[Event]:
    for tier, weight in TIERS.items():
        yield _event(
            "tier.configured", at, tier=tier, weight=weight, latency_p95_ms=30_000,
            quality_floor=0.2, max_cost_per_request_usd=1.0,
        )  # fmt: skip
    for tenant in TENANTS:
        # Limits are there and looked at, and so wide that load alone does not reach them.
        yield _event(
            "tenant.configured", at, tenant=tenant, daily_budget_usd=1e9, monthly_budget_usd=1e10,
            cost_ceiling_per_request_usd=2.0, quality_floor=0.1, requests_per_second=1_000_000,
            tokens_per_minute=1_000_000_000_000,
        )  # fmt: skip
    for number in range(USERS):
        yield _event(
            "user.configured", at, tenant=TENANTS[number % len(TENANTS)], user=f"user-{number}",
            tier=draw.choice(list(TIERS)),
            preferences={"optimise_for": draw.choice(["quality", "latency", "cost", "balanced"])},
        )  # fmt: skip
    yield _event("policy.published", at, policy="main", version="v1", rules={})


def _health(deployment: str, draw: random.Random) -> dict[str, Any]:
    """A sample whose window is so long that it stays fresh throughout."""
    model, _, backend = deployment.partition("@")
    middle = (300.0 + 90.0 * MODELS.index(model)) * BACKENDS[backend]
    return {
        "deployment": deployment, "window_s": 3600, "sample_count": 500, "available": True,
        "error_rate": round(draw.uniform(0.0, 0.02), 4), "latency_p50_ms": middle,
        "latency_p95_ms": 2.2 * middle, "queue_depth": draw.randrange(4),
        "load": round(draw.uniform(0.1, 0.6), 3),
    }  # fmt: skip


def _served(number: int, *, now: datetime, draw: random.Random) -> Iterator[Event]:
    """One request that was served, and what it was found worth."""
    at = now - timedelta(seconds=draw.uniform(60, 1_800))
    asked, deployment = _asked(draw), draw.choice(DEPLOYMENTS)
    completion = draw.randrange(50, asked["maxCompletionTokens"])
    yield _event(
        "request.completed", at, tenant=asked["tenant"], request_id=f"bench-{number}",
        user=asked["user"], tier="standard", task_type=asked["taskType"],
        prompt_tokens=asked["promptTokens"], completion_tokens=completion,
        decision={
            "deployment": deployment, "policy": "main", "policy_version": "v1",
            "method": "semantic", "candidates": [{"deployment": deployment}],
        },
        outcome={
            "status": "ok", "cost_usd": 0.001,
            "latency_ms": 300.0 + 8 * completion * draw.uniform(0.8, 1.2),
        },
    )  # fmt: skip
    yield _event(
        "quality.scored", at + timedelta(seconds=30), tenant=asked["tenant"],
        request_id=f"bench-{number}", evaluator="judge",
        score=round(min(1.0, max(0.0, draw.gauss(0.7, 0.1))), 3),
    )  # fmt: skip
