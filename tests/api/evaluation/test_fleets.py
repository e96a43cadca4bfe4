"""Fleets differ, share no name and no hour, and hold at least six decoys each."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from api.evaluation.fleets import APART, FIRST_SEED, KINDS, QUIET, Roster
from ingest.simulator import FAULTS, SimulationPlan, truth

START = datetime(2026, 3, 2, tzinfo=UTC)
END = START + timedelta(days=10)

NO_EVENT = {"slow-drift", "new-tenant", "longer-prompts", "scores-missing"}


def test_the_kinds_are_what_can_go_wrong() -> None:
    assert len(KINDS) >= 16
    assert set(KINDS) - {"two-causes"} <= set(FAULTS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_plants_what_it_says(kind: str) -> None:
    for seed in range(5):
        plan = SimulationPlan(
            days=10, per_day=10, end=END, faults=KINDS[kind](START, np.random.default_rng(seed))
        )
        planted = truth(plan)
        assert len(planted) == (2 if kind == "two-causes" else 1)
        assert len({fault.metric for fault in planted}) == 1
        for fault in planted:
            assert (fault.cause_id is None) == (kind in NO_EVENT)
            assert plan.start_ms < fault.start_ms < plan.end_ms
            assert fault.end_ms is None or fault.end_ms < plan.end_ms


def test_fleets_share_no_name_and_no_hour() -> None:
    roster = Roster(per_day=60)
    fleets = [roster.fleet(QUIET, seed=FIRST_SEED + place) for place in range(3)]
    spans = sorted((one.plan.start_ms, one.plan.end_ms) for one in fleets)
    assert all(end < start for (_, end), (start, _) in pairwise(spans))
    names = [name for one in fleets for name in one.decoys]
    assert len(names) == len(set(names))
    assert all(len(one.decoys) >= 6 for one in fleets)
    assert timedelta(days=30) < APART


def test_the_same_seed_gives_the_same_fleet() -> None:
    one, other = (Roster(per_day=60).fleet(QUIET, seed=FIRST_SEED) for _ in range(2))
    assert one.plan == other.plan
    assert one.asked == other.asked
    assert Roster(per_day=60).fleet(QUIET, seed=FIRST_SEED + 1).plan != one.plan
