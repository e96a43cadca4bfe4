"""A user's rules: all that fit hold together, and what can't be compared does not hold."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from graph.policies.user_rules import Joined, joined


@dataclass(frozen=True)
class Rule:
    """A user's rule."""

    when: Mapping[str, Any]
    use: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()


def of(*rules: Rule, tier: str | None = "premium") -> Joined:
    return joined(
        rules,
        tier=tier,
        task_type="coding",
        prompt_tokens=500,
        labels={"team": "search"},
    )


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({}, True),
        ({"task_type": "coding"}, True),
        ({"task_type": ["chat", "coding"]}, True),
        ({"task_type": []}, False),
        ({"tier": "free"}, False),
        ({"prompt_tokens_min": 500, "prompt_tokens_max": 500}, True),
        ({"prompt_tokens_min": 500.5}, False),
        ({"prompt_tokens_max": 499}, False),
        ({"team": "search"}, True),
        ({"team": ["ads"]}, False),
    ],
)
def test_a_rule_fits_where_all_of_when_does(when: dict[str, Any], fits: bool) -> None:
    found = of(Rule(when, use=("a@b",)))
    assert found.only == (("a@b",) if fits else None)
    assert found.warnings == ()


@pytest.mark.parametrize(
    "when", [{"colour": "red"}, {"task_type": {"in": ["coding"]}}, {"prompt_tokens_min": "500"}]
)
def test_what_cannot_be_compared_does_not_hold_and_is_said(when: dict[str, Any]) -> None:
    found = of(Rule({**when, "tier": "premium"}, use=("a@b",)))
    assert (found.fitting, found.only) == (0, None)
    assert next(iter(when)) in found.warnings[0]


def test_rules_that_fit_are_united_in_any_order() -> None:
    rules = (
        Rule({"task_type": "coding"}, use=("a@b", "c@d")),
        Rule({}, use=("e@f",), avoid=("g@h",)),
        Rule({"tier": "free"}, avoid=("a@b",)),
        Rule({"colour": "red"}),
    )
    answers = {of(*order) for order in itertools.permutations(rules)}
    assert len(answers) == 1
    found = answers.pop()
    assert (found.fitting, found.only, found.avoid) == (2, ("a@b", "c@d", "e@f"), ("g@h",))


def test_without_a_tier_a_rule_on_the_tier_does_not_fit() -> None:
    assert of(Rule({"tier": "premium"}, use=("a@b",)), tier=None).only is None
