"""What is said of differences: harm first, winners only where nothing speaks against them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.slices import Metric
from graph.trials.verdicts import COMPARED, Difference, ExperimentVerdict, judge, scale, tolerance

BASES = {
    Metric.QUALITY: 0.8,
    Metric.LATENCY_MEAN: 1000.0,
    Metric.ERROR_RATE: 0.01,
    Metric.COST_PER_REQUEST: 0.004,
}


def difference(metric: Metric, low: float, high: float, name: str = "B") -> Difference:
    delta = (low + high) / 2 if math.isfinite(low + high) else math.nan
    return Difference(name, "A", metric, BASES[metric], delta, low, high, count=500)


def arm(name: str = "B", /, **given: tuple[float, float]) -> list[Difference]:
    """An arm that differs in nothing but what is given; shares of the base for latency, cost."""
    found: list[Difference] = []
    for metric in COMPARED:
        unit = BASES[metric] if metric in (Metric.LATENCY_MEAN, Metric.COST_PER_REQUEST) else 1.0
        low, high = given.get(metric.value.lower(), (-0.004, 0.004))
        found.append(difference(metric, low * unit, high * unit, name))
    return found


@pytest.mark.parametrize(
    ("given", "outcome", "winner"),
    [
        ({"quality": (0.01, 0.05)}, ExperimentVerdict.WINNER, "B"),
        ({"quality": (-0.05, -0.01)}, ExperimentVerdict.HARMFUL, None),
        ({"quality": (-0.009, 0.009)}, ExperimentVerdict.NO_DIFFERENCE, None),
        ({"quality": (-0.02, 0.04)}, ExperimentVerdict.UNDECIDED, None),
        ({"quality": (-math.inf, math.inf)}, ExperimentVerdict.INSUFFICIENT_DATA, None),
        ({"quality": (0.01, 0.05), "error_rate": (0.02, 0.03)}, ExperimentVerdict.HARMFUL, None),
        ({"quality": (0.01, 0.05), "latency_mean": (0.01, 0.2)}, ExperimentVerdict.WINNER, "B"),
        ({"latency_mean": (0.05, 0.2)}, ExperimentVerdict.UNDECIDED, None),
        ({"latency_mean": (0.11, 0.2)}, ExperimentVerdict.HARMFUL, None),
        ({"cost_per_request": (0.02, 0.09)}, ExperimentVerdict.NO_DIFFERENCE, None),
    ],
)
def test_outcomes(
    given: dict[str, tuple[float, float]], outcome: ExperimentVerdict, winner: str | None
) -> None:
    found = judge(arm(**given))
    assert (found.outcome, found.winner) == (outcome, winner)
    assert found.verdict.startswith(f"{outcome}: ")


def test_of_several_better_arms_the_best_is_named_and_the_others_told() -> None:
    found = judge([*arm("B", quality=(0.01, 0.05)), *arm("C", quality=(0.02, 0.08))])
    assert found.winner == "C"
    assert "B too" in found.verdict


def test_harm_in_one_arm_is_said_first_and_hides_no_winner() -> None:
    found = judge([*arm("B", quality=(0.01, 0.05)), *arm("C", error_rate=(0.02, 0.08))])
    assert (found.outcome, found.winner) == (ExperimentVerdict.HARMFUL, "B")
    assert "stop C" in found.verdict
    assert "B has quality +0.030" in found.verdict


def test_without_trust_nobody_wins_but_harm_is_still_said() -> None:
    better = judge(arm(quality=(0.01, 0.05)), trusted=False)
    assert (better.outcome, better.winner) == (ExperimentVerdict.UNDECIDED, None)
    assert "not shared out" in better.verdict
    worse = judge(arm(quality=(-0.05, -0.01)), trusted=False)
    assert worse.outcome is ExperimentVerdict.HARMFUL


def test_a_metric_that_nothing_measured_stands_in_nobodys_way() -> None:
    told = [one for one in arm(quality=(0.01, 0.05)) if one.metric is not Metric.COST_PER_REQUEST]
    costless = Difference(
        "B", "A", Metric.COST_PER_REQUEST, math.nan, math.nan, -math.inf, math.inf, 0
    )
    assert judge([*told, costless]).outcome is ExperimentVerdict.WINNER
    assert "cost" not in judge([*told, costless]).verdict.replace("latency and cost", "")


@given(st.floats(-0.2, 0.2), st.floats(0, 0.2), st.booleans())
def test_a_winner_is_always_surely_better(middle: float, half: float, trusted: bool) -> None:
    found = judge(arm(quality=(middle - half, middle + half)), trusted=trusted)
    if found.winner is not None:
        assert middle - half > 0
        assert trusted


def test_an_arm_that_nothing_is_known_of_is_told_so() -> None:
    nothing = Difference("C", "A", Metric.QUALITY, 0.8, math.nan, -math.inf, math.inf, 0)
    found = judge([*arm(quality=(-0.02, 0.04)), nothing])
    assert found.outcome is ExperimentVerdict.UNDECIDED
    assert "C: quality not known yet (0 scores)" in found.verdict
    assert "nan" not in found.verdict


def test_scales_and_tolerances_are_fixed_or_relative_to_the_first_arm() -> None:
    assert scale(Metric.QUALITY, 0.2) == scale(Metric.QUALITY, 0.9)
    assert scale(Metric.LATENCY_MEAN, 2000) == 2 * scale(Metric.LATENCY_MEAN, 1000)
    assert tolerance(Metric.QUALITY, 0.8) == 0
    assert tolerance(Metric.COST_PER_REQUEST, 0.02) == pytest.approx(0.002)
