"""What if, asked of a real graph: a fleet whose answers are known by construction."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from graph.columns import BucketColumns
from graph.errors import InvalidInput, NotFound
from graph.facts import EntityFact, LinkTo, RequestFact, ScoreFact
from graph.model.traffic import CellKey
from graph.model.world import EXPERIMENT, POLICY_VERSION
from graph.policies.facts import FORMAT
from graph.scope import TenantScope
from graph.slices import Metric, Period, Slice
from graph.store.door import GraphStore, counting
from graph.store.ledger import record
from graph.whatif import LEAST_SAMPLES, WhatIf, what_if

T0 = datetime(2026, 9, 1, tzinfo=UTC)
HALF = T0 + timedelta(hours=24)
END = T0 + timedelta(hours=48)
NOW = END + timedelta(hours=3)
GOOD, POOR, SPARE = "good@aws", "poor@k8s", "spare@neo"
QUALITY = {GOOD: 0.9, POOR: 0.5, SPARE: 0.7}
LATENCY_MS = {GOOD: 2000.0, POOR: 400.0, SPARE: 1000.0}
COST_USD = {GOOD: 0.01, POOR: 0.001, SPARE: 0.004}


def request(
    tenant: str,
    n: int,
    at: datetime,
    deployment: str,
    rng: random.Random,
    *,
    policy: str,
    version: str,
    task_type: str = "chat",
    displaced_from: str | None = None,
    arm: tuple[str, str] | None = None,
) -> tuple[RequestFact, ScoreFact]:
    latency_ms = LATENCY_MS[deployment] * rng.lognormvariate(0, 0.1)
    cost_usd = COST_USD[deployment]
    cell = CellKey(
        tenant, deployment, task_type, "free", policy, version, arm and arm[0], arm and arm[1],
        None, "fallback" if displaced_from else "rule", displaced_from, "0-512",
    )  # fmt: skip
    name = f"{tenant}-{policy}-{n}"
    told = RequestFact(
        tenant=tenant, id=name, at=at, recorded_at=at, cell=cell, status="ok",
        latency_ms=latency_ms, ttft_ms=None, cost_usd=cost_usd, prompt_tokens=100,
        completion_tokens=50, retries=0, cache_hit=False,
        properties={
            "user": f"u{n % 7}", "status": "ok", "latencyMs": latency_ms, "costUsd": cost_usd,
            "promptTokens": 100, "completionTokens": 50, "retries": 0, "cacheHit": False,
        },
        decision={"deployment": deployment},
    )  # fmt: skip
    score = min(max(QUALITY[deployment] + rng.gauss(0, 0.05), 0.0), 1.0)
    properties = {"key": name, "evaluator": "judge", "evaluatorVersion": "1", "score": score}
    return told, ScoreFact(name, tenant, name, at, at, "judge", "1", score, properties)


class Fleet:
    """v1 sent 80 % to the good one, v2 sends 20 % there; each ruled a day."""

    def __init__(self, store: GraphStore) -> None:
        self.store, self.columns = store, BucketColumns(store)
        self.tenant, self.policy = f"t-{uuid4().hex[:12]}", f"p-{uuid4().hex[:8]}"
        self.scope = TenantScope.of(self.tenant)

    async def load(self) -> None:
        rng = random.Random(11)
        facts: list[Any] = []
        for n in range(1000):
            at = T0 + timedelta(seconds=172 * n)
            version = "v1" if at < HALF else "v2"
            share = 0.8 if version == "v1" else 0.2
            deployment = GOOD if rng.random() < share else POOR
            displaced = None
            if deployment == GOOD and rng.random() < 0.1:
                deployment, displaced = SPARE, GOOD
            facts += request(
                self.tenant, n, at, deployment, rng, policy=self.policy, version=version,
                displaced_from=displaced,
            )  # fmt: skip
        for n in range(1000, 1300):
            arm = "B" if rng.random() < 0.5 else "A"
            facts += request(
                self.tenant, n, HALF + timedelta(seconds=280 * (n - 1000)),
                POOR if arm == "B" else GOOD, rng, policy=self.policy, version="v2",
                task_type="code", arm=(f"exp-{self.policy}", arm),
            )  # fmt: skip
        for start in range(0, len(facts), 500):
            await record(self.store, facts[start : start + 500])

    async def ask(self, metric: Metric = Metric.QUALITY, **asked: Any) -> WhatIf:
        given: dict[str, Any] = {
            "during": Period(HALF, END),
            "where": Slice(task_type=frozenset({"chat"})),
            "scope": self.scope,
            "now": NOW,
            **asked,
        }
        return await what_if(self.store, self.columns, metric=metric, **given)

    async def publish(self, version: str, **told: Any) -> None:
        key = f"{self.policy}-{version}"
        rules = orjson.dumps(told.pop("rules", {})).decode()
        await record(
            self.store,
            [
                EntityFact(
                    POLICY_VERSION, (self.policy, version), key, T0, T0, {"rules": rules, **told}
                )
            ],
        )


@pytest.fixture(scope="module")
async def fleet(store: GraphStore) -> Fleet:
    loaded = Fleet(store)
    await loaded.load()
    return loaded


def expected(values: dict[str, float], share: float) -> float:
    """The mean where this share is meant for the good one, a tenth of which is displaced."""
    return share * (0.9 * values[GOOD] + 0.1 * values[SPARE]) + (1 - share) * values[POOR]


@pytest.mark.parametrize(
    ("metric", "values"),
    [
        (Metric.QUALITY, QUALITY),
        (Metric.COST_PER_REQUEST, COST_USD),
        (Metric.LATENCY_MEAN, {k: v * 1.005 for k, v in LATENCY_MS.items()}),
    ],
)
async def test_the_old_version_would_have_done_better(
    fleet: Fleet, metric: Metric, values: dict[str, float]
) -> None:
    found = await fleet.ask(metric, policy_version=f"{fleet.policy}@v1")
    assert found.refused is None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= expected(values, 0.8) <= found.high
    assert found.observed == pytest.approx(expected(values, 0.2), rel=0.1)
    assert not found.low <= (found.observed or 0) <= found.high
    assert found.effective_samples > LEAST_SAMPLES
    assert found.moved == pytest.approx(0.6, abs=0.08)


async def test_cost_is_a_total(fleet: Fleet) -> None:
    per_request = await fleet.ask(Metric.COST_PER_REQUEST, policy_version=f"{fleet.policy}@v1")
    total = await fleet.ask(Metric.COST, policy_version=f"{fleet.policy}@v1")
    requests = await fleet.ask(Metric.VOLUME, arm="B")
    n = requests.observed or 0
    assert total.estimate == pytest.approx(n * (per_request.estimate or 0))


async def test_percentiles_come_from_the_weighted_sketches(fleet: Fleet) -> None:
    found = await fleet.ask(Metric.LATENCY_P50, policy_version=f"{fleet.policy}@v1")
    assert found.observed == pytest.approx(420, rel=0.1)
    assert found.estimate == pytest.approx(1950, rel=0.08)
    assert (found.low or 0) < (found.estimate or 0) < (found.high or 0)
    told = await fleet.ask(Metric.TTFT_P95, policy_version=f"{fleet.policy}@v1")
    assert told.refused == "nothing was measured of these requests"


async def test_the_version_in_force_changes_nothing(fleet: Fleet) -> None:
    found = await fleet.ask(policy_version=f"{fleet.policy}@v2")
    assert found.estimate == pytest.approx(found.observed)
    assert found.moved == 0


async def test_volume_is_what_it_was(fleet: Fleet) -> None:
    found = await fleet.ask(Metric.VOLUME, policy_version=f"{fleet.policy}@v1")
    assert found.observed == found.estimate == found.low == found.high == 497
    assert found.notes == ("routing moves requests and makes none",)


async def test_without_a_deployment_its_requests_go_where_the_displaced_went(
    fleet: Fleet,
) -> None:
    for names in ({GOOD}, {"aws"}):
        found = await fleet.ask(without=frozenset(names))
        assert found.refused is None
        share = 0.2 * 0.9
        assert found.moved == pytest.approx(share, abs=0.05)
        gone = (found.moved or 0) * (QUALITY[GOOD] - QUALITY[SPARE])
        assert found.estimate == pytest.approx((found.observed or 0) - gone, abs=0.01)


async def test_one_arm_for_all(fleet: Fleet) -> None:
    where = Slice(task_type=frozenset({"code"}))
    named = await fleet.ask(where=where, arm=f"exp-{fleet.policy}/B")
    assert named.estimate == pytest.approx(0.5, abs=0.01)
    assert named.observed == pytest.approx(0.7, abs=0.03)
    assert (await fleet.ask(where=where, arm="B")).estimate == named.estimate
    assert (await fleet.ask(where=where, arm="C")).refused is not None


async def test_pinned_arms_stay_where_they_are(store: GraphStore, fleet: Fleet) -> None:
    """Without the pin, v1's shares are not known for code, and nothing can be said of it."""
    where = Slice(task_type=frozenset({"code"}))
    before = await fleet.ask(where=where, policy_version=f"{fleet.policy}@v1")
    assert "routed nothing" in (before.refused or "")
    arms = [{"arm": "A", "percent": 50, "deployment": GOOD}, {"arm": "B", "percent": 50}]
    arms[1]["deployment"] = POOR
    await record(
        store,
        [
            EntityFact(
                EXPERIMENT, (f"exp-{fleet.policy}",), f"exp-{fleet.policy}", T0, T0,
                {"policy": fleet.policy, "status": "running", "arms": orjson.dumps(arms).decode()},
                links=(LinkTo("TESTS", "Policy", (fleet.policy,)),),
            )
        ],
    )  # fmt: skip
    after = await fleet.ask(where=where, policy_version=f"{fleet.policy}@v1")
    assert after.estimate == pytest.approx(after.observed)


async def test_rules_stand_in_for_a_version_that_never_ruled(fleet: Fleet) -> None:
    split = {
        "name": "s",
        "use": [{"deployment": GOOD, "weight": 1}, {"model": "poor", "weight": 1}],
    }
    await fleet.publish("v3", rules={"format": FORMAT, "rules": [split]})
    found = await fleet.ask(policy_version=f"{fleet.policy}@v3")
    assert found.low is not None
    assert found.high is not None
    assert found.low <= expected(QUALITY, 0.5) <= found.high
    await fleet.publish("v4", rules={"routes": {}})
    refused = await fleet.ask(policy_version=f"{fleet.policy}@v4")
    assert refused.estimate is None
    assert "routed nothing" in (refused.refused or "")
    assert refused.observed == found.observed


async def test_a_version_for_another_task_moves_nobody_here(fleet: Fleet) -> None:
    split = {"name": "s", "use": [GOOD]}
    rules = {"format": FORMAT, "rules": [split]}
    await fleet.publish("v5", rules=rules, taskTypes=["code"])
    found = await fleet.ask(policy_version=f"{fleet.policy}@v5")
    assert found.estimate == pytest.approx(found.observed)


async def test_odds_correct_what_cells_cannot_tell(store: GraphStore) -> None:
    """Hard requests were sent to the good one more often, so that its plain mean is too low."""
    rng = random.Random(5)
    tenant, policy = f"t-{uuid4().hex[:12]}", f"p-{uuid4().hex[:8]}"
    facts: list[Any] = []
    for n in range(700):
        now, hard = n < 600, rng.random() < 0.5
        odds = 1.0 if not now else 0.9 if hard else 0.3
        good = rng.random() < odds
        at = (HALF if now else T0) + timedelta(seconds=140 * (n % 600))
        told, score = request(
            tenant, n, at, GOOD if good else POOR, rng, policy=policy,
            version="v2" if now else "v1",
        )  # fmt: skip
        worse = score.score - 0.3 * hard
        told = replace(told, decision={**told.decision, "propensity": odds if good else 1 - odds})
        properties = {**score.properties, "score": worse}
        facts += [told, replace(score, score=worse, properties=properties)]
    for start in range(0, len(facts), 500):
        await record(store, facts[start : start + 500])
    found = await what_if(
        store, BucketColumns(store), metric=Metric.QUALITY, during=Period(HALF, END), where=Slice(),
        policy_version=f"{policy}@v1", scope=TenantScope.of(tenant), now=NOW,
    )  # fmt: skip
    assert found.notes[-1].startswith("corrected by")
    assert found.low is not None
    assert found.high is not None
    assert found.low <= QUALITY[GOOD] - 0.15 <= found.high
    assert found.high - found.low < 0.12


async def test_too_little_overlap_is_refused(fleet: Fleet) -> None:
    """Of an hour and what lies around it there are few requests that went to the spare one."""
    rules = {"format": FORMAT, "rules": [{"name": "s", "use": ["nobody@k8s"]}]}
    await fleet.publish("v6", rules=rules)
    found = await fleet.ask(policy_version=f"{fleet.policy}@v6")
    assert found.estimate is None
    assert "no like request" in (found.refused or "")
    assert found.moved == 1


async def test_a_slice_by_deployment_asks_what_its_requests_would_have_met(fleet: Fleet) -> None:
    where = Slice(deployment=frozenset({POOR}), task_type=frozenset({"chat"}))
    found = await fleet.ask(where=where, policy_version=f"{fleet.policy}@v1")
    assert found.observed == pytest.approx(QUALITY[POOR], abs=0.02)
    # Three in four of them leave, and meet what the good one gives.
    assert found.estimate == pytest.approx(0.25 * 0.5 + 0.75 * 0.88, abs=0.05)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "policyVersion"),
        ({"arm": "B", "without": frozenset({GOOD})}, "arm"),
        ({"without": frozenset[str]()}, "without"),
        ({"policy_version": "v1"}, "policyVersion"),
    ],
)
async def test_exactly_one_thing_is_otherwise(
    fleet: Fleet, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        await fleet.ask(**given)
    assert caught.value.field == field


async def test_an_unknown_version_is_not_found(fleet: Fleet) -> None:
    with pytest.raises(NotFound, match="no version v77"):
        await fleet.ask(policy_version=f"{fleet.policy}@v77")


async def test_nothing_is_known_of_deployments_that_served_nobody(fleet: Fleet) -> None:
    found = await fleet.ask(without=frozenset({"nobody@here"}))
    assert found.refused == "none of these requests was served by nobody@here"


async def test_other_tenants_neither_ask_nor_answer(fleet: Fleet) -> None:
    other = await fleet.ask(scope=TenantScope.of("t-other"), policy_version=f"{fleet.policy}@v1")
    assert other.observed is None
    assert other.refused is not None


async def test_few_statements_however_much_there_is(store: GraphStore, fleet: Fleet) -> None:
    async def asked(during: Period, columns: BucketColumns) -> int:
        with counting() as statements:
            await what_if(
                store, columns, metric=Metric.QUALITY, during=during, where=Slice(),
                policy_version=f"{fleet.policy}@v1", scope=fleet.scope, now=NOW,
            )  # fmt: skip
        return len(statements.statements)

    columns = BucketColumns(store)
    ragged = Period(HALF + timedelta(minutes=20), END - timedelta(minutes=20))
    assert await asked(ragged, columns) <= 12
    # What decisions told of their odds is read besides.
    assert await asked(Period(HALF, END), columns) == 4
