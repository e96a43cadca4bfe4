"""The events by which operators tell of their work: rollouts, policies, incidents, prices, quotas.

Faults and decoys build theirs here alike, so that no form of words tells one from the other.
"""

from typing import Any

import numpy as np

from ingest.simulator.arrays import HOUR_MS, MINUTE_MS, to_time
from ingest.simulator.catalogue import BACKENDS, DEPLOYMENTS, MODELS, POLICY, TASKS
from ingest.simulator.effects import Span, Trial
from ingest.simulator.envelope import Notice
from ingest.simulator.fleet import BACKEND_OF, MODEL_OF, capacity_per_s
from ingest.simulator.plan import SimulationPlan

GROWING_DEMAND = "growing-demand"
_URL = "https://ops.example.com"


def build_label(ms: int) -> str:
    """Version of a build made at a moment."""
    return f"b{ms // HOUR_MS:d}"


def version_label(prefix: str, ms: int) -> str:
    """Version of a policy, router or evaluator published at a moment."""
    return f"{prefix}{to_time(ms):%Y%m%d.%H%M}"


def change(
    *,
    id: str,  # noqa: A002 - the field it fills
    kind: str,
    title: str,
    targets: list[tuple[str, str]],
    at_ms: int,
    author: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    percent: float | None = None,
    delay_ms: int = 4_000,
) -> Notice:
    """A change.applied that becomes known seconds after it was made."""
    data: dict[str, Any] = {
        "change": id,
        "kind": kind,
        "title": title,
        "targets": [{"kind": of, "id": target} for of, target in targets],
    }
    if before is not None:
        data["before"] = before
    if after is not None:
        data["after"] = after
    if percent is not None:
        data["percent"] = percent
    data |= {"author": author, "url": f"{_URL}/changes/{id}"}
    return Notice(
        type="change.applied", key=id, at_ms=at_ms, recorded_ms=at_ms + delay_ms, data=data
    )


def rollout(
    plan: SimulationPlan,
    *,
    id: str,  # noqa: A002 - the field it fills
    deployment: int,
    at_ms: int,
    author: str,
    before: str = "1",
) -> tuple[Notice, ...]:
    """A new build on a deployment: the change, and the deployment registered with its version."""
    name, after = DEPLOYMENTS[deployment], build_label(at_ms)
    told = change(
        id=id,
        kind="rollout",
        title=f"{name} to build {after}",
        targets=[("deployment", name)],
        at_ms=at_ms,
        author=author,
        before={"version": before},
        after={"version": after},
        percent=100,
    )
    return told, registered_deployment(plan, deployment, version=after, at_ms=at_ms, delay_ms=9_000)


def registered_deployment(
    plan: SimulationPlan, deployment: int, *, version: str, at_ms: int, delay_ms: int
) -> Notice:
    """A deployment.registered."""
    name = DEPLOYMENTS[deployment]
    capacity = float(capacity_per_s(plan)[deployment])
    return Notice(
        type="deployment.registered",
        key=f"{name}-{version}",
        at_ms=at_ms,
        recorded_ms=at_ms + delay_ms,
        data={
            "deployment": name,
            "model": MODELS[int(MODEL_OF[deployment])].name,
            "backend": BACKENDS[int(BACKEND_OF[deployment])].name,
            "version": version,
            "max_rps": round(capacity, 4),
            "max_tokens_per_minute": max(1000, round(capacity * 60 * _tokens(plan))),
        },
    )


def _tokens(plan: SimulationPlan) -> int:
    """Tokens per request that a deployment says it has room for.

    Nothing here enforces that limit; where demand is to outgrow the one in requests, it must not
    be reached before.
    """
    grows = any(request.kind == GROWING_DEMAND for request in plan.requested)
    return 10_000 if grows else 2_500


def registered_model(
    model: int,
    *,
    at_ms: int,
    delay_ms: int,
    input_usd_per_1k: float,
    output_usd_per_1k: float,
    released_at: str,
) -> Notice:
    """A model.registered with its prices."""
    m = MODELS[model]
    data: dict[str, Any] = {
        "model": m.name,
        "provider": m.provider,
        "family": m.family,
        "capabilities": list(m.capabilities),
        "context_window": m.context_window,
        "limitations": list(m.limitations),
        "input_usd_per_1k": input_usd_per_1k,
        "output_usd_per_1k": output_usd_per_1k,
        "released_at": released_at,
    }
    return Notice(
        type="model.registered",
        key=f"{m.name}-{at_ms // 1000:x}",
        at_ms=at_ms,
        recorded_ms=at_ms + delay_ms,
        data=data,
    )


def policy(
    *,
    version: str,
    at_ms: int,
    rules: dict[str, Any],
    summary: str,
    author: str,
    tasks: tuple[str, ...] = (),
    tiers: tuple[str, ...] = (),
) -> Notice:
    """A policy.published of the one policy."""
    data: dict[str, Any] = {
        "policy": POLICY,
        "version": version,
        "rules": rules,
        "summary": summary,
    }
    if tasks:
        data["task_types"] = list(tasks)
    if tiers:
        data["tiers"] = list(tiers)
    data |= {"author": author, "url": f"{_URL}/policies/{POLICY}/{version}"}
    return Notice(
        type="policy.published",
        key=f"policy-{version}",
        at_ms=at_ms,
        recorded_ms=at_ms + 3_000,
        data=data,
    )


def experiment(trial: Trial) -> tuple[Notice, ...]:
    """An experiment.configured for each step of a trial."""
    notices: list[Notice] = []
    for number, (at_ms, percent) in enumerate(trial.steps):
        second: dict[str, Any] = {"arm": "B", "percent": percent}
        if trial.deployment is not None:
            second["deployment"] = DEPLOYMENTS[trial.deployment]
        notices.append(
            Notice(
                type="experiment.configured",
                key=f"{trial.experiment}-{number}",
                at_ms=at_ms,
                recorded_ms=at_ms + 3_000,
                data={
                    "experiment": trial.experiment,
                    "policy": POLICY,
                    "status": "running",
                    "arms": [{"arm": "A", "percent": 100 - percent}, second],
                },
            )
        )
    return tuple(notices)


def experiment_name(task: int, *, code: str) -> str:
    """Identifier of an experiment on a task type."""
    return f"exp-{TASKS[task]}-{code}"


def incident(
    draw: np.random.Generator,
    *,
    id: str,  # noqa: A002 - the field it fills
    scope: tuple[str, str],
    severity: str,
    title: str,
    span: Span,
    source: str,
    root_cause: str,
    late_minutes: tuple[float, float] = (20, 40),
) -> tuple[Notice, ...]:
    """An incident opened late, updated and resolved; open where the span's end is far off."""
    low, high = late_minutes
    known_ms = span.start_ms + int((low + (high - low) * draw.random()) * MINUTE_MS)
    told: dict[str, Any] = {
        "incident": id,
        "scope": {"kind": scope[0], "id": scope[1]},
        "severity": severity,
        "title": title,
        "status_source": source,
        "url": f"{_URL}/incidents/{id}",
    }
    updated_ms = known_ms + int((15 + 20 * draw.random()) * MINUTE_MS)
    resolved_ms = span.end_ms + 4 * MINUTE_MS
    notices = [
        Notice(
            type="incident.opened", key=f"{id}-opened", at_ms=span.start_ms, recorded_ms=known_ms,
            data=told,
        )
    ]  # fmt: skip
    if updated_ms < resolved_ms:
        notices.append(
            Notice(
                type="incident.updated", key=f"{id}-updated", at_ms=updated_ms,
                recorded_ms=updated_ms + 5_000, data={**told, "status_source": "internal"},
            )
        )  # fmt: skip
    data = {**told, "root_cause": root_cause, "postmortem": f"{_URL}/postmortems/{id}"}
    notices.append(
        Notice(
            type="incident.resolved", key=f"{id}-resolved", at_ms=resolved_ms,
            recorded_ms=max(resolved_ms, known_ms) + 3 * MINUTE_MS, data=data,
        )
    )  # fmt: skip
    return tuple(notices)
