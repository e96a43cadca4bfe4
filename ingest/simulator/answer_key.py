"""The truth about a simulated history as a document of its own, which no event may hold."""

from typing import Any

from ingest.simulator.arrays import stamp
from ingest.simulator.decoys import decoys
from ingest.simulator.faults import truth
from ingest.simulator.plan import SimulationPlan


def truth_document(plan: SimulationPlan) -> dict[str, Any]:
    """What was planted and what is innocent, ready for JSON.

    `faults` in the plan's order (see `PlantedFault.to_json`); `decoys` are changes, policies,
    experiments, incidents and maintenance that do nothing.
    """
    return {
        "plan": {
            "days": plan.days,
            "per_day": plan.per_day,
            "seed": plan.seed,
            "from": stamp(plan.start_ms),
            "to": stamp(plan.end_ms),
            "faults": [request.kind for request in plan.requested],
        },
        "faults": [fault.to_json() for fault in truth(plan)],
        "decoys": [
            {"kind": decoy.kind, "id": decoy.id, "at": stamp(decoy.at_ms)} for decoy in decoys(plan)
        ],
    }
