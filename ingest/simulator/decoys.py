"""Changes and incidents that do nothing: told like any other, without effect on any figure.

Half of them fall within hours of a planted fault, so that being near is no sign of guilt.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ingest.simulator.arrays import DAY_MS, HOUR_MS, Draw, generator, stamp
from ingest.simulator.catalogue import BACKENDS, DEPLOYMENTS, MODELS, ROUTES, TASKS, TIERS
from ingest.simulator.effects import Effect, PolicySwitch, RouterRelease, Span, Trial
from ingest.simulator.envelope import Notice
from ingest.simulator.faults import plantings
from ingest.simulator.faults.planted import PEOPLE
from ingest.simulator.operations import (
    change,
    experiment,
    experiment_name,
    incident,
    policy,
    rollout,
    version_label,
)
from ingest.simulator.plan import SimulationPlan


@dataclass(frozen=True, slots=True)
class Decoy:
    """A harmless event: its kind and id as the API names it, what tells of it, labels it moves."""

    kind: str
    id: str
    at_ms: int
    notices: tuple[Notice, ...]
    effects: tuple[Effect, ...] = ()


@lru_cache(maxsize=16)
def decoys(plan: SimulationPlan) -> tuple[Decoy, ...]:
    """All decoys of a plan, every kind in turn."""
    onsets = [planting.truth.start_ms for planting in plantings(plan)]
    placed: list[Decoy] = []
    for number in range(plan.decoys):
        draw = generator(plan.seed, Draw.DECOYS, number)
        at_ms = _when(plan, draw, onsets)
        placed.append(_KINDS[number % len(_KINDS)](plan, draw, at_ms))
    return tuple(placed)


def _when(plan: SimulationPlan, draw: np.random.Generator, onsets: list[int]) -> int:
    """Near a fault or anywhere, but within the history."""
    near, u, side = draw.random(3)
    low = plan.start_ms + int(plan.days * DAY_MS * 0.05)
    high = plan.start_ms + int(plan.days * DAY_MS * 0.96)
    if onsets and near < 0.5:
        onset = onsets[int(u * len(onsets))]
        reach_ms = min(12 * HOUR_MS, int(plan.days * DAY_MS * 0.1))
        return int(np.clip(onset + (2 * side - 1) * reach_ms, low, high))
    return int(low + u * (high - low))


def _code(draw: np.random.Generator) -> str:
    return f"{int(draw.integers(0x10000, 0xFFFFF)):x}"


def _person(draw: np.random.Generator) -> str:
    return PEOPLE[int(draw.integers(0, len(PEOPLE)))]


def _rollout(plan: SimulationPlan, draw: np.random.Generator, at_ms: int) -> Decoy:
    code = f"chg-{_code(draw)}"
    of = int(draw.integers(0, len(DEPLOYMENTS)))
    notices = rollout(plan, id=code, deployment=of, at_ms=at_ms, author=_person(draw))
    return Decoy("change", code, at_ms, notices)


def _prompt(_plan: SimulationPlan, draw: np.random.Generator, at_ms: int) -> Decoy:
    code = f"chg-{_code(draw)}"
    task = TASKS[int(draw.integers(0, len(TASKS)))]
    told = change(
        id=code, kind="prompt", title=f"system prompt for {task}", targets=[("task_type", task)],
        at_ms=at_ms, author=_person(draw),
    )  # fmt: skip
    return Decoy("change", code, at_ms, (told,))


def _router(_plan: SimulationPlan, draw: np.random.Generator, at_ms: int) -> Decoy:
    code, version = f"chg-{_code(draw)}", version_label("r", at_ms)
    told = change(
        id=code, kind="router", title=f"router to {version}", targets=[("router", version)],
        at_ms=at_ms, author=_person(draw), after={"router_version": version}, delay_ms=11_000,
    )  # fmt: skip
    return Decoy("change", code, at_ms, (told,), (RouterRelease(at_ms, version),))


def _policy(_plan: SimulationPlan, draw: np.random.Generator, at_ms: int) -> Decoy:
    version = version_label("v", at_ms)
    tier, task = TIERS[int(draw.integers(0, 3))], TASKS[int(draw.integers(0, len(TASKS)))]
    told = policy(
        version=version, at_ms=at_ms,
        rules={"routes": {f"{tier}/{task}": dict(ROUTES[tier, task])}},
        summary=f"weights for {tier} {task}", author=_person(draw), tasks=(task,), tiers=(tier,),
    )  # fmt: skip
    return Decoy("policy", f"main@{version}", at_ms, (told,), (PolicySwitch(at_ms, version),))


def _incident(_plan: SimulationPlan, draw: np.random.Generator, at_ms: int) -> Decoy:
    code = f"inc-{_code(draw)}"
    backend = BACKENDS[int(draw.integers(0, len(BACKENDS)))]
    span = Span(at_ms, at_ms + int((1 + 4 * draw.random()) * HOUR_MS))
    told = incident(
        draw, id=code, scope=("backend", backend.name), severity="sev3", span=span,
        source="provider", title=f"elevated error rates in {backend.region}",
        root_cause="control plane only, data plane not touched",
    )  # fmt: skip
    return Decoy("incident", code, at_ms, told)


def _price(_plan: SimulationPlan, draw: np.random.Generator, at_ms: int) -> Decoy:
    code = f"chg-{_code(draw)}"
    model = MODELS[int(draw.integers(0, len(MODELS)))]
    old = round(model.input_usd_per_1k / 2, 7)
    told = change(
        id=code, kind="price", title=f"list price of {model.name}", targets=[("model", model.name)],
        at_ms=at_ms, author=_person(draw), before={"cached_input_usd_per_1k": old},
        after={"cached_input_usd_per_1k": round(old * 1.25, 7)},
    )  # fmt: skip
    return Decoy("change", code, at_ms, (told,))


def _experiment(plan: SimulationPlan, draw: np.random.Generator, at_ms: int) -> Decoy:
    task = int(draw.integers(0, len(TASKS)))
    step_ms = max(int(plan.days * DAY_MS * 0.05), 60_000)
    code = experiment_name(task, code=_code(draw))
    trial = Trial(code, task, ((at_ms, 10.0), (at_ms + step_ms, 50.0)))
    return Decoy("experiment", code, at_ms, experiment(trial), (trial,))


def _infrastructure(_plan: SimulationPlan, draw: np.random.Generator, at_ms: int) -> Decoy:
    code = f"chg-{_code(draw)}"
    backend = BACKENDS[int(draw.integers(0, len(BACKENDS)))].name
    told = change(
        id=code, kind="infrastructure", title=f"{backend} to the next node image",
        targets=[("backend", backend)], at_ms=at_ms, author=_person(draw),
    )  # fmt: skip
    return Decoy("change", code, at_ms, (told,))


def _flag(_plan: SimulationPlan, draw: np.random.Generator, at_ms: int) -> Decoy:
    code = f"chg-{_code(draw)}"
    tier = TIERS[int(draw.integers(0, len(TIERS)))]
    told = change(
        id=code, kind="flag", title=f"streaming of partial answers for {tier}",
        targets=[("tier", tier)], at_ms=at_ms, author=_person(draw), before={"on": False},
        after={"on": True}, percent=100,
    )  # fmt: skip
    return Decoy("change", code, at_ms, (told,))


def _quota(_plan: SimulationPlan, draw: np.random.Generator, at_ms: int) -> Decoy:
    code = f"chg-{_code(draw)}"
    name = DEPLOYMENTS[int(draw.integers(0, len(DEPLOYMENTS)))]
    told = change(
        id=code, kind="quota", title=f"requests per minute on {name}",
        targets=[("deployment", name)], at_ms=at_ms, author=_person(draw),
        before={"requests_per_minute": 600}, after={"requests_per_minute": 900},
    )  # fmt: skip
    return Decoy("change", code, at_ms, (told,))


def _maintenance(_plan: SimulationPlan, draw: np.random.Generator, at_ms: int) -> Decoy:
    code = f"mw-{_code(draw)}"
    name = DEPLOYMENTS[int(draw.integers(0, len(DEPLOYMENTS)))]
    told = Notice(
        type="maintenance.scheduled", key=code, at_ms=at_ms, recorded_ms=at_ms + 5_000,
        data={
            "maintenance": code,
            "scope": {"kind": "deployment", "id": name},
            "starts_at": stamp(at_ms + 6 * HOUR_MS),
            "ends_at": stamp(at_ms + 7 * HOUR_MS),
            "title": f"rolling restart of {name}",
        },
    )  # fmt: skip
    return Decoy("maintenance", code, at_ms, (told,))


_KINDS = (
    _rollout, _policy, _prompt, _incident, _router, _experiment, _price, _infrastructure,
    _maintenance, _flag, _quota,
)  # fmt: skip
