"""Workloads as they are read: gaps, hours, and what is said where there are none."""

from pathlib import Path

import numpy as np
import pytest

from api.evaluation.workloads import FINE, HOUR, Workload, read
from graph.errors import InvalidInput


def test_the_hour_is_the_mean_of_what_is_known() -> None:
    windows = np.array([1.0, 2, 3, 4, 5, 9] + [np.nan] * 4 + [7, 7] + [1, np.nan, 2, np.nan, 3, 8])
    hourly = Workload("made", FINE, windows).hourly()
    assert hourly.step == HOUR
    assert hourly.rates.tolist() == pytest.approx([4, np.nan, 3.5], nan_ok=True)


def test_windows_without_anything_and_missing_ones_are_gaps(tmp_path: Path) -> None:
    folder = tmp_path / "servegen"
    folder.mkdir()
    text = "t_seconds,rate_rps\n0,5\n600,0\n1800,6.5\n"
    (folder / "made_total_rate_10min.csv").write_text(text, encoding="utf-8")
    (workload,) = read(tmp_path)
    assert workload.name == "made"
    assert workload.rates.tolist() == pytest.approx([5, np.nan, np.nan, 6.5], nan_ok=True)
    assert len(workload.until(2).values) == 3


@pytest.mark.parametrize("given", [None, Path("/nowhere")])
def test_without_data_the_option_is_named(given: Path | None) -> None:
    with pytest.raises(InvalidInput, match="--data"):
        read(given)
