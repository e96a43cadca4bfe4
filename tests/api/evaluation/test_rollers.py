"""Ways to forecast from every origin: none sees what comes after."""

import warnings

import numpy as np
import pytest

from api.evaluation.rollers import PEERS, Said, naive, ours, ours_from_finer, peer
from api.evaluation.workloads import FINE, Workload

ORIGINS = np.array([150, 160])


def made(*, after: float = 1.0) -> Workload:
    """Ten days by the hour; what comes after the first origin can be made something else."""
    hours = np.arange(240)
    wave = 50 + 10 * np.sin(2 * np.pi * hours / 24) + np.random.default_rng(0).normal(size=240)
    return Workload("made", FINE, np.repeat(np.where(hours > 150, wave * after, wave), 6)).hourly()


def test_naive_ones_take_what_was() -> None:
    rates = np.arange(240.0)
    rates[[150, 138]] = np.nan
    workload = Workload("made", made().step, rates)
    last = naive(workload, origins=ORIGINS, aheads=[1, 6], season=0)
    assert last.values.tolist() == [[149, 149], [160, 160]]
    day = naive(workload, origins=ORIGINS, aheads=[1, 12], season=24)
    assert day.values.tolist() == [[127, 114], [137, 148]]
    assert np.isnan(day.limits).all()


@pytest.mark.parametrize("name", ["ours", *PEERS])
def test_nothing_after_an_origin_is_seen(name: str) -> None:
    def said(workload: Workload) -> Said:
        if name == "ours":
            return ours(workload, origins=ORIGINS[:1], aheads=[1, 6])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return peer(name, workload, origins=ORIGINS[:1], aheads=[1, 6])

    one, other = said(made()), said(made(after=9))
    assert one.values == pytest.approx(other.values)
    assert one.limits == pytest.approx(other.limits)
    assert (one.limits[0] <= one.limits[1]).all()
    assert (one.limits[2] <= one.limits[3]).all()


def test_hours_from_ten_minutes_are_means() -> None:
    rates = np.repeat(made().rates, 6)
    said = ours_from_finer(Workload("made", FINE, rates), origins=ORIGINS, aheads=[1, 6])
    assert said.values.shape == (2, 2)
    assert said.values == pytest.approx(np.full((2, 2), 50.0), abs=20)
    assert (said.limits[0] < said.values).all()
