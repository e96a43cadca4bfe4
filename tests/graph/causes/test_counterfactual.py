"""What would have been, held against worlds in which it is known."""

from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.causes.counterfactual import (
    Reference,
    Rerouting,
    Rows,
    predict,
    t95,
    weighted_quantile,
)
from graph.estimates import Array
from graph.frame import Ints

CONTEXTS, CHOICES, HOURS = 6, 3, 72
TASK = np.array([0, 0, 0, 1, 1, 1])


@dataclass(frozen=True)
class Requests:
    """Single requests: where each is, what was chosen and what came of it."""

    context: Ints
    choice: Ints
    hour: Ints
    value: Array


def drawn(rng: np.random.Generator, edges: Array, context: Ints) -> Ints:
    """A choice for each request, by the shares of its context."""
    place = (rng.random(len(context))[:, None] >= np.cumsum(edges, axis=1)[context]).sum(axis=1)
    return place.clip(max=CHOICES - 1)


def rows_of(now: Requests, near: Requests) -> Rows:
    count = np.ones(len(now.value) + len(near.value))
    value = np.concatenate([now.value, near.value])
    of_near = np.arange(len(count)) >= len(now.value)
    return Rows(
        context=np.concatenate([now.context, near.context]),
        choice=np.concatenate([now.choice, near.choice]),
        judge=np.zeros(len(count), dtype=np.int64),
        hour=np.concatenate([now.hour, near.hour]),
        count=count,
        total=value,
        squares=value**2,
        units=count,
        inside=~of_near,
        affected=np.ones(len(count), dtype=np.bool_),
        near=of_near,
        direct=np.ones(len(count), dtype=np.bool_),
    )


def toward(target: Array, actual: Array, reference: Reference | None = None) -> Rerouting:
    gain = np.maximum(target - actual, 0.0)
    whole = gain.sum(axis=1, keepdims=True)
    return Rerouting(
        keep=np.minimum(np.divide(target, actual, out=np.ones_like(target), where=actual > 0), 1),
        moves=np.divide(gain, whole, out=np.zeros_like(gain), where=whole > 0),
        task=TASK,
        reference=reference,
    )


def shares_of(requests: Requests) -> Array:
    counts = np.zeros((CONTEXTS, CHOICES))
    np.add.at(counts, (requests.context, requests.choice), 1.0)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def world(seed: int, n: int = 4000) -> tuple[Requests, Requests, float]:
    """The period, other hours routed otherwise, and what the period would have been like that.

    What happens in an hour happens to all of a choice. Those that need not move keep what they
    got; the others get what their new choice gave in their hour.
    """
    rng = np.random.default_rng(seed)
    means = rng.uniform(0.3, 0.9, (CONTEXTS, CHOICES))
    weather = 0.02 * rng.standard_normal((2 * HOURS, CHOICES))
    before, after = (rng.dirichlet(np.ones(CHOICES), CONTEXTS) for _ in range(2))

    def came(context: Ints, choice: Ints, hour: Ints) -> Array:
        noise = 0.2 * rng.standard_normal(len(context))
        return means[context, choice] + weather[hour, choice] + noise

    def routed(shares: Array, start: int) -> Requests:
        context = rng.choice(CONTEXTS, size=n, p=[0.3, 0.25, 0.2, 0.15, 0.08, 0.02])
        hour = rng.integers(start, start + HOURS, size=n)
        choice = drawn(rng, shares, context)
        return Requests(context, choice, hour, came(context, choice, hour))

    near, now = routed(before, 0), routed(after, HOURS)
    plan = toward(before, after)
    stays = rng.random(n) < plan.keep[now.context, now.choice]
    new = drawn(rng, plan.moves, now.context)
    truth = np.where(stays, now.value, came(now.context, new, now.hour))
    return now, near, float(truth.mean())


def reference_of(near: Requests) -> Reference:
    return Reference(
        near.context,
        near.choice,
        near.hour,
        np.ones(len(near.value)),
        np.ones(CONTEXTS),
        np.ones(CHOICES, dtype=np.bool_),
        shares_of(near),
        np.zeros(CONTEXTS),
    )


def test_intervals_cover_what_would_have_been() -> None:
    errors: list[float] = []
    hits = 0
    halves: list[float] = []
    for seed in range(80):
        now, near, truth = world(seed)
        plan = toward(shares_of(near), shares_of(now), reference_of(near))
        found = predict(rows_of(now, near), plan)
        estimate, half = found.total / found.weight, found.half / found.weight
        hits += abs(estimate - truth) <= half
        errors.append(estimate - truth)
        halves.append(half)
    assert 0.9 <= hits / 80 <= 1.0
    assert abs(np.mean(errors)) < 0.003
    # An interval that covers by being as wide as the world would be of no use.
    assert np.mean(halves) < 4 * np.std(errors)


def test_thin_worlds_are_covered_too() -> None:
    hits = 0
    for seed in range(80):
        now, near, truth = world(seed, n=300)
        plan = toward(shares_of(near), shares_of(now), reference_of(near))
        found = predict(rows_of(now, near), plan)
        hits += abs(found.total / found.weight - truth) <= found.half / found.weight
    assert 0.9 <= hits / 80 <= 1.0


def test_nobody_moves_where_the_shares_are_the_same() -> None:
    now, near, _ = world(3)
    plan = toward(shares_of(now), shares_of(now))
    found = predict(rows_of(now, near), plan)
    assert found.total == pytest.approx(found.observed, abs=1e-9)
    assert found.moved == pytest.approx(0, abs=1e-9)
    assert found.error == pytest.approx(0, abs=1e-6)


def test_full_cells_are_the_plain_standardised_mean() -> None:
    now, near, _ = world(5, n=60_000)
    target = np.full((CONTEXTS, CHOICES), 1 / CHOICES)
    found = predict(rows_of(now, near), toward(target, shares_of(now)))
    mean = np.array(
        [
            np.mean(
                [now.value[(now.context == c) & (now.choice == d)].mean() for d in range(CHOICES)]
            )
            for c in range(CONTEXTS)
        ]
    )
    assert found.total / found.weight == pytest.approx(float(mean[now.context].mean()), abs=0.004)


def test_what_has_no_counterpart_stays_and_is_told() -> None:
    now, near, _ = world(7)
    nowhere = np.zeros((CONTEXTS, CHOICES))
    plan = Rerouting(keep=np.zeros((CONTEXTS, CHOICES)), moves=nowhere, task=TASK)
    found = predict(rows_of(now, near), plan)
    assert found.missing == found.moved == found.weight
    assert found.total == pytest.approx(found.observed)
    assert found.half > 0


def test_samples_are_those_that_the_moved_are_predicted_from() -> None:
    """100 requests that move are predicted from the 40 of the one cell that they move to."""
    context = np.zeros(140, dtype=np.int64)
    choice = np.repeat(np.array([0, 1]), [100, 40])
    value = np.random.default_rng(1).uniform(0, 1, 140)
    requests = Requests(context, choice, np.arange(140) % 24, value)
    nobody = np.zeros(0, dtype=np.int64)
    nothing = Requests(nobody, nobody, nobody, np.zeros(0))
    keep = np.array([[0.0, 1.0]])
    plan = Rerouting(keep=keep, moves=keep.copy(), task=np.array([0]))
    found = predict(rows_of(requests, nothing), plan)
    assert found.effective_samples == pytest.approx(40)
    assert found.moved == 100
    assert found.total / found.weight == pytest.approx(value[100:].mean())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_and_names_change_nothing(seed: int) -> None:
    now, near, _ = world(seed, n=400)
    rows, plan = rows_of(now, near), toward(shares_of(near), shares_of(now), reference_of(near))
    found = predict(rows, plan)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows.count))
    shuffled = Rows(*(getattr(rows, f.name)[order] for f in fields(Rows)))
    again = predict(shuffled, plan)
    assert again.total == pytest.approx(found.total, abs=1e-7)
    assert again.error == pytest.approx(found.error, abs=1e-7)
    place = rng.permutation(CONTEXTS)
    back = np.argsort(place)
    told = reference_of(near)
    renamed = predict(
        replace(rows, context=place[rows.context]),
        replace(
            plan,
            keep=plan.keep[back],
            moves=plan.moves[back],
            task=TASK[back],
            reference=replace(told, context=place[told.context], target=told.target[back]),
        ),
    )
    assert renamed.total == pytest.approx(found.total, abs=1e-7)
    assert renamed.error == pytest.approx(found.error, abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_request_counts_once(seed: int) -> None:
    """The weights of all requests sum to those asked about: nobody is lost or made."""
    now, near, _ = world(seed, n=300)
    rows, plan = rows_of(now, near), toward(shares_of(near), shares_of(now))
    found = predict(rows, plan)
    assert float((found.row_weight * rows.count).sum()) == pytest.approx(found.weight)
    assert float((found.row_weight * rows.total).sum()) == pytest.approx(found.total)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), min_size=1, max_size=30),
    st.floats(0, 1),
)
def test_weighted_quantiles_are_those_of_repeated_values(
    told: list[tuple[int, int]], q: float
) -> None:
    bins, weights = np.array([b for b, _ in told]), np.array([float(w) for _, w in told])
    values = np.sort(np.repeat(bins, weights.astype(int)))
    rank = max(int(np.ceil(q * len(values) * (1 - 1e-12))), 1)
    assert weighted_quantile(bins, weights, [q])[0] == values[rank - 1]


def test_few_degrees_of_freedom_widen_an_interval() -> None:
    # 2.2281 and 2.0423 are the tabulated points for 10 and 30.
    assert t95(10) == pytest.approx(2.2281, abs=2e-3)
    assert t95(30) == pytest.approx(2.0423, abs=1e-3)
    assert t95(np.inf) == pytest.approx(1.96, abs=1e-3)
