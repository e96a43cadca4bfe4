"""Requests and scores as events, built from an hour's columns."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ingest.simulator.arrays import MINUTE_MS, Draw, Floats, generator, stamps
from ingest.simulator.catalogue import DEPLOYMENTS, POLICY, TASKS, TIERS
from ingest.simulator.conditions import REJECTIONS
from ingest.simulator.effects import Effects, Newcomer, Trial
from ingest.simulator.envelope import Event, envelope
from ingest.simulator.fleet import candidate_scores
from ingest.simulator.outcomes import ERROR_TYPES, STATUSES, Outcomes
from ingest.simulator.plan import SimulationPlan
from ingest.simulator.quality import KINDS, Scores
from ingest.simulator.registrations import user_names
from ingest.simulator.routing import Routed, policies
from ingest.simulator.traffic import Arrivals

_METHODS = ("learned", "learned", "semantic", "rule", "rule")
"""How the router decides, by task type."""
_APPS = ("helpdesk", "ide", "search", "docs")


@dataclass(frozen=True, slots=True)
class Told:
    """The request events of an hour, with what their scores need of them, by place."""

    events: list[tuple[int, Event]]
    ids: list[str]
    tenants: list[str]
    kept: list[bool]


@lru_cache(maxsize=16)
def _tenants(plan: SimulationPlan, effects: Effects) -> tuple[str, ...]:
    return (*plan.tenants, *(newcomer.tenant for newcomer in effects.of(Newcomer)))


@lru_cache(maxsize=16)
def _users(plan: SimulationPlan, effects: Effects) -> tuple[str, ...]:
    return user_names(plan, effects)


def request_events(
    plan: SimulationPlan, effects: Effects, batch: Arrivals, routed: Routed, done: Outcomes
) -> Told:
    """The requests of an hour that arrive within the history or after it."""
    tenants, names = _tenants(plan, effects), _users(plan, effects)
    draw = generator(plan.seed, Draw.OUTCOMES, batch.hour, 1)
    u = batch.uniforms(draw, 3)
    delay = 120 + (u[0] * 400).astype(np.int64)
    delay += np.where(u[0] > 0.998, ((5 + 35 * u[1]) * MINUTE_MS).astype(np.int64), 0)
    recorded_ms = batch.at_ms + np.ceil(done.latency_ms).astype(np.int64) + delay
    times, recorded = stamps(batch.at_ms), stamps(recorded_ms)
    ids = [f"{plan.fleet_id}-{batch.hour:x}-{index:x}" for index in batch.index.tolist()]
    tenant_of: list[str] = [tenants[place] for place in batch.tenant.tolist()]
    decided = _decisions(plan, effects, batch, routed, done, confidence=u[1])
    went = _outcomes(done)
    kept = (batch.at_ms >= plan.start_ms).tolist()
    events: list[tuple[int, Event]] = []
    columns = zip(
        recorded_ms.tolist(), batch.user.tolist(), batch.tier.tolist(), batch.task.tolist(),
        batch.prompt_tokens.tolist(), done.completion_tokens.tolist(), u[2].tolist(), strict=True,
    )  # fmt: skip
    for row, (known_ms, user, tier, task, prompt, completion, extra) in enumerate(columns):
        if not kept[row]:
            continue
        data: dict[str, Any] = {
            "request_id": ids[row],
            "user": names[user],
            "tier": TIERS[tier],
            "task_type": TASKS[task],
            "prompt_tokens": prompt,
            "completion_tokens": completion,
        }
        if extra < 0.25:
            data["session"] = f"s-{user:x}-{batch.hour // 4:x}"
        elif extra < 0.35:
            data["labels"] = {"app": _APPS[user % 4]}
        elif extra < 0.42:
            data["requirements"] = {"max_latency_ms": 60_000, "capabilities": ["text"]}
        data["decision"] = decided[row]
        data["outcome"] = went[row]
        event = envelope(
            "request.completed", id=ids[row], source="//router", time=times[row],
            recorded=recorded[row], data=data, tenant=tenant_of[row],
        )  # fmt: skip
        events.append((known_ms, event))
    return Told(events, ids, tenant_of, kept)


def _decisions(
    plan: SimulationPlan,
    effects: Effects,
    batch: Arrivals,
    routed: Routed,
    done: Outcomes,
    *,
    confidence: Floats,
) -> list[dict[str, Any]]:
    known = policies(effects)
    trials = tuple(trial.experiment for trial in effects.of(Trial))
    shown = _candidates(plan, batch, routed, done)
    rows = np.arange(batch.size)
    code = routed.code[rows, routed.preferred]
    came_from = [
        _left_behind(int(wanted), int(chosen), code=int(why), failure=int(failure))
        for wanted, chosen, why, failure in zip(
            routed.preferred, routed.chosen, code, done.first_failure, strict=True
        )
    ]
    columns = zip(
        done.deployment.tolist(), routed.policy.tolist(), routed.router.tolist(),
        routed.trial.tolist(), routed.arm.tolist(), batch.task.tolist(), routed.explored.tolist(),
        routed.probing.tolist(), done.first_failure.tolist(),
        routed.propensity[rows, routed.chosen].round(4).tolist(),
        np.round(0.6 + 0.39 * confidence, 2).tolist(), (batch.at_ms // 5_000).tolist(),
        strict=True,
    )  # fmt: skip
    decisions: list[dict[str, Any]] = []
    for row, column in enumerate(columns):
        final, policy, router, trial, arm, task, explored, probing = column[:8]
        failure, propensity, sure, view = column[8:]
        decision: dict[str, Any] = {
            "deployment": DEPLOYMENTS[final],
            "policy": POLICY,
            "policy_version": known.versions[policy],
            "method": "fallback" if came_from[row] else _METHODS[task],
            "confidence": sure,
            "router_version": known.router_versions[router],
        }
        if trial >= 0:
            decision["experiment"] = trials[trial]
            decision["arm"] = "AB"[arm]
        decision["reasons"] = _reasons(came_from[row], explored=explored, probing=probing)
        decision["candidates"] = shown[row]
        if not failure:
            decision["propensity"] = propensity
        decision["exploration"] = explored
        if came_from[row]:
            decision["fallback_from"] = came_from[row]
        decision["view_version"] = str(view)
        decisions.append(decision)
    return decisions


def _left_behind(wanted: int, chosen: int, *, code: int, failure: int) -> list[dict[str, str]]:
    """The deployments that a request would have had before the one that it got, and why not."""
    behind: list[dict[str, str]] = []
    if wanted != chosen:
        behind.append({"deployment": DEPLOYMENTS[wanted], "cause": REJECTIONS[code]})
    if failure:
        behind.append({"deployment": DEPLOYMENTS[chosen], "cause": STATUSES[failure]})
    return behind


def _reasons(behind: list[dict[str, str]], *, explored: bool, probing: bool) -> list[str]:
    reasons = [f"{left['deployment']}: {left['cause'].replace('_', ' ')}" for left in behind]
    if probing:
        reasons.append("half-open breaker probed")
    elif explored:
        reasons.append("exploration")
    return reasons or ["policy route"]


def _candidates(
    plan: SimulationPlan, batch: Arrivals, routed: Routed, done: Outcomes
) -> list[list[dict[str, Any]]]:
    """Each request's candidates: those of its route, its stand-in, and where it went besides."""
    listed = routed.listed | (routed.propensity > 0)
    listed[np.arange(batch.size), done.deployment] = True
    row, place = np.nonzero(listed)
    score = candidate_scores(plan)[batch.tier[row], batch.task[row], place].round(3)
    shown: list[list[dict[str, Any]]] = [[] for _ in range(batch.size)]
    columns = zip(
        row.tolist(), place.tolist(), score.tolist(), routed.code[row, place].tolist(),
        routed.propensity[row, place].round(4).tolist(), strict=True,
    )  # fmt: skip
    for request, deployment, value, code, chance in columns:
        candidate: dict[str, Any] = {"deployment": DEPLOYMENTS[deployment], "score": value}
        if code and not chance:
            candidate["rejected"] = REJECTIONS[code]
        candidate["propensity"] = chance
        shown[request].append(candidate)
    return shown


def _outcomes(done: Outcomes) -> list[dict[str, Any]]:
    columns = zip(
        done.status.tolist(), done.latency_ms.tolist(), done.first_token_ms.tolist(),
        done.queue_ms.tolist(), done.cost_usd.tolist(), done.first_failure.tolist(),
        done.cached.tolist(), strict=True,
    )  # fmt: skip
    went: list[dict[str, Any]] = []
    for status, latency_ms, first_token_ms, queue_ms, cost_usd, failure, cached in columns:
        outcome: dict[str, Any] = {"status": STATUSES[status]}
        if status:
            outcome["error_type"] = ERROR_TYPES[status]
        outcome["latency_ms"] = latency_ms
        if not status:
            outcome["ttft_ms"] = first_token_ms
            outcome["queue_ms"] = queue_ms
        outcome["cost_usd"] = cost_usd
        outcome["retries"] = 1 if failure else 0
        outcome["cache_hit"] = cached
        went.append(outcome)
    return went


def score_events(
    plan: SimulationPlan, told: Told, batch: Arrivals, judged: Scores
) -> Iterator[tuple[int, Event]]:
    """One evaluator's scores of an hour's requests."""
    times, recorded = stamps(judged.at_ms), stamps(judged.recorded_ms)
    source = f"//{judged.evaluator}"
    suffix = judged.evaluator if not judged.revision else f"{judged.evaluator}-{judged.revision}"
    columns = zip(
        judged.row.tolist(), judged.version, judged.recorded_ms.tolist(),
        judged.score.round(4).tolist(), strict=True,
    )  # fmt: skip
    for place, (row, version, known_ms, score) in enumerate(columns):
        if not told.kept[row]:
            continue
        tenant = told.tenants[int(row)]
        data: dict[str, Any] = {"request_id": told.ids[row], "evaluator": judged.evaluator}
        if version:
            data["evaluator_version"] = version
        data |= {"score": score, "kind": KINDS[judged.evaluator]}
        event = envelope(
            "quality.scored", id=f"{told.ids[row]}-{suffix}", source=source, time=times[place],
            recorded=recorded[place], data=data, tenant=tenant,
        )  # fmt: skip
        yield known_ms, event
