"""A policy as people write it becomes an event, and errors are named as they stand in the file."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ingest.events import InvalidEvent, PolicyPublishedEvent, parse_event
from ingest.policy_document import publication

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "format": "routecause/1",
    "policy": "main",
    "version": "v7",
    "summary": None,
    "task_types": ["coding"],
    "rules": [{"name": "r", "use": ["coder@k8s"]}],
}


def errors(**changes: Any) -> dict[str, str]:
    document = {**GOOD, **changes}
    with pytest.raises(InvalidEvent) as refused:
        publication({k: v for k, v in document.items() if v is not ...}, now=NOW)
    return {each.field: each.message for each in refused.value.errors}


def test_a_document_becomes_its_event() -> None:
    event = parse_event(publication(GOOD, now=NOW), received_at=NOW)
    assert isinstance(event, PolicyPublishedEvent)
    assert (event.data.policy, event.data.version, event.time) == ("main", "v7", NOW)
    assert event.data.task_types == ("coding",)
    assert event.data.rules == {"format": "routecause/1", "rules": GOOD["rules"]}


def test_each_publication_is_a_fact_of_its_own() -> None:
    assert publication(GOOD, now=NOW)["id"] != publication(GOOD, now=NOW)["id"]


def test_errors_are_named_as_in_the_document() -> None:
    uses = [{"model": "a", "weight": 1}, {"model": "b", "weight": -1}]
    rules = [{"name": "one"}, {"name": "two", "use": uses}]
    assert errors(rules=rules) == {"rules[1].use[1].weight": "must be at least 0; got -1"}
    assert errors(rules=[{"name": "r"}, {"name": "r"}]) == {
        "rules": "names the rule 'r' twice; name each once"
    }
    assert list(errors(version=7)) == ["version"]
    assert list(errors(rules={"r": {}})) == ["rules"]


def test_what_is_missing_or_not_known_is_named() -> None:
    assert list(errors(policy=...)) == ["policy"]
    assert errors(rules=...) == {"rules": "is missing; add it, an empty list if there are none"}
    assert errors(format="routecause/9") == {"format": 'must be "routecause/1"'}
    assert list(errors(format=..., rule=[], extra=1)) == ["extra", "format", "rule"]
