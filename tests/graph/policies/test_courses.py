"""What policies, experiments and users' rules want of a request: who decides, and who is drawn."""

import itertools
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.policies.courses import Courses, course
from graph.policies.facts import FORMAT, ArmFacts, Course, ExperimentFacts, PolicyFacts

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MODELS = {
    "apex@aws": "apex",
    "apex@neo": "apex",
    "coder@k8s": "coder",
    "nova@k8s": "nova",
    "nova@neo": "nova",
}
ASKED: dict[str, Any] = {
    "tenant": "acme",
    "user": "ann",
    "tier": "premium",
    "task_type": "coding",
    "prompt_tokens": 500,
    "labels": {"team": "search"},
}


@dataclass(frozen=True)
class Own:
    """A user's rule."""

    when: Mapping[str, Any]
    use: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()


def policy(*rules: Mapping[str, Any], version: str = "v1", **more: Any) -> PolicyFacts:
    told: dict[str, Any] = {
        "policy": "main",
        "published_at": NOW,
        "rules": {"format": FORMAT, "rules": list(rules)},
    }
    told |= {"version": version, **more}
    return PolicyFacts(**told)


def by(user: str = "ann", **changes: Any) -> dict[str, Any]:
    """A request."""
    return {**ASKED, "user": user, **changes}


def asked(
    *rules: Mapping[str, Any], experiments: Sequence[ExperimentFacts] = (), **changes: Any
) -> Course:
    return course([policy(*rules)], experiments, models=MODELS, **by(**changes))


def experiment(*arms: ArmFacts, name: str = "trial") -> ExperimentFacts:
    return ExperimentFacts(experiment=name, policy="main", running=True, arms=arms)


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        ({}, True),
        ({"task_type": "coding"}, True),
        ({"task_type": ["chat", "coding"]}, True),
        ({"task_type": "chat"}, False),
        ({"tier": "premium"}, True),
        ({"tier": ["free"]}, False),
        ({"tenant": "acme"}, True),
        ({"tenant": "other"}, False),
        ({"user": ["ann", "bob"]}, True),
        ({"user": "bob"}, False),
        ({"labels": {"team": "search"}}, True),
        ({"labels": {"team": ["ads", "search"]}}, True),
        ({"labels": {"team": "ads"}}, False),
        ({"labels": {"region": "eu"}}, False),
        ({"labels": {"team": "search", "region": "eu"}}, False),
        ({"prompt_tokens": {"min": 500}}, True),
        ({"prompt_tokens": {"max": 500}}, True),
        ({"prompt_tokens": {"min": 501}}, False),
        ({"prompt_tokens": {"max": 499}}, False),
        ({"task_type": "coding", "tier": "premium", "prompt_tokens": {"max": 9000}}, True),
        ({"task_type": "coding", "tier": "free"}, False),
    ],
)
def test_a_rule_holds_where_all_its_conditions_fit(when: dict[str, Any], fits: bool) -> None:
    assert (asked({"name": "r", "when": when}).rule == "r") is fits


def test_without_a_tier_no_condition_on_the_tier_fits() -> None:
    assert asked({"name": "r", "when": {"tier": "premium"}}, tier=None).rule is None


def test_priority_then_conditions_then_name_decide() -> None:
    any_ = {"name": "z-any"}
    coding = {"name": "y-coding", "when": {"task_type": "coding"}}
    narrow = {"name": "x-narrow", "when": {"task_type": "coding", "tier": "premium"}}
    twin = {"name": "w-twin", "when": {"task_type": "coding", "user": "ann"}}
    high = {"name": "v-high", "priority": 1}
    assert asked(any_).rule == "z-any"
    assert asked(any_, coding).rule == "y-coding"
    assert asked(any_, coding, narrow).rule == "x-narrow"
    assert asked(any_, coding, narrow, twin).rule == "w-twin"
    found = asked(any_, coding, narrow, twin, high)
    assert found.rule == "v-high"
    assert "rule v-high decides (priority 1, 0 conditions)" in found.steps[1]


def test_a_rule_says_all_that_it_wants() -> None:
    found = asked(
        {
            "name": "all",
            "use": ["coder@k8s", {"model": "nova"}],
            "fallbacks": ["apex@neo", "apex@aws"],
            "avoid": ["nova@neo"],
            "ceilings": {"cost_usd": 0.02, "latency_ms": 4000},
            "floors": {"quality": 0.7},
            "flags": {"cache": True, "depth": 3},
        }
    )
    whose = "policy main@v1, rule all"
    assert found.only is not None
    assert set(found.only) == {"coder@k8s", "nova@k8s", "nova@neo", "apex@neo", "apex@aws"}
    assert found.avoid == {"nova@neo": whose}
    assert found.first == ()
    assert found.last == ("apex@neo", "apex@aws")
    assert found.max_cost_usd == (0.02, whose)
    assert found.max_latency_ms == (4000, whose)
    assert found.min_quality == (0.7, whose)
    assert found.flags == {"cache": True, "depth": 3}
    assert found.propensity is None
    assert found.warnings == ()


def test_fallbacks_alone_let_everyone_serve() -> None:
    found = asked({"name": "r", "fallbacks": ["nova"]})
    assert found.only is None
    assert found.last == ("nova@k8s", "nova@neo")


def test_users_are_split_by_weight_and_stay() -> None:
    rule = {
        "name": "split",
        "use": [
            {"deployment": "coder@k8s", "weight": 60},
            {"model": "apex", "weight": 40},
            {"deployment": "nova@neo", "weight": 0},
        ],
    }
    courses = Courses([policy(rule)], (), models=MODELS)
    found = [courses.course(**by(f"u{n}")) for n in range(5_000)]
    drawn = Counter(each.first[0] for each in found)
    assert drawn["coder@k8s"] / 5_000 == pytest.approx(0.6, abs=0.025)
    assert drawn["apex@aws"] / 5_000 == pytest.approx(0.2, abs=0.025)
    assert set(drawn) == {"coder@k8s", "apex@aws", "apex@neo"}
    for each in found:
        assert each.propensity == pytest.approx(each.shares[each.first[0]])
        assert sum(each.shares.values()) == pytest.approx(1)
        assert each.only is not None
        assert "nova@neo" in each.only
    again = Courses([policy(rule, version="v2")], (), models=MODELS)
    assert [again.course(**by(f"u{n}")).first for n in range(200)] == [
        each.first for each in found[:200]
    ]


def test_a_deployment_named_beside_its_model_has_its_own_weight() -> None:
    uses = [{"deployment": "apex@aws", "weight": 3}, {"model": "apex", "weight": 1}]
    found = asked({"name": "r", "use": uses})
    assert found.shares == {
        "apex@aws": pytest.approx(0.75),
        "apex@neo": pytest.approx(0.25),
    }


@pytest.mark.parametrize("weight", [0.0, 1e15, 1e-300])
def test_equal_weights_of_any_size_are_well_defined(weight: float) -> None:
    uses = [{"deployment": d, "weight": weight} for d in ("apex@aws", "coder@k8s")]
    found = asked({"name": "r", "use": uses})
    if weight:
        assert found.shares == {d: pytest.approx(0.5) for d in ("apex@aws", "coder@k8s")}
        assert found.propensity == pytest.approx(0.5)
    else:
        assert (found.first, found.shares, found.propensity) == ((), {}, None)
        assert "no weight is above zero" in found.steps[2]


def test_what_is_not_known_in_the_fleet_is_warned_of_and_not_drawn() -> None:
    uses = [{"deployment": "ghost@aws", "weight": 9}, {"deployment": "coder@k8s", "weight": 1}]
    found = asked({"name": "r", "use": uses, "fallbacks": ["phantom"]})
    assert found.first == ("coder@k8s",)
    assert found.propensity == 1.0
    assert found.warnings == (
        "UNKNOWN_DEPLOYMENT: policy main@v1, rule r names ghost@aws, phantom,"
        " which is not known in the fleet",
    )


def test_rules_of_another_router_are_said_not_to_be_read() -> None:
    foreign = policy(rules={"routes": {"coding": "coder@k8s"}})
    found = course([foreign], (), models=MODELS, **ASKED)
    assert (found.policy, found.policy_version, found.rule) == ("main", "v1", None)
    assert found.only is None
    assert "not in the format routecause/1" in found.steps[0]


def test_an_arm_with_a_deployment_goes_there_first() -> None:
    rule = {"name": "r", "use": ["coder@k8s"], "fallbacks": ["nova@neo", "nova@k8s"]}
    arms = (ArmFacts(arm="only", percent=100, deployment="nova@neo"),)
    found = asked(rule, experiments=[experiment(*arms)])
    assert (found.experiment, found.arm, found.first) == ("trial", "only", ("nova@neo",))
    assert found.last == ("nova@k8s",)
    assert found.propensity == found.arm_propensity == 1.0
    assert found.only is not None
    assert found.only["nova@neo"] == "experiment trial, arm only"


def test_an_arm_does_not_overrule_what_a_rule_avoids() -> None:
    arms = (ArmFacts(arm="only", percent=100, deployment="nova@neo"),)
    found = asked({"name": "r", "avoid": ["nova@neo"]}, experiments=[experiment(*arms)])
    assert found.first == ()
    assert found.warnings[0].startswith("ARM_WITHOUT_EFFECT")


def test_an_arm_with_a_version_is_routed_by_it() -> None:
    old = policy({"name": "old", "use": ["apex@aws"]}, version="v1")
    new = policy(
        {
            "name": "new",
            "use": [
                {"deployment": "nova@k8s", "weight": 1},
                {"deployment": "coder@k8s", "weight": 3},
            ],
        },
        version="v2",
        published_at=NOW + timedelta(hours=1),
    )
    arms = (
        ArmFacts(arm="a", percent=50, policy_version="v1"),
        ArmFacts(arm="b", percent=50, policy_version="v2"),
    )
    courses = Courses([old, new], [experiment(*arms)], models=MODELS)
    found = [courses.course(**by(f"u{n}")) for n in range(2_000)]
    for each in found:
        if each.arm == "a":
            assert (each.policy_version, each.rule, each.propensity) == ("v1", "old", 0.5)
        else:
            assert (each.policy_version, each.rule) == ("v2", "new")
            assert each.propensity == pytest.approx(0.5 * each.shares[each.first[0]])
    # The arm and the split are drawn apart: neither tells anything of the other.
    of_b = [each.first[0] for each in found if each.arm == "b"]
    assert of_b.count("coder@k8s") / len(of_b) == pytest.approx(0.75, abs=0.04)


def test_a_version_that_is_not_known_leaves_the_one_in_force() -> None:
    arms = (ArmFacts(arm="a", percent=100, policy_version="v9"),)
    found = asked({"name": "r"}, experiments=[experiment(*arms)])
    assert (found.policy_version, found.rule, found.arm) == ("v1", "r", "a")
    assert found.warnings[0].startswith("UNKNOWN_VERSION")


def test_of_two_experiments_the_second_has_who_the_first_leaves() -> None:
    trials = [
        experiment(ArmFacts(arm="x", percent=40), name="one"),
        experiment(ArmFacts(arm="y", percent=50), name="two"),
    ]
    courses = Courses([policy({"name": "r"})], trials, models=MODELS)
    found = Counter(
        (each.experiment, each.propensity)
        for each in (courses.course(**by(f"u{n}")) for n in range(10_000))
    )
    assert found["one", 0.4] / 10_000 == pytest.approx(0.4, abs=0.02)
    assert found["two", 0.3] / 10_000 == pytest.approx(0.3, abs=0.02)
    assert found[None, None] / 10_000 == pytest.approx(0.3, abs=0.02)


def test_a_stopped_experiment_and_one_on_another_policy_count_for_nothing() -> None:
    arm = ArmFacts(arm="a", percent=100, deployment="nova@neo")
    stopped = replace(experiment(arm), running=False)
    foreign = replace(experiment(arm), policy="other")
    assert asked({"name": "r"}, experiments=[stopped, foreign]).experiment is None


def test_the_users_rules_hold_beside_the_policys() -> None:
    own = [Own({"task_type": "coding"}, use=("nova@neo",)), Own({}, avoid=("apex@aws",))]
    found = asked({"name": "r", "use": ["nova"]}, user_rules=own)
    assert found.only is not None
    assert set(found.only) == {"nova@k8s", "nova@neo"}
    assert found.user_only == {"nova@neo": "user ann"}
    assert found.user_avoid == {"apex@aws": "user ann"}
    assert found.steps[-1] == "rules of user ann that fit: 2; only nova@neo; never apex@aws"


def test_no_policy_leaves_only_the_users_rules() -> None:
    found = course((), (), models=MODELS, **ASKED, user_rules=[Own({}, avoid=("apex@aws",))])
    assert (found.policy, found.only, found.user_avoid) == (None, None, {"apex@aws": "user ann"})


@st.composite
def ruled(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to four rules that often fit the same requests."""
    rules: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 4))):
        when: dict[str, Any] = {}
        for field, values in (
            ("task_type", ["coding", "chat"]),
            ("tier", ["premium", "free"]),
            ("user", ["ann", "bob"]),
        ):
            if draw(st.booleans()):
                when[field] = draw(st.sampled_from(values))
        targets = draw(
            st.lists(st.sampled_from([*MODELS, "apex", "nova"]), unique=True, max_size=3)
        )
        weighted = draw(st.booleans())
        uses: list[dict[str, Any]] = [
            {"deployment" if "@" in target else "model": target} for target in targets
        ]
        for use in uses:
            if weighted:
                use["weight"] = draw(st.one_of(st.just(0.0), st.floats(0, 1e15)))
        priority = draw(st.integers(0, 1))
        rules.append({"name": f"r{number}", "priority": priority, "when": when, "use": uses})
    return rules


RULES = ruled()
TRIALS = [
    experiment(
        ArmFacts(arm="a", percent=30, deployment="nova@neo"),
        ArmFacts(arm="b", percent=30, policy_version="v1"),
        name=name,
    )
    for name in ("one", "two")
]


@given(RULES, RULES, st.randoms(use_true_random=False))
def test_no_order_changes_a_course(
    rules: list[dict[str, Any]], others: list[dict[str, Any]], shuffled: random.Random
) -> None:
    def told(given: list[dict[str, Any]], version: str, hours: int) -> PolicyFacts:
        turned = [{**rule, "use": shuffle(rule.get("use", []))} for rule in shuffle(given)]
        return policy(*turned, version=version, published_at=NOW + timedelta(hours=hours))

    def shuffle(items: Sequence[Any]) -> list[Any]:
        return shuffled.sample(list(items), len(items))

    def made() -> list[Course]:
        policies = shuffle([told(rules, "v1", 0), told(others, "v2", 1)])
        trials = shuffle([replace(trial, arms=tuple(shuffle(trial.arms))) for trial in TRIALS])
        models = dict(shuffle(list(MODELS.items())))
        courses = Courses(policies, trials, models=models)
        own = shuffle([Own({}, use=("nova@neo",)), Own({"tier": "free"}, avoid=("nova@neo",))])
        return [
            courses.course(**by(user, tier=tier), user_rules=own)
            for user, tier in itertools.product(("ann", "bob", "eve"), ("premium", "free"))
        ]

    assert made() == made()


@given(RULES)
def test_what_is_first_may_serve_and_its_propensity_is_a_probability(
    rules: list[dict[str, Any]],
) -> None:
    found = asked(*rules, experiments=TRIALS)
    assert found.only is None or set(found.first) <= set(found.only)
    assert found.propensity is None or 0 < found.propensity <= 1
    assert not set(found.first) & set(found.last)
