"""Who burned a budget: planted slices are found, even burning names nobody."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.traffic import CellKey
from graph.objectives.burners import BudgetShare, burned_by

DEPLOYMENTS = ("a@aws", "b@aws", "a@k8s", "c@neo")
TASKS = ("chat", "code", "reasoning")
TIERS = ("free", "premium")


def cell(deployment: str, task: str, tier: str) -> CellKey:
    return CellKey("t", deployment, task, tier, "main", "v1", None, None, None, "rule", None)


CELLS = [cell(d, task, tier) for d in DEPLOYMENTS for task in TASKS for tier in TIERS]
EVENTS = np.full(len(CELLS), 1000.0)


def named(found: tuple[BudgetShare, ...]) -> list[dict[str, str]]:
    return [{ref.kind: ref.id for ref in one.where} for one in found]


def test_an_even_burn_names_nobody() -> None:
    rng = np.random.default_rng(1)
    bad = rng.poisson(10.0, (300, len(CELLS))).astype(np.float64)
    assert sum(bool(burned_by(CELLS, EVENTS, each)) for each in bad) <= 2
    assert burned_by(CELLS, EVENTS, np.full(len(CELLS), 10.0)) == ()


@pytest.mark.parametrize(
    "planted",
    [
        {"deployment": "b@aws"},
        {"backend": "aws"},
        {"task_type": "code"},
        {"tier": "premium"},
        {"deployment": "a@k8s", "task_type": "code"},
    ],
)
def test_a_planted_slice_is_named_alone(planted: dict[str, str]) -> None:
    def labels(key: CellKey) -> dict[str, str]:
        model, _, backend = key.deployment.rpartition("@")
        return {
            "deployment": key.deployment, "model": model, "backend": backend,
            "task_type": key.task_type, "tier": key.tier,
        }  # fmt: skip

    rng = np.random.default_rng(2)
    inside = np.array([planted.items() <= labels(key).items() for key in CELLS])
    bad = rng.poisson(np.where(inside, 60.0, 10.0)).astype(np.float64)
    found = burned_by(CELLS, EVENTS, bad)
    # A model that only one deployment has goes by the deployment.
    assert named(found) == [planted]
    assert found[0].bad == bad[inside].sum()
    assert found[0].events == 1000 * inside.sum()
    assert found[0].share == pytest.approx(bad[inside].sum() / bad.sum())


def test_two_of_them_are_named_the_worse_first() -> None:
    bad = np.array(
        [
            200.0 if key.deployment == "c@neo" else 60.0 if key.task_type == "code" else 10.0
            for key in CELLS
        ]
    )
    assert named(burned_by(CELLS, EVENTS, bad)) == [
        {"deployment": "c@neo"},
        {"task_type": "code"},
    ]


def test_few_bad_events_and_single_slices_name_nobody() -> None:
    assert burned_by(CELLS, EVENTS, np.zeros(len(CELLS))) == ()
    assert burned_by([], np.empty(0), np.empty(0)) == ()
    assert burned_by(CELLS[:1], np.array([10.0]), np.array([9.0])) == ()


@given(st.lists(st.integers(0, 1000), min_size=24, max_size=24), st.integers(0, 2**32))
def test_shares_add_up_and_order_never_matters(bad: list[int], seed: int) -> None:
    counts = np.array(bad, dtype=np.float64)
    found = burned_by(CELLS, EVENTS, counts)
    assert sum(one.share for one in found) <= 1 + 1e-9
    assert len(found) <= 5
    order: list[int] = np.random.default_rng(seed).permutation(len(CELLS)).tolist()
    shuffled = burned_by([CELLS[i] for i in order], EVENTS[order], counts[order])
    assert named(shuffled) == named(found)
