"""Faults that can be planted by name, and how a plan's faults are planted."""

from functools import lru_cache

from graph.errors import InvalidInput
from ingest.simulator.faults.answers import (
    arm_delayed_scores,
    experiment_ramp,
    harsher_judge,
    indistinguishable_changes,
    rollout_hurts_task,
    scores_missing,
    slow_drift,
    weaker_policy,
)
from ingest.simulator.faults.demand import (
    cache_outage,
    longer_prompts,
    new_tenant,
    price_rise,
)
from ingest.simulator.faults.planted import PlantedFault, Planter, Planting, Site
from ingest.simulator.faults.serving import (
    backend_incident,
    backend_latency,
    degraded_deployment,
    failover,
    quota_cut,
    silent_probe,
    spot_preemption,
)
from ingest.simulator.faults.surges import growing_demand, runaway_tenant
from ingest.simulator.operations import GROWING_DEMAND
from ingest.simulator.plan import SimulationPlan

__all__ = ["FAULTS", "PlantedFault", "plantings", "truth"]

FAULTS: dict[str, Planter] = {
    "rollout-hurts-task": rollout_hurts_task,
    "weaker-policy": weaker_policy,
    "backend-latency": backend_latency,
    "backend-incident": backend_incident,
    "failover": failover,
    "harsher-judge": harsher_judge,
    "quota-cut": quota_cut,
    "price-rise": price_rise,
    "experiment-ramp": experiment_ramp,
    "slow-drift": slow_drift,
    "new-tenant": new_tenant,
    "longer-prompts": longer_prompts,
    "spot-preemption": spot_preemption,
    "silent-probe": silent_probe,
    "scores-missing": scores_missing,
    "degraded-deployment": degraded_deployment,
    "indistinguishable-changes": indistinguishable_changes,
    GROWING_DEMAND: growing_demand,
    "runaway-tenant": runaway_tenant,
    "cache-outage": cache_outage,
    "arm-delayed-scores": arm_delayed_scores,
}
"""Planters by the name that `--fault` takes."""


@lru_cache(maxsize=16)
def plantings(plan: SimulationPlan) -> tuple[Planting, ...]:
    """Every fault of a plan, in its order; InvalidInput for a name that is not in FAULTS."""
    planted: list[Planting] = []
    for place, request in enumerate(plan.requested):
        planter = FAULTS.get(request.kind)
        if planter is None:
            raise InvalidInput(
                f"{request.kind} is none of {', '.join(FAULTS)}", field=f"faults[{place}]"
            )
        planted.append(planter(Site.of(plan, place)))
    return tuple(planted)


def truth(plan: SimulationPlan) -> list[PlantedFault]:
    """What was planted, in the plan's order."""
    return [planting.truth for planting in plantings(plan)]
