"""What each event type does to the hot view."""

from datetime import UTC, datetime
from pathlib import Path

import orjson

from graph.evidence import Observation
from graph.hot.evidence import FailedTry, RequestOutcome, Told
from ingest.effects import effects_of
from ingest.events import parse_event

EXAMPLES = Path(__file__).parents[1] / "data" / "examples.jsonl"


def test_each_example_has_the_effects_of_its_type():
    kinds: dict[str, set[str]] = {}
    for line in EXAMPLES.read_bytes().splitlines():
        event = parse_event(orjson.loads(line), received_at=datetime.now(UTC))
        for effect in effects_of(event):
            match effect:
                case Told():
                    name = effect.kind
                    assert orjson.dumps(dict(effect.data))
                case RequestOutcome() | Observation() | FailedTry():
                    name = type(effect).__name__
                case _:
                    raise AssertionError(f"events have no effect {effect}")
            kinds.setdefault(event.type.removeprefix("routecause."), set()).add(name)
    assert kinds == {
        "backend.registered": {"backend"},
        "deployment.observed": {"Observation"},
        "deployment.registered": {"deployment"},
        "incident.opened": {"incident", "incident.first", "incident.turn"},
        "incident.resolved": {"incident", "incident.first", "incident.turn"},
        "incident.updated": {"incident", "incident.first"},
        "maintenance.scheduled": {"maintenance"},
        "model.registered": {"model"},
        "experiment.configured": {"experiment"},
        "policy.published": {"policy", "policy.version"},
        "request.completed": {"RequestOutcome", "FailedTry"},
        "tenant.configured": {"tenant"},
        "tier.configured": {"tier"},
        "user.configured": {"user"},
    }
