"""The policy format: what is taken, and for what is not, the field and what to do about it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from graph.policies.facts import PolicyFacts, rules_read
from graph.policies.format import FORMAT, checked, read
from ingest.events import InvalidEvent, parse_event

FULL: dict[str, Any] = {
    "format": FORMAT,
    "rules": [
        {
            "name": "coding",
            "priority": 10,
            "when": {
                "task_type": ["coding", "review"],
                "tier": "premium",
                "tenant": "acme",
                "user": ["ann"],
                "labels": {"team": ["search", "ads"], "region": "eu"},
                "prompt_tokens": {"min": 1, "max": 32000},
            },
            "use": [{"deployment": "coder@k8s", "weight": 70}, {"model": "apex", "weight": 30}],
            "fallbacks": ["nova@neo", {"model": "atlas"}],
            "avoid": ["nova@k8s"],
            "ceilings": {"cost_usd": 0.02, "latency_ms": 4000},
            "floors": {"quality": 0.8},
            "flags": {"cache": True, "depth": 3, "mode": "strict", "share": 0.5},
        },
        {"name": "rest", "use": ["nova"]},
    ],
}


def errors(rules: dict[str, Any]) -> dict[str, str]:
    event = {
        "specversion": "1.0",
        "id": "p",
        "source": "//test",
        "type": "routecause.policy.published",
        "time": "2026-11-01T12:00:00Z",
        "recordedtime": "2026-11-01T12:00:00Z",
        "data": {"policy": "main", "version": "v1", "rules": rules},
    }
    try:
        parse_event(event)
    except InvalidEvent as error:
        return {each.field: each.message for each in error.errors}
    return {}


def ruled(**rule: Any) -> dict[str, str]:
    return errors({"format": FORMAT, "rules": [{"name": "r", **rule}]})


def test_a_full_policy_is_taken_and_read() -> None:
    assert errors(FULL) == {}
    found = read(FULL)
    assert found is not None
    assert [rule.name for rule in found] == ["coding", "rest"]
    assert found[0].when.conditions == 7
    assert found[0].use[1].model == "apex"
    assert found[0].fallbacks[0].deployment == "nova@neo"


def test_rules_of_another_format_are_kept_unread() -> None:
    foreign = {"routes": {"coding": {"coder@k8s": -1}}, "format": "other/3"}
    assert errors(foreign) == {}
    assert checked(foreign) == foreign
    assert read(foreign) is None
    assert rules_read(foreign) == {}
    assert rules_read(FULL) == FULL


def test_rules_that_got_in_all_the_same_are_not_read() -> None:
    assert read({"format": FORMAT, "rules": [{"name": "r", "use": ["a@b"], "weight": 1}]}) is None


@pytest.mark.parametrize(
    ("rule", "field", "words"),
    [
        (
            {"use": [{"deployment": "a@b", "weight": -1}]},
            "use.0.weight",
            "must be at least 0; got -1",
        ),
        ({"use": [{"deployment": "a@b", "weight": "7"}]}, "use.0.weight", "must be a number"),
        ({"use": [{"deployment": "a@b", "weight": 1e16}]}, "use.0.weight", "at most 1000000000000"),
        ({"use": [{"deployment": "a@b", "wieght": 1}]}, "use.0.wieght", "is not a known field"),
        ({"use": [{"weight": 1}]}, "use.0", "either a `deployment` or a `model`"),
        ({"use": [{"deployment": "a@b", "model": "a"}]}, "use.0", "either"),
        ({"use": [{"deployment": "ab"}]}, "use.0.deployment", "must be written model@backend"),
        ({"use": ["a@"]}, "use.0.deployment", "must be written model@backend"),
        ({"use": "a@b"}, "use", "must be a JSON array"),
        ({"use": ["a@b", "a@b"]}, "", "names 'a@b' twice, in use"),
        ({"use": ["a@b"], "fallbacks": ["a@b"]}, "", "in use and fallbacks"),
        ({"use": ["a@b"], "avoid": ["a@b"]}, "", "in use and avoid"),
        (
            {"use": [{"model": "a", "weight": 1}, "c@d"]},
            "",
            "`use` 1 has no `weight` though others have",
        ),
        ({"when": {"task": "coding"}}, "when.task", "is not a known field"),
        ({"when": {"tier": []}}, "when.tier", "is empty; name at least one"),
        ({"when": {"tier": 3}}, "when.tier", "must be a JSON array"),
        ({"when": {"tier": ["a\n"]}}, "when.tier.0", "printable"),
        ({"when": {"prompt_tokens": {}}}, "when.prompt_tokens", "is empty"),
        ({"when": {"prompt_tokens": {"min": 2, "max": 1}}}, "when.prompt_tokens", "above `max`"),
        ({"when": {"labels": {"team": []}}}, "when.labels.team", "is empty"),
        ({"ceilings": {"cost_usd": -0.1}}, "ceilings.cost_usd", "must be at least 0"),
        ({"ceilings": {"cost": 1}}, "ceilings.cost", "is not a known field"),
        ({"floors": {"quality": 80}}, "floors.quality", "must be at most 1; got 80"),
        ({"priority": 1.5}, "priority", "must be a whole number"),
        ({"name": ""}, "name", "must have 1 to 200 printable characters"),
        ({"flags": {"a": [1]}}, "flags.a", "must be true or false, a number, or a text"),
    ],
)
def test_a_bad_rule_is_refused_with_its_field(rule: dict[str, Any], field: str, words: str) -> None:
    found = ruled(**rule)
    assert words in found[f"data.rules.rules.0.{field}".rstrip(".")]


def test_bad_policies_are_refused_with_their_field() -> None:
    twice = {"format": FORMAT, "rules": [{"name": "r"}, {"name": "r"}]}
    assert errors(twice) == {"data.rules": "names the rule 'r' twice; name each once"}
    assert "must be" in errors({"format": "routecause/2", "rules": []})["data.rules.format"]
    assert errors({"format": FORMAT}) == {"data.rules.rules": "is missing; add it"}
    unknown = errors({"format": FORMAT, "rules": [], "version": "v1"})
    assert list(unknown) == ["data.rules.version"]


def test_a_policy_is_called_by_its_version() -> None:
    facts = PolicyFacts(policy="main", version="v1", published_at=datetime.now(UTC))
    assert facts.name == "main@v1"
