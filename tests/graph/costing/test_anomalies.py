"""Dear hours are told of once, in the slice that carries them; ordinary ones never."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from graph.costing import anomalies
from graph.costing.surprise import CostDriver
from graph.costs import CostAnomaly, anomalies_in
from graph.slices import EntityRef, Period
from tests.graph.costing.fleets import START, Cell, Change, fleet

DAYS = 11
BEGAN = 24 * 9 + 10
"""Ten o'clock of the tenth day, a Wednesday."""
AT = START + timedelta(hours=BEGAN)
END = START + timedelta(days=DAYS)


def dear(change: Change | None, *, until: int | None = None, days: int = DAYS) -> list[CostAnomaly]:
    """What is told of the days from the ninth on, of as many hours as have passed."""
    traffic, cells = fleet(days=days, change=change)
    hours = 24 * days if until is None else until
    end = START + timedelta(hours=hours)
    known = traffic.take(traffic.hour < end.timestamp())
    return anomalies_in(known, cells, during=Period(START + timedelta(days=8), end))


def price_rise(one: Cell) -> None:
    if one.hour >= BEGAN and one.deployment.startswith("large"):
        one.usd_per_million *= 1.3


def runaway(one: Cell) -> None:
    if BEGAN <= one.hour < BEGAN + 5 and (one.tenant, one.task) == ("globex", "code"):
        one.requests *= 8


def longer_answers(one: Cell) -> None:
    if BEGAN <= one.hour < BEGAN + 5 and one.task == "chat":
        one.tokens *= 3


def dearer_route(one: Cell) -> None:
    if BEGAN <= one.hour < BEGAN + 5 and one.task == "code":
        one.requests = 0 if one.deployment == "small@aws" else round(one.requests * 1.5)


def refs(one: CostAnomaly) -> dict[str, str]:
    return {ref.kind: ref.id for ref in one.where}


@pytest.mark.parametrize(
    ("change", "driver", "where"),
    [
        (price_rise, CostDriver.PRICE, {"model": "large"}),
        (runaway, CostDriver.VOLUME, {"tenant": "globex", "task_type": "code"}),
        (longer_answers, CostDriver.TOKENS, {"task_type": "chat"}),
        (dearer_route, CostDriver.ROUTE, {"task_type": "code"}),
    ],
)
def test_each_way_of_being_dear_is_told_within_the_hour(
    change: Change, driver: CostDriver, where: dict[str, str]
) -> None:
    (one,) = dear(change, until=BEGAN + 1)
    assert (one.driver, refs(one), one.at) == (driver, where, AT)
    assert one.until == AT + timedelta(hours=1)
    assert one.expected_usd < one.high_usd < one.spent_usd
    assert one.requests > 0


def test_hours_in_a_row_are_one_and_end_with_the_fault() -> None:
    (one,) = dear(runaway)
    assert (one.at, one.until) == (AT, AT + timedelta(hours=5))
    assert one.requests > 5 * one.requests_expected


def test_a_price_that_stays_is_expected_after_a_day() -> None:
    (one,) = dear(price_rise)
    assert timedelta(hours=12) <= one.until - one.at <= timedelta(hours=26)
    assert 1.05 < one.spent_usd / one.expected_usd < 1.3


def test_an_hour_under_way_is_judged_by_what_was_expected_by_now() -> None:
    traffic, cells = fleet(days=DAYS)
    during = Period(START + timedelta(days=8), AT + timedelta(minutes=20))
    # All of a whole hour's requests have come after a third of it, in one slice.
    mine = [
        cell
        for cell in range(len(cells.keys))
        if (cells.keys[cell].tenant, cells.keys[cell].task_type) == ("acme", "chat")
    ]
    hour = int(AT.timestamp())
    known = traffic.take(traffic.hour <= hour)
    measures = known.measures.copy()
    for row in range(len(known.cell)):
        if known.hour[row] == hour:
            measures[row] = measures[row] * 3 if known.cell[row] in mine else measures[row] // 3
    (one,) = anomalies_in(
        type(known)(known.cell, known.hour, known.recorded_hour, measures), cells, during=during
    )
    assert refs(one) == {"tenant": "acme", "task_type": "chat"}
    assert (one.at, one.until) == (AT, during.end)


@pytest.mark.parametrize("seed", range(4))
def test_weekends_mondays_and_the_first_week_are_ordinary(seed: int) -> None:
    traffic, cells = fleet(days=15, seed=seed)
    assert anomalies_in(traffic, cells, during=Period(START, START + timedelta(days=15))) == []


def test_a_daily_peak_is_known_on_the_second_day() -> None:
    def peak(one: Cell) -> None:
        if one.hour % 24 == 4 and one.tenant == "acme":
            one.requests *= 6

    assert dear(peak) == []


def test_busier_everywhere_for_an_hour_is_nobodys_anomaly() -> None:
    def spike(one: Cell) -> None:
        if one.hour == BEGAN:
            one.requests = round(one.requests * 2.5)

    assert dear(spike) == []


def test_two_faults_at_once_are_two() -> None:
    def both(one: Cell) -> None:
        runaway(one)
        if one.hour >= BEGAN and one.deployment == "small@aws":
            one.usd_per_million *= 2.0

    found = {(one.driver, *sorted(refs(one).items())) for one in dear(both, until=BEGAN + 2)}
    assert found == {
        (CostDriver.VOLUME, ("task_type", "code"), ("tenant", "globex")),
        (CostDriver.PRICE, ("model", "small")),
    }


def test_a_new_tenant_is_told_as_such() -> None:
    def moved_in(one: Cell) -> None:
        if one.hour < BEGAN and one.tenant == "globex":
            one.requests = 0

    (one,) = dear(moved_in, until=BEGAN + 3)
    assert one.where == (EntityRef("tenant", "globex"),)
    assert one.expected_usd < 0.05 * one.spent_usd


def test_nothing_is_told_of_no_history() -> None:
    traffic, cells = fleet(days=1)
    assert anomalies_in(traffic, cells, during=Period(START, START + timedelta(days=1))) == []
    assert anomalies_in(traffic.take(traffic.hour < 0), cells, during=Period(START, END)) == []


def test_a_period_in_which_nothing_was_spent_has_none() -> None:
    traffic, cells = fleet(days=3)
    later = START + timedelta(days=5)
    assert anomalies_in(traffic, cells, during=Period(later, later + timedelta(hours=6))) == []


def test_a_run_whose_slice_had_nothing_too_much_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    search: Any = anomalies._Search  # pyright: ignore[reportPrivateUsage]  # it may move a run to another slice
    running: Any = anomalies._Running  # pyright: ignore[reportPrivateUsage]  # the same

    def runs(self: Any, judged_from: int) -> Iterator[Any]:
        ordinary = np.argwhere(self._one.excess[:, judged_from:] <= 0)
        if len(ordinary):
            row, hour = ordinary[0]
            yield running(int(row), [judged_from + int(hour)])

    monkeypatch.setattr(search, "runs", runs)
    assert dear(runaway, until=BEGAN + 1) == []
