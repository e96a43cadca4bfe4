"""Slices that carry a change: the planted ones, with their exact parts, and no more than needed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.causes.attribution import Amount
from graph.causes.candidates import CandidateCause
from graph.causes.inquiry import Findings, Scene, Suspect
from graph.causes.investigation import Mechanism, SliceContribution
from graph.causes.ledgers import Part, ledgers_of
from graph.causes.panel import Array, Panel, is_total
from graph.causes.where import slices_of
from graph.frame import Mask
from graph.slices import Metric
from tests.graph.causes.worlds import event, filled, reordered, unit, until

DAY = 24
TENANTS, TASKS, PLACES = ("acme", "globex"), ("chat", "code", "search"), ("big@aws", "small@k8s")
UNITS = [
    unit(tenant=tenant, task_type=task, deployment=place)
    for tenant, task, place in product(TENANTS, TASKS, PLACES)
]
COUNT = np.tile([30.0, 20.0, 25.0, 15.0, 20.0, 10.0], 2) * np.repeat([1.0, 0.8], 6)


def where(**labels: str) -> Mask:
    """The units with these labels."""
    return np.array([labels.items() <= each.items() for each in UNITS], dtype=np.bool_)


def over(before: Array, after: Array) -> Array:
    """Units x hours: three days as before, one as after."""
    return np.column_stack([before] * 3 * DAY + [after] * DAY)


def world(
    metric: Metric = Metric.QUALITY,
    *,
    mean: Array | None = None,
    count: Array | None = None,
    spread: float = 0.05,
    seed: int = 1,
) -> Panel:
    """The fleet, with what its units measure or ask by unit and hour where that is not usual."""
    usual = np.full((len(UNITS), 4 * DAY), 0.8)
    rng = None if is_total(metric) else np.random.default_rng(seed)
    return filled(
        metric,
        UNITS,
        hours=4 * DAY,
        count=COUNT[:, None] if count is None else count,
        mean=usual if mean is None else mean,
        spread=0.0 if is_total(metric) else spread,
        rng=rng,
    )


def scene_of(panel: Panel, *, inside: Mask | None = None, belongs: Mask | None = None) -> Scene:
    before = until(panel, 3 * DAY)
    asked = np.ones_like(before) if inside is None else inside
    scene = Scene(panel, before, ~before, asked, belongs, 1.0, 1 / 3)
    return replace(scene, delta=moved(scene, panel.total, asked))


def moved(scene: Scene, values: Array, rows: Mask) -> float:
    """How far the metric moved in some rows, had they measured these values."""
    panel, before, during = scene.panel, scene.before & rows, scene.during & rows
    if scene.belongs is not None:
        values = values * scene.belongs[panel.unit]
    sums = float(values[before].sum()), float(values[during].sum())
    if is_total(panel.metric):
        return sums[1] - scene.lengths * sums[0]
    return sums[1] / float(panel.count[during].sum()) - sums[0] / float(panel.count[before].sum())


def findings(scene: Scene, *suspects: Suspect) -> Findings:
    """What an inquiry would hand over: the ledgers with their shares, and who did it."""
    ledgers = ledgers_of(
        scene.panel,
        before=scene.before,
        during=scene.during,
        inside=scene.inside,
        belongs=scene.belongs,
    )
    own = replace(scene, belongs=None)
    parts = {e.part: moved(own, e.residual, scene.inside) / scene.delta for e in ledgers}
    return Findings(tuple(ledgers), parts, suspects, (), (), 0.0)


def suspect(candidate: CandidateCause, place: Mapping[str, str] | None = None) -> Suspect:
    """An event that is held responsible for an effect in a place."""
    units, exposure = np.ones(len(UNITS), dtype=np.bool_), np.ones(1)
    amount = Amount(
        part=Part.WITHIN,
        place=tuple((place or {}).items()),
        entire=False,
        units=units,
        exposure=exposure,
        effect=-0.1,
        control=0.0,
        control_deviation=0.01,
        amount=-1.0,
        deviation=0.1,
        exposed=100.0,
    )
    return Suspect(
        candidate=candidate,
        amounts=(amount,),
        contribution=1.0,
        low=0.9,
        high=1.1,
        mechanism=Mechanism.WITHIN,
        rivals=(),
        score=50.0,
        begins=0,
        lag=0,
        confidence=0.9,
    )


def named(told: Sequence[SliceContribution]) -> list[dict[str, str]]:
    return [{ref.kind: ref.id for ref in each.where} for each in told]


def worse(hurt: Mask, amount: float = 0.2) -> Array:
    usual: Array = np.full(len(UNITS), 0.8)
    after: Array = usual - amount * hurt.astype(np.float64)
    return over(usual, after)


@pytest.mark.parametrize(
    "labels",
    [
        {"task_type": "code"},
        {"tenant": "globex"},
        {"deployment": "small@k8s"},
        {"tenant": "acme", "task_type": "chat"},
        {"task_type": "code", "deployment": "big@aws"},
    ],
)
def test_the_slice_that_got_worse_carries_the_change(labels: dict[str, str]) -> None:
    scene = scene_of(world(mean=worse(where(**labels))))
    (told,) = slices_of(scene, findings(scene))
    (found,) = named([told])
    # A deployment, its model and its backend are the same rows here.
    assert (where(**found) == where(**labels)).all()
    assert told.share == pytest.approx(1.0, abs=0.05)
    assert told.within_effect == pytest.approx(scene.delta, rel=0.05)
    assert told.mix_effect == pytest.approx(0.0, abs=0.05 * abs(scene.delta))
    assert told.before == pytest.approx(0.8, abs=0.01)
    assert told.after == pytest.approx(0.6, abs=0.01)
    inside = where(**labels)
    assert told.requests_before == round(3 * DAY * float(COUNT[inside].sum()))
    assert told.requests_after == round(DAY * float(COUNT[inside].sum()))


def test_two_slices_that_got_worse_are_both_named() -> None:
    hurt = where(tenant="acme", task_type="chat") | where(tenant="globex", task_type="search")
    scene = scene_of(world(mean=worse(hurt)))
    told = slices_of(scene, findings(scene))
    assert sorted(named(told), key=str) == [
        {"tenant": "acme", "task_type": "chat"},
        {"tenant": "globex", "task_type": "search"},
    ]
    assert sum(each.share for each in told) == pytest.approx(1.0, abs=0.05)


def test_a_change_of_everything_has_no_place() -> None:
    scene = scene_of(world(mean=worse(where())))
    assert slices_of(scene, findings(scene)) == []


def test_a_cause_brings_the_slice_that_it_names() -> None:
    scene = scene_of(world(mean=worse(where(task_type="code", deployment="big@aws"))))
    rollout = event("change", "c", 3 * DAY, ("deployment", "big@aws"))
    told = slices_of(scene, findings(scene, suspect(rollout, {"task_type": "code"})))
    assert named(told) == [{"deployment": "big@aws", "task_type": "code"}]


def test_a_cause_of_several_targets_brings_only_where_its_effect_is() -> None:
    scene = scene_of(world(mean=worse(where(task_type="code"))))
    rollout = event("change", "c", 3 * DAY, ("deployment", "big@aws"), ("deployment", "small@k8s"))
    told = slices_of(scene, findings(scene, suspect(rollout, {"task_type": "code"})))
    assert named(told) == [{"task_type": "code"}]


def test_a_slice_is_named_for_what_it_adds_and_not_again() -> None:
    scene = scene_of(world(mean=worse(where(task_type="code"))))
    code = event("change", "a", 3 * DAY, ("task_type", "code"))
    part = event("change", "b", 3 * DAY, ("task_type", "code"), ("tenant", "acme"))
    elsewhere = event("change", "d", 3 * DAY, ("task_type", "chat"))
    told = slices_of(
        scene,
        findings(
            scene,
            suspect(code),
            suspect(part, {"tenant": "acme", "task_type": "code"}),
            suspect(elsewhere),
        ),
    )
    assert named(told) == [{"task_type": "code"}]


def test_labels_of_absence_name_no_slice() -> None:
    scene = scene_of(world(mean=worse(where(task_type="code"))))
    usual = {"displaced_from": "none", "task_type": "code", "arm": "none"}
    nothing = suspect(event("incident", "i", 3 * DAY), usual)
    assert named(slices_of(scene, findings(scene, nothing))) == [{"task_type": "code"}]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=2 * len(UNITS), max_size=2 * len(UNITS)),
    st.lists(st.integers(0, 60).map(float), min_size=2 * len(UNITS), max_size=2 * len(UNITS)),
    st.sampled_from(["tenant", "task_type", "deployment"]),
    st.sampled_from([Metric.QUALITY, Metric.VOLUME]),
)
def test_shares_of_a_partition_sum_to_one(
    means: list[float], counts: list[float], dimension: str, metric: Metric
) -> None:
    size = len(UNITS)
    mean, count = over(np.array(means[:size]), np.array(means[size:])), np.array(counts)
    count = over(count[:size] + 1, count[size:] + 1)
    panel = filled(
        metric, UNITS, hours=4 * DAY, count=count, mean=1.0 if is_total(metric) else mean
    )
    scene = scene_of(panel)
    if abs(scene.delta) < 1e-3:
        return
    labels = panel.units.labels[panel.units.place(dimension)]
    for label in labels:
        # One at a time, because what adds too little is not named; and shown whole where it is.
        blamed = suspect(event("change", label, 3 * DAY, (dimension, label)))
        told = slices_of(scene, replace(findings(scene, blamed), parts={}))
        share = part_of(scene, dimension, label)
        if abs(share - 0.1) > 1e-6:
            assert named(told) == ([{dimension: label}] if share > 0.1 else [])
        for each in told:
            assert each.share == pytest.approx(share, abs=1e-9)
    whole = sum(part_of(scene, dimension, label) for label in labels)
    assert whole == pytest.approx(1.0, abs=1e-9)


def part_of(scene: Scene, dimension: str, label: str) -> float:
    """A slice's share by the formula: its weight and mean against the fleet's average mean."""
    panel, inside = scene.panel, where(**{dimension: label})[scene.panel.unit]
    if is_total(panel.metric):
        return moved(scene, panel.total, inside) / scene.delta
    sides: list[tuple[float, float]] = []
    means: list[float] = []
    for rows in (scene.before, scene.during):
        whole = float(panel.count[rows].sum())
        total, count = panel.total[rows & inside].sum(), panel.count[rows & inside].sum()
        sides.append((float(total) / whole, float(count) / whole))
        means.append(float(panel.total[rows].sum()) / whole)
    (old, w0), (new, w1) = sides
    return (new - old - (w1 - w0) * sum(means) / 2) / scene.delta


def test_a_share_counts_also_what_a_slice_gained_against_the_change() -> None:
    # Code got worse by more than the whole did, because chat got better.
    mean = worse(where(task_type="code"), 0.4)
    mean[where(task_type="chat"), 3 * DAY :] += 0.1
    scene = scene_of(world(mean=mean))
    told = slices_of(scene, findings(scene))
    assert named(told)[0] == {"task_type": "code"}
    assert told[0].share > 1.2


def test_what_was_routed_elsewhere_is_told_by_who_asked() -> None:
    usual = np.where(where(deployment="big@aws"), 0.9, 0.5)
    sent = COUNT.copy()
    moving = where(task_type="search")
    sent[moving & where(deployment="big@aws")] *= 0.2
    sent[moving & where(deployment="small@k8s")] += (
        0.8 * COUNT[moving & where(deployment="big@aws")]
    )
    scene = scene_of(world(mean=over(usual, usual), count=over(COUNT, sent)))
    (told,) = slices_of(scene, findings(scene))
    assert named([told]) == [{"task_type": "search"}]
    assert told.share == pytest.approx(1.0, abs=0.1)
    assert abs(told.mix_effect) > 5 * abs(told.within_effect)
    scaled = replace(scene, panel=replace(scene.panel, scale=4000.0))
    (other,) = slices_of(scaled, findings(scaled))
    assert other.mix_effect == pytest.approx(4000 * told.mix_effect)
    assert other.share == pytest.approx(told.share)


def test_who_asked_more_is_named_in_demand() -> None:
    grown = COUNT * np.where(where(tenant="globex"), 2.0, 1.0)
    scene = scene_of(world(Metric.VOLUME, mean=np.ones((1, 1)), count=over(COUNT, grown)))
    (told,) = slices_of(scene, findings(scene))
    assert named([told]) == [{"tenant": "globex"}]
    assert told.share == pytest.approx(1.0)
    assert (told.mix_effect, told.within_effect) == (pytest.approx(scene.delta), 0.0)
    # The hours before at the same length as those during.
    assert told.before == pytest.approx(DAY * float(COUNT[where(tenant="globex")].sum()))
    assert told.after == pytest.approx(2 * (told.before or 0))


def test_a_new_tenant_with_harder_work_is_named_in_demand() -> None:
    units = [*UNITS, *(unit(tenant="new", task_type="code", deployment=place) for place in PLACES)]
    old, new = np.append(COUNT, [0.0, 0.0]), np.append(COUNT, [60.0, 40.0])
    panel = filled(
        Metric.QUALITY,
        units,
        hours=4 * DAY,
        count=over(old, new),
        mean=np.append(np.full(len(UNITS), 0.8), [0.3, 0.3])[:, None],
        spread=0.05,
        rng=np.random.default_rng(2),
    )
    scene = scene_of(panel)
    (told,) = slices_of(scene, findings(scene))
    assert named([told]) == [{"tenant": "new"}]
    # Its weight times its distance from what the fleet had on average; the rest of the delta is
    # that all others weigh less.
    after = float(new[:-2].sum() * 0.8 + 100 * 0.3) / float(new.sum())
    share = 100 / float(new.sum()) * (0.3 - (0.8 + after) / 2) / (after - 0.8)
    assert told.share == pytest.approx(share, abs=0.01)
    assert told.mix_effect == pytest.approx(share * scene.delta, abs=0.005)
    assert told.before is None
    assert told.requests_before == 0


@pytest.mark.parametrize("metric", [Metric.COST, Metric.COST_PER_REQUEST])
def test_a_price_rise_lies_where_it_is_paid(metric: Metric) -> None:
    rng = np.random.default_rng(4)
    prompts, answers = rng.uniform(200, 900, (2, len(UNITS), 4 * DAY))
    late = np.arange(4 * DAY) >= 3 * DAY
    rise = np.where(where(deployment="small@k8s")[:, None] & late, 1.6, 1.0)
    cost = rise * (2e-6 * prompts + 6e-6 * answers)
    panel = filled(
        metric,
        UNITS,
        hours=4 * DAY,
        count=COUNT[:, None],
        mean=cost,
        prompt_tokens=prompts,
        completion_tokens=answers,
    )
    scene = scene_of(panel)
    told = slices_of(scene, findings(scene))
    assert (where(**named(told)[0]) == where(deployment="small@k8s")).all()
    assert told[0].share == pytest.approx(1.0, abs=0.2)


def test_only_the_slice_that_was_asked_about_is_searched() -> None:
    # Outside of it far more happened.
    hurt = where(tenant="acme", task_type="code") | where(tenant="globex", task_type="chat")
    panel = world(mean=worse(hurt))
    inside = panel.units.matching("tenant", frozenset({"acme"}))[panel.unit]
    scene = scene_of(panel, inside=inside)
    # What was asked about is no slice of itself.
    itself = suspect(event("change", "c", 3 * DAY, ("tenant", "acme")))
    (told,) = slices_of(scene, findings(scene, itself))
    assert named([told]) == [{"task_type": "code"}]
    assert told.requests_after == round(
        DAY * float(COUNT[where(tenant="acme", task_type="code")].sum())
    )


def test_of_a_deployments_total_only_its_own_requests_count() -> None:
    sent = COUNT.copy()
    moving = where(task_type="search")
    sent[moving & where(deployment="small@k8s")] += COUNT[moving & where(deployment="big@aws")]
    sent[moving & where(deployment="big@aws")] = 0.0
    panel = world(Metric.VOLUME, mean=np.ones((1, 1)), count=over(COUNT, sent))
    belongs = panel.units.matching("deployment", frozenset({"big@aws"}))
    scene = scene_of(panel, belongs=belongs)
    (told,) = slices_of(scene, findings(scene))
    assert named([told]) == [{"task_type": "search"}]
    lost = DAY * float(COUNT[moving & where(deployment="big@aws")].sum())
    assert (told.share, told.mix_effect) == (pytest.approx(1.0), pytest.approx(-lost))
    assert (told.before, told.after) == (pytest.approx(lost), 0.0)
    assert (told.requests_before, told.requests_after) == (round(3 * lost), 0)


def test_percentiles_are_told_in_their_unit_and_have_no_value_of_their_own() -> None:
    panel = world(Metric.LATENCY_P95, mean=worse(where(task_type="code"), -0.1))
    panel = replace(panel, threshold=500.0, scale=4000.0)
    scene = scene_of(panel)
    (told,) = slices_of(scene, findings(scene))
    assert named([told]) == [{"task_type": "code"}]
    assert told.within_effect == pytest.approx(4000 * scene.delta, rel=0.05)
    assert (told.before, told.after) == (None, None)


def test_order_of_the_rows_changes_nothing() -> None:
    panel = world(mean=worse(where(tenant="acme", task_type="chat")))
    order = np.random.default_rng(9).permutation(len(panel.unit))
    shuffled = reordered(panel, order)
    told = [slices_of(scene, findings(scene)) for scene in map(scene_of, (panel, shuffled))]
    assert named(told[0]) == named(told[1])
    assert told[0][0].share == pytest.approx(told[1][0].share)
