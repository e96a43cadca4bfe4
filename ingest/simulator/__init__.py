"""A seeded synthetic fleet as events, with faults planted by name and the truth kept apart."""

from ingest.simulator.answer_key import truth_document
from ingest.simulator.decoys import Decoy, decoys
from ingest.simulator.faults import FAULTS, PlantedFault, truth
from ingest.simulator.plan import DEFAULT_END, FaultRequest, SimulationPlan, demo_plan
from ingest.simulator.stream import live, simulate

__all__ = [
    "DEFAULT_END",
    "FAULTS",
    "Decoy",
    "FaultRequest",
    "PlantedFault",
    "SimulationPlan",
    "decoys",
    "demo_plan",
    "live",
    "simulate",
    "truth",
    "truth_document",
]
