"""Ledgers: parts that sum to the delta whatever the panel, and each change in its own part."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from graph.causes.ledgers import PLACES, Ledger, Part, ledgers_of
from graph.causes.panel import DIMENSIONS, Array, Panel, is_total
from graph.frame import NONE, Mask
from graph.slices import Metric
from tests.graph.causes.worlds import (
    HOUR_S,
    START_S,
    cut,
    filled,
    reordered,
    unit,
    units_of,
    until,
)

EXACT = 1e-9
DAY = 24
METRICS = (
    Metric.QUALITY,
    Metric.LATENCY_MEAN,
    Metric.ERROR_RATE,
    Metric.COST_PER_REQUEST,
    Metric.COST,
    Metric.VOLUME,
)
TIER_TASKS = tuple(product(("gold", "free"), ("chat", "code")))


def floats(bound: float, size: int) -> st.SearchStrategy[Array]:
    each = st.floats(-bound, bound, allow_subnormal=False)
    return st.lists(each, min_size=size, max_size=size).map(lambda told: np.array(told))


@st.composite
def panels(draw: st.DrawFn) -> tuple[Panel, Mask, Mask]:
    """Any panel, the rows of its baseline, and which of its units belong."""
    names = st.sampled_from(["a", "b", "c"])
    places = st.sampled_from(["big@aws", "big@k8s", "small@k8s"])
    metric = draw(st.sampled_from(METRICS))
    told = draw(st.lists(st.tuples(names, names, names, places, names), min_size=1, max_size=8))
    judged = metric is Metric.QUALITY
    units = [
        unit(tenant=t, tier=u, task_type=v, deployment=d, evaluator=e if judged else NONE)
        for t, u, v, d, e in told
    ]
    size = draw(st.integers(2, 24))
    count = draw(st.lists(st.integers(0, 300).map(float), min_size=size, max_size=size))
    # Something to compare on both sides.
    count[0], count[-1] = count[0] + 1, count[-1] + 1
    row = st.lists(st.integers(0, len(units) - 1), min_size=size, max_size=size)
    n = np.array(count)
    total = n if metric is Metric.VOLUME else n * draw(floats(1000.0, size))
    panel = Panel(
        metric=metric,
        units=units_of(units),
        unit=np.array(draw(row), dtype=np.int64),
        hour=START_S + HOUR_S * np.arange(size, dtype=np.int64),
        count=n,
        total=total,
        squares=total**2 / np.maximum(n, 1.0) + n,
        requests=n,
        prompt_tokens=np.abs(draw(floats(1000.0, size))),
        completion_tokens=np.abs(draw(floats(1000.0, size))),
    )
    belongs = draw(st.lists(st.booleans(), min_size=len(units), max_size=len(units)))
    return panel, until(panel, draw(st.integers(1, size - 1))), np.array(belongs, dtype=np.bool_)


def moved(panel: Panel, values: Array, before: Mask) -> float:
    """How far the metric moved, had its rows measured these values."""
    after = ~before
    if is_total(panel.metric):
        return float(values[after].sum() - values[before].sum())
    return float(
        values[after].sum() / panel.count[after].sum()
        - values[before].sum() / panel.count[before].sum()
    )


def ledgers(
    panel: Panel,
    before: Mask,
    *,
    during: Mask | None = None,
    inside: Mask | None = None,
    belongs: Mask | None = None,
) -> list[Ledger]:
    """The ledgers of a question about everything; what is not before is during."""
    return ledgers_of(
        panel,
        before=before,
        during=~before if during is None else during,
        inside=np.ones_like(before) if inside is None else inside,
        belongs=belongs,
    )


def parts(panel: Panel, before: Mask, belongs: Mask | None = None) -> dict[Part, float]:
    """What each ledger holds of the delta."""
    found = ledgers(panel, before, belongs=belongs)
    return {each.part: moved(panel, each.residual, before) for each in found}


def of(part: Part, found: Sequence[Ledger]) -> Ledger:
    return next(each for each in found if each.part is part)


@settings(max_examples=150, deadline=None)
@given(panels(), st.booleans())
def test_the_parts_sum_to_the_delta(told: tuple[Panel, Mask, Mask], some: bool) -> None:
    panel, before, belongs = told
    counted = belongs[panel.unit] if some else np.ones(len(panel.unit))
    delta = moved(panel, panel.total * counted, before)
    size = float(np.abs(panel.total).sum()) if is_total(panel.metric) else 1000.0
    found = parts(panel, before, belongs if some else None)
    assert sum(found.values()) == pytest.approx(delta, abs=EXACT * max(size, 1.0))


@settings(max_examples=100, deadline=None)
@given(panels(), st.data())
def test_any_reference_keeps_the_sum(told: tuple[Panel, Mask, Mask], data: st.DataObject) -> None:
    panel, before, _ = told
    rows = data.draw(st.lists(st.booleans(), min_size=len(before), max_size=len(before)))
    reference = np.array(rows, dtype=np.bool_) & (panel.count > 0)
    reference[np.flatnonzero(panel.count > 0)[0]] = True
    found = ledgers(panel, reference, during=reference if data.draw(st.booleans()) else None)
    delta = moved(panel, panel.total, before)
    size = float(np.abs(panel.total).sum()) if is_total(panel.metric) else 1000.0
    got = sum(moved(panel, each.residual, before) for each in found)
    assert got == pytest.approx(delta, abs=EXACT * max(size, 1.0))


@settings(max_examples=60, deadline=None)
@given(panels(), st.data())
def test_the_parts_of_a_slice_sum_to_its_delta(
    told: tuple[Panel, Mask, Mask], data: st.DataObject
) -> None:
    panel, before, _ = told
    units = data.draw(st.lists(st.booleans(), min_size=len(panel.units.codes)))
    inside = np.array(units, dtype=np.bool_)[panel.unit]
    asked = panel.take(inside)
    sides = float(asked.count[before[inside]].sum()), float(asked.count[~before[inside]].sum())
    assume(min(sides) > 0)
    delta = moved(asked, asked.total, before[inside])
    found = ledgers(panel, before, inside=inside)
    size = float(np.abs(panel.total).sum()) if is_total(panel.metric) else 1000.0
    got = sum(moved(asked, each.residual[inside], before[inside]) for each in found)
    assert got == pytest.approx(delta, abs=EXACT * max(size, 1.0))


@settings(max_examples=60, deadline=None)
@given(panels())
def test_noise_is_never_negative_and_scales_are_positive(told: tuple[Panel, Mask, Mask]) -> None:
    panel, before, _ = told
    positive = replace(panel, total=np.abs(panel.total) + panel.count)
    for each in ledgers(positive, before):
        assert (each.spread >= 0).all()
        assert (each.scale > 0).all()
        assert set(PLACES[each.part]) <= set(DIMENSIONS)


@settings(max_examples=60, deadline=None)
@given(panels(), st.randoms(use_true_random=False))
def test_order_of_the_rows_changes_nothing(told: tuple[Panel, Mask, Mask], rng: object) -> None:
    panel, before, belongs = told
    order = np.arange(len(panel.unit))
    rng.shuffle(order)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # a Random
    shuffled = reordered(panel, order)
    one = ledgers(panel, before, belongs=belongs)
    other = ledgers(shuffled, before[order], belongs=belongs)
    size = float(np.abs(panel.total).max()) + 1.0
    for a, b in zip(one, other, strict=True):
        assert a.residual[order] == pytest.approx(b.residual, abs=1e-7 * size)


def fleet(metric: Metric = Metric.QUALITY) -> tuple[list[dict[str, str]], Array, Array]:
    """Four kinds of work on two deployments: units, requests an hour, and their means."""
    places = ("big@aws", "small@k8s")
    units = [
        unit(tier=tier, task_type=task, deployment=place)
        for (tier, task), place in product(TIER_TASKS, places)
    ]
    count = np.array([40.0, 20.0] * len(TIER_TASKS))
    mean = np.array([0.9, 0.7, 0.8, 0.6, 0.9, 0.7, 0.85, 0.5])
    return units, count, np.ones_like(mean) if metric is Metric.VOLUME else mean


def over(before: Array, after: Array) -> Array:
    """Units x hours: a day as before, a day as after."""
    return np.column_stack([before] * DAY + [after] * DAY)


def alone(found: dict[Part, float], part: Part, *, delta: float, within: float = 0.02) -> None:
    """All of the delta is in one part."""
    assert abs(delta) > 1e-3
    assert found[part] == pytest.approx(delta, rel=within)
    for other, amount in found.items():
        assert other is part or abs(amount) < within * abs(delta), other


def test_nothing_moved_is_nothing_in_any_part() -> None:
    units, count, mean = fleet()
    panel = filled(Metric.QUALITY, units, hours=2 * DAY, count=count[:, None], mean=mean[:, None])
    assert max(map(abs, parts(panel, until(panel, DAY)).values())) < EXACT


@pytest.mark.parametrize("metric", [Metric.QUALITY, Metric.LATENCY_MEAN, Metric.ERROR_RATE])
def test_a_new_tenant_is_demand_however_badly_it_does(metric: Metric) -> None:
    units, count, mean = fleet(metric)
    units += [unit(tenant="new", deployment=d) for d in ("big@aws", "small@k8s")]
    old, new = np.append(count, [0.0, 0.0]), np.append(count, [30.0, 60.0])
    means = np.append(mean, [0.3, 0.1])
    panel = filled(metric, units, hours=2 * DAY, count=over(old, new), mean=means[:, None])
    before = until(panel, DAY)
    alone(parts(panel, before), Part.DEMAND, delta=moved(panel, panel.total, before))


def test_a_tenant_that_only_began_to_come_is_new_too() -> None:
    units, count, mean = fleet()
    units.append(unit(tenant="new"))
    panel = filled(
        Metric.QUALITY,
        units,
        hours=2 * DAY,
        count=over(np.append(count, 1.0), np.append(count, 100.0)),
        mean=np.append(mean, 0.2)[:, None],
    )
    before = until(panel, DAY)
    found = parts(panel, before)
    alone(found, Part.DEMAND, delta=moved(panel, panel.total, before))


def test_more_of_a_harder_task_is_demand() -> None:
    units, count, mean = fleet()
    harder = count * np.where([each["task_type"] == "code" for each in units], 4.0, 1.0)
    panel = filled(
        Metric.QUALITY, units, hours=2 * DAY, count=over(count, harder), mean=mean[:, None]
    )
    before = until(panel, DAY)
    alone(parts(panel, before), Part.DEMAND, delta=moved(panel, panel.total, before))


@pytest.mark.parametrize("metric", [Metric.QUALITY, Metric.LATENCY_MEAN, Metric.ERROR_RATE])
def test_the_same_work_sent_elsewhere_is_routing(metric: Metric) -> None:
    units, count, mean = fleet(metric)
    swapped = count.reshape(-1, 2)[:, ::-1].ravel()
    panel = filled(metric, units, hours=2 * DAY, count=over(count, swapped), mean=mean[:, None])
    before = until(panel, DAY)
    found = parts(panel, before)
    delta = moved(panel, panel.total, before)
    assert delta == pytest.approx(float((swapped - count) @ mean / count.sum()))
    alone(found, Part.ROUTING, delta=delta)


def test_a_deployment_that_does_worse_is_within() -> None:
    units, count, mean = fleet()
    worse = mean - np.where([each["deployment"] == "small@k8s" for each in units], 0.2, 0.0)
    panel = filled(
        Metric.QUALITY, units, hours=2 * DAY, count=count[:, None], mean=over(mean, worse)
    )
    before = until(panel, DAY)
    alone(parts(panel, before), Part.WITHIN, delta=-0.2 / 3)
    residual = of(Part.WITHIN, ledgers(panel, before)).residual
    hurt = panel.units.matching("deployment", frozenset({"small@k8s"}))[panel.unit] & ~before
    assert residual[hurt] == pytest.approx(-0.2 * panel.count[hurt], rel=0.02)
    assert np.abs(residual[~hurt]).max() < 0.02


def judged_units(strict: float) -> tuple[list[dict[str, str]], Array, Array]:
    """Every kind of work judged by two, of whom one is stricter by so much."""
    units, count, mean = fleet()
    both = [{**each, "evaluator": judge} for each in units for judge in ("mild", "strict")]
    levels = np.repeat(mean, 2) - np.tile([0.0, strict], len(mean))
    return both, np.repeat(count, 2) * np.tile([0.8, 0.2], len(mean)), levels


def test_more_scores_by_the_stricter_judge_are_of_the_judges() -> None:
    units, count, mean = judged_units(0.3)
    turned = count.reshape(-1, 2)[:, ::-1].ravel()
    panel = filled(
        Metric.QUALITY, units, hours=2 * DAY, count=over(count, turned), mean=mean[:, None]
    )
    before = until(panel, DAY)
    alone(parts(panel, before), Part.JUDGES, delta=-0.6 * 0.3)


def test_a_judge_that_turns_harsher_is_within_its_own_scores() -> None:
    units, count, mean = judged_units(0.0)
    harsh = mean - 0.25 * np.array([each["evaluator"] == "strict" for each in units])
    panel = filled(
        Metric.QUALITY, units, hours=2 * DAY, count=count[:, None], mean=over(mean, harsh)
    )
    before = until(panel, DAY)
    alone(parts(panel, before), Part.WITHIN, delta=-0.2 * 0.25)


def test_only_scores_have_judges() -> None:
    units, count, mean = fleet()
    for metric in METRICS:
        panel = filled(metric, units, hours=4, count=count[:, None], mean=mean[:, None])
        found = {each.part for each in ledgers(panel, until(panel, 2))}
        outer = {Part.DEMAND, Part.ROUTING}
        if metric in {Metric.COST, Metric.COST_PER_REQUEST}:
            assert found == outer | {Part.TOKENS, Part.PRICE}
        else:
            judges = {Part.JUDGES} if metric is Metric.QUALITY else set[Part]()
            assert found == outer | judges | {Part.WITHIN}


def spending(
    *,
    metric: Metric = Metric.COST_PER_REQUEST,
    longer: float = 1.0,
    dearer: float = 1.0,
    prices: tuple[float, float] = (2e-6, 8e-6),
) -> tuple[Panel, Mask]:
    """Two models by their tokens; in the second day big answers longer, small costs more."""
    units, count, _ = fleet(metric)
    big = np.array([each["model"] == "big" for each in units])
    rng = np.random.default_rng(3)
    prompts = rng.uniform(300, 900, (len(units), 2 * DAY))
    answers = rng.uniform(100, 400, (len(units), 2 * DAY))
    late = np.arange(2 * DAY) >= DAY
    # The same hours of work before and after, so that nothing but the planted change moved.
    prompts, answers = (np.tile(told[:, :DAY], 2) for told in (prompts, answers))
    answers = answers * np.where(big[:, None] & late, longer, 1.0)
    price = np.where(big, 5.0, 1.0)[:, None] * np.where(~big[:, None] & late, dearer, 1.0)
    cost = price * (prices[0] * prompts + prices[1] * answers)
    panel = filled(
        metric,
        units,
        hours=2 * DAY,
        count=count[:, None],
        mean=cost,
        prompt_tokens=prompts,
        completion_tokens=answers,
    )
    return panel, until(panel, DAY)


@pytest.mark.parametrize("metric", [Metric.COST, Metric.COST_PER_REQUEST])
@pytest.mark.parametrize("prices", [(2e-6, 8e-6), (0.0, 8e-6), (2e-6, 0.0)])
@pytest.mark.parametrize("seed", range(4))
def test_a_price_rise_is_price_also_where_half_of_the_tokens_are_free(
    metric: Metric, prices: tuple[float, float], seed: int
) -> None:
    panel, before = spending(metric=metric, dearer=1.5, prices=prices)
    # Costs scatter a little around the prices, the same on both days.
    one = 1 + 0.02 * np.random.default_rng(seed).standard_normal((len(panel.unit) // 48, DAY))
    scatter = np.tile(one, 2).ravel() * 1e4
    scattered = replace(panel, total=panel.total * scatter, squares=panel.squares * scatter**2)
    found, delta = parts(scattered, before), moved(scattered, scattered.total, before)
    alone(found, Part.PRICE, delta=delta, within=0.03)


@pytest.mark.parametrize("metric", [Metric.COST, Metric.COST_PER_REQUEST])
def test_longer_answers_are_tokens(metric: Metric) -> None:
    panel, before = spending(metric=metric, longer=1.5)
    scaled = replace(panel, total=panel.total * 1e4, squares=panel.squares * 1e8)
    alone(parts(scaled, before), Part.TOKENS, delta=moved(scaled, scaled.total, before))


def test_longer_answers_and_a_price_rise_at_once_are_told_apart() -> None:
    both, before = spending(longer=1.4, dearer=1.3)
    found = parts(both, before)
    longer, dearer = (
        moved(panel, panel.total, before)
        for panel, before in (spending(longer=1.4), spending(dearer=1.3))
    )
    assert found[Part.TOKENS] == pytest.approx(longer, rel=0.02)
    assert found[Part.PRICE] == pytest.approx(dearer, rel=0.02)


def test_a_model_without_a_past_has_no_price_effect() -> None:
    panel, before = spending()
    fresh = panel.units.matching("model", frozenset({"small"}))[panel.unit]
    panel = panel.take(~(fresh & before))
    price = of(Part.PRICE, ledgers(panel, until(panel, DAY))).residual
    assert np.abs(price).max() < EXACT


def test_more_requests_are_demand() -> None:
    units, count, _ = fleet(Metric.VOLUME)
    panel = filled(Metric.VOLUME, units, hours=2 * DAY, count=over(count, 2 * count))
    before = until(panel, DAY)
    alone(parts(panel, before), Part.DEMAND, delta=DAY * float(count.sum()))


def test_what_a_deployment_loses_to_another_is_routing_and_not_demand() -> None:
    units, count, _ = fleet(Metric.VOLUME)
    swapped = count.reshape(-1, 2)[:, ::-1].ravel()
    panel = filled(Metric.VOLUME, units, hours=2 * DAY, count=over(count, swapped))
    before = until(panel, DAY)
    belongs = panel.units.matching("deployment", frozenset({"big@aws"}))
    alone(parts(panel, before, belongs), Part.ROUTING, delta=-20.0 * 4 * DAY)
    # The same of a fleet that only grew: the deployment's share of it is demand.
    grown = filled(Metric.VOLUME, units, hours=2 * DAY, count=over(count, 1.5 * count))
    alone(parts(grown, before, belongs), Part.DEMAND, delta=20.0 * 4 * DAY)


@settings(max_examples=60, deadline=None)
@given(panels())
def test_a_dimension_that_means_nothing_moves_nothing(told: tuple[Panel, Mask, Mask]) -> None:
    panel, before, _ = told
    halves = cut(panel)
    one = ledgers(panel, before)
    other = ledgers(halves, np.concatenate([before, before]))
    size = float(np.abs(panel.total).max()) + 1.0
    for a, b in zip(one, other, strict=True):
        if a.part in {Part.TOKENS, Part.PRICE}:
            continue  # Prices are fitted where there are rows enough, and these are twice as many.
        joined = b.residual[: len(before)] + b.residual[len(before) :]
        assert joined == pytest.approx(a.residual, abs=1e-7 * size), a.part


def test_neither_does_it_move_where_few_were_judged() -> None:
    units, count, mean = judged_units(0.3)
    # Some judges hardly saw some kinds of work.
    thin = np.where(np.arange(len(count)) % 3 == 1, 0.05, 1.0)
    panel = filled(
        Metric.QUALITY,
        units,
        hours=2 * DAY,
        count=over(count * thin, count[::-1]),
        mean=mean[:, None],
        spread=0.2,
        rng=np.random.default_rng(5),
    )
    before = until(panel, DAY)
    one, other = parts(panel, before), parts(cut(panel), np.concatenate([before, before]))
    assert other == pytest.approx(one, abs=1e-9)


def test_shares_are_those_of_the_slice_that_was_asked_about() -> None:
    # Of what the weaker deployment serves, more is the harder work; what the other one serves
    # does not matter to it.
    units, count, mean = fleet()
    weaker = np.array([each["deployment"] == "small@k8s" for each in units])
    coding = np.array([each["task_type"] == "code" for each in units])
    more = count * np.where(weaker & coding, 3.0, 1.0)
    panel = filled(
        Metric.QUALITY, units, hours=2 * DAY, count=over(count, more), mean=mean[:, None]
    )
    before, inside = until(panel, DAY), weaker[panel.unit]
    asked = panel.take(inside)
    found = {
        each.part: moved(asked, each.residual[inside], before[inside])
        for each in ledgers(panel, before, inside=inside)
    }
    alone(found, Part.DEMAND, delta=moved(asked, asked.total, before[inside]))


def test_neither_does_it_move_what_tokens_cost() -> None:
    panel, before = spending(longer=1.4, dearer=1.3)
    one, other = parts(panel, before), parts(cut(panel), np.concatenate([before, before]))
    assert other == pytest.approx(one, abs=1e-9 * panel.mean())


def rarely_used(during: float) -> tuple[Panel, Mask, Mask]:
    """A weaker deployment that had one request in the baseline, by chance a good one, and more
    since; then all of the work goes there."""
    units = [unit(), unit(deployment="new@aws")]
    count = np.array([[50.0] * 3 * DAY, [0.0] * 3 * DAY])
    count[1, 0], count[1, DAY : 2 * DAY] = 1.0, 20.0
    count[:, 2 * DAY :] = [[0.0], [50.0]]
    mean = np.array([[0.9] * 3 * DAY, [0.3] * 3 * DAY])
    mean[1, 0], mean[1, 2 * DAY :] = 0.9, during
    panel = filled(Metric.QUALITY, units, hours=3 * DAY, count=count, mean=mean)
    return panel, until(panel, DAY), ~until(panel, 2 * DAY)


@pytest.mark.parametrize("during", [0.3, 0.1])
def test_what_the_baseline_hardly_saw_in_a_place_is_told_by_the_hours_between(
    during: float,
) -> None:
    panel, before, late = rarely_used(during)
    asked = before | late
    told: list[float] = []
    for kept in (np.ones_like(before), asked):
        some = panel.take(kept)
        routed = of(Part.ROUTING, ledgers(some, before[kept], during=late[kept])).residual
        chosen = asked[kept]
        told.append(moved(some.take(chosen), routed[chosen], before[asked]))
    between, without = told
    assert between == pytest.approx(0.3 - 0.9, abs=0.15)
    assert abs(without) < abs(between) / 2
