"""Plans: what they refuse, and what names their identifiers."""

from datetime import datetime
from typing import Any

import pytest

from graph.errors import InvalidInput
from ingest.simulator import FaultRequest, SimulationPlan


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"days": 0}, "days"),
        ({"per_day": 0}, "per_day"),
        ({"seed": -1}, "seed"),
        ({"users": 3}, "users"),
        ({"probe_interval_s": 1}, "probe_interval_s"),
        ({"decoys": -1}, "decoys"),
        ({"tenants": ()}, "tenants"),
        ({"tenants": ("acme", "acme")}, "tenants"),
        ({"end": datetime(2026, 1, 1)}, "end"),  # noqa: DTZ001 - a time without an offset is the case
    ],
)
def test_a_value_out_of_range_is_named(values: dict[str, Any], field: str):
    with pytest.raises(InvalidInput, match=f"^{field}: "):
        SimulationPlan(**values)


def test_names_and_requests_of_faults_are_the_same():
    by_name = SimulationPlan(faults=["failover"])
    by_request = SimulationPlan(faults=(FaultRequest(kind="failover"),))
    assert by_name.requested == by_request.requested
    assert by_name.fleet_id == by_request.fleet_id
    assert hash(by_name) is not None


def test_every_part_of_a_plan_changes_its_identifiers():
    plans = [
        SimulationPlan(),
        SimulationPlan(days=13),
        SimulationPlan(per_day=9_999),
        SimulationPlan(seed=2),
        SimulationPlan(faults=("failover",)),
        SimulationPlan(decoys=3),
        SimulationPlan(tenants=("acme", "globex")),
        SimulationPlan(probe_interval_s=60),
    ]
    assert len({plan.fleet_id for plan in plans}) == len(plans)
