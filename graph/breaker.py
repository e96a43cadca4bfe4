"""The circuit breaker of one deployment, replayed from evidence so that the past has one too.

A breaker that opens on the last minutes' failures, waits for a cooldown and closes on the first
success (the pattern of Nygard, "Release It!"); it has no state of its own that could be lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from graph.evidence import MinuteOutcomes, Observation
from graph.settings import HealthSettings


class BreakerState(StrEnum):
    """CLOSED lets requests through, OPEN none, HALF_OPEN a probe."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state, the failure it rests on, and from when a probe may pass (None: when told so)."""

    state: BreakerState
    failed_at: datetime | None = None
    probe_at: datetime | None = None


def breaker_of(
    minutes: Sequence[MinuteOutcomes],
    probe: Observation | None,
    *,
    now: datetime,
    budgets: HealthSettings,
) -> Breaker:
    """The breaker at `now`.

    `minutes` are merged and in ascending order, within the traffic window; `probe` is the newest
    fresh sample that tells whether requests get through, or None.
    """
    if probe is not None and says_failing(probe, budgets=budgets):
        since = [cell for cell in minutes if cell.minute > probe.at]
        if not recovered(since, budgets=budgets):
            return Breaker(BreakerState.OPEN, failed_at=probe.at)
    failed_at = _unhealed_failure(minutes, budgets=budgets)
    if failed_at is None:
        return Breaker(BreakerState.CLOSED)
    probe_at = failed_at + timedelta(seconds=budgets.breaker_cooldown_s)
    state = BreakerState.OPEN if now < probe_at else BreakerState.HALF_OPEN
    return Breaker(state, failed_at=failed_at, probe_at=probe_at)


def says_failing(probe: Observation, *, budgets: HealthSettings) -> bool:
    """Whether a sample says that its deployment cannot be used."""
    if probe.available is False:
        return True
    return (
        probe.error_rate is not None
        and probe.error_rate >= budgets.error_rate_down
        and probe.sample_count >= budgets.traffic_minimum
    )


def recovered(minutes: Sequence[MinuteOutcomes], *, budgets: HealthSettings) -> bool:
    """Whether enough requests went well to outweigh a sample that says otherwise."""
    count = sum(cell.count for cell in minutes)
    failed = sum(cell.failed for cell in minutes)
    return count >= budgets.traffic_minimum and failed < budgets.error_rate_degraded * count


def _unhealed_failure(
    minutes: Sequence[MinuteOutcomes], *, budgets: HealthSettings
) -> datetime | None:
    """When requests last failed, if the failures broke the circuit and none succeeded since."""
    failed_at: datetime | None = None
    healed = 0
    for index, cell in enumerate(minutes):
        if failed_at is not None:
            if cell.ok and cell.failed < budgets.error_rate_down * cell.count:
                failed_at, healed = None, index
            elif cell.failed:
                failed_at = cell.last_at
        elif _breaks(minutes[healed : index + 1], budgets=budgets):
            failed_at = cell.last_at
    return failed_at


def _breaks(minutes: Sequence[MinuteOutcomes], *, budgets: HealthSettings) -> bool:
    """Whether failures up to the last minute given cross the limit, in a short or a long window."""
    latest = minutes[-1].minute
    for window in (budgets.breaker_window_minutes, budgets.traffic_window_minutes):
        start = latest - timedelta(minutes=window)
        recent = [cell for cell in minutes if cell.minute > start]
        count = sum(cell.count for cell in recent)
        failed = sum(cell.failed for cell in recent)
        if count >= budgets.traffic_minimum and failed >= budgets.error_rate_down * count:
            return True
    return False
