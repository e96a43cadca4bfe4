"""Odds told by the router, held against a world in which cells of like requests mislead."""

import numpy as np
import pytest

from graph.causes.counterfactual import Counterfactual
from graph.causes.logged import Logged, corrected
from graph.estimates import Array


def confounded(seed: int, n: int = 1500) -> tuple[Logged, Counterfactual, float]:
    """Hard requests go to the good choice more often; all of them should have gone there."""
    rng = np.random.default_rng(seed)
    hard = rng.random(n) < 0.4
    odds = np.where(hard, 0.8, 0.3)
    good = rng.random(n) < odds

    def came(chosen: Array) -> Array:
        return 0.5 + 0.3 * chosen - 0.4 * hard + 0.1 * rng.standard_normal(n)

    value = came(good.astype(np.float64))
    told = Logged(
        cell=good.astype(np.int64),
        hour=rng.integers(0, 72, n),
        propensity=np.where(good, odds, 1 - odds),
        wished=good.astype(np.float64),
        count=np.ones(n),
        total=value,
    )
    plain = float(value[good].mean())
    found = Counterfactual(
        weight=n,
        observed=float(value.sum()),
        total=plain * n,
        error=n * float(value[good].std()) / np.sqrt(good.sum()),
        df=np.inf,
        moved=float((~good).sum()),
        missing=0.0,
        effective_samples=float(good.sum()),
        row_weight=np.zeros(0),
    )
    return told, found, float(np.where(good, value, came(np.ones(n))).mean())


def test_odds_take_out_what_the_router_saw_and_cells_do_not() -> None:
    errors: list[tuple[float, float]] = []
    hits = 0
    for seed in range(60):
        told, found, truth = confounded(seed)
        better = corrected(found, told)
        errors.append((found.total / found.weight - truth, better.total / better.weight - truth))
        hits += abs(errors[-1][1]) <= better.half / better.weight
    plain, better = np.array(errors).T
    assert plain.mean() < -0.07
    assert abs(better.mean()) < 0.005
    assert 0.9 <= hits / 60 <= 1.0


def test_even_odds_change_nothing() -> None:
    told, found, _ = confounded(1)
    even = Logged(told.cell, told.hour, np.full(1500, 0.5), told.wished, told.count, told.total)
    better = corrected(found, even)
    assert better.total == pytest.approx(found.total)
    assert better.error == pytest.approx(found.error)


def test_odds_that_were_tiny_do_not_carry_the_answer_alone() -> None:
    told, found, _ = confounded(2)
    tiny = told.propensity.copy()
    tiny[np.flatnonzero(told.wished)[0]] = 1e-9
    odd = Logged(told.cell, told.hour, tiny, told.wished, told.count, told.total)
    better = corrected(found, odd)
    assert better.effective_samples < corrected(found, told).effective_samples
    assert abs(better.total - corrected(found, told).total) / found.weight < 0.02


def test_nothing_that_is_wished_for_is_no_evidence() -> None:
    told, found, _ = confounded(3)
    none = Logged(told.cell, told.hour, told.propensity, 0 * told.wished, told.count, told.total)
    assert corrected(found, none) == found
