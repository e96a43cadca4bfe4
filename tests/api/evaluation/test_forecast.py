"""The evaluation of forecasts, on a small workload made here."""

from pathlib import Path

import numpy as np
import pytest

from api.bench.measures import Table
from api.evaluation.forecast import COLUMNS, FINER, OURS, examine, mark, run
from api.evaluation.forecast import GOAL_COLUMNS as GOALS
from api.evaluation.rollers import Said
from api.evaluation.workloads import FINE, Workload


def rates(days: int) -> np.ndarray:
    windows = np.arange(144 * days)
    noise = np.random.default_rng(0).normal(size=len(windows))
    return np.round(100 * np.exp(0.5 * np.sin(2 * np.pi * windows / 144) + 0.05 * noise), 2)


def silent(text: str) -> None:
    del text


def test_marks_are_shares_of_what_came() -> None:
    values, limits = np.array([[90.0], [120.0], [7.0]]), np.zeros((4, 3, 1))
    limits[0], limits[1], limits[2], limits[3] = 80, 95, 110, 130
    marks = mark(Said(values, limits, 1.0), np.array([[100.0], [100.0], [np.nan]]))
    assert marks.count == 2
    assert marks.wape == pytest.approx(15)
    assert marks.inside == (100, 100)
    assert marks.score == pytest.approx((0.15, 0.5))


def test_values_outside_cost_more_than_the_width() -> None:
    limits = np.array([90.0, 95, 105, 110])[:, None, None]
    marks = mark(Said(np.array([[100.0]]), limits, 1.0), np.array([[120.0]]))
    assert marks.inside == (0, 0)
    assert marks.score == pytest.approx(((10 + 10 * 15) / 120, (20 + 40 * 10) / 120))


def test_ours_beats_the_naive_ones_on_a_daily_wave() -> None:
    finer = Workload("made", FINE, rates(8))
    goals = Table("goals", GOALS)
    table = examine(finer.hourly(), finer=finer, days=1, peers=False, goals=goals)
    assert table.columns == COLUMNS
    wape = {(row[0], row[1]): row[3] for row in table.rows}
    assert wape["1 h", FINER] < wape["1 h", "last value"]
    assert wape["1 h", OURS] < wape["1 h", "last value"]
    assert [row[2] for row in goals.rows] == [OURS, FINER]
    assert {row[1] for row in table.rows if row[0] == "24 h"} >= {OURS, FINER, "168 h before"}


def test_a_folder_is_read_and_scored(tmp_path: Path) -> None:
    folder = tmp_path / "servegen"
    folder.mkdir()
    lines = [f"{600 * at},{rate}" for at, rate in enumerate(rates(4))]
    text = "\n".join(["t_seconds,rate_rps", *lines])
    (folder / "made_total_rate_10min.csv").write_text(text, encoding="utf-8")
    tables = run(tmp_path, days=1, peers=False, report=silent)
    assert [table.title for table in tables] == [
        "made by the hour, last 1 days from every origin",
        "made by 10 minutes, last 1 days from every origin",
        "One step ahead, every step of the last 1 days",
    ]
    counts = {row[0]: row[2] for row in tables[1].rows if row[1] == OURS}
    assert counts == {"10 min": 144, "60 min, each 10": 849, "6 h": 19, "24 h": 1}
