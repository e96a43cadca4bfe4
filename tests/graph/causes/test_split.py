"""Splits that people ask for first: they sum to the delta, and name what moved."""

from collections.abc import Callable

import numpy as np
import pytest

from graph.causes.panel import PERCENTILES
from graph.causes.split import mix_of, parts_of
from graph.slices import Metric
from tests.graph.causes.fleets import Fleet, fleet, since

LATER = since(48.0)


def grown(healthy: Fleet) -> Fleet:
    return healthy.grown(LATER, times=3.0, task_type="math")


def moved(healthy: Fleet) -> Fleet:
    return healthy.moved(LATER, to="small@k8s", share=0.8, deployment="big@aws")


def hurt(healthy: Fleet) -> Fleet:
    return healthy.hurt(LATER, by=-0.2, deployment="big@aws")


@pytest.mark.parametrize("metric", [one for one in Metric if one not in PERCENTILES])
@pytest.mark.parametrize("seed", [1, 2])
def test_parts_sum_to_the_delta(metric: Metric, seed: int) -> None:
    asked = hurt(moved(fleet(metric))).drawn(seed)
    for told in (parts_of(asked), mix_of(asked)):
        if told:
            assert sum(part.share for part in told) == pytest.approx(1.0, abs=1e-9)
            effects = sum(part.effect for part in told)
            assert effects == pytest.approx(asked.delta * asked.panel.scale, abs=1e-9)


@pytest.mark.parametrize(
    ("changed", "part", "along"),
    [
        (grown, "demand", "task_type"),
        (moved, "routing", "deployment"),
        (hurt, "within", "within"),
    ],
)
def test_the_part_that_moved_is_the_largest(
    changed: Callable[[Fleet], Fleet], part: str, along: str
) -> None:
    asked = changed(fleet()).drawn(5)
    largest = max(parts_of(asked), key=lambda told: told.share)
    assert largest.name == part
    assert max(mix_of(asked), key=lambda told: told.share).name == along
    assert largest.share > 0.5


def test_a_total_has_no_mix() -> None:
    asked = grown(fleet(Metric.VOLUME)).drawn(3)
    assert [told.name for told in parts_of(asked)] == ["requests"]
    assert mix_of(asked) == ()
    assert np.isfinite(asked.delta)
