"""What comes next in words: the coming hour, who is at risk, and who would be without a backend."""

from collections.abc import Sequence
from datetime import datetime

from graph.capacity import CapacityRisk
from graph.forecast import ForecastSeries
from graph.words import percent

AT_RISK = 0.05
"""From this probability of overload on a deployment is named."""
_SHOWN = 3


def coming(found: Sequence[ForecastSeries]) -> list[str]:
    """The traffic that is expected, all together and with what stands behind it."""
    if not found:
        return ["I can't tell what comes: no request was ever recorded."]
    (whole,) = found
    total = whole.total
    lines = [
        f"From {_clock(total.at)}, {total.expected:,.0f} requests are expected in the next hour "
        f"(80 %: {total.low80:,.0f} to {total.high80:,.0f}; 95 %: {total.low95:,.0f} to "
        f"{total.high95:,.0f}).",
        f"  {whole.method}; from {whole.requests:,} requests.",
    ]
    return [*lines, *(f"  {warning}." for warning in whole.warnings)]


def at_risk(found: Sequence[CapacityRisk], *, lost: str | None = None) -> list[str]:
    """Who may get more than they can carry; with `lost`, had that been lost."""
    threatened = [one for one in found if (one.probability_overload or 0.0) >= AT_RISK]
    unknown = sum(one.probability_overload is None and not one.lost for one in found)
    serving = sum(not one.lost for one in found)
    subject = f"Without {lost}, at risk" if lost else "At risk of overload"
    if not threatened:
        lines = [f"{subject}: none of {serving} deployments."]
    else:
        lines = [f"{subject}: {len(threatened)} of {serving} deployments."]
        lines += [_threatened(one) for one in threatened[:_SHOWN]]
        if len(threatened) > _SHOWN:
            lines.append(f"  … and {len(threatened) - _SHOWN} more")
    if unknown:
        lines.append(f"  Of {unknown} it is not known what they can carry.")
    return lines


def _threatened(one: CapacityRisk) -> str:
    worst = f" from {_clock(one.worst_at)}" if one.worst_at else ""
    return (
        f"  {one.deployment}: {percent(one.probability_overload or 0.0)}{worst}; expects "
        f"{one.expected_load:.3g} (95 %: up to {one.high_load:.3g}) of {one.capacity:.3g} "
        f"requests per second{f', by its {one.limited_by}' if one.limited_by else ''}."
    )


def _clock(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
