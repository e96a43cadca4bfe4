"""What is imagined otherwise, held against simulated fleets in which it was otherwise."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from graph.buckets import MEASURE_NAMES
from graph.causes.counterfactual import Counterfactual, Rows, predict
from graph.causes.intervention import (
    PolicyGiven,
    Question,
    World,
    in_arm,
    left_out,
    under_policy,
)
from graph.errors import InvalidInput
from graph.frame import Scores, SketchColumn, Traffic
from graph.model.traffic import CellKey, prompt_band
from graph.policies.facts import PolicyFacts
from ingest.simulator import FaultRequest, SimulationPlan, simulate, truth
from ingest.simulator.catalogue import FIRST_POLICY_VERSION, POLICY


@dataclass(frozen=True)
class History:
    """Requests as (cell, hour), the judge's scores as (cell, hour, score), costs by request."""

    keys: tuple[CellKey, ...]
    requests: list[tuple[int, int, float]]
    scores: list[tuple[int, int, float]]


def _key(tenant: str, data: dict[str, Any]) -> CellKey:
    decision = data["decision"]
    behind: list[dict[str, str]] = decision.get("fallback_from") or []
    return CellKey(
        tenant, decision["deployment"], data["task_type"], data["tier"], decision["policy"],
        decision["policy_version"], decision.get("experiment"), decision.get("arm"), None,
        decision["method"], behind[0]["deployment"] if behind else None,
        prompt_band(data["prompt_tokens"]),
    )  # fmt: skip


def history(plan: SimulationPlan) -> History:
    keys: dict[CellKey, int] = {}
    of: dict[str, tuple[int, int]] = {}
    requests: list[tuple[int, int, float]] = []
    newest: dict[str, float] = {}
    for event in simulate(plan):
        data = event["data"]
        if event["type"] == "routecause.request.completed":
            cell = keys.setdefault(_key(event["tenant"], data), len(keys))
            hour = int(datetime.fromisoformat(event["time"]).timestamp()) // 3600 * 3600
            of[data["request_id"]] = (cell, hour)
            requests.append((cell, hour, data["outcome"]["cost_usd"]))
        elif event["type"] == "routecause.quality.scored" and data["evaluator"] == "judge":
            newest[data["request_id"]] = data["score"]
    scores = [(*of[name], score) for name, score in newest.items() if name in of]
    return History(tuple(keys), requests, scores)


def world(told: History, start_s: int, end_s: int) -> World:
    cell, hour, cost = (np.array(column) for column in zip(*told.requests, strict=True))
    measures = np.zeros((len(cell), len(MEASURE_NAMES)), dtype=np.int64)
    measures[:, MEASURE_NAMES.index("count")] = 1
    measures[:, MEASURE_NAMES.index("costSumNanoUsd")] = np.rint(cost * 1e9)
    none = SketchColumn()
    traffic = Traffic(cell, hour, hour, measures, none, none)
    scored, at, score = (np.array(column) for column in zip(*told.scores, strict=True))
    judge = np.zeros(len(scored), dtype=np.int64)
    nano = np.rint(score * 1e9).astype(np.int64)
    squares = np.rint(score**2 * 1e9).astype(np.int64)
    scores = Scores(scored, at, at, judge, np.ones(len(scored), dtype=np.int64), nano, squares)
    return World(
        keys=told.keys,
        traffic=traffic,
        scores=scores,
        traffic_near=(hour < start_s) | (hour >= end_s),
        scores_near=(at < start_s) | (at >= end_s),
        inside=np.ones(len(told.keys), dtype=np.bool_),
        evaluators=1,
    )


def quality(of: World, asked: Question) -> Counterfactual:
    cell = of.scores.cell
    count = of.scores.count.astype(np.float64)
    rows = Rows(
        context=asked.at.context[cell],
        choice=asked.at.choice[cell],
        judge=of.scores.evaluator,
        hour=of.scores.hour // 3600,
        count=count,
        total=of.scores.sum_nano / 1e9,
        squares=of.scores.squares_nano / 1e9,
        units=count,
        inside=~of.scores_near,
        affected=asked.affected[cell],
        near=of.scores_near,
        direct=np.ones(len(cell), dtype=np.bool_),
    )
    return predict(rows, asked.make(1))


def mean_score(told: History, start_s: int, end_s: int) -> float:
    return float(np.mean([score for _, hour, score in told.scores if start_s <= hour < end_s]))


@dataclass(frozen=True)
class Twins:
    """A fleet with a fault, the same without it, and the whole hours of the fault."""

    cause_id: str
    slice: dict[str, list[str]]
    happened: History
    otherwise: History
    start_s: int
    end_s: int


def twins(kind: str, seed: int) -> Twins:
    plan = SimulationPlan(
        days=6, per_day=4_000, seed=seed, faults=(FaultRequest(kind=kind),), probe_interval_s=3600
    )
    (fault,) = truth(plan)
    end_ms = min(fault.end_ms or plan.end_ms, plan.end_ms)
    return Twins(
        fault.cause_id or "",
        fault.slice,
        history(plan),
        history(plan.without(0)),
        -(-fault.start_ms // 3_600_000) * 3600,
        end_ms // 3_600_000 * 3600,
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_the_version_before_would_have_done_as_the_twin_did(seed: int) -> None:
    pair = twins("weaker-policy", seed)
    now = world(pair.happened, pair.start_s, pair.end_s)
    facts = PolicyFacts(
        policy=POLICY, version=FIRST_POLICY_VERSION, published_at=SimulationPlan().end
    )
    found = quality(now, under_policy(now, PolicyGiven(facts, frozenset())))
    twin = mean_score(pair.otherwise, pair.start_s, pair.end_s)
    assert abs(found.total - twin * found.weight) <= found.half
    assert abs(found.observed - found.total) > found.half
    assert found.missing / found.weight < 0.01


def test_one_arm_for_all_would_have_done_as_the_twin_did() -> None:
    pair = twins("experiment-ramp", 1)
    now = world(pair.happened, pair.start_s, pair.end_s)
    found = quality(now, in_arm(now, f"{pair.cause_id}/A"))
    twin = mean_score(pair.otherwise, pair.start_s, pair.end_s)
    assert abs(found.total - twin * found.weight) <= found.half
    assert abs(found.observed - found.total) > found.half


def test_a_deployment_left_out_does_as_when_it_had_failed() -> None:
    """The fleet in which nothing failed, asked what the loss of what failed would have brought."""
    pair = twins("failover", 1)
    usual = world(pair.otherwise, pair.start_s, pair.end_s)
    found = quality(usual, left_out(usual, frozenset(pair.slice["deployment"])))
    lost = mean_score(pair.happened, pair.start_s, pair.end_s)
    # Those whose stand-in never did their task have no counterpart, and stay in the interval.
    assert abs(found.total - lost * found.weight) <= found.half
    assert found.total < found.observed


def cells(*keys: CellKey) -> World:
    size = len(keys)
    measures = np.ones((size, len(MEASURE_NAMES)), dtype=np.int64)
    cell, hour = np.arange(size), np.zeros(size, dtype=np.int64)
    traffic = Traffic(cell, hour, hour, measures, SketchColumn(), SketchColumn())
    nowhere = np.zeros(size, dtype=np.bool_)
    return World(keys, traffic, Scores(), nowhere, nowhere[:0], ~nowhere, 1)


def test_an_arm_of_several_experiments_must_be_named_in_full() -> None:
    first = CellKey("t", "a@aws", "chat", "free", "p", "v", "e1", "B", None, "rule", None)
    both = cells(first, first._replace(experiment="e2"))
    with pytest.raises(InvalidInput, match="e1/B, e2/B"):
        in_arm(both, "B")
    assert in_arm(both, "e2/B").affected.all()


def test_a_backend_is_all_of_its_deployments() -> None:
    one = CellKey("t", "a@aws", "chat", "free", "p", "v", None, None, None, "rule", None)
    three = cells(one, one._replace(deployment="b@aws"), one._replace(deployment="a@k8s"))
    assert left_out(three, frozenset({"aws"})).affected.tolist() == [True, True, False]
    assert left_out(three, frozenset({"a@k8s"})).affected.tolist() == [False, False, True]
    assert left_out(three, frozenset({"gcp"})).refused is not None


def test_what_a_version_is_not_for_stays() -> None:
    one = CellKey("t", "a@aws", "chat", "free", "p", "v1", None, None, None, "rule", None)
    told = cells(
        one,
        one._replace(task_type="code"),
        one._replace(policy="other"),
        one._replace(experiment="e", arm="B"),
        one._replace(policy_version="v2"),
    )
    facts = PolicyFacts(
        policy="p", version="v2", published_at=SimulationPlan().end, task_types=("chat",)
    )
    asked = under_policy(told, PolicyGiven(facts, frozenset({("e", "B")})))
    assert asked.affected.tolist() == [True, False, False, False, False]
