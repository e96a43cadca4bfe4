"""The usual cost of what came is made from the hours before alone, and its steps add up."""

import numpy as np
import pytest

from graph.costing.spend import OF_DEMAND, OTHERS, Spend, slices, spend
from graph.costing.usual import usual
from graph.frame import CellTable, Traffic
from graph.slices import Dimension
from tests.graph.costing.fleets import HOUR_S, START, Cell, Change, fleet

DAYS = 4
_START_S = int(START.timestamp())


def spent(change: Change | None = None, *, hours: float = 24 * DAYS) -> Spend:
    traffic, cells = fleet(days=DAYS, change=change)
    end_s = _START_S + int(hours * HOUR_S)
    known = traffic.take(traffic.hour < end_s)
    return spend(known, cells, start_s=_START_S, end_s=end_s, judged_from_s=_START_S)


def test_all_money_is_in_the_groups_and_in_the_slices_of_any_way() -> None:
    traffic, _ = fleet(days=DAYS)
    told = spent()
    assert told.cost_usd.sum() == pytest.approx(traffic.measure("costSumNanoUsd").sum() / 1e9)
    for way in OF_DEMAND:
        parts = slices(told, along=(way,), worth=told.cost_usd.sum(axis=1))
        assert parts.sums(told.cost_usd).sum() == pytest.approx(told.cost_usd.sum())


def test_an_hour_changes_nothing_of_what_was_usual_before_it() -> None:
    def dear(one: Cell) -> None:
        if one.hour == 24 * DAYS - 1:
            one.usd_per_million = 99.0

    calm, late = usual(spent()), usual(spent(dear))
    for name in ("by_kind", "by_route", "by_token"):
        np.testing.assert_allclose(getattr(calm, name), getattr(late, name))


def test_tokens_at_steady_prices_explain_the_cost() -> None:
    told = spent()
    known = slice(48, None)
    for by_token in usual(told).by_token:
        np.testing.assert_allclose(by_token[:, known], told.cost_usd[:, known], rtol=0.02)


def test_the_last_hour_may_have_passed_in_part() -> None:
    told = spent(hours=30.25)
    assert told.hours == 31
    assert told.passed[-2:].tolist() == [1.0, 0.25]


def test_many_tenants_are_told_apart_only_where_they_spend() -> None:
    traffic, cells = fleet(days=DAYS)
    crowd, many = CellTable(), traffic.cell.copy()
    for place, hour in enumerate(((traffic.hour - _START_S) // HOUR_S % 60).tolist()):
        key = cells.keys[int(traffic.cell[place])]._replace(tenant=f"t{hour:02}")
        many[place] = crowd.add(repr(key), key)
    told = spend(
        Traffic(many, traffic.hour, traffic.recorded_hour, traffic.measures),
        crowd,
        start_s=_START_S,
        end_s=_START_S + 24 * DAYS * HOUR_S,
        judged_from_s=_START_S,
    )
    names = set(told.labels[Dimension.TENANT])
    assert len(names) == 41
    assert OTHERS in names
    assert told.cost_usd.sum() == pytest.approx(traffic.measure("costSumNanoUsd").sum() / 1e9)
