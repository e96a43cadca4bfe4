"""Who would have gone where: shares are met with the fewest moves, and nobody goes to the lost."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.causes.rerouting import (
    Places,
    Requests,
    arm_of,
    named_in,
    only_choice,
    places,
    ruled_shares,
    under_shares,
    wanted,
    without,
)
from graph.frame import Mask
from graph.model.traffic import CellKey
from graph.policies.facts import FORMAT, PolicyFacts


def cell(
    deployment: str,
    *,
    version: str = "v1",
    task_type: str = "chat",
    tier: str = "free",
    tenant: str = "acme",
    displaced_from: str | None = None,
    arm: str | None = None,
    band: str | None = "0-512",
) -> CellKey:
    return CellKey(
        tenant=tenant,
        deployment=deployment,
        task_type=task_type,
        tier=tier,
        policy="main",
        policy_version=version,
        experiment=arm and "exp",
        arm=arm,
        router_version=None,
        method="fallback" if displaced_from else "rule",
        displaced_from=displaced_from,
        prompt_band=band,
    )


def counted(keys: list[CellKey], counts: list[float]) -> Requests:
    size = len(keys)
    return Requests(
        np.arange(size), np.zeros(size, np.int64), np.array(counts), np.zeros(size, np.bool_)
    )


def marked(keys: list[CellKey], *, version: str) -> Mask:
    return np.array([key.policy_version == version for key in keys], dtype=np.bool_)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["v1", "v2"]), st.integers(1, 400)),
        min_size=1,
        max_size=12,
    )
)
def test_shares_are_met_with_the_fewest_moves(told: list[tuple[str, str, int]]) -> None:
    keys = [cell(f"{name}@aws", version=version) for name, version, _ in told]
    requests = counted(keys, [float(n) for *_, n in told])
    at = places(keys, wanted)
    old, new = marked(keys, version="v1"), marked(keys, version="v2")
    plan = under_shares(requests, at, affected=new, in_force=old, ruled=None, judges=1)
    actual = requests.counted(at, new)[0]
    if actual.sum() == 0 or not old.any():
        return
    target = requests.counted(at, old)[0] / requests.counted(at, old)[0].sum()
    actual = actual / actual.sum()
    leaving = float((actual * (1 - plan.keep[0])).sum())
    after = actual * plan.keep[0] + leaving * plan.moves[0]
    assert after == pytest.approx(target)
    assert leaving == pytest.approx(float(np.maximum(actual - target, 0).sum()))


def test_a_context_that_the_version_never_saw_goes_by_its_tier_or_not_at_all() -> None:
    keys = [
        cell("a@aws", version="v1"),
        cell("b@aws", version="v2", tenant="globex"),
        cell("b@aws", version="v2", task_type="code"),
    ]
    requests, at = counted(keys, [100, 10, 10]), places(keys, wanted)
    old, new = marked(keys, version="v1"), marked(keys, version="v2")
    plan = under_shares(requests, at, affected=new, in_force=old, ruled=None, judges=1)
    a, b = at.choices.index("a@aws"), at.choices.index("b@aws")
    assert plan.moves[at.context[1], a] == 1
    assert plan.keep[at.context[1], b] == 0
    assert plan.moves[at.context[2]].sum() == 0
    assert plan.keep[at.context[2], b] == 0


def test_what_was_wanted_counts_and_not_who_stood_in() -> None:
    assert wanted(cell("b@aws", displaced_from="a@aws")) == "a@aws"
    assert wanted(cell("b@aws")) == "b@aws"
    assert arm_of(cell("a@aws", arm="B")) == "exp/B"
    assert arm_of(cell("a@aws")) == "none"


def left_out(keys: list[CellKey], counts: list[float]) -> tuple[Places, dict[str, float], float]:
    """Where the requests of lost@aws go, and how unsure that is."""
    at = places(keys, lambda key: key.deployment)
    displaced = np.array([key.displaced_from is not None for key in keys], dtype=np.bool_)
    fled = np.array([key.displaced_from == "lost@aws" for key in keys], dtype=np.bool_)
    lost = np.array([name == "lost@aws" for name in at.choices], dtype=np.bool_)
    requests = counted(keys, counts)
    plan = without(requests, at, lost=lost, fled=fled, displaced=displaced, judges=1)
    here = at.context[0]
    assert plan.keep[here, at.choices.index("lost@aws")] == 0
    assert plan.reference is not None
    shares = dict(zip(at.choices, plan.moves[here].tolist(), strict=True))
    return at, {k: v for k, v in shares.items() if v}, float(plan.reference.unsure[here])


def test_requests_follow_those_that_were_displaced() -> None:
    keys = [
        cell("lost@aws"),
        cell("b@aws"),
        cell("c@aws"),
        cell("c@aws", displaced_from="lost@aws"),
    ]
    _, shares, unsure = left_out(keys, [100, 80, 20, 19])
    assert shares == {"c@aws": 1.0}
    assert unsure == pytest.approx(1 / 20)


def test_without_enough_displaced_others_displaced_in_the_tier_tell() -> None:
    keys = [
        cell("lost@aws"),
        cell("b@aws"),
        cell("c@aws", task_type="code", displaced_from="b@aws"),
    ]
    assert left_out(keys, [100, 80, 30])[1] == {"c@aws": 1.0}


def test_where_nothing_was_displaced_others_take_over_in_proportion_and_unsurely() -> None:
    _, shares, unsure = left_out([cell("lost@aws"), cell("b@aws"), cell("c@aws")], [100, 60, 20])
    assert shares == pytest.approx({"b@aws": 0.75, "c@aws": 0.25})
    assert unsure == 1


def test_where_nobody_else_is_there_nobody_can_say() -> None:
    assert left_out([cell("lost@aws")], [100])[1] == {}


def test_an_arm_takes_everybody() -> None:
    at = places([cell("a@aws", arm="A"), cell("b@aws", arm="B"), cell("a@aws")], arm_of)
    plan = only_choice(at, choice=at.choices.index("exp/B"), judges=1)
    assert plan.keep.tolist() == plan.moves.tolist() == [[0.0, 1.0, 0.0]]


def policy(*rules: dict[str, Any]) -> PolicyFacts:
    return PolicyFacts(
        policy="main",
        version="v9",
        published_at=datetime(2026, 9, 1, tzinfo=UTC),
        rules={"format": FORMAT, "rules": list(rules)},
    )


SPLIT = {"use": [{"model": "a", "weight": 3}, {"deployment": "new@k8s", "weight": 1}]}


def ruled(*rules: dict[str, Any]) -> list[dict[str, float]]:
    keys = [cell("a@aws"), cell("b@aws", task_type="code", band="512-2048")]
    given_policy = policy(*rules)
    at = places(keys, wanted, more=named_in(given_policy))
    shares = ruled_shares(given_policy, at)
    assert shares is not None
    return [
        {name: share for name, share in zip(at.choices, row, strict=True) if share}
        for row in shares.tolist()
    ]


def test_rules_give_their_shares_also_of_what_was_never_used() -> None:
    chat, code = ruled({"name": "split", "when": {"task_type": "chat"}, **SPLIT})
    assert chat == pytest.approx({"a@aws": 0.75, "new@k8s": 0.25})
    assert code == {}


def test_rules_that_name_one_deployment_send_all_there() -> None:
    assert ruled({"name": "all", "use": ["b@aws"]}) == [{"b@aws": 1.0}] * 2


def test_rules_that_ask_for_more_than_a_context_tells_are_not_guessed() -> None:
    by_user = {"name": "u", "when": {"user": "x"}, "use": ["b@aws"]}
    assert ruled(by_user, {"name": "split", **SPLIT}) == [{}, {}]
    inside = {
        "name": "l",
        "when": {"prompt_tokens": {"min": 1000}},
        "use": ["b@aws"],
        "priority": 1,
    }
    chat, code = ruled(inside, {"name": "split", **SPLIT})
    assert chat == pytest.approx({"a@aws": 0.75, "new@k8s": 0.25})
    assert code == {}


def test_another_routers_rules_are_not_read() -> None:
    told = PolicyFacts(
        policy="main", version="v9", published_at=datetime(2026, 9, 1, tzinfo=UTC), rules={"x": 1}
    )
    assert ruled_shares(told, places([cell("a@aws")], wanted)) is None
