"""How figures of each metric are written, with their units, so that all answers read alike."""

from math import floor, log10
from typing import Final

from graph.slices import Metric

UNKNOWN: Final = "unknown"
_MS: Final = frozenset(
    {Metric.LATENCY_MEAN, Metric.LATENCY_P50, Metric.LATENCY_P95, Metric.TTFT_P95}
)


def figure(value: float | None, *, metric: Metric) -> str:
    """A value of the metric with its unit; `unknown` for none."""
    return UNKNOWN if value is None else _written(value, metric, sign="")


def difference(value: float | None, *, metric: Metric) -> str:
    """A difference of two values, with its sign; of shares it is in percentage points."""
    if value is None:
        return UNKNOWN
    if metric is Metric.ERROR_RATE:
        return f"{100 * value:+.3g} points"
    return _written(value, metric, sign="+")


def share(part: float) -> str:
    """A part of a whole in whole percent, for shares that are estimates and may leave [0, 1]."""
    return f"{round(100 * part)} %"


def left_over(part: float) -> str:
    """What no cause accounts for, in words; causes may make up a little more than there is."""
    whole = round(100 * part)
    if whole < 0:
        return f"none; the causes together make up {100 - whole} % of the change"
    return f"{whole} % of the change"


def _written(value: float, metric: Metric, *, sign: str) -> str:
    if metric in _MS:
        return f"{_rounded(value, sign)} ms"
    if metric is Metric.ERROR_RATE:
        return f"{100 * value:{sign}.3g} %"
    if metric is Metric.COST:
        return f"{_prefix(value, sign)}${abs(value):,.2f}"
    if metric is Metric.COST_PER_REQUEST:
        return f"{_prefix(value, sign)}${abs(value):.{_decimals(value)}f}"
    if metric is Metric.VOLUME:
        return f"{_rounded(value, sign)} requests"
    return f"{value:{sign}.3f}"


def _rounded(value: float, sign: str) -> str:
    """Whole from 100 on, three figures below."""
    return f"{value:{sign},.0f}" if abs(value) >= 100 else f"{value:{sign}.3g}"


def _decimals(value: float) -> int:
    """Decimals that show three figures of an amount, never fewer than a cent's two."""
    return max(2, 2 - floor(log10(abs(value)))) if value else 2


def _prefix(value: float, sign: str) -> str:
    """The sign that stands before a currency's."""
    return "-" if value < 0 else sign
