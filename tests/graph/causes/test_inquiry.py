"""An inquiry names what was done to a simulated fleet, with its share, and blames no bystander."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.causes.candidates import CandidateCause
from graph.causes.inquiry import Findings, Scene, Suspect, inquire
from graph.causes.investigation import Mechanism
from graph.causes.ledgers import Part
from graph.causes.panel import DIMENSIONS
from graph.causes.where import slices_of
from graph.frame import Ints
from graph.slices import EntityRef, Metric
from tests.graph.causes.fleets import (
    HOURS,
    MIDDLE,
    WEAKER,
    Fleet,
    decoys,
    fleet,
    ramp,
    scene,
    since,
    worth,
)
from tests.graph.causes.worlds import HOUR_S, START_S, at, event, units_of

BROKE = 50.4
ROLLOUT = replace(event("change", "chg-hurt", BROKE, ("deployment", "big@aws")), kind="rollout")
HEALTHY = fleet()
HURT = HEALTHY.hurt(since(BROKE), by=-0.2, deployment="big@aws", task_type="code")
SEEDS = range(4)
seeds = st.integers(0, 2**20)
few = settings(max_examples=8, deadline=None)


def named(found: Findings) -> list[str]:
    return [suspect.candidate.id for suspect in found.suspects]


def only(found: Findings) -> Suspect:
    assert len(found.suspects) == 1, named(found)
    return found.suspects[0]


def labels(scene: Scene, suspect: Suspect, dimension: str) -> set[str]:
    """What the touched units are called along a dimension."""
    units = scene.panel.units
    place = units.place(dimension)
    codes = units.codes[suspect.amounts[0].units, place]
    return {units.labels[place][code] for code in codes.tolist()}


# --- faults of every kind ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rollout_that_hurts_one_task_is_found_among_decoys(seed: int) -> None:
    asked = HURT.drawn(seed)
    found = inquire(asked, [*decoys(), ROLLOUT])
    suspect = only(found)
    assert suspect.candidate is ROLLOUT
    assert suspect.mechanism is Mechanism.WITHIN
    assert suspect.contribution == pytest.approx(worth(asked, HURT, HEALTHY), abs=0.25)
    assert suspect.low < suspect.contribution < suspect.high
    assert suspect.confidence > 0.9
    assert found.parts[Part.WITHIN] == max(found.parts.values())
    assert sum(found.parts.values()) == pytest.approx(1.0, abs=1e-9)
    assert found.explained == pytest.approx(suspect.contribution)


def test_nothing_that_happened_is_blamed_for_the_chance_of_a_quiet_fleet() -> None:
    named_in = [named(inquire(HEALTHY.drawn(seed), decoys())) for seed in range(20)]
    assert [names for names in named_in if names] == []


def test_two_causes_at_once_are_both_found_with_their_shares() -> None:
    both = HURT.hurt(since(60.2), by=-0.15, task_type="chat", tier="gold")
    asked = both.drawn(4)
    other = event("change", "chg-prompt", 60.2, ("task_type", "chat"))
    found = inquire(asked, [*decoys(), other, ROLLOUT])
    assert named(found) == ["chg-hurt", "chg-prompt"]
    true = worth(asked, HURT, HEALTHY), worth(asked, both, HURT)
    assert [s.contribution for s in found.suspects] == pytest.approx(true, abs=0.15)
    assert found.explained == pytest.approx(sum(s.contribution for s in found.suspects))


def test_identical_twins_are_named_as_indistinguishable() -> None:
    twin = event("change", "chg-twin", BROKE + 0.1, ("deployment", "big@aws"))
    suspect = only(inquire(HURT.drawn(9), [*decoys(), ROLLOUT, twin]))
    told = {suspect.candidate.id, *(rival.id for rival in suspect.rivals)}
    assert told == {"chg-hurt", "chg-twin"}
    assert suspect.confidence <= 0.5


@given(seed=seeds, later=st.floats(9.0, 30.0))
@few
def test_no_event_is_blamed_for_what_began_before_it(seed: int, later: float) -> None:
    late = event("change", "chg-late", BROKE + later, ("deployment", "big@aws"))
    assert named(inquire(HURT.drawn(seed), [late])) == []


@given(seed=seeds, lag=st.floats(0.0, 8.0))
@few
def test_no_cause_is_later_than_its_effect(seed: int, lag: float) -> None:
    early = replace(ROLLOUT, at=at(BROKE - lag))
    for suspect in inquire(HURT.drawn(seed), [*decoys(), early]).suspects:
        assert suspect.begins + HOUR_S > suspect.candidate.at.timestamp()
        assert suspect.lag >= 0


def test_drift_is_a_slice_without_a_cause() -> None:
    drifting = HEALTHY.hurt(ramp(40), by=-0.25, task_type="math", tier="gold")
    found = inquire(drifting.drawn(4), [*decoys(), ROLLOUT])
    assert named(found) == []
    assert [dict(one.place) for one in found.unrecorded] == [{"task_type": "math", "tier": "gold"}]
    assert [one.shape for one in found.unrecorded] == ["ramp"]
    assert found.shares[0] > 0.75


def test_a_newcomer_with_harder_work_is_demand_and_a_slice_without_a_cause() -> None:
    # Every slice of the others is as good as ever: only who asks has changed (Simpson's paradox).
    came = (
        fleet(tenants=("acme", "zeta", "newco"))
        .grown(since(0, until_hour=52), times=0, tenant="newco")
        .grown(since(52), times=0, tenant="newco", task_type="chat")
        .grown(since(52), times=4, tenant="newco", task_type="math")
    )
    asked = came.drawn(3)
    found = inquire(asked, [*decoys(), ROLLOUT])
    assert named(found) == []
    assert found.parts[Part.DEMAND] == pytest.approx(1.0, abs=0.35)
    assert abs(found.parts[Part.WITHIN]) < 0.3
    assert EntityRef("tenant", "newco") in slices_of(asked, found)[0].where


def test_an_incident_that_takes_a_deployment_down_moved_the_work_it_served() -> None:
    gold_only = HEALTHY.moved(1, to="big@k8s", deployment="big@aws", tier="free")
    down = gold_only.moved(since(53.3), to="small@k8s", deployment="big@aws")
    incident = event("incident", "inc-down", 53.4, ("deployment", "big@aws"))
    asked = down.drawn(3)
    found = inquire(asked, [*decoys(), incident])
    suspect = only(found)
    assert suspect.candidate is incident
    assert suspect.mechanism is Mechanism.MIX
    assert [amount.part for amount in suspect.amounts] == [Part.ROUTING]
    assert labels(asked, suspect, "tier") == {"gold"}
    assert labels(asked, suspect, "task_type") == {"chat", "code", "math"}
    # Each request that big@aws would have served is worse by what the small model is weaker.
    gone = (gold_only.rate - down.rate)[gold_only.inside(deployment="big@aws"), MIDDLE:].sum()
    true = -WEAKER * gone / (asked.delta * asked.size)
    assert suspect.contribution == pytest.approx(true, abs=0.15)


def test_a_harsher_judge_is_told_by_its_version_and_not_by_the_clock() -> None:
    # The new version scores more and more; the answers are as good as they were.
    share = np.clip((np.arange(HOURS) - 50) / 20, 0.0, 1.0)
    mild = HEALTHY.split(share, evaluator_version="2")
    harsh = mild.hurt(1, by=-0.1, evaluator_version="2")
    asked = harsh.drawn(2)
    changed = event("change", "chg-harsh", 50, ("evaluator", "judge"))
    suspect = only(inquire(asked, [*decoys(), ROLLOUT, changed]))
    assert suspect.candidate is changed
    assert suspect.mechanism is Mechanism.EVALUATOR
    assert suspect.contribution == pytest.approx(worth(asked, harsh, mild), abs=0.2)


@pytest.mark.parametrize("ran_before", [False, True])
def test_an_experiment_is_judged_by_its_arms_and_not_by_what_befell_both(
    ran_before: bool,
) -> None:
    in_test = since(0 if ran_before else 50)
    weak = (
        HEALTHY.split(in_test, experiment="exp", arm="exp/control")
        .split(0.5 * since(50), among={"experiment": "exp"}, arm="exp/treat")
        .moved(1, to="small@k8s", share=0.8, arm="exp/treat")
    )
    asked = weak.hurt(since(57), by=-0.05).drawn(2)
    tried = event("experiment", "exp", 50, policy="main", arms=("control", "treat"))
    found = inquire(asked, [*decoys(), tried])
    suspect = only(found)
    assert suspect.candidate is tried
    assert suspect.mechanism is Mechanism.MIX
    true = -WEAKER * 0.8 * 0.65 * 0.5 * 46 / 48 / asked.delta
    assert suspect.contribution == pytest.approx(true, abs=0.15)
    # What befell both arms is left over, and nobody takes it.
    assert [one.part for one in found.unrecorded] == [Part.WITHIN]
    assert found.shares[0] == pytest.approx(-0.05 * 39 / 48 / asked.delta, abs=0.15)


def test_a_policy_counts_as_far_as_requests_were_routed_by_its_version() -> None:
    share = np.clip((np.arange(HOURS) - 50) / 30, 0.0, 1.0)
    versions = HEALTHY.split(share, policy_version="main@v2")
    weaker = versions.moved(1, to="small@k8s", share=0.6, policy_version="main@v2", tier="gold")
    asked = weaker.drawn(3)
    version = event("policy_version", "main@v2", 50, ("policy", "main"), policy="main")
    found = inquire(asked, [*decoys(), ROLLOUT, version])
    suspect = only(found)
    assert suspect.candidate is version
    assert suspect.mechanism is Mechanism.MIX
    assert suspect.amounts[0].place == (("tier", "gold"),)
    gone = (versions.rate - weaker.rate)[versions.inside(deployment="big@aws")].sum()
    gone += (versions.rate - weaker.rate)[versions.inside(deployment="big@k8s")].sum()
    true = -WEAKER * gone / (asked.delta * asked.size)
    assert suspect.contribution == pytest.approx(true, abs=0.2)


def test_a_passing_incident_is_a_pulse_that_ends_with_it() -> None:
    hurt = HEALTHY.hurt(since(60, until_hour=66), by=-0.3, backend="k8s")
    asked = hurt.drawn(3)
    passing = event("incident", "inc-pass", 60, ("backend", "k8s"), ended=66)
    suspect = only(inquire(asked, [*decoys(), passing]))
    assert suspect.candidate is passing
    assert suspect.contribution == pytest.approx(worth(asked, hurt, HEALTHY), abs=0.15)
    exposed = asked.panel.hour[suspect.amounts[0].exposure > 0]
    assert 58 <= (exposed.min() - START_S) / HOUR_S <= 60
    assert 65 <= (exposed.max() - START_S) / HOUR_S <= 68


# --- other metrics -------------------------------------------------------------------------------


def costly(*, price: float = 1.0, tokens: float = 1.0) -> Scene:
    """Cost per request where, from an hour on, tokens cost more or requests have more of them."""
    begun = since(BROKE)
    plain = fleet(Metric.COST_PER_REQUEST, spread=0.0005)
    rng = np.random.default_rng(1)
    used = 100 * (1 + 0.3 * rng.random(plain.mean.shape)) * (1 + (tokens - 1) * begun)
    paid = 1 + (price - 1) * plain.inside(model="big")[:, None] * begun
    return replace(
        plain, mean=used * 1e-4 * paid, prompts=used * 0.7, completions=used * 0.3
    ).drawn(1)


def test_a_price_rise_is_told_from_longer_requests() -> None:
    dearer = replace(event("change", "chg-price", BROKE, ("model", "big")), kind="price")
    suspect = only(inquire(costly(price=1.3), [*decoys(), dearer]))
    assert suspect.candidate is dearer
    assert suspect.mechanism is Mechanism.PRICE
    assert suspect.contribution == pytest.approx(1.0, abs=0.1)
    longer = inquire(costly(tokens=1.3), [*decoys(), replace(dearer, at=at(BROKE - 20))])
    assert named(longer) == []
    assert longer.parts[Part.TOKENS] == pytest.approx(1.0, abs=0.1)


def test_a_backend_that_lost_its_requests_lost_them_to_the_incident() -> None:
    lost = fleet(Metric.VOLUME).moved(since(55), to="big@k8s", backend="aws", share=0.7)
    panel = lost.drawn(1).panel
    asked = scene(panel, belongs=panel.units.matching("backend", frozenset({"aws"})))
    reclaimed = event("incident", "inc-spot", 55, ("backend", "aws"))
    suspect = only(inquire(asked, [*decoys(), reclaimed]))
    assert suspect.candidate is reclaimed
    assert suspect.mechanism is Mechanism.MIX
    assert suspect.contribution == pytest.approx(1.0, abs=0.2)


# --- invariants ----------------------------------------------------------------------------------


def figures(found: Findings) -> list[tuple[str, str, float, float, float]]:
    return sorted(
        (s.candidate.id, s.mechanism.value, s.contribution, s.low, s.high) for s in found.suspects
    )


def same(told: Findings, other: Findings) -> None:
    """The same causes with the same figures, and the same said of what has no cause."""
    assert [each[:2] for each in figures(told)] == [each[:2] for each in figures(other)]
    for one, two in zip(figures(told), figures(other), strict=True):
        assert one[2:] == pytest.approx(two[2:], abs=1e-6)
    assert sorted(told.shares) == pytest.approx(sorted(other.shares), abs=1e-6)


def units_told(scene: Scene) -> list[dict[str, str]]:
    units = scene.panel.units
    return [
        {name: units.labels[d][row[d]] for d, name in enumerate(DIMENSIONS)}
        for row in units.codes.tolist()
    ]


def with_units(asked: Scene, units: Sequence[dict[str, str]], unit: Ints, order: Ints) -> Scene:
    """The scene with other units, and its rows in another order."""
    panel = asked.panel
    shuffled = replace(
        panel,
        hour=panel.hour[order],
        count=panel.count[order],
        total=panel.total[order],
        squares=panel.squares[order],
        requests=panel.requests[order],
        prompt_tokens=panel.prompt_tokens[order],
        completion_tokens=panel.completion_tokens[order],
    )
    return replace(
        asked,
        panel=replace(shuffled, units=units_of(units), unit=unit[order]),
        before=asked.before[order],
        during=asked.during[order],
        inside=asked.inside[order],
    )


RENAMED = {"tenant", "tier", "task_type", "evaluator", "model", "backend"}


def renamed(name: str, label: str, salt: int) -> str:
    """Another name for a label, by which it sorts elsewhere."""
    if name == "deployment":
        model, _, backend = label.rpartition("@")
        return f"{renamed('model', model, salt)}@{renamed('backend', backend, salt)}"
    if label == "none" or name not in RENAMED:
        return label
    return f"{np.random.default_rng([salt, *label.encode()]).integers(10**6)}-{label}"


def with_other_names(candidate: CandidateCause, salt: int) -> CandidateCause:
    targets = tuple(EntityRef(t.kind, renamed(t.kind, t.id, salt)) for t in candidate.targets)
    return replace(candidate, targets=targets)


def two_faults() -> tuple[Fleet, list[CandidateCause]]:
    both = HURT.hurt(since(60.2), by=-0.2, task_type="chat", tier="gold")
    return both, [*decoys(), ROLLOUT, event("change", "chg-prompt", 60.2, ("task_type", "chat"))]


@given(seed=seeds, salt=seeds)
@few
def test_neither_names_nor_order_matter(seed: int, salt: int) -> None:
    both, candidates = two_faults()
    asked = both.drawn(seed)
    rng = np.random.default_rng(salt)
    units = units_told(asked)
    order: Ints = rng.permutation(len(units)).astype(np.int64)
    others = [
        {name: renamed(name, label, salt) for name, label in units[int(old)].items()}
        for old in order
    ]
    moved = np.argsort(order).astype(np.int64)[asked.panel.unit]
    again = with_units(asked, others, moved, rng.permutation(len(moved)).astype(np.int64))
    mixed = rng.permutation(len(candidates)).astype(np.int64)
    events = [with_other_names(candidates[int(place)], salt) for place in mixed]
    told = inquire(asked, candidates)
    assert "chg-hurt" in named(told)
    same(told, inquire(again, events))


@given(seed=seeds, dimension=st.sampled_from(["router_version", "method", "prompt_band"]))
@few
def test_splitting_a_dimension_that_means_nothing_changes_nothing(
    seed: int, dimension: str
) -> None:
    both, candidates = two_faults()
    asked = both.drawn(seed)
    units = units_told(asked)
    rows = len(asked.panel.unit)
    twice = [*units, *({**each, dimension: "other"} for each in units)]
    halves = np.concatenate([np.arange(rows), np.arange(rows)]).astype(np.int64)
    again = with_units(asked, twice, asked.panel.unit, halves)
    panel = again.panel
    again = replace(
        again,
        panel=replace(
            panel,
            unit=panel.unit + len(units) * (np.arange(2 * rows) >= rows),
            count=panel.count / 2,
            total=panel.total / 2,
            squares=panel.squares / 2,
            requests=panel.requests / 2,
        ),
    )
    told = inquire(asked, candidates)
    assert {"chg-hurt", "chg-prompt"} <= set(named(told))
    same(told, inquire(again, candidates))


@st.composite
def idle_events(draw: st.DrawFn) -> CandidateCause:
    """An event that did nothing: of any node, anywhere, at any time."""
    node = draw(st.sampled_from(["change", "incident", "maintenance"]))
    target = draw(
        st.sampled_from(
            [
                ("deployment", "big@k8s"),
                ("deployment", "small@k8s"),
                ("deployment", "big@aws"),
                ("model", "big"),
                ("backend", "aws"),
                ("task_type", "code"),
                ("task_type", "math"),
                ("tier", "free"),
                ("tenant", "zeta"),
                ("evaluator", "judge"),
                ("router", "r1"),
                ("policy", "main"),
            ]
        )
    )
    hour = draw(st.floats(0.0, HOURS - 1.0))
    lasted = draw(st.floats(0.5, 20.0))
    ended = None if node == "change" else hour + lasted
    return event(node, "idle", hour, target, ended=ended)


@given(seed=seeds, idle=idle_events())
@settings(max_examples=12, deadline=None)
def test_a_decoy_changes_no_cause_beyond_its_interval(seed: int, idle: CandidateCause) -> None:
    both, candidates = two_faults()
    asked = both.drawn(seed)
    told = inquire(asked, candidates)
    after = inquire(asked, [*candidates, idle])
    for suspect in told.suspects:
        now = [
            other
            for other in after.suspects
            if other.candidate is suspect.candidate or suspect.candidate in other.rivals
        ]
        assert len(now) == 1, (named(told), named(after))
        assert suspect.low <= now[0].contribution <= suspect.high
