"""Requests count once the slowest arm's scores are in, and what is still missing is told."""

import numpy as np
import pytest

from graph.frame import Ints, Scores
from graph.trials.maturity import RIPE, maturity

H = 3600
START = 1_700_000_000 // 86_400 * 86_400


def scores(*delays_h: tuple[float, int], hours: int = 240, each: int = 20) -> tuple[Scores, Ints]:
    """Each hour `each` scores per group; of group g a share is late by so many hours."""
    rows: list[tuple[int, int, int, int]] = []
    for hour in range(hours):
        for group, (share, late_h) in enumerate(delays_h):
            late = round(each * share)
            rows += [(group, hour, hour, each - late), (group, hour, hour + late_h, late)]
    known = [row for row in rows if row[2] < hours and row[3]]
    group, hour, recorded, count = (np.array(c, dtype=np.int64) for c in zip(*known, strict=True))
    told = Scores(
        cell=group * 0,
        hour=START + hour * H,
        recorded_hour=START + recorded * H,
        evaluator=group * 0,
        count=count,
        sum_nano=count,
        squares_nano=count,
    )
    return told, group


def test_both_arms_wait_for_the_slower_one() -> None:
    told, group = scores((0.0, 0), (0.3, 24))
    found = maturity(told, group, groups=2, known_at_s=START + 240 * H)
    assert found.after_hours == 25
    assert found.cut_s == START + (240 - 24) * H
    assert found.missing.tolist() == [0.0, 0.0]


def test_a_small_late_part_does_not_hold_everything_up_but_is_told() -> None:
    # Less than what must be in is late, by four days: the newest hours lack it.
    late = 1 / 100
    assert late < 1 - RIPE
    told, group = scores((0.0, 0), (late, 96), each=100)
    found = maturity(told, group, groups=2, known_at_s=START + 240 * H)
    assert found.after_hours == 1
    assert found.missing[0] == 0
    assert found.missing[1] == pytest.approx(late * 96 / 240, rel=0.1)


def test_as_long_as_delays_are_not_known_nothing_counts() -> None:
    told, group = scores((0.0, 0), (0.5, 24), hours=40)
    found = maturity(told, group, groups=2, known_at_s=START + 40 * H)
    assert found.after_hours is None
    assert found.cut_s == 0


def test_an_arm_without_scores_keeps_all_from_counting() -> None:
    told, group = scores((0.0, 0))
    assert maturity(told, group, groups=2, known_at_s=START + 240 * H).after_hours is None
    assert maturity(Scores(), np.empty(0, dtype=np.int64), groups=0, known_at_s=1e9).cut_s == 0


def test_rows_of_no_group_are_left_out() -> None:
    told, group = scores((0.0, 0), (0.5, 24))
    found = maturity(told, np.where(group == 1, -1, 0), groups=1, known_at_s=START + 240 * H)
    assert found.after_hours == 1


def test_three_days_must_have_been_seen() -> None:
    for hours, seen in ((60, False), (80, True)):
        told, group = scores((0.0, 0), (0.0, 0), hours=hours)
        found = maturity(told, group, groups=2, known_at_s=START + hours * H)
        assert (found.after_hours is not None) is seen
