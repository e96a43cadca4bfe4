"""Figures with their units: each metric its own, signs before the currency, none as unknown."""

import pytest

from graph.figures import difference, figure, left_over, share
from graph.slices import Metric


@pytest.mark.parametrize(
    ("metric", "value", "shown", "moved"),
    [
        (Metric.QUALITY, 0.9194, "0.919", "+0.919"),
        (Metric.LATENCY_P95, 29_884.3, "29,884 ms", "+29,884 ms"),
        (Metric.TTFT_P95, 42.25, "42.2 ms", "+42.2 ms"),
        (Metric.ERROR_RATE, 0.0312, "3.12 %", "+3.12 points"),
        (Metric.COST_PER_REQUEST, 0.003456, "$0.00346", "+$0.00346"),
        (Metric.COST_PER_REQUEST, 0.0000123, "$0.0000123", "+$0.0000123"),
        (Metric.COST_PER_REQUEST, 1.5, "$1.50", "+$1.50"),
        (Metric.COST, 1234.5, "$1,234.50", "+$1,234.50"),
        (Metric.VOLUME, 12_345, "12,345 requests", "+12,345 requests"),
    ],
)
def test_each_metric_has_its_unit(metric: Metric, value: float, shown: str, moved: str) -> None:
    assert figure(value, metric=metric) == shown
    assert difference(value, metric=metric) == moved


def test_a_fall_has_its_sign_before_the_currency() -> None:
    assert difference(-12.0, metric=Metric.COST) == "-$12.00"
    assert difference(-0.159, metric=Metric.QUALITY) == "-0.159"
    assert difference(-0.02, metric=Metric.ERROR_RATE) == "-2 points"


def test_shares_are_whole_percents_and_zero_has_no_sign() -> None:
    told = [share(part) for part in (0.902, -0.000331, -0.25, 1.058)]
    assert told == ["90 %", "0 %", "-25 %", "106 %"]


def test_what_is_left_over_is_never_negative() -> None:
    assert left_over(0.0977) == "10 % of the change"
    assert left_over(-0.001) == "0 % of the change"
    assert left_over(-0.08) == "none; the causes together make up 108 % of the change"


@pytest.mark.parametrize("metric", Metric)
def test_what_is_not_known_is_not_zero(metric: Metric) -> None:
    assert figure(None, metric=metric) == difference(None, metric=metric) == "unknown"
    assert figure(0.0, metric=metric) != "unknown"
