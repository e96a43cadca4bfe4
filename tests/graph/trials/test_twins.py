"""A change's effect is what its twins did not see too, and the interval knows whose noise it is."""

import numpy as np
import pytest

from graph.trials.twins import Observed, twin_effect

H = 3600


def observed(
    rng: np.random.Generator,
    *,
    effect: float = 0.0,
    after_h: int = 96,
    shock: float = 0.0,
    common: float = 0.05,
    works: int = 2,
    twins: bool = True,
) -> Observed:
    """Hourly sums of two kinds of work; both sides share `common` noise, `shock` hits both."""
    rows: list[tuple[int, bool, bool, int, float, float]] = []
    for hour in range(-168, after_h):
        moved = rng.normal(0, common)
        for reached in (True, False) if twins else (True,):
            for work in range(works):
                count = int(rng.poisson(10 * (1 + 2 * (work == 1) * (hour >= 0) * reached)))
                level = 0.8 - 0.3 * work - 0.1 * (not reached) + moved
                level += (hour >= 0) * (shock + effect * reached)
                total = count * level + rng.normal(0, 0.2) * count**0.5
                rows.append((hour * H, hour >= 0, reached, work, count, total))
    hour, after, reached, work, weight, total = (np.array(c) for c in zip(*rows, strict=True))
    return Observed(
        hour.astype(np.int64), after, reached, work.astype(np.int64), weight.astype(float), total
    )


def test_what_hits_twins_too_is_no_effect() -> None:
    rows = observed(np.random.default_rng(1), shock=-0.3)
    found = twin_effect(rows, with_twins=True)
    assert found.low <= 0 <= found.high
    assert found.high - found.low < 0.1
    alone = twin_effect(rows, with_twins=False)
    assert alone.high < -0.2


def test_the_effect_is_found_whatever_work_moved_there() -> None:
    # Three times as much of the harder work arrives afterwards, at the reached alone.
    found = twin_effect(observed(np.random.default_rng(2), effect=-0.1), with_twins=True)
    assert found.after - found.before < -0.15
    assert found.low <= -0.1 <= found.high < -0.05


def test_intervals_hold_what_they_should() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(120):
        found = twin_effect(observed(rng, effect=0.05, after_h=48), with_twins=True)
        held += found.low <= 0.05 <= found.high
    assert held / 120 >= 0.88


def test_too_short_an_after_has_no_interval() -> None:
    found = twin_effect(observed(np.random.default_rng(4), after_h=4), with_twins=True)
    assert np.isnan(found.low)
    assert not np.isnan(found.effect)
    assert found.count_after > 0


def test_work_without_twins_moves_as_the_rest_of_theirs() -> None:
    rows = observed(np.random.default_rng(5), shock=-0.2, common=0.0)
    keep = rows.reached | (rows.work == 0)
    left = Observed(
        rows.hour[keep], rows.after[keep], rows.reached[keep], rows.work[keep],
        rows.weight[keep], rows.total[keep],
    )  # fmt: skip
    assert twin_effect(left, with_twins=True).effect == pytest.approx(0, abs=0.03)


def test_nothing_measured_tells_nothing() -> None:
    none, empty = np.empty(0, dtype=np.int64), np.empty(0)
    no = np.empty(0, dtype=np.bool_)
    for with_twins in (True, False):
        found = twin_effect(Observed(none, no, no, none, empty, empty), with_twins=with_twins)
        assert np.isnan(found.effect)
        assert found.count_before == found.count_after == 0


def test_twins_that_were_not_there_before_tell_nothing() -> None:
    rows = observed(np.random.default_rng(6))
    keep = rows.reached | rows.after
    left = Observed(
        rows.hour[keep], rows.after[keep], rows.reached[keep], rows.work[keep],
        rows.weight[keep], rows.total[keep],
    )  # fmt: skip
    assert np.isnan(twin_effect(left, with_twins=True).effect)
