"""The degree law in the declarations: what grows with traffic hangs on buckets alone."""

import re

from graph.model import NODES, RELATIONSHIPS, traffic
from graph.model.declare import Kind
from graph.store import ledger

BUSY = {label for label, node in NODES.items() if node.grows == "with traffic"}


def test_traffic_links_to_traffic_and_buckets_alone() -> None:
    assert {"Request", "RoutingDecision", "QualityScore"} == BUSY
    held = {(r.start, r.end) for r in RELATIONSHIPS if {r.start, r.end} & BUSY}
    assert held == {
        ("Request", "RoutingDecision"),
        ("Request", "Bucket"),
        ("QualityScore", "Request"),
    }


def test_samples_hang_on_their_hour_alone() -> None:
    label = traffic.OBSERVATION.label
    assert {(r.start, r.end) for r in RELATIONSHIPS if label in (r.start, r.end)} == {
        ("HealthHour", label)
    }


def test_writes_make_declared_relationships_alone() -> None:
    texts = [value for name, value in vars(ledger).items() if re.fullmatch(r"_[A-Z_]+", name)]
    written = {name for text in texts for name in re.findall(r"\[\w*:([A-Z_]+)\]", text)}
    assert written
    assert written <= {r.type for r in RELATIONSHIPS}


def test_every_measure_of_a_bucket_is_a_whole_number() -> None:
    measures = (*traffic.MEASURES, *traffic.SCORE_MEASURES)
    assert {measure.kind for measure in measures} == {Kind.WHOLE}
