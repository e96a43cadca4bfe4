"""A backend that fails as a whole: one breaker, one probe, and none for what works."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from graph.backends import TURN
from graph.evidence import DeploymentFacts, Evidence, MinuteOutcomes, Observation
from graph.health import BreakerCause, BreakerState, DeploymentHealth, HealthStatus, assess_fleet
from graph.settings import HealthSettings
from graph.sketch import Sketch

START = datetime(2026, 9, 11, 10, 0, tzinfo=UTC)
BUDGETS = HealthSettings()
CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
Minutes = Sequence[MinuteOutcomes]


def cell(at_minute: int, *, last_s: float = 50, **counts: int) -> MinuteOutcomes:
    told = {"ok": 0, "error": 0, "timeout": 0, "rate_limited": 0, **counts}
    return MinuteOutcomes(
        minute=START + timedelta(minutes=at_minute),
        count=sum(told.values()),
        **told,
        latency=Sketch(),
        pace=Sketch(),
        last_at=START + timedelta(minutes=at_minute, seconds=last_s),
    )


def fleet(
    members: Mapping[str, Minutes], *, at_s: float, samples: Sequence[Observation] = ()
) -> dict[str, DeploymentHealth]:
    evidence = [
        Evidence(
            facts=DeploymentFacts.of_name(name),
            traffic=minutes,
            observations=[o for o in samples if o.deployment == name],
        )
        for name, minutes in members.items()
    ]
    now = START + timedelta(seconds=at_s)
    found = assess_fleet(evidence, now=now, budgets=BUDGETS)
    assert [health.deployment for health in found] == list(members)
    return {health.deployment: health for health in found}


def sample(name: str, *, at_s: float, available: bool) -> Observation:
    at = START + timedelta(seconds=at_s)
    return Observation(
        deployment=name, at=at, recorded_at=at, window_s=60, sample_count=5, available=available
    )


BROKEN = [cell(0, error=9)]
WELL = [cell(0, ok=9)]


def states(found: dict[str, DeploymentHealth]) -> dict[str, tuple[str, BreakerState]]:
    return {name: (health.breaker_key, health.breaker) for name, health in found.items()}


def test_most_of_a_backend_is_one_cause_and_what_works_stays_usable():
    members = {f"{m}@aws": BROKEN for m in "abcd"} | {"e@aws": WELL, "a@k8s": WELL}
    found = fleet(members, at_s=60)
    assert states(found) == {
        **{f"{m}@aws": ("backend:aws", OPEN) for m in "abcd"},
        "e@aws": ("e@aws", CLOSED),
        "a@k8s": ("a@k8s", CLOSED),
    }
    down = found["a@aws"]
    assert down.status is HealthStatus.DOWN
    assert down.breaker_reason is not None
    assert down.breaker_reason.startswith(
        "backend aws: 4 of 5 deployments fail since 2026-09-11 10:00:00 UTC"
    )
    assert down.breaker_until == START + timedelta(seconds=110)
    assert found["e@aws"].status is HealthStatus.HEALTHY


def test_one_deployment_or_fewer_than_half_answer_for_themselves():
    alone = fleet({"a@aws": BROKEN}, at_s=60)
    assert states(alone) == {"a@aws": ("a@aws", OPEN)}
    few = fleet({"a@aws": BROKEN, "b@aws": BROKEN, **{f"{m}@aws": WELL for m in "cde"}}, at_s=60)
    assert few["a@aws"].breaker_key == "a@aws"
    apart = fleet({"a@aws": BROKEN, "b@k8s": BROKEN}, at_s=60)
    assert states(apart) == {"a@aws": ("a@aws", OPEN), "b@k8s": ("b@k8s", OPEN)}


def test_what_nothing_is_known_of_goes_with_its_backend_and_what_a_sample_knows_does_not():
    samples = [sample("d@aws", at_s=30, available=True)]
    members: dict[str, Minutes] = {"a@aws": BROKEN, "b@aws": BROKEN, "c@aws": [], "d@aws": []}
    found = fleet(members, at_s=60, samples=samples)
    assert states(found)["c@aws"] == ("backend:aws", OPEN)
    assert found["c@aws"].breaker_cause is BreakerCause.BACKEND
    assert found["c@aws"].status is HealthStatus.DOWN
    assert states(found)["d@aws"] == ("d@aws", CLOSED)
    some_luck = fleet(members | {"c@aws": [cell(1, ok=1, last_s=5)]}, at_s=70)
    assert states(some_luck)["c@aws"] == ("c@aws", CLOSED)


def test_a_rate_limit_is_no_failure_of_a_backend():
    members = {f"{m}@aws": [cell(0, rate_limited=9)] for m in "abc"}
    found = fleet(members, at_s=60)
    assert {health.breaker_key for health in found.values()} == set(members)
    assert {health.status for health in found.values()} == {HealthStatus.DEGRADED}


def test_the_members_take_turns_at_the_probe():
    early, late = [cell(0, error=9, last_s=40)], [cell(0, error=9, last_s=50)]
    members: dict[str, Minutes] = {"a@aws": late, "b@aws": early, "c@aws": []}
    probing = {
        name: (health.breaker_until or START) - START
        for name, health in fleet(members, at_s=60).items()
    }
    first = timedelta(seconds=110)
    assert probing == {"b@aws": first, "a@aws": first + TURN, "c@aws": first + 2 * TURN}
    half_open = [n for n, h in fleet(members, at_s=110).items() if h.breaker is HALF_OPEN]
    assert half_open == ["b@aws"]
    after = fleet(members | {"b@aws": [*early, cell(2, error=1, last_s=0)]}, at_s=121)
    assert {health.breaker for health in after.values()} == {OPEN}
    turns = sorted(after, key=lambda name: after[name].breaker_until or START)
    assert turns == ["a@aws", "b@aws", "c@aws"]
    assert after["a@aws"].breaker_until == START + timedelta(seconds=120 + 120)


def test_the_first_to_recover_ends_the_common_cause():
    members: dict[str, Minutes] = {f"{m}@aws": BROKEN for m in "abcd"}
    members["a@aws"] = [*BROKEN, cell(2, ok=1, last_s=0)]
    found = fleet(members, at_s=121)
    assert states(found) == {
        "a@aws": ("a@aws", CLOSED),
        **{f"{m}@aws": (f"{m}@aws", HALF_OPEN) for m in "bcd"},
    }
    worse = members | {f"{m}@aws": [*BROKEN, cell(2, error=1, last_s=5)] for m in "bc"}
    again = fleet(worse, at_s=130)
    assert {again[f"{m}@aws"].breaker_key for m in "bc"} == {"backend:aws"}
    assert states(again)["d@aws"] == ("d@aws", HALF_OPEN)


def test_samples_alone_can_tell_that_a_backend_is_gone():
    names = ("a@neo", "b@neo", "c@neo")
    samples = [sample(name, at_s=30, available=False) for name in names]
    found = fleet({name: [] for name in names}, at_s=60, samples=samples)
    assert {health.breaker_key for health in found.values()} == {"backend:neo"}
    assert {health.breaker_until for health in found.values()} == {None}


histories = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from(["aws", "k8s"]),
        st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=6),
    ),
    max_size=8,
    unique_by=lambda one: one[:2],
)


@given(histories, st.integers(0, 1_000), st.randoms(use_true_random=False))
def test_order_never_matters_and_a_key_is_shared_only_within_a_backend(
    told: list[tuple[str, str, list[tuple[int, int]]]], at_s: int, random: Random
):
    members: dict[str, Minutes] = {
        f"{model}@{backend}": [
            cell(at, ok=ok, error=error) for at, (ok, error) in enumerate(minutes) if ok + error
        ]
        for model, backend, minutes in told
    }
    found = fleet(members, at_s=at_s)
    shuffled = list(members)
    random.shuffle(shuffled)
    assert fleet({name: members[name] for name in shuffled}, at_s=at_s) == found
    for name, health in found.items():
        assert health.breaker_key in (name, f"backend:{health.backend}")
        sharing = [h for h in found.values() if h.breaker_key == health.breaker_key]
        if health.breaker_key != name:
            assert sum(h.breaker_cause is not BreakerCause.BACKEND for h in sharing) >= 2
            assert len({h.breaker_failed_at for h in sharing}) == 1
